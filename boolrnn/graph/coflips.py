"""coflips: which neurons flip together, more often than chance and their shared input explain.

A neuron flips at t when its sign differs from the one at t - 1; steps are t = 1..n-2 of n symbols. For a
pair, count = steps at which both flip and jaccard = count / (flips_a + flips_b - count). Two neurons that
flip independently at rates p and r have expected = p r / (p + r - p r), so that a large jaccard alone says
little; excess = jaccard - expected. Published as "Q4 co-flips", ordered by count and without a baseline.

Evidence comes from two null distributions (boolrnn/graph/nulls.py): circular shifts of one train, and
permutation among the steps that read the same symbol. Groups are communities of the pairs that exceed both.
Co-flipping is no proof of a connection: a pair may owe it to symbols read earlier. A flip compares two
positions, so that even a net without recurrence (wh = 0) has pairs that exceed both; none of its pairs
exceeds permutation among the steps that read the same two last symbols, which is reported beside them. That
test is blind to contexts read once, and so to most of a short text over many symbols.
"""

import dataclasses
from typing import Any

import networkx as nx
import numpy as np

from boolrnn.errors import OptionError
from boolrnn.graph.dwell import flips_of
from boolrnn.graph.nulls import benjamini_hochberg, counts_of, shift_null, symbol_null
from boolrnn.graph.observed import NETWORK, described, observe
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8

FEWEST_READ = 5  # steps that read a symbol or context before a group's share there is reported
SHOWN = 5  # symbols and contexts reported for each group
BY_EVIDENCE = "the greater of the p-values behind the first two q, smallest first"
BY_COUNT = "as published: the greatest count first"


