"""Questions of the room `clauses`: seconds on the embedded pair and on another. Not part of the tests.

    python tests/benchmarks/clauses_speed.py [MODEL TEXT] [--only NAME] [--count N] [--long]

One table for all nets: median seconds of a question, processor (this process and those it started) and
wall; how many questions were decided within a limit of wall time, and how many of these answers are proved;
who answered, by what certificate; what is aimed at. Positions, neurons and targets are drawn once, the same
in every run. Every row is warmed by its first question, with at most three seconds of it. At last the
generic approaches are asked some of the questions (clauses_peers.py). NAME is one of the rows' names,
repeatable: map, jointly, fewest, preimage, eden, reason, fixed, heal, reach, peers.
"""

import argparse
import dataclasses
import os
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import clauses_peers
import numpy as np

import boolrnn
from boolrnn.bits import to_hex
from boolrnn.clauses.fragility import fragility
from boolrnn.clauses.reason import reason

WARM = 3.0  # seconds for the question that warms a row
SHORTEST = 8  # symbols of a text
LETTERS = 52  # symbols of words that are looked for

Case = Callable[[float | None], Any]  # a question, given its limit of seconds: a result of the room


@dataclasses.dataclass(frozen=True, eq=False)
class Net:
    """A net with its text and its trajectory; random draws begin anew for every row."""

    name: str
    automaton: boolrnn.Automaton
    symbols: np.ndarray
    states: np.ndarray

    @classmethod
    def of(cls, name, weights, symbols) -> "Net":
        automaton = boolrnn.compile(weights)
        return cls(name, automaton, symbols, automaton.run(symbols).states)

    def positions(self, first: int, last: int, count: int) -> list[int]:
        """`count` different positions first..last, fewer where the text is short."""
        every = np.arange(first, max(first, last + 1))
        return np.random.default_rng(0).choice(every, min(count, len(every)), replace=False).tolist()

    def next_bits(self, at: int, m: int, rng, planted: bool) -> np.ndarray | None:
        """m neurons, drawn from all or (`planted`) from those whose bits in states[at + 1] change when 8
        random bits of states[at] are flipped; None where these are fewer."""
        hidden = self.automaton.hidden
        if not planted:
            return rng.choice(hidden, m, replace=False)
        state = self.states[at].copy()
        state[rng.choice(hidden, min(8, hidden), replace=False)] ^= True
        after = self.automaton.step(state[None], self.symbols[at + 1 : at + 2])[0][0]
        changed = np.flatnonzero(after != self.states[at + 1])
        return rng.choice(changed, m, replace=False) if len(changed) >= m else None

    def used(self) -> list[int]:
        """The symbols of the text, in order."""
        return np.unique(self.symbols).tolist()


def _verdict(result) -> bool:
    return result.verdict != "unknown"


def _complete(result) -> bool:
    return result.complete


def _nothing(results) -> str:
    return ""


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    """Questions of one kind about one net; `told` says in words what the answers were."""

    what: str
    target: str
    budget: float | None
    cases: list[Case]
    told: Callable[[list[Any]], str] = _nothing
    decided: Callable[[Any], bool] = _verdict


def processor_seconds() -> float:
    """Of this process and of all that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in both)


def timed(case: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it returns, its processor seconds and its wall seconds."""
    used, began = processor_seconds(), time.perf_counter()
    result = case()
    return result, processor_seconds() - used, time.perf_counter() - began


def span(values) -> str:
    """Least, median and greatest of what is known."""
    known = [value for value in values if value is not None]
    if not known:
        return "none"
    return f"{min(known):,} / {statistics.median(known):,g} / {max(known):,}"


def tally(values) -> str:
    """How often each value occurs, None last."""
    counts = Counter("none" if value is None else str(value) for value in values)
    return ", ".join(f"{value}: {counts[value]}" for value in sorted(counts, key=lambda v: (v == "none", v)))


def minima(results) -> str:
    return f"minimum {tally(r.minimum for r in results)}"


def verdicts(results) -> str:
    return tally(r.verdict for r in results)


def sizes(results) -> str:
    return f"least/median/greatest {span(r.minimum for r in results)} of {len(results[0].state)}"


def cells(results) -> str:
    seen = results[0].distance[1:]
    return f"{seen.size:,} cells, {results[0].cells_never:,} never, least {results[0].minimum}"


def lists(results) -> str:
    return f"fixed points {tally(r.found for r in results)}; nodes {span(r.nodes for r in results)}"


def returns(results) -> str:
    last = results[0]
    note = f"{last.states:,} of {last.possible:,} states, {last.returned:,} return, longest {last.longest}"
    return f"{note}; {last.verdict}"


def words(results) -> str:
    return f"{verdicts(results)}; states kept {span(r.states for r in results)}"


def flip_map(net: Net, options) -> Iterator[Row]:
    cases = [lambda budget: fragility(net.automaton, net.symbols, budget=budget)] * 5
    yield Row(f"map of flip distances, {len(net.symbols):,} positions", "<= 0.3 s", 60, cases, cells)


