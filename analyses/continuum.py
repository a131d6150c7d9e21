"""The published continuum from counting to descent, on one axis with the trained net.

Five readouts of one shift register, by how much of them is fitted; the page says that every point beats the
trained net. Two of the points are of another file or text, like its number for the trained net.
"""

from collections.abc import Iterator
from typing import Any

from analyses.constructed import of_window, published, trained
from analyses.protocol import Claim, Pair, number

PAGE = "weight-construction page, continuum"
OWN = "weight-construction page, open question"
BETTER = "negative: better than the trained net"
POINTS = {
    "logratio": "log ratios",
    "least-squares": "pseudo-inverse",
    "least-squares-20": "20 steps from it",
    "least-squares-500": "500 epochs from it",
    "descent": "1,000 epochs from zero",
}
CLAIMS = (
    Claim(
        "points",
        [1.890, 1.557, 0.967, 0.476, 0.374],
        1e-3,
        "bpc",
        PAGE,
        "log ratios, pseudo-inverse, Newton, SGD from it, SGD from zero",
        of="other",
    ),
    Claim("every_point", True, 0, "statement", PAGE, "every point beats the trained net", of="other"),
    Claim("apart", None, 0, "bpc", OWN, "the points above the trained net", of="nothing"),
    Claim("end", None, 0, "bpc", OWN, "the optimum that they approach, above the trained net", of="nothing"),
    Claim("least", None, 0, "bpc", OWN, "bound for every readout of 16 x 8 bits, above it", of="nothing"),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    yield from of_window(pair, _measured(pair))


def _measured(pair: Pair) -> Iterator[tuple[Any, ...]]:
    points = [published(pair, readout).bpc_all for readout in POINTS]
    named = zip(POINTS.values(), points, strict=True)
    yield "points", points, ", ".join(f"{name} {number(bpc)}" for name, bpc in named)
    own = trained(pair)
    better = [bpc < own for bpc in points]
    yield "every_point", all(better), f"{sum(better)} of {len(better)} do; the trained net has {own:.4f} bpc"
    yield "apart", [bpc - own for bpc in points]
    yield "end", lambda: published(pair, "gradient").bpc_all - own, BETTER
    yield "least", lambda: published(pair, "gradient").bpc_lowest - own, "negative: the states allow it"
