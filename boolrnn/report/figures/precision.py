"""The figure of precision: what truncated mantissas cost, and the Lyapunov spectrum."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.check.precision import Precision
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, logarithmic, panels, whole


@draw.register
def _(result: Precision) -> Figure:
    """bpc against mantissa bits in both arithmetics, and every exponent with its two standard errors."""
    figure, (cost, growth) = panels(2)
    _cost(cost, result)
    _growth(growth, result)
    return figure


def _cost(axis: Axes, result: Precision) -> None:
    axis.set_title("bpc, hidden values truncated", loc="left")
    curves = (
        (result.mantissa_bpc, "float32", FLOAT, "o-"),
        (result.mantissa_float64, "float64", AUTOMATON, "s--"),
        (result.readout_bpc, "readout only", NEUTRAL, ".:"),
    )
    order = np.argsort(result.bits)
    drawn = []
    for values, name, colour, style in curves:
        shown = order[np.isfinite(values[order]) & (values[order] > 0)]
        if len(shown):
            axis.plot(result.bits[shown], values[shown], style, color=colour, markersize=4, label=name)
            drawn.append(values[shown])
    if not drawn:
        blank(axis, "no predictions" if len(result.bits) == 0 else "no finite bpc")
        return
    logarithmic(axis, "y", np.concatenate(drawn))
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("mantissa bits kept")
    axis.legend(loc="best", frameon=False)


def _growth(axis: Axes, result: Precision) -> None:
    axis.set_title("Lyapunov exponents, nats per step", loc="left")
    shown = np.isfinite(result.exponent)
    if not shown.any():
        blank(axis, "no exponent")
        return
    value, low, high = result.exponent[shown], result.exponent_low[shown], result.exponent_high[shown]
    reach = np.array([value - low, high - value])
    reach[~np.isfinite(reach)] = 0
    axis.errorbar(result.k[shown], value, reach, fmt="o", color=FLOAT, markersize=4)
    axis.axhline(0, color=NEUTRAL, linewidth=1, linestyle="--", label="chaotic above")
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("k")
    axis.legend(loc="best", frameon=False)
