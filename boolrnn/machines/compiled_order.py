"""Inner loops of order, compiled by numba: breadth-first search. Importing this costs a second."""

from typing import no_type_check

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
@no_type_check
def visit(transitions, start, met, order):
    """Fill `order` (N) with the states that can be reached; how many there are. `met` (N) is False before."""
    order[0], met[start] = start, True
    count, at = 1, 0
    while at < count:
        state = order[at]
        at += 1
        for a in range(transitions.shape[1]):
            after = np.int64(transitions[state, a])
            if after >= 0 and not met[after]:
                met[after] = True
                order[count] = after
                count += 1
    return count


@njit(nogil=True, cache=True)
@no_type_check
def link(transitions, start, parent, symbol, length, order):
    """Fill in how every state that can be reached is reached first. All (N); `length` is -1 before."""
    order[0], length[start] = start, 0
    count, at = 1, 0
    while at < count:
        state = order[at]
        at += 1
        for a in range(transitions.shape[1]):
            after = np.int64(transitions[state, a])
            if after >= 0 and length[after] < 0:
                parent[after], symbol[after], length[after] = state, a, length[state] + 1
                order[count] = after
                count += 1
