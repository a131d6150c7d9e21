"""nulls: counts, shifts and permutations against their definitions; the fits against exact tails."""

import itertools
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from boolrnn.graph import nulls


def trains(seed, steps, hidden, rate=0.4):
    return np.random.default_rng(seed).random((steps, hidden)) < rate


def naive_count(one, other):
    return sum(bool(x and y) for x, y in zip(one, other))


@given(st.integers(0, 10**6), st.integers(1, 45), st.integers(1, 5), st.floats(0, 1))
def test_counts_and_shifts_are_those_of_a_double_loop(seed, steps, hidden, rate):
    flips = trains(seed, steps, hidden, rate)
    counts = nulls.counts_of(flips)
    a, b = np.triu_indices(hidden, 1)
    null = nulls.shift_null(flips, a, b, counts[a, b])
    for k, (i, j) in enumerate(zip(a, b)):
        one, other = flips[:, i].tolist(), flips[:, j].tolist()
        circle = [naive_count(one, other[s:] + other[:s]) for s in range(steps)]
        assert counts[i, j] == circle[0]
        rank = sum(c >= circle[0] for c in circle) / steps
        assert null.rank[k] == null.p[k] == rank  # too few shifts for a fit
        assert null.p_less[k] == sum(c <= circle[0] for c in circle) / steps
        others = circle[1:]
        if len(set(others)) > 1:
            assert null.z[k] == pytest.approx((circle[0] - np.mean(others)) / np.std(others))
        else:
            assert np.isnan(null.z[k])


@pytest.mark.parametrize("steps", [997, 1000, 1024, 1022])  # prime, smooth, a power of two, as archived
def test_long_shifts_are_exact_and_the_fit_stays_between_the_shares(steps):
    flips = trains(1, steps, 6)
    flips[:, 1] = flips[:, 0] ^ (np.random.default_rng(2).random(steps) < 0.05)
    a, b = np.triu_indices(6, 1)
    count = nulls.counts_of(flips)[a, b]
    null = nulls.shift_null(flips, a, b, count)
    for k, (i, j) in enumerate(zip(a, b)):
        circle = np.array([(flips[:, i] & np.roll(flips[:, j], -s)).sum() for s in range(steps)])
        assert null.rank[k] == (circle >= count[k]).sum() / steps
        assert null.rank[k] - 1 / steps - 1e-15 <= null.p[k] <= null.rank[k]
        assert null.z[k] == pytest.approx((count[k] - circle[1:].mean()) / circle[1:].std())
    assert null.rank[0] == 1 / steps  # no other shift reaches the count of the coupled pair,
    assert null.p[0] < 1e-20  # and the fit says how far it is


def test_a_periodic_pair_is_no_more_significant_than_its_shifts_say():
    period = np.tile(trains(3, 100, 1), (10, 2))  # ten shifts bring the same count back
    null = nulls.shift_null(period, np.array([0]), np.array([1]), nulls.counts_of(period)[[0], [1]])
    assert null.rank[0] == 0.01
    assert null.p[0] >= 0.009


def hypergeometric(n, a, b):
    """P(k common) for each k, exactly."""
    return {
        k: Fraction(comb(a, k) * comb(n - a, b - k), comb(n, b))
        for k in range(max(0, a + b - n), min(a, b) + 1)
    }


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 6))
def test_moments_of_the_symbol_null_are_exact(seed, steps, symbols):
    rng = np.random.default_rng(seed)
    flips, read = trains(seed, steps, 2, rng.random()), rng.integers(0, symbols, steps)
    mean = variance = third = Fraction(0)
    for x in set(read.tolist()):
        part = flips[read == x]
        law = hypergeometric(len(part), int(part[:, 0].sum()), int(part[:, 1].sum()))
        centre = sum(k * p for k, p in law.items())
        mean += centre
        variance += sum((k - centre) ** 2 * p for k, p in law.items())
        third += sum((k - centre) ** 3 * p for k, p in law.items())
    count = nulls.counts_of(flips)[[0], [1]]
    null = nulls.symbol_null(flips, read, np.array([0]), np.array([1]), count)
    if not variance:
        assert null.p[0] == null.p_less[0] == 1
        assert np.isnan(null.z[0])
        return
    assert null.z[0] == pytest.approx((count[0] - float(mean)) / float(variance) ** 0.5, abs=1e-9)
    exact = nulls.pearson_tails(count, *(np.array([float(v)]) for v in (mean, variance, third)))
    assert [null.p[0], null.p_less[0]] == pytest.approx([exact[0][0], exact[1][0]], rel=1e-6, abs=1e-12)


