"""preimage: which states lead into a given one, or the proof that none does (a Garden of Eden).

A predecessor of a state S under a symbol x is a sign state that reads x and becomes S; with a mask of bits
that matter, one that becomes a state which agrees with S there. Whether the network's start (h = 0, no sign
state) leads there too is said apart. Garden of Eden: E. F. Moore, Machine models of self-reproduction,
Proc. Symp. Appl. Math. 14, 1962, doi:10.1090/psapm/014/9961.
"""

import dataclasses
import json
import math
import os
import time
from collections.abc import Iterator, Sequence

import numpy as np

from boolrnn import progress
from boolrnn.bits import as_bits
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answer, Answered
from boolrnn.clauses.backwards import every, into
from boolrnn.clauses.engines.farkas import as_json
from boolrnn.clauses.problem import Limits
from boolrnn.clauses.question import ANY, Question
from boolrnn.clauses.solving import AUTO, LP, decide, engine_of
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.weights import Weights
from boolrnn.result import named, write_whole
from boolrnn.shapes import Bool, Int64, UInt8

_FRONTS = 1 << 16  # states of the network's own that are followed
_STEPS = 1000
_LITTLE = 0.05  # seconds for which nobody is asked again


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Preimage(Answered):
    """Predecessors of a state, `steps` symbols back, and per last symbol what is known.

    `witness.states` is the first walk: `steps` + 1 states, the earliest first, each stepped by the automaton
    under `witness.symbols`. `found` holds the states that walks begin in, `complete` says that there are no
    others. The proof of an unsat is per symbol; `certificate` names its kind where all have one.
    """

    schema = "preimage/1"

    state: Bool[np.ndarray, "H"] = named("state", hexed=True)
    care: Bool[np.ndarray, "H"] = named("care", hexed=True)
    steps: int
    count: int  # how many were asked for
    complete: bool
    proof: str | None = None  # the file that the refutation was written to
    from_start: bool | None  # the network's start leads there, under one of the words asked about
    interrupted: bool
    note: str | None  # why it is unknown
    witness_states: Bool[np.ndarray, "L H"] | None = named("witness.states", hexed=True, whole=True)
    witness_symbols: Int64[np.ndarray, "K"] | None = named("witness.symbols", whole=True)
    found: Bool[np.ndarray, "N H"] = named("found", hexed=True)
    found_symbol: Int64[np.ndarray, "N"]  # the last symbol of each
    symbol: Int64[np.ndarray, "S"] = named("symbols.symbol")
    symbol_verdict: np.ndarray = named("symbols.verdict")
    symbol_found: Int64[np.ndarray, "S"] = named("symbols.found")
    symbol_complete: Bool[np.ndarray, "S"] = named("symbols.complete")
    symbol_proved: Bool[np.ndarray, "S"] = named("symbols.proved")
    symbol_engine: np.ndarray = named("symbols.engine")
    symbol_certificate: np.ndarray = named("symbols.certificate")  # "" where there is none
    symbol_from_start: Bool[np.ndarray, "S"] | None = named("symbols.from_start")
    symbol_seconds: np.ndarray = named("symbols.seconds")
    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)


def preimage(
    model: Weights | Automaton,
    state: np.ndarray,
    *,
    symbol: int | Sequence[int] | np.ndarray | None = None,
    steps: int | None = None,
    care: np.ndarray | None = None,
    count: int = 1,
    among: Sequence[int] | np.ndarray | None = None,
    engine: str = AUTO,
    budget: float | None = None,
    proof: str | os.PathLike[str] | None = None,
) -> Preimage:
    """Look for `count` states (of each last symbol) that `symbol`, or a word, leads from into `state` (H).

    Without a symbol each of `among` (default: all V) is asked about, and `steps` says how many are read.
    `care` (H bools) are the bits of `state` that matter. `budget` seconds in all. `proof` names a file for
    the refutation of a single symbol: JSON, checked by boolrnn/clauses/engines/check_farkas.py on its own.

    Raises
    ------
    StateError, TextError, OptionError
        On a state, symbol or option that cannot be used.
    ResultError
        Where the proof cannot be written.
    """
    automaton = as_automaton(model)
    state = as_bits("state", state, (automaton.hidden,))
    care = np.ones_like(state) if care is None else as_bits("care", care, (automaton.hidden,))
    if count < 1:
        raise OptionError(f"count {count}: expected 1 or more")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")
    if engine != AUTO:
        engine_of(engine)
    choices = _choices(automaton, symbol, steps, among)
    if proof is not None and (len(choices) > 1 or len(choices[0]) > 1):
        raise OptionError("proof: expected one symbol and one step, which are refuted at a time")
    if proof is not None and engine not in (AUTO, LP):
        raise OptionError(f"proof: engine {engine} writes none; expected {AUTO} or {LP}")
    walk = _Walk(automaton, choices, LP if proof is not None else engine, Limits.within(budget))
    began = time.monotonic()
    ends = list(walk.ends(state, care, count))
    refuted = ends[0].answer.proof if ends and proof is not None else None
    if proof is not None and refuted is not None:
        write_whole(proof, (json.dumps(as_json(*refuted)) + "\n").encode())
    found = _result(walk, ends, state, care, count, time.monotonic() - began)
    return found if refuted is None else dataclasses.replace(found, proof=os.fspath(proof or ""))


