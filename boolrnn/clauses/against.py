"""How many outputs come before one of them, exactly: the rank of a symbol, and whether it is predicted.

Output o comes before output c if y_o is larger, or equal and o < c. So c is predicted if and only if its
rank, the number of outputs before it, is 0. With y_o - y_c in whole numbers (of the readout's lowest unit)
every other output is one threshold: it comes before c iff (w_o - w_c) s + b_o - b_c - [o > c] >= 0.
"""

import functools

import numpy as np

from boolrnn.bits import signs
from boolrnn.clauses.integers import integers
from boolrnn.model.automaton import Automaton
from boolrnn.model.table import LANES, Tables
from boolrnn.shapes import Bool, Int64

NEVER = -1  # no set of flips moves the output to the other side
_WHOLE = 61  # bits up to which twice a sum fits into int64
_TOP = (1 << 15) - 1
_BLOCK = 4096  # states that are looked at together


class Against:
    """The outputs of an automaton against one of them, `one`.

    `weights` (R, H) and `bias` (R) are int64 where twice every sum fits, else Python integers; row k is
    output `other[k]`. Outputs that come before `one` in every state are only counted (`always`), those that
    never do are left out.
    """

    def __init__(self, automaton: Automaton, one: int) -> None:
        weights, bias = integers(automaton).readout
        self.one, self.outputs = one, automaton.outputs
        self.other = np.delete(np.arange(automaton.outputs), one)
        rows = weights[self.other] - weights[one]
        edges = bias[self.other] - bias[one] - (self.other > one).astype(object)
        reach = np.abs(rows).sum(axis=1) if rows.size else np.zeros(len(rows), object)
        always, never = (edges - reach >= 0).astype(bool), (edges + reach < 0).astype(bool)
        kept = ~always & ~never
        self.always = int(always.sum())
        self.other, rows, edges, reach = self.other[kept], rows[kept], edges[kept], reach[kept]
        widest = max((int(v) for v in reach + np.abs(edges)), default=0)
        self.bits = widest.bit_length()
        kind = np.dtype(np.int64 if self.bits <= _WHOLE else object)
        self.weights, self.bias = rows.astype(kind), edges.astype(kind)

    @functools.cached_property
    def _rounded(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights and bias as float64, and what a sum of them can be off: 0 where all sums are exact."""
        weights, bias = self.weights.astype(np.float64), self.bias.astype(np.float64)
        size = np.abs(weights).sum(axis=1) + np.abs(bias)
        off = size * (weights.shape[1] + 8) * 2.0**-52 if self.bits > 53 else np.zeros(len(bias))
        return weights, bias, off

    def before(self, states: Bool[np.ndarray, "B H"]) -> Bool[np.ndarray, "B R"]:
        """Which of `other` come before `one` in each state."""
        weights, bias, off = self._rounded
        sums = signs(states) @ weights.T + bias
        found = sums >= 0
        for b, r in np.argwhere((np.abs(sums) <= off) & (off > 0)):
            signed = np.where(states[b], self.weights[r], -self.weights[r])
            found[b, r] = sum(int(v) for v in signed) + int(self.bias[r]) >= 0
        return found

    def rank(self, states: Bool[np.ndarray, "B H"]) -> Int64[np.ndarray, "B"]:
        """How many outputs come before `one` in each state."""
        ranks = np.full(len(states), self.always)
        for first in range(0, len(states), _BLOCK):
            part = slice(first, first + _BLOCK)
            ranks[part] += self.before(states[part]).sum(axis=1)
        return ranks

    def values(self, state: Bool[np.ndarray, "H"]) -> np.ndarray:
        """The sum of every row (R), whole."""
        return self.weights @ np.where(state, 1, -1).astype(self.weights.dtype) + self.bias

    def gains(self, state: Bool[np.ndarray, "H"], units: Int64[np.ndarray, "N"]) -> np.ndarray:
        """How far each flip of a bit in `units` moves each row towards its threshold (R, N); whole."""
        bit = (self.values(state) >= 0).astype(bool)
        signed = 2 * self.weights[:, units] * np.where(state[units], 1, -1).astype(self.weights.dtype)
        return np.where(bit[:, None], signed, -signed)

    def needs(self, state: Bool[np.ndarray, "H"]) -> np.ndarray:
        """How far each row has to move at least to change sides (R); whole and positive."""
        values = self.values(state)
        return np.where((values >= 0).astype(bool), values + 1, -values)

    def crossings(
        self, state: Bool[np.ndarray, "H"], units: Int64[np.ndarray, "N"]
    ) -> Int64[np.ndarray, "R"]:
        """Fewest flips of bits in `units` that make each row change sides, NEVER where no set does."""
        if not len(self.other) or not len(units):
            return np.full(len(self.other), NEVER)
        reach = np.cumsum(-np.sort(-np.maximum(self.gains(state, units), 0), axis=1), axis=1)
        across = (reach >= self.needs(state)[:, None]).astype(bool)
        return np.where(across.any(axis=1), across.argmax(axis=1) + 1, NEVER)

    @functools.cached_property
    def table_bytes(self) -> int:
        """What the compiled tables take, about."""
        padded = LANES * self._words
        limbs = 8 * len(self.other) * -(-max(self.bits, 1) // self._width) * padded
        return 512 * -(-self.weights.shape[1] // 8) * padded + limbs

    @property
    def _words(self) -> int:
        """Words of a state or of a row of bits, whichever is longer: compiled steps read and write these."""
        return -(-max(self.weights.shape[1], len(self.other), 1) // LANES)

    @property
    def _width(self) -> int:
        return 62 - (self.weights.shape[1] + 2).bit_length()

    @functools.cached_property
    def tables(self) -> Tables:
        """The rows as one layer for compiled steps (boolrnn.model.table has the layout and the proof): a
        state and "symbol" 0 give a bit per row, 1 where that output comes before `one`."""
        hidden, rows = self.weights.shape[1], len(self.other)
        count, padded = -(-hidden // 8), LANES * self._words
        slack = -(-(count + 1) // 2) + 1
        weights, bias, _ = self._rounded
        widest = np.abs(weights).sum(axis=1) + np.abs(bias)
        few = widest * (2 * slack + 2) + 2 * slack + 1 <= _TOP
        scale = (_TOP - 2 * slack - 1) / np.where(widest > 0, widest, 1.0) * (1 - 2.0**-40)
        scale = np.where(few, 2.0 * slack + 2, scale)
        slices, drive = np.zeros((count, 256, padded), np.int16), np.full((1, padded), -1, np.int16)
        byte = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little") * 2.0 - 1
        for s in range(count):
            part = weights[:, 8 * s : 8 * s + 8] * scale[:, None]
            slices[s, :, :rows] = np.rint(byte[:, : part.shape[1]] @ part.T)
        drive[0, :rows] = np.rint(bias * scale) + np.where(few, 2 * slack + 1, slack)
        limbs = np.zeros((rows, -(-max(self.bits, 1) // self._width), padded), np.int64)
        limbs[:, :, :hidden] = self._limbs(self.weights).transpose(0, 2, 1)
        limb_drive = np.ascontiguousarray(self._limbs(self.bias)[None])
        return Tables(slices, drive, 2 * slack, limbs, limb_drive, self._width)

    def _limbs(self, values: np.ndarray) -> Int64[np.ndarray, "*N L"]:
        """Whole numbers as signed limbs of `_width` bits, the lowest first, along a new last axis."""
        size, sign = np.abs(values), np.where((values < 0).astype(bool), -1, 1)
        mask, count = (1 << self._width) - 1, -(-max(self.bits, 1) // self._width)
        parts = [((size >> (k * self._width)) & mask).astype(np.int64) * sign for k in range(count)]
        return np.stack(parts, axis=-1)


def against(automaton: Automaton, one: int) -> Against:
    """The outputs against one of them, kept with the automaton while the same one is asked for."""
    kept = vars(automaton)
    if "_against" not in kept or kept["_against"].one != one:
        kept["_against"] = Against(automaton, one)
    return kept["_against"]
