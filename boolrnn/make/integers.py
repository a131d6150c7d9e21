"""Whole-number weights under which no sum can be 0: even rows of wh, odd drives, all times a gain.

With an even sum of its wh entries and odd drives wx[:, x] + bh, a neuron's sum is odd in every state and at
the start: |z| >= 1. Times a gain of 16 every |z| is at least 16, where tanh rounds to 1 in float32, and as
long as the magnitudes of a row add up to 2^24 units no partial sum is ever rounded: the float32 program is
the automaton, bit for bit. That sigmoid nets can hold a given automaton for strings of every length is
classical (Omlin & Giles 1996, doi:10.1145/235809.235811; Carrasco, Forcada, Valdes-Munoz & Neco 2000,
doi:10.1162/089976600300015097); here the automaton is whatever the rounded net turns out to be.
"""

import dataclasses

import numpy as np

from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64

FACTORS = (1.0, 0.85, 0.7, 0.55, 0.4)  # scales tried for a row, as parts of the one that cuts nothing off


@dataclasses.dataclass(frozen=True)
class Whole:
    """Integers as float64: rows of wh (R, H) with even sums, drives (R, V) all odd."""

    wh: Float64[np.ndarray, "R H"]
    drive: Float64[np.ndarray, "R V"]


def rounded(wh: np.ndarray, drive: np.ndarray, scales: Float64[np.ndarray, "H"], largest: int) -> Whole:
    """wh (H, H) and drives (H, V) in units of each row's scale, rounded: |wh| <= largest, row sums even
    (the entry with the largest rounding error gives way), drives odd. Zero entries of wh stay zero."""
    exact = wh / scales[:, None]
    whole = np.clip(np.rint(exact), -largest, largest)
    error = exact - whole
    turn = np.where(error >= 0, 1.0, -1.0)  # the way to the second nearest integer
    room = (np.abs(whole + turn) <= largest) & (wh != 0)
    back = ~room & (wh != 0)  # nothing but the way back towards 0 is left
    cost = np.where(room, 1 - np.abs(error), np.where(back, 1 + np.abs(error), np.inf))
    turn = np.where(back, -np.sign(whole), turn)
    odd = np.flatnonzero(whole.sum(axis=1) % 2 != 0)
    at = cost[odd].argmin(axis=1)
    whole[odd, at] += turn[odd, at]
    reach = np.abs(whole).sum(axis=1, keepdims=True) + 1  # odd; a drive beyond it decides alone
    return Whole(whole, np.clip(2 * np.floor(drive / scales[:, None] / 2) + 1, -reach, reach))


def scales_for(
    weights: Weights,
    largest: int,
    before: np.ndarray | None,
    symbols: np.ndarray | None,
    after: np.ndarray | None,
) -> Float64[np.ndarray, "H"]:
    """For each row the scale under which its rounded sums go wrong least often on the pairs (`before`
    (T, H), `symbols` (T)) -> `after` (T, H), signs and bools; without them, the one that rounds best."""
    wh, drive = weights.wh.astype(np.float64), drives(weights)
    base = scales_of(wh, drive) / largest
    best, least = base, np.full(weights.hidden, np.inf)
    for factor in FACTORS:
        scales = base * factor
        whole = rounded(wh, drive, scales, largest)
        if before is None or symbols is None or after is None:
            error = ((whole.wh * scales[:, None] - wh) ** 2).sum(axis=1)
            error += ((whole.drive * scales[:, None] - drive) ** 2).mean(axis=1)
        else:
            z = before @ whole.wh.T.astype(np.float32) + whole.drive.T.astype(np.float32)[symbols]
            error = ((z >= 0) != after).sum(axis=0).astype(np.float64)
        better = error < least
        best, least = np.where(better, scales, best), np.where(better, error, least)
    return best


def scales_of(wh: np.ndarray, drive: np.ndarray) -> Float64[np.ndarray, "R"]:
    """The largest |wh| of each row; where there is none, its largest drive."""
    top = np.abs(wh).max(axis=1).astype(np.float64)
    top = np.where(top > 0, top, np.abs(drive).max(axis=1))
    return np.where(top > 0, top, 1.0)


def drives(weights: Weights) -> Float64[np.ndarray, "H V"]:
    """wx + bh, exact in float64 wherever it matters to rounding."""
    return weights.wx.astype(np.float64) + weights.bh[:, None]


def assembled(weights: Weights, whole: Whole, gain: float) -> Weights:
    """The net with these integers times `gain`; the bias goes into wx."""
    return dataclasses.replace(
        weights,
        wx=(whole.drive * gain).astype(np.float32),
        wh=(whole.wh * gain).astype(np.float32),
        bh=np.zeros(weights.hidden, np.float32),
        folded=None,
        folded_terms=0,
    )


def on_grid(wy: np.ndarray, by: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A readout rounded to multiples of one power of two, so fine that every output of signs is just an
    exact float32 sum. One so large that sums could overflow is scaled down, which keeps the order of
    outputs."""
    wide = [part.astype(np.float64) for part in (wy, by)]
    reach = float((np.abs(wide[0]).sum(axis=1) + np.abs(wide[1])).max())
    if reach >= 2.0**120:
        scale = 2.0 ** (119 - int(np.frexp(reach)[1]))
        wide, reach = [part * scale for part in wide], reach * scale
    unit = 2.0 ** max(-126, int(np.frexp(reach)[1]) - 23)  # rounding may add half a unit per entry
    return tuple((np.rint(part / unit) * unit).astype(np.float32) for part in wide)  # pyright: ignore[reportReturnType] - a pair gives a pair


def normalised(weights: Weights) -> Weights:
    """The same automaton with each row scaled by a power of two to entries of at most 1; what is more
    than 2^126 times smaller than its row's largest entry is rounded."""
    rows = np.concatenate([weights.wh, weights.wx, weights.bh[:, None]], axis=1)
    exponent = np.frexp(np.abs(rows).max(axis=1))[1]
    scaled = {
        name: np.ldexp(part.astype(np.float64), -exponent.reshape(-1, *[1] * (part.ndim - 1))).astype(
            np.float32
        )
        for name, part in (("wx", weights.wx), ("wh", weights.wh), ("bh", weights.bh))
    }
    return dataclasses.replace(weights, **scaled, folded=None, folded_terms=0)
