"""backoff: an n-gram estimate over a net's contexts, written into its readout; no search, no gradient.

Interpolated modified Kneser-Ney smoothing (Chen & Goodman 1999, doi:10.1006/csla.1999.0128), with the empty
context mixed with all symbols alike, so that none has chance 0. The contexts are those of the net rather than
all of a length: a position counts for the longest context that it has there, and each symbol that was seen
after a context counts once for the context one symbol shorter. Where all contexts of the longest length are
kept this is the estimate as published. (That counts must follow the contexts that are kept: Siivola,
Hirsimäki & Virpioja 2007, doi:10.1109/TASL.2007.896664.)

The neuron of a context c raises symbol o by ln P(o | c) - ln P(o | c without its first symbol), the bias by
ln P(o | nothing). The neurons that are on form a chain (contexts.py), so the outputs add up to the logarithm
of P(o | longest context): chances that need no normalising, up to the rounding of the readout.
"""

import numpy as np

from boolrnn.make.contexts import ContextsBody
from boolrnn.make.fitting import Fitted, Task
from boolrnn.make.integers import on_grid
from boolrnn.shapes import Float64, Int64

FACTORS = (1.0, 0.75, 0.5, 0.25)  # of the discounts that the formula says


def backoff(task: Task, body: ContextsBody) -> Fitted:
    """The n-gram estimate of the contexts of `body`, as a readout of its states.

    Positions before `task.split.fit` are counted, and the discounts are those of the formula times the one
    of FACTORS (`scale`) under which positions fit..held-1 cost least; then all before `held` are counted.
    Without such positions the factor is 1. `lowest` is the entropy of the next symbol given the longest
    context.
    """
    split = task.split
    longest, targets = body.longest(task.symbols[: split.held]), task.targets[: split.held]
    factor = FACTORS[0]
    if split.fit < split.held:
        counts = _counts(body, longest[: split.fit], targets[: split.fit], task.outputs)
        later = longest[split.fit :] + 1, targets[split.fit :]
        costs = [-np.log(estimate(body, counts, factor)[later]).mean() for factor in FACTORS]
        factor = FACTORS[int(np.argmin(costs))]
    counts = _counts(body, longest, targets, task.outputs)
    logs = np.log(estimate(body, counts, factor))
    half = (logs[1:] - logs[body.suffix + 1]).T / 2  # of +-1 hidden values: half in wy, half in by
    # rounded before the bias is added up: the few neurons that are on must cancel, the many off exactly
    wy, _ = on_grid(half.astype(np.float32), (logs[0] + half.sum(axis=1)).astype(np.float32))
    by = logs[0] + wy.sum(axis=1, dtype=np.float64)
    return Fitted(wy=wy, by=by.astype(np.float32), scale=factor, lowest=_entropy(counts))


def estimate(
    body: ContextsBody, counts: Float64[np.ndarray, "N O"], factor: float
) -> Float64[np.ndarray, "N O"]:
    """The chance of each symbol after the empty context (row 0) and after each context of `body`, all
    positive. `counts` has how often each symbol followed where this was the longest context."""
    order, parent = np.append(0, body.order), np.append(0, body.suffix + 1)
    counts = counts.copy()
    levels = [np.flatnonzero(order == k) for k in range(int(order.max()) + 1)]
    for level in reversed(levels[1:]):
        np.add.at(counts, parent[level], np.minimum(counts[level], 1))
    chances = np.full(counts.shape, 1 / counts.shape[1])
    for k, level in enumerate(levels):
        found, shorter = counts[level], chances[parent[level] if k else level]
        taken = (factor * discounts(found))[np.minimum(found, 3).astype(np.int64)]
        total = found.sum(axis=1, keepdims=True)
        mixed = found - taken + taken.sum(axis=1, keepdims=True) * shorter
        chances[level] = np.where(total > 0, mixed / np.maximum(total, 1), shorter)
    return chances


def discounts(counts: np.ndarray) -> Float64[np.ndarray, "4"]:
    """What is taken off counts of 0 (nothing), 1, 2, and 3 or more: r - (r + 1) y n(r+1) / n(r), with n(r)
    the number of `counts` that are r and y = n1 / (n1 + 2 n2). Where one of these is not between 0 and r, y
    of them all (Ney, Essen & Kneser 1994), or a half where y is no such number either."""
    n = np.array([np.count_nonzero(counts == r) for r in (1, 2, 3, 4)], np.float64)
    share = n[0] / (n[0] + 2 * n[1]) if n[0] else 0.0
    r = np.arange(1, 4)
    found = r - (r + 1) * share * n[1:] / np.maximum(n[:3], 1)
    if not (n[:3].all() and ((found > 0) & (found < r)).all()):
        found = np.full(3, share if 0 < share < 1 else 0.5)
    return np.append(0.0, found)


def _counts(
    body: ContextsBody, longest: Int64[np.ndarray, "P"], targets: Int64[np.ndarray, "P"], outputs: int
) -> Float64[np.ndarray, "N O"]:
    """How often each symbol follows the empty context and each context of `body`, where it is the longest."""
    size = len(body.order) + 1
    flat = np.bincount((longest + 1) * outputs + targets, minlength=size * outputs)
    return flat.reshape(size, outputs).astype(np.float64)


def _entropy(counts: Float64[np.ndarray, "N O"]) -> float:
    """Bits per position of the symbol given the row, as counted."""
    total = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(total, 1)
    bits = -np.log2(np.where(counts > 0, share, 1))
    return float((counts * bits).sum() / total.sum())
