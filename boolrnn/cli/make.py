"""Verbs of the room `make`: nets from a text, and nets hardened to exact integers."""

from typing import Any

import click

from boolrnn.cli.common import FIGURE, Pair, verb
from boolrnn.cli.making import CHECKPOINT, Corpus, maker

RECIPES = ("tanh", "signs", "healing", "text")
READOUTS = (
    "logratio",
    "least-squares",
    "fourier",
    "bayes",
    "gradient",
    "descent",
    "least-squares-20",
    "least-squares-500",
    "backoff",
)
FEATURES = (
    "mixed",
    "parity",
    "value",
    "splits",
    "spread",
    "onehot",
    "kindred",
    "semantic",
    "hybrid",
    "contexts",
)


@maker
@click.option("--recipe", type=click.Choice(RECIPES), default="tanh", show_default=True, help="How to train.")
@click.option("--hidden", type=int, default=128, show_default=True, metavar="H", help="Neurons.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same net (on one machine).")
@click.option("--epochs", type=int, help="Times the text is read.  [default: the recipe's]")
@click.option("--validation", type=float, help="Share of TEXT, at its end, that only selects.  [text: 0.1]")
@click.option("--density", type=float, default=1.0, show_default=True, help="Share of Wh that is not zero.")
@click.option("--readout-neurons", type=int, metavar="K", help="Read out so many neurons.  [default: all]")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Another hyperparameter.")
@FIGURE
def train(corpus: Corpus, output: str, recipe: str, settings: tuple[str, ...], **options: Any) -> Any:
    """Train a net on TEXT by gradient (needs torch).

    \b
    tanh     a plain tanh net
    signs    a memoriser that runs on signs, certified on TEXT
    healing  a tanh net whose signs correct flipped bits
    text     signs on a text too long to memorise (then: boolrnn harden)

    MODEL.checkpoint keeps where it stands: after a crash the same command goes on. Ctrl-C writes the best
    net so far. `--json` shows all hyperparameters.

    Example:  boolrnn train notes.txt -o net.npz --recipe text --hidden 256
    """
    from boolrnn.errors import OptionError
    from boolrnn.make.recipes import named_recipe, with_settings
    from boolrnn.make.train import train

    for setting in settings:
        if "=" not in setting:
            raise OptionError(f"--set {setting}: expected NAME=VALUE, such as rate=1e-3")
    pairs = dict(setting.split("=", 1) for setting in settings)
    plan = with_settings(named_recipe(recipe), pairs)
    options |= {"alphabet": corpus.alphabet, "checkpoint": output + CHECKPOINT}
    return train(corpus.text, recipe=plan, **options)


@maker
@click.option(
    "--readout", type=click.Choice(READOUTS), default="gradient", show_default=True, help="How to predict."
)
@click.option(
    "--features", type=click.Choice(FEATURES), default="mixed", show_default=True, help="What states spell."
)
@click.option("--groups", type=int, default=16, show_default=True, help="Symbols that the register holds.")
@click.option("--bits", type=int, default=8, show_default=True, help="Bits of each symbol's code.")
@click.option(
    "--held-out", type=float, help="Share of TEXT, at its end, only scored.  [default: 0.1; as published 0]"
)
@click.option("--validation", type=float, help="Share of the rest that chooses settings.  [default: 0.1]")
@click.option("--l2", type=float, metavar="L", help="Penalty of the readout gradient; 0: none.  [chosen]")
@click.option("--seed", type=int, default=0, show_default=True, help="Of drawn codes: splits, kindred.")
@click.option("--budget", type=float, metavar="SECONDS", help="Stop the fit then; the gap says how near.")
@click.option(
    "--as-published", is_flag=True, default=False, help="The published net, windows and settings instead."
)
@FIGURE
def construct(corpus: Corpus, output: str, **options: Any) -> Any:
    """A shift register with a fitted readout: a net from statistics, not trained.

    Its state spells codes of the last symbols. It is certified for every text (as published it is not), and
    needs no torch.

    \b
    Features                                        Readouts
    mixed    the published hash                     logratio, fourier, bayes (onehot only),
    parity   the published hash of two patterns     least-squares: closed forms
    value    bits of the byte value                 descent, least-squares-20, -500:
    splits   random halves of the symbols           gradient descent as published
    spread   codes far from each other              gradient: the optimum, its gap proved
    kindred  near where neighbours are alike        backoff: an n-gram estimate (contexts
    onehot   a bit per symbol, whatever --bits      only)
    semantic letter, digit, tag, word, ... (new)
    hybrid   semantic and mixed, half and half
    contexts a neuron per context of up to --groups symbols, the worthiest

    Real text predicts best with --features contexts --readout backoff and as many neurons as can be borne;
    of 100 kB, the readout gradient takes half a minute for 128 neurons. A short text is memorised by
    --held-out 0 --l2 0.

    Example:  boolrnn construct notes.txt -o net.npz --features contexts --groups 4 --bits 256
    """
    from boolrnn.make.construct import construct

    return construct(corpus.text, alphabet=corpus.alphabet, **options)


@verb(text="optional", embedded=False)
@click.option("-o", "output", required=True, metavar="MODEL", help="Write the hardened net to MODEL.")
@click.option("--tolerance", type=float, help="Loss in bpc that is allowed.  [default: 5 %, at least 0.01]")
@click.option("--largest", type=int, metavar="W", help="Largest |Wh| as an integer.  [default: searched]")
@click.option("--epochs", type=int, help="Fine-tuning; 0: none.  [default: 4,000 updates, where torch is]")
@click.option(
    "--validation", type=float, default=0.0, show_default=True, help="Share of TEXT, at its end, that judges."
)
@click.option("--gain", type=float, default=16.0, show_default=True, help="A power of two from 16 on.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the fine-tuning.")
@click.option("--certificate", metavar="CERT", help="Write the certificate too (JSON).")
@FIGURE
def harden(pair: Pair, output: str, certificate: str | None, **options: Any) -> Any:
    """A net whose float32 program is its automaton, bit for bit, on every text.

    Rounds the weights to integers under which no sum can be 0: the coarsest that lose at most the tolerance
    on TEXT. Fine-tunes them where torch is installed, and fits the readout again.

    Example:  boolrnn harden net.npz notes.txt -o hard.npz --certificate hard.cert.json
    """
    from boolrnn.cli.common import check_output, write_certificate_of
    from boolrnn.make.harden import harden

    check_output(certificate, output, net=False)
    found = harden(pair.automaton, pair.symbols, **options)
    found.write(output)
    if certificate is not None:
        write_certificate_of(found.weights, certificate, pair)
    return found


VERBS = (train, harden, construct)
