"""`python -m analyses`: measure the published claims on the archived pair, or on any other."""

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from analyses import NAMES, ledger, protocol
from analyses.comparing import compare
from analyses.protocol import Pair, Row
from boolrnn import BoolrnnError, progress

TITLE = "Published claims about the sat-rnn, and what boolrnn measures"
TANH = click.option(
    "--tanh",
    type=click.Choice(["exact", "system"]),
    default="exact",
    show_default=True,
    help="float32 tanh: correctly rounded, or this machine's libm.",
)
ALPHABET = click.option(
    "--alphabet", metavar="STRING", help="The net's symbols, in order.  [default: a symbol is a byte value]"
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def group(ctx: click.Context) -> None:
    """Every published claim meets its measurement.

    Start with:  python -m analyses ledger
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@group.command()
@click.argument("name", metavar="NAME|questions|all")
@click.argument("model")
@click.argument("text")
@TANH
@ALPHABET
@JSON
@click.option("--out", metavar="DIR", help="Write ledger.json, ledger.md and ledger.html into DIR.")
def run(
    name: str, model: str, text: str, tanh: str, alphabet: str | None, as_json: bool, out: str | None
) -> None:
    """Measure the claims of one experiment, of the seven questions, or all, on MODEL and TEXT.

    Example:  python -m analyses run q3_neurons sat_model.bin enwik_1024.txt
    """
    names = protocol.chosen(name)
    pair = protocol.read_pair(model, text, tanh, alphabet)
    folder = None if out is None else Path(out)
    if folder is not None:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
    rows = ledger.measured(pair, names)
    if folder is not None:
        for ending in ("json", "md", "html"):
            write(folder / f"ledger.{ending}", rows, pair)
    emit(rows, pair, as_json)


@group.command("list")
def listed() -> None:
    """The experiments and how many claims each has."""
    for name in NAMES:
        module = protocol.experiment(name)
        click.echo(f"{name:18}{len(module.CLAIMS):4}  {(module.__doc__ or '').splitlines()[0]}")


@group.command()
@click.argument("model", required=False)
@click.argument("text", required=False)
@click.option("--record", is_flag=True, help="Write what the archived pair gives into archived.json.")
@TANH
def check(model: str | None, text: str | None, record: bool, tanh: str) -> None:
    """See that claims are complete; with the archived MODEL and TEXT, that the record still holds.

    Exit code 1 where a recorded number is not measured any more.
    """
    names = [f"{name}.{claim.name}" for name in NAMES for claim in protocol.experiment(name).CLAIMS]
    known = ledger.archive()
    missing = sorted(set(names) ^ set(known))
    needs_both(model, text)
    if model is None or text is None:
        if missing:
            raise BoolrnnError(f"{missing[0]}: stands in the record or among the claims, but not in both")
        click.echo(f"{len(names)} claims, all recorded")
        return
    pair = protocol.read_pair(model, text, tanh)
    if not pair.archived:
        raise BoolrnnError(f"{model}, {text}: not the archived pair (sha256 differs); expected it here")
    rows = ledger.measured(pair)
    if record:
        content = {
            "made_by": ledger.made_by(pair),
            "measured": {row.name: dataclasses.asdict(row.found) for row in rows},
        }
        ledger.RECORD.write_text(json.dumps(content, indent=1) + "\n")
    known = {name: entry["value"] for name, entry in ledger.archive().items()}
    # a mean of counts moves by single ones where another BLAS adds in another order: relative, 1e-6
    moved = [row for row in rows if not protocol.agrees(known.get(row.name), row.found.value, 1e-4, 1e-6)]
    for row in moved:
        click.echo(f"{row.name}: recorded {known.get(row.name)}, measured {row.found.value}")
    click.echo(f"{len(rows)} claims measured, {len(moved)} differ from the record")
    sys.exit(1 if moved else 0)


@group.command("ledger")
@click.argument("model", required=False)
@click.argument("text", required=False)
@click.option("-o", "output", metavar="FILE", help="Write it to FILE (.md, .html or .json).")
@TANH
@ALPHABET
@JSON
def show(
    model: str | None, text: str | None, output: str | None, tanh: str, alphabet: str | None, as_json: bool
) -> None:
    """The ledger of claims: measured on MODEL and TEXT, or as recorded of the archived pair.

    On another pair than the archived one, "published" is what the archived pair gives.

    Example:  python -m analyses ledger sat_model.bin enwik_1024.txt -o ledger.html
    """
    needs_both(model, text)
    if output is not None and Path(output).suffix not in (".md", ".html", ".json"):
        raise BoolrnnError(f"{output}: expected a name that ends in .md, .html or .json")
    if output is not None and not Path(output).parent.is_dir():
        raise BoolrnnError(f"{output}: cannot be written (no such directory)")
    pair = None if model is None or text is None else protocol.read_pair(model, text, tanh, alphabet)
    rows = protocol.recorded(ledger.archive()) if pair is None else ledger.measured(pair)
    if output is not None:
        write(Path(output), rows, pair)
    if output is None or as_json:
        emit(rows, pair, as_json)


group.add_command(compare)


def write(path: Path, rows: list[Row], pair: Pair | None) -> None:
    """The ledger as a file, whole or not at all."""
    if path.suffix == ".json":
        content = json.dumps(ledger.to_json(rows, ledger.made_by(pair)), indent=1) + "\n"
    else:
        content = (ledger.to_markdown if path.suffix == ".md" else ledger.to_html)(rows, TITLE)
    temporary = path.with_name(f".{path.name}.part")
    with writing(path):
        try:
            temporary.write_text(content, encoding="utf-8")
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the file system refuses is one line."""
    try:
        yield
    except OSError as error:
        raise BoolrnnError(f"{path}: cannot be written ({error.strerror})") from None


def needs_both(model: str | None, text: str | None) -> None:
    """Refuse a MODEL without its TEXT."""
    if (model is None) != (text is None):
        raise BoolrnnError("missing TEXT: expected MODEL and TEXT, or neither")


def emit(rows: list[Row], pair: Pair | None, as_json: bool) -> None:
    """JSON, or a table for a terminal with the verdicts counted below."""
    if as_json:
        click.echo(json.dumps(ledger.to_json(rows, ledger.made_by(pair)), allow_nan=False))
        return
    table = Table("experiment", *ledger.head(rows)[:-1], box=None, pad_edge=False)
    for row in rows:
        said, published, found, verdict, _ = ledger.cells(row)
        why = "" if row.verdict in (protocol.REPRODUCED, protocol.SAME) else row.remark
        table.add_row(row.experiment, said, published, found, f"{verdict}\n({why})" if why else verdict)
    Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False).print(table)
    for name, count in ledger.counted(rows).items():
        click.echo(f"{count:4}  {name}")
    click.echo("Where each claim stands, and more remarks: --json, or a file by ledger -o or run --out.")


def main(arguments: list[str] | None = None) -> Any:
    """Run it; a user's mistake is one line on stderr and exit code 2. Long work shows bars on a terminal."""
    progress.enable()
    try:
        return group.main(arguments, prog_name="python -m analyses", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        click.echo("analyses: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no second error at exit
        sys.exit(141)  # as a shell reports a closed pipe
    except (click.ClickException, BoolrnnError, OSError) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        click.echo("analyses: " + " ".join(message.split()), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
