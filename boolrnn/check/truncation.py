"""How many mantissa bits of the hidden state a prediction needs: h is truncated after every step."""

import dataclasses

import numpy as np

from boolrnn.model.rnn import InOrderSum, surprisal
from boolrnn.model.tanh import tanh32
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64, Int64

WINDOW = 4096  # symbols: truncation is measured on the beginning of a longer text
KEPT = (0, 3, 6, 8, 10, 12, 16)


@dataclasses.dataclass(frozen=True)
class Truncated:
    """bpc with `kept[k]` mantissa bits, in both arithmetics; truncation is chaotic where they differ."""

    kept: Int64[np.ndarray, "K"]
    float32: Float64[np.ndarray, "K"]
    float64: Float64[np.ndarray, "K"]


def truncated(weights: Weights, symbols: Int64[np.ndarray, "T"], kept: tuple[int, ...] = KEPT) -> Truncated:
    """Run the network with h truncated towards zero to `kept` mantissa bits inside the recurrence.

    All numbers of bits run at once, one per row. The leading 1 of a float is not counted.
    """
    bits = np.array(kept, dtype=np.int64)
    part = symbols[:WINDOW]
    narrow = np.array(0xFFFFFFFF, np.uint32) << (23 - bits).astype(np.uint32)
    wide = np.array(0xFFFFFFFFFFFFFFFF, np.uint64) << (52 - bits).astype(np.uint64)
    with np.errstate(over="ignore", invalid="ignore"):
        rows32 = _run32(weights, part, narrow.astype(np.uint32)[:, None])
        rows64 = _run64(weights, part, wide.astype(np.uint64)[:, None])
        costs = [
            np.array([surprisal(weights, h, part[1:]).mean() for h in rows]) for rows in (rows32, rows64)
        ]
    return Truncated(bits, costs[0], costs[1])


def _run32(weights: Weights, symbols: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Hidden states (K, T - 1, H) in float32, sums in index order."""
    size, count = weights.hidden, len(mask)
    total = InOrderSum(weights, count)
    z, hidden = np.empty((count, size), np.float32), np.zeros((count, size), np.float32)
    kept = np.empty((count, len(symbols) - 1, size), np.float32)
    for t, x in enumerate(symbols[:-1].tolist()):
        total(x, hidden, z)
        hidden = (tanh32(z).view(np.uint32) & mask).view(np.float32)
        kept[:, t] = hidden
    return kept


def _run64(weights: Weights, symbols: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Hidden states (K, T - 1, H) in float64."""
    drive = (weights.bh.astype(np.float64)[:, None] + weights.wx).T
    matrix = np.ascontiguousarray(weights.wh.T.astype(np.float64))
    hidden = np.zeros((len(mask), weights.hidden))
    kept = np.empty((len(mask), len(symbols) - 1, weights.hidden))
    for t, x in enumerate(symbols[:-1].tolist()):
        hidden = np.tanh(hidden @ matrix + drive[x])
        hidden = (hidden.view(np.uint64) & mask).view(np.float64)
        kept[:, t] = hidden
    return kept
