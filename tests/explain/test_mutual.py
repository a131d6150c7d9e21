"""mutual: information and its null by counting one position at a time, and how often the null is wrong."""

from collections import Counter
from math import cbrt, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boolrnn.explain import mutual
from boolrnn.explain.mutual import count, drawn_shifts, entropy, information, shift_null


def naive_information(labels, bits):
    """I(label; bit) in bits, from the shares of each pair."""
    n = len(labels)
    pairs, left, right = Counter(zip(labels, bits)), Counter(labels), Counter(bits)
    return sum(c / n * log2(c * n / (left[a] * right[b])) for (a, b), c in pairs.items())


def drawn(seed, positions, hidden, kinds):
    """Bits and features with these numbers of labels, and label numbers as `numbered` gives them."""
    rng = np.random.default_rng(seed)
    columns = [rng.integers(0, k, positions) for k in kinds]
    columns = [np.unique(column, return_inverse=True)[1] for column in columns]
    sizes = [int(column.max(initial=-1)) + 1 for column in columns]
    offsets = np.cumsum([0, *sizes])
    numbers = np.stack(columns, axis=1) + offsets[:-1]
    return rng.random((positions, hidden)) < rng.random(hidden), numbers, offsets


def persistent(rng, positions, count, stay):
    """Columns of 0 and 1 that keep their value with probability `stay`."""
    changes = np.cumsum(rng.random((positions, count)) > stay, axis=0)
    return (changes + rng.integers(0, 2, count)) % 2 == 1


@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 9), st.lists(st.integers(1, 9), min_size=1))
def test_information_from_shares(seed, positions, hidden, kinds):
    bits, numbers, offsets = drawn(seed, positions, hidden, kinds[:4])
    counts = count(bits, numbers, offsets)
    found = information(counts)
    for f in range(numbers.shape[1]):
        for i in range(hidden):
            expected = naive_information(numbers[:, f].tolist(), bits[:, i].tolist())
            assert found[f, i] == pytest.approx(expected, abs=1e-12)
    for i in range(hidden):
        share = bits[:, i].mean()
        expected = -sum(p * log2(p) for p in (share, 1 - share) if p)
        assert entropy(counts.ones, positions)[i] == pytest.approx(expected, abs=1e-12)
    assert (found <= entropy(counts.ones, positions) + 1e-12).all()


def test_counts_do_not_depend_on_the_block_of_positions(monkeypatch):
    bits, numbers, offsets = drawn(3, 500, 5, [3, 40])
    whole = count(bits, numbers, offsets)
    monkeypatch.setattr(mutual, "_BLOCK", 7)
    assert (count(bits, numbers, offsets).on == whole.on).all()
    halves = count(bits[:123], numbers[:123], offsets) + count(bits[123:], numbers[123:], offsets)
    assert (halves.on == whole.on).all()
    assert (halves.size == whole.size).all()
    assert halves.positions == 500


def naive_null(bits, numbers, tested, amounts):
    """mean, p and p_family, one shift, one feature and one neuron at a time."""
    features, hidden = tested.shape
    rows = {}
    for f in range(features):
        for i in range(hidden):
            if tested[f, i]:
                shifted = [np.roll(bits[:, i], -s) for s in [0, *amounts]]
                rows[f, i] = [naive_information(numbers[:, f].tolist(), b.tolist()) for b in shifted]
    scaled = {}
    for key, row in rows.items():
        roots = [cbrt(max(v, 0.0)) for v in row]
        mean, spread = np.mean(roots), np.std(roots)
        scaled[key] = [(root - mean) / spread for root in roots]
    family, worst, left = {}, 0, set(scaled)
    for key in sorted(scaled, key=lambda key: -scaled[key][0]):
        greatest = [max(scaled[other][k] for other in left) for k in range(1, len(amounts) + 1)]
        reach = (1 + sum(g >= scaled[key][0] - 1e-9 for g in greatest)) / (1 + len(amounts))
        family[key] = worst = max(worst, reach)
        left.remove(key)
    for key, row in rows.items():
        p = (1 + sum(v >= row[0] - 1e-12 for v in row[1:])) / len(row)
        yield key, np.mean(row[1:]), p, family[key]


