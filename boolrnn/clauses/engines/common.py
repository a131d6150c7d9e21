"""What the engines that are other people's solvers share: numbers they can hold, and the check of a witness.

A solver of int64 is given rows of at most so many bits. Wider ones are rounded: first so that every
solution stays one (a refutation of these rows is one of the problem's), then, if what was found does not
satisfy the problem, so that every solution of the rounded rows is the problem's.
"""

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answer
from boolrnn.clauses.problem import Limits, Problem, scaled

ENDED = "the budget ended"
UNPROVED = "no proof that there is nothing less"  # beside a minimum when the budget ended
ROUNDED = "least among the solutions of rounded rows"
ROUGH = "the objective was rounded"
TOO_WIDE = "the rows rounded to {} bits neither refute nor give a solution"


@dataclasses.dataclass(frozen=True)
class Said:
    """What a solver says about a problem that it can hold; `proved` where no solver was needed."""

    verdict: str
    values: np.ndarray | None = None
    note: str = ""
    proved: bool = False


Ask = Callable[[Problem], Said]  # a solver, given a problem that it can hold


def answered(name: str, problem: Problem, limits: Limits, bits: int, ask: Ask) -> Answer:
    """What `ask` says about rows of at most `bits` bits, as an answer about the problem.

    Witnesses are put into the problem's own rows; their cost is the `minimum`, which is a solver's word
    at best: `note` is empty where the solver said that there is nothing less.
    """
    began = time.monotonic()
    said = _said(problem, limits, bits, ask)
    minimum = None
    if said.values is not None:
        if not problem.holds(said.values):
            raise AssertionError(f"engine {name}: its witness does not satisfy the constraints")
        minimum = problem.cost(said.values)
    proved = said.proved or (said.verdict == SAT and problem.objective is None)
    seconds = time.monotonic() - began
    return Answer(said.verdict, name, seconds, proved, said.values, minimum, note=said.note)


def _said(problem: Problem, limits: Limits, bits: int, ask: Ask) -> Said:
    if limits.left(time.monotonic()) <= 0:
        return Said(UNKNOWN, note=ENDED)
    if (np.maximum(problem.matrix, 0).sum(axis=1) < problem.bounds).any():
        return Said(UNSAT, proved=True)  # some row has no solution at all
    if not problem.size:
        return Said(SAT, np.zeros(0, bool), proved=True)
    matters = np.minimum(problem.matrix, 0).sum(axis=1) < problem.bounds  # the other rows always hold
    problem = dataclasses.replace(problem, matrix=problem.matrix[matters], bounds=problem.bounds[matters])
    narrow = _with_narrow_objective(problem, bits)
    if _width(problem.matrix) <= bits:
        said = ask(narrow)
    else:
        said = ask(scaled(narrow, bits, necessary=True))
        if said.values is not None and not problem.holds(said.values):
            said = _sufficient(narrow, bits, ask)
    if said.verdict == SAT and narrow is not problem:  # one with another objective
        return dataclasses.replace(said, note=said.note or ROUGH)
    return said


def _sufficient(problem: Problem, bits: int, ask: Ask) -> Said:
    """A solution of rows rounded to the safe side, or unknown."""
    said = ask(scaled(problem, bits, necessary=False))
    if said.verdict == UNSAT:
        return Said(UNKNOWN, note=TOO_WIDE.format(bits))
    if said.verdict == SAT and problem.objective is not None:
        return dataclasses.replace(said, note=said.note or ROUNDED)
    return said


def _with_narrow_objective(problem: Problem, bits: int) -> Problem:
    if problem.objective is None:
        return problem
    shift = max(0, _width(problem.objective[None]) - bits)
    if not shift:
        return problem
    return dataclasses.replace(problem, objective=(problem.objective >> shift).astype(np.int64))


def _width(matrix: np.ndarray) -> int:
    """Bits of the greatest sum of a row; no bound that matters is greater."""
    return int(np.max(np.abs(matrix).sum(axis=1), initial=0)).bit_length()
