"""Transitions checked again before they are shown, by a stepper that works in another way than the one that
found them.

What compiled code found is summed again in float64 or exact limbs (boolrnn.model.exact), a part of it, evenly
spread, in Python's integers.
"""

import numpy as np

from boolrnn import progress
from boolrnn.bits import from_words
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
