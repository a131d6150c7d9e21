"""What one neuron is worth at the end: the bits of a prediction, with its value in the readout negated."""

import numpy as np

from boolrnn import progress
from boolrnn.model.rnn import cost_of, logits
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float, Float64, Int64

_SAFE = 300.0  # exponents that far from overflow and underflow in float64
_BLOCK = 1024


def negated(
    weights: Weights, values: Float[np.ndarray, "T H"], targets: Int64[np.ndarray, "T"]
) -> Float64[np.ndarray, "T H"]:
    """Bits that `targets[t]` costs more when `values[t, j]` is negated in the readout alone, (T, H)."""
    wy = weights.wy.astype(np.float64)
    change = np.empty(values.shape)
    with progress.bar("readout", len(values)) as tick:
        for first in range(0, len(values), _BLOCK):
            part = values[first : first + _BLOCK].astype(np.float64)
            scores = logits(weights, part)
            at = targets[first : first + _BLOCK]
            before = cost_of(scores.copy(), at)
            for j in range(values.shape[1]):
                moved = scores - 2 * part[:, j, None] * wy[:, j]
                change[first : first + _BLOCK, j] = cost_of(moved, at) - before
            tick(first)
    change[:, _unread(wy)] = 0
    return change


def negated_signs(
    weights: Weights, states: Bool[np.ndarray, "T H"], targets: Int64[np.ndarray, "T"]
) -> Float64[np.ndarray, "T H"]:
    """`negated` for values -1 and +1: two matrix products where exponents stay moderate."""
    wy = weights.wy.astype(np.float64)
    reach = np.abs(wy).sum(axis=1).max() + np.abs(weights.by.astype(np.float64)).max()
    if 2 * reach + 2 * np.abs(wy).max() > _SAFE:
        return negated(weights, np.where(states, 1.0, -1.0), targets)
    change = np.empty(states.shape)
    up, down = np.exp(-2 * wy), np.exp(2 * wy)  # factors of the odds where the bit is 1, where it is 0
    for first in range(0, len(states), _BLOCK):
        part = states[first : first + _BLOCK]
        scores = logits(weights, np.where(part, 1.0, -1.0))
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        own = wy[targets[first : first + _BLOCK]] * np.where(part, 2.0, -2.0)
        change[first : first + _BLOCK] = np.log(np.where(part, odds @ up, odds @ down)) + own
    change[:, _unread(wy)] = 0
    return change / np.log(2.0)


def _unread(wy: Float64[np.ndarray, "O H"]) -> Bool[np.ndarray, "H"]:
    """Neurons that move every score alike and so are worth nothing, where rounding would leave a trace."""
    return (wy == wy[:1]).all(axis=0)
