"""backbone: which routes carry the predictions, by two definitions side by side, and is there one at all?

causal     an edge j -> i counts at t only where flipping bit j at t - 1 alone flips bit i at t. The change
           in bits per character that bit i makes in the readout of a position is divided equally among such
           edges and traced on, step by step, over every position (boolrnn.graph.traffic).
published  from the neurons whose negation changes a prediction most, follow the input with the largest
           |weight x value| back (published as "Q1 attractor" with signs, and as "Q6 justifications" with
           hidden values, at 12 positions).

The null model permutes weights within rows (boolrnn.graph.permuted).
"""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.bits import signs
from boolrnn.errors import OptionError
from boolrnn.graph.ends import negated, negated_signs
from boolrnn.graph.influence import flip_counts
from boolrnn.graph.observed import NETWORK, Observed, chosen, described, observe
from boolrnn.graph.permuted import Null, as_much, permuted, top_shares
from boolrnn.graph.pivotal import engine_for
from boolrnn.graph.routes import Paths, followed, heaviest_paths, parse_chain, path_weight, ranks
from boolrnn.graph.traffic import Traffic, traffic
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Float64, Int64

PUBLISHED = (10, 20, 42, 50, 80, 100, 150, 200, 250, 300, 400, 500)
TOP = 20
MOST = 1_000_000  # permutations
ENDS = 5  # neurons that the published tracing begins with, per position
WATCHED = 1000  # edges that heaviest paths are made of, at most
_CELLS = 1 << 25  # positions x watched edges
ROLES = ("decision point", "source", "relay", "silent")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Backbone(Result):
    """Traffic is in bits, summed over positions: what was traced over an edge, a path, a neuron.

    A neuron's `worth` is what its flip changes in the readout, `arrived` what is traced to it from later
    steps (its `share` is of that), `passed` what is traced on from it, `begun` what is not, because no
    single input was pivotal, `stopped` by the depth or the start of the text: worth + arrived = passed +
    begun + stopped. Its role: a decision point if its worth exceeds what arrives, else a source if more
    begins at it than passes on, else a relay; silent if nothing is at it. `paths` list the end first.
    Percentiles are shares of permutations that give less; `null.p` counts those that give as much (plus 1).
    """

    schema = "backbone/1"

    variant: str  # positions and values of the published definition
    window: str
    states: str
    depth: int
    worth: float  # mean |change in bits| over positions, summed over neurons
    traced: float | None  # share of the worth that has a pivotal input one step before
    edge_from: Int64[np.ndarray, "E"] = named("edges.from")
    edge_to: Int64[np.ndarray, "E"] = named("edges.to")
    edge_share: Float64[np.ndarray, "E"] = named("edges.share")
    edge_traffic: Float64[np.ndarray, "E"] = named("edges.traffic")
    edge_weight: Float64[np.ndarray, "E"] = named("edges.weight")
    edge_rank: Int64[np.ndarray, "E"] = named("edges.rank")  # of |weight| in its row, 1 the heaviest
    edge_percentile: Float64[np.ndarray, "E"] = named("edges.percentile")
    path_neurons: Int64[np.ndarray, "K L"] = named("paths.neurons")
    path_share: Float64[np.ndarray, "K"] = named("paths.share")
    path_traffic: Float64[np.ndarray, "K"] = named("paths.traffic")
    paths_complete: bool  # no path outside the list is heavier
    neuron: Int64[np.ndarray, "H"] = named("neurons.neuron")
    role: np.ndarray = named("neurons.role")
    neuron_share: Float64[np.ndarray, "H"] = named("neurons.share")
    neuron_worth: Float64[np.ndarray, "H"] = named("neurons.worth")
    neuron_arrived: Float64[np.ndarray, "H"] = named("neurons.arrived")
    neuron_passed: Float64[np.ndarray, "H"] = named("neurons.passed")
    neuron_begun: Float64[np.ndarray, "H"] = named("neurons.begun")
    neuron_stopped: Float64[np.ndarray, "H"] = named("neurons.stopped")
    neuron_percentile: Float64[np.ndarray, "H"] = named("neurons.percentile")
    depth_step: Int64[np.ndarray, "D"] = named("by_depth.step")
    depth_share: Float64[np.ndarray, "D"] = named("by_depth.share")  # of the worth, traced that far
    null_permutations: int = named("null.permutations")
    null_top: int = named("null.top")
    null_share: float | None = named("null.share")  # observed: what the busiest `top` neurons carry
    null_median: float | None = named("null.median")
    null_q95: float | None = named("null.q95")
    null_p: float | None = named("null.p")
    null_traffic: float = named("null.traffic")  # observed, in bits, over all edges
    null_traffic_median: float | None = named("null.traffic_median")
    null_traffic_p: float | None = named("null.traffic_p")
    top_k: Int64[np.ndarray, "H"] = named("top_shares.neurons")
    top_share: Float64[np.ndarray, "H"] = named("top_shares.share")
    top_median: Float64[np.ndarray, "H"] = named("top_shares.null_median")
    top_q95: Float64[np.ndarray, "H"] = named("top_shares.null_q95")
    chain_to: Int64[np.ndarray, "C"] = named("chain.to")
    chain_from: Int64[np.ndarray, "C"] = named("chain.from")
    chain_flips: Int64[np.ndarray, "C"] = named("chain.flips")
    chain_rate: Float64[np.ndarray, "C"] = named("chain.rate")
    chain_weight: Float64[np.ndarray, "C"] = named("chain.weight")
    chain_rank: Int64[np.ndarray, "C"] = named("chain.rank")
    chain_share: Float64[np.ndarray, "C"] = named("chain.share")
    chain_percentile: Float64[np.ndarray, "C"] = named("chain.percentile")
    chain_path_share: float | None
    published_window: str
    published_values: str
    published_neuron: Int64[np.ndarray, "H"] = named("published.neuron")
    published_first: Int64[np.ndarray, "H"] = named("published.first")  # how often it changes most
    published_in_top: Int64[np.ndarray, "H"] = named("published.in_top")  # ... or is among the ENDS first
    published_source: Int64[np.ndarray, "H"] = named("published.source")  # of one of those, one step back
    published_path: Int64[np.ndarray, "Q L"] = named("published_paths.neurons")
    published_count: Int64[np.ndarray, "Q"] = named("published_paths.count")


