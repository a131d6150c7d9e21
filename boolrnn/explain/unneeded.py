"""What the automaton does not need on a text: weights whose removal changes no sign at any position.

Row i of wh stands in bit i = [z_i >= 0] alone, so rows are independent of each other: as long as every
bit stays what it was, so do all states. In exact integers (units of the row's lowest set bit), a set R of
weights may go iff at every position t >= 1 sum_R w_ij s_j(t-1) leaves z on its side of the threshold:
at least 0 where the bit is 1, below 0 where it is 0. The first step is the drive alone.

bound    the most weights that the least margin alone allows: the smallest, while sum |w| fits under the
         least z of the positions with bit 1, and strictly under the least |z| of those with bit 0
greedy   the larger of two sets, each weight checked at every position: the bound's set extended, smallest
         weight first, until no weight may follow; and from nothing, each time the weight that leaves the
         least margin largest
at_most  no set is larger: at every single position, the weights that help go first
Where `greedy` equals `at_most`, or all subsets of a row were tried, the row's set is proved largest.

Afterwards an input weight goes where z allows it at every position that reads its symbol; given the
rows' sets these are all that may. Weights of symbols that are never read are counted apart.
"""

import dataclasses
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.model.automaton import Automaton, as_automaton, compile
from boolrnn.model.exact import FILTERED, FLOAT64, python_integers
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float64, Int64

_GROUP = 16  # rows whose sums are computed at once
_BLOCK = 4096  # positions at once
_NEAR = 64  # positions nearest to the threshold that are looked at first
_SUBSETS = 12  # most weights of a row whose subsets are all tried
_TRIALS = 1 << 24  # subsets times positions up to which that is done


@dataclasses.dataclass(frozen=True, eq=False)
class Unneeded:
    """The weights that may go, and per neuron how many. `least_margin` is the least |z| over positions
    t = 1..n-1; NaN without one."""

    wh: Bool[np.ndarray, "H H"]  # that go
    wx: Bool[np.ndarray, "H V"]  # that go and are read
    unread: Bool[np.ndarray, "V"]  # symbols that the text never reads
    least_margin: Float64[np.ndarray, "H"]
    weights: Int64[np.ndarray, "H"]  # of the neuron's row of wh, not zero
    bound: Int64[np.ndarray, "H"]
    at_most: Int64[np.ndarray, "H"]
    proved: Bool[np.ndarray, "H"]
    same_states: bool  # the automaton without them was run, and all its states are the same

    @property
    def greedy(self) -> Int64[np.ndarray, "H"]:
        """Weights that go, for each row of wh."""
        return self.wh.sum(axis=1)


def unneeded(model: Weights | Automaton, symbols: np.ndarray) -> Unneeded:
    """What the automaton does not need along its own trajectory over `symbols` (T).

    Raises
    ------
    TextError
        On a symbol outside the vocabulary.
    """
    automaton = as_automaton(model)
    run = automaton.run(symbols)
    size = automaton.hidden
    wh, wx = np.zeros((size, size), bool), np.zeros((size, automaton.symbols), bool)
    rows: list[_Row] = []
    states = np.ascontiguousarray(run.states.T)
    with progress.bar("what the automaton does not need", size) as tick:
        for first in range(0, size, _GROUP):
            group = np.arange(first, min(first + _GROUP, size))
            for i, (unit, w, inputs, z) in zip(group, _integers(automaton, run.symbols, run.states, group)):
                row = _Row(w, z, states[i], states)
                wh[i] = row.removed
                wx[i] = _inputs_removed(inputs, row.slack, states[i], run.symbols)
                row.finish(int(unit))
                rows.append(row)
                tick(int(i) + 1)
    unread = np.bincount(run.symbols, minlength=automaton.symbols) == 0
    pruned = without(automaton.weights, wh, wx)
    return Unneeded(
        wh=wh,
        wx=wx,
        unread=unread,
        least_margin=np.array([row.least_margin for row in rows]),
        weights=np.count_nonzero(automaton.wh, axis=1).astype(np.int64),
        bound=np.array([row.bound for row in rows]),
        at_most=np.array([row.at_most for row in rows]),
        proved=np.array([row.proved for row in rows]),
        same_states=bool(np.array_equal(compile(pruned).run(run.symbols).states, run.states)),
    )


def without(weights: Weights, wh: Bool[np.ndarray, "H H"], wx: Bool[np.ndarray, "H V"]) -> Weights:
    """The weights with these entries set to 0."""
    zero = np.float32(0)
    return dataclasses.replace(weights, wh=np.where(wh, zero, weights.wh), wx=np.where(wx, zero, weights.wx))


