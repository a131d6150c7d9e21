"""Names of symbols: those of a net as a machine writes them, and a machine's as a net reads them."""

import re
from collections.abc import Sequence

import numpy as np

from boolrnn.errors import MachineError
from boolrnn.model.weights import Weights
from boolrnn.shapes import Int64


def symbol_name(value: int) -> str:
    """The name of a byte value: its character where that is printable ASCII (a blank is), else `0x0a`."""
    return chr(value) if 32 <= value < 127 else f"{value:#04x}"


def names_of(weights: Weights, symbols: Int64[np.ndarray, "S"]) -> tuple[str, ...]:
    """The names of some of a net's symbols: of their bytes in its alphabet, or of the numbers themselves."""
    values = symbols if weights.alphabet is None else weights.alphabet[symbols]
    return tuple(symbol_name(int(value)) for value in values)


def numbers_of(names: Sequence[str], weights: Weights) -> Int64[np.ndarray, "S"]:
    """The net's symbols with these names: the character's own symbol, else the number that is written as
    `0x7`, and of a net without an alphabet as `7` too: there the digits of a machine are symbols 0, 1..

    Raises
    ------
    MachineError
        On a name that is no symbol of the net, or a second name of the same one.
    """
    known = {name: k for k, name in enumerate(names_of(weights, np.arange(weights.symbols)))}
    found: dict[int, str] = {}
    for name in names:
        number = known.get(name, _spelt(name, weights.alphabet is not None))
        if number is None or not 0 <= number < weights.symbols:
            raise MachineError(
                f"symbol {name!r} of the machine is none of the net's {weights.symbols} symbols"
                f"{_listed(weights)}; --alphabet STRING names them, in order"
            )
        if number in found:
            raise MachineError(f"symbols {found[number]!r} and {name!r} are one symbol of the net")
        found[number] = name
    return np.array(list(found), np.int64)


def _spelt(name: str, named: bool) -> int | None:
    """The number that a name spells."""
    if re.fullmatch(r"0x[0-9a-f]{1,8}", name):
        return int(name, 16)
    return int(name) if not named and re.fullmatch(r"0|[1-9][0-9]{0,8}", name) else None


def _listed(weights: Weights) -> str:
    """The net's symbols, where they are few."""
    if weights.symbols > 16:
        return ""
    return " (" + " ".join(names_of(weights, np.arange(weights.symbols))) + ")"
