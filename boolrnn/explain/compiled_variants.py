"""The inner loops of boolrnn.explain.variants, compiled by numba. Importing this costs a second."""

import math
from typing import no_type_check

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
@no_type_check
def run32(columns, drive, symbols, before, first, z, hidden):
    """float32 steps first..T-1 of one net, sums in index order, tanh correctly rounded.

    `columns[j]` is what neuron j sends to all, `drive[x]` the drive of symbol x, `before` the hidden state
    before step 0. Returns T; or the step at which a float64 tanh lies so near the midpoint of two float32
    that its rounding is in doubt: `z` then holds that step's sums, and `hidden[t]` is left to the caller.
    """
    size = len(columns)
    total = np.empty(size, np.float32)
    wide = np.empty(size)
    bits = wide.view(np.int64)
    for t in range(first, len(symbols)):
        start = drive[symbols[t]]
        last = before if t == 0 else hidden[t - 1]
        for i in range(size):
            total[i] = start[i]
        for j in range(size):
            value, column = last[j], columns[j]
            for i in range(size):
                total[i] += column[i] * value
        doubt = False
        for i in range(size):
            wide[i] = math.tanh(np.float64(total[i]))
            hidden[t, i] = np.float32(wide[i])
            doubt |= abs((bits[i] & 0x1FFFFFFF) - 0x10000000) <= 16
        if doubt:
            z[:] = total
            return t
    return len(symbols)


@njit(nogil=True, cache=True)
@no_type_check
def run64(columns, drive, symbols, before, hidden):
    """float64 steps of one net, sums in index order."""
    size = len(columns)
    total = np.empty(size)
    for t in range(len(symbols)):
        start = drive[symbols[t]]
        last = before if t == 0 else hidden[t - 1]
        for i in range(size):
            total[i] = start[i]
        for j in range(size):
            value, column = last[j], columns[j]
            for i in range(size):
                total[i] += column[i] * value
        for i in range(size):
            hidden[t, i] = math.tanh(total[i])
