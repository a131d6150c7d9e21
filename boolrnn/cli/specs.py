"""Verbs that read a SPEC: a machine file, a named language, DOT or HOA text, a regular expression."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from boolrnn.cli.common import Pair, check_emitting, check_output, emit, emitting_of, emitting_options
from boolrnn.cli.making import MODEL_OUT
from boolrnn.errors import OptionError

if TYPE_CHECKING:
    from boolrnn.machines.machine import Machine
    from boolrnn.model.weights import Weights

spec_argument = click.argument("spec")
ENDINGS = (".dot", ".gv", ".graphml", ".svg", ".png")  # of what draw writes


@dataclasses.dataclass(frozen=True)
class Spec:
    """A SPEC as read: what a verb's body works on."""

    machine: "Machine"
    name: str
    inputs: dict[str, str]
    source: None = None


def specified(*, writes: bool) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a click command of a body `f(spec, **options) -> Result` that reads SPEC and emits; where it
    `writes` a net, of `f(spec, output, **options) -> Made`, with `-o MODEL`."""

    def wrap(body: Callable[..., Any]) -> click.Command:
        own: list[click.Parameter] = list(reversed(getattr(body, "__click_params__", [])))
        name = body.__name__

        def run(spec: str, alphabet: str | None, **options: Any) -> None:
            emitting = emitting_of(options, own)
            output = options.pop("output", None)
            check_emitting(emitting, f"{name}/1", spec, output)
            check_output(output, spec)
            for path in options.get("outputs", ()):
                if not path.lower().endswith(ENDINGS):
                    raise OptionError(f"{path}: expected a name that ends in {', '.join(ENDINGS)}")
                check_output(path, spec, emitting["figure"], emitting["out"], net=False)
            given = read(spec, alphabet)
            found = body(given, output, **options) if writes else body(given, **options)
            if writes:
                found.write(output)
            emit(found, given, **emitting)

        names = click.Option(
            ["--alphabet"],
            metavar="STRING",
            help="Symbols of a regular expression, as characters.  [default: those that it names]",
        )
        params = [click.Argument(["spec"]), *([MODEL_OUT] if writes else []), *own, names]
        return click.Command(
            name.replace("_", "-"),
            callback=run,
            params=[*params, *emitting_options(own)],
            help=inspect.getdoc(body),
        )

    return wrap


def read(spec: str, alphabet: str | None) -> Spec:
    """A SPEC that is a machine."""
    from boolrnn.machines.formats.spec import read_spec
    from boolrnn.machines.naming import symbol_name
    from boolrnn.model.corpus import parse_alphabet

    given = None if alphabet is None else [symbol_name(int(x)) for x in parse_alphabet(alphabet)]
    machine = read_spec(spec, given)
    if given is not None and list(machine.alphabet) != given:
        own = " ".join(machine.alphabet[:16])
        raise OptionError(f"alphabet {alphabet!r}: {spec} has symbols of its own ({own})")
    _say_what_it_is(spec)
    return Spec(machine, spec, _origin(spec))


def _say_what_it_is(spec: str) -> None:
    """A plain word may be meant as a name or a file: say that it was read as an expression."""
    import os

    from boolrnn.machines.formats.languages import LANGUAGES

    if spec.isalnum() and spec not in LANGUAGES and not os.path.exists(spec):
        click.echo(f"boolrnn: note: {spec} is read as a regular expression, of this one word", err=True)


def model_or_machine(spec: str, pair: Pair) -> "Machine | Weights":
    """A SPEC beside a net: another net where it is a weight file, else a machine; a regular expression is
    over the net's symbols where these are named or selected."""
    import numpy as np

    from boolrnn.machines.formats.spec import read_spec
    from boolrnn.machines.naming import names_of

    pair.inputs.update(_origin(spec))
    if is_model(spec):
        return _beside(spec, pair)
    weights, names = pair.source.weights, None
    if pair.chosen is not None or weights.alphabet is not None:
        used = np.arange(weights.symbols) if pair.chosen is None else pair.chosen
        names = names_of(weights, used)
    machine = read_spec(spec, names)
    _say_what_it_is(spec)
    return machine


def is_model(spec: str) -> bool:
    """Whether a SPEC names a weight file: by its ending, or as a file that no text can be."""
    from pathlib import Path

    path = Path(spec)
    if path.suffix.lower() in (".json", ".dot", ".gv", ".hoa", ".regex", ".txt", ".svg", ".png", ".graphml"):
        return False
    if path.suffix.lower() in (".npz", ".safetensors", ".pt", ".pth", ".bin"):
        return True
    try:
        return path.is_file() and b"\0" in path.read_bytes()[:4096]
    except (OSError, ValueError):  # a regular expression may be no file name at all
        return False


def _beside(spec: str, pair: Pair) -> "Weights":
    """Another net; with the names of the first one's symbols where it has as many and no names for them."""
    import dataclasses

    from boolrnn.model.formats import read_source

    other, own = read_source(spec).weights, pair.source.weights
    if other.alphabet is None and own.alphabet is not None and other.symbols == own.symbols:
        return dataclasses.replace(other, alphabet=own.alphabet)
    return other


def _origin(spec: str) -> dict[str, str]:
    """Where a SPEC comes from: a file's hash, or what was written."""
    import contextlib
    import hashlib
    from pathlib import Path

    data = spec.encode("utf-8", "surrogateescape")
    with contextlib.suppress(OSError, ValueError):  # an expression may be no file name at all
        if Path(spec).is_file():
            data = Path(spec).read_bytes()
    return {spec: hashlib.sha256(data).hexdigest()}
