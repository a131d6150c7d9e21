"""Nets for tests: random, adversarial, hardened; and the naive definitions they are checked with."""

from fractions import Fraction

import numpy as np

import boolrnn
from boolrnn import Weights


def random_net(seed, hidden=7, symbols=5, outputs=None, scale=1.0):
    """Normal weights with a few zeros, duplicated rows where there is room."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        values = rng.normal(size=shape) * scale
        values[rng.random(shape) < 0.1] = 0
        return values.astype(np.float32)

    outputs = symbols if outputs is None else outputs
    return Weights(
        wx=draw(hidden, symbols),
        wh=draw(hidden, hidden),
        bh=draw(hidden),
        wy=draw(outputs, hidden),
        by=draw(outputs),
    )


def adversarial_values(rng, shape, spread):
    """float32 with exponents over `spread` bits (up to the whole range), subnormals and zeros."""
    low = max(-149, -spread // 2)
    high = min(104, low + spread)
    mantissa = rng.integers(0, 1 << int(rng.integers(1, 25)), shape).astype(np.float64)
    values = np.ldexp(mantissa, rng.integers(low, high + 1, shape)) * rng.choice([-1.0, 1.0], shape)
    values[rng.random(shape) < 0.15] = 0
    return values.astype(np.float32)


def adversarial_net(seed, hidden, symbols, spread):
    """Ties on purpose: duplicate rows, zero rows, drives that cancel a row's weights."""
    rng = np.random.default_rng(seed)
    wh = adversarial_values(rng, (hidden, hidden), spread)
    wx = adversarial_values(rng, (hidden, symbols), spread)
    bh = adversarial_values(rng, (hidden,), spread)
    if hidden > 1:
        wh[1] = wh[0]
    if hidden > 2:
        wh[2] = 0
    for i in range(3, hidden, 2):  # one weight against the drive: z = 0 in half of all states
        wh[i] = 0
        wh[i, i % hidden] = wx[i, 0]
        bh[i] = 0
    wy = rng.normal(size=(symbols, hidden)).astype(np.float32)
    return Weights(wx=wx, wh=wh, bh=bh, wy=wy, by=np.zeros(symbols, np.float32))


def exact_z(weights, state, symbol):
    """z of every neuron as a Fraction; `state` None is the network's start."""
    rows = []
    for i in range(weights.hidden):
        total = Fraction(float(weights.bh[i])) + Fraction(float(weights.wx[i, symbol]))
        if state is not None:
            for j, bit in enumerate(state):
                total += Fraction(float(weights.wh[i, j])) * (1 if bit else -1)
        rows.append(total)
    return rows


def hardened_net(seed, hidden, symbols=4, gain=16, largest=5):
    """Integers with even wh rows and odd drives: z is odd, times `gain`, in every state."""
    rng = np.random.default_rng(seed)
    wh = rng.integers(-largest, largest + 1, (hidden, hidden))
    wh[:, 0] += wh.sum(axis=1) % 2
    wx = rng.integers(-largest, largest + 1, (hidden, symbols))
    bh = rng.integers(-largest, largest + 1, hidden)
    wx += (wx + bh[:, None] + 1) % 2
    parts = {"wx": wx, "wh": wh, "bh": bh}
    scaled = {name: (value * gain).astype(np.float32) for name, value in parts.items()}
    wy = rng.normal(size=(symbols, hidden)).astype(np.float32)
    return Weights(**scaled, wy=wy, by=np.zeros(symbols, np.float32))


def text_of(seed, length, symbols):
    return np.random.default_rng(seed).integers(0, symbols, length)


def naive_trace32(weights, symbols):
    """The float32 reference as its definition reads, one scalar operation at a time."""
    hidden = [np.float32(0)] * weights.hidden
    rows = []
    for x in symbols:
        z = []
        for i in range(weights.hidden):
            total = np.float32(weights.bh[i] + weights.wx[i, x])
            for j in range(weights.hidden):
                total = np.float32(total + np.float32(weights.wh[i, j] * hidden[j]))
            z.append(total)
        hidden = [boolrnn.model.tanh.tanh32(np.array([v]))[0] for v in z]
        rows.append(z)
    return np.array(rows, np.float32).reshape(len(symbols), weights.hidden)


def foreign_program(weights, symbols, rng, fused=False, ulps=0):
    """Sign bits of another float32 program that a certificate covers: addends in a random order and
    random tree, fused multiply-add if asked, tanh moved inwards by `ulps` units in the last place."""
    hidden = np.zeros(weights.hidden, np.float32)
    bits = []
    for x in symbols:
        z = np.empty(weights.hidden, np.float32)
        for i in range(weights.hidden):
            ends = [weights.bh[i], weights.wx[i, x]]
            z[i] = _summed(ends, weights.wh[i], hidden, rng, fused)
        hidden = np.tanh(z.astype(np.float64)).astype(np.float32)
        for _ in range(ulps):
            hidden = np.nextafter(hidden, np.float32(0))
        bits.append(hidden >= 0)
    return np.array(bits)


def _summed(ends, row, hidden, rng, fused):
    if fused:  # one chain, each product unrounded before its addition
        total = np.float32(ends[0] + ends[1])
        for j in rng.permutation(len(row)):
            total = np.float32(float(row[j]) * float(hidden[j]) + float(total))
        return total
    terms = [np.float32(w * h) for w, h in zip(row, hidden)] + ends
    while len(terms) > 1:
        a = terms.pop(int(rng.integers(len(terms))))
        b = terms.pop(int(rng.integers(len(terms))))
        terms.append(np.float32(a + b))
    return terms[0]
