"""Rows as sums of positive weights of literals, and how many clauses an encoding makes of them.

Pure Python: it is loaded by the workers too.
"""

import math
from typing import NamedTuple

ADDER, BINMERGE = "adder", "binmerge"
_PER_BIT = 14  # clauses of adder per set bit of a coefficient, at most
_SORT = 0.8  # clauses of a sorted level of m bits, over m log2(m)^2


class Row(NamedTuple):
    """sum weights[k] [literals[k]] >= bound with weights > 0; variables count from 1, a minus negates."""

    literals: list[int]
    weights: list[int]
    bound: int


def as_row(coefficients: list[int], bound: int) -> Row:
    """Coefficients of both signs as weights of literals: a b = a + |a| (1 - b) where a < 0."""
    literals, weights = [], []
    for j, value in enumerate(coefficients):
        if value:
            literals.append(j + 1 if value > 0 else -j - 1)
            weights.append(abs(value))
            bound += max(0, -value)
    return Row(literals, weights, bound)


def estimate(row: Row, encoding: str) -> int:
    """About how many clauses a row takes: right to a tenth for 64 bits and more, too high for fewer and for
    bounds that few sums reach, which the encoders make use of."""
    if not row.weights or row.bound <= 0:
        return 0
    if min(row.weights) == max(row.weights):
        size, need = len(row.weights), -(-row.bound // row.weights[0])
        return cardinality(size, need)[1]
    if encoding == ADDER:
        return _PER_BIT * sum(weight.bit_count() for weight in row.weights)
    total, carried = 0.0, 0
    for level in range(max(row.weights).bit_length()):
        sorted_ = sum(weight >> level & 1 for weight in row.weights) + carried
        total += sorted_ * (_SORT * math.log2(max(2, sorted_)) ** 2 + 2)
        carried = sorted_ // 2
    return round(total)


def cardinality(size: int, need: int) -> tuple[str, int]:
    """The smaller encoding of "at least `need` of `size`", and about how many clauses it takes."""
    if need in (1, size):
        return "clauses", size
    count = 2 * size * min(need, size - need + 1)
    sort = round(size * (_SORT * math.log2(max(2, size)) ** 2 + 2))
    return ("seqcounter", count) if count <= sort else ("sortnetwrk", sort)
