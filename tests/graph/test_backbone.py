"""backbone: planted routes are found with their roles, the null model tells them from chance, the archived
pair gives the published counts."""

import csv
import io
import re

import numpy as np
import pytest
from graph.test_traffic import NaiveTraffic
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of
from rich.console import Console

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.graph import permuted as null_model
from boolrnn.graph.backbone import Backbone, backbone
from boolrnn.graph.ends import negated_signs
from boolrnn.graph.permuted import permuted
from boolrnn.report import terminal
from boolrnn.report.figures import write_figure

BIT = 2 / np.log(2)  # what a neuron is worth that alone decides between two symbols, with readout -1, +1


def net_of(wh, wx, bh=None, wy=None):
    hidden, symbols = np.shape(wx)
    arrays = {
        "wh": wh,
        "wx": wx,
        "bh": np.zeros(hidden) if bh is None else bh,
        "wy": np.zeros((symbols, hidden)) if wy is None else wy,
        "by": np.zeros(symbols),
    }
    return boolrnn.Weights(**{name: np.array(value, np.float32) for name, value in arrays.items()})


def copying(hidden, edges, read, driven):
    """Bit j copies to bit i for each (j, i) of `edges`; `driven` bits are the symbol, others constant;
    `read` bits decide between the two symbols."""
    wh, wx, wy = np.zeros((hidden, hidden)), np.zeros((hidden, 2)), np.zeros((2, hidden))
    for j, i in edges:
        wh[i, j] = 20
    wx[driven] = [-20, 20]
    wy[:, read] = [[-1], [1]]
    bh = np.where(np.abs(wh).sum(axis=1) + np.abs(wx).sum(axis=1) > 0, 0, 20)
    return net_of(wh, wx, bh, wy)


def pairs(found):
    return sorted(zip(found.edge_to.tolist(), found.edge_from.tolist()))


def conserved(found):
    left = found.neuron_worth + found.neuron_arrived
    right = found.neuron_passed + found.neuron_begun + found.neuron_stopped
    np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-12)


def test_a_chain_is_found_with_its_roles():
    weights = copying(5, [(3, 2), (2, 1), (1, 0)], read=[0], driven=[3])
    found = backbone(weights, text_of(0, 61, 2), length=3, top=1, permutations=5, chain="h0,h1,h2,h3")
    assert pairs(found) == [(0, 1), (1, 2), (2, 3)]
    assert found.role.tolist() == ["decision point", "relay", "relay", "source", "silent"]
    assert found.path_neurons.tolist() == [[0, 1, 2, 3]]
    assert found.path_share.tolist() == [pytest.approx(1)]
    assert found.paths_complete
    assert found.worth == pytest.approx(BIT)
    assert found.edge_traffic == pytest.approx(BIT * np.array([59, 58, 57]))  # of 60 positions
    assert found.depth_share[:5] == pytest.approx([1, 59 / 60, 58 / 60, 57 / 60, 0])
    assert found.traced == pytest.approx(59 / 60)
    assert found.chain_path_share == pytest.approx(1)
    assert found.chain_rate.tolist() == [1, 1, 1]
    assert found.chain_rank.tolist() == [1, 1, 1]
    assert found.neuron_worth[1:].tolist() == [0, 0, 0, 0]
    conserved(found)


def test_two_halves_exchange_nothing():
    wh = np.zeros((10, 10))
    wh[:5, :5], wh[5:, 5:] = (random_net(s, 5).wh for s in (1, 2))
    weights = net_of(wh, random_net(3, 10, 3).wx, wy=random_net(4, 10, 3).wy)
    found = backbone(weights, text_of(0, 80, 3), permutations=0)
    assert len(found.edge_to) > 20
    assert ((found.edge_to < 5) == (found.edge_from < 5)).all()
    assert (found.path_neurons < 5).all(axis=1).any()
    assert (found.path_neurons >= 5).all(axis=1).any()
    conserved(found)


def test_a_broadcast_carries_everything():
    weights = copying(7, [(4, i) for i in range(7) if i != 4], read=[0, 1, 2], driven=[4])
    found = backbone(weights, text_of(0, 80, 2), top=1, permutations=5)
    assert pairs(found) == [(0, 4), (1, 4), (2, 4)]
    assert found.neuron_share.tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert found.role.tolist() == ["decision point"] * 3 + ["silent", "source", "silent", "silent"]
    assert (found.top_share == 1).all()
    assert len(found.path_neurons) == 0  # two steps back there is nothing
    assert found.paths_complete


