"""Lyapunov exponents of the float network along a text: does a small disturbance grow or die out?

J_t = diag(1 - h(t)^2) wh is the derivative of h(t) by h(t-1). Orthonormal directions are multiplied by
J_0, J_1, ... J_{n-2} and made orthonormal again after each (QR); the k-th exponent is the mean over t of
ln |R_kk|, in nats per step, all in float64. The network is called chaotic if the largest is above 0.
Source: Benettin, Galgani, Giorgilli & Strelcyn, Meccanica 15 (1980), doi 10.1007/BF02128236 and
10.1007/BF02128237.
"""

import dataclasses

import numpy as np

from boolrnn import progress
from boolrnn.errors import OptionError
from boolrnn.model.rnn import trace
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64, Int64

PARTS = 20  # of the text, for the standard error
_BLOCK = 4096


@dataclasses.dataclass(frozen=True)
class Spectrum:
    """The first E exponents, the same over each half of the positions, and a standard error.

    `error` is the standard deviation of the means over PARTS equal consecutive parts of the text,
    divided by sqrt(PARTS): how far the mean would move on another text of this kind and length, if the
    parts were independent. It does not cover the choice of the starting directions.

    -inf: the direction is lost altogether (its derivative is 0). NaN: no positions, fewer than PARTS of
    them (error), or a stretch so small beside the others that float64 does not resolve it.
    """

    exponent: Float64[np.ndarray, "E"]
    first_half: Float64[np.ndarray, "E"]
    second_half: Float64[np.ndarray, "E"]
    error: Float64[np.ndarray, "E"]


def lyapunov(
    weights: Weights, symbols: Int64[np.ndarray, "T"], exponents: int = 8, seed: int = 0
) -> Spectrum:
    """The first `exponents` exponents (at most H) on checked `symbols` (T), positions 0..n-2.

    The directions start from normal numbers, `default_rng(seed).normal(size=(H, exponents))`, made
    orthonormal: over a finite text the last digits depend on them.

    Raises
    ------
    OptionError
        On a negative number.
    """
    if exponents < 0:
        raise OptionError(f"exponents {exponents}: expected 0 or more")
    logs = stretches(weights, symbols[:-1], min(exponents, weights.hidden), seed)
    half = len(logs) // 2
    return Spectrum(_mean(logs), _mean(logs[:half]), _mean(logs[half:]), _error(logs))


def stretches(
    weights: Weights, symbols: Int64[np.ndarray, "P"], exponents: int, seed: int
) -> Float64[np.ndarray, "P E"]:
    """ln |R_kk| at every position of `symbols` (P)."""
    logs = np.empty((len(symbols), exponents))
    if not logs.size:
        return logs
    wh = weights.wh.astype(np.float64)
    start = np.random.default_rng(seed).normal(size=(weights.hidden, exponents))
    directions = np.linalg.qr(start).Q
    hidden = None
    with progress.bar("exponents", len(symbols)) as tick:
        for first in range(0, len(symbols), _BLOCK):
            part = symbols[first : first + _BLOCK]
            run = trace(weights, part, arithmetic="float64", initial=hidden)
            hidden = run.hidden[-1]
            for t, slope in enumerate(slopes(run.z), first):
                moved = slope[:, None] * (wh @ directions)
                directions, triangle = np.linalg.qr(moved)
                logs[t] = _logs(moved, triangle)
                tick(t)
    return logs


def slopes(z: np.ndarray) -> np.ndarray:
    """1 - tanh(z)^2 without the cancellation that makes it 0 from |z| = 19 on."""
    small = np.exp(-2 * np.abs(z))
    return 4 * small / (1 + small) ** 2


def _logs(moved: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """ln |R_kk|; NaN where R_kk is within the rounding error of its column, -inf for a column of zeros."""
    lengths = np.sqrt((moved * moved).sum(axis=0))
    stretch = np.abs(np.diag(triangle))
    resolved = stretch > len(moved) * np.finfo(np.float64).eps * lengths
    with np.errstate(divide="ignore"):
        return np.where(resolved | (lengths == 0), np.log(np.where(lengths > 0, stretch, 0.0)), np.nan)


def _mean(logs: np.ndarray) -> np.ndarray:
    """Means over the positions. Exponents never increase: what follows a lost direction is lost too."""
    if not len(logs):
        return np.full(logs.shape[1], np.nan)
    mean = logs.mean(axis=0)
    mean[np.logical_or.accumulate(np.isneginf(mean))] = -np.inf
    return mean


def _error(logs: np.ndarray) -> np.ndarray:
    size = len(logs) // PARTS
    if not size:
        return np.full(logs.shape[1], np.nan)
    parts = logs[: size * PARTS].reshape(PARTS, size, -1).mean(axis=1)
    finite = np.isfinite(parts).all(axis=0)
    spread = np.where(finite, parts, 0.0).std(axis=0, ddof=1) / np.sqrt(PARTS)
    return np.where(finite, spread, np.nan)
