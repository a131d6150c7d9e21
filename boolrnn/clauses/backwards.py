"""One step back: the states that read a symbol and become a given one, as a problem and as a list."""

import dataclasses
from collections import deque
from collections.abc import Iterator

import numpy as np

from boolrnn.bits import to_words
from boolrnn.clauses.answer import Answer
from boolrnn.clauses.integers import integers
from boolrnn.clauses.problem import Limits, Problem, problem_of
from boolrnn.clauses.solving import decide
from boolrnn.model.automaton import Automaton
from boolrnn.shapes import Bool


def into(
    automaton: Automaton, symbol: int, state: Bool[np.ndarray, "H"], care: Bool[np.ndarray, "H"]
) -> Problem:
    """Variable j is bit j of a state that reads `symbol` and agrees with `state` where `care` is set.

    z = d - sum w + 2 w . b in the units of each row, so bit 1 asks for 2 w . b >= sum w - d, and bit 0 for
    -2 w . b >= 1 - sum w + d.
    """
    rows, bounds = [], []
    for neuron in np.flatnonzero(care).tolist():
        row = integers(automaton).row(neuron)
        sign = 1 if state[neuron] else -1
        need = sign * (int(row.weights.sum()) - int(row.drive[symbol]))
        rows.append(row.weights * (2 * sign))
        bounds.append(need if state[neuron] else need + 1)
    wide = any(row.dtype == object for row in rows)
    matrix = np.array(rows, object if wide else np.int64).reshape(len(rows), automaton.hidden)
    return problem_of(matrix, bounds)


def every(problem: Problem, engine: str, limits: Limits) -> Iterator[Answer]:
    """Answers with different solutions; the last one is unsat (no others) or unknown.

    Solutions come in clusters: from each one that an engine finds, those that single flips lead to are
    listed first, and only then is the engine asked for another.
    """
    found: set[bytes] = set()
    while True:
        answer = decide(problem, engine, limits)
        if answer.values is None:
            yield answer
            return
        for values in _cluster(problem, answer.values, found):
            yield dataclasses.replace(answer, values=values)
            problem = problem.without(values, np.arange(problem.size))


def _cluster(problem: Problem, first: np.ndarray, found: set[bytes]) -> Iterator[np.ndarray]:
    """`first` and what flips of one bit after another lead to, each once, as long as every row holds."""
    todo = deque([first])
    found.add(to_words(first).tobytes())
    while todo:
        values = todo.popleft()
        yield values
        spare = problem.matrix[:, values].sum(axis=1) - problem.bounds
        change = problem.matrix * np.where(values, -1, 1)
        for j in np.flatnonzero((spare[:, None] + change >= 0).all(axis=0)).tolist():
            other = values.copy()
            other[j] ^= True
            key = to_words(other).tobytes()
            if key not in found:
                found.add(key)
                todo.append(other)
