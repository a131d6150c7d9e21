"""precision: the two arithmetics by hand, options, sizes, and the archived pair."""

import io
import platform

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of
from rich.console import Console

import boolrnn
from boolrnn.check.norms import norms
from boolrnn.check.precision import BITS, precision
from boolrnn.check.two_runs import evenly, spread
from boolrnn.errors import OptionError, TextError
from boolrnn.report import terminal
from boolrnn.report.figures import write_figure


def cost(weights, hidden, targets):
    """Bits per character, one position at a time."""
    total = 0.0
    for h, y in zip(hidden.astype(float), targets):
        scores = weights.wy.astype(float) @ h + weights.by
        total += np.log2(np.exp(scores - scores.max()).sum()) - (scores - scores.max())[y] / np.log(2)
    return total / len(targets)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(2, 30), st.sampled_from([0.5, 1.0, 3.0]))
def test_both_runs_by_hand(seed, hidden, length, scale):
    weights, text = random_net(seed, hidden, 4, scale=scale), text_of(seed, length, 4)
    found = precision(weights, text, leverage_positions=1, bits=(1, 23))
    low, high = (boolrnn.trace(weights, text[:-1], arithmetic=name) for name in ("float32", "float64"))
    apart = np.abs(low.hidden - high.hidden)
    assert found.neuron_steps == apart.size
    assert found.sign_differences == ((low.z >= 0) != (high.z >= 0)).sum()
    assert found.h_difference_max == apart.max()
    assert found.h_difference_mean == pytest.approx(apart.mean())
    assert found.bpc_float32 == pytest.approx(cost(weights, low.hidden, text[1:]))
    assert found.bpc_float64 == pytest.approx(cost(weights, high.hidden, text[1:]))
    assert found.bpc_sign_readout == pytest.approx(cost(weights, np.where(low.z >= 0, 1, -1), text[1:]))
    error = np.abs(low.z - high.z)
    ratios = (np.abs(low.z.astype(float)) / np.where(error > 0, error, np.inf))[error > 0]
    assert found.error_ratio == (pytest.approx(ratios.min()) if len(ratios) else None)
    fraction, exponent = np.frexp(low.hidden.astype(float))
    one_bit = np.ldexp(np.trunc(fraction * 4) / 4, exponent)
    assert found.readout_bpc[0] == pytest.approx(cost(weights, one_bit, text[1:]))
    assert found.readout_bpc[1] == pytest.approx(found.bpc_float32)
    assert found.mantissa_bpc[1] == pytest.approx(found.bpc_float32)


@pytest.mark.parametrize("hidden", [1, 2, 8, 13])
def test_norms_are_the_singular_values(hidden):
    weights, text = random_net(hidden, hidden, 3), text_of(1, 40, 3)
    run = boolrnn.trace(weights, text, arithmetic="float64")
    slope, wh = 1 - run.hidden**2, weights.wh.astype(float)
    found = norms(weights, run.z)
    step = [np.linalg.norm(s[:, None] * wh, 2) for s in slope]
    following = [np.linalg.norm(wh * s, 2) for s in slope]
    assert found.step == pytest.approx(np.mean(step), rel=1e-9)
    assert found.following == pytest.approx(np.mean(following), rel=1e-9)
    assert found.singular == pytest.approx(np.linalg.norm(wh, 2))
    assert found.radius == pytest.approx(np.abs(np.linalg.eigvals(wh)).max())


def test_signs_that_differ_are_counted_and_placed():
    """h2: z = (1 - 1e-9 h0) - h1 with h1 = 1. Float32 loses the small addend and has 0; float64 is below."""
    zero = np.zeros((2, 3), np.float32)
    weights = boolrnn.Weights(
        wx=zero.T,
        wh=np.array([[0, 0, 0], [0, 0, 0], [-1e-9, -1, 0]], np.float32),
        bh=np.array([0.5, 20, 1], np.float32),
        wy=zero,
        by=zero[:, 0],
    )
    found = precision(weights, np.array([0, 1, 0, 0, 1]))
    assert found.sign_differences == 3  # at t = 1, 2, 3; at t = 0 nothing is subtracted
    assert found.first_difference == 1
    assert found.error_ratio == 0.0
    assert precision(weights, np.array([0, 1])).first_difference is None


