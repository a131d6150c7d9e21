"""n-gram counts at a distance, and pointwise mutual information with or without the tested cell itself.

A cell is a pair of positions (s, s + d) of a text of n symbols. Its context of length L is
symbols[s..s+L-1], its target symbols[s + d]; L = 1 is the pair (bigram), L = 2 a trigram, L = 3 a fourgram.
A cell has a context of length L only where d >= L: otherwise the target itself would stand in it. Pointwise
mutual information after Church & Hanks 1990 (https://aclanthology.org/J90-1003).
"""

import dataclasses

import numpy as np

from boolrnn.shapes import Bool, Float64, Int64

_ROUNDING = 1e-12  # of logarithms of counts: values this near are equal
RARE = 2  # a longer context that occurs this often or less has no published PMI


@dataclasses.dataclass(frozen=True)
class Cells:
    """Counts over the n - d cells of one distance, one entry per cell s = 0..n-d-1."""

    joint: Int64[np.ndarray, "S"]  # cells with this context and this target
    context: Int64[np.ndarray, "S"]  # cells with this context
    target: Int64[np.ndarray, "S"]  # cells with this target

    def left_out_pmi(self) -> Float64[np.ndarray, "S"]:
        """PMI of context and target over all other cells; minus infinity where none of them has both."""
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = (self.context - 1) * ((self.target - 1) / max(len(self.joint) - 1, 1))
            return np.where(self.joint > 1, np.log2((self.joint - 1) / expected), -np.inf)


class Text:
    """A text prepared for counting: symbols and contexts as dense numbers."""

    def __init__(self, symbols: Int64[np.ndarray, "T"]) -> None:
        self.kind, self.id, self.count = np.unique(symbols, return_inverse=True, return_counts=True)
        self.size = len(symbols)
        self._contexts = [self.id]  # of length 1, 2, ... as far as they were asked for

    def contexts(self, length: int) -> Int64[np.ndarray, "S"]:
        """A number for symbols[s..s+length-1] at each s = 0..n-length; equal contexts, equal numbers."""
        while len(self._contexts) < length:
            last = self.id[len(self._contexts) :]
            longer = self._contexts[-1][: len(last)] * len(self.kind) + last
            self._contexts.append(np.unique(longer, return_inverse=True)[1])
        return self._contexts[length - 1]

    def cells(self, length: int, d: int) -> Cells:
        """Counts at distance `d` >= `length` for contexts of `length`."""
        left = self.contexts(length)[: max(self.size - d, 0)]
        right = self.id[d:]
        _, pair, joint = np.unique(left * len(self.kind) + right, return_inverse=True, return_counts=True)
        context = np.bincount(left, minlength=1)[left]
        return Cells(joint[pair], context, np.bincount(right, minlength=1)[right])

    def published_pmi(self, length: int, d: int, without: int = 0) -> Float64[np.ndarray, "S"]:
        """As published: symbols counted over the whole text, contexts over the cells but divided by the
        text's contexts; 0 without a joint occurrence, and for a longer context of up to RARE occurrences
        or with d < length. `without=1` takes the cell itself out of the joint count alone."""
        n = self.size
        if d < length or n <= d:
            return np.zeros(max(n - d, 0))
        cells = self.cells(length, d)
        joint = cells.joint - without
        context = self.count[self.id[: n - d]] / n if length == 1 else cells.context / (n - length + 1)
        counted = (joint > 0) & ((length == 1) | (cells.context > RARE))
        with np.errstate(divide="ignore"):
            found = np.log2((joint / (n - d)) / (context * (self.count[self.id[d:]] / n)))
        return np.where(counted, found, 0.0)

    def random_source(self, d: int, threshold: float, left_out: bool) -> Float64[np.ndarray, "S"]:
        """Per cell, the chance that a symbol drawn from the text in the place of symbols[s] has a PMI above
        `threshold` with the cell's target: exact. `left_out`: by counts without the cell itself, the
        symbol drawn from those of the cells; otherwise by the published counts."""
        n, kinds = self.size, len(self.kind)
        left, right = self.id[: max(n - d, 0)], self.id[d:]
        key, pair, joint = np.unique(left * kinds + right, return_inverse=True, return_counts=True)
        a, b = np.divmod(key, max(kinds, 1))
        if not left_out:
            pmi = np.log2((joint / (n - d)) / ((self.count[a] / n) * (self.count[b] / n)))
            return np.bincount(b, self.count[a] * (pmi > threshold), kinds)[right] / n
        source, target = np.bincount(left, minlength=kinds), np.bincount(right, minlength=kinds)
        other = _above(joint, source[a], target[b] - 1, n - d - 1, threshold)  # as one of another cell
        own = _above(joint - 1, source[a] - 1, target[b] - 1, n - d - 1, threshold)
        total = np.bincount(b, source[a] * other, kinds)
        mine = total[b] + source[a] * (own.astype(np.int64) - other)
        return (mine / max(n - d, 1))[pair]

    def best_pair(self, d: int) -> tuple[int, int, float, int] | None:
        """(symbol, symbol d later, published PMI, count) of the pair with the greatest; the lowest such
        pair in a tie; None in a text of up to d symbols."""
        n, kinds = self.size, len(self.kind)
        if n <= d:
            return None
        key, joint = np.unique(self.id[: n - d] * kinds + self.id[d:], return_counts=True)
        a, b = np.divmod(key, kinds)
        pmi = np.log2((joint / (n - d)) / ((self.count[a] / n) * (self.count[b] / n)))
        k = int((pmi >= pmi.max() - _ROUNDING).argmax())
        return int(self.kind[a[k]]), int(self.kind[b[k]]), float(pmi[k]), int(joint[k])


def _above(
    joint: np.ndarray, context: np.ndarray, target: np.ndarray, cells: int, threshold: float
) -> Bool[np.ndarray, "K"]:
    """Where the PMI of these counts exceeds the threshold; never without a joint occurrence."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (joint > 0) & (np.log2(joint / (context * (target / max(cells, 1)))) > threshold)
