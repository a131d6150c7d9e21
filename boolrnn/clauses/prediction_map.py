"""The map of predictions: of every state, the fewest flips of its own bits that change what is predicted.

Output c is predicted: the largest y, the lowest index of equal ones. Flipping bit j of a state s moves
y_o - y_c by -2 d_j s_j, where d = wy[o] - wy[c], and output o comes before c once y_o - y_c reaches 0 (o < c)
or exceeds it (o > c). So the fewest flips that bring o before c are the inputs that push it most, and the
answer is the shortest such prefix of any rival o: a closed form. Where the readout's sums are exact in
float64 it is computed there; elsewhere float64 sums decide where no rounding could turn them, and whole
numbers decide the rest (boolrnn.clauses.against). Every answer is read out again, exactly.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.clauses.against import NEVER, against
from boolrnn.clauses.fewest import lower_bound
from boolrnn.clauses.flips import Asked, Effect, OutOfTimeError, in_time
from boolrnn.clauses.properties import Readout, readout
from boolrnn.graph.observed import Observed
from boolrnn.model.automaton import Automaton
from boolrnn.shapes import Bool, Float64, Int64

_HEAVIEST = 16  # inputs that are tried first: they nearly always suffice
_CELLS = 1 << 20  # states times outputs times inputs that are looked at together
_CHUNK = 1 << 22  # outputs of a chunk of positions
_NONE = np.iinfo(np.int64).max  # more flips than any net has bits
_FLOAT_BITS = 53


@dataclasses.dataclass(frozen=True, eq=False)
class PredictionMap:
    """Of the states at positions `t` (P): fewest flips that change the predicted output (NEVER where no set
    does), one such set (flips[offsets[k]:offsets[k + 1]], ascending neurons), the output before and after
    (NEVER)."""

    t: Int64[np.ndarray, "P"]
    fewest: Int64[np.ndarray, "P"]
    flips: Int64[np.ndarray, "F"]
    offsets: Int64[np.ndarray, "P1"]
    before: Int64[np.ndarray, "P"]
    after: Int64[np.ndarray, "P"]
    interrupted: bool

    def columns(self) -> dict[str, Any]:
        """The map with how many positions have which distance."""
        can = self.fewest != NEVER
        count = np.bincount(self.fewest[can])
        return {
            "cells_never": int((~can).sum()),
            "histogram_distance": np.flatnonzero(count),
            "histogram_count": count[count > 0].astype(np.int64),
            "prediction_t": self.t,
            "prediction_fewest": self.fewest,
            "prediction_flips": self.flips,
            "prediction_offsets": self.offsets,
            "prediction_before": self.before,
            "prediction_after": self.after,
        }

    def witness(self, seen: Observed) -> dict[str, Any]:
        """The first position with the fewest flips, as a result's witness; empty where there is none."""
        cost = np.where(self.fewest == NEVER, _NONE, self.fewest)
        if not len(cost) or cost.min() == _NONE:
            return {}
        k = int(cost.argmin())
        flips = self.flips[self.offsets[k] : self.offsets[k + 1]]
        states = seen.states[self.t[k]][None].copy()
        states[0, flips] ^= True
        return {
            "witness_states": states,
            "witness_position": int(self.t[k]),
            "witness_flips": flips.copy(),
            "witness_before": int(self.before[k]),
            "witness_after": int(self.after[k]),
        }


