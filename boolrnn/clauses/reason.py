"""reason: which bits of a state suffice for what follows, and which flips can change it?

The outcome is a neuron's bit or the predicted symbol after K further symbols of the text. A reason is a set
of neurons such that every state that agrees with `states[T]` on them leads to the same outcome: a prime
implicant where no part of it is one (A. Shih, A. Choi, A. Darwiche, A symbolic approach to explaining
Bayesian network classifiers, IJCAI 2018, doi:10.24963/ijcai.2018/708), an abductive explanation (A. Ignatiev,
N. Narodytska, J. Marques-Silva, AAAI 2019, doi:10.1609/aaai.v33i01.33011511). A contrastive set is its dual:
some state that differs from `states[T]` in these neurons only leads to another outcome (A. Ignatiev and
others, AIxIA 2020, doi:10.1007/978-3-030-77091-4_21). boolrnn.clauses.hitting_sets has the titles, and says
how the two belong together.
"""

import dataclasses
import itertools
import time
from collections import Counter
from typing import Any

import numpy as np

from boolrnn.clauses.all_reasons import all_sets
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answered
from boolrnn.clauses.contrast import minimal_contrast, minimum_contrast
from boolrnn.clauses.forcing import Oracle, Outcome
from boolrnn.clauses.hitting_sets import Found, Mask, minimal_reason, minimum_reason
from boolrnn.clauses.problem import Limits
from boolrnn.clauses.properties import readout
from boolrnn.clauses.solving import AUTO, engine_of
from boolrnn.errors import OptionError
from boolrnn.graph.observed import OWN, observe
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols, show_symbol
from boolrnn.model.weights import Weights
from boolrnn.result import named
from boolrnn.shapes import Bool, Int64, UInt8

MINIMUM, MINIMAL, ALL = "minimum", "minimal", "all"
_KINDS = {(MINIMUM, False): minimum_reason, (MINIMAL, False): minimal_reason}
_KINDS |= {(MINIMUM, True): minimum_contrast, (MINIMAL, True): minimal_contrast}
_PATIENCE = 2.0  # seconds of branching, and as many of the engines, for one set of bits
_DRAWN = 512  # random completions that a reason is tried on before it is returned
_PARTS = 10  # flips of a contrastive set whose every part is tried before it is returned
_BLOCK = 4096  # states that are replayed at once


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Reason(Answered):
    """A set of neurons that forces the outcome of `states[at]`, or (`contrastive`) whose flip changes it.

    `outcome` is the bit of neuron `bit` in `states[at + steps]`, or, where `bit` is None, what is predicted
    from that state. `minimal`: no part of the set is one, which is proved. `minimum`: its size, where a
    smallest one was asked for; none is smaller if `proved`, and `at_least` is proved anyway: no set has fewer
    neurons. Of kind "all", `complete` says that the lists hold every minimal set of both kinds (`proved`:
    with a certificate), and the witness is one of the smallest.

    Witness: a reason is `neurons` with their `bits`, a contrastive set is `flips`; `states` (steps + 1) are
    those after 0, 1, .. `steps` symbols, from `states[at]` itself or with the flips, and `outcome` what they
    lead to. None of it where no flips change the outcome (verdict unsat: the empty set is the reason).
    Verdict unknown: the set shown, if any, is one, but time ended before what was asked for was sure.
    `questions` counts the sets of bits that were asked about, by what settled them.
    """

    schema = "reason/1"

    kind: str
    contrastive: bool
    at: int
    steps: int
    bit: int | None
    outcome: int
    minimum: int | None
    at_least: int | None
    minimal: bool
    complete: bool | None
    interrupted: bool
    note: str | None
    source: str  # whose states, in words
    state: Bool[np.ndarray, "H"] = named("state", hexed=True)
    symbols: Int64[np.ndarray, "K"]  # those read after position `at`
    how: np.ndarray = named("questions.how")
    count: Int64[np.ndarray, "Q"] = named("questions.count")
    witness_neurons: Int64[np.ndarray, "F"] | None = named("witness.neurons", whole=True)
    witness_bits: Int64[np.ndarray, "F"] | None = named("witness.bits", whole=True)
    witness_flips: Int64[np.ndarray, "C"] | None = named("witness.flips", whole=True)
    witness_states: Bool[np.ndarray, "S H"] | None = named("witness.states", hexed=True, whole=True)
    witness_outcome: int | None = named("witness.outcome")
    reason_members: Int64[np.ndarray, "M"] | None = named("reasons.members")
    reason_offsets: Int64[np.ndarray, "O"] | None = named("reasons.offsets")
    contrast_members: Int64[np.ndarray, "N"] | None = named("contrasts.members")
    contrast_offsets: Int64[np.ndarray, "P"] | None = named("contrasts.offsets")
    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    symbols_predicted: bool = named("symbols_predicted", quiet=True)  # O = V: outputs are symbols


