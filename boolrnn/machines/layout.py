"""Where the states of a drawing stand.

Several arrangements are made (layers by distance from the start, ordered by barycentres as Sugiyama, Tagawa
and Toda 1981, doi:10.1109/TSMC.1981.4308636; rows; a ring; forces as Kamada and Kawai 1989,
doi:10.1016/0020-0190(89)90102-6, by networkx). They are brought to a grid and improved by moving one
state at a time, and the one with the lowest cost is taken, or the ring; of a machine with very many edges the
ring. The cost counts crossings of straight edges, states that lie on an edge,
lengths, edges of shortest words that run backwards, and the area. Nothing is drawn by chance: equal machines
give equal drawings. No arrangement is claimed to be the best.
"""

import math

import networkx as nx
import numpy as np

from boolrnn.shapes import Bool, Float64, Int64

GRID, RING = "grid", "ring"
_CROSSING, _COVERED, _LENGTH, _BACKWARDS, _AREA, _RING_BONUS = 1.0, 4.0, 0.45, 0.35, 0.5, 0.45
_CLEAR = 0.8  # distance of an edge from states that are not its own, at least; a state has radius 0.5
_WIDEST, _TALLEST = 4.0, 0.9  # width over height, height over width of a good picture, at most
_SWEEPS = 12
_SMALL = 16  # states up to which all arrangements are improved; above, the two best
_DENSE = 4  # neighbours of a state, on the average half of it: from there on a ring
_WIDER = 1.5  # such a ring is so much wider: its words stand inside
_FULL = 0.7  # of all pairs: the same
_SPOTS = (200, 60)  # places that a state is moved to in the first sweeps and in later ones, at most
_EFFORT = 150_000  # pairs of edges that are looked at to move a state, about


def placed(
    count: int, pairs: Int64[np.ndarray, "E 2"], depth: Int64[np.ndarray, "N"], gap: float
) -> tuple[Float64[np.ndarray, "N 2"], str]:
    """Places of `count` states of radius 0.5 and the name of the arrangement.

    `pairs` are (from, to) of edges, loops left out; `depth` is the length of the shortest word that leads to
    a state (states that cannot be reached count from the first of their part); `gap` the least distance of
    neighbours. State 0 is the start. The first coordinate grows to the right, the second upwards.
    """
    if count == 1:
        return np.zeros((1, 2)), RING
    scene = _Scene(count, pairs, depth, gap)
    ring = _ring(scene)
    if scene.dense:
        return _WIDER * ring, RING
    found = (_layers(scene), _rows(scene), _forces(scene, ring), ring)
    starts = [scene.gridded(places) for places in found]
    starts = sorted(starts, key=scene.cost)[: len(starts) if count <= _SMALL else 2]
    best = min((scene.improved(places) for places in starts), key=scene.cost)
    turned = scene.improved(-best[:, ::-1])  # what ran downwards runs to the right
    best = min(best, turned, key=scene.cost)
    if scene.cost(ring) - _RING_BONUS * math.sqrt(count) <= scene.cost(best):
        return ring, RING
    return best, GRID


