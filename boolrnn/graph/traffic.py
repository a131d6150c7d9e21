"""Causal traffic: what the bits at the end are worth, traced back through single flips.

A bit i of states[t] is worth |change in bits per character| when it is flipped in the readout of position
t. That weight is divided equally among the inputs that were pivotal for it: the bits j of states[t - 1]
whose flip alone flips bit i at t (boolrnn.graph.pivotal). Each share goes on in the same way, at most D
steps back. Where no single input was pivotal, the route begins; weight is neither made nor lost.
"""

import dataclasses
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.compiling import compiled_module
from boolrnn.graph.pivotal import Pivotal, pivotal_inputs
from boolrnn.model.automaton import Automaton
from boolrnn.shapes import Bool, Float64, Int64


@dataclasses.dataclass(frozen=True)
class Traffic:
    """Traffic of edges [to, from], and of neurons. `arrived[d]`: weight that was traced d steps back;
    `begun[i]`: weight whose route begins at i, `stopped`: weight that the depth or the start of the text
    stopped. For the edges asked for: `shares[t, e]` of what comes to the head of e at t, and `room[t, i]`,
    the weight at i at time t that may go on for as many steps as asked."""

    edges: Float64[np.ndarray, "H H"]
    begun: Float64[np.ndarray, "H"]
    stopped: Float64[np.ndarray, "H"]
    arrived: Float64[np.ndarray, "D"]
    shares: Float64[np.ndarray, "T E"]
    room: Float64[np.ndarray, "T H"]


def traffic(
    automaton: Automaton,
    states: Bool[np.ndarray, "T H"],
    symbols: Int64[np.ndarray, "T"],
    worth: Float64[np.ndarray, "T H"],
    depth: int,
    *,
    engine: str,
    matrix: np.ndarray | None = None,
    watched: Int64[np.ndarray, "E 2"] | None = None,
    steps: int = 1,
) -> Traffic:
    """Trace `worth[t]` back from every position t, `depth` steps at most.

    `watched` edges (to, from) are recorded position by position, with room for paths of `steps` edges.
    `matrix` replaces the weights (null models); states stay as they are.
    """
    hidden, length = states.shape[1], len(states)
    flow = _Flow(hidden, depth, length, watched, steps)
    engine_of = _compiled if engine == "compiled" else _numpy
    back = slice(None, None, -1)
    before, read = states[:-1][back], symbols[1:][back]  # transition k leads to position length - 1 - k
    with progress.bar("traffic", length) as tick:
        for block in pivotal_inputs(automaton, before, read, engine, matrix):
            engine_of(flow, block, worth)
            tick(block.first)
    if length:
        flow.weight[:, 0] += worth[0]
        flow.stopped += flow.weight.sum(axis=1)  # nothing precedes position 0
        if watched is not None and steps <= depth:
            flow.room[0] = flow.weight[:, : depth - steps + 1].sum(axis=1)
    return Traffic(flow.edges, flow.begun, flow.stopped, flow.arrived, flow.shares, flow.room)


class _Flow:
    """What is carried from one position to the one before it: `weight[i, d]`, traced d steps so far."""

    def __init__(self, hidden: int, depth: int, length: int, watched: np.ndarray | None, steps: int) -> None:
        self.length, self.depth, self.steps = length, depth, steps
        self.weight = np.zeros((hidden, depth + 1))
        self.edges = np.zeros((hidden, hidden))
        self.begun, self.stopped = np.zeros(hidden), np.zeros(hidden)
        self.arrived = np.zeros(depth + 1)
        self.slot = np.full((hidden, hidden), -1, np.int64)
        if watched is not None:
            self.slot[watched[:, 0], watched[:, 1]] = np.arange(len(watched))
        self.shares = np.zeros((length if watched is not None else 0, 0 if watched is None else len(watched)))
        self.room = np.zeros((length if watched is not None else 0, hidden))


def _compiled(flow: _Flow, block: Pivotal, worth: np.ndarray) -> None:
    code: Any = compiled_module("graph.compiled")
    last = flow.length - 1 - block.first
    arrays = (flow.weight, flow.edges, flow.begun, flow.stopped, flow.arrived)
    code.trace_back(
        block.counts, block.inputs, worth, last, *arrays, flow.slot, flow.shares, flow.room, flow.steps
    )


def _numpy(flow: _Flow, block: Pivotal, worth: np.ndarray) -> None:
    """The same, one dense matrix of shares per position."""
    hidden = len(flow.begun)
    ends = np.cumsum(block.counts.sum(axis=1))
    for p, counts in enumerate(block.counts):
        t = flow.length - 1 - block.first - p
        flow.weight[:, 0] += worth[t]
        flow.stopped += flow.weight[:, -1]
        going = flow.weight[:, :-1].copy()
        listed = block.inputs[ends[p] - counts.sum() : ends[p]]
        to = np.repeat(np.arange(hidden), counts)
        share = np.zeros((hidden, hidden))
        share[to, listed] = 1 / counts[to]
        if len(flow.room):
            flow.room[t] = flow.weight[:, : max(0, flow.depth - flow.steps + 1)].sum(axis=1)
            known = flow.slot[to, listed]
            flow.shares[t, known[known >= 0]] = share[to, listed][known >= 0]
        flow.begun += np.where(counts == 0, going.sum(axis=1), 0.0)
        flow.edges += share * going.sum(axis=1)[:, None]
        flow.weight[:, 0] = 0
        flow.weight[:, 1:] = share.T @ going
        flow.arrived += flow.weight.sum(axis=0)
