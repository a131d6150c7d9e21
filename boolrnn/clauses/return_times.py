"""Return times: for every state near the trajectory, the steps until it is back on it, found in two ways.

A state is given by its position t and the set of bits in which it differs from `states[t]`. Sets of one size
are in colexicographic order: by their greatest bit, then the next, the least bit last.

Compiled     Positions are followed from the last to the first. A state that is within a few flips of the
             trajectory one step later needs one step more than that one, which a table has; and many sets
             come to the same state, which is remembered. Only what neither knows is walked step by step.
Numpy        Every state is walked.

The compiled loops take the first step in int16 sums: every row is scaled by q so that |q z| < 2^15 in all
states, and q z and each 2 q w are rounded once, so that the sum after F flips is at most (F + 1) / 2 off. The
slack E is more than that, and is added: above 2E the bit is 1, below 0 it is 0, and between them it is
computed exactly. Partial sums may wrap around: the last one is in range. Rows of few integers are not rounded
at all: they are multiplied by 2E + 2, and 2E + 1 is added, which leaves nothing between.
"""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.bits import to_words
from boolrnn.compiling import compiled_module
from boolrnn.model.automaton import Automaton, BoolTrace
from boolrnn.model.kernels import cores, stepper, tables
from boolrnn.model.table import LANES
from boolrnn.shapes import Int64

NEVER = -1  # not back when the text, or the steps allowed, ended
_TOP = (1 << 15) - 1
_ALLOWANCE = 1 << 22  # flip sets of up to 128 neurons between two looks at the clock: some 50 ms
_SEGMENTS = 16  # parts of the positions per worker: the earlier ones have longer walks
_SEGMENT = 64  # positions of a part, at most, where each has many sets
_NEAR = 2  # sizes of flip sets whose steps are kept for all positions
_MEMO = 16  # 2 to this many differences are remembered, at most
_CELLS = 1 << 21  # states times neurons that NumPy steps at once


class Work:
    """What is asked, and what is known so far; every position is one row."""

    def __init__(
        self,
        run: BoolTrace,
        automaton: Automaton,
        places: Int64[np.ndarray, "P"],
        sets: list[int],
        within: int | None,
    ) -> None:
        self.run, self.automaton, self.places = run, automaton, places
        self.sizes, self.each = len(sets), sum(sets)
        self.possible = self.each * len(places)
        self.starts = np.cumsum([0, 0, *sets])  # [size]: the number of the first set of that size
        self.left = len(run.symbols) - 1 - places
        longest = int(self.left.max(initial=1))
        self.most = longest if within is None else min(within, longest)
        self.binomials = np.zeros((self.sizes + 1, automaton.hidden + 1), np.int64)  # [i, c]: C(c, i)
        self.binomials[0] = 1
        for i in range(1, self.sizes + 1):
            self.binomials[i, 1:] = np.cumsum(self.binomials[i - 1, :-1])
        self.counts = np.zeros((len(places), self.sizes, 3), np.int64)  # states, returned, longest
        self.slowest = np.full((len(places), self.sizes + 1), NEVER)  # the first such set, and its steps
        self.never = self.slowest.copy()  # the first set that never returned
        self.histogram = np.zeros(self.most + 1, np.int64)
        self.interrupted = False


