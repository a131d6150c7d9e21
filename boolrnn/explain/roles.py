"""roles: what each neuron's bit knows about the text, in the text's own terms.

The bit of a neuron after x_t was read is compared with what the text says there: the kind of x_t, inside a
tag, depths, places in word and line, the last symbols, the next one (boolrnn/explain/features.py). All of it
is our own definition; no published program computes it.

1. Every neuron x feature: mutual information over all positions t = 0..n-2, its bias and its p-values
   against circular shifts (boolrnn/explain/mutual.py).
2. Every neuron's feature: the one with the most information above its bias on the first half of the
   positions (the first listed in a tie), among those with p_family <= LEVEL where there are any.
3. That feature predicts the bit on the second half, by the majority of the bit for its label on the first
   half (a label that is new there: the majority of the whole first half). The base rate is the majority of
   the second half itself, which no prediction without the feature can exceed.
4. A role is given where p_family <= LEVEL, the prediction is right more often than the base rate, and the
   label it is named after leans to the same side on both halves. So the probability that a net none of
   whose bits knows anything gets any role is at most LEVEL.

A detector is a single label: for each neuron the one with the greatest |phi| on the first half (phi: the
correlation of bit and label), with its phi on the second half, which the choice has not seen.

Correlation says what a bit can tell, not what the net uses it for.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.explain.features import Labels, features_of, numbered
from boolrnn.explain.mutual import Counts, entropy
from boolrnn.explain.role_evidence import (
    LEVEL,
    ROLE,
    Evidence,
    chosen_features,
    evidence_of,
    greatest,
    leading_labels,
    verdicts,
)
from boolrnn.graph.observed import NETWORK, described, observe
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Float64, Int64, UInt8

VARIANT = (
    "own definition: mutual information above the mean of circular shifts, family-wise test at "
    f"{LEVEL:g}, feature chosen on the first half, confirmed on the second"
)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Roles(Result):
    """What bits know: the features, the neurons with their roles, detectors, and every pair.

    Information and entropies are in bits. Labels are symbols (as integers) for x_t, x_t-1, ... and next,
    else numbers that `label_name` puts in words; a symbol before the text is -1. Empty names, -1 and NaN
    stand where there is nothing to say. In JSON -1 and NaN are null.
    """

    schema = "roles/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    window: str
    source: str  # whose states
    variant: str
    positions: int
    half: int  # the first half is positions 0..half-1
    shifts: int  # circular shifts that were compared
    shuffles: int  # those asked for
    seed: int
    level: float
    tested: int  # pairs neuron x feature
    informed: int  # of these, p_family <= level
    roles: int  # neurons with a role
    feature: np.ndarray = named("features.feature")
    feature_meaning: np.ndarray = named("features.meaning")
    feature_labels: Int64[np.ndarray, "F"] = named("features.labels")  # that occur
    feature_neurons: Int64[np.ndarray, "F"] = named("features.neurons")  # p_family <= level
    feature_roles: Int64[np.ndarray, "F"] = named("features.roles")
    feature_mean: Float64[np.ndarray, "F"] = named("features.mean_excess")  # over tested neurons
    feature_best: Int64[np.ndarray, "F"] = named("features.best_neuron", nullable=True)  # of the most excess
    neuron: Int64[np.ndarray, "H"] = named("neurons.neuron")
    neuron_verdict: np.ndarray = named("neurons.verdict")
    neuron_on: Float64[np.ndarray, "H"] = named("neurons.on")  # share of positions with the bit 1
    neuron_entropy: Float64[np.ndarray, "H"] = named("neurons.entropy")
    neuron_feature: np.ndarray = named("neurons.feature")
    neuron_mi: Float64[np.ndarray, "H"] = named("neurons.mi")
    neuron_null_mean: Float64[np.ndarray, "H"] = named("neurons.null_mean")
    neuron_excess: Float64[np.ndarray, "H"] = named("neurons.excess")  # mi - null_mean
    neuron_p: Float64[np.ndarray, "H"] = named("neurons.p")
    neuron_p_family: Float64[np.ndarray, "H"] = named("neurons.p_family")
    neuron_mi_first: Float64[np.ndarray, "H"] = named("neurons.mi_first")
    neuron_mi_second: Float64[np.ndarray, "H"] = named("neurons.mi_second")
    neuron_accuracy: Float64[np.ndarray, "H"] = named("neurons.accuracy")  # held out
    neuron_base: Float64[np.ndarray, "H"] = named("neurons.base")
    neuron_gain: Float64[np.ndarray, "H"] = named("neurons.gain")  # (accuracy - base) / (1 - base)
    # the label a role is named after: that of the feature with the greatest |phi| on the first half
    neuron_label: Int64[np.ndarray, "H"] = named("neurons.label", nullable=True)
    neuron_label_name: np.ndarray = named("neurons.label_name")
    neuron_sign: Int64[np.ndarray, "H"] = named("neurons.sign")  # 1: on with the label; -1: off; 0: no label
    neuron_lift: Float64[np.ndarray, "H"] = named("neurons.lift")  # P(bit = side | label) / P(bit = side)
    neuron_share_first: Float64[np.ndarray, "H"] = named("neurons.share_first")  # P(bit = 1 | label)
    neuron_share_second: Float64[np.ndarray, "H"] = named("neurons.share_second")
    detector_feature: np.ndarray = named("detectors.feature")
    detector_label: Int64[np.ndarray, "H"] = named("detectors.label", nullable=True)
    detector_label_name: np.ndarray = named("detectors.label_name")
    detector_phi_first: Float64[np.ndarray, "H"] = named("detectors.phi_first")
    detector_phi_second: Float64[np.ndarray, "H"] = named("detectors.phi_second")
    # mean of the shares of positions with and without the label that the bit tells right
    detector_balanced_first: Float64[np.ndarray, "H"] = named("detectors.balanced_first")
    detector_balanced_second: Float64[np.ndarray, "H"] = named("detectors.balanced_second")
    detector_n_first: Int64[np.ndarray, "H"] = named("detectors.n_first")  # positions with the label
    detector_n_second: Int64[np.ndarray, "H"] = named("detectors.n_second")
    # every label of a role's feature: its positions, and how many of them have the bit 1, by halves
    table_offsets: Int64[np.ndarray, "H1"] = named("tables.offsets")
    table_label: Int64[np.ndarray, "M"] = named("tables.label", nullable=True)
    table_label_name: np.ndarray = named("tables.label_name")
    table_n_first: Int64[np.ndarray, "M"] = named("tables.n_first")
    table_on_first: Int64[np.ndarray, "M"] = named("tables.on_first")
    table_n_second: Int64[np.ndarray, "M"] = named("tables.n_second")
    table_on_second: Int64[np.ndarray, "M"] = named("tables.on_second")
    pair_neuron: Int64[np.ndarray, "N"] = named("pairs.neuron")
    pair_feature: np.ndarray = named("pairs.feature")
    pair_mi: Float64[np.ndarray, "N"] = named("pairs.mi")
    pair_null_mean: Float64[np.ndarray, "N"] = named("pairs.null_mean")
    pair_p: Float64[np.ndarray, "N"] = named("pairs.p")
    pair_p_family: Float64[np.ndarray, "N"] = named("pairs.p_family")
    pair_accuracy: Float64[np.ndarray, "N"] = named("pairs.accuracy")


def roles(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    states: str = NETWORK,
    shuffles: int = 100,
    seed: int = 0,
    features: str | Sequence[str] | None = None,
    recent: int = 3,
    tanh: str = "exact",
) -> Roles:
    """What every neuron's bit says about `symbols` (T), and which neurons have a role.

    Bits are the network's signs, or (`states="automaton"`) those of the automaton's own trajectory.
    `shuffles` circular shifts make the null distribution (0: no test, no roles); `features` chooses some by
    name; `recent` of the last symbols are features.

    Raises
    ------
    TextError, OptionError
        On a symbol, a kind of states, a tanh, a number of shuffles (0, or 19..100000), a seed, a feature
        or a number of recent symbols that cannot be used.
    """
    if shuffles and not 19 <= shuffles <= 100_000:
        raise OptionError(
            f"shuffles {shuffles}: expected 0, or 19..100000 (p is at least 1 / (shuffles + 1))"
        )
    if not 0 <= seed < 1 << 32:
        raise OptionError(f"seed {seed}: expected 0..{(1 << 32) - 1}")
    automaton = as_automaton(model)
    alphabet = automaton.alphabet
    seen = observe(automaton, symbols, states, tanh)
    found = features_of(seen.symbols, automaton.symbols, alphabet, recent=recent, names=features)
    labels = numbered(found)
    positions = len(labels.numbers)
    evidence = evidence_of(seen.states[:positions], labels, shuffles, seed)
    chosen = chosen_features(evidence)
    lead = leading_labels(evidence, chosen)
    verdict = verdicts(evidence, chosen, lead)
    names = _names(labels, alphabet)
    given = np.array([feature.name for feature in found])
    return Roles(
        alphabet=alphabet,
        window=described(np.arange(positions)),
        source=seen.source,
        variant=VARIANT,
        positions=positions,
        half=evidence.first.positions,
        shifts=evidence.null.shifts,
        shuffles=shuffles,
        seed=seed,
        level=LEVEL,
        tested=int((~np.isnan(evidence.null.p)).sum()),
        informed=int(evidence.beyond.sum()),
        roles=int((verdict == ROLE).sum()),
        **_feature_fields(evidence, chosen, verdict),
        **_neuron_fields(evidence, chosen, lead, names, given),
        neuron_verdict=verdict,
        **_detector_fields(evidence, names, given),
        **_tables(evidence, np.where(verdict == ROLE, chosen, -1), names),
        **_pair_fields(evidence, given),
    )


def _at(values: np.ndarray, rows: Int64[np.ndarray, "H"]) -> Float64[np.ndarray, "H"]:
    """`values[rows[i], i]` for each neuron i; NaN where the row is -1."""
    if not len(values):
        return np.full(len(rows), np.nan)
    return np.where(rows >= 0, values[rows, np.arange(len(rows))], np.nan)


def _whole(values: np.ndarray, rows: Int64[np.ndarray, "H"], missing: int = 0) -> Int64[np.ndarray, "H"]:
    """The same of integers, `values[rows[i], i]` or `values[rows[i]]`; `missing` where the row is -1."""
    if not len(values):
        return np.full(len(rows), missing)
    found = values[rows] if values.ndim == 1 else values[rows, np.arange(len(rows))]
    return np.where(rows >= 0, found, missing)


def _over(part: np.ndarray, whole: np.ndarray) -> Float64[np.ndarray, "*N"]:
    """part / whole; NaN where the whole is 0."""
    found = np.full(np.shape(part), np.nan)
    return np.divide(part, whole, out=found, where=np.asarray(whole) > 0)


def _names(labels: Labels, alphabet: np.ndarray | None) -> np.ndarray:
    """Every label in words."""
    pairs = zip(labels.feature.tolist(), labels.code.tolist())
    return np.array([labels.features[f].shown(code, alphabet) for f, code in pairs], np.str_)


def _words(names: np.ndarray, rows: Int64[np.ndarray, "H"]) -> np.ndarray:
    """The name at each row; empty where it is -1."""
    return np.array([names[row] if row >= 0 else "" for row in rows.tolist()], np.str_)


def _feature_fields(
    evidence: Evidence, chosen: Int64[np.ndarray, "H"], verdict: np.ndarray
) -> dict[str, Any]:
    features = evidence.labels.features
    excess = evidence.mi - evidence.null.mean
    tested = ~np.isnan(excess)
    total = np.where(tested, excess, 0).sum(axis=1)
    best = np.where(tested, excess, -np.inf).argmax(axis=1)
    return {
        "feature": np.array([feature.name for feature in features]),
        "feature_meaning": np.array([feature.meaning for feature in features]),
        "feature_labels": np.diff(evidence.labels.offsets),
        "feature_neurons": evidence.beyond.sum(axis=1),
        "feature_roles": np.bincount(chosen[verdict == ROLE], minlength=len(features)),
        "feature_mean": _over(total, tested.sum(axis=1)),
        "feature_best": np.where(tested.any(axis=1), best, -1),
    }


def _neuron_fields(
    evidence: Evidence,
    chosen: Int64[np.ndarray, "H"],
    lead: Int64[np.ndarray, "H"],
    names: np.ndarray,
    given: np.ndarray,
) -> dict[str, Any]:
    """Every neuron's feature with its figures, and its leading label."""
    first, second, ones = evidence.first, evidence.second, evidence.ones
    on_first, on_second = _whole(first.on, lead), _whole(second.on, lead)
    n_first, n_second = _whole(first.size, lead), _whole(second.size, lead)
    sign = np.sign(np.nan_to_num(_at(evidence.phi[0], lead))).astype(np.int64)
    with_label = _over(on_first + on_second, n_first + n_second)
    overall = _over(ones, np.full(len(ones), evidence.positions))
    mi, mean = _at(evidence.mi, chosen), _at(evidence.null.mean, chosen)
    accuracy = _at(evidence.accuracy, chosen)
    return {
        "neuron": np.arange(len(ones)),
        "neuron_on": overall,
        "neuron_entropy": entropy(ones, evidence.positions),
        "neuron_feature": _words(given, chosen),
        "neuron_mi": mi,
        "neuron_null_mean": mean,
        "neuron_excess": mi - mean,
        "neuron_p": _at(evidence.null.p, chosen),
        "neuron_p_family": _at(evidence.null.p_family, chosen),
        "neuron_mi_first": _at(evidence.mi_first, chosen),
        "neuron_mi_second": _at(evidence.mi_second, chosen),
        "neuron_accuracy": accuracy,
        "neuron_base": evidence.base,
        "neuron_gain": _over(accuracy - evidence.base, 1 - evidence.base),
        "neuron_label": _whole(evidence.labels.code, lead, -1),
        "neuron_label_name": _words(names, lead),
        "neuron_sign": sign,
        "neuron_lift": np.where(
            sign < 0, _over(1 - with_label, 1 - overall), _over(with_label, np.where(sign, overall, 0))
        ),
        "neuron_share_first": _over(on_first, n_first),
        "neuron_share_second": _over(on_second, n_second),
    }


