"""The Q1 sparsity page: how many patterns are active, and how far back the input matters."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Absent, Claim, Pair, number

PAGE = "Q1 sparsity page"
CLAIMS = (
    Claim("significant", 44_794, 0, "weights", PAGE, "|w| > 0.01"),
    Claim("median", 15, 0, "patterns", PAGE, "active at 0.01, median"),
    Claim("mean", 1166, 1, "patterns", PAGE, "active at 0.01, mean"),
    Claim("mean_to_median", 78, 0.5, "", PAGE, "mean over median"),
    Claim("wh_share_0.001", 88.0, 0.5, "%", PAGE, "of active patterns are in wh, at 0.001"),
    Claim("wh_share_0.01", 87.0, 0.5, "%", PAGE, "the same at 0.01"),
    Claim("wh_share_0.1", 85.0, 0.5, "%", PAGE, "the same at 0.1"),
    Claim("wh_active", 95.5, 0.05, "%", PAGE, "of wh is active somewhere"),
    Claim(
        "never_active", [28_635, 735, 27_965], 0, "patterns", PAGE, "of wx, wh, wy never active above 0.01"
    ),
    Claim("distinct", 52, 0, "symbols", PAGE, "distinct bytes in the text"),
    Claim("depth_0", 0.757, 5e-4, "", PAGE, "mass at d = 0"),
    Claim(
        "depth_peak",
        21,
        0,
        "steps",
        PAGE,
        "where the mass peaks",
        but="the gate of the input term is left out",
    ),
    Claim(
        "depth_peak_mass",
        0.827,
        5e-4,
        "",
        PAGE,
        "the mass there",
        but="the gate of the input term is left out",
    ),
    Claim(
        "oscillates",
        True,
        0,
        "statement",
        PAGE,
        "beyond the peak it oscillates between 0.5 and 0.7 of d = 0, out to d = 50",
        but="approximately, and without the gate of the input term; d = 0 is another quantity",
    ),
    Claim("predictions", 1024, 0, "positions", PAGE, "predictions, t = 0..1023", of="itself"),
    Claim(
        "exceeds_0",
        True,
        0,
        "statement",
        PAGE,
        "the peak exceeds d = 0",
        but="d = 0 has no weight as a factor: unlike quantities are compared",
    ),
    Claim("does_not_vanish", True, 0, "statement", PAGE, "the gradient does not vanish with depth"),
    Claim(
        "fifteen_of",
        15,
        0,
        "patterns",
        PAGE,
        "a prediction uses 15 of 44,794 patterns",
        but="gradients are proportional to 1 - P(y): small where the net is right; active patterns are drawn "
        "from all weights, not from the 44,794",
    ),
    Claim(
        "wy_rule",
        None,
        0,
        "",
        PAGE,
        "a readout pattern counts where h_j has the correct sign",
        why="text and program differ: the program has no such condition, and the tables are the program's",
    ),
    Claim(
        "wh_rule",
        None,
        0,
        "",
        PAGE,
        "a recurrent pattern is gated by its source neuron",
        why="text and program differ: the program gates by the target, and the tables are its own",
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.attribution, as_published=True)
    sound = pair.ask(boolrnn.attribution)
    row = {f"{tau:.6g}": k for k, tau in enumerate(found.tau.tolist())}
    k = row["0.01"]
    yield "significant", found.significant_total
    yield "median", found.tau_median[k]
    yield "mean", found.tau_mean[k]
    yield "mean_to_median", found.tau_mean[k] / found.tau_median[k] if found.tau_median[k] else None
    for tau in ("0.001", "0.01", "0.1"):
        at = row[tau]
        yield f"wh_share_{tau}", 100 * found.tau_wh[at] / found.tau_mean[at] if found.tau_mean[at] else None
    yield "wh_active", 100 * (1 - found.never_wh / found.patterns_wh)
    yield "never_active", np.array([found.never_wx, found.never_wh, found.never_wy])
    yield "distinct", len(np.unique(pair.symbols))
    yield "depth_0", found.d_mass[0], "a sum of readout gradients, without a weight"
    yield "predictions", len(found.t), "1,024 bytes give one prediction fewer"
    share = "-" if sound.costliest_bits is None else f"{100 * sound.costliest_bits:.0f} % of all bits"
    yield "fifteen_of", found.tau_median[k], f"the costliest tenth of the positions costs {share}"
    if len(found.d_mass) < 51:
        raise Absent("the text is shorter than the depths looked at")
    yield from _depths(found, sound)


def _depths(found: boolrnn.Attribution, sound: boolrnn.Attribution) -> Iterator[tuple[Any, ...]]:
    """The depth profile as published, and with every gate."""
    peak = int(found.d_mass[1:].argmax()) + 1
    gated = f"with every gate the peak is {sound.d_mass.max():.4f} at d = {sound.peak}"
    yield "depth_peak", peak, gated
    yield "depth_peak_mass", found.d_mass[peak], gated
    beyond = found.d_fraction[22:]
    inside = ((beyond >= 0.5) & (beyond <= 0.7)).sum()
    span = (
        f"{inside} of the {len(beyond)} distances d = 22..50; {beyond.min():.3f} to {beyond.max():.3f} in all"
    )
    yield "oscillates", bool(inside >= 0.8 * len(beyond)), span
    like = f"like with like, {gated}, the current symbol {sound.d_mass[0]:.4f}"
    yield "exceeds_0", found.d_mass[peak] > found.d_mass[0], like
    near, far = sound.d_mass[1], sound.d_mass[50]
    ratio = far / near if near else np.nan
    yield "does_not_vanish", bool(ratio > 1), f"with every gate d = 50 has {number(ratio, '.1f')} times d = 1"
