"""The readout that predicts best from given hidden states: a convex problem, solved with L-BFGS (SciPy).

Mean cross-entropy in nats plus l2 / 2 |wy|^2. On states that determine the next symbol the optimum lies at
infinity; the small l2 keeps it finite.
"""

import numpy as np
from scipy.optimize import minimize

from boolrnn.shapes import Float32

L2 = 1e-6
BLOCK = 8192  # positions at once


def fit_readout(
    states: np.ndarray,
    targets: np.ndarray,
    outputs: int,
    *,
    start: tuple[np.ndarray, np.ndarray] | None = None,
    columns: np.ndarray | None = None,
    l2: float = L2,
    iterations: int = 300,
) -> tuple[Float32[np.ndarray, "O H"], Float32[np.ndarray, "O"]]:
    """wy (O, H) and by (O) that predict `targets` (P) from `states` (P, H; bits, or hidden values).

    `columns` (H, bool) lists the neurons that the readout may use; the others get zeros. `start` is where
    the search begins.
    """
    hidden = states.shape[1]
    used = np.arange(hidden) if columns is None else np.flatnonzero(columns)
    features = (np.where(states, 1, -1) if states.dtype == bool else states)[:, used]
    features = np.concatenate([features, np.ones((len(features), 1))], axis=1).astype(np.float32)
    if start is None:
        counts = np.bincount(targets, minlength=outputs) + 0.5
        before = np.zeros((outputs, len(used) + 1))
        before[:, -1] = np.log(counts / counts.sum())
    else:
        before = np.concatenate([start[0][:, used], start[1][:, None]], axis=1).astype(np.float64)
    found = minimize(
        _loss,
        before.ravel(),
        args=(features, targets, outputs, l2),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": iterations, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-9},
    )
    matrix = found.x.reshape(outputs, -1)
    wy = np.zeros((outputs, hidden), np.float32)
    wy[:, used] = matrix[:, :-1]
    return wy, matrix[:, -1].astype(np.float32)


def _loss(
    flat: np.ndarray, features: np.ndarray, targets: np.ndarray, outputs: int, l2: float
) -> tuple[float, np.ndarray]:
    """Mean cross-entropy with its penalty, and the gradient."""
    matrix = flat.reshape(outputs, -1)
    narrow = matrix.astype(np.float32)
    total, gradient = 0.0, np.zeros_like(matrix)
    for first in range(0, len(features), BLOCK):
        part, wanted = features[first : first + BLOCK], targets[first : first + BLOCK]
        scores = part @ narrow.T
        scores -= scores.max(axis=1, keepdims=True)
        each = np.arange(len(part))
        chosen = scores[each, wanted].astype(np.float64)
        sums = np.exp(scores, out=scores).sum(axis=1, dtype=np.float64)
        total += float((np.log(sums) - chosen).sum())
        scores /= sums[:, None].astype(np.float32)
        scores[each, wanted] -= 1
        gradient += scores.T @ part
    weights = matrix[:, :-1]
    gradient /= len(features)
    gradient[:, :-1] += l2 * weights
    return total / len(features) + l2 / 2 * float((weights**2).sum()), gradient.ravel()
