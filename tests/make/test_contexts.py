"""Contexts: every neuron is on exactly after its context, and which contexts are kept follows from counts."""

import collections
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import text_of

import boolrnn
from boolrnn.errors import TextError
from boolrnn.make.contexts import contexts_body

TEXT = np.frombuffer(b"<a><b>one</b><b>two</b><c>one</c></a>\n" * 3, np.uint8)


def alphabet(size):
    return np.arange(size, dtype=np.uint8)


def body_of(symbols, size, groups, neurons):
    return contexts_body(alphabet(size), np.asarray(symbols, np.int64), groups, neurons)


def spelled(body, symbols):
    """(T, H) from the definition: whether the last k symbols are the context, k symbols long."""
    contexts = body.contexts()
    ends = [
        [tuple(symbols[max(0, t + 1 - len(c)) : t + 1]) == c for c in contexts] for t in range(len(symbols))
    ]
    return np.array(ends).reshape(len(symbols), len(contexts))


@given(
    st.lists(st.integers(0, 2), min_size=2, max_size=40),
    st.lists(st.integers(0, 3), min_size=1, max_size=25),
    st.integers(1, 5),
    st.integers(1, 30),
)
def test_states_spell_the_contexts_on_any_text(training, other, groups, neurons):
    """Symbol 3 never occurs in training."""
    body = body_of(training, 4, groups, neurons)
    other = np.array(other)
    said = spelled(body, other.tolist())
    assert (boolrnn.compile(body.net).run(other).states == said).all()
    assert (boolrnn.trace(body.net, other).bits == said).all()
    features = body.features(other)
    assert features.shape == (len(other) - 1, body.net.hidden)
    assert (features.toarray() == said[:-1]).all()
    steps = len(other) - 1 - min(groups, len(other) - 1)
    assert body.decoded(other) == (steps * body.order.max(),) * 2
    assert body.distinct == len(np.unique(body.net.wx, axis=1).T)


@given(st.lists(st.integers(0, 2), min_size=2, max_size=60), st.integers(1, 5), st.integers(1, 30))
def test_the_set_is_closed_and_no_larger_than_asked(training, groups, neurons):
    body = body_of(training, 3, groups, neurons)
    contexts = body.contexts()
    assert 1 <= len(set(contexts)) == len(contexts) == body.net.hidden <= neurons
    assert max(map(len, contexts)) <= groups
    for c in contexts:
        assert len(c) == 1 or {c[1:], c[:-1]} <= set(contexts)
        assert any(tuple(training[t : t + len(c)]) == c for t in range(len(training)))


@pytest.mark.parametrize(("size", "groups", "neurons"), [(1, 1, 1), (2, 3, 9), (13, 4, 60)])
def test_the_float_program_is_the_automaton_on_every_text(size, groups, neurons):
    proof = boolrnn.certify(body_of(text_of(0, 200, size), size, groups, neurons).net)
    assert (proof.level, proof.form) == ("certified_always", "bit-exact")


def naive_gains(symbols, size, groups, discount=0.75):
    """{context that occurs twice: nats}, each occurrence left out of the counts that predict it."""
    pairs = list(enumerate(symbols[1:]))
    chance = dict.fromkeys(range(len(pairs)), 1 / size)
    gains = {}
    for k in range(groups + 1):
        ends = collections.defaultdict(list)
        for t, o in pairs:
            if t + 1 >= k:
                ends[tuple(symbols[t + 1 - k : t + 1])].append((t, o))
        found = {}
        for c, places in ends.items():
            for t, o in places:
                others = [p for s, p in places if s != t]
                if others:
                    left = max(others.count(o) - discount, 0) + discount * len(set(others)) * chance[t]
                    found[t] = (c, left / len(others))
        level = collections.defaultdict(float)
        for t, (c, after) in found.items():
            level[c] += math.log(after / chance[t])
            chance[t] = after
        gains |= dict(level) if k else {}
    return gains


