"""Bit leverage: what one wrong bit of one hidden float32 costs. The definition is our own.

For a position t and a neuron j, one of the 32 bits of h_j(t) is flipped and the readout alone sees it.
The cost is KL(P || P') in bits, with P the softmax before and P' after. It is averaged over positions,
neurons and the 1 sign, 8 exponent and 23 mantissa bits; flips that give infinity or NaN are counted and
left out. Among the exponent bits, the highest turns a value of ordinary size into one near 2^128 and its
cost into that many bits: no tanh gives such a value, so the averages over flips that stay within
|h| <= 1 stand beside the others.

One flip moves the logits along a column of wy: with x_o = (h' - h)(wy_oj - sum_o P_o wy_oj),
KL = ln sum_o P_o exp(x_o), evaluated as log1p(sum_o P_o (exp(x_o) - 1 - x_o)) without cancellation.
"""

import numpy as np

from boolrnn import progress
from boolrnn.model.rnn import log2_probabilities, logits
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float32, Float64, Int64

PARTS = (("sign", 31, 32), ("exponent", 23, 31), ("mantissa", 0, 23))  # bits first..stop-1
_SMALL, _TERMS = 1.0, 15  # up to here so many terms of the series of exp(x) - 1 - x are exact to 1e-12
_LARGE = 500.0  # beyond, exponentials are scaled
_BITS = np.uint32(1) << np.arange(32, dtype=np.uint32)
_CELLS = 1 << 19  # flips times outputs at once


class Leverage:
    """Sums of KL in bits over flips of each bit (32): all finite ones, and those that stay in |h| <= 1."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.cost, self.flips = np.zeros(32), np.zeros(32, np.int64)
        self.inside_cost, self.inside_flips = np.zeros(32), np.zeros(32, np.int64)
        self.skipped = np.zeros(32, np.int64)

    def add(self, hidden: Float32[np.ndarray, "P H"]) -> None:
        """Flip every bit of every neuron of these hidden states; all are skipped where one is not finite."""
        finite = np.isfinite(hidden).all(axis=1)
        self.skipped += hidden.shape[1] * int((~finite).sum())
        hidden = hidden[finite]
        log2 = log2_probabilities(logits(self.weights, hidden))
        wy = self.weights.wy.astype(np.float64)
        block = max(1, _CELLS // (32 * self.weights.outputs))
        with progress.bar("bit leverage", self.weights.hidden) as tick:
            for j in range(self.weights.hidden):
                for first in range(0, len(hidden), block):
                    rows = slice(first, first + block)
                    self._neuron(np.ascontiguousarray(hidden[rows, j]), log2[rows], wy[:, j])
                tick(j)

    def _neuron(self, h: np.ndarray, log2: np.ndarray, column: np.ndarray) -> None:
        flipped = (h.view(np.uint32)[:, None] ^ _BITS).view(np.float32)
        good = np.isfinite(flipped)
        flipped = np.where(good, flipped, h[:, None]).astype(np.float64)
        cost = divergence(log2, column, flipped - h[:, None]) / np.log(2.0)
        self.skipped += (~good).sum(axis=0)
        for tally, count, which in (
            (self.cost, self.flips, good),
            (self.inside_cost, self.inside_flips, good & (np.abs(flipped) <= 1)),
        ):
            tally += np.where(which, cost, 0.0).sum(axis=0)
            count += which.sum(axis=0)

    def columns(self) -> dict[str, np.ndarray]:
        """Averages per part and per bit, as columns of a result."""
        bits = np.arange(32)[::-1]
        parts = [slice(first, stop) for _, first, stop in PARTS]
        mean, inside = (
            _shares(*(np.array([values[part].sum() for part in parts]) for values in pair))
            for pair in ((self.cost, self.flips), (self.inside_cost, self.inside_flips))
        )
        names = np.array([next(name for name, a, b in PARTS if a <= bit < b) for bit in bits])
        return {
            "leverage_part": np.array([name for name, _, _ in PARTS]),
            "leverage_bits": np.array([stop - first for _, first, stop in PARTS]),
            "leverage_kl": mean,
            "leverage_ratio": _shares(mean, np.full(3, mean[-1])),
            "leverage_inside_kl": inside,
            "leverage_inside_ratio": _shares(inside, np.full(3, inside[-1])),
            "leverage_flips": np.array([self.flips[part].sum() for part in parts]),
            "leverage_inside_flips": np.array([self.inside_flips[part].sum() for part in parts]),
            "leverage_skipped": np.array([self.skipped[part].sum() for part in parts]),
            "bit": bits,
            "bit_part": names,
            "bit_kl": _shares(self.cost, self.flips)[bits],
            "bit_inside_kl": _shares(self.inside_cost, self.inside_flips)[bits],
            "bit_flips": self.flips[bits],
            "bit_inside_flips": self.inside_flips[bits],
            "bit_skipped": self.skipped[bits],
        }


def divergence(
    log2: Float64[np.ndarray, "P O"], column: Float64[np.ndarray, "O"], moved: Float64[np.ndarray, "P B"]
) -> Float64[np.ndarray, "P B"]:
    """KL(P || P') in nats where one hidden value, whose column of wy this is, moves by `moved`."""
    chance = np.exp2(log2)
    centred = column - (chance @ column)[:, None]
    reach = np.abs(centred).max(axis=1)
    extent = np.abs(moved) * reach[:, None]
    small = (extent <= _SMALL) & (reach > 0)[:, None]
    cost = _series(chance, centred, np.where(small, moved, 0.0), reach)
    for which, given, exact in (
        ((extent > _SMALL) & (extent <= _LARGE), chance, _direct),
        (extent > _LARGE, log2, _scaled),
    ):
        at = np.nonzero(which)
        cost[at] = exact(given[at[0]], centred[at[0]] * moved[at][:, None])
    return cost


def _series(chance: np.ndarray, centred: np.ndarray, moved: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """For small moves: sum_o P_o (exp(x_o) - 1 - x_o) from the central moments of the column."""
    scale = np.where(reach > 0, reach, 1.0)[:, None]
    unit, small = centred / scale, moved * scale
    power = unit.copy()
    total, factor = np.zeros_like(moved), small
    for k in range(2, _TERMS + 1):
        power *= unit
        factor = factor * small / k
        total += np.einsum("po,po->p", chance, power)[:, None] * factor
    return np.log1p(np.maximum(total, 0.0))


def _direct(chance: np.ndarray, x: np.ndarray) -> np.ndarray:
    excess = np.expm1(x)
    excess -= x
    tiny = np.abs(x) < 1e-5
    excess[tiny] = x[tiny] ** 2 * (0.5 + x[tiny] / 6)
    return np.log1p(np.einsum("po,po->p", chance, excess))


def _scaled(log2: np.ndarray, x: np.ndarray) -> np.ndarray:
    """ln sum_o P_o exp(x_o), from logarithms."""
    exponent = x + log2 * np.log(2.0)
    most = exponent.max(axis=1)
    return np.maximum(most + np.log(np.exp(exponent - most[:, None]).sum(axis=1)), 0.0)


def _shares(part: np.ndarray, whole: Float64[np.ndarray, "N"] | Int64[np.ndarray, "N"]) -> np.ndarray:
    """part / whole, NaN where the whole is 0."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)
