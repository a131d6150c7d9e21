"""Verbs of the room `explain`: the seven questions."""

from typing import Any

import click

from boolrnn.cli.check import TANH
from boolrnn.cli.common import FIGURE, Pair, verb
from boolrnn.cli.graph import POSITIONS, STATES
from boolrnn.cli.kinds import Numbers, Replacements
from boolrnn.errors import OptionError

REPLACEMENTS = click.option(
    "--replacements",
    type=Replacements(),
    default=4,
    show_default=True,
    help="Other symbols of the text per position, drawn by frequency; all: the exact expectation.",
)


@verb(text="needed")
@click.option(
    "--depth", type=int, default=50, show_default=True, help="Steps that gradients are carried back."
)
@click.option(
    "--thresholds",
    type=Numbers(float, "thresholds"),
    default=(1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0),
    show_default="1e-5,1e-4,..,10",
    help="A weight is active where its strength is above one of these.",
)
@click.option(
    "--significant",
    type=float,
    default=0.01,
    show_default=True,
    help="Weights with |w| above this are counted apart.",
)
@click.option(
    "--flips",
    type=int,
    default=0,
    show_default=True,
    help="Also change bits and symbols up to this many steps back, exactly; 0 leaves it out.",
)
@POSITIONS
@STATES
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="The published definition: no gate on inputs, distances from 1, float32.",
)
@TANH
@FIGURE
def attribution(pair: Pair, **options: Any) -> Any:
    """Which weights and which symbols, how far back, the predictions hang on.

    Gradients of ln P of the true symbol, carried back through the text: how many weights are active per
    position above each threshold, how many never are, and how much the symbol read d steps back matters.
    Gradients follow the loss, so the share of the costliest positions stands beside the masses. Where
    neurons are saturated no gradient passes; --flips changes bits and symbols in the automaton instead.

    Example:  boolrnn attribution sat_model.bin text.txt --flips 10 --positions 0::20
    """
    from boolrnn.explain.attribution import attribution

    return attribution(pair.automaton, pair.needed_symbols, **options)


@verb(text="needed")
@click.option("--depth", type=int, default=30, show_default=True, help="Distances 1..DEPTH.")
@REPLACEMENTS
@click.option(
    "--greedy",
    type=Numbers(int, "distances"),
    default=(1, 3, 8, 20),
    show_default="1,3,8,20",
    help="Distances whose share of all changes is told.",
)
@POSITIONS
@click.option("--seed", type=int, default=0, show_default=True, help="Of the replacements.")
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="13 positions, one replacement that need not occur, distances to the current symbol.",
)
@TANH
@FIGURE
def offsets(pair: Pair, **options: Any) -> Any:
    """How far back a symbol still matters.

    The symbol at distance d before the predicted one is replaced by others of the text, and the network goes
    on with the text: how many bits of its state differ then, how far the prediction moves (KL, in bits), and
    how often its first guess changes. d = 1 is the current symbol. Per neuron the distance that it depends
    on most, ties told; shares stand beside those of a flat profile.

    Example:  boolrnn offsets sat_model.bin text.txt --depth 50 --figure offsets.svg
    """
    from boolrnn.explain.offsets import offsets

    return offsets(pair.automaton, pair.needed_symbols, **options)


@verb(text="needed")
@click.option(
    "--rank",
    type=click.Choice(["knockout", "wy-norm", "wh-in", "wh-out", "greedy"]),
    default="knockout",
    show_default=True,
    help="Order in which neurons are removed, and kept.",
)
@click.option(
    "--search/--no-search",
    default=True,
    show_default=True,
    help="Look for the best set of neurons of every size.",
)
@click.option("--budget", type=float, metavar="SECONDS", help="Stop the search then; exit with 3.")
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="The rows of the published program, without search and comparison of rankings.",
)
@TANH
@FIGURE
def knockout(pair: Pair, **options: Any) -> Any:
    """What the readout loses without a neuron, and how few neurons suffice.

    Each neuron's readout column is set to 0: what that costs, as a share of the loss and of the gap that
    neurons can close. Then the first k neurons of a ranking removed, and kept alone, for every k, beside the
    best set of k neurons that a search finds. A small net's sets are all looked at; of others the sets are
    good ones, and a column says which are proved to be the best.

    Example:  boolrnn knockout sat_model.bin text.txt --figure knockout.svg
    """
    from boolrnn.explain.knockout import knockout

    return knockout(pair.automaton, pair.needed_symbols, **options)


