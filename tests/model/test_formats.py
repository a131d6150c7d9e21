"""Weight files: round trips keep every bit, and each broken file is refused in one line."""

import dataclasses
import io
import json
import pickle
import re

import numpy as np
import pytest
import safetensors.numpy
from nets import adversarial_net, random_net

import boolrnn
from boolrnn.errors import OptionError, WeightsError
from boolrnn.model.weights import TENSORS

NETS = {
    "square": random_net(1, 7, 5),
    "one neuron": random_net(2, 1, 2),
    "acceptor": random_net(3, 9, 4, outputs=2),
    "wide": adversarial_net(4, 6, 3, 277),
    "alphabet": dataclasses.replace(random_net(5, 4, 3), alphabet=np.frombuffer(b"xyz", np.uint8)),
}


def same_bits(left, right):
    return all(getattr(left, n).tobytes() == getattr(right, n).tobytes() for n in TENSORS)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_named_formats_keep_every_bit(tmp_path, name, ending):
    weights = NETS[name]
    wx = weights.wx.copy()
    wx[0, 0] = -0.0
    weights = dataclasses.replace(weights, wx=wx)
    path = tmp_path / f"w.{ending}"
    boolrnn.write_weights(weights, path)
    again = boolrnn.read_source(path)
    assert same_bits(again.weights, weights)
    assert again.layout == "named"
    assert np.array_equal(again.weights.alphabet, weights.alphabet)
    first = path.read_bytes()
    boolrnn.write_weights(weights, path)
    assert path.read_bytes() == first  # no time stamps


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("layout", ["wx-wh-bh-wy-by", "wx-bh-wh-wy-by"])
def test_raw_files_keep_every_bit_and_give_h_by_their_size(tmp_path, name, layout):
    weights = NETS[name]
    path = tmp_path / "w.bin"
    boolrnn.write_weights(weights, path, layout=layout)
    again = boolrnn.read_source(path, layout=layout, symbols=weights.symbols, outputs=weights.outputs)
    assert same_bits(again.weights, weights)
    assert again.layout == layout
    assert path.stat().st_size == 4 * weights.parameters


def test_the_raw_order_is_the_stated_one(tmp_path):
    weights = random_net(0, 2, 256)
    path = tmp_path / "w.bin"
    boolrnn.write_weights(weights, path)
    flat = np.fromfile(path, "<f4")
    assert (flat == np.concatenate([getattr(weights, n).ravel() for n in TENSORS])).all()
    assert boolrnn.read_weights(path).hidden == 2


@pytest.mark.parametrize("size", [0, 1, 4, 1000, 2052, 3079, 329_215, 329_217, 329_220])
def test_sizes_that_fit_nothing_are_refused_with_those_that_do(tmp_path, size):
    path = tmp_path / "w.bin"
    path.write_bytes(bytes(size))
    with pytest.raises(WeightsError, match=r"w\.bin: .* bytes is no raw float32 net with V = 256") as e:
        boolrnn.read_weights(path)
    near = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) \(H = \d+\)", str(e.value))]
    assert near
    for fits in near:
        path.write_bytes(bytes(fits))
        assert boolrnn.read_weights(path).parameters * 4 == fits


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named_by_tensor_index_and_byte(tmp_path, value):
    weights = random_net(0, 3, 4)
    flat = np.concatenate([getattr(weights, n).ravel() for n in TENSORS])
    flat[3 * 4 + 5] = value  # wh[1, 2]
    path = tmp_path / "w.bin"
    path.write_bytes(flat.astype("<f4").tobytes())
    with pytest.raises(WeightsError, match=r"wh\[1, 2\] at byte 68 is"):
        boolrnn.read_weights(path, symbols=4)
    parts = {n: getattr(weights, n) for n in TENSORS}
    parts["by"] = np.array([0, value, 0, 0], np.float32)
    np.savez(tmp_path / "w.npz", **parts)
    with pytest.raises(WeightsError, match=r"by\[1\] is"):
        boolrnn.read_weights(tmp_path / "w.npz")


