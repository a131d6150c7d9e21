"""What a net is compared with: a machine or another net, under which names of symbols and labels."""

import dataclasses
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from boolrnn.clauses.reach import symbols_among
from boolrnn.errors import MachineError
from boolrnn.machines.explore import Exploration
from boolrnn.machines.float_labels import FloatLabels
from boolrnn.machines.gather import Limits
from boolrnn.machines.machine import MEALY, NOTHING, Machine, as_mealy
from boolrnn.machines.naming import names_of, numbers_of
from boolrnn.machines.outputs import ARGMAX, SIGN, Labeller
from boolrnn.machines.product import Difference, against_machine, against_net
from boolrnn.model.automaton import Automaton
from boolrnn.model.rnn import trace
from boolrnn.model.weights import Weights


class Against(ABC):
    """What is compared with what: `symbols` of the net under `names` of the specification; whether the word
    of no symbols counts (`empty`)."""

    kind = "net"  # of the specification
    told = "the specification"
    states: int | None = None

    def __init__(self, automaton: Automaton, outputs: str, empty: bool) -> None:
        self.automaton, self.empty = automaton, empty
        self.labeller = Labeller(automaton.weights, outputs)
        self.symbols = np.zeros(0, np.int64)
        self.names: tuple[str, ...] = ()

    @abstractmethod
    def compare(self, limits: Limits) -> tuple[Difference, Exploration]:
        """The first difference, and the search that found it."""

    @abstractmethod
    def expected(self, word: np.ndarray) -> list[str | None]:
        """The specification's labels at every prefix of a word (symbols of the net)."""

    def machine(self) -> Machine | None:
        """The specification, where it is a machine."""
        return None

    def numbered(self, word: np.ndarray) -> np.ndarray:
        """Symbols of the net as numbers in `symbols`."""
        place = np.full(self.automaton.symbols, NOTHING)
        place[self.symbols] = np.arange(len(self.symbols))
        return place[word]

    def replay(self, found: Difference) -> None:
        """Run both sides over a counterexample, in exact arithmetic: only its last label may differ.

        Raises
        ------
        RuntimeError
            Where it is none: a bug.
        """
        if found.word is None:
            return
        own, wanted = labels_along(self.automaton, self.labeller, found.word), self.expected(found.word)
        first = 0 if self.empty else 1
        if own[-1] == wanted[-1] or own[first:-1] != wanted[first:-1]:
            raise RuntimeError("a counterexample that was found does not replay: this is a bug in boolrnn")


class AgainstMachine(Against):
    """A net and a machine."""

    def __init__(
        self, automaton: Automaton, spec: Machine, among: Any, outputs: str, ignore_empty: bool
    ) -> None:
        super().__init__(automaton, _outputs(automaton.weights, spec, outputs), not ignore_empty)
        self.symbols = numbers_of(spec.alphabet, automaton.weights)
        if among is not None:
            spec, self.symbols = _over(spec, self.symbols, symbols_among(among, automaton.symbols))
        self.spec = as_mealy(spec) if ignore_empty else spec
        self.empty = self.spec.kind != MEALY
        self.names, self.kind, self.states = spec.alphabet, spec.kind, spec.states
        _check_labels(self.labeller, spec)

    def compare(self, limits: Limits) -> tuple[Difference, Exploration]:
        return against_machine(self.automaton, self.labeller, self.symbols, self.spec, limits)

    def expected(self, word: np.ndarray) -> list[str | None]:
        told = self.spec.run(self.numbered(word)).tolist()
        names = [None if label < 0 else self.spec.labels[label] for label in told]
        return names if self.empty else [None, *names]

    def machine(self) -> Machine:
        return self.spec


class AgainstNet(Against):
    """Two nets; nothing is certified of the float program of the second."""

    told = "the other net's sign automaton"

    def __init__(
        self, automaton: Automaton, spec: Automaton, among: Any, outputs: str, ignore_empty: bool
    ) -> None:
        super().__init__(automaton, outputs, not ignore_empty)
        self.spec, self.other = spec, Labeller(spec.weights, outputs)
        self.symbols = symbols_among(among, automaton.symbols)
        self.names = names_of(automaton.weights, self.symbols)
        if among is None:
            theirs = set(names_of(spec.weights, np.arange(spec.symbols)))
            shared = [k for k, name in enumerate(self.names) if name in theirs]
            if not shared:
                raise MachineError("the nets have no symbol in common; --alphabet STRING names them")
            self.symbols, self.names = self.symbols[shared], tuple(self.names[k] for k in shared)
        self.theirs = numbers_of(self.names, spec.weights)

    def compare(self, limits: Limits) -> tuple[Difference, Exploration]:
        pair, labellers = (self.automaton, self.spec), (self.labeller, self.other)
        return against_net(pair, labellers, (self.symbols, self.theirs), limits, self.empty)

    def expected(self, word: np.ndarray) -> list[str | None]:
        return labels_along(self.spec, self.other, self.theirs[self.numbered(word)])


def label_of_program(against: Against, word: np.ndarray, tanh: str) -> str:
    """The label of the float32 program after a word (symbols of the net)."""
    labels, weights = FloatLabels(against.labeller), against.automaton.weights
    if not len(word):
        return labels.name(int(labels.of_floats(None, np.zeros((1, weights.hidden), np.float32))[0]))
    run = trace(weights, word, tanh=tanh)
    return labels.name(int(labels.of_floats(run.z[-1:], run.hidden[-1:])[0]))


def labels_along(automaton: Automaton, labeller: Labeller, word: np.ndarray) -> list[str | None]:
    """The automaton's labels at every prefix of a word, from its start."""
    numbers = [labeller.of_start()]
    if len(word):
        numbers += labeller.of_states(automaton.run(word).states).tolist()
    return [labeller.labels[number] for number in numbers]


def _outputs(weights: Weights, spec: Machine, outputs: str) -> str:
    """Labels are named by symbols where those of the specification are such names and no numbers."""
    numbers = set(map(str, range(max(weights.outputs, 2))))
    if outputs == ARGMAX and weights.predicts and not numbers & set(spec.labels):
        symbols = set(names_of(weights, np.arange(weights.symbols)))
        return "symbol" if symbols & set(spec.labels) else outputs
    return outputs


def _check_labels(labeller: Labeller, spec: Machine) -> None:
    """Refuse a specification none of whose labels is one of the net's."""
    if labeller.kind in (ARGMAX, SIGN) and not set(labeller.labels) & set(spec.labels):
        own, theirs = (", ".join(names[:8]) for names in (labeller.labels, spec.labels))
        raise MachineError(
            f"labels of the specification ({theirs}) and of the net ({own}) have none in common; --outputs "
            "FILE names the net's"
        )


def _over(spec: Machine, symbols: np.ndarray, among: np.ndarray) -> tuple[Machine, np.ndarray]:
    """The machine over some of its symbols."""
    missing = np.setdiff1d(among, symbols)
    if len(missing):
        raise MachineError(f"symbol {missing[0]} of the net is none of the machine's")
    order = [int(np.flatnonzero(symbols == x)[0]) for x in among]
    parts: dict[str, Any] = {
        "alphabet": tuple(spec.alphabet[k] for k in order),
        "transitions": spec.transitions[:, order],
    }
    if spec.kind == MEALY:
        parts["outputs"] = spec.outputs[:, order]
    return dataclasses.replace(spec, **parts), among
