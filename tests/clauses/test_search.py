"""search: every solution exactly once, whatever the coefficients, the number of cores or the time."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boolrnn.clauses.engines import search
from boolrnn.clauses.engines.search import Search, solutions, solve
from boolrnn.clauses.problem import Limits, dense, problem_of

SCALES = (1, 3, 1000, 1 << 40, 1 << 59, 1 << 63, 1 << 200)


def brute(problem):
    """All solutions, in the order of their bits, by Python integers."""
    size = problem.size
    rows, bounds = problem.matrix.tolist(), problem.bounds.tolist()
    found = []
    for number in range(1 << size):
        bits = [number >> (size - 1 - j) & 1 for j in range(size)]
        if all(sum(a * b for a, b in zip(row, bits)) >= c for row, c in zip(rows, bounds)):
            found.append([bit == 1 for bit in bits])
    return found


def random_problem(seed, size, count, scale):
    """Rows with zeros, near and exact ties, and bounds near what the middle of all assignments gives."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-4, 5, (count, size)).astype(object) * scale
    if seed % 2:  # the lowest bits count
        matrix = matrix + rng.integers(-1, 2, (count, size))
    planted = rng.random(size) < 0.5
    slack = [
        int(v) * scale // 2 - int(w) for v, w in zip(rng.integers(0, 3, count), rng.integers(0, 2, count))
    ]
    sums = [sum((a for a, b in zip(row, planted) if b), 0) for row in matrix.tolist()]
    return problem_of(matrix, [int(total) - s for total, s in zip(sums, slack)])


@pytest.fixture(params=["all assignments", "compiled", "shared"])
def way(request, monkeypatch):
    """How small problems are searched: otherwise only large ones reach compiled code and other cores."""
    if request.param != "all assignments":
        monkeypatch.setattr(search, "SMALL", -1)
    if request.param == "shared":
        monkeypatch.setattr(search, "ALONE", 0)
        monkeypatch.setattr(search, "_WORK", 0)
        monkeypatch.setattr(search, "_LEAVES", 3)
        monkeypatch.setattr(search, "cores", lambda: 3)
    return request.param


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("size", [0, 1, 2, 5, 9])
def test_all_solutions_once_and_in_order(way, scale, size):
    for seed in range(6):
        problem = random_problem(seed, size, count=(0, 1, 2, 4, 9, 20)[seed], scale=scale)
        expected = brute(problem)
        found, complete = solutions(problem, Limits())
        assert complete
        assert found.tolist() == expected
        assert found.shape == (len(expected), size)
        answer = solve(problem, Limits())
        assert (answer.verdict, answer.proved) == ("sat" if expected else "unsat", True)
        assert (answer.engine, answer.certificate) == ("search", None)
        if expected:
            assert answer.values.tolist() in expected


@given(st.integers(0, 10**6), st.integers(0, 12), st.integers(0, 12), st.sampled_from(SCALES))
def test_random_problems(seed, size, count, scale):
    problem = random_problem(seed, size, count, scale)
    before, search.SMALL = search.SMALL, seed % 14 - 1
    try:
        found, complete = solutions(problem, Limits())
    finally:
        search.SMALL = before
    assert complete
    assert found.tolist() == brute(problem)


def test_a_leaf_of_weaker_rows_is_rejected():
    """The lowest bit of a wide row decides: without it, both values of it would be solutions."""
    wide = [1 << 90, -(1 << 90), 1]
    problem = dense([(dict(enumerate(wide)), 1), ({0: 1, 1: -1}, 0), ({0: -1, 1: 1}, 0)], 3)
    assert problem.matrix.dtype == object
    before, search.SMALL = search.SMALL, -1
    try:
        found = Search(problem, Limits()).run()
        assert found.weakened
        assert found.solutions().tolist() == [[False, False, True], [True, True, True]]
    finally:
        search.SMALL = before


@pytest.mark.parametrize("most", [1, 2, 5, 16])
def test_it_stops_where_enough_are_found(way, most):
    problem = dense([({0: 1, 1: 1, 2: 1, 3: 1}, 1)], 4)  # 15 solutions
    found, complete = solutions(problem, Limits(), most)
    assert len(found) == min(most, 15)
    assert complete == (most >= 15)
    assert len(np.unique(found, axis=0)) == len(found)


def test_as_many_as_there_are_is_complete_only_if_known(way):
    problem = dense([({0: 1, 1: 1}, 1)], 2)
    found, complete = solutions(problem, Limits(), most=3)
    assert len(found) == 3
    assert complete


def hard(size=64):
    """A sum at least S + 1 and at most S: no row sees it by itself."""
    row = dict(enumerate(np.random.default_rng(0).integers(1 << 30, 1 << 31, size).tolist()))
    half = sum(row.values()) // 2
    return dense([(row, half + 1), ({j: -v for j, v in row.items()}, -half)], size)


def test_time_that_is_up_leaves_unknown():
    problem = hard()
    began = time.monotonic()
    answer = solve(problem, Limits(deadline=began + 0.3))
    assert (answer.verdict, answer.proved, answer.values) == ("unknown", False, None)
    assert answer.note.startswith("after ")
    assert " nodes" in answer.note
    assert time.monotonic() - began < 20
    found, complete = solutions(problem, Limits(deadline=began))
    assert not complete
    assert len(found) == 0


def test_memory_that_is_too_small_leaves_unknown():
    answer = solve(dense([(dict.fromkeys(range(40), 1), 20)], 40), Limits(memory=1000))
    assert answer.verdict == "unknown"
    assert "memory" in answer.note


def test_very_deep_searches_are_not_finished_early():
    """Free bits without end: shares of the search that are too small for a float are not nothing."""
    problem = dense([(dict.fromkeys(range(1500), 1), 1)], 1500)
    found = Search(problem, Limits(deadline=time.monotonic() + 0.5), most=300).run()
    assert not found.complete
    assert len(found.found) == 300


def test_ctrl_c_keeps_what_is_found(monkeypatch):
    calls = []

    def struck(team, worker, chunk=search._Team._chunk):
        calls.append(worker)
        if len(calls) == 3:
            raise KeyboardInterrupt
        chunk(team, worker)

    monkeypatch.setattr(search._Team, "_chunk", struck)
    problem = dense([(dict.fromkeys(range(30), 1), 1)], 30)
    found = Search(problem, Limits()).run()
    assert found.interrupted
    assert not found.complete
    assert found.found
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        solutions(problem, Limits())
