"""predict-weights: how far each weight follows from what is counted on the text.

Every statistic of boolrnn.explain.statistics stands beside the trained matrix that it is compared with:
Pearson's r over all entries, per neuron, and whether the signs agree. Published as the page on weight
construction. A correlation says nothing by itself: beside it stand the range that chance gives when the
neurons of the statistic are relabelled at random, and r in nets whose weights are shuffled; and what the
statistic was computed from: nearly all use the net's own states, which its weights make, and one uses the
very matrix that it is compared with.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.errors import OptionError
from boolrnn.explain import statistics
from boolrnn.explain.relabelled import chance, in_shuffled_nets
from boolrnn.explain.replaced import MOVED, weights_of
from boolrnn.explain.statistics import Observed, observe, pearson, pearson_rows
from boolrnn.graph.observed import described
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float32, Float64, Int64, UInt8

MATRICES = ("wh", "wx", "wy", "bh")
BEST = 10  # neurons listed per statistic
SHARE = 0.9  # quantile of |w| from which on a matrix's signs are told
MOST = 1_000_000  # relabellings
SOUND = (
    "the documented formula of wx_pmi (the five largest and the five smallest outputs); n+ and n- of "
    "wx_sign_conditioned over the positions of c+ and c-; wy_sign_split and wy_hebbian over all positions "
    "that predict; both log ratios 0 for a neuron whose bit never changes; bh_log_odds of counts with one "
    "half more of each; no r where a variance is below 1e-10"
)
PUBLISHED = (
    "as published: wx_pmi as coded (the five largest outputs and, for the five smallest, the last five); "
    "n+ and n- of wx_sign_conditioned over one position fewer than c+ and c- (not in the table of signs); "
    "wy_sign_split and wy_hebbian without the last position; bh_log_odds with 1e-6 beneath; "
    "r = 0 where a variance is below 1e-10"
)
PUBLISHED_SIGNS = (
    ("wh_sign_correlation", 0.1),
    ("wh_hebbian", 0.5),
    ("wh_hebbian", 3.0),
    ("wx_sign_conditioned", 0.1),
)
STATES = "text and states"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A statistic: which matrix it is compared with, and what it is computed from."""

    name: str
    matrix: str
    source: str
    compute: Callable[[Observed], np.ndarray]
    circular: bool = False
    outputs: bool = False  # needs outputs that are symbols


