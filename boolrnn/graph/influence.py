"""influence: who decides whom. Flip one bit of a state, and see which bits of the next state change.

rate(j -> i) = share of positions t at which flipping bit j of states[t] changes bit i of the automaton's
next state under symbols[t + 1]. Exact: nothing is sampled. In the terms of Boolean functions it is the
influence of variable j on function i over the states met (Kahn, Kalai & Linial 1988,
doi:10.1109/SFCS.1988.21923, define it over all states).

Published as "Q1 attractor": positions 10, 13, 16, ... and float32 sums of float32 rates.
"""

import dataclasses
from collections.abc import Sequence

import networkx as nx
import numpy as np

from boolrnn import progress
from boolrnn.errors import OptionError
from boolrnn.graph.observed import NETWORK, chosen, described, observe
from boolrnn.graph.pivotal import flip_blocks
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64

PUBLISHED = "10::3"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Influence(Result):
    """Flip influence over a set of positions. `flips[i, j]`: positions at which bit j decides bit i alone.

    `edges` are the pairs that ever flip, heaviest first, cut by `top` and `threshold`; everything else
    counts all pairs. out_degree_j = sum over i of rate(j -> i): the bits that change when j flips, on
    average; in_degree_i: the inputs that alone decide i, on average; `decided`: share of positions at which
    at least one does. `components` are the strongly connected components of the listed edges, largest first.
    """

    schema = "influence/1"

    variant: str
    window: str
    states: str
    positions: int
    mean: float | None  # over all H^2 pairs
    mean_float32: float | None  # the published sum of float32 rates, as its program prints it
    mean_out_degree: float | None
    pairs: int  # that ever flip, of H^2
    cut: str  # which of them are listed as edges
    edge_from: Int64[np.ndarray, "E"] = named("edges.from")
    edge_to: Int64[np.ndarray, "E"] = named("edges.to")
    edge_rate: Float64[np.ndarray, "E"] = named("edges.rate")
    edge_count: Int64[np.ndarray, "E"] = named("edges.count")
    edge_weight: Float64[np.ndarray, "E"] = named("edges.weight")
    neuron: Int64[np.ndarray, "H"] = named("neurons.neuron")
    out_degree: Float64[np.ndarray, "H"] = named("neurons.out_degree")
    in_degree: Float64[np.ndarray, "H"] = named("neurons.in_degree")
    own: Float64[np.ndarray, "H"] = named("neurons.self")
    decided: Float64[np.ndarray, "H"] = named("neurons.decided")
    most_pivotal: Int64[np.ndarray, "H"] = named("neurons.most_pivotal")
    t: Int64[np.ndarray, "P"] = named("by_position.t")
    t_sensitivity: Float64[np.ndarray, "P"] = named("by_position.sensitivity")
    component_members: Int64[np.ndarray, "M"] = named("components.members")
    component_offsets: Int64[np.ndarray, "C"] = named("components.offsets")
    flips: Int64[np.ndarray, "H H"] = named("flips", quiet=True)  # [to, from]

    def graph(self) -> nx.DiGraph:
        """The listed edges as a directed graph: nodes are neurons, with their degrees; edges carry `rate`,
        `count` and `weight` (of wh)."""
        found = nx.DiGraph(name=f"flip influence, {self.window}, {self.cut}")
        for j, out, into in zip(self.neuron.tolist(), self.out_degree.tolist(), self.in_degree.tolist()):
            found.add_node(j, label=f"h{j}", out_degree=out, in_degree=into)
        columns = (self.edge_from, self.edge_to, self.edge_rate, self.edge_count, self.edge_weight)
        for j, i, rate, count, weight in zip(*(column.tolist() for column in columns)):
            found.add_edge(j, i, rate=rate, count=count, weight=weight)
        return found


