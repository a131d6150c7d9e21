"""The sheet of attribution: totals, thresholds, distances, flips, positions."""

import numpy as np

from boolrnn.explain.attribution import Attribution
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet


@sheet.register
def _(result: Attribution) -> Sheet:
    """Totals first, then weights by threshold and symbols by distance; positions last."""
    tables = [
        Table("totals", FACTS, _totals(result), result.variant + "."),
        _classes(result),
        _thresholds(result),
        _depth(result),
        *([_boolean(result)] if result.boolean_d is not None else []),
        _positions(result),
    ]
    return Sheet(_sentence(result), tables, _warnings(result))


def _sentence(result: Attribution) -> str:
    if not len(result.t):
        return f"Nothing is predicted: {result.window}."
    if result.peak is None:
        asked = "" if result.boolean_d is not None else " Exact flips may: ask for them with flips."
        return (
            f"No gradient reaches a symbol: {result.window}. None passes through saturated neurons or "
            f"weights of 0, so gradients say nothing here about what predictions hang on.{asked}"
        )
    mass = result.d_mass[result.peak]
    return (
        f"The symbols that predictions hang on most were read {result.peak} "
        f"step{'s' * (result.peak != 1)} back (mass {mass:.4g} nats): {result.window}."
    )


def _warnings(result: Attribution) -> list[str]:
    """What the masses must not be taken for."""
    if len(result.t) < 10 or result.costliest_bits is None or not result.costliest_bits > 0.5:
        return []
    return [
        f"{result.costliest_bits:.0%} of all bits lie at {result.costliest_positions} of {len(result.t):,} "
        "positions, and gradients are proportional to 1 - P: the means describe those positions. "
        "Few active weights elsewhere say that the network is right, not that it needs few."
    ]


def _totals(result: Attribution) -> list:
    of_bits = "of the positions, the costliest tenth, cost this share of all bits"
    peak = "steps back: distance of the greatest mass"
    return facts(
        ("bpc", result.bpc, result.arithmetic),
        ("bits", result.bits_total, "all positions"),
        ("bits, costliest", result.costliest_bits, f"{result.costliest_positions} {of_bits}"),
        ("readout mass", result.readout_mass, "sum of |d ln P / d h|, mean over positions"),
        ("readout mass, costliest", result.readout_costliest, "share of it at the costliest positions"),
        ("peak", result.peak, peak),
    )


def _classes(result: Attribution) -> Table:
    rows = [
        (name, getattr(result, f"patterns_{key}"), getattr(result, f"significant_{key}"), never)
        for name, key, never in (
            ("wx", "wx", result.never_wx),
            ("wh", "wh", result.never_wh),
            ("wy", "wy", result.never_wy),
            ("all", "total", result.never_total),
        )
    ]
    above = f"|w| > {result.significant_above:g}"
    return Table(
        "weights",
        (Column("class"), Column("weights", ",d"), Column(above, ",d"), Column("never active", ",d")),
        rows,
        f"never active: above {result.never_tau:g} at no position.",
    )


def _thresholds(result: Attribution) -> Table:
    return Table(
        "thresholds",
        (
            Column("above", "g"),
            Column("mean", ",.2f"),
            Column("median", ",g"),
            Column("min", ",d"),
            Column("max", ",d"),
            Column("wx", ",.2f"),
            Column("wh", ",.2f"),
            Column("wy", ",.2f"),
            Column("of all", ".3%"),
            Column("of significant", ".3%"),
            Column("stable"),
        ),
        Rows(
            result.tau,
            result.tau_mean,
            result.tau_median,
            (result.tau_min, _known),
            (result.tau_max, _known),
            result.tau_wx,
            result.tau_wh,
            result.tau_wy,
            result.tau_share,
            result.tau_of_significant,
            result.tau_stable,
        ),
        "Active weights per position. stable: float64 gives the same to 0.1 %.",
    )


def _depth(result: Attribution) -> Table:
    return Table(
        "depth",
        (
            Column("d", "d"),
            Column("positions", ",d"),
            Column("mass", ".4f"),
            Column("of d = 0", ".3f"),
            Column("share", ".2%"),
            Column("costliest", ".1%"),
            Column("stable"),
        ),
        Rows(
            result.d,
            result.d_positions,
            result.d_mass,
            result.d_fraction,
            result.d_share,
            result.d_costliest,
            result.d_stable,
        ),
        "mass of the symbol read d steps before (0: the last one). share: of a position's masses, every "
        "position weighing the same; costliest: of the mass, at the costliest tenth of the positions.",
        limit=10,
    )


def _boolean(result: Attribution) -> Table:
    kinds = [
        getattr(result, f"{kind}_{name}")
        for kind in ("flips", "symbols")
        for name in ("n", "change", "distance", "guess", "healed")
    ]
    heads = (("n", ",d"), ("bits", ".4f"), ("differ", ".2f"), ("guess", ".1%"), ("healed", ".1%"))
    return Table(
        "boolean",
        (
            Column("d", "d"),
            *(Column(f"{kind}: {name}", spec) for kind in ("flip", "symbol") for name, spec in heads),
        ),
        Rows(result.boolean_d, *kinds),
        f"One bit, or the symbol, changed d steps before the prediction; exact steps of the automaton from "
        f"{result.boolean_states}; {result.boolean_window}. bits: mean change of what the true symbol costs; "
        "differ: bits that differ at the prediction; guess: share that changes the first guess.",
    )


def _positions(result: Attribution) -> Table:
    return Table(
        "positions",
        (
            Column("t", "d"),
            Column("true"),
            Column("bits", ".4f"),
            Column("gradient", ".4g"),
            *(Column(f"> {tau:g}", ",d") for tau in result.tau),
        ),
        Rows(
            result.t,
            (result.t_true, lambda part: [show_symbol(x, result.alphabet) for x in part.tolist()]),
            result.t_bits,
            result.t_gradient,
            *(result.t_active[:, k] for k in range(len(result.tau))),
        ),
        "gradient: sum of |d ln P / d h|. Then the active weights at each threshold.",
        limit=5,
    )


def _known(part: np.ndarray) -> list[int | None]:
    """Cells of a part of a column of counts, -1 where there is none."""
    return [None if value < 0 else value for value in part.tolist()]
