"""substitute: what the predictions cost when trained matrices give way to statistics of the text.

One of the five tensors, or all of them, is replaced by what boolrnn.explain.statistics counts for it, in
part (a blend, `alpha` of it trained) or whole, and the net runs again from h = 0. Published as "write
weights", with the finding that three such substitutions improve on the trained net; here every row stands
beside the trained one, and beside itself in float64, since a net with other dynamics may amplify rounding.
Last come nets whose readout was optimised: what their states could say, rather than what a formula reads.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.errors import OptionError, WeightsError
from boolrnn.explain.ablated import CLIP
from boolrnn.explain.refitted import Refit, optimised, refits
from boolrnn.explain.substituted import HEBBIAN, MATRICES, SIGNS, Family, Row, costs_of, families
from boolrnn.graph.observed import described
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import TANHS, stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, UInt8

ALPHAS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0)
TRAINED = "trained"
SOUND = (
    "statistics over all positions, each times the scale of least squares through the origin to the "
    "trained values (those of by less their mean, which no prediction depends on)"
)
PUBLISHED = (
    "as published: wh, wx and wy of the Hebbian family by least squares, bh = 5 ln(f / (1 - f + 1e-6)), "
    "sign-conditioned wh times 4, wx times 15 and wy times .5, logarithms cut to -2..2; statistics of "
    "next symbols without the last position; probabilities of at least 1e-30"
)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Substitute(Result):
    """Bits per character of nets with statistics in place of trained weights.

    A row's `what` is the tensor that is replaced ("all": all five) by `alpha` times the trained one plus
    1 - `alpha` times the Hebbian statistic; "sign-conditioned wh" and so on take the other family, whole.
    In rows that end in "wy optimised" the readout (wy and by) was fitted to the states of that net, in
    either arithmetic to its own; "signs" are the trained net's states, read as -1 and +1. `change` is bits
    above `baseline`, `stable` whether float32 and float64 differ by at most 1e-4, `gap` the bits by which
    the objective of an optimum may at most lie above its least value. NaN where a weight or a state is
    not finite, or there are no positions.
    """

    schema = "substitute/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    window: str
    arithmetic: str
    variant: str
    optimiser: str | None  # how the optimised readouts were found
    baseline: float | None  # of the trained net
    baseline64: float | None = named("baseline_float64")
    compared: int  # rows with alpha < 1 and other weights than the trained, whose readout was not optimised
    improving: int  # of those, rows below the trained net in both arithmetics
    best_what: str | None = named("best.what")  # the cheapest of those rows
    best_alpha: float | None = named("best.alpha")
    best_bpc: float | None = named("best.bpc")
    hebbian_wh: float | None = named("scales.hebbian.wh")
    hebbian_wx: float | None = named("scales.hebbian.wx")
    hebbian_wy: float | None = named("scales.hebbian.wy")
    hebbian_bh: float | None = named("scales.hebbian.bh")
    hebbian_by: float | None = named("scales.hebbian.by")
    signs_wh: float | None = named("scales.sign_conditioned.wh")
    signs_wx: float | None = named("scales.sign_conditioned.wx")
    signs_wy: float | None = named("scales.sign_conditioned.wy")
    signs_bh: float | None = named("scales.sign_conditioned.bh")
    signs_by: float | None = named("scales.sign_conditioned.by")
    what: np.ndarray = named("rows.what")
    alpha: Float64[np.ndarray, "R"] = named("rows.alpha")  # share of the trained in what the row replaces
    bpc: Float64[np.ndarray, "R"] = named("rows.bpc")
    bpc64: Float64[np.ndarray, "R"] = named("rows.bpc_float64")
    change: Float64[np.ndarray, "R"] = named("rows.change")
    stable: Bool[np.ndarray, "R"] = named("rows.stable")
    gap: Float64[np.ndarray, "R"] = named("rows.gap")


def substitute(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    alphas: Sequence[float] = ALPHAS,
    optimise: bool = True,
    as_published: bool = False,
    tanh: str = "exact",
) -> Substitute:
    """Put statistics of `symbols` (T) in place of the trained weights of `model`.

    `alphas` are shares of the trained tensor: 1 is the trained net, 0 the statistic alone, beyond 0..1 is
    extrapolation; equal ones are merged and all are sorted. `optimise=False` leaves out the optimised
    readouts. Statistics and costs cover positions 0..n-2. `as_published` takes the published constants,
    windows and descent.

    Raises
    ------
    WeightsError
        Where O != V: only outputs that are symbols predict one.
    TextError, OptionError
        On a symbol, alpha or tanh that cannot be used.
    """
    weights = model.weights if isinstance(model, Automaton) else model
    if not weights.predicts:
        raise WeightsError(
            f"O = {weights.outputs} outputs for V = {weights.symbols} symbols: substitute needs a net that "
            "predicts the next symbol (O = V)"
        )
    if tanh not in TANHS:
        raise OptionError(f"tanh {tanh!r}: expected one of {', '.join(TANHS)}")
    shares = _shares(alphas)
    symbols = check_symbols(symbols, weights)
    found = families(weights, symbols, tanh=tanh, published=as_published)
    rows, most = _rows(shares), CLIP if as_published else np.inf
    both = costs_of(weights, rows, found, symbols, tanh=tanh, most=most)
    fits = refits(as_published) if optimise else []
    ends = [optimised(each, weights, found, symbols, tanh=tanh, as_published=as_published) for each in fits]
    more = np.array([each[:2] for each in ends]).reshape(-1, 2).T
    return Substitute(
        alphabet=weights.alphabet,
        window=described(np.arange(len(symbols) - 1)),
        arithmetic=stated("float32", tanh),
        variant=PUBLISHED if as_published else SOUND,
        optimiser=Refit.described(as_published) if optimise else None,
        **_compared(rows, both, _differing(rows, weights, found[0])),
        **_scales(found[0]),
        **_columns([*rows, *(each.row for each in fits)], np.concatenate([both, more], axis=1)),
        gap=np.array([np.nan] * len(rows) + [each[2] for each in ends]),
    )


def _shares(alphas: Sequence[float]) -> list[float]:
    values = sorted({float(value) + 0.0 for value in alphas})  # + 0: one zero
    if not values or not np.isfinite(values).all():
        raise OptionError(f"alphas {list(alphas)}: expected at least one finite share of the trained matrix")
    return values


def _rows(shares: list[float]) -> list[Row]:
    """The trained net; each tensor and all five, by alpha; the other family's, whole."""
    parts = {**{name: (name,) for name in MATRICES}, "all": MATRICES}
    rows = [Row(TRAINED, 1.0)]
    rows += [Row(what, alpha, names, HEBBIAN) for what, names in parts.items() for alpha in shares]
    rows += [Row(f"{SIGNS} {name}", 0.0, (name,), SIGNS) for name in ("wh", "wx", "wy")]
    return [*rows, Row(SIGNS, 0.0, MATRICES, SIGNS)]


