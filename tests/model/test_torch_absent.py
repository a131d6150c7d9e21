"""Without torch a PyTorch file is refused in one line that says what to install."""

import sys

import pytest

import boolrnn
from boolrnn.errors import WeightsError


def test_the_message_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "boolrnn.model.torch_files", raising=False)
    (tmp_path / "w.pt").write_bytes(b"PK")
    with pytest.raises(WeightsError, match=r"w\.pt: .*pip install 'boolrnn\[train\]'"):
        boolrnn.read_weights(tmp_path / "w.pt")
