"""The contract of every engine: small problems against all assignments, deadlines, nothing left behind."""

import importlib
import os
import signal
import threading
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT
from boolrnn.clauses.engines import cnf, common, counting
from boolrnn.clauses.problem import Limits, Problem, problem_of, simplify

BASE = "boolrnn.clauses.engines."


class Kind(NamedTuple):
    """What an engine promises: it decides every row that sums to less than 2^`bits`; it minimises or not."""

    module: str
    bits: int = 10**9
    refutes: bool = True  # False: its refutations are "unknown"
    minimises: bool = False
    complete: bool = True  # False: it looks at special forms only
    starts: int = 1  # one out of so many problems: processes take time to start


ENGINES = {  # a new engine goes here
    "closed": Kind("closed", complete=False),
    "search": Kind("search"),
    "lp": Kind("lp"),
    "cp-sat": Kind("cp_sat", bits=58, minimises=True, starts=2),
    "highs": Kind("highs", bits=24, refutes=False, minimises=True, starts=16),
    "cadical": Kind("cadical", bits=60, minimises=True, starts=16),
    "glucose": Kind("glucose", bits=60, minimises=True, starts=16),
}
SOLVERS = ["cp-sat", "highs", "cadical", "glucose"]
WORKERS = ["highs", "cadical", "glucose"]


def engine(name):
    return importlib.import_module(BASE + ENGINES[name].module)


