"""Verbs of the room `clauses`: questions about all states at once."""

from typing import Any

import click

from boolrnn.cli.check import TANH
from boolrnn.cli.common import FIGURE, Pair, verb
from boolrnn.cli.graph import POSITIONS
from boolrnn.errors import OptionError

ENGINES = ("auto", "closed", "search", "lp", "cp-sat", "highs", "cadical", "glucose")
ENGINE = click.option(
    "--engine", type=click.Choice(ENGINES), default="auto", show_default=True, help="Who answers."
)
STEPPED = click.option(
    "--engine",
    type=click.Choice(["auto", "numpy", "compiled"]),
    default="auto",
    show_default=True,
    help="How states are stepped; all give the same.",
)
BUDGET = click.option(
    "--budget", type=float, metavar="SECONDS", help="Stop then; exit with 3 if it is still unknown."
)
AMONG = click.option(
    "--among",
    multiple=True,
    metavar="W",
    help="Symbols that may be read: a character, a number, or several characters; repeatable.  "
    "[default: all, or those of TEXT]",
)


@verb(text="needed")
@click.option(
    "--predictions", is_flag=True, default=False, help="Map what changes the prediction from each state."
)
@click.option("--positions", metavar="A:B[:STEP]", help="Of these positions.  [default: all, 0..n-1]")
@click.option("--at", type=int, metavar="T", help="Ask about position T.  [default: the map of all]")
@click.option(
    "--steps", type=int, metavar="K", help="Steps from the flips to the effect, 0 or more.  [default: 1]"
)
@click.option("--bit", metavar="H", help="Change this neuron's bit.  [default: the predicted symbol]")
@click.option("--bits", metavar="H0,H1,..", help="Change all of these bits together.")
@click.option("--rank", is_flag=True, default=False, help="Change the rank of the true symbol.")
@click.option("--only", metavar="H0,H1,..", help="Neurons that may be flipped.  [default: all]")
@click.option(
    "--weights",
    type=click.Choice(["count", "margin"]),
    default="count",
    show_default=True,
    help="What a flip costs: 1, or the neuron's |z| at T.",
)
@click.option("--most", type=int, metavar="R", help="Give up above R flips or substitutions.")
@click.option(
    "--edit-symbols", is_flag=True, default=False, help="Change the last K symbols instead of the state."
)
@click.option(
    "--among",
    type=click.Choice(["all", "text"]),
    default="all",
    show_default=True,
    help="Symbols that may be put in: all, or those of TEXT.",
)
@click.option("--near", type=float, metavar="EPS", help="Is |z| < EPS (of --bit, or of any) one step later?")
@click.option("--within", type=int, metavar="R", help="After at most R flips.  [default: 1]")
@click.option(
    "--states",
    type=click.Choice(["network", "automaton"]),
    default="automaton",
    show_default=True,
    help="Whose states: the automaton's own trajectory, or the float network's signs.",
)
@BUDGET
@click.option(
    "--engine",
    type=click.Choice(["auto", "enumeration", *ENGINES[1:]]),
    default="auto",
    show_default=True,
    help="Who answers.",
)
@TANH
@FIGURE
def fragility(pair: Pair, bit: str | None, bits: str | None, only: str | None, **options: Any) -> Any:
    """What is the smallest change that changes this?

    Without --at it is a map: for every position and neuron, the fewest flips of the state before that change
    the neuron's bit, or (--predictions) for every position the fewest flips of its own state that change the
    largest output. At a position, the fewest (or cheapest) flips that change bits, the predicted symbol or
    the rank of the true one K steps later; the fewest substitutions among the last K symbols that change the
    prediction; or whether a state near this one brings a sum almost to 0. Answers are minimal and proved:
    what is smaller was exhausted or refuted.

    Example:  boolrnn fragility sat_model.bin text.txt --at 300 --steps 2
    """
    from boolrnn.clauses.fragility import fragility
    from boolrnn.cli.graph_files import neurons_of
    from boolrnn.model.rule import parse_neuron

    if options["at"] is not None and click.get_current_context().params.get("figure") is not None:
        raise OptionError("--figure draws the map only: leave out --at")
    return fragility(
        pair.automaton,
        pair.needed_symbols,
        bit=None if bit is None else parse_neuron(bit),
        bits=neurons_of(bits),
        only=neurons_of(only),
        **options,
    )


