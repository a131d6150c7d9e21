"""Made: what every result of this room carries, a net, how well it predicts, and where it was written."""

import dataclasses
import functools
import importlib
import os
from typing import Any

import numpy as np

from boolrnn.errors import OptionError, TextError
from boolrnn.model.automaton import compile
from boolrnn.model.formats import write_weights
from boolrnn.model.rnn import surprisal, trace
from boolrnn.model.weights import TENSORS, Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Float32, Float64, UInt8


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Made(Result):
    """Base of results that hold a net: `weights`, and `write`."""

    hidden: int
    symbols: int
    parameters: int  # entries that are not zero
    weights_sha256: str
    alphabet: UInt8[np.ndarray, "V"] | None
    wx: Float32[np.ndarray, "H V"] = named("wx", quiet=True)
    wh: Float32[np.ndarray, "H H"] = named("wh", quiet=True)
    bh: Float32[np.ndarray, "H"] = named("bh", quiet=True)
    wy: Float32[np.ndarray, "O H"] = named("wy", quiet=True)
    by: Float32[np.ndarray, "O"] = named("by", quiet=True)

    @functools.cached_property
    def weights(self) -> Weights:
        """The net."""
        return Weights(**{name: getattr(self, name) for name in TENSORS}, alphabet=self.alphabet)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the net; the name's ending says how (.npz, .safetensors, .pt, else raw).

        Raises
        ------
        ResultError, OptionError
            Where it cannot be written so.
        """
        write_weights(self.weights, path)


def net_fields(weights: Weights) -> dict[str, Any]:
    """The fields of Made for a net."""
    tensors = {name: getattr(weights, name) for name in TENSORS}
    return tensors | {
        "hidden": weights.hidden,
        "symbols": weights.symbols,
        "parameters": int(sum(np.count_nonzero(value) for value in tensors.values())),
        "weights_sha256": weights.sha256(),
        "alphabet": weights.alphabet,
    }


@dataclasses.dataclass(frozen=True)
class Costs:
    """Bits that each next symbol costs: predicted by the float32 network, and by the automaton."""

    network: Float64[np.ndarray, "P"]
    automaton: Float64[np.ndarray, "P"]

    def bpc(self, first: int = 0, stop: int | None = None) -> tuple[float | None, float | None]:
        """Means over positions first..stop-1: (float, sign_dynamics); None where there are none."""
        parts = (self.network[first:stop], self.automaton[first:stop])
        return tuple(float(part.mean()) if len(part) else None for part in parts)  # pyright: ignore[reportReturnType] - a pair of parts gives a pair


def costs(weights: Weights, symbols: np.ndarray) -> Costs:
    """Run network and automaton over `symbols`, each from the network's start."""
    signs = sign_costs(weights, symbols)
    if not weights.predicts:
        return Costs(signs, signs)
    return Costs(surprisal(weights, trace(weights, symbols).hidden[:-1], symbols[1:]), signs)


def sign_costs(weights: Weights, symbols: np.ndarray) -> Float64[np.ndarray, "P"]:
    """Bits that each next symbol costs, predicted by the automaton."""
    if not weights.predicts:
        return np.zeros(0)
    states = compile(weights).run(symbols).states[:-1]
    return surprisal(weights, np.where(states, 1.0, -1.0), symbols[1:])


def learned_alphabet(text: bytes, alphabet: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The symbols that a net for `text` has (byte values, ascending; or those given), and the text in them.

    Raises
    ------
    TextError
        Where the text is empty, or has a byte that is not in the alphabet given.
    """
    values = np.frombuffer(text, np.uint8)
    if not len(values):
        raise TextError("empty text, expected at least one symbol")
    if alphabet is None:
        alphabet = np.unique(values)
    table = np.full(256, -1, np.int64)
    table[alphabet] = np.arange(len(alphabet))
    symbols = table[values]
    if (symbols < 0).any():
        at = int((symbols < 0).argmax())
        raise TextError(f"byte {int(values[at]):#04x} at offset {at:,} is not in the alphabet given")
    return alphabet, symbols


def with_torch(module: str) -> Any:
    """A module of this room that needs torch, which is an extra.

    Raises
    ------
    OptionError
        Where torch is not installed.
    """
    try:
        return importlib.import_module(f"boolrnn.make.{module}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise OptionError(
            "training by gradient needs torch, which is not installed; a CPU build is enough: "
            "pip install torch --index-url https://download.pytorch.org/whl/cpu"
        ) from None
