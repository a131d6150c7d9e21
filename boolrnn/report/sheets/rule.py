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
        _sentence(result),
        [
            Table("rule", FACTS, about, result.formula_refused or ""),
            Table(
                "inputs",
                (Column("input"), Column("weight", ",d")),
                [(f"h{j}", w) for j, w in zip(result.source.tolist(), weights)],
                "Exact integers; b = 1 where the input's bit is 1, else 0. Heaviest first.",
                limit=12,
            ),
        ],
    )


def _sentence(result: Rule) -> str:
    """When the bit is 1, as far as it fits into a sentence."""
    bit = f"h{result.neuron} after {show_symbol(result.symbol, result.alphabet)}"
    if result.constant is not None:
        under = ", with the bits given," if len(result.given_bit) else ""
        return f"{bit} is {int(result.constant)}{under} in every state: no input can change it."
    count = len(result.source)
    inputs = "of its input" if count == 1 else f"over its {count:,} inputs"
    return f"{bit} is 1 iff the sum of weight x b {inputs} reaches {result.threshold:,}."
