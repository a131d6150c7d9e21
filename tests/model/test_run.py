"""run: states, flips, margins, distinct states."""

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from boolrnn.errors import OptionError


@pytest.mark.parametrize("hidden", [1, 7, 16])
def test_statistics_follow_from_the_states(hidden):
    weights, text = random_net(hidden, hidden, 4), text_of(1, 60, 4)
    found = boolrnn.run(weights, text, margins="all")
    states = found.states
    flips = (states[1:] != states[:-1]).sum(axis=1)
    assert (found.flips == flips).all()
    assert found.flips_per_step == flips.mean()
    assert found.distinct_states == len(set(found.to_json()["states"]))
    assert (found.least_margin == found.margins.min(axis=1)).all()
    assert (found.least_neuron == found.margins.argmin(axis=1)).all()
    assert boolrnn.run(weights, text).margins is None


def test_an_initial_state_continues_a_run():
    weights, text = random_net(2), text_of(2, 30, 5)
    whole = boolrnn.run(weights, text)
    rest = boolrnn.run(weights, text[10:], initial=whole.states[9])
    assert (rest.states == whole.states[10:]).all()


def test_one_symbol_has_no_flips():
    found = boolrnn.run(random_net(1), np.array([2]))
    assert found.flips_per_step is None
    assert found.distinct_states == 1
    with pytest.raises(OptionError, match="margins"):
        boolrnn.run(random_net(1), np.array([2]), margins="some")


def test_a_long_text_runs_in_one_call():
    weights, text = random_net(3, 12, 7), text_of(3, 20_000, 7)
    found = boolrnn.run(weights, text)
    check = boolrnn.compile(weights)
    bits, margins = check.step(found.states[:-1], text[1:])
    assert (bits == found.states[1:]).all()
    assert (margins.min(axis=1) == found.least_margin[1:]).all()
