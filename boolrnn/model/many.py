"""Many float trajectories side by side: several nets on one text, or one net from many hidden states.

Bit for bit what boolrnn.model.rnn.trace computes for each of them alone in float32; in float64 the sums
are in the order of this machine's BLAS.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.compiling import compiled_module
from boolrnn.errors import OptionError, WeightsError
from boolrnn.model.corpus import check_symbols
from boolrnn.model.kernels import cores
from boolrnn.model.rnn import ARITHMETICS, TANHS
from boolrnn.model.tanh import system_tanh32, tanh32
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float, Int64

_WORTH = 1 << 28  # products in all from which loading compiled code pays
_PART = 1 << 22  # terms that NumPy holds at once
_SHARE = 256  # rows from which a second processor helps


class FloatStepper:
    """One step of N float trajectories at once, each with its own symbol, and of its own net if several
    `models` of one shape are given. `work` is the number of rows times steps to come."""

    def __init__(
        self,
        models: Weights | Sequence[Weights],
        arithmetic: str = "float32",
        tanh: str = "exact",
        work: int = 0,
    ) -> None:
        """Prepare the weights.

        Raises
        ------
        WeightsError
            Where the models differ in shape.
        OptionError
            On an unknown arithmetic or tanh.
        """
        if arithmetic not in ARITHMETICS:
            raise OptionError(f"arithmetic {arithmetic!r}: expected one of {', '.join(ARITHMETICS)}")
        if tanh not in TANHS:
            raise OptionError(f"tanh {tanh!r}: expected one of {', '.join(TANHS)}")
        nets = [models] if isinstance(models, Weights) else list(models)
        if len({net.wx.shape for net in nets}) != 1:
            raise WeightsError("models: expected at least one, all of the same H and V")
        self.dtype = np.dtype(arithmetic)
        self.tanh = tanh
        self.columns = np.array([net.wh.T for net in nets], self.dtype)
        with np.errstate(over="ignore"):
            drives = [(net.bh.astype(self.dtype)[:, None] + net.wx.astype(self.dtype)).T for net in nets]
        self.drive = np.ascontiguousarray(drives)
        worth = arithmetic == "float32" and work * self.columns[0].size >= _WORTH
        self._compiled: Any = compiled_module("model.compiled_many") if worth else None

    def __call__(
        self,
        symbols: Int64[np.ndarray, "N"],
        hidden: Float[np.ndarray, "N H"],
        model: np.ndarray | None = None,
    ) -> tuple[Float[np.ndarray, "N H"], Float[np.ndarray, "N H"]]:
        """(z, hidden) after each row's symbol is read; row n belongs to net `model[n]` (default: the
        first)."""
        which = np.zeros(len(symbols), np.int64) if model is None else model
        hidden = np.ascontiguousarray(hidden, self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # a float32 program may overflow: z says so
            if self.dtype == np.float64:
                z = self._sums64(symbols, hidden, which)
                return z, np.tanh(z)
            z = np.empty(hidden.shape, np.float32)
            self._sums32(symbols, hidden, which, z)
            return z, system_tanh32(z) if self.tanh == "system" else tanh32(z)

    def _sums64(self, symbols: np.ndarray, hidden: np.ndarray, which: np.ndarray) -> np.ndarray:
        z = self.drive[which, symbols]
        for m in range(len(self.columns)):
            rows = slice(None) if len(self.columns) == 1 else which == m
            z[rows] += hidden[rows] @ self.columns[m]
        return z

    def _sums32(self, symbols: np.ndarray, hidden: np.ndarray, which: np.ndarray, z: np.ndarray) -> None:
        """In index order; what is large enough is compiled, and shared among the processors."""
        count, size = hidden.shape
        if self._compiled is None:
            part = max(1, _PART // (size * (size + 1)))
            for n in range(0, count, part):
                rows = slice(n, n + part)
                terms = np.empty((size + 1, len(z[rows]), size), np.float32)
                terms[0] = self.drive[which[rows], symbols[rows]]
                columns = self.columns[which[rows]] if len(self.columns) > 1 else self.columns
                np.multiply(columns.transpose(1, 0, 2), hidden[rows].T[:, :, None], out=terms[1:])
                np.add.reduce(terms, axis=0, out=z[rows])
            return
        share = cores() if count >= _SHARE else 1
        cuts = np.linspace(0, count, share + 1).astype(int)

        def add(k: int) -> None:
            rows = slice(cuts[k], cuts[k + 1])
            given = (which[rows], symbols[rows], hidden[rows], z[rows])
            self._compiled.add_in_order(self.columns, self.drive, *given)

        if share == 1:
            add(0)
            return
        with ThreadPoolExecutor(share) as pool:
            list(pool.map(add, range(share)))


def traces(
    models: Sequence[Weights], symbols: np.ndarray, arithmetic: str = "float32", tanh: str = "exact"
) -> Float[np.ndarray, "M T H"]:
    """Hidden states of several nets of one shape on `symbols` (T), each from h = 0.

    Raises
    ------
    TextError, WeightsError, OptionError
        On a symbol outside the vocabulary, nets that differ in shape, an unknown arithmetic or tanh.
    """
    if not len(models):
        raise WeightsError("models: expected at least one, all of the same H and V")
    symbols = check_symbols(symbols, models[0])
    count, steps = len(models), len(symbols)
    advance = FloatStepper(models, arithmetic, tanh, count * steps)
    which = np.arange(count)
    found = np.empty((count, steps, models[0].hidden), advance.dtype)
    hidden = np.zeros((count, models[0].hidden), advance.dtype)
    with progress.bar(f"{count} networks", steps) as tick:
        for t, x in enumerate(symbols.tolist()):
            _, hidden = advance(np.full(count, x), hidden, which)
            found[:, t] = hidden
            tick(t)
    return found
