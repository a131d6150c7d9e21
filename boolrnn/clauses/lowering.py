"""From a question to a problem: variables for the bits that matter, two rows per neuron that is stepped.

bit = [z >= 0] is z >= 0 where the bit is 1 and z <= -1 where it is 0 (z is whole). A row that holds only
if a bit is set is given the slack it needs otherwise: the least z there is.
"""

import dataclasses
from typing import Protocol, runtime_checkable

import numpy as np

from boolrnn.clauses.expression import BIT, READS, All, Any, AtLeast, Atom, Constraint, Sum
from boolrnn.clauses.problem import Problem, dense
from boolrnn.model.automaton import Automaton

_CHOICE = "choice"  # which part of an `or` holds


@runtime_checkable
class Asked(Protocol):
    """What a question (boolrnn.clauses.question) is made of; symbols below 0 are open."""

    automaton: Automaton
    word: tuple[int, ...]
    among: tuple[int, ...]
    cycle: bool
    constraints: tuple[Constraint, ...]
    objective: Sum | None

    def z(self, time: int, neuron: int) -> Sum:
        """The sum whose sign is the neuron's bit at that time."""
        ...


@dataclasses.dataclass(frozen=True)
class Lowered:
    """A problem, and which bit of the question each variable is."""

    question: Asked
    problem: Problem
    variables: dict[Atom, int]

    def witness(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States (T + 1, H) and symbols (T) of a solution: the state and symbols it starts from, stepped by
        the automaton. Bits that do not matter are 0."""
        automaton, word = self.question.automaton, self.question.word
        states = np.zeros((len(word) + 1, automaton.hidden), bool)
        symbols = np.array([x if x >= 0 else self.question.among[0] for x in word], np.int64)
        for atom, v in self.variables.items():
            if atom.kind == BIT and atom.time == 0:
                states[0, atom.number] = values[v]
            elif atom.kind == READS and values[v]:
                symbols[atom.time - 1] = atom.number
        for t, x in enumerate(symbols):
            states[t + 1] = automaton.step(states[t : t + 1], np.array([x]))[0][0]
        return states, symbols


def lower(question: Asked) -> Lowered:
    """The problem of a question."""
    work = _Lowering(question)
    for constraint in question.constraints:
        work.add(constraint, None)
    if question.cycle:
        for neuron in range(question.automaton.hidden):
            work.variable(Atom(BIT, 0, neuron))
            work.define(Atom(BIT, 0, neuron), len(question.word))
    objective = None
    if question.objective is not None:
        objective = {work.variable(atom): c for atom, c in question.objective.terms.items()}
    return Lowered(question, dense(work.rows, len(work.variables), objective), work.variables)


class _Lowering:
    """Rows so far, as (coefficients by variable, bound)."""

    def __init__(self, question: Asked) -> None:
        self.question = question
        self.rows: list[tuple[dict[int, int], int]] = []
        self.variables: dict[Atom, int] = {}
        self.read: set[int] = set()  # times whose symbol is a variable

    def add(self, constraint: Constraint, only_if: int | None) -> None:
        """Rows that say `constraint`; with `only_if`, where that variable is 1."""
        if isinstance(constraint, All):
            for part in constraint.parts:
                self.add(part, only_if)
        elif isinstance(constraint, Any):
            choices = [self._fresh() for _ in constraint.parts]
            self._row(dict.fromkeys(choices, 1), 1, only_if)
            for choice, part in zip(choices, constraint.parts):
                self.add(part, choice)
        else:
            assert isinstance(constraint, AtLeast)
            terms = {self.variable(atom): c for atom, c in constraint.sum.terms.items()}
            self._row(terms, -constraint.sum.constant, only_if)

    def variable(self, atom: Atom) -> int:
        """The variable of an atom; a bit that is new is defined by the step that leads to it."""
        if atom in self.variables:
            return self.variables[atom]
        number = self.variables[atom] = len(self.variables)
        if atom.kind == BIT and atom.time > 0:
            self.define(atom, atom.time)
        elif atom.kind == READS:
            self._one_of(atom.time)
        return number

    def _one_of(self, time: int) -> None:
        """Exactly one symbol is read at that time."""
        if time not in self.read:
            self.read.add(time)
            every = [self.variable(Atom(READS, time, x)) for x in self.question.among]
            self._row(dict.fromkeys(every, 1), 1, None)
            self._row(dict.fromkeys(every, -1), -1, None)

    def define(self, atom: Atom, time: int) -> None:
        """bit = [z >= 0] at that time."""
        z = self.question.z(time, atom.number)
        number = self.variables[atom]
        for sign, least in ((1, 0), (-1, 1)):  # z >= 0 where the bit is 1, -z >= 1 where it is 0
            terms = {self.variable(part): sign * c for part, c in z.terms.items()}
            self._row(terms, least - sign * z.constant, number, set_=sign > 0)

    def _fresh(self) -> int:
        return self.variable(Atom(_CHOICE, 0, len(self.variables)))

    def _row(self, terms: dict[int, int], bound: int, only_if: int | None, set_: bool = True) -> None:
        """sum >= bound, or sum + slack >= bound where `only_if` has the other value than `set_`."""
        if only_if is not None:
            least = sum(c for c in terms.values() if c < 0)
            slack = max(0, bound - least)
            terms = dict(terms)
            if set_:  # slack (1 - b)
                terms[only_if] = terms.get(only_if, 0) - slack
                bound -= slack
            else:  # slack b
                terms[only_if] = terms.get(only_if, 0) + slack
        self.rows.append((terms, bound))
