"""contexts: a net whose neurons are contexts of the text, which makes it a back-off n-gram model.

A context is a string of k symbols c1..ck, and its neuron is on exactly when these are the last k symbols
read. Neuron c1..ck has one weight, 2, from the neuron of c1..c(k-1), a drive of -1 for ck and of -3 for any
other symbol; a neuron of one symbol has no weight, a drive of 1 for its symbol and of -1 for others. Sums
are odd (integers.py), and at the start (h = 0) all that needs a longer past is off: contexts count once
they are complete. The set of contexts is closed under dropping the last symbol, which the neurons need, and
under dropping the first, which backing off needs (backoff.py); so the neurons that are on form one chain,
and the net has one state per context and one more.

Which contexts a text is worth is counted on its training part alone. Interpolated absolute discounting (Ney,
Essen & Kneser 1994, doi:10.1006/csla.1994.1001), each occurrence left out of the counts that predict it,
says what a context gains: the nats that the next symbols cost less by it than by the context one symbol
shorter. These gains add up along any chain. A context is worth its gain, or the mean of it and of the worths
of those of its two parents (last symbol dropped, first symbol dropped) that are worth less: they must be
bought too. No parent is worth less than what needs it, so that the worthiest contexts form a closed set.
"""

import dataclasses
import functools
import itertools

import numpy as np
from scipy.sparse import csr_array

from boolrnn import progress
from boolrnn.make.register import GAIN, Body
from boolrnn.model.corpus import check_symbols
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float64, Int64

DISCOUNT = 0.75  # of each count, where a context's gain is estimated
LEAST = 1e-6  # nats: what gains less gains nothing
CELLS = 1 << 24  # bits of states compared at once


