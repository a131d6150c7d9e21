"""Readouts fitted anew to the states of a net whose other weights are trained or come from statistics."""

import dataclasses

import numpy as np

from boolrnn.explain.ablated import CLIP
from boolrnn.explain.substituted import HEBBIAN, MATRICES, SIGNS, Family, Row, costs
from boolrnn.make.full_batch import descend
from boolrnn.make.optimum import L2, TOLERANCE, minimise
from boolrnn.model.many import traces
from boolrnn.model.rnn import ARITHMETICS
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64, Int64

EPOCHS, RATE, DROPS = 500, 0.5, (200, 350)  # published
_BLOCK = 4096  # positions at once


@dataclasses.dataclass(frozen=True, eq=False)
class Refit:
    """A row whose readout is optimised, on the signs of its states if so asked."""

    row: Row
    signs: bool = False

    @staticmethod
    def described(as_published: bool) -> str:
        """How readouts are optimised."""
        if as_published:
            drops = " and ".join(str(epoch) for epoch in DROPS)
            return (
                f"as published: {EPOCHS} full-batch epochs on positions 0..n-3, rate {RATE:g}, times .3 "
                f"after epochs {drops} (from 0), from the statistic's wy and by; signs: from wy = 0 and the "
                "trained by"
            )
        return (
            f"the optimum of the mean cross-entropy of positions 0..n-2 in nats plus {L2:g} / 2 (|wy|^2 + "
            "|by - marginal|^2), a convex problem"
        )


def refits(as_published: bool) -> list[Refit]:
    """Nets from either family, and the trained net's signs; what the trained states give is not published."""
    nets = [Refit(Row(f"{name}, wy optimised", 0.0, MATRICES, name)) for name in (HEBBIAN, SIGNS)]
    nets.append(Refit(Row("signs, wy optimised", 0.0), signs=True))
    return nets if as_published else [*nets, Refit(Row("trained, wy optimised", 0.0))]


def optimised(
    refit: Refit,
    weights: Weights,
    found: list[dict[str, Family]],
    symbols: Int64[np.ndarray, "T"],
    *,
    tanh: str,
    as_published: bool,
) -> tuple[float, float, float]:
    """Bits per character in float32 and in float64, the readout fitted to the states of each, and what
    float32's optimum is proved to be within; NaN where there is no such number."""
    bits, gaps, before = [], [], None
    for arithmetic, given in zip(ARITHMETICS, found, strict=True):
        net = refit.row.net(weights, given)
        features = None if net is None else _states(net, symbols, arithmetic, tanh)
        if net is None or features is None:
            bits.append(np.nan)
            gaps.append(np.nan)
            continue
        if refit.signs:
            features = np.where(features >= 0, 1.0, -1.0)
        if before is not None and net is weights and np.array_equal(features, before):
            return bits[0], bits[0], gaps[0]  # the same problem
        before = features
        fit = (
            _descended(features, symbols, net, refit.signs)
            if as_published
            else _least(features, symbols, net.outputs)
        )
        bits.append(_mean_cost(*fit[:2], features, symbols[1:], CLIP if as_published else np.inf))
        gaps.append(fit[2])
    return bits[0], bits[1], gaps[0]


def _states(
    net: Weights, symbols: Int64[np.ndarray, "T"], arithmetic: str, tanh: str
) -> Float64[np.ndarray, "P H"] | None:
    """Hidden states at positions 0..n-2; None where there are none, or they are not finite."""
    if len(symbols) < 2:
        return None
    exact = "exact" if arithmetic == "float64" else tanh
    hidden = traces([net], symbols[:-1], arithmetic, exact)[0].astype(np.float64)
    return hidden if np.isfinite(hidden).all() else None


def _descended(
    features: Float64[np.ndarray, "P H"], symbols: Int64[np.ndarray, "T"], net: Weights, anew: bool
) -> tuple[np.ndarray, np.ndarray, float]:
    """As published: all but the last position are fitted."""
    start = np.zeros_like(net.wy) if anew else net.wy
    targets = symbols[1:-1]
    wy, by = descend(features[: len(targets)], targets, start, net.by, epochs=EPOCHS, rate=RATE, drops=DROPS)
    return wy, by, np.nan


def _least(
    features: Float64[np.ndarray, "P H"], symbols: Int64[np.ndarray, "T"], outputs: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """The optimum on all positions."""
    found = minimise(features, symbols[1:], outputs, l2=L2, tolerance=TOLERANCE)
    return found.wy, found.by, found.gap


def _mean_cost(
    wy: np.ndarray, by: np.ndarray, hidden: np.ndarray, targets: Int64[np.ndarray, "P"], most: float
) -> float:
    """Bits per character of a readout rounded to float32; NaN where that overflows."""
    with np.errstate(over="ignore"):
        narrow = wy.astype(np.float32), by.astype(np.float32)
    if not all(np.isfinite(part).all() for part in narrow):
        return np.nan
    blocks = [slice(k, k + _BLOCK) for k in range(0, len(targets), _BLOCK)]
    return float(sum(costs(*narrow, hidden[s], targets[s], most).sum() for s in blocks)) / len(targets)
