"""A net's automaton beside a machine that reads the same word: the first word on which their labels differ.

Pairs of states are explored breadth-first from both starts, each once, and their labels compared as they are
found: a difference is found long before all pairs are known, and the first one has a shortest word, of these
the first in the order of the symbols. Where no pair is left to follow and all labels are equal, network's
automaton and machine give equal labels for every word of every length.
"""

import dataclasses
import time
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.errors import MachineError
from boolrnn.graph.cycles import parse_memory
from boolrnn.machines.explore import INTERRUPTED, Exploration
from boolrnn.machines.gather import Limits
from boolrnn.machines.machine import MOORE, Machine, as_moore
from boolrnn.machines.outputs import Labeller
from boolrnn.model.automaton import Automaton, compile
from boolrnn.model.weights import Weights

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
    memory: int | str = "1G",
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
    limits = Limits(max_pairs, parse_memory(memory), _deadline(budget), engine)
    return against_machine(automaton, labeller, symbols, machine, limits, empty)[0]


def against_machine(
    automaton: Automaton,
    labeller: Labeller,
    symbols: np.ndarray,
    machine: Machine,
    limits: Limits,
    empty: bool = True,
) -> tuple[Difference, Exploration]:
    """`first_difference`, and the search that found it."""
    if not machine.complete:
        n, k = np.argwhere(machine.transitions < 0)[0]
        raise MachineError(
            f"the machine is partial: state {n} has no transition under {machine.alphabet[k]!r}; expected a "
            "machine for every word (one of a text or a word is none)"
        )
    if len(machine.alphabet) != len(symbols):
        raise MachineError(f"{len(machine.alphabet)} symbols of the machine for {len(symbols)} of the net")
    moore = as_moore(machine)
    search = _search(automaton, symbols, limits, machine=moore.transitions, begins=moore.start)
    own = _OfNet(search, labeller, 0, automaton.hidden)
    comparison = _Comparison(search, own, _OfMachine(search, moore), empty and machine.kind == MOORE)
    return comparison.run(limits.deadline), search


def against_net(
    pair: tuple[Automaton, Automaton],
    labellers: tuple[Labeller, Labeller],
    symbols: tuple[np.ndarray, np.ndarray],
    limits: Limits,
    empty: bool = True,
) -> tuple[Difference, Exploration]:
    """The first word, in symbols of the first net, whose labels by name differ between two nets;
    symbols[0][k] of one net is symbols[1][k] of the other. The search walks on both as on one net, the
    neurons of the second after those of the first."""
    both, hidden = side_by_side(pair, symbols), pair[0].hidden
    search = _search(both, np.arange(len(symbols[0])), limits)
    sides = (_OfNet(search, labellers[0], 0, hidden), _OfNet(search, labellers[1], hidden, both.hidden))
    found = _Comparison(search, *sides, empty).run(limits.deadline)
    word = None if found.word is None else symbols[0][found.word]
    return dataclasses.replace(found, word=word), search


def _search(automaton: Automaton, symbols: np.ndarray, limits: Limits, **machine: Any) -> Exploration:
    return Exploration(
        automaton,
        symbols,
        keep=False,
        most=limits.max_states,
        memory=limits.memory,
        engine=limits.engine,
        label="pairs",
        **machine,
    )


def _deadline(budget: float | None) -> float | None:
    return None if budget is None else time.monotonic() + budget


def side_by_side(pair: tuple[Automaton, Automaton], symbols: tuple[np.ndarray, np.ndarray]) -> Automaton:
    """Two nets as one that runs both: symbol k is symbols[0][k] of one and symbols[1][k] of the other."""
    left, right = (automaton.weights for automaton in pair)
    size = left.hidden
    wh = np.zeros((size + right.hidden, size + right.hidden), np.float32)
    wh[:size, :size], wh[size:, size:] = left.wh, right.wh
    return compile(
        Weights(
            wx=np.concatenate([left.wx[:, symbols[0]], right.wx[:, symbols[1]]]),
            wh=wh,
            bh=np.concatenate([left.bh, right.bh]),
            wy=np.zeros((1, len(wh)), np.float32),
            by=np.zeros(1, np.float32),
        )
    )


class _Side(ABC):
    """Labels, as names, of what a search found."""

    @abstractmethod
    def start(self) -> str:
        """That of no symbols."""

    @abstractmethod
    def of(self, first: int, stop: int) -> tuple[np.ndarray, tuple[str, ...]]:
        """Those of nodes first .. stop - 1, as numbers, and the names of the numbers."""


class _OfMachine(_Side):
    def __init__(self, search: Exploration, machine: Machine) -> None:
        self.search, self.machine = search, machine

    def start(self) -> str:
        return self.machine.labels[self.machine.outputs[self.machine.start]]

    def of(self, first: int, stop: int) -> tuple[np.ndarray, tuple[str, ...]]:
        return self.machine.outputs[self.search.beside(first, stop)], self.machine.labels


class _OfNet(_Side):
    def __init__(self, search: Exploration, labeller: Labeller, begin: int, end: int) -> None:
        self.search, self.labeller, self.part = search, labeller, slice(begin, end)

    def start(self) -> str:
        number = self.labeller.of_start()
        return self.labeller.labels[number]

    def of(self, first: int, stop: int) -> tuple[np.ndarray, tuple[str, ...]]:
        numbers = self.labeller.of_states(self.search.states(first, stop)[:, self.part])
        return numbers, self.labeller.labels


class _Comparison:
    """Labels of what a search finds, compared in the order in which it finds it."""

    def __init__(self, search: Exploration, left: _Side, right: _Side, empty: bool) -> None:
        self.search, self.left, self.right = search, left, right
        self.compared, self.empty = 0, empty
        self.known: dict[str, int] = {}  # a number for every name

    def run(self, deadline: float | None) -> Difference:
        """Explore and compare in turns, until something differs or nothing is left, or something ends it."""
        search, until, word = self.search, _FIRST, None
        try:
            with progress.bar("pairs", search.most) as tick:
                while True:
                    search.run(deadline=deadline, until=until)
                    word = self._new()
                    tick(search.count, f"{search.count - search.expanded:,} to follow")
                    if word is not None or search.closed or search.why:
                        break
                    until = search.count + min(search.count, _LOOK)
        except KeyboardInterrupt:
            search.why = INTERRUPTED
        why = search.why if word is None else ""
        closed = search.closed and word is None and not why
        return Difference(word, closed, self.compared, why, self._compared_to(word))

    def _new(self) -> np.ndarray | None:
        """Compare what was not compared yet; the word of the first difference."""
        first, stop = self.compared, self.search.count
        if first == 0:
            if self.empty and self.left.start() != self.right.start():
                self.compared = 1
                return np.zeros(0, np.int64)
            first = 1
        differs = self._numbered(*self.left.of(first, stop)) != self._numbered(*self.right.of(first, stop))
        self.compared = first + int(differs.argmax()) + 1 if differs.any() else stop
        return self.search.word_to(self.compared - 1) if differs.any() else None

    def _numbered(self, numbers: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
        """Labels of either side as numbers that both share."""
        return np.array([self.known.setdefault(name, len(self.known)) for name in names])[numbers]

    def _compared_to(self, word: np.ndarray | None) -> int:
        """All words of up to so many symbols are compared."""
        if word is not None:
            return len(word) - 1
        return len(self.search.word_to(self.compared - 1)) - (not self.search.closed)
