"""Fewest flips: the closed form against trying every set of flips."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from nets import adversarial_net, exact_z, random_net, text_of

import boolrnn


def fewest_flips(weights, state, symbol, neuron):
    """By trying all sets of flips, smallest first; -1 where none flips the bit."""
    bit = exact_z(weights, state, symbol)[neuron] >= 0
    for count in range(1, weights.hidden + 1):
        for flips in combinations(range(weights.hidden), count):
            other = state.copy()
            other[list(flips)] ^= True
            if (exact_z(weights, other, symbol)[neuron] >= 0) != bit:
                return count
    return -1


@pytest.mark.parametrize(
    "weights",
    [
        random_net(0, 5, 3),
        random_net(1, 1, 2),
        random_net(2, 6, 2, scale=0.2),
        adversarial_net(3, 5, 2, 20),
        adversarial_net(4, 5, 2, 58),
        adversarial_net(5, 5, 2, 277),
    ],
)
def test_least_flips_and_margins_equal_exhaustive_search(weights):
    text = text_of(9, 12, weights.symbols - 1 or 1)
    automaton = boolrnn.compile(weights, text)
    run = automaton.run(text)
    for i in range(weights.hidden):
        for x in range(weights.symbols):
            at = [t for t in range(len(text)) if text[t] == x]
            found = [fewest_flips(weights, run.states[t - 1], x, i) for t in at if t > 0]
            possible = [count for count in found if count > 0]
            assert automaton.least_flips[i, x] == (min(possible) if possible else -1)
            if at:
                assert automaton.least_margin[i, x] == min(run.margins[t, i] for t in at)
            else:
                assert np.isnan(automaton.least_margin[i, x])


def test_a_forced_bit_has_no_flips():
    weights = random_net(0, 4, 2)
    heavy = boolrnn.Weights(
        wx=weights.wx + np.float32(100), wh=weights.wh, bh=weights.bh, wy=weights.wy, by=weights.by
    )
    automaton = boolrnn.compile(heavy, text_of(0, 30, 2))
    assert (automaton.forced == 1).all()
    assert (automaton.least_flips == -1).all()


@pytest.mark.parametrize("spread", [None, 50, 60, 200])
def test_many_flips_are_counted_past_the_heaviest_inputs(spread):
    """Forty inputs, drives that need many of them: against sorting exact contributions one by one."""
    if spread is None:
        rng = np.random.default_rng(0)
        parts = {name: rng.uniform(0.9, 1.1, (4 if name == "wy" else 40, 40)) for name in ("wh", "wy")}
        parts |= {"wx": rng.uniform(-30, 30, (40, 4)), "bh": np.zeros(40), "by": np.zeros(4)}
        weights = boolrnn.Weights(**{name: value.astype(np.float32) for name, value in parts.items()})
    else:
        weights = adversarial_net(spread, 40, 4, spread)
    text = text_of(3, 25, 4)
    automaton = boolrnn.compile(weights, text)
    run = automaton.run(text)
    fewest = np.full((40, 4), 1000)
    for t in range(1, 25):
        for i, z in enumerate(exact_z(weights, run.states[t - 1], text[t])):
            signed = [Fraction(float(w)) * (1 if s else -1) for w, s in zip(weights.wh[i], run.states[t - 1])]
            helping = sorted((c if z >= 0 else -c for c in signed), reverse=True)
            left, count = abs(z), 0
            while count < 40 and helping[count] > 0 and (left > 0 or (left == 0 and z >= 0)):
                left -= 2 * helping[count]
                count += 1
            if left < 0 or (left == 0 and z < 0):
                fewest[i, text[t]] = min(fewest[i, text[t]], count)
    fewest[fewest == 1000] = -1
    assert (automaton.least_flips == fewest).all()
    assert fewest.max() > (16 if spread is None else 0)
