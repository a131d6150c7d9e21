"""Problems: number types, common divisors, bounds, sound scaling; all against every assignment."""

import numpy as np
import pytest
from clauses.small import every_state
from hypothesis import given, settings
from hypothesis import strategies as st

from boolrnn.clauses.engines import check_farkas
from boolrnn.clauses.engines.farkas import opening
from boolrnn.clauses.problem import Limits, dense, problem_of, scaled, simplify

SIZES = st.integers(0, 6)


@st.composite
def problems(draw, bits=80):
    size, count = draw(SIZES), draw(st.integers(0, 5))
    largest = 2 ** draw(st.sampled_from([1, 3, 20, 60, bits]))
    whole = st.one_of(st.just(0), st.integers(-largest, largest))
    rows = [
        ({j: draw(whole) for j in range(size)}, draw(st.integers(-2 * largest, largest)))
        for _ in range(count)
    ]
    return rows, size


def holds(rows, values):
    return all(sum(c for j, c in row.items() if values[j]) >= bound for row, bound in rows)


@settings(max_examples=150)
@given(problems())
def test_a_problem_says_what_its_rows_say(made):
    rows, problem = made[0], dense(*made)
    for values in every_state(problem.size):
        assert problem.holds(values) == holds(rows, values)


@settings(max_examples=150)
@given(problems())
def test_bounds_lose_no_solution_and_refute_only_what_has_none(made):
    rows, problem = made[0], dense(*made)
    simple = simplify(problem)
    good = [values for values in every_state(problem.size) if holds(rows, values)]
    if simple.rest is None:
        assert not good
        tree = opening(simple)
        check_farkas.check(problem.matrix.tolist(), problem.bounds.tolist(), tree)
        return
    kept = [simple.expand(v) for v in every_state(simple.rest.size) if simple.rest.holds(v)]
    assert {v.tobytes() for v in kept} == {v.tobytes() for v in good}


@settings(max_examples=100)
@given(problems(), st.integers(3, 12))
def test_scaled_rows_err_on_the_side_they_name(made, bits):
    rows, problem = made[0], dense(*made)
    weaker, stronger = scaled(problem, bits, necessary=True), scaled(problem, bits, necessary=False)
    for values in every_state(problem.size):
        assert stronger.holds(values) <= holds(rows, values) <= weaker.holds(values)


def test_integers_of_any_size():
    problem = dense([({0: 2**200, 1: -(2**200) - 1}, 0)], 2)
    assert [problem.holds(v) for v in every_state(2)] == [True, True, False, False]


def test_rows_are_divided_by_what_all_coefficients_share():
    problem = dense([({0: 6, 1: 4}, 5)], 2)
    assert problem.matrix.tolist() == [[3, 2]]
    assert problem.bounds.tolist() == [3]


def test_costs_and_exclusions():
    problem = problem_of(np.zeros((0, 3), np.int64), [], np.array([3, 1, 2]))
    values = np.array([True, False, True])
    assert problem.cost(values) == 5
    cheaper = problem.cheaper_than(3)
    assert [cheaper.holds(v) for v in every_state(3)] == [problem.cost(v) < 3 for v in every_state(3)]
    others = problem.without(values, np.array([0, 2]))
    assert [others.holds(v) for v in every_state(3)] == [not (v[0] and v[2]) for v in every_state(3)]


def test_time_that_is_left():
    assert Limits().left(1e9) == float("inf")
    assert Limits(5.0).left(3.0) == 2.0
    assert Limits(5.0).left(7.0) == 0.0
    assert Limits.within(None).deadline is None


@pytest.mark.parametrize("size", [0, 1, 65])
def test_no_rows_at_all(size):
    problem = dense([], size)
    assert problem.holds(np.zeros(size, bool))
    assert simplify(problem).rest.size == size
