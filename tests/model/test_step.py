"""step: the next state, and contributions that add up to it."""

import numpy as np
import pytest
from nets import random_net

import boolrnn
from boolrnn.errors import OptionError, StateError, TextError


@pytest.mark.parametrize("hidden", [1, 7, 16])
def test_drive_and_contributions_add_up(hidden):
    weights = random_net(hidden, hidden, 4)
    state = np.random.default_rng(0).random(hidden) < 0.5
    found = boolrnn.step(weights, 2, state, top=0)
    bits, margins = boolrnn.compile(weights).step(state[None], np.array([2]))
    assert (found.next == bits[0]).all()
    assert (found.margins == margins[0]).all()
    assert found.contributions.sum(axis=1) + found.drive == pytest.approx(found.z, abs=1e-12)
    sizes = np.abs(found.contributions)
    assert (sizes[:, :-1] >= sizes[:, 1:]).all()
    for i in range(hidden):
        signed = np.where(state, weights.wh[i], -weights.wh[i])
        assert (found.contributions[i] == signed[found.sources[i]]).all()


def test_from_the_start_the_drive_decides_alone():
    found = boolrnn.step(random_net(1), 3)
    assert found.state is None
    assert found.flips is None
    assert (found.z == found.drive).all()
    assert found.to_json()["state"] is None
    assert found.to_json()["neurons"][2]["sources"] == []


def test_top_limits_the_list():
    assert boolrnn.step(random_net(1), 3, np.zeros(7, bool), top=2).sources.shape == (7, 2)


def test_what_cannot_be_used_is_refused():
    with pytest.raises(StateError):
        boolrnn.step(random_net(1), 3, np.zeros(6, bool))
    with pytest.raises(TextError):
        boolrnn.step(random_net(1), 5)
    with pytest.raises(OptionError):
        boolrnn.step(random_net(1), 3, top=-1)
