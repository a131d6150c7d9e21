"""The automaton: one contract for every size and route, and its file."""

import dataclasses
import json

import numpy as np
import pytest
from nets import adversarial_net, exact_z, random_net, text_of

import boolrnn
from boolrnn.errors import ResultError, StateError, TextError, WeightsError

SHAPES = [(1, 1), (1, 2), (7, 5), (16, 2), (33, 9)]


@pytest.fixture(params=["random", "adversarial 45", "adversarial 60", "adversarial 277"])
def make(request):
    kind, *spread = request.param.split()

    def build(seed, hidden, symbols):
        if kind == "random":
            return random_net(seed, hidden, symbols)
        return adversarial_net(seed, hidden, symbols, int(spread[0]))

    return build


@pytest.mark.parametrize(("hidden", "symbols"), SHAPES)
def test_a_run_is_the_definition_step_by_step(make, hidden, symbols):
    weights = make(hidden, hidden, symbols)
    automaton = boolrnn.compile(weights)
    text = text_of(hidden, 40, symbols)
    for initial in (None, np.zeros(hidden, bool)):
        run = automaton.run(text, initial)
        state = initial
        for t, x in enumerate(text):
            exact = exact_z(weights, state, x)
            state = np.array([value >= 0 for value in exact])
            assert (run.states[t] == state).all()
            assert run.margins[t] == pytest.approx([float(abs(v)) for v in exact], rel=2**-50, abs=0)
        assert (np.sign(run.z()) * run.margins == run.z()).all()
        assert (run.z(5, 9) == run.z()[5:9]).all()


@pytest.mark.parametrize(("hidden", "symbols"), SHAPES)
def test_many_states_at_once_equal_one_at_a_time(make, hidden, symbols):
    automaton = boolrnn.compile(make(3, hidden, symbols))
    rng = np.random.default_rng(0)
    states, text = rng.random((20, hidden)) < 0.5, text_of(1, 20, symbols)
    bits, margins = automaton.step(states, text)
    for b in range(20):
        one, margin = automaton.step(states[b : b + 1], text[b : b + 1])
        assert (one[0] == bits[b]).all()
        assert (margin[0] == margins[b]).all()


@pytest.mark.parametrize(("hidden", "symbols"), SHAPES)
def test_bounds_hold_in_every_state_and_are_reached(make, hidden, symbols):
    weights = make(5, hidden, symbols)
    automaton = boolrnn.compile(weights)
    for i in range(hidden):
        best = weights.wh[i] > 0
        for x in range(symbols):
            high, low = exact_z(weights, best, x)[i], exact_z(weights, ~best, x)[i]
            assert np.nextafter(float(low), -np.inf) <= automaton.low[i, x] <= low
            assert high <= automaton.high[i, x] <= np.nextafter(float(high), np.inf)
            assert automaton.forced[i, x] == (1 if low >= 0 else 0 if high < 0 else -1)


@pytest.mark.parametrize("with_text", [False, True])
def test_the_file_keeps_every_bit_and_annotation(tmp_path, make, with_text):
    weights = dataclasses.replace(make(2, 9, 3), alphabet=np.frombuffer(b"abc", np.uint8))
    automaton = boolrnn.compile(weights, text_of(0, 50, 3) if with_text else None)
    automaton.write(tmp_path / "a.npz")
    again = boolrnn.read_automaton(tmp_path / "a.npz")
    assert again.to_json() == automaton.to_json()
    assert again.weights.sha256() == weights.sha256()
    assert boolrnn.read_weights(tmp_path / "a.npz").sha256() == weights.sha256()
    assert (again.least_margin is not None) == with_text


