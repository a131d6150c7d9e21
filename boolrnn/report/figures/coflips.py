"""The figure of coflips: excess of every pair, neurons ordered by group, and Jaccard against chance."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from boolrnn.graph.coflips import Coflips
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels, whole

_EXCESS = LinearSegmentedColormap.from_list("excess", [FLOAT, "white", AUTOMATON])
_NAMED = 3  # pairs written beside their points
_PLACES: tuple[tuple[tuple[int, int], str], ...] = (  # of a name: points from its pair, and alignment
    ((5, 0), "left"),
    ((-5, 0), "right"),
    ((-3, 8), "right"),
    ((0, 9), "center"),
    ((3, 8), "left"),
    ((3, -8), "left"),
)


@draw.register
def _(result: Coflips) -> Figure:
    """Heat map of excess beside a scatter of Jaccard against its expectation."""
    figure, (heat, scatter) = panels(2)
    heat.set_title("Jaccard minus expected, by group", loc="left")
    scatter.set_title("Jaccard of each pair", loc="left")
    if not result.tested:
        for axis in (heat, scatter):
            blank(axis, _nothing(result))
        return figure
    _heat(figure, heat, result)
    _scatter(scatter, result)
    _name(figure, scatter, result)
    return figure


def _nothing(result: Coflips) -> str:
    if not len(result.pair_a):
        return "no pair"
    moving = np.any(result.pair_flips_a) or np.any(result.pair_flips_b)
    return "no pair of which both flip" if moving else "no flips"


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
    bar.set_label("excess", fontsize=8)
    for first, stop in zip(result.group_offsets[:-1].tolist(), result.group_offsets[1:].tolist()):
        size = stop - first
        axis.add_patch(Rectangle((first - 0.5, first - 0.5), size, size, fill=False, linewidth=0.8))
    axis.spines[["top", "right"]].set_visible(True)
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(whole())
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
    axis.set_ylim(-0.05 * top, 1.12 * top)  # room for names
    axis.set_xlabel("expected of independent neurons")
    axis.legend(loc="lower right", frameon=False, fontsize=8)


def _name(figure: Figure, axis: Axes, result: Coflips) -> None:
    """Write the pairs of the greatest Jaccard, each where it covers the fewest points; one that finds no
    place inside the axes beside the others is left out."""
    figure.draw_without_rendering()  # places the axes
    points = np.stack([result.pair_expected, result.pair_jaccard], axis=1)
    points = axis.transData.transform(points[np.isfinite(points).all(axis=1)])
    inside, legend = axis.get_window_extent(), axis.get_legend()
    taken = [] if legend is None else [legend.get_window_extent()]
    known = np.flatnonzero(result.pair_edge)
    for k in known[np.argsort(-result.pair_jaccard[known], kind="stable")][:_NAMED]:
        text = axis.annotate(
            f"h{result.pair_a[k]}, h{result.pair_b[k]}",
            (result.pair_expected[k], result.pair_jaccard[k]),
            xytext=(0, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
        text.set_in_layout(False)
        found: tuple[int, int, Bbox] | None = None
        for number, (offset, side) in enumerate(_PLACES):
            text.set(ha=side, position=offset)
            box = text.get_window_extent().padded(2)
            free = inside.containsx(box.x0) and inside.containsx(box.x1) and inside.containsy(box.y1)
            if free and inside.containsy(box.y0) and not box.count_overlaps(taken):
                covered = int(((points > box.min) & (points < box.max)).all(axis=1).sum())
                found = min(found or (covered, number, box), (covered, number, box), key=lambda one: one[:2])
        if found is None:
            text.remove()
            continue
        offset, side = _PLACES[found[1]]
        text.set(ha=side, position=offset)
        taken.append(found[2])
