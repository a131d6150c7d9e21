"""The figure of attribution: masses by distance, and active weights against what a position costs."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.explain.attribution import Attribution
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, logarithmic, panels, whole


@draw.register
def _(result: Attribution) -> Figure:
    """The profile of distances, the cloud of positions, and what exact changes do where they were made."""
    figure, axes = panels(2 if result.boolean_d is None else 3)
    _profile(axes[0], result)
    _cloud(axes[1], result)
    if len(axes) > 2:
        _changes(axes[2], result)
    return figure


def _profile(axis: Axes, result: Attribution) -> None:
    axis.set_title("mass of the symbol read d steps back, nats", loc="left")
    if result.peak is None:
        blank(axis, "no positions" if not len(result.t) else "no gradient reaches a symbol")
        return
    shown = slice(result.nearest, None)  # as published, what stands at 0 is no mass of a symbol
    axis.plot(result.d[shown], result.d_mass[shown], color=FLOAT, marker=".")
    axis.set_ylim(0, 1.08 * np.nanmax(np.where(np.isinf(result.d_mass), 0, result.d_mass)[shown]))
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("d")


def _cloud(axis: Axes, result: Attribution) -> None:
    """One dot per position, at the threshold nearest to that of the weights never active."""
    k = int(np.abs(np.log(result.tau / result.never_tau)).argmin())
    axis.set_title(f"weights active above {result.tau[k]:g}", loc="left")
    active, bits = result.t_active[:, k], result.t_bits
    shown = (active > 0) & (bits > 0)
    if not shown.any():
        blank(axis, "none at any position")
        return
    axis.plot(bits[shown], active[shown], ".", markersize=3, color=FLOAT)
    logarithmic(axis, "x", bits[shown])
    logarithmic(axis, "y", active[shown])
    axis.set_xlabel("bits that the true symbol costs")
    hidden = int((~shown).sum())
    if hidden:
        words = f"{hidden:,} positions have none"
        axis.text(0.98, 0.03, words, transform=axis.transAxes, ha="right", color=NEUTRAL)


def _changes(axis: Axes, result: Attribution) -> None:
    axis.set_title("exact changes d steps back, bits", loc="left")
    if result.boolean_d is None or result.flips_change is None or result.symbols_change is None:
        return
    if not len(result.boolean_d):
        blank(axis, "no positions")
        return
    for values, name, colour, style in (
        (result.flips_change, "one bit flipped", FLOAT, "-"),
        (result.symbols_change, "symbol replaced", AUTOMATON, "--"),
    ):
        axis.plot(result.boolean_d, values, style, marker=".", color=colour, label=name)
    axis.set_ylim(0, 1.3 * max(axis.dataLim.ymax, 1e-9))  # room for the legend
    axis.legend(loc="upper left", frameon=False)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("d")
