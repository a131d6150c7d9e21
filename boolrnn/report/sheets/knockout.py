"""The sheet of knockout: totals, how few neurons suffice, rankings, best sets, and every neuron."""

from collections.abc import Callable

import numpy as np

from boolrnn.explain.knockout import Knockout
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet


@sheet.register
def _(result: Knockout) -> Sheet:
    """Totals first; every neuron last."""
    tables = [Table("totals", FACTS, _totals(result), result.variant + ".")]
    if not np.isnan(result.limit_bpc).all():
        tables.append(_limits(result))
    if len(result.ranking_rank):
        tables.append(_rankings(result))
    tables += [_cumulative(result), _minimal(result)]
    if len(result.best_k):
        tables.append(_best(result))
    tables += [_signs(result), _single(result)]
    return Sheet(_sentence(result), tables, _warnings(result))


def _sentence(result: Knockout) -> str:
    if result.baseline is None:
        return f"No cost to measure: {result.window}."
    worst = f"h{result.single_neuron[0]} costs most, {_bits(result.single_delta[0])} bpc"
    share = result.single_of_loss[0], result.single_of_bias_gap[0]
    if not np.isnan(share).any():
        worst += f" ({share[0]:.0%} of the loss, {share[1]:.2%} of the gap from the biases alone)"
    few = ""
    at = np.flatnonzero(result.limit_rule == "at least 95 % of the gap from the biases alone")
    k = int(max(result.limit_best_k[at[0]], -1) if len(result.best_k) else result.limit_ranking_k[at[0]])
    if k >= 0:
        few = f"; {k} of {result.neurons} neurons suffice for 95 % of that gap"
    return f"{_bits(result.baseline)} bpc with all neurons: {worst}{few} ({result.window})."


