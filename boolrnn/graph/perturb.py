"""perturb: how one flipped bit spreads in the automaton while the text goes on.

For a position t and a neuron j, bit j of `states[t]` is flipped and the automaton runs from the flipped
and from the unflipped state over symbols t+1, t+2, ... The distance at lag k is the number of bits that
differ after symbol t+k. A flip whose distance is 0 has healed, and stays so: from then on both runs are
the same. Beside it stand the Lyapunov exponents of the float network (boolrnn.check.lyapunov).
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.check.lyapunov import Spectrum, lyapunov
from boolrnn.check.side_by_side import window
from boolrnn.errors import OptionError
from boolrnn.graph.observed import Observed, chosen, described, observe
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.kernels import Stepper, stepper
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64

MOST = 2_000_000  # flips that are followed unless `samples` says otherwise
TENTHS = (1, 5, 9)  # quantiles of the distance
_CELLS = 1 << 22  # trajectories times neurons in one block


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Perturb(Result):
    """Flips at the chosen positions and neurons, by lag and by neuron.

    `lags.*` count the flips that were followed that far, which the end of the text stops for some; the
    healed among them have distance 0. Every flip has healed, or is unhealed after `lag_max` steps, or
    its text ended first. `unrelated` is 2 sum p (1 - p) over the neurons, p being the share of positions
    0..n-2 whose bit is 1: the expected distance of two states with these rates and nothing else in common.
    """

    schema = "perturb/1"

    window: str
    states: str  # whose states were flipped
    lag_max: int
    flips: int  # flips followed
    possible: int  # chosen positions times chosen neurons
    sampled: bool  # flips were drawn at random from the possible ones
    seed: int
    healed: int
    unhealed: int  # still different after lag_max steps
    ended: int  # still different where the text ended, before lag_max steps
    healed_share: float | None  # healed / (healed or unhealed) among those followed to lag_max
    ended_share: float | None  # ended / flips
    healing_lag: float | None  # mean lag at which the healed flips healed
    healing_last: int | None  # the greatest of these lags
    unrelated: float | None
    lag: Int64[np.ndarray, "L"] = named("lags.lag")
    lag_followed: Int64[np.ndarray, "L"] = named("lags.followed")
    lag_mean: Float64[np.ndarray, "L"] = named("lags.mean")
    lag_healed: Float64[np.ndarray, "L"] = named("lags.healed")  # share with distance 0
    lag_unhealed_mean: Float64[np.ndarray, "L"] = named("lags.unhealed_mean")
    lag_low: Int64[np.ndarray, "L"] = named("lags.low", nullable=True)  # least d: 10 % are at most d
    lag_median: Int64[np.ndarray, "L"] = named("lags.median", nullable=True)  # the same for 50 %
    lag_high: Int64[np.ndarray, "L"] = named("lags.high", nullable=True)  # the same for 90 %
    neuron: Int64[np.ndarray, "N"] = named("neurons.neuron")
    neuron_flips: Int64[np.ndarray, "N"] = named("neurons.flips")
    neuron_first: Float64[np.ndarray, "N"] = named("neurons.first")  # mean distance at lag 1
    neuron_followed: Int64[np.ndarray, "N"] = named("neurons.followed")  # to lag_max
    neuron_last: Float64[np.ndarray, "N"] = named("neurons.last")  # mean distance at lag_max
    neuron_healed: Float64[np.ndarray, "N"] = named("neurons.healed")  # share of those, at lag_max
    neuron_healing_lag: Float64[np.ndarray, "N"] = named("neurons.healing_lag")
    lyapunov_window: str = named("lyapunov.window")
    lyapunov_largest: float | None = named("lyapunov.largest")  # nats per step
    lyapunov_low: float | None = named("lyapunov.low")  # two standard errors below
    lyapunov_high: float | None = named("lyapunov.high")
    lyapunov_chaotic: bool | None = named("lyapunov.chaotic")  # largest > 0
    exponent: Float64[np.ndarray, "E"] = named("exponents.exponent")
    exponent_first_half: Float64[np.ndarray, "E"] = named("exponents.first_half")
    exponent_second_half: Float64[np.ndarray, "E"] = named("exponents.second_half")
    exponent_error: Float64[np.ndarray, "E"] = named("exponents.error")


def perturb(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    lags: int = 50,
    positions: str | Sequence[int] | np.ndarray | None = None,
    neurons: Sequence[int] | np.ndarray | None = None,
    states: str = "network",
    samples: int | None = None,
    exponents: int = 8,
    seed: int = 0,
    tanh: str = "exact",
) -> Perturb:
    """Flip single bits of the states that `symbols` (T) leads through, and follow them `lags` steps.

    `positions` (of 0..n-2) and `neurons` choose the flips, all of them by default; `states` says whose
    states, "network" or "automaton". `samples` flips are drawn from these at random where there are
    more; None stands for 2,000,000. `seed` draws them, and the starting directions of the `exponents`
    Lyapunov exponents.

    Raises
    ------
    TextError, OptionError
        On a symbol, a number or a name that cannot be used.
    """
    _check(lags, samples, seed)
    automaton = as_automaton(model)
    seen = observe(automaton, symbols, states, tanh)
    count = len(seen.symbols) - 1
    places, units = np.sort(chosen(positions, count)), _neurons(neurons, automaton.hidden)
    spectrum = lyapunov(automaton.weights, seen.symbols, exponents, seed)
    possible = len(places) * len(units)
    picked = _drawn(possible, MOST if samples is None else samples, seed)
    tally = _Tally(lags, min(lags, count), automaton.hidden, len(units))
    engine = stepper(automaton, len(picked) * tally.reach)
    with progress.bar("flips", len(picked)) as tick:
        for first, at, which in _blocks(picked, places, len(units), max(automaton.hidden, tally.reach)):
            tally.add(_follow(engine, seen, at, units[which], tally.reach), which)
            tick(first)
    drawn = f"{len(picked):,} flips drawn at random (seed {seed}) of the {possible:,} at "
    rates = seen.states[:count].mean(axis=0) if count else None
    return Perturb(
        window=(drawn if len(picked) < possible else "") + _described(places, units, automaton.hidden),
        states=seen.source,
        lag_max=lags,
        flips=len(picked),
        possible=possible,
        sampled=len(picked) < possible,
        seed=seed,
        unrelated=None if rates is None else float(2 * (rates * (1 - rates)).sum()),
        neuron=units,
        **tally.totals(),
        **tally.by_lag(),
        **tally.by_neuron(),
        **_exponents(spectrum, count),
    )


LAGS = 1_000_000  # steps that flips are followed, at most


def _check(lags: int, samples: int | None, seed: int) -> None:
    for name, value, least in (("lags", lags, 1), ("samples", samples, 1), ("seed", seed, 0)):
        if value is not None and value < least:
            raise OptionError(f"{name} {value}: expected {least} or more")
    if lags > LAGS:
        raise OptionError(f"lags {lags}: expected at most {LAGS:,}")


def _neurons(neurons: Sequence[int] | np.ndarray | None, hidden: int) -> Int64[np.ndarray, "N"]:
    """The chosen neurons in ascending order."""
    if neurons is None:
        return np.arange(hidden)
    given = np.asarray(neurons)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise OptionError(f"neurons: {given.dtype} of shape {given.shape}, expected integers (N,)")
    outside = given[(given < 0) | (given >= hidden)]
    if len(outside):
        raise OptionError(f"neurons: {outside[0]} is outside 0..{hidden - 1}")
    if len(np.unique(given)) < len(given):
        raise OptionError("neurons: a number stands twice")
    return np.sort(given.astype(np.int64))


def _described(places: Int64[np.ndarray, "P"], units: Int64[np.ndarray, "N"], hidden: int) -> str:
    which = f"all {hidden}" if len(units) == hidden else f"{len(units)} of {hidden}"
    return f"{described(places)}, {which} neurons"


def _drawn(possible: int, most: int, seed: int) -> range | Int64[np.ndarray, "F"]:
    """Numbers of the flips to follow, ascending: all, or `most` different ones drawn at random."""
    if possible <= most:
        return range(possible)
    rng = np.random.default_rng(seed)
    if most > possible // 4:
        return np.sort(rng.choice(possible, most, replace=False))
    numbers = np.unique(rng.integers(0, possible, most))
    while len(numbers) < most:  # the distinct ones of independent draws favour no set over another
        numbers = np.union1d(numbers, rng.integers(0, possible, most))
    return np.sort(rng.choice(numbers, most, replace=False))


def _blocks(
    picked: range | Int64[np.ndarray, "F"], places: Int64[np.ndarray, "P"], count: int, width: int
) -> Iterator[tuple[int, Int64[np.ndarray, "F"], Int64[np.ndarray, "F"]]]:
    """(flips before, position of each flip, which of the `count` chosen neurons), ascending in position."""
    size = max(1, _CELLS // width)
    for first in range(0, len(picked), size):
        part = np.asarray(picked[first : first + size], np.int64)
        yield first, places[part // count], part % count


def _advance(
    engine: Stepper, states: Bool[np.ndarray, "B H"], symbols: Int64[np.ndarray, "B"]
) -> Bool[np.ndarray, "B H"]:
    """The next state of each pair (state, symbol)."""
    return engine.advance(states, symbols[:, None])


def _follow(
    engine: Stepper, seen: Observed, at: Int64[np.ndarray, "F"], neuron: Int64[np.ndarray, "F"], lags: int
) -> Int64[np.ndarray, "L F"]:
    """Distance of each flip (bit `neuron` of the state at position `at`) at lags 0..`lags`, L = lags + 1;
    -1 where the text has ended. `at` is ascending."""
    length = len(seen.symbols)
    distance = np.where(at + np.arange(lags + 1)[:, None] < length, 0, -1).astype(np.int64)
    distance[0] = 1
    going = np.arange(len(at))  # the flips that have not healed
    place, own = np.unique(at, return_inverse=True)  # the unflipped runs, and which one a flip belongs to
    plain = seen.states[place]
    flipped = plain[own]
    flipped[going, neuron] ^= True
    for lag in range(1, lags + 1):
        inside = place[own] + lag < length
        going, flipped = going[inside], flipped[inside]
        if not len(going):
            break
        needed, own = np.unique(own[inside], return_inverse=True)
        place = place[needed]
        plain = _advance(engine, plain[needed], seen.symbols[place + lag])
        flipped = _advance(engine, flipped, seen.symbols[place[own] + lag])
        apart = np.count_nonzero(flipped != plain[own], axis=1)
        distance[lag, going] = apart
        unhealed = apart > 0
        going, flipped, own = going[unhealed], flipped[unhealed], own[unhealed]
    return distance


class _Tally:
    """Counts over all flips: distances by lag (0..reach), and sums by neuron."""

    def __init__(self, lags: int, reach: int, hidden: int, neurons: int) -> None:
        self.lags, self.reach = lags, reach  # no lag beyond reach is inside the text
        self.counts = np.zeros((reach + 1, hidden + 1), np.int64)
        self.sums = {
            name: np.zeros(neurons, np.int64)
            for name in ("flips", "first", "followed", "last", "healed_last", "healed", "healing")
        }
        self.healing_last = 0

    def add(self, distance: Int64[np.ndarray, "L F"], which: Int64[np.ndarray, "F"]) -> None:
        """Add a block of flips, `which` being the number of each flip's neuron among those chosen."""
        for counts, row in zip(self.counts, distance):
            counts += np.bincount(row[row >= 0], minlength=len(counts))
        healed = (distance == 0).any(axis=0)
        healing = np.where(healed, (distance == 0).argmax(axis=0), 0)
        last = distance[-1] if self.reach == self.lags else np.full(len(which), -1)
        added = {
            "flips": np.ones(len(which)),
            "first": distance[1],
            "followed": last >= 0,
            "last": np.maximum(last, 0),
            "healed_last": last == 0,
            "healed": healed,
            "healing": healing,
        }
        for name, values in added.items():  # sums of integers far below 2^53: exact as float64
            sums = self.sums[name]
            sums += np.bincount(which, values, minlength=len(sums)).astype(np.int64)
        self.healing_last = max(self.healing_last, int(healing.max()))

    def totals(self) -> dict[str, Any]:
        """What became of the flips."""
        total = {name: int(values.sum()) for name, values in self.sums.items()}
        unhealed = total["followed"] - total["healed_last"]
        ended = total["flips"] - total["healed"] - unhealed
        return {
            "healed": total["healed"],
            "unhealed": unhealed,
            "ended": ended,
            "healed_share": total["healed_last"] / total["followed"] if total["followed"] else None,
            "ended_share": ended / total["flips"] if total["flips"] else None,
            "healing_lag": total["healing"] / total["healed"] if total["healed"] else None,
            "healing_last": self.healing_last or None,
        }

    def by_lag(self) -> dict[str, np.ndarray]:
        """The columns of `lags.*`."""
        followed, healed = self.counts.sum(axis=1), self.counts[:, 0]
        bits = self.counts @ np.arange(self.counts.shape[1])
        sums = self.counts.cumsum(axis=1)
        least = [(10 * sums >= tenth * followed[:, None]).argmax(axis=1) for tenth in TENTHS]
        low, median, high = (np.where(followed > 0, values, -1) for values in least)
        return {
            "lag": np.arange(self.reach + 1),
            "lag_followed": followed,
            "lag_mean": _shares(bits, followed),
            "lag_healed": _shares(healed, followed),
            "lag_unhealed_mean": _shares(bits, followed - healed),
            "lag_low": low,
            "lag_median": median,
            "lag_high": high,
        }

    def by_neuron(self) -> dict[str, np.ndarray]:
        """The columns of `neurons.*`."""
        sums = self.sums
        return {
            "neuron_flips": sums["flips"],
            "neuron_first": _shares(sums["first"], sums["flips"]),
            "neuron_followed": sums["followed"],
            "neuron_last": _shares(sums["last"], sums["followed"]),
            "neuron_healed": _shares(sums["healed_last"], sums["followed"]),
            "neuron_healing_lag": _shares(sums["healing"], sums["healed"]),
        }


def _shares(part: Int64[np.ndarray, "N"], whole: Int64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    """part / whole, NaN where the whole is 0."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _exponents(spectrum: Spectrum, count: int) -> dict[str, Any]:
    known = len(spectrum.exponent) > 0 and not np.isnan(spectrum.exponent[0])
    largest = float(spectrum.exponent[0]) if known else None
    error = float(spectrum.error[0]) if known and not np.isnan(spectrum.error[0]) else None
    return {
        "lyapunov_window": window(count),
        "lyapunov_largest": largest,
        "lyapunov_low": None if largest is None or error is None else largest - 2 * error,
        "lyapunov_high": None if largest is None or error is None else largest + 2 * error,
        "lyapunov_chaotic": None if largest is None else largest > 0,
        "exponent": spectrum.exponent,
        "exponent_first_half": spectrum.first_half,
        "exponent_second_half": spectrum.second_half,
        "exponent_error": spectrum.error,
    }
