"""The figure of predict: what each predictor costs, where on the text, and how far its probabilities hold."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.check.predict import Predict
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels, whole
from boolrnn.report.figures.agreement import smooth

_BINS = 10


@draw.register
def _(result: Predict) -> Figure:
    """bpc of five predictors; bits along the text, network and automaton; calibration of first guesses."""
    figure, (cost, along, held) = panels(3)
    figure.suptitle(f"{result.window}, {result.arithmetic}", x=0.01, ha="left", fontsize=10)
    if not len(result.t):
        for axis in (cost, along, held):
            blank(axis, "no predictions")
        return figure
    _cost(cost, result)
    _along(along, result)
    _held(held, result)
    return figure


def _cost(axis: Axes, result: Predict) -> None:
    bars = (
        ("network", result.bpc_float, FLOAT),
        ("sign readout", result.bpc_sign_readout, FLOAT),
        ("one step", result.bpc_one_step, AUTOMATON),
        ("free run", result.bpc_free_run, AUTOMATON),
        ("bias only", result.bpc_bias_only, NEUTRAL),
    )
    known = [(name, float(bpc), colour) for name, bpc, colour in bars if bpc is not None and np.isfinite(bpc)]
    axis.set_title("bits per character", loc="left")
    if not known:
        blank(axis, "no finite bpc")
        return
    drawn = axis.barh([b[0] for b in known], [b[1] for b in known], color=[b[2] for b in known])
    axis.bar_label(drawn, fmt="%.3g", padding=3)
    axis.margins(x=0.2)
    axis.invert_yaxis()


def _along(axis: Axes, result: Predict) -> None:
    axis.set_title("bits of the true symbol, mean of 25", loc="left")
    for values, name, colour, style in (
        (result.free_run_bits, "automaton, free run", AUTOMATON, "--"),
        (result.float_bits, "network", FLOAT, "-"),
    ):
        finite = np.where(np.isfinite(values), values, np.nan)
        axis.plot(result.t, smooth(finite), style, color=colour, linewidth=1.2, label=name)
    axis.set_ylim(0, 1.35 * max(0.1, float(axis.dataLim.ymax)))  # room for the legend
    axis.legend(loc="upper left", frameon=False)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("position t")


def _held(axis: Axes, result: Predict) -> None:
    """First guesses by the probability they were given: how many of them are right."""
    axis.set_title("first guesses right, %", loc="left")
    axis.plot([0, 100], [0, 100], color=NEUTRAL, linewidth=1, linestyle=":")
    for top, chance, name, colour, style in (
        (result.float_top, result.float_top_p, "network", FLOAT, "o-"),
        (result.free_run_top, result.free_run_top_p, "automaton, free run", AUTOMATON, "s--"),
    ):
        x, y = calibration(chance[:, 0], top[:, 0] == result.true)
        axis.plot(x, y, style, color=colour, markersize=4, linewidth=1, label=name)
    axis.set(xlim=(-3, 103), ylim=(-3, 140))
    axis.set_xticks(range(0, 101, 25))
    axis.set_yticks(range(0, 101, 25))
    axis.legend(loc="upper left", frameon=False)
    axis.set_xlabel("probability given, % (tenths)")


def calibration(chance: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Mean probability, share right) in percent, of each tenth of the probabilities that holds any."""
    known = np.isfinite(chance)
    chance, right = chance[known], right[known]
    place = np.minimum((_BINS * chance).astype(np.int64), _BINS - 1)
    count = np.bincount(place, minlength=_BINS)
    some = count > 0
    sums = (np.bincount(place, values, minlength=_BINS)[some] for values in (chance, right))
    x, y = (100 * total / count[some] for total in sums)
    return x, y
