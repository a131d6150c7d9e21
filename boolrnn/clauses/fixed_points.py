"""fixed_points: the states that return to themselves when one symbol, or one word, is read for ever.

First random states are walked to where they end; of few neurons all states are looked at. Then all states
are asked about at once: so many readings of the word are written out as rows (return_map.unrolled), which
bounds or a relaxation refute, or which are searched until nothing is left. So the list is complete, and
its being empty is proved; or the result says that there may be more.
"""

import dataclasses
import time
from collections.abc import Sequence

import numpy as np

from boolrnn.bits import as_bits, to_hex
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answered
from boolrnn.clauses.engines.search import Search
from boolrnn.clauses.problem import Limits, Problem, simplify
from boolrnn.clauses.return_map import Cycles, ReturnMap, cycles_among, too_large, unrolled
from boolrnn.clauses.solving import decide
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols, show_symbol
from boolrnn.model.weights import Weights
from boolrnn.result import named
from boolrnn.shapes import Bool, Int64, UInt8

AUTO, EVERY, SIMULATION, LP, SEARCH = "auto", "every state", "simulation", "lp", "search"
EVERYBODY = "all neurons"
ENGINES = (AUTO, SIMULATION, LP, SEARCH)
_FEW = 14  # neurons up to which `auto` looks at every state
_WALK = 256  # readings of the word in a random walk
_LARGE = 64  # bits from which the relaxation has a try before the search
_TRY = 2.0  # seconds of it
_STEPS = 1 << 24  # readings that looking at every state may take
_MOST = {"period": 4096, "starts": 100_000, "count": 10_000_000}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FixedPoints(Answered):
    """The cycles of exactly `period` readings of `word` that were found; fixed points where it is 1.

    States are those before the first symbol of the word, of all neurons: clamped ones have the bits of
    `rest`, absent ones are 0. Each cycle begins with its least state as an integer, and the cycles are in
    the order of these. Where `complete` is True there are no others, so that an empty list (unsat) is a
    proof; otherwise `note` says why there may be more. The verdict is sat where there is at least one.
    """

    schema = "fixed_points/1"

    word: Int64[np.ndarray, "L"]
    period: int
    neurons: Int64[np.ndarray, "n"]
    others: str  # how the neurons beside these are treated
    rest: Bool[np.ndarray, "H"] | None = named("rest", hexed=True)
    found: int  # cycles
    complete: bool
    note: str | None  # why it is incomplete
    count: int  # at most so many are listed
    starts: int  # random states walked, or all states looked at
    simulated: int  # cycles that these led to
    nodes: int  # of the search
    interrupted: bool
    states: Bool[np.ndarray, "S H"] = named("cycles.members", hexed=True)
    offsets: Int64[np.ndarray, "C"] = named("cycles.offsets")
    witness_states: Bool[np.ndarray, "P H"] | None = named("witness.states", hexed=True, whole=True)
    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)


def fixed_points(
    model: Weights | Automaton,
    symbol: int | Sequence[int] | np.ndarray,
    *,
    period: int = 1,
    neurons: Sequence[int] | np.ndarray | None = None,
    rest: np.ndarray | None = None,
    drop: bool = False,
    starts: int = 200,
    count: int = 1000,
    engine: str = AUTO,
    budget: float | None = None,
    seed: int = 0,
) -> FixedPoints:
    """All states that come back after exactly `period` readings of `symbol`, or of a word (a sequence).

    `neurons` asks about these alone: the others are clamped to the bits of `rest` (H) after every symbol, or
    with `drop` they are absent, rows and columns removed. `starts` random states (`seed`) are walked first.
    Of `engine`, "simulation" does only that, "lp" goes on to refute, "search" to search, "auto" does what
    suits the size. It ends when more than `count` cycles are known, or after `budget` seconds.

    Raises
    ------
    TextError, StateError, OptionError
        On a symbol, a state or an option that cannot be used.
    """
    for name, value, least in (("period", period, 1), ("starts", starts, 0), ("count", count, 1)):
        if not least <= value <= _MOST[name]:
            raise OptionError(f"{name} {value}: expected {least} to {_MOST[name]:,}")
    if seed < 0:
        raise OptionError(f"seed {seed}: expected 0 or more")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")
    if engine not in ENGINES:
        raise OptionError(f"engine {engine!r}: expected one of {', '.join(ENGINES)}")
    automaton = as_automaton(model)
    word = check_symbols(np.atleast_1d(np.asarray(symbol)), automaton.weights)
    work = _Work(_map(automaton, word, neurons, rest, drop), period, count, budget)
    work.run(starts, seed, engine)
    return _result(work, automaton)


