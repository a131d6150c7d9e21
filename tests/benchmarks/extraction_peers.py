"""extract beside query learning, on nets that learned their language and on nets that did not.

    pip install aalpy==2.0.0 automata-lib==9.2.0
    python tests/benchmarks/extraction_peers.py --nets DIR [--languages tomita1,tomita2] [--seeds 0,1]
    python tests/benchmarks/extraction_peers.py --only minimise
    python tests/benchmarks/extraction_peers.py --only enumerate

Nets are trained for Tomita 1-7 with every seed: from examples alone at H = 16 and 32, and with
counterexamples at H = 16; DIR keeps them. All are used. L* and KV of AALpy learn the net's labels by asking;
each has four equivalence oracles: random words and RandomWMethod at AALpy's defaults, StatePrefix as in
AALpy's own Tomita example, and the W-method, which is told the true size n and searches up to n + 2 states
(not feasible: n > 2,000). Asking is as cheap as it can be: a step is one look-up in a table of the net's
minimal machine, made beforehand, and AALpy's cache is on. Before every peer's turn extract does the same net
again, from the weights. What is learned is compared with the net's minimal machine, up to the names of
states; that machine itself is checked by other means (`check`). Seconds are those of the processor, one
thread; a peer that needs more than --limit gives no answer. L* asks and extract holds the weights: what is
compared is what either can know.
"""

import argparse
import gc
import json
import logging
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is loaded

import extraction_speed
import numpy as np
from aalpy.base import SUL
from aalpy.learning_algs import run_KV, run_Lstar
from aalpy.oracles import (
    RandomWMethodEqOracle,
    RandomWordEqOracle,
    StatePrefixEqOracle,
    WMethodEqOracle,
)

import boolrnn
from boolrnn.machines.formats.exchange import of_aalpy, to_automata
from boolrnn.machines.formats.languages import named_language
from boolrnn.machines.machine import Machine
from boolrnn.machines.minimise import minimised

KINDS = {  # of nets: neurons, and whether counterexamples were fed back
    "examples alone, H = 16": (16, False),
    "examples alone, H = 32": (32, False),
    "counterexamples, H = 16": (16, True),
}
LEARNERS = {"L*": run_Lstar, "KV": run_KV}
ORACLES: dict[str, Callable[[list[int], SUL, int], Any]] = {
    "random words": lambda alphabet, sul, _: RandomWordEqOracle(alphabet, sul),
    "RandomWMethod": lambda alphabet, sul, _: RandomWMethodEqOracle(alphabet, sul),
    "StatePrefix": lambda alphabet, sul, _: StatePrefixEqOracle(
        alphabet, sul, walks_per_state=50, walk_len=10
    ),
    "W-method to n + 2": lambda alphabet, sul, n: WMethodEqOracle(alphabet, sul, n + 2),
}
WIDEST = 2000  # states to which the W-method is tried
RIGHT, INTENDED, WRONG = "right", "intended", "another"
LATE, FAILED, SKIPPED = "no answer", "failed", "not feasible"

HEADS = {
    RIGHT: "the net's machine",
    INTENDED: "the intended language: bug hidden",
    WRONG: "another machine",
    LATE: "no answer",
}


class Net(NamedTuple):
    """A net, the language that it was meant to learn, and its own, as minimal machines."""

    name: str
    kind: str
    weights: boolrnn.Weights
    intended: Machine
    machine: Machine
    reachable: int  # bit states, start included
    counterexample: int | None  # length of a shortest word on which both differ
    accuracy: float  # share of 20,000 test words that it has right

    @property
    def right(self) -> bool:
        return self.counterexample is None


class Turn(NamedTuple):
    """What one peer did on one net, and extract on the same net just before."""

    ended: str
    queries: int  # words that the net was asked, membership and equivalence, without those in the cache
    symbols: int  # of these words
    seconds: float
    beside: float  # seconds of extract


