"""Query learning beside exact extraction: AALpy's L* asks the net, word by word, until an oracle is content.

The net answers as its float32 program does. Oracles draw words at random, walk at random from the states that
were found, or (W-method) try all continuations that a machine of so many states could need: a proof, if the
net's machine is no larger.
"""

import contextlib
import importlib
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from boolrnn.machines.float_labels import FloatLabels
from boolrnn.machines.formats.exchange import is_acceptor, of_aalpy
from boolrnn.machines.machine import Machine
from boolrnn.machines.minimise import minimised
from boolrnn.machines.outputs import Labeller
from boolrnn.model.many import FloatStepper
from boolrnn.model.weights import Weights

WALKS, SHORTEST, LONGEST = 500, 10, 30  # of random words: AALpy's defaults
PER_STATE, WALK = 25, 12  # the same, of random walks from the states found
SPARE = 4  # states beyond those of the specification that the W-method reckons with
ENTRIES = 1 << 20  # words of the W-method; beyond them it is left out


class Learned(NamedTuple):
    """What one learner returned, minimised, and what it asked: words and symbols, none twice."""

    name: str
    oracle: str
    machine: Machine
    words: int
    symbols: int
    seconds: float


class _Asking:
    """The net as what may be asked: one symbol at a time. Counts what is asked."""

    def __init__(self, weights: Weights, among: np.ndarray, outputs: str, accepts: bool) -> None:
        super().__init__()  # AALpy's own class comes after this one
        self.labels, self.advance = FloatLabels(Labeller(weights, outputs)), FloatStepper(weights)
        self.start = np.zeros((1, weights.hidden), np.float32)
        self.among, self.accepts = among, accepts
        self.hidden, self.z = self.start, None
        self.words = self.symbols = 0

    def pre(self) -> None:
        """Before a word: the network's start."""
        self.hidden, self.z = self.start, None
        self.words += 1

    def post(self) -> None:
        """After a word: nothing to do."""

    def step(self, symbol: int | None) -> bool | str:
        """Read a symbol (None: no symbol), and say the label."""
        if symbol is not None:
            self.z, self.hidden = self.advance(self.among[symbol : symbol + 1], self.hidden)
            self.symbols += 1
        label = self.labels.name(int(self.labels.of_floats(self.z, self.hidden)[0]))
        return label == "1" if self.accepts else label


def learn(weights: Weights, spec: Machine, among: np.ndarray, outputs: str, seed: int) -> list[Learned]:
    """Let L* learn the labels (`outputs`) of the net over the symbols `among`, with each oracle in turn;
    `seed` is that of their random words. `spec` says what the symbols are called, and how many states the
    W-method reckons with.
    """
    base, oracles = importlib.import_module("aalpy.base"), importlib.import_module("aalpy.oracles")
    run = importlib.import_module("aalpy.learning_algs").run_Lstar
    accepts, symbols = is_acceptor(spec), list(range(len(spec.alphabet)))
    most = minimised(spec).machine.states + SPARE
    kinds: list[tuple[str, str, Callable[[Any], Any]]] = [
        (
            "L*, random words",
            f"{WALKS} words of {SHORTEST} to {LONGEST} symbols",
            lambda net: oracles.RandomWordEqOracle(symbols, net, WALKS, SHORTEST, LONGEST),
        ),
        (
            "L*, random W-method",
            f"{PER_STATE} walks of {WALK} symbols from each state",
            lambda net: oracles.RandomWMethodEqOracle(symbols, net, PER_STATE, WALK),
        ),
    ]
    if most * len(symbols) ** (SPARE + 1) <= ENTRIES:
        told = f"every word that {most} states can need"
        kinds.append(("L*, W-method", told, lambda net: oracles.WMethodEqOracle(symbols, net, most)))
    sul = type("Net", (_Asking, base.SUL), {})
    found = []
    for name, about, oracle in kinds:
        net, began = sul(weights, among, outputs, accepts), time.monotonic()
        with _drawing(seed):
            model = run(symbols, net, oracle(net), "dfa" if accepts else "moore", print_level=0)
        machine = _named(minimised(of_aalpy(model)).machine, spec)
        found.append(Learned(name, about, machine, net.words, net.symbols, time.monotonic() - began))
    return found


def _named(machine: Machine, spec: Machine) -> Machine:
    """The same machine under the specification's names of symbols."""
    names = tuple(spec.alphabet[int(name)] for name in machine.alphabet)
    return Machine(machine.kind, names, machine.labels, machine.transitions, machine.outputs, machine.start)


@contextlib.contextmanager
def _drawing(seed: int) -> Iterator[None]:
    """AALpy draws from Python's common generator: seeded here, and left as it was."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
