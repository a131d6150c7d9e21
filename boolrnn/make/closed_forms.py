"""Closed forms: readouts computed from counts of what followed each bit, with two settings chosen.

logratio       per bit, ln p(next | on) - ln p(next | off), counts smoothed, times a scale
fourier        per bit, the projection on it of ln p(next | symbol g places back) - ln p(next), counts
               smoothed, times a scale: the least-squares fit where the bits of a group were independent
bayes          the sum over groups of ln p(next | its symbol) - ln p(next), counts smoothed, times a scale
               ("temperature"); linear in the state where a group has one bit per symbol (features `onehot`)
least_squares  ridge regression of the next symbol (less its share) on the bits, times a scale

wy holds these, by the ln of each symbol's share. The settings are those that predict the validation part
best, from counts of the positions before it; where there is no such part, the fitted positions themselves
(least_squares then keeps a ridge of 1e-5 per position; the published one is 0.01 in all, for a kilobyte).
More than 65,536 positions that choose are thinned to that many, evenly. Grids grow where the choice would
sit at their edge. The published forms (published.py) count and choose in other windows, with the same
functions.
"""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

from boolrnn.errors import OptionError
from boolrnn.make.fitting import Features, Fitted, Task
from boolrnn.shapes import Float64, Int64

BLOCK = 4096  # positions worked through at once
JUDGES = 1 << 16  # positions that choose settings, at most
SMOOTHINGS = tuple(k / 2 for k in range(1, 11))  # 0.5, 1, ..., 5
SPARSE_SMOOTHINGS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
RIDGE = 0.01
RIDGES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # per position
LEAST_RIDGE = 1e-9  # below it equations could be singular in float64
GROWTH = 12  # values that a grid grows by at either edge, at most
GAIN = 1e-9  # nats by which another scale must be better
MORE = 1e-6  # nats for which a grid of smoothings grows

Form = tuple[np.ndarray, np.ndarray]  # coefficients of +-1 (H, O) and offsets (O), before scaling
Forms = Callable[[float], Form]  # by smoothing


@dataclasses.dataclass(frozen=True)
class Scales:
    """The grid step * (first + k) for k >= 0, step * first * 2^(k / 4) for k < 0; k from `low` to `high`."""

    step: float
    first: int = 1
    low: int = -80
    high: int = 1 << 14

    def value(self, k: int) -> float:
        """The scale with number k."""
        return self.step * (self.first + k) if k >= 0 else self.step * self.first * 2.0 ** (k / 4)


def logratio(task: Task) -> Fitted:
    """Log ratios; scales 0.01, 0.02, ... and smoothings 0.5, 1, ..., 5, both grown at their edges."""
    return _fit(task, ratio_forms, SMOOTHINGS, Scales(0.01))


def fourier(task: Task) -> Fitted:
    """Projections of the log conditionals; scales 0.01, 0.02, ... and smoothings 0.01 to 5, both grown.

    Raises
    ------
    OptionError
        Where the neurons do not fall into groups of equal size.
    """
    return _fit(task, fourier_forms, SPARSE_SMOOTHINGS, Scales(0.01))


def bayes(task: Task) -> Fitted:
    """Naive Bayes with a temperature: 0.001, 0.002, ..., and smoothings 0.01 to 5, both grown.

    Raises
    ------
    OptionError
        Where a group has not exactly one bit on at every fitted position.
    """
    return _fit(task, bayes_forms, SPARSE_SMOOTHINGS, Scales(0.001))


def least_squares(task: Task) -> Fitted:
    """Ridge regression on the positions whose register is full; multiples 1, 1.1, ... and ridges 10^-5,
    10^-4, ..., 1 per position, both grown. `smoothing` is the ridge."""
    ridges = RIDGES if task.split.fit < task.split.held else RIDGES[:1]
    return _fit(task, ridge_forms, ridges, Scales(0.1, first=10), ratio=10.0, floor=LEAST_RIDGE)


def ratio_forms(task: Task) -> Forms:
    """Log ratios of the fitted positions."""
    ones, every = counted(task, 0, task.split.fit)
    return lambda smoothing: (log_ratios(ones, every, smoothing), np.zeros(task.outputs))


