"""Ledgers of claims as `python -m analyses` writes them (schema ledger/1), read for a page.

`python -m analyses ledger MODEL TEXT -o DIR/ledger.json`, or `run ... --out DIR`, writes one.
"""

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from boolrnn.errors import OptionError, ResultError
from boolrnn.report.sheets import Column, Table

SCHEMA = "ledger/1"
_COLUMNS = ("claim", "published", "measured", "remark", "where")
# verdicts on another pair end so: there the archived pair's numbers stand in place of published ones
_OTHER = "the archived pair"
# of a claim: what must stand there, and as what (a number is no bool here)
_TEXTS = ("name", "says", "unit", "verdict", "note", "where")
_VALUES = ("published", "measured")


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The claims of one verdict."""

    name: str
    count: int
    table: Table


@dataclasses.dataclass(frozen=True)
class Ledger:
    """One file: its name, what made it, and its claims by verdict, in the file's order of verdicts."""

    name: str
    made_by: Mapping[str, Any]
    verdicts: tuple[Verdict, ...]

    @property
    def origin(self) -> str:
        """What the numbers were measured with, and on what."""
        count = sum(verdict.count for verdict in self.verdicts)
        said = [f"{count:,} claim{'s' * (count != 1)}", f"boolrnn {self.made_by.get('version', '?')}"]
        said += [f"{name} sha256 {digest[:16]}" for name, digest in _digests(self.made_by)]
        return "; ".join(said) + "."

    def measured_on(self, inputs: Mapping[str, str]) -> bool:
        """Whether the ledger's files are among these (name -> sha256)."""
        return {digest for _, digest in _digests(self.made_by)} <= set(inputs.values())


def _digests(made_by: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    inputs = made_by.get("inputs")
    pairs = inputs.items() if isinstance(inputs, dict) else ()
    return [(str(name), digest) for name, digest in pairs if isinstance(digest, str)]


def read_ledgers(directory: str | os.PathLike[str]) -> list[Ledger]:
    """The ledgers among the .json files of a directory, by name; files of other schemas are passed over.

    Raises
    ------
    OptionError
        Where it is no directory, or holds no ledger.
    ResultError
        On a .json file that is no JSON, or a ledger that is not as `python -m analyses` writes it.
    """
    folder = Path(directory)
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json" and path.is_file())
    except OSError as error:
        raise OptionError(f"with {folder}: cannot be read ({error.strerror}), expected a directory") from None
    found = [(path, content) for path in paths for content in [_read(path)] if _is_ledger(path, content)]
    if not found:
        raise OptionError(f"with {folder}: holds no ledger, expected .json files of `python -m analyses`")
    return [_ledger(path, content) for path, content in found]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise ResultError(f"{path}: is no JSON, expected a ledger of `python -m analyses`") from None


def _is_ledger(path: Path, content: Any) -> bool:
    schema = content.get("schema") if isinstance(content, dict) else None
    if isinstance(schema, str) and schema.startswith("ledger/") and schema != SCHEMA:
        raise ResultError(f"{path}: schema {schema!r} is unknown here; known: {SCHEMA}")
    return schema == SCHEMA


def _ledger(path: Path, content: dict[str, Any]) -> Ledger:
    """A ledger, checked; its counts are those of its claims."""
    claims, made_by = content.get("claims"), content.get("made_by")
    if not isinstance(claims, list) or not isinstance(made_by, dict):
        raise ResultError(f"{path}: no ledger, expected `made_by` and `claims`")
    for k, claim in enumerate(claims):
        _check(claim, f"{path}: claims[{k}]")
    counts = Counter(claim["verdict"] for claim in claims)
    named = content.get("verdicts")
    order = dict.fromkeys([*(named if isinstance(named, dict) else ()), *counts])
    other = any(name.endswith(_OTHER) for name in counts)
    columns = [Column("archived pair" if other and name == "published" else name) for name in _COLUMNS]
    verdicts = [_verdict(name, columns, claims) for name in order if counts[name]]
    return Ledger(path.name, made_by, tuple(verdicts))


def _check(claim: Any, where: str) -> None:
    """Refuse what is no claim."""
    if not isinstance(claim, dict):
        raise ResultError(f"{where}: {type(claim).__name__}, expected an object")
    for name in _TEXTS:
        if not isinstance(claim.get(name), str):
            raise ResultError(f"{where}.{name}: expected a string")
    for name in _VALUES:
        if name not in claim or not _is_value(claim[name]):
            raise ResultError(f"{where}.{name}: expected a value, a list of values, or null")
    if isinstance(claim.get("tolerance"), bool) or not isinstance(claim.get("tolerance"), int | float):
        raise ResultError(f"{where}.tolerance: expected a number")


def _is_value(value: Any) -> bool:
    parts = value if isinstance(value, list) else [value]
    return all(part is None or isinstance(part, bool | int | float | str) for part in parts)


def _verdict(name: str, columns: Sequence[Column], claims: list[dict[str, Any]]) -> Verdict:
    rows = [_row(claim) for claim in claims if claim["verdict"] == name]
    return Verdict(name, len(rows), Table(name, columns, rows, limit=len(rows)))


def _row(claim: dict[str, Any]) -> tuple[str, ...]:
    unit = "" if claim["unit"] in ("", "statement") or claim["measured"] is None else f" {claim['unit']}"
    return (
        claim["says"] or claim["name"],
        _shown(claim["published"], claim["tolerance"]),
        _shown(claim["measured"], claim["tolerance"]) + unit,
        claim["note"],
        claim["where"],
    )


def _shown(value: Any, tolerance: float | int) -> str:
    """A value with the digits that count: at least six, more where the tolerance is finer."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_shown(part, tolerance) for part in value)
    if isinstance(value, float):
        digits = 6
        while digits < 12 and tolerance and abs(float(f"{value:.{digits}g}") - value) > tolerance:
            digits += 1
        return f"{value:,.{digits}g}"
    return f"{value:,}" if isinstance(value, int) else value