def kinds(published: bool) -> list[Kind]:
    """All statistics, in this variant."""
    own, other = ("as_coded", "documented") if published else ("documented", "as_coded")
    pmi = {
        name: functools.partial(statistics.pmi_wx, as_coded=name == "as_coded")
        for name in ("as_coded", "documented")
    }
    conditioned, split, shift, odds = (
        functools.partial(each, published=published)
        for each in (
            statistics.sign_conditioned_wx,
            statistics.sign_split_wy,
            statistics.hebbian_wy,
            statistics.log_odds_bh,
        )
    )
    influence = statistics.boolean_influence
    return [
        Kind("wh_sign_correlation", "wh", STATES, statistics.sign_correlation),
        Kind("wh_boolean_influence", "wh", "wh, text and states", influence, circular=True),
        Kind("wh_hebbian", "wh", STATES, statistics.hebbian_wh),
        Kind("wx_pmi", "wx", "text and wy", pmi[own], outputs=True),
        Kind(f"wx_pmi_{other}", "wx", "text and wy", pmi[other], outputs=True),
        Kind("wx_sign_conditioned", "wx", STATES, conditioned),
        Kind("wx_hebbian", "wx", STATES, statistics.hebbian_wx),
        Kind("wy_sign_split", "wy", STATES, split, outputs=True),
        Kind("wy_hebbian", "wy", STATES, shift, outputs=True),
        Kind("bh_log_odds", "bh", STATES, odds),
    ]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class PredictWeights(Result):
    """Pearson's r of each statistic with its matrix, and what stands behind it.

    Correlations are None where a side does not vary, or the outputs are no symbols (those with wy).
    `circular` marks a statistic computed from the matrix itself; `low` and `high` hold the middle 95 % of r
    when the neurons of the statistic are relabelled at random, `shuffled_low` and `shuffled_high` the least
    and greatest r in five nets with the same weights in random places and the states that these have (on at
    most 2,048 symbols); both sampled. `stable` is false where float64 gives a figure more than 1e-4 away (or
    another count of signs).
    """

    schema = "predict_weights/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    variant: str
    window: str
    arithmetic: str
    seed: int
    resamples: int
    influence_positions: int  # at which wh_boolean_influence negates neurons
    wh_sign_correlation: float | None = named("correlations.wh_sign_correlation", default=None)
    wh_boolean_influence: float | None = named("correlations.wh_boolean_influence", default=None)
    wh_hebbian: float | None = named("correlations.wh_hebbian", default=None)
    wx_pmi: float | None = named("correlations.wx_pmi", default=None)
    wx_pmi_documented: float | None = named("correlations.wx_pmi_documented", default=None)
    wx_pmi_as_coded: float | None = named("correlations.wx_pmi_as_coded", default=None)
    wx_sign_conditioned: float | None = named("correlations.wx_sign_conditioned", default=None)
    wx_hebbian: float | None = named("correlations.wx_hebbian", default=None)
    wy_sign_split: float | None = named("correlations.wy_sign_split", default=None)
    wy_hebbian: float | None = named("correlations.wy_hebbian", default=None)
    bh_log_odds: float | None = named("correlations.bh_log_odds", default=None)
    name: np.ndarray = named("statistics.name")
    matrix: np.ndarray = named("statistics.matrix")
    source: np.ndarray = named("statistics.source")
    circular: Bool[np.ndarray, "S"] = named("statistics.circular")
    entries: Int64[np.ndarray, "S"] = named("statistics.entries")
    r: Float64[np.ndarray, "S"] = named("statistics.r")
    r64: Float64[np.ndarray, "S"] = named("statistics.r_float64")
    stable: Bool[np.ndarray, "S"] = named("statistics.stable")
    explained: Float64[np.ndarray, "S"] = named("statistics.percent_of_variance")  # r squared, percent
    low: Float64[np.ndarray, "S"] = named("statistics.low")
    high: Float64[np.ndarray, "S"] = named("statistics.high")
    shuffled_low: Float64[np.ndarray, "S"] = named("statistics.shuffled_low")
    shuffled_high: Float64[np.ndarray, "S"] = named("statistics.shuffled_high")
    mean_abs_r: Float64[np.ndarray, "S"] = named("statistics.mean_abs_r")  # of neurons; NaN for wh, bh
    # the neurons with the greatest |r| of each statistic of wx (rows) and wy (columns)
    best_statistic: np.ndarray = named("best.statistic")
    best_neuron: Int64[np.ndarray, "B"] = named("best.neuron")
    best_r: Float64[np.ndarray, "B"] = named("best.r")
    best_stable: Bool[np.ndarray, "B"] = named("best.stable")
    # entries with |w| >= threshold: does the statistic have their sign (0 counts as -)?
    sign_matrix: np.ndarray = named("signs.matrix")
    sign_statistic: np.ndarray = named("signs.statistic")
    sign_threshold: Float64[np.ndarray, "G"] = named("signs.threshold")
    sign_entries: Int64[np.ndarray, "G"] = named("signs.entries")
    sign_right: Int64[np.ndarray, "G"] = named("signs.right")
    sign_percent: Float64[np.ndarray, "G"] = named("signs.percent")
    sign_always: Float64[np.ndarray, "G"] = named("signs.always")  # percent, by always the commoner sign
    sign_r: Float64[np.ndarray, "G"] = named("signs.r")  # over these entries alone
    sign_stable: Bool[np.ndarray, "G"] = named("signs.stable")
    neuron: Int64[np.ndarray, "H"] = named("neurons.neuron")
    neuron_wx_pmi: Float64[np.ndarray, "H"] | None = named("neurons.wx_pmi", default=None)
    neuron_wx_pmi_documented: Float64[np.ndarray, "H"] | None = named(
        "neurons.wx_pmi_documented", default=None
    )
    neuron_wx_pmi_as_coded: Float64[np.ndarray, "H"] | None = named("neurons.wx_pmi_as_coded", default=None)
    neuron_wx_sign_conditioned: Float64[np.ndarray, "H"] = named("neurons.wx_sign_conditioned")
    neuron_wx_hebbian: Float64[np.ndarray, "H"] = named("neurons.wx_hebbian")
    neuron_wy_sign_split: Float64[np.ndarray, "H"] | None = named("neurons.wy_sign_split", default=None)
    neuron_wy_hebbian: Float64[np.ndarray, "H"] | None = named("neurons.wy_hebbian", default=None)
    # the matrices, and beside each its best statistic that is not circular (missing where none has an r)
    wh: Float32[np.ndarray, "H H"] = named("matrices.wh", quiet=True)
    wx: Float32[np.ndarray, "H V"] = named("matrices.wx", quiet=True)
    wy: Float32[np.ndarray, "O H"] = named("matrices.wy", quiet=True)
    bh: Float32[np.ndarray, "H"] = named("matrices.bh", quiet=True)
    beside_wh: Float64[np.ndarray, "H H"] | None = named("matrices.beside_wh", quiet=True, default=None)
    beside_wx: Float64[np.ndarray, "H V"] | None = named("matrices.beside_wx", quiet=True, default=None)
    beside_wy: Float64[np.ndarray, "O H"] | None = named("matrices.beside_wy", quiet=True, default=None)
    beside_bh: Float64[np.ndarray, "H"] | None = named("matrices.beside_bh", quiet=True, default=None)

    def best_of(self, matrix: str) -> int | None:
        """The row of `statistics` with the greatest |r| for a matrix, of those that are not circular."""
        size = np.where((self.matrix == matrix) & ~self.circular, np.nan_to_num(np.abs(self.r), nan=-1), -1)
        return int(size.argmax()) if size.max() >= 0 else None


