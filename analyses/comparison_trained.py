"""The trained configurations of the full comparison: dense, sparse and pruned nets of equal size, and signs.

They are trained on what is not held out. On texts that are not short the last tenth of that chooses the
epoch; on short ones nets may memorise, and those whose epoch is chosen so stand beside them. Epochs are fixed
numbers: the same text and seed give the same rows. Pruned nets are not trained again, their readout is fitted
again; how many parameters wh and the readout get is chosen from SPLITS.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.comparison import TRAINED, Configuration, Row, Text
from analyses.protocol import Absent
from analyses.scaffolding import (
    DENSITY,
    L2,
    hidden_for,
    nonzero,
    pruned,
    readouts_of,
    refitted,
    size_of,
)
from boolrnn import BoolrnnError

MEMORISING = boolrnn.Recipe(epochs=400)
LONG = boolrnn.Recipe(
    epochs=24, rate=4e-3, rate_power=0.5, warmup=50, chunk=64, streams=16, decay=0.1, patience=1.0
)
VALIDATION = 0.1  # of what is not held out
LONGEST, STEPS = 1000, 100  # of L-BFGS for readouts that are fitted again: on short texts, on others
RANKED = 8192  # symbols on which neurons are ranked and ways of pruning compared
SPLITS = (5, 10, 20, 40, 80, 128)  # neurons of 128 that a pruned net may read out; wh has what is left
SIGNS = 128  # neurons of the net that runs on signs
SIGN_EPOCHS = 24  # of it, on texts that are not short; its teacher has as many


@dataclasses.dataclass(frozen=True)
class Trainer:
    """Nets trained on the part of the text that is not held out."""

    text: Text
    seed: int = 0
    epochs: int | None = None  # instead of the recipes' own

    @property
    def sparse(self) -> int:
        """Neurons of the sparse net; the dense net that is pruned to its size has as many."""
        return hidden_for(self.text.size, len(self.text.values), sparse=True)

    @property
    def dense(self) -> int:
        """Neurons of the dense net of that size."""
        return hidden_for(self.text.size, len(self.text.values))

    def train(self, hidden: int, validated: bool, sparse: bool = False) -> boolrnn.Train:
        recipe = MEMORISING if self.text.short else LONG
        options = {"density": DENSITY, "readout_neurons": readouts_of(hidden)} if sparse else {}
        return self._trained(recipe, hidden, VALIDATION if validated else 0.0, **options)

    def _trained(
        self, recipe: boolrnn.Recipe | str, hidden: int, validation: float | None, **options: Any
    ) -> boolrnn.Train:
        return boolrnn.train(
            self.text.read,
            recipe=recipe,
            hidden=hidden,
            seed=self.seed,
            epochs=self.epochs,
            validation=validation,
            alphabet=self.text.values,
            **options,
        )

    @functools.cached_property
    def large(self) -> boolrnn.Train:
        """The dense net that is pruned."""
        return self.train(self.sparse, validated=not self.text.short)

    @property
    def few(self) -> np.ndarray:
        """The first RANKED symbols that are not held out."""
        return self.text.symbols[: min(RANKED, self.text.held + 1)]

    @functools.cached_property
    def ranked(self) -> boolrnn.Knockout:
        """What its neurons cost on them."""
        return boolrnn.knockout(self.large.weights, self.few, search=False)

    def thinned(self, readouts: int) -> boolrnn.Weights:
        """It, pruned to the equal size with so many readouts."""
        weights = self.large.weights
        left = self.text.size - size_of(weights.hidden, len(self.text.values), 0.0, readouts)
        return pruned(weights, self.ranked, density=min(1.0, left / weights.wh.size), readouts=readouts)

    def published(self) -> tuple[boolrnn.Weights, str]:
        """It, pruned in the published proportions; how."""
        made = self.thinned(readouts_of(self.sparse))
        return made, _proportions(made)

    def refitted(self) -> tuple[boolrnn.Weights, str]:
        """It, pruned in the proportions of SPLITS that are best on the first RANKED symbols when the readout
        is fitted to them; then the readout is fitted to the whole training part."""
        steps = LONGEST if self.text.short else STEPS
        best: tuple[float, boolrnn.Weights] | None = None
        for readouts in sorted({max(1, round(self.sparse * each / 128)) for each in SPLITS}):
            if size_of(self.sparse, len(self.text.values), 0.0, readouts) > self.text.size:
                continue
            made = self.thinned(readouts)
            again = refitted(made, self.few, steps=steps)
            bits = boolrnn.bpc(again, boolrnn.trace(again, self.few))
            if bits is not None and (best is None or bits < best[0]):
                best = bits, made
        if best is None:
            raise BoolrnnError("no way of pruning it leaves a net of the equal size")
        made = refitted(best[1], self.text.symbols, self.text.held, steps=steps)
        return made, f"{_proportions(made)}, l2 {L2:g}, {steps:,} steps at most"

    def signs(self) -> boolrnn.Train:
        """A net that runs on signs, by the recipe for this length of text."""
        if self.text.short:
            return self._trained("signs", SIGNS, None)
        quick = self if self.epochs is not None else dataclasses.replace(self, epochs=SIGN_EPOCHS)
        return quick._trained("text", SIGNS, VALIDATION)


def plan(text: Text, seed: int = 0, epochs: int | None = None) -> Iterator[Configuration]:
    """The trained configurations; those of the scaffolding question first."""
    trainer = Trainer(text, seed, epochs)
    wanted = not text.short

    def trained(name: str, train: Callable[[], boolrnn.Train]) -> Configuration:
        return Configuration(TRAINED, name, lambda: _of_training(text, name, train()))

    def changed(name: str, change: Callable[[], tuple[boolrnn.Weights, str]]) -> Configuration:
        return Configuration(TRAINED, name, lambda: _row(text, name, *_or_refused(change)))

    yield trained("dense", lambda: trainer.train(trainer.dense, wanted))
    yield trained("sparse", lambda: trainer.train(trainer.sparse, wanted, sparse=True))
    yield trained("dense, large", lambda: trainer.large)
    yield changed("dense, pruned", trainer.published)
    yield changed("dense, pruned, refitted", trainer.refitted)
    if text.short:
        yield trained("dense, validated", lambda: trainer.train(trainer.dense, True))
        yield trained("sparse, validated", lambda: trainer.train(trainer.sparse, True, sparse=True))
    yield trained("signs", trainer.signs)


def _or_refused(change: Callable[[], tuple[boolrnn.Weights, str]]) -> tuple[boolrnn.Weights, str]:
    try:
        return change()
    except Absent as reason:
        raise BoolrnnError(str(reason)) from None


def _proportions(weights: boolrnn.Weights) -> str:
    share = 100 * np.count_nonzero(weights.wh) / weights.wh.size
    return f"{share:.0f} % of wh, {int((weights.wy != 0).any(axis=0).sum())} readouts"


def _of_training(text: Text, name: str, made: boolrnn.Train) -> Row:
    chosen = f"epoch {made.best_epoch}"
    if made.readout_neurons < made.hidden:
        chosen += f", {_proportions(made.weights)}"
    return dataclasses.replace(_row(text, name, made.weights, chosen), seconds=made.seconds)


def _row(text: Text, name: str, weights: boolrnn.Weights, settings: str) -> Row:
    count = nonzero(weights)
    train, held = text.scored(weights)
    return Row(
        kind=TRAINED,
        name=name,
        hidden=weights.hidden,
        parameters=count,
        fitted=count,
        train=train,
        held_out=held,
        settings=settings,
    )
