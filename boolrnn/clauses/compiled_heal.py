"""Inner loops of heal, compiled by numba: every set of flips at a position, and how soon each heals.

The sums of a flipped state are those of the trajectory's own state plus one row per flip, so that a set costs
one addition of rows more than the set without its least bit. Sums are int16 (boolrnn.clauses.return_times has
the proof); where one is too near to 0 its bit is computed from exact limbs. Importing this costs a second.

Sets of one size are in colexicographic order: by their greatest bit, then the next, the least bit last. The
number of a set c_1 < .. < c_k among its size is sum_i C(c_i, i) (Knuth, TAOCP 4A, 7.2.1.3, Theorem L).
"""

from typing import Any, no_type_check

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from boolrnn.clauses.compiled_returns import kept_at, lowest, sets_at, steps_back, text_at
from boolrnn.model.compiled import address, exact_bit, places
from boolrnn.model.table import LANES

_WORD, _SHORT = ir.IntType(64), ir.IntType(16)
_WALKED = 8  # what a step of the whole state costs, in flip sets


def _vector(words: int) -> Any:
    return ir.VectorType(_SHORT, LANES * words)


def _load(builder: Any, place: Any, words: int) -> Any:
    return builder.load(builder.inttoptr(place, _vector(words).as_pointer()), align=2)


def _moved(words: int) -> Any:
    """An intrinsic for `words` words: the lanes at an address plus those at another. What comes back are the
    words of lanes at or above 0, then those of lanes that are 0..limit."""
    lanes = LANES * words

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, row, limit = arguments
        total = builder.add(_load(builder, sums, words), _load(builder, row, words))
        nothing, number = _vector(words)(ir.Undefined), ir.IntType(32)
        first = builder.insert_element(nothing, builder.trunc(limit, _SHORT), number(0))
        limits = builder.shuffle_vector(first, nothing, ir.VectorType(number, lanes)([0] * lanes))
        found = []
        for mask in (
            builder.icmp_signed(">=", total, _vector(words)([0] * lanes)),
            builder.icmp_unsigned("<=", total, limits),
        ):
            bits = builder.bitcast(mask, ir.IntType(lanes))
            found += [builder.trunc(builder.lshr(bits, bits.type(LANES * w)), _WORD) for w in range(words)]
        return context.make_tuple(builder, signature.return_type, found)

    @intrinsic
    def move(_typing: Any, sums: Any, row: Any, limit: Any) -> Any:
        return types.UniTuple(types.uint64, 2 * words)(types.intp, types.intp, types.intp), generate

    return move


_one_word, _two_words = _moved(1), _moved(2)


