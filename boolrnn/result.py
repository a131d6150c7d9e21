"""Result: what every question returns. A frozen dataclass of scalars and arrays, and nothing else.

One function turns any result into JSON: dotted names nest (`bpc.float`), arrays under one dotted
prefix become a list of records (a missing one is left out), `members` with `offsets` become lists of
lists, records with `offsets` lists of records, NaN and infinity become null, a group whose scalars are
all missing becomes null.

Saved, a result is a directory: `result.json` (schema, made_by, scalars) and `arrays.npz`.
"""

import dataclasses
import hashlib
import io
import itertools
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import boolrnn
from boolrnn import bits
from boolrnn.errors import BoolrnnError, ResultError


@dataclasses.dataclass(frozen=True)
class MadeBy:
    """Where a result comes from: version, command, sha256 of every input file, seed."""

    version: str = boolrnn.__version__
    command: str | None = None
    inputs: dict[str, str] = dataclasses.field(default_factory=dict)
    seed: int | None = None


def named(name: str, **kwargs: Any) -> Any:
    """A dataclass field that is called `name` (dots nest, `_` at an end drops) in JSON.

    `hexed=True` marks states, shown as hex; `quiet=True` keeps an array out of the JSON;
    `nullable=True` shows negative integers as null; `whole=True` keeps an array in one piece where its
    neighbours under a dotted prefix would otherwise become columns of records.
    """
    metadata = {"json": name}
    for flag in ("hexed", "quiet", "nullable", "whole"):
        if kwargs.pop(flag, False):
            metadata[flag] = flag
    return dataclasses.field(metadata=metadata, **kwargs)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """Base of all results. Arrays are made read-only at construction."""

    schema: ClassVar[str] = ""
    known: ClassVar[dict[str, type["Result"]]] = {}

    made_by: MadeBy = dataclasses.field(default_factory=MadeBy)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.schema:
            Result.known[cls.schema] = cls
        # IPython prefers a class's own __repr__, which each dataclass has, to a display that is inherited
        cls._repr_pretty_ = Result._repr_pretty_

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the sheet's sentence and tables, and the figure where there is one."""
        # results stand to the left of the report room and do not import it: the table of contents finds it
        return self._displayed(lambda: boolrnn.to_html(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython prints: the kind and the sheet's sentence, not the arrays."""
        sentence = None if cycle else self._displayed(lambda: boolrnn.sheet(self).sentence)
        name = type(self).__name__
        printer.text(f"{name}: {sentence}" if sentence else f"{name}(...)")

    @staticmethod
    def _displayed(show: Callable[[], str]) -> str | None:
        """What `show` gives; None where nothing is known about this kind of result, or it cannot be drawn:
        a display never fails."""
        try:
            return show()
        except BoolrnnError:
            return None

    def to_json(self) -> dict[str, Any]:
        """The result as one object of plain Python values, `schema` and `made_by` first."""
        head = {"schema": self.schema, "made_by": dataclasses.asdict(self.made_by)}
        leaves = []
        for field in _own_fields(type(self)):
            if "quiet" in field.metadata:
                continue
            value = _shown(getattr(self, field.name), field.metadata)
            leaves.append((_json_name(field).split("."), value))
        return head | _nest(leaves)

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Write `result.json` and `arrays.npz` into `directory`, each whole or not at all.

        Raises
        ------
        ResultError
            Where the directory holds something else than a saved result of this kind.
        """
        folder = Path(directory)
        check_folder(folder, self.schema)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResultError(f"{folder}: cannot be written ({error.strerror})") from None
        arrays, scalars = self._split()
        packed = npz_bytes(arrays)
        payload = {
            "schema": self.schema,
            "made_by": dataclasses.asdict(self.made_by),
            "arrays_sha256": hashlib.sha256(packed).hexdigest(),
            "scalars": scalars,
        }
        write_whole(folder / "arrays.npz", packed)
        write_whole(folder / "result.json", (json.dumps(payload, indent=1) + "\n").encode())

    def _split(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Fields as (arrays, scalars), by Python name."""
        values = {field.name: getattr(self, field.name) for field in _own_fields(type(self))}
        arrays = {k: v for k, v in values.items() if isinstance(v, np.ndarray)}
        return arrays, {k: _scalar(v) for k, v in values.items() if k not in arrays}

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> "Result":
        """Read what `save` wrote; on `Result` itself, any schema of this version.

        Raises
        ------
        ResultError
            Where files are missing or damaged, or the schema is unknown (with those known).
        """
        folder = Path(directory)
        try:
            payload = json.loads((folder / "result.json").read_text())
            packed = (folder / "arrays.npz").read_bytes()
        except FileNotFoundError as error:
            raise ResultError(f"{error.filename}: not found; expected a saved result") from None
        except (OSError, ValueError, RecursionError) as error:
            raise ResultError(f"{folder / 'result.json'}: cannot be read ({error})") from None
        kind = cls._kind(payload, folder)
        if hashlib.sha256(packed).hexdigest() != payload.get("arrays_sha256"):
            raise ResultError(f"{folder / 'arrays.npz'}: is not the file that result.json names")
        try:
            with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            return kind(made_by=MadeBy(**payload["made_by"]), **payload["scalars"], **arrays)
        except Exception as error:  # noqa: BLE001 - zipfile, numpy and the classes each raise their own kinds
            reason = " ".join(str(error).split())
            raise ResultError(f"{folder}: damaged result ({reason})") from None

    @classmethod
    def _kind(cls, payload: Any, folder: Path) -> type["Result"]:
        """The class that a saved result names."""
        for name in boolrnn.__all__:  # a class is known once the file that defines it is loaded
            getattr(boolrnn, name)
        schema = payload.get("schema") if isinstance(payload, dict) else None
        kind = Result.known.get(str(schema))
        if kind is None or not issubclass(kind, cls):
            names = sorted(name for name, k in Result.known.items() if issubclass(k, cls))
            raise ResultError(
                f"{folder / 'result.json'}: schema {schema!r} is unknown here; known: " + ", ".join(names)
            )
        return kind


def check_folder(folder: Path, schema: str | None = None) -> None:
    """Refuse a directory that a result cannot be saved into: one that holds other things, or (where
    `schema` is given) another kind of result.

    Raises
    ------
    ResultError
        As said.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise ResultError(f"{folder}: exists and is no directory")
        if not folder.is_dir() or not any(folder.iterdir()):
            return
        if not (folder / "result.json").exists():
            raise ResultError(f"{folder}: not empty and holds no result.json; name a new directory")
        held = json.loads((folder / "result.json").read_text()).get("schema")
    except ResultError:  # a ValueError too
        raise
    except OSError as error:
        raise ResultError(f"{folder}: cannot be used ({error.strerror})") from None
    except (ValueError, AttributeError, RecursionError):
        raise ResultError(f"{folder / 'result.json'}: is no saved result; name a new directory") from None
    if schema is not None and held != schema:
        raise ResultError(f"{folder}: holds a result of schema {held}; name a new directory")


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """An .npz archive without time stamps: equal arrays give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return buffer.getvalue()


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file under a temporary name in its directory, then rename it; a link is followed.

    Raises
    ------
    ResultError
        Where the directory does not exist or cannot be written, or the name is taken by something that
        is no regular file.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise ResultError(f"{path}: cannot be written (no regular file)")
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ResultError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # mkstemp makes files private
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise ResultError(f"{path}: cannot be written ({error.strerror})") from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _own_fields(kind: type[Result]) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(kind) if field.name != "made_by"]


def _json_name(field: dataclasses.Field[Any]) -> str:
    return field.metadata.get("json", field.name)


def _shown(value: Any, flags: Mapping[str, Any]) -> Any:
    """A field's value as JSON shows it: states as hex, negative integers as null where so flagged."""
    if value is None:
        return None
    if "hexed" in flags:
        rows = bits.to_hex(np.atleast_2d(value))
        value = np.array(rows, dtype=np.str_) if value.ndim == 2 else rows[0]
    elif "nullable" in flags:
        shown = value.astype(object)
        shown[value < 0] = None
        value = shown
    return _plain(value) if "whole" in flags else value


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _plain(value: Any) -> Any:
    """One leaf as plain Python: arrays as lists, NaN and infinity as None."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            rows = value.astype(object)
            rows[~np.isfinite(value)] = None
            return rows.tolist()
        return value.tolist()
    value = _scalar(value)
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _nest(leaves: list[tuple[list[str], Any]]) -> dict[str, Any]:
    """Leaves with dotted paths as one object."""
    groups: dict[str, list[tuple[list[str], Any]]] = {}
    for path, value in leaves:
        groups.setdefault(path[0], []).append((path[1:], value))
    return {head: _group(members) for head, members in groups.items()}


def _group(members: list[tuple[list[str], Any]]) -> Any:
    """What stands under one name: a leaf, records, ragged lists, or an object."""
    if len(members) == 1 and not members[0][0]:
        return _plain(members[0][1])
    if any(isinstance(value, np.ndarray) for _, value in members):
        cuts = [value.tolist() for path, value in members if path == ["offsets"]]
        rows = _records([(path, value) for path, value in members if path != ["offsets"]])
        if not cuts:
            return rows
        if all(set(row) == {"members"} for row in rows):
            rows = [row["members"] for row in rows]
        return [rows[a:b] for a, b in itertools.pairwise(cuts[0])]
    tree = _nest(members)
    return None if all(value is None for value in tree.values()) else tree


def _records(members: list[tuple[list[str], Any]]) -> list[dict[str, Any]]:
    """Parallel arrays (one entry per record along the first axis) as a list of objects."""
    groups: dict[str, list[tuple[list[str], Any]]] = {}
    for path, value in members:
        if value is not None:
            groups.setdefault(path[0], []).append((path[1:], value))
    columns = [_plain(inner[0][1]) if not inner[0][0] else _group(inner) for inner in groups.values()]
    return [dict(zip(groups, row, strict=True)) for row in zip(*columns, strict=True)]
