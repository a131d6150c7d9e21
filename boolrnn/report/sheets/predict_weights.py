"""The sheet of predict-weights: correlations beside chance, signs, the best neurons, every neuron."""

import numpy as np

from boolrnn.explain.predict_weights import MATRICES, PredictWeights
from boolrnn.explain.relabelled import READ, SHUFFLED
from boolrnn.report.sheets import Column, Rows, Sheet, Table, sheet


@sheet.register
def _(result: PredictWeights) -> Sheet:
    """What the statistics tell of each matrix, then the tables."""
    tables = [_statistics(result), _signs(result), _best(result), _neurons(result)]
    known = [result.best_of(name) is not None for name in MATRICES]
    return Sheet(_sentence(result), tables, [] if any(known) else ["no side varies: there is no correlation"])


def _sentence(result: PredictWeights) -> str:
    parts = []
    for matrix in MATRICES:
        if (k := result.best_of(matrix)) is None:
            continue
        r = float(result.r[k])
        chance = ""
        if np.isfinite(result.low[k]):
            chance = f"; relabelled {result.low[k]:+.2f} to {result.high[k]:+.2f}"
        if np.isfinite(result.shuffled_low[k]):
            least, greatest = result.shuffled_low[k], result.shuffled_high[k]
            chance += f", in shuffled nets {least:+.2f} to {greatest:+.2f}"
        parts.append(f"{matrix} {r:+.3f} ({result.name[k]}{chance})")
    if not parts:
        return f"Correlations of the weights with counts on the text: none, {result.window}."
    words = ", ".join(parts)
    return f"Best correlation of each matrix with a statistic computed from others: {words}; {result.window}."


def _statistics(result: PredictWeights) -> Table:
    """Matrix by matrix, the greatest |r| first."""
    columns = (
        Column("statistic"),
        Column("r", "+.4f"),
        Column("circular"),
        Column("relabelled from", "+.3f"),
        Column("to", "+.3f"),
        Column("shuffled nets from", "+.3f"),
        Column("up to", "+.3f"),
        Column("stable"),
        Column("r^2 %", ".1f"),
        Column("mean |r| of neurons", ".4f"),
        Column("computed from"),
    )
    size = np.nan_to_num(np.abs(result.r), nan=-1)
    place = np.array([MATRICES.index(name) for name in result.matrix.tolist()], np.int64)
    order = np.lexsort((-size, place))
    cells = (
        result.name,
        result.r,
        result.circular,
        result.low,
        result.high,
        result.shuffled_low,
        result.shuffled_high,
        result.stable,
        result.explained,
        result.mean_abs_r,
        result.source,
    )
    drawn = (
        f"Relabelled: the middle 95 % of r when the statistic's neurons are relabelled at random, sampled "
        f"{result.resamples:,} times. Shuffled nets: least and greatest r of {SHUFFLED} nets with the same "
        f"weights in random places and their own states, on at most {READ:,} symbols. Seed {result.seed}"
        if result.resamples
        else "Neither relabelled nor in shuffled nets: not asked for"
    )
    note = (
        f"{_capital(result.variant)}. {drawn}. wh_boolean_influence: {result.influence_positions} "
        f"positions. {_capital(result.arithmetic)}."
    )
    return Table("correlations", columns, Rows(*(_column(each[order]) for each in cells)), note)


def _signs(result: PredictWeights) -> Table:
    columns = (
        Column("matrix"),
        Column("statistic"),
        Column("|w| from", ".4g"),
        Column("entries", ",d"),
        Column("right", ",d"),
        Column("right %", ".1f"),
        Column("commoner sign %", ".1f"),
        Column("r", "+.4f"),
        Column("stable"),
    )
    cells = (
        result.sign_matrix,
        result.sign_statistic,
        result.sign_threshold,
        result.sign_entries,
        result.sign_right,
        result.sign_percent,
        result.sign_always,
        result.sign_r,
        result.sign_stable,
    )
    note = (
        "Of the entries with |w| from a threshold on (the published ones; else the largest tenth of those "
        "that are not 0): the statistic has their sign; always the commoner sign would be right; r over them "
        "alone."
    )
    return Table("signs", columns, Rows(*(_column(each) for each in cells)), note)


def _best(result: PredictWeights) -> Table:
    columns = (Column("statistic"), Column("neuron"), Column("r", "+.4f"), Column("stable"))
    neurons = (result.best_neuron, lambda part: [f"h{j}" for j in part.tolist()])
    rows = Rows(_column(result.best_statistic), neurons, result.best_r, _column(result.best_stable))
    note = "The neurons with the greatest |r| of each statistic: rows of wx, columns of wy."
    return Table("best neurons", columns, rows, note, aside=True)


def _neurons(result: PredictWeights) -> Table:
    """Every neuron, the greatest |r| of the first statistic there is of wy, else of wx, first."""
    given = [
        (name, values)
        for name in result.name.tolist()
        if (values := getattr(result, f"neuron_{name}", None)) is not None
    ]
    named = dict(given)
    key = next(name for name in ("wy_sign_split", "wx_sign_conditioned") if name in named)
    order = np.argsort(-np.nan_to_num(np.abs(named[key]), nan=-1), kind="stable")
    columns = (Column("neuron"), *(Column(name, "+.4f") for name, _ in given))
    neurons = (result.neuron[order], lambda part: [f"h{j}" for j in part.tolist()])
    rows = Rows(neurons, *(_column(values[order]) for _, values in given))
    note = f"r of each neuron's row of wx or column of wy; the greatest |r| of {key} first."
    return Table("neurons", columns, rows, note, limit=8)


def _column(values: np.ndarray) -> object:
    """NaN as empty cells, truths as words."""
    return (values, _plain) if values.dtype.kind in "fb" else values


def _plain(part: np.ndarray) -> list:
    if part.dtype.kind == "b":
        return ["yes" if each else "no" for each in part.tolist()]
    return [value if np.isfinite(value) else None for value in part.tolist()]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