@dataclasses.dataclass(frozen=True)
class Pairs:
    """All pairs a < b, in order of (a, b). Statistics of a pair with a neuron that never flips are NaN."""

    a: Int64[np.ndarray, "N"]
    b: Int64[np.ndarray, "N"]
    count: Int64[np.ndarray, "N"]
    flips_a: Int64[np.ndarray, "N"]
    flips_b: Int64[np.ndarray, "N"]
    jaccard: Float64[np.ndarray, "N"]
    expected: Float64[np.ndarray, "N"]
    excess: Float64[np.ndarray, "N"]
    z: Float64[np.ndarray, "N"]
    p_shifts: Float64[np.ndarray, "N"]
    p: Float64[np.ndarray, "N"]
    q: Float64[np.ndarray, "N"]
    q_less: Float64[np.ndarray, "N"]
    z_symbol: Float64[np.ndarray, "N"]
    p_symbol: Float64[np.ndarray, "N"]
    q_symbol: Float64[np.ndarray, "N"]
    q_symbol_less: Float64[np.ndarray, "N"]
    q_context: Float64[np.ndarray, "N"]

    def more(self, level: float) -> Bool[np.ndarray, "N"]:
        """Pairs that co-flip more than under both nulls, at this false discovery rate in each."""
        return (self.q <= level) & (self.q_symbol <= level) & (self.excess > 0)

    def less(self, level: float) -> Bool[np.ndarray, "N"]:
        """Pairs that co-flip less than under both nulls, at this false discovery rate in each."""
        return (self.q_less <= level) & (self.q_symbol_less <= level) & (self.excess < 0)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Coflips(Result):
    """Pairs, groups, and what moves each group.

    `q` is the false discovery rate asked for. A pair's q (circular shifts) and q_symbol (same symbol) are
    one-sided for more co-flips than the null, q_less and q_symbol_less for fewer; Benjamini-Hochberg over
    the pairs tested. z: standard deviations from the null's mean. p_shifts is the exact share of shifts
    that reach the count; p and p_symbol are Pearson III fits (see boolrnn/graph/nulls.py). q_context is
    q_symbol with the last two symbols in place of one.
    """

    schema = "coflips/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    window: str
    source: str  # whose states
    order: str  # of the pairs
    neurons: int
    steps: int  # t = 1..n-2; also the number of circular shifts, all of which are counted
    q: float
    seed: int  # of the search for communities; nothing else is random
    tested: int  # pairs of which both neurons flip
    more_by_shifts: int  # pairs with q at most the rate asked for,
    more_by_symbol: int  # with q_symbol,
    more: int  # with both and a positive excess: the edges that groups are made of
    more_than_context: int  # edges with q_context at most that rate too
    less: int  # with q_less and q_symbol_less and a negative excess
    modularity: float | None  # of the groups: share of edge weight inside beyond chance (Newman 2004)
    pair_a: Int64[np.ndarray, "N"] = named("pairs.a")
    pair_b: Int64[np.ndarray, "N"] = named("pairs.b")
    pair_count: Int64[np.ndarray, "N"] = named("pairs.count")
    pair_flips_a: Int64[np.ndarray, "N"] = named("pairs.flips_a")
    pair_flips_b: Int64[np.ndarray, "N"] = named("pairs.flips_b")
    pair_jaccard: Float64[np.ndarray, "N"] = named("pairs.jaccard")
    pair_expected: Float64[np.ndarray, "N"] = named("pairs.expected")
    pair_excess: Float64[np.ndarray, "N"] = named("pairs.excess")
    pair_z: Float64[np.ndarray, "N"] = named("pairs.z")
    pair_p_shifts: Float64[np.ndarray, "N"] = named("pairs.p_shifts")
    pair_p: Float64[np.ndarray, "N"] = named("pairs.p")
    pair_q: Float64[np.ndarray, "N"] = named("pairs.q")
    pair_q_less: Float64[np.ndarray, "N"] = named("pairs.q_less")
    pair_z_symbol: Float64[np.ndarray, "N"] = named("pairs.z_symbol")
    pair_p_symbol: Float64[np.ndarray, "N"] = named("pairs.p_symbol")
    pair_q_symbol: Float64[np.ndarray, "N"] = named("pairs.q_symbol")
    pair_q_symbol_less: Float64[np.ndarray, "N"] = named("pairs.q_symbol_less")
    pair_q_context: Float64[np.ndarray, "N"] = named("pairs.q_context")
    pair_edge: Bool[np.ndarray, "N"] = named("pairs.edge")  # counted in `more`
    group_members: Int64[np.ndarray, "M"] = named("groups.members")  # largest group first
    group_offsets: Int64[np.ndarray, "G1"] = named("groups.offsets")
    group: Int64[np.ndarray, "G"] = named("group_facts.group")
    group_size: Int64[np.ndarray, "G"] = named("group_facts.size")
    group_rate: Float64[np.ndarray, "G"] = named("group_facts.rate")  # share of members that flip, mean
    group_edges: Int64[np.ndarray, "G"] = named("group_facts.edges")
    group_jaccard: Float64[np.ndarray, "G"] = named("group_facts.jaccard")  # mean over its pairs
    group_excess: Float64[np.ndarray, "G"] = named("group_facts.excess")  # mean over its pairs
    # where it moves most: the share of members that flip as x_t = symbol is read (and x_{t-1} = before),
    # mean over the n steps that read it; lift = share / rate
    symbol_group: Int64[np.ndarray, "S"] = named("group_symbols.group")
    symbol_symbol: Int64[np.ndarray, "S"] = named("group_symbols.symbol")
    symbol_share: Float64[np.ndarray, "S"] = named("group_symbols.share")
    symbol_lift: Float64[np.ndarray, "S"] = named("group_symbols.lift")
    symbol_n: Int64[np.ndarray, "S"] = named("group_symbols.n")
    context_group: Int64[np.ndarray, "X"] = named("group_contexts.group")
    context_before: Int64[np.ndarray, "X"] = named("group_contexts.before")
    context_symbol: Int64[np.ndarray, "X"] = named("group_contexts.symbol")
    context_share: Float64[np.ndarray, "X"] = named("group_contexts.share")
    context_lift: Float64[np.ndarray, "X"] = named("group_contexts.lift")
    context_n: Int64[np.ndarray, "X"] = named("group_contexts.n")


