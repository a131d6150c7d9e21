"""The shift register: group 0 says something of each symbol, group g copies group g - 1.

Group 0 is a small net of its own, which no other group feeds: a code of the symbol just read (codes.py), or
features of the text (semantic.py). After t + 1 symbols group g holds what group 0 held g symbols ago; a
group that nothing has reached yet is on throughout, which is what its drive of 1 does.
"""

import abc
import dataclasses
import functools
from collections.abc import Iterator

import numpy as np

from boolrnn import progress
from boolrnn.make.fitting import Features
from boolrnn.make.integers import Whole
from boolrnn.model.automaton import compile
from boolrnn.model.corpus import check_symbols
from boolrnn.model.kernels import stepper
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float32

GAIN = 16.0  # tanh rounds to 1 in float32 there: see integers.py
ROWS = 4096  # positions worked through at once
STATES = 1 << 25  # bits of states held at once


def register(codes: np.ndarray, groups: int, alphabet: np.ndarray | None) -> Weights:
    """The shift register of `codes` (V, bits), without a readout: integers times 16, bias 0.

    A copying row has one weight, 2, and a drive of 1, so that its sum is odd: 3 or -1.
    """
    symbols, bits = codes.shape
    drive = np.where(codes.T, 1.0, -1.0)
    return copied(Whole(np.zeros((bits, bits)), drive.reshape(bits, symbols)), groups, alphabet)


def copied(first: Whole, groups: int, alphabet: np.ndarray | None) -> Weights:
    """`groups` groups, of which the first is `first` (even rows of wh (W, W), odd drives (W, V)) and each
    other copies the one before it; without a readout: integers times 16, bias 0."""
    width, symbols = first.drive.shape
    hidden = groups * width
    wx, wh = np.ones((hidden, symbols)), np.zeros((hidden, hidden))
    wx[:width], wh[:width, :width] = first.drive, first.wh
    wh[np.arange(width, hidden), np.arange(hidden - width)] = 2
    return _unread(GAIN * wx, GAIN * wh, alphabet)


def published_register(codes: np.ndarray, groups: int, alphabet: np.ndarray | None) -> Weights:
    """The published shift register of `codes` (V, bits): wx +-10 in group 0, copies by weights of 5, no
    bias. Its hidden values are +-tanh(10) and tanh of +-5 times the one before; a group that nothing has
    reached is at 0."""
    symbols, bits = codes.shape
    hidden = groups * bits
    wx, wh = np.zeros((hidden, symbols)), np.zeros((hidden, hidden))
    wx[:bits] = np.where(codes.T, 10, -10)
    wh[np.arange(bits, hidden), np.arange(hidden - bits)] = 5
    return _unread(wx, wh, alphabet)


def _unread(wx: np.ndarray, wh: np.ndarray, alphabet: np.ndarray | None) -> Weights:
    """A net without bias whose readout is zero."""
    hidden, symbols = wx.shape
    return Weights(
        wx=wx.astype(np.float32),
        wh=wh.astype(np.float32),
        bh=np.zeros(hidden, np.float32),
        wy=np.zeros((symbols, hidden), np.float32),
        by=np.zeros(symbols, np.float32),
        alphabet=alphabet,
    )


def decoded_groups(
    states: np.ndarray, codes: np.ndarray, symbols: np.ndarray, groups: int
) -> tuple[int, int]:
    """(right, checked): at positions t = groups..n-2 (those of the published check), for each group g,
    whether all bits of group g in `states` (P, H; bools, after each symbol) are the code of symbols[t - g].
    """
    return _agreeing(states, codes[symbols], groups, 0)


def _agreeing(states: np.ndarray, said: np.ndarray, groups: int, first: int) -> tuple[int, int]:
    """(right, checked) groups of states[k], the state at position first + k, for the positions among
    groups..len(said)-2; said[t] (W) is what group 0 has to say at t."""
    width = said.shape[1]
    begin, end = max(groups, first), min(first + len(states), len(said) - 1)
    if begin >= end:
        return 0, 0
    rows, right = states[begin - first : end - first], 0
    for g in range(groups):
        held = rows[:, g * width : (g + 1) * width]
        right += int((held == said[begin - g : end - g]).all(axis=1).sum())
    return right, groups * (end - begin)


@dataclasses.dataclass(frozen=True, eq=False)
class Body(abc.ABC):
    """The dynamics of a constructed net: what its states say of a text is known from its construction.

    net       the net, without a readout (wy and by are zero)
    distinct  symbols that one reading can tell apart: distinct columns of wx
    groups    symbols of the past that the register holds
    """

    net: Weights
    distinct: int
    groups: int

    @abc.abstractmethod
    def features(self, symbols: np.ndarray) -> Features:
        """The automaton's states at positions 0..n-2 of `symbols` (n): float32 +-1.0, or sparse 0 and 1."""

    @abc.abstractmethod
    def decoded(self, symbols: np.ndarray) -> tuple[int, int]:
        """(right, checked): whether states that were run say what they should, place by place."""


