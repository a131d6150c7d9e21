"""Truncated mantissas: each row is the network with its hidden state cut after every step."""

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from boolrnn.check.truncation import truncated


@pytest.mark.parametrize("hidden", [1, 6])
def test_each_row_is_a_run_cut_after_every_step(hidden):
    weights, text = random_net(1, hidden, 4), text_of(1, 30, 4)
    found = truncated(weights, text, (0, 5, 23))
    for bits, cost in zip(found.kept, found.float32):
        state, rows = np.zeros(hidden, np.float32), []
        for x in text[:-1]:
            step = boolrnn.trace(weights, np.array([x]), initial=state)
            fraction, exponent = np.frexp(step.hidden[0].astype(float))
            cut = np.trunc(fraction * 2.0 ** (bits + 1)) / 2.0 ** (bits + 1)
            state = np.ldexp(cut, exponent).astype(np.float32)
            rows.append(state)
        scores = boolrnn.logits(weights, np.array(rows))
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        assert cost == pytest.approx(-np.log2(p[np.arange(29), text[1:]]).mean())
    whole = boolrnn.bpc(weights, boolrnn.trace(weights, text))
    assert found.float32[-1] == pytest.approx(whole)
