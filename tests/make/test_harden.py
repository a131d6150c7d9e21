"""Hardened nets: certified, run bit for bit by every program, and what the result says of them is true.
No torch here: fine-tuning has tests of its own."""

import dataclasses
import importlib

import numpy as np
import pytest
from nets import foreign_program, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError
from boolrnn.make.harden import LADDER
from boolrnn.make.readout import fit_readout

harden_module = importlib.import_module("boolrnn.make.harden")
TEXT = b"<a><b>one</b><b>two</b></a>\n" * 12


@pytest.fixture(scope="module")
def register():
    """A net that is an automaton already, with its scale hidden, and its text."""
    net = boolrnn.construct(TEXT, groups=5, bits=6).weights
    rng = np.random.default_rng(0)
    rows = rng.uniform(0.1, 3, (net.hidden, 1)).astype(np.float32)
    parts = {"wx": net.wx * rows, "wh": net.wh * rows, "bh": net.bh * rows[:, 0]}
    return dataclasses.replace(net, **parts), boolrnn.to_symbols(TEXT, net)


def test_a_register_needs_no_more_than_its_own_integers(register):
    weights, symbols = register
    found = boolrnn.harden(weights, symbols, epochs=0)
    assert (found.level, found.form, found.outputs_level) == (
        "certified_always",
        "bit-exact",
        "certified_always",
    )
    assert found.max_abs_wh <= 2
    assert found.within
    assert found.loss < 0.02
    assert found.same_steps == 1
    assert found.bpc_float == pytest.approx(found.bpc_sign_dynamics, abs=1e-12)
    assert found.bpc_float == pytest.approx(boolrnn.bpc(found.weights, boolrnn.trace(found.weights, symbols)))
    assert set(found.tried.tolist()) <= set(LADDER)


@pytest.mark.parametrize(("hidden", "symbols"), [(1, 2), (7, 5), (16, 3), (30, 4)])
@pytest.mark.parametrize("largest", [1, 2, 7, 100])
def test_any_net_becomes_its_automaton(hidden, symbols, largest):
    weights, text = random_net(hidden, hidden, symbols), text_of(3, 90, symbols)
    found = boolrnn.harden(weights, text, largest=largest, epochs=0)
    assert found.level == "certified_always"
    assert found.max_abs_wh <= largest
    assert np.abs(found.wh).max() == found.max_abs_wh * found.gain
    assert 2 ** (found.wh_bits - 1) > found.max_abs_wh
    other = text_of(4, 60, symbols)
    states = boolrnn.compile(found.weights).run(other).states
    for seed, options in enumerate(({}, {"fused": True}, {})):
        assert (foreign_program(found.weights, other, np.random.default_rng(seed), **options) == states).all()
    assert (boolrnn.trace(found.weights, other).hidden == np.where(states, 1, -1)).all()


def test_the_readout_is_fitted_to_the_new_automaton():
    weights, text = random_net(1, 24, 4), text_of(5, 300, 4)
    found = boolrnn.harden(weights, text, largest=1, epochs=0)
    assert found.bpc_sign_dynamics < found.before_sign_dynamics - 0.5
    states = boolrnn.compile(found.weights).run(text).states
    kept = dataclasses.replace(found.weights, wy=weights.wy, by=weights.by)
    signs = np.where(states[:-1], 1.0, -1.0)
    from_old = boolrnn.model.rnn.surprisal(kept, signs, text[1:]).mean()
    assert found.bpc_sign_dynamics < from_old


def test_validation_judges_and_is_not_fitted():
    weights, text = random_net(1, 24, 4), text_of(5, 300, 4)
    found = boolrnn.harden(weights, text, largest=2, epochs=0, validation=0.3)
    whole = boolrnn.harden(weights, text, largest=2, epochs=0)
    assert whole.validation_float is None
    assert found.validation_sign_dynamics > found.bpc_sign_dynamics  # a random text is not predicted
    reference = min(found.validation_before_float, found.validation_before_sign)
    assert found.loss == pytest.approx(found.validation_sign_dynamics - reference)


def test_a_tolerance_that_is_missed_is_said():
    weights, text = random_net(3, 4, 4), text_of(5, 400, 4)
    fitted = boolrnn.harden(weights, text, largest=64, epochs=0).weights
    easy = boolrnn.harden(fitted, text, tolerance=10.0, epochs=0)
    assert easy.max_abs_wh <= 1
    assert easy.warning is None
    hard = boolrnn.harden(dataclasses.replace(weights, wy=weights.wy * 0), text, tolerance=0.0, epochs=0)
    assert hard.within == (hard.loss <= 0)


