"""predict-weights: the published numbers, chance, signs, and nets and texts of every size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of
from report.test_figures_graph import assert_readable

from boolrnn import Weights
from boolrnn.errors import OptionError
from boolrnn.explain import statistics
from boolrnn.explain.predict_weights import predict_weights
from boolrnn.explain.relabelled import chance
from boolrnn.explain.statistics import observe, pearson
from boolrnn.report.sheets import sheet
from boolrnn.result import Result

NAMES = {
    "wh_sign_correlation",
    "wh_boolean_influence",
    "wh_hebbian",
    "wx_pmi",
    "wx_pmi_documented",
    "wx_pmi_as_coded",
    "wx_sign_conditioned",
    "wx_hebbian",
    "wy_sign_split",
    "wy_hebbian",
    "bh_log_odds",
}


def rows(found, records):
    """The records of one kind, by name."""
    return {row["name"]: row for row in found.to_json()[records]}


def best(found, statistic):
    return [
        [row["neuron"], round(row["r"], 4)]
        for row in found.to_json()["best"]
        if row["statistic"] == statistic
    ]


def test_published_numbers(archived, golden):
    found = predict_weights(*archived, resamples=50, as_published=True)
    one, three = golden["write_weights"], golden["write_weights3"]
    r = {name: round(value, 4) for name, value in found.to_json()["correlations"].items()}
    assert r["wh_boolean_influence"] == one["Wh_bool_influence"]
    assert r["wh_sign_correlation"] == one["Wh_sign_corr"]
    assert r["wh_hebbian"] == three["r_Wh_hebb"]
    assert r["wx_pmi"] == r["wx_pmi_as_coded"] == one["Wx_pmi"]
    assert r["wx_pmi_documented"] == 0.4790
    assert r["wx_sign_conditioned"] == one["Wx_sign_cond"]
    assert r["wx_hebbian"] == three["r_Wx_hebb"]
    assert r["wy_sign_split"] == one["Wy_sign_split"]
    assert r["wy_hebbian"] == three["r_Wy_hebb"]
    assert r["bh_log_odds"] == one["bh_logodds"]
    mean = {name: row["mean_abs_r"] for name, row in rows(found, "statistics").items()}
    assert round(mean["wx_pmi"], 4) == one["Wx_pmi_mean_abs_r"]
    assert round(mean["wy_sign_split"], 4) == one["Wy_mean_abs_r"]
    assert round(mean["wx_sign_conditioned"], 4) == one["Wx_sign_cond_mean_abs_r"]
    assert round(mean["wx_hebbian"], 4) == three["Wx_mean_abs_r"]
    assert round(mean["wy_hebbian"], 4) == three["Wy_mean_abs_r"]
    assert found.stable.all()


def test_published_neurons_and_signs(archived, golden):
    found = predict_weights(*archived, resamples=0, as_published=True)
    one, two, three = (golden[f"write_weights{k}"] for k in ("", "2", "3"))
    assert best(found, "wx_pmi") == one["top10_Wx_pmi[j,r]"]
    assert best(found, "wy_sign_split") == one["top10_Wy[j,r]"]
    assert best(found, "wx_sign_conditioned") == one["top10_Wx_signcond[j,r]"]
    assert best(found, "wx_hebbian")[0] == three["Wx_best"]
    assert best(found, "wy_hebbian")[0] == three["Wy_best"]
    signs = [[row["right"], row["entries"]] for row in found.to_json()["signs"]]
    assert signs == [
        two["sign_acc_Wh_ge0.1"],
        three["sign_acc_Wh_ge0.5"],
        [0, one["n_|Wh|>=3"]],
        two["sign_acc_Wx_ge0.1"],
    ]


def test_sound_numbers_of_the_archived_pair(archived):
    found = predict_weights(*archived, resamples=100)
    assert found.wx_pmi == found.wx_pmi_documented == pytest.approx(0.4790436, abs=1e-7)
    assert found.wx_pmi_as_coded == pytest.approx(0.3147327, abs=1e-7)
    table = rows(found, "statistics")
    assert all(row["r"] > 5 * row["high"] > 0 > row["low"] for name, row in table.items() if name[0] == "w")
    assert [name for name, row in table.items() if row["circular"]] == ["wh_boolean_influence"]


@settings(max_examples=12)
@given(
    st.integers(0, 10**6),
    st.sampled_from([(1, 1), (1, 2), (2, 3), (4, 2), (7, 12)]),
    st.sampled_from([1, 2, 3, 40]),
    st.booleans(),
)
def test_every_size_has_a_result_and_a_sheet(seed, size, length, as_published):
    net, symbols = random_net(seed, *size), text_of(seed, length, size[1])
    found = predict_weights(net, symbols, resamples=5, as_published=as_published)
    told = found.to_json()["correlations"] or {}
    assert set(told) in (NAMES, set())
    o = observe(net, symbols)
    r = pearson(statistics.hebbian_wh(o), net.wh, as_published)
    assert found.wh_hebbian == (None if np.isnan(r) else r)
    assert found.wx_pmi == (found.wx_pmi_as_coded if as_published else found.wx_pmi_documented)
    assert (found.r[found.name == "wx_hebbian"][0] == found.wx_hebbian) or found.wx_hebbian is None
    page = sheet(found)
    for table in page.tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
    if length < 3:
        assert found.wh_hebbian == (0 if as_published else None)


def test_signs_are_counted_entry_by_entry():
    net, symbols = random_net(5, 6, 4), text_of(5, 60, 4)
    found, o = predict_weights(net, symbols, resamples=0), observe(net, symbols)
    values = {
        "wh_hebbian": statistics.hebbian_wh(o),
        "wx_sign_conditioned": statistics.sign_conditioned_wx(o),
        "wy_sign_split": statistics.sign_split_wy(o),
    }
    for row in found.to_json()["signs"]:
        if row["statistic"] not in values:
            continue
        value, trained = values[row["statistic"]], getattr(net, row["matrix"])
        large = [k for k in np.ndindex(trained.shape) if abs(float(trained[k])) >= row["threshold"]]
        right = sum((value[k] > 0) == (trained[k] > 0) for k in large)
        plus = sum(trained[k] > 0 for k in large)
        assert (row["entries"], row["right"]) == (len(large), right)
        if large:
            assert row["always"] == pytest.approx(100 * max(plus, len(large) - plus) / len(large))


def test_chance_is_the_range_over_relabelled_neurons():
    """By permuting the statistic itself and taking r anew."""
    net, symbols = random_net(2, 6, 5), text_of(2, 80, 5)
    o = observe(net, symbols)
    pairs = [
        ("wh", statistics.hebbian_wh(o), net.wh),
        ("wx", statistics.hebbian_wx(o), net.wx),
        ("wy", statistics.hebbian_wy(o), net.wy),
        ("bh", statistics.log_odds_bh(o), net.bh),
        ("bh", np.ones(6), net.bh),
    ]
    low, high = chance(pairs, 6, 400, 1)
    rng, found = np.random.default_rng(7), []
    for _ in range(1500):
        p = rng.permutation(6)
        moved = (pairs[0][1][p][:, p], pairs[1][1][p], pairs[2][1][:, p], pairs[3][1][p])
        found.append([pearson(a, pair[2]) for a, pair in zip(moved, pairs)])
    lower, upper = np.quantile(found, [0.025, 0.975], axis=0)
    assert low[:4] == pytest.approx(lower, abs=0.08)
    assert high[:4] == pytest.approx(upper, abs=0.08)
    assert np.isnan([low[4], high[4]]).all()
    assert np.isnan(chance(pairs, 6, 0, 1)).all()


def test_relabelling_reaches_r_itself():
    """With three neurons one relabelling in six changes nothing, so r lies in the range of chance."""
    found = predict_weights(random_net(4, 3, 4), text_of(4, 60, 4), resamples=200)
    assert ((found.low <= found.r + 1e-12) & (found.r <= found.high + 1e-12)).all()


def test_weights_that_learned_nothing_agree_with_the_states_they_make():
    """Random weights: relabelled neurons do not explain r of wh, shuffled nets do; both do for wy."""
    found = predict_weights(random_net(1, 24, 6, scale=0.3), text_of(1, 600, 6), resamples=200)
    at = {name: k for k, name in enumerate(found.name.tolist())}
    wh, wy = at["wh_hebbian"], at["wy_hebbian"]
    assert found.r[wh] > found.high[wh] + 0.1
    assert found.shuffled_low[wh] > 0.2
    assert found.shuffled_low[wh] - 0.1 < found.r[wh] < found.shuffled_high[wh] + 0.1
    assert -0.3 < found.shuffled_low[wy] < found.shuffled_high[wy] < 0.3
    assert np.isnan(predict_weights(random_net(1), text_of(1, 9, 5), resamples=0).shuffled_low).all()


def test_relabellings_are_drawn_by_the_seed():
    net, symbols = random_net(1, 8, 4), text_of(1, 50, 4)
    one, same, other = (predict_weights(net, symbols, resamples=20, seed=k) for k in (1, 1, 2))
    assert one.low.tolist() == same.low.tolist() != other.low.tolist()
    assert one.shuffled_low.tolist() == same.shuffled_low.tolist() != other.shuffled_low.tolist()


def test_outputs_that_are_no_symbols_have_no_correlations_with_wy():
    found = predict_weights(random_net(1, 6, 4, outputs=3), text_of(1, 60, 4), resamples=5)
    absent = {"wx_pmi", "wx_pmi_documented", "wx_pmi_as_coded", "wy_sign_split", "wy_hebbian"}
    told = found.to_json()["correlations"]
    assert {name for name, r in told.items() if r is None} == absent
    assert not absent & set(rows(found, "statistics"))
    assert "wx_hebbian" in found.to_json()["neurons"][0]
    assert "wy_hebbian" not in found.to_json()["neurons"][0]


def test_neurons_that_never_change():
    """Biases that hold every neuron: only what does not depend on bits or values is left."""
    net = random_net(1, 5, 4)
    still = Weights(net.wx * 0, net.wh * 0, np.full(5, 40, np.float32), net.wy, net.by)
    symbols = text_of(1, 60, 4)
    found, published = (predict_weights(still, symbols, as_published=k, resamples=9) for k in (False, True))
    assert not np.isfinite(found.r).any()
    assert sheet(found).warnings
    assert found.to_json()["correlations"] is None
    told = published.to_json()["correlations"]
    assert {name for name, r in told.items() if r} == {"wy_sign_split"}  # by smoothing alone, as published
    off = Weights(net.wx, net.wh, np.array([-99, 1, 1, 0, 0], np.float32), net.wy, net.by)
    assert predict_weights(off, symbols, as_published=True, resamples=9).bh_log_odds is None  # ln 0
    assert predict_weights(off, symbols, resamples=9).bh_log_odds is not None


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 6]), st.sampled_from([2, 60, 277]))
@settings(max_examples=10)
def test_adversarial_weights_give_results(seed, hidden, spread):
    net = adversarial_net(seed, hidden, 3, spread)
    found = predict_weights(net, text_of(seed, 30, 3), resamples=3)
    assert (np.abs(found.r[np.isfinite(found.r)]) <= 1).all()
    assert sheet(found).sentence


def test_what_is_saved_can_be_read_and_drawn(tmp_path):
    found = predict_weights(random_net(1, 8, 5), text_of(1, 90, 5), resamples=9)
    found.save(tmp_path / "r")
    again = Result.load(tmp_path / "r")
    assert again.to_json() == found.to_json()
    assert "matrices" not in found.to_json()
    assert_readable(again)


@pytest.mark.parametrize(("hidden", "length", "resamples"), [(1, 1, 0), (1, 40, 5), (3, 2, 5), (40, 60, 0)])
def test_pictures_of_any_net_can_be_read(hidden, length, resamples):
    assert_readable(predict_weights(random_net(1, hidden, 4), text_of(1, length, 4), resamples=resamples))


@pytest.mark.parametrize("options", [{"seed": -1}, {"resamples": -1}, {"resamples": 10**7}, {"tanh": "fast"}])
def test_options_that_cannot_be_used(options):
    with pytest.raises(OptionError):
        predict_weights(random_net(1), text_of(1, 9, 5), **options)