def _map(
    automaton: Automaton,
    word: Int64[np.ndarray, "L"],
    neurons: Sequence[int] | np.ndarray | None,
    rest: np.ndarray | None,
    drop: bool,
) -> ReturnMap:
    """The map of the chosen neurons, once the options fit together."""
    hidden = automaton.hidden
    if neurons is None:
        if rest is not None or drop:
            raise OptionError("rest and drop are about other neurons: expected neurons with them")
        return ReturnMap(automaton, word, np.arange(hidden), None)
    given = np.asarray(neurons)
    if given.ndim != 1 or not given.size or given.dtype.kind not in "iu":
        raise OptionError(f"neurons: {given.dtype} of shape {given.shape}, expected integers, one at least")
    outside = given[(given < 0) | (given >= hidden)]
    if len(outside):
        raise OptionError(f"neurons: {outside[0]} is outside 0..{hidden - 1}")
    if len(np.unique(given)) < len(given):
        raise OptionError("neurons: a number stands twice")
    if (rest is not None and drop) or (rest is None and not drop and len(given) < hidden):
        raise OptionError("neurons: expected either rest, a state whose bits the others have, or drop")
    if rest is not None:
        rest = as_bits("rest", rest, (hidden,))
    return ReturnMap(automaton, word, np.sort(given.astype(np.int64)), rest)


