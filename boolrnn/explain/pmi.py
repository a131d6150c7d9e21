"""pmi: does the network's sensitivity follow the text's own statistics?

A cell (t, d) asks what the symbol at s = t + 1 - d, a distance of d before the predicted symbols[t + 1],
means for that prediction. Its sensitivity is |D|: by how many bits the cost of the true symbol changes when
symbols[s] is replaced and the network goes on with the text. It is aligned where the pointwise mutual
information of symbols[s] (bigram; of the two or three symbols from s on: trigram, fourgram) and the true
symbol at that distance exceeds a threshold in the text itself.

A high aligned share of all sensitivity shows nothing where most cells are aligned, so base rates and the
share to be expected by chance stand beside it. Published as "Q7 algebra", without them, with the tested
cell itself among the counts, and with a replacement that need not occur in the text.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.errors import OptionError, WeightsError
from boolrnn.explain.alignment import FEWEST_BLOCKS, RESAMPLES, Alignment, at_sources, interval
from boolrnn.explain.counts import Text
from boolrnn.explain.offsets import DRAWS, PUBLISHED_POSITIONS, check_published
from boolrnn.explain.replaced import MOVED, OPPOSITE, Replaced, Replacements, check_depth, weights_of
from boolrnn.graph.observed import chosen, described
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import cost_of, logits, stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8

ORDERS = (2, 3, 4)
EIGHT = tuple(t for t in PUBLISHED_POSITIONS if t not in (60, 120, 250, 350, 450))
SOUND = (
    "counts without the tested cell itself; replaced by symbols that occur in the text; a context that would "
    "hold the predicted symbol is no cell"
)
PUBLISHED = (
    "as published: the tested cell is among the counts; one replacement that need not occur; positions "
    "30, 34, ... and eight; a longer context of up to 2 occurrences, or that would hold the predicted "
    "symbol, counts as not aligned"
)
_MOST = -np.log2(1e-30)  # published: what a symbol costs at most
_TABLED = 10  # distances of the published table of pairs


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Pmi(Result):
    """Percent of sensitivity in aligned cells, beside what it would be anyway. Statistics without a case
    are None or NaN.

    base_rate: percent of cells that are aligned, each counted once; `base_rates` the same by other counts:
    with the tested cell among them, without it, and for a source symbol drawn from the text in place of the
    one that stands there (exact expectation). comparison: per order the aligned percentage, the one
    expected if sensitivity were spread evenly within each distance, their difference `lift` in percentage
    points with its 95 % interval, and `rank`, the chance that an aligned cell has a greater sensitivity
    than an unaligned one of its distance (distances weighted by their sensitivity). A row is `stable` where
    neither sensitivity (its mean; as published: its sum) nor percentages move by more than 1e-4 between
    float32 and float64.
    """

    schema = "pmi/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    variant: str
    window: str
    arithmetic: str
    replacements: str
    threshold: float
    positions: int
    bigram: float | None
    trigram: float | None
    fourgram: float | None
    base_rate: float | None
    base_counted: float | None = named("base_rates.cell_counted")
    base_left_out: float | None = named("base_rates.cell_left_out")
    base_random: float | None = named("base_rates.random_source")
    intervals: str  # how those of the lifts were made
    order: Int64[np.ndarray, "N"] = named("comparison.order")
    order_percent: Float64[np.ndarray, "N"] = named("comparison.percent")
    order_percent64: Float64[np.ndarray, "N"] = named("comparison.percent_float64")
    order_stable: Bool[np.ndarray, "N"] = named("comparison.stable")
    order_base: Float64[np.ndarray, "N"] = named("comparison.base_rate")
    order_expected: Float64[np.ndarray, "N"] = named("comparison.expected")
    order_lift: Float64[np.ndarray, "N"] = named("comparison.lift")
    order_low: Float64[np.ndarray, "N"] = named("comparison.low")
    order_high: Float64[np.ndarray, "N"] = named("comparison.high")
    order_rank: Float64[np.ndarray, "N"] = named("comparison.rank")
    d: Int64[np.ndarray, "D"] = named("offsets.d")
    d_cells: Int64[np.ndarray, "D"] = named("offsets.cells")
    d_sensitivity: Float64[np.ndarray, "D"] = named("offsets.sensitivity")  # sum of |D|, bits
    d_mean: Float64[np.ndarray, "D"] = named("offsets.mean")  # per cell
    d_bigram: Float64[np.ndarray, "D"] = named("offsets.bigram")
    d_trigram: Float64[np.ndarray, "D"] | None = named("offsets.trigram")
    d_fourgram: Float64[np.ndarray, "D"] | None = named("offsets.fourgram")
    d_base: Float64[np.ndarray, "D"] = named("offsets.base_rate")
    d_base_trigram: Float64[np.ndarray, "D"] | None = named("offsets.base_trigram")
    d_base_fourgram: Float64[np.ndarray, "D"] | None = named("offsets.base_fourgram")
    d_random: Float64[np.ndarray, "D"] = named("offsets.random_source")
    d_low: Float64[np.ndarray, "D"] = named("offsets.low")  # of the bigram's lift over base_rate
    d_high: Float64[np.ndarray, "D"] = named("offsets.high")
    d_sensitivity64: Float64[np.ndarray, "D"] = named("offsets.sensitivity_float64")
    d_stable: Bool[np.ndarray, "D"] = named("offsets.stable")
    eight_bigram: float | None  # the published table of eight positions, all distances
    eight_bigram64: float | None = named("eight_bigram_float64")
    eight_d: Int64[np.ndarray, "E"] | None = named("eight.d")
    eight_total: Float64[np.ndarray, "E"] | None = named("eight.total")
    eight_aligned: Float64[np.ndarray, "E"] | None = named("eight.aligned")
    eight_percent: Float64[np.ndarray, "E"] | None = named("eight.percent")
    eight_stable: Bool[np.ndarray, "E"] | None = named("eight.stable")
    top_d: Int64[np.ndarray, "B"] | None = named("top_pmi.d")  # the pair of greatest PMI, published counts
    top_source: Int64[np.ndarray, "B"] | None = named("top_pmi.source")
    top_target: Int64[np.ndarray, "B"] | None = named("top_pmi.target")
    top_value: Float64[np.ndarray, "B"] | None = named("top_pmi.pmi")
    top_count: Int64[np.ndarray, "B"] | None = named("top_pmi.count")


def pmi(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    depth: int = 20,
    order: int = 3,
    threshold: float = 0.5,
    replacements: int | str = DRAWS,
    positions: str | Sequence[int] | np.ndarray | None = None,
    seed: int = 0,
    as_published: bool = False,
    tanh: str = "exact",
) -> Pmi:
    """Whether sensitivity to the symbols of `symbols` (T) at distance 1..`depth` follows their PMI.

    `order` 2 asks about bigrams, 3 about trigrams too, 4 about fourgrams too; cells are aligned above
    `threshold` bits. `replacements`: draws per position, or "all" for the exact expectation; `positions` out
    of 0..T-2: `FIRST:STOP:STEP`, numbers, or all. `seed` draws replacements and resamples.

    Raises
    ------
    WeightsError
        Where O != V: only outputs that are symbols have a true symbol's cost.
    TextError, OptionError
        On a symbol, or options that cannot be used.
    """
    weights = weights_of(model)
    _check(weights, order, threshold)
    symbols = check_symbols(symbols, weights)
    check_depth(depth, symbols)
    count = len(symbols)
    eight = np.zeros(0, np.int64)
    if as_published:
        check_published(positions, replacements)
        at = np.arange(30, max(count - 2, 30), 4)
        eight = np.array([t for t in EIGHT if t + 1 < count], np.int64)
    else:
        at = np.sort(chosen(positions, max(count - 1, 0)))
    choice = Replacements(symbols, weights.symbols, OPPOSITE if as_published else replacements, seed)
    machine = Replaced(weights, symbols, np.union1d(at, eight), (0, depth - 1), choice)
    sizes, wide = _sensitivity(machine, tanh, as_published)
    rows, text = np.searchsorted(machine.positions, at), Text(symbols)
    return Pmi(
        alphabet=weights.alphabet,
        variant=PUBLISHED if as_published else SOUND,
        window=described(at),
        arithmetic=stated("float32", tanh),
        replacements=choice.described,
        threshold=float(threshold),
        positions=len(at),
        **_Table(text, at, choice.possible, depth, order, threshold, as_published).fields(
            sizes[rows], wide[rows], seed
        ),
        **_published_tables(machine, eight, sizes, wide, text, threshold, as_published),
    )


def _check(weights: Weights, order: int, threshold: float) -> None:
    if not weights.predicts:
        raise WeightsError(
            f"O = {weights.outputs} outputs for V = {weights.symbols} symbols: pmi needs a net that predicts "
            "the next symbol (O = V)"
        )
    if not np.isfinite(threshold):
        raise OptionError(f"threshold {threshold}: expected a number of bits")
    if order not in ORDERS:
        raise OptionError(f"order {order}: expected 2 (bigrams), 3 (trigrams) or 4 (fourgrams)")


def _sensitivity(
    machine: Replaced, tanh: str, as_published: bool
) -> tuple[Float64[np.ndarray, "P D"], Float64[np.ndarray, "P D"]]:
    """|D| of every cell, mean over its replacements, in float32 and in float64; 0 where there is no cell."""
    found = np.zeros((2, len(machine.positions), machine.far + 1))
    total = len(machine.starts)
    with progress.bar("replacements", 2 * total) as tick, np.errstate(invalid="ignore"):
        for k, arithmetic in enumerate(("float32", "float64")):
            for block in machine.blocks(arithmetic, "exact" if k else tanh):
                low = int(np.searchsorted(machine.positions, block.positions[0]))
                true = machine.symbols[block.positions + 1]
                base = _cost(machine.weights, block.hidden, true, as_published)
                for moment in block.moments:
                    cost = _cost(machine.weights, moment.hidden, true[moment.at], as_published)
                    size = moment.weight * np.abs(cost - base[moment.at])
                    there = slice(low, low + len(true))
                    found[k, there, moment.step] += np.bincount(moment.at, size, len(true))
                tick(k * total + block.done)
    return found[0], found[1]


def _cost(weights: Weights, hidden: np.ndarray, true: np.ndarray, as_published: bool) -> np.ndarray:
    bits = cost_of(logits(weights, hidden), true)
    return np.minimum(bits, _MOST) if as_published else bits


class _Table:
    """Which cells are aligned, and what that makes of their sensitivity."""

    def __init__(
        self,
        text: Text,
        at: Int64[np.ndarray, "P"],
        possible: bool,
        depth: int,
        order: int,
        threshold: float,
        as_published: bool,
    ) -> None:
        self.text, self.at, self.threshold, self.published = text, at, threshold, as_published
        self.d = np.arange(1, depth + 1)
        self.cells = (at[:, None] + 1 - self.d >= 0) & possible
        self.orders = [self.aligned(length, not as_published) for length in range(1, order)]

    def aligned(self, length: int, left_out: bool) -> Alignment:
        """By contexts of `length`, with or without the tested cell among the counts."""
        flags = np.zeros(self.cells.shape, np.bool_)
        for k, d in enumerate(self.d.tolist()):
            if self.published or not left_out:
                value = self.text.published_pmi(length, d, without=int(left_out))
            elif d < length:
                continue
            else:
                value = self.text.cells(length, d).left_out_pmi()
            flags[:, k] = at_sources(value > self.threshold, self.at, d)
        cells = self.cells if self.published else self.cells & (self.d >= length)
        return Alignment(flags & cells, cells)

    def random_source(self) -> Float64[np.ndarray, "P D"]:
        """Per cell the chance of alignment with a source drawn from the text."""
        columns = [
            at_sources(
                self.text.random_source(d, self.threshold, not self.published),
                self.at,
                d,
            )
            for d in self.d.tolist()
        ]
        return np.stack(columns, axis=1) * self.cells

    def fields(
        self, size: Float64[np.ndarray, "P D"], wide: Float64[np.ndarray, "P D"], seed: int
    ) -> dict[str, Any]:
        """The result's fields, all but the published tables."""
        bigram, random = self.orders[0], self.random_source()
        counted = bigram if self.published else self.aligned(1, False)
        left_out = self.aligned(1, True) if self.published else bigram
        cells = self.cells.sum(axis=0)
        pooled = [each.pooled(size) for each in self.orders]
        return {
            **dict(zip(("bigram", "trigram", "fourgram"), [*pooled, None, None])),
            "base_rate": bigram.base(),
            "base_counted": counted.base(),
            "base_left_out": left_out.base(),
            "base_random": float(100 * random.sum() / cells.sum()) if cells.any() else None,
            "d": self.d,
            "d_cells": cells,
            "d_sensitivity": size.sum(axis=0),
            "d_sensitivity64": wide.sum(axis=0),
            "d_mean": _per(size.sum(axis=0), cells),
            "d_random": 100 * _per(random.sum(axis=0), cells),
            "d_stable": self._stable(size, wide),
            **self._by_distance(size),
            **self._compared(size, wide, seed),
        }

    def _by_distance(self, size: np.ndarray) -> dict[str, Any]:
        shares: list[Any] = [each.by_distance(size) for each in self.orders]
        bases: list[Any] = [each.base_by_distance() for each in self.orders]
        return {
            **dict(zip(("d_bigram", "d_trigram", "d_fourgram"), [*shares, None, None])),
            **dict(zip(("d_base", "d_base_trigram", "d_base_fourgram"), [*bases, None, None])),
        }

    def _compared(self, size: np.ndarray, wide: np.ndarray, seed: int) -> dict[str, Any]:
        """Beside what chance would give, order by order."""
        length = len(self.d)
        columns = []
        low = high = np.full(length, np.nan)
        for k, each in enumerate(self.orders):
            percent, expected = _number(each.pooled(size)), _number(each.expected(size))
            lifts = each.lifts(size, length, seed)
            ends = np.full(2, np.nan) if lifts is None else interval(lifts[0])
            if k == 0 and lifts is not None:
                low, high = interval(lifts[1])
            columns.append(
                (
                    percent,
                    _number(each.pooled(wide)),
                    _number(each.base()),
                    expected,
                    percent - expected,
                    *ends,
                    _number(each.rank(size)),
                )
            )
        names = ("percent", "percent64", "base", "expected", "lift", "low", "high", "rank")
        few = len(self.at) <= (FEWEST_BLOCKS - 1) * length
        return {
            "order": np.arange(2, 2 + len(columns)),
            **{f"order_{name}": column for name, column in zip(names, np.array(columns).T.copy())},
            "order_stable": np.array([_steady(row[0], row[1]) for row in columns], np.bool_),
            "d_low": low,
            "d_high": high,
            "intervals": f"none: fewer than {FEWEST_BLOCKS} blocks of {length} positions"
            if few
            else f"95 %, bootstrap: {RESAMPLES:,} resamples of blocks of {length} positions, seed {seed}",
        }

    def _stable(self, size: np.ndarray, wide: np.ndarray) -> Bool[np.ndarray, "D"]:
        """Both what is told of the sensitivity and every percentage stay within 1e-4."""
        cells = np.ones(len(self.d)) if self.published else self.cells.sum(axis=0)
        steady = np.abs(_per((size - wide).sum(axis=0), cells)) <= MOVED
        for each in self.orders:
            one, other = each.by_distance(size), each.by_distance(wide)
            steady &= _steady(one, other)
        return steady | ~self.cells.any(axis=0)


