"""Transitions checked again before they are shown, by a stepper that works in another way than the one that
found them.

What compiled code found is summed again in float64 or exact limbs (boolrnn.model.exact), a part of it, evenly
spread, in Python's integers.
"""

import numpy as np

from boolrnn import progress
from boolrnn.bits import from_words
from boolrnn.machines.explore import Exploration
from boolrnn.model.automaton import Automaton
from boolrnn.model.exact import python_integers

MOST = 1 << 23  # transitions that are replayed; of more, so many evenly spread
_ADDITIONS = 1 << 21  # in Python's integers
_BLOCK = 1 << 15


def replayed(
    automaton: Automaton, rows: np.ndarray, transitions: np.ndarray, symbols: np.ndarray
) -> tuple[int, int]:
    """Replay transitions (N, A) between states (rows of words, (N, W); node 0 is the network's start and -1
    no transition): how many were replayed, and how many of these in Python's integers too.

    Raises
    ------
    RuntimeError
        Where one is wrong: a bug.
    """
    count, size = transitions.shape
    total = count * size
    picked = np.arange(total) if total <= MOST else np.linspace(0, total - 1, MOST).astype(np.int64)
    known = 0
    with progress.bar("replay", len(picked)) as tick:
        for first in range(0, len(picked), _BLOCK):
            node, x = np.divmod(picked[first : first + _BLOCK], size)
            target = transitions[node, x]
            met = target >= 0
            known += int(met.sum())
            _compare(automaton, rows, node[met], symbols[x[met]], target[met])
            tick(first)
    steps = max(1, _ADDITIONS // automaton.hidden**2)
    picked = np.unique(np.linspace(0, total - 1, min(steps, total)).astype(np.int64))
    node, x = np.divmod(picked, size)
    met = transitions[node, x] >= 0
    node, x = node[met], x[met]
    _compare_integers(automaton, rows, node, symbols[x], transitions[node, x])
    return known, len(node)


def invariant(search: Exploration) -> int:
    """Check that a closed exploration is closed: what one symbol leads to from the start, and from every node
    under every symbol, is among its nodes. With the labels of all nodes that is the whole proof that two
    sides are equal. Returns how many steps were replayed (of very many, MOST evenly spread).

    Raises
    ------
    RuntimeError
        Where it is not: a bug.
    """
    size, total = len(search.symbols), search.count * len(search.symbols)
    keys = np.sort(_keys(search.rows[1 : search.count]))
    picked = np.arange(total) if total <= MOST else np.linspace(0, total - 1, MOST).astype(np.int64)
    with progress.bar("replay", len(picked)) as tick:
        for first in range(0, len(picked), _BLOCK):
            node, x = np.divmod(picked[first : first + _BLOCK], size)
            words = np.ascontiguousarray(search.rows[node, : search.words])
            after = search.automaton.z(from_words(words, search.automaton.hidden), search.symbols[x]) >= 0
            begun = node == 0
            if begun.any():
                after[begun] = search.automaton.z(None, search.symbols[x[begun]]) >= 0
            found = _keys(search.rows_of(after, node, x))
            place = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
            if not (keys[place] == found).all():
                raise RuntimeError("pairs of states that were found are not all: this is a bug in boolrnn")
            tick(first)
    return len(picked)


def _keys(rows: np.ndarray) -> np.ndarray:
    """Rows of words as values that can be sorted."""
    rows = np.ascontiguousarray(rows)
    if rows.shape[1] == 1:
        return rows[:, 0]
    return rows.view([(f"w{k}", np.uint64) for k in range(rows.shape[1])])[:, 0]


def _compare(
    automaton: Automaton, rows: np.ndarray, node: np.ndarray, x: np.ndarray, target: np.ndarray
) -> None:
    hidden = automaton.hidden
    after = automaton.z(from_words(rows[node], hidden), x) >= 0
    begun = node == 0
    if begun.any():
        after[begun] = automaton.z(None, x[begun]) >= 0
    _refuse(after, from_words(rows[target], hidden))


def _compare_integers(
    automaton: Automaton, rows: np.ndarray, node: np.ndarray, x: np.ndarray, target: np.ndarray
) -> None:
    """Row by row of the weights, in units of the row's lowest bit."""
    hidden = automaton.hidden
    signs = np.where(from_words(rows[node], hidden), 1, -1).astype(object)
    signs[node == 0] = 0
    wanted = from_words(rows[target], hidden)
    for i in range(hidden):
        unit = int(automaton.row_unit[i])
        weights = np.array(python_integers(automaton.wh[i], unit), object)
        drive = np.array(python_integers(automaton.wx[i], unit), object)
        drive = drive + python_integers(automaton.bh[i : i + 1], unit)[0]
        z = signs @ weights + drive[x]
        _refuse((z >= 0).astype(bool), wanted[:, i])


def _refuse(after: np.ndarray, wanted: np.ndarray) -> None:
    if not np.array_equal(after, wanted):
        raise RuntimeError("a transition that was found does not replay: this is a bug in boolrnn")