class _Scene:
    """The graph that is placed."""

    def __init__(self, count: int, pairs: np.ndarray, depth: np.ndarray, gap: float) -> None:
        self.count, self.depth, self.gap = count, depth, gap
        self.sides = np.unique(np.sort(pairs, axis=1), axis=0) if len(pairs) else pairs.reshape(0, 2)
        self.pairs = pairs
        share = 2 * len(self.sides) / (count * (count - 1))
        self.dense = len(self.sides) > _DENSE * count or (count > 4 and share > _FULL)
        ahead = depth[pairs[:, 1]] == depth[pairs[:, 0]] + 1
        self.forward = pairs[ahead]
        self.sharing = (self.sides[:, None, :, None] == self.sides[None, :, None, :]).any(axis=(2, 3))
        self.own = (self.sides[:, :, None] == np.arange(count)).any(axis=1)
        both = {tuple(sorted(pair)) for pair in pairs.tolist() if pair[::-1] in pairs.tolist()}
        self.weight = np.array([1.3 if tuple(side) in both else 1.0 for side in self.sides.tolist()])

    def cost(self, places: np.ndarray) -> float:
        """What an arrangement costs."""
        a, b = places[self.sides[:, 0]], places[self.sides[:, 1]]
        crossed = (_crossing(a[:, None], b[:, None], a[None], b[None]) & ~self.sharing).sum() / 2
        covered = ((_distance(places, a[:, None], b[:, None]) < _CLEAR) & ~self.own).sum()
        length = (np.linalg.norm(a - b, axis=1) / self.gap - 1) * self.weight
        step = (places[self.forward[:, 1]] - places[self.forward[:, 0]]) / self.gap
        back = np.maximum(0.4 - step[:, 0], 0).clip(max=1.5)
        size = np.prod(np.ptp(places, axis=0) + self.gap) / self.gap**2
        area = math.sqrt(size * self.count) - self.count
        wide = np.ptp(places, axis=0) + self.gap
        shape = max(wide[0] / wide[1] / _WIDEST - 1, wide[1] / wide[0] / _TALLEST - 1, 0) * math.sqrt(
            self.count
        )
        return float(
            _CROSSING * crossed + _COVERED * covered + _LENGTH * length.sum() + _BACKWARDS * back.sum()
        ) + _AREA * (max(area, 0.0) + shape)

    def gridded(self, places: np.ndarray) -> np.ndarray:
        """An arrangement on a grid of half the least distance."""
        half = self.gap / 2
        return self._apart(np.round((places - places[0]) / half) * half)

    def improved(self, places: np.ndarray) -> np.ndarray:
        """Move one state after the other to the spot of the grid where the whole costs least."""
        places = places.copy()
        for sweep in range(_SWEEPS if self.count <= 2 * _SMALL else _SWEEPS // 2):
            moved = False
            for n in range(self.count):
                spots = self._free(places, n, _SPOTS[sweep > 1])
                costs = self._costs(places, n, spots)
                k = int(np.argmin(costs))
                if costs[k] < costs[-1] - 1e-6:  # the last is where it stands
                    places[n], moved = spots[k], True
            if not moved:
                break
        return places

    def _apart(self, places: np.ndarray) -> np.ndarray:
        """Every state on a spot of the grid at its own distance from those before it, the nearest such."""
        half = self.gap / 2
        fixed = np.empty((0, 2))
        for place in places:
            for reach in range(4 * self.count + 4):
                spots = place + half * _square(reach)
                far = (np.linalg.norm(spots[:, None] - fixed, axis=2) > self.gap - 1e-6).all(axis=1)
                if far.any():
                    near = np.linalg.norm(spots[far] - place, axis=1)
                    fixed = np.vstack([fixed, spots[far][int(np.argmin(near))]])
                    break
        return fixed

    def _free(self, places: np.ndarray, n: int, most: int) -> np.ndarray:
        """The nearest spots where state n may stand, the last one where it stands."""
        others, half = np.delete(places, n, axis=0), self.gap / 2
        degree = int(self.own[:, n].sum())
        most = min(most, max(24, _EFFORT // (degree * len(self.sides) + 1)))
        low, high = others.min(axis=0) - 2 * half, others.max(axis=0) + 2 * half
        x, y = (np.arange(low[k], high[k] + half / 2, half) for k in range(2))
        spots = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
        aims = [places[n]]
        if degree:  # near where it stands, and near its neighbours
            aims.append(places[self.sides[self.own[:, n]].sum(axis=1) - n].mean(axis=0))
        near = [np.argsort(np.linalg.norm(spots - aim, axis=1), kind="stable")[: 2 * most] for aim in aims]
        spots = spots[np.unique(np.concatenate([part[: 2 * most // len(aims)] for part in near]))]
        far = (np.linalg.norm(spots[:, None] - others, axis=2) > self.gap - 1e-6).all(axis=1)
        return np.vstack([spots[far], places[n]])

    def _costs(self, places: np.ndarray, n: int, spots: np.ndarray) -> np.ndarray:
        """What of the cost depends on state n, for every spot."""
        mine = self.own[:, n]
        ends = self.sides[mine].sum(axis=1) - n
        b, weight = places[ends], self.weight[mine]
        c, d = places[self.sides[~mine, 0]], places[self.sides[~mine, 1]]
        length = np.linalg.norm(spots[:, None] - b, axis=2)
        cost = _LENGTH * (length / self.gap * weight).sum(axis=1)
        apart = ~self.sharing[mine][:, ~mine]
        crossed = _crossing(spots[:, None, None], b[None, :, None], c[None, None], d[None, None])
        cost += _CROSSING * (crossed & apart).sum(axis=(1, 2))
        others = np.delete(np.arange(self.count), n)
        covered = _distance(places[others], spots[:, None, None], b[None, :, None]) < _CLEAR
        cost += _COVERED * (covered & (others != ends[:, None])).sum(axis=(1, 2))
        cost += _COVERED * (_distance(spots[:, None], c[None], d[None]) < _CLEAR).sum(axis=1)
        for source, target in self.forward[(self.forward == n).any(axis=1)].tolist():
            step = (places[target] - spots if source == n else spots - places[source])[:, 0]
            cost += _BACKWARDS * np.maximum(0.4 - step / self.gap, 0).clip(max=1.5)
        rest = np.delete(places, n, axis=0)
        low = np.minimum(rest.min(axis=0), spots)
        wide = np.maximum(rest.max(axis=0), spots) - low + self.gap
        cost += _AREA * np.sqrt(wide.prod(axis=1) / self.gap**2 * self.count)
        shape = np.maximum(wide[:, 0] / wide[:, 1] / _WIDEST, wide[:, 1] / wide[:, 0] / _TALLEST)
        return cost + _AREA * np.maximum(shape - 1, 0) * math.sqrt(self.count)


def _layers(scene: _Scene) -> np.ndarray:
    """Columns by depth; the order in a column by the mean height of the neighbours, a few times."""
    height = np.zeros(scene.count)
    columns = [np.flatnonzero(scene.depth == d) for d in range(int(scene.depth.max()) + 1)]
    linked = scene.own.T.astype(float) @ scene.own.astype(float) * (1 - np.eye(scene.count))
    linked = (linked > 0).astype(float)
    degree = np.maximum(linked.sum(axis=1), 1)
    for _ in range(2 * _SWEEPS):
        for members in columns:
            wanted = (linked[members] @ height) / degree[members]
            order = members[np.lexsort((members, wanted))]
            height[order] = np.arange(len(order)) - (len(order) - 1) / 2
    return scene.gap * np.stack([scene.depth.astype(float), -height], axis=1)


def _rows(scene: _Scene) -> np.ndarray:
    """Rows in breadth-first order, to the right and back in turn."""
    across = max(1, math.ceil(math.sqrt(2 * scene.count)))
    row, place = np.divmod(np.arange(scene.count), across)
    place = np.where(row % 2, across - 1 - place, place)
    return scene.gap * np.stack([place, -row], axis=1).astype(float)


def _ring(scene: _Scene) -> np.ndarray:
    """A ring, ordered by two eigenvectors and by swaps so that chords are short; the start at the left."""
    count, graph = scene.count, _graph(scene)
    order = np.arange(count)
    if count > 3:
        near = nx.to_numpy_array(graph, nodelist=range(count))
        laplacian = np.diag(near.sum(axis=1)) - near
        vectors = np.linalg.eigh(laplacian + 1e-6 * np.diag(np.arange(count)))[1]
        order = np.argsort(np.arctan2(vectors[:, 2], vectors[:, 1]), kind="stable")
    slot = np.empty(count, np.int64)
    slot[order] = np.arange(count)
    slot = min(
        (_swapped(scene, first) for first in (np.arange(count), slot)), key=lambda s: _chords(scene, s)
    )
    slot = (slot - slot[0]) % count
    follows = scene.pairs[scene.pairs[:, 0] == 0, 1]
    if len(follows) and slot[follows[0]] > count / 2:  # the first state after the start lies above
        slot = -slot % count
    radius = scene.gap / (2 * math.sin(math.pi / count)) if count > 2 else scene.gap / 2
    angle = math.pi - 2 * math.pi * slot / count
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _chords(scene: _Scene, slot: np.ndarray) -> float:
    """The sum of all chords of a ring of diameter 1."""
    return float(
        np.abs(np.sin(math.pi * (slot[scene.sides[:, 0]] - slot[scene.sides[:, 1]]) / scene.count)).sum()
    )


def _swapped(scene: _Scene, slot: np.ndarray) -> np.ndarray:
    """Swap two states of the ring while that shortens its chords."""
    slot, length = slot.copy(), _chords(scene, slot)
    for _ in range(_SWEEPS // 2 if scene.count <= 60 else 1):
        before = length
        for a in range(scene.count):
            for b in range(a + 1, scene.count):
                slot[[a, b]] = slot[[b, a]]
                now = _chords(scene, slot)
                if now < length - 1e-9:
                    length = now
                else:
                    slot[[a, b]] = slot[[b, a]]
        if length == before:
            break
    return slot


def _forces(scene: _Scene, ring: np.ndarray) -> np.ndarray:
    """Springs as long as the paths between two states, from the ring; the start at the left."""
    found = nx.kamada_kawai_layout(_graph(scene), pos=dict(enumerate(ring)))
    places = np.array([found[n] for n in range(scene.count)])
    linked = np.array(_graph(scene).edges)
    ends = places[linked[:, 0]] - places[linked[:, 1]]
    places = places * (1.1 * scene.gap / max(float(np.median(np.linalg.norm(ends, axis=1))), 1e-9))
    places = places - places.mean(axis=0)
    turn = math.pi - math.atan2(places[0, 1], places[0, 0])
    cos, sin = math.cos(turn), math.sin(turn)
    return places @ np.array([[cos, sin], [-sin, cos]])


def _graph(scene: _Scene) -> nx.Graph:
    """The graph, its parts linked to the start so that they stay near."""
    graph = nx.Graph()
    graph.add_nodes_from(range(scene.count))
    graph.add_edges_from((a, b) for a, b in scene.sides.tolist())
    for part in list(nx.connected_components(graph)):
        if 0 not in part:
            graph.add_edge(0, min(part))
    return graph


def _square(reach: int) -> np.ndarray:
    """Points of the grid at the edge of a square around 0."""
    if reach == 0:
        return np.zeros((1, 2))
    line = np.arange(-reach, reach + 1)
    points = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return points[np.abs(points).max(axis=1) == reach].astype(float)


def _crossing(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> Bool[np.ndarray, "..."]:
    """Whether the segments a-b and c-d cross between their ends."""
    return (_side(a, b, c) * _side(a, b, d) < -1e-9) & (_side(c, d, a) * _side(c, d, b) < -1e-9)


def _side(a: np.ndarray, b: np.ndarray, p: np.ndarray) -> np.ndarray:
    ab, ap = b - a, p - a
    return ab[..., 0] * ap[..., 1] - ab[..., 1] * ap[..., 0]


def _distance(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance of points from segments a-b."""
    ab, ap = b - a, points - a
    share = ((ab * ap).sum(axis=-1) / np.maximum((ab * ab).sum(axis=-1), 1e-12)).clip(0, 1)
    return np.linalg.norm(ap - share[..., None] * ab, axis=-1)
