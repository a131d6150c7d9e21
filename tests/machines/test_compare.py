"""compare-language: equal is a proof, not equal a shortest word that both sides replay, and the float program
stands beside it."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import hardened_net, random_net

import boolrnn
from boolrnn.errors import MachineError, OptionError
from boolrnn.machines.compare import compare_language
from boolrnn.machines.extract import extract
from boolrnn.machines.machine import Machine, as_mealy
from boolrnn.model.rnn import logits, trace


def with_one_label_changed(machine, state):
    outputs = machine.outputs.copy()
    outputs[state] = 1 - outputs[state]
    return dataclasses.replace(machine, outputs=outputs)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=12)
def test_a_net_is_its_machine_and_no_machine_with_one_label_changed(seed):
    weights = hardened_net(seed, 6, 2)
    found = extract(weights)
    equal = compare_language(weights, found.machine, words=0)
    assert equal.equal is True
    assert equal.counterexample is None
    assert equal.pairs_explored == found.reachable
    last = found.minimal - 1
    other = compare_language(weights, with_one_label_changed(found.machine, last), words=0)
    assert other.equal is False
    word = found.state_access[found.state_offsets[last] : found.state_offsets[last + 1]]
    assert other.counterexample.tolist() == word.tolist()  # the shortest word that reaches the state
    assert other.label_found != other.label_expected
    program = logits(weights, trace(weights, word).hidden)[-1] if len(word) else weights.by
    assert other.label_network == str(int(program.argmax()))


def test_a_rare_word_is_found_where_samples_see_nothing():
    """A counter that is off in one of its last states: wrong on words of 12 symbols at the least."""
    size = 14
    weights = chain_net(size)
    machine = extract(weights).machine
    right = compare_language(weights, machine, words=300)
    assert (right.equal, right.sampled_right) == (True, 1.0)
    deepest = machine.states - 1
    wrong = compare_language(weights, with_one_label_changed(machine, deepest), words=300)
    assert wrong.equal is False
    assert wrong.compared_to == len(wrong.counterexample) - 1


def chain_net(size):
    """Neuron k is 1 once k + 1 symbols 1 in a row were read; of the last one the label is told."""
    wh = np.zeros((size, size), np.float32)
    wx = np.zeros((size, 2), np.float32)
    wx[0] = (-1, 1)
    for k in range(1, size):
        wh[k, k - 1] = 2
        wx[k] = (-3, -1)
    wy = np.zeros((2, size), np.float32)
    wy[0, -1], wy[1, -1] = -1, 1
    zero = np.zeros(size, np.float32)
    return boolrnn.Weights(wx=wx * 16, wh=wh * 16, bh=zero, wy=wy, by=np.array([1, 0], np.float32))


def test_two_nets_and_the_same_net_under_other_names():
    weights = hardened_net(3, 6, 2)
    named = dataclasses.replace(weights, alphabet=np.frombuffer(b"ab", np.uint8))
    swapped = dataclasses.replace(
        named, alphabet=np.frombuffer(b"ba", np.uint8), wx=np.ascontiguousarray(weights.wx[:, ::-1])
    )
    same = compare_language(named, swapped, words=0)
    assert same.equal is True
    assert "the float32 network is the other net's sign automaton on every word" in same.verdict
    third = dataclasses.replace(hardened_net(4, 6, 2), alphabet=named.alphabet)
    other = compare_language(named, third, words=50, among=[0])
    assert other.spec_kind == "net"
    assert other.sampled_against == "the sign automaton"
    with pytest.raises(MachineError, match="no symbol in common"):
        compare_language(named, dataclasses.replace(named, alphabet=np.frombuffer(b"xy", np.uint8)))


def test_the_word_of_no_symbols_can_be_left_out():
    weights = hardened_net(3, 6, 2)
    machine = extract(weights).machine
    start = machine.states  # a start of its own, with the other label
    moved = Machine(
        "moore",
        machine.alphabet,
        machine.labels,
        np.concatenate([machine.transitions, machine.transitions[:1]]),
        np.append(machine.outputs, 1 - machine.outputs[0]),
        start=start,
    )
    differs = compare_language(weights, moved, words=20)
    assert (differs.equal, differs.counterexample.tolist(), differs.compared_to) == (False, [], None)
    assert "on the word of no symbols" in differs.verdict
    same = compare_language(weights, moved, ignore_empty=True, words=20)
    assert (same.equal, same.sampled_right) == (True, 1.0)
    assert compare_language(weights, as_mealy(moved), words=20).equal is True


def test_what_is_not_decided_says_so_and_holds_nothing():
    weights = random_net(3, 40, 2, 2)
    dull = boolrnn.Weights(
        **{name: getattr(weights, name) for name in ("wx", "wh", "bh")},
        wy=np.zeros((2, 40), np.float32),
        by=np.array([1, 0], np.float32),
    )
    never = Machine("moore", ("0", "1"), ("0", "1"), np.zeros((1, 2), int), np.zeros(1, int))
    found = compare_language(dull, never, max_pairs=3000, require="equal", words=0)
    assert (found.equal, found.undecided, found.holds, found.stopped_by) == (None, True, None, "max pairs")
    assert "all words of up to" in found.verdict
    found = compare_language(dull, never, max_pairs=3000, budget=1e-9, words=0)
    assert (found.equal, found.stopped_by) == (None, "time")


def test_a_requirement_holds_or_not():
    weights = hardened_net(3, 6, 2)
    machine = extract(weights).machine
    assert compare_language(weights, machine, require="equal", words=0).holds is True
    wrong = with_one_label_changed(machine, 0)
    assert compare_language(weights, wrong, require="equal", words=0).holds is False
    assert compare_language(weights, wrong, words=0).holds is None


def test_for_whom_it_speaks_and_what_the_float_program_does():
    hard = compare_language(hardened_net(3, 6, 2), extract(hardened_net(3, 6, 2)).machine, words=100)
    assert (hard.speaks_for, hard.gain_needed, hard.parting_closed) == ("network", 1.0, True)
    assert hard.parting_word is None
    plain = random_net(3, 9, 2)
    soft = compare_language(plain, extract(plain).machine, words=100)
    assert (soft.equal, soft.speaks_for, soft.states_level) == (True, "sign_automaton", "none")
    word = soft.parting_word
    assert word is not None
    states = boolrnn.compile(plain).run(word).states[-1:]
    signs = np.where(states, 1.0, -1.0) @ plain.wy.T.astype(np.float64) + plain.by
    assert signs.argmax() != logits(plain, trace(plain, word).hidden)[-1].argmax()


def test_json_has_the_promised_fields():
    tree = compare_language(random_net(3, 5, 2), random_net(4, 5, 2), words=10).to_json()
    assert {"equal", "counterexample", "pairs_explored"} <= set(tree)
    assert {"sampled", "float_and_signs", "certificate"} <= set(tree)
    json.dumps(tree, allow_nan=False)


def test_specifications_that_do_not_fit_are_refused():
    weights = dataclasses.replace(hardened_net(3, 5, 2), alphabet=np.frombuffer(b"ab", np.uint8))
    step = np.zeros((1, 2), int)
    with pytest.raises(
        MachineError, match=r"symbol '0' of the machine is none of the net's 2 symbols \(a b\)"
    ):
        compare_language(weights, Machine("moore", ("0", "1"), ("0", "1"), step, np.zeros(1, int)))
    with pytest.raises(
        MachineError, match=r"labels of the specification \(yes, no\) and of the net \(0, 1\)"
    ):
        compare_language(weights, Machine("moore", ("a", "b"), ("yes", "no"), step, np.zeros(1, int)))
    with pytest.raises(MachineError, match="symbol 1 of the net is none of the machine's"):
        compare_language(
            weights, Machine("moore", ("a",), ("0", "1"), step[:, :1], np.zeros(1, int)), among=[0, 1]
        )
    for options in ({"require": "same"}, {"max_pairs": 0}, {"words": -1}, {"budget": 0.0}, {"memory": "x"}):
        with pytest.raises(OptionError):
            compare_language(weights, weights, **options)


def test_a_text_is_read_as_a_specification():
    weights = dataclasses.replace(hardened_net(3, 5, 2), alphabet=np.frombuffer(b"ab", np.uint8))
    assert compare_language(weights, "[ab]*", words=0).spec_states == 1


def test_an_interrupted_comparison_says_how_far_it_came(monkeypatch):
    weights = hardened_net(3, 8, 2)
    machine = extract(weights).machine

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("boolrnn.machines.product._OfMachine.of", interrupt)
    found = compare_language(weights, machine)
    assert (found.equal, found.interrupted, found.stopped_by) == (None, True, "Ctrl-C")
    assert found.sampled_right is None


def test_labels_that_are_names_of_symbols():
    """A net that predicts one of its own symbols, against a machine whose labels are these symbols."""
    weights = dataclasses.replace(hardened_net(3, 5, 2), alphabet=np.frombuffer(b"ab", np.uint8))
    machine = extract(weights, outputs="symbol").machine
    assert machine.labels == ("a", "b")
    assert compare_language(weights, machine, words=0).equal is True
