"""The minimal machine: states that no word tells apart are one state.

Two states are equivalent where every word gives equal labels from both (Nerode's equivalence): their labels
are equal, and so are the classes of their successors under every symbol (Moore 1956, "Gedanken-experiments on
sequential machines", doi:10.1515/9781400882618-006). What a partial machine leaves undefined
equals only what is undefined. Classes are refined in Moore's rounds, of all states at once, as long as these
part many; long counters need as many rounds as states, so then Hopcroft's algorithm takes over (1971, "An
n log n algorithm for minimizing states in a finite automaton", doi:10.1016/B978-0-12-417750-5.50022-1), on
arrays whose segments are the classes as in Valmari & Lehtinen 2008 (doi:10.4230/LIPIcs.STACS.2008.1328).
Small machines stay in NumPy, the rest is compiled. `check_quotient` checks the outcome by other means.
"""

import dataclasses
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.compiling import compiled_module
from boolrnn.errors import MachineError
from boolrnn.machines.check_quotient import Checked, check_quotient
from boolrnn.machines.machine import MOORE, NOTHING, Machine
from boolrnn.machines.order import Words, access_words, breadth_first, checked_table, word_of
from boolrnn.shapes import Int64

__all__ = [
    "Checked",
    "Minimised",
    "Words",
    "access_words",
    "check_quotient",
    "classes_of",
    "least_states",
    "mealy_labels",
    "minimised",
    "word_of",
]

ROUNDS = 32  # of refinement for a lower bound, at most
_WORTH = 1 << 16  # transitions from which compiled code is worth loading
_PATIENCE = 1 << 21  # transitions that slow rounds in NumPy look at before compiled code is loaded
_GROWS, _SLOW = 2, 8  # rounds that do not double the classes, before Hopcroft's algorithm takes over
_CHUNK = 1 << 22  # steps of refinement between two looks at the bar


@dataclasses.dataclass(frozen=True, eq=False)
class Minimised:
    """A minimal machine (M states), the state of it that every state of the old one is (-1: it cannot be
    reached), and the words that lead to its states. It is numbered by these words, so two machines with equal
    outputs for every word give equal arrays. All symbols and labels stay, also labels that are not used."""

    machine: Machine
    state_of: Int64[np.ndarray, "N"]
    words: Words


def minimised(machine: Machine) -> Minimised:
    """The machine with the fewest states that gives the same outputs, Moore or Mealy, complete or partial.

    States that cannot be reached are dropped. What is undefined stays undefined: a partial machine may have
    completions with fewer states.
    """
    order = breadth_first(machine.transitions, machine.start)
    place = np.full(machine.states + 1, NOTHING)
    place[order] = np.arange(len(order))
    table, outputs = place[machine.transitions[order]], machine.outputs[order]
    classes = classes_of(table, outputs if machine.kind == MOORE else _tuples(list(outputs.T)))
    firsts = _firsts(classes)
    small = np.append(classes, NOTHING)[table[firsts]]
    made = dataclasses.replace(machine, transitions=small, outputs=outputs[firsts], start=0)
    return Minimised(made, np.append(classes, NOTHING)[place[:-1]], access_words(small))


