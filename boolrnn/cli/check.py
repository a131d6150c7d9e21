"""Verbs of the room `check`: network and automaton beside each other."""

from typing import Any

import click

from boolrnn.cli.common import FIGURE, Pair, verb

LEVELS = ("differs", "agrees", "certified_text", "certified_always")
TANH = click.option(
    "--tanh",
    type=click.Choice(["exact", "system"]),
    default="exact",
    show_default=True,
    help="float32 tanh: correctly rounded, or this machine's libm.",
)
INITIAL = click.option(
    "--initial",
    metavar="S",
    help="Start the free run in this state (0x0 is all -1).  [default: the network's start]",
)


@verb(text="needed")
@click.option("--require", type=click.Choice(LEVELS), help="Exit with 1 unless this level is reached.")
@INITIAL
@TANH
@FIGURE
def agreement(pair: Pair, require: str | None, initial: str | None, tanh: str) -> Any:
    """Is this network a Boolean automaton on this text?

    Reports the strongest level of faithfulness that holds, where network and automaton part first,
    how often they agree, what parting costs in bits per character, and how margins predict it.

    Example:  boolrnn agreement sat_model.bin text.txt --require agrees
    """
    from boolrnn.check.agreement import agreement

    state = pair.state(initial)
    return agreement(pair.automaton, pair.needed_symbols, require=require, initial=state, tanh=tanh)


@verb(text="needed")
@click.option(
    "--top",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Guesses listed per position and predictor.",
)
@INITIAL
@TANH
def predict(pair: Pair, top: int, initial: str | None, tanh: str) -> Any:
    """What network and automaton predict, position by position.

    Four predictors: the network; its signs, read out; one step of the automaton from its signs; the
    automaton running free. Per position their guesses and the bits that the true symbol costs. Only a
    net whose outputs are symbols (O = V) predicts.

    Example:  boolrnn predict sat_model.bin text.txt --json
    """
    from boolrnn.check.predict import predict

    state = pair.state(initial)
    return predict(pair.automaton, pair.needed_symbols, top=top, initial=state, tanh=tanh)


@verb(text="needed")
@click.option("--as-published", is_flag=True, default=False, help="Bins of 5, the last open, as published.")
@TANH
@FIGURE
def margins(pair: Pair, as_published: bool, tanh: str) -> Any:
    """How far sums stay from the threshold.

    Distributions of |z| for network and automaton: summary, quantiles, bins, and per neuron.

    Example:  boolrnn margins sat_model.bin text.txt --figure margins.svg
    """
    from boolrnn.check.margins import margins

    return margins(pair.automaton, pair.needed_symbols, as_published=as_published, tanh=tanh)


VERBS = (agreement, predict, margins)
