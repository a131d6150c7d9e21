"""The figure of fragility: the map of flip distances, and how many neuron-steps have which."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.clauses.fragility import MAP, Fragility
from boolrnn.errors import OptionError
from boolrnn.model.annotate import NEVER
from boolrnn.report.figures import AUTOMATON, FLOAT, blank, draw, whole

_COLUMNS = 600  # positions or bins of positions that are drawn
_MARK = np.array([0xD5, 0x5E, 0x00, 0xFF]) / 255  # AUTOMATON, of cells that one flip changes


@draw.register
def _(result: Fragility) -> Figure:
    """Positions across (least distance of each bin where there are many), neurons down.

    Raises
    ------
    OptionError
        Where the result is an answer about one position.
    """
    if result.asks != MAP or result.distance is None:
        raise OptionError("figure: fragility draws the map only, expected no position")
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=(2.4, 1))
    field, counts = (figure.add_subplot(grid[k]) for k in range(2))
    _field(figure, field, result.distance)
    _counts(counts, result)
    return figure


def _field(figure: Figure, axis: Axes, distance: np.ndarray) -> None:
    axis.set_title("fewest flips before that change a neuron's bit (orange: one)", loc="left")
    if len(distance) < 2 or not (distance != NEVER).any():
        blank(
            axis,
            "no set of flips changes a bit" if len(distance) > 1 else "no position has a state before it",
        )
        return
    cells = np.where(distance[1:] == NEVER, np.nan, distance[1:])
    width = -(-len(cells) // _COLUMNS)
    edges = np.arange(0, len(cells), width)
    least = np.fmin.reduceat(cells, edges, axis=0).T
    extent = (0.5, 0.5 + width * len(edges), len(least) - 0.5, -0.5)
    style = {"interpolation": "nearest", "aspect": "auto", "extent": extent}
    image = axis.imshow(least, cmap="cividis_r", vmin=1, vmax=max(2, np.nanmax(least)), **style)
    axis.imshow(np.where((least == 1)[..., None], _MARK, 0.0), **style)
    axis.set_xlabel("position" if width == 1 else f"position (least distance of {width:,} together)")
    axis.set_ylabel("neuron")
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(whole())
    figure.colorbar(image, ax=axis, ticks=whole())


def _counts(axis: Axes, result: Fragility) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title("neuron-steps by distance", loc="left")
    assert result.histogram_distance is not None
    assert result.histogram_count is not None
    if not len(result.histogram_distance):
        blank(axis, "none")
        return
    colours = [AUTOMATON if d == 1 else FLOAT for d in result.histogram_distance.tolist()]
    axis.bar(result.histogram_distance, result.histogram_count, color=colours)
    if result.cells_never:
        axis.set_title(f"neuron-steps by distance (never: {result.cells_never:,})", loc="left")
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("flips")
