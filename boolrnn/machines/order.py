"""The states of a machine breadth-first: which can be reached, and by which shortest word.

The word of a state is a shortest one that leads to it, of these the first in the order of the symbols; states
in the order of these words are those of a breadth-first search that tries the symbols in order. Small
machines are searched in Python, the rest in compiled code; both find the same.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from boolrnn.compiling import compiled_module
from boolrnn.errors import MachineError
from boolrnn.shapes import Int64

_WORTH = 1 << 16  # transitions from which compiled code is worth loading


class Words(NamedTuple):
    """The first of the shortest words to every state, as links: the word of n is that of `parent[n]` and then
    `symbol[n]`, `length[n]` symbols in all. -1 in all three where n cannot be reached; the start has no
    parent and no symbol (-1), and length 0."""

    parent: Int64[np.ndarray, "N"]
    symbol: Int64[np.ndarray, "N"]
    length: Int64[np.ndarray, "N"]


def checked_table(transitions: np.ndarray) -> np.ndarray:
    """Transitions (N, A) as contiguous int32 or int64, once it is sure that they name states or -1.

    Raises
    ------
    MachineError
        Where they do not.
    """
    table = np.asarray(transitions)
    if table.ndim != 2 or not table.shape[1] or table.dtype.kind not in "iu":
        raise MachineError(f"transitions: {table.dtype} of shape {table.shape}, expected integers (N, A)")
    if table.size and not (table.min() >= -1 and table.max() < len(table)):
        raise MachineError(
            f"transitions: {table.min()}..{table.max()}, expected -1..{len(table) - 1} of {len(table)} states"
        )
    return np.ascontiguousarray(table, table.dtype if table.dtype in (np.int32, np.int64) else np.int64)


def breadth_first(transitions: np.ndarray, start: int = 0) -> Int64[np.ndarray, "M"]:
    """The states that can be reached from `start`, in the order of their words; `transitions` (N, A) are -1
    where there is none. Takes up to 17 bytes for each of the N states.

    Raises
    ------
    MachineError
        On transitions or a start that are no states.
    """
    table = _startable(transitions, start)
    if table.size < _WORTH:
        return np.array(list(_found(table, start)), np.int64)
    order = np.empty(len(table), np.int64)
    met = np.zeros(len(table), bool)
    return order[: compiled_module("machines.compiled_order").visit(table, start, met, order)].copy()


def access_words(transitions: np.ndarray, start: int = 0) -> Words:
    """The first of the shortest words from `start` to every state, as links; `transitions` (N, A)
    are -1 where there is none. `word_of` reads them. Takes 32 bytes for each of the N states.

    Raises
    ------
    MachineError
        On transitions or a start that are no states.
    """
    table = _startable(transitions, start)
    words = Words(*(np.full(len(table), -1) for _ in range(3)))
    if table.size < _WORTH:
        for state, (parent, symbol, length) in _found(table, start).items():
            words.parent[state], words.symbol[state], words.length[state] = parent, symbol, length
    else:
        order = np.empty(len(table), np.int64)
        compiled_module("machines.compiled_order").link(table, start, *words, order)
    return words


def word_of(parent: Int64[np.ndarray, "N"], symbol: Int64[np.ndarray, "N"], n: int) -> Int64[np.ndarray, "L"]:
    """The word (numbers of symbols) that leads to state n, from the links of `access_words`. Like the start,
    a state that cannot be reached has no links: ask for its `length` first.

    Raises
    ------
    MachineError
        Where there is no state n.
    """
    if not 0 <= n < len(parent):
        raise MachineError(f"state {n}: expected 0..{len(parent) - 1}")
    found = []
    while parent[n] >= 0:
        found.append(int(symbol[n]))
        n = int(parent[n])
    return np.array(found[::-1], np.int64)


def _startable(transitions: np.ndarray, start: int) -> np.ndarray:
    table = checked_table(transitions)
    if not 0 <= start < len(table):
        raise MachineError(f"start {start}: expected a state, 0..{len(table) - 1}")
    return table


def _found(table: np.ndarray, start: int) -> dict[int, tuple[int, int, int]]:
    """Parent, symbol and length of every state that can be reached, in the order of the words."""
    known, waiting = {start: (-1, -1, 0)}, deque([start])
    while waiting:
        state = waiting.popleft()
        length = known[state][2] + 1
        for symbol, after in enumerate(table[state].tolist()):
            if after >= 0 and after not in known:
                known[after] = state, symbol, length
                waiting.append(after)
    return known