def influence(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    positions: str | Sequence[int] | np.ndarray | None = None,
    states: str = NETWORK,
    top: int | None = None,
    threshold: float = 0.0,
    as_published: bool = False,
    tanh: str = "exact",
) -> Influence:
    """Flip influence on `symbols` (T): position t flips bits of `states[t]` and reads `symbols[t + 1]`.

    `positions` out of 0..T-2: `FIRST:STOP:STEP`, numbers, or all. `top` and `threshold` cut the list of
    edges: the heaviest `top`, those of at least that rate.

    Raises
    ------
    TextError, OptionError
        On a symbol, positions, states, cut or tanh that cannot be used.
    """
    _check_cut(top, threshold)
    if as_published and positions is not None:
        raise OptionError("positions: the published protocol has its own")
    automaton = as_automaton(model)
    seen = observe(automaton, symbols, states, tanh)
    last = len(seen.symbols) - 1
    at = chosen(PUBLISHED, max(last - 1, 0)) if as_published else chosen(positions, last)
    counts = _counted(automaton, seen.states[at], seen.symbols[at + 1])
    rates = counts.flips / len(at) if len(at) else np.full(counts.flips.shape, np.nan)
    listed, cut = _listed(counts.flips, len(at), top, threshold)
    to, source = listed
    some = len(at) > 0
    members, offsets = _components(automaton.hidden, to, source)
    return Influence(
        variant="published" if as_published else "exact",
        window=described(at),
        states=seen.source,
        positions=len(at),
        mean=float(counts.flips.sum()) / (rates.size * len(at)) if some else None,
        mean_float32=_as_printed(counts.flips, len(at)) if some else None,
        mean_out_degree=float(counts.flips.sum()) / (len(rates) * len(at)) if some else None,
        pairs=int((counts.flips > 0).sum()),
        cut=cut,
        edge_from=source,
        edge_to=to,
        edge_rate=rates[to, source],
        edge_count=counts.flips[to, source],
        edge_weight=automaton.wh[to, source].astype(np.float64),
        neuron=np.arange(automaton.hidden),
        out_degree=rates.sum(axis=0),
        in_degree=rates.sum(axis=1),
        own=rates.diagonal().copy(),
        decided=counts.decided / len(at) if some else np.full(automaton.hidden, np.nan),
        most_pivotal=counts.most,
        t=at,
        t_sensitivity=counts.by_position / automaton.hidden,
        component_members=members,
        component_offsets=offsets,
        flips=counts.flips,
    )


@dataclasses.dataclass(frozen=True)
class Counts:
    """What pivotal inputs add up to over positions."""

    flips: Int64[np.ndarray, "H H"]  # [to, from]
    decided: Int64[np.ndarray, "H"]  # positions with at least one pivotal input
    most: Int64[np.ndarray, "H"]  # pivotal inputs, at most
    by_position: Int64[np.ndarray, "P"]  # pivotal pairs


def flip_counts(
    automaton: Automaton,
    states: Bool[np.ndarray, "P H"],
    symbols: Int64[np.ndarray, "P"],
    engine: str = "auto",
) -> Int64[np.ndarray, "H H"]:
    """[to, from]: at how many pairs (state, symbol read in it) flipping bit `from` changes bit `to`."""
    return _counted(automaton, states, symbols, engine).flips


def _counted(automaton: Automaton, states: np.ndarray, symbols: np.ndarray, engine: str = "auto") -> Counts:
    hidden = automaton.hidden
    flips, decided = np.zeros((hidden, hidden), np.int64), np.zeros(hidden, np.int64)
    most, by_position = np.zeros(hidden, np.int64), np.zeros(len(states), np.int64)
    with progress.bar("influence", len(states)) as tick:
        for first, count, pivotal in flip_blocks(automaton, states, symbols, engine):
            flips += count
            decided += (pivotal > 0).sum(axis=0)
            np.maximum(most, pivotal.max(axis=0), out=most)
            by_position[first : first + len(pivotal)] = pivotal.sum(axis=1)
            tick(first)
    return Counts(flips, decided, most, by_position)


def _check_cut(top: int | None, threshold: float) -> None:
    if top is not None and top < 1:
        raise OptionError(f"top {top}: expected 1 or more")
    if not 0 <= threshold <= 1:
        raise OptionError(f"threshold {threshold}: expected a rate, 0..1")


def _listed(
    flips: Int64[np.ndarray, "H H"], positions: int, top: int | None, threshold: float
) -> tuple[tuple[np.ndarray, np.ndarray], str]:
    """Edges as (to, from), heaviest first (then by to, from), and which those are, in words."""
    to, source = np.nonzero((flips > 0) & (flips >= threshold * positions))
    order = np.argsort(-flips[to, source], kind="stable")[:top]
    words = [f"the heaviest {top:,}"] if top is not None else []
    words += [f"rate at least {threshold:g}"] if threshold else []
    return (to[order], source[order]), ", ".join(words) or "all edges"


def _components(hidden: int, to: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Strongly connected components as members and offsets, largest first, then by lowest neuron."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(hidden))
    graph.add_edges_from(zip(source.tolist(), to.tolist()))
    found = sorted(
        (sorted(part) for part in nx.strongly_connected_components(graph)), key=lambda c: (-len(c), c)
    )
    offsets = np.cumsum([0, *map(len, found)])
    return np.array([j for part in found for j in part], np.int64), offsets


def _as_printed(flips: Int64[np.ndarray, "H H"], positions: int) -> float:
    """The mean as the published program sums it: float32 rates, one after the other, source by source."""
    rates = (flips.T.astype(np.float32) / np.float32(positions)).ravel()
    return float(np.add.accumulate(rates, dtype=np.float32)[-1] / np.float32(rates.size))
