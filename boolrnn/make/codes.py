"""Codes: the bits that stand for a symbol in a constructed net. Nothing is learned from what follows what.

mixed    the published hash of the byte value
parity   the degenerate hash of earlier published versions: it depends on the parity of the value alone
value    the bits of the byte value itself, lowest first
splits   random splits of the symbols into halves, one per bit, mended so that codes differ
spread   codes as far apart as a greedy search finds, the farthest for the most frequent symbols
onehot   one bit per symbol

splits and spread look at how often each symbol occurs (in the part of the text that is fitted), none at the
order of the text.
"""

from collections.abc import Callable

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.shapes import Bool, Float64, Int64

BLOCK = 16  # bits whose 2^16 words are searched one by one


def codes(
    name: str, values: np.ndarray, bits: int, counts: np.ndarray, seed: int = 0
) -> Bool[np.ndarray, "V B"]:
    """The code of each symbol, bool (V, bits), from its byte value (V), how often it occurs (V), and a seed.

    Raises
    ------
    OptionError
        On a code or a number of bits that does not exist.
    """
    if name not in CODES:
        raise OptionError(f"code {name!r}: expected one of {', '.join(CODES)}")
    if bits < 1:
        raise OptionError(f"{bits} bits: expected at least 1")
    return CODES[name](values, bits, counts, seed)


def least_distance(found: Bool[np.ndarray, "V B"]) -> int:
    """The least number of bits in which two codes (rows) differ; of a single code, all its bits."""
    signs = np.where(found, 1, -1)
    apart = (found.shape[1] - signs @ signs.T) // 2
    np.fill_diagonal(apart, found.shape[1])
    return int(apart.min())


def mixed_hash(values: np.ndarray, bits: int) -> np.ndarray:
    """The published hash: a code of `bits` bits for each byte value, bool (V, bits)."""
    many, whole = np.uint64(73244475), np.uint64(0xFFFFFFFF)
    x = values.astype(np.uint64)[:, None]
    j = np.arange(bits, dtype=np.uint64)[None, :]

    def stirred(u: np.ndarray) -> np.ndarray:
        u = (many * (u ^ (u >> np.uint64(4)))) & whole
        return u ^ (u >> np.uint64(16))

    mixed = stirred((stirred(x) + j * np.uint64(2654435761)) & whole)
    return (mixed & np.uint64(1)).astype(bool)


def parity_hash(values: np.ndarray, bits: int) -> np.ndarray:
    """The degenerate published hash: bit j of value x is on iff (2654435761 x + 340573321 j) mod 2^32 is
    odd. Both factors are odd, so that bits are x + j mod 2: two codes in all."""
    x, j = values.astype(np.uint64)[:, None], np.arange(bits, dtype=np.uint64)[None, :]
    whole = np.uint64(0xFFFFFFFF)
    sums = (x * np.uint64(2654435761) + j * np.uint64(340573321)) & whole
    return (sums & np.uint64(1)).astype(bool)


def value_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """Bit j of each byte value, lowest first; from bit 8 on those of the mixed hash, from its first."""
    plain = (values[:, None] >> np.arange(8, dtype=np.uint8)) & 1 == 1
    return np.concatenate([plain, mixed_hash(values, max(bits - 8, 0))], axis=1)[:, :bits]


