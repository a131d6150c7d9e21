"""Recipes: how a net is trained, one frozen dataclass of hyperparameters each.

tanh      a plain tanh net
signs     a memoriser that runs on signs, then margins widened until tanh and signs are the same on its text
healing   a tanh net pushed away from its thresholds, so that flipped bits are corrected
text      signs on a text too long to memorise, learning from a tanh net as well as from the text

All of them descend with Adam on the mean cross-entropy, truncated backpropagation through `chunk` symbols,
a first chunk of random length, and a cosine learning rate.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from boolrnn.errors import OptionError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What all recipes share; the defaults are those of `tanh`."""

    name: str = "tanh"
    width: float = 0.0  # 0: tanh runs forward; else signs, with a straight-through gradient of this width
    epochs: int = 1500
    rate: float = 3e-3  # learning rate at 128 neurons; it falls to 1 % along a cosine
    rate_power: float = 0.0  # with H neurons it is multiplied by (128 / H)^rate_power
    warmup: int = 0  # steps over which it rises
    chunk: int = 50  # symbols of backpropagation
    streams: int = 1  # parts of the text that are read side by side
    clip: float = 1.0  # largest gradient norm
    decay: float = 0.0  # decoupled weight decay of wx and wh (Loshchilov & Hutter 2019, arXiv:1711.05101)
    average: float = 0.0  # exponential average of the weights, its memory
    input_scale: float = 1.0  # Wx ~ N(0, input_scale^2)
    recurrent_scale: float = 1.0  # Wh ~ N(0, recurrent_scale^2 / (H density))
    optimiser: str = "adam"  # adam | sgd (plain, on the summed loss of a chunk)
    uniform: float | None = None  # all weights start uniform in +-uniform instead
    validation: float = 0.0  # share of the text, at its end, that only selects
    patience: float = 0.5  # with a validation part: stop after this share of epochs without a better net
    margin: float = 0.0  # sums nearer to 0 than this
    push: float = 0.0  # are pushed away: penalty push * mean(max(margin - |z|, 0))
    largest: int = 0  # weights run rounded to integers up to this, times a scale per row; 0: as they are
    flips: float = 0.0  # share of hidden values that are flipped while training
    refit: bool = False  # the readout is fitted again on the frozen states
    widen: bool = False  # rows are fitted again for the widest margins on the frozen states
    settle: bool = False  # multiplied until certified on the text, and then by `spare`
    spare: float = 1.3
    teacher: int = 0  # a tanh net of so many neurons is trained first
    teaching: float = 0.0  # its share of the loss (Hinton, Vinyals & Dean 2015, arXiv:1503.02531)


@dataclasses.dataclass(frozen=True)
class Tanh(Recipe):
    """R1: a plain tanh net, Adam with a constant chunk."""


@dataclasses.dataclass(frozen=True)
class Signs(Recipe):
    """R2: a Boolean memoriser."""

    name: str = "signs"
    width: float = 1.0
    epochs: int = 800
    chunk: int = 100
    clip: float = 0.25
    input_scale: float = 0.5
    recurrent_scale: float = 1.5
    refit: bool = True
    widen: bool = True
    settle: bool = True


@dataclasses.dataclass(frozen=True)
class Healing(Recipe):
    """R3: error-correcting; margins by penalty."""

    name: str = "healing"
    epochs: int = 1000
    rate: float = 4e-3
    chunk: int = 100
    clip: float = 0.25
    margin: float = 2.0
    push: float = 0.1
    refit: bool = True
    settle: bool = True
    spare: float = 2.0


@dataclasses.dataclass(frozen=True)
class Text(Recipe):
    """R4: signs on real text, with rounded weights from the start, taught by a tanh net."""

    name: str = "text"
    width: float = 0.7
    epochs: int = 80
    rate: float = 12e-3
    rate_power: float = 0.5
    warmup: int = 50
    chunk: int = 64
    streams: int = 16
    clip: float = 0.25
    average: float = 0.998
    input_scale: float = 0.5
    recurrent_scale: float = 1.5
    validation: float = 0.1
    largest: int = 8
    teacher: int = 256
    teaching: float = 0.7


