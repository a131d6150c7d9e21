"""The fewest symbols to put in the place of others, so that the prediction made after them changes.

Positions are chosen among the last K; every choice of r of them and of r other symbols is looked at before
r + 1: positions in lexicographic order, then symbols. A substitution of which the state keeps no trace when
the next one comes is a smaller one, and is not followed.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from boolrnn import progress
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT
from boolrnn.clauses.fewest import CLOSED, ENUMERATION
from boolrnn.clauses.flips import Effect, Machine, OutOfTimeError, compilable, in_order, in_time
from boolrnn.model.automaton import Automaton
from boolrnn.model.kernels import WORTH, Stepper, stepper
from boolrnn.shapes import Bool, Int64, UInt64

_BOX = 1 << 16  # substitutions between two looks at the clock
_BATCH = 4096  # the same in NumPy

Places = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Edits:
    """What came out: places in the window (R) and what to put there (R), where there are any."""

    verdict: str
    places: Int64[np.ndarray, "R"] | None
    symbols: Int64[np.ndarray, "R"] | None
    exhausted: int
    engine: str
    note: str | None = None
    interrupted: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Window:
    """The symbols `word` (K) that may be changed, read from `start` (None: the network's start); `path` (K,
    H) are the states after each of them. `among` (A, ascending) may be put in."""

    automaton: Automaton
    start: Bool[np.ndarray, "H"] | None
    word: Int64[np.ndarray, "K"]
    path: Bool[np.ndarray, "K H"]
    among: Int64[np.ndarray, "A"]
    effect: Effect
    deadline: float | None = None

    def fewest(self, most: int, engine: str = "auto") -> Edits:
        """The fewest substitutions with the effect, `most` at most; `engine` is auto, numpy or compiled."""
        exhausted, used = 0, {}
        ranked = self.effect.ranked
        if ranked is not None and not len(ranked.other):  # no output changes sides in any state
            return Edits(UNSAT, None, None, most, CLOSED)
        try:
            for size in range(1, min(most, len(self.word)) + 1):
                fast = self._fast(size, engine)
                used[f"{ENUMERATION} ({'compiled' if fast else 'numpy'})"] = None
                total = math.comb(len(self.word), size)
                with progress.bar(f"{size} substitutions", total) as tick:
                    found = (self._compiled if fast else self._numpy)(size, tick)
                if found is not None:
                    return Edits(SAT, *found, exhausted, "+".join(used))
                exhausted = size
        except OutOfTimeError:
            note = "the budget ended"
            return Edits(UNKNOWN, None, None, exhausted, "+".join(used) or ENUMERATION, note)
        except KeyboardInterrupt:
            return Edits(UNKNOWN, None, None, exhausted, "+".join(used) or ENUMERATION, interrupted=True)
        return Edits(UNSAT, None, None, most, "+".join(used) or ENUMERATION)

    def _fast(self, size: int, engine: str) -> bool:
        work = math.comb(len(self.word), size) * len(self.among) ** size * len(self.word)
        wanted = engine == "compiled" or (engine == "auto" and work >= WORTH)
        return wanted and compilable(self.automaton, self.effect)

    def _numpy(
        self, size: int, tick: Callable[[int], None]
    ) -> tuple[Int64[np.ndarray, "R"], Int64[np.ndarray, "R"]] | None:
        for done, places in enumerate(itertools.combinations(range(len(self.word)), size)):
            tick(done)
            for symbols in self._choices(places):
                in_time(self.deadline)
                words = np.repeat(self.word[None], len(symbols), axis=0)
                words[:, list(places)] = symbols
                shows = self.effect.shows(self.last(words, places[0]))
                if shows.any():
                    return np.array(places), symbols[shows.argmax()]
        return None

    def _choices(self, places: Places) -> Iterator[Int64[np.ndarray, "B R"]]:
        """What may be put there, in lexicographic order, some at a time."""
        others = [self.among[self.among != self.word[k]] for k in places]
        if any(not len(part) for part in others):
            return
        leading = itertools.product(*(part.tolist() for part in others[:-1]))
        final = others[-1]
        while rows := list(itertools.islice(leading, max(1, _BATCH // len(final)))):
            head = np.array(rows, np.int64).reshape(len(rows), len(places) - 1)
            yield np.column_stack([np.repeat(head, len(final), axis=0), np.tile(final, len(rows))])

    def last(self, words: Int64[np.ndarray, "B K"], first: int) -> Bool[np.ndarray, "B H"]:
        """The last state of each word, which is the window's own before the place `first`."""
        before = self.path[first - 1] if first else self.start
        if before is None:
            states, first = self.automaton.step(None, words[:, 0])[0], 1
        else:
            states = np.repeat(before[None], len(words), axis=0)
        return self._steps.advance(states, words[:, first:])

    @functools.cached_property
    def _steps(self) -> Stepper:
        return stepper(self.automaton, engine="numpy")

    def _compiled(
        self, size: int, tick: Callable[[int], None]
    ) -> tuple[Int64[np.ndarray, "R"], Int64[np.ndarray, "R"]] | None:
        machine = Machine(self.automaton, self.effect)
        text, openings = (self.word, machine.words(self.path)), {}

        def boxes() -> Iterator[tuple[Places, UInt64[np.ndarray, "A W"], list[int], list[int]]]:
            """Every choice of places, cut into boxes of so many choices of symbols."""
            count, free = len(self.among), 1
            while free < size and count ** (free + 1) <= _BOX:
                free += 1
            for done, places in enumerate(itertools.combinations(range(len(self.word)), size)):
                tick(done)
                if places[0] not in openings:
                    openings.clear()
                    openings[places[0]] = machine.words(self._opening(places[0]))
                for head in itertools.product(range(count), repeat=size - free):
                    low, stop = [*head] + [0] * free, [k + 1 for k in head] + [count] * free
                    yield places, openings[places[0]], low, stop

        def look(
            box: tuple[Places, UInt64[np.ndarray, "A W"], list[int], list[int]],
        ) -> tuple[Int64[np.ndarray, "R"], Int64[np.ndarray, "R"]] | None:
            places, opening, low, stop = box
            at, digits = np.array(places), np.zeros(size, np.int64)
            ends = (np.array(low), np.array(stop), digits, machine.effect)
            if machine.code.substitute(machine.tables, machine.outputs, text, opening, at, self.among, *ends):
                return at, self.among[digits]
            return None

        return in_order(boxes(), look, self.deadline)

    def _opening(self, place: int) -> Bool[np.ndarray, "A H"]:
        """The state after each of `among` was read at a place."""
        before = self.path[place - 1] if place else self.start
        states = None if before is None else np.repeat(before[None], len(self.among), axis=0)
        return self.automaton.step(states, self.among)[0]
