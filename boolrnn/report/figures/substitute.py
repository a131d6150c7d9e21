"""The figure of substitute: bpc by the share that is trained, and of nets from statistics as a whole."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.explain.substitute import TRAINED, Substitute
from boolrnn.explain.substituted import HEBBIAN, MATRICES
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, logarithmic, panels

_LINES = {
    "wh": (FLOAT, "o"),
    "wx": (AUTOMATON, "s"),
    "wy": ("#009e73", "^"),
    "bh": ("#cc79a7", "D"),
    "by": ("#e69f00", "v"),
    "all": ("black", ">"),
}


@draw.register
def _(result: Substitute) -> Figure:
    """A line per tensor; beside it a mark for every other net."""
    figure, (left, right) = panels(2)
    figure.set_size_inches(10.4, 3.6)  # the names of nets are long
    _blends(left, result)
    _others(right, result)
    return figure


def _blends(axis: Axes, result: Substitute) -> None:
    axis.set_title("bpc of blends, by trained share", loc="left")
    drawn = np.isin(result.what, list(_LINES)) & (result.bpc > 0)  # not NaN; 0 has no place on the axis
    if not drawn.any():
        blank(axis, "no net costs more than 0 bits")
        return
    for name, (colour, marker) in _LINES.items():
        rows = drawn & (result.what == name)
        if not rows.any():
            continue
        look = {"color": colour, "marker": marker, "markersize": 4}
        axis.plot(result.alpha[rows], result.bpc[rows], linewidth=1, label=name, **look)
        shaky = rows & ~result.stable
        axis.plot(result.alpha[shaky], result.bpc[shaky], linewidth=0, markerfacecolor="white", **look)
    values = result.bpc[drawn]
    if result.baseline:
        axis.axhline(result.baseline, color=NEUTRAL, linewidth=1, linestyle="--")
        values = np.r_[values, result.baseline]
    logarithmic(axis, "y", values, headroom=0.25)
    axis.set_xlabel("share alpha (dashed: trained; hollow: not stable)")
    axis.legend(loc="upper center", frameon=False, ncols=3)


def _others(axis: Axes, result: Substitute) -> None:
    axis.set_title("bpc of other nets", loc="left")
    rows = np.flatnonzero(~np.isin(result.what, [*MATRICES, "all"]) & (result.bpc > 0))
    rows = np.r_[rows, np.flatnonzero((result.what == "all") & (result.alpha == 0) & (result.bpc > 0))]
    if not len(rows):
        blank(axis, "no net costs more than 0 bits")
        return
    rows = rows[np.argsort(-result.bpc[rows], kind="stable")]
    names = [HEBBIAN if name == "all" else name for name in result.what[rows].tolist()]
    for at, (k, name) in enumerate(zip(rows.tolist(), names)):
        colour = NEUTRAL if name == TRAINED else FLOAT if "optimised" in name else AUTOMATON
        face = colour if result.stable[k] else "white"
        axis.plot(result.bpc[k], at, "o", color=colour, markerfacecolor=face, markersize=5)
    logarithmic(axis, "x", result.bpc[rows])
    axis.set_yticks(range(len(rows)), [name.replace(", wy optimised", " + wy") for name in names])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.grid(axis="y", color="#eeeeee")
    axis.set_axisbelow(True)
    axis.set_xlabel("blue: wy optimised; orange: statistics")
