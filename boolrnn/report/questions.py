"""What a report asks: verbs with their options, each answered once and shown with the command that does so.

Quick verbs read the whole text. The others read its first positions (`part` of them), which their windows
say. A verb that cannot answer (a net that predicts nothing, a text too short) gives its reason instead.
"""

import dataclasses
import shlex
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from boolrnn.check.agreement import agreement
from boolrnn.check.certify import certify
from boolrnn.check.margins import margins
from boolrnn.check.predict import predict
from boolrnn.clauses.fragility import fragility
from boolrnn.errors import BoolrnnError
from boolrnn.explain.attribution import attribution
from boolrnn.explain.knockout import knockout
from boolrnn.explain.offsets import offsets
from boolrnn.explain.prune import prune
from boolrnn.explain.roles import roles
from boolrnn.graph.backbone import backbone
from boolrnn.graph.coflips import coflips
from boolrnn.graph.cycles import cycles
from boolrnn.graph.dwell import dwell
from boolrnn.graph.influence import influence
from boolrnn.graph.perturb import perturb
from boolrnn.model.automaton import Automaton
from boolrnn.model.run import run
from boolrnn.result import Result

PERMUTATIONS = 20  # null models of backbone: their 95 % bound is the largest of them
CYCLE_SYMBOLS, CYCLE_STARTS, CYCLE_SECONDS = 6, 2, 5.0  # the most frequent symbols
NEEDED = ("agreement", "run")  # without these there is nothing to show


@dataclasses.dataclass(frozen=True)
class Names:
    """What MODEL and TEXT are called on the command line, and the options that say how to read them."""

    model: str | None = None  # None: the pair that ships with the package
    text: str | None = None
    reading: tuple[str, ...] = ()

    def command(self, verb: str, options: str = "", first: int | None = None) -> str:
        """The line that repeats a question, on the first `first` bytes of the text where that is given."""
        if self.model is None:
            cut = f"  # of the first {first:,} symbols" if first else ""
            return f"boolrnn {verb} {options}".strip() + cut
        text = shlex.quote(self.text or "TEXT")
        before, text = (f"head -c {first} {text} | ", "-") if first else ("", text)
        taken = verb == "certify"  # its --outputs says something else
        reading = ["--readout-size" if taken and word == "--outputs" else word for word in self.reading]
        words = ["boolrnn", verb, shlex.quote(self.model), text, shlex.join(reading), options]
        return before + " ".join(word for word in words if word)


@dataclasses.dataclass(frozen=True)
class Asking:
    """What every question is asked about, and how."""

    automaton: Automaton
    symbols: np.ndarray
    seed: int = 0
    tanh: str = "exact"


@dataclasses.dataclass(frozen=True)
class Question:
    """A verb with the options that a report gives it, and which of the report's own it takes (`takes`).
    `whole`: it reads the text to its end, however long that is. `aside`: a second process may take it."""

    verb: str
    function: Callable[..., Result]
    options: Mapping[str, int | float | bool] = dataclasses.field(default_factory=dict)
    takes: tuple[str, ...] = ("tanh",)
    whole: bool = False
    aside: bool = False

    def answer(self, asking: Asking) -> Result:
        """The verb's answer."""
        shared = {name: getattr(asking, name) for name in self.takes}
        return self.function(asking.automaton, asking.symbols, **self.options, **shared)

    def typed(self, asking: Asking) -> str:
        """The options as they are typed."""
        words = [_typed(name, value) for name, value in self.options.items()]
        plain = {"seed": 0, "tanh": "exact"}
        shared = {name: getattr(asking, name) for name in self.takes}
        words += [f"--{name} {value}" for name, value in shared.items() if value != plain[name]]
        if self.verb == "cycles":
            words = [f"--symbol {symbol}" for symbol in _named(asking)] + words
        return " ".join(words)


def _typed(name: str, value: int | float | bool) -> str:
    if value is True:
        return f"--{name}"
    return f"--no-{name}" if value is False else f"--{name} {value:g}"


@dataclasses.dataclass(frozen=True)
class Asked:
    """A question, the command that repeats it, and its answer or the reason why there is none."""

    question: Question
    command: str
    result: Result | None
    reason: str | None
    seconds: float


def _frequent(symbols: np.ndarray) -> list[int]:
    """The text's most frequent symbols, most frequent first."""
    counts = np.bincount(symbols)
    order = np.argsort(-counts, kind="stable")
    return order[counts[order] > 0][:CYCLE_SYMBOLS].tolist()


def _named(asking: Asking) -> list[str]:
    """The same as arguments: a character where it is one, else the symbol's number."""
    bytes_ = asking.automaton.alphabet is None
    plain = [bytes_ and 32 < symbol < 127 for symbol in _frequent(asking.symbols)]
    shown = zip(_frequent(asking.symbols), plain)
    return [shlex.quote(chr(symbol)) if character else f"0x{symbol:x}" for symbol, character in shown]


def _cycles(automaton: Automaton, symbols: np.ndarray, **options: Any) -> Result:
    return cycles(automaton, _frequent(symbols), **options)


BOTH = ("tanh", "seed")
QUESTIONS = (
    Question("agreement", agreement, whole=True),
    Question("predict", predict, whole=True),
    Question("margins", margins, whole=True),
    Question("run", run, takes=(), whole=True),
    Question("certify", certify, {"outputs": True}, takes=(), whole=True),
    Question("dwell", dwell, whole=True),
    Question("influence", influence),
    Question("coflips", coflips, takes=BOTH),
    Question("backbone", backbone, {"permutations": PERMUTATIONS}, BOTH, aside=True),
    Question("roles", roles, takes=BOTH, aside=True),
    Question("fragility", fragility, takes=()),
    Question("perturb", perturb, takes=BOTH, aside=True),
    Question("attribution", attribution),
    Question("offsets", offsets, takes=BOTH, aside=True),
    Question("knockout", knockout, {"search": False}),
    Question("prune", prune, {"automaton": False}),
    Question("cycles", _cycles, {"starts": CYCLE_STARTS, "budget": CYCLE_SECONDS}, ("seed",)),
)


def answered(question: Question, command: str, asking: Asking) -> Asked:
    """Ask one question; a refusal is its reason, but for those a page cannot do without."""
    began = time.monotonic()
    try:
        result, reason = question.answer(asking), None
    except BoolrnnError as error:
        if question.verb in NEEDED:
            raise
        result, reason = None, " ".join(str(error).split())
    return Asked(question, command, result, reason, time.monotonic() - began)
