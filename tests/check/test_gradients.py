"""Gradients through time: finite differences, and the two arithmetics by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import hardened_net, random_net, text_of

import boolrnn
from boolrnn.check.gradients import DEPTHS
from boolrnn.check.precision import precision


def softmax(scores):
    p = np.exp(scores - scores.max())
    return p / p.sum()


def gradient(weights, hidden, t, depth, target):
    """g_{t,depth} in the arithmetic of `hidden`, one neuron at a time."""
    kind = hidden.dtype.type
    p = softmax(weights.wy.astype(float) @ hidden[t].astype(float) + weights.by)
    g = np.array([kind(weights.wy[target, j] - (p * weights.wy[:, j]).sum()) for j in range(weights.hidden)])
    for d in range(1, depth + 1):
        h = hidden[t - d + 1]
        u = [kind(kind(kind(1) - h[i] * h[i]) * g[i]) for i in range(weights.hidden)]
        after = []
        for j in range(weights.hidden):
            total = kind(0)
            for i in range(weights.hidden):
                total = kind(total + kind(kind(weights.wh[i, j]) * u[i]))
            after.append(total)
        g = np.array(after, kind)
    return g.astype(float)


def cosine(one, other):
    with np.errstate(invalid="ignore", divide="ignore"):
        return one @ other / np.sqrt((one @ one) * (other @ other))


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(2, 16), st.sampled_from([0.3, 1.0, 2.0]))
def test_cosines_are_those_of_gradients_taken_by_hand(seed, hidden, length, scale):
    weights, text = random_net(seed, hidden, 3, scale=scale), text_of(seed, length, 3)
    found = precision(weights, text, leverage_positions=1)
    low = boolrnn.trace(weights, text[:-1]).hidden
    high = boolrnn.trace(weights, text[:-1], arithmetic="float64").hidden
    assert found.gradient_depth.tolist() == [d for d in DEPTHS if d < length - 1]
    for k, depth in enumerate(found.gradient_depth.tolist()):
        cosines, firsts, ratios = [], [], []
        for t in range(depth, length - 1):
            one, other = (gradient(weights, rows, t, depth, text[t + 1]) for rows in (low, high))
            first = gradient(weights, high, t, 0, text[t + 1])
            cosines.append(cosine(one, other))
            firsts.append(abs(cosine(other, first)))
            ratios.append(np.linalg.norm(other) / np.linalg.norm(first) if first.any() else np.nan)
        cosines = np.array(cosines)
        known = np.isfinite(cosines)
        assert found.gradient_positions[k] == known.sum()
        assert found.gradient_undefined[k] == len(cosines) - known.sum()
        if known.any():
            assert found.gradient_cosine[k] == pytest.approx(cosines[known].mean(), abs=1e-6)
            assert found.gradient_cosine_least[k] == pytest.approx(cosines[known].min(), abs=1e-5)
        if np.isfinite(firsts).any():
            assert found.gradient_first[k] == pytest.approx(np.nanmean(firsts), abs=1e-9)
        if np.isfinite(ratios).any():
            assert found.gradient_ratio[k] == pytest.approx(np.nanmedian(ratios), rel=1e-9)


def test_a_gradient_is_how_the_logarithm_of_the_probability_changes():
    """Finite differences of the network itself."""
    weights, text, depth, small = random_net(5, 4, 3), text_of(5, 8, 3), 3, 1e-6
    wh, drive = weights.wh.astype(float), weights.bh.astype(float)[:, None] + weights.wx
    run = boolrnn.trace(weights, text[:-1], arithmetic="float64").hidden
    t = len(text) - 2

    def log_p(h):
        for x in text[t - depth + 1 : t + 1]:
            h = np.tanh(drive[:, x] + wh @ h)
        return np.log(softmax(weights.wy.astype(float) @ h + weights.by)[text[t + 1]])

    start, steps = run[t - depth], small * np.eye(4)
    slope = np.array([(log_p(start + e) - log_p(start - e)) / (2 * small) for e in steps])
    assert gradient(weights, run, t, depth, text[t + 1]) == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_blocks_and_samples_look_back_as_far(monkeypatch):
    weights, text = random_net(4, 6, 3), text_of(4, 140, 3)
    whole = precision(weights, text)
    monkeypatch.setattr("boolrnn.check.two_runs._BLOCK", 17)
    cut = precision(weights, text)
    for name in ("gradient_cosine", "gradient_cosine_least", "gradient_ratio", "gradient_first"):
        assert getattr(cut, name) == pytest.approx(getattr(whole, name), abs=1e-6)
    monkeypatch.setattr("boolrnn.check.two_runs.GRADIENTS", 2)
    ends = precision(weights, text)  # positions 0 and 138
    assert ends.gradient_positions.tolist() == [2] + [1] * (len(DEPTHS) - 1)
    assert ends.gradients_window == "2 positions, evenly spaced over 0..138"
    run = boolrnn.trace(weights, text[:-1], arithmetic="float64").hidden
    last = [gradient(weights, run, 138, d, text[139]) for d in (0, 50)]
    first, deep = (np.linalg.norm(g) for g in last)
    assert ends.gradient_ratio[-1] == pytest.approx(deep / first, rel=1e-6)


def test_saturated_nets_have_no_gradient_to_compare():
    """tanh is 1 in float32, its derivative 0: the cosine is undefined, and no warning says so."""
    found = precision(hardened_net(1, 6), text_of(1, 30, 4))
    assert found.gradient_positions[0] > 0
    assert (found.gradient_positions[1:] == 0).all()
    assert np.isnan(found.gradient_cosine[1:]).all()
    assert found.gradient_undefined[1] == 28


def test_archived_gradients_do_not_decorrelate(archived, golden):
    """The checked values come from some of the positions; ours from all."""
    weights, symbols = archived
    found = precision(weights, symbols, leverage_positions=0)
    checked = golden["checked_extra_checks2"]
    means, leasts = checked["grad_cos_f32_vs_f64_mean_by_depth"], checked["grad_cos_min_over_positions"]
    assert [str(d) for d in found.gradient_depth] == list(means)
    for depth, mean, least in zip(found.gradient_depth, found.gradient_cosine, found.gradient_cosine_least):
        assert mean == pytest.approx(means[str(depth)], abs=1e-6)
        assert least == pytest.approx(leasts.get(str(depth), 1), abs=5e-5)
    first = checked["cos(g_d,g_0)_mean_abs"]
    for depth, value in zip(found.gradient_depth, found.gradient_first):
        assert value == pytest.approx(first.get(str(depth), value), abs=0.015)
    assert found.gradient_positions.tolist() == [1023 - d for d in DEPTHS]
