"""Is an outcome forced: every way of finding out gives the right answer, on nets small enough to try all."""

import itertools
import time

import numpy as np
import pytest
from forced_sets import Naive, bits_of, led_to, number_of
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net

import boolrnn
from boolrnn.clauses.forcing import Oracle, Outcome
from boolrnn.clauses.partial_states import Branching
from boolrnn.clauses.problem import Limits
from boolrnn.model.automaton import as_automaton


def outcome_of(weights, seed, steps, bit):
    rng = np.random.default_rng(seed)
    state = rng.random(weights.hidden) < 0.5
    return Outcome(as_automaton(weights), state, rng.integers(0, weights.symbols, steps), bit)


def net_of(kind, seed, hidden, symbols):
    if kind == "random":
        return random_net(seed, hidden, symbols)
    if kind == "hardened":
        return hardened_net(seed, hidden, symbols)
    return adversarial_net(seed, hidden, symbols, {"tied": 4, "wide": 90, "widest": 240}[kind])


NETS = st.builds(
    net_of,
    st.sampled_from(["random", "hardened", "tied", "wide", "widest"]),
    st.integers(0, 10_000),
    st.integers(1, 6),
    st.integers(2, 4),
)


@given(NETS, st.integers(0, 3), st.booleans(), st.integers(0, 99))
def test_every_set_of_bits_against_all_states(weights, steps, asks_bit, seed):
    bit = seed % weights.hidden if asks_bit else None
    outcome = outcome_of(weights, seed, max(steps, int(asks_bit)), bit)
    naive = Naive(weights, outcome.state, outcome.symbols, bit)
    assert outcome.value == naive.outcome
    oracle = Oracle(outcome, "auto", Limits(), 1.0)
    for number in np.random.default_rng(seed).permutation(1 << weights.hidden)[:24].tolist():
        fixed = bits_of(number, weights.hidden)
        said = oracle.ask(fixed)
        assert said.forced == (number in naive.reasons)
        if said.state is not None:
            assert (said.state == outcome.state)[fixed].all()
            assert led_to(weights, said.state, outcome.symbols, bit) != naive.outcome
    for flips in oracle.seen:
        assert number_of(flips) in naive.contrasts


@given(NETS, st.integers(1, 3), st.booleans(), st.integers(0, 99))
@settings(max_examples=40)
def test_bounds_never_say_forced_where_it_is_not_and_branching_always_knows(weights, steps, asks_bit, seed):
    bit = seed % weights.hidden if asks_bit else None
    outcome = outcome_of(weights, seed, steps + asks_bit, bit)
    naive = Naive(weights, outcome.state, outcome.symbols, bit)
    oracle = Oracle(outcome, "auto", Limits(), 1.0)
    for number in range(1 << weights.hidden):
        fixed = bits_of(number, weights.hidden)
        if not len(outcome.open_rows(fixed)):
            assert number in naive.reasons
        assert oracle._branched(fixed, Limits()).forced == (number in naive.reasons)


@given(NETS, st.integers(1, 2), st.booleans(), st.integers(0, 99))
@settings(max_examples=15)
def test_engines_agree_where_bounds_leave_rows_open(weights, steps, asks_bit, seed):
    bit = seed % weights.hidden if asks_bit else None
    outcome = outcome_of(weights, seed, steps + asks_bit, bit)
    naive = Naive(weights, outcome.state, outcome.symbols, bit)
    oracle = Oracle(outcome, "search", Limits(), 5.0)
    for number in np.random.default_rng(seed).permutation(1 << weights.hidden)[:3].tolist():
        fixed = bits_of(number, weights.hidden)
        open_ = outcome.open_rows(fixed)
        if len(open_):
            said = oracle._engines(fixed, open_)
            assert said.forced == (number in naive.reasons)


