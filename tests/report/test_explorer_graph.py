"""The graph of a page: the heaviest influences, shares, groups, and a layout that stays what it is."""

import dataclasses
import json

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from boolrnn.errors import OptionError
from boolrnn.report.explorer.graph import graph
from boolrnn.report.explorer.layout import laid_out


def asked(weights, text):
    automaton = boolrnn.compile(weights)
    backbone = boolrnn.backbone(automaton, text, permutations=0) if weights.predicts else None
    return boolrnn.influence(automaton, text), backbone, boolrnn.coflips(automaton, text)


def grouped(coflips, groups):
    """The same result with these groups (lists of neurons)."""
    return dataclasses.replace(
        coflips,
        group=np.arange(len(groups)),
        group_size=np.array([len(group) for group in groups]),
        group_edges=np.zeros(len(groups), np.int64),
        group_jaccard=np.zeros(len(groups)),
        group_excess=np.zeros(len(groups)),
        group_rate=np.linspace(0.1, 0.2, len(groups)),
        group_members=np.concatenate(groups),
        group_offsets=np.cumsum([0, *map(len, groups)]),
    )


def distances(points):
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    return apart


NETS = [random_net(0), random_net(1, 1, 2), random_net(2, 2, 3), random_net(3, 14, 4), random_net(4, 9, 3, 2)]


@pytest.mark.parametrize("weights", NETS)
def test_the_heaviest_edges_and_the_heaviest_of_every_neuron(weights):
    influence, backbone, coflips = asked(weights, text_of(0, 60, weights.symbols))
    drawn = graph(influence, backbone, coflips)
    json.dumps(drawn, allow_nan=False)
    printed = {(edge["from"], edge["to"]): edge for edge in influence.to_json()["edges"]}
    shares = {} if backbone is None else {(e["from"], e["to"]): e for e in backbone.to_json()["edges"]}
    pairs = [(edge["from"], edge["to"]) for edge in drawn["edges"]]
    assert len(set(pairs)) == len(pairs) == drawn["kept"]
    assert drawn["total"] == len(printed)
    assert drawn["loops"] == sum(j == i for j, i in printed)
    for pair, edge in zip(pairs, drawn["edges"]):
        assert {k: edge[k] for k in ("rate", "count", "weight")} == {
            k: printed[pair][k] for k in ("rate", "count", "weight")
        }
        assert edge["share"] == (None if backbone is None else shares.get(pair, {"share": 0.0})["share"])
    rates = [edge["rate"] for edge in drawn["edges"]]
    assert rates == sorted(rates, reverse=True)
    others = {pair: edge for pair, edge in printed.items() if pair[0] != pair[1]}
    assert drawn["kept"] == min(len(others), max(2 * weights.hidden, drawn["kept"])) <= 2 * weights.hidden
    for j in range(weights.hidden):
        for end in (0, 1):
            mine = [edge["rate"] for pair, edge in others.items() if pair[end] == j]
            assert max(mine, default=None) == max(
                (rate for pair, rate in zip(pairs, rates) if pair[end] == j), default=None
            )


def test_more_edges_when_asked_for():
    influence, backbone, coflips = asked(random_net(5, 12, 4), text_of(1, 60, 4))
    every = graph(influence, backbone, coflips, edges=1000)
    assert every["kept"] == every["total"] - every["loops"]
    few = graph(influence, backbone, coflips, edges=0)
    assert 0 < few["kept"] <= 24
    assert few["nodes"] == every["nodes"]  # places do not depend on what is drawn


@pytest.mark.parametrize("weights", [random_net(6, 10, 4), random_net(7, 10, 4, 3)])
def test_nodes_and_groups(weights):
    influence, backbone, coflips = asked(weights, text_of(2, 80, 4))
    groups = [[0, 3, 4], [1, 9], [5, 6]]
    drawn = graph(influence, backbone, grouped(coflips, groups))
    assert [node["neuron"] for node in drawn["nodes"]] == list(range(10))
    assert [node["group"] for node in drawn["nodes"]] == [0, 1, None, 0, 0, 2, 2, None, None, 1]
    shares = [None] * 10 if backbone is None else backbone.neuron_share.tolist()
    assert [node["share"] for node in drawn["nodes"]] == shares
    assert [group["members"] for group in drawn["groups"]] == groups
    assert [group["rate"] for group in drawn["groups"]] == [0.1, pytest.approx(0.15), 0.2]
    rates = influence.flips / influence.positions
    means = {(a, b): rates[np.ix_(groups[b], groups[a])].mean() for a in range(3) for b in range(3) if a != b}
    found = {(edge["from"], edge["to"]): edge["rate"] for edge in drawn["group_edges"]}
    assert found == pytest.approx({pair: mean for pair, mean in means.items() if mean})
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert "no backbone" in drawn["definitions"]["share"] or backbone is not None
    assert influence.window in drawn["definitions"]["rate"]


