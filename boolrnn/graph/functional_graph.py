"""The functional graph of a word: every state has one successor, so every start ends in a cycle.

One application of the whole word is one step. Every visited state is kept with the number of its visit and
followed once: a start that comes to a known state has the rest of its way from there, and transients and
periods are exact. When memory is used up, walks go on by Brent's method (Brent 1980,
doi:10.1007/BF01933190), which keeps nothing, and still end where they meet a known state.
"""

import bisect
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from boolrnn.bits import to_words
from boolrnn.compiling import compiled_module
from boolrnn.graph.verify_cycle import Cycle, verified
from boolrnn.model.automaton import Automaton
from boolrnn.model.kernels import stepper, tables
from boolrnn.shapes import Bool, Int64

EXPLICIT = 16  # up to so many neurons all successors are computed at once
_AHEAD = 32  # states computed before the first of them is looked up
_CHUNK = 1 << 17  # applications between two looks at the clock
_FIRST_SLOTS = 1 << 14
_LOOK = 1024  # the same, for states stepped by NumPy
_ENTRY = 200  # bytes that Python needs for an entry of a dictionary, about
_LOAD = 0.5  # of the slots, before the table grows
_FULL_LOAD = 0.85  # where it cannot


class OutOfTimeError(Exception):
    """The budget is used up, or somebody pressed Ctrl-C; what is finished stays."""


@dataclasses.dataclass
class Trail:
    """The way of one start: `entered` new states from visit number `first` on, the cycle that it ends in,
    and `transient`, the applications until it is on it."""

    first: int
    entered: int = 0
    transient: int = -1
    cycle: int = -1


class FunctionalGraph(ABC):
    """What is known of the graph of one word; `cycles` grows as starts are followed.

    `look` is called now and then with the states visited so far; it raises OutOfTimeError to stop.
    """

    def __init__(
        self, automaton: Automaton, word: Int64[np.ndarray, "K"], look: Callable[[int], None]
    ) -> None:
        self.automaton, self.word, self.look = automaton, word, look
        self.cycles: list[Cycle] = []
        self.trails: list[Trail] = []
        self.count = 0  # states entered
        self.complete = True  # every visited state was entered

    def follow(self, start: Bool[np.ndarray, "H"]) -> Trail:
        """The way of a start, to its cycle; kept for those that come after.

        Raises
        ------
        OutOfTimeError
            When `look` says so; the start has no trail then.
        """
        trail = Trail(self.count + 1)
        self.trails.append(trail)
        try:
            self._walk(trail, start)
        except OutOfTimeError:
            self.trails.pop()
            raise
        return trail

    @abstractmethod
    def _walk(self, trail: Trail, start: np.ndarray) -> None:
        """Follow a start until it meets a state that is kept, or closes a cycle of states that are not."""

    @abstractmethod
    def _transient(self, start: np.ndarray, period: int) -> int:
        """Applications until the start is on a cycle of this period, found without kept states."""

    def _met(self, trail: Trail, start: np.ndarray, number: int, steps: int) -> None:
        """After `steps` applications the start is at the state of visit `number`, the first kept one."""
        at = bisect.bisect_right(self.trails, number, key=lambda other: other.first) - 1
        while self.trails[at].entered == 0:  # a trail without a state of its own has the number of the next
            at -= 1
        other, place = self.trails[at], number - self.trails[at].first
        if other is trail:
            self._closed(trail, start, place, steps - place)
            return
        trail.cycle = other.cycle
        if place >= other.transient and steps > trail.entered:  # it may have come onto the cycle before
            trail.transient = self._transient(start, self.cycles[other.cycle].period)
        else:
            trail.transient = steps + max(0, other.transient - place)

    def _closed(self, trail: Trail, start: np.ndarray, transient: int, period: int) -> None:
        """The start closes a cycle by itself: check it, and see whether it is known under its least state."""
        found = verified(self.automaton, self.word, start, transient, period, lambda: self.look(self.count))
        trail.transient = transient
        for k, cycle in enumerate(self.cycles):
            if cycle.period == period and (cycle.least == found.least).all():
                trail.cycle = k
                return
        trail.cycle = len(self.cycles)
        self.cycles.append(found)


