"""The full comparison: every configuration on one axis, bits per character of train and held-out text.

The last part of the text is held out: the configurations of `analyses.comparison_rows` and
`analyses.comparison_trained` count, choose and fit before it, and are scored on both parts. Which byte values
the text has is known to all of them. What is fitted on everything is labelled so.
"""

import dataclasses
import functools
import hashlib
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Pair, number
from boolrnn import BoolrnnError, progress

BASELINE, PEER, CONSTRUCTED = "baseline", "peer", "constructed"
TRAINED, GIVEN, PUBLISHED = "trained", "given net", "as published"
KINDS = {
    BASELINE: "estimates without a net's features, the smallest first",
    PEER: "other people's programs, where they are installed",
    CONSTRUCTED: "nets from statistics alone; settings chosen on the last tenth of the training part",
    TRAINED: "nets trained by gradient descent",
    GIVEN: "the MODEL that was given",
    PUBLISHED: "the published constructions, fitted on the whole text: nothing is held out",
}
SHORT = 10_000  # symbols up to which nets can memorise: published constructions, memorising variants
EQUAL = 0.05  # share of the parameters by which sizes may differ and still count as equal
SCAFFOLD = ("dense", "sparse", "dense, pruned, refitted")  # trained nets of equal size
GROUPS, BITS = 16, 8  # of the construction whose parameters are the size that others are brought to


@dataclasses.dataclass(frozen=True)
class Text:
    """A text, and which part of it is held out: the last floor(held_out n) of its n symbols.

    Position t predicts symbol t + 1; positions 0..held-1 predict symbols that are not held out.
    """

    data: bytes
    held_out: float = 0.1
    name: str = "the text"

    def __post_init__(self) -> None:
        if not 0 <= self.held_out < 1:
            raise BoolrnnError(f"held-out {self.held_out:g}: expected a share, at least 0 and less than 1")
        if self.held < 2:
            raise BoolrnnError(
                f"{self.name}: {len(self.data):,} symbols, of which {self.held + 1:,} are not held out; "
                "expected at least 3"
            )

    @functools.cached_property
    def values(self) -> np.ndarray:
        """The byte values that occur, ascending: the symbols."""
        return np.unique(np.frombuffer(self.data, np.uint8))

    @functools.cached_property
    def symbols(self) -> np.ndarray:
        return np.searchsorted(self.values, np.frombuffer(self.data, np.uint8))

    @functools.cached_property
    def held(self) -> int:
        """The first held-out position; the number of positions where nothing is held out."""
        return len(self.data) - int(self.held_out * len(self.data)) - 1

    @property
    def read(self) -> bytes:
        """What is not held out."""
        return self.data[: self.held + 1]

    @property
    def short(self) -> bool:
        return len(self.data) <= SHORT

    @property
    def size(self) -> int:
        """Parameters of the construction that others are brought to: 16 groups of 8 bits."""
        hidden, symbols = GROUPS * BITS, len(self.values)
        return 2 * hidden * symbols + hidden - BITS + symbols

    def equal(self, count: int | None) -> bool:
        """Whether a number of parameters is that size, within 5 %."""
        return count is not None and abs(count - self.size) <= EQUAL * self.size

    def means(self, costs: np.ndarray) -> tuple[float, float | None]:
        """Bits per character of the two parts, from the bits of every position."""
        rest = costs[self.held :]
        return float(costs[: self.held].mean()), float(rest.mean()) if len(rest) else None

    def scored(
        self, weights: boolrnn.Weights, symbols: np.ndarray | None = None, tanh: str = "exact"
    ) -> tuple[float | None, float | None]:
        """Bits per character of the two parts, by a net that reads the text once from its start."""
        symbols = self.symbols if symbols is None else symbols
        with np.errstate(all="ignore"):
            run = boolrnn.trace(weights, symbols, tanh=tanh)
            return boolrnn.bpc(weights, run, 0, self.held), boolrnn.bpc(weights, run, self.held)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One configuration. `parameters` are a net's entries that are not zero, `fitted` those of them that were
    adjusted to the text; `train` and `held_out` bits per character, None where there is none."""

    kind: str
    name: str
    train: float | None
    held_out: float | None
    hidden: int | None = None
    parameters: int | None = None
    fitted: int | None = None
    seconds: float = 0.0
    settings: str = ""
    note: str = ""

    @property
    def label(self) -> str:
        return self.name + (f", H = {self.hidden:,}" if self.hidden else "")


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What makes a row: `make` gives it, and may refuse with a BoolrnnError. `kind` and `name` say what is
    missing where it does."""

    kind: str
    name: str
    make: Callable[[], Row]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """All rows by kind, each kind sorted by held-out bpc, what was left out and why."""

    text: Text
    rows: Sequence[Row]
    left_out: Sequence[tuple[str, str, str]]  # kind, name, why
    made_by: dict[str, Any]
    seconds: float

    @property
    def says(self) -> str:
        """What the rows at equal sizes say about the scaffold."""
        found = {row.name: row for row in self.rows if row.kind == TRAINED}
        ways = [found[name] for name in SCAFFOLD if name in found]
        if len(ways) < len(SCAFFOLD):
            return "nothing was trained here: --train trains dense, sparse and pruned nets of equal size"
        figures = ", ".join(f"{row.name} {number(row.train)} / {number(row.held_out)}" for row in ways)
        least = []
        for part, where in (("train", "train"), ("held_out", "held-out")):
            known = [row for row in ways if getattr(row, part) is not None]
            if known:
                best = min(known, key=lambda row, part=part: getattr(row, part))
                least.append(f"on {where} text: {best.name}")
        end = f"; least {', '.join(least)}" if least else ""
        return f"bits per character at about {self.text.size:,} parameters, train / held-out: {figures}{end}"


