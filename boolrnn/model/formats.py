"""Weight files: raw float32, .npz, .safetensors, PyTorch .pt/.pth; and compiled automata.

Nothing is unpickled, ever. What a file does not say (layout of a raw file, its alphabet) the caller
says; what it says wrongly is refused with the place and what was expected.
"""

import dataclasses
import hashlib
import importlib
import io
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from boolrnn.errors import OptionError, WeightsError
from boolrnn.model.names import from_names
from boolrnn.model.state_dicts import Named
from boolrnn.model.weights import TENSORS, Weights
from boolrnn.result import npz_bytes, write_whole

LAYOUTS = {
    "wx-wh-bh-wy-by": ("wx", "wh", "bh", "wy", "by"),
    "wx-bh-wh-wy-by": ("wx", "bh", "wh", "wy", "by"),
}
PICKLES = (".pkl", ".pickle")
_WIDE = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "U8": "u1",
    "I8": "i1",
    "I16": "<i2",
    "I32": "<i4",
}


@dataclasses.dataclass(frozen=True)
class Source:
    """Weights and where they come from: file, its sha256, format, layout, what was folded."""

    weights: Weights
    path: str
    sha256: str
    form: str  # raw | npz | safetensors | torch | automaton
    layout: str  # one of LAYOUTS for a raw file, else "named"
    notes: tuple[str, ...] = ()
    folding: float | None = None
    data: bytes = dataclasses.field(default=b"", repr=False)  # the file as it was read

    def in_layout(self, layout: str) -> Weights:
        """The same bytes of a raw file, read in another order."""
        return _raw(self.data, layout, self.weights.symbols, self.weights.outputs)


def read_source(
    path: str | os.PathLike[str],
    *,
    layout: str | None = None,
    symbols: int | None = None,
    outputs: int | None = None,
    alphabet: np.ndarray | None = None,
) -> Source:
    """Read a weight file of any known format; the name's ending and the first bytes tell which.

    `layout` (default wx-wh-bh-wy-by), `symbols` (V, default 256) and `outputs` (O, default V) describe a
    raw file; for other files V and O are checked if given. `alphabet` replaces the file's own.

    Raises
    ------
    WeightsError
        Where the file cannot be read as a net that boolrnn supports: one line that says why.
    OptionError
        On an unknown layout, or a layout for a file that is not raw.
    """
    if layout is not None and layout not in LAYOUTS:
        raise OptionError(f"layout {layout!r}: expected one of {', '.join(LAYOUTS)}")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror})") from None
    form = _form(Path(path), data)
    if layout is not None and form != "raw":
        raise OptionError(f"{path}: layout describes raw files; this one names its tensors ({form})")
    try:
        if form == "raw":
            layout = layout or next(iter(LAYOUTS))
            named = Named(_raw(data, layout, symbols or 256, outputs), (), None)
        else:
            tensors, metadata = _READERS[form](data)
            if "schema" in metadata:
                form, tensors = "automaton", _of_automaton(tensors, metadata)
            named = from_names(tensors, metadata)
        weights = named.weights
        if alphabet is not None:
            weights = dataclasses.replace(weights, alphabet=alphabet)
        _check_sizes(weights, symbols, outputs)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    digest = hashlib.sha256(data).hexdigest()
    return Source(weights, str(path), digest, form, layout or "named", named.notes, named.folding, data)


def read_weights(path: str | os.PathLike[str], **options: Any) -> Weights:
    """`read_source(path, ...).weights`."""
    return read_source(path, **options).weights


def write_weights(weights: Weights, path: str | os.PathLike[str], *, layout: str = "wx-wh-bh-wy-by") -> None:
    """Write a weight file; the name's ending says how (.npz, .safetensors, .pt, .pth, else raw).

    Every format keeps every bit of every tensor. A raw file has no room for an alphabet.

    Raises
    ------
    OptionError
        On an unknown layout.
    ResultError
        Where the file cannot be written.
    """
    if layout not in LAYOUTS:
        raise OptionError(f"layout {layout!r}: expected one of {', '.join(LAYOUTS)}")
    if Path(path).suffix.lower() in PICKLES:
        raise OptionError(
            f"{path}: boolrnn writes no pickles; expected .npz, .safetensors, .pt or a raw file"
        )
    tensors = {name: getattr(weights, name) for name in TENSORS}
    if weights.alphabet is not None:
        tensors["alphabet"] = weights.alphabet
    match Path(path).suffix.lower():
        case ".npz":
            data = npz_bytes(tensors)
        case ".safetensors":
            data = safetensors.numpy.save(tensors, {"nonlinearity": "tanh"})
        case ".pt" | ".pth":
            data = _torch_files().write(weights)
        case _:
            data = b"".join(tensors[name].astype("<f4").tobytes() for name in LAYOUTS[layout])
    write_whole(path, data)


def _form(path: Path, data: bytes) -> str:
    suffix = path.suffix.lower()
    known = {".npz": "npz", ".safetensors": "safetensors", ".pt": "torch", ".pth": "torch"}
    if suffix in known:
        return known[suffix]
    if suffix in PICKLES:
        raise WeightsError(f"{path}: a pickle; expected raw float32, .npz, .safetensors or .pt")
    if data[8:9] == b"{" and int.from_bytes(data[:8], "little") < len(data):
        return "safetensors"  # under another name, or from a pipe
    if data[:4] == b"PK\x03\x04":  # a zip under another name: pytorch_model.bin, say
        return "torch" if b"data.pkl" in data else "npz"
    return "raw"


