"""examples/tour.ipynb: names that exist, stored outputs that a fresh run gives again."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import notebooks
import pytest

import boolrnn

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "examples" / "tour.ipynb"


def cells(path, kind="code"):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def source(cell):
    return notebooks.joined(cell["source"])


def test_it_is_a_notebook_that_was_run_in_order():
    validate = pytest.importorskip("nbformat").validate
    validate(json.loads(TOUR.read_text()))
    code = cells(TOUR)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = [output["output_type"] for cell in code for output in cell["outputs"]]
    assert "error" not in kinds
    streams = [output["name"] for cell in code for output in cell["outputs"] if "name" in output]
    assert set(streams) == {"stdout"}
    assert TOUR.stat().st_size < 400_000


def test_it_shows_tables_and_a_few_pictures():
    shown = [dict(notebooks.outputs(cell)).get("text/html", "") for cell in cells(TOUR)]
    assert sum("<table" in markup for markup in shown) >= len(shown) // 2
    assert 1 <= sum(markup.count("<svg") for markup in shown) <= 3


def test_it_names_public_names_only():
    named = set()
    for cell in cells(TOUR):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id == "boolrnn":
                    named.add(node.attr)
                assert not node.attr.startswith("_")
    for text in map(source, cells(TOUR, "markdown")):
        named |= set(re.findall(r"boolrnn\.(\w+)\(", text))
    assert {"agreement", "influence", "fragility", "reason", "cycles", "extract", "read_weights"} <= named
    assert named <= set(boolrnn.__all__)
    assert max(len(line) for cell in cells(TOUR) for line in source(cell).splitlines()) <= 110


@pytest.mark.slow
def test_a_fresh_run_says_what_is_stored(tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    environment = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"}
    folders = {"IPYTHONDIR": tmp_path / "ipython", "JUPYTER_RUNTIME_DIR": tmp_path / "runtime"}
    command = [sys.executable, notebooks.__file__, str(TOUR), str(tmp_path / "tour.ipynb")]
    done = subprocess.run(
        command, env=environment | {k: str(v) for k, v in folders.items()}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    for stored, fresh in zip(cells(TOUR), cells(tmp_path / "tour.ipynb"), strict=True):
        assert notebooks.outputs(fresh) == notebooks.outputs(stored), source(stored)