def _choices(
    automaton: Automaton,
    symbol: int | Sequence[int] | np.ndarray | None,
    steps: int | None,
    among: Sequence[int] | np.ndarray | None,
) -> list[list[int]]:
    """Which symbols each step may read."""
    some = np.arange(automaton.symbols) if among is None else _whole(among)
    some = check_symbols(some, automaton.weights).tolist()
    if steps is not None and not 1 <= steps <= _STEPS:
        raise OptionError(f"steps {steps}: expected 1 or more, at most {_STEPS:,}")
    if symbol is not None and among is not None:
        raise OptionError("among: expected where no symbol or word is named")
    if symbol is None:
        return [some] * (steps or 1)
    word = check_symbols(np.atleast_1d(_whole(symbol)), automaton.weights).tolist()
    if steps is not None and len(word) not in (1, steps):
        raise OptionError(f"steps {steps}: the word has {len(word)} symbols")
    return [[x] for x in (word if len(word) > 1 else word * (steps or 1))]


def _whole(values: int | Sequence[int] | np.ndarray) -> np.ndarray:
    """An array; without a value it is one of whole numbers too."""
    given = np.asarray(values)
    return given if given.size else given.astype(np.int64)


@dataclasses.dataclass(frozen=True)
class _End:
    """What is known about one last symbol: walks as (states, symbols), earliest first, and the answer."""

    symbol: int
    walks: list[tuple[np.ndarray, list[int]]]
    answer: Answer
    complete: bool


_Step = tuple[tuple[np.ndarray, list[int]] | None, Answer]  # a walk, or None with the last answer


class _Walk:
    """Backwards from a state, last symbol by last symbol, under one clock."""

    def __init__(self, automaton: Automaton, choices: list[list[int]], engine: str, limits: Limits) -> None:
        self.automaton, self.choices, self.engine, self.limits = automaton, choices, engine, limits
        self.interrupted = False
        self.fronts = self._fronts()

    def ends(self, state: np.ndarray, care: np.ndarray, count: int) -> Iterator[_End]:
        """What is known about each last symbol; what time there is, is shared among those to come."""
        found: dict[int, _End] = {}
        todo = self.choices[-1]
        while todo and not self.interrupted:
            short = self._pass(todo, state, care, count, found)
            todo = [] if self.limits.left(time.monotonic()) <= _LITTLE else short
        yield from found.values()

    def _pass(
        self, symbols: list[int], state: np.ndarray, care: np.ndarray, count: int, found: dict[int, _End]
    ) -> list[int]:
        """Ask about each of these; those that had too little time are returned, as others may have left
        some of theirs."""
        short = []
        with progress.bar("symbols", len(symbols)) as tick:
            for k, x in enumerate(symbols):
                tick(k)
                if self.interrupted:
                    break
                now = time.monotonic()
                share = self.limits.left(now) / (len(symbols) - k)
                limits = self.limits if share == math.inf else Limits(now + share, self.limits.memory)
                found[x] = self._end(x, state, care, count, limits)
                if found[x].answer.verdict == UNKNOWN and limits.left(time.monotonic()) <= 0:
                    short.append(x)
        return short

    def _end(self, symbol: int, state: np.ndarray, care: np.ndarray, count: int, limits: Limits) -> _End:
        """Up to `count` walks that end with this symbol."""
        began, walks = time.monotonic(), []
        engines: dict[str, None] = {}
        last = Answer(UNKNOWN, self.engine, 0.0, note="interrupted")
        back = self._one if len(self.choices) == 1 else self._several
        try:
            for walk, answer in back(symbol, state, care, limits):
                engines[answer.engine] = None
                if walk is None:
                    last = answer
                    break
                walks.append(walk)
                if len(walks) == count:
                    last = dataclasses.replace(answer, verdict=SAT)
                    break
        except KeyboardInterrupt:
            self.interrupted = True
        complete = last.verdict == UNSAT and last.proved
        if walks:
            last = Answer(SAT, "", 0.0, True)
        name, seconds = "+".join(engines) or self.engine, time.monotonic() - began
        return _End(symbol, walks, dataclasses.replace(last, engine=name, seconds=seconds), complete)

    def _one(self, symbol: int, state: np.ndarray, care: np.ndarray, limits: Limits) -> Iterator[_Step]:
        """Walks of one step, then the answer that ends them."""
        for answer in every(into(self.automaton, symbol, state, care), self.engine, limits):
            if answer.values is None:
                yield None, answer
                return
            before = answer.values[None]
            reached = self.automaton.step(before, np.array([symbol]))[0]
            if (reached[0] != state)[care].any():
                raise AssertionError(f"engine {answer.engine}: its witness does not survive replay")
            yield (np.concatenate([before, reached]), [symbol]), answer

    def _several(self, symbol: int, state: np.ndarray, care: np.ndarray, limits: Limits) -> Iterator[_Step]:
        """The same for several steps: one question about all of them, if the last step alone is possible."""
        answer = decide(into(self.automaton, symbol, state, care), self.engine, limits)
        if answer.values is None:
            yield None, answer
            return
        word = [part[0] if len(part) == 1 else ANY for part in self.choices[:-1]]
        question = Question(self.automaton, [*word, symbol], among=self.choices[0])
        question = question.where(question.equals(len(self.choices), state, care))
        while True:
            left = limits.left(time.monotonic())
            found = question.solve(self.engine, budget=None if left == math.inf else max(left, 1e-3))
            if found.states is None or found.symbols is None:
                yield None, found.answer
                return
            if (found.states[-1] != state)[care].any():
                raise AssertionError(f"engine {found.answer.engine}: its witness does not survive replay")
            yield (found.states, found.symbols.tolist()), found.answer
            question = question.where(~question.equals(0, found.states[0]))

    def _fronts(self) -> np.ndarray | None:
        """The states that the network's start reaches just before the last symbol; None for too many.
        Without a step before, an empty array stands for the start itself."""
        fronts = np.zeros((0, self.automaton.hidden), bool)
        for level, symbols in enumerate(self.choices[:-1]):
            if max(1, len(fronts)) * len(symbols) > _FRONTS:
                return None
            before = np.repeat(fronts, len(symbols), axis=0) if level else None
            read = np.tile(np.array(symbols), max(1, len(fronts)))
            fronts = np.unique(self.automaton.step(before, read)[0], axis=0)
        return fronts

    def from_start(self, symbol: int, state: np.ndarray, care: np.ndarray) -> bool | None:
        """Whether the network's start leads there, the last symbol being this; None: too many words."""
        if self.fronts is None or len(self.fronts) * len(self.choices[-1]) > _FRONTS:
            return None
        fronts = self.fronts if len(self.choices) > 1 else None
        read = np.full(1 if fronts is None else len(fronts), symbol)
        reached = self.automaton.step(fronts, read)[0]
        return bool((reached == state)[:, care].all(axis=1).any())


