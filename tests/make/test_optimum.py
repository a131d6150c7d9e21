"""The optimum of a readout: a slow reference, what is proved about it, and cases known in closed form."""

import dataclasses
import functools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import text_of
from scipy.optimize import minimize
from scipy.sparse import csr_array

from boolrnn.errors import OptionError
from boolrnn.make import optimum, precondition, softmax
from boolrnn.make.codes import mixed_hash
from boolrnn.make.fitting import Split, Task
from boolrnn.make.optimum import gradient, lowest, minimise
from boolrnn.make.softmax import Softmax, cross_entropy

BITS = np.log(2)
TIGHT = [(1e-6, 1e-8), (0.0, 1e-6)]


def problem(seed, positions=120, hidden=5, outputs=4, noise=1.0):
    rng = np.random.default_rng(seed)
    features = np.where(rng.random((positions, hidden)) < 0.5, -1.0, 1.0)
    scores = features @ rng.normal(size=(hidden, outputs)) + noise * rng.gumbel(size=(positions, outputs))
    return features, scores.argmax(axis=1)


def centre_of(targets, outputs):
    counts = np.bincount(targets, minlength=outputs) + 0.5
    return np.log(counts / counts.sum())


def plain(flat, features, targets, outputs, l2, centre):
    """The objective in nats, position by position, and its slope."""
    matrix = flat.reshape(outputs, -1)
    away = matrix - np.concatenate([np.zeros((outputs, features.shape[1])), centre[:, None]], axis=1)
    value, slope = l2 / 2 * (away**2).sum(), l2 * away
    for x, y in zip(features, targets):
        x = np.append(x, 1.0)
        scores = matrix @ x
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        value -= np.log(chances[y]) / len(targets)
        chances[y] -= 1
        slope = slope + np.outer(chances, x) / len(targets)
    return value, slope.ravel()


@functools.lru_cache
def slow(seed, positions, hidden, outputs, l2):
    """The least value in bits of problem(seed, positions, hidden), by a long run of another method."""
    features, targets = problem(seed, positions, hidden, min(outputs, 4))
    centre = centre_of(targets, outputs)
    found = minimize(
        plain,
        np.zeros(outputs * (features.shape[1] + 1)),
        args=(features, targets, outputs, l2, centre),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 2000, "maxfun": 4000, "ftol": 1e-15, "gtol": 1e-10},
    )
    return found.fun / BITS


def sparse(features):
    return csr_array((features > 0).astype(np.float32))


@pytest.mark.parametrize("form", [np.asarray, np.float32, sparse, lambda x: x > 0])
@pytest.mark.parametrize("l2", [1e-1, 1e-4])
def test_it_is_the_optimum(form, l2):
    features, targets = problem(0)
    centre = centre_of(targets, 6)  # two outputs never occur
    found = minimise(form(features), targets, 6, l2=l2, centre=centre)
    least = slow(0, 120, 5, 6, l2)
    assert found.converged
    assert found.value - found.gap <= least + 1e-10
    assert found.value == pytest.approx(least, abs=1e-7)
    flat = np.concatenate([found.wy, found.by[:, None]], axis=1).ravel()
    value, slope = plain(flat, features, targets, 6, l2, centre)
    assert value / BITS == pytest.approx(found.value, abs=1e-12)
    assert np.abs(slope).max() < 1e-4
    assert cross_entropy(features, targets, found.wy, found.by) == pytest.approx(found.cost, abs=1e-12)
    assert (found.wy[4] == found.wy[5]).all()


@pytest.mark.parametrize("form", [np.asarray, sparse])
@pytest.mark.parametrize(("block", "kept"), [(1, 1 << 26), (1 << 17, 1 << 26), (64, 150)])
def test_slope_and_curvature_are_derivatives(monkeypatch, form, block, kept):
    """Also in small blocks, and where a part of the states stands for the curvature (then not exact)."""
    monkeypatch.setattr(softmax, "NUMBERS", block)
    monkeypatch.setattr(softmax, "CHANCES", kept)
    features, targets = problem(1, positions=60)
    whole = Softmax(form(features), targets, 7, centre_of(targets, 7))
    rng = np.random.default_rng(2)
    theta, step = (rng.normal(size=whole.centre.shape) for _ in range(2))
    ends = [whole.at(theta + way * 1e-4 * step, 0.1) for way in (1, -1)]
    here = whole.at(theta, 0.1)
    along = float((here.slope * step).sum())
    assert (ends[0].value - ends[1].value) / 2e-4 == pytest.approx(along, rel=1e-5)
    curved = (ends[0].slope - ends[1].slope) / 2e-4
    if whole.stride == 1:
        np.testing.assert_allclose(whole.product(here, step, 0.1), curved, rtol=1e-4, atol=1e-5)
    found = minimise(form(features), targets, 7, l2=1e-3)
    assert found.converged


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 5), st.integers(1, 4))
def test_the_gap_bounds_what_is_left_whenever_it_stops(seed, positions, hidden, outputs):
    features, targets = problem(seed, positions, hidden, outputs)
    centre = centre_of(targets, outputs)
    least = minimise(features, targets, outputs, l2=1e-3, tolerance=1e-9)
    assert least.converged
    for iterations in (0, 1, 2):
        early = minimise(features, targets, outputs, l2=1e-3, centre=centre, iterations=iterations)
        assert early.value >= least.value - 1e-9
        assert 0 <= early.value - least.value <= early.gap + 1e-9
        assert early.gap <= early.value
    other = minimise(sparse(features), targets, outputs, l2=1e-3, tolerance=1e-9)
    assert other.value == pytest.approx(least.value, abs=1e-8)


