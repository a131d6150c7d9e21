"""Named specifications: languages and one Mealy task that nets are trained and checked on.

Every machine is complete and minimal. `tomita1` to `tomita7` are the languages of Tomita (1982, "Dynamic
construction of finite automata from examples using hill-climbing", Proc. 4th Annual Conf. of the Cognitive
Science Society, 105-108); their minimal acceptors have 2, 3, 5, 4, 4, 3 and 5 states, the sink counted
(Weiss, Goldberg & Yahav 2018, arXiv:1711.09576). Of the third there are two readings in use. `tomita3`: no
maximal run of 1s of odd length is *directly* followed by a maximal run of 0s of odd length (as in Wang et al.
2018, doi:10.1162/neco_a_01111). `tomita3:later`: no such run of 0s comes anywhere *later* (the programs
published with Weiss et al.: the complement of ((0|1)*0)*1(11)*(0(0|1)*1)*0(00)*(1(0|1)*)*). Both have 5
states; the shortest words that tell them apart have 6 symbols (100110).
"""

import dataclasses
import inspect
import re
import string
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from boolrnn.errors import MachineError
from boolrnn.machines.machine import MEALY, MOORE, Machine
from boolrnn.machines.minimise import minimised

MAX_ENTRIES = 10_000_000  # states times symbols of a named machine: 80 MB
ACCEPTOR = ("0", "1")
BINARY = ("0", "1")


@dataclasses.dataclass(frozen=True)
class Language:
    """A named specification: its parameters as written after the name, what it is, and what builds it."""

    usage: str
    about: str
    build: Callable[..., Machine]


def _acceptor(alphabet: tuple[str, ...], start: Any, step: Callable, accepts: Callable) -> Machine:
    """The minimal acceptor of a few states, given as any values with their step function."""
    order: list[Hashable] = [start]
    rows = []
    for state in order:
        after = [step(state, symbol) for symbol in alphabet]
        order.extend(new for k, new in enumerate(after) if new not in order and new not in after[:k])
        rows.append(after)
    transitions = np.array([[order.index(new) for new in row] for row in rows], np.int64)
    return _minimal(alphabet, transitions, np.array([int(accepts(state)) for state in order]))


def _minimal(alphabet: tuple[str, ...], transitions: np.ndarray, outputs: np.ndarray) -> Machine:
    return minimised(Machine(MOORE, alphabet, ACCEPTOR, transitions, outputs)).machine


def _tomita1() -> Machine:
    return _acceptor(BINARY, True, lambda good, x: good and x == "1", bool)


def _tomita2() -> Machine:
    steps = {("start", "1"): "half", ("half", "0"): "start"}
    return _acceptor(BINARY, "start", lambda n, x: steps.get((n, x), "sink"), lambda n: n == "start")


def _tomita3(*parameters: str) -> Machine:
    """States: what kind of run the last symbol belongs to, as far as it can still matter."""
    later = parameters == ("later",)
    if parameters and not later:
        raise ValueError
    steps = {
        ("free", "0"): "free",
        ("free", "1"): "odd ones",
        ("odd ones", "0"): "odd zeros",
        ("odd ones", "1"): "free",
        ("odd zeros", "0"): "even zeros",
        ("even zeros", "0"): "odd zeros",
        ("even zeros", "1"): "even zeros" if later else "odd ones",
    }

    def step(state: str, symbol: str) -> str:
        return steps.get((state, symbol), "sink")

    return _acceptor(BINARY, "free", step, lambda n: n not in ("odd zeros", "sink"))


def _tomita4() -> Machine:
    return _acceptor(BINARY, 0, lambda n, x: 3 if n == 3 else (n + 1) * (x == "0"), lambda n: n < 3)


def _tomita5() -> Machine:
    return _acceptor(BINARY, (0, 0), _both_parities, lambda n: n == (0, 0))


def _both_parities(counts: tuple[int, int], x: str) -> tuple[int, int]:
    zeros, ones = counts
    return (zeros + (x == "0")) % 2, (ones + (x == "1")) % 2


def _tomita6() -> Machine:
    return _acceptor(BINARY, 0, lambda n, x: (n + (1 if x == "0" else -1)) % 3, lambda n: n == 0)


