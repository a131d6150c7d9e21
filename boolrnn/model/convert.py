"""convert: the same weights in another file format, bit for bit, read back to prove it."""

import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np

from boolrnn.errors import WeightsError
from boolrnn.model.formats import Source, read_source, write_weights
from boolrnn.model.weights import TENSORS
from boolrnn.result import Result


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Convert(Result):
    """What was written. `identical` says that the file, read back, gave the same bits."""

    schema = "convert/1"

    path: str
    form: str
    layout: str
    hidden: int
    symbols: int
    outputs: int
    sha256: str  # of the file written
    weights_sha256: str
    identical: bool
    folding: float | None
    notes: np.ndarray


def convert(source: Source, path: str | os.PathLike[str], *, to_layout: str = "wx-wh-bh-wy-by") -> Convert:
    """Write the weights of `source` to `path`; its ending names the format, `to_layout` a raw order.

    Raises
    ------
    WeightsError
        Where the file, read back, does not hold the same bits.
    ResultError
        Where it cannot be written.
    """
    weights = source.weights
    write_weights(weights, path, layout=to_layout)
    raw = Path(path).suffix.lower() not in (".npz", ".safetensors", ".pt", ".pth")
    again = read_source(
        path,
        layout=to_layout if raw else None,
        symbols=weights.symbols,
        outputs=weights.outputs,
    )
    pairs = ((getattr(weights, name), getattr(again.weights, name)) for name in TENSORS)
    if not all(a.tobytes() == b.tobytes() for a, b in pairs):
        raise WeightsError(f"{path}: read back, it holds other bits than {source.path}")
    notes = list(source.notes)
    if again.form == "raw":
        reading = ["--layout " + to_layout] if to_layout != "wx-wh-bh-wy-by" else []
        if weights.symbols != 256:
            reading.append(f"--symbols {weights.symbols}")
        if not weights.predicts:
            reading.append(f"--outputs {weights.outputs}")
        if weights.alphabet is not None:
            reading.append("--alphabet STRING (a raw file has no room for one)")
        if reading:
            notes.append("to read this raw file give " + ", ".join(reading))
    return Convert(
        path=str(path),
        form=again.form,
        layout=again.layout,
        hidden=weights.hidden,
        symbols=weights.symbols,
        outputs=weights.outputs,
        sha256=hashlib.sha256(Path(path).read_bytes()).hexdigest(),
        weights_sha256=weights.sha256(),
        identical=True,
        folding=source.folding,
        notes=np.array(notes, dtype=np.str_),
    )