def jointly(net: Net, options) -> Iterator[Row]:
    """All of m bits of the next state, by at most 8 flips: bits drawn from all, and from those that 8 random
    flips change."""
    for m in (m for m in (2, 4, 8, 16) if m <= net.automaton.hidden):
        for planted in (False, True):
            rng, cases = np.random.default_rng(1), []
            for at in net.positions(0, len(net.symbols) - 2, 500):
                bits = net.next_bits(at, m, rng, planted)
                if bits is not None and len(cases) < 20:
                    ask = partial(fragility, net.automaton, net.symbols, at=at, steps=1, bits=bits, most=8)
                    cases.append(lambda budget, ask=ask: ask(budget=budget))
            what = f"{m} neurons{' that 8 flips change' * planted}, r <= 8"
            yield Row(what, "<= 0.2 s, all decided", 10, cases, minima)


def fewest(net: Net, options) -> Iterator[Row]:
    """The prediction, which few flips change; and 16 bits jointly, so that every set has to be refuted."""
    hidden, size, rng = net.automaton.hidden, len(net.symbols), np.random.default_rng(2)
    for steps in (1, 2, 3):
        for most in (3, 4):
            cases = []
            for at in net.positions(0, size - 1 - steps, 12):
                ask = partial(fragility, net.automaton, net.symbols, at=at, steps=steps, most=most)
                cases.append(lambda budget, ask=ask: ask(budget=budget))
            target = "<= 1 s" if most == 3 else "<= 3 s"
            yield Row(f"prediction, K = {steps}, r <= {most}", target, 20, cases, minima)
    for steps, most in ((2, 3), (3, 3), (2, 4), (3, 4)):
        cases = []
        for at in net.positions(0, size - 1 - steps, 5):
            bits = rng.choice(hidden, min(hidden, 16), replace=False)
            ask = partial(fragility, net.automaton, net.symbols, at=at, steps=steps, most=most, bits=bits)
            cases.append(lambda budget, ask=ask: ask(budget=budget))
        target = "<= 1 s" if most == 3 else "<= 3 s"
        yield Row(f"16 bits jointly, K = {steps}, r <= {most}", target, 20, cases, minima)


def preimage_case(net: Net, state, symbol: int, engine: str = "auto") -> Case:
    return lambda budget: boolrnn.preimage(net.automaton, state, symbol=symbol, engine=engine, budget=budget)


def preimages(net: Net, options) -> Iterator[Row]:
    cases = [
        preimage_case(net, net.states[t], int(net.symbols[t]))
        for t in net.positions(1, len(net.symbols) - 1, 20)
    ]
    yield Row("preimage of a trajectory state", "<= 10 s; hardened <= 2 s", 30, cases, verdicts)


def random_targets(net: Net, count: int) -> list[tuple[np.ndarray, int]]:
    """States of which every bit is drawn, each with a symbol of the text."""
    rng, used = np.random.default_rng(3), net.used()
    return [(rng.random(net.automaton.hidden) < 0.5, int(rng.choice(used))) for _ in range(count)]


def eden(net: Net, options) -> Iterator[Row]:
    """The same targets twice: two engines must agree."""
    targets, first = random_targets(net, 10), []

    def remembered(results) -> str:
        first.extend(r.verdict for r in results)
        return verdicts(results)

    def compared(results) -> str:
        pairs = [(a, r.verdict) for a, r in zip(first, results) if "unknown" not in (a, r.verdict)]
        assert all(a == b for a, b in pairs), pairs
        return f"{verdicts(results)}; {len(pairs)} of {len(results)} decided by both, all agree"

    target = "<= 30 s; text nets <= 0.1 s"
    auto = [preimage_case(net, state, x) for state, x in targets]
    yield Row("random target (Garden of Eden)", target, 60, auto, remembered)
    solver = [preimage_case(net, state, x, "cp-sat") for state, x in targets]
    yield Row("random target, by cp-sat", "agrees", 60, solver, compared)


def reasons(net: Net, options) -> Iterator[Row]:
    cases = []
    for at in net.positions(0, len(net.symbols) - 1, 10):
        ask = partial(reason, net.automaton, net.symbols, at=at)
        cases.append(lambda budget, ask=ask: ask(budget=budget))
    yield Row("minimum reason for the prediction", "<= 1.5 s, optimal", 20, cases, sizes)


def fixed(net: Net, options) -> Iterator[Row]:
    """The first n neurons, the others absent; decided where the list is complete."""
    targets = {40: "", 48: "archived <= 2 s", 56: "hardened <= 2 s", 64: "open", 72: "open"}
    for n in (40, 48, 56) + (64, 72) * options.long:
        if n <= net.automaton.hidden:
            whose = {"neurons": range(n), "drop": True} if n < net.automaton.hidden else {}
            cases = []
            for x in np.random.default_rng(4).permutation(net.used())[:5]:
                ask = partial(boolrnn.fixed_points, net.automaton, int(x), **whose)
                cases.append(lambda budget, ask=ask: ask(budget=budget))
            budget = 120 if n > 56 else 30
            yield Row(f"fixed points of {n} neurons", targets[n], budget, cases, lists, _complete)