@dataclasses.dataclass(frozen=True, eq=False)
class ContextsBody(Body):
    """One neuron per context, numbered by length, then by the context without its first symbol, then by the
    first symbol. `prefix` (last symbol dropped) and `suffix` (first symbol dropped) number other neurons; -1
    is the empty context. `groups` bounds the length."""

    order: Int64[np.ndarray, "H"]  # length of the context
    first: Int64[np.ndarray, "H"]  # its oldest symbol
    last: Int64[np.ndarray, "H"]  # its newest symbol
    prefix: Int64[np.ndarray, "H"]
    suffix: Int64[np.ndarray, "H"]

    def contexts(self) -> list[tuple[int, ...]]:
        """The symbols of each context, oldest first."""
        found: list[tuple[int, ...]] = []
        for first, suffix in zip(self.first.tolist(), self.suffix.tolist()):
            found.append((first, *(found[suffix] if suffix >= 0 else ())))
        return found

    def chain(self, symbols: np.ndarray) -> Int64[np.ndarray, "T K"]:
        """Column k has the neuron of the context of the last k + 1 symbols after each of `symbols` (T), -1
        where it has none; up to the longest context of the net.

        Raises
        ------
        TextError
            On a symbol outside the vocabulary.
        """
        symbols, size = check_symbols(symbols, self.net), self.net.symbols
        keys = (self.suffix + 1) * size + self.first  # ascending among contexts of one length
        found = np.full((len(symbols), int(self.order[-1])), -1, np.int64)
        places, shorter = np.arange(len(symbols)), np.full(len(symbols), -1, np.int64)
        for k in range(found.shape[1]):
            begin, end = np.searchsorted(self.order, [k + 1, k + 2])
            longer = places >= k
            places, shorter = places[longer], shorter[longer]
            wanted = (shorter + 1) * size + symbols[places - k]
            at = np.minimum(begin + np.searchsorted(keys[begin:end], wanted), end - 1)
            kept = keys[at] == wanted
            places, shorter = places[kept], at[kept]
            found[places, k] = shorter
        return found

    def longest(self, symbols: np.ndarray) -> Int64[np.ndarray, "T"]:
        """The neuron of the longest context after each of `symbols` (T); -1 where there is none."""
        return self.chain(symbols).max(axis=1)  # longer contexts have larger numbers

    def features(self, symbols: np.ndarray) -> csr_array:
        """The automaton's states at positions 0..n-2 of `symbols` (n), read off the text: sparse float32
        0 and 1 (n-1, H)."""
        chain = self.chain(symbols)[:-1]
        on = chain >= 0
        ends = np.concatenate([[0], np.cumsum(on.sum(axis=1))])
        kind = np.int32 if ends[-1] < 2**31 else np.int64
        indices = chain[on].astype(kind)
        values = np.ones(len(indices), np.float32)
        return csr_array((values, indices, ends.astype(kind)), shape=(len(chain), self.net.hidden))

    def decoded(self, symbols: np.ndarray) -> tuple[int, int]:
        """(right, checked): at positions t = groups..n-2 of `symbols` (n), for each length that the net has
        contexts of, whether the neurons of this length that are on are those that the text spells. States
        are stepped with the net's own weights."""
        symbols = check_symbols(symbols, self.net)
        spelled, lengths = self.features(symbols), np.unique(self.order, return_index=True)[1]
        end = len(symbols) - 1
        begin = min(self.groups, end)
        rows, state, right = max(1, CELLS // self.net.hidden), None, 0
        with progress.bar("contexts", end) as tick:
            for first in range(0, end, rows):
                states = self._steps(symbols[first : min(first + rows, end)], state)
                state = states[-1]
                wrong = states != (spelled[first : first + rows].toarray() > 0)
                wrong = np.logical_or.reduceat(wrong[max(0, begin - first) :], lengths, axis=1)
                right += int((~wrong).sum())
                tick(min(first + rows, end))
        return right, (end - begin) * len(lengths)

    @functools.cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The neuron that each neuron reads (H), and what becomes of it after each symbol (V, H): at the
        start, where that neuron is on, and where it is off. As no neuron has more than one weight, a sum is
        a drive and at most one term, exact in float32."""
        net = self.net
        source = np.abs(net.wh).argmax(axis=1)
        weight, drive = net.wh[np.arange(net.hidden), source], (net.wx + net.bh[:, None]).T
        return source, drive >= 0, drive + weight >= 0, drive - weight >= 0

    def _steps(self, symbols: np.ndarray, state: np.ndarray | None) -> np.ndarray:
        """The automaton's states after each of `symbols` from `state` (None: the start), bools (T, H)."""
        source, start, after_on, after_off = self._tables
        found = np.empty((len(symbols), self.net.hidden), bool)
        for t, x in enumerate(symbols.tolist()):
            if state is None:
                found[t] = start[x]
            else:
                np.copyto(found[t], after_off[x])
                np.copyto(found[t], after_on[x], where=state[source])
            state = found[t]
        return found


@dataclasses.dataclass(frozen=True)
class _Counted:
    """Contexts that occur twice or more, of all lengths, shorter ones first; -1 is the empty context."""

    order: Int64[np.ndarray, "C"]
    first: Int64[np.ndarray, "C"]
    last: Int64[np.ndarray, "C"]
    prefix: Int64[np.ndarray, "C"]
    suffix: Int64[np.ndarray, "C"]
    gain: Float64[np.ndarray, "C"]  # nats


def contexts_body(values: np.ndarray, symbols: np.ndarray, groups: int, neurons: int) -> ContextsBody:
    """The net of the worthiest contexts of up to `groups` symbols, at most `neurons` (but at least one).

    `values` (V) has the byte value of each symbol, `symbols` are those of the training part. Where fewer
    contexts gain anything the net is smaller; places that are left go to the symbols that have none, most
    frequent first.
    """
    size = len(values)
    return _body(_kept(_counted(symbols, size, groups), symbols, size, neurons), values, groups)


def _body(kept: _Counted, values: np.ndarray, groups: int) -> ContextsBody:
    """The net of these contexts, a closed set in any order."""
    size = len(values)
    kept = _numbered(kept, size)
    hidden = len(kept.order)
    rows, longer = np.arange(hidden), kept.order > 1
    wx = np.where(longer, -3.0, -1.0)[:, None].repeat(size, axis=1)
    wx[rows, kept.last] += 2
    wh = np.zeros((hidden, hidden), np.float32)
    wh[rows[longer], kept.prefix[longer]] = 2 * GAIN
    net = Weights(
        wx=(GAIN * wx).astype(np.float32),
        wh=wh,
        bh=np.zeros(hidden, np.float32),
        wy=np.zeros((size, hidden), np.float32),
        by=np.zeros(size, np.float32),
        alphabet=values,
    )
    read = int((kept.order == 1).sum())  # symbols with a neuron; the others are read alike
    return ContextsBody(
        net, read + (read < size), groups, kept.order, kept.first, kept.last, kept.prefix, kept.suffix
    )


def _counted(symbols: np.ndarray, size: int, groups: int) -> _Counted:
    """All contexts that occur at least twice at positions 0..n-2, with their gains: up to the length from
    which on nothing can be gained any more."""
    targets, count = symbols[1:], len(symbols) - 1
    places, node, total = np.arange(count), np.full(count, -1), 0
    chance, _ = _left_out(node + 1, targets, np.full(count, 1 / size), size)
    levels: list[_Counted] = []
    with progress.bar("counting contexts", groups) as tick:
        for k in range(min(groups, count)):
            places = places[places >= k]
            _, inverse, often = np.unique(
                (node[places] + 1) * size + symbols[places - k], return_inverse=True, return_counts=True
            )
            number = np.where(often >= 2, np.cumsum(often >= 2) - 1, -1)[inverse]
            places, number = places[number >= 0], number[number >= 0]
            if not len(places):
                break
            some = np.empty(int((often >= 2).sum()), np.int64)
            some[number] = places  # of each context, the last place where it ends
            after, again = _left_out(number, targets[places], chance[places], size)
            gain = np.bincount(number, np.log(after / chance[places]), minlength=len(some))
            none = np.full(len(some), -1)
            prefix, suffix = (node[some - 1], node[some]) if k else (none, none)
            levels.append(
                _Counted(np.full(len(some), k + 1), symbols[some - k], symbols[some], prefix, suffix, gain)
            )
            chance[places], node = after, np.full(count, -1)
            node[places] = total + number
            total += len(some)
            tick(k + 1)
            if -np.log(after[again]).sum() < LEAST:  # targets met once lose by every longer context
                break
    return _joined(levels)


def _joined(parts: list[_Counted]) -> _Counted:
    """All contexts of all parts."""
    names = [field.name for field in dataclasses.fields(_Counted)]
    kinds = [np.float64 if name == "gain" else np.int64 for name in names]
    return _Counted(
        *(
            np.concatenate([np.zeros(0, kind), *(getattr(part, name) for part in parts)])
            for name, kind in zip(names, kinds)
        )
    )


def _left_out(
    context: np.ndarray, targets: np.ndarray, shorter: np.ndarray, size: int
) -> tuple[Float64[np.ndarray, "Q"], Bool[np.ndarray, "Q"]]:
    """The chance of each target after its context, from all other occurrences, interpolated with `shorter`,
    the chance after the context one symbol shorter; and whether another one has this target too."""
    pair, inverse, often = np.unique(context * size + targets, return_inverse=True, return_counts=True)
    others = np.bincount(context)[context] - 1  # occurrences of the context besides this one
    same = often[inverse] - 1  # those of them before this target
    kinds = np.bincount(pair // size)[context] - (same == 0)  # different symbols after them
    left = np.maximum(same - DISCOUNT, 0) + DISCOUNT * kinds * shorter
    return np.where(others > 0, left / np.maximum(others, 1), shorter), same > 0


def _kept(counted: _Counted, symbols: np.ndarray, size: int, neurons: int) -> _Counted:
    """The worthiest contexts, and symbols where there is room for more."""
    worth = _worth(counted)
    ranked = np.lexsort((counted.order, -worth))
    chosen = np.sort(ranked[: min(neurons, int((worth > LEAST).sum()))])
    renumbered = np.full(len(worth) + 1, -1)  # the last entry is the empty context's
    renumbered[chosen] = np.arange(len(chosen))
    parts = {name: getattr(counted, name)[chosen] for name in ("order", "first", "last", "gain")}
    parts |= {name: renumbered[getattr(counted, name)[chosen]] for name in ("prefix", "suffix")}
    often = np.bincount(symbols, minlength=size)
    often[parts["last"][parts["order"] == 1]] = 0
    more = np.argsort(-often, kind="stable")[: min(neurons - len(chosen), int((often > 0).sum()))]
    none = np.full(len(more), -1)
    return _joined([_Counted(**parts), _Counted(none + 2, more, more, none, none, np.zeros(len(more)))])


def _worth(counted: _Counted) -> Float64[np.ndarray, "C"]:
    """What each context is worth, in nats: its gain, shared with parents that are worth less and raised to
    the worth of every context that needs it."""
    worth, parents = counted.gain.copy(), (counted.prefix, counted.suffix)
    ends = np.searchsorted(counted.order, np.arange(1, int(counted.order.max(initial=0)) + 2))
    levels = [np.arange(a, b) for a, b in itertools.pairwise(ends[1:])]  # of two symbols and more
    for level in levels:
        own = counted.gain[level]
        total, count = own.copy(), np.ones(len(level))
        for parent in parents:
            less = worth[parent[level]] < own
            total += np.where(less, worth[parent[level]], 0)
            count += less
        worth[level] = total / count
    for level in reversed(levels):
        for parent in parents:
            np.maximum.at(worth, parent[level], worth[level])
    return worth


def _numbered(kept: _Counted, size: int) -> _Counted:
    """The contexts in the order of ContextsBody: by length, then suffix, then first symbol."""
    place = np.full(len(kept.order) + 1, -1)  # by old number; the last entry is the empty context's
    ranked: list[np.ndarray] = []
    for k in range(1, int(kept.order.max()) + 1):
        level = np.flatnonzero(kept.order == k)
        level = level[np.argsort((place[kept.suffix[level]] + 1) * size + kept.first[level])]
        place[level] = sum(map(len, ranked)) + np.arange(len(level))
        ranked.append(level)
    ranks = np.concatenate(ranked)
    parts = {name: getattr(kept, name)[ranks] for name in ("order", "first", "last", "gain")}
    return _Counted(**parts, prefix=place[kept.prefix[ranks]], suffix=place[kept.suffix[ranks]])
