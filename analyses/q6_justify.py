"""Q6 justifications: the neurons whose negation changes a prediction most, and where they come from.

Five neurons and three sources are what the published program prints, not what suffices.
"""

from collections.abc import Iterator
from typing import Any

import boolrnn
from analyses.protocol import Claim, Pair

PROGRAM = "program q6_justify, archived pair"
CLAIMS = (
    Claim("positions", 12, 0, "positions", PROGRAM, "predictions justified"),
    Claim("first_at_10", [52, 90, 99, 17, 70], 0, "neurons", PROGRAM, "the five at t = 10"),
    Claim("delta_at_10", 0.0687, 5e-5, "bits", PROGRAM, "what negating the first changes at t = 10"),
    Claim("z_at_10", -1.1681, 5e-5, "", PROGRAM, "z of the first at t = 10"),
    Claim("source_at_10", 0.9625, 5e-5, "", PROGRAM, "its largest source at t = 10"),
    Claim("first_at_20", [90, 95, 17, 50, 68], 0, "neurons", PROGRAM, "the five at t = 20"),
    Claim("dominant_h68", 2, 0, "of 12", PROGRAM, "predictions that h68 dominates"),
    Claim("dominant_h90", 2, 0, "of 12", PROGRAM, "predictions that h90 dominates"),
    Claim("dominant_h54", 0, 0, "of 12", PROGRAM, "predictions that h54 dominates"),
    Claim("source_h8", 12, 0, "of 60", PROGRAM, "first sources that are h8"),
    Claim("source_h50", 9, 0, "of 60", PROGRAM, "first sources that are h50"),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.justify, as_published=True)
    yield "positions", len(found.t)
    listed = dict(zip(found.t.tolist(), range(len(found.t)), strict=True))
    for t in (10, 20):
        k = listed.get(t)
        rows = slice(0, 0) if k is None else slice(found.neuron_offsets[k], found.neuron_offsets[k + 1])
        yield f"first_at_{t}", found.neuron[rows] if k is not None else None, f"no position {t}" * (k is None)
        if t == 10:
            first = found.delta[rows][:1], found.z[rows][:1], found.contribution[:1]
            for name, value in zip(("delta_at_10", "z_at_10", "source_at_10"), first, strict=True):
                yield name, value[0] if k is not None and len(value) else None, "no position 10" * (k is None)
    dominant = dict(zip(found.dominant_neuron.tolist(), found.dominant_count.tolist(), strict=True))
    for j in (68, 90, 54):
        yield f"dominant_h{j}", lambda j=j: dominant.get(pair.neuron(j), 0)
    sources = dict(zip(found.source_neuron.tolist(), found.source_count.tolist(), strict=True))
    for j in (8, 50):
        yield f"source_h{j}", lambda j=j: sources.get(pair.neuron(j), 0)
