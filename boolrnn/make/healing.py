"""Healing: flip one bit of a state and let the text go on; does the automaton find back, and how fast?"""

import dataclasses

import numpy as np

from boolrnn import progress
from boolrnn.model.automaton import Automaton
from boolrnn.shapes import Int64

NEVER = -1


@dataclasses.dataclass(frozen=True)
class Healing:
    """All single flips at all positions 0..n-2. `steps[t, i]` is how many symbols after position t the
    trajectory is the old one again; -1 where the text ended first."""

    steps: Int64[np.ndarray, "P H"]

    @property
    def share(self) -> float | None:
        """Healed flips among all that had at least as many symbols left as the slowest healing took."""
        longest = self.longest
        if longest is None:
            return 0.0 if self.steps.size else None
        enough = self.steps[: max(len(self.steps) - longest + 1, 0)]
        return float((enough != NEVER).mean()) if enough.size else None

    @property
    def longest(self) -> int | None:
        """Steps of the slowest flip that healed."""
        return int(self.steps.max()) if (self.steps != NEVER).any() else None

    @property
    def unfinished(self) -> int:
        """Flips for which the text ended first."""
        return int((self.steps == NEVER).sum())


def healing(automaton: Automaton, symbols: np.ndarray, block: int = 65536) -> Healing:
    """Follow every single flip of `states[t]`, t = 0..n-2, exactly, until it heals or the text ends."""
    run = automaton.run(symbols)
    last = len(run.symbols) - 1
    steps = np.full((last, automaton.hidden), NEVER, np.int64)
    pairs = np.argwhere(np.ones_like(steps, bool))
    with progress.bar("healing", len(pairs)) as tick:
        for first in range(0, len(pairs), block):
            t, i = pairs[first : first + block].T
            states = run.states[t].copy()
            states[np.arange(len(t)), i] ^= True
            left, passed = np.arange(len(t)), 0
            while len(left):
                passed += 1
                now = t[left] + passed
                left, states, now = left[now <= last], states[now <= last], now[now <= last]
                if not len(left):
                    break
                states = automaton.z(states, run.symbols[now]) >= 0
                healed = (states == run.states[now]).all(axis=1)
                steps[t[left[healed]], i[left[healed]]] = passed
                left, states = left[~healed], states[~healed]
            tick(first)
    return Healing(steps)
