"""The neurons' records of a page: the verbs' own numbers, and nulls where a verb has no answer."""

import dataclasses
import json

import numpy as np
import pytest
from nets import exact_z, hardened_net, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.report.explorer.neurons import neurons


def asked(automaton, text):
    """The results that records are made of."""
    verbs = ["dwell", "coflips", "influence", "roles", "margins", "agreement"]
    found = {verb: getattr(boolrnn, verb)(automaton, text) for verb in verbs}
    if automaton.weights.predicts:
        found["knockout"] = boolrnn.knockout(automaton, text, search=False)
        found["backbone"] = boolrnn.backbone(automaton, text, permutations=0)
    return found


def records(weights, text):
    automaton = boolrnn.compile(weights)
    found = asked(automaton, text)
    return neurons(automaton, text, **found), {verb: one.to_json() for verb, one in found.items()}


NETS = [random_net(0), random_net(1, 1, 2), hardened_net(2, 6), random_net(3, 14, 4), random_net(4, 9, 3, 2)]


@pytest.fixture(scope="module", params=NETS)
def case(request):
    """A net, a text that lacks its last symbol, records, and what the verbs print."""
    text = text_of(0, 50, request.param.symbols)
    text[text == request.param.symbols - 1] = 0
    return request.param, text, *records(request.param, text)


def test_numbers_are_those_the_verbs_print(case):
    weights, _, found, printed = case
    assert [record["neuron"] for record in found] == list(range(weights.hidden))
    costs = {
        row["neuron"]: (k, row) for k, row in enumerate(printed.get("knockout", {"single": []})["single"])
    }
    for i, record in enumerate(found):
        at = {verb: printed[verb]["neurons"][i] for verb in ("dwell", "influence", "margins", "agreement")}
        assert record["on"] == printed["roles"]["neurons"][i]["on"]
        for name in ("flips", "rate", "class", "mean_dwell", "median_dwell"):
            assert record[name] == at["dwell"][name]
        assert record["longest"] == at["dwell"]["longest_dwell"]
        assert record["margin"] == {name: at["margins"][name] for name in ("mean", "min")}
        assert [record[name] for name in ("one_step", "free_run")] == [
            at["agreement"][name] for name in ("one_step", "free_run")
        ]
        assert record["influence"] == {k: at["influence"][k] for k in ("out_degree", "in_degree", "self")}
        if not weights.predicts:
            assert [record[k] for k in ("knockout", "promotes", "demotes", "backbone")] == [None] * 4
            continue
        place, cost = costs[i]
        assert record["knockout"]["rank"] == place + 1
        assert all(record["knockout"][k] == cost[k] for k in ("delta", "of_gap", "of_bias_gap"))
        column = weights.wy[:, record["neuron"]]
        assert record["promotes"] == [o for o in cost["promotes"] if column[o] > 0]
        assert record["demotes"] == [o for o in cost["demotes"] if column[o] < 0]
        traffic = printed["backbone"]["neurons"][i]
        assert record["backbone"] == {k: traffic[k] for k in ("share", "role")}


def test_the_heaviest_weights_and_drives(case):
    weights, text, found, printed = case
    rates = {(edge["from"], edge["to"]): edge["rate"] for edge in printed["influence"]["edges"]}
    for i, record in enumerate(found):
        for name, column in (("inputs", weights.wh[i]), ("outputs", weights.wh[:, i])):
            order = sorted((-abs(float(w)), j) for j, w in enumerate(column) if w)[:12]
            assert [entry["neuron"] for entry in record[name]] == [j for _, j in order]
            for entry in record[name]:
                j = entry["neuron"]
                assert entry["weight"] == float(column[j])
                assert entry["rate"] == rates.get((j, i) if name == "inputs" else (i, j), 0.0)
        drives = {x: float(exact_z(weights, None, x)[i]) for x in set(text.tolist())}
        order = sorted((-abs(drive), x) for x, drive in drives.items())[:6]
        assert record["drives"] == [{"symbol": x, "drive": drives[x]} for _, x in order]


def test_roles_stand_beside_their_base_rate():
    weights = random_net(5, 4, 3)
    weights = dataclasses.replace(weights, wh=np.zeros_like(weights.wh), bh=np.zeros_like(weights.bh))
    found, printed = records(weights, text_of(2, 200, 3))  # a bit is told by the symbol just read
    meaning = {row["feature"]: row["meaning"] for row in printed["roles"]["features"]}
    named = [record["role"] for record in found]
    assert any(named)
    for record, row in zip(found, printed["roles"]["neurons"], strict=True):
        if row["verdict"] != "role":
            assert record["role"] is None
            continue
        role = record["role"]
        assert [role[k] for k in ("feature", "accuracy", "base")] == [
            row[k] for k in ("feature", "accuracy", "base")
        ]
        assert role["accuracy"] > role["base"]
        assert role["meaning"] == meaning[role["feature"]]
        assert role["words"].split()[0] in ("on", "off")


def test_groups_are_those_of_coflips():
    weights = random_net(6, 8, 3)
    automaton, text = boolrnn.compile(weights), text_of(3, 50, 3)
    found = asked(automaton, text)
    assert {record["group"] for record in neurons(automaton, text, **found)} == {None}
    found["coflips"] = dataclasses.replace(
        found["coflips"],
        group=np.arange(2),
        group_edges=np.zeros(2, np.int64),
        **{f"group_{name}": np.zeros(2) for name in ("rate", "jaccard", "excess")},
        group_size=np.array([3, 2]),
        group_members=np.array([1, 4, 6, 0, 7]),
        group_offsets=np.array([0, 3, 5]),
    )
    expected = [1, 0, None, None, 0, None, 0, 1]
    assert [record["group"] for record in neurons(automaton, text, **found)] == expected


@pytest.mark.parametrize("weights", [random_net(7, 3, 256), random_net(8, 1, 2, 5)])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_texts_have_nulls_and_strict_json(weights, length):
    found, _ = records(weights, text_of(4, length, weights.symbols))
    json.dumps(found, allow_nan=False)
    for record in found:
        assert record["mean_dwell"] is None
        assert record["longest"] is None
        if length == 1:
            assert record["on"] is None
            assert record["knockout"] is None
            assert record["rate"] is None
            assert record["influence"]["out_degree"] is None
            assert all(entry["rate"] is None for entry in record["inputs"])


def test_results_of_another_net_are_refused():
    automaton, text = boolrnn.compile(random_net(0)), text_of(0, 20, 5)
    found = asked(automaton, text)
    other = found | {"margins": boolrnn.margins(random_net(1, 4), text)}
    with pytest.raises(OptionError, match="results: of nets with 4 and 7 neurons"):
        neurons(automaton, text, **other)
    with pytest.raises(TextError):
        neurons(automaton, np.array([9]), **found)
