"""Inner loops of cycles, compiled by numba: a hash table of visited states, Brent's walk, and the
independent stepper. Importing this costs a second.

The table is open addressing with linear probing: each slot is a row of W words for the state and one more
for its number in the order of visits, 0 where the slot is empty. States are computed a few ahead, their
slots asked for, and only then looked up: memory answers while the next states are computed.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from boolrnn.model.compiled import address, places, prefetch, step

GOING, KNOWN, FULL, CLOSED = 0, 1, 2, 3


@njit(nogil=True, cache=True)
@no_type_check
def _slot(state, mask):
    """The first slot to look at."""
    mixed = np.uint64(0)
    for word in state:
        mixed = (mixed ^ word) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(29))) & mask


@njit(nogil=True, cache=True)
@no_type_check
def _find(table, state, at):
    """The slot that holds `state`, or the empty one where it belongs; probing begins at `at`."""
    mask = np.uint64(len(table) - 1)
    while table[at, len(state)]:
        same = True
        for w in range(len(state)):
            if table[at, w] != state[w]:
                same = False
                break
        if same:
            break
        at = (at + np.uint64(1)) & mask
    return at


@njit(nogil=True, cache=True)
@no_type_check
def _apply(where, word, before, spare, after):
    """One application of `word`, from the state at the address `before` to the address `after`; `spare` is
    the address of scratch memory. All differ."""
    last = len(word) - 1
    if last % 2:
        spare, after = after, spare
    step(where, before, word[0], after)
    for k in range(1, last + 1):
        spare, after = after, spare
        step(where, spare, word[k], after)


@njit(nogil=True, cache=True)
@no_type_check
def follow(tables, word, ahead, table, count, room, limit):
    """Walk on from `ahead[0]`, entering new states, until one is known (KNOWN), `room` states are held
    (FULL) or `limit` were entered (GOING). Returns what ended it, the number of the known state, and how
    many states are held; `ahead[0]` is then the state not entered yet."""
    mask = np.uint64(len(table) - 1)
    size, width = len(ahead) - 1, ahead.shape[1]
    slots, scratch = np.empty(size, np.uint64), np.empty(width, np.uint64)
    where, first = places(tables), address(ahead)
    last = min(room, count + limit)
    while True:
        spare = address(scratch)  # taken in the loop: an array of which only an address is left is freed
        for b in range(size):
            slots[b] = _slot(ahead[b], mask)
            prefetch(address(table) + np.int64(slots[b]) * table.strides[0])
            _apply(where, word, first + 8 * width * b, spare, first + 8 * width * (b + 1))
        for b in range(size):
            at = _find(table, ahead[b], slots[b])
            number = np.int64(table[at, width])
            if number or count >= last:
                ahead[0] = ahead[b]
                if number:
                    return KNOWN, number, count
                return (FULL if count >= room else GOING), number, count
            count += 1
            for w in range(width):
                table[at, w] = ahead[b, w]
            table[at, width] = count
        ahead[0] = ahead[size]


@njit(nogil=True, cache=True)
@no_type_check
def rehash(table, larger):
    """Enter every state of one table into a larger, empty one."""
    mask, width = np.uint64(len(larger) - 1), table.shape[1] - 1
    for old in range(len(table)):
        if table[old, width]:
            state = table[old, :width]
            larger[_find(larger, state, _slot(state, mask))] = table[old]


@njit(nogil=True, cache=True)
@no_type_check
def brent(tables, word, state, anchor, power, since, table, limit):
    """Walk on without entering states (Brent 1980): `anchor` moves up to `state` at powers of two.

    Ends at a known state (KNOWN), at the anchor (CLOSED: the period is `since`), or after `limit`
    applications (GOING). Returns what ended it, the number of the known state, the applications made,
    `power` and `since`; `state` and `anchor` are written in place.
    """
    scratch, after = np.empty_like(state), np.empty_like(state)
    where, mask = places(tables), np.uint64(len(table) - 1)
    for made in range(1, limit + 1):
        _apply(where, word, address(state), address(scratch), address(after))
        state[:] = after
        since += 1
        number = table[_find(table, state, _slot(state, mask)), len(state)]
        if number:
            return KNOWN, np.int64(number), made, power, since
        same = True
        for w in range(len(state)):
            same &= state[w] == anchor[w]
        if same:
            return CLOSED, np.int64(0), made, power, since
        if since == power:
            anchor[:] = state
            power *= 2
            since = 0
    return GOING, np.int64(0), limit, power, since


@njit(nogil=True, cache=True)
@no_type_check
def meet(tables, word, left, right, limit):
    """Walk both states, in place, until they are the same; returns the applications made (-1: not yet)."""
    scratch, after = np.empty_like(left), np.empty_like(left)
    where = places(tables)
    for made in range(limit + 1):
        same = True
        for w in range(len(left)):
            same &= left[w] == right[w]
        if same:
            return made
        if made < limit:
            for state in (left, right):
                _apply(where, word, address(state), address(scratch), address(after))
                state[:] = after
    return -1


@njit(nogil=True, cache=True)
@no_type_check
def walk(columns, drive, z, bits, word, times, ones, ever, least):
    """The independent stepper: exact float64 sums `z` = wh s, updated by the columns of flipped bits.

    `columns[j]` is 2 wh[:, j], `bits` (H) the state, both written in place. After every application of
    `word`, `ones` keeps the bits that were always 1, `ever` those that ever were, and `least` the state
    that is smallest as an integer (neuron 0 lowest).
    """
    flipped = np.empty(len(bits) + 1, np.int64)
    for _ in range(times):
        for x in word:
            _flip(columns, drive[x], z, bits, flipped)
        if _smaller(bits, least):
            least[:] = bits
        for j in range(len(bits)):
            ones[j] &= bits[j]
            ever[j] |= bits[j]


@njit(nogil=True, cache=True)
@no_type_check
def _flip(columns, drive, z, bits, flipped):
    """One symbol: note which bits flip, then move the sums."""
    count = 0
    for j in range(len(bits)):
        after = np.uint8(z[j] + drive[j] >= 0)
        flipped[count] = j
        count += after ^ bits[j]
        bits[j] = after
    for j in flipped[:count]:
        up = 2.0 * bits[j] - 1.0
        for i in range(len(bits)):
            z[i] += up * columns[j, i]


@njit(nogil=True, cache=True)
@no_type_check
def _smaller(bits, least):
    """Whether a state is less than another, as integers."""
    for k in range(len(bits)):
        j = len(bits) - 1 - k
        if bits[j] != least[j]:
            return bits[j] < least[j]
    return False
