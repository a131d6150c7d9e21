"""What a claim is, how it meets its measurement, and which verdict follows."""

import dataclasses
import functools
import hashlib
import importlib
import math
import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

import boolrnn
from analyses import NAMES, QUESTIONS
from boolrnn import BoolrnnError

REPRODUCED = "reproduced"
UNSOUND = "reproduced, but does not show what is said"
CONTRADICTED = "contradicted"
ITSELF = "contradicted by its own table or arithmetic"
OTHER = "other file or text: not comparable"
UNMEASURABLE = "not measurable"
OPEN = "open question, measured here"
SAME, DIFFERS = "as on the archived pair", "differs from the archived pair"
VERDICTS = (REPRODUCED, UNSOUND, CONTRADICTED, ITSELF, OTHER, UNMEASURABLE, OPEN)

# sha256 of the two files that the programs in the authors' public repository were run on
ARCHIVED = (
    "239036a0c2319f6835f56ee54bbc3ae8d19a10ab1224c26c77a3f66e59d2b68b",
    "ef3e698d40b8b36d6d1776feccc25bab3d01de872a4fd8e56f5b929631568496",
)

Value = bool | int | float | str | list[int] | list[float] | None
Archive = dict[str, dict[str, Any]]  # by full name: what the archived pair gave (value), and a note


@dataclasses.dataclass(frozen=True)
class Claim:
    """One published statement.

    `published` is its number (or list of numbers, or True for a statement in words), `tolerance` how far
    a measurement may be from it: half a unit of the last printed digit, 0 for counts and words. `of` says
    what it was computed on: the "archived" pair, an "other" file or text, "itself" (it must agree with the
    page's own table or arithmetic), or "nothing" (an open question). `but` says what a reproduced number
    does not show, `why` what keeps it from being measured.
    """

    name: str
    published: Value
    tolerance: float
    unit: str
    where: str
    says: str = ""
    of: str = "archived"
    but: str = ""
    why: str = ""


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a pair gives: a value (None where it has none), a remark, and whether the value stays where it
    is, within 1e-4, when float64 takes the place of float32. Nothing follows from one that does not."""

    value: Value
    note: str = ""
    stable: bool = True


@dataclasses.dataclass(frozen=True)
class Row:
    """A claim of one experiment and its measurement on one pair."""

    experiment: str
    claim: Claim
    found: Measured
    published: Value  # on another pair than the archived one: what the archived pair gives
    archived: bool

    @property
    def name(self) -> str:
        return f"{self.experiment}.{self.claim.name}"

    @property
    def verdict(self) -> str:
        """What follows from claim and measurement."""
        if self.found.value is None:
            return UNMEASURABLE
        if self.archived and self.claim.of == "nothing":
            return OPEN
        if agrees(self.published, self.found.value, self.claim.tolerance):
            return (UNSOUND if self.claim.but else REPRODUCED) if self.archived else SAME
        if not self.found.stable:
            return UNMEASURABLE
        return (
            {"archived": CONTRADICTED, "other": OTHER, "itself": ITSELF}[self.claim.of]
            if self.archived
            else DIFFERS
        )

    @property
    def remark(self) -> str:
        """What a reader has to know beside the number."""
        unsound = self.claim.but if self.verdict == UNSOUND else ""
        shaky = "" if self.found.stable else "moves by more than 1e-4 between float32 and float64"
        return "; ".join(part for part in (self.found.note, unsound, shaky) if part)


class Absent(Exception):
    """Raised by a measurement that a pair does not allow (a net of fewer neurons, a shorter text)."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """A net and a text, and what was asked of them so far: every question is asked once."""

    source: boolrnn.Source
    text: bytes
    tanh: str = "exact"
    name: str = "the text"

    @property
    def weights(self) -> boolrnn.Weights:
        return self.source.weights

    @functools.cached_property
    def symbols(self) -> np.ndarray:
        try:
            return boolrnn.to_symbols(self.text, self.weights)
        except BoolrnnError as error:
            raise BoolrnnError(f"{self.name}: {error}") from None

    @functools.cached_property
    def automaton(self) -> boolrnn.Automaton:
        return boolrnn.compile(self.weights)

    @functools.cached_property
    def digests(self) -> tuple[str, str]:
        return self.source.sha256, hashlib.sha256(self.text).hexdigest()

    @property
    def archived(self) -> bool:
        return self.digests == ARCHIVED

    @functools.cached_property
    def _asked(self) -> dict[Any, Any]:
        return {}

    def ask(self, question: Callable[..., Any], **options: Any) -> Any:
        """The answer of one of boolrnn's functions about this pair. What it refuses is absent here."""
        return self._once(
            question, options, lambda: question(self.automaton, self.symbols, tanh=self.tanh, **options)
        )

    def ask_of_text(self, question: Callable[..., Any], longest: int, **options: Any) -> Any:
        """The answer of a function that reads a text alone, about the first `longest` bytes of this one."""
        return self._once(question, options, lambda: question(self.text[:longest], **options))

    def _once(self, question: Callable[..., Any], options: dict[str, Any], answer: Callable[[], Any]) -> Any:
        key = (question, tuple(sorted(options.items())))
        if key not in self._asked:
            try:
                self._asked[key] = answer()
            except BoolrnnError as error:
                self._asked[key] = Absent(str(error))
        if isinstance(self._asked[key], Absent):
            raise self._asked[key]
        return self._asked[key]

    def neuron(self, number: int) -> int:
        """The number, where the net has such a neuron."""
        if number >= self.weights.hidden:
            raise Absent(f"this net has no h{number}")
        return number


