"""offsets: how far back a symbol still matters.

Distance d is that to the predicted symbol: position t predicts symbols[t + 1], so that the current symbol
symbols[t] has distance 1. At each tested t the symbol at t + 1 - d is replaced by others that occur in the
text, the network goes on with the text's own symbols, and state and prediction at t are compared with the
network's own. Published as "Q2 offsets": there d is the distance to the current symbol, one less; 13
positions; one replacement, (x + 128) mod 256, most often a byte that the text does not have.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.errors import OptionError
from boolrnn.explain.replaced import (
    MOVED,
    OPPOSITE,
    Block,
    Moment,
    Replaced,
    Replacements,
    check_depth,
    weights_of,
)
from boolrnn.graph.observed import chosen, described
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import log2_probabilities, logits, stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64

DRAWS = 4  # replacements per position unless said
GREEDY = (1, 3, 8, 20)  # the published offsets of greatest mutual information, found greedily
PUBLISHED_POSITIONS = (42, 60, 80, 100, 120, 150, 200, 250, 300, 350, 400, 450, 500)
SOUND = "distance to the predicted symbol; replaced by symbols that occur in the text"
PUBLISHED = (
    "as published: distance to the current symbol (one less than to the predicted one), 13 positions, one "
    "replacement that need not occur; the dominant distance is the first of the greatest, 1 where there is "
    "none"
)
_TIED = 1e-9  # two shares this near to each other, relatively, are one: sums of weights are rounded
_LEAST = np.log2(1e-30)  # published: less probable outputs are left out of the divergence


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Offsets(Result):
    """What replacing one symbol changes, by distance d. Statistics without a case are None or NaN.

    sign_changes: sign bits at t that differ, mean over positions; kl: Kullback-Leibler divergence of the
    prediction after replacement from the network's own, in bits, mean; share: that distance's part of all
    sign changes (each distance's mean, added up); flips: share of positions whose most probable output
    changes. Under a flat profile the greedy distances had `greedy_flat` of the sign changes. A row is
    `stable` where neither its bits nor its kl move by more than 0.5e-4 between float32 and float64, position
    by position on average: then two float32 programs that far from float64 agree to 1e-4.
    """

    schema = "offsets/1"

    variant: str
    window: str
    arithmetic: str
    replacements: str
    positions: int  # tested
    greedy_share: float | None  # the greedy distances' share of all sign changes, 0..1
    greedy_flat: float | None  # what a flat profile would give them
    greedy_best: float | None  # what as many distances have at most
    greedy_kl_share: float | None  # their share of the divergence
    share_1: float | None = named("shares.d1")
    share_7: float | None = named("shares.d7")
    never: int  # neurons that no replacement changes, at no distance
    tied: int  # neurons whose greatest share of changes stands at several distances
    depth_d: Int64[np.ndarray, "D"] = named("depth.d")
    depth_cells: Int64[np.ndarray, "D"] = named("depth.positions")
    depth_changes: Float64[np.ndarray, "D"] = named("depth.sign_changes")
    depth_share: Float64[np.ndarray, "D"] = named("depth.share")
    depth_kl: Float64[np.ndarray, "D"] = named("depth.kl")
    depth_flips: Float64[np.ndarray, "D"] = named("depth.flips")
    depth_changes64: Float64[np.ndarray, "D"] = named("depth.sign_changes_float64")
    depth_kl64: Float64[np.ndarray, "D"] = named("depth.kl_float64")
    depth_stable: Bool[np.ndarray, "D"] = named("depth.stable")
    greedy_d: Int64[np.ndarray, "G"] = named("greedy.d")
    greedy_changes: Float64[np.ndarray, "G"] = named("greedy.sign_changes")
    greedy_shares: Float64[np.ndarray, "G"] = named("greedy.share")
    # distances that are the dominant one of some neuron: of how many, and of how many in a tie
    dominant_d: Int64[np.ndarray, "M"] = named("dominant.d")
    dominant_neurons: Int64[np.ndarray, "M"] = named("dominant.neurons")
    dominant_tied: Int64[np.ndarray, "M"] = named("dominant.tied")
    neuron: Int64[np.ndarray, "H"] = named("neurons.neuron")
    neuron_d: Int64[np.ndarray, "H"] = named("neurons.d", nullable=True)  # first of the greatest; -1: none
    neuron_ties: Int64[np.ndarray, "H"] = named("neurons.ties")  # distances that share the greatest
    neuron_changes: Float64[np.ndarray, "H"] = named("neurons.changes")  # positions where it changes at d
    neuron_rate: Float64[np.ndarray, "H"] = named("neurons.rate")  # their share
    neuron_first: Float64[np.ndarray, "H"] = named("neurons.changes_d1")
    neuron_total: Float64[np.ndarray, "H"] = named("neurons.total")  # of all distances
    neuron_stable: Bool[np.ndarray, "H"] = named("neurons.stable")  # d is the same in float64
    changes: Float64[np.ndarray, "D H"] = named("changes", quiet=True)  # positions where each changes


def offsets(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    depth: int = 30,
    replacements: int | str = DRAWS,
    greedy: Sequence[int] = GREEDY,
    positions: str | Sequence[int] | np.ndarray | None = None,
    seed: int = 0,
    as_published: bool = False,
    tanh: str = "exact",
) -> Offsets:
    """What replacing the symbol at distance 1..`depth` from a prediction of `symbols` (T) changes.

    `replacements`: draws per position, or "all" for the exact expectation; `positions` out of 0..T-2:
    `FIRST:STOP:STEP`, numbers, or all; `greedy`: distances whose share is told (those up to `depth`).

    Raises
    ------
    TextError, OptionError
        On a symbol, or options that cannot be used.
    """
    weights = weights_of(model)
    symbols = check_symbols(symbols, weights)
    check_depth(depth, symbols)
    asked = _checked_greedy(greedy, depth)
    if as_published:
        check_published(positions, replacements)
        at = np.array([t for t in PUBLISHED_POSITIONS if t + 1 < len(symbols)], np.int64)
        choice, steps = Replacements(symbols, weights.symbols, OPPOSITE, seed), (1, depth)
    else:
        at = chosen(positions, max(len(symbols) - 1, 0))
        choice, steps = Replacements(symbols, weights.symbols, replacements, seed), (0, depth - 1)
    machine = Replaced(weights, symbols, at, steps, choice)
    found = _measured(machine, tanh, as_published)
    return Offsets(
        variant=PUBLISHED if as_published else SOUND,
        window=described(machine.positions),
        arithmetic=stated("float32", tanh),
        replacements=choice.described,
        positions=len(at),
        **_profile(found, asked),
        **_neurons(found, as_published),
    )


def check_published(positions: Any, replacements: Any) -> None:
    """Refuse what the published protocols fix themselves.

    Raises
    ------
    OptionError
        As said.
    """
    if positions is not None:
        raise OptionError("positions: the published protocol has its own")
    if replacements != DRAWS:
        raise OptionError(f"replacements {replacements!r}: the published protocol has its own")


def _checked_greedy(greedy: Sequence[int], depth: int) -> Int64[np.ndarray, "G"]:
    given = [int(d) for d in greedy]
    if not all(d >= 1 for d in given) or len(set(given)) < len(given):
        raise OptionError(f"greedy {given}: expected distances of 1 or more, once each")
    within = [d for d in given if d <= depth]
    if given and not within:
        raise OptionError(f"greedy {given}: expected a distance up to the depth, {depth}")
    return np.array(within, np.int64)


@dataclasses.dataclass(frozen=True)
class _Sums:
    """Added up over the tested positions, one row per distance; `cells` says over how many."""

    cells: Int64[np.ndarray, "D"]
    changes: Float64[np.ndarray, "D H"]  # sign bits that differ
    kl: Float64[np.ndarray, "D"]
    flips: Float64[np.ndarray, "D"]  # other most probable output
    changes64: Float64[np.ndarray, "D H"]  # the same in float64
    kl64: Float64[np.ndarray, "D"]
    moved: Float64[np.ndarray, "D"]  # |kl - kl64|
    bits_moved: Float64[np.ndarray, "D"]  # |difference of the numbers of bits that differ|

    def mean(self, total: Float64[np.ndarray, "D *R"]) -> Float64[np.ndarray, "D *R"]:
        """Per position; NaN where there was none."""
        cells = self.cells.reshape(-1, *[1] * (total.ndim - 1))
        return np.where(cells > 0, total / np.maximum(cells, 1), np.nan)

    @property
    def stable(self) -> Bool[np.ndarray, "D"]:
        """Rows whose positions move by at most half of 1e-4 on average: another float32 program, as far
        from float64 as this one, is then within 1e-4 of it. Rows without positions do not move."""
        moved = np.maximum(self.mean(self.moved), self.mean(self.bits_moved))
        return (moved <= MOVED / 2) | (self.cells == 0)


def _measured(machine: Replaced, tanh: str, as_published: bool) -> _Sums:
    """Both arithmetics side by side, position by position."""
    steps = range(machine.near, machine.far + 1)
    changes, changes64 = (np.zeros((len(steps), machine.weights.hidden)) for _ in range(2))
    kl, kl64, flips, moved, bits_moved = np.zeros((5, len(steps)))
    pairs = zip(machine.blocks("float32", tanh), machine.blocks("float64", "exact"))
    with np.errstate(invalid="ignore"), progress.bar("replacements", len(machine.starts)) as tick:
        for block, wide in pairs:
            base, base64 = _Base(machine.weights, block), _Base(machine.weights, wide)
            for moment, other in zip(block.moments, wide.moments):
                k, weight = moment.step - machine.near, moment.weight
                differ, differ64 = base.changed(moment), base64.changed(other)
                changes[k] += weight @ differ
                changes64[k] += weight @ differ64
                bits_moved[k] += weight @ np.abs(differ.sum(axis=1) - differ64.sum(axis=1))
                divergence, flipped = base.compare(machine.weights, moment, as_published)
                divergence64, _ = base64.compare(machine.weights, other, as_published)
                kl[k] += weight @ divergence
                kl64[k] += weight @ divergence64
                moved[k] += weight @ np.abs(divergence - divergence64)
                flips[k] += weight @ flipped
            tick(block.done)
    cells = np.array([machine.cells(k) for k in steps], np.int64)
    return _Sums(cells, changes, kl, flips, changes64, kl64, moved, bits_moved)


class _Base:
    """Signs and predictions of the network itself at a block's positions."""

    def __init__(self, weights: Weights, block: Block) -> None:
        self.bits = block.hidden >= 0
        self.log2 = log2_probabilities(logits(weights, block.hidden))
        self.p = np.exp2(self.log2)
        self.first = self.log2.argmax(axis=1)

    def changed(self, moment: Moment) -> Float64[np.ndarray, "M H"]:
        """1 where a sign bit of a row differs, else 0."""
        return ((moment.hidden >= 0) != self.bits[moment.at]).astype(np.float64)

    def compare(
        self, weights: Weights, moment: Moment, as_published: bool
    ) -> tuple[Float64[np.ndarray, "M"], Float64[np.ndarray, "M"]]:
        """(divergence in bits, whether the most probable output differs) of each row."""
        other = log2_probabilities(logits(weights, moment.hidden))
        moved = (other.argmax(axis=1) != self.first[moment.at]).astype(float)
        own = self.log2[moment.at]
        terms = own - other
        if as_published:
            terms[(own <= _LEAST) | (other <= _LEAST)] = 0
        return np.einsum("mo,mo->m", self.p[moment.at], terms), moved


def _profile(found: _Sums, greedy: Int64[np.ndarray, "G"]) -> dict[str, Any]:
    """By distance, and what the greedy distances have of it."""
    changes, kl = found.mean(found.changes.sum(axis=1)), found.mean(found.kl)
    share, kl_share = _shares(changes), _shares(kl)
    some = bool(np.isfinite(share).any())
    best = np.sort(np.nan_to_num(share))[::-1][: len(greedy)]
    return {
        "greedy_share": float(np.nansum(share[greedy - 1])) if some else None,
        "greedy_flat": len(greedy) / int((found.cells > 0).sum()) if some else None,
        "greedy_best": float(best.sum()) if some else None,
        "greedy_kl_share": float(np.nansum(kl_share[greedy - 1])) if np.isfinite(kl_share).any() else None,
        "share_1": float(share[0]) if some else None,
        "share_7": float(share[6]) if some and len(share) > 6 else None,
        "depth_d": np.arange(1, len(kl) + 1),
        "depth_cells": found.cells,
        "depth_changes": changes,
        "depth_share": share,
        "depth_kl": kl,
        "depth_flips": found.mean(found.flips),
        "depth_changes64": found.mean(found.changes64.sum(axis=1)),
        "depth_kl64": found.mean(found.kl64),
        "depth_stable": found.stable,
        "greedy_d": greedy,
        "greedy_changes": changes[greedy - 1],
        "greedy_shares": share[greedy - 1],
    }


def _shares(means: Float64[np.ndarray, "D"]) -> Float64[np.ndarray, "D"]:
    """Each distance's part of the sum over distances; NaN where that is nothing."""
    total = np.nansum(means)
    return means / total if total > 0 else np.full(len(means), np.nan)


def _neurons(found: _Sums, as_published: bool) -> dict[str, Any]:
    """The dominant distance of every neuron, and how many neurons each distance is dominant of."""
    rate = np.nan_to_num(found.mean(found.changes))
    first, ties = _dominant(rate)
    shown = np.where(first < 0, 0, first) if as_published else first
    some = first >= 0
    d, neurons = np.unique(shown[shown >= 0] + 1, return_counts=True)
    tied = np.bincount(first[some & (ties > 1)] + 1, minlength=len(rate) + 1)
    place, every = np.maximum(first, 0), np.arange(rate.shape[1])
    wide_first = _dominant(np.nan_to_num(found.mean(found.changes64)))[0]
    return {
        "never": int((~some).sum()),
        "tied": int((ties > 1).sum()),
        "dominant_d": d,
        "dominant_neurons": neurons,
        "dominant_tied": tied[d],
        "neuron": every,
        "neuron_d": np.where(shown < 0, -1, shown + 1),
        "neuron_ties": ties,
        "neuron_changes": found.changes[place, every],
        "neuron_rate": rate[place, every],
        "neuron_first": found.changes[0],
        "neuron_total": found.changes.sum(axis=0),
        "neuron_stable": first == wide_first,
        "changes": found.changes,
    }


def _dominant(rate: Float64[np.ndarray, "D H"]) -> tuple[Int64[np.ndarray, "H"], Int64[np.ndarray, "H"]]:
    """(row of the first greatest entry of each column, -1 where all are 0; how many rows share it)."""
    most = rate.max(axis=0)
    shared = (rate >= most * (1 - _TIED)) & (most > 0)
    return np.where(most > 0, shared.argmax(axis=0), -1), shared.sum(axis=0)
