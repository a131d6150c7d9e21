"""Charts draw the verb's own tables: valid, with every number's name, also where there is little to draw."""

import functools
import importlib
import json
import math

import numpy as np
import pytest
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn.errors import ResultError
from boolrnn.report import terminal
from boolrnn.report.charts import block_means, charts, first_rows, marks, payload
from boolrnn.report.sheets import Column, Table, sheet
from boolrnn.result import Result

NETS = {
    "ordinary": (random_net(1), text_of(1, 60, 5)),
    "hardened": (hardened_net(2, 5), text_of(2, 30, 4)),
    "ties": (adversarial_net(3, 6, 3, 40), text_of(3, 20, 3)),
    "zero weights": (random_net(1, scale=0.0), text_of(1, 12, 5)),
    "one neuron, one symbol": (random_net(3, 1, 1), np.zeros(1, int)),
    "two symbols": (random_net(1, 2, 2), np.array([0, 1])),
    "predicts nothing": (random_net(2, 4, 3, outputs=2), text_of(2, 20, 3)),
}


QUICK = ("ordinary", "ties", "one neuron, one symbol", "predicts nothing")
EVERY = [net if net in QUICK else pytest.param(net, marks=pytest.mark.slow) for net in NETS]


def results(weights, text):
    """A result of every verb that has charts, as quick as can be."""
    yield boolrnn.agreement(weights, text)
    yield boolrnn.margins(weights, text)
    yield boolrnn.dwell(weights, text)
    yield boolrnn.cycles(weights, [0, [0, 0]], starts=4)
    yield boolrnn.perturb(weights, text, lags=5)
    yield boolrnn.coflips(weights, text)
    yield boolrnn.fragility(weights, text)
    if weights.predicts:
        yield boolrnn.fragility(weights, text, predictions=True)
        yield boolrnn.attribution(weights, text, depth=4)
        yield boolrnn.attribution(weights, text, depth=4, flips=True)
        yield boolrnn.offsets(weights, text, depth=4)
        yield boolrnn.knockout(weights, text)
        yield boolrnn.prune(weights, text)


@pytest.fixture(scope="module")
def drawn():
    """Of every net, when it is asked for: each chart with its result."""

    @functools.cache
    def pairs(net):
        return [(result, chart) for result in results(*NETS[net]) for chart in charts(result)]

    return pairs


def named(pairs, name):
    return next((result, chart) for result, chart in pairs if chart.name == name)


def values(chart):
    """The rows as a page hands them to Vega."""
    table = json.loads(json.dumps(payload(chart), allow_nan=False))
    assert table["columns"] == [column.name for column in chart.table.columns]
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def svg(chart):
    spec = {**chart.spec, "width": 500, "data": {"values": values(chart)}}
    return importlib.import_module("vl_convert").vegalite_to_svg(spec)


def fields(part):
    """Names of fields that a specification reads, and those that it makes."""
    if isinstance(part, list):
        part = dict(enumerate(part))
    if not isinstance(part, dict):
        return set(), set()
    read = {part["field"]} if isinstance(part.get("field"), str) else set()
    made = {part["as"]} if isinstance(part.get("as"), str) else set(part.get("as", ()))
    read |= set(part.get("fold", ()))
    for inner in part.values():
        more_read, more_made = fields(inner)
        read, made = read | more_read, made | more_made
    return read, made


@pytest.mark.parametrize("net", EVERY)
def test_charts_name_what_they_draw(drawn, net):
    names = [chart.name for _, chart in drawn(net)]
    assert len(names) >= 14
    for result, chart in drawn(net):
        verb = result.schema.split("/")[0]
        assert chart.verb == verb
        assert chart.name.startswith(f"{verb}-")
        assert chart.spec["width"] == "container"
        assert "data" not in chart.spec
        assert chart.spec["description"].startswith(chart.title)
        assert chart.definition.endswith(".")
        assert "None" not in chart.definition
        read, made = fields(chart.spec)
        columns = {column.name for column in chart.table.columns}
        assert read - made <= columns
        told = json.dumps(chart.spec["layer"])
        assert all(f"datum['{name}']" in told for name in columns)  # tooltips list every column
        values(chart)


@pytest.mark.parametrize("net", ["ordinary", "ties", "one neuron, one symbol"])
def test_charts_are_valid_vega_lite(drawn, net):
    convert = importlib.import_module("vl_convert")
    for _, chart in drawn(net):
        convert.vegalite_to_vega({**chart.spec, "data": {"values": values(chart)}})


@pytest.mark.parametrize("net", EVERY)
def test_what_is_empty_says_why_and_nothing_else_is(drawn, net):
    for _, chart in drawn(net):
        numbers = [v for row in values(chart) for v in row.values() if isinstance(v, float | int)]
        empty = chart.spec["usermeta"]["empty"]
        assert (empty is None) or (empty and empty[0].islower())
        if not numbers:
            assert empty
        if net in ("ordinary", "hardened") and not chart.name.startswith("fragility"):
            flips = named(drawn(net), "dwell-neurons")[0].flips
            assert empty is None or not flips, chart.name
    alone = {chart.name: chart.spec["usermeta"]["empty"] for _, chart in drawn("one neuron, one symbol")}
    assert alone["agreement-positions"] == "no positions"
    assert alone["dwell-neurons"] == "no flips"


