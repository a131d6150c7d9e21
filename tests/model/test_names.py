"""Named tensors: the spellings people use, what is folded, what is recognised and refused."""

import numpy as np
import pytest
from nets import random_net

from boolrnn.errors import WeightsError
from boolrnn.model.names import from_names
from boolrnn.model.weights import TENSORS

NET = random_net(0, 6, 4, outputs=3)
SPELLINGS = [
    TENSORS,
    ("Wx", "Wh", "bh", "Wy", "by"),
    ("Wxh", "Whh", "bh", "Why", "by"),
    ("W_xh", "W_hh", "b_h", "W_hy", "b_y"),
    ("model.wx", "model.wh", "model.bh", "model.wy", "model.by"),
]


def float32(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def torch_names(prefix="rnn.", layer="_l0", readout="fc", bias=True):
    names = {f"{prefix}weight_ih{layer}": NET.wx, f"{prefix}weight_hh{layer}": NET.wh}
    if bias:
        names |= {f"{prefix}bias_ih{layer}": NET.bh, f"{prefix}bias_hh{layer}": NET.bh * 0}
    return names | {f"{readout}.weight": NET.wy, f"{readout}.bias": NET.by}


@pytest.mark.parametrize("names", SPELLINGS)
def test_plain_names(names):
    found = from_names({name: getattr(NET, ours) for name, ours in zip(names, TENSORS)})
    assert found.weights.sha256() == NET.sha256()
    assert found.folding is None


@pytest.mark.parametrize("prefix", ["rnn.", "", "encoder.core."])
@pytest.mark.parametrize("layer", ["_l0", ""])
@pytest.mark.parametrize("readout", ["fc", "head.decoder"])
def test_pytorch_names(prefix, layer, readout):
    found = from_names(torch_names(prefix, layer, readout))
    assert found.weights.sha256() == NET.sha256()
    assert found.folding == 0.0


def test_missing_biases_are_zero_and_said():
    tensors = torch_names(bias=False)
    del tensors["fc.bias"]
    found = from_names(tensors)
    assert not found.weights.bh.any()
    assert not found.weights.by.any()
    assert len(found.notes) == 2


def test_two_biases_are_added_and_the_rounding_is_reported():
    tensors = torch_names()
    tensors["rnn.bias_hh_l0"] = float32(6, seed=3)
    found = from_names(tensors)
    exact = tensors["rnn.bias_ih_l0"].astype(float) + tensors["rnn.bias_hh_l0"].astype(float)
    assert (found.weights.bh == exact.astype(np.float32)).all()
    assert found.folding == np.abs(found.weights.bh - exact).max() > 0


def test_an_embedding_is_folded_and_the_rounding_is_reported():
    tensors = torch_names()
    table, wide = float32(9, 5, seed=1), float32(6, 5, seed=2)
    found = from_names(tensors | {"emb.weight": table, "rnn.weight_ih_l0": wide})
    exact = wide.astype(float) @ table.T.astype(float)
    assert found.weights.wx == pytest.approx(exact, rel=2**-23)
    assert found.folding == pytest.approx(np.abs(found.weights.wx - exact).max(), rel=1e-6)
    assert "embedding emb.weight (9, 5) folded into wx" in found.notes


def test_embedding_and_readout_of_one_shape_are_told_apart():
    square = {f"rnn.weight_{part}_l0": float32(6, 6, seed=k) for k, part in enumerate(("ih", "hh"))}
    table, readout = float32(9, 6, seed=3), float32(9, 6, seed=4)
    by_bias = from_names(square | {"a.weight": table, "b.weight": readout, "b.bias": float32(9)})
    assert (by_bias.weights.wy == readout).all()
    by_name = from_names(square | {"embed.weight": table, "b.weight": readout})
    assert (by_name.weights.wy == readout).all()
    tied = from_names(square | {"a.weight": table, "b.weight": table})
    assert (tied.weights.wy == table).all()
    with pytest.raises(WeightsError, match="cannot tell what a.weight .* name an embedding's module emb"):
        from_names(square | {"a.weight": table, "b.weight": readout})


def cell(gates=1, **extra):
    return {
        "weight_ih_l0": float32(6 * gates, 4),
        "weight_hh_l0": float32(6 * gates, 6),
        "bias_ih_l0": float32(6 * gates),
        "bias_hh_l0": float32(6 * gates),
        "fc.weight": float32(3, 6),
        "fc.bias": float32(3),
    } | extra


@pytest.mark.parametrize(
    ("tensors", "says"),
    [
        (cell(4), r"weight_hh_l0: shape \(24, 6\), recognised an LSTM .*supported: one layer"),
        (cell(3), "recognised a GRU"),
        (cell(weight_hh_l1=float32(6, 6)), "weight_hh_l1: recognised a net of several layers"),
        (cell(weight_hh_l0_reverse=float32(6, 6)), "recognised a bidirectional net"),
        (cell(weight_hr_l0=float32(2, 6)), "recognised a projected cell"),
        (cell(**{"norm.weight": float32(6)}), r"no part of .*norm.weight \(6,\)"),
        (cell(**{"fc2.weight": float32(3, 6)}), r"expected one readout \(O, 6\)"),
        (cell(**{"other.weight_hh_l0": float32(6, 6)}), "more than one recurrent cell"),
        ({"weight_hh_l0": float32(6, 6)}, "missing tensor weight_ih_l0; found: weight_hh_l0"),
        ({}, "missing tensor wx, wh, bh, wy, by; found: no tensors"),
        ({n: v for n, v in cell().items() if n != "bias_hh_l0"}, "one of bias_ih and bias_hh is missing"),
        (cell(**{"fc.weight": np.full((3, 6), np.nan, np.float32)}), r"fc.weight\[0, 0\] is nan"),
        (cell(bias_hh_l0=float32(5)), r"cell bias_hh: shape \(5,\), expected \(6,\)"),
    ],
)
def test_other_nets_are_recognised_and_refused(tensors, says):
    with pytest.raises(WeightsError, match=says):
        from_names(tensors)


@pytest.mark.parametrize(
    "metadata",
    [
        {"nonlinearity": "relu"},
        {"Activation": "ReLU"},
        {"mode": "RNN_RELU"},
        {"hyper_parameters": {"nonlinearity": "relu"}},
        {"config": {"hidden_activation": b"sigmoid"}},
        {"config": '{"rnn": {"nonlinearity": "relu"}}'},
        {"nonlinearity": ["relu"]},
        {"rnn_nonlinearity": np.array(["relu"])},
        {"args": {"rnn": {"nonlinearity": "relu"}}},
    ],
)
def test_another_nonlinearity_is_refused(metadata):
    with pytest.raises(WeightsError, match="names the nonlinearity '.*'; supported: tanh"):
        from_names(torch_names(), metadata)


def test_tanh_and_other_settings_are_fine():
    metadata = {"nonlinearity": "tanh", "mode": "RNN_TANH", "epoch": 3, "config": {"lr": 0.1, "act": 7}}
    assert from_names(torch_names(), metadata).weights.hidden == 6
    for value in ("Tanh()", "torch.nn.Tanh", "tanh()"):
        assert from_names(torch_names(), {"activation": value, "mode": "train"}).weights.hidden == 6


def square_nets():
    cell = {f"rnn.weight_{part}_l0": float32(6, 6, seed=k) for k, part in enumerate(("ih", "hh"))}
    hidden_layer = {"fc1.weight": float32(6, 6, seed=3), "fc2.weight": float32(3, 6), "fc2.bias": float32(3)}
    yield "a hidden layer is no embedding", cell | hidden_layer, "cannot tell what fc1.weight"
    front = {"inp.weight": float32(6, 6, seed=3), "fc.weight": float32(3, 6), "fc.bias": float32(3)}
    yield "a linear layer in front is no embedding", cell | front, "cannot tell what inp.weight"
    member = {"char.weight": float32(5, 6, seed=3), "member.weight": float32(5, 6, seed=4)}
    yield "emb inside a word names nothing", cell | member, "cannot tell what"
    head = {"fc1.weight": float32(4, 6), "fc1.bias": float32(4), "fc2.weight": float32(3, 4, seed=4)}
    small = {"rnn.weight_ih_l0": float32(6, 4), "rnn.weight_hh_l0": float32(6, 6)}
    yield "a head of two layers is no embedding", small | head, "cannot tell what fc2.weight"
    out = {"E.weight": float32(5, 6, seed=3), "emb_out.weight": float32(3, 6, seed=4)}
    yield "a readout of an embedding is a readout", cell | out, "cannot tell what"
    yield "an embedding alone is no readout", cell | {"emb.weight": float32(5, 6)}, "expected one readout"


@pytest.mark.parametrize(("what", "tensors", "says"), list(square_nets()), ids=lambda v: str(v)[:30])
def test_matrices_that_could_be_something_else_are_refused(what, tensors, says):
    with pytest.raises(WeightsError, match=says):
        from_names(tensors)


def test_a_tied_readout_with_a_bias_is_read_in_any_order():
    cell = {f"rnn.weight_{part}_l0": float32(6, 6, seed=k) for k, part in enumerate(("ih", "hh"))}
    table, bias = float32(5, 6, seed=3), float32(5)
    layers = {"decoder.bias": bias, "decoder.weight": table, "encoder.weight": table}
    for order in (list(layers), list(reversed(layers))):
        found = from_names(cell | {name: layers[name] for name in order})
        assert (found.weights.by == bias).all()
        assert found.weights.symbols == 5


def test_a_folding_beyond_float32_is_refused():
    tensors = torch_names()
    tensors["rnn.bias_ih_l0"] = tensors["rnn.bias_hh_l0"] = np.full(6, 3e38, np.float32)
    with pytest.raises(WeightsError, match="the folded bias: NaN, or beyond"):
        from_names(tensors)


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"memory": float32(3)}, "no part of wx, wh, bh, wy, by: found: memory"),
        ({f"l1.{name}": getattr(NET, name) for name in TENSORS}, "no part of .* l1.wx"),
        ({"Wx": NET.wx}, "no part of .* Wx"),
    ],
)
def test_plain_files_with_more_tensors_are_another_function(extra, says):
    parts = {name: getattr(NET, name) for name in TENSORS}
    with pytest.raises(WeightsError, match=says):
        from_names(parts | extra)


def test_plain_names_share_one_prefix():
    prefixes = ("enc.", "dec.", "a.", "b.", "")
    mixed = {prefix + name: getattr(NET, name) for prefix, name in zip(prefixes, TENSORS)}
    with pytest.raises(WeightsError, match="missing tensor"):
        from_names(mixed)