def coflips(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    states: str = NETWORK,
    q: float = 0.05,
    seed: int = 0,
    as_published: bool = False,
    tanh: str = "exact",
) -> Coflips:
    """Pairs of neurons that flip together on `symbols` (T), and the groups they form.

    Flips are those of the network's signs, or (`states="automaton"`) of the automaton's own trajectory.
    Groups are made of the pairs whose q is at most `q` under both nulls, by the Louvain method with this
    `seed` (Blondel et al. 2008, doi:10.1088/1742-5468/2008/10/P10008), weighted by excess. `as_published`
    orders the pairs by count and changes nothing else.

    Raises
    ------
    TextError, OptionError
        On a symbol, a kind of states, a tanh, a rate or a seed that cannot be used.
    """
    if not 0 < q < 1:
        raise OptionError(f"q {q}: expected a false discovery rate between 0 and 1")
    if not 0 <= seed < 1 << 32:
        raise OptionError(f"seed {seed}: expected 0..{(1 << 32) - 1}")
    seen = observe(as_automaton(model), symbols, states, tanh)
    flips = flips_of(seen.states)
    steps = len(flips)
    read = seen.symbols[1 : 1 + steps]
    pairs = pairs_of(flips, read, seen.symbols[:steps])
    edges = pairs.more(q)
    groups, modularity = groups_of(pairs, edges, seed)
    return Coflips(
        alphabet=seen.automaton.alphabet,
        window=described(np.arange(1, 1 + steps)),
        source=seen.source,
        order=BY_COUNT if as_published else BY_EVIDENCE,
        neurons=flips.shape[1],
        steps=steps,
        q=q,
        seed=seed,
        tested=int((~np.isnan(pairs.p)).sum()),
        more_by_shifts=int((pairs.q <= q).sum()),
        more_by_symbol=int((pairs.q_symbol <= q).sum()),
        more=int(edges.sum()),
        more_than_context=int((edges & (pairs.q_context <= q)).sum()),
        less=int(pairs.less(q).sum()),
        modularity=modularity,
        **_ordered(pairs, edges, as_published),
        group_members=np.array([i for group in groups for i in group], np.int64),
        group_offsets=np.cumsum([0, *map(len, groups)]),
        **group_facts(pairs, edges, groups, flips),
        **group_encoding(groups, flips, seen.symbols[: 1 + steps]),
    )


def pairs_of(
    flips: Bool[np.ndarray, "F H"], symbols: Int64[np.ndarray, "F"], before: Int64[np.ndarray, "F"]
) -> Pairs:
    """Every pair of flip trains (columns of `flips`): row f reads `symbols[f]`, after `before[f]`."""
    a, b = np.triu_indices(flips.shape[1], 1)
    together = counts_of(flips)
    total = together.diagonal()
    count, flips_a, flips_b = together[a, b], total[a], total[b]
    tested = np.minimum(flips_a, flips_b) > 0
    jaccard, expected = (np.full(len(a), np.nan) for _ in range(2))
    np.divide(count, flips_a + flips_b - count, out=jaccard, where=tested)
    product = flips_a * (flips_b / max(len(flips), 1))  # p r / (p + r - p r), all times the steps
    np.divide(product, flips_a + flips_b - product, out=expected, where=tested)
    shifts = shift_null(flips, a, b, count)
    symbol = symbol_null(flips, symbols, a, b, count)
    context = symbol_null(flips, before * (int(symbols.max(initial=0)) + 1) + symbols, a, b, count)
    p, p_less, p_symbol, p_symbol_less, p_context = (
        np.where(tested, values, np.nan)
        for values in (shifts.p, shifts.p_less, symbol.p, symbol.p_less, context.p)
    )
    return Pairs(
        a=a,
        b=b,
        count=count,
        flips_a=flips_a,
        flips_b=flips_b,
        jaccard=jaccard,
        expected=expected,
        excess=jaccard - expected,
        z=shifts.z,
        p_shifts=np.where(tested, shifts.rank, np.nan),
        p=p,
        q=benjamini_hochberg(p),
        q_less=benjamini_hochberg(p_less),
        z_symbol=symbol.z,
        p_symbol=p_symbol,
        q_symbol=benjamini_hochberg(p_symbol),
        q_symbol_less=benjamini_hochberg(p_symbol_less),
        q_context=benjamini_hochberg(p_context),
    )


