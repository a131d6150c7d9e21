"""Every cycle is checked before it is shown, by a stepper that works in another way than the one that
found it: no tables, no scales, no limbs.

From the start, `transient` applications lead onto the cycle and not fewer; `period` more lead back, and not
period / p for any prime p that divides it. The walk also says which bits move on the cycle, and which of
its states is the least as an integer: its name.

The stepper keeps the exact float64 sums wh s and adds the columns of the bits that flip. Rows whose sums
are no float64 ones are stepped by boolrnn.model.exact, state by state.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from boolrnn.bits import signs
from boolrnn.compiling import compiled_module
from boolrnn.model.automaton import Automaton
from boolrnn.model.exact import FLOAT64
from boolrnn.shapes import Bool, Int64

_CHUNK = 1 << 16  # symbols read between two looks at the clock
_SHORT = 1 << 12  # the same for NumPy, and how many it steps at most where it need not


@dataclasses.dataclass(frozen=True)
class Cycle:
    """A checked cycle: its period, its least state as an integer, and the bits that change along it."""

    period: int
    least: Bool[np.ndarray, "H"]
    active: Bool[np.ndarray, "H"]


class NotACycleError(AssertionError):
    """Two engines disagree about a cycle: a bug, never a user's mistake."""


def verified(
    automaton: Automaton,
    word: Int64[np.ndarray, "K"],
    start: Bool[np.ndarray, "H"],
    transient: int,
    period: int,
    look: Callable[[], None] = lambda: None,
) -> Cycle:
    """Check that `start` runs onto a cycle of this period after this transient, and describe it.

    Raises
    ------
    NotACycleError
        Where it does not.
    """
    walker = _walker(automaton, word, start, transient + period, look)
    walker.go(max(transient - 1, 0))
    before = walker.bits.copy()
    walker.go(min(transient, 1))
    entry = walker.bits.copy()
    walker.forget()
    shorter = sorted(period // int(p) for p in sympy.primefactors(period))
    passed = 0
    for k in shorter:
        walker.go(k - passed)
        passed = k
        if (walker.bits == entry).all():
            raise NotACycleError(f"period {period}: the state is back after {k}")
    walker.go(period - 1 - passed)
    if transient and (walker.bits == before).all():
        raise NotACycleError(f"transient {transient}: the state before it is on the cycle")
    walker.go(1)
    if (walker.bits != entry).any():
        raise NotACycleError(f"period {period}: the state is not back")
    return Cycle(period, walker.least.astype(bool), (walker.ever & ~walker.ones).astype(bool))


class _Walker:
    """A state that is stepped, and what it passed through."""

    chunk = _SHORT

    def __init__(
        self, automaton: Automaton, word: np.ndarray, start: np.ndarray, look: Callable[[], None]
    ) -> None:
        self.automaton, self.word, self.look = automaton, word, look
        self.bits = start.astype(np.uint8)
        self.forget()

    def forget(self) -> None:
        """Begin to watch from here, the state itself not included: it comes back."""
        self.ones = np.ones_like(self.bits)
        self.ever = np.zeros_like(self.bits)
        self.least = np.ones_like(self.bits)

    def go(self, times: int) -> None:
        """So many applications of the word."""
        chunk = max(1, self.chunk // len(self.word))
        for done in range(0, times, chunk):
            self._go(min(chunk, times - done))
            self.look()

    def _go(self, times: int) -> None:
        for _ in range(times):
            for x in self.word:
                now = signs(self.bits[None] > 0)
                self.bits = (self.automaton.rows.z(now, np.array([x]))[0] >= 0).astype(np.uint8)
            self.ones &= self.bits
            self.ever |= self.bits
            if self.bits[::-1].tolist() < self.least[::-1].tolist():
                self.least = self.bits.copy()


class _Compiled(_Walker):
    chunk = _CHUNK

    def __init__(
        self, automaton: Automaton, word: np.ndarray, start: np.ndarray, look: Callable[[], None]
    ) -> None:
        super().__init__(automaton, word, start, look)
        self.code: Any = compiled_module("graph.compiled_cycles")
        self.columns = np.ascontiguousarray(2 * automaton.rows.matrix.T)
        self.sums = automaton.rows.matrix @ signs(start)

    def _go(self, times: int) -> None:
        drive, watched = self.automaton.rows.drive, (self.ones, self.ever, self.least)
        self.code.walk(self.columns, drive, self.sums, self.bits, self.word, times, *watched)


def _walker(
    automaton: Automaton, word: np.ndarray, start: np.ndarray, applications: int, look: Callable[[], None]
) -> _Walker:
    exact = (automaton.rows.certificate.routes == FLOAT64).all()
    long = applications * len(word) > _SHORT
    return (_Compiled if exact and long else _Walker)(automaton, word, start, look)
