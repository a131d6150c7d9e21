"""The figure of backbone: how concentrated traffic is, its heaviest edges, both definitions by neuron."""

from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Affine2D, ScaledTranslation

from boolrnn.graph.backbone import ROLES, Backbone
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, whole

_EDGES = 40  # that are drawn
_BARS = 15
_ROUNDS = 300  # of stress majorisation, and of pushing apart
_EDGE = 1.9  # least length of an edge; 1 is the least distance of two neurons
_MARGIN = 1.0  # around all neurons
_WIDEST = 70  # points to the unit, at most
_PANEL = np.array([500, 350])  # points that a graph has
_RADIUS, _FILL = 17, 0.42  # of the largest neuron: points at most, share of the unit at most
_MARKS: dict[str, str] = dict(zip(ROLES, "osDh"))
_AREAS: dict[str, float] = dict(zip(ROLES, (1, 0.8, 0.65, 1)))  # markers of about equal areas
_COLOURS: dict[str, str] = dict(zip(ROLES, (AUTOMATON, FLOAT, NEUTRAL, NEUTRAL)))
_HATCHES: dict[str, str] = dict(zip(ROLES, ("", "////", "....", "")))


@draw.register
def _(result: Backbone) -> Figure:
    """Top-k share beside the null model, a graph of the heaviest edges, and the busiest neurons."""
    figure = Figure(figsize=(16, 6), layout="constrained")
    grid = figure.add_gridspec(1, 4, width_ratios=(3.3, 6.7, 2.1, 1.9))
    tops, graph, bars = (figure.add_subplot(grid[k]) for k in range(3))
    crosses = figure.add_subplot(grid[3], sharey=bars)
    for axis in (tops, bars, crosses):
        axis.spines[["top", "right"]].set_visible(False)
    _tops(tops, result)
    _graph(graph, result)
    _neurons(bars, crosses, result)
    return figure


def _tops(axis: Axes, result: Backbone) -> None:
    """What the k busiest neurons carry."""
    k = result.top_k
    axis.set_title("share of the traffic, %", loc="left")
    if not np.isfinite(result.top_share).any():
        blank(axis, "no traffic")
        return
    axis.plot(k, 100 * result.top_share, color=AUTOMATON, linewidth=2, label="this net")
    if result.null_permutations:
        label = f"95 % of {result.null_permutations:,} null models: at most"
        axis.plot(k, 100 * result.top_q95, color=FLOAT, linestyle="--", label=label)
        axis.plot(k, 100 * result.top_median, color=NEUTRAL, linestyle=":", label="their median")
    if len(k) > 10:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    else:
        axis.set_xlim(0.5, len(k) + 0.5)
        axis.xaxis.set_major_locator(whole())
    if result.null_share is not None:
        _busiest(axis, min(result.null_top, len(k)), 100 * result.null_share)
    axis.set_ylim(0, 130)  # room for the legend
    axis.set_yticks(range(0, 101, 20))
    axis.set_xlabel("busiest neurons")
    axis.legend(loc="upper left", frameon=False)


def _busiest(axis: Axes, at: int, share: float) -> None:
    """The point that the null model compares, with its name where the curve, which rises, is not."""
    axis.plot([at], [share], marker="o", color=AUTOMATON)
    axis.margins(x=0.05)
    left = axis.transAxes.inverted().transform(axis.transData.transform((at, share)))[0] > 0.5
    axis.annotate(
        f"{at:,} neuron{'s' if at > 1 else ''}: {share:.0f} %",
        (at, share),
        (-8, 2) if left else (8, -10),
        textcoords="offset points",
        ha="right" if left else "left",
    )


