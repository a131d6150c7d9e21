"""info: what a file holds, and the layout check."""

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn


def test_shapes_hashes_and_exactness(tmp_path):
    weights = random_net(0, 6, 4, outputs=3)
    boolrnn.write_weights(weights, tmp_path / "w.npz")
    found = boolrnn.info(boolrnn.read_source(tmp_path / "w.npz"), text_of(0, 9, 4))
    tree = found.to_json()
    assert (found.hidden, found.symbols, found.outputs) == (6, 4, 3)
    assert found.parameters == 6 * 4 + 36 + 6 + 18 + 3
    assert found.weights_sha256 == weights.sha256()
    assert tree["layout"] == "named"
    assert tree["layouts"] == [{"layout": "named", "bpc": None}]  # O != V: no bpc
    assert tree["exact"]["route"] == "float64"
    assert tree["tensors"][1]["max"] == weights.wh.max()
    assert found.warning is None


def test_a_raw_file_read_in_the_wrong_order_is_noticed(tmp_path, embedded):
    weights, symbols = embedded
    size = weights.symbols
    path = tmp_path / "w.bin"
    boolrnn.write_weights(weights, path)
    right = boolrnn.info(boolrnn.read_source(path, symbols=size), symbols)
    assert right.warning is None
    source = boolrnn.read_source(path, symbols=size, layout="wx-bh-wh-wy-by")
    wrong = boolrnn.info(source, symbols)
    assert "WRONG LAYOUT?" in wrong.warning
    assert "use --layout wx-wh-bh-wy-by" in wrong.warning
    scores = {row["layout"]: row["bpc"] for row in wrong.to_json()["layouts"]}
    assert scores["wx-wh-bh-wy-by"] == pytest.approx(right.layout_bpc[0])
    assert boolrnn.info(source).layout_names.size == 0


def test_one_symbol_and_empty_groups(tmp_path):
    weights = boolrnn.Weights(
        wx=np.zeros((1, 2), np.float32),
        wh=np.zeros((1, 1), np.float32),
        bh=np.zeros(1, np.float32),
        wy=np.zeros((2, 1), np.float32),
        by=np.zeros(2, np.float32),
    )
    boolrnn.write_weights(weights, tmp_path / "w.bin")
    found = boolrnn.info(boolrnn.read_source(tmp_path / "w.bin", symbols=2), np.array([1]))
    assert found.wh_mean_positive is None
    assert found.exact_bits_max == 0
    assert np.isnan(found.layout_bpc).all()


def test_no_warning_between_two_bad_readings(tmp_path):
    for seed in range(6):
        weights = random_net(seed, 7, 5, scale=2.0)
        boolrnn.write_weights(weights, tmp_path / "w.bin")
        for layout in ("wx-wh-bh-wy-by", "wx-bh-wh-wy-by"):
            source = boolrnn.read_source(tmp_path / "w.bin", symbols=5, layout=layout)
            assert boolrnn.info(source, text_of(seed, 200, 5)).warning is None
