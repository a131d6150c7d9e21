"""What tests of this room share: all states of a small net, and what they become, by plain definitions."""

import itertools

import numpy as np
from nets import exact_z


def every_state(hidden):
    """All sign states, (2^H, H) bools, state number k being the bits of k."""
    return (np.arange(1 << hidden)[:, None] >> np.arange(hidden) & 1).astype(bool)


def successor(weights, state, symbol):
    """The next state by the definition, in fractions."""
    return np.array([z >= 0 for z in exact_z(weights, state, symbol)])


def successors(weights, symbol):
    """Next states of all states, in their order."""
    return np.array([successor(weights, state, symbol) for state in every_state(weights.hidden)])


def after(weights, state, word):
    """The state after a word."""
    for symbol in word:
        state = successor(weights, state, symbol)
    return state


def words(symbols, length):
    """Every word of that length."""
    return itertools.product(range(symbols), repeat=length)
