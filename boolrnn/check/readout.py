"""Certificates of outputs: the float32 program's largest output is the automaton's, on every text or one.

A certificate of signs says nothing about outputs: two of them may be closer than float32 sums can tell.
Certified is the largest output (of equal ones the lowest); of a net with one output, its sign. Three ways:

exact sums                 bit-exact hidden values, and readout rows that float32 cannot round
every reachable state      all states that can be reached, where they are few: each gap is wide enough
every position of the text the gaps along one text are wide enough

A gap between two outputs is wide enough if it exceeds what both sums can lose: gamma M + sum |wy| eps +
flush each, as in boolrnn.check.bounds.
"""

import dataclasses

import numpy as np

from boolrnn.bits import signs
from boolrnn.check.bounds import Certificate
from boolrnn.check.exact_sums import fits
from boolrnn.model.automaton import Automaton, BoolTrace
from boolrnn.model.exact import ExactRows
from boolrnn.shapes import Bool

ALWAYS, TEXT, NONE = "certified_always", "certified_text", "none"
REACHABLE = 4096  # states; more are not enumerated here


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
    gaps = _Gaps(automaton, states.shortfall)
    if gaps.overflow:
        return Outputs(NONE, None, "float32 sums of outputs may overflow")
    if level == ALWAYS and states.symbols is not None:
        met = reachable(automaton, states.symbols)
        if met is not None:
            bad = gaps.first_close(met)
            if bad is None:
                return Outputs(ALWAYS, "every reachable state", f"gaps at all {len(met):,} reachable states")
    if run is None:
        return Outputs(NONE, None, "outputs are not exact sums; with a TEXT its positions are checked")
    bad = gaps.first_close(run.states)
    if bad is None:
        return Outputs(TEXT, "every position of the text", f"gaps at all {len(run.states):,} positions")
    return Outputs(NONE, None, f"after t = {bad} two outputs are closer than float32 sums can tell")


class _Gaps:
    """Exact outputs, and what float32 sums of them can lose."""

    def __init__(self, automaton: Automaton, shortfall: np.ndarray) -> None:
        zeros = np.zeros((automaton.outputs, 1), np.float32)
        self.rows = ExactRows(automaton.wy, zeros, automaton.by)
        rounds = (automaton.hidden + 3) * 2.0**-24
        absolute = np.abs(automaton.wy).astype(np.float64)
        size = absolute.sum(axis=1) + np.abs(automaton.by)
        self.overflow = bool((size >= 2.0**126).any())
        gamma = rounds / (1 - rounds) if rounds < 0.5 else np.inf
        flush = 2.0 * (3 * automaton.hidden + 4) * 2.0**-126
        self.loss = (gamma * size + absolute @ shortfall + flush) * (1 + 2.0**-30)

    def first_close(self, states: Bool[np.ndarray, "B H"]) -> int | None:
        """The first state whose largest output does not stand out."""
        for first in range(0, len(states), 4096):
            part = signs(states[first : first + 4096])
            exact = self.rows.z(part, np.zeros(len(part), np.int64))
            low, rounding = exact + self.loss, np.abs(exact).max(axis=1) * 2.0**-48
            if exact.shape[1] == 1:
                room = np.abs(exact[:, 0]) - self.loss[0]
            else:
                top, each = exact.argmax(axis=1), np.arange(len(exact))
                low[each, top] = -np.inf
                room = exact[each, top] - self.loss[top] - low.max(axis=1)
            close = ~(room > rounding)
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