def predict_weights(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    seed: int = 0,
    resamples: int = 1000,
    as_published: bool = False,
    tanh: str = "exact",
) -> PredictWeights:
    """Compare the weights of `model` with what is counted on `symbols` (T).

    `resamples` random relabellings of the neurons, drawn by `seed`, say what chance gives; with 0 there are
    neither these nor shuffled nets.
    Statistics cover positions 0..T-2.

    Raises
    ------
    TextError, OptionError
        On a symbol, seed, number of resamples or tanh that cannot be used.
    """
    weights = weights_of(model)
    symbols = check_symbols(symbols, weights)
    for what, value, most in (("seed", seed, (1 << 32) - 1), ("resamples", resamples, MOST)):
        if not 0 <= value <= most:
            raise OptionError(f"{what} {value}: expected 0..{most}")
    used = [kind for kind in kinds(as_published) if weights.predicts or not kind.outputs]
    seen = [
        observe(weights, symbols, arithmetic=name, tanh=how)
        for name, how in (("float32", tanh), ("float64", "exact"))
    ]
    runs = _computed(used, seen)
    table = _table(weights, used, runs, as_published)
    pairs = [(kind.matrix, a, getattr(weights, kind.matrix)) for kind, a in zip(used, runs[0], strict=True)]
    low, high = chance(pairs, weights.hidden, resamples, seed)
    asked = [(kind.matrix, kind.compute) for kind in used]
    least, greatest = in_shuffled_nets(weights, symbols, asked, seed) if resamples else (low, high)
    rows = {kind.name: k for k, kind in enumerate(used)}
    own = "wx_pmi_as_coded" if as_published else "wx_pmi_documented"
    scalars = {name: _known(table["r"][k]) for name, k in rows.items()}
    found = PredictWeights(
        alphabet=weights.alphabet,
        variant=PUBLISHED if as_published else SOUND,
        window=described(np.arange(max(len(symbols) - 1, 0))),
        arithmetic=stated("float32", tanh),
        seed=seed,
        resamples=resamples,
        influence_positions=min(seen[0].pairs, statistics.SAMPLED),
        **scalars,
        **{own: scalars.get("wx_pmi")},
        **table,
        low=low,
        high=high,
        shuffled_low=least,
        shuffled_high=greatest,
        **_signs(used, seen, runs, as_published),
        **_by_neuron(weights, used, runs, as_published),
        wh=weights.wh,
        wx=weights.wx,
        wy=weights.wy,
        bh=weights.bh,
    )
    chosen = {name: found.best_of(name) for name in MATRICES}
    beside = {f"beside_{name}": None if k is None else runs[0][k] for name, k in chosen.items()}
    return dataclasses.replace(found, **beside)


def _computed(used: list[Kind], seen: list[Observed]) -> list[list[np.ndarray]]:
    """All statistics of each run of the net."""
    found: list[list[np.ndarray]] = [[] for _ in seen]
    steps = [(each, kind, mine) for each, mine in zip(seen, found, strict=True) for kind in used]
    with progress.bar("statistics", len(steps)) as tick, np.errstate(invalid="ignore"):
        for k, (each, kind, mine) in enumerate(steps):
            mine.append(kind.compute(each))
            tick(k + 1)
    return found


