"""offsets: the obvious loops, a delay line that must be found, and the published tables."""

import platform
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.explain.offsets import PUBLISHED_POSITIONS, offsets
from boolrnn.report.figures import write_figure
from boolrnn.report.terminal import show


def delay_line(stages, read, gain=12.0):
    """Neuron k copies the bit that was read k steps ago; the readout tells neuron `read`."""
    wh = np.zeros((stages, stages), np.float32)
    wh[np.arange(1, stages), np.arange(stages - 1)] = gain
    wx = np.zeros((stages, 2), np.float32)
    wx[0] = [-gain, gain]
    wy = np.zeros((2, stages), np.float32)
    wy[:, read] = [-2, 2]
    zeros = np.zeros(stages, np.float32)
    return boolrnn.Weights(wx=wx, wh=wh, bh=zeros, wy=wy, by=zeros[:2])


def probabilities(weights, state):
    scores = [
        float(b) + sum(float(w) * float(h) for w, h in zip(row, state))
        for b, row in zip(weights.by, weights.wy)
    ]
    exps = [np.exp(s - max(scores)) for s in scores]
    return [e / sum(exps) for e in exps]


def confident(weights, seed):
    """The net itself, or (odd seeds) with outputs whose probabilities fall below 1e-30."""
    scale = np.float32(60 if seed % 2 else 1)
    return boolrnn.Weights(
        wx=weights.wx, wh=weights.wh, bh=weights.bh, wy=scale * weights.wy, by=scale * weights.by
    )


def compared(weights, text, s, symbol, t):
    """(bits that differ, KL, other guess) at t with symbols[s] replaced."""
    changed = text.copy()
    changed[s] = symbol
    own, other = boolrnn.trace(weights, text), boolrnn.trace(weights, changed)
    p, q = (probabilities(weights, run.hidden[t]) for run in (own, other))
    kl = sum(a * np.log2(a / b) for a, b in zip(p, q) if a > 1e-30 and b > 1e-30)
    return own.bits[t] != other.bits[t], kl, np.argmax(p) != np.argmax(q)


