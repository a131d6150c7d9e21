"""compare-language: does this net implement this specification, for every word of every length?

Net and specification read the same words, from both starts, pair of states by pair of states; the first word
on which their labels differ is a shortest one and is found long before all pairs are known. Where no pair is
left and none differs, they are equal on all words. That is a statement about the sign automaton; beside it
stands what is known of the float32 network: whether it is certified to be the automaton, how often it agrees
with the specification on sampled words, and the shortest word on which it leaves the automaton.
"""

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.graph.cycles import parse_memory
from boolrnn.machines.beside_float import LONGEST, sampled_agreement, shortest_disagreement
from boolrnn.machines.explore import CAP, INTERRUPTED, Exploration
from boolrnn.machines.formats.spec import read_spec
from boolrnn.machines.gather import Blocks, Limits
from boolrnn.machines.machine import Machine
from boolrnn.machines.naming import names_of
from boolrnn.machines.outputs import ARGMAX
from boolrnn.machines.product import PAIRS, Difference
from boolrnn.machines.replay import invariant
from boolrnn.machines.sides import Against, AgainstMachine, AgainstNet, label_of_program, labels_along
from boolrnn.machines.speaks import NETWORK, Speaks, speaks
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.rnn import stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Int64, UInt8

EQUAL = "equal"
FLOAT_PAIRS = 50_000  # pairs of hidden vector and state that are followed
FLOAT_SECONDS = 10.0  # for them, where there is no budget
MOST_PAIRS, MOST_WORDS = (1 << 31) - 2, 1_000_000
FEW = 100_000  # states that are looked for where a difference was found before all were known


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class CompareLanguage(Result):
    """Whether net and specification give the same labels, and the word on which they do not.

    `equal` is a proof (True: all pairs of states that any word reaches are known, and labelled alike), a
    replayed counterexample (False) or None: not decided. `compared_to`: all words of up to so many symbols
    are compared. `speaks_for` says whether that holds for the float32 network or for its sign automaton only.
    """

    schema = "compare_language/1"

    verdict: str
    equal: bool | None
    counterexample: Int64[np.ndarray, "L"] | None
    counterexample_shown: str | None  # as names of symbols
    label_found: str | None  # the net's after the counterexample
    label_expected: str | None  # the specification's
    label_network: str | None  # that of the float32 program after the same word
    pairs_explored: int
    pairs_replayed: int  # steps between pairs that were made again, where they are equal
    compared_to: int | None  # None: not even the word of no symbols
    stopped_by: str | None
    require: str | None
    holds: bool | None
    undecided: bool
    interrupted: bool
    outputs: str
    spec_kind: str = named("spec.kind")  # moore, mealy or net
    spec_states: int | None = named("spec.states")
    among: Int64[np.ndarray, "A"]
    alphabet: np.ndarray  # the names of these symbols in the specification
    speaks_for: str
    form: str | None = named("certificate.form")
    certified_for: str | None = named("certificate.arithmetic")
    states_level: str = named("certificate.states")
    states_reason: str = named("certificate.states_reason")
    outputs_level: str = named("certificate.outputs")
    outputs_reason: str = named("certificate.outputs_reason")
    least_margin: float | None = named("certificate.least_margin")
    gain_needed: float | None = named("certificate.gain_needed")
    sampled_words: int = named("sampled.words")
    sampled_longest: int = named("sampled.longest")
    sampled_right: float | None = named("sampled.words_right", default=None)
    sampled_prefixes: float | None = named("sampled.prefixes_right", default=None)
    sampled_shortest: Int64[np.ndarray, "S"] | None = named("sampled.shortest", whole=True, default=None)
    sampled_seed: int = named("sampled.seed")
    sampled_against: str = named("sampled.against")
    parting_verdict: str | None = named("float_and_signs.verdict", default=None)
    parting_word: Int64[np.ndarray, "P"] | None = named("float_and_signs.word", whole=True, default=None)
    parting_sign_word: Int64[np.ndarray, "Q"] | None = named(
        "float_and_signs.sign_word", whole=True, default=None
    )
    parting_searched: int | None = named("float_and_signs.searched", default=None)
    parting_closed: bool | None = named("float_and_signs.closed", default=None)
    arithmetic: str
    seconds: float
    net_alphabet: UInt8[np.ndarray, "V"] | None = named("net_alphabet", quiet=True)


