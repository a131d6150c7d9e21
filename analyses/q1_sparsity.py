"""Q1 sparsity: gradient attribution of weights, by threshold and by depth.

As published the derivative by an input term lacks that neuron's own gate, the current symbol is left out,
and "d = 0" is a sum of readout gradients without a weight.
"""

from collections.abc import Iterator
from typing import Any

import boolrnn
from analyses.protocol import Claim, Pair, number

PROGRAM = "program q1_sparsity, archived pair"
CLAIMS = (
    Claim("significant_wx", 5371, 0, "weights", PROGRAM, "|wx| > 0.01"),
    Claim("significant_wh", 14_245, 0, "weights", PROGRAM, "|wh| > 0.01"),
    Claim("significant_wy", 25_178, 0, "weights", PROGRAM, "|wy| > 0.01"),
    Claim("mean_0.00001", 14_938.8574, 15, "patterns", PROGRAM, "active above 0.00001, mean"),
    Claim("mean_0.01", 1165.8035, 1.2, "patterns", PROGRAM, "active above 0.01, mean"),
    Claim("median_0.01", 15, 0, "patterns", PROGRAM, "active above 0.01, median"),
    Claim("max_0.01", 17_710, 18, "patterns", PROGRAM, "active above 0.01, most"),
    Claim("mean_1", 7.7175, 0.008, "patterns", PROGRAM, "active above 1, mean"),
    Claim("wh_0.01", 1018.1554, 1.1, "patterns", PROGRAM, "of wh, active above 0.01, mean"),
    Claim("never_wx", 28_635, 29, "patterns", PROGRAM, "of wx, never active above 0.01"),
    Claim("never_wh", 735, 1, "patterns", PROGRAM, "of wh, never active above 0.01"),
    Claim("never_wy", 27_965, 28, "patterns", PROGRAM, "of wy, never active above 0.01"),
    Claim("depth_0", 0.7570, 5e-5, "", PROGRAM, "mass at d = 0"),
    Claim("depth_1", 0.1763, 5e-5, "", PROGRAM, "mass at d = 1", but="a gate is left out"),
    Claim("depth_8", 0.3415, 5e-5, "", PROGRAM, "mass at d = 8", but="a gate is left out"),
    Claim("depth_20", 0.7287, 5e-5, "", PROGRAM, "mass at d = 20", but="a gate is left out"),
    Claim("depth_21", 0.8271, 5e-5, "", PROGRAM, "mass at d = 21", but="a gate is left out"),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.attribution, as_published=True)
    yield "significant_wx", found.significant_wx
    yield "significant_wh", found.significant_wh
    yield "significant_wy", found.significant_wy
    row = {f"{tau:.6g}": k for k, tau in enumerate(found.tau.tolist())}
    yield "mean_0.00001", found.tau_mean[row["1e-05"]], "", bool(found.tau_stable[row["1e-05"]])
    k = row["0.01"]
    yield "mean_0.01", found.tau_mean[k], "", bool(found.tau_stable[k])
    yield "median_0.01", found.tau_median[k]
    yield "max_0.01", found.tau_max[k] if len(found.t) else None
    yield "mean_1", found.tau_mean[row["1"]], "", bool(found.tau_stable[row["1"]])
    yield "wh_0.01", found.tau_wh[k], "", bool(found.tau_stable[k])
    yield "never_wx", found.never_wx
    yield "never_wh", found.never_wh
    yield "never_wy", found.never_wy
    yield "depth_0", found.d_mass[0], "a sum of readout gradients, without a weight"
    sound = pair.ask(boolrnn.attribution, depth=21, thresholds=(0.01,))
    for d in (1, 8, 20, 21):
        if d < len(found.d_mass):
            gated = f"with every gate: {number(sound.d_mass[d])}"
            yield f"depth_{d}", found.d_mass[d], gated, found.d_stable[d]
        else:
            yield f"depth_{d}", None, f"no position {d} steps on"
