"""An independent check of a partition into classes of equivalent states: right, and as coarse as can be.

It shares no code with what finds the classes. That equal classes have equal labels and lead to equal classes
is looked up for every state and symbol. That no two classes are equivalent is shown by Moore's rounds over
the quotient (boolrnn.machines.compiled_rounds): round k parts classes that a word of k symbols tells apart.
Small quotients are parted in NumPy, row by row of all classes.
"""

import dataclasses
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.compiling import compiled_module

_BLOCK = 1 << 16  # states compared at once
_PATIENCE = 1 << 16  # entries that are sorted in NumPy before compiled code is loaded
_SOME = 1 << 10  # compiled rounds between two looks at the bar


@dataclasses.dataclass(frozen=True)
class Checked:
    """What was checked: `states` under `symbols` respect `classes`, any two of which some word tells apart.

    `rounds` is the greatest length of a shortest word that does: any two classes give different labels (or
    one is undefined) within so many symbols. With labels of `mealy_labels`, the words are one symbol longer.
    """

    states: int
    symbols: int
    classes: int
    rounds: int

    @property
    def how(self) -> str:
        """In one line."""
        return (
            f"{self.states * self.symbols:,} transitions lead from equal classes to equal classes; "
            f"any two of {self.classes:,} classes are told apart in {self.rounds:,} rounds"
        )


def check_quotient(transitions: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> Checked:
    """Check that `classes` (N; 0..K-1) is the coarsest partition that respects `labels` (N) and `transitions`
    (N, A; -1 is undefined). Expected time O(A (N + K log K)); memory about 16 A + 115 bytes for each class,
    and 8 for each state.

    Raises
    ------
    RuntimeError
        Where it is not, with two states that show it: a bug in what found the classes.
    """
    transitions, labels, classes = np.asarray(transitions), np.asarray(labels), np.asarray(classes)
    number = int(classes.max(initial=-1)) + 1
    firsts = np.full(number, -1)
    firsts[classes] = np.arange(len(classes))  # some state of each
    if classes.min(initial=0) < 0 or len(classes) != len(transitions) or (firsts < 0).any():
        raise RuntimeError("classes are not numbered 0, 1, .. with a state each: a bug in minimisation")
    after = np.append(classes, -1)
    quotient = after[transitions[firsts]]
    with progress.bar("check classes", len(classes)) as tick:
        for k in range(0, len(classes), _BLOCK):
            some = slice(k, k + _BLOCK)
            same = labels[some] == labels[firsts][classes[some]]
            same &= (after[transitions[some]] == quotient[classes[some]]).all(axis=1)
            if not same.all():
                n = k + int(np.argmin(same))
                raise RuntimeError(f"states {n} and {firsts[classes[n]]} are not equivalent: {_BUG}")
            tick(k)
    parted, rounds = _parted(quotient, np.unique(labels[firsts], return_inverse=True)[1].reshape(-1))
    order = np.argsort(parted, kind="stable")
    equal = np.flatnonzero(np.diff(parted[order]) == 0)
    if len(equal):
        left, right = firsts[order[equal[0]]], firsts[order[equal[0] + 1]]
        raise RuntimeError(f"states {left} and {right} are equivalent, in two classes: {_BUG}")
    return Checked(len(classes), transitions.shape[1], number, rounds)


_BUG = "a bug in minimisation"


def _parted(quotient: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, int]:
    """The classes that words tell apart, and after how many rounds nothing was parted any more."""
    number = int(labels.max(initial=-1)) + 1
    looked, rounds, parted = 0, 0, labels
    while number < len(labels):
        looked += quotient.size + len(labels)
        if looked > _PATIENCE:
            return _compiled(quotient, labels)
        rows = np.column_stack([parted, np.append(parted, -1)[quotient]])
        known, parted = np.unique(rows, axis=0, return_inverse=True)
        parted = parted.reshape(-1)
        if len(known) == number:
            break
        number, rounds = len(known), rounds + 1
    return parted, rounds


def _compiled(quotient: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, int]:
    """The same from the start, where NumPy would take long."""
    code: Any = compiled_module("machines.compiled_rounds")
    count, number = len(labels), int(labels.max()) + 1
    kind = np.int32 if count < 1 << 30 else np.int64
    quotient, parted = quotient.astype(kind), labels.astype(kind)
    begins, sources = np.zeros(count + 1, np.int64), np.empty(quotient.size, kind)
    rows = [np.zeros(count, kind) for _ in range(16)]
    slots = np.zeros(1 << (2 * count).bit_length(), kind)
    room = code.Rounds(begins, sources, parted, *rows, slots)
    code.begin(room, quotient, number)
    waiting, rounds = count, 0
    with progress.bar("check classes apart", count) as tick:
        while waiting:
            number, waiting, rounds = code.advance(room, quotient, number, waiting, rounds, _SOME)
            tick(number, f"round {rounds:,}")
    return parted, rounds
