"""Certificate files: what is proved of which weights, as JSON that a third party can check.

`boolrnn/check/check_certificate.py` is the checker: one script that uses nothing but Python's standard
library. Format boolrnn-certificate/1, one JSON object:

format            "boolrnn-certificate/1"
level             "certified_always" or "certified_text"
form              "bit-exact" or "sign-exact", defined in the checker's docstring
covers            "every text", "every text over the covered symbols", or "this text"
covered           the symbols covered, 0..V-1, ascending
alphabet          byte value of each symbol, or null (a symbol is a byte value)
hidden, symbols, outputs      H, V, O
weights_sha256    of wx, wh, bh, wy, by: float32, little-endian, row by row, one after the other
text_sha256       of the text's symbols, 8 bytes each, little-endian; null unless it speaks of one text
min_margin        no |z| that is covered is smaller: a float64 in C's hexadecimal notation
shortfall         sign-exact, every text: per neuron how far inside +-1 a hidden value may be (hexadecimal)
file_adds         per neuron the largest sum of magnitudes that the file's own program adds up instead of
                  bh + wx where it has an embedding or two biases, which the five tensors do not show;
                  null otherwise
file_terms        how many addends that are; 0 otherwise
valid_for         number formats: fp32, and of tf32, fp16, bf16 those in which every sum is exact too (of
                  the readout too where it is certified)
readout           null: it speaks of states only; "exact sums" or "every reachable state": the largest
                  output is certified too; "every position of the text": it is on that text
arithmetic        the sentence that says for which programs it holds
made_by           version, command, inputs
sha256            of this object without `sha256`: keys sorted, no spaces, ASCII
"""

import hashlib
import json
import os
from typing import Any

from boolrnn.result import write_whole

FORMAT = "boolrnn-certificate/1"

SIGN_EXACT = (
    "float32 products and sums in any order, with or without fused multiply-add; any tanh that is odd, "
    "monotone, at most 1 and within 2 units in the last place; no TF32"
)
BIT_EXACT = (
    "products and sums in any order, with or without fused multiply-add, in each number format of valid_for; "
    "any tanh that is odd, monotone and gives 1 from 10 on"
)


def sealed(body: dict[str, Any]) -> dict[str, Any]:
    """The object with its own checksum."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return body | {"sha256": hashlib.sha256(text.encode()).hexdigest()}


def write_certificate(body: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a certificate file, whole or not at all.

    Raises
    ------
    ResultError
        Where it cannot be written.
    """
    write_whole(path, (json.dumps(sealed(body), indent=1) + "\n").encode())
