"""Compiled loops: machine code is kept per state of all their sources, wherever something can be written."""

import os
import subprocess
import sys

import numba
import pytest

from boolrnn import compiling

CODE = """
import sys
from boolrnn import compiling
import boolrnn, numpy as np
weights = boolrnn.Weights(**{n: np.ones(s, np.float32) for n, s in
    dict(wx=(3, 2), wh=(3, 3), bh=(3,), wy=(2, 3), by=(2,)).items()})
from boolrnn.model.kernels import stepper
print(stepper(boolrnn.compile(weights), engine="compiled").run(np.array([0, 1])).sum())
print(compiling._directory(sys.argv[1]))
"""


def ran(chosen="", **environment):
    given = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"} | environment
    done = subprocess.run([sys.executable, "-c", CODE, chosen], capture_output=True, env=given, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().split()


def test_the_directory_is_named_after_all_sources(monkeypatch, tmp_path):
    before = compiling.digest()
    for name in ("compiled_more.py", "table.py", "other.py"):
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(compiling, "_PACKAGE", tmp_path)
    seen = {before}
    for name, changes in (("compiled_more.py", True), ("table.py", True), ("other.py", False)):
        compiling.digest.cache_clear()
        first = compiling.digest()
        (tmp_path / name).write_text("2")
        compiling.digest.cache_clear()
        assert (compiling.digest() != first) == changes
        seen.add(compiling.digest())
    compiling.digest.cache_clear()
    assert len(seen) == 3


def test_a_chosen_directory_is_used(tmp_path):
    answer, folder = ran(str(tmp_path), NUMBA_CACHE_DIR=str(tmp_path))
    assert answer == "6"
    assert folder.startswith(str(tmp_path))
    assert list(tmp_path.rglob("*.nbc"))


def test_what_cannot_be_written_is_passed_over(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(compiling, "_PACKAGE", tmp_path / "file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(compiling, "digest", lambda: "d")
    compiling._directory.cache_clear()
    assert compiling._directory("") == str(tmp_path / "cache" / "boolrnn" / "compiled-d")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    compiling._directory.cache_clear()
    temporary = compiling._directory("")
    assert os.path.isdir(temporary)
    compiling._directory.cache_clear()


@pytest.mark.parametrize("module", ["model.compiled", "graph.compiled", "graph.compiled_cycles"])
def test_numba_is_left_as_it_was(module):

    before = numba.config.CACHE_DIR
    assert compiling.compiled_module(module).__name__ == f"boolrnn.{module}"
    assert before == numba.config.CACHE_DIR
