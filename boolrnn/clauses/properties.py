"""Properties that a state may have, and ways in which two states may differ: parsed, and evaluated exactly.

The predicted symbol of a state s is the lowest index of the largest of y_o = by_o + sum_j wy[o, j] s_j, over
the real numbers for the float32 weights as they are: float64 sums decide where they are exact or apart by
more than they can lose, Python integers decide the rest.
"""

import dataclasses
import re

import numpy as np

from boolrnn.bits import parse_state, signs, to_words
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import parse_symbol
from boolrnn.model.exact import FLOAT64, ExactRows, lowest_bit, python_integers
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Int64

_BLOCK = 4096  # states whose outputs are computed at once
_OUTPUT = r"\s*predicts:(-?0[xX][0-9a-fA-F]+|-?[0-9]{2,}|.)\s*(&|$)"  # the character may be & or a space
_WORD = r"([^&]*)(&|$)"
_EXPECTED = "h5, ~h5, h5=0, h5=1, predicts:X or state:0x...[/0xMASK], joined by &"


class Readout:
    """The predicted symbol of states, in exact arithmetic."""

    def __init__(self, weights: Weights) -> None:
        nothing = np.zeros((weights.outputs, 1), np.float32)
        self.rows = ExactRows(weights.wy, nothing, weights.by)
        self.exact = self.rows.certificate.route == FLOAT64
        self.entries = np.concatenate([weights.wy, weights.by[:, None]], axis=1)
        self.unit = int(lowest_bit(self.entries.reshape(1, -1))[0])
        self.integers: dict[int, list[int]] = {}  # of the outputs that had to be summed exactly

    def predicted(self, states: Bool[np.ndarray, "B H"]) -> Int64[np.ndarray, "B"]:
        """The output with the largest y of each state; of equal ones the lowest index."""
        found = np.empty(len(states), np.int64)
        for first in range(0, len(states), _BLOCK):
            part = states[first : first + _BLOCK]
            y = self.rows.z(signs(part), np.zeros(len(part), np.int64))
            found[first : first + _BLOCK] = y.argmax(axis=1)
            if not self.exact:  # each y is within one unit in its last place
                top = y.max(axis=1)
                near = y + np.abs(y) * 2.0**-50 >= (top - np.abs(top) * 2.0**-50)[:, None]
                for b in np.flatnonzero(near.sum(axis=1) > 1).tolist():
                    rivals = np.flatnonzero(near[b]).tolist()
                    found[first + b] = max(rivals, key=lambda o, b=b: (self.total(o, part[b]), -o))
        return found

    def total(self, output: int, state: Bool[np.ndarray, "H"]) -> int:
        """y of one output, in units of 2^unit."""
        if output not in self.integers:
            self.integers[output] = python_integers(self.entries[output], self.unit)
        weights = self.integers[output]
        return weights[-1] + sum(w if bit else -w for w, bit in zip(weights, state.tolist()))


def readout(automaton: Automaton) -> Readout:
    """The readout of an automaton, built once."""
    kept = vars(automaton)
    if "_readout" not in kept:
        kept["_readout"] = Readout(automaton.weights)
    return kept["_readout"]


@dataclasses.dataclass(frozen=True)
class Property:
    """All of `bits` (neuron, its bit) and, where there are any, every one of `outputs` predicted.

    `&` joins two properties: both must hold.
    """

    bits: tuple[tuple[int, bool], ...] = ()
    outputs: tuple[int, ...] = ()

    def __and__(self, other: "Property") -> "Property":
        bits = dict.fromkeys((*self.bits, *other.bits))
        return Property(tuple(bits), tuple(dict.fromkeys((*self.outputs, *other.outputs))))

    @property
    def never(self) -> bool:
        """True where it contradicts itself: a bit that is 0 and 1, or two predicted symbols."""
        return len({neuron for neuron, _ in self.bits}) < len(set(self.bits)) or len(set(self.outputs)) > 1

    def check(self, weights: Weights) -> None:
        """Refuse neurons and outputs that the net does not have.

        Raises
        ------
        OptionError
            As said.
        """
        for neuron, _ in self.bits:
            _inside("neuron", neuron, weights.hidden)
        for output in self.outputs:
            _inside("output", output, weights.outputs)

    def holds(self, automaton: Automaton, states: Bool[np.ndarray, "B H"]) -> Bool[np.ndarray, "B"]:
        """Whether each state has the property."""
        fits = np.ones(len(states), bool)
        for neuron, bit in self.bits:
            fits &= states[:, neuron] == bit
        if self.outputs and fits.any():
            told = readout(automaton).predicted(states[fits])
            fits[fits] = np.all([told == output for output in self.outputs], axis=0)
        return fits

    def found(self, automaton: Automaton, nodes: Bool[np.ndarray, "B 1 H"]) -> Bool[np.ndarray, "B"]:
        """`holds`, for nodes of a search."""
        return self.holds(automaton, nodes[:, 0])

    def words(self, hidden: int) -> tuple[np.ndarray, np.ndarray, int]:
        """The bits that matter and their values as words, and the predicted output (-1: any)."""
        mask, value = np.zeros(hidden, bool), np.zeros(hidden, bool)
        for neuron, bit in self.bits:
            mask[neuron], value[neuron] = True, bit
        return to_words(mask), to_words(value), self.outputs[0] if self.outputs else -1

    def __str__(self) -> str:
        parts = [f"h{neuron}={int(bit)}" for neuron, bit in self.bits]
        return " & ".join(parts + [f"predicts:{output:#x}" for output in self.outputs]) or "any state"


