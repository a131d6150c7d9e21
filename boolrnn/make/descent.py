"""One descent: parameters, optimiser and counters, an epoch at a time; it can be stored and resumed.

Parameters are kept as torch computes with them: wx (V, H) and wy (H, O), transposed against Weights.
Everything random comes from the seed and the number of the epoch, so a descent that is resumed from what
`state` gave goes on exactly as if it had not been interrupted (same machine, same torch).
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from boolrnn.make.recipes import Recipe
from boolrnn.make.scan import scan
from boolrnn.model.weights import TENSORS, Weights

Parameters = dict[str, Tensor]
Arrays = dict[str, np.ndarray]
EVALUATED = 8192  # symbols that an evaluation reads at most


@dataclasses.dataclass(frozen=True)
class Scores:
    """A net on some symbols: bits per character as tanh and as signs, and one-step sign agreement."""

    tanh: float
    sign: float
    agreement: float


@dataclasses.dataclass(frozen=True)
class Masks:
    """Which entries of wh (H, H) and which neurons of the readout (H) a sparse net has."""

    wh: np.ndarray
    readout: np.ndarray


@dataclasses.dataclass(frozen=True)
class Teacher:
    """A net whose predictions are learned from, run on tanh, or, with a width, on signs."""

    weights: Weights
    width: float = 0.0


class Descent:
    """Train on `symbols` (T), select on `held` (or, without, on the text itself)."""

    def __init__(
        self,
        recipe: Recipe,
        symbols: np.ndarray,
        held: np.ndarray | None,
        start: Arrays,
        seed: int,
        *,
        masks: Masks | None = None,
        teacher: "Teacher | None" = None,
        shape: Callable[[Parameters], Parameters] | None = None,
    ) -> None:
        self.recipe, self.seed = recipe, seed
        self.streams, self.held = _streams(symbols, recipe), held is not None
        self.judged = torch.from_numpy((symbols if held is None else held)[:EVALUATED].copy())
        self.parameters = {k: torch.from_numpy(v.copy()).requires_grad_() for k, v in start.items()}
        self.average = {k: v.detach().clone() for k, v in self.parameters.items()}
        self.masks = None
        if masks is not None:
            kept = masks.readout.astype(np.float32)[:, None]
            self.masks = {"wh": torch.from_numpy(masks.wh.astype(np.float32)), "wy": torch.from_numpy(kept)}
        self.shape = shape or (lambda parameters: parameters)
        self.optimiser = _optimiser(recipe, self.parameters)
        self.taught = None if teacher is None else _taught(teacher, self.streams)
        self.done, self.steps = 0, 0
        self.best: tuple[float, int, Arrays] | None = None
        self.history: list[tuple[int, float, float, float]] = []

    @property
    def chunks(self) -> int:
        """Updates in an epoch, at most."""
        return -(-(len(self.streams) - 1) // self.recipe.chunk) + 1

    def epoch(self) -> float:
        """Read all streams once; the mean loss in bits per character (of what ran forward)."""
        recipe, last = self.recipe, len(self.streams) - 1
        rng = np.random.default_rng([self.seed, self.done])
        hidden = torch.zeros(self.streams.shape[1], self.parameters["wh"].shape[0])
        first, stop, nats = 0, int(rng.integers(1, recipe.chunk + 1)), 0.0
        while first < last:
            stop = min(stop, last)
            loss, hidden = self._chunk(first, stop, hidden)
            nats += loss * (stop - first)
            first, stop = stop, stop + recipe.chunk
        self.done += 1
        return nats / last / math.log(2)

    def _chunk(self, first: int, stop: int, hidden: Tensor) -> tuple[float, Tensor]:
        """One update from one chunk; its mean loss in nats and the hidden values after it."""
        recipe = self.recipe
        shaped = self.shaped(self.parameters)
        drive = shaped["wx"][self.streams[first:stop]] + shaped["bh"]
        turned = None
        if recipe.flips:
            rng = np.random.default_rng([self.seed, self.done, first, 1])
            chance = rng.random(drive.shape, dtype=np.float32)
            turned = torch.from_numpy(np.where(chance < recipe.flips, -1, 1).astype(np.float32))
        z, after = scan(drive, shaped["wh"], hidden, recipe.width, turned)
        logits = after @ shaped["wy"] + shaped["by"]
        targets = self.streams[first + 1 : stop + 1].flatten()
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets)
        whole = loss
        if self.taught is not None:
            soft = self.taught[first:stop].float() * torch.log_softmax(logits, 2)
            whole = (1 - recipe.teaching) * loss - recipe.teaching * soft.sum(2).mean()
        if recipe.push:
            whole = whole + recipe.push * torch.relu(recipe.margin - z.abs()).mean()
        if recipe.optimiser == "sgd":
            whole = whole * len(targets)
        self._update(whole)
        return loss.item(), after[-1].detach()

    def _update(self, loss: Tensor) -> None:
        recipe = self.recipe
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), recipe.clip)
        progress = min(self.steps / (recipe.epochs * self.chunks), 1.0)
        peak = recipe.rate * (128 / self.parameters["wh"].shape[0]) ** recipe.rate_power
        rate = peak * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * min(1.0, (self.steps + 1) / (recipe.warmup + 1))
        self.optimiser.step()
        self.steps += 1
        with torch.no_grad():
            for name, value in self.parameters.items():
                self.average[name].lerp_(value, 1 - recipe.average)

    def shaped(self, parameters: Parameters) -> Parameters:
        """Parameters as they run: masked, and shaped (rounded, say)."""
        if self.masks is not None:
            parameters = parameters | {name: parameters[name] * mask for name, mask in self.masks.items()}
        return self.shape(parameters)

    def evaluate(self) -> Scores:
        """Score the averaged weights, keep them if they are the best so far, and note it all."""
        with torch.no_grad():
            shaped = self.shaped(self.average)
            found = score(shaped, self.judged)
        self.history.append((self.done, found.tanh, found.sign, found.agreement))
        goal = found.sign if self.recipe.width else found.tanh
        if math.isfinite(goal) and (self.best is None or goal < self.best[0]):
            self.best = (goal, self.done, {k: v.numpy().copy() for k, v in self.average.items()})
        return found

    def best_weights(self, alphabet: np.ndarray | None) -> Weights:
        """The best net so far, as it runs."""
        best = self.best
        chosen = self.average if best is None else {k: torch.from_numpy(v) for k, v in best[2].items()}
        with torch.no_grad():
            return to_weights(self.shaped(chosen), alphabet)

    def state(self) -> Arrays:
        """Everything that the rest of the descent depends on."""
        kept: Arrays = {"counters": np.array([self.done, self.steps])}
        moments = self.optimiser.state_dict()["state"]
        for k, (name, value) in enumerate(self.parameters.items()):
            kept[f"now.{name}"] = value.detach().numpy()
            kept[f"average.{name}"] = self.average[name].numpy()
            for key, moment in moments.get(k, {}).items():
                kept[f"moment.{key}.{name}"] = moment.numpy()
        if self.best is not None:
            kept["best"] = np.array(self.best[:2])
            kept |= {f"best.{name}": value for name, value in self.best[2].items()}
        kept["history"] = np.array(self.history).reshape(-1, 4)
        return kept

    def restore(self, kept: Arrays) -> None:
        """Go on from what `state` gave."""
        self.done, self.steps = (int(v) for v in kept["counters"])
        whole = self.optimiser.state_dict()
        for k, (name, value) in enumerate(self.parameters.items()):
            value.data.copy_(torch.from_numpy(kept[f"now.{name}"]))
            self.average[name].copy_(torch.from_numpy(kept[f"average.{name}"]))
            moments = [key for key in kept if key.startswith("moment.") and key.endswith("." + name)]
            if moments:
                whole["state"][k] = {key.split(".")[1]: torch.from_numpy(kept[key].copy()) for key in moments}
        self.optimiser.load_state_dict(whole)
        if "best" in kept:
            goal, epoch = kept["best"].tolist()
            self.best = (goal, int(epoch), {name: kept[f"best.{name}"] for name in self.parameters})
        self.history = [(int(row[0]), *row[1:]) for row in kept["history"].tolist()]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread: sums keep one order, and nets of this size gain nothing from more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def score(parameters: Parameters, symbols: Tensor) -> Scores:
    """Run a net over symbols from h = 0, once with tanh and once with signs."""
    if len(symbols) < 2:
        return Scores(math.nan, math.nan, math.nan)
    drive = (parameters["wx"][symbols] + parameters["bh"])[:, None]
    start = torch.zeros(1, drive.shape[2])
    found = {}
    for name, width in (("tanh", 0.0), ("sign", 1.0)):
        z, hidden = scan(drive, parameters["wh"], start, width)
        logits = hidden[:-1, 0] @ parameters["wy"] + parameters["by"]
        cost = torch.nn.functional.cross_entropy(logits, symbols[1:])
        found[name] = (z, cost.item() / math.log(2))
    bits = found["tanh"][0][:, 0] >= 0
    signs = torch.where(bits[:-1], 1.0, -1.0)
    again = drive[1:, 0] + signs @ parameters["wh"].t() >= 0
    same = (again == bits[1:]).float().mean().item()
    return Scores(found["tanh"][1], found["sign"][1], same)


def initial(recipe: Recipe, vocabulary: int, hidden: int, seed: int, density: float = 1.0) -> Arrays:
    """Random parameters: normal with the recipe's scales, or uniform."""
    rng = np.random.default_rng([seed, 1 << 20])
    shapes = {"wx": (vocabulary, hidden), "wh": (hidden, hidden), "wy": (hidden, vocabulary)}
    scales = {
        "wx": recipe.input_scale,
        "wh": recipe.recurrent_scale / math.sqrt(max(hidden * density, 1 / hidden)),
        "wy": 1 / math.sqrt(hidden),
    }
    found: Arrays = {}
    for name, shape in shapes.items():
        if recipe.uniform is None:
            found[name] = rng.normal(size=shape) * scales[name]
        else:
            found[name] = rng.uniform(-recipe.uniform, recipe.uniform, shape)
    found |= {"bh": np.zeros(hidden), "by": np.zeros(vocabulary)}
    return {name: found[name].astype(np.float32) for name in TENSORS}


