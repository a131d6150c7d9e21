"""How far the float32 program is from a machine or from its own sign automaton, seen by running it.

sampled_agreement       on words drawn at random: the share that is labelled right at every prefix
shortest_disagreement   on all words, the short ones first: the first whose label differs from the sign
                        automaton's, or that there is none up to a length, or none at all

The program is the float reference of boolrnn.model.rnn: float32 sums in index order, tanh correctly rounded
or this machine's, outputs in float64. Where signs or labels are not certified (boolrnn.machines.speaks),
another float32 program may do something else on the same word.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator

import numpy as np

from boolrnn import progress
from boolrnn.bits import to_words
from boolrnn.errors import MachineError, OptionError
from boolrnn.machines.float_labels import FloatLabels
from boolrnn.machines.machine import MOORE, Machine
from boolrnn.machines.outputs import Labeller
from boolrnn.machines.strings import Drawing
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.many import FloatStepper
from boolrnn.model.rnn import TANHS, stated
from boolrnn.model.weights import Weights

PAIRS, TIME, MEMORY = "pairs", "time", "memory"  # what ends a search before all is known
BYTES = 1 << 30  # for the pairs of a search
LONGEST = 48  # symbols of a sampled word
_BATCH = 1000  # words run at once
_PART = 1 << 18  # hidden values computed at once
_LATE = 4096  # pairs after which compiled sums may pay
_KEY = 150  # bytes of a key in a Python set, without what it holds, and of a link


@dataclasses.dataclass(frozen=True, eq=False)
class SampledAgreement:
    """Labels of the float32 program beside those of a machine (or of the sign automaton) on sampled words.

    `words_right`: the share of words labelled alike at every prefix; `prefixes_right`: the share of prefixes,
    each counted as often as it was drawn; the empty one counts where the machine labels it. `shortest`: the
    first of the shortest sampled prefixes on which they differ (symbols), with the label that each gives;
    None where none does, which proves nothing of other words.
    """

    words: int
    longest: int
    prefixes: int
    words_right: float
    prefixes_right: float
    shortest: np.ndarray | None
    network_label: str | None
    other_label: str | None
    seed: int
    arithmetic: str


@dataclasses.dataclass(frozen=True, eq=False)
class ShortestDisagreement:
    """The first word on which the labels of float32 program and sign automaton differ, and the first on which
    their signs do, if any was met; both are shortest, of these the first in the order of the symbols.

    `word` None: no word of up to `searched` symbols is labelled differently, no word of any length where
    `closed`: then the pair of hidden vector and state after each word is one of `nodes` pairs, all followed.
    `ended` says what stopped the search before that: pairs, time or memory. `pairs` were computed. The signs
    agree on all words of up to `searched` symbols (`closed`: on all) where `sign_word` is None.
    """

    word: np.ndarray | None
    network_label: str | None
    automaton_label: str | None
    sign_word: np.ndarray | None
    sign_neuron: int | None  # the first neuron whose sign differs after sign_word
    searched: int  # all words of up to so many symbols were looked at
    closed: bool
    nodes: int
    pairs: int
    ended: str | None
    arithmetic: str

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.word is not None:
            said = f"{self.network_label} and {self.automaton_label}"
            return f"the shortest word on which labels differ has {len(self.word)} symbols: {said}"
        if self.closed:
            return f"no word of any length is labelled differently (closed: {self.nodes:,} pairs)"
        return f"no word of up to {self.searched} symbols is labelled differently (stopped by {self.ended})"


def sampled_agreement(
    weights: Weights,
    labeller: Labeller,
    machine: Machine | None,
    symbols: np.ndarray,
    *,
    words: int = 20_000,
    longest: int = LONGEST,
    seed: int = 0,
    tanh: str = "exact",
    budget: float | None = None,
) -> SampledAgreement:
    """Run the float32 program on sampled words over `symbols` (A; symbol k of the machine is symbols[k]), and
    compare its label after every prefix with the machine's, or where that is None with the sign automaton's.

    Word lengths run from 1 to `longest`, each for equally many words. With a machine, 30 % of the words have
    symbols of equal chance and 70 % are walks that stay where the machine's label can still change
    (boolrnn.machines.strings); without one all words are of the first kind.

    Raises
    ------
    OptionError
        Where `words` or `longest` is below 1, or the tanh unknown.
    MachineError
        Where the machine is partial, or has another number of symbols.
    TextError
        On a symbol outside the vocabulary.
    """
    if words < 1 or longest < 1:
        raise OptionError(f"words {words}, longest {longest}: expected at least 1 of both")
    symbols = check_symbols(symbols, weights)
    labels, rng = FloatLabels(labeller), np.random.default_rng(seed)
    if machine is None:
        drawn = _uniform_words(as_automaton(weights), labels, symbols, rng, words, longest)
    else:
        drawn = _machine_words(machine, labels, len(symbols), rng, words, longest)
    advance = FloatStepper(weights, "float32", tanh, words * longest)
    right, prefixes, prefixes_right, done = 0, 0, 0, 0
    begun = time.monotonic()
    shortest, told = None, (0, 0)
    with progress.bar("sampled words", words) as tick:
        for batch, wanted in drawn:
            found = _float_labels(advance, labels, symbols[batch])[-len(wanted) :]
            same, count = found == wanted, len(wanted)
            right += int(same.all(axis=0).sum())
            prefixes, prefixes_right = prefixes + same.size, prefixes_right + int(same.sum())
            for t in np.flatnonzero(~same.all(axis=1)).tolist()[:1]:  # the first length with a difference
                length, b = len(batch) + 1 - count + t, int(same[t].argmin())
                if shortest is None or length < len(shortest):
                    shortest, told = symbols[batch[:length, b]], (int(found[t, b]), int(wanted[t, b]))
            done += batch.shape[1]
            tick(done)
            if budget is not None and time.monotonic() - begun > budget:
                break
    return SampledAgreement(
        words=done,
        longest=longest,
        prefixes=prefixes,
        words_right=right / done,
        prefixes_right=prefixes_right / max(prefixes, 1),
        shortest=shortest,
        network_label=None if shortest is None else labels.name(told[0]),
        other_label=None if shortest is None else labels.name(told[1]),
        seed=seed,
        arithmetic=stated("float32", tanh),
    )


def _float_labels(advance: FloatStepper, labels: FloatLabels, words: np.ndarray) -> np.ndarray:
    """The program's labels (L + 1, B) at every prefix of words (L, B)."""
    count = words.shape[1]
    hidden = np.zeros((count, advance.columns.shape[1]), np.float32)
    told = [labels.of_floats(None, hidden)]
    for x in words:
        z, hidden = advance(x, hidden)
        told.append(labels.of_floats(z, hidden))
    return np.array(told)


