"""Newton's method for a convex softmax problem: conjugate gradients, damped, with certified progress.

Each iteration solves (curvature + damping) step = -slope by preconditioned conjugate gradients, goes along
the step until the slope along it has nearly vanished, and adjusts the damping by how far that was. The
damping is a multiple of the slope's norm (without it steps from afar overshoot: far out the curvature
vanishes), so it ends with the slope. Deterministic.
"""

import dataclasses
import math
import time
from collections.abc import Callable

import numpy as np

from boolrnn.make.precondition import Preconditioner
from boolrnn.make.softmax import Point, Softmax

PRODUCTS = 250  # of the curvature in one iteration, at most
FORCING = 0.1  # the first systems are solved to this share of the slope, later ones better
DAMPING = 1 / 400  # times the slope's norm and the length of the longest feature row: the first
FLATTENED = 0.3  # share of the slope along the step at which a line search ends
PROBES = 12  # points of one line search
REACH = 100.0  # without penalty bounds hold for readouts of this many times the norm found
NOTHING = "no cost is below 0"


@dataclasses.dataclass
class Search:
    """Where a search is: its point, and the best lower bound proved so far, in nats."""

    point: Point
    low: float = 0.0
    proof: str = NOTHING
    iterations: int = 0

    @property
    def gap(self) -> float:
        return max(0.0, self.point.value - self.low)


def newton(
    problem: Softmax,
    theta: np.ndarray,
    l2: float,
    *,
    tolerance: float,
    iterations: int,
    deadline: float = float("inf"),
    known: tuple[float, str] = (0.0, NOTHING),
    tick: Callable[..., None] = lambda done, note="": None,
) -> Search:
    """Minimise from theta until the gap is at most `tolerance` (nats), or iterations or time are used up.

    `known` is a lower bound that is proved already. At the deadline (time.monotonic) the certificate of what
    has been reached is still computed.
    """
    search = Search(problem.at(theta, l2), *known)
    inverse = Preconditioner(problem)
    damping, first = DAMPING * problem.longest, _norm(search.point.slope)
    while search.gap > tolerance and search.iterations < iterations:
        now = search.point
        shrink = l2 + damping * _norm(now.slope)
        goal = min(FORCING, (_norm(now.slope) / first) ** 0.5)
        inverse.prepare(now, shrink)
        step, inverse.used = _solve(problem, now, shrink, goal, inverse, deadline)
        late = time.monotonic() > deadline
        if late or -0.5 * float((now.slope * step).sum()) < 10 * tolerance:
            certify(problem, search, l2, step)
            if late or search.gap <= tolerance:
                break
        after, length = _along(problem, now, step, l2, deadline)
        if length == 0:  # as good as float64 can tell
            certify(problem, search, l2, step)
            break
        damping *= 4 if length < 0.5 else 0.5 if length > 1 else 1
        search.point = after
        search.iterations += 1
        tick(search.iterations, f"at most {search.gap / np.log(2):.1e} bits from the optimum")
    else:
        if search.gap > tolerance:
            certify(problem, search, l2, None)
    return search


def certify(problem: Softmax, search: Search, l2: float, step: np.ndarray | None) -> None:
    """Raise the search's lower bound by the dual points at its point."""
    theta = search.point.theta
    radius = 10.0 ** math.ceil(math.log10(REACH * max(1.0, problem.norm(theta))))
    within = "" if l2 > 0 else f", among readouts of norm at most {radius:.0e}"
    for move, name in ((step, "dual point"), (None, "gradient norm" if l2 > 0 else "dual point")):
        low = problem.bound(theta, l2, move, radius)
        if low > search.low:
            search.low = low
            search.proof = f"{name}{', strongly convex' if name != 'dual point' else within}"
        if step is None or search.low >= search.point.value:
            break


def _norm(theta: np.ndarray) -> float:
    return float(np.linalg.norm(theta))


def _solve(
    problem: Softmax, point: Point, shrink: float, goal: float, inverse: Preconditioner, deadline: float
) -> tuple[np.ndarray, int]:
    """The step that conjugate gradients find, and the products they took."""
    step, left = np.zeros_like(point.slope), -point.slope
    better = inverse(left)
    way, size = better, float((left * better).sum())
    enough = goal**2 * size
    for products in range(PRODUCTS):
        if size <= enough or time.monotonic() > deadline:
            return step, products
        curved = problem.product(point, way, shrink)
        along = float((way * curved).sum())
        if along <= 0:  # flat to within rounding
            return (step, products) if products else (way, products)
        step = step + size / along * way
        left = left - size / along * curved
        better = inverse(left)
        size, before = float((left * better).sum()), size
        way = better + size / before * way
    return step, PRODUCTS


def _along(problem: Softmax, now: Point, step: np.ndarray, l2: float, deadline: float) -> tuple[Point, float]:
    """Go along the step until its slope has nearly vanished; the point, and how many steps it is away."""
    steep = float((now.slope * step).sum())
    low, high, at_low, at_high = 0.0, np.inf, steep, 0.0
    length, best = 1.0, (now, 0.0)
    for _ in range(PROBES):
        there = problem.at(now.theta + length * step, l2)
        slope = float((there.slope * step).sum())
        if there.value < best[0].value:
            best = (there, length)
        flat = abs(slope) <= -FLATTENED * steep and there.value <= now.value
        if flat or time.monotonic() > deadline:
            break
        if slope > 0:
            high, at_high = length, slope
        else:
            low, at_low = length, slope
        if np.isinf(high):
            length *= 2
        else:
            share = at_low / (at_low - at_high)
            length = low + (high - low) * min(0.9, max(0.1, share))
    return best
