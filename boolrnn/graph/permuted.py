"""The null model of a backbone: weights permuted within rows, states and ends kept, margins recomputed.

Each neuron keeps its weights, but not who they come from. What traffic looks like then is what weights of
these sizes give on these states by themselves. On rows whose sums are no exact float64 ones the margins of
the null model are rounded.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from boolrnn import progress
from boolrnn.shapes import Bool, Float64, Int64

_ROUNDING = 1e-9  # relative; shares that differ by less are the same


@dataclasses.dataclass(frozen=True)
class Null:
    """What N permutations gave: `top[n, k]`, the share of traffic that the k + 1 busiest neurons carry in
    permutation n; `total[n]`, all its traffic; how many permutations give an edge, and a neuron, less of the
    traffic than observed."""

    top: Float64[np.ndarray, "N H"]
    total: Float64[np.ndarray, "N"]
    edges_below: Int64[np.ndarray, "H H"]
    neurons_below: Int64[np.ndarray, "H"]

    def band(self, quantile: float) -> Float64[np.ndarray, "H"]:
        """A quantile of the top shares for every k: the least share that so many of the permutations do not
        exceed; NaN where there was no permutation."""
        if not len(self.top):
            return np.full(self.top.shape[1], np.nan)
        return np.quantile(self.top, quantile, axis=0, method="inverted_cdf")


def top_shares(edges: Float64[np.ndarray, "H H"]) -> Float64[np.ndarray, "H"]:
    """Share of the traffic that the k + 1 busiest neurons carry, as sources of edges; NaN without any."""
    carried = np.sort(edges.sum(axis=0))[::-1]
    total = carried.sum()
    return np.cumsum(carried) / total if total else np.full(len(carried), np.nan)


def as_much(shares: np.ndarray, observed: np.ndarray) -> Bool[np.ndarray, "*N"]:
    """Where shares reach what was observed; sums in another order may not make a difference."""
    return shares >= observed * (1 - _ROUNDING)


def permuted(
    matrix: Float64[np.ndarray, "H H"],
    observed: Float64[np.ndarray, "H H"],
    traced: Callable[[np.ndarray], np.ndarray],
    permutations: int,
    seed: int,
) -> Null:
    """Permute `matrix` within rows; `traced` gives the traffic of edges for such a matrix."""
    rng = np.random.default_rng(seed)
    hidden = len(matrix)
    top, total = np.empty((permutations, hidden)), np.empty(permutations)
    edges_below = np.zeros((hidden, hidden), np.int64)
    neurons_below = np.zeros(hidden, np.int64)
    with progress.bar("null model", permutations) as tick:
        for n in range(permutations):
            edges = traced(rng.permuted(matrix, axis=1))
            top[n], total[n] = top_shares(edges), edges.sum()
            edges_below += ~as_much(_shares(edges), _shares(observed))
            neurons_below += ~as_much(_shares(edges.sum(axis=0)), _shares(observed.sum(axis=0)))
            tick(n + 1)
    return Null(np.nan_to_num(top), total, edges_below, neurons_below)


def _shares(values: np.ndarray) -> np.ndarray:
    total = values.sum()
    return values / total if total else values
