"""Results as HTML: tables, figures that can stand together, displays that never fail."""

import html as entities
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from nets import hardened_net, random_net, text_of

import boolrnn
from boolrnn.errors import MachineError
from boolrnn.report import figures, html, terminal
from boolrnn.report.sheets import FACTS, Column, Sheet, Table
from boolrnn.result import Result


class Unknown(Result):
    """A result without a schema: no sheet is known."""


def cells(markup):
    return [entities.unescape(text) for text in re.findall(r"<td[^>]*>(.*?)</td>", markup, re.DOTALL)]


def read(markup):
    """A fragment as XML: every element is closed, every attribute quoted."""
    return ElementTree.fromstring(f"<page>{markup}</page>")


@pytest.mark.parametrize(
    "weights", [random_net(0), random_net(1, 1, 1), random_net(2, 9, 300, outputs=3), hardened_net(3, 5)]
)
def test_results_display_what_the_terminal_shows(weights):
    text = text_of(0, 60, weights.symbols)
    results = [boolrnn.margins(weights, text), boolrnn.run(weights, text), boolrnn.compile(weights)]
    for result in results:
        shown = boolrnn.sheet(result)
        markup = shown._repr_html_()
        read(markup)
        assert shown.sentence in entities.unescape(markup)
        expected = [
            terminal.cell(value, column)
            for table in shown.tables
            for row in table.rows[: table.limit]
            for value, column in zip(row, table.columns)
        ]
        found = cells(markup)
        assert sorted(found) == sorted(text if text != "-" else "–" for text in expected)


def test_markup_and_control_characters_are_shown_as_they_are():
    table = Table("<i>", FACTS, [("a\0<b>&", "</td>", None), (True, 1234567, 0.5)], "n<o>te")
    markup = boolrnn.to_html(Sheet("A <b>.", [table], ["careful & slow"]))
    assert cells(markup) == ["a\\x00<b>&", "</td>", "–", "yes", "1,234,567", "0.5"]
    assert "A &lt;b&gt;." in markup
    assert "careful &amp; slow" in markup
    assert "n&lt;o&gt;te" in markup
    read(markup)


def test_long_tables_say_how_many_rows_are_left():
    table = Table("t", [Column("k", "d")], [(k,) for k in range(50)], limit=3)
    assert cells(html.table_html(table)) == ["0", "1", "2"]
    assert "47 more rows" in html.table_html(table)
    assert "1 more row." in html.table_html(table, limit=49)
    assert "more row" not in html.table_html(table, limit=50)
    assert cells(html.table_html(Table("none", [Column("k")], []))) == []


def test_tables_that_stand_aside_are_closed_and_last():
    aside = Table("aside", [Column("k", "d")], [(1,), (2,)], aside=True)
    markup = boolrnn.to_html(Sheet("S.", [aside, Table("first", [Column("k", "d")], [(3,)])]))
    assert cells(markup) == ["3", "1", "2"]
    assert "<details><summary>aside (2 rows)</summary>" in markup


@pytest.fixture(scope="module")
def machines():
    """Two small machines, as a notebook displays them."""
    return [boolrnn.read_spec(f"regex:{words}")._repr_html_() for words in ("(a|b)*aba", "a*b")]


def test_figures_of_one_page_share_no_name_and_no_style(machines):
    for markup in machines:
        read(markup)
        names = re.findall(r'\sid="([^"]+)"', markup)
        used = re.findall(r'(?:url\(#|href="#)([^")]+)', markup)
        assert names
        assert len(names) == len(set(names))
        assert set(used) == set(names)
        assert markup.count("<style") == 1  # that of the fragment
        assert "<metadata" not in markup
        assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", markup)
    first, second = (set(re.findall(r'\sid="([^"]+)"', markup)) for markup in machines)
    assert not first & second


def test_words_in_a_figure_stay_what_they_are():
    machine = boolrnn.Machine("mealy", ("a", "b"), ("url(#a)", "1"), np.array([[0, 0]]), np.array([[0, 1]]))
    shown = ElementTree.fromstring(html.figure_svg(boolrnn.draw(machine)))
    assert "url(#a)" in "".join(shown.itertext())


def test_results_and_machines_display_their_picture(machines):
    machine = boolrnn.read_spec("regex:a*b")
    assert boolrnn.draw(machine)._repr_html_() == machines[1]
    assert machines[1].count("<svg") == 1
    assert "transitions" in machines[1]


def test_what_has_no_figure_has_tables():
    result = boolrnn.compile(random_net(1))
    assert html.figure_svg(result) is None
    assert "<svg" not in boolrnn.to_html(result)
    assert "<table" in boolrnn.to_html(result)


def test_a_display_never_fails(monkeypatch):
    assert Unknown()._repr_html_() is None
    result = boolrnn.margins(random_net(0), text_of(0, 9, 5))

    def refuse(result):
        raise MachineError("no")

    monkeypatch.setattr(figures, "draw", refuse)
    assert "<table" in result._repr_html_()
    assert "<svg" not in result._repr_html_()


def test_ipython_prints_sentences():
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    result = boolrnn.margins(random_net(0), text_of(0, 9, 5))
    page = boolrnn.sheet(result)
    assert pretty(result) == f"Margins: {page.sentence}"
    assert pretty(page) == page.sentence
    assert pretty(Unknown()) == "Unknown(...)"