def assignments(size):
    return (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(bool)


def solutions(problem):
    """Every assignment that satisfies every row, by trying all of them in Python's integers."""
    tried = assignments(problem.size)
    sums = tried.astype(object) @ problem.matrix.astype(object).T
    return tried[(sums.reshape(len(tried), -1) >= problem.bounds.astype(object)).all(axis=1)]


def random_problem(seed):
    """Up to 10 bits, 8 rows: coefficients of 2 to 80 bits, ties, duplicate, opposite and zero rows."""
    rng = np.random.default_rng(seed)
    size, count = int(rng.integers(1, 11)), int(rng.integers(1, 9))
    bits = int(rng.choice([2, 3, 10, 44, 61, 80]))

    def whole():
        return sum(int(v) << 20 * k for k, v in enumerate(rng.integers(0, 1 << 20, 4))) >> 80 - bits

    matrix = np.array([[whole() * int(rng.choice([-1, 0, 1, 1])) for _ in range(size)] for _ in range(count)])
    matrix = matrix.astype(object).reshape(count, size)
    near = rng.integers(0, 2, size).astype(object)
    bounds = [int(v) - int(rng.choice([0, 0, 0, 1, -1, 1 << bits - 1])) for v in matrix @ near]
    for r in range(1, count):
        twist = rng.random()
        if twist < 0.1:
            matrix[r], bounds[r] = matrix[r - 1], bounds[r - 1]
        elif twist < 0.2:
            matrix[r], bounds[r] = -matrix[r - 1], -bounds[r - 1]
        elif twist < 0.25:
            matrix[r], bounds[r] = 0, int(rng.integers(-1, 2)) if rng.random() < 0.3 else 0
        elif twist < 0.35:
            matrix[r] = rng.choice([-1, 0, 1], size)
            bounds[r] = int(matrix[r] @ near) + int(rng.integers(0, 2))
    problem = problem_of(matrix, bounds)
    simple = simplify(problem)
    return problem if simple.rest is None or rng.random() < 0.5 else simple.rest


def width(problem):
    sums = [sum(abs(int(v)) for v in row) for row in problem.matrix]
    return max([*sums, *(abs(int(b)) for b in problem.bounds), 0]).bit_length()


def check(name, problem, answer, found):
    """An answer against all solutions `found`; whether it decided."""
    kind = ENGINES[name]
    assert answer.engine == name
    assert answer.seconds >= 0
    if answer.verdict == SAT:
        assert answer.values.dtype == bool
        assert answer.values.shape == (problem.size,)
        assert (found == answer.values).all(axis=1).any()
        assert problem.holds(answer.values)
        assert answer.proved or problem.objective is not None
        return True
    assert answer.values is None
    assert answer.minimum is None
    if answer.verdict == UNSAT:
        assert not len(found)
        return True
    assert answer.verdict == UNKNOWN
    assert answer.note
    may = not kind.complete or width(problem) > kind.bits or (not kind.refutes and not len(found))
    assert may, f"undecided: {answer.note}"
    return False


@pytest.mark.parametrize("name", ENGINES)
def test_against_all_assignments(name):
    decided = verdicts = 0
    for seed in range(0, 200, ENGINES[name].starts):
        problem = random_problem(seed)
        answer = engine(name).solve(problem, Limits.within(30.0))
        decided += check(name, problem, answer, solutions(problem))
        verdicts += 1
    assert decided > verdicts * (0.3 if ENGINES[name].refutes else 0.4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_against_all_assignments_at_length(name):
    for seed in range(1000, 2500, ENGINES[name].starts):
        problem = random_problem(seed)
        check(name, problem, engine(name).solve(problem, Limits.within(30.0)), solutions(problem))


@pytest.mark.parametrize("name", [name for name in ENGINES if ENGINES[name].minimises])
def test_the_least_cost_is_the_least(name):
    least = []
    for seed in range(0, 40, -(-ENGINES[name].starts // 5)):
        rng = np.random.default_rng(seed)
        plain = random_problem(seed)
        wide = int(rng.choice([1, 1, 1, 6, 75]))
        costs = np.array([int(v) << wide - 1 for v in rng.integers(-3, 9, plain.size)], object)
        costs += rng.integers(0, 2, plain.size)
        problem = Problem(plain.matrix, plain.bounds, costs if wide > 60 else costs.astype(np.int64))
        answer = engine(name).solve(problem, Limits.within(30.0))
        found = solutions(problem)
        if check(name, problem, answer, found) and answer.verdict == SAT:
            assert answer.minimum == problem.cost(answer.values)
            assert not (answer.proved and problem.size)  # a solver's word
            best = min(problem.cost(values) or 0 for values in found)
            assert answer.minimum >= best
            if not answer.note:
                assert answer.minimum == best
                least.append(best)
    assert len(least) >= 3


EDGES = [  # rows, bounds, bits, verdict
    ([], [], 3, SAT),
    ([], [], 0, SAT),
    ([[]], [0], 0, SAT),
    ([[], []], [-1, 1], 0, UNSAT),
    ([[0, 0]], [1], 2, UNSAT),
    ([[0, 0]], [0], 2, SAT),
    ([[0, 0], [1, 1]], [-(2**90), 2], 2, SAT),
    ([[2**90, -1]], [2**90], 2, SAT),
    ([[1]], [1], 1, SAT),
    ([[-1]], [1], 1, UNSAT),
    ([[1] * 9] * 4, [5] * 4, 9, SAT),
    ([[3, -3, 3], [-3, 3, -3]], [3, -3], 3, SAT),
]


@pytest.mark.parametrize("name", ENGINES)
def test_edges(name):
    for rows, bounds, size, verdict in EDGES:
        problem = problem_of(np.array(rows, object).reshape(len(rows), size), bounds)
        answer = engine(name).solve(problem, Limits.within(20.0))
        if answer.verdict == UNKNOWN:
            check(name, problem, answer, solutions(problem))
        else:
            assert answer.verdict == verdict, (rows, bounds)
            assert verdict == UNSAT or problem.holds(answer.values)


@pytest.mark.parametrize("name", ENGINES)
def test_a_passed_deadline_is_no_answer(name):
    problem = hard(128)
    engine(name).solve(hard(14), Limits.within(20.0))  # whatever is loaded or compiled once
    began = time.monotonic()
    answer = engine(name).solve(problem, Limits(deadline=began - 1))
    assert time.monotonic() - began < 0.5
    assert answer.verdict == UNKNOWN


def hard(size, seed=0):
    """Random signs of as many random sums of 44 bits: hardly any assignment has them, no relaxation tells."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-(1 << 43), 1 << 43, (size, size))
    return problem_of(matrix, matrix.sum(axis=1) // 2)


def children():
    """Processes whose parent this one is."""
    return {
        pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
    }


@pytest.mark.parametrize("name", ENGINES)
def test_a_hard_problem_ends_with_its_budget_and_leaves_nothing_behind(name):
    problem = hard(128)
    engine(name).solve(hard(14), Limits.within(20.0))  # whatever is loaded or compiled once
    before = children()
    threads = threading.active_count()
    began = time.monotonic()
    answer = engine(name).solve(problem, Limits.within(1.0))
    assert time.monotonic() - began < 3
    assert answer.verdict == UNKNOWN
    assert children() <= before
    assert threading.active_count() <= threads


@pytest.mark.parametrize("name", SOLVERS)
def test_ctrl_c_ends_a_solver_soon(name):
    problem, solve = hard(128), engine(name).solve  # loaded before the clock runs
    before, threads = children(), threading.active_count()
    timer = threading.Timer(0.6, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        solve(problem, Limits.within(20.0))
    assert time.monotonic() - began < 6
    timer.join()
    assert children() <= before
    assert threading.active_count() <= threads


@pytest.mark.parametrize("name", ["cadical", "glucose"])
def test_clauses_that_do_not_fit_are_not_made(name):
    began = time.monotonic()
    answer = engine(name).solve(hard(128), Limits(memory=200 << 20))
    assert time.monotonic() - began < 1
    assert answer.verdict == UNKNOWN
    assert "not encoded" in answer.note
    assert "memory for" in answer.note


@pytest.mark.parametrize("encoding", [counting.ADDER, counting.BINMERGE])
def test_both_encodings_of_the_same_rows(encoding):
    for seed in (3, 11, 19, 24):
        problem = random_problem(seed)
        answer = cnf.solve(problem, Limits.within(30.0), "cadical", "cadical195", encoding)
        check("cadical", problem, answer, solutions(problem))


def test_estimates_of_clauses():
    encoder = importlib.import_module(BASE + "worker_cnf")
    rng = np.random.default_rng(0)
    for size, bits in ((16, 10), (64, 20), (128, 4), (128, 24)):
        weights = [int(v) for v in rng.integers(1, 1 << bits, size)]
        row = counting.Row(list(range(1, size + 1)), weights, sum(weights) // 2)
        for encoding in (counting.ADDER, counting.BINMERGE):
            formula = encoder._Formula("cadical195", size, encoding)
            assert formula.add(*row)
            made = formula.solver.nof_clauses()
            assert 0.9 * made <= counting.estimate(row, encoding) <= 1.8 * made
    for size in (8, 128):
        for need in (1, 2, size // 2, size - 1, size):
            formula = encoder._Formula("cadical195", size, counting.ADDER)
            row = counting.Row(list(range(1, size + 1)), [5] * size, 5 * need)
            assert formula.add(*row)
            assert formula.solver.nof_clauses() <= counting.estimate(row, counting.ADDER)


def test_a_witness_that_is_none_is_a_bug():
    problem = problem_of(np.array([[1, 1]]), [2])
    with pytest.raises(AssertionError, match="engine x: its witness does not satisfy"):
        common.answered("x", problem, Limits(), 60, lambda _: common.Said(SAT, np.zeros(2, bool)))


def test_wide_rows_are_rounded_both_ways():
    asked = []
    wide = problem_of(np.array([[2**70 + 1, -(2**70), 1]], object), [1])

    def ask(narrow):
        asked.append(narrow)
        return common.Said(SAT, np.array([len(asked) == 2, False, False]))

    answer = common.answered("x", wide, Limits(), 10, ask)
    assert answer.verdict == SAT
    assert len(asked) == 2
    assert all(width(narrow) <= 12 for narrow in asked)
    assert len(solutions(asked[0])) > len(solutions(wide)) > len(solutions(asked[1]))
    words = iter([common.Said(SAT, np.zeros(3, bool)), common.Said(UNSAT)])
    answer = common.answered("x", wide, Limits(), 10, lambda _: next(words))
    assert (answer.verdict, answer.note) == (UNKNOWN, common.TOO_WIDE.format(10))
