"""Verbs that make a net from a TEXT alone: reading it, writing the net, emitting the result."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from boolrnn.cli.common import check_emitting, check_output, emit, emitting_of, emitting_options

if TYPE_CHECKING:
    import numpy as np

CHECKPOINT = ".checkpoint"  # beside the net that is trained
MODEL_OUT = click.Option(
    ["-o", "output"],
    required=True,
    metavar="MODEL",
    help="Write the net to MODEL (.npz, .safetensors, .pt, else raw float32).",
)


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A TEXT alone, as read: what a net is made from."""

    text: bytes
    alphabet: "np.ndarray | None"
    inputs: dict[str, str]
    source: None = None


def maker(body: Callable[..., Any]) -> click.Command:
    """Make a click command of a body `f(corpus, output, **options) -> Made`: it reads TEXT, writes the net
    that comes out to `-o MODEL`, and emits."""
    own: list[click.Parameter] = list(reversed(getattr(body, "__click_params__", [])))

    def run(text: str, alphabet: str | None, output: str, **options: Any) -> None:
        emitting = emitting_of(options, own)
        check_emitting(emitting, f"{body.__name__}/1", text, output)
        from pathlib import Path

        check_output(output, text, emitting["out"])
        corpus = read_corpus(text, alphabet)
        result = body(corpus, output, **options)
        result.write(output)
        if not getattr(result, "interrupted", False):
            Path(output + CHECKPOINT).unlink(missing_ok=True)
        emit(result, corpus, **emitting)

    arguments = [click.Argument(["text"])]
    alphabet = click.Option(
        ["--alphabet"], metavar="STRING", help="The net's symbols, in order.  [default: the bytes of TEXT]"
    )
    params = [*arguments, MODEL_OUT, *own, alphabet, *emitting_options(own)]
    return click.Command(body.__name__, callback=run, params=params, help=inspect.getdoc(body))


def read_corpus(path: str, alphabet: str | None) -> Corpus:
    """A TEXT to make a net from."""
    import hashlib

    from boolrnn.model.corpus import parse_alphabet, read_bytes

    data = read_bytes(path)
    given = None if alphabet is None else parse_alphabet(alphabet)
    return Corpus(data, given, {path: hashlib.sha256(data).hexdigest()})
