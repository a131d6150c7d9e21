"""Q4 saturation: flips, dwells, saturation and co-flips of the network's signs.

The published classes are absolute numbers of flips, and pairs are listed by count without what two
independent neurons would show.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Claim, Pair

PROGRAM = "program q4_saturation, archived pair"
CLAIMS = (
    Claim("frozen", 0, 0, "neurons", PROGRAM, "neurons that never flip"),
    Claim(
        "volatile",
        128,
        0,
        "neurons",
        PROGRAM,
        "every neuron is volatile",
        but="more than 50 flips in 1,023 steps: any neuron that moves at all is called so",
    ),
    Claim("most_neuron", 20, 0, "neuron", PROGRAM, "flips most"),
    Claim("most_flips", 667, 0, "flips", PROGRAM, "its flips"),
    Claim("dwell_1", 25_672, 25, "dwells", PROGRAM, "dwells of one step"),
    Claim("dwell_2", 11_655, 11, "dwells", PROGRAM, "dwells of two steps"),
    Claim("coflip_pair", [3, 36], 0, "neurons", PROGRAM, "the pair that flips together most often"),
    Claim("coflip_count", 494, 0, "steps", PROGRAM, "how often it does"),
    Claim("coflip_jaccard", 0.65, 5e-5, "", PROGRAM, "its Jaccard index"),
    Claim(
        "coflip_h20_h88",
        0.4782,
        5e-5,
        "",
        PROGRAM,
        "h20 and h88 flip together",
        but="two independent neurons that flip as often have that Jaccard index too",
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.dwell, as_published=True)
    classes = dict(zip(found.class_name.tolist(), found.class_count.tolist(), strict=True))
    rates = pair.ask(boolrnn.dwell)
    named = zip(rates.class_name.tolist(), rates.class_count.tolist(), strict=True)
    yield "frozen", classes["frozen"]
    yield "volatile", classes["volatile"], "by rate: " + ", ".join(f"{n} {name}" for name, n in named)
    yield "most_neuron", found.most_neuron
    yield "most_flips", found.most_flips
    dwells = dict(zip(found.histogram_dwell.tolist(), found.histogram_count.tolist(), strict=True))
    yield "dwell_1", dwells.get(1, 0)
    yield "dwell_2", dwells.get(2, 0), f"mean dwell {found.mean_dwell:.2f}" if found.mean_dwell else ""
    pairs = pair.ask(boolrnn.coflips, as_published=True)
    some = len(pairs.pair_a) > 0
    yield "coflip_pair", [int(pairs.pair_a[0]), int(pairs.pair_b[0])] if some else None
    yield "coflip_count", pairs.pair_count[0] if some else None
    yield "coflip_jaccard", pairs.pair_jaccard[0] if some else None, _expected(pairs, 0) if some else ""
    at = np.flatnonzero((pairs.pair_a == 20) & (pairs.pair_b == 88))
    yield "coflip_h20_h88", pairs.pair_jaccard[at[0]] if len(at) else None, _expected(pairs, *at[:1])


def _expected(pairs: boolrnn.Coflips, *at: int) -> str:
    """What two independent neurons that flip as often would show."""
    return f"independent neurons: {pairs.pair_expected[at[0]]:.3f}" if at else ""
