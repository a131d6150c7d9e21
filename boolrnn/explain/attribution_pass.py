"""The pass behind attribution: gradients of ln P carried back through a text, a block of positions at a time.

A pattern is a weight. At position t its strength is the largest over the distances d of
    wy_yj     |g_j|                  g = d ln P(y) / d h(t), y the true symbol; d = 0 only
    wh_ij     |wh_ij u_i(t - d + 1)| u = d ln P(y) / d z = (1 - h^2) d ln P(y) / d h, for d >= 1
    wx_jx     |wx_jx u_j(t - d)|     x = symbols[t - d], for d >= 0
The largest over d of |wh_ij u_i| is |wh_ij| times the largest |u_i|, in rounded arithmetic too, so one number
per neuron and position is enough, and how many of a row's weights reach a threshold is a binary search.

As published, the pattern of wx_jx is |wx_jx d ln P / d h_j(t - d)| without the gate (1 - h^2), from d = 1 on,
a wh pattern with |u_i| < 1e-8 is skipped, and everything is float32.
"""

import collections
import dataclasses
import itertools
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from boolrnn import progress
from boolrnn.model.kernels import cores
from boolrnn.model.rnn import log2_probabilities, logits
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float, Float64, Int64

NEVER = 0.01  # a pattern that is stronger than this at no position is never active
SKIPPED = 1e-8  # as published
CLASSES = ("wx", "wh", "wy")
_CELLS = 1 << 22  # strengths in one block


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a pass counts: strengths above each of `thresholds` (K, ascending), distances up to `depth`, and
    apart from the rest the patterns whose own weight is `significant`, |w| above that."""

    thresholds: Float64[np.ndarray, "K"]
    depth: int
    significant: float
    as_published: bool

    @property
    def nearest(self) -> int:
        """The least distance at which a symbol is attributed anything."""
        return 1 if self.as_published else 0


@dataclasses.dataclass(frozen=True)
class Counts:
    """P positions, K thresholds, D distances that occur (0..D-1). Sums, of which the means are made."""

    active: Int64[np.ndarray, "P K"]  # patterns above each threshold, all classes together
    by_class: Int64[np.ndarray, "C K"]  # summed over positions
    significant: Int64[np.ndarray, "K"]  # of all classes, significant weights only; summed over positions
    never: Int64[np.ndarray, "C"]
    gradient: Float64[np.ndarray, "P"]  # sum over j of |g_j|
    mass: Float64[np.ndarray, "D"]  # sum over positions t >= d of the wx strengths at distance d
    costly_mass: Float64[np.ndarray, "D"]  # the same over the costly positions
    share: Float64[np.ndarray, "D"]  # sum over positions with every distance of mass / mass of all distances
    shared: int  # how many positions those are


def attribute(
    weights: Weights,
    symbols: Int64[np.ndarray, "T"],
    hidden: Float[np.ndarray, "T H"],
    costly: Bool[np.ndarray, "P"],
    settings: Settings,
) -> Counts:
    """Count the patterns of every position t = 0..T-2, given the hidden states and the costly positions.

    Gradients are float64, or as published float32, of these hidden states.
    """
    count = len(costly)
    job = _Job(weights, symbols, hidden, costly, settings)
    size = max(1, _CELLS // (min(job.distances, len(job.met)) * weights.hidden or 1))
    if count > 1:  # no core stays idle
        size = min(size, -(-count // cores()))
    edges = [*range(0, count, size), count]
    empty, tops = _part(job, 0, 0)
    found, done = [empty], 0
    with progress.bar("attribution", count) as tick:
        for part, more in _side_by_side(job, list(itertools.pairwise(edges))):
            found.append(part)
            tops = tuple(np.fmax(one, other) for one, other in zip(tops, more, strict=True))
            done += len(part.gradient)
            tick(done)
    return _together(job, found, tops)


class _Job:
    """What all blocks share."""

    def __init__(
        self,
        weights: Weights,
        symbols: Int64[np.ndarray, "T"],
        hidden: Float[np.ndarray, "T H"],
        costly: Bool[np.ndarray, "P"],
        settings: Settings,
    ) -> None:
        self.weights, self.settings, self.costly = weights, settings, costly
        self.kind = np.dtype(np.float32 if settings.as_published else np.float64)
        self.symbols, self.hidden = symbols, hidden
        self.distances = min(settings.depth, max(len(costly) - 1, 0)) + 1
        self.met, self.index = np.unique(symbols, return_inverse=True)
        self.wh = weights.wh.astype(self.kind)
        self.wx = np.abs(weights.wx.T[self.met]).astype(self.kind)  # (S, H), of the symbols that occur
        self.wx_significant = self.wx > settings.significant
        self.wy = weights.wy.astype(np.float64)
        self.rows = [_Row(row, settings.significant) for row in np.abs(self.wh)]


class _Row:
    """The weights of one neuron, to be counted: distinct sizes, and how many weights have at least each."""

    def __init__(self, sizes: Float[np.ndarray, "H"], significant: float) -> None:
        self.sizes, count = np.unique(sizes, return_counts=True)
        self.least = np.concatenate([np.cumsum(count[::-1])[::-1], [0]])
        self.first_significant = int(np.searchsorted(self.sizes, significant, side="right"))
        self.padded = np.concatenate([[-np.inf], self.sizes, [np.inf]]).astype(sizes.dtype)

    def above(
        self, strongest: Float[np.ndarray, "B"], thresholds: Float64[np.ndarray, "K"]
    ) -> tuple[Int64[np.ndarray, "B K"], Int64[np.ndarray, "B K"]]:
        """How many weights w have w x strongest > threshold; and of the significant ones.

        The quotient places a threshold among the sizes; as it is rounded, the neighbours are tried.
        """
        known = strongest > 0
        quotient = np.full((len(strongest), len(thresholds)), np.inf)
        np.divide(thresholds, strongest[:, None], out=quotient, where=known[:, None])
        first = np.searchsorted(self.sizes, quotient, side="right")
        factor = np.where(known, strongest, 0)[:, None]
        limits = thresholds.astype(strongest.dtype)
        lower = self.padded[first] * factor > limits  # the next size below is enough after all
        upper = ~(self.padded[first + 1] * factor > limits) & (first < len(self.sizes))
        first = first - (lower & (first > 0)) + (upper & ~lower)
        first[~known] = len(self.sizes)
        return self.least[first], self.least[np.maximum(first, self.first_significant)]


@dataclasses.dataclass(frozen=True)
class _Part:
    """The counts of a block of positions."""

    active: Int64[np.ndarray, "B K"]
    by_class: Int64[np.ndarray, "C K"]
    significant: Int64[np.ndarray, "K"]
    gradient: Float64[np.ndarray, "B"]
    mass: Float64[np.ndarray, "D"]
    costly_mass: Float64[np.ndarray, "D"]
    share: Float64[np.ndarray, "D"]
    shared: int


def _side_by_side(job: _Job, blocks: list[tuple[int, int]]) -> Iterator[tuple[_Part, tuple]]:
    """The parts of all blocks, in order. Few are worked on ahead, as those that wait take memory.

    BLAS keeps to one thread each: its own threads would wait for each other's processors.
    """
    waiting: collections.deque[Future] = collections.deque()
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores()) as pool:
        for block in blocks:
            waiting.append(pool.submit(_part, job, *block))
            if len(waiting) > 2 * cores():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _part(job: _Job, first: int, stop: int) -> tuple[_Part, tuple]:
    """Positions first..stop-1, and the strongest factors, class by class, that their patterns have."""
    settings, count, neurons = job.settings, stop - first, job.weights.hidden
    with np.errstate(all="ignore"):  # gradients of exotic nets overflow; they count as no number
        g = _readout_gradient(job, first, stop)
        pairs = _Pairs(job, first, stop)
        strongest = np.zeros((count, neurons), job.kind)
        mass = np.zeros((count, job.distances))
        gates = 1 - np.square(job.hidden[max(0, first - job.distances + 1) : stop].astype(job.kind))
        back, row = g, 0  # d ln P / d h(t - d) for the positions from `row` on
        for d in range(min(job.distances, stop)):
            start = max(row, d - first)
            back, row = back[start - row :], start
            u = gates[len(gates) - count + row - d : len(gates) - d] * back
            if d >= settings.nearest:
                mass[row:, d] = pairs.add(row, d, np.abs(back if settings.as_published else u))
            if d + 1 < job.distances:
                size = np.abs(u)
                if settings.as_published:
                    size[size < SKIPPED] = 0
                reached = max(row, d + 1 - first)  # where there is a step before this one
                np.fmax(strongest[reached:], size[reached - row :], out=strongest[reached:])
                back = u @ job.wh
        return _counted(job, first, np.abs(g), pairs, strongest, mass)


def _readout_gradient(job: _Job, first: int, stop: int) -> Float[np.ndarray, "B H"]:
    """g_j = wy_yj - sum_o P_o wy_oj, in float64, then rounded to the arithmetic of the pass."""
    true = job.symbols[first + 1 : stop + 1]
    if not len(true) or first == stop:
        return np.empty((0, job.weights.hidden), job.kind)
    chance = np.exp2(log2_probabilities(logits(job.weights, job.hidden[first:stop])))
    return (job.wy[true] - chance @ job.wy).astype(job.kind)


class _Pairs:
    """The pairs (position, symbol in its window) of a block, each with the strongest u of every neuron."""

    def __init__(self, job: _Job, first: int, stop: int) -> None:
        self.job, self.first, self.stop = job, first, stop
        near, far = job.settings.nearest, job.distances
        distance = np.arange(near, far)
        at = np.arange(first, stop)[:, None] - distance
        keys = np.where(at >= 0, (at + distance) * len(job.met) + job.index[at], -1)
        found, inverse = np.unique(keys, return_inverse=True)
        outside = int(len(found) > 0 and found[0] < 0)  # the entry of what lies before the text
        self.number = inverse.reshape(keys.shape) - outside
        self.position, self.symbol = np.divmod(found[outside:], len(job.met))
        self.strongest = np.zeros((len(self.position), job.weights.hidden), job.kind)
        self.low = max(0, first - far + 1)
        self.by_source = np.zeros((stop - self.low, job.weights.hidden), job.kind)

    def add(self, row: int, d: int, attributed: Float[np.ndarray, "N H"]) -> Float64[np.ndarray, "N"]:
        """Add distance d of the positions first + row..stop-1; their masses."""
        source = slice(self.first + row - d, self.stop - d)
        kept = self.by_source[source.start - self.low : source.stop - self.low]
        np.fmax(kept, attributed, out=kept)
        number = self.number[row:, d - self.job.settings.nearest]
        self.strongest[number] = np.fmax(self.strongest[number], attributed)
        strength = self.job.wx[self.job.index[source]]
        strength *= attributed
        return strength.sum(axis=1, dtype=np.float64)

    def above(self) -> tuple[Int64[np.ndarray, "B K"], Int64[np.ndarray, "B K"]]:
        """How many wx patterns of each position are above each threshold; and of the significant ones."""
        job, count = self.job, self.stop - self.first
        strength = self.strongest * job.wx[self.symbol]
        limits = job.settings.thresholds.astype(job.kind)
        row = self.position - self.first
        weak, strong = _histogram(strength, job.wx_significant[self.symbol], row, count, limits)
        return weak + strong, strong

    def top(self) -> Float[np.ndarray, "S H"]:
        """For each symbol that occurs the strongest u of every neuron at any position."""
        found = np.zeros_like(self.job.wx)
        order = np.argsort(self.job.index[self.low : self.stop], kind="stable")
        if len(order):
            listed = self.job.index[self.low : self.stop][order]
            starts = np.flatnonzero(np.diff(listed, prepend=-1))
            found[listed[starts]] = np.fmax.reduceat(self.by_source[order], starts, axis=0)
        return found


def _histogram(
    strength: Float[np.ndarray, "N H"],
    significant: Bool[np.ndarray, "N H"],
    row: Int64[np.ndarray, "N"],
    rows: int,
    limits: Float[np.ndarray, "K"],
) -> tuple[Int64[np.ndarray, "B K"], Int64[np.ndarray, "B K"]]:
    """Entries above each of the ascending `limits` in all lines of a row: not significant, significant."""
    width = len(limits) + 1
    bins = significant.astype(np.int64) * width
    for limit in limits:
        bins += strength > limit
    bins += row[:, None] * (2 * width)
    tally = np.bincount(bins.ravel(), minlength=rows * 2 * width).reshape(rows, 2, width)
    above = tally[:, :, ::-1].cumsum(axis=2)[:, :, ::-1][:, :, 1:]
    return above[:, 0], above[:, 1]


def _counted(
    job: _Job,
    first: int,
    g: Float[np.ndarray, "B H"],
    pairs: _Pairs,
    strongest: Float[np.ndarray, "B H"],
    mass: Float64[np.ndarray, "B D"],
) -> tuple[_Part, tuple]:
    """Everything that is asked of a block, from its strengths."""
    settings, count = job.settings, len(g)
    target = job.index[first + 1 : first + 1 + count]
    wx, wx_strong = pairs.above()
    wh, wh_strong = np.zeros_like(wx), np.zeros_like(wx)
    for row, column in zip(job.rows, strongest.T):
        more, more_strong = row.above(np.ascontiguousarray(column), settings.thresholds)
        wh += more
        wh_strong += more_strong
    strong = np.abs(job.weights.wy[job.met])[target] > settings.significant
    limits = settings.thresholds.astype(job.kind)
    wy_weak, wy_strong = _histogram(g, strong, np.arange(count), count, limits)
    wy = wy_weak + wy_strong
    top_wy = np.zeros_like(job.wx)
    np.fmax.at(top_wy, target, g)
    whole = mass[max(0, job.distances - 1 - first) :]
    total = whole.sum(axis=1, keepdims=True)
    whole, total = whole[total[:, 0] > 0], total[total[:, 0] > 0]
    part = _Part(
        active=wx + wh + wy,
        by_class=np.array([wx.sum(axis=0), wh.sum(axis=0), wy.sum(axis=0)]),
        significant=(wx_strong + wh_strong + wy_strong).sum(axis=0),
        gradient=g.sum(axis=1, dtype=np.float64),
        mass=mass.sum(axis=0),
        costly_mass=mass[job.costly[first : first + count].nonzero()].sum(axis=0),
        share=(whole / total).sum(axis=0),
        shared=len(whole),
    )
    return part, (pairs.top(), np.fmax.reduce(strongest, axis=0, initial=0), top_wy)


def _together(job: _Job, parts: list[_Part], tops: tuple) -> Counts:
    """The counts of all blocks, added in their order."""

    def added(name: str) -> Any:
        return sum(getattr(part, name) for part in parts[1:]) + getattr(parts[0], name)

    sizes = (job.weights.wx.size, job.weights.wh.size, job.weights.wy.size)
    limit = job.kind.type(NEVER)
    with np.errstate(over="ignore", invalid="ignore"):
        above = job.wx * tops[0] > limit, np.abs(job.wh) * tops[1][:, None] > limit, tops[2] > limit
    return Counts(
        active=np.concatenate([part.active for part in parts]),
        by_class=added("by_class"),
        significant=added("significant"),
        never=np.array([size - np.count_nonzero(cells) for size, cells in zip(sizes, above)]),
        gradient=np.concatenate([part.gradient for part in parts]),
        mass=added("mass"),
        costly_mass=added("costly_mass"),
        share=added("share"),
        shared=int(added("shared")),
    )
