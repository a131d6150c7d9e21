"""The sheet of perturb: what became of the flips, exponents, then distances by lag and by neuron."""

import numpy as np

from boolrnn.graph.perturb import Perturb
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_LAGS = (
    "Flips followed that far, before the end of the text; healed ones count with distance 0. "
    "10 %, 50 %, 90 %: the least distance that this share of the flips does not exceed."
)
_NEURONS = "Greatest mean distance at lag 1 first: the mean number of neurons that one flip changes."
_EXPONENTS = (
    "Mean over t of ln |R_kk|, J_t = diag(1 - h(t)^2) wh, QR after each step, float64, nats per step. "
    "Error: of the means over 20 consecutive parts of the text."
)


@sheet.register
def _(result: Perturb) -> Sheet:
    """Totals, exponents, lags, neurons with the greatest effect first."""
    reach = f"lag {result.lag_max}"
    totals = facts(
        ("flips followed", result.flips, "drawn at random" if result.sampled else "all"),
        ("healed", result.healed, "the two runs became the same"),
        ("unhealed", result.unhealed, f"still different at {reach}"),
        ("text ended first", result.ended, f"still different at the end of the text, before {reach}"),
        ("healed share", result.healed_share, f"of the flips followed to {reach}"),
        ("text ended first, share", result.ended_share, "of all flips"),
        ("mean lag of healing", result.healing_lag, "among the healed"),
        ("last lag of healing", result.healing_last, ""),
        ("distance of unrelated states", result.unrelated, "2 sum p (1 - p), p from the bits' rates"),
        ("largest Lyapunov exponent", result.lyapunov_largest, _chaos(result)),
        ("  less two standard errors", result.lyapunov_low, ""),
        ("  plus two standard errors", result.lyapunov_high, ""),
    )
    lags = Rows(
        result.lag,
        result.lag_followed,
        result.lag_mean,
        result.lag_healed,
        result.lag_unhealed_mean,
        *((quantile, _known) for quantile in (result.lag_low, result.lag_median, result.lag_high)),
    )
    exponents = Rows(
        result.exponent, result.exponent_first_half, result.exponent_second_half, result.exponent_error
    )
    return Sheet(
        f"One flipped bit in the automaton, followed for up to {result.lag_max} steps: {result.window}. "
        f"States: {result.states}.",
        [
            Table("totals", FACTS, totals),
            Table(
                "exponents",
                (
                    Column("exponent", ".4f"),
                    Column("first half", ".4f"),
                    Column("second half", ".4f"),
                    Column("error", ".4f"),
                ),
                exponents,
                f"The float network, {result.lyapunov_window}. {_EXPONENTS} -: lost to rounding in float64.",
                aside=True,
            ),
            Table("neurons", _neuron_columns(), _neurons(result), _NEURONS, limit=8),
            Table(
                "lags",
                (
                    Column("lag", "d"),
                    Column("flips", ",d"),
                    Column("mean distance", ".3f"),
                    Column("healed", ".2%"),
                    Column("mean, unhealed", ".3f"),
                    Column("10 %", "d"),
                    Column("50 %", "d"),
                    Column("90 %", "d"),
                ),
                lags,
                _LAGS,
                limit=12,
            ),
        ],
    )


def _neuron_columns() -> tuple[Column, ...]:
    return (
        Column("neuron", "d"),
        Column("flips", ",d"),
        Column("distance, lag 1", ".3f"),
        Column("followed to the last", ",d"),
        Column("distance, last lag", ".3f"),
        Column("healed", ".2%"),
        Column("mean lag of healing", ".2f"),
    )


def _neurons(result: Perturb) -> Rows:
    order = np.argsort(-result.neuron_first, kind="stable")
    columns = (
        result.neuron,
        result.neuron_flips,
        result.neuron_first,
        result.neuron_followed,
        result.neuron_last,
        result.neuron_healed,
        result.neuron_healing_lag,
    )
    return Rows(*(column[order] for column in columns))


def _known(values: np.ndarray) -> list[int | None]:
    return [value if value >= 0 else None for value in values.tolist()]


def _chaos(result: Perturb) -> str:
    """The verdict on the largest exponent, and whether the text is long enough for it."""
    word = "nats per step: above 0, chaotic" if result.lyapunov_chaotic else "nats per step: not chaotic"
    low, high = result.lyapunov_low, result.lyapunov_high
    if low is not None and high is not None and low <= 0 <= high:
        return f"{word}, but 0 is within two standard errors"
    return word
