"""run: the automaton's trajectory over a text."""

import dataclasses

import numpy as np

from boolrnn.bits import distinct, hamming
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Run(Result):
    """All n states after each symbol. `flips[t]` counts the bits that differ between states t and
    t + 1, `flips_per_step` is their mean over t = 1..n-1; `distinct_states` counts all n states."""

    schema = "run/1"

    initial: Bool[np.ndarray, "H"] | None = named("initial", hexed=True)  # None: network's start
    flips_per_step: float | None
    distinct_states: int
    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    symbols: Int64[np.ndarray, "T"]
    states: Bool[np.ndarray, "T H"] = named("states", hexed=True)
    flips: Int64[np.ndarray, "F"]
    least_neuron: Int64[np.ndarray, "T"] = named("least_margins.neuron")
    least_margin: Float64[np.ndarray, "T"] = named("least_margins.margin")
    margins: Float64[np.ndarray, "T H"] | None  # None unless all were asked for


def run(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    initial: np.ndarray | None = None,
    margins: str = "least",
) -> Run:
    """Run the automaton over `symbols` (T) from `initial` (H bools; default: the network's start).

    `margins` is "least" (the smallest of each step) or "all" (T, H; eight bytes each).

    Raises
    ------
    StateError, TextError
        On a start or a symbol that the automaton does not have.
    OptionError
        On another value of `margins`.
    """
    if margins not in ("least", "all"):
        raise OptionError(f"margins {margins!r}: expected least or all")
    automaton = as_automaton(model)
    trajectory = automaton.run(symbols, initial)
    states = trajectory.states
    neuron = np.empty(len(states), np.int64)
    least = np.empty(len(states))
    for first in range(0, len(states), 8192):
        window = np.abs(trajectory.z(first, first + 8192))
        part = slice(first, first + len(window))
        neuron[part] = window.argmin(axis=1)
        least[part] = window[np.arange(len(window)), neuron[part]]
    flips = hamming(states[1:], states[:-1])
    return Run(
        alphabet=automaton.alphabet,
        initial=trajectory.initial,
        flips_per_step=float(flips.mean()) if len(flips) else None,
        distinct_states=distinct(states),
        symbols=trajectory.symbols,
        states=states,
        flips=flips,
        least_neuron=neuron,
        least_margin=least,
        margins=trajectory.margins if margins == "all" else None,
    )