def test_costs_are_those_that_agreement_prints(drawn):
    result, chart = named(drawn("ordinary"), "agreement-bpc")
    assert [row["bpc"] for row in values(chart)] == [
        result.bpc_float, result.bpc_sign_readout, result.bpc_one_step, result.bpc_sign_dynamics,
        result.bpc_bias_only,
    ]  # fmt: skip
    picture = svg(chart)
    assert all(f">{row['bpc']:.4f}<" in picture for row in values(chart))
    assert named(drawn("predicts nothing"), "agreement-bpc")[1].spec["usermeta"]["empty"]


@pytest.mark.parametrize(
    ("name", "table"),
    [("margins-bins", "bins"), ("attribution-depth", "depth"), ("offsets-kl", "depth"),
     ("dwell-dwells", "dwells"), ("agreement-calibration", "calibration"),
     ("knockout-neurons", "neurons")],
)  # fmt: skip
def test_a_chart_gives_the_table_of_its_verb(drawn, name, table):
    result, chart = named(drawn("ordinary"), name)
    whole = next(one for one in sheet(result).tables if one.name == table)
    assert terminal.to_csv(chart.table) == terminal.to_csv(whole)
    first = chart.spec["usermeta"]["first"]
    assert first[0] == [terminal.cell(v, c) for v, c in zip(whole.rows[0], whole.columns)]
    assert chart.spec["usermeta"]["count"] == len(whole.rows)


def test_positions_are_those_of_the_text(drawn):
    result, chart = named(drawn("ordinary"), "agreement-positions")
    rows = values(chart)
    assert [row["t"] for row in rows] == list(range(59))
    assert rows[0]["one step"] is None  # position 0 has no preceding signs
    assert [row["free run"] for row in rows] == result.t_free_run.tolist()


def test_long_texts_are_thinned_to_exact_means(drawn, monkeypatch):
    result, _ = named(drawn("ordinary"), "agreement-positions")
    monkeypatch.setattr(importlib.import_module("boolrnn.report.charts.agreement"), "MOST", 20)
    chart = charts(result)[1]
    rows = values(chart)
    assert len(rows) == 20
    assert "mean of 3 positions" in chart.definition
    assert [(row["t"], row["to"]) for row in rows[-2:]] == [(54, 56), (57, 58)]
    assert rows[0]["one step"] == pytest.approx(result.t_one_step[1:3].mean())
    assert rows[7]["free run"] == pytest.approx(result.t_free_run[21:24].mean())
    json.dumps(payload(chart), allow_nan=False)


@pytest.mark.parametrize(("length", "step"), [(0, 3), (1, 1), (1, 4), (7, 1), (7, 3), (9, 3)])
def test_means_of_blocks(length, step):
    values = np.random.default_rng(length).random(length)
    values[: length // 2 : 2] = np.nan
    found = block_means(values, step)
    for k, mean in zip(range(0, length, step), found, strict=True):
        known = [v for v in values[k : k + step].tolist() if not math.isnan(v)]
        assert mean == pytest.approx(sum(known) / len(known)) if known else math.isnan(mean)


def test_knockout_lays_its_tables_together(drawn):
    result, chart = named(drawn("ordinary"), "knockout-curve")
    rows = values(chart)
    for name, k, bpc in (
        ("first k kept", result.minimal_k, result.minimal_bpc),
        ("first k removed", result.cumulative_k, result.cumulative_bpc),
        ("best k found", result.best_k, result.best_bpc),
    ):
        own = [(row["k"], row["bpc"]) for row in rows if row["set"] == name]
        assert own == list(zip(k.tolist(), bpc.tolist()))


def test_pairs_are_named_and_cut_with_words(drawn):
    result, chart = named(drawn("ordinary"), "coflips-pairs")
    assert values(chart)[0]["pair"] == f"h{result.pair_a[0]}, h{result.pair_b[0]}"
    assert f"the first 20 of {len(result.pair_a)} pairs" in chart.definition.lower()
    table = Table("t", [Column("a")], [(k,) for k in range(5)])
    assert first_rows(table, 5) == (table, None)
    cut, words = first_rows(table, 3)
    assert len(cut.rows) == 3
    assert words == "the first 3 of 5 rows are drawn"


def test_of_many_pairs_some_are_drawn_and_it_says_which():
    result = boolrnn.coflips(random_net(4, 66, 3), text_of(4, 40, 3))
    chart = charts(result)[0]
    assert 500 < len(chart.table.rows) <= 2000 < result.tested
    assert f"the first 500 of {result.tested:,} pairs tested, and one in 2 of the others" in chart.definition


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], None),
        ([0.0], None),
        ([1.0, 2.0], None),
        ([0.01, 12.0], "log"),
        ([1e-45, 1e38], "log"),
        ([5e-324, 1e308], "log"),
        ([0.0, 1e6], "symlog"),
        ([-1.0, 1e6], None),
    ],
)
def test_scales_hold_their_values(values, kind):
    found = marks.span(values)
    assert found["scale"].get("type") == kind
    if kind:
        low, high = found["scale"]["domain"]
        assert low <= max(min(values), 1e-300)
        assert high >= min(max(values), 1e300)
        assert 2 <= len(found["axis"]["values"]) <= 8
        assert all(low <= tick <= high for tick in found["axis"]["values"])


def test_results_without_charts_have_none_and_other_things_are_refused():
    assert charts(boolrnn.step(random_net(0), 0)) == []
    assert charts(boolrnn.fragility(random_net(1), text_of(1, 9, 5), at=4, bit=0)) == []
    for thing in (3, Result()):
        with pytest.raises(ResultError, match="no charts for"):
            charts(thing)
