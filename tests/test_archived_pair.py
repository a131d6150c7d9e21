"""The archived weights and text: published and separately checked numbers, to the digits printed."""

import json
import platform

import numpy as np
import pytest
from test_cli import run

import boolrnn
from boolrnn.bits import distinct


@pytest.fixture(scope="module")
def found(archived):
    return boolrnn.agreement(*archived)


@pytest.fixture(scope="module")
def predicted(archived):
    return boolrnn.predict(*archived)


@pytest.fixture(scope="module")
def all_minus(archived):
    """The published protocol: the free run starts from all -1."""
    weights, symbols = archived
    return boolrnn.compile(weights).run(symbols, np.zeros(128, bool))


def test_info_reads_it_right_and_notices_the_other_order(seed_folder, archived):
    path = seed_folder / "sat_model.bin"
    tree = boolrnn.info(boolrnn.read_source(path), archived[1]).to_json()
    assert (tree["hidden"], tree["symbols"], tree["outputs"], tree["parameters"]) == (128, 256, 256, 82304)
    assert tree["exact"] == {"route": "float64", "bits_max": 46}
    assert tree["layout"] == "wx-wh-bh-wy-by"
    scores = {row["layout"]: row["bpc"] for row in tree["layouts"]}
    assert scores["wx-wh-bh-wy-by"] == pytest.approx(0.0792, abs=1e-4)
    assert scores["wx-bh-wh-wy-by"] == pytest.approx(6.3907, abs=1e-4)
    assert tree["warning"] is None
    other = boolrnn.info(boolrnn.read_source(path, layout="wx-bh-wh-wy-by"), archived[1])
    assert "WRONG LAYOUT?" in other.warning


def test_sign_structure_is_the_published_one(seed_folder, golden):
    found = boolrnn.info(boolrnn.read_source(seed_folder / "sat_model.bin"))
    q1 = golden["q1_boolean"]
    assert found.wh_positive == q1["wh_pos"]
    assert found.wh_negative == q1["wh_neg"]
    assert found.wh_near_zero == q1["wh_near_zero"]
    assert found.wh_mean_positive == pytest.approx(q1["wh_pos_mean"], rel=1e-6)
    assert found.wh_mean_negative == pytest.approx(q1["wh_neg_mean"], rel=1e-6)
    assert found.wh_fan_in == q1["mean_fan_in_gt_0.1"]


def test_agreement(found):
    tree = found.to_json()
    assert tree["level"] == "differs"
    assert tree["bpc"]["float"] == pytest.approx(0.07920, abs=1e-6 + 5e-6)
    assert tree["bpc"]["sign_readout"] == pytest.approx(0.12939, abs=5e-6)
    assert tree["bpc"]["one_step"] == pytest.approx(0.4107, abs=5e-5)
    assert tree["bpc"]["sign_dynamics"] == pytest.approx(12.0829732, abs=5e-8)
    assert tree["one_step"] == pytest.approx(0.924291, abs=5e-7)
    assert tree["free_run"] == pytest.approx(0.622014, abs=5e-7)
    assert (tree["first_divergence"]["t"], tree["first_divergence"]["neuron"]) == (1, 8)
    assert tree["margins"]["mean"] == pytest.approx(1.3068, abs=5e-5)
    assert tree["margins"]["below_1"] == pytest.approx(68_644, abs=5)
    assert tree["margins"]["below_0_1"] == pytest.approx(7_836, abs=5)
    assert tree["margins"]["count"] == 130_944
    assert tree["margins"]["min"] == pytest.approx(1.2e-5, abs=4e-6)
    assert tree["distinct_states"]["float"] == 983
    assert tree["sign_differences"] == 0
    assert tree["stable"]
    assert tree["positions"] == 1023


