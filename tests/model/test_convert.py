"""convert: the file written holds the same bits, and says how to read it back."""

import dataclasses

import numpy as np
import pytest
from nets import random_net

import boolrnn
from boolrnn.errors import ResultError


def test_every_format_from_every_format(tmp_path):
    weights = random_net(0, 5, 4, outputs=3)
    boolrnn.write_weights(weights, tmp_path / "start.npz")
    path = tmp_path / "start.npz"
    for name in ("a.safetensors", "b.bin", "c.npz"):
        sizes = {"symbols": 4, "outputs": 3} if path.suffix == ".bin" else {}
        found = boolrnn.convert(boolrnn.read_source(path, **sizes), tmp_path / name)
        assert found.identical
        assert found.weights_sha256 == weights.sha256()
        path = tmp_path / name


def test_a_raw_file_says_what_it_cannot_hold(tmp_path):
    weights = dataclasses.replace(random_net(0, 5, 4, outputs=3), alphabet=np.frombuffer(b"abcd", np.uint8))
    boolrnn.write_weights(weights, tmp_path / "w.npz")
    source = boolrnn.read_source(tmp_path / "w.npz")
    note = boolrnn.convert(source, tmp_path / "w.raw", to_layout="wx-bh-wh-wy-by").notes[-1]
    for part in ("--layout wx-bh-wh-wy-by", "--symbols 4", "--outputs 3", "--alphabet"):
        assert part in note


def test_nothing_is_left_where_writing_fails(tmp_path):
    boolrnn.write_weights(random_net(0), tmp_path / "w.npz")
    with pytest.raises(ResultError, match="cannot be written"):
        boolrnn.convert(boolrnn.read_source(tmp_path / "w.npz"), tmp_path / "no" / "w.npz")
