"""The sheet of influence: totals, neurons, edges."""

import numpy as np

from boolrnn.graph.influence import Influence
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet


@sheet.register
def _(result: Influence) -> Sheet:
    """Neurons by what they change, edges heaviest first."""
    hidden = len(result.neuron)
    sizes = np.diff(result.component_offsets)
    about = facts(
        ("mean rate", result.mean, f"over all {hidden * hidden:,} pairs"),
        ("published sum", result.mean_float32, "the same mean as float32 sums of float32 rates print it"),
        ("bits changed per flip", result.mean_out_degree, f"mean out-degree, of {hidden}"),
        ("pairs that ever flip", result.pairs, f"of {hidden * hidden:,}"),
        ("edges listed", len(result.edge_to), result.cut),
        (
            "strong components",
            len(sizes),
            f"sets that reach each other by listed edges; the largest: {sizes[0]}",
        ),
    )
    neurons = np.argsort(-np.nan_to_num(result.out_degree, nan=-1), kind="stable")
    names = (f"h{j}" for j in range(hidden))
    label = np.array(list(names))
    return Sheet(
        _sentence(result),
        [
            Table("influence", FACTS, about),
            Table(
                "neurons",
                (
                    Column("neuron"),
                    Column("out-degree", ".4f"),
                    Column("in-degree", ".4f"),
                    Column("self", ".4f"),
                    Column("decided", ".1%"),
                    Column("most pivotal", "d"),
                ),
                Rows(
                    label[neurons],
                    result.out_degree[neurons],
                    result.in_degree[neurons],
                    result.own[neurons],
                    result.decided[neurons],
                    result.most_pivotal[neurons],
                ),
                "Out-degree: bits of the next state that change when this bit is flipped, on average. "
                "In-degree: inputs that alone decide it. Decided: positions at which at least one does; "
                "most pivotal: how many did at one position, at most.",
                limit=8,
            ),
            Table(
                "positions",
                (Column("t", "d"), Column("bits changed per flip", ".3f")),
                Rows(result.t, result.t_sensitivity),
                aside=True,
            ),
            Table(
                "edges",
                (
                    Column("from"),
                    Column("to"),
                    Column("rate", ".4f"),
                    Column("count", ",d"),
                    Column("weight", ".4g"),
                ),
                Rows(
                    label[result.edge_from],
                    label[result.edge_to],
                    result.edge_rate,
                    result.edge_count,
                    result.edge_weight,
                ),
                "Rate: share of positions at which flipping `from` changes `to` one step later.",
                limit=12,
            ),
        ],
        [] if result.positions else ["no positions: nothing was counted"],
    )


def _sentence(result: Influence) -> str:
    if not result.positions:
        return f"No position, no answer: {result.window}, {result.states}."
    hidden = len(result.neuron)
    changed = f"{result.mean_out_degree:.3g} of {hidden:,} bit{'s' * (hidden != 1)}"
    return f"One flipped bit changes {changed} one step later, on average: {result.window}, {result.states}."
