"""Verbs of the room `clauses`: questions about all states at once."""

from typing import Any

import click

from boolrnn.cli.common import Pair, verb

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


@verb(text="optional")
@click.option("--state", metavar="STATE", help="The state to lead into: hex, or H bits, neuron 0 first.")
@click.option("--at", type=int, metavar="T", help="Instead: the automaton's state at position T of TEXT.")
@click.option("--care", metavar="MASK", help="The bits of the state that matter.  [default: all]")
@click.option("--symbol", metavar="X", help="The symbol that is read.  [default: ask about each]")
@click.option("--word", metavar="W", help="Instead: several symbols, read in turn.")
@click.option("--steps", type=int, metavar="K", help="Symbols that are read.  [default: 1, or the word's]")
@click.option("--count", type=int, default=1, show_default=True, metavar="N", help="Predecessors wanted.")
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

    return preimage(
        pair.automaton,
        state_or_at(pair, state, at),
        symbol=word_of(pair, symbol, word),
        care=pair.state(care),
        among=symbols_among(pair, among),
        **options,
    )


VERBS = (preimage,)
