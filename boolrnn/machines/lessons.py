"""Training a net on a machine's words until one of its roundings is proved equal, or once, from words alone.

Words grow from SHORT symbols to the longest, as time passes or sooner where nearly all labels are right. As
soon as all are right roundings are compared with the machine; the words on which they are wrong, others found
near them, and changed and continued copies go into the batches from then on, and training goes on. A net
that is still wrong at the end of its updates is given up for another one. Larger nets, the first and every
second after it, learn with flipped hidden values: they have to represent what matters by many neurons and to
forget the rest, so that they reach fewer states, and are wrong on fewer words.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator

import numpy as np

from boolrnn.machines.descent_language import LAST_RATE, RATE, Descent
from boolrnn.machines.proving import Candidate, Prover
from boolrnn.machines.strings import Drawing

SHORT = 6  # symbols of the first words
BLOCK = 16  # batches that are drawn at once
BETWEEN = 48  # updates from one attempt to the next, at least
SURE, NEARLY = (0.999, 0.97), (0.99, 0.96)  # shares of right labels, without and with flips
FLIPS = 8 / 256  # share of hidden values, in the first training, the third, ..
REDUNDANT = 32  # of nets that have so many neurons
FED_BACK = 0.25  # share of words that begin like one that was got wrong
MINED, SEARCHED = 64, 1024  # words that are added after a failed attempt, of so many new ones that are tried
GROWTH = 1.3  # by which words get longer where labels are right
STRETCH = 4  # words that were got wrong are read up to so many times the longest


class OutOfTimeError(Exception):
    """The budget ended."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What decides which net comes out, besides the machine."""

    hidden: int
    outputs: int
    seed: int
    updates: int  # of the first training; others take twice as many
    trainings: int
    longest: int
    batch: int
    flips: float | None = None  # share of hidden values that are flipped, in units of 1/256; None: by size

    def limit(self, training: int) -> int:
        """The updates of a training."""
        return self.updates * (1 if training == 0 else 2)


@dataclasses.dataclass(frozen=True)
class Mark:
    """A line of the history: where an attempt (or a training) came to."""

    training: int
    updates: int  # of all trainings so far
    length: int
    loss: float  # nats, mean of the last block
    right: float  # share of labels, in the last block
    largest: int
    words_right: float
    word: int  # length of the shortest counterexample; -1: none
    fed_back: int


