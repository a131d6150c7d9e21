"""Reasons: sets of bits that force an outcome. A minimal one, and one with the fewest bits.

A contrastive set is one whose flip (or that of a part of it) changes the outcome. A set is a reason if and
only if it meets every contrastive set; the minimal ones of either kind are the minimal hitting sets of the
other (A. Ignatiev, N. Narodytska, N. Asher, J. Marques-Silva, From contrastive to abductive explanations and
back again, AIxIA 2020, doi:10.1007/978-3-030-77091-4_21, after R. Reiter, A theory of diagnosis from first
principles, Artif. Intell. 32, 1987, doi:10.1016/0004-3702(87)90062-2). So a smallest reason is looked for
among the smallest sets that meet all contrastive sets seen so far (A. Ignatiev, N. Narodytska,
J. Marques-Silva, Abduction-based explanations for machine learning models, AAAI 2019,
doi:10.1609/aaai.v33i01.33011511). Where one step of sums decides, it is a covering problem.
"""

import dataclasses
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from boolrnn import progress
from boolrnn.clauses.answer import SAT, UNSAT
from boolrnn.clauses.engines.farkas import multipliers
from boolrnn.clauses.engines.relaxation import Relaxation
from boolrnn.clauses.forcing import CLOSED, Oracle, Said
from boolrnn.clauses.problem import Limits, Problem, problem_of
from boolrnn.clauses.solving import AUTO, LP, SOLVER, decide, engine_of
from boolrnn.shapes import Bool

_WORD = "that nothing is smaller is a solver's word: there is no proof of it"
_WAYS = 8  # in which each counterexample is brought nearer, when many contrastive sets are wanted
PROOF = 10.0  # seconds for the proof that nothing is smaller, after a solver has said so

Mask = Bool[np.ndarray, "H"]


@dataclasses.dataclass(eq=False)
class Found:
    """What a search has so far: it stays when the search is stopped.

    `members` is the set shown, None where there is none (yet). `minimal`: no part of it is one. `smallest`:
    none has fewer bits; `proved` says that this is no solver's word alone. `least`: none has fewer than so
    many. `settled`: the search came to its end. `needed[j]` is a state that agrees on the reason without
    bit j and has another outcome.
    """

    members: Mask | None = None
    minimal: bool = False
    smallest: bool = False
    proved: bool = False
    settled: bool = False
    least: int = 0
    certificate: str | None = None
    engines: list[str] = dataclasses.field(default_factory=list)
    needed: dict[int, np.ndarray] = dataclasses.field(default_factory=dict)
    reasons: list[Mask] = dataclasses.field(default_factory=list)
    contrasts: list[Mask] = dataclasses.field(default_factory=list)
    note: str | None = None

    def finish(self, *, least: int | None = None, certificate: str | None = None) -> None:
        """The search came to its end with a proof; with `least`, that nothing is smaller."""
        self.minimal = self.proved = self.settled = True
        self.certificate = certificate
        if least is not None:
            self.smallest, self.least = True, least


def minimal_reason(oracle: Oracle, found: Found) -> None:
    """A subset-minimal reason: free one bit after the other, those that matter least first."""
    found.members, found.needed = np.ones(len(oracle.outcome.state), bool), {}
    found.engines.append("greedy deletion")
    if oracle.outcome.depth:
        oracle.probe(1)
        undecided = shrink(oracle, found, _by_weight(oracle))
    else:
        undecided = _shrink_sums(oracle, found)
    if undecided:
        found.note = f"{len(undecided):,} bits may be superfluous: not decided in time"
    else:
        found.finish()


def shrink(oracle: Oracle, found: Found, order: Sequence[int]) -> list[int]:
    """Free the bits in `order` of the reason `found.members` as far as it stays one; those that are kept
    because it was not decided are returned."""
    assert found.members is not None
    undecided = []
    with progress.bar("neurons", len(order)) as tick:
        for k, j in enumerate(order):
            tick(k, f"{int(found.members.sum())} in the reason")
            said = oracle.ask(without(found.members, j))
            if said.forced:
                found.members = without(found.members, j)
            elif said.state is not None:
                found.needed[j] = said.state
            else:
                undecided.append(j)
    left = []
    for j in undecided:  # with fewer bits fixed there are more counterexamples
        said = oracle.refute(without(found.members, j))
        if said.state is not None:
            found.needed[j] = said.state
        else:
            left.append(j)
    return left


