"""justify: every number by its definition, planted reasons, the published tables."""

import dataclasses
import json
import platform

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError, TextError, WeightsError
from boolrnn.explain.justify import AT, CONTEXT, Justify, justify
from boolrnn.report.figures import write_figure
from boolrnn.report.sheets.justify import sentence
from boolrnn.report.terminal import show, to_csv


def naive_bits(weights, hidden, target, clipped=False):
    """-log2 of the softmax, one output at a time."""
    scores = []
    for o in range(weights.outputs):
        terms = (float(weights.wy[o, j]) * float(hidden[j]) for j in range(weights.hidden))
        scores.append(float(weights.by[o]) + sum(terms))
    top = max(scores)
    total = sum(np.exp(score - top) for score in scores)
    bits = (np.log(total) - (scores[target] - top)) / np.log(2)
    return (min(bits, -np.log2(1e-30)) if clipped else bits), scores.index(top)


def heaviest(weights, trace, j, t, count):
    """(neuron, contribution) of the largest |wh[j, k] h_k(t-1)|, by SPEC; none at the start."""
    if t == 0:
        return []
    terms = [float(weights.wh[j, k] * trace.hidden[t - 1, k]) for k in range(weights.hidden)]
    order = sorted(range(len(terms)), key=lambda k: (-abs(terms[k]), k))
    return [(k, terms[k]) for k in order[:count] if terms[k]]


def naive_row(weights, trace, t, j, delta, sources, depth):
    """One listed neuron as the JSON shows it."""
    chain, to, now = [], j, t
    while len(chain) < depth and now > 0:
        if not heaviest(weights, trace, to, now, 1):
            break
        (k, value), now = heaviest(weights, trace, to, now, 1)[0], now - 1
        drive = {"bias": float(weights.bh[k]), "input": float(weights.wx[k, trace.symbols[now]])}
        chain.append({"neuron": k, "contribution": value, "z": float(trace.z[now, k]), **drive})
        to = k
    listed = heaviest(weights, trace, j, t, sources)
    return {
        "neuron": j,
        "sign": 1 if trace.hidden[t, j] >= 0 else -1,
        "h": float(trace.hidden[t, j]),
        "delta": pytest.approx(delta, abs=1e-10),
        "readout": pytest.approx(float(weights.wy[trace.symbols[t + 1], j]) * float(trace.hidden[t, j])),
        "z": float(trace.z[t, j]),
        "bias": float(weights.bh[j]),
        "input": float(weights.wx[j, trace.symbols[t]]),
        "sources": [{"neuron": k, "contribution": value} for k, value in listed],
        "chain": chain,
    }


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 5, 9]), st.integers(2, 5), st.integers(2, 9))
def test_every_number_follows_its_definition(seed, hidden, symbols, length):
    weights, text = random_net(seed, hidden, symbols), text_of(seed, length, symbols)
    count, sources, depth = seed % 4 + 1, seed % 3 + 1, seed % 5
    found = justify(weights, text, neurons=count, sources=sources, depth=depth)
    trace = boolrnn.trace(weights, text)
    tree = found.to_json()
    json.dumps(tree, allow_nan=False)
    assert [row["t"] for row in tree["positions"]] == list(range(length - 1))
    for t, row in enumerate(tree["positions"]):
        bits, guess = naive_bits(weights, trace.hidden[t], text[t + 1])
        assert row["bpc"] == pytest.approx(bits)
        assert row["p"] == pytest.approx(2**-bits)
        assert (row["true"], row["predicted"]) == (text[t + 1], guess)
        assert row["context"] == text[max(0, t + 1 - CONTEXT) : t + 1].tolist()
        deltas, guesses = [], []
        for j in range(hidden):
            moved = trace.hidden[t].copy()
            moved[j] *= -1
            after, other = naive_bits(weights, moved, text[t + 1])
            deltas.append(after - bits)
            guesses.append(other)
        assert len(row["neurons"]) == min(count, hidden)
        for rank, shown in enumerate(row["neurons"]):
            j = shown["neuron"]
            assert sum(abs(d) > abs(deltas[j]) + 1e-9 for d in deltas) <= rank
            assert shown.pop("decides") == (guesses[j] != guess)
            shown.pop("stable")
            assert shown == naive_row(weights, trace, t, j, deltas[j], sources, depth)
    firsts = [row["neurons"][0]["neuron"] for row in tree["positions"]]
    assert {r["neuron"]: r["count"] for r in tree["dominant"]} == {j: firsts.count(j) for j in set(firsts)}
    names = [shown["neuron"] for row in tree["positions"] for shown in row["neurons"]]
    assert {r["neuron"]: r["count"] for r in tree["membership"]} == {j: names.count(j) for j in set(names)}
    led = [s["sources"][0]["neuron"] for r in tree["positions"] for s in r["neurons"] if s["sources"]]
    assert {r["neuron"]: r["count"] for r in tree["first_sources"]} == {j: led.count(j) for j in set(led)}
    assert tree["bpc"] == pytest.approx(boolrnn.bpc(weights, trace))


