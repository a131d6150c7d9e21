"""The optimum of a readout: the least cross-entropy, how far from it a readout can be, and what chooses l2.

"gradient" minimises the mean cross-entropy of the fitted positions and l2 / 2 (|wy|^2 + |by - marginal|^2)
(nats; all figures given out are in bits). The problem is convex, so a lower bound can be proved for it
(softmax.py), and the gap between the two is part of the result. Where l2 is not given it is chosen from GRID,
from the strongest down, by the cross-entropy of the validation part.
"""

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from boolrnn import progress
from boolrnn.errors import OptionError
from boolrnn.make.fitting import Features, Fitted, Task
from boolrnn.make.integers import on_grid
from boolrnn.make.newton import NOTHING, newton
from boolrnn.make.softmax import Softmax, cross_entropy
from boolrnn.make.states import distinct, rows_of
from boolrnn.shapes import Float64

MOST = 1e6  # largest l2
L2 = 1e-6  # without a validation part
GRID = tuple(10.0 ** (-k / 2) for k in range(15))  # 1, ..., 1e-7
TOLERANCE = 1e-6  # bits to the optimum, of a readout that is given out
ROUGH = 1e-4  # the same, of one that is only compared
WORSE = 1.01  # times the least cost so far: no weaker penalty is tried
BITS = float(np.log(2))
FOLLOWS = "entropy of what follows each state"


@dataclasses.dataclass(frozen=True, eq=False)
class Minimum:
    """The least value found of cross-entropy and penalty, and what is proved about it (bits)."""

    wy: Float64[np.ndarray, "O H"]
    by: Float64[np.ndarray, "O"]
    value: float  # with the penalty
    cost: float  # the cross-entropy alone
    gap: float  # value less the best lower bound: nothing is better by more
    proof: str  # which bound
    iterations: int
    converged: bool  # gap is within the tolerance


def lowest(features: Features, targets: np.ndarray) -> float:
    """H(next symbol | state) in bits: the mean cost below which no readout of these states gets on these
    positions. `features` (P, H), `targets` (P); states are the same where all features are."""
    return distinct(features, targets).entropy


def minimise(
    features: Features,
    targets: np.ndarray,
    outputs: int,
    *,
    l2: float,
    start: tuple[np.ndarray, np.ndarray] | None = None,
    centre: np.ndarray | None = None,
    tolerance: float = 1e-8,
    iterations: int = 50,
    budget: float | None = None,
) -> Minimum:
    """The readout of `features` (P, H; hidden values, bits as bools, or a csr_array of 0 and 1) that predicts
    `targets` (P) best: mean cross-entropy plus l2 / 2 (|wy|^2 + |by - centre|^2), in nats.

    `centre` (O) is ln of the smoothed share of each target where it is not given; the search begins at
    `start` (wy, by), else at zero and the centre. It ends when the value is proved to be within `tolerance`
    bits of the least, or after so many iterations or seconds; `gap` is what is proved, whatever ended it.

    With l2 = 0 the least value may lie at infinity; lower bounds are then the entropy of what follows each
    state (exact), and one for readouts up to a norm that `proof` names.

    Raises
    ------
    OptionError
        On a penalty below 0, or no position.
    """
    problem = _problem(features, targets, outputs, centre, l2)
    theta = problem.start(*start) if start else problem.start()
    with progress.bar("optimum", iterations) as tick:
        search = newton(
            problem,
            theta,
            l2,
            tolerance=tolerance * BITS,
            iterations=iterations,
            deadline=_deadline(budget),
            known=_known(problem),
            tick=tick,
        )
    wy, by = problem.readout(search.point.theta)
    gap = search.gap / BITS
    return Minimum(
        wy=wy,
        by=by,
        value=search.point.value / BITS,
        cost=search.point.cost / BITS,
        gap=gap,
        proof=search.proof,
        iterations=search.iterations,
        converged=gap <= tolerance,
    )