def test_without_recurrent_weights_nothing_is_traced():
    found = backbone(net_of(np.zeros((4, 4)), random_net(0, 4, 3).wx, wy=np.eye(3, 4)), text_of(0, 50, 3))
    assert len(found.edge_to) == len(found.path_neurons) == 0
    assert found.traced == 0
    assert (found.null_share, found.null_p, found.chain_path_share) == (None, None, None)
    assert found.role.tolist() == ["decision point"] * 3 + ["silent"]
    assert found.paths_complete
    assert np.isnan(found.neuron_share).all()
    assert "Nothing is traced" in boolrnn.sheet(found).sentence


@given(st.integers(0, 10**6), st.sampled_from([1, 5, 9]), st.sampled_from(["network", "automaton"]))
def test_everything_is_the_naive_tracing(seed, hidden, states):
    weights, text = random_net(seed, hidden, 3), text_of(seed, 8, 3)
    at = [0, 2, 3, 6]
    chain = [int(j) for j in np.random.default_rng(seed).integers(0, hidden, 3)]
    options = {"positions": at, "states": states, "depth": 3, "permutations": 0, "top": 10**6}
    found = backbone(weights, text, **options, chain=",".join(map(str, chain)))
    bits = boolrnn.trace(weights, text).bits
    if states == "automaton":
        bits = boolrnn.compile(weights).run(text).states
    worth = np.zeros((7, hidden))
    worth[at] = np.abs(negated_signs(weights, bits[at], text[1:][at]))
    naive = NaiveTraffic(boolrnn.compile(weights), bits[:7], text[:7], worth, 3)
    edges = np.zeros((hidden, hidden))
    edges[found.edge_to, found.edge_from] = found.edge_traffic
    np.testing.assert_allclose(edges, naive.edges, rtol=1e-11, atol=1e-13)
    assert found.worth == pytest.approx(worth.sum() / 4)
    routes = {path: weight for path, weight in naive.paths.items() if len(path) == 3}
    assert {tuple(path) for path in found.path_neurons.tolist()} == set(routes)
    if routes:
        total = sum(routes.values())
        assert found.path_share.sum() == pytest.approx(1)
        assert found.chain_path_share == pytest.approx(routes.get(tuple(chain), 0) / total)
    conserved(found)


def test_permutations_are_counted_as_said():
    rng = np.random.default_rng(0)
    matrix, observed = rng.normal(size=(4, 4)), rng.integers(0, 4, (4, 4)).astype(float)
    seen = []

    def traced(other):
        assert (np.sort(other, axis=1) == np.sort(matrix, axis=1)).all()
        seen.append(np.random.default_rng(len(seen)).integers(0, 4, (4, 4)).astype(float))
        return seen[-1]

    found = permuted(matrix, observed, traced, 40, 7)
    share = observed / observed.sum()
    assert len(seen) == 40
    assert (found.edges_below == sum(e / e.sum() < share - 1e-12 for e in seen)).all()
    sources = [e.sum(axis=0) / e.sum() for e in seen]
    assert (found.neurons_below == sum(s < share.sum(axis=0) - 1e-12 for s in sources)).all()
    for k, row in enumerate(sources):
        np.testing.assert_allclose(found.top[k], np.cumsum(np.sort(row)[::-1]))
    for quantile, at in ((0.5, 19), (0.95, 37)):  # the least that 20, and 38, of the 40 do not exceed
        assert (found.band(quantile) == np.sort(found.top, axis=0)[at]).all()


def test_equal_weights_look_like_their_null_model():
    wx = np.zeros((13, 3))  # states are balanced, so that single weights of 1 decide
    wx[:12] = np.random.default_rng(0).permuted(np.repeat([[-2.5, 2.5]], 18, axis=1).reshape(12, 3), axis=0)
    weights = net_of(np.ones((13, 13)), wx, wy=random_net(3, 13, 3).wy)
    found = backbone(weights, text_of(0, 120, 3), top=3, permutations=19)
    assert len(found.edge_to) > 20
    assert found.null_p == 1
    assert found.null_share == pytest.approx(found.null_median)
    assert not found.neuron_percentile.any()
    assert not found.edge_percentile.any()
    assert ": not concentrated beyond the null model (p = 1)" in boolrnn.sheet(found).sentence


