"""features: what a text says at each position, as labels to compare a bit with.

A feature gives every position t = 0..n-2 of n symbols one label. What is read counts up to and including
x_t; only `next` and `next_class` look at x_{t+1}. All definitions are our own and are stated in `meaning`;
none parses a language: a text that breaks off inside a tag is labelled as far as it goes.

Features of characters need symbols that are bytes: through the alphabet where the net has one, and without
one where 32 < V <= 256. Any other net has the symbols themselves as its only features.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.model.corpus import show_symbol
from boolrnn.shapes import Int64, UInt8

START = -1  # the label of a symbol that was never read: x_{t-1} at t = 0
CLASSES = ("lower-case letters", "capitals", "digits", "blanks", "newlines", "punctuation", "other bytes")
MOST = 8  # depths and places in a word from here on share one label
_LINE = 9  # the last power of two of a place in the line: 256 symbols and more share one label
_FEWEST_BYTES = 32  # an alphabet of no more symbols than this, and without byte values, is no text


@dataclasses.dataclass(frozen=True)
class Feature:
    """One label for every position; `names[code]` says what a label means, None where it is a symbol."""

    name: str
    meaning: str
    codes: Int64[np.ndarray, "P"]
    names: tuple[str, ...] | None = None

    def shown(self, code: int, alphabet: np.ndarray | None) -> str:
        """A label in words."""
        if code == START:
            return "before the text"
        return show_symbol(code, alphabet) if self.names is None else self.names[code]


@dataclasses.dataclass(frozen=True)
class Labels:
    """The features side by side. Label numbers run over all features: feature f has the labels
    offsets[f]..offsets[f + 1] - 1, those that occur, in order of their codes."""

    features: tuple[Feature, ...]
    numbers: Int64[np.ndarray, "P F"]
    offsets: Int64[np.ndarray, "F1"]
    code: Int64[np.ndarray, "L"]
    feature: Int64[np.ndarray, "L"]


def features_of(
    symbols: Int64[np.ndarray, "T"],
    vocabulary: int,
    alphabet: UInt8[np.ndarray, "V"] | None = None,
    *,
    recent: int = 3,
    names: str | Sequence[str] | None = None,
) -> tuple[Feature, ...]:
    """All features of a text over `vocabulary` symbols, or those of these `names` (a sequence, or one
    string with commas), in the order of the list of all.

    Raises
    ------
    OptionError
        On an unknown or repeated name (with those there are), or `recent` outside 1..100.
    """
    if not 1 <= recent <= 100:
        raise OptionError(f"recent {recent}: expected 1..100")
    made = _of_characters(symbols, vocabulary, alphabet) | _of_symbols(symbols, recent)
    if names is None:
        return tuple(feature() for feature in made.values())
    asked = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    if not asked:
        raise OptionError("features: expected at least one of " + ", ".join(made))
    for k, name in enumerate(asked):
        if name not in made:
            raise OptionError(f"features: {name!r} is none of this text's: " + ", ".join(made))
        if name in asked[:k]:
            raise OptionError(f"features: {name!r} stands twice")
    return tuple(feature() for name, feature in made.items() if name in asked)


def numbered(features: Sequence[Feature]) -> Labels:
    """The labels that occur, numbered through all features."""
    positions = len(features[0].codes) if features else 0
    numbers = np.empty((positions, len(features)), np.int64)
    offsets, codes = [0], []
    for f, feature in enumerate(features):
        found, at = np.unique(feature.codes, return_inverse=True)
        numbers[:, f] = at + offsets[-1]
        offsets.append(offsets[-1] + len(found))
        codes.append(found)
    return Labels(
        tuple(features),
        numbers,
        np.array(offsets, np.int64),
        np.concatenate([np.empty(0, np.int64), *codes]),
        np.repeat(np.arange(len(features)), np.diff(offsets)),
    )


def bytes_of(
    symbols: Int64[np.ndarray, "T"], vocabulary: int, alphabet: UInt8[np.ndarray, "V"] | None
) -> UInt8[np.ndarray, "T"] | None:
    """The byte of every symbol; None where symbols are no bytes."""
    if alphabet is not None:
        return alphabet[symbols]
    return symbols.astype(np.uint8) if _FEWEST_BYTES < vocabulary <= 256 else None


def _of_symbols(symbols: Int64[np.ndarray, "T"], recent: int) -> dict[str, Callable[[], Feature]]:
    """The last `recent` symbols and the next one."""
    positions = max(len(symbols) - 1, 0)

    def read(back: int) -> Feature:
        codes = np.full(positions, START)
        codes[back:] = symbols[: max(positions - back, 0)]
        return Feature(
            _back(back), "the symbol just read" if not back else f"the symbol {back} before", codes
        )

    made: dict[str, Callable[[], Feature]] = {_back(k): lambda k=k: read(k) for k in range(recent)}
    return made | {"next": lambda: Feature("next", "x_{t+1}, the symbol to predict", symbols[1:].copy())}


def _back(back: int) -> str:
    return f"x_t-{back}" if back else "x_t"


def _of_characters(
    symbols: Int64[np.ndarray, "T"], vocabulary: int, alphabet: UInt8[np.ndarray, "V"] | None
) -> dict[str, Callable[[], Feature]]:
    """The features that know what a character is; none where symbols are no bytes."""
    data = bytes_of(symbols, vocabulary, alphabet)
    if data is None:
        return {}
    text, positions = data, max(len(data) - 1, 0)

    def made(name: str, meaning: str, codes: np.ndarray, names: Sequence[str]) -> Feature:
        return Feature(name, meaning, codes[:positions].astype(np.int64), tuple(names))

    depth = [*(str(k) for k in range(MOST)), f"{MOST} or more"]
    return {
        "tag": lambda: made(
            "tag",
            "inside a tag: of all '<' and '>' up to x_t the last is '<'",
            inside_tag(text),
            ("outside tags", "inside a tag"),
        ),
        "quotes": lambda: made(
            "quotes",
            "inside quotes: the number of '\"' since the last newline, x_t included, is odd",
            inside_quotes(text),
            ("outside quotes", "inside quotes"),
        ),
        "class": lambda: made("class", f"kind of x_t: {', '.join(CLASSES)}", classes_of(text), CLASSES),
        "tag_depth": lambda: made(
            "tag_depth",
            "elements open: a '>' that ends <name ...> adds 1, one that ends </...> takes 1 away down to 0; "
            "<?...>, <!...> and <.../> change nothing",
            np.minimum(tag_depth(text), MOST),
            depth,
        ),
        "bracket_depth": lambda: made(
            "bracket_depth",
            "( [ { add 1, ) ] } take 1 away down to 0, whichever kind they are",
            np.minimum(bracket_depth(text), MOST),
            depth,
        ),
        "wiki_depth": lambda: made(
            "wiki_depth",
            "the second [ of [[ and { of {{ adds 1, that of ]] and }} takes 1 away down to 0; pairs are "
            "taken from the left",
            np.minimum(wiki_depth(text), MOST),
            depth,
        ),
        "word_position": lambda: made(
            "word_position",
            "place of x_t in a run of ASCII letters and bytes over 127, 0 outside",
            np.minimum(word_position(text), MOST),
            ("no letter", *(f"letter {k}" for k in range(1, MOST)), f"letter {MOST} or later"),
        ),
        "line_position": lambda: made(
            "line_position",
            "symbols since the newline (byte 10), in powers of two; 0 is the newline itself",
            _powers(line_position(text)),
            _power_names(),
        ),
        "next_class": lambda: made(
            "next_class", "kind of x_{t+1}, the symbol to predict", classes_of(text[1:]), CLASSES
        ),
    }


def classes_of(text: UInt8[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """Index into CLASSES of every byte: ASCII only; blanks are 9 and 32, newlines 10 and 13."""
    table = np.full(256, 6, np.int64)
    table[33:127] = 5
    table[[10, 13]] = 4
    table[[9, 32]] = 3
    table[48:58] = 2
    table[65:91] = 1
    table[97:123] = 0
    return table[text]


def _last(where: np.ndarray) -> Int64[np.ndarray, "T"]:
    """The last position up to t at which `where` holds; -1 where there is none."""
    return np.maximum.accumulate(np.where(where, np.arange(len(where)), -1))


def _held(steps: Int64[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """d = max(d + step, 0) from d = 0, for steps -1, 0, 1: the sum above its running minimum."""
    total = np.cumsum(steps)
    return total - np.minimum(np.minimum.accumulate(total), 0)


def inside_tag(text: UInt8[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """1 where the last of '<' and '>' up to t is '<'."""
    return (_last(text == ord("<")) > _last(text == ord(">"))).astype(np.int64)


def inside_quotes(text: UInt8[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """1 where an odd number of '"' stands after the last newline, t included."""
    count = np.cumsum(text == ord('"'))
    line = _last(text == ord("\n"))
    return (count - np.where(line >= 0, count[line], 0)) % 2


def tag_depth(text: UInt8[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """Elements open after t."""
    steps = np.zeros(len(text), np.int64)
    inside = inside_tag(text)
    end = 1 + np.flatnonzero((text[1:] == ord(">")) & (inside[:-1] == 1))
    if not len(end):
        return steps
    begin = _last(text == ord("<"))[end]
    second, last = text[begin + 1], text[end - 1]
    closing = second == ord("/")
    neither = (second == ord("?")) | (second == ord("!")) | (last == ord("/"))
    steps[end] = np.where(closing, -1, np.where(neither, 0, 1))
    return _held(steps)


def bracket_depth(text: UInt8[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """Brackets open after t."""
    return _held(np.isin(text, list(b"([{")).astype(np.int64) - np.isin(text, list(b")]}")))


def wiki_depth(text: UInt8[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """[[ and {{ open after t."""
    fresh = np.concatenate([np.ones(min(len(text), 1), bool), text[1:] != text[:-1]])
    second = (np.arange(len(text)) - _last(fresh)) % 2 == 1  # in a run of one byte, every other ends a pair
    steps = np.isin(text, list(b"[{")).astype(np.int64) - np.isin(text, list(b"]}"))
    return _held(np.where(second, steps, 0))


def word_position(text: UInt8[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """1 at the first letter of a word, 2 at the second; 0 outside words."""
    letter = (classes_of(text) <= 1) | (text > 127)
    return np.arange(len(text)) - _last(~letter)


def line_position(text: UInt8[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """Symbols since the last newline; the first line begins at 1."""
    return np.arange(len(text)) - _last(text == ord("\n"))


def _powers(values: Int64[np.ndarray, "T"]) -> Int64[np.ndarray, "T"]:
    """0, 1, 2..3, 4..7, ...: the number of binary digits, up to a largest."""
    digits = np.frexp(values.astype(np.float64))[1]
    return np.minimum(digits, _LINE).astype(np.int64)


def _power_names() -> list[str]:
    names = ["the newline", "symbol 1 of the line"]
    names += [f"symbols {1 << k}..{(2 << k) - 1} of the line" for k in range(1, _LINE - 1)]
    return [*names, f"symbol {1 << (_LINE - 1)} of the line or later"]
