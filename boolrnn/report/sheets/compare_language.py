"""The sheet of compare-language: the verdict, the counterexample, then what is known of the float network."""

from typing import Any

from boolrnn.machines.compare import CompareLanguage, show_word
from boolrnn.machines.naming import symbol_name
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet


@sheet.register
def _(result: CompareLanguage) -> Sheet:
    """The answer, the word, the float32 network beside it."""
    answer = {True: "yes", False: "no", None: "not decided"}[result.equal]
    about = facts(
        ("equal", answer, "for all words" if result.equal else ""),
        ("pairs of states", result.pairs_explored, "all there are" if result.equal else "looked at"),
        ("all words compared", None if result.equal else result.compared_to, "symbols and fewer"),
        ("stopped by", result.stopped_by, ""),
        ("speaks for", result.speaks_for.replace("_", " "), ""),
        ("symbols", len(result.among), " ".join(map(str, result.alphabet[:16]))),
        ("outputs", result.outputs, ""),
        (
            "specification",
            result.spec_kind,
            "" if result.spec_states is None else f"{result.spec_states} states",
        ),
        ("seconds", result.seconds, ""),
    )
    tables = [Table("answer", FACTS, about)]
    if result.counterexample is not None:
        rows = facts(
            (
                "word",
                result.counterexample_shown,
                f"{len(result.counterexample):,} symbols: none shorter differs",
            ),
            ("specification", result.label_expected, "its label after the word"),
            ("sign automaton", result.label_found, "the same"),
            ("float32 program", result.label_network, f"the same ({result.arithmetic})"),
        )
        tables.append(Table("counterexample", FACTS, rows))
    tables.append(
        Table("the float32 network", (Column("what"), Column("value"), Column("")), _floats(result))
    )
    return Sheet(result.verdict, tables)


def _floats(result: CompareLanguage) -> list[tuple[str, Any, str]]:
    """Four things that say how far the float program is what was compared."""
    rows: list[tuple[str, Any, str]] = []
    if result.sampled_right is not None:
        drawn = f"of {result.sampled_words:,} sampled words of 1 to {result.sampled_longest} symbols"
        rows.append(
            (
                f"agrees with {result.sampled_against}",
                f"{100 * result.sampled_right:.6g} %",
                f"{drawn}, at every prefix; proves nothing of others",
            )
        )
    if result.parting_verdict is not None:
        said = result.parting_verdict
        if result.parting_word is not None:
            said += f": {_shown(result, result.parting_word)}"
        rows.append(
            ("and its sign automaton", "differ" if result.parting_word is not None else "agree", said)
        )
    rows.append(("states certified", result.states_level, result.states_reason))
    rows.append(("outputs certified", result.outputs_level, result.outputs_reason))
    gain = "none found" if result.gain_needed is None else f"{result.gain_needed:.4g}"
    rows.append(("gain needed", gain, "least factor of wx, wh, bh at which states are certified"))
    return rows


def _shown(result: CompareLanguage, word: Any) -> str:
    names = {int(x): str(name) for x, name in zip(result.among, result.alphabet)}
    return show_word(tuple(names.get(x, symbol_name(x)) for x in word.tolist()))
