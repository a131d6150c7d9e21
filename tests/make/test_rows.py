"""Rows as threshold units: widest margins on a given trajectory, and the gain that certifies it."""

import dataclasses

import numpy as np
import pytest
from nets import hardened_net, random_net, text_of

import boolrnn
from boolrnn.check.bounds import certify_text
from boolrnn.make import rows
from boolrnn.make.rows import gained, settled, widened


def geometric(weights, run):
    """Least margin of each row over the norm of its weights and drives."""
    drive = weights.wx.astype(np.float64) + weights.bh[:, None]
    norms = np.sqrt((weights.wh.astype(np.float64) ** 2).sum(axis=1) + (drive**2).sum(axis=1))
    return run.margins.min(axis=0) / norms


@pytest.mark.parametrize("seed", range(4))
def test_wider_margins_on_the_same_trajectory(seed):
    weights, text = random_net(seed, 9, 4), text_of(seed, 60, 4)
    run = boolrnn.compile(weights).run(text)
    wide = widened(weights, text, run.states)
    again = boolrnn.compile(wide).run(text)
    assert (again.states == run.states).all()
    assert (wide.wh[weights.wh == 0] == 0).all()
    before, after = geometric(weights, run), geometric(wide, again)
    assert (after >= before * (1 - 1e-5)).all()
    assert after.sum() > 1.5 * before.sum()
    assert again.margins.min() == pytest.approx(1, abs=1e-4)


def test_a_row_with_a_tie_stays():
    weights, text = random_net(0, 4, 3), text_of(0, 12, 3)
    wx = weights.wx.copy()
    wx[1, text[0]] = -weights.bh[1]
    weights = dataclasses.replace(weights, wx=wx)
    run = boolrnn.compile(weights).run(text)
    wide = widened(weights, text, run.states)
    assert np.allclose(wide.wx[1] + wide.bh[1], weights.wx[1] + weights.bh[1])
    assert (boolrnn.compile(wide).run(text).states == run.states).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_gain_certifies(seed):
    weights, text = random_net(seed, 6, 4), text_of(seed, 40, 4)
    net, gain = settled(weights, text, 1.3)
    assert gain is not None
    automaton = boolrnn.compile(net)
    assert certify_text(automaton, automaton.run(text)).holds
    trace = boolrnn.trace(net, text)
    signs = dataclasses.replace(trace, hidden=np.where(trace.z >= 0, 1, -1).astype(np.float32))
    assert abs(boolrnn.bpc(net, trace) - boolrnn.bpc(net, signs)) < 2e-6


@pytest.mark.parametrize("seed", range(3))
def test_the_gain_is_hardly_more_than_needed(monkeypatch, seed):
    monkeypatch.setattr(rows, "EQUAL", np.inf)
    weights, text = random_net(seed, 6, 4), text_of(seed, 40, 4)
    _, gain = settled(weights, text, 1.0)
    less = boolrnn.compile(gained(weights, gain / 1.06))
    assert not certify_text(less, less.run(text)).holds


def test_no_gain_settles_a_tie():
    weights = hardened_net(1, 4)
    weights = dataclasses.replace(weights, bh=-weights.wx[:, 0])
    net, gain = settled(weights, np.zeros(5, np.int64), 1.3)
    assert gain is None
    assert net is weights