def _published_tables(
    machine: Replaced,
    eight: Int64[np.ndarray, "E"],
    sizes: np.ndarray,
    wide: np.ndarray,
    text: Text,
    threshold: float,
    as_published: bool,
) -> dict[str, Any]:
    """The eight positions, and the pairs of greatest PMI; nothing unless as published."""
    if not as_published:
        fields = (
            "eight_bigram",
            "eight_bigram64",
            "eight_d",
            "eight_total",
            "eight_aligned",
            "eight_percent",
            "eight_stable",
        )
        tops = ("top_d", "top_source", "top_target", "top_value", "top_count")
        return dict.fromkeys((*fields, *tops))
    rows, depth = np.searchsorted(machine.positions, eight), machine.far + 1
    size, other = sizes[rows], wide[rows]
    table = _Table(text, eight, True, depth, 2, threshold, True)
    aligned = table.orders[0]
    pairs = [(d, *best) for d in range(1, min(depth, _TABLED) + 1) if (best := text.best_pair(d))]
    d, source, target, value, count = zip(*pairs) if pairs else ((),) * 5
    return {
        "eight_bigram": aligned.pooled(size),
        "eight_bigram64": aligned.pooled(other),
        "eight_d": table.d,
        "eight_total": size.sum(axis=0),
        "eight_aligned": (size * aligned.aligned).sum(axis=0),
        "eight_percent": aligned.by_distance(size),
        "eight_stable": table._stable(size, other),
        "top_d": np.array(d, np.int64),
        "top_source": np.array(source, np.int64),
        "top_target": np.array(target, np.int64),
        "top_value": np.array(value, np.float64),
        "top_count": np.array(count, np.int64),
    }


def _per(total: np.ndarray, cells: np.ndarray) -> Float64[np.ndarray, "D"]:
    """Per cell; NaN where there is none."""
    return np.where(cells > 0, total / np.maximum(cells, 1), np.nan)


def _steady(one: Any, other: Any) -> Any:
    """Where two arithmetics give the same to 1e-4, or neither a number."""
    return (np.abs(one - other) <= MOVED) | (np.isnan(one) & np.isnan(other))


def _number(value: float | None) -> float:
    return np.nan if value is None else value
