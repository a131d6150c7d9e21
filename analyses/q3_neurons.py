"""Q3 neurons: what the readout loses without a neuron, and what it keeps with few.

The published percentages are of the gap to uniform outputs; the bias alone closes a part of it.
"""

from collections.abc import Iterator
from typing import Any

import boolrnn
from analyses.protocol import Claim, Pair

PROGRAM = "program q3_neurons, archived pair"
CLAIMS = (
    Claim("baseline", 0.0792, 5e-5, "bpc", PROGRAM, "the whole model"),
    Claim("single_h8", 0.1140, 5e-5, "bpc", PROGRAM, "without h8"),
    Claim("single_h56", 0.1042, 5e-5, "bpc", PROGRAM, "without h56"),
    Claim("single_h68", 0.1037, 5e-5, "bpc", PROGRAM, "without h68"),
    Claim("without_1", 0.1140, 5e-5, "bpc", PROGRAM, "without the first of the ranking"),
    Claim("without_20", 1.8594, 5e-5, "bpc", PROGRAM, "without the first 20"),
    Claim("without_120", 6.1619, 5e-5, "bpc", PROGRAM, "without the first 120"),
    Claim("bias_only", 6.6586, 5e-5, "bpc", PROGRAM, "without any"),
    Claim("keep_1", 5.9279, 5e-5, "bpc", PROGRAM, "with the first alone"),
    Claim("keep_15", 1.8862, 5e-5, "bpc", PROGRAM, "with the first 15"),
    Claim("keep_20", 1.4117, 5e-5, "bpc", PROGRAM, "with the first 20"),
    Claim("keep_120", 0.0787, 5e-5, "bpc", PROGRAM, "with the first 120"),
    Claim(
        "percent_1",
        26.16,
        5e-3,
        "%",
        PROGRAM,
        "of the gap, the first alone",
        but="the bias alone closes a part of the gap",
    ),
    Claim("sign_h8", 0.0871, 5e-5, "bpc", PROGRAM, "with the sign of h8 for its value"),
    Claim(
        "sign_first",
        [8, 52, 61, 68, 99],
        0,
        "neurons",
        PROGRAM,
        "those whose value matters most beside the sign",
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.knockout, as_published=True)
    yield "baseline", found.baseline
    single = dict(zip(found.single_neuron.tolist(), found.single_bpc.tolist(), strict=True))
    for j in (8, 56, 68):
        yield f"single_h{j}", lambda j=j: single[pair.neuron(j)]
    removed = dict(zip(found.cumulative_k.tolist(), found.cumulative_bpc.tolist(), strict=True))
    for k in (1, 20, 120):
        yield f"without_{k}", removed.get(k), "" if k in removed else "this net has fewer neurons"
    yield "bias_only", found.bias_only
    kept = dict(zip(found.minimal_k.tolist(), found.minimal_bpc.tolist(), strict=True))
    for k in (1, 15, 20, 120):
        yield f"keep_{k}", kept.get(k), "" if k in kept else "this net has fewer neurons"
    yield (
        "percent_1",
        found.minimal_percent[0],
        f"of the gap to the bias: {found.minimal_of_bias_gap[0]:.1f} %",
    )
    signs = dict(zip(found.sign_neuron.tolist(), found.sign_bpc.tolist(), strict=True))
    yield "sign_h8", lambda: signs[pair.neuron(8)]
    yield "sign_first", found.sign_neuron[:5]