def _by_weight(oracle: Oracle) -> list[int]:
    """Bits to free, least influence on the rows first."""
    outcome, nothing = oracle.outcome, np.zeros(len(oracle.outcome.state))
    if not len(outcome.partial.left_open(nothing)):
        return list(range(len(nothing)))
    return np.argsort(outcome.partial.below(nothing).order(), kind="stable").tolist()


def _shrink_sums(oracle: Oracle, found: Found) -> list[int]:
    """`shrink` at depth 0, by the sums that each row can still give up: those bits first whose greatest
    share of what some row can give up is least."""
    losses, slack = oracle.outcome.losses
    oracle.tells[CLOSED] += losses.shape[1]
    assert found.members is not None
    share = losses.astype(np.float64) / np.maximum(slack, 1).astype(np.float64)[:, None]
    left = slack.copy()
    for j in np.argsort(share.max(axis=0, initial=0.0), kind="stable").tolist():
        after = left - losses[:, j]
        if not (after < 0).any():
            found.members[j], left = False, after
    for j in np.flatnonzero(found.members).tolist():
        row = int(np.argmax(left < losses[:, j]))
        free = ~without(found.members, j) & (losses[row] > 0).astype(bool)
        found.needed[j] = oracle.outcome.state ^ free
    return []


def minimum_reason(oracle: Oracle, found: Found) -> None:
    """A reason with the fewest bits."""
    minimal_reason(oracle, found)
    found.proved = found.settled = False
    found.note = None
    if oracle.outcome.depth:
        _implicit(oracle, found)
    elif len(oracle.outcome.rows[0]) <= 1:  # the heaviest bits of one row: greedy is best
        assert found.members is not None
        found.engines[:] = [CLOSED]
        found.finish(least=int(found.members.sum()))
    else:
        _covering(oracle, found)


def _covering(oracle: Oracle, found: Found) -> None:
    """At depth 0: the fewest bits whose losses, kept, leave every row what it needs."""
    losses, slack = oracle.outcome.losses
    need = losses.sum(axis=1) - slack
    used = np.flatnonzero(need > 0)
    problem = problem_of(losses[used], need[used], np.ones(losses.shape[1], np.int64))
    least = smallest(problem, oracle, found)
    assert found.members is not None
    if least.values is not None and least.values.sum() < found.members.sum():
        found.members, found.needed, found.minimal = least.values, {}, False
        shrink(oracle, found, np.flatnonzero(least.values).tolist())  # whose states say why each is needed
        found.minimal = True
    _conclude(problem, least, oracle, found)


class Least(NamedTuple):
    """A solution with the fewest bits, None where time ended first; whether an engine called it that, and
    whether that is proved."""

    values: Mask | None
    called: bool
    proved: bool = False
    certificate: str | None = None


def smallest(problem: Problem, oracle: Oracle, found: Found) -> Least:
    """What the engine says about the fewest bits that solve the problem."""
    if not len(problem.matrix):
        return Least(np.zeros(problem.size, bool), True, True)
    name = SOLVER if oracle.engine == AUTO else oracle.engine
    found.engines.append(name)
    if name == SOLVER:
        answer = engine_of(name).solve(problem, oracle.limits)
        called = answer.verdict == SAT and not answer.note
        if called or oracle.engine == SOLVER or oracle.ended:
            return Least(answer.values, called)
    answer = decide(problem, oracle.engine, oracle.limits)  # rows too wide for the solver, for one
    called = answer.verdict == SAT and (answer.proved or not oracle.ended)
    return Least(answer.values, called, answer.proved, answer.certificate)