def reason(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    at: int,
    bit: int | None = None,
    steps: int | None = None,
    kind: str = MINIMUM,
    contrastive: bool = False,
    states: str = OWN,
    engine: str = AUTO,
    budget: float | None = None,
    most: int | None = None,
) -> Reason:
    """Neurons whose bits in `states[at]` force what follows, or whose flip changes it.

    The outcome is what is predicted from `states[at + steps]` (of equal outputs the lowest index; `steps` 0
    unless given), or the bit of neuron `bit` in that state (`steps` 1 or more, 1 unless given); symbols are
    those of the text. `kind` "minimum" is a set with the fewest neurons, "minimal" one of which no part
    suffices, "all" every minimal reason and contrastive set, at most `most` (1000) together; the witness is
    one of the kind that was asked for. `states` automaton is its own trajectory, network the float network's
    signs, from which the automaton goes on all the same.

    Where the outcome is one sum of `states[at]`, all is exact at once, and the smallest reason for a
    prediction is a covering problem. Farther ahead, sets of bits are tried by simulation, bounds and
    branching, then by the engines (`engine`: auto or one's name) with some seconds for each: a bit that is
    not shown to be superfluous by then stays, and the result is not `minimal`. `budget` seconds, or Ctrl-C,
    leave the best set so far and the verdict unknown.

    Raises
    ------
    OptionError, TextError
        On a position, a neuron or an option that cannot be used, or a symbol outside the vocabulary.
    """
    began = time.monotonic()
    automaton = as_automaton(model)
    symbols = check_symbols(symbols, automaton.weights)
    steps = (0 if bit is None else 1) if steps is None else steps
    _check(automaton, len(symbols), at, bit, steps)
    if kind != ALL and most is not None:
        raise OptionError("most: expected with kind all")
    most = 1000 if most is None else most
    _check_search(kind, engine, budget, most)
    seen = observe(automaton, symbols[: at + 1], states)
    outcome = Outcome(automaton, seen.states[at].copy(), symbols[at + 1 : at + steps + 1].copy(), bit)
    oracle = Oracle(outcome, engine, Limits.within(budget), _PATIENCE)
    found, interrupted = Found(), False
    try:
        if kind == ALL:
            all_sets(oracle, found, most)
        else:
            _KINDS[kind, contrastive](oracle, found)
    except KeyboardInterrupt:
        interrupted, found.settled, found.note = True, False, "interrupted"
    if kind == ALL:
        _choose(found, contrastive, len(outcome.state))
    _verify(outcome, found, contrastive)
    asked = {"kind": kind, "contrastive": contrastive, "at": at, "interrupted": interrupted}
    asked |= {"source": seen.source, "engine": _engines(found, oracle.tells)}
    return _result(outcome, found, asked, oracle.tells, began)


def _check(automaton: Automaton, length: int, at: int, bit: int | None, steps: int) -> None:
    if not 0 <= at < length:
        raise OptionError(f"at {at}: expected a position of the text, {_range(length)}")
    if bit is not None and not 0 <= bit < automaton.hidden:
        raise OptionError(f"bit {bit}: expected a neuron, {_range(automaton.hidden)}")
    if steps < (bit is not None):
        expected = "0 or more" if bit is None else "1 or more: the bit is that of a later state"
        raise OptionError(f"steps {steps}: expected {expected}")
    if at + steps >= length:
        raise OptionError(f"steps {steps}: from position {at} the text has {length - 1 - at} symbols left")


def _range(count: int) -> str:
    return f"0..{count - 1}" if count else "but it has none"


