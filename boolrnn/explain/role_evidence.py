"""role_evidence: what the roles of neurons are decided by, and the decisions (boolrnn/explain/roles.py)."""

import dataclasses

import numpy as np

from boolrnn.explain.features import Labels
from boolrnn.explain.mutual import Counts, ShiftNull, count, information, shift_null
from boolrnn.shapes import Bool, Float64, Int64

LEVEL = 0.05  # family-wise: of any role where bits know nothing
FEWEST = 5  # positions of a bit's rarer value that are tested, and of a label that is named
ROLE, CHANCE, UNCONFIRMED = "role", "chance", "not confirmed"
RARE, CONSTANT, UNTESTED = "rare", "constant", "untested"
REASONS = {  # why a neuron has no role
    CHANCE: "neurons: nothing beyond chance",
    UNCONFIRMED: "neurons: the second half does not bear out the first",
    RARE: f"neurons with either value at under {FEWEST} positions",
    CONSTANT: "neurons with one value",
    UNTESTED: "neurons: too few shifts, or positions, for a test",
}
_TIE = 1e-9


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What roles are decided by, per feature and neuron: counts of both halves, information, the null, and
    predictions of the second half."""

    labels: Labels
    first: Counts
    second: Counts
    mi: Float64[np.ndarray, "F H"]
    mi_first: Float64[np.ndarray, "F H"]
    mi_second: Float64[np.ndarray, "F H"]
    null: ShiftNull
    null_first: Float64[np.ndarray, "F H"]  # mean over the shifts of the first half
    accuracy: Float64[np.ndarray, "F H"]  # NaN without a second half
    base: Float64[np.ndarray, "H"]
    phi: tuple[Float64[np.ndarray, "L H"], Float64[np.ndarray, "L H"]]  # first, second half

    @property
    def ones(self) -> Int64[np.ndarray, "H"]:
        """Positions at which each bit is 1."""
        return self.first.ones + self.second.ones

    @property
    def positions(self) -> int:
        """Of both halves."""
        return self.first.positions + self.second.positions

    @property
    def beyond(self) -> Bool[np.ndarray, "F H"]:
        """Pairs that know more than chance."""
        return self.null.p_family <= LEVEL  # False where NaN


def evidence_of(bits: Bool[np.ndarray, "P H"], labels: Labels, shuffles: int, seed: int) -> Evidence:
    """Counts, information, null and predictions of bits beside labels."""
    half = len(bits) // 2
    numbers, offsets = labels.numbers, labels.offsets
    first = count(bits[:half], numbers[:half], offsets)
    second = count(bits[half:], numbers[half:], offsets)
    whole = first + second
    null = shift_null(bits, numbers, offsets, _testable(whole), shuffles, seed)
    null_first = shift_null(bits[:half], numbers[:half], offsets, _testable(first), shuffles, seed)
    accuracy, base = predicted(first, second)
    return Evidence(
        labels,
        first,
        second,
        information(whole),
        information(first),
        information(second),
        null,
        null_first.mean,
        accuracy,
        base,
        (phi(first), phi(second)),
    )


def _testable(counts: Counts) -> Bool[np.ndarray, "F H"]:
    """Pairs of a feature that takes two labels and a bit that takes either value FEWEST times."""
    moves = np.minimum(counts.ones, counts.positions - counts.ones) >= FEWEST
    kinds = np.array([np.count_nonzero(part) for part in np.split(counts.size, counts.offsets[1:-1])])
    return (kinds >= 2)[:, None] & moves


def predicted(first: Counts, second: Counts) -> tuple[Float64[np.ndarray, "F H"], Float64[np.ndarray, "H"]]:
    """Share of the second half's bits that the first half's majority for their label predicts, and the
    share of the second half's own majority; NaN without a second half. A tie predicts a 1."""
    shape = (len(first.offsets) - 1, len(first.ones))
    if not second.positions:
        return np.full(shape, np.nan), np.full(shape[1], np.nan)
    overall = 2 * first.ones >= first.positions
    seen = first.size[:, None] > 0
    guess = np.where(seen, 2 * first.on >= first.size[:, None], overall)
    right = np.where(guess, second.on, second.size[:, None] - second.on)
    hits = np.add.reduceat(right, first.offsets[:-1], axis=0)
    base = np.maximum(second.ones, second.positions - second.ones)
    return hits / second.positions, base / second.positions


def phi(counts: Counts) -> Float64[np.ndarray, "L H"]:
    """Correlation of every label with every bit; NaN where one is constant or the label is at fewer than
    FEWEST positions, or at all but fewer."""
    n, ones, size = counts.positions, counts.ones, counts.size[:, None]
    spread = np.sqrt(size * (n - size.astype(np.float64)) * (ones * (n - ones.astype(np.float64))))
    usable = (np.minimum(size, n - size) >= FEWEST) & (spread > 0)
    found = np.full(counts.on.shape, np.nan)
    np.divide(counts.on * float(n) - size * ones.astype(np.float64), spread, out=found, where=usable)
    return found


def chosen_features(evidence: Evidence) -> Int64[np.ndarray, "H"]:
    """The feature of every neuron, the first of equals; -1 where its bit cannot be tested on the first
    half."""
    excess = evidence.mi_first - evidence.null_first
    usable = ~np.isnan(excess)
    informed = usable & evidence.beyond
    usable = np.where(informed.any(axis=0), informed, usable)
    excess = np.where(usable, excess, -np.inf)
    best = (excess >= excess.max(axis=0) - _TIE).argmax(axis=0)
    return np.where(usable.any(axis=0), best, -1)


def leading_labels(evidence: Evidence, chosen: Int64[np.ndarray, "H"]) -> Int64[np.ndarray, "H"]:
    """The label (its number) of each neuron's feature with the greatest |phi| on the first half; -1 where
    there is none."""
    own = evidence.labels.feature[:, None] == chosen
    return greatest(np.where(own, evidence.phi[0], np.nan))


def greatest(values: Float64[np.ndarray, "L H"]) -> Int64[np.ndarray, "H"]:
    """The row of the greatest size of each column; of equals a positive one, of these the first. -1 where
    all are NaN."""
    if not len(values):
        return np.full(values.shape[1], -1)
    size = np.where(np.isnan(values), -1.0, np.abs(values))
    equal = size >= size.max(axis=0) - _TIE
    best = (2 * equal + (equal & (values > 0))).argmax(axis=0)
    return np.where(size.max(axis=0) >= 0, best, -1)


def verdicts(evidence: Evidence, chosen: Int64[np.ndarray, "H"], lead: Int64[np.ndarray, "H"]) -> np.ndarray:
    """Whether each neuron has a role, and why not."""
    every = np.arange(len(chosen))
    rarer = np.minimum(evidence.ones, evidence.positions - evidence.ones)
    agree = np.zeros(len(chosen), bool)
    if len(evidence.labels.code):
        agree = evidence.phi[0][lead, every] * evidence.phi[1][lead, every] > 0  # False where NaN
    gains = evidence.accuracy[chosen, every] > evidence.base
    confirmed = (chosen >= 0) & (lead >= 0) & evidence.beyond[chosen, every] & gains & agree
    tests = np.isfinite(evidence.null.p_family).any() and evidence.null.shifts + 1 >= 1 / LEVEL
    return np.select(
        [
            np.full(len(chosen), not evidence.positions),
            rarer == 0,
            rarer < FEWEST,
            np.full(len(chosen), not tests),
            ~evidence.beyond.any(axis=0),
            ~confirmed,
        ],
        [UNTESTED, CONSTANT, RARE, UNTESTED, CHANCE, UNCONFIRMED],
        ROLE,
    )
