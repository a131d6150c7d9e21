"""Bit leverage: every flip by hand, and divergences with fifty digits."""

import mpmath
import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from boolrnn.check.leverage import PARTS, Leverage, divergence
from boolrnn.check.precision import precision


def naive(weights, hidden):
    """KL in bits and whether it counts, for each position, neuron and bit, as the definition reads."""
    cost = np.full((*hidden.shape, 32), np.nan)
    inside = np.zeros(cost.shape, bool)
    wy, by = weights.wy.astype(float), weights.by.astype(float)
    for t, j, b in np.ndindex(*cost.shape):
        flipped = (hidden[t, j : j + 1].view(np.uint32) ^ np.uint32(1 << b)).view(np.float32)[0]
        if not np.isfinite(flipped):
            continue
        other = hidden[t].astype(float)
        logits = [by + wy @ other]
        other[j] = float(flipped)
        logits.append(by + wy @ other)
        log_p, log_q = (v - v.max() - np.log(np.exp(v - v.max()).sum()) for v in logits)
        cost[t, j, b] = (np.exp(log_p) * (log_p - log_q)).sum() / np.log(2)
        inside[t, j, b] = abs(flipped) <= 1
    return cost, inside


@pytest.mark.parametrize(("hidden", "symbols"), [(1, 2), (3, 5), (9, 4)])
def test_averages_are_those_of_all_flips_done_by_hand(hidden, symbols):
    weights, text = random_net(hidden, hidden, symbols), text_of(2, 13, symbols)
    cost, inside = naive(weights, boolrnn.trace(weights, text[:-1]).hidden)
    found = precision(weights, text)
    for k, (name, first, stop) in enumerate(PARTS):
        part, within = cost[:, :, first:stop], inside[:, :, first:stop]
        assert found.leverage_part[k] == name
        assert found.leverage_flips[k] == np.isfinite(part).sum()
        assert found.leverage_skipped[k] == np.isnan(part).sum()
        assert found.leverage_inside_flips[k] == within.sum()
        assert found.leverage_kl[k] == pytest.approx(np.nanmean(part), rel=1e-9)
        assert found.leverage_inside_kl[k] == pytest.approx(part[within].mean(), rel=1e-9)
    assert found.leverage_ratio[-1] == 1
    assert found.leverage_ratio[0] == found.leverage_kl[0] / found.leverage_kl[2]
    assert found.bit.tolist() == list(range(31, -1, -1))
    for row, bit in enumerate(found.bit[:12]):
        assert found.bit_kl[row] == pytest.approx(np.nanmean(cost[:, :, bit]), rel=1e-8, abs=1e-16)


@pytest.mark.parametrize("moved", [0.0, 1e-9, -1e-4, 0.003, -0.007, 0.4, -3.0, 90.0, 1e5, -1e30])
@pytest.mark.parametrize("peak", [0.0, 5.0, 30.0])
def test_divergences_are_right_to_nine_digits(moved, peak):
    """Small moves, peaked predictions: where the difference of logarithms would cancel."""
    rng = np.random.default_rng(int(peak))
    scores, column = rng.normal(size=6), rng.normal(size=6) * 4
    scores[2] += peak
    log2 = (scores - np.log(np.exp(scores - scores.max()).sum()) - scores.max()) / np.log(2)
    with mpmath.workdps(60):
        p = [mpmath.mpf(2) ** mpmath.mpf(float(v)) for v in log2]
        p = [v / sum(p) for v in p]
        w = [mpmath.mpf(float(v)) for v in column]
        mean = sum(a * b for a, b in zip(p, w))
        exact = mpmath.log(sum(a * mpmath.exp(mpmath.mpf(moved) * (b - mean)) for a, b in zip(p, w)))
    found = divergence(log2[None], column, np.array([[moved]]))
    assert found[0, 0] == pytest.approx(float(exact), rel=1e-9, abs=1e-50)


def test_a_readout_that_ignores_a_neuron_loses_nothing_by_its_bits():
    weights = random_net(3, 4, 3)
    deaf = boolrnn.Weights(wx=weights.wx, wh=weights.wh, bh=weights.bh, wy=weights.wy * 0, by=weights.by)
    found = precision(deaf, text_of(1, 20, 3))
    assert (found.leverage_kl == 0).all()
    assert np.isnan(found.leverage_ratio).all()


def test_states_that_are_not_finite_are_skipped_and_counted():
    tally = Leverage(random_net(1, 3, 4))
    tally.add(np.array([[0.5, -0.25, 1.0], [0.5, np.nan, 0.5]], np.float32))
    columns = tally.columns()
    assert columns["leverage_skipped"].tolist() == [3, 3 * 8 + 1, 3 * 23]  # 1.0: the top bit gives infinity
    assert columns["leverage_flips"].tolist() == [3, 23, 69]
    assert columns["bit_inside_flips"][[0, 8]].tolist() == [3, 3]  # bit 23 makes 0.5 a 1, which is within
    assert np.isfinite(columns["leverage_kl"]).all()


def test_blocks_make_no_difference(monkeypatch):
    weights, text = random_net(3, 5, 4), text_of(3, 40, 4)
    whole = precision(weights, text)
    monkeypatch.setattr("boolrnn.check.leverage._CELLS", 32 * 4 * 3)
    cut = precision(weights, text)
    assert cut.leverage_kl == pytest.approx(whole.leverage_kl, rel=1e-12)
    assert (cut.bit_flips == whole.bit_flips).all()


def test_a_sample_of_positions_says_so():
    weights, text = random_net(3, 5, 4), text_of(3, 40, 4)
    found = precision(weights, text, leverage_positions=3)
    assert found.leverage_window == "3 positions, evenly spaced over 0..38"
    cost, _ = naive(weights, boolrnn.trace(weights, text[:-1]).hidden[[0, 19, 38]])
    assert found.leverage_kl[2] == pytest.approx(cost[:, :, :23].mean(), rel=1e-9)
    assert len(precision(weights, text, leverage_positions=0).leverage_kl) == 0
