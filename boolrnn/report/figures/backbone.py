"""The figure of backbone: how concentrated traffic is, its heaviest edges, both definitions by neuron."""

from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Affine2D, ScaledTranslation

from boolrnn.graph.backbone import ROLES, Backbone
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, draw

_EDGES = 40  # that are drawn
_BARS = 15
_ROUNDS = 300  # of stress majorisation
_MARKS: dict[str, str] = dict(zip(ROLES, "osDh"))
_AREAS: dict[str, float] = dict(zip(ROLES, (1, 0.8, 0.65, 1)))  # markers of about equal areas
_COLOURS: dict[str, str] = dict(zip(ROLES, (AUTOMATON, FLOAT, NEUTRAL, NEUTRAL)))
_HATCHES: dict[str, str] = dict(zip(ROLES, ("", "////", "....", "")))


@draw.register
def _(result: Backbone) -> Figure:
    """Top-k share beside the null model, a graph of the heaviest edges, and the busiest neurons."""
    figure = Figure(figsize=(16, 6), layout="constrained")
    grid = figure.add_gridspec(1, 3, width_ratios=(3.4, 6.6, 3.4))
    tops, graph, bars = (figure.add_subplot(grid[k]) for k in range(3))
    for axis in (tops, bars):
        axis.spines[["top", "right"]].set_visible(False)
    _tops(tops, result)
    _graph(graph, result)
    _bars(bars, result)
    return figure


def _tops(axis: Axes, result: Backbone) -> None:
    """What the k busiest neurons carry."""
    k = result.top_k
    axis.plot(k, 100 * result.top_share, color=AUTOMATON, linewidth=2, label="this net")
    if result.null_permutations:
        label = f"95 % of {result.null_permutations:,} null models: at most"
        axis.plot(k, 100 * result.top_q95, color=FLOAT, linestyle="--", label=label)
        axis.plot(k, 100 * result.top_median, color=NEUTRAL, linestyle=":", label="their median")
    if result.null_share is not None:
        at, share = result.null_top, 100 * result.null_share
        axis.plot([at], [share], marker="o", color=AUTOMATON)
        words = f"{at:,} neurons: {share:.0f} %"
        right = at**2 < len(k)
        offset, side = ((8, -10), "left") if right else ((-8, 2), "right")
        axis.annotate(words, (at, share), offset, textcoords="offset points", ha=side)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(k) > 10:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set_ylim(0, 118)
    axis.set_title("share of the traffic, %", loc="left")
    axis.set_xlabel("busiest neurons")
    axis.legend(loc="upper left", frameon=False)


def _graph(axis: Axes, result: Backbone) -> None:
    """The heaviest edges as arrows; a wider, darker one carries more."""
    axis.set_axis_off()
    count = min(_EDGES, len(result.edge_to))
    if not count:
        axis.set_title("no edge carries traffic", loc="left")
        return
    to, source, share = (column[:count] for column in (result.edge_to, result.edge_from, result.edge_share))
    edges = "the heaviest edge" if count == 1 else f"the {count} heaviest edges"
    axis.set_title(f"{edges}: {100 * share.sum():.0f} % of the traffic (wider: more)", loc="left")
    place = placed(to, source)
    radius = {j: 9 + 8 * np.sqrt(result.neuron_share[j] / result.neuron_share.max()) for j in place}
    for i, j, width in zip(to.tolist(), source.tolist(), share / share.max()):
        if i == j:
            near = {*to[source == j].tolist(), *source[to == j].tolist()} - {j}
            _loop(axis, place[j], [place[k] for k in near], radius[j], float(width))
        else:
            _arrow(axis, (place[j], place[i]), (radius[j], radius[i]), float(width))
    for j, at in place.items():
        _node(axis, f"h{j}", at, radius[j], str(result.role[j]))
    shown = [role for role in ROLES if any(result.role[j] == role for j in place)]
    for role in shown:
        axis.scatter([], [], 60, marker=_MARKS[role], color=_COLOURS[role], label=role)
    axis.set(xlim=(-1.1, 1.1), ylim=(-1.15, 1.25))
    axis.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=len(shown), frameon=False, handletextpad=0.2
    )


