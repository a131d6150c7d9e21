"""search: depth-first search with propagation of bounds, exact and complete, for any problem.

A variable that some row leaves no choice is fixed; where none is left to fix, one is tried with both
values, the one first whose two values together take most of the rows' room (compiled_search). The two
halves of an unfinished search are searched by all cores: one that has nothing to do takes the largest
part that another has not begun.

Rows too wide for int64 are searched in a weaker form of 60 bits that every solution satisfies; what is
found is put into the rows themselves before it counts. Up to 12 open variables all assignments are tried.
"""

import dataclasses
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answer
from boolrnn.clauses.problem import Limits, Problem, scaled, simplify
from boolrnn.compiling import compiled_module
from boolrnn.model.kernels import cores
from boolrnn.shapes import Bool, Int64

NAME = "search"
SMALL = 12  # open variables up to which all assignments are tried, without loading compiled code
ALONE = 1 << 16  # nodes that one core looks at before the others are asked to help
_BITS = 60  # of the weaker rows
_LEAVES = 256  # solutions between two looks at them
_WORK = 1 << 27  # weights looked at between two looks at the clock: some milliseconds
_FINE = 1 << 20  # what the progress bar counts to


def solve(problem: Problem, limits: Limits) -> Answer:
    """One solution, or the proof by exhaustion that there is none; unknown where time or memory ends first.

    The objective, if any, is not looked at. Ctrl-C is the caller's.
    """
    began = time.monotonic()
    search = Search(problem, limits, most=1).run()
    if search.interrupted:
        raise KeyboardInterrupt
    seconds = time.monotonic() - began
    if search.found:
        return Answer(SAT, NAME, seconds, proved=True, values=search.found[0])
    if search.complete:
        return Answer(UNSAT, NAME, seconds, proved=True)
    return Answer(UNKNOWN, NAME, seconds, note=search.note)


def solutions(
    problem: Problem, limits: Limits, most: int | None = None
) -> tuple[Bool[np.ndarray, "K N"], bool]:
    """All solutions, in the order of their bits (variable 0 first), and whether these are all.

    It stops at `most` of them. Ctrl-C is the caller's.
    """
    search = Search(problem, limits, most).run()
    if search.interrupted:
        raise KeyboardInterrupt
    return search.solutions(), search.complete