def _graph(axis: Axes, result: Backbone) -> None:
    """The heaviest edges as arrows; a wider, darker one carries more."""
    # nothing is clipped: the name of a clip path hangs on the last digits of the layout
    axis.set_axis_off()
    count = min(_EDGES, len(result.edge_to))
    if not count:
        axis.set_title("no edge carries traffic", loc="left")
        return
    to, source, share = (column[:count] for column in (result.edge_to, result.edge_from, result.edge_share))
    edges = "the heaviest edge" if count == 1 else f"the {count} heaviest edges"
    axis.set_title(f"{edges}: {100 * share.sum():.0f} % of the traffic (wider: more)", loc="left")
    place, loops = placed(to, source)
    units = np.array([*place.values(), *loops.values()])
    extent = np.maximum(np.ptp(units, axis=0) + 2 * _MARGIN, [_PANEL[0] / _WIDEST, _PANEL[1] / _WIDEST])
    points = min(_PANEL / extent)  # to the unit
    largest = min(_RADIUS, _FILL * points)
    carried = np.nan_to_num(result.neuron_share)
    radius = {j: largest * (0.65 + 0.35 * np.sqrt(carried[j] / carried.max())) for j in place}
    relative = share / share.max()
    size = _fitting(to, relative, radius)
    for i, j, width in zip(to.tolist(), source.tolist(), relative.tolist()):
        if i == j:
            _loop(axis, place[j], loops[j] - place[j], radius[j], _style(width, size))
        else:
            _arrow(axis, (place[j], place[i]), (radius[j], radius[i]), _style(width, size))
    for j, at in place.items():
        _node(axis, f"h{j}", at, radius[j], str(result.role[j]))
    shown = [role for role in ROLES if any(result.role[j] == role for j in place)]
    for role in shown:
        axis.scatter([], [], 60, marker=_MARKS[role], color=_COLOURS[role], label=role)
    middle, half = (units.min(axis=0) + units.max(axis=0)) / 2, _PANEL / points / 2
    axis.set(xlim=(middle[0] - half[0], middle[0] + half[0]), ylim=(middle[1] - half[1], middle[1] + half[1]))
    axis.set_aspect("equal", adjustable="datalim")
    axis.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=len(shown), frameon=False, handletextpad=0.2
    )


def _fitting(to: np.ndarray, relative: np.ndarray, radius: dict[int, float]) -> float:
    """How large arrows can be drawn (1: as large as they get) so that the heads at a neuron have room."""
    room = 1.0
    for i, r in radius.items():
        heads = (2 * (2 + 2.5 * relative[to == i])).sum()
        room = min(room, 2 * np.pi * (r + 2) / max(heads, 1.0))
    return max(room, 0.3)


def placed(to: np.ndarray, source: np.ndarray) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """A place for every neuron of these edges, and for every loop, at least about 1 from every other.
    Deterministic."""
    graph = nx.Graph((j, -1 - j if i == j else i) for i, j in zip(to.tolist(), source.tolist()))
    parts = [sorted(part) for part in sorted(nx.connected_components(graph), key=min)]
    drawn = [_part(graph, part) for part in parts]
    sizes = np.array([np.ptp(at, axis=0) + 1.2 for at in drawn])
    corners = _packed(sizes)
    found = {
        j: corner + at
        for part, places, corner in zip(parts, drawn, corners)
        for j, at in zip(part, places - places.min(axis=0) + 0.6)
    }
    return {j: at for j, at in found.items() if j >= 0}, {-1 - j: at for j, at in found.items() if j < 0}


def _part(graph: nx.Graph, nodes: list[int]) -> np.ndarray:
    """One component: distances in the plane come close to those along the edges (stress majorisation, from a
    circle), where an edge at a busy neuron is as long as the ring of its neighbours needs. The long axis is
    laid flat."""
    if len(nodes) == 1:
        return np.zeros((1, 2))
    fan = {j: sum(graph.degree[k] == 1 for k in graph[j]) for j in nodes}
    ring = {j: max(_EDGE, 1.15 * (count + 3) / (2 * np.pi)) for j, count in fan.items()}

    def length(a: int, b: int, _: Any) -> float:
        apart = min(fan[a], fan[b]) > 2  # two rings do not cut each other
        return ring[a] + ring[b] + 1 if apart else max(ring[a], ring[b])

    paths = dict(nx.all_pairs_dijkstra_path_length(graph.subgraph(nodes), weight=length))
    far = np.array([[paths[a][b] for b in nodes] for a in nodes], float)
    np.fill_diagonal(far, np.inf)
    weight = far**-3.0  # steeper than the usual -2: edges count more than what lies across a ring
    leaf = np.array([graph.degree[j] == 1 for j in nodes])
    beside = nx.to_numpy_array(graph, nodes) > 0
    weight[(leaf[:, None] | leaf) & ~beside] *= 0.02  # these are fanned out below: they need not pull
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    angle = 2 * np.pi * np.arange(len(nodes)) / len(nodes)
    at = np.stack([np.sin(angle), np.cos(angle)], axis=1) * np.max(far[np.isfinite(far)])
    for _ in range(_ROUNDS):
        apart = np.linalg.norm(at[:, None] - at[None], axis=2)
        pull = weight * np.where(np.isfinite(far), far, 0) / np.maximum(apart, 1e-9)
        at = inverse @ (pull.sum(axis=1)[:, None] * at - pull @ at)
    _fan(graph, nodes, at, ring)
    at = _spread(at)
    return at @ np.linalg.svd(at, full_matrices=False)[2].T


