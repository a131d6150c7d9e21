"""Attractors under a fixed symbol against tools that are known for them. Not part of the tests.

    pip install networkx pyboolnet biodivine_aeon mpbn
    python tests/benchmarks/attractor_peers.py

The witness steps all 2^H states once and follows each until it meets one that was seen; `boolrnn.cycles` from
all states must find the same cycles and basins. networkx is given the
same map as an explicit graph; the tools for Boolean networks are given the automaton under one symbol as bnet
rules, one minterm per state that turns a neuron on, and only as many neurons as such rules stay short for.
They must find the same cycles (synchronous updates) or the same fixed points, which all updates share.
A tool that is absent is skipped with one line.
"""

import dataclasses
import functools
import importlib
import importlib.util
import logging
import statistics
import time

import numpy as np
from speed import seconds

import boolrnn

SMALL, LARGE, SYMBOLS = (1, 2, 4, 6), (10, 12), 3


def random_automaton(hidden, seed, whole):
    """Normal weights, or small integers, whose sums are often 0."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        values = rng.integers(-2, 3, shape) if whole else rng.normal(size=shape)
        return values.astype(np.float32)

    return boolrnn.compile(
        boolrnn.Weights(
            wx=draw(hidden, SYMBOLS),
            wh=draw(hidden, hidden),
            bh=draw(hidden),
            wy=draw(SYMBOLS, hidden),
            by=draw(SYMBOLS),
        )
    )


def all_states(hidden):
    """(2^H, H): row n holds the bits of n, neuron j in bit j."""
    return (np.arange(1 << hidden)[:, None] >> np.arange(hidden)) & 1 > 0


def successors(automaton, symbol):
    """The number of the state after each of the 2^H, under one symbol."""
    states = all_states(automaton.hidden)
    after, _ = automaton.step(states, np.full(len(states), symbol))
    return after @ (1 << np.arange(automaton.hidden))


def cycles_of(after):
    """The witness: the cycles of a map of 0..N-1 into itself, as a set of frozensets."""
    seen, found = np.zeros(len(after), np.int64), set()
    for start in range(len(after)):
        state, walk = start, start + 1
        while not seen[state]:
            seen[state] = walk
            state = int(after[state])
        if seen[state] == walk:  # met its own trail: a cycle nobody found before
            members = [state]
            while (state := int(after[state])) != members[0]:
                members.append(state)
            found.add(frozenset(members))
    return found


def bnet(after, hidden):
    """The rules of a map as text: each neuron is on after which states."""
    states, lines = all_states(hidden), ["targets, factors"]
    for i in range(hidden):
        on = states[after >> i & 1 > 0]
        terms = (" & ".join(f"{'' if b else '!'}h{j:02d}" for j, b in enumerate(row)) for row in on)
        rule = " | ".join(f"({term})" for term in terms) or "0"
        lines.append(f"h{i:02d}, {'1' if len(on) == len(states) else rule}")
    return "\n".join(lines) + "\n"


def number(named):
    """A state from {name: bit}."""
    return sum(int(bit) << int(name[1:]) for name, bit in named.items())


def by_components(after):
    nx = importlib.import_module("networkx")
    graph = nx.DiGraph(enumerate(after.tolist()))
    return {frozenset(component) for component in nx.attracting_components(graph)}


def by_simple_cycles(after):
    nx = importlib.import_module("networkx")
    graph = nx.DiGraph(enumerate(after.tolist()))
    return {frozenset(cycle) for cycle in nx.simple_cycles(graph)}


def by_pyboolnet(text):
    primes = importlib.import_module("pyboolnet.file_exchange").bnet2primes(text)
    graph = importlib.import_module("pyboolnet.state_transition_graphs").primes2stg(primes, "synchronous")
    steady, cyclic = importlib.import_module("pyboolnet.attractors").compute_attractors_tarjan(graph)
    parts = [{state} for state in steady] + cyclic
    return {frozenset(int(state[::-1], 2) for state in part) for part in parts}  # h00 stands first


def fixed_by_pyboolnet(text):
    primes = importlib.import_module("pyboolnet.file_exchange").bnet2primes(text)
    traps = importlib.import_module("pyboolnet.trap_spaces")
    return {frozenset([number(state)]) for state in traps.compute_steady_states(primes, max_output=1 << 20)}


def fixed_by_aeon(text):
    aeon = importlib.import_module("biodivine_aeon")
    graph = aeon.AsynchronousGraph(aeon.BooleanNetwork.from_bnet(text).infer_valid_graph())
    names = graph.network_variable_names()
    found = aeon.FixedPoints.symbolic(graph).vertices()
    return {frozenset([number({name: state[name] for name in names})]) for state in found}


def fixed_by_mpbn(text):
    network = importlib.import_module("mpbn").MPBooleanNetwork(text)
    return {frozenset([number(state)]) for state in network.fixedpoints()}


PEERS = (  # name, module, what it is given, whether it finds cycles or fixed points, largest H
    ("networkx attracting_components", "networkx", by_components, "map", "cycles", 12),
    ("networkx simple_cycles", "networkx", by_simple_cycles, "map", "cycles", 12),
    ("pyboolnet synchronous attractors", "pyboolnet", by_pyboolnet, "rules", "cycles", 6),
    ("pyboolnet steady states", "pyboolnet", fixed_by_pyboolnet, "rules", "fixed points", 6),
    ("biodivine_aeon fixed points", "biodivine_aeon", fixed_by_aeon, "rules", "fixed points", 6),
    ("mpbn fixed points", "mpbn", fixed_by_mpbn, "rules", "fixed points", 6),
)


@dataclasses.dataclass(frozen=True)
class Case:
    """A map under one symbol, its rules where they are short, its cycles, and the seconds they took."""

    hidden: int
    after: np.ndarray
    rules: str
    cycles: set
    seconds: float
    ours: float


def our_seconds(automaton, symbol, cycles):
    """What `boolrnn.cycles` takes from all states; its cycles must be the witness's."""
    count = 1 << automaton.hidden
    found = boolrnn.cycles(automaton, [symbol], starts=count)
    least = found.cycle_example @ (1 << np.arange(automaton.hidden))
    assert found.complete
    assert found.cycle_basin.sum() == count
    own = {(int(a), int(b)) for a, b in zip(found.cycle_period, least)}
    assert own == {(len(cycle), min(cycle)) for cycle in cycles}
    return seconds(lambda: boolrnn.cycles(automaton, [symbol], starts=count))


