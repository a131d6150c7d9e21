"""The figure of offsets: the divergence and the bits changed by distance, beside a flat profile."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.explain.offsets import Offsets
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels, whole


@draw.register
def _(result: Offsets) -> Figure:
    """KL and sign changes against d, and how many neurons each distance is dominant of."""
    figure, (kl, bits, neurons) = panels(3)
    _profile(kl, result, result.depth_kl, "KL of the prediction, bits")
    _profile(bits, result, result.depth_changes, "sign bits that change")
    neurons.set_title("neurons that change most at d", loc="left")
    if len(result.dominant_d):
        single = result.dominant_neurons - result.dominant_tied
        neurons.bar(result.dominant_d, single, color=FLOAT, label="at d alone")
        neurons.bar(
            result.dominant_d, result.dominant_tied, bottom=single, color=NEUTRAL, label="first of a tie"
        )
        neurons.set_ylim(0, 1.3 * max(1, int(result.dominant_neurons.max())))
        neurons.legend(loc="upper left", frameon=False)
        neurons.yaxis.set_major_locator(whole())
        _distances(neurons, result)
    else:
        blank(neurons, "no changes")
    return figure


def _profile(axis: Axes, result: Offsets, values: np.ndarray, title: str) -> None:
    axis.set_title(title, loc="left")
    seen = np.isfinite(values)
    if not seen.any():
        blank(axis, "no cases")
        return
    axis.plot(
        result.depth_d[seen], values[seen], "o-", markersize=3, color=FLOAT, label="one symbol replaced"
    )
    axis.axhline(values[seen].mean(), color=NEUTRAL, linewidth=1, linestyle="--", label="flat profile")
    marked = result.greedy_d[seen[result.greedy_d - 1]]
    if len(marked):
        axis.plot(marked, values[marked - 1], "o", color=AUTOMATON, label="greedy distances")
    axis.set_ylim(0, 1.45 * max(float(values[seen].max()), 1e-9))  # room for the legend
    axis.legend(loc="upper left", frameon=False)
    _distances(axis, result)


def _distances(axis: Axes, result: Offsets) -> None:
    axis.set_xlim(0.5, len(result.depth_d) + 0.5)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("distance d")