def placed(to: np.ndarray, source: np.ndarray) -> dict[int, np.ndarray]:
    """A place in -1..1 for every neuron of these edges: distances in the plane come close to the number of
    edges between two neurons (stress majorisation, from a circle). Deterministic."""
    graph = nx.Graph(zip(to.tolist(), source.tolist()))
    nodes = sorted(graph)
    far = np.full((len(nodes), len(nodes)), np.nan)
    for k, (_, row) in enumerate(sorted(nx.all_pairs_shortest_path_length(graph))):
        far[k] = [row.get(j, np.nan) for j in nodes]
    far = np.nan_to_num(far, nan=np.nanmax(far) + 1)
    np.fill_diagonal(far, np.inf)
    weight = far**-2.0
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    angle = 2 * np.pi * np.arange(len(nodes)) / len(nodes)
    at = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    for _ in range(_ROUNDS):
        apart = np.linalg.norm(at[:, None] - at[None], axis=2)
        pull = 1 / far / np.maximum(apart, 1e-9)
        at = inverse @ (pull.sum(axis=1)[:, None] * at - pull @ at)
    at -= (at.min(axis=0) + at.max(axis=0)) / 2
    return dict(zip(nodes, at / np.maximum(np.abs(at).max(axis=0), 1e-9)))


def _style(width: float) -> Any:
    """How an arrow of this share of the heaviest one looks."""
    return {
        "arrowstyle": f"-|>,head_length={4 + 4 * width},head_width={2 + 2.5 * width}",
        "linewidth": 0.7 + 4.3 * width,
        "color": str(0.68 - 0.5 * np.sqrt(width)),
        "shrinkA": 0,
        "joinstyle": "miter",
    }


def _arrow(axis: Axes, ends: tuple[np.ndarray, np.ndarray], radii: tuple[float, float], width: float) -> None:
    """One edge between two neurons."""
    style = _style(width) | {"shrinkA": radii[0], "shrinkB": radii[1] + 1}
    tail, head = (tuple(end) for end in ends)
    axis.add_patch(FancyArrowPatch(tail, head, connectionstyle="arc3,rad=0.15", **style))


def _loop(axis: Axes, place: np.ndarray, near: list[np.ndarray], radius: float, width: float) -> None:
    """An edge that returns to its own neuron, in the widest gap between its neighbours."""
    seen = sorted(float(np.arctan2(*(other - place)[::-1])) for other in near) or [-np.pi / 2]
    gaps = np.diff([*seen, seen[0] + 2 * np.pi])
    middle = seen[int(gaps.argmax())] + gaps.max() / 2
    reach = 3 * radius + 8
    points = [  # as they would be above the neuron, which is 0, 0; in points, as the size of markers is
        (-0.6 * radius, 0.8 * radius),
        (-0.8 * reach, reach),
        (0.8 * reach, reach),
        (0.6 * radius, 0.95 * radius),
    ]
    path = Path(points, [Path.MOVETO, *[Path.CURVE4] * 3])
    loop = FancyArrowPatch(path=path, clip_on=False, **_style(width))
    turned = Affine2D().rotate(middle - np.pi / 2).scale(1 / 72)
    x, y = place
    data: Any = axis.transData
    loop.set_transform(turned + axis.figure.dpi_scale_trans + ScaledTranslation(x, y, data))
    axis.add_patch(loop)


def _node(axis: Axes, name: str, place: np.ndarray, radius: float, role: str) -> None:
    x, y = place
    size = (2 * radius) ** 2 * _AREAS[role]
    axis.scatter(x, y, size, marker=_MARKS[role], color=_COLOURS[role], edgecolor="white", zorder=3)
    axis.text(x, y, name, ha="center", va="center_baseline", fontsize=7, color="white", zorder=4)


def _bars(axis: Axes, result: Backbone) -> None:
    """The busiest neurons by the causal definition, and how often each is a published first source."""
    published = result.published_source / max(result.published_source.sum(), 1)
    causal = np.nan_to_num(result.neuron_share)
    order = np.argsort(-np.maximum(causal, published), kind="stable")[:_BARS]
    order = order[np.argsort(-causal[order], kind="stable")]
    rows = np.arange(len(order))
    for role in ROLES:
        at = result.role[order] == role
        if at.any():
            axis.barh(
                rows[at],
                100 * causal[order[at]],
                color=_COLOURS[role],
                hatch=_HATCHES[role],
                edgecolor="white",
                label=role,
            )
    share = 100 * published[order]
    axis.plot(share, rows, "x", color="black", mew=2, clip_on=False, label="first sources, published")
    axis.set_yticks(rows, [f"h{j}" for j in order])
    axis.invert_yaxis()
    axis.set_xlim(left=0)
    axis.set_title("traffic that arrives at a neuron, %", loc="left")
    axis.set_xlabel("crosses: % of the published first sources")
    axis.legend(loc="lower right", frameon=False)
