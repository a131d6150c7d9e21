"""Nets with matrices from statistics: the statistics scaled to fit, blends, and what each net costs.

A statistic counts what the trained net does on a text (boolrnn.explain.statistics); times a scale it takes
the place of the trained matrix, in part or whole. Every such net runs from h = 0, in float32 bit for bit as
boolrnn.model.rnn.trace would run it alone; many run side by side. In float64 all of it is done again, the
counting included: the nets of the two arithmetics differ a little, as their statistics do.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.explain import statistics as counted
from boolrnn.explain.statistics import Observed
from boolrnn.model.many import FloatStepper
from boolrnn.model.rnn import ARITHMETICS, cost_of
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float32, Float64, Int64

HEBBIAN, SIGNS = "hebbian", "sign-conditioned"
MATRICES = ("wh", "wx", "wy", "bh", "by")
_MOVING = ("wh", "wx", "bh")  # those that the hidden states depend on
_CUT = 2.0  # published: sign-conditioned logarithms lie within -2..2
_NOISE = 1e-12  # of differences between numbers of size 1: rounding, which a scale must not blow up
_BLOCK = 1024  # positions at once
_AT_ONCE = 16  # dynamics at once


@dataclasses.dataclass(frozen=True, eq=False)
class Family:
    """Statistics in the shapes of the five trained tensors, times their scales: float32, infinite where
    that overflows, NaN where the net's own states are."""

    tensors: dict[str, np.ndarray]
    scales: dict[str, float]

    @classmethod
    def of(cls, weights: Weights, found: dict[str, np.ndarray], fixed: dict[str, float]) -> "Family":
        """Each statistic in `found` times its `fixed` scale; without one, the scale of least squares. What
        lies within 1e-12 of 0 is 0."""
        found = {each: np.where(np.abs(values) < _NOISE, 0.0, values) for each, values in found.items()}
        scales = {
            each: fixed[each] if each in fixed else least_squares(getattr(weights, each), values)
            for each, values in found.items()
        }
        with np.errstate(all="ignore"):
            tensors = {each: (scales[each] * found[each]).astype(np.float32) for each in MATRICES}
        return cls(tensors, scales)


def families(
    weights: Weights, symbols: Int64[np.ndarray, "T"], *, tanh: str, published: bool
) -> list[dict[str, Family]]:
    """Both families by name, from the states in float32, and from those in float64."""
    found = []
    for name in ARITHMETICS:
        with np.errstate(all="ignore"):  # the states of a net that overflows are NaN
            seen = counted.observe(weights, symbols, arithmetic=name, tanh=tanh)
            found.append({HEBBIAN: hebbian(seen, published), SIGNS: sign_conditioned(seen, published)})
    return found


def least_squares(trained: np.ndarray, statistic: np.ndarray) -> float:
    """The a for which a * statistic is nearest to the trained values: sum(w c) / sum(c c); 0 where the
    statistic is 0 throughout, NaN where it is not finite."""
    with np.errstate(all="ignore"):
        square = float((statistic * statistic).sum())
        return float((trained * statistic.astype(np.float64)).sum()) / square if square != 0 else 0.0


def hebbian(o: Observed, published: bool) -> Family:
    """Covariances (wh), shifts of conditional means (wx, wy), log odds (bh) and log shares (by).

    Scaled by least squares; published: bh by 5 and by by 1.
    """
    found = {
        "wh": counted.hebbian_wh(o),
        "wx": counted.hebbian_wx(o),
        "wy": counted.hebbian_wy(o, published),
        "bh": counted.log_odds_bh(o, published),
        "by": counted.log_share_by(o, True) if published else _centred(counted.log_share_by(o)),
    }
    return Family.of(o.weights, found, {"bh": 5.0, "by": 1.0} if published else {})


def sign_conditioned(o: Observed, published: bool) -> Family:
    """Sign correlations (wh), logarithms of counts by sign (wx, wy), log odds (bh) and log shares (by).

    Scaled by least squares; published (the second program): wh by 4, logarithms cut to -2..2 and by 15
    (wx) and .5 (wy), bh by 5, by by 1. There n of wx covers 0..P-1 and so does that of wy, whose c covers
    0..P-2; c of by covers all n symbols.
    """
    if not published:
        found = {
            "wh": counted.sign_correlation(o),
            "wx": counted.sign_conditioned_wx(o),
            "wy": counted.sign_split_wy(o),
            "bh": counted.log_odds_bh(o),
            "by": _centred(counted.log_share_by(o)),
        }
        return Family.of(o.weights, found, {})
    kinds, size = o.weights.symbols, len(o.symbols)
    total = o.on(o.positions), o.positions
    wx = counted.log_ratio(*counted.counted(o, 0, o.positions), *total).T
    wy = counted.log_ratio(*counted.counted(o, 1, o.pairs), *total)
    found = {
        "wh": counted.sign_correlation(o),
        "wx": np.clip(wx, -_CUT, _CUT),
        "wy": np.clip(wy, -_CUT, _CUT),
        "bh": counted.log_odds_bh(o, True),
        "by": np.log((np.bincount(o.symbols, minlength=kinds) + 0.5) / (size + 0.5 * kinds)),
    }
    fixed = {"wh": 4.0, "wx": 15.0, "wy": 0.5, "bh": 5.0, "by": 1.0}
    return Family.of(o.weights, found, fixed)


