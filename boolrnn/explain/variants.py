"""Variants of one net side by side: pruned dynamics and pruned readouts, each by its bits per character.

A net here is dynamics (wx, wh, bh) with any number of readouts, so that dynamics shared by many rows of a
table run once. float32 runs are those of boolrnn.model.rnn.trace bit for bit; texts are worked through in
blocks of positions. Long work is compiled and shared among the processors.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from boolrnn import progress
from boolrnn.compiling import compiled_module
from boolrnn.model.kernels import cores
from boolrnn.model.many import FloatStepper
from boolrnn.model.rnn import cost_of
from boolrnn.model.tanh import tanh32
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float, Float32, Float64, Int64

_BLOCK = 1024  # positions at once
_AT_ONCE = 16  # nets at once
_WORTH = 1 << 26  # products in all from which loading compiled code pays


@dataclasses.dataclass(frozen=True, eq=False)
class Variant:
    """One dynamics, and readouts as wy (O, H); a neuron whose column is zero throughout costs nothing."""

    wh: Float32[np.ndarray, "H H"]
    wx: Float32[np.ndarray, "H V"]
    readouts: Sequence[np.ndarray]


@dataclasses.dataclass(frozen=True)
class Costs:
    """Bits per character of each readout of each variant, in float32 and float64 (where asked for)."""

    float32: list[list[float]]
    float64: list[list[float]]

    def stable(self, net: int, readout: int, again: int) -> bool:
        """Whether a readout in float32 and another (or the same) in float64 differ by at most 1e-4, or both
        are no number."""
        a, b = self.float32[net][readout], self.float64[net][again]
        return (a != a and b != b) or abs(a - b) <= 1e-4


def costs(
    weights: Weights,
    variants: Sequence[Variant],
    symbols: Int64[np.ndarray, "T"],
    *,
    tanh: str = "exact",
    both: bool = True,
    most: float = math.inf,
) -> Costs:
    """Bits per character over positions 0..T-2 of each variant, from h = 0; NaN where there are none.

    `weights` gives bh and by, `both` asks for float64 too; a position costs at most `most` bits.
    """
    arithmetics = ("float32", "float64") if both else ("float32",)
    positions = max(len(symbols) - 1, 0)
    work = len(variants) * positions * weights.wh.size * len(arithmetics)
    compiled = work >= _WORTH and tanh == "exact"
    code: Any = compiled_module("explain.compiled_variants") if compiled else None
    found: dict[str, list[list[float]]] = {"float32": [], "float64": []}
    with progress.bar("pruned networks", len(variants) * positions) as tick, np.errstate(all="ignore"):
        for first in range(0, len(variants), _AT_ONCE):
            nets = variants[first : first + _AT_ONCE]
            jobs = [_Job(weights, net, name, most) for name in arithmetics for net in nets]
            movers = (
                [_mover(weights, nets, name, tanh, positions) for name in arithmetics] if code is None else []
            )
            for k in range(0, positions, _BLOCK):
                part = symbols[k : min(k + _BLOCK, positions) + 1]
                if code is None:
                    rows = [row for mover in movers for row in mover(part[:-1])]
                    for job, hidden in zip(jobs, rows, strict=True):
                        job.count(hidden, part[1:])
                else:
                    _on_all_cores(lambda job, part=part: job.run(code, part), jobs)
                tick(first * positions + len(nets) * (k + len(part) - 1))
            for job in jobs:
                found[job.arithmetic].append(
                    [total / positions if positions else np.nan for total in job.totals]
                )
    return Costs(**found)


def _on_all_cores(work: Callable[["_Job"], None], jobs: list["_Job"]) -> None:
    share = min(cores(), len(jobs))
    if share == 1:
        for job in jobs:
            work(job)
        return
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(share) as pool:  # else they meet BLAS's own
        list(pool.map(work, jobs))


class _Job:
    """One variant in one arithmetic: its hidden state so far, and the bits that its readouts have cost."""

    def __init__(self, weights: Weights, net: Variant, arithmetic: str, most: float) -> None:
        self.arithmetic, self.dtype = arithmetic, np.dtype(arithmetic)
        self.net, self.most = net, most
        self.bh, self.by = weights.bh, weights.by
        self.before = np.zeros(len(net.wh), self.dtype)
        self.totals = [0.0] * len(net.readouts)
        self.prepared: tuple[np.ndarray, np.ndarray] | None = None
        self.columns = [_used(wy) for wy in net.readouts]

    def run(self, code: Any, part: Int64[np.ndarray, "B"]) -> None:
        """Step through all but the last of `part`, and count what the next symbols cost."""
        if self.prepared is None:
            with np.errstate(over="ignore"):
                drive = self.bh.astype(self.dtype)[:, None] + self.net.wx.astype(self.dtype)
            self.prepared = self.net.wh.T.astype(self.dtype, order="C"), np.ascontiguousarray(drive.T)
        columns, drive = self.prepared
        symbols = part[:-1]
        hidden = np.empty((len(symbols), len(columns)), self.dtype)
        if self.arithmetic == "float64":
            code.run64(columns, drive, symbols, self.before, hidden)
        else:
            z = np.empty(len(columns), np.float32)
            t = code.run32(columns, drive, symbols, self.before, 0, z, hidden)
            while t < len(symbols):
                hidden[t] = tanh32(z)
                t = code.run32(columns, drive, symbols, self.before, t + 1, z, hidden)
        self.before = hidden[-1]
        self.count(hidden, part[1:])

    def count(self, hidden: Float[np.ndarray, "B H"], targets: Int64[np.ndarray, "B"]) -> None:
        """Add what the targets cost after these hidden states."""
        wide = hidden.astype(np.float64)
        for k, (used, wy) in enumerate(self.columns):
            with np.errstate(all="ignore"):
                bits = cost_of((wide if used.all() else wide[:, used]) @ wy + self.by, targets)
                self.totals[k] += float(np.minimum(bits, self.most).sum())


def _used(wy: np.ndarray) -> tuple[Bool[np.ndarray, "H"], Float64[np.ndarray, "K O"]]:
    """The neurons that a readout reads, and their weights."""
    used = (wy != 0).any(axis=0)
    return used, np.ascontiguousarray(wy[:, used].T, np.float64)


def _mover(
    weights: Weights, nets: Sequence[Variant], arithmetic: str, tanh: str, positions: int
) -> Callable[[Int64[np.ndarray, "B"]], Float[np.ndarray, "M B H"]]:
    """What advances all nets over a block of symbols, and gives their hidden states."""
    models = [dataclasses.replace(weights, wh=net.wh, wx=net.wx) for net in nets]
    step, which = FloatStepper(models, arithmetic, tanh, len(nets) * positions), np.arange(len(nets))
    state = [np.zeros((len(nets), weights.hidden), arithmetic)]

    def advance(symbols: np.ndarray) -> np.ndarray:
        hidden = np.empty((len(nets), len(symbols), weights.hidden), arithmetic)
        for t, x in enumerate(symbols.tolist()):
            _, state[0] = step(np.full(len(nets), x), state[0], which)
            hidden[:, t] = state[0]
        return hidden

    return advance
