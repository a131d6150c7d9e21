"""Naive reasons and contrastive sets: every state, every set of bits, by the definitions, over the rationals.

Sets and states are integers, bit j = neuron j.
"""

from fractions import Fraction

import numpy as np
from nets import exact_z


def bits_of(number, hidden):
    return np.array([number >> j & 1 for j in range(hidden)], bool)


def number_of(bits):
    return sum(1 << j for j, bit in enumerate(bits) if bit)


def led_to(weights, state, word, bit):
    """The bit of a neuron, or the predicted symbol, after a word."""
    for x in word:
        state = np.array([z >= 0 for z in exact_z(weights, state, x)])
    if bit is not None:
        return int(state[bit])
    y = [
        Fraction(float(weights.by[o]))
        + sum(Fraction(float(w)) * (1 if b else -1) for w, b in zip(weights.wy[o], state))
        for o in range(weights.outputs)
    ]
    return y.index(max(y))


class Naive:
    """All reasons and contrastive sets of a state's outcome, and the minimal ones."""

    def __init__(self, weights, state, word, bit):
        hidden, start = weights.hidden, number_of(state)
        told = [led_to(weights, bits_of(s, hidden), word, bit) for s in range(1 << hidden)]
        self.hidden, self.outcome = hidden, told[start]
        changing = np.array([s ^ start for s in range(1 << hidden) if told[s] != self.outcome], np.int64)
        every = range(1 << hidden)
        self.reasons = {f for f in every if not ((changing & f) == 0).any()}
        self.contrasts = {c for c in every if ((changing & ~c) == 0).any()}
        self.minimal_reasons = self.minimal(self.reasons)
        self.minimal_contrasts = self.minimal(self.contrasts)

    def minimal(self, sets):
        """Those that are none of these without any one bit: supersets of such sets are such sets."""
        return {s for s in sets if not any(s >> j & 1 and s ^ 1 << j in sets for j in range(self.hidden))}


def hitting(sets, hidden):
    """The minimal sets of bits that meet every one of `sets`."""
    meets = {f for f in range(1 << hidden) if all(f & s for s in sets)}
    return {f for f in meets if not any(f >> j & 1 and f ^ 1 << j in meets for j in range(hidden))}
