"""Make the embedded net again: a Boolean memoriser of the embedded text, hardened to |Wh| <= 1. It needs
torch and takes about two minutes.

    python -m boolrnn.data.make_pair OUT.npz

The same seed gives the same net on the same machine and torch; elsewhere the last bits differ, training
amplifies them, and another net comes out that is as good.
"""

import dataclasses
import sys
from importlib import resources

import boolrnn
from boolrnn.make.recipes import Signs

HIDDEN, EPOCHS, SEED, LARGEST = 128, 500, 1, 1


def make(text: bytes) -> boolrnn.Harden:
    """Train on signs, then round; the margins of the trained net do not matter, so they are not widened."""
    recipe = dataclasses.replace(Signs(), widen=False, settle=False)
    trained = boolrnn.train(text, recipe=recipe, hidden=HIDDEN, epochs=EPOCHS, seed=SEED)
    symbols = boolrnn.to_symbols(text, trained.weights)
    return boolrnn.harden(trained.weights, symbols, largest=LARGEST, epochs=0)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m boolrnn.data.make_pair OUT.npz")
    made = make((resources.files("boolrnn.data") / "pair.txt").read_bytes())
    made.write(sys.argv[1])
    print(f"{made.bpc_float:.4f} bits per character, {made.level}")
