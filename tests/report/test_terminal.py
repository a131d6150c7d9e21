"""On a narrow terminal numbers stay whole, words wrap, and what has no room is named."""

import io

import pytest
from nets import random_net, text_of
from rich.console import Console

import boolrnn
from boolrnn.report import terminal
from boolrnn.report.sheets import FACTS, Column, Sheet, Table
from boolrnn.report.widths import widths

HASH = "0123456789abcdef" * 4


def printed(page, width):
    stream = io.StringIO()
    terminal.show(page, Console(file=stream, width=width, force_terminal=True, color_system=None))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def wide(columns):
    heads = [Column(f"some long heading {k}", ",.6g") for k in range(columns)]
    return Table("t", heads, [[1234567.0 + k] * columns for k in range(3)])


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_numbers_are_never_broken_and_lines_never_too_long(width):
    lines = printed(Sheet("A sentence.", [wide(9)]), width)
    assert max(map(len, lines)) <= width
    shown = lines[[line.startswith(" 1.23") or "1.23457e+06" in line for line in lines].index(True)].split()
    assert set(shown) == {"1.23457e+06"}
    missing = [line for line in lines if "too narrow for" in line]
    assert bool(missing) == (len(shown) < 9)


def test_where_there_is_room_nothing_wraps():
    heads, cells = ["a heading", "b"], [["1", "22"], ["some words", "more"]]
    assert widths(heads, cells, [True, False], 80) == ([9, 10], 2)


def test_words_wrap_before_numbers_are_left_out():
    heads, cells = ["number", "words"], [["1,234,567"], ["several words in a row"]]
    assert widths(heads, cells, [True, False], 24) == ([9, 11], 2)
    assert widths(heads, cells, [True, False], 12, least=1) == ([9], 1)


def test_a_hash_is_short_only_where_there_is_no_room():
    page = Sheet("A sentence.", [Table("file", FACTS, [("sha256", HASH, "the same in every format")])])
    assert HASH in "\n".join(printed(page, 120))
    assert f"{HASH[:16]}..." in "\n".join(printed(page, 80))


def test_tables_aside_are_named_with_the_way_to_them():
    tables = [Table("one", [Column("k", "d")], [(1,)], "a note " * 20)]
    tables.append(Table("two", [Column("k", "d")], [(k,) for k in range(1234)], aside=True))
    text = printed(Sheet("A sentence.", tables), 60)
    assert text[-1].strip() or text[-2].strip()
    assert "not shown: two (1,234 rows): --json or --out; --csv: two" in " ".join(text)
    assert all(line.startswith("  ") for line in text if "a note" in line)
    assert not any(line.split() == ["7"] for line in text)


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("hidden", [1, 300])
def test_sheets_fit(width, hidden):
    net, text = random_net(1, hidden, 3), text_of(1, 12, 3)
    for result in (boolrnn.run(net, text), boolrnn.step(net, 0), boolrnn.agreement(net, text)):
        lines = printed(boolrnn.sheet(result), width)
        assert max(map(len, lines)) <= width
