"""Inner loops of the search, compiled by numba: propagation of bounds, branching, backing up.

A literal is a number 2 j + v: variable j takes the value v. The spare of a row is its greatest sum, given
what is decided, less its bound: how much can still be given up. Its reach is how much its sum can still
vary. Rows whose spare is below the weight of an open variable force that variable.

Every level of the search has its own copy of what is kept per row, so that backing up costs nothing.
"""

from typing import no_type_check

import numpy as np
from numba import njit

FRESH, OPEN, SHUT, END = 0, 1, 2, 3  # literals not looked at yet; consistent; to back up; all looked at
SPARE, REACH, PASSED, HEAVIEST = 0, 1, 2, 3  # what is kept per row; PASSED counts weights above the spare
_LEAST = np.float32(1e-6)  # of a row's largest weight: what it can force below that hardly matters


@njit(nogil=True, cache=True)
@no_type_check
def run(rows, state, leaves, nodes):
    """Go on from `state` for at most `nodes` nodes, or until `leaves` (K, N) is full.

    Returns how many leaves, assignments that satisfy every row, were written, and how many nodes were
    looked at. `state` is changed in place and says where to go on.
    """
    bits, trail, start, decision, tried, levels, place = state
    level, tail, phase = place[0], place[1], place[2]
    size, count, used = len(bits), 0, 0
    if phase == FRESH:
        fine, tail = _propagate(rows, levels[0], bits, trail, 0, tail)
        phase = OPEN if fine else SHUT
    while used < nodes:
        if phase == OPEN and tail == size:
            if count == len(leaves):
                break
            for j in range(size):
                leaves[count, j] = bits[j]
            count += 1
            phase = SHUT
        if phase == OPEN:
            literal = _branch(rows, levels[level], bits)
            level += 1
            start[level], decision[level], tried[level] = tail, literal, 0
        else:
            while level > 0 and tried[level]:
                tail = _undo(bits, trail, start[level], tail)
                level -= 1
            if level == 0:
                phase = END
                break
            tail = _undo(bits, trail, start[level], tail)
            decision[level] ^= 1
            tried[level] = 1
        used += 1
        levels[level] = levels[level - 1]
        literal = decision[level]
        bits[literal >> 1], trail[tail] = literal & 1, literal
        fine, tail = _propagate(rows, levels[level], bits, trail, tail, tail + 1)
        phase = OPEN if fine else SHUT
    place[0], place[1], place[2] = level, tail, phase
    return count, used


@njit(nogil=True, cache=True)
@no_type_check
def _undo(bits, trail, start, tail):
    """Open the variables of the trail from `start` on."""
    for k in range(start, tail):
        bits[trail[k] >> 1] = -1
    return start


@njit(nogil=True, cache=True)
@no_type_check
def _propagate(rows, kept, bits, trail, head, tail):
    """Take the literals trail[head:tail] into account, and all that follow from them.

    Returns whether no row is violated, and the new end of the trail.
    """
    losses, weights, order, helps = rows[0], rows[1], rows[2], rows[3]
    spare, reach, passed, heaviest = kept[SPARE], kept[REACH], kept[PASSED], kept[HEAVIEST]
    count = len(spare)
    while True:
        while head < tail:
            loss, gain = losses[trail[head]], losses[trail[head] ^ 1]
            head += 1
            negative = np.int64(0)
            for r in range(count):
                left = spare[r] - loss[r]
                spare[r] = left
                reach[r] -= loss[r] + gain[r]
                negative |= left
            if negative < 0:
                return False, tail
        for r in range(count):
            if spare[r] < heaviest[r]:
                left, k = spare[r], passed[r]
                while weights[r, k] > left:
                    j = order[r, k]
                    if bits[j] < 0:
                        bits[j] = helps[r, k]
                        trail[tail] = 2 * j + helps[r, k]
                        tail += 1
                    k += 1
                passed[r], heaviest[r] = k, weights[r, k]
        if head == tail:
            return True, tail


@njit(nogil=True, cache=True, fastmath=True)
@no_type_check
def _branch(rows, kept, bits):
    """The literal to try next: its variable has the largest sum over rows of (weight / spare)^2, a row
    counting as much as its reach exceeds its spare; its value is the one that costs less."""
    losses, squares, scale = rows[0], rows[4], rows[5]
    spare, reach = kept[SPARE], kept[REACH]
    count = len(spare)
    share = np.empty(count, np.float32)
    for r in range(count):
        left = np.float32(spare[r] + 1)
        ratio = np.float32(reach[r]) / left
        left = max(left * scale[r], _LEAST)
        share[r] = (ratio - np.float32(1)) / (left * left) if ratio > 1 else np.float32(0)
    best, most = -1, np.float32(-1)
    for j in range(len(bits)):
        if bits[j] < 0:
            total = np.float32(0)
            for r in range(count):
                total += squares[j, r] * share[r]
            if total > most:
                best, most = j, total
    zero, one = np.float32(0), np.float32(0)
    for r in range(count):
        zero += np.float32(losses[2 * best, r]) * scale[r] * share[r]
        one += np.float32(losses[2 * best + 1, r]) * scale[r] * share[r]
    return 2 * best + (1 if one < zero else 0)
