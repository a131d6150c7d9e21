"""Kindred codes: symbols that are used alike get like codes, and no two one code without need."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import text_of

from boolrnn.make.kindred import kindred_codes


def kinds_text(seed, length):
    """Two kinds of symbols, 0..4 and 5..9, that alternate; within a kind each symbol is as likely."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 5, length) + 5 * (np.arange(length) % 2)


def test_symbols_of_a_kind_are_nearer_than_others():
    found = kindred_codes(kinds_text(1, 4000), 10, 6)
    assert len(set(found[:5, 0])) == len(set(found[5:, 0])) == 1  # the first bit is the kind
    assert found[0, 0] != found[9, 0]
    assert len(np.unique(found, axis=0)) == 10


@given(
    st.lists(st.integers(0, 19), min_size=1, max_size=80).map(np.array), st.integers(1, 26), st.integers(0, 3)
)
def test_no_more_symbols_share_a_code_than_must(symbols, bits, seed):
    found = kindred_codes(symbols, 20, bits, seed)
    assert found.shape == (20, bits)
    assert (found == kindred_codes(symbols, 20, bits, seed)).all()
    met = np.unique(symbols)
    shared = Counter(map(tuple, found[met].tolist()))
    assert max(shared.values()) <= -(-len(met) // 2**bits)


@pytest.mark.parametrize("cutting", [2, 30, 256])
def test_bits_halve_the_occurrences_where_codes_are_plenty(cutting):
    text = text_of(5, 3000, cutting)
    found = kindred_codes(text, cutting, 4)
    on = found[text].mean(axis=0)
    assert (np.abs(on - 0.5) < 0.1).all()


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_short_texts(length):
    assert kindred_codes(kinds_text(1, length), 10, 5).shape == (10, 5)
