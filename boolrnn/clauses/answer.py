"""Answer: what every question of this room returns first."""

import dataclasses
from typing import Any

import numpy as np

from boolrnn.result import Result

SAT, UNSAT, UNKNOWN = "sat", "unsat", "unknown"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What an engine says about a problem, after replay.

    `values` are the problem's variables (N bools) where the verdict is sat: they were put into every
    constraint, in integers, before anyone sees them. `proved` is True where the verdict rests on such a
    witness, on a closed form, on an exhausted exact search, or on a certificate that was checked; it is
    False where a solver's word is all there is. `minimum` is the least value of what was minimised, among
    all solutions if proved. `certificate` is the kind of proof that was checked, `proof` the proof itself.
    """

    verdict: str
    engine: str
    seconds: float
    proved: bool = False
    values: np.ndarray | None = None
    minimum: int | None = None
    certificate: str | None = None
    proof: Any = dataclasses.field(default=None, repr=False)
    note: str = ""  # why it is unknown, in words


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Answered(Result):
    """The fields that the results of this room share: what was asked, and how the answer is known.

    `question` says in words what `verdict` is about: sat means that a witness exists (it stands beside,
    and was replayed in exact arithmetic), unsat that there is none, unknown that the budget ended first.
    """

    question: str
    verdict: str
    proved: bool
    engine: str
    certificate: str | None = None
    seconds: float

    @property
    def undecided(self) -> bool:
        """True where the command line exits with 3."""
        return self.verdict == UNKNOWN
