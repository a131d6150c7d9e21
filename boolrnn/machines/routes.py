"""How the edges of a drawing run between its states, and where their words stand.

Lengths are in the unit of the layout: a state has radius 0.5. An edge is a quadratic Bezier curve whose
middle lies `bend` to the left of the straight line (seen from its source); a loop leaves the state at an
angle and comes back. Words have a box of a width that is estimated (0.17 for a character), so that a drawing
does not depend on a font. What is chosen is chosen greedily, one edge after the other, by what it covers.
"""

import dataclasses
import math

import numpy as np

from boolrnn.shapes import Bool, Float64, Int64

RADIUS = 0.5  # of a state
LOOP, STUB = 1.0, 1.2  # how far a loop reaches from the middle of its state; the start's arrow and stubs
CHARACTER, LINE = 0.17, 0.33  # width of a character, height of a line
_POINTS = 17  # of a curve, that are looked at
_NEAR = 0.18  # least free distance of edges and states
_BENDS = (0.0, 0.3, -0.3, 0.55, -0.55, 0.9, -0.9, 1.4, -1.4, 2.0, -2.0)
_BOTH_WAYS = (0.2, 0.35, 0.6, 1.0, 1.5, 2.1, -0.6, -1.0, -1.5)
_ANGLES = np.arange(16) * math.pi / 8
_ALONG = (0.5, 0.43, 0.57, 0.35, 0.65, 0.28, 0.72)  # where words may stand
_COVERS, _OVER, _TOUCHES = 1000.0, 300.0, 1.5  # words over a state, over words, over a point of a curve
_MANY = 250  # edges, from where curves are not kept away from each other


@dataclasses.dataclass(frozen=True, eq=False)
class Routes:
    """Where everything but the states runs; angles in radians, counterclockwise from the right."""

    bend: Float64[np.ndarray, "E"]  # of an edge; of a loop its angle
    words: Float64[np.ndarray, "E 2"]  # the middle of an edge's words
    start: float  # where the start's arrow comes from
    stub: Float64[np.ndarray, "N"]  # where the stub of a state leaves; NaN: it has none
    covering: Bool[np.ndarray, "E"]  # words that cover a state, or words that were placed before


def curve(
    a: Float64[np.ndarray, "2"], b: Float64[np.ndarray, "2"], bend: float
) -> Float64[np.ndarray, "3 2"]:
    """Control points of an edge between the rims of the states at a and b."""
    control = _control(a, b, bend)
    share = np.linspace(0, 1, 129)
    points = _along(a, control, b, share)
    inside = [np.linalg.norm(points - end, axis=1) > RADIUS for end in (a, b)]
    outside = np.flatnonzero(inside[0] & inside[1])
    first, last = (share[outside[0]], share[outside[-1]]) if len(outside) else (0.0, 1.0)
    ends = _along(a, control, b, np.array([first, last]))
    one, two = a + (control - a) * first, control + (b - control) * first
    return np.stack([ends[0], one + (two - one) * last, ends[1]])


def loop(a: Float64[np.ndarray, "2"], angle: float) -> Float64[np.ndarray, "4 2"]:
    """Control points (of a cubic curve) of a loop at the state at a."""
    turns = (angle + 0.5, angle + 0.62, angle - 0.62, angle - 0.5)
    reach = (LOOP - 0.25 * RADIUS * math.cos(0.5)) / (0.75 * math.cos(0.62))
    radii = (RADIUS, reach, reach, RADIUS)
    return np.stack([a + r * np.array([math.cos(t), math.sin(t)]) for t, r in zip(turns, radii)])


def box(words: str) -> tuple[float, float]:
    """Width and height of words, estimated."""
    lines = words.split("\n")
    return CHARACTER * max(map(len, lines)) + 0.06, LINE * len(lines)


def routed(
    places: Float64[np.ndarray, "N 2"],
    edges: Int64[np.ndarray, "E 2"],
    words: list[str],
    leaving: Bool[np.ndarray, "N"],
) -> Routes:
    """Curves of `edges` (from, to) and places of their `words` (an empty one has no box); state 0 has the
    start's arrow, and states where `leaving` a stub."""
    router = _Router(places, edges, words)
    router.bend_edges()
    start = router.arrow(0, math.pi)
    router.loops()
    stub = np.full(len(places), math.nan)
    for n in np.flatnonzero(leaving).tolist():
        stub[n] = router.arrow(n, 0.0)
    router.write()
    return Routes(
        bend=router.bend, words=router.middle, start=start, stub=stub, covering=router.cost >= _OVER
    )


