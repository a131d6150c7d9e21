"""prune: every row is a run of the pruned net, the published tables, planted nets, short texts."""

import dataclasses
import platform

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn import Weights, bpc
from boolrnn.compiling import compiled_module
from boolrnn.errors import OptionError, WeightsError
from boolrnn.explain import levels, variants
from boolrnn.explain.levels import Levels
from boolrnn.explain.prune import prune
from boolrnn.explain.prune_tables import PUBLISHED_COMBINED, PUBLISHED_THRESHOLDS
from boolrnn.model.rnn import trace
from boolrnn.report.figures import draw
from boolrnn.report.sheets import sheet

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the published programs used its tanhf")
SIZES = st.sampled_from([(1, 2), (2, 2), (3, 5), (9, 3), (11, 4)])


def cut(values, threshold):
    return np.where(np.abs(values, dtype=np.float64) < threshold, np.float32(0), values)


def scored(weights, symbols, **parts):
    """bpc of the net with other matrices, in float32 and float64."""
    net = dataclasses.replace(weights, **parts)
    with np.errstate(all="ignore"):
        found = [bpc(net, trace(net, symbols, arithmetic=name)) for name in ("float32", "float64")]
    return [np.nan if value is None else value for value in found]


def naive_ranking(weights, symbols, arithmetic=0):
    cost = []
    for j in range(weights.hidden):
        wy = weights.wy.copy()
        wy[:, j] = 0
        cost.append(scored(weights, symbols, wy=wy)[arithmetic])
    return np.array(cost)


def close(a, b):
    return a == pytest.approx(b, rel=1e-11, abs=1e-12, nan_ok=True)


def check_rows(found, weights, symbols, step=1):
    """Every row (or every `step`th) by running the pruned net alone."""
    base = scored(weights, symbols)[0]
    assert close(np.nan if found.baseline is None else found.baseline, base)
    for name in ("wh", "wx", "wy"):
        matrix = getattr(weights, name)
        columns = (
            getattr(found, f"{name}_{each}") for each in ("threshold", "zeroed", "bpc", "delta", "stable")
        )
        for threshold, zeroed, cost, delta, stable in zip(*(column[::step].tolist() for column in columns)):
            single, double = scored(weights, symbols, **{name: cut(matrix, threshold)})
            assert close(cost, single)
            assert close(delta, single - base)
            assert stable == (np.isnan(single) or abs(single - double) <= 1e-4)
            assert zeroed == 100 * (np.abs(matrix, dtype=np.float64) < threshold).sum() / matrix.size
    for k, threshold, kept, cost, count in zip(
        found.combined_k[::step].tolist(),
        found.combined_threshold[::step].tolist(),
        found.combined_kept[::step].tolist(),
        found.combined_bpc[::step].tolist(),
        found.combined_parameters[::step].tolist(),
    ):
        wy, wh = np.zeros_like(weights.wy), cut(weights.wh, threshold)
        chosen = found.ranking[:k]
        wy[:, chosen] = weights.wy[:, chosen]
        assert close(cost, scored(weights, symbols, wy=wy, wh=wh)[0])
        assert kept == 100 * (np.abs(weights.wh, dtype=np.float64) >= threshold).sum() / weights.wh.size
        parts = (weights.wx, wh, weights.bh, wy, weights.by)
        assert count == sum(np.count_nonzero(part) for part in parts)


@settings(max_examples=12)
@given(st.integers(0, 10**6), SIZES, st.integers(1, 12), st.sampled_from([None, 20, 250]))
def test_every_row_is_a_run_of_the_pruned_net(seed, size, length, spread):
    hidden, symbols = size
    net = random_net(seed, *size) if spread is None else adversarial_net(seed, hidden, symbols, spread)
    text = text_of(seed, length, symbols)
    found = prune(net, text)
    check_rows(found, net, text, step=5)
    knocked = naive_ranking(net, text)
    if not np.isnan(knocked).any():
        assert (np.diff(knocked[found.ranking]) <= 1e-9).all()
    check_rows(prune(net, text, thresholds=[0.0, 0.5, 1.0], subsets=[0, hidden]), net, text)


def test_a_row_is_not_stable_where_another_ranking_in_float64_moves_it():
    net, text = random_net(4, 12, 4), text_of(4, 300, 4)
    found = prune(net, text, automaton=False, thresholds=[50.0], subsets=list(range(13)))
    orders = [np.argsort(-naive_ranking(net, text, each), kind="stable") for each in (0, 1)]
    stable, alike = [], []
    for k in range(13):
        kept = [np.where(np.isin(np.arange(12), order[:k]), net.wy, 0) for order in orders]
        one, other = (scored(net, text, wh=np.zeros_like(net.wh), wy=wy) for wy in kept)
        stable.append(abs(one[0] - other[1]) <= 1e-4)
        alike.append(abs(one[0] - one[1]) <= 1e-4)
    assert all(alike)
    assert not all(stable)
    assert found.combined_stable.tolist() == stable


