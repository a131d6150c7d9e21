"""influence: flips are counted exactly, planted structure is found, the published numbers come out."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, exact_z, random_net, text_of

import boolrnn
from boolrnn import Weights
from boolrnn.errors import OptionError
from boolrnn.graph.drawing import to_dot, write_graph
from boolrnn.graph.influence import flip_counts
from boolrnn.graph.observed import chosen, described
from boolrnn.graph.pivotal import flip_blocks, pivotal_inputs


def naive_counts(weights, states, symbols):
    """[to, from], by flipping and stepping every bit in fractions."""
    counts = np.zeros((weights.hidden, weights.hidden), int)
    for state, x in zip(states, symbols):
        base = [z >= 0 for z in exact_z(weights, state, x)]
        for j in range(weights.hidden):
            flipped = state.copy()
            flipped[j] ^= True
            counts[:, j] += np.array([z >= 0 for z in exact_z(weights, flipped, x)]) != base
    return counts


def planted(hidden, edges, symbols=2):
    """A net in which bit j copies to bit i for each (j, i) of `edges`; all other bits are constant."""
    wh = np.zeros((hidden, hidden), np.float32)
    for j, i in edges:
        wh[i, j] = 20
    bh = np.where(np.abs(wh).sum(axis=1) > 0, 0, 20).astype(np.float32)
    wx = np.zeros((hidden, symbols), np.float32)
    return Weights(
        wx=wx, wh=wh, bh=bh, wy=np.zeros((symbols, hidden), np.float32), by=np.zeros(symbols, np.float32)
    )


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 3), st.integers(1, 260))
def test_counts_are_the_naive_ones(seed, hidden, symbols, spread):
    weights = adversarial_net(seed, hidden, symbols, spread)
    automaton = boolrnn.compile(weights)
    states = np.random.default_rng(seed).random((6, hidden)) < 0.5
    text = text_of(seed, 6, symbols)
    truth = naive_counts(weights, states, text)
    for engine in ("numpy", "compiled"):
        assert (flip_counts(automaton, states, text, engine) == truth).all()
        listed = np.zeros_like(truth)
        for block in pivotal_inputs(automaton, states, text, engine):
            _, to, source = block.pairs()
            np.add.at(listed, (to, source), 1)
        assert (listed == truth).all()


@pytest.mark.parametrize("hidden", [1, 9, 64, 128, 300])
def test_engines_agree_block_by_block(hidden):
    automaton = boolrnn.compile(random_net(hidden, hidden, 3))
    states = np.random.default_rng(0).random((1100, hidden)) < 0.5
    states = states[: 60 if hidden > 200 else None]
    text = text_of(1, len(states), 3)
    totals = []
    for engine in ("numpy", "compiled"):
        blocks = flip_blocks(automaton, states, text, engine)
        parts = [(first, flips.copy(), pivotal.copy()) for first, flips, pivotal in blocks]
        assert [first for first, _, _ in parts] == np.cumsum([0, *(len(p) for _, _, p in parts)])[
            :-1
        ].tolist()
        totals.append((sum(f for _, f, _ in parts), np.concatenate([p for _, _, p in parts])))
    assert all((a == b).all() for a, b in zip(*totals))


def test_a_chain_two_halves_and_a_broadcast_are_found():
    text = text_of(0, 50, 2)
    chain = boolrnn.influence(planted(5, [(3, 2), (2, 1), (1, 0)]), text)
    assert sorted(zip(chain.edge_from.tolist(), chain.edge_to.tolist())) == [(1, 0), (2, 1), (3, 2)]
    assert (chain.edge_rate == 1).all()
    assert len(chain.component_offsets) - 1 == 5
    halves = boolrnn.influence(planted(6, [(0, 1), (1, 0), (3, 4), (4, 5), (5, 3)]), text)
    parts = np.split(halves.component_members, halves.component_offsets[1:-1])
    assert [part.tolist() for part in parts] == [[3, 4, 5], [0, 1], [2]]
    broadcast = boolrnn.influence(planted(7, [(4, i) for i in range(7)]), text)
    assert broadcast.out_degree.tolist() == [0, 0, 0, 0, 7, 0, 0]
    assert broadcast.in_degree.tolist() == [1] * 7
    assert (broadcast.decided == 1).all()
    assert broadcast.own[4] == 1
    assert (broadcast.t_sensitivity == 1).all()


def test_the_published_protocol_gives_the_published_numbers(archived, golden):
    truth = golden["q1_attractor"]
    found = boolrnn.influence(*archived, as_published=True)
    assert found.positions == truth["positions_used"] == 338
    assert f"{found.mean:.10f}" == "0.0312247192"
    assert f"{found.mean_float32:.10f}" == f"{truth['mean_influence_per_edge']:.10f}"
    rates = {(j, i): c for j, i, c in zip(found.edge_from, found.edge_to, found.edge_count)}
    listed = truth["top20_edges[src,dst,frac]"]
    assert [rates[j, i] for j, i, _ in listed] == [round(f * 338) for _, _, f in listed]
    assert found.edge_count[:20].tolist() == [round(f * 338) for _, _, f in listed]
    assert (found.edge_from[0], found.edge_to[0]) == (112, 73)
    for j, out, into, own in truth["per_neuron[j,out,in,self]"]:
        assert round(own * 338) == found.flips[j, j]
        assert abs(found.out_degree[j] - out) < 5e-6  # the published degrees are float32 sums
        assert abs(found.in_degree[j] - into) < 5e-6


def test_the_named_route_of_the_archived_pair(archived):
    found = boolrnn.influence(*archived, positions="10:1022")
    assert found.positions == 1012
    assert f"{found.flips[54, 121] / found.positions:.2%}" == "3.16%"
    assert found.flips[121, 78] == 0


def test_cuts_keep_the_heaviest_edges():
    weights, text = random_net(1, 12, 3), text_of(1, 80, 3)
    every = boolrnn.influence(weights, text)
    assert (np.diff(every.edge_count) <= 0).all()
    assert every.pairs == len(every.edge_to) == (every.flips > 0).sum()
    top = boolrnn.influence(weights, text, top=5)
    assert top.edge_rate.tolist() == every.edge_rate[:5].tolist()
    rate = float(every.edge_rate[7])
    cut = boolrnn.influence(weights, text, threshold=rate)
    assert len(cut.edge_rate) == (every.edge_rate >= rate).sum()
    assert cut.mean == every.mean
    with pytest.raises(OptionError, match="top 0"):
        boolrnn.influence(weights, text, top=0)
    with pytest.raises(OptionError, match="threshold 2"):
        boolrnn.influence(weights, text, threshold=2.0)


def test_graphs_go_out_and_come_back(tmp_path):
    found = boolrnn.influence(random_net(1, 12, 3), text_of(1, 80, 3), top=9)
    graph = found.graph()
    write_graph(graph, tmp_path / "g.graphml")
    again = nx.read_graphml(tmp_path / "g.graphml", node_type=int)
    assert set(again.edges) == set(graph.edges)
    assert nx.get_edge_attributes(again, "rate") == nx.get_edge_attributes(graph, "rate")
    dot = to_dot(graph)
    assert dot.count("->") == 9
    assert dot.count('label="h') == 12
    write_graph(graph, tmp_path / "g.dot")
    assert (tmp_path / "g.dot").read_text() == dot
    with pytest.raises(OptionError, match=r"ends in .graphml"):
        write_graph(graph, tmp_path / "g.png")


@pytest.mark.parametrize("length", [1, 2])
def test_short_texts(length):
    found = boolrnn.influence(random_net(1, 4, 3), text_of(1, length, 3))
    assert found.positions == length - 1
    assert (found.mean is None) == (length == 1)
    assert found.to_json()["positions"] == length - 1


def test_states_may_be_the_automatons_own():
    weights, text = random_net(1, 12, 3), text_of(1, 80, 3)
    automaton = boolrnn.compile(weights)
    own = automaton.run(text).states
    found = boolrnn.influence(automaton, text, states="automaton")
    assert (found.flips == flip_counts(automaton, own[:-1], text[1:])).all()
    with pytest.raises(OptionError, match="expected network or automaton"):
        boolrnn.influence(automaton, text, states="both")


def test_positions_are_slices_or_numbers():
    assert chosen(None, 3).tolist() == [0, 1, 2]
    assert chosen("1:9:3", 8).tolist() == [1, 4, 7]
    assert chosen(":-1", 4).tolist() == [0, 1, 2]
    assert chosen([2, 0], 3).tolist() == [2, 0]
    assert described(chosen("1::3", 8)) == "positions 1..7, every 3"
    assert described(np.array([1, 2, 5])) == "3 positions, 1..5"
    assert described(np.zeros(0, int)) == "no positions"
    for wrong in ("3", "a:b", "0:5:0", [3], [-1], [1, 1], np.array([0.5])):
        with pytest.raises(OptionError, match="positions"):
            chosen(wrong, 3)
