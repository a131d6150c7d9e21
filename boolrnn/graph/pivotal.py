"""Pivotal inputs: which bits, flipped alone, flip a neuron's next bit.

Flipping bit j moves z_i by -2 w_ij s_j. So it flips bit i iff its contribution w_ij s_j has the sign of the
bit and 2 |w_ij| > z_i where the bit is 1, 2 |w_ij| >= |z_i| where it is 0 (z >= 0 is bit 1). Inputs are
looked at heaviest first and only until they are too light, so a step costs little more than its flips.

The comparison is exact where sums are float64 (boolrnn.model.exact); on other rows z is rounded, and where
2 |w| comes within that rounding the flipped state is stepped exactly.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from boolrnn.bits import signs, to_words
from boolrnn.compiling import compiled_module
from boolrnn.model.automaton import Automaton
from boolrnn.model.exact import FLOAT64
from boolrnn.model.kernels import TABLE_BYTES, tables
from boolrnn.model.table import size_of
from boolrnn.shapes import Bool, Float64, Int64

NEAR = 2.0**-50  # relative; wider than what a rounded z can be off
_WORTH = 1 << 27  # pairs of neurons from which loading compiled code pays
_CELLS = 1 << 22  # pairs of neurons that NumPy looks at in one go
_IN_CACHE = 512  # positions whose sums stay near the processor
_LISTED = 1 << 21  # pivotal inputs that compiled code lists in one go


@dataclasses.dataclass(frozen=True)
class Pivotal:
    """A block of positions first .. first + P - 1 (in the order asked for). Neuron i has at position p the
    pivotal inputs `inputs[starts[p, i] : starts[p, i] + counts[p, i]]`."""

    first: int
    counts: Int64[np.ndarray, "P H"]
    inputs: Int64[np.ndarray, "N"]

    @property
    def size(self) -> int:
        """Positions in this block."""
        return len(self.counts)

    def pairs(self) -> tuple[Int64[np.ndarray, "N"], Int64[np.ndarray, "N"], Int64[np.ndarray, "N"]]:
        """All pivotal pairs as (position in the block, to, from)."""
        hidden = self.counts.shape[1]
        cells = np.repeat(np.arange(self.counts.size), self.counts.ravel())
        return cells // hidden, cells % hidden, self.inputs


def pivotal_inputs(
    automaton: Automaton,
    states: Bool[np.ndarray, "P H"],
    symbols: Int64[np.ndarray, "P"],
    engine: str = "auto",
    matrix: np.ndarray | None = None,
) -> Iterator[Pivotal]:
    """The pivotal inputs of every neuron, for each pair (state, symbol that is read in it).

    `matrix` (H, H) replaces the weights, for null models; its sums are plain float64 ones.
    """
    compiled = engine_for(automaton, len(states), engine) == "compiled"
    lists = _Compiled(automaton, matrix) if compiled else _Numpy(automaton, matrix)
    first = 0
    while first < len(states):
        block = lists.block(first, states, symbols)
        yield block
        first += block.size


def flip_blocks(
    automaton: Automaton,
    states: Bool[np.ndarray, "P H"],
    symbols: Int64[np.ndarray, "P"],
    engine: str = "auto",
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Block by block: its first position, how often each pair [to, from] is pivotal in it (H, H), and how
    many pivotal inputs every neuron has at each of its positions (B, H); both are used up with the block."""
    hidden = automaton.hidden
    compiled = engine_for(automaton, len(states), engine) == "compiled"
    if compiled and (automaton.rows.certificate.routes == FLOAT64).all():
        yield from _counted(automaton, states, symbols)
        return
    for block in pivotal_inputs(automaton, states, symbols, engine):
        _, to, source = block.pairs()
        flips = np.bincount(to * hidden + source, minlength=hidden * hidden)
        yield block.first, flips.reshape(hidden, hidden), block.counts


