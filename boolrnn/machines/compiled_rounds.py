"""The inner loop of the check of a partition, compiled by numba: Moore's rounds, one after the other, but
without looking at all states in each. Importing this costs a second. It shares no code with what it checks.

Round k parts states whose successors were parted in round k - 1. Of every class that is parted the largest
part keeps the number, and the next round looks only at states of which a successor got a new number: the
others of their class look as before, like each other and like none of those. So a state gets a new number
at most log2 K times, and all rounds together look at A K log2 K states (Jacobs & Wißmann 2023,
doi:10.1145/3571245, who refine the same way, but do not keep rounds apart).
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit


class Rounds(NamedTuple):
    """A partition of K states, and room for one round; all (K) but `begins` (K + 1) and `table`.

    The members of class c are the first `size[c]` of `members` from `first[c]` on. Before a round `apart` is
    0, `head` -1 and `table` 0 everywhere.
    """

    begins: np.ndarray  # where in `sources` the states begin that lead to a state
    sources: np.ndarray  # (K A)
    classes: np.ndarray
    members: np.ndarray
    place: np.ndarray  # of a state in `members`
    first: np.ndarray
    size: np.ndarray
    apart: np.ndarray  # members of a class that are looked at in this round
    head: np.ndarray  # a group of such members, and by `link` the next one of the class
    link: np.ndarray
    sample: np.ndarray  # a member of each group
    share: np.ndarray  # the size of each group
    start: np.ndarray  # where in `members` a group goes
    name: np.ndarray  # its class from now on
    slot: np.ndarray  # where in `table` it is
    looked: np.ndarray  # the states looked at
    group: np.ndarray  # their groups, in the same order
    changed: np.ndarray  # states that got a new class
    stamp: np.ndarray  # the last round that looked at a state
    table: np.ndarray  # groups + 1 by hash; its length is a power of two above 2 K


@njit(nogil=True, cache=True)
@no_type_check
def begin(room, transitions, number):
    """Fill in what does not change, and the classes (0..number - 1) as they are; all else is zero."""
    count, symbols = transitions.shape
    for s in range(count):
        for a in range(symbols):
            if transitions[s, a] >= 0:
                room.begins[transitions[s, a]] += 1
    for t in range(count):
        room.begins[t + 1] += room.begins[t]
    for s in range(count):
        room.size[room.classes[s]] += 1
        for a in range(symbols):
            target = transitions[s, a]
            if target >= 0:
                room.begins[target] -= 1
                room.sources[room.begins[target]] = s
    for c in range(1, number):
        room.first[c] = room.first[c - 1] + room.size[c - 1]
    for s in range(count):
        c = room.classes[s]
        room.place[s] = room.first[c] + room.apart[c]
        room.members[room.place[s]] = s
        room.apart[c] += 1
        room.looked[s] = s
    room.apart[:] = 0
    room.head[:] = -1


@njit(nogil=True, cache=True)
@no_type_check
def advance(room, transitions, number, waiting, past, most):
    """At most `most` rounds, of which the first looks at looked[:waiting]. `past` rounds were made before.
    Returns how many classes there are, how many states the next round looks at, and how many rounds parted
    something."""
    while waiting > 0 and most > 0:
        groups = _group(room, transitions, waiting)
        _set_apart(room, waiting)
        before = number
        number, moved = _named(room, groups, number)
        moved = _moved(room, waiting, moved)
        if number > before:
            past += 1
        waiting = _next(room, moved, past)
        most -= 1
    return number, waiting, past


@njit(nogil=True, cache=True)
@no_type_check
def _group(room, transitions, waiting):
    """Group the states looked at: equal classes, of all their successors too. How many groups there are."""
    classes, groups, mask = room.classes, 0, np.int64(len(room.table) - 1)
    for i in range(waiting):
        s = room.looked[i]
        mixed = np.uint64(classes[s])
        for a in range(transitions.shape[1]):
            target = transitions[s, a]
            seen = np.uint64(classes[target] + 1 if target >= 0 else 0)
            mixed = (mixed + seen) * np.uint64(0xD6E8FEB86659FD93)
            mixed ^= mixed >> np.uint64(32)
        at = np.int64(mixed & np.uint64(mask))
        while room.table[at] and not _alike(transitions, classes, s, room.sample[room.table[at] - 1]):
            at = (at + 1) & mask
        if not room.table[at]:
            room.sample[groups], room.share[groups], room.slot[groups] = s, 0, at
            groups += 1
            room.table[at] = groups
        room.group[i] = room.table[at] - 1
        room.share[room.group[i]] += 1
    for g in range(groups):
        room.table[room.slot[g]] = 0
    return groups


@njit(nogil=True, cache=True)
@no_type_check
def _alike(transitions, classes, s, other):
    """Whether two states are of one class, and their successors under every symbol."""
    same = classes[s] == classes[other]
    for a in range(transitions.shape[1]):
        left, right = transitions[s, a], transitions[other, a]
        if left < 0 or right < 0:
            same &= left == right
        else:
            same &= classes[left] == classes[right]
    return same


@njit(nogil=True, cache=True)
@no_type_check
def _set_apart(room, waiting):
    """Move the states looked at to the end of their classes."""
    for i in range(waiting):
        s = room.looked[i]
        c = room.classes[s]
        room.apart[c] += 1
        here, there = room.place[s], room.first[c] + room.size[c] - room.apart[c]
        other = room.members[there]
        room.members[here], room.place[other] = other, here
        room.members[there], room.place[s] = s, there


@njit(nogil=True, cache=True)
@no_type_check
def _named(room, groups, number):
    """Choose the classes of groups, and of what remains beside them. The number of classes, and how many
    states of those that were not looked at are `changed`."""
    moved = 0
    for g in range(groups):
        c = room.classes[room.sample[g]]
        room.link[g], room.head[c] = room.head[c], g
    for sampled in range(groups):
        c = room.classes[room.sample[sampled]]
        if room.head[c] < 0:
            continue  # done, with another group of this class
        rest = room.size[c] - room.apart[c]
        at, most, keeper, g = room.first[c] + rest, rest, -1, room.head[c]
        while g >= 0:
            if room.share[g] > most:
                most, keeper = room.share[g], g
            g = room.link[g]
        if keeper >= 0 and rest:
            room.first[number], room.size[number] = room.first[c], rest
            for k in range(room.first[c], room.first[c] + rest):
                room.classes[room.members[k]] = number
                room.changed[moved] = room.members[k]
                moved += 1
            number += 1
        g = room.head[c]
        while g >= 0:
            room.name[g] = c if g == keeper else number
            number += g != keeper
            room.first[room.name[g]], room.size[room.name[g]] = at, room.share[g]
            room.start[g] = at
            at += room.share[g]
            g = room.link[g]
        if keeper < 0:
            room.size[c] = rest
        room.head[c], room.apart[c] = -1, 0
    return number, moved


@njit(nogil=True, cache=True)
@no_type_check
def _moved(room, waiting, moved):
    """Put the states looked at where their groups are. How many states are `changed` now."""
    for i in range(waiting):
        s, g = room.looked[i], room.group[i]
        room.members[room.start[g]], room.place[s] = s, room.start[g]
        room.start[g] += 1
        if room.classes[s] != room.name[g]:
            room.classes[s] = room.name[g]
            room.changed[moved] = s
            moved += 1
    return moved


@njit(nogil=True, cache=True)
@no_type_check
def _next(room, moved, past):
    """List the states that the next round looks at: how many there are. Nothing parts a class of one."""
    waiting = 0
    for i in range(moved):
        t = room.changed[i]
        for k in range(room.begins[t], room.begins[t + 1]):
            s = room.sources[k]
            if room.stamp[s] != past and room.size[room.classes[s]] > 1:
                room.stamp[s] = past
                room.looked[waiting] = s
                waiting += 1
    return waiting
