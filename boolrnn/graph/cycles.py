"""cycles: where the dynamics ends up when one symbol, or one word, is read for ever.

From random states the functional graph of the word is followed, each visited state once, until every start
is on a cycle: transients and periods are exact, and every cycle is checked again by another stepper
(boolrnn.graph.functional_graph, verify_cycle). For a word one application of the whole word is one step,
and states are those before its first symbol. Random starts find cycles by the size of their basins: a
fixed point or short cycle that few states lead to is not found this way, however many starts there are.
"""

import dataclasses
import hashlib
import os
import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np

import boolrnn
from boolrnn import progress
from boolrnn.checkpoint import Checkpoint
from boolrnn.errors import OptionError
from boolrnn.graph.functional_graph import FunctionalGraph, OutOfTimeError, functional_graph
from boolrnn.graph.random_mapping import effective
from boolrnn.graph.verify_cycle import Cycle
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.kernels import cores
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
OPEN = -1  # a start that did not come to its cycle


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Cycles(Result):
    """Per symbol (or word) its cycles, largest basin first, and the transient of every start.

    `basin` counts starts, `active` the bits that change along the cycle, `example` is the cycle's least
    state as an integer. `visited` states were met in all; `effective` is the number of states of the random
    mapping that such walks look like, with a 95 % interval, `expected` its mean transient and mean period.
    NaN where walks had to go on without keeping states, or a checkpoint was resumed.
    """

    schema = "cycles/1"

    verdict: str
    starts: int
    complete: bool  # the starts are all states there are
    undecided: bool  # some start did not come to its cycle
    interrupted: bool
    memory: int  # bytes, for visited states, all words together
    symbol: Int64[np.ndarray, "W"] | None = named("symbols.symbol")
    word: np.ndarray | None = named("symbols.word")
    resolved: Float64[np.ndarray, "W"] = named("symbols.resolved")
    tried: Int64[np.ndarray, "W"] = named("symbols.starts")
    visited: Int64[np.ndarray, "W"] = named("symbols.visited", nullable=True)
    effective: Float64[np.ndarray, "W"] = named("symbols.effective")
    effective_low: Float64[np.ndarray, "W"] = named("symbols.effective_low")
    effective_high: Float64[np.ndarray, "W"] = named("symbols.effective_high")
    expected: Float64[np.ndarray, "W"] = named("symbols.expected")
    cycle_period: Int64[np.ndarray, "C"] = named("symbols.cycles.period")
    cycle_basin: Int64[np.ndarray, "C"] = named("symbols.cycles.basin")
    cycle_active: Int64[np.ndarray, "C"] = named("symbols.cycles.active")
    cycle_example: Bool[np.ndarray, "C H"] = named("symbols.cycles.example", hexed=True)
    cycle_offsets: Int64[np.ndarray, "X"] = named("symbols.cycles.offsets")
    transients: Int64[np.ndarray, "W N"] = named("symbols.transients", nullable=True)
    start_cycle: Int64[np.ndarray, "W N"] = named("symbols.ends_in", nullable=True)  # number in `cycles`
    start: Bool[np.ndarray, "N H"] = named("start", hexed=True)  # the states that are followed
    cycle_neuron_active: Bool[np.ndarray, "C H"] = named("cycle_neuron_active", quiet=True)
    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)


def cycles(
    model: Weights | Automaton,
    inputs: Sequence[int | Sequence[int] | np.ndarray],
    *,
    starts: int = 50,
    memory: int | str = "2G",
    budget: float | None = None,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    engine: str = "auto",
) -> Cycles:
    """Follow `starts` random states under each of `inputs`: symbols (numbers), or words (sequences).

    All words get the same states; where there are no more than `starts` states at all, every one is
    followed. `memory` bytes (or "500M") at most hold visited states, all words together: when they are used
    up, walks go on without. `budget` seconds of wall time at most. `checkpoint` keeps finished starts.

    Raises
    ------
    TextError, OptionError
        On a symbol or option that cannot be used.
    ResultError
        Where the checkpoint belongs to other work.
    """
    if starts < 1 or seed < 0:
        raise OptionError(f"starts {starts}, seed {seed}: expected at least 1 start and a seed of 0 or more")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")
    automaton = as_automaton(model)
    words = [check_symbols(np.atleast_1d(np.asarray(word)), automaton.weights) for word in inputs]
    if not words:
        raise OptionError("cycles: expected at least one symbol or word")
    states = _starts(automaton.hidden, starts, seed)
    bytes_ = parse_memory(memory)
    kept = Checkpoint(checkpoint, _fingerprint(automaton, words, states), "cycles")
    work = _Work(automaton, words, states, bytes_, budget, engine, kept)
    work.run()
    symbols_only = all(np.ndim(word) == 0 for word in inputs)
    return _result(work, symbols_only, complete=len(states) == 2**automaton.hidden)


