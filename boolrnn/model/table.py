"""The tables that compiled steps read: a row-scaled byte-sliced table, and exact limbs to fall back on.

The state is cut into slices of 8 bits. For each slice and each of its 256 values the partial sums of all
neurons are stored as int16, each row at its own scale q, so that a step is one row of additions per slice.

Proof. Each of the S slice sums and the drive is scaled and rounded once: their sum zq is within
(S + 1) / 2 of q z, and `slack` E is more than that. The table adds E, so u = zq + E > 2E means z > 0, and
u < 0 means z < 0; where 0 <= u <= 2E the row is summed exactly. q is so small that u fits; partial sums may
wrap around, only the last value must be in range. Rows of few integers are not scaled but multiplied by
2E + 2, with offset 2E + 1: then u > 2E iff z >= 0, ties included, and nothing is left to the fallback.

Limbs. Row i is integers times 2^unit[i]; limb k holds their bits k w .. k w + w - 1, with their sign. A sum
of H + 2 limbs fits into int64; carrying from the lowest limb upwards leaves the sign of z in the highest.
"""

from typing import NamedTuple

import numpy as np

from boolrnn.model.exact import ExactRows
from boolrnn.shapes import Float64, Int64

LANES = 64  # neurons per word: rows of the table are padded to whole words
_TOP = 32767


class Tables(NamedTuple):
    """What the compiled step reads; S slices, P neurons padded to words, L limbs."""

    slices: np.ndarray  # (S, 256, P) int16
    drive: np.ndarray  # (V, P) int16, with the offset of each row
    limit: int  # 2E: where 0 <= u <= limit the row is summed exactly
    limbs: np.ndarray  # (H, L, P) int64
    limb_drive: np.ndarray  # (V, H, L) int64
    width: int  # bits of a limb


def size_of(hidden: int, symbols: int) -> int:
    """Bytes of the int16 tables of a net, estimated before they are built."""
    padded = -(-hidden // LANES) * LANES
    return 2 * padded * (-(-hidden // 8) * 256 + symbols) + 8 * hidden * (hidden + symbols)


def tables_of(rows: ExactRows, wh: np.ndarray, wx: np.ndarray, bh: np.ndarray) -> Tables:
    """Build the tables of a net; `rows` are its exact sums."""
    hidden, symbols = wx.shape
    count = -(-hidden // 8)
    padded = -(-hidden // LANES) * LANES
    slack = -(-(count + 1) // 2) + 1  # the last 1 covers the rounding of sums in float64
    scale, offset = _scales(rows, slack)
    slices = _aligned((count, 256, padded))
    drive = _aligned((symbols, padded))
    drive[:] = -1  # the padding is 0 in every state, and never falls back
    byte = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little") * 2.0 - 1
    for s in range(count):
        part = rows.matrix[:, 8 * s : 8 * s + 8] * scale[:, None]
        slices[s, :, :hidden] = np.rint(byte[:, : part.shape[1]] @ part.T)
    drive[:, :hidden] = np.rint(rows.drive * scale) + offset
    limbs, limb_drive, width = _limbs(rows.certificate.unit, rows.certificate.bits, wh, wx, bh)
    return Tables(slices, drive, 2 * slack, limbs, limb_drive, width)


def _aligned(shape: tuple[int, ...]) -> np.ndarray:
    """Zeros (int16) that begin on a cache line."""
    size = 2 * int(np.prod(shape))
    raw = np.zeros(size + 64, np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + size].view(np.int16).reshape(shape)


def _scales(rows: ExactRows, slack: int) -> tuple[Float64[np.ndarray, "H"], Float64[np.ndarray, "H"]]:
    """The scale of every row and what is added to it."""
    widest = np.abs(rows.matrix).sum(axis=1) + np.abs(rows.drive).max(axis=0)
    scale = (_TOP - 2 * slack - 1) / np.where(widest > 0, widest, 1.0) * (1 - 2.0**-40)
    offset = np.full(len(widest), float(slack))
    unit = np.ldexp(1.0, rows.certificate.unit.astype(np.int32))
    step = (2 * slack + 2) / unit
    few = widest * step + 2 * slack + 1 <= _TOP  # exact: powers of two and integers below 2^15
    return np.where(few, step, scale), np.where(few, 2.0 * slack + 1, offset)


def _limbs(
    unit: Int64[np.ndarray, "H"], bits: Int64[np.ndarray, "H"], wh: np.ndarray, wx: np.ndarray, bh: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Weights (H, L, P), padded with zeros, and drives (V, H, L) as limbs of `width` bits."""
    hidden = len(unit)
    width = 62 - (hidden + 2).bit_length()
    count = max(1, -(-int(bits.max()) // width))
    matrix, inputs, bias = (
        np.stack([_limb(values, unit, k * width, width) for k in range(count)], axis=1)
        for values in (wh, wx, bh[:, None])
    )  # (H, L, columns)
    drive = (inputs + bias).transpose(2, 0, 1)
    matrix = np.pad(matrix, ((0, 0), (0, 0), (0, -hidden % LANES)))
    return matrix, np.ascontiguousarray(drive), width


def _limb(values: np.ndarray, unit: Int64[np.ndarray, "H"], low: int, width: int) -> np.ndarray:
    """Bits low .. low + width - 1 of |values| / 2^unit, signed, as int64; `values` float32 (H, N)."""
    fraction, exponent = np.frexp(values.astype(np.float64))
    mantissa = np.abs(np.ldexp(fraction, 24)).astype(np.int64)
    shift = np.where(mantissa > 0, exponent - 24 - unit[:, None], 0) - low
    inside = (shift < width) & (shift > -24) & (mantissa > 0)
    left = np.clip(shift, 0, width)
    kept = np.where(width - left >= 24, mantissa, mantissa & ((1 << np.minimum(width - left, 24)) - 1))
    shifted = np.where(shift >= 0, kept << left, mantissa >> np.clip(-shift, 0, 63))
    return np.where(inside, shifted & ((1 << width) - 1), 0) * np.sign(values).astype(np.int64)
