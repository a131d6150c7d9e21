"""knockout: what the readout loses without a neuron, and how few neurons suffice.

A knockout sets a neuron's column of wy to 0; the dynamics stays as it is (boolrnn.explain.ablated). All
figures are bits per character over positions 0..n-2 of n symbols. Published as "Q3 neurons", which measures
its percentages against uniform guessing; much of that gap is closed by the output biases alone, so beside it
stands the gap that only neurons can close, from the biases alone to the full net.
"""

import dataclasses
import math
import time
from typing import Any

import numpy as np

from boolrnn.check.side_by_side import window
from boolrnn.errors import OptionError, WeightsError
from boolrnn.explain.ablated import CLIP, Ablated
from boolrnn.explain.rankings import GREEDY, KNOCKOUT, RANKS, WEIGHTS, column_norms, ordered, sizes, spearman
from boolrnn.explain.subsets import Search, passes
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import stated, trace
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8

LETTERS = 5  # outputs that are listed as promoted, and as demoted
ROUNDING = 1e-12  # bpc that differ by less are equal
MOVES = 1e-4  # a figure that differs by more between float32 and float64 is not stable
SOUND = (
    "every number of neurons; percentages of the gap from uniform guessing to the full net (percent) and of "
    "the gap from the output biases alone (percent_of_bias_gap)"
)
PUBLISHED = (
    "as published: 0 to 20, 30, 40, ... neurons and all; percentages of the gap from uniform guessing, of "
    "which the output biases alone close a part; products and squares rounded to float32, probabilities not "
    "under 1e-30"
)
# how few neurons suffice: the limits, in percent
LOSS = (1, 10, 50)  # above the full net's bpc
GAP = (99, 95, 90)  # of the gap from the biases alone


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Knockout(Result):
    """Costs of readouts without some of their neurons. What has no case is None or NaN.

    `single` is sorted by delta, the costliest first; `cumulative` removes the first k neurons of the chosen
    ranking, `minimal` keeps them alone; `sign_only` replaces one h_j by its sign in the readout. `best` has
    for every k the best set that was found, row k of `best_neurons` its neurons.
    """

    schema = "knockout/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    window: str
    arithmetic: str
    variant: str
    rank: str  # of `cumulative` and `minimal`
    neurons: int
    outputs: int
    baseline: float | None  # bpc of the full net
    bias_only: float | None  # bpc of the output biases alone
    uniform: float  # log2 of the number of outputs
    stable: bool  # every row below is within 1e-4 of its value in float64, knockouts ranked there too
    negative: int  # neurons whose knockout makes the text cheaper
    prefix_k: int | None = named("best_prefix.k")  # how many neurons of the ranking alone are best
    prefix_bpc: float | None = named("best_prefix.bpc")
    better_prefixes: Int64[np.ndarray, "B"]  # the k < H at which they are better than the full net
    single_neuron: Int64[np.ndarray, "H"] = named("single.neuron")
    single_bpc: Float64[np.ndarray, "H"] = named("single.bpc")
    single_delta: Float64[np.ndarray, "H"] = named("single.delta")
    single_of_loss: Float64[np.ndarray, "H"] = named("single.of_loss")  # delta / baseline
    single_of_gap: Float64[np.ndarray, "H"] = named("single.of_gap")  # delta / (uniform - baseline)
    single_of_bias_gap: Float64[np.ndarray, "H"] = named("single.of_bias_gap")  # / (bias_only - baseline)
    single_norm: Float64[np.ndarray, "H"] = named("single.norm")  # Euclidean, of the column of wy
    single_mean_h: Float64[np.ndarray, "H"] = named("single.mean_abs_h")
    single_promotes: Int64[np.ndarray, "H S"] = named("single.promotes")  # largest entries of the column
    single_demotes: Int64[np.ndarray, "H S"] = named("single.demotes")  # smallest entries
    single_stable: Bool[np.ndarray, "H"] = named("single.stable")
    cumulative_k: Int64[np.ndarray, "C"] = named("cumulative.k")
    cumulative_bpc: Float64[np.ndarray, "C"] = named("cumulative.bpc")
    cumulative_stable: Bool[np.ndarray, "C"] = named("cumulative.stable")
    minimal_k: Int64[np.ndarray, "M"] = named("minimal.k")
    minimal_bpc: Float64[np.ndarray, "M"] = named("minimal.bpc")
    minimal_percent: Float64[np.ndarray, "M"] = named("minimal.percent")
    minimal_of_bias_gap: Float64[np.ndarray, "M"] = named("minimal.percent_of_bias_gap")
    minimal_stable: Bool[np.ndarray, "M"] = named("minimal.stable")
    sign_neuron: Int64[np.ndarray, "H"] = named("sign_only.neuron")  # greatest |delta| first
    sign_bpc: Float64[np.ndarray, "H"] = named("sign_only.bpc")
    sign_delta: Float64[np.ndarray, "H"] = named("sign_only.delta")
    sign_stable: Bool[np.ndarray, "H"] = named("sign_only.stable")
    search: str  # how the sets of `best` were found
    complete: bool  # the search came to its own end
    interrupted: bool
    best_k: Int64[np.ndarray, "K"] = named("best.k")
    best_bpc: Float64[np.ndarray, "K"] = named("best.bpc")
    best_percent: Float64[np.ndarray, "K"] = named("best.percent")
    best_of_bias_gap: Float64[np.ndarray, "K"] = named("best.percent_of_bias_gap")
    best_how: np.ndarray = named("best.how")
    best_optimal: Bool[np.ndarray, "K"] = named("best.optimal")  # every set of this size was looked at
    best_stable: Bool[np.ndarray, "K"] = named("best.stable")
    best_members: Int64[np.ndarray, "N"] = named("best_neurons.members")
    best_offsets: Int64[np.ndarray, "K1"] = named("best_neurons.offsets")
    # the least k whose bpc is within a limit, in the ranking and in `best`; -1 where there is none
    limit_rule: np.ndarray = named("suffices.rule")
    limit_bpc: Float64[np.ndarray, "L"] = named("suffices.bpc")
    limit_ranking_k: Int64[np.ndarray, "L"] = named("suffices.ranking_k", nullable=True)
    limit_best_k: Int64[np.ndarray, "L"] = named("suffices.best_k", nullable=True)
    top_k: int  # how many neurons of each ranking `top_bpc` keeps: a sixth, 20 at most
    ranking_rank: np.ndarray = named("rankings.rank")
    ranking_spearman: Float64[np.ndarray, "R"] = named("rankings.spearman")  # with the knockouts' deltas
    ranking_top: Float64[np.ndarray, "R"] = named("rankings.top_bpc")
    ranking_mean: Float64[np.ndarray, "R"] = named("rankings.mean_bpc")  # over k = 0..H
    ranking_curve: Float64[np.ndarray, "R A"] = named("rankings.curve")  # bpc of the first k alone

    @property
    def undecided(self) -> bool:
        """Whether the budget ended the search: `best` holds what was found by then."""
        return not (self.complete or self.interrupted)