def _detector_fields(evidence: Evidence, names: np.ndarray, given: np.ndarray) -> dict[str, Any]:
    """The label that each neuron tells best on the first half, and how it does on the second."""
    labels = evidence.labels
    best = greatest(evidence.phi[0])
    first = _at(evidence.phi[0], best)
    return {
        "detector_feature": _words(given, _whole(labels.feature, best, -1)),
        "detector_label": _whole(labels.code, best, -1),
        "detector_label_name": _words(names, best),
        "detector_phi_first": first,
        "detector_phi_second": _at(evidence.phi[1], best),
        "detector_balanced_first": _balanced(evidence.first, best, first),
        "detector_balanced_second": _balanced(evidence.second, best, first),
        "detector_n_first": _whole(evidence.first.size, best),
        "detector_n_second": _whole(evidence.second.size, best),
    }


def _balanced(counts: Counts, label: Int64[np.ndarray, "H"], side: np.ndarray) -> Float64[np.ndarray, "H"]:
    """Mean of the bit's right answers at positions with the label and at the others; a bit of negative
    `side` answers with 0. NaN where either kind of position is missing."""
    size, on = _whole(counts.size, label), _whole(counts.on, label)
    inside = _over(on, size)
    outside = _over(counts.ones - on, counts.positions - size)
    return (1 + np.where(side < 0, outside - inside, inside - outside)) / 2


