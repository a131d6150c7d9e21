"""The sheet of dwell: totals, classes, dwells, symbols, neurons, positions."""

from collections.abc import Callable

import numpy as np

from boolrnn.graph.dwell import Dwell
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet


@sheet.register
def _(result: Dwell) -> Sheet:
    """Totals and classes first; positions last."""
    rate = (
        "no steps" if result.flips_per_step is None else f"{result.flips_per_step:.1f} neurons flip per step"
    )
    return Sheet(
        f"{rate}: {result.window}, {result.source}.",
        [
            Table("totals", FACTS, _totals(result), result.variant + "."),
            Table(
                "classes",
                (Column("class"), Column("rule"), Column("neurons", ",d")),
                Rows(result.class_name, result.class_rule, result.class_count),
            ),
            Table(
                "dwells",
                (Column("steps", ",d"), Column("count", ",d")),
                Rows(result.histogram_dwell, result.histogram_count),
                "Steps between consecutive flips of a neuron; runs cut off by the window are left out.",
                limit=6,
            ),
            Table(
                "symbols",
                (Column("symbol"), Column("flips", ".2f"), Column("n", ",d")),
                Rows((result.symbol, _shown(result)), result.symbol_flips, result.symbol_n),
                "Neurons that flip as the symbol is read, mean over the n steps that read it.",
                limit=5,
            ),
            _neurons(result),
            _positions(result),
        ],
    )


def _shown(result: Dwell) -> Callable[[np.ndarray], list[str]]:
    """What turns a part of a column of symbols into cells."""
    return lambda part: [show_symbol(x, result.alphabet) for x in part.tolist()]


def _totals(result: Dwell) -> list:
    return facts(
        ("steps", result.steps, "t = 1 to the last position"),
        ("flips", result.flips, "all neurons"),
        ("flips per step", result.flips_per_step, ""),
        ("flips per position", result.flips_per_position, "position 0 counted as a step without flips"),
        ("steps per flip", result.steps_per_flip, "of one neuron"),
        ("fewest flips", result.fewest_flips, f"h{result.fewest_neuron}"),
        ("most flips", result.most_flips, f"h{result.most_neuron}"),
        ("mean dwell", result.mean_dwell, f"steps, {result.dwells:,} dwells"),
        ("mean |h|", result.mean_h, "float32 network"),
        ("least |h|", result.least_h, ""),
        ("saturated", result.saturated_neurons, "neurons per position with |h| >= 0.999"),
    )


def _neurons(result: Dwell) -> Table:
    columns = (
        result.neuron,
        result.neuron_flips,
        result.neuron_rate,
        result.neuron_class,
        result.neuron_mean_h,
        result.neuron_least_h,
        result.neuron_saturated,
        result.neuron_mean_dwell,
        result.neuron_median_dwell,
        (result.neuron_mode_dwell, _known),
        (result.neuron_longest_dwell, _known),
    )
    return Table(
        "neurons",
        (
            Column("neuron", "d"),
            Column("flips", ",d"),
            Column("rate", ".1%"),
            Column("class"),
            Column("mean |h|", ".4f"),
            Column("least |h|", ".3g"),
            Column("saturated", ".1%"),
            Column("mean dwell", ".2f"),
            Column("median", "g"),
            Column("mode", "d"),
            Column("longest", ",d"),
        ),
        sorted(Rows(*columns), key=lambda row: (-row[1], row[0])),
        "Most flips first. saturated: share of positions with |h| >= 0.999.",
        limit=6,
    )


def _positions(result: Dwell) -> Table:
    return Table(
        "positions",
        (
            Column("t", "d"),
            Column("symbol"),
            Column("flips", "d"),
            Column("saturated", "d"),
            Column("least |h|", ".3g"),
        ),
        Rows(
            result.position,
            (result.position_symbol, _shown(result)),
            (result.position_flips, _known),
            result.position_saturated,
            result.position_least_h,
        ),
        limit=4,
    )


def _known(part: np.ndarray) -> list[int | None]:
    """Cells of a part of a column of integers, -1 where there is none."""
    return [None if value < 0 else value for value in part.tolist()]
