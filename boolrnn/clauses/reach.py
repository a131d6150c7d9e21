"""reach: can some word of at most K symbols lead to a state that has a property?

Or, of two states: does some word of at most K symbols tell them apart? Breadth-first search over distinct
states (pairs of states) finds a shortest word, of these the first in the order of the symbols, or shows that
there is none: up to K, or of any length where no new state appears any more.
"""

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.bits import as_bits, to_hex
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answered
from boolrnn.clauses.breadth_first import Search
from boolrnn.clauses.properties import Difference, Property, parse_difference, parse_property, readout
from boolrnn.errors import OptionError
from boolrnn.graph.cycles import parse_memory
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.weights import Weights
from boolrnn.result import named
from boolrnn.shapes import Bool, Float64, Int64, UInt8

LONGEST = 1_000_000  # symbols of a word, at most


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Reach(Answered):
    """A shortest word that leads to the property, or how far it is sure that there is none.

    `minimum` is the length of the shortest word. `searched` is the greatest length up to which all words
    were looked at; `closed` says that no new state appears any more: then "no" holds for words of every
    length. `levels` counts the words of each length, and the states (of two starts: pairs of different
    states) that are new there; null where they were only looked at and not counted. `states` were kept in
    all, `steps` states (or pairs) computed. Witness: `states[k]` is the state after `symbols[k]`, `end` the
    last one, or the start for the word of no symbols, `output` what is predicted there; the fields `versus_`
    are the same from the second start.
    """

    schema = "reach/1"

    property: str
    start: Bool[np.ndarray, "H"] | None = named("start", hexed=True)  # None: the network's start
    versus: Bool[np.ndarray, "H"] | None = named("versus", hexed=True)  # None: no second start
    within: int
    among: Int64[np.ndarray, "A"]
    minimum: int | None
    closed: bool
    searched: int
    states: int
    steps: int
    memory: int  # bytes, for states
    interrupted: bool
    note: str | None  # why it is unknown
    level_length: Int64[np.ndarray, "L"] = named("levels.length")
    level_words: Float64[np.ndarray, "L"] = named("levels.words")
    level_states: Int64[np.ndarray, "L"] = named("levels.states", nullable=True)
    witness_symbols: Int64[np.ndarray, "K"] | None = named("witness.symbols", whole=True)
    witness_states: Bool[np.ndarray, "K H"] | None = named("witness.states", hexed=True, whole=True)
    witness_end: Bool[np.ndarray, "H"] | None = named("witness.end", hexed=True)
    witness_output: int | None = named("witness.output")
    versus_states: Bool[np.ndarray, "K H"] | None = named("witness.versus_states", hexed=True, whole=True)
    versus_end: Bool[np.ndarray, "H"] | None = named("witness.versus_end", hexed=True)
    versus_output: int | None = named("witness.versus_output")
    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    symbols_predicted: bool = named("symbols_predicted", quiet=True)  # O = V: outputs are symbols


def reach(
    model: Weights | Automaton,
    property: str | Property | Difference | None = None,
    *,
    within: int = 4,
    start: np.ndarray | None = None,
    versus: np.ndarray | None = None,
    among: Sequence[int] | np.ndarray | None = None,
    memory: int | str = "2G",
    budget: float | None = None,
    engine: str = "auto",
) -> Reach:
    """Find a shortest word of at most `within` symbols from `start` (H) to a state with the property.

    `property` is h5, ~h5, predicts:X, state:0x.../0xMASK, or several joined by & (or a `Property`). With a
    second state `versus` (H) it is how the two states after the word shall differ: predicts (the default), h5
    or h* (or a `Difference`). `start` None is the network's start: no state, so the word of no symbols leads
    nowhere from there. Words use the symbols `among`, by default all. `memory` bytes (or "500M") hold states
    that were met; when they are used up, or after `budget` seconds, the verdict is unknown unless a word was
    found. `engine` is auto, numpy or compiled; all find the same.

    Raises
    ------
    OptionError, TextError, StateError
        On a property, a symbol, a state or an option that cannot be used.
    """
    began = time.monotonic()
    automaton = as_automaton(model)
    goal = _goal(property, automaton.weights, versus is not None)
    if not 0 <= within <= LONGEST:
        raise OptionError(f"within {within}: expected 0..{LONGEST:,} symbols")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")
    first, second = (_state(n, s, automaton) for n, s in (("start", start), ("versus", versus)))
    symbols, bytes_ = symbols_among(among, automaton.symbols), parse_memory(memory)
    starts = [first] if second is None else [first, second]
    search = Search(automaton, goal, starts, symbols, bytes_, engine, budget)
    search.run(within)
    witness = _replayed(automaton, goal, starts, search.word)
    told = property if isinstance(property, str) else str(goal)
    return _result(search, told, within, witness, began)


def _goal(given: str | Property | Difference | None, weights: Weights, paired: bool) -> Property | Difference:
    """What is looked for, of one state or of two."""
    if paired:
        goal = parse_difference(given or "predicts", weights) if isinstance(given, str | None) else given
    elif given is None:
        raise OptionError("property: missing; expected h5, ~h5, predicts:X or state:0x...")
    else:
        goal = parse_property(given, weights) if isinstance(given, str) else given
    if isinstance(goal, Difference) != paired:
        wanted = "Difference" if paired else "Property"
        raise OptionError(f"property: {type(goal).__name__} for {1 + paired} states, expected a {wanted}")
    goal.check(weights)
    return goal


