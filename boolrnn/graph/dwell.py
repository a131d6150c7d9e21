"""dwell: how often each neuron's sign flips, how long it stays between flips, how saturated it is.

Positions are t = 0..n-2 of n symbols. A neuron flips at t when its sign differs from the one at t - 1:
steps t = 1..n-2. A dwell is the number of steps between two consecutive flips of one neuron; the runs
before its first flip and after its last are cut off by the window and are left out. A hidden value is
saturated where |h| >= 0.999. Published as "Q4 saturation"; where the published classes are absolute
flip counts, which call every moving neuron of a long text volatile, the classes here are flip rates.
"""

import dataclasses
from typing import Any

import numpy as np

from boolrnn.graph.observed import NETWORK, described, observe
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float32, Float64, Int64, UInt8

SATURATED = 0.999
# name, rule, and whether `flips` of `steps` belong to it; the first that fits is the class
CLASSES = (
    ("constant", "no flip", lambda flips, steps: flips == 0),
    ("rare", "flips at under 5 % of the steps", lambda flips, steps: 20 * flips < steps),
    ("frequent", "flips at 5 % to 50 % of the steps", lambda flips, steps: 2 * flips < steps),
    ("restless", "flips at 50 % of the steps or more", lambda flips, steps: flips <= steps),
)
PUBLISHED_CLASSES = (
    ("frozen", "0 flips", lambda flips, steps: flips == 0),
    ("settled", "1 to 5 flips", lambda flips, steps: flips <= 5),
    ("active", "6 to 50 flips", lambda flips, steps: flips <= 50),
    ("volatile", "more than 50 flips", lambda flips, steps: flips > 50),
)
SOUND = "classes by flip rate; every complete dwell counts"
PUBLISHED = (
    "as published: classes by number of flips; dwells of 100 steps and more left out of the neurons' "
    "figures, of 50 and more out of the histogram; symbols credited at t = 1..n-3; mean |h| added in float32"
)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Dwell(Result):
    """Flips, dwells and saturation. Statistics without a case to count are None or NaN."""

    schema = "dwell/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    window: str
    source: str  # whose states
    variant: str
    steps: int  # t = 1..n-2
    flips: int
    flips_per_step: float | None  # flips / steps, all neurons together
    flips_per_position: float | None  # flips / (n - 1): position 0 counted as a step without flips
    steps_per_flip: float | None  # steps x neurons / flips
    fewest_neuron: int | None = named("fewest.neuron")
    fewest_flips: int | None = named("fewest.flips")
    most_neuron: int | None = named("most.neuron")
    most_flips: int | None = named("most.flips")
    dwells: int  # those of the histogram
    mean_dwell: float | None  # of the histogram
    mean_h: float | None = named("h.mean")  # |h| of the float32 network
    least_h: float | None = named("h.least")
    saturated: float | None = named("h.saturated")  # share of neuron-steps with |h| >= 0.999
    saturated_neurons: float | None = named("h.saturated_neurons")  # the same, neurons per position
    class_name: np.ndarray = named("classes.name")
    class_rule: np.ndarray = named("classes.rule")
    class_count: Int64[np.ndarray, "C"] = named("classes.count")
    histogram_dwell: Int64[np.ndarray, "D"] = named("histogram.dwell")
    histogram_count: Int64[np.ndarray, "D"] = named("histogram.count")
    neuron: Int64[np.ndarray, "H"] = named("neurons.neuron")
    neuron_flips: Int64[np.ndarray, "H"] = named("neurons.flips")
    neuron_rate: Float64[np.ndarray, "H"] = named("neurons.rate")  # flips / steps
    neuron_class: np.ndarray = named("neurons.class")
    neuron_mean_h: Float64[np.ndarray, "H"] = named("neurons.mean_h")
    neuron_least_h: Float64[np.ndarray, "H"] = named("neurons.least_h")
    neuron_saturated: Float64[np.ndarray, "H"] = named("neurons.saturated")
    neuron_mean_dwell: Float64[np.ndarray, "H"] = named("neurons.mean_dwell")
    neuron_median_dwell: Float64[np.ndarray, "H"] = named("neurons.median_dwell")
    # the smallest dwell of the greatest count, and the longest; -1 where there is none
    neuron_mode_dwell: Int64[np.ndarray, "H"] = named("neurons.mode_dwell", nullable=True)
    neuron_longest_dwell: Int64[np.ndarray, "H"] = named("neurons.longest_dwell", nullable=True)
    symbol: Int64[np.ndarray, "S"] = named("symbols.symbol")  # most flips first
    symbol_flips: Float64[np.ndarray, "S"] = named("symbols.flips")  # neurons that flip as it is read, mean
    symbol_n: Int64[np.ndarray, "S"] = named("symbols.n")  # steps that read it
    position: Int64[np.ndarray, "P"] = named("positions.t")
    position_symbol: Int64[np.ndarray, "P"] = named("positions.symbol")
    position_flips: Int64[np.ndarray, "P"] = named("positions.flips", nullable=True)  # -1 at t = 0
    position_saturated: Int64[np.ndarray, "P"] = named("positions.saturated")
    position_least_h: Float64[np.ndarray, "P"] = named("positions.least_h")


