"""Full-batch gradient descent of the mean cross-entropy, as the published weight construction does it.

Every step reads all positions; nothing is stochastic. Outputs that never occur as a target and whose
(row of wy, by) are equal at the start have equal gradients, so they stay equal for ever: they are one
class that counts as often as there are such outputs. That is exact, and of 256 outputs a text of a kilobyte
leaves about fifty. The published names say more: "Newton" (here `least_squares_20`) uses no Hessian, and
"SGD" (`descent`, `least_squares_500`) no batches.
"""

import dataclasses
import math

import numpy as np

from boolrnn import progress
from boolrnn.make.closed_forms import gathered, least_squares, product, width
from boolrnn.make.fitting import Features, Fitted, Task

BLOCK = 4096  # positions at once


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Steps and their rate; after the steps in `drops` (counted from 0) it is multiplied by 0.3."""

    epochs: int
    rate: float
    drops: tuple[int, ...] = ()


ZERO = Schedule(1000, 0.5, (300, 600, 800))
TWENTY = Schedule(20, 0.5)
FIVE_HUNDRED = Schedule(500, 0.3, (150, 300))


def descent(task: Task) -> Fitted:
    """1,000 steps from wy = 0 and by = ln of each symbol's share; rate 0.5, times 0.3 after steps 300, 600
    and 800, on all positions that are not held out. No setting is chosen. Published as "SGD from zero"."""
    task = dataclasses.replace(task, split=task.split.whole)
    wy = np.zeros((task.outputs, width(task.features)))
    return _descended(task, wy, task.marginal(), ZERO)


def least_squares_20(task: Task) -> Fitted:
    """20 steps of rate 0.5 from `least_squares`. Published as "Newton", though no Hessian is used."""
    start = least_squares(task)
    return _descended(task, start.wy, start.by, TWENTY, start.smoothing, start.scale)


def least_squares_500(task: Task) -> Fitted:
    """500 steps from `least_squares`; rate 0.3, times 0.3 after steps 150 and 300. Published as "SGD from
    PI"."""
    start = least_squares(task)
    return _descended(task, start.wy, start.by, FIVE_HUNDRED, start.smoothing, start.scale)


def _descended(
    task: Task,
    wy: np.ndarray,
    by: np.ndarray,
    schedule: Schedule,
    smoothing: float | None = None,
    scale: float | None = None,
) -> Fitted:
    """Where these steps lead on the positions that are not held out."""
    held = task.split.held
    found = descend(task.features[:held], task.targets[:held], wy, by, **dataclasses.asdict(schedule))
    return readout_of(found, schedule.epochs, smoothing, scale)


def readout_of(
    found: tuple[np.ndarray, np.ndarray],
    iterations: int,
    smoothing: float | None = None,
    scale: float | None = None,
) -> Fitted:
    """wy and by after so many steps, as a readout."""
    wy, by = (part.astype(np.float32) for part in found)
    return Fitted(wy=wy, by=by, smoothing=smoothing, scale=scale, iterations=iterations)


def descend(
    features: Features,
    targets: np.ndarray,
    wy: np.ndarray,
    by: np.ndarray,
    *,
    epochs: int,
    rate: float,
    drops: tuple[int, ...] = (),
    factor: float = 0.3,
    history: list[float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """`epochs` plain steps of `rate` times the gradient of the mean cross-entropy (nats): float64 wy, by.

    From wy (O, H) and by (O), on `features` (P, H) that predict `targets` (P), in float64. After the step
    of each epoch in `drops` (counted from 0) the rate is multiplied by `factor`. `history` receives the mean
    cost in bits before each step. Without positions nothing moves.
    """
    wy, by = np.array(wy, np.float64), np.array(by, np.float64)
    if not len(targets):
        return wy, by
    kept, back, counts = _classes(targets, wy, by)
    wanted = back[targets]
    wide, offset = wy[kept], by[kept] + np.log(counts)
    with progress.bar("gradient descent", epochs) as tick:
        for epoch in range(epochs):
            cost, slope, level = _gradient(features, wanted, wide, offset)
            wide -= rate / counts[:, None] * slope
            offset -= rate / counts * level
            rate *= factor if epoch in drops else 1.0
            if history is not None:
                history.append(cost)
            tick(epoch + 1, f"{cost:.4f} bpc")
    return wide[back], (offset - np.log(counts))[back]


def _classes(
    targets: np.ndarray, wy: np.ndarray, by: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One output of each class (C), the class of each output (O), the outputs in each class (C)."""
    outputs = len(by)
    name = np.arange(outputs)
    absent = np.bincount(targets, minlength=outputs) == 0
    name[absent] = outputs
    rows = np.concatenate([name[:, None], by[:, None], np.where(absent[:, None], wy, 0.0)], axis=1)
    _, kept, back, counts = np.unique(
        rows, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return kept, back.ravel(), counts.astype(np.float64)


def _gradient(
    features: Features, wanted: np.ndarray, wide: np.ndarray, offset: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean bits, and the gradient of the mean nats by the classes' rows (C, H) and offsets (C)."""
    nats, slope, level = 0.0, np.zeros_like(wide), np.zeros_like(offset)
    turned = np.ascontiguousarray(wide.T)
    for first in range(0, len(wanted), BLOCK):
        part, goal = features[first : first + BLOCK], wanted[first : first + BLOCK]
        scores = product(part, turned)
        scores += offset
        scores -= scores.max(axis=1, keepdims=True)
        each = np.arange(len(goal))
        nats -= float(scores[each, goal].sum())
        sums = np.exp(scores, out=scores).sum(axis=1)
        nats += float(np.log(sums).sum())
        scores /= sums[:, None]
        scores[each, goal] -= 1
        slope += gathered(scores, part)
        level += scores.sum(axis=0)
    count = len(wanted)
    return nats / count / math.log(2), slope / count, level / count
