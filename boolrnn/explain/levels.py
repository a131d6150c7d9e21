"""Pruning by magnitude: the thresholds of a matrix that make a difference, and what each of them costs.

Threshold t sets the entries with |w| < t to 0. Two thresholds with no magnitude between them give the same
matrix, so a level is the number of distinct magnitudes that fall; input weights of symbols that a text
never reads make no difference to it. What has been run once is never run again.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from boolrnn.explain.variants import Variant, costs
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float32, Float64, Int64

MATRICES = ("wh", "wx", "wy")
_LOW = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5)  # fine where most nets begin to lose
PERCENTS = (*_LOW, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 99.0, 100.0)
_PARTS = 16  # into which the search cuts what is left, at once


class Levels:
    """The thresholds of one matrix (N, M); `used` (M) says which columns the text reads."""

    def __init__(self, matrix: Float32[np.ndarray, "N M"], used: np.ndarray | None = None) -> None:
        self.matrix = matrix
        self.size = np.abs(matrix, dtype=np.float64)
        read = self.size if used is None else self.size[:, used]
        self.sizes = np.sort(read[read > 0])
        self.distinct = self.sizes[np.diff(self.sizes, prepend=0) > 0]
        self.read = read

    def __len__(self) -> int:
        """The level at which nothing is left."""
        return len(self.distinct)

    def level(self, threshold: float) -> int:
        """How many distinct magnitudes a threshold fells."""
        return int(np.searchsorted(self.distinct, threshold, side="left"))

    def threshold(self, level: int) -> float:
        """The threshold that fells so many: the least magnitude that stays; 0 fells none."""
        if level < len(self.distinct):
            return float(self.distinct[level]) if level else 0.0
        return float(np.nextafter(self.distinct[-1], np.inf)) if level else 0.0

    def grid(self, percents: Iterable[float] = PERCENTS) -> list[int]:
        """Levels that fell about so many percent of the non-zero entries which the text reads."""
        count = len(self.sizes)
        cuts = {min(int(percent * count / 100), count) for percent in percents}
        return sorted({len(self) if cut == count else self.level(self.sizes[cut]) for cut in cuts})

    def pruned(self, level: int) -> Float32[np.ndarray, "N M"]:
        """The matrix at this level."""
        if not level:
            return self.matrix
        return np.where(self.size < self.threshold(level), np.float32(0), self.matrix)

    def zeroed(self, threshold: float, read: bool = False) -> float:
        """Percent of the entries (only of those that are read) with |w| < threshold."""
        sizes = self.read if read else self.size
        return float(100 * np.count_nonzero(sizes < threshold) / sizes.size) if sizes.size else np.nan

    def kept(self, threshold: float) -> int:
        """Entries with |w| >= threshold."""
        return int(np.count_nonzero(self.size >= threshold))


class Cut(NamedTuple):
    """One variant of the net: levels of its matrices, and how many neurons of the ranking the readout
    hears (None: all)."""

    wh: int = 0
    wx: int = 0
    wy: int = 0
    top: int | None = None


class Bench:
    """Runs cuts of one net on one text, equal ones once."""

    def __init__(self, weights: Weights, symbols: Int64[np.ndarray, "T"], tanh: str, most: float) -> None:
        self.weights, self.symbols, self.tanh, self.most = weights, symbols, tanh, most
        used = np.bincount(symbols[:-1], minlength=weights.symbols) > 0
        self.unread = ~used
        self.levels = {"wh": Levels(weights.wh), "wx": Levels(weights.wx, used), "wy": Levels(weights.wy)}
        self.order = self.order64 = np.arange(weights.hidden)  # of neurons, in each arithmetic
        self.bits: dict[Cut, float] = {}
        self.stable: dict[Cut, bool] = {}

    def run(self, cuts: Iterable[Cut], both: bool = True) -> None:
        """Find bits per character of these cuts in float32, and (`both`) whether float64 agrees."""
        known = self.stable if both else self.bits
        nets: dict[tuple[int, int], list[Cut]] = {}
        for cut in dict.fromkeys(cuts):
            if cut not in known:
                nets.setdefault((cut.wh, cut.wx), []).append(cut)
        variants = [
            Variant(
                self.levels["wh"].pruned(wh),
                self.levels["wx"].pruned(wx),
                [self._readout(c, order) for order in (self.order, *self._other) for c in group],
            )
            for (wh, wx), group in nets.items()
        ]
        if not variants:
            return
        found = costs(self.weights, variants, self.symbols, tanh=self.tanh, both=both, most=self.most)
        for n, group in enumerate(nets.values()):
            for k, cut in enumerate(group):
                self.bits[cut] = found.float32[n][k]
                if both:
                    self.stable[cut] = found.stable(n, k, k + len(group) * len(self._other))

    @property
    def _other(self) -> list[np.ndarray]:
        """The order in float64, where it is not that in float32."""
        return [] if np.array_equal(self.order, self.order64) else [self.order64]

    def _readout(self, cut: Cut, order: Int64[np.ndarray, "H"]) -> np.ndarray:
        wy = self.levels["wy"].pruned(cut.wy)
        if cut.top is None:
            return wy
        kept = np.zeros(self.weights.hidden, bool)
        kept[order[: cut.top]] = True
        return np.where(kept, wy, np.float32(0))

    def column(self, cuts: list[Cut]) -> tuple[Float64[np.ndarray, "R"], np.ndarray]:
        """Bits per character and `stable` of cuts that have been run."""
        return np.array([self.bits[c] for c in cuts], float), np.array([self.stable[c] for c in cuts], bool)


def cut(name: str, level: int) -> Cut:
    """One matrix at a level, the others whole."""
    return Cut(**{name: level})


def first_loss(bench: Bench, fits: Callable[[float], bool]) -> dict[str, tuple[int, int | None]]:
    """Per matrix the last level before the first one run that does not fit, and that one (None: all fit).

    What has been run so far is the start; between the two, levels are run until they are neighbours.
    Levels in between that were not run may fit or not.
    """
    ends = {name: _bracket(bench, name, fits) for name in MATRICES}
    while True:
        wanted = {name: _between(*end) for name, end in ends.items()}
        if not any(wanted.values()):
            return ends
        bench.run([cut(name, level) for name, levels in wanted.items() for level in levels], both=False)
        ends = {name: _bracket(bench, name, fits) for name in MATRICES}


def tried(bench: Bench, name: str) -> list[int]:
    """The levels of one matrix that have been run, the others whole."""
    return sorted(getattr(c, name) for c in bench.bits if c == cut(name, getattr(c, name)))


def _bracket(bench: Bench, name: str, fits: Callable[[float], bool]) -> tuple[int, int | None]:
    last = 0
    for level in tried(bench, name):
        if level and not fits(bench.bits[cut(name, level)]):
            return last, level
        last = level
    return last, None


def _between(low: int, high: int | None) -> list[int]:
    if high is None or high - low < 2:
        return []
    return sorted({low + (high - low) * k // _PARTS for k in range(1, _PARTS)} - {low, high})
