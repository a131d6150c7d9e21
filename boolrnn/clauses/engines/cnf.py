"""Rows as clauses for SAT solvers (the engines `cadical` and `glucose`): an independent second opinion.

A row becomes clauses by a named encoding: a row of equal coefficients as a cardinality (a clause where
one bit is enough), any other as binmerge (its bits are sorted level by level: strong propagation) where
that stays small, else as adder (a binary sum: a sixth of the clauses, weak propagation). How many clauses
that makes is estimated before anything is encoded, and what does not fit into memory is refused.

Encoding and solving happen in a process of its own (boolrnn.clauses.engines.worker), as neither can be
interrupted. An "unsat" is the solver's word. CaDiCaL can log a DRAT proof of it (Solver(with_proof=True),
get_proof()): it would be checked here, by a checker that also compares the clauses with the rows, and go
into the answer's `certificate` and `proof`.
"""

from typing import Any

import numpy as np

from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answer
from boolrnn.clauses.engines import worker
from boolrnn.clauses.engines.common import UNPROVED, Said, answered
from boolrnn.clauses.engines.counting import ADDER, BINMERGE, Row, as_row, estimate
from boolrnn.clauses.problem import Limits, Problem

CLAUSE_BYTES = 300  # of memory per clause, encoding and solver together; 100 to 220 were measured
SMALL = 4_000_000  # clauses up to which binmerge is preferred
_BITS = 60  # the encoder counts in int64
_BASE = 64 << 20  # bytes of the process before it has any clause


def solve(problem: Problem, limits: Limits, name: str, solver: str, encoding: str | None = None) -> Answer:
    """A solution, the cheapest by the solver's word where there is an objective, or its word for none.

    `solver` is one of python-sat's names; `encoding` one of adder, binmerge; None: by size.
    """
    return answered(name, problem, limits, _BITS, lambda narrow: _ask(narrow, limits, solver, encoding))


def _ask(problem: Problem, limits: Limits, solver: str, encoding: str | None) -> Said:
    rows = [as_row(row, bound) for row, bound in zip(problem.matrix.tolist(), problem.bounds.tolist())]
    cost = None if problem.objective is None else as_row(problem.objective.tolist(), 0)
    most = rows if cost is None else [*rows, cost._replace(bound=sum(cost.weights) // 2)]
    room = max(0, limits.memory - _BASE) // CLAUSE_BYTES
    chosen = encoding or _encoding(most, room)
    clauses = sum(estimate(row, chosen) for row in most)
    if clauses > room:
        note = f"not encoded: about {clauses:,} clauses ({chosen}), and memory for {room:,}"
        return Said(UNKNOWN, note=note)
    task: dict[str, Any] = {
        "size": problem.size,
        "rows": rows,
        "cost": cost,
        "encoding": chosen,
        "solver": solver,
    }
    reply = worker.call("boolrnn.clauses.engines.worker_cnf", task, limits.deadline, limits.memory)
    return _heard(reply, problem.size)


def _heard(reply: worker.Reply, size: int) -> Said:
    """The last model, or what was said instead of one."""
    models = [words["model"] for words in reply.said if "model" in words]
    if models:
        values = np.zeros(size, bool)
        values[np.array(models[-1], np.int64) - 1] = True
        return Said(SAT, values, f"{UNPROVED}: {reply.ended}" if reply.ended else "")
    return Said(UNKNOWN, note=reply.ended) if reply.ended else Said(UNSAT)


def _encoding(rows: list[Row], room: int) -> str:
    clauses = sum(estimate(row, BINMERGE) for row in rows)
    return BINMERGE if clauses <= min(room, SMALL) else ADDER