def parse_memory(text: int | str) -> int:
    """Bytes from a number, or from `500M`, `2G` (powers of 1024).

    Raises
    ------
    OptionError
        Where it is neither, or less than a megabyte.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([KMGT]?)(?:I?B)?", str(text).strip().upper())
    size = int(float(match[1]) * UNITS[match[2]]) if match else 0
    if size < UNITS["M"]:
        raise OptionError(f"memory {text!r}: expected at least 1M, such as 500M or 2G")
    return size


def _starts(hidden: int, count: int, seed: int) -> Bool[np.ndarray, "N H"]:
    """Random states; all of them, in order, where there are no more than `count`."""
    if hidden < 63 and 2**hidden <= count:
        return (np.arange(2**hidden)[:, None] >> np.arange(hidden) & 1).astype(bool)
    return np.random.default_rng(seed).random((count, hidden)) < 0.5


def _fingerprint(automaton: Automaton, words: list[np.ndarray], states: np.ndarray) -> str:
    digest = hashlib.sha256(boolrnn.__version__.encode())
    for array in (automaton.wh, automaton.wx, automaton.bh, states, *words):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@dataclasses.dataclass
class _Found:
    """What is known about one word."""

    transients: Int64[np.ndarray, "N"]
    cycle: Int64[np.ndarray, "N"]
    cycles: list[Cycle] = dataclasses.field(default_factory=list)
    visited: int | None = None  # states met in all
    walks: int = 0  # starts that were not known before


class _Work:
    """All words, on all cores, under one clock. What is finished is in `found`, whatever ends the work."""

    def __init__(
        self,
        automaton: Automaton,
        words: list[np.ndarray],
        states: np.ndarray,
        memory: int,
        budget: float | None,
        engine: str,
        kept: Checkpoint,
    ) -> None:
        self.automaton, self.words, self.states = automaton, words, states
        self.engine, self.kept = engine, kept
        self.workers = min(cores(), len(words))
        self.memory, self.each = memory, memory // self.workers
        self.deadline = None if budget is None else time.monotonic() + budget
        self.stop, self.interrupted = threading.Event(), False
        self.lock = threading.Lock()
        count = len(states)
        self.found = [_Found(np.full(count, OPEN), np.full(count, OPEN)) for _ in words]
        self.seen = [0] * len(words)
        self._resume(kept.load())

    def run(self) -> None:
        """Follow every start, until all are followed, time is up or somebody presses Ctrl-C."""
        todo = [k for k, found in enumerate(self.found) if (found.transients == OPEN).any()]
        shares = [todo[k :: self.workers] for k in range(self.workers)]
        pool = ThreadPoolExecutor(self.workers)
        jobs = [pool.submit(self._words, share) for share in shares]
        try:
            with progress.bar("cycles", len(self.words) * len(self.states)) as tick:
                while wait(jobs, timeout=0.2).not_done:
                    tick(self._done(), f"{sum(self.seen):,} states")
                    with self.lock:
                        self.kept.save(self._arrays())
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self.stop.set()
            pool.shutdown()
        for job in jobs:
            job.result()  # raises what a worker raised
        self.kept.save(self._arrays(), now=True)

    def _done(self) -> int:
        return sum(int((found.transients != OPEN).sum()) for found in self.found)

    def _look(self, word: int, visited: int) -> None:
        """Called by the graph now and then."""
        self.seen[word] = visited
        if self.stop.is_set() or (self.deadline is not None and time.monotonic() > self.deadline):
            raise OutOfTimeError

    def _words(self, numbers: list[int]) -> None:
        """One worker: its words, one after the other, in the same memory."""
        graph: FunctionalGraph | None = None
        for k in numbers:
            graph = functional_graph(
                self.automaton,
                self.words[k],
                lambda visited, k=k: self._look(k, visited),
                memory=self.each,
                engine=self.engine,
                instead_of=graph,
            )
            try:
                self._starts(self.found[k], graph)
            except OutOfTimeError:
                return

    def _starts(self, found: _Found, graph: FunctionalGraph) -> None:
        fresh = bool((found.transients == OPEN).all())
        graph.cycles.extend(found.cycles)
        for n in np.flatnonzero(found.transients == OPEN):
            graph.look(graph.count)
            trail = graph.follow(self.states[n])
            with self.lock:
                found.cycles = list(graph.cycles)
                found.transients[n], found.cycle[n] = trail.transient, trail.cycle
        if fresh and graph.complete:
            found.visited = graph.count
            found.walks = sum(trail.entered > 0 for trail in graph.trails)

    def _arrays(self) -> dict[str, np.ndarray]:
        """Everything that is finished, as a checkpoint keeps it."""
        arrays = {}
        for k, found in enumerate(self.found):
            arrays[f"{k}.transients"], arrays[f"{k}.cycle"] = found.transients.copy(), found.cycle.copy()
            arrays[f"{k}.visited"] = np.array(OPEN if found.visited is None else found.visited)
            arrays[f"{k}.walks"] = np.array(found.walks)
            arrays[f"{k}.period"] = np.array([cycle.period for cycle in found.cycles], np.int64)
            hidden = self.automaton.hidden
            for name in ("least", "active"):
                rows = [getattr(cycle, name) for cycle in found.cycles]
                arrays[f"{k}.{name}"] = np.array(rows, bool).reshape(-1, hidden)
        return arrays

    def _resume(self, kept: dict[str, np.ndarray] | None) -> None:
        for k, found in enumerate(self.found if kept is not None else []):
            assert kept is not None
            found.transients[:], found.cycle[:] = kept[f"{k}.transients"], kept[f"{k}.cycle"]
            found.visited = int(kept[f"{k}.visited"]) if kept[f"{k}.visited"] >= 0 else None
            found.walks = int(kept[f"{k}.walks"])
            parts = (kept[f"{k}.{name}"] for name in ("period", "least", "active"))
            found.cycles = [Cycle(int(period), least, active) for period, least, active in zip(*parts)]


def _result(work: _Work, symbols_only: bool, complete: bool) -> Cycles:
    """The arrays of a result, word by word."""
    hidden = work.automaton.hidden
    parts = [_by_basin(found) for found in work.found]
    estimates = [_effective(found) for found in work.found]
    resolved = np.array([(found.transients != OPEN).mean() for found in work.found])
    every = [cycle for cycles_, _, _ in parts for cycle in cycles_]
    alphabet = work.automaton.alphabet
    return Cycles(
        verdict=_verdict(resolved, len(work.states), complete),
        starts=len(work.states),
        complete=complete and bool((resolved == 1).all()),
        undecided=bool((resolved < 1).any()),
        interrupted=work.interrupted,
        memory=work.memory,
        symbol=np.array([int(word[0]) for word in work.words]) if symbols_only else None,
        word=None if symbols_only else show_words(work.words, alphabet),
        resolved=resolved,
        tried=np.full(len(parts), len(work.states)),
        visited=np.array([OPEN if found.visited is None else found.visited for found in work.found]),
        effective=np.array([e.states if e else np.nan for e in estimates]),
        effective_low=np.array([e.low if e else np.nan for e in estimates]),
        effective_high=np.array([e.high if e else np.nan for e in estimates]),
        expected=np.array([e.expected if e else np.nan for e in estimates]),
        cycle_period=np.array([cycle.period for cycle in every], np.int64),
        cycle_basin=np.concatenate([basins for _, basins, _ in parts]),
        cycle_active=np.array([int(cycle.active.sum()) for cycle in every], np.int64),
        cycle_example=np.array([cycle.least for cycle in every], bool).reshape(-1, hidden),
        cycle_offsets=np.cumsum([0, *(len(cycles_) for cycles_, _, _ in parts)]),
        transients=np.array([found.transients for found in work.found]),
        start=work.states,
        start_cycle=np.array([numbers for _, _, numbers in parts]),
        cycle_neuron_active=np.array([cycle.active for cycle in every], bool).reshape(-1, hidden),
        alphabet=alphabet,
    )


def _by_basin(found: _Found) -> tuple[list[Cycle], np.ndarray, np.ndarray]:
    """Cycles by basin (then period), their basins, and every start's cycle under the new numbers."""
    basins = np.bincount(found.cycle[found.cycle != OPEN], minlength=len(found.cycles))
    order = sorted(range(len(basins)), key=lambda c: (-basins[c], found.cycles[c].period))
    order = [c for c in order if basins[c]]  # its start may have been interrupted
    rank = np.full(len(basins) + 1, OPEN)
    rank[order] = np.arange(len(order))
    numbers = rank[found.cycle]
    return [found.cycles[c] for c in order], basins[order].astype(np.int64), numbers


