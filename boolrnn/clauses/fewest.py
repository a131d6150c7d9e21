"""The fewest flips with an effect: a closed form where there is one, else level by level.

Where one flip set is enough for a proof it is one: the fewest flips that carry a single threshold across are
the inputs that push most, and no effect needs fewer flips than the thresholds that it needs. From that lower
bound on, levels are exhausted by enumeration. Several bits of the very next state are linear constraints
on the flipped state: from a few thousand sets on, an engine is asked (boolrnn.clauses.question), whose
refutation of "at most r flips" covers all levels up to r.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.clauses.against import NEVER
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT
from boolrnn.clauses.expression import Any as Either
from boolrnn.clauses.expression import Constraint
from boolrnn.clauses.flips import Asked, Levels, OutOfTimeError
from boolrnn.clauses.integers import integers
from boolrnn.clauses.question import Question
from boolrnn.errors import OptionError
from boolrnn.shapes import Int64

AUTO, ENUMERATION, CLOSED = "auto", "enumeration", "closed form"
_FEW = 10_000  # sets that are enumerated before an engine is asked about bits of the next state
_MANY = 1 << 28  # the same for a prediction, whose rows engines find hard


@dataclasses.dataclass(frozen=True)
class Found:
    """What came out: the flips (ascending neurons) where there are any, and how it is known.

    No set of at most `exhausted` flips has the effect; `cost` is what was minimised, in whole units.
    """

    verdict: str
    flips: Int64[np.ndarray, "R"] | None
    exhausted: int
    proved: bool
    engine: str
    certificate: str | None = None
    note: str | None = None
    interrupted: bool = False
    cost: int | None = None


def fewest(asked: Asked, engine: str = AUTO) -> Found:
    """The fewest flips with the effect; of several such sets the first, in lexicographic order where they
    are enumerated.

    Raises
    ------
    OptionError
        On an engine that does not exist or cannot answer this.
    """
    return _Search(asked, engine).run()


class _Search:
    """Level after level; what is known so far."""

    def __init__(self, asked: Asked, engine: str) -> None:
        self.asked, self.engine = asked, engine
        self.linear = len(asked.word) <= 1 and (asked.effect.ranked is None or asked.effect.rank == 0)
        self.linear &= bool(len(asked.word)) or asked.effect.ranked is not None
        self.levels = Levels(asked)
        self.names: dict[str, None] = {}  # what was used, in order
        self.exhausted, self.proved = 0, True
        self.certificate: str | None = None
        self.upper: np.ndarray | None = None  # flips with the effect, not known to be fewest
        self.note: str | None = None

    def run(self) -> Found:
        """As far as the budget lets it."""
        try:
            if self.engine == AUTO:
                bound, flips = lower_bound(self.asked)
                self.names[CLOSED] = None
                if bound == NEVER or bound > self.asked.most:
                    self.exhausted = self.asked.most
                    return self._found(UNSAT)
                self.exhausted = bound - 1
                if flips is not None:
                    return self._found(SAT, flips)
                if bound == 1:
                    del self.names[CLOSED]  # it said nothing
            return self._levels()
        except OutOfTimeError:
            self.note = "the budget ended"
        except KeyboardInterrupt:
            return self._stopped(interrupted=True)
        return self._stopped()

    def _levels(self) -> Found:
        asked, asking = self.asked, self._asks(self.asked.most)
        if asking and asked.most < len(asked.units):
            self._ask(asked.most)  # one refutation may do
        while self.exhausted < asked.most:
            size = self.exhausted + 1
            if self.upper is not None and len(self.upper) <= size:
                return self._found(SAT, self.upper)
            if self._asks(size):
                if not self._ask(size):
                    return self._stopped()
                continue
            flips = self.levels.first(size)
            self.names.update(dict.fromkeys(f"{ENUMERATION} ({name})" for name in sorted(self.levels.used)))
            if flips is not None:
                return self._found(SAT, flips)
            self.exhausted, self.certificate = size, None
        return self._found(UNSAT)

    def _asks(self, size: int) -> bool:
        """Whether a level is a question for an engine."""
        if self.engine not in (AUTO, ENUMERATION):
            return True
        simple = self.asked.effect.ranked is None
        sets = self.asked.sets(min(size, len(self.asked.units) // 2))
        return self.engine == AUTO and self.linear and sets > (_FEW if simple else _MANY)

    def _ask(self, most: int) -> bool:
        """Ask an engine about `most` flips at most; False where it does not know."""
        asked = self.asked
        question = flips_question(asked, effects(asked)).where(changes(asked, most))
        solution = question.solve(self.engine, budget=asked.left)
        answer = solution.answer
        self.names[answer.engine] = None
        if solution.states is not None:
            self.upper = np.flatnonzero(solution.states[0] != asked.state)
        elif answer.verdict == UNSAT:
            self.exhausted, self.proved = most, self.proved and answer.proved
            self.certificate = answer.certificate
            if answer.proved:  # of every level up to this one
                self.proved = True
        self.note = answer.note or None
        return answer.verdict != UNKNOWN

    def _stopped(self, interrupted: bool = False) -> Found:
        """It ended before its time: what is known is not the last word."""
        if self.upper is None:
            return self._found(UNKNOWN, None, interrupted)
        self.proved = False
        return self._found(SAT, self.upper, interrupted)

    def _found(
        self, verdict: str, flips: Int64[np.ndarray, "R"] | None = None, interrupted: bool = False
    ) -> Found:
        known = self.proved and verdict != UNKNOWN
        return Found(
            verdict=verdict,
            flips=flips,
            exhausted=self.exhausted,
            proved=known,
            engine="+".join(self.names) or ENUMERATION,
            certificate=self.certificate if known else None,
            note=self.note if not known else None,
            interrupted=interrupted,
            cost=None if flips is None else len(flips),
        )


def lower_bound(asked: Asked) -> tuple[int, Int64[np.ndarray, "R"] | None]:
    """No fewer flips have the effect (NEVER: no set has); and so many that have it, where it is plain."""
    effect, steps = asked.effect, len(asked.word)
    if effect.ranked is not None:
        if not len(effect.ranked.other):  # no output ever changes sides
            return NEVER, None
        if steps:
            return 1, None
        least = effect.ranked.crossings(asked.state, asked.units)
        if (least == NEVER).all():
            return NEVER, None
        row = int(np.where(least == NEVER, len(asked.state) + 1, least).argmin())
        return int(least[row]), _with_effect(asked, _prefix(asked, effect.ranked.gains, row, int(least[row])))
    if not steps:
        inside = bool(np.isin(effect.neurons, asked.units).all())
        return (len(effect.neurons), np.sort(effect.neurons)) if inside else (NEVER, None)
    if steps > 1:
        return 1, None
    sets = [one_bit(asked, int(neuron)) for neuron in effect.neurons]
    known = [flips for flips in sets if flips is not None]
    if len(known) < len(sets):
        return NEVER, None
    longest = max(known, key=len)
    return len(longest), _with_effect(asked, longest)


def _prefix(asked: Asked, gains: Any, row: int, count: int) -> Int64[np.ndarray, "R"]:
    """The `count` flips that move a row most."""
    moves = gains(asked.state, asked.units)[row]
    return np.sort(asked.units[np.argsort(-moves, kind="stable")[:count]])


def _with_effect(asked: Asked, flips: Int64[np.ndarray, "R"]) -> Int64[np.ndarray, "R"] | None:
    return flips if asked.shows(flips[None])[0] else None


def one_bit(asked: Asked, neuron: int) -> Int64[np.ndarray, "R"] | None:
    """The fewest flips that change one bit of the next state, None where no set does."""
    gains, need = threshold(asked, neuron)
    order = sorted((j for j in asked.units.tolist() if gains[j] > 0), key=lambda j: (-gains[j], j))
    reach = 0
    for count, j in enumerate(order):
        reach += gains[j]
        if reach >= need:
            return np.sort(np.array(order[: count + 1]))
    return None


def threshold(asked: Asked, neuron: int) -> tuple[list[int], int]:
    """How far each flip moves a neuron's sum towards its threshold (H whole numbers), and how far it has to
    be moved for its next bit to change."""
    row = integers(asked.automaton).row(neuron)
    terms = [int(w) if bit else -int(w) for w, bit in zip(row.weights, asked.state.tolist())]
    z = sum(terms) + int(row.drive[asked.word[0]])
    if z >= 0:
        return [2 * term for term in terms], z + 1
    return [-2 * term for term in terms], -z


def flips_question(asked: Asked, parts: Sequence[Constraint]) -> Question:
    """A question about the flipped state, in which bits that may not be flipped are as they were."""
    question = Question(asked.automaton, asked.word)
    fixed = np.ones(len(asked.state), bool)
    fixed[asked.units] = False
    return question.where(question.equals(0, asked.state, fixed), *parts)


def changes(asked: Asked, most: int) -> Constraint:
    """At most so many flips."""
    return Question(asked.automaton, asked.word).distance(0, asked.state, asked.units.tolist()) <= most


def effects(asked: Asked) -> list[Constraint]:
    """The effect as constraints, all of which must hold.

    Raises
    ------
    OptionError
        Where it is the rank of a symbol that is not predicted.
    """
    question, effect, steps = Question(asked.automaton, asked.word), asked.effect, len(asked.word)
    if effect.ranked is None:
        return [question.bit(steps, int(j)) == int(not effect.last[j]) for j in effect.neurons]
    if effect.rank:
        raise OptionError("a rank that is not the first: no constraint for an engine, expected enumeration")
    one, top = effect.ranked.one, question.output(steps, effect.ranked.one)
    rivals = effect.ranked.other.tolist()
    return [Either(tuple(question.output(steps, o) - top >= int(o > one) for o in rivals))]