def fourier_forms(task: Task) -> Forms:
    """Projections of the log conditionals of the fitted positions."""
    pairs = paired(task, task.split.fit)
    level = task.marginal()

    def form(smoothing: float) -> Form:
        return projected(pairs, level, smoothing), np.zeros(task.outputs)

    return form


def bayes_forms(task: Task) -> Forms:
    """Naive Bayes of the fitted positions. Coefficients of 0 and 1 may be shifted by a constant within a
    group; here their mean over a group is 0, so that a group that is on or off throughout says nothing."""
    stop = task.split.fit
    wide = _width(task, "bayes")
    _check_onehot(task, wide)
    ones, _ = counted(task, 0, stop)
    level = task.marginal()

    def form(smoothing: float) -> Form:
        raised = ones + smoothing
        said = (np.log(raised / raised.sum(axis=1, keepdims=True)) - level).reshape(task.groups, wide, -1)
        mean = said.mean(axis=1, keepdims=True)
        return (said - mean).reshape(-1, task.outputs) / 2, mean.sum(axis=(0, 1))

    return form


def ridge_forms(task: Task) -> Forms:
    """Ridge regressions on the fitted positions whose register is full."""
    first, stop = task.filled, task.split.fit
    square, right = (part / (stop - first) for part in squares(task, first, stop, np.exp(task.marginal())))
    return lambda ridge: (solved(square, right, ridge), np.zeros(task.outputs))


def _fit(
    task: Task,
    forms: Callable[[Task], Forms],
    smoothings: tuple[float, ...],
    scales: Scales,
    **grown: float,
) -> Fitted:
    """Settings chosen on the validation part, then the form of all that is not held out."""
    fit, held = task.split.fit, task.split.held
    judge = Judge(task, (fit, held) if fit < held else (0, fit), task.marginal())
    smoothing, scale = judge.choose(forms(task), smoothings, scales, **grown)
    whole = dataclasses.replace(task, split=task.split.whole)
    coefficients, offset = forms(whole)(smoothing)
    return readout(coefficients, whole.marginal() + scale * offset, smoothing, scale)


def readout(coefficients: np.ndarray, by: np.ndarray, smoothing: float, scale: float) -> Fitted:
    """Coefficients (H, O) times `scale`, as a readout."""
    wy = (scale * coefficients.T).astype(np.float32)
    return Fitted(wy=wy, by=by.astype(np.float32), smoothing=smoothing, scale=scale)


class Judge:
    """Positions that choose settings by the mean cost of what follows them."""

    def __init__(self, task: Task, window: tuple[int, int], by: np.ndarray) -> None:
        first, stop = window
        rows = np.arange(first, stop)
        if len(rows) > JUDGES:
            rows = np.linspace(first, stop - 1, JUDGES).astype(np.int64)
        self.features, self.targets, self.by = task.features, task.targets, by
        self.parts = [rows[k : k + BLOCK] for k in range(0, len(rows), BLOCK)]
        self.count = len(rows)

    def choose(
        self,
        forms: Forms,
        smoothings: tuple[float, ...],
        scales: Scales,
        *,
        ratio: float | None = 2.0,
        floor: float = 0.0,
    ) -> tuple[float, float]:
        """The smoothing and scale with the least cost; the first such of each. `ratio` is that of the
        values by which the smoothings grow at their edges, down to `floor`; None: they do not."""
        found: dict[float, tuple[float, int]] = {}
        at = 0

        def tried(smoothing: float) -> float:
            nonlocal at
            if smoothing not in found:
                found[smoothing] = self.least(forms(smoothing), scales, at)
                at = found[smoothing][1]
            return found[smoothing][0]

        best = min(smoothings, key=tried)
        if ratio is not None and len(smoothings) > 1:
            for edge, factor in ((smoothings[0], 1 / ratio), (smoothings[-1], ratio)):
                for _ in range(GROWTH if best == edge else 0):
                    if best * factor < floor or tried(best * factor) >= tried(best) - MORE:
                        break
                    best *= factor
        return best, scales.value(found[best][1])

    def least(self, form: Form, scales: Scales, at: int = 0) -> tuple[float, int]:
        """The least cost, in nats, over the scales, and the number of the scale. The cost is convex in the
        scale, so a walk that halves its steps finds the least; it begins at number `at`."""
        raised = [product(self.features[rows], form[0]) + form[1] for rows in self.parts]
        cost = functools.cache(lambda k: self.cost(raised, scales.value(k)))
        span = 1
        while True:
            better = min(min(at + span, scales.high), max(at - span, scales.low), key=cost)
            if cost(better) < cost(at) - GAIN:
                at, span = better, 2 * span
            elif span == 1:
                return cost(at), at
            else:
                span //= 2

    def cost(self, raised: list[np.ndarray], scale: float) -> float:
        """Mean nats of the targets under logits scale * raised + by."""
        nats = 0.0
        for rows, part in zip(self.parts, raised):
            scores = scale * part + self.by
            scores -= scores.max(axis=1, keepdims=True)
            nats -= float(scores[np.arange(len(rows)), self.targets[rows]].sum())
            nats += float(np.log(np.exp(scores, out=scores).sum(axis=1)).sum())
        return nats / self.count


