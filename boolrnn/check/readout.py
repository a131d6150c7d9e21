"""Certificates of outputs: the float32 program's largest output is the automaton's, on every text or one.

A certificate of signs says nothing about outputs: two of them may be closer than float32 sums can tell.
Certified is the largest output (of equal ones the lowest); of a net with one output, its sign. Three ways:

exact sums                 bit-exact hidden values, and readout rows that float32 cannot round
every reachable state      all states that can be reached, where they are few: each gap is wide enough
every position of the text the gaps along one text are wide enough

A gap between two outputs is wide enough if it exceeds what both sums can lose: gamma M + sum |wy| eps +
flush each, as in boolrnn.check.bounds. The same is asked of other labels that are read off the outputs: a
sign, a set of the largest, a group of outputs that share a name.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from boolrnn.bits import signs
from boolrnn.check.bounds import Certificate
from boolrnn.check.exact_sums import fits
from boolrnn.model.automaton import Automaton, BoolTrace
from boolrnn.model.exact import ExactRows
from boolrnn.shapes import Bool, Float64, Int64

ALWAYS, TEXT, NONE = "certified_always", "certified_text", "none"
REACHABLE = 4096  # states; more are not enumerated here

Room = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (outputs (B, O), losses (O)) -> room (B)


@dataclasses.dataclass(frozen=True)
class Outputs:
    """What holds of the outputs, by which way, and why."""

    level: str
    by: str | None
    reason: str


def certify_outputs(
    automaton: Automaton, states: Certificate, level: str, exact: bool, run: BoolTrace | None
) -> Outputs:
    """Certify outputs, given the certificate of states, its level and whether it is bit-exact."""
    if not states.holds or states.shortfall is None:
        return Outputs(NONE, None, "states are not certified")
    bias = np.zeros((automaton.outputs, 1), np.float32)
    if exact and fits(automaton.wy, bias, automaton.by).all():
        return Outputs(level, "exact sums", "every output is an exact float32 sum")
    gaps = Gaps(automaton.wy, automaton.by, states.shortfall)
    room = sign_room if automaton.outputs == 1 else largest_room()
    if gaps.overflow:
        return Outputs(NONE, None, "float32 sums of outputs may overflow")
    if level == ALWAYS and states.symbols is not None:
        met = reachable(automaton, states.symbols)
        if met is not None:
            bad = gaps.first_close(met, room)
            if bad is None:
                return Outputs(ALWAYS, "every reachable state", f"gaps at all {len(met):,} reachable states")
    if run is None:
        return Outputs(NONE, None, "outputs are not exact sums; with a TEXT its positions are checked")
    bad = gaps.first_close(run.states, room)
    if bad is None:
        return Outputs(TEXT, "every position of the text", f"gaps at all {len(run.states):,} positions")
    return Outputs(NONE, None, f"after t = {bad} two outputs are closer than float32 sums can tell")


def largest_room(groups: Int64[np.ndarray, "O"] | None = None) -> Room:
    """Of the largest output: by how much it stands out from each output of another group than its own
    (`groups[o]`; None: every output is a group), after what rounding may take from both. inf where there
    is no other group."""

    def room(outputs: Float64[np.ndarray, "B O"], loss: Float64[np.ndarray, "O"]) -> np.ndarray:
        group = np.arange(outputs.shape[1]) if groups is None else groups
        own = group == group[outputs.argmax(axis=1)][:, None]
        high = np.where(own, outputs - loss, -np.inf).max(axis=1)
        return high - np.where(own, -np.inf, outputs + loss).max(axis=1)

    return room


def sign_room(outputs: Float64[np.ndarray, "B O"], loss: Float64[np.ndarray, "O"]) -> np.ndarray:
    """Of the signs of all outputs given: how far the nearest is from 0, after what rounding may take."""
    return (np.abs(outputs) - loss).min(axis=1)


def top_room(count: int) -> Room:
    """Of the set of the `count` largest outputs: by how much each of them stands out from each other output,
    after what rounding may take from both. inf where no output is left out."""

    def room(outputs: Float64[np.ndarray, "B O"], loss: Float64[np.ndarray, "O"]) -> np.ndarray:
        order = np.argsort(-outputs, axis=1, kind="stable")
        inside = np.take_along_axis(outputs - loss, order[:, :count], axis=1).min(axis=1)
        outside = np.take_along_axis(outputs + loss, order[:, count:], axis=1)
        return inside - outside.max(axis=1, initial=-np.inf)

    return room


class Gaps:
    """Exact outputs by + wy s of sign states, and what float32 sums of them can lose where hidden values are
    up to `shortfall` (H) inside +-1. `overflow` says whether float32 sums may overflow: then nothing holds.

    `loss[o]` bounds the distance between output o of the program and of the automaton.
    """

    def __init__(self, wy: np.ndarray, by: np.ndarray, shortfall: Float64[np.ndarray, "H"]) -> None:
        size, hidden = wy.shape
        self.rows = ExactRows(wy, np.zeros((size, 1), np.float32), by)
        rounds = (hidden + 3) * 2.0**-24
        absolute = np.abs(wy).astype(np.float64)
        total = absolute.sum(axis=1) + np.abs(by)
        self.overflow = bool((total >= 2.0**126).any())
        gamma = rounds / (1 - rounds) if rounds < 0.5 else np.inf
        flush = 2.0 * (3 * hidden + 4) * 2.0**-126
        self.loss = (gamma * total + absolute @ shortfall + flush) * (1 + 2.0**-30)

    def first_close(self, states: Bool[np.ndarray, "B H"], room: Room) -> int | None:
        """The first state whose label does not stand out from all others, by what `room` measures."""
        for first in range(0, len(states), 4096):
            part = signs(states[first : first + 4096])
            exact = self.rows.z(part, np.zeros(len(part), np.int64))
            rounding = np.abs(exact).max(axis=1) * 2.0**-48
            close = ~(room(exact, self.loss) > rounding)
            if close.any():
                return first + int(close.argmax())
        return None


def reachable(automaton: Automaton, symbols: np.ndarray, most: int = REACHABLE) -> np.ndarray | None:
    """All states that the automaton reaches from its start through `symbols`, bool (B, H); None where
    they are more than `most`."""
    first, _ = automaton.step(None, symbols)
    front = np.unique(first, axis=0)
    met = {row.tobytes() for row in front}
    found = [front]
    while len(front):
        after = []
        for k in range(0, len(front), max(1, most // len(symbols))):
            part = front[k : k + max(1, most // len(symbols))]
            states, _ = automaton.step(np.repeat(part, len(symbols), axis=0), np.tile(symbols, len(part)))
            new = [row for row in np.unique(states, axis=0) if row.tobytes() not in met]
            met.update(row.tobytes() for row in new)
            after += new
            if len(met) > most:
                return None
        front = np.array(after, bool).reshape(-1, automaton.hidden)
        found.append(front)
    return np.concatenate(found)
