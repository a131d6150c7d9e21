"""Full-batch descent: the steps of the definition, with outputs merged that stay equal."""

import numpy as np
import pytest
from nets import text_of
from scipy.sparse import csr_array

from boolrnn.make.fitting import Split, Task
from boolrnn.make.full_batch import descend, descent, least_squares_20, least_squares_500


def plain_descent(features, targets, wy, by, epochs, rate, drops):
    """One output at a time, nothing merged."""
    wy, by, costs = wy.astype(float).copy(), by.astype(float).copy(), []
    for epoch in range(epochs):
        slope, level, cost = np.zeros_like(wy), np.zeros_like(by), 0.0
        for h, target in zip(features, targets):
            scores = np.exp(wy @ h + by)
            shares = scores / scores.sum()
            cost -= np.log2(shares[target])
            shares[target] -= 1
            slope += np.outer(shares, h)
            level += shares
        wy -= rate * slope / len(targets)
        by -= rate * level / len(targets)
        rate *= 0.3 if epoch in drops else 1
        costs.append(cost / len(targets))
    return wy, by, costs


@pytest.mark.parametrize(
    ("positions", "hidden", "outputs", "met"), [(1, 1, 1, 1), (5, 1, 3, 1), (30, 4, 9, 3), (25, 7, 4, 4)]
)
def test_the_steps_are_those_of_the_definition(positions, hidden, outputs, met):
    rng = np.random.default_rng(positions)
    features = np.where(rng.random((positions, hidden)) < 0.5, 1.0, -1.0)
    targets = rng.integers(0, met, positions)
    wy, by = rng.normal(size=(outputs, hidden)), rng.normal(size=outputs)
    if outputs > met + 2:  # two classes of outputs that never occur
        wy[met:], by[met:] = wy[met], by[met]
        wy[-2:], by[-1] = 0.5, by[-2]
    history = []
    found = descend(features, targets, wy, by, epochs=12, rate=0.7, drops=(3, 8), history=history)
    wanted = plain_descent(features, targets, wy, by, 12, 0.7, (3, 8))
    np.testing.assert_allclose(found[0], wanted[0], atol=1e-12)
    np.testing.assert_allclose(found[1], wanted[1], atol=1e-12)
    np.testing.assert_allclose(history, wanted[2], atol=1e-12)
    before, after = (np.unique(np.c_[pair[0], pair[1]][met:], axis=0) for pair in ((wy, by), found))
    assert len(before) == len(after)  # outputs that were equal are, exactly


def test_sparse_bits_are_signs():
    rng = np.random.default_rng(3)
    bits = rng.random((40, 6)) < 0.3
    targets = rng.integers(0, 4, 40)
    start = rng.normal(size=(5, 6)), rng.normal(size=5)
    dense = descend(np.where(bits, 1.0, -1.0), targets, *start, epochs=9, rate=0.4)
    sparse = descend(csr_array(bits.astype(np.float32)), targets, *start, epochs=9, rate=0.4)
    for one, other in zip(dense, sparse):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_more_positions_than_a_block():
    rng = np.random.default_rng(4)
    features, targets = rng.choice([-1.0, 1.0], (9000, 2)), rng.integers(0, 3, 9000)
    zero = np.zeros((3, 2)), np.zeros(3)
    found = descend(features, targets, *zero, epochs=1, rate=1.0)
    hot = np.eye(3)[targets]
    np.testing.assert_allclose(found[0], (hot - 1 / 3).T @ features / 9000, atol=1e-12)


def test_without_positions_or_steps_nothing_moves():
    wy, by = np.ones((3, 2)), np.arange(3.0)
    for targets, epochs in ((np.zeros(0, np.int64), 5), (np.zeros(1, np.int64), 0)):
        found = descend(np.ones((len(targets), 2)), targets, wy, by, epochs=epochs, rate=0.5)
        np.testing.assert_array_equal(found[0], wy)
        np.testing.assert_allclose(found[1], by, atol=1e-15)


def a_task(symbols, outputs, split, hidden=4):
    """Bits of the last symbol, and of the one before."""
    codes = np.random.default_rng(1).choice(np.float32([-1, 1]), (outputs, hidden // 2))
    back = np.concatenate([symbols[:1], symbols[:-1]])
    features = np.concatenate([codes[symbols], codes[back]], axis=1)[:-1]
    return Task(features, symbols, outputs, 2, split)


@pytest.mark.parametrize("fit", [descent, least_squares_20, least_squares_500])
def test_readouts_see_nothing_that_is_held_out(fit):
    symbols = text_of(5, 40, 3)
    split = Split.of(40, 0.25, 0.2)
    changed = symbols.copy()
    changed[split.held + 1 :] = 2 - changed[split.held + 1 :]
    found, again = (fit(a_task(each, 3, split)) for each in (symbols, changed))
    np.testing.assert_array_equal(found.wy, again.wy)
    np.testing.assert_array_equal(found.by, again.by)
    assert found.iterations == {descent: 1000, least_squares_20: 20, least_squares_500: 500}[fit]


def test_descent_reads_all_that_is_not_held_out():
    symbols = text_of(6, 30, 3)
    found = descent(a_task(symbols, 3, Split.of(30, 0.2, 0.3)))
    whole = a_task(symbols, 3, Split.of(30, 0.2))
    wanted = descend(
        whole.features[:23],
        whole.targets[:23],
        np.zeros((3, 4)),
        whole.marginal(),
        epochs=1000,
        rate=0.5,
        drops=(300, 600, 800),
    )
    np.testing.assert_allclose(found.wy, wanted[0], atol=1e-6)
    np.testing.assert_allclose(found.by, wanted[1], atol=1e-6)
