"""The sheet of agreement: the verdict, what parting costs, and where margins stop helping."""

import math

from boolrnn.check.agreement import Agreement
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet


@sheet.register
def _(result: Agreement) -> Sheet:
    """The verdict in numbers; positions last."""
    return Sheet(
        result.verdict,
        [
            Table("level", FACTS, _level(result)),
            Table(
                "bits per character",
                (Column("predictor"), Column("bpc", ".4f"), Column("")),
                _bpc(result),
                f"{result.window}, {result.arithmetic}; softmax in float64.",
            ),
            Table("margins", FACTS, _margins(result), f"{result.window}, all neurons."),
            Table(
                "calibration",
                (
                    Column("margin from", "g"),
                    Column("to", "g"),
                    Column("bits", ",d"),
                    Column("wrong", ",d"),
                    Column("share wrong", ".2%"),
                ),
                Rows(
                    result.calibration_low,
                    result.calibration_high,
                    result.calibration_bits,
                    result.calibration_wrong,
                    result.calibration_share,
                ),
                f"One-step bits at positions 1..{result.positions - 1} by the network's margin.",
            ),
            Table(
                "mantissa bits kept",
                (
                    Column("bits", "d"),
                    Column("bpc, float32", ".4f"),
                    Column("float64", ".4f"),
                    Column("stable"),
                ),
                Rows(
                    result.mantissa_bits,
                    result.mantissa_bpc,
                    result.mantissa_float64,
                    result.mantissa_stable,
                ),
                f"h cut at each step, {result.mantissa_window}; unstable rows move with the order of sums.",
                aside=True,
            ),
            Table(
                "neurons",
                (
                    Column("neuron", "d"),
                    Column("one step", ".2%"),
                    Column("free run", ".2%"),
                    Column("mean margin", ".3f"),
                ),
                sorted(
                    Rows(
                        result.neuron,
                        result.neuron_one_step,
                        result.neuron_free_run,
                        result.neuron_margin,
                    ),
                    key=lambda row: (not math.isnan(row[1]), row[1]),
                ),
                "Least one-step agreement first.",
                limit=4,
            ),
            Table(
                "positions",
                (
                    Column("t", "d"),
                    Column("one step", ".1%"),
                    Column("free run", ".1%"),
                    Column("float bits", ".3f"),
                    Column("automaton bits", ".3f"),
                ),
                Rows(
                    result.t,
                    result.t_one_step,
                    result.t_free_run,
                    result.t_float_bits,
                    result.t_free_bits,
                ),
                limit=4,
            ),
        ],
        [] if result.stable else ["some figures move by more than 1e-4 between float32 and float64"],
    )


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.4f} %"


def _level(result: Agreement) -> list:
    divergence, cost = None, ""
    if result.divergence_t is not None:
        divergence = f"t = {result.divergence_t}, h{result.divergence_neuron}"
        if result.divergence_cost is not None:
            cost = f"{result.divergence_cost:+.3f} bits there"
    asked = "" if result.required is None else f"asked for: {result.required}"
    distinct = f"{result.distinct_float:,} float, {result.distinct_automaton:,} automaton"
    return facts(
        ("level", result.level, asked),
        ("one step", _percent(result.one_step), f"of signs, positions 1..{result.positions - 1}"),
        ("free run", _percent(result.free_run), f"of signs, {result.window}"),
        ("first divergence", divergence, cost),
        ("distinct states", distinct, result.window),
        ("float32 against float64", result.sign_differences, "signs differ"),
        ("certificate", result.certificate_reason, ""),
    )


def _bpc(result: Agreement) -> list:
    return [
        ("float", result.bpc_float, "the network"),
        ("sign readout", result.bpc_sign_readout, "its signs, read out"),
        ("one step", result.bpc_one_step, "automaton, from its signs one position before"),
        ("free run", result.bpc_sign_dynamics, "automaton running on its own (bpc.sign_dynamics)"),
        ("bias only", result.bpc_bias_only, "the output bias (by) alone"),
    ]


def _margins(result: Agreement) -> list:
    share_1 = share_01 = ""
    if result.margin_count:
        share_1 = f"{result.margin_below_1 / result.margin_count:.2%} of {result.margin_count:,}"
        share_01 = f"{result.margin_below_0_1 / result.margin_count:.2%}"
    return facts(
        ("mean", result.margin_mean, "|z| of the float network"),
        ("below 1", result.margin_below_1, share_1),
        ("below 0.1", result.margin_below_0_1, share_01),
        ("least", result.margin_min, ""),
        ("largest with a wrong bit", result.largest_wrong_margin, "one step"),
    )