def _fan(graph: nx.Graph, nodes: list[int], at: np.ndarray, ring: dict[int, float]) -> None:
    """Move neighbours that have no other edge to a ring around their neuron, evenly in the gaps between its
    other neighbours, so that none stands in the way of another's arrow."""
    row = {j: k for k, j in enumerate(nodes)}
    for j in nodes:
        leaves = [k for k in graph[j] if graph.degree[k] == 1]
        if graph.degree[j] == 1 or not leaves:
            continue
        towards = np.array([at[row[k]] - at[row[j]] for k in graph[j] if graph.degree[k] > 1]).reshape(-1, 2)
        first = np.sort(np.arctan2(towards[:, 1], towards[:, 0])) if len(towards) else np.zeros(1)
        gaps = np.diff(np.r_[first, first[0] + 2 * np.pi])
        count = np.zeros(len(gaps), int)
        for _ in leaves:
            count[np.argmax(gaps / (count + 1))] += 1
        wide = (
            1.0 if len(towards) else 0.0
        )  # twice the room beside other neighbours; with none, a closed ring
        slots = count + 3 * wide
        angle = [
            a + g * (n + 2 * wide) / s for a, g, c, s in zip(first, gaps, count, slots) for n in range(c)
        ]
        at[[row[k] for k in leaves]] = at[row[j]] + ring[j] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _spread(at: np.ndarray) -> np.ndarray:
    """Push neurons that are closer than 1 apart."""
    for _ in range(_ROUNDS):
        gap = at[:, None] - at[None]
        apart = np.maximum(np.linalg.norm(gap, axis=2), 1e-6)
        np.fill_diagonal(apart, np.inf)
        if apart.min() >= 1:
            break
        at = at + 0.5 * (gap * (np.maximum(1.02 - apart, 0) / apart)[..., None]).sum(axis=1)
    return at - at.mean(axis=0)


def _packed(sizes: np.ndarray) -> np.ndarray:
    """Lower left corners of boxes laid in rows, the tallest first, in the width that fills the panel best."""
    order = np.argsort(-sizes[:, 1], kind="stable")
    best, least = np.zeros_like(sizes), np.inf
    for wide in np.linspace(sizes[:, 0].max(), sizes[:, 0].sum(), 40):
        corners = np.zeros_like(sizes)
        x = y = row = 0.0
        for k in order:
            if x and x + sizes[k, 0] > wide + 1e-9:
                x, y, row = 0.0, y - row, 0.0
            row = max(row, sizes[k, 1])
            corners[k] = x, y - (row + sizes[k, 1]) / 2
            x += sizes[k, 0]
        used = (corners[:, 0] + sizes[:, 0]).max(), row - y
        need = max(used[0] / _PANEL[0], used[1] / _PANEL[1])
        if need < least - 1e-12:
            best, least = corners, need
    return best


def _style(width: float, size: float) -> dict[str, Any]:
    """How an arrow of this share of the heaviest one looks."""
    return {
        "arrowstyle": f"-|>,head_length={size * (4 + 4 * width)},head_width={size * (2 + 2.5 * width)}",
        "linewidth": size * (0.7 + 4.3 * width),
        "color": str(0.68 - 0.5 * np.sqrt(width)),
        "shrinkA": 0,
        "joinstyle": "miter",
    }


