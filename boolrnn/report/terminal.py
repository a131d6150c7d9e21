"""Sheets on a terminal (rich tables) and as CSV."""

import csv
import io
import math
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from boolrnn.report.sheets import Column, Sheet, Table


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
    return format(value, column.spec)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the command line see it; rich would exit with 1, which means something else here."""
        raise BrokenPipeError


def show(sheet: Sheet, console: Console | None = None) -> None:
    """Print a sheet (default: on stdout): the sentence, then each table's first rows."""
    console = console or _Console(highlight=False)
    if not console.is_terminal:
        console.width = 110
    console.print(Text(sheet.sentence, style="bold"))
    for table in sheet.tables:
        where = "--csv, --json or --out" if table is sheet.tables[-1] else "--json or --out"
        console.print()
        console.print(_rich(table))
        more = len(table.rows) - table.limit
        if more > 0:
            console.print(Text(f"  {more:,} more rows: {where}", style="dim"))
        if table.note:
            console.print(Text(f"  {table.note}", style="dim"))


def _rich(table: Table) -> RichTable:
    drawn = RichTable(title=table.name, title_justify="left", title_style="bold cyan", box=None)
    rows = table.rows[: table.limit]
    for k, column in enumerate(table.columns):
        numeric = any(isinstance(row[k], int | float) for row in rows)
        mixed = any(isinstance(row[k], str) for row in rows)
        drawn.add_column(column.name, justify="right" if numeric and not mixed else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell(v, c)) for v, c in zip(row, table.columns)))
    return drawn


def to_csv(table: Table) -> str:
    """A table as CSV: raw values, missing ones empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    for first in range(0, len(table.rows), 10_000):
        for row in table.rows[first : first + 10_000]:
            writer.writerow(["" if _missing(v) else v for v in row])
    return buffer.getvalue()
