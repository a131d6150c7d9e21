"""Softmax readouts as a convex problem: its value, its slope, its curvature, and what bounds it from below.

Positions t with features x_t (hidden values; a last 1 stands for the bias) and targets y_t, a readout w_o for
each output o, scores z_t = w x_t, chances p_t = softmax(z_t). All in nats, means over the P positions:

    f(w) = mean [logsumexp(z_t) - z_t,y] + l2 / 2 |w - c|^2          c: the centre, zero but for the biases

Lower bounds. logsumexp(z) >= <a, z> + H(a) for every distribution a (H: entropy), so with one a_t for each
position and r(a) = mean (a_t - e_y) x_t^T

    f(w) >= mean H(a_t) + <w, r> + l2 / 2 |w - c|^2 >= mean H(a_t) + <c, r> - |r|^2 / (2 l2)      for every w,

the last step by the w that is least, c - r / l2: a number without w, so f's least value is not below it. At
a = p(w) it is f(w) - |slope of f at w|^2 / (2 l2), which strong convexity gives as well. The Newton step s
gives a better a: p + its first-order change p (s x - <p, s x>), cut off at 0 and normalised. Without penalty
the middle expression bounds f for the w of norm at most R: mean H(a_t) - R |r|. Bounds are computed in
float64, rounded like every figure here.

What saves work and changes nothing: positions with equal features count as one state with several targets;
outputs that never occur and have one centre have one optimum by symmetry and count as one class; a vector
added to all w_o changes no chance, so the search stays where they add up to the centre.
"""

import dataclasses
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from boolrnn.make.fitting import Features
from boolrnn.make.states import Distinct, distinct

NUMBERS = 1 << 17  # scores at once
CHANCES = 1 << 26  # kept between passes; of more states, every k-th stands for k in the curvature


