"""Machines for tests, and the naive ways to find what a net's machine is."""

from fractions import Fraction
from itertools import product

import numpy as np
from nets import exact_z

from boolrnn.machines.machine import MEALY, MOORE, Machine


def random_machine(seed, states, symbols, labels=2, moore=True, partial=False):
    """A machine of at most so many states, all of which can be reached."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, states, (states, symbols))
    if partial:
        steps[rng.random(steps.shape) < 0.2] = -1
    for n in range(1, states):  # each state has one of those before it that leads to it
        steps[rng.integers(0, n) if symbols > 1 else n - 1, n % symbols if symbols > 1 else 0] = n
    outputs = rng.integers(0, labels, states if moore else steps.shape)
    if not moore:
        outputs[steps < 0] = -1
    names = tuple("abcdefghij"[:symbols]) if symbols <= 10 else tuple(map(str, range(symbols)))
    machine = Machine(
        MOORE if moore else MEALY, names, tuple(map(str, range(labels))), steps, outputs, start=0
    )
    return machine.renumbered(machine.breadth_first())


def naive_label(weights, state):
    """The argmax of the readout as exact fractions, the lowest of equal ones; of one output whether it is
    at least 0. `state` None is the start."""
    sums = []
    for o in range(weights.outputs):
        total = Fraction(float(weights.by[o]))
        for w, bit in zip(weights.wy[o].tolist(), state or []):
            total += Fraction(w) * (1 if bit else -1)
        sums.append(total)
    return int(sums[0] >= 0) if len(sums) == 1 else sums.index(max(sums))


def naive_states(weights, symbols):
    """All states from the start on, as tuples (None: the start), with their transitions, breadth-first."""
    order, steps = [None], {}
    for state in order:
        for x in symbols:
            after = tuple(z >= 0 for z in exact_z(weights, state, x))
            steps[state, x] = after
            if after not in order:
                order.append(after)
    return order, steps


def naive_minimal(weights, symbols, mealy=False):
    """The number of states of the minimal machine, by table filling over pairs."""
    order, steps = naive_states(weights, symbols)
    label = {state: naive_label(weights, state) for state in order}

    def told(state):
        return tuple(label[steps[state, x]] for x in symbols) if mealy else label[state]

    apart = {(p, q) for p, q in product(order, order) if told(p) != told(q)}
    while True:
        more = {
            (p, q)
            for p, q in product(order, order)
            if (p, q) not in apart and any((steps[p, x], steps[q, x]) in apart for x in symbols)
        }
        if not more:
            break
        apart |= more
    kept = []
    for state in order:
        if all((state, other) in apart for other in kept):
            kept.append(state)
    return len(kept)
