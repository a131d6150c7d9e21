"""The inner loop of boolrnn.model.many, compiled by numba. Importing this costs a second."""

from typing import no_type_check

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
@no_type_check
def add_in_order(columns, drive, model, symbols, hidden, z):
    """z (N, H) of N rows in float32: the drive, then the products with h[0], h[1], ... one after the other.

    `columns[m, j]` is what neuron j sends to all, `drive[m, x]` the drives of symbol x, `model[n]` whose
    weights row n has. Lanes are neurons, so sums may be vectors and still be in order; nothing is fused.
    """
    size = columns.shape[1]
    total = np.empty(size, np.float32)
    for n in range(len(symbols)):
        mine, start = columns[model[n]], drive[model[n], symbols[n]]
        for i in range(size):
            total[i] = start[i]
        for j in range(size):
            value, column = hidden[n, j], mine[j]
            for i in range(size):
                total[i] += column[i] * value
        for i in range(size):
            z[n, i] = total[i]
