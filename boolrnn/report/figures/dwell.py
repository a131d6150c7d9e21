"""The figure of dwell: how long signs stay, and how often each neuron flips."""

import numpy as np
from matplotlib.figure import Figure

from boolrnn.graph.dwell import Dwell
from boolrnn.report.figures import FLOAT, NEUTRAL, draw, panels


@draw.register
def _(result: Dwell) -> Figure:
    """The histogram of dwells on two logarithmic scales, and the flip rate of every neuron, sorted."""
    figure, (spread, neurons) = panels(2)
    if len(result.histogram_dwell):
        spread.plot(result.histogram_dwell, result.histogram_count, "o", markersize=3, color=FLOAT)
        spread.set_xscale("log")
        spread.set_yscale("log")
    spread.set_title("number of dwells", loc="left")
    spread.set_xlabel("steps between two flips")
    flips = np.sort(result.neuron_flips)
    neurons.plot(np.arange(len(flips)), flips, ".", color=FLOAT)
    neurons.axhline(result.steps / 2, color=NEUTRAL, linewidth=1, linestyle="--")
    neurons.annotate(
        "half of the steps",
        (0, result.steps / 2),
        xytext=(2, 3),
        textcoords="offset points",
        color=NEUTRAL,
    )
    neurons.set_ylim(bottom=0, top=max(1.0, 1.1 * flips.max(), 0.6 * result.steps))
    neurons.set_title(f"flips of each neuron in {result.steps:,} steps", loc="left")
    neurons.set_xlabel("rank")
    return figure
