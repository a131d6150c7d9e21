"""The cheapest flips with an effect: bit j costs its margin |z_j|, the distance of its sum to the threshold.

One threshold, or several bits of the next state, is a question that engines minimise; otherwise flip sets
are looked at in the order of their cost, so that the first with the effect is a cheapest one.
"""

import heapq
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT
from boolrnn.clauses.expression import Constraint
from boolrnn.clauses.fewest import (
    AUTO,
    CLOSED,
    ENUMERATION,
    Found,
    changes,
    effects,
    flips_question,
    lower_bound,
)
from boolrnn.clauses.flips import Asked, OutOfTimeError, in_time
from boolrnn.clauses.integers import integers
from boolrnn.model.automaton import Automaton
from boolrnn.shapes import Bool

IN_ORDER = "enumeration by cost"
_BATCH = 2048  # sets that are looked at together


def margins(automaton: Automaton, before: Bool[np.ndarray, "H"] | None, symbol: int) -> tuple[list[int], int]:
    """|z| of every neuron when `symbol` is read in the state `before` (None: the network's start), as whole
    numbers of 2^unit, and that unit."""
    rows = [integers(automaton).row(j) for j in range(automaton.hidden)]
    unit, found = min(row.unit for row in rows), []
    for row in rows:
        z = int(row.drive[symbol])
        if before is not None:
            z += sum(int(w) if bit else -int(w) for w, bit in zip(row.weights, before.tolist()))
        found.append(abs(z) << (row.unit - unit))
    return found, unit


def cheapest(asked: Asked, costs: Sequence[int], engine: str = AUTO) -> Found:
    """The flips of least total cost with the effect; `costs` (H) are whole and not negative.

    Raises
    ------
    OptionError
        On an engine that does not exist or cannot answer this.
    """
    if engine in (AUTO, ENUMERATION):
        bound, flips = lower_bound(asked)
        if bound < 0 or bound > asked.most:
            return Found(UNSAT, None, asked.most, True, CLOSED)
        if flips is not None and not len(asked.word) and asked.effect.ranked is None:
            return Found(SAT, flips, 0, True, CLOSED, cost=sum(costs[j] for j in flips))
    effect, steps = asked.effect, len(asked.word)
    linear = steps <= 1 if effect.ranked is None else steps == 0 and effect.rank == 0
    if engine == ENUMERATION or (engine == AUTO and not linear):
        return _by_cost(asked, costs)
    try:
        return _Least(asked, costs, engine).run()
    except KeyboardInterrupt:
        return Found(UNKNOWN, None, 0, False, engine, interrupted=True)


class _Least:
    """Ask an engine for the least cost; of a prediction, for that of every rival that may be cheapest."""

    def __init__(self, asked: Asked, costs: Sequence[int], engine: str) -> None:
        self.asked, self.costs, self.engine = asked, costs, engine
        self.names: dict[str, None] = {}
        self.certificates: dict[str | None, None] = {}
        self.best: tuple[int, np.ndarray] | None = None
        self.proved, self.note = True, ""

    def run(self) -> Found:
        """The cheapest of all."""
        open_ = False
        for bound, parts in self._parts():
            if self.best is None or bound < self.best[0]:
                open_ |= not self._ask(parts)
        names = "+".join(self.names) or self.engine
        if self.best is None:
            verdict = UNKNOWN if open_ else UNSAT
            exhausted = self.asked.most if not open_ else 0
            proved = self.proved and not open_
            return Found(
                verdict, None, exhausted, proved, names, self._certificate(proved), self.note or None
            )
        proved = self.proved and not open_
        cost, flips = self.best
        note = None if proved else self.note or None
        return Found(SAT, flips, 0, proved, names, self._certificate(proved), note, cost=cost)

    def _parts(self) -> list[tuple[int, list[Constraint]]]:
        """Constraints any of which will do, each with a lower bound of its cost, the least first."""
        asked, ranked = self.asked, self.asked.effect.ranked
        if ranked is None or len(asked.word):
            return [(0, effects(asked))]
        question, found = flips_question(asked, []), []
        gains, needs = ranked.gains(asked.state, asked.units), ranked.needs(asked.state)
        prices = [self.costs[j] for j in asked.units.tolist()]
        for row, other in enumerate(ranked.other.tolist()):
            bound = _fraction(gains[row].tolist(), int(needs[row]), prices)
            if bound is not None:
                found.append((bound, other))
        top = question.output(0, ranked.one)
        return [
            (bound, [question.output(0, other) - top >= int(other > ranked.one)])
            for bound, other in sorted(found)
        ]

    def _ask(self, parts: list[Constraint]) -> bool:
        """Ask for the least; False where the engine does not know."""
        asked = self.asked
        question = flips_question(asked, parts)
        if asked.most < len(asked.units):
            question = question.where(changes(asked, asked.most))
        units = asked.units.tolist()
        total = question.distance(0, asked.state, units, [self.costs[j] for j in units])
        solution = question.minimise(total).solve(self.engine, budget=asked.left)
        answer = solution.answer
        self.names[answer.engine] = None
        self.certificates[answer.certificate] = None
        self.note = self.note or answer.note
        self.proved &= answer.proved or answer.verdict == UNKNOWN
        if solution.states is not None:
            flips = np.flatnonzero(solution.states[0] != asked.state)
            cost = sum(self.costs[j] for j in flips.tolist())
            if self.best is None or cost < self.best[0]:
                self.best = (cost, flips)
        return answer.verdict != UNKNOWN

    def _certificate(self, proved: bool) -> str | None:
        """The kind of proof, where all parts that were asked have one of that kind."""
        return next(iter(self.certificates)) if proved and len(self.certificates) == 1 else None


