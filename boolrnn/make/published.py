"""The published construction: its net, its windows, its settings, its readouts; the sound ones are elsewhere.

All 256 byte values are symbols; group 0 has wx = +-10, copies have wh = 5, there is no bias. Group g of the
hidden values is the code of the symbol g places back, as +-tanh(5 tanh(5 ... tanh(10))), and 0 before there
is one. T = n - 1 positions predict, t = 0..n-2:

logratio           counts at t = g..n-2 for group g; smoothing 0.5, 1, ..., 5 and scale 0.05, 0.10, ..., 3 by
                   the bpc of all T positions
fourier            the same counts, smoothing 0.01; scale 0.05, ..., 10 by the bpc of all T positions
bayes              the same counts, smoothing 0.5; temperature 0.001, ..., 1 by the bpc of t = groups..n-2.
                   It adds up what symbols say, not bits: here it reads a register with one bit per symbol
least-squares      ridge 0.01 on the signs at t = groups..n-3 ("pseudo-inverse"); multiple 1, 1.5, ..., 50 by
                   the bpc of all T positions
least-squares-20   from there 20 plain steps of rate 0.5 on t = groups..n-3 (called Newton; no Hessian)
least-squares-500  from there 500 steps, rate 0.3, times 0.3 after steps 150 and 300 (called SGD from PI)
descent            from zero 1,000 steps, rate 0.5, times 0.3 after 300, 600, 800 (called SGD from zero)
gradient           not published: the optimum of the same features, at all T positions

by is ln((c + 0.5) / (n + 128)), c of all n symbols. Each setting is chosen on the positions it is reported
on, so that these figures are of a fitted text, not of a new one. The program with a different hash for each
group is not here: the groups' hashes are not given, and their statistics do not belong to the stored code.
"""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from boolrnn.errors import OptionError, TextError
from boolrnn.make.closed_forms import (
    RIDGE,
    SMOOTHINGS,
    Form,
    Forms,
    Judge,
    Scales,
    bayes_forms,
    fourier_forms,
    ratio_forms,
    readout,
    solved,
    squares,
    width,
)
from boolrnn.make.codes import CODES, codes
from boolrnn.make.fitting import Fitted, Split, Task
from boolrnn.make.full_batch import FIVE_HUNDRED, TWENTY, ZERO, Schedule, descend, readout_of
from boolrnn.make.optimum import gradient
from boolrnn.make.register import decoded_groups, published_register
from boolrnn.model.rnn import TANHS, cost_of
from boolrnn.model.tanh import system_tanh32, tanh32
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float32, Float64, Int64

SYMBOLS = 256
LARGEST = 4096  # neurons
LEAST = 1e-30  # probability at which the published programs clip
CHOSEN = "settings chosen on the positions that they are reported on"

Window = tuple[int, int]  # positions first..stop-1


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Published:
    """A published net and what it says of its text.

    `window` are the positions that chose the settings, and over which the published figure is a mean;
    `train` and `test` those of the halves, where a part was held out.
    """

    net: Weights
    fitted: Fitted
    symbols: Int64[np.ndarray, "T"]
    features: Float32[np.ndarray, "P H"]  # the net's hidden values at positions 0..n-2
    codes: Bool[np.ndarray, "V B"]
    readout: str
    groups: int
    bits: int
    window: Window
    train: Window | None
    test: Window | None
    variant: str
    history: list[float]  # descents: mean bits before each step, over the positions that it reads

    @property
    def distinct(self) -> int:
        """Different codes among those of the 256 byte values."""
        return len(np.unique(self.codes, axis=0))

    @functools.cached_property
    def decoded(self) -> tuple[int, int]:
        """(right, checked): groups that spell the code they should, at positions t = groups..n-2."""
        return decoded_groups(self.features >= 0, self.codes, self.symbols, self.groups)

    @functools.cached_property
    def costs(self) -> Float64[np.ndarray, "P"]:
        """Bits of each next symbol, of a probability of at least 1e-30."""
        wy, by = self.net.wy.astype(np.float64), self.net.by.astype(np.float64)
        scores = self.features.astype(np.float64) @ wy.T + by
        return np.minimum(cost_of(scores, self.symbols[1:]), -np.log2(LEAST))

    def bpc(self, window: Window | None = None) -> float | None:
        """Mean bits over a window, by default the published one; None where it has no position."""
        part = self.costs[slice(*(self.window if window is None else window))]
        return float(part.mean()) if len(part) else None


