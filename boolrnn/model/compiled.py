"""Steps compiled by numba: the inner loops of boolrnn.model.kernels. Importing this costs a second.

States are rows of 64-bit words, neuron j in bit j % 64 of word j // 64. The additions and comparisons of
64 int16 lanes are written as LLVM vectors: the compiler finds them in no loop of ours.
"""

from typing import Any, no_type_check

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from boolrnn.model.table import LANES

_WORD = ir.IntType(64)
_VECTOR = ir.VectorType(ir.IntType(16), LANES)


@intrinsic
def _lookup(_typing: Any, table: Any, drive: Any, state: Any, slices: Any, stride: Any, limit: Any) -> Any:
    """Add up one row per slice and the drive; addresses are integers. Two words come back: which lanes
    are at or above 0, and which are 0..limit."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table, drive, state, slices, stride, limit = arguments
        pointer = _VECTOR.as_pointer()
        sums = cgutils.alloca_once(builder, _VECTOR)

        def lanes(address: Any) -> Any:
            return builder.load(builder.inttoptr(address, pointer), align=2)

        builder.store(lanes(drive), sums)
        with cgutils.for_range(builder, slices, intp=_WORD) as loop:
            place = builder.inttoptr(builder.add(state, loop.index), ir.IntType(8).as_pointer())
            value = builder.zext(builder.load(place), _WORD)
            row = builder.add(builder.mul(loop.index, ir.Constant(_WORD, 256)), value)
            address = builder.add(table, builder.mul(row, stride))
            builder.store(builder.add(builder.load(sums), lanes(address)), sums)
        total = builder.load(sums)
        zero = ir.Constant(_VECTOR, [0] * LANES)
        least = builder.insert_element(
            ir.Constant(_VECTOR, ir.Undefined), builder.trunc(limit, ir.IntType(16)), ir.IntType(32)(0)
        )
        limits = builder.shuffle_vector(
            least,
            ir.Constant(_VECTOR, ir.Undefined),
            ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES),
        )
        above = builder.bitcast(builder.icmp_signed(">=", total, zero), _WORD)
        near = builder.bitcast(builder.icmp_unsigned("<=", total, limits), _WORD)
        return context.make_tuple(builder, signature.return_type, [above, near])

    pair = types.UniTuple(types.uint64, 2)
    return pair(*(types.intp for _ in range(6))), generate


@njit(nogil=True, cache=True)
@no_type_check
def exact_bit(limbs, limb_drive, width, before, i, x):
    """Bit i of the next state, from limbs: carry upwards, and the highest keeps the sign."""
    carry = np.int64(0)
    for k in range(limbs.shape[1]):
        total = limb_drive[x, i, k] + (carry >> width)
        for j in range(limbs.shape[2]):
            one = np.int64((before[j >> 6] >> np.uint64(j & 63)) & np.uint64(1))
            total += limbs[i, k, j] * (2 * one - 1)
        carry = total
    return carry >= 0


@njit(nogil=True, cache=True)
@no_type_check
def step(tables, before, x, after):
    """One transition: reads `before` (W), writes `after` (W); they must not be the same array."""
    slices, drive, limit, limbs, limb_drive, width = tables
    stride = slices.shape[2] * 2
    for w in range(len(after)):
        shift = w * 2 * LANES
        bits, near = _lookup(
            slices.ctypes.data + shift,
            drive.ctypes.data + x * stride + shift,
            before.ctypes.data,
            slices.shape[0],
            stride,
            limit,
        )
        while near:
            lowest = near & (~near + np.uint64(1))
            i = w * LANES + _place(lowest)
            if exact_bit(limbs, limb_drive, width, before, i, x):
                bits |= lowest
            else:
                bits &= ~lowest
            near ^= lowest
        after[w] = bits


@njit(nogil=True, cache=True)
@no_type_check
def _place(single):
    """The number of the one bit that is set."""
    place = 0
    for k in (32, 16, 8, 4, 2, 1):
        if single >> np.uint64(k):
            single >>= np.uint64(k)
            place += k
    return place


@njit(nogil=True, cache=True)
@no_type_check
def run(tables, before, symbols, states):
    """Fill `states` (T, W) from the state `before` (W)."""
    for t in range(len(symbols)):
        step(tables, before, symbols[t], states[t])
        before = states[t]


@njit(nogil=True, cache=True)
@no_type_check
def advance(tables, states, symbols):
    """Each of `states` (B, W), in place, over its row of `symbols` (B, K)."""
    spare = np.empty(states.shape[1], np.uint64)
    for b in range(len(states)):
        for x in symbols[b]:
            step(tables, states[b], x, spare)
            states[b] = spare


@njit(nogil=True, cache=True)
@no_type_check
def repeat(tables, states, word, times):
    """Each of `states` (B, W), in place, over `word` (K) read `times` times."""
    spare = np.empty(states.shape[1], np.uint64)
    for b in range(len(states)):
        for _ in range(times):
            for x in word:
                step(tables, states[b], x, spare)
                states[b] = spare