class Dense:
    """Coordinates (G, H + 1): w, then the bias. Their squares are the penalty."""

    def __init__(self, features: np.ndarray) -> None:
        self.features = features
        self.width: int = features.shape[1]

    def scores(self, rows: slice, theta: np.ndarray) -> np.ndarray:
        """(rows, G), in theta's type."""
        found = self.features[rows].astype(theta.dtype, copy=False) @ theta[:, :-1].T
        found += theta[:, -1]
        return found

    def collect(self, rows: slice, parts: np.ndarray) -> np.ndarray:
        """sum_t parts_t x_t^T: (G, H + 1) of parts (rows, G)."""
        inner = parts.T @ self.features[rows].astype(parts.dtype, copy=False)
        return np.concatenate([inner, parts.sum(axis=0)[:, None]], axis=1)

    def metric(self, theta: np.ndarray) -> np.ndarray:
        """Half the slope of the squared norm of (wy, by) at theta."""
        return theta

    def squared(self, slope: np.ndarray) -> np.ndarray:
        """Per class the squared norm of a slope, as one with respect to (wy, by)."""
        return (slope**2).sum(axis=1)

    def coordinates(self, wy: np.ndarray, by: np.ndarray) -> np.ndarray:
        return np.concatenate([wy, by[:, None]], axis=1).astype(np.float64)

    def readout(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return theta[:, :-1].copy(), theta[:, -1].copy()


class Sparse(Dense):
    """Bits 0 and 1 in few places. With x = 2 a - 1, w x + b = u a + v for u = 2 w and v = b - sum w: the
    coordinates are u and v, whose slopes are as sparse as a; norms are those of w and b."""

    def __init__(self, features: Any) -> None:
        kinds = (np.dtype("f4"), np.dtype("f8"))
        self.bits: dict[np.dtype, Any] = {kind: features.astype(kind, copy=False) for kind in kinds}
        self.width: int = features.shape[1]

    def scores(self, rows: slice, theta: np.ndarray) -> np.ndarray:
        found = self.bits[theta.dtype][rows] @ np.ascontiguousarray(theta[:, :-1].T)
        found += theta[:, -1]
        return found

    def collect(self, rows: slice, parts: np.ndarray) -> np.ndarray:
        inner = (self.bits[parts.dtype][rows].T @ parts).T
        return np.concatenate([inner, parts.sum(axis=0)[:, None]], axis=1)

    def metric(self, theta: np.ndarray) -> np.ndarray:
        bias = theta[:, -1:] + theta[:, :-1].sum(axis=1, keepdims=True) / 2
        return np.concatenate([theta[:, :-1] / 4 + bias / 2, bias], axis=1)

    def squared(self, slope: np.ndarray) -> np.ndarray:
        return ((2 * slope[:, :-1] - slope[:, -1:]) ** 2).sum(axis=1) + slope[:, -1] ** 2

    def coordinates(self, wy: np.ndarray, by: np.ndarray) -> np.ndarray:
        wide = wy.astype(np.float64)
        return np.concatenate([2 * wide, (by - wide.sum(axis=1))[:, None]], axis=1)

    def readout(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        wy = theta[:, :-1] / 2
        return wy, theta[:, -1] + wy.sum(axis=1)


@dataclasses.dataclass(frozen=True, eq=False)
class Point:
    """f at one theta (nats), and what its curvature there needs."""

    theta: np.ndarray
    value: float  # with the penalty
    cost: float  # the cross-entropy alone
    slope: np.ndarray
    chances: np.ndarray  # float32 (K, G), of the states that stand for the curvature
    top: np.ndarray  # the likeliest class of each: its score is the reference, so that no chance cancels


class Softmax:
    """The problem for features (P, H), targets (P), a number of outputs and the centre (O) of the biases."""

    def __init__(self, features: Features, targets: np.ndarray, outputs: int, centre: np.ndarray) -> None:
        states = distinct(features, targets)
        self.classes = _classes(targets, outputs, centre)
        self.copies = np.bincount(self.classes).astype(np.float64)
        self.extra = np.log(self.copies)  # the score of a class, beside that of each of its outputs
        self.design = _design(states.rows)
        self._count(states)
        first = np.unique(self.classes, return_index=True)[1]
        self.centre = self.design.coordinates(np.zeros((len(first), self.design.width)), centre[first])

    def _count(self, states: Distinct) -> None:
        self.states, self.positions = len(states.weights), int(states.weights.sum())
        self.shares = states.weights / self.positions
        self.starts, self.seen = states.starts, self.classes[states.targets]
        self.times = states.times / self.positions
        self.entropy = states.entropy  # bits: no cost is below
        self.longest = (self.design.width + 1) ** 0.5  # of a feature row, about
        self.block = max(16, NUMBERS // len(self.copies))
        self.stride = -(-self.states * len(self.copies) // CHANCES)

    def blocks(self, stride: int = 1) -> list[slice]:
        wide = self.block * stride
        return [slice(a, min(a + wide, self.states), stride) for a in range(0, self.states, wide)]

    def targets(self, rows: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(row within the block, class, share of the positions) of what follows these states."""
        inside = slice(self.starts[rows.start], self.starts[rows.stop])
        many = np.diff(self.starts[rows.start : rows.stop + 1])
        return np.repeat(np.arange(len(many)), many), self.seen[inside], self.times[inside]

    def start(self, wy: np.ndarray | None = None, by: np.ndarray | None = None) -> np.ndarray:
        """theta of a readout, its classes averaged and its sum moved to the centre's; else the centre."""
        if wy is None or by is None:
            return self.centre.copy()
        theta = self.theta(wy, by)
        return theta - self.copies @ (theta - self.centre) / self.copies.sum()

    def theta(self, wy: np.ndarray, by: np.ndarray) -> np.ndarray:
        """theta of a readout, the outputs of a class averaged."""
        found = np.zeros_like(self.centre)
        np.add.at(found, self.classes, self.design.coordinates(wy, by))
        return found / self.copies[:, None]

    def norm(self, theta: np.ndarray) -> float:
        """Norm of (wy, by)."""
        return float((self.copies[:, None] * theta * self.design.metric(theta)).sum()) ** 0.5

    def readout(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """wy (O, H) and by (O), float64."""
        wy, by = self.design.readout(theta)
        return wy[self.classes], by[self.classes]

    def penalty(self, theta: np.ndarray, l2: float) -> tuple[float, np.ndarray]:
        """l2 / 2 |w - c|^2 and its slope."""
        away = theta - self.centre
        slope = l2 * self.copies[:, None] * self.design.metric(away)
        return float((away * slope).sum()) / 2, slope

    def at(self, theta: np.ndarray, l2: float) -> Point:
        """f, its slope and what the curvature needs, in float64."""
        kept = len(range(0, self.states, self.stride))
        chances, top = np.empty((kept, len(self.copies)), np.float32), np.empty(kept, np.int64)
        cost, slope = 0.0, np.zeros_like(theta)
        for rows in self.blocks(self.stride):
            inside = slice(rows.start, rows.stop)
            each, at, times = self.targets(inside)
            p, logs, scores = self._chances(inside, theta)
            cost += float(self.shares[inside] @ logs - times @ scores[each, at])
            part = slice(rows.start // self.stride, -(-rows.stop // self.stride))
            chances[part] = p[:: self.stride]
            top[part] = p[:: self.stride].argmax(axis=1)
            p *= self.shares[inside, None]
            p[each, at] -= times  # a class occurs once in a state's list
            slope += self.design.collect(inside, p)
        extra, more = self.penalty(theta, l2)
        return Point(theta, cost + extra, cost, slope + more, chances, top)

    def _chances(self, rows: slice, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Chances of the classes, the logarithm of their sum before, and scores, less the largest."""
        scores = self.design.scores(rows, theta)
        scores += self.extra
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        sums = chances.sum(axis=1)
        chances /= sums[:, None]
        return chances, np.log(sums), scores

    def product(self, point: Point, step: np.ndarray, shrink: float) -> np.ndarray:
        """The curvature at a point, with `shrink` as its penalty, times a step; in float32."""
        narrow, found = step.astype(np.float32), np.zeros_like(step)
        for rows in self.blocks(self.stride):
            part = slice(rows.start // self.stride, -(-rows.stop // self.stride))
            p, top = point.chances[part], point.top[part]
            raised = self.design.scores(rows, narrow)
            raised -= raised[np.arange(len(top)), top][:, None]
            raised *= p
            raised -= p * raised.sum(axis=1, keepdims=True)
            raised *= (self.stride * self.shares[rows, None]).astype(np.float32)
            found += self.design.collect(rows, raised)
        return found + shrink * self.copies[:, None] * self.design.metric(step)

    def bound(self, theta: np.ndarray, l2: float, step: np.ndarray | None, radius: float) -> float:
        """What f is nowhere below: with l2 = 0, for readouts of norm at most `radius` (module docstring)."""
        entropy, slope = 0.0, np.zeros_like(theta)
        for rows in self.blocks():
            a = self._chances(rows, theta)[0]
            if step is not None:
                raised = self.design.scores(rows, step)
                raised -= (a * raised).sum(axis=1, keepdims=True)
                a = np.maximum(a * (1 + raised), 0)
                a /= a.sum(axis=1, keepdims=True)
            logs = self.extra - np.log(np.where(a > 0, a, 1))
            entropy += float(self.shares[rows] @ (a * logs).sum(axis=1))
            a *= self.shares[rows, None]
            each, at, times = self.targets(rows)
            a[each, at] -= times
            slope += self.design.collect(rows, a)
        squared = float((self.design.squared(slope) / self.copies).sum())
        if l2 > 0:
            return entropy + float((self.centre * slope).sum()) - squared / (2 * l2)
        return entropy - radius * squared**0.5


def _design(features: Features) -> Dense:
    return Sparse(features) if isinstance(features, csr_array) else Dense(features)


def _classes(targets: np.ndarray, outputs: int, centre: np.ndarray) -> np.ndarray:
    """The class of each output: those that occur are alone, the others are together by their centre."""
    found = np.bincount(targets, minlength=outputs) > 0
    classes = np.empty(outputs, np.int64)
    classes[found] = np.arange(found.sum())
    classes[~found] = found.sum() + np.unique(centre[~found], return_inverse=True)[1]
    return classes


def cross_entropy(features: Features, targets: np.ndarray, wy: np.ndarray, by: np.ndarray) -> float:
    """Mean bits that the targets (P) cost under a readout of features (P, H), computed in float64."""
    design = _design(features)
    theta, total = design.coordinates(wy, by), 0.0
    block = max(16, NUMBERS // len(by))
    for a in range(0, len(targets), block):
        wanted = targets[a : a + block]
        scores = design.scores(slice(a, a + block), theta)
        scores -= scores.max(axis=1, keepdims=True)
        chosen = scores[np.arange(len(wanted)), wanted]
        total += float((np.log(np.exp(scores).sum(axis=1)) - chosen).sum())
    return total / len(targets) / float(np.log(2))
