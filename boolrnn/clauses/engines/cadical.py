"""The engine `cadical`: the rows as clauses, solved by CaDiCaL 1.9.5."""

from boolrnn.clauses.answer import Answer
from boolrnn.clauses.engines import cnf
from boolrnn.clauses.problem import Limits, Problem

NAME = "cadical"


def solve(problem: Problem, limits: Limits) -> Answer:
    """A solution, or CaDiCaL's word that there is none; unknown where the clauses would be too many."""
    return cnf.solve(problem, limits, NAME, "cadical195")