def prediction_map(seen: Observed, at: Int64[np.ndarray, "P"], deadline: float | None) -> PredictionMap:
    """The map at positions `at` of `seen`; those that were finished when time ended, from the first on."""
    automaton, parts, interrupted = seen.automaton, [], False
    size = max(1, _CHUNK // automaton.outputs)
    try:
        with progress.bar("flips per prediction", len(at)) as tick:
            for first in range(0, len(at), size):

                def done(count: int, first: int = first) -> None:
                    tick(first + count)

                parts.append(_chunk(automaton, seen.states[at[first : first + size]], deadline, done))
    except OutOfTimeError:
        pass
    except KeyboardInterrupt:
        interrupted = True
    sets = np.concatenate([np.zeros((0, automaton.hidden), bool), *(flipped for flipped, _, _ in parts)])
    before, after = (np.concatenate([np.zeros(0, np.int64), *(part[k] for part in parts)]) for k in (1, 2))
    count = sets.sum(axis=1)
    return PredictionMap(
        t=at[: len(sets)].copy(),
        fewest=np.where(count > 0, count, NEVER),
        flips=np.nonzero(sets)[1],
        offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        before=before,
        after=after,
        interrupted=interrupted,
    )


def _chunk(
    automaton: Automaton, states: Bool[np.ndarray, "B H"], deadline: float | None, tick: Callable[[int], None]
) -> tuple[Bool[np.ndarray, "B H"], Int64[np.ndarray, "B"], Int64[np.ndarray, "B"]]:
    """Which bits to flip in each state (none where no set does), and what it predicts before and after."""
    before = readout(automaton).predicted(states)
    flips, done = np.zeros(states.shape, bool), 0
    for one in np.unique(before).tolist():
        mine = np.flatnonzero(before == one)
        rivals = _Rivals(automaton, one)
        for first in range(0, len(mine), rivals.batch):
            there = mine[first : first + rivals.batch]
            flips[there] = rivals.sets(states[there], deadline)
            done += len(there)
            tick(done)
    after = readout(automaton).predicted(states ^ flips)
    moved = flips.any(axis=1)
    if (after[moved] == before[moved]).any():
        raise AssertionError(f"flips {flips[moved & (after == before)][0]} do not change the prediction")
    return flips, before, np.where(moved, after, NEVER)


class _Rivals:
    """The other outputs (R) against the predicted one, with their inputs by weight, heaviest first.

    `most` and `least` (R) are what a sum must reach in float64 so that the exact one surely, or possibly,
    brings that output before the predicted one: equal where float64 is exact.
    """

    def __init__(self, automaton: Automaton, one: int) -> None:
        self.automaton, self.one = automaton, one
        self.readout: Readout = readout(automaton)
        self.other = np.delete(np.arange(automaton.outputs), one)
        wide, bias = automaton.wy.astype(np.float64), automaton.by.astype(np.float64)
        weights = wide[self.other] - wide[one]
        self.order = np.argsort(-np.abs(weights), axis=1, kind="stable")
        sorted_ = np.take_along_axis(weights, self.order, axis=1)
        self.size, self.up = np.abs(sorted_), sorted_ > 0
        self.batch = max(1, _CELLS // max(1, len(self.other) * min(_HEAVIEST, automaton.hidden)))
        self.least, self.most = self._thresholds(np.abs(wide).sum(axis=1) + np.abs(bias))
        self.exact = bool((self.least == self.most).all())

    def _thresholds(self, row: Float64[np.ndarray, "O"]) -> tuple[np.ndarray, np.ndarray]:
        """`least` and `most`. Two rows whose entries are multiples of 2^unit and whose sums stay below
        2^(unit + 52) differ exactly, with every partial sum; others may lose some units in the last place of
        `row`, the sums of their sizes."""
        kept, one, other = self.readout.rows.certificate, self.one, self.other
        top = kept.unit + kept.bits
        unit = np.minimum(kept.unit[other], kept.unit[one])
        exact = np.maximum(top[other], top[one]) + 1 - unit <= _FLOAT_BITS
        above = np.where(other > one, 2.0**unit, 0.0)
        off = (row[other] + row[one]) * (self.automaton.hidden + 8) * 2.0**-52
        return np.where(exact, above, -off), np.where(exact, above, np.maximum(off, above))

    def sets(self, states: Bool[np.ndarray, "B H"], deadline: float | None) -> Bool[np.ndarray, "B H"]:
        """The bits to flip in states that predict `one`."""
        in_time(deadline)
        found = np.zeros(states.shape, bool)
        if not len(self.other):
            return found
        low, high = self._fewest(states)
        fewest, bound = high.min(axis=1), low.min(axis=1)
        row = (high == fewest[:, None]).argmax(axis=1)
        sure = (fewest == bound) & ((low == bound[:, None]).argmax(axis=1) == row)
        can = np.flatnonzero(sure & (fewest < _NONE))
        found[can] = self._prefixes(states[can], row[can], fewest[can])
        for b in np.flatnonzero(~sure).tolist():
            in_time(deadline)
            flips = self._exactly(states[b])
            if flips is not None:
                found[b, flips] = True
        return found

    def _fewest(self, states: np.ndarray) -> tuple[Int64[np.ndarray, "B R"], Int64[np.ndarray, "B R"]]:
        """No fewer flips bring each rival first, and so many surely do; _NONE where none do. Exact only for
        rivals that matter: of the others it may be said that none do."""
        signs = np.where(states, 1.0, -1.0)
        y = self.readout.rows.z(signs, np.zeros(len(states), np.int64))
        gap = y[:, self.one, None] - y[:, self.other]
        low, high, used = self._prefix(states, gap, None, _HEAVIEST)
        if self.automaton.hidden > _HEAVIEST:
            best = high.min(axis=1, keepdims=True)
            # what has pushed `used` times in vain takes one flip more at least
            rest = np.argwhere((high == _NONE) & (np.minimum(low, used + 1) <= best))
            step = max(1, _CELLS // self.automaton.hidden)
            for first in range(0, len(rest), step):
                b, r = rest[first : first + step].T
                low[b, r], high[b, r], _ = self._prefix(states[b], gap[b, r], r, self.automaton.hidden)
        return low, high

    def _prefix(
        self, states: np.ndarray, gap: Float64[np.ndarray, "*B"], rows: np.ndarray | None, count: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`_fewest` with each rival's `count` heaviest inputs only (of `rows`, one per state, or of all), and
        how many of these push it."""
        which: Any = slice(None) if rows is None else rows
        order, size = self.order[which, :count], self.size[which, :count]
        bits = states[:, order] if rows is None else np.take_along_axis(states, order, axis=1)
        pushes = (bits != self.up[which, :count]) & (size > 0)
        counts = np.cumsum(pushes, axis=-1)
        beyond = 2 * np.cumsum(pushes * size, axis=-1) - gap[..., None]
        high = _first(beyond >= self.most[which, None], counts)
        low = high if self.exact else np.maximum(_first(beyond >= self.least[which, None], counts), 1)
        return low, high, counts[..., -1]

    def _prefixes(
        self, states: np.ndarray, rows: Int64[np.ndarray, "B"], count: Int64[np.ndarray, "B"]
    ) -> Bool[np.ndarray, "B H"]:
        """The `count` bits whose flips push one rival each most."""
        order = self.order[rows]
        pushes = (np.take_along_axis(states, order, axis=1) != self.up[rows]) & (self.size[rows] > 0)
        chosen = pushes & (np.cumsum(pushes, axis=1) <= count[:, None])
        found = np.zeros(states.shape, bool)
        np.put_along_axis(found, order, chosen, axis=1)
        return found

    def _exactly(self, state: Bool[np.ndarray, "H"]) -> Int64[np.ndarray, "F"] | None:
        """The flips in whole numbers, as a question about one position is answered."""
        nothing, every = np.zeros(0, np.int64), np.arange(len(state))
        effect = Effect(state, nothing, against(self.automaton, self.one))
        bound, flips = lower_bound(Asked(self.automaton, state, nothing, every, effect, len(state)))
        if (bound == NEVER) != (flips is None):
            raise AssertionError(f"output {self.one}: {bound} flips, and these are {flips}")
        return flips


def _first(across: np.ndarray, counts: np.ndarray) -> Int64[np.ndarray, "*B"]:
    """The count at the first place that is across, _NONE where none is."""
    at = np.take_along_axis(counts, across.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    return np.where(across.any(axis=-1), at, _NONE)
