"""The sheet of offsets: totals, greedy distances, neurons, the profile by distance."""

import numpy as np

from boolrnn.explain.offsets import Offsets
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet


@sheet.register
def _(result: Offsets) -> Sheet:
    """What one replaced symbol changes, by its distance."""
    return Sheet(
        _sentence(result),
        [
            Table("totals", FACTS, _totals(result), f"{result.variant}. {_capital(result.replacements)}."),
            Table(
                "greedy distances",
                (Column("d", "d"), Column("bits changed", ".3f"), Column("share", ".2%")),
                Rows(result.greedy_d, result.greedy_changes, result.greedy_shares),
                "share: of the sign changes at all distances.",
            ),
            Table(
                "dominant distances",
                (Column("d", "d"), Column("neurons", ",d"), Column("tied", ",d")),
                Rows(result.dominant_d, result.dominant_neurons, result.dominant_tied),
                "Neurons that change most often at d; tied: they do so as often at another distance.",
                limit=6,
            ),
            _neurons(result),
            _depth(result),
        ],
        [] if result.positions else ["no positions: nothing was replaced"],
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _sentence(result: Offsets) -> str:
    seen = np.isfinite(result.depth_kl)
    if not seen.any():
        return f"One symbol replaced: no cases, {result.window}."
    near, far = np.flatnonzero(seen)[[0, -1]]
    return (
        f"One symbol replaced changes {result.depth_changes[near]:.1f} bits of the state and "
        f"{result.depth_kl[near]:.3g} bits of the prediction at distance {result.depth_d[near]}, "
        f"{result.depth_changes[far]:.1f} and {result.depth_kl[far]:.3g} at distance {result.depth_d[far]}: "
        f"{result.window}, {result.arithmetic}."
    )


def _totals(result: Offsets) -> list:
    listed = ", ".join(map(str, result.greedy_d.tolist()))
    return facts(
        ("greedy share", result.greedy_share, f"of all sign changes, distances {listed}"),
        ("under a flat profile", result.greedy_flat, "the share that as many distances have of all"),
        ("at most", result.greedy_best, "the share of as many distances, those with most changes"),
        ("greedy share of KL", result.greedy_kl_share, ""),
        ("share of d = 1", result.share_1, "of all sign changes"),
        ("share of d = 7", result.share_7, ""),
        ("neurons never changed", result.never, ""),
        ("neurons in a tie", result.tied, "their greatest share stands at several distances"),
    )


def _neurons(result: Offsets) -> Table:
    columns = (
        [f"h{i}" for i in result.neuron.tolist()],
        (result.neuron_d, lambda part: [None if d < 0 else d for d in part.tolist()]),
        result.neuron_ties,
        result.neuron_changes,
        result.neuron_rate,
        result.neuron_first,
        result.neuron_total,
        result.neuron_stable,
    )
    return Table(
        "neurons",
        (
            Column("neuron"),
            Column("d", "d"),
            Column("ties", "d"),
            Column("changes", ",.6g"),
            Column("rate", ".2%"),
            Column("changes at 1", ",.6g"),
            Column("all distances", ",.6g"),
            Column("stable"),
        ),
        sorted(Rows(*columns), key=lambda row: -row[6]),
        "d: the distance at which the neuron's sign changes most often, the first of `ties`; changes: "
        "positions at which it does. Most changes first.",
        limit=6,
    )


def _depth(result: Offsets) -> Table:
    return Table(
        "depth",
        (
            Column("d", "d"),
            Column("positions", ",d"),
            Column("bits changed", ".4f"),
            Column("share", ".2%"),
            Column("KL, bits", ".4f"),
            Column("other guess", ".1%"),
            Column("KL, float64", ".4f"),
            Column("stable"),
        ),
        Rows(
            result.depth_d,
            result.depth_cells,
            result.depth_changes,
            result.depth_share,
            result.depth_kl,
            result.depth_flips,
            result.depth_kl64,
            result.depth_stable,
        ),
        "Means over positions. other guess: share of positions whose most probable output changes. stable: "
        "float32 and float64 agree position by position.",
        limit=10,
    )
