"""Question: constraints on states that follow each other, built by hand, answered by any engine.

    q = Question(net, [47, 32])                  # an unknown state reads symbol 47, then 32
    q = q.where(q.distance(0, state) <= 3, q.bit(2, 5) == 1)
    found = q.solve(budget=10.0)                   # found.verdict, found.states, found.symbols

`bit(t, j)` is neuron j after t symbols, `reads(t, x)` says that the t-th symbol is x (an unknown symbol is
`ANY`), `z(t, j)` is the sum whose sign is bit(t, j), in units of 2^unit. Only what the constraints lead
back to becomes part of the problem.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from boolrnn.bits import as_bits
from boolrnn.clauses.answer import Answer
from boolrnn.clauses.expression import BIT, READS, All, AtLeast, Atom, Constraint, Sum
from boolrnn.clauses.integers import integers
from boolrnn.clauses.lowering import lower
from boolrnn.clauses.problem import Limits, Problem
from boolrnn.clauses.solving import AUTO, decide
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Int64

ANY = -1  # a symbol that the question leaves open


@dataclasses.dataclass(frozen=True)
class Solution:
    """An engine's answer as states and symbols; both None unless the verdict is sat.

    `states[t]` (T + 1, H) after t symbols, stepped by the automaton from `states[0]`; all constraints were
    evaluated on them again, apart from what the engine was given.
    """

    answer: Answer
    states: Bool[np.ndarray, "T H"] | None = None
    symbols: Int64[np.ndarray, "K"] | None = None

    @property
    def verdict(self) -> str:
        """sat, unsat or unknown."""
        return self.answer.verdict


class Question:
    """What is asked; `where` and `minimise` give new questions. See the file's docstring.

    `word` are the symbols that are read, numbers or ANY; `among` the symbols that ANY stands for (default:
    all). With `cycle` the state after the word is the state before it.

    Raises
    ------
    OptionError
        On a symbol that the net does not have.
    """

    def __init__(
        self,
        model: Weights | Automaton,
        word: Sequence[int] | np.ndarray = (),
        *,
        among: Sequence[int] | np.ndarray | None = None,
        cycle: bool = False,
    ) -> None:
        self.automaton = as_automaton(model)
        count = self.automaton.symbols
        self.among = tuple(range(count)) if among is None else tuple(int(x) for x in among)
        self.word = tuple(int(x) for x in word)
        for x in (*self.among, *(x for x in self.word if x != ANY)):
            if not 0 <= x < count:
                raise OptionError(f"symbol {x}: expected 0..{count - 1}")
        self.cycle = cycle and bool(self.word)
        self.constraints: tuple[Constraint, ...] = ()
        self.objective: Sum | None = None

    def where(self, *constraints: Constraint) -> "Question":
        """The same question with further constraints."""
        return self._with(constraints=(*self.constraints, *constraints))

    def minimise(self, objective: Sum) -> "Question":
        """The same question, asking for a solution with the least `objective`."""
        return self._with(objective=objective)

    def _with(self, **changes: object) -> "Question":
        other = object.__new__(Question)
        vars(other).update(vars(self) | changes)
        return other

    def bit(self, time: int, neuron: int) -> Sum:
        """1 where the neuron is +1 after `time` symbols, else 0."""
        if not 0 <= time <= len(self.word) or not 0 <= neuron < self.automaton.hidden:
            most = f"times are 0..{len(self.word)}, neurons 0..{self.automaton.hidden - 1}"
            raise OptionError(f"bit({time}, {neuron}): {most}")
        return Sum({Atom(BIT, 0 if self.cycle and time == len(self.word) else time, neuron): 1})

    def reads(self, time: int, symbol: int) -> Sum:
        """1 where the `time`-th symbol (1 is the first) is `symbol`, else 0."""
        if not 1 <= time <= len(self.word):
            raise OptionError(f"reads({time}, {symbol}): times are 1..{len(self.word)}")
        if not 0 <= symbol < self.automaton.symbols:
            raise OptionError(f"reads({time}, {symbol}): expected 0..{self.automaton.symbols - 1}")
        given = self.word[time - 1]
        if given != ANY or symbol not in self.among:
            return Sum(constant=int(given == symbol))
        return Sum({Atom(READS, time, symbol): 1})

    def z(self, time: int, neuron: int) -> Sum:
        """The sum whose sign is bit(time, neuron), time >= 1, in units of 2^row_unit[neuron]."""
        if not 1 <= time <= len(self.word):
            raise OptionError(f"z({time}, {neuron}): times are 1..{len(self.word)}")
        row = integers(self.automaton).row(neuron)
        weights = {j: int(w) for j, w in enumerate(row.weights) if w}
        terms = {Atom(BIT, time - 1, j): 2 * w for j, w in weights.items()}
        total = Sum(terms, -sum(weights.values()))
        if self.word[time - 1] != ANY:
            return total + int(row.drive[self.word[time - 1]])
        return total + Sum({Atom(READS, time, x): int(row.drive[x]) for x in self.among})

    def distance(
        self,
        time: int,
        state: Bool[np.ndarray, "H"],
        neurons: Sequence[int] | np.ndarray | None = None,
        weights: Sequence[int] | np.ndarray | None = None,
    ) -> Sum:
        """How many bits (of `neurons`) differ from `state` after `time` symbols, each times its weight."""
        state = as_bits("state", state, (self.automaton.hidden,))
        total = Sum()
        for k, j in enumerate(range(self.automaton.hidden) if neurons is None else neurons):
            bit, weight = self.bit(time, j), 1 if weights is None else weights[k]
            total = total + (1 - bit if state[j] else bit) * weight
        return total

    def equals(
        self, time: int, state: Bool[np.ndarray, "H"], care: Bool[np.ndarray, "H"] | None = None
    ) -> Constraint:
        """The state after `time` symbols is `state`, or agrees with it where `care` is set."""
        state = as_bits("state", state, (self.automaton.hidden,))
        at = range(self.automaton.hidden) if care is None else np.flatnonzero(care).tolist()
        return All(tuple(self.bit(time, j) == int(state[j]) for j in at))

    def output(self, time: int, number: int) -> Sum:
        """An output after `time` symbols, in the readout's unit."""
        weights, bias = integers(self.automaton).readout
        row = [(j, w) for j, w in enumerate(weights[number].tolist()) if w]
        total = Sum(constant=int(bias[number]) - sum(w for _, w in row))
        for j, w in row:
            total = total + self.bit(time, j) * (2 * w)
        return total

    def predicts(self, time: int, symbol: int) -> Constraint:
        """The largest output after `time` symbols is `symbol`; of equal ones the lowest index."""
        count = self.automaton.outputs
        if not 0 <= symbol < count:
            raise OptionError(f"predicts({time}, {symbol}): expected 0..{count - 1}")
        top = self.output(time, symbol)
        others = [(k, self.output(time, k)) for k in range(count) if k != symbol]
        return All(tuple(AtLeast(top - other - int(k < symbol)) for k, other in others))

    def problem(self) -> Problem:
        """The question as integer rows, as engines get it."""
        return lower(self).problem

    def solve(self, engine: str = AUTO, *, budget: float | None = None, memory: int = 2 << 30) -> Solution:
        """Ask an engine, or `auto`.

        Raises
        ------
        OptionError
            On an engine that does not exist.
        """
        lowered = lower(self)
        answer = decide(lowered.problem, engine, Limits.within(budget, memory))
        if answer.values is None:
            return Solution(answer)
        states, symbols = lowered.witness(answer.values)
        minimum = self._check(answer, states, symbols)
        return Solution(dataclasses.replace(answer, minimum=minimum), states, symbols)

    def _check(self, answer: Answer, states: np.ndarray, symbols: np.ndarray) -> int | None:
        """Evaluate every constraint on the automaton's own states, and the objective."""

        def values(atom: Atom) -> bool:
            if atom.kind == BIT:
                return bool(states[atom.time, atom.number])
            return bool(symbols[atom.time - 1] == atom.number)

        fits = all(part.holds(values) for part in self.constraints)
        if not fits or (self.cycle and (states[0] != states[-1]).any()):
            raise AssertionError(f"engine {answer.engine}: its witness does not survive replay")
        return None if self.objective is None else self.objective.value(values)