def test_compiled_runs_are_the_same(monkeypatch):
    net, text = random_net(2, 13, 6), text_of(2, 90, 6)
    plain = prune(net, text)
    monkeypatch.setattr(variants, "_WORTH", 0)
    monkeypatch.setattr(variants, "_BLOCK", 17)
    monkeypatch.setattr(variants, "_AT_ONCE", 3)
    again = prune(net, text)
    for name in ("wh", "wx", "wy", "combined"):
        assert getattr(again, f"{name}_bpc") == pytest.approx(getattr(plain, f"{name}_bpc"), rel=1e-12)


@pytest.mark.parametrize("doubt", [0.1, float.fromhex("0x1.dc0accp-2")])
def test_compiled_steps_are_the_reference_bit_by_bit(doubt):
    code = compiled_module("explain.compiled_variants")
    net, text = random_net(3, 9, 4), text_of(3, 200, 4)
    bh = net.bh.copy()
    wh, wx = net.wh.copy(), net.wx.copy()
    wh[0], wx[0], bh[0] = 0, 0, doubt  # neuron 0 always takes tanh of this value
    net = dataclasses.replace(net, bh=bh, wh=wh, wx=wx)
    assert boolrnn.model.tanh.doubtful(np.tanh(np.array([doubt]))).any() == (doubt != 0.1)
    columns, drive = np.ascontiguousarray(wh.T), np.ascontiguousarray((bh[:, None] + wx).T)
    hidden, z = np.empty((200, 9), np.float32), np.empty(9, np.float32)
    zero = np.zeros(9, np.float32)
    t, stops = code.run32(columns, drive, text, zero, 0, z, hidden), 0
    while t < 200:
        hidden[t] = boolrnn.model.tanh.tanh32(z)
        stops += 1
        t = code.run32(columns, drive, text, zero, t + 1, z, hidden)
    assert np.array_equal(hidden, trace(net, text).hidden)
    assert stops == (0 if doubt == 0.1 else 200)  # roundings in doubt are never left to the compiled loop


def test_levels_are_thresholds_that_differ():
    matrix = np.array([[0, 1, -1, 3], [2, 0, -3, 9]], np.float32)
    found = Levels(matrix)
    assert [found.level(t) for t in (0.0, 1.0, 1.5, 2.0, 3.0, 3.1, 9.0, 9.1)] == [0, 0, 1, 1, 2, 3, 3, 4]
    assert [found.threshold(k) for k in range(4)] == [0, 2, 3, 9]
    assert not found.pruned(4).any()
    assert np.array_equal(found.pruned(2), [[0, 0, 0, 3], [0, 0, -3, 9]])
    assert Levels(matrix, np.array([True, True, False, False])).distinct.tolist() == [1, 2]
    assert Levels(np.zeros((2, 2), np.float32)).grid() == [0]


def test_the_lossless_end_is_where_the_search_says():
    for seed in range(6):
        net, text = random_net(seed, 10, 4), text_of(seed, 60, 4)
        found = prune(net, text, tolerance=0.05, automaton=False)
        rows = zip(
            found.lossless_matrix.tolist(),
            found.lossless_threshold.tolist(),
            found.lossless_next.tolist(),
            found.lossless_bpc.tolist(),
        )
        for name, threshold, following, cost in rows:
            matrix = getattr(net, name)
            assert close(cost, scored(net, text, **{name: cut(matrix, threshold)})[0])
            assert cost <= found.baseline + 0.05
            if not np.isnan(following):
                assert scored(net, text, **{name: cut(matrix, following)})[0] > found.baseline + 0.05
                sizes = np.unique(np.abs(matrix[matrix != 0]))
                between = (sizes >= threshold) & (sizes < following)
                assert between.sum() == 1  # neighbours: one more magnitude falls


def test_weights_too_small_to_matter_are_lossless():
    rng = np.random.default_rng(5)
    main = random_net(5, 12, 4)
    wh = np.where(main.wh == 0, rng.normal(size=main.wh.shape) * 1e-9, main.wh * 2).astype(np.float32)
    net = dataclasses.replace(main, wh=wh)
    found = prune(net, text_of(5, 100, 4), automaton=False)
    assert found.lossless_threshold[0] > np.abs(wh[main.wh == 0]).max()
    assert found.lossless_zeroed[0] >= 100 * (main.wh == 0).mean()


def test_columns_never_read_are_the_base():
    net, text = random_net(1, 6, 8), text_of(1, 50, 3)
    found = prune(net, np.r_[text, 7])  # nothing is predicted from the last symbol
    assert (found.unread_symbols, found.unread_percent) == (5, 62.5)
    assert found.total_unread == np.count_nonzero(net.wx[:, 3:7])
    assert found.lossless_read[1] <= found.lossless_zeroed[1]


