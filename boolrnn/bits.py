"""States as bits: packing, hex, Hamming distance, counting distinct states.

A state is a boolean vector (H); True is bit 1 is +1. As hex, bit j of the integer is neuron j, so the
last hex digit holds neurons 0-3. Packed bytes never leave this file; rows of 64-bit words (neuron j in bit
j % 64 of word j // 64) leave it for compiled code only.
"""

import re

import numpy as np

from boolrnn.errors import StateError
from boolrnn.shapes import Bool, Float64, Int64, UInt64

_POPCOUNT = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint8)


def _pack(states: Bool[np.ndarray, "*B H"]) -> np.ndarray:
    """One row of ceil(H / 8) bytes per state, neuron 0 in the lowest bit of byte 0."""
    return np.packbits(states, axis=-1, bitorder="little")


def to_words(states: Bool[np.ndarray, "*B H"]) -> UInt64[np.ndarray, "*B W"]:
    """The states as rows of ceil(H / 64) words, unused bits 0."""
    packed = _pack(states)
    width = 8 * -(-states.shape[-1] // 64)
    rows = np.zeros((*packed.shape[:-1], width), np.uint8)
    rows[..., : packed.shape[-1]] = packed
    return rows.view("<u8").astype(np.uint64, copy=False)


def from_words(words: UInt64[np.ndarray, "*B W"], hidden: int) -> Bool[np.ndarray, "*B H"]:
    """The states that `to_words` packed."""
    rows = np.ascontiguousarray(words).astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(rows, axis=-1, count=hidden, bitorder="little").view(bool)


def to_hex(states: Bool[np.ndarray, "B H"]) -> list[str]:
    """Hex of each state, `0x` and ceil(H / 4) digits."""
    digits = -(-states.shape[1] // 4)
    rows = np.ascontiguousarray(_pack(states)[:, ::-1])
    width = rows.shape[1] * 2
    text = rows.tobytes().hex()
    return ["0x" + text[k : k + width][-digits:] for k in range(0, len(text), width)]


def parse_state(text: str, hidden: int) -> Bool[np.ndarray, "H"]:
    """A state from `0x...` (bit j = neuron j) or from H characters 0/1, neuron 0 first.

    Raises
    ------
    StateError
        Where the text is neither, or names a bit that the net does not have.
    """
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
        value = int(text, 16)
        if value >> hidden:
            raise StateError(
                f"state {text}: bit {value.bit_length() - 1} is set, but the net has neurons 0..{hidden - 1}"
            )
        packed = np.frombuffer(value.to_bytes(-(-hidden // 8), "little"), np.uint8)
        return np.unpackbits(packed, count=hidden, bitorder="little").astype(bool)
    if re.fullmatch(r"[01]+", text):
        if len(text) != hidden:
            raise StateError(
                f"state {text[:40]}: {len(text)} bits, expected {hidden}, neuron 0 first (or hex, 0x...)"
            )
        return np.array([c == "1" for c in text])
    raise StateError(
        f"state {text[:40]!r}: expected hex (0x..., bit j = neuron j) or {hidden} bits, neuron 0 first"
    )


def as_bits(what: str, values: np.ndarray, shape: tuple[int, ...]) -> Bool[np.ndarray, "*B H"]:
    """States given by a caller, as bools: bools, 0 and 1, or -1 and +1.

    Raises
    ------
    StateError
        On another shape, or other values.
    """
    given = np.asarray(values)
    if given.shape != shape:
        raise StateError(f"{what}: shape {given.shape}, expected {shape}")
    if given.dtype != bool:
        kinds = set(np.unique(given).tolist())
        if not (kinds <= {0, 1} or kinds <= {-1, 1}):
            raise StateError(f"{what}: expected bools, 0 and 1, or -1 and +1")
    return given > 0 if given.dtype != bool else given.copy()


def hamming(left: Bool[np.ndarray, "*B H"], right: Bool[np.ndarray, "*B H"]) -> Int64[np.ndarray, "*B"]:
    """Number of differing bits, along the last axis."""
    return _POPCOUNT[_pack(left) ^ _pack(right)].sum(axis=-1, dtype=np.int64)


def distinct(states: Bool[np.ndarray, "B H"]) -> int:
    """How many different states there are among the rows."""
    packed = _pack(states)
    data, width = packed.tobytes(), packed.shape[1]
    return len({data[k : k + width] for k in range(0, len(data), width)})


def signs(states: Bool[np.ndarray, "*B H"]) -> Float64[np.ndarray, "*B H"]:
    """The same states as -1.0 and +1.0."""
    return np.where(states, 1.0, -1.0)