def delay_line():
    """h0 holds the symbol (two of them), h1 what h0 was, h2 what h1 was; only h2 is read. h3 is idle."""
    wh = np.zeros((4, 4), np.float32)
    wh[1, 0] = wh[2, 1] = 6
    wh[3] = 0.25
    wx = np.zeros((4, 2), np.float32)
    wx[0] = -6, 6
    wy = np.zeros((2, 4), np.float32)
    wy[:, 2] = -3, 3
    return boolrnn.Weights(wx=wx, wh=wh, bh=np.zeros(4, np.float32), wy=wy, by=np.zeros(2, np.float32))


def test_a_delay_line_is_followed_back_to_its_input():
    text = np.array([0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1])
    found = justify(delay_line(), text, neurons=2, sources=1)
    for t, row in enumerate(found.to_json()["positions"]):
        if t < 2:
            continue
        first = row["neurons"][0]
        assert row["predicted"] == text[t - 2]
        assert (first["neuron"], first["decides"]) == (2, True)
        assert [step["neuron"] for step in first["chain"]] == [1, 0]
        assert np.sign(first["chain"][1]["input"]) == 2 * text[t - 2] - 1 == first["sign"]
        assert abs(first["delta"]) > 8
        assert row["neurons"][1]["delta"] == 0
        kept = row["sufficient"]["kept"]
        if row["sufficient"]["neurons"]:  # a tie of the bias alone predicts 0
            (only,) = kept
            assert (only["neuron"], [term["source"] for term in only["terms"]]) == (2, ["h1"])
            assert row["sufficient"]["proved"]
        else:
            assert text[t - 2] == 0
    assert found.dominant_neuron[0] == 2
    assert found.source_neuron[0] == 1
    three = justify(delay_line(), text, neurons=1, at=7)
    assert "h2 (-1) alone" not in sentence(three, 0)
    for k, t in ((0, 6), (1, 3)):
        words = sentence(justify(delay_line(), text, at=[t]), 0)
        assert words.startswith(f"t={t} after '")
        if text[t - 2]:
            assert "h2 (+1) alone predicts it: h2 from h1 +6.00." in words, k


def test_positions_can_be_named_in_any_way():
    weights, text = random_net(1), text_of(1, 50, 5)
    every = justify(weights, text)
    assert every.t.tolist() == list(range(49))
    for at, there in (
        (7, [7]),
        ("7", [7]),
        ("9,3", [9, 3]),
        ("10:20:4", [10, 14, 18]),
        ([3, 1], [3, 1]),
        ("-2:", [47, 48]),
        ([], []),
    ):
        found = justify(weights, text, at=at)
        assert found.t.tolist() == there
        rows = {row["t"]: row for row in every.to_json()["positions"]}
        for row in found.to_json()["positions"]:
            assert json.dumps(row["neurons"]) == json.dumps(rows[row["t"]]["neurons"])
            assert row["sufficient"] == rows[row["t"]]["sufficient"]


def test_no_number_depends_on_the_block_of_positions():
    weights, text = random_net(2, 3, 4), text_of(2, 1500, 4)
    found, late = justify(weights, text), justify(weights, text, at="1200:")
    assert late.delta.tolist() == pytest.approx(found.delta[-len(late.delta) :].tolist())
    assert late.enough_terms.tolist() == found.enough_terms[1200:].tolist()
    trace = boolrnn.trace(weights, text)
    assert found.bpc == pytest.approx(boolrnn.bpc(weights, trace))
    assert found.model_bpc[-1] == found.ranked_bpc[-1] == pytest.approx(found.bpc)