@verb(text="needed")
@click.option(
    "--radius", type=int, default=1, show_default=True, metavar="R", help="Flip every set of 1 to R bits."
)
@POSITIONS
@click.option(
    "--within", type=int, metavar="L", help="Back within L steps, or not at all.  [default: the whole text]"
)
@click.option("--memory", default="1G", show_default=True, help="For tables of what is known already.")
@BUDGET
@STEPPED
@FIGURE
def heal(pair: Pair, **options: Any) -> Any:
    """Does every state near the trajectory come back to it when the text goes on?

    Every set of 1 to R bits of every state is flipped and followed, exactly, until the trajectory is the old
    one again: a certificate with the longest recovery, or a state that stays away. Where the text ends first,
    with fewer symbols left than the longest recovery took, a state is counted as open.

    Example:  boolrnn heal net.npz text.txt --radius 2 --figure heal.svg
    """
    from boolrnn.clauses.heal import heal

    return heal(pair.automaton, pair.needed_symbols, **options)


@verb(text="optional")
@click.option("--state", metavar="STATE", help="The state to lead into: hex, or H bits, neuron 0 first.")
@click.option("--at", type=int, metavar="T", help="Instead: the automaton's state at position T of TEXT.")
@click.option("--care", metavar="MASK", help="The bits of the state that matter.  [default: all]")
@click.option("--symbol", metavar="X", help="The symbol that is read.  [default: ask about each]")
@click.option("--word", metavar="W", help="Instead: several symbols, read in turn.")
@click.option("--steps", type=int, metavar="K", help="Symbols that are read.  [default: 1, or the word's]")
@click.option(
    "--count",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Predecessors wanted, of each last symbol.",
)
@AMONG
@ENGINE
@BUDGET
@click.option("--proof", metavar="FILE", help="Write the refutation of a symbol, for check_farkas.py.")
def preimage(
    pair: Pair,
    state: str | None,
    at: int | None,
    care: str | None,
    symbol: str | None,
    word: str | None,
    among: tuple[str, ...],
    **options: Any,
) -> Any:
    """Which states lead into this one, or the proof that none does.

    A state without a predecessor is a Garden of Eden: it can only be a start. "No" comes with a certificate
    in whole numbers that a separate script checks; a predecessor is stepped in exact arithmetic before it
    is shown. Whether the network's start (h = 0, no sign state) leads there is said apart.

    Example:  boolrnn preimage sat_model.bin text.txt --at 50 --symbol e --count 5
    """
    from boolrnn.clauses.preimage import preimage
    from boolrnn.cli.clauses_inputs import state_or_at, symbols_among, word_of

    asked = word_of(pair, symbol, word)
    found = preimage(
        pair.automaton,
        state_or_at(pair, state, at),
        symbol=asked,
        care=pair.state(care),
        among=None if asked is not None and not among else symbols_among(pair, among),
        **options,
    )
    if options["proof"] is not None and found.proof is None:
        click.echo(f"boolrnn: note: {options['proof']} is not written: nothing was refuted", err=True)
    return found


@verb(text="needed")
@click.option("--at", type=int, required=True, metavar="T", help="The position whose state is explained.")
@click.option("--bit", metavar="H", help="Explain this neuron's bit.  [default: the predicted symbol]")
@click.option(
    "--steps", type=int, metavar="K", help="Symbols read in between.  [default: 1 with --bit, else 0]"
)
@click.option(
    "--kind",
    type=click.Choice(["minimum", "minimal", "all"]),
    default="minimum",
    show_default=True,
    help="The fewest neurons, a set of which no part suffices, or every such set.",
)
@click.option(
    "--contrastive", is_flag=True, default=False, help="Neurons whose flip changes the outcome, instead."
)
@click.option(
    "--states",
    type=click.Choice(["automaton", "network"]),
    default="automaton",
    show_default=True,
    help="Whose state at T: the automaton's own trajectory, or the float network's signs.",
)
@ENGINE
@BUDGET
@click.option("--most", type=int, metavar="N", help="Of kind all: list N.  [default: 1000]")
@FIGURE
def reason(pair: Pair, bit: str | None, **options: Any) -> Any:
    """Which bits of a state suffice for what follows, and which flips change it?

    A reason is a set of neurons of states[T] such that every state that agrees on them gives the same
    prediction (or bit J) after K symbols of the text: the smallest one with a proof, or every minimal one of
    a small net. With --contrastive the dual, minimal sets of flips that give another outcome.

    Example:  boolrnn reason sat_model.bin text.txt --at 100
    """
    from boolrnn.clauses.reason import reason
    from boolrnn.model.rule import parse_neuron

    neuron = None if bit is None else parse_neuron(bit)
    return reason(pair.automaton, pair.needed_symbols, bit=neuron, **options)