def knockout(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    rank: str = KNOCKOUT,
    search: bool = True,
    budget: float | None = None,
    as_published: bool = False,
    tanh: str = "exact",
) -> Knockout:
    """Silence neurons of the readout on `symbols` (T): one at a time, and in every number.

    `rank` orders them for the cumulative rows: knockout, wy-norm, wh-in, wh-out or greedy
    (boolrnn.explain.rankings). `search` looks for the best set of every size, for `budget` seconds at most;
    Ctrl-C leaves what it has found. `as_published` gives the rows of the published program: no search, and
    no comparison of rankings.

    Raises
    ------
    WeightsError
        Where O != V: only nets that predict the next symbol have a bpc.
    TextError, OptionError
        On a symbol, rank, budget or tanh that cannot be used.
    """
    weights = model.weights if isinstance(model, Automaton) else model
    _check(weights, rank, budget)
    symbols = check_symbols(symbols, weights)
    look = search and not as_published
    work = passes(weights.hidden) if look or rank == GREEDY else 4.0
    most = CLIP if as_published else np.inf
    hidden = trace(weights, symbols, tanh=tanh).hidden[:-1]
    readout = Ablated(weights, hidden, symbols[1:], rounded=as_published, most=most, work=work)
    hidden = trace(weights, symbols, arithmetic="float64").hidden[:-1]
    precise = Ablated(weights, hidden, symbols[1:], most=most, work=work)
    figures = _Figures(readout, precise)
    orders = {KNOCKOUT: ordered(figures.delta)} | {name: ordered(sizes(name, weights)) for name in WEIGHTS}
    finder = Search(readout, math.inf if budget is None else time.monotonic() + budget)
    look, grow = look and readout.usable, rank == GREEDY and readout.usable
    if look:
        finder.run(orders)
    elif grow:
        finder.grow()
    orders[GREEDY] = finder.greedy(orders[KNOCKOUT])
    own = ordered(figures.singles[1] - figures.bases[1]) if rank == KNOCKOUT else orders[rank]
    figures.along([orders[rank], own], _grid(weights.hidden, as_published))
    gaps = _Gaps(float(np.log2(weights.outputs)), figures.bias, figures.base, as_published)
    if as_published:
        orders = {}
    elif len(finder.order) < weights.hidden:
        del orders[GREEDY]
    best = _best(finder, precise, gaps, look)
    return Knockout(
        alphabet=weights.alphabet,
        window=window(len(symbols) - 1),
        arithmetic=stated("float32", tanh),
        variant=PUBLISHED if as_published else SOUND,
        rank=rank,
        neurons=weights.hidden,
        outputs=weights.outputs,
        baseline=_known(figures.base),
        bias_only=_known(figures.bias),
        uniform=gaps.uniform,
        **_single(figures, weights, gaps),
        **_curves(figures, gaps),
        **_signs(figures),
        search=finder.words if look else "none",
        complete=finder.complete or not (look or grow),
        interrupted=finder.interrupted,
        **best,
        **_limits(gaps, figures, best),
        **_rankings(readout, orders, figures.delta, weights),
    )


