"""Partial states: what the known bits of a state decide about an outcome, by bounds and by branching.

A partial state is a row of signs with 0 for an unknown bit. Each sum has a least and a greatest value over
the completions (ternary simulation); a bit is known where both have the same sign. Sums are float64, exact
where the row is, and elsewhere moved outwards by more than they can lose: what is said to be decided is.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from boolrnn.bits import signs
from boolrnn.clauses.problem import Limits
from boolrnn.model.automaton import Automaton
from boolrnn.model.exact import FLOAT64
from boolrnn.shapes import Bool, Float64, Int64

_BLOCK = 512  # partial states that are bounded at once
_LOSS = 2.0**-51  # of a float64 sum, per addend and unit of its greatest partial sum
_WHOLE = 2.0**52  # whole numbers whose sums are below are added exactly
_NEAR = 2.0**-20  # of a row's greatest sum: completions this close are looked at exactly
_TINY = np.finfo(np.float64).tiny


class Step(NamedTuple):
    """Sums over the bits that are unknown: constant + b @ weights, each off by at most `error`."""

    weights: Float64[np.ndarray, "N M"]
    sizes: Float64[np.ndarray, "N M"]  # |weights|
    constant: Float64[np.ndarray, "M"]
    error: Float64[np.ndarray, "M"]

    def least(self, partial: np.ndarray) -> np.ndarray:
        """No completion has smaller sums."""
        return self.constant - self.error + partial @ self.weights - (partial == 0) @ self.sizes

    def signs(self, partial: np.ndarray) -> np.ndarray:
        """The next partial state."""
        middle, reach = self.constant + partial @ self.weights, (partial == 0) @ self.sizes + self.error
        return (middle - reach >= 0) * 1.0 - (middle + reach < 0)

    def part(self, known: np.ndarray, to: np.ndarray) -> "Step":
        """The same for the sums `to`, where these signs are known (0: not)."""
        left = np.flatnonzero(known == 0)
        constant = self.constant[to] + known @ self.weights[:, to]
        cut = np.ix_(left, to)
        return Step(self.weights[cut], self.sizes[cut], constant, self.error[to])


class Partial:
    """Rows `gain` (R, H), `base` (R) over the state that a state leads to over `symbols`: whole numbers."""

    def __init__(self, automaton: Automaton, symbols: np.ndarray, gain: np.ndarray, base: np.ndarray) -> None:
        rows, addends = automaton.rows, automaton.hidden + 4
        weights = rows.matrix.T.copy()
        sizes = np.abs(weights)
        total = sizes.sum(axis=0) + np.abs(rows.drive[symbols]).max(axis=0, initial=0.0)
        error = np.where(rows.certificate.routes == FLOAT64, 0.0, total * addends * _LOSS)
        self.steps = [Step(weights, sizes, drive, error) for drive in rows.drive[symbols]]
        gains, edge = gain.astype(np.float64).T.copy(), base.astype(np.float64)
        reach = np.abs(gains)
        total = reach.sum(axis=0) + np.abs(edge)
        self.steps.append(Step(gains, reach, edge, np.where(total < _WHOLE, 0.0, total * addends * _LOSS)))
        self.scale = np.maximum(reach.sum(axis=0), 1.0)

    def slack(self, states: Bool[np.ndarray, "B H"]) -> Float64[np.ndarray, "B"]:
        """About how far each state's rows are from being broken: the least, over its greatest sum."""
        return _slack(self.steps, self.scale, signs(states))

    def layers(self, partial: np.ndarray) -> list[np.ndarray]:
        """The partial states after 0, 1, .. symbols."""
        found = [partial]
        for step in self.steps[:-1]:
            found.append(step.signs(found[-1]))
        return found

    def left_open(self, partial: Float64[np.ndarray, "H"]) -> Int64[np.ndarray, "Q"]:
        """Rows that some completion may break, as far as bounds can tell."""
        return np.flatnonzero(self.steps[-1].least(self.layers(partial)[-1]) < 0)

    def below(self, partial: Float64[np.ndarray, "H"]) -> "Branching":
        """The completions of this one."""
        layers, open_ = self.layers(partial), self.left_open(partial)
        tos = [*(np.flatnonzero(layer == 0) for layer in layers[1:]), open_]
        steps = [step.part(layer, to) for step, layer, to in zip(self.steps, layers, tos)]
        return Branching(steps, self.scale[open_], partial)


