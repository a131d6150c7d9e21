"""Gradients through time, in two arithmetics: do they point the same way?

g_{t,d} is the gradient of ln P(symbols[t + 1]) with respect to h(t - d):

    g_{t,0} = wy[y] - sum_o P_o wy[o],   g_{t,d}_j = sum_i wh_ij (1 - h_i(s)^2) g_{t,d-1}_i,  s = t - d + 1

in float32 (hidden values of the float32 run, softmax in float64, g_{t,0} rounded to float32, all that
follows in float32, sums in the order of this machine's BLAS) and in float64 throughout.
"""

from collections.abc import Callable, Iterator

import numpy as np

from boolrnn.model.rnn import log2_probabilities, logits
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float, Float64, Int64

DEPTHS = (0, 1, 2, 5, 10, 11, 20, 30, 50)
REACH = DEPTHS[-1]


class Gradients:
    """Compares gradients at many positions, a block at a time.

    Per depth and position (T): `cosine` between the two arithmetics, `ratio` |g_d| / |g_0| and `first`
    |cos(g_d, g_0)|, both in float64. NaN where the text is too short for the depth, or a gradient is 0 or
    not finite.
    """

    def __init__(self, weights: Weights, positions: int) -> None:
        self.weights = weights
        shape = (len(DEPTHS), positions)
        self.cosine, self.ratio, self.first = (np.full(shape, np.nan) for _ in range(3))
        self.deep_enough = np.zeros(len(DEPTHS), np.int64)
        self.done = 0

    def add(
        self,
        narrow: Float[np.ndarray, "N H"],
        wide: Float64[np.ndarray, "N H"],
        at: Int64[np.ndarray, "P"],
        steps: Int64[np.ndarray, "P"],
        targets: Int64[np.ndarray, "P"],
    ) -> None:
        """Positions whose hidden values are the rows `at` of `narrow` (float32) and `wide` (float64), with
        `steps` positions before them in the text, of which the last REACH are in the rows before."""
        rows = slice(self.done, self.done + len(at))
        self.done += len(at)
        first = None
        runs = (_backwards(self.weights, hidden, at, targets) for hidden in (narrow, wide))
        for depth, (low, high) in enumerate(zip(*runs)):
            if first is None:
                first = _directions(high)
            if depth not in DEPTHS:
                continue
            k = DEPTHS.index(depth)
            enough = steps >= depth
            self.deep_enough[k] += enough.sum()
            (unit, size), (other, _), (start, whole) = _directions(high), _directions(low), first
            self.cosine[k, rows] = np.where(enough, _cosine(unit, other), np.nan)
            self.first[k, rows] = np.where(enough, np.abs(_cosine(unit, start)), np.nan)
            known = enough & (whole > 0)
            self.ratio[k, rows] = np.where(known, size / np.where(known, whole, 1.0), np.nan)

    def columns(self) -> dict[str, np.ndarray]:
        """Statistics per depth that some position has, as columns of a result."""
        kept = np.flatnonzero(self.deep_enough)
        defined = np.isfinite(self.cosine[kept])
        cosine = np.where(defined, self.cosine[kept], np.nan)
        return {
            "gradient_depth": np.array(DEPTHS)[kept],
            "gradient_positions": defined.sum(axis=1),
            "gradient_undefined": self.deep_enough[kept] - defined.sum(axis=1),
            "gradient_cosine": _each(np.mean, cosine),
            "gradient_cosine_least": _each(np.min, cosine),
            "gradient_ratio": _each(np.median, self.ratio[kept]),
            "gradient_first": _each(np.mean, self.first[kept]),
        }


def _backwards(
    weights: Weights, hidden: np.ndarray, at: np.ndarray, targets: np.ndarray
) -> Iterator[np.ndarray]:
    """g_{t,d} (P, H) for d = 0, 1, ... REACH, in the arithmetic of `hidden`. Rows before the first count as
    the first: what they give is not looked at."""
    dtype = hidden.dtype
    chance = np.exp2(log2_probabilities(logits(weights, hidden[at])))
    wy, wh = weights.wy.astype(np.float64), weights.wh.astype(dtype)
    gradient = (wy[targets] - chance @ wy).astype(dtype)
    yield gradient
    for depth in range(1, REACH + 1):
        h = hidden[np.maximum(at - depth + 1, 0)]
        gradient = ((1 - h * h) * gradient) @ wh
        yield gradient


def _directions(gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of unit length (NaN where there is none) and lengths, in float64."""
    rows = gradient.astype(np.float64)
    scale = np.abs(rows).max(axis=1)  # squares may leave the range of float64 either way
    good = np.isfinite(scale) & (scale > 0)
    rows = rows / np.where(good, scale, 1.0)[:, None]
    size = np.sqrt((rows * rows).sum(axis=1))
    unit = np.where(good[:, None], rows / np.where(good, size, 1.0)[:, None], np.nan)
    return unit, size * scale


def _cosine(one: np.ndarray, other: np.ndarray) -> Float64[np.ndarray, "P"]:
    return (one * other).sum(axis=1)


def _each(statistic: Callable, rows: Float64[np.ndarray, "D P"]) -> Float64[np.ndarray, "D"]:
    """A statistic of each row, NaN left out; NaN where nothing is left."""
    kept = [row[np.isfinite(row)] for row in rows]
    return np.array([statistic(row) if len(row) else np.nan for row in kept], dtype=np.float64)
