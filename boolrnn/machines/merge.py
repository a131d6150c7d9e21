"""Bit states that no word tells apart, merged into the states of the minimal machine, and checked."""

import dataclasses

import numpy as np

from boolrnn import progress
from boolrnn.machines.check_quotient import check_quotient
from boolrnn.machines.gather import Blocks, States
from boolrnn.machines.machine import MEALY, MOORE, NOTHING, Machine
from boolrnn.machines.minimise import classes_of, mealy_labels
from boolrnn.machines.naming import names_of
from boolrnn.machines.order import access_words
from boolrnn.machines.outputs import Labeller
from boolrnn.model.automaton import Automaton


@dataclasses.dataclass(frozen=True)
class Merged:
    """The class of every state found (N), for the kind of machine asked for; its transitions (M, A) and
    labels (M) or (M, A); the number of states of both minimal machines; and what checked them."""

    kind: str
    classes: np.ndarray
    transitions: np.ndarray
    outputs: np.ndarray
    moore: int
    mealy: int
    rounds: int  # a word of at most so many symbols tells any two states apart
    checked: str


def labels_of(labeller: Labeller, found: States, hidden: int) -> np.ndarray:
    """The label of every state found, (N); that of the network's start first."""
    labels = np.empty(len(found.rows), np.int64)
    labels[0], first = labeller.of_start(), 1
    with progress.bar("labels", len(labels)) as tick:
        for states in Blocks(found.rows, hidden):
            labels[first : first + len(states)] = labeller.of_states(states)
            first += len(states)
            tick(first)
    return labels


def merge(found: States, labels: np.ndarray, kind: str) -> Merged:
    """Merge the states that no word tells apart, both ways, and check the partition of the `kind`."""
    after = mealy_labels(found.transitions, labels)
    ways = {MOORE: labels, MEALY: after}
    classes = {name: classes_of(found.transitions, told) for name, told in ways.items()}
    counts = {name: int(each.max()) + 1 for name, each in classes.items()}
    chosen, told = classes[kind], ways[kind]
    checked = check_quotient(found.transitions, told, chosen)
    firsts = np.unique(chosen, return_index=True)[1]
    steps = found.transitions[firsts]
    known = steps >= 0
    transitions = np.where(known, chosen[steps], NOTHING)
    outputs = labels[firsts] if kind == MOORE else np.where(known, labels[steps], NOTHING)
    rounds = checked.rounds + (kind == MEALY)  # those labels are read one symbol later
    return Merged(kind, chosen, transitions, outputs, counts[MOORE], counts[MEALY], rounds, checked.how)


def machine_of(merged: Merged, automaton: Automaton, labeller: Labeller, symbols: np.ndarray) -> Machine:
    """The minimal machine; its states are numbered by their shortest words."""
    return Machine(
        kind=merged.kind,
        alphabet=names_of(automaton.weights, symbols),
        labels=labeller.labels,
        transitions=merged.transitions,
        outputs=merged.outputs,
    )


@dataclasses.dataclass(frozen=True)
class Access:
    """Shortest words to all states: the state before and the last symbol (-1 at the start), and the words
    themselves, one after the other as numbers in the alphabet, with where each begins (M + 1)."""

    before: np.ndarray
    symbol: np.ndarray
    words: np.ndarray | None
    offsets: np.ndarray | None


def access_of(machine: Machine, most: int) -> Access:
    """A shortest word to every state; where these have more than `most` symbols in all the links alone (a
    cycle of a million states has words of half a billion symbols)."""
    before, symbol, length = access_words(machine.transitions, machine.start)
    if int(length.sum()) > most:
        return Access(before, symbol, None, None)
    offsets = np.concatenate([[0], np.cumsum(length)])
    words = np.empty(int(offsets[-1]), np.int64)
    node, place = np.arange(machine.states), offsets[1:] - 1
    while len(node):  # all words at once, from their ends
        begun = before[node] >= 0
        node, place = node[begun], place[begun]
        words[place] = symbol[node]
        node, place = before[node], place - 1
    return Access(before, symbol, words, offsets)