def _tomita7() -> Machine:
    """States: how often the symbol has changed, counted from 0; after 0*1*0*1* nothing is accepted."""
    return _acceptor(BINARY, 0, lambda n, x: min(n + (n % 2 != int(x)), 4), lambda n: n < 4)


def _parity() -> Machine:
    return _acceptor(BINARY, 0, lambda n, x: n ^ (x == "1"), bool)


def _divisible(divisor: str, base: str = "2") -> Machine:
    """The state is the remainder r; the digit d leads to r * base + d."""
    count, width = _whole(divisor, 1), _whole(base, 2)
    if width > 36:
        raise ValueError
    _check_size(count, width)
    after = (np.arange(count)[:, None] * width + np.arange(width)) % count
    digits = tuple((string.digits + string.ascii_lowercase)[:width])
    return _minimal(digits, after, (np.arange(count) == 0).astype(np.int64))


def _brackets(depth: str) -> Machine:
    """The state is the number of open brackets, 0..depth; depth + 1 is the sink."""
    deepest = _whole(depth, 0)
    _check_size(deepest + 2, 2)
    sink = deepest + 1
    opened = np.minimum(np.arange(sink + 1) + 1, sink)
    closed = np.arange(sink + 1) - 1
    closed[[0, sink]] = sink
    return _minimal(
        ("(", ")"), np.stack([opened, closed], axis=1), (np.arange(sink + 1) == 0).astype(np.int64)
    )


def _addition() -> Machine:
    """Symbol 2a + b, state c (the carry): a + b + c is twice the new carry plus the output."""
    total = np.arange(2)[:, None] + np.array([0, 1, 1, 2])
    return Machine(MEALY, ("0", "1", "2", "3"), ("0", "1"), total // 2, total % 2)


def _whole(text: str, least: int) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) < least:
        raise ValueError
    return int(text)


def _check_size(states: int, symbols: int) -> None:
    if states * symbols > MAX_ENTRIES:
        raise MachineError(f"{states:,} states of {symbols} symbols, expected at most {MAX_ENTRIES:,} in all")


LANGUAGES: dict[str, Language] = {
    "tomita1": Language("tomita1", "words of 1s only: 1*", _tomita1),
    "tomita2": Language("tomita2", "repetitions of 10: (10)*", _tomita2),
    "tomita3": Language(
        "tomita3[:later]",
        "no odd run of 1s directly (:later: anywhere later) followed by an odd run of 0s",
        _tomita3,
    ),
    "tomita4": Language("tomita4", "no 000", _tomita4),
    "tomita5": Language("tomita5", "even number of 0s and even number of 1s", _tomita5),
    "tomita6": Language("tomita6", "number of 0s minus number of 1s divisible by 3", _tomita6),
    "tomita7": Language("tomita7", "at most four runs, of 0s first: 0*1*0*1*", _tomita7),
    "parity": Language("parity", "odd number of 1s, symbols 0 and 1", _parity),
    "divisible": Language(
        "divisible:N[:BASE]",
        "numbers divisible by N >= 1, most significant digit first, base 2 to 36 (2); the empty word is 0",
        _divisible,
    ),
    "brackets": Language("brackets:DEPTH", "balanced ( and ), never more than DEPTH >= 0 open", _brackets),
    "addition": Language(
        "addition",
        "Mealy: symbols 0 to 3 = 2a + b, pairs of bits, least significant first; the output is the sum's bit",
        _addition,
    ),
}


def named_language(name: str) -> Machine | None:
    """The machine of a named specification; None where the part before the first colon names none.

    Raises
    ------
    MachineError
        Where the parameters are not what the name takes, or the machine would be too large.
    """
    head, *parameters = name.split(":")
    language = LANGUAGES.get(head)
    if language is None:
        return None
    try:
        inspect.signature(language.build).bind(*parameters)
    except TypeError:  # too few or too many
        raise MachineError(f"{name}: expected {language.usage} ({language.about})") from None
    try:
        return language.build(*parameters)
    except MachineError as error:
        raise MachineError(f"{name}: {error}") from None
    except ValueError:  # a parameter out of range
        raise MachineError(f"{name}: expected {language.usage} ({language.about})") from None