def test_float_figures_equal_the_checked_ones(found, golden):
    checked = golden["checked_extra_checks"]
    assert found.bpc_float == pytest.approx(checked["bpc_f32"], abs=1e-6)
    assert found.figure_float64[0] == pytest.approx(checked["bpc_f64"], abs=1e-12)
    assert found.bpc_sign_readout == pytest.approx(checked["sign_readout_bpc"], abs=1e-12)
    assert found.one_step == checked["bool_one_step_sign_agreement"]
    assert found.bpc_bias_only == pytest.approx(checked["bpc_by_only"], abs=1e-12)
    assert 1023 * found.bpc_float == pytest.approx(checked["total_bits"], abs=1e-3)


def test_margin_calibration(found):
    rows = {row["low"]: row for row in found.to_json()["calibration"]}
    assert rows[1.0]["share"] == pytest.approx(0.009, abs=5e-4)
    assert found.largest_wrong_margin == pytest.approx(2.42, abs=5e-3)


def test_the_free_run_from_all_minus_is_the_published_one(archived, all_minus, golden):
    weights, symbols = archived
    q1, checked = golden["q1_boolean"], golden["checked_extra_checks"]
    found = boolrnn.agreement(weights, symbols, initial=np.zeros(128, bool))
    assert found.bpc_sign_dynamics == pytest.approx(q1["boolean_dynamics_bpc"], abs=5e-8)
    assert found.free_run == checked["bool_free_run_agreement_mean"]
    assert found.t_free_run[:5].tolist() == checked["bool_free_run_first5"]
    assert "".join("01"[b] for b in all_minus.states[42, :16].astype(int)) == q1["state_t42_first16"]
    before = np.concatenate([np.zeros((1, 128), bool), all_minus.states[:1022]])
    flips = (before != all_minus.states[:1023]).sum(axis=1)
    assert flips.sum() == round(1023 * q1["mean_sign_flips_per_step"])
    assert distinct(all_minus.states[:1023]) == q1["unique_sign_vectors"]


def test_sensitivity_of_one_state_is_the_published_one(archived, all_minus, golden):
    weights, symbols = archived
    automaton = boolrnn.compile(weights)
    state, x = all_minus.states[42], symbols[43]
    flipped = np.repeat(state[None], 128, axis=0) ^ np.eye(128, dtype=bool)
    base, _ = automaton.step(state[None], np.array([x]))
    after, _ = automaton.step(flipped, np.full(128, x))
    assert (after != base).sum() / 128 == golden["q1_boolean"]["mean_sensitivity_t42"]
    inputs, _ = automaton.step(np.repeat(state[None], 256, axis=0), np.arange(256))
    changed = (inputs != base).sum(axis=1)
    assert changed.max() == golden["q1_boolean"]["input_byte_max"]
    assert changed.mean() == golden["q1_boolean"]["input_byte_mean"]


def test_predictions(predicted):
    tree = predicted.to_json()
    shares = [tree["top1"][n] for n in ("float", "sign_readout", "one_step", "free_run")]
    assert shares == pytest.approx([0.987, 0.975, 0.917, 0.156], abs=5e-4)
    assert tree["bpc"]["free_run"] == pytest.approx(12.083, abs=5e-4)


def test_the_costliest_positions_are_the_checked_ones(predicted, golden):
    for t, bits in golden["checked_extra_checks"]["worst_positions"]:
        # hidden values of two float32 programs differ by up to 1.2e-3 on this pair
        assert predicted.float_bits[t] == pytest.approx(bits, abs=1e-3)
    order = np.argsort(-predicted.float_bits)
    assert order[:12].tolist() == [t for t, _ in golden["checked_extra_checks"]["worst_positions"]]


def test_windows_of_the_float_reference(archived, golden):
    weights, symbols = archived
    run_64 = boolrnn.trace(weights, symbols, arithmetic="float64")
    checked = golden["checked_extra_checks"]
    first, second = boolrnn.bpc(weights, run_64, 0, 511), boolrnn.bpc(weights, run_64, 512, 1023)
    assert first == pytest.approx(checked["bpc_first_half_t0_510"], abs=1e-6)
    assert second == pytest.approx(checked["bpc_second_half_t512_1022"], abs=1e-6)
    flips = (run_64.bits[1:1023] != run_64.bits[:1022]).sum(axis=0)
    assert flips.mean() == checked["flips_per_neuron_mean"]
    assert (flips.argmin(), flips.min()) == (checked["argmin_flips"], checked["min_flips"])
    hidden = np.abs(run_64.hidden[:1023])
    assert hidden.mean() == pytest.approx(checked["mean_abs_h"], abs=1e-4)
    assert (hidden >= 0.999).mean() == pytest.approx(checked["frac_|h|>=0.999"], abs=1e-4)


