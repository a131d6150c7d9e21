"""The figure of influence: who decides whom as a matrix, degrees, and how rates spread."""

import numpy as np
from matplotlib.figure import Figure

from boolrnn.graph.influence import Influence
from boolrnn.report.figures import AUTOMATON, FLOAT, draw, panels


@draw.register
def _(result: Influence) -> Figure:
    """Neurons are ordered by out-degree, so that deciders stand at the left and the top."""
    figure, (matrix, degrees, rates) = panels(3)
    order = np.argsort(-np.nan_to_num(result.out_degree), kind="stable")
    share = result.flips[np.ix_(order, order)] / max(result.positions, 1)
    shown = matrix.imshow(share, cmap="cividis", vmin=0, interpolation="nearest", aspect="auto")
    figure.colorbar(shown, ax=matrix, shrink=0.8)
    matrix.set_title("rate at which a flip changes a bit", loc="left")
    matrix.set_xlabel("from (by out-degree)")
    matrix.set_ylabel("to (same order)")
    for values, name, colour, marker in (
        (result.out_degree, "out: bits it changes", FLOAT, "o"),
        (result.in_degree, "in: inputs that decide it", AUTOMATON, "^"),
    ):
        degrees.plot(np.sort(values)[::-1], marker, markersize=3, color=colour, label=name)
    degrees.set_title("degrees, each sorted", loc="left")
    degrees.set_xlabel("rank")
    degrees.set_ylim(bottom=0)
    degrees.legend(frameon=False)
    positive = np.sort(result.flips[result.flips > 0])[::-1] / max(result.positions, 1)
    rates.plot(np.arange(1, len(positive) + 1), positive, color=FLOAT)
    if len(positive):
        rates.set_xscale("log")
        rates.set_yscale("log")
    rates.set_title("rates of all pairs that ever flip", loc="left")
    rates.set_xlabel(f"rank, of {result.pairs:,} of {len(order) ** 2:,} pairs")
    figure.suptitle(f"flip influence: {result.window}, {result.states}", x=0.01, ha="left")
    return figure