class _Numpy(FunctionalGraph):
    """States in a dictionary of about `memory` bytes; small nets have all their successors computed at once,
    and no limit."""

    def __init__(
        self, automaton: Automaton, word: np.ndarray, look: Callable[[int], None], memory: int
    ) -> None:
        super().__init__(automaton, word, look)
        self.numbers: dict[Any, int] = {}
        self.step = stepper(automaton, engine="numpy")
        self.images: np.ndarray | None = None
        hidden = automaton.hidden
        self.room = 1 << hidden if hidden <= EXPLICIT else max(1, memory // _ENTRY)
        if hidden <= EXPLICIT:
            every = (np.arange(1 << hidden)[:, None] >> np.arange(hidden) & 1).astype(bool)
            after = self.step.repeat(word, 1, every)
            self.images = after @ (1 << np.arange(hidden))

    def _walk(self, trail: Trail, start: np.ndarray) -> None:
        """Enter states while there is room, then go on by Brent's method."""
        state, steps, since, power = self._first(start), 0, 0, 1
        anchor = None
        while (number := self.numbers.get(state)) is None:
            if state == anchor:
                self._closed(trail, start, self._transient(start, since), since)
                return
            if self.count < self.room:
                self.count += 1
                trail.entered += 1
                self.numbers[state] = self.count
            elif anchor is None or since == power:
                self.complete = False
                anchor, power, since = state, 2 * power, 0
            state = self._next(state)
            steps += 1
            since += 1
            if not steps % _LOOK:
                self.look(self.count)
        self._met(trail, start, number, steps)

    def _transient(self, start: np.ndarray, period: int) -> int:
        left = right = self._first(start)
        for k in range(period):
            right = self._next(right)
            if not k % _LOOK:
                self.look(self.count)
        passed = 0
        while left != right:
            left, right, passed = self._next(left), self._next(right), passed + 1
            if not passed % _LOOK:
                self.look(self.count)
        return passed

    def _first(self, start: np.ndarray) -> Any:
        """A state as a key: its number where successors are listed, else its bytes."""
        return start.tobytes() if self.images is None else int(start @ (1 << np.arange(len(start))))

    def _next(self, state: Any) -> Any:
        if self.images is not None:
            return int(self.images[state])
        return self.step.repeat(self.word, 1, np.frombuffer(state, bool)[None])[0].tobytes()


class _Compiled(FunctionalGraph):
    """States in a compiled hash table that grows up to `memory` bytes. `spare` is the table of a graph that
    is not needed any more: memory that is already there."""

    def __init__(
        self,
        automaton: Automaton,
        word: np.ndarray,
        look: Callable[[int], None],
        memory: int,
        spare: np.ndarray | None = None,
    ) -> None:
        super().__init__(automaton, word, look)
        self.code: Any = compiled_module("graph.compiled_cycles")
        self.tables, self.memory = tables(automaton), memory
        self.words = -(-automaton.hidden // 64)
        self.chunk = max(1, _CHUNK // len(word))
        self.table = self._empty(self._slots()) if spare is None else spare
        self.table[:, -1] = 0

    def _slots(self) -> int:
        """Slots to begin with: fewer than usual where memory is small and states are large."""
        slots = _FIRST_SLOTS
        while slots > 64 and slots * 8 * (self.words + 1) > self.memory:
            slots //= 2
        return slots

    def _empty(self, slots: int) -> np.ndarray:
        return np.zeros((slots, self.words + 1), np.uint64)

    def _grow(self) -> bool:
        """Twice the slots, if old and new table fit into memory side by side."""
        if 3 * self.table.nbytes > self.memory:
            return False
        larger = self._empty(2 * len(self.table))
        self.code.rehash(self.table, larger)
        self.table = larger
        return True

    def _walk(self, trail: Trail, start: np.ndarray) -> None:
        code = self.code
        ahead = np.zeros((_AHEAD + 1, self.words), np.uint64)
        ahead[0] = to_words(start)
        load = _LOAD
        while True:
            room = int(load * len(self.table))
            ended, number, count = code.follow(
                self.tables, self.word, ahead, self.table, self.count, room, self.chunk
            )
            trail.entered += count - self.count
            self.count = count
            if ended == code.KNOWN:
                self._met(trail, start, number, trail.entered)
                return
            if ended == code.FULL and not self._grow():
                if load == _FULL_LOAD:
                    break
                load = _FULL_LOAD
            self.look(self.count)
        self.complete = False
        self._go_on(trail, start, ahead[0].copy())

    def _go_on(self, trail: Trail, start: np.ndarray, state: np.ndarray) -> None:
        """By Brent's method from `state`, the first that could not be entered."""
        code, steps = self.code, trail.entered
        anchor, power, since = state.copy(), 1, 0
        while True:
            ended, number, made, power, since = code.brent(
                self.tables, self.word, state, anchor, power, since, self.table, self.chunk
            )
            steps += made
            if ended == code.KNOWN:
                self._met(trail, start, number, steps)
                return
            if ended == code.CLOSED:
                self._closed(trail, start, self._transient(start, since), since)
                return
            self.look(self.count)

    def _transient(self, start: np.ndarray, period: int) -> int:
        left, right = to_words(start), to_words(start[None])
        for done in range(0, period, self.chunk):
            compiled_module("model.compiled").repeat(
                self.tables, right, self.word, min(self.chunk, period - done)
            )
            self.look(self.count)
        passed = 0
        while (met := self.code.meet(self.tables, self.word, left, right[0], self.chunk)) < 0:
            passed += self.chunk
            self.look(self.count)
        return passed + met


def functional_graph(
    automaton: Automaton,
    word: Int64[np.ndarray, "K"],
    look: Callable[[int], None],
    *,
    memory: int,
    engine: str = "auto",
    instead_of: FunctionalGraph | None = None,
) -> FunctionalGraph:
    """The graph of `word`, nothing followed yet; `memory` bytes at most for visited states.

    It may take over the memory of the graph that it comes `instead_of`.
    """
    if engine == "auto":
        small = automaton.hidden <= EXPLICIT
        engine = "numpy" if small else stepper(automaton, work=1 << 62).engine
    if engine == "numpy":
        return _Numpy(automaton, word, look, memory)
    spare = instead_of.table if isinstance(instead_of, _Compiled) else None
    return _Compiled(automaton, word, look, memory, spare)