def pruned_weights(model: Weights | Automaton, symbols: np.ndarray) -> Weights:
    """The weights without what their automaton does not need on `symbols`: those of `unneeded`, and the
    input weights of symbols that the text never reads. On this text the automaton's states are the same;
    the float network's need not be.

    Raises
    ------
    TextError
        On a symbol outside the vocabulary.
    """
    automaton = as_automaton(model)
    found = unneeded(automaton, symbols)
    return without(automaton.weights, found.wh, found.wx | found.unread)


def _integers(automaton: Automaton, symbols: np.ndarray, states: np.ndarray, group: np.ndarray) -> list:
    """(unit, wh row, wx row, z over all positions) of each row, in integers of the row's unit: int64, or
    Python's where 62 bits do not hold every partial sum."""
    certificate = automaton.rows.certificate
    routes = certificate.routes
    found = []
    for i in group.tolist():
        unit = int(certificate.unit[i])
        entries = np.concatenate([automaton.wh[i], automaton.wx[i], automaton.bh[i : i + 1]])
        if routes[i] == FILTERED:
            whole = np.array(python_integers(entries, unit), object)
        else:
            whole = np.ldexp(entries.astype(np.float64), -unit).astype(np.int64)
        w, inputs, bias = whole[: automaton.hidden], whole[automaton.hidden : -1], whole[-1]
        z = (inputs + bias)[symbols]
        found.append((unit, w, inputs, z))
    floats = [k for k, i in enumerate(group) if routes[i] == FLOAT64]
    matrix = np.array([found[k][1] for k in floats], np.float64).reshape(len(floats), automaton.hidden)
    for first in range(1, len(symbols), _BLOCK):
        part = slice(first, min(first + _BLOCK, len(symbols)))
        before = np.where(states[part.start - 1 : part.stop - 1], 1.0, -1.0)
        sums = matrix @ before.T  # whole numbers below 2^53
        for k, total in zip(floats, sums):
            found[k][3][part] += total.astype(np.int64)
        for k in set(range(len(group))) - set(floats):
            w = found[k][1]
            found[k][3][part] += before.astype(np.int64).astype(w.dtype) @ w
    return found


