"""Naive answers about flip sets: every set, by the definitions, over the rationals."""

import itertools
from fractions import Fraction

import numpy as np
from nets import exact_z

from boolrnn import Weights


def naive_step(weights, state, symbol):
    """The next state, from the definition."""
    return np.array([z >= 0 for z in exact_z(weights, state, symbol)])


def naive_run(weights, state, word):
    """The state after a word; `state` None is the network's start."""
    for x in word:
        state = naive_step(weights, state, x)
    return state


def outputs(weights, state):
    """y of every output as a Fraction."""
    return [
        Fraction(float(weights.by[o]))
        + sum(Fraction(float(w)) * (1 if bit else -1) for w, bit in zip(weights.wy[o], state))
        for o in range(weights.outputs)
    ]


def rank(weights, state, symbol):
    """How many outputs are larger, or equal with a lower number."""
    y = outputs(weights, state)
    return sum(v > y[symbol] or (v == y[symbol] and o < symbol) for o, v in enumerate(y))


def predicted(weights, state):
    """The largest output, the lowest of equal ones."""
    y = outputs(weights, state)
    return y.index(max(y))


def told(weights, state, target):
    """What a last state shows of a target: ("bits", neurons), ("predicted",) or ("rank", symbol)."""
    if target[0] == "bits":
        return tuple(bool(state[j]) for j in target[1])
    return predicted(weights, state) if target[0] == "predicted" else rank(weights, state, target[1])


def differs(before, after):
    """Whether the target has changed; of several bits every one."""
    if isinstance(before, tuple):
        return all(b != a for b, a in zip(before, after))
    return before != after


def flipped(state, flips):
    """The state with these bits flipped."""
    other = state.copy()
    other[list(flips)] ^= True
    return other


def effective(weights, state, word, target, units):
    """Every flip set of `units` that has the effect, by size, then in lexicographic order."""
    usual = told(weights, naive_run(weights, state, word), target)
    for size in range(1, len(units) + 1):
        for flips in itertools.combinations(units, size):
            last = naive_run(weights, flipped(state, flips), word)
            if differs(usual, told(weights, last, target)):
                yield flips


def whole(seed, hidden, symbols):
    """Small integers: sums are often exactly 0, and flips often lead exactly there."""
    rng = np.random.default_rng(seed)
    parts = [rng.integers(-2, 3, shape) for shape in ((hidden, symbols), (hidden, hidden), (hidden,))]
    wx, wh, bh = (part.astype(np.float32) for part in parts)
    wy = rng.integers(-1, 2, (symbols, hidden)).astype(np.float32)
    return Weights(wx=wx, wh=wh, bh=bh, wy=wy, by=np.zeros(symbols, np.float32))
