"""train: a net on a text, by one of four recipes (boolrnn/make/recipes.py).

The text is read in full, or, with a validation part, up to that part; the net that predicts best (the part,
or else the text) is kept. A checkpoint file resumes to the same net; Ctrl-C keeps the best so far.
"""

import dataclasses
import hashlib
import os
import time
from typing import Any

import numpy as np

import boolrnn
from boolrnn.check.bounds import certify_text
from boolrnn.checkpoint import Checkpoint
from boolrnn.errors import OptionError, TextError
from boolrnn.make.healing import healing
from boolrnn.make.made import Made, costs, learned_alphabet, net_fields, with_torch
from boolrnn.make.recipes import Healing, Recipe, check_recipe, named_recipe
from boolrnn.make.training import Descended, Task, descend, finish
from boolrnn.model.automaton import compile
from boolrnn.model.weights import Weights
from boolrnn.result import named
from boolrnn.shapes import Float64, Int64

LARGEST = 4096  # neurons
HEALED = 2048  # symbols whose flips are followed


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Train(Made):
    """The net, and how it came about. `bpc` covers the symbols read, `validation` the rest of the text."""

    schema = "train/1"

    recipe: str
    seed: int
    setting: np.ndarray = named("settings.name")
    setting_value: np.ndarray = named("settings.value")
    text_sha256: str = named("text.sha256")
    text_symbols: int = named("text.symbols")
    text_validation: int = named("text.validation")
    bpc_float: float | None = named("bpc.float")
    bpc_sign_dynamics: float | None = named("bpc.sign_dynamics")
    validation_float: float | None = named("validation.float")
    validation_sign_dynamics: float | None = named("validation.sign_dynamics")
    one_step: float | None  # sign agreement after the descent, before any gain
    level: str  # certified_text where the symbols read are certified, else none
    gain: float | None  # by which all sums were multiplied after the descent
    healed: float | None = named("healing.share")
    healing_steps: int | None = named("healing.steps")
    healing_unfinished: int | None = named("healing.unfinished")
    density: float  # share of wh that is not zero
    readout_neurons: int
    best_epoch: int
    interrupted: bool
    seconds: float  # of this run
    epoch: Int64[np.ndarray, "E"] = named("history.epoch")
    epoch_float: Float64[np.ndarray, "E"] = named("history.float")
    epoch_sign: Float64[np.ndarray, "E"] = named("history.sign_dynamics")
    epoch_one_step: Float64[np.ndarray, "E"] = named("history.one_step")


def train(
    text: bytes,
    *,
    recipe: str | Recipe = "tanh",
    hidden: int = 128,
    seed: int = 0,
    epochs: int | None = None,
    validation: float | None = None,
    density: float = 1.0,
    readout_neurons: int | None = None,
    alphabet: np.ndarray | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Train:
    """Train a net of `hidden` neurons on `text` (bytes; its symbols are the bytes it uses, or `alphabet`).

    `recipe` is tanh, signs, healing or text, or a Recipe of one's own. `validation` is the share of the
    text, at its end, that only selects. `density` keeps that share of wh (drawn at random), and only
    `readout_neurons` neurons are read out. With `checkpoint` a training that was interrupted goes on from
    there (it stays: remove it once the net is saved). The same arguments give the same net on the same
    machine with the same torch.

    Raises
    ------
    OptionError
        On a value out of range, a training that diverges, or where torch is not installed.
    TextError
        On a text of fewer than two symbols to read, or a byte outside the alphabet.
    ResultError
        Where the checkpoint belongs to another training.
    """
    begun = time.monotonic()
    plan = _planned(named_recipe(recipe), epochs, validation)
    _check(hidden, density, readout_neurons, seed)
    values, symbols = learned_alphabet(text, alphabet)
    read = len(symbols) - int(len(symbols) * plan.validation)
    if read < 2:
        raise TextError(f"{read} symbol to read: nothing is predicted, expected at least 2")
    task = Task(plan, symbols, read, values, hidden, seed, density, readout_neurons)
    kept = Checkpoint(
        checkpoint,
        task.fingerprint(f"{boolrnn.__version__} {np.__version__} {with_torch('scan').torch.__version__}"),
        "a training",
    )
    way = descend(task, kept)
    weights, gain = way.weights, None
    if not way.interrupted:
        try:
            weights, gain = finish(task, way.weights)
        except KeyboardInterrupt:
            way = dataclasses.replace(way, interrupted=True)
    return _result(task, way, weights, gain, text, time.monotonic() - begun)


def _planned(recipe: Recipe, epochs: int | None, validation: float | None) -> Recipe:
    """The recipe with what the caller changes."""
    changes: dict[str, Any] = {"epochs": epochs, "validation": validation}
    plan = dataclasses.replace(recipe, **{k: v for k, v in changes.items() if v is not None})
    check_recipe(plan)
    return plan


def _check(hidden: int, density: float, readout_neurons: int | None, seed: int) -> None:
    if not 1 <= hidden <= LARGEST:
        raise OptionError(f"hidden {hidden}: expected 1..{LARGEST}")
    if not 0 < density <= 1:
        raise OptionError(f"density {density}: expected a share of wh, more than 0 and at most 1")
    if readout_neurons is not None and not 1 <= readout_neurons <= hidden:
        raise OptionError(f"readout_neurons {readout_neurons}: expected 1..{hidden}")
    if seed < 0:
        raise OptionError(f"seed {seed}: expected 0 or more")


def _result(
    task: Task, way: Descended, weights: Weights, gain: float | None, text: bytes, seconds: float
) -> Train:
    read, rest = task.symbols[: task.read], task.held
    bits = costs(weights, read).bpc()
    held = (None, None) if rest is None else costs(weights, rest).bpc()
    automaton = compile(weights)
    proof = certify_text(automaton, automaton.run(read)) if not way.interrupted else None
    healed = None
    if isinstance(task.recipe, Healing) and not way.interrupted:
        healed = healing(automaton, read[:HEALED])
    settings = dataclasses.asdict(task.recipe)
    return Train(
        **net_fields(weights),
        recipe=task.recipe.name,
        seed=task.seed,
        setting=np.array(list(settings)),
        setting_value=np.array([str(value) for value in settings.values()]),
        text_sha256=hashlib.sha256(text).hexdigest(),
        text_symbols=len(task.symbols),
        text_validation=len(task.symbols) - task.read,
        bpc_float=bits[0],
        bpc_sign_dynamics=bits[1],
        validation_float=held[0],
        validation_sign_dynamics=held[1],
        one_step=way.one_step,
        level="certified_text" if proof is not None and proof.holds else "none",
        gain=gain,
        healed=healed.share if healed else None,
        healing_steps=healed.longest if healed else None,
        healing_unfinished=healed.unfinished if healed else None,
        density=float(np.count_nonzero(weights.wh) / weights.wh.size),
        readout_neurons=int((weights.wy != 0).any(axis=0).sum()),
        best_epoch=way.best_epoch,
        interrupted=way.interrupted,
        seconds=seconds,
        epoch=way.history[:, 0].astype(np.int64),
        epoch_float=way.history[:, 1].copy(),
        epoch_sign=way.history[:, 2].copy(),
        epoch_one_step=way.history[:, 3].copy(),
    )
