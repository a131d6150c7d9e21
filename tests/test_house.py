"""The house: rooms stand in one line, files stay small, the table of contents is what it says."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import boolrnn

PACKAGE = Path(boolrnn.__file__).parent
ROOT = PACKAGE.parent
ROOMS = ["model", "check", "make", "graph", "clauses", "explain", "machines", "export", "report", "cli"]
FILES = sorted(PACKAGE.rglob("*.py"))
SOURCES = [p for d in ("boolrnn", "analyses", "tests", "examples") for p in sorted((ROOT / d).rglob("*.py"))]

CONTENTS = [
    "ANY",
    "Agreement",
    "Answer",
    "Attribution",
    "Automaton",
    "Backbone",
    "BoolTrace",
    "BoolrnnError",
    "Certify",
    "Coflips",
    "CompareLanguage",
    "Construct",
    "Convert",
    "Cycles",
    "Demo",
    "Draw",
    "Dwell",
    "Extract",
    "FixedPoints",
    "FloatTrace",
    "Fragility",
    "Harden",
    "Heal",
    "Influence",
    "Info",
    "Justify",
    "Knockout",
    "Machine",
    "MadeBy",
    "Margins",
    "Names",
    "Offsets",
    "Perturb",
    "Pmi",
    "Precision",
    "Predict",
    "PredictWeights",
    "Preimage",
    "Prune",
    "Question",
    "Reach",
    "Reason",
    "Recipe",
    "Report",
    "Result",
    "Roles",
    "Rule",
    "Run",
    "Sheet",
    "Solution",
    "Source",
    "Step",
    "Substitute",
    "Train",
    "TrainLanguage",
    "Weights",
    "agreement",
    "attribution",
    "backbone",
    "bpc",
    "certify",
    "coflips",
    "compare_language",
    "compile",
    "construct",
    "convert",
    "cycles",
    "demo",
    "draw",
    "dwell",
    "embedded_pair",
    "extract",
    "fixed_points",
    "fragility",
    "harden",
    "heal",
    "influence",
    "info",
    "justify",
    "knockout",
    "logits",
    "margins",
    "of_aalpy",
    "of_automata",
    "of_networkx",
    "offsets",
    "perturb",
    "pmi",
    "precision",
    "predict",
    "predict_weights",
    "preimage",
    "prune",
    "reach",
    "read_automaton",
    "read_source",
    "read_spec",
    "read_text",
    "read_weights",
    "reason",
    "roles",
    "rule",
    "run",
    "sheet",
    "step",
    "substitute",
    "to_aalpy",
    "to_automata",
    "to_html",
    "to_networkx",
    "to_symbols",
    "trace",
    "train",
    "train_language",
    "write_report",
    "write_weights",
]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room(dotted):
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "boolrnn" and parts[1] in ROOMS else None


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_import_only_leftward(path):
    own = room("boolrnn." + ".".join(path.relative_to(PACKAGE).parts))
    for name in imports(path):
        other = room(name)
        if other is None:
            continue
        if own is None:  # foundations, the table of contents, the entry point, the embedded pair
            assert path.name in ("__main__.py",) or path.parent.name == "data", f"{path}: {name}"
        else:
            assert ROOMS.index(other) <= ROOMS.index(own), f"{path}: {name}"


def test_the_float_reference_knows_no_automaton():
    for file in ("rnn.py", "tanh.py"):
        names = " ".join(imports(PACKAGE / "model" / file))
        assert "automaton" not in names
        assert "exact" not in names


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_files_are_small_and_say_where_you_are(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text)), f"{path} does not say what it is"


def test_the_table_of_contents_is_pinned():
    assert sorted(CONTENTS) == boolrnn.__all__


@pytest.mark.parametrize("name", boolrnn.__all__)
def test_public_names_load_and_are_documented(name):
    assert inspect.getdoc(getattr(boolrnn, name))


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = boolrnn.nothing


def test_a_verb_names_its_file_its_result_and_its_schema():
    for name in (
        "info",
        "convert",
        "step",
        "run",
        "rule",
        "predict",
        "margins",
        "agreement",
        "certify",
        "train",
        "harden",
        "construct",
        "influence",
        "backbone",
        "coflips",
        "dwell",
        "cycles",
        "perturb",
        "fragility",
        "heal",
        "preimage",
        "reason",
        "fixed_points",
        "reach",
        "precision",
        "attribution",
        "offsets",
        "knockout",
        "prune",
        "justify",
        "pmi",
        "roles",
        "predict_weights",
        "substitute",
        "extract",
        "compare_language",
        "train_language",
        "draw",
        "report",
        "demo",
    ):
        kind = getattr(boolrnn, name.title().replace("_", ""))
        assert kind.schema == f"{name}/1"
        file = {"compare_language": "compare", "train_language": "task"}.get(name, name)
        assert kind.__module__.endswith(f".{file}")
        function = {"report": "write_report"}.get(name, name)  # boolrnn.report is the room
        assert getattr(boolrnn, function).__module__ == kind.__module__
        importlib.import_module(f"boolrnn.report.sheets.{name}")
