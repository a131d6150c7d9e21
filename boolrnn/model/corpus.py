"""Texts and symbols: bytes in, symbol numbers out, through the net's alphabet if it has one."""

import os
import re
import sys
from pathlib import Path

import numpy as np

from boolrnn.errors import TextError
from boolrnn.model.weights import Weights
from boolrnn.shapes import Int64, UInt8


def parse_alphabet(text: str) -> UInt8[np.ndarray, "V"]:
    """The byte values of a string, in order: symbol k is its k-th byte.

    Raises
    ------
    TextError
        Where it is empty or a byte stands in it twice.
    """
    values = np.frombuffer(os.fsencode(text), np.uint8)
    if len(values) == 0:
        raise TextError("alphabet: empty, expected one character per symbol")
    for k, value in enumerate(values.tolist()):
        if value in values[:k]:
            raise TextError(f"alphabet {text!r}: byte {value:#04x} stands in it twice")
    return values


def read_text(path: str | os.PathLike[str], weights: Weights) -> Int64[np.ndarray, "T"]:
    """The symbols of a file (`-` is standard input), as `weights` reads them.

    Raises
    ------
    TextError
        Where the file cannot be read, is empty, or has a byte that is no symbol (with its offset).
    """
    data = read_bytes(path)
    try:
        return to_symbols(data, weights)
    except TextError as error:
        raise TextError(f"{path}: {error}") from None


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a text file; `-` is standard input.

    Raises
    ------
    TextError
        Where it cannot be read.
    """
    try:
        if str(path) == "-" and sys.stdin is None:
            raise TextError("-: standard input is closed")
        return sys.stdin.buffer.read() if str(path) == "-" else Path(path).read_bytes()
    except OSError as error:
        raise TextError(f"{path}: cannot be read ({error.strerror})") from None


def to_symbols(data: bytes, weights: Weights) -> Int64[np.ndarray, "T"]:
    """Bytes as symbol numbers 0..V-1.

    Raises
    ------
    TextError
        Where the text is empty or has a byte that is no symbol (with its offset).
    """
    if not data:
        raise TextError("empty text, expected at least one symbol")
    values = np.frombuffer(data, np.uint8)
    table = _table(weights)
    symbols = table[values]
    bad = np.flatnonzero(symbols < 0)
    if len(bad):
        offset, value = int(bad[0]), int(values[bad[0]])
        hint = "; the file ends in a newline" if offset == len(data) - 1 and value == 10 else ""
        raise TextError(f"byte {_shown(value)} at offset {offset:,} {_outside(weights)}{hint}")
    return symbols


def check_symbols(symbols: np.ndarray, weights: Weights) -> Int64[np.ndarray, "T"]:
    """Symbol numbers given by a caller, as int64, all of them in 0..V-1 and at least one.

    Raises
    ------
    TextError
        Where one is outside the vocabulary (with its position), or there is none.
    """
    values = np.asarray(symbols)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise TextError(f"symbols: {values.dtype} of shape {values.shape}, expected integers (T,)")
    if len(values) == 0:
        raise TextError("empty text, expected at least one symbol")
    bad = np.flatnonzero((values < 0) | (values >= weights.symbols))
    if len(bad):
        raise TextError(f"symbol {values[bad[0]]} at position {bad[0]} is outside 0..{weights.symbols - 1}")
    return values.astype(np.int64)


def parse_symbol(text: str, weights: Weights) -> int:
    """One symbol: exactly one character (its byte, through the alphabet), or an integer literal.

    A single digit is the character of that digit; `0x5` is always symbol 5.

    Raises
    ------
    TextError
        Where it is neither, or no symbol of this net.
    """
    raw = os.fsencode(text)
    if len(raw) == 1:
        symbol = int(_table(weights)[raw[0]])
        if symbol < 0:
            raise TextError(f"symbol {_shown(raw[0])} {_outside(weights)}")
        return symbol
    if not re.fullmatch(r"-?(0[xX][0-9a-fA-F]{1,9}|[0-9]{1,9})", text):
        raise TextError(
            f"symbol {text[:40]!r}: expected one character (one byte) or an integer such as 47 or 0x2f"
        )
    value = int(text, 16 if "x" in text.lower() else 10)
    if not 0 <= value < weights.symbols:
        raise TextError(f"symbol {text}: expected 0..{weights.symbols - 1}")
    return value


def show_symbol(symbol: int, alphabet: np.ndarray | None) -> str:
    """The symbol as a person reads it: its character where printable, else 0x.. of its byte."""
    return _shown(symbol if alphabet is None else int(alphabet[symbol]))


def _table(weights: Weights) -> Int64[np.ndarray, "256"]:
    """Symbol of each byte value, -1 where it has none."""
    table = np.full(256, -1, np.int64)
    if weights.alphabet is not None:
        table[weights.alphabet] = np.arange(weights.symbols)
    else:
        used = min(weights.symbols, 256)
        table[:used] = np.arange(used)
    return table


def _shown(value: int) -> str:
    return repr(chr(value)) if 32 <= value < 127 else f"{value:#04x}"


def _outside(weights: Weights) -> str:
    if weights.alphabet is not None:
        return f"is not in the net's alphabet of {weights.symbols} symbols (0x1 means symbol 1)"
    return (
        f"is outside the net's {weights.symbols} symbols, 0..{weights.symbols - 1}; a symbol is a byte "
        "value unless --alphabet STRING names them (0x1 means symbol 1)"
    )
