"""Machine: validated once, runs words, and is written and read without loss."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_machines import random_machine

from boolrnn.errors import MachineError
from boolrnn.machines.machine import Machine, as_mealy, as_moore, read_machine

PARITY = Machine("moore", ("0", "1"), ("0", "1"), np.array([[0, 1], [1, 0]]), np.array([0, 1]))


def test_a_moore_machine_labels_every_prefix():
    assert PARITY.run([1, 1, 0, 1]).tolist() == [0, 1, 0, 0, 1]
    assert PARITY.run([]).tolist() == [0]


@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_a_machine_file_keeps_everything(tmp_path_factory, seed, moore, partial):
    machine = random_machine(seed, 5, 3, moore=moore, partial=partial)
    path = tmp_path_factory.mktemp("m") / "m.json"
    machine.write(path, note="stands beside it")
    again = read_machine(path)
    assert again.same_as(machine)
    assert again.to_json() == machine.to_json()
    assert json.loads(path.read_text())["note"] == "stands beside it"


@given(st.integers(0, 10**6), st.lists(st.integers(0, 2), max_size=12), st.booleans())
def test_mealy_and_moore_forms_give_the_same_labels(seed, word, partial):
    machine = random_machine(seed, 4, 3, moore=False, partial=partial)
    moore = as_moore(machine)
    assert moore.kind == "moore"
    assert moore.run(word).tolist()[1:] == machine.run(word).tolist()
    assert as_mealy(moore).run(word).tolist() == machine.run(word).tolist()
    assert not (moore.transitions == moore.start).any()  # nothing leads back to the start


@given(st.integers(0, 10**6), st.integers(1, 7))
def test_the_same_machine_under_other_numbers(seed, states):
    machine = random_machine(seed, states, 2)
    rng = np.random.default_rng(seed)
    order = rng.permutation(machine.states)
    shuffled = machine.renumbered(order)
    assert shuffled.same_as(machine)
    flipped = Machine(
        "moore", machine.alphabet, machine.labels, machine.transitions, 1 - machine.outputs, machine.start
    )
    assert not flipped.same_as(machine)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "other"}, "kind 'other'"),
        ({"alphabet": ("0", "0")}, "'0' stands in it twice"),
        ({"alphabet": ()}, "needs a state"),
        ({"transitions": np.array([[0, 2], [1, 0]])}, "transitions: 2 at state 0, symbol number 1"),
        ({"outputs": np.array([0, -1])}, "outputs: -1 at state 1, expected 0..1"),
        ({"outputs": np.array([0])}, "outputs: shape"),
        ({"transitions": np.array([[0, 1, 1]])}, "transitions: shape"),
        ({"start": 2}, "start 2"),
        ({"transitions": np.array([[0.0, 1.0], [1.0, 0.0]])}, "expected integers"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, message):
    parts = {
        "kind": "moore",
        "alphabet": ("0", "1"),
        "labels": ("0", "1"),
        "transitions": PARITY.transitions,
        "outputs": PARITY.outputs,
        "start": 0,
    }
    with pytest.raises(MachineError, match=message):
        Machine(**(parts | change))


def test_a_mealy_output_stands_with_its_transition():
    with pytest.raises(MachineError, match="state 0, symbol 'b'"):
        Machine("mealy", ("a", "b"), ("x",), np.array([[0, -1]]), np.array([[0, 0]]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[]", "no object"),
        ('{"schema": "dwell/1"}', "schema 'dwell/1' holds no machine"),
        ('{"kind": "moore"}', "no alphabet"),
        ('{"schema": "machine/2", "kind": "moore"}', "holds no machine, expected machine/1"),
        (json.dumps(PARITY.to_json() | {"transitions": [[0, 1], [1]]}), "transitions: "),
        (json.dumps(PARITY.to_json() | {"transitions": [[0, 1.5], [1, 0]]}), "transitions: 1.5"),
        (json.dumps(PARITY.to_json() | {"transitions": [[0, 10**30], [1, 0]]}), "transitions: "),
        (json.dumps(PARITY.to_json() | {"outputs": [0, True]}), "outputs: True"),
        (json.dumps(PARITY.to_json() | {"start": "0"}), "start '0'"),
        (json.dumps(PARITY.to_json() | {"transitions": None}), "transitions: None, expected a list"),
        (json.dumps(PARITY.to_json() | {"outputs": 7}), "outputs: 7, expected a list"),
        (json.dumps(PARITY.to_json() | {"labels": ["x", "x\0"]}), "labels: .*NUL at its end"),
        (json.dumps(PARITY.to_json() | {"alphabet": "01"}), "alphabet: expected a list"),
        (json.dumps(PARITY.to_json() | {"labels": [0, 1]}), "labels: 0, expected names"),
    ],
)
def test_files_that_hold_no_machine_are_refused_with_the_place(tmp_path, text, message):
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(MachineError, match=message) as refused:
        read_machine(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(MachineError, match="cannot be read"):
        read_machine(tmp_path / "absent.json")


def test_words_outside_the_alphabet_are_refused():
    with pytest.raises(MachineError, match="symbol 2: expected 0..1"):
        PARITY.run([0, 2])
