"""Inner loops of heal, compiled by numba: how soon one state is back. Importing this costs a second.

Arrays are given as their addresses and sizes: numba counts references to arrays at every call, and that took
five times as long as what is done here.
"""

from typing import Any, no_type_check

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from boolrnn.model.compiled import address, peek, poke, step
from boolrnn.model.table import LANES

_WORD = ir.IntType(64)


def _reader(kind: Any, result: Any, widen: str) -> Any:
    """An intrinsic that reads one number of this kind at an address."""

    @intrinsic
    def read(_typing: Any, place: Any) -> Any:
        def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            found = builder.load(builder.inttoptr(arguments[0], kind.as_pointer()))
            return getattr(builder, widen)(found, _WORD) if kind != _WORD else found

        return result(types.intp), generate

    return read


_read_long = _reader(_WORD, types.int64, "zext")
_read_int = _reader(ir.IntType(32), types.int64, "sext")
_read_byte = _reader(ir.IntType(8), types.int64, "zext")


@intrinsic
def _count(_typing: Any, word: Any) -> Any:
    """How many bits of a word are set."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@intrinsic
def lowest(_typing: Any, word: Any) -> Any:
    """The number of the lowest bit that is set; 64 where none is."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], cgutils.false_bit)

    return types.int64(types.uint64), generate


@njit(nogil=True, cache=True)
@no_type_check
def text_at(text):
    """Addresses and sizes in place of arrays, whose references numba counts at every call."""
    symbols, states, place, most = text
    return address(symbols), address(states), address(place), states.shape[1], len(symbols), most


@njit(nogil=True, cache=True)
@no_type_check
def kept_at(kept):
    near, far, finished, ring, first_row, memo = kept
    tables = (address(near), near.shape[1], address(far), far.shape[1])
    return tables, address(finished), ring, first_row, address(memo), len(memo) - 1


@njit(nogil=True, cache=True)
@no_type_check
def sets_at(sets):
    binomials, starts, _, near, far = sets
    return address(binomials), binomials.shape[1], address(starts), near, far


@njit(nogil=True, cache=True)
@no_type_check
def steps_back(where, text, at, difference, kept, sets, scratch):
    """Steps until a state at position at[0] is back, given the address of the difference one step later; -1
    for never. And how many steps were walked. The difference is remembered: many sets have the same."""
    symbols, states, _, words, length, most = text
    here, there, first = scratch, scratch + 8 * words, scratch + 16 * words
    now, last, own = at[0] + 1, min(at[0] + most, length - 1), np.int64(-1)
    while True:
        bits = _bits(difference, words)
        more = _looked_up(text, now, at, bits, difference, kept, sets) if bits else 0
        if more == -2:
            slot = kept[4] + (_hash(now, difference, words) & kept[5]) * 8 * (words + 1)
            more = _remembered(slot, now, difference, words)
            if more == -2 and own < 0:
                own = slot
                for w in range(words):
                    poke(first + 8 * w, peek(difference + 8 * w))
        if more >= -1 or now == last:
            break
        _differ(difference, states + 8 * words * now, here, words)
        now += 1
        step(where, here, _read_long(symbols + 8 * now), there)
        _differ(there, states + 8 * words * now, difference, words)
    total = now - at[0] + more if more >= 0 else -1
    if own >= 0:
        for w in range(words):
            poke(own + 8 * w, peek(first + 8 * w))
        poke(own + 8 * words, np.uint64(at[0] + 1) << np.uint64(32) | np.uint64(max(total, 0)))
    return (-1 if total > most else total), now - at[0] - 1


@njit(nogil=True, cache=True)
@no_type_check
def _bits(state, words):
    """How many bits are set in the words at an address."""
    total = 0
    for w in range(words):
        total += _count(peek(state + 8 * w))
    return total


@njit(nogil=True, cache=True)
@no_type_check
def _differ(left, right, out, words):
    """Write the bits in which two states differ, all given by address."""
    for w in range(words):
        poke(out + 8 * w, peek(left + 8 * w) ^ peek(right + 8 * w))


@njit(nogil=True, cache=True)
@no_type_check
def _looked_up(text, now, at, bits, difference, kept, sets):
    """Steps from position `now` on, as a finished table has them; -2 where none does."""
    (near, near_size, far, far_size), finished, ring, first_row, _, _ = kept
    place = _read_int(text[2] + 4 * now)
    if place < 0:
        return -2
    own = at[1] < place <= at[2]
    if bits <= sets[4] and own and place == at[1] + 1:
        return _read_int(far + 4 * ((place & 1) * far_size + _number(difference, bits, text[3], sets)))
    if bits <= sets[3] and ((own and place <= at[1] + ring) or _read_byte(finished + place)):
        row = first_row + place % ring
        return _read_int(near + 4 * (row * near_size + _number(difference, bits, text[3], sets)))
    return -2


@njit(nogil=True, cache=True)
@no_type_check
def _number(difference, bits, words, sets):
    """The number of a set of bits among all sets, smaller ones first."""
    row = 8 * sets[1]
    number, column = _read_long(sets[2] + 8 * bits), sets[0]
    for w in range(words):
        word = peek(difference + 8 * w)
        while word:
            column += row
            number += _read_long(column + 8 * (LANES * w + lowest(word)))
            word &= word - np.uint64(1)
    return number


@njit(nogil=True, cache=True)
@no_type_check
def _hash(now, difference, words):
    mixed = np.uint64(now)
    for w in range(words):
        mixed = (mixed ^ peek(difference + 8 * w)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0x94D049BB133111EB)
    return np.int64(mixed >> np.uint64(32))


@njit(nogil=True, cache=True)
@no_type_check
def _remembered(slot, now, difference, words):
    """Steps from position `now` on, as a slot has them: -1 for never, -2 where it holds something else. Its
    last word has the position, and the steps from the position before (0: never)."""
    entry = peek(slot + 8 * words)
    if entry >> np.uint64(32) != np.uint64(now):
        return -2
    for w in range(words):
        if peek(slot + 8 * w) != peek(difference + 8 * w):
            return -2
    return np.int64(entry & np.uint64(0xFFFFFFFF)) - 1
