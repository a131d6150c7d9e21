"""Closed forms: counts as their definitions read, settings the best of their grid, nothing held out seen."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import text_of
from scipy.sparse import csr_array

from boolrnn.errors import OptionError
from boolrnn.make import closed_forms
from boolrnn.make.closed_forms import Judge, Scales, bayes, fourier, least_squares, logratio
from boolrnn.make.fitting import Split, Task

FITS = [logratio, fourier, bayes, least_squares]


def register_task(symbols, outputs, groups, codes, split, sparse=False):
    """The register's states, a group at a time; all bits are on where nothing has arrived."""
    bits = codes.shape[1]
    on = np.ones((len(symbols) - 1, groups * bits), bool)
    for t in range(len(symbols) - 1):
        for g in range(min(groups, t + 1)):
            on[t, g * bits : (g + 1) * bits] = codes[symbols[t - g]]
    features = csr_array(on.astype(np.float32)) if sparse else np.where(on, np.float32(1), np.float32(-1))
    return Task(features, symbols, outputs, groups, split)


def a_task(fit, seed=0, length=60, outputs=4, groups=3, split=None, sparse=False):
    """A text of which something can be said, and a random code; one bit per symbol for bayes."""
    rng = np.random.default_rng(seed)
    symbols = planted(length, outputs, 1, 0.6, seed)
    codes = np.eye(outputs) > 0 if fit is bayes else rng.random((outputs, 2)) < 0.5
    return register_task(symbols, outputs, groups, codes, split or Split.of(length, 0.1, 0.2), sparse)


def bits_cost(task, fitted, first, stop):
    """Mean bits of positions first..stop-1."""
    features = task.features if isinstance(task.features, np.ndarray) else 2 * task.features.toarray() - 1
    scores = features[first:stop].astype(float) @ fitted.wy.T.astype(float) + fitted.by
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return -float(np.log2(shares[np.arange(stop - first), task.targets[first:stop]]).mean())