@dataclasses.dataclass(frozen=True)
class Difference:
    """How two states differ: in one of these neurons' bits (None: all neurons), or, where `outputs` is
    True, in their predictions."""

    neurons: tuple[int, ...] | None = ()
    outputs: bool = False

    def check(self, weights: Weights) -> None:
        """Refuse neurons that the net does not have.

        Raises
        ------
        OptionError
            As said.
        """
        for neuron in self.neurons or ():
            _inside("neuron", neuron, weights.hidden)

    @property
    def never(self) -> bool:
        """True where no two states differ that way."""
        return self.neurons == () and not self.outputs

    def holds(
        self, automaton: Automaton, left: Bool[np.ndarray, "B H"], right: Bool[np.ndarray, "B H"]
    ) -> Bool[np.ndarray, "B"]:
        """Whether each pair of states differs that way."""
        columns = slice(None) if self.neurons is None else list(self.neurons)
        differs = (left[:, columns] != right[:, columns]).any(axis=1)
        rest = np.flatnonzero(~differs & (left != right).any(axis=1)) if self.outputs else ()
        if len(rest):
            predicted = readout(automaton).predicted
            differs[rest] = predicted(left[rest]) != predicted(right[rest])
        return differs

    def found(self, automaton: Automaton, nodes: Bool[np.ndarray, "B 2 H"]) -> Bool[np.ndarray, "B"]:
        """`holds`, for nodes of a search."""
        return self.holds(automaton, nodes[:, 0], nodes[:, 1])

    def words(self, hidden: int) -> tuple[np.ndarray, np.ndarray, int]:
        """The bits that matter as words, nothing, and 0 where predictions matter (-1: they do not)."""
        mask = np.zeros(hidden, bool)
        mask[slice(None) if self.neurons is None else list(self.neurons)] = True
        return to_words(mask), to_words(np.zeros(hidden, bool)), 0 if self.outputs else -1

    def __str__(self) -> str:
        bits = ["h*"] if self.neurons is None else [f"h{neuron}" for neuron in self.neurons]
        return " or ".join(["predicts"] * self.outputs + bits)


def parse_property(text: str, weights: Weights) -> Property:
    """A property from words: `h5` (or `h5=1`), `~h5` (or `h5=0`), `predicts:X`, `state:0x...` with an
    optional mask `/0x...` of the bits that matter; several joined by `&`.

    X is one character or an integer literal: a symbol of the net where O = V, else the number of an output.

    Raises
    ------
    OptionError, TextError, StateError
        Where a word is none of these, or names what the net does not have.
    """
    found, rest, more = Property(), text, "&"
    while more:
        match = re.match(_OUTPUT, rest, re.DOTALL)
        if match:
            found &= Property(outputs=(_output(match[1], weights),))
        else:
            match = re.match(_WORD, rest)
            assert match is not None  # it matches anything
            found &= _word(match[1].strip(), text, weights)
        more, rest = match[2], rest[match.end() :]
    return found


def _word(word: str, text: str, weights: Weights) -> Property:
    """A bit or a state."""
    kind, colon, value = word.partition(":")
    if match := re.fullmatch(r"(~?)h([0-9]{1,9})", word):
        return Property(bits=((_inside("neuron", int(match[2]), weights.hidden), not match[1]),))
    if match := re.fullmatch(r"h([0-9]{1,9})=([01])", word):
        return Property(bits=((_inside("neuron", int(match[1]), weights.hidden), match[2] == "1"),))
    if colon and kind == "predicts":
        return Property(outputs=(_output(value, weights),))
    if not colon or kind != "state":
        raise OptionError(f"property {text[:60]!r}: {word[:40]!r} is none of {_EXPECTED}")
    value, slash, mask = value.partition("/")
    state = parse_state(value, weights.hidden)
    matters = parse_state(mask, weights.hidden) if slash else np.ones(weights.hidden, bool)
    return Property(bits=tuple((int(j), bool(state[j])) for j in np.flatnonzero(matters)))


def _output(text: str, weights: Weights) -> int:
    """An output: a symbol where the net predicts symbols, else its number."""
    if weights.predicts:
        return parse_symbol(text, weights)
    if not re.fullmatch(r"-?(0[xX][0-9a-fA-F]{1,9}|[0-9]{1,9})", text):
        raise OptionError(f"predicts:{text[:40]}: expected an output number, 0..{weights.outputs - 1}")
    return _inside("output", int(text, 0 if "x" in text.lower() else 10), weights.outputs)


def parse_difference(text: str, weights: Weights) -> Difference:
    """How two states may differ: `predicts` (the predictions), `h5` (bit 5), `h*` (any bit).

    Raises
    ------
    OptionError
        Where it is none of these, or the net has no such neuron.
    """
    word = text.strip()
    if word == "predicts":
        return Difference(outputs=True)
    if word == "h*":
        return Difference(neurons=None)
    if match := re.fullmatch(r"h([0-9]{1,9})", word):
        return Difference(neurons=(_inside("neuron", int(match[1]), weights.hidden),))
    raise OptionError(f"property {text[:60]!r} of two states: expected predicts, h5 or h*")


def _inside(what: str, number: int, count: int) -> int:
    if not 0 <= number < count:
        raise OptionError(f"{what} {number} is outside 0..{count - 1}")
    return number