def backbone(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    positions: str | Sequence[int] | np.ndarray | None = None,
    states: str = NETWORK,
    depth: int = 10,
    length: int = 2,
    top: int | None = None,
    permutations: int = 100,
    chain: str | None = None,
    seed: int = 0,
    as_published: bool = False,
    tanh: str = "exact",
) -> Backbone:
    """Trace what carries the predictions of `positions` (default all of 0..T-2) on `symbols` (T).

    `depth` steps back; listed paths have `length` edges; the null model compares what the busiest `top`
    neurons carry: 20 by default, in a net of less than 120 neurons a sixth. `chain` names a route to test,
    the end first. `as_published` takes the 12 published positions and the network's hidden values for the
    published definition (else all, and signs).

    Raises
    ------
    TextError, OptionError
        On a symbol or option that cannot be used, or a net that does not predict symbols (O != V).
    """
    automaton = as_automaton(model)
    busiest = min(TOP, max(1, automaton.hidden // 6)) if top is None else top
    listed = TOP if top is None else top
    _check(depth, length, busiest, permutations, seed)
    if not automaton.weights.predicts:
        raise OptionError(f"{automaton.outputs} outputs for {automaton.symbols} symbols: predicts no symbols")
    named_chain = [] if chain is None else parse_chain(chain, automaton.hidden)
    seen = observe(automaton, symbols, states, tanh)
    depth = min(depth, max(len(seen.symbols) - 1, length))  # nothing is further back than the text is long
    at = chosen(positions, len(seen.symbols) - 1)
    worth = np.zeros((max(len(seen.symbols) - 1, 0), automaton.hidden))
    signed = negated_signs(automaton.weights, seen.states[at], seen.symbols[at + 1])
    worth[at] = np.abs(signed)
    tracer = _Tracer(seen, worth, depth, permutations)
    found, null = _causal(tracer, permutations, seed)
    fields = _edges(automaton, found, null) | _neurons(worth, found, null) | _tops(found, null, busiest)
    fields |= _paths(tracer, found, named_chain, length, listed) | _chain(seen, at, found, null, named_chain)
    return Backbone(
        variant="published" if as_published else "every position",
        window=described(at),
        states=seen.source,
        depth=depth,
        worth=float(worth.sum() / max(len(at), 1)),
        traced=float(found.arrived[1] / worth.sum()) if worth.sum() else None,
        depth_step=np.arange(depth + 1),
        depth_share=_ratio(np.r_[worth.sum(), found.arrived[1:]], worth.sum()),
        null_permutations=permutations,
        **fields,
        **_published(seen, at, signed, length, listed, as_published),
    )


def _check(depth: int, length: int, top: int, permutations: int, seed: int) -> None:
    if seed < 0:
        raise OptionError(f"seed {seed}: expected 0 or more")
    if depth < 1:
        raise OptionError(f"depth {depth}: expected 1 or more")
    if not 1 <= length <= depth:
        raise OptionError(f"length {length}: expected 1..{depth}, the depth")
    if top < 1:
        raise OptionError(f"top {top}: expected 1 or more")
    if not 0 <= permutations <= MOST:
        raise OptionError(f"permutations {permutations}: expected 0..{MOST:,}")


class _Tracer:
    """Traffic of these ends on these states, for the net's weights or others."""

    def __init__(self, seen: Observed, worth: np.ndarray, depth: int, permutations: int) -> None:
        self.seen, self.worth, self.depth = seen, worth, depth
        self.engine = engine_for(seen.automaton, len(worth) * (permutations + 2))

    def __call__(self, **options: Any) -> Traffic:
        seen, last = self.seen, len(self.worth)
        return traffic(
            seen.automaton,
            seen.states[:last],
            seen.symbols[:last],
            self.worth,
            self.depth,
            engine=self.engine,
            **options,
        )


def _causal(tracer: _Tracer, permutations: int, seed: int) -> tuple[Traffic, Null]:
    """The traffic, and that of the null model."""
    found = tracer()
    matrix = tracer.seen.automaton.rows.matrix
    return found, permuted(matrix, found.edges, lambda other: tracer(matrix=other).edges, permutations, seed)


def _ratio(values: np.ndarray, total: float | int) -> Float64[np.ndarray, "*N"]:
    return values / total if total else np.full(np.shape(values), np.nan)


def _edges(automaton: Automaton, found: Traffic, null: Null) -> dict[str, Any]:
    """All edges with traffic, heaviest first."""
    to, source = _ranked(found.edges)
    shares = _ratio(found.edges, found.edges.sum())
    return {
        "edge_from": source,
        "edge_to": to,
        "edge_share": shares[to, source],
        "edge_traffic": found.edges[to, source],
        "edge_weight": automaton.wh[to, source].astype(np.float64),
        "edge_rank": ranks(automaton.wh)[to, source],
        "edge_percentile": _percentile(null.edges_below[to, source], null),
    }


def _ranked(edges: Float64[np.ndarray, "H H"]) -> tuple[np.ndarray, np.ndarray]:
    to, source = np.nonzero(edges > 0)
    order = np.argsort(-edges[to, source], kind="stable")
    return to[order], source[order]


def _percentile(below: np.ndarray, null: Null) -> Float64[np.ndarray, "*N"]:
    return _ratio(below.astype(np.float64), len(null.top))


def _neurons(worth: np.ndarray, found: Traffic, null: Null) -> dict[str, Any]:
    """What is at every neuron, and the role that follows."""
    own, arrived, passed = worth.sum(axis=0), found.edges.sum(axis=0), found.edges.sum(axis=1)
    role = np.where(found.begun > passed, ROLES[1], ROLES[2])
    role = np.where(own > arrived, ROLES[0], role)
    return {
        "neuron": np.arange(len(own)),
        "role": np.where(own + arrived > 0, role, ROLES[3]),
        "neuron_share": _ratio(arrived, arrived.sum()),
        "neuron_worth": own,
        "neuron_arrived": arrived,
        "neuron_passed": passed,
        "neuron_begun": found.begun,
        "neuron_stopped": found.stopped,
        "neuron_percentile": _percentile(null.neurons_below, null),
    }


def _tops(found: Traffic, null: Null, top: int) -> dict[str, Any]:
    """Top shares for every k, and the test at the k asked for."""
    share, median, high = top_shares(found.edges), null.band(0.5), null.band(0.95)
    k = min(top, len(share)) - 1
    some = len(null.top) > 0 and found.edges.sum() > 0
    return {
        "null_top": k + 1,
        "null_share": float(share[k]) if found.edges.sum() else None,
        "null_median": float(median[k]) if some else None,
        "null_q95": float(high[k]) if some else None,
        "null_p": _reached(null.top[:, k], share[k]) if some else None,
        "null_traffic": float(found.edges.sum()),
        "null_traffic_median": float(np.median(null.total)) if some else None,
        "null_traffic_p": _reached(null.total, found.edges.sum()) if some else None,
        "top_k": np.arange(1, len(share) + 1),
        "top_share": share,
        "top_median": median,
        "top_q95": high,
    }


def _reached(values: np.ndarray, observed: float) -> float:
    """The p-value of a permutation test: how many reach what was observed, itself counted."""
    return float((1 + as_much(values, np.array([observed])).sum()) / (1 + len(values)))


def _paths(tracer: _Tracer, found: Traffic, named_chain: list[int], length: int, top: int) -> dict[str, Any]:
    """The heaviest paths, and the share of a named one; both from a second pass over the positions."""
    to, source = _ranked(found.edges)
    kept = max(length, min(WATCHED, _CELLS // max(len(tracer.worth), 1)))
    edges = np.stack([to, source], axis=1)[:kept]
    unseen = float(found.edges[to[kept], source[kept]]) if len(to) > kept else 0.0
    recorded = tracer(watched=edges, steps=length)
    paths: Paths = heaviest_paths(recorded, edges, length, top, unseen)
    total = float(found.arrived[length:].sum())
    chain_share = None
    if named_chain:
        steps = len(named_chain) - 1
        pairs = np.array(list(itertools.pairwise(named_chain)), np.int64)
        along = tracer(watched=pairs, steps=steps)
        reached = float(found.arrived[steps:].sum())
        chain_share = path_weight(along, pairs, named_chain) / reached if reached else None
    return {
        "path_neurons": paths.neurons,
        "path_share": _ratio(paths.weight, total),
        "path_traffic": paths.weight,
        "paths_complete": paths.complete,
        "chain_path_share": chain_share,
    }


def _chain(
    seen: Observed, at: np.ndarray, found: Traffic, null: Null, named_chain: list[int]
) -> dict[str, Any]:
    """Every edge of a named route: how often it flips, its weight's rank, its traffic, its percentile."""
    automaton = seen.automaton
    pairs = np.array(list(itertools.pairwise(named_chain)), np.int64).reshape(-1, 2)
    to, source = pairs[:, 0], pairs[:, 1]
    flips = np.zeros(len(pairs), np.int64)
    if len(pairs):
        flips = flip_counts(automaton, seen.states[at], seen.symbols[at + 1])[to, source]
    return {
        "chain_to": to,
        "chain_from": source,
        "chain_flips": flips,
        "chain_rate": _ratio(flips.astype(np.float64), len(at)),
        "chain_weight": automaton.wh[to, source].astype(np.float64),
        "chain_rank": ranks(automaton.wh)[to, source],
        "chain_share": _ratio(found.edges, found.edges.sum())[to, source],
        "chain_percentile": _percentile(null.edges_below[to, source], null),
    }


def _published(
    seen: Observed, at: np.ndarray, signed: np.ndarray, length: int, top: int, as_published: bool
) -> dict[str, Any]:
    """The published definition: which neurons change predictions most, and where their traces lead."""
    automaton, hidden = seen.automaton, seen.automaton.hidden
    values: np.ndarray = signs(seen.states)
    if as_published:
        at = np.array([t for t in PUBLISHED if t < len(seen.symbols) - 1], np.int64)
        values = seen.hidden
        signed = negated(automaton.weights, values[at], seen.symbols[at + 1])
    traced = followed(automaton.wh, values, at, signed, ENDS, length)
    whole = np.concatenate([traced.ends[..., None], traced.sources], axis=2).reshape(-1, length + 1)
    paths, counts = np.unique(whole[(whole >= 0).all(axis=1)], axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:top]
    first = traced.sources[..., 0].ravel()

    def times(neurons: np.ndarray) -> np.ndarray:
        return np.bincount(neurons, minlength=hidden).astype(np.int64)

    return {
        "published_window": described(at),
        "published_values": "hidden values" if as_published else "signs",
        "published_neuron": np.arange(hidden),
        "published_first": times(traced.ends[:, 0]),
        "published_in_top": times(traced.ends.ravel()),
        "published_source": times(first[first >= 0]),
        "published_path": paths[order],
        "published_count": counts[order],
    }
