"""Margin annotations of an automaton: bounds of z per (neuron, symbol), and what a text has shown.

The fewest flips of state bits that flip neuron i's next bit have a closed form. Flipping bit j moves z
by -2 w_ij s_j, so the largest contributions of the bit's own sign go first, and the answer is the
shortest prefix of them that carries z across the threshold.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from boolrnn import progress
from boolrnn.model.exact import FLOAT64, Exactness, python_integers
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float64, Int64

_HEAVIEST = 16  # inputs that are tried first: they nearly always suffice
_CHUNK = 4096  # positions between two writes to memory
_INT64_BITS = 61  # twice a sum of that many bits fits an int64
NEVER = -1  # no set of flips flips the bit; no position of the text reads the symbol


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The least and greatest z over all sign states, and the bit where both agree (else -1).

    Exact on float64 rows; elsewhere rounded outwards, and `forced` is decided exactly all the same.
    """

    sum_abs: Float64[np.ndarray, "H"]
    low: Float64[np.ndarray, "H V"]
    high: Float64[np.ndarray, "H V"]
    forced: Int64[np.ndarray, "H V"]


def bounds(weights: Weights, drive: Float64[np.ndarray, "H V"], certificate: Exactness) -> Bounds:
    """Bounds of z = drive +- sum |w| for every neuron and symbol."""
    sum_abs = np.array([math.fsum(np.abs(row, dtype=np.float64).tolist()) for row in weights.wh])
    low, high = drive - sum_abs[:, None], drive + sum_abs[:, None]
    for i in np.flatnonzero(certificate.routes != FLOAT64):
        terms = np.abs(weights.wh[i], dtype=np.float64).tolist()
        bias = float(weights.bh[i])
        for x, value in enumerate(weights.wx[i].tolist()):
            low[i, x] = math.fsum([bias, value, *(-term for term in terms)])
            high[i, x] = math.fsum([bias, value, *terms])
    forced = np.where(low >= 0, 1, np.where(high < 0, 0, NEVER))
    wide = certificate.routes != FLOAT64
    low[wide], high[wide] = np.nextafter(low[wide], -np.inf), np.nextafter(high[wide], np.inf)
    return Bounds(sum_abs, low, high, forced)


@dataclasses.dataclass(frozen=True)
class Seen:
    """Per (neuron, symbol) the least margin and the fewest flips met on a text.

    The flips are of bits in the state before the symbol; the network's start has none and is left out.
    """

    least_margin: Float64[np.ndarray, "H V"]  # NaN where the text never reads the symbol
    least_flips: Int64[np.ndarray, "H V"]  # NEVER where unseen or where no set of flips can


def seen_on(
    weights: Weights,
    exactness: Exactness,
    symbols: Int64[np.ndarray, "T"],
    states: Bool[np.ndarray, "T H"],
    z_of: Callable[[int, int], np.ndarray],
) -> Seen:
    """What a trajectory from the network's start has shown; `z_of(first, stop)` gives its sums."""
    shape = weights.wx.shape
    margin = np.full(shape, np.inf)
    fewest = np.full(shape, np.iinfo(np.int64).max)
    rows = [ExactRow(weights, exactness, i) for i in range(weights.hidden)]
    with progress.bar("flip distances", len(symbols)) as tick:
        for first in range(0, len(symbols), _CHUNK):
            stop = min(first + _CHUNK, len(symbols))
            z, start = z_of(first, stop), max(first, 1)  # nothing precedes position 0
            before, read = states[start - 1 : stop - 1], symbols[start:stop]
            for i, row in enumerate(rows):
                np.minimum.at(margin[i], symbols[first:stop], np.abs(z[:, i]))
                distance = row.distance(before, read, z[start - first :, i])
                can = distance != NEVER
                np.minimum.at(fewest[i], read[can], distance[can])
            tick(stop)
    margin[np.isinf(margin)] = np.nan
    fewest[fewest == np.iinfo(np.int64).max] = NEVER
    return Seen(margin, fewest)


class ExactRow:
    """One neuron's weights in a number type in which twice its sums are exact: float64, int64, or
    Python integers."""

    def __init__(self, weights: Weights, exactness: Exactness, i: int) -> None:
        self.is_float = exactness.routes[i] == FLOAT64
        if self.is_float:
            self.weights = weights.wh[i].astype(np.float64)
            return
        unit = int(exactness.unit[i])
        kind = np.dtype(np.int64 if exactness.bits[i] <= _INT64_BITS else object)
        self.weights = np.array(python_integers(weights.wh[i], unit), dtype=kind)
        bias = python_integers(weights.bh[i : i + 1], unit)[0]
        self.drive = np.array([bias + v for v in python_integers(weights.wx[i], unit)], dtype=kind)

    def distance(
        self, before: Bool[np.ndarray, "T H"], symbols: Int64[np.ndarray, "T"], z: Float64[np.ndarray, "T"]
    ) -> Int64[np.ndarray, "T"]:
        """Fewest flips of `before[t]` that flip the bit under `symbols[t]`, NEVER where none do."""
        if self.is_float:
            return flip_distance(self.weights, before, z)
        signs = np.where(before, 1, -1).astype(self.weights.dtype)
        return flip_distance(self.weights, before, self.drive[symbols] + signs @ self.weights)


def flip_distance(row: np.ndarray, before: Bool[np.ndarray, "T H"], z: np.ndarray) -> Int64[np.ndarray, "T"]:
    """Fewest flips of state bits that move z = ... + row . s across the threshold (z >= 0 is bit 1).

    `row` (H) and `z` (T) in one exact number type: float64 where sums of the row are exact, int64, or
    object arrays of Python integers. NEVER where no set of flips does.
    """
    order = np.argsort(-np.abs(row), kind="stable")
    flips = _prefix_distance(row, order[:_HEAVIEST], before, z)
    rest = np.flatnonzero(flips == NEVER)  # the heaviest inputs do not suffice: look at all
    if len(rest) and len(row) > _HEAVIEST:
        flips[rest] = _prefix_distance(row, order, before[rest], z[rest])
    return flips


def _prefix_distance(
    row: np.ndarray, order: Int64[np.ndarray, "K"], before: Bool[np.ndarray, "T H"], z: np.ndarray
) -> Int64[np.ndarray, "T"]:
    """`flip_distance` over the inputs in `order`, heaviest first; NEVER where they do not suffice."""
    size = np.abs(row)[order]
    positive = (row[order] > 0)[None, :] == before[:, order]  # contributions that push z up
    bit = (z >= 0).astype(bool)
    helps = (positive == bit[:, None]) & (size > 0).astype(bool)
    reach = 2 * np.cumsum(helps * size, axis=1)
    need = np.abs(z)[:, None]
    across = np.where(bit[:, None], reach > need, reach >= need).astype(bool)
    flips = np.cumsum(helps, axis=1)[np.arange(len(z)), across.argmax(axis=1)]
    return np.where(across.any(axis=1), flips, NEVER).astype(np.int64)