def compare_language(
    model: Weights | Automaton,
    spec: Machine | Weights | Automaton | str,
    *,
    among: Sequence[int] | np.ndarray | None = None,
    outputs: str = ARGMAX,
    ignore_empty: bool = False,
    require: str | None = None,
    max_pairs: int = PAIRS,
    memory: int | str = "1G",
    budget: float | None = None,
    words: int = 2000,
    seed: int = 0,
    tanh: str = "exact",
    engine: str = "auto",
) -> CompareLanguage:
    """Compare a net with a machine (or what read_spec makes of a text), or with another net, on all words
    over the machine's symbols (of two nets those with names in common), or over `among` alone.

    `outputs` says what is read off a state (boolrnn.machines.outputs); labels are compared by name. The word
    of no symbols counts unless `ignore_empty`. `require` "equal" asks for the result to hold. At most
    `max_pairs` pairs and `memory` bytes are used and `budget` seconds spent on the comparison. The float32
    program is run on `words` sampled words (0: not run).

    Raises
    ------
    MachineError
        Where the machine is partial, or has symbols or labels that the net does not.
    OptionError, TextError
        On an option or symbol that cannot be used.
    """
    began = time.monotonic()
    if require not in (None, EQUAL):
        raise OptionError(f"require {require!r}: expected {EQUAL}")
    for name, value, least, most in (
        ("max_pairs", max_pairs, 1, MOST_PAIRS),
        ("words", words, 0, MOST_WORDS),
        ("seed", seed, 0, 2**63 - 1),
    ):
        if not least <= value <= most:
            raise OptionError(f"{name} {value}: expected {least:,}..{most:,}")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")
    limits = Limits(max_pairs, parse_memory(memory), None if budget is None else began + budget, engine)
    automaton = as_automaton(model)
    if isinstance(spec, str):
        own = automaton.weights
        named = None if own.alphabet is None else names_of(own, np.arange(own.symbols))
        spec = read_spec(spec, named)
    if isinstance(spec, Machine):
        against: Against = AgainstMachine(automaton, spec, among, outputs, ignore_empty)
    elif isinstance(spec, Weights | Automaton):
        against = AgainstNet(automaton, as_automaton(spec), among, outputs, ignore_empty)
    else:
        raise OptionError(
            f"spec: {type(spec).__name__}, expected a Machine (of a result: .machine), a net or text"
        )
    found, search = against.compare(limits)
    against.replay(found)
    replayed = invariant(search) if found.closed else 0
    words = 0 if found.why == INTERRUPTED else words
    spoken = _spoken(against, found, search)
    seconds = FLOAT_SECONDS if budget is None else min(FLOAT_SECONDS, budget)
    beside = _floats(against, found, words, seed, tanh, seconds)
    return _result(against, found, spoken, require, beside | {"pairs_replayed": replayed}, began)


def _spoken(against: Against, found: Difference, search: Exploration) -> Speaks:
    """For whom the comparison speaks; over the reachable states where all of them are known, or few."""
    automaton, symbols = against.automaton, against.symbols
    if not found.closed:
        search = Exploration(automaton, symbols, keep=False, most=FEW)
        search.run(deadline=time.monotonic() + FLOAT_SECONDS)
    blocks = Blocks(search.rows[: search.count], automaton.hidden) if search.closed else None
    return speaks(automaton, symbols, blocks, against.labeller)


