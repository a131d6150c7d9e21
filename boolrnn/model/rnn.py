"""The float reference: the network itself, in two stated arithmetics. It knows no automaton.

float32   z = ((bh + wx[:, x]) + wh[:, 0] h[0]) + wh[:, 1] h[1] + ..., every product and sum rounded to
          float32 in index order, no fused multiply-add; tanh correctly rounded. Reproducible anywhere.
float64   the same formula in float64, sums in the order of this machine's BLAS.

The readout is the same for both: logits and softmax in float64.
"""

import dataclasses

import numpy as np

from boolrnn import progress
from boolrnn.errors import OptionError
from boolrnn.model.corpus import check_symbols
from boolrnn.model.tanh import doubtful, settle, system_tanh32
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float, Float64, Int64

ARITHMETICS = ("float32", "float64")
TANHS = ("exact", "system")


@dataclasses.dataclass(frozen=True, eq=False)
class FloatTrace:
    """What the network did on a text: `hidden[t]` and `z[t]` after `symbols[t]` was read."""

    symbols: Int64[np.ndarray, "T"]
    hidden: Float[np.ndarray, "T H"]
    z: Float[np.ndarray, "T H"]
    initial: Float[np.ndarray, "H"]
    arithmetic: str  # float32 | float64 | float32, system tanh

    @property
    def bits(self) -> np.ndarray:
        """The sign bits, bool (T, H): z >= 0."""
        return self.z >= 0


def trace(
    weights: Weights,
    symbols: np.ndarray,
    *,
    arithmetic: str = "float32",
    tanh: str = "exact",
    initial: np.ndarray | None = None,
) -> FloatTrace:
    """Run the network over `symbols` (T) from `initial` (H; default h = 0, the network's start).

    `tanh="system"` uses this machine's libm for float32. A window of a text is a slice of `symbols`
    with the hidden state before it as `initial`.

    Raises
    ------
    TextError
        On a symbol outside the vocabulary.
    OptionError
        On an unknown arithmetic or tanh, or an initial state of the wrong length.
    """
    if arithmetic not in ARITHMETICS:
        raise OptionError(f"arithmetic {arithmetic!r}: expected one of {', '.join(ARITHMETICS)}")
    if tanh not in TANHS:
        raise OptionError(f"tanh {tanh!r}: expected one of {', '.join(TANHS)}")
    symbols = check_symbols(symbols, weights)
    dtype = np.dtype(arithmetic)
    start = np.zeros(weights.hidden, dtype) if initial is None else np.asarray(initial, dtype)
    if start.shape != (weights.hidden,):
        raise OptionError(f"initial: shape {start.shape}, expected ({weights.hidden},)")
    shape = (len(symbols), weights.hidden)
    hidden, z = np.empty(shape, dtype), np.empty(shape, dtype)
    label = arithmetic
    with np.errstate(over="ignore", invalid="ignore"):  # a float32 program may overflow: z says so
        if arithmetic == "float64":
            _run64(weights, symbols, start, hidden, z)
        elif tanh == "system":
            label = "float32, system tanh"
            _run32_system(weights, symbols, start, hidden, z)
        else:
            _run32(weights, symbols, start, hidden, z)
    return FloatTrace(symbols, hidden, z, start, label)


def _run64(
    weights: Weights, symbols: np.ndarray, start: np.ndarray, hidden: np.ndarray, z: np.ndarray
) -> None:
    drive = (weights.bh.astype(np.float64)[:, None] + weights.wx).T
    wh = weights.wh.astype(np.float64)
    before = start
    with progress.bar("float64 reference", len(symbols)) as tick:
        for t, x in enumerate(symbols.tolist()):
            np.dot(wh, before, out=z[t])
            z[t] += drive[x]
            before = np.tanh(z[t], out=hidden[t])
            tick(t)


