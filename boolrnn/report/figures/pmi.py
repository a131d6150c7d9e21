"""The figure of pmi: aligned percentages by distance beside the base rates, and the lift with intervals."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.explain.pmi import Pmi
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels, whole


@draw.register
def _(result: Pmi) -> Figure:
    """The bigram's percentages and base rates, the trigram's where it was asked for, and the lift."""
    further = result.d_trigram is not None
    figure, axes = panels(3 if further else 2)
    _aligned(axes[0], result, result.d_bigram, result.d_base, "bigram", random=True)
    if result.d_trigram is not None and result.d_base_trigram is not None:
        _aligned(axes[1], result, result.d_trigram, result.d_base_trigram, "trigram", random=False)
    _lift(axes[-1], result)
    return figure


def _aligned(
    axis: Axes, result: Pmi, percent: np.ndarray, base: np.ndarray, name: str, *, random: bool
) -> None:
    axis.set_title(f"{name}: aligned, %", loc="left")
    seen = np.isfinite(percent)
    if not seen.any():
        blank(axis, "no cases")
        return
    d = result.d
    axis.plot(d[seen], percent[seen], "o-", markersize=3, color=FLOAT, label="of the sensitivity")
    axis.plot(d[seen], base[seen], "s--", markersize=3, color=AUTOMATON, label="of the cells (base rate)")
    if random:
        axis.plot(
            d[seen],
            result.d_random[seen],
            ":",
            color=NEUTRAL,
            label="of cells with a random source",
        )
    axis.set_ylim(0, 145)  # room for the legend
    axis.set_yticks([0, 25, 50, 75, 100])
    axis.legend(loc="upper left", frameon=False)
    _distances(axis, result)


def _lift(axis: Axes, result: Pmi) -> None:
    axis.set_title("bigram: sensitivity less cells, points", loc="left")
    lift = result.d_bigram - result.d_base
    seen = np.isfinite(lift)
    if not seen.any():
        blank(axis, "no cases")
        return
    known = seen & np.isfinite(result.d_low) & np.isfinite(result.d_high)
    axis.vlines(result.d[known], result.d_low[known], result.d_high[known], color=FLOAT, linewidth=1)
    axis.plot(result.d[seen], lift[seen], "o", markersize=4, color=FLOAT)
    axis.axhline(0, color=NEUTRAL, linewidth=1, linestyle="--")
    _distances(axis, result)
    if known.any():
        axis.set_xlabel("distance d; lines: 95 % intervals")


def _distances(axis: Axes, result: Pmi) -> None:
    axis.set_xlim(0.5, len(result.d) + 0.5)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("distance d")
