"""Fine-tuning with rounded weights: forward runs the integers, gradients pass to the weights behind them.

Straight-through again (Bengio, Leonard & Courville 2013, arXiv:1308.3432), now for rounding too; the scale
of each row stays as it is.
"""

import dataclasses

import numpy as np
import torch

from boolrnn import progress
from boolrnn.make.descent import Descent, Parameters, Teacher, of_weights, one_thread
from boolrnn.make.integers import Whole, drives, rounded, scales_of
from boolrnn.make.recipes import Recipe
from boolrnn.model.weights import Weights


@dataclasses.dataclass(frozen=True)
class Rounding:
    """What runs forward: integers of at most `largest` times each row's scale; without scales that of
    the row's largest entry, as it moves."""

    largest: int
    scales: np.ndarray | None = None

    def __call__(self, parameters: Parameters) -> Parameters:
        """Parameters as they run."""
        drive, exact = parameters["wx"] + parameters["bh"], parameters["wh"].detach().numpy()
        scales = (
            scales_of(exact, drive.detach().numpy().T) / self.largest if self.scales is None else self.scales
        )
        whole = rounded(exact, drive.detach().numpy().T, scales, self.largest)
        wh = torch.from_numpy((whole.wh * scales[:, None]).astype(np.float32))
        wx = torch.from_numpy((whole.drive * scales[:, None]).T.astype(np.float32))
        return parameters | {
            "wh": parameters["wh"] + (wh - parameters["wh"]).detach(),
            "wx": drive + (wx - drive).detach(),
            "bh": torch.zeros_like(parameters["bh"]),
        }


def fine_tuned(
    weights: Weights,
    before: Weights,
    symbols: np.ndarray,
    held: np.ndarray | None,
    scales: np.ndarray,
    largest: int,
    recipe: Recipe,
    seed: int,
    signs_teach: bool,
) -> tuple[Weights, Whole]:
    """The best net found by going on from `weights` with rounded weights, and its integers. It learns from
    what the net `before` predicts, run on tanh or, with `signs_teach`, on signs. Zeros of wh and readout
    neurons that are not used stay so.
    """
    mask = (weights.wh != 0).astype(np.float32)
    read = (weights.wy != 0).any(axis=0).astype(np.float32)[:, None]
    shape = Rounding(largest, scales)

    def shaped(parameters: Parameters) -> Parameters:
        kept = {
            "wh": parameters["wh"] * torch.from_numpy(mask),
            "wy": parameters["wy"] * torch.from_numpy(read),
        }
        return shape(parameters | kept)

    teacher = Teacher(before, 1.0 if signs_teach else 0.0)
    with one_thread():
        descent = Descent(recipe, symbols, held, of_weights(weights), seed, teacher=teacher, shape=shaped)
    every = max(1, recipe.epochs // 25)
    with one_thread(), progress.bar(f"fine-tuning, |wh| <= {largest}", recipe.epochs) as tick:
        descent.evaluate()
        while descent.done < recipe.epochs:
            descent.epoch()
            if descent.done % every == 0 or descent.done == recipe.epochs:
                found = descent.evaluate()
                tick(descent.done, f"bpc {found.sign:.3f} signs")
    best = descent.best_weights(weights.alphabet)
    return best, rounded(best.wh.astype(np.float64), drives(best), scales, largest)
