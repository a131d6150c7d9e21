"""Ten thousand small questions about nets: every engine's answers against all states."""

import numpy as np
import pytest
from clauses.small import every_state
from nets import adversarial_net, hardened_net, random_net

import boolrnn
from boolrnn import Question
from boolrnn.clauses.properties import readout

QUICK = ("lp", "search", "cp-sat", "auto")
PROCESSES = ("cadical", "glucose", "highs")


def net(rng, seed):
    hidden, symbols = int(rng.integers(1, 13)), int(rng.integers(1, 4))
    kind = seed % 4
    if kind == 0:
        return adversarial_net(seed, hidden, symbols, int(rng.choice([10, 40, 90, 250])))
    return hardened_net(seed, hidden, symbols) if kind == 1 else random_net(seed, hidden, symbols)


def after(automaton, states, word):
    for symbol in word:
        states = automaton.step(states, np.full(len(states), symbol))[0]
    return states


def make(rng, automaton):
    """A random question, and which states answer it."""
    hidden, states = automaton.hidden, every_state(automaton.hidden)
    steps = int(rng.integers(0, 3))
    word = [int(x) for x in rng.integers(0, automaton.symbols, steps)]
    question, ends = Question(automaton, word), after(automaton, states, word)
    near, fits = states[rng.integers(len(states))], np.ones(len(states), bool)
    if rng.random() < 0.7:
        radius = int(rng.integers(0, hidden + 1))
        question = question.where(question.distance(0, near) <= radius)
        fits &= (states != near).sum(axis=1) <= radius
    kind = int(rng.integers(0, 4))
    if kind == 0:  # some bits of the end are as in another state
        target = ends[rng.integers(len(ends))] ^ (rng.random(hidden) < 0.1)
        care = rng.random(hidden) < rng.choice([0.2, 0.6, 1.0])
        question = question.where(question.equals(steps, target, care))
        fits &= (ends == target)[:, care].all(axis=1)
    elif kind == 1:  # a prediction
        goal = int(rng.integers(0, automaton.outputs))
        question = question.where(question.predicts(steps, goal))
        fits &= readout(automaton).predicted(ends) == goal
    elif kind == 2:  # one of two bits flips
        i, j = rng.integers(0, hidden, 2).tolist()
        begin = after(automaton, near[None], word)[0]
        first, second = (question.bit(steps, k) == int(not begin[k]) for k in (i, j))
        question = question.where(first | second)
        fits &= (ends[:, i] != begin[i]) | (ends[:, j] != begin[j])
    elif steps:  # a point of the word
        kept = question.constraints
        question = Question(automaton, word, cycle=True).where(*kept)
        fits &= (ends == states).all(axis=1)
    return question, states[fits]


def ask(question, right, engine):
    found = question.solve(engine, budget=60.0)
    assert found.verdict == ("sat" if len(right) else "unsat"), (engine, found.answer.note)
    if found.states is not None:  # bits that do not matter are 0 in a witness
        assert (right == found.states[0]).all(axis=1).any()


def work(first, count, engines):
    asked = 0
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        automaton = boolrnn.compile(net(rng, seed))
        for k in range(5):
            question, right = make(rng, automaton)
            ask(question, right, engines[(seed + k) % len(engines)])
            asked += 1
    return asked


def test_engines_agree_with_all_states():
    assert work(0, 24, QUICK) == 120


@pytest.mark.slow
def test_engines_agree_at_length():
    assert work(1000, 2000, QUICK) == 10_000


@pytest.mark.slow
def test_engines_in_processes_agree():
    """HiGHS's refutations are floating point, and therefore unknown here: it is asked what can be found."""
    for seed in range(5000, 5040):
        rng = np.random.default_rng(seed)
        question, right = make(rng, boolrnn.compile(net(rng, seed)))
        engine = PROCESSES[seed % 3]
        if engine != "highs" or len(right):
            found = question.solve(engine, budget=60.0)
            assert found.verdict in ("unknown", "sat" if len(right) else "unsat")
            assert found.verdict != "unknown" or engine == "highs" or found.answer.note
