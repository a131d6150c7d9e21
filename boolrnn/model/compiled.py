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

_WORD, _BYTE = ir.IntType(64), ir.IntType(8)


def _lookup(words: int) -> Any:
    """An intrinsic for `words` words: add up one row per slice and the drive, all at addresses. What comes
    back are the words of lanes at or above 0, then those of lanes that are 0..limit."""
    lanes = LANES * words
    vector = ir.VectorType(ir.IntType(16), lanes)

    def load(builder: Any, address: Any, kind: Any, align: int) -> Any:
        return builder.load(builder.inttoptr(address, kind.as_pointer()), align=align)

    def add_row(builder: Any, sums: Any, table: Any, number: Any, value: Any, stride: Any) -> None:
        row = builder.add(builder.shl(number, _WORD(8)), value)
        address = builder.add(table, builder.mul(row, stride))
        builder.store(builder.add(builder.load(sums), load(builder, address, vector, LANES // 32)), sums)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table, drive, state, slices, stride, limit = arguments
        sums = cgutils.alloca_once(builder, vector)
        builder.store(load(builder, drive, vector, 2), sums)
        whole = builder.lshr(slices, _WORD(3))
        with cgutils.for_range(builder, whole, intp=_WORD) as loop:
            first = builder.shl(loop.index, _WORD(3))
            word = load(builder, builder.add(state, first), _WORD, 8)
            for k in range(8):  # bytes of a word that is in a register: no store has to be waited for
                value = builder.and_(builder.lshr(word, _WORD(8 * k)), _WORD(255))
                add_row(builder, sums, table, builder.add(first, _WORD(k)), value, stride)
        rest = builder.shl(whole, _WORD(3))
        with cgutils.for_range(builder, builder.sub(slices, rest), intp=_WORD) as loop:
            number = builder.add(rest, loop.index)
            value = builder.zext(load(builder, builder.add(state, number), _BYTE, 1), _WORD)
            add_row(builder, sums, table, number, value, stride)
        total = builder.load(sums)
        masks = (
            builder.icmp_signed(">=", total, vector([0] * lanes)),
            builder.icmp_unsigned("<=", total, _spread(builder, limit, vector)),
        )
        found = []
        for mask in masks:
            both = builder.bitcast(mask, ir.IntType(lanes))
            found += [builder.trunc(builder.lshr(both, both.type(LANES * w)), _WORD) for w in range(words)]
        return context.make_tuple(builder, signature.return_type, found)

    @intrinsic
    def look(_typing: Any, table: Any, drive: Any, state: Any, slices: Any, stride: Any, limit: Any) -> Any:
        return types.UniTuple(types.uint64, 2 * words)(*(types.intp for _ in range(6))), generate

    return look


def _spread(builder: Any, value: Any, vector: Any) -> Any:
    """One value in every lane."""
    nothing, number = vector(ir.Undefined), ir.IntType(32)
    first = builder.insert_element(nothing, builder.trunc(value, vector.element), number(0))
    return builder.shuffle_vector(first, nothing, ir.VectorType(number, vector.count)([0] * vector.count))


_one_word, _two_words = _lookup(1), _lookup(2)


@intrinsic
def peek(_typing: Any, address: Any) -> Any:
    """The word at an address."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], _WORD.as_pointer()))

    return types.uint64(types.intp), generate


@intrinsic
def poke(_typing: Any, address: Any, word: Any) -> Any:
    """Write a word to an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[1], builder.inttoptr(arguments[0], _WORD.as_pointer()))
        return context.get_dummy_value()

    return types.void(types.intp, types.uint64), generate


@intrinsic
def prefetch(_typing: Any, address: Any) -> Any:
    """Ask for the memory at an address."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = _BYTE.as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        place = builder.inttoptr(arguments[0], byte)
        builder.call(ask, [place, number(1), number(1), number(1)])
        return arguments[0]

    return types.intp(types.intp), generate


@intrinsic
def _signed_sum(_typing: Any, weights: Any, word: Any) -> Any:
    """The sum of 64 whole numbers at an address, each with the sign that its bit in `word` gives (1: +)."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, word = arguments
        vector = ir.VectorType(_WORD, LANES)
        values = builder.load(builder.inttoptr(address, vector.as_pointer()), align=8)
        mask = builder.bitcast(word, ir.VectorType(ir.IntType(1), LANES))
        signed = builder.select(mask, values, builder.sub(vector([0] * LANES), values))
        name = f"llvm.vector.reduce.add.v{LANES}i64"
        total = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_WORD, [vector]), name)
        return builder.call(total, [signed])

    return types.int64(types.intp, types.uint64), generate


