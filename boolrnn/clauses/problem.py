"""Problem: what every engine is given. Integer threshold constraints over bits, A b >= c, b in {0, 1}.

Nothing else is left at this point: a constraint that holds only if another bit is set has become one row
(the exact big-M of its own coefficients), a step of the automaton two rows per neuron.
"""

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from boolrnn.shapes import Bool, Int64

_SAFE = 1 << 62  # below this every partial sum of a row fits into int64


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """Find b (N bools) with matrix @ b >= bounds, and least objective @ b where there is an objective.

    `matrix` (R, N), `bounds` (R) and `objective` (N) hold whole numbers: int64 where all sums fit, else
    Python integers (dtype object).
    """

    matrix: np.ndarray
    bounds: np.ndarray
    objective: np.ndarray | None = None

    @property
    def size(self) -> int:
        """How many bits."""
        return self.matrix.shape[1]

    def holds(self, values: Bool[np.ndarray, "N"]) -> bool:
        """Whether every row holds, in exact integers."""
        return bool((self.matrix[:, values].sum(axis=1) >= self.bounds).all())

    def cost(self, values: Bool[np.ndarray, "N"]) -> int | None:
        """The objective of `values`."""
        return None if self.objective is None else int(self.objective[values].sum())

    def cheaper_than(self, cost: int) -> "Problem":
        """The same, with a row that asks for an objective below `cost`."""
        assert self.objective is not None
        row = -self.objective[None]
        bounds = [*self.bounds.tolist(), 1 - cost]
        return problem_of(np.concatenate([self.matrix, row]), bounds, self.objective)

    def without(self, values: Bool[np.ndarray, "N"], among: Int64[np.ndarray, "K"]) -> "Problem":
        """The same, with a row that excludes what `values` gives to the variables `among`."""
        row = np.zeros((1, self.size), self.matrix.dtype)
        row[0, among] = np.where(values[among], -1, 1)
        bound = 1 - int(values[among].sum())
        return problem_of(np.concatenate([self.matrix, row]), [*self.bounds.tolist(), bound], self.objective)


def problem_of(
    matrix: np.ndarray, bounds: Sequence[int] | np.ndarray, objective: np.ndarray | None = None
) -> Problem:
    """A problem in the smallest number type that is exact; each row divided by its common divisor."""
    rows, edges = _reduced(np.asarray(matrix), [int(bound) for bound in bounds])
    return Problem(rows, _fitted(np.array(edges, object)), None if objective is None else _fitted(objective))