class Branching:
    """Splits on unknown bits until bounds settle every part: depth first, many parts at once."""

    def __init__(self, steps: list[Step], scale: np.ndarray, partial: np.ndarray) -> None:
        self.steps, self.scale, self.partial = steps, scale, partial
        self.free = np.flatnonzero(partial == 0)
        self.stack = [np.zeros((1, len(self.free)))]

    def order(self) -> Float64[np.ndarray, "N"]:
        """How much the rows may depend on each free bit."""
        layers = self._layers(self.stack[0])
        return self._directions(layers, self.steps[-1].least(layers[-1]))[1][0]

    def candidates(self, limits: Limits) -> Iterator[Bool[np.ndarray, "B H"]]:
        """Yield complete states (B, H) that may break a row; after the last, all others are known not to.

        Raises
        ------
        TimeoutError
            When time is up.
        """
        while self.stack:
            if limits.left(time.monotonic()) <= 0:
                raise TimeoutError
            nodes = self.stack.pop()
            if len(nodes) > _BLOCK:
                self.stack.append(nodes[:-_BLOCK])
                nodes = nodes[-_BLOCK:]
            layers = self._layers(nodes)
            least = self.steps[-1].least(layers[-1])
            open_ = (least < 0).any(axis=1)
            if not open_.any():
                continue
            layers, least = [layer[open_] for layer in layers], least[open_]
            wish, weight = self._directions(layers, least)
            whole = np.where(layers[0] == 0, wish, layers[0])
            split = (layers[0] == 0).any(axis=1)
            near = ~split | (_slack(self.steps, self.scale, whole) < _NEAR)
            if near.any():
                yield self._states(whole[near])
            self._split(layers[0][split], weight[split])

    def _states(self, whole: np.ndarray) -> Bool[np.ndarray, "B H"]:
        states = np.repeat(self.partial[None] > 0, len(whole), axis=0)
        states[:, self.free] = whole > 0
        return states

    def _split(self, nodes: np.ndarray, weight: np.ndarray) -> None:
        """Both values of each node's heaviest unknown bit."""
        if not len(nodes):
            return
        bit = np.where(nodes == 0, weight, -1.0).argmax(axis=1)
        both, at = np.repeat(nodes, 2, axis=0), np.arange(len(nodes))
        both[0::2][at, bit], both[1::2][at, bit] = 1.0, -1.0
        self.stack.append(both)

    def _layers(self, nodes: np.ndarray) -> list[np.ndarray]:
        found = [nodes]
        for step in self.steps[:-1]:
            found.append(step.signs(found[-1]))
        return found

    def _directions(self, layers: list[np.ndarray], least: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each node: the signs that seem to threaten its weakest row most, and how much the open rows
        may depend on each bit."""
        last = self.steps[-1]
        with np.errstate(all="ignore"):  # a hint for the order of branching: where it overflows, no hint
            weakest = (least / self.scale).argmin(axis=1)
            wish, weight = -last.weights.T[weakest], (least < 0) @ (last.sizes / self.scale).T
            for step, layer, before in zip(self.steps[-2::-1], layers[:0:-1], layers[-2::-1]):
                part = (layer == 0) / np.maximum((before == 0) @ step.sizes, _TINY)
                wish, weight = (wish * part) @ step.weights.T, (weight * part) @ step.sizes.T
        return np.where(wish > 0, 1.0, -1.0), np.nan_to_num(weight)


def _slack(steps: list[Step], scale: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The least of the last sums, each over its scale."""
    for step in steps[:-1]:
        values = np.where(step.constant + values @ step.weights >= 0, 1.0, -1.0)
    sums = steps[-1].constant + values @ steps[-1].weights
    return (sums / scale).min(axis=1, initial=np.inf)