class _Row:
    """One row of wh: `slack` is how far z may still move towards the threshold, at every position.

    Bit 1: z. Bit 0: -z - 1, since z has to stay below 0. Weight j moves z towards the threshold where
    `harm[j]`, by |w_j|, and away from it elsewhere. Position 0 reads no weight of the row.
    """

    def __init__(self, w: np.ndarray, z: np.ndarray, own: np.ndarray, states: np.ndarray) -> None:
        self.own, self.size = own, abs(w)
        self.slack = np.where(own, z, -z - 1)
        self.harm = (states[:, :-1] == own[1:]) == (w > 0)[:, None]
        nonzero = np.flatnonzero(w != 0)
        self.order = nonzero[np.argsort(self.size[nonzero], kind="stable")]
        self.removed = np.zeros(len(w), bool)
        least = self.slack[1:].min() if len(z) > 1 else None
        sums = np.cumsum(self.size[self.order])
        self.bound = len(self.order) if least is None else int((sums <= least).sum())
        self.margin = None if least is None else np.where(own, z, -z)[1:].min()
        self.at_most, self.proved = self.bound, least is None
        if least is None:
            self.removed[self.order] = True
            return
        self.at_most = self._most()
        self._extend()

    def finish(self, unit: int) -> None:
        """Let the arrays go; keep what is reported."""
        self.least_margin = np.nan if self.margin is None else _real(int(self.margin), unit)
        del self.harm, self.slack, self.size, self.order, self.own

    def _most(self) -> int:
        """The least, over positions, of the number of weights that this position alone would let go."""
        most = len(self.order)
        size = self.size[self.order]
        for first in range(0, self.harm.shape[1], _BLOCK):
            harm = self.harm[self.order, first : first + _BLOCK]
            helped = np.where(harm, 0, size[:, None]).sum(axis=0)  # these go first
            allowed = self.slack[1 + first : 1 + first + _BLOCK] + helped
            harmful = np.cumsum(np.where(harm, size[:, None], 0), axis=0)  # smallest first
            gone = (~harm | (harmful <= allowed)).sum(axis=0)
            most = min(most, int(gone.min(initial=most)))
        return most

    def _extend(self) -> None:
        """The larger of the greedy sets; all subsets where there are few."""
        start = self.slack
        if len(self.order) <= _SUBSETS and len(start) << len(self.order) <= _TRIALS:
            chosen = self._best_subset()
            self.proved = True
        else:
            chosen = max(self._ascending(start[1:].copy()), self._widest(start[1:].copy()), key=len)
            self.proved = len(chosen) == self.at_most
        self.removed[chosen] = True
        self.slack = start.copy()
        for j in chosen:
            self._remove(j, self.slack[1:])

    def _moved(self, j: int, part: slice = slice(None)) -> np.ndarray:
        """By how much the removal of weight j lessens the slack."""
        size = self.size[j : j + 1]  # an array: Python's integers may be too large for any other type
        return np.where(self.harm[j, part], size, -size)

    def _remove(self, j: int, slack: np.ndarray) -> None:
        slack -= self._moved(j)

    def _may_go(self, j: int, slack: np.ndarray) -> bool:
        return not self.harm[j, np.flatnonzero(slack < self.size[j])].any()

    def _ascending(self, slack: np.ndarray) -> list[int]:
        """The bound's set, then every weight that may go, the smallest first, again and again."""
        chosen = self.order[: self.bound].tolist()
        for j in chosen:
            self._remove(j, slack)
        left = self.order[self.bound :]
        while len(able := left[self._least_after(left, slack) >= 0]):
            for j in able.tolist():
                if self._may_go(j, slack):  # the first may, others until something has gone
                    self._remove(j, slack)
                    chosen.append(j)
            left = left[~np.isin(left, chosen)]
        return chosen

    def _widest(self, slack: np.ndarray) -> list[int]:
        """From nothing, each time the weight whose removal leaves the least slack largest."""
        chosen: list[int] = []
        left = self.order
        while len(left):
            after = self._least_after(left, slack)
            k = int(after.argmax())
            if after[k] < 0:
                break
            chosen.append(int(left[k]))
            self._remove(chosen[-1], slack)
            left = np.delete(left, k)
        return chosen

    def _least_after(self, left: np.ndarray, slack: np.ndarray) -> np.ndarray:
        """The least slack after each of `left` alone was removed: it is at the first position, in order of
        slack, where the weight harms or at the first where it helps."""
        near = np.arange(len(slack))
        if len(slack) > _NEAR:
            near = np.argpartition(slack, _NEAR)[:_NEAR]
        near = near[np.argsort(slack[near], kind="stable")]
        harm, size, rows = self.harm[left][:, near], self.size[left], np.arange(len(left))
        first, other = harm.argmax(axis=1), (~harm).argmax(axis=1)
        harmed = slack[near[first]] - size
        helped = slack[near[other]] + size
        both = np.where(harm[rows, other], harmed, np.minimum(harmed, helped))
        for k in np.flatnonzero(~harm[rows, first]):  # harms none of the nearest
            further = slack[self.harm[left[k]]]
            least = slack[near[0]] + size[k]
            both[k] = least if not len(further) else min(least, further.min() - size[k])
        return both

    def _best_subset(self) -> list[int]:
        """The largest of all subsets that may go."""
        count = len(self.order)
        fits = np.ones(1 << count, bool)
        step = max(1, (1 << 20) >> count)
        for first in range(0, len(self.slack) - 1, step):
            slack = self.slack[1 + first : 1 + first + step, None]
            for j in self.order:
                move = self._moved(int(j), slice(first, first + step))[:, None]
                slack = np.concatenate([slack, slack - move], axis=1)
            fits &= (slack >= 0).all(axis=0)
        masks = np.flatnonzero(fits)
        members = (masks[:, None] >> np.arange(count)) & 1
        best = members[int(members.sum(axis=1).argmax())]
        return self.order[best > 0].tolist()


def _inputs_removed(
    inputs: np.ndarray, slack: np.ndarray, own: np.ndarray, symbols: np.ndarray
) -> Bool[np.ndarray, "V"]:
    """Which input weights of a row may go: at every position that reads the symbol and that the weight
    holds on its side, the slack is at least the weight."""
    gone = np.zeros(len(inputs), bool)
    if not len(symbols):
        return gone
    order = np.argsort(symbols, kind="stable")
    read, starts = np.unique(symbols[order], return_index=True)
    weight = inputs[read]
    enough = np.array([abs(weight).max()], slack.dtype)
    for bit in (True, False):
        least: Any = np.minimum.reduceat(np.where(own == bit, slack, enough)[order], starts)
        fits = (weight > 0 if bit else weight < 0) & (least >= abs(weight))
        gone[read[fits]] = True
    return gone


def _real(whole: int, unit: int) -> float:
    """whole x 2^unit, rounded once."""
    return whole * 2.0**unit
