"""agreement: is this network a Boolean automaton on this text, where is it not, and what does it cost?

Four levels, weakest to strongest; the strongest that holds is reported:
differs            some sign of network and automaton differs: where first, how often, at what cost
agrees             every sign is equal on this text, observed in the stated arithmetic
certified_text     every sign on this text is equal by a certificate, for any float32 program
certified_always   no text of any length can separate them, by a certificate over all states

Positions 0..n-2 enter the statistics, one-step agreement starts at t = 1; levels speak of all n states.
"""

import dataclasses
from typing import Any

import numpy as np

from boolrnn.bits import distinct
from boolrnn.check.bounds import Certificate, certify_always, certify_text, refused
from boolrnn.check.margins import QUANTILES, quantiles
from boolrnn.check.side_by_side import window
from boolrnn.check.tally import Tally, tally
from boolrnn.check.truncation import WINDOW, truncated
from boolrnn.check.verdict import DIFFERS, LEVELS, verdict
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton, BoolTrace, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64

CALIBRATION = np.array([0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, np.inf])
STABLE = 1e-4  # a figure that moves by more between float32 and float64 is not stable


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Agreement(Result):
    """How far network and automaton agree on a text, the level reached, and what parting costs."""

    schema = "agreement/1"

    level: str
    verdict: str
    required: str | None  # the level asked for, if any
    holds: bool | None  # whether the level asked for is reached
    positions: int
    window: str
    arithmetic: str
    initial: Bool[np.ndarray, "H"] | None = named("initial", hexed=True)
    one_step: float | None
    free_run: float | None
    divergence_t: int | None = named("first_divergence.t")
    divergence_neuron: int | None = named("first_divergence.neuron")
    divergence_cost: float | None = named("first_divergence.bits")  # free run - float, at t
    bpc_float: float | None = named("bpc.float")
    bpc_sign_readout: float | None = named("bpc.sign_readout")
    bpc_one_step: float | None = named("bpc.one_step")
    bpc_sign_dynamics: float | None = named("bpc.sign_dynamics")
    bpc_bias_only: float | None = named("bpc.bias_only")
    margin_mean: float | None = named("margins.mean")
    margin_below_1: int = named("margins.below_1")
    margin_below_0_1: int = named("margins.below_0_1")
    margin_min: float | None = named("margins.min")
    margin_count: int = named("margins.count")
    distinct_float: int = named("distinct_states.float")
    distinct_automaton: int = named("distinct_states.automaton")
    certificate_level: str | None = named("certificate.level")
    certificate_bound: float | None = named("certificate.least_bound")
    certificate_reason: str = named("certificate.reason")
    quantile: Float64[np.ndarray, "Q"] = named("margin_quantiles.quantile")
    quantile_margin: Float64[np.ndarray, "Q"] = named("margin_quantiles.margin")
    calibration_low: Float64[np.ndarray, "B"] = named("calibration.low")
    calibration_high: Float64[np.ndarray, "B"] = named("calibration.high")
    calibration_bits: Int64[np.ndarray, "B"] = named("calibration.bits")
    calibration_wrong: Int64[np.ndarray, "B"] = named("calibration.wrong")
    calibration_share: Float64[np.ndarray, "B"] = named("calibration.share")
    largest_wrong_margin: float | None  # over one-step bits
    figure: np.ndarray = named("arithmetics.figure")
    figure_float32: Float64[np.ndarray, "F"] = named("arithmetics.float32")
    figure_float64: Float64[np.ndarray, "F"] = named("arithmetics.float64")
    figure_stable: Bool[np.ndarray, "F"] = named("arithmetics.stable")
    stable: bool
    sign_differences: int  # signs that differ between float32 and float64, all n states
    mantissa_window: str
    mantissa_bits: Int64[np.ndarray, "K"] = named("mantissa.bits")
    mantissa_bpc: Float64[np.ndarray, "K"] = named("mantissa.bpc")
    mantissa_float64: Float64[np.ndarray, "K"] = named("mantissa.float64")
    mantissa_stable: Bool[np.ndarray, "K"] = named("mantissa.stable")
    neuron: Int64[np.ndarray, "H"] = named("neurons.neuron")
    neuron_one_step: Float64[np.ndarray, "H"] = named("neurons.one_step")
    neuron_free_run: Float64[np.ndarray, "H"] = named("neurons.free_run")
    neuron_margin: Float64[np.ndarray, "H"] = named("neurons.mean_margin")
    t: Int64[np.ndarray, "P"] = named("by_position.t")
    t_one_step: Float64[np.ndarray, "P"] = named("by_position.one_step")
    t_free_run: Float64[np.ndarray, "P"] = named("by_position.free_run")
    t_float_bits: Float64[np.ndarray, "P"] = named("by_position.float_bits")
    t_free_bits: Float64[np.ndarray, "P"] = named("by_position.sign_dynamics_bits")


def agreement(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    require: str | None = None,
    initial: np.ndarray | None = None,
    tanh: str = "exact",
) -> Agreement:
    """Compare network and automaton on `symbols` (T), and report the strongest level that holds.

    `require` names the level that must hold (the result says whether it does). `initial` (H bools)
    starts the automaton elsewhere than the network; no certificate speaks of such a start.

    Raises
    ------
    TextError, StateError, OptionError
        On a symbol, start, level or tanh that cannot be used.
    """
    if require is not None and require not in LEVELS:
        raise OptionError(f"level {require!r}: expected one of {', '.join(LEVELS)}")
    automaton = as_automaton(model)
    symbols = check_symbols(symbols, automaton.weights)
    run = automaton.run(symbols, initial)
    network = tally(automaton, run, arithmetic="float32", tanh=tanh)
    wide = tally(automaton, run, arithmetic="float64", like=network)
    level, certificate = _level(automaton, run, network)
    holds = None if require is None else LEVELS.index(level) >= LEVELS.index(require)
    fields = _fields(network) | _arithmetics(network, wide) | _mantissa(automaton, symbols)
    return Agreement(
        level=level,
        verdict=verdict(level, network, certificate, automaton),
        required=require,
        holds=holds,
        positions=network.positions,
        window=window(network.positions),
        arithmetic=stated("float32", tanh),
        initial=run.initial,
        distinct_automaton=distinct(run.states[:-1]),
        certificate_level=level if certificate.holds else None,
        certificate_bound=certificate.least_bound,
        certificate_reason=certificate.reason,
        sign_differences=int((network.bits != wide.bits).sum()),
        **fields,
    )


