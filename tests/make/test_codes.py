"""Codes of symbols: the published hashes, halves that are halves, and distances that are what is said."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boolrnn.errors import OptionError
from boolrnn.make.codes import (
    CODES,
    codes,
    half_splits,
    least_distance,
    mixed_hash,
    parity_hash,
    spread_codes,
)

EVERY = np.arange(256, dtype=np.uint8)
COUNTS = st.lists(st.sampled_from([0, 0, 1, 2, 3, 100]), min_size=1, max_size=70).map(np.array)


def plain_hash(x, j):
    """The published hash as its definition reads, in whole numbers."""
    u = x
    u = 73244475 * (u ^ (u // 16)) % 2**32
    u ^= u // 65536
    u = (u + j * 2654435761) % 2**32
    u = 73244475 * (u ^ (u // 16)) % 2**32
    u ^= u // 65536
    return u % 2 == 1


def test_the_mixed_hash_is_the_published_one():
    found = mixed_hash(EVERY, 20)
    assert found.tolist() == [[plain_hash(x, j) for j in range(20)] for x in range(256)]
    distinct = [len(np.unique(found[:, :bits], axis=0)) for bits in range(1, 17)]
    assert distinct == [2, 4, 8, 16, 32, 62, 110, 170, 200, 222, 239, 249, 250, 251, 253, 253]


def test_the_degenerate_hash_sees_parity_only():
    found = parity_hash(EVERY, 8)
    plain = [[(x * 2654435761 + j * 340573321) % 2**32 % 2 == 1 for j in range(8)] for x in range(256)]
    assert found.tolist() == plain
    assert len(np.unique(found, axis=0)) == 2


def test_the_value_itself():
    found = codes("value", EVERY, 10, np.ones(256, int))
    assert [sum(2**j for j in range(8) if row[j]) for row in found.tolist()] == list(range(256))
    assert (found[:, 8:] == mixed_hash(EVERY, 2)).all()
    assert codes("value", EVERY, 3, np.ones(256, int)).shape == (256, 3)


def plain_distance(found):
    rows = found.tolist()
    apart = [sum(a != b for a, b in zip(x, y)) for i, x in enumerate(rows) for y in rows[:i]]
    return min(apart, default=found.shape[1])


@given(st.integers(1, 9), st.integers(1, 7), st.integers(0, 99))
def test_least_distance_is_that_of_all_pairs(symbols, bits, seed):
    found = np.random.default_rng(seed).random((symbols, bits)) < 0.5
    assert least_distance(found) == plain_distance(found)


@given(COUNTS, st.integers(1, 20), st.integers(0, 9))
def test_splits_are_halves_and_share_no_code_without_need(counts, bits, seed):
    found = half_splits(counts, bits, seed)
    assert found.shape == (len(counts), bits)
    assert (found == half_splits(counts, bits, seed)).all()
    met = found[counts > 0]
    assert (np.abs(2 * met.sum(axis=0) - len(met)) <= 1).all()
    shared = Counter(map(tuple, met.tolist()))
    assert max(shared.values(), default=0) <= -(-len(met) // 2**bits)


def test_mended_splits_are_halves_still():
    for seed in range(12):  # 60 codes of 64: many change sides
        found = half_splits(np.ones(60, int), 6, seed)
        assert (found.sum(axis=0) == 30).all()
        assert len(np.unique(found, axis=0)) == 60


def test_splits_differ_by_seed_and_bits_are_not_tied():
    first, second = (half_splits(np.ones(100, int), 64, seed) for seed in (0, 1))
    assert (first != second).any()
    signs = np.where(first, 1, -1)
    tied = np.abs(signs.T @ signs / 100 - np.eye(64)).max()
    assert tied < 0.6  # 100 coins: six standard deviations
    unseen = half_splits(np.array([1] * 50 + [0] * 400), 4, 0)[50:]
    assert (np.abs(unseen.mean(axis=0) - 0.5) < 0.15).all()


@pytest.mark.parametrize(
    ("symbols", "bits", "distance"),
    [  # the largest that exist for so many words (MacWilliams & Sloane 1977, appendix A), where met
        (2, 8, 8),
        (8, 4, 2),
        (16, 7, 3),
        (16, 8, 4),
        (128, 8, 2),
        (256, 8, 1),
        (32, 16, 8),
        (52, 16, 6),
        (128, 16, 6),
    ],
)
def test_spread_codes_reach_the_largest_distance_there_is(symbols, bits, distance):
    found = spread_codes(np.arange(symbols, 0, -1), bits)
    assert least_distance(found) == distance


def test_blocks_of_bits_tell_apart_what_those_before_tell_least():
    assert least_distance(spread_codes(np.arange(52, 0, -1), 64)) > 4 * 6  # 6: the best of one block


@pytest.mark.parametrize("bits", [1, 3, 8, 12, 16, 17, 40])
@pytest.mark.parametrize("symbols", [1, 2, 3, 53])
def test_spread_codes_are_no_nearer_than_a_hash_and_balance_bits(symbols, bits):
    counts = (1000 / np.arange(1, symbols + 1)).astype(int)
    found = spread_codes(counts, bits)
    assert (found == spread_codes(counts, bits)).all()
    assert least_distance(found) >= least_distance(mixed_hash(EVERY[:symbols], bits))
    assert len(np.unique(found, axis=0)) == min(symbols, 2**bits)
    if symbols == 53 and bits <= 16:
        assert np.abs(counts @ np.where(found, 1, -1)).max() <= 0.25 * counts.sum()
    from_first = (found[0] != found).sum(axis=1)
    if symbols > 1 and symbols <= 2**bits:  # the two that occur most often are the farthest apart
        assert from_first[1] == from_first.max()


@given(COUNTS, st.integers(1, 18))
def test_spread_codes_merge_the_rarest_first(counts, bits):
    found = spread_codes(counts, bits)
    assert found.shape == (len(counts), bits)
    sets = [[int(c), 1] for c in counts if c]  # what occurs, merged as long as codes are too few
    while len(sets) > 2**bits:
        sets.sort()
        (a, m), (b, n), *sets = sets
        sets.append([a + b, m + n])
    sums = Counter()
    for row, count in zip(map(tuple, found.tolist()), counts.tolist()):
        sums[row] += count
    assert sorted(v for v in sums.values() if v) == sorted(total for total, _ in sets)
    assert len(sums) == min(len(counts), 2**bits)


def test_symbols_that_never_occur_get_codes_of_their_own_while_there_are_any():
    counts = np.array([0, 5, 0, 9, 0, 0, 7, 0])
    assert len(np.unique(spread_codes(counts, 3), axis=0)) == 8
    few = spread_codes(counts, 2)
    assert len(np.unique(few[counts > 0], axis=0)) == 3
    own = [tuple(row) for row in few[counts == 0].tolist()]
    assert Counter(own).most_common() == [(tuple(few[1].tolist()), 4), (own[0], 1)]  # 1 is the rarest


def test_one_bit_per_symbol():
    assert (codes("onehot", EVERY[:5], 8, np.ones(5, int)) == np.eye(5, dtype=bool)).all()


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("symbols", [1, 2, 3, 256])
def test_every_code_has_a_row_for_each_symbol(name, symbols):
    found = codes(name, EVERY[:symbols], 5, np.ones(symbols, int), 1)
    assert found.shape == (symbols, symbols if name == "onehot" else 5)
    assert found.dtype == bool


def test_refusals():
    with pytest.raises(OptionError, match="expected one of mixed, parity"):
        codes("guess", EVERY, 8, np.ones(256, int))
    with pytest.raises(OptionError, match="0 bits"):
        codes("mixed", EVERY, 0, np.ones(256, int))
