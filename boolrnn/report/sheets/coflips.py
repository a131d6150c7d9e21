"""The sheet of coflips: the two tests, the groups and what moves them, the pairs."""

import itertools

import numpy as np

from boolrnn.graph.coflips import FEWEST_READ, Coflips
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_LIMITS = "Co-flipping is no proof of a connection: symbols read earlier move many neurons at once."
_PAIRS = (
    "Order: {order}. expected: Jaccard of independent neurons with these flip rates. q: circular shifts; "
    "symbol (context): permuted among steps with the same symbol (two last symbols). False "
    "discovery rates of Pearson III fits."
)


@sheet.register
def _(result: Coflips) -> Sheet:
    """What exceeds chance, the groups it forms, and every pair last."""
    return Sheet(
        f"{result.more:,} of {result.tested:,} pairs flip together more often than their rhythms and the "
        f"symbol read explain, at a false discovery rate of {result.q:g} in each test: {result.window}, "
        f"{result.source}.",
        [
            Table("pairs in short", FACTS, _tests(result), _LIMITS),
            _groups(result),
            _moved(result, "group_symbols"),
            _moved(result, "group_contexts"),
            _pairs(result),
        ],
    )


def _tests(result: Coflips) -> list:
    return facts(
        ("pairs tested", result.tested, "both neurons flip at least once"),
        (
            "more than shifted",
            result.more_by_shifts,
            f"q <= {result.q:g}, all {result.steps:,} circular shifts",
        ),
        ("more than the symbol explains", result.more_by_symbol, f"q, symbol <= {result.q:g}"),
        ("more than both", result.more, "and a positive excess: the edges of the groups"),
        ("of these, more than two symbols explain", result.more_than_context, "q, context: x_{t-1} x_t"),
        ("less than both", result.less, "the same on the other side"),
        ("modularity", result.modularity, f"of the groups, seed {result.seed}"),
    )


def _groups(result: Coflips) -> Table:
    cuts = result.group_offsets.tolist()
    names = [
        " ".join(f"h{i}" for i in result.group_members[first:stop].tolist())
        for first, stop in itertools.pairwise(cuts)
    ]
    return Table(
        "groups",
        (
            Column("group", "d"),
            Column("size", "d"),
            Column("flips", ".1%"),
            Column("edges", ",d"),
            Column("jaccard", ".3f"),
            Column("excess", ".3f"),
            Column("members"),
        ),
        Rows(
            result.group,
            result.group_size,
            result.group_rate,
            result.group_edges,
            result.group_jaccard,
            result.group_excess,
            names,
        ),
        "flips: share of the members that flip, mean over steps; jaccard and excess: mean over its pairs.",
        limit=12,
    )


def _moved(result: Coflips, kind: str) -> Table:
    """Symbols or contexts at which each group moves most."""

    def shown(part: np.ndarray) -> list[str]:
        return [show_symbol(x, result.alphabet) for x in part.tolist()]

    if kind == "group_symbols":
        read = [(result.symbol_symbol, shown)]
        rest = (result.symbol_share, result.symbol_lift, result.symbol_n)
        group, heads = result.symbol_group, [Column("symbol")]
    else:
        read = [(result.context_before, shown), (result.context_symbol, shown)]
        rest = (result.context_share, result.context_lift, result.context_n)
        group, heads = result.context_group, [Column("before"), Column("symbol")]
    return Table(
        kind.replace("_", " "),
        (
            Column("group", "d"),
            *heads,
            Column("share", ".1%"),
            Column("lift", ".2f"),
            Column("n", ",d"),
        ),
        Rows(group, *read, *rest),
        f"Share of the members that flip as it is read; lift: over the group's mean; n >= {FEWEST_READ}.",
        aside=True,
    )


def _pairs(result: Coflips) -> Table:
    return Table(
        "pairs",
        (
            Column("a", "d"),
            Column("b", "d"),
            Column("count", ",d"),
            Column("flips a", ",d"),
            Column("flips b", ",d"),
            Column("jaccard", ".3f"),
            Column("expected", ".3f"),
            Column("excess", "+.3f"),
            Column("z", ".1f"),
            Column("q", ".2g"),
            Column("z, symbol", ".1f"),
            Column("q, symbol", ".2g"),
            Column("q, context", ".2g"),
        ),
        Rows(
            result.pair_a,
            result.pair_b,
            result.pair_count,
            result.pair_flips_a,
            result.pair_flips_b,
            result.pair_jaccard,
            result.pair_expected,
            result.pair_excess,
            result.pair_z,
            result.pair_q,
            result.pair_z_symbol,
            result.pair_q_symbol,
            result.pair_q_context,
        ),
        _PAIRS.format(order=result.order),
        limit=8,
    )
