"""What the questions of this room look at: the states that a text leads through, and which positions.

States are the signs of the float network unless the automaton's own are asked for: predictions are made
from the former, and the two are the same wherever the level of faithfulness is above `differs`.
"""

import dataclasses
import functools
import re
from collections.abc import Sequence

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import stated, trace
from boolrnn.shapes import Bool, Float32, Int64

NETWORK, OWN = "network", "automaton"


@dataclasses.dataclass(frozen=True)
class Observed:
    """`states[t]` (T, H) after `symbols[t]` was read, and whose they are, in words."""

    automaton: Automaton
    symbols: Int64[np.ndarray, "T"]
    states: Bool[np.ndarray, "T H"]
    source: str
    tanh: str

    @functools.cached_property
    def hidden(self) -> Float32[np.ndarray, "T H"]:
        """Hidden values of the float32 network, (T, H), whichever states are looked at."""
        return trace(self.automaton.weights, self.symbols, tanh=self.tanh).hidden


def observe(
    automaton: Automaton, symbols: np.ndarray, states: str = NETWORK, tanh: str = "exact"
) -> Observed:
    """The states of `symbols` (T): the network's signs or the automaton's own trajectory.

    Raises
    ------
    TextError, OptionError
        On a symbol, a kind of states or a tanh that cannot be used.
    """
    symbols = check_symbols(symbols, automaton.weights)
    if states == OWN:
        own = automaton.run(symbols).states
        return Observed(automaton, symbols, own, "the automaton's own trajectory", tanh)
    if states != NETWORK:
        raise OptionError(f"states {states!r}: expected {NETWORK} or {OWN}")
    run = trace(automaton.weights, symbols, tanh=tanh)
    source = f"signs of the network ({stated('float32', tanh)})"
    seen = Observed(automaton, symbols, run.bits, source, tanh)
    vars(seen)["hidden"] = run.hidden  # the cached property, filled with what is at hand
    return seen


def chosen(positions: str | Sequence[int] | np.ndarray | None, count: int) -> Int64[np.ndarray, "P"]:
    """Positions out of 0..count-1: all (None), `FIRST:STOP:STEP` as Python slices, or their numbers.

    Raises
    ------
    OptionError
        Where the words are no slice, a number is outside, or one stands twice.
    """
    every = np.arange(count)
    if positions is None:
        return every
    if isinstance(positions, str):
        parts = positions.split(":")
        if not 2 <= len(parts) <= 3 or not all(re.fullmatch(r"(-?\d{1,15})?", part) for part in parts):
            raise OptionError(f"positions {positions!r}: expected FIRST:STOP or FIRST:STOP:STEP")
        cut = slice(*(int(part) if part else None for part in parts))
        if cut.step is not None and cut.step < 1:
            raise OptionError(f"positions {positions!r}: expected a step of 1 or more")
        return every[cut]
    given = np.asarray(positions)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise OptionError(f"positions: {given.dtype} of shape {given.shape}, expected integers (P,)")
    outside = given[(given < 0) | (given >= count)]
    if len(outside):
        raise OptionError(f"positions: {outside[0]} is outside 0..{count - 1}")
    if len(np.unique(given)) < len(given):
        raise OptionError("positions: a number stands twice")
    return given.astype(np.int64)


def described(positions: Int64[np.ndarray, "P"]) -> str:
    """The window of a statistic over these positions, in words."""
    if not len(positions):
        return "no positions"
    first, last = int(positions[0]), int(positions[-1])
    steps = np.unique(np.diff(positions))
    if len(steps) > 1:
        return f"{len(positions):,} positions, {first}..{last}"
    every = "" if not len(steps) or steps[0] == 1 else f", every {steps[0]}"
    return f"positions {first}..{last}{every}"
