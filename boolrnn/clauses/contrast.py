"""Contrastive sets: sets of bits whose flip changes an outcome. A minimal one, and the fewest flips."""

import math
import time

import numpy as np

from boolrnn.clauses.answer import UNSAT
from boolrnn.clauses.forcing import CLOSED, Oracle
from boolrnn.clauses.hitting_sets import Found, Mask, without
from boolrnn.clauses.question import Question


def minimal_contrast(oracle: Oracle, found: Found) -> None:
    """A subset-minimal contrastive set; none where the outcome is forced."""
    if not oracle.outcome.depth:
        minimum_contrast(oracle, found)  # as cheap
        return
    oracle.probe(1)
    found.engines.append("greedy deletion")
    if not len(oracle.seen):
        said = oracle.ask(np.zeros(len(oracle.outcome.state), bool))
        if said.forced is None:
            found.note = "whether any set of flips changes the outcome was not decided in time"
            return
        if said.forced:
            found.finish()
            return
    found.members = oracle.seen[oracle.seen.sum(axis=1).argmin()].copy()
    found.members, decided = shrink_contrast(oracle, found.members)
    if decided:
        found.finish()
    else:
        found.note = "some of its bits may be superfluous: not decided in time"


def shrink_contrast(oracle: Oracle, flips: Mask) -> tuple[Mask, bool]:
    """A minimal part of a contrastive set whose flip still can change the outcome, and whether it is proved
    to be minimal: that its complement and any bit more are a reason."""
    decided = True
    for j in np.flatnonzero(flips).tolist():
        if not flips[j]:
            continue
        said = oracle.ask(~without(flips, j))
        if said.state is not None:
            flips = said.state != oracle.outcome.state
        decided &= said.forced is not None
    return flips, decided


def minimum_contrast(oracle: Oracle, found: Found) -> None:
    """The fewest flips that change the outcome; none where it is forced."""
    if not oracle.outcome.depth:
        found.engines.append(CLOSED)
        found.members = _fewest(oracle)
        found.finish(least=0 if found.members is None else int(found.members.sum()))
        return
    hidden, size = len(oracle.outcome.state), 0
    found.engines.append("exhaustion")
    while size < hidden and oracle.affordable(size + 1):
        found.least = size = size + 1
        whole = oracle.probe(size, first=True)
        at = np.flatnonzero(oracle.seen.sum(axis=1) == size)
        if len(at):
            found.members = oracle.seen[at[0]].copy()
            found.finish(least=size)
            return
        if not whole:
            found.note = "the budget ended first"
            return
    if size == hidden:
        found.finish(least=0)
    else:
        found.least = size + 1
        _nearest(oracle, found)


def _fewest(oracle: Oracle) -> Mask | None:
    """At depth 0: per row the heaviest losses until it gives way; the row that needs fewest."""
    losses, slack = oracle.outcome.losses
    best: list[int] | None = None
    for row, limit in zip(losses, slack.tolist()):
        order = np.argsort(-row, kind="stable")
        across = np.flatnonzero(np.cumsum(row[order]) > limit)
        if len(across) and (best is None or across[0] + 1 < len(best)):
            best = order[: across[0] + 1].tolist()
    if best is None:
        return None
    flips = np.zeros(losses.shape[1], bool)
    flips[best] = True
    return flips


def _nearest(oracle: Oracle, found: Found) -> None:
    """The engines' nearest state with another outcome, none being nearer than `found.least` flips."""
    outcome = oracle.outcome
    nothing = np.zeros(len(outcome.state), bool)
    said = oracle.ask(nothing)
    if said.forced:
        found.finish(least=0)
        return
    if said.state is not None:
        found.members = flips = said.state != outcome.state
        if int(flips.sum()) == found.least:
            found.finish(least=found.least)
            return
    question = Question(outcome.automaton, outcome.symbols[: outcome.depth])
    distance = question.distance(0, outcome.state)
    question = question.where(outcome.changed(question, outcome.open_rows(nothing)), distance >= found.least)
    seconds = oracle.limits.left(time.monotonic())
    budget = None if math.isinf(seconds) else max(seconds, 0.01)
    answer = question.minimise(distance).solve(oracle.engine, budget=budget)
    found.engines.append(answer.answer.engine)
    if answer.verdict == UNSAT and answer.answer.proved:
        if found.members is not None:
            raise AssertionError("engines refute flips that change the outcome: a bug in one of them")
        found.finish(least=0, certificate=answer.answer.certificate)
        return
    if answer.states is not None:
        flips = answer.states[0] != outcome.state
        if found.members is None or flips.sum() <= found.members.sum():
            found.members = flips
            found.smallest = found.proved = found.minimal = answer.answer.proved
    found.settled = found.proved
    if found.proved:
        assert found.members is not None
        found.least, found.certificate = int(found.members.sum()), answer.answer.certificate
    else:
        found.note = answer.answer.note or "the budget ended first"
