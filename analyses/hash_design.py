"""The weight-construction page on hashes: how many symbols a code keeps apart, and what that is worth.

Its codes of 8 and 16 bits are published; the program of the bit extraction, and the features that are called
semantic and hybrid, are not. Codes of boolrnn's own definition are measured beside them, at equal width.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.constructed import constructed, of_window, published, told
from analyses.protocol import Claim, Pair, number

PAGE = "weight-construction page, hashes"
WIDTHS = "weight-construction page, full bandwidth"
PARITY = "program write_weights5, archived pair"
MIXED = "program write_weights6, archived pair"
OWN = "weight-construction page, open question"
UNPUBLISHED = "its program is not in the public repository"
UNDEFINED = "its features are not defined, and its program is not in the public repository"
CODES = {
    "mixed": "the published hash",
    "parity": "the published parity hash",
    "splits": "random half-splits",
    "spread": "codes far apart",
    "semantic": "classes of characters, of our own definition",
    "hybrid": "classes and a hash, of our own definition",
}
CLAIMS = (
    Claim("patterns_8", 170, 0, "of 256", PAGE, "codes of 8 bits that differ"),
    Claim("collisions", 86, 0, "of 256", PAGE, "byte values that share a code of 8 bits with another before"),
    Claim("patterns_16", 253, 0, "of 256", PAGE, "codes of 16 bits that differ"),
    Claim("patterns_bits", 256, 0, "of 256", PAGE, "codes by extraction of the byte's bits that differ"),
    Claim("extraction", None, 0, "bpc", PAGE, "hash by bit extraction: 3.600", why=UNPUBLISHED),
    Claim("inverse_128", 1.409, 5e-4, "bpc", WIDTHS, "pseudo-inverse, 128 neurons"),
    Claim("inverse_256", 0.436, 5e-4, "bpc", WIDTHS, "pseudo-inverse, 256 neurons"),
    Claim(
        "descent",
        None,
        0,
        "bpc",
        WIDTHS,
        "by SGD .068, .075, .189 and .077",
        why=f"its optimiser is not defined, and {UNPUBLISHED}",
    ),
    Claim("semantic", None, 0, "bpc", WIDTHS, "semantic features, 11 codes of 256: 1.493", why=UNDEFINED),
    Claim("hybrid", None, 0, "bpc", WIDTHS, "hybrid features, 202 codes of 256: .396", why=UNDEFINED),
    Claim("parity", 2, 0, "codes", PARITY, "codes that differ, whatever their width"),
    Claim(
        "by_bits",
        [2, 4, 8, 16, 32, 62, 110, 170],
        0,
        "of 256",
        MIXED,
        "codes of 1 to 8 bits that differ",
    ),
    *(
        Claim(
            f"own_{name}",
            None,
            0,
            "bpc",
            OWN,
            f"16 x 8 bits, best readout, a tenth held out: {what}",
            of="nothing",
        )
        for name, what in CODES.items()
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    letters = bytes(sorted(set(pair.text)))
    yield "patterns_8", distinct("mixed", 8), _of(letters, 8)
    yield "collisions", 256 - distinct("mixed", 8)
    yield "patterns_16", distinct("mixed", 16), _of(letters, 16)
    yield "by_bits", [distinct("mixed", bits) for bits in range(1, 9)]
    extracted = np.arange(256)[:, None] >> np.arange(8) & 1
    yield "patterns_bits", len(np.unique(extracted, axis=0)), "bit j of the code is bit j of the byte"
    yield "parity", distinct("parity", 8), "for codes of 8 bits"
    yield from of_window(pair, _readouts(pair))


@functools.cache
def distinct(features: str, bits: int, letters: bytes = bytes(range(256))) -> int:
    """How many codes these byte values have, whatever follows what: one position is fitted."""
    text = letters * 2
    held_out = 1 - 2 / len(text)
    one = boolrnn.construct(
        text, readout="logratio", features=features, groups=1, bits=bits, held_out=held_out, validation=0.0
    )
    return one.distinct_codes


def _of(letters: bytes, bits: int) -> str:
    return f"{distinct('mixed', bits, letters)} of the {len(letters)} that occur"


def _readouts(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """The regression at both widths, and the best readout of other codes at one width."""
    for name, bits in (("inverse_128", 8), ("inverse_256", 16)):
        yield name, *told(lambda bits=bits: _inverse(pair, bits))
    for name in CODES:
        yield f"own_{name}", *told(lambda name=name: _held_out(pair, name))


def _inverse(pair: Pair, bits: int) -> tuple[float | None, str]:
    """bpc of the published regression as the page has it there: positions from 16 on, where the register is
    full, and of the multiples 1, 2, ..., 50 the one that does best on them."""
    found = published(pair, "least-squares", bits=bits)
    return found.bpc_filled, f"from position 16; over all positions {number(found.bpc_all)}"


def _held_out(pair: Pair, features: str) -> tuple[float | None, str]:
    """bpc of the optimum of these features on the last tenth, and what else tells them apart."""
    found = constructed(pair, features=features)
    codes = f"{found.distinct_codes} codes for {found.symbols} symbols"
    return found.bpc_held_out, f"{codes}; on the positions it is fitted to {number(found.bpc_train)}"
