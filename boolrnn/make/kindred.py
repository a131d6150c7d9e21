"""Kindred codes: symbols that are followed by the same symbols get codes that agree in many bits.

They are computed from counts of pairs in the training part: no fit, but more than a hash knows. The idea is
that of spectral hashing (Weiss, Torralba & Fergus 2008) applied to correspondence analysis (Hirschfeld 1935).
"""

import numpy as np

from boolrnn.make.codes import half_splits
from boolrnn.shapes import Bool, Float64, Int64

LAGS = (1, 2, 3)  # how far ahead a following symbol counts
LEVEL = 5.0  # added to each symbol's count where pairs are compared with chance: rare pairs say little


def kindred_codes(
    symbols: Int64[np.ndarray, "T"], vocabulary: int, bits: int, seed: int = 0
) -> Bool[np.ndarray, "V B"]:
    """A code for each of `vocabulary` symbols, bool (V, bits), from the order of `symbols` (T).

    For each lag n_xy counts the places where x is followed by y; the tables (n_xy - n_x n_y / n) /
    sqrt((n_x + 5) (n_y + 5)) of all lags stand side by side. Bit j orders symbols by the j-th left singular
    vector over sqrt(n_x + 5), of the sign that puts the symbol that occurs most often above 0, and is on
    above the cut that comes nearest to half of all occurrences. Where more symbols that agree in all bits so
    far are on one side than the bits still to come can tell apart, those nearest to the cut change sides; so
    codes of symbols that occur are distinct where 2^bits are enough for them. Bits beyond the number of
    symbols are random halves, which `seed` decides.
    """
    counts = np.bincount(symbols, minlength=vocabulary)
    found = half_splits(counts, bits, seed)
    met = np.flatnonzero(counts)
    if len(met) < 2:
        return found
    places = _places(symbols, vocabulary)
    most = -(-len(met) // 2 ** min(bits, 30))
    classes = np.zeros(len(met), np.int64)
    for bit in range(bits):
        if bit < places.shape[1]:
            found[:, bit] = _cut(places[:, bit], counts)
        room = min(most * 2 ** min(bits - bit - 1, 30), len(met))
        order = places[met, min(bit, places.shape[1] - 1)]
        found[met, bit] = _fitted_in(found[met, bit], classes, order, room)
        classes = np.unique(2 * classes + found[met, bit], return_inverse=True)[1].reshape(-1)
    return found


def _places(symbols: Int64[np.ndarray, "T"], vocabulary: int) -> Float64[np.ndarray, "V K"]:
    """Each symbol's place on each axis, heaviest axis first, the most frequent symbol on the side above."""
    tables = []
    for lag in LAGS:
        pairs = symbols[:-lag] * vocabulary + symbols[lag:]
        table = np.bincount(pairs, minlength=vocabulary**2).reshape(vocabulary, vocabulary)
        before, after = table.sum(axis=1), table.sum(axis=0)
        chance = np.outer(before, after) / max(len(pairs), 1)
        tables.append((table - chance) / np.sqrt(np.outer(before + LEVEL, after + LEVEL)))
    vectors = np.linalg.svd(np.concatenate(tables, axis=1), full_matrices=False)[0]
    counts = np.bincount(symbols, minlength=vocabulary)
    places = vectors / np.sqrt(counts + LEVEL)[:, None]
    return places * np.where(places[counts.argmax()] < 0, -1.0, 1.0)


def _cut(place: Float64[np.ndarray, "V"], counts: Int64[np.ndarray, "V"]) -> Bool[np.ndarray, "V"]:
    """Above the cut, behind at least one symbol that occurs, that halves the occurrences best."""
    order = np.argsort(place, kind="stable")
    below = np.cumsum(counts[order])
    inside = np.flatnonzero((below > 0) & (below < below[-1]))
    cut = inside[np.abs(2 * below[inside] - below[-1]).argmin()]
    on = np.zeros(len(place), bool)
    on[order[cut + 1 :]] = True
    return on


def _fitted_in(
    on: Bool[np.ndarray, "S"], classes: Int64[np.ndarray, "S"], place: Float64[np.ndarray, "S"], room: int
) -> Bool[np.ndarray, "S"]:
    """`on`, where of each class those nearest to the cut changed sides until neither has more than `room`."""
    on = on.copy()
    for each in np.flatnonzero(np.bincount(classes) > room):
        members = np.flatnonzero(classes == each)
        members = members[np.lexsort((place[members], on[members]))]
        off = int((~on[members]).sum())
        on[members] = np.arange(len(members)) >= min(max(off, len(members) - room), room)
    return on
