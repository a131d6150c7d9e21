"""attribution: which weights, and which symbols how far back, the network's predictions hang on.

Position t predicts y = symbols[t + 1]. The gradient of ln P(y) (natural logarithm) is carried back through
the text, `depth` steps. The strength of a weight at t is the largest over the distances d of

    wy_yj   |g_j|, where g = d ln P(y) / d h(t)
    wh_ij   |wh_ij d ln P(y) / d z_i(t - d + 1)|, d = 1..depth
    wx_jx   |wx_jx d ln P(y) / d z_j(t - d)|, x = symbols[t - d], d = 0..depth

A wx strength is what the weight adds to ln P to first order, a wh strength the gradient that reaches h_j
through the weight alone; wy has no weight as a factor. A weight is active at t where its strength is above a
threshold (strictly). The mass at distance d is the sum over j of the wx strengths of the symbol read at
t - d, mean over the positions t >= d.

g is proportional to 1 - P(y): where the network is right, nothing is active. So few active weights are no
sparse explanation, and what share of bits, mass and gradient the costliest tenth of the positions holds
stands beside them; the profile `depth.share` weighs every position equally.

Published as "Q1 sparsity". There the derivative for wx lacks the gate (1 - h_j(t - d)^2), distances begin at
1, and the mass "at d = 0" is the mean over t of the sum of |g_j|, another quantity (here: `readout.mass`).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.check.side_by_side import window
from boolrnn.errors import OptionError, WeightsError
from boolrnn.explain.attribution_pass import CLASSES, NEVER, Counts, Settings, attribute
from boolrnn.explain.boolean_attribution import boolean_attribution
from boolrnn.graph.observed import NETWORK, OWN
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import stated, surprisal, trace
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8

THRESHOLDS = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
STABLE = 1e-4  # what a mass may move by between float32 and float64 networks
STABLE_COUNT = 1e-3  # the same for counts, relative
FLOOR = 30 * np.log2(10.0)  # as published, P is at least 1e-30
SOUND = (
    "gradients with the gate (1 - h^2) at both ends of a step; distances from 0, the current symbol; float64"
)
PUBLISHED = (
    "as published: no gate (1 - h^2) on the derivative for wx; distances from 1, where row d = 0 is the "
    "sum of the readout's gradients; |gradient| < 1e-8 skipped for wh; the upper median; float32"
)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Attribution(Result):
    """Active weights per position, the masses of symbols by distance; statistics without a case are NaN or
    None. Biases are no patterns. `boolean` is there when flips were asked for (see boolean_attribution)."""

    schema = "attribution/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    window: str
    variant: str
    arithmetic: str  # of the network
    bpc: float | None
    bits_total: float = named("bits.total")  # over all positions
    costliest_positions: int = named("bits.costliest_positions")  # a tenth of them, rounded down, at least 1
    costliest_bits: float | None = named("bits.costliest")  # share of all bits that these cost
    readout_mass: float | None = named("readout.mass")  # mean over positions of sum over j of |g_j|
    readout_costliest: float | None = named("readout.costliest")  # share of it at the costliest positions
    nearest: int  # least distance whose row is about a symbol: 0, as published 1
    peak: int | None  # distance of the greatest mass from there on
    significant_above: float  # a weight is significant where |w| is above this
    significant_wx: int = named("significant.wx")
    significant_wh: int = named("significant.wh")
    significant_wy: int = named("significant.wy")
    significant_total: int = named("significant.total")
    patterns_wx: int = named("patterns.wx")  # all weights but the biases
    patterns_wh: int = named("patterns.wh")
    patterns_wy: int = named("patterns.wy")
    patterns_total: int = named("patterns.total")
    never_tau: float = named("never_active.tau")
    never_wx: int = named("never_active.wx")  # weights that are active at no position
    never_wh: int = named("never_active.wh")
    never_wy: int = named("never_active.wy")
    never_total: int = named("never_active.total")
    tau: Float64[np.ndarray, "K"] = named("thresholds.tau")
    tau_mean: Float64[np.ndarray, "K"] = named("thresholds.mean")  # active weights per position
    tau_median: Float64[np.ndarray, "K"] = named("thresholds.median")
    tau_min: Int64[np.ndarray, "K"] = named("thresholds.min", nullable=True)
    tau_max: Int64[np.ndarray, "K"] = named("thresholds.max", nullable=True)
    tau_wx: Float64[np.ndarray, "K"] = named("thresholds.wx")  # means by class
    tau_wh: Float64[np.ndarray, "K"] = named("thresholds.wh")
    tau_wy: Float64[np.ndarray, "K"] = named("thresholds.wy")
    tau_share: Float64[np.ndarray, "K"] = named("thresholds.share")  # mean / all patterns
    # mean number of active significant weights / significant weights; the published quotient divides all
    # active ones, significant or not, by the significant
    tau_of_significant: Float64[np.ndarray, "K"] = named("thresholds.of_significant")
    tau_per_significant: Float64[np.ndarray, "K"] = named("thresholds.per_significant")
    tau_stable: Bool[np.ndarray, "K"] = named("thresholds.stable")
    d: Int64[np.ndarray, "D"] = named("depth.d")
    d_positions: Int64[np.ndarray, "D"] = named("depth.n")  # positions t >= d
    d_mass: Float64[np.ndarray, "D"] = named("depth.mass")
    d_fraction: Float64[np.ndarray, "D"] = named("depth.fraction")  # mass(d) / mass(0)
    # share of a position's masses, mean over the positions that have every distance
    d_share: Float64[np.ndarray, "D"] = named("depth.share")
    d_costliest: Float64[np.ndarray, "D"] = named("depth.costliest")  # share at the costliest positions
    d_stable: Bool[np.ndarray, "D"] = named("depth.stable")
    t: Int64[np.ndarray, "P"] = named("positions.t")
    t_true: Int64[np.ndarray, "P"] = named("positions.true")
    t_bits: Float64[np.ndarray, "P"] = named("positions.bits")
    t_gradient: Float64[np.ndarray, "P"] = named("positions.gradient")  # sum over j of |g_j|
    t_active: Int64[np.ndarray, "P K"] = named("positions.active")  # at each of the thresholds
    boolean_window: str | None
    boolean_states: str | None  # whose states were flipped
    boolean_d: Int64[np.ndarray, "B"] | None = named("boolean.d")
    flips_n: Int64[np.ndarray, "B"] | None = named("boolean.flips.n")
    flips_change: Float64[np.ndarray, "B"] | None = named("boolean.flips.change")
    flips_distance: Float64[np.ndarray, "B"] | None = named("boolean.flips.distance")
    flips_guess: Float64[np.ndarray, "B"] | None = named("boolean.flips.guess")
    flips_healed: Float64[np.ndarray, "B"] | None = named("boolean.flips.healed")
    symbols_n: Int64[np.ndarray, "B"] | None = named("boolean.symbols.n")
    symbols_change: Float64[np.ndarray, "B"] | None = named("boolean.symbols.change")
    symbols_distance: Float64[np.ndarray, "B"] | None = named("boolean.symbols.distance")
    symbols_guess: Float64[np.ndarray, "B"] | None = named("boolean.symbols.guess")
    symbols_healed: Float64[np.ndarray, "B"] | None = named("boolean.symbols.healed")


def attribution(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    depth: int = 50,
    thresholds: Sequence[float] | np.ndarray = THRESHOLDS,
    significant: float = 0.01,
    flips: int = 0,
    positions: str | Sequence[int] | np.ndarray | None = None,
    states: str = NETWORK,
    as_published: bool = False,
    tanh: str = "exact",
) -> Attribution:
    """Attribute every prediction of `symbols` (T) to weights and to symbols up to `depth` steps back.

    Weights are counted above each of `thresholds`, and apart from the rest those with |w| > `significant`.
    A row is `stable` where its mass moves by at most 1e-4, or its counts by at most 0.1 %, when the network
    runs in float64. With `flips` (1 or more) bits and symbols up to that many steps back are also changed
    exactly, in the automaton: for the predictions of the chosen `positions` (default all), from the
    network's signs or (`states="automaton"`) from the automaton's own trajectory.

    Raises
    ------
    WeightsError
        Where O != V: only outputs that are symbols predict one.
    TextError, OptionError
        On a symbol, a number or a name that cannot be used.
    """
    weights = model.weights if isinstance(model, Automaton) else model
    taus = _checked(weights, depth, thresholds, significant, flips, positions)
    if states not in (NETWORK, OWN):
        raise OptionError(f"states {states!r}: expected {NETWORK} or {OWN}")
    symbols = check_symbols(symbols, weights)
    settings = Settings(np.sort(taus), depth, significant, as_published)
    bits, counts = _counted(weights, symbols, settings, tanh=tanh)
    _, wide = _counted(weights, symbols, settings, arithmetic="float64")
    costly = costliest(bits)
    profile = _profile(counts, costly, settings)
    total, gradient = float(bits.sum()), float(counts.gradient.sum())
    return Attribution(
        alphabet=weights.alphabet,
        window=window(len(bits)),
        variant=PUBLISHED if as_published else SOUND,
        arithmetic=stated("float32", tanh),
        bpc=_quotient(total, len(bits)),
        bits_total=total,
        costliest_positions=int(costly.sum()),
        costliest_bits=_quotient(float(bits[costly].sum()), total),
        readout_mass=_quotient(gradient, len(bits)),
        readout_costliest=_quotient(float(counts.gradient[costly].sum()), gradient),
        nearest=settings.nearest,
        peak=_peak(profile["mass"], settings.nearest),
        **_weights(weights, counts, significant),
        **_per_tau(weights, counts, wide, settings, taus),
        d=np.arange(len(profile["mass"])),
        **{f"d_{name}": values for name, values in profile.items()},
        d_stable=_near(profile["mass"], _profile(wide, costly, settings)["mass"]),
        t=np.arange(len(bits)),
        t_true=symbols[1:],
        t_bits=bits,
        t_gradient=counts.gradient,
        t_active=counts.active[:, np.searchsorted(settings.thresholds, taus)],
        **_boolean(model, symbols, flips, positions, states, tanh),
    )


def _checked(
    weights: Weights, depth: int, thresholds: Any, significant: float, flips: int, positions: Any
) -> Float64[np.ndarray, "K"]:
    """The thresholds as an array, once every option is found usable."""
    if not weights.predicts:
        raise WeightsError(
            f"O = {weights.outputs} outputs for V = {weights.symbols} symbols: attribution needs a net "
            "that predicts the next symbol (O = V)"
        )
    for name, value, least in (("depth", depth, 1), ("flips", flips, 0)):
        if value < least:
            raise OptionError(f"{name} {value}: expected {least} or more")
    if not 0 <= significant < np.inf:
        raise OptionError(f"significant {significant}: expected a size of weights, 0 or more")
    if positions is not None and not flips:
        raise OptionError("positions: flips are made there, so flips of 1 or more are expected beside them")
    taus = np.array(thresholds, np.float64)
    if taus.ndim != 1 or not len(taus) or not ((taus > 0) & (taus < np.inf)).all():
        raise OptionError(f"thresholds {taus.tolist()}: expected one or more positive numbers")
    return taus


def _counted(
    weights: Weights, symbols: Int64[np.ndarray, "T"], settings: Settings, **kwargs: Any
) -> tuple[Float64[np.ndarray, "P"], Counts]:
    """Bits of every prediction and the counts, of the network in one arithmetic."""
    hidden = trace(weights, symbols, **kwargs).hidden
    with np.errstate(invalid="ignore"):  # of nets whose sums overflow there may be nothing to say
        bits = surprisal(weights, hidden[:-1], symbols[1:])
    bits = np.minimum(bits, FLOOR) if settings.as_published else bits
    return bits, attribute(weights, symbols, hidden, costliest(bits), settings)


def costliest(bits: Float64[np.ndarray, "P"]) -> Bool[np.ndarray, "P"]:
    """The tenth of the positions that costs most (rounded down, at least one), the first of equal ones."""
    found = np.zeros(len(bits), bool)
    found[np.argsort(-bits, kind="stable")[: max(len(bits) // 10, 1)]] = True
    return found


def _weights(weights: Weights, counts: Counts, significant: float) -> dict[str, Any]:
    """How many weights there are by class, how many are significant, how many are never active."""
    sizes = {name: np.abs(getattr(weights, name)) for name in CLASSES}
    columns = {
        "patterns": [size.size for size in sizes.values()],
        "significant": [int(np.count_nonzero(size > significant)) for size in sizes.values()],
        "never": counts.never.tolist(),
    }
    fields: dict[str, Any] = {"significant_above": float(significant), "never_tau": NEVER}
    for kind, column in columns.items():
        fields |= {f"{kind}_{name}": value for name, value in zip(CLASSES, column)}
        fields[f"{kind}_total"] = sum(column)
    return fields


def _per_tau(
    weights: Weights, counts: Counts, wide: Counts, settings: Settings, taus: Float64[np.ndarray, "K"]
) -> dict[str, np.ndarray]:
    """The table of thresholds, in the order in which they were given."""
    everything = sum(getattr(weights, name).size for name in CLASSES)
    strong = sum(int(np.count_nonzero(np.abs(getattr(weights, n)) > settings.significant)) for n in CLASSES)
    columns, other = (_figures(found, settings.as_published) for found in (counts, wide))
    with np.errstate(invalid="ignore"):
        columns["stable"] = np.logical_and.reduce(
            [
                np.abs(values - other[name]) <= STABLE_COUNT * np.abs(values)
                for name, values in columns.items()
            ]
        )
    columns["share"] = columns["mean"] / everything
    columns["per_significant"] = _shares(columns["mean"], strong)
    columns["of_significant"] = _shares(columns.pop("significant"), strong)
    order = np.searchsorted(settings.thresholds, taus)
    return {"tau": taus} | {f"tau_{name}": values[order] for name, values in columns.items()}


def _figures(counts: Counts, as_published: bool) -> dict[str, np.ndarray]:
    """What is said of each threshold, ascending: figures of the number of active weights per position."""
    active, count = counts.active, len(counts.active)
    columns = {name: _shares(row, count) for name, row in zip(CLASSES, counts.by_class)}
    columns |= {"mean": _shares(active.sum(axis=0), count), "significant": _shares(counts.significant, count)}
    if not count:
        none = np.full(active.shape[1], -1)
        return columns | {"median": np.full(active.shape[1], np.nan), "min": none, "max": none}
    ranked = np.sort(active, axis=0)
    upper = ranked[count // 2].astype(np.float64)
    median = upper if as_published else (upper + ranked[(count - 1) // 2]) / 2
    return columns | {"median": median, "min": ranked[0], "max": ranked[-1]}


def _profile(counts: Counts, costly: Bool[np.ndarray, "P"], settings: Settings) -> dict[str, np.ndarray]:
    """The columns of the table of distances; those that no position reaches are left out."""
    count = len(costly)
    reached = len(counts.mass) if count else 0
    positions = count - np.arange(reached)
    total, part = counts.mass[:reached].copy(), counts.costly_mass[:reached].copy()
    share = _shares(counts.share[:reached], counts.shared)
    if settings.as_published and count:  # its row 0 is the readout's
        total[0], part[0] = counts.gradient.sum(), counts.gradient[costly].sum()
        share[0] = np.nan
    with np.errstate(all="ignore"):
        mass = total / positions
        return {
            "positions": positions,
            "mass": mass,
            "fraction": np.where(mass[:1] > 0, mass / mass[:1], np.nan),
            "share": share,
            "costliest": np.where(total > 0, part / total, np.nan),
        }


def _near(mass: Float64[np.ndarray, "D"], other: Float64[np.ndarray, "D"]) -> Bool[np.ndarray, "D"]:
    """Whether masses are the same to 1e-4; infinite ones are not."""
    with np.errstate(invalid="ignore"):
        return np.abs(mass - other) <= STABLE


def _peak(mass: Float64[np.ndarray, "D"], nearest: int) -> int | None:
    seen = mass[nearest:]
    return nearest + int(np.nanargmax(seen)) if (seen > 0).any() else None


def _quotient(part: float, whole: float | int) -> float | None:
    return part / whole if whole else None


def _shares(part: np.ndarray, whole: int) -> Float64[np.ndarray, "N"]:
    """part / whole, NaN where the whole is 0."""
    return part / whole if whole else np.full(len(part), np.nan)


def _boolean(
    model: Weights | Automaton,
    symbols: Int64[np.ndarray, "T"],
    flips: int,
    positions: str | Sequence[int] | np.ndarray | None,
    states: str,
    tanh: str,
) -> dict[str, Any]:
    """The fields of the Boolean part, None where it was not asked for."""
    columns = ("n", "change", "distance", "guess", "healed")
    if not flips:
        none = dict.fromkeys(("boolean_window", "boolean_states", "boolean_d"))
        return none | {f"{kind}_{name}": None for kind in ("flips", "symbols") for name in columns}
    found = boolean_attribution(
        as_automaton(model), symbols, depth=flips, positions=positions, states=states, tanh=tanh
    )
    fields = {f"flips_{name}": getattr(found.flips, name) for name in columns}
    fields |= {f"symbols_{name}": getattr(found.symbols, name) for name in columns}
    return fields | {
        "boolean_window": found.window,
        "boolean_states": found.source,
        "boolean_d": np.arange(len(found.flips.n)),
    }
