"""The embedded pair: what ships is what the README says, and its maker still makes such a net."""

import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import boolrnn
from boolrnn.check import check_certificate
from boolrnn.data import MODEL, make_pair


def test_the_shipped_net_is_certified_and_knows_its_text(embedded):
    weights, symbols = embedded
    assert (weights.hidden, weights.symbols, len(symbols)) == (128, 65, 2787)
    assert boolrnn.bpc(weights, boolrnn.trace(weights, symbols)) == pytest.approx(0.0007, abs=5e-5)
    found = boolrnn.certify(weights, require="certified_always", outputs=True)
    assert found.holds
    assert (found.form, found.min_margin) == ("bit-exact", 16)
    found = boolrnn.certify(weights)
    assert found.valid_for.tolist() == ["fp32", "tf32", "fp16", "bf16"]
    assert set(np.unique(weights.wh)) == {-16, 0, 16}


def test_it_is_small():
    assert (resources.files("boolrnn.data") / MODEL).stat().st_size <= 400_000


def test_a_third_party_can_check_it(tmp_path, embedded):
    boolrnn.certify(embedded[0], outputs=True).write(tmp_path / "cert.json")
    model = resources.files("boolrnn.data") / MODEL
    words = [sys.executable, "-I", Path(check_certificate.__file__), tmp_path / "cert.json", model]
    done = subprocess.run(words, capture_output=True, check=True)
    assert done.stdout == b"certified_always, bit-exact, every text: proved again\n"


def test_the_maker_makes_such_a_net(monkeypatch):
    pytest.importorskip("torch", reason="training needs torch")
    monkeypatch.setattr(make_pair, "EPOCHS", 60)
    monkeypatch.setattr(make_pair, "HIDDEN", 40)
    made = make_pair.make(b"<a><b>one</b><c>two</c></a>\n" * 8)
    assert (made.level, made.max_abs_wh) == ("certified_always", 1)
    assert made.bpc_float < 0.5