def _check_search(kind: str, engine: str, budget: float | None, most: int) -> None:
    if kind not in (MINIMUM, MINIMAL, ALL):
        raise OptionError(f"kind {kind!r}: expected {MINIMUM}, {MINIMAL} or {ALL}")
    if engine != AUTO:
        engine_of(engine)
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")
    if most < 1:
        raise OptionError(f"most {most}: expected 1 or more")


def _choose(found: Found, contrastive: bool, hidden: int) -> None:
    """Sets by size, then by their neurons; the first is shown."""
    for sets in (found.reasons, found.contrasts):
        sets.sort(key=lambda members: (int(members.sum()), np.flatnonzero(members).tolist()))
    sets = found.contrasts if contrastive else found.reasons
    found.minimal = True
    if sets:
        found.members = sets[0]
        found.least = int(sets[0].sum()) if found.settled and found.smallest else 0
    elif not contrastive:
        found.members, found.minimal = np.ones(hidden, bool), False


def _replay(outcome: Outcome, states: Bool[np.ndarray, "B H"]) -> tuple[list[np.ndarray], np.ndarray]:
    """States after 0, 1, .. symbols, and what they lead to, by the automaton's own steps."""
    found = [states]
    for x in outcome.symbols.tolist():
        found.append(outcome.automaton.step(found[-1], np.full(len(states), x))[0])
    if outcome.bit is not None:
        return found, found[-1][:, outcome.bit] * 1
    return found, readout(outcome.automaton).predicted(found[-1])


def _verify(outcome: Outcome, found: Found, contrastive: bool) -> None:
    """Try what is returned on states that would show it to be wrong, apart from the search.

    Raises
    ------
    AssertionError
        Where it is wrong: a bug.
    """
    if found.members is not None and not contrastive:
        _verify_reason(outcome, found.members)
        states = [state for j, state in found.needed.items() if found.members[j]]
        if found.minimal and states:
            _verify_needed(outcome, found.members, np.array(states))
    elif found.members is not None:
        _verify_contrast(outcome, found.members, found.minimal)
    for members in found.reasons:
        _verify_reason(outcome, members)
    for members in found.contrasts:
        _verify_contrast(outcome, members, True)
    met = np.array([(flips & members).any() for flips in found.contrasts for members in found.reasons])
    if not met.all():
        raise AssertionError("a reason and a contrastive set that share no neuron: a bug")


def _verify_reason(outcome: Outcome, fixed: Mask) -> None:
    """Every rival's worst completion where one sum decides (which is a proof), else random ones."""
    if outcome.depth:
        rng = np.random.default_rng(1)
        flips = rng.random((_DRAWN, len(fixed))) < rng.random((_DRAWN, 1))
    else:
        net = outcome.automaton
        if outcome.bit is None:
            rows = net.wy[outcome.value].astype(np.float64) - np.delete(net.wy, outcome.value, axis=0)
        else:
            rows = net.wh[outcome.bit : outcome.bit + 1] * (2.0 * outcome.value - 1)
        flips = (rows > 0) == outcome.state
        flips &= rows != 0
    for first in range(0, len(flips), _BLOCK):
        part = flips[first : first + _BLOCK] & ~fixed
        if (_replay(outcome, outcome.state ^ part)[1] != outcome.value).any():
            raise AssertionError("a completion of a reason has another outcome: a bug")


def _verify_needed(outcome: Outcome, fixed: Mask, states: Bool[np.ndarray, "F H"]) -> None:
    """Without any one neuron a state with another outcome is left."""
    left = (states != outcome.state) & fixed
    if (left.sum(axis=1) > 1).any() or (left.any(axis=0) != fixed).any():
        raise AssertionError("no state shows that a neuron of a minimal reason is needed: a bug")
    if (_replay(outcome, states)[1] == outcome.value).any():
        raise AssertionError("a minimal reason holds a neuron that is not needed: a bug")


