"""Inner loop of explore, compiled by numba: successors of nodes, each entered once. Importing this costs a
second.

A node is a row of W words, the state, and where a machine is read alongside one more, the machine's state.
Node 0 is the network's start, which is no sign vector and no row: it is expanded elsewhere. The hash table is
that of boolrnn.clauses.compiled_reach. All symbols share the sums over a state: the drive is added last.
"""

from typing import Any, no_type_check

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from boolrnn.clauses.compiled_reach import add_up, entry_of, find, hash_of
from boolrnn.model.compiled import address, peek, places, poke, prefetch, settled
from boolrnn.model.table import LANES

GOING, FULL = 0, 1
BATCH = 64
_WORD, _HALF = ir.IntType(64), ir.IntType(16)
_ROW = ir.VectorType(_HALF, LANES)
_WIDE = 2 * LANES  # bytes of 64 sums


@intrinsic
def _bits(_typing: Any, sums: Any, drive: Any, limit: Any) -> Any:
    """64 sums and 64 drives, both at addresses: the word of those at or above 0, and of those 0..limit."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def load(place: Any) -> Any:
            return builder.load(builder.inttoptr(place, _ROW.as_pointer()), align=2)

        total = builder.add(load(arguments[0]), load(arguments[1]))
        nothing, number = _ROW(ir.Undefined), ir.IntType(32)
        first = builder.insert_element(nothing, builder.trunc(arguments[2], _HALF), number(0))
        most = builder.shuffle_vector(first, nothing, ir.VectorType(number, LANES)([0] * LANES))
        above = builder.icmp_signed(">=", total, _ROW([0] * LANES))
        near = builder.icmp_unsigned("<=", total, most)
        found = [builder.bitcast(mask, _WORD) for mask in (above, near)]
        return context.make_tuple(builder, signature.return_type, found)

    return types.UniTuple(types.uint64, 2)(*(types.intp for _ in range(3))), generate


def scratch_of(words: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Memory for one call of what follows: successors, sums, zeros. It is made outside: numba frees an array
    as soon as only its address is used."""
    return (
        np.empty((BATCH, width), np.uint64),
        np.empty(words * LANES, np.int16),
        np.zeros(LANES, np.int16),
    )


@njit(nogil=True, cache=True)
@no_type_check
def _successors(where, nodes, width, machine, symbols, first, size, sums, zeros, after):
    """Write successors first .. first + size - 1 to the address `after`; successor k is that of node k // A
    under symbol k % A."""
    table, drives, (slices, stride, limit, words), exact = where
    node, x = nodes + first // len(symbols) * 8 * width, first % len(symbols)
    for b in range(size):
        if x == 0 or b == 0:
            for w in range(words):
                add_up(table + w * _WIDE, zeros, node, slices, stride, sums + w * _WIDE)
        drive = drives + symbols[x] * stride
        for w in range(words):
            word, near = _bits(sums + w * _WIDE, drive + w * _WIDE, limit)
            if near:
                word = settled(exact, node, symbols[x], w, word, near)
            poke(after + 8 * w, word)
        if width > words:
            poke(after + 8 * words, np.uint64(machine[np.int64(peek(node + 8 * words)), x]))
        after += 8 * width
        x += 1
        if x == len(symbols):
            x = 0
            node += 8 * width


@njit(nogil=True, cache=True)
@no_type_check
def expand(
    tables, machine, nodes, links, transitions, table, begin, end, symbols, count, room, limit, scratch
):
    """Enter successors begin .. end - 1 that are new, up to `limit` nodes: `nodes` gets them. `links` (if it
    is not empty) gets the number of the successor by which each was found, `transitions` (if it is not empty)
    the node that every successor is.

    Ends at the first successor that finds no place among `room` nodes (FULL), or at `end` or after the batch
    in which `limit` was reached (GOING). Returns what ended it, where, and how many nodes there are.
    """
    width, mask, slots = nodes.shape[1], np.uint64(len(table) - 1), np.empty(BATCH, np.uint64)
    block, sums, zeros = scratch
    where, rows, size_of_alphabet = places(tables), address(nodes), len(symbols)
    first_slot, first_row = address(table), address(block)
    for first in range(begin, end, BATCH):
        if count >= limit:
            return GOING, first, count
        size = min(BATCH, end - first)
        _successors(
            where, rows, width, machine, symbols, first, size, address(sums), address(zeros), first_row
        )
        for b in range(size):
            slots[b] = hash_of(first_row + 8 * width * b, width)
            prefetch(first_slot + 8 * np.int64(slots[b] & mask))
        for b in range(size):
            node = first_row + 8 * width * b
            at = find(first_slot, mask, rows, width, node, slots[b])
            if not table[at]:
                if count >= room:
                    return FULL, first + b, count
                for w in range(width):
                    nodes[count, w] = block[b, w]
                if len(links):
                    links[count] = first + b
                table[at] = entry_of(slots[b], count)
                count += 1
            if len(transitions):
                number = np.int64(table[at] & np.uint64(0xFFFFFFFF)) - 1
                transitions[(first + b) // size_of_alphabet, (first + b) % size_of_alphabet] = number
    return GOING, end, count