class _Work:
    """What is known so far; it stays whatever ends the work."""

    def __init__(self, map_: ReturnMap, period: int, count: int, budget: float | None) -> None:
        self.map, self.period, self.count = map_, period, count
        self.began = time.monotonic()
        self.limits = Limits(None if budget is None else self.began + budget)
        self.found: Cycles = {}
        self.engines: list[str] = []
        self.certificate: str | None = None
        self.complete, self.interrupted, self.note = False, False, ""
        self.starts, self.simulated, self.nodes = 0, 0, 0

    @property
    def late(self) -> bool:
        """Whether the budget is used up."""
        return self.limits.left(time.monotonic()) <= 0

    def run(self, starts: int, seed: int, engine: str) -> None:
        """Walk, refute, search, as far as is asked for and time allows."""
        try:
            few = self.map.size <= _FEW and self.period << self.map.size <= _STEPS
            if engine == AUTO and (few or self.period >> self.map.size):
                self._every_state()
            else:
                self._walk(starts, seed)
                if engine != SIMULATION and len(self.found) <= self.count:
                    self._prove(engine)
        except KeyboardInterrupt:
            self.interrupted = True
        if self.interrupted:
            self.complete, self.note = False, "interrupted"
        elif len(self.found) > self.count:
            self.complete, self.note = False, f"stopped at {self.count:,}"
        self.found = {least: self.found[least] for least in sorted(self.found)[: self.count]}

    def _every_state(self) -> None:
        size = self.map.size
        self.engines.append(EVERY)
        if self.period > 1 << size:  # no cycle is longer than there are states
            self.complete = True
            return
        states = (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(bool)
        self.found, _ = cycles_among(self.map, states, self.period)
        self.starts, self.simulated, self.complete = len(states), len(self.found), True

    def _walk(self, starts: int, seed: int) -> None:
        """Random states, until they are on a cycle of the period, or long enough."""
        if not starts:
            self.note = "nothing was looked at"
            return
        self.engines.append(SIMULATION)
        self.note = f"{starts:,} random starts do not find what few states lead to"
        states = np.random.default_rng(seed).random((starts, self.map.size)) < 0.5
        self.starts = starts
        walked = 0
        while len(states) and walked < _WALK and not self.late:
            for _ in range(max(1, walked)):
                states = self.map.after(states)
                if self.late:
                    break
            walked += max(1, walked)
            found, back = cycles_among(self.map, states, self.period, lambda: self.late)
            self.found |= found
            states = states[~back]
        self.simulated = len(self.found)

    def _prove(self, engine: str) -> None:
        """All states at once."""
        if self.late:
            self.note = "the budget ended before a search began"
            return
        size = too_large(self.map, self.period)
        if size:
            self.note = f"the rows of so many steps would take {size:,} MB"
            return
        problem = unrolled(self.map, self.period)
        impossible = simplify(problem).rest is None
        if engine == LP or (engine == AUTO and (impossible or (not self.found and problem.size > _LARGE))):
            self._refute(problem, None if engine == LP else _TRY)
        if engine != LP and not self.complete:
            self._search(problem)

    def _refute(self, problem: Problem, most: float | None) -> None:
        """By bounds or by the relaxation, for at most so many seconds."""
        ends = [self.limits.deadline, None if most is None else time.monotonic() + most]
        answer = decide(problem, LP, Limits(min((end for end in ends if end is not None), default=None)))
        self.engines.append(answer.engine)
        self.note = "the relaxation does not refute it"
        if answer.values is not None:
            self._take(answer.values[None])
        elif answer.verdict == UNSAT and answer.proved:
            assert not self.found, "a refutation of what was found"
            self.complete, self.certificate = True, answer.certificate

    def _search(self, problem: Problem) -> None:
        """Everything, unless time, memory or `count` ends it."""
        self.engines.append(SEARCH)
        search = Search(problem, self.limits, self.count + 1).run()
        walked, self.found = self.found, {}
        self._take(search.solutions())
        if search.complete and not walked.keys() <= self.found.keys():
            raise AssertionError("a complete search missed a cycle that a walk found")
        self.found |= walked
        self.complete, self.nodes, self.interrupted = search.complete, search.nodes, search.interrupted
        self.note = f"the search is incomplete: {search.note}"

    def _take(self, solutions: Bool[np.ndarray, "K N"]) -> None:
        """Solutions of the rows, replayed."""
        if not len(solutions):
            return
        found, back = cycles_among(self.map, solutions[:, : self.map.size], self.period)
        if not back.all():
            raise AssertionError("a solution of the rows does not come back")
        self.found |= found


def _result(work: _Work, automaton: Automaton) -> FixedPoints:
    """The cycles by their least states, and how far the answer goes."""
    map_, found = work.map, list(work.found.values())
    states = np.concatenate([np.zeros((0, map_.size), bool), *found])
    rest = map_.rest if map_.size < automaton.hidden else None
    others = EVERYBODY
    if map_.size < automaton.hidden:
        others = "others absent" if rest is None else f"others clamped to {to_hex(rest[None])[0]}"
    verdict = SAT if found else UNSAT if work.complete else UNKNOWN
    whole = map_.whole(states)
    return FixedPoints(
        question=_question(map_, work.period, others, automaton.alphabet),
        verdict=verdict,
        proved=verdict != UNKNOWN,
        engine="+".join(work.engines),
        certificate=work.certificate,
        seconds=time.monotonic() - work.began,
        word=map_.word,
        period=work.period,
        neurons=map_.neurons,
        others=others,
        rest=rest,
        found=len(found),
        complete=work.complete,
        note=None if work.complete else work.note,
        count=work.count,
        starts=work.starts,
        simulated=work.simulated,
        nodes=work.nodes,
        interrupted=work.interrupted,
        states=whole,
        offsets=np.arange(len(found) + 1) * work.period,
        witness_states=whole[: work.period] if found else None,
        alphabet=automaton.alphabet,
    )


def _question(map_: ReturnMap, period: int, others: str, alphabet: np.ndarray | None) -> str:
    what = "fixed points" if period == 1 else f"cycles of period {period}"
    which = f"all {map_.hidden} neurons" if others == EVERYBODY else f"{map_.size} neurons ({others})"
    word = " ".join(show_symbol(x, alphabet) for x in map_.word.tolist())
    return f"Are there {what} of {which} under {word}?"
