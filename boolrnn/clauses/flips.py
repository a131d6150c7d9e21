"""Flip sets of a state by size, smallest first, until one has an effect some steps later.

What is to change is an `Effect` on the state after the text's next K symbols: all of some bits, or the rank
of an output (an output is predicted if its rank is 0, so a prediction changes when that rank does). Sets of
one size are looked at in lexicographic order, every one of them unless one before has the effect; compiled
loops share them out over all cores.
"""

import dataclasses
import functools
import itertools
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from boolrnn import progress
from boolrnn.bits import to_words
from boolrnn.clauses.against import NEVER, Against
from boolrnn.compiling import compiled_module
from boolrnn.model.automaton import Automaton
from boolrnn.model.kernels import TABLE_BYTES, WORTH, Stepper, cores, stepper, tables
from boolrnn.model.table import LANES, size_of
from boolrnn.shapes import Bool, Int64, UInt64

_CHUNK = 1 << 20  # words of steps between two looks at the clock: some 20 ms
_CELLS = 1 << 19  # states times neurons that NumPy looks at together
_USUAL = 128  # neurons up to which NumPy's steps cost about the same
_AHEAD = 3  # jobs in hand per core

Job = TypeVar("Job")
Out = TypeVar("Out")


class OutOfTimeError(Exception):
    """The budget ended."""


@dataclasses.dataclass(frozen=True, eq=False)
class Effect:
    """What is to differ in the last state: every bit of `neurons`, or the rank of the output `ranked.one`.

    `last` (H) is the last state without flips.
    """

    last: Bool[np.ndarray, "H"]
    neurons: Int64[np.ndarray, "M"]
    ranked: Against | None = None

    @functools.cached_property
    def rank(self) -> int:
        """Without flips: the rank that is to change."""
        return int(self.ranked.rank(self.last[None])[0]) if self.ranked is not None else 0

    @property
    def fewest(self) -> int:
        """No last state that differs from `last` in fewer bits has another rank: no output changes sides."""
        assert self.ranked is not None
        least = self.ranked.crossings(self.last, np.arange(len(self.last)))
        return int(np.min(least[least != NEVER], initial=len(self.last) + 1))

    def shows(self, states: Bool[np.ndarray, "B H"]) -> Bool[np.ndarray, "B"]:
        """In which of these last states it does."""
        if self.ranked is not None:
            return self.ranked.rank(states) != self.rank
        return (states[:, self.neurons] != self.last[self.neurons]).all(axis=1)


