"""The knockout page: which neurons the readout needs, and what is said to follow for pruning."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Claim, Pair, percent_of

PAGE = "knockout page"
TABLE = "knockout page, keep-k table"
CLAIMS = (
    Claim("parameters", 82_304, 0, "parameters", PAGE, "the model has 82,304 parameters"),
    Claim("baseline", 0.0792, 5e-5, "bpc", PAGE, "the whole model"),
    Claim("top_10", [8, 56, 68, 99, 15, 52, 76, 90, 73, 50], 0, "neurons", PAGE, "the ten that cost most"),
    Claim("h8", 0.0348, 5e-5, "bpc", PAGE, "cost of removing h8"),
    Claim("h8_norm", 6.10, 0.005, "", PAGE, "|Wy| column norm of h8"),
    Claim("h50", 0.0127, 5e-5, "bpc", PAGE, "cost of removing h50"),
    Claim("h50_norm", 3.29, 0.005, "", PAGE, "|Wy| column norm of h50"),
    Claim("h8_promotes", "/i cd", 0, "", PAGE, "symbols that h8 promotes"),
    Claim("h8_demotes", "aeop:", 0, "", PAGE, "symbols that h8 demotes"),
    Claim("h68_promotes", "mienp", 0, "", PAGE, "symbols that h68 promotes"),
    Claim("without_10", 0.93, 0.005, "bpc", PAGE, "without the ten that cost most"),
    Claim("keep_1", 5.928, 5e-4, "bpc", TABLE, "with the top neuron alone"),
    Claim("keep_15", 1.886, 5e-4, "bpc", TABLE, "with the top 15"),
    Claim("keep_30", 0.707, 5e-4, "bpc", TABLE, "with the top 30"),
    Claim("keep_50", 0.284, 5e-4, "bpc", TABLE, "with the top 50"),
    Claim("keep_80", 0.115, 5e-4, "bpc", TABLE, "with the top 80"),
    Claim("keep_120", 0.079, 5e-4, "bpc", TABLE, "with the top 120"),
    Claim("percent_1", 26.2, 0.05, "%", TABLE, "of the gap, top 1"),
    Claim("percent_15", 77.2, 0.05, "%", TABLE, "of the gap, top 15"),
    Claim("percent_30", 92.1, 0.05, "%", TABLE, "of the gap, top 30"),
    Claim("percent_50", 97.4, 0.05, "%", TABLE, "of the gap, top 50"),
    Claim("percent_80", 99.5, 0.05, "%", TABLE, "of the gap, top 80"),
    Claim("percent_120", 100.0, 0.05, "%", TABLE, "of the gap, top 120"),
    Claim(
        "percent_10",
        65.0,
        0.5,
        "%",
        PAGE,
        "ten neurons give 65 % of the compression",
        but="the gap is counted from uniform: the bias alone closes a part of it",
    ),
    Claim("wh_kept", 1.3, 0.05, "%", PAGE, "wh entries of 0.5 and more"),
    Claim("wh_pruned", 8.37, 0.005, "bpc", PAGE, "with no others in wh"),
    Claim("wh_median", 0.047, 5e-4, "", PAGE, "median |wh|"),
    Claim("wh_90", 0.186, 5e-4, "", PAGE, "90th percentile of |wh|"),
    Claim("wh_max", 1.393, 5e-4, "", PAGE, "largest |wh|"),
    Claim("fifteen_beat_all", True, 0, "statement", PAGE, "15 neurons beat the full 128", of="itself"),
    Claim(
        "better_15_to_30", True, 0, "statement", PAGE, "keeping 15 to 30 gives a better model", of="itself"
    ),
    Claim("top_15_percent", 102.0, 0.5, "%", PAGE, "the top 15 give 102 % of the compression", of="itself"),
    Claim("rest_is_noise", True, 0, "statement", PAGE, "all but the top 15 are noise", of="itself"),
    Claim(
        "every_variant", True, 0, "statement", PAGE, "every pruned variant beats the full model", of="itself"
    ),
    Claim(
        "small_beats_full", True, 0, "statement", PAGE, "26,000 of 82,000 parameters beat all", of="itself"
    ),
    Claim("last_8", 0.0, 5e-5, "bpc", PAGE, "the last 8 neurons contribute exactly zero"),
    Claim(
        "h8_share",
        44.0,
        0.5,
        "%",
        PAGE,
        "h8 costs nearly half of the total compression",
        but="it is that share of the loss, not of the compression",
    ),
    Claim("after_30", True, 0, "statement", PAGE, "without the top 30 it barely compresses", of="itself"),
    Claim("gap", True, 0, "statement", PAGE, "the gap is marginal minus full"),
    Claim("opposite", True, 0, "statement", PAGE, "h8 and h68 are anti-correlated, opposite"),
    Claim("redux", 4.868, 5e-4, "bpc", PAGE, "top 15 with 0.1 % of wh"),
    Claim("parameters_30", 57_000, 500, "parameters", PAGE, "with the top 30"),
    Claim("parameters_20", 38_000, 500, "parameters", PAGE, "with the top 20", of="itself"),
    Claim("parameters_15", 37_000, 500, "parameters", PAGE, "with the top 15, all of wh", of="itself"),
    Claim("smooth", True, 0, "statement", PAGE, "bpc increases smoothly as neurons are removed"),
    Claim("lottery", True, 0, "statement", PAGE, "a lottery ticket: the sparse net beats the dense one"),
    Claim(
        "decoded",
        None,
        0,
        "",
        PAGE,
        "roles of neurons by q3_decode_neurons and q3_neuron_roles",
        why="the two programs are not in the public repository; see boolrnn roles",
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    yield "parameters", boolrnn.info(pair.source).parameters
    found = pair.ask(boolrnn.knockout, as_published=True)
    every = pair.ask(boolrnn.knockout, search=False)
    pruned = pair.ask(boolrnn.prune, as_published=True)
    yield "baseline", found.baseline
    yield from _neurons(pair, found)
    kept = dict(zip(every.minimal_k.tolist(), range(len(every.minimal_k)), strict=True))
    for k in (1, 15, 30, 50, 80, 120):
        yield f"keep_{k}", every.minimal_bpc[kept[k]] if k in kept else None, _fewer(k, kept)
    for k in (1, 15, 30, 50, 80, 120, 10):
        bias = f"{every.minimal_of_bias_gap[kept[k]]:.1f} % of the gap to the bias" if k in kept else ""
        yield f"percent_{k}", every.minimal_percent[kept[k]] if k in kept else None, bias or _fewer(k, kept)
    yield from _matrices(pruned)
    yield from _sayings(pair, every, pruned, kept)
    curve = found.cumulative_bpc
    falls = int((np.diff(every.minimal_bpc) > 0).sum())
    kept_alone = f"keeping one neuron more costs bits in {falls} of {len(every.minimal_bpc) - 1} steps"
    yield "smooth", bool((np.diff(curve) > 0).all()), f"in every row of the page; {kept_alone}"


def _fewer(k: int, kept: dict[int, int]) -> str:
    return "" if k in kept else f"this net has fewer than {k} neurons"


def _neurons(pair: Pair, found: boolrnn.Knockout) -> Iterator[tuple[Any, ...]]:
    """What single neurons cost, promote and demote."""
    yield "top_10", found.single_neuron[:10]
    row = {j: k for k, j in enumerate(found.single_neuron.tolist())}
    for j in (8, 50):
        yield f"h{j}", lambda j=j: found.single_delta[row[pair.neuron(j)]]
        yield f"h{j}_norm", lambda j=j: found.single_norm[row[pair.neuron(j)]]
    for name, j, listed in (
        ("h8_promotes", 8, found.single_promotes),
        ("h8_demotes", 8, found.single_demotes),
        ("h68_promotes", 68, found.single_promotes),
    ):
        yield name, lambda j=j, listed=listed: _text(pair, listed[row[pair.neuron(j)]])
    removed = dict(zip(found.cumulative_k.tolist(), found.cumulative_bpc.tolist(), strict=True))
    yield "without_10", removed.get(10), _fewer(10, removed)


def _text(pair: Pair, symbols: np.ndarray) -> str:
    """Symbols as characters."""
    letters = pair.weights.alphabet
    return bytes((symbols if letters is None else letters[symbols]).tolist()).decode("latin-1")


def _matrices(pruned: boolrnn.Prune) -> Iterator[tuple[Any, ...]]:
    """What is left of wh, and its distribution."""
    at = pruned.wh_threshold.tolist().index(0.5)
    yield "wh_kept", 100 - pruned.wh_zeroed[at]
    yield "wh_pruned", pruned.wh_bpc[at], "", bool(pruned.wh_stable[at])
    values = dict(zip(pruned.percentile.tolist(), pruned.percentile_value.tolist(), strict=True))
    yield "wh_median", values[50]
    yield "wh_90", values[90]
    yield "wh_max", pruned.wh_max


def _sayings(
    pair: Pair, every: boolrnn.Knockout, pruned: boolrnn.Prune, kept: dict[int, int]
) -> Iterator[tuple[Any, ...]]:
    """Statements in words, against the page's own tables."""
    full, hidden = every.baseline, pair.weights.hidden
    least = min(15, hidden)
    few, percent = every.minimal_bpc[kept[least]], every.minimal_percent[kept[least]]
    yield "fifteen_beat_all", few < full, f"{few:.4f} against {full:.4f} bpc"
    some = every.minimal_bpc[(every.minimal_k >= 15) & (every.minimal_k <= 30)]
    value, note = (None, _fewer(15, kept)) if not len(some) else (bool(some.min() < full), "")
    yield "better_15_to_30", value, note or f"at best {some.min():.4f} against {full:.4f} bpc"
    yield "top_15_percent", percent, "the page's own table has 77.2"
    yield "rest_is_noise", few <= full, f"they carry {few - full:.4f} bpc"
    rows = [(pruned.wh_bpc, pruned.wh_zeroed), (pruned.wx_bpc, pruned.wx_zeroed)]
    variants = np.concatenate([bpc[zeroed > 0] for bpc, zeroed in rows])
    better = int((variants < full).sum())
    yield "every_variant", better == len(variants), f"{better} of {len(variants)} pruned rows do"
    small = pruned.combined_parameters < 0.5 * pruned.parameters
    best = pruned.combined_bpc[small].min() if small.any() else np.nan
    yield "small_beats_full", bool(best < full), f"best of the published rows below half: {best:.4f} bpc"
    k = hidden - 8
    last = every.minimal_bpc[kept[k]] - full if k in kept else None
    yield "last_8", last, "the model is better without them" if last is not None and last < 0 else ""
    of_gap = f"of the gap to uniform it is {100 * every.single_of_gap[0]:.2f} %"
    yield "h8_share", 100 * every.single_of_loss[0], of_gap
    removed = dict(zip(every.cumulative_k.tolist(), every.cumulative_bpc.tolist(), strict=True))
    gap = every.uniform - full
    left = percent_of(every.uniform - removed[30], gap) if 30 in removed else None
    said = None if left is None else left < 25
    yield (
        "after_30",
        said,
        _fewer(30, kept) if left is None else f"{left:.1f} % of the gap is left; a quarter would be little",
    )
    bias = percent_of(every.uniform - every.bias_only, gap)
    used = None if bias is None else not np.isclose(every.minimal_percent[0], bias)
    yield "gap", used, "the tables use uniform outputs minus full"
    yield "opposite", lambda: _opposite(pair)[0], _opposite(pair)[1] if hidden > 68 else ""
    yield from _reduced(pruned, every, full)


