"""The figure of run: the bits of every state over the text, and how many flip at each step."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from boolrnn.model.run import Run
from boolrnn.report.figures import AUTOMATON, NEUTRAL, blank, draw, whole

_COLUMNS = 1400  # positions, or bins of positions, that are drawn
_ON = LinearSegmentedColormap.from_list("on", ["#fbf3ec", AUTOMATON])


@draw.register
def _(result: Run) -> Figure:
    """Positions across (shares of 1 in bins where there are many), neurons down; flips beneath."""
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    grid = figure.add_gridspec(2, 1, height_ratios=(2.6, 1))
    field = figure.add_subplot(grid[0])
    flips = figure.add_subplot(grid[1], sharex=field)
    width = max(1, -(-len(result.states) // _COLUMNS))
    _field(figure, field, result.states, width)
    _flips(flips, result, width)
    return figure


def _field(figure: Figure, axis: Axes, states: np.ndarray, width: int) -> None:
    count, hidden = states.shape
    edges = np.arange(0, count, width)
    sizes = np.diff(np.append(edges, count))
    share = np.add.reduceat(states, edges, axis=0, dtype=np.int64) / sizes[:, None]
    axis.set_title("bits of the state (dark: 1)" if width == 1 else "share of 1 among bits", loc="left")
    extent = (-0.5, width * len(edges) - 0.5, hidden - 0.5, -0.5)
    image = axis.imshow(
        share.T, cmap=_ON, vmin=0, vmax=1, aspect="auto", extent=extent, interpolation="nearest"
    )
    axis.set_ylabel("neuron")
    axis.yaxis.set_major_locator(whole())
    axis.tick_params(axis="x", labelbottom=False)
    if width > 1:
        figure.colorbar(image, ax=axis)


def _flips(axis: Axes, result: Run, width: int) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_xlabel("position" if width == 1 else f"position (mean of {width:,} together)")
    axis.set_title("bits that flip at each step", loc="left")
    if not len(result.flips):
        blank(axis, "one state: no step")
        return
    edges = np.arange(0, len(result.flips), width)
    mean = np.add.reduceat(result.flips, edges) / np.diff(np.append(edges, len(result.flips)))
    axis.step(1 + edges, mean, where="mid", color=AUTOMATON, linewidth=0.8)
    if len(mean) < 3:
        axis.plot(1 + edges, mean, "o", color=AUTOMATON, markersize=4)
    if result.flips_per_step is not None:
        axis.axhline(result.flips_per_step, color=NEUTRAL, linestyle="--", linewidth=1)
    axis.set_ylim(0, 1.08 * max(1.0, float(mean.max())))
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(whole())
