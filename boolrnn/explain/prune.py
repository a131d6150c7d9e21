"""prune: how many weights the predictions need, and how many the automaton does.

The network: entries of wh, wx or wy below a threshold in magnitude are set to 0, and the net runs again
from h = 0; so do combinations of thresholds for wh with readouts that hear only the best neurons, ranked by
what the knockout of their column of wy costs. Published as "Q5 redux", at thresholds that suit weights
some thirty times those of the archived file; here the thresholds are quantiles of the file's own weights,
and the largest lossless one is searched for. The automaton: which weights may go without changing any
sign on the text (boolrnn.explain.unneeded).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.errors import OptionError, WeightsError
from boolrnn.explain.ablated import CLIP
from boolrnn.explain.levels import MATRICES, Bench
from boolrnn.explain.prune_tables import nonzero, number, published, sound
from boolrnn.explain.unneeded import unneeded, without
from boolrnn.explain.variants import Variant, costs
from boolrnn.graph.observed import described
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8

PUBLISHED_SUBSETS = (5, 10, 15, 20, 30)
SUBSETS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500)
PERCENTILES = (10, 25, 50, 75, 90, 95, 99)
SOUND = (
    "thresholds at quantiles of the weights that the text reads; parameters = weights that are not zero "
    "in wx, wh, bh, by and the columns of wy kept"
)
GIVEN = (
    "thresholds as given; parameters = weights that are not zero in wx, wh, bh, by and the columns of wy kept"
)
PUBLISHED = (
    "as published: the same thresholds for every file, probabilities of at least 1e-30; "
    "parameters = H V + entries of wh kept + H + O k + O"
)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Prune(Result):
    """Bits per character after pruning, and what the automaton does not need.

    `zeroed` is the percentage of all entries of the matrix with |w| < threshold, `delta` the bits above
    `baseline`, `stable` false where float64 gives a figure more than 1e-4 away. Figures of the network are
    None, and its tables missing, where only the automaton was asked for; and the other way round.
    """

    schema = "prune/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    window: str
    arithmetic: str
    variant: str
    tolerance: float | None  # bits above the baseline up to which pruning counts as lossless
    baseline: float | None = None
    parameters: int
    wh_max: float  # of |wh|
    wh_mean: float
    unread_symbols: int  # symbols that positions 0..n-2 never read: pruning their columns of wx costs nothing
    unread_percent: float  # of the entries of wx
    redux_k: int | None = named("redux.k", default=None)
    redux_threshold: float | None = named("redux.threshold", default=None)
    redux_parameters: int | None = named("redux.parameters", default=None)
    percentile: Int64[np.ndarray, "Q"] = named("percentiles.percent")
    percentile_value: Float64[np.ndarray, "Q"] = named("percentiles.value")  # of |wh|
    percentile_wx: Float64[np.ndarray, "Q"] = named("percentiles.wx")
    percentile_wy: Float64[np.ndarray, "Q"] = named("percentiles.wy")
    ranking: Int64[np.ndarray, "R"] | None = None  # neurons, the costliest knockout first
    wh_threshold: Float64[np.ndarray, "A"] | None = named("wh.threshold", default=None)
    wh_zeroed: Float64[np.ndarray, "A"] | None = named("wh.zeroed", default=None)
    wh_bpc: Float64[np.ndarray, "A"] | None = named("wh.bpc", default=None)
    wh_delta: Float64[np.ndarray, "A"] | None = named("wh.delta", default=None)
    wh_stable: Bool[np.ndarray, "A"] | None = named("wh.stable", default=None)
    wx_threshold: Float64[np.ndarray, "B"] | None = named("wx.threshold", default=None)
    wx_zeroed: Float64[np.ndarray, "B"] | None = named("wx.zeroed", default=None)
    wx_bpc: Float64[np.ndarray, "B"] | None = named("wx.bpc", default=None)
    wx_delta: Float64[np.ndarray, "B"] | None = named("wx.delta", default=None)
    wx_stable: Bool[np.ndarray, "B"] | None = named("wx.stable", default=None)
    wy_threshold: Float64[np.ndarray, "C"] | None = named("wy.threshold", default=None)
    wy_zeroed: Float64[np.ndarray, "C"] | None = named("wy.zeroed", default=None)
    wy_bpc: Float64[np.ndarray, "C"] | None = named("wy.bpc", default=None)
    wy_delta: Float64[np.ndarray, "C"] | None = named("wy.delta", default=None)
    wy_stable: Bool[np.ndarray, "C"] | None = named("wy.stable", default=None)
    # per matrix the last level before the first loss that was found, and what lies beyond it
    lossless_matrix: np.ndarray | None = named("lossless.matrix", default=None)
    lossless_threshold: Float64[np.ndarray, "M"] | None = named("lossless.threshold", default=None)
    lossless_zeroed: Float64[np.ndarray, "M"] | None = named("lossless.zeroed", default=None)
    # percent of the entries that the text reads
    lossless_read: Float64[np.ndarray, "M"] | None = named("lossless.zeroed_read", default=None)
    lossless_bpc: Float64[np.ndarray, "M"] | None = named("lossless.bpc", default=None)
    lossless_stable: Bool[np.ndarray, "M"] | None = named("lossless.stable", default=None)
    # the next threshold up, which loses; NaN where everything may go
    lossless_next: Float64[np.ndarray, "M"] | None = named("lossless.next_threshold", default=None)
    lossless_next_bpc: Float64[np.ndarray, "M"] | None = named("lossless.next_bpc", default=None)
    lossless_tried: Int64[np.ndarray, "M"] | None = named("lossless.tried", default=None)  # thresholds run
    # the largest threshold run that is lossless again; NaN where none is
    lossless_again: Float64[np.ndarray, "M"] | None = named("lossless.again", default=None)
    combined_k: Int64[np.ndarray, "D"] | None = named("combined.k", default=None)
    combined_threshold: Float64[np.ndarray, "D"] | None = named("combined.threshold", default=None)
    combined_kept: Float64[np.ndarray, "D"] | None = named("combined.kept_wh", default=None)  # percent
    combined_bpc: Float64[np.ndarray, "D"] | None = named("combined.bpc", default=None)
    combined_delta: Float64[np.ndarray, "D"] | None = named("combined.delta", default=None)
    combined_parameters: Int64[np.ndarray, "D"] | None = named("combined.parameters", default=None)
    combined_stable: Bool[np.ndarray, "D"] | None = named("combined.stable", default=None)
    # the automaton: counts of weights that are not zero
    total_how: str | None = named("unneeded_total.how", default=None)
    total_window: str | None = named("unneeded_total.window", default=None)
    total_wh: int | None = named("unneeded_total.wh_weights", default=None)
    total_bound: int | None = named("unneeded_total.bound", default=None)
    total_greedy: int | None = named("unneeded_total.greedy", default=None)
    total_at_most: int | None = named("unneeded_total.at_most", default=None)
    total_percent: float | None = named("unneeded_total.percent", default=None)  # greedy, of wh_weights
    total_proved: int | None = named("unneeded_total.proved", default=None)  # neurons
    total_wx: int | None = named("unneeded_total.wx_weights", default=None)  # of symbols that are read
    total_wx_removed: int | None = named("unneeded_total.wx", default=None)
    total_wx_percent: float | None = named("unneeded_total.wx_percent", default=None)
    total_unread: int | None = named("unneeded_total.unread", default=None)  # of symbols never read
    total_same: bool | None = named("unneeded_total.same_states", default=None)
    total_network: float | None = named("unneeded_total.network_bpc", default=None)  # without these weights
    neuron: Int64[np.ndarray, "H"] | None = named("unneeded.neuron", default=None)
    neuron_margin: Float64[np.ndarray, "H"] | None = named("unneeded.least_margin", default=None)
    neuron_weights: Int64[np.ndarray, "H"] | None = named("unneeded.weights", default=None)
    neuron_bound: Int64[np.ndarray, "H"] | None = named("unneeded.bound", default=None)
    neuron_greedy: Int64[np.ndarray, "H"] | None = named("unneeded.greedy", default=None)
    neuron_at_most: Int64[np.ndarray, "H"] | None = named("unneeded.at_most", default=None)
    neuron_proved: Bool[np.ndarray, "H"] | None = named("unneeded.proved", default=None)
    neuron_wx: Int64[np.ndarray, "H"] | None = named("unneeded.wx", default=None)
    removed_wh: Bool[np.ndarray, "H H"] | None = named("removed.wh", quiet=True, default=None)
    removed_wx: Bool[np.ndarray, "H V"] | None = named("removed.wx", quiet=True, default=None)

    def pruned(self, model: Weights | Automaton) -> Weights:
        """The weights without those that the automaton does not need, unread symbols' included.

        Raises
        ------
        OptionError
            Where the automaton's part was not asked for.
        """
        if self.removed_wh is None or self.removed_wx is None:
            raise OptionError("this result has no automaton's part: no weights to write")
        return without(as_automaton(model).weights, self.removed_wh, self.removed_wx)


def prune(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    thresholds: Sequence[float] | None = None,
    subsets: Sequence[int] | None = None,
    tolerance: float = 1e-3,
    network: bool = True,
    automaton: bool = True,
    as_published: bool = False,
    tanh: str = "exact",
) -> Prune:
    """Prune the net of `model` on `symbols` (T), and find what its automaton does not need there.

    `thresholds` replaces the thresholds of all tables, `subsets` the numbers of neurons that the readout
    keeps. `network=False` and `automaton=False` leave a part out; `as_published` computes the published
    tables alone. Statistics cover positions 0..n-2; the automaton keeps all n states.

    Raises
    ------
    WeightsError
        Where O != V, unless `network=False`: only outputs that are symbols predict one.
    TextError, OptionError
        On a symbol, threshold, number of neurons, tolerance or tanh that cannot be used.
    """
    weights = model.weights if isinstance(model, Automaton) else model
    if network and not weights.predicts:
        raise WeightsError(
            f"O = {weights.outputs} outputs for V = {weights.symbols} symbols: prune needs a net that "
            "predicts the next symbol (O = V); without the network's part it shows the automaton's"
        )
    if as_published and not (thresholds is None and subsets is None):
        raise OptionError("as_published: its thresholds and subsets are its own")
    if not network and (as_published or not automaton):
        raise OptionError("network: without its part nothing is left to compute")
    if not 0 <= tolerance < np.inf:
        raise OptionError(f"tolerance {tolerance}: expected 0 or more bits per character")
    symbols = check_symbols(symbols, weights)
    grid = None if thresholds is None else _grid(thresholds)
    kept = _subsets(subsets, weights.hidden, as_published)
    bench = Bench(weights, symbols, tanh, CLIP if as_published else np.inf)
    found: dict[str, Any] = {}
    if network and as_published:
        found |= published(bench, grid, kept)
    elif network:
        found |= sound(bench, grid, kept, tolerance)
    if automaton and not as_published:
        found |= _automaton(model, symbols, tanh if network else None)
    ways = GIVEN if grid is not None else SOUND
    return Prune(
        alphabet=weights.alphabet,
        window=described(np.arange(max(len(symbols) - 1, 0))),
        arithmetic=stated("float32", tanh),
        variant=PUBLISHED if as_published else ways,
        tolerance=tolerance if network and not as_published else None,
        parameters=weights.parameters if as_published else nonzero(weights),
        **_magnitudes(weights),
        unread_symbols=int(bench.unread.sum()),
        unread_percent=float(100 * bench.unread.mean()),
        **found,
    )


def _grid(thresholds: Sequence[float]) -> list[float]:
    values = sorted({float(value) for value in thresholds})
    if not values or not 0 <= values[0] <= values[-1] < np.inf:
        raise OptionError(f"thresholds {list(thresholds)}: expected at least one, each 0 or more")
    return values


def _subsets(subsets: Sequence[int] | None, hidden: int, as_published: bool) -> list[int]:
    if subsets is None:
        usual = PUBLISHED_SUBSETS if as_published else SUBSETS
        return [k for k in usual if k < hidden] + [hidden]
    values = sorted(set(subsets))
    if not values or not 0 <= values[0] <= values[-1] <= hidden:
        raise OptionError(f"subsets {list(subsets)}: expected at least one, each 0..{hidden}")
    return values


def _magnitudes(weights: Weights) -> dict[str, Any]:
    """Largest and mean |wh|; of each matrix the element floor(p N / 100) of its N sorted magnitudes."""
    size = np.abs(weights.wh, dtype=np.float64)
    values = [np.sort(np.abs(getattr(weights, name).ravel()), kind="stable") for name in MATRICES]
    at = [[row[p * len(row) // 100] for p in PERCENTILES] for row in values]
    return {
        "wh_max": float(size.max()),
        "wh_mean": float(size.mean()),
        "percentile": np.array(PERCENTILES),
        "percentile_value": np.array(at[0], float),
        "percentile_wx": np.array(at[1], float),
        "percentile_wy": np.array(at[2], float),
    }


def _automaton(model: Weights | Automaton, symbols: np.ndarray, tanh: str | None) -> dict[str, Any]:
    """What the automaton does not need; the network without it is scored where `tanh` is given."""
    compiled = as_automaton(model)
    weights, gone = compiled.weights, unneeded(compiled, symbols)
    removed = gone.wx | (gone.unread & (weights.wx != 0))
    left = without(weights, gone.wh, removed)
    greedy, total = int(gone.greedy.sum()), int(gone.weights.sum())
    read = int(np.count_nonzero(weights.wx[:, ~gone.unread]))
    score = np.nan
    if tanh is not None:
        score = costs(weights, [Variant(left.wh, left.wx, [weights.wy])], symbols, tanh=tanh, both=False)
        score = score.float32[0][0]
    return {
        "total_how": "greedy: each removal checked at every position; largest only where proved",
        "total_window": f"all {len(symbols):,} states of the automaton's own trajectory",
        "total_wh": total,
        "total_bound": int(gone.bound.sum()),
        "total_greedy": greedy,
        "total_at_most": int(gone.at_most.sum()),
        "total_percent": 100 * greedy / total if total else None,
        "total_proved": int(gone.proved.sum()),
        "total_wx": read,
        "total_wx_removed": int(gone.wx.sum()),
        "total_wx_percent": 100 * int(gone.wx.sum()) / read if read else None,
        "total_unread": int(np.count_nonzero(weights.wx[:, gone.unread])),
        "total_same": gone.same_states,
        "total_network": number(score),
        "neuron": np.arange(weights.hidden),
        "neuron_margin": gone.least_margin,
        "neuron_weights": gone.weights,
        "neuron_bound": gone.bound,
        "neuron_greedy": gone.greedy,
        "neuron_at_most": gone.at_most,
        "neuron_proved": gone.proved,
        "neuron_wx": gone.wx.sum(axis=1),
        "removed_wh": gone.wh,
        "removed_wx": removed,
    }