def naive_worth(gains):
    worth = {}
    for c in sorted(gains, key=len):
        parents = [p for p in (c[:-1], c[1:]) if len(c) > 1 and worth[p] < gains[c]]
        worth[c] = (gains[c] + sum(worth[p] for p in parents)) / (1 + len(parents))
    for c in sorted(gains, key=len, reverse=True):
        for parent in {c[:-1], c[1:]} - {()}:
            worth[parent] = max(worth[parent], worth[c])
    return worth


@pytest.mark.parametrize(("size", "length", "groups"), [(2, 60, 6), (3, 90, 4), (14, 114, 5)])
def test_the_worthiest_contexts_are_kept(size, length, groups):
    symbols = np.unique(TEXT[:length], return_inverse=True)[1] % size
    worth = naive_worth(naive_gains(symbols.tolist(), size, groups))
    useful = sum(w > 1e-6 for w in worth.values())
    assert useful > 5
    for neurons in (1, useful // 2, useful):
        kept = set(body_of(symbols, size, groups, neurons).contexts())
        assert len(kept) == neurons
        least = min(worth[c] for c in kept)
        assert all(worth[c] <= least + 1e-9 for c in set(worth) - kept)


def test_symbols_fill_what_is_left():
    """Nothing follows from anything: the places go to the symbols, most frequent first."""
    symbols = np.array([2, 2, 1, 2, 0])
    assert body_of(symbols, 5, 3, 1).contexts() == [(2,)]
    assert body_of(symbols, 5, 3, 2).contexts() == [(0,), (2,)]
    assert body_of(symbols, 5, 3, 100).contexts() == [(0,), (1,), (2,)]  # 3 and 4 never occur
    assert body_of(symbols, 5, 3, 100).distinct == 4


def test_one_symbol_and_an_alphabet_of_one():
    for length in (1, 2, 50):
        body = body_of([0] * length, 1, 3, 8)
        assert (0,) in body.contexts()
        assert (body.distinct, body.features(np.zeros(4, np.int64)).shape[0]) == (1, 3)


def test_a_planted_rule_is_found():
    """After 0 1 comes 2, after 1 alone a coin: the context of two symbols is the first of its length."""
    rng, symbols = np.random.default_rng(0), [0]
    for _ in range(3000):
        coin = int(rng.integers(0, 3))
        symbols.append(2 if symbols[-2:] == [0, 1] else coin)
    assert [c for c in body_of(symbols, 3, 3, 4).contexts() if len(c) == 2] == [(0, 1)]


def test_a_rule_that_single_symbols_say_nothing_of():
    """The next bit is whether the last two differ, or a coin now and then: no single bit helps."""
    rng, symbols = np.random.default_rng(1), [0, 1]
    for coin in rng.integers(0, 20, 4000).tolist():
        symbols.append(coin % 2 if coin < 4 else symbols[-1] ^ symbols[-2])
    found = body_of(symbols, 2, 2, 6).contexts()
    assert found == [(0,), (1,), (0, 0), (1, 0), (0, 1), (1, 1)]


def test_a_damaged_net_is_noticed():
    _, symbols = np.unique(TEXT, return_inverse=True)
    body = body_of(symbols, int(symbols.max()) + 1, 3, 40)
    assert body.decoded(symbols) == ((len(TEXT) - 4) * 3,) * 2
    wh = body.net.wh.copy()
    wh[wh > 0] *= -1
    object.__setattr__(body.net, "wh", wh)
    body.__dict__.pop("_tables")
    right, checked = body.decoded(symbols)
    assert right < checked


def test_parts_of_a_text_are_compared_one_after_another(monkeypatch):
    _, symbols = np.unique(TEXT, return_inverse=True)
    body = body_of(symbols, int(symbols.max()) + 1, 4, 50)
    whole = body.decoded(symbols)
    for cells in (1, 150, 1000):
        monkeypatch.setattr("boolrnn.make.contexts.CELLS", cells)
        assert body.decoded(symbols) == whole


def test_a_symbol_outside_the_vocabulary_is_refused():
    with pytest.raises(TextError, match="symbol 3 at position 1"):
        body_of([0, 1, 2, 0], 3, 2, 5).features(np.array([0, 3, 1]))