def _effective(found: _Found) -> Any:
    """The random mapping that the walks of one word look like; None where states were not all kept."""
    if found.visited is None:
        return None
    return effective(found.visited, found.walks)


def show_words(words: list[np.ndarray], alphabet: np.ndarray | None) -> np.ndarray:
    """Words as characters, others than the printable ones escaped (`\\x00`); as numbers where a symbol is
    no byte."""
    bytes_ = [word if alphabet is None else alphabet[word] for word in words]
    if any(values.max() > 255 for values in bytes_):
        return np.array([" ".join(map(str, word.tolist())) for word in words])
    return np.array([_escaped(values.tolist()) for values in bytes_])


def _escaped(values: list[int]) -> str:
    shown = {92: "\\\\"} | {value: chr(value) for value in range(32, 127) if value != 92}
    return "".join(shown.get(value, f"\\x{value:02x}") for value in values)


def _verdict(resolved: np.ndarray, starts: int, complete: bool) -> str:
    share = f"{resolved.mean():.0%}" if resolved.mean() in (0, 1) else f"{resolved.mean():.1%}"
    whose = f"{'all' if complete else 'random'} start{'s' * (starts != 1)}"
    inputs = f"{len(resolved):,} input{'s' * (len(resolved) != 1)}"
    return f"{share} of {starts:,} {whose} for each of {inputs} followed to their cycles"