def test_the_fit_of_the_symbol_null_is_near_the_exact_tail():
    """Three symbols, read 300, 200 and 100 times: exact law by convolution, at tails down to 1e-12."""
    sizes = [(300, 150, 90), (200, 40, 100), (100, 50, 10)]
    law = {0: Fraction(1)}
    for n, a, b in sizes:
        part = hypergeometric(n, a, b)
        wider = {}
        for (k, p), (m, r) in itertools.product(law.items(), part.items()):
            wider[k + m] = wider.get(k + m, 0) + p * r
        law = wider
    flips, read = [], []
    for x, (n, a, b) in enumerate(sizes):
        part = np.zeros((n, 2), bool)
        part[:a, 0] = part[:b, 1] = True
        flips.append(part)
        read += [x] * n
    flips, read = np.concatenate(flips), np.array(read)
    pair = np.array([0]), np.array([1])
    for count in (60, 70, 80, 90, 100):
        null = nulls.symbol_null(flips, read, *pair, np.array([count]))
        upper = float(sum(p for k, p in law.items() if k >= count))
        lower = float(sum(p for k, p in law.items() if k <= count))
        for fit, exact in ((null.p[0], upper), (null.p_less[0], lower)):
            assert fit == pytest.approx(exact, rel=0.05 if exact > 1e-4 else 1.0)
            assert fit > 0.97 * exact  # in the far tail the fit is on the safe side


@pytest.mark.parametrize("skew", [-2.0, -0.3, 0.0, 1e-4, 0.05, 0.7, 3.0])
def test_pearson_tails_are_those_of_another_program(skew):
    z = np.linspace(-4, 6, 41)
    # rel 1e-3: below a skewness of 1e-3 the normal tail stands in
    expected = stats.pearson3.sf(z, skew)
    assert nulls.pearson_upper(z, np.full(41, skew)) == pytest.approx(expected, rel=5e-3, abs=1e-300)


def test_a_bounded_side_keeps_the_normal_tail():
    count, ones = np.array([30]), np.ones(1)
    more, _ = nulls.pearson_tails(count, 0 * ones, 4 * ones, -8 * ones)  # bounded at z = 2; here z = 14.75
    assert more[0] == pytest.approx(stats.norm.sf(14.75))


@given(st.lists(st.floats(0, 1), max_size=30))
def test_benjamini_hochberg_by_its_definition(values):
    p = np.array(values)
    q = nulls.benjamini_hochberg(p)
    for level in (0.01, 0.05, 0.3):
        ranked = sorted(values)
        passing = [k for k, value in enumerate(ranked, 1) if value * len(values) / k <= level]
        called = max(passing, default=0)
        assert (q <= level).sum() >= called
        assert set(np.flatnonzero(q <= level)) == {
            i for i, v in enumerate(values) if called and v <= ranked[called - 1]
        }


def test_tests_that_were_not_made_do_not_count():
    q = nulls.benjamini_hochberg(np.array([np.nan, 0.01, np.nan, 0.04]))
    assert q[[1, 3]].tolist() == [0.02, 0.04]
    assert np.isnan(q[[0, 2]]).all()


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_hardly_any_steps(steps):
    flips, pair = trains(1, steps, 2, 1.0), (np.array([0]), np.array([1]))
    null = nulls.shift_null(flips, *pair, nulls.counts_of(flips)[[0], [1]])
    assert np.isnan(null.p[0]) if steps == 0 else null.p[0] == 1
    symbol = nulls.symbol_null(flips, np.zeros(steps, np.int64), *pair, np.zeros(1, np.int64))
    assert symbol.p[0] == 1
