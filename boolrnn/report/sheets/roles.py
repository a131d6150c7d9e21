"""The sheet of roles: named neurons, what the features explain, detectors, every neuron, every pair."""

import numpy as np

from boolrnn.explain.role_evidence import REASONS, ROLE
from boolrnn.explain.roles import Roles
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_PHRASES = {  # what a label of a feature is called in a sentence
    "class": "at {}",
    "tag_depth": "at tag depth {}",
    "bracket_depth": "at bracket depth {}",
    "wiki_depth": "at wiki depth {}",
    "word_position": "at {}",
    "line_position": "at {}",
    "next_class": "before {}",
    "next": "before {}",
}
_LISTED = 5  # labels that a sentence names


@sheet.register
def _(result: Roles) -> Sheet:
    """The roles in words, then the figures they rest on."""
    return Sheet(
        _sentence(result),
        [
            Table("totals", FACTS, _totals(result), result.variant + "."),
            _roles(result),
            _features(result),
            _detectors(result),
            _neurons(result),
            _pairs(result),
        ],
    )


def order_of(result: Roles) -> np.ndarray:
    """Neurons with a role, the most of the base rate's errors avoided on the second half first."""
    known = np.flatnonzero(result.neuron_verdict == ROLE)
    return known[np.argsort(-result.neuron_gain[known], kind="stable")]


def in_words(result: Roles, neuron: int, listed: int = _LISTED) -> str:
    """A role as a phrase: on (or off) at the labels for which the first half predicts it; the side with
    fewer labels is named, the labels with most positions first."""
    rows = np.arange(*result.table_offsets[neuron : neuron + 2].tolist())
    size = result.table_n_first[rows]
    on = 2 * result.table_on_first[rows] >= size
    sides = [(word, rows[(size > 0) & at]) for word, at in (("on", on), ("off", ~on))]
    sides = [side for side in sides if len(side[1])]
    word, named = min(sides, key=lambda side: len(side[1]))
    named = named[np.argsort(-result.table_n_first[named], kind="stable")]
    names = ", ".join(result.table_label_name[named[:listed]].tolist())
    more = f" and {len(named) - listed} more" if len(named) > listed else ""
    return f"{word} {_phrase(str(result.neuron_feature[neuron]), names)}{more}"


def _phrase(feature: str, name: str) -> str:
    """A label of a feature, after `on`, `off` or a verb."""
    if feature in ("tag", "quotes"):
        return name
    return _PHRASES.get(feature, f"where {feature} is {{}}").format(name)


def _sentence(result: Roles) -> str:
    neurons = len(result.neuron)
    if not result.tested:
        return f"Nothing to test: {result.window}, {result.source}."
    best = [f"h{i} is {in_words(result, i, 1)}" for i in order_of(result)[:1].tolist()]
    first = f"; the clearest: {best[0]}" if best else ""
    have = f"{result.roles:,} of {neurons:,} bits have a role in the text"
    return f"{have}{first}: {result.window}, {result.source}."


def _totals(result: Roles) -> list:
    verdicts = result.neuron_verdict.tolist()
    rest = [(word, verdicts.count(word), why) for word, why in REASONS.items() if word in verdicts]
    return facts(
        ("with a role", result.roles, f"neurons of {len(result.neuron):,}"),
        *rest,
        ("pairs tested", result.tested, "neuron x feature"),
        ("more than chance", result.informed, f"pairs, p family <= {result.level:g}"),
        ("shifts", result.shifts, f"circular, seed {result.seed}"),
        ("second half", result.half, f"the first of {result.positions:,} positions that was held out"),
    )


def _roles(result: Roles) -> Table:
    order = order_of(result)
    words = [in_words(result, i) for i in order.tolist()]
    explained = np.full(len(order), np.nan)
    entropy = result.neuron_entropy[order]
    np.divide(result.neuron_excess[order], entropy, out=explained, where=entropy > 0)
    return Table(
        "roles",
        (
            Column("neuron"),
            Column("role"),
            Column("explained", ".1%"),
            Column("held out", ".1%"),
            Column("base", ".1%"),
            Column("gain", ".1%"),
            Column("on, first", ".1%"),
            Column("on, second", ".1%"),
            Column("at"),
        ),
        Rows(
            ([*order.tolist()], lambda part: [f"h{i}" for i in part]),
            words,
            explained,
            result.neuron_accuracy[order],
            result.neuron_base[order],
            result.neuron_gain[order],
            result.neuron_share_first[order],
            result.neuron_share_second[order],
            result.neuron_label_name[order],
        ),
        "explained: information above chance, as a share of the bit's entropy. held out: bits of the second "
        "half that the first half's table predicts; base: by the second half's own majority; gain: share of "
        "its errors avoided. on: share of the positions `at` the leading label. --features asks about some.",
        limit=6,
    )


