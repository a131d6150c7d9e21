"""charts(result): pictures of a result for pages, as Vega-Lite specifications beside the tables they draw.

One file per verb holds its charts, found by the schema's name as the sheets are. A chart draws columns of
the verb's own tables: what it shows is what the verb prints. Colours are names of CSS custom properties
(`var(--network)`), so that the theme of the page decides, also when it is printed.
"""

import dataclasses
import functools
import importlib
import importlib.util
import math
from typing import Any

import numpy as np

from boolrnn.errors import ResultError
from boolrnn.report import terminal
from boolrnn.report.sheets import Column, Table, sheet
from boolrnn.result import Result
from boolrnn.shapes import Float64

MOST = 2_000  # points of a chart, about: what is longer is thinned, and says so
_FIRST = 10  # rows that stand beside a chart as text
_PATHS = set(".[]\\'\"")  # characters that mean something else in the name of a field


@dataclasses.dataclass(frozen=True)
class Chart:
    """A picture of a table. `spec` is a Vega-Lite specification without data; the page adds the rows of
    `table`, as objects under the names of its columns. `definition` says what is drawn, and its window.

    `spec["usermeta"]` has the names of the `columns`, the `first` rows as the terminal shows them, the
    `count` of all rows, and `empty`: the words in place of the picture where there is nothing to draw.
    """

    name: str
    title: str
    definition: str
    spec: dict[str, Any]
    table: Table
    verb: str


@functools.singledispatch
def charts(result: Any) -> list[Chart]:
    """The charts of a result; none where its verb has none.

    Raises
    ------
    ResultError
        Where it is no result.
    """
    if not isinstance(result, Result) or not result.schema:
        raise ResultError(f"no charts for {type(result).__name__}; expected a result of a verb")
    name = f"{__name__}.{result.schema.split('/')[0]}"
    if importlib.util.find_spec(name):
        importlib.import_module(name)
    render = charts.dispatch(type(result))
    return [] if render is _UNKNOWN else render(result)


_UNKNOWN = charts.dispatch(object)


def chart(
    result: Result,
    part: str,
    title: str,
    definition: str,
    table: Table,
    spec: dict[str, Any],
    *,
    empty: str | None = None,
) -> Chart:
    """The chart `VERB-part` of a result. `empty` says why there is nothing to draw, where that is so."""
    verb = result.schema.split("/")[0]
    for column in table.columns:
        assert column.name, f"{verb}-{part}: a column without a name"
        assert not _PATHS & set(column.name), f"{verb}-{part}: no field can be called {column.name}"
    shown = [[terminal.cell(v, c) for v, c in zip(row, table.columns)] for row in table.rows[:_FIRST]]
    about = {
        "description": f"{title}. {definition}",
        "usermeta": {
            "first": shown,
            "columns": [column.name for column in table.columns],
            "count": len(table.rows),
            "empty": empty,
        },
    }
    return Chart(f"{verb}-{part}", title, definition, about | spec, table, verb)


def payload(chart: Chart) -> dict[str, Any]:
    """The chart's table as strict JSON: {"columns": names, "rows": lists}; NaN and infinity are null."""
    rows = [[_plain(value) for value in row] for row in chart.table.rows]
    return {"columns": [column.name for column in chart.table.columns], "rows": rows}


def _plain(value: Any) -> Any:
    value = getattr(value, "item", lambda: value)()  # a number of numpy's
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table_of(result: Result, name: str) -> Table:
    """A table of the result's sheet, by its name."""
    return next(table for table in sheet(result).tables if table.name == name)


def columns_of(table: Table, *names: str, called: dict[str, str] | None = None) -> Table:
    """A table with these columns only (all where none is named); `called` gives new names to some."""
    heads = [column.name for column in table.columns]
    at = [heads.index(name) for name in names] if names else list(range(len(heads)))
    called = called or {}
    columns = [Column(called.get(heads[k], heads[k]), table.columns[k].spec) for k in at]
    rows = table.rows if not names else [tuple(row[k] for k in at) for row in table.rows]
    return dataclasses.replace(table, columns=columns, rows=rows)


def told(*parts: str | None) -> str:
    """Sentences one after the other, each with its full stop; those that are None are left out."""
    return " ".join(f"{part[:1].upper()}{part[1:].rstrip('.')}." for part in parts if part)


def block_length(count: int, most: int = MOST) -> int:
    """The least number of neighbours to put together so that at most `most` blocks remain."""
    return max(1, -(-count // most))


def block_means(values: Float64[np.ndarray, "P"], step: int) -> Float64[np.ndarray, "B"]:
    """Mean of every `step` values, missing ones left out; NaN where all of them are missing."""
    first = np.arange(0, len(values), step)
    if not len(first):
        return np.zeros(0)
    known = np.isfinite(values)
    total = np.add.reduceat(np.where(known, values, 0.0), first)
    count = np.add.reduceat(known.astype(np.int64), first)
    return np.divide(total, count, out=np.full(len(first), np.nan), where=count > 0)


def first_rows(table: Table, most: int = MOST) -> tuple[Table, str | None]:
    """The table with its first `most` rows, and the words that say so where there are more."""
    if len(table.rows) <= most:
        return table, None
    words = f"the first {most:,} of {len(table.rows):,} rows are drawn"
    return dataclasses.replace(table, rows=table.rows[:most]), words
