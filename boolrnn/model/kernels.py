"""Fast exact steps: one small interface, two engines that agree bit for bit.

numpy      float64 or integer sums (boolrnn.model.exact), nothing to load: the choice for short work
compiled   int16 tables with an exact fallback (boolrnn.model.table), compiled by numba: some 35 times as
           fast on one trajectory of 128 neurons, after half a second for loading (five seconds where the
           machine code is not on disk yet); many trajectories use all cores

Both compute the automaton over the real numbers. A net whose tables would take more than TABLE_BYTES
stays with NumPy.
"""

import functools
import itertools
import os
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from boolrnn.bits import as_bits, from_words, signs, to_words
from boolrnn.compiling import compiled_module
from boolrnn.errors import OptionError, TextError
from boolrnn.model.table import Tables, size_of, tables_of
from boolrnn.shapes import Bool, Int64

if TYPE_CHECKING:
    from boolrnn.model.automaton import Automaton

ENGINES = ("auto", "numpy", "compiled")
WORTH = 200_000  # steps from which loading compiled code pays
TABLE_BYTES = 1 << 30
_BATCH = 4096  # trajectories that NumPy steps at once
_UNPACKED = 4096  # states whose words are unpacked at once: they stay near the processor
_CHUNK = 1 << 18  # compiled steps between two looks at the clock


