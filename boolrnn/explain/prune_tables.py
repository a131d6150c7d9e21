"""The tables of prune for the network: each matrix cut at thresholds, and combined with fewer neurons."""

from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.explain.ablated import Ablated
from boolrnn.explain.levels import MATRICES, Bench, Cut, cut, first_loss, tried
from boolrnn.explain.rankings import ordered
from boolrnn.model.rnn import trace
from boolrnn.model.weights import TENSORS, Weights
from boolrnn.shapes import Int64

PUBLISHED_THRESHOLDS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0)
PUBLISHED_COMBINED = (0.0, 1.0, 2.0, 3.0)
REDUX = (15, 2.0)  # the program's "redux": neurons kept, and the threshold for wh
COMBINED_PERCENTS = (0.0, 10.0, 50.0, 100.0)
_BLOCK = 8192  # positions of a text at once


def _rank(bench: Bench, rounded: bool) -> None:
    """Order the neurons by knockouts in either arithmetic; `rounded` is float32's products only."""
    bench.order = _ranked(bench, "float32", rounded)
    bench.order64 = _ranked(bench, "float64", False)


def _ranked(bench: Bench, arithmetic: str, rounded: bool) -> Int64[np.ndarray, "H"]:
    """Neurons by what the knockout of their readout costs, the costliest first."""
    weights, symbols = bench.weights, bench.symbols
    tanh = bench.tanh if arithmetic == "float32" else "exact"
    total, before = np.zeros(weights.hidden), None
    with progress.bar(f"knockouts, {arithmetic}", len(symbols)) as tick:
        for first in range(0, len(symbols) - 1, _BLOCK):
            part = symbols[first : first + _BLOCK + 1]
            hidden = trace(weights, part[:-1], arithmetic=arithmetic, tanh=tanh, initial=before).hidden
            base, single = Ablated(weights, hidden, part[1:], rounded=rounded, most=bench.most).single()
            total += (single - base) * len(hidden)
            before = hidden[-1]
            tick(first + len(part))
    return ordered(total)


def published(bench: Bench, grid: list[float] | None, kept: list[int]) -> dict[str, Any]:
    """The published tables: wh, wx and their combination with subsets of neurons."""
    weights = bench.weights
    _rank(bench, True)
    thresholds = list(PUBLISHED_THRESHOLDS) if grid is None else grid
    pairs = [(k, t) for k in kept for t in (PUBLISHED_COMBINED if grid is None else grid)]
    wh, wx = bench.levels["wh"], bench.levels["wx"]
    tables = {
        "wh": [cut("wh", wh.level(t)) for t in thresholds],
        "wx": [cut("wx", wx.level(t)) for t in thresholds],
        "combined": [_both(bench, k, wh.level(t)) for k, t in pairs],
    }
    bench.run([Cut()] + [each for table in tables.values() for each in table])
    biases = weights.hidden + weights.outputs
    counts = [weights.wx.size + wh.kept(t) + biases + weights.outputs * k for k, t in pairs]
    found = {"baseline": number(bench.bits[Cut()]), "ranking": bench.order}
    for name in ("wh", "wx"):
        found |= _table(bench, name, thresholds, tables[name])
    k, t = REDUX
    if weights.hidden >= k:
        total = weights.wx.size + wh.kept(t) + biases + weights.outputs * k
        found |= {"redux_k": k, "redux_threshold": t, "redux_parameters": total}
    return found | _combined(bench, pairs, tables["combined"], counts)


