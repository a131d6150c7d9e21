"""Verbs of the room `machines`: the exact minimal machine of a net, compared, drawn, trained."""

from typing import Any

import click

from boolrnn.cli.check import TANH
from boolrnn.cli.clauses import BUDGET, STEPPED
from boolrnn.cli.common import FIGURE, Pair, verb
from boolrnn.cli.specs import Spec, spec_argument, specified
from boolrnn.errors import OptionError

OUTPUTS = click.option(
    "--outputs",
    default="argmax",
    show_default=True,
    metavar="WHAT",
    help="What is read off a state: argmax (of one output its sign), symbol, sign:K, top:K, bits:h3,h7, or a "
    "file: one label per output, or an .npz with another wy and by.",
)
MEMORY = click.option(
    "--memory",
    default="1G",
    show_default=True,
    help="For states and the steps between them; labels, merging and checks come on top.",
)


@verb(text="optional", selects=True)
@click.option("-o", "output", metavar="M.json", help="Write the machine file (JSON).")
@OUTPUTS
@click.option(
    "--kind",
    type=click.Choice(["moore", "mealy"]),
    default="moore",
    show_default=True,
    help="Labels on states, or on transitions; sizes of both are given.",
)
@click.option("--word", metavar="W", help="Only the states while W is read for ever.")
@click.option("--neurons", metavar="H0,H1,..", help="Only these neurons, and those that they depend on.")
@click.option(
    "--max-states", type=int, default=10_000_000, show_default=True, help="Stop there: unproved, exit code 3."
)
@MEMORY
@click.option("--checkpoint", metavar="FILE", help="Keep the enumeration in FILE, and go on from it.")
@BUDGET
@STEPPED
@FIGURE
def extract(pair: Pair, output: str | None, word: str | None, neurons: str | None, **options: Any) -> Any:
    """The exact minimal machine of a net: its states, counted and merged, with a proof.

    Enumerates every bit state that words reach from the network's start, labels each by the readout in exact
    arithmetic, merges those that no word tells apart (Moore and Mealy), and checks all of it again. Complete,
    it speaks for all words of all lengths: of the sign automaton, or of the float32 network too where states
    and outputs are certified. With TEXT only the states on that text are taken, for nets too large to
    enumerate.

    Example:  boolrnn extract net.npz --alphabet 01 -o machine.json --figure machine.svg
    """
    import os

    from boolrnn.cli.graph_files import neurons_of
    from boolrnn.machines.extract import extract
    from boolrnn.model.corpus import to_symbols

    if output is not None and not output.lower().endswith(".json"):
        raise OptionError(
            f"{output}: expected a name that ends in .json (--figure draws; so does boolrnn draw)"
        )
    read = None if word is None else to_symbols(os.fsencode(word), pair.source.weights)
    symbols = pair.symbols if word is None else None
    found = extract(
        pair.automaton, symbols, among=pair.chosen, word=read, neurons=neurons_of(neurons), **options
    )
    if output is not None:
        write_machine(found, output, pair)
    return found


@verb(text="none", embedded=False, selects=True)
@spec_argument
@OUTPUTS
@click.option("--ignore-empty", is_flag=True, default=False, help="Do not compare the word of no symbols.")
@click.option("--require", type=click.Choice(["equal"]), help="Exit with 1 unless they are equal.")
@click.option(
    "--max-pairs", type=int, default=10_000_000, show_default=True, help="Stop there: undecided, exit code 3."
)
@MEMORY
@BUDGET
@click.option(
    "--words",
    type=int,
    default=2000,
    show_default=True,
    help="Sampled words on which the float32 program is run; 0: it is not run.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sampled words.")
@TANH
@STEPPED
@FIGURE
def compare_language(pair: Pair, spec: str, **options: Any) -> Any:
    """Does this net implement this specification, for every word? If not: a shortest word that shows it.

    SPEC is another model, a machine file, DOT or HOA text, a regular expression, or a name such as tomita4,
    divisible:7, brackets:3, parity, addition. Pairs of states are explored from both starts: a difference is
    found long before all are known, and where none is left both are equal on all words of all lengths. Beside
    the answer stands what is known of the float32 network.

    Example:  boolrnn compare-language net.npz "(1(01*0)*1|0)*" --alphabet 01
    """
    from boolrnn.cli.specs import model_or_machine
    from boolrnn.machines.compare import compare_language

    return compare_language(pair.automaton, model_or_machine(spec, pair), among=pair.chosen, **options)


@specified(writes=False)
@click.option(
    "-o",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Write all of it (.dot, .gv, .graphml) or its picture (.svg, .png); repeatable.",
)
@click.option(
    "--most", type=int, default=60, show_default=True, help="States drawn, nearest first, up to 200."
)
@FIGURE
def draw(spec: Spec, outputs: tuple[str, ...], **options: Any) -> Any:
    """A machine as a table and a picture, and in the formats of others.

    Example:  boolrnn draw machine.json -o machine.dot --figure machine.svg
    """
    from boolrnn.machines.draw import draw
    from boolrnn.report.figures import write_figure

    found = draw(spec.machine, **options)
    for path in outputs:
        if path.lower().endswith((".svg", ".png")):
            write_figure(found, path)
        else:
            found.write(path)
    return found


@specified(writes=True)
@click.option("--hidden", type=int, default=16, show_default=True, metavar="H", help="Neurons.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same net (on one machine).")
@click.option(
    "--counterexamples/--plain",
    default=True,
    show_default=True,
    help="Feed back words that it gets wrong until the net is proved; or learn from drawn words alone.",
)
@click.option("--updates", type=int, default=2500, show_default=True, help="Batches of the first training.")
@click.option("--trainings", type=int, default=8, show_default=True, help="Nets that are begun at most.")
@click.option("--longest", type=int, default=24, show_default=True, help="Symbols of a word in training.")
@click.option("--batch", type=int, default=64, show_default=True, help="Words per batch.")
@click.option(
    "--flips",
    type=float,
    metavar="SHARE",
    help="Of hidden values, flipped while every second net learns.  [default: 1/32 from H = 32 on]",
)
@click.option(
    "--max-pairs", type=int, default=1_000_000, show_default=True, help="Of states, in the last comparison."
)
@BUDGET
@FIGURE
def train_language(spec: Spec, output: str, **options: Any) -> Any:
    """A net that speaks a language, proved for words of every length: trained on signs, hardened, compared.

    The integers that are written are those that are proved. Exit code 1: with --counterexamples the net is
    written but not proved. Names: tomita1..tomita7, parity, divisible:N[:BASE], brackets:DEPTH, addition.

    Example:  boolrnn train-language tomita4 -o tomita4.npz
    """
    from boolrnn.machines.task import train_language

    return train_language(spec.machine, language=spec.name, **options)


VERBS = (extract, compare_language, draw, train_language)


def write_machine(found: Any, output: str, pair: Pair) -> None:
    """Write the machine file, or say that there is none to write."""
    import dataclasses

    from boolrnn.cli.common import made_by

    if found.machine is None:
        click.echo(f"boolrnn: note: {output} is not written: there is no machine", err=True)
    else:
        dataclasses.replace(found, made_by=made_by(pair, None)).write(output)
