"""precision: how much of the network's behaviour hangs on the last digits of its floats.

Seven questions over positions t = 0..n-2: what truncated mantissas cost, inside the recurrence and in the
readout alone; how far the float32 run is from a float64 run, and whether a sign differs; how far margins
exceed rounding; whether small errors grow (Lyapunov exponents); norms of one step, for orientation;
whether gradients agree between the arithmetics; what one wrong bit costs in the readout (our own
definition). The paper publishes a ratio 300 : 52 : 1 of sign, exponent and mantissa, an exponent 3.44 and
a decorrelation of gradients without a definition or a program; its safety factor divides the least margin
of one neuron by the bound of another.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.check.lyapunov import Spectrum, lyapunov
from boolrnn.check.margins import Margins, margins
from boolrnn.check.norms import norms
from boolrnn.check.side_by_side import window
from boolrnn.check.truncation import truncated
from boolrnn.check.two_runs import NORMS, STABLE, TwoRuns, spread
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64

BITS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 23)
LEAST_CHANCE = 30 * np.log2(10)  # bits: the published programs clip probabilities at 1e-30
SOUND = (
    "safety factor: least ratio of a neuron's own margin to its own bound 2^-23 sum |w|; the bound takes "
    "each input to be off by 2^-23 and ignores errors carried from earlier steps, unlike the error ratio"
)
PUBLISHED = (
    "as published: safety factor = least margin of any neuron / greatest bound 2^-23 sum |w| of any; "
    "probabilities clipped at 1e-30"
)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Precision(Result):
    """Statistics without a case are None, NaN or empty; those that need a prediction are so where O != V.

    `stable`: the float32 and the float64 figure differ by at most 1e-4. Where they do not, rounding
    decides: the truncated network is chaotic, or values lie next to a power of 2, where one unit in the
    last place decides what truncation leaves.
    """

    schema = "precision/1"

    window: str
    arithmetic: str
    variant: str
    seed: int  # of the starting directions of the exponents
    bpc_float32: float | None = named("bpc.float32")
    bpc_float64: float | None = named("bpc.float64")
    bpc_stable: bool | None = named("bpc.stable")
    bpc_sign_readout: float | None = named("bpc.sign_readout")  # float32 dynamics, signs read out
    neuron_steps: int
    sign_differences: int  # neuron-steps whose sign differs between float32 and float64
    first_difference: int | None  # the first position of one
    h_difference_max: float | None = named("h_difference.max")  # |h32 - h64|
    h_difference_mean: float | None = named("h_difference.mean")
    margin_mean: float | None = named("margins.mean")  # |z| of the float32 network
    margin_min: float | None = named("margins.min")
    max_ulp: float = named("margins.max_mantissa_perturbation")  # greatest 2^-23 sum_k |wh_jk|
    safety_factor: float | None = named("margins.safety_factor")  # as `variant` says
    # least |z32| / |z32 - z64|: above 1, no measured error reaches a threshold; None without any error
    error_ratio: float | None = named("margins.error_ratio")
    bits: Int64[np.ndarray, "K"] = named("mantissa.bits")
    mantissa_bpc: Float64[np.ndarray, "K"] = named("mantissa.bpc")  # float32, h truncated after each step
    mantissa_float64: Float64[np.ndarray, "K"] = named("mantissa.bpc_float64")
    mantissa_stable: Bool[np.ndarray, "K"] = named("mantissa.stable")
    readout_bpc: Float64[np.ndarray, "K"] = named("mantissa.bpc_readout")  # truncated in the readout only
    readout_float64: Float64[np.ndarray, "K"] = named("mantissa.bpc_readout_float64")
    readout_stable: Bool[np.ndarray, "K"] = named("mantissa.readout_stable")
    lyapunov: float | None  # the largest exponent, nats per step
    lyapunov_low: float | None  # two standard errors below
    lyapunov_high: float | None
    chaotic: bool | None  # largest > 0
    k: Int64[np.ndarray, "E"] = named("spectrum.k")  # from 1
    exponent: Float64[np.ndarray, "E"] = named("spectrum.exponent")
    exponent_first_half: Float64[np.ndarray, "E"] = named("spectrum.first_half")
    exponent_second_half: Float64[np.ndarray, "E"] = named("spectrum.second_half")
    exponent_low: Float64[np.ndarray, "E"] = named("spectrum.low")
    exponent_high: Float64[np.ndarray, "E"] = named("spectrum.high")
    norms_window: str = named("norms.window")
    norm_step: float | None = named("norms.step")  # mean ||diag(1 - h^2) wh||_2
    norm_following: float | None = named("norms.following")  # mean ||wh diag(1 - h^2)||_2
    norm_wh: float = named("norms.wh")  # greatest singular value of wh
    spectral_radius: float = named("norms.spectral_radius")  # of wh
    gradients_window: str
    gradient_depth: Int64[np.ndarray, "D"] = named("gradients.depth")
    gradient_positions: Int64[np.ndarray, "D"] = named("gradients.positions")  # the cosine is defined
    gradient_undefined: Int64[np.ndarray, "D"] = named("gradients.undefined")  # a gradient is 0 or not finite
    gradient_cosine: Float64[np.ndarray, "D"] = named("gradients.cosine")  # float32 with float64, mean
    gradient_cosine_least: Float64[np.ndarray, "D"] = named("gradients.cosine_least")
    gradient_ratio: Float64[np.ndarray, "D"] = named("gradients.norm_ratio")  # median |g_d| / |g_0|
    gradient_first: Float64[np.ndarray, "D"] = named("gradients.to_readout")  # mean |cos(g_d, g_0)|
    leverage_window: str
    leverage_part: np.ndarray = named("leverage.part")  # sign, exponent, mantissa
    leverage_bits: Int64[np.ndarray, "L"] = named("leverage.bits")
    leverage_kl: Float64[np.ndarray, "L"] = named("leverage.kl")  # bits per flip, mean
    leverage_ratio: Float64[np.ndarray, "L"] = named("leverage.ratio")  # to the mantissa
    leverage_inside_kl: Float64[np.ndarray, "L"] = named("leverage.inside_kl")  # flips within |h| <= 1
    leverage_inside_ratio: Float64[np.ndarray, "L"] = named("leverage.inside_ratio")
    leverage_flips: Int64[np.ndarray, "L"] = named("leverage.flips")
    leverage_inside_flips: Int64[np.ndarray, "L"] = named("leverage.inside_flips")
    leverage_skipped: Int64[np.ndarray, "L"] = named("leverage.skipped")  # infinity or NaN
    bit: Int64[np.ndarray, "M"] = named("leverage_bits.bit")  # 31 the sign, 22 the highest of the mantissa
    bit_part: np.ndarray = named("leverage_bits.part")
    bit_kl: Float64[np.ndarray, "M"] = named("leverage_bits.kl")
    bit_inside_kl: Float64[np.ndarray, "M"] = named("leverage_bits.inside_kl")
    bit_flips: Int64[np.ndarray, "M"] = named("leverage_bits.flips")
    bit_inside_flips: Int64[np.ndarray, "M"] = named("leverage_bits.inside_flips")
    bit_skipped: Int64[np.ndarray, "M"] = named("leverage_bits.skipped")


def precision(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    bits: Sequence[int] = BITS,
    exponents: int = 8,
    leverage_positions: int = 1024,
    seed: int = 0,
    as_published: bool = False,
    tanh: str = "exact",
) -> Precision:
    """Truncation, the two arithmetics, margins, exponents, gradients and single bits on `symbols` (T).

    `bits` are the mantissa bits kept (0..23). Single bits are flipped at `leverage_positions` positions,
    evenly spaced (all of them where the text has no more). `seed` draws the starting directions of the
    `exponents` Lyapunov exponents. `as_published` takes the published safety factor and clips
    probabilities at 1e-30, as the published programs do.

    Raises
    ------
    TextError, OptionError
        On a symbol, a number of bits, exponents or positions, or a tanh that cannot be used.
    """
    automaton = as_automaton(model)
    weights, symbols = automaton.weights, check_symbols(symbols, automaton.weights)
    kept = _checked(bits, leverage_positions, seed)
    count, most = len(symbols) - 1, LEAST_CHANCE if as_published else np.inf
    spectrum = lyapunov(weights, symbols, exponents, seed)
    edges = margins(automaton, symbols, tanh=tanh)
    with np.errstate(over="ignore", invalid="ignore"):  # a float32 program may overflow: figures say so
        both = TwoRuns(weights, kept, count, leverage_positions, most)
        both.follow(symbols, tanh)
        around = norms(weights, both.sums())
    return Precision(
        window=window(count),
        arithmetic=stated("float32", tanh),
        variant=PUBLISHED if as_published else SOUND,
        seed=seed,
        **both.columns(),
        margin_mean=edges.mean,
        margin_min=edges.min,
        **(_published(weights, edges) if as_published else _sound(edges)),
        **_mantissa(weights, symbols, kept, tanh, most),
        **_spectrum(spectrum),
        norms_window=spread(count, NORMS),
        norm_step=around.step,
        norm_following=around.following,
        norm_wh=around.singular,
        spectral_radius=around.radius,
    )


def _checked(bits: Sequence[int], positions: int, seed: int) -> tuple[int, ...]:
    kept = tuple(bits)
    for number in kept:
        if not (isinstance(number, int) and 0 <= number <= 23):
            raise OptionError(f"bits {number!r}: expected whole numbers 0..23, bits of a float32 mantissa")
    if len(set(kept)) < len(kept):
        raise OptionError("bits: a number stands twice")
    if positions < 0:
        raise OptionError(f"leverage positions {positions}: expected 0 or more")
    if seed < 0:
        raise OptionError(f"seed {seed}: expected 0 or more")
    return kept


def _sound(edges: Margins) -> dict[str, Any]:
    return {"max_ulp": edges.max_ulp, "safety_factor": edges.least_ratio}


def _published(weights: Weights, edges: Margins) -> dict[str, Any]:
    """The same two as the published program has them: float32, each neuron's weights added in order."""
    with np.errstate(over="ignore"):
        added = np.add.accumulate(np.abs(weights.wh), axis=1)[:, -1].max()
    ulp = added * np.float32(2.0**-23)
    known = edges.min is not None and ulp > 0
    return {"max_ulp": float(ulp), "safety_factor": float(np.float32(edges.min) / ulp) if known else None}