def _conclude(problem: Problem, least: Least, oracle: Oracle, found: Found) -> None:
    """What is known about fewer bits than `found.members`, a solution of the problem."""
    assert found.members is not None
    size = int(found.members.sum())
    if not least.called:
        found.note = "the engine ended before it could say that nothing is smaller"
    elif least.proved:
        found.finish(least=size, certificate=least.certificate)
    else:
        found.smallest, found.settled, found.note = True, not oracle.ended, _WORD
        if oracle.engine == AUTO:
            _refute_less(problem, oracle, found)
    if not found.proved:
        found.least = least_of(problem, size)


def _refute_less(problem: Problem, oracle: Oracle, found: Found) -> None:
    """Refute by linear relaxation that a solution has fewer bits, with a certificate."""
    assert found.members is not None
    size = int(found.members.sum())
    fewer = dataclasses.replace(problem.cheaper_than(size), objective=None)
    refuted = decide(fewer, LP, within(PROOF, oracle.limits))
    found.engines.append(LP)
    if refuted.verdict == UNSAT and refuted.proved:
        found.note = None
        found.finish(least=size, certificate=refuted.certificate)
    elif refuted.verdict == SAT:
        raise AssertionError("a smaller set than the least one of a solver: a bug in one of the engines")


def least_of(problem: Problem, most: int) -> int:
    """A number of bits below which no solution is, up to `most`: one sum of rows, in exact integers, refutes
    fewer. Its multipliers are the duals of the linear relaxation."""
    low, every = 0, np.full(problem.size, -1)
    while low < most:
        middle = (low + most + 1) // 2
        fewer = problem.cheaper_than(middle)
        relaxation = Relaxation(fewer.matrix, fewer.bounds)
        point = relaxation.solve(every)
        rows = np.arange(len(fewer.matrix))
        if point is None or point.distance >= 0:
            refuted = None
        else:
            refuted = multipliers(fewer, rows, relaxation.norms, point.duals, every)
        low, most = (low, middle - 1) if refuted is None else (middle, most)
    return low


def _implicit(oracle: Oracle, found: Found) -> None:
    """Deeper: smallest sets that meet all contrastive sets seen, until one is a reason or as large as the
    best. The sets seen are what a proof rests on."""
    found.engines.append("hitting sets")
    oracle.ways = _WAYS
    if oracle.affordable(2):
        oracle.probe(2)
    while True:
        assert found.members is not None
        problem = _meeting(oracle.seen)
        least = smallest(problem, oracle, found)
        if least.values is not None and least.called and least.values.sum() < found.members.sum():
            said = _grow(oracle, least.values)
            if said.forced is None:
                least = least._replace(called=False)
            elif said.forced:
                found.members, found.needed, found.minimal = least.values, {}, False
            elif not oracle.ended:
                continue
            else:
                least = least._replace(called=False)
        break
    if least.called:  # fewer bits miss one of the sets seen, so none is superfluous
        found.minimal = not shrink(oracle, found, np.flatnonzero(found.members).tolist())
    _conclude(problem, least, oracle, found)


def _grow(oracle: Oracle, cover: Mask) -> Said:
    """Whether `cover` is a reason; if not, contrastive sets that share no bit are seen on the way."""
    first = said = oracle.ask(cover)
    while said.state is not None:
        cover = cover | (said.state != oracle.outcome.state)
        said = oracle.refute(cover)
    return first


def _meeting(sets: Bool[np.ndarray, "P H"]) -> Problem:
    """The fewest bits of which every set holds one."""
    ones = np.ones(sets.shape[1], np.int64)
    return problem_of(sets.astype(np.int64), np.ones(len(sets), np.int64), ones)


def without(members: Mask, j: int) -> Mask:
    """The set without one of its bits."""
    rest = members.copy()
    rest[j] = False
    return rest


def within(seconds: float, limits: Limits) -> Limits:
    """At most so many seconds from now."""
    now = time.monotonic()
    return dataclasses.replace(limits, deadline=now + min(seconds, limits.left(now)))
