"""Approximate inverses of a softmax problem's curvature, for conjugate gradients.

The curvature of class o with itself is A_o = mean p_o (1 - p_o) x x^T and the penalty's. Approximations:

diagonal   of A_o: for sparse features, whose coordinates hardly overlap; the penalty is exact
shared     mean p_o (1 - p_o) times mean x x^T, in the eigenvectors of the latter, which are found once
own        A_o from a sample of states, inverted: where the products that it saves cost more

What a vector added to all classes contributes is taken out: there the curvature is the penalty alone.
"""

import numpy as np

from boolrnn.make.softmax import Point, Softmax, Sparse

SAMPLE = 1 << 14  # states that approximations are made from
WIDEST = 1500  # features up to which eigenvectors are found
NUMBERS = 1 << 26  # in the inverses of all classes
FAINT = 1e-3  # of the heaviest state of a class: lighter ones count together
DEAR = 2.0  # an operation on gathered rows or of inverting lasts as long as so many of a product
TINY = 1e-30


class Preconditioner:
    """Made for each point by `prepare`; `used` is how many products the last solution took."""

    def __init__(self, problem: Softmax) -> None:
        self.problem, self.used = problem, 0
        self.shares = problem.copies / problem.copies.sum()
        kept = range(0, problem.states, problem.stride)
        self.step = -(-len(kept) // SAMPLE)
        self.chosen = np.arange(0, problem.states, problem.stride * self.step)
        weights = problem.shares[self.chosen]
        self.weights = (weights / weights.sum()).astype(np.float32)
        self.inverses: np.ndarray | None = None
        if not isinstance(problem.design, Sparse):
            rows = problem.design.features[self.chosen].astype(np.float32)
            self.rows = np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1)
            self.mean = ((self.rows * self.weights[:, None]).T @ self.rows).astype(np.float64)
            self._eigenvectors()

    def _eigenvectors(self) -> None:
        if len(self.mean) <= WIDEST:
            values, self.vectors = np.linalg.eigh(self.mean)
            self.values = np.maximum(values, 0)
        else:
            self.values, self.vectors = np.diagonal(self.mean), None

    def prepare(self, point: Point, shrink: float) -> None:
        """For the curvature at this point, with `shrink` as its penalty."""
        chances = point.chances[:: self.step]
        weights = chances * (1 - chances) * self.weights[:, None]
        penalty = shrink * self.problem.copies
        mass = weights.sum(axis=0, dtype=np.float64)
        if isinstance(self.problem.design, Sparse):
            bits = self.problem.design.bits[np.dtype("f4")][self.chosen]
            self.curved = np.concatenate([(bits.T @ weights).T.astype(np.float64), mass[:, None]], axis=1)
            self.curved[:, :-1] += penalty[:, None] / 4
            self.curved += TINY
            self.penalty = penalty
            return
        self.curved = mass[:, None] * self.values + penalty[:, None] + TINY
        heavy = weights > FAINT * weights.max(axis=0)
        if self._worth(int(heavy.sum())):
            self._invert(weights, heavy, mass, penalty)

    def _worth(self, entries: int) -> bool:
        """Whether half of the products of the last solution cost more than inverting each class."""
        problem, width = self.problem, len(self.mean)
        classes = len(problem.copies)
        if classes * width**2 > NUMBERS:
            return False
        products = 4.0 * len(range(0, problem.states, problem.stride)) * classes * width * self.used
        return products / 2 > DEAR * (2.0 * entries * width**2 + 3.0 * classes * width**3)

    def _invert(self, weights: np.ndarray, heavy: np.ndarray, mass: np.ndarray, penalty: np.ndarray) -> None:
        width = len(self.mean)
        if self.inverses is None:
            self.inverses = np.empty((len(mass), width, width), np.float32)
        for o, whole in enumerate(mass):
            at = np.flatnonzero(heavy[:, o])
            rows, each = self.rows[at], weights[at, o]
            curved = ((rows * each[:, None]).T @ rows).astype(np.float64)
            curved += max(0.0, whole - float(each.sum())) * self.mean
            curved[np.diag_indices(width)] += penalty[o] + 1e-6 * np.trace(curved) / width + TINY
            self.inverses[o] = np.linalg.inv(curved)

    def __call__(self, left: np.ndarray) -> np.ndarray:
        """The approximate inverse, times `left` (G, H + 1)."""
        if isinstance(self.problem.design, Sparse):
            found = self._spread(left)
        elif self.inverses is not None:
            found = np.matmul(self.inverses, left.astype(np.float32)[:, :, None])[:, :, 0].astype(np.float64)
        elif self.vectors is None:
            found = left / self.curved
        else:
            found = ((left @ self.vectors) / self.curved) @ self.vectors.T
        return found - self.shares @ found

    def _spread(self, left: np.ndarray) -> np.ndarray:
        """The diagonal and the bias's penalty, (v + sum u / 2)^2, which is one more direction v."""
        toward = np.full(left.shape[1], 0.5)
        toward[-1] = 1.0
        plain, other = left / self.curved, toward / self.curved
        along = self.penalty * (plain @ toward) / (1 + self.penalty * (other @ toward))
        return plain - along[:, None] * other
