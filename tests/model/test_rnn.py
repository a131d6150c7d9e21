"""The float reference against its definition, one operation at a time."""

import numpy as np
import pytest
from nets import naive_trace32, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.model.tanh import tanh32


@pytest.mark.parametrize("hidden", [1, 2, 3, 4, 7, 8, 9, 16, 17, 33])
@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_float32_adds_in_index_order(hidden, scale):
    weights = random_net(hidden, hidden, 4, scale=scale)
    text = text_of(hidden, 12, 4)
    run = boolrnn.trace(weights, text)
    assert run.z.dtype == np.float32
    assert (run.z == naive_trace32(weights, text)).all()
    assert (run.bits == (run.z >= 0)).all()


def test_a_window_continues_where_the_state_before_it_ended():
    weights, text = random_net(1), text_of(1, 30, 5)
    for arithmetic in ("float32", "float64"):
        whole = boolrnn.trace(weights, text, arithmetic=arithmetic)
        part = boolrnn.trace(weights, text[11:], arithmetic=arithmetic, initial=whole.hidden[10])
        assert (part.hidden == whole.hidden[11:]).all()


def test_a_long_text_equals_its_blocks():
    weights, text = random_net(2, 5, 3), text_of(2, 2500, 3)
    run = boolrnn.trace(weights, text)
    state = None
    for first in range(0, 2500, 100):
        part = boolrnn.trace(weights, text[first : first + 100], initial=state)
        assert (part.hidden == run.hidden[first : first + 100]).all()
        state = part.hidden[-1]


def test_wrong_roundings_are_found_and_the_run_goes_on_from_there(monkeypatch):
    """With a float64 tanh that errs by a hundred million units, and doubts to match, nothing changes."""
    weights, text = random_net(3, 6, 3), text_of(3, 2500, 3)
    plain = boolrnn.trace(weights, text)
    rng = np.random.default_rng(0)

    def careless(z, out):
        np.tanh(z, out=out, dtype=np.float64)
        out *= 1 + rng.uniform(-1, 1, out.shape) * 1e8 * 2.0**-53

    tanh, rnn = boolrnn.model.tanh, boolrnn.model.rnn
    monkeypatch.setattr(tanh, "_DOUBT", np.int64(1 << 27))
    monkeypatch.setattr(tanh, "wide_tanh", careless)
    monkeypatch.setattr(rnn, "wide_tanh", careless)
    assert (boolrnn.trace(weights, text).hidden == plain.hidden).all()
    monkeypatch.setattr(rnn, "doubtful", lambda wide: np.zeros(wide.shape, bool))
    assert (boolrnn.trace(weights, text).hidden != plain.hidden).any()  # so it was needed


def test_a_neuron_that_is_doubtful_at_every_step_costs_little():
    z = np.float32(0.4648849368095398)  # its float64 tanh lies next to a float32 midpoint
    weights = boolrnn.Weights(
        wx=np.zeros((8, 1), np.float32),
        wh=np.zeros((8, 8), np.float32),
        bh=np.full(8, z),
        wy=np.zeros((1, 8), np.float32),
        by=np.zeros(1, np.float32),
    )
    run = boolrnn.trace(weights, np.zeros(20_000, int))
    assert (run.hidden == tanh32(np.array([z]))[0]).all()


def test_bpc_is_the_mean_of_minus_log2_p():
    weights, text = random_net(4, 6, 5), text_of(4, 40, 5)
    run = boolrnn.trace(weights, text, arithmetic="float64")
    scores = boolrnn.logits(weights, run.hidden)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    cost = -np.log2(p[np.arange(39), text[1:]])
    assert boolrnn.bpc(weights, run) == pytest.approx(cost.mean(), rel=1e-12)
    assert boolrnn.bpc(weights, run, 3, 9) == pytest.approx(cost[3:9].mean(), rel=1e-12)


def test_there_is_no_bpc_without_predictions():
    weights = random_net(5, outputs=3)
    run = boolrnn.trace(weights, text_of(5, 9, 5))
    assert boolrnn.bpc(weights, run) is None
    one = random_net(5)
    assert boolrnn.bpc(one, boolrnn.trace(one, np.array([2]))) is None


def test_what_cannot_be_used_is_refused():
    weights = random_net(6)
    text = text_of(6, 4, 5)
    with pytest.raises(OptionError, match="arithmetic 'float16'"):
        boolrnn.trace(weights, text, arithmetic="float16")
    with pytest.raises(OptionError, match="tanh 'fast'"):
        boolrnn.trace(weights, text, tanh="fast")
    with pytest.raises(OptionError, match="initial"):
        boolrnn.trace(weights, text, initial=np.zeros(3))
    with pytest.raises(OptionError, match="window 2:9"):
        boolrnn.bpc(weights, boolrnn.trace(weights, text), 2, 9)
    with pytest.raises(TextError, match="outside"):
        boolrnn.trace(weights, np.array([5]))


def test_huge_weights_overflow_without_a_word_and_show_it_in_z():
    big = np.float32(3e38)
    weights = boolrnn.Weights(
        wx=np.full((2, 2), big),
        wh=np.array([[big, -big], [-big, big]], np.float32),
        bh=np.full(2, big),
        wy=np.zeros((2, 2), np.float32),
        by=np.zeros(2, np.float32),
    )
    run = boolrnn.trace(weights, np.array([0, 1, 0]))
    assert not np.isfinite(run.z).any()
    assert np.isfinite(boolrnn.trace(weights, np.array([0, 1]), arithmetic="float64").z).all()
