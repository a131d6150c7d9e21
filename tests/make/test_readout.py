"""The readout's fit: the optimum of a convex problem, against finite differences and a slow descent."""

import numpy as np
import pytest

from boolrnn.make import readout
from boolrnn.make.readout import fit_readout


def problem(seed, positions=200, hidden=6, outputs=4):
    rng = np.random.default_rng(seed)
    states = rng.random((positions, hidden)) < 0.5
    scores = np.where(states, 1, -1) @ rng.normal(size=(hidden, outputs)) + rng.gumbel(
        size=(positions, outputs)
    )
    return states, scores.argmax(axis=1)


def test_the_gradient_is_the_derivative():
    states, targets = problem(0)
    features = np.concatenate([np.where(states, 1, -1), np.ones((200, 1))], axis=1).astype(np.float32)
    flat = np.random.default_rng(1).normal(size=4 * 7)
    _, gradient = readout._loss(flat, features, targets, 4, 0.1)
    for k in (0, 5, 13, 27):
        step = np.eye(28)[k] * 1e-2
        ends = [readout._loss(flat + way * step, features, targets, 4, 0.1)[0] for way in (1, -1)]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / 2e-2, abs=1e-4)


@pytest.mark.parametrize("block", [7, 8192])
def test_it_is_the_optimum(monkeypatch, block):
    """Full-batch gradient descent from elsewhere ends in the same place."""
    monkeypatch.setattr(readout, "BLOCK", block)
    states, targets = problem(2)
    wy, by = fit_readout(states, targets, 4, l2=1e-3)
    features = np.concatenate([np.where(states, 1, -1), np.ones((200, 1))], axis=1)
    slow = np.zeros((4, 7))
    for _ in range(4000):
        scores = features @ slow.T
        chance = np.exp(scores - scores.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        chance[np.arange(200), targets] -= 1
        gradient = chance.T @ features / 200
        gradient[:, :-1] += 1e-3 * slow[:, :-1]
        slow -= 0.5 * gradient
    assert np.abs(wy - slow[:, :-1]).max() < 5e-3
    assert np.abs((by - by.mean()) - (slow[:, -1] - slow[:, -1].mean())).max() < 5e-3


def test_only_the_columns_that_are_allowed():
    states, targets = problem(3)
    columns = np.array([True, False, True, False, False, True])
    wy, _ = fit_readout(states, targets, 4, columns=columns)
    assert ((wy != 0).any(axis=0) == columns).all()


def test_outputs_that_never_occur_and_one_position():
    wy, by = fit_readout(np.array([[True, False]]), np.array([1]), 3)
    assert wy.shape == (3, 2)
    assert by.argmax() == 1
    assert np.isfinite(wy).all()