def write_npz(path, **changes):
    weights = random_net(0, 3, 4)
    parts = {n: getattr(weights, n) for n in TENSORS} | changes
    np.savez(path, **{n: v for n, v in parts.items() if v is not None})
    return weights


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"wy": None}, r"missing tensor wy; found: wx \(3, 4\), wh \(3, 3\).*needed: wx"),
        ({"wx": np.zeros((2, 4), np.float32)}, r"wx: shape \(2, 4\), expected \(3, 4\)"),
        ({"wh": np.zeros((3, 2), np.float32)}, r"wh: shape \(3, 2\), expected a square"),
        ({"bh": np.zeros((3, 2), np.float32)}, r"bh: shape \(3, 2\), expected \(3,\)"),
        ({"nonlinearity": np.array(b"relu")}, "'relu'; supported: tanh"),
        ({"activation": np.array("relu")}, "metadata activation names the nonlinearity 'relu'"),
        ({"wh": np.zeros((12, 3), np.float32)}, "recognised an LSTM"),
        ({"h0": np.zeros(3, np.float32)}, r"no part of wx, wh, bh, wy, by: found: h0 \(3,\)"),
        ({"wx2": np.zeros((3, 4), np.float32)}, "no part of wx, wh, bh, wy, by: found: wx2"),
        ({"Wx": np.zeros((3, 4), np.float32)}, "no part of wx, wh, bh, wy, by: found: Wx"),
        ({"wh": np.full((3, 3), 2**63 - 1)}, "is no float32 .9 entries of this int64"),
        ({"alphabet": np.array(3, np.uint8)}, r"alphabet: shape \(\)"),
        ({"alphabet": np.array([0.5] * 4)}, "alphabet: float64"),
        ({"wy": np.zeros((4, 2), np.float32)}, r"wy: shape \(4, 2\), expected \(4, 3\)"),
        ({"by": np.zeros(5, np.float32)}, r"by: shape \(5,\), expected \(4,\)"),
        ({"by": np.array([None] * 4)}, "by: object .* array, expected float32"),
        ({"by": np.full(4, 0.1)}, r"by\[0\] = .*0\.1\)? is no float32 \(4 entries of this float64"),
        ({"by": np.array(["a"] * 4)}, "missing tensor by"),
        ({"nonlinearity": np.array("relu")}, "nonlinearity 'relu'; supported: tanh"),
        ({"alphabet": np.array([1, 2], np.uint8)}, r"alphabet: shape \(2,\)"),
        ({"alphabet": np.array([1, 2, 3, 1], np.uint8)}, "byte 0x01 stands in it twice"),
        ({"schema": np.array("machine/1")}, "schema 'machine/1'"),
    ],
)
def test_bad_archives_are_refused_in_one_line(tmp_path, changes, says):
    path = tmp_path / "w.npz"
    write_npz(path, **changes)
    with pytest.raises(WeightsError, match=says) as error:
        boolrnn.read_weights(path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(path))


