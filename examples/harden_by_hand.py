"""A network that provably is an automaton: even integer rows, odd integer drives, times sixteen.

Every sum is then an odd multiple of 16 in every state, so no rounding can move a sign: the certificate
covers every text of every length.

    python examples/harden_by_hand.py
"""

import numpy as np

import boolrnn

rng = np.random.default_rng(0)
hidden, symbols = 10, 4
wh = rng.integers(-5, 6, (hidden, hidden))
wh[:, 0] += wh.sum(axis=1) % 2  # even row sums
bh = rng.integers(-5, 6, hidden)
wx = rng.integers(-5, 6, (hidden, symbols))
wx += (wx + bh[:, None] + 1) % 2  # odd drives

weights = boolrnn.Weights(
    wx=(16 * wx).astype(np.float32),
    wh=(16 * wh).astype(np.float32),
    bh=(16 * bh).astype(np.float32),
    wy=rng.normal(size=(symbols, hidden)).astype(np.float32),
    by=np.zeros(symbols, np.float32),
)
found = boolrnn.agreement(weights, rng.integers(0, symbols, 200))
print(found.verdict)
