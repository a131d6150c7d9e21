"""Sheets on a terminal (rich tables) and as CSV."""

import csv
import io
import math
import re
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from boolrnn.report.sheets import FACTS, Column, Sheet, Table
from boolrnn.report.widths import widths

_NOTHING = re.compile(r"-0(\.0*)?%?")  # a small negative number, rounded


def cell(value: Any, column: Column) -> str:
    """One value as the terminal shows it; what is missing is a dash."""
    if _missing(value):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) or not column.spec:
        return str(value)
    if isinstance(value, int) and column.spec.endswith("g"):
        return f"{value:,}"
    shown = format(value, column.spec)
    return shown[1:] if _NOTHING.fullmatch(shown) else shown


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the command line see it; rich would exit with 1, which means something else here."""
        raise BrokenPipeError


def show(sheet: Sheet, console: Console | None = None) -> None:
    """Print a sheet (default: on stdout): the sentence, then each table's first rows.

    Tables that are `aside` are only named, at the end, with the number of their rows.
    """
    console = console or _Console(highlight=False)
    if not console.is_terminal:
        console.width = 110
    console.print(Text(sheet.sentence, style="bold"))
    for table in sheet.tables:
        if not table.aside:
            console.print()
            _show_table(table, console, last=table is sheet.tables[-1])
    aside = [table for table in sheet.tables if table.aside and len(table.rows)]
    if aside:
        named = ", ".join(f"{table.name} ({_count(len(table.rows))})" for table in aside)
        console.print()
        only = f"; --csv: {sheet.tables[-1].name}" if sheet.tables[-1].aside else ""
        _remark(f"not shown: {named}: --json or --out{only}", console, indent=0)


def _count(rows: int) -> str:
    return f"{rows:,} row{'s' * (rows != 1)}"


def _show_table(table: Table, console: Console, *, last: bool) -> None:
    """A table's first rows; beneath them what is left out, and its note."""
    drawn, missing = _rich(table, console.width)
    console.print(drawn)
    if missing:
        _remark(f"too narrow for: {', '.join(missing)}", console)
    more = len(table.rows) - table.limit
    if more > 0:
        where = "--csv, --json or --out" if last else "--json or --out"
        _remark(f"{more:,} more row{'s' * (more != 1)}: {where}", console)
    if table.note:
        _remark(table.note, console)


def _remark(text: str, console: Console, indent: int = 2) -> None:
    """A faint paragraph, all of its lines indented."""
    for line in Text(text).wrap(console, max(console.width - indent, 1)):
        console.print(Text(" " * indent + line.plain.rstrip(), style="dim"))


def _rich(table: Table, room: int) -> tuple[RichTable, list[str]]:
    """The table in `room` characters, and the names of columns that have none."""
    rows = table.rows[: table.limit]
    cells = [[cell(row[k], column) for row in rows] for k, column in enumerate(table.columns)]
    kinds = [_kind([row[k] for row in rows]) for k in range(len(table.columns))]
    heads = [column.name for column in table.columns]
    natural = sum(max(map(cell_len, (head, *column))) + 2 for head, column in zip(heads, cells))
    if natural > room:
        cells = [[_short(text) for text in column] for column in cells]
    least = len(heads) if table.columns is FACTS else 2
    found, gap = widths(heads, cells, [kind == _NUMBER for kind in kinds], room, least)
    padding = (0, 1) if gap > 1 else (0, 0, 0, 1)
    title = Text(table.name, style="bold cyan")
    drawn = RichTable(title=title, title_justify="left", box=None, padding=padding)
    for head, kind, width in zip(heads, kinds, found):
        drawn.add_column(head, justify="right" if kind == _NUMBER else "left", overflow="fold", width=width)
    for row in zip(*cells[: len(found)]):
        drawn.add_row(*map(Text, row))
    return drawn, heads[len(found) :]


_NUMBER, _WORDS = "number", "words"


def _kind(values: Sequence[Any]) -> str:
    """Numbers stand at the right, and whole; a column with any words is one of words."""
    if any(isinstance(value, str) for value in values):
        return _WORDS
    return _NUMBER if any(isinstance(value, int | float) for value in values) else _WORDS


def _short(text: str) -> str:
    """A sha256 by its first digits, where there is no room for all."""
    return f"{text[:16]}..." if _SHA256.fullmatch(text) else text


_SHA256 = re.compile(r"[0-9a-f]{64}")


def to_csv(table: Table) -> str:
    """A table as CSV: raw values, missing ones empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    for first in range(0, len(table.rows), 10_000):
        for row in table.rows[first : first + 10_000]:
            writer.writerow(["" if _missing(v) else v for v in row])
    return buffer.getvalue()
