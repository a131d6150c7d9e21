"""The figure of harden: what the net cost before and after, and the roundings that were tried."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.make.harden import Harden
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels, whole


@draw.register
def _(result: Harden) -> Figure:
    """Bits per character as tanh and as signs, before and after; loss by the largest integer tried."""
    figure, (cost, tried) = panels(2)
    figure.suptitle(f"{result.level}: largest |Wh| {result.max_abs_wh:,}", x=0.01, ha="left", fontsize=10)
    _cost(cost, result)
    _tried(tried, result)
    return figure


def _cost(axis: Axes, result: Harden) -> None:
    axis.set_title("bits per character", loc="left")
    rows = (
        ("before", result.before_float, result.before_sign_dynamics),
        ("hardened", result.bpc_float, result.bpc_sign_dynamics),
        ("before, validation", result.validation_before_float, result.validation_before_sign),
        ("hardened, validation", result.validation_float, result.validation_sign_dynamics),
    )
    known = [row[0] for row in rows if row[1] is not None or row[2] is not None]
    costs = np.array([row[1:] for row in rows if row[0] in known], np.float64)  # None is NaN
    if not known:
        blank(axis, "no text to judge by")
        return
    at = np.arange(len(known))
    for column, name, colour, shift, hatch in (
        (0, "as tanh", FLOAT, -0.19, ""),
        (1, "as signs", AUTOMATON, 0.19, "///"),
    ):
        values = costs[:, column]
        bars = axis.barh(at + shift, values, 0.36, color=colour, hatch=hatch, edgecolor="white", label=name)
        axis.bar_label(bars, [f"{v:.4g}" if np.isfinite(v) else "" for v in values], padding=3, fontsize=8)
    axis.set_yticks(at, known)
    axis.set_ylim(len(known) - 0.5, -1.1)  # room for the legend
    axis.margins(x=0.2)
    axis.legend(loc="upper right", frameon=False, ncols=2)


def _tried(axis: Axes, result: Harden) -> None:
    axis.set_title("loss by largest |Wh| tried, bpc", loc="left")
    largest, loss = np.asarray(result.tried), np.asarray(result.tried_loss, np.float64)
    shown = np.isfinite(loss)
    if not shown.any():
        blank(axis, "none was tried on a text")
        return
    order = np.argsort(largest[shown], kind="stable")
    axis.plot(largest[shown][order], loss[shown][order], "o-", color=FLOAT, markersize=4)
    axis.axhline(result.tolerance, color=NEUTRAL, linestyle="--", linewidth=1, label="allowed")
    taken = shown & (largest == result.max_abs_wh)
    if taken.any():
        axis.plot(largest[taken], loss[taken], "D", color=AUTOMATON, markersize=7, label="taken")
    low, high = axis.get_ylim()
    axis.set_ylim(low, high + 0.3 * (high - low))  # room for the legend
    axis.legend(loc="upper right", frameon=False, ncols=2)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("largest |Wh|")