@verb(text="needed")
@click.option(
    "--thresholds",
    type=Numbers(float, "numbers"),
    help="Thresholds of every table.  [default: quantiles of the file's own weights]",
)
@click.option(
    "--subsets",
    type=Numbers(int, "whole numbers"),
    help="Numbers of neurons that the readout keeps.  [default: 1,2,3,5,10,..,H]",
)
@click.option(
    "--tolerance",
    type=float,
    default=0.001,
    show_default=True,
    help="Bits per character above the baseline that count as lossless.",
)
@click.option("--network/--no-network", default=True, help="Prune the network.  [default: network]")
@click.option(
    "--automaton/--no-automaton", default=True, help="What the automaton does not need.  [default: automaton]"
)
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="The published thresholds 0, 0.5, .. 10, subsets and parameter counts; no automaton.",
)
@TANH
@click.option(
    "-o", "output", metavar="MODEL", help="Write the net without what its automaton does not need to MODEL."
)
@FIGURE
def prune(pair: Pair, output: str | None, **options: Any) -> Any:
    """How many weights do the predictions need, and how many does the automaton?

    Sets the weights of wh, wx or wy under a threshold to 0 and runs the net again: bits per character at
    quantiles of the file's own weights, the last threshold before the first loss, and thresholds combined
    with readouts of the best neurons. Then which weights may go without changing any state of the automaton
    on TEXT, in exact arithmetic.

    Example:  boolrnn prune sat_model.bin text.txt -o smaller.npz --figure prune.svg
    """
    from boolrnn.explain.prune import prune
    from boolrnn.model.formats import write_weights

    if output is not None and (options["as_published"] or not options["automaton"]):
        raise OptionError("-o writes the net without what its automaton does not need: not computed here")
    found = prune(pair.automaton, pair.needed_symbols, **options)
    if output is not None:
        write_weights(found.pruned(pair.automaton), output)
    return found


@verb(text="needed")
@click.option(
    "--at",
    metavar="T",
    help="Positions: one, several between commas, or A:B[:STEP].  [default: all, 0..n-2]",
)
@click.option("--neurons", type=int, default=5, show_default=True, help="Neurons listed per position.")
@click.option("--sources", type=int, default=3, show_default=True, help="Sources listed per neuron.")
@click.option("--depth", type=int, default=2, show_default=True, help="Steps back along the heaviest source.")
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="The twelve published positions, probabilities under 1e-30 counted as 1e-30.",
)
@TANH
@FIGURE
def justify(pair: Pair, **options: Any) -> Any:
    """Why does the net predict this?

    For each prediction the neurons whose negation changes its cost most, the heaviest terms of their sums,
    and the chain of heaviest sources back; and, measured instead of a print limit, how few neurons and how
    few terms of their sums still give the same predicted symbol. One position is told in a sentence.

    Example:  boolrnn justify sat_model.bin text.txt --at 50 --figure justify.svg
    """
    from boolrnn.explain.justify import justify

    return justify(pair.automaton, pair.needed_symbols, **options)


