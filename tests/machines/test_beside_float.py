"""The float program beside machines: figures and words are those of a naive run, word by word."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import hardened_net, random_net

import boolrnn
from boolrnn.check.readout import reachable
from boolrnn.errors import MachineError, OptionError, TextError
from boolrnn.machines import beside_float
from boolrnn.machines.beside_float import sampled_agreement, shortest_disagreement
from boolrnn.machines.float_labels import FloatLabels
from boolrnn.machines.machine import Machine
from boolrnn.machines.outputs import Labeller
from boolrnn.model import many
from boolrnn.model.rnn import logits

TOLD = ["argmax", "sign:1", "top:2", "bits:h0,h1"]
PARITY = Machine("moore", ("0", "1"), ("0", "1"), np.array([[0, 1], [1, 0]]), np.array([0, 1]))


def name_of(outputs, bits, told):
    """The definition: the label of one vector of outputs (list) and of the signs (None: the start)."""
    if told == "argmax":
        return str(outputs.index(max(outputs)))
    if told.startswith("sign"):
        return str(int(outputs[int(told[5:])] >= 0))
    if told.startswith("top"):
        order = sorted(range(len(outputs)), key=lambda o: (-outputs[o], o))
        return "{" + ",".join(map(str, sorted(order[: int(told[4:])]))) + "}"
    return "start" if bits is None else "".join(str(int(bits[i])) for i in (0, 1))


def prefixes_of(net, automaton, word, told):
    """Label and signs after each prefix of a word: of the float32 reference, and of the automaton."""
    start = name_of(net.by.tolist(), None, told)
    found = [((start, None), (start, None))]
    if not len(word):
        return found
    run, states = boolrnn.trace(net, np.array(word)), automaton.run(np.array(word)).states
    sides = []
    for hidden, bits in ((run.hidden, run.bits), (np.where(states, 1, -1).astype(np.float32), states)):
        sides.append([(name_of(y.tolist(), b, told), b.tolist()) for y, b in zip(logits(net, hidden), bits)])
    return found + list(zip(*sides))


def both(net, word, told):
    """The same after the whole word."""
    return prefixes_of(net, boolrnn.compile(net), word, told)[-1]


def naive_search(net, told, longest, symbols):
    """The first word whose labels differ, and the first whose signs do; None where no word does."""
    automaton, known = boolrnn.compile(net), {}
    for word in itertools.product(symbols, repeat=longest):
        for k, found in enumerate(prefixes_of(net, automaton, word, told)):
            known[word[:k]] = found
    ordered = sorted(known, key=lambda word: (len(word), [symbols.index(x) for x in word]))
    firsts = []
    for part in (0, 1):
        firsts.append(next((list(w) for w in ordered if known[w][0][part] != known[w][1][part]), None))
    return firsts


def searched(net, told="argmax", symbols=None, **options):
    symbols = np.arange(net.symbols) if symbols is None else symbols
    return shortest_disagreement(net, boolrnn.compile(net), Labeller(net, told), symbols, **options)


def listed(word):
    return None if word is None else word.tolist()


@pytest.mark.parametrize("told", TOLD)
@settings(max_examples=6)
@given(st.integers(0, 10**6), st.integers(2, 5), st.sampled_from([0.5, 1.5, 4.0]))
def test_the_first_word_is_the_naive_searchs(told, seed, hidden, scale):
    net = random_net(seed, hidden, 2, 3, scale)
    symbols = [1, 0]
    word, sign_word = naive_search(net, told, 5, symbols)
    found = searched(net, told, np.array(symbols), budget_pairs=62)
    assert found.pairs <= 62
    if word is not None or not found.closed:
        assert listed(found.word) == word
    assert found.word is None or found.searched == len(word) - 1
    if sign_word is None or word is None or len(sign_word) < len(word):
        assert listed(found.sign_word) == sign_word
    if word is not None:
        network, own = both(net, word, told)
        assert (found.network_label, found.automaton_label) == (network[0], own[0])
        assert str(len(word)) in found.verdict
    if found.sign_word is not None:
        network, own = both(net, found.sign_word, told)
        assert network[1][found.sign_neuron] != own[1][found.sign_neuron]


def test_a_bit_exact_net_closes():
    net = hardened_net(2, 7, 3)
    found = searched(net)
    reached = reachable(boolrnn.compile(net), np.arange(3))
    assert found.closed
    assert (found.nodes, found.pairs) == (len(reached) + 1, 3 * (len(reached) + 1))
    assert found.word is found.sign_word is found.ended is None
    assert "no word of any length" in found.verdict
    assert found.arithmetic == "float32"


def test_small_parts_and_compiled_sums_find_the_same(monkeypatch):
    net = dataclasses.replace(random_net(4, 40, 3, 2, 0.7), by=np.float32([1e6, 0]))
    plain = searched(net, budget_pairs=5000)
    assert (plain.pairs, plain.searched, plain.ended) == (4998, 7, "pairs")
    for module, name, value in (
        (beside_float, "_PART", 200),
        (beside_float, "_LATE", 30),
        (many, "_WORTH", 1),
    ):
        monkeypatch.setattr(module, name, value)
    again = searched(net, budget_pairs=5000)
    for field in dataclasses.fields(plain):
        left, right = getattr(plain, field.name), getattr(again, field.name)
        assert np.array_equal(left, right), field.name


def test_budgets_end_a_search_and_say_so(monkeypatch):
    net = dataclasses.replace(random_net(1, 6, 2, 2, 0.1), by=np.float32([9, 0]))
    found = searched(net, budget_pairs=2 + 4 + 8 + 15)
    assert (found.ended, found.searched, found.closed, found.word) == ("pairs", 3, False, None)
    assert found.pairs == 28
    assert found.verdict == "no word of up to 3 symbols is labelled differently (stopped by pairs)"
    assert searched(net, budget=1e-9).ended == "time"
    assert searched(net, budget_pairs=1).searched == 0
    monkeypatch.setattr(beside_float, "BYTES", 5000)
    assert searched(net).ended == "memory"


def test_a_plain_net_leaves_its_signs_and_its_language():
    """A leaky counter: the float program forgets after some symbols what its sign keeps for ever."""
    parts = {
        "wx": np.array([[0, 8]], np.float32),
        "wh": np.array([[0.5]], np.float32),
        "bh": np.array([-0.02], np.float32),
    }
    readout = {"wy": np.array([[1], [-1]], np.float32), "by": np.zeros(2, np.float32)}
    net = boolrnn.Weights(**parts, **readout)
    found = searched(net)
    assert found.word[0] == 1
    assert not found.word[1:].any()
    assert (found.network_label, found.automaton_label) == ("1", "0")
    assert found.sign_word.tolist() == found.word.tolist()
    assert boolrnn.trace(net, found.word).z[-1] < 0 < boolrnn.compile(net).run(found.word).z()[-1]


def test_equal_hidden_values_beside_other_signs_are_another_pair():
    """z1 = +1 or -1 by the symbol read; float32 adds it to -2^29 first and loses it. The signs remember it,
    and a symbol later the label does."""
    wh = np.array([[0, 0, 0], [2.0**29, 0, 0], [0, 16, 0]], np.float32)
    net = boolrnn.Weights(
        wx=np.array([[0, 0], [1, -1], [0, 0]], np.float32),
        wh=wh,
        bh=np.array([16, -(2.0**29), 8], np.float32),
        wy=np.array([[0, 0, 1]], np.float32),
        by=np.zeros(1, np.float32),
    )
    found = searched(net)
    assert found.word.tolist() == [0, 1, 0]
    assert found.sign_word.tolist() == [0, 1]
    assert (found.network_label, found.automaton_label) == ("1", "0")


def parity_net():
    """The parity p of the ones read, as two signs: whether p + x is at least 1, and at least 2, so that p is
    their difference."""
    parts = {"wh": [[16, -16], [16, -16]], "wx": [[0, 32], [0, 32]], "bh": [-16, -48]}
    parts = {name: np.array(value, np.float32) for name, value in parts.items()}
    return boolrnn.Weights(**parts, wy=np.array([[1, -1]], np.float32), by=np.array([-1], np.float32))


def naive_agreement(net, machine, words):
    """Shares of words and prefixes, and the length of the shortest prefix that differs."""
    right, prefixes, same, shortest, automaton = 0, 0, 0, None, boolrnn.compile(net)
    for word in words:
        wanted = [machine.labels[n] for n in machine.run(word)]
        skip = len(word) + 1 - len(wanted)
        found = [network[0] for network, _ in prefixes_of(net, automaton, word, "sign:0")[skip:]]
        differ = [k + skip for k, (a, b) in enumerate(zip(found, wanted)) if a != b]
        right += not differ
        prefixes, same = prefixes + len(wanted), same + len(wanted) - len(differ)
        if differ and (shortest is None or differ[0] < shortest):
            shortest = differ[0]
    return right / len(words), same / prefixes, prefixes, shortest


@pytest.mark.parametrize("machine", [PARITY, "mealy"])
def test_sampled_figures_are_those_of_the_words_one_by_one(machine, monkeypatch):
    if machine == "mealy":
        after = PARITY.transitions
        machine = Machine("mealy", ("0", "1"), ("0", "1"), after, PARITY.outputs[after])
    net = random_net(3, 4, 3, 1)
    symbols, words = np.array([2, 0]), []
    drawn = beside_float.Drawing.words

    def kept(self, rng, count, length):
        batch = drawn(self, rng, count, length)
        words.extend(batch.T.tolist())
        return batch

    monkeypatch.setattr(beside_float.Drawing, "words", kept)
    found = sampled_agreement(net, Labeller(net), machine, symbols, words=40, longest=6, seed=5)
    assert len(words) == found.words == 40
    assert {len(word) for word in words} == {1, 2, 3, 4, 5, 6}
    renamed = dataclasses.replace(
        machine,
        alphabet=("2", "1", "0"),
        transitions=machine.transitions[:, [0, 0, 1]],
        outputs=machine.outputs if machine.kind == "moore" else machine.outputs[:, [0, 0, 1]],
    )
    right, same, prefixes, shortest = naive_agreement(
        dataclasses.replace(net, wx=net.wx[:, [2, 1, 0]]), renamed, [[2 * x for x in word] for word in words]
    )
    assert (found.words_right, found.prefixes_right, found.prefixes) == (right, same, prefixes)
    assert shortest == len(found.shortest)
    assert found.network_label != found.other_label


def test_the_shortest_sampled_difference_is_the_shortest_of_all_words(monkeypatch):
    """A machine that counts ones modulo 5 and is wrong about four: no word of three symbols tells."""
    after = np.array([[n, (n + 1) % 5] for n in range(5)])
    machine = Machine("moore", ("0", "1"), ("0", "1"), after, np.array([0, 1, 0, 1, 1]))
    net, words, drawn = parity_net(), [], beside_float.Drawing.words

    def kept(self, rng, count, length):
        words.extend((batch := drawn(self, rng, count, length)).T.tolist())
        return batch

    monkeypatch.setattr(beside_float.Drawing, "words", kept)
    found = sampled_agreement(net, Labeller(net), machine, np.arange(2), words=60, longest=20)
    right, same, prefixes, shortest = naive_agreement(net, machine, words)
    assert (found.words_right, found.prefixes_right, found.prefixes) == (right, same, prefixes)
    assert 4 <= len(found.shortest) == shortest < 10
    assert found.shortest.sum() == 4
    assert (found.network_label, found.other_label) == ("0", "1")


def test_a_net_that_is_the_machine_is_right_on_all_words():
    net = parity_net()
    labels = [both(net, word, "sign:0")[0][0] for word in ([], [1], [1, 0], [1, 1], [1, 1, 1])]
    assert labels == ["0", "1", "1", "0", "1"]
    found = sampled_agreement(net, Labeller(net), PARITY, np.arange(2), words=500, longest=30)
    assert (found.words_right, found.prefixes_right, found.shortest) == (1.0, 1.0, None)
    assert found.network_label is found.other_label is None
    assert searched(net).closed


def test_without_a_machine_the_sign_automaton_is_the_other_side():
    net = random_net(7, 5, 3, 4)
    found = sampled_agreement(net, Labeller(net), None, np.arange(3), words=300, longest=5, seed=1)
    assert 0 < found.prefixes_right < 1
    word = found.shortest.tolist()
    network, own = both(net, word, "argmax")
    assert (found.network_label, found.other_label) == (network[0], own[0])
    assert len(word) == len(searched(net).word)  # 300 words hold all short ones
    again = sampled_agreement(net, Labeller(net), None, np.arange(3), words=300, longest=5, seed=1)
    assert again.prefixes_right == found.prefixes_right
    exact = hardened_net(1, 4, 2)
    assert sampled_agreement(exact, Labeller(exact), None, np.arange(2), words=9, longest=4).words_right == 1


def test_the_system_tanh_is_stated():
    net = random_net(1, 3, 2, 2)
    options = {"words": 4, "longest": 3, "tanh": "system"}
    assert sampled_agreement(net, Labeller(net), None, np.arange(2), **options).arithmetic != "float32"
    assert searched(net, budget_pairs=20, tanh="system").arithmetic == "float32, system tanh"


@pytest.mark.parametrize("told", TOLD)
def test_float_labels_have_the_labellers_names(told):
    """Of hidden values that are signs, both read the same label."""
    net = random_net(9, 4, 2, 5)
    states = np.random.default_rng(0).random((50, 4)) < 0.5
    labels = FloatLabels(Labeller(net, told))
    z = np.where(states, 1, -1).astype(np.float32)
    assert (labels.of_floats(z, z) == labels.of_states(states)).all()
    assert labels.of_floats(None, np.zeros((1, 4), np.float32))[0] == labels.of_start()


def test_what_cannot_be_used_is_refused():
    net = random_net(1, 3, 2, 2)
    labeller, symbols = Labeller(net), np.arange(2)
    partial = dataclasses.replace(PARITY, transitions=np.array([[0, 1], [-1, 0]]))
    with pytest.raises(MachineError, match="no transition"):
        sampled_agreement(net, labeller, partial, symbols, words=2)
    with pytest.raises(MachineError, match="2 symbols of the machine for 1"):
        sampled_agreement(net, labeller, PARITY, symbols[:1], words=2)
    with pytest.raises(OptionError, match="words 0"):
        sampled_agreement(net, labeller, PARITY, symbols, words=0)
    with pytest.raises(TextError, match="outside"):
        sampled_agreement(net, labeller, None, symbols + 1, words=2)
    with pytest.raises(OptionError, match="budget_pairs 0"):
        searched(net, budget_pairs=0)
    with pytest.raises(OptionError, match="tanh 'loud'"):
        searched(net, tanh="loud")
