"""Q7: does the net's sensitivity follow pointwise mutual information of the text?

As published the tested pair is among those counted, and no base rate is given.
"""

from collections.abc import Iterator
from typing import Any

import boolrnn
from analyses.protocol import Claim, Pair, number

PROGRAM = "program q7_algebraic, archived pair"
HIGHER = "program q7_higher_order, archived pair"
BASE = "cells are aligned more often when every cell counts the same"
SOME = "8 positions, and most cells are aligned without any weighting"
LEVEL = "cells are aligned about as often when every cell counts the same"
CLAIMS = (
    Claim("eight", 92.35, 5e-3, "%", PROGRAM, "of sensitivity aligned, 8 positions", but=SOME),
    Claim("eight_d5", 11.96, 5e-3, "%", PROGRAM, "the same at d = 5"),
    Claim("eight_d8", 55.42, 5e-3, "%", PROGRAM, "the same at d = 8"),
    Claim("eight_d20", 95.60, 5e-3, "%", PROGRAM, "the same at d = 20"),
    Claim("tested", 248, 0, "positions", HIGHER, "positions tested"),
    Claim("bigram", 72.60, 5e-3, "%", HIGHER, "of sensitivity aligned with pairs", but=BASE),
    Claim("trigram", 74.24, 5e-3, "%", HIGHER, "of sensitivity aligned with triples", but=LEVEL),
    Claim("sensitivity_1", 100.77, 5e-3, "bits", HIGHER, "sensitivity at d = 1"),
    Claim("bigram_3", 93.15, 5e-3, "%", HIGHER, "aligned with pairs at d = 3"),
    Claim("trigram_15", 89.10, 5e-3, "%", HIGHER, "aligned with triples at d = 15"),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.pmi, as_published=True)
    base = (
        f"all cells alike {_percent(found.base_counted)}, leaving the cell itself out "
        f"{_percent(found.base_left_out)}, from a random source {_percent(found.base_random)}"
    )
    yield (
        "eight",
        found.eight_bigram,
        f"at the positions of Q7 higher order: {base}",
        _steady(found.eight_bigram, found.eight_bigram64),
    )
    for d in (5, 8, 20):
        yield f"eight_d{d}", found.eight_percent[d - 1], "", bool(found.eight_stable[d - 1])
    yield "tested", found.positions
    yield "bigram", found.order_percent[0], base, bool(found.order_stable[0])
    yield "trigram", found.order_percent[1], trigrams(found), bool(found.order_stable[1])
    yield "sensitivity_1", found.d_sensitivity[0], "", bool(found.d_stable[0])
    yield "bigram_3", found.d_bigram[2], "", bool(found.d_stable[2])
    yield "trigram_15", found.d_trigram[14], "", bool(found.d_stable[14])


def trigrams(found: boolrnn.Pmi) -> str:
    """What chance would give for trigrams."""
    base, flat = number(found.order_base[1], ".1f"), number(found.order_expected[1], ".1f")
    span = " to ".join(number(value, ".1f") for value in (found.order_low[1], found.order_high[1]))
    return f"all cells alike {base} %, with the distances' own weights {flat} %; lift, 95 %: {span}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} %"


def _steady(value: float | None, wide: float | None) -> bool:
    return value is None or wide is None or abs(value - wide) <= 1e-4
