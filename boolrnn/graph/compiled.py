"""Inner loops of this room, compiled by numba. Importing this costs a second."""

from typing import no_type_check

import numpy as np
from numba import njit

from boolrnn.model.compiled import address, exact_bit, places

_NEAR = 2.0**-50  # boolrnn.graph.pivotal.NEAR


@njit(nogil=True, cache=True)
@no_type_check
def list_pivotal(z, states, words, symbols, order, size, positive, rounded, tables, counts, inputs):
    """Fill `counts` (P, H) and `inputs`; stops where another position might not fit into `inputs`.

    `order`, `size` (2 |w|) and `positive` (H, H) are each row's weights, heaviest first. Returns how many
    positions and inputs were written.
    """
    listed, exact = 0, places(tables)[3]
    for p in range(len(z)):
        if listed + order.size > len(inputs):
            return p, listed
        for i in range(z.shape[1]):
            before = listed
            bit = z[p, i] >= 0
            margin = abs(z[p, i])
            enough = margin * (1 - _NEAR) if rounded[i] else margin
            for k in range(order.shape[1]):
                weight = size[i, k]
                if weight < enough or weight == 0:
                    break
                j = order[i, k]
                if (positive[i, k] == states[p, j]) != bit:
                    continue
                if rounded[i] and weight <= margin * (1 + _NEAR):
                    flips = exact_bit(exact, address(words) + p * 8 * words.shape[1], i, symbols[p], j) != bit
                else:
                    flips = weight > margin or not bit
                if flips:
                    inputs[listed] = j
                    listed += 1
            counts[p, i] = listed - before
    return len(z), listed


@njit(nogil=True, cache=True)
@no_type_check
def fill_signs(states, signs):
    """Write -1.0 and +1.0 for bools, in memory that is there already."""
    for p in range(len(states)):
        for j in range(states.shape[1]):
            signs[p, j] = 2.0 * states[p, j] - 1.0


@njit(nogil=True, cache=True)
@no_type_check
def count_pivotal(z, signs, twice, flips, pivotal):
    """Add to `flips` (H, H) and fill `pivotal` (P, H), the pivotal inputs of every neuron; `twice` is 2 w.

    Every pair is looked at, without a branch: that is faster than `list_pivotal` where only counts matter.
    """
    hidden = z.shape[1]
    for p in range(len(z)):
        for i in range(hidden):
            total, found = z[p, i], np.int32(0)
            if total >= 0:
                for j in range(hidden):
                    flip = np.int32(twice[i, j] * signs[p, j] > total)
                    flips[i, j] += flip
                    found += flip
            else:
                for j in range(hidden):
                    flip = np.int32(twice[i, j] * signs[p, j] <= total)
                    flips[i, j] += flip
                    found += flip
            pivotal[p, i] = found


@njit(nogil=True, cache=True)
@no_type_check
def trace_back(
    counts, inputs, worth, last, weight, edges, begun, stopped, arrived, slot, shares, room, steps
):
    """Carry `weight` (H, D + 1) back over the positions of a block, the first of which leads to `last`."""
    hidden, depth = weight.shape[0], weight.shape[1] - 1
    after = np.zeros_like(weight)
    listed = 0
    for p in range(len(counts)):
        t = last - p
        after[:] = 0
        for i in range(hidden):
            weight[i, 0] += worth[t, i]
            stopped[i] += weight[i, depth]
            if len(room):
                room[t, i] = weight[i, : max(0, depth - steps + 1)].sum()
            ends = listed + counts[p, i]
            if listed == ends:
                begun[i] += weight[i, :depth].sum()
            else:
                _share_out(inputs[listed:ends], i, weight, after, edges)
                _record(inputs[listed:ends], slot[i], shares, t)
            listed = ends
        weight[:] = after
        for d in range(depth + 1):
            arrived[d] += after[:, d].sum()


@njit(nogil=True, cache=True)
@no_type_check
def _share_out(inputs, i, weight, after, edges):
    """Divide what is at bit i equally among its pivotal inputs, one step further back."""
    depth = weight.shape[1] - 1
    total = weight[i, :depth].sum()
    if total == 0:
        return
    share = 1.0 / len(inputs)
    for j in inputs:
        edges[i, j] += share * total
        for d in range(depth):
            after[j, d + 1] += share * weight[i, d]


@njit(nogil=True, cache=True)
@no_type_check
def _record(inputs, slot, shares, t):
    """Note the share of every watched edge at position t; without any there is no row."""
    if len(shares):
        for j in inputs:
            if slot[j] >= 0:
                shares[t, slot[j]] = 1.0 / len(inputs)
