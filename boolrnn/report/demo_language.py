"""The fourth part of the demo: a small net that was trained on words of a language, run on many test words,
compared with the language on all words, and learned by asking it."""

from typing import Any

import numpy as np

from boolrnn.errors import MachineError
from boolrnn.machines.compare import CompareLanguage, compare_language
from boolrnn.machines.extract import Extract, extract
from boolrnn.machines.formats.languages import LANGUAGES
from boolrnn.machines.formats.spec import read_spec
from boolrnn.machines.machine import MOORE, Machine
from boolrnn.machines.minimise import minimised
from boolrnn.machines.outputs import Labeller
from boolrnn.machines.sides import labels_along
from boolrnn.model.automaton import Automaton, compile
from boolrnn.model.weights import Weights
from boolrnn.report.demo_learners import Learned, learn

STATES = 1_000_000  # that are enumerated at most


def language(weights: Weights, name: str, words: int, seed: int) -> dict[str, Any]:
    """Ask as `boolrnn compare-language MODEL NAME --words WORDS` and `boolrnn extract MODEL` do, then let
    query learning ask the same net.

    Raises
    ------
    MachineError
        Where the specification has labels on its transitions (a Mealy machine).
    """
    automaton, spec = compile(weights), read_spec(name)
    if spec.kind != MOORE:
        raise MachineError(f"{name}: a Mealy machine, expected labels on states (Moore)")
    found = compare_language(automaton, spec, words=words, seed=seed)
    exact = extract(automaton, among=found.among, outputs=found.outputs, max_states=STATES)
    word = found.counterexample
    fields: dict[str, Any] = {
        "language": name,
        "language_about": LANGUAGES[name].about if name in LANGUAGES else name,
        "language_sha256": weights.sha256(),
        "language_hidden": weights.hidden,
        "language_spec_states": minimised(spec).machine.states,
        "language_words": found.sampled_words,
        "language_longest": found.sampled_longest,
        "language_words_right": found.sampled_right,
        "language_seed": seed,
        "language_equal": found.equal,
        "language_word": found.counterexample_shown,
        "language_length": None if word is None else len(word),
        "language_expected": found.label_expected,
        "language_found": found.label_found,
        "language_network": found.label_network,
        "language_pairs": found.pairs_explored,
        "language_speaks_for": found.speaks_for,
        "language_verdict": found.verdict,
        "language_reachable": exact.reachable,
        "language_minimal": exact.minimal,
        "language_complete": exact.complete,
    }
    fields |= _prefixes(automaton, spec, found)
    learned = learn(weights, spec, found.among, found.outputs, seed)
    return fields | _learners(learned, spec, exact)


def _prefixes(automaton: Automaton, spec: Machine, found: CompareLanguage) -> dict[str, Any]:
    """The labels after every prefix of the counterexample, those of the specification and the net's own."""
    word = np.zeros(0, np.int64) if found.counterexample is None else found.counterexample
    place = {x: k for k, x in enumerate(found.among.tolist())}
    numbers = np.array([place[x] for x in word.tolist()], np.int64)
    wanted = np.array(spec.labels, np.str_)[spec.run(numbers)]
    own = labels_along(automaton, Labeller(automaton.weights, found.outputs), word)
    names = ["", *(spec.alphabet[k] for k in numbers.tolist())]
    return {
        "prefix_symbol": np.array(names, np.str_),
        "prefix_expected": wanted,
        "prefix_found": np.array([str(label) for label in own], np.str_),
    }


def _learners(learned: list[Learned], spec: Machine, exact: Extract) -> dict[str, Any]:
    """What each learner returned, as columns."""
    meant = minimised(spec).machine
    fields = {
        "learner": [one.name for one in learned],
        "learner_oracle": [one.oracle for one in learned],
        "learner_states": [one.machine.states for one in learned],
        "learner_returned": [_returned(one.machine, meant, exact.machine) for one in learned],
        "learner_words": [one.words for one in learned],
        "learner_symbols": [one.symbols for one in learned],
        "learner_seconds": [one.seconds for one in learned],
    }
    return {name: np.array(values) for name, values in fields.items()}


def _returned(machine: Machine, meant: Machine, own: Machine | None) -> str:
    """Whose machine a learner returned; `own` is None where the net's is not known."""
    if own is not None and machine.same_as(own):
        return "the net's machine"
    return "the intended machine" if machine.same_as(meant) else "another machine"
