"""Each neuron as a threshold unit of its own: given what it reads and the bits it has to give, the weights
with the widest margin (a support vector machine: Cortes & Vapnik 1995, doi:10.1007/BF00994018), and the
common gain at which a net's tanh program keeps all signs."""

import dataclasses

import numpy as np
from scipy.optimize import minimize

from boolrnn import progress
from boolrnn.check.bounds import certify_text
from boolrnn.model.automaton import compile
from boolrnn.model.rnn import bpc, trace
from boolrnn.model.weights import Weights

HINGE = 1000.0
LARGEST_GAIN = 2.0**24
EQUAL = 1e-6  # bits per character between the tanh program and its signs


def widened(weights: Weights, symbols: np.ndarray, states: np.ndarray) -> Weights:
    """The same trajectory `states` (T, H) on `symbols` with the widest margins: every row is fitted on its
    own and scaled to a least margin of 1. Zero entries of wh stay zero; a row that cannot be fitted stays.
    """
    signs = np.where(states, 1.0, -1.0)
    before = np.concatenate([np.zeros((1, weights.hidden)), signs[:-1]])
    hot = np.zeros((len(symbols), weights.symbols))
    hot[np.arange(len(symbols)), symbols] = 1
    wx, wh, bh = weights.wx.copy(), weights.wh.copy(), weights.bh.copy()
    with progress.bar("widest margins", weights.hidden) as tick:
        for i in range(weights.hidden):
            kept = np.flatnonzero(weights.wh[i])
            features = np.concatenate([before[:, kept], hot], axis=1) * signs[:, i : i + 1]
            row = np.concatenate([weights.wh[i, kept], weights.wx[i] + weights.bh[i]]).astype(np.float64)
            row = _row(features, row)
            wh[i, kept], wx[i], bh[i] = row[: len(kept)], row[len(kept) :], 0
            tick(i)
    return dataclasses.replace(weights, wx=wx, wh=wh, bh=bh)


def _row(features: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The row with features @ row >= 1 and the least norm, or `start` where none is found."""
    margins = features @ start
    if margins.min() <= 0:
        return start
    options = {"maxiter": 400, "maxcor": 30}
    scaled = start / np.median(margins)
    found = minimize(_hinge, scaled, args=(features,), jac=True, method="L-BFGS-B", options=options).x
    best = max((start, found), key=lambda row: (features @ row).min() / np.linalg.norm(row))
    return best / (features @ best).min()


def _hinge(row: np.ndarray, features: np.ndarray) -> tuple[float, np.ndarray]:
    short = np.maximum(1 - features @ row, 0)
    return float(row @ row / 2 + HINGE * short @ short), row - 2 * HINGE * (short @ features)


def gained(weights: Weights, gain: float) -> Weights:
    """Weights with all sums multiplied: the automaton stays the same up to rounding."""
    parts = {
        name: (getattr(weights, name) * np.float64(gain)).astype(np.float32) for name in ("wx", "wh", "bh")
    }
    return dataclasses.replace(weights, **parts)


def settled(weights: Weights, symbols: np.ndarray, spare: float) -> tuple[Weights, float | None]:
    """The net times the least gain (to 5 %) at which its text is certified, times `spare`; more where
    tanh and signs would still differ by 1e-6 bits per character. None and the net itself where no gain
    is enough."""

    def certified(gain: float) -> bool:
        automaton = compile(gained(weights, gain))
        return certify_text(automaton, automaton.run(symbols)).holds

    high = 1.0
    while not certified(high):
        high *= 2
        if high > LARGEST_GAIN:
            return weights, None
    low = high / 2
    while high / low > 1.05:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if certified(middle) else (middle, high)
    gain = high * max(spare, 1.0)
    while gain < LARGEST_GAIN and not (certified(gain) and _equal(gained(weights, gain), symbols)):
        gain *= 1.3
    return gained(weights, gain), gain


def _equal(weights: Weights, symbols: np.ndarray) -> bool:
    """Whether the tanh program predicts as well as its signs."""
    run = trace(weights, symbols)
    signs = dataclasses.replace(run, hidden=np.where(run.z >= 0, 1, -1).astype(np.float32))
    costs = [bpc(weights, each) for each in (run, signs)]
    return costs[0] is None or costs[1] is None or abs(costs[0] - costs[1]) <= EQUAL