class Lessons:
    """All trainings on one machine; `best` is the best rounding so far, `descent` the net at hand."""

    def __init__(
        self, drawing: Drawing, prover: Prover, plan: Plan, tick: Callable[..., None], deadline: float | None
    ) -> None:
        self.drawing, self.prover, self.plan = drawing, prover, plan
        self.tick, self.deadline = tick, deadline
        self.rng = np.random.default_rng([plan.seed, 0])
        self.pool: list[np.ndarray] = []
        self.known: set[bytes] = set()
        self.best: Candidate | None = None
        self.descent: Descent | None = None
        self.history: list[Mark] = []
        self.updates = self.rounds = self.training = self.length = 0
        self.loss = self.right = 0.0

    @property
    def flipping(self) -> bool:
        """Whether hidden values are flipped in this training."""
        if self.plan.flips is not None:
            return self.plan.flips > 0
        return self.training % 2 == 0 and self.plan.hidden >= REDUNDANT

    def prove(self) -> None:
        """Train until a rounding is proved equal, or all trainings are over.

        Raises
        ------
        OutOfTimeError
            Where the budget ends before that.
        """
        for training in range(self.plan.trainings):
            self.training, last, limit = training, -BETWEEN, self.plan.limit(training)
            for done in self._trained():
                sure = self.right > SURE[self.flipping] and done - last >= BETWEEN
                if (sure or done == limit) and self._attempted():
                    return
                last = done if sure else last

    def learn(self) -> None:
        """Train once, from words alone.

        Raises
        ------
        OutOfTimeError
            Where the budget ends before that.
        """
        for _ in self._trained():
            pass

    def keep(self) -> Candidate | None:
        """The best rounding so far; of a net that was not tried the coarsest that is right on all drawn words
        (or else the finest); None where nothing was trained."""
        if self.best is None and self.descent is not None:
            self.best = self.prover.chosen(self.descent.weights())
        return self.best

    def mark(self, found: Candidate) -> None:
        """Note what was found."""
        word = -1 if found.word is None else len(found.word)
        self.history.append(
            Mark(
                self.training,
                self.updates,
                self.length,
                self.loss,
                self.right,
                found.largest,
                found.right,
                word,
                len(self.pool),
            )
        )

    def _trained(self) -> Iterator[int]:
        """One training, a block of updates at a time; how many are done."""
        plan, limit, done = self.plan, self.plan.limit(self.training), 0
        self.descent = Descent(plan.hidden, self.drawing.symbols, plan.outputs, self.rng)
        near, short = NEARLY[self.flipping], min(SHORT, plan.longest)
        length = float(short)
        while done < limit:
            self.length = self._stretched(round(length))
            done += self._block(min(BLOCK, limit - done), done / limit)
            self.tick(self.updates, f"loss {self.loss:.4f}, {self.right:.2%} right, {self.rounds} attempts")
            length = length * GROWTH if self.right > near else length
            length = min(plan.longest, max(length, short + (plan.longest - short) * 2 * done / limit))
            yield done

    def _stretched(self, length: int) -> int:
        """The length of words, with room for those that were got wrong."""
        longest = max(map(len, self.pool), default=0)
        return max(length, min(longest, STRETCH * self.plan.longest))

    def _block(self, count: int, progress: float) -> int:
        """`count` updates at a rate that falls along a cosine."""
        assert self.descent is not None  # made by the training
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise OutOfTimeError
        batch = self.plan.batch
        heads = self._heads(int(batch * count * FED_BACK))
        words = self.drawing.words(self.rng, batch * count, self.length, heads)
        labels = self.drawing.labels(words)
        rate = RATE * (LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * progress)) / 2)
        told = []
        for k in range(count):
            parts = [np.ascontiguousarray(each[:, k::count]) for each in (words, labels)]
            told.append(self.descent.update(parts[0], parts[1], rate, self._turned()))
        self.updates += count
        self.loss, self.right = (float(part) for part in np.mean(told, axis=0))
        return count

    def _turned(self) -> np.ndarray | None:
        """Which hidden values are flipped, where they are."""
        if not self.flipping:
            return None
        shape = (self.length, self.plan.batch, self.plan.hidden)
        drawn = np.frombuffer(self.rng.bytes(math.prod(shape)), np.uint8).reshape(shape)
        share = FLIPS if self.plan.flips is None else self.plan.flips
        return np.where(drawn < round(256 * share), np.float32(-1), np.float32(1))

    def _heads(self, count: int) -> list[np.ndarray]:
        """How some words begin: like one that was got wrong, a third of them cut, a third of them with
        another symbol somewhere."""
        if not self.pool or not count:
            return []
        chosen = self.rng.integers(0, len(self.pool), count).tolist()
        others = self.rng.integers(0, self.drawing.symbols, count).tolist()
        found = []
        for number, other, chance in zip(chosen, others, (3 * self.rng.random(count)).tolist()):
            word, at = self.pool[number], int(chance % 1 * len(self.pool[number]))
            if chance < 1:
                word = word[:at]
            elif chance < 2:
                word = word.copy()
                word[at] = other
            found.append(word)
        return found

    def _mined(self) -> list[np.ndarray]:
        """Words on which the net at hand is wrong, among new ones: cut at the first mistake, the shortest."""
        assert self.descent is not None  # made by the training
        own = self.descent.tensors
        words = self.drawing.words(self.rng, SEARCHED, self.plan.longest, self._heads(SEARCHED // 2))
        labels = self.drawing.labels(words)
        hidden = np.zeros((SEARCHED, self.plan.hidden), np.float32)
        clean, found = np.ones(SEARCHED, bool), []
        for t, symbols in enumerate(words):
            hidden = np.copysign(np.float32(1), hidden @ own["wh"] + own["wx"][symbols])
            wrong = (hidden @ own["wy"] + own["by"]).argmax(axis=1) != labels[t + 1]
            found += [words[: t + 1, b].copy() for b in np.flatnonzero(wrong & clean).tolist()]
            clean &= ~wrong
            if len(found) >= MINED:
                break
        return found[:MINED]

    def _add(self, words: list[np.ndarray]) -> None:
        """Put new words into the pool; that of no symbols begins every word already."""
        for word in words:
            key = word.astype(np.int64).tobytes()
            if len(word) and key not in self.known:
                self.known.add(key)
                self.pool.append(word)

    def _attempted(self) -> bool:
        """Try all roundings; whether one is equal. If none is, its words are fed back."""
        assert self.descent is not None  # there is one as soon as there are updates
        found = self.prover.attempt(self.descent.weights())
        self.rounds += 1
        if self.best is None or found.best.rank > self.best.rank:
            self.best = found.best
        self.mark(found.best)
        if not found.best.equal:
            self._add(found.words)
            self._add(self._mined())
        return found.best.equal