def _result(
    walk: _Walk, ends: list[_End], state: np.ndarray, care: np.ndarray, count: int, seconds: float
) -> Preimage:
    """Everything that was found, symbol by symbol."""
    answers = [end.answer for end in ends]
    walks = [found for end in ends for found in end.walks]
    verdict = _verdict(answers, len(ends) == len(walk.choices[-1]))
    starts = [walk.from_start(end.symbol, state, care) for end in ends]
    kinds = {answer.certificate for answer in answers}
    certificate = answers[0].certificate if len(answers) == 1 else "farkas trees"
    refuted = verdict == UNSAT and None not in kinds
    hidden, steps = walk.automaton.hidden, len(walk.choices)
    return Preimage(
        question=_question(steps, care),
        verdict=verdict,
        proved=verdict == SAT or (verdict == UNSAT and all(answer.proved for answer in answers)),
        engine="+".join(dict.fromkeys(answer.engine for answer in answers)) or walk.engine,
        certificate=certificate if refuted else None,
        seconds=seconds,
        state=state,
        care=care,
        steps=steps,
        count=count,
        complete=len(ends) == len(walk.choices[-1]) and all(end.complete for end in ends),
        from_start=None if None in starts else any(starts),
        interrupted=walk.interrupted,
        note="; ".join(dict.fromkeys(a.note for a in answers if a.note and a.verdict == UNKNOWN)) or None,
        witness_states=walks[0][0] if walks else None,
        witness_symbols=np.array(walks[0][1]) if walks else None,
        found=np.array([states[0] for states, _ in walks], bool).reshape(-1, hidden),
        found_symbol=np.array([word[-1] for _, word in walks], np.int64),
        symbol=np.array([end.symbol for end in ends], np.int64),
        symbol_verdict=np.array([answer.verdict for answer in answers], np.str_),
        symbol_found=np.array([len(end.walks) for end in ends], np.int64),
        symbol_complete=np.array([end.complete for end in ends], bool),
        symbol_proved=np.array([answer.proved for answer in answers], bool),
        symbol_engine=np.array([answer.engine for answer in answers], np.str_),
        symbol_certificate=np.array([answer.certificate or "" for answer in answers], np.str_),
        symbol_from_start=None if None in starts else np.array(starts, bool),
        symbol_seconds=np.array([answer.seconds for answer in answers], np.float64),
        alphabet=walk.automaton.alphabet,
    )


def _verdict(answers: list[Answer], all_asked: bool) -> str:
    verdicts = {answer.verdict for answer in answers}
    if SAT in verdicts:
        return SAT
    return UNSAT if all_asked and verdicts == {UNSAT} else UNKNOWN


def _question(steps: int, care: np.ndarray) -> str:
    into_what = "the state" if care.all() else f"a state with these {int(care.sum())} bits"
    symbols = "one symbol" if steps == 1 else f"{steps} symbols"
    return f"Is there a state that leads into {into_what} by reading {symbols}?"