def _check(weights: Weights, rank: str, budget: float | None) -> None:
    if not weights.predicts:
        raise WeightsError(
            f"O = {weights.outputs} outputs for V = {weights.symbols} symbols: knockout needs a net that "
            "predicts the next symbol (O = V)"
        )
    if rank not in RANKS:
        raise OptionError(f"rank {rank!r}: expected one of {', '.join(RANKS)}")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")


def _grid(neurons: int, as_published: bool) -> Int64[np.ndarray, "C"]:
    """The numbers of neurons that rows are given for."""
    every = np.arange(neurons + 1)
    return every[(every <= 20) | (every % 10 == 0) | (every == neurons)] if as_published else every


class _Figures:
    """Every bpc of the float32 network, and of the float64 one beside it."""

    def __init__(self, readout: Ablated, precise: Ablated) -> None:
        self.readouts = (readout, precise)
        single = [one.single() for one in self.readouts]
        self.bases = [base for base, _ in single]
        self.singles = [costs for _, costs in single]
        self.signeds = [one.signed() for one in self.readouts]
        self.base = self.bases[0]
        self.delta = self.singles[0] - self.base
        self.order = self.grid = np.zeros(0, np.int64)

    def along(self, orders: list[np.ndarray], grid: Int64[np.ndarray, "C"]) -> None:
        """The first k neurons of an order (H) kept alone, and removed, for every k of the grid. Each
        arithmetic has its own order: where knockouts are close it may be another."""
        self.order, self.grid = orders[0], grid
        wanted = np.isin(np.arange(len(self.order) + 1), grid)
        pairs = list(zip(self.readouts, orders, strict=True))
        self.kept = [one.prefixes(order, wanted)[grid] for one, order in pairs]
        self.removed = [one.prefixes(order[::-1], wanted[::-1])[::-1][grid] for one, order in pairs]
        self.bias = float(self.kept[0][0])


class _Gaps:
    """What the percentages refer to."""

    def __init__(self, uniform: float, bias: float, base: float, as_published: bool) -> None:
        self.uniform, self.bias, self.base = uniform, bias, base
        self.published = as_published

    def share(self, bits: Any, gap: float) -> Any:
        """`bits` in units of a gap; NaN where there is none to close. The published program divides by a
        gap of either sign."""
        return bits / (gap if gap > 0 or (self.published and gap) else np.nan)

    def percents(self, bpc: Float64[np.ndarray, "K"]) -> tuple[np.ndarray, np.ndarray]:
        """How much of either gap is closed."""
        return (
            100 * self.share(self.uniform - bpc, self.uniform - self.base),
            100 * self.share(self.bias - bpc, self.bias - self.base),
        )


def _settled(pair: list[np.ndarray]) -> Bool[np.ndarray, "K"]:
    """Which figures are the same in both arithmetics (or have no value in either)."""
    return (np.abs(pair[0] - pair[1]) <= MOVES) | (np.isnan(pair[0]) & np.isnan(pair[1]))


def _single(figures: _Figures, weights: Weights, gaps: _Gaps) -> dict[str, Any]:
    delta = figures.delta
    order = ordered(delta)
    columns = weights.wy.T[order]
    hidden = figures.readouts[0].hidden
    size = np.abs(hidden).mean(axis=0, dtype=np.float64) if len(hidden) else np.full(len(order), np.nan)
    moved = [np.r_[base, costs] for base, costs in zip(figures.bases, figures.singles)]
    stable = _settled(moved)
    return {
        "stable": bool(
            stable.all()
            and all(_settled(pair).all() for pair in (figures.signeds, figures.kept, figures.removed))
        ),
        "negative": int((delta < 0).sum()),
        "single_neuron": order,
        "single_bpc": figures.singles[0][order],
        "single_delta": delta[order],
        "single_of_loss": gaps.share(delta, gaps.base)[order],
        "single_of_gap": gaps.share(delta, gaps.uniform - gaps.base)[order],
        "single_of_bias_gap": gaps.share(delta, gaps.bias - gaps.base)[order],
        "single_norm": column_norms(weights, gaps.published)[order],
        "single_mean_h": size[order],
        "single_promotes": np.argsort(-columns, axis=1, kind="stable")[:, :LETTERS],
        "single_demotes": np.argsort(columns, axis=1, kind="stable")[:, :LETTERS],
        "single_stable": stable[1:][order],
    }


