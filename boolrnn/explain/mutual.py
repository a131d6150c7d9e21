"""mutual: the mutual information of bits and labels, and what of it is chance.

I(bit; feature) = H(bit) + H(feature) - H(bit, feature) in bits, from the counts of P positions (the plug-in
estimate). It is never negative and grows with the number of labels even where there is nothing to know, so
that it means little by itself.

The null distribution is that of circular shifts: the bits are moved against the text around a circle, all
neurons by the same amount. This keeps what makes neighbouring positions alike within the bits and within
the text (a bit that rarely flips, a tag that lasts), as well as what neurons share with one another, and
breaks only the alignment of the two. A plain permutation would take the persistence away and call every slow
bit informed about every slow feature.

The amounts lie all around the circle: it is cut into S + 1 parts, one place is drawn from each, and the S
amounts lead from the first place to the others, so that the text as it stands is one of S + 1 like places.
Small amounts are among them, although a bit moved a little still knows its text: without them slow bits
would be called informed too often (in 17 % of experiments instead of 5 %, for runs of 20 among 600
positions). So a text of few slow events, or one that repeats itself, makes the test conservative; one that
changes its nature half way makes it too lenient (a second half tells).

bias       the mean of I over the shifts, to be taken off I; for short texts of many labels most of I.
           It takes too much off a feature that determines the bit.
p          (1 + shifts that reach I) / (1 + shifts), of one pair.
p_family   corrected for testing neurons x features: with this limit on p_family, the probability of calling
           any pair informed that is not is at most the limit (Westfall & Young 1993, step-down max-T). The
           strongest pair is compared with the greatest of all pairs in each shift, the next with the
           greatest of the rest, and so on; no pair gets less than a stronger one. Pairs are brought to one
           scale by the cube root of I, which makes gamma-like variables nearly normal (Wilson & Hilferty
           1931, doi:10.1073/pnas.17.12.684), less its mean, over its standard deviation; both are taken
           over the shifts and the text as it stands, which the null treats alike.
"""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from boolrnn import progress
from boolrnn.compiling import compiled_module
from boolrnn.model.kernels import cores
from boolrnn.shapes import Bool, Float64, Int64

_TIE = 1e-12  # bits: sums of the same numbers in another order
_TIE_Z = 1e-9  # standard deviations, likewise
_LONG = 4e10  # multiplications of all shifts together from which compiled loops pay
_CELLS = 3e7  # counts that are held at once
_BLOCK = 4096  # positions that are spread out as a matrix of labels


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sizes:
    """Positions by label, `size`, and by bit, `ones` of `positions`. Labels of feature f are
    offsets[f]..offsets[f + 1] - 1. Shifting a bit changes none of them."""

    size: Int64[np.ndarray, "L"]
    ones: Int64[np.ndarray, "H"]
    positions: int
    offsets: Int64[np.ndarray, "F1"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Counts(Sizes):
    """Positions by label and bit: `on[l, i]` of the `size[l]` positions of label l have bit i = 1."""

    on: Int64[np.ndarray, "L H"]

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            on=self.on + other.on,
            size=self.size + other.size,
            ones=self.ones + other.ones,
            positions=self.positions + other.positions,
            offsets=self.offsets,
        )


@dataclasses.dataclass(frozen=True)
class ShiftNull:
    """What circular shifts give for each feature and neuron; NaN where a pair is not tested or there was
    no shift."""

    shifts: int
    mean: Float64[np.ndarray, "F H"]  # of the mutual information, in bits
    p: Float64[np.ndarray, "F H"]
    p_family: Float64[np.ndarray, "F H"]


def count(
    bits: Bool[np.ndarray, "P H"], numbers: Int64[np.ndarray, "P F"], offsets: Int64[np.ndarray, "F1"]
) -> Counts:
    """Count labels and bits of the same position; `numbers` are label numbers through all features."""
    on = _spread_counts(bits, numbers, int(offsets[-1]), [0])[0].astype(np.int64)
    return Counts(on=on, **vars(_sizes(bits, numbers, offsets)))


def _sizes(
    bits: Bool[np.ndarray, "P H"], numbers: Int64[np.ndarray, "P F"], offsets: Int64[np.ndarray, "F1"]
) -> Sizes:
    return Sizes(
        size=np.bincount(numbers.ravel(), minlength=int(offsets[-1])),
        ones=bits.sum(axis=0),
        positions=len(bits),
        offsets=offsets,
    )


def information(counts: Counts) -> Float64[np.ndarray, "F H"]:
    """Mutual information in bits of every feature and neuron; 0 without positions."""
    return _information(counts.on, counts, _n_log_n(counts.positions))


def entropy(ones: Int64[np.ndarray, "*N"], positions: int) -> Float64[np.ndarray, "*N"]:
    """Entropy in bits of a bit that is 1 at `ones` of these positions; 0 without positions."""
    table = _n_log_n(positions)
    return (table[positions] - table[ones] - table[positions - ones]) / max(positions, 1)


