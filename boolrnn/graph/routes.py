"""Routes: the heaviest paths of causal traffic, named chains, and the published way of tracing."""

import dataclasses
import heapq
import itertools
import re

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.graph.traffic import Traffic
from boolrnn.model.rule import parse_neuron
from boolrnn.shapes import Float, Float64, Int64

_BLOCK = 2048  # positions that are followed at once


@dataclasses.dataclass(frozen=True)
class Paths:
    """Paths of L edges, the end first: `neurons[k]` = (h0, h1, ..., hL) with h0 <- h1 <- ... <- hL."""

    neurons: Int64[np.ndarray, "K N"]
    weight: Float64[np.ndarray, "K"]
    complete: bool  # whether no path outside the list can be heavier than those in it


def heaviest_paths(
    found: Traffic, edges: Int64[np.ndarray, "E 2"], steps: int, top: int, unseen: float
) -> Paths:
    """The `top` heaviest paths made of `edges` (to, from), which `found` recorded position by position.

    Exact by branch and bound: the traffic of a path is at most that of its beginning. `unseen` is the
    traffic of the heaviest edge that is not among `edges`: no path over such an edge can exceed it.
    """
    into: dict[int, list[int]] = {}
    for e, (to, _) in enumerate(edges.tolist()):
        into.setdefault(to, []).append(e)
    kept: list[tuple[float, tuple[int, ...]]] = []

    def extend(path: tuple[int, ...], along: np.ndarray) -> None:
        """`along[t]`: traffic of `path` whose last edge ends at position t."""
        weight = float(along.sum())
        if weight <= 0 or (len(kept) == top and weight <= kept[0][0]):
            return
        if len(path) == steps + 1:
            (heapq.heappush if len(kept) < top else heapq.heappushpop)(kept, (weight, path))
            return
        for e in into.get(path[-1], []):
            extend((*path, int(edges[e, 1])), _on(along, found, e))

    for to in sorted(into, key=lambda i: -found.room[:, i].sum()):
        extend((to,), found.room[:, to])
    ranked = sorted(kept, key=lambda item: (-item[0], item[1]))
    neurons = np.array([path for _, path in ranked], np.int64).reshape(-1, steps + 1)
    weight = np.array([value for value, _ in ranked])
    least = float(weight[-1]) if len(weight) == top else 0.0
    return Paths(neurons, weight, bool(unseen <= least))


def _on(along: np.ndarray, found: Traffic, edge: int) -> np.ndarray:
    """What goes over `edge` out of `along[t]`, by the position t - 1 at which it arrives."""
    gone = along * found.shares[:, edge]
    return np.append(gone[1:], 0.0)


def path_weight(found: Traffic, edges: Int64[np.ndarray, "E 2"], path: list[int]) -> float:
    """Traffic of one path (end first) whose edges were recorded."""
    place = {(int(to), int(source)): e for e, (to, source) in enumerate(edges)}
    along = found.room[:, path[0]]
    for to, source in itertools.pairwise(path):
        along = _on(along, found, place[to, source])
    return float(along.sum())


def parse_chain(text: str, hidden: int) -> list[int]:
    """`h54,h121,h78` (h54 <- h121 <- h78; arrows are understood too) as neurons, the end first.

    Raises
    ------
    OptionError
        Where fewer than two neurons are named, or one that the net does not have.
    """
    names = [part for part in re.split(r"[\s,]+|<-|←", text) if part]
    if len(names) < 2:
        raise OptionError(f"chain {text!r}: expected two or more neurons, the end first, as in h5,h3")
    neurons = [parse_neuron(name) for name in names]
    for j in neurons:
        if j >= hidden:
            raise OptionError(f"chain {text!r}: neuron {j} is outside 0..{hidden - 1}")
    return neurons


def ranks(wh: np.ndarray) -> Int64[np.ndarray, "H H"]:
    """Rank of |wh[i, j]| within its row, 1 for the heaviest (ties: lower source first)."""
    order = np.argsort(-np.abs(wh), axis=1, kind="stable")
    rank = np.empty(wh.shape, np.int64)
    np.put_along_axis(rank, order, np.arange(1, wh.shape[1] + 1)[None], axis=1)
    return rank


@dataclasses.dataclass(frozen=True)
class Followed:
    """The published tracing: `ends[p, r]` the neuron of rank r at position p, `sources[p, r, d]` the one
    that its trace reaches d + 1 steps before (-1: nothing precedes)."""

    ends: Int64[np.ndarray, "P R"]
    sources: Int64[np.ndarray, "P R D"]


def followed(
    wh: np.ndarray,
    values: Float[np.ndarray, "T H"],
    positions: Int64[np.ndarray, "P"],
    worth: Float64[np.ndarray, "P H"],
    top: int,
    depth: int,
) -> Followed:
    """From the `top` neurons whose `worth` is greatest in size, follow the input with the largest
    |wh[i, k] values[t - 1, k]| back, `depth` steps (published with signs for values as "Q1 attractor", with
    hidden values as "Q6 justifications")."""
    ends = np.argsort(-np.abs(worth), axis=1, kind="stable")[:, :top]
    sources = np.full((*ends.shape, depth), -1, np.int64)
    for first in range(0, len(positions), _BLOCK):
        part = slice(first, first + _BLOCK)
        at = ends[part]
        row = np.repeat(positions[part, None], ends.shape[1], axis=1)
        for d in range(depth):
            row = row - 1
            alive = (row >= 0) & (at >= 0)
            reached = np.full(at.shape, -1)
            reached[alive] = np.abs(wh[at[alive]] * values[row[alive]]).argmax(axis=1)
            sources[part, :, d] = at = reached
    return Followed(ends, sources)
