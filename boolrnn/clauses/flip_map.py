"""The map of flip distances: of every neuron at every position, the fewest flips before that change it."""

import dataclasses
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.clauses.fewest import one_bit
from boolrnn.clauses.flips import Asked, Effect, OutOfTimeError, in_time
from boolrnn.graph.observed import Observed
from boolrnn.model.annotate import NEVER, ExactRow
from boolrnn.shapes import Bool, Float64, Int64

_CHUNK = 4096  # positions that are looked at together


@dataclasses.dataclass(frozen=True, eq=False)
class FlipMap:
    """`distance` (T, H; the smallest signed integers that hold H): fewest flips in states[t - 1] that change
    bit i of states[t], NEVER where no set does and at t = 0. T is less than the text's length where time
    ended first."""

    distance: np.ndarray
    interrupted: bool

    @property
    def positions(self) -> int:
        """How many positions it has."""
        return len(self.distance)

    def columns(self) -> dict[str, Any]:
        """The map with what it says by distance and by neuron."""
        cells = self.distance[1:]
        can = cells != NEVER
        count = np.bincount(cells[can].astype(np.int64))
        hidden = cells.shape[1]
        return {
            "distance": self.distance,
            "cells_never": int((~can).sum()),
            "histogram_distance": np.flatnonzero(count),
            "histogram_count": count[count > 0].astype(np.int64),
            "neuron": np.arange(hidden),
            "neuron_least": _least(cells, can),
            "neuron_median": np.array([_median(cells[can[:, i], i]) for i in range(hidden)]),
            "neuron_fragile": (cells == 1).sum(axis=0),
            "neuron_never": (~can).sum(axis=0),
        }

    def first_least(self) -> tuple[int, int] | None:
        """Position and neuron of the first cell with the least distance; None where all are NEVER."""
        cells = np.where(self.distance == NEVER, np.iinfo(self.distance.dtype).max, self.distance)
        if not cells.size or not (self.distance != NEVER).any():
            return None
        t, i = np.unravel_index(cells.argmin(), cells.shape)
        return int(t), int(i)


def _least(cells: np.ndarray, can: Bool[np.ndarray, "T H"]) -> Int64[np.ndarray, "H"]:
    most = np.iinfo(np.int64).max
    least = np.where(can, cells.astype(np.int64), most).min(axis=0, initial=most)
    return np.where(least == most, NEVER, least)


def _median(distances: np.ndarray) -> float:
    return float(np.median(distances)) if len(distances) else float("nan")


def flip_map(seen: Observed, deadline: float | None) -> FlipMap:
    """The distances of all positions and neurons, exact on every route; what is finished when time ends."""
    automaton, length = seen.automaton, len(seen.symbols)
    rows = [ExactRow(automaton.weights, automaton.rows.certificate, i) for i in range(automaton.hidden)]
    kind = np.int16 if automaton.hidden < 1 << 15 else np.int32
    distance = np.full((length, automaton.hidden), NEVER, kind)
    done, interrupted = min(length, 1), False
    try:
        with progress.bar("flip distances", length) as tick:
            for first in range(1, length, _CHUNK):
                stop = min(first + _CHUNK, length)
                before, read = seen.states[first - 1 : stop - 1], seen.symbols[first:stop]
                z = automaton.z(before, read)
                for i, row in enumerate(rows):
                    in_time(deadline)
                    distance[first:stop, i] = row.distance(before, read, z[:, i])
                done = stop
                tick(done)
    except OutOfTimeError:
        pass
    except KeyboardInterrupt:
        interrupted = True
    return FlipMap(distance[:done], interrupted)


def witness(seen: Observed, found: FlipMap) -> dict[str, Any]:
    """The first cell with the least distance, and flips that change it, replayed."""
    cell = found.first_least()
    if cell is None:
        return {}
    (t, i), automaton = cell, seen.automaton
    state, word = seen.states[t - 1], seen.symbols[t : t + 1]
    last = automaton.step(state[None], word)[0][0]
    effect = Effect(last, np.array([i]))
    asked = Asked(automaton, state, word, np.arange(automaton.hidden), effect, automaton.hidden)
    flips = one_bit(asked, i)
    if flips is None or len(flips) != found.distance[t, i]:
        raise AssertionError(f"position {t}, neuron {i}: {flips} against distance {found.distance[t, i]}")
    flipped = asked.flipped(flips[None])
    after = automaton.step(flipped, word)[0][0]
    if after[i] == last[i]:
        raise AssertionError(f"position {t}: flips {flips} do not change neuron {i}")
    return {
        "witness_states": flipped,
        "witness_position": t,
        "witness_neuron": i,
        "witness_flips": flips,
        "witness_symbols": word.copy(),
        "witness_before": int(last[i]),
        "witness_after": int(after[i]),
    }


def median_of(values: Float64[np.ndarray, "H"]) -> float | None:
    """The median of what is known."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None
