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
from boolrnn.model.tanh import doubtful, settle, system_tanh32, tanh32, wide_tanh
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float, Float64, Int64

ARITHMETICS = ("float32", "float64")
TANHS = ("exact", "system")


def stated(arithmetic: str, tanh: str) -> str:
    """An arithmetic as results state it."""
    return "float32, system tanh" if (arithmetic, tanh) == ("float32", "system") else arithmetic


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
    with np.errstate(over="ignore", invalid="ignore"):  # a float32 program may overflow: z says so
        if arithmetic == "float64":
            _run64(weights, symbols, start, hidden, z)
        elif tanh == "system":
            _run32_system(weights, symbols, start, hidden, z)
        else:
            _run32(weights, symbols, start, hidden, z)
    return FloatTrace(symbols, hidden, z, start, stated(arithmetic, tanh))


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


class InOrderSum:
    """z in float32, sums in index order, for `count` trajectories at once: row 0 of the terms is the
    drive, row 1 + j the products with h[j].

    A reduction over the first axis of a C-ordered array adds its rows in order, one to all lanes.
    """

    def __init__(self, weights: Weights, count: int = 1) -> None:
        self.columns = np.ascontiguousarray(weights.wh.T)[:, None, :]
        self.drive = np.ascontiguousarray((weights.bh[:, None] + weights.wx).T)
        self.terms = np.empty((weights.hidden + 1, count, weights.hidden), np.float32)

    def __call__(self, x: int, hidden: np.ndarray, out: np.ndarray) -> None:
        """Sums for symbol x after hidden states (count, H), into `out` (count, H)."""
        self.terms[0] = self.drive[x]
        np.multiply(self.columns, hidden.T[:, :, None], out=self.terms[1:])
        np.add.reduce(self.terms, axis=0, out=out)


def _run32(
    weights: Weights,
    symbols: np.ndarray,
    start: np.ndarray,
    hidden: np.ndarray,
    z: np.ndarray,
    block: int = 1024,
) -> None:
    """tanh is taken in float64 and rounded; at its end a block is checked for doubtful roundings. From
    the first that was wrong (none is known) the block is run again with every step settled."""
    total = InOrderSum(weights)
    wide = np.empty((block, weights.hidden))
    listed = symbols.tolist()
    before = start
    with progress.bar("float32 reference", len(listed)) as tick:
        for first in range(0, len(listed), block):
            stop = min(first + block, len(listed))
            for t in range(first, stop):
                total(listed[t], before[None], z[t : t + 1])
                wide_tanh(z[t], wide[t - first])
                hidden[t] = wide[t - first]
                before = hidden[t]
            wrong = _first_wrong(z[first:stop], wide[: stop - first], hidden[first:stop])
            for t in range(stop if wrong is None else first + wrong, stop):
                total(listed[t], (hidden[t - 1] if t else start)[None], z[t : t + 1])
                hidden[t] = tanh32(z[t])
            before = hidden[stop - 1]
            tick(stop)


def _first_wrong(z: np.ndarray, wide: np.ndarray, hidden: np.ndarray) -> int | None:
    """The first position of a block at which a doubtful tanh was rounded wrongly."""
    doubts = doubtful(wide)
    if not doubts.any():
        return None
    settle(z, wide)
    wrong = (wide.astype(np.float32) != hidden).any(axis=1)
    return int(wrong.argmax()) if wrong.any() else None


def _run32_system(
    weights: Weights, symbols: np.ndarray, start: np.ndarray, hidden: np.ndarray, z: np.ndarray
) -> None:
    total = InOrderSum(weights)
    before = start
    with progress.bar("float32 reference", len(symbols)) as tick:
        for t, x in enumerate(symbols.tolist()):
            total(x, before[None], z[t : t + 1])
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
        cost[first : first + block] = cost_of(scores, targets[first : first + block])
    return cost


def cost_of(scores: Float64[np.ndarray, "T O"], targets: Int64[np.ndarray, "T"]) -> Float64[np.ndarray, "T"]:
    """-log2 of the softmax at the targets. The scores are overwritten."""
    scores -= scores.max(axis=1, keepdims=True)
    chosen = scores[np.arange(len(scores)), targets]
    total = np.exp(scores, out=scores).sum(axis=1)
    return (np.log(total) - chosen) / np.log(2.0)


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