def _floats(
    against: Against, found: Difference, words: int, seed: int, tanh: str, seconds: float
) -> dict[str, Any]:
    """What is seen of the float32 program, as fields."""
    machine = against.machine()
    fields: dict[str, Any] = {
        "label_network": None if found.word is None else label_of_program(against, found.word, tanh),
        "sampled_words": words,
        "sampled_longest": LONGEST,
        "sampled_seed": seed,
        "sampled_against": "the sign automaton" if machine is None else "the specification",
        "arithmetic": stated("float32", tanh),
    }
    if words:
        weights, labeller, symbols = against.automaton.weights, against.labeller, against.symbols
        drawn = sampled_agreement(
            weights, labeller, machine, symbols, words=words, seed=seed, tanh=tanh, budget=seconds
        )
        fields |= {
            "sampled_words": drawn.words,
            "sampled_right": drawn.words_right,
            "sampled_prefixes": drawn.prefixes_right,
            "sampled_shortest": drawn.shortest,
        }
        parting = shortest_disagreement(
            weights,
            against.automaton,
            labeller,
            symbols,
            budget_pairs=FLOAT_PAIRS,
            budget=seconds,
            tanh=tanh,
        )
        fields |= {
            "parting_verdict": parting.verdict,
            "parting_word": parting.word,
            "parting_sign_word": parting.sign_word,
            "parting_searched": parting.searched,
            "parting_closed": parting.closed,
        }
    return fields


def _result(
    against: Against,
    found: Difference,
    spoken: Speaks,
    require: str | None,
    beside: dict[str, Any],
    began: float,
) -> CompareLanguage:
    word = found.word
    own = wanted = shown = None
    if word is not None:
        own = labels_along(against.automaton, against.labeller, word)[-1]
        wanted = against.expected(word)[-1]
        shown = show_word(tuple(against.names[k] for k in against.numbered(word)))
    return CompareLanguage(
        verdict=_verdict(against.told, found, spoken, shown, own, wanted),
        equal=found.equal,
        counterexample=word,
        counterexample_shown=shown,
        label_found=own,
        label_expected=wanted,
        pairs_explored=found.pairs,
        compared_to=found.length if found.length >= 0 else None,
        stopped_by=_why(found) or None,
        require=require,
        holds=None if require is None or found.equal is None else found.equal,
        undecided=found.equal is None,
        interrupted=found.why == INTERRUPTED,
        outputs=against.labeller.asked,
        spec_kind=against.kind,
        spec_states=against.states,
        among=against.symbols,
        alphabet=np.array(against.names, np.str_),
        speaks_for=spoken.speaks_for,
        form=spoken.form,
        certified_for=spoken.arithmetic,
        states_level=spoken.states_level,
        states_reason=spoken.states_reason,
        outputs_level=spoken.outputs_level,
        outputs_reason=spoken.outputs_reason,
        least_margin=spoken.least_margin,
        gain_needed=spoken.gain_needed,
        **beside,
        seconds=time.monotonic() - began,
        net_alphabet=against.automaton.alphabet,
    )


def show_word(names: tuple[str, ...]) -> str:
    """A word as its symbols' names: together where each is one character, else apart."""
    if not names:
        return "(no symbols)"
    return ("" if all(len(name) == 1 for name in names) else " ").join(names)


def _why(found: Difference) -> str:
    """What stopped the comparison, by the name of its option."""
    return {CAP: "max pairs", INTERRUPTED: "Ctrl-C"}.get(found.why, found.why)


def _verdict(
    spec: str, found: Difference, spoken: Speaks, shown: str | None, own: str | None, wanted: str | None
) -> str:
    """One sentence."""
    pairs = f"{found.pairs:,} pair{'s' * (found.pairs != 1)} of states"
    if found.word is not None:
        length = len(found.word)
        where = f"after {shown} ({length:,} symbol{'s' * (length != 1)}; no shorter word differs)"
        where = where if length else "on the word of no symbols"
        return f"Not equal: {where} the net says {own}, {spec} {wanted}; {pairs} looked at."
    if found.equal is None:
        return (
            f"Not decided: stopped by {_why(found)} after {pairs}; all words of up to {found.length} symbols "
            "are compared and labelled alike."
        )
    who = "the float32 network" if spoken.speaks_for == NETWORK else "the sign automaton"
    sentence = f"Equal: {who} is {spec} on every word ({pairs}, all there are)"
    if spoken.speaks_for == NETWORK:
        return sentence + "."
    reason = spoken.states_reason if spoken.states_by is None else spoken.outputs_reason
    return f"{sentence}; the float network is not certified to be its automaton ({reason})."