def _centred(values: Float64[np.ndarray, "O"]) -> Float64[np.ndarray, "O"]:
    """Less their mean: softmax ignores what all outputs share, a fit through the origin would not."""
    return values - values.mean()


@dataclasses.dataclass(frozen=True)
class Row:
    """A net: `alpha` of the trained tensors `names` and 1 - `alpha` of a family's, the rest trained."""

    what: str
    alpha: float
    names: tuple[str, ...] = ()
    family: str | None = None

    @property
    def dynamics(self) -> tuple[Any, ...]:
        """Equal for rows whose hidden states are the same for sure."""
        moving = tuple(name for name in self.names if name in _MOVING)
        return (self.family, moving, self.alpha) if moving and self.alpha != 1 else ()

    def net(self, weights: Weights, found: dict[str, Family]) -> Weights | None:
        """The net, blended in float64 and rounded to float32; None where a weight is not finite."""
        if self.family is None or self.alpha == 1:
            return weights
        parts: dict[str, Any] = {}
        for name in self.names:
            trained, other = getattr(weights, name), found[self.family].tensors[name]
            with np.errstate(all="ignore"):
                wide = self.alpha * trained.astype(np.float64) + (1 - self.alpha) * other.astype(np.float64)
                parts[name] = wide.astype(np.float32)
            if not np.isfinite(parts[name]).all():
                return None
        return dataclasses.replace(weights, **parts, folded=None, folded_terms=0)


def costs_of(
    weights: Weights,
    rows: Sequence[Row],
    found: list[dict[str, Family]],
    symbols: Int64[np.ndarray, "T"],
    *,
    tanh: str,
    most: float,
) -> Float64[np.ndarray, "2 R"]:
    """Bits per character over positions 0..T-2 of each row's net in float32 and float64, from the families
    of either; NaN where there are no positions or a number is not finite. A position costs at most `most`
    bits."""
    bits = np.full((len(ARITHMETICS), len(rows)), np.nan)
    positions = len(symbols) - 1
    together: dict[tuple[Any, ...], list[int]] = {}
    for k, row in enumerate(rows):
        together.setdefault(row.dynamics, []).append(k)
    groups = list(together.values())
    with progress.bar("networks with statistics", len(groups) * positions) as tick:
        for first in range(0, len(groups), _AT_ONCE) if positions else ():
            some = groups[first : first + _AT_ONCE]
            sides = []
            for line, name, given in zip(bits, ARITHMETICS, found, strict=True):
                nets = [{k: rows[k].net(weights, given) for k in group} for group in some]
                sides.append(Side(nets, name, tanh, positions, line))
            for start in range(0, positions, _BLOCK):
                part = symbols[start : min(start + _BLOCK, positions) + 1]
                for side in sides:
                    side.run(part, most)
                tick(first * positions + len(some) * (start + len(part) - 1))
    bits /= max(positions, 1)
    return np.where(np.isfinite(bits), bits, np.nan)


class Side:
    """Some dynamics in one arithmetic, each with the numbered nets that share it: their hidden states so
    far. What each net costs is added up in `totals`, NaN for what is no net."""

    def __init__(
        self,
        groups: Sequence[dict[int, Weights | None]],
        arithmetic: str,
        tanh: str,
        steps: int,
        totals: Float64[np.ndarray, "R"],
    ) -> None:
        known = [{k: net for k, net in group.items() if net is not None} for group in groups]
        self.nets = [group for group in known if group]
        self.totals, self.dtype = totals, np.dtype(arithmetic)
        models = [next(iter(group.values())) for group in self.nets]
        if models:
            exact = "exact" if arithmetic == "float64" else tanh
            self.step = FloatStepper(models, arithmetic, exact, len(models) * steps)
            self.state = np.zeros((len(models), models[0].hidden), self.dtype)
        for group in self.nets:
            totals[list(group)] = 0.0

    def run(self, part: Int64[np.ndarray, "B"], most: float) -> None:
        """Step through all but the last of `part`, and count what the next symbols cost."""
        if not self.nets:
            return
        which = np.arange(len(self.nets))
        hidden = np.empty((len(which), len(part) - 1, self.state.shape[1]), self.dtype)
        for t, x in enumerate(part[:-1].tolist()):
            _, self.state = self.step(np.full(len(which), x), self.state, which)
            hidden[:, t] = self.state
        for group, states in zip(self.nets, hidden):
            for k, net in group.items():
                self.totals[k] += float(costs(net.wy, net.by, states, part[1:], most).sum())


def costs(
    wy: Float32[np.ndarray, "O H"],
    by: Float32[np.ndarray, "O"],
    hidden: np.ndarray,
    targets: Int64[np.ndarray, "B"],
    most: float,
) -> Float64[np.ndarray, "B"]:
    """Bits that each target costs after these hidden states (B, H), at most `most` each."""
    with np.errstate(all="ignore"):  # states of an overflowing net are NaN
        scores = hidden.astype(np.float64) @ wy.T.astype(np.float64) + by
        return np.minimum(cost_of(scores, targets), most)