def experiment(name: str) -> ModuleType:
    """The module of an experiment."""
    return importlib.import_module(f"analyses.{name}")


def measure(name: str, pair: Pair, archive: Archive) -> list[Row]:
    """All claims of an experiment, in order, with what this pair gives.

    `archive` holds what the archived pair gave, by full name: what other pairs are compared with.

    Raises
    ------
    AssertionError
        Where a claim has no measurement, or a measurement no claim.
    """
    module = experiment(name)
    found: dict[str, Measured] = {}
    absent = "" if len(pair.symbols) > 1 else "a text of one symbol has no predictions"
    measuring: Iterator[Any] = iter(()) if absent else module.measure(pair)
    try:
        for key, value, *more in measuring:
            note, stable = (more + ["", True][len(more) :])[:2]
            assert key not in found, f"{name}.{key}: measured twice"
            try:
                given = plain(value() if callable(value) else value)
                note = note or ("this pair gives none" if given is None else "")
                found[key] = Measured(given, note, bool(stable))
            except Absent as reason:
                found[key] = Measured(None, str(reason))
    except Absent as reason:
        absent = str(reason)
    claims = {claim.name: claim for claim in module.CLAIMS}
    lost = [key for key in claims if key not in found and not claims[key].why and not absent]
    assert not lost, f"{name}.{lost[0]}: a claim without a measurement"
    stray = [key for key in found if key not in claims]
    assert not stray, f"{name}.{stray[0]}: a measurement without a claim"
    rows = []
    for key, claim in claims.items():
        here = found.get(key, Measured(None, claim.why or absent))
        known = archive.get(f"{name}.{key}", {})
        rows.append(
            Row(name, claim, here, claim.published if pair.archived else known.get("value"), pair.archived)
        )
    return rows


def recorded(archive: Archive) -> list[Row]:
    """The archived pair's rows, from the record of what it gave."""
    rows = []
    for name in NAMES:
        for claim in experiment(name).CLAIMS:
            known = archive.get(f"{name}.{claim.name}", {"value": None, "note": "not recorded"})
            rows.append(Row(name, claim, Measured(**known), claim.published, archived=True))
    return rows


def agrees(published: Value, measured: Value, tolerance: float, relative: float = 1e-9) -> bool:
    """Whether a measurement is the published value, to the digits printed."""
    if isinstance(published, list) and isinstance(measured, list):
        if len(published) != len(measured):
            return False
        pairs = zip(published, measured, strict=True)
        return all(agrees(a, b, tolerance, relative) for a, b in pairs)
    if isinstance(published, float) or isinstance(measured, float):
        if not isinstance(published, int | float) or not isinstance(measured, int | float):
            return False
        return math.isclose(published, measured, rel_tol=relative, abs_tol=tolerance * (1 + 1e-9))
    if isinstance(published, int) and isinstance(measured, int):
        return abs(published - measured) <= tolerance
    return published == measured


def plain(value: Any) -> Value:
    """NumPy's scalars and arrays as Python's; what is not finite is absent."""
    if isinstance(value, np.ndarray):
        return value.tolist() if np.isfinite(value).all() else None
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_pair(
    model: str | os.PathLike[str],
    text: str | os.PathLike[str],
    tanh: str = "exact",
    alphabet: str | None = None,
) -> Pair:
    """A weights file and a text file as a pair; `alphabet` names the symbols of a net that has no names."""
    letters = None if alphabet is None else np.frombuffer(os.fsencode(alphabet), np.uint8)
    source = boolrnn.read_source(model, alphabet=letters)
    try:
        with open(text, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise BoolrnnError(f"{os.fspath(text)}: cannot be read ({error.strerror})") from None
    return Pair(source, data, tanh, os.fspath(text))


def chosen(name: str) -> tuple[str, ...]:
    """The experiments that a name stands for: itself, the seven `questions`, or `all`.

    Raises
    ------
    BoolrnnError
        On an unknown name, with those known.
    """
    if name in ("all", "questions"):
        return NAMES if name == "all" else QUESTIONS
    if name not in NAMES:
        raise BoolrnnError(f"experiment {name!r}: expected all, questions or one of {', '.join(NAMES)}")
    return (name,)


def percent_of(part: float, whole: float) -> float | None:
    """100 part / whole; nothing where there is no whole."""
    return 100 * part / whole if whole else None


def number(value: float | None, form: str = ".4f") -> str:
    """A number in a remark; a dash where there is none."""
    return "-" if value is None or not math.isfinite(value) else format(value, form)