def test_a_doctored_file_is_refused(tmp_path):
    automaton = boolrnn.compile(random_net(1))
    low = automaton.low.copy()
    low[2, 1] += 1
    dataclasses.replace(automaton, low=low).write(tmp_path / "a.npz")
    with pytest.raises(ResultError, match="low does not belong to the weights"):
        boolrnn.read_automaton(tmp_path / "a.npz")
    with pytest.raises(ResultError, match=r"ends in \.npz"):
        automaton.write(tmp_path / "a.bin")
    boolrnn.write_weights(automaton.weights, tmp_path / "w.npz")
    with pytest.raises(ResultError, match="no compiled automaton but weights"):
        boolrnn.read_automaton(tmp_path / "w.npz")
    with pytest.raises(WeightsError, match="cannot be read"):
        boolrnn.read_automaton(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("least_margin", np.zeros(1), "least_margin is nothing|damaged automaton file"),
        ("least_margin", np.full((7, 5), -7.0), "least_margin is nothing|damaged automaton file"),
        ("least_margin", np.array(["a"]), "least_margin is nothing|damaged automaton file"),
        ("least_flips", np.zeros((7, 5)), "least_flips is nothing|damaged automaton file"),
        ("least_flips", np.full((7, 5), 999), "least_flips is nothing|damaged automaton file"),
        ("scalars", np.array('{"hidden": 7}'), "damaged automaton file"),
        ("scalars", np.array("[]"), "damaged automaton file"),
        ("made_by", np.array("null"), "damaged automaton file"),
        ("folded", np.zeros((7, 5)), "folded is nothing|damaged automaton file"),
        ("scalars", np.array("[" * 100_000), "damaged automaton file"),
        ("wx", None, "missing tensor wx"),
    ],
)
def test_what_no_text_could_have_shown_is_refused(tmp_path, name, value, says):
    path = tmp_path / "a.npz"
    boolrnn.compile(random_net(1), text_of(1, 30, 5)).write(path)
    with np.load(path) as archive:
        parts = {n: archive[n] for n in archive.files} | {name: value}
    np.savez(path, **{n: v for n, v in parts.items() if v is not None})
    with pytest.raises((ResultError, WeightsError), match=says) as error:
        boolrnn.read_automaton(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("terms", [-1_000_000, 0, 3, 10**400, None, True])
def test_terms_that_no_file_folds_are_refused(tmp_path, terms):
    automaton = boolrnn.compile(random_net(1))
    path = tmp_path / "a.npz"
    automaton.write(path)
    with np.load(path) as archive:
        parts = {n: archive[n] for n in archive.files}
    scalars = json.loads(str(parts["scalars"])) | {"folded_terms": terms}
    if terms != 3:
        scalars.pop("folded")
        parts["folded"] = np.full((7, 5), 1e9)
    np.savez(path, **(parts | {"scalars": np.array(json.dumps(scalars))}))
    with pytest.raises(ResultError, match="folded_terms is nothing|damaged automaton file"):
        boolrnn.read_automaton(path)


def test_states_are_bits_or_signs():
    automaton = boolrnn.compile(random_net(2))
    bits = np.array([[True, False, True, True, False, False, True]])
    expected, _ = automaton.step(bits, np.array([1]))
    for same in (bits.astype(int), np.where(bits, 1, -1), np.where(bits, 1.0, -1.0)):
        assert (automaton.step(same, np.array([1]))[0] == expected).all()
        assert (boolrnn.step(automaton, 1, same[0]).next == expected[0]).all()
        assert (automaton.run(np.array([1]), same[0]).states[0] == expected[0]).all()
    for other in (bits * 2, np.where(bits, 1, -1) * np.array([[0, 1, 1, 1, 1, 1, 1]]), bits * 0.5):
        with pytest.raises(StateError, match="expected bools"):
            automaton.step(other, np.array([1]))


def test_what_does_not_fit_is_refused():
    automaton = boolrnn.compile(random_net(1, hidden=4, symbols=3))
    with pytest.raises(TextError, match="symbol 3 at position 1 is outside 0..2"):
        automaton.run(np.array([0, 3]))
    with pytest.raises(TextError, match="empty text"):
        automaton.run(np.array([], int))
    with pytest.raises(StateError, match="initial"):
        automaton.run(np.array([0]), np.zeros(5, bool))
    with pytest.raises(StateError, match="states"):
        automaton.step(np.zeros((2, 4), bool), np.array([0]))


def test_the_start_uses_the_drive_alone():
    weights = random_net(3)
    run = boolrnn.compile(weights).run(np.array([2, 2]))
    drive = weights.bh.astype(float) + weights.wx[:, 2]
    assert (run.states[0] == (drive >= 0)).all()
    assert run.margins[0].tolist() == np.abs(drive).tolist()