class Search:
    """A search for `most` solutions (None: all of them), whose findings stay if it ends early.

    After `run`, `found` holds solutions (N bools each), every one put into all rows; `complete` says
    whether there is no other, `interrupted` whether Ctrl-C ended it, `note` why it is incomplete.
    """

    def __init__(self, problem: Problem, limits: Limits, most: int | None = None) -> None:
        self.problem, self.limits, self.most = problem, limits, most
        self.found: list[np.ndarray] = []
        self.nodes, self.complete, self.interrupted, self.note = 0, False, False, ""
        self.dropped = False  # more were found than asked for
        self.simple = simplify(problem)

    def run(self) -> "Search":
        """Search until all is known, `most` solutions are found, or time is up."""
        rest = self.simple.rest
        if rest is None:
            self.complete = True
        elif rest.size <= SMALL:
            self._every(rest)
        else:
            self._search(rest)
        return self

    def solutions(self) -> Bool[np.ndarray, "K N"]:
        """What was found, in the order of the bits, variable 0 first."""
        rows = np.array(self.found, bool).reshape(len(self.found), self.problem.size)
        packed = np.packbits(rows, axis=1)
        return rows[sorted(range(len(rows)), key=lambda k: packed[k].tobytes())]

    @property
    def enough(self) -> bool:
        """Whether as many were found as were asked for."""
        return self.most is not None and len(self.found) >= self.most

    def _take(self, values: Bool[np.ndarray, "K"]) -> None:
        """A solution of the simplified rows: one of the problem, if no row was weakened."""
        if self.enough:
            self.dropped = True
            return
        whole = self.simple.expand(values)
        if self.problem.holds(whole):
            self.found.append(whole)
        elif not self.weakened:
            raise AssertionError("a solution that the search found violates a row")

    @property
    def weakened(self) -> bool:
        """Whether the rows searched are weaker than the problem's."""
        rest = self.simple.rest
        return rest is not None and rest.matrix.dtype == object

    def _every(self, rest: Problem) -> None:
        """All assignments, in the order of their bits."""
        size = rest.size
        table = (np.arange(1 << size)[:, None] >> np.arange(size)[::-1] & 1).astype(bool)
        sums = table.astype(rest.matrix.dtype) @ rest.matrix.T
        fits = np.flatnonzero((sums >= rest.bounds).all(axis=1))
        self.nodes = len(table)
        most = len(fits) if self.most is None else self.most
        for k in fits[:most]:
            self._take(table[k])
        self.complete = len(fits) <= most
        self.note = "" if self.complete else _STOPPED.format(most)

    def _search(self, rest: Problem) -> None:
        rows = scaled(rest, _BITS, necessary=True) if self.weakened else rest
        assert rows.matrix.dtype == np.int64
        need, each = _bytes(rows)
        workers = min(cores(), max(0, self.limits.memory - need) // each)
        if not workers:
            self.note = f"needs {need + each >> 20:,} MB of memory"
            return
        team = _Team(self, rows, workers)
        team.run()
        self.nodes, self.interrupted = team.nodes, team.interrupted
        self.complete = team.done and not self.dropped
        if not self.complete:
            share = 1 - team.left
            self.note = _STOPPED.format(self.most) if self.enough else ""
            self.note = self.note or f"after {self.nodes:,} nodes, {share:.2%} of the search"


_STOPPED = "stopped at {:,} solutions"


@dataclasses.dataclass
class _Part:
    """A part of the search: the arrays of compiled_search.run, and which share of the whole it was."""

    arrays: tuple[Any, ...]
    share: float

    @property
    def left(self) -> float:
        """The share of the whole that has not been looked at."""
        _, _, _, _, tried, _, (level, _, phase) = self.arrays
        if phase == _END:
            return 0.0
        open_ = np.flatnonzero(tried[1 : level + 1] == 0) + 1
        return self.share * float((0.5**open_).sum() + 0.5**level)

    def give(self) -> tuple[Int64[np.ndarray, "K"], float] | None:
        """The largest part that was not begun, as literals and its share; it is no longer looked at here."""
        _, trail, start, decision, tried, _, (level, _, _) = self.arrays
        open_ = np.flatnonzero(tried[1 : level + 1] == 0)
        if not len(open_):
            return None
        first = int(open_[0]) + 1
        tried[first] = 1
        literals = np.append(trail[: start[first]], decision[first] ^ 1)
        return literals, self.share * 0.5**first


_END = 3  # compiled_search.END, which is loaded only where it is needed


class _Team:
    """One search on several cores."""

    def __init__(self, search: Search, problem: Problem, workers: int) -> None:
        self.search, self.workers = search, workers
        self.code: Any = compiled_module("clauses.engines.compiled_search")
        self.rows, self.first = _rows(problem)
        self.nodes, self.interrupted = 0, False
        self.chunk = max(16, _WORK // (len(problem.matrix) * (problem.size + 64) + 1))
        self.parts: list[_Part | None] = [None] * workers  # what each is looking at
        self.spare_parts: list[tuple[np.ndarray, float]] = []  # given away, not begun
        self.stop, self.change = threading.Event(), threading.Condition()
        self.hungry = 0  # workers that wait for a part

    @property
    def left(self) -> float:
        """The share of the search that has not been looked at, halving at every level."""
        shares = [part.left for part in self.parts if part] + [share for _, share in self.spare_parts]
        return float(sum(shares))

    @property
    def done(self) -> bool:
        """Whether all of it was."""
        return not self.interrupted and not any(self.parts) and not self.spare_parts

    def run(self) -> None:
        """Until all is looked at, enough is found, time is up, or somebody presses Ctrl-C."""
        self.parts[0] = self._begin(np.zeros(0, np.int64), 1.0)
        pool = None
        try:
            with progress.bar("search", _FINE) as tick:
                while self.nodes < ALONE and not self.stop.is_set() and self.parts[0]:
                    self._chunk(0)
                if self.stop.is_set() or self.done:
                    return
                pool = ThreadPoolExecutor(self.workers)
                jobs = [pool.submit(self._work, k) for k in range(self.workers)]
                while wait(jobs, timeout=0.1).not_done:
                    tick(int(_FINE * (1 - self.left)), f"{self.nodes:,} nodes")
                for job in jobs:
                    job.result()  # raises what a worker raised
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self.stop.set()
            if pool is not None:
                pool.shutdown()

    def _begin(self, literals: Int64[np.ndarray, "K"], share: float) -> _Part:
        """The part of the search in which these literals hold."""
        size, count = len(self.rows[4]), len(self.rows[1])
        bits, levels = np.full(size, -1, np.int8), np.empty((size + 1, 4, count), np.int64)
        bits[literals >> 1] = literals & 1
        levels[0] = self.first
        trail, start, decision, tried = (np.zeros(size + 1, np.int64) for _ in range(4))
        trail[: len(literals)] = literals
        place = np.array([0, len(literals), self.code.FRESH])
        return _Part((bits, trail, start, decision, tried, levels, place), share)

    def _chunk(self, worker: int) -> None:
        """Some nodes of a worker's part; what follows from them."""
        part = self.parts[worker]
        assert part is not None
        leaves = np.empty((_LEAVES, len(self.rows[4])), np.int8)
        count, used = self.code.run(self.rows, part.arrays, leaves, self.chunk)
        with self.change:
            self.nodes += used
            for values in leaves[:count] == 1:
                self.search._take(values)
            if part.arrays[-1][2] == self.code.END:
                self.parts[worker] = None
            elif self.hungry > len(self.spare_parts):
                given = part.give()
                if given is not None:
                    self.spare_parts.append(given)
                    self.change.notify()
            deadline = self.search.limits.deadline
            if self.search.enough or (deadline is not None and time.monotonic() > deadline):
                self.stop.set()
                self.change.notify_all()

    def _work(self, worker: int) -> None:
        """One worker: its part, then what others give away, until nobody has anything."""
        try:
            while not self.stop.is_set():
                if self.parts[worker] is None and not self._fetch(worker):
                    return
                self._chunk(worker)
        except BaseException:  # the others would wait for its part
            self.stop.set()
            raise
        finally:
            with self.change:
                self.change.notify_all()

    def _fetch(self, worker: int) -> bool:
        """Wait for a part; False where there will be none."""
        with self.change:
            self.hungry += 1
            while not self.spare_parts and not self.stop.is_set() and any(self.parts):
                self.change.wait(0.05)
            self.hungry -= 1
            if self.stop.is_set() or not self.spare_parts:
                return False
            self.parts[worker] = self._begin(*self.spare_parts.pop())
            return True


def _bytes(problem: Problem) -> tuple[int, int]:
    """Memory that all workers share, and that each takes, in bytes."""
    count, size = problem.matrix.shape
    return (16 + 8 + 4 + 1 + 4 + 16) * (count + 1) * (size + 1), 32 * count * (size + 1) + 1024 * (size + 1)


def _rows(problem: Problem) -> tuple[tuple[np.ndarray, ...], Int64[np.ndarray, "4 R"]]:
    """The arrays of compiled_search: what rows lose by each literal, their weights in descending order
    (a 0 at the end) with variable and value that helps, weights squared; and what is kept per row at first.
    """
    matrix = problem.matrix
    count, size = matrix.shape
    losses = np.empty((2 * size, count), np.int64)
    losses[0::2], losses[1::2] = np.maximum(matrix, 0).T, np.maximum(-matrix, 0).T
    order = np.argsort(-np.abs(matrix), axis=1, kind="stable")
    weights = np.zeros((count, size + 1), np.int64)
    weights[:, :size] = np.take_along_axis(np.abs(matrix), order, axis=1)
    helps = (np.take_along_axis(matrix, order, axis=1) > 0).astype(np.int8)
    scale = 1 / np.maximum(weights[:, 0], 1).astype(np.float64)
    squares = ((matrix * scale[:, None]) ** 2).T.astype(np.float32)
    first = np.zeros((4, count), np.int64)
    first[0] = np.maximum(matrix, 0).sum(axis=1) - problem.bounds.astype(np.int64)
    first[1], first[3] = weights.sum(axis=1), weights[:, 0]
    rows = (losses, weights, order.astype(np.int32), helps, np.ascontiguousarray(squares))
    return (*rows, scale.astype(np.float32)), first
