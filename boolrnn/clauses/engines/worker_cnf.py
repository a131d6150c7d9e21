"""Encoding and solving inside a worker's process: a task of rows, python-sat's encoders and solvers."""

from collections.abc import Callable, Mapping
from typing import Any

from pysat.card import CardEnc
from pysat.card import EncType as CardType
from pysat.pb import EncType, PBEnc
from pysat.solvers import Solver

from boolrnn.clauses.engines.counting import cardinality


def work(task: Mapping[str, Any], say: Callable[[Mapping[str, Any]], None]) -> None:
    """Say the true variables of a solution of `rows` over `size` variables, then of ever cheaper ones while
    there are (`cost`), and at the end that there is none."""
    formula = _Formula(task["solver"], task["size"], task["encoding"])
    possible = all(formula.add(*row) for row in task["rows"])
    while possible and formula.solver.solve():
        model = [v for v in formula.solver.get_model() or [] if 0 < v <= task["size"]]
        say({"model": model})
        if task["cost"] is None:
            return
        literals, weights, _ = task["cost"]
        true = set(model)
        spent = sum(w for v, w in zip(literals, weights) if (abs(v) in true) == (v > 0))
        possible = formula.add([-v for v in literals], weights, sum(weights) - spent + 1)
    say({"unsat": True})


class _Formula:
    """A solver and the number of its last variable."""

    def __init__(self, solver: str, size: int, encoding: str) -> None:
        self.solver = Solver(solver)
        self.last = size
        self.encoding = getattr(EncType, encoding)

    def add(self, literals: list[int], weights: list[int], bound: int) -> bool:
        """Add the clauses of sum weights [literals] >= bound; False where it cannot hold."""
        if bound <= 0:
            return True
        if sum(weights) < bound:
            return False
        size = len(literals)
        if min(weights) == max(weights):
            self._count(literals, -(-bound // weights[0]))
            return True
        weights = [min(weight, bound) for weight in weights]  # more than the bound is never needed
        local = list(range(1, size + 1))
        made = PBEnc.geq(lits=local, weights=weights, bound=bound, top_id=size, encoding=self.encoding)
        self._append(literals, made.clauses)
        return True

    def _count(self, literals: list[int], need: int) -> None:
        """At least `need` of the literals."""
        size = len(literals)
        if need in (1, size):
            self.solver.append_formula([literals] if need == 1 else [[v] for v in literals])
            return
        encoding = getattr(CardType, cardinality(size, need)[0])
        made = CardEnc.atleast(lits=list(range(1, size + 1)), bound=need, top_id=size, encoding=encoding)
        self._append(literals, made.clauses)

    def _append(self, literals: list[int], clauses: list[list[int]]) -> None:
        """Clauses over 1..n and new variables, as clauses over the literals and variables of its own."""
        size, shift = len(literals), self.last - len(literals)
        new: dict[int, int] = {}
        for k, literal in enumerate(literals, 1):
            new[k], new[-k] = literal, -literal
        top = max((abs(v) for clause in clauses for v in clause), default=size)
        for v in range(size + 1, top + 1):
            new[v], new[-v] = v + shift, -v - shift
        self.last = max(self.last, top + shift)
        self.solver.append_formula([[new[v] for v in clause] for clause in clauses])
