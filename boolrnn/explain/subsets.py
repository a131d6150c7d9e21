"""The best readout of every size: which k neurons alone predict the text with the fewest bits?

There are 2^H sets. Of a small net all of them are looked at. Of others, sets are grown and shrunk
greedily, one neuron at a time, and then exchanged: into the best set of a size the best neuron is put and
then the best one taken out, or the other way round, until no such step helps at any size. That finds good
sets, and no proof that there is nothing better; which rows are proved is said row by row.

The steps are those of floating search: Pudil, Novovicova & Kittler (1994), doi:10.1016/0167-8655(94)90127-9.
"""

import math
import time
from collections.abc import Callable

import numpy as np

from boolrnn import progress
from boolrnn.explain.ablated import Ablated
from boolrnn.shapes import Bool, Int64

FEW = 16  # neurons whose sets are all looked at
_MOST = 2.0**33  # exponentials that looking at all sets may take
_GAIN = 1e-12  # improvements by less are roundings
EVERY, FORWARD, BACKWARD, EXCHANGE = "every set", "greedy forward", "greedy backward", "exchange"


def passes(neurons: int) -> float:
    """How many times all P H O exponentials a search takes, roughly."""
    return 2.0**neurons / neurons if neurons <= FEW else 5.0 * neurons


class Search:
    """The best sets found so far: `bpc[k]`, `kept[k]`, `how[k]` and whether that is proved, `optimal[k]`.

    `until` is when (time.monotonic) to stop; `complete` says that the search came to its own end.
    """

    def __init__(self, readout: Ablated, until: float = math.inf) -> None:
        count = readout.neurons
        self.readout = readout
        self.until = until
        self.bpc = np.full(count + 1, np.inf)
        self.kept = np.zeros((count + 1, count), bool)
        self.how = [""] * (count + 1)
        self.optimal = np.zeros(count + 1, bool)
        self.order: list[int] = []  # in which neurons are chosen greedily
        self.every = count <= FEW and readout.hidden.size * len(readout.bias) * passes(count) <= _MOST
        self.complete = False
        self.interrupted = False
        self._news: set[int] = set()  # sizes whose set has not been exchanged yet
        self._seen: dict[tuple[bytes, bool], np.ndarray] = {}  # costs of all sets one neuron away
        self._tick: Callable[..., None] = lambda done, note="": None

    def run(self, rankings: dict[str, Int64[np.ndarray, "H"]]) -> None:
        """Search to the end, the budget, or Ctrl-C; the prefixes of these rankings come first."""
        self._guarded(lambda: self._all(rankings))

    def grow(self) -> None:
        """Only choose neurons one by one, as the greedy ranking needs it."""
        self._guarded(self._forward)

    def greedy(self, rest: Int64[np.ndarray, "H"]) -> Int64[np.ndarray, "H"]:
        """The greedy ranking; what was not chosen in time follows in the order of `rest`."""
        return np.array([*self.order, *(j for j in rest.tolist() if j not in set(self.order))], np.int64)

    @property
    def words(self) -> str:
        """How the sets were found."""
        if self.every and self.complete:
            return "every set of every size was looked at"
        how = (
            "greedy forward and backward, then exchanges (the best neuron in and the best out, or out and "
            "in) until none helps"
        )
        if self.interrupted:
            return how + "; interrupted"
        return how if self.complete else how + "; the budget ended first"

    def _guarded(self, work: Callable[[], None]) -> None:
        scans = 3 * self.readout.neurons
        try:
            with progress.bar("subsets", scans) as tick:
                self._tick = lambda done, note="": tick(min(done, scans), note)
                work()
            self.complete = True
        except _Ended:
            pass
        except KeyboardInterrupt:
            self.interrupted = True

    def _all(self, rankings: dict[str, Int64[np.ndarray, "H"]]) -> None:
        for name, order in rankings.items():
            for k, bpc in enumerate(self.readout.prefixes(order).tolist()):
                self._offer(self._set(order[:k]), bpc, f"ranking {name}")
        self._forward()
        if self.every:
            self._every()
            return
        self._backward()
        self._exchanges()

    def _set(self, members: Int64[np.ndarray, "K"] | list[int]) -> Bool[np.ndarray, "H"]:
        kept = np.zeros(self.readout.neurons, bool)
        kept[members] = True
        return kept

    def _offer(self, kept: Bool[np.ndarray, "H"], bpc: float, how: str, optimal: bool = False) -> None:
        k = int(kept.sum())
        if k in (0, len(kept)):
            how, optimal = EVERY, True
        if bpc < self.bpc[k] - _GAIN * max(1.0, abs(bpc)) or not self.how[k]:
            self.bpc[k], self.kept[k], self.how[k] = bpc, kept, how
            self._news.add(k)
        if optimal:
            self.how[k], self.optimal[k] = EVERY, True

    def _best(self, kept: Bool[np.ndarray, "H"], into: bool, how: str) -> tuple[Bool[np.ndarray, "H"], int]:
        """`kept` with the one neuron put in (or taken out) that leaves the text cheapest, and which it is."""
        which = np.flatnonzero(kept != into)
        key = (kept.tobytes(), into)
        if key not in self._seen:
            if time.monotonic() > self.until:
                raise _Ended
            self._tick(len(self._seen), how)
            self._seen[key] = self.readout.toggled(kept, which)
        costs = self._seen[key]
        at = int(costs.argmin())
        found = kept.copy()
        found[which[at]] = into
        self._offer(found, float(costs[at]), how, len(which) == len(kept))
        return found, int(which[at])

    def _forward(self) -> None:
        kept = self._set(self.order)
        while not kept.all():
            kept, chosen = self._best(kept, True, FORWARD)
            self.order.append(chosen)

    def _backward(self) -> None:
        kept = np.ones(self.readout.neurons, bool)
        while kept.any():
            kept, _ = self._best(kept, False, BACKWARD)

    def _exchanges(self) -> None:
        while self._news:
            for k in sorted(self._news):
                while k in self._news:
                    self._news.discard(k)
                    if not self.optimal[k]:
                        self._exchange(self.kept[k].copy())

    def _exchange(self, kept: Bool[np.ndarray, "H"]) -> None:
        larger, _ = self._best(kept, True, EXCHANGE)
        self._best(larger, False, EXCHANGE)
        smaller, _ = self._best(kept, False, EXCHANGE)
        self._best(smaller, True, EXCHANGE)

    def _every(self) -> None:
        costs = self.readout.every_set()
        members = (np.arange(len(costs))[:, None] >> np.arange(self.readout.neurons) & 1).astype(bool)
        sizes = members.sum(axis=1)
        for k in range(len(self.bpc)):
            numbers = np.flatnonzero(sizes == k)
            at = numbers[costs[numbers].argmin()]
            self._offer(members[at], float(costs[at]), EVERY, optimal=True)


class _Ended(Exception):
    """The budget is used up."""