class Stepper(ABC):
    """What both engines can do. Symbols and states are checked; `tick` is told the steps done so far."""

    engine: str

    def __init__(self, automaton: "Automaton") -> None:
        self.automaton = automaton

    @abstractmethod
    def run(self, symbols: np.ndarray, initial: np.ndarray | None = None, tick: Any = None) -> np.ndarray:
        """The states (T, H) after each of `symbols` (T), from `initial` (H) or the network's start."""

    @abstractmethod
    def repeat(self, word: np.ndarray, times: int, states: np.ndarray, tick: Any = None) -> np.ndarray:
        """Each of `states` (B, H) after `word` (K; one symbol is a fixed input) was read `times` times."""

    @abstractmethod
    def advance(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        """Each of `states` (B, H) after its own row of `symbols` (B, K) was read."""

    def _states(self, states: np.ndarray) -> Bool[np.ndarray, "B H"]:
        return as_bits("states", states, (len(states), self.automaton.hidden))

    def _symbols(self, symbols: np.ndarray, shape: tuple[int, ...]) -> Int64[np.ndarray, "*T"]:
        given, count = np.asarray(symbols), self.automaton.symbols
        if given.shape != shape or given.dtype.kind not in "iu":
            raise TextError(f"symbols: {given.dtype} of shape {given.shape}, expected integers {shape}")
        if given.size and (given.min() < 0 or given.max() >= count):
            raise TextError(f"symbols: expected 0..{count - 1}")
        return np.ascontiguousarray(given, np.int64)

    def _start(self, initial: np.ndarray | None) -> Bool[np.ndarray, "H"] | None:
        return None if initial is None else as_bits("initial", initial, (self.automaton.hidden,))


def stepper(automaton: "Automaton", work: int = 0, engine: str = "auto") -> Stepper:
    """The engine for `work` steps in all, or the one named.

    Raises
    ------
    OptionError
        On another name, or where the compiled engine is asked for and its tables are too large.
    """
    possible = compilable(automaton, engine)
    if engine == "compiled" or (engine == "auto" and work >= WORTH and possible):
        return _Compiled(automaton)
    return _Numpy(automaton)


def compilable(automaton: "Automaton", engine: str) -> bool:
    """Whether the tables of compiled steps are small enough.

    Raises
    ------
    OptionError
        On another engine, or where the compiled one is asked for and they are not.
    """
    if engine not in ENGINES:
        raise OptionError(f"engine {engine!r}: expected one of {', '.join(ENGINES)}")
    size = size_of(automaton.hidden, automaton.symbols)
    if engine == "compiled" and size > TABLE_BYTES:
        raise OptionError(
            f"engine compiled: its tables take {size >> 20:,} MB, at most {TABLE_BYTES >> 20:,}"
        )
    return size <= TABLE_BYTES


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tables(automaton: "Automaton") -> Tables:
    """The compiled engine's tables of an automaton, built once."""
    kept = vars(automaton)
    if "_tables" not in kept:
        kept["_tables"] = tables_of(automaton.rows, automaton.wh, automaton.wx, automaton.bh)
    return kept["_tables"]


class _Numpy(Stepper):
    engine = "numpy"

    def run(self, symbols: np.ndarray, initial: np.ndarray | None = None, tick: Any = None) -> np.ndarray:
        symbols, start = self._symbols(symbols, np.shape(symbols)[:1]), self._start(initial)
        states = np.empty((len(symbols), self.automaton.hidden), bool)
        begun = None if start is None else signs(start)
        self.automaton.rows.run(symbols, begun, states, tick or _silent)
        return states

    def repeat(self, word: np.ndarray, times: int, states: np.ndarray, tick: Any = None) -> np.ndarray:
        word, after = self._symbols(word, np.shape(word)[:1]), self._states(states)
        for k in range(times):
            for x in word:
                after = self._step(after, np.full(len(after), x))
            (tick or _silent)((k + 1) * len(word) * len(after))
        return after

    def advance(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        after = self._states(states)
        symbols = self._symbols(symbols, (len(after), *np.shape(symbols)[1:2]))
        for column in symbols.T:
            after = self._step(after, column)
        return after

    def _step(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        after = np.empty_like(states)
        for k in range(0, len(states), _BATCH):
            part = slice(k, k + _BATCH)
            after[part] = self.automaton.z(states[part], symbols[part]) >= 0
        return after


class _Compiled(Stepper):
    engine = "compiled"

    def __init__(self, automaton: "Automaton") -> None:
        super().__init__(automaton)
        self.code: Any = compiled_module("model.compiled")

    @functools.cached_property
    def _tables(self) -> Tables:
        return tables(self.automaton)

    def run(self, symbols: np.ndarray, initial: np.ndarray | None = None, tick: Any = None) -> np.ndarray:
        symbols, start = self._symbols(symbols, np.shape(symbols)[:1]), self._start(initial)
        hidden = self.automaton.hidden
        states = np.empty((len(symbols), hidden), bool)
        first = 0
        if start is None and len(symbols):
            start = states[0] = self.automaton.z(None, symbols[:1])[0] >= 0
            first = 1
        before = None if start is None else to_words(start)
        for k in range(first, len(symbols), _CHUNK):
            part = symbols[k : k + _CHUNK]
            words = np.empty((len(part), -(-hidden // 64)), np.uint64)
            self.code.run(self._tables, before, part, words)
            for b in range(0, len(part), _UNPACKED):
                states[k + b : k + b + _UNPACKED] = from_words(words[b : b + _UNPACKED], hidden)
            before = words[-1].copy()
            (tick or _silent)(k + len(part))
        return states

    def repeat(self, word: np.ndarray, times: int, states: np.ndarray, tick: Any = None) -> np.ndarray:
        word, after = self._symbols(word, np.shape(word)[:1]), to_words(self._states(states))
        code, at_once = (
            compiled_module("model.compiled"),
            max(1, _CHUNK * cores() // max(1, len(word) * len(after))),
        )
        for k in range(0, times, at_once):
            now = min(at_once, times - k)
            _on_all_cores(lambda part, now=now: code.repeat(self._tables, part, word, now), after)
            (tick or _silent)((k + now) * len(word) * len(after))
        return from_words(after, self.automaton.hidden)

    def advance(self, states: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        after = to_words(self._states(states))
        symbols = self._symbols(symbols, (len(after), *np.shape(symbols)[1:2]))
        _on_all_cores(
            lambda *parts: compiled_module("model.compiled").advance(self._tables, *parts), after, symbols
        )
        return from_words(after, self.automaton.hidden)


def _on_all_cores(work: Any, *arrays: np.ndarray) -> None:
    """Call `work` on as many parts of the arrays (cut along the first axis) as there are cores."""
    count = min(cores(), -(-len(arrays[0]) // 64))
    if count <= 1:
        work(*arrays)
        return
    edges = np.linspace(0, len(arrays[0]), count + 1).astype(int)
    with ThreadPoolExecutor(count) as pool:
        jobs = [pool.submit(work, *(array[a:b] for array in arrays)) for a, b in itertools.pairwise(edges)]
        for job in jobs:
            job.result()


def _silent(_: int) -> None:
    return None