def test_the_safety_factor_compares_each_neuron_with_itself():
    weights, text = random_net(5, 6, 3), text_of(5, 60, 3)
    margin = np.abs(boolrnn.trace(weights, text[:-1]).z.astype(float)).min(axis=0)
    ulp = 2.0**-23 * np.abs(weights.wh.astype(float)).sum(axis=1)
    sound, published = precision(weights, text), precision(weights, text, as_published=True)
    assert sound.safety_factor == pytest.approx((margin / ulp).min())
    assert published.safety_factor == pytest.approx(margin.min() / ulp.max(), rel=1e-6)
    assert published.max_ulp == pytest.approx(ulp.max(), rel=1e-6)
    assert "carried" in sound.variant
    assert "as published" in published.variant


def test_published_probabilities_are_clipped():
    weights = random_net(1, 4, 3, scale=60.0)
    text = text_of(1, 50, 3)
    costs = [cost(weights, h[None], [y]) for h, y in zip(boolrnn.trace(weights, text[:-1]).hidden, text[1:])]
    clipped = np.minimum(costs, 30 * np.log2(10)).mean()
    assert clipped < np.mean(costs)
    assert precision(weights, text).bpc_float32 == pytest.approx(np.mean(costs))
    assert precision(weights, text, as_published=True).bpc_float32 == pytest.approx(clipped)
    assert precision(weights, text, as_published=True).mantissa_bpc[-1] == pytest.approx(clipped)


def test_blocks_make_no_difference(monkeypatch):
    weights, text = random_net(2, 6, 3, scale=0.6), text_of(2, 90, 3)
    whole = precision(weights, text).to_json()
    monkeypatch.setattr("boolrnn.check.two_runs._BLOCK", 13)
    monkeypatch.setattr("boolrnn.check.truncation._BLOCK", 9)
    cut = precision(weights, text).to_json()
    assert cut["mantissa"] == [pytest.approx(row, rel=1e-9) for row in whole["mantissa"]]
    assert cut["bpc"] == pytest.approx(whole["bpc"])
    assert cut["h_difference"] == pytest.approx(whole["h_difference"], abs=1e-9)
    assert cut["norms"]["step"] == pytest.approx(whole["norms"]["step"])


NETS = [
    random_net(0),
    random_net(1, 1, 2),
    random_net(2, 9, 4, outputs=3),
    random_net(3, 5, 3, scale=0.0),
    random_net(3, 5, 3, scale=1e38),
    hardened_net(4, 8, gain=64),
    adversarial_net(5, 6, 3, 60),
    adversarial_net(6, 6, 3, 277),
]


@pytest.mark.parametrize("weights", NETS)
@pytest.mark.parametrize("length", [1, 2, 3, 30])
@pytest.mark.parametrize("as_published", [False, True])
def test_every_size_is_answered_shown_and_drawn(weights, length, as_published, tmp_path):
    found = precision(weights, text_of(0, length, weights.symbols), as_published=as_published)
    tree = found.to_json()
    assert {"mantissa", "sign_differences", "lyapunov", "spectrum", "chaotic"} <= set(tree)
    assert len(tree["mantissa"]) == (len(BITS) if weights.predicts and length > 1 else 0)
    assert (len(tree["leverage"]), len(tree["leverage_bits"])) in ((3, 32), (0, 0))
    page = boolrnn.sheet(found)
    for table in page.tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
    terminal.show(page, Console(file=io.StringIO()))
    if as_published and length in (1, 30):
        write_figure(found, tmp_path / "f.svg")


def test_other_outputs_have_no_bpc_and_everything_else():
    found = precision(random_net(2, 9, 4, outputs=3), text_of(1, 60, 4))
    tree = found.to_json()
    assert tree["bpc"] is None
    assert tree["mantissa"] == tree["gradients"] == tree["leverage"] == []
    assert found.lyapunov is not None
    assert found.norm_step is not None
    assert found.neuron_steps == 59 * 9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bits": (24,)}, "bits 24"),
        ({"bits": (-1,)}, "bits -1"),
        ({"bits": (3, 3)}, "stands twice"),
        ({"exponents": -1}, "exponents -1"),
        ({"leverage_positions": -1}, "leverage positions -1"),
        ({"seed": -1}, "seed -1"),
        ({"tanh": "fast"}, "tanh 'fast'"),
    ],
)
def test_bad_options_are_named(options, words):
    with pytest.raises(OptionError, match=words):
        precision(random_net(1), text_of(1, 9, 5), **options)
    with pytest.raises(TextError):
        precision(random_net(1), np.array([9]))


