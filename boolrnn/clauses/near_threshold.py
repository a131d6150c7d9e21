"""Is there a state near this one whose next sum is almost 0? Exact, by meeting in the middle.

Flipping the bits of a set moves z by the sum of the set's terms, -2 w_j s_j. A set of r flips is two disjoint
sets of r/2: their sums are sorted, and for each of the ones the others that lead within eps are looked at
until one is disjoint (E. Horowitz, S. Sahni, J. ACM 21, 1974, doi:10.1145/321812.321823). To stop at one that
is not would prove nothing. |z| < eps is strict, eps being the very rational that the float is.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from boolrnn import progress
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT
from boolrnn.clauses.fewest import AUTO, Found, changes, flips_question
from boolrnn.clauses.flips import Asked, OutOfTimeError, in_time
from boolrnn.clauses.integers import integers
from boolrnn.shapes import Int64

MEET = "meet in the middle"
_SUMS = 1 << 19  # sums of one half that are sorted
_BITS = 58  # of a row whose sums, and their differences, fit into int64


def near(asked: Asked, neurons: Sequence[int], eps: float, engine: str = AUTO) -> tuple[Found, int | None]:
    """The fewest flips (none at all included) after which the next sum of one of `neurons` has |z| < eps;
    and that neuron.

    Up to four flips of 128 bits, or as many as have at most 2^19 halves, need no engine.
    """
    levels = [_Row(asked, neuron, eps) for neuron in neurons]
    exhausted, names, note, proved = -1, {}, None, True
    certificates: dict[str | None, None] = {}
    try:
        with progress.bar("neurons", (asked.most + 1) * len(levels)) as tick:
            for size in range(asked.most + 1):
                meet = engine == AUTO and math.comb(len(asked.units), size - size // 2) <= _SUMS
                certificates = {}
                level = True
                for k, row in enumerate(levels):
                    tick(size * len(levels) + k)
                    in_time(asked.deadline)
                    found = row.meet(size) if meet else row.ask(size, engine)
                    names[MEET if meet else found.engine] = None
                    if found.verdict == SAT:
                        done = dataclasses.replace(found, exhausted=exhausted, engine="+".join(names))
                        return dataclasses.replace(done, proved=proved), row.neuron
                    if found.verdict == UNKNOWN:
                        raise OutOfTimeError
                    level &= found.proved
                    certificates[found.certificate] = None
                exhausted, proved = size, level and (proved or not meet)
    except OutOfTimeError:
        note = "the budget ended"
    except KeyboardInterrupt:
        engines = "+".join(names) or MEET
        return Found(UNKNOWN, None, exhausted, False, engines, interrupted=True), None
    verdict = UNKNOWN if note else UNSAT
    kind = next(iter(certificates)) if len(certificates) == 1 and proved and not note else None
    return Found(verdict, None, exhausted, proved and not note, "+".join(names) or MEET, kind, note), None


class _Row:
    """One neuron: its sum, what each flip adds to it, and the sums that count, in whole numbers."""

    def __init__(self, asked: Asked, neuron: int, eps: float) -> None:
        self.asked, self.neuron = asked, neuron
        row = integers(asked.automaton).row(neuron)
        terms = [int(w) if bit else -int(w) for w, bit in zip(row.weights, asked.state.tolist())]
        self.z = sum(terms) + int(row.drive[asked.word[0]])
        widest = sum(map(abs, terms)) + abs(int(row.drive[asked.word[0]]))
        self.limit = min(math.ceil(Fraction(eps) / Fraction(2) ** row.unit) - 1, widest)
        kind = np.int64 if widest.bit_length() <= _BITS else object
        self.moves = np.array([-2 * terms[j] for j in asked.units.tolist()], kind)

    def meet(self, size: int) -> Found:
        """A set of exactly `size` flips."""
        low, high = -self.limit - self.z, self.limit - self.z
        flips = _subset(self.asked, self.moves, size, low, high)
        if flips is None:
            return Found(UNSAT, None, size, True, MEET)
        return Found(SAT, flips, size - 1, True, MEET, cost=len(flips))

    def ask(self, most: int, engine: str) -> Found:
        """A set of at most `most` flips, from an engine."""
        asked = self.asked
        question = flips_question(asked, [changes(asked, most)])
        z = question.z(1, self.neuron)
        solution = question.where(z <= self.limit, z >= -self.limit).solve(engine, budget=asked.left)
        answer, flips = solution.answer, None
        if solution.states is not None:
            flips = np.flatnonzero(solution.states[0] != asked.state)
        cost = None if flips is None else len(flips)
        return Found(answer.verdict, flips, most, answer.proved, answer.engine, answer.certificate, cost=cost)


def _subset(asked: Asked, moves: np.ndarray, size: int, low: int, high: int) -> Int64[np.ndarray, "R"] | None:
    """Neurons of a set of exactly `size` moves whose sum is low..high."""
    if not size:
        return np.zeros(0, np.int64) if low <= 0 <= high else None
    half = size // 2
    left, right = _sets(len(moves), half), _sets(len(moves), size - half)
    one, other = moves[left].sum(axis=1), moves[right].sum(axis=1)
    order = np.argsort(other, kind="stable")
    other = other[order]
    first = np.searchsorted(other, low - one, "left")
    stop = np.searchsorted(other, high - one, "right")
    going = np.flatnonzero(first < stop)
    while len(going):
        in_time(asked.deadline)
        partner = order[first[going]]
        apart = ~(left[going][:, :, None] == right[partner][:, None, :]).any(axis=(1, 2))
        if apart.any():
            k = int(apart.argmax())
            return np.sort(asked.units[np.r_[left[going[k]], right[partner[k]]]])
        first[going] += 1
        going = going[first[going] < stop[going]]
    return None


@functools.lru_cache(maxsize=8)
def _sets(count: int, size: int) -> Int64[np.ndarray, "N R"]:
    """All sets of `size` out of 0..count-1, ascending."""
    flat = itertools.chain.from_iterable(itertools.combinations(range(count), size))
    return np.fromiter(flat, np.int64).reshape(math.comb(count, size), size)