@pytest.mark.parametrize("length", [1, 2])
def test_texts_too_short_to_count_anything(length):
    influence, backbone, coflips = asked(random_net(8, 4, 3), text_of(3, length, 3))
    drawn = graph(influence, backbone, coflips)
    json.dumps(drawn, allow_nan=False)
    assert drawn["groups"] == drawn["group_edges"] == []
    if length == 1:
        assert drawn["edges"] == []
        assert [node["share"] for node in drawn["nodes"]] == [None] * 4


def test_results_of_other_nets_are_refused():
    influence, backbone, _ = asked(random_net(0), text_of(0, 20, 5))
    with pytest.raises(OptionError, match="of nets with 4 and 7 neurons"):
        graph(influence, backbone, boolrnn.coflips(random_net(1, 4), text_of(0, 20, 5)))


@pytest.mark.parametrize(
    ("hidden", "sizes"),
    [
        (1, []),
        (2, []),
        (2, [2]),
        (5, [3]),
        (40, [7, 2, 2, 2]),
        (128, [36, 30, 27, 16, 10]),
        (128, []),
        (128, [128]),
    ],
)
def test_groups_are_discs_apart(hidden, sizes):
    group = np.r_[np.repeat(np.arange(len(sizes)), sizes), np.full(hidden - sum(sizes), -1)].astype(np.int64)
    ties = np.random.default_rng(hidden).integers(0, 50, (hidden, hidden))
    found = laid_out(group, ties)
    assert found.neurons.min() >= 0.0
    assert found.neurons.max() <= 1.0
    assert found.groups.shape == (len(sizes), 2)
    assert distances(found.neurons).min() > 0.039  # discs of 0.012 with a name beneath
    for k, (middle, radius) in enumerate(zip(found.groups, found.radius)):
        away = np.hypot(*(found.neurons - middle).T)
        assert (away[group == k] < radius).all()
        assert (away[group != k] > radius).all()
        for other, its in zip(found.groups[:k], found.radius):
            assert np.hypot(*(other - middle)) > radius + its


def test_tied_neurons_and_groups_stand_near_each_other():
    group = np.repeat(np.arange(8), 6)
    ties = np.ones((48, 48), np.int64)
    ties[np.ix_(group == 7, group == 2)] = 1000
    ties[42, group == 5] = 500
    found = laid_out(group, ties)
    apart = distances(found.groups)
    assert np.argmin(apart[7]) == 2
    to_5 = np.hypot(*(found.neurons[group == 7] - found.groups[5]).T)
    assert np.argmin(to_5) == 0  # of group 7, the neuron that is tied to group 5 is on its side


def test_places_are_pinned():
    """The picture of a net must not change from run to run, nor from machine to machine."""
    group = np.array([0, 0, 0, 1, 1, -1])
    ties = np.arange(36).reshape(6, 6) % 7
    expected = [
        [0.648, 0.4396],
        [0.7964, 0.3633],
        [0.7439, 0.2182],
        [0.3883, 0.6993],
        [0.2398, 0.7756],
        [0.2031, 0.2244],
    ]
    assert laid_out(group, ties).neurons.tolist() == expected
    assert laid_out(group, ties + np.diag([0, 0, 900, 0, 0, 0])).neurons.tolist() == expected  # not of loops


@pytest.mark.slow
@pytest.mark.parametrize("groups", [0, 12, 480])
def test_a_thousand_neurons(groups):
    group = np.sort(np.r_[np.arange(groups), np.arange(1000 - groups) % (groups + 1) - 1])
    ties = np.random.default_rng(1).integers(0, 50, (1000, 1000))
    found = laid_out(group, ties)
    assert distances(found.neurons).min() > 0.008
    assert 0.0 <= found.neurons.min() <= found.neurons.max() <= 1.0
