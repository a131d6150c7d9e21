"""What a question about fragility may be asked with; everything else is refused in one line."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from boolrnn.clauses.fewest import AUTO, ENUMERATION
from boolrnn.clauses.solving import ENGINES
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton
from boolrnn.shapes import Int64

COUNT, MARGINS = "count", "margin"
ALL, TEXT = "all", "text"


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of boolrnn.clauses.fragility.fragility, under the same names."""

    predictions: bool
    positions: str | Sequence[int] | np.ndarray | None
    at: int | None
    steps: int | None
    bit: int | None
    bits: Sequence[int] | np.ndarray | None
    rank: bool
    only: Sequence[int] | np.ndarray | None
    weights: str
    most: int | None
    edit_symbols: bool
    among: str
    near: float | None
    within: int | None
    budget: float | None
    engine: str

    def check(self, automaton: Automaton, length: int) -> None:
        """Refuse what cannot be asked of this net and a text of that length.

        Raises
        ------
        OptionError
            As said.
        """
        self._words()
        if self.positions is not None and not self.predictions:
            raise OptionError("positions: expected together with predictions")
        if self.at is None:
            given = [name for name in self._given() if name not in ("predictions", "positions")]
            if given:
                raise OptionError(f"{given[0]}: expected together with at, a position of the text")
            return
        if self.predictions:
            raise OptionError("at and predictions: expected one of them")
        _inside("at", self.at, length, "the text has {} symbols")
        self._together()
        for name, neurons in (("only", self.only), ("bits", self.bits)):
            _neurons(name, neurons, automaton.hidden)
        if self.bit is not None:
            _inside("bit", self.bit, automaton.hidden, "the net has {} neurons")
        if self.edit_symbols:
            return
        needed = self.at + self.lag + (2 if self.rank else 1)
        if needed > length:
            end = f"symbols[{needed - 1}] is needed, the text has {length}"
            raise OptionError(f"at {self.at}, steps {self.lag}: {end}")
        if self.rank and not automaton.weights.predicts:
            raise OptionError(
                f"rank: {automaton.outputs} outputs and {automaton.symbols} symbols, expected as many"
            )

    @property
    def lag(self) -> int:
        """Steps until the effect."""
        return 1 if self.steps is None else self.steps

    def _given(self) -> list[str]:
        """The options that ask something at a position."""
        plain = {
            "predictions": False,
            "rank": False,
            "weights": COUNT,
            "edit_symbols": False,
            "among": ALL,
            "engine": AUTO,
        }
        found = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            usual = isinstance(value, str | bool) and value == plain.get(field.name)
            if field.name != "budget" and value is not None and not usual:
                found.append(field.name)
        return found

    def _words(self) -> None:
        """Names and numbers by themselves."""
        engines = (AUTO, ENUMERATION, *ENGINES)
        for name, value, known in (
            ("weights", self.weights, (COUNT, MARGINS)),
            ("among", self.among, (ALL, TEXT)),
            ("engine", self.engine, engines),
        ):
            if value not in known:
                raise OptionError(f"{name} {value!r}: expected one of {', '.join(known)}")
        for name, value, least in (
            ("steps", self.steps, 0),
            ("most", self.most, 1),
            ("within", self.within, 0),
        ):
            if value is not None and value < least:
                raise OptionError(f"{name} {value}: expected {least} or more")
        if self.near is not None and not (self.near > 0 and math.isfinite(self.near)):
            raise OptionError(f"near {self.near}: expected a number above 0")
        if self.budget is not None and not self.budget > 0:
            raise OptionError(f"budget {self.budget}: expected more than 0 seconds")

    def _together(self) -> None:
        """Which options go with which."""
        targets = [name for name in ("bit", "bits", "rank") if not _missing(getattr(self, name))]
        if len(targets) > 1:
            raise OptionError(f"{' and '.join(targets)}: expected one of them")
        if self.within is not None and self.near is None:
            raise OptionError("within: expected together with near")
        if self.among != ALL and not self.edit_symbols:
            raise OptionError("among: expected together with edit_symbols")
        given = self._given()
        for asked, takes in (
            ("near", ("bit", "only", "within", "engine")),
            ("edit_symbols", ("steps", "most", "among", "engine")),
        ):
            others = [name for name in given if name not in (asked, "at", *takes)]
            if asked in given and others:
                raise OptionError(f"{asked} and {others[0]}: expected one of them")
        if self.edit_symbols and self.engine not in (AUTO, ENUMERATION):
            raise OptionError(f"engine {self.engine}: substitutions are enumerated, expected {ENUMERATION}")
        if self.near is not None and self.engine == ENUMERATION:
            raise OptionError(f"engine {ENUMERATION}: near is answered by auto or an engine of clauses")


def as_units(only: Sequence[int] | np.ndarray | None, hidden: int) -> Int64[np.ndarray, "N"]:
    """The neurons that may be flipped, ascending."""
    return np.arange(hidden) if only is None else np.unique(np.asarray(only, np.int64))


def _missing(value: object) -> bool:
    return value is None or value is False


def _inside(name: str, value: int, count: int, said: str) -> None:
    if not 0 <= value < count:
        raise OptionError(f"{name} {value}: {said.format(count)}, expected 0..{count - 1}")


def _neurons(name: str, given: Sequence[int] | np.ndarray | None, hidden: int) -> None:
    """Refuse what is no list of different neurons."""
    if given is None:
        return
    neurons = np.asarray(given)
    if neurons.ndim != 1 or not len(neurons) or neurons.dtype.kind not in "iu":
        raise OptionError(f"{name}: {neurons.dtype} of shape {neurons.shape}, expected integers (N,)")
    for neuron in neurons.tolist():
        _inside(f"{name}:", neuron, hidden, "the net has {} neurons")
    if len(np.unique(neurons)) < len(neurons):
        raise OptionError(f"{name}: a number stands twice")
