"""Labels of states: over the real numbers, ties to the lowest, by any of the ways to read them off."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_values, random_net

import boolrnn
from boolrnn.errors import OptionError
from boolrnn.machines.outputs import Labeller


def net_with(wy, by):
    hidden = wy.shape[1]
    zeros = np.zeros((hidden, hidden), np.float32)
    return boolrnn.Weights(wx=zeros[:, :1], wh=zeros, bh=zeros[0], wy=wy, by=by)


def exact_sums(weights, state):
    return [
        Fraction(float(weights.by[o]))
        + sum(Fraction(float(w)) * (1 if bit else -1) for w, bit in zip(weights.wy[o], state))
        for o in range(weights.outputs)
    ]


def every_state(hidden):
    return (np.arange(2**hidden)[:, None] >> np.arange(hidden) & 1).astype(bool)


@given(
    seed=st.integers(0, 10**6),
    hidden=st.integers(1, 5),
    outputs=st.integers(1, 5),
    spread=st.sampled_from([4, 30, 250]),
)
@settings(max_examples=60)
def test_labels_are_those_of_exact_sums(seed, hidden, outputs, spread):
    rng = np.random.default_rng(seed)
    wy = adversarial_values(rng, (outputs, hidden), spread)
    by = adversarial_values(rng, (outputs,), spread)
    if outputs > 1:
        wy[1], by[1] = wy[0], by[0]  # ties
    weights, states = net_with(wy, by), every_state(hidden)
    sums = [exact_sums(weights, state) for state in states.tolist()]
    start = [Fraction(float(b)) for b in by]
    argmax = Labeller(weights)
    told = [argmax.labels[k] for k in [argmax.of_start(), *argmax.of_states(states).tolist()]]
    if outputs == 1:
        assert told == [str(int(y[0] >= 0)) for y in [start, *sums]]
    else:
        assert told == [str(y.index(max(y))) for y in [start, *sums]]
    k = seed % outputs
    sign = Labeller(weights, f"sign:{k}")
    assert [sign.of_start(), *sign.of_states(states)] == [int(y[k] >= 0) for y in [start, *sums]]
    top = Labeller(weights, f"top:{k + 1}")
    numbers = [top.of_start(), *top.of_states(states).tolist()]
    wanted = [sorted(sorted(range(outputs), key=lambda o, y=y: (-y[o], o))[: k + 1]) for y in [start, *sums]]
    assert [top.labels[n] for n in numbers] == ["{" + ",".join(map(str, w)) + "}" for w in wanted]


def test_numbers_do_not_depend_on_the_size_of_blocks(monkeypatch):
    weights = random_net(1, 8, 4)
    states = every_state(8)
    whole = Labeller(weights, "top:2")
    numbers = whole.of_states(states)
    monkeypatch.setattr("boolrnn.machines.outputs._BLOCK", 7)
    parts = Labeller(weights, "top:2")
    assert (parts.of_states(states) == numbers).all()
    assert parts.labels == whole.labels


def test_bits_of_neurons_and_a_start_without_any():
    labeller = Labeller(random_net(1, 4, 2), "bits:h3,1")
    states = every_state(4)
    start, numbers = labeller.of_start(), labeller.of_states(states)
    assert labeller.labels[start] == "start"
    told = [labeller.labels[k] for k in numbers]
    assert told == [f"{int(s[3])}{int(s[1])}" for s in states]


def test_symbols_name_the_outputs_of_nets_that_predict_them():
    weights = random_net(1, 4, 3)
    named = boolrnn.Weights(
        **{n: getattr(weights, n) for n in ("wx", "wh", "bh", "wy", "by")},
        alphabet=np.frombuffer(b"a\n ", np.uint8),
    )
    assert Labeller(named, "symbol").labels == ("a", "0x0a", " ")
    with pytest.raises(OptionError, match="has 2 outputs for other than symbols"):
        Labeller(random_net(1, 4, 3, 2), "symbol")


def test_a_file_names_outputs_and_joins_those_of_one_name(tmp_path):
    weights, states = random_net(1, 4, 3), every_state(4)
    (tmp_path / "names").write_text("low\nlow\nhigh\n")
    labeller = Labeller(weights, str(tmp_path / "names"))
    plain = Labeller(weights).of_states(states)
    assert [labeller.labels[k] for k in labeller.of_states(states)] == [
        ("low", "low", "high")[k] for k in plain
    ]
    (tmp_path / "short").write_text("low\n")
    with pytest.raises(OptionError, match="1 lines, expected one for each of 3"):
        Labeller(weights, str(tmp_path / "short"))


def test_a_file_replaces_the_readout(tmp_path):
    weights, other = random_net(1, 4, 3), random_net(2, 4, 3, 2)
    np.savez(tmp_path / "r.npz", wy=other.wy, by=other.by)
    labeller = Labeller(weights, str(tmp_path / "r.npz"))
    states = every_state(4)
    assert (labeller.of_states(states) == Labeller(other).of_states(states)).all()
    assert labeller.of_start() == Labeller(other).of_start()
    np.savez(tmp_path / "wide.npz", wy=random_net(2, 5, 3).wy, by=other.by)
    with pytest.raises(OptionError, match=r"wy float32 \(3, 5\)"):
        Labeller(weights, str(tmp_path / "wide.npz"))
    np.savez(tmp_path / "none.npz", by=other.by)
    with pytest.raises(OptionError, match="expected an archive with wy and by"):
        Labeller(weights, str(tmp_path / "none.npz"))


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ("sign:3", "expected sign:0..2"),
        ("top:0", "expected top:1..3"),
        ("top:4", "expected top:1..3"),
        ("bits:h4", r"expected some of h0..h3"),
        ("bits:", r"expected some of h0..h3"),
        ("absent", "expected argmax, symbol, sign:K, top:K, bits:h3,h7 or a file"),
    ],
)
def test_outputs_that_do_not_exist_are_refused(outputs, message):
    with pytest.raises(OptionError, match=message):
        Labeller(random_net(1, 4, 3), outputs)
