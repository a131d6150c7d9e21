"""Q1 Boolean: sign structure of wh, sensitivity of one state, the free-running Boolean map.

The published run starts from all -1, whereas the network starts from h = 0; "unique sign vectors" counts
states of that run, not of the network.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Claim, Pair, number

PROGRAM = "program q1_boolean, archived pair"
CLAIMS = (
    Claim("wh_positive", 8246, 0, "entries", PROGRAM, "wh > 0.001"),
    Claim("wh_negative", 7923, 0, "entries", PROGRAM, "wh < -0.001"),
    Claim("wh_near_zero", 215, 0, "entries", PROGRAM, "|wh| <= 0.001"),
    Claim("wh_positive_mean", 0.0823, 5e-5, "", PROGRAM, "mean of the positive entries of wh"),
    Claim("wh_negative_mean", 0.0808, 5e-5, "", PROGRAM, "mean |w| of the negative entries of wh"),
    Claim("fan_in", 31.0938, 5e-5, "neurons", PROGRAM, "mean number of |wh| > 0.1 in a row"),
    Claim("sensitivity", 2.8359, 5e-5, "bits", PROGRAM, "bits that one flipped bit changes, mean, one state"),
    Claim("input_most", 6, 0, "bits", PROGRAM, "bits that another symbol changes, most, one state"),
    Claim("input_mean", 3.9609, 5e-5, "bits", PROGRAM, "bits that another symbol changes, mean, one state"),
    Claim("boolean_bpc", 12.8403, 5e-5, "bpc", PROGRAM, "free run of the Boolean map from all -1"),
    Claim("flips_per_step", 51.2004, 5e-5, "neurons", PROGRAM, "flips per step of that run"),
    Claim(
        "unique_vectors",
        1023,
        0,
        "states",
        PROGRAM,
        "the sign vectors are all different",
        but="they are those of a free run from all -1, not the network's",
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = boolrnn.info(pair.source)
    yield "wh_positive", found.wh_positive
    yield "wh_negative", found.wh_negative
    yield "wh_near_zero", found.wh_near_zero
    yield "wh_positive_mean", found.wh_mean_positive
    yield "wh_negative_mean", found.wh_mean_negative
    yield "fan_in", found.wh_fan_in
    hidden, positions = pair.weights.hidden, len(pair.symbols) - 1
    run = pair.automaton.run(pair.symbols, np.zeros(hidden, bool))
    yield from _one_state(pair, run.states)
    signs = 2.0 * run.states - 1
    vectors = boolrnn.FloatTrace(run.symbols, signs, signs, np.full(hidden, -1.0), "signs")
    seen = pair.ask(boolrnn.agreement)
    free, once = number(seen.free_run), number(seen.one_step)
    own = number(seen.bpc_sign_dynamics)
    note = f"from the network's own start {own}, equal signs {free}; one step {once}"
    yield "boolean_bpc", boolrnn.bpc(pair.weights, vectors), note
    before = np.concatenate([np.zeros((1, hidden), bool), run.states[: positions - 1]])
    yield "flips_per_step", (before != run.states[:positions]).sum() / positions
    distinct = len(np.unique(run.states[:positions], axis=0))
    yield "unique_vectors", distinct, f"the network's own: {seen.distinct_float} of {positions}"


def _one_state(pair: Pair, states: np.ndarray) -> Iterator[tuple[Any, ...]]:
    """What one flipped bit and another symbol change in the state after x_42, as x_43 is read."""
    at, hidden = min(42, len(states) - 2), pair.weights.hidden
    state, x = states[at][None], pair.symbols[at + 1]
    after, _ = pair.automaton.step(state, np.array([x]))
    flipped, _ = pair.automaton.step(state ^ np.eye(hidden, dtype=bool), np.full(hidden, x))
    every = pair.ask(boolrnn.influence, as_published=True).mean_out_degree
    yield "sensitivity", (flipped != after).sum() / hidden, f"along the text (338 states): {number(every)}"
    read = np.arange(pair.weights.symbols)
    inputs, _ = pair.automaton.step(np.repeat(state, len(read), axis=0), read)
    changed = (inputs != after).sum(axis=1)
    yield "input_most", changed.max()
    yield "input_mean", changed.mean()