def counted(
    task: Task, first: int, stop: int
) -> tuple[Float64[np.ndarray, "H O"], Float64[np.ndarray, "H O"]]:
    """(ones, every): how often each symbol followed a state with the bit on, and any state, at positions
    first..stop-1; a bit of group g from position g on."""
    hidden, outputs = width(task.features), task.outputs
    since = _groups_of(task)  # the first position at which each neuron says something
    late = max(first, min(int(since.max(initial=0)), stop))
    ones = np.zeros((hidden, outputs))
    for a in range(late, stop, BLOCK):
        rows = slice(a, min(a + BLOCK, stop))
        ones += _followed(_on(task.features[rows]), task.targets[rows], outputs)
    every = np.tile(np.bincount(task.targets[late:stop], minlength=outputs).astype(np.float64), (hidden, 1))
    for t in range(first, late):
        known = since <= t
        row = _on(task.features[t : t + 1])
        row = row[0] if isinstance(row, np.ndarray) else row.toarray()[0]
        ones[known, task.targets[t]] += row[known]
        every[known, task.targets[t]] += 1
    return ones, every


def log_ratios(ones: np.ndarray, every: np.ndarray, smoothing: float) -> Float64[np.ndarray, "H O"]:
    """ln p(o | bit on) - ln p(o | bit off), `smoothing` added to every count."""
    logs = []
    for counts in (ones + smoothing, every - ones + smoothing):
        logs.append(np.log(counts / counts.sum(axis=1, keepdims=True)))
    return logs[0] - logs[1]


