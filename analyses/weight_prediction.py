"""The weight-construction page: what counts on the text say about single weights of the trained net.

Correlations of a statistic with the matrix it is to predict. All statistics use the net's own states, so
none is of the data alone; one is computed from the matrix that it predicts.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Claim, Pair, number

PAGE = "weight-construction page, prediction"
NARRATIVE = "narrative"
PROGRAM = "program write_weights, archived pair"
SCALED = "program write_weights2, archived pair"
HEBBIAN = "program write_weights3, archived pair"
OWN = "weight-construction page, open question"
CIRCULAR = "circular: the statistic is computed from wh itself"
RESAMPLES = 200
SELECTED = "the selection of the five smallest outputs is inverted; as documented it is another number"
CLAIMS = (
    Claim("wh_hebbian", 0.40, 0.005, "r", PAGE, "wh and the covariance", of="other"),
    Claim("wh_large", 5887, 0, "entries", PAGE, "entries of wh of 3 and more", of="other"),
    Claim("wh_large_r", 0.56, 0.005, "r", PAGE, "wh and the covariance, over these", of="other"),
    Claim("wh_large_signs", 72.7, 0.05, "%", PAGE, "of their signs predicted", of="other"),
    Claim("wh_influence", 0.56, 0.005, "r", PAGE, "wh and Boolean influence", but=CIRCULAR),
    Claim("wh_influence_share", 32.0, 0.5, "%", PAGE, "of the variance of wh, by influence", but=CIRCULAR),
    Claim("wh_sign", 0.44, 0.005, "r", PAGE, "wh and the sign correlation"),
    Claim("wx_pmi", 0.31, 0.005, "r", PAGE, "wx and PMI", but=SELECTED),
    Claim("wx_sign", 0.25, 0.005, "r", PAGE, "wx and the sign-conditioned log ratio"),
    Claim("wy_sign", 0.54, 0.005, "r", PAGE, "wy and the sign-split log ratio"),
    Claim("wy_sign_share", 29.0, 0.5, "%", PAGE, "of the variance of wy"),
    Claim("bh", 0.58, 0.005, "r", PAGE, "bh and the log odds"),
    Claim("bh_share", 34.0, 0.5, "%", PAGE, "of the variance of bh"),
    Claim("wy_best", [117, 59, 94], 0, "neurons", PAGE, "the best columns of wy"),
    Claim("wy_best_least", True, 0, "statement", PAGE, "their |r| are above 0.85"),
    Claim("wy_mean", 0.675, 5e-4, "|r|", PAGE, "mean over the columns of wy"),
    Claim("wx_best", [8, 68, 52], 0, "neurons", PAGE, "the best rows of wx"),
    Claim("wx_best_least", True, 0, "statement", PAGE, "their |r| are above 0.75"),
    Claim("wx_mean", 0.283, 5e-4, "|r|", PAGE, "mean over the rows of wx"),
    Claim("told_wx_hebbian", 0.13, 0.005, "r", NARRATIVE, "wx and the mean shift", of="other"),
    Claim("told_wx_sign", 0.18, 0.005, "r", NARRATIVE, "wx and the sign-conditioned log ratio", of="other"),
    Claim("told_wy_hebbian", 0.01, 0.005, "r", NARRATIVE, "wy and the mean shift", of="other"),
    Claim("told_bh", 0.50, 0.005, "r", NARRATIVE, "bh and the log odds", of="other"),
    Claim("run_wx_pmi", 0.3147, 5e-5, "r", PROGRAM, "wx and PMI", but=SELECTED),
    Claim("run_wx_sign", 0.2451, 5e-5, "r", PROGRAM, "wx and the sign-conditioned log ratio"),
    Claim("run_wy_sign", 0.5373, 5e-5, "r", PROGRAM, "wy and the sign-split log ratio"),
    Claim("run_wh_sign", 0.4386, 5e-5, "r", PROGRAM, "wh and the sign correlation"),
    Claim("run_wh_influence", 0.5625, 5e-5, "r", PROGRAM, "wh and Boolean influence", but=CIRCULAR),
    Claim("run_bh", 0.5849, 5e-5, "r", PROGRAM, "bh and the log odds"),
    Claim("run_wx_pmi_mean", 0.2293, 5e-5, "|r|", PROGRAM, "mean over the rows of wx, PMI", but=SELECTED),
    Claim("run_wx_mean", 0.2830, 5e-5, "|r|", PROGRAM, "mean over the rows of wx, log ratio"),
    Claim("run_wy_mean", 0.6752, 5e-5, "|r|", PROGRAM, "mean over the columns of wy, log ratio"),
    Claim("run_wy_best", [0.8917, 0.8657, 0.8507], 5e-5, "r", PROGRAM, "h117, h59, h94: columns of wy"),
    Claim("run_wx_best", [0.7840, 0.7783, 0.7601], 5e-5, "r", PROGRAM, "h8, h68, h52: rows of wx"),
    Claim("run_wh_hebbian", 0.5244, 5e-5, "r", HEBBIAN, "wh and the covariance"),
    Claim("run_wx_hebbian", 0.2744, 5e-5, "r", HEBBIAN, "wx and the mean shift"),
    Claim("run_wy_hebbian", 0.5820, 5e-5, "r", HEBBIAN, "wy and the mean shift"),
    Claim("run_wx_hebbian_mean", 0.2364, 5e-5, "|r|", HEBBIAN, "mean over the rows of wx"),
    Claim("run_wy_hebbian_mean", 0.5813, 5e-5, "|r|", HEBBIAN, "mean over the columns of wy"),
    Claim("run_wh_large", 0, 0, "entries", HEBBIAN, "entries of wh of 3 and more"),
    Claim("run_signs_0.5", [196, 207], 0, "entries", HEBBIAN, "signs of wh of 0.5 and more, right and all"),
    Claim("run_signs_0.1", [3161, 3980], 0, "entries", SCALED, "signs of wh of 0.1 and more, right and all"),
    Claim("run_signs_wx", [948, 1321], 0, "entries", SCALED, "signs of wx of 0.1 and more, right and all"),
    Claim("documented_pmi", None, 0, "r", OWN, "wx and PMI as documented", of="nothing"),
)

# claim by claim: the statistic it is about
CORRELATIONS = {
    "wh_hebbian": "wh_hebbian",
    "wh_influence": "wh_boolean_influence",
    "wh_sign": "wh_sign_correlation",
    "wx_pmi": "wx_pmi",
    "wx_sign": "wx_sign_conditioned",
    "wy_sign": "wy_sign_split",
    "bh": "bh_log_odds",
    "told_wx_hebbian": "wx_hebbian",
    "told_wx_sign": "wx_sign_conditioned",
    "told_wy_hebbian": "wy_hebbian",
    "told_bh": "bh_log_odds",
    "run_wx_pmi": "wx_pmi",
    "run_wx_sign": "wx_sign_conditioned",
    "run_wy_sign": "wy_sign_split",
    "run_wh_sign": "wh_sign_correlation",
    "run_wh_influence": "wh_boolean_influence",
    "run_bh": "bh_log_odds",
    "run_wh_hebbian": "wh_hebbian",
    "run_wx_hebbian": "wx_hebbian",
    "run_wy_hebbian": "wy_hebbian",
    "documented_pmi": "wx_pmi_documented",
}
SHARES = {
    "wh_influence_share": "wh_boolean_influence",
    "wy_sign_share": "wy_sign_split",
    "bh_share": "bh_log_odds",
}
MEANS = {
    "wy_mean": "wy_sign_split",
    "wx_mean": "wx_sign_conditioned",
    "run_wx_pmi_mean": "wx_pmi",
    "run_wx_mean": "wx_sign_conditioned",
    "run_wy_mean": "wy_sign_split",
    "run_wx_hebbian_mean": "wx_hebbian",
    "run_wy_hebbian_mean": "wy_hebbian",
}


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.predict_weights, as_published=True, resamples=RESAMPLES)
    at = {name: k for k, name in enumerate(found.name.tolist())}
    for claim, name in CORRELATIONS.items():
        yield claim, *_row(found, found.r, at.get(name))
    for claim, name in SHARES.items():
        yield claim, *_row(found, found.explained, at.get(name))
    for claim, name in MEANS.items():
        yield claim, *_row(found, found.mean_abs_r, at.get(name))
    yield from _best(pair, found)
    yield from _signs(pair, found)


def _row(found: boolrnn.PredictWeights, column: np.ndarray, k: int | None) -> tuple[float | None, str, bool]:
    """A figure of a statistic, what chance gives for r where that is the figure, and whether it is stable."""
    if k is None:
        return None, "the net's outputs are not its symbols", True
    if column is not found.r or not np.isfinite(found.low[k]):
        return column[k], "", bool(found.stable[k])
    chance = f"{found.low[k]:.3f} to {found.high[k]:.3f}"
    return column[k], f"neurons relabelled at random: {chance}", bool(found.stable[k])


def _best(pair: Pair, found: boolrnn.PredictWeights) -> Iterator[tuple[Any, ...]]:
    """The neurons whose weights a statistic predicts best."""
    for matrix, statistic, neurons, least in (
        ("wy", "wy_sign_split", (117, 59, 94), 0.85),
        ("wx", "wx_sign_conditioned", (8, 68, 52), 0.75),
    ):
        rows = np.flatnonzero(found.best_statistic == statistic)[:3]
        listed, r = found.best_neuron[rows], found.best_r[rows]
        steady = bool(found.best_stable[rows].all())
        shown = ", ".join(f"h{j} {value:.4f}" for j, value in zip(listed.tolist(), r.tolist(), strict=True))
        yield f"{matrix}_best", listed if len(rows) else None, shown, steady
        yield f"{matrix}_best_least", bool((np.abs(r) > least).all()) if len(rows) else None, shown, steady
        every = getattr(found, f"neuron_{statistic}")
        if every is None:
            yield f"run_{matrix}_best", None, "the net's outputs are not its symbols"
            continue
        yield (
            f"run_{matrix}_best",
            lambda every=every, neurons=neurons: every[[pair.neuron(j) for j in neurons]],
        )


def _signs(pair: Pair, found: boolrnn.PredictWeights) -> Iterator[tuple[Any, ...]]:
    """Signs of the entries from a threshold on."""
    keys = zip(found.sign_statistic.tolist(), found.sign_threshold.tolist(), strict=True)
    at = {key: k for k, key in enumerate(keys)}
    large = at["wh_hebbian", 3.0]
    none = "" if found.sign_entries[large] else f"no entry is; the largest |wh| is {_largest(pair)}"
    for claim in ("wh_large", "run_wh_large"):
        yield claim, found.sign_entries[large], f"the largest |wh| is {_largest(pair)}"
    yield "wh_large_r", found.sign_r[large], none, bool(found.sign_stable[large])
    yield "wh_large_signs", found.sign_percent[large], none, bool(found.sign_stable[large])
    for claim, key in (
        ("run_signs_0.5", ("wh_hebbian", 0.5)),
        ("run_signs_0.1", ("wh_sign_correlation", 0.1)),
        ("run_signs_wx", ("wx_sign_conditioned", 0.1)),
    ):
        k = at[key]
        always = number(found.sign_always[k], ".1f")
        note = f"{number(found.sign_percent[k], '.1f')} %; always the commoner sign {always} %"
        yield claim, [int(found.sign_right[k]), int(found.sign_entries[k])], note, bool(found.sign_stable[k])


def _largest(pair: Pair) -> str:
    return f"{np.abs(pair.weights.wh).max():.3f}"