@pytest.mark.parametrize("form", [np.asarray, sparse])
def test_without_penalty_the_bound_holds_for_readouts_of_a_norm(form):
    """Eight states and three outputs, so that no readout gives every state its own chances."""
    features, targets = problem(3, positions=400, hidden=3, outputs=3)
    found = minimise(form(features), targets, 3, l2=0.0)
    least = slow(3, 400, 3, 3, 0.0)
    assert found.value == pytest.approx(least, abs=1e-8)
    assert found.gap < 1e-5
    assert "among readouts of norm at most 1e+03" in found.proof
    assert lowest(features, targets) < found.value


def test_a_markov_chain_costs_its_conditional_entropy():
    """One-hot states of a chain over three symbols: the least cost is known in closed form."""
    rng = np.random.default_rng(4)
    chain, text = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.5, 0.5, 0.0]]), [0]
    for _ in range(900):
        text.append(int(rng.choice(3, p=chain[text[-1]])))
    symbols = np.array(text)
    pairs = np.zeros((3, 3))
    np.add.at(pairs, (symbols[:-1], symbols[1:]), 1)
    shares = pairs / pairs.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nansum(pairs * np.log2(shares)) / 900
    features = np.where(np.eye(3)[symbols[:-1]] > 0, 1.0, -1.0)
    assert lowest(features, symbols[1:]) == pytest.approx(entropy, abs=1e-12)
    assert lowest(sparse(features), symbols[1:]) == pytest.approx(entropy, abs=1e-12)
    for form in (np.asarray, sparse):
        found = minimise(form(features), symbols[1:], 3, l2=0.0, tolerance=1e-6)
        assert found.converged
        assert entropy - 1e-12 <= found.cost <= entropy + 1e-6
        assert found.proof == optimum.FOLLOWS


def test_what_can_be_told_apart_costs_nothing():
    features = np.where(np.eye(6) > 0, 1.0, -1.0)
    found = minimise(features, np.array([0, 1, 2, 0, 1, 2]), 4, l2=0.0, tolerance=1e-6)
    assert found.converged
    assert found.cost < 1e-6
    assert found.iterations < 50
    for noise in (0.0, 1.0):  # as far as float64 goes
        features, targets = problem(10, positions=40, noise=noise)
        for form in (np.asarray, sparse):
            found = minimise(form(features), targets, 5, l2=0.0, tolerance=0.0, iterations=30)
            assert np.isfinite(found.wy).all()
            assert 0 <= found.gap <= found.value


@pytest.mark.parametrize("l2", [0.0, 1e-6, 1.0])
@pytest.mark.parametrize(
    ("features", "targets", "outputs"),
    [
        (np.ones((1, 1)), [0], 1),
        (np.ones((1, 1)), [1], 3),
        (-np.ones((5, 2)), [0] * 5, 1),
        (np.ones((4, 1)), [0, 1, 0, 0], 2),
        (np.tanh([[5.0], [-5.0], [0.1]]), [0, 1, 1], 256),
    ],
)
def test_the_smallest_problems(features, targets, outputs, l2):
    targets = np.array(targets)
    found = minimise(features, targets, outputs, l2=l2, tolerance=1e-6)
    assert found.converged
    assert 0 <= found.gap <= found.value + 1e-15
    assert found.wy.shape == (outputs, features.shape[1])
    assert np.isfinite(found.wy).all()
    assert found.cost >= lowest(features, targets) - 1e-12


def test_equal_states_are_found_whatever_their_zeros_look_like():
    features = np.array([[0.0, 1.0], [-0.0, 1.0], [0.5, 1.0]])
    assert lowest(features, np.array([0, 1, 1])) == pytest.approx(2 / 3)
    assert lowest(np.repeat(np.eye(2), 3, axis=0), np.array([0, 0, 1, 2, 2, 2])) == pytest.approx(
        (np.log2(3) * 3 - 2) / 6
    )


