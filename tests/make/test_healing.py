"""Healing: every flip followed exactly, against the plain definition."""

import numpy as np
import pytest
from nets import hardened_net, random_net, text_of

import boolrnn
from boolrnn.make.healing import NEVER, healing


def naive(automaton, symbols):
    run = automaton.run(symbols)
    steps = np.full((len(symbols) - 1, automaton.hidden), NEVER)
    for t in range(len(symbols) - 1):
        for i in range(automaton.hidden):
            state = run.states[t].copy()
            state[i] ^= True
            for u in range(t + 1, len(symbols)):
                state = automaton.step(state[None], symbols[u : u + 1])[0][0]
                if (state == run.states[u]).all():
                    steps[t, i] = u - t
                    break
    return steps


@pytest.mark.parametrize(
    "weights", [random_net(1, 6, 4), random_net(2, 3, 4), hardened_net(3, 5), random_net(4, 1, 4)]
)
@pytest.mark.parametrize("block", [5, 65536])
def test_every_flip_is_followed(weights, block):
    automaton, text = boolrnn.compile(weights), text_of(5, 30, 4)
    found = healing(automaton, text, block)
    expected = naive(automaton, text)
    assert (found.steps == expected).all()
    assert found.unfinished == (expected == NEVER).sum()
    assert found.longest == (expected.max() if (expected > 0).any() else None)


def test_the_share_counts_flips_with_enough_text_left():
    automaton, text = boolrnn.compile(random_net(2, 3, 4)), text_of(5, 30, 4)
    found = healing(automaton, text)
    enough = found.steps[: len(found.steps) - found.longest + 1]
    assert found.share == pytest.approx((enough != NEVER).mean())
    assert healing(automaton, text[:1]).share is None