def counts_of(task, neuron, on, stop):
    """How often each symbol followed this neuron's bit, from the position on at which it says something."""
    bits = task.features.shape[1] // task.groups
    found = np.zeros(task.outputs)
    for t in range(neuron // bits, stop):
        found[task.symbols[t + 1]] += (task.features[t, neuron] > 0) == on
    return found


def share_of(counts, smoothing):
    return (counts + smoothing) / (counts.sum() + smoothing * len(counts))


def test_log_ratios_are_those_of_the_definition():
    task = a_task(logratio)
    found = logratio(task)
    held = task.split.held
    for i in range(task.features.shape[1]):
        shares = [share_of(counts_of(task, i, on, held), found.smoothing) for on in (True, False)]
        np.testing.assert_allclose(
            found.wy[:, i], found.scale * np.log(shares[0] / shares[1]), rtol=1e-5, atol=1e-6
        )
    np.testing.assert_allclose(found.by, task_whole(task).marginal(), rtol=1e-6)


def task_whole(task):
    return dataclasses.replace(task, split=task.split.whole)


def test_projections_are_those_of_the_definition():
    task = a_task(fourier)
    found, held = fourier(task), task.split.held
    level = task_whole(task).marginal()
    for i in range(task.features.shape[1]):
        g = i // 2
        total = np.zeros(4)
        for t in range(g, held):
            follows = np.zeros(4)
            for u in range(g, held):
                follows[task.symbols[u + 1]] += task.symbols[u - g] == task.symbols[t - g]
            total += (np.log(share_of(follows, found.smoothing)) - level) * task.features[t, i]
        np.testing.assert_allclose(found.wy[:, i], found.scale * total / (held - g), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sparse", [False, True])
def test_bayes_adds_up_what_each_symbol_says(sparse):
    task = a_task(bayes, sparse=sparse)
    found, held = bayes(task), task.split.held
    level = task_whole(task).marginal()
    plain = a_task(bayes)
    for t in range(task.groups, len(task.symbols) - 1):
        wanted = level.copy()
        for g in range(task.groups):
            counts = counts_of(plain, 4 * g + task.symbols[t - g], True, held)
            wanted += found.scale * (np.log(share_of(counts, found.smoothing)) - level)
        scores = found.wy.astype(float) @ plain.features[t] + found.by
        np.testing.assert_allclose(scores, wanted, atol=1e-4)
    assert found.scale > 0.1


def test_least_squares_is_where_the_gradient_is_zero():
    task = a_task(least_squares)
    found = least_squares(task)
    held, first = task.split.held, task.groups - 1
    solved = found.wy.astype(float).T / found.scale
    signs = task.features[first:held].astype(float)
    wanted = np.eye(4)[task.targets[first:held]] - np.exp(task_whole(task).marginal())
    slope = signs.T @ (wanted - signs @ solved) / len(signs)
    np.testing.assert_allclose(slope, found.smoothing * solved, atol=1e-6)


@pytest.mark.parametrize("fit", FITS)
def test_sparse_and_dense_bits_give_one_readout(fit):
    dense, sparse = (fit(a_task(fit, seed=3, sparse=sparse)) for sparse in (False, True))
    np.testing.assert_allclose(dense.wy, sparse.wy, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(dense.by, sparse.by, rtol=1e-5, atol=1e-6)
    assert dense.scale == sparse.scale


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_held_out_is_never_seen(fit, seed):
    task = a_task(fit, seed, split=Split.of(60, 0.3, 0.2))
    symbols, features, held = task.symbols.copy(), task.features.copy(), task.split.held
    symbols[held + 1 :] = 3 - symbols[held + 1 :]
    features[held:] *= -1
    found, again = fit(task), fit(dataclasses.replace(task, symbols=symbols, features=features))
    np.testing.assert_array_equal(found.wy, again.wy)
    np.testing.assert_array_equal(found.by, again.by)


def test_the_scale_is_the_best_of_the_grid():
    task = a_task(logratio, seed=2, length=200)
    judge = Judge(task, (task.split.fit, task.split.held), task.marginal())
    forms = closed_forms.ratio_forms(task)
    for smoothing, scales in (
        (0.5, Scales(0.05, low=0, high=59)),
        (2.0, Scales(0.3, first=2, low=-9, high=40)),
    ):
        coefficients, offset = forms(smoothing)
        raised = [closed_forms.product(task.features[rows], coefficients) for rows in judge.parts]
        every = {k: judge.cost(raised, scales.value(k)) for k in range(scales.low, scales.high + 1)}
        for start in (scales.low, 0, scales.high):
            cost, k = judge.least((coefficients, offset), scales, start)
            assert cost <= min(every.values()) + 1e-9
            assert cost == every[k]


def test_scales_rise_evenly_and_fall_by_ratio():
    scales = Scales(0.5, first=2)
    assert [scales.value(k) for k in (0, 1, 2, 98)] == [1.0, 1.5, 2.0, 50.0]
    assert [scales.value(k) for k in (-4, -8)] == [0.5, 0.25]


def planted(length, outputs, back, sure, seed=0):
    """Each symbol is, with chance `sure`, the one `back` before the last; else drawn evenly."""
    rng = np.random.default_rng(seed)
    symbols = rng.integers(0, outputs, length)
    for t in range(back + 1, length):
        if rng.random() < sure:
            symbols[t] = symbols[t - back - 1]
    return symbols


def entropy_of(symbols, back, outputs):
    """H(next | symbol `back` before the last) of this text: what one symbol can do."""
    pairs = np.zeros((outputs, outputs))
    np.add.at(pairs, (symbols[: -back - 1], symbols[back + 1 :]), 1)
    shares = pairs / pairs.sum(axis=1, keepdims=True)
    return -float((pairs * np.log2(shares)).sum() / pairs.sum())


@pytest.mark.parametrize("back", [0, 2])
def test_one_bit_that_decides_is_found(back):
    """Two symbols: next = the one `back` before with 9 in 10, and nothing else says anything. The log odds
    are +-ln 9: half the log ratio, and all of the projection."""
    symbols = planted(6000, 2, back, 0.8)
    task = register_task(symbols, 2, back + 1, np.array([[False], [True]]), Split.of(6000, 0.2, 0.2))
    entropy = entropy_of(symbols, back, 2)
    for fit, scale in ((logratio, 0.5), (fourier, 1.0), (least_squares, None)):
        found = fit(task)
        assert bits_cost(task, found, back, 5999) == pytest.approx(entropy, abs=0.006)
        assert scale is None or found.scale == pytest.approx(scale, rel=0.12)
        odds = found.wy[1] - found.wy[0]
        np.testing.assert_allclose(odds, np.where(np.arange(back + 1) == back, np.log(9), 0), atol=0.25)


def test_one_symbol_that_decides_is_found_by_bayes():
    """The next symbol is the one two places back, with 0.76; each other follows with 0.06."""
    symbols = planted(8000, 5, 1, 0.7)
    task = register_task(symbols, 5, 2, np.eye(5) > 0, Split.of(8000, 0.2, 0.2), sparse=True)
    found = bayes(task)
    assert bits_cost(task, found, 1, 7999) == pytest.approx(entropy_of(symbols, 1, 5), abs=0.02)
    said = 2 * found.wy[:, 5:]  # a bit that goes on adds wy twice
    odds = np.diag(said) - (said.sum(axis=0) - np.diag(said)) / 4
    np.testing.assert_allclose(odds, np.log(0.76 / 0.06), atol=0.4)


def test_grids_grow_at_their_edges():
    """A bit that always decides: the less its counts are smoothed, the better."""
    symbols = np.arange(40) % 2
    task = register_task(symbols, 2, 1, np.array([[False], [True]]), Split.of(40, 0.2, 0.2))
    judge = Judge(task, (task.split.fit, task.split.held), task.marginal())
    forms, fixed = closed_forms.ratio_forms(task), Scales(1.0, low=0, high=0)
    assert judge.choose(forms, (4.0, 5.0), fixed, ratio=None) == (4.0, 1.0)
    assert judge.choose(forms, (4.0, 5.0), fixed)[0] < 0.1
    assert judge.choose(forms, (4.0, 5.0), fixed, floor=1.0)[0] == 1.0
    assert judge.choose(lambda a: forms(1 / a), (0.2, 0.25), fixed)[0] > 10
    assert bits_cost(task, logratio(task), 0, 39) < 1e-3


def test_ridge_is_chosen_where_something_validates():
    noise = text_of(9, 300, 3)
    rng = np.random.default_rng(9)
    features = rng.choice(np.float32([-1, 1]), (299, 60))
    chosen = least_squares(Task(features, noise, 3, 1, Split.of(300, 0.1, 0.3)))
    assert least_squares(Task(features, noise, 3, 1, Split.of(300))).smoothing == 1e-5
    assert np.abs(chosen.wy).max() < 0.1  # noise: little is believed


def check_any(fit, symbols, outputs, groups, bits, shares):
    codes = np.eye(outputs) > 0 if fit is bayes else np.random.default_rng(0).random((outputs, bits)) < 0.5
    split = Split.of(len(symbols), *shares)
    task = register_task(symbols, outputs, groups, codes, split, sparse=bool(len(symbols) % 2))
    found = fit(task)
    assert found.wy.shape == (outputs, groups * codes.shape[1])
    assert np.isfinite(found.wy).all()
    assert np.isfinite(found.by).all()
    if split.fit == split.positions:  # fitted to all and judged by all: no worse than the shares alone
        by = task.marginal().astype(np.float32)
        alone = dataclasses.replace(found, wy=np.zeros_like(found.wy), by=by)
        assert bits_cost(task, found, 0, split.fit) <= bits_cost(task, alone, 0, split.fit) + 1e-3


@pytest.mark.parametrize("fit", FITS)
@settings(max_examples=6)
@given(data=st.data())
def test_any_size_and_text(fit, data):
    outputs = data.draw(st.integers(1, 4))
    text = data.draw(st.lists(st.integers(0, outputs - 1), min_size=2, max_size=12))
    groups, bits = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    shares = data.draw(st.sampled_from([(0.0, 0.0), (0.3, 0.0), (0.0, 0.5), (0.3, 0.3)]))
    check_any(fit, np.array(text), outputs, groups, bits, shares)


@pytest.mark.parametrize("fit", FITS)
def test_all_bytes_as_symbols(fit):
    check_any(fit, text_of(1, 30, 256), 256, 2, 3, (0.0, 0.0))
    check_any(fit, np.array([7, 7]), 256, 2, 3, (0.0, 0.0))


def test_features_that_do_not_fit_are_refused():
    task = a_task(logratio)
    with pytest.raises(OptionError, match="expected features onehot"):
        bayes(task)
    five = Task(task.features[:, :5], task.symbols, 4, 3, task.split)
    with pytest.raises(OptionError, match="5 neurons in 3 groups: expected groups of equal size"):
        fourier(five)
    assert logratio(five).wy.shape == least_squares(five).wy.shape == (4, 5)


def test_many_positions_are_thinned_evenly(monkeypatch):
    task = a_task(logratio, length=200)
    monkeypatch.setattr(closed_forms, "JUDGES", 50)
    rows = np.concatenate(Judge(task, (0, 150), task.marginal()).parts)
    assert len(rows) == len(np.unique(rows)) == 50
    assert (rows[0], rows[-1]) == (0, 149)
    assert set(np.diff(rows)) == {3, 4} or set(np.diff(rows)) == {3}
