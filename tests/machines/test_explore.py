"""All reachable states, and pairs of states with a machine's: the naive enumeration's, in its order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net
from small_machines import naive_states, random_machine

import boolrnn
from boolrnn.errors import OptionError
from boolrnn.machines.explore import CAP, INTERRUPTED, MEMORY, TIME, Exploration


def explored(weights, **options):
    search = Exploration(boolrnn.compile(weights), np.arange(weights.symbols), **options)
    search.run()
    return search


def rows_of(search):
    return [None, *map(tuple, search.states(1, search.count).tolist())]


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@given(
    seed=st.integers(0, 10**6),
    hidden=st.sampled_from([1, 2, 3, 6, 9]),
    symbols=st.sampled_from([1, 2, 3]),
    spread=st.sampled_from([0, 8, 250]),
)
@settings(max_examples=25)
def test_the_states_and_transitions_are_the_naive_ones(engine, seed, hidden, symbols, spread):
    weights = adversarial_net(seed, hidden, symbols, spread) if spread else random_net(seed, hidden, symbols)
    search = explored(weights, engine=engine)
    order, steps = naive_states(weights, range(symbols))
    assert search.closed
    assert rows_of(search) == order
    number = {state: n for n, state in enumerate(order)}
    wanted = [[number[steps[state, x]] for x in range(symbols)] for state in order]
    assert search.transitions[: search.count].tolist() == wanted
    assert not (search.transitions[: search.count] == 0).any()  # nothing leads back to h = 0


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_words_wider_than_64_neurons(engine):
    search = explored(hardened_net(2, 70, 2), engine=engine, most=400)
    assert (search.why, search.count) == (CAP, 400)
    known = search.expanded
    automaton = search.automaton
    for x in range(2):
        after = search.transitions[1:known, x]
        again, _ = automaton.step(search.states(1, known), np.full(known - 1, x))
        assert (search.states(1, search.count)[after - 1] == again).all()


def test_both_engines_stop_at_the_same_place():
    weights = random_net(4, 18, 3)
    for most in (1, 2, 3, 5, 100, 4097):
        left, right = (explored(weights, engine=engine, most=most) for engine in ("numpy", "compiled"))
        assert (left.count, left.at, left.why) == (right.count, right.at, right.why) == (most, left.at, CAP)
        assert (left.rows[1:most] == right.rows[1:most]).all()


@given(seed=st.integers(0, 10**6), engine=st.sampled_from(["numpy", "compiled"]))
@settings(max_examples=15)
def test_pairs_with_a_machine_are_the_products(seed, engine):
    weights, machine = random_net(seed, 6, 2), random_machine(seed, 4, 2)
    search = Exploration(
        boolrnn.compile(weights), np.arange(2), machine=machine.transitions, keep=False, engine=engine
    )
    search.run()
    _, steps = naive_states(weights, range(2))
    pairs, words = [(None, machine.start)], {(None, machine.start): ()}
    for state, beside in pairs:
        for x in range(2):
            after = (steps[state, x], int(machine.transitions[beside, x]))
            if after not in words:
                words[after] = (*words[state, beside], x)
                pairs.append(after)
    assert search.closed
    assert list(zip(rows_of(search), search.beside(0, search.count).tolist())) == pairs
    assert [tuple(search.word_to(n).tolist()) for n in range(search.count)] == [words[pair] for pair in pairs]


def test_some_symbols_only_and_in_another_order():
    weights = random_net(8, 9, 5)
    search = Exploration(boolrnn.compile(weights), np.array([3, 1]))
    search.run()
    order, _ = naive_states(weights, (3, 1))
    assert rows_of(search) == order


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_an_enumeration_goes_on_from_where_it_was_kept(engine):
    weights = random_net(3, 20, 2)
    whole = explored(weights)
    part = explored(weights, most=1234, engine=engine)
    kept = part.kept()
    again = Exploration(boolrnn.compile(weights), np.arange(2), engine=engine)
    again.restore(kept)
    assert again.count == 1234
    again.run()
    assert again.closed
    assert (again.rows[1 : again.count] == whole.rows[1 : whole.count]).all()
    assert (again.transitions[: again.count] == whole.transitions[: whole.count]).all()


def test_what_ends_it_is_said(monkeypatch):
    weights = random_net(5, 40, 2)
    assert explored(weights, memory=1 << 20).why == MEMORY
    search = Exploration(boolrnn.compile(weights), np.arange(2), most=10**6)
    search.run(deadline=0.0)
    assert (search.why, search.closed) == (TIME, False)
    search.run(until=50)
    assert search.count >= 50
    assert search.why == ""

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(search.engine, "some", interrupt)
    search.run()
    assert search.why == INTERRUPTED


def test_engines_that_cannot_be_used_are_refused(monkeypatch):
    automaton = boolrnn.compile(random_net(1, 5, 2))
    with pytest.raises(OptionError, match="engine 'fast': expected one of"):
        Exploration(automaton, np.arange(2), engine="fast")
    monkeypatch.setattr("boolrnn.model.kernels.TABLE_BYTES", 100)
    with pytest.raises(OptionError, match="engine compiled: its tables take"):
        Exploration(automaton, np.arange(2), engine="compiled")


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@given(seed=st.integers(0, 10**6), most=st.integers(1, 9), symbols=st.sampled_from([2, 5, 9]))
@settings(max_examples=25)
def test_a_cap_within_the_first_symbols_is_never_the_end(engine, seed, most, symbols):
    """The start's row is no state: going on from there must not step it."""
    weights = random_net(seed, 4, symbols)
    search = explored(weights, engine=engine, most=most)
    order, _ = naive_states(weights, range(symbols))
    assert search.count == min(most, len(order))
    assert search.closed == (most >= len(order))
    assert rows_of(search) == order[: search.count]
    again = Exploration(boolrnn.compile(weights), np.arange(symbols), engine=engine)
    again.restore(search.kept())
    again.run()
    assert again.closed
    assert rows_of(again) == order


def test_a_checkpoint_is_not_given_up_for_a_smaller_limit():
    kept = explored(random_net(3, 20, 2)).kept()
    small = Exploration(boolrnn.compile(random_net(3, 20, 2)), np.arange(2), most=5)
    with pytest.raises(OptionError, match="are known from the checkpoint, and at most 5 are allowed now"):
        small.restore(kept)
