"""Is sensitivity spent on cells that a statistic favours? Shares, base rates, and what chance would give.

A cell is a (position, distance) pair with a size >= 0, the sensitivity there, and a flag, aligned or not.
The aligned share of all sensitivity says nothing by itself: most cells may be aligned. So it stands beside
the share of cells that are (the base rate), and beside the share to be expected if within each distance
sensitivity had nothing to do with alignment; their difference is the lift.
"""

import dataclasses
from typing import Any

import numpy as np

from boolrnn.shapes import Bool, Float64, Int64

RESAMPLES = 1000
FEWEST_BLOCKS = 10  # of fewer no interval is given
_PART = 50  # resamples held at once


@dataclasses.dataclass(frozen=True)
class Alignment:
    """One statistic's flags: `cells` says which exist, `aligned` is False elsewhere."""

    aligned: Bool[np.ndarray, "P D"]
    cells: Bool[np.ndarray, "P D"]

    def by_distance(self, size: Float64[np.ndarray, "P D"]) -> Float64[np.ndarray, "D"]:
        """Percent of each distance's sensitivity that lies in aligned cells; NaN where it has none."""
        return _percent((size * self.aligned).sum(axis=0), (size * self.cells).sum(axis=0))

    def pooled(self, size: Float64[np.ndarray, "P D"]) -> float | None:
        """The same for all distances together."""
        return _known(_percent((size * self.aligned).sum(), (size * self.cells).sum()))

    def base_by_distance(self) -> Float64[np.ndarray, "D"]:
        """Percent of each distance's cells that are aligned."""
        return _percent(self.aligned.sum(axis=0), self.cells.sum(axis=0))

    def base(self) -> float | None:
        """Percent of all cells that are aligned."""
        return _known(_percent(self.aligned.sum(), self.cells.sum()))

    def expected(self, size: Float64[np.ndarray, "P D"]) -> float | None:
        """Percent of sensitivity in aligned cells if each distance's went to its cells alike."""
        weight = (size * self.cells).sum(axis=0)
        return _known(_percent((weight * np.nan_to_num(self.base_by_distance())).sum() / 100, weight.sum()))

    def rank(self, size: Float64[np.ndarray, "P D"]) -> float | None:
        """The chance that of an aligned and an unaligned cell of one distance the aligned one has the
        greater sensitivity (ties count half): 0.5 where the two have nothing to do with each other. Mean
        over the distances that have both, weighted by their sensitivity; within one, cells of great
        sensitivity count as any other. Mann & Whitney 1947 (doi:10.1214/aoms/1177730491)."""
        total = weights = 0.0
        for d in range(size.shape[1]):
            here, flags = size[self.cells[:, d], d], self.aligned[self.cells[:, d], d]
            ones = int(flags.sum())
            pairs = ones * (len(flags) - ones)
            if not pairs:
                continue
            _, place, count = np.unique(here, return_inverse=True, return_counts=True)
            ranks = (np.cumsum(count) - (count - 1) / 2)[place]
            total += here.sum() * (ranks[flags].sum() - ones * (ones + 1) / 2) / pairs
            weights += here.sum()
        return float(total / weights) if weights > 0 else None

    def lifts(
        self, size: Float64[np.ndarray, "P D"], length: int, seed: int
    ) -> tuple[Float64[np.ndarray, "R"], Float64[np.ndarray, "R D"]] | None:
        """The lift in percentage points, pooled and by distance, in RESAMPLES resamples of the positions:
        blocks of `length` tested positions in a row, drawn with replacement, since neighbours are not
        independent (Kuensch 1989, doi:10.1214/aos/1176347265; blocks here do not overlap). None where
        there are fewer than FEWEST_BLOCKS."""
        first = np.arange(0, len(size), length)
        if len(first) < FEWEST_BLOCKS:
            return None
        weighed = [size * self.aligned, size * self.cells, self.aligned, self.cells]
        sums = np.stack([np.add.reduceat(part.astype(np.float64), first) for part in weighed], axis=1)
        flat, shape = sums.reshape(len(first), -1), sums.shape[1:]
        rng = np.random.default_rng([seed, 1])  # 0 draws the replacements
        pooled, apart = np.empty(RESAMPLES), np.empty((RESAMPLES, size.shape[1]))
        for k in range(0, RESAMPLES, _PART):
            drawn = [
                np.bincount(rng.integers(len(first), size=len(first)), minlength=len(first))
                for _ in range(_PART)
            ]
            sampled = (np.array(drawn) @ flat).reshape(_PART, *shape)
            of_aligned, of_all, aligned, cells = np.moveaxis(sampled, 1, 0)
            chance = of_all * (aligned / np.maximum(cells, 1))
            apart[k : k + _PART] = _percent(of_aligned - chance, of_all)
            pooled[k : k + _PART] = _percent((of_aligned - chance).sum(axis=1), of_all.sum(axis=1))
        return pooled, apart


def interval(values: Float64[np.ndarray, "R *D"]) -> Float64[np.ndarray, "2 *D"]:
    """The middle 95 % along the first axis; NaN where a value is."""
    return np.quantile(values, [0.025, 0.975], axis=0)


def _percent(part: Any, whole: Any) -> Float64[np.ndarray, "*D"]:
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(100 * part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def _known(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def at_sources(
    values: Bool[np.ndarray, "S"] | Float64[np.ndarray, "S"], positions: Int64[np.ndarray, "P"], d: int
) -> np.ndarray:
    """Of values per source s those of the cells (t, d), s = t + 1 - d; 0 where there is no source."""
    sources = positions + 1 - d
    found = np.zeros(len(positions), values.dtype)
    found[sources >= 0] = values[sources[sources >= 0]]
    return found