def _differing(rows: list[Row], weights: Weights, given: dict[str, Family]) -> Bool[np.ndarray, "R"]:
    """Which rows' nets have a weight that the trained net has not."""
    nets = (row.net(weights, given) for row in rows)  # None where a weight is not finite
    same = [
        net is not None and all(np.array_equal(getattr(net, k), getattr(weights, k)) for k in MATRICES)
        for net in nets
    ]
    return ~np.array(same)


def _compared(
    rows: list[Row], both: Float64[np.ndarray, "2 R"], differing: Bool[np.ndarray, "R"]
) -> dict[str, Any]:
    """The trained net, and how the rows with alpha < 1 and other weights stand to it."""
    mixed = np.array([row.alpha < 1 for row in rows]) & differing
    bits = np.where(mixed, both[0], np.nan)
    best = None if np.isnan(bits).all() else int(np.nanargmin(bits))
    return {
        "baseline": _known(both[0, 0]),
        "baseline64": _known(both[1, 0]),
        "compared": int(mixed.sum()),
        "improving": int((mixed & (both < both[:, :1]).all(axis=0)).sum()),
        "best_what": None if best is None else rows[best].what,
        "best_alpha": None if best is None else rows[best].alpha,
        "best_bpc": None if best is None else float(bits[best]),
    }


def _scales(found: dict[str, Family]) -> dict[str, Any]:
    fields = {"hebbian": found[HEBBIAN].scales, "signs": found[SIGNS].scales}
    return {f"{key}_{name}": _known(scales[name]) for key, scales in fields.items() for name in MATRICES}


def _columns(rows: list[Row], both: Float64[np.ndarray, "2 R"]) -> dict[str, Any]:
    missing = np.isnan(both).all(axis=0)
    return {
        "what": np.array([row.what for row in rows]),
        "alpha": np.array([row.alpha for row in rows]),
        "bpc": both[0].copy(),
        "bpc64": both[1].copy(),
        "change": both[0] - both[0, 0],
        "stable": missing | (np.abs(both[0] - both[1]) <= 1e-4),
    }


def _known(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
