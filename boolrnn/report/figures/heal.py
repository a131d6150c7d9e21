"""The figure of heal: steps of all returns, and by position the longest return and what is not back."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.clauses.heal import Heal
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, logarithmic, panels, whole

_FEW = 30  # steps, up to which the histogram has lines, and no logarithmic axis for them


@draw.register
def _(result: Heal) -> Figure:
    """Three panels: histogram of steps (both axes may span decades), longest return, share not back."""
    figure, (steps, longest, away) = panels(3)
    steps.set_title("states that return after k steps", loc="left")
    longest.set_title("longest return, steps", loc="left")
    away.set_title("states that are not back, %", loc="left")
    if not result.states:
        for axis in (steps, longest, away):
            blank(axis, "no state was followed")
        return figure
    _histogram(steps, result)
    followed = result.position_states > 0
    _longest(longest, result, followed & (result.position_longest > 0))
    _away(away, result, followed)
    return figure


def _histogram(axis: Axes, result: Heal) -> None:
    k, count = result.histogram_steps, result.histogram_count
    if not len(k):
        blank(axis, "none returned")
        return
    axis.plot(k, count, ".", color=AUTOMATON, markersize=4)
    logarithmic(axis, "y", np.r_[0.6, count])
    if k[-1] > _FEW:
        logarithmic(axis, "x", k)
    else:
        axis.vlines(k, 0.5, count, color=AUTOMATON, linewidth=1)
        axis.set_xlim(0, k[-1] + 1)
        axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("k")


def _longest(axis: Axes, result: Heal, shown: np.ndarray) -> None:
    if not shown.any():
        blank(axis, "none returned")
        return
    values = result.position_longest[shown]
    axis.plot(result.position[shown], values, ".", color=AUTOMATON, markersize=3)
    axis.set_ylim(0, 1.08 * values.max())
    axis.yaxis.set_major_locator(whole())
    _positions(axis, result)


def _away(axis: Axes, result: Heal, shown: np.ndarray) -> None:
    """Unreturned states, and open ones, which only positions with few symbols left have."""
    states, at = result.position_states[shown], result.position[shown]
    for values, name, marker, colour in (
        (result.position_unreturned[shown], "unreturned", ".", FLOAT),
        (result.position_open[shown], "open: the text ended", "x", NEUTRAL),
    ):
        some = values > 0
        if some.any():
            share = 100 * values[some] / states[some]
            axis.plot(at[some], share, marker, color=colour, markersize=3, label=name)
    if not axis.lines:
        blank(axis, "all are back")
        return
    axis.set_ylim(0, 1.25 * float(axis.dataLim.ymax))  # room for the legend
    axis.set_yticks([tick for tick in axis.get_yticks() if tick <= min(100, axis.get_ylim()[1])])
    axis.legend(loc="upper left", ncols=2, frameon=False)
    _positions(axis, result)


def _positions(axis: Axes, result: Heal) -> None:
    first, last = int(result.position[0]), int(result.position[-1])
    margin = 0.02 * (last - first) + 0.5
    axis.set_xlim(first - margin, last + margin)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("position")