def case_of(automaton, symbol):
    began = time.perf_counter()
    after = successors(automaton, symbol)
    cycles, spent = cycles_of(after), time.perf_counter() - began
    ours = our_seconds(automaton, symbol, cycles)
    rules = bnet(after, automaton.hidden) if automaton.hidden in SMALL else ""
    return Case(automaton.hidden, after, rules, cycles, spent, ours)


def all_cases():
    for hidden in SMALL + LARGE:
        for seed in range(4):
            automaton = random_automaton(hidden, 100 * hidden + seed, whole=seed % 2 == 1)
            for symbol in range(SYMBOLS if hidden in SMALL else 1):
                yield case_of(automaton, symbol)


def line(name, cases, finds, spent):
    """One line: how many maps agree, and the median milliseconds by H."""
    medians = []
    for hidden in sorted({case.hidden for case in cases}):
        times = [t for case, t in zip(cases, spent) if case.hidden == hidden]
        medians.append(f"H={hidden} {1e3 * statistics.median(times):.2f}")
    print(f"{name:34s} {len(cases)} maps, equal {finds}; median ms: {', '.join(medians)}")


def main() -> None:
    logging.disable(logging.ERROR)  # pyboolnet reports the drawing programs that it does not find
    cases = list(all_cases())
    lengths = [len(cycle) for case in cases for cycle in case.cycles]
    print(
        f"{len(cases)} maps, {len(lengths)} cycles, {lengths.count(1)} of them fixed points, "
        f"the longest of {max(lengths)} states"
    )
    line("every state stepped (the witness)", cases, "cycles", [case.seconds for case in cases])
    line("boolrnn.cycles from every state", cases, "cycles", [case.ours for case in cases])
    for name, module, peer, given, finds, largest in PEERS:
        if importlib.util.find_spec(module) is None:
            print(f"{name:34s} absent, skipped")
            continue
        own, spent = [case for case in cases if case.hidden <= largest], []
        for case in own:
            fixed = {cycle for cycle in case.cycles if len(cycle) == 1}
            call = functools.partial(peer, case.rules if given == "rules" else case.after)
            assert call() == (case.cycles if finds == "cycles" else fixed), (name, case.hidden)
            spent.append(seconds(call))
        line(name, own, finds, spent)


if __name__ == "__main__":
    main()
