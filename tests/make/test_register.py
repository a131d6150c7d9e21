"""The shift register: its states are the automaton's, its float32 program too, and it holds what is said."""

import dataclasses

import numpy as np
import pytest
from nets import text_of

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.make import register as room
from boolrnn.make.body import BODIES, body
from boolrnn.make.codes import mixed_hash
from boolrnn.make.register import decoded_groups, published_register, register

REGISTERS = [name for name in BODIES if name != "contexts"]
SIZES = [(1, 1, 1), (1, 3, 2), (2, 1, 1), (3, 4, 3), (7, 2, 5), (60, 3, 16)]  # V, groups, bits


def values_of(symbols):
    return np.arange(40, 40 + symbols).astype(np.uint8)  # 256 of them begin anew at 0


def dense(features):
    return features if isinstance(features, np.ndarray) else 2 * features.toarray() - 1


@pytest.mark.parametrize("name", REGISTERS)
@pytest.mark.parametrize(("symbols", "groups", "bits"), SIZES)
def test_states_are_those_of_the_automaton_and_of_the_float32_program(name, symbols, groups, bits):
    text = text_of(1, 40, symbols)
    made = body(name, values_of(symbols), text, groups=groups, bits=bits, seed=3)
    proof = boolrnn.certify(made.net)
    assert (proof.level, proof.form) == ("certified_always", "bit-exact")
    assert proof.min_margin >= 16
    states = boolrnn.compile(made.net).run(text).states
    found = made.features(text)
    assert found.dtype == np.float32
    assert found.shape == (39, made.net.hidden)
    assert (dense(found) == np.where(states[:-1], 1, -1)).all()
    assert (np.concatenate([part for _, part in made.states(text)]) == states).all()
    assert (boolrnn.trace(made.net, text[:9]).hidden == np.where(states[:9], 1, -1)).all()
    assert made.net.hidden == groups * (symbols if name == "onehot" else bits)
    assert made.distinct == len(np.unique(made.net.wx, axis=1).T)
    assert made.decoded(text) == (groups * (39 - groups),) * 2


@pytest.mark.parametrize("name", REGISTERS)
def test_all_byte_values(name):
    text = np.concatenate([np.arange(256), text_of(2, 40, 256)])
    groups = 1 if name == "onehot" else 2
    made = body(name, values_of(256), text, groups=groups, bits=8)
    assert boolrnn.certify(made.net).level == "certified_always"
    assert (dense(made.features(text)) > 0).tolist() == boolrnn.compile(made.net).run(
        text[:-1]
    ).states.tolist()
    told = (
        256
        if name not in ("mixed", "parity", "semantic", "hybrid")
        else len(np.unique(made.net.wx.T, axis=0))
    )
    assert made.distinct == {"mixed": 170, "parity": 2, "semantic": 7}.get(name, told)


def test_the_state_spells_the_last_symbols():
    text, values = text_of(1, 50, 20), values_of(20)
    spelling = mixed_hash(values, 6)
    states = boolrnn.compile(register(spelling, 4, values)).run(text).states
    for t in range(50):
        for g in range(4):
            held = states[t, 6 * g : 6 * (g + 1)]
            assert (held == (spelling[text[t - g]] if g <= t else True)).all()


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_long_texts_are_worked_through_in_parts(rows, monkeypatch):
    text = text_of(1, 30, 9)
    made = [body(name, values_of(9), text, groups=4, bits=3) for name in ("mixed", "semantic")]
    whole = [(each.features(text), each.decoded(text)) for each in made]
    monkeypatch.setattr(room, "ROWS", rows)
    monkeypatch.setattr(room, "STATES", rows * 12)
    for each, (features, decoded) in zip(made, whole):
        assert (each.features(text) == features).all()
        assert each.decoded(text) == decoded == (4 * 25, 4 * 25)
        assert [first for first, _ in each.states(text)] == list(range(0, 30, rows))


