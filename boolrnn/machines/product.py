"""A net's automaton beside a machine that reads the same word: the first word on which their labels differ.

Pairs of states are explored breadth-first from both starts, each once, and their labels compared as they are
found: a difference is found long before all pairs are known, and the first one has a shortest word, of these
the first in the order of the symbols. Where no pair is left to follow and all labels are equal, network's
automaton and machine give equal labels for every word of every length.
"""

import dataclasses
import time

import numpy as np

from boolrnn.errors import MachineError, OptionError
from boolrnn.machines.explore import Exploration
from boolrnn.machines.machine import MOORE, Machine, as_moore
from boolrnn.machines.outputs import Labeller
from boolrnn.model.automaton import Automaton

PAIRS = 10**7
_FIRST, _LOOK = 1 << 10, 1 << 18  # pairs between two looks at their labels: few at first, then more


@dataclasses.dataclass(frozen=True)
class Difference:
    """What the search found: `word` (numbers of symbols; None: no difference), whether all pairs are known
    (`closed`), how many were looked at, and what stopped it before that."""

    word: np.ndarray | None
    closed: bool
    pairs: int
    why: str = ""
    length: int = 0  # all words of up to so many symbols are compared; where `closed`, longer ones too

    @property
    def equal(self) -> bool | None:
        """Whether both give equal labels for every word; None where that is not decided."""
        return False if self.word is not None else (True if self.closed else None)


def first_difference(
    automaton: Automaton,
    labeller: Labeller,
    symbols: np.ndarray,
    machine: Machine,
    *,
    empty: bool = True,
    max_pairs: int = PAIRS,
    memory: int = 1 << 30,
    budget: float | None = None,
    engine: str = "auto",
) -> Difference:
    """The first word over `symbols` (A; symbol k of the machine is symbols[k]) whose labels differ.

    Of a Moore machine the labels after every prefix are compared, that of no symbols too unless `empty` is
    False; of a Mealy machine those after each symbol. At most `max_pairs` pairs and `memory` bytes are kept,
    and `budget` seconds spent.

    Raises
    ------
    MachineError
        Where the machine is partial, or the alphabets have other sizes.
    OptionError
        As Exploration does.
    """
    if not machine.complete:
        raise MachineError("the machine is partial: some state has no transition under some symbol")
    if len(machine.alphabet) != len(symbols):
        raise MachineError(f"{len(machine.alphabet)} symbols of the machine for {len(symbols)} of the net")
    if max_pairs < 1:
        raise OptionError(f"max_pairs {max_pairs}: expected at least 1")
    deadline = None if budget is None else time.monotonic() + budget
    empty = empty and machine.kind == MOORE
    machine = as_moore(machine)
    search = Exploration(
        automaton,
        symbols,
        machine=machine.transitions,
        begins=machine.start,
        keep=False,
        most=max_pairs,
        memory=memory,
        engine=engine,
        label="pairs",
    )
    return _Comparison(search, labeller, machine, empty).run(deadline)


class _Comparison:
    """Labels of the pairs that a search finds, compared in the order in which it finds them."""

    def __init__(self, search: Exploration, labeller: Labeller, machine: Machine, empty: bool) -> None:
        self.search, self.labeller, self.machine = search, labeller, machine
        self.told: dict[str, int] = {name: k for k, name in enumerate(machine.labels)}
        self.compared, self.empty = 0, empty

    def run(self, deadline: float | None) -> Difference:
        search, until = self.search, _FIRST
        while True:
            search.run(deadline=deadline, until=until)
            word = self._new()
            if word is not None or search.closed or search.why:
                break
            until = search.count + min(search.count, _LOOK)
        why = search.why if word is None else ""
        return Difference(word, search.closed and word is None, self.compared, why, self._compared_to(word))

    def _new(self) -> np.ndarray | None:
        """Compare what was not compared yet; the word of the first difference."""
        first, stop = self.compared, self.search.count
        if first == 0:
            if self.empty and self._own(np.array([self.labeller.of_start()]))[0] != self._wanted(0, 1)[0]:
                return np.zeros(0, np.int64)
            first = 1
        own = self._own(self.labeller.of_states(self.search.states(first, stop)))
        differs = own != self._wanted(first, stop)
        self.compared = first + int(differs.argmax()) + 1 if differs.any() else stop
        return self.search.word_to(self.compared - 1) if differs.any() else None

    def _wanted(self, first: int, stop: int) -> np.ndarray:
        return self.machine.outputs[self.search.beside(first, stop)]

    def _compared_to(self, word: np.ndarray | None) -> int:
        """All words of up to so many symbols are compared."""
        if word is not None:
            return len(word) - 1
        return len(self.search.word_to(self.compared - 1)) - (not self.search.closed)

    def _own(self, labels: np.ndarray) -> np.ndarray:
        """The net's labels as numbers of the machine's, -1 for those that it does not have."""
        return np.array([self.told.get(name, -1) for name in self.labeller.labels])[labels]
