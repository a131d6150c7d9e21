"""Roundings of a net, from the coarsest: which of them speaks a given language, exactly?

Each rounding is another net, and may speak another language: what is compared is always the one that would be
written, integers, gain and readout included. Words that were drawn before sort out most candidates quickly;
the rest are compared with the machine for words of every length.
"""

import dataclasses
import math
import time
from collections.abc import Iterable, Sequence

import numpy as np

from boolrnn.machines.explore import INTERRUPTED
from boolrnn.machines.machine import Machine
from boolrnn.machines.outputs import Labeller
from boolrnn.machines.product import Difference, first_difference
from boolrnn.make.harden import LADDER, most
from boolrnn.make.integers import Whole, assembled, drives, normalised, on_grid, rounded, scales_of
from boolrnn.model.automaton import compile
from boolrnn.model.weights import Weights

GAIN = 16.0  # tanh rounds to 1 in float32 from 10 on
COMPARED = 3  # roundings that are compared in one attempt, at most, where the finest is not equal
PAIRS = 10**5  # pairs of states that one comparison of an attempt follows, at most

Batches = Sequence[tuple[np.ndarray, np.ndarray]]  # words (L, B) and their labels (L + 1, B)


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A hardened net, its integers, the largest |wh| that was allowed, the share of drawn words on which it
    is right, and how it differs from the machine (None: not compared)."""

    weights: Weights
    whole: Whole
    largest: int
    right: float
    difference: Difference | None = None

    @property
    def equal(self) -> bool:
        """Whether it is proved equal to the machine."""
        return self.difference is not None and self.difference.equal is True

    @property
    def word(self) -> np.ndarray | None:
        """A shortest word on which it is wrong, if one is known."""
        return None if self.difference is None else self.difference.word

    @property
    def rank(self) -> tuple[bool, float, float]:
        """What is better is larger."""
        length = -1.0 if self.difference is None else math.inf
        return self.equal, self.right, length if self.word is None else float(len(self.word))


@dataclasses.dataclass(frozen=True)
class Attempt:
    """The best rounding, and shortest words on which roundings go wrong."""

    best: Candidate
    words: list[np.ndarray]


class Prover:
    """Compares roundings with `machine`, whose labels are named by numbers as a net's are, after a look at
    the words of `batches`; by the clock (time.monotonic) until `deadline`."""

    def __init__(self, machine: Machine, batches: Batches, pairs: int, deadline: float | None) -> None:
        self.machine, self.batches, self.pairs, self.deadline = machine, batches, pairs, deadline

    def attempt(self, weights: Weights) -> Attempt:
        """The coarsest rounding that is equal to the machine. The finest one, which stands for the weights
        themselves, is compared first: where it is wrong a few coarser ones are, for their words."""
        weights = normalised(weights)
        rungs = ladder(weights.hidden)
        best = self.compared(self.candidate(weights, rungs[-1]))
        words = [] if best.word is None else [best.word]
        for largest in rungs[:-1]:
            found = self.candidate(weights, largest)
            if found.right == 1.0 and (best.equal or len(words) < COMPARED):
                found = self.compared(found)
                words += [] if found.word is None else [found.word]
            if found.equal:
                return Attempt(found, words)
            best = max(best, found, key=lambda each: each.rank)
        if best.difference is None:
            best = self.compared(best)
            words += [] if best.word is None else [best.word]
        return Attempt(best, words)

    def chosen(self, weights: Weights) -> Candidate:
        """The coarsest rounding that is right on all drawn words; where none is, the finest."""
        weights = normalised(weights)
        found = None
        for largest in ladder(weights.hidden):
            found = self.candidate(weights, largest)
            if found.right == 1.0:
                break
        assert found is not None  # a ladder has rungs
        return found

    def candidate(self, weights: Weights, largest: int) -> Candidate:
        """One rounding, not compared yet; `right` covers the words up to the first batch with a mistake."""
        net, whole = hardened(weights, largest)
        return Candidate(net, whole, largest, right(net, self.batches, enough=1.0))

    def compared(self, found: Candidate, pairs: int | None = None) -> Candidate:
        """Compared with the machine, unless it is decided already; `pairs` of states are followed at most.

        Raises
        ------
        KeyboardInterrupt
            Where it was interrupted.
        """
        if found.difference is not None and found.difference.equal is not None:
            return found
        difference = first_difference(
            compile(found.weights),
            Labeller(found.weights),
            np.arange(found.weights.symbols),
            self.machine,
            max_pairs=min(PAIRS, self.pairs) if pairs is None else pairs,
            budget=None if self.deadline is None else max(self.deadline - time.monotonic(), 1e-3),
        )
        if difference.why == INTERRUPTED:
            raise KeyboardInterrupt
        return dataclasses.replace(found, difference=difference)


def ladder(hidden: int) -> Sequence[int]:
    """The largest |wh| that are tried: sums of `hidden` such neurons are exact in float32."""
    return [largest for largest in LADDER if largest <= max(1, most(hidden))]


def hardened(weights: Weights, largest: int) -> tuple[Weights, Whole]:
    """The net with integers of at most `largest` in wh, times GAIN, and its readout on a grid."""
    wh, drive = weights.wh.astype(np.float64), drives(weights)
    whole = rounded(wh, drive, scales_of(wh, drive) / largest, largest)
    wy, by = on_grid(weights.wy, weights.by)
    return assembled(dataclasses.replace(weights, wy=wy, by=by), whole, GAIN), whole


def right(weights: Weights, batches: Iterable[tuple[np.ndarray, np.ndarray]], enough: float = 0.0) -> float:
    """The share of words all of whose labels, at every prefix, a hardened net gives; run on signs in float32,
    where its sums are exact. It stops after a batch of which less than `enough` are right."""
    wh, drive = weights.wh.T.copy(), (weights.wx + weights.bh[:, None]).T.copy()
    read, first = weights.wy.T.copy(), int(weights.by.argmax())
    good = total = 0
    for words, labels in batches:
        fine = (labels[0] < 0) | (labels[0] == first)
        hidden = np.zeros((words.shape[1], weights.hidden), np.float32)
        for symbols, wanted in zip(words, labels[1:]):
            sums = hidden @ wh
            sums += drive[symbols]
            hidden = np.copysign(np.float32(1), sums)  # no sum of a hardened net is 0
            fine &= (hidden @ read + weights.by).argmax(axis=1) == wanted
        good, total = good + int(fine.sum()), total + len(fine)
        if fine.mean() < enough:
            break
    return good / total
