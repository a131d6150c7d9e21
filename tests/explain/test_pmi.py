"""pmi: the obvious loops, texts of known structure, and the published tables."""

import platform
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of
from scipy.stats import mannwhitneyu

import boolrnn
from boolrnn.errors import OptionError, TextError, WeightsError
from boolrnn.explain.alignment import Alignment
from boolrnn.explain.counts import Text
from boolrnn.explain.pmi import EIGHT, pmi
from boolrnn.report.figures import write_figure
from boolrnn.report.sheets import Sheet
from boolrnn.report.terminal import show


def cost(weights, state, true):
    scores = weights.wy.astype(float) @ state.astype(float) + weights.by
    top = scores.max()
    return (np.log(np.exp(scores - top).sum()) + top - scores[true]) / np.log(2)


def moved(weights, text, s, symbol, t, most=np.inf):
    """|D| of one replacement; what a symbol costs is cut at `most` bits."""
    changed = text.copy()
    changed[s] = symbol
    own, other = boolrnn.trace(weights, text).hidden[t], boolrnn.trace(weights, changed).hidden[t]
    return abs(min(cost(weights, other, text[t + 1]), most) - min(cost(weights, own, text[t + 1]), most))


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 9]), st.integers(1, 9), st.integers(2, 4))
def test_every_number_follows_its_definition(seed, hidden, length, order):
    weights, text = random_net(seed, hidden, 3), text_of(seed, length, 3)
    depth, at = 4, np.flatnonzero(np.random.default_rng(seed).random(max(length - 1, 0)) < 0.8)
    found = pmi(weights, text, depth=depth, order=order, replacements="all", positions=at, threshold=0.2)
    tables, some = Text(text), len(set(text.tolist())) > 1
    pooled = {k: [0.0, 0.0, 0, 0] for k in range(1, order)}  # aligned bits, bits, aligned cells, cells
    for d in range(1, depth + 1):
        sums = {k: [0.0, 0.0, 0, 0] for k in range(1, order)}
        for t in at.tolist():
            s = t + 1 - d
            if s < 0 or not some:
                continue
            rest = [x for x in text.tolist() if x != text[s]]
            size = np.mean([moved(weights, text, s, x, t) for x in rest])
            for k in range(1, min(order - 1, d) + 1):
                aligned = bool(tables.cells(k, d).left_out_pmi()[s] > 0.2)
                for each in (sums[k], pooled[k]):
                    each[:] = each[0] + aligned * size, each[1] + size, each[2] + aligned, each[3] + 1
        assert found.d_sensitivity[d - 1] == pytest.approx(sums[1][1], abs=1e-8)
        assert found.d_cells[d - 1] == sums[1][3]
        columns = ((found.d_bigram, found.d_base), (found.d_trigram, found.d_base_trigram))
        for k, (percent, base) in zip(range(1, order), columns):
            hit, size, aligned, cells = sums[k]
            assert percent[d - 1] == pytest.approx(100 * hit / size if size > 0 else np.nan, nan_ok=True)
            assert base[d - 1] == pytest.approx(100 * aligned / cells if cells else np.nan, nan_ok=True)
    for k, percent in zip(range(1, order), (found.bigram, found.trigram, found.fourgram)):
        hit, size, aligned, cells = pooled[k]
        assert percent == (pytest.approx(100 * hit / size) if size > 0 else None)
        assert found.order_base[k - 1] == pytest.approx(
            100 * aligned / cells if cells else np.nan, nan_ok=True
        )
    assert (found.trigram is None) or order > 2
    assert (found.fourgram is None) or order > 3


