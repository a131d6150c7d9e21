"""The linear relaxation that the engine `lp` solves again and again: how far inside can b be?

Maximise t subject to A b - t >= c with rows of norm 1 and 0 <= b <= 1, some bits fixed. Where t < 0 the
rows are infeasible and the duals say why; otherwise b is as far from every row as it can be, which makes
it a good point to round. HiGHS (simplex) starts each time from the basis of the last.
"""

import time
from typing import Any, NamedTuple

import highspy
import numpy as np

from boolrnn.shapes import Float64, Int64

_NEVER = 1e9  # seconds
_FREE = 1e6  # no row of norm 1 over bits is farther away than this
_ALL = 20_000  # simplex iterations; more are a sign of cycling


class Point(NamedTuple):
    """A solved relaxation: `distance` t, the bits, and the multiplier of every row (of norm 1)."""

    distance: float
    bits: Float64[np.ndarray, "N"]
    duals: Float64[np.ndarray, "R"]


class Relaxation:
    """One linear program over `matrix` b >= `bounds` (whole numbers), kept warm."""

    def __init__(self, matrix: np.ndarray, bounds: np.ndarray) -> None:
        matrix = matrix.astype(np.float64)
        self.norms = np.sqrt((matrix**2).sum(axis=1))
        self.norms[self.norms == 0] = 1.0
        rows, limits = matrix / self.norms[:, None], bounds.astype(np.float64) / self.norms
        count, size = matrix.shape
        self.solver = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
            self.solver.setOptionValue(option, value)
        self.solver.setOptionValue("solver", "simplex")
        self.solver.passModel(_program(np.c_[rows, -np.ones(count)], limits))
        self.low, self.high = np.zeros(size), np.ones(size)
        self.limit = 0
        self.deadline: float | None = None  # of time.monotonic: no solve goes on beyond it

    def basis(self) -> Any:
        """Where the solver stands, to come back to."""
        return self.solver.getBasis()

    def solve(self, fixed: Int64[np.ndarray, "N"], basis: Any = None) -> Point | None:
        """The best point with the bits in `fixed` (0, 1; -1: open); None where HiGHS gives up."""
        self._run(fixed, basis, _ALL)
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        found = self.solver.getSolution()
        values = np.array(found.col_value)
        return Point(float(values[-1]), values[:-1], np.array(found.row_dual))

    def guess(self, fixed: Int64[np.ndarray, "N"], basis: Any, iterations: int) -> float:
        """An estimate of the distance after so many iterations."""
        self._run(fixed, basis, iterations)
        return -float(self.solver.getInfo().objective_function_value)

    def _run(self, fixed: np.ndarray, basis: Any, iterations: int) -> None:
        low, high = np.maximum(fixed, 0).astype(np.float64), np.where(fixed == 0, 0.0, 1.0)
        changed = np.flatnonzero((low != self.low) | (high != self.high)).astype(np.int32)
        if len(changed):
            self.solver.changeColsBounds(len(changed), changed, low[changed], high[changed])
            self.low, self.high = low, high
        if basis is not None:
            self.solver.setBasis(basis)
        if self.limit != iterations:
            self.solver.setOptionValue("simplex_iteration_limit", iterations)
            self.limit = iterations
        left = _NEVER  # HiGHS counts the seconds of all its runs together
        if self.deadline is not None:
            left = self.solver.getRunTime() + max(self.deadline - time.monotonic(), 0.0)
        self.solver.setOptionValue("time_limit", left)
        self.solver.run()


def _program(rows: np.ndarray, bounds: np.ndarray) -> Any:
    count, size = rows.shape
    program: Any = highspy.HighsLp()  # whose lists take arrays
    program.num_col_, program.num_row_ = size, count
    program.col_cost_ = np.r_[np.zeros(size - 1), -1.0]
    program.col_lower_ = np.r_[np.zeros(size - 1), -_FREE]
    program.col_upper_ = np.r_[np.ones(size - 1), _FREE]
    program.row_lower_, program.row_upper_ = bounds, np.full(count, np.inf)
    at = [np.flatnonzero(row) for row in rows]
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.cumsum([0, *(len(part) for part in at)])
    program.a_matrix_.index_ = np.concatenate(at) if at else np.zeros(0, np.int32)
    program.a_matrix_.value_ = rows[rows != 0]
    return program
