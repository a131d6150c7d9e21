"""order: the first of the shortest words to every state, by looking at all words."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boolrnn.errors import MachineError
from boolrnn.machines import order
from boolrnn.machines.order import access_words, breadth_first, word_of


@pytest.fixture(params=["python", "compiled"])
def route(request, monkeypatch):
    monkeypatch.setattr(order, "_WORTH", 0 if request.param == "compiled" else 1 << 60)


def naive_words(table, start):
    """The first word to each state, in the order of the words: shorter first, then by symbols."""
    found = {}
    for length in range(len(table)):
        for word in itertools.product(range(table.shape[1]), repeat=length):
            state = start
            for x in word:
                state = table[state, x] if state >= 0 else -1
            if state >= 0:
                found.setdefault(int(state), word)
    return found


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 3), st.sampled_from([0.0, 0.4]))
@pytest.mark.usefixtures("route")
def test_words_are_the_first_of_the_shortest(seed, count, symbols, partial):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, count, (count, symbols)).astype(rng.choice([np.int32, np.int64]))
    table[rng.random(table.shape) < partial] = -1
    start = int(rng.integers(count))
    expected = naive_words(table, start)
    assert breadth_first(table, start).tolist() == list(expected)
    parent, symbol, length = access_words(table, start)
    for n in range(count):
        word = expected.get(n)
        assert length[n] == (-1 if word is None else len(word))
        if word:
            assert tuple(word_of(parent, symbol, n)) == word
        else:
            assert (parent[n], symbol[n], len(word_of(parent, symbol, n))) == (-1, -1, 0)


def test_a_chain_of_a_million_states():
    count = 10**6
    table = np.minimum(np.arange(count, dtype=np.int32)[:, None] + 1, count - 1)
    assert np.array_equal(breadth_first(table, 5), np.arange(5, count))
    words = access_words(table, 5)
    assert (words.length[-1], words.length[4]) == (count - 6, -1)
    assert np.array_equal(word_of(words.parent, words.symbol, 9), np.zeros(4))


def test_states_that_do_not_exist():
    table = np.zeros((2, 1), np.int64)
    with pytest.raises(MachineError, match="start 2: expected a state, 0..1"):
        access_words(table, 2)
    with pytest.raises(MachineError, match="start -1"):
        breadth_first(table, -1)
    with pytest.raises(MachineError, match="state 2: expected 0..1"):
        word_of(*access_words(table)[:2], 2)