def test_no_bits_and_no_exponents_are_answers_too():
    found = precision(random_net(1), text_of(1, 9, 5), bits=(), exponents=0)
    assert len(found.bits) == len(found.mantissa_bpc) == len(found.readout_bpc) == len(found.exponent) == 0
    assert found.lyapunov is None
    assert found.chaotic is None


def test_places_are_evenly_spaced():
    assert evenly(5, 9).tolist() == [0, 1, 2, 3, 4]
    assert evenly(9, 3).tolist() == [0, 4, 8]
    assert evenly(1000, 64)[[0, -1]].tolist() == [0, 999]
    assert len(np.unique(evenly(65, 64))) == 64
    assert (evenly(9, 1).tolist(), evenly(9, 0).tolist()) == ([0], [])
    assert spread(9, 1) == "positions 0..0"
    assert spread(9, 0) == spread(0, 9) == "no positions"


def test_the_archived_pair(archived, golden):
    found = precision(*archived)
    extra, more = golden["checked_extra_checks"], golden["checked_extra_checks2"]
    assert (found.sign_differences, found.neuron_steps) == (0, 130944)
    assert found.first_difference is None
    assert found.lyapunov == pytest.approx(-0.0033909824, abs=1e-9)
    assert found.exponent == pytest.approx(extra["lyapunov_spectrum_top8_nats_per_step"], abs=1e-9)
    assert found.chaotic is False
    assert found.bpc_float64 == pytest.approx(extra["bpc_f64"], abs=1e-12)
    assert found.bpc_sign_readout == pytest.approx(extra["sign_readout_bpc"], abs=1e-7)
    assert found.h_difference_max == pytest.approx(extra["max|h32-h64|"], rel=0.5)
    assert found.norm_step == pytest.approx(extra["mean_spectral_norm_J"], rel=1e-9)
    assert found.norm_wh == pytest.approx(extra["spectral_norm_Wh"], rel=1e-9)
    assert found.spectral_radius == pytest.approx(extra["spectral_radius_Wh"], rel=1e-9)
    run = boolrnn.trace(*archived, arithmetic="float64")
    fifth = norms(archived[0], run.z[:1023:5]).following  # the checked mean is that of every fifth position
    assert fifth == pytest.approx(more["mean_sigma1(Wh diag(1-h^2))"], rel=1e-9)
    rows = {row["bits"]: row for row in found.to_json()["mantissa"]}
    assert rows[0]["bpc"] == pytest.approx(more["zero_mantissa_dynamics_bpc"], abs=1e-6)
    assert rows[0]["bpc_readout"] == pytest.approx(more["zero_mantissa_readout_only_bpc"], abs=5e-4)
    checked = more["mantissa_bits_kept_bpc"]
    for bits, row in rows.items():
        if row["stable"] and str(bits) in checked:
            assert row["bpc"] == pytest.approx(checked[str(bits)], abs=1e-4)
    assert not any(rows[bits]["stable"] for bits in (2, 3, 4, 5, 6, 8, 10))
    assert rows[23]["bpc"] == found.bpc_float32
    assert found.leverage_window == "positions 0..1022"
    assert found.leverage_inside_ratio[0] > found.leverage_inside_ratio[1] > 1


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the published programs used glibc's tanhf")
def test_published_margins_to_the_last_printed_digit(archived, golden):
    found = precision(*archived, as_published=True, tanh="system", leverage_positions=0)
    q1 = golden["q1_margins"]
    assert f"{found.margin_mean:.9g}" == f"{q1['mean_margin']:.9g}"
    assert f"{found.margin_min:.9g}" == f"{q1['min_margin']:.9g}"
    assert f"{found.max_ulp:.9g}" == f"{q1['max_mantissa_perturbation']:.9g}"
    assert f"{found.safety_factor:.9g}" == f"{q1['safety_factor']:.9g}"
    assert f"{found.bpc_float32:.8f}" == f"{q1['bpc_full']:.8f}"
    assert f"{found.bpc_sign_readout:.8f}" == f"{q1['bpc_sign_readout']:.8f}"


def test_a_hardened_net_carries_no_error_that_matters(embedded):
    found = precision(embedded[0], embedded[1][:500], leverage_positions=8)
    assert found.sign_differences == 0
    assert found.error_ratio is not None
    assert found.error_ratio > 1e6
    assert found.chaotic is False