def heals(net: Net, options) -> Iterator[Row]:
    """Decided where every state within the radius was followed."""
    positions = range(min(1000, len(net.symbols) - 1))
    for radius in (1, 2):
        ask = partial(boolrnn.heal, net.automaton, net.symbols, radius=radius, positions=positions)
        target = "" if radius == 1 else "healing net <= 20 s"
        cases: list[Case] = [lambda budget, ask=ask: ask(budget=budget)]
        what = f"healing, r = {radius}, {len(positions)} positions"
        yield Row(what, target, 60, cases, returns, lambda r: r.states == r.possible)


def reaches(net: Net, options) -> Iterator[Row]:
    """From the network's start to a state that no such word leads to (in all likelihood)."""
    among, cases = net.used()[:LETTERS], []
    for state, _ in random_targets(net, 3):
        goal = f"state:{to_hex(state[None])[0]}"
        ask = partial(boolrnn.reach, net.automaton, goal, within=4, among=among)
        cases.append(lambda budget, ask=ask: ask(budget=budget))
    yield Row(f"reach, {len(among)} symbols, K = 4", "<= 60 s", 90, cases, words)


QUESTIONS = {
    "map": flip_map,
    "jointly": jointly,
    "fewest": fewest,
    "preimage": preimages,
    "eden": eden,
    "reason": reasons,
    "fixed": fixed,
    "heal": heals,
    "reach": reaches,
}
PEERS = "peers"
HEAD = (
    f"{'question':38s} {'net':10s} {'n':>3s} {'CPU s':>8s} {'most':>8s} {'wall s':>8s} {'dec.':>4s} "
    f"{'prov':>4s}  {'target':24s}  engine [certificate]; answers"
)


def measure(row: Row, net: Net, most: int | None) -> None:
    """Ask, and print the row's line."""
    cases = row.cases[:most]
    if not cases:
        return
    cases[0](WARM if row.budget is None else min(WARM, row.budget))
    asked = [timed(partial(case, row.budget)) for case in cases]
    results = [result for result, _, _ in asked]
    processor, wall = ([one[k] for one in asked] for k in (1, 2))
    engines = Counter(r.engine + (f" [{r.certificate}]" if r.certificate else "") for r in results)
    who = ", ".join(
        f"{name} x{count}" if len(engines) > 1 else name for name, count in engines.most_common(3)
    )
    decided, proved = sum(map(row.decided, results)), sum(r.proved for r in results)
    print(
        f"{row.what:38s} {net.name:10s} {len(cases):3d} {statistics.median(processor):8.3f} "
        f"{max(processor):8.3f} {statistics.median(wall):8.3f} {decided:4d} {proved:4d}  "
        f"{row.target:24s}  {who}; {row.told(results)}",
        flush=True,
    )


def one_thread() -> None:
    """Of linear algebra: other threads would only wait, and waiting counts as processor time."""
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    if os.environ.get(names[0]) != "1":
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | dict.fromkeys(names, "1"))


def all_nets(pair: list[str]) -> list[Net]:
    source, text = boolrnn.embedded_pair()
    nets = [Net.of("embedded", source.weights, boolrnn.to_symbols(text, source.weights))]
    if pair:
        weights = boolrnn.read_weights(pair[0])
        nets.append(Net.of("given", weights, boolrnn.read_text(pair[1], weights)))
    return nets


def asked_for() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pair", nargs="*", metavar="MODEL TEXT")
    parser.add_argument("--only", action="append", choices=[*QUESTIONS, PEERS], metavar="NAME")
    parser.add_argument("--count", type=int, metavar="N", help="questions of a kind, at most")
    parser.add_argument("--long", action="store_true", help="fixed points of 64 and 72 neurons too")
    options = parser.parse_args()
    if len(options.pair) not in (0, 2):
        parser.error("expected a model and a text, or neither")
    return options


def main() -> None:
    options = asked_for()
    one_thread()
    nets, chosen = all_nets(options.pair), options.only or [*QUESTIONS, PEERS]
    for net in nets:
        sizes_ = f"H = {net.automaton.hidden}, V = {net.automaton.symbols}, {len(net.symbols):,} steps"
        print(f"{net.name}: {sizes_}")
        if len(net.symbols) < SHORTEST:
            sys.exit(f"{net.name}: a text of {len(net.symbols)} symbols, expected {SHORTEST} or more")
    if set(chosen) - {PEERS}:
        print(HEAD)
    for name, rows in QUESTIONS.items():
        for net in nets if name in chosen else ():
            for row in rows(net, options):
                measure(row, net, options.count)
    if PEERS in chosen:
        for net in nets:
            clauses_peers.compare(net, random_targets(net, 10), timed, min(options.count or 2, 10))


if __name__ == "__main__":
    main()
