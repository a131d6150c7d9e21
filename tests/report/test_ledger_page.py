"""Ledgers of claims on a page: what `python -m analyses` writes is read, by verdict; the rest is refused."""

import copy
import importlib
import json
import re

import pytest

from analyses import ledger, protocol
from boolrnn.errors import OptionError, ResultError
from boolrnn.report import page
from boolrnn.report.ledger import read_ledgers

WHERE = "page </td> 3"


def claimed(name, published, found, tolerance=0, **more):
    """A claim and its measurement."""
    claim = protocol.Claim(name, published, tolerance, more.pop("unit", ""), WHERE, **more)
    value = found if isinstance(found, protocol.Measured) else protocol.Measured(found)
    return protocol.Row("q1", claim, value, published, archived=True)


ROWS = [
    claimed("count", 8246, 8246, unit="entries", says="wh > <0.001>"),
    claimed("fine", 2.8359, 2.83593750, 5e-5, unit="bits"),
    claimed("finer", 0.123456789, 0.1234567891, 1e-9),
    claimed("words", True, False, unit="statement"),
    claimed("list", [1, 2], [1.5, 2000.25], of="other"),
    claimed("none", 3, protocol.Measured(None, "no such neuron")),
    claimed("shaky", 3.5, protocol.Measured(4.5, "a note", stable=False), unit="bpc"),
    claimed("text", "h3", "h3", but="by accident"),
]


@pytest.fixture
def written(tmp_path):
    """A directory with a ledger as the program writes it, and other files."""
    folder = tmp_path / "ledgers"
    folder.mkdir()
    content = ledger.to_json(ROWS, ledger.made_by(None))
    (folder / "recorded.json").write_text(json.dumps(content, indent=1))
    (folder / "result.json").write_text('{"schema": "run/1"}')
    (folder / "list.json").write_text("[1]")
    (folder / "ledger.md").write_text("# no JSON")
    return folder


def shown(ledgers, **values):
    template = '{% import "macros.html.j2" as macros %}{{ macros.ledger(ledgers, inputs) }}'
    return page.environment().from_string(template).render(ledgers=ledgers, **values)


def test_counts_and_claims_are_those_of_the_file(written):
    content = json.loads((written / "recorded.json").read_text())
    (found,) = read_ledgers(written)
    assert found.name == "recorded.json"
    assert {verdict.name: verdict.count for verdict in found.verdicts} == content["verdicts"]
    names = [claim["says"] or claim["name"] for claim in content["claims"]]
    assert sorted(row[0] for verdict in found.verdicts for row in verdict.table.rows) == sorted(names)
    for verdict in found.verdicts:
        claims = [claim for claim in content["claims"] if claim["verdict"] == verdict.name]
        assert [row[4] for row in verdict.table.rows] == [claim["where"] for claim in claims]


def test_numbers_read_as_the_program_shows_them(written):
    """The same digits as the ledger on a terminal."""
    (found,) = read_ledgers(written)
    cells = {row[1:3] for verdict in found.verdicts for row in verdict.table.rows}
    for row in ROWS:
        _, published, measured, *_ = ledger.cells(row)
        assert (published, "–" if measured == "-" else measured) in cells


def test_the_page_counts_and_opens_without_scripts(written):
    content = json.loads((written / "recorded.json").read_text())
    markup = shown(read_ledgers(written), inputs=None)
    counts = re.findall(r'<summary><span class="number count">(\d+)</span> ([^<]*)</summary>', markup)
    assert {name: int(count) for count, name in counts} == content["verdicts"]
    assert markup.count("<tr>") == len(content["claims"]) + len(counts)  # with the headings
    assert "<script" not in markup
    assert "Measured on other files" not in markup


def test_a_ledger_of_other_files_says_so(written):
    digests = json.loads((written / "recorded.json").read_text())["made_by"]["inputs"]
    (found,) = read_ledgers(written)
    assert found.measured_on({"m": digests["model"], "t": digests["text"], "more": "0"})
    assert not found.measured_on({"m": digests["model"], "t": "0" * 64})
    assert "Measured on other files than this page's." in shown([found], inputs={"m": "0" * 64})


def test_on_another_pair_the_numbers_beside_are_those_of_the_archived_pair(written, tmp_path):
    content = json.loads((written / "recorded.json").read_text())
    claims = content["claims"][:2]
    claims[0]["verdict"] = protocol.SAME
    claims[1]["verdict"] = protocol.UNMEASURABLE
    (tmp_path / "x.json").write_text(json.dumps(content | {"claims": claims}))
    (found,) = read_ledgers(tmp_path)
    assert [verdict.table.columns[1].name for verdict in found.verdicts] == ["archived pair"] * 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("claims"), "expected `made_by` and `claims`"),
        (lambda c: c["claims"].append(3), r"claims\[1\]: int, expected an object"),
        (lambda c: c["claims"][0].pop("verdict"), r"claims\[0\]\.verdict: expected a string"),
        (lambda c: c["claims"][0].update(measured={}), r"claims\[0\]\.measured: expected a value"),
        (lambda c: c["claims"][0].update(tolerance=True), r"claims\[0\]\.tolerance: expected a number"),
    ],
)
def test_a_damaged_ledger_is_refused_in_one_line(change, message, written, tmp_path):
    content = json.loads((written / "recorded.json").read_text())
    content["claims"] = copy.deepcopy(content["claims"][:1])
    change(content)
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(ResultError, match=message) as caught:
        read_ledgers(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_directory_without_ledgers_is_refused(tmp_path):
    with pytest.raises(OptionError, match="cannot be read"):
        read_ledgers(tmp_path / "none")
    with pytest.raises(OptionError, match="holds no ledger"):
        read_ledgers(tmp_path)
    (tmp_path / "x.json").write_text('{"schema": "run/1"}')
    with pytest.raises(OptionError, match="holds no ledger"):
        read_ledgers(tmp_path)
    (tmp_path / "x.json").write_text('{"schema": "ledger/2"}')
    with pytest.raises(ResultError, match="x.json: schema 'ledger/2' is unknown here; known: ledger/1"):
        read_ledgers(tmp_path)
    (tmp_path / "x.json").write_bytes(b"\xff{")
    with pytest.raises(ResultError, match="is no JSON"):
        read_ledgers(tmp_path)


@pytest.mark.slow
def test_what_the_program_writes_is_read(tmp_path):
    program = importlib.import_module("analyses.__main__")  # loads every experiment
    program.main(["ledger", "-o", str(tmp_path / "x.json")])
    (found,) = read_ledgers(tmp_path)
    counts = ledger.counted(protocol.recorded(ledger.archive()))
    assert {verdict.name: verdict.count for verdict in found.verdicts} == counts
