"""Fitting: which positions of a text serve for what, what a readout is fitted to, and what comes out.

Position t predicts symbols[t + 1]. The text is cut by its symbols: the last floor(held_out n) of n are held
out (the product in float64), and a position belongs to the part of the symbol that it predicts. Nothing about
a held-out symbol is counted, chosen or fitted.
"""

import dataclasses
import functools

import numpy as np
from scipy.sparse import csr_array

from boolrnn.errors import OptionError
from boolrnn.shapes import Float32, Int64

Features = np.ndarray | csr_array  # (P, H): hidden values, or sparse 0 and 1 (bits that are seldom on)


@dataclasses.dataclass(frozen=True)
class Split:
    """Positions 0..fit-1 are fitted, fit..held-1 choose settings, held..positions-1 are only scored."""

    positions: int
    fit: int
    held: int

    @classmethod
    def of(cls, symbols: int, held_out: float = 0.0, validation: float = 0.0) -> "Split":
        """For a text of so many symbols; `validation` is a share of the positions that are not held out.

        Raises
        ------
        OptionError
            On shares outside 0..1, or where no position is left to fit.
        """
        for name, share in (("held-out", held_out), ("validation", validation)):
            if not 0 <= share < 1:
                raise OptionError(f"{name} {share:g}: expected a share, at least 0 and less than 1")
        held = symbols - int(held_out * symbols) - 1
        fit = held - int(validation * max(held, 0))
        if fit < 1:
            raise OptionError(
                f"{symbols:,} symbols: held out {held_out:g} and validation {validation:g} leave no "
                "position to fit, expected at least one"
            )
        return cls(symbols - 1, fit, held)

    @property
    def whole(self) -> "Split":
        """With settings chosen: all that is not held out is fitted."""
        return dataclasses.replace(self, fit=self.held)


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """What a readout is fitted to: `features` (P, H) predict `symbols[1:]` (P).

    `alphabet` has the byte value of each symbol; a group is one symbol of the past, so from position
    `groups` - 1 on the register is full.
    """

    features: Features
    symbols: Int64[np.ndarray, "T"]
    outputs: int
    groups: int
    split: Split

    @functools.cached_property
    def targets(self) -> Int64[np.ndarray, "P"]:
        """The symbol that each position predicts."""
        return self.symbols[1:]

    @property
    def filled(self) -> int:
        """The first position whose register is full; never beyond the last one fitted."""
        return max(0, min(self.groups - 1, self.split.fit - 1))

    def marginal(self) -> np.ndarray:
        """ln of the share of each symbol among those of the fitted part, each counted half once more."""
        counts = np.bincount(self.symbols[: self.split.fit + 1], minlength=self.outputs) + 0.5
        return np.log(counts / counts.sum())


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Fitted:
    """A readout of hidden values +-1, what was chosen for it, and what is proved about it.

    gap      bits per position by which the objective that was minimised (cross-entropy of the fitted
             positions and penalty) lies above its least value, at most
    lowest   bits per position below which no readout of these states gets on the fitted positions
    """

    wy: Float32[np.ndarray, "O H"]
    by: Float32[np.ndarray, "O"]
    smoothing: float | None = None
    scale: float | None = None
    l2: float | None = None  # penalty l2 / 2 (|wy|^2 + |by - marginal|^2), in nats
    iterations: int | None = None
    gap: float | None = None
    lowest: float | None = None
    proof: str | None = None  # how gap is proved
    cut: str | None = None  # what the budget cut off
