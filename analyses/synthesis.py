"""The synthesis paper and those it draws on: one sentence each, beside what the archived pair gives.

Their tables speak of 520 positions of another text and of weights with a mean |wh| of 2.64; the archived
pair has 1,023 positions and 0.081. So most rows are not comparable, and say what this pair gives.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Claim, Pair, number, percent_of
from analyses.q1_attractor import one_input
from analyses.q7_algebraic import trigrams

PAPER = "synthesis paper"
MAP = "boolean-automaton paper"
PARTS = "q234 results"
JUSTIFY = "q6 justifications"
NARRATIVE = "narrative"
WEIGHTS = "weight-construction page"
CLAIMS = (
    Claim("positions", 520, 0, "positions", PAPER, "positions of the tables", of="other"),
    Claim("wh_positive", 8196, 0, "entries", MAP, "positive entries of wh", of="other"),
    Claim("wh_negative", 8183, 0, "entries", MAP, "negative entries of wh", of="other"),
    Claim("wh_near_zero", 5, 0, "entries", MAP, "entries of wh near 0", of="other"),
    Claim("wh_mean", 2.64, 0.005, "", MAP, "mean |wh|", of="other"),
    Claim("wh_large", 5887, 0, "entries", MAP, "|wh| of 3 and more", of="other"),
    Claim("margins_above_1", 98.9, 0.05, "%", PAPER, "margins above 1", of="other"),
    Claim("margin_mean", 60.5, 0.05, "", PAPER, "mean margin", of="other"),
    Claim("margins_below_0.1", 0.11, 0.005, "%", PAPER, "margins below 0.1", of="other"),
    Claim("perturbation", 4.7e-5, 5e-7, "", PAPER, "largest bound of the mantissa's share", of="other"),
    Claim(
        "margin_ratio",
        6,
        0,
        "decimal digits",
        PAPER,
        "margins are 10^6 times the mantissa's share",
        of="other",
        but="a ratio of means bounds nothing: the least margin is what could flip",
    ),
    Claim("bpc", 4.965, 5e-4, "bpc", PAPER, "the whole model", of="other"),
    Claim("bpc_abstract", 0.079, 5e-4, "bpc", f"{PAPER}, abstract", "the whole model, in the abstract"),
    Claim("no_mantissa", 4.870, 5e-4, "bpc", PAPER, "without mantissas", of="other"),
    Claim("mantissa_cost", 0.095, 5e-4, "bpc", PAPER, "the mantissa costs bits", of="other"),
    Claim("sign_share", 99.7, 0.05, "%", PAPER, "of the compression is in the signs", of="other"),
    Claim(
        "boolean_share", 98.9, 0.05, "%", PAPER, "of neuron-steps the net is a Boolean function", of="other"
    ),
    Claim("sensitivity", 4.6, 0.05, "bits", PAPER, "bits that one flipped bit changes", of="other"),
    Claim("float_flips", 0.13, 0.005, "flips per step", PAPER, "signs that the mantissa flips", of="other"),
    Claim(
        "leverage",
        None,
        0,
        "",
        PAPER,
        "sign : exponent : mantissa as 300 : 52 : 1",
        why="no definition and no program; boolrnn precision measures one of its own",
    ),
    Claim(
        "ranking",
        None,
        0,
        "",
        PAPER,
        "pattern ranking rho = 1.000 from depth 11",
        why="no definition and no program",
    ),
    Claim(
        "decorrelation", 0.0, 0.05, "cosine", PAPER, "gradients decorrelate completely at d = 1", of="other"
    ),
    Claim("dominant_25", 23.4, 0.05, "%", PAPER, "of neurons depend most on d = 25", of="other"),
    Claim("greedy_share", 9.4, 0.05, "%", PAPER, "of sign changes at the MI-greedy offsets", of="other"),
    Claim("h28_percent", 99.7, 0.05, "%", PAPER, "h28 alone gives 99.7 % of the compression", of="other"),
    Claim("top_15_percent", 102.0, 0.5, "%", PAPER, "the top 15 give 102 %", of="other"),
    Claim("h3_dynamics", True, 0, "statement", PARTS, "h3 matters through the dynamics", of="itself"),
    Claim(
        "volatile",
        128,
        0,
        "neurons",
        PAPER,
        "volatile neurons of 128",
        of="other",
        but="any moving neuron is",
    ),
    Claim("steps_per_flip", 3.3, 0.05, "steps", PAPER, "between flips", of="other"),
    Claim(
        "coflip",
        True,
        0,
        "statement",
        PAPER,
        "pairs of neurons flip together with a Jaccard index above 0.5",
        of="other",
        but="neurons that flip at 61 % of the steps reach 0.44 without any coupling",
    ),
    Claim("redux", 4.811, 5e-4, "bpc", PAPER, "15 neurons, wh above 2", of="other"),
    Claim("wh_3_kept", 36.0, 0.5, "%", PAPER, "of wh is kept at threshold 3", of="other"),
    Claim("wh_removable", 78.0, 0.5, "%", PAPER, "of wh can be removed without loss", of="other"),
    Claim(
        "wx_removable",
        87.0,
        2.0,
        "%",
        PAPER,
        "of wx can be zeroed",
        of="other",
        but="most of it is never read",
    ),
    Claim("parameters_20_wh_3", 25_857, 0, "parameters", PAPER, "20 neurons, wh above 3", of="itself"),
    Claim("parameters_15_wh_3", 22_017, 0, "parameters", PAPER, "15 neurons, wh above 3", of="itself"),
    Claim("parameters_wh", 49_753, 0, "parameters", PAPER, "all neurons, wh above 3", of="itself"),
    Claim("parameters_wh_least", 40_002, 0, "parameters", PAPER, "all neurons, wh above 4", of="itself"),
    Claim("parameters_20", 37_689, 0, "parameters", PAPER, "20 neurons, all of wh", of="itself"),
    Claim("suffice_31", 31.0, 0.5, "%", PAPER, "of the parameters suffice: 26,000", of="itself"),
    Claim(
        "weights_per_prediction",
        15,
        0,
        "weights",
        PAPER,
        "about 15 weights justify a prediction",
        of="other",
        but="5 neurons and 3 sources are what the program prints",
    ),
    Claim("backbone_h54", 7, 0, "of 12", JUSTIFY, "predictions that h54 dominates", of="other"),
    Claim("backbone_chain", True, 0, "statement", JUSTIFY, "h54 <- h121 <- h78 is the backbone", of="other"),
    Claim("h54_bottleneck", True, 0, "statement", JUSTIFY, "h54 is the bottleneck", of="other"),
    Claim("h54_flips", 234, 0, "flips", JUSTIFY, "flips of h54", of="other"),
    Claim("h54_margin", 26.7, 0.05, "", JUSTIFY, "mean margin of h54, the smallest", of="other"),
    Claim("pmi_8", 61.0, 0.5, "%", PAPER, "of sensitivity aligned, 8 positions", of="other"),
    Claim("pmi_5_8", [87, 96], 0, "%", PAPER, "aligned at d = 5..8, least and most", of="other"),
    Claim("pmi_beyond_15", True, 0, "statement", PAPER, "below 37 % aligned beyond d = 15", of="other"),
    Claim(
        "pmi_74",
        74.0,
        0.5,
        "%",
        NARRATIVE,
        "of sensitivity aligned with trigrams",
        but="no base rate: cells are aligned about as often without any weighting",
    ),
    Claim("attractors", 49, 0, "of 50", PAPER, "random starts that end in different states", of="other"),
    Claim(
        "cycles",
        0,
        0,
        "cycles",
        PAPER,
        "cycles of period 100 or less",
        of="other",
        but="one start, one input",
    ),
    Claim("unique", 520, 0, "of 520", MAP, "distinct sign vectors", of="other"),
    Claim("flips_per_step", 32.0, 0.5, "neurons", MAP, "flips per step", of="other"),
    Claim("lyapunov", 3.44, 0.005, "nats per step", WEIGHTS, "Lyapunov exponent", of="other"),
    Claim("ergodic", True, 0, "statement", PAPER, "the dynamics is ergodic: no attractor exists", of="other"),
    Claim(
        "optimiser",
        None,
        0,
        "",
        PAPER,
        "trained by BPTT-50 and Adam in 2 million steps",
        why="a weights file does not tell how it was trained",
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    positions = len(pair.symbols) - 1
    yield "positions", positions
    yield from _weights(pair)
    seen, margins = pair.ask(boolrnn.agreement), pair.ask(boolrnn.margins)
    yield "margins_above_1", 100 * (1 - margins.below_1 / margins.count) if margins.count else None
    yield "margin_mean", margins.mean
    yield "margins_below_0.1", 100 * margins.below_0_1 / margins.count if margins.count else None
    yield "perturbation", margins.max_ulp
    ratio = margins.mean / margins.max_ulp if margins.mean and margins.max_ulp else None
    least = (
        "" if margins.safety_factor is None else f"the least margin is {margins.safety_factor:.2f} times it"
    )
    yield "margin_ratio", None if ratio is None else round(np.log10(ratio)), least
    yield from _signs(pair, seen)
    yield from _neurons(pair)
    yield from _pruned(pair)
    yield from _justified(pair)
    found = pair.ask(boolrnn.pmi, as_published=True)
    base = number(found.base_counted, ".1f")
    yield "pmi_8", found.eight_bigram, f"of all cells at {found.positions} positions {base} %"
    near, far = found.eight_percent[4:8], found.eight_percent[15:]
    some = bool(np.isfinite(near).all() and np.isfinite(far).all())
    yield "pmi_5_8", [round(near.min()), round(near.max())] if some else None
    span = f"{far.min():.1f} to {far.max():.1f} %" if some else ""
    yield "pmi_beyond_15", bool(far.max() < 37) if some else None, span
    yield "pmi_74", found.order_percent[1], trigrams(found)
    yield from _dynamics(pair)


def _weights(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found, size = boolrnn.info(pair.source), np.abs(pair.weights.wh)
    yield "wh_positive", found.wh_positive
    yield "wh_negative", found.wh_negative
    yield "wh_near_zero", found.wh_near_zero
    yield "wh_mean", size.mean(dtype=np.float64)
    yield "wh_large", (size >= 3).sum()


def _signs(pair: Pair, seen: boolrnn.Agreement) -> Iterator[tuple[Any, ...]]:
    """What is left of the predictions without mantissas, and of the dynamics without values."""
    full, uniform = seen.bpc_float, np.log2(pair.weights.outputs)
    yield "bpc", full
    yield "bpc_abstract", full
    none, steady = _without_mantissas(seen)
    exact = pair.ask(boolrnn.precision, bits=(0,), leverage_positions=1)
    alone = number(exact.readout_bpc[0] if len(exact.readout_bpc) else None)
    yield "no_mantissa", none, f"truncated inside the recurrence; in the readout alone {alone}", steady
    cost = None if full is None or none is None else full - none
    yield "mantissa_cost", cost, "positive: the net is better without mantissas", steady
    share = None if full is None else percent_of(uniform - seen.bpc_sign_readout, uniform - full)
    run = (
        ""
        if full is None
        else f"read out only; with sign dynamics {number(seen.bpc_sign_dynamics, '.2f')} bpc"
    )
    yield "sign_share", share, run
    free = "" if seen.free_run is None else f"free run {100 * seen.free_run:.1f} %"
    yield "boolean_share", None if seen.one_step is None else 100 * seen.one_step, f"one step; {free}"
    found = pair.ask(boolrnn.influence, as_published=True)
    yield "sensitivity", found.mean_out_degree
    positions = len(pair.symbols) - 1
    yield "float_flips", seen.sign_differences / positions if positions else None
    at = np.flatnonzero(exact.gradient_depth == 1)
    least = f"least of all positions {exact.gradient_cosine_least[at[0]]:.8f}" if len(at) else ""
    yield "decorrelation", exact.gradient_cosine[at[0]] if len(at) else None, f"float32 and float64; {least}"
    note = (
        "" if exact.lyapunov_low is None else f"95 %: {exact.lyapunov_low:.4f} to {exact.lyapunov_high:.4f}"
    )
    yield "lyapunov", exact.lyapunov, f"{note}; chaotic only above 0"


def _without_mantissas(seen: boolrnn.Agreement) -> tuple[float | None, bool]:
    """bpc with no mantissa bit kept, and whether rounding leaves it as it is."""
    at = np.flatnonzero(seen.mantissa_bits == 0)
    return (float(seen.mantissa_bpc[at[0]]), bool(seen.mantissa_stable[at[0]])) if len(at) else (None, True)


def _neurons(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """Distances, knockouts, flips."""
    found = pair.ask(boolrnn.offsets, as_published=True)
    at = dict(zip(found.dominant_d.tolist(), found.dominant_neurons.tolist(), strict=True))
    mode = int(found.dominant_d[found.dominant_neurons.argmax()])
    span = 100 * sum(at.get(d, 0) for d in range(18, 26)) / pair.weights.hidden
    yield (
        "dominant_25",
        100 * at.get(25, 0) / pair.weights.hidden,
        f"most neurons: d = {mode}; d = 18..25 {span:.1f} %",
    )
    share = found.greedy_share
    yield (
        "greedy_share",
        None if share is None else 100 * share,
        "a flat profile gives 13.3 %; distances one short",
    )
    knocked = pair.ask(boolrnn.knockout, as_published=True)
    gap = knocked.uniform - knocked.baseline
    bias = f"the bias alone gives {number(percent_of(knocked.uniform - knocked.bias_only, gap), '.1f')} %"
    rank = {j: k for k, j in enumerate(knocked.single_neuron.tolist())}
    yield (
        "h28_percent",
        lambda: _alone(pair, knocked),
        f"h28 ranks {rank[28] + 1}; {bias}" if 28 in rank else "",
    )
    kept = dict(zip(knocked.minimal_k.tolist(), knocked.minimal_percent.tolist(), strict=True))
    yield "top_15_percent", kept.get(15), "" if 15 in kept else "this net has fewer neurons"
    yield "h3_dynamics", lambda: _moved(pair), "the knockout leaves every hidden state as it is"
    flips = pair.ask(boolrnn.dwell, as_published=True)
    classes = dict(zip(flips.class_name.tolist(), flips.class_count.tolist(), strict=True))
    yield "volatile", classes["volatile"]
    yield "steps_per_flip", flips.mean_dwell
    yield "h54_flips", lambda: flips.neuron_flips[pair.neuron(54)]
    margins = pair.ask(boolrnn.margins)
    least = int(margins.neuron_mean.argmin())
    yield "h54_margin", lambda: margins.neuron_mean[pair.neuron(54)], f"the smallest is that of h{least}"
    yield "flips_per_step", flips.flips_per_step
    pairs = pair.ask(boolrnn.coflips, as_published=True)
    best = pairs.pair_jaccard.argmax() if len(pairs.pair_a) else None
    which = (
        ""
        if best is None
        else f"h{pairs.pair_a[best]} and h{pairs.pair_b[best]}: {pairs.pair_jaccard[best]:.3f}"
    )
    yield "coflip", bool(best is not None and pairs.pair_jaccard[best] > 0.5), which


def _alone(pair: Pair, knocked: boolrnn.Knockout) -> float | None:
    """Percent of the gap to uniform that h28 alone closes."""
    j = pair.neuron(28)
    only = np.zeros_like(pair.weights.wy)
    only[:, j] = pair.weights.wy[:, j]
    weights = dataclasses.replace(pair.weights, wy=only)
    cost = boolrnn.bpc(weights, boolrnn.trace(pair.weights, pair.symbols, tanh=pair.tanh))
    return percent_of(knocked.uniform - cost, knocked.uniform - knocked.baseline)


def _moved(pair: Pair) -> bool:
    """Whether the knockout of h3 changes any hidden state."""
    wy = pair.weights.wy.copy()
    wy[:, pair.neuron(3)] = 0
    nets = (pair.weights, dataclasses.replace(pair.weights, wy=wy))
    one, other = (boolrnn.trace(net, pair.symbols, tanh=pair.tanh).hidden for net in nets)
    return not np.array_equal(one, other)


def _pruned(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """Pruned models; parameters by the program's formula with the paper's own 5,887 entries of wh."""
    found = pair.ask(boolrnn.prune, as_published=True)
    rows = list(zip(found.combined_k.tolist(), found.combined_threshold.tolist(), strict=True))
    at = rows.index((15, 2.0)) if (15, 2.0) in rows else None
    yield "redux", None if at is None else found.combined_bpc[at], "" if at is not None else "fewer neurons"
    k = found.wh_threshold.tolist().index(3.0)
    yield "wh_3_kept", 100 - found.wh_zeroed[k], f"{found.wh_bpc[k]:.4f} bpc"
    yield "suffice_31", 100 * 44_159 / 82_304, "20 neurons, wh above 3, by the program's formula: 44,159"
    sound = pair.ask(boolrnn.prune, automaton=False)
    for name in ("wh", "wx"):
        k = sound.lossless_matrix.tolist().index(name)
        lost = f"up to {1000 * sound.tolerance:g} mbit; {sound.lossless_bpc[k]:.4f} bpc"
        if name == "wx":
            lost += f"; {sound.unread_percent:.1f} % belong to symbols that are never read"
        yield f"{name}_removable", sound.lossless_zeroed[k], lost, bool(sound.lossless_stable[k])
    for name, k, entries in (
        ("parameters_20_wh_3", 20, 5887),
        ("parameters_15_wh_3", 15, 5887),
        ("parameters_wh", 128, 5887),
        ("parameters_wh_least", 128, 0),
        ("parameters_20", 20, 16_384),
    ):
        least = " at the least: all of wh removed" if not entries else ""
        yield name, 32_768 + entries + 128 + 256 * k + 256, f"by the program's formula{least}"


def _justified(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """What suffices for a prediction, and which route carries it."""
    found = pair.ask(boolrnn.justify, as_published=True)
    every = pair.ask(boolrnn.justify)
    middle = every.quantile.tolist().index(0.5)
    limits = 100 * every.model_same[every.model == "5 neurons, 3 sources"]
    share = number(limits[0] if len(limits) else None, ".0f")
    alone = f"5 neurons with 3 sources each keep the predicted symbol at {share} % of the positions"
    few = (
        f"terms of {every.quantile_neurons[middle]:.0f} neurons suffice (median), their readout weights apart"
    )
    yield "weights_per_prediction", every.quantile_terms[middle], f"{few}; {alone}"
    dominant = dict(zip(found.dominant_neuron.tolist(), found.dominant_count.tolist(), strict=True))
    listed = set(found.member_neuron.tolist())
    among = "h54, h121 and h78 are never among the five" if not listed & {54, 121, 78} else ""
    yield "backbone_h54", lambda: dominant.get(pair.neuron(54), 0), among
    flips = pair.ask(boolrnn.influence)
    out = flips.flips.sum(axis=0)
    first = f"h{out.argmax()} decides most: {out.max() / max(flips.positions, 1):.2f} neurons a flip"
    yield "h54_bottleneck", lambda: bool(out[pair.neuron(54)] == out.max()), first
    yield (
        "backbone_chain",
        lambda: _carries(pair, flips)[0],
        _carries(pair, flips)[1] if pair.weights.hidden > 121 else "",
    )


def _carries(pair: Pair, found: boolrnn.Influence) -> tuple[bool, str]:
    """Whether both links of the named route are the heaviest of their target, and how often they act."""
    links = ((54, 121), (pair.neuron(121), 78))
    first = all(found.flips[to, source] == found.flips[to].max() > 0 for to, source in links)
    rates = (100 * found.flips[to, source] / found.positions for to, source in links)
    return first, "h54 <- h121 at {:.2f} % of the positions, h121 <- h78 at {:.2f} %".format(*rates)


def _dynamics(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """Attractors, distinct states, ergodicity."""
    rows = {name: value for name, value, *_ in one_input(pair)}
    yield "attractors", rows["final_states"]
    yield "cycles", int(rows["period"] > 0)
    bits = boolrnn.trace(pair.weights, pair.symbols, tanh=pair.tanh).bits[:520]
    yield "unique", len(np.unique(bits, axis=0)), "the network's own signs"
    x = int(pair.symbols[min(42, len(pair.symbols) - 1)])
    found = boolrnn.cycles(pair.automaton, [x], starts=4, seed=42)
    periods = ", ".join(f"{period:,}" for period in found.cycle_period.tolist())
    yield (
        "ergodic",
        not len(found.cycle_period),
        f"4 of 4 random starts under x_42 end in cycles: periods {periods}",
    )
