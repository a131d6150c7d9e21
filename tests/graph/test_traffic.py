"""traffic: every edge, route and remainder as flipping and stepping each bit gives them; nothing is lost."""

import dataclasses
import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn.graph import pivotal
from boolrnn.graph.traffic import traffic

ENGINES = ("numpy", "compiled")


def naive_inputs(automaton, state, symbol):
    """For every bit of the next state, the bits of `state` whose flip alone flips it."""
    base, _ = automaton.step(state[None], np.array([symbol]))
    found = [[] for _ in state]
    for j in range(len(state)):
        flipped = state.copy()
        flipped[j] ^= True
        after, _ = automaton.step(flipped[None], np.array([symbol]))
        for i in np.flatnonzero(after[0] != base[0]):
            found[i].append(j)
    return found


class NaiveTraffic:
    """What is at each bit, split among its pivotal inputs, route by route."""

    def __init__(self, automaton, states, symbols, worth, depth):
        length, hidden = states.shape
        self.inputs = [None] + [naive_inputs(automaton, states[t - 1], symbols[t]) for t in range(1, length)]
        self.depth = depth
        self.edges = np.zeros((hidden, hidden))
        self.begun, self.stopped = np.zeros(hidden), np.zeros(hidden)
        self.arrived = np.zeros(depth + 1)
        self.paths = Counter()  # of every length, the end first
        for t, i in itertools.product(range(length), range(hidden)):
            if worth[t, i]:
                self.split(t, (i,), float(worth[t, i]))

    def split(self, t, route, weight):
        steps, i = len(route) - 1, route[-1]
        for first in range(steps):
            self.paths[route[first:]] += weight
        if steps == self.depth or t == 0:
            self.stopped[i] += weight
            return
        inputs = self.inputs[t][i]
        if not inputs:
            self.begun[i] += weight
        for j in inputs:
            self.edges[i, j] += weight / len(inputs)
            self.arrived[steps + 1] += weight / len(inputs)
            self.split(t - 1, (*route, j), weight / len(inputs))


def example(seed, hidden, length=7, symbols=3, depth=4):
    """A random net, its own states on a random text, random worths: some zero, some positions empty."""
    automaton = boolrnn.compile(random_net(seed, hidden, symbols))
    text = text_of(seed, length, symbols)
    rng = np.random.default_rng(seed)
    worth = rng.random((length, hidden)) * (rng.random((length, hidden)) < 0.7)
    worth[rng.random(length) < 0.3] = 0
    return automaton, automaton.run(text).states, text, worth, depth


def close(found, truth):
    np.testing.assert_allclose(found, truth, rtol=1e-12, atol=1e-13)


def same_traffic(found, truth):
    for name in ("edges", "begun", "stopped", "arrived"):
        close(getattr(found, name), getattr(truth, name))


@given(st.integers(0, 10**6), st.sampled_from([1, 5, 9]), st.integers(1, 7), st.integers(1, 4))
def test_traffic_is_the_naive_one(seed, hidden, length, depth):
    case = example(seed, hidden, length, depth=depth)
    truth = NaiveTraffic(*case)
    for engine in ENGINES:
        same_traffic(traffic(*case, engine=engine), truth)


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 260))
def test_ties_and_any_weights(seed, hidden, spread):
    automaton = boolrnn.compile(adversarial_net(seed, hidden, 2, spread))
    text = text_of(seed, 6, 2)
    states = np.random.default_rng(seed).random((6, hidden)) < 0.5  # more of them than its own
    case = (automaton, states, text, np.ones((6, hidden)), 3)
    truth = NaiveTraffic(*case)
    for engine in ENGINES:
        same_traffic(traffic(*case, engine=engine), truth)


@given(st.integers(0, 10**6), st.sampled_from([1, 5, 40]), st.integers(1, 12))
def test_weight_is_neither_made_nor_lost(seed, hidden, depth):
    case = example(seed, hidden, 30, depth=depth)
    worth = case[3].sum(axis=0)
    for engine in ENGINES:
        found = traffic(*case, engine=engine)
        close(
            worth + found.edges.sum(axis=0),
            found.edges.sum(axis=1) + found.begun + found.stopped,
        )
        close(found.arrived.sum(), found.edges.sum())
        close(found.begun.sum() + found.stopped.sum(), worth.sum())


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_engines_record_the_same_shares_and_room(steps):
    case = example(1, 9, 20)
    watched = np.array([[0, 1], [3, 3], [8, 2], [4, 0]])
    ours, other = (traffic(*case, engine=engine, watched=watched, steps=steps) for engine in ENGINES)
    close(ours.shares, other.shares)
    close(ours.room, other.room)
    inputs = NaiveTraffic(*case).inputs
    for t, (e, (to, source)) in itertools.product(range(1, 20), enumerate(watched.tolist())):
        share = 1 / len(inputs[t][to]) if source in inputs[t][to] else 0
        assert ours.shares[t, e] == pytest.approx(share)
    assert not ours.shares[0].any()
    assert (ours.room.sum() > 0) == (steps <= 4)  # the depth


@pytest.mark.parametrize("engine", ENGINES)
def test_other_weights_leave_states_and_drives_as_they_are(engine):
    weights = hardened_net(2, 9)
    automaton, text = boolrnn.compile(weights), text_of(1, 8, 4)
    states, worth = automaton.run(text).states, np.ones((8, 9))
    other = np.random.default_rng(0).permuted(weights.wh, axis=1)
    truth = NaiveTraffic(boolrnn.compile(dataclasses.replace(weights, wh=other)), states, text, worth, 3)
    found = traffic(automaton, states, text, worth, 3, engine=engine, matrix=other)
    same_traffic(found, truth)
    assert (found.edges != traffic(automaton, states, text, worth, 3, engine=engine).edges).any()


def test_blocks_do_not_show(monkeypatch):
    case = example(5, 9, 50, depth=6)
    watched = np.array([[0, 1], [2, 2]])
    whole = [traffic(*case, engine=engine, watched=watched, steps=2) for engine in ENGINES]
    monkeypatch.setattr(pivotal, "_CELLS", 7 * 81)
    monkeypatch.setattr(pivotal, "_LISTED", 40)
    for engine, truth in zip(ENGINES, whole):
        found = traffic(*case, engine=engine, watched=watched, steps=2)
        same_traffic(found, truth)
        assert (found.shares == truth.shares).all()
        close(found.room, truth.room)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_start_and_the_depth_stop(engine):
    wh = np.zeros((2, 2), np.float32)
    wh[0, 1] = wh[1, 0] = 20  # the two exchange their bits
    rest = {"wx": np.zeros((2, 2)), "bh": np.zeros(2), "wy": np.zeros((2, 2)), "by": np.zeros(2)}
    weights = boolrnn.Weights(wh=wh, **{name: value.astype(np.float32) for name, value in rest.items()})
    worth = np.zeros((6, 2))
    worth[5, 0], worth[1, 1] = 8, 1  # the first is stopped by the depth, the second by the start
    states = np.zeros((6, 2), bool)
    found = traffic(boolrnn.compile(weights), states, np.zeros(6, int), worth, 3, engine=engine)
    assert found.edges.tolist() == [[0, 16], [9, 0]]
    assert found.stopped.tolist() == [1, 8]
    assert found.begun.tolist() == [0, 0]
    assert found.arrived.tolist() == [0, 9, 8, 8]
