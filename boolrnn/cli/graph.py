"""Verbs of the room `graph`: who decides whom, what moves together, where the dynamics ends up."""

from typing import Any

import click

from boolrnn.cli.check import TANH
from boolrnn.cli.common import FIGURE, Pair, verb

STATES = click.option(
    "--states",
    type=click.Choice(["network", "automaton"]),
    default="network",
    show_default=True,
    help="Whose states: the float network's signs, or the automaton's own trajectory.",
)
POSITIONS = click.option(
    "--positions", metavar="A:B[:STEP]", help="Positions A, A + STEP, ... before B.  [default: all, 0..n-2]"
)
GRAPH = click.option("--graph", metavar="FILE", help="Write the edges to FILE (.graphml or .dot).")


@verb(text="needed")
@POSITIONS
@STATES
@click.option("--top", type=click.IntRange(1), metavar="K", help="List the heaviest K edges.  [default: all]")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="List edges of at least this rate.",
)
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="Positions 10, 13, 16, ... and the mean as float32 sums print it.",
)
@TANH
@GRAPH
@FIGURE
def influence(pair: Pair, graph: str | None, **options: Any) -> Any:
    """Who decides whom: flip one bit, see which bits of the next state change.

    The rate of an edge j -> i is the share of positions at which flipping bit j alone changes bit i one step
    later, counted exactly over all positions. In- and out-degrees, pivotal inputs, and strongly connected
    components follow from it; a graph file holds the edges listed.

    Example:  boolrnn influence sat_model.bin text.txt --top 200 --graph influence.graphml
    """
    from boolrnn.cli.graph_files import check_graph, write_listed
    from boolrnn.graph.influence import influence

    check_graph(graph)
    found = influence(pair.automaton, pair.needed_symbols, **options)
    if graph is not None:
        write_listed(found, graph)
    return found


@verb(text="needed")
@POSITIONS
@STATES
@click.option("--depth", type=int, default=10, show_default=True, help="Steps to trace back.")
@click.option("--length", type=int, default=2, show_default=True, help="Edges of the paths that are listed.")
@click.option(
    "--top",
    type=int,
    metavar="K",
    help="Busiest neurons tested, and paths listed.  [default: 20; of small nets a sixth is tested]",
)
@click.option(
    "--permutations", type=int, default=100, show_default=True, help="Null models; 0 leaves them out."
)
@click.option("--chain", metavar="H0,H1,..", help="Test a named route, the end first: h54,h121,h78.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the permutations.")
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="The published definition at its 12 positions, with hidden values.",
)
@TANH
@FIGURE
def backbone(pair: Pair, **options: Any) -> Any:
    """Which routes carry the predictions, and is there a backbone at all?

    What each bit changes in a prediction is traced back through the inputs whose flip alone flips it, step
    by step, over every position. Beside it stands the published definition (follow the largest |weight x
    value|), and a null model with the weights permuted within rows says what traffic looks like anyway.

    Example:  boolrnn backbone sat_model.bin text.txt --chain h54,h121,h78 --figure backbone.svg
    """
    from boolrnn.graph.backbone import backbone

    return backbone(pair.automaton, pair.needed_symbols, **options)


@verb(text="needed")
@STATES
@click.option(
    "--q", type=float, default=0.05, show_default=True, help="False discovery rate of the groups' edges."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the search for groups.")
@click.option("--as-published", is_flag=True, default=False, help="Pairs by count, as published.")
@TANH
@FIGURE
def coflips(pair: Pair, **options: Any) -> Any:
    """Which neurons flip together, more than they would anyway.

    Per pair the positions at which both flip and their Jaccard index, beside the index expected of
    independent neurons; p-values against shifted trains and against the symbols alone, with false discovery
    rates. Groups are communities of the excess, with the symbols and contexts at which they move.

    Example:  boolrnn coflips sat_model.bin text.txt --figure coflips.svg
    """
    from boolrnn.graph.coflips import coflips

    return coflips(pair.automaton, pair.needed_symbols, **options)


@verb(text="needed")
@STATES
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="Published classes and cuts: dwells under 100, histogram under 50.",
)
@TANH
@FIGURE
def dwell(pair: Pair, **options: Any) -> Any:
    """How long neurons keep their sign.

    A dwell is the number of steps between two flips of a neuron. Per neuron flips, dwells and saturation,
    the histogram of all dwells, and the flips that each symbol brings.

    Example:  boolrnn dwell sat_model.bin text.txt
    """
    from boolrnn.graph.dwell import dwell

    return dwell(pair.automaton, pair.needed_symbols, **options)


@verb(text="optional")
@click.option(
    "--symbol", "symbol", multiple=True, metavar="X", help="One character, or a number; repeatable."
)
@click.option(
    "--word", "word", multiple=True, metavar="W", help="Several characters, read in turn; repeatable."
)
@click.option("--all", "every", is_flag=True, help="Every symbol, or every symbol that TEXT has.")
@click.option(
    "--starts", type=int, default=50, show_default=True, metavar="N", help="Random states to follow."
)
@click.option("--memory", default="2G", show_default=True, help="For visited states; walks go on without.")
@click.option("--budget", type=float, metavar="SECONDS", help="Stop then; exit with 3 if starts are left.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the starts.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "numpy", "compiled"]),
    default="auto",
    show_default=True,
    help="How states are stepped; all give the same.",
)
@click.option("--checkpoint", metavar="FILE", help="Keep finished starts in FILE, and go on from it.")
@FIGURE
def cycles(pair: Pair, symbol: tuple[str, ...], word: tuple[str, ...], every: bool, **options: Any) -> Any:
    """Where the dynamics ends up when a symbol, or a word, is read for ever.

    Random states are followed to their cycles, each visited state once: transients and periods are exact,
    and each cycle is checked by a second stepper. Random starts do not find cycles that few states lead to,
    fixed points among them.

    Example:  boolrnn cycles sat_model.bin --symbol / --symbol e --starts 50
    """
    from boolrnn.cli.graph_files import inputs_of
    from boolrnn.graph.cycles import cycles

    return cycles(pair.automaton, inputs_of(pair, symbol, word, every), **options)


@verb(text="needed")
@click.option("--lags", type=int, default=50, show_default=True, help="Steps that flips are followed.")
@POSITIONS
@click.option("--neurons", metavar="H0,H1,..", help="Neurons that are flipped.  [default: all]")
@STATES
@click.option(
    "--samples", type=int, metavar="N", help="Follow N flips drawn at random.  [default: all up to 2 million]"
)
@click.option(
    "--exponents", type=int, default=8, show_default=True, help="Lyapunov exponents of the network."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of samples and of the exponents' start."
)
@TANH
@FIGURE
def perturb(pair: Pair, neurons: str | None, **options: Any) -> Any:
    """How one flipped bit spreads, and whether it heals.

    Every bit of every state is flipped, and the automaton runs on from both states while the text goes on:
    Hamming distance and share healed by lag. Beside it the Lyapunov exponents of the float network, which
    say whether infinitely small changes of its values grow.

    Example:  boolrnn perturb sat_model.bin text.txt --lags 100 --figure perturb.svg
    """
    from boolrnn.cli.graph_files import neurons_of
    from boolrnn.graph.perturb import perturb

    return perturb(pair.automaton, pair.needed_symbols, neurons=neurons_of(neurons), **options)


VERBS = (influence, backbone, coflips, dwell, cycles, perturb)
