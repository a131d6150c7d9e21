"""Pages: one HTML file each, which holds its data, its style and its scripts, and asks nobody for anything.

Templates are in `templates/`; jinja2 fills them and escapes what it puts in. Data that are read when they are
needed stand in the page as blocks: gzip, base64.
"""

import base64
import functools
import gzip
import importlib
import json
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from boolrnn.report import terminal
from boolrnn.report.sheets import FACTS, Column, Table
from boolrnn.result import write_whole

TEMPLATES = Path(__file__).with_name("templates")
# these could end a script before its time, or open a comment in it
_HARMFUL = {ord(c): f"\\u{ord(c):04x}" for c in "<>&"}
_UNSEEN = {c: f"\\x{c:02x}" for c in (*range(9), *range(11, 32), 127)}  # not tab and newline


def block(payload: Any) -> str:
    """Bytes, or plain values as strict JSON (NaN and infinity become null), as base64 of gzip."""
    data = payload if isinstance(payload, bytes) else strict_json(payload).encode()
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def strict_json(value: Any) -> str:
    """JSON in ASCII, without spaces; NaN and infinity, which JSON does not have, become null."""
    options: dict[str, Any] = {"allow_nan": False, "separators": (",", ":")}
    try:
        return json.dumps(value, **options)
    except ValueError:
        return json.dumps(_finite(value), **options)


def _finite(value: Any) -> Any:
    """A copy with None in place of NaN and infinity."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def inline_json(value: Any) -> Markup:
    """JSON that is harmless inside <script>: ASCII, with <, > and & escaped."""
    return Markup(strict_json(value).translate(_HARMFUL))  # escaped on this line


@functools.cache
def plot_script() -> Markup:
    """Vega, Vega-Lite and Vega-Embed as one script that sets `vegaEmbed` (2.4 s, once in a process)."""
    bundle = importlib.import_module("vl_convert").javascript_bundle()
    safe = re.sub(r"</(?=script)", r"<\\/", bundle, flags=re.IGNORECASE).replace("<!--", r"\x3c!--")
    return Markup(f"(() => {{\n{safe}\n}})();")  # its own names stay its own


def asset(name: str) -> Markup:
    """The text of `templates/NAME`, a style or a script of ours, as it is."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def scripts(*names: str) -> Markup:
    """The files `explorer/NAME.js`, in this order, in one strict function."""
    parts = [asset(f"explorer/{name}.js") for name in names]
    return Markup('(() => {\n"use strict";\n') + Markup("\n").join(parts) + Markup("\n})();")


def seen(text: Any) -> str:
    """Text with its control characters as \\x00: HTML would drop them, or take NUL amiss."""
    return str(text).translate(_UNSEEN)


def cell(value: Any, column: Column) -> str:
    """A cell as the terminal shows it, what is missing as a dash."""
    shown = terminal.cell(value, column)
    return "–" if shown == "-" and not isinstance(value, str) else seen(shown)


def fact(value: Any) -> str:
    """The value of a fact (boolrnn.report.sheets.FACTS)."""
    return cell(value, FACTS[1])


def are_numbers(table: Table, rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Which columns of these rows hold numbers and no words: they stand on the right."""
    kinds = [
        {str if isinstance(v, str) else int for v in column if isinstance(v, str | int | float)}
        for column in zip(*rows)
    ]
    return [kind == {int} for kind in kinds] or [False] * len(table.columns)


@functools.cache
def environment() -> jinja2.Environment:
    """Templates, with what they may call; a name that is not given is an error."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    found = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, loader=loader, trim_blocks=True, lstrip_blocks=True
    )
    found.globals |= {"asset": asset, "scripts": scripts, "plot_script": plot_script}
    found.globals |= {"cell": cell, "fact": fact, "are_numbers": are_numbers, "FACTS": FACTS}
    found.filters |= {"inline_json": inline_json, "seen": seen}
    return found


def render(template: str, **values: Any) -> str:
    """A template with these values, as text."""
    return environment().get_template(template).render(**values)


def write_page(path: str | os.PathLike[str], html: str) -> int:
    """Write a page, whole or not at all; its size in bytes.

    Raises
    ------
    ResultError
        Where the file cannot be written.
    """
    data = html.encode("utf-8", "backslashreplace")  # a file's name may hold bytes that are no text
    write_whole(path, data)
    return len(data)