def _features(result: Roles) -> Table:
    return Table(
        "features",
        (
            Column("feature"),
            Column("labels", "d"),
            Column("neurons", "d"),
            Column("roles", "d"),
            Column("mean excess", ".4f"),
            Column("best"),
            Column("meaning"),
        ),
        Rows(
            result.feature,
            result.feature_labels,
            result.feature_neurons,
            result.feature_roles,
            result.feature_mean,
            (result.feature_best, lambda part: [f"h{i}" if i >= 0 else "" for i in part.tolist()]),
            result.feature_meaning,
        ),
        "neurons: those that know more than chance; mean excess: bits above chance, over neurons tested.",
        aside=True,
    )


def _detectors(result: Roles) -> Table:
    rows = Rows(
        result.neuron,
        [_phrase(f, n) if f else "" for f, n in zip(result.detector_feature.tolist(), _labels(result))],
        result.detector_phi_first,
        result.detector_phi_second,
        result.detector_balanced_first,
        result.detector_balanced_second,
        result.detector_n_first,
        result.detector_n_second,
    )
    ordered = sorted((row for row in rows if row[1]), key=lambda row: (-_size(row[3]), row[0]))
    return Table(
        "detectors",
        (
            Column("neuron"),
            Column("label"),
            Column("phi, first", "+.3f"),
            Column("phi, second", "+.3f"),
            Column("balanced, first", ".1%"),
            Column("balanced, second", ".1%"),
            Column("n, first", ",d"),
            Column("n, second", ",d"),
        ),
        [(f"h{row[0]}", *row[1:]) for row in ordered],
        "The one label that correlates best with the bit on the first half; the second half has not been "
        "used to choose it, and orders the table.",
        aside=True,
    )


def _labels(result: Roles) -> list[str]:
    return result.detector_label_name.tolist()


def _size(value: float) -> float:
    return abs(value) if np.isfinite(value) else -1.0


def _neurons(result: Roles) -> Table:
    return Table(
        "neurons",
        (
            Column("neuron", "d"),
            Column("verdict"),
            Column("on", ".1%"),
            Column("entropy", ".3f"),
            Column("feature"),
            Column("mi", ".4f"),
            Column("null mean", ".4f"),
            Column("p", ".3g"),
            Column("p family", ".3g"),
            Column("mi, first", ".4f"),
            Column("mi, second", ".4f"),
            Column("held out", ".1%"),
            Column("base", ".1%"),
        ),
        Rows(
            result.neuron,
            result.neuron_verdict,
            result.neuron_on,
            result.neuron_entropy,
            result.neuron_feature,
            result.neuron_mi,
            result.neuron_null_mean,
            result.neuron_p,
            result.neuron_p_family,
            result.neuron_mi_first,
            result.neuron_mi_second,
            result.neuron_accuracy,
            result.neuron_base,
        ),
        "The feature with most information above chance on the first half. Bits; mi of short windows is "
        "mostly bias, which the null mean shows.",
        limit=6,
    )


def _pairs(result: Roles) -> Table:
    return Table(
        "pairs",
        (
            Column("neuron", "d"),
            Column("feature"),
            Column("mi", ".4f"),
            Column("null mean", ".4f"),
            Column("p", ".3g"),
            Column("p family", ".3g"),
            Column("held out", ".1%"),
        ),
        Rows(
            result.pair_neuron,
            result.pair_feature,
            result.pair_mi,
            result.pair_null_mean,
            result.pair_p,
            result.pair_p_family,
            result.pair_accuracy,
        ),
        "p: one pair against circular shifts; p family: corrected for all pairs tested.",
        aside=True,
    )