def sorted_rows(rows: Sequence[Row]) -> list[Row]:
    """By kind, then by held-out bits per character; those without, by train."""

    def key(row: Row) -> tuple[int, float, float]:
        held, train = (math.inf if value is None else value for value in (row.held_out, row.train))
        return list(KINDS).index(row.kind), held, train

    return sorted(rows, key=key)


def compared(
    text: Text, plan: Sequence[Configuration], made_by: dict[str, Any], deadline: float = math.inf
) -> Comparison:
    """Every configuration of a plan. One that is refused, or whose turn comes after `deadline` (of
    time.monotonic), is left out and named; one that has begun is finished."""
    begun = time.monotonic()
    rows: list[Row] = []
    left: list[tuple[str, str, str]] = []
    with progress.bar("configurations", len(plan)) as tick:
        for done, each in enumerate(plan):
            tick(done, each.name)
            since = time.monotonic()
            if since >= deadline:
                left.append((each.kind, each.name, "the budget was spent before its turn"))
                continue
            try:
                row = each.make()
            except BoolrnnError as error:
                left.append((each.kind, each.name, str(error)))
                continue
            row = _finite(dataclasses.replace(row, seconds=row.seconds or time.monotonic() - since))
            if any(_same(row, before) for before in rows):
                left.append((each.kind, row.label, "a larger size gave the same net: the text has no more"))
                continue
            rows.append(row)
    return Comparison(text, sorted_rows(rows), left, made_by, time.monotonic() - begun)


def _same(one: Row, other: Row) -> bool:
    """Whether two rows are of one net: the same name, sizes and figures."""
    names = ("kind", "name", "hidden", "parameters", "train", "held_out")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _finite(row: Row) -> Row:
    """Without bits per character that are no number: a net that overflows has none."""
    parts = {name: getattr(row, name) for name in ("train", "held_out")}
    bad = [name for name, value in parts.items() if value is not None and not math.isfinite(value)]
    note = "; ".join(filter(None, (row.note, "its figures are not finite" if bad else "")))
    return dataclasses.replace(row, **dict.fromkeys(bad), note=note)


def made_by(text: Text, pair: Pair | None, *, seed: int, train: bool, budget: float | None) -> dict[str, Any]:
    """Version, seed, options and the digests of the files."""
    inputs = {"text": hashlib.sha256(text.data).hexdigest()}
    if pair is not None:
        inputs["model"] = pair.source.sha256
    return {
        "version": boolrnn.__version__,
        "tanh": "exact" if pair is None else pair.tanh,
        "seed": seed,
        "train": train,
        "budget": budget,
        "inputs": inputs,
    }


def to_json(found: Comparison) -> dict[str, Any]:
    """One object: where the numbers come from, the text and its parts, the rows, and what was left out."""
    text = found.text
    return {
        "schema": "comparison/1",
        "made_by": found.made_by,
        "text": {
            "symbols": len(text.data),
            "distinct": len(text.values),
            "train_positions": text.held,
            "held_out_positions": len(text.data) - 1 - text.held,
        },
        "equal_size": {"parameters": found.text.size, "within": EQUAL, "says": found.says},
        "rows": [
            {
                "kind": row.kind,
                "name": row.name,
                "hidden": row.hidden,
                "parameters": row.parameters,
                "parameters_fitted": row.fitted,
                "equal_size": found.text.equal(row.parameters),
                "equal_size_fitted": found.text.equal(row.fitted),
                "bpc": {"train": row.train, "held_out": row.held_out},
                "seconds": round(row.seconds, 3),
                "settings": row.settings,
                "note": row.note,
            }
            for row in found.rows
        ],
        "left_out": [dict(zip(("kind", "name", "why"), each, strict=True)) for each in found.left_out],
        "seconds": round(found.seconds, 3),
    }


HEAD = ("configuration", "parameters", "fitted", "train bpc", "held-out bpc", "s", "settings", "note")


def cells(found: Comparison, row: Row) -> tuple[str, ...]:
    """A row as text, in the order of HEAD; = stands beside counts that are the equal size."""
    counts = (
        "" if count is None else f"{count:,}" + (" =" if found.text.equal(count) else "")
        for count in (row.parameters, row.fitted)
    )
    bits = (number(row.train), number(row.held_out))
    return (row.label, *counts, *bits, f"{row.seconds:.1f}", row.settings, row.note)
