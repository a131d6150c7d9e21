"""The figure of knockout: what the best few neurons cost, and what each one is worth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.explain.knockout import Knockout
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, logarithmic, panels, ranks, whole

_STYLES = ("--", ":", "-.", (0, (5, 1, 1, 1)))


@draw.register
def _(result: Knockout) -> Figure:
    """bpc of k neurons alone, by the ranking, by the others and by search; the cost of every knockout."""
    figure, (curves, neurons) = panels(2)
    curves.set_title("bpc of k neurons alone", loc="left")
    neurons.set_title("cost of each neuron's knockout, bpc", loc="left")
    if result.baseline is None:
        for axis in (curves, neurons):
            blank(axis, "no positions" if result.window == "no positions" else "hidden values overflow")
        return figure
    _curves(curves, result)
    _neurons(neurons, result)
    return figure


def _curves(axis: Axes, result: Knockout) -> None:
    others = [k for k, name in enumerate(result.ranking_rank.tolist()) if name != result.rank]
    for k, style in zip(others, _STYLES):
        name, curve = str(result.ranking_rank[k]), result.ranking_curve[k]
        axis.plot(np.arange(len(curve)), curve, color=NEUTRAL, linestyle=style, linewidth=0.9, label=name)
    axis.plot(result.minimal_k, result.minimal_bpc, color=FLOAT, label=result.rank)
    if len(result.best_k):
        axis.plot(result.best_k, result.best_bpc, color=AUTOMATON, label="best found")
    values = np.concatenate([line.get_ydata() for line in axis.lines])
    levels = np.array([result.bias_only, result.baseline], float)
    for level, words, place in zip(levels.tolist(), ("biases alone", "all neurons"), (0.62, 0.35)):
        axis.axhline(level, color="black", linewidth=0.6)
        axis.annotate(
            words, (place, level), (0, 2), xycoords=("axes fraction", "data"), textcoords="offset points",
            fontsize=7, ha="center",
        )  # fmt: skip
    if min(values.min(), levels.min()) > 0:
        logarithmic(axis, "y", np.r_[values, levels], 0.05)
    axis.legend(loc="best", frameon=False, fontsize=7)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("k")


def _neurons(axis: Axes, result: Knockout) -> None:
    at = np.arange(result.neurons)
    axis.axhline(0, color=NEUTRAL, linewidth=0.6)
    axis.plot(at, result.single_delta, ".", color=FLOAT, label="removed")
    by_neuron = np.empty(result.neurons)
    by_neuron[result.sign_neuron] = result.sign_delta
    axis.plot(at, by_neuron[result.single_neuron], ".", color=AUTOMATON, markersize=3, label="sign only")
    axis.legend(loc="upper right", frameon=False)
    ranks(axis, result.neurons)