@given(st.integers(0, 10**6), st.integers(30, 80), st.integers(1, 4))
@settings(max_examples=15)
def test_the_null_by_shifting_one_train_at_a_time(seed, positions, hidden):
    bits, numbers, offsets = drawn(seed, positions, hidden, [2, 5])
    bits[:9, 0], bits[9:18, 0] = True, False
    tested = np.tile((bits.sum(axis=0) > 4) & ((~bits).sum(axis=0) > 4), (2, 1))
    found = shift_null(bits, numbers, offsets, tested, 19, seed)
    amounts = drawn_shifts(positions, 19, seed)
    assert found.shifts == len(amounts) == 19
    for (f, i), mean, p, family in naive_null(bits, numbers, tested, amounts.tolist()):
        assert found.mean[f, i] == pytest.approx(mean, abs=1e-12)
        assert found.p[f, i] == pytest.approx(p)
        assert found.p_family[f, i] == pytest.approx(family)
    assert np.isnan(found.p[~tested]).all()


@pytest.mark.parametrize("hidden", [1, 13])
def test_compiled_and_plain_counts_are_the_same(monkeypatch, hidden):
    bits, numbers, offsets = drawn(5, 700, hidden, [2, 6, 50])
    tested = np.ones((3, hidden), bool)
    plain = shift_null(bits, numbers, offsets, tested, 40, 0)
    monkeypatch.setattr(mutual, "_LONG", 0)
    compiled = shift_null(bits, numbers, offsets, tested, 40, 0)
    for name in ("mean", "p", "p_family"):
        assert (getattr(plain, name) == getattr(compiled, name)).all()


def test_shifts_are_different_and_move_something():
    for positions in (0, 1, 2, 3, 9, 50, 1023):
        for shuffles in (0, 19, 100):
            found = drawn_shifts(positions, shuffles, 1)
            assert len(set(found.tolist())) == len(found) == min(shuffles, max(positions - 1, 0))
            assert ((found >= 1) & (found < positions)).all()
    assert drawn_shifts(9, 100, 0).tolist() == list(range(1, 9))
    many = [drawn_shifts(1000, 19, seed) for seed in range(300)]
    assert min(one.min() for one in many) < 10  # parts of 50: no distance is left out
    assert max(one.max() for one in many) > 990
    assert all(np.diff(one).max() < 100 for one in many)
    assert drawn_shifts(1023, 100, 0).tolist() != drawn_shifts(1023, 100, 1).tolist()


def test_slow_bits_and_slow_labels_that_are_independent_are_rarely_called_related():
    """At family-wise 5 % one experiment in twenty may find something; a permutation finds plenty."""
    wrong = by_permutation = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        bits, labels = persistent(rng, 600, 6, 0.95), persistent(rng, 600, 4, 0.95).astype(np.int64)
        offsets = np.arange(0, 10, 2)
        numbers, tested = labels + offsets[:-1], np.ones((4, 6), bool)
        wrong += (shift_null(bits, numbers, offsets, tested, 100, seed).p_family <= 0.05).any()
        observed = information(count(bits, numbers, offsets))
        order = [rng.permutation(600) for _ in range(20)]
        shuffled = np.array([information(count(bits[k], numbers, offsets)) for k in order])
        by_permutation += (observed > shuffled.max()).any()
    assert wrong <= 7  # 3 expected; 8 or more have a probability of 1 %
    assert by_permutation >= 50


def test_what_is_related_is_found_among_much_that_is_not():
    rng = np.random.default_rng(0)
    bits, labels = persistent(rng, 1000, 40, 0.9), persistent(rng, 1000, 5, 0.9).astype(np.int64)
    bits[:, 7] = labels[:, 2] ^ (rng.random(1000) < 0.2)
    offsets = np.arange(0, 12, 2)
    found = shift_null(bits, labels + offsets[:-1], offsets, np.ones((5, 40), bool), 100, 0)
    assert found.p_family[2, 7] <= 0.02
    assert (found.p_family <= 0.05).sum() <= 2
