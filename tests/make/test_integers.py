"""Whole-number weights: z is odd in every state and at the start, and rounding keeps to its rules."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn.check.exact_sums import fits
from boolrnn.make.integers import assembled, drives, on_grid, rounded, scales_for


@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 40), st.booleans())
def test_sums_are_odd_in_every_state(seed, hidden, largest, adversarial):
    weights = adversarial_net(seed, hidden, 3, 40) if adversarial else random_net(seed, hidden, 3)
    scales = scales_for(weights, largest, None, None, None)
    whole = rounded(weights.wh.astype(np.float64), drives(weights), scales, largest)
    assert (whole.wh == np.rint(whole.wh)).all()
    assert (whole.wh.sum(axis=1) % 2 == 0).all()
    assert (whole.drive % 2 == 1).all()
    assert np.abs(whole.wh).max() <= largest
    assert (whole.wh[weights.wh == 0] == 0).all()
    net = assembled(weights, whole, 16.0)
    assert boolrnn.certify(net).level == "certified_always"
    automaton = boolrnn.compile(net)
    for values in itertools.product([False, True], repeat=min(hidden, 5)):
        state = np.zeros((1, hidden), bool)
        state[0, : len(values)] = values
        for x in range(3):
            assert (np.abs(automaton.z(state, np.array([x]))) % 32 == 16).all()


@given(st.integers(0, 10**6), st.integers(1, 8))
def test_integers_stay_as_they_are(seed, hidden):
    """Rounding a hardened net in its own units changes nothing but drives that decide alone."""
    weights = hardened_net(seed, hidden, gain=1)
    whole = rounded(weights.wh.astype(np.float64), drives(weights), np.ones(hidden), 20)
    assert (whole.wh == weights.wh).all()
    again = boolrnn.compile(assembled(weights, whole, 1.0))
    before = boolrnn.compile(weights)
    text = text_of(seed, 30, 4)
    assert (again.run(text).states == before.run(text).states).all()


def test_the_entry_with_the_largest_rounding_error_gives_way():
    wh = np.array([[1.1, 2.0, -0.55]])
    whole = rounded(wh, np.array([[0.3]]), np.ones(1), 5)
    assert whole.wh.tolist() == [[1, 2, -1]]  # even already
    wh = np.array([[1.1, 2.0, -1.55]])
    assert rounded(wh, np.array([[0.3]]), np.ones(1), 5).wh.tolist() == [[1, 2, -1]]
    assert rounded(np.array([[5.4]]), np.array([[0.3]]), np.ones(1), 5).wh.tolist() == [[4]]  # no room above
    assert rounded(np.array([[0.9]]), np.array([[0.3]]), np.ones(1), 1).wh.tolist() == [[0]]
    drives_ = rounded(np.array([[4.0]]), np.array([[-0.2, 0.0, 1.9, 2.1, 99.0]]), np.ones(1), 5).drive
    assert drives_.tolist() == [[-1, 1, 1, 3, 5]]  # 99 decides alone, and so does 5


@pytest.mark.parametrize("seed", range(4))
def test_scales_are_the_best_tried_on_the_text(seed):
    weights, text = random_net(seed, 12, 4), text_of(seed, 400, 4)
    states = boolrnn.compile(weights).run(text).states
    before = np.where(states[:-1], 1, -1).astype(np.float32)

    def wrong(scales):
        whole = rounded(weights.wh.astype(np.float64), drives(weights), scales, 3)
        z = before @ whole.wh.T + whole.drive.T[text[1:]]
        return ((z >= 0) != states[1:]).sum(axis=0)

    chosen = scales_for(weights, 3, before, text[1:], states[1:])
    plain = np.abs(weights.wh.astype(np.float64)).max(axis=1) / 3
    assert (wrong(chosen) <= wrong(plain)).all()
    assert wrong(chosen).sum() < wrong(plain).sum()


@given(st.integers(0, 10**6), st.floats(1e-6, 1e6))
def test_readouts_on_a_grid_are_exact_sums(seed, size):
    rng = np.random.default_rng(seed)
    wy = (rng.normal(size=(5, 9)) * size).astype(np.float32)
    by = (rng.normal(size=5) * size).astype(np.float32)
    rounded_wy, rounded_by = on_grid(wy, by)
    assert np.abs(rounded_wy - wy).max() <= np.abs(wy).max() * 2.0**-17
    zeros = np.zeros((5, 1), np.float32)
    assert fits(rounded_wy, zeros, rounded_by).all()
