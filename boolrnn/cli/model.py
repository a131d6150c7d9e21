"""Verbs of the room `model`: weights in and out, the automaton, its rules."""

from typing import Any

import click

from boolrnn.cli.common import FIGURE, LAYOUTS, Pair, verb


@verb(text="optional")
def info(pair: Pair) -> Any:
    """Shapes, exactness, and whether the layout is right.

    Shows what a weight file holds: tensors, hashes, how many bits its sums need and how they are
    decided exactly. With a TEXT, bits per character under every layout that fits the file's size.

    Example:  boolrnn info sat_model.bin text.txt
    """
    from boolrnn.model.info import info

    return info(pair.source, pair.symbols)


@verb(text="none", embedded=False)
@click.argument("path", metavar="OUT")
@click.option(
    "--to-layout",
    type=click.Choice(LAYOUTS),
    default=LAYOUTS[0],
    show_default=True,
    help="Order of the tensors where OUT is a raw file.",
)
def convert(pair: Pair, path: str, to_layout: str) -> Any:
    """The same weights in another file format, bit for bit.

    OUT's ending names the format: .npz, .safetensors, .pt (needs torch), anything else raw float32.
    The file is read back and compared.

    Example:  boolrnn convert sat_model.bin sat.safetensors
    """
    from boolrnn.model.convert import convert

    return convert(pair.source, path, to_layout=to_layout)


@verb(text="optional")
@click.option("-o", "output", metavar="FILE", help="Write the automaton to FILE (.npz).")
def compile_(pair: Pair, output: str | None) -> Any:
    """The exact transition function, with margins.

    Proves per row how its sums are exact and bounds every sum. With a TEXT, also the least margin and
    the least flip distance that its trajectory meets. Most verbs take the file as MODEL.

    Example:  boolrnn compile sat_model.bin text.txt -o sat.npz
    """
    from boolrnn.cli.common import compiled

    return compiled(pair, output)


@verb(text="none")
@click.option("--symbol", required=True, metavar="X", help="One character, or a number (47, 0x2f).")
@click.option(
    "--state",
    metavar="S",
    help="0x... (bit j = neuron j) or H bits, neuron 0 first.  [default: the network's start]",
)
@click.option(
    "--top",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="Contributions listed per neuron; 0 lists all.",
)
@FIGURE
def step(pair: Pair, symbol: str, state: str | None, top: int) -> Any:
    """One transition, and what decided each bit.

    Gives the next state, every neuron's margin, and the heaviest contributions w s of each neuron.

    Example:  boolrnn step sat_model.bin --symbol '<' --state 0x0
    """
    from boolrnn.model.step import step

    return step(pair.automaton, pair.symbol(symbol), pair.state(state), top=top)


@verb(text="needed")
@click.option(
    "--initial",
    metavar="S",
    help="Start in this state (0x0 is all -1).  [default: the network's start]",
)
@click.option(
    "--margins",
    type=click.Choice(["least", "all"]),
    default="least",
    show_default=True,
    help="Margins to keep: the least of each step, or all of them.",
)
@FIGURE
def run(pair: Pair, initial: str | None, margins: str) -> Any:
    """The automaton's trajectory over a text.

    Gives all n states in hex, the flips of each step, margins, and how many states are distinct.

    Example:  boolrnn run sat_model.bin text.txt --initial 0x0
    """
    from boolrnn.model.run import run

    state = pair.state(initial)
    return run(pair.automaton, pair.needed_symbols, initial=state, margins=margins)


@verb(text="optional")
@click.option("--neuron", required=True, metavar="J", help="Neuron, 28 or h28.")
@click.option("--symbol", required=True, metavar="X", help="One character, or a number (47, 0x2f).")
@click.option(
    "--given",
    multiple=True,
    metavar="BITS",
    help="Fix bits: h3=1,h7=0; or 'constant': those that never change where TEXT reads X.",
)
@click.option(
    "--max-terms",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Longest formula that is written down.",
)
@FIGURE
def rule(pair: Pair, neuron: str, symbol: str, given: tuple[str, ...], max_terms: int) -> Any:
    """One neuron's threshold rule in integers, and as a formula.

    The rule says: bit = 1 iff the sum of weight x b reaches the threshold. Where few inputs matter, its
    minimal formula follows; where it would explode, the size that stands in the way.

    Example:  boolrnn rule sat_model.bin --neuron h28 --symbol '<'
    """
    from boolrnn.model.rule import parse_given, parse_neuron, rule

    x = pair.symbol(symbol)
    bits = parse_given(given, pair.automaton, pair.symbols, x)
    if "constant" in given and not bits:
        click.echo(f"boolrnn: note: no bit is constant where the text reads symbol {x}", err=True)
    return rule(pair.automaton, parse_neuron(neuron), x, given=bits, max_terms=max_terms)


VERBS = (info, convert, compile_, step, run, rule)
