"""The witnesses of fragility, replayed from the definitions before anybody sees them."""

from fractions import Fraction
from typing import Any

import numpy as np

from boolrnn.clauses.flips import Asked
from boolrnn.clauses.integers import integers
from boolrnn.clauses.properties import readout
from boolrnn.clauses.substitutions import Edits, Window
from boolrnn.model.automaton import Automaton
from boolrnn.shapes import Bool, Int64


def replayed(asked: Asked, flips: Int64[np.ndarray, "R"], target: str) -> dict[str, Any]:
    """The witness, stepped and read out again in exact arithmetic."""
    flipped, plain = asked.flipped(flips[None]), asked.state[None]
    ends = []
    for state in (plain, flipped):
        for x in asked.word:
            state = asked.automaton.step(state, np.array([x]))[0]
        ends.append(_read(asked, state, target))
    changed = np.asarray(ends[0]) != np.asarray(ends[1])
    if not changed.all() or not np.isin(flips, asked.units).all():
        raise AssertionError(f"flips {flips} of {asked.units}: {target} is {ends[1]} after, {ends[0]} before")
    return {
        "witness_states": flipped,
        "witness_flips": flips,
        "witness_symbols": asked.word.copy(),
        "witness_before": ends[0],
        "witness_after": ends[1],
    }


def _read(asked: Asked, state: Bool[np.ndarray, "1 H"], target: str) -> int | Int64[np.ndarray, "M"]:
    """What a last state shows of the target."""
    effect = asked.effect
    if effect.ranked is None:
        found = state[0, effect.neurons].astype(np.int64)
        return found if len(found) > 1 else int(found[0])
    if target == "predicted":
        return int(readout(asked.automaton).predicted(state)[0])
    return _rank(asked.automaton, state[0], effect.ranked.one)


def _rank(automaton: Automaton, state: Bool[np.ndarray, "H"], one: int) -> int:
    """How many outputs come before `one`, from the definition."""
    weights, bias = integers(automaton).readout
    signs = [1 if bit else -1 for bit in state.tolist()]
    y = [sum(w * s for w, s in zip(row, signs)) + b for row, b in zip(weights.tolist(), bias.tolist())]
    return sum(value > y[one] or (value == y[one] and o < one) for o, value in enumerate(y))


def near_zero(asked: Asked, flips: Int64[np.ndarray, "R"], neuron: int, eps: float) -> dict[str, Any]:
    """The witness; its sum from the definition, over the rationals."""
    flipped, net = asked.flipped(flips[None]), asked.automaton
    z = Fraction(float(net.bh[neuron])) + Fraction(float(net.wx[neuron, asked.word[0]]))
    for weight, bit in zip(net.wh[neuron].tolist(), flipped[0].tolist()):
        z += Fraction(weight) if bit else -Fraction(weight)
    if not abs(z) < Fraction(eps) or not np.isin(flips, asked.units).all():
        raise AssertionError(f"flips {flips}: z of neuron {neuron} is {float(z)}, not within {eps}")
    return {
        "witness_states": flipped,
        "witness_neuron": neuron,
        "witness_flips": flips,
        "witness_symbols": asked.word.copy(),
        "witness_z": float(z),
    }


def reread(window: Window, found: Edits, first: int, before: int) -> dict[str, Any]:
    """The witness, read again in exact arithmetic."""
    assert found.places is not None
    assert found.symbols is not None
    word, state = window.word.copy(), None if window.start is None else window.start[None]
    if (word[found.places] == found.symbols).any():
        raise AssertionError(f"places {found.places}: a symbol is put in its own place")
    word[found.places] = found.symbols
    for x in word:
        state = window.automaton.step(state, np.array([x]))[0]
    assert state is not None
    after = int(readout(window.automaton).predicted(state)[0])
    if after == before:
        raise AssertionError(f"symbols {word} predict {after} as before")
    return {
        "witness_states": state,
        "witness_positions": found.places + first,
        "witness_edits": found.symbols,
        "witness_symbols": word,
        "witness_before": before,
        "witness_after": after,
    }
