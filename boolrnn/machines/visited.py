"""What is finite of a net that is too large to enumerate: the states on a text, the orbit of a word that is
read for ever, a part of the neurons that is closed under its own inputs.

States on a text or an orbit are followed under the symbols that are read there and no others: the machine is
partial, and says nothing about other words.
"""

import dataclasses
import time
from collections.abc import Sequence

import numpy as np

from boolrnn.bits import to_words
from boolrnn.errors import OptionError
from boolrnn.graph.functional_graph import OutOfTimeError, functional_graph
from boolrnn.model.automaton import Automaton, compile
from boolrnn.model.kernels import stepper
from boolrnn.model.weights import Weights
from boolrnn.shapes import Int64


@dataclasses.dataclass(frozen=True)
class Visited:
    """States in the order of their first visit, node 0 being the network's start (its row means nothing),
    and the transitions that were met, (N, A) over the symbols that occur; -1 elsewhere."""

    states: np.ndarray  # bool (N, H)
    symbols: np.ndarray  # int64 (A)
    transitions: np.ndarray  # int32 (N, A)


def on_text(automaton: Automaton, symbols: Int64[np.ndarray, "T"]) -> Visited:
    """The distinct states on a text and the steps between them."""
    states = stepper(automaton, work=len(symbols)).run(symbols)
    rows = to_words(states)
    _, first, number = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)  # in the order of the first visits
    rank = np.empty_like(order)
    rank[order] = np.arange(1, len(order) + 1)
    nodes = np.concatenate([[0], rank[number.ravel()]])
    used, read = np.unique(symbols, return_inverse=True)
    transitions = np.full((len(order) + 1, len(used)), -1, np.int32)
    transitions[nodes[:-1], read] = nodes[1:]
    kept = np.concatenate([np.zeros((1, automaton.hidden), bool), states[first[order]]])
    return Visited(kept, used, transitions)


def on_word(
    automaton: Automaton, word: Int64[np.ndarray, "K"], most: int, memory: int, deadline: float | None
) -> Visited | None:
    """The distinct states while `word` is read for ever, from the network's start; None where more than
    `most` symbols would have to be read until the states repeat, or time.monotonic passes `deadline`.

    After a transient and a period of whole words, everything is as it was one period before.
    """
    times = most // len(word)
    begun = stepper(automaton, work=len(word)).run(word)[-1]

    def look(visited: int) -> None:
        if visited > times or (deadline is not None and time.monotonic() > deadline):
            raise OutOfTimeError

    graph = functional_graph(automaton, word, look, memory=memory)
    try:
        trail = graph.follow(begun)
    except OutOfTimeError:
        return None
    repeats = 1 + trail.transient + graph.cycles[trail.cycle].period
    if repeats > times + 1:
        return None
    text = np.tile(word, repeats)
    found = on_text(automaton, np.concatenate([text, word[:1]]))
    return found if len(found.states) <= most else None


def closed_part(weights: Weights, neurons: Sequence[int]) -> Int64[np.ndarray, "N"]:
    """The least set of neurons that holds `neurons` and every neuron with a weight to one of its own.

    Raises
    ------
    OptionError
        On a neuron that the net does not have.
    """
    bad = next((n for n in neurons if not 0 <= n < weights.hidden), None)
    if bad is not None or not len(neurons):
        raise OptionError(
            f"neurons: {'none' if bad is None else bad}, expected some of 0..{weights.hidden - 1}"
        )
    part = np.zeros(weights.hidden, bool)
    part[list(neurons)] = True
    while True:
        grown = part | (weights.wh[part] != 0).any(axis=0)
        if (grown == part).all():
            return np.flatnonzero(part)
        part = grown


def part_of(weights: Weights, part: Int64[np.ndarray, "N"]) -> Automaton:
    """The automaton of a closed part alone: its neurons in this order, and what the readout takes of them."""
    return compile(
        Weights(
            wx=weights.wx[part],
            wh=weights.wh[np.ix_(part, part)],
            bh=weights.bh[part],
            wy=weights.wy[:, part],
            by=weights.by,
            alphabet=weights.alphabet,
            folded=None if weights.folded is None else weights.folded[part],
            folded_terms=weights.folded_terms,
        )
    )
