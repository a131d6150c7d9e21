"""statistics: what counting on a text says about each weight, in the shape of the matrix it is compared with.

A text of n symbols has P = n - 1 positions that predict; position t has the hidden values and sign bits
after symbols[t] was read, and predicts symbols[t + 1]. All statistics cover positions 0..P-1 unless said;
pairs of positions are (t, t + 1) for t = 0..P-2. Published as the page on weight construction; where its
definition has a slip, `published=True` gives it as published and the default the sound one. What was never
counted (a text of one symbol, a symbol that does not occur) gives 0 where nothing else is said.

None of these come from the data alone: they use the net's own states.
"""

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from boolrnn.errors import WeightsError
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import trace
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float64, Int64

SAMPLED = 50  # positions at which neurons are negated
EXTREMES = 5  # outputs at either end of a column of wy
SMOOTHING = 0.5  # added to each count
LEAST_VARIANCE = 1e-10  # of either side of a correlation
_SHARE = 1e-6  # keeps a published logarithm of odds finite where a neuron is always on
_BLOCK = 1 << 15  # positions held as numbers at once: counts of ones in float32 stay exact


@dataclasses.dataclass(frozen=True, eq=False)
class Observed:
    """A net and what it did on a text. `bits[t]` are the signs of its sums, `hidden[t]` its values."""

    weights: Weights
    symbols: Int64[np.ndarray, "T"]
    hidden: Float64[np.ndarray, "T H"]
    bits: Bool[np.ndarray, "T H"]

    @property
    def positions(self) -> int:
        """P, the positions that predict a symbol."""
        return max(len(self.symbols) - 1, 0)

    @property
    def pairs(self) -> int:
        """Positions 0..P-2, those with one after them."""
        return max(self.positions - 1, 0)

    @functools.cached_property
    def mean(self) -> Float64[np.ndarray, "H"]:
        """Of each neuron's hidden value over positions 0..P-1."""
        return self.hidden[: self.positions].sum(axis=0) / max(self.positions, 1)

    def on(self, stop: int) -> Float64[np.ndarray, "H"]:
        """Positions of 0..stop-1 at which each bit is 1."""
        return self.bits[:stop].sum(axis=0).astype(np.float64)


def observe(
    weights: Weights, symbols: np.ndarray, *, arithmetic: str = "float32", tanh: str = "exact"
) -> Observed:
    """Run the net over `symbols` (T) from h = 0.

    Raises
    ------
    TextError, OptionError
        On a symbol, arithmetic or tanh that cannot be used.
    """
    run = trace(weights, check_symbols(symbols, weights), arithmetic=arithmetic, tanh=tanh)
    return Observed(weights, run.symbols, run.hidden.astype(np.float64), run.bits)


def sign_correlation(o: Observed) -> Float64[np.ndarray, "H H"]:
    """For wh: 2 a / (P - 1) - 1, a = pairs with bit j at t equal to bit i at t + 1. Exact counts."""
    total = np.zeros((o.weights.hidden,) * 2)
    for t in _blocks(o.pairs):
        before, after = (np.where(o.bits[s], 1, -1).astype(np.float32) for s in (t, _next(t)))
        total += after.T @ before
    return total / max(o.pairs, 1)


