"""Results as HTML: a fragment for a notebook, tables and figures for the pages.

A fragment brings its style and looks right on light and on dark ground: words and lines take the colour of
what surrounds them, and a figure stands on a white card.
"""

import functools
import hashlib
import importlib
import io
import re
from typing import Any

from markupsafe import Markup, escape

from boolrnn.errors import BoolrnnError
from boolrnn.report.page import asset, environment, seen
from boolrnn.report.sheets import Sheet, Table, sheet

_TAG = re.compile(r"<[^>]*>")
_ID = re.compile(r'\sid="([^"]+)"')
_USED = re.compile(r'(url\(#|href="#)([^")]+)([")])')


def to_html(result: Any) -> str:
    """A result, or its sheet, as a fragment of HTML: its sentence, its figure where it has one, its tables.

    Of each table the first `limit` rows are shown, and how many more there are; tables that are `aside` are
    closed and stand last.

    Raises
    ------
    ResultError
        Where nothing is known about this kind of result.
    """
    found = result if isinstance(result, Sheet) else sheet(result)
    picture = None if isinstance(result, Sheet) else figure_svg(result)
    parts = [Markup('<p class="sentence">{}</p>').format(seen(found.sentence))]
    parts += [Markup('<p class="warning">Note: {}</p>').format(seen(said)) for said in found.warnings]
    parts += [] if picture is None else [picture]
    tables = sorted(found.tables, key=lambda table: table.aside)
    parts += [Markup('<div class="tables">'), *map(_table, tables), Markup("</div>")]
    return f'<div class="boolrnn"><style>{asset("fragment.css")}</style>{Markup("").join(parts)}</div>'


def _table(table: Table) -> Markup:
    """A table; one that stands aside is closed."""
    if not table.aside:
        return table_html(table)
    head = Markup("<details><summary>{} ({:,} rows)</summary>").format(seen(table.name), len(table.rows))
    return head + Markup(_macros().table(table, None, False)) + Markup("</details>")


def table_html(table: Table, limit: int | None = None) -> Markup:
    """A table's first rows (default: its own limit), how many more there are, and its note."""
    return Markup(_macros().table(table, limit))


@functools.cache
def _macros() -> Any:
    return environment().get_template("macros.html.j2").module


def figure_svg(result: Any) -> Markup | None:
    """The figure of a result as inline SVG on a white card; None where it has none or cannot be drawn.

    Several can stand in one page: an id begins with a digest of its figure, and no style reaches outside.
    """
    figures = importlib.import_module("boolrnn.report.figures")  # matplotlib is heavy
    matplotlib = importlib.import_module("matplotlib")
    try:
        figure = figures.draw(result)
    except BoolrnnError:
        return None
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "boolrnn", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", dpi=150, metadata=_NO_METADATA)
    label = f"figure of {result.schema.split('/')[0]}"
    return _inline(buffer.getvalue().decode(), label)


_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}  # nothing then stands there


def _inline(svg: str, label: str) -> Markup:
    """A whole SVG file as an element of a page: ids of its own, its global style made its own."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r">\n\s*<", "><", body)
    used = {match[1] for tag in _TAG.findall(body) for match in _USED.findall(tag)}
    prefix = f"f{hashlib.sha256(body.encode()).hexdigest()[:10]}-"
    body = _TAG.sub(lambda tag: _renamed(tag[0], used, prefix), body)
    style = "stroke-linejoin:round;stroke-linecap:butt;max-width:100%;height:auto;background:#fff"
    head = f'<svg role="img" aria-label="{escape(label)}" style="{style}"'
    return Markup(f'<div class="figure">{head}{body.removeprefix("<svg")}</div>')


def _renamed(tag: str, used: set[str], prefix: str) -> str:
    """A tag whose id, and what it says of others, begins with the prefix; ids that nobody uses are gone."""
    tag = _ID.sub(lambda found: f' id="{prefix}{found[1]}"' if found[1] in used else "", tag)
    return _USED.sub(rf"\g<1>{prefix}\g<2>\g<3>", tag)
