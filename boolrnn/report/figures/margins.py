"""The figure of margins: quantiles of |z|, and every neuron's mean and least."""

import numpy as np
from matplotlib.figure import Figure

from boolrnn.check.margins import Margins
from boolrnn.report.figures import AUTOMATON, FLOAT, draw, panels


@draw.register
def _(result: Margins) -> Figure:
    """Quantiles of |z| for network and automaton, and the mean margin of every neuron."""
    figure, (spread, neurons) = panels(2)
    for values, name, colour in (
        (result.quantile_float, "float network", FLOAT),
        (result.quantile_automaton, "automaton", AUTOMATON),
    ):
        shown = np.isfinite(values) & (values > 0)  # a tie has no logarithm
        spread.plot(values[shown], 100 * result.quantile[shown], marker="o", color=colour, label=name)
        if shown.any():
            spread.set_xscale("log")
    spread.set_title("share of neuron-steps with |z| up to, %", loc="left")
    spread.set_xlabel("|z|")
    spread.legend(loc="upper left", frameon=False)
    order = np.argsort(result.neuron_mean)
    ranks = np.arange(len(order))
    for values, name, colour in (
        (result.neuron_mean[order], "mean", FLOAT),
        (result.neuron_min[order], "least", AUTOMATON),
    ):
        shown = np.isfinite(values) & (values > 0)
        neurons.plot(ranks[shown], values[shown], ".", color=colour, label=name)
        if shown.any():
            neurons.set_yscale("log")
    neurons.set_title("|z| of each neuron, sorted by mean", loc="left")
    neurons.set_xlabel("rank")
    neurons.legend(loc="best", frameon=False)
    return figure