class Compiled:
    """Compiled loops on all cores: each worker takes a segment of positions after the other, the last one
    first, and finds the tables of those that are finished."""

    def __init__(self, work: Work, deadline: float | None, memory: int) -> None:
        self.work, self.deadline = work, deadline
        self.code: Any = compiled_module("clauses.compiled_heal")
        self.tables = tables(work.automaton)
        count = len(work.places)
        place = np.full(len(work.run.symbols), NEVER, np.int32)
        place[work.places] = np.arange(count)
        self.text = (work.run.symbols, to_words(work.run.states), place, work.most)
        self.flips, self.scale, self.offset, self.limit = _rows(work.automaton, work.sizes)
        workers = min(cores(), count)
        length = max(1, min(count // (_SEGMENTS * workers), max(_SEGMENT, _ALLOWANCE // work.each)))
        edges = [*range(count, 0, -length), 0]
        self.segments = iter([(a, b) for b, a in itertools.pairwise(edges)])
        self._tables(memory, workers)
        self.allowance = min(_ALLOWANCE, max(1, 4 * _ALLOWANCE // self.text[1].shape[1] ** 2))
        self.stop, self.done = threading.Event(), [0] * workers
        self.histograms = np.zeros((workers, work.most + 1), np.int64)

    def _tables(self, memory: int, workers: int) -> None:
        """Share out the memory: a half for tables of small sets at all positions (each worker has a ring of
        the latest ones where that is too little), a quarter for the largest ones of two positions per worker,
        a quarter for what is remembered."""
        work, half = self.work, memory // 2
        slots = half // 2 // (8 * workers * (self.text[1].shape[1] + 1))
        self.slots = 1 << min(_MEMO, max(slots.bit_length() - 1, 0))
        bytes_ = 4 * work.starts[1:]  # of a table of sets of 0, 1, .. bits
        far = int(np.searchsorted(2 * workers * bytes_, half // 2, "right")) - 1
        near = min(far, _NEAR, int(np.searchsorted(workers * bytes_, half, "right")) - 1)
        room = half // max(int(bytes_[near]), 1)
        self.shared = room >= len(work.places)
        self.ring = len(work.places) if self.shared else room // workers
        rows = self.ring if self.shared else self.ring * workers
        self.near = np.empty((rows, int(work.starts[near + 1])), np.int32)
        self.far = np.empty((workers, 2, max(int(work.starts[far + 1]), 1)), np.int32)
        self.finished = np.zeros(len(work.places), bool)
        self.sets = (work.binomials, work.starts, work.sizes, near, far)

    def run(self) -> None:
        """Follow every state, until all are or time is up."""
        pool = ThreadPoolExecutor(len(self.done))
        jobs = [pool.submit(self._worker, number) for number in range(len(self.done))]
        try:
            with progress.bar("flipped states", self.work.possible) as tick:
                while wait(jobs, timeout=0.1).not_done:
                    tick(sum(self.done))
        finally:
            self.stop.set()
            pool.shutdown()
            self.work.histogram += self.histograms.sum(axis=0)
        for job in jobs:
            job.result()  # raises what a worker raised

    def _worker(self, number: int) -> None:
        work, first_row = self.work, 0 if self.shared else number * self.ring
        memo = np.zeros((self.slots, self.text[1].shape[1] + 1), np.uint64)
        kept = (self.near, self.far[number], self.finished, self.ring, first_row, memo)
        for first, stop in self.segments:
            part = slice(first, stop)
            segment, moves = (work.places[part], first), (self._sums(part), self.flips, self.limit)
            cursor = np.r_[stop - first - 1, 1, np.arange(work.sizes)]
            tally = (work.counts[part], work.slowest[part], work.never[part], self.histograms[number])
            while cursor[0] >= 0:
                if self.stop.is_set() or _past(self.deadline):
                    return
                self.done[number] += self.code.follow(
                    self.tables, self.text, segment, moves, kept, self.sets, cursor, tally, self.allowance
                )
            self.finished[part] = self.shared

    def _sums(self, part: slice) -> np.ndarray:
        """The int16 sums of the states after these positions, padded to whole words: (B, P)."""
        work = self.work
        places, hidden = work.places[part], work.automaton.hidden
        z = work.automaton.z(work.run.states[places], work.run.symbols[places + 1])
        sums = np.full((len(places), self.flips.shape[2]), -1, np.int16)
        sums[:, :hidden] = np.rint(z * self.scale + self.offset)
        return sums


def _past(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline


def _rows(automaton: Automaton, flips: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """What the flip of a bit adds to the int16 sums, (2, H, P): [0] from 0 to 1, [1] from 1 to 0. And the
    scale and offset of every row, and the limit 2E; the top of this file has the proof."""
    rows, hidden = automaton.rows, automaton.hidden
    slack = -(-(flips + 1) // 2) + 1  # the last 1 covers the rounding of sums in float64
    widest = np.abs(rows.matrix).sum(axis=1) + np.abs(rows.drive).max(axis=0)
    scale = (_TOP - 2 * slack - 1) / np.where(widest > 0, widest, 1.0) * (1 - 2.0**-40)
    whole = (2 * slack + 2) / np.ldexp(1.0, rows.certificate.unit.astype(np.int32))
    few = widest * whole + 2 * slack + 1 <= _TOP  # exact: powers of two and integers below 2^15
    scale, offset = np.where(few, whole, scale), np.where(few, 2.0 * slack + 1, float(slack))
    moved = np.zeros((2, hidden, -(-hidden // LANES) * LANES), np.int16)
    moved[0, :, :hidden] = np.rint(2 * rows.matrix * scale[:, None]).T.astype(np.int64)  # modulo 2^16
    moved[1] = -moved[0]
    return moved, scale, offset, 2 * slack


class Numpy:
    """Every state walked in NumPy, many at a time, until it is back."""

    def __init__(self, work: Work, deadline: float | None) -> None:
        self.work, self.deadline = work, deadline
        self.step = stepper(work.automaton, engine="numpy")

    def run(self) -> None:
        """Follow every state, until all are or time is up."""
        work, block = self.work, max(1, _CELLS // self.work.automaton.hidden)
        with progress.bar("flipped states", work.possible) as tick:
            for first in range(0, work.possible, block):
                numbers = np.arange(first, min(first + block, work.possible))
                row, flips = len(work.places) - 1 - numbers // work.each, self._flips(numbers % work.each)
                steps = self._walk(row, flips)
                if steps is None:
                    return
                self._record(row, flips, steps)
                tick(first)

    def _flips(self, numbers: Int64[np.ndarray, "B"]) -> Int64[np.ndarray, "B S"]:
        """The sets of these numbers, ascending and padded with -1: smaller sets first, and those of one size
        by their greatest bit, then the next."""
        work = self.work
        size = np.searchsorted(work.starts[2:], numbers, "right") + 1
        rest, flips = numbers - work.starts[size], np.full((len(numbers), work.sizes), NEVER)
        for i in range(work.sizes, 0, -1):
            column, has = work.binomials[i, :-1], size >= i
            bit = np.searchsorted(column, rest[has], "right") - 1
            flips[has, i - 1] = bit
            rest[has] -= column[bit]
        return flips

    def _walk(
        self, row: Int64[np.ndarray, "B"], flips: Int64[np.ndarray, "B S"]
    ) -> Int64[np.ndarray, "B"] | None:
        """Steps until each state is back; None where time is up."""
        work, run = self.work, self.work.run
        at, going, steps = work.places[row], np.arange(len(row)), np.full(len(row), NEVER)
        states = run.states[at]
        for column in flips.T:
            states[going[column >= 0], column[column >= 0]] ^= True
        for passed in range(1, work.most + 1):
            inside = at[going] + passed < len(run.symbols)
            going, states = going[inside], states[inside]
            now = at[going] + passed
            if not len(going) or _past(self.deadline):
                return steps if not len(going) else None
            states = self.step.advance(states, run.symbols[now][:, None])
            apart = (states != run.states[now]).any(axis=1)
            steps[going[~apart]] = passed
            going, states = going[apart], states[apart]
        return steps

    def _record(
        self, row: Int64[np.ndarray, "B"], flips: Int64[np.ndarray, "B S"], steps: Int64[np.ndarray, "B"]
    ) -> None:
        work, size = self.work, (flips >= 0).sum(axis=1) - 1
        back = steps > 0
        np.add.at(work.counts[..., 0], (row, size), 1)
        np.add.at(work.counts[..., 1], (row[back], size[back]), 1)
        np.maximum.at(work.counts[..., 2], (row[back], size[back]), steps[back])
        work.histogram += np.bincount(steps[back], minlength=len(work.histogram))
        longest = work.counts[..., 2].max(axis=1)
        slow = back & (steps == longest[row]) & (steps > work.slowest[row, -1])
        lost = ~back & (work.never[row, 0] < 0)
        for noted, which in ((work.slowest, np.flatnonzero(slow)), (work.never, np.flatnonzero(lost))):
            rows, first = np.unique(row[which], return_index=True)
            noted[rows, :-1], noted[rows, -1] = flips[which[first]], steps[which[first]]