@dataclasses.dataclass(frozen=True, eq=False)
class Asked:
    """A question about flips: of bits `units` (N, ascending) of `state`, read on by `word` (K symbols), with
    an effect at the end. `most` flips at most; `deadline` on time.monotonic's clock, None for no end."""

    automaton: Automaton
    state: Bool[np.ndarray, "H"]
    word: Int64[np.ndarray, "K"]
    units: Int64[np.ndarray, "N"]
    effect: Effect
    most: int
    deadline: float | None = None

    @property
    def left(self) -> float | None:
        """Seconds left, None where there is no end."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def sets(self, size: int) -> int:
        """How many flip sets there are of a size."""
        return math.comb(len(self.units), size)

    def flipped(self, sets: Int64[np.ndarray, "B R"]) -> Bool[np.ndarray, "B H"]:
        """The state with the bits of each set flipped."""
        states = np.repeat(self.state[None], len(sets), axis=0)
        states[np.arange(len(sets))[:, None], sets] ^= True
        return states

    def shows(self, sets: Int64[np.ndarray, "B R"]) -> Bool[np.ndarray, "B"]:
        """Which sets have the effect."""
        states = self.flipped(sets)
        if len(self.word):
            states = self._steps.advance(states, np.repeat(self.word[None], len(sets), axis=0))
        return self.effect.shows(states)

    @functools.cached_property
    def _steps(self) -> Stepper:
        return stepper(self.automaton, engine="numpy")

    @functools.cached_property
    def path(self) -> Bool[np.ndarray, "T H"]:
        """The states without flips, from `state` on, K + 1 of them."""
        path = [self.state]
        for x in self.word:
            path.append(self.automaton.step(path[-1][None], np.array([x]))[0][0])
        return np.array(path)


class Levels:
    """Flip sets of a question, looked at size by size."""

    def __init__(self, asked: Asked, engine: str = "auto") -> None:
        self.asked, self.chosen = asked, engine
        self.used: set[str] = set()  # numpy, compiled

    def first(self, size: int) -> Int64[np.ndarray, "R"] | None:
        """The first set of that size with the effect, None where there is none.

        Raises
        ------
        OutOfTimeError
            Where the budget ends first.
        """
        asked, total = self.asked, self.asked.sets(size)
        if size > len(asked.units):
            return None
        fast = compilable(asked.automaton, asked.effect) and (
            self.chosen == "compiled" or (self.chosen == "auto" and self._work(total) >= WORTH)
        )
        self.used.add("compiled" if fast else "numpy")
        with progress.bar(f"sets of {size} flips", total) as tick:
            return self._compiled(size, tick) if fast else self._numpy(size, tick)

    def _work(self, total: int) -> float:
        """NumPy's work for so many sets, in steps of a net of usual size."""
        return total * (len(self.asked.word) + 1) * max(1.0, (len(self.asked.state) / _USUAL) ** 2)

    def _numpy(self, size: int, tick: Callable[[int], None]) -> Int64[np.ndarray, "R"] | None:
        asked = self.asked
        sets = itertools.combinations(asked.units.tolist(), size)
        batch = max(16, _CELLS // len(asked.state))
        for done in range(0, asked.sets(size), batch):
            in_time(asked.deadline)
            part = np.array(list(itertools.islice(sets, batch)), np.int64)
            shows = asked.shows(part)
            if shows.any():
                return part[shows.argmax()]
            tick(done)
        return None

    def _compiled(self, size: int, tick: Callable[[int], None]) -> Int64[np.ndarray, "R"] | None:
        asked, total = self.asked, self.asked.sets(size)
        machine = Machine(asked.automaton, asked.effect)
        text = (machine.words(asked.state[None])[0], asked.word, machine.words(asked.path))
        chunk = max(64, _CHUNK // (machine.width * (len(asked.word) + 1)))

        def look(start: int) -> Int64[np.ndarray, "R"] | None:
            combination = _unranked(start, len(asked.units), size)
            sizes = (asked.units, combination, min(chunk, total - start))
            found = machine.code.search(machine.tables, machine.outputs, text, *sizes, machine.effect)
            tick(start)
            return asked.units[combination] if found else None

        return in_order(iter(range(0, total, chunk)), look, asked.deadline)


class Machine:
    """What compiled loops are given: tables of the steps and of the outputs, and the effect as words."""

    def __init__(self, automaton: Automaton, effect: Effect) -> None:
        self.code: Any = compiled_module("clauses.compiled_flips")
        self.tables, ranked = tables(automaton), effect.ranked
        self.outputs = self.tables if ranked is None else ranked.tables
        self.width = max(self.tables.slices.shape[2], self.outputs.slices.shape[2]) // LANES
        mask = np.zeros(automaton.hidden, bool)
        mask[effect.neurons] = True
        before, least = -1, 0
        if ranked is not None:
            before, least = effect.rank - ranked.always, effect.fewest
        self.effect = (self.words(mask[None])[0], before, least)

    def words(self, states: Bool[np.ndarray, "B H"]) -> UInt64[np.ndarray, "B W"]:
        """States as words, padded to what the outputs' rows take."""
        words = to_words(states)
        return np.ascontiguousarray(np.pad(words, ((0, 0), (0, self.width - words.shape[1]))))


def compilable(automaton: Automaton, effect: Effect) -> bool:
    """Whether the tables of compiled loops fit into memory."""
    outputs = effect.ranked.table_bytes if effect.ranked is not None else 0
    return size_of(automaton.hidden, automaton.symbols) + outputs <= TABLE_BYTES


def in_time(deadline: float | None) -> None:
    """Go on only if there is time left.

    Raises
    ------
    OutOfTimeError
        Where there is none.
    """
    if deadline is not None and time.monotonic() > deadline:
        raise OutOfTimeError


def in_order(jobs: Iterator[Job], work: Callable[[Job], Out | None], deadline: float | None) -> Out | None:
    """What the first job gives that does not give None. Jobs are done by all cores at once; which of them
    is finished first makes no difference.

    Raises
    ------
    OutOfTimeError
        Where the budget ends first.
    """
    ahead = _AHEAD * cores()
    pool = ThreadPoolExecutor(cores())
    waiting: deque[Future[Out | None]] = deque()

    def oldest() -> Out | None:
        in_time(deadline)
        return waiting.popleft().result()

    try:
        for job in jobs:
            waiting.append(pool.submit(work, job))
            if len(waiting) > ahead and (found := oldest()) is not None:
                return found
        while waiting:
            if (found := oldest()) is not None:
                return found
        return None
    finally:
        pool.shutdown(cancel_futures=True)


def _unranked(number: int, count: int, size: int) -> Int64[np.ndarray, "R"]:
    """The set of that number among those of `size` out of 0..count-1, in lexicographic order."""
    found, least = np.empty(size, np.int64), 0
    for k in range(size):
        for unit in range(least, count):
            after = math.comb(count - unit - 1, size - k - 1)
            if number < after:
                found[k], least = unit, unit + 1
                break
            number -= after
    return found
