"""Float trajectories side by side: each is bit for bit the one that runs alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError, TextError, WeightsError
from boolrnn.model import many
from boolrnn.model.many import FloatStepper, traces


@given(
    st.integers(0, 10**6),
    st.integers(1, 40),
    st.integers(1, 5),
    st.sampled_from(["numpy", "compiled"]),
    st.booleans(),
)
def test_several_nets_on_one_text_are_the_nets_alone(seed, hidden, count, engine, wild):
    make = (lambda s: adversarial_net(s, hidden, 3, 60)) if wild else (lambda s: random_net(s, hidden, 3))
    nets = [make(seed + k) for k in range(count)]
    text = text_of(seed, 9, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many, "_WORTH", 0 if engine == "compiled" else 1 << 62)
        patch.setattr(many, "_PART", 500)
        found = traces(nets, text)
    for net, hidden_states in zip(nets, found, strict=True):
        assert (hidden_states == boolrnn.trace(net, text).hidden).all()


@pytest.mark.parametrize("worth", [0, 1 << 62])
def test_rows_go_on_from_their_own_states_with_their_own_symbols(worth, monkeypatch):
    """Shared among processors or not; rows that differ in the symbol read."""
    monkeypatch.setattr(many, "_WORTH", worth)
    net, text = random_net(3, 13, 5), text_of(3, 400, 5)
    run = boolrnn.trace(net, text)
    z, hidden = FloatStepper(net)(text[1:], run.hidden[:-1])
    assert (z == run.z[1:]).all()
    assert (hidden == run.hidden[1:]).all()


def test_float64_and_the_systems_tanh():
    nets, text = [random_net(k, 9, 4) for k in range(3)], text_of(1, 30, 4)
    for net, wide, libm in zip(nets, traces(nets, text, "float64"), traces(nets, text, tanh="system")):
        alone = boolrnn.trace(net, text, arithmetic="float64")
        assert np.abs(wide - alone.hidden).max() < 1e-12
        assert (libm == boolrnn.trace(net, text, tanh="system").hidden).all()


def test_sums_that_overflow_do_so_silently():
    net = random_net(1, 4, 3)
    huge = boolrnn.Weights(wx=net.wx, wh=np.full((4, 4), 3e38, np.float32), bh=net.bh, wy=net.wy, by=net.by)
    assert (
        traces([huge], np.array([0, 1, 2]))[0, 0] == boolrnn.trace(huge, np.array([0, 1, 2])).hidden[0]
    ).all()


def test_what_is_refused():
    net = random_net(1, 4, 3)
    with pytest.raises(WeightsError, match="same H and V"):
        traces([], np.array([0]))
    with pytest.raises(WeightsError, match="same H and V"):
        traces([net, random_net(1, 5, 3)], np.array([0]))
    with pytest.raises(TextError, match="outside"):
        traces([net], np.array([3]))
    with pytest.raises(OptionError, match="arithmetic"):
        FloatStepper(net, "float16")
    with pytest.raises(OptionError, match="tanh"):
        FloatStepper(net, tanh="fast")