def _reduced(matrix: np.ndarray, bounds: list[int]) -> tuple[np.ndarray, list[int]]:
    """Rows over their greatest common divisor: sum c b >= bound / g rounds up, as sums are whole."""
    if matrix.dtype == object:
        divisors = [math.gcd(*(int(v) for v in row)) for row in matrix]
    else:
        divisors = np.gcd.reduce(matrix, axis=1).tolist() if matrix.size else [0] * len(matrix)
    divisors = [divisor or 1 for divisor in divisors]
    if all(divisor == 1 for divisor in divisors):
        return _fitted(matrix, bounds), bounds
    rows = matrix // np.array(divisors, matrix.dtype)[:, None]
    bounds = [-(-bound // divisor) for bound, divisor in zip(bounds, divisors)]
    return _fitted(rows, bounds), bounds


def _fitted(values: np.ndarray, beside: Sequence[int] = ()) -> np.ndarray:
    """Whole numbers as int64 where every sum of a row (and a bound beside it) fits, else as objects."""
    if values.dtype != object:
        sums = np.abs(values.astype(np.float64)).sum(axis=-1)
        if float(np.max(sums, initial=0)) < _SAFE / 2:
            return np.ascontiguousarray(values, np.int64)
        values = values.astype(object)
    rows = np.atleast_2d(values)
    widest = max((sum(abs(int(v)) for v in row) for row in rows), default=0)
    widest += max((abs(int(v)) for v in beside), default=0)
    return values.astype(np.int64) if widest < _SAFE else values


def dense(
    rows: Sequence[tuple[Mapping[int, int], int]], size: int, objective: Mapping[int, int] | None = None
) -> Problem:
    """A problem of rows given as (coefficients by variable, bound)."""
    wide = any(abs(c) >= _SAFE for row, _ in rows for c in row.values())
    matrix = np.zeros((len(rows), size), object if wide else np.int64)
    for r, (row, _) in enumerate(rows):
        matrix[r, list(row)] = list(row.values())
    cost = None
    if objective is not None:
        cost = np.zeros(size, object)
        cost[list(objective)] = list(objective.values())
    return problem_of(matrix, [bound for _, bound in rows], cost)


@dataclasses.dataclass(frozen=True)
class Simplified:
    """What bounds alone say. `fixed` (N): 0, 1, or -1 where the bit is open. `rest` is the problem of the
    open bits (`open` numbers them), without rows that always hold; None where the bounds refute.

    `trail` is how it follows: (bit, value, row), in order; each row by itself refutes the other value once
    what precedes is known. `conflict` is the row that no value is left for.
    """

    fixed: Int64[np.ndarray, "N"]
    open: Int64[np.ndarray, "K"]
    rest: Problem | None
    trail: list[tuple[int, int, int]]
    conflict: int | None = None
    rows: Int64[np.ndarray, "L"] | None = None  # those of the problem that `rest` keeps

    def expand(self, values: Bool[np.ndarray, "K"]) -> Bool[np.ndarray, "N"]:
        """A solution of the rest as one of the whole."""
        whole = self.fixed == 1
        whole[self.open] = values
        return whole


def simplify(problem: Problem) -> Simplified:
    """Fix every bit that some row, by itself, leaves no choice; repeat until no more follow.

    Where the greatest sum of a row is below its bound the problem is refuted; where it falls short of it
    by less than |a_j|, bit j must take the value that helps.
    """
    known, trail = np.full(problem.size, -1), []
    matrix, bounds = problem.matrix, problem.bounds
    while True:
        open_ = np.flatnonzero(known < 0)
        part = matrix[:, open_]
        need = bounds - matrix[:, known == 1].sum(axis=1)
        spare = np.maximum(part, 0).sum(axis=1) - need  # how much of the greatest sum can be given up
        broken = np.flatnonzero(spare < 0)
        if len(broken):
            return Simplified(known, open_, None, trail, int(broken[0]))
        rows, columns = np.nonzero(np.abs(part) > spare[:, None])
        if not len(rows):
            break
        columns, first = np.unique(columns, return_index=True)
        for column, row in zip(columns.tolist(), rows[first].tolist()):
            value = int(part[row, column] > 0)
            known[open_[column]] = value
            trail.append((int(open_[column]), value, row))
    left = np.flatnonzero(np.minimum(part, 0).sum(axis=1) < need)
    cost = None if problem.objective is None else problem.objective[open_]
    return Simplified(known, open_, problem_of(part[left], need[left], cost), trail, None, left)


def scaled(problem: Problem, bits: int, *, necessary: bool) -> Problem:
    """The same rows with coefficients of at most `bits` bits.

    With a = D q + r, 0 <= r < D: sum a b >= c implies sum q b >= ceil((c - sum r) / D), whose refutation
    is one of the row (`necessary`); and it follows from sum q b >= ceil(c / D), whose solutions are the
    row's. D is per row.
    """
    rows, bounds = [], []
    for row, bound in zip(problem.matrix.tolist(), problem.bounds.tolist()):
        widest = max(sum(abs(v) for v in row), abs(bound))
        divisor = 1 << max(0, widest.bit_length() - bits)
        quotients = [v // divisor for v in row]
        slack = sum(v - q * divisor for v, q in zip(row, quotients)) if necessary else 0
        rows.append(quotients)
        bounds.append(-(-(bound - slack) // divisor))
    matrix = np.array(rows, object).reshape(len(rows), problem.size)
    return problem_of(matrix, bounds, problem.objective)


@dataclasses.dataclass(frozen=True)
class Limits:
    """What an engine may use: a point in time (time.monotonic, None: no end) and bytes of memory."""

    deadline: float | None = None
    memory: int = 2 << 30

    @classmethod
    def within(cls, budget: float | None, memory: int = 2 << 30) -> "Limits":
        """From now on."""
        return cls(None if budget is None else time.monotonic() + budget, memory)

    def left(self, now: float) -> float:
        """Seconds left."""
        return math.inf if self.deadline is None else max(0.0, self.deadline - now)


Engine = Any  # a module with solve(problem, limits) -> Answer