def test_equal_nets_run_once(monkeypatch, archived):
    ran = []

    def counted(weights, nets, symbols, **options):
        ran.append(len(nets))
        return variants.costs(weights, nets, symbols, **options)

    monkeypatch.setattr(levels, "costs", counted)
    prune(*archived, as_published=True)
    assert ran == [8]
    bench = levels.Bench(random_net(1), text_of(1, 20, 5), "exact", np.inf)
    bench.run([levels.Cut(wh=1), levels.Cut(wh=1), levels.Cut(wy=1), levels.Cut(wy=2)])
    bench.run([levels.Cut(wh=1)])
    assert ran == [8, 2]


def check_published(found, golden, tolerance, shaky):
    assert found.baseline == pytest.approx(0.0792014724, abs=1e-6)
    for name in ("wh", "wx"):
        rows = golden[f"{name}_prune[thr,pct_zeroed,bpc,delta]"]
        assert [row[0] for row in rows] == getattr(found, f"{name}_threshold").tolist()
        for k, (_, zeroed, cost, delta) in enumerate(rows):
            assert getattr(found, f"{name}_zeroed")[k] == pytest.approx(zeroed, abs=1e-6)
            if shaky or getattr(found, f"{name}_stable")[k]:
                assert getattr(found, f"{name}_bpc")[k] == pytest.approx(cost, abs=tolerance)
                assert getattr(found, f"{name}_delta")[k] == pytest.approx(delta, abs=tolerance)
    rows = golden["combined[k,wh_thr,wy_pct,wh_pct,bpc,delta]"]
    for k, (top, threshold, _, kept, cost, delta) in enumerate(rows):
        assert (found.combined_k[k], found.combined_threshold[k]) == (top, threshold)
        assert found.combined_kept[k] == pytest.approx(kept, abs=1e-6)
        assert found.combined_stable[k]
        assert found.combined_bpc[k] == pytest.approx(cost, abs=tolerance)
        assert found.combined_delta[k] == pytest.approx(delta, abs=tolerance)
    assert len(rows) == len(found.combined_k)
    percentiles = dict(zip(found.percentile.tolist(), found.percentile_value.tolist()))
    assert percentiles == pytest.approx({int(p): v for p, v in golden["wh_percentiles"].items()}, rel=1e-8)
    assert found.wh_max == pytest.approx(golden["wh_max"], rel=1e-8)
    assert found.wh_mean == pytest.approx(golden["wh_mean"], rel=1e-8)
    assert found.parameters == golden["full_params"]
    assert found.redux_parameters == golden["redux_params_k15_thr2"]
    assert found.combined_parameters[10] == 36992


def test_the_published_tables(archived, golden):
    check_published(prune(*archived, as_published=True), golden["q5_redux"], 2e-6, shaky=False)


@GLIBC
def test_with_this_tanhf_the_published_tables_digit_by_digit(archived, golden):
    found = prune(*archived, as_published=True, tanh="system")
    check_published(found, golden["q5_redux"], 1e-7, shaky=True)
    assert found.wx_stable.tolist() == [True] + 10 * [False]
    assert found.wh_stable.all()


def test_probabilities_have_a_floor_as_published():
    net = random_net(1, 4, 3)
    net = dataclasses.replace(net, by=np.array([0, 0, 300], np.float32))
    text = np.array([0, 1, 0, 1])
    assert prune(net, text, automaton=False).baseline > 400
    assert prune(net, text, as_published=True).baseline == pytest.approx(np.log2(1e30), rel=1e-12)


def test_published_grids_of_other_nets():
    net, text = random_net(3, 12, 5), text_of(3, 40, 5)
    found = prune(net, text, as_published=True)
    assert found.wh_threshold.tolist() == list(PUBLISHED_THRESHOLDS)
    assert np.unique(found.combined_k).tolist() == [5, 10, 12]
    assert found.combined_threshold[:4].tolist() == list(PUBLISHED_COMBINED)
    kept = (np.abs(net.wh) >= 1).sum()
    assert found.combined_parameters[1] == 60 + kept + 12 + 5 * 5 + 5
    assert (found.redux_k, found.neuron, found.wy_bpc, found.lossless_bpc) == (None,) * 4