def dwell(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    states: str = NETWORK,
    as_published: bool = False,
    tanh: str = "exact",
) -> Dwell:
    """Flips, dwells and saturation of every neuron on `symbols` (T).

    Flips are those of the network's signs, or (`states="automaton"`) of the automaton's own trajectory;
    |h| is the float32 network's either way. `as_published` classifies by number of flips, leaves long
    dwells out and ends the table of symbols one step earlier, as the published program does.

    Raises
    ------
    TextError, OptionError
        On a symbol, a kind of states or a tanh that cannot be used.
    """
    seen = observe(as_automaton(model), symbols, states, tanh)
    flips = flips_of(seen.states)
    steps, hidden = flips.shape
    positions = max(len(seen.symbols) - 1, 0)
    per_neuron, per_step = flips.sum(axis=0), flips.sum(axis=1)
    total = int(per_neuron.sum())
    least, most = int(per_neuron.argmin()), int(per_neuron.argmax())
    return Dwell(
        alphabet=seen.automaton.alphabet,
        window=described(np.arange(positions)),
        source=seen.source,
        variant=PUBLISHED if as_published else SOUND,
        steps=steps,
        flips=total,
        flips_per_step=total / steps if steps else None,
        flips_per_position=total / positions if positions else None,
        steps_per_flip=steps * hidden / total if total else None,
        fewest_neuron=least if steps else None,
        fewest_flips=int(per_neuron[least]) if steps else None,
        most_neuron=most if steps else None,
        most_flips=int(per_neuron[most]) if steps else None,
        neuron=np.arange(hidden),
        neuron_flips=per_neuron,
        neuron_rate=per_neuron / steps if steps else np.full(hidden, np.nan),
        **_classes(per_neuron, steps, PUBLISHED_CLASSES if as_published else CLASSES),
        **_dwells(flips, *((100, 50) if as_published else (None, None))),
        **_saturation(seen.hidden[:positions], as_published),
        **_credited(per_step, seen.symbols[1 : 1 + steps], as_published),
        position=np.arange(positions),
        position_symbol=seen.symbols[:positions],
        position_flips=_with_start(per_step, positions, 0 if as_published else -1),
    )


def flips_of(states: Bool[np.ndarray, "T H"]) -> Bool[np.ndarray, "F H"]:
    """Row t - 1 says which neurons flip at t = 1..T-2: their bit differs from the one before."""
    steps = max(len(states) - 2, 0)
    return states[1 : 1 + steps] != states[:steps]


def _classes(flips: Int64[np.ndarray, "H"], steps: int, rules: tuple) -> dict[str, Any]:
    """The first class whose rule fits, for each neuron. Without steps nothing has flipped."""
    fits = np.array([fit(flips, steps) for _, _, fit in rules])
    found = fits.argmax(axis=0)
    names = np.array([name for name, _, _ in rules])
    return {
        "class_name": names,
        "class_rule": np.array([rule for _, rule, _ in rules]),
        "class_count": np.bincount(found, minlength=len(rules)),
        "neuron_class": names[found],
    }


