"""Words drawn for a machine: labels by definition, live walks live, steered ones change sooner."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_machines import random_machine

from boolrnn.errors import MachineError
from boolrnn.machines.formats.languages import named_language
from boolrnn.machines.machine import Machine
from boolrnn.machines.strings import Drawing, changes

MACHINES = st.tuples(
    st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.booleans()
)


@given(MACHINES, st.integers(0, 99), st.integers(0, 9))
def test_labels_are_those_the_machine_gives(parts, seed, length):
    machine = random_machine(*parts)
    drawing = Drawing(machine)
    words = drawing.words(np.random.default_rng(seed), 12, length)
    labels = drawing.labels(words)
    assert words.shape == (length, 12)
    assert ((words >= 0) & (words < len(machine.alphabet))).all()
    for word, told in zip(words.T, labels.T):
        wanted = machine.run(word).tolist()
        assert told.tolist() == ([-1] if machine.kind == "mealy" else []) + wanted


def naive_change(after, outputs, state):
    """Length of a shortest word after which the output is another one, all words of a length together."""
    reached = {state}
    for length in range(1, len(outputs) + 1):
        reached = {int(n) for s in reached for n in after[s]}
        if any(outputs[n] != outputs[state] for n in reached):
            return length
    return -1


@given(MACHINES)
def test_the_way_to_the_next_change(parts):
    drawing = Drawing(random_machine(*parts))
    found = changes(drawing.after, drawing.outputs)
    naive = [naive_change(drawing.after, drawing.outputs, n) for n in range(len(drawing.outputs))]
    assert found.tolist() == naive


def test_words_of_a_rare_language_stay_in_it():
    """Of uniform words of 20 digits one in 2^20 is accepted by 1*, of those drawn a good share."""
    machine = named_language("tomita1")
    assert machine is not None
    drawing = Drawing(machine)
    words = drawing.words(np.random.default_rng(0), 2000, 20)
    accepted = drawing.labels(words)
    assert 0.2 < accepted[-1].mean() < 0.7
    fell = (accepted[:-1] - accepted[1:]).argmax(axis=0)[accepted[-1] == 0]
    assert (np.bincount(fell, minlength=20)[:16] > 0).all()  # changes come early and late


def test_steered_walks_find_what_is_far():
    """Accepted once 12 ones stood in a row: of uniform words of 24 digits, one in 600."""
    steps = np.array([[0, n + 1] for n in range(12)] + [[12, 12]])
    machine = Machine("moore", ("0", "1"), ("0", "1"), steps, np.array([0] * 12 + [1]))
    drawing = Drawing(machine)
    words = drawing.words(np.random.default_rng(0), 4000, 24)
    assert drawing.labels(words)[-1].mean() > 0.05


def test_words_may_begin_as_asked():
    machine = named_language("divisible:3")
    assert machine is not None
    heads = [np.array([1, 1, 0]), np.array([], np.int64), np.arange(9) % 2]
    words = Drawing(machine).words(np.random.default_rng(1), 5, 6, heads)
    for head, word in zip(heads, words.T):
        assert word[: len(head)].tolist() == head[:6].tolist()
    assert Drawing(machine).words(np.random.default_rng(1), 1, 6, heads)[:, 0].tolist()[:3] == [1, 1, 0]


@pytest.mark.parametrize(("count", "longest"), [(1, 1), (2500, 1), (20_000, 48), (3000, 2)])
def test_test_words_have_all_lengths(count, longest):
    machine = named_language("addition")
    assert machine is not None
    batches = list(Drawing(machine).tests(np.random.default_rng(0), count, longest))
    lengths = [len(words) for words, _ in batches]
    assert sum(words.shape[1] for words, _ in batches) == count
    assert lengths == sorted(lengths)
    assert lengths[-1] == longest
    assert 1 <= lengths[0] <= 1 + longest // len(lengths)


def test_a_partial_machine_is_refused():
    with pytest.raises(MachineError, match="state 0: no transition under symbol '1', expected a complete"):
        from_partial()


def from_partial():
    machine = named_language("parity")
    assert machine is not None
    steps = machine.transitions.copy()
    steps[0, 1] = -1
    return Drawing(type(machine)("moore", machine.alphabet, machine.labels, steps, machine.outputs))
