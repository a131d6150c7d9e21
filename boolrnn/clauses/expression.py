"""The language of questions: whole-number sums over bits, compared and combined.

    3 * question.bit(0, 5) - question.bit(1, 7) >= 1        a constraint
    a & b, a | b, ~a                                        combined

Sums know nothing of automata; boolrnn.clauses.question makes those whose bits are states and symbols.
"""

import dataclasses
import operator
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import NamedTuple

from boolrnn.errors import OptionError

BIT, READS = "bit", "reads"


class Atom(NamedTuple):
    """A bit of a question: of the state after `time` symbols, or "the symbol read last then is this"."""

    kind: str
    time: int
    number: int


Values = Callable[[Atom], bool]


def _whole(value: typing.Any) -> int:
    """A Python integer: NumPy's would overflow, and fractions be cut off.

    Raises
    ------
    OptionError
        On anything that is no whole number.
    """
    try:
        return operator.index(value)
    except TypeError:
        kind = type(value).__name__
        raise OptionError(f"coefficient {value!r} ({kind}): sums are of whole numbers") from None


class Sum:
    """A sum of bits times whole numbers, and a constant. +, -, * and comparisons work as for numbers: with
    other sums, and with whole numbers of any type."""

    __slots__ = ("constant", "terms")
    __array_ufunc__ = None  # NumPy's numbers leave the arithmetic to us

    def __init__(self, terms: Mapping[Atom, typing.Any] | None = None, constant: typing.Any = 0) -> None:
        self.terms = {atom: _whole(c) for atom, c in (terms or {}).items() if c}
        self.constant = _whole(constant)

    def value(self, values: Values) -> int:
        """What it comes to."""
        return self.constant + sum(c for atom, c in self.terms.items() if values(atom))

    def __add__(self, other: typing.Any) -> "Sum":
        if not isinstance(other, Sum):
            return Sum(self.terms, self.constant + _whole(other))
        terms = dict(self.terms)
        for atom, c in other.terms.items():
            terms[atom] = terms.get(atom, 0) + c
        return Sum(terms, self.constant + other.constant)

    def __mul__(self, factor: typing.Any) -> "Sum":
        factor = _whole(factor)
        return Sum({atom: factor * c for atom, c in self.terms.items()}, factor * self.constant)

    def __neg__(self) -> "Sum":
        return self * -1

    def __sub__(self, other: typing.Any) -> "Sum":
        return self + (-other if isinstance(other, Sum) else -_whole(other))

    def __rsub__(self, other: typing.Any) -> "Sum":
        return -self + other

    __radd__, __rmul__ = __add__, __mul__

    def __ge__(self, other: typing.Any) -> "Constraint":
        return AtLeast(self - other)

    def __le__(self, other: typing.Any) -> "Constraint":
        return AtLeast(-(self - other))

    def __gt__(self, other: typing.Any) -> "Constraint":
        return AtLeast(self - other - 1)

    def __lt__(self, other: typing.Any) -> "Constraint":
        return AtLeast(-(self - other) - 1)

    def __eq__(self, other: typing.Any) -> "Constraint":  # pyright: ignore[reportIncompatibleMethodOverride] - as in every modelling language
        return All(((self >= other), (self <= other)))

    def __ne__(self, other: typing.Any) -> "Constraint":  # pyright: ignore[reportIncompatibleMethodOverride] - the same
        return Any((self > other, self < other))

    __hash__ = None  # pyright: ignore[reportAssignmentType] - equality makes a constraint

    def __bool__(self) -> bool:
        raise TypeError("a sum is neither true nor false; compare it: sum >= 1")


class Constraint(ABC):
    """What may hold or not: `&`, `|` and `~` combine."""

    @abstractmethod
    def holds(self, values: Values) -> bool:
        """Whether it holds for these bits."""

    @abstractmethod
    def negated(self) -> "Constraint":
        """What holds exactly where this does not."""

    def __and__(self, other: "Constraint") -> "Constraint":
        return All((self, other))

    def __or__(self, other: "Constraint") -> "Constraint":
        return Any((self, other))

    def __invert__(self) -> "Constraint":
        return self.negated()

    def __bool__(self) -> bool:
        raise TypeError("a constraint is neither true nor false; combine with &, | and ~")


@dataclasses.dataclass(frozen=True, eq=False)
class AtLeast(Constraint):
    """`sum` is 0 or more."""

    sum: Sum

    def holds(self, values: Values) -> bool:
        """As said."""
        return self.sum.value(values) >= 0

    def negated(self) -> Constraint:
        """`sum` is at most -1: sums are whole."""
        return AtLeast(-self.sum - 1)


@dataclasses.dataclass(frozen=True, eq=False)
class All(Constraint):
    """Every one of `parts` holds."""

    parts: tuple[Constraint, ...]

    def holds(self, values: Values) -> bool:
        """As said."""
        return all(part.holds(values) for part in self.parts)

    def negated(self) -> Constraint:
        """One of them does not."""
        return Any(tuple(part.negated() for part in self.parts))


@dataclasses.dataclass(frozen=True, eq=False)
class Any(Constraint):
    """At least one of `parts` holds."""

    parts: tuple[Constraint, ...]

    def holds(self, values: Values) -> bool:
        """As said."""
        return any(part.holds(values) for part in self.parts)

    def negated(self) -> Constraint:
        """None of them does."""
        return All(tuple(part.negated() for part in self.parts))
