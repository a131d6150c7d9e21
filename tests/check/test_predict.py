"""predict: guesses, probabilities and divergences against their definitions."""

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from boolrnn.bits import signs
from boolrnn.errors import OptionError, WeightsError


def softmax(weights, rows):
    scores = boolrnn.logits(weights, rows)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("hidden", "symbols"), [(1, 2), (7, 5), (16, 30)])
def test_every_number_follows_its_definition(hidden, symbols):
    weights, text = random_net(hidden, hidden, symbols), text_of(hidden, 50, symbols)
    found = boolrnn.predict(weights, text, top=2)
    trace = boolrnn.trace(weights, text)
    automaton = boolrnn.compile(weights)
    first, _ = automaton.step(None, text[:1])
    later, _ = automaton.step(trace.bits[:-1], text[1:])
    rows = {
        "float": trace.hidden,
        "sign_readout": signs(trace.bits),
        "one_step": signs(np.concatenate([first, later])),
        "free_run": signs(automaton.run(text).states),
    }
    chance = {name: softmax(weights, values[:-1]) for name, values in rows.items()}
    truth = text[1:]
    for name, p in chance.items():
        at = p[np.arange(49), truth]
        assert getattr(found, f"{name}_p") == pytest.approx(at)
        assert getattr(found, f"{name}_bits") == pytest.approx(-np.log2(at))
        assert getattr(found, f"bpc_{name}") == pytest.approx(-np.log2(at).mean())
        top = getattr(found, f"{name}_top")
        assert (top[:, 0] == p.argmax(axis=1)).all()
        assert getattr(found, f"{name}_top_p") == pytest.approx(np.take_along_axis(p, top, axis=1))
        assert getattr(found, f"{name}_top_p") == pytest.approx(-np.sort(-p, axis=1)[:, :2])
        assert getattr(found, f"top1_{name}") == (top[:, 0] == truth).mean()
        if name != "float":
            same = top[:, 0] == found.float_top[:, 0]
            assert getattr(found, f"top1_agreement_{name}") == same.mean()
            kl = (chance["float"] * np.log2(chance["float"] / p)).sum(axis=1)
            assert getattr(found, f"kl_{name}") == pytest.approx(kl.mean())
    position = found.to_json()["positions"][3]
    assert position["t"] == 3
    assert position["true"] == truth[3]
    assert list(position["free_run"]) == ["top", "top_p", "p", "bits"]
    assert position["float"]["top_p"] == found.float_top_p[3].tolist()
    assert set(position) == {"t", "true", "float", "sign_readout", "one_step", "free_run"}
    bias = weights.by.astype(float)
    bias_p = np.exp(bias) / np.exp(bias).sum()
    assert found.bpc_bias_only == pytest.approx(-np.log2(bias_p[truth]).mean())


def test_ties_go_to_the_lowest_output():
    weights = random_net(1)
    flat = boolrnn.Weights(wx=weights.wx, wh=weights.wh, bh=weights.bh, wy=weights.wy * 0, by=weights.by * 0)
    assert (boolrnn.predict(flat, text_of(0, 9, 5)).float_top == np.arange(5)).all()


def test_what_predicts_nothing_is_refused_or_empty():
    with pytest.raises(WeightsError, match=r"O = 3 outputs for V = 5 symbols"):
        boolrnn.predict(random_net(1, outputs=3), text_of(0, 9, 5))
    with pytest.raises(OptionError, match="top 0"):
        boolrnn.predict(random_net(1), text_of(0, 9, 5), top=0)
    one = boolrnn.predict(random_net(1), np.array([3])).to_json()
    assert one["positions"] == []
    assert one["bpc"] is None


def test_a_longer_text_is_the_same_in_blocks():
    weights, text = random_net(2, 5, 3), text_of(2, 4500, 3)
    found = boolrnn.predict(weights, text)
    cost = boolrnn.bpc(weights, boolrnn.trace(weights, text))
    assert found.bpc_float == pytest.approx(cost, rel=1e-12)
    assert len(found.t) == 4499
