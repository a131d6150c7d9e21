"""Exact sums of float32 weights against sign vectors: z = drive[:, x] + wh s with no rounding at all.

float32 values are integers times a power of two. For each row the widest partial sum is counted in
units of the row's lowest set bit; how many bits that takes decides how the row is summed:

float64   up to 53 bits: every partial sum is a float64, so BLAS is exact in any order
int64     up to 62 bits: int64 sums at the row's own scale
filtered  wider: the entries are cut into limbs whose sums are float64-exact; the two leading limbs
          decide where they outweigh all the rest, otherwise the limbs are added without error (fsum)

The sign of z (0 counts as +) is exact on every route. The value returned is the exact z on float64
rows, the exact z rounded once on int64 rows, and at most one unit in the last place off on filtered
rows; it is zero only if z is.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from boolrnn.shapes import Bool, Float64, Int64

FLOAT64, INT64, FILTERED = "float64", "int64", "filtered"
ROUTES = (FLOAT64, INT64, FILTERED)
_FLOAT_BITS, _INT_BITS = 53, 62
_BLOCK = 256  # steps between two writes to memory


def lowest_bit(values: np.ndarray) -> Int64[np.ndarray, "R"]:
    """Exponent of the lowest set bit in each row of float32 `values` (R, N); 0 for rows of zeros."""
    used = np.nonzero(values)
    fraction, exponent = np.frexp(values[used].astype(np.float64))
    mantissa = np.abs(np.ldexp(fraction, 24)).astype(np.int64)
    _, low = np.frexp((mantissa & -mantissa).astype(np.float64))
    least = np.full(len(values), 1 << 20)
    np.minimum.at(least, used[0], exponent - 24 + low - 1)
    return np.where(least == 1 << 20, 0, least).astype(np.int64)


def _sum_exponent(values: np.ndarray) -> int:
    """The least e with sum |values| < 2^e, from the exactly rounded sum (0 for zeros)."""
    return math.frexp(math.fsum(np.abs(values, dtype=np.float64).tolist()))[1]


@dataclasses.dataclass(frozen=True)
class Exactness:
    """Per row how its sums are exact: unit 2^unit[i], widest partial sum below 2^(unit + bits)."""

    unit: Int64[np.ndarray, "R"]
    bits: Int64[np.ndarray, "R"]
    bits_common: int  # the widest row when all rows are counted in the file's lowest unit

    @property
    def routes(self) -> np.ndarray:
        """The route of each row, as strings (R)."""
        wide = np.where(self.bits <= _INT_BITS, INT64, FILTERED)
        return np.where(self.bits <= _FLOAT_BITS, FLOAT64, wide)

    @property
    def route(self) -> str:
        """The route of the widest row."""
        return max(self.routes.tolist(), key=ROUTES.index)


def certify_rows(matrix: np.ndarray, inputs: np.ndarray, bias: np.ndarray) -> Exactness:
    """Count the bits of every partial sum of bias[i] + inputs[i, x] +- matrix[i, :], for all x.

    `matrix` (R, N), `inputs` (R, V), `bias` (R): finite float32.
    """
    entries = np.concatenate([matrix, inputs, bias[:, None]], axis=1)
    unit = lowest_bit(entries)
    largest = np.abs(inputs).max(axis=1, initial=0)[:, None]
    tops = [_sum_exponent(row) for row in np.concatenate([matrix, bias[:, None], largest], axis=1)]
    used = np.abs(entries).max(axis=1) > 0
    top = np.where(used, np.array(tops), unit)
    common = int((top[used].max() - unit[used].min()) if used.any() else 0)
    return Exactness(unit, top - unit, common)


class ExactRows:
    """The sums z[i] = bias[i] + inputs[i, x] + sum_j matrix[i, j] s[j], for sign vectors s."""

    def __init__(self, matrix: np.ndarray, inputs: np.ndarray, bias: np.ndarray) -> None:
        self.certificate = certify_rows(matrix, inputs, bias)
        routes = self.certificate.routes
        self.matrix = matrix.astype(np.float64)
        drive = bias.astype(np.float64)[:, None] + inputs.astype(np.float64)
        self.drive = np.ascontiguousarray(drive.T) + 0.0  # (V, R); + 0.0 turns -0 into 0
        self.others: list[_IntegerRows | _LimbRows] = []
        for route, kind in ((INT64, _IntegerRows), (FILTERED, _LimbRows)):
            rows = np.flatnonzero(routes == route)
            if len(rows):
                unit = self.certificate.unit[rows]
                part = kind(rows, matrix[rows], inputs[rows], bias[rows], unit)
                self.drive[:, rows] = part.drive()
                self.others.append(part)

    def z(
        self, signs: Float64[np.ndarray, "B N"] | None, symbols: Int64[np.ndarray, "B"]
    ) -> Float64[np.ndarray, "B R"]:
        """z for each pair (row of `signs`, symbol); without `signs` the drive alone."""
        if signs is None:
            return self.drive[symbols]
        z = signs @ self.matrix.T
        z += self.drive[symbols]
        for part in self.others:
            z[:, part.rows] = part.z(signs, symbols)
        return z

    def run(
        self,
        symbols: Int64[np.ndarray, "T"],
        start: Float64[np.ndarray, "N"] | None,
        states: Bool[np.ndarray, "T R"],
        tick: Callable[[int], None],
    ) -> None:
        """Fill `states` (T, R) with one trajectory; R = N. `start` None is the drive alone.

        np.copysign is the threshold: z is never -0.0, because the last addend, the drive, never is.
        The loop works in buffers that stay in the cache: it is half as fast on fresh memory.
        """
        size = states.shape[1]
        z, signs, ones = np.empty(size), np.empty((_BLOCK, size)), np.ones(size)
        dot, add, copysign, others = self.matrix.dot, np.add, np.copysign, self.others
        drives = list(self.drive)
        before = start
        for first in range(0, len(symbols), _BLOCK):
            part = symbols[first : first + _BLOCK].tolist()
            for sign, x in zip(signs, part):
                if before is None:
                    z[:] = drives[x]
                else:
                    dot(before, z)
                    add(z, drives[x], z)
                    for other in others:
                        z[other.rows] = other.z(before[None], np.array([x]))[0]
                before = copysign(ones, z, sign)
            states[first : first + _BLOCK] = signs[: len(part)] > 0
            before = signs[len(part) - 1].copy()
            tick(first)


class _IntegerRows:
    """Rows summed in int64, each at the scale of its own lowest bit."""

    def __init__(
        self, rows: np.ndarray, matrix: np.ndarray, inputs: np.ndarray, bias: np.ndarray, unit: np.ndarray
    ) -> None:
        self.rows = rows
        self.unit = unit
        self.matrix = _integers(matrix, unit)
        self.inputs = _integers(inputs, unit).T + _integers(bias[:, None], unit)[:, 0]

    def drive(self) -> np.ndarray:
        return np.ldexp(self.inputs.astype(np.float64), self.unit.astype(np.int32))

    def z(self, signs: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        total = signs.astype(np.int64) @ self.matrix.T + self.inputs[symbols]
        return np.ldexp(total.astype(np.float64), self.unit.astype(np.int32))


class _LimbRows:
    """Rows of any width. Limb k of an entry holds its bits in a window of the row; windows are so
    narrow that a sum of N + 2 limbs still fits into 53 bits."""

    def __init__(
        self, rows: np.ndarray, matrix: np.ndarray, inputs: np.ndarray, bias: np.ndarray, unit: np.ndarray
    ) -> None:
        self.rows = rows
        entries = np.concatenate([matrix, inputs, bias[:, None]], axis=1).astype(np.float64)
        width = _FLOAT_BITS - (matrix.shape[1] + 2).bit_length()
        _, top = np.frexp(np.abs(entries).max(axis=1))
        count = int(-(-(top - unit).max() // width))
        size = matrix.shape[1]
        self.limbs: list[tuple[np.ndarray, np.ndarray]] = []  # (matrix (R, N), drive (V, R))
        for k in range(count):
            high = np.ldexp(1.0, top - k * width)[:, None]
            low = np.ldexp(1.0, top - (k + 1) * width)[:, None]
            part = np.fmod(entries, high) - np.fmod(entries, low)
            self.limbs.append((part[:, :size], (part[:, size:-1] + part[:, -1:]).T + 0.0))
        rest = [np.abs(m).sum(axis=1) + np.abs(d).max(axis=0, initial=0) for m, d in self.limbs[2:]]
        self.rest = sum(rest, np.zeros(len(rows))) * (1 + 2.0**-40)

    def drive(self) -> np.ndarray:
        parts = np.array([d for _, d in self.limbs])
        return np.apply_along_axis(lambda limbs: math.fsum(limbs.tolist()), 0, parts)

    def z(self, signs: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        total = np.zeros((len(signs), len(self.rows)))
        for matrix, drive in self.limbs[:2]:
            total += signs @ matrix.T + drive[symbols]
        for b, r in np.argwhere((np.abs(total) < self.rest * 2.0**54) & (self.rest > 0)):
            parts = [float(m[r] @ signs[b] + d[symbols[b], r]) for m, d in self.limbs]
            total[b, r] = math.fsum(parts)
        return total


def _integers(values: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Entries as int64 multiples of 2^unit (per row); the caller knows that they fit."""
    return np.ldexp(values.astype(np.float64), -unit[:, None].astype(np.int32)).astype(np.int64)


def python_integers(values: np.ndarray, unit: int) -> list[int]:
    """Float32 entries as integers of any size, in units of 2^unit, which divides each of them."""
    parts = (float(value).as_integer_ratio() for value in values.ravel())
    if unit >= 0:
        return [numerator // (denominator << unit) for numerator, denominator in parts]
    return [(numerator << -unit) // denominator for numerator, denominator in parts]