def _arrow(
    axis: Axes, ends: tuple[np.ndarray, np.ndarray], radii: tuple[float, float], style: dict[str, Any]
) -> None:
    """One edge between two neurons."""
    style = style | {"shrinkA": radii[0], "shrinkB": radii[1] + 1}
    tail, head = (tuple(end) for end in ends)
    axis.add_patch(FancyArrowPatch(tail, head, connectionstyle="arc3,rad=0.1", **style)).set_clip_on(False)


def _loop(axis: Axes, place: np.ndarray, towards: np.ndarray, radius: float, style: dict[str, Any]) -> None:
    """An edge that returns to its own neuron, on the side that is free for it."""
    middle = np.arctan2(towards[1], towards[0])
    reach = 3 * radius + 8
    points = [  # as they would be above the neuron, which is 0, 0; in points, as the size of markers is
        (-0.6 * radius, 0.8 * radius),
        (-0.8 * reach, reach),
        (0.8 * reach, reach),
        (0.6 * radius, 0.95 * radius),
    ]
    path = Path(points, [Path.MOVETO, *[Path.CURVE4] * 3])
    loop = FancyArrowPatch(path=path, clip_on=False, **style)
    turned = Affine2D().rotate(middle - np.pi / 2).scale(1 / 72)
    x, y = place
    data: Any = axis.transData
    loop.set_transform(turned + axis.figure.dpi_scale_trans + ScaledTranslation(x, y, data))
    axis.add_patch(loop).set_clip_on(False)


def _node(axis: Axes, name: str, place: np.ndarray, radius: float, role: str) -> None:
    x, y = place
    size = (2 * radius) ** 2 * _AREAS[role]
    style: dict[str, Any] = {"marker": _MARKS[role], "color": _COLOURS[role], "edgecolor": "white"}
    axis.scatter(x, y, size, clip_on=False, zorder=3, **style)
    axis.text(
        x,
        y,
        name,
        ha="center",
        va="center_baseline",
        fontsize=min(7.0, 0.62 * radius),
        color="white",
        zorder=4,
    )


def _neurons(bars: Axes, crosses: Axes, result: Backbone) -> None:
    """The busiest neurons by the causal definition, and beside them how often each is a published first
    source: two scales, one row per neuron."""
    published = result.published_source / max(result.published_source.sum(), 1)
    causal = np.nan_to_num(result.neuron_share)
    order = np.argsort(-np.maximum(causal, published), kind="stable")[:_BARS]
    order = order[np.argsort(-causal[order], kind="stable")]
    rows = np.arange(len(order))
    roles = [role for role in ROLES if (result.role[order] == role).any()]
    free = (18 * len(roles) + 12) / _PANEL[1]  # for the legend
    bars.set_yticks(rows, [f"h{j}" for j in order])
    bars.set_ylim(max(len(order), 6) / (1 - free) - 0.6, -0.6)
    bars.set_title("traffic arriving, %", loc="left")
    if causal.any():
        for role in roles:
            at = result.role[order] == role
            style: dict[str, Any] = {"color": _COLOURS[role], "hatch": _HATCHES[role], "edgecolor": "white"}
            bars.barh(rows[at], 100 * causal[order[at]], label=role, **style)
        bars.set_xlim(left=0)
        bars.legend(loc="lower right", frameon=False)
    else:
        bars.set_xticks([])
        bars.text(0.5, 0.5, "no traffic", transform=bars.transAxes, ha="center", color=NEUTRAL)
    crosses.set_title("published, %", loc="left")
    crosses.tick_params(labelleft=False)
    if published.any():
        crosses.plot(100 * published[order], rows, "x", color="black", mew=2, clip_on=False)
        crosses.set_xlim(0, 110 * published.max())
        crosses.set_xlabel("of the first sources")
    else:
        crosses.tick_params(left=False)
        crosses.set_xticks([])
        crosses.spines[:].set_visible(False)
        crosses.text(0.5, 0.5, "no first source", transform=crosses.transAxes, ha="center", color=NEUTRAL)