def _mantissa(
    weights: Weights, symbols: Int64[np.ndarray, "T"], kept: tuple[int, ...], tanh: str, most: float
) -> dict[str, Any]:
    """bpc with truncated hidden states; no rows where nothing is predicted."""
    if not weights.predicts or len(symbols) < 2 or not kept:
        empty, flags = np.zeros(0), np.zeros(0, bool)
        return {
            "bits": np.zeros(0, np.int64),
            "mantissa_bpc": empty,
            "mantissa_float64": empty.copy(),
            "mantissa_stable": flags,
        }
    rows = truncated(weights, symbols, kept, window=None, tanh=tanh, most=most)
    return {
        "bits": rows.kept,
        "mantissa_bpc": rows.float32,
        "mantissa_float64": rows.float64,
        "mantissa_stable": np.abs(rows.float32 - rows.float64) <= STABLE,
    }


def _spectrum(found: Spectrum) -> dict[str, Any]:
    low, high = found.exponent - 2 * found.error, found.exponent + 2 * found.error
    largest, least, most = (
        float(values[0]) if len(values) and not np.isnan(values[0]) else None
        for values in (found.exponent, low, high)
    )
    return {
        "lyapunov": largest,
        "lyapunov_low": least,
        "lyapunov_high": most,
        "chaotic": None if largest is None else largest > 0,
        "k": np.arange(1, len(found.exponent) + 1),
        "exponent": found.exponent,
        "exponent_first_half": found.first_half,
        "exponent_second_half": found.second_half,
        "exponent_low": low,
        "exponent_high": high,
    }
