"""Is an outcome forced? The bits F of a state are fixed at their values, the others are free: do all
completions lead to the same outcome?

An outcome is a neuron's bit or the predicted symbol after K symbols. Either is a system of threshold rows

    base[r] + sum_i gain[r, i] s_i >= 0         (s: signs, whole numbers)

over the state after the first `depth` of these symbols: the bit's own row one step before its time, or one
row per rival of the predicted symbol. At depth 0 the worst completion of a row is known, which settles the
matter. Deeper, counterexamples are looked for first; then free bits are branched on, as long as bounds of
what known bits decide leave a row open (boolrnn.clauses.partial_states); then the engines are asked.
"""

import dataclasses
import functools
import itertools
import math
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from boolrnn.bits import signs
from boolrnn.clauses.answer import UNKNOWN, UNSAT
from boolrnn.clauses.expression import Any, AtLeast, Constraint, Sum
from boolrnn.clauses.integers import integers
from boolrnn.clauses.partial_states import Partial
from boolrnn.clauses.problem import Limits
from boolrnn.clauses.properties import readout
from boolrnn.clauses.question import Question
from boolrnn.model.automaton import Automaton
from boolrnn.model.kernels import stepper
from boolrnn.shapes import Bool, Float64, Int64

CLOSED = "closed form"
_WHOLE = 1 << 61  # rows whose sums are below fit into int64, twice over
_CLIMBS = 4  # walks towards a counterexample, each from another completion
_RANDOM = 256  # completions drawn at random before that
_ENUMERATED = 20  # free bits up to which branching goes on until it has an answer
_BLOCK = 4096  # states that are stepped at once
_SETS, _PRODUCTS = 500_000, 20_000_000_000  # sets of bits that are all flipped, and what their steps multiply


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """What `state` leads to over `symbols` (K): the bit of neuron `bit`, or (None) the predicted symbol."""

    automaton: Automaton
    state: Bool[np.ndarray, "H"]
    symbols: Int64[np.ndarray, "K"]
    bit: int | None

    @property
    def depth(self) -> int:
        """Symbols read before the state that the rows speak of."""
        return len(self.symbols) - (self.bit is not None)

    def of(self, states: Bool[np.ndarray, "B H"], all_: int = 0) -> Int64[np.ndarray, "B"]:
        """What each of `states` (of `all_` that will be asked about) leads to, in exact arithmetic."""
        words = np.broadcast_to(self.symbols, (len(states), len(self.symbols)))
        after = stepper(self.automaton, all_ * len(self.symbols)).advance(states, words)
        return readout(self.automaton).predicted(after) if self.bit is None else after[:, self.bit] * 1

    @functools.cached_property
    def value(self) -> int:
        """What `state` itself leads to."""
        return int(self.of(self.state[None])[0])

    @functools.cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """gain (R, H) and base (R), int64 where their sums fit, else Python integers."""
        whole = integers(self.automaton)
        if self.bit is not None:
            row, sign = whole.row(self.bit), 2 * self.value - 1  # z >= 0, or -z - 1 >= 0
            gain = sign * row.weights.astype(object)[None]
            base = np.array([sign * int(row.drive[self.symbols[-1]]) - (sign < 0)], object)
        else:
            weights, biases = whole.readout
            rivals = np.delete(np.arange(len(biases)), self.value)
            gain = weights[self.value] - weights[rivals]
            base = biases[self.value] - biases[rivals] - (rivals < self.value)
        small = all(sum(map(abs, row)) + abs(edge) < _WHOLE for row, edge in zip(gain.tolist(), base))
        return (gain.astype(np.int64), base.astype(np.int64)) if small else (gain, base)

    @functools.cached_property
    def losses(self) -> tuple[np.ndarray, np.ndarray]:
        """At depth 0: what each row loses when bit j is flipped (R, H; 0 where that helps it), and what it
        can give up (R)."""
        gain, base = self.rows
        helped = gain * np.where(self.state, 1, -1)
        return 2 * np.maximum(helped, 0), helped.sum(axis=1) + base

    @functools.cached_property
    def partial(self) -> Partial:
        """What partial states decide about the rows."""
        return Partial(self.automaton, self.symbols[: self.depth], *self.rows)

    def known(self, fixed: Bool[np.ndarray, "H"]) -> Float64[np.ndarray, "H"]:
        """The partial state in which these bits are known."""
        return np.where(fixed, signs(self.state), 0.0)

    def open_rows(self, fixed: Bool[np.ndarray, "H"]) -> Int64[np.ndarray, "Q"]:
        """Rows that bounds do not settle with these bits known; none where the outcome is forced for sure."""
        return self.partial.left_open(self.known(fixed))

    def changed(self, question: Question, rows: Int64[np.ndarray, "Q"]) -> Constraint:
        """One of `rows` is broken, in the words of a question that reads the first `depth` symbols."""
        gain, base = self.rows
        broken = []
        for r in rows.tolist():
            total = Sum(constant=int(base[r]) - sum(int(v) for v in gain[r]))
            for i in np.flatnonzero(gain[r]).tolist():
                total = total + question.bit(self.depth, i) * (2 * int(gain[r, i]))
            broken.append(AtLeast(-total - 1))
        return Any(tuple(broken))


