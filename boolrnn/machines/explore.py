"""Every state that can be reached from the network's start, each once; or every pair of state and state of a
machine that reads the same word.

Nodes are found level by level, each followed under every symbol in order, so the word that leads to a node is
a shortest one, of these the first in the order of the symbols. Node 0 is the network's start: h = 0 is no
sign vector, and no symbol leads back to it. Small work stays in NumPy, the rest is compiled
(boolrnn.machines.compiled_explore); both number the same nodes in the same order.
"""

import time
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.bits import from_words, to_words
from boolrnn.checkpoint import Arrays
from boolrnn.compiling import compiled_module
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton
from boolrnn.model.kernels import WORTH, compilable, tables

MEMORY, TIME, CAP, INTERRUPTED = "memory", "time", "max states", "interrupted"
_SLOW_CHUNK = 4096  # successors that NumPy makes at once
_CHUNK = 1 << 19  # compiled successors between two looks at the clock
_LOAD = 0.75  # of the hash table
_KEY = 120  # bytes of a key in a Python dict, without its words
_MOST = (1 << 31) - 2  # nodes that transitions can number


class Exploration:
    """An enumeration of nodes. `count` nodes are known, all of their successors before number `at` too.

    `machine` (Q, A) are the transitions of a complete machine that reads the same symbols, from `begins` on;
    without it nodes are states. With `keep` all transitions are kept, else only one link per node. `closed`
    says that no node is left to follow; `why` what stopped it before: MEMORY, TIME, CAP, INTERRUPTED.

    Raises
    ------
    OptionError
        Where the engine does not exist or has no room for its tables, or the machine gives no memory.
    """

    def __init__(
        self,
        automaton: Automaton,
        symbols: np.ndarray,
        *,
        machine: np.ndarray | None = None,
        begins: int = 0,
        keep: bool = True,
        most: int = 10**7,
        memory: int = 1 << 30,
        engine: str = "auto",
        label: str = "states",
    ) -> None:
        self.automaton, self.symbols, self.machine = automaton, symbols.astype(np.int64), machine
        self.begins, self.keep, self.label = begins, keep, label
        self.words = -(-automaton.hidden // 64)
        self.width = self.words + (machine is not None)
        self.most, self.memory = most, memory
        self.count = self.at = 0
        self.why = ""
        self.compilable = compilable(automaton, engine)
        self.asked = engine
        self._reserve()
        self.engine: _Numpy | _Compiled = _Numpy(self)

    @property
    def closed(self) -> bool:
        """Whether every node is followed under every symbol."""
        return self.count > 0 and self.at == self.count * len(self.symbols)

    @property
    def expanded(self) -> int:
        """Nodes all of whose successors are known; those after them are not followed yet."""
        return self.at // len(self.symbols)

    def run(self, *, deadline: float | None = None, until: int | None = None) -> None:
        """Go on until all is known, memory or `most` are used up, or the clock (time.monotonic) passes
        `deadline`; or until there are `until` nodes."""
        self.why = ""
        try:
            self._go_on(deadline, min(self.most, self.most if until is None else until))
        except KeyboardInterrupt:
            self.why = INTERRUPTED

    def _go_on(self, deadline: float | None, until: int) -> None:
        with progress.bar(self.label, self.most) as tick:
            while not self.closed:
                tick(self.count, f"{self.count - self.expanded:,} to follow")
                if deadline is not None and time.monotonic() > deadline:
                    self.why = TIME
                    return
                if until < self.most and self.count >= until:
                    return
                begun = self.at >= len(self.symbols)
                if begun:
                    self._choose()
                if not (self.engine.some(until) if begun else self._begin()):
                    self.why = CAP if self.count >= self.most else MEMORY
                    return

    def states(self, first: int, stop: int) -> np.ndarray:
        """The states of nodes first .. stop - 1, bool; node 0 has none (its row means nothing)."""
        words = self.rows[first:stop, : self.words]
        return from_words(np.ascontiguousarray(words), self.automaton.hidden)

    def beside(self, first: int, stop: int) -> np.ndarray:
        """The machine's states of nodes first .. stop - 1."""
        return self.rows[first:stop, self.words].astype(np.int64)

    def word_to(self, node: int) -> np.ndarray:
        """The symbols that lead to a node; without `keep` only."""
        found = []
        while node > 0:
            node, x = divmod(int(self.links[node]), len(self.symbols))
            found.append(x)
        return self.symbols[found[::-1]]

    def kept(self) -> Arrays:
        """All that is known, to go on from."""
        full = self.transitions if self.keep else self.links
        return {
            "rows": self.rows[: self.count],
            "links": full[: self.count],
            "at": np.array(self.at),
        }

    def restore(self, kept: Arrays) -> None:
        """Go on from what `kept` gave.

        Raises
        ------
        OptionError
            Where there is no longer room for it.
        """
        count = len(kept["rows"])
        most = min(len(self.rows), self.most)
        if count > most:
            raise OptionError(
                f"{self.label}: {count:,} are known from the checkpoint, and at most {most:,} are allowed now"
            )
        self.rows[:count], self.count, self.at = kept["rows"], count, int(kept["at"])
        (self.transitions if self.keep else self.links)[:count] = kept["links"]
        self.engine = _Numpy(self)
        if self.compilable and self.asked != "numpy" and self.at >= len(self.symbols):
            self.engine = _Compiled(self)

    def _begin(self) -> bool:
        """What one symbol leads to from the network's start, as far as there is room; False where there is
        none. The start's row is no state: neither engine may step it."""
        if self.count == 0:
            self.rows[0] = 0
            if self.machine is not None:
                self.rows[0, self.words] = self.begins
            if not self.keep:
                self.links[0] = -1
            self.count = 1
        x = np.arange(self.at, len(self.symbols))
        after = self.automaton.z(None, self.symbols[x]) >= 0
        room = _Numpy(self)
        room.room = len(self.rows)
        ended = room.take(self.rows_of(after, np.zeros(len(x), np.int64), x), self.at)
        self.engine = _Numpy(self)
        return ended

    def rows_of(self, states: np.ndarray, nodes: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Successors' rows: their states, and what the machine does."""
        rows = to_words(states)
        if self.machine is None:
            return rows
        beside = self.machine[self.rows[nodes, self.words].astype(np.int64), x]
        return np.concatenate([rows, beside[:, None].astype(np.uint64)], axis=1)

    def _reserve(self) -> None:
        """Room for as many nodes as there may be, or as memory has room for; no page of it is touched yet."""
        each = 8 * self.width + (4 * len(self.symbols) if self.keep else 8)
        most = min(self.most + 1, _room(self.memory, each), _MOST)
        if self.machine is None and self.automaton.hidden < 31:
            most = min(most, (1 << self.automaton.hidden) + 2)
        try:
            self.rows = np.empty((most, self.width), np.uint64)
            self.links = np.empty(0 if self.keep else most, np.int64)
            self.transitions = np.empty((most if self.keep else 0, len(self.symbols)), np.int32)
        except MemoryError:
            raise OptionError(f"memory {self.memory:,} bytes: this machine does not give them") from None

    def _choose(self) -> None:
        """Compiled code where it is asked for or worth it, or where NumPy's keys may not fit into memory."""
        if isinstance(self.engine, _Compiled) or not self.compilable or self.asked == "numpy":
            return
        if self.asked == "compiled" or self.at > WORTH // 4 or self.count >= self.engine.room - _SLOW_CHUNK:
            self.engine = _Compiled(self)


class _Numpy:
    """Nodes as keys of a Python dict."""

    def __init__(self, search: Exploration) -> None:
        self.search = search
        self.room = min(len(search.rows), search.memory // (_KEY + 16 * search.width + 8) + 1)
        self.met = {search.rows[n].tobytes(): n for n in range(1, search.count)}

    def some(self, until: int) -> bool:
        """A few successors from `at` on; False where there is no room."""
        search = self.search
        index = np.arange(search.at, min(search.count * len(search.symbols), search.at + _SLOW_CHUNK))
        node, x = np.divmod(index, len(search.symbols))
        states = search.states(int(node[0]), int(node[-1]) + 1)[node - node[0]]
        after = search.automaton.z(states, search.symbols[x]) >= 0
        return self.take(search.rows_of(after, node, x), search.at)

    def take(self, rows: np.ndarray, first: int) -> bool:
        """Enter successors first ..; False where there is no room."""
        search, size = self.search, len(self.search.symbols)
        most = min(self.room, search.most)
        for b, row in enumerate(rows):
            number = self.met.get(row.tobytes())
            if number is None:
                if search.count >= most:
                    return False
                number = search.count
                search.rows[number] = row
                if not search.keep:
                    search.links[number] = first + b
                search.count += 1
                self.met[row.tobytes()] = number
            if search.keep:
                search.transitions[(first + b) // size, (first + b) % size] = number
            search.at = first + b + 1
        return True


class _Compiled:
    """Nodes in a compiled hash table, which grows with them."""

    def __init__(self, search: Exploration) -> None:
        self.search = search
        self.hashing: Any = compiled_module("clauses.compiled_reach")
        self.code: Any = compiled_module("machines.compiled_explore")
        self.tables = tables(search.automaton)
        self.scratch = self.code.scratch_of(search.words, search.width)
        self.machine = np.zeros((0, 1), np.int64) if search.machine is None else search.machine
        self.room = min(len(search.rows), search.most)
        self._enter(max(1 << 12, 1 << int(2 * search.count).bit_length()))

    def _enter(self, slots: int) -> None:
        self.table = np.zeros(0, np.uint64)  # the old one is gone before the new one is there
        self.table = np.zeros(slots, np.uint64)
        self.hashing.enter(self.table, self.search.rows, 1, self.search.count)

    def some(self, until: int) -> bool:
        """A few successors from `at` on; False where there is no room."""
        search = self.search
        end = min(search.count * len(search.symbols), search.at + _CHUNK)
        room = min(self.room, int(_LOAD * len(self.table)))
        ended, search.at, search.count = self.code.expand(
            self.tables,
            self.machine,
            search.rows,
            search.links,
            search.transitions,
            self.table,
            search.at,
            end,
            search.symbols,
            search.count,
            room,
            max(until, search.count + 1) if until < search.most else self.room + 1,
            self.scratch,
        )
        if ended == self.code.FULL and room < self.room:
            self._enter(2 * len(self.table))
            return True
        return ended != self.code.FULL


def _room(memory: int, each: int) -> int:
    """The most nodes of so many bytes that fit into memory with their hash table."""
    best, slots = 0, 64
    while 8 * slots < memory:
        best = max(best, min(int(_LOAD * slots), (memory - 8 * slots) // each))
        slots *= 2
    return best
