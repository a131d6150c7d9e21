"""The figure of extract: the minimal machine, and how many bit states each of its states merges."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.machines.draw import MOST
from boolrnn.machines.draw import draw as laid_out
from boolrnn.machines.extract import Extract
from boolrnn.machines.machine import Machine
from boolrnn.report.figures import FLOAT, blank, draw, logarithmic
from boolrnn.report.figures.drawing import extent, paint, scale

_BARS = 60  # states that have a bar, at most
_WIDE = 3.4  # inches of the bars' panel
_HEIGHT = 2.6  # inches of the picture, at least


@draw.register
def _(result: Extract) -> Figure:
    """The machine beside the bars; without a machine why there is none."""
    machine = result.machine
    if machine is None:
        figure = Figure(figsize=(5, 2))
        blank(figure.add_axes((0, 0, 1, 1)), f"no machine: {result.reachable:,} states found, not all")
        return figure
    return merged_figure(machine, result.state_merged if machine.states <= _BARS else None)


def merged_figure(machine: Machine, merged: np.ndarray | None = None) -> Figure:
    """A machine, and beside it a bar for each state: `merged` (N) bit states are merged in it."""
    drawn = laid_out(machine, most=MOST)
    x0, x1, y0, y1 = extent(drawn)
    unit = scale(drawn)
    wide, high = (x1 - x0) * unit / 72, (y1 - y0) * unit / 72
    bars = 0.0 if merged is None else _WIDE
    height = high if merged is None else max(high, _HEIGHT, 0.16 * len(merged) + 0.9)
    figure = Figure(figsize=(wide + bars, height))
    share = wide / (wide + bars)
    paint(figure.add_axes((0, 0.5 - high / height / 2, share, high / height)), drawn, unit)
    if merged is not None:
        inner = (share + 0.75 / (wide + bars), 0.5 / height, (bars - 1.1) / (wide + bars), 1 - 0.9 / height)
        _bars(figure.add_axes(inner), merged)
    return figure


def _bars(axis: Axes, merged: np.ndarray) -> None:
    """Bit states of every state, the first at the top."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title("bit states merged", loc="left", fontsize=9)
    places = np.arange(len(merged))
    axis.set_ylim(len(merged) - 0.4, -0.6)
    axis.set_yticks(places, [str(n) for n in places])
    axis.tick_params(labelsize=8 if len(merged) <= 30 else 6)
    axis.set_ylabel("state")
    if merged.max() > 50 * max(merged.min(), 1):
        logarithmic(axis, "x", np.append(merged, 1).astype(float))
        axis.hlines(places, axis.get_xlim()[0], merged, color=FLOAT, linewidth=1)
        axis.plot(merged, places, "o", markersize=4, color=FLOAT)
        return
    axis.barh(places, merged, height=0.6, color=FLOAT)
    axis.locator_params(axis="x", nbins=4, integer=True)
    axis.set_xlim(0, 1.08 * max(1, merged.max()))