def test_rounding_decides_nothing_in_the_null_model():
    shares = np.full(3, 1 / 3)
    assert null_model.as_much(np.nextafter(shares, 0), shares).all()
    assert not null_model.as_much(shares * (1 - 1e-6), shares).any()
    weights = copying(8, [(3, 2), (2, 1), (1, 0)], read=[0], driven=[3])
    found = backbone(weights, text_of(0, 60, 2), top=3, permutations=60)
    assert found.null_share == pytest.approx(1)
    assert found.null_p == 1  # three edges have three sources at most, however weights are permuted


def hub_net(seed, hidden=24):
    """Every neuron listens to one of three hubs; the rest of its inputs are weak."""
    rng = np.random.default_rng(seed)
    wh = rng.normal(size=(hidden, hidden)) * 0.1
    wh[np.arange(hidden), rng.integers(0, 3, hidden)] = rng.choice([-1, 1], hidden) * 2
    return net_of(wh, rng.normal(size=(hidden, 3)), wy=rng.normal(size=(3, hidden)))


def chance_net(seed, hidden=24):
    """Rows are random permutations of one row: the net is itself a draw of its null model."""
    rng = np.random.default_rng(seed)
    wh = rng.permuted(np.repeat(rng.normal(size=(1, hidden)), hidden, axis=0), axis=1)
    return net_of(wh, rng.normal(size=(hidden, 3)), wy=rng.normal(size=(3, hidden)))


def test_a_planted_backbone_is_told_from_chance():
    options = {"top": 3, "permutations": 59}
    found = backbone(hub_net(0), text_of(0, 150, 3), **options)
    assert found.null_share > 0.9 > found.null_q95
    assert found.null_p == pytest.approx(1 / 60)
    assert sorted(np.argsort(found.neuron_share)[-3:]) == [0, 1, 2]
    assert found.neuron_percentile[found.neuron_share.argmax()] == 1
    sentence = boolrnn.sheet(found).sentence
    assert sentence.startswith(f"The 3 busiest neurons carry {100 * found.null_share:.1f} % of the traffic;")
    assert ": concentrated beyond the null model (p = 0.017)" in sentence
    chance = [backbone(chance_net(s), text_of(s, 100, 3), **options).null_p for s in range(8)]
    assert 0.2 < np.median(chance) < 0.8
    assert sum(p <= 0.05 for p in chance) <= 2


def test_a_seed_repeats_the_null_model():
    case = random_net(1, 9, 3), text_of(1, 60, 3)
    one, again, other = (backbone(*case, top=3, permutations=9, seed=s) for s in (1, 1, 2))
    assert (one.top_q95 == again.top_q95).all()
    assert (one.top_q95 != other.top_q95).any()
    assert (one.edge_traffic == other.edge_traffic).all()


@pytest.mark.parametrize("length", [1, 2, 40])
@pytest.mark.parametrize(("hidden", "symbols"), [(1, 1), (5, 1), (12, 4)])
def test_every_size_is_shown_drawn_and_saved(tmp_path, length, hidden, symbols):
    for weights in (random_net(1, hidden, symbols), adversarial_net(1, hidden, symbols, 260)):
        text = text_of(1, length, symbols)
        for options in ({"permutations": 3, "chain": "h0,h0"}, {"permutations": 0, "as_published": True}):
            found = backbone(weights, text, **options)
            assert found.window == ("no positions" if length == 1 else f"positions 0..{length - 2}")
            assert (found.traced is None) == (found.worth == 0)
            page = boolrnn.sheet(found)
            assert [table.note for table in page.tables[1:]] == [t.note for t in page.tables[1:] if t.note]
            stream = io.StringIO()
            terminal.show(page, Console(file=stream))
            assert page.sentence.split()[0] in stream.getvalue()
            rows = list(csv.reader(io.StringIO(terminal.to_csv(page.tables[-1]))))
            assert len(rows) == len(found.edge_to) + 1
            assert ("chain" in [table.name for table in page.tables]) == ("chain" in options)
        found.save(tmp_path / "saved")
        assert Backbone.load(tmp_path / "saved").to_json() == found.to_json()
    write_figure(found, tmp_path / "f.svg")


