"""What one reading of a word does to the states of some neurons, and which states come back.

The other neurons are clamped to the bits of a given state after every symbol, or absent: then their rows
and columns are removed, and no sum has a term of theirs.
"""

from collections.abc import Callable, Sequence

import numpy as np

from boolrnn.bits import to_words
from boolrnn.clauses.integers import integers
from boolrnn.clauses.problem import Problem, problem_of
from boolrnn.model.automaton import Automaton, compile
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Int64

_BATCH = 4096  # states that are stepped at once
_WHOLE = 58  # bits of a row up to which its exact big-M, and a sum with it, fit into int64
_COMPARED = 56  # neurons, the last ones, by which two states are compared in a row
_BYTES = 1 << 29  # of rows that are still written out

Cycles = dict[int, np.ndarray]  # states (P, n) along a cycle, by the least of them as an integer, the first


class ReturnMap:
    """States are those of `neurons` (n of them, ascending) before the first symbol of `word`.

    `rest` (H) clamps the others to its bits; without it they are absent, if there are any.
    """

    def __init__(
        self, automaton: Automaton, word: np.ndarray, neurons: np.ndarray, rest: np.ndarray | None
    ) -> None:
        self.hidden, self.word, self.neurons, self.rest = automaton.hidden, word, neurons, rest
        absent = rest is None and len(neurons) < automaton.hidden
        self.net = _part(automaton, neurons) if absent else automaton
        self.own = np.arange(len(neurons)) if absent else neurons

    @property
    def size(self) -> int:
        """How many neurons, n."""
        return len(self.neurons)

    def after(self, states: Bool[np.ndarray, "B n"]) -> Bool[np.ndarray, "B n"]:
        """Each state after the word was read once, by exact steps."""
        for x in self.word.tolist():
            parts = [
                self.net.step(self._given(part), np.full(len(part), x))[0][:, self.own]
                for part in np.split(states, range(_BATCH, len(states), _BATCH))
            ]
            states = np.concatenate(parts)
        return states

    def whole(self, states: Bool[np.ndarray, "B n"]) -> Bool[np.ndarray, "B H"]:
        """The states of all neurons; bits of absent ones are 0."""
        rest = np.zeros(self.hidden, bool) if self.rest is None else self.rest
        full = np.tile(rest, (len(states), 1))
        full[:, self.neurons] = states
        return full

    def _given(self, states: np.ndarray) -> np.ndarray:
        return states if len(self.own) == self.net.hidden else self.whole(states)

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights (n, n), and the drive (n, L) of every symbol of the word with the clamped neurons' terms;
        whole numbers, each neuron in its own unit."""
        kind = np.dtype(np.int64 if self.net.row_bits[self.own].max() <= _WHOLE else object)
        weights = np.zeros((self.size, self.size), kind)
        drive = np.zeros((self.size, len(self.word)), kind)
        others = np.setdiff1d(np.arange(self.net.hidden), self.own)
        whole = integers(self.net)
        for i, neuron in enumerate(self.own.tolist()):
            row = whole.row(neuron)
            weights[i], drive[i] = row.weights[self.own], row.drive[self.word]
            if self.rest is not None:
                terms = np.where(self.rest[others], row.weights[others], -row.weights[others])
                drive[i] += int(terms.sum())
        return weights, drive


def _part(automaton: Automaton, neurons: Int64[np.ndarray, "n"]) -> Automaton:
    """The automaton without the rows and columns of the other neurons."""
    weights = automaton.weights
    return compile(
        Weights(
            wx=weights.wx[neurons],
            wh=weights.wh[np.ix_(neurons, neurons)],
            bh=weights.bh[neurons],
            wy=weights.wy[:, neurons],
            by=weights.by,
            alphabet=weights.alphabet,
        )
    )


def too_large(map_: ReturnMap, period: int) -> int:
    """Megabytes that the rows would take, where that is too much; else 0."""
    size = 16 * (period * len(map_.word) * map_.size) ** 2
    return size >> 20 if size > _BYTES else 0


def unrolled(map_: ReturnMap, period: int) -> Problem:
    """The cycles of `period` readings of the word, as rows.

    Bits k n .. k n + n - 1 are the state before the k-th symbol; the last symbol leads back to bits 0 ..
    n - 1. Each neuron and symbol gives two rows, bit = 1 implies z >= 0 and bit = 0 implies z <= -1, with
    the least coefficient of the bit that makes the row hold for its other value. Of the states between two
    readings the first is the least, compared by the last 56 neurons.
    """
    size, count = map_.size, len(map_.word)
    layers = period * count
    weights, drive = map_.rows()
    matrix = np.zeros((2 * size * layers, size * layers), weights.dtype)
    bounds: list[int] = []
    for k in range(layers):
        before, after = k, (k + 1) % layers
        terms = 2 * weights
        base = drive[:, k % count] - weights.sum(axis=1)
        own = np.zeros_like(base)
        if before == after:  # the bit stands in its own sum, with the value that is asked for
            own = np.diagonal(terms).copy()
            np.fill_diagonal(terms, 0)
        up, down = -(base + own), 1 + base  # terms b >= up where the bit is 1, -terms b >= down where it is 0
        slack_up = np.maximum(up - np.minimum(terms, 0).sum(axis=1), 0)
        slack_down = np.maximum(down + np.maximum(terms, 0).sum(axis=1), 0)
        rows = matrix[2 * size * k : 2 * size * (k + 1)]
        rows[:size, before * size : (before + 1) * size] = terms
        rows[size:, before * size : (before + 1) * size] = -terms
        bit = np.arange(size)
        rows[bit, after * size + bit] -= slack_up
        rows[size + bit, after * size + bit] += slack_down
        bounds += [*(up - slack_up).tolist(), *down.tolist()]
    least, edges = _first_is_least(size, layers, count)
    return problem_of(np.concatenate([matrix, least.astype(matrix.dtype)]), [*bounds, *edges])


def _first_is_least(size: int, layers: int, count: int) -> tuple[Int64[np.ndarray, "P N"], list[int]]:
    """Rows that say that the first state is less than each other one, as an integer; or not greater, where
    only the last neurons are compared."""
    compared = min(size, _COMPARED)
    place = size - compared + np.arange(compared)
    others = range(count, layers, count)
    rows = np.zeros((len(others), size * layers), np.int64)
    for row, k in zip(rows, others):
        row[k * size + place] = 1 << np.arange(compared)
        row[place] = -(1 << np.arange(compared))
    return rows, [int(compared == size)] * len(others)


def cycles_among(
    map_: ReturnMap,
    states: Bool[np.ndarray, "B n"],
    period: int,
    late: Callable[[], bool] = lambda: False,
) -> tuple[Cycles, Bool[np.ndarray, "B"]]:
    """The cycles of exactly this period that some of the states lie on, and which states come back after
    so many readings (of a cycle whose period divides it). Nothing is known where it is `late` first."""
    orbit = [states]
    for _ in range(period):
        if late():
            return {}, np.zeros(len(states), bool)
        orbit.append(map_.after(orbit[-1]))
    back = (orbit[period] == states).all(axis=1)
    exact = back.copy()
    for divisor in range(1, period):
        if period % divisor == 0:
            exact &= (orbit[divisor] != states).any(axis=1)
    numbers = [_numbers(part[exact]) for part in orbit[:period]]
    found: Cycles = {}
    for b, along in zip(np.flatnonzero(exact).tolist(), zip(*numbers)):
        first = along.index(min(along))
        if along[first] not in found:
            found[along[first]] = np.array([orbit[(first + k) % period][b] for k in range(period)])
    return found, back


def _numbers(states: Bool[np.ndarray, "B n"]) -> Sequence[int]:
    """The states as integers, neuron 0 lowest."""
    return [int.from_bytes(words.astype("<u8").tobytes(), "little") for words in to_words(states)]
