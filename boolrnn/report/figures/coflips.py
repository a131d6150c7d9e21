"""The figure of coflips: excess of every pair, neurons ordered by group, and Jaccard against chance."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from boolrnn.graph.coflips import Coflips
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, draw, panels

_EXCESS = LinearSegmentedColormap.from_list("excess", [FLOAT, "white", AUTOMATON])
_NAMED = 3  # pairs written beside their points


@draw.register
def _(result: Coflips) -> Figure:
    """Heat map of excess beside a scatter of Jaccard against its expectation."""
    figure, (heat, scatter) = panels(2)
    _heat(figure, heat, result)
    _scatter(scatter, result)
    return figure


def _heat(figure: Figure, axis: Axes, result: Coflips) -> None:
    """Rows and columns: the groups, largest first, framed; then the neurons of none."""
    hidden = result.neurons
    order = result.group_members.tolist()
    order += sorted(set(range(hidden)) - set(order))
    place = np.argsort(order)
    grid = np.full((hidden, hidden), np.nan)
    a, b = place[result.pair_a], place[result.pair_b]
    grid[a, b] = grid[b, a] = result.pair_excess
    known = np.abs(grid[np.isfinite(grid)])
    limit = float(np.quantile(known, 0.995)) if len(known) else 0.0
    limit = limit or 1.0
    image = axis.imshow(grid, cmap=_EXCESS, vmin=-limit, vmax=limit, interpolation="nearest")
    bar = figure.colorbar(image, ax=axis, shrink=0.9, extend="both")
    bar.ax.set_title("excess", fontsize=8)
    for first, stop in zip(result.group_offsets[:-1].tolist(), result.group_offsets[1:].tolist()):
        size = stop - first
        axis.add_patch(Rectangle((first - 0.5, first - 0.5), size, size, fill=False, linewidth=0.8))
    axis.spines[["top", "right"]].set_visible(True)
    axis.set_title("Jaccard minus expected, by group", loc="left")
    axis.set_xlabel("neuron, ordered by group")


def _scatter(axis: Axes, result: Coflips) -> None:
    """Every pair; the edges in another colour and shape; the line on which neurons are independent."""
    for mask, name, marker, colour in (
        (~result.pair_edge, "other pairs", ".", NEUTRAL),
        (result.pair_edge, "more than both nulls", "^", AUTOMATON),
    ):
        points = result.pair_expected[mask], result.pair_jaccard[mask]
        axis.plot(
            *points, marker, markersize=3, color=colour, label=f"{name} ({mask.sum():,})", rasterized=True
        )
    top = max((*result.pair_jaccard[np.isfinite(result.pair_jaccard)], 0.1))
    axis.plot([0, top], [0, top], color=FLOAT, linewidth=1, label="independent")
    known = np.flatnonzero(result.pair_edge)
    for k in known[np.argsort(-result.pair_jaccard[known], kind="stable")][:_NAMED]:
        axis.annotate(
            f"h{result.pair_a[k]}, h{result.pair_b[k]}",
            (result.pair_expected[k], result.pair_jaccard[k]),
            xytext=(4, 2),
            textcoords="offset points",
            fontsize=7,
        )
    axis.set_title("Jaccard of each pair", loc="left")
    axis.set_xlabel("expected of independent neurons")
    axis.legend(loc="lower right", frameon=False, fontsize=8)