def test_the_same_result_gives_the_same_picture(tmp_path):
    found = backbone(random_net(2, 30, 4), text_of(0, 100, 4), permutations=3)
    for name in ("a.svg", "b.svg"):
        write_figure(found, tmp_path / name)
    write_figure(found, tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn == (tmp_path / "b.svg").read_text()
    for j in {*found.edge_to[:40].tolist(), *found.edge_from[:40].tolist()}:
        assert f">h{j}<" in drawn


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"permutations": 0}, "of the traffic; no null model was run."),
        ({"permutations": 3}, "95 % of 3 null models at most .* too few null models to tell"),
        ({"permutations": 1, "top": 1}, "The busiest neuron carries .* 95 % of 1 null model at"),
        ({"top": 9, "permutations": 2}, "The 9 neurons that there are carry all of the traffic"),
    ],
)
def test_the_sentence_says_what_was_compared(options, words):
    found = backbone(random_net(0, 9, 3), text_of(0, 60, 3), **({"top": 3} | options))
    sentence = boolrnn.sheet(found).sentence
    assert re.search(words, sentence)
    assert sentence.endswith("Positions 0..58, signs of the network (float32).")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"depth": 0}, "depth 0: expected 1 or more"),
        ({"length": 0}, r"length 0: expected 1\.\.10"),
        ({"length": 4, "depth": 3}, r"length 4: expected 1\.\.3"),
        ({"top": 0}, "top 0"),
        ({"permutations": -1}, "permutations -1"),
        ({"chain": "h1,h7"}, r"neuron 7 is outside 0\.\.6"),
        ({"chain": "h1"}, "two or more"),
        ({"states": "both"}, "expected network or automaton"),
        ({"positions": [99]}, "99 is outside"),
    ],
)
def test_options_that_cannot_be_used(options, words):
    with pytest.raises(OptionError, match=words):
        backbone(random_net(1), text_of(0, 20, 5), **options)


def test_what_predicts_no_symbols_is_refused():
    with pytest.raises(OptionError, match="2 outputs for 5 symbols"):
        backbone(random_net(1, outputs=2), text_of(0, 20, 5))
    with pytest.raises(TextError):
        backbone(random_net(1), np.array([5]))


def test_a_chain_longer_than_the_depth_has_no_share():
    case = random_net(1, 9, 3), text_of(1, 60, 3)
    found = backbone(*case, depth=2, permutations=0, chain="h0,h1,h2,h3")
    assert found.chain_path_share is None
    assert len(found.chain_to) == 3


def counts(values):
    return {str(j): count for j, count in enumerate(values.tolist()) if count}


def test_the_published_counts(archived, golden):
    found = backbone(*archived, permutations=0, as_published=True)
    truth = golden["q6_justify"]
    assert counts(found.published_first) == truth["dominant_neuron_counts"]
    assert counts(found.published_in_top) == truth["top5_membership_counts"]
    assert counts(found.published_source) == truth["first_source_counts"]
    assert not (found.published_in_top + found.published_first)[[54, 121, 78]].any()
    assert found.published_window == "12 positions, 10..500"
    assert found.published_values == "hidden values"
    assert found.published_count.max() <= 60


def test_the_backbone_of_the_archived_pair(archived):
    chain = "h54 <- h121 <- h78"
    found = backbone(*archived, positions="10:1022", permutations=0, chain=chain)
    assert [f"{rate:.2%}" for rate in found.chain_rate] == ["3.16%", "0.00%"]
    assert found.chain_flips.tolist() == [32, 0]
    assert found.chain_rank.tolist() == [44, 119]
    assert found.chain_path_share == 0
    every = backbone(*archived, permutations=19)
    assert f"{every.null_share:.3f}" == "0.640"
    assert every.null_q95 < 0.33
    assert every.null_p == 0.05
    assert f"{every.traced:.3f}" == "0.384"
    assert (every.edge_to[0], every.edge_from[0]) == (8, 8)
    assert every.path_neurons[0].tolist() == [8, 8, 8]
    assert every.paths_complete
    assert every.neuron_share.argmax() == 8
    conserved(every)