def published(
    text: bytes,
    *,
    readout: str,
    groups: int = 16,
    bits: int = 8,
    features: str = "mixed",
    held_out: float = 0.0,
    settings: tuple[float, float] | None = None,
    filled: bool = False,
    tanh: str = "exact",
    seed: int = 0,
) -> Published:
    """The published net of `groups` x `bits` neurons for `text`, with a readout as published.

    `features` is a code of boolrnn.make.codes. With `held_out`, the published halves: the statistics of
    logratio are those of the first part alone, but its settings are those that do best on the second, and
    by is of both; every other readout is fitted to both. `settings` are a smoothing and a scale to take in
    place of choosing them. `filled` is the protocol of the published comparison of 128 and 256 neurons:
    multiples 1, 2, ..., 50 of least squares, by the bpc of t = groups..n-2. `tanh="system"` uses this
    machine's libm, `seed` draws codes.

    Raises
    ------
    OptionError
        On a readout, code, size or share that is not known.
    TextError
        On a text too short for the readout's window.
    """
    _check(readout, groups, bits, features, held_out, tanh)
    symbols = np.frombuffer(text, np.uint8).astype(np.int64)
    needed = 2 if readout in ("logratio", "fourier", "gradient") else groups + 3
    if len(symbols) < needed:
        count = f"{len(symbols)} symbol{'s' * (len(symbols) != 1)}"
        raise TextError(f"{count}: {readout} as published, with {groups} groups, expects at least {needed}")
    code = _codes("onehot" if readout == "bayes" else features, bits, symbols, seed)
    if groups * code.shape[1] > LARGEST:
        raise OptionError(f"{groups} groups of {code.shape[1]} bits: expected at most {LARGEST} neurons")
    hidden = hidden_values(code, groups, symbols[:-1], tanh)
    task = Task(hidden, symbols, SYMBOLS, groups, Split.of(len(symbols)))
    return _made(_Plan(task, readout, held_out, settings, filled), code)


def hidden_values(
    code: np.ndarray, groups: int, symbols: np.ndarray, tanh: str = "exact"
) -> Float32[np.ndarray, "T H"]:
    """The hidden values of the published register after each of `symbols` (T): those of the float32 program
    bit for bit, since all other terms of a sum are 0."""
    count, bits = len(symbols), code.shape[1]
    found = np.zeros((count, groups * bits), np.float32)
    signs = np.where(code, np.float32(1), np.float32(-1))
    for g, level in enumerate(_levels(min(groups, count), tanh)):
        found[g:, g * bits : (g + 1) * bits] = level * signs[symbols[: count - g]]
    return found


def _levels(groups: int, tanh: str) -> Float32[np.ndarray, "G"]:
    """The magnitude of the hidden values of each group."""
    squashed = system_tanh32 if tanh == "system" else tanh32
    found = [squashed(np.array([10], np.float32))]
    for _ in range(groups - 1):
        found.append(squashed(np.float32(5) * found[-1]))
    return np.concatenate(found)[:groups]


def _check(readout: str, groups: int, bits: int, features: str, held_out: float, tanh: str) -> None:
    for name, value, known in (
        ("readout", readout, READOUTS),
        ("features", features, tuple(CODES)),
        ("tanh", tanh, TANHS),
    ):
        if value not in known:
            raise OptionError(f"{name} {value!r} as published: expected one of {', '.join(known)}")
    if groups < 1 or bits < 1:
        raise OptionError(f"{groups} groups of {bits} bits: expected at least 1 each")
    if not 0 <= held_out < 1:
        raise OptionError(f"held-out {held_out:g}: expected a share, at least 0 and less than 1")


