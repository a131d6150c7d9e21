"""The first word on which a net and a machine, or two nets, differ: against all words in order."""

from itertools import count, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import exact_z, random_net
from small_machines import naive_label, naive_states, random_machine

import boolrnn
from boolrnn.errors import MachineError
from boolrnn.machines.explore import CAP
from boolrnn.machines.gather import Limits
from boolrnn.machines.machine import Machine, as_mealy
from boolrnn.machines.outputs import Labeller
from boolrnn.machines.product import against_machine, against_net, first_difference
from boolrnn.machines.replay import invariant

ENGINES = st.sampled_from(["numpy", "compiled"])


def labels_on(weights, word):
    state, told = None, [naive_label(weights, None)]
    for x in word:
        state = tuple(z >= 0 for z in exact_z(weights, state, x))
        told.append(naive_label(weights, state))
    return told


def naive_first(differs, symbols, longest):
    for length in range(longest + 1):
        for word in product(range(symbols), repeat=length):
            if differs(word):
                return list(word)
    return None


@given(seed=st.integers(0, 10**6), outputs=st.integers(1, 3), engine=ENGINES, moore=st.booleans())
@settings(max_examples=40)
def test_the_first_word_is_the_first_of_the_shortest(seed, outputs, engine, moore):
    weights = random_net(seed, 5, 2, outputs)
    machine = random_machine(seed, 3, 2, labels=2, moore=moore)
    found = first_difference(
        boolrnn.compile(weights), Labeller(weights), np.arange(2), machine, engine=engine
    )

    def differs(word):
        wanted = machine.run(word).tolist()
        return labels_on(weights, word)[0 if moore else 1 :] != wanted

    first = naive_first(differs, 2, 6)
    if first is not None:
        assert found.word.tolist() == first
        assert found.equal is False
        assert found.length == len(first) - 1
    elif found.word is not None:
        assert len(found.word) > 6


@given(seed=st.integers(0, 10**6), engine=ENGINES)
@settings(max_examples=20)
def test_a_net_equals_its_own_machine_until_one_label_is_changed(seed, engine):
    weights = random_net(seed, 5, 2, 2)
    order, steps = naive_states(weights, range(2))
    number = {state: n for n, state in enumerate(order)}
    transitions = np.array([[number[steps[state, x]] for x in range(2)] for state in order])
    outputs = np.array([naive_label(weights, state) for state in order])
    machine = Machine("moore", ("0", "1"), ("0", "1"), transitions, outputs)
    common = (boolrnn.compile(weights), Labeller(weights), np.arange(2))
    found = first_difference(*common, machine, engine=engine)
    assert found.equal is True
    assert found.pairs == len(order)
    wrong = outputs.copy()
    wrong[-1] ^= 1  # the state that is found last
    found = first_difference(
        *common, Machine("moore", ("0", "1"), ("0", "1"), transitions, wrong), engine=engine
    )
    assert found.equal is False
    assert found.pairs == len(order)
    state = None
    for x in found.word.tolist():
        state = steps[state, x]
    assert number[state] == len(order) - 1


@given(seed=st.integers(0, 10**6), engine=ENGINES)
@settings(max_examples=25)
def test_two_nets(seed, engine):
    left, right = random_net(seed, 4, 3, 2), random_net(seed + 1, 3, 2, 2)
    nets = boolrnn.compile(left), boolrnn.compile(right)
    symbols = np.array([2, 0]), np.array([0, 1])
    limits = Limits(10**5, 1 << 28, None, engine)
    found, search = against_net(nets, (Labeller(left), Labeller(right)), symbols, limits)

    def differs(word):
        told = [labels_on(net, [own[x] for x in word]) for net, own in zip((left, right), symbols)]
        return told[0] != told[1]

    first = naive_first(differs, 2, 5)
    if first is not None:
        assert found.word.tolist() == symbols[0][first].tolist()
    else:
        assert found.equal is True or len(found.word) > 5
    again, _ = against_net((nets[0], nets[0]), (Labeller(left),) * 2, (symbols[0],) * 2, limits)
    assert again.equal is True
    assert search.count >= 1


def test_a_difference_is_found_before_all_pairs_are_known():
    weights = random_net(3, 60, 2, 2)
    machine = random_machine(1, 2, 2)
    found = first_difference(boolrnn.compile(weights), Labeller(weights), np.arange(2), machine)
    assert found.equal is False
    assert found.pairs < 2000


def test_what_is_not_decided_says_so():
    weights = random_net(3, 40, 2, 2)
    constant = Machine("moore", ("0", "1"), ("0", "1"), np.zeros((1, 2), int), np.zeros(1, int))
    dull = boolrnn.Weights(
        **{name: getattr(weights, name) for name in ("wx", "wh", "bh")},
        wy=np.zeros((2, 40), np.float32),
        by=np.array([1, 0], np.float32),
    )
    found = first_difference(boolrnn.compile(dull), Labeller(dull), np.arange(2), constant, max_pairs=5000)
    assert (found.equal, found.why, found.pairs) == (None, CAP, 5000)
    states, depth = 1, next(k for k in count() if 2 ** (k + 1) > 5000)
    assert 1 <= states <= found.length <= depth + 2


def test_the_empty_word_counts_only_where_it_is_asked():
    weights = random_net(5, 7, 2, 2)
    label = naive_label(weights, None)
    machine = Machine("moore", ("0", "1"), ("0", "1"), np.zeros((1, 2), int), np.array([1 - label]))
    common = (boolrnn.compile(weights), Labeller(weights), np.arange(2))
    assert first_difference(*common, machine).word.tolist() == []
    without = first_difference(*common, machine, empty=False).word
    assert len(without) > 0
    assert first_difference(*common, as_mealy(machine)).word.tolist() == without.tolist()


def test_machines_that_do_not_fit_are_refused():
    weights = random_net(3, 4, 2, 2)
    common = (boolrnn.compile(weights), Labeller(weights))
    partial = Machine("moore", ("0", "1"), ("0", "1"), np.array([[0, -1]]), np.array([0]))
    with pytest.raises(MachineError, match="partial: state 0 has no transition under '1'"):
        first_difference(*common, np.arange(2), partial)
    with pytest.raises(MachineError, match="3 symbols of the machine for 2 of the net"):
        first_difference(*common, np.arange(2), random_machine(1, 2, 3))


@given(seed=st.integers(0, 10**6), pairs=st.integers(1, 12))
@settings(max_examples=40)
def test_a_cap_never_gives_a_proof(seed, pairs):
    weights = random_net(seed, 4, 6, 1)
    machine = Machine("moore", tuple("abcdef"), ("0", "1"), np.zeros((1, 6), int), np.ones(1, int))
    common = (boolrnn.compile(weights), Labeller(weights), np.arange(6), machine)
    whole, found = first_difference(*common), first_difference(*common, max_pairs=pairs)
    assert found.equal in (whole.equal, None)
    if found.equal is None:
        assert found.why == CAP


def test_pairs_that_are_not_all_are_noticed():
    weights, machine = random_net(3, 6, 2, 2), random_machine(3, 4, 2)
    limits = Limits(10**5, 1 << 28, None, "auto")
    _, search = against_machine(boolrnn.compile(weights), Labeller(weights), np.arange(2), machine, limits)
    search.run()
    assert search.closed
    assert invariant(search) == search.count * 2
    search.count -= 1
    with pytest.raises(RuntimeError, match="are not all"):
        invariant(search)
