"""sufficiency: how few neurons of a state still make the prediction that the whole state makes.

The prediction is the output with the greatest logit by + wy h, the lowest of equal ones. A set of neurons
is sufficient where their readout alone (each at its own h, all others at 0, `by` kept) gives the same
output. That is this package's own definition: nothing published measures it.

greedy        the next neuron is the one that leaves the predicted output the best lead over its strongest
              rival; in the end those that turn out to be superfluous are dropped.
fewer         for one neuron less, weigh the rivals: a set that beats all of them beats any weighted mean,
              and against a mean the best set is the greatest votes. Weights under which these do not
              suffice prove that no set does; the sets that come up on the way may suffice themselves (a
              Lagrangian relaxation, its weights updated as in Arora, Hazan & Kale 2012,
              doi:10.4086/toc.2012.v008a006).
exhaustive    where the sets of one neuron less are at most 40,000, each of them is tried.

A size is called proved where no smaller set is sufficient: always up to 2, beyond where the second or third
way says so. Logits are float64 sums.
"""

import dataclasses
import functools
import itertools
import math

import numpy as np

from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64, Int64

COMBINATIONS = 40_000
_ROUNDS = 30
_RATE = 5.0
_ABOVE = float(np.nextafter(0.0, 1.0))
_SLACK = 1e-10  # of the greatest sum: far above what float64 loses


@dataclasses.dataclass(frozen=True)
class Race:
    """One output against its rivals (all others, R): `start` is its lead from `by`, `rates[j]` what a unit
    of h_j adds to each lead. It wins with leads of `least`: above 0, or 0 where it is the lower output."""

    start: Float64[np.ndarray, "R"]
    rates: Float64[np.ndarray, "H R"]
    least: Float64[np.ndarray, "R"]

    @classmethod
    def of(cls, weights: Weights, output: int) -> "Race":
        """The race that `output` of a net has to win to be predicted."""
        wy, by = weights.wy.astype(np.float64), weights.by.astype(np.float64)
        rivals = np.delete(np.arange(weights.outputs), output)
        rates = np.ascontiguousarray((wy[output] - wy[rivals]).T)
        return cls(by[output] - by[rivals], rates, np.where(rivals > output, 0.0, _ABOVE))

    def won(self, leads: np.ndarray) -> np.ndarray:
        """Whether leads (..., R) over all rivals make it the predicted output."""
        return np.asarray((leads >= self.least).all(axis=-1))


def fewest_neurons(race: Race, hidden: Float64[np.ndarray, "H"]) -> tuple[Int64[np.ndarray, "K"], bool]:
    """A small sufficient set of neurons, in the order in which they help most, and whether none is smaller.

    `hidden` is the state whose prediction the race is about. Where not even all neurons win it (leads that
    are 0 but for rounding), all are returned.
    """
    votes = race.rates * hidden[:, None]
    found = _greedy(race, votes, np.arange(len(hidden)))
    if not race.won(_leads(race, votes, found)):
        return found, False
    found = _irreducible(race, votes, found)
    proved = len(found) <= 2  # the greedy search tries no neuron, then every single one
    while len(found) > 2:
        smaller, none = _smaller(race, votes, len(found) - 1)
        if smaller is None:
            proved = none
            break
        found = _irreducible(race, votes, smaller)
        proved = len(found) <= 2
    return _greedy(race, votes, np.sort(found)), proved


def _leads(race: Race, votes: np.ndarray, neurons: np.ndarray) -> Float64[np.ndarray, "R"]:
    return race.start + votes[neurons].sum(axis=0)


def _greedy(race: Race, votes: np.ndarray, among: np.ndarray) -> Int64[np.ndarray, "K"]:
    """Neurons out of `among`, the best next one each time, until the race is won or none is left."""
    leads, left, taken = race.start, list(among), []
    while left and not race.won(leads):
        after = leads + votes[left]
        least = after.min(axis=1)
        wins = race.won(after)
        best = int(np.where(wins, least, -np.inf).argmax() if wins.any() else least.argmax())
        leads = after[best]
        taken.append(left.pop(best))
    return np.array(taken, np.int64)


def _irreducible(race: Race, votes: np.ndarray, found: np.ndarray) -> Int64[np.ndarray, "K"]:
    """Without the neurons that are superfluous beside those that stay; the first to come go first."""
    for j in found.tolist():
        rest = found[found != j]
        if race.won(_leads(race, votes, rest)):
            found = rest
    return found


def _smaller(race: Race, votes: np.ndarray, size: int) -> tuple[np.ndarray | None, bool]:
    """A sufficient set of `size` neurons if one was found, and whether it is proved that there is none."""
    found, none = _relaxed(race, votes, size)
    if found is not None or none or math.comb(len(votes), size) > COMBINATIONS:
        return found, none
    found = _exhaustive(race, votes, size)
    return found, found is None


def _relaxed(race: Race, votes: np.ndarray, size: int) -> tuple[np.ndarray | None, bool]:
    """The Lagrangian bound: weights over the rivals, those ahead gaining weight in every round."""
    slack = _SLACK * (np.abs(race.start).max() + size * np.abs(votes).max())
    log = race.start.min() - race.start
    for k in range(_ROUNDS):
        weight = np.exp(log - log.max())
        weight /= weight.sum()
        mixed = votes @ weight
        best = np.argpartition(-mixed, size - 1)[:size]
        if race.start @ weight + mixed[best].sum() < -slack:
            return None, True
        leads = _leads(race, votes, best)
        if race.won(leads):
            return best, False
        log = log - _RATE / math.sqrt(1 + k) * leads / max(np.abs(leads).max(), 1e-300)
    return None, False


def _exhaustive(race: Race, votes: np.ndarray, size: int) -> np.ndarray | None:
    """The first sufficient set of `size` neurons: rival by rival, the strongest first, sets that lose drop
    out."""
    alive = _combinations(len(votes), size)
    for o in np.argsort(race.start, kind="stable").tolist():
        leads = race.start[o] + votes[alive, o].sum(axis=1)
        alive = alive[leads >= race.least[o]]
        if not len(alive):
            return None
    return alive[0]


@functools.lru_cache(maxsize=4)
def _combinations(count: int, size: int) -> Int64[np.ndarray, "C K"]:
    listed = itertools.chain.from_iterable(itertools.combinations(range(count), size))
    return np.fromiter(listed, np.int64).reshape(-1, size)
