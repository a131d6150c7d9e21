"""The graph that a page draws: neurons, the heaviest influences between them, and co-flip groups.

Its numbers are those of influence, backbone and coflips; `group_edges` are means of influence rates. Places
come from boolrnn.report.explorer.layout.
"""

from typing import Any

import numpy as np

from boolrnn.graph.backbone import Backbone
from boolrnn.graph.coflips import Coflips
from boolrnn.graph.influence import Influence
from boolrnn.report.explorer.known import check_sizes, group_of, listed
from boolrnn.report.explorer.layout import laid_out
from boolrnn.shapes import Float64, Int64

PER_NEURON = 2  # edges drawn unless said otherwise
GROUP_EDGES = 200  # between groups, at most


def graph(
    influence: Influence,
    backbone: Backbone | None,
    coflips: Coflips,
    *,
    edges: int | None = None,
) -> dict[str, Any]:
    """Nodes, edges and groups as plain values; what has no value is None.

    `edges` are the heaviest (default: twice as many as neurons), but of every neuron at least the heaviest
    edge that leaves it and the heaviest that enters it; its influence on itself is none of them. `total`
    counts the pairs that ever influence, as the verb prints it, `loops` those of a neuron with itself.
    Shares of traffic are None without a `backbone`, which a net that predicts no symbols has not.

    Raises
    ------
    OptionError
        Where the results are of nets with different numbers of neurons.
    """
    check_sizes(influence.neuron, None if backbone is None else backbone.neuron, coflips.neurons)
    group = group_of(coflips)
    places = laid_out(group, influence.flips)
    kept = _kept(influence, PER_NEURON * len(group) if edges is None else edges)
    return {
        "nodes": _nodes(group, places.neurons, backbone),
        "edges": _edges(influence, backbone, kept),
        "total": influence.pairs,
        "loops": int((influence.flips.diagonal() > 0).sum()),
        "kept": len(kept),
        "groups": _groups(coflips, places.groups, places.radius),
        "group_edges": _group_edges(influence, group, len(coflips.group)),
        "definitions": _definitions(influence, backbone, coflips),
    }


def _kept(influence: Influence, count: int) -> Int64[np.ndarray, "K"]:
    """Which listed edges are drawn, heaviest first."""
    others = np.flatnonzero(influence.edge_from != influence.edge_to)
    chosen = np.zeros(len(others), bool)
    for ends in (influence.edge_from, influence.edge_to):
        chosen[np.unique(ends[others], return_index=True)[1]] = True  # the first is the heaviest
    more = np.flatnonzero(~chosen)[: max(0, count - int(chosen.sum()))]
    chosen[more] = True
    return others[chosen]


def _nodes(
    group: Int64[np.ndarray, "H"], places: Float64[np.ndarray, "H 2"], backbone: Backbone | None
) -> list[dict[str, Any]]:
    shares = [None] * len(group) if backbone is None else listed(backbone.neuron_share)
    rows = zip(places.tolist(), group.tolist(), shares, strict=True)
    return [
        {"neuron": j, "x": x, "y": y, "group": k if k >= 0 else None, "share": share}
        for j, ((x, y), k, share) in enumerate(rows)
    ]


def _edges(
    influence: Influence, backbone: Backbone | None, kept: Int64[np.ndarray, "K"]
) -> list[dict[str, Any]]:
    source, to = influence.edge_from[kept], influence.edge_to[kept]
    columns = {
        "from": source.tolist(),
        "to": to.tolist(),
        "rate": listed(influence.edge_rate[kept]),
        "count": influence.edge_count[kept].tolist(),
        "weight": listed(influence.edge_weight[kept]),
        "share": _shares(backbone, source, to),
    }
    return [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]


def _shares(backbone: Backbone | None, source: np.ndarray, to: np.ndarray) -> list[float | None]:
    """Shares of the traffic of these edges: 0 where none goes, None where there is no traffic at all."""
    if backbone is None or not len(backbone.edge_share):
        return [None] * len(source)
    hidden = len(backbone.neuron)
    shares = np.zeros((hidden, hidden))
    shares[backbone.edge_to, backbone.edge_from] = backbone.edge_share
    return listed(shares[to, source])


def _groups(
    coflips: Coflips, middle: Float64[np.ndarray, "G 2"], radius: Float64[np.ndarray, "G"]
) -> list[dict[str, Any]]:
    cuts = coflips.group_offsets.tolist()
    found = []
    for k, (x, y) in enumerate(middle.tolist()):
        members = coflips.group_members[cuts[k] : cuts[k + 1]].tolist()
        found.append(
            {
                "group": k,
                "size": len(members),
                "x": x,
                "y": y,
                "radius": float(radius[k]),
                "members": members,
                "rate": listed(coflips.group_rate)[k],
            }
        )
    return found


def _group_edges(influence: Influence, group: Int64[np.ndarray, "H"], groups: int) -> list[dict[str, Any]]:
    """Mean rates from each group to each other one, heaviest first."""
    if not influence.positions or groups < 2:
        return []
    into = np.array([influence.flips[group == k].sum(axis=0) for k in range(groups)])
    counts = np.array([into[:, group == k].sum(axis=1) for k in range(groups)])
    sizes = np.bincount(group[group >= 0], minlength=groups)
    rates = counts / (np.outer(sizes, sizes) * influence.positions)  # [from, to]
    source, to = np.nonzero(~np.eye(groups, dtype=bool) & (counts > 0))
    order = np.argsort(-rates[source, to], kind="stable")[:GROUP_EDGES]
    source, to = source[order], to[order]
    rows = zip(source.tolist(), to.tolist(), listed(rates[source, to]), strict=True)
    return [{"from": j, "to": i, "rate": rate} for j, i, rate in rows]


def _definitions(influence: Influence, backbone: Backbone | None, coflips: Coflips) -> dict[str, str]:
    """What the numbers are, a sentence or two each."""
    share = "A net whose outputs are no symbols has no backbone."
    if backbone is not None:
        share = (
            "Share of the traffic of predictions, at a neuron of what arrives at it: what flipping a bit "
            "changes in the readout, in bits, is divided equally among the inputs whose flip alone flips "
            f"that bit, and traced on, {backbone.depth:,} steps back; {backbone.window}, {backbone.states}."
        )
    return {
        "rate": "Share of positions at which flipping a neuron's bit changes the other's bit one step "
        f"later; {influence.window}, {influence.states}.",
        "share": share,
        "group": "Neurons that flip together: communities (Louvain) of the pairs that do so more often than "
        f"shifted flips and the symbols read explain, at a false discovery rate of {coflips.q:g} in each; "
        f"{coflips.window}, {coflips.source}. The rate of a group: share of its members that flip, mean "
        "over steps.",
        "kept": "Drawn are the heaviest influences, of every neuron at least the heaviest that leaves it and "
        "the heaviest that enters it; what a neuron does to itself stands in its panel.",
        "between": f"Between groups: the mean rate over all pairs of their neurons, the {GROUP_EDGES} "
        "greatest at most.",
    }