def _counted(
    automaton: Automaton, states: np.ndarray, symbols: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """`flip_blocks` by compiled code, on exact float64 sums."""
    code: Any = compiled_module("graph.compiled")
    hidden, rows = automaton.hidden, automaton.rows
    twice, pivotal = 2 * rows.matrix, np.empty((_IN_CACHE, hidden), np.int32)
    before = np.empty((_IN_CACHE, hidden))
    for first in range(0, len(states), _IN_CACHE):
        part = states[first : first + _IN_CACHE]
        size = len(part)
        code.fill_signs(part, before)
        flips = np.zeros((hidden, hidden), np.int32)
        z = rows.z(before[:size], symbols[first : first + _IN_CACHE])
        code.count_pivotal(z, before, twice, flips, pivotal)
        yield first, flips, pivotal[:size]


def engine_for(automaton: Automaton, positions: int, engine: str = "auto") -> str:
    """The engine for so many positions, unless one is named."""
    if engine != "auto":
        return engine
    fits = size_of(automaton.hidden, automaton.symbols) <= TABLE_BYTES
    return "compiled" if fits and positions * automaton.hidden**2 >= _WORTH else "numpy"


class _Rows:
    """Weights by row, heaviest first, and the exact sums of a block of positions."""

    def __init__(self, automaton: Automaton, matrix: np.ndarray | None) -> None:
        self.automaton = automaton
        self.matrix = automaton.rows.matrix if matrix is None else matrix.astype(np.float64)
        self.permuted = matrix is not None
        self.rounded = (automaton.rows.certificate.routes != FLOAT64) & (matrix is None)

    def z(self, states: np.ndarray, symbols: np.ndarray) -> Float64[np.ndarray, "P H"]:
        rows = self.automaton.rows
        if not self.permuted:
            return rows.z(signs(states), symbols)
        return signs(states) @ self.matrix.T + rows.drive[symbols]


class _Numpy(_Rows):
    def block(self, first: int, states: np.ndarray, symbols: np.ndarray) -> Pivotal:
        hidden = states.shape[1]
        part = slice(first, first + max(1, _CELLS // hidden**2))
        before, read = states[part], symbols[part]
        z = self.z(before, read)[:, :, None]
        size = 2 * np.abs(self.matrix)[None]
        helps = ((self.matrix > 0)[None] == before[:, None, :]) == (z >= 0)
        flips = helps & np.where(z >= 0, size > z, size >= -z)
        if self.rounded.any():
            self._settle(flips, np.abs(z), size, before, read)
        _, _, inputs = np.nonzero(flips)
        return Pivotal(first, flips.sum(axis=2), inputs)

    def _settle(
        self, flips: np.ndarray, margin: np.ndarray, size: np.ndarray, before: np.ndarray, read: np.ndarray
    ) -> None:
        """Decide what rounding leaves open, by stepping the flipped state."""
        close = np.abs(size - margin) <= NEAR * margin
        close &= self.rounded[None, :, None] & (size > 0)
        p, i, j = np.nonzero(close)
        for k in range(0, len(p), 1024):
            now = slice(k, k + 1024)
            there = before[p[now]]
            bit = self.z(there, read[p[now]])[np.arange(len(there)), i[now]] >= 0
            there[np.arange(len(there)), j[now]] ^= True
            after = self.z(there, read[p[now]])[np.arange(len(there)), i[now]] >= 0
            flips[p[now], i[now], j[now]] = bit != after


class _Compiled(_Rows):
    def __init__(self, automaton: Automaton, matrix: np.ndarray | None) -> None:
        super().__init__(automaton, matrix)
        self.code: Any = compiled_module("graph.compiled")
        self.order = np.argsort(-np.abs(self.matrix), axis=1, kind="stable")
        ranked = np.take_along_axis(self.matrix, self.order, axis=1)
        self.size, self.positive = 2 * np.abs(ranked), ranked > 0
        self.tables = tables(automaton)

    def block(self, first: int, states: np.ndarray, symbols: np.ndarray) -> Pivotal:
        hidden = states.shape[1]
        part = slice(first, first + max(1, _LISTED // hidden))
        before, read = states[part], symbols[part]
        counts = np.empty((len(before), hidden), np.int64)
        inputs = np.empty(_LISTED + hidden**2, np.int64)
        done, listed = self.code.list_pivotal(
            self.z(before, read),
            before,
            to_words(before),
            read,
            self.order,
            self.size,
            self.positive,
            self.rounded,
            self.tables,
            counts,
            inputs,
        )
        return Pivotal(first, counts[:done], inputs[:listed].copy())
