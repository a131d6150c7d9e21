"""Breadth-first search over states, or pairs of states, each distinct one once.

Level by level every node is followed under every symbol, in the order in which nodes were found: the first
node that is looked for has the shortest word, and of these the first in the order of the symbols. Pairs
whose two states are equal are dropped: no word tells them apart any more. Nodes of the last level are only
looked at, not kept. Small work stays in NumPy, the rest is compiled (boolrnn.clauses.compiled_reach); both
find the same.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.bits import from_words, to_words
from boolrnn.clauses.properties import Difference, Property
from boolrnn.compiling import compiled_module
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton
from boolrnn.model.kernels import ENGINES, TABLE_BYTES, WORTH, cores, tables
from boolrnn.model.table import size_of

GOING, FOUND, FULL = 0, 1, 2
_SLOW_CHUNK = 4096  # steps that NumPy makes at once
_CHUNK = 1 << 18  # compiled steps between two looks at the clock
_LOAD = 0.75  # of the hash table
_KEY = 120  # bytes of a key in a Python set, without its words
_MOST = (1 << 32) - 2  # nodes that the table can number


class OutOfTimeError(Exception):
    """The budget ended."""


class Search:
    """One search. What it found is in `word` (None: nothing), `closed`, `searched` and `levels`.

    `starts` are the one or two states (bools; None: the network's start). `searched` is the greatest length
    whose words were all looked at, `levels` the nodes that are new at each length (-1: not counted), `closed`
    whether no length brings a new node any more. `why` is what stopped it early: memory, or time.
    """

    def __init__(
        self,
        automaton: Automaton,
        goal: Property | Difference,
        starts: list[np.ndarray | None],
        among: np.ndarray,
        memory: int,
        engine: str = "auto",
        budget: float | None = None,
    ) -> None:
        self.automaton, self.goal, self.starts, self.among = automaton, goal, starts, among
        self.memory, self.asked = memory, engine
        self.deadline = None if budget is None else time.monotonic() + budget
        self.words = -(-automaton.hidden // 64)
        self.width = self.words * len(starts)
        self.rooted = all(start is not None for start in starts)
        self.rows, self.links = np.empty((0, self.width), np.uint64), np.empty(0, np.int64)
        self.count = self.first = self.steps = 0  # nodes; the first of the last level; transitions made
        self.levels: list[int] = []
        self.word: np.ndarray | None = None
        self.closed = self.interrupted = self.fresh = False
        self.searched, self.why, self.part = 0, "", 0.0
        self._check_engine()
        self.simple = _Numpy(self)
        self.engine: _Numpy | _Compiled = self.simple

    def run(self, within: int) -> None:
        """Look at all words of at most `within` symbols, unless something is found or ends it before."""
        if self.goal.never:
            self.closed, self.searched = True, within
            return
        self._reserve(within)
        try:
            if not self._begin():
                for length in range(1, within + 1):
                    self.closed = self._exhausted(length)
                    if self.closed or self._level(length, last=length == within):
                        break
                self.closed |= self.word is None and not self.why and self.levels[-1:] == [0]
        except OutOfTimeError:
            self.why = "time"
        except KeyboardInterrupt:
            self.why, self.interrupted = "time", True
        if self.closed:
            self.searched = within

    def _exhausted(self, length: int) -> bool:
        """Whether nothing is left to follow."""
        return self.first == self.count and (self.rooted or length > 1)

    def _begin(self) -> bool:
        """The word of no symbols, which leads to a node where the starts are states; True if it is it."""
        if not self.rooted:
            return False
        root = np.array(self.starts)[None]
        if self.goal.found(self.automaton, root)[0]:
            self.word = np.zeros(0, np.int64)
            return True
        self.simple.take(root, np.array([-1]), keep=True)
        self.levels.append(self.count)
        return False

    def _level(self, length: int, last: bool) -> bool:
        """All words of one length; True where the search ends with them."""
        before, self.fresh = self.count, False
        begin, end = self.first * len(self.among), self.count * len(self.among)
        full = False
        if not self.rooted and length == 1:
            begin, end = -len(self.among), 0
        else:
            self._choose(end - begin)
        at, begun = begin, self.steps
        with progress.bar(f"words of length {length}", end - begin) as tick:
            while at < end:
                tick(at - begin, f"{self.count:,} states")
                self.part = (at - begin) / (end - begin)
                if self.deadline is not None and time.monotonic() > self.deadline:
                    raise OutOfTimeError
                ended, at = self._some(at, end, keep=not (last or full))
                self.steps = begun + at - begin
                full |= ended == FULL
                if ended == FOUND:
                    self.steps += 1
                    self.word = self._word(at)
                    return True
        self.first, self.searched = before, length
        counted = not full and (not last or not self.fresh)
        self.levels.append(self.count - before if counted else -1)
        self.why = "memory" if full else ""
        return full

    def _some(self, at: int, end: int, keep: bool) -> tuple[int, int]:
        """Successors from `at` on: what ended it, and where."""
        if at >= 0:
            return self.engine.some(at, end, keep)
        symbols = self.among[at:] if at + len(self.among) else self.among
        after = [
            self.automaton.z(None if s is None else np.repeat(s[None], len(symbols), axis=0), symbols) >= 0
            for s in self.starts
        ]
        return self.simple.take(np.stack(after, axis=1), np.arange(at, 0), keep)

    def _word(self, link: int) -> np.ndarray:
        """The symbols that lead to a successor."""
        found = []
        while link >= 0:
            node, x = divmod(link, len(self.among))
            found.append(x)
            link = int(self.links[node])
        if not self.rooted:
            found.append(link + len(self.among))  # successors of no node are counted from -A
        return self.among[found[::-1]]

    def _reserve(self, within: int) -> None:
        """Room for as many nodes as there can be, or as memory has room for; no page of it is touched yet."""
        most, size = 1, len(self.among)
        for _ in range(within - 1):
            most = 1 + most * size
            if most > _MOST or size == 1:
                break
        most = within if size == 1 else most
        most = min(most + 1, self.memory // (8 * self.width + 8), _MOST)
        try:
            self.rows = np.empty((most, self.width), np.uint64)
            self.links = np.empty(most, np.int64)
        except MemoryError:
            raise OptionError(f"memory {self.memory:,} bytes: this machine does not give them") from None

    def _check_engine(self) -> None:
        """How much the tables of compiled steps take, and whether that is allowed.

        Raises
        ------
        OptionError
            On another engine, or where the compiled one is asked for and its tables are too large.
        """
        if self.asked not in ENGINES:
            raise OptionError(f"engine {self.asked!r}: expected one of {', '.join(ENGINES)}")
        automaton = self.automaton
        size = size_of(automaton.hidden, automaton.symbols)
        if self.goal.words(automaton.hidden)[2] >= 0:
            size += size_of(automaton.hidden, 0) * -(-automaton.outputs // automaton.hidden)
        self.compilable = size <= TABLE_BYTES
        if self.asked == "compiled" and not self.compilable:
            raise OptionError(
                f"engine compiled: its tables take {size >> 20:,} MB, at most {TABLE_BYTES >> 20:,}"
            )

    def _choose(self, steps: int) -> None:
        """Compiled code where it is worth it, or where NumPy's keys may not fit into memory."""
        if isinstance(self.engine, _Compiled) or not self.compilable or self.asked == "numpy":
            return
        small = self.steps + steps < WORTH and self.count + steps <= self.engine.room
        if self.asked == "compiled" or not small:
            self.engine = _Compiled(self)


class _Numpy:
    """Nodes as keys of a Python set."""

    name = "numpy"

    def __init__(self, search: Search) -> None:
        self.search = search
        self.met: set[bytes] = set()
        self.room = search.memory // (_KEY + 16 * search.width + 8)

    def some(self, at: int, end: int, keep: bool) -> tuple[int, int]:
        """A few successors from `at` on: what ended it, and where."""
        search, hidden = self.search, self.search.automaton.hidden
        index = np.arange(at, min(end, at + _SLOW_CHUNK))
        node, x = np.divmod(index, len(search.among))
        states = from_words(search.rows[node].reshape(-1, search.words), hidden)
        symbols = np.repeat(search.among[x], len(search.starts))
        after = search.automaton.z(states, symbols) >= 0
        return self.take(after.reshape(len(index), -1, hidden), index, keep)

    def take(self, nodes: np.ndarray, links: np.ndarray, keep: bool) -> tuple[int, int]:
        """Enter new nodes (B, 1 or 2, H), or only look at them: what ended it, and at which link."""
        search = self.search
        found = search.goal.found(search.automaton, nodes)
        rows = to_words(nodes).reshape(len(nodes), -1)
        equal = (nodes[:, 0] == nodes[:, 1]).all(axis=1) if nodes.shape[1] > 1 else np.zeros(len(nodes), bool)
        for b in range(int(found.argmax()) if found.any() else len(nodes)):
            key = rows[b].tobytes()
            if equal[b] or key in self.met:
                continue
            search.fresh = True
            if not keep:
                break
            if search.count >= min(self.room, len(search.rows)):
                return FULL, int(links[b])
            search.rows[search.count], search.links[search.count] = rows[b], links[b]
            search.count += 1
            self.met.add(key)
        return (FOUND, int(links[found.argmax()])) if found.any() else (GOING, int(links[-1]) + 1)


class _Compiled:
    """Nodes in a compiled hash table, which grows with them."""

    name = "compiled"

    def __init__(self, search: Search) -> None:
        self.search, self.code = search, compiled_module("clauses.compiled_reach")
        automaton, code = search.automaton, self.code
        mask, value, output = search.goal.words(automaton.hidden)
        self.goal = code.Goal(len(search.starts) == 2, mask, value, output)
        some = slice(None) if output >= 0 else slice(0, 1)  # of a readout that is not asked nothing is built
        self.reading = code.reading_of(automaton.wy[some], automaton.by[some])
        self.tables = tables(automaton)
        slots = max(64, 1 << int(2 * search.count).bit_length())
        self.room = _room(search.memory, len(search.rows), search.width)
        self._enter(slots)

    def _enter(self, slots: int) -> None:
        self.table = np.zeros(0, np.uint64)  # the old one is gone before the new one is there
        self.table = np.zeros(slots, np.uint64)
        self.code.enter(self.table, self.search.rows, 0, self.search.count)

    def some(self, at: int, end: int, keep: bool) -> tuple[int, int]:
        """A few successors from `at` on: what ended it, and where."""
        search = self.search
        if not keep:
            return self._look(at, end)
        room = min(self.room, int(_LOAD * len(self.table)))
        ended, at, search.count = self.code.expand(
            self.tables,
            self.goal,
            self.reading,
            search.rows,
            search.links,
            self.table,
            at,
            min(end, at + _CHUNK),
            search.among,
            search.count,
            room,
            self.code.scratch_of(self.reading, search.rows),
        )
        if ended == FULL and room < self.room:
            self._enter(2 * len(self.table))
            ended = GOING
        search.fresh |= ended == FULL
        return ended, at

    def _look(self, at: int, end: int) -> tuple[int, int]:
        """The same without entering them, on all cores."""
        search = self.search
        edges = [*range(at, min(end, at + _CHUNK * cores()), _CHUNK)]
        edges.append(min(end, edges[-1] + _CHUNK))
        with ThreadPoolExecutor(len(edges)) as pool:
            parts = list(pool.map(self._part(), edges[:-1], edges[1:]))
        search.fresh |= any(fresh for _, fresh in parts)
        for found, _ in parts:
            if found >= 0:
                return FOUND, found
        return GOING, edges[-1]

    def _part(self) -> Callable[[int, int], tuple[int, bool]]:
        search, fresh, code = self.search, self.search.fresh, self.code
        head: tuple[Any, ...] = (self.tables, self.goal, self.reading, search.rows, self.table)
        return lambda begin, end: code.look(
            *head, begin, end, search.among, fresh, code.scratch_of(self.reading, search.rows)
        )


def _room(memory: int, nodes: int, width: int) -> int:
    """The most nodes whose rows, links and table fit into memory."""
    best, slots = 0, 64
    while 8 * slots < memory:
        left = memory - 8 * slots
        best = max(best, min(nodes, int(_LOAD * slots), left // (8 * width + 8)))
        slots *= 2
    return best