def test_bad_options_are_refused_in_one_line():
    weights, text = random_net(1), text_of(1, 20, 5)
    for options, words in (
        ({"at": 19}, "19 is outside 0..18"),
        ({"at": "19"}, "19 is outside 0..18"),
        ({"at": "soon"}, "at 'soon': expected a position, several between commas"),
        ({"at": "1:a"}, "expected FIRST:STOP"),
        ({"at": "3,3"}, "stands twice"),
        ({"neurons": 0}, "neurons 0: expected 1 or more"),
        ({"sources": 0}, "sources 0: expected 1 or more"),
        ({"depth": -1}, "depth -1: expected 0 or more"),
        ({"tanh": "fast"}, "tanh 'fast'"),
        ({"as_published": True, "at": 3}, "the published protocol has its own"),
        ({"as_published": True, "neurons": 6}, "the published protocol has its own"),
    ):
        with pytest.raises(OptionError, match=words):
            justify(weights, text, **options)
    with pytest.raises(OptionError, match="a text of one symbol has no prediction"):
        justify(weights, text[:1], at=0)
    with pytest.raises(WeightsError, match=r"O = 2 outputs for V = 5 symbols: justify needs"):
        justify(random_net(1, outputs=2), text)
    with pytest.raises(TextError):
        justify(weights, np.array([], int))


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("as_published", [False, True])
@pytest.mark.parametrize("case", ["plain", "one neuron", "one symbol", "zero", "hardened", "huge"])
def test_short_texts_and_odd_nets(tmp_path, length, as_published, case):
    weights = {
        "plain": random_net(3),
        "one neuron": random_net(3, 1),
        "one symbol": random_net(3, 3, 1),
        "zero": random_net(3, scale=0.0),
        "hardened": hardened_net(3, 6),
        "huge": random_net(3, scale=1e30),
    }[case]
    found = justify(weights, text_of(0, length, weights.symbols), as_published=as_published)
    tree = found.to_json()
    assert len(tree["positions"]) == (0 if as_published else length - 1)
    if not tree["positions"]:
        assert tree["bpc"] is tree["right"] is tree["proved"] is None
        assert tree["sufficient_mean"] is None
        assert boolrnn.sheet(found).sentence.startswith("Nothing to justify.")
    show(boolrnn.sheet(found))
    write_figure(found, tmp_path / "f.svg")


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 5), st.integers(1, 25))
def test_totals_agree_on_any_net(seed, hidden, symbols, length):
    weights = adversarial_net(seed, hidden, symbols, 200)
    found = justify(weights, text_of(seed, length, symbols), depth=99, sources=99)
    json.dumps(found.to_json(), allow_nan=False)
    count = len(found.t)
    assert found.dominant_count.sum() == count == length - 1
    assert found.member_count.sum() == len(found.neuron) == count * min(5, hidden)
    assert found.source_count.sum() == (np.diff(found.source_offsets) > 0).sum()
    assert (np.diff(found.chain_offsets) <= np.repeat(found.t, min(5, hidden))).all()
    if count:
        assert found.model_same[[1, 2, -1]].tolist() == [1, 1, 1]


def test_rows_that_another_arithmetic_moves_are_not_stable():
    wild, text = random_net(5, 40, scale=0.5), text_of(5, 150, 5)
    calm, found = justify(random_net(5, 9), text), justify(wild, text)
    low, high = boolrnn.trace(wild, text), boolrnn.trace(wild, text, arithmetic="float64")
    moved = np.abs(low.hidden - high.hidden)[:-1].max(axis=1) > 1e-2
    assert moved.any()
    assert not found.stable.all()
    assert found.row_stable.mean() < calm.row_stable.mean()
    z = np.abs(low.z - high.z)[np.repeat(found.t, 5), found.neuron]
    assert not found.row_stable[z > 1e-4].any()
    hard = hardened_net(5, 6)
    assert justify(hard, text_of(5, 60, 4), sources=1, depth=0).stable.all()


def test_sheet_and_figure(tmp_path):
    weights, text = random_net(1, 12), text_of(1, 300, 5)
    found = justify(weights, text)
    page = boolrnn.sheet(found)
    assert page.sentence.startswith("Half of the predicted symbols are kept by at most ")
    lines = to_csv(page.tables[-1]).splitlines()
    assert lines[0] == "t,true,guess,neuron,sign,delta,decides,z,bias,input,sources,chain,stable"
    assert len(lines) == 1 + 299 * 5
    write_figure(found, tmp_path / "f.svg")
    again = (tmp_path / "f.svg").read_bytes()
    write_figure(found, tmp_path / "f.svg")
    assert (tmp_path / "f.svg").read_bytes() == again
    for t in (0, 1, 40):
        one = justify(weights, text, at=t, depth=4)
        page = boolrnn.sheet(one)
        assert page.sentence == sentence(found, t)
        assert page.sentence.startswith(f"t={t} {'on' if t == 0 else 'after'} ")
        assert len(to_csv(page.tables[-1]).splitlines()) == 1 + 5
        write_figure(one, tmp_path / "one.svg")
    notes = [table.note for table in boolrnn.sheet(justify(weights, text, neurons=99, sources=99)).tables]
    assert any("12 neurons listed, 12 sources" in note for note in notes)
    assert not any("99" in note for note in notes)
    large = random_net(1, 4, 300)
    assert "0x12b" in sentence(justify(large, np.array([299, 5, 1])), 0)
    spelled = dataclasses.replace(weights, alphabet=np.frombuffer(b"ab\n$z", np.uint8))
    words = sentence(justify(spelled, np.array([2, 3, 1, 0])), 2)
    assert words.startswith("t=2 after '\\n$b' the net predicts ")
    write_figure(justify(spelled, np.array([2, 3, 1, 0]), at=2), tmp_path / "one.svg")