def groups_of(pairs: Pairs, edges: Bool[np.ndarray, "N"], seed: int) -> tuple[list[list[int]], float | None]:
    """Communities of the graph of these pairs, weighted by excess: 2 neurons or more, largest first; and
    the modularity of that division, None without edges."""
    if not edges.any():
        return [], None
    graph = nx.Graph()
    columns = (values[edges].tolist() for values in (pairs.a, pairs.b, pairs.excess))
    graph.add_weighted_edges_from(zip(*columns))
    found = nx.community.louvain_communities(graph, weight="weight", seed=seed)
    groups = sorted((sorted(group) for group in found if len(group) > 1), key=lambda g: (-len(g), g))
    return groups, float(nx.community.modularity(graph, found, weight="weight"))


def _ordered(pairs: Pairs, edges: Bool[np.ndarray, "N"], as_published: bool) -> dict[str, Any]:
    """The pairs as fields of the result, by count or by evidence; untested ones last, ties by (a, b)."""
    if as_published:
        order = np.lexsort((pairs.b, pairs.a, -pairs.count))
    else:
        evidence = np.maximum(pairs.p, pairs.p_symbol)
        nearer = np.fmin(pairs.z, pairs.z_symbol)  # for p that float64 cannot tell apart
        order = np.lexsort((pairs.b, pairs.a, -pairs.count, -nearer, evidence))
    fields = {field.name: getattr(pairs, field.name) for field in dataclasses.fields(pairs)}
    return {f"pair_{name}": values[order] for name, values in (fields | {"edge": edges}).items()}


def group_facts(
    pairs: Pairs, edges: Bool[np.ndarray, "N"], groups: list[list[int]], flips: Bool[np.ndarray, "F H"]
) -> dict[str, Any]:
    """Size, rate, edges and mean jaccard and excess of each group."""
    home = np.full(flips.shape[1], -1)
    for k, group in enumerate(groups):
        home[group] = k
    inside = (home[pairs.a] == home[pairs.b]) & (home[pairs.a] >= 0)
    at = home[pairs.a][inside]
    size = np.array([len(group) for group in groups], np.int64)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(at, weights=values[inside], minlength=len(groups))

    count = size * (size - 1) / 2
    return {
        "group": np.arange(len(groups)),
        "group_size": size,
        "group_rate": np.array([flips[:, group].mean() for group in groups], np.float64),
        "group_edges": total(edges).astype(np.int64),
        "group_jaccard": total(pairs.jaccard) / count,
        "group_excess": total(pairs.excess) / count,
    }


def group_encoding(
    groups: list[list[int]], flips: Bool[np.ndarray, "F H"], symbols: Int64[np.ndarray, "T"]
) -> dict[str, Any]:
    """The symbols, and contexts of two symbols, at which the largest share of each group flips.

    `symbols` has one entry more than `flips`: the one before the first step.
    """
    before, read = symbols[:-1], symbols[1:]
    width = int(symbols.max()) + 1
    rows = {"symbol": [], "context": []}
    for k, group in enumerate(groups):
        share = flips[:, group].mean(axis=1)
        for kind, codes in (("symbol", read), ("context", before * width + read)):
            rows[kind] += [(k, *row) for row in _moved(share, codes)]
    found = {}
    for kind, listed in rows.items():
        table = np.array(listed, np.float64).reshape(-1, 5)
        group, code, n = (table[:, c].astype(np.int64) for c in (0, 1, 4))
        found |= {f"{kind}_group": group, f"{kind}_symbol": code % width, f"{kind}_n": n}
        found |= {f"{kind}_share": table[:, 2], f"{kind}_lift": table[:, 3]}
        if kind == "context":
            found["context_before"] = code // width
    return found


def _moved(share: Float64[np.ndarray, "F"], codes: Int64[np.ndarray, "F"]) -> list[tuple]:
    """(code, mean share, lift, n) of the codes with the largest mean share, of those read often enough."""
    code, at, n = np.unique(codes, return_inverse=True, return_counts=True)
    mean = np.bincount(at, weights=share) / n
    often = np.flatnonzero(n >= FEWEST_READ)
    best = often[np.lexsort((code[often], -mean[often]))][:SHOWN]
    lift = mean[best] / share.mean()
    return list(zip(code[best].tolist(), mean[best].tolist(), lift.tolist(), n[best].tolist()))
