"""A problem and an engine's name give an answer: bounds first, then the engine, then replay.

`auto` takes turns: closed form, relaxation, solver and search get ever longer slices of time until one of
them answers. A solver's word that there is no solution is followed by an attempt to prove it.
"""

import dataclasses
import functools
import importlib
import time
from collections.abc import Callable, Iterator

import numpy as np

from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answer
from boolrnn.clauses.engines import check_farkas
from boolrnn.clauses.engines.farkas import kind, opening
from boolrnn.clauses.problem import Engine, Limits, Problem, Simplified, simplify
from boolrnn.errors import OptionError

AUTO, BOUNDS = "auto", "bounds"
CLOSED, SEARCH, LP, SOLVER = "closed", "search", "lp", "cp-sat"
ENGINES = {
    CLOSED: "boolrnn.clauses.engines.closed",
    SEARCH: "boolrnn.clauses.engines.search",
    LP: "boolrnn.clauses.engines.lp",
    SOLVER: "boolrnn.clauses.engines.cp_sat",
    "highs": "boolrnn.clauses.engines.highs",
    "cadical": "boolrnn.clauses.engines.cadical",
    "glucose": "boolrnn.clauses.engines.glucose",
}
TURNS, PROVERS = (LP, SOLVER, SEARCH), (LP, SEARCH)
_SLICE = 0.5  # seconds of the first turns
_GROWTH = {SOLVER: 4.0}  # how much longer the next ones are: the solver begins anew each time
_SEARCHABLE = 72  # bits up to which a search of all assignments is worth a turn
_PROOF = 10.0  # seconds for a proof after a solver's word, where no budget says otherwise


def engine_of(name: str) -> Engine:
    """The engine of that name, loaded when it is first asked for.

    Raises
    ------
    OptionError
        Where there is none.
    """
    if name not in ENGINES:
        raise OptionError(f"engine {name!r}: expected one of {', '.join((AUTO, *ENGINES))}")
    return importlib.import_module(ENGINES[name])


def decide(problem: Problem, engine: str = AUTO, limits: Limits | None = None) -> Answer:
    """Solve a problem (and minimise, where it has an objective) with one engine, or with `auto`.

    Where a minimum is asked for and time ends first, the verdict is sat with the least that was found, and
    not proved.

    Raises
    ------
    OptionError
        On an engine that does not exist.
    """
    limits, began = limits or Limits(), time.monotonic()
    turns = TURNS if engine == AUTO else (engine_of(engine).NAME,)
    solve = _any if problem.objective is None else _least
    return dataclasses.replace(solve(problem, turns, limits), seconds=time.monotonic() - began)


def solutions(
    problem: Problem, among: np.ndarray, engine: str = AUTO, limits: Limits | None = None
) -> Iterator[Answer]:
    """Answers whose bits `among` differ, one after the other; the last is unsat or unknown."""
    while True:
        answer = decide(problem, engine, limits)
        yield answer
        if answer.values is None:
            return
        problem = problem.without(answer.values, among)


def _any(problem: Problem, turns: tuple[str, ...], limits: Limits) -> Answer:
    """Any solution, the objective aside."""
    bare = dataclasses.replace(problem, objective=None)
    simple = simplify(bare)
    if simple.rest is None:
        tree = opening(simple)
        check_farkas.check(bare.matrix.tolist(), bare.bounds.tolist(), tree)
        return Answer(UNSAT, BOUNDS, 0.0, True, certificate=kind(tree), proof=(bare, tree))
    if not len(simple.rest.matrix):
        return _replayed(
            bare, Answer(SAT, BOUNDS, 0.0, True, simple.expand(np.zeros(simple.rest.size, bool)))
        )
    if len(turns) == 1:
        return _turn(bare, simple, turns[0], limits)
    return _turns(bare, simple, turns, limits)


