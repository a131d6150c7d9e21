"""The ledger: every claim beside its measurement, as JSON, Markdown, HTML or lines for a terminal."""

import html
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boolrnn
from analyses import NAMES
from analyses.protocol import ARCHIVED, VERDICTS, Archive, Pair, Row, Value, measure

RECORD = Path(__file__).with_name("archived.json")
HEAD = ("claim", "published", "measured", "verdict", "where")
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top;
padding: .3rem .6rem; border-bottom: 1px solid #8884; } td.number { font-variant-numeric: tabular-nums; }
small { opacity: .75; } h2 { margin-top: 2rem; }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #ddd; } }
"""


def archive() -> Archive:
    """What the archived pair gave for every claim, as recorded by `python -m analyses check --record`."""
    return json.loads(RECORD.read_text())["measured"] if RECORD.exists() else {}


def measured(pair: Pair, names: Sequence[str] = NAMES) -> list[Row]:
    """The rows of these experiments on a pair."""
    known = archive()
    return [row for name in names for row in measure(name, pair, known)]


def to_json(rows: Sequence[Row], made_by: dict[str, Any]) -> dict[str, Any]:
    """One object: where the numbers come from, how many claims have which verdict, and the claims."""
    return {
        "schema": "ledger/1",
        "made_by": made_by,
        "verdicts": counted(rows),
        "claims": [
            {
                "name": row.name,
                "says": row.claim.says,
                "published": row.published,
                "tolerance": row.claim.tolerance,
                "unit": row.claim.unit,
                "measured": row.found.value,
                "verdict": row.verdict,
                "stable": row.found.stable,
                "note": row.remark,
                "where": row.claim.where,
            }
            for row in rows
        ],
    }


def made_by(pair: Pair | None) -> dict[str, Any]:
    """Version, tanh and the digests of the two files."""
    digests = ARCHIVED if pair is None else pair.digests
    inputs = {"model": digests[0], "text": digests[1]}
    return {"version": boolrnn.__version__, "tanh": "exact" if pair is None else pair.tanh, "inputs": inputs}


def counted(rows: Sequence[Row]) -> dict[str, int]:
    """How many claims have which verdict, in the order of the verdicts."""
    found = Counter(row.verdict for row in rows)
    return {name: found[name] for name in (*VERDICTS, *sorted(set(found) - set(VERDICTS))) if found[name]}


def shown(value: Value, tolerance: float) -> str:
    """A value with the digits that count."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(shown(one, tolerance) for one in value)
    if isinstance(value, float):
        digits = 6
        while digits < 12 and tolerance and abs(float(f"{value:.{digits}g}") - value) > tolerance:
            digits += 1
        return f"{value:,.{digits}g}"
    return f"{value:,}" if isinstance(value, int) else value


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """A row as text: claim, published, measured with unit and remark, verdict, where."""
    unit = "" if row.claim.unit in ("", "statement") or row.found.value is None else f" {row.claim.unit}"
    return (
        row.claim.says or row.claim.name,
        shown(row.published, row.claim.tolerance),
        f"{shown(row.found.value, row.claim.tolerance)}{unit}",
        row.verdict,
        row.claim.where,
    )


def head(rows: Sequence[Row]) -> tuple[str, ...]:
    """Names of the cells; on another pair the second is what the archived pair gives."""
    return HEAD if all(row.archived for row in rows) else (HEAD[0], "archived pair", *HEAD[2:])


def to_markdown(rows: Sequence[Row], title: str) -> str:
    """Tables by experiment, for reading as they are and for rendering."""
    lines = [f"# {title}", "", *(f"- {count} {name}" for name, count in counted(rows).items()), ""]
    for name in dict.fromkeys(row.experiment for row in rows):
        lines += [f"## {name}", "", f"| {' | '.join(head(rows))} | remark |", "|---" * (len(HEAD) + 1) + "|"]
        for row in rows:
            if row.experiment == name:
                texts = [text.replace("|", "\\|").replace("\n", " ") for text in (*cells(row), row.remark)]
                lines.append(f"| {' | '.join(texts)} |")
        lines.append("")
    return "\n".join(lines)


def to_html(rows: Sequence[Row], title: str) -> str:
    """One page without scripts that reads in light and dark."""
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>',
        f"<h1>{html.escape(title)}</h1><ul>",
        *(f"<li>{count} {html.escape(name)}" for name, count in counted(rows).items()),
        "</ul>",
    ]
    for name in dict.fromkeys(row.experiment for row in rows):
        heads = "".join(f"<th>{word}" for word in head(rows))
        parts.append(f'<h2 id="{name}">{name}</h2><table><tr>{heads}')
        for row in rows:
            if row.experiment == name:
                claim, published, found, verdict, where = map(html.escape, cells(row))
                parts.append(
                    f'<tr><td>{claim}<td class="number">{published}<td class="number">{found}'
                    f"<br><small>{html.escape(row.remark)}</small><td>{verdict}<td><small>{where}</small>"
                )
        parts.append("</table>")
    return "\n".join([*parts, "</html>", ""])