def _table(
    weights: Weights, used: list[Kind], runs: list[list[np.ndarray]], as_published: bool
) -> dict[str, Any]:
    """One row per statistic, all but what chance gives."""
    matrices = [getattr(weights, kind.matrix) for kind in used]
    r, r64 = (
        np.array([pearson(a, b, as_published) for a, b in zip(run, matrices, strict=True)], np.float64)
        for run in runs
    )
    sizes = [_neurons(kind, run, weights, as_published) for kind, run in zip(used, runs[0], strict=True)]
    return {
        "name": np.array([kind.name for kind in used]),
        "matrix": np.array([kind.matrix for kind in used]),
        "source": np.array([kind.source for kind in used]),
        "circular": np.array([kind.circular for kind in used]),
        "entries": np.array([each.size for each in matrices]),
        "r": r,
        "r64": r64,
        "stable": _steady(r, r64),
        "explained": 100 * r * r,
        "mean_abs_r": np.array([np.nan if each is None else _mean(np.abs(each)) for each in sizes]),
    }


def _neurons(kind: Kind, statistic: np.ndarray, weights: Weights, as_published: bool) -> np.ndarray | None:
    """r of each neuron: rows of wx, columns of wy; None for other matrices."""
    if kind.matrix not in ("wx", "wy"):
        return None
    trained = getattr(weights, kind.matrix).astype(np.float64)
    turned = (statistic, trained) if kind.matrix == "wx" else (statistic.T, trained.T)
    return pearson_rows(*turned, as_published)


def _by_neuron(
    weights: Weights, used: list[Kind], runs: list[list[np.ndarray]], as_published: bool
) -> dict[str, Any]:
    """r of every neuron, and of each statistic the neurons with the greatest |r|."""
    columns, names, rows = {}, [], []
    for kind, *both in zip(used, *runs, strict=True):
        r, other = (_neurons(kind, each, weights, as_published) for each in both)
        if r is None or other is None:
            continue
        columns[f"neuron_{kind.name}"] = r
        order = np.argsort(-np.nan_to_num(np.abs(r), nan=-1), kind="stable")
        for j in order[: min(BEST, np.isfinite(r).sum())].tolist():
            names.append(kind.name)
            rows.append((j, r[j], _steady(r[j], other[j])))
    neuron, value, stable = zip(*rows) if rows else ((), (), ())
    return columns | {
        "neuron": np.arange(weights.hidden),
        "best_statistic": np.array(names, np.str_),
        "best_neuron": np.array(neuron, np.int64),
        "best_r": np.array(value, np.float64),
        "best_stable": np.array(stable, np.bool_),
    }


def _signs(
    used: list[Kind], seen: list[Observed], runs: list[list[np.ndarray]], as_published: bool
) -> dict[str, Any]:
    """Of the entries from a threshold on, those whose sign the statistic has. The published thresholds;
    unless as published, also the quantile of each matrix's weights that are not 0."""
    both = {kind.name: [run[k] for run in runs] for k, kind in enumerate(used)}
    if as_published:  # by another of the published programs, whose n+ and n- cover all positions
        both["wx_sign_conditioned"] = [statistics.sign_conditioned_wx(each) for each in seen]
    asked: list[tuple[str, float | None]] = list(PUBLISHED_SIGNS)
    if not as_published:
        asked += [(kind.name, None) for kind in used if kind.matrix != "bh" and not kind.circular]
    matrix = {kind.name: kind.matrix for kind in used}
    rows = [
        (matrix[name], name, *_agreeing(getattr(seen[0].weights, matrix[name]), both[name], threshold))
        for name, threshold in asked
    ]
    names = ("matrix", "statistic", "threshold", "entries", "right", "percent", "always", "r", "stable")
    return {f"sign_{name}": np.array(column) for name, column in zip(names, zip(*rows), strict=True)}


def _agreeing(trained: np.ndarray, both: list[np.ndarray], threshold: float | None) -> tuple[Any, ...]:
    """A row of the signs' table, from the threshold on."""
    size = np.abs(trained.astype(np.float64))
    if threshold is None:
        threshold = float(np.quantile(size[size > 0], SHARE, method="higher")) if size.any() else np.nan
    large = size >= threshold
    above = trained[large] > 0
    right, other = (int(((each[large] > 0) == above).sum()) for each in both)
    entries, ones = len(above), int(above.sum())
    per = 100 / entries if entries else np.nan
    always = max(ones, entries - ones) * per
    r = pearson(both[0][large], trained[large])
    return threshold, entries, right, right * per, always, r, right == other


def _steady(one: Any, other: Any) -> Any:
    """Where two arithmetics give the same to 1e-4, or neither a number."""
    return (np.abs(one - other) <= MOVED) | (np.isnan(one) & np.isnan(other))


def _mean(values: np.ndarray) -> float:
    """Over the neurons that have an r; NaN where none has."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _known(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
