"""From the duals of a linear program to whole multipliers that refute rows exactly.

The duals are floating point and may be wrong: what is made of them is tried in exact integers at once,
and again by the checker (boolrnn.clauses.engines.check_farkas), which shares no code with this.
"""

from typing import Any

import numpy as np

from boolrnn.clauses.problem import Problem, Simplified
from boolrnn.shapes import Float64, Int64

SPLIT, SUM = "split", "sum"
_BITS = 24  # of the largest multiplier, in units of its row; more only makes the numbers longer

Tree = list[tuple[str, Any]]  # in preorder; boolrnn.clauses.engines.check_farkas says what it means


def multipliers(
    problem: Problem,
    rows: Int64[np.ndarray, "R"],
    norms: Float64[np.ndarray, "R"],
    duals: Float64[np.ndarray, "R"],
    fixed: Int64[np.ndarray, "N"],
) -> dict[int, int] | None:
    """Whole multipliers by row that refute the problem where `fixed` (0, 1, -1: open), or None.

    `duals` are those of `rows`, each divided by its norm.
    """
    largest = float(duals.max(initial=0.0))
    used = np.flatnonzero(duals > largest * 2.0**-_BITS)
    if not largest > 0:
        return None
    unit = 2.0**_BITS / largest * norms[used].max()
    whole = [int(m) for m in np.rint(duals[used] * (unit / norms[used])).tolist()]
    names = rows[used].tolist()
    total = np.array(whole, object) @ problem.matrix[names].astype(object)
    need = sum(m * int(problem.bounds[r]) for m, r in zip(whole, names))
    most = np.where(fixed < 0, np.maximum(total, 0), total * np.maximum(fixed, 0)).sum()
    return dict(zip(names, whole)) if most < need else None


def violated(problem: Problem, values: np.ndarray) -> int | None:
    """The number of a row that does not hold, or None."""
    wrong = np.flatnonzero(problem.matrix[:, values].sum(axis=1) < problem.bounds)
    return int(wrong[0]) if len(wrong) else None


def opening(simple: Simplified) -> Tree:
    """The part of a refutation that says how bounds fix bits: one row closes each other value at once.
    It ends with the row that is left without a choice, or with an open branch that others go on from."""
    tree: Tree = []
    for bit, value, row in simple.trail:
        tree += [(SPLIT, [bit, 1 - value]), (SUM, {row: 1})]
    return tree if simple.conflict is None else [*tree, (SUM, {simple.conflict: 1})]


def kind(tree: Tree) -> str:
    """What a refutation is called: one sum of rows, or a tree of them."""
    return "farkas" if len(tree) == 1 else "farkas tree"


def as_json(problem: Problem, tree: Tree) -> dict[str, Any]:
    """A refutation as the checker reads it from a file."""
    return {"rows": problem.matrix.tolist(), "bounds": problem.bounds.tolist(), "tree": tree}