def check_published(found, golden, digits):
    q6, tree = golden["q6_justify"], found.to_json()
    assert [row["t"] for row in tree["positions"]] == list(AT)
    for gold, row in zip(q6["positions"], tree["positions"]):
        assert (row["p"], row["bpc"]) == pytest.approx((gold["P_true"], gold["bpc"]), abs=digits)
        assert row["stable"]
        parts = (
            gold["top5[j,sign,wy_h,delta_bpc]"],
            gold["trace[z,bias,wx,top3]"],
            gold["source_of_source[j,z,src,contrib]"],
        )
        for (j, sign, readout, delta), (z, bias, drive, top), (k, back, source, value), shown in zip(
            *parts, row["neurons"], strict=True
        ):
            assert (shown["neuron"], shown["sign"]) == (j, sign)
            numbers = [shown[name] for name in ("readout", "delta", "z", "bias", "input")]
            assert numbers == pytest.approx([readout, delta, z, bias, drive], abs=digits)
            assert [s["neuron"] for s in shown["sources"]] == [n for n, _ in top]
            assert [s["contribution"] for s in shown["sources"]] == pytest.approx(
                [v for _, v in top], abs=digits
            )
            assert [step["neuron"] for step in shown["chain"]] == [k, source]
            assert shown["chain"][0]["z"] == pytest.approx(back, abs=digits)
            assert shown["chain"][1]["contribution"] == pytest.approx(value, abs=digits)
            assert shown["stable"]
    for name, ours in (
        ("dominant_neuron_counts", "dominant"),
        ("top5_membership_counts", "membership"),
        ("first_source_counts", "first_sources"),
    ):
        assert q6[name] == {str(row["neuron"]): row["count"] for row in tree[ours]}


def test_the_published_tables(archived, golden):
    found = justify(*archived, as_published=True)
    check_published(found, golden, 5e-5)
    assert not {54, 121, 78} & set(found.member_neuron.tolist())
    assert found.dominant_count[found.dominant_neuron == 54].sum() == golden["q6_justify"]["h54_dominates"]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the published program used glibc's tanhf")
def test_with_this_tanhf_the_published_tables_digit_by_digit(archived, golden):
    check_published(justify(*archived, as_published=True, tanh="system"), golden, 2e-7)


def test_published_positions_beyond_the_text_are_left_out(archived):
    weights, text = archived
    assert justify(weights, text[:43], as_published=True).t.tolist() == [10, 20]
    assert justify(weights, text[:44], as_published=True).t.tolist() == [10, 20, 42]


def test_the_published_floor_of_probabilities():
    weights = random_net(1, 4, 3, scale=300.0)
    text = text_of(1, 30, 3)
    published, sound = justify(weights, text, as_published=True), justify(weights, text, at="10,20")
    floor = -np.log2(1e-30)
    assert sound.bits.max() > floor
    assert published.bits.tolist() == pytest.approx(np.minimum(sound.bits, floor).tolist())
    trace = boolrnn.trace(weights, text)
    for e, (j, delta) in enumerate(zip(published.neuron.tolist(), published.delta.tolist())):
        t = int(published.t[e // 4])
        moved = trace.hidden[t].copy()
        moved[j] *= -1
        before = naive_bits(weights, trace.hidden[t], text[t + 1], clipped=True)[0]
        assert delta == pytest.approx(naive_bits(weights, moved, text[t + 1], clipped=True)[0] - before)


def test_the_archived_pair_in_numbers(archived):
    found = justify(*archived)
    assert isinstance(found, Justify)
    assert found.model_same[4] == pytest.approx(0.340, abs=0.005)  # the published 15 weights
    assert found.model_same[3] == pytest.approx(0.728, abs=0.005)  # its five neurons with all their terms
    assert found.proved is not None
    assert found.proved > 0.9
    assert found.quantile_neurons[2] == 2
    assert found.model_same[:3].tolist() == [pytest.approx(0.125, abs=0.001), 1.0, 1.0]