def _check_sizes(weights: Weights, symbols: int | None, outputs: int | None) -> None:
    if symbols not in (None, weights.symbols):
        raise WeightsError(f"V = {weights.symbols} symbols in the file, --symbols says {symbols}")
    if outputs not in (None, weights.outputs):
        raise WeightsError(f"O = {weights.outputs} outputs in the file, --outputs says {outputs}")


def _raw(data: bytes, layout: str, symbols: int, outputs: int | None) -> Weights:
    outputs = symbols if outputs is None else outputs
    if symbols < 1 or outputs < 1:
        raise WeightsError(f"V = {symbols}, O = {outputs}: expected at least 1")

    def size(hidden: int) -> int:
        return 4 * (hidden * (symbols + hidden + 1 + outputs) + outputs)

    linear = symbols + 1 + outputs
    root = max((math.isqrt(linear**2 + 4 * max(len(data) // 4 - outputs, 0)) - linear) // 2, 0)
    hidden = next((h for h in (root, root + 1) if h >= 1 and size(h) == len(data)), None)
    if hidden is None:
        near = ", ".join(f"{size(h):,} (H = {h})" for h in (root, root + 1) if h >= 1)
        raise WeightsError(
            f"{len(data):,} bytes is no raw float32 net with V = {symbols}, O = {outputs}; "
            f"the nearest sizes that fit: {near}; --symbols sets another V"
        )
    values = np.frombuffer(data, "<f4").astype(np.float32)
    shapes = {
        "wx": (hidden, symbols),
        "wh": (hidden, hidden),
        "bh": (hidden,),
        "wy": (outputs, hidden),
        "by": (outputs,),
    }
    parts, offset = {}, 0
    for name in LAYOUTS[layout]:
        count = math.prod(shapes[name])
        parts[name] = values[offset : offset + count].reshape(shapes[name])
        bad = np.flatnonzero(~np.isfinite(parts[name]))
        if len(bad):
            index = [int(k) for k in np.unravel_index(bad[0], shapes[name])]
            raise WeightsError(
                f"{name}{index} at byte {4 * (offset + int(bad[0])):,} is "
                f"{parts[name].flat[bad[0]]}; expected finite float32 in the order {layout}"
            )
        offset += count
    return Weights(**parts)


def _npz(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    try:
        archive = np.load(io.BytesIO(data), allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise WeightsError("a single array (.npy), expected an .npz archive of named tensors")
        members = {name: _npz_member(archive, name) for name in archive.files}
    except WeightsError:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile, zlib and numpy each raise their own kinds
        reason = "pickled data" if "ickle" in str(error) else str(error).split("\n")[0]
        raise WeightsError(f"no readable .npz archive ({reason})") from None
    words = {n for n, v in members.items() if n != "alphabet" and (v.ndim == 0 or v.dtype.kind in "US")}
    metadata = {n: members[n].item() if members[n].ndim == 0 else members[n] for n in words}
    tensors = {n: v for n, v in members.items() if n not in words}
    return tensors, metadata


def _npz_member(archive: Any, name: str) -> np.ndarray:
    try:
        return archive[name]
    except ValueError as error:
        if "llow_pickle" in str(error):
            raise WeightsError(f"{name}: object (pickled) array, expected float32") from None
        raise


def _safetensors(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    try:
        entries = safetensors.deserialize(data)
    except safetensors.SafetensorError as error:
        raise WeightsError(f"no readable safetensors file ({error})") from None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    metadata = header.get("__metadata__") or {}
    tensors = {name: _safetensor(name, entry) for name, entry in entries}
    if "alphabet" in metadata and "alphabet" not in tensors:
        tensors["alphabet"] = np.array(metadata["alphabet"])
    for dropped, kept in metadata.items():  # save_model writes one of two shared tensors, and this
        if kept in tensors and dropped not in tensors:
            tensors[dropped] = tensors[kept]
    return tensors, metadata


def _safetensor(name: str, entry: Any) -> np.ndarray:
    raw, shape, dtype = bytes(entry["data"]), entry["shape"], entry["dtype"]
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    if dtype not in _WIDE:
        raise WeightsError(f"{name}: dtype {dtype}, expected F32 (or a type that F32 holds)")
    return np.frombuffer(raw, _WIDE[dtype]).reshape(shape)


def _of_automaton(tensors: dict[str, np.ndarray], metadata: dict[str, Any]) -> dict[str, np.ndarray]:
    schema = metadata["schema"]
    if schema != "automaton/1":
        raise WeightsError(f"schema {schema!r}, expected automaton/1 or named tensors")
    return {name: tensors[name] for name in (*TENSORS, "alphabet") if name in tensors}


def _torch(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    return _torch_files().read(data)


def _torch_files() -> Any:
    """torch is an extra and takes seconds to import, so only PyTorch files load it."""
    try:
        return importlib.import_module("boolrnn.model.torch_files")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise WeightsError(
            "PyTorch files need torch, which is not installed: pip install 'boolrnn[train]' "
            "(or save as .safetensors or .npz)"
        ) from None


_READERS = {"npz": _npz, "safetensors": _safetensors, "torch": _torch}
