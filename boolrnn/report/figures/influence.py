"""The figure of influence: who decides whom as a matrix, degrees, and how rates spread."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.graph.influence import Influence
from boolrnn.report.figures import AUTOMATON, FLOAT, blank, draw, logarithmic, panels, ranks, whole

_FEW = 30  # points that a line alone would hide


@draw.register
def _(result: Influence) -> Figure:
    """Neurons are ordered by out-degree, so that deciders stand at the left and the top."""
    figure, axes = panels(3)
    matrix, degrees, rates = axes
    matrix.set_title("rate at which a flip changes a bit", loc="left")
    degrees.set_title("degrees, each sorted", loc="left")
    rates.set_title("rates of all pairs that ever flip", loc="left")
    if result.pairs:
        _matrix(figure, matrix, result)
        _degrees(degrees, result)
        _rates(rates, result)
    else:
        for axis in axes:
            blank(axis, "no pair ever flips" if result.positions else "no positions")
    figure.suptitle(f"flip influence: {result.window}, {result.states}", x=0.01, ha="left")
    return figure


def _matrix(figure: Figure, axis: Axes, result: Influence) -> None:
    order = np.argsort(-result.out_degree, kind="stable")
    share = result.flips[np.ix_(order, order)] / result.positions
    shown = axis.imshow(share, cmap="cividis", vmin=0, interpolation="nearest", aspect="auto")
    figure.colorbar(shown, ax=axis, shrink=0.8)
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(whole())
    axis.set_xlabel("from (by out-degree)")
    axis.set_ylabel("to (same order)")


def _degrees(axis: Axes, result: Influence) -> None:
    for values, name, colour, marker in (
        (result.out_degree, "out: bits it changes", FLOAT, "o"),
        (result.in_degree, "in: inputs that decide it", AUTOMATON, "^"),
    ):
        axis.plot(np.sort(values)[::-1], marker, markersize=3, color=colour, label=name)
    top = max(result.out_degree.max(), result.in_degree.max())
    axis.set_ylim(0, 1.5 * top)  # room for the legend
    axis.legend(loc="upper right", frameon=False)
    ranks(axis, len(result.neuron))


def _rates(axis: Axes, result: Influence) -> None:
    positive = np.sort(result.flips[result.flips > 0])[::-1] / result.positions
    rank = np.arange(1, len(positive) + 1)
    axis.plot(rank, positive, color=FLOAT, marker="." if len(positive) < _FEW else "")
    logarithmic(axis, "x", rank)
    logarithmic(axis, "y", positive)
    axis.set_xlabel(f"rank, of {result.pairs:,} of {result.flips.size:,} pairs")
