"""Lyapunov exponents: finite differences, determinants, closed forms, and the archived pair."""

import numpy as np
import pytest
from nets import hardened_net, random_net, text_of

import boolrnn
from boolrnn import Weights
from boolrnn.check.lyapunov import PARTS, lyapunov, stretches
from boolrnn.errors import OptionError


def net(wh, drive=0.0, symbols=2):
    wh = np.array(wh, np.float32)
    hidden = len(wh)
    return Weights(
        wx=np.full((hidden, symbols), drive, np.float32),
        wh=wh,
        bh=np.zeros(hidden, np.float32),
        wy=np.zeros((symbols, hidden), np.float32),
        by=np.zeros(symbols, np.float32),
    )


def start_of(hidden, exponents, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(hidden, exponents))).Q


@pytest.mark.parametrize("seed", range(4))
def test_a_disturbance_grows_as_the_first_stretches_say(seed):
    """Finite differences of the network itself, not of its derivative."""
    weights, text = random_net(seed, 6, scale=0.7), text_of(seed, 8, 5)
    wh, drive = weights.wh.astype(float), weights.bh.astype(float)[:, None] + weights.wx
    small, direction = 1e-6, start_of(6, 1, seed)[:, 0]
    ends = []
    for h in (small * direction, -small * direction):
        for x in text:
            h = np.tanh(drive[:, x] + wh @ h)
        ends.append(h)
    grown = np.linalg.norm(ends[0] - ends[1]) / (2 * small)
    assert stretches(weights, text, 1, seed).sum() == pytest.approx(np.log(grown), abs=1e-4)


@pytest.mark.parametrize("hidden", [1, 2, 5])
def test_all_exponents_together_are_the_mean_log_determinant(hidden):
    weights, text = random_net(7 + hidden, hidden), text_of(1, 90, 5)
    run = boolrnn.trace(weights, text[:-1], arithmetic="float64")
    jacobians = (1 - run.hidden**2)[:, :, None] * weights.wh.astype(float)
    expected = np.log(np.abs(np.linalg.det(jacobians))).mean()
    found = lyapunov(weights, text, exponents=hidden + 3)
    assert len(found.exponent) == hidden
    assert found.exponent.sum() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("size", [0.5, 1.5])
def test_with_h_at_0_the_exponents_are_those_of_the_matrix(size):
    matrix = size * np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 0.25]])
    found = lyapunov(net(matrix), text_of(0, 2000, 2), exponents=3)
    assert found.exponent == pytest.approx(np.log([size, size, size / 4]), abs=5e-3)
    assert (found.exponent[0] > 0) == (size > 1)


def test_halves_and_error_follow_from_the_stretches():
    weights, text = random_net(3, 6), text_of(3, 1 + 2 * PARTS + 7, 5)
    logs = stretches(weights, text[:-1], 2, 0)
    found = lyapunov(weights, text, exponents=2)
    assert found.exponent == pytest.approx(logs.mean(axis=0))
    assert found.first_half == pytest.approx(logs[:23].mean(axis=0))
    assert found.second_half == pytest.approx(logs[23:].mean(axis=0))
    means = [logs[2 * k : 2 * k + 2].mean(axis=0) for k in range(PARTS)]
    assert found.error == pytest.approx(np.std(means, axis=0, ddof=1) / np.sqrt(PARTS))


def test_the_block_of_the_trace_makes_no_difference(monkeypatch):
    weights, text = random_net(3, 6), text_of(3, 50, 5)
    whole = stretches(weights, text, 3, 0)
    monkeypatch.setattr("boolrnn.check.lyapunov._BLOCK", 7)
    assert (stretches(weights, text, 3, 0) == whole).all()


def test_saturation_far_beyond_float64_still_has_its_exponent():
    """tanh(30) is 1 in float64, and its derivative is 4 exp(-60) all the same."""
    found = lyapunov(net([[0.0]], 30.0), text_of(0, 30, 2))
    assert found.exponent[0] == -np.inf  # no weight, no derivative
    found = lyapunov(net([[2.0**-20]], 30.0), text_of(0, 30, 2))
    assert found.exponent[0] == pytest.approx(np.log(4) - 60 - 20 * np.log(2), abs=1e-5)


def test_lost_directions_are_minus_infinity_and_unresolved_ones_unknown():
    found = lyapunov(net(np.zeros((3, 3))), text_of(0, 60, 2))
    assert (found.exponent == -np.inf).all()
    assert np.isnan(found.error).all()
    twins = np.tile([[0.9, -0.4, 0.2]], (3, 1))  # rank 1: the second stretch is rounding and nothing else
    found = lyapunov(net(twins), text_of(0, 60, 2))
    assert np.isfinite(found.exponent[0])
    assert np.isnan(found.exponent[1:]).all()


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("hidden", [1, 4])
def test_short_texts_have_what_they_can(length, hidden):
    found = lyapunov(random_net(1, hidden), text_of(1, length, 5), exponents=2)
    assert len(found.exponent) == min(hidden, 2)
    assert np.isnan(found.exponent).any() == (length == 1)
    assert np.isnan(found.first_half).any() == (length < 3)
    assert np.isnan(found.error).all()


def test_wide_and_hardened_nets_raise_no_warning():
    for weights in (random_net(2, 5, scale=1e38), random_net(2, 5, scale=0.0), hardened_net(1, 9, gain=64)):
        found = lyapunov(weights, text_of(1, 50, 4))
        assert not (found.exponent == np.inf).any()


def test_negative_numbers_are_refused():
    with pytest.raises(OptionError, match="exponents -1"):
        lyapunov(random_net(1), text_of(1, 9, 5), exponents=-1)
    assert len(lyapunov(random_net(1), text_of(1, 9, 5), exponents=0).exponent) == 0


def test_the_archived_spectrum_is_the_checked_one(archived, golden):
    weights, symbols = archived
    checked = golden["checked_extra_checks"]
    found = lyapunov(weights, symbols)
    assert found.exponent == pytest.approx(checked["lyapunov_spectrum_top8_nats_per_step"], abs=1e-9)
    assert np.exp(found.exponent[0]) == pytest.approx(checked["lyap_max_exp(growth_factor)"], abs=1e-9)
    assert found.exponent[0] / np.log(2) == pytest.approx(checked["lyap_log2"], abs=1e-9)


def test_other_starting_directions_give_the_same_spectrum_within_its_error(archived):
    weights, symbols = archived
    first, other = lyapunov(weights, symbols), lyapunov(weights, symbols, seed=1)
    assert (np.abs(first.exponent - other.exponent) < 2 * first.error).all()
    assert (np.abs(first.first_half - first.second_half) < 4 * first.error).all()