class _Sum32:
    """z in float32, in index order: row 0 is the drive, row 1 + j the products with h[j].

    A reduction over the first axis of a C-ordered array adds its rows in order, one to all lanes.
    """

    def __init__(self, weights: Weights) -> None:
        self.columns = np.ascontiguousarray(weights.wh.T)
        self.drive = np.ascontiguousarray((weights.bh[:, None] + weights.wx).T)
        self.terms = np.empty((weights.hidden + 1, weights.hidden), np.float32)

    def __call__(self, x: int, hidden: np.ndarray, out: np.ndarray) -> None:
        self.terms[0] = self.drive[x]
        np.multiply(self.columns, hidden[:, None], out=self.terms[1:])
        np.add.reduce(self.terms, axis=0, out=out)


def _run32(
    weights: Weights,
    symbols: np.ndarray,
    start: np.ndarray,
    hidden: np.ndarray,
    z: np.ndarray,
    block: int = 1024,
) -> None:
    """tanh is taken in float64 and rounded; a block is checked for doubtful roundings at its end, and
    run again from the first of them (about one in ten million entries)."""
    total = _Sum32(weights)
    wide = np.empty((block, weights.hidden))
    listed = symbols.tolist()
    first, before = 0, start
    with progress.bar("float32 reference", len(listed)) as tick:
        while first < len(listed):
            stop = min(first + block, len(listed))
            for t in range(first, stop):
                total(listed[t], before, z[t])
                np.tanh(z[t], out=wide[t - first], dtype=np.float64)
                hidden[t] = wide[t - first]
                before = hidden[t]
            doubts = doubtful(wide[: stop - first]).any(axis=1)
            if doubts.any():
                stop = first + int(doubts.argmax()) + 1
                settle(z[stop - 1], wide[stop - 1 - first])
                hidden[stop - 1] = wide[stop - 1 - first]
            before = hidden[stop - 1]
            first = stop
            tick(first)


def _run32_system(
    weights: Weights, symbols: np.ndarray, start: np.ndarray, hidden: np.ndarray, z: np.ndarray
) -> None:
    total = _Sum32(weights)
    before = start
    with progress.bar("float32 reference", len(symbols)) as tick:
        for t, x in enumerate(symbols.tolist()):
            total(x, before, z[t])
            hidden[t] = system_tanh32(z[t])
            before = hidden[t]
            tick(t)


def logits(weights: Weights, hidden: np.ndarray) -> Float64[np.ndarray, "T O"]:
    """by + wy h for each row of `hidden` (T, H), in float64. Signs (-1, +1) are a hidden state too."""
    return hidden.astype(np.float64) @ weights.wy.T.astype(np.float64) + weights.by


def log2_probabilities(scores: Float64[np.ndarray, "T O"]) -> Float64[np.ndarray, "T O"]:
    """log2 softmax along the last axis."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted / np.log(2.0)


def surprisal(
    weights: Weights, hidden: np.ndarray, targets: Int64[np.ndarray, "T"], block: int = 4096
) -> Float64[np.ndarray, "T"]:
    """Bits that each target symbol costs, predicted from the row of `hidden` beside it."""
    cost = np.empty(len(targets))
    for first in range(0, len(targets), block):
        scores = logits(weights, hidden[first : first + block])
        scores -= scores.max(axis=1, keepdims=True)
        chosen = scores[np.arange(len(scores)), targets[first : first + block]]
        total = np.exp(scores, out=scores).sum(axis=1)
        cost[first : first + block] = (np.log(total) - chosen) / np.log(2.0)
    return cost


def bpc(weights: Weights, run: FloatTrace, start: int = 0, stop: int | None = None) -> float | None:
    """Bits per character over positions start..stop-1 (default: all n-1 predictions).

    Position t predicts `symbols[t + 1]` from `hidden[t]`. None where O != V or there is no position.

    Raises
    ------
    OptionError
        On a window outside 0..n-1.
    """
    last = len(run.symbols) - 1
    stop = last if stop is None else stop
    if not 0 <= start <= stop <= last:
        raise OptionError(f"window {start}:{stop}: expected 0 <= start <= stop <= {last}")
    if not weights.predicts or start == stop:
        return None
    cost = surprisal(weights, run.hidden[start:stop], run.symbols[start + 1 : stop + 1])
    return float(cost.mean())
