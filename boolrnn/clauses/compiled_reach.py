"""Inner loops of reach, compiled by numba: breadth-first search over states, or pairs of states, and the
predicted symbol of a state. Importing this costs a second.

A node is a row of words: one state, or two. Nodes stand in the order in which they were found; the hash
table (open addressing, linear probing) holds for each its number plus 1, under the upper half of its hash.
Successor k of all is that of node k // A under symbol k % A. They are computed a few ahead, their slots
asked for, and only then looked up.

The readout is a table as in boolrnn.model.table, but all rows have one scale q: each of S slice sums and the
bias is rounded once, so a row u and q y differ by less than `slack`, and where one row is more than 2 slack
above all others it is the largest. Otherwise the rows that are near are compared in exact limbs. Where all
rows are few integers nothing is rounded, and the first of the largest rows is the answer.
"""

from typing import Any, NamedTuple, no_type_check

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from boolrnn.model.compiled import address, peek, places, prefetch, step
from boolrnn.model.exact import lowest_bit
from boolrnn.model.table import LANES

GOING, FOUND, FULL = 0, 1, 2
_BATCH = 64
_TOP = 32767
_WORD, _BYTE, _HALF = ir.IntType(64), ir.IntType(8), ir.IntType(16)
_ROW = ir.VectorType(_HALF, LANES)


class Goal(NamedTuple):
    """What is looked for. Of one state (W words): `value` where `mask` is 1, and the predicted `output` (-1:
    any). Of a pair: any difference where `mask` is 1, or (unless `output` is -1) in the predictions."""

    paired: bool
    mask: np.ndarray  # (W) uint64
    value: np.ndarray  # (W) uint64
    output: int


class Reading(NamedTuple):
    """The readout as a table; S slices, P outputs padded to words, L limbs."""

    slices: np.ndarray  # (S, 256, P) int16
    bias: np.ndarray  # (P) int16
    slack: int  # 0: the table is exact
    limbs: np.ndarray  # (O, L, H) int64
    limb_bias: np.ndarray  # (O, L) int64
    width: int  # bits of a limb


