"""Nets made from a pair's text, and the pair's own net over the same positions. Every one is made once.

The published programs were written for 1,024 bytes; of a longer text the first 4,096 are taken, and every
row says so.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Absent, Pair

LONGEST = 4096


def constructed(pair: Pair, **options: Any) -> boolrnn.Construct:
    """boolrnn.construct of the pair's text."""
    return pair.ask_of_text(boolrnn.construct, LONGEST, **options)


def published(pair: Pair, readout: str, **options: Any) -> boolrnn.Construct:
    """The published net, windows and settings; everything is fitted to the whole text unless said."""
    return constructed(pair, readout=readout, **{"held_out": 0.0, **options}, as_published=True)


def window(pair: Pair) -> int:
    """How many symbols are used."""
    return min(len(pair.symbols), LONGEST)


def trained(pair: Pair, start: int = 0, stop: int | None = None) -> float:
    """bpc of the pair's own net over positions start..stop-1 of the symbols used."""
    run = pair.ask(_run)
    found = boolrnn.bpc(pair.weights, run, start, window(pair) - 1 if stop is None else stop)
    if found is None:
        raise Absent("the net predicts no next symbol, or no position is left")
    return found


def _run(automaton: boolrnn.Automaton, symbols: np.ndarray, *, tanh: str) -> boolrnn.FloatTrace:
    return boolrnn.trace(automaton.weights, symbols[:LONGEST], tanh=tanh)


def cost(pair: Pair, weights: boolrnn.Weights, start: int = 0, stop: int | None = None) -> float:
    """bpc of a net made here over positions start..stop-1, its state warmed by what precedes them."""
    found = boolrnn.bpc(weights, run_of(pair, weights), start, stop)
    if found is None:
        raise Absent("no position is left")
    return found


def run_of(pair: Pair, weights: boolrnn.Weights) -> boolrnn.FloatTrace:
    """A net made here on the text it was made from."""
    return boolrnn.trace(weights, boolrnn.to_symbols(pair.text[:LONGEST], weights))


def halves(pair: Pair) -> tuple[tuple[int, int], tuple[int, int]]:
    """Positions start..stop-1 of the halves as published: 0..n/2-2 and n/2..n-2 of n symbols."""
    n = window(pair)
    return (0, max(0, n // 2 - 1)), (min(n // 2, n - 1), n - 1)


def of_window(pair: Pair, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """These rows, each saying which part of a long text it is about."""
    n = len(pair.symbols)
    part = f"the first {LONGEST:,} of {n:,} symbols" if n > LONGEST else ""
    for name, value, *more in rows:
        note, stable = (more + ["", True][len(more) :])[:2]
        yield name, value, "; ".join(text for text in (note, part) if text), stable


def told(answer: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    """A value and its note; what a pair does not allow has none, and the reason is the note."""
    try:
        return answer()
    except Absent as reason:
        return None, str(reason)