class _Router:
    """What stands already."""

    def __init__(self, places: np.ndarray, edges: np.ndarray, words: list[str]) -> None:
        self.places, self.edges, self.words = places, edges, words
        self.bend = np.zeros(len(edges))
        self.middle = np.full((len(edges), 2), math.nan)
        self.cost = np.zeros(len(edges))  # of words where they stand
        self.points = np.empty((0, 2))  # of all curves
        self.owner = np.empty(0, np.int64)  # the edge of each point; -1: an arrow
        self.boxes = np.empty((0, 4))  # of words: x, y of the middle, half the width, half the height
        self.share = np.linspace(0, 1, _POINTS)

    def bend_edges(self) -> None:
        """Choose the bend of every edge that is no loop, short ones first."""
        given = {tuple(edge) for edge in self.edges.tolist()}
        apart = np.linalg.norm(self.places[self.edges[:, 0]] - self.places[self.edges[:, 1]], axis=1)
        for e in np.argsort(apart, kind="stable").tolist():
            source, target = self.edges[e].tolist()
            if source == target:
                continue
            bends = _BOTH_WAYS if (target, source) in given else _BENDS
            a, b = self.places[source], self.places[target]
            found = np.stack([_along(a, _control(a, b, bend), b, self.share) for bend in bends])
            k = int(np.argmin(self._covering(found, source, target) + 0.5 * np.abs(bends)))
            self.bend[e] = bends[k]
            self._keep(found[k], e)

    def _covering(self, curves: np.ndarray, source: int, target: int) -> np.ndarray:
        """What curves (C, T, 2) cost: states that they cover, and how far they run along other curves."""
        others = np.delete(self.places, [source, target], axis=0)
        far = _squared(curves, others).min(axis=1, initial=9.0)
        cost = 6.0 * ((far < (RADIUS + _NEAR) ** 2).sum(axis=1) + (far < RADIUS**2).sum(axis=1))
        if len(self.points) and len(self.edges) <= _MANY:
            free = curves[:, 3:-3]
            low, high = free.min(axis=(0, 1)) - _NEAR, free.max(axis=(0, 1)) + _NEAR
            nearby = self.points[((self.points > low) & (self.points < high)).all(axis=1)]
            near = _squared(free, nearby).min(axis=2, initial=9.0) < _NEAR**2
            cost = cost + 0.15 * near.sum(axis=1)
        return cost

    def _keep(self, points: np.ndarray, owner: int) -> None:
        self.points = np.vstack([self.points, points])
        self.owner = np.concatenate([self.owner, np.full(len(points), owner)])

    def arrow(self, n: int, wanted: float) -> float:
        """The freest angle for a short arrow at a state, the wanted one where that is free."""
        costs = []
        for angle in _ANGLES:
            way = np.array([math.cos(angle), math.sin(angle)])
            points = self.places[n] + np.linspace(RADIUS, STUB, 6)[:, None] * way
            far = np.linalg.norm(self.points[:, None] - points[2:], axis=2)
            cost = 1.0 * (far < 0.22).any(axis=1).sum() + self._over_states(points[2:], n, 0.25)
            costs.append(cost + 0.4 * (1 - math.cos(angle - wanted)))
        angle = float(_ANGLES[int(np.argmin(costs))])
        way = np.array([math.cos(angle), math.sin(angle)])
        self._keep(self.places[n] + np.linspace(RADIUS, STUB, 6)[:, None] * way, -1)
        return angle

    def _over_states(self, points: np.ndarray, own: int, free: float) -> float:
        """What points near other states cost."""
        others = np.delete(self.places, own, axis=0)
        return 4.0 * (np.linalg.norm(points[:, None] - others, axis=2) < RADIUS + free).any(axis=0).sum()

    def loops(self) -> None:
        """Choose the angle of every loop, and the place of its words."""
        for e in np.flatnonzero(self.edges[:, 0] == self.edges[:, 1]).tolist():
            n = int(self.edges[e, 0])
            found = [self._loop(n, e, float(angle)) for angle in _ANGLES]
            k = int(np.argmin([cost for cost, _, _ in found]))
            self.bend[e] = _ANGLES[k]
            _, points, here = found[k]
            if self.words[e]:
                self.cost[e] = self._box(here[None], -2)[0]
                self.middle[e] = here[:2]
                self.boxes = np.vstack([self.boxes, here])
            self._keep(points, e)

    def _loop(self, n: int, e: int, angle: float) -> tuple[float, np.ndarray, np.ndarray]:
        """Cost, points and the box of the words of a loop at an angle."""
        way = np.array([math.cos(angle), math.sin(angle)])
        points = _cubic(loop(self.places[n], angle), self.share)
        width, height = box(self.words[e]) if self.words[e] else (0.0, 0.0)
        half = np.array([width, height]) / 2
        out = LOOP + 0.06 + float(np.abs(way) @ half)
        here = np.concatenate([self.places[n] + out * way, half])
        near = np.linalg.norm(self.points - (self.places[n] + 0.75 * way), axis=1) < 0.42
        cost = 1.0 * near.sum() + self._over_states(points, n, 0.1)
        cost += 0.3 * (1 - math.sin(angle)) + 0.25 * (abs(math.sin(2 * angle)) > 0.1)
        return cost + (self._box(here[None], -2)[0] if self.words[e] else 0.0), points, here

    def write(self) -> None:
        """Place the words of the other edges, those of short ones first."""
        rest = [e for e in range(len(self.edges)) if self.words[e] and np.isnan(self.middle[e, 0])]
        for e in sorted(rest, key=lambda e: (np.linalg.norm(np.subtract(*self.places[self.edges[e]])), e)):
            boxes, extra = self._candidates(e)
            costs = self._box(boxes, e) + extra
            k = int(np.argmin(costs))
            self.cost[e] = costs[k]
            self.middle[e] = boxes[k, :2]
            self.boxes = np.vstack([self.boxes, boxes[k]])

    def _candidates(self, e: int) -> tuple[np.ndarray, np.ndarray]:
        """Boxes beside the curve, on both sides, and how much each is out of its way."""
        a, b = self.places[self.edges[e]]
        control = _control(a, b, self.bend[e])
        half = np.array(box(self.words[e])) / 2
        boxes, extra = [], []
        for t in _ALONG:
            at = _along(a, control, b, np.array([t]))[0]
            way = (1 - t) * (control - a) + t * (b - control)
            left = np.array([-way[1], way[0]]) / max(float(np.linalg.norm(way)), 1e-9)
            if self.bend[e] < 0 or (self.bend[e] == 0 and (left[1] < -1e-9)):
                left = -left  # the outer side of a bend; above a straight line
            for side, worse in ((1, 0.0), (-1, 0.4)):
                for more, further in ((0.09, 0.0), (0.22, 0.35)):
                    reach = more + float(np.abs(left) @ half)
                    boxes.append(np.concatenate([at + side * reach * left, half]))
                    extra.append(worse + further + 3 * abs(t - 0.5))
        return np.array(boxes), np.array(extra)

    def _box(self, boxes: np.ndarray, e: int) -> np.ndarray:
        """What boxes of words cost by what they cover."""
        cost = _COVERS * self._on_states(boxes).astype(float)
        if len(self.boxes):
            apart = np.abs(boxes[:, None, :2] - self.boxes[:, :2]) - (boxes[:, None, 2:] + self.boxes[:, 2:])
            cost += _OVER * (apart < -0.01).all(axis=2).sum(axis=1)
        low = (boxes[:, :2] - boxes[:, 2:]).min(axis=0) - 0.16
        high = (boxes[:, :2] + boxes[:, 2:]).max(axis=0) + 0.16
        nearby = ((self.points > low) & (self.points < high)).all(axis=1)
        if nearby.any():
            apart = np.abs(boxes[:, None, :2] - self.points[nearby]) - boxes[:, None, 2:]
            off = np.maximum(apart[:, :, 0], apart[:, :, 1])
            inside, near = off < 0.03, off < 0.16
            cost += _TOUCHES * inside.sum(axis=1)
            cost += 0.4 * (near & ~inside & (self.owner[nearby] != e)).sum(axis=1)  # whose words are they?
        return cost

    def _on_states(self, boxes: np.ndarray) -> np.ndarray:
        """How many states a box touches."""
        off = np.maximum(np.abs(boxes[:, None, :2] - self.places) - boxes[:, None, 2:], 0)
        return (np.linalg.norm(off, axis=2) < RADIUS + 0.05).sum(axis=1)


def _squared(curves: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Squared distances of the points of curves (C, T, 2) from points (P, 2): (C, T, P)."""
    x = curves[:, :, None, 0] - points[:, 0]
    y = curves[:, :, None, 1] - points[:, 1]
    return x * x + y * y


def _control(a: np.ndarray, b: np.ndarray, bend: float) -> np.ndarray:
    """The control point of a quadratic curve whose middle lies `bend` to the left of its chord."""
    way = b - a
    left = np.array([-way[1], way[0]]) / max(float(np.linalg.norm(way)), 1e-9)
    return (a + b) / 2 + 2 * bend * left


def _along(a: np.ndarray, control: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    t = share[:, None]
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b


def _cubic(points: np.ndarray, share: np.ndarray) -> np.ndarray:
    t = share[:, None]
    ends = (1 - t) ** 3 * points[0] + t**3 * points[3]
    return ends + 3 * t * (1 - t) ** 2 * points[1] + 3 * t**2 * (1 - t) * points[2]