class Asked(SUL):
    """The net as what may be asked: the label after each symbol, one look-up a step. Counts what is asked."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.after, self.start = machine.transitions.tolist(), machine.start
        self.accepts = [machine.labels[k] == "1" for k in machine.outputs.tolist()]
        self.state, self.words, self.symbols = self.start, 0, 0

    def pre(self) -> None:
        self.state = self.start
        self.words += 1

    def post(self) -> None:
        pass

    def step(self, letter: int | None) -> bool:
        if letter is not None:
            self.state = self.after[self.state][letter]
            self.symbols += 1
        return self.accepts[self.state]


def trained(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, str, str, Path]]:
    """Name, kind, language and file of every net; those that are not there yet are trained."""
    for kind, (hidden, fed_back) in KINDS.items():
        for language in options.languages:
            for seed in options.seeds:
                name = f"{language}-h{hidden}-{'fed' if fed_back else 'plain'}-{seed}"
                path = folder / f"{name}.npz"
                if not (path.exists() and path.with_suffix(".json").exists()):
                    show(f"training {name}")
                    machine = named_language(language)
                    assert machine is not None, language
                    made = boolrnn.train_language(machine, hidden=hidden, seed=seed, counterexamples=fed_back)
                    made.write(path)
                    said = {"test_accuracy": made.test_accuracy, "seconds": made.seconds}
                    path.with_suffix(".json").write_text(json.dumps(said))
                yield name, kind, language, path


def known(name: str, kind: str, language: str, path: Path) -> Net | None:
    """The net with its exact machine, checked; None where it has too many states."""
    weights, intended = boolrnn.read_weights(path), named_language(language)
    assert intended is not None
    found = boolrnn.extract(weights)
    compared = boolrnn.compare_language(weights, intended, words=0)
    if found.machine is None:
        return None
    assert check(weights, found.machine) == found.reachable, name
    meant = minimised(intended).machine
    assert found.machine.same_as(meant) == compared.equal, name
    word = None if compared.counterexample is None else len(compared.counterexample)
    accuracy = json.loads(path.with_suffix(".json").read_text())["test_accuracy"]
    return Net(name, kind, weights, meant, found.machine, found.reachable, word, accuracy)


def check(weights: boolrnn.Weights, machine: Machine) -> int:
    """The number of states that the net reaches, start included, by plain enumeration in float64, where all
    sums of the net are exact in any order. The machine gives the net's label on every pair of states that a
    word leads to, and automata-lib's minimisation finds nothing to merge in it."""
    wh, wx, bh, wy, by = (
        np.asarray(w, np.float64) for w in (weights.wh, weights.wx, weights.bh, weights.wy, weights.by)
    )
    for matrix, rest in ((wh, np.abs(wx).max(axis=1) + np.abs(bh)), (wy, np.abs(by))):
        values = np.concatenate([matrix.ravel(), wx.ravel(), bh, by])
        unit = min(np.frexp(v)[1] - 24 for v in values[values != 0].tolist())
        assert (np.abs(matrix).sum(axis=1) + rest).max() / 2.0**unit < 2.0**53
    labels = np.array([label == "1" for label in machine.labels])[machine.outputs]
    assert labels[machine.start] == (by.argmax() == 1)
    place = 2 ** np.arange(weights.hidden)
    assert weights.hidden <= 32
    met = np.zeros(0, np.int64)
    level, beside = np.zeros((1, weights.hidden)), np.array([machine.start])
    while len(level):
        after = [(level @ wh.T + wx[:, x] + bh >= 0) for x in range(weights.symbols)]
        beside = np.concatenate([machine.transitions[beside, x] for x in range(weights.symbols)])
        keys, first = np.unique((np.concatenate(after) @ place) << 31 | beside, return_index=True)
        fresh = first[~np.isin(keys, met)]
        level, beside = np.concatenate(after)[fresh] * 2.0 - 1, beside[fresh]
        met = np.concatenate([met, keys[~np.isin(keys, met)]])
        assert np.array_equal((level @ wy.T + by).argmax(axis=1) == 1, labels[beside])
    assert len(to_automata(machine).minify().states) == machine.states
    return len(np.unique(met >> 31)) + 1


def late(*_: Any) -> None:
    raise TimeoutError


