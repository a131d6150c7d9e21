"""The sheet of pmi: totals, comparison with chance, published tables, every distance."""

from typing import Any

import numpy as np

from boolrnn.explain.pmi import Pmi
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_NAMES = {2: "bigram", 3: "trigram", 4: "fourgram"}
_PERCENT = ".2f"


@sheet.register
def _(result: Pmi) -> Sheet:
    """Aligned shares beside what they would be anyway."""
    return Sheet(
        _sentence(result),
        [
            Table("totals", FACTS, _totals(result), f"{_capital(result.variant)}."),
            _comparison(result),
            *_published(result),
            _offsets(result),
        ],
        [] if result.positions else ["no positions: nothing was replaced"],
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _sentence(result: Pmi) -> str:
    if result.bigram is None or result.base_rate is None:
        return f"Sensitivity to symbols with PMI above {result.threshold:g}: no cases, {result.window}."
    share = f"{result.bigram:.1f} % of the sensitivity lies at pairs with PMI above {result.threshold:g}"
    even = f"{result.order_expected[0]:.1f} % of an even spread at each distance"
    low, high = result.order_low[0], result.order_high[0]
    if not np.isfinite(low):
        verdict = f"beside the {even} (too few positions to tell them apart)"
    elif low > 0 or high < 0:
        verdict = f"{'more' if low > 0 else 'less'} than the {even}"
    else:
        verdict = f"no evidence of more or less than the {even}"
    return f"{share}, {verdict}: {result.window}, {result.arithmetic}."


def _totals(result: Pmi) -> list:
    return facts(
        ("bigram", result.bigram, "% of sensitivity aligned"),
        ("trigram", result.trigram, "%"),
        ("fourgram", result.fourgram, "%"),
        ("base rate", result.base_rate, "% of cells aligned (bigram), each counted once"),
        ("  cell counted", result.base_counted, "%, the tested cell among the counts"),
        ("  cell left out", result.base_left_out, "%, without it"),
        ("  random source", result.base_random, "%, the symbol drawn from the text instead"),
        ("eight positions", result.eight_bigram, "% of sensitivity aligned (bigram)"),
        ("positions", result.positions, result.replacements),
    )


def _comparison(result: Pmi) -> Table:
    return Table(
        "comparison",
        (
            Column("statistic"),
            Column("aligned %", _PERCENT),
            Column("base rate %", _PERCENT),
            Column("even spread %", _PERCENT),
            Column("lift", "+.2f"),
            Column("from", "+.2f"),
            Column("to", "+.2f"),
            Column("rank", ".3f"),
            Column("stable"),
        ),
        Rows(
            (result.order, lambda part: [_NAMES[k] for k in part.tolist()]),
            result.order_percent,
            result.order_base,
            result.order_expected,
            result.order_lift,
            result.order_low,
            result.order_high,
            result.order_rank,
            result.order_stable,
        ),
        "even spread: the share if sensitivity at each distance went to its cells alike; lift: aligned less "
        f"that, in percentage points, with its interval ({result.intervals}); rank: the chance that an "
        "aligned cell has more sensitivity than an unaligned one of its distance.",
    )


def _published(result: Pmi) -> list[Table]:
    tables = []
    if result.eight_d is not None:
        columns = (result.eight_d, result.eight_total, result.eight_aligned, result.eight_percent)
        tables.append(
            Table(
                "eight positions",
                (Column("d", "d"), Column("total", ".4f"), Column("aligned", ".4f"), Column("%", _PERCENT)),
                Rows(*columns),
                limit=5,
            )
        )
    if result.top_d is not None:
        columns = (
            result.top_d,
            (result.top_source, lambda part: _shown(part, result)),
            (result.top_target, lambda part: _shown(part, result)),
            result.top_value,
            result.top_count,
        )
        tables.append(
            Table(
                "greatest PMI",
                (
                    Column("d", "d"),
                    Column("symbol"),
                    Column("d later"),
                    Column("PMI", ".4f"),
                    Column("n", "d"),
                ),
                Rows(*columns),
                limit=5,
            )
        )
    return tables


def _shown(part: np.ndarray, result: Pmi) -> list[str]:
    return [show_symbol(x, result.alphabet) for x in part.tolist()]


def _offsets(result: Pmi) -> Table:
    columns: list[tuple[Column, Any]] = [
        (Column("d", "d"), result.d),
        (Column("cells", ",d"), result.d_cells),
        (Column("sum |D|", ",.1f"), result.d_sensitivity),
        (Column("mean", ".3f"), result.d_mean),
        (Column("bigram", _PERCENT), result.d_bigram),
        (Column("base 2", _PERCENT), result.d_base),
        (Column("from", "+.1f"), result.d_low),
        (Column("to", "+.1f"), result.d_high),
        (Column("random", _PERCENT), result.d_random),
        (Column("trigram", _PERCENT), result.d_trigram),
        (Column("base 3", _PERCENT), result.d_base_trigram),
        (Column("fourgram", _PERCENT), result.d_fourgram),
        (Column("base 4", _PERCENT), result.d_base_fourgram),
        (Column("stable"), result.d_stable),
    ]
    given = [(column, values) for column, values in columns if values is not None]
    return Table(
        "offsets",
        [column for column, _ in given],
        Rows(*(values for _, values in given)),
        "|D|: the bits by which the true symbol's cost changes, the sensitivity: its sum over cells, and its "
        "mean. bigram, trigram, fourgram: % of the sum that is aligned; base: % of cells aligned, of pairs "
        "(2), trigrams (3), fourgrams (4); random: base 2 with sources drawn from the text; from, to: "
        "interval of bigram less base 2, in percentage points.",
    )