def _fraction(gains: Sequence[int], need: int, prices: Sequence[int]) -> int | None:
    """A lower bound of the cost at which gains reach `need`: the last item may be taken in part (Dantzig,
    Oper. Res. 5, 1957, doi:10.1287/opre.5.2.266), rounded up. None where they do not reach it."""
    items = [(price, gain) for gain, price in zip(gains, prices) if gain > 0]
    if sum(gain for _, gain in items) < need:
        return None
    total = 0
    for price, gain in sorted(items, key=_Ratio):
        if gain >= need:
            return total - (-price * need // gain)
        total, need = total + price, need - gain
    return total


class _Ratio:
    """Orders items by price per gain, exactly."""

    def __init__(self, item: tuple[int, int]) -> None:
        self.price, self.gain = item

    def __lt__(self, other: "_Ratio") -> bool:
        return self.price * other.gain < other.price * self.gain


def _by_cost(asked: Asked, costs: Sequence[int]) -> Found:
    """Sets in the order of their cost, until one has the effect."""
    order = sorted(asked.units.tolist(), key=lambda j: (costs[j], j))
    sets, looked = _ascending(order, [costs[j] for j in order], asked.most), 0
    try:
        while True:
            in_time(asked.deadline)
            batch = list(itertools.islice(sets, _BATCH))
            if not batch:
                return Found(UNSAT, None, asked.most, True, IN_ORDER)
            by_size: dict[int, list[int]] = {}
            for k, (_, members) in enumerate(batch):
                by_size.setdefault(len(members), []).append(k)
            hits = [
                numbers[k]
                for numbers in by_size.values()
                for k in np.flatnonzero(asked.shows(np.array([batch[k][1] for k in numbers]))).tolist()
            ]
            if hits:
                cost, members = batch[min(hits)]
                return Found(SAT, np.sort(np.array(members)), 0, True, IN_ORDER, cost=cost)
            looked += len(batch)
    except OutOfTimeError:
        note = f"the budget ended: {looked:,} sets, in the order of their cost, were looked at"
        return Found(UNKNOWN, None, 0, False, IN_ORDER, note=note)
    except KeyboardInterrupt:
        return Found(UNKNOWN, None, 0, False, IN_ORDER, interrupted=True)


def _ascending(order: list[int], costs: list[int], most: int) -> Iterator[tuple[int, list[int]]]:
    """Sets of at most `most` of `order`, whose costs ascend, by cost: each set but the first comes from a
    cheaper one, by taking in the next item or by putting the next in the place of the last."""
    heap: list[tuple[int, tuple[int, ...]]] = [(costs[0], (0,))] if order and most > 0 else []
    while heap:
        cost, places = heapq.heappop(heap)
        yield cost, [order[k] for k in places]
        following = places[-1] + 1
        if following < len(order):
            moved = cost - costs[places[-1]] + costs[following]
            heapq.heappush(heap, (moved, (*places[:-1], following)))
            if len(places) < most:
                heapq.heappush(heap, (cost + costs[following], (*places, following)))
