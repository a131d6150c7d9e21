"""kept_terms: how few terms of their sums let a few neurons still make the prediction.

The sum of a neuron has H + 2 terms: its bias, the weight of the symbol read, and wh[j, k] h_k of the
position before. Its `m` heaviest (largest in size; of equal ones bias, input, then the lowest source) give
h = tanh of their sum; all terms other than 0 give the neuron's own h. First the same m for all neurons, the
least that keeps the prediction; then each neuron, the last first, goes down to its own least m beside
the others, until nothing changes. Greedy: fewer terms in all may do.
"""

import dataclasses

import numpy as np

from boolrnn.explain.sufficiency import Race, fewest_neurons
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float32, Float64, Int64

BIAS, INPUT = -2, -1  # in place of a source


@dataclasses.dataclass(frozen=True)
class Kept:
    """What suffices for one prediction: K neurons, of each `counts[k]` terms, listed one after the other."""

    neurons: Int64[np.ndarray, "K"]
    proved: bool  # no smaller set of neurons is sufficient, with all their terms
    counts: Int64[np.ndarray, "K"]
    sources: Int64[np.ndarray, "M"]  # of each term kept: a neuron, BIAS or INPUT
    terms: Float64[np.ndarray, "M"]
    values: Float64[np.ndarray, "K"]  # h of these terms alone


def kept(
    weights: Weights,
    race: Race,
    symbol: int,
    hidden: Float64[np.ndarray, "H"],
    before: Float32[np.ndarray, "H"],
) -> Kept:
    """Neurons and terms that suffice for the prediction from `hidden`, reached by reading `symbol` in the
    hidden state `before` (0 at the start)."""
    neurons, proved = fewest_neurons(race, hidden)
    terms = np.empty((len(neurons), weights.hidden + 2))
    terms[:, 0], terms[:, 1] = weights.bh[neurons], weights.wx[neurons, symbol]
    terms[:, 2:] = weights.wh[neurons] * before
    order = np.argsort(-np.abs(terms), axis=1, kind="stable")
    terms = np.take_along_axis(terms, order, axis=1)
    counts, values = fewest_terms(race, neurons, hidden[neurons], terms)
    stays = np.arange(terms.shape[1]) < counts[:, None]
    return Kept(neurons, proved, counts, order[stays] - 2, terms[stays], values)


def fewest_terms(
    race: Race,
    neurons: Int64[np.ndarray, "K"],
    own: Float64[np.ndarray, "K"],
    terms: Float64[np.ndarray, "K M"],
) -> tuple[Int64[np.ndarray, "K"], Float64[np.ndarray, "K"]]:
    """How many of its `terms` (heaviest first) each of these neurons keeps, and h of those alone."""
    partial = np.zeros((len(neurons), terms.shape[1] + 1))
    np.tanh(np.cumsum(terms, axis=1), out=partial[:, 1:])
    every = (terms != 0).sum(axis=1)
    partial = np.where(np.arange(partial.shape[1]) >= every[:, None], own[:, None], partial)
    rates = race.rates[neurons]
    wins = race.won(race.start + partial.T @ rates)
    counts = np.minimum(int(wins.argmax()) if wins.any() else terms.shape[1], every)
    rows, changed = np.arange(len(neurons)), True
    while changed:
        changed = False
        for k in rows[::-1].tolist():
            others = partial[rows, counts]
            others[k] = 0
            leads = race.start + others @ rates + partial[k, : counts[k] + 1, None] * rates[k]
            wins = race.won(leads)
            if wins[: counts[k]].any():
                counts[k], changed = int(wins.argmax()), True
    return counts, partial[rows, counts]
