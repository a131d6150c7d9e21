"""The inner loop of mutual information against shifts, compiled by numba. Importing this costs a second."""

from typing import no_type_check

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
@no_type_check
def count_shifted(bits, numbers, shift, counts):
    """Fill `counts` (L, H) int32: positions of each label at which each bit, `shift` later around the
    circle, is 1. `bits` (P, H) uint8, `numbers` (P, F) label numbers."""
    positions, hidden = bits.shape
    counts[:] = 0
    for t in range(positions):
        at = t + shift
        if at >= positions:
            at -= positions
        for f in range(numbers.shape[1]):
            row = numbers[t, f]
            for i in range(hidden):
                counts[row, i] += np.int32(bits[at, i])