def _turns(problem: Problem, simple: Simplified, turns: tuple[str, ...], limits: Limits) -> Answer:
    """Ever longer slices for each engine; a refutation without proof waits for one with it."""
    assert simple.rest is not None
    answer = _turn(problem, simple, CLOSED, limits)
    if answer.verdict != UNKNOWN:
        return answer
    turns = tuple(name for name in turns if name != SEARCH or simple.rest.size <= _SEARCHABLE)
    begun = {name: _begin(problem, simple, name) for name in turns}
    word, notes, slices = None, {}, dict.fromkeys(turns, _SLICE)
    while True:
        for name in turns:
            answer = begun[name]()(_part(limits, slices[name]))
            slices[name] *= _GROWTH.get(name, 2.0)
            if answer.proved or answer.verdict == SAT:
                return answer
            notes[name] = answer.note
            if answer.verdict == UNSAT and word is None:
                word, limits = answer, _part(limits, _PROOF)
        if word is not None:
            turns = tuple(name for name in turns if name in PROVERS)
        if limits.left(time.monotonic()) <= 0:
            break
    note = ", ".join(f"{name}: {note}" for name, note in notes.items() if note)
    return word or Answer(UNKNOWN, "+".join(notes), 0.0, note=note)


def _part(limits: Limits, seconds: float) -> Limits:
    """At most so many seconds from now."""
    end = time.monotonic() + seconds
    return dataclasses.replace(limits, deadline=end if limits.deadline is None else min(end, limits.deadline))


def _turn(problem: Problem, simple: Simplified, name: str, limits: Limits) -> Answer:
    """One engine's answer, its witness replayed."""
    return _begin(problem, simple, name)()(limits)


def _begin(problem: Problem, simple: Simplified, name: str) -> Callable[[], Callable[[Limits], Answer]]:
    """An engine's turns, loaded at the first; one that can goes on where its last turn ended."""

    @functools.cache
    def load() -> Callable[[Limits], Answer]:
        engine = engine_of(name)
        whole = getattr(engine, "WHOLE", False)
        given = problem if whole else simple.rest
        assert given is not None
        solve = engine.begin(given) if hasattr(engine, "begin") else functools.partial(engine.solve, given)

        def turn(limits: Limits) -> Answer:
            answer = solve(limits)
            if answer.values is not None and not whole:
                answer = dataclasses.replace(answer, values=simple.expand(answer.values))
            return _replayed(problem, answer)

        return turn

    return load


def _replayed(problem: Problem, answer: Answer) -> Answer:
    """Refuse a witness that is none: that is a bug, and no answer."""
    if answer.values is not None and not problem.holds(answer.values):
        raise AssertionError(f"engine {answer.engine}: its witness does not satisfy the constraints")
    return answer


def _least(problem: Problem, turns: tuple[str, ...], limits: Limits) -> Answer:
    """A cheapest solution: a solver minimises if it is among `turns`, then (or else) ever cheaper ones are
    looked for until there is none."""
    best, current = None, problem
    answer = _native(problem, limits) if SOLVER in turns else _any(current, turns, limits)
    if answer.values is None and not answer.proved and len(turns) > 1:
        answer = _any(current, turns, limits)  # unknown to the solver alone, or its word for "none"
    while answer.values is not None:
        best = answer
        current = problem.cheaper_than(problem.cost(answer.values) or 0)
        if turns == (SOLVER,):
            break
        proving = PROVERS if SOLVER in turns else turns
        answer = _any(current, proving, _part(limits, _PROOF) if SOLVER in turns else limits)
    if best is None or best.values is None:
        return answer
    proved = answer.verdict == UNSAT and answer.proved
    names = dict.fromkeys((best.engine, answer.engine))
    return dataclasses.replace(
        best,
        engine="+".join(names),
        minimum=problem.cost(best.values),
        proved=proved,
        certificate=answer.certificate if proved else None,
        proof=answer.proof if proved else None,
        note="" if proved else answer.note or "no proof that there is nothing less",
    )


def _native(problem: Problem, limits: Limits) -> Answer:
    """The solver's own minimum, after bounds."""
    simple = simplify(problem)
    if simple.rest is None:
        return _any(problem, PROVERS, limits)
    return _turn(problem, simple, SOLVER, limits)