@dataclasses.dataclass(frozen=True)
class Tune(Recipe):
    """Fine-tuning of rounded weights, the last part of R5."""

    name: str = "tune"
    width: float = 0.7
    teaching: float = 0.7
    epochs: int = 14
    rate: float = 2e-3
    rate_power: float = 0.5
    warmup: int = 50
    chunk: int = 64
    streams: int = 16
    clip: float = 0.25
    average: float = 0.998


TEACHER = Tanh(
    name="teacher",  # the tanh net that `text` learns from
    epochs=24,
    warmup=50,
    chunk=64,
    streams=16,
    decay=0.1,
    validation=0.1,
    patience=1.0,
)
TEXT_TANH = dataclasses.replace(  # the tanh net that `text` is compared with
    TEACHER, name="text-tanh", epochs=40, rate=4e-3, rate_power=0.5
)
PUBLISHED = Tanh(
    name="published",  # the optimiser of the published program, for comparison
    epochs=50,
    rate=1e-2,
    clip=5.0,
    optimiser="sgd",
    uniform=0.5 / 128,
)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (Tanh(), Signs(), Healing(), Text())}


def named_recipe(recipe: "str | Recipe") -> Recipe:
    """A recipe by name, or itself.

    Raises
    ------
    OptionError
        On an unknown name.
    """
    if isinstance(recipe, Recipe):
        return recipe
    if recipe not in RECIPES:
        raise OptionError(f"recipe {recipe!r}: expected one of {', '.join(RECIPES)}")
    return RECIPES[recipe]


_RANGES = {  # least and largest value of hyperparameters where something else would make no sense
    "epochs": (1, 10**7),
    "chunk": (1, 10**6),
    "streams": (1, 4096),
    "rate": (0, 1e3),
    "rate_power": (0, 4),
    "warmup": (0, 10**9),
    "width": (0, 1e3),
    "clip": (1e-9, 1e9),
    "decay": (0, 1e3),
    "average": (0, 0.999999),
    "input_scale": (0, 1e6),
    "recurrent_scale": (0, 1e6),
    "margin": (0, 1e6),
    "push": (0, 1e6),
    "flips": (0, 0.5),
    "largest": (0, 4096),
    "spare": (1, 1e6),
    "teacher": (0, 4096),
    "teaching": (0, 1),
    "validation": (0, 0.999999),
    "patience": (0, 1e9),
}


def check_recipe(recipe: Recipe) -> None:
    """Refuse hyperparameters that make no sense.

    Raises
    ------
    OptionError
        With the first of them and its range.
    """
    for name, (least, most) in _RANGES.items():
        value = getattr(recipe, name)
        if not least <= value <= most:
            raise OptionError(f"{name} {value}: expected {least:g}..{most:g}")
    if recipe.optimiser not in ("adam", "sgd"):
        raise OptionError(f"optimiser {recipe.optimiser!r}: expected adam or sgd")


def with_settings(recipe: Recipe, settings: Mapping[str, str]) -> Recipe:
    """A recipe with some hyperparameters replaced, given as text (`{"rate": "1e-3"}`).

    Raises
    ------
    OptionError
        On a name that no recipe has, or a value of another type.
    """
    kinds = {field.name: field.type for field in dataclasses.fields(recipe) if field.name != "name"}
    changes: dict[str, Any] = {}
    for name, text in settings.items():
        if name not in kinds:
            raise OptionError(f"setting {name!r}: expected one of {', '.join(kinds)}")
        changes[name] = _parsed(name, text, str(kinds[name]))
    return dataclasses.replace(recipe, **changes)


def _parsed(name: str, text: str, kind: str) -> Any:
    if "str" in kind:
        return text
    if "bool" in kind:
        words = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
        if text.lower() in words:
            return words[text.lower()]
        raise OptionError(f"setting {name}={text}: expected true or false")
    try:
        value = int(text) if "int" in kind else float(text)
    except ValueError:
        expected = "a whole number" if "int" in kind else "a number"
        raise OptionError(f"setting {name}={text}: expected {expected}") from None
    if not 0 <= value < float("inf"):
        raise OptionError(f"setting {name}={text}: expected a number from 0")
    return value
