"""The network run in float32 and in float64 along a text, a block of positions at a time, and compared.

What both give at the same position: sums and hidden values, the bpc, the bpc of truncated readouts, and,
at evenly spaced positions of a long text, gradients, single bits and the sums that norms need.
"""

from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.bits import signs
from boolrnn.check.gradients import REACH, Gradients
from boolrnn.check.leverage import Leverage
from boolrnn.check.side_by_side import window
from boolrnn.check.truncation import cut
from boolrnn.model.rnn import FloatTrace, surprisal, trace
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64, Int64

STABLE = 1e-4  # a figure that moves by more between float32 and float64 is not stable
GRADIENTS, NORMS = 4096, 1024  # positions looked at, evenly spaced over a longer text
_BLOCK = 2048


def evenly(count: int, most: int) -> Int64[np.ndarray, "S"]:
    """All of 0..count-1, or `most` of them, evenly spaced from first to last (one: the first)."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(np.int64)


def spread(count: int, most: int) -> str:
    """The window of `evenly`, in words."""
    if count <= most or most == 0:
        return window(min(count, most))
    return f"{most:,} positions, evenly spaced over 0..{count - 1}" if most > 1 else window(1)


class TwoRuns:
    """Totals over `count` positions; call `follow` once.

    `kept` are the numbers of mantissa bits of the truncated readouts, `leverage` how many positions have
    their bits flipped; a position costs at most `most` bits.
    """

    def __init__(
        self, weights: Weights, kept: tuple[int, ...], count: int, leverage: int, most: float
    ) -> None:
        self.weights, self.count, self.most = weights, count, most
        self.kept = kept if weights.predicts and count else ()
        self.differences, self.first = 0, None
        self.furthest, self.total, self.ratio = 0.0, 0.0, np.inf
        self.costs = np.zeros(3 + 2 * len(self.kept))  # float32, float64, signs, truncated readouts of both
        self.places = evenly(count, GRADIENTS if weights.predicts else 0)
        self.flipped = evenly(count, leverage if weights.predicts else 0)
        self.around = evenly(count, NORMS)
        self.leverage_window = spread(count, leverage) if weights.predicts else window(0)
        self.gradients, self.bits = Gradients(weights, len(self.places)), Leverage(weights)
        self._z: list[np.ndarray] = []
        self._hidden: list[np.ndarray] = []  # where single bits are flipped

    def follow(self, symbols: Int64[np.ndarray, "T"], tanh: str) -> None:
        """Run both over positions 0..n-2 of the text."""
        before: tuple[Any, Any] = (None, None)
        tails = tuple(np.zeros((0, self.weights.hidden), kind) for kind in (np.float32, np.float64))
        with progress.bar("two arithmetics", self.count) as tick:
            for first in range(0, self.count, _BLOCK):
                stop = min(first + _BLOCK, self.count)
                part, targets = symbols[first:stop], symbols[first + 1 : stop + 1]
                narrow = trace(self.weights, part, tanh=tanh, initial=before[0])
                wide = trace(self.weights, part, arithmetic="float64", initial=before[1])
                self._compare(first, narrow, wide)
                if self.weights.predicts:
                    self._predict(narrow, wide, targets)
                    rows = [np.concatenate(pair) for pair in zip(tails, (narrow.hidden, wide.hidden))]
                    self._look_back(first, rows, targets)
                    tails = tuple(row[-REACH:] for row in rows)
                self._z.append(wide.z[_within(self.around, first, stop)])
                self._hidden.append(narrow.hidden[_within(self.flipped, first, stop)])
                before = narrow.hidden[-1], wide.hidden[-1]
                tick(stop)
        if len(self.flipped):
            self.bits.add(np.concatenate(self._hidden))

    def _compare(self, first: int, narrow: FloatTrace, wide: FloatTrace) -> None:
        """Differences of signs, of hidden values, and of sums beside their distance from 0."""
        other = (narrow.bits != wide.bits).any(axis=1)
        self.differences += int((narrow.bits != wide.bits).sum())
        if self.first is None and other.any():
            self.first = first + int(other.argmax())
        apart = np.abs(narrow.hidden - wide.hidden)
        self.furthest, self.total = np.maximum(self.furthest, apart.max()), self.total + apart.sum()
        margin, error = np.abs(narrow.z.astype(np.float64)), np.abs(narrow.z - wide.z)
        least = np.divide(margin, error, out=np.full_like(error, np.inf), where=error != 0).min()
        self.ratio = np.minimum(self.ratio, least)

    def _predict(self, narrow: FloatTrace, wide: FloatTrace, targets: Int64[np.ndarray, "P"]) -> None:
        rows = [narrow.hidden, wide.hidden, signs(narrow.bits)]
        rows += [cut(run.hidden, bits) for run in (narrow, wide) for bits in self.kept]
        for k, hidden in enumerate(rows):
            self.costs[k] += np.minimum(surprisal(self.weights, hidden, targets), self.most).sum()

    def _look_back(self, first: int, rows: list[np.ndarray], targets: Int64[np.ndarray, "P"]) -> None:
        """Gradients of the chosen positions of a block; `rows` (float32, float64) begin REACH before it."""
        at = _within(self.places, first, first + len(targets))
        held = len(rows[0]) - len(targets)
        self.gradients.add(rows[0], rows[1], at + held, at + first, targets[at])

    def sums(self) -> Float64[np.ndarray, "N H"]:
        """The float64 sums at at most NORMS positions."""
        return np.concatenate([np.zeros((0, self.weights.hidden)), *self._z])

    def columns(self) -> dict[str, Any]:
        """What was found, as fields of a result."""
        some, steps = self.count > 0, self.count * self.weights.hidden
        means = self.costs / max(self.count, 1)
        narrow, wide, read = (float(m) if some and self.weights.predicts else None for m in means[:3])
        readout = means[3:].reshape(2, -1)
        bits = self.bits.columns()
        return {
            "bpc_float32": narrow,
            "bpc_float64": wide,
            "bpc_stable": None if narrow is None or wide is None else abs(narrow - wide) <= STABLE,
            "bpc_sign_readout": read,
            "neuron_steps": steps,
            "sign_differences": self.differences,
            "first_difference": self.first,
            "h_difference_max": float(self.furthest) if some else None,
            "h_difference_mean": float(self.total / steps) if some else None,
            "error_ratio": float(self.ratio) if some and self.ratio < np.inf else None,
            "readout_bpc": readout[0],
            "readout_float64": readout[1],
            "readout_stable": np.abs(readout[0] - readout[1]) <= STABLE,
            "gradients_window": spread(self.count, GRADIENTS if self.weights.predicts else 0),
            **self.gradients.columns(),
            "leverage_window": self.leverage_window,
            **(bits if len(self.flipped) else {name: column[:0] for name, column in bits.items()}),
        }


def _within(places: Int64[np.ndarray, "S"], first: int, stop: int) -> Int64[np.ndarray, "N"]:
    """Those of the sorted places in first..stop-1, counted from `first`."""
    low, high = np.searchsorted(places, [first, stop])
    return places[low:high] - first