class Said(NamedTuple):
    """`forced`: True, False or None (undecided); where False, `state` is a completion to another outcome."""

    forced: bool | None
    state: Bool[np.ndarray, "H"] | None = None


class Oracle:
    """Answers whether fixing bits forces the outcome, and remembers the counterexamples it has seen.

    `tells` counts the answers by how they were found. A question takes at most `patience` seconds of
    branching and as many of the engines; what is not settled by then, or when `limits` end, is undecided.
    `seen` (P, H) are sets of bits whose flip changes the outcome, none a part of another.
    """

    def __init__(self, outcome: Outcome, engine: str, limits: Limits, patience: float) -> None:
        self.outcome, self.engine, self.limits, self.patience = outcome, engine, limits, patience
        self.tells: Counter[str] = Counter()
        self.rng = np.random.default_rng(0)
        self.ways = 1
        self.seen = np.zeros((0, len(outcome.state)), bool)

    @property
    def ended(self) -> bool:
        """Whether the time is up."""
        return self.limits.left(time.monotonic()) <= 0

    def ask(self, fixed: Bool[np.ndarray, "H"]) -> Said:
        """Whether every completion of the bits `fixed` (a mask) leads to the same outcome."""
        if not self.outcome.depth:
            self.tells[CLOSED] += 1
            return worst(self.outcome, fixed)
        for how, said in self._tries(fixed):
            if said.forced is not None:
                self.tells[how] += 1
                return Said(False, self.remember(said.state)) if said.state is not None else said
        self.tells["undecided"] += 1
        return Said(None)

    def refute(self, fixed: Bool[np.ndarray, "H"]) -> Said:
        """A counterexample that simulation finds quickly, or undecided."""
        known = self._known(fixed)
        if known.state is not None or self.ended:
            return known
        said = self._simulated(fixed)
        return said if said.state is None else Said(False, self.remember(said.state))

    def _known(self, fixed: np.ndarray) -> Said:
        """A counterexample that was seen before."""
        at = np.flatnonzero(~self.seen[:, fixed].any(axis=1))
        return Said(False, self.outcome.state ^ self.seen[at[0]]) if len(at) else Said(None)

    def remember(self, state: Bool[np.ndarray, "H"]) -> Bool[np.ndarray, "H"]:
        """Keep a state with another outcome, brought nearer bit by bit as long as it has one; in `ways`
        different ways, one of which is returned."""
        flips = state != self.outcome.state
        nearer = [self._nearer(flips) for _ in range(self.ways)]
        for part in nearer:
            self._keep(part[None])
        return self.outcome.state ^ nearer[0]

    def _nearer(self, flips: Bool[np.ndarray, "H"]) -> Bool[np.ndarray, "H"]:
        """A part of the flips that changes the outcome, as the whole does, and none of which can be left out
        alone."""
        outcome, flips = self.outcome, flips.copy()
        while True:
            at = np.flatnonzero(flips)
            states = np.repeat((outcome.state ^ flips)[None], len(at), axis=0)
            states[np.arange(len(at)), at] ^= True
            other = np.flatnonzero(outcome.of(states) != outcome.value)
            if not len(other):
                return flips
            flips[at[self.rng.choice(other)]] = False

    def affordable(self, size: int) -> bool:
        """Whether every set of that many bits can be flipped within seconds."""
        hidden, steps = len(self.outcome.state), max(1, len(self.outcome.symbols))
        return math.comb(hidden, size) <= min(_SETS, _PRODUCTS // (hidden**2 * steps))

    def probe(self, size: int, first: bool = False) -> bool:
        """Flip every set of `size` bits that contains none seen of one bit, and keep those that change the
        outcome (with `first`, stop when there are some); False where time is up before the last."""
        outcome, found, hidden = self.outcome, list[np.ndarray](), self.seen.shape[1]
        single = self.seen[self.seen.sum(axis=1) == 1].any(axis=0)
        sets = itertools.combinations(np.flatnonzero(~single).tolist(), size)
        whole, count = True, math.comb(hidden, size)
        while whole and (block := list(itertools.islice(sets, _BLOCK))):
            flips = np.zeros((len(block), hidden), bool)
            np.put_along_axis(flips, np.array(block), True, axis=1)
            found.append(flips[outcome.of(outcome.state ^ flips, count) != outcome.value])
            if first and len(found[-1]):
                break
            whole = not self.ended
        self._keep(np.concatenate([np.zeros((0, hidden), bool), *found]))
        return whole

    def _keep(self, flips: Bool[np.ndarray, "B H"]) -> None:
        """Add sets of one size to what was seen, without what contains another."""
        if not len(flips):
            return
        size, sizes = int(flips[0].sum()), self.seen.sum(axis=1)
        small, large = self.seen[sizes < size], self.seen[sizes > size]
        flips = flips[np.flatnonzero(~_contains(flips, small).any(axis=1))]
        kept = {row.tobytes() for row in self.seen[sizes == size]}
        flips = flips[[k for k, row in enumerate(flips) if row.tobytes() not in kept]]
        large = large[np.flatnonzero(~_contains(large, flips).any(axis=1))]
        self.seen = np.concatenate([small, self.seen[sizes == size], flips, large])

    def _tries(self, fixed: np.ndarray) -> Iterator[tuple[str, Said]]:
        """Ever dearer ways to an answer; when time is up, only what is known."""
        yield "simulation", self._known(fixed)
        if self.ended:
            return
        open_ = self.outcome.open_rows(fixed)
        if not len(open_):
            yield "bounds", Said(True)
        yield "simulation", self._simulated(fixed)
        patience = self.limits if int((~fixed).sum()) <= _ENUMERATED else self._within(self.patience)
        yield "branching", self._branched(fixed, patience)
        if not self.ended:
            yield "engines", self._engines(fixed, open_)

    def _within(self, seconds: float) -> Limits:
        now = time.monotonic()
        return dataclasses.replace(self.limits, deadline=now + min(seconds, self.limits.left(now)))

    def _simulated(self, fixed: np.ndarray) -> Said:
        """Random completions, and walks from the most promising ones to ever smaller slack."""
        outcome, free = self.outcome, np.flatnonzero(~fixed)
        flipped = self.rng.random((_RANDOM, len(free))) < self.rng.random((_RANDOM, 1))
        states = np.repeat(outcome.state[None], _RANDOM, axis=0)
        states[:, free] ^= flipped
        states[0] = outcome.state
        other = np.flatnonzero(outcome.of(states) != outcome.value)
        if len(other):
            return Said(False, states[other[0]])
        order = np.argsort(outcome.partial.slack(states), kind="stable")
        for start in (0, *order[: _CLIMBS - 1].tolist()):
            found = self._climb(states[start], free)
            if found is not None:
                return Said(False, found)
        return Said(None)

    def _climb(self, state: np.ndarray, free: np.ndarray) -> np.ndarray | None:
        """Flip the free bit that lowers the slack most until none does."""
        partial, best = self.outcome.partial, np.inf
        while len(free) and not self.ended:
            states = np.repeat(state[None], len(free), axis=0)
            states[np.arange(len(free)), free] ^= True
            slack = partial.slack(states)
            at = int(slack.argmin())
            if slack[at] >= best:
                return None
            state, best = states[at], float(slack[at])
            if best <= 0 and int(self.outcome.of(state[None])[0]) != self.outcome.value:
                return state
        return None

    def _branched(self, fixed: np.ndarray, limits: Limits) -> Said:
        """Look at every completion that bounds do not settle."""
        outcome = self.outcome
        try:
            for states in outcome.partial.below(outcome.known(fixed)).candidates(limits):
                other = np.flatnonzero(outcome.of(states) != outcome.value)
                if len(other):
                    return Said(False, states[other[0]])
        except TimeoutError:
            return Said(None)
        return Said(True)

    def _engines(self, fixed: np.ndarray, open_: np.ndarray) -> Said:
        """A completion that breaks one of the rows that bounds leave open, or a refutation with proof."""
        outcome = self.outcome
        question = Question(outcome.automaton, outcome.symbols[: outcome.depth])
        question = question.where(question.equals(0, outcome.state, fixed), outcome.changed(question, open_))
        seconds = min(self.patience, self.limits.left(time.monotonic()))
        found = question.solve(self.engine, budget=max(seconds, 0.01), memory=self.limits.memory)
        if found.verdict == UNSAT:
            return Said(True) if found.answer.proved else Said(None)
        if found.verdict == UNKNOWN or found.states is None:
            return Said(None)
        used = np.where(fixed, outcome.state, found.states[0])
        if int(outcome.of(used[None])[0]) == outcome.value:
            raise AssertionError("a completion that engines found does not change the outcome: a bug")
        return Said(False, used)


def worst(outcome: Outcome, fixed: Bool[np.ndarray, "H"]) -> Said:
    """The answer at depth 0, exact: every row's worst completion flips all that it can lose."""
    losses, slack = outcome.losses
    left = slack - (losses * ~fixed).sum(axis=1)
    if not (left < 0).any():
        return Said(True)
    row = int(np.argmax(left < 0))
    return Said(False, outcome.state ^ ((losses[row] > 0).astype(bool) & ~fixed))


def _contains(sets: Bool[np.ndarray, "A H"], parts: Bool[np.ndarray, "B H"]) -> Bool[np.ndarray, "A B"]:
    """Whether each set contains each part."""
    common = sets.astype(np.float32) @ parts.T.astype(np.float32)
    return (common == parts.sum(axis=1)).astype(bool)
