"""What all verbs share: reading MODEL and TEXT, and emitting a result."""

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from boolrnn.errors import OptionError, TextError

if TYPE_CHECKING:
    import numpy as np

    from boolrnn.check.certify import Certify
    from boolrnn.cli.making import Corpus
    from boolrnn.cli.specs import Spec
    from boolrnn.model.automaton import Automaton
    from boolrnn.model.formats import Source
    from boolrnn.model.weights import Weights
    from boolrnn.result import MadeBy

LAYOUTS = ("wx-wh-bh-wy-by", "wx-bh-wh-wy-by")
SUSPECT_BPC = 3.0  # a raw file that predicts worse than this may have been read in the wrong order

READING = (
    click.Option(
        ["--layout"],
        type=click.Choice(LAYOUTS),
        help=f"Order of the tensors in a raw file.  [default: {LAYOUTS[0]}]",
    ),
    click.Option(
        ["--symbols", "vocabulary"],
        type=click.IntRange(1, 1 << 24),
        metavar="V",
        help="Input symbols V of a raw file.  [default: 256]",
    ),
    click.Option(
        ["--outputs", "readout"],
        type=click.IntRange(1, 1 << 24),
        metavar="O",
        help="Outputs O of a raw file.  [default: V]",
    ),
    click.Option(
        ["--alphabet"],
        metavar="STRING",
        help="The net's symbols, in order, as characters.  [default: a symbol is a byte value]",
    ),
)
READING_NAMES = {
    "layout": "--layout",
    "vocabulary": "--symbols",
    "readout": "--outputs",
    "alphabet": "--alphabet",
}
SELECTING = click.Option(
    ["--alphabet"],
    metavar="STRING",
    help="The symbols that words are made of, as characters; of a net with as many symbols and no names for "
    "them, their names in order.  [default: all symbols]",
)
EMITTING = (
    click.Option(["--json", "as_json"], is_flag=True, help="One JSON object on stdout."),
    click.Option(["--csv", "as_csv"], is_flag=True, help="The fullest table as CSV on stdout."),
    click.Option(["--out"], metavar="DIR", help="Save the result and its tables into a directory."),
    click.Option(["--seed"], type=int, help="Recorded with the result; this verb draws nothing at random."),
)
FIGURE = click.option("--figure", metavar="FILE", help="Draw it into FILE (.svg or .png).")


@dataclasses.dataclass(frozen=True)
class Pair:
    """MODEL and TEXT as read: what a verb's body works on."""

    source: "Source"
    text: bytes | None
    inputs: dict[str, str]
    chosen: "np.ndarray | None" = None  # symbols that --alphabet selects, where it does not name them
    paths: tuple[str | None, str | None] = (None, None)  # MODEL and TEXT as they were typed
    reading: tuple[str, ...] = ()  # and the options that say how to read them

    @functools.cached_property
    def automaton(self) -> "Automaton":
        """The compiled automaton; an automaton file keeps its annotations."""
        from boolrnn.model.automaton import Automaton, compile

        if self.source.form == "automaton":
            return Automaton.of_source(self.source)
        return compile(self.source.weights)

    @functools.cached_property
    def symbols(self) -> "np.ndarray | None":
        """The text as symbols."""
        from boolrnn.model.corpus import to_symbols

        if self.text is None:
            return None
        try:
            return to_symbols(self.text, self.source.weights)
        except TextError as error:
            raise TextError(f"{next(reversed(self.inputs))}: {error}") from None

    @property
    def needed_symbols(self) -> "np.ndarray":
        """The text as symbols, for verbs that cannot do without."""
        if self.symbols is None:
            raise OptionError("missing TEXT")
        return self.symbols

    def state(self, text: str | None) -> "np.ndarray | None":
        """A state argument; None stays None (the network's start)."""
        from boolrnn.bits import parse_state

        return None if text is None else parse_state(text, self.source.weights.hidden)

    def symbol(self, text: str) -> int:
        """A symbol argument."""
        from boolrnn.model.corpus import parse_symbol

        return parse_symbol(text, self.source.weights)


