"""Kernels: every engine is the same function, bit for bit, on any net; long work is compiled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, exact_z, hardened_net, random_net, text_of

import boolrnn
from boolrnn.bits import from_words, to_words
from boolrnn.errors import OptionError, StateError, TextError
from boolrnn.model import kernels
from boolrnn.model.kernels import stepper
from boolrnn.model.table import tables_of

NETS = [
    pytest.param(lambda: random_net(1, 1, 2), id="one neuron"),
    pytest.param(lambda: random_net(2, 9, 3), id="nine"),
    pytest.param(lambda: random_net(3, 64, 5), id="one word"),
    pytest.param(lambda: random_net(4, 65, 5), id="a word and a bit"),
    pytest.param(lambda: random_net(5, 128, 256), id="two words"),
    pytest.param(lambda: random_net(6, 300, 4), id="three hundred"),
    pytest.param(lambda: random_net(7, 12, 3, scale=0.0), id="all ties"),
    pytest.param(lambda: random_net(8, 12, 3, scale=1e-44), id="subnormal"),
    pytest.param(lambda: hardened_net(9, 40), id="integers"),
    pytest.param(lambda: adversarial_net(10, 23, 4, 40), id="int64 rows"),
    pytest.param(lambda: adversarial_net(11, 23, 4, 253), id="the whole exponent range"),
    pytest.param(lambda: adversarial_net(12, 130, 3, 90), id="wide, two words"),
]


@pytest.fixture(params=["numpy", "compiled"])
def engine(request):
    return request.param


def naive(weights, state, symbols):
    """The state after `symbols`, in fractions."""
    for x in symbols:
        state = np.array([z >= 0 for z in exact_z(weights, state, x)])
    return state


@pytest.mark.parametrize("net", NETS)
def test_every_engine_is_the_exact_automaton(net, engine):
    weights = net()
    automaton = boolrnn.compile(weights)
    found = stepper(automaton, engine=engine)
    assert found.engine == engine
    rng = np.random.default_rng(0)
    text = text_of(1, 60, weights.symbols)
    by_rows = np.empty((60, weights.hidden), bool)
    automaton.rows.run(text, None, by_rows, lambda _: None)
    assert (found.run(text) == by_rows).all()
    states = rng.random((150, weights.hidden)) < 0.5
    each = rng.integers(0, weights.symbols, (150, 7))
    after = found.advance(states, each)
    for b in (0, 77, 149):
        run = found.run(each[b], initial=states[b])
        assert (run[-1] == after[b]).all()
        assert (
            found.repeat(each[b], 3, states[b][None])[0] == found.run(np.tile(each[b], 3), states[b])[-1]
        ).all()
    slow = slice(0, 2) if weights.hidden > 50 else slice(0, 12)
    for state, symbols, end in zip(states[slow], each[slow], after[slow]):
        assert (naive(weights, state, symbols) == end).all()


@given(st.integers(0, 10**6), st.integers(1, 20), st.integers(1, 4), st.integers(1, 260))
def test_engines_agree_on_adversarial_nets(seed, hidden, symbols, spread):
    weights = adversarial_net(seed, hidden, symbols, spread)
    automaton = boolrnn.compile(weights)
    states = np.random.default_rng(seed).random((40, hidden)) < 0.5
    text = text_of(seed, 40, symbols)
    fast = stepper(automaton, engine="compiled")
    assert (fast.advance(states, text[:, None]) == stepper(automaton).advance(states, text[:, None])).all()
    for state, x, after in zip(states[:4], text, fast.advance(states, text[:, None])):
        assert [z >= 0 for z in exact_z(weights, state, int(x))] == after.tolist()


def test_long_work_is_compiled_and_short_work_is_not():
    automaton = boolrnn.compile(random_net(1, 20, 3))
    assert stepper(automaton, work=10).engine == "numpy"
    assert stepper(automaton, work=kernels.WORTH).engine == "compiled"


def test_tables_that_would_not_fit_are_left_to_numpy(monkeypatch):
    automaton = boolrnn.compile(random_net(1, 20, 3))
    monkeypatch.setattr(kernels, "TABLE_BYTES", 1 << 10)
    assert stepper(automaton, work=10**9).engine == "numpy"
    with pytest.raises(OptionError, match="tables take"):
        stepper(automaton, engine="compiled")


def test_a_long_text_is_the_same_trajectory_compiled():
    weights = random_net(3, 20, 3)
    automaton = boolrnn.compile(weights)
    text = text_of(3, kernels.WORTH + 5, 3)
    states = automaton.run(text).states
    by_rows = np.empty_like(states)
    automaton.rows.run(text, None, by_rows, lambda _: None)
    assert (states == by_rows).all()


def test_what_does_not_fit_is_refused(engine):
    found = stepper(boolrnn.compile(random_net(1, 6, 3)), engine=engine)
    with pytest.raises(TextError, match="expected 0..2"):
        found.run(np.array([0, 3]))
    with pytest.raises(StateError, match="expected"):
        found.advance(np.zeros((2, 5), bool), np.zeros((2, 1), int))
    with pytest.raises(TextError, match="shape"):
        found.advance(np.zeros((2, 6), bool), np.zeros((3, 1), int))
    with pytest.raises(OptionError, match="expected one of auto"):
        stepper(found.automaton, engine="gpu")


def test_nothing_to_do_is_done(engine):
    found = stepper(boolrnn.compile(random_net(1, 6, 3)), engine=engine)
    states = np.eye(6, dtype=bool)
    assert found.run(np.zeros(0, int)).shape == (0, 6)
    assert (found.repeat(np.array([1]), 0, states) == states).all()
    assert (found.advance(states, np.zeros((6, 0), int)) == states).all()
    assert found.advance(states[:0], np.zeros((0, 3), int)).shape == (0, 6)


@pytest.mark.parametrize("hidden", [1, 8, 63, 64, 65, 130])
def test_words_hold_the_states(hidden):
    states = np.random.default_rng(hidden).random((5, hidden)) < 0.5
    words = to_words(states)
    assert words.shape == (5, -(-hidden // 64))
    assert (from_words(words, hidden) == states).all()
    for state, row in zip(states, words):
        assert sum(int(w) << (64 * k) for k, w in enumerate(row)) == sum(
            1 << int(j) for j in np.flatnonzero(state)
        )


@pytest.mark.parametrize("seed", range(4))
def test_the_tables_keep_their_promise(seed):
    """|u - E - q z| <= E for every row, with q z from fractions; so no wrong bit can pass for a sure one."""
    weights = adversarial_net(seed, 20, 3, 60 * seed + 4)
    automaton = boolrnn.compile(weights)
    made = tables_of(automaton.rows, weights.wh, weights.wx, weights.bh)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        state, x = rng.random(20) < 0.5, int(rng.integers(3))
        packed = np.packbits(state, bitorder="little")
        u = made.drive[x].astype(int) + sum(made.slices[s, b].astype(int) for s, b in enumerate(packed))
        assert np.abs(u).max() <= 32767
        for i, z in enumerate(exact_z(weights, state, x)):
            if u[i] > made.limit:
                assert z >= 0
            if u[i] < 0:
                assert z < 0