def turn(net: Net, learner: str, oracle: str, limit: float) -> Turn:
    """extract, then one peer, on one net."""
    beside = seconds(lambda: boolrnn.extract(net.weights))
    if oracle.startswith("W-") and net.machine.states > WIDEST:
        return Turn(SKIPPED, 0, 0, 0.0, beside)
    gc.collect()
    random.seed(f"{net.name} {learner} {oracle}")
    sul, alphabet = Asked(net.machine), [0, 1]
    found: list[Any] = []

    def learn() -> None:
        asking = ORACLES[oracle](alphabet, sul, net.machine.states)
        found.append(LEARNERS[learner](alphabet, sul, asking, "dfa", print_level=0))

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, limit)
    begun, ended = time.thread_time(), ""
    try:
        learn()
    except TimeoutError:
        ended = LATE
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its outcome
        ended = FAILED
        show(f"{net.name}, {learner}, {oracle}: {type(error).__name__}: {error}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    spent = time.thread_time() - begun
    if not ended:
        learned = minimised(of_aalpy(found[0])).machine
        same, meant = learned.same_as(net.machine), learned.same_as(net.intended)
        ended = RIGHT if same else INTENDED if meant else WRONG
    return Turn(ended, sul.words, sul.symbols, spent, beside)


def seconds(function: Callable[[], Any]) -> float:
    """CPU seconds of a call in this thread, which does all the work; the clock of the whole process goes in
    ticks once a timer was set."""
    gc.collect()
    begun = time.thread_time()
    function()
    return time.thread_time() - begun


def learners(options: argparse.Namespace, folder: Path) -> None:
    """Nets, then the tables of those that are right and of those that are not."""
    nets, cut = [], 0
    for entry in trained(options, folder):
        net = known(*entry)
        cut += net is None
        nets += [net] if net else []
        show(f"known {entry[0]}")
    describe(nets, cut)
    heard: dict[tuple[str, str], list[Turn]] = {(a, b): [] for a in LEARNERS for b in ORACLES}
    for k, net in enumerate(nets):
        for learner, oracle in heard:
            heard[learner, oracle].append(turn(net, learner, oracle, options.limit))
        told = (f"{turns[-1].ended} {turns[-1].seconds:.1f}" for turns in heard.values())
        show(f"{k + 1} of {len(nets)}: {net.name}, n = {net.machine.states}: " + ", ".join(told))
    for right in (True, False):
        table(nets, heard, right, options.limit)
    compared = [
        seconds(lambda net=net: boolrnn.compare_language(net.weights, net.intended, words=0)) for net in nets
    ]
    print(f"compare-language on the same nets, against the intended language: {spread(compared)} s.\n")


def describe(nets: list[Net], cut: int) -> None:
    """The nets, all of them, by kind."""
    print("| nets | right | wrong | bit states | minimal, of the wrong | word | not seen by tests |")
    print("|---|---|---|---|---|---|---|")
    for kind in KINDS:
        some = [net for net in nets if net.kind == kind]
        bad = [net for net in some if not net.right]
        cells = (
            kind,
            len(some) - len(bad),
            len(bad),
            spread([net.reachable for net in some]),
            spread([net.machine.states for net in bad]),
            spread([net.counterexample or 0 for net in bad]),
            sum(net.accuracy == 1.0 for net in bad),
        )
        print("| " + " | ".join(map(str, cells)) + " |")
    print(
        "\nMedian (least to most). Right nets speak the intended language. Word: the length of a shortest "
        "one on which a wrong net errs. Not seen by tests: wrong nets that have all labels of 20,000 random "
        f"words right. {len(nets)} machines were checked by plain enumeration and automata-lib; {cut} nets "
        "have too many states to enumerate and are left out.\n",
        flush=True,
    )


def table(nets: list[Net], heard: dict[tuple[str, str], list[Turn]], right: bool, limit: float) -> None:
    """One line per learner and oracle, over the nets that are right or those that are not."""
    chosen = [k for k, net in enumerate(nets) if net.right == right]
    if not chosen:
        return
    print(f"**{len(chosen)} nets that {'speak' if right else 'do not speak'} the intended language**\n")
    endings = [RIGHT, *([] if right else [INTENDED]), WRONG, LATE]
    heads = ["", *(HEADS[ending] for ending in endings), "words asked", "symbols", "CPU s", "x extract"]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    own = statistics.median(turns[k].beside for turns in heard.values() for k in chosen)
    cells = ["boolrnn extract", str(len(chosen)), *["0"] * (len(endings) - 1), "-", "-", f"{own:.4f}", "1"]
    print("| " + " | ".join(cells) + " |")
    for (learner, oracle), turns in heard.items():
        every = [turns[k] for k in chosen]
        tried = [each for each in every if each.ended != SKIPPED]
        count = Counter(each.ended for each in every)
        said = [str(count[ending]) for ending in endings]
        more = [f"{count[word]} {word}" for word in (FAILED, SKIPPED) if count[word]]
        said[-1] += f" (+ {', '.join(more)})" if more else ""
        middle = lambda name, some=tried: statistics.median(getattr(each, name) for each in some)  # noqa: E731 - short
        cells = [f"{learner}, {oracle}", *said, *["-"] * 4]
        if tried:
            spent, beside = middle("seconds"), middle("beside")
            cells[-4:] = [
                f"{middle('queries'):,.0f}",
                f"{middle('symbols'):,.0f}",
                f"{spent:.4f}",
                _short(spent / beside),
            ]
        print("| " + " | ".join(cells) + " |")
    print(
        f"\nMedians of all feasible runs, those without an answer after {limit:g} CPU seconds included.\n",
        flush=True,
    )


def spread(values: list[Any]) -> str:
    """Median, least and most."""
    if not values:
        return "-"
    return "{} ({} to {})".format(*map(_short, (statistics.median(values), min(values), max(values))))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value % 1 == 0 else f"{value:.3g}"


def show(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    listed = lambda text: text.split(",")  # noqa: E731 - one line
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nets", type=Path, help="a directory that keeps the nets")
    parser.add_argument("--languages", type=listed, default=[f"tomita{k}" for k in range(1, 8)])
    parser.add_argument("--seeds", type=lambda text: list(map(int, text.split(","))), default=list(range(5)))
    parser.add_argument("--only", choices=("learners", "minimise", "enumerate"))
    parser.add_argument("--limit", type=float, default=20.0, help="CPU seconds for each answer of a peer")
    options = parser.parse_args()
    logging.disable()
    if options.only in (None, "learners"):
        with tempfile.TemporaryDirectory() as spare:
            folder = options.nets or Path(spare)
            folder.mkdir(parents=True, exist_ok=True)
            learners(options, folder)
        print("L* asks and extract holds the weights.\n")
    if options.only in (None, "minimise"):
        extraction_speed.minimise(options.limit)
    if options.only in (None, "enumerate"):
        extraction_speed.enumerate_states()


if __name__ == "__main__":
    main()