@settings(max_examples=6)
@given(st.integers(0, 10**6), st.sampled_from([2, 3]), st.sampled_from([1, 6]), st.booleans())
def test_the_published_protocol_by_loops(seed, symbols, hidden, far):
    net, text, scale = random_net(seed, hidden, symbols), text_of(seed, 90, symbols), np.float32(1 + 80 * far)
    weights = boolrnn.Weights(wx=net.wx, wh=net.wh, bh=net.bh, wy=scale * net.wy, by=net.by)
    found, tables = pmi(weights, text, depth=3, threshold=0.05, as_published=True), Text(text)
    for d in (1, 2, 3):
        for at, results in (
            (range(30, 88, 4), (found.d_sensitivity, found.d_bigram, found.d_trigram)),
            ([t for t in EIGHT if t < 89], (found.eight_total, found.eight_percent)),
        ):
            sums = np.zeros(3)
            for t in at:
                s = t + 1 - d
                size = moved(weights, text, s, (text[s] + symbols // 2) % symbols, t, np.log2(1e30))
                flags = [tables.published_pmi(k, d)[s] > 0.05 for k in (1, 2)]
                sums += size, size * flags[0], size * flags[1]
            assert results[0][d - 1] == pytest.approx(sums[0], abs=1e-8)
            for k, percents in enumerate(results[1:], start=1):
                expected = 100 * sums[k] / sums[0] if sums[0] > 0 else np.nan
                assert percents[d - 1] == pytest.approx(expected, nan_ok=True)
    assert found.d_trigram[0] == 0 or np.isnan(found.d_trigram[0])
    assert found.base_rate == found.base_counted


def copier(symbols, k, gain=12.0):
    """Stages of one neuron per symbol; the readout predicts the symbol at distance k again."""
    size = symbols * (k + 1)
    same = 2 * np.eye(symbols) - 1
    wx, wh, wy = np.zeros((size, symbols)), np.zeros((size, size)), np.zeros((symbols, size))
    wx[:symbols] = gain * same
    for stage in range(1, k + 1):
        here, before = (slice(symbols * s, symbols * (s + 1)) for s in (stage, stage - 1))
        wh[here, before] = gain * np.eye(symbols)
    wy[:, symbols * (k - 1) : symbols * k] = 2 * np.eye(symbols)
    parts = {"wx": wx, "wh": wh, "bh": np.zeros(size), "wy": wy, "by": np.zeros(symbols)}
    return boolrnn.Weights(**{name: value.astype(np.float32) for name, value in parts.items()})


def echo(length, symbols, k, seed=1, faithful=0.9):
    """Each symbol repeats the one k before it, or is drawn anew."""
    rng = np.random.default_rng(seed)
    text = rng.integers(symbols, size=length)
    for t in range(k, length):
        if rng.random() < faithful:
            text[t] = text[t - k]
    return text


def test_a_copier_of_an_echo_is_aligned_at_its_distance():
    found = pmi(copier(4, 3), echo(900, 4, 3), depth=6, replacements="all")
    assert np.flatnonzero(found.d_mean > 1e-6).tolist() == [2]
    assert found.bigram == pytest.approx(found.d_bigram[2])
    assert found.bigram > found.d_base[2] + 2
    assert found.d_low[2] > 0
    assert found.order_lift[0] == pytest.approx(found.bigram - found.d_base[2])
    assert found.order_rank[0] > 0.8


def test_without_structure_alignment_is_the_base_rate():
    """Nothing to follow: the share is what an even spread gives, however the net behaves."""
    found = pmi(random_net(2, 9, 30), text_of(3, 2000, 30), depth=4, threshold=0.0, order=2)
    assert found.order_low[0] < 0.5
    assert found.order_high[0] > -0.5
    assert abs(found.order_lift[0]) < 5
    assert found.order_rank[0] == pytest.approx(0.5, abs=0.05)


def test_counting_the_tested_cell_makes_rare_pairs_look_aligned():
    text = np.random.default_rng(0).permutation(60)  # no symbol twice
    found = pmi(random_net(1, 4, 60), text, depth=3)
    assert found.base_counted == 100
    assert found.base_left_out == found.bigram == 0
    assert found.base_random == 0
    assert pmi(random_net(1, 4, 60), text, depth=3, as_published=True).bigram == 100


@given(st.integers(0, 10**6), st.integers(2, 40))
def test_the_rank_is_the_mann_whitney_statistic(seed, count):
    rng = np.random.default_rng(seed)
    size = rng.integers(0, 5, (count, 1)).astype(float)
    aligned, cells = rng.random((count, 1)) < 0.4, np.ones((count, 1), bool)
    found = Alignment(aligned, cells).rank(size)
    if aligned.all() or not aligned.any() or not size.any():
        assert found is None
        return
    u = mannwhitneyu(size[aligned], size[~aligned]).statistic
    assert found == pytest.approx(u / (aligned.sum() * (~aligned).sum()))


def test_lifts_of_resamples_scatter_around_the_lift():
    rng = np.random.default_rng(1)
    aligned = rng.random((400, 3)) < 0.5
    size = rng.random((400, 3)) * (1 + aligned)
    each = Alignment(aligned, np.ones((400, 3), bool))
    pooled, apart = each.lifts(size, 5, 0)
    lift = each.pooled(size) - each.expected(size)
    assert pooled.mean() == pytest.approx(lift, abs=0.5)
    assert apart.mean(axis=0) == pytest.approx(each.by_distance(size) - each.base_by_distance(), abs=0.5)
    assert 0.3 < pooled.std() < 3
    assert each.lifts(size, 100, 0) is None


@pytest.mark.parametrize("length", [1, 2, 3, 50])
@pytest.mark.parametrize("as_published", [False, True])
@pytest.mark.parametrize("symbols", [1, 2])
def test_short_texts(tmp_path, length, as_published, symbols):
    text = np.arange(length) % symbols
    found = pmi(random_net(3, 4, symbols), text, as_published=as_published, order=4)
    tree = found.to_json()
    assert len(tree["offsets"]) == 20
    if length < 2 or (symbols == 1 and not as_published):
        assert tree["bigram"] is None
        assert tree["base_rate"] is None
    assert (tree["eight"] is None) == (not as_published)
    show(boolrnn.sheet(found))
    write_figure(found, tmp_path / "f.svg")


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_no_finite_net_is_warned_about(seed, hidden):
    weights = adversarial_net(seed, hidden, 3, 250)
    huge = boolrnn.Weights(
        wx=weights.wx,
        wh=np.full((hidden, hidden), 3e38, np.float32),
        bh=weights.bh,
        wy=weights.wy,
        by=weights.by,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for net in (weights, huge):
            assert len(pmi(net, text_of(seed, 12, 3), depth=3).to_json()["offsets"]) == 3


def test_what_is_refused(tmp_path):
    weights, text = random_net(1), text_of(1, 300, 5)
    for options, words in (
        ({"depth": 0}, "depth 0"),
        ({"depth": 10**9}, "depth 1000000000: expected 1..1000"),
        ({"replacements": 10**9}, "replacements 1000000000"),
        ({"seed": -1}, "seed -1"),
        ({"order": 5}, "order 5"),
        ({"threshold": np.inf}, "threshold inf"),
        ({"replacements": "some"}, "replacements 'some'"),
        ({"positions": [300]}, "outside 0..298"),
        ({"positions": "1:9", "as_published": True}, "its own"),
    ):
        with pytest.raises(OptionError, match=words):
            pmi(weights, text, **options)
    with pytest.raises(WeightsError, match="O = V"):
        pmi(random_net(1, outputs=2), text)
    with pytest.raises(TextError):
        pmi(weights, np.array([5]))
    found = pmi(boolrnn.compile(weights), text)
    assert found.to_json() == pmi(weights, text).to_json()
    show(boolrnn.sheet(found))
    write_figure(found, tmp_path / "f.svg")


def test_no_name_of_a_column_is_broken(capsys):
    table = boolrnn.sheet(pmi(random_net(1), text_of(1, 1500, 5), order=4)).tables[-1]
    show(Sheet("", [table]))
    names = " ".join(column.name for column in table.columns)
    assert names in [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def check_published(found, golden, exact):
    q7, higher = golden["q7_algebraic"], golden["q7_higher_order"]
    near = 1e-5 if exact else 1e-3  # percentage points; sums of bits move as float32 programs do
    assert found.positions == higher["tested"]
    for k, (d, bits, bigram, trigram) in enumerate(higher["rows[d,sens,bigram_pct,trigram_pct]"]):
        assert found.d[k] == d
        assert found.d_sensitivity[k] == pytest.approx(bits, rel=1e-7 if exact else 1e-4)
        assert found.d_bigram[k] == pytest.approx(bigram, abs=8 * near)
        assert found.d_trigram[k] == pytest.approx(trigram, abs=8 * near)
    assert found.d_sensitivity.sum() == pytest.approx(higher["total"], rel=1e-5)
    assert found.bigram == pytest.approx(higher["bigram_pct"], abs=near)
    assert found.trigram == pytest.approx(higher["trigram_pct"], abs=near)
    for k, (d, bits, aligned, percent) in enumerate(q7["alignment[d,total,aligned,pct]"]):
        assert found.eight_d[k] == d
        assert found.eight_total[k] == pytest.approx(bits, abs=near)
        assert found.eight_aligned[k] == pytest.approx(aligned, abs=near)
        assert found.eight_percent[k] == pytest.approx(percent, abs=8 * near)
        if found.eight_stable[k]:
            assert found.eight_total[k] == pytest.approx(bits, abs=1e-4)
            assert found.eight_percent[k] == pytest.approx(percent, abs=1e-4)
    assert found.eight_bigram == pytest.approx(q7["total_pct"], abs=near)
    tops = zip(found.top_d, found.top_source, found.top_target, found.top_value, found.top_count)
    for row, (d, a, b, value, count) in zip(q7["top_pmi[d,pair,pmi,count]"], tops, strict=True):
        assert [d, f"'{chr(a)}','{chr(b)}'", pytest.approx(value, abs=1e-7), count] == row


def test_the_published_tables(archived, golden):
    found = pmi(*archived, as_published=True)
    check_published(found, golden, exact=False)
    checked = golden["checked_extra_checks"]
    assert found.base_rate == pytest.approx(100 * checked["q7_unweighted_base_rate_PMI>0.5"])
    assert round(found.base_left_out, 1) == 55.8
    assert found.base_random == pytest.approx(20.4, abs=0.5)  # there one draw, here the exact mean
    assert found.order_low[0] < 0 < found.order_high[0]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the published programs used glibc's tanhf")
def test_with_this_tanhf_the_published_tables_digit_by_digit(archived, golden):
    check_published(pmi(*archived, as_published=True, tanh="system"), golden, exact=True)