@verb(text="needed")
@click.option("--depth", type=int, default=20, show_default=True, help="Distances 1..DEPTH.")
@click.option(
    "--order",
    type=click.IntRange(2, 4),
    default=3,
    show_default=True,
    help="2: bigrams; 3: trigrams too; 4: fourgrams too.",
)
@click.option(
    "--threshold",
    type=float,
    default=0.5,
    show_default=True,
    metavar="BITS",
    help="A cell is aligned where its PMI is above this.",
)
@REPLACEMENTS
@POSITIONS
@click.option("--seed", type=int, default=0, show_default=True, help="Of replacements and resamples.")
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="Positions 30, 34, ... and eight; counts that include the tested cell.",
)
@TANH
@FIGURE
def pmi(pair: Pair, **options: Any) -> Any:
    """Whether sensitivity follows the text's own statistics, or only seems to.

    Replacing the symbol at distance d changes what the true symbol costs. How much of that change lies at
    pairs (trigrams, fourgrams) of high pointwise mutual information, counted without the tested pair itself?
    Beside it: how many cells are such pairs anyway, what an even spread would give, and an interval.

    Example:  boolrnn pmi sat_model.bin text.txt --order 4 --figure pmi.svg
    """
    from boolrnn.explain.pmi import pmi

    return pmi(pair.automaton, pair.needed_symbols, **options)


@verb(text="needed")
@STATES
@click.option(
    "--shuffles",
    type=int,
    default=100,
    show_default=True,
    help="Circular shifts to compare with; 0: no test.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the shifts.")
@click.option(
    "--features",
    metavar="A,B,..",
    help="Compare with these only: tag, quotes, class, x_t, ...  [default: all]",
)
@click.option("--recent", type=int, default=3, show_default=True, help="Last symbols that are features.")
@TANH
@FIGURE
def roles(pair: Pair, **options: Any) -> Any:
    """What each bit knows about the text, in the text's own terms.

    Every bit is compared with the kind of symbol, being inside a tag or quotes, depths, places in word and
    line, the last symbols and the next one: mutual information beside what circular shifts give, corrected
    for testing all pairs. A role must also predict the bit on a half of the text that was held out.

    Example:  boolrnn roles sat_model.bin text.txt --features tag,quotes,class,word_position
    """
    from boolrnn.explain.roles import roles

    return roles(pair.automaton, pair.needed_symbols, **options)


@verb(text="needed")
@click.option(
    "--resamples",
    type=int,
    default=1000,
    show_default=True,
    help="Random relabellings of neurons to compare with; 0: neither these nor shuffled nets.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the relabellings and shuffled nets.")
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="The published formulas, slips included: one selection inverted, two windows one apart.",
)
@TANH
@FIGURE
def predict_weights(pair: Pair, **options: Any) -> Any:
    """How well weights follow from what is counted on the text and the net's own states.

    Correlation of every statistic with the matrix that it should predict: agreement of signs, covariance,
    log ratios, PMI, log odds; beside it what random relabellings of the neurons give, and nets of shuffled
    weights (weights make the states that are counted). Circular are statistics computed from the weights
    themselves. Per neuron too.

    Example:  boolrnn predict-weights sat_model.bin text.txt --figure r.svg
    """
    from boolrnn.explain.predict_weights import predict_weights

    return predict_weights(pair.automaton, pair.needed_symbols, **options)


@verb(text="needed")
@click.option(
    "--alphas",
    type=Numbers(float, "shares of the trained weights"),
    default=(0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0),
    show_default="0,.1,.2,.3,.5,.7,.8,.9,1",
    help="Shares of the trained weights; the rest is the statistic.",
)
@click.option(
    "--optimise/--no-optimise",
    default=True,
    show_default=True,
    help="Also the nets of statistics with the best readout for their states.",
)
@click.option(
    "--as-published",
    is_flag=True,
    default=False,
    help="The published constants and windows, and 500 epochs of descent for readouts.",
)
@TANH
@FIGURE
def substitute(pair: Pair, **options: Any) -> Any:
    """What it costs to put statistics in the place of trained weights.

    Every matrix and bias, and all of them, replaced by what is counted on the text, or blended with it; each
    net runs again from h = 0, in float32 and float64. A row that moves by more than 1e-4 between the two is
    not stable.

    Example:  boolrnn substitute sat_model.bin text.txt --alphas 0,0.5,1 --figure blends.svg
    """
    from boolrnn.explain.substitute import substitute

    return substitute(pair.automaton, pair.needed_symbols, **options)


VERBS = (attribution, offsets, knockout, prune, justify, pmi, roles, predict_weights, substitute)