def classes_of(transitions: np.ndarray, labels: np.ndarray) -> Int64[np.ndarray, "N"]:
    """The class of every state: the coarsest partition with equal `labels` (N, any integers) in a class and
    `transitions` (N, A) from equal classes to equal classes. -1 (undefined) equals only -1.

    All N states are parted, reached or not. Classes are numbered by their first states: that of state 0 is 0.
    Takes O(A N log N) time in the worst case, and 8 A + 36 bytes for each state where N A < 2^31.

    Raises
    ------
    MachineError
        On transitions that are no states, or where labels do not fit them.
    """
    table, labels = _checked(transitions, labels)
    classes, number = _numbered(labels)
    before, slow, most = 0, 0, max(_SLOW, _PATIENCE // max(table.size, 1) if table.size < _WORTH else 0)
    while before < number < len(table):
        slow += number < _GROWS * before
        if slow > most:
            classes, number = _refined(table, classes, number)
            break
        before, (classes, number) = number, _round(table, classes)
    return _by_first(classes, number)


def mealy_labels(transitions: np.ndarray, labels: np.ndarray) -> Int64[np.ndarray, "N"]:
    """A label for every state that stands for the `labels` (N, any integers) of its successors, symbol by
    symbol; undefined (-1) is one of its own.

    `classes_of(transitions, mealy_labels(transitions, labels))` are the states of the minimal Mealy machine,
    whose outputs are the labels of the states that its transitions lead to.

    Raises
    ------
    MachineError
        On transitions that are no states, or where labels do not fit them.
    """
    table, labels = _checked(transitions, labels)
    numbers = np.append(_numbered(labels)[0], -1)
    return _tuples([numbers[column] for column in table.T])


def least_states(transitions: np.ndarray, labels: np.ndarray) -> int:
    """At least so many states has the minimal machine of an enumeration that was cut off.

    -1 in `transitions` (N, A) is a successor not known yet, which may be any state; all N states can be
    reached, and their `labels` (N) are known. Let a state belong to S_k where all words of up to k symbols
    stay among known transitions. Words of up to k symbols part the states of S_k into classes, whatever is
    still unknown. Counted are, for k = 0, 1, ..: the classes that have states of S_k but none of S_k+1, and
    for the last k all classes of S_k. One state of each of these classes, and a word tells any two of them
    apart. At most ROUNDS rounds are made: more might prove more.

    Raises
    ------
    MachineError
        On transitions that are no states, or where labels do not fit them.
    """
    table, labels = _checked(transitions, labels)
    within = np.ones(len(table) + 1, bool)  # S_k; what is unknown is in none
    within[-1] = False
    classes, number, proved = *_numbered(labels), 0
    with progress.bar("least number of states", ROUNDS) as tick:
        for k in range(ROUNDS):
            tick(k, f"{number:,} classes")
            further = np.append(within[:-1] & _all_known(table, within), False)
            met, kept = (np.bincount(classes[some[:-1]], minlength=number) > 0 for some in (within, further))
            proved += int((met & ~kept).sum())
            before, (classes, number) = number, _round(table, classes)
            stays, within = np.array_equal(within, further), further
            if not kept.any() or (stays and number == before):
                break
    return proved + len(np.unique(classes[within[:-1]]))


def _all_known(table: np.ndarray, within: np.ndarray) -> np.ndarray:
    """The states (N) all of whose successors are `within` (N + 1)."""
    found = np.ones(len(table), bool)
    for column in table.T:
        found &= within[column]
    return found


def _checked(transitions: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    table, labels = checked_table(transitions), np.asarray(labels)
    if labels.shape != table.shape[:1] or labels.dtype.kind not in "iu":
        raise MachineError(
            f"labels: {labels.dtype} of shape {labels.shape}, expected integers ({len(table)}), one per state"
        )
    return table, labels.astype(np.int64, copy=False)


def _numbered(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Equal values (N) as equal numbers from 0, and how many there are."""
    if not len(values):
        return np.zeros(0, np.int64), 0
    least, most = int(values.min()), int(values.max())
    if most - least > 4 * len(values) + 1024:
        known, numbers = np.unique(values, return_inverse=True)
        return numbers.reshape(-1), len(known)
    shifted = values - least
    known = np.zeros(most - least + 1, np.int64)
    known[shifted] = 1
    return (np.cumsum(known) - 1)[shifted], int(known.sum())


def _tuples(columns: list[np.ndarray]) -> Int64[np.ndarray, "N"]:
    """Equal rows of columns (N; numbers from -1) as equal numbers."""
    rows = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        rows, _ = _numbered(rows * (int(column.max(initial=0)) + 2) + column + 1)
    return rows


def _numpy_round(table: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, int]:
    """One of Moore's rounds: the classes of equal states with equal successors, and how many they are."""
    after = np.append(classes, -1)
    return _numbered(_tuples([classes, *(after[column] for column in table.T)]))


def _round(table: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, int]:
    """The same, compiled where it is worth it; 4 bytes of memory for 2 to 4 N slots are on top of classes."""
    if table.size < _WORTH:
        return _numpy_round(table, classes)
    kind = _kind(len(table))
    after = np.empty(len(table), kind)
    slots = np.zeros(1 << (2 * len(table)).bit_length(), kind)
    code = compiled_module("machines.compiled_minimise")
    return after, code.moore_round(table, classes.astype(kind, copy=False), after, slots)


def _refined(table: np.ndarray, classes: np.ndarray, number: int) -> tuple[np.ndarray, int]:
    """Refine the partition until it is stable: the classes, and how many they are. It is that of a round, at
    least: in a class the same transitions are undefined."""
    code: Any = compiled_module("machines.compiled_minimise")
    (count, symbols), kind = table.shape, _kind(len(table))
    offsets = np.zeros(table.size + 1, _kind(table.size))
    sources = np.empty(table.size, kind)
    code.inverse(table, offsets, sources)
    classes = classes.astype(kind)
    part = code.Partition(offsets, sources, classes, *(np.zeros(count, kind) for _ in range(6)))
    spared, at = code.arrange(part, number), 0
    with progress.bar("minimise", count) as tick:
        while at < number:
            at, number = code.refine(part, symbols, number, at, spared, _CHUNK)
            tick(at, f"{number:,} classes")
    return classes, number


def _kind(most: int) -> type:
    """The integers that hold 0..most + 1."""
    return np.int32 if most < (1 << 31) - 2 else np.int64


def _firsts(classes: np.ndarray) -> np.ndarray:
    """The first state of every class, where classes are numbered by them."""
    new = np.maximum.accumulate(classes)
    return np.flatnonzero(np.diff(new, prepend=-1))


def _by_first(classes: np.ndarray, number: int) -> Int64[np.ndarray, "N"]:
    """The same classes, numbered by their first states."""
    first = np.zeros(number, _kind(len(classes)))
    first[classes[::-1]] = np.arange(len(classes) - 1, -1, -1, dtype=first.dtype)  # the last that is written
    new = np.zeros(len(classes), bool)
    new[first] = True
    numbers = np.cumsum(new, dtype=first.dtype)[first] - 1
    return numbers.astype(np.int64)[classes]
