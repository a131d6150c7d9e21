"""Minimisation and enumeration for extraction_peers.py: seconds, states per second and memory.

python tests/benchmarks/extraction_peers.py --only minimise
python tests/benchmarks/extraction_peers.py --only enumerate
"""

import multiprocessing
import resource
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import boolrnn
from boolrnn.machines.explore import Exploration
from boolrnn.machines.formats.exchange import to_aalpy, to_automata
from boolrnn.machines.machine import MOORE, Machine
from boolrnn.machines.minimise import classes_of

SIZE, LARGE = 1_000, (10**5, 10**6)  # states of random machines
SEEDS = (0, 1, 2, 3, 4)
MOST = 10**7


def random_acceptor(states: int, seed: int) -> Machine:
    """A random acceptor of the binary alphabet, all of whose states can be reached: each new state is the
    successor of a random earlier one that still has room, all other successors are drawn evenly."""
    rng = np.random.default_rng([states, seed])
    after = rng.integers(0, states, 2 * states)
    free = [0, 1]
    for new in range(1, states):
        k = int(rng.integers(len(free)))
        free[k], free[-1] = free[-1], free[k]
        after[free.pop()] = new
        free += [2 * new, 2 * new + 1]
    return Machine(MOORE, ("0", "1"), ("0", "1"), after.reshape(states, 2), rng.integers(0, 2, states))


def doubled(machine: Machine, seed: int) -> Machine:
    """The same language with every state twice; each transition leads to either copy."""
    copies = np.random.default_rng(seed).integers(0, 2, (2 * machine.states, len(machine.alphabet)))
    after = np.tile(machine.transitions, (2, 1)) + copies * machine.states
    return Machine(MOORE, machine.alphabet, machine.labels, after, np.tile(machine.outputs, 2))


def minimise(limit: float) -> None:
    """Random machines of SIZE states, each peer in turn on each: as they are drawn, and of half as many
    different states, each twice."""
    for made in PEERS.values():
        made(random_acceptor(4, 0))()  # warm
    print(f"**Minimising random acceptors of {SIZE:,} states**\n")
    print("| | machines | classes | median CPU s | x classes_of |\n|---|---|---|---|---|")
    _minimised("random", [random_acceptor(SIZE, seed) for seed in SEEDS], limit)
    _minimised("all states twice", [doubled(random_acceptor(SIZE // 2, 0), 0)], limit)
    for size in LARGE:
        machine = random_acceptor(size, 0)
        spent = [_timed(PEERS[OWN](machine), limit)[1] for _ in range(3)]
        print(f"| {OWN}, {size:,} states | 1 | | {statistics.median(spent):.3f} | |")
    print(f"\n>: ended after {limit:g} CPU seconds. Making the peers' objects is not counted.\n", flush=True)


def _minimised(what: str, machines: list[Machine], limit: float) -> None:
    heard: dict[str, list[float]] = {name: [] for name in PEERS}
    counts: list[set[int]] = [set() for _ in machines]
    cut = set()
    for machine, found in zip(machines, counts):
        for name, made in PEERS.items():
            count, spent = _timed(made(machine), limit)
            heard[name].append(spent)
            found |= set() if count is None else {count}
            cut |= {name} if count is None else set()
        assert len(found) == 1, (what, found)
    classes = ", ".join(f"{count:,}" for found in counts for count in found)
    own = statistics.median(heard[OWN])
    for name, spent in heard.items():
        middle, more = statistics.median(spent), "> " if name in cut else ""
        cells = (
            f"{name}, {what}",
            len(machines),
            classes,
            f"{more}{middle:.5f}",
            f"{more}{middle / own:,.0f}",
        )
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def _automata(machine: Machine) -> Callable[[], int]:
    dfa = to_automata(machine)
    return lambda: len(dfa.minify().states)


def _aalpy(machine: Machine) -> Callable[[], int]:
    dfa = to_aalpy(machine)

    def run() -> int:
        dfa.minimize()
        return len(dfa.states)

    return run


OWN = "boolrnn classes_of"
PEERS: dict[str, Callable[[Machine], Callable[[], int]]] = {
    OWN: lambda machine: lambda: int(classes_of(machine.transitions, machine.outputs).max()) + 1,
    "automata-lib minify": _automata,
    "AALpy minimize": _aalpy,
}


def _timed(function: Callable[[], int], limit: float) -> tuple[int | None, float]:
    """What it gives, None after `limit` CPU seconds, and the seconds."""

    def late(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, limit)
    begun, found = time.thread_time(), None
    try:
        found = function()
    except TimeoutError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return found, time.thread_time() - begun


def random_net(hidden: int, seed: int) -> boolrnn.Weights:
    """A hardened random net of two symbols: small integers, even rows of Wh and odd drives, times 16."""
    rng = np.random.default_rng([hidden, seed])
    wh = rng.integers(-5, 6, (hidden, hidden))
    wh[:, 0] += wh.sum(axis=1) % 2
    drive = 2 * rng.integers(-3, 3, (hidden, 2)) + 1
    wy = rng.integers(-5, 6, (2, hidden))
    parts = {"wx": drive * 16, "wh": wh * 16, "bh": np.zeros(hidden), "wy": wy, "by": np.array([1, 0])}
    return boolrnn.Weights(**{name: value.astype(np.float32) for name, value in parts.items()})


def enumerate_states() -> None:
    """States per second, and the memory of 10^7."""
    print(f"**Enumeration, two symbols, one core** (hardened random nets, seeds {SEEDS}, cap {MOST:,})\n")
    print("| H | states | all known | states per CPU s | steps per CPU s | peak memory |")
    print("|---|---|---|---|---|---|")
    spawned = multiprocessing.get_context("spawn")
    for hidden in (16, 24, 32, 64):
        heard = []
        for seed in SEEDS:
            with spawned.Pool(1) as pool:  # a process of its own, whose peak is that of this enumeration
                heard.append(pool.apply(enumerated, (hidden, seed)))
        counts, closed, speeds, steps, peaks = zip(*heard)
        cells = (
            hidden,
            ", ".join(f"{count:,}" for count in counts),
            f"{sum(closed)} of {len(closed)}",
            f"{statistics.median(speeds):,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f})",
            f"{statistics.median(steps):,.0f}",
            f"{max(peaks):,.0f} MB",
        )
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    print(
        "\nStates found, and steps (state, symbol) made to find them: two for each state where all are "
        "known, fewer where the cap ends it. Medians (least to most); the most memory of a process, Python, "
        "numpy and numba included.\n"
    )


def enumerated(hidden: int, seed: int) -> tuple[int, bool, float, float, float]:
    """States, whether these are all, states and steps per CPU second, and the peak of memory in MB. A small
    net is enumerated again until that takes a second."""
    automaton, symbols = boolrnn.compile(random_net(hidden, seed)), np.arange(2)
    Exploration(automaton, symbols, most=1000, engine="compiled").run()  # loads the compiled code
    begun, count, steps, search = time.process_time(), 0, 0, None
    while search is None or time.process_time() - begun < 1.0:
        search = Exploration(automaton, symbols, most=MOST, engine="compiled")
        search.run()
        count, steps = count + search.count, steps + search.at
    spent = time.process_time() - begun
    return search.count, search.closed, count / spent, steps / spent, _peak()


def _peak() -> float:
    """The most memory that this process had, in MB. A new process inherits the peak that getrusage gives from
    the one that starts it, so Linux is asked for its own where that is possible."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return (kilobytes or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] / 1024
