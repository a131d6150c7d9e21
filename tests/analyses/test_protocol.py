"""The ledger's rules: which verdict follows from a claim and its measurement, and what is refused."""

import json
import types

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from analyses import NAMES, ledger, protocol
from analyses.protocol import (
    CONTRADICTED,
    DIFFERS,
    ITSELF,
    OPEN,
    OTHER,
    REPRODUCED,
    SAME,
    UNMEASURABLE,
    UNSOUND,
    Absent,
    Claim,
    Measured,
    Row,
)


def row(value, *, published=0.25, tolerance=0.005, of="archived", but="", stable=True, archived=True):
    claim = Claim("name", published, tolerance, "bpc", "a table", of=of, but=but)
    return Row("q", claim, Measured(value, "", stable), published, archived)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (row(0.2549), REPRODUCED),
        (row(0.2551), CONTRADICTED),
        (row(0.2549, but="no base rate"), UNSOUND),
        (row(0.9, but="no base rate"), CONTRADICTED),
        (row(0.9, of="other"), OTHER),
        (row(0.25, of="other"), REPRODUCED),
        (row(0.9, of="itself"), ITSELF),
        (row(0.9, of="nothing", published=None), OPEN),
        (row(None), UNMEASURABLE),
        (row(0.9, stable=False), UNMEASURABLE),
        (row(0.25, stable=False), REPRODUCED),
        (row(False, published=True), CONTRADICTED),
        (row([3, 4], published=[3, 4]), REPRODUCED),
        (row([4, 3], published=[3, 4]), CONTRADICTED),
        (row(1, published=True), REPRODUCED),
        (row(0.25, archived=False), SAME),
        (row(0.9, archived=False, of="itself", but="x"), DIFFERS),
        (row(None, archived=False), UNMEASURABLE),
    ],
)
def test_verdicts(found, verdict):
    assert found.verdict == verdict


def test_a_remark_says_why_a_reproduced_number_shows_nothing_and_what_moves():
    assert row(0.25, but="no base rate").remark == "no base rate"
    assert row(0.9, but="no base rate").remark == ""
    assert "float32 and float64" in row(0.9, stable=False).remark


def test_digits_that_are_printed_decide():
    assert protocol.agrees(31.0938, 31.09375, 5e-5)
    assert not protocol.agrees(31.0938, 31.0936, 5e-5)
    assert protocol.agrees(8246, 8247, 1)
    assert not protocol.agrees(8246, 8247, 0)
    assert not protocol.agrees(1.0, "1", 9)
    assert protocol.agrees([0.5, 2], [0.52, 2.0], 0.05)
    assert not protocol.agrees([3, 4], [3, 4, 5], 1)
    assert protocol.plain(np.float64("nan")) is None
    assert protocol.plain(np.array([1, 2])) == [1, 2]


def made(monkeypatch, claims, measuring):
    module = types.SimpleNamespace(CLAIMS=claims, measure=measuring)
    monkeypatch.setattr(protocol, "experiment", lambda name: module)
    source = boolrnn.Source(random_net(1, 3, 256), "x", "0", "raw", "named")
    return protocol.Pair(source, bytes(text_of(1, 30, 256).tolist()))


def test_a_claim_without_a_measurement_is_an_error(monkeypatch):
    claims = (Claim("one", 1, 0, "", "page"), Claim("two", 2, 0, "", "page"))
    pair = made(monkeypatch, claims, lambda pair: iter([("one", 1)]))
    with pytest.raises(AssertionError, match="q.two: a claim without a measurement"):
        protocol.measure("q", pair, {})
    pair = made(monkeypatch, claims, lambda pair: iter([("one", 1), ("two", 2), ("three", 3)]))
    with pytest.raises(AssertionError, match="q.three: a measurement without a claim"):
        protocol.measure("q", pair, {})
    pair = made(monkeypatch, claims, lambda pair: iter([("one", 1), ("one", 2)]))
    with pytest.raises(AssertionError, match="q.one: measured twice"):
        protocol.measure("q", pair, {})


def test_what_a_pair_does_not_have_is_not_measurable_and_says_why(monkeypatch):
    claims = tuple(Claim(name, 1, 0, "", "page") for name in ("one", "two", "three"))

    def measuring(pair):
        yield "one", lambda: pair.neuron(54)
        yield "two", 1
        raise Absent("no text")

    rows = protocol.measure("q", made(monkeypatch, claims, measuring), {"q.two": {"value": 1}})
    assert [one.verdict for one in rows] == [UNMEASURABLE, SAME, UNMEASURABLE]
    assert [one.remark for one in rows] == ["this net has no h54", "", "no text"]


def test_a_question_is_asked_once_and_a_refusal_is_absent(monkeypatch):
    pair = made(monkeypatch, (), None)
    assert pair.ask(boolrnn.margins) is pair.ask(boolrnn.margins)
    with pytest.raises(Absent, match="top"):
        pair.ask(boolrnn.predict, top=0)


def test_tables_show_the_digits_that_count_and_escape_what_would_break_them():
    assert ledger.shown(0.0312259793, 5e-11) == "0.0312259793"
    assert ledger.shown(True, 0) == "yes"
    assert ledger.shown(82304, 0) == "82,304"
    assert ledger.shown(None, 0) == "-"
    claim = Claim("a", 1, 0, "bpc", "page <1>", "a | b", but="c")
    rows = [Row("q", claim, Measured(1), 1, True)]
    assert "a \\| b" in ledger.to_markdown(rows, "T")
    assert "page &lt;1&gt;" in ledger.to_html(rows, "T")
    tree = ledger.to_json(rows, {})
    assert json.loads(json.dumps(tree))["claims"][0] == {
        "name": "q.a",
        "says": "a | b",
        "published": 1,
        "tolerance": 0,
        "unit": "bpc",
        "measured": 1,
        "verdict": UNSOUND,
        "stable": True,
        "note": "c",
        "where": "page <1>",
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_is_complete(name):
    claims = protocol.experiment(name).CLAIMS
    assert len({claim.name for claim in claims}) == len(claims) > 0
    for claim in claims:
        assert claim.says, claim.name
        assert claim.where, claim.name
        assert claim.of in ("archived", "other", "itself", "nothing")
        assert (claim.published is None) == (claim.of == "nothing" or bool(claim.why)), claim.name
        if isinstance(claim.published, float):
            assert claim.tolerance > 0, claim.name
