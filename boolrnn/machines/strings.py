"""Words to train and to test on, drawn at random for a complete machine.

A share of the words is uniform: every symbol with equal chance. The others are walks that stay alive: a state
is alive where some word still changes the output, and a live walk takes, of the symbols, only those that lead
to such states (all, where none does). Uniform words alone say little about a language whose words are rare:
most of them fall into a sink within a few symbols. Half of the walks are steered: now and then they take a
symbol on a shortest way to the next change of the output, each with a chance of its own, so that changes
come early in some and late in others.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from boolrnn.errors import MachineError
from boolrnn.machines.machine import MEALY, NOTHING, Machine, as_moore
from boolrnn.shapes import Bool, Int64

UNIFORM = 0.3  # share of uniform words
STEERED = 0.5  # share of walks that are steered
_BATCH = 1000  # test words of one length


@dataclasses.dataclass(frozen=True)
class _Choice:
    """For each state the symbols that may be taken, the first `count` of `symbols`."""

    symbols: Int64[np.ndarray, "N A"]
    count: Int64[np.ndarray, "N"]

    def drawn(self, states: np.ndarray, chances: np.ndarray) -> np.ndarray:
        """One symbol for each of some states; `chances` are uniform in [0, 1)."""
        return self.symbols[states, (chances * self.count[states]).astype(np.int64)]


class Drawing:
    """Words over a complete machine, one per column, and their labels at every prefix.

    A Mealy machine works as a Moore machine whose start says NOTHING. `after` (N, A), `outputs` (N).

    Raises
    ------
    MachineError
        Where the machine is partial.
    """

    def __init__(self, machine: Machine) -> None:
        if not machine.complete:
            n, k = np.argwhere(machine.transitions < 0)[0].tolist()
            name = machine.alphabet[k]
            raise MachineError(f"state {n}: no transition under symbol {name!r}, expected a complete machine")
        moore = as_moore(machine)
        moore = moore.renumbered(moore.breadth_first())  # the start is state 0
        self.after, self.outputs = moore.transitions, moore.outputs.copy()
        if machine.kind == MEALY:
            self.outputs[0] = NOTHING
        self.symbols = len(machine.alphabet)
        distance = changes(self.after, self.outputs)
        alive = distance[self.after] >= 0
        nearer = alive & (distance[self.after] < distance[:, None])
        nearer |= (self.outputs[self.after] != self.outputs[:, None]) & (distance[:, None] == 1)
        self.live = _choice(alive)
        self.steered = _choice(np.where(nearer.any(axis=1)[:, None], nearer, alive))

    def words(
        self, rng: np.random.Generator, count: int, length: int, heads: Sequence[np.ndarray] = ()
    ) -> Int64[np.ndarray, "L B"]:
        """The mixture: a word is uniform with chance UNIFORM, else a walk, steered with chance STEERED, which
        steps towards the next change with a chance that is the square of a uniform number. The first
        words begin with `heads`, as far as they fit, and go on like the others."""
        walking = rng.random(count) >= UNIFORM
        eager = np.where(rng.random(count) < STEERED, rng.random(count) ** 2, 0.0)
        chances = rng.random((length, count))
        coins = rng.random((length, count)) < eager
        found = (chances * self.symbols).astype(np.int64)
        fixed = np.zeros((length, count), bool)
        for column, head in zip(range(count), heads):
            part = head[:length]
            found[: len(part), column], fixed[: len(part), column] = part, True
        fixed |= ~walking
        states = np.zeros(count, np.int64)
        for t in range(length):
            live, near = (choice.drawn(states, chances[t]) for choice in (self.live, self.steered))
            found[t] = np.where(fixed[t], found[t], np.where(coins[t], near, live))
            states = self.after[states, found[t]]
        return found

    def labels(self, words: Int64[np.ndarray, "L B"]) -> Int64[np.ndarray, "P B"]:
        """The outputs at every prefix (P = L + 1), the empty one first: NOTHING there for Mealy machines."""
        states = np.zeros((len(words) + 1, words.shape[1]), np.int64)
        for t, symbols in enumerate(words):
            states[t + 1] = self.after[states[t], symbols]
        return self.outputs[states]

    def tests(
        self, rng: np.random.Generator, count: int, longest: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """`count` words in batches of one length each, as (words, labels); lengths run evenly from 1 to
        `longest`."""
        batches = max(1, -(-count // _BATCH))
        lengths = np.linspace(min(1 + longest // batches, longest), longest, batches).round().astype(np.int64)
        for k, length in enumerate(lengths.tolist()):
            words = self.words(rng, min(_BATCH, count - k * _BATCH), length)
            yield words, self.labels(words)


def changes(after: np.ndarray, outputs: np.ndarray) -> Int64[np.ndarray, "N"]:
    """For each state the length of a shortest word that changes the output; NOTHING where none does."""
    distance = np.full(len(outputs), NOTHING, np.int64)
    fresh, step = np.not_equal(outputs[after], outputs[:, None]).any(axis=1), 0
    while fresh.any():
        step += 1
        distance[fresh] = step
        fresh = (distance == NOTHING) & np.equal(distance[after], step).any(axis=1)
    return distance


def _choice(allowed: Bool[np.ndarray, "N A"]) -> _Choice:
    """The allowed symbols of each state first; all, where none is allowed."""
    allowed = allowed | ~allowed.any(axis=1, keepdims=True)
    return _Choice(np.argsort(~allowed, axis=1, kind="stable"), allowed.sum(axis=1))