def _level(automaton: Automaton, run: BoolTrace, network: Tally) -> tuple[str, Certificate]:
    """The strongest level, and the certificate that proves it or says why the next one fails."""
    if network.divergence is not None:
        return DIFFERS, refused("signs differ: nothing to certify")
    text = certify_text(automaton, run)
    if run.initial is not None:
        return "agrees", text
    always = certify_always(automaton)
    if always.holds:
        return "certified_always", always
    if text.holds:
        return "certified_text", text
    return "agrees", text


def _fields(network: Tally) -> dict[str, Any]:
    """What one tally says, under the names of Agreement."""
    t, neuron = network.divergence or (None, None)
    cost = None
    unpredicted = np.full(network.positions, np.nan)
    float_bits, free_bits = (
        network.costs[name] if len(network.costs[name]) else unpredicted for name in ("float", "free_run")
    )
    if t is not None and t < len(network.costs["float"]):
        cost = float(network.costs["free_run"][t] - network.costs["float"][t])
    return {
        "one_step": network.one_step,
        "free_run": network.free_run,
        "divergence_t": t,
        "divergence_neuron": neuron,
        "divergence_cost": cost,
        "bpc_float": network.bpc("float"),
        "bpc_sign_readout": network.bpc("sign_readout"),
        "bpc_one_step": network.bpc("one_step"),
        "bpc_sign_dynamics": network.bpc("free_run"),
        "bpc_bias_only": network.bpc("bias_only"),
        **_margins(network),
        "distinct_float": distinct(network.bits[:-1]),
        "neuron": np.arange(network.bits.shape[1]),
        "neuron_one_step": network.neuron_one_step,
        "neuron_free_run": network.neuron_free_run,
        "neuron_margin": network.neuron_margin,
        "t": np.arange(network.positions),
        "t_one_step": network.t_one_step,
        "t_free_run": network.t_free_run,
        "t_float_bits": float_bits,
        "t_free_bits": free_bits,
    }


def _margins(network: Tally) -> dict[str, Any]:
    """Margins, their quantiles and their calibration: how often a one-step bit is wrong at a margin."""
    values = network.margin.ravel()
    counted, wrong = network.margin[1:], network.wrong[1:]
    bits = np.histogram(counted, CALIBRATION)[0]
    errors = np.histogram(counted[wrong], CALIBRATION)[0]
    with np.errstate(invalid="ignore"):
        share = errors / bits
    return {
        "margin_mean": network.margin_mean,
        "margin_below_1": int((values < 1).sum()),
        "margin_below_0_1": int((values < 0.1).sum()),
        "margin_min": float(values.min()) if len(values) else None,
        "margin_count": values.size,
        "quantile": np.array(QUANTILES),
        "quantile_margin": quantiles(values),
        "calibration_low": CALIBRATION[:-1],
        "calibration_high": CALIBRATION[1:],
        "calibration_bits": bits,
        "calibration_wrong": errors,
        "calibration_share": share,
        "largest_wrong_margin": float(counted[wrong].max()) if wrong.any() else None,
    }


def _arithmetics(narrow: Tally, wide: Tally) -> dict[str, Any]:
    """Figures of the float network in both arithmetics."""
    rows = {
        "bpc.float": (narrow.bpc("float"), wide.bpc("float")),
        "bpc.sign_readout": (narrow.bpc("sign_readout"), wide.bpc("sign_readout")),
        "bpc.one_step": (narrow.bpc("one_step"), wide.bpc("one_step")),
        "one_step": (narrow.one_step, wide.one_step),
        "free_run": (narrow.free_run, wide.free_run),
        "margins.mean": (narrow.margin_mean, wide.margin_mean),
    }
    pairs = np.array([[np.nan if v is None else v for v in row] for row in rows.values()], float)
    missing = np.isnan(pairs).all(axis=1)
    stable = (np.abs(pairs[:, 0] - pairs[:, 1]) <= STABLE) | missing
    return {
        "figure": np.array(list(rows)),
        "figure_float32": pairs[:, 0],
        "figure_float64": pairs[:, 1],
        "figure_stable": stable,
        "stable": bool(stable.all()),
    }


def _mantissa(automaton: Automaton, symbols: np.ndarray) -> dict[str, Any]:
    """bpc with truncated mantissas, on the beginning of the text."""
    used = min(len(symbols), WINDOW) - 1
    if not automaton.weights.predicts or used == 0:
        empty = np.zeros(0)
        return {
            "mantissa_window": window(0),
            "mantissa_bits": np.zeros(0, np.int64),
            "mantissa_bpc": empty,
            "mantissa_float64": empty.copy(),
            "mantissa_stable": np.zeros(0, bool),
        }
    cut = truncated(automaton.weights, symbols)
    return {
        "mantissa_window": window(used),
        "mantissa_bits": cut.kept,
        "mantissa_bpc": cut.float32,
        "mantissa_float64": cut.float64,
        "mantissa_stable": np.abs(cut.float32 - cut.float64) <= STABLE,
    }
