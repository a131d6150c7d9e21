"""What happens when one symbol of a text is replaced: the machine behind offsets and pmi.

The symbol at position s is replaced, the network goes on from `hidden[s - 1]` (h = 0 where s = 0) with the
replacement and then the text's own symbols, and is compared with itself at s, s + 1, ...: one continuation
serves all distances. Continuations run side by side, in blocks.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton
from boolrnn.model.many import FloatStepper
from boolrnn.model.rnn import trace
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float, Float64, Int64

ALL = "all"
OPPOSITE = "opposite"  # the published replacement
_ROWS = 2048  # continuations side by side, at most
_CELLS = 1 << 20  # numbers per array of a block
LEAST_LIMIT = 1000  # of the depth, however short the text
MOST_DRAWS = 10_000  # per position; "all" is exact and cheaper
MOVED = 1e-4  # a figure that moves by more between float32 and float64 is unstable


def weights_of(model: Weights | Automaton) -> Weights:
    """The weights of a net, or those that an automaton was compiled from."""
    return model.weights if isinstance(model, Automaton) else model


def check_depth(depth: int, symbols: Int64[np.ndarray, "T"]) -> None:
    """Refuse a number of distances below 1, or far beyond the text.

    Raises
    ------
    OptionError
        As said.
    """
    most = max(len(symbols), LEAST_LIMIT)
    if not 1 <= depth <= most:
        raise OptionError(f"depth {depth}: expected 1..{most}")


class Replacements:
    """Which symbols stand in for a text's own, and with which weight.

    A number R: R draws per position by seed out of the text's symbols as often as they occur, other than
    the one that stands there. The draws of one position are evenly spaced on the line of all occurrences
    (systematic sampling), so that each alone has the text's frequencies. "all": every other symbol of the
    text, weighted by its frequency: the exact expectation of such a draw. "opposite": (x + V // 2) mod V,
    whether or not it occurs, as published.

    Raises
    ------
    OptionError
        On another word, a number outside 1..10000, or a seed below 0.
    """

    def __init__(self, symbols: Int64[np.ndarray, "T"], vocabulary: int, how: int | str, seed: int) -> None:
        if not (how in (ALL, OPPOSITE) if isinstance(how, str) else 1 <= how <= MOST_DRAWS):
            raise OptionError(f"replacements {how!r}: expected a number, 1..{MOST_DRAWS}, or {ALL!r}")
        if seed < 0:
            raise OptionError(f"seed {seed}: expected 0 or more")
        self.symbols, self.vocabulary, self.how, self.seed = symbols, vocabulary, how, seed
        self.kind, self.id, self.count = np.unique(symbols, return_inverse=True, return_counts=True)
        self.ends = np.cumsum(self.count)
        self.first = np.random.default_rng([seed, 0]).random(
            len(symbols)
        )  # of each position's draws, on [0, 1)

    @property
    def possible(self) -> bool:
        """Whether there is a symbol to replace one by: a text of one symbol alone has none."""
        return self.how == OPPOSITE or len(self.kind) > 1

    @property
    def each(self) -> int:
        """Rows per position, at most."""
        return 1 if self.how == OPPOSITE else len(self.kind) - 1 if self.how == ALL else int(self.how)

    @property
    def described(self) -> str:
        """In words, as results state it."""
        if self.how == OPPOSITE:
            return "symbol (x + V // 2) mod V for x, whether or not it occurs"
        if self.how == ALL:
            return "exact expectation over the text's other symbols, by frequency"
        draws = "1 draw" if self.how == 1 else f"{self.how} draws"
        return f"sampled: {draws} per position from the text's other symbols, by frequency, seed {self.seed}"

    def rows(self, starts: Int64[np.ndarray, "S"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(which start, symbol, weight) of every row, (N) each; the weights of one start add up to 1."""
        which = np.arange(len(starts))
        if self.how == OPPOSITE:
            own = self.symbols[starts]
            return which, (own + self.vocabulary // 2) % self.vocabulary, np.ones(len(starts))
        rest = len(self.symbols) - self.count[self.id[starts]]
        if self.how == ALL:
            kinds = len(self.kind)
            row, other = np.divmod(np.arange(len(starts) * (kinds - 1)), max(kinds - 1, 1))
            other += other >= self.id[starts][row]
            return row, self.kind[other], self.count[other] / rest[row]
        draws = int(self.how)
        points = (self.first[starts, None] + np.arange(draws)) * (rest[:, None] / draws)
        places = np.minimum(points.astype(np.int64), rest[:, None] - 1)
        own = self.id[starts]
        places += (places >= (self.ends - self.count)[own][:, None]) * self.count[own][:, None]
        found = np.searchsorted(self.ends, places, side="right")
        return np.repeat(which, draws), self.kind[found.ravel()], np.full(found.size, 1 / draws)


@dataclasses.dataclass(frozen=True)
class Moment:
    """The rows of a block that stand at tested positions, `step` steps after their start."""

    step: int
    at: Int64[np.ndarray, "M"]  # the position, as an index into the block's `positions`
    weight: Float64[np.ndarray, "M"]
    hidden: Float[np.ndarray, "M H"]


@dataclasses.dataclass(frozen=True)
class Block:
    """Continuations that run side by side, and what the network itself does at the same positions."""

    done: int  # starts up to and with this block
    positions: Int64[np.ndarray, "B"]
    hidden: Float[np.ndarray, "B H"]
    moments: Iterator[Moment]  # may be gone through once


class Replaced:
    """Continuations that reach the tested `positions` near..far steps after the replaced symbol."""

    def __init__(
        self,
        weights: Weights,
        symbols: Int64[np.ndarray, "T"],
        positions: Int64[np.ndarray, "P"],
        steps: tuple[int, int],
        replacements: Replacements,
    ) -> None:
        self.weights, self.symbols, self.replacements = weights, symbols, replacements
        self.near, self.far = steps
        self.positions = np.sort(positions)
        before = np.zeros(len(symbols) + 1, np.int64)  # tested positions below each
        np.cumsum(np.bincount(self.positions, minlength=len(symbols)), out=before[1:])
        every = np.arange(len(symbols) if replacements.possible else 0)
        low = np.minimum(every + self.near, len(symbols))
        high = before[np.minimum(every + self.far + 1, len(symbols))]
        some = high > before[low]
        self.starts = every[some]
        self.stops = self.positions[high[some] - 1]  # the last position that each start is wanted for
        self.steps = int((self.stops - self.starts + 1).sum())

    def cells(self, step: int) -> int:
        """How many tested positions have a symbol `step` steps before them that can be replaced."""
        return int((self.positions >= step).sum()) if self.replacements.possible else 0

    def blocks(self, arithmetic: str, tanh: str) -> Iterator[Block]:
        """Run all continuations, block by block."""
        hidden = trace(self.weights, self.symbols, arithmetic=arithmetic, tanh=tanh).hidden
        each = max(1, self.replacements.each)
        advance = FloatStepper(self.weights, arithmetic, tanh, self.steps * each)
        widest = max(self.weights.hidden, self.weights.outputs)
        size = max(1, min(_ROWS, _CELLS // widest) // each)
        for first in range(0, len(self.starts), size):
            starts = self.starts[first : first + size]
            low = np.searchsorted(self.positions, starts[0] + self.near)
            high = np.searchsorted(self.positions, self.stops[first : first + size].max(), side="right")
            positions = self.positions[low:high]
            moments = self._moments(first, size, hidden, advance, positions)
            yield Block(first + len(starts), positions, hidden[positions], moments)

    def _moments(
        self, first: int, size: int, hidden: np.ndarray, advance: FloatStepper, positions: np.ndarray
    ) -> Iterator[Moment]:
        starts, stops = self.starts[first : first + size], self.stops[first : first + size]
        which, read, weight = self.replacements.rows(starts)
        t, last = starts[which], stops[which]
        now = hidden[np.maximum(t - 1, 0)]
        now[t == 0] = 0
        for step in range(self.far + 1):
            _, now = advance(read, now)
            if step >= self.near:
                at = np.searchsorted(positions, t)
                here = positions[np.minimum(at, len(positions) - 1)] == t
                yield Moment(step, at[here], weight[here], now if here.all() else now[here])
            on = t < last
            if not on.any():
                return
            if not on.all():
                t, last, weight, now = t[on], last[on], weight[on], now[on]
            t = t + 1
            read = self.symbols[t]
