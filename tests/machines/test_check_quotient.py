"""check_quotient: what is wrong in a partition is found, and the rounds are those of Moore's definition."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boolrnn.machines import check_quotient as module
from boolrnn.machines.check_quotient import check_quotient
from boolrnn.machines.minimise import classes_of


@pytest.fixture(params=["numpy", "compiled", "compiled, one round at a time"])
def route(request, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 1 << 60 if request.param == "numpy" else 0)
    monkeypatch.setattr(module, "_SOME", 1 if "one round" in request.param else 1 << 10)
    monkeypatch.setattr(module, "_BLOCK", 3)


def drawn(seed, count, symbols, labels, partial, counts):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, count, (count, symbols))
    if counts:  # a counter needs many rounds; some of its steps lead elsewhere
        table[:, 0] = np.minimum(np.arange(count) + 1, count - 1)
        table[:, 1:] = np.where(rng.random(table[:, 1:].shape) < 0.8, np.arange(count)[:, None], table[:, 1:])
    told = rng.integers(0, labels, count)
    if counts:
        told = (np.arange(count) == count - 1).astype(np.int64)
    table[rng.random(table.shape) < partial] = -1
    return table, told


cases = st.builds(
    drawn,
    st.integers(0, 10**6),
    st.integers(1, 25),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.booleans(),
)


def naive_rounds(table, labels):
    """The least k for which words of up to k symbols tell apart all that words tell apart."""
    seen = {n: (int(label),) for n, label in enumerate(labels)}
    for k in itertools.count():
        after = {n: (seen[n], *(None if t < 0 else seen[int(t)] for t in row)) for n, row in enumerate(table)}
        numbers = {key: i for i, key in enumerate(dict.fromkeys(after.values()))}
        if len(numbers) == len(set(seen.values())):
            return k
        seen = {n: (numbers[after[n]],) for n in after}
    return None


@given(cases)
@pytest.mark.usefixtures("route")
def test_right_classes_pass_and_the_rounds_are_the_longest_word_needed(case):
    table, labels = case
    classes = classes_of(table, labels)
    found = check_quotient(table, labels, classes)
    assert (found.states, found.symbols, found.classes) == (*table.shape, classes.max() + 1)
    assert found.rounds == naive_rounds(table, labels)


@given(cases, st.randoms(use_true_random=False))
@pytest.mark.usefixtures("route")
def test_wrong_classes_are_refused(case, random):
    table, labels = case
    classes = classes_of(table, labels)
    number = int(classes.max()) + 1
    if number > 1:  # one class too few
        one, two = sorted(random.sample(range(number), 2))
        merged = np.where(classes == two, one, classes)
        merged[merged > two] -= 1
        with pytest.raises(RuntimeError, match="are not equivalent: a bug"):
            check_quotient(table, labels, merged)
        n = random.randrange(len(classes))  # one state in another class, whose old one may be empty then
        moved = classes.copy()
        moved[n] = (classes[n] + 1 + random.randrange(number - 1)) % number
        with pytest.raises(RuntimeError, match="are not equivalent: a bug"):
            check_quotient(table, labels, np.unique(moved, return_inverse=True)[1])
    if number < len(classes):  # the finest partition respects all, but is not the coarsest
        with pytest.raises(RuntimeError, match="are equivalent, in two classes: a bug"):
            check_quotient(table, labels, np.arange(len(classes)))


@pytest.mark.parametrize("classes", [[0, 2, 0], [0, -1, 0], [1, 1, 1], [0, 0]])
def test_numbers_that_are_no_classes_are_refused(classes):
    with pytest.raises(RuntimeError, match="numbered 0, 1, .. with a state each"):
        check_quotient(np.zeros((3, 1), np.int64), np.zeros(3, np.int64), np.array(classes))


def test_a_counter_of_many_states_is_checked_to_the_last_round():
    count = 200_000
    n = np.arange(count, dtype=np.int32)
    table, labels = np.column_stack([(n + 1) % count, n]), (n == 0).astype(np.int64)
    found = check_quotient(table, labels, np.arange(count))
    assert (found.classes, found.rounds) == (count, count - 2)
    assert f"{count - 2:,} rounds" in found.how
    labels[count // 2] = 1
    with pytest.raises(RuntimeError, match="are equivalent, in two classes"):
        check_quotient(table, labels, np.arange(count))


def test_one_class_needs_no_round():
    assert check_quotient(np.zeros((4, 2), np.int64), np.full(4, 7), np.zeros(4, np.int64)).rounds == 0