@intrinsic
def _add_row(_typing: Any, sums: Any, row: Any) -> Any:
    """Add the 64 lanes at `row` to those at `sums`."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        sums, row = arguments
        total = builder.add(_load(builder, sums, 1), _load(builder, row, 1))
        builder.store(total, builder.inttoptr(sums, _vector(1).as_pointer()), align=2)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), generate


@njit(nogil=True, cache=True)
@no_type_check
def follow(tables, text, segment, moves, kept, sets, cursor, tally, allowance):
    """Follow flip sets of the positions of a segment, the last position first, until `allowance` is used up
    (a set costs 1, a walked step more); returns the sets followed. `cursor` says what is next: the place in
    the segment (-1: all are done), the size, and the set, ascending.

    text      symbols (T), states (T, W), the place of every position among all chosen (T; -1), most steps
    segment   its positions (B), ascending, and the place of its first one among all chosen
    moves     sums of the next state without flips (B, P), rows of flips up and down (2, H, P), limit
    kept      tables of steps, -1 for never: near (rows, N), two far ones (2, M); which places have their
              near row for everybody (bool); rows of this worker's ring, its first row; the memo (2^k, W + 1)
    sets      binomials [i, c] = C(c, i), number of the first set of each size, greatest size in all, in near
              and in far tables
    tally     per position and size: sets, returned, longest; per position: the first set with the longest
              (and steps), the first that never returned; histogram of steps
    """
    followed = 0
    while cursor[0] >= 0 and allowance > 0:
        used, done = _position(tables, text, segment, moves, kept, sets, cursor, tally, allowance)
        allowance -= used
        followed += done
    return followed


@njit(nogil=True, cache=True)
@no_type_check
def _position(tables, text, segment, moves, kept, sets, cursor, tally, allowance):
    """One position from `cursor` on: what it used of the allowance, and the sets followed."""
    k, where, states = cursor[0], places(tables), text[1]
    t, words, radius, hidden = segment[0][k], states.shape[1], sets[2], moves[1].shape[1]
    at = (t, segment[1] + k, segment[1] + len(segment[0]) - 1)
    rows, sums = _rows(moves[1], states[t]), np.empty(LANES * words, np.int16)
    found, values = np.empty((hidden, 2 * words), np.uint64), np.empty(hidden, np.int64)
    scratch, combination, used, followed = np.empty((3, words), np.uint64), cursor[2:], 0, 0
    while cursor[1] <= radius:
        size, first = cursor[1], combination[0]
        stop = combination[1] if size > 1 else hidden
        sums[:] = moves[0][k]
        for i in range(1, size):
            for w in range(words):
                _add_row(address(sums) + 2 * LANES * w, rows[combination[i]] + 2 * LANES * w)
        _differences(sums, rows, states[t + 1], found, first, stop, moves[2])
        end, cost = _values(
            where, text, at, found, kept, sets, combination[:size], stop, scratch, values, allowance - used
        )
        _record(values[first:end], k, combination[:size], kept[1][at[1] % 2], sets, tally)
        followed += end - first
        used += end - first + cost
        combination[0] = end
        if end == stop:
            cursor[1] += _next(combination, size, hidden)
        if used >= allowance:
            break
    if cursor[1] > radius:
        _keep(kept, sets, at[1])
        cursor[0] -= 1
        cursor[1] = 1
        _least(combination, len(combination))
    return used, followed


@njit(nogil=True, cache=True)
@no_type_check
def _rows(flips, state):
    """The address of the row that each flip of this state adds."""
    rows = np.empty(flips.shape[1], np.int64)
    for j in range(len(rows)):
        is_set = np.int64(state[j >> 6] >> np.uint64(j & 63) & np.uint64(1))
        rows[j] = address(flips) + (is_set * len(rows) + j) * 2 * flips.shape[2]
    return rows


@njit(nogil=True, cache=True)
@no_type_check
def _differences(sums, rows, target, found, first, stop, limit):
    """For each least bit `first`..`stop` - 1: the words in which the next state differs from `target` as far
    as the int16 sums tell, then the words of the bits that they do not decide."""
    base, words, span = address(sums), len(target), 2 * LANES
    for c in range(first, stop):
        for w in range(0, words - 1, 2):
            low, high, near, far = _two_words(base + span * w, rows[c] + span * w, limit)
            found[c, w], found[c, w + 1] = low ^ target[w], high ^ target[w + 1]
            found[c, words + w], found[c, words + w + 1] = near, far
        if words % 2:
            w = words - 1
            low, near = _one_word(base + span * w, rows[c] + span * w, limit)
            found[c, w], found[c, words + w] = low ^ target[w], near


@njit(nogil=True, cache=True)
@no_type_check
def _values(where, text, at, found, kept, sets, combination, stop, scratch, values, allowance):
    """Steps of every least bit from combination[0] on, -1 for never. They end at `stop`, or when the walks
    have cost `allowance`; returns where, and the cost."""
    cost, words = 0, scratch.shape[1]
    texts, keeping, numbers = text_at(text), kept_at(kept), sets_at(sets)
    for c in range(combination[0], stop):
        different = undecided = np.uint64(0)
        for w in range(words):
            different |= found[c, w]
            undecided |= found[c, words + w]
        values[c] = 1
        if undecided:
            cost += _settle(where, text, at[0], found[c], combination, c, scratch)
        if different | undecided:
            row = address(found) + 16 * words * c
            values[c], walked = steps_back(where, texts, at, row, keeping, numbers, address(scratch))
            cost += _WALKED * walked
        if cost >= allowance:
            return c + 1, cost
    return stop, cost


@njit(nogil=True, cache=True)
@no_type_check
def _settle(where, text, t, found, combination, c, scratch):
    """Decide exactly what the int16 sums left open; combination[0] is read as `c`. How many bits it was."""
    symbols, states, flipped, count = text[0], text[1], scratch[0], 0
    flipped[:] = states[t]
    flipped[c >> 6] ^= np.uint64(1) << np.uint64(c & 63)
    for j in combination[1:]:
        flipped[j >> 6] ^= np.uint64(1) << np.uint64(j & 63)
    for w in range(len(flipped)):
        near = found[len(flipped) + w]
        while near:
            count += 1
            bit = lowest(near)
            mask = np.uint64(1) << np.uint64(bit)
            near ^= mask
            own = states[t + 1, w] & mask
            if exact_bit(where[3], address(flipped), LANES * w + bit, symbols[t + 1], -1):
                own ^= mask
            found[w] = (found[w] & ~mask) | own
    return count


@njit(nogil=True, cache=True)
@no_type_check
def _record(values, k, combination, table, sets, tally):
    """Enter the steps of sets with consecutive least bits, from combination[0] on."""
    counts, slowest, never, histogram = tally
    size, first, radius = len(combination), combination[0], sets[2]
    row = counts[k, size - 1]
    for c in range(len(values)):
        steps = values[c]
        if steps > 0:
            row[1] += 1
            histogram[steps] += 1
            row[2] = max(row[2], steps)
        if steps > slowest[k, radius] or (steps < 0 and never[k, 0] < 0):
            noted = slowest[k] if steps > 0 else never[k]
            noted[:size] = combination
            noted[0] = first + c
            noted[radius] = steps
    row[0] += len(values)
    if size <= sets[4]:
        number = sets[1][size] + first
        for i in range(1, size):
            number += sets[0][i + 1, combination[i]]
        for c in range(len(values)):
            table[number + c] = values[c]


@njit(nogil=True, cache=True)
@no_type_check
def _next(combination, size, hidden):
    """Go on to the next set that differs in more than the least bit; after the last of this size, to the
    first of the next, which returns 1."""
    for i in range(1, size):
        if combination[i] + 1 < (combination[i + 1] if i + 1 < size else hidden):
            combination[i] += 1
            _least(combination, i)
            return 0
    _least(combination, min(size + 1, len(combination)))
    return 1


@njit(nogil=True, cache=True)
@no_type_check
def _least(combination, size):
    """The first set of a size."""
    for i in range(size):
        combination[i] = i


@njit(nogil=True, cache=True)
@no_type_check
def _keep(kept, sets, place):
    """Copy the small sets of a finished position to its row of the near table."""
    near, far, _, ring, first_row = kept[:5]
    row, table = near[first_row + place % ring], far[place % 2]
    for number in range(sets[1][sets[3] + 1]):
        row[number] = table[number]
