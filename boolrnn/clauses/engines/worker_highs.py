"""HiGHS inside a worker's process: one mixed integer program, made of a task of whole numbers."""

from collections.abc import Callable, Mapping
from typing import Any

import highspy
import numpy as np

_STATUS = highspy.HighsModelStatus
_WORDS = {
    _STATUS.kOptimal: ("optimal", ""),
    _STATUS.kInfeasible: ("infeasible", ""),
    _STATUS.kUnboundedOrInfeasible: ("infeasible", ""),
    _STATUS.kTimeLimit: ("ended", "the budget ended"),
    _STATUS.kMemoryLimit: ("ended", "the memory was not enough"),
}
_FOUND = 2  # a primal solution that is feasible, in HiGHS's numbers
_EARLY = 0.1  # seconds before the deadline, so that what was found can be told


def work(task: Mapping[str, Any], say: Callable[[Mapping[str, Any]], None]) -> None:
    """Solve rows `matrix` b >= `bounds` over `size` bits, `objective` least; say the status and the bits."""
    options: dict[str, Any] = {
        "output_flag": False,
        "threads": task["threads"],
        "random_seed": 1,
        "mip_rel_gap": 0.0,
        "mip_feasibility_tolerance": 1e-9,
        "primal_feasibility_tolerance": 1e-9,
        "small_matrix_value": 1e-12,
    }
    if task["seconds"] is not None:
        options["time_limit"] = max(0.01, task["seconds"] - _EARLY)
    solver = highspy.Highs()
    for option, value in options.items():
        solver.setOptionValue(option, value)
    solver.passModel(_program(task, task["size"]))
    solver.run()
    status = solver.getModelStatus()
    word, note = _WORDS.get(status, ("other", f"HiGHS says: {solver.modelStatusToString(status)}"))
    values = None
    if solver.getInfo().primal_solution_status == _FOUND:
        values = [int(value >= 0.5) for value in solver.getSolution().col_value]
    say({"status": word, "note": note, "values": values})


def _program(task: Mapping[str, Any], size: int) -> Any:
    rows, bounds = [], []
    for row, bound in zip(task["matrix"], task["bounds"]):
        unit = 1 << max(abs(v) for v in row).bit_length()
        rows.append([v / unit for v in row])  # whole numbers of any size, divided and rounded once
        bounds.append(bound / unit + task["stronger"])
    matrix = np.array(rows, np.float64).reshape(len(rows), size)
    program: Any = highspy.HighsLp()
    program.num_col_, program.num_row_ = size, len(rows)
    program.col_cost_ = _cost(task["objective"], size)
    program.col_lower_, program.col_upper_ = np.zeros(size), np.ones(size)
    program.row_lower_, program.row_upper_ = np.array(bounds), np.full(len(rows), np.inf)
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    at = matrix != 0
    program.a_matrix_.start_ = np.r_[0, np.cumsum(at.sum(axis=1))].astype(np.int32)
    program.a_matrix_.index_ = np.nonzero(at)[1].astype(np.int32)
    program.a_matrix_.value_ = matrix[at]
    program.integrality_ = [highspy.HighsVarType.kInteger] * size
    return program


def _cost(objective: list[int] | None, size: int) -> np.ndarray:
    if objective is None:
        return np.zeros(size)
    unit = 1 << max(0, max(abs(v) for v in objective).bit_length() - 20)
    return np.array([v / unit for v in objective], np.float64)
