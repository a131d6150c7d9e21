"""Verbs of the room `check`: network and automaton beside each other."""

from typing import Any

import click

from boolrnn.cli.common import FIGURE, Pair, verb, write_if_certified
from boolrnn.cli.kinds import Numbers

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
@FIGURE
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


@verb(text="optional")
@click.option("--require", type=click.Choice(LEVELS[2:]), help="Exit with 1 unless this level is reached.")
@click.option(
    "--outputs", is_flag=True, default=False, help="Certify the predictions too, not only the states."
)
@click.option("-o", "output", metavar="CERT", help="Write the certificate to CERT (JSON).")
def certify(pair: Pair, require: str | None, outputs: bool, output: str | None) -> Any:
    """A proof that network and automaton are the same, as a file.

    Without TEXT for every text, else at least for TEXT. The checker of the file is one script that needs
    Python alone: python -m boolrnn.check.check_certificate CERT MODEL [TEXT]

    Example:  boolrnn certify net.npz -o net.cert.json --outputs --require certified_always
    """
    from boolrnn.check.certify import certify

    found = certify(pair.automaton, pair.symbols, require=require, outputs=outputs)
    if output is not None:
        write_if_certified(found, output, pair)
    return found


@verb(text="needed")
@click.option(
    "--bits",
    type=Numbers(int, "whole numbers"),
    default=(0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 23),
    show_default="0,1,2,3,4,5,6,8,10,12,16,23",
    help="Mantissa bits kept, 0 to 23.",
)
@click.option("--exponents", type=int, default=8, show_default=True, help="Lyapunov exponents.")
@click.option(
    "--leverage-positions",
    type=click.IntRange(0),
    metavar="N",
    default=1024,
    show_default=True,
    help="Positions, evenly spaced, at which single bits are flipped; 0 leaves it out.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the exponents' starting directions.")
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="The published safety factor; probabilities clipped at 1e-30.",
)
@TANH
@FIGURE
def precision(pair: Pair, **options: Any) -> Any:
    """How much hangs on the last digits of the floats.

    Truncated mantissas, inside the recurrence and in the readout alone; float32 against float64: signs,
    hidden values, bpc, gradients through time; margins against rounding; Lyapunov exponents; and what one
    wrong bit of one hidden value costs (our own definition). Figures that rounding decides are not stable.

    Example:  boolrnn precision sat_model.bin text.txt --figure precision.svg
    """
    from boolrnn.check.precision import precision

    return precision(pair.automaton, pair.needed_symbols, **options)


VERBS = (agreement, predict, margins, precision, certify)