def check_margins(found, golden, exact):
    q1 = golden["q1_margins"]
    assert found.mean == pytest.approx(q1["mean_margin"], abs=5e-5)
    assert found.below_1 == pytest.approx(q1["n_small_lt1"], abs=0 if exact else 5)
    assert found.below_0_1 == pytest.approx(q1["n_tiny_lt0.1"], abs=0 if exact else 5)
    assert found.max_ulp == pytest.approx(q1["max_mantissa_perturbation"], rel=1e-6)
    bins = {f"{low:g}": count for low, count in zip(found.bin_low, found.bin_float) if count}
    assert bins == q1["hist_bins_of_5"]
    for j, mean, least, below in q1["smallest_mean_margin[j,mean,min,n_lt1]"]:
        assert found.neuron_mean[j] == pytest.approx(mean, abs=5e-5)
        assert found.neuron_below_1[j] == pytest.approx(below, abs=0 if exact else 2)
        if exact:
            assert found.neuron_min[j] == pytest.approx(least, rel=1e-6)
    order = np.argsort(found.neuron_mean)[:20]
    assert order.tolist() == [row[0] for row in q1["smallest_mean_margin[j,mean,min,n_lt1]"]]
    if exact:
        assert found.min == pytest.approx(q1["min_margin"], rel=1e-7)
        assert found.safety_factor == pytest.approx(q1["safety_factor"], rel=1e-6)


def test_margins_are_the_published_ones(archived, golden):
    check_margins(boolrnn.margins(*archived, as_published=True), golden, exact=False)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the published programs used glibc's tanhf")
def test_with_this_tanhf_margins_are_the_published_ones_bit_for_bit(archived, golden):
    check_margins(boolrnn.margins(*archived, as_published=True, tanh="system"), golden, exact=True)


def test_truncated_mantissas_are_said_to_be_chaotic(found, golden):
    rows = {row["bits"]: row for row in found.to_json()["mantissa"]}
    published = golden["checked_extra_checks2"]["mantissa_bits_kept_bpc"]
    assert rows[0]["bpc"] == pytest.approx(published["0"], abs=5e-5)
    assert rows[0]["stable"]
    for bits in (3, 6, 8, 10):  # other orders of summation give other numbers
        assert not rows[bits]["stable"]
    assert rows[12]["bpc"] == pytest.approx(published["12"], abs=5e-4)
    assert rows[16]["bpc"] == pytest.approx(found.bpc_float, abs=1e-4)


def test_the_command_line_gives_the_same_numbers(seed_folder, found):
    pair = (seed_folder / "sat_model.bin", seed_folder / "enwik_1024.txt")
    tree = json.loads(run("agreement", *pair, "--json").stdout)
    again = found.to_json()
    tree.pop("made_by"), again.pop("made_by")
    assert tree == again
    start = json.loads(run("agreement", *pair, "--initial", "0x0", "--json").stdout)
    assert start["bpc"]["sign_dynamics"] == pytest.approx(12.8402529, abs=5e-8)
    assert start["free_run"] == pytest.approx(0.614507, abs=5e-7)


def test_a_compiled_automaton_knows_its_margins(archived, tmp_path):
    weights, symbols = archived
    automaton = boolrnn.compile(weights, symbols)
    automaton.write(tmp_path / "a.npz")
    again = boolrnn.read_automaton(tmp_path / "a.npz")
    run_ = again.run(symbols)
    assert np.nanmin(again.least_margin) == run_.margins.min()
    assert set(np.unique(symbols)) == set(np.flatnonzero(~np.isnan(again.least_margin[0])))
    assert (again.forced == -1).all()