@pytest.mark.parametrize("several", [False, True])
def test_a_wrong_copy_is_found(several):
    text = text_of(4, 60, 8)
    made = body("mixed", values_of(8), text, groups=3, bits=4)
    wh = made.net.wh.copy()
    wh[9, 5] = 0  # group 2 no longer copies bit 1
    if several:  # rows of more than one weight are run by the general engine
        wh[9, [3, 4]] = 16
    net = dataclasses.replace(made.net, wh=wh)
    wrong = dataclasses.replace(made, net=net)
    states = boolrnn.compile(net).run(text).states
    assert (np.concatenate([part for _, part in wrong.states(text)]) == states).all()
    right, checked = wrong.decoded(text)
    assert checked == 3 * 56
    spelling = mixed_hash(values_of(8), 4)
    plain = sum(
        (states[t, 4 * g : 4 * g + 4] == spelling[text[t - g]]).all() for t in range(3, 59) for g in range(3)
    )
    assert right == plain == decoded_groups(states, spelling, text, 3)[0] < checked


@pytest.mark.parametrize("length", [1, 2, 3, 5])
@pytest.mark.parametrize("name", ["mixed", "onehot", "hybrid"])
def test_short_texts(name, length):
    text = text_of(1, length, 3)
    made = body(name, values_of(3), text, groups=4, bits=2)
    states = boolrnn.compile(made.net).run(text).states
    assert (dense(made.features(text)) == np.where(states[:-1], 1, -1)).all()
    assert made.decoded(text) == (0, 0)


def test_the_published_register_holds_the_published_groups(seed_folder):
    data = (seed_folder / "enwik_1024.txt").read_bytes()
    text, values = np.frombuffer(data, np.uint8).astype(np.int64), np.arange(256, dtype=np.uint8)
    spelling = mixed_hash(values, 8)
    states = boolrnn.trace(published_register(spelling, 16, values), text).bits
    assert decoded_groups(states, spelling, text, 16) == (16112, 16112)
    assert decoded_groups(states[:-1], spelling, text, 16) == (16112, 16112)
    assert body("mixed", values, text, groups=16, bits=8).decoded(text) == (16112, 16112)


def test_the_published_register_on_any_text():
    text, values = text_of(3, 50, 5), values_of(5)
    spelling = mixed_hash(values, 4)
    net = published_register(spelling, 3, values)
    assert set(np.unique(net.wx)) == {-10, 0, 10}
    assert set(np.unique(net.wh)) == {0, 5}
    assert not net.bh.any()
    assert not net.wx[4:].any()
    run = boolrnn.trace(net, text)
    assert decoded_groups(run.bits, spelling, text, 3) == (3 * 46, 3 * 46)
    assert not run.hidden[0, 4:].any()


def test_codes_are_chosen_by_the_training_part_alone():
    text = text_of(1, 200, 30)
    for name in ("splits", "spread"):
        made = body(name, values_of(30), text[:20], groups=2, bits=5, seed=1)
        again = body(name, values_of(30), text[:20], groups=2, bits=5, seed=1)
        assert made.net.sha256() == again.net.sha256()
        assert boolrnn.compile(made.net).run(text).states.shape == (200, 10)


def test_contexts_are_a_body_too():
    text = text_of(1, 80, 3)
    made = body("contexts", values_of(3), text, groups=2, bits=4)
    assert (made.groups, made.net.hidden <= 8) == (2, True)
    assert (
        dense(made.features(text)) == np.where(boolrnn.compile(made.net).run(text).states[:-1], 1, -1)
    ).all()


def test_refusals():
    text, values = text_of(1, 9, 3), values_of(3)
    with pytest.raises(OptionError, match="expected one of mixed, .*, contexts"):
        body("guess", values, text, groups=1, bits=1)
    for groups, bits in ((0, 1), (1, 0)):
        with pytest.raises(OptionError, match=f"{groups} groups of {bits} bits"):
            body("mixed", values, text, groups=groups, bits=bits)
    made = body("mixed", values, text, groups=1, bits=1)
    for method in (made.features, made.decoded, body("onehot", values, text, groups=1, bits=1).features):
        with pytest.raises(TextError, match="symbol 3 at position 1"):
            method(np.array([0, 3]))