def test_a_good_start_saves_iterations_and_a_budget_stops():
    features, targets = problem(5, positions=300, hidden=8)
    cold = minimise(features, targets, 4, l2=1e-4)
    warm = minimise(features, targets, 4, l2=1e-4, start=(cold.wy, cold.by))
    assert warm.iterations <= 1 < cold.iterations
    begun = time.monotonic()
    stopped = minimise(features, targets, 4, l2=1e-4, budget=0.0)
    assert time.monotonic() - begun < 1
    assert not stopped.converged
    assert cold.value <= stopped.value <= cold.value + stopped.gap


def test_every_approximation_of_the_curvature_leads_there(monkeypatch):
    features, targets = problem(6, positions=300, hidden=9)
    least = minimise(features, targets, 4, l2=1e-4).value
    for name, value in (("DEAR", 0.0), ("DEAR", np.inf), ("WIDEST", 3), ("SAMPLE", 50)):
        with monkeypatch.context() as patch:
            patch.setattr(precondition, name, value)
            assert minimise(features, targets, 4, l2=1e-4).value == pytest.approx(least, abs=1e-7)


def task_of(symbols, hidden=6, held_out=0.2, validation=0.2, outputs=4):
    """Features that know a little: one-hot codes of the last two symbols, mixed."""
    rng = np.random.default_rng(7)
    codes = rng.random((2, outputs, hidden)) < 0.5
    past = np.concatenate([[0], symbols[:-2]])
    features = np.where(codes[0][symbols[:-1]] ^ codes[1][past], 1.0, -1.0)
    return Task(features, symbols, outputs, 1, Split.of(len(symbols), held_out, validation))


@pytest.mark.parametrize("validation", [0.0, 0.2])
def test_what_is_held_out_changes_nothing(validation):
    task = task_of(text_of(8, 300, 4), validation=validation)
    found = gradient(task)
    assert found.l2 in optimum.GRID
    assert (validation > 0) or found.l2 == optimum.L2
    assert found.gap < 1e-5
    other = task.symbols.copy()
    other[task.split.held + 1 :] = 0
    features = task.features.copy()
    features[task.split.held :] = 1
    again = gradient(dataclasses.replace(task, symbols=other, features=features))
    assert again.l2 == found.l2
    assert (again.wy == found.wy).all()
    assert (again.by == found.by).all()


def test_the_penalty_that_predicts_the_validation_part_best():
    task = task_of(text_of(9, 400, 4))
    split, costs = task.split, []
    for l2 in optimum.GRID:
        part = minimise(
            task.features[: split.fit], task.targets[: split.fit], 4, l2=l2, centre=task.marginal()
        )
        rest = slice(split.fit, split.held)
        costs.append(cross_entropy(task.features[rest], task.targets[rest], part.wy, part.by))
    assert gradient(task).l2 == optimum.GRID[int(np.argmin(costs))]
    assert gradient(task, l2=0.5).l2 == 0.5
    assert gradient(task, budget=0.0).gap > 0


def test_refusals():
    with pytest.raises(OptionError, match="l2 -1"):
        minimise(np.ones((1, 1)), np.array([0]), 1, l2=-1.0)
    with pytest.raises(OptionError, match="no position"):
        minimise(np.ones((0, 1)), np.zeros(0, np.int64), 1, l2=0.0)


@pytest.mark.parametrize(
    ("l2", "within"), [(1e-6, 1e-6), *(pytest.param(*each, marks=pytest.mark.slow) for each in TIGHT)]
)
def test_the_published_net_below_a_thousand_epochs(seed_folder, l2, within):
    """1,000 published epochs end at .3734; no readout of its 726 states gets below .0567."""
    symbols = np.frombuffer((seed_folder / "enwik_1024.txt").read_bytes(), np.uint8).astype(np.int64)
    codes = mixed_hash(np.arange(256, dtype=np.uint8), 8)
    hidden, groups = np.zeros((len(symbols) - 1, 128), np.float32), np.zeros(128, np.float32)
    for t, symbol in enumerate(symbols[:-1]):
        before = np.concatenate([np.where(codes[symbol], 2.0, -2.0), groups[:-8]])
        hidden[t] = groups = np.tanh(5 * before).astype(np.float32)
    centre = centre_of(symbols, 256)
    found = minimise(hidden, symbols[1:], 256, l2=l2, centre=centre, tolerance=within)
    assert found.converged
    assert found.iterations < 50
    assert lowest(hidden, symbols[1:]) == pytest.approx(0.056753, abs=1e-6)
    assert found.value == pytest.approx(0.0595299 if l2 else 0.0567528, abs=2e-6)
    assert found.cost < 0.0574
