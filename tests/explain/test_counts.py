"""n-gram counts: every number by the obvious loops over the text."""

from fractions import Fraction
from math import log2

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from boolrnn.explain.counts import Text

TEXTS = st.lists(st.sampled_from([3, 7, 8, 200]), max_size=30)


def ratio(joint, context, target, cells):
    """p(both) / (p(context) p(target)) over `cells` cells; 0 where nothing is joint."""
    return Fraction(joint * cells, context * target) if joint else Fraction(0)


def cells_of(text, length, d):
    return [(tuple(text[s : s + length]), text[s + d]) for s in range(len(text) - d)]


@given(TEXTS, st.integers(1, 3), st.integers(1, 6))
def test_without_the_cell_itself_means_that_it_is_deleted(text, length, d):
    d = max(d, length)
    found = Text(np.array(text, np.int64)).cells(length, d).left_out_pmi()
    cells = cells_of(text, length, d)
    assert len(found) == len(cells)
    for s, (context, target) in enumerate(cells):
        others = cells[:s] + cells[s + 1 :]
        joint = sum(other == (context, target) for other in others)
        value = ratio(
            joint, sum(c == context for c, _ in others), sum(y == target for _, y in others), len(others)
        )
        assert found[s] == (pytest.approx(log2(value), abs=1e-12) if value else -np.inf)


@example([3, 7, 8] * 3 + [3, 3], 2, 2, 0)
@example([3, 7, 8] * 3 + [3, 3], 3, 3, 0)
@given(TEXTS, st.integers(1, 3), st.integers(1, 6), st.sampled_from([0, 1]))
def test_the_published_counts(text, length, d, without):
    found, n = Text(np.array(text, np.int64)).published_pmi(length, d, without), len(text)
    assert len(found) == max(n - d, 0)
    for s in range(n - d):
        same = [k for k in range(n - d) if text[k : k + length] == text[s : s + length]]
        joint = sum(text[k + d] == text[s + d] for k in same) - without
        p_target = text.count(text[s + d]) / n
        p_context = text.count(text[s]) / n if length == 1 else len(same) / (n - length + 1)
        counted = joint > 0 and d >= length and (length == 1 or len(same) > 2)
        expected = log2((joint / (n - d)) / (p_context * p_target)) if counted else 0.0
        assert found[s] == pytest.approx(expected, abs=1e-12)


@given(TEXTS, st.integers(1, 6), st.sampled_from([-0.3, 0.5, 1.1]), st.booleans())
def test_a_random_source_is_the_mean_over_all_sources(text, d, threshold, left_out):
    found, n = Text(np.array(text, np.int64)).random_source(d, threshold, left_out), len(text)
    cells = [(context[0], target) for context, target in cells_of(text, 1, d)]
    for s, (own, target) in enumerate(cells):
        hits = 0
        sources = [a for a, _ in cells] if left_out else text
        for a in sources:
            if left_out:
                counted = list(cells)
                counted.remove((own, target))
                joint = counted.count((a, target))
                context, others = (sum(c[k] == v for c in counted) for k, v in ((0, a), (1, target)))
                value = ratio(joint, context, others, len(counted))
            else:
                joint = cells.count((a, target))
                value = Fraction(joint * n * n, (n - d) * text.count(a) * text.count(target))
            hits += bool(value) and log2(value) > threshold
        assert found[s] == pytest.approx(hits / len(sources))


@given(TEXTS, st.integers(1, 4))
def test_the_best_pair_is_the_first_of_the_greatest(text, d):
    found, n = Text(np.array(text, np.int64)).best_pair(d), len(text)
    pairs = sorted(set(zip(text, text[d:])))
    if not pairs:
        assert found is None
        return
    values = {}
    for a, b in pairs:
        joint = list(zip(text, text[d:])).count((a, b))
        values[a, b] = log2((joint / (n - d)) / (text.count(a) / n * (text.count(b) / n))), joint
    best = max(value for value, _ in values.values())
    first = next(pair for pair in pairs if values[pair][0] > best - 1e-12)
    assert found[:2] == first
    assert found[2:] == pytest.approx(values[first])


def test_the_published_pairs(archived, golden):
    text = Text(archived[1])
    for d, pair, value, count in golden["q7_algebraic"]["top_pmi[d,pair,pmi,count]"]:
        source, target, found, joint = text.best_pair(d)
        assert f"'{chr(source)}','{chr(target)}'" == pair
        assert (joint, f"{found:.9g}") == (count, f"{value:.9g}")
