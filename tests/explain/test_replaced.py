"""Replaced symbols: draws with the text's frequencies, continuations bit for bit those of a changed text."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError
from boolrnn.explain import replaced
from boolrnn.explain.replaced import Replaced, Replacements


@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 2, 7, 9]),
    st.integers(1, 10),
    st.sampled_from([1, 3, "all", "opposite"]),
    st.sampled_from(["float32", "float64"]),
    st.booleans(),
)
def test_each_row_is_the_network_on_the_changed_text(seed, hidden, length, how, arithmetic, wild):
    rng = np.random.default_rng(seed)
    weights = adversarial_net(seed, hidden, 4, 60) if wild else random_net(seed, hidden, 4)
    text = text_of(seed, length, 4)
    tested = np.flatnonzero(rng.random(max(length - 1, 0)) < 0.6)
    near = int(rng.integers(3))
    steps = near, near + int(rng.integers(4))
    choice = Replacements(text, 4, how, seed)
    machine = Replaced(weights, text, tested, steps, choice)
    seen = Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replaced, "_ROWS", int(rng.integers(1, 9)))
        for block in machine.blocks(arithmetic, "exact"):
            own = boolrnn.trace(weights, text, arithmetic=arithmetic).hidden
            assert (block.hidden == own[block.positions]).all()
            for moment in block.moments:
                for at, weight, state in zip(moment.at, moment.weight, moment.hidden):
                    t = int(block.positions[at])
                    seen[t, moment.step] += weight
                    candidates = []
                    for symbol in range(4):
                        changed = text.copy()
                        changed[t - moment.step] = symbol
                        candidates.append(boolrnn.trace(weights, changed, arithmetic=arithmetic).hidden[t])
                    assert any(
                        np.allclose(state, c, 0, 0 if arithmetic == "float32" else 1e-9) for c in candidates
                    )
    wanted = {
        (t, k): 1
        for t in tested.tolist()
        for k in range(steps[0], steps[1] + 1)
        if t - k >= 0 and choice.possible
    }
    assert seen.keys() == wanted.keys()
    assert all(weight == pytest.approx(1) for weight in seen.values())
    for k in range(steps[0], steps[1] + 1):
        assert machine.cells(k) == sum(step == k for _, step in wanted)


@given(st.lists(st.sampled_from([1, 4, 6]), min_size=1, max_size=20))
def test_all_others_have_their_frequencies(text):
    choice = Replacements(np.array(text), 9, "all", 0)
    which, symbol, weight = choice.rows(np.arange(len(text)))
    for s, own in enumerate(text):
        found = dict(zip(symbol[which == s].tolist(), weight[which == s].tolist()))
        rest = [x for x in text if x != own]
        assert found == pytest.approx({x: n / len(rest) for x, n in Counter(rest).items()})
    assert choice.possible == (len(set(text)) > 1)


def test_draws_have_the_frequencies_of_the_other_symbols():
    text = np.array([0] * 600 + [1] * 300 + [2] * 100)
    which, symbol, weight = Replacements(text, 5, 3, 7).rows(np.arange(1000))
    assert (np.bincount(which) == 3).all()
    assert weight == pytest.approx(1 / 3)
    assert (symbol != text[which]).all()
    for own, other, expected in ((0, 1, 0.75), (0, 2, 0.25), (1, 0, 6 / 7), (2, 1, 1 / 3)):
        share = (symbol[text[which] == own] == other).mean()
        assert share == pytest.approx(expected, abs=0.03)


def test_the_draws_of_a_position_depend_on_the_seed_alone():
    text = text_of(1, 50, 4)
    every = Replacements(text, 4, 2, 3).rows(np.arange(50))[1].reshape(50, 2)
    some = Replacements(text, 4, 2, 3).rows(np.array([7, 30]))[1].reshape(2, 2)
    assert (every[[7, 30]] == some).all()
    assert (every.ravel() != Replacements(text, 4, 2, 4).rows(np.arange(50))[1]).any()


@pytest.mark.parametrize("how", [0, -1, "most", "4"])
def test_what_is_refused(how):
    with pytest.raises(OptionError, match="expected a number, 1..10000, or 'all'"):
        Replacements(np.array([0, 1]), 2, how, 0)