def dwells_of(train: Bool[np.ndarray, "F"]) -> Int64[np.ndarray, "D"]:
    """Steps between consecutive flips of one neuron, in order; one fewer than its flips."""
    return np.diff(np.flatnonzero(train))


def _dwells(flips: Bool[np.ndarray, "F H"], below: int | None, shown: int | None) -> dict[str, Any]:
    """Dwells under `below` for each neuron; those under `shown` in the histogram and its mean."""
    steps, hidden = flips.shape
    mean, median = np.full(hidden, np.nan), np.full(hidden, np.nan)
    mode, longest = np.full(hidden, -1), np.full(hidden, -1)
    tally = np.zeros(steps + 1, np.int64)
    for i, train in enumerate(flips.T):
        kept = dwells_of(train)
        kept = kept if below is None else kept[kept < below]
        if not len(kept):
            continue
        counts = np.bincount(kept)
        mean[i], median[i] = kept.mean(), np.median(kept)
        mode[i], longest[i] = counts.argmax(), len(counts) - 1
        tally[: len(counts)] += counts
    lengths = np.flatnonzero(tally[:shown])
    counts = tally[lengths]
    total = int(counts.sum())
    return {
        "dwells": total,
        "mean_dwell": float(lengths @ counts / total) if total else None,
        "histogram_dwell": lengths,
        "histogram_count": counts,
        "neuron_mean_dwell": mean,
        "neuron_median_dwell": median,
        "neuron_mode_dwell": mode,
        "neuron_longest_dwell": longest,
    }


def _saturation(hidden: Float32[np.ndarray, "P H"], as_published: bool, block: int = 8192) -> dict[str, Any]:
    """|h| by neuron and by position, a block of positions at a time. The published program adds a neuron's
    |h| in float32, position by position, which shows in the sixth digit of its mean."""
    positions, neurons = hidden.shape
    total = np.zeros(neurons, np.float32 if as_published else np.float64)
    saturated = np.zeros(neurons, np.int64)
    least = np.full(neurons, np.inf if positions else np.nan)
    by_position, least_there = np.empty(positions, np.int64), np.empty(positions)
    for k in range(0, positions, block):
        size = np.abs(hidden[k : k + block])
        full = size >= SATURATED
        if as_published:
            total = np.cumsum(np.concatenate([total[None], size]), axis=0)[-1]
        else:
            total += size.sum(axis=0, dtype=np.float64)
        saturated += full.sum(axis=0)
        least = np.minimum(least, size.min(axis=0))
        by_position[k : k + block] = full.sum(axis=1)
        least_there[k : k + block] = size.min(axis=1)
    some = positions > 0
    unknown = np.full(neurons, np.nan)
    return {
        "mean_h": float(total.sum(dtype=np.float64) / hidden.size) if some else None,
        "least_h": float(least.min()) if some else None,
        "saturated": float(saturated.sum() / hidden.size) if some else None,
        "saturated_neurons": float(saturated.sum() / positions) if some else None,
        "neuron_mean_h": total.astype(np.float64) / positions if some else unknown,
        "neuron_least_h": least,
        "neuron_saturated": saturated / positions if some else unknown,
        "position_saturated": by_position,
        "position_least_h": least_there,
    }


def _credited(per_step: np.ndarray, read: Int64[np.ndarray, "F"], as_published: bool) -> dict[str, Any]:
    """Mean number of flips at the steps that read each symbol, most first."""
    if as_published:
        per_step, read = per_step[:-1], read[:-1]
    symbol, at, count = np.unique(read, return_inverse=True, return_counts=True)
    mean = np.bincount(at, weights=per_step, minlength=len(symbol)) / count
    order = np.lexsort((symbol, -mean))
    return {"symbol": symbol[order], "symbol_flips": mean[order], "symbol_n": count[order]}


def _with_start(per_step: np.ndarray, positions: int, start: int) -> Int64[np.ndarray, "P"]:
    """Flips at every position: `start` at t = 0, which has no state before it."""
    return np.concatenate([np.full(min(positions, 1), start), per_step])
