"""The sheet of rule: the threshold rule and, where it fits, the formula."""

from boolrnn.model.corpus import show_symbol
from boolrnn.model.rule import Rule
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet


@sheet.register
def _(result: Rule) -> Sheet:
    """Facts, then the integer weights, heaviest first."""
    fixed = zip(result.given_source.tolist(), result.given_bit.tolist())
    given = ", ".join(f"h{j}={bit}" for j, bit in fixed)
    about = facts(
        ("threshold", result.threshold, "bit = 1 iff the sum of weight x b reaches it"),
        ("inputs", len(result.source), "with a weight that is not 0"),
        ("given", given or None, ""),
        ("constant", result.constant, "no input can change it"),
        ("minimal formula", result.formula, f"{result.terms} terms" if result.terms else ""),
        ("step of z", result.scale, "per unit of the sum"),
        ("drive", result.drive, ""),
        ("lowest z", result.low, "over all states, nothing given"),
        ("highest z", result.high, "over all states, nothing given"),
        ("forced bit", result.forced, "the same in every state"),
        ("least margin seen", result.least_margin, ""),
        ("least flips seen", result.least_flips, "state bits"),
    )
    weights = [int(w) for w in result.weight.tolist()]
    return Sheet(
        f"h{result.neuron} under {show_symbol(result.symbol, result.alphabet)}; b is 0 or 1, all exact.",
        [
            Table("rule", FACTS, about, result.formula_refused or ""),
            Table(
                "inputs",
                (Column("input"), Column("weight", ",d")),
                [(f"h{j}", w) for j, w in zip(result.source.tolist(), weights)],
                limit=12,
            ),
        ],
    )