def sound(bench: Bench, grid: list[float] | None, kept: list[int], tolerance: float) -> dict[str, Any]:
    """Tables at the file's own quantiles, the first losses, and combinations around them."""
    weights, levels = bench.weights, bench.levels
    _rank(bench, False)
    tables: dict[str, list[float]] = {}
    for name in MATRICES:
        own = [levels[name].threshold(level) for level in levels[name].grid()]
        tables[name] = own if grid is None else grid
    cuts = {name: [cut(name, levels[name].level(t)) for t in tables[name]] for name in MATRICES}
    bench.run([Cut()] + [each for column in cuts.values() for each in column])
    base = bench.bits[Cut()]
    found: dict[str, Any] = {"baseline": number(base), "ranking": bench.order}
    for name in MATRICES:
        found |= _table(bench, name, tables[name], cuts[name])
    mixed = grid
    if np.isfinite(base):
        ends = first_loss(bench, lambda bits: bits <= base + tolerance)
        found |= _lossless(bench, ends, base + tolerance)
        some = {0, ends["wh"][0], *levels["wh"].grid(COMBINED_PERCENTS)}
        mixed = [levels["wh"].threshold(level) for level in sorted(some)] if grid is None else grid
    pairs = [(k, t) for k in kept for t in mixed or [0.0]]
    both = [_both(bench, k, levels["wh"].level(t)) for k, t in pairs]
    bench.run(both)
    fixed = nonzero(weights) - int(np.count_nonzero(weights.wh)) - int(np.count_nonzero(weights.wy))
    counts = [
        fixed
        + int(np.count_nonzero(levels["wh"].pruned(each.wh)))
        + int(np.count_nonzero(weights.wy[:, bench.order[:k]]))
        for (k, _), each in zip(pairs, both)
    ]
    return found | _combined(bench, pairs, both, counts)


def _both(bench: Bench, k: int, level: int) -> Cut:
    """The k best neurons and a level of wh; all neurons are no subset."""
    return Cut(wh=level, top=None if k == bench.weights.hidden else k)


def _table(bench: Bench, name: str, thresholds: list[float], cuts: list[Cut]) -> dict[str, Any]:
    bpc, stable = bench.column(cuts)
    return {
        f"{name}_threshold": np.array(thresholds),
        f"{name}_zeroed": np.array([bench.levels[name].zeroed(t) for t in thresholds]),
        f"{name}_bpc": bpc,
        f"{name}_delta": bpc - bench.bits[Cut()],
        f"{name}_stable": stable,
    }


def _lossless(bench: Bench, ends: dict[str, tuple[int, int | None]], limit: float) -> dict[str, Any]:
    cuts = {name: cut(name, low) for name, (low, _) in ends.items()}
    bench.run(cuts.values())
    columns: list[list[float]] = []
    for name, (low, high) in ends.items():
        level, levels = bench.levels[name], tried(bench, name)
        again = [
            k for k in levels if k > (low if high is None else high) and bench.bits[cut(name, k)] <= limit
        ]
        threshold = level.threshold(low)
        beyond = (np.nan, np.nan) if high is None else (level.threshold(high), bench.bits[cut(name, high)])
        last = level.threshold(again[-1]) if again else np.nan
        zeroed = (level.zeroed(threshold), level.zeroed(threshold, read=True))
        columns.append([threshold, *zeroed, *beyond, len(levels), last])
    threshold, zeroed, read, following, cost, count, again = np.array(columns, float).T.copy()
    bpc, stable = bench.column(list(cuts.values()))
    return {
        "lossless_matrix": np.array(list(ends)),
        "lossless_threshold": threshold,
        "lossless_zeroed": zeroed,
        "lossless_read": read,
        "lossless_bpc": bpc,
        "lossless_stable": stable,
        "lossless_next": following,
        "lossless_next_bpc": cost,
        "lossless_tried": count.astype(np.int64),
        "lossless_again": again,
    }


def _combined(
    bench: Bench, pairs: list[tuple[int, float]], cuts: list[Cut], counts: list[int]
) -> dict[str, Any]:
    bpc, stable = bench.column(cuts)
    wh = bench.levels["wh"]
    return {
        "combined_k": np.array([k for k, _ in pairs]),
        "combined_threshold": np.array([t for _, t in pairs], float),
        "combined_kept": np.array([100 * wh.kept(t) / wh.size.size for _, t in pairs]),
        "combined_bpc": bpc,
        "combined_delta": bpc - bench.bits[Cut()],
        "combined_parameters": np.array(counts, np.int64),
        "combined_stable": stable,
    }


def nonzero(weights: Weights) -> int:
    """Weights that are not zero, all tensors together."""
    return int(sum(np.count_nonzero(getattr(weights, name)) for name in TENSORS))


def number(value: float) -> float | None:
    """The value, or None where it is not finite."""
    return float(value) if np.isfinite(value) else None
