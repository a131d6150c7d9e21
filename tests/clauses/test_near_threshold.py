"""near: a state within r flips with |z| below eps, strictly, against every flip set over the rationals."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest
from flip_sets import flipped
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nets import adversarial_net, exact_z, hardened_net, random_net, text_of

import boolrnn
from boolrnn.clauses import near_threshold as module
from boolrnn.clauses.flips import Asked, Effect
from boolrnn.clauses.fragility import fragility

TINY = boolrnn.compile(random_net(1, 1, 2))  # where only terms matter


def naive(weights, state, symbol, neurons, within, units):
    """Least |z| over all flip sets of exactly 0, 1, .., `within` flips, as Fractions."""
    levels = []
    for size in range(min(within, len(units)) + 1):
        sums = [exact_z(weights, flipped(state, f), symbol) for f in itertools.combinations(units, size)]
        levels.append(min(abs(z[j]) for z in sums for j in neurons))
    return levels


def check(weights, seed, eps, within, bit, engine="auto"):
    rng = np.random.default_rng(seed)
    automaton, symbols, at = boolrnn.compile(weights), text_of(seed, 5, weights.symbols), 2
    units = np.sort(
        rng.choice(weights.hidden, int(rng.integers(1, weights.hidden + 1)), replace=False)
    ).tolist()
    state = automaton.run(symbols).states[at]
    neurons = range(weights.hidden) if bit is None else [bit]
    levels = naive(weights, state, int(symbols[at + 1]), neurons, within, units)
    if eps is None:  # a margin that occurs: the comparison is strict
        eps = float(levels[-1]) or 1.0
    first = next((size for size, least in enumerate(levels) if least < Fraction(eps)), None)
    found = fragility(automaton, symbols, at=at, near=eps, within=within, bit=bit, only=units, engine=engine)
    assert found.proved or engine == "cp-sat"
    assert found.minimum == first
    assert found.verdict == ("unsat" if first is None else "sat")
    if first is None:
        assert found.exhausted == min(within, len(units))
        return
    assert found.exhausted == (first - 1 if first else None)
    assert (found.witness_states[0] == flipped(state, found.witness_flips)).all()
    assert len(found.witness_flips) == first
    z = exact_z(weights, found.witness_states[0], int(symbols[at + 1]))[found.witness_neuron]
    assert abs(z) < Fraction(eps)
    assert found.witness_z == float(z)


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(0, 6), st.floats(1e-6, 3.0))
@settings(max_examples=60)
def test_against_every_flip_set(seed, hidden, within, eps):
    weights = random_net(seed, hidden, 3)
    if seed % 3 == 0:
        weights, eps = hardened_net(seed, hidden, 3), 40 * eps
    if seed % 3 == 1:
        weights, eps = (
            adversarial_net(seed, hidden, 3, 1 + seed % 200),
            float(np.float32(eps * 2.0 ** (seed % 90))),
        )
    check(weights, seed, eps, within, seed % hidden if seed % 2 else None)


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(0, 5))
@settings(max_examples=40)
def test_eps_that_is_a_margin_is_not_reached(seed, hidden, within):
    weights = hardened_net(seed, hidden, 3) if seed % 2 else random_net(seed, hidden, 3)
    check(weights, seed, None, within, None if seed % 4 else seed % hidden)


@pytest.mark.parametrize("engine", ["lp", "cp-sat", "search"])
def test_engines_that_are_named_agree(engine):
    for seed in (1, 2, 3, 4):
        check(random_net(seed, 6, 3), seed, 0.05 * seed, 4, 0, engine)


@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=8),
    st.integers(0, 6),
    st.integers(-20, 20),
    st.integers(0, 5),
)
@example([-7, 4, 8, -1], 3, 6, 5)
@example([-4, 2, 4, 0, -6, 5], 4, 9, 3)
@example([-1, 5, 8, -8, -8, 0, 1], 5, 10, 4)
@example([-9, 4, 1, -4, 3, 1, 2, -2], 6, 8, 5)
@settings(max_examples=300)
def test_sets_whose_first_partner_shares_a_flip(moves, size, low, width):
    """Among small whole numbers most halves meet halves that are not disjoint before one that is."""
    count = len(moves)
    units, state = np.arange(count) * 2, np.zeros(2 * count, bool)
    asked = Asked(TINY, state, np.zeros(0, int), units, Effect(state, np.zeros(0, int)), count)
    some = any(
        low <= sum(moves[k] for k in s) <= low + width for s in itertools.combinations(range(count), size)
    )
    for kind in (np.int64, object):
        found = module._subset(asked, np.array(moves, kind), size, low, low + width)
        assert (found is not None) == some
        if found is not None:
            assert len(set(found.tolist())) == size
            assert low <= sum(moves[j // 2] for j in found.tolist()) <= low + width


def test_equal_weights_have_many_partners_that_are_not_disjoint():
    """z = 0 needs two flips; pairs of pairs share bits in all but the last candidates."""
    wh = np.zeros((6, 6), np.float32)
    wh[0] = [1, 1, 1, 64, 64, 64]
    zero = np.zeros((6, 2), np.float32)
    weights = boolrnn.Weights(
        wx=zero, wh=wh, bh=np.array([-187, 1, 1, 1, 1, 1], np.float32), wy=zero.T.copy(), by=zero[0].copy()
    )
    symbols = np.zeros(4, int)
    state = boolrnn.compile(weights).run(symbols).states[2]
    levels = naive(weights, state, 0, [0], 4, range(6))
    for within in range(5):
        found = fragility(weights, symbols, at=2, near=0.5, within=within, bit=0)
        first = next((k for k, least in enumerate(levels[: within + 1]) if least < 0.5), None)
        assert found.minimum == first


def test_halves_that_are_too_many_go_to_engines(monkeypatch):
    monkeypatch.setattr(module, "_SUMS", 10)
    for seed in (1, 2, 3):
        check(random_net(seed, 7, 3), seed, 0.02, 4, 0)


def test_a_planted_pair_of_a_wide_net_is_found():
    """Two flips of 200 neurons bring z of a neuron that nobody listens to to exactly 0, none alone does."""
    net, symbols, rng = random_net(3, 200, 2), text_of(1, 4, 2), np.random.default_rng(0)
    wx, wh, bh = net.wx.copy(), net.wh.copy(), net.bh.copy()
    row = rng.integers(-20_000, 20_000, 200)
    wx[5], wh[5], wh[:, 5] = 0, row, 0
    calm = boolrnn.Weights(wx=wx, wh=wh, bh=bh, wy=net.wy, by=net.by)
    state = boolrnn.compile(calm).run(symbols).states[2]
    signed = np.where(state, row, -row)
    signed[5] = 0
    bh[5] = 2 * signed[[30, 170]].sum() - signed.sum()
    planted = boolrnn.Weights(wx=wx, wh=wh, bh=bh, wy=net.wy, by=net.by)
    for within in (2, 3):
        found = fragility(planted, symbols, at=2, near=0.5, within=within, bit=5)
        assert (found.verdict, found.witness_flips.tolist(), found.witness_z) == ("sat", [30, 170], 0.0)
    assert fragility(planted, symbols, at=2, near=0.5, within=1, bit=5).verdict == "unsat"


def test_json_and_time(archived):
    weights, symbols = archived
    automaton = boolrnn.compile(weights)
    found = fragility(automaton, symbols, at=300, near=1e-9, within=4)
    assert (found.verdict, found.proved, found.exhausted) == ("unsat", True, 4)
    tree = json.loads(json.dumps(fragility(automaton, symbols, at=300, near=0.1, within=2, bit=5).to_json()))
    assert tree["asks"] == "margin"
    assert set(tree["witness"]) >= {"states", "flips", "neuron", "z"}
    assert abs(tree["witness"]["z"]) < 0.1


def test_a_budget_says_how_far_it_came():
    weights = random_net(2, 90, 3)
    found = fragility(weights, text_of(1, 9, 3), at=3, near=1e-30, within=80, budget=0.5)
    assert (found.verdict, found.proved) == ("unknown", False)
    assert found.exhausted >= 2