def _state(name: str, given: np.ndarray | None, automaton: Automaton) -> Bool[np.ndarray, "H"] | None:
    return None if given is None else as_bits(name, given, (automaton.hidden,))


def symbols_among(given: Sequence[int] | np.ndarray | None, count: int) -> Int64[np.ndarray, "A"]:
    """The symbols that words may use, in the order in which they are tried."""
    if given is None:
        return np.arange(count)
    values = np.asarray(given)
    if values.ndim != 1 or not values.size or values.dtype.kind not in "iu":
        raise OptionError(f"among: {values.dtype} of shape {values.shape}, expected one symbol or more")
    outside = values[(values < 0) | (values >= count)]
    if len(outside):
        raise OptionError(f"among: symbol {outside[0]} is outside 0..{count - 1}")
    if len(np.unique(values)) < len(values):
        raise OptionError("among: a symbol stands twice")
    return values.astype(np.int64)


def _replayed(
    automaton: Automaton,
    goal: Property | Difference,
    starts: list[np.ndarray | None],
    word: np.ndarray | None,
) -> dict[str, Any]:
    """The word's trajectories, step by step in exact arithmetic, which must end as it was asked."""
    names = ("symbols", "states", "end", "output")
    if word is None:
        nothing = {f"witness_{name}": None for name in names}
        return nothing | {f"versus_{name}": None for name in names[1:]}
    found: dict[str, Any] = {"witness_symbols": word}
    ends = []
    for whose in ("witness", "versus"):
        rows, now = np.zeros((len(word), automaton.hidden), bool), starts[0]
        if whose == "versus":
            now = starts[-1]
        for k, x in enumerate(word):
            now = rows[k] = automaton.step(None if now is None else now[None], np.array([x]))[0][0]
        assert now is not None  # from the network's start the word of no symbols is never found
        ends.append(now)
        output = int(readout(automaton).predicted(now[None])[0])
        found |= {f"{whose}_states": rows, f"{whose}_end": now.copy(), f"{whose}_output": output}
    if not goal.found(automaton, np.array(ends[: len(starts)])[None])[0]:
        raise AssertionError(f"the word {word.tolist()} does not lead to {goal}: a bug in the search")
    if len(starts) == 1:
        found |= {f"versus_{name}": None for name in names[1:]}
    return found


def _result(search: Search, told: str | None, within: int, witness: dict[str, Any], began: float) -> Reach:
    automaton, paired = search.automaton, len(search.starts) == 2
    first = 0 if search.rooted else 1
    lengths = np.arange(first, first + len(search.levels))
    with np.errstate(over="ignore"):
        words = np.power(float(len(search.among)), lengths)
    verdict = SAT if search.word is not None else UNKNOWN
    if verdict == UNKNOWN and not search.why:
        verdict = UNSAT
    told = told or str(search.goal)
    return Reach(
        question=_question(search, told, within),
        verdict=verdict,
        proved=verdict != UNKNOWN,
        engine="closed form" if search.goal.never else f"breadth-first search ({search.engine.name})",
        seconds=time.monotonic() - began,
        property=told,
        start=search.starts[0],
        versus=search.starts[1] if paired else None,
        within=within,
        among=search.among,
        minimum=None if search.word is None else len(search.word),
        closed=search.closed,
        searched=search.searched,
        states=search.count,
        steps=search.steps,
        memory=search.memory,
        interrupted=search.interrupted,
        note=_note(search) if verdict == UNKNOWN else None,
        level_length=lengths,
        level_words=words,
        level_states=np.array(search.levels, np.int64),
        alphabet=automaton.alphabet,
        symbols_predicted=automaton.weights.predicts,
        **witness,
    )


def _question(search: Search, told: str, within: int) -> str:
    used, count = f"{len(search.among):,}", search.automaton.symbols
    kinds = f"{used} symbol{'s' * (used != '1')}"
    kinds = f"the {kinds}" if len(search.among) == count else f"{used} of the {count:,} symbols"
    words = f"a word of at most {within:,} of {kinds}"
    shown = ["the network's start" if s is None else to_hex(s[None])[0] for s in search.starts]
    if len(shown) == 2:
        what = {"predicts": "predictions", "h*": "states"}.get(told.strip(), told)
        return f"Does {words} lead from {shown[0]} and {shown[1]} to different {what}?"
    return f"Does {words} lead from {shown[0]} to {told}?"


def _note(search: Search) -> str:
    """Why it is unknown, and how far it came."""
    done = f"all words of at most {search.searched:,} symbols were looked at and lead nowhere"
    if search.searched == 0:
        done = "no length was finished"
    if search.why == "memory":
        return f"memory was used up by {search.count:,} states: {done}, longer ones were not"
    ended = "interrupted" if search.interrupted else "the budget ended"
    return f"{ended}: {done}, and {search.part:.1%} of those of {search.searched + 1:,} symbols"
