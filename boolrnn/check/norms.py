"""Norms of one step's derivative, for orientation: none of them is an exponent.

J_t = diag(1 - h(t)^2) wh carries a disturbance of h(t-1) to h(t); wh diag(1 - h(t)^2) carries one of
h(t) to the sums that follow. The spectral norm of either says how much the worst disturbance grows in one
step; the next step meets another worst direction, so their means lie above the Lyapunov exponents.
"""

import dataclasses

import numpy as np

from boolrnn.check.lyapunov import slopes
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64

_STEPS = 24
_EPS = np.finfo(np.float64).eps


@dataclasses.dataclass(frozen=True)
class Norms:
    """Means over positions of two spectral norms; the greatest singular and eigenvalue of wh (modulus)."""

    step: float | None  # ||J_t||_2
    following: float | None  # ||wh diag(1 - h(t)^2)||_2
    singular: float
    radius: float


def norms(weights: Weights, z: Float64[np.ndarray, "N H"], block: int = 1024) -> Norms:
    """Norms at positions whose float64 sums are `z`.

    The two means come from 24 steps of Lanczos, from a fixed random start: never too large, and for a
    matrix like the archived one right to ten digits.
    """
    wh = weights.wh.astype(np.float64)
    scale = float(np.abs(wh).max())
    if scale == 0:
        return Norms(*((0.0, 0.0) if len(z) else (None, None)), 0.0, 0.0)
    unit = wh / scale  # squares of large weights would overflow
    slope = slopes(z)
    parts = [slope[k : k + block] for k in range(0, len(z), block)]
    step = [_largest(unit, part, np.ones_like(part)) for part in parts]
    following = [_largest(unit, np.ones_like(part), part) for part in parts]
    return Norms(
        step=scale * float(np.concatenate(step).mean()) if parts else None,
        following=scale * float(np.concatenate(following).mean()) if parts else None,
        singular=scale * float(np.linalg.norm(unit, 2)),
        radius=scale * float(np.abs(np.linalg.eigvals(unit)).max()),
    )


def _largest(
    matrix: Float64[np.ndarray, "H H"], left: Float64[np.ndarray, "N H"], right: Float64[np.ndarray, "N H"]
) -> Float64[np.ndarray, "N"]:
    """The greatest singular value of M_t = diag(left[t]) matrix diag(right[t]), for every t.

    The root of the greatest eigenvalue of the tridiagonal matrix that Lanczos builds from M_t' M_t. A
    vector that vanishes but for rounding ends its row: the space is exhausted.
    """
    steps = min(_STEPS, len(matrix))
    vectors = np.random.default_rng(0).normal(size=left.shape)
    vectors /= _lengths(vectors)
    before, beside = np.zeros_like(vectors), np.zeros((len(left), 1))
    tridiagonal = np.zeros((len(left), steps, steps))
    greatest = np.zeros((len(left), 1))
    for k in range(steps):
        moved = (((vectors * right) @ matrix.T) * (left * left)) @ matrix * right
        greatest = np.maximum(greatest, _lengths(moved))
        inner = (moved * vectors).sum(axis=1, keepdims=True)
        moved -= inner * vectors + beside * before
        tridiagonal[:, k, k] = inner[:, 0]
        beside = _lengths(moved)
        beside[beside <= 16 * _EPS * greatest] = 0
        before, vectors = vectors, np.where(beside > 0, moved / np.where(beside > 0, beside, 1.0), 0.0)
        if k + 1 < steps:
            tridiagonal[:, k, k + 1] = tridiagonal[:, k + 1, k] = beside[:, 0]
    return np.sqrt(np.maximum(np.linalg.eigvalsh(tridiagonal)[:, -1], 0.0))


def _lengths(rows: Float64[np.ndarray, "N H"]) -> Float64[np.ndarray, "N 1"]:
    return np.sqrt((rows * rows).sum(axis=1, keepdims=True))
