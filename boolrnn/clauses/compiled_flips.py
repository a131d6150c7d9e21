"""Inner loops of fragility, compiled by numba: flip sets and substitutions, and their effect on the last
state. Importing this costs a second.

States are rows of W words, as many as compiled steps of both layers, states and outputs, read and write.
Small helpers are inlined and given rows by number: at a call numba counts the references of arrays, which
takes longer than a step. `effect` is (mask, before, least): where before is -1 all bits of the mask are to
differ in the last state, otherwise the number of outputs that come before one of them is to differ from
`before`, which takes a difference of `least` bits at least.
"""

from typing import no_type_check

import numpy as np
from numba import njit

from boolrnn.model.compiled import address, places, step


@njit(inline="always")
@no_type_check
def _count(word):
    """How many bits of a word are set (Knuth, TAOCP 4A, 7.1.3, eq. 62)."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(inline="always")
@no_type_check
def _copy(source, i, target, k):
    """Copy row i to row k."""
    for w in range(target.shape[1]):
        target[k, w] = source[i, w]


@njit(inline="always")
@no_type_check
def _same(left, i, right, k):
    """Whether two rows are equal."""
    different = np.uint64(0)
    for w in range(left.shape[1]):
        different |= left[i, w] ^ right[k, w]
    return different == 0


@njit(inline="always")
@no_type_check
def _shows(outputs, scratch, i, path, last, mask, before, least):
    """Whether the last state, row i of `scratch`, has the effect; row 2 is scratch."""
    if before < 0:
        kept = np.uint64(0)
        for w in range(path.shape[1]):
            kept |= ~(scratch[i, w] ^ path[last, w]) & mask[w]
        return kept == 0
    count = np.int64(0)
    for w in range(path.shape[1]):
        count += _count(scratch[i, w] ^ path[last, w])
    if count < least:
        return False
    first, row, count = address(scratch), 8 * path.shape[1], np.int64(0)
    step(outputs, first + i * row, 0, first + 2 * row)
    for w in range(path.shape[1]):
        count += _count(scratch[2, w])
    return count != before


@njit(nogil=True, cache=True)
@no_type_check
def search(tables, layer, text, units, combination, allowance, effect):
    """Whether one of the next `allowance` flip sets, from `combination` on in lexicographic order, has the
    effect; `combination` is left there.

    text         the state that is flipped (W), symbols (K), the states without flips (K + 1, W)
    units        neurons that may be flipped (N)
    combination  places of the flipped ones among these, ascending (R)
    """
    state, word, path = text
    mask, before, least = effect
    where, outputs = places(tables), places(layer)
    size, count, words, steps = len(combination), len(units), len(state), len(word)
    prefix, scratch = np.empty(words, np.uint64), np.zeros((3, words), np.uint64)
    first, row = address(scratch), 8 * words
    _flip(prefix, state, units, combination)
    for _ in range(allowance):
        now, healed = 0, False
        for w in range(words):
            scratch[0, w] = prefix[w]
        j = units[combination[size - 1]]
        scratch[0, j >> 6] ^= np.uint64(1) << np.uint64(j & 63)
        for k in range(steps):
            step(where, first + now * row, word[k], first + (1 - now) * row)
            now = 1 - now
            if _same(scratch, now, path, k + 1):
                healed = True
                break
        if not healed and _shows(outputs, scratch, now, path, steps, mask, before, least):
            return True
        at = size - 1
        while at >= 0 and combination[at] == count - size + at:
            at -= 1
        if at < 0:
            return False
        combination[at] += 1
        if at < size - 1:
            for k in range(at + 1, size):
                combination[k] = combination[k - 1] + 1
            _flip(prefix, state, units, combination)
    return False


@njit(nogil=True, cache=True)
@no_type_check
def _flip(target, state, units, combination):
    """A state with some of its bits flipped, all of a combination but the last."""
    target[:] = state
    for k in range(len(combination) - 1):
        j = units[combination[k]]
        target[j >> 6] ^= np.uint64(1) << np.uint64(j & 63)


@njit(nogil=True, cache=True)
@no_type_check
def substitute(tables, layer, text, opening, at, among, low, stop, digits, effect):
    """Whether some substitution at the places `at` (R) of a word has the effect, its symbols being
    among[low[k]:stop[k]] at at[k], never what stands there; in lexicographic order, `digits` (R) left there.

    text     the symbols (K), the states after each of them without substitutions (K, W)
    opening  the state after each of `among` was read at the first place (A, W)
    """
    word, path = text
    mask, before, least = effect
    where, outputs = places(tables), places(layer)
    size, length, words = len(at), len(word), path.shape[1]
    kept = np.zeros((size + 1, words), np.uint64)  # the state before each place
    scratch, row = np.zeros((3, words), np.uint64), 8 * words
    first, depth = address(scratch), 0
    digits[0] = low[0] - 1
    while depth >= 0:
        digits[depth] += 1
        if digits[depth] == stop[depth]:
            depth -= 1
            continue
        x = among[digits[depth]]
        if x == word[at[depth]]:
            continue
        now = 0
        if depth == 0:
            _copy(opening, digits[0], scratch, 0)
        else:
            step(where, address(kept) + depth * row, x, first)
        until = at[depth + 1] if depth + 1 < size else length
        for k in range(at[depth] + 1, until):
            step(where, first + now * row, word[k], first + (1 - now) * row)
            now = 1 - now
        if _same(scratch, now, path, until - 1):
            continue  # no trace is left of it: what follows is a smaller set of substitutions
        if depth + 1 < size:
            depth += 1
            _copy(scratch, now, kept, depth)
            digits[depth] = low[depth] - 1
        elif _shows(outputs, scratch, now, path, length - 1, mask, before, least):
            return True
    return False
