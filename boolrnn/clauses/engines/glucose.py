"""The engine `glucose`: the rows as clauses, solved by Glucose 4."""

from boolrnn.clauses.answer import Answer
from boolrnn.clauses.engines import cnf
from boolrnn.clauses.problem import Limits, Problem

NAME = "glucose"


def solve(problem: Problem, limits: Limits) -> Answer:
    """A solution, or Glucose's word that there is none; unknown where the clauses would be too many."""
    return cnf.solve(problem, limits, NAME, "glucose4")
