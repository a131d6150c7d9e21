"""Every example runs, in a folder of its own, and says something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path):
    if "boolrnn.train(" in path.read_text():
        pytest.importorskip("torch", reason="training needs torch")
    environment = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        capture_output=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout
    assert not list(tmp_path.iterdir())


def test_there_are_examples():
    assert len(EXAMPLES) >= 2
