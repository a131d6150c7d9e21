"""tanh in float32: correctly rounded, the same on every machine; or as this machine's libm has it.

Correctly rounded: NumPy's float64 tanh (a few units in the last place off) rounds to the right float32
except where it lies next to the midpoint of two; those few are decided with 60 digits. tanh of a
rational other than 0 is transcendental (Lindemann 1882), so no value is ever a midpoint.
"""

import ctypes
import ctypes.util
import functools
from decimal import Decimal, localcontext

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.shapes import Bool, Float32, Float64

_LOW = np.int64((1 << 29) - 1)  # the bits of a float64 that a float32 cuts off
_HALF = np.int64(1 << 28)
_DOUBT = np.int64(16)  # NumPy's float64 tanh errs by less than 4 units in the last place


def wide_tanh(z: Float32[np.ndarray, "*B"], out: Float64[np.ndarray, "*B"]) -> None:
    """tanh in float64, into `out`: to be rounded, and settled where doubtful."""
    np.tanh(z, out=out, dtype=np.float64)


def doubtful(wide: Float64[np.ndarray, "*B"]) -> Bool[np.ndarray, "*B"]:
    """Where a float64 tanh lies too near a float32 midpoint to be rounded as it is.

    Below float32's normal range tanh z rounds to z itself, which is no midpoint.
    """
    return np.abs((wide.view(np.int64) & _LOW) - _HALF) <= _DOUBT


def settle(z: Float32[np.ndarray, "*B"], wide: Float64[np.ndarray, "*B"]) -> None:
    """Replace each doubtful entry of `wide` (float64 tanh of z) by the right float32, in place."""
    for index in np.argwhere(doubtful(wide)):
        at = tuple(index)
        wide[at] = _decided(float(z[at]))


def tanh32(z: Float32[np.ndarray, "*B"]) -> Float32[np.ndarray, "*B"]:
    """tanh of each entry, correctly rounded to float32 (NaN stays NaN)."""
    wide = np.empty(z.shape)
    wide_tanh(z, wide)
    settle(z, wide)
    return wide.astype(np.float32)


@functools.lru_cache(maxsize=4096)
def _decided(z: float) -> float:
    """The float32 nearest to tanh z, by comparing 60 digits of it with the midpoint."""
    with localcontext() as context:
        context.prec = 60
        power = (2 * Decimal(abs(z))).exp()
        exact = (power - 1) / (power + 1)
        near = np.float32(np.tanh(abs(z)))
        below = near if Decimal(float(near)) <= exact else np.nextafter(near, np.float32(0))
        above = np.nextafter(below, np.float32(2))
        middle = (Decimal(float(below)) + Decimal(float(above))) / 2
        return float(np.copysign(above if exact > middle else below, z))


def system_tanh32(z: Float32[np.ndarray, "*B"]) -> Float32[np.ndarray, "*B"]:
    """`tanhf` of this machine's C library, entry by entry.

    Raises
    ------
    OptionError
        Where the library or the function cannot be found.
    """
    function = _tanhf()
    return np.array([function(value) for value in z.ravel().tolist()], np.float32).reshape(z.shape)


@functools.cache
def _tanhf() -> "ctypes._NamedFuncPointer":
    name = ctypes.util.find_library("m") or ctypes.util.find_library("msvcrt")
    try:
        function = ctypes.CDLL(name).tanhf
    except (OSError, AttributeError, TypeError):
        raise OptionError("--tanh system: no C library with tanhf found; use --tanh exact") from None
    function.argtypes, function.restype = [ctypes.c_float], ctypes.c_float
    return function
