"""How many mantissa bits of the hidden state a prediction needs: h is truncated after every step."""

import dataclasses

import numpy as np

from boolrnn import progress
from boolrnn.model.rnn import InOrderSum, surprisal
from boolrnn.model.tanh import system_tanh32, tanh32
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float, Float64, Int64

WINDOW = 4096  # symbols: agreement measures truncation on the beginning of a longer text
KEPT = (0, 3, 6, 8, 10, 12, 16)
_BLOCK = 1024


@dataclasses.dataclass(frozen=True)
class Truncated:
    """bpc with `kept[k]` mantissa bits, in both arithmetics; truncation is chaotic where they differ."""

    kept: Int64[np.ndarray, "K"]
    float32: Float64[np.ndarray, "K"]
    float64: Float64[np.ndarray, "K"]


def truncated(
    weights: Weights,
    symbols: Int64[np.ndarray, "T"],
    kept: tuple[int, ...] = KEPT,
    *,
    window: int | None = WINDOW,
    tanh: str = "exact",
    most: float = np.inf,
) -> Truncated:
    """Run the network with h truncated towards zero to `kept` mantissa bits inside the recurrence.

    All numbers of bits run at once, one per row. The leading 1 of a float is not counted. `window`
    symbols of the text are used (None: all, at least two); a position costs at most `most` bits.
    """
    part = symbols[:window]
    costs = []
    with np.errstate(over="ignore", invalid="ignore"):
        for step in (_Narrow(weights, kept, tanh), _Wide(weights, kept)):
            costs.append(np.minimum(_costs(weights, part, step), most).mean(axis=1))
    return Truncated(np.array(kept, dtype=np.int64), costs[0], costs[1])


def cut(hidden: Float[np.ndarray, "*B"], kept: int) -> Float[np.ndarray, "*B"]:
    """Hidden values truncated towards zero to `kept` mantissa bits, in their own arithmetic."""
    words = hidden.view(np.uint32 if hidden.dtype == np.float32 else np.uint64)
    return (words & _mask(hidden.dtype, (kept,))[0]).view(hidden.dtype)


def _mask(dtype: np.dtype, kept: tuple[int, ...]) -> np.ndarray:
    """The bits of a float that stay, (K, 1)."""
    whole, kind = (23, np.uint32) if dtype == np.float32 else (52, np.uint64)
    rows = [np.iinfo(kind).max << (whole - bits) & np.iinfo(kind).max for bits in kept]
    return np.array(rows, kind)[:, None]


class _Narrow:
    """One step in float32, sums in index order; `hidden` (K, H)."""

    dtype = np.dtype(np.float32)

    def __init__(self, weights: Weights, kept: tuple[int, ...], tanh: str) -> None:
        self.total, self.tanh = InOrderSum(weights, len(kept)), system_tanh32 if tanh == "system" else tanh32
        self.z, self.mask = np.empty((len(kept), weights.hidden), np.float32), _mask(self.dtype, kept)

    def __call__(self, x: int, hidden: np.ndarray) -> np.ndarray:
        self.total(x, hidden, self.z)
        return (self.tanh(self.z).view(np.uint32) & self.mask).view(np.float32)


class _Wide:
    """One step in float64; `hidden` (K, H)."""

    dtype = np.dtype(np.float64)

    def __init__(self, weights: Weights, kept: tuple[int, ...]) -> None:
        self.drive = (weights.bh.astype(np.float64)[:, None] + weights.wx).T
        self.matrix = np.ascontiguousarray(weights.wh.T.astype(np.float64))
        self.mask = _mask(self.dtype, kept)

    def __call__(self, x: int, hidden: np.ndarray) -> np.ndarray:
        return (np.tanh(hidden @ self.matrix + self.drive[x]).view(np.uint64) & self.mask).view(np.float64)


def _costs(
    weights: Weights, symbols: Int64[np.ndarray, "T"], step: _Narrow | _Wide
) -> Float64[np.ndarray, "K P"]:
    """Bits that each symbol after the first costs, one row per number of bits kept."""
    rows, size = len(step.mask), weights.hidden
    costs, hidden = np.empty((rows, len(symbols) - 1)), np.zeros((rows, size), step.dtype)
    with progress.bar("truncated mantissas", len(symbols)) as tick:
        for first in range(0, costs.shape[1], _BLOCK):
            targets = symbols[first + 1 : first + 1 + _BLOCK]
            block = np.empty((rows, len(targets), size), step.dtype)
            for t, x in enumerate(symbols[first : first + len(targets)].tolist()):
                block[:, t] = hidden = step(x, hidden)
            for k in range(rows):
                costs[k, first : first + len(targets)] = surprisal(weights, block[k], targets)
            tick(first)
    return costs
