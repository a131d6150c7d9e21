"""The figures of fragility: a map of flip distances, and how many neuron-steps or positions have which."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.clauses.fragility import MAP, PREDICTIONS, Fragility
from boolrnn.errors import OptionError
from boolrnn.model.annotate import NEVER
from boolrnn.report.figures import AUTOMATON, FLOAT, blank, draw, whole

_COLUMNS = 600  # positions or bins of positions that are drawn
_BARS = 1200  # positions or bins of positions that are drawn as bars
_MARK = np.array([0xD5, 0x5E, 0x00, 0xFF]) / 255  # AUTOMATON, of cells that one flip changes


@draw.register
def _(result: Fragility) -> Figure:
    """Positions across (least distance of each bin where there are many); neurons down, or flips up.

    Raises
    ------
    OptionError
        Where the result is an answer about one position.
    """
    if result.asks not in (MAP, PREDICTIONS):
        raise OptionError("figure: fragility draws the map only, expected no position")
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=(2.4, 1))
    field, counts = (figure.add_subplot(grid[k]) for k in range(2))
    if result.asks == PREDICTIONS:
        _heights(field, result)
        _counts(counts, result, "positions")
    else:
        assert result.distance is not None
        _field(figure, field, result.distance)
        _counts(counts, result, "neuron-steps")
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


def _heights(axis: Axes, result: Fragility) -> None:
    """Of each position a bar as high as its fewest flips; of bins of positions their range."""
    assert result.prediction_t is not None
    assert result.prediction_fewest is not None
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title("fewest flips of a state that change what it predicts (orange: one)", loc="left")
    at, fewest = result.prediction_t, result.prediction_fewest
    if not (fewest != NEVER).any():
        blank(axis, "no set of flips changes a prediction" if len(at) else "no positions")
        return
    known = np.where(fewest == NEVER, np.nan, fewest)
    width = -(-len(known) // _BARS)
    edges = np.arange(0, len(known), width)
    least, most = np.fmin.reduceat(known, edges), np.fmax.reduceat(known, edges)
    step = float(np.diff(at[edges]).min()) if len(edges) > 1 else 1.0
    style: dict[str, Any] = {"width": step, "align": "center" if width == 1 else "edge"}
    if width > 1:
        axis.bar(at[edges], most, color=FLOAT, alpha=0.35, **style)
    colours = [AUTOMATON if value == 1 else FLOAT for value in least.tolist()]
    axis.bar(at[edges], least, color=colours, **style)
    axis.margins(x=0.01)
    axis.set_xlabel("position" if width == 1 else f"position ({width:,} together: least, and pale most)")
    axis.set_ylabel("flips")
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(whole())


def _counts(axis: Axes, result: Fragility, what: str) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(f"{what} by distance", loc="left")
    assert result.histogram_distance is not None
    assert result.histogram_count is not None
    if not len(result.histogram_distance):
        blank(axis, "none")
        return
    colours = [AUTOMATON if d == 1 else FLOAT for d in result.histogram_distance.tolist()]
    axis.bar(result.histogram_distance, result.histogram_count, color=colours)
    if result.cells_never:
        axis.set_title(f"{what} by distance (never: {result.cells_never:,})", loc="left")
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("flips")
