"""Every result has a sheet, on every size; terminal and CSV show it."""

import csv
import io

import numpy as np
import pytest
from nets import adversarial_net, random_net, text_of
from rich.console import Console

import boolrnn
from boolrnn.errors import ResultError
from boolrnn.report import terminal
from boolrnn.report.sheets import Column, Table
from boolrnn.result import Result


def results(weights, length, folder):
    text = text_of(0, length, weights.symbols)
    boolrnn.write_weights(weights, folder / "w.npz")
    source = boolrnn.read_source(folder / "w.npz")
    state = np.zeros(weights.hidden, bool)
    yield boolrnn.info(source, text)
    yield boolrnn.convert(source, folder / "w.bin")
    yield boolrnn.compile(weights)
    yield boolrnn.compile(weights, text)
    yield boolrnn.step(weights, 0)
    yield boolrnn.step(weights, 0, state)
    yield boolrnn.run(weights, text)
    yield boolrnn.run(weights, text, initial=state)
    yield boolrnn.rule(weights, 0, 0, given={0: True})
    yield boolrnn.margins(weights, text)
    yield boolrnn.agreement(weights, text)
    if weights.predicts:
        yield boolrnn.predict(weights, text)


@pytest.mark.parametrize(
    "weights",
    [random_net(0), random_net(1, 1, 2), random_net(2, 9, 4, outputs=3), adversarial_net(3, 6, 3, 277)],
)
@pytest.mark.parametrize("length", [1, 2, 30])
def test_every_result_is_shown_and_written(weights, length, tmp_path):
    for result in results(weights, length, tmp_path):
        page = boolrnn.sheet(result)
        stream = io.StringIO()
        terminal.show(page, Console(file=stream))
        assert page.sentence.split()[0] in stream.getvalue()
        for table in page.tables:
            assert all(len(row) == len(table.columns) for row in table.rows)
            assert len({column.name for column in table.columns}) == len(table.columns)
            rows = list(csv.reader(io.StringIO(terminal.to_csv(table))))
            assert len(rows) == len(table.rows) + 1


def test_other_things_have_no_sheet():
    with pytest.raises(ResultError, match="no sheet for int"):
        boolrnn.sheet(3)
    with pytest.raises(ResultError, match="no sheet for Result"):
        boolrnn.sheet(Result())


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (None, "d", "-"),
        (float("nan"), ".3f", "-"),
        (True, "", "yes"),
        (1234, ",.6g", "1,234"),
        (0.5, ".1%", "50.0%"),
        ("h3", ".3f", "h3"),
        (1.5, "", "1.5"),
    ],
)
def test_cells(value, spec, text):
    assert terminal.cell(value, Column("c", spec)) == text


def test_long_tables_say_how_much_is_hidden():
    table = Table("t", [Column("k", "d")], [(k,) for k in range(50)], "a note", limit=3)
    page = boolrnn.Sheet("A sentence.", [table])
    stream = io.StringIO()
    terminal.show(page, Console(file=stream))
    assert "47 more rows" in stream.getvalue()
    assert "a note" in stream.getvalue()