def shift_null(
    bits: Bool[np.ndarray, "P H"],
    numbers: Int64[np.ndarray, "P F"],
    offsets: Int64[np.ndarray, "F1"],
    tested: Bool[np.ndarray, "F H"],
    shuffles: int,
    seed: int,
) -> ShiftNull:
    """Shift the bits against the labels `shuffles` times, or by every amount there is where these are
    fewer."""
    amounts = drawn_shifts(len(bits), shuffles, seed)
    unknown = np.full(tested.shape, np.nan)
    if not len(amounts) or not tested.any():
        return ShiftNull(len(amounts), unknown, unknown.copy(), unknown.copy())
    found = _shifted(bits, numbers, offsets, np.concatenate([[0], amounts]))
    with np.errstate(invalid="ignore"):  # untested pairs have no spread
        mean = found[1:].mean(axis=0)
        p = (1 + (found[1:] >= found[0] - _TIE).sum(axis=0)) / (1 + len(amounts))
        p_family = _family(found, tested)
    return ShiftNull(len(amounts), *(np.where(tested, values, np.nan) for values in (mean, p, p_family)))


def drawn_shifts(positions: int, shuffles: int, seed: int) -> Int64[np.ndarray, "S"]:
    """Different amounts 1..P-1, in order; all of them where `shuffles` reaches their number."""
    if shuffles >= positions - 1:
        return 1 + np.arange(max(positions - 1, 0))
    bounds = np.arange(shuffles + 2) * positions // (shuffles + 1)
    places = np.random.default_rng(seed).integers(bounds[:-1], bounds[1:])
    return places[1:] - places[0]


def _family(found: Float64[np.ndarray, "S1 F H"], tested: Bool[np.ndarray, "F H"]) -> np.ndarray:
    """p_family of the tested pairs, 1 for others; row 0 of `found` is unshifted. Spoils `found`."""
    np.cbrt(found, out=found)
    found -= found.mean(axis=0)
    spread = np.sqrt(np.square(found).mean(axis=0))
    usable = tested & (spread > _TIE)
    scaled = found[:, usable] / spread[usable]
    weakest = np.argsort(scaled[0], kind="stable")
    scaled = scaled[:, weakest]
    of_rest = np.maximum.accumulate(scaled[1:], axis=1)  # the greatest of this pair and all weaker ones
    p = (1 + (of_rest >= scaled[0] - _TIE_Z).sum(axis=0)) / len(found)
    family = np.ones(tested.shape)
    family[usable] = np.maximum.accumulate(p[::-1])[::-1][np.argsort(weakest)]
    return family


def _shifted(
    bits: Bool[np.ndarray, "P H"],
    numbers: Int64[np.ndarray, "P F"],
    offsets: Int64[np.ndarray, "F1"],
    amounts: Int64[np.ndarray, "S"],
) -> Float64[np.ndarray, "S F H"]:
    """Mutual information after each of these shifts."""
    labels, (positions, hidden) = int(offsets[-1]), bits.shape
    found = np.empty((len(amounts), len(offsets) - 1, hidden))
    fixed = _sizes(bits, numbers, offsets)
    table = _n_log_n(positions)
    with progress.bar("circular shifts", len(amounts)) as tick:
        cells = len(amounts) * labels * hidden
        if cells * positions < _LONG and cells < _CELLS:
            twice = np.concatenate([bits, bits])
            for k, on in enumerate(_spread_counts(twice, numbers, labels, amounts.tolist())):
                found[k] = _information(on, fixed, table)
                tick(k + 1)
            return found
        loops = compiled_module("explain.compiled_mutual")
        small, rows = bits.astype(np.uint8), np.ascontiguousarray(numbers)

        def one(k: int) -> None:
            on = np.empty((labels, hidden), np.int32)
            loops.count_shifted(small, rows, int(amounts[k]), on)
            found[k] = _information(on, fixed, table)

        with ThreadPoolExecutor(cores()) as pool:
            for k, _ in enumerate(pool.map(one, range(len(amounts)))):
                tick(k + 1)
    return found


def _spread_counts(
    bits: Bool[np.ndarray, "N H"], numbers: Int64[np.ndarray, "P F"], labels: int, shifts: list[int]
) -> np.ndarray:
    """Counts `on` (S, L, H) for each shift, as products of matrices; row t + shift of `bits` is looked up
    beside row t of `numbers`. float32 counts of one block of positions are exact."""
    on = np.zeros((len(shifts), labels, bits.shape[1]), np.int32)
    for first in range(0, len(numbers), _BLOCK):
        part = numbers[first : first + _BLOCK]
        spread = np.zeros((labels, len(part)), np.float32)
        spread[part.T, np.arange(len(part))] = 1
        for k, shift in enumerate(shifts):
            beside = bits[first + shift : first + shift + len(part)].astype(np.float32)
            on[k] += (spread @ beside).astype(np.int32)
    return on


def _n_log_n(most: int) -> Float64[np.ndarray, "N"]:
    """n log2 n for n = 0..most."""
    n = np.arange(most + 1, dtype=np.float64)
    return n * np.log2(np.maximum(n, 1))


def _information(on: np.ndarray, counts: Sizes, table: np.ndarray) -> Float64[np.ndarray, "F H"]:
    """With T(n) = n log2 n: P I = T(P) + sum over cells T - sum over labels T - sum over the bit T."""
    if not counts.positions:
        return np.zeros((len(counts.offsets) - 1, len(counts.ones)))
    first = counts.offsets[:-1]
    cells = np.add.reduceat(table[on] + table[counts.size[:, None] - on], first, axis=0)
    labels = np.add.reduceat(table[counts.size], first)
    bit = table[counts.ones] + table[counts.positions - counts.ones]
    found = (cells + table[counts.positions] - labels[:, None] - bit) / counts.positions
    return np.maximum(found, 0)
