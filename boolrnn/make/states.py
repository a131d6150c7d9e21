"""Positions by their state: which have the same features, and what follows each."""

import dataclasses
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from boolrnn.make.fitting import Features
from boolrnn.shapes import Int64

ROWS = 4096  # at once
STIR = np.uint64(0x9E3779B97F4A7C15)


@dataclasses.dataclass(frozen=True, eq=False)
class Distinct:
    """The U different states of P positions, in the order in which they first occur.

    State u occurs weights[u] times; targets[starts[u] : starts[u + 1]] are the different symbols that follow
    it, `times` how often each does.
    """

    rows: Features  # (U, H)
    state: Int64[np.ndarray, "P"]  # the state of each position
    weights: Int64[np.ndarray, "U"]
    starts: Int64[np.ndarray, "S"]  # S = U + 1
    targets: Int64[np.ndarray, "N"]
    times: Int64[np.ndarray, "N"]

    @property
    def entropy(self) -> float:
        """H(next symbol | state) of these positions, in bits: no readout costs less on them."""
        if len(self.times) == len(self.weights):
            return 0.0
        shares = self.times / np.repeat(self.weights, np.diff(self.starts))
        return max(0.0, -float(self.times @ np.log2(shares)) / len(self.state))


def rows_of(features: Any, rows: Any) -> Any:
    """The features of some positions: a slice, or a list of them."""
    return features[rows]


def distinct(features: Features, targets: np.ndarray) -> Distinct:
    """Group positions with equal features; exact: equal hashes are compared."""
    state, first = _states(features)
    base = int(targets.max()) + 1
    pairs, times = np.unique(state * base + targets, return_counts=True)
    of = pairs // base
    return Distinct(
        rows=features if len(first) == len(state) else rows_of(features, first),
        state=state,
        weights=np.bincount(state),
        starts=np.searchsorted(of, np.arange(len(first) + 1)),
        targets=pairs % base,
        times=times,
    )


def _states(features: Features) -> tuple[np.ndarray, np.ndarray]:
    """The state of each position, and the first position of each state."""
    seed = 0
    while True:  # two states with one hash are rarer than any fault of the machine, but are not taken for one
        hashes = _hashes(features, np.random.default_rng(seed))
        _, first, state = np.unique(hashes, return_index=True, return_inverse=True)
        if _equal(features, first[state]):
            break
        seed += 1
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place[state], first[order]


def _hashes(features: Any, rng: np.random.Generator) -> np.ndarray:
    """64 bits of each row, the same for equal rows."""
    keys = rng.integers(0, 1 << 63, features.shape[1], np.uint64) * np.uint64(2) + np.uint64(1)
    if isinstance(features, csr_array):
        return features.astype(np.uint64) @ keys
    found = np.empty(len(features), np.uint64)
    for a in range(0, len(features), ROWS):
        part = np.ascontiguousarray(features[a : a + ROWS]) + 0.0  # -0 is 0
        words = part.view(f"u{part.itemsize}").astype(np.uint64)
        words ^= words >> np.uint64(31)
        found[a : a + ROWS] = ((words * STIR) >> np.uint64(32)) @ keys
    return found


def _equal(features: Features, other: np.ndarray) -> bool:
    """Whether every row is equal to the row `other` names."""
    moved = np.flatnonzero(other != np.arange(len(other)))
    for a in range(0, len(moved), ROWS):
        rows = moved[a : a + ROWS]
        differ = rows_of(features, rows) != rows_of(features, other[rows])
        if differ.nnz if isinstance(differ, csr_array) else differ.any():
            return False
    return True
