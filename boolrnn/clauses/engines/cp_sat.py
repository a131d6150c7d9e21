"""The engine `cp-sat`: CP-SAT of OR-Tools, which searches with clause learning over linear rows.

The rows are handed over as they are. An "unsat" of it is its word: it writes no certificate.
"""

import threading
import time

import numpy as np
from ortools.sat.python import cp_model

from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answer
from boolrnn.clauses.engines.common import ENDED, UNPROVED, Said, answered
from boolrnn.clauses.problem import Limits, Problem
from boolrnn.model.kernels import cores

NAME = "cp-sat"
_BITS = 58  # sums of 2^60 are accepted, sums of 2^62 are refused
_ANY = 1 << 62  # no sum is greater
_PATIENCE = 0.2  # seconds between two looks at a solver that was asked to stop
_SEED = 1


def solve(problem: Problem, limits: Limits) -> Answer:
    """A solution, the cheapest where there is an objective, or CP-SAT's word that there is none.

    Rows that sum to more than 2^58 are rounded (boolrnn.clauses.engines.common).

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, after the solver has stopped.
    """
    return answered(NAME, problem, limits, _BITS, lambda narrow: _ask(narrow, limits))


def _ask(problem: Problem, limits: Limits) -> Said:
    model = _model(problem)
    seconds = limits.left(time.monotonic())
    if seconds <= 0:
        return Said(UNKNOWN, note=ENDED)
    solver = cp_model.CpSolver()
    options = solver.parameters
    options.num_workers = cores()
    options.random_seed = _SEED
    options.catch_sigint_signal = False  # it would turn Ctrl-C into "unknown"
    options.max_memory_in_mb = max(1, limits.memory >> 20)
    if limits.deadline is not None:
        options.max_time_in_seconds = seconds
    _run(solver, model)
    status = solver.response_proto.status
    if status == cp_model.MODEL_INVALID:
        raise AssertionError("engine cp-sat: it refuses the model")
    if status == cp_model.INFEASIBLE:
        return Said(UNSAT)
    if status == cp_model.UNKNOWN:
        spent = limits.left(time.monotonic()) <= 0
        return Said(UNKNOWN, note=ENDED if spent else f"stopped with {limits.memory >> 20:,} MB of memory")
    values = np.array(solver.response_proto.solution, np.int64).astype(bool)
    whole = status == cp_model.OPTIMAL or problem.objective is None
    return Said(SAT, values, "" if whole else UNPROVED)


def _model(problem: Problem) -> cp_model.CpModel:
    """The rows, written into CP-SAT's own form: four times as fast as its expressions."""
    model = cp_model.CpModel()
    form = model.proto
    for _ in range(problem.size):
        form.variables.add().domain.extend((0, 1))
    for row, bound in zip(problem.matrix, problem.bounds.tolist()):
        used = np.flatnonzero(row)
        linear = form.constraints.add().linear
        linear.vars.extend(used.tolist())
        linear.coeffs.extend(row[used].tolist())
        linear.domain.extend((bound, _ANY))
    if problem.objective is not None:
        used = np.flatnonzero(problem.objective)
        form.objective.vars.extend(used.tolist())
        form.objective.coeffs.extend(problem.objective[used].tolist())
    return model


def _run(solver: cp_model.CpSolver, model: cp_model.CpModel) -> None:
    """Solve in a thread of its own, so that this one can hear Ctrl-C.

    An event says that it is done: a thread whose join was interrupted counts as ended, though it runs on.
    """
    done, failed = threading.Event(), []

    def work() -> None:
        try:
            solver.solve(model)
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits
            failed.append(error)
        done.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while not done.wait(1.0):
            pass
    finally:
        while not done.is_set():  # asked again, as it may not have begun when it was asked first
            solver.stop_search()
            done.wait(_PATIENCE)
        thread.join()
    if failed:
        raise failed[0]