def reading_of(wy: np.ndarray, by: np.ndarray) -> Reading:
    """The table of a readout: `wy` (O, H) and `by` (O), float32."""
    outputs, hidden = wy.shape
    count, padded = -(-hidden // 8), -(-outputs // LANES) * LANES
    entries = np.concatenate([wy, by[:, None]], axis=1).astype(np.float64)
    unit = int(lowest_bit(entries.reshape(1, -1))[0])
    widest = float(np.abs(entries).sum(axis=1).max()) * (1 + 2.0**-40)
    few = widest * 2.0**-unit < _TOP
    slack = 0 if few else -(-(count + 1) // 2) + 1  # the last 1 covers the rounding of sums in float64
    scaled = entries * (2.0**-unit if few else (_TOP - 4 * slack) / widest)
    slices, bias = np.zeros((count, 256, padded), np.int16), np.full(padded, -_TOP - 1, np.int16)
    byte = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little") * 2.0 - 1
    for s in range(count):
        part = scaled[:, 8 * s : min(8 * s + 8, hidden)]
        slices[s, :, :outputs] = np.rint(byte[:, : part.shape[1]] @ part.T)
    bias[:outputs] = np.rint(scaled[:, -1])
    limbs, width = _limbs(entries, unit)
    return Reading(slices, bias, slack, limbs[:, :, :-1].copy(), limbs[:, :, -1].copy(), width)


def scratch_of(reading: Reading, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Memory for one call of what follows. It is made outside: numba frees an array as soon as only its
    address is used."""
    return np.empty((_BATCH, nodes.shape[1]), np.uint64), np.empty(len(reading.bias), np.int16)


def _limbs(entries: np.ndarray, unit: int) -> tuple[np.ndarray, int]:
    """Entries (O, N) as limbs (O, L, N) in units of 2^unit: so narrow that the difference of two sums fits
    into int64 with what is carried over."""
    width = 60 - (entries.shape[1] + 2).bit_length()
    _, top = np.frexp(np.abs(entries).max())
    parts = []
    for low in range(unit, max(int(top), unit + 1), width):
        within = np.fmod(entries, np.ldexp(1.0, low + width)) - np.fmod(entries, np.ldexp(1.0, low))
        parts.append(np.ldexp(within, -low).astype(np.int64))
    return np.stack(parts, axis=1), width


@intrinsic
def add_up(_typing: Any, table: Any, bias: Any, state: Any, slices: Any, stride: Any, sums: Any) -> Any:
    """Add up 64 rows for the state at an address, write them to `sums`, and return the largest."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table, bias, state, slices, stride, sums = arguments
        kept = cgutils.alloca_once(builder, _ROW)

        def row(place: Any) -> Any:
            return builder.load(builder.inttoptr(place, _ROW.as_pointer()), align=2)

        builder.store(row(bias), kept)
        with cgutils.for_range(builder, slices, intp=_WORD) as loop:
            byte = builder.load(builder.inttoptr(builder.add(state, loop.index), _BYTE.as_pointer()))
            number = builder.add(builder.shl(loop.index, _WORD(8)), builder.zext(byte, _WORD))
            place = builder.add(table, builder.mul(number, stride))
            builder.store(builder.add(builder.load(kept), row(place)), kept)
        total = builder.load(kept)
        builder.store(total, builder.inttoptr(sums, _ROW.as_pointer()), align=2)
        kind = ir.FunctionType(_HALF, [_ROW])
        name = f"llvm.vector.reduce.smax.v{LANES}i16"
        largest = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.sext(builder.call(largest, [total]), _WORD)

    return types.int64(*(types.intp for _ in range(6))), generate


@intrinsic
def _at_least(_typing: Any, sums: Any, floor: Any) -> Any:
    """The word of lanes whose sum is `floor` or more."""

    def generate(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = builder.load(builder.inttoptr(arguments[0], _ROW.as_pointer()), align=2)
        nothing, number = _ROW(ir.Undefined), ir.IntType(32)
        first = builder.insert_element(nothing, builder.trunc(arguments[1], _HALF), number(0))
        spread = builder.shuffle_vector(first, nothing, ir.VectorType(number, LANES)([0] * LANES))
        return builder.bitcast(builder.icmp_signed(">=", values, spread), _WORD)

    return types.uint64(types.intp, types.intp), generate


@njit(nogil=True, cache=True)
@no_type_check
def _aim(goal, reading, sums):
    """Goal, readout and scratch memory as numbers: see boolrnn.model.compiled.places."""
    sizes = (len(reading.bias) // LANES, reading.slices.shape[0], 2 * len(reading.bias), reading.slack)
    exact = (reading.limbs.shape[1], reading.limbs.shape[2], reading.width)
    table = (address(reading.slices), address(reading.bias), address(sums))
    limbs = (address(reading.limbs), address(reading.limb_bias))
    bits = (goal.paired, address(goal.mask), address(goal.value), len(goal.mask), goal.output)
    return bits, (table, sizes, limbs, exact)


@njit(nogil=True, cache=True)
@no_type_check
def _predicted(readout, state):
    """The output with the largest y of the state at an address, the lowest of equal ones."""
    (slices, bias, sums), (groups, count, stride, slack), limbs, exact = readout
    floor = -_TOP - 1
    for w in range(groups):
        shift = w * 2 * LANES
        floor = max(floor, add_up(slices + shift, bias + shift, state, count, stride, sums + shift))
    floor -= 2 * slack
    leads = -1
    for w in range(groups):
        near = _at_least(sums + w * 2 * LANES, floor)
        at = w * LANES
        while near:
            if near & np.uint64(1):
                if leads < 0:
                    leads = at
                    if not slack:
                        return leads
                elif _above(limbs, exact, state, at, leads):
                    leads = at
            near >>= np.uint64(1)
            at += 1
    return leads


@njit(nogil=True, cache=True)
@no_type_check
def _above(limbs, exact, state, rival, leads):
    """Whether the rival's y is larger, exactly."""
    weights, biases = limbs
    count, hidden, width = exact
    rival, leads, carry = rival * count, leads * count, np.int64(0)
    for k in range(count):
        total = np.int64(peek(biases + 8 * (leads + k))) - np.int64(peek(biases + 8 * (rival + k)))
        total += carry >> width
        left, right = weights + 8 * (leads + k) * hidden, weights + 8 * (rival + k) * hidden
        for j in range(hidden):
            bit = peek(state + 8 * (j >> 6)) >> np.uint64(j & 63) & np.uint64(1)
            weight = np.int64(peek(left + 8 * j)) - np.int64(peek(right + 8 * j))
            total += weight if bit else -weight
        carry = total
    return carry < 0


@njit(nogil=True, cache=True)
@no_type_check
def _meets(aim, node):
    """Whether the node at an address is what is looked for."""
    (paired, mask, value, words, output), readout = aim
    other = value
    if paired:
        other = node + 8 * words
    differs = np.uint64(0)
    for w in range(words):
        differs |= (peek(node + 8 * w) ^ peek(other + 8 * w)) & peek(mask + 8 * w)
    if paired:
        if differs or output < 0:
            return differs != 0
        return _predicted(readout, node) != _predicted(readout, other)
    return differs == 0 and (output < 0 or _predicted(readout, node) == output)


@njit(nogil=True, cache=True)
@no_type_check
def _merged(aim, node):
    """Whether the node at an address is a pair of equal states."""
    paired, _, _, words, _ = aim[0]
    differs = np.uint64(0)
    for w in range(words if paired else 0):
        differs |= peek(node + 8 * w) ^ peek(node + 8 * (words + w))
    return paired and differs == 0


@njit(nogil=True, cache=True)
@no_type_check
def hash_of(node, width):
    """64 bits of the node (`width` words) at an address."""
    mixed = np.uint64(0)
    for w in range(width):
        mixed = (mixed ^ peek(node + 8 * w)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(29))


@njit(nogil=True, cache=True)
@no_type_check
def find(table, mask, nodes, width, node, mixed):
    """The slot of the table at an address that holds the node, or the empty one where it belongs."""
    low, at = np.uint64(0xFFFFFFFF), mixed & mask
    while True:
        entry = peek(table + 8 * np.int64(at))
        if not entry:
            return np.int64(at)
        if (entry ^ mixed) <= low:
            held, differs = nodes + 8 * width * (np.int64(entry & low) - 1), np.uint64(0)
            for w in range(width):
                differs |= peek(held + 8 * w) ^ peek(node + 8 * w)
            if not differs:
                return np.int64(at)
        at = (at + np.uint64(1)) & mask


@njit(nogil=True, cache=True)
@no_type_check
def entry_of(mixed, number):
    return (mixed & ~np.uint64(0xFFFFFFFF)) | np.uint64(number + 1)


@njit(nogil=True, cache=True)
@no_type_check
def enter(table, nodes, first, count):
    """Enter nodes first .. count - 1, which are distinct, into an empty table."""
    width, mask = nodes.shape[1], np.uint64(len(table) - 1)
    for n in range(first, count):
        node = address(nodes) + 8 * width * n
        mixed = hash_of(node, width)
        table[find(address(table), mask, address(nodes), width, node, mixed)] = entry_of(mixed, n)


@njit(nogil=True, cache=True)
@no_type_check
def _successors(where, aim, nodes, symbols, first, size, after):
    """Write successors first .. first + size - 1 to the address `after`."""
    paired, _, _, words, _ = aim[0]
    row = 16 * words if paired else 8 * words
    x = first % len(symbols)
    before = nodes + first // len(symbols) * row
    for _ in range(size):
        step(where, before, symbols[x], after)
        if paired:
            step(where, before + 8 * words, symbols[x], after + 8 * words)
        after += row
        x += 1
        if x == len(symbols):
            x = 0
            before += row


@njit(nogil=True, cache=True)
@no_type_check
def expand(tables, goal, reading, nodes, links, table, begin, end, symbols, count, room, scratch):
    """Enter successors begin .. end - 1 that are new: `nodes` gets them, `links` their numbers.

    Ends at the first that is looked for (FOUND), at the first that finds no place among `room` (FULL), or at
    the end (GOING). Returns what ended it, where, and how many nodes there are.
    """
    width, mask, slots = nodes.shape[1], np.uint64(len(table) - 1), np.empty(_BATCH, np.uint64)
    block, sums = scratch
    where, aim, rows = places(tables), _aim(goal, reading, sums), address(nodes)
    first_slot, first_row = address(table), address(block)
    for first in range(begin, end, _BATCH):
        size = min(_BATCH, end - first)
        _successors(where, aim, rows, symbols, first, size, first_row)
        for b in range(size):
            slots[b] = hash_of(first_row + 8 * width * b, width)
            prefetch(first_slot + 8 * np.int64(slots[b] & mask))
        for b in range(size):
            node = first_row + 8 * width * b
            at = find(first_slot, mask, rows, width, node, slots[b])
            if table[at] or _merged(aim, node):
                continue
            if _meets(aim, node):  # of nodes known before none does
                return FOUND, first + b, count
            if count >= room:
                return FULL, first + b, count
            for w in range(width):
                nodes[count, w] = block[b, w]
            links[count] = first + b
            table[at] = entry_of(slots[b], count)
            count += 1
    return GOING, end, count


@njit(nogil=True, cache=True)
@no_type_check
def look(tables, goal, reading, nodes, table, begin, end, symbols, fresh, scratch):
    """The first of successors begin .. end - 1 that is looked for (-1: none), and whether any is new; where
    `fresh` is True that is known already."""
    width, mask = nodes.shape[1], np.uint64(len(table) - 1)
    block, sums = scratch
    where, aim = places(tables), _aim(goal, reading, sums)
    for first in range(begin, end, _BATCH):
        size = min(_BATCH, end - first)
        _successors(where, aim, address(nodes), symbols, first, size, address(block))
        for b in range(size):
            node = address(block) + 8 * width * b
            if _merged(aim, node):
                continue
            if _meets(aim, node):
                return first + b, True
            if not fresh:
                at = find(address(table), mask, address(nodes), width, node, hash_of(node, width))
                fresh = table[at] == 0
    return -1, fresh
