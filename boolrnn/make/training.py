"""The stages of a training: a teacher where the recipe wants one, the descent itself, and what follows it on
the frozen states (readout, margins, gain). Torch is used by the descents only."""

import dataclasses
import hashlib
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.checkpoint import Arrays, Checkpoint
from boolrnn.errors import OptionError
from boolrnn.make.made import with_torch
from boolrnn.make.readout import fit_readout
from boolrnn.make.recipes import TEACHER, Recipe
from boolrnn.make.rows import settled, widened
from boolrnn.model.automaton import compile
from boolrnn.model.weights import TENSORS, Weights

EVALUATIONS = 50  # in a descent


@dataclasses.dataclass(frozen=True)
class Task:
    """What is trained on what. `symbols[:read]` are read, the rest only selects."""

    recipe: Recipe
    symbols: np.ndarray
    read: int
    alphabet: np.ndarray
    hidden: int
    seed: int
    density: float = 1.0
    readout_neurons: int | None = None

    @property
    def held(self) -> np.ndarray | None:
        """The symbols that only select, if they predict anything."""
        return self.symbols[self.read :] if len(self.symbols) - self.read >= 2 else None

    def fingerprint(self, version: str) -> str:
        """A hash of all that decides which net comes out."""
        parts = [getattr(self, field.name) for field in dataclasses.fields(self)]
        parts = [part.tolist() if isinstance(part, np.ndarray) else part for part in parts]
        return hashlib.sha256(repr([version, *parts]).encode()).hexdigest()


@dataclasses.dataclass(frozen=True)
class Descended:
    """The best net of a descent, its epoch, its one-step agreement there, and the way there."""

    weights: Weights
    best_epoch: int
    one_step: float | None
    history: np.ndarray  # (E, 4): epoch, bpc as tanh, as signs, one-step agreement
    interrupted: bool


def masks(task: Task) -> Any:
    """Which entries of wh and which readout neurons a sparse net has; None for a dense one."""
    if task.density >= 1 and task.readout_neurons in (None, task.hidden):
        return None
    rng = np.random.default_rng([task.seed, 1 << 21])
    size = task.hidden**2
    kept = np.zeros(size, bool)
    kept[rng.permutation(size)[: round(task.density * size)]] = True
    read = np.zeros(task.hidden, bool)
    read[rng.permutation(task.hidden)[: task.readout_neurons]] = True
    return with_torch("descent").Masks(kept.reshape(task.hidden, -1), read)


def descend(task: Task, checkpoint: Checkpoint) -> Descended:
    """The teacher, if any, then the net; from the checkpoint on, where there is one.

    Raises
    ------
    OptionError
        Where torch is not installed, or the training diverges before it has predicted anything.
    """
    kept = checkpoint.load()
    taught: Arrays = {k: v for k, v in (kept or {}).items() if k.startswith("teacher.")}
    recipe, teacher = task.recipe, None
    if recipe.teacher and recipe.teaching:
        wide = dataclasses.replace(
            task,
            recipe=TEACHER,
            hidden=recipe.teacher,
            seed=task.seed + (1 << 32),
            density=1.0,
            readout_neurons=None,
        )
        if not taught:
            found = _stage(wide, None, None, checkpoint, kept, {})
            if found.interrupted:  # a teacher is not the net that was asked for
                raise KeyboardInterrupt
            teacher, kept = found.weights, None
            taught = {f"teacher.{name}": getattr(teacher, name) for name in TENSORS}
        else:
            tensors: dict[str, Any] = {name: taught[f"teacher.{name}"] for name in TENSORS}
            teacher = Weights(**tensors)
    return _stage(task, masks(task), teacher, checkpoint, kept, taught)


def _stage(
    task: Task,
    sparse: Any,
    teacher: Weights | None,
    checkpoint: Checkpoint,
    kept: Arrays | None,
    beside: Arrays,
) -> Descended:
    """One descent, resumed from `kept`; `beside` is kept with it."""
    module = with_torch("descent")
    shape = with_torch("quantise").Rounding(task.recipe.largest) if task.recipe.largest else None
    guide = None if teacher is None else module.Teacher(teacher)
    start = module.initial(task.recipe, len(task.alphabet), task.hidden, task.seed, task.density)
    interrupted = False
    with module.one_thread():
        descent = module.Descent(
            task.recipe,
            task.symbols[: task.read],
            task.held,
            start,
            task.seed,
            masks=sparse,
            teacher=guide,
            shape=shape,
        )
        if kept is not None:
            descent.restore({k: v for k, v in kept.items() if not k.startswith("teacher.")})
        try:
            with progress.bar(f"{task.recipe.name}, H = {task.hidden}", task.recipe.epochs) as tick:
                _epochs(descent, tick, lambda: checkpoint.save(descent.state() | beside))
        except KeyboardInterrupt:
            interrupted = True
        if interrupted and descent.best is None and descent.done:
            descent.evaluate()
    if not interrupted:
        checkpoint.save(descent.state() | beside, now=True)
    if descent.best is None:
        if interrupted:
            raise KeyboardInterrupt
        raise OptionError(
            f"the training diverged (recipe {task.recipe.name}, H = {task.hidden}); a lower rate may help"
        )
    history = np.array(descent.history).reshape(-1, 4)
    best = history[history[:, 0] == descent.best[1]][0]
    weights = descent.best_weights(task.alphabet)
    return Descended(weights, descent.best[1], float(best[3]), history, interrupted)


def _epochs(descent: Any, tick: Any, save: Any) -> None:
    """All epochs that are left, or until nothing gets better."""
    recipe = descent.recipe
    every = max(1, recipe.epochs // EVALUATIONS)
    note = ""
    while descent.done < recipe.epochs:
        descent.epoch()
        if descent.done % every == 0 or descent.done in (1, recipe.epochs):
            found = descent.evaluate()
            note = f"bpc {found.tanh:.3f} tanh, {found.sign:.3f} signs, {found.agreement:.1%} agree"
            stale = descent.done - (descent.best[1] if descent.best else descent.done)
            if descent.held and stale > recipe.patience * recipe.epochs:
                break
        save()
        tick(descent.done, note)


def finish(task: Task, weights: Weights) -> tuple[Weights, float | None]:
    """What the recipe does once the descent is over, and the gain by which sums were multiplied, if any."""
    recipe, symbols = task.recipe, task.symbols[: task.read]
    if recipe.refit:
        states = compile(weights).run(symbols).states
        start = (weights.wy, weights.by)
        columns = (weights.wy != 0).any(axis=0)
        wy, by = fit_readout(states[:-1], symbols[1:], weights.outputs, start=start, columns=columns)
        weights = dataclasses.replace(weights, wy=wy, by=by)
        if recipe.widen:
            weights = widened(weights, symbols, states)
    return settled(weights, symbols, recipe.spare) if recipe.settle else (weights, None)
