"""The engine `highs`: branch and cut in floating point (HiGHS). It finds solutions; it refutes nothing.

Every row is divided by a power of two, so that its coefficients are at most 1. What HiGHS finds is
rounded to bits and put into the problem's rows in integers; if it misses one of them by less than HiGHS
can see, rows a little stronger are tried. Its "infeasible" is a statement about rounded numbers, so the
verdict is unknown and the note says so.

It runs in a process of its own (boolrnn.clauses.engines.worker): Ctrl-C ends it at once, and it does not
share a process with OR-Tools.
"""

import time

import numpy as np

from boolrnn.clauses.answer import SAT, UNKNOWN, Answer
from boolrnn.clauses.engines import worker
from boolrnn.clauses.engines.common import ROUGH, UNPROVED, Said, answered
from boolrnn.clauses.problem import Limits, Problem
from boolrnn.model.kernels import cores

NAME = "highs"
INFEASIBLE = "infeasible in floating point: that is no proof"
INEXACT = "what it finds misses a row by less than floating point shows"
STRONGER = "least among the solutions of rows made a little stronger"
_BITS = 1 << 20  # rows of any width are rounded by the worker, and its answer is checked
_STRONGER = 1e-6  # of a row's greatest coefficient: more than HiGHS lets pass
_COST_BITS = 20  # of a coefficient of the objective that the worker's numbers tell from its neighbours
_GRACE = 0.5  # seconds: it keeps the time itself, and tells what it has found


def solve(problem: Problem, limits: Limits) -> Answer:
    """A solution, cheapest by HiGHS's word where there is an objective, or unknown."""
    return answered(NAME, problem, limits, _BITS, lambda narrow: _ask(narrow, limits))


def _ask(problem: Problem, limits: Limits) -> Said:
    said = _once(problem, limits, 0.0)
    if said.note != INEXACT or limits.left(time.monotonic()) <= 0:
        return said
    again = _once(problem, limits, _STRONGER)
    if again.verdict != SAT:
        return Said(UNKNOWN, note=INEXACT)
    return Said(SAT, again.values, again.note or STRONGER if problem.objective is not None else "")


def _once(problem: Problem, limits: Limits, stronger: float) -> Said:
    task = {
        "size": problem.size,
        "matrix": problem.matrix.tolist(),
        "bounds": problem.bounds.tolist(),
        "objective": None if problem.objective is None else problem.objective.tolist(),
        "stronger": stronger,
        "threads": min(2, cores()),
    }
    reply = worker.call(
        "boolrnn.clauses.engines.worker_highs", task, limits.deadline, limits.memory, grace=_GRACE
    )
    if not reply.said:
        return Said(UNKNOWN, note=reply.ended)
    words = reply.said[-1]
    if words["values"] is not None:
        values = np.array(words["values"], np.int64) == 1
        if problem.holds(values):
            return Said(SAT, values, _least(problem, words["status"]))
        return Said(UNKNOWN, note=INEXACT)
    return Said(UNKNOWN, note=INFEASIBLE if words["status"] == "infeasible" else words["note"])


def _least(problem: Problem, status: str) -> str:
    """What keeps the cost that was found from being the least by HiGHS's word."""
    if problem.objective is None:
        return ""
    if status != "optimal":
        return UNPROVED
    return ROUGH if int(np.abs(problem.objective).max()).bit_length() > _COST_BITS else ""
