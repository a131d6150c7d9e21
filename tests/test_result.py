"""Results: what their JSON looks like, and that they survive saving."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import boolrnn
from boolrnn.errors import ResultError
from boolrnn.result import MadeBy, Result, named, write_whole


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Example(Result):
    """A result with one field of every kind."""

    schema = "example/1"

    plain: int
    inner_a: float | None = named("inner.a")
    inner_b: int | None = named("inner.b")
    gone: float | None = named("absent.value")
    t: np.ndarray = named("rows.t")
    deep: np.ndarray = named("rows.deep.value")
    members: np.ndarray = named("groups.members")
    offsets: np.ndarray = named("groups.offsets")
    state: np.ndarray = named("state", hexed=True)
    kept: np.ndarray = named("kept", quiet=True)


def example(**changes):
    fields = {
        "plain": 3,
        "inner_a": float("nan"),
        "inner_b": 2,
        "gone": None,
        "t": np.array([0, 1]),
        "deep": np.array([[0.5, np.inf], [1.5, 2.5]]),
        "members": np.array([4, 5, 6]),
        "offsets": np.array([0, 2, 2, 3]),
        "state": np.array([True, False, False, False, True]),
        "kept": np.zeros(2),
    }
    return Example(**(fields | changes))


def test_json_nests_records_groups_and_nulls():
    made = MadeBy(command="boolrnn example", inputs={"a": "b"}, seed=5)
    tree = dataclasses.replace(example(), made_by=made).to_json()
    assert list(tree)[:2] == ["schema", "made_by"]
    assert tree.pop("made_by") == {
        "version": boolrnn.__version__,
        "command": "boolrnn example",
        "inputs": {"a": "b"},
        "seed": 5,
    }
    assert json.loads(json.dumps(tree, allow_nan=False)) == {
        "schema": "example/1",
        "plain": 3,
        "inner": {"a": None, "b": 2},
        "absent": None,
        "rows": [{"t": 0, "deep": {"value": [0.5, None]}}, {"t": 1, "deep": {"value": [1.5, 2.5]}}],
        "groups": [[4, 5], [], [6]],
        "state": "0x11",
    }


def test_ragged_records_nest():
    """Records of records: each level is flat columns, its `offsets` say where the groups begin."""

    @dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
    class Deep(Result):
        t: np.ndarray = named("positions.t")
        neuron: np.ndarray = named("positions.neurons.neuron")
        offsets: np.ndarray = named("positions.neurons.offsets")
        source: np.ndarray = named("positions.neurons.sources.neuron")
        value: np.ndarray = named("positions.neurons.sources.value")
        cuts: np.ndarray = named("positions.neurons.sources.offsets")

    tree = Deep(
        t=np.array([3, 4, 9]),
        neuron=np.array([7, 8, 6]),
        offsets=np.array([0, 2, 2, 3]),
        source=np.array([1, 2, 5]),
        value=np.array([0.5, np.nan, 2.0]),
        cuts=np.array([0, 0, 2, 3]),
    ).to_json()
    first = {"neuron": 8, "sources": [{"neuron": 1, "value": 0.5}, {"neuron": 2, "value": None}]}
    assert tree["positions"] == [
        {"t": 3, "neurons": [{"neuron": 7, "sources": []}, first]},
        {"t": 4, "neurons": []},
        {"t": 9, "neurons": [{"neuron": 6, "sources": [{"neuron": 5, "value": 2.0}]}]},
    ]


def test_saved_results_load_with_every_bit(tmp_path):
    before = example()
    before.save(tmp_path / "r")
    after = Result.load(tmp_path / "r")
    assert isinstance(after, Example)
    assert after.to_json() == before.to_json()
    assert (after.kept == before.kept).all()
    before.save(tmp_path / "r")  # saving again replaces


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        example().t[0] = 1


def test_bad_results_are_refused(tmp_path, embedded):
    with pytest.raises(ResultError, match="not found"):
        Result.load(tmp_path)
    folder = tmp_path / "r"
    example().save(folder)
    with pytest.raises(ResultError, match="schema 'example/1' is unknown here; known: agreement/1"):
        boolrnn.Agreement.load(folder)
    text = (folder / "result.json").read_text()
    (folder / "result.json").write_text(text.replace("example/1", "example/9"))
    with pytest.raises(ResultError, match=r"example/9.*known: .*automaton/1.*run/1"):
        Result.load(folder)
    (folder / "result.json").write_text(text[:40])
    with pytest.raises(ResultError, match="cannot be read"):
        Result.load(folder)
    (folder / "result.json").write_text(text)
    (folder / "arrays.npz").write_bytes(b"PK no")
    with pytest.raises(ResultError, match="is not the file that result.json names"):
        Result.load(folder)


def test_saving_never_touches_a_folder_of_other_things(tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(ResultError, match="holds no result.json"):
        example().save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["diary.txt"]
    with pytest.raises(ResultError, match="is no directory"):
        example().save(tmp_path / "diary.txt")


def test_writing_leaves_nothing_behind_when_it_fails(tmp_path):
    with pytest.raises(ResultError, match="cannot be written"):
        write_whole(tmp_path / "no" / "file", b"x")
    (tmp_path / "taken").mkdir()
    with pytest.raises(ResultError, match="cannot be written"):
        write_whole(tmp_path / "taken", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    (tmp_path / "f").write_bytes(b"before")

    def fail(source, target):
        assert Path(source).read_bytes() == b"after"
        assert Path(target).read_bytes() == b"before"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(ResultError, match="No space left"):
        write_whole(tmp_path / "f", b"after")
    assert (tmp_path / "f").read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_every_result_of_a_verb_survives_saving(tmp_path, embedded):
    weights, symbols = embedded
    part = symbols[:40]
    source, _ = boolrnn.embedded_pair()
    results = [
        boolrnn.info(source, part),
        boolrnn.compile(weights, part),
        boolrnn.step(weights, 3),
        boolrnn.run(weights, part, margins="all"),
        boolrnn.rule(weights, 3, 4),
        boolrnn.predict(weights, part),
        boolrnn.margins(weights, part),
        boolrnn.agreement(weights, part),
        boolrnn.certify(weights, part, outputs=True),
        boolrnn.harden(weights, part, largest=1, epochs=0),
        boolrnn.construct(b"<a>b</a>", groups=2, bits=3),
    ]
    for result in results:
        folder = tmp_path / result.schema.replace("/", "_")
        result.save(folder)
        assert Result.load(folder).to_json() == result.to_json()
