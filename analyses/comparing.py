"""`python -m analyses compare`: the full comparison of a text, on a terminal or in a file."""

import html
import importlib
import importlib.util
import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from analyses import comparison, comparison_rows, comparison_trained, protocol
from analyses.comparison import HEAD, KINDS, Comparison, Text, cells
from analyses.ledger import STYLE
from boolrnn import BoolrnnError

ENDINGS = (".png", ".svg", ".json", ".md", ".html")
FEW = 1000  # held-out predictions below which a reader is warned
TITLE = "Constructed, trained and counted: every configuration on one axis"


@click.command()
@click.argument("text")
@click.option("--model", metavar="MODEL", help="A trained net to stand among them.")
@click.option("--unseen", is_flag=True, help="MODEL was not trained on the end of TEXT that is held out.")
@click.option("--train", is_flag=True, help="Train dense, sparse and pruned nets of equal size too (torch).")
@click.option("--epochs", type=click.IntRange(1), help="Epochs of every training.  [default: by length]")
@click.option(
    "--held-out", type=float, default=0.1, show_default=True, help="Share of TEXT, at its end, only scored."
)
@click.option("--budget", type=float, metavar="SECONDS", help="Configurations after it are left out.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("-o", "output", metavar="FILE", help="Write FILE (.png, .svg, .json, .md or .html).")
@click.option(
    "--tanh",
    type=click.Choice(["exact", "system"]),
    default="exact",
    show_default=True,
    help="float32 tanh of MODEL.",
)
@click.option(
    "--alphabet", metavar="STRING", help="MODEL's symbols, in order.  [default: a symbol is a byte value]"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def compare(
    text: str,
    model: str | None,
    unseen: bool,
    train: bool,
    epochs: int | None,
    held_out: float,
    budget: float | None,
    seed: int,
    output: str | None,
    tanh: str,
    alphabet: str | None,
    as_json: bool,
) -> None:
    """Every configuration on one axis: bits per character of TEXT, training part and held-out part.

    Baselines, n-gram peers that are installed, constructed nets of all features and readouts, MODEL; with
    --train also nets trained dense, sparse and pruned, at equal numbers of parameters. A text of 100 kB
    takes eight minutes on one core, with --train ten.

    Example:  python -m analyses compare book.txt --train -o comparison.png
    """
    _check(output, budget, train)
    pair = None if model is None else protocol.read_pair(model, text, tanh, alphabet)
    subject = Text(_read(text) if pair is None else pair.text, held_out, text)
    if pair is not None:
        _ = pair.symbols  # a text outside its alphabet is refused before anything is computed
    deadline = math.inf if budget is None else time.monotonic() + budget
    bench = comparison_rows.Bench(subject, pair, seed, deadline, unseen)
    plan = comparison_rows.plan(bench)
    if train:
        plan += comparison_trained.plan(subject, seed, epochs)
    made_by = comparison.made_by(subject, pair, seed=seed, train=train, budget=budget)
    found = comparison.compared(subject, plan, made_by, deadline)
    if output is not None:
        write(Path(output), found)
    if as_json:
        click.echo(json.dumps(comparison.to_json(found), allow_nan=False))
    elif output is None:
        emit(found)


def _check(output: str | None, budget: float | None, train: bool) -> None:
    """Refuse before the work what would be refused after it."""
    if output is not None and Path(output).suffix not in ENDINGS:
        raise BoolrnnError(f"{output}: expected a name that ends in {', '.join(ENDINGS)}")
    if output is not None and not Path(output).parent.is_dir():
        raise BoolrnnError(f"{output}: cannot be written (no such directory)")
    if budget is not None and not 0 < budget < math.inf:
        raise BoolrnnError(f"budget {budget:g}: expected seconds, more than 0")
    if train and importlib.util.find_spec("torch") is None:
        raise BoolrnnError("--train: needs torch, which is not installed; without it nothing is trained")


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BoolrnnError(f"{path}: cannot be read ({error.strerror})") from None


def write(path: Path, found: Comparison) -> None:
    """The comparison as a file, whole or not at all."""
    kind = path.suffix.removeprefix(".")
    if kind in ("png", "svg"):
        content = image(found, kind)
    elif kind == "json":
        content = (json.dumps(comparison.to_json(found), indent=1, allow_nan=False) + "\n").encode()
    else:
        content = (to_markdown if kind == "md" else to_html)(found).encode()
    temporary = path.with_name(f".{path.name}.part")
    try:
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BoolrnnError(f"{path}: cannot be written ({error.strerror})") from None


def image(found: Comparison, kind: str) -> bytes:
    """The chart; matplotlib is loaded where one is drawn."""
    module: Any = importlib.import_module("analyses.comparison_chart")
    return module.image(found, kind)


def emit(found: Comparison) -> None:
    """A table for a terminal."""
    table = Table(*HEAD, box=None, pad_edge=False)
    for at in range(1, 6):
        table.columns[at].justify = "right"
        table.columns[at].no_wrap = True
    for kind in KINDS:
        rows = [row for row in found.rows if row.kind == kind]
        if rows:
            table.add_row(f"{kind}:")
        for row in rows:
            table.add_row(*cells(found, row))
    Console(width=None if sys.stdout.isatty() else 180, highlight=False, markup=False).print(table)
    for line in said(found):
        click.echo(line)


def said(found: Comparison) -> Sequence[str]:
    """What stands below the rows: the windows, the equal size, and what was left out."""
    text = found.text
    rest = len(text.data) - 1 - text.held
    lines = [
        f"{len(text.data):,} symbols, {len(text.values)} distinct: positions 0..{text.held - 1:,} are train, "
        + (f"the last {rest:,} are held out." if rest else "nothing is held out."),
        f"= : within 5 % of {text.size:,} parameters; {found.says}.",
    ]
    if 0 < rest < FEW:
        lines.append(f"{rest:,} held-out predictions are few: small differences between rows may be chance.")
    lines += [f"left out: {kind}, {name}: {why}" for kind, name, why in found.left_out]
    return lines


def to_markdown(found: Comparison) -> str:
    """Tables by kind."""
    lines = [f"# {TITLE}", "", *(line + "\n" for line in said(found))]
    for kind, words in KINDS.items():
        rows = [row for row in found.rows if row.kind == kind]
        if rows:
            lines += [f"## {kind}", "", f"{words[0].upper()}{words[1:]}.", "", f"| {' | '.join(HEAD)} |"]
            lines.append("|---|---:|---:|---:|---:|---:|---|---|")
            lines += [f"| {' | '.join(cells(found, row))} |" for row in rows] + [""]
    return "\n".join(lines)


def to_html(found: Comparison) -> str:
    """One page without scripts: the chart, and tables by kind."""
    picture = image(found, "svg").decode()
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(TITLE)}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{STYLE} figure {{ margin: 0; }}',
        "figure svg { max-width: 100%; height: auto; background: white; }</style>",
        f"<h1>{html.escape(TITLE)}</h1>",
        *(f"<p>{html.escape(line)}</p>" for line in said(found)),
        f"<figure>{picture[picture.index('<svg') :]}</figure>",
    ]
    for kind, words in KINDS.items():
        rows = [row for row in found.rows if row.kind == kind]
        if rows:
            heads = "".join(f"<th>{word}" for word in HEAD)
            parts.append(f"<h2>{kind}</h2><p>{words[0].upper()}{words[1:]}.</p><table><tr>{heads}")
        for row in rows:
            shown = [html.escape(cell) for cell in cells(found, row)]
            numbers = "".join(f'<td class="number">{cell}' for cell in shown[1:6])
            parts.append(f"<tr><td>{shown[0]}{numbers}<td>{shown[6]}<td><small>{shown[7]}</small>")
        if rows:
            parts.append("</table>")
    return "\n".join([*parts, "</html>", ""])