def test_float64_that_is_float32_is_taken(tmp_path):
    weights = write_npz(tmp_path / "w.npz", by=np.array([0.5, 1, 2, -4], np.float64))
    assert boolrnn.read_weights(tmp_path / "w.npz").by.tolist() == [0.5, 1, 2, -4]
    assert boolrnn.read_weights(tmp_path / "w.npz").wh.tobytes() == weights.wh.tobytes()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("w.npz", b"nothing", "no readable .npz archive"),
        ("w.npz", b"", "no readable .npz archive"),
        ("w.npz", pickle.dumps([1, 2]), "pickled data"),
        ("w.safetensors", b"nothing", "no readable safetensors file"),
        ("w.safetensors", b"", "no readable safetensors file"),
        ("w.pkl", b"x", "a pickle"),
        ("w.bin", b"PK\x03\x04" + b"\xff" * 60, "no readable .npz archive"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(WeightsError, match=says) as error:
        boolrnn.read_weights(tmp_path / name)
    assert "\n" not in str(error.value)


def test_half_an_archive_is_refused(tmp_path):
    write_npz(tmp_path / "w.npz")
    data = (tmp_path / "w.npz").read_bytes()
    for length in (10, 200, len(data) // 2, len(data) - 5):
        (tmp_path / "w.npz").write_bytes(data[:length])
        with pytest.raises(WeightsError, match="no readable .npz archive"):
            boolrnn.read_weights(tmp_path / "w.npz")
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    (tmp_path / "w.npz").write_bytes(buffer.getvalue())
    with pytest.raises(WeightsError, match="a single array"):
        boolrnn.read_weights(tmp_path / "w.npz")


def test_safetensors_metadata_and_narrow_types(tmp_path):
    weights = random_net(0, 3, 4)
    parts = {n: getattr(weights, n) for n in TENSORS}
    path = tmp_path / "w.safetensors"
    path.write_bytes(safetensors.numpy.save(parts, {"nonlinearity": "relu"}))
    with pytest.raises(WeightsError, match="nonlinearity 'relu'"):
        boolrnn.read_weights(path)
    half = {n: v.astype(np.float16) for n, v in parts.items()}
    path.write_bytes(safetensors.numpy.save(half))
    assert (boolrnn.read_weights(path).wh == half["wh"].astype(np.float32)).all()
    path.write_bytes(_as_bf16(parts))
    cut = (parts["wh"].view(np.uint32) & 0xFFFF0000).view(np.float32)
    assert (boolrnn.read_weights(path).wh == cut).all()


def _as_bf16(parts):
    header, body = {}, b""
    for name, value in parts.items():
        data = (value.view(np.uint32) >> 16).astype("<u2").tobytes()
        ends = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": ends}
        body += data
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_sizes_said_on_the_side_are_checked(tmp_path):
    write_npz(tmp_path / "w.npz")
    with pytest.raises(WeightsError, match="V = 4 symbols in the file, --symbols says 5"):
        boolrnn.read_weights(tmp_path / "w.npz", symbols=5)
    with pytest.raises(WeightsError, match="O = 4 outputs in the file, --outputs says 1"):
        boolrnn.read_weights(tmp_path / "w.npz", outputs=1)
    with pytest.raises(OptionError, match="layout 'wh-wx'"):
        boolrnn.read_weights(tmp_path / "w.bin", layout="wh-wx")
    with pytest.raises(OptionError, match="layout 'wh-wx'"):
        boolrnn.write_weights(random_net(0), tmp_path / "x.bin", layout="wh-wx")


def test_absent_files_and_folders_are_named(tmp_path):
    with pytest.raises(WeightsError, match="none.bin: cannot be read"):
        boolrnn.read_weights(tmp_path / "none.bin")
    with pytest.raises(WeightsError, match="cannot be read"):
        boolrnn.read_weights(tmp_path)


@pytest.mark.parametrize(
    "alphabet", [np.array("abcd"), np.array(list("abcd")), np.array(b"abcd"), np.array([97, 98, 99, 100])]
)
def test_alphabets_may_be_bytes_or_characters(tmp_path, alphabet):
    write_npz(tmp_path / "w.npz", alphabet=alphabet)
    assert bytes(boolrnn.read_weights(tmp_path / "w.npz").alphabet) == b"abcd"


def test_columns_are_read_as_vectors(tmp_path):
    weights = random_net(0, 3, 4)
    write_npz(tmp_path / "w.npz", bh=weights.bh[:, None], by=weights.by[:, None])
    source = boolrnn.read_source(tmp_path / "w.npz")
    assert source.weights.sha256() == weights.sha256()
    assert len(source.notes) == 2


def test_a_layout_for_named_tensors_is_refused(tmp_path):
    write_npz(tmp_path / "w.npz")
    with pytest.raises(OptionError, match="layout describes raw files; this one names its tensors"):
        boolrnn.read_weights(tmp_path / "w.npz", layout="wx-wh-bh-wy-by")


def test_no_pickle_is_written(tmp_path):
    with pytest.raises(OptionError, match="writes no pickles"):
        boolrnn.write_weights(random_net(0), tmp_path / "w.pkl")
    assert not list(tmp_path.iterdir())


def test_a_shared_tensor_that_was_written_once_is_found_again(tmp_path):
    """safetensors' save_model drops one of two tied tensors and says so in the metadata."""
    rng = np.random.default_rng(0)
    shapes = {"weight_ih_l0": (6, 6), "weight_hh_l0": (6, 6), "bias_ih_l0": 6, "bias_hh_l0": 6}
    kept = {f"rnn.{name}": rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    kept |= {"decoder.weight": rng.normal(size=(9, 6)).astype(np.float32)}
    kept |= {"decoder.bias": np.zeros(9, np.float32)}
    path = tmp_path / "w.safetensors"
    path.write_bytes(safetensors.numpy.save(kept, {"encoder.weight": "decoder.weight"}))
    weights = boolrnn.read_weights(path)
    assert (weights.symbols, weights.outputs) == (9, 9)
    (tmp_path / "piped").write_bytes(path.read_bytes())
    assert boolrnn.read_weights(tmp_path / "piped").sha256() == weights.sha256()