def _curves(figures: _Figures, gaps: _Gaps) -> dict[str, Any]:
    """`cumulative` and `minimal`; the published rows of the latter begin with one neuron."""
    kept, grid = figures.kept[0], figures.grid
    first = 1 if gaps.published else 0
    some = not np.isnan(kept).any()
    at = int(np.argmax(kept <= kept.min() + ROUNDING)) if some else 0  # the first of equal ones
    percent, of_bias_gap = gaps.percents(kept[first:])
    return {
        "prefix_k": int(grid[at]) if some else None,
        "prefix_bpc": float(kept[at]) if some else None,
        "better_prefixes": grid[:-1][kept[:-1] < kept[-1] - ROUNDING],
        "cumulative_k": grid,
        "cumulative_bpc": figures.removed[0],
        "cumulative_stable": _settled(figures.removed),
        "minimal_k": grid[first:],
        "minimal_bpc": kept[first:],
        "minimal_percent": percent,
        "minimal_of_bias_gap": of_bias_gap,
        "minimal_stable": _settled(figures.kept)[first:],
    }


def _signs(figures: _Figures) -> dict[str, Any]:
    bpc = figures.signeds[0]
    order = ordered(np.abs(bpc - figures.base))
    return {
        "sign_neuron": order,
        "sign_bpc": bpc[order],
        "sign_delta": (bpc - figures.base)[order],
        "sign_stable": _settled(figures.signeds)[order],
    }


def _best(finder: Search, precise: Ablated, gaps: _Gaps, look: bool) -> dict[str, Any]:
    """The best sets found, those of every size that the search came to."""
    sized = np.array([bool(how) and look for how in finder.how])
    k, kept, bpc = np.flatnonzero(sized), finder.kept[sized], finder.bpc[sized]
    percent, of_bias_gap = gaps.percents(bpc)
    return {
        "best_k": k,
        "best_bpc": bpc,
        "best_percent": percent,
        "best_of_bias_gap": of_bias_gap,
        "best_how": np.array([finder.how[size] for size in k], np.str_),
        "best_optimal": finder.optimal[sized],
        "best_stable": _settled([bpc, precise.of(kept)]),
        "best_members": np.nonzero(kept)[1],
        "best_offsets": np.r_[0, np.cumsum(k)],
    }


def _limits(gaps: _Gaps, figures: _Figures, best: dict[str, Any]) -> dict[str, Any]:
    """How few neurons keep the bpc within each limit."""
    rules = [f"at most {percent} % above the full net's bpc" for percent in LOSS]
    rules += [f"at least {percent} % of the gap from the biases alone" for percent in GAP]
    gap = gaps.bias - gaps.base
    limits = [gaps.base * (1 + percent / 100) for percent in LOSS]
    limits += [gaps.bias - gap * percent / 100 if gap > 0 else np.nan for percent in GAP]

    def least(k: np.ndarray, bpc: np.ndarray) -> Int64[np.ndarray, "L"]:
        return np.array([k[bpc <= limit].min(initial=len(figures.order) + 1) for limit in limits], np.int64)

    def or_none(k: Int64[np.ndarray, "L"]) -> Int64[np.ndarray, "L"]:
        return np.where(k > len(figures.order), -1, k)

    return {
        "limit_rule": np.array(rules),
        "limit_bpc": np.array(limits),
        "limit_ranking_k": or_none(least(figures.grid, figures.kept[0])),
        "limit_best_k": or_none(least(best["best_k"], best["best_bpc"])),
    }


def _rankings(
    readout: Ablated,
    orders: dict[str, Int64[np.ndarray, "H"]],
    delta: Float64[np.ndarray, "H"],
    weights: Weights,
) -> dict[str, Any]:
    """What the first neurons of each ranking alone are worth, and how it agrees with the knockouts."""
    top = max(1, min(20, len(delta) // 6))
    curve = np.array([readout.prefixes(order) for order in orders.values()]).reshape(-1, len(delta) + 1)
    scores = {name: sizes(name, weights) for name in WEIGHTS} | {KNOCKOUT: delta}
    if GREEDY in orders:
        scores[GREEDY] = -np.argsort(orders[GREEDY]).astype(np.float64)
    return {
        "top_k": top,
        "ranking_rank": np.array(list(orders), np.str_),
        "ranking_spearman": np.array([spearman(scores[name], delta) for name in orders], np.float64),
        "ranking_top": curve[:, top],
        "ranking_mean": curve.mean(axis=1),
        "ranking_curve": curve,
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