@dataclasses.dataclass(frozen=True, eq=False)
class Register(Body):
    """Groups of neurons, each a copy of the one before it."""

    @property
    def width(self) -> int:
        """Neurons of a group."""
        return self.net.hidden // self.groups

    @functools.cached_property
    def _first(self) -> Weights:
        """Group 0 as a net of its own."""
        width = self.width
        return dataclasses.replace(
            self.net,
            wx=self.net.wx[:width],
            wh=self.net.wh[:width, :width],
            bh=self.net.bh[:width],
            wy=self.net.wy[:, :width],
        )

    def group(self, symbols: np.ndarray) -> Bool[np.ndarray, "T W"]:
        """Group 0 after each of `symbols` (T), from the net's weights.

        Raises
        ------
        TextError
            On a symbol outside the vocabulary.
        """
        symbols, first = check_symbols(symbols, self.net), self._first
        if not first.wh.any():  # the drive alone decides
            return np.ascontiguousarray(((first.wx + first.bh[:, None]) >= 0).T)[symbols]
        return compile(first).run(symbols).states

    def features(self, symbols: np.ndarray) -> Features:
        """The automaton's states at positions 0..n-2 of `symbols` (n) as hidden values, float32 +-1.0
        (n-1, H): group 0 and its copies, without running the copies."""
        said = np.where(self.group(symbols)[:-1], np.float32(1), np.float32(-1))
        return shifted(said, self.groups)

    @abc.abstractmethod
    def says(self, symbols: np.ndarray) -> Bool[np.ndarray, "T W"]:
        """What group 0 has to say after each of `symbols` by its definition; nothing is run."""

    def states(self, symbols: np.ndarray) -> Iterator[tuple[int, Bool[np.ndarray, "B H"]]]:
        """The automaton's states after each of `symbols` in parts, each with the position of its first; all
        groups are run."""
        symbols, before = check_symbols(symbols, self.net), None
        single = (np.count_nonzero(self.net.wh, axis=1) <= 1).all()
        run = _Rows(self.net).run if single else stepper(compile(self.net), work=len(symbols)).run
        rows = max(1, STATES // self.net.hidden)
        with progress.bar("register", len(symbols)) as tick:
            for first in range(0, len(symbols), rows):
                part = run(symbols[first : first + rows], before)
                before = part[-1]
                yield first, part
                tick(first + len(part))

    def decoded(self, symbols: np.ndarray) -> tuple[int, int]:
        """(right, checked): at positions t = groups..n-2 of `symbols` (n), for each group g, whether the
        automaton's state holds there what group 0 has to say, by its definition, at position t - g."""
        said, right, checked = self.says(check_symbols(symbols, self.net)), 0, 0
        for first, states in self.states(symbols):
            found = _agreeing(states, said, self.groups, first)
            right, checked = right + found[0], checked + found[1]
        return right, checked


class _Rows:
    """The automaton of a net whose rows of wh have at most one weight each, so that a neuron's next bit is
    looked up by the symbol and one bit: the same states as compile(net).run, for wide registers sooner."""

    def __init__(self, net: Weights) -> None:
        self.source = np.abs(net.wh).argmax(axis=1)
        weight = net.wh[np.arange(net.hidden), self.source].astype(np.float64)
        drive = (net.bh[:, None].astype(np.float64) + net.wx).T
        self.start = drive >= 0
        self.on, self.off = drive + weight >= 0, drive - weight >= 0

    def run(self, symbols: np.ndarray, initial: np.ndarray | None = None) -> Bool[np.ndarray, "T H"]:
        """The states after each of `symbols`, from `initial` (H) or the network's start."""
        states, before = np.empty((len(symbols), len(self.source)), bool), initial
        for t, x in enumerate(symbols.tolist()):
            if before is None:
                states[t] = self.start[x]
            else:
                states[t] = np.where(before[self.source], self.on[x], self.off[x])
            before = states[t]
        return states


def shifted(said: Float32[np.ndarray, "P W"], groups: int) -> Float32[np.ndarray, "P H"]:
    """Group 0 and its copies: columns of group g are `said` g positions before, and 1 where nothing was."""
    positions, width = said.shape
    found = np.empty((positions, groups * width), np.float32)
    for first in range(0, positions, ROWS):
        rows = found[first : first + ROWS]
        for g in range(groups):
            part = rows[:, g * width : (g + 1) * width]
            missing = min(max(g - first, 0), len(rows))
            part[:missing] = 1.0
            part[missing:] = said[first + missing - g : first + len(rows) - g]
    return found