@given(NETS, st.integers(1, 3), st.integers(0, 99))
@settings(max_examples=30)
def test_probing_finds_every_change_of_that_many_flips(weights, steps, seed):
    outcome = outcome_of(weights, seed, steps, None)
    naive = Naive(weights, outcome.state, outcome.symbols, None)
    oracle = Oracle(outcome, "auto", Limits(), 1.0)
    for size in (1, 2):
        if size <= weights.hidden:
            assert oracle.probe(size)
    small = {c for c in naive.minimal_contrasts if c.bit_count() <= 2}
    assert {number_of(flips) for flips in oracle.seen} == small


def test_a_question_is_undecided_when_time_is_up():
    outcome = outcome_of(random_net(3, 40, 4), 0, 2, None)
    oracle = Oracle(outcome, "auto", Limits(time.monotonic() - 1), 1.0)
    assert oracle.ask(np.zeros(40, bool)).forced is None
    assert oracle.tells["undecided"] == 1


def test_branching_stops_when_time_is_up():
    outcome = outcome_of(random_net(3, 60, 4), 0, 2, None)
    nothing = outcome.known(np.zeros(60, bool))
    branching = outcome.partial.below(nothing)
    assert isinstance(branching, Branching)
    with pytest.raises(TimeoutError):
        for _ in branching.candidates(Limits(time.monotonic() + 0.2)):
            pass


def test_what_was_seen_holds_no_set_that_contains_another():
    outcome = outcome_of(random_net(11, 12, 4), 5, 2, None)
    oracle = Oracle(outcome, "auto", Limits(), 1.0)
    oracle.ways = 4
    for number in range(1, 1 << 12, 97):
        oracle.ask(bits_of(number, 12))
    numbers = [number_of(flips) for flips in oracle.seen]
    assert len(numbers) > 3
    assert not any(a != b and a & b == a for a in numbers for b in numbers)
    assert len(set(numbers)) == len(numbers)


def test_sums_that_float64_would_round_decide_nothing_by_bounds():
    """h0 is 0 by 2 beside 2^60, h1 copies bit 4, which is free; the outcome is [2 h0 + h1 + 1 >= 0]."""
    for order in itertools.permutations(range(4)):
        wh = np.zeros((5, 5), np.float32)
        wh[0, list(order)] = [2.0**60, -1, -1, -(2.0**60)]
        wh[1, 4] = 1
        wh[2, :2] = [2, 1]
        nothing = np.zeros((5, 1), np.float32)
        weights = boolrnn.Weights(
            wx=nothing, wh=wh, bh=np.float32([0, 0, 1, 0, 0]), wy=nothing.T, by=nothing[0]
        )
        outcome = Outcome(as_automaton(weights), np.ones(5, bool), np.array([0, 0]), 2)
        assert outcome.value == 1
        fixed = np.array([True, True, True, True, False])
        assert len(outcome.open_rows(fixed))
        said = Oracle(outcome, "auto", Limits(), 1.0).ask(fixed)
        assert said.forced is False


def test_sets_that_contain_one_seen_are_not_kept():
    oracle = Oracle(outcome_of(random_net(1, 4, 2), 0, 1, None), "auto", Limits(), 1.0)
    for numbers in ([0b0111], [0b0011, 0b0110], [0b0111], [0b0011], [0b1000]):
        oracle._keep(np.array([bits_of(number, 4) for number in numbers]))
    assert sorted(number_of(flips) for flips in oracle.seen) == [0b0011, 0b0110, 0b1000]


def test_all_outputs_equal_is_forced_by_nothing():
    weights = boolrnn.Weights(
        wx=np.ones((3, 2), np.float32),
        wh=np.eye(3, dtype=np.float32),
        bh=np.zeros(3, np.float32),
        wy=np.zeros((2, 3), np.float32),
        by=np.zeros(2, np.float32),
    )
    for steps in (0, 1, 2):
        oracle = Oracle(outcome_of(weights, 1, steps, None), "auto", Limits(), 1.0)
        assert oracle.outcome.value == 0
        assert oracle.ask(np.zeros(3, bool)).forced is True
