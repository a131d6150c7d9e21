"""The states that extract minimises: all that can be reached, or those on a text or on a word's orbit."""

import dataclasses
import hashlib
import os
import time
from collections.abc import Iterator

import numpy as np

import boolrnn
from boolrnn.bits import from_words, to_words
from boolrnn.checkpoint import Checkpoint
from boolrnn.errors import OptionError
from boolrnn.graph.cycles import show_words
from boolrnn.machines.explore import CAP, MEMORY, TIME, Exploration
from boolrnn.machines.visited import Visited, on_text, on_word
from boolrnn.model.automaton import Automaton
from boolrnn.model.weights import Weights

_BLOCK = 1 << 16
_KEEP_EVERY = 60.0  # seconds between two writings of a checkpoint


@dataclasses.dataclass(frozen=True)
class Limits:
    """What may be used: states, bytes, time (until time.monotonic says so), and the engine that steps."""

    max_states: int
    memory: int
    deadline: float | None
    engine: str


@dataclasses.dataclass(frozen=True)
class States:
    """Bit states as rows of words (N, W), in the order in which they were found; node 0 is the network's
    start, whose row means nothing. `transitions` (N, A) over `symbols`, -1 where there is none or it is not
    known. `complete`: nothing that belongs to the scope is left out; else `why`."""

    rows: np.ndarray  # uint64 (N, W)
    symbols: np.ndarray  # int64 (A)
    transitions: np.ndarray  # int32 (N, A)
    scope: str
    every_word: bool  # the scope are all words over the symbols
    complete: bool
    why: str = ""


class Blocks:
    """States as rows of words, some at a time as bools (B, H); row 0, the start, which is none, left out, and
    what stands behind the state in a row too. It can be read as often as needed."""

    def __init__(self, rows: np.ndarray, hidden: int) -> None:
        self.rows, self.hidden = rows, hidden

    def __iter__(self) -> Iterator[np.ndarray]:
        words = -(-self.hidden // 64)
        for first in range(1, len(self.rows), _BLOCK):
            part = self.rows[first : first + _BLOCK, :words]
            yield from_words(np.ascontiguousarray(part), self.hidden)


def enumerated(
    automaton: Automaton,
    symbols: np.ndarray,
    limits: Limits,
    checkpoint: str | os.PathLike[str] | None = None,
) -> States:
    """Every state that words over `symbols` reach, as far as the limits allow.

    Raises
    ------
    OptionError, ResultError
        On an engine or a checkpoint that cannot be used.
    """
    search = Exploration(
        automaton, symbols, most=limits.max_states, memory=limits.memory, engine=limits.engine
    )
    kept = Checkpoint(checkpoint, _fingerprint(automaton, symbols), "an enumeration")
    known = kept.load()
    if known is not None:
        search.restore(known)
    _run(search, limits.deadline, kept)
    transitions = search.transitions[: search.count]
    transitions[search.expanded + 1 :] = -1
    if search.expanded < search.count:
        transitions[search.expanded, search.at % len(symbols) :] = -1
    count = automaton.symbols
    some = "" if len(symbols) == count else f"{len(symbols):,} of "
    return States(
        search.rows[: search.count],
        symbols,
        transitions,
        f"every word over {some}the {count:,} symbol{'s' * (count != 1)}",
        True,
        search.closed,
        search.why,
    )


def _run(search: Exploration, deadline: float | None, kept: Checkpoint) -> None:
    """To the end, or to the deadline; what is known is kept now and then where that is asked for."""
    while True:
        soon = None if kept.path is None else time.monotonic() + _KEEP_EVERY
        ends = [when for when in (soon, deadline) if when is not None]
        search.run(deadline=min(ends) if ends else None)
        kept.save(search.kept(), now=True)
        late = deadline is not None and time.monotonic() >= deadline
        if search.why != TIME or late:
            return


def _fingerprint(automaton: Automaton, symbols: np.ndarray) -> str:
    digest = hashlib.sha256(boolrnn.__version__.encode())
    for array in (automaton.wh, automaton.wx, automaton.bh, symbols):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def visited_on_text(automaton: Automaton, symbols: np.ndarray, limits: Limits) -> States:
    """The states on a text, and the steps between them; only the start where they are more than allowed."""
    scope = f"the text of {len(symbols):,} symbol{'s' * (len(symbols) != 1)}"
    found = on_text(automaton, symbols)
    if len(found.states) > limits.max_states:
        return _unknown(automaton, found.symbols, scope, CAP)
    return _of(found, scope)


def visited_on_word(automaton: Automaton, word: np.ndarray, limits: Limits) -> States:
    """The states while a word is read for ever; only the start where the limits end it before: as many
    symbols as states may be, or as their states have room for in memory, are read at most."""
    shown = str(show_words([word], automaton.alphabet)[0])
    scope = f"{shown if len(shown) <= 40 else shown[:37] + '...'} read for ever"
    room = limits.memory // (automaton.hidden + 32 * -(-automaton.hidden // 64))
    most = min(limits.max_states, room)
    found = on_word(automaton, word, most, limits.memory, limits.deadline)
    if found is not None:
        return _of(found, scope)
    late = limits.deadline is not None and time.monotonic() >= limits.deadline
    ended = CAP if most == limits.max_states else MEMORY
    return _unknown(automaton, np.unique(word), scope, TIME if late else ended)


def _of(found: Visited, scope: str) -> States:
    return States(to_words(found.states), found.symbols, found.transitions, scope, False, True)


def _unknown(automaton: Automaton, symbols: np.ndarray, scope: str, why: str) -> States:
    """The start alone, with no step from it."""
    nothing = to_words(np.zeros((1, automaton.hidden), bool))
    return States(nothing, symbols, np.full((1, len(symbols)), -1, np.int32), scope, False, False, why)


def outputs_of_part(weights: Weights, part: np.ndarray, outputs: str) -> str:
    """What is read off a closed part: bits under the neurons' numbers in the part, anything else as it is.

    Raises
    ------
    OptionError
        Where the readout uses neurons outside the part.
    """
    if outputs.startswith("bits:"):
        place = {str(n): f"h{k}" for k, n in enumerate(part.tolist())}
        asked = [name.lstrip("h") for name in outputs.removeprefix("bits:").split(",")]
        missing = [name for name in asked if name not in place]
        if missing:
            raise OptionError(
                f"outputs {outputs}: h{missing[0]} is not in the closed part ({len(part)} neurons)"
            )
        return "bits:" + ",".join(place[name] for name in asked)
    outside = np.setdiff1d(np.arange(weights.hidden), part)
    used = np.flatnonzero((weights.wy[:, outside] != 0).any(axis=0))
    if len(used):
        raise OptionError(
            f"outputs {outputs}: reads h{outside[used[0]]}, which is not in the closed part of {len(part)} "
            "neurons; bits:h3,h7 gives bits of the part"
        )
    return outputs
