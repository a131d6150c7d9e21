"""Semantic features: what a byte text is about at this place, as the bits of group 0.

The published net with 8 semantic features defines none of them, so this list is our own, and new. Each
feature is one neuron:

class        on iff the symbol just read is in a set; wh 0, drives +1 and -1
latch        set by some symbols, cleared by others, else it holds; off at the start. wh 2 on itself, drives
             +3, -3 and -1: at the start, where there is no state yet, a drive of -1 leaves it off
conjunction  on iff the symbol is in a set and another feature was on one symbol before; wh 2 on that
             neuron, drives -1 and -3

All sums are odd (integers.py), so the float32 program is the automaton. Symbols are bytes; "letter" and
"whitespace" are those of ASCII, and every byte from 128 on (all of a UTF-8 character that is not ASCII) is
"high".
"""

import dataclasses
import string

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.make.integers import Whole
from boolrnn.shapes import Bool

_LETTERS, _SPACE = string.ascii_letters.encode(), string.whitespace.encode()


@dataclasses.dataclass(frozen=True)
class Feature:
    """One neuron: a class of `symbols`; with `clears`, a latch that they set; with `after`, a conjunction
    with the feature of that name at the symbol before."""

    name: str
    symbols: bytes
    clears: bytes | None = None
    after: str | None = None


FEATURES = (
    Feature("letter", _LETTERS),
    Feature("upper", string.ascii_uppercase.encode()),
    Feature("digit", string.digits.encode()),
    Feature("space", _SPACE),
    Feature("tag", b"<", clears=b">"),  # from "<" to before ">"
    Feature("name", b"<", clears=b">" + _SPACE),  # the same, to the first space at most
    Feature("second", _LETTERS, after="letter"),  # this symbol and the one before are letters
    Feature("third", _LETTERS, after="second"),
    Feature("vowel", b"aeiouAEIOU"),
    Feature("punctuation", string.punctuation.encode()),
    Feature("bracket", b"()[]{}<>"),
    Feature("newline", b"\n"),
    Feature("high", bytes(range(128, 256))),
    Feature("entity", b"&", clears=b";" + _SPACE),  # from "&" to before ";", or a space
    Feature("link", b"[", clears=b"]"),  # from "[" to before "]"
    Feature("fourth", _LETTERS, after="third"),
)  # each after those that it needs, so that any first ones can do without the others


def features(bits: int) -> tuple[Feature, ...]:
    """The first `bits` features.

    Raises
    ------
    OptionError
        Where there are not so many.
    """
    if not 1 <= bits <= len(FEATURES):
        raise OptionError(f"{bits} semantic features: expected 1 to {len(FEATURES)}")
    return FEATURES[:bits]


def semantic_group(values: np.ndarray, bits: int) -> Whole:
    """The first `bits` features as a group of neurons for symbols with these byte values (V): wh (bits,
    bits) and drives (bits, V), in units of the gain.

    Raises
    ------
    OptionError
        Where there are not so many features.
    """
    wanted = features(bits)
    at = {each.name: i for i, each in enumerate(wanted)}
    wh, drive = np.zeros((bits, bits)), np.empty((bits, len(values)))
    for i, each in enumerate(wanted):
        on = _among(values, each.symbols)
        if each.clears is not None:
            wh[i, i] = 2
            drive[i] = np.where(on, 3, np.where(_among(values, each.clears), -3, -1))
        elif each.after is not None:
            wh[i, at[each.after]] = 2
            drive[i] = np.where(on, -1, -3)
        else:
            drive[i] = np.where(on, 1, -1)
    return Whole(wh, drive)


def said_of(text: np.ndarray, bits: int) -> Bool[np.ndarray, "T W"]:
    """The first `bits` features after each byte of `text` (T), by their definition; no net is run."""
    wanted = features(bits)
    found = np.zeros((len(text), bits), bool)
    at = {each.name: i for i, each in enumerate(wanted)}
    place = np.arange(len(text))
    for i, each in enumerate(wanted):
        on = _among(text, each.symbols)
        if each.clears is not None:  # whichever came last, of those that set and those that clear
            last_set = np.maximum.accumulate(np.where(on, place, -1))
            last_cleared = np.maximum.accumulate(np.where(_among(text, each.clears), place, -1))
            on = last_set > last_cleared
        elif each.after is not None:
            on[1:] &= found[:-1, at[each.after]]
            on[:1] = False
        found[:, i] = on
    return found


def _among(values: np.ndarray, symbols: bytes) -> np.ndarray:
    """Which values are among these bytes."""
    table = np.zeros(256, bool)
    table[list(symbols)] = True
    return table[values]
