"""All minimal reasons and all minimal contrastive sets of an outcome.

A set of bits that those found do not decide is asked about, and brought to a minimal one of its kind, until
none is left (M. H. Liffiton, A. Previti, A. Malik, J. Marques-Silva, Fast, flexible MUS enumeration,
Constraints 21, 2016, doi:10.1007/s10601-015-9183-0).
"""

import numpy as np
from pysat.solvers import Solver

from boolrnn import progress
from boolrnn.clauses.answer import SAT
from boolrnn.clauses.contrast import shrink_contrast
from boolrnn.clauses.forcing import Oracle
from boolrnn.clauses.hitting_sets import PROOF, Found, Mask, shrink, within
from boolrnn.clauses.problem import problem_of
from boolrnn.clauses.solving import AUTO, decide

_CONFLICTS = 20_000  # of the map's solver between two looks at the clock


def all_sets(oracle: Oracle, found: Found, most: int) -> None:
    """All minimal reasons and contrastive sets, at most `most` together: a set that those found do not
    decide is asked about and brought to a minimal one of its kind, until none is left."""
    hidden = len(oracle.outcome.state)
    found.engines.append("enumeration")
    every = [[-j - 1, j + 1] for j in range(hidden)]  # so that each bit is a variable
    with Solver(name="minisat22", bootstrap_with=every) as undecided, progress.bar("sets", most) as tick:
        while len(found.reasons) + len(found.contrasts) < most and not oracle.ended:
            tick(len(found.reasons) + len(found.contrasts))
            undecided.conf_budget(_CONFLICTS)
            more = undecided.solve_limited()
            if more is None:
                continue
            if not more:
                _prove_all(oracle, found)
                return
            fixed = np.array(undecided.get_model()) > 0
            clause = _next(oracle, found, fixed)
            if clause is None:
                found.note = "a set was not decided in time"
                return
            undecided.add_clause(clause)
    if oracle.ended:
        found.note = "the budget ended first"
    else:
        found.settled, found.note = True, f"stopped at {most:,} sets"


def _next(oracle: Oracle, found: Found, fixed: Mask) -> list[int] | None:
    """The minimal set that comes of `fixed`, listed, and the clause that leaves out what it decides."""
    said = oracle.ask(fixed)
    if said.forced:
        part = Found(members=fixed)
        if shrink(oracle, part, np.flatnonzero(fixed).tolist()):
            return None
        assert part.members is not None
        found.reasons.append(part.members)
        return [-j - 1 for j in np.flatnonzero(part.members).tolist()]
    if said.state is None:
        return None
    flips, decided = shrink_contrast(oracle, said.state != oracle.outcome.state)
    if not decided:
        return None
    found.contrasts.append(flips)
    return [j + 1 for j in np.flatnonzero(flips).tolist()]


def _prove_all(oracle: Oracle, found: Found) -> None:
    """That every set contains a reason of the list or misses a contrastive set of it, with a certificate."""
    found.settled = found.minimal = found.smallest = True
    if not any(reason.any() for reason in found.reasons):  # the empty set is a reason, or none is
        found.proved = True
        return
    rows = [*(-reason.astype(np.int64) for reason in found.reasons)]
    bounds = [1 - int(reason.sum()) for reason in found.reasons]
    rows += [flips.astype(np.int64) for flips in found.contrasts]
    bounds += [1] * len(found.contrasts)
    answer = decide(problem_of(np.array(rows), bounds), AUTO, within(PROOF, oracle.limits))
    if answer.verdict == SAT:
        raise AssertionError("a set that is neither decided by the list nor asked about: a bug")
    found.proved, found.certificate = answer.proved, answer.certificate
    found.engines.append(answer.engine)
    if not answer.proved:
        found.note = "that these are all is a solver's word: no proof was found in time"
