"""The figure of dwell: how long signs stay, and how often each neuron flips."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.graph.dwell import Dwell
from boolrnn.report.figures import FLOAT, NEUTRAL, blank, draw, logarithmic, panels, ranks, whole


@draw.register
def _(result: Dwell) -> Figure:
    """The histogram of dwells on two logarithmic scales, and the flip rate of every neuron, sorted."""
    figure, (spread, neurons) = panels(2)
    _spread(spread, result)
    _neurons(neurons, result)
    return figure


def _spread(axis: Axes, result: Dwell) -> None:
    axis.set_title("number of dwells", loc="left")
    if not len(result.histogram_dwell):
        blank(axis, "no complete dwell" if result.flips else "no flips")
        return
    axis.plot(result.histogram_dwell, result.histogram_count, "o", markersize=3, color=FLOAT)
    logarithmic(axis, "x", result.histogram_dwell)
    logarithmic(axis, "y", result.histogram_count)
    axis.set_xlabel("steps between two flips")


def _neurons(axis: Axes, result: Dwell) -> None:
    steps = "1 step" if result.steps == 1 else f"{result.steps:,} steps"
    axis.set_title(f"flips of each neuron in {steps}", loc="left")
    if not result.flips:
        blank(axis, "no flips")
        return
    flips = np.sort(result.neuron_flips)
    axis.plot(np.arange(len(flips)), flips, ".", color=FLOAT)
    half = result.steps / 2
    axis.axhline(half, color=NEUTRAL, linewidth=1, linestyle="--", label="half of the steps")
    top = max(1.0, flips.max(), half)
    axis.set_ylim(0, 1.25 * top)  # room for the legend
    axis.legend(loc="upper left", frameon=False)
    axis.yaxis.set_major_locator(whole())
    ranks(axis, len(flips))
