"""Inner loops of minimise, compiled by numba: Hopcroft's partition refinement on arrays, and one of Moore's
rounds. Importing this costs a second.

The members of class c are `members[first[c] : end[c]]`; `place` says where in there a state stands. Where a
class is split the smaller part gets the next number and the rest keeps the old one. So every class is a
splitter once, in the order of the numbers, and those that wait need no list: a class that was not looked at
yet waits with what it holds by then, and of one that was, and is split afterwards, the smaller part has a
number that is still to come. That is Hopcroft's rule.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit


class Partition(NamedTuple):
    """A partition of N states, and the transitions backwards; all are integers of 32 bits where they fit."""

    offsets: np.ndarray  # (N A + 1) where in `sources` the states begin that lead to t by a: number t A + a
    sources: np.ndarray  # (N A)
    classes: np.ndarray  # (N)
    members: np.ndarray  # (N) states by class
    place: np.ndarray  # (N)
    first: np.ndarray  # (N)
    end: np.ndarray  # (N)
    marked: np.ndarray  # (N) how many members were moved to the front; 0 between two splitters
    found: np.ndarray  # (N) scratch


@njit(nogil=True, cache=True)
@no_type_check
def inverse(transitions, offsets, sources):
    """Fill `offsets`, which is zero, and `sources` of a partition."""
    count, symbols = transitions.shape
    for s in range(count):
        for a in range(symbols):
            if transitions[s, a] >= 0:
                offsets[np.int64(transitions[s, a]) * symbols + a] += 1
    for k in range(1, len(offsets)):
        offsets[k] += offsets[k - 1]
    for s in range(count - 1, -1, -1):  # every end moves down to its beginning
        for a in range(symbols):
            if transitions[s, a] >= 0:
                at = np.int64(transitions[s, a]) * symbols + a
                offsets[at] -= 1
                sources[offsets[at]] = s


@njit(nogil=True, cache=True)
@no_type_check
def arrange(part, number):
    """Sort the states by their class, 0..number - 1; returns a class of the most states."""
    part.end[:number] = 0
    for c in part.classes:
        part.end[c] += 1
    largest, most, total = 0, np.int64(0), np.int64(0)
    for c in range(number):
        size = np.int64(part.end[c])
        if size > most:
            largest, most = c, size
        part.first[c] = total
        part.end[c] = total
        total += size
    for s in range(len(part.classes)):
        c = part.classes[s]
        part.members[part.end[c]] = s
        part.place[s] = part.end[c]
        part.end[c] += 1
    return largest


@njit(nogil=True, cache=True)
@no_type_check
def refine(part, symbols, number, at, spared, work):
    """Split by splitters `at`, `at` + 1, .., all but `spared`, until none is left or about `work` steps are
    done. Returns the next splitter and the number of classes.

    In each class at first the same transitions must be undefined: then all states together part no class, and
    one splitter, the largest, can be spared.
    """
    offsets, sources, classes, members, place, first, end, marked, found = part
    while at < number and work > 0:
        begin = np.int64(first[at])
        stop = begin if at == spared else np.int64(end[at])
        for a in range(symbols):
            size = _gather(offsets, sources, members, begin, stop, symbols, a, found)
            work -= stop - begin + size
            touched = 0
            for i in range(size):  # found[:touched] become the classes: never more than were read
                s = found[i]
                c = classes[s]
                front = first[c] + marked[c]
                if not marked[c]:
                    found[touched] = c
                    touched += 1
                marked[c] += 1
                other, here = members[front], place[s]
                members[here], place[other] = other, here
                members[front], place[s] = s, front
            for i in range(touched):
                number += _split(found[i], classes, members, first, end, marked, number)
        at += 1
    return at, number


@njit(nogil=True, cache=True)
@no_type_check
def _gather(offsets, sources, members, begin, stop, symbols, a, found):
    """Write all states that lead to members[begin:stop] by symbol a to `found`; how many there are."""
    size = 0
    for i in range(begin, stop):
        at = members[i] * symbols + a
        for k in range(offsets[at], offsets[at + 1]):
            found[size] = sources[k]
            size += 1
    return size


@njit(nogil=True, cache=True)
@no_type_check
def _split(c, classes, members, first, end, marked, number):
    """Part the marked members of a class from the others: the smaller part becomes class `number`. How many
    classes are new: 1, or 0 where all are marked."""
    count, size = marked[c], end[c] - first[c]
    marked[c] = 0
    if count == size:
        return 0
    if 2 * count <= size:
        first[number], end[number] = first[c], first[c] + count
        first[c] += count
    else:
        first[number], end[number] = first[c] + count, end[c]
        end[c] = first[c] + count
    marked[number] = 0
    for i in range(first[number], end[number]):
        classes[members[i]] = number
    return 1


@njit(nogil=True, cache=True)
@no_type_check
def moore_round(transitions, before, after, table):
    """Write to `after` the classes of states that are equal `before`, and whose successors are; numbered by
    their first states. How many there are.

    `table` holds 1 + the first state of each class, by hash; its length is a power of two above 2 N.
    """
    count, symbols = transitions.shape
    mask, number = np.int64(len(table) - 1), 0
    table[:] = 0
    for s in range(count):
        mixed = np.uint64(before[s]) * np.uint64(0x9E3779B97F4A7C15)
        for a in range(symbols):
            target = np.int64(transitions[s, a])
            told = np.uint64(before[target] + 1 if target >= 0 else 0)
            mixed = (mixed ^ (mixed >> np.uint64(29)) ^ told) * np.uint64(0xBF58476D1CE4E5B9)
        at = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(mask))
        while table[at] and not _agree(transitions, before, s, np.int64(table[at]) - 1):
            at = (at + 1) & mask
        if table[at]:
            after[s] = after[table[at] - 1]
        else:
            table[at] = s + 1
            after[s] = number
            number += 1
    return number


@njit(nogil=True, cache=True)
@no_type_check
def _agree(transitions, before, s, other):
    """Whether two states and their successors are equal `before`."""
    if before[s] != before[other]:
        return False
    for a in range(transitions.shape[1]):
        left, right = np.int64(transitions[s, a]), np.int64(transitions[other, a])
        if left != right and (left < 0 or right < 0 or before[left] != before[right]):
            return False
    return True
