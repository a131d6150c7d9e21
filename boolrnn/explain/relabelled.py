"""What r is without training: with the neurons of a statistic relabelled, and in nets of shuffled weights.

The two answer different questions. Relabelling breaks every tie between statistic and matrix; but weights
make the states that are counted, so that even weights that learned nothing may agree with the counts. A
net with the same weights in random places has states of its own, made by weights that learned nothing.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from boolrnn import progress
from boolrnn.explain.statistics import Observed, observe, pearson
from boolrnn.model.weights import TENSORS, Weights
from boolrnn.shapes import Float64

SHUFFLED = 5  # nets
READ = 2048  # symbols at the start of the text that they read
Pair = tuple[np.ndarray, np.ndarray]


def chance(
    pairs: Sequence[tuple[str, np.ndarray, np.ndarray]], hidden: int, resamples: int, seed: int
) -> Float64[np.ndarray, "2 S"]:
    """The ends of the middle 95 % of r over `resamples` relabellings, sampled by `seed`; NaN where a pair
    has no r, or without resamples.

    `pairs`: the name of the trained matrix, the statistic, the matrix. A relabelling permutes the rows and
    columns of a statistic of wh alike, the rows of one of wx, the columns of one of wy, the entries of one
    of bh. All pairs are relabelled alike.
    """
    if not resamples:
        return np.full((2, len(pairs)), np.nan)
    scaled = {k: both for k, (_, a, b) in enumerate(pairs) if (both := _scaled(a, b)) is not None}
    square = [k for k in scaled if pairs[k][0] == "wh"]
    crossed = {k: _crossed(pairs[k][0], *both) for k, both in scaled.items() if k not in square}
    stacked = np.array([scaled[k][0].ravel() for k in square])
    wh = scaled[square[0]][1] if square else np.zeros((0, 0))
    found = np.full((resamples, len(pairs)), np.nan)
    rng, neurons = np.random.default_rng([seed, 2]), np.arange(hidden)
    with progress.bar("relabellings", resamples) as tick:
        for n in range(resamples):
            order = rng.permutation(hidden)
            if square:
                found[n, square] = stacked @ wh[order][:, order].ravel()
            for k, table in crossed.items():
                found[n, k] = table[neurons, order].sum()
            tick(n + 1)
    return np.quantile(found, [0.025, 0.975], axis=0)


def in_shuffled_nets(
    weights: Weights,
    symbols: np.ndarray,
    asked: Sequence[tuple[str, Callable[[Observed], np.ndarray]]],
    seed: int,
    nets: int = SHUFFLED,
) -> Float64[np.ndarray, "2 S"]:
    """Least and greatest r of each statistic (name of its matrix, function) in `nets` nets, sampled by
    `seed`, on at most the first READ symbols: the entries of each matrix in random order, and the states
    that the net then has. NaN where one of them has no r."""
    rng, found = np.random.default_rng([seed, 3]), np.full((nets, len(asked)), np.nan)
    with progress.bar("nets of shuffled weights", nets) as tick, np.errstate(invalid="ignore"):
        for n in range(nets):
            parts = {name: getattr(weights, name) for name in TENSORS}
            mixed = {name: rng.permutation(part.ravel()).reshape(part.shape) for name, part in parts.items()}
            net = dataclasses.replace(weights, **mixed, folded=None, folded_terms=0)
            seen = observe(net, symbols[:READ])
            found[n] = [pearson(compute(seen), mixed[name]) for name, compute in asked]
            tick(n + 1)
    return np.array([found.min(axis=0), found.max(axis=0)])


def _scaled(a: np.ndarray, b: np.ndarray) -> Pair | None:
    """Both sides less their means, such that r is the sum of their products (relabelling keeps the mean and
    the variance); None where there is no r."""
    if np.isnan(pearson(a, b)):
        return None
    a, b = (values - values.mean() for values in (np.asarray(a, np.float64), np.asarray(b, np.float64)))
    return a / np.sqrt((a * a).sum()), b / np.sqrt((b * b).sum())


def _crossed(matrix: str, statistic: np.ndarray, trained: np.ndarray) -> Float64[np.ndarray, "H H"]:
    """Entry (i, j): what neuron i's weights and neuron j's statistic add to r where they stand together."""
    if matrix == "bh":
        return trained[:, None] * statistic
    return trained @ statistic.T if matrix == "wx" else trained.T @ statistic