@njit(nogil=True, cache=True)
@no_type_check
def address(array):
    """Where an array begins, signed: numba turns the sum of a signed and an unsigned word into a float."""
    return np.int64(array.ctypes.data)


@njit(nogil=True, cache=True)
@no_type_check
def places(tables):
    """The tables as numbers: addresses and sizes. Steps are given these and no arrays, whose references
    numba counts at every call: that took four times as long as the step itself."""
    slices, drive, limit, limbs, limb_drive, width = tables
    words = slices.shape[2] // LANES
    exact = (address(limbs), address(limb_drive), limbs.shape[0], limbs.shape[1], width, words)
    sizes = (slices.shape[0], slices.shape[2] * 2, limit, words)
    return address(slices), address(drive), sizes, exact


@njit(nogil=True, cache=True)
@no_type_check
def exact_bit(exact, before, i, x, turned):
    """Bit i of the next state of the one at address `before`, with bit `turned` flipped (-1: none), from
    limbs: carry upwards, and the highest keeps the sign."""
    limbs, limb_drive, hidden, count, width, words = exact
    row = limbs + 8 * i * count * LANES * words
    drive = limb_drive + 8 * (x * hidden + i) * count
    carry = np.int64(0)
    for k in range(count):
        total = np.int64(peek(drive + 8 * k)) + (carry >> width)
        for w in range(words):
            word = peek(before + 8 * w)
            if w == turned >> 6:
                word ^= np.uint64(1) << np.uint64(turned & 63)
            total += _signed_sum(row, word)
            row += 8 * LANES
        carry = total
    return carry >= 0


@njit(nogil=True, cache=True)
@no_type_check
def step(where, before, x, after):
    """One transition, from the state at the address `before` to the address `after`, which must differ."""
    table, drive, (slices, stride, limit, words), exact = where
    drive += x * stride
    for w in range(0, words - 1, 2):
        shift = w * 2 * LANES
        low, high, near, far = _two_words(table + shift, drive + shift, before, slices, stride, limit)
        if near | far:
            low = settled(exact, before, x, w, low, near)
            high = settled(exact, before, x, w + 1, high, far)
        poke(after + 8 * w, low)
        poke(after + 8 * w + 8, high)
    if words % 2:
        shift = (words - 1) * 2 * LANES
        low, near = _one_word(table + shift, drive + shift, before, slices, stride, limit)
        if near:
            low = settled(exact, before, x, words - 1, low, near)
        poke(after + 8 * words - 8, low)


@njit(nogil=True, cache=True)
@no_type_check
def settled(exact, before, x, w, bits, near):
    """Word w of the next state with the bits in `near` summed exactly."""
    while near:
        lowest = near & (~near + np.uint64(1))
        near ^= lowest
        if exact_bit(exact, before, w * LANES + _place(lowest), x, -1):
            bits |= lowest
        else:
            bits &= ~lowest
    return bits


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
    where, row = places(tables), 8 * states.shape[1]
    source, target = address(before), address(states)
    for x in symbols:
        step(where, source, x, target)
        source = target
        target += row


@njit(nogil=True, cache=True)
@no_type_check
def advance(tables, states, symbols):
    """Each of `states` (B, W), in place, over its row of `symbols` (B, K)."""
    where, spare, row = places(tables), np.empty(states.shape[1], np.uint64), 8 * states.shape[1]
    for b in range(len(states)):
        here, there = address(states) + b * row, address(spare)
        for k in range(symbols.shape[1]):
            step(where, here, symbols[b, k], there)
            here, there = there, here
        if symbols.shape[1] % 2:
            states[b] = spare


@njit(nogil=True, cache=True)
@no_type_check
def repeat(tables, states, word, times):
    """Each of `states` (B, W), in place, over `word` (K) read `times` times."""
    where, spare, row = places(tables), np.empty(states.shape[1], np.uint64), 8 * states.shape[1]
    for b in range(len(states)):
        here, there = address(states) + b * row, address(spare)
        for _ in range(times):
            for k in range(len(word)):
                step(where, here, word[k], there)
                here, there = there, here
        if len(word) * times % 2:
            states[b] = spare
