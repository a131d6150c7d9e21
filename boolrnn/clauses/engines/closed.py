"""The engine `closed`: what needs no search. Parts of a problem that share no bit are looked at alone; a
part is decided here if it is one row, or one row beside a row of coefficients +1 and -1.

The second is "at most r changes, and a threshold": starting from the values that the +-1 row likes best,
the r changes that give the other row most are the best there are.
"""

import time

import numpy as np

from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answer
from boolrnn.clauses.problem import Limits, Problem

NAME = "closed"


def solve(problem: Problem, limits: Limits) -> Answer:
    """An exact answer, or "unknown" at once where the problem is not of that form."""
    began = time.monotonic()
    del limits
    values = np.zeros(problem.size, bool)
    for rows in _parts(problem):
        part = _one(problem, rows[0]) if len(rows) == 1 else _two(problem, rows)
        if part is None:
            return Answer(UNKNOWN, NAME, time.monotonic() - began, note="not of that form")
        values |= part
        if (problem.matrix[rows][:, values].sum(axis=1) < problem.bounds[rows]).any():
            return Answer(UNSAT, NAME, time.monotonic() - began, True)
    return Answer(SAT, NAME, time.monotonic() - began, True, values)


def _parts(problem: Problem) -> list[list[int]]:
    """Rows that share bits, directly or through others."""
    parts: list[tuple[np.ndarray, list[int]]] = []
    for row, used in enumerate(problem.matrix != 0):
        joined, rows = used, [row]
        apart = []
        for bits, members in parts:
            if (bits & used).any():
                joined, rows = joined | bits, members + rows
            else:
                apart.append((bits, members))
        parts = [*apart, (joined, rows)]
    return [sorted(rows) for _, rows in parts]


def _one(problem: Problem, row: int) -> np.ndarray:
    """The values that help the row most."""
    return problem.matrix[row] > 0


def _two(problem: Problem, rows: list[int]) -> np.ndarray | None:
    """The values that help one row most while the other, of coefficients +1 and -1, still holds."""
    if len(rows) > 2:
        return None
    counts = [row for row in rows if (np.abs(problem.matrix[row]) <= 1).all()]
    if not counts:
        return None
    count, other = problem.matrix[counts[0]], problem.matrix[next(r for r in rows if r != counts[0])]
    values = np.where(count != 0, count > 0, other > 0)
    most = int((count > 0).sum()) - int(problem.bounds[counts[0]])
    gains = np.where(count > 0, -other, np.where(count < 0, other, 0))
    at = sorted(np.flatnonzero(gains > 0).tolist(), key=lambda j: -int(gains[j]))[: max(0, most)]
    values[at] ^= True
    return values
