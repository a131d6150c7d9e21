"""extract: the sizes of the minimal machines by table filling, the machine itself, and for whom it speaks."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net
from small_machines import naive_label, naive_minimal, naive_states

import boolrnn
from boolrnn.errors import OptionError, ResultError, TextError
from boolrnn.machines.extract import extract
from boolrnn.machines.machine import read_machine
from boolrnn.model.rnn import logits, trace


@given(
    seed=st.integers(0, 10**6),
    hidden=st.sampled_from([1, 2, 4]),
    symbols=st.sampled_from([1, 2, 3]),
    outputs=st.sampled_from([1, 2, 3]),
    adversarial=st.booleans(),
)
@settings(max_examples=40)
def test_sizes_are_those_of_table_filling(seed, hidden, symbols, outputs, adversarial):
    weights = random_net(seed, hidden, symbols, outputs)
    if adversarial:
        weights = adversarial_net(seed, hidden, symbols, 30)
    found = extract(weights)
    order, _ = naive_states(weights, range(symbols))
    assert found.complete
    assert found.reachable == len(order)
    assert found.minimal == naive_minimal(weights, range(symbols)) == found.minimal_at_least
    assert found.minimal_mealy == naive_minimal(weights, range(symbols), mealy=True)
    assert found.replayed == len(order) * symbols


@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["moore", "mealy"]))
@settings(max_examples=25)
def test_the_machine_gives_the_automatons_labels(seed, kind):
    weights = random_net(seed, 6, 2, 3)
    found = extract(weights, kind=kind)
    machine, rng = found.machine, np.random.default_rng(seed)
    assert machine.states == (found.minimal if kind == "moore" else found.minimal_mealy)
    assert found.state_merged.sum() == found.reachable
    for length in (0, 1, 2, 5, 40):
        word = rng.integers(0, 2, length)
        states = boolrnn.compile(weights).run(word).states.tolist() if length else []
        wanted = [str(naive_label(weights, state)) for state in [None, *states]]
        told = [machine.labels[k] for k in machine.run(word)]
        assert told == (wanted if kind == "moore" else wanted[1:])


def test_access_words_and_examples_lead_to_their_states():
    weights = hardened_net(3, 9, 2)
    found = extract(weights)
    automaton = boolrnn.compile(weights)
    offsets = found.state_offsets
    for n in range(found.minimal):
        word = found.state_access[offsets[n] : offsets[n + 1]]
        node = found.machine.start
        for x in word:
            node = found.machine.transitions[node, x]
        assert node == n
        if len(word):
            run = automaton.run(word)
            assert found.state_example[n] == boolrnn.bits.to_hex(run.states[-1:])[0]
        else:
            assert found.state_example[n] == "start"


def test_of_very_many_states_the_links_are_left(monkeypatch):
    whole = extract(hardened_net(3, 9, 2))
    monkeypatch.setattr("boolrnn.machines.extract.LISTED", 10)
    monkeypatch.setattr("boolrnn.machines.extract.SPELLED", 10)
    found = extract(hardened_net(3, 9, 2))
    assert found.minimal > 10
    assert (found.state_example, found.state_access, found.state_offsets) == (None, None, None)
    for n in range(found.minimal):
        word, state = [], n
        while found.state_before[state] >= 0:
            word.append(found.state_symbol[state])
            state = found.state_before[state]
        assert word[::-1] == whole.state_access[slice(*whole.state_offsets[n : n + 2])].tolist()
    assert set(found.to_json()["states"][0]) == {"state", "merged", "before", "symbol"}
    assert len(boolrnn.sheet(found).tables[-1].rows) == found.minimal


def test_a_network_it_speaks_for_has_its_labels():
    weights = hardened_net(3, 9, 2)
    found = extract(weights)
    assert found.speaks_for == "network"
    assert found.verdict.startswith("The float32 network is this Moore machine")
    rng = np.random.default_rng(1)
    for _ in range(30):
        word = rng.integers(0, 2, 30)
        told = logits(weights, trace(weights, word).hidden).argmax(axis=1)
        assert found.machine.run(word)[1:].tolist() == told.tolist()


def test_a_plain_net_is_not_spoken_for():
    found = extract(random_net(3, 9, 2))
    assert found.speaks_for == "sign_automaton"
    assert "the float network is not certified to be" in found.verdict


@pytest.mark.parametrize("most", [1, 2, 3, 50, 337])
def test_a_cap_that_is_reached_proves_nothing_but_a_lower_bound(most):
    weights = hardened_net(3, 12, 2)
    whole = extract(weights)
    found = extract(weights, max_states=most)
    assert whole.reachable == 338 > most
    assert (found.complete, found.undecided, found.stopped_by) == (False, True, "max states")
    assert (found.minimal, found.minimal_mealy, found.machine) == (None, None, None)
    assert 1 <= found.minimal_at_least <= whole.minimal
    assert found.to_json()["machine"] is None
    assert found.speaks_for == "sign_automaton" or found.states_level == "certified_always"
    with pytest.raises(OptionError, match=r"no machine to write \(max states\)"):
        found.write("m.json")
    assert extract(weights, max_states=338).complete


def test_a_stopped_enumeration_goes_on_from_its_checkpoint(tmp_path):
    weights, path = random_net(3, 18, 2, 2), tmp_path / "kept"
    part = extract(weights, max_states=500, checkpoint=path)
    assert part.reachable == 500
    found, fresh = extract(weights, checkpoint=path), extract(weights)
    assert found.complete
    assert found.to_json() | {"seconds": 0} == fresh.to_json() | {"seconds": 0}
    again = extract(weights, checkpoint=path, outputs="sign:1")  # the states are known, the labels are others
    assert again.reachable == found.reachable
    with pytest.raises(ResultError, match="a checkpoint of an enumeration with other input"):
        extract(random_net(4, 18, 2, 2), checkpoint=path)


def test_the_states_on_a_text_are_those_of_the_run():
    weights = random_net(5, 40, 3)
    text = np.random.default_rng(1).integers(0, 3, 200) % 2
    found = extract(weights, text)
    states = boolrnn.compile(weights).run(text).states
    assert found.reachable == 1 + len({row.tobytes() for row in states})
    assert found.among.tolist() == [0, 1]
    told = found.machine.run(text)
    wanted = [naive_label(weights, state) for state in [None, *states.tolist()]]
    assert [found.machine.labels[k] for k in told] == [str(k) for k in wanted]
    assert not found.machine.complete
    assert found.scope == "the text of 200 symbols"


def test_more_states_on_a_text_than_allowed_are_not_known():
    text = np.random.default_rng(1).integers(0, 2, 50)
    whole = extract(random_net(5, 40, 2), text)
    found = extract(random_net(5, 40, 2), text, max_states=whole.reachable - 1)
    assert (found.complete, found.stopped_by, found.machine) == (False, "max states", None)
    assert extract(random_net(5, 40, 2), text, max_states=whole.reachable).complete


def test_a_part_keeps_what_its_file_adds_up():
    """A file with two biases adds more than bh + wx: a certificate of a part has to count it too."""
    weights = hardened_net(3, 4, 2)
    zeros = np.zeros((8, 8), np.float32)
    zeros[:4, :4] = zeros[4:, 4:] = weights.wh
    both = boolrnn.Weights(
        wx=np.concatenate([weights.wx] * 2),
        wh=zeros,
        bh=np.concatenate([weights.bh] * 2),
        wy=np.zeros((2, 8), np.float32),
        by=weights.by,
        folded=np.full((8, 2), 1e30),
        folded_terms=3,
    )
    found = extract(both, neurons=[0, 1, 2, 3])
    assert found.speaks_for == "sign_automaton"
    plain = dataclasses.replace(both, folded=None, folded_terms=0)
    assert extract(plain, neurons=[0, 1, 2, 3]).speaks_for == "network"


def test_a_text_can_be_certified_where_other_words_are_not():
    weights, text = random_net(4, 5, 2), np.array([0, 1, 1, 0, 1])
    assert extract(weights, text).speaks_for == "sign_automaton"
    gain = 30
    scaled = {name: (getattr(weights, name) * gain).astype(np.float32) for name in ("wx", "wh", "bh")}
    wide = boolrnn.Weights(**scaled, wy=weights.wy, by=weights.by)
    found = extract(wide, text)
    assert (found.speaks_for, found.states_level) == ("network", "certified_text")
    assert extract(wide).speaks_for == "sign_automaton"
    told = logits(wide, trace(wide, text).hidden).argmax(axis=1)
    machine = found.machine
    assert [machine.labels[k] for k in machine.run(text)[1:]] == [str(k) for k in told]


@given(seed=st.integers(0, 10**6), word=st.lists(st.integers(0, 2), min_size=1, max_size=4))
@settings(max_examples=15)
def test_a_word_that_is_read_for_ever(seed, word):
    weights = random_net(seed, 7, 3)
    found = extract(weights, word=word)
    long = np.tile(word, 300)
    states = boolrnn.compile(weights).run(long).states
    assert found.reachable == 1 + len({row.tobytes() for row in states})
    told = found.machine.run(np.searchsorted(found.among, long))
    wanted = [str(naive_label(weights, state)) for state in states.tolist()]
    assert [found.machine.labels[k] for k in told[1:]] == wanted


def test_an_orbit_that_is_longer_than_allowed_is_not_known():
    found = extract(random_net(5, 14, 2), word=[0, 1], max_states=5)
    assert (found.complete, found.reachable, found.stopped_by) == (False, 1, "max states")
    found = extract(random_net(5, 400, 2), word=[0, 1], memory="1M")
    assert (found.complete, found.stopped_by) == (False, "memory")


def test_a_closed_part_is_a_net_of_its_own():
    left, right = random_net(1, 3, 2), random_net(2, 4, 2)
    wh = np.zeros((7, 7), np.float32)
    wh[:3, :3], wh[3:, 3:] = left.wh, right.wh
    wh[3:, :3] = 0.5  # the right part listens to the left one
    weights = boolrnn.Weights(
        wx=np.concatenate([left.wx, right.wx]),
        wh=wh,
        bh=np.concatenate([left.bh, right.bh]),
        wy=np.concatenate([left.wy, np.zeros((2, 4), np.float32)], axis=1),
        by=left.by,
    )
    part = extract(weights, neurons=[0])
    assert set(part.neurons.tolist()) <= {0, 1, 2}
    alone = extract(weights, neurons=[0, 1, 2], outputs="sign:1")
    same = extract(left, outputs="sign:1")
    assert alone.machine.same_as(same.machine)
    assert extract(weights, neurons=[3]).neurons.tolist() == list(range(7))
    turned = np.array([6, 5, 4, 3, 2, 1, 0])  # the left part are now neurons 4, 5, 6
    moved = boolrnn.Weights(
        wx=weights.wx[turned],
        wh=weights.wh[np.ix_(turned, turned)],
        bh=weights.bh[turned],
        wy=weights.wy[:, turned],
        by=weights.by,
    )
    found = extract(moved, neurons=[6])
    assert found.outputs == "bits:h6"  # by the net's own numbers
    assert found.machine.same_as(part.machine)
    other = boolrnn.Weights(
        **{n: getattr(weights, n) for n in ("wx", "wh", "bh", "by")}, wy=np.ones((2, 7), np.float32)
    )
    with pytest.raises(OptionError, match="reads h3, which is not in the closed part"):
        extract(other, neurons=[0, 1, 2], outputs="sign:1")
    with pytest.raises(OptionError, match=r"neurons: 7, expected some of 0..6"):
        extract(weights, neurons=[7])


def test_a_machine_file_holds_the_machine_and_what_it_rests_on(tmp_path):
    found = extract(hardened_net(3, 6, 2))
    found.write(tmp_path / "m.json")
    payload = json.loads((tmp_path / "m.json").read_text())
    assert payload["schema"] == "machine/1"
    assert payload["reachable"] == found.reachable
    assert payload["certificate"]["states"] == "certified_always"
    assert read_machine(tmp_path / "m.json").same_as(found.machine)
    (tmp_path / "r.json").write_text(json.dumps(found.to_json()))
    assert read_machine(tmp_path / "r.json").same_as(found.machine)


def test_a_net_that_keeps_its_last_symbol_has_two_states():
    weights = boolrnn.Weights(
        wx=np.array([[-1, 1]], np.float32),
        wh=np.zeros((1, 1), np.float32),
        bh=np.zeros(1, np.float32),
        wy=np.array([[-1], [1]], np.float32),
        by=np.zeros(2, np.float32),
    )
    found = extract(weights)
    assert (found.reachable, found.minimal, found.minimal_mealy) == (3, 2, 1)
    assert found.machine.run([0, 1, 1, 0]).tolist() == [0, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"kind": "other"}, OptionError, "kind 'other': expected moore or mealy"),
        ({"max_states": 0}, OptionError, "max_states 0"),
        ({"budget": -1.0}, OptionError, "budget -1"),
        ({"memory": "1"}, OptionError, "memory '1'"),
        ({"among": [5]}, OptionError, "symbol 5 is outside"),
        ({"word": [9]}, TextError, "symbol 9"),
        ({"word": [0], "symbols": np.array([0])}, OptionError, "not with a text"),
        ({"word": [0], "among": [0]}, OptionError, "among: not with"),
        ({"engine": "x"}, OptionError, "engine 'x'"),
    ],
)
def test_options_that_cannot_be_used(options, error, message):
    with pytest.raises(error, match=message):
        extract(random_net(1, 4, 2), **options)