def test_the_archived_net_at_its_own_quantiles(archived, golden):
    found = prune(*archived)
    assert found.lossless_zeroed[0] == pytest.approx(3.06, abs=0.01)
    assert found.lossless_zeroed[1] == pytest.approx(84.77, abs=0.01)
    assert found.lossless_read[1] == pytest.approx(25.03, abs=0.01)
    assert (found.unread_symbols, found.unread_percent) == (204, 79.6875)
    fine = golden["checked_extra_checks2"]["W_h_prune_fine"]
    checked = prune(*archived, thresholds=sorted(map(float, fine)), automaton=False)
    for k, (wh_share, wh_bpc, wx_share, wx_bpc) in enumerate(fine[str(t)] for t in sorted(fine, key=float)):
        assert checked.wh_zeroed[k] == pytest.approx(100 * wh_share, abs=1e-9)
        assert checked.wx_zeroed[k] == pytest.approx(100 * wx_share, abs=1e-9)
        if checked.wh_stable[k]:
            assert checked.wh_bpc[k] == pytest.approx(wh_bpc, abs=1e-4)
        if checked.wx_stable[k]:
            assert checked.wx_bpc[k] == pytest.approx(wx_bpc, abs=1e-4)
    assert checked.wh_stable[:2].all()
    assert checked.wx_stable[:7].all()


def test_the_automatons_part(archived):
    weights, symbols = archived
    found = prune(weights, symbols, network=False)
    assert (found.baseline, found.wh_bpc, found.combined_bpc, found.total_network) == (None,) * 4
    assert found.total_same
    pruned = found.pruned(weights)
    assert np.array_equal(
        boolrnn.compile(pruned).run(symbols).states, boolrnn.compile(weights).run(symbols).states
    )
    assert sheet(found).tables[-1].rows[0][0] == f"h{found.neuron_greedy.argmax()}"
    gone = np.count_nonzero(weights.wh) - np.count_nonzero(pruned.wh)
    assert gone == found.total_greedy == found.neuron_greedy.sum()
    assert np.count_nonzero(pruned.wx) == found.total_wx - found.total_wx_removed
    both = prune(hardened_net(1, 6), text_of(1, 40, 4))
    net = hardened_net(1, 6)
    assert close(both.total_network, scored(both.pruned(net), text_of(1, 40, 4))[0])


def test_other_outputs_have_no_bpc():
    net, text = random_net(1, 6, 4, outputs=2), text_of(1, 30, 4)
    with pytest.raises(WeightsError, match="O = V"):
        prune(net, text)
    found = prune(net, text, network=False)
    assert found.total_same
    assert sheet(found).sentence


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"thresholds": []}, "at least one"),
        ({"thresholds": [0.5, -1.0]}, "0 or more"),
        ({"thresholds": [np.nan]}, "0 or more"),
        ({"subsets": [8]}, r"0\.\.7"),
        ({"subsets": []}, "at least one"),
        ({"tolerance": -0.1}, "tolerance"),
        ({"tolerance": np.nan}, "tolerance"),
        ({"tanh": "other"}, "tanh"),
        ({"network": False, "automaton": False}, "nothing"),
        ({"network": False, "as_published": True}, "nothing"),
        ({"thresholds": [0.5], "as_published": True}, "its own"),
        ({"subsets": [2], "as_published": True}, "its own"),
    ],
)
def test_bad_options_are_refused_in_one_line(options, words):
    with pytest.raises(OptionError, match=words) as caught:
        prune(random_net(1), text_of(1, 20, 5), **options)
    assert "\n" not in str(caught.value)
    with pytest.raises(OptionError):
        prune(random_net(1), text_of(1, 20, 5), as_published=True).pruned(random_net(1))


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("as_published", [False, True])
def test_short_texts_and_overflow_have_sheets_and_figures(length, as_published):
    big = np.float32(3e38)
    wide = random_net(1)
    loud = Weights(
        wx=np.where(wide.wx > 0, big, -big), wh=np.full((7, 7), big), bh=wide.bh, wy=wide.wy, by=wide.by
    )
    for net in (wide, loud, random_net(1, 1, 2), random_net(1, scale=0.0)):
        found = prune(net, text_of(1, length, net.symbols), as_published=as_published)
        assert (found.baseline is None) == (length == 1 or (net is loud and found.baseline is None))
        assert sheet(found).sentence
        assert [list(table.rows) for table in sheet(found).tables]
        draw(found)


def test_json_names():
    found = prune(random_net(1), text_of(1, 40, 5)).to_json()
    row = {"threshold", "zeroed", "bpc", "delta", "stable"}
    assert all(set(found[name][0]) == row for name in ("wh", "wx", "wy"))
    assert set(found["combined"][0]) == {*row - {"zeroed"}, "k", "parameters", "kept_wh"}
    assert set(found["percentiles"][0]) >= {"percent", "value"}
    assert {"neuron", "least_margin", "bound", "greedy", "proved"} <= set(found["unneeded"][0])
    published = prune(random_net(1), text_of(1, 40, 5), as_published=True).to_json()
    assert set(published["wh"][0]) == set(published["wx"][0]) == row
    assert published["wy"] is published["unneeded"] is published["redux"] is None
