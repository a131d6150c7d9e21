"""Q2 offsets: how far back a replaced symbol changes the signs, and the prediction.

As published distances are one short of the distance to the predicted symbol, 13 positions are looked at,
and the replacement is a symbol that the text does not contain.
"""

from collections.abc import Iterator
from typing import Any

import boolrnn
from analyses.protocol import Claim, Pair

PROGRAM = "program q2_offsets, archived pair"
CLAIMS = (
    Claim("changes_1", 6.6923, 5e-5, "signs", PROGRAM, "changed at d = 1"),
    Claim("changes_17", 23.3846, 5e-5, "signs", PROGRAM, "changed at d = 17, the most"),
    Claim("kl_1", 0.1190, 5e-5, "bits", PROGRAM, "divergence at d = 1"),
    Claim("kl_21", 4.6310, 5e-5, "bits", PROGRAM, "divergence at d = 21, the most"),
    Claim(
        "dominant",
        14,
        0,
        "steps",
        PROGRAM,
        "the distance that dominates most neurons",
        but="13 positions: mostly ties",
    ),
    Claim("dominant_neurons", 19, 0, "neurons", PROGRAM, "how many"),
    Claim(
        "greedy_share",
        10.32,
        5e-3,
        "%",
        PROGRAM,
        "of sign changes at 1, 3, 8 and 20",
        but="a flat profile gives 13.3 %",
    ),
    Claim("share_1", 1.53, 5e-3, "%", PROGRAM, "of sign changes at d = 1"),
    Claim("share_7", 3.25, 5e-3, "%", PROGRAM, "of sign changes at d = 7"),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.offsets, as_published=True)
    for d in (1, 17):
        yield f"changes_{d}", found.depth_changes[d - 1], "", bool(found.depth_stable[d - 1])
    for d in (1, 21):
        yield f"kl_{d}", found.depth_kl[d - 1], "", bool(found.depth_stable[d - 1])
    first = int(found.dominant_neurons.argmax())
    yield "dominant", found.dominant_d[first], f"{found.tied} neurons are tied"
    yield "dominant_neurons", found.dominant_neurons[first]
    share = found.greedy_share
    yield "greedy_share", None if share is None else 100 * share
    yield "share_1", None if found.share_1 is None else 100 * found.share_1
    yield "share_7", None if found.share_7 is None else 100 * found.share_7
