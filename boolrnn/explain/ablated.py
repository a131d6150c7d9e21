"""Readouts that hear only some neurons: what the text costs when the others are silenced.

A readout knockout sets columns of wy to 0. wy does not feed back, so the hidden trajectory stays as it is
and nothing is run again: of the scores by + sum_j wy[:, j] h_j some terms are left out. Every cost is a
mean over the positions 0..n-2 of -log2 softmax(scores)[next symbol], in float64.
"""

import contextlib
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.compiling import compiled_module
from boolrnn.model.kernels import cores
from boolrnn.model.rnn import cost_of
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float, Float64, Int64

CLIP = float(np.log2(1e30))  # bits: the published programs take no probability for less than 1e-30
_EXPONENTIALS = 2e8  # from here on, loading compiled code (for the first time: compiling it) is made up for
_BLOCK = 512  # positions that are worked on together
_CELLS = 1 << 20  # float64 of scratch memory
_WIDE = 1e6  # of scores: a term taken back from such sums would leave its rounding behind


class Ablated:
    """The readout of `hidden` (P, H) and the symbols that follow, `targets` (P).

    `rounded` rounds each product wy h to float32 before it is added, as the published program does; a
    position costs at most `most` bits. `work` is how many times all P H O exponentials will be needed: what
    needs many is compiled. Hidden values that are not finite (sums that overflow) make every cost NaN.
    """

    def __init__(
        self,
        weights: Weights,
        hidden: Float[np.ndarray, "P H"],
        targets: Int64[np.ndarray, "P"],
        *,
        rounded: bool = False,
        most: float = np.inf,
        work: float = 4,
    ) -> None:
        self.kind = np.float32 if rounded else np.float64
        self.hidden = hidden
        self.columns = np.ascontiguousarray(weights.wy.T, self.kind)
        self.sizes = np.abs(self.columns).max(axis=1).astype(np.float64)
        self.bias = weights.by.astype(np.float64)
        self.targets = targets
        self.most = most
        finite = bool(np.isfinite(hidden).all())
        self.usable = finite and len(targets) > 0  # costs have values
        self.compiled = finite and work * hidden.size * weights.outputs > _EXPONENTIALS
        self.wide = bool(self.sizes.sum() + np.abs(self.bias).max() > _WIDE)

    @property
    def neurons(self) -> int:
        """H, the number of neurons."""
        return self.hidden.shape[1]

    def single(self) -> tuple[float, Float64[np.ndarray, "H"]]:
        """bpc with every neuron, and without each one of them."""
        which = np.r_[0, np.arange(self.neurons)]

        def less(hidden: np.ndarray) -> np.ndarray:
            return np.concatenate([np.zeros_like(hidden[:, :1]), -hidden], axis=1)

        found = self._changed(np.ones(self.neurons, bool), which, less)
        return float(found[0]), found[1:]

    def signed(self) -> Float64[np.ndarray, "H"]:
        """bpc with h_j replaced by its sign (+1 where h_j >= 0, else -1), one neuron at a time."""

        def to_sign(hidden: np.ndarray) -> np.ndarray:
            return np.where(hidden >= 0, 1.0, -1.0) - hidden

        return self._changed(np.ones(self.neurons, bool), np.arange(self.neurons), to_sign)

    def toggled(self, kept: Bool[np.ndarray, "H"], which: Int64[np.ndarray, "C"]) -> Float64[np.ndarray, "C"]:
        """bpc of the set `kept` with neuron which[c] taken out, or put in where it is not in the set."""

        def other(hidden: np.ndarray) -> np.ndarray:
            return np.where(kept[which], -hidden[:, which], hidden[:, which])

        return self._changed(kept, which, other)

    def prefixes(
        self, order: Int64[np.ndarray, "K"], wanted: Bool[np.ndarray, "K1"] | None = None
    ) -> Float64[np.ndarray, "K1"]:
        """bpc of the first k neurons of `order` alone, k = 0..K; NaN where not wanted."""
        order = np.ascontiguousarray(order)
        if wanted is None:
            wanted = np.ones(len(order) + 1, bool)

        def part(rows: slice, totals: np.ndarray) -> None:
            hidden, targets = self._values(rows), self.targets[rows]
            if self.compiled:
                given = (hidden, self.columns, self.sizes, order, wanted, targets)
                _loops().prefixes(self.bias, *given, self.most, totals)
                return
            scores = np.tile(self.bias, (len(targets), 1))
            for k in range(len(order) + 1):
                if k:
                    j = order[k - 1]
                    scores += hidden[:, j, None] * self.columns[j]
                if wanted[k]:
                    totals[k] = self._cost(scores.copy(), targets)[0]

        return np.where(wanted, self._mean(part, len(order) + 1), np.nan)

    def of(self, sets: Bool[np.ndarray, "S H"]) -> Float64[np.ndarray, "S"]:
        """bpc of each of these sets of neurons."""

        def part(rows: slice, totals: np.ndarray) -> None:
            hidden, targets = self._values(rows), self.targets[rows]
            some = max(1, _CELLS // (len(hidden) * max(self.columns.shape)))
            for s in range(0, len(sets), some):
                kept = np.where(sets[s : s + some, None], hidden, 0)  # (S, B, H)
                scores = self._scores(kept.reshape(-1, self.neurons))
                totals[s : s + some] = self._cost(scores, np.tile(targets, len(kept)), len(kept))

        return self._mean(part, len(sets))

    def every_set(self) -> Float64[np.ndarray, "S"]:
        """bpc of all 2^H sets, set number s having neuron j where bit j of s is 1."""
        count = 1 << self.neurons

        def part(rows: slice, totals: np.ndarray) -> None:
            given = (self._values(rows), self.columns, self.sizes, self.targets[rows])
            _loops().every_set(self.bias, *given, self.most, totals)

        if self.compiled:
            return self._mean(part, count)
        numbers = np.arange(count)[:, None]
        return self.of((numbers >> np.arange(self.neurons) & 1).astype(bool))

    def _values(self, rows: slice) -> Float[np.ndarray, "B H"]:
        return self.hidden[rows].astype(self.kind)

    def _changed(
        self,
        kept: Bool[np.ndarray, "H"],
        which: Int64[np.ndarray, "C"],
        change: Callable[[np.ndarray], np.ndarray],
    ) -> Float64[np.ndarray, "C"]:
        """bpc of the set `kept` if neuron which[c] gave `change(hidden)[:, c]` more than it does."""

        def part(rows: slice, totals: np.ndarray) -> None:
            values, targets = self._values(rows), self.targets[rows]
            more, hidden = change(values), np.where(kept, values, 0)
            columns = self.columns.astype(more.dtype, copy=False)
            scores = self._scores(hidden)
            if self.compiled and not self.wide:
                given = (more, columns, self.sizes, which, targets)
                _loops().changed(scores, *given, self.most, totals)
                return
            for c, j in enumerate(which.tolist()):
                if self.wide:  # nothing that is huge is taken back from a sum
                    other = hidden.astype(more.dtype)
                    other[:, j] += more[:, c]
                    totals[c] = self._cost(self._scores(other), targets)[0]
                else:
                    totals[c] = self._cost(scores + more[:, c, None] * columns[j], targets)[0]

        return self._mean(part, len(which))

    def _scores(self, hidden: Float[np.ndarray, "B H"]) -> Float64[np.ndarray, "B O"]:
        """by + wy h for every row."""
        which = np.flatnonzero(hidden.any(axis=0))
        if hidden.dtype != np.float32:
            return hidden[:, which] @ self.columns[which] + self.bias
        scores = np.tile(self.bias, (len(hidden), 1))
        if self.compiled:
            _loops().add_terms(scores, hidden, self.columns, which)
            return scores
        for j in which:
            scores += hidden[:, j, None] * self.columns[j]
        return scores

    def _cost(
        self, scores: Float64[np.ndarray, "B O"], targets: Int64[np.ndarray, "B"], parts: int = 1
    ) -> Float64[np.ndarray, "S"]:
        """Bits that the targets cost, for each of so many equal parts. The scores are overwritten."""
        with np.errstate(invalid="ignore"):  # scores of an overflowing net are NaN
            bits = np.minimum(cost_of(scores, targets), self.most)
        return bits.reshape(parts, -1).sum(axis=1)

    def _mean(self, part: Callable[[slice, np.ndarray], None], count: int) -> Float64[np.ndarray, "C"]:
        """What `part` adds up, block after block of positions, per position; NaN without positions."""
        positions = len(self.targets)
        if not positions:
            return np.full(count, np.nan)
        size = max(1, min(_BLOCK, _CELLS // len(self.bias)))
        rows = [slice(k, min(k + size, positions)) for k in range(0, positions, size)]

        def block(where: slice) -> np.ndarray:
            totals = np.zeros(count)
            part(where, totals)
            return totals

        total = np.zeros(count)
        with (
            contextlib.closing(_mapped(block, rows, self.compiled)) as parts,
            progress.bar("readouts of parts", positions) as tick,
        ):
            for where, found in zip(rows, parts):  # in order: sums do not depend on who was first
                total += found
                tick(where.stop)
        return total / positions


def _mapped(
    block: Callable[[slice], np.ndarray], rows: list[slice], threads: bool
) -> Generator[np.ndarray, None, None]:
    """`block` of every slice in turn, on all processors if asked; closed, it leaves the rest undone."""
    count = min(cores(), len(rows)) if threads else 1
    if count == 1:
        yield from map(block, rows)
        return
    pool = ThreadPoolExecutor(count)
    try:
        yield from pool.map(block, rows)
    finally:
        pool.shutdown(cancel_futures=True)


def _loops() -> Any:
    return compiled_module("explain.compiled_subsets")
