"""Make the small net again that passes its tests and is wrong. It takes a few seconds.

    python -m boolrnn.data.make_passed OUT.npz

This is `boolrnn train-language tomita4 -o OUT.npz --plain --seed 36`: 16 neurons, trained on drawn words
alone, their mistakes never fed back. Of the seeds 0 to 59 four give a net that has every label right on
20,000 test words and does not speak the language (14, 35, 36, 43); of these the one is taken whose shortest
wrong word is longest. On another machine other nets come out.
"""

import sys

import boolrnn
from boolrnn.data import LANGUAGE

HIDDEN, SEED = 16, 36


def make(**options: int) -> boolrnn.TrainLanguage:
    """Train on words alone; `options` replace those of train_language."""
    settings = {"hidden": HIDDEN, "seed": SEED} | options
    machine = boolrnn.read_spec(LANGUAGE)
    return boolrnn.train_language(machine, counterexamples=False, language=LANGUAGE, **settings)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m boolrnn.data.make_passed OUT.npz")
    made = make()
    made.write(sys.argv[1])
    wrong = "none" if made.counterexample is None else f"{len(made.counterexample)} symbols"
    print(f"{made.test_accuracy:.2%} of {made.test_words:,} words right; shortest wrong word: {wrong}")
