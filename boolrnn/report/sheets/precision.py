"""The sheet of precision: the two arithmetics, truncation, exponents, gradients, single bits."""

import numpy as np

from boolrnn.check.precision import Precision
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_MANTISSA = (
    "h truncated towards zero to so many mantissa bits after every step, or in the readout alone. stable: "
    "float32 and float64 differ by at most 1e-4; elsewhere rounding decides, and another order of summation "
    "gives another number."
)
_SPECTRUM = (
    "Mean over t of ln |R_kk|, J_t = diag(1 - h(t)^2) wh, QR after each step, float64, nats per step. low, "
    "high: two standard errors from 20 parts of the text. -: lost to rounding, or too short a text."
)
_GRADIENTS = (
    "Gradient of ln P(next symbol) with respect to h(t - d): cosine between float32 and float64, mean and "
    "least over positions; median |g_d| / |g_0|; mean |cos(g_d, g_0)|. undefined: 0 or not finite."
)
_LEVERAGE = (
    "Our own definition: one bit of one hidden float32 flipped, KL of the readout's prediction in bits, mean "
    "over neurons and positions; skipped where that gives infinity or NaN. within: flips that stay in "
    "|h| <= 1, as all values of tanh do; the highest exponent bit leaves it for values near 2^128."
)


@sheet.register
def _(result: Precision) -> Sheet:
    """Totals first, every bit last."""
    return Sheet(
        f"{_signs(result)}; {_growth(result)}: {result.window}, {result.arithmetic}.",
        [
            Table("totals", FACTS, _totals(result), result.variant + "."),
            _mantissa(result),
            _spectrum(result),
            _gradients(result),
            _leverage(result),
            _bits(result),
        ],
    )


def _signs(result: Precision) -> str:
    if not result.neuron_steps:
        return "No predictions, nothing to compare"
    return f"{result.sign_differences:,} of {result.neuron_steps:,} signs differ between float32 and float64"


def _growth(result: Precision) -> str:
    if result.lyapunov is None:
        return "no exponent"
    word = "chaotic" if result.chaotic else "not chaotic"
    low, high = result.lyapunov_low, result.lyapunov_high
    if low is not None and high is not None and low <= 0 <= high:
        word += ", but 0 is within two standard errors"
    return f"largest exponent {result.lyapunov:.4f} nats per step, {word}"


def _totals(result: Precision) -> list:
    return facts(
        ("bpc, float32", result.bpc_float32, ""),
        ("bpc, float64", result.bpc_float64, "" if result.bpc_stable in (None, True) else "not stable"),
        ("bpc of the signs read out", result.bpc_sign_readout, "dynamics unchanged"),
        ("signs that differ", result.sign_differences, f"of {result.neuron_steps:,} neuron-steps"),
        ("  first at position", result.first_difference, ""),
        ("greatest |h32 - h64|", result.h_difference_max, "error carried along the text included"),
        ("mean |h32 - h64|", result.h_difference_mean, ""),
        ("mean |z|", result.margin_mean, "margin: distance from the threshold"),
        ("least |z|", result.margin_min, ""),
        ("greatest 2^-23 sum |w|", result.max_ulp, "what z moves if each input moves by 2^-23"),
        ("safety factor", result.safety_factor, "ignores carried error"),
        ("error ratio", result.error_ratio, "least |z32| / |z32 - z64|, as measured"),
        ("largest Lyapunov exponent", result.lyapunov, "nats per step"),
        ("  less two standard errors", result.lyapunov_low, ""),
        ("  plus two standard errors", result.lyapunov_high, ""),
        ("mean ||diag(1 - h^2) wh||", result.norm_step, f"spectral norm, no exponent; {result.norms_window}"),
        ("mean ||wh diag(1 - h^2)||", result.norm_following, "spectral norm, no exponent"),
        ("||wh||", result.norm_wh, "greatest singular value"),
        ("spectral radius of wh", result.spectral_radius, ""),
    )


def _mantissa(result: Precision) -> Table:
    return Table(
        "mantissa",
        (
            Column("bits kept", "d"),
            Column("bpc, float32", ".4f"),
            Column("bpc, float64", ".4f"),
            Column("stable"),
            Column("readout only", ".4f"),
            Column("readout only, float64", ".4f"),
            Column("readout stable"),
        ),
        Rows(
            result.bits,
            result.mantissa_bpc,
            result.mantissa_float64,
            result.mantissa_stable,
            result.readout_bpc,
            result.readout_float64,
            result.readout_stable,
        ),
        _MANTISSA,
    )


def _spectrum(result: Precision) -> Table:
    return Table(
        "spectrum",
        (
            Column("k", "d"),
            Column("exponent", ".4f"),
            Column("first half", ".4f"),
            Column("second half", ".4f"),
            Column("low", ".4f"),
            Column("high", ".4f"),
        ),
        Rows(
            result.k,
            result.exponent,
            result.exponent_first_half,
            result.exponent_second_half,
            result.exponent_low,
            result.exponent_high,
        ),
        _SPECTRUM,
        aside=True,
    )


def _gradients(result: Precision) -> Table:
    return Table(
        "gradients",
        (
            Column("depth", "d"),
            Column("positions", ",d"),
            Column("undefined", ",d"),
            Column("cosine", ".9f"),
            Column("least cosine", ".6f"),
            Column("norm ratio", ".4f"),
            Column("to the readout", ".4f"),
        ),
        Rows(
            result.gradient_depth,
            result.gradient_positions,
            result.gradient_undefined,
            result.gradient_cosine,
            result.gradient_cosine_least,
            result.gradient_ratio,
            result.gradient_first,
        ),
        f"{_GRADIENTS} {result.gradients_window}.",
        aside=True,
    )


def _leverage(result: Precision) -> Table:
    return Table(
        "leverage",
        (
            Column("part"),
            Column("bits", "d"),
            Column("KL", ".3g"),
            Column("to mantissa", ",.4g"),
            Column("KL within", ".3g"),
            Column("within, to mantissa", ",.4g"),
            Column("flips", ",d"),
            Column("flips within", ",d"),
            Column("skipped", ",d"),
        ),
        Rows(
            result.leverage_part,
            result.leverage_bits,
            result.leverage_kl,
            result.leverage_ratio,
            result.leverage_inside_kl,
            result.leverage_inside_ratio,
            result.leverage_flips,
            result.leverage_inside_flips,
            result.leverage_skipped,
        ),
        f"{_LEVERAGE} {result.leverage_window}.",
    )


def _bits(result: Precision) -> Table:
    columns: tuple[np.ndarray, ...] = (
        result.bit,
        result.bit_part,
        result.bit_kl,
        result.bit_inside_kl,
        result.bit_flips,
        result.bit_inside_flips,
        result.bit_skipped,
    )
    return Table(
        "single bits",
        (
            Column("bit", "d"),
            Column("part"),
            Column("KL", ".3g"),
            Column("KL within", ".3g"),
            Column("flips", ",d"),
            Column("flips within", ",d"),
            Column("skipped", ",d"),
        ),
        Rows(*columns),
        "Bit 31 is the sign, bit 22 the highest of the mantissa.",
        aside=True,
    )
