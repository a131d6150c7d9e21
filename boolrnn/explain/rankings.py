"""Rankings of neurons: by what a knockout costs, by the size of their weights, by a greedy choice.

knockout  what the text costs more without the neuron (needs the text)
wy-norm   Euclidean norm of its column of wy: how loudly it speaks to the readout (published)
wh-in     sum of |w| over its row of wh: how far the state before can move its z
wh-out    sum of |w| over its column of wh: how far it can move the next state's z, all together
greedy    the order in which it is chosen where each choice makes the text cheapest (needs the text)
"""

import numpy as np

from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64, Int64

KNOCKOUT, GREEDY = "knockout", "greedy"
WEIGHTS = ("wy-norm", "wh-in", "wh-out")  # those that need no run
RANKS = (KNOCKOUT, *WEIGHTS, GREEDY)


def sizes(rank: str, weights: Weights) -> Float64[np.ndarray, "H"]:
    """What the weights alone say about each neuron; `rank` is wy-norm, wh-in or wh-out."""
    if rank == "wy-norm":
        return column_norms(weights)
    return np.abs(weights.wh).sum(axis=1 if rank == "wh-in" else 0, dtype=np.float64)


def column_norms(weights: Weights, rounded: bool = False) -> Float64[np.ndarray, "H"]:
    """Euclidean norms of the columns of wy; `rounded` squares in float32, as the published program does."""
    with np.errstate(over="ignore"):  # a float32 square may
        squares = np.square(weights.wy, dtype=np.float32 if rounded else np.float64)
    return np.sqrt(squares.sum(axis=0, dtype=np.float64))


def ordered(scores: Float64[np.ndarray, "H"]) -> Int64[np.ndarray, "H"]:
    """Neurons by descending score, the lowest first where scores are equal, those without one last."""
    return np.argsort(-scores, kind="stable")


def spearman(one: Float64[np.ndarray, "N"], other: Float64[np.ndarray, "N"]) -> float:
    """Spearman's rank correlation, equal values at the mean of their ranks; NaN where it has no value.

    Spearman (1904), doi:10.2307/1412159.
    """
    if np.isnan(one).any() or np.isnan(other).any():
        return np.nan
    ranks = [_ranks(values) for values in (one, other)]
    a, b = (values - values.mean() for values in ranks)
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else np.nan


def _ranks(values: Float64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    """0 for the least; equal values share the mean of their ranks."""
    _, at, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count + 1) / 2)[at]
