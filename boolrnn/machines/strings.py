"""Words to train and to test on, drawn at random for a complete machine.

A share of the words is uniform: every symbol with equal chance. The others are walks that stay alive: a state
is alive where some word still changes the output, and a live walk takes, of the symbols, only those that lead
to such states (all, where none does). Uniform words alone say little about a language whose words are rare:
most of them fall into a sink within a few symbols. Half of the walks are steered: at every second step or so
(a coin decides) they take a symbol on a shortest way to the next change of the output.

Every word of a batch is labelled at every prefix, the empty one included where the machine is Moore.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from boolrnn.machines.machine import MOORE, NOTHING, Machine
from boolrnn.shapes import Bool, Int64

UNIFORM = 0.3  # share of uniform words
STEERED = 0.5  # share of walks that are steered
EAGER = 0.5  # chance that a steered walk takes a step towards the next change


@dataclasses.dataclass(frozen=True)
class _Choice:
    """For each state the symbols that may be taken, the first `count` of `symbols`."""

    symbols: Int64[np.ndarray, "N A"]
    count: Int64[np.ndarray, "N"]

    def drawn(self, states: np.ndarray, chances: np.ndarray) -> np.ndarray:
        """One symbol for each of some states; `chances` are uniform in [0, 1)."""
        return self.symbols[states, (chances * self.count[states]).astype(np.int64)]


class Drawing:
    """Words over a machine, and the labels they have. Works on the machine's Moore form: a state of a Mealy
    machine together with the output that led there, so that `after` and `outputs` are (N, A) and (N)."""

    def __init__(self, machine: Machine) -> None:
        self.after, self.outputs, self.start = moore_form(machine)
        self.symbols = len(machine.alphabet)
        distance = changes(self.after, self.outputs)
        self.live = _choice(distance[self.after] >= 0)
        nearer = (distance[self.after] >= 0) & (distance[self.after] < distance[:, None])
        nearer |= (self.outputs[self.after] != self.outputs[:, None]) & (distance[:, None] == 1)
        self.steered = _choice(np.where(nearer.any(axis=1)[:, None], nearer, distance[self.after] >= 0))

    def uniform(self, rng: np.random.Generator, count: int, length: int) -> Int64[np.ndarray, "L B"]:
        """Words whose symbols all have the same chance, one per column."""
        return rng.integers(0, self.symbols, (length, count))

    def words(self, rng: np.random.Generator, count: int, length: int) -> Int64[np.ndarray, "L B"]:
        """The mixture, one word per column, in random order of the kinds: a column is a uniform word with
        chance UNIFORM, else a walk, steered with chance STEERED."""
        kinds = rng.random(count)
        walking = kinds >= UNIFORM
        eager = (kinds >= UNIFORM + (1 - UNIFORM) * (1 - STEERED)) * EAGER
        chances = rng.random((length, count))
        coins = rng.random((length, count)) < eager
        found = (chances * self.symbols).astype(np.int64)
        states = np.full(count, self.start)
        for t in range(length):
            drawn = np.where(
                coins[t], self.steered.drawn(states, chances[t]), self.live.drawn(states, chances[t])
            )
            found[t] = np.where(walking, drawn, found[t])
            states = self.after[states, found[t]]
        return found

    def labels(self, words: Int64[np.ndarray, "L B"]) -> Int64[np.ndarray, "P B"]:
        """The outputs at every prefix (P = L + 1), the empty one first: NOTHING there for Mealy machines."""
        states = np.empty((len(words) + 1, words.shape[1]), np.int64)
        states[0] = self.start
        for t, symbols in enumerate(words):
            states[t + 1] = self.after[states[t], symbols]
        return self.outputs[states]

    def tests(
        self, rng: np.random.Generator, count: int, longest: int, batch: int = 1000
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """About `count` words in batches, (words, labels), one of each length 1..longest in turn."""
        batches = max(1, -(-count // batch))
        lengths = np.linspace(1, longest, batches).round().astype(np.int64)
        for k, length in enumerate(lengths.tolist()):
            words = self.words(rng, min(batch, count - k * batch), length)
            yield words, self.labels(words)


def moore_form(machine: Machine) -> tuple[Int64[np.ndarray, "N A"], Int64[np.ndarray, "N"], int]:
    """Transitions, outputs and start of a Moore machine that says the same at every prefix but the empty
    one, where a Mealy machine's says NOTHING. Only what can be reached is kept; the start is state 0."""
    machine = machine.renumbered(machine.breadth_first())
    if machine.kind == MOORE:
        return machine.transitions, machine.outputs, machine.start
    number = {(machine.start, NOTHING): 0}
    order, rows = [(machine.start, NOTHING)], []
    for state, _ in order:
        row = []
        for after, told in zip(machine.transitions[state].tolist(), machine.outputs[state].tolist()):
            if (after, told) not in number:
                number[after, told] = len(order)
                order.append((after, told))
            row.append(number[after, told])
        rows.append(row)
    return np.array(rows), np.array([told for _, told in order]), 0


def changes(after: np.ndarray, outputs: np.ndarray) -> Int64[np.ndarray, "N"]:
    """For each state the length of a shortest word that changes the output; NOTHING where none does."""
    distance = np.full(len(outputs), NOTHING)
    distance[(outputs[after] != outputs[:, None]).any(axis=1)] = 1
    step = 1
    while True:
        fresh = (distance < 0) & (distance[after] == step).any(axis=1)
        if not fresh.any():
            return distance
        step += 1
        distance[fresh] = step


def _choice(allowed: Bool[np.ndarray, "N A"]) -> _Choice:
    """The allowed symbols of each state first; all, where none is allowed."""
    allowed = np.where(allowed.any(axis=1)[:, None], allowed, True)
    return _Choice(np.argsort(~allowed, axis=1, kind="stable"), allowed.sum(axis=1))