def _lengths(words: int, longest: int) -> Iterator[tuple[int, int]]:
    """(length, how many words of it) of each batch."""
    size = min(_BATCH, -(-words // longest))
    batches = -(-words // size)
    for k in range(batches):
        yield round(longest * (k + 1) / batches) or 1, min(size, words - k * size)


def _machine_words(
    machine: Machine, labels: FloatLabels, symbols: int, rng: np.random.Generator, words: int, longest: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of words (L, B) with a machine's labels: (L + 1, B), of a Mealy machine (L, B)."""
    if len(machine.alphabet) != symbols:
        raise MachineError(f"{len(machine.alphabet)} symbols of the machine for {symbols} of the net")
    drawing, first = Drawing(machine), 0 if machine.kind == MOORE else 1
    for length, count in _lengths(words, longest):
        batch = drawing.words(rng, count, length)
        yield batch, labels.named(machine.labels, drawing.labels(batch)[first:])


def _uniform_words(
    automaton: Automaton,
    labels: FloatLabels,
    symbols: np.ndarray,
    rng: np.random.Generator,
    words: int,
    longest: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The same with symbols of equal chance and the sign automaton's labels."""
    for length, count in _lengths(words, longest):
        batch = rng.integers(0, len(symbols), (length, count))
        told, states = [np.full(count, labels.of_start())], None
        for x in symbols[batch]:
            states = automaton.z(states, x) >= 0
            told.append(labels.of_states(states))
        yield batch, np.array(told)


def shortest_disagreement(
    weights: Weights,
    automaton: Automaton,
    labeller: Labeller,
    symbols: np.ndarray,
    *,
    budget_pairs: int = 200_000,
    budget: float | None = None,
    tanh: str = "exact",
) -> ShortestDisagreement:
    """Search all words over `symbols` (A), shorter ones first, for one after which the float32 program and
    its sign automaton are labelled differently.

    Nodes are pairs of a hidden vector, bit for bit, and a sign state; a pair that was met before is not
    followed again, so programs that take few values close quickly. At most `budget_pairs` pairs are computed
    (one per node and symbol), about a gigabyte is used, and `budget` seconds are spent.

    Raises
    ------
    OptionError
        On a budget that is not above 0, or an unknown tanh.
    TextError
        On a symbol outside the vocabulary.
    """
    symbols = check_symbols(symbols, weights)
    if budget_pairs < 1 or (budget is not None and not budget > 0):
        raise OptionError(f"budget_pairs {budget_pairs}, budget {budget}: expected more than 0")
    if tanh not in TANHS:
        raise OptionError(f"tanh {tanh!r}: expected one of {', '.join(TANHS)}")
    search = _Pairs(weights, automaton, FloatLabels(labeller), symbols, budget_pairs, tanh)
    search.run(None if budget is None else time.monotonic() + budget)
    told = [None if search.word is None else search.labels.name(number) for number in search.told]
    return ShortestDisagreement(
        word=search.word,
        network_label=told[0],
        automaton_label=told[1],
        sign_word=search.sign_word,
        sign_neuron=search.sign_neuron,
        searched=search.searched,
        closed=search.closed,
        nodes=len(search.links),
        pairs=search.pairs,
        ended=search.ended,
        arithmetic=stated("float32", tanh),
    )


class _Pairs:
    """Breadth-first search over pairs of a hidden vector and a sign state; node 0 is the start."""

    def __init__(
        self,
        weights: Weights,
        automaton: Automaton,
        labels: FloatLabels,
        symbols: np.ndarray,
        most: int,
        tanh: str,
    ) -> None:
        self.weights, self.automaton, self.labels = weights, automaton, labels
        self.symbols, self.most, self.tanh = symbols, most, tanh
        self.links = [(-1, -1)]  # of every node: the one before it, and the symbol read there
        self.met: set[bytes] = set()
        size = weights.hidden
        self.room = BYTES // (_KEY + 14 * size + size // 8)  # its key, and twice its vector and state
        self.pairs = self.searched = 0
        self.closed = False
        self.ended: str | None = None
        self.word: np.ndarray | None = None
        self.sign_word: np.ndarray | None = None
        self.sign_neuron: int | None = None
        self.told = (0, 0)
        self.hidden: np.ndarray = np.zeros((1, size), np.float32)  # of the last level
        self.states: np.ndarray | None = None
        self.advance = FloatStepper(weights, "float32", tanh)

    def run(self, deadline: float | None) -> None:
        """Until a word is found, no pair is new, or something is used up. After the word of no symbols both
        read their label off `by`."""
        with progress.bar("words", self.most) as tick:
            while self.word is None and not self.closed and not self.ended:
                tick(self.pairs, f"{self.searched} symbols")
                self._level(deadline, tick)

    def _level(self, deadline: float | None, tick: Callable[..., None]) -> None:
        """Follow every node of the last level under every symbol."""
        first_new, nodes, kinds = len(self.links), len(self.hidden), len(self.symbols)
        new: list[tuple[np.ndarray, np.ndarray]] = []
        part = max(1, min(4096, _PART // self.weights.hidden) // kinds)
        stop = 0
        while stop < nodes:
            first, stop = stop, min(stop + part, nodes, stop + (self.most - self.pairs) // kinds)
            if deadline is not None and time.monotonic() > deadline:
                self.ended = TIME
            elif stop == first:
                self.ended = PAIRS
            elif len(self.links) + (stop - first) * kinds > self.room:
                self.ended = MEMORY
            if self.ended:
                return
            new.append(self._some(first, stop, first_new - nodes))
            if self.word is not None:
                return
            tick(self.pairs, f"{self.searched} symbols")
        self.searched += 1
        self.hidden, self.states = (np.concatenate(rows) for rows in zip(*new))
        self.closed = not len(self.hidden)

    def _some(self, first: int, stop: int, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Pairs that nodes first .. stop - 1 of the level lead to (the first node has this number): compare
        them, and give those that are new."""
        if self.pairs <= _LATE < self.pairs + (stop - first) * len(self.symbols):
            self.advance = FloatStepper(self.weights, "float32", self.tanh, self.most)
        which = np.repeat(np.arange(first, stop), len(self.symbols))
        x = np.tile(self.symbols, stop - first)
        before = None if self.states is None else self.states[which]
        z, hidden = self.advance(x, self.hidden[which])
        states = self.automaton.z(before, x) >= 0
        self.pairs += len(x)
        self._compare(z, hidden, states, which + number, x)
        keys = np.concatenate([hidden.view(np.uint8), to_words(states).view(np.uint8)], axis=1)
        fresh = []
        for k, row in enumerate(keys):
            key = row.tobytes()
            if key not in self.met:
                self.met.add(key)
                self.links.append((number + int(which[k]), int(x[k])))
                fresh.append(k)
        return hidden[fresh], states[fresh]

    def _compare(
        self, z: np.ndarray, hidden: np.ndarray, states: np.ndarray, nodes: np.ndarray, x: np.ndarray
    ) -> None:
        """Keep the first word whose signs differ, and the first whose labels do."""
        apart = (z >= 0) != states
        if self.sign_word is None and apart.any():
            k = int(apart.any(axis=1).argmax())
            self.sign_word, self.sign_neuron = self._word(int(nodes[k]), int(x[k])), int(apart[k].argmax())
        network, own = self.labels.of_floats(z, hidden), self.labels.of_states(states)
        if (network != own).any():
            k = int((network != own).argmax())
            self.word, self.told = self._word(int(nodes[k]), int(x[k])), (int(network[k]), int(own[k]))

    def _word(self, node: int, x: int) -> np.ndarray:
        found = [x]
        while node > 0:
            node, symbol = self.links[node]
            found.append(symbol)
        return np.array(found[::-1], np.int64)
