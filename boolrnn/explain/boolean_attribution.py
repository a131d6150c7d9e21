"""Boolean attribution: bits and symbols changed d steps back, exactly, instead of gradients.

An own definition, no published one. For the prediction at position t and a distance d:

flips     each bit of `states[t - d]` in turn is flipped;
symbols   symbols[t - d] is replaced by each other symbol that occurs in the text, read in
          `states[t - d - 1]` (the network's start where t = d);

and the automaton reads on to position t from the changed and from the unchanged state (exact steps). The
signs of both final states are read out in float64. Nothing is sampled, and nothing is to first order.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from boolrnn import progress
from boolrnn.bits import hamming, signs
from boolrnn.graph.observed import NETWORK, Observed, chosen, described, observe
from boolrnn.model.automaton import Automaton
from boolrnn.model.kernels import Stepper, cores, stepper
from boolrnn.model.rnn import cost_of, logits
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float64, Int64

_CELLS = 1 << 22  # states times neurons or outputs that are looked at in one go


@dataclasses.dataclass(frozen=True)
class Changes:
    """By distance d = 0..D-1, over `n` changes each; NaN where there was none."""

    n: Int64[np.ndarray, "D"]
    change: Float64[np.ndarray, "D"]  # mean |difference| of the bits that the true symbol costs
    distance: Float64[np.ndarray, "D"]  # mean number of bits that differ at t
    guess: Float64[np.ndarray, "D"]  # share that changes the first guess (lowest index in a tie)
    healed: Float64[np.ndarray, "D"]  # share after which the state at t is the same


@dataclasses.dataclass(frozen=True)
class BooleanAttribution:
    """Distances 0..depth, as far as the text reaches back from the chosen positions."""

    window: str
    source: str  # whose states were changed
    flips: Changes
    symbols: Changes


@dataclasses.dataclass(frozen=True)
class _Changed:
    """Changed states (B, H) after symbol `at` of each was read, beside the unchanged ones (S, H) after
    symbol `place`; change k belongs to the unchanged state `own[k]`. Places ascend."""

    place: Int64[np.ndarray, "S"]
    plain: Bool[np.ndarray, "S H"]
    own: Int64[np.ndarray, "B"]
    states: Bool[np.ndarray, "B H"]


def boolean_attribution(
    automaton: Automaton,
    symbols: np.ndarray,
    *,
    depth: int,
    positions: str | Sequence[int] | np.ndarray | None = None,
    states: str = NETWORK,
    tanh: str = "exact",
) -> BooleanAttribution:
    """Change bits and symbols 0..`depth` steps before the predictions of the chosen positions t.

    States are the network's signs, or (`states="automaton"`) the automaton's own trajectory. It takes about
    positions x (depth + 1) x (H + symbols that occur) readouts, each of H x O products.

    Raises
    ------
    TextError, OptionError
        On a symbol, a position, a kind of states or a tanh that cannot be used.
    """
    seen = observe(automaton, symbols, states, tanh)
    places = np.sort(chosen(positions, max(len(seen.symbols) - 1, 0)))
    wanted = np.zeros(max(len(seen.symbols) - 1, 0), bool)
    wanted[places] = True
    reach = min(depth, int(places.max(initial=-1))) + 1
    sources = _sources(wanted, reach)
    met = np.unique(seen.symbols)
    work = len(sources) * reach
    engine = stepper(automaton, work * (automaton.hidden + len(met)))
    tallies = _Tally(reach), _Tally(reach)
    with progress.bar("changes", 2 * work) as tick:
        for k, (tally, blocks) in enumerate(
            zip(tallies, (_flips(seen, sources), _replaced(seen, sources, met)))
        ):
            for changed in blocks:
                _follow(engine, seen, changed, wanted, tally)
                tick(k * work + int(np.searchsorted(sources, changed.place[-1])) * reach)
    return BooleanAttribution(described(places), seen.source, *(tally.changes() for tally in tallies))


def _sources(wanted: Bool[np.ndarray, "P"], reach: int) -> Int64[np.ndarray, "S"]:
    """The positions from which a wanted one is fewer than `reach` steps ahead."""
    before = np.concatenate([[0], np.cumsum(wanted)])
    start = np.arange(len(wanted))
    return np.flatnonzero(before[np.minimum(start + reach, len(wanted))] > before[start])


def _flips(seen: Observed, sources: Int64[np.ndarray, "S"]) -> Iterator[_Changed]:
    """Every bit of the state at every source flipped, a block of sources at a time."""
    hidden = seen.states.shape[1]
    size = max(1, _CELLS // hidden**2)
    for k in range(0, len(sources), size):
        place = sources[k : k + size]
        plain = seen.states[place]
        states = plain[:, None] ^ np.eye(hidden, dtype=bool)
        own = np.repeat(np.arange(len(place)), hidden)
        yield _Changed(place, plain, own, states.reshape(-1, hidden))


def _replaced(
    seen: Observed, sources: Int64[np.ndarray, "S"], met: Int64[np.ndarray, "M"]
) -> Iterator[_Changed]:
    """At every source every other symbol read, from the state before."""
    automaton, hidden = seen.automaton, seen.states.shape[1]
    size = max(1, _CELLS // (len(met) * hidden or 1))
    for k in range(0, len(sources), size):
        place = sources[k : k + size]
        own = np.repeat(np.arange(len(place)), len(met))
        read = np.tile(met, len(place))
        after = _read(automaton, seen.states, place[own], read)
        true = read == seen.symbols[place[own]]
        yield _Changed(place, after[true], own[~true], after[~true])


def _read(
    automaton: Automaton,
    states: Bool[np.ndarray, "T H"],
    at: Int64[np.ndarray, "B"],
    read: Int64[np.ndarray, "B"],
) -> Bool[np.ndarray, "B H"]:
    """The states after `read` was read at positions `at` (ascending) instead of what the text says there."""
    first = int(np.searchsorted(at, 1))
    start = automaton.z(None, read[:first]) >= 0
    return np.concatenate([start, automaton.z(states[at[first:] - 1], read[first:]) >= 0])


def _follow(
    engine: Stepper, seen: Observed, changed: _Changed, wanted: Bool[np.ndarray, "P"], tally: "_Tally"
) -> None:
    """Let the automaton read on, and look at the changes wherever a wanted position is reached."""
    place, plain, own, states = changed.place, changed.plain, changed.own, changed.states
    per_place = np.bincount(own, minlength=len(place))  # healed or not
    for d in range(tally.reach):
        if d:
            inside = place + d < len(wanted)
            if not inside.any():
                return
            keep = inside[own]
            states, own = states[keep], own[keep]  # places ascend: those inside come first
            place, plain, per_place = place[inside], plain[inside], per_place[inside]
            read = seen.symbols[place + d]
            plain = engine.advance(plain, read[:, None])
            states = engine.advance(states, read[own][:, None])
            unhealed = (states != plain[own]).any(axis=1)
            states, own = states[unhealed], own[unhealed]
        here = wanted[place + d]
        shown = here[own]
        tally.count(d, int(per_place[here].sum()))
        if shown.any():
            number = np.cumsum(here) - 1
            target = seen.symbols[place[here] + d + 1]
            weights = seen.automaton.weights
            _look(weights, plain[here], states[shown], number[own[shown]], target, tally, d)


def _look(
    weights: Weights,
    plain: Bool[np.ndarray, "S H"],
    states: Bool[np.ndarray, "B H"],
    own: Int64[np.ndarray, "B"],
    target: Int64[np.ndarray, "S"],
    tally: "_Tally",
    d: int,
) -> None:
    """Add the changes at distance d to the tally. Parts are read out on all cores."""
    before = _read_out(weights, plain, target)
    size = max(1, _CELLS // 8 // max(weights.hidden, weights.outputs))

    def part(k: int) -> tuple[float, int, int, int]:
        mine = own[k : k + size]
        bits, guess = _read_out(weights, states[k : k + size], target[mine])
        distance = hamming(states[k : k + size], plain[mine])
        change = float(np.abs(bits - before[0][mine]).sum())
        return (
            change,
            int(distance.sum()),
            int((guess != before[1][mine]).sum()),
            int(np.count_nonzero(distance)),
        )

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores()) as pool:  # else they meet BLAS's own
        for found in pool.map(part, range(0, len(states), size)):
            tally.add(d, *found)


def _read_out(
    weights: Weights, states: Bool[np.ndarray, "B H"], target: Int64[np.ndarray, "B"]
) -> tuple[Float64[np.ndarray, "B"], Int64[np.ndarray, "B"]]:
    """Bits of the targets and first guesses, from the signs of these states."""
    bits, guess = np.empty(len(states)), np.empty(len(states), np.int64)
    size = max(1, _CELLS // 8 // max(weights.hidden, weights.outputs))
    for k in range(0, len(states), size):
        scores = logits(weights, signs(states[k : k + size]))
        guess[k : k + size] = scores.argmax(axis=1)
        bits[k : k + size] = cost_of(scores, target[k : k + size])
    return bits, guess


class _Tally:
    """Sums over changes, by distance 0..reach-1."""

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self.n, self.bits, self.guesses, self.unhealed = (np.zeros(reach, np.int64) for _ in range(4))
        self.change = np.zeros(reach)

    def count(self, d: int, n: int) -> None:
        """So many changes were made, whether or not they have healed."""
        self.n[d] += n

    def add(self, d: int, change: float, bits: int, guesses: int, unhealed: int) -> None:
        """What the unhealed ones did."""
        self.change[d] += change
        self.bits[d] += bits
        self.guesses[d] += guesses
        self.unhealed[d] += unhealed

    def changes(self) -> Changes:
        """The means."""
        n = np.maximum(self.n, 1)
        columns = (self.change, self.bits, self.guesses, self.n - self.unhealed)
        return Changes(self.n, *(np.where(self.n > 0, column / n, np.nan) for column in columns))
