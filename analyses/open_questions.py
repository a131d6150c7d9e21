"""Questions that the published pages leave open, or answer without a measurement."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Claim, Pair, number

PAGE = "knockout page, open question"
CLAIMS = (
    Claim(
        "named_without_running",
        None,
        0,
        "Spearman",
        PAGE,
        "do row norms of wh rank neurons as knockouts do?",
        of="nothing",
    ),
    Claim("named_top", None, 0, "bpc", PAGE, "what the top of that ranking gives alone", of="nothing"),
    Claim(
        "few_neurons",
        None,
        0,
        "neurons",
        PAGE,
        "fewest neurons found that lose at most 1 % of the gap",
        of="nothing",
    ),
    Claim(
        "few_neurons_beat_all", None, 0, "neurons", PAGE, "fewest neurons found that beat all", of="nothing"
    ),
    Claim("best_15", None, 0, "bpc", PAGE, "the best 15 neurons found", of="nothing"),
    Claim(
        "few_terms",
        None,
        0,
        "terms",
        "q6 justifications, open question",
        "terms of sums that keep a predicted symbol, median",
        of="nothing",
    ),
    Claim(
        "published_limits",
        None,
        0,
        "% of positions",
        "q6 justifications, open question",
        "5 neurons and 3 sources keep the predicted symbol",
        of="nothing",
    ),
    Claim(
        "pmi_preference",
        None,
        0,
        "percentage points",
        "Q7, open question",
        "sensitivity aligned with pairs, above the base rate",
        of="nothing",
    ),
    Claim(
        "unneeded",
        None,
        0,
        "% of wh",
        "Q5, open question",
        "weights that the automaton does not need on the text",
        of="nothing",
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.knockout)
    at = found.ranking_rank.tolist().index("wh-in")
    yield "named_without_running", found.ranking_spearman[at]
    knockouts = found.ranking_top[found.ranking_rank.tolist().index("knockout")]
    yield "named_top", found.ranking_top[at], f"top {found.top_k}; ranked by knockouts {knockouts:.4f}"
    gap = found.uniform - found.baseline
    near = found.best_k[found.best_bpc <= found.baseline + 0.01 * gap]
    ranked = found.minimal_k[found.minimal_bpc <= found.baseline + 0.01 * gap]
    label = f"{found.search}; the fixed ranking needs "
    yield "few_neurons", near.min() if len(near) else None, label + _least(ranked)
    better = found.best_k[found.best_bpc < found.baseline]
    prefix = found.better_prefixes
    yield "few_neurons_beat_all", better.min() if len(better) else None, label + _least(prefix)
    k = np.flatnonzero(found.best_k == 15)
    same = np.flatnonzero(found.minimal_k == 15)
    note = f"{found.search}; the top 15 of the ranking {found.minimal_bpc[same[0]]:.4f}" if len(same) else ""
    yield "best_15", found.best_bpc[k[0]] if len(k) else None, note or "this net has fewer neurons"
    kept = pair.ask(boolrnn.justify)
    middle = kept.quantile.tolist().index(0.5)
    few = f"{kept.quantile_neurons[middle]:.0f} neurons (median)"
    neurons = f"of {few}, their readout weights apart; terms found greedily"
    yield "few_terms", kept.quantile_terms[middle], neurons
    named = kept.model == "5 neurons, 3 sources"
    if named.any():
        yield "published_limits", 100 * kept.model_same[named][0], f"{number(kept.model_bpc[named][0])} bpc"
    else:
        yield "published_limits", None, "this net has fewer than 5 neurons"
    lift = pair.ask(boolrnn.pmi)
    span = f"{lift.intervals}: {lift.order_low[0]:.1f} to {lift.order_high[0]:.1f}"
    yield "pmi_preference", lift.order_lift[0], span
    spare = pair.ask(boolrnn.prune, network=False)
    yield "unneeded", spare.total_percent, spare.total_how


def _least(values: np.ndarray) -> str:
    return f"{values.min()}" if len(values) else "more than all"