def _codes(features: str, bits: int, symbols: np.ndarray, seed: int) -> Bool[np.ndarray, "V B"]:
    """A code for each byte value; with one bit per symbol, those that occur have one."""
    if features == "onehot":
        return np.arange(SYMBOLS)[:, None] == np.unique(symbols)
    counts = np.bincount(symbols, minlength=SYMBOLS)
    return codes(features, np.arange(SYMBOLS, dtype=np.uint8), bits, counts, seed)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What is fitted, and how."""

    task: Task
    readout: str
    held_out: float
    settings: tuple[float, float] | None
    filled: bool

    @property
    def positions(self) -> int:
        return self.task.split.positions

    @property
    def halves(self) -> tuple[Window, Window] | None:
        """Positions whose symbols are all in the first part, and all in the second."""
        if not self.held_out:
            return None
        first = self.positions + 1 - int(self.held_out * (self.positions + 1))
        if first < 2 or first >= self.positions:
            raise OptionError(
                f"held-out {self.held_out:g} of {self.positions + 1} symbols: expected 2 or more in each part"
            )
        return (0, first - 1), (first, self.positions)

    @property
    def window(self) -> Window:
        """Positions that choose."""
        if self.halves is not None and self.readout == "logratio":
            return self.halves[1]
        if self.readout == "bayes" or self.filled:
            return self.task.groups, self.positions
        return 0, self.positions

    @property
    def rows(self) -> Window:
        """Positions that least squares and the descents read."""
        return self.task.groups, self.positions - 1

    def variant(self) -> str:
        """The protocol in a sentence."""
        if self.halves is not None and self.readout == "logratio":
            chosen = "chosen on the second part, so that it is no test"
            settings = chosen if self.settings is None else "as given"
            counts = f"counts of the first {self.halves[0][1] + 1} symbols, by of all"
            return f"as published: {counts}; smoothing and scale {settings}"
        told = "as published: " + (CHOSEN if self.settings is None else "settings as given")
        if self.readout == "descent":
            told = "as published: fitted to the positions that it is reported on"
        if self.readout == "gradient":
            told = "published features, but a readout that is not: the optimum on the positions reported"
        return told + ("" if self.halves is None else "; fitted to both parts, so that neither is a test")


def _made(plan: _Plan, code: np.ndarray) -> Published:
    history: list[float] = []
    fitted = READOUTS[plan.readout](plan, history)
    task, halves = plan.task, plan.halves
    register = published_register(code, task.groups, None)
    return Published(
        net=dataclasses.replace(register, wy=fitted.wy, by=fitted.by),
        fitted=fitted,
        symbols=task.symbols,
        features=np.asarray(task.features, np.float32),
        codes=code,
        readout=plan.readout,
        groups=task.groups,
        bits=code.shape[1],
        window=plan.window,
        train=None if halves is None else halves[0],
        test=None if halves is None else halves[1],
        variant=plan.variant(),
        history=history,
    )


def _chosen(plan: _Plan, forms: Forms, smoothings: tuple[float, ...], scales: Scales) -> Fitted:
    """The form with the settings given, or with those that do best on the window."""
    by = plan.task.marginal()
    smoothing, scale = plan.settings or Judge(plan.task, plan.window, by).choose(
        forms, smoothings, scales, ratio=None
    )
    coefficients, offset = forms(smoothing)
    return readout(coefficients, by + scale * offset, smoothing, scale)


def _logratio(plan: _Plan, history: list[float]) -> Fitted:
    task = plan.task
    if plan.halves is not None:
        stop = plan.halves[0][1]
        task = dataclasses.replace(task, split=dataclasses.replace(task.split, fit=stop, held=stop))
    return _chosen(plan, ratio_forms(task), SMOOTHINGS, Scales(0.05, low=0, high=59))


def _fourier(plan: _Plan, history: list[float]) -> Fitted:
    return _chosen(plan, fourier_forms(plan.task), (0.01,), Scales(0.05, low=0, high=199))


def _bayes(plan: _Plan, history: list[float]) -> Fitted:
    """Each group's part divided by the magnitude of its hidden values, so that it says what is published."""
    forms = bayes_forms(plan.task)
    magnitude = np.abs(plan.task.features[-1:]).astype(np.float64).T

    def form(smoothing: float) -> Form:
        coefficients, offset = forms(smoothing)
        return coefficients / magnitude, offset

    return _chosen(plan, form, (0.5,), Scales(0.001, low=0, high=999))


def _least_squares(plan: _Plan, history: list[float]) -> Fitted:
    square, right = squares(plan.task, *plan.rows, np.exp(plan.task.marginal()))

    def form(ridge: float) -> Form:
        return solved(square, right, ridge), np.zeros(plan.task.outputs)

    scales = Scales(1.0, low=0, high=49) if plan.filled else Scales(0.5, first=2, low=0, high=98)
    return _chosen(plan, form, (RIDGE,), scales)


def _descended(plan: _Plan, history: list[float], schedule: Schedule, start: Fitted | None) -> Fitted:
    task, rows = plan.task, slice(*plan.rows)
    wy = np.zeros((SYMBOLS, width(task.features))) if start is None else start.wy
    by = task.marginal() if start is None else start.by
    wide = np.asarray(task.features[rows], np.float64)
    steps = dataclasses.asdict(schedule)
    found = descend(wide, task.targets[rows], wy, by, **steps, history=history)
    settings = (None, None) if start is None else (start.smoothing, start.scale)
    return readout_of(found, schedule.epochs, *settings)


READOUTS: dict[str, Callable[[_Plan, list[float]], Fitted]] = {
    "logratio": _logratio,
    "fourier": _fourier,
    "bayes": _bayes,
    "least-squares": _least_squares,
    "gradient": lambda plan, history: gradient(plan.task),
    "descent": lambda plan, history: _descended(plan, history, ZERO, None),
    "least-squares-20": lambda plan, history: _descended(
        plan, history, TWENTY, _least_squares(plan, history)
    ),
    "least-squares-500": lambda plan, history: _descended(
        plan, history, FIVE_HUNDRED, _least_squares(plan, history)
    ),
}