def boolean_influence(o: Observed) -> Float64[np.ndarray, "H H"]:
    """For wh, and computed from wh itself, so circular: negate h_j(t), recompute z_i(t + 1) with the net's
    weights; the share of positions at which its sign (z >= 0) changes, with the sign of the sign
    correlation (+ at 0). Positions t = floor(k (P - 1) / 50), k = 0..49; each once, so that a text of fewer
    than 50 pairs has fewer. z in float64, whatever arithmetic gave the hidden values.
    """
    at = np.unique(np.arange(SAMPLED) * o.pairs // SAMPLED) if o.pairs else np.zeros(0, np.int64)
    wh = o.weights.wh.astype(np.float64)
    drive = o.weights.bh.astype(np.float64)[:, None] + o.weights.wx
    flips = np.zeros(wh.shape)
    for t in at.tolist():
        z = drive[:, o.symbols[t + 1]] + wh @ o.hidden[t]
        with np.errstate(invalid="ignore"):  # hidden values are NaN where the float32 program overflows
            flips += (z[:, None] - wh * (2 * o.hidden[t]) >= 0) != (z >= 0)[:, None]
    return np.where(sign_correlation(o) >= 0, flips, -flips) / max(len(at), 1)


def hebbian_wh(o: Observed) -> Float64[np.ndarray, "H H"]:
    """For wh: the mean over pairs of (h_j(t) - m_j) (h_i(t + 1) - m_i), m over positions 0..P-1."""
    total = np.zeros((o.weights.hidden,) * 2)
    for t in _blocks(o.pairs):
        total += (o.hidden[_next(t)] - o.mean).T @ (o.hidden[t] - o.mean)
    return total / max(o.pairs, 1)


def pmi_wx(o: Observed, as_coded: bool = False) -> Float64[np.ndarray, "H V"]:
    """For wx: the sum of wy[o, j] PMI(x, o) over the outputs o with the 5 largest and the 5 smallest
    wy[o, j] (the same number of each, of at most all outputs; ties by number).

    PMI(x, o) = log2((N(x, o) / (n - 1)) / ((c(x) / n) (c(o) / n))), N = positions that read x and predict
    o, c = counts in all n symbols; 0 where N = 0. `as_coded`: the published program selects the 5 largest
    and, in place of the 5 smallest, the last five outputs; one that is both counts twice.

    Raises
    ------
    WeightsError
        Where O != V: outputs must be symbols.
    """
    _check_outputs(o.weights, "pmi")
    wy, outputs = o.weights.wy.astype(np.float64), o.weights.outputs
    few = min(EXTREMES, outputs if as_coded else outputs // 2)
    order = np.argsort(-wy, axis=0, kind="stable")
    chosen = np.zeros(wy.shape)
    columns = np.arange(o.weights.hidden)
    chosen[order[:few], columns] = 1
    if as_coded:
        chosen[outputs - few :] += 1
    else:
        chosen[order[outputs - few :], columns] = 1
    return (pointwise(o) @ (chosen * wy)).T


def pointwise(o: Observed) -> csr_array:
    """PMI(x, o) of a symbol and the next in bits, sparse (V, V): as in `pmi_wx`, 0 where N = 0."""
    size, kinds = len(o.symbols), o.weights.symbols
    key, joint = np.unique(o.symbols[:-1] * kinds + o.symbols[1:], return_counts=True)
    first, second = np.divmod(key, kinds)
    share = np.bincount(o.symbols, minlength=kinds) / max(size, 1)
    values = np.log2(joint / max(size - 1, 1) / (share[first] * share[second]))
    return csr_array((values, (first, second)), shape=(kinds, kinds))


def sign_conditioned_wx(o: Observed, published: bool = False) -> Float64[np.ndarray, "H V"]:
    """For wx: ln((c+ + .5) / (n+ + .5 V)) - ln((c- + .5) / (n- + .5 V)), c+ and c- = positions that read x
    with bit j at 1 and 0, n+ and n- = all positions with that bit; 0 for a neuron whose bit is the
    same at all of them (nothing is compared). `published`: n over 0..P-2 (c over 0..P-1), and no such 0."""
    stop = o.pairs if published else o.positions
    found = log_ratio(*counted(o, 0, o.positions), o.on(stop), stop)
    return (found if published else found * _changes(o)).T


def hebbian_wx(o: Observed) -> Float64[np.ndarray, "H V"]:
    """For wx: the mean of h_j(t) over the positions that read x, less its mean over all; 0 for a symbol
    that none reads. A shift of the mean, not a covariance."""
    return _shift(o, 0, o.positions).T


def sign_split_wy(o: Observed, published: bool = False) -> Float64[np.ndarray, "O H"]:
    """For wy: the logarithm of `sign_conditioned_wx` with the next symbol in place of the one read.
    `published`: c and n both over 0..P-2, and no 0 for a neuron whose bit stays the same.

    Raises
    ------
    WeightsError
        Where O != V: outputs must be symbols.
    """
    _check_outputs(o.weights, "sign split")
    stop = o.pairs if published else o.positions
    found = log_ratio(*counted(o, 1, stop), o.on(stop), stop)
    return found if published else found * _changes(o)


def hebbian_wy(o: Observed, published: bool = False) -> Float64[np.ndarray, "O H"]:
    """For wy: the mean of h_j(t) over the positions that predict symbol o, less its mean over all; 0 for a
    symbol that none predicts. `published`: the first mean over 0..P-2 (the second over 0..P-1).

    Raises
    ------
    WeightsError
        Where O != V: outputs must be symbols.
    """
    _check_outputs(o.weights, "hebbian wy")
    return _shift(o, 1, o.pairs if published else o.positions)


def log_odds_bh(o: Observed, published: bool = False) -> Float64[np.ndarray, "H"]:
    """For bh: ln((c + .5) / (P - c + .5)), c = positions of 0..P-1 with bit 1.

    `published`: ln(f / (1 - f + 1e-6)), f = c / P: minus infinity for a neuron that is never on.
    """
    on = o.on(o.positions)
    if not published:
        return np.log((on + SMOOTHING) / (o.positions - on + SMOOTHING))
    share = on / max(o.positions, 1)
    with np.errstate(divide="ignore"):
        return np.log(share / (1 - share + _SHARE))


def log_share_by(o: Observed, published: bool = False) -> Float64[np.ndarray, "O"]:
    """For by: ln((c + .5) / (P + .5 V)), c = positions that predict the symbol.

    `published`: c = positions that read it, and n + .5 V beneath (which shifts all outputs alike).

    Raises
    ------
    WeightsError
        Where O != V: outputs must be symbols.
    """
    _check_outputs(o.weights, "log share")
    kinds, seen = o.weights.symbols, o.symbols[:-1] if published else o.symbols[1:]
    counts = np.bincount(seen, minlength=kinds) + SMOOTHING
    return np.log(counts / ((len(o.symbols) if published else o.positions) + SMOOTHING * kinds))


def counted(
    o: Observed, shift: int, stop: int
) -> tuple[Float64[np.ndarray, "V H"], Float64[np.ndarray, "V"]]:
    """Of positions 0..stop-1: those where symbols[t + shift] is each symbol and the bit is 1; and those
    where it is that symbol at all."""
    on = np.zeros((o.weights.symbols, o.weights.hidden))
    for t in _blocks(stop):
        on += _one_hot(o, t, shift) @ o.bits[t].astype(np.float64)
    every = np.bincount(o.symbols[shift : stop + shift], minlength=o.weights.symbols)
    return on, every.astype(np.float64)


def log_ratio(
    on: Float64[np.ndarray, "V H"],
    every: Float64[np.ndarray, "V"],
    total_on: Float64[np.ndarray, "H"],
    total: int,
) -> Float64[np.ndarray, "V H"]:
    """ln((c+ + .5) / (n+ + .5 V)) - ln((c- + .5) / (n- + .5 V)), with c+ = `on`, c+ + c- = `every`,
    n+ = `total_on`, n+ + n- = `total`."""
    beneath = SMOOTHING * len(every)
    with_one = np.log(on + SMOOTHING) - np.log(total_on + beneath)
    return with_one - (np.log(every[:, None] - on + SMOOTHING) - np.log(total - total_on + beneath))


def pearson(a: np.ndarray, b: np.ndarray, published: bool = False) -> float:
    """Pearson's r of all entries (population moments). Where a variance is below 1e-10 it is NaN, as
    published 0; NaN where an entry is not finite."""
    a, b = (np.asarray(values, np.float64).ravel() for values in (a, b))
    if not len(a) or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.nan
    a, b = a - a.mean(), b - b.mean()
    spread = float((a * a).mean()), float((b * b).mean())
    if min(spread) < LEAST_VARIANCE:
        return 0.0 if published else np.nan
    return float(np.clip((a * b).mean() / (np.sqrt(spread[0]) * np.sqrt(spread[1])), -1, 1))


def pearson_rows(
    a: Float64[np.ndarray, "H K"], b: Float64[np.ndarray, "H K"], published: bool = False
) -> Float64[np.ndarray, "H"]:
    """`pearson` of each row of `a` with the same row of `b`."""
    if not a.shape[1]:
        return np.full(len(a), np.nan)
    known = np.asarray(np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1))
    a, b = (np.where(known[:, None], values, 0.0) for values in (a, b))
    a, b = (values - values.mean(axis=1, keepdims=True) for values in (a, b))
    spread = np.sqrt((a * a).mean(axis=1)), np.sqrt((b * b).mean(axis=1))
    varies = np.minimum(*spread) ** 2 >= LEAST_VARIANCE
    found = np.full(len(a), 0.0 if published else np.nan)
    np.divide((a * b).mean(axis=1), spread[0] * spread[1], out=found, where=varies)
    return np.where(known, np.clip(found, -1, 1), np.nan)


def _shift(o: Observed, shift: int, stop: int) -> Float64[np.ndarray, "V H"]:
    """The mean hidden values at those of positions 0..stop-1 where symbols[t + shift] is each symbol, less
    their mean over all; 0 where it is none."""
    total = np.zeros((o.weights.symbols, o.weights.hidden))
    for t in _blocks(stop):
        total += _one_hot(o, t, shift) @ (o.hidden[t] - o.mean)
    every = np.bincount(o.symbols[shift : stop + shift], minlength=o.weights.symbols)
    return total / np.maximum(every, 1)[:, None]


def _changes(o: Observed) -> Bool[np.ndarray, "H"]:
    """Neurons whose bit is 1 at some of positions 0..P-1 and 0 at others."""
    on = o.on(o.positions)
    return (on > 0) & (on < o.positions)


def _one_hot(o: Observed, t: slice, shift: int) -> csr_array:
    """Sparse (V, positions of the slice): 1 where symbols[t + shift] is the symbol."""
    chosen = o.symbols[t.start + shift : t.stop + shift]
    size = len(chosen)
    return csr_array((np.ones(size), (chosen, np.arange(size))), shape=(o.weights.symbols, size))


def _blocks(stop: int) -> Iterator[slice]:
    """Slices of 0..stop-1, so that no copy of all positions is made."""
    return (slice(first, min(first + _BLOCK, stop)) for first in range(0, stop, _BLOCK))


def _next(t: slice) -> slice:
    return slice(t.start + 1, t.stop + 1)


def _check_outputs(weights: Weights, statistic: str) -> None:
    if not weights.predicts:
        raise WeightsError(
            f"O = {weights.outputs} outputs for V = {weights.symbols} symbols: the statistic {statistic} "
            "needs outputs that are symbols (O = V)"
        )