@verb(text="none")
@click.option("--symbol", metavar="X", help="The symbol that is read for ever: one character, or a number.")
@click.option("--word", metavar="W", help="Several characters, read in turn; a point of the whole word.")
@click.option("--period", type=int, default=1, show_default=True, help="Cycles of exactly P readings.")
@click.option("--neurons", metavar="H0,H1,..", help="These alone, with --rest or --drop.  [default: all]")
@click.option("--rest", metavar="STATE", help="Clamp the other neurons to the bits of this state.")
@click.option("--drop", is_flag=True, default=False, help="Leave the other neurons out, rows and columns.")
@click.option(
    "--starts", type=int, default=200, show_default=True, metavar="N", help="Random states to walk."
)
@click.option("--count", type=int, default=1000, show_default=True, metavar="N", help="List at most N.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "simulation", "lp", "search"]),
    default="auto",
    show_default=True,
    help="How far to go; auto does what suits the size.",
)
@BUDGET
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random states.")
def fixed_points(
    pair: Pair, symbol: str | None, word: str | None, neurons: str | None, rest: str | None, **options: Any
) -> Any:
    """Which states return to themselves when a symbol is read for ever, and whether these are all.

    Random states are walked first; then all states are asked about at once, by bounds, a relaxation or a
    search to the end. An empty list is a proof only where it says so: never a silent "none". Beyond some 70
    neurons the search does not end: give it a --budget, or ask about a part with --neurons.

    Example:  boolrnn fixed-points sat_model.bin --symbol / --neurons h0,h1,h2,h3 --drop
    """
    from boolrnn.clauses.fixed_points import fixed_points
    from boolrnn.cli.clauses_inputs import word_of
    from boolrnn.cli.graph_files import neurons_of

    asked = word_of(pair, symbol, word)
    if asked is None:
        raise OptionError("expected --symbol X or --word W")
    named, clamped = neurons_of(neurons), pair.state(rest)
    return fixed_points(pair.automaton, asked, neurons=named, rest=clamped, **options)


@verb(text="optional")
@click.option(
    "--property",
    "property_",
    metavar="P",
    help="h5, ~h5, predicts:X, state:0x...[/0xMASK], joined by &; with --versus: predicts, h5, h*.",
)
@click.option("--from", "start", metavar="STATE", help="Where words begin.  [default: the network's start]")
@click.option("--versus", metavar="STATE", help="Second start: can a word tell the two apart?")
@click.option("--within", type=int, default=4, show_default=True, metavar="K", help="Symbols of a word.")
@AMONG
@click.option("--memory", default="2G", show_default=True, help="For states; unknown when it is used up.")
@BUDGET
@STEPPED
@FIGURE
def reach(
    pair: Pair,
    property_: str | None,
    start: str | None,
    versus: str | None,
    among: tuple[str, ...],
    **options: Any,
) -> Any:
    """Can some word lead to a state that has a property? Or tell two states apart?

    Every word of at most K symbols is covered, each distinct state followed once: the word found is a
    shortest one, replayed in exact arithmetic, and "no" is exhaustive, for words of every length where no
    new state appears any more.

    Example:  boolrnn reach sat_model.bin text.txt --property "predicts:Q & ~h5" --from 0x1f --within 5
    """
    from boolrnn.clauses.reach import reach
    from boolrnn.cli.clauses_inputs import symbols_among

    begin, second = pair.state(start), pair.state(versus)
    used = symbols_among(pair, among)
    return reach(pair.automaton, property_, start=begin, versus=second, among=used, **options)


VERBS = (fragility, heal, preimage, reason, fixed_points, reach)
