"""The sheet of train: what came out, with which settings, and the way there."""

from boolrnn.make.train import Train
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet


@sheet.register
def _(result: Train) -> Sheet:
    """Facts, settings; the epochs last."""
    return Sheet(
        _sentence(result),
        [
            Table("net", FACTS, _facts(result)),
            Table(
                "settings",
                (Column("setting"), Column("value")),
                Rows(result.setting, result.setting_value),
                aside=True,
            ),
            Table(
                "epochs",
                (
                    Column("epoch", "d"),
                    Column("bpc as tanh", ".4f"),
                    Column("as signs", ".4f"),
                    Column("one step agrees", ".2%"),
                ),
                Rows(result.epoch, result.epoch_float, result.epoch_sign, result.epoch_one_step),
                "Scored on the validation part, or else on the text (the first 8,192 symbols).",
                limit=6,
            ),
        ],
        ["interrupted: this is the best net so far; the same command goes on"] if result.interrupted else [],
    )


def _sentence(result: Train) -> str:
    known = [
        f"{value:.4f} {name}"
        for value, name in ((result.bpc_float, "as tanh"), (result.bpc_sign_dynamics, "as signs"))
        if value is not None
    ]
    level = "; certified on this text" if result.level == "certified_text" else ""
    return f"{result.recipe}, H = {result.hidden}: {' and '.join(known)}, bits per character{level}."


def _facts(result: Train) -> list:
    healed = None if result.healed is None else f"{result.healed:.4%}"
    longest = f"of single flips, in at most {result.healing_steps} steps" if result.healing_steps else ""
    one_step = None if result.one_step is None else f"{result.one_step:.2%}"
    return facts(
        ("bpc as tanh", result.bpc_float, "on the symbols read"),
        ("bpc as signs", result.bpc_sign_dynamics, ""),
        ("validation as tanh", result.validation_float, f"{result.text_validation:,} symbols"),
        ("validation as signs", result.validation_sign_dynamics, ""),
        ("one step agrees", one_step, "signs, after the descent"),
        ("level", result.level, "on the symbols read"),
        ("gain", result.gain, "by which all sums were multiplied"),
        ("healed", healed, longest),
        ("H, V", f"{result.hidden}, {result.symbols}", ""),
        ("density of Wh", f"{result.density:.1%}", ""),
        ("readout neurons", result.readout_neurons, ""),
        ("parameters", result.parameters, "that are not zero"),
        ("best epoch", result.best_epoch, ""),
        ("seed", result.seed, ""),
        ("seconds", round(result.seconds, 1), ""),
        ("weights sha256", result.weights_sha256, ""),
    )