def paired(task: Task, stop: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Per group, over positions g..stop-1: how often each symbol g places back was followed by each, and
    the sum of each bit's +-1 beside each: [(symbols x O, symbols x bits)].

    Raises
    ------
    OptionError
        Where the neurons do not fall into groups of equal size.
    """
    wide, size = _width(task, "fourier"), task.outputs
    found = []
    for g in range(task.groups):
        back, after = task.symbols[: max(stop - g, 0)], task.targets[g:stop]
        pairs = np.bincount(back * size + after, minlength=size * size).reshape(size, size)
        beside = np.zeros((size, wide))
        for a in range(g, stop, BLOCK):
            rows = slice(a, min(a + BLOCK, stop))
            on = _on(task.features[rows, g * wide : (g + 1) * wide])
            beside += 2 * _followed(on, task.symbols[a - g : rows.stop - g], size).T
        beside -= pairs.sum(axis=1)[:, None]
        found.append((pairs.astype(np.float64), beside))
    return found


def projected(
    pairs: list[tuple[np.ndarray, np.ndarray]], level: np.ndarray, smoothing: float
) -> Float64[np.ndarray, "H O"]:
    """The mean over positions of (ln p(o | symbol) - level) times each bit's +-1."""
    parts = []
    for counts, beside in pairs:
        raised = counts + smoothing
        said = np.log(raised / raised.sum(axis=1, keepdims=True)) - level
        parts.append(beside.T @ said / max(counts.sum(), 1.0))
    return np.concatenate(parts)


def squares(
    task: Task, first: int, stop: int, share: np.ndarray
) -> tuple[Float64[np.ndarray, "H G"], Float64[np.ndarray, "H O"]]:
    """Sums over positions first..stop-1 of s s^T and of s (next symbol - share)^T, s the signs of the hidden
    values; a value of 0 counts as +."""
    hidden = width(task.features)
    square, right, total = np.zeros((hidden, hidden)), np.zeros((hidden, task.outputs)), np.zeros(hidden)
    for a in range(first, stop, BLOCK):
        rows = slice(a, min(a + BLOCK, stop))
        on = _on(task.features[rows])
        both = on.T @ on
        square += both if isinstance(both, np.ndarray) else both.toarray()
        right += _followed(on, task.targets[rows], task.outputs)
        total += on.sum(axis=0)
    count = stop - first
    after = np.bincount(task.targets[first:stop], minlength=task.outputs)
    square = 4 * square - 2 * (total[:, None] + total) + count
    return square, 2 * right - after - np.outer(2 * total - count, share)


def solved(square: np.ndarray, right: np.ndarray, ridge: float) -> Float64[np.ndarray, "H O"]:
    """(square + ridge I)^-1 right; equal columns of `right` get exactly equal solutions."""
    columns, back = np.unique(right, axis=1, return_inverse=True)
    factor = cho_factor(square + ridge * np.eye(len(square)), lower=True)
    return cho_solve(factor, columns)[:, back.ravel()]


def width(features: Features) -> int:
    """Neurons."""
    return int(features.shape[1])  # pyright: ignore[reportOptionalSubscript] - SciPy's types let a shape be None


def product(features: Features, coefficients: np.ndarray) -> np.ndarray:
    """Hidden values (P, H) times `coefficients` (H, O), float64 (P, O); sparse 0 and 1 count as -1 and +1."""
    if isinstance(features, np.ndarray):
        return features.astype(np.float64, copy=False) @ coefficients
    return 2 * (features @ coefficients) - coefficients.sum(axis=0)


def gathered(residual: np.ndarray, features: Features) -> np.ndarray:
    """The transposed residual (P, O) times hidden values (P, H): float64 (O, H)."""
    if isinstance(features, np.ndarray):
        return residual.T @ features.astype(np.float64, copy=False)
    return 2 * (features.T @ residual).T - residual.sum(axis=0)[:, None]


def _on(features: Features) -> Features:
    """1.0 where a bit is on (hidden value >= 0), else 0; sparse ones are that already."""
    if isinstance(features, np.ndarray):
        return (features >= 0).astype(np.float64)
    return csr_array(features, dtype=np.float64)  # narrow integers would overflow in sums


def _followed(on: Features, symbols: np.ndarray, outputs: int) -> np.ndarray:
    """Sums over rows of on (P, W) per symbol beside them: (W, outputs)."""
    rows = np.arange(len(symbols))
    hot = csr_array((np.ones(len(symbols)), (symbols, rows)), shape=(outputs, len(symbols)))
    found = hot @ on
    return (found if isinstance(found, np.ndarray) else found.toarray()).T


def _groups_of(task: Task) -> Int64[np.ndarray, "H"]:
    """The group of each neuron, which is the first position at which it holds a symbol; where groups are
    not of equal size, all wait until the register is full."""
    hidden = width(task.features)
    if hidden % task.groups:
        return np.full(hidden, task.groups - 1)
    return np.arange(hidden) // (hidden // task.groups)


def _width(task: Task, name: str) -> int:
    """Neurons of a group."""
    hidden = width(task.features)
    if hidden % task.groups:
        raise OptionError(
            f"{name} with {hidden} neurons in {task.groups} groups: expected groups of equal size"
        )
    return hidden // task.groups


def _check_onehot(task: Task, wide: int) -> None:
    """Each group has exactly one bit on wherever it holds a symbol."""
    neurons = np.arange(task.groups * wide)
    groups = csr_array((np.ones(len(neurons)), (neurons, neurons // wide)))
    for a in range(0, task.split.held, BLOCK):
        rows = np.arange(a, min(a + BLOCK, task.split.held))
        lit = _on(task.features[a : rows[-1] + 1]) @ groups
        lit = lit if isinstance(lit, np.ndarray) else lit.toarray()
        if ((lit != 1) & (rows[:, None] >= np.arange(task.groups))).any():
            raise OptionError("bayes needs one bit per symbol in every group: expected features onehot")
