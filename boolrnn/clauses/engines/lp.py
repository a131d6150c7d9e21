"""The engine `lp`: branch on bits of a linear relaxation; every refuted branch carries an exact proof.

A branch is closed when whole multipliers of the rows, made of the duals, refute it in integers
(boolrnn.clauses.engines.farkas): nothing rests on floating point, which only says where to look. So an
"unsat" comes with a tree of refutations that a separate checker has gone through, and a "sat" with bits
that were put into every row. Branching is by pseudocosts, reliable after a few trial solves
(T. Achterberg, T. Koch, A. Martin, Branching rules revisited, Oper. Res. Lett. 33, 2005,
doi:10.1016/j.orl.2004.04.002).
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answer
from boolrnn.clauses.engines import check_farkas
from boolrnn.clauses.engines.farkas import SPLIT, SUM, Tree, kind, multipliers, opening, violated
from boolrnn.clauses.engines.relaxation import Point, Relaxation
from boolrnn.clauses.problem import Limits, Problem, Simplified, simplify
from boolrnn.shapes import Int64

NAME = "lp"
WHOLE = True  # is given problems as they were asked, because its proofs speak of their rows
_TRIALS = 8  # bits that are tried at a node before branching, if they are not known well yet
_ITERATIONS = 40  # simplex iterations of a trial
_KNOWN = 4  # trials after which a bit's pseudocosts are trusted
_ZERO = 1e-6


def solve(problem: Problem, limits: Limits) -> Answer:
    """Bits that satisfy every row, or a checked refutation, or "unknown" when the time is up."""
    return begin(problem)(limits)


def begin(problem: Problem) -> Callable[[Limits], Answer]:
    """`solve` in parts: each call goes on where the last one ran out of time."""
    search = _Search(problem)

    def go_on(limits: Limits) -> Answer:
        began = time.monotonic()
        verdict = search.run(limits)
        if verdict == UNKNOWN:
            return Answer(UNKNOWN, NAME, time.monotonic() - began, note=f"{search.nodes:,} nodes")
        if verdict == SAT:
            return Answer(SAT, NAME, time.monotonic() - began, True, search.found)
        check_farkas.check(problem.matrix.tolist(), problem.bounds.tolist(), search.tree)
        proof, seconds = (problem, search.tree), time.monotonic() - began
        return Answer(UNSAT, NAME, seconds, True, certificate=kind(search.tree), proof=proof)

    return go_on


class _Branch(NamedTuple):
    fixed: Int64[np.ndarray, "N"]
    basis: Any


class _Search:
    """Depth first, the side with more room first; the tree is written in that order's preorder."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.stack: list[_Branch] | None = None  # branches that are open; None before the first
        self.nodes = 0
        self.tree: Tree = []
        self.found: np.ndarray | None = None
        self.cost = np.zeros((2, problem.size))  # of each open bit: loss of distance per unit, summed
        self.trials = np.zeros((2, problem.size))

    def run(self, limits: Limits) -> str:
        """What comes out; `found` or `tree` hold it."""
        if self.stack is None:
            simple = simplify(self.problem)
            self.tree = opening(simple)
            if simple.rest is None:
                return UNSAT
            guess = simple.expand(np.zeros(simple.rest.size, bool))
            if self.problem.holds(guess):
                self.found = guess
                return SAT
            self._relax(simple)
            self.stack = [_Branch(simple.fixed, None)]
        self.relaxation.deadline = limits.deadline
        while self.stack:
            if limits.left(time.monotonic()) <= 0:
                return UNKNOWN
            self.nodes += 1
            self._branch(self.stack.pop(), self.stack)
            if self.found is not None:
                return SAT
        return UNSAT

    def _relax(self, simple: Simplified) -> None:
        """The linear program of the rows and bits that bounds leave open."""
        assert simple.rows is not None
        self.rows, self.open = simple.rows, simple.open
        left = self.problem.matrix[self.rows]
        need = self.problem.bounds[self.rows] - left[:, simple.fixed == 1].sum(axis=1)
        self.relaxation = Relaxation(left[:, self.open], need)

    def _branch(self, branch: _Branch, stack: list[_Branch]) -> None:
        """Close a branch, or find bits in it, or put its two sides on the stack."""
        point = self.relaxation.solve(branch.fixed[self.open], branch.basis)
        if self._refuted(branch.fixed, point):
            return
        guess = self._rounded(branch.fixed, point)
        if self.problem.holds(guess):
            self.found = guess
        elif (branch.fixed >= 0).all():
            self.tree.append((SUM, {violated(self.problem, guess): 1}))
        else:
            stack += self._split(branch.fixed, point)

    def _refuted(self, fixed: np.ndarray, point: Point | None) -> bool:
        """Close the branch if the duals refute it in whole numbers."""
        if point is None or point.distance >= 0:
            return False
        found = multipliers(self.problem, self.rows, self.relaxation.norms, point.duals, fixed)
        if found is not None:
            self.tree.append((SUM, found))
        return found is not None

    def _rounded(self, fixed: np.ndarray, point: Point | None) -> np.ndarray:
        guess = fixed > 0
        if point is not None:
            guess[self.open] = point.bits >= 0.5
        return guess

    def _split(self, fixed: np.ndarray, point: Point | None) -> list[_Branch]:
        """Both sides of the bit to branch on, the one that is looked at first last."""
        if point is None:
            bit, first, basis = int(np.argmin(fixed)), 0, None
        else:
            basis = self.relaxation.basis()
            at = self._bit(fixed[self.open], point, basis)
            bit, first = int(self.open[at]), int(point.bits[at] >= 0.5)
        self.tree.append((SPLIT, [bit, first]))
        sides = []
        for side in (1 - first, first):
            child = fixed.copy()
            child[bit] = side
            sides.append(_Branch(child, basis))
        return sides

    def _bit(self, fixed: np.ndarray, point: Point, basis: Any) -> int:
        """The open bit whose two sides lose most distance, as far as is known."""
        inside = np.minimum(point.bits, 1 - point.bits)
        at = np.flatnonzero((fixed < 0) & (inside > _ZERO))
        if not len(at):
            return int(np.flatnonzero(fixed < 0)[0])
        scores = self._expected(at, point.bits[at])
        trials, best, choice = _TRIALS, -1.0, int(at[0])
        for k in np.argsort(-scores, kind="stable"):
            bit, score = int(at[k]), float(scores[k])
            if self.trials[:, bit].min() < _KNOWN:
                if not trials:
                    continue
                trials -= 1
                score = self._try(fixed, point, basis, bit)
            if score > best:
                best, choice = score, bit
        return choice

    def _expected(self, at: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The product of both sides' losses, as past trials have it (their mean where there were none)."""
        mean = self.cost.sum(axis=1) / np.maximum(self.trials.sum(axis=1), 1)
        tried = self.trials[:, at]
        rate = np.where(tried > 0, self.cost[:, at] / np.maximum(tried, 1), mean[:, None])
        loss = rate * np.stack([values, 1 - values])
        return np.maximum(loss, _ZERO).prod(axis=0)

    def _try(self, fixed: np.ndarray, point: Point, basis: Any, bit: int) -> float:
        """Solve a little on both sides of a bit, and remember what it cost."""
        score, value = 1.0, float(point.bits[bit])
        for side, way in ((0, value), (1, 1 - value)):
            child = fixed.copy()
            child[bit] = side
            loss = max(point.distance - self.relaxation.guess(child, basis, _ITERATIONS), 0.0)
            self.cost[side, bit] += loss / way
            self.trials[side, bit] += 1
            score *= max(loss, _ZERO)
        return score