def gradient(
    task: Task, *, l2: float | None = None, budget: float | None = None, iterations: int = 50
) -> Fitted:
    """The optimum for positions 0..held-1, with l2 given, or chosen on the validation part from GRID by
    readouts fitted without it; without such a part l2 is L2. The gap is that of the readout given out,
    rounded so that a net's outputs are exact float32 sums.

    Raises
    ------
    OptionError
        On a penalty below 0.
    """
    split, deadline, begun, cut = task.split, _deadline(budget), None, None
    with progress.bar("readout", len(GRID) + 1) as tick:
        if l2 is None:
            l2 = L2
            if split.fit < split.held:
                l2, begun, cut = _chosen(task, iterations, _deadline(budget and 0.6 * budget), tick)
        whole = dataclasses.replace(task, split=split.whole)
        tick(len(GRID), f"all that is fitted, l2 {l2:.0e}")
        problem = _part(whole, l2)
        search = newton(
            problem,
            problem.start(*begun) if begun else problem.start(),
            l2,
            tolerance=TOLERANCE * BITS,
            iterations=iterations,
            deadline=deadline,
            known=_known(problem),
        )
    if search.point.value - search.low > TOLERANCE * BITS and time.monotonic() >= deadline:
        cut = "; ".join(part for part in (cut, "the budget ended the search for the optimum") if part)
    wy, by = on_grid(*(part.astype(np.float32) for part in problem.readout(search.point.theta)))
    wy, by = on_grid(wy, by)  # rounding up may make the grid coarser, once
    value = problem.at(problem.theta(wy, by), l2).value
    return Fitted(
        wy=wy,
        by=by,
        l2=l2,
        iterations=search.iterations,
        gap=max(0.0, value - search.low) / BITS,
        lowest=problem.entropy,
        proof=search.proof,
        cut=cut,
    )


def _chosen(
    task: Task, iterations: int, deadline: float, tick: Callable[..., None]
) -> tuple[float, tuple[np.ndarray, np.ndarray] | None, str | None]:
    """The penalty whose readout of positions 0..fit-1 predicts fit..held-1 best, that readout, and what the
    budget cut off."""
    part = slice(task.split.fit, task.split.held)
    features, targets = rows_of(task.features, part), task.targets[part]
    problem, least = _part(task, GRID[0]), np.inf
    theta, best, begun, cut = problem.start(), L2, None, None
    for done, l2 in enumerate(GRID):
        tick(done, f"l2 {l2:.0e}")
        search = newton(
            problem,
            theta,
            l2,
            tolerance=ROUGH * BITS,
            iterations=iterations,
            deadline=deadline,
            known=_known(problem),
        )
        theta = search.point.theta
        readout = problem.readout(theta)
        cost = cross_entropy(features, targets, *readout)
        if cost < least:
            best, begun, least = l2, readout, cost
        if cost > WORSE * least:
            break
        if time.monotonic() >= deadline:
            cut = (
                f"the budget ended the choice of l2: {done + 1} of {len(GRID)} were tried, the largest first"
            )
            break
    return best, begun, cut


def _part(task: Task, l2: float) -> Softmax:
    """The problem of positions 0..fit-1."""
    part = slice(0, task.split.fit)
    return _problem(rows_of(task.features, part), task.targets[part], task.outputs, task.marginal(), l2)


def _problem(
    features: Features, targets: np.ndarray, outputs: int, centre: np.ndarray | None, l2: float
) -> Softmax:
    if not 0 <= l2 <= MOST:
        raise OptionError(f"l2 {l2:g}: expected a number of 0 to {MOST:g}")
    if not len(targets):
        raise OptionError("no position to fit, expected at least one")
    if centre is None:
        counts = np.bincount(targets, minlength=outputs) + 0.5
        centre = np.log(counts / counts.sum())
    if features.dtype == bool and isinstance(features, np.ndarray):
        features = np.where(features, np.float32(1), np.float32(-1))
    return Softmax(features, targets, outputs, np.asarray(centre, np.float64))


def _known(problem: Softmax) -> tuple[float, str]:
    """A lower bound in nats that needs no search."""
    return (problem.entropy * BITS, FOLLOWS) if problem.entropy > 0 else (0.0, NOTHING)


def _deadline(budget: float | None) -> float:
    return np.inf if budget is None else time.monotonic() + budget