def _verify_contrast(outcome: Outcome, flips: Mask, minimal: bool) -> None:
    """The flips change the outcome, and (of few) no part of them does."""
    at = np.flatnonzero(flips)
    if int(_replay(outcome, (outcome.state ^ flips)[None])[1][0]) == outcome.value:
        raise AssertionError("the flips do not change the outcome: a bug")
    if minimal and len(at) <= _PARTS:
        parts = np.zeros((2 ** len(at) - 1, len(flips)), bool)
        parts[:, at] = np.array(list(itertools.product((False, True), repeat=len(at))), bool)[:-1]
        if (_replay(outcome, outcome.state ^ parts)[1] != outcome.value).any():
            raise AssertionError("a part of the flips changes the outcome: a bug")


def _result(
    outcome: Outcome, found: Found, asked: dict[str, Any], tells: Counter[str], began: float
) -> Reason:
    kind, contrastive, members = asked["kind"], asked["contrastive"], found.members
    every, size = kind == ALL, None if members is None else int(members.sum())
    whole = found.settled and found.smallest
    verdict = SAT if found.settled else UNKNOWN
    if members is None and found.settled:  # a list that stopped early says nothing of what it lacks
        verdict = UNSAT if whole or not every else UNKNOWN
    return Reason(
        question=_question(outcome, asked),
        verdict=verdict,
        proved=found.proved and verdict != UNKNOWN,
        certificate=found.certificate,
        seconds=time.monotonic() - began,
        steps=len(outcome.symbols),
        bit=outcome.bit,
        outcome=outcome.value,
        minimum=size if kind == MINIMUM or (every and whole) else None,
        at_least=None if kind == MINIMAL or verdict == UNSAT else found.least,
        minimal=found.minimal and members is not None,
        complete=whole if every else None,
        note=found.note,
        state=outcome.state,
        symbols=outcome.symbols,
        how=np.array(list(tells), np.str_),
        count=np.array(list(tells.values()), np.int64),
        alphabet=outcome.automaton.alphabet,
        symbols_predicted=outcome.automaton.weights.predicts,
        **asked,
        **_witness(outcome, members, contrastive),
        **_ragged("reason", found.reasons if every else None),
        **_ragged("contrast", found.contrasts if every else None),
    )


def _witness(outcome: Outcome, members: Mask | None, contrastive: bool) -> dict[str, Any]:
    names = ("neurons", "bits", "flips", "states", "outcome")
    shown: dict[str, Any] = dict.fromkeys(f"witness_{name}" for name in names)
    if members is None:
        return shown
    at = np.flatnonzero(members)
    start = outcome.state ^ members if contrastive else outcome.state
    states, outcomes = _replay(outcome, start[None])
    shown |= {"witness_states": np.concatenate(states), "witness_outcome": int(outcomes[0])}
    if contrastive:
        return shown | {"witness_flips": at}
    return shown | {"witness_neurons": at, "witness_bits": outcome.state[at] * 1}


def _ragged(name: str, sets: list[Mask] | None) -> dict[str, Any]:
    if sets is None:
        return {f"{name}_members": None, f"{name}_offsets": None}
    parts = [np.flatnonzero(members) for members in sets]
    offsets = np.cumsum([0, *(len(part) for part in parts)])
    return {f"{name}_members": np.concatenate([np.zeros(0, np.int64), *parts]), f"{name}_offsets": offsets}


def _engines(found: Found, tells: Counter[str]) -> str:
    """What the answer rests on, in the order of its use."""
    return "+".join(dict.fromkeys([*found.engines, *(how for how in tells if how != "undecided")]))


def _question(outcome: Outcome, asked: dict[str, Any]) -> str:
    kind, at = asked["kind"], asked["at"]
    later = at + len(outcome.symbols)
    if outcome.bit is not None:
        what = f"h{outcome.bit}={outcome.value} in states[{later}]"
    else:
        net = outcome.automaton
        symbol = show_symbol(outcome.value, net.alphabet) if net.weights.predicts else outcome.value
        what = f"the prediction {'' if net.weights.predicts else 'of output '}{symbol} from states[{later}]"
    if kind == ALL:
        return f"Which minimal sets of bits of states[{at}] force {what}, and which can change it?"
    if asked["contrastive"]:
        fewest = "the fewest" if kind == MINIMUM else "a minimal set of"
        return f"What are {fewest} flips in states[{at}] that change {what}?".replace("are a", "is a")
    least = "a smallest" if kind == MINIMUM else "a minimal"
    return f"What is {least} set of bits of states[{at}] that forces {what}?"