def verb(
    *, text: str, embedded: bool = True, selects: bool = False
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a click command of a body `f(pair, **options) -> Result`.

    `text` is "needed", "optional" or "none". The command reads MODEL [TEXT], calls the body and emits.
    `embedded` False asks for a MODEL instead of falling back to the pair that ships with the package. With
    `selects`, `--alphabet` selects symbols of a net that has more of them, or names for them.
    """

    def wrap(body: Callable[..., Any]) -> click.Command:
        own: list[click.Parameter] = list(reversed(getattr(body, "__click_params__", [])))

        def run(model: str | None, **options: Any) -> None:
            reading = {key: options.pop(key) for key in ("layout", "vocabulary", "readout", "alphabet")}
            emitting = emitting_of(options, own)
            name = body.__name__.rstrip("_")
            inputs = (model, options.get("text"))
            check_emitting(emitting, "automaton/1" if name == "compile" else f"{name}/1", *inputs)
            for key in ("output", "graph", "checkpoint", "proof"):
                others = (*inputs, emitting["figure"], emitting["out"])
                check_output(options.get(key), *others, net=key == "output" and name in ("harden", "prune"))
            path = options.pop("text", None)
            given = [READING_NAMES[key] for key, value in reading.items() if value is not None]
            if model is None and given:
                raise click.UsageError(f"{given[0]} describes a MODEL, and none is given", _context())
            if model is not None and path is None and text == "needed":
                raise click.UsageError("Missing argument 'TEXT'.", _context())
            pair = read_pair(model, path, reading, embedded_text=text != "none", selects=selects)
            words = [(READING_NAMES[key], str(value)) for key, value in reading.items() if value is not None]
            pair = dataclasses.replace(pair, paths=(model, path), reading=tuple(sum(words, ())))
            emit(body(pair, **options), pair, **emitting)

        arguments = [click.Argument(["model"], required=not embedded)]
        if text != "none":
            arguments.append(click.Argument(["text"], required=False))
        return click.Command(
            body.__name__.rstrip("_").replace("_", "-"),
            callback=run,
            params=[*arguments, *own, *_reading(own, selects), *emitting_options(own)],
            help=inspect.getdoc(body),
        )

    return wrap


def emitting_of(options: dict[str, Any], own: list[click.Parameter]) -> dict[str, Any]:
    """The options that say how to emit, taken out of `options`; a verb's own seed stays there too."""
    from boolrnn import progress

    progress.enable()
    found = {key: options.pop(key, None) for key in ("as_json", "as_csv", "out", "figure")}
    kept = any(option.name == "seed" for option in own)
    return found | {"seed": options["seed"] if kept else options.pop("seed", None)}


def emitting_options(own: list[click.Parameter]) -> list[click.Option]:
    """EMITTING, without its `--seed` where a verb has one that does something."""
    kept = any(option.name == "seed" for option in own)
    return [option for option in EMITTING if not (kept and option.name == "seed")]


def check_output(output: str | None, *others: str | None, net: bool = True) -> None:
    """Refuse a file that could not be written, or is one of `others`, before anything long begins."""
    import os
    from pathlib import Path

    from boolrnn.errors import ResultError
    from boolrnn.model.formats import PICKLES

    if output is None:
        return
    path = Path(output)
    if output == "-":
        raise OptionError("-: expected the name of a file to write")
    if net and path.suffix.lower() in PICKLES:
        raise OptionError(f"{path}: boolrnn writes no pickles; expected .npz, .safetensors or .pt")
    for other in others:
        if other is not None and os.path.realpath(other) == os.path.realpath(output):
            raise OptionError(f"{path}: would be overwritten; name another file")
    if path.exists() and not path.is_file():
        raise ResultError(f"{path}: cannot be written (no regular file)")
    if not path.parent.is_dir():
        raise ResultError(f"{path}: cannot be written (no such directory)")
    if not os.access(path.parent, os.W_OK):
        raise ResultError(f"{path}: cannot be written (no permission in its directory)")


def _reading(own: list[click.Parameter], selects: bool) -> list[click.Option]:
    """READING, its `--outputs` under another name where a verb has an option of that name."""
    taken = any("--outputs" in option.opts for option in own)
    other = click.Option(
        ["--readout-size", "readout"], type=READING[2].type, metavar="O", help=READING[2].help
    )
    found = [other if taken and option.name == "readout" else option for option in READING]
    return [*found[:-1], SELECTING] if selects else found


def _context() -> click.Context:
    return click.get_current_context()


def check_emitting(emitting: dict[str, Any], schema: str, *inputs: str | None) -> None:
    """Refuse what could not be written, or is one of the inputs, before anything is computed."""
    if emitting["as_json"] and emitting["as_csv"]:
        raise click.UsageError("--json and --csv both write to stdout", _context())
    figure, out = emitting["figure"], emitting["out"]
    if figure is not None and not figure.lower().endswith((".svg", ".png")):
        raise OptionError(f"figure {figure}: expected a name that ends in .svg or .png")
    check_output(figure, *inputs, out, net=False)
    if out is not None:
        from pathlib import Path

        from boolrnn.result import check_folder

        check_folder(Path(out), schema)


def compiled(pair: Pair, output: str | None) -> "Automaton":
    """The automaton of the pair, annotated with its text if there is one, and written if asked."""
    from boolrnn.model.automaton import compile

    if output is not None and not output.lower().endswith(".npz"):
        raise OptionError(f"{output}: expected a name that ends in .npz")
    automaton = pair.automaton
    if pair.symbols is not None:
        automaton = compile(automaton.weights, pair.symbols)
    if output is not None:
        dataclasses.replace(automaton, made_by=made_by(pair, None)).write(output)
    return automaton


def write_if_certified(found: "Certify", output: str, pair: Pair) -> None:
    """Write a certificate file, or say that there is none to write."""
    if found.level == "none":
        click.echo(f"boolrnn: note: {output} is not written: nothing is certified", err=True)
    else:
        dataclasses.replace(found, made_by=made_by(pair, None)).write(output)


def write_certificate_of(weights: "Weights", output: str, pair: Pair) -> None:
    """Write the certificate file of a net, for every text, outputs included."""
    from boolrnn.check.certify import certify

    write_if_certified(certify(weights, outputs=True), output, pair)


def made_by(pair: "Pair | Corpus | Spec", seed: int | None) -> "MadeBy":
    import shlex

    from boolrnn.result import MadeBy

    command = shlex.join(["boolrnn", *sys.argv[1:]])
    return MadeBy(command=command, inputs=pair.inputs, seed=seed)


def read_pair(
    model: str | None,
    text: str | None,
    reading: dict[str, Any],
    *,
    embedded_text: bool,
    selects: bool = False,
) -> Pair:
    """MODEL and TEXT, or the pair that ships with the package where both are left out."""
    import hashlib

    from boolrnn.model.corpus import read_bytes

    if model is None:
        from boolrnn.data import embedded_pair

        source, data = embedded_pair()
        inputs = {"embedded model": source.sha256}
        if not embedded_text:
            return Pair(source, None, inputs)
        return Pair(source, data, inputs | {"embedded text": hashlib.sha256(data).hexdigest()})
    source, chosen = _read_model(model, reading, selects)
    inputs = {model: source.sha256}
    if text is None:
        return Pair(source, None, inputs, chosen)
    data = read_bytes(text)
    return Pair(source, data, inputs | {text: hashlib.sha256(data).hexdigest()}, chosen)


def _read_model(model: str, reading: dict[str, Any], selects: bool) -> "tuple[Source, np.ndarray | None]":
    """A MODEL, and the symbols that `--alphabet` selects where it does not name them."""
    from boolrnn.model.corpus import parse_alphabet, to_symbols
    from boolrnn.model.formats import read_source

    given = None if reading["alphabet"] is None else parse_alphabet(reading["alphabet"])
    shape = {"layout": reading["layout"], "symbols": reading["vocabulary"], "outputs": reading["readout"]}
    if given is None or not selects:
        return read_source(model, **shape, alphabet=given), None
    source = read_source(model, **shape)
    if source.weights.alphabet is None and len(given) == source.weights.symbols:
        return read_source(model, **shape, alphabet=given), None
    try:
        return source, to_symbols(given.tobytes(), source.weights)
    except TextError as error:
        raise TextError(f"alphabet {reading['alphabet']!r}: {error}") from None


def emit(
    result: Any,
    pair: "Pair | Corpus | Spec",
    *,
    as_json: bool,
    as_csv: bool,
    out: str | None,
    seed: int | None,
    figure: str | None = None,
) -> None:
    """Say where the result comes from, save what was asked for, print it, and set the exit code."""
    import json

    result = dataclasses.replace(result, made_by=made_by(pair, seed))
    if figure is not None:
        from boolrnn.report.figures import write_figure

        write_figure(result, figure)
    if out is not None:
        _save(result, out)
    if as_json:
        click.echo(json.dumps(result.to_json(), allow_nan=False))
        interrupted = "interrupted: this is what was finished" if getattr(result, "interrupted", 0) else None
        warning = getattr(result, "warning", None) or interrupted
    else:
        _print(result, as_csv)
        warning = None
    warning = warning or _layout_warning(result, pair)
    if warning:
        click.echo(f"boolrnn: warning: {warning}", err=True)
    if getattr(result, "interrupted", False):
        raise click.exceptions.Exit(130)
    if getattr(result, "undecided", False):
        raise click.exceptions.Exit(3)
    if getattr(result, "holds", None) is False:
        raise click.exceptions.Exit(1)


def _print(result: Any, as_csv: bool) -> None:
    from boolrnn.report import terminal
    from boolrnn.report.sheets import sheet

    page = sheet(result)
    if as_csv:
        click.echo(terminal.to_csv(page.tables[-1]), nl=False)
    else:
        terminal.show(page)
    for warning in page.warnings:
        click.secho(f"boolrnn: warning: {warning}", err=True, fg="red", bold=True)


def _save(result: Any, directory: str) -> None:
    import re
    from pathlib import Path

    from boolrnn.report import terminal
    from boolrnn.report.sheets import sheet
    from boolrnn.result import write_whole

    result.save(directory)
    for table in sheet(result).tables:
        name = re.sub(r"\W+", "_", table.name).strip("_") + ".csv"
        write_whole(Path(directory) / name, terminal.to_csv(table).encode("utf-8", "surrogateescape"))


def _layout_warning(result: Any, pair: "Pair | Corpus | Spec") -> str | None:
    """Where a raw file predicts badly, see whether another layout would do far better."""
    score = getattr(result, "bpc_float", None)
    if pair.source is None or pair.source.form != "raw" or score is None or score < SUSPECT_BPC:
        return None
    from boolrnn.model.info import info

    return info(pair.source, pair.symbols).warning