def of_weights(weights: Weights) -> Arrays:
    """Weights as the parameters of a descent, copied."""
    parts = {
        name: getattr(weights, name).T if name in ("wx", "wy") else getattr(weights, name) for name in TENSORS
    }
    return {name: np.array(value, order="C", copy=True) for name, value in parts.items()}


def to_weights(parameters: Parameters, alphabet: np.ndarray | None) -> Weights:
    """The parameters of a descent as Weights."""
    parts: dict[str, Any] = {name: value.detach().numpy() for name, value in parameters.items()}
    parts |= {"wx": parts["wx"].T, "wy": parts["wy"].T}
    return Weights(**parts, alphabet=alphabet)


def _streams(symbols: np.ndarray, recipe: Recipe) -> Tensor:
    """The text cut into equal parts that are read side by side, (L, B); fewer where it is short."""
    count = max(1, min(recipe.streams, len(symbols) // (2 * recipe.chunk)))
    length = len(symbols) // count
    return torch.from_numpy(symbols[: length * count].reshape(count, length).T.copy())


def _optimiser(recipe: Recipe, parameters: Parameters) -> torch.optim.Optimizer:
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parameters.values(), lr=recipe.rate)
    groups = [
        {"params": [value], "weight_decay": recipe.decay if name in ("wx", "wh") else 0.0}
        for name, value in parameters.items()
    ]
    return torch.optim.AdamW(groups, lr=recipe.rate)


def _taught(teacher: Teacher, streams: Tensor) -> Tensor:
    """What the teacher predicts at each place of the streams: probabilities (L, B, V), half precision."""
    parameters = {name: torch.from_numpy(value) for name, value in of_weights(teacher.weights).items()}
    hidden = torch.zeros(streams.shape[1], teacher.weights.hidden)
    found = torch.empty((*streams.shape, teacher.weights.outputs), dtype=torch.float16)
    for first in range(0, len(streams), 512):
        drive = parameters["wx"][streams[first : first + 512]] + parameters["bh"]
        _, after = scan(drive, parameters["wh"], hidden, teacher.width)
        logits = after @ parameters["wy"] + parameters["by"]
        found[first : first + 512] = torch.softmax(logits, 2)
        hidden = after[-1]
    return found
