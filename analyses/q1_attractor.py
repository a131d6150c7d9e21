"""Q1 attractor: influence, convergence and cycles under one input, the chain behind one prediction."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Absent, Claim, Pair

PROGRAM = "program q1_attractor, archived pair"
CLAIMS = (
    Claim("positions", 338, 0, "positions", PROGRAM, "positions at which bits are flipped"),
    Claim("mean_influence", 0.0312, 5e-5, "", PROGRAM, "mean influence of an edge"),
    Claim(
        "mean_influence_float32", 0.0312259793, 5e-11, "", PROGRAM, "the same, added in float32 as printed"
    ),
    Claim("top_edge", [112, 73], 0, "from, to", PROGRAM, "the heaviest edge"),
    Claim("top_edge_count", 143, 0, "of 338", PROGRAM, "flips of its target"),
    Claim("self_h8", 138, 0, "of 338", PROGRAM, "h8 changed by a flip of h8"),
    Claim("final_states", 50, 0, "of 50", PROGRAM, "random starts under x_42 end in different states"),
    Claim("converged", 0, 0, "of 50", PROGRAM, "starts that stand still within 100 steps"),
    Claim(
        "period",
        0,
        0,
        "steps",
        PROGRAM,
        "no cycle of period 100 or less",
        but="one start, one input, periods up to 100: nothing follows about longer cycles",
    ),
    Claim("attribution_neuron", 56, 0, "neuron", PROGRAM, "whose flipped sign changes t = 42 most"),
    Claim("attribution_delta", 0.0056, 5e-5, "bits", PROGRAM, "by how much"),
    Claim(
        "attribution_source",
        50,
        0,
        "neuron",
        PROGRAM,
        "its top source",
        but="with signs for values the top source is the heaviest weight of the row, whatever the text",
    ),
    Claim("symbol_flips", 70.8462, 5e-5, "neurons", PROGRAM, "flips as 'y' is read, the most of all symbols"),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.influence, as_published=True)
    yield "positions", found.positions
    yield "mean_influence", found.mean
    yield "mean_influence_float32", found.mean_float32
    some = len(found.edge_to) > 0
    yield "top_edge", [int(found.edge_from[0]), int(found.edge_to[0])] if some else None
    yield "top_edge_count", found.edge_count[0] if some else None
    yield "self_h8", lambda: found.flips[pair.neuron(8), 8]
    yield from one_input(pair)
    yield from _one_prediction(pair)
    flips = pair.ask(boolrnn.dwell, as_published=True)
    some = len(flips.symbol) > 0
    note = f"n = {flips.symbol_n[0]}" if some else ""
    yield "symbol_flips", flips.symbol_flips[0] if some else None, note


def one_input(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """50 random states under one symbol for 100 steps; one of them for 200 more."""
    x = int(pair.symbols[min(42, len(pair.symbols) - 1)])
    start = np.random.default_rng(42).random((50, pair.weights.hidden)) < 0.5
    states, still = start, np.zeros(50, bool)
    for _ in range(100):
        after, _ = pair.automaton.step(states, np.full(50, x))
        states, still = after, still | (after == states).all(axis=1)
    yield "final_states", len(np.unique(states, axis=0))
    yield "converged", still.sum()
    run = pair.automaton.run(np.full(300, x), start[0]).states
    yield "period", next((p for p in range(1, 101) if (run[299] == run[299 - p]).all()), 0)


def _one_prediction(pair: Pair, t: int = 42) -> Iterator[tuple[Any, ...]]:
    """Signs of the network at t = 42, each in turn negated in the readout."""
    if t + 2 > len(pair.symbols) or not pair.weights.predicts:
        raise Absent(f"no prediction at t = {t}")
    seen = boolrnn.trace(pair.weights, pair.symbols[: t + 1], tanh=pair.tanh)
    signs = 2.0 * seen.bits[t] - 1
    rows = np.concatenate([signs[None], signs * (1 - 2 * np.eye(len(signs)))])
    scores = boolrnn.logits(pair.weights, rows)
    shifted = scores - scores.max(axis=1, keepdims=True)
    bits = (np.log(np.exp(shifted).sum(axis=1)) - shifted[:, pair.symbols[t + 1]]) / np.log(2)
    delta = bits[1:] - bits[0]
    first = int(np.abs(delta).argmax())
    yield "attribution_neuron", first
    yield "attribution_delta", delta[first]
    yield "attribution_source", np.abs(pair.weights.wh[first]).argmax()
