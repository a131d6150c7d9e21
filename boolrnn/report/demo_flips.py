"""The third part of the demo: the fewest flips of a state that change one prediction, some steps later.

The question is asked as a reader would ask it, by the command in a process of its own: it runs beside the
other parts, and what it has to compile it compiles there.
"""

import contextlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from boolrnn.bits import parse_state, signs
from boolrnn.errors import OptionError
from boolrnn.model.automaton import compile
from boolrnn.model.corpus import show_symbol
from boolrnn.model.rnn import logits, trace
from boolrnn.model.weights import Weights


@contextlib.contextmanager
def asking(model: Path, text: Path, at: int, steps: int) -> Iterator[Callable[[], dict[str, Any]]]:
    """Start `boolrnn fragility MODEL TEXT --at AT --steps STEPS --json`. What comes out is a function that
    waits for the answer; when the context ends, so does the process."""
    words = [
        "fragility",
        os.path.abspath(model),
        os.path.abspath(text),
        "--at",
        at,
        "--steps",
        steps,
        "--json",
    ]
    command = [sys.executable, "-m", "boolrnn", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield lambda: _answer(process)
        finally:
            process.kill()


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the command printed.

    Raises
    ------
    OptionError
        With its one line, where it refused.
    """
    said, error = process.communicate()
    if process.returncode == 2:
        raise OptionError(error.strip().removeprefix("boolrnn: "))
    if process.returncode:
        raise RuntimeError(f"boolrnn fragility ended with {process.returncode}: {error}")
    return json.loads(said)


def flips(weights: Weights, symbols: np.ndarray, found: dict[str, Any]) -> dict[str, Any]:
    """The answer as fields, replayed in the float32 program: started in the state as it was, and in the state
    with the bits flipped."""
    at, steps, exhausted = found["at"], found["steps"], found["exhausted"] or 0
    word = symbols[at + 1 : at + steps + 1]
    state = compile(weights).run(symbols[: at + 1]).states[-1]
    fields: dict[str, Any] = {
        "flips_at": at,
        "flips_steps": steps,
        "flips_question": found["question"],
        "flips_verdict": found["verdict"],
        "flips_proved": found["proved"],
        "flips_minimum": found["minimum"],
        "flips_exhausted": exhausted,
        "flips_sets": sum(math.comb(weights.hidden, k) for k in range(1, exhausted + 1)),
        "flips_engine": found["engine"],
        "flips_read": _shown(weights, word.tolist()),
        "flips_state": state,
    }
    witness = found["witness"]
    if witness is None:
        return fields
    ends = (witness["before"], witness["after"])
    changed = parse_state(witness["states"][0], weights.hidden)
    again = tuple(_predicted(weights, word, one) for one in (state, changed))
    return fields | {
        "flips_neurons": np.array(witness["flips"], np.int64),
        "flips_before": str(_shown(weights, ends)[0]),
        "flips_after": str(_shown(weights, ends)[1]),
        "flips_replayed": again == ends,
    }


def _predicted(weights: Weights, word: np.ndarray, state: np.ndarray) -> int:
    """The symbol that the float32 program predicts after a word, from hidden values -1 and +1."""
    hidden = signs(state[None]).astype(np.float32)
    if len(word):
        hidden = trace(weights, word, initial=hidden[0]).hidden
    return int(logits(weights, hidden[-1:])[0].argmax())


def _shown(weights: Weights, symbols: Any) -> np.ndarray:
    return np.array([show_symbol(x, weights.alphabet) for x in symbols], np.str_)
