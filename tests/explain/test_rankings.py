"""Rankings: norms and orders by their definitions, and which of them find good neurons without a text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import random_net

from boolrnn.explain.knockout import knockout
from boolrnn.explain.rankings import WEIGHTS, column_norms, ordered, sizes, spearman


def test_sizes_are_sums_over_the_named_weights():
    weights = random_net(5, 6, 4)
    for j in range(6):
        assert sizes("wy-norm", weights)[j] == pytest.approx(sum(v**2 for v in weights.wy[:, j]) ** 0.5)
        assert sizes("wh-in", weights)[j] == pytest.approx(sum(abs(v) for v in weights.wh[j]))
        assert sizes("wh-out", weights)[j] == pytest.approx(sum(abs(v) for v in weights.wh[:, j]))
    squares = (weights.wy * weights.wy).astype(float)  # each rounded to float32
    assert (column_norms(weights, rounded=True) == np.sqrt(squares.sum(axis=0))).all()


def test_the_lowest_neuron_first_where_scores_are_equal_and_those_without_one_last():
    assert ordered(np.array([1.0, 3.0, np.nan, 3.0, 0.0, 1.0])).tolist() == [1, 3, 0, 5, 4, 2]


def naive_spearman(one, other):
    def ranks(values):
        return [sum(v < x for v in values) + (sum(v == x for v in values) + 1) / 2 for x in values]

    a, b = ranks(one), ranks(other)
    mean = (len(a) + 1) / 2
    covariance = sum((x - mean) * (y - mean) for x, y in zip(a, b))
    spread = [sum((x - mean) ** 2 for x in values) for values in (a, b)]
    return covariance / (spread[0] * spread[1]) ** 0.5 if min(spread) > 0 else None


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12))
def test_spearman_follows_its_definition(pairs):
    one, other = (np.array(column, float) for column in zip(*pairs))
    expected = naive_spearman(one.tolist(), other.tolist())
    found = spearman(one, other)
    assert np.isnan(found) if expected is None else found == pytest.approx(expected, abs=1e-12)


def test_spearman_without_a_value():
    assert np.isnan(spearman(np.array([1.0]), np.array([2.0])))
    assert np.isnan(spearman(np.array([1.0, np.nan]), np.array([2.0, 3.0])))
    assert spearman(np.arange(4.0), -np.arange(4.0)) == pytest.approx(-1)


def test_what_the_rankings_are_worth_on_the_archived_pair(archived):
    found = knockout(*archived, search=False)
    rows = {row["rank"]: row for row in found.to_json()["rankings"]}
    assert list(rows) == ["knockout", *WEIGHTS]
    assert found.top_k == 20
    assert rows["wh-in"]["spearman"] == pytest.approx(0.87, abs=0.005)
    assert rows["wh-in"]["top_bpc"] == pytest.approx(1.320, abs=5e-4)
    assert rows["knockout"]["spearman"] == pytest.approx(1)
    assert rows["knockout"]["top_bpc"] == pytest.approx(1.412, abs=5e-4)
    for row in rows.values():
        assert row["top_bpc"] == row["curve"][20]
        assert row["mean_bpc"] == pytest.approx(np.mean(row["curve"]))
        assert row["curve"][0] == pytest.approx(found.bias_only)
        assert row["curve"][-1] == pytest.approx(found.baseline)
