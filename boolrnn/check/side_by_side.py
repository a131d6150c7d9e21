"""Network and automaton run side by side over a text, a block of positions at a time.

What every comparison needs, computed once: the float trace, one step of the automaton from the float
signs before each position, and the automaton running free. Memory stays small for long texts.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from boolrnn.bits import signs
from boolrnn.model.automaton import Automaton
from boolrnn.model.rnn import trace
from boolrnn.shapes import Bool, Float, Int64

BLOCK = 2048
PREDICTORS = ("float", "sign_readout", "one_step", "free_run")


def window(positions: int) -> str:
    """The window of a statistic over the first `positions` positions, in words."""
    return f"positions 0..{positions - 1}" if positions else "no positions"


@dataclasses.dataclass(frozen=True)
class Block:
    """Positions first .. first + T - 1 of a text."""

    first: int
    symbols: Int64[np.ndarray, "T"]
    targets: Int64[np.ndarray, "P"]  # the symbols that follow; one fewer at the end of the text
    hidden: Float[np.ndarray, "T H"]
    z: Float[np.ndarray, "T H"]
    one_step: Bool[np.ndarray, "T H"]  # position 0 has no signs before it: the start rule
    free_run: Bool[np.ndarray, "T H"]

    @property
    def bits(self) -> Bool[np.ndarray, "T H"]:
        """The sign bits of the network."""
        return self.z >= 0

    def features(self, predictor: str) -> np.ndarray:
        """What the readout is given for each position that predicts one, (P, H)."""
        rows = {
            "float": self.hidden,
            "sign_readout": self.bits,
            "one_step": self.one_step,
            "free_run": self.free_run,
        }[predictor][: len(self.targets)]
        return rows if predictor == "float" else signs(rows)


def blocks(
    automaton: Automaton,
    symbols: Int64[np.ndarray, "T"],
    *,
    free_run: Bool[np.ndarray, "T H"],
    arithmetic: str = "float32",
    tanh: str = "exact",
) -> Iterator[Block]:
    """Run the network over checked `symbols` beside the automaton's trajectory `free_run`."""
    hidden: np.ndarray | None = None
    before: np.ndarray | None = None  # the last float signs of the block before
    for first in range(0, len(symbols), BLOCK):
        part = symbols[first : first + BLOCK]
        run = trace(automaton.weights, part, arithmetic=arithmetic, tanh=tanh, initial=hidden)
        bits = run.bits
        one_step = np.empty_like(bits)
        one_step[:1] = automaton.z(before, part[:1]) >= 0
        if len(part) > 1:
            one_step[1:] = automaton.z(bits[:-1], part[1:]) >= 0
        yield Block(
            first=first,
            symbols=part,
            targets=symbols[first + 1 : first + 1 + BLOCK],
            hidden=run.hidden,
            z=run.z,
            one_step=one_step,
            free_run=free_run[first : first + BLOCK],
        )
        hidden, before = run.hidden[-1], bits[-1:]