def half_splits(counts: np.ndarray, bits: int, seed: int) -> Bool[np.ndarray, "V B"]:
    """Each bit is on for half of the symbols that occur (of an odd number, one more or less by coin), drawn
    independently; a symbol that does not occur gets each bit by coin.

    Then each bit in turn is mended as little as possible: where more symbols that agree in all bits so far
    went to one side than the bits still to come can tell apart, some, drawn at random, change sides, and
    others change back until it is a half again. So codes of symbols that occur are distinct where 2^bits
    are enough for them, and else shared by as few as possible.
    """
    rng = np.random.default_rng(seed)
    found = rng.random((len(counts), bits)) < 0.5
    met = np.flatnonzero(counts)
    if not len(met):
        return found
    most = -(-len(met) // 2 ** min(bits, 30))  # symbols that may end with one code
    classes = np.zeros(len(met), np.int64)
    for bit in range(bits):
        half = (len(met) + int(rng.integers(2))) // 2
        on = np.zeros(len(met), bool)
        on[rng.permutation(len(met))[:half]] = True
        room = min(most * 2 ** min(bits - bit - 1, 30), len(met))
        _mend(on, classes, half, room, rng)
        found[met, bit] = on
        classes = np.unique(2 * classes + on, return_inverse=True)[1].reshape(-1)
    return found


def _mend(
    on: Bool[np.ndarray, "S"],
    classes: Int64[np.ndarray, "S"],
    half: int,
    room: int,
    rng: np.random.Generator,
) -> None:
    """Change `on` so that no side of a class has more than `room` members and `half` are on in all."""
    sizes = np.bincount(classes)
    for each in np.flatnonzero(sizes > room):
        for side in (False, True):
            members = rng.permutation(np.flatnonzero((classes == each) & (on == side)))
            on[members[room:]] = not side
    while (over := int(on.sum()) - half) != 0:
        side = over > 0  # too many are on this side
        other = np.bincount(classes[on != side], minlength=len(sizes))
        movable = np.flatnonzero((on == side) & (other[classes] < room))
        on[rng.choice(movable)] = not side


def spread_codes(counts: np.ndarray, bits: int) -> Bool[np.ndarray, "V B"]:
    """Codes with the largest least Hamming distance that this greedy search finds; nothing is drawn.

    Where more symbols occur than there are codes, the two rarest (or sets of them, by their sum) share one,
    as often as needed. Blocks of 16 bits, and a block of the rest, are coded one after the other, words of
    a block in the order of their numbers (bit 0 lowest). The words: the largest distance d for which going
    through all words, and keeping each that differs from all kept in at least d bits (a lexicode: Conway &
    Sloane 1986, doi:10.1109/TIT.1986.1057187), keeps enough of them. Then symbols choose, the most frequent
    first: of the words left, one whose least distance to the codes chosen, blocks before included, is
    largest; of these one whose mean distance, weighted by counts, is largest (which balances each bit by
    frequency); of these the first. Symbols that do not occur choose last, among all words that are left;
    where none is, they share the code of the rarest.
    """
    members = _shared(counts, 2 ** min(bits, BLOCK))
    weights = np.array([counts[each].sum() for each in members], np.float64)
    apart = np.zeros((len(members), len(members)), np.int64)
    blocks = []
    for first in range(0, bits, BLOCK):
        width = min(BLOCK, bits - first)
        words = _chosen(width, int((weights > 0).sum()) or 1, weights, apart)
        blocks.append((words[:, None] >> np.arange(width)) & 1 == 1)
        apart += _differing(words[:, None], words[None, :])
    found = np.zeros((len(counts), bits), bool)
    for each, row in zip(members, np.concatenate(blocks, axis=1), strict=True):
        found[each] = row
    return found


def _shared(counts: np.ndarray, most: int) -> list[Int64[np.ndarray, "K"]]:
    """Symbols by code, at most `most` codes, the most frequent first, each symbol that does not occur alone
    behind them; where codes are too few, these join the rarest."""
    order = np.argsort(-counts, kind="stable")
    met = [np.array([x]) for x in order if counts[x] > 0]
    while len(met) > most:
        rarest = np.concatenate([met.pop(), met.pop()])
        total = counts[rarest].sum()
        at = next((k for k, each in enumerate(met) if counts[each].sum() < total), len(met))
        met.insert(at, rarest)
    rest = [np.array([x]) for x in order if counts[x] == 0]
    room = most - len(met)
    found = met + rest[:room]
    found[len(met) - 1 if met else 0] = np.concatenate([found[len(met) - 1 if met else 0], *rest[room:]])
    return found


def _chosen(
    width: int, met: int, weights: Float64[np.ndarray, "K"], apart: Int64[np.ndarray, "K K"]
) -> Int64[np.ndarray, "K"]:
    """A word of `width` bits for each code wanted, the first `met` of which from a lexicode with enough for
    them; `apart` has the distances of the blocks before."""
    pool = _lexicode(width, met)
    free = np.ones(len(pool), bool)
    found = np.zeros(len(weights), np.int64)
    for k in range(len(weights)):
        if k == met:
            pool = _lexicode(width, met + len(weights))  # however many of them are taken already
            free = ~np.isin(pool, found[:k])
        if not free.any():  # a last block may be too narrow for all
            free[:] = True
        distance = _differing(pool[free][:, None], found[None, :k])
        nearest = (distance + apart[k, :k]).min(axis=1, initial=2**62)
        best = np.flatnonzero(nearest == nearest.max())
        at = np.flatnonzero(free)[best[(distance[best] @ weights[:k]).argmax()]]
        found[k], free[at] = pool[at], False
    return found


def _lexicode(width: int, enough: int) -> Int64[np.ndarray, "K"]:
    """The words of the lexicode of the largest distance that has `enough` of them, at most 512; else all."""
    every = np.arange(2**width)
    for distance in range(width, 1, -1):
        free, words = np.ones(len(every), bool), []
        while len(words) < 512 and free.any():
            words.append(int(free.argmax()))
            free &= _differing(every, np.array(words[-1])) >= distance
        if len(words) >= enough:
            return np.array(words)
    return every[: max(512, enough)]


def _differing(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """In how many bits two words of at most 16 bits differ."""
    return _ONES[a ^ b]


_ONES = np.array([word.bit_count() for word in range(2**BLOCK)], np.int64)


CODES: dict[str, Callable[[np.ndarray, int, np.ndarray, int], np.ndarray]] = {
    "mixed": lambda values, bits, counts, seed: mixed_hash(values, bits),
    "parity": lambda values, bits, counts, seed: parity_hash(values, bits),
    "value": lambda values, bits, counts, seed: value_bits(values, bits),
    "splits": lambda values, bits, counts, seed: half_splits(counts, bits, seed),
    "spread": lambda values, bits, counts, seed: spread_codes(counts, bits),
    "onehot": lambda values, bits, counts, seed: np.eye(len(values), dtype=bool),
}