def test_without_a_text():
    weights = random_net(2, 9, 5)
    found = boolrnn.harden(weights)
    assert (found.level, found.loss, found.bpc_float, found.within) == ("certified_always", None, None, None)
    assert found.max_abs_wh <= 64
    assert np.abs(found.wy - weights.wy).max() < 2e-6
    assert found.outputs_level == "certified_always"


def test_acceptors_and_one_symbol():
    acceptor = random_net(2, 6, 3, outputs=1)
    found = boolrnn.harden(acceptor, text_of(1, 50, 3), epochs=0)
    assert (found.level, found.bpc_float) == ("certified_always", None)
    assert boolrnn.harden(random_net(2, 6, 3), np.array([1]), epochs=0).level == "certified_always"


@pytest.mark.parametrize("size", [3e38, 1e30, 1e-30, 1e-44])
@pytest.mark.parametrize("which", [("wx", "wh", "bh"), ("wy", "by"), ("wx", "wh", "bh", "wy", "by")])
def test_weights_of_any_size(size, which):
    net = random_net(5, 6, 4)
    parts = {n: np.sign(getattr(net, n)) * np.float32(size) for n in which}
    weights = dataclasses.replace(net, **{n: value.astype(np.float32) for n, value in parts.items()})
    for text in (None, text_of(1, 60, 4)):
        found = boolrnn.harden(weights, text, epochs=0)
        assert (found.level, found.outputs_level) == ("certified_always", "certified_always")
        if text is None and size > 1e-38:  # a grid of normal numbers has no room for subnormal readouts
            assert (np.sign(found.wy) == np.sign(weights.wy)).all()


def test_small_readouts_are_kept():
    net = random_net(5, 16, 4, outputs=2)
    weights = dataclasses.replace(net, wy=net.wy * np.float32(1e-5), by=net.by * np.float32(1e-5))
    found = boolrnn.harden(weights)
    assert np.abs(found.wy / 1e-5 - net.wy).max() < 1e-4
    assert found.outputs_level == "certified_always"


@pytest.mark.parametrize("gain", [16.0, 2.0**20])
def test_every_gain_that_is_allowed_certifies(gain):
    found = boolrnn.harden(random_net(1, 32, 3), gain=gain, largest=1024)
    assert (found.level, found.min_margin) == ("certified_always", gain)


def test_steps_are_judged_by_the_network_as_it_was_given():
    """A net that only predicts as tanh: scales are chosen by its own signs, whatever rows are scaled by."""
    weights, text = random_net(7, 20, 4, scale=0.3), text_of(2, 200, 4)
    hidden = boolrnn.trace(weights, text).hidden[:-1].astype(np.float64)
    wy, by = fit_readout(hidden, text[1:], 4)
    weights = dataclasses.replace(weights, wy=wy * np.float32(3), by=by)
    work = harden_module._Work(weights, text, 0.0, 0, 0)
    assert work.before.network.mean() + 0.1 < work.before.automaton.mean()
    assert (work.pairs()[2] == boolrnn.trace(weights, text).bits[1:]).all()


def test_zeros_stay_zeros():
    weights = random_net(4, 20, 4)
    wh, wy = weights.wh.copy(), weights.wy.copy()
    wh[np.random.default_rng(0).random(wh.shape) < 0.6] = 0
    wy[:, 5:] = 0
    weights = dataclasses.replace(weights, wh=wh, wy=wy)
    found = boolrnn.harden(weights, text_of(1, 200, 4), largest=3, epochs=0)
    assert (found.wh[wh == 0] == 0).all()
    assert (found.wy[:, 5:] == 0).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tolerance": -1.0}, "tolerance"),
        ({"tolerance": float("nan")}, "tolerance"),
        ({"largest": 0}, "largest 0: expected 1 or more"),
        ({"largest": 2**22}, "with H = 3 expected"),
        ({"gain": 8.0}, "tanh rounds to 1"),
        ({"gain": 17.0}, "power of two"),
        ({"seed": -1}, "seed -1"),
        ({"epochs": -1}, "epochs"),
        ({"validation": 1.0}, "validation"),
    ],
)
def test_refusals(options, says):
    with pytest.raises(OptionError, match=says):
        boolrnn.harden(random_net(1, 3, 2), np.array([0, 1]), **options)
