"""sheet(result): any result as a sentence and tables. The only registry of renderings.

One file per verb holds its sheet, found by the schema's name, so that rendering one result loads only
what that result needs. Terminal and CSV format the cells.
"""

import dataclasses
import functools
import importlib
from collections.abc import Sequence
from typing import Any

import boolrnn
from boolrnn.errors import ResultError
from boolrnn.result import Result


@dataclasses.dataclass(frozen=True)
class Column:
    """A column's heading and how the terminal formats its cells (a format spec)."""

    name: str
    spec: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows under columns. The terminal shows `limit` rows, and `note` beneath; it only names a table that is
    `aside`."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    limit: int = 40
    aside: bool = False


class Rows(Sequence):
    """Rows read off parallel columns when they are asked for: a long text has millions.

    A column is an array or a list, or a pair of one and a function that turns a part of it into cells.
    """

    def __init__(self, *columns: Any) -> None:
        self.columns = [column if isinstance(column, tuple) else (column, None) for column in columns]

    def __len__(self) -> int:
        return len(self.columns[0][0])

    def __getitem__(self, at: Any) -> Any:
        if not isinstance(at, slice):
            return self[at : at + 1 or None][0]
        parts = [(values[at], show) for values, show in self.columns]
        cells = [show(part) if show else getattr(part, "tolist", lambda p=part: p)() for part, show in parts]
        return list(zip(*cells))


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A result made readable: what it means, and its tables, the fullest one last."""

    sentence: str
    tables: Sequence[Table]
    warnings: Sequence[str] = ()

    def _repr_html_(self) -> str:
        """What a notebook shows: the sentence and the tables."""
        return boolrnn.to_html(self)  # pages stand on sheets: the table of contents finds them

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython prints."""
        printer.text(self.sentence)


@functools.singledispatch
def sheet(result: Any) -> Sheet:
    """The sheet of a result.

    Raises
    ------
    ResultError
        Where nothing is known about this kind of result.
    """
    if isinstance(result, Result) and result.schema:
        name = f"{__name__}.{result.schema.split('/')[0]}"
        importlib.import_module(name)
        render = sheet.dispatch(type(result))
        if render is not _UNKNOWN:
            return render(result)
    raise ResultError(f"no sheet for {type(result).__name__}")


_UNKNOWN = sheet.dispatch(object)


def facts(*rows: tuple[str, Any, str]) -> list[tuple[str, Any, str]]:
    """Rows of (what, value, unit or remark); those without a value are left out."""
    return [row for row in rows if row[1] is not None]


FACTS = (Column("what"), Column("value", ",.6g"), Column(""))