def _bits(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1e5 else f"{value:.3g}"


def _totals(result: Knockout) -> list:
    return facts(
        ("all neurons", result.baseline, f"bpc, {result.arithmetic} network"),
        ("output biases alone", result.bias_only, "bpc"),
        ("uniform guessing", result.uniform, "bpc"),
        ("knockouts that help", result.negative, f"of {result.neurons} neurons"),
        ("best prefix", result.prefix_k, f"first neurons of the ranking by {result.rank}, alone"),
        ("its cost", result.prefix_bpc, "bpc"),
        ("prefixes better than all", len(result.better_prefixes), "of fewer neurons than all"),
        ("search", result.search, ""),
        ("stable", "yes" if result.stable else "no", "float32 and float64 agree within 1e-4"),
    )


def _limits(result: Knockout) -> Table:
    return Table(
        "suffices",
        (
            Column("bpc within"),
            Column("bpc", ".4f"),
            Column("neurons, best found", "d"),
            Column(f"by {result.rank}", "d"),
        ),
        Rows(
            result.limit_rule,
            (result.limit_bpc, _finite),
            (result.limit_best_k, _known),
            (result.limit_ranking_k, _known),
        ),
        "The fewest neurons that keep the text as cheap as that: in the best sets found, and as the first "
        "neurons of the ranking.",
    )


def _rankings(result: Knockout) -> Table:
    first = f"{result.top_k} neurons" if result.top_k > 1 else "neuron"
    return Table(
        "rankings",
        (
            Column("rank"),
            Column("Spearman", ".3f"),
            Column(f"first {result.top_k}, bpc", ".4f"),
            Column("mean bpc", ".4f"),
        ),
        Rows(
            result.ranking_rank,
            (result.ranking_spearman, _finite),
            (result.ranking_top, _finite),
            (result.ranking_mean, _finite),
        ),
        f"Spearman correlation with the knockouts' costs; bpc of the first {first} alone, and "
        "the mean over every number of neurons. The wy and wh rankings need no text.",
        aside=True,
    )


def _cumulative(result: Knockout) -> Table:
    return Table(
        "cumulative",
        (Column("removed", "d"), Column("bpc", ".4f"), Column("stable")),
        Rows(result.cumulative_k, (result.cumulative_bpc, _finite), (result.cumulative_stable, _yes)),
        f"The first neurons of the ranking by {result.rank} removed.",
        aside=True,
    )


def _minimal(result: Knockout) -> Table:
    return Table(
        "minimal",
        (
            Column("kept", "d"),
            Column("bpc", ".4f"),
            Column("% of the gap from uniform", ".1f"),
            Column("% of the gap from the biases", ".1f"),
            Column("stable"),
        ),
        Rows(
            result.minimal_k,
            (result.minimal_bpc, _finite),
            (result.minimal_percent, _finite),
            (result.minimal_of_bias_gap, _finite),
            (result.minimal_stable, _yes),
        ),
        f"The first neurons of the ranking by {result.rank} kept alone.",
        aside=True,
    )


def _best(result: Knockout) -> Table:
    names = [
        " ".join(f"h{j}" for j in result.best_members[a:b].tolist())
        for a, b in zip(result.best_offsets[:-1].tolist(), result.best_offsets[1:].tolist())
    ]
    return Table(
        "best",
        (
            Column("neurons", "d"),
            Column("bpc", ".4f"),
            Column("% of gap", ".1f"),
            Column("found by"),
            Column("proved"),
            Column("stable"),
            Column("which"),
        ),
        Rows(
            result.best_k,
            result.best_bpc,
            (result.best_of_bias_gap, _finite),
            result.best_how,
            (result.best_optimal, _yes),
            (result.best_stable, _yes),
            names,
        ),
        f"The best set found of every size: {result.search}. Of rows that are not proved there may be better "
        "ones. % of gap: from the biases alone to all neurons.",
        limit=6,
    )


def _signs(result: Knockout) -> Table:
    return Table(
        "sign only",
        (Column("neuron"), Column("bpc", ".4f"), Column("delta", "+.4f"), Column("stable")),
        Rows(
            (result.sign_neuron, _neurons),
            (result.sign_bpc, _finite),
            (result.sign_delta, _finite),
            (result.sign_stable, _yes),
        ),
        "One neuron's value replaced by its sign in the readout.",
        aside=True,
    )


def _single(result: Knockout) -> Table:
    shown = _shown(result)
    return Table(
        "neurons",
        (
            Column("neuron"),
            Column("bpc", ".4f"),
            Column("delta", "+.4f"),
            Column("of the loss", ".1%"),
            Column("of the gap", ".2%"),
            Column("|wy|", ".3f"),
            Column("mean |h|", ".3f"),
            Column("promotes"),
            Column("demotes"),
            Column("stable"),
        ),
        Rows(
            (result.single_neuron, _neurons),
            (result.single_bpc, _finite),
            (result.single_delta, _finite),
            (result.single_of_loss, _finite),
            (result.single_of_bias_gap, _finite),
            (result.single_norm, _finite),
            (result.single_mean_h, _finite),
            (result.single_promotes, shown),
            (result.single_demotes, shown),
            (result.single_stable, _yes),
        ),
        "The neuron's readout column set to 0: what that costs, also as a share of the full net's bpc and of "
        "the gap from the biases alone. Outputs with the largest and the smallest weights from it.",
        limit=6,
    )


def _shown(result: Knockout) -> Callable[[np.ndarray], list[str]]:
    return lambda part: [" ".join(show_symbol(x, result.alphabet) for x in row) for row in part.tolist()]


def _neurons(part: np.ndarray) -> list[str]:
    return [f"h{j}" for j in part.tolist()]


def _yes(part: np.ndarray) -> list[str]:
    return ["yes" if value else "no" for value in part.tolist()]


def _finite(part: np.ndarray) -> list[float | None]:
    """Cells of a part of a column, empty where it has no value."""
    return [value if np.isfinite(value) else None for value in part.tolist()]


def _known(part: np.ndarray) -> list[int | None]:
    """Cells of a part of a column of integers, -1 where there is none."""
    return [None if value < 0 else value for value in part.tolist()]


def _warnings(result: Knockout) -> list[str]:
    if result.complete:
        return []
    cause = "interrupted" if result.interrupted else "the budget ended first"
    return [f"{cause}: sets that the search had not come to yet may be better"]