def naive(weights, text, depth, positions):
    """Exact expectations, distance to the predicted symbol: [(cells, per-neuron changes, kl, flips)]."""
    rows = []
    for d in range(1, depth + 1):
        parts = []
        for t in positions:
            s = t + 1 - d
            rest = [x for x in text.tolist() if x != text[s]] if s >= 0 else []
            if rest:
                each = [compared(weights, text, s, x, t) for x in rest]
                parts.append([np.mean([e[k] for e in each], axis=0) for k in range(3)])
        total = [sum(part[k] for part in parts) for k in range(3)]
        rows.append((len(parts), *total))
    return rows


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 5, 8]), st.integers(1, 8), st.integers(1, 4))
def test_every_number_follows_its_definition(seed, hidden, length, depth):
    weights, text = random_net(seed, hidden, 3, 1 + seed % 4), text_of(seed, length, 3)
    positions = np.flatnonzero(np.random.default_rng(seed).random(max(length - 1, 0)) < 0.8)
    found = offsets(weights, text, depth=depth, replacements="all", positions=positions, greedy=(1, 3))
    rows = naive(weights, text, depth, positions.tolist())
    for k, (cells, changes, kl, flips) in enumerate(rows):
        assert found.depth_cells[k] == cells
        if not cells:
            assert np.isnan(found.depth_kl[k])
            continue
        assert found.changes[k] == pytest.approx(changes, abs=1e-9)
        assert found.depth_changes[k] == pytest.approx(np.sum(changes) / cells, abs=1e-9)
        assert found.depth_kl[k] == pytest.approx(kl / cells, abs=1e-9)
        assert found.depth_flips[k] == pytest.approx(flips / cells, abs=1e-9)
    means = [np.sum(changes) / cells if cells else 0 for cells, changes, _, _ in rows]
    if sum(means) > 0:
        greedy = sum(means[d - 1] for d in (1, 3) if d <= depth)
        assert found.greedy_share == pytest.approx(greedy / sum(means))
        assert found.depth_share[0] == pytest.approx(means[0] / sum(means))
        seen = sum(cells > 0 for cells, *_ in rows)
        assert found.greedy_flat == pytest.approx(len([d for d in (1, 3) if d <= depth]) / seen)
    else:
        assert found.greedy_share is None


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([1, 9]), st.sampled_from([2, 5, 6]))
def test_the_published_protocol_by_loops(seed, hidden, symbols):
    weights, text = confident(random_net(seed, hidden, symbols, 3), seed), text_of(seed, 70, symbols)
    found = offsets(weights, text, depth=3, as_published=True)
    at = [t for t in PUBLISHED_POSITIONS if t + 1 < 70]
    changes = np.zeros((3, hidden))
    for d in (1, 2, 3):
        parts = [compared(weights, text, t - d, (text[t - d] + symbols // 2) % symbols, t) for t in at]
        changes[d - 1] = sum(part[0] for part in parts)
        assert found.depth_changes[d - 1] == pytest.approx(changes[d - 1].sum() / len(at))
        assert found.depth_kl[d - 1] == pytest.approx(np.mean([part[1] for part in parts]), abs=1e-9)
    assert (found.changes == changes).all()
    assert (found.neuron_d == 1 + changes.argmax(axis=0)).all()
    assert found.never == (changes.max(axis=0) == 0).sum()


@pytest.mark.parametrize("read", [0, 3, 5])
@pytest.mark.parametrize("replacements", [2, "all"])
def test_a_delay_line_shows_its_distance_alone(read, replacements):
    found = offsets(delay_line(6, read), text_of(2, 80, 2), depth=9, replacements=replacements)
    assert found.depth_changes == pytest.approx([1] * 6 + [0] * 3)
    told = found.depth_kl > 1e-9
    assert np.flatnonzero(told).tolist() == [read]
    assert found.depth_flips == pytest.approx(told.astype(float))
    assert found.neuron_d.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.neuron_rate == pytest.approx(1)
    assert (found.neuron_ties == 1).all()
    assert found.greedy_share == pytest.approx(2 / 6)  # of 1, 3 and 8 within six
    assert found.greedy_flat == pytest.approx(3 / 9)
    published = offsets(delay_line(6, read), text_of(2, 80, 2), depth=9, as_published=True)
    assert published.neuron_d.tolist() == [1, 1, 2, 3, 4, 5]  # one less, and 1 where nothing changes
    assert published.never == 1


def test_ties_and_silence_are_told():
    wx = np.array([[5, -5], [0, 0]], np.float32)
    wh = np.array([[0, 0], [0, 0]], np.float32)
    wh[0, 0] = 100  # the first sign is kept for ever
    zeros = np.zeros(2, np.float32)
    net = boolrnn.Weights(wx=wx, wh=wh, bh=zeros, wy=np.eye(2, dtype=np.float32), by=zeros)
    found = offsets(net, np.array([0, 1, 0, 1, 1, 0]), positions=[2, 3, 4], depth=6, replacements="all")
    assert found.changes[:, 0].tolist() == [0, 0, 1, 1, 1, 0]
    assert found.depth_cells.tolist() == [3, 3, 3, 2, 1, 0]
    assert (found.neuron_d.tolist(), found.neuron_ties.tolist()) == ([5, -1], [1, 0])
    assert found.to_json()["neurons"][1]["d"] is None
    assert found.never == 1
    tied = offsets(net, np.array([0, 1, 0, 1, 1, 0]), positions=[3, 4], depth=4, replacements="all")
    assert (tied.neuron_d[0], tied.neuron_ties[0], tied.tied) == (4, 1, 0)
    switch = boolrnn.Weights(  # h0: the last symbol is 1; h1: the last two are
        wx=np.array([[-9, 9], [-9, 9]], np.float32),
        wh=np.array([[0, 0], [9, 0]], np.float32),
        bh=np.array([0, -9], np.float32),
        wy=np.eye(2, dtype=np.float32),
        by=zeros,
    )
    both = offsets(switch, np.array([0, 1, 1, 0, 1, 1]), depth=3, positions=[2], replacements="all")
    assert both.changes[:, 1].tolist() == [1, 1, 0]
    assert both.to_json()["neurons"][1]["ties"] == 2
    assert both.tied == 1
    assert both.to_json()["dominant"] == [{"d": 1, "neurons": 2, "tied": 1}]


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("as_published", [False, True])
@pytest.mark.parametrize("symbols", [1, 2])
def test_short_texts(tmp_path, length, as_published, symbols):
    text = np.arange(length) % symbols
    found = offsets(random_net(3, 4, symbols, 2), text, as_published=as_published)
    tree = found.to_json()
    assert len(tree["depth"]) == 30
    if as_published or length < 2 or symbols == 1:
        assert tree["depth"][0]["kl"] is None
        assert tree["greedy_share"] is None
    show(boolrnn.sheet(found))
    write_figure(found, tmp_path / "f.svg")


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_no_finite_net_is_refused_or_warned_about(seed, hidden):
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
            assert len(offsets(net, text_of(seed, 12, 3), depth=4).to_json()["neurons"]) == hidden


def test_draws_come_near_the_exact_expectation():
    weights, text = random_net(5, 12, 6), text_of(5, 1500, 6)
    exact = offsets(weights, text, depth=5, replacements="all")
    drawn = offsets(weights, text, depth=5, replacements=2, seed=1)
    assert drawn.depth_changes == pytest.approx(exact.depth_changes, rel=0.06)
    assert drawn.depth_kl == pytest.approx(exact.depth_kl, rel=0.1)
    assert drawn.replacements.startswith("sampled: 2 draws per position")
    assert exact.replacements.startswith("exact")


def test_what_is_refused(tmp_path):
    weights, text = random_net(1), text_of(1, 60, 5)
    for options, words in (
        ({"depth": 0}, "depth 0"),
        ({"depth": 10**9}, "depth 1000000000: expected 1..1000"),
        ({"replacements": 10**9}, "replacements 1000000000"),
        ({"seed": -1}, "seed -1"),
        ({"greedy": (40, 10**20)}, "greedy .* expected a distance up to the depth, 30"),
        ({"replacements": 0}, "replacements 0"),
        ({"greedy": (1, 1)}, "greedy"),
        ({"greedy": (0,)}, "greedy"),
        ({"positions": "3"}, "positions '3'"),
        ({"positions": [59]}, "outside 0..58"),
        ({"positions": [3], "as_published": True}, "its own"),
        ({"replacements": "all", "as_published": True}, "its own"),
        ({"tanh": "fast"}, "tanh"),
    ):
        with pytest.raises(OptionError, match=words):
            offsets(weights, text, **options)
    with pytest.raises(TextError):
        offsets(weights, np.array([5]))
    found = offsets(boolrnn.compile(weights), text)
    assert found.to_json() == offsets(weights, text).to_json()
    show(boolrnn.sheet(found))
    write_figure(found, tmp_path / "f.svg")


def check_published(found, golden, exact):
    q2 = golden["q2_offsets"]
    for k, (d, changes, kl) in enumerate(q2["depth[d,sign_changes,KL]"]):
        assert found.depth_d[k] == d
        assert found.depth_changes[k] == pytest.approx(changes, abs=1e-7)
        assert found.depth_kl[k] == pytest.approx(kl, abs=1e-6 if exact else 2e-4)
        if found.depth_stable[k]:
            assert found.depth_kl[k] == pytest.approx(kl, abs=1e-4)
    assert found.depth_stable.sum() > 12
    counts = dict(zip(map(str, found.dominant_d.tolist()), found.dominant_neurons.tolist()))
    assert counts == q2["dominant_hist"]
    assert 100 * found.greedy_share == pytest.approx(q2["mi_greedy_pct"], abs=1e-6)
    each = dict(zip(map(str, found.greedy_d.tolist()), found.greedy_changes.tolist()))
    assert each == pytest.approx(q2["mi_greedy_each_pct"], abs=1e-7)
    assert 100 * found.share_1 == pytest.approx(q2["pct_d1"], abs=1e-6)
    assert 100 * found.share_7 == pytest.approx(q2["pct_d7"], abs=1e-6)
    for j, d, first, total in q2["dominant_rows[j,d,changes_d1,total]"]:
        assert (found.neuron_d[j], found.neuron_first[j], found.neuron_total[j]) == (d, first, total)
    assert found.greedy_flat == pytest.approx(4 / 30)


def test_the_published_tables(archived, golden):
    check_published(offsets(*archived, as_published=True), golden, exact=False)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the published programs used glibc's tanhf")
def test_with_this_tanhf_the_published_tables_digit_by_digit(archived, golden):
    check_published(offsets(*archived, as_published=True, tanh="system"), golden, exact=True)
