"""Engines behind one door: what `auto` does, what is proved, and what is a solver's word."""

import types

import numpy as np
import pytest
from clauses.small import every_state
from hypothesis import given, settings
from hypothesis import strategies as st

from boolrnn.clauses import solving
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answer
from boolrnn.clauses.problem import Limits, dense
from boolrnn.clauses.solving import AUTO, decide, solutions
from boolrnn.errors import OptionError


def random_problem(seed, size=6, objective=False):
    rng = np.random.default_rng(seed)
    rows = [
        ({j: int(rng.integers(-5, 6)) for j in range(size)}, int(rng.integers(-6, 7)))
        for _ in range(int(rng.integers(0, 6)))
    ]
    cost = {j: int(rng.integers(-3, 6)) for j in range(size)} if objective else None
    return dense(rows, size, cost)


def good(problem):
    return [v for v in every_state(problem.size) if problem.holds(v)]


@settings(max_examples=80)
@given(st.integers(0, 10**6))
def test_auto_decides_and_proves(seed):
    problem = random_problem(seed)
    answer = decide(problem)
    assert answer.verdict == (SAT if good(problem) else UNSAT)
    assert answer.proved


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([AUTO, "lp", "search"]))
def test_a_minimum_is_the_minimum_and_proved(seed, engine):
    problem = random_problem(seed, objective=True)
    answer = decide(problem, engine)
    costs = [problem.cost(v) for v in good(problem)]
    assert answer.minimum == min(costs, default=None)
    assert answer.proved


def test_a_solver_alone_gives_its_word():
    problem = next(p for p in (random_problem(k, objective=True) for k in range(50)) if len(good(p)) > 9)
    answer = decide(problem, "cp-sat")
    assert answer.minimum == min(problem.cost(v) for v in good(problem))
    assert not answer.proved
    assert "no proof" in answer.note


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_all_solutions_each_once(seed):
    problem = random_problem(seed, size=4)
    *found, last = solutions(problem, np.arange(4), "lp")
    assert last.verdict == UNSAT
    assert sorted(a.values.tobytes() for a in found) == sorted(v.tobytes() for v in good(problem))


def stub(answers, monkeypatch, name):
    """An engine that says what it is told to."""
    module = types.SimpleNamespace(NAME=name, solve=lambda problem, limits: answers(problem))
    real = solving.engine_of
    monkeypatch.setattr(solving, "engine_of", lambda asked: module if asked == name else real(asked))


def hard(size=30):
    """Two knapsacks that bounds and the closed form do not decide."""
    rows = [({j: 7 + j % 5 for j in range(size)}, 100), ({j: -(5 + j * j % 11) for j in range(size)}, -150)]
    return dense([*rows, ({j: (-1) ** j * (3 + j % 4) for j in range(size)}, 2)], size)


def test_a_wrong_witness_is_never_passed_on(monkeypatch):
    problem = hard()
    wrong = np.zeros(problem.size, bool)
    stub(lambda p: Answer(SAT, "lp", 0.0, True, wrong[: p.size]), monkeypatch, "lp")
    with pytest.raises(AssertionError, match="does not satisfy"):
        decide(problem, "lp")


def test_no_time_is_unknown():
    answer = decide(hard(), "lp", Limits.within(1e-9))
    assert answer.verdict == UNKNOWN
    assert answer.note == "0 nodes"


def test_a_refutation_that_nobody_can_prove_stays_a_solvers_word(monkeypatch):
    """`auto` gives the prover some time, and then says what is known."""
    monkeypatch.setattr(solving, "_PROOF", 0.2)
    for prover in ("lp", "search"):
        stub(lambda p, name=prover: Answer(UNKNOWN, name, 0.0, note="lost"), monkeypatch, prover)
    stub(lambda p: Answer(UNSAT, "cp-sat", 0.0), monkeypatch, "cp-sat")
    problem = hard()
    answer = decide(problem, AUTO, Limits.within(30.0))
    assert (answer.verdict, answer.engine, answer.proved) == (UNSAT, "cp-sat", False)


def test_unknown_engine():
    with pytest.raises(OptionError, match="expected one of auto, closed, search"):
        decide(hard(), "nobody")


def test_no_solution_at_all_is_proved_where_a_minimum_is_asked_for():
    for seed in range(200):
        problem = random_problem(seed, size=4, objective=True)
        if not good(problem):
            answer = decide(problem)
            assert (answer.verdict, answer.proved, answer.minimum) == (UNSAT, True, None)
