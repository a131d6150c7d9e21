"""Named tensors, as people name them, to Weights.

Understood: our own names and their common spellings (Wx / Wxh / W_xh ...) under one prefix, and PyTorch
state dicts (boolrnn.model.state_dicts). Everything else is refused by name: a tensor that is left over
would mean that the file holds another function than the one read.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from boolrnn.errors import WeightsError
from boolrnn.model.state_dicts import CELL, NEEDED, Named, Tensors, exact_float32, found, from_state_dict
from boolrnn.model.weights import TENSORS, Weights

_SPELLINGS = {
    "wx": ("wx", "wxh"),
    "wh": ("wh", "whh"),
    "bh": ("bh",),
    "wy": ("wy", "why"),
    "by": ("by",),
}
_OURS = {spelling: ours for ours, spellings in _SPELLINGS.items() for spelling in spellings}
_GATES = {4: "an LSTM (4H rows)", 3: "a GRU (3H rows)"}
# keys that name a nonlinearity, beside all that hold the word itself
_NONLINEARITY = {"activation", "activationfunction", "hiddenactivation", "hiddenact", "act"}
_SUPPORTED = "supported: one layer, one direction, tanh (nn.RNN or nn.RNNCell)"


def from_names(tensors: Tensors, metadata: Mapping[str, Any] | None = None) -> Named:
    """Weights from tensors by name. `alphabet` may be one of them, `metadata` what the file says beside.

    Raises
    ------
    WeightsError
        On another cell or nonlinearity (what was recognised), missing names (those found), or tensors
        that do not belong to this kind of net.
    """
    refuse_other_nonlinearities(metadata or {})
    _refuse_other_cells(tensors)
    tensors = dict(tensors)
    alphabet = _alphabet(tensors.pop("alphabet", None))
    if any(CELL.search(name) for name in tensors):
        return from_state_dict(tensors, alphabet)
    return _from_plain(tensors, alphabet)


def refuse_other_nonlinearities(metadata: Mapping[str, Any], depth: int = 4) -> None:
    """Look for a named nonlinearity in what a file says beside its tensors, nested settings included."""
    for key, value in metadata.items():
        inner = _settings(value)
        if inner and depth:
            refuse_other_nonlinearities(inner, depth - 1)
        word = re.sub(r"[^a-z]", "", str(key).lower())
        for name in _names_in(value):
            tells = "nonlinearity" in word or word in _NONLINEARITY
            tells |= word == "mode" and name.upper().startswith("RNN_")
            plain = name.lower().replace("()", "").split(".")[-1].removeprefix("rnn_")
            if tells and plain != "tanh":
                raise WeightsError(f"metadata {key} names the nonlinearity {name!r}; supported: tanh")


def _settings(value: Any) -> Mapping[str, Any]:
    """Nested settings: a mapping, or one written as JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


def _names_in(value: Any) -> list[str]:
    """The strings that a metadata value is or holds."""
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist()
    values = value if isinstance(value, list | tuple) else [value]
    return [v.decode("latin-1") if isinstance(v, bytes) else v for v in values if isinstance(v, str | bytes)]


def _refuse_other_cells(tensors: Tensors) -> None:
    for name, value in tensors.items():
        if "_reverse" in name:
            raise WeightsError(f"{name}: recognised a bidirectional net; {_SUPPORTED}")
        if re.search(r"(weight|bias)_(ih|hh|hr)_l[1-9]", name):
            raise WeightsError(f"{name}: recognised a net of several layers; {_SUPPORTED}")
        if "weight_hr" in name:
            raise WeightsError(f"{name}: recognised a projected cell; {_SUPPORTED}")
        recurrent = re.search(r"weight_hh(_l0)?$", name) or _split(name)[1] == "wh"
        if recurrent and value.ndim == 2 and value.shape[1]:
            rows, columns = value.shape
            if rows != columns and rows % columns == 0 and rows // columns in _GATES:
                gates = _GATES[rows // columns]
                raise WeightsError(f"{name}: shape {value.shape}, recognised {gates}; {_SUPPORTED}")


def _alphabet(value: np.ndarray | None) -> np.ndarray | None:
    """Byte values from an array of them, from a string, or from an array of characters."""
    if value is None or value.dtype.kind in "iu":
        return value
    if value.dtype.kind == "U":
        return np.frombuffer(os.fsencode("".join(value.ravel().tolist())), np.uint8)
    if value.dtype.kind == "S":
        return np.frombuffer(b"".join(value.ravel().tolist()), np.uint8)
    raise WeightsError(f"alphabet: {value.dtype} of shape {value.shape}, expected byte values or characters")


def _split(name: str) -> tuple[str, str | None]:
    """A name as (prefix, which of our tensors it spells)."""
    prefix, _, last = name.rpartition(".")
    return prefix, _OURS.get(last.lower().replace("_", ""))


def _from_plain(tensors: Tensors, alphabet: np.ndarray | None) -> Named:
    nets: dict[str, dict[str, str]] = {}
    for name in tensors:
        prefix, ours = _split(name)
        if ours is not None:
            nets.setdefault(prefix, {}).setdefault(ours, name)
    chosen = max(nets.values(), key=len, default={})
    missing = [ours for ours in TENSORS if ours not in chosen]
    if missing:
        raise WeightsError(f"missing tensor {', '.join(missing)}; {found(tensors)}; {NEEDED}")
    extra = {name: value for name, value in tensors.items() if name not in chosen.values()}
    if extra:
        raise WeightsError(
            f"tensors that are no part of wx, wh, bh, wy, by: {found(extra)}; save only the five"
        )
    parts: dict[str, Any] = {ours: exact_float32(name, tensors[name]) for ours, name in chosen.items()}
    notes = []
    for name in ("bh", "by"):
        if parts[name].ndim == 2 and parts[name].shape[1] == 1:
            parts[name] = parts[name][:, 0]
            notes.append(f"{chosen[name]} is a column: read as a vector")
    return Named(Weights(**parts, alphabet=alphabet), tuple(notes), None)