def _opposite(pair: Pair) -> tuple[bool, str]:
    """Whether h8 and h68 are anti-correlated: their readout columns, and their activations."""
    columns = pair.weights.wy[:, [8, pair.neuron(68)]].astype(np.float64)
    hidden = boolrnn.trace(pair.weights, pair.symbols, tanh=pair.tanh).hidden[:-1, [8, 68]].astype(np.float64)
    readout, active = (float(np.corrcoef(values.T)[0, 1]) for values in (columns, hidden))
    both = set.intersection(*(set((-column).argsort(kind="stable")[:5].tolist()) for column in columns.T))
    alike = _text(pair, np.array(sorted(both), int))
    note = f"r of the readout columns {readout:.3f}, of the values {active:.3f}"
    return max(readout, active) < -0.5, note + (f"; both promote {alike!r}" if alike else "")


def _reduced(pruned: boolrnn.Prune, every: boolrnn.Knockout, full: float) -> Iterator[tuple[Any, ...]]:
    """Models of few neurons and few weights."""
    rows = list(zip(pruned.combined_k.tolist(), pruned.combined_threshold.tolist(), strict=True))
    at = rows.index((15, 1.0)) if (15, 1.0) in rows else None
    missing = "this net has fewer neurons"
    if at is None:
        yield "redux", None, missing
    else:
        last = rows.index((15, 2.0))
        note = f"at threshold 1, {pruned.combined_kept[at]:.1f} % of wh kept; at threshold 2 "
        note += f"{pruned.combined_bpc[last]:.4f}, {pruned.combined_kept[last]:.1f} % kept"
        yield "redux", pruned.combined_bpc[at], note, bool(pruned.combined_stable[at])
    for k in (30, 20, 15):
        here = rows.index((k, 0.0)) if (k, 0.0) in rows else None
        value = None if here is None else pruned.combined_parameters[here]
        note = missing if here is None else "by the program's formula"
        if k == 15 and pruned.redux_parameters is not None:
            note += f"; {pruned.redux_parameters:,} with wh below 2 removed"
        yield f"parameters_{k}", value, note
    better = every.better_prefixes
    least = (
        f"only prefixes of {better.min()} neurons and more beat all" if len(better) else "no prefix beats all"
    )
    gain = f", by {full - every.prefix_bpc:.4f} bpc at best" if len(better) else ""
    yield "lottery", bool(len(better) and better.min() <= 0.5 * every.neurons), least + gain
