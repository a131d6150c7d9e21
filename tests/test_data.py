"""The embedded pair: what ships is what the README says, and its maker still makes such a net."""

import numpy as np
import pytest

import boolrnn
from boolrnn.data import make_pair


def test_the_pair_is_a_plain_net_that_knows_its_text(embedded):
    weights, symbols = embedded
    assert (weights.hidden, weights.symbols) == (48, 58)
    assert len(symbols) == 1203
    assert boolrnn.bpc(weights, boolrnn.trace(weights, symbols)) == pytest.approx(0.0074, abs=5e-5)


def test_the_maker_trains(monkeypatch, capsys):
    monkeypatch.setattr(make_pair, "EPOCHS", 100)
    monkeypatch.setattr(make_pair, "HIDDEN", 12)
    text = b"<a><b>one</b></a>" * 4
    weights = make_pair.train(text)
    assert "epoch 100" in capsys.readouterr().err
    assert bytes(weights.alphabet) == bytes(sorted(set(text)))
    symbols = boolrnn.to_symbols(text, weights)
    assert boolrnn.bpc(weights, boolrnn.trace(weights, symbols)) < 1.0


def test_the_makers_gradient_is_the_derivative():
    rng = np.random.default_rng(0)
    p = make_pair.initial(4, rng)
    inputs, targets, start = np.array([0, 3, 1]), np.array([3, 1, 2]), np.zeros(make_pair.HIDDEN)
    _, gradient, _ = make_pair.chunk_gradient(p, inputs, targets, start)
    for name, at in (("wx", (3, 1)), ("wh", (2, 5)), ("bh", (4,)), ("wy", (1, 7)), ("by", (2,))):
        costs = []
        for move in (1e-5, -1e-5):
            moved = {k: v.copy() for k, v in p.items()}
            moved[name][at] += move
            costs.append(make_pair.chunk_gradient(moved, inputs, targets, start)[0] / 3)
        assert gradient[name][at] == pytest.approx((costs[0] - costs[1]) / 2e-5, abs=1e-7)
