"""The sheet of train-language: whether the net speaks the language, and the way there."""

import numpy as np

from boolrnn.machines.task import TrainLanguage
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_NOTE = (
    "Labels right: in training, of all prefixes. Drawn words right: of the best rounding, up to the first "
    "batch with a mistake. Wrong after: symbols of the shortest word on which that rounding is wrong."
)


@sheet.register
def _(result: TrainLanguage) -> Sheet:
    """Facts; the attempts last."""
    columns = (
        Column("net", "d"),
        Column("updates", ",d"),
        Column("length", "d"),
        Column("loss", ".4f"),
        Column("labels right", ".3%"),
        Column("largest |Wh|", "d"),
        Column("drawn words right", ".2%"),
        Column("wrong after", "d"),
        Column("words fed back", ",d"),
    )
    rows = Rows(
        result.history_training,
        result.history_updates,
        result.history_length,
        result.history_loss,
        result.history_right,
        result.history_largest,
        result.history_words_right,
        (result.history_word, _known),
        result.history_fed_back,
    )
    warnings = [f"{result.warning}"] if result.warning else []
    if result.interrupted:
        warnings.append("interrupted: this is the best net so far")
    tables = [Table("net", FACTS, _facts(result)), Table("attempts", columns, rows, _NOTE, limit=12)]
    return Sheet(_sentence(result), tables, warnings)


def _sentence(result: TrainLanguage) -> str:
    net = f"{result.language}, H = {result.hidden}"
    if result.equal is None:
        return f"{net}: unproved, no difference found among {result.pairs_explored:,} pairs of states."
    if result.equal:
        return f"{net}: proved for words of every length ({result.pairs_explored:,} pairs of states)."
    assert result.counterexample is not None
    return f"{net}: wrong, first after {len(result.counterexample):,} symbols."


def _facts(result: TrainLanguage) -> list:
    word = None if result.counterexample is None else _shown(result)
    return facts(
        ("equal", {True: "yes", False: "no", None: "unknown"}[result.equal], "to the machine, on all words"),
        ("shortest counterexample", word, f"{result.told} instead of {result.expected}"),
        ("pairs of states", result.pairs_explored, "of net and machine, looked at"),
        (
            "test accuracy",
            f"{result.test_accuracy:.3%}",
            f"of {result.test_words:,} words, at every prefix; 1 to {result.test_longest} symbols",
        ),
        ("level", result.level, result.reason),
        ("outputs", result.outputs_level, ""),
        ("trained on", result.mode, f"words of up to {result.longest} symbols, {result.batch} at a time"),
        ("updates", result.updates, f"{result.trainings:,} nets begun, {result.rounds:,} attempts to prove"),
        ("words fed back", result.fed_back, ""),
        ("largest |Wh|", result.max_abs_wh, f"integers, times {result.gain:g}"),
        ("largest drive", result.max_abs_drive, ""),
        ("H, V, O", f"{result.hidden}, {result.symbols}, {len(result.by)}", ""),
        ("labels", " ".join(result.labels[:16].tolist()), "outputs 0, 1, .."),
        ("states of the machine", result.machine_states, result.kind),
        ("seed", result.seed, ""),
        ("seconds", round(result.seconds, 2), ""),
        ("weights sha256", result.weights_sha256, ""),
    )


def _shown(result: TrainLanguage) -> str:
    """The counterexample in the machine's own symbols."""
    names = result.symbol_names[result.counterexample].tolist()
    together = all(len(name) == 1 for name in names)
    return ("" if together else " ").join(names) or "(no symbols)"


def _known(values: np.ndarray) -> list[int | None]:
    return [value if value >= 0 else None for value in values.tolist()]
