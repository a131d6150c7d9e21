"""ends: what a negated value costs is the plain formula, in any size; the fast form is the same number."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import random_net, text_of

import boolrnn
from boolrnn.bits import signs
from boolrnn.graph import ends
from boolrnn.graph.ends import negated, negated_signs


def naive_cost(weights, values, target):
    """-log2 of the softmax at `target`, in decimals of 60 digits."""
    with localcontext() as context:
        context.prec = 60
        scores = []
        for row, bias in zip(weights.wy.tolist(), weights.by.tolist()):
            scores.append(sum((Decimal(w) * Decimal(v) for w, v in zip(row, values)), Decimal(bias)))
        top = max(scores)
        total = sum((score - top).exp() for score in scores)
        return (total.ln() + top - scores[target]) / Decimal(2).ln()


def naive_negated(weights, values, targets):
    found = np.empty(values.shape)
    for t, row in enumerate(values.tolist()):
        before = naive_cost(weights, row, targets[t])
        for j in range(len(row)):
            moved = [-v if k == j else v for k, v in enumerate(row)]
            found[t, j] = naive_cost(weights, moved, targets[t]) - before
    return found


def net(seed, hidden, outputs, scale=1.0):
    return random_net(seed, hidden, outputs, outputs, scale)


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 5), st.sampled_from([1e-3, 1.0, 1e3, 1e30]))
def test_negated_is_the_plain_formula(seed, hidden, outputs, scale):
    weights = net(seed, hidden, outputs, scale)
    values = np.random.default_rng(seed).uniform(-1, 1, (3, hidden)).astype(np.float32)
    targets = text_of(seed, 3, outputs)
    truth = naive_negated(weights, values, targets)
    found = negated(weights, values, targets)
    np.testing.assert_allclose(found, truth, rtol=1e-12, atol=1e-13 * max(1, scale))


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 5), st.sampled_from([1e-3, 1.0, 20.0, 1e3]))
def test_signs_take_no_other_formula(seed, hidden, outputs, scale):
    weights = net(seed, hidden, outputs, scale)
    states = np.random.default_rng(seed).random((3, hidden)) < 0.5
    targets = text_of(seed, 3, outputs)
    found = negated_signs(weights, states, targets)
    truth = naive_negated(weights, signs(states), targets)
    np.testing.assert_allclose(found, truth, rtol=1e-12, atol=1e-13 * max(1, scale))
    general = negated(weights, signs(states), targets)
    np.testing.assert_allclose(found, general, rtol=1e-12, atol=1e-13 * max(1, scale))


def test_both_forms_are_used_and_agree_where_they_meet(monkeypatch):
    weights = net(3, 9, 6, 5.0)
    states = np.random.default_rng(0).random((40, 9)) < 0.5
    targets = text_of(0, 40, 6)
    general = negated(weights, signs(states), targets)
    calls = []
    monkeypatch.setattr(ends, "negated", lambda *given: calls.append(given) or negated(*given))
    np.testing.assert_allclose(negated_signs(weights, states, targets), general, rtol=1e-11, atol=1e-12)
    assert not calls
    monkeypatch.setattr(ends, "_SAFE", 1.0)
    assert (negated_signs(weights, states, targets) == general).all()
    assert len(calls) == 1


def test_blocks_do_not_show(monkeypatch):
    weights = net(1, 5, 4)
    states = np.random.default_rng(0).random((50, 5)) < 0.5
    targets = text_of(0, 50, 4)
    whole = negated(weights, signs(states), targets), negated_signs(weights, states, targets)
    monkeypatch.setattr(ends, "_BLOCK", 7)
    parts = negated(weights, signs(states), targets), negated_signs(weights, states, targets)
    np.testing.assert_allclose(parts, whole, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("outputs", [1, 4])
def test_a_neuron_that_moves_every_score_alike_is_worth_exactly_nothing(outputs):
    wy = np.random.default_rng(0).normal(size=(outputs, 6)).astype(np.float32)
    wy[:, 0], wy[:, 1] = 0, np.float32(0.7)
    parts = vars(net(0, 6, outputs))
    weights = boolrnn.Weights(**{n: parts[n] for n in ("wx", "wh", "bh", "by")}, wy=wy)
    states = np.random.default_rng(0).random((30, 6)) < 0.5
    targets = text_of(0, 30, outputs)
    for found in (negated(weights, signs(states), targets), negated_signs(weights, states, targets)):
        assert (found[:, :2] == 0).all()
        assert (found[:, 2:] != 0).all() == (outputs > 1)


def test_no_positions():
    weights = net(0, 3, 2)
    assert negated(weights, np.zeros((0, 3)), np.zeros(0, np.int64)).shape == (0, 3)
    assert negated_signs(weights, np.zeros((0, 3), bool), np.zeros(0, np.int64)).shape == (0, 3)


def test_published_deltas_come_from_hidden_values(archived, golden):
    weights, symbols = archived
    hidden = boolrnn.trace(weights, symbols).hidden
    rows = golden["q6_justify"]["positions"]
    at = np.array([row["t"] for row in rows])
    change = negated(weights, hidden[at], symbols[at + 1])
    for row, found in zip(rows, change):
        listed = row["top5[j,sign,wy_h,delta_bpc]"]
        assert np.argsort(-np.abs(found))[:5].tolist() == [j for j, *_ in listed]
        for j, sign, _, delta in listed:
            assert found[j] == pytest.approx(delta, rel=2e-3, abs=2e-5)
            assert (1 if hidden[row["t"], j] >= 0 else -1) == sign


def test_published_deltas_of_one_state_come_from_signs(archived, golden):
    weights, symbols = archived
    states = boolrnn.trace(weights, symbols).bits
    change = negated_signs(weights, states[42:43], symbols[43:44])[0]
    listed = golden["q1_attractor"]["attribution_t42[j,delta_bpc,wy_contrib,sign,top_src,top_contrib]"]
    assert np.argsort(-np.abs(change))[:20].tolist() == [row[0] for row in listed]
    for j, delta, _, sign, *_ in listed:
        assert change[j] == pytest.approx(delta, abs=1e-6)
        assert (1 if states[42, j] else -1) == sign
