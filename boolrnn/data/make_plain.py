"""Make the plain net again: a tanh net of the embedded net's size, on the same text. It needs torch and takes
a few minutes.

    python -m boolrnn.data.make_plain OUT.npz

This is `boolrnn train boolrnn/data/pair.txt -o OUT.npz --recipe tanh --hidden 128 --epochs 300`. The same
seed gives the same net on the same machine and torch; elsewhere another comes out that is as good.
"""

import sys
from importlib import resources

import boolrnn
from boolrnn.make.recipes import Tanh

HIDDEN, EPOCHS, SEED = 128, 300, 0


def make(text: bytes) -> boolrnn.Train:
    """Train on tanh alone: nobody asked this net to be an automaton."""
    return boolrnn.train(text, recipe=Tanh(), hidden=HIDDEN, epochs=EPOCHS, seed=SEED)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m boolrnn.data.make_plain OUT.npz")
    made = make((resources.files("boolrnn.data") / "pair.txt").read_bytes())
    made.write(sys.argv[1])
    print(f"{made.bpc_float:.4f} bits per character")
