"""Verbs of the room `report`: pages that show it all."""

import inspect
from collections.abc import Callable
from typing import Any

import click

from boolrnn.cli.check import TANH
from boolrnn.cli.clauses import BUDGET
from boolrnn.cli.common import (
    Pair,
    check_emitting,
    check_output,
    emit,
    emitting_of,
    emitting_options,
    made_by,
    verb,
)
from boolrnn.cli.making import Corpus

PAGE = click.Option(
    ["-o", "output"], default="demo.html", show_default=True, metavar="FILE", help="Write the page to FILE."
)


def shipped(body: Callable[..., Any]) -> click.Command:
    """Make a click command of a body `f(output, made_by, **options) -> Result` about what ships with the
    package: it has no arguments, writes a page and emits."""
    own: list[click.Parameter] = list(reversed(getattr(body, "__click_params__", [])))

    def run(output: str, **options: Any) -> None:
        emitting = emitting_of(options, own)
        check_emitting(emitting, f"{body.__name__}/1", output)
        check_output(output, emitting["figure"], emitting["out"], net=False)
        inputs = _inputs()
        result = body(output, made_by(inputs, emitting["seed"]), **options)
        emit(result, inputs, **emitting)

    return click.Command(
        body.__name__, callback=run, params=[PAGE, *own, *emitting_options(own)], help=inspect.getdoc(body)
    )


def _inputs() -> Corpus:
    """What ships with the package, with its hashes."""
    import hashlib

    from boolrnn.data import embedded_pair, passed_net

    (plain, text), (hardened, _) = embedded_pair("plain"), embedded_pair("hardened")
    inputs = {
        "embedded text": hashlib.sha256(text).hexdigest(),
        "embedded plain model": plain.sha256,
        "embedded model": hardened.sha256,
        "embedded small model": passed_net().sha256,
    }
    return Corpus(text, hardened.weights.alphabet, inputs)


@shipped
@click.option(
    "--files", metavar="DIR", help="Write the nets, the text and the certificate into DIR, to ask them more."
)
@click.option(
    "--at", type=int, default=826, show_default=True, metavar="T", help="Flip bits after position T,"
)
@click.option(
    "--steps",
    type=int,
    default=3,
    show_default=True,
    metavar="K",
    help="and read K symbols before predicting.",
)
@click.option("--words", type=int, default=20_000, show_default=True, help="Test words of the small net.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the words that are drawn.")
def demo(output: str, made_by: Any, **options: Any) -> Any:
    """Two nets, one contrast: what this is for, as one page.

    A plain tanh net that is not its automaton, and its hardened twin that is, for every text, with a
    certificate that a script of its own checks. The fewest flips that change one prediction, proved. A small
    net that passes 20,000 tests and is wrong, on one exact shortest word. All of it is computed as you wait,
    from nets that ship with the package.

    Example:  boolrnn demo -o demo.html
    """
    from boolrnn.report.demo import demo

    return demo(output, made_by, **options)


@verb(text="needed")
@click.option(
    "-o", "output", default="report.html", show_default=True, metavar="FILE", help="Write the page to FILE."
)
@click.option(
    "--with",
    "ledgers",
    metavar="DIR",
    help="Show the ledgers of claims in DIR, which python -m analyses writes.",
)
@click.option(
    "--details",
    metavar="A:B[:STEP]",
    help="Positions about which the page holds everything.  [default: all; of long texts the first ones and "
    "those that cost the network most]",
)
@click.option(
    "--part",
    type=click.IntRange(1),
    default=4096,
    show_default=True,
    metavar="N",
    help="Positions that the slower questions read, where TEXT has more.",
)
@BUDGET
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is drawn at random.")
@TANH
def report(pair: Pair, output: str, **options: Any) -> Any:
    """Everything about a net on a text as one page, to look at and to mail.

    One HTML file that opens from disk and asks no network: the verdict, the text coloured by bits, margins,
    agreement or flips, every position down to any bit, every neuron, the graph, charts with their data, and
    the tables of the verbs that answer. Slower questions read the first --part positions.

    Example:  boolrnn report sat_model.bin text.txt -o report.html
    """
    from boolrnn.report.questions import Names
    from boolrnn.report.report import write_report

    names = Names(*pair.paths, pair.reading)
    origin = made_by(pair, options["seed"])
    return write_report(pair.automaton, pair.needed_symbols, output, names, origin, **options)


VERBS = (demo, report)