def _tables(evidence: Evidence, feature: Int64[np.ndarray, "H"], names: np.ndarray) -> dict[str, Any]:
    """Every label of each neuron's `feature` (none where -1), with positions and ones of both halves."""
    offsets = evidence.labels.offsets
    neuron = np.flatnonzero(feature >= 0)
    parts = [np.arange(*offsets[f : f + 2].tolist()) for f in feature[neuron].tolist()]
    length = np.zeros(len(feature), np.int64)
    length[neuron] = [len(part) for part in parts]
    rows = np.concatenate([np.empty(0, np.int64), *parts])
    column = np.repeat(np.arange(len(feature)), length)
    return {
        "table_offsets": np.concatenate([[0], np.cumsum(length)]),
        "table_label": evidence.labels.code[rows],
        "table_label_name": names[rows],
        "table_n_first": evidence.first.size[rows],
        "table_on_first": evidence.first.on[rows, column],
        "table_n_second": evidence.second.size[rows],
        "table_on_second": evidence.second.on[rows, column],
    }


def _pair_fields(evidence: Evidence, given: np.ndarray) -> dict[str, Any]:
    """Every pair, by neuron and then by feature."""
    features, hidden = evidence.mi.shape
    return {
        "pair_neuron": np.repeat(np.arange(hidden), features),
        "pair_feature": np.tile(given, hidden),
        "pair_mi": evidence.mi.T.ravel(),
        "pair_null_mean": evidence.null.mean.T.ravel(),
        "pair_p": evidence.null.p.T.ravel(),
        "pair_p_family": evidence.null.p_family.T.ravel(),
        "pair_accuracy": evidence.accuracy.T.ravel(),
    }
