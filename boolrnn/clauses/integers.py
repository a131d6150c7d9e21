"""The automaton's rows as whole numbers: z of neuron i in units of 2^unit[i], exact."""

import dataclasses
import functools

import numpy as np

from boolrnn.model.automaton import Automaton
from boolrnn.model.exact import lowest_bit, python_integers

_WHOLE = 62  # bits up to which a row fits into int64


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    """z = drive[x] + sum_j weights[j] s_j of one neuron, in units of 2^unit; int64 or Python integers."""

    weights: np.ndarray  # (H)
    drive: np.ndarray  # (V)
    unit: int


class Integers:
    """Rows of transition function and readout, made when they are first asked for."""

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self.kept: dict[int, Row] = {}

    def row(self, neuron: int) -> Row:
        """The row of a neuron."""
        if neuron not in self.kept:
            net = self.automaton
            unit, bits = int(net.row_unit[neuron]), int(net.row_bits[neuron])
            weights = _integers(net.wh[neuron], unit, bits)
            drive = _integers(net.wx[neuron], unit, bits) + _integers(net.bh[neuron : neuron + 1], unit, bits)
            self.kept[neuron] = Row(weights, drive, unit)
        return self.kept[neuron]

    @functools.cached_property
    def readout(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights (O, H) and biases (O) of the outputs as Python integers, all in one unit."""
        net = self.automaton
        entries = np.concatenate([net.wy, net.by[:, None]], axis=1)
        unit = int(lowest_bit(entries.reshape(1, -1))[0])
        whole = np.array(python_integers(entries, unit), object).reshape(entries.shape)
        return whole[:, :-1], whole[:, -1]


def integers(automaton: Automaton) -> Integers:
    """The rows of an automaton, kept with it."""
    kept = vars(automaton)
    if "_whole_numbers" not in kept:
        kept["_whole_numbers"] = Integers(automaton)
    return kept["_whole_numbers"]


def _integers(values: np.ndarray, unit: int, bits: int) -> np.ndarray:
    if bits <= _WHOLE:
        return np.ldexp(values.astype(np.float64), -unit).astype(np.int64)
    return np.array(python_integers(values, unit), object)
