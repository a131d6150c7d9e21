"""The sheet of justify: one position as a sentence and its neurons; many as what suffices, and for whom."""

import dataclasses
from collections.abc import Callable

import numpy as np

from boolrnn.explain.enough import LISTED, SUFFICIENT
from boolrnn.explain.justify import Justify
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

Cells = Callable[[np.ndarray], list]
_NAMED = 3  # terms named in a sentence, per neuron
_ENOUGH = (
    "Fewest neurons whose readout alone (each at its own h, the others at 0, the bias kept) predicts the same"
    " symbol, and fewest terms of their sums (bias, input, sources) that do; weights: terms and all {outputs}"
    " readout weights of each neuron. {proved} Terms: a greedy search; fewer may do."
)
_MODELS = (
    "Nets of which only so much is kept; neurons and terms of their sums per position, mean. Same: share of "
    "positions with the net's own predicted symbol. {neurons} neurons listed, {sources} sources: what the "
    "tables list, a limit of printing and not a search."
)
_RANKED = (
    "Kept: so many neurons at their own h, those first whose negation changes the true symbol's cost most."
)
_NEURONS = (
    "First: positions at which negating the neuron changes the true symbol's cost most. Listed: ... is one of"
    " the {neurons} that change it most. First source: of all listed neurons, those whose heaviest source it"
    " is."
)
_ROWS = (
    "Delta: bits that the true symbol costs more with h negated in the readout; decides: another symbol is "
    "then predicted. z = bias + input + all sources; the heaviest by size, with what each adds, whichever the"
    " sign. Chain: the heaviest source followed back. Stable: no number moves by more than 1e-4, and no name "
    "changes, in float64."
)


@sheet.register
def _(result: Justify) -> Sheet:
    """One position: its sentence, what suffices, its neurons. Several: distributions first."""
    if len(result.t) == 1:
        return Sheet(sentence(result, 0), [_kept(result), _models(result), _rows(result, 20)])
    tables = [
        Table("totals", FACTS, _totals(result), result.variant + "."),
        _quantiles(result),
        _models(result),
        _ranked(result),
        _neurons(result),
        _sentences(result),
        dataclasses.replace(_rows(result, 10), aside=True),
    ]
    return Sheet(_summary(result), tables)


def _summary(result: Justify) -> str:
    where = f"{result.window[0].upper()}{result.window[1:]}, {result.arithmetic}."
    if result.mean_neurons is None:
        return f"Nothing to justify. {where}"
    middle = int(np.flatnonzero(result.quantile == 0.5)[0])
    neurons = _many(result.quantile_neurons[middle], "neuron")
    terms = _many(result.quantile_terms[middle], "term")
    return (
        f"Half of the predicted symbols are kept by at most {neurons}, and by at most {terms} of their sums; "
        "such terms give "
        f"{result.model_bpc[SUFFICIENT]:.3g} instead of {result.bpc:.3g} bits per character. "
        f"{result.model[LISTED]} each keep {100 * result.model_same[LISTED]:.1f} %. {where}"
    )


def _many(count: float | int, word: str) -> str:
    return f"{count:g} {word}" if count == 1 else f"{count:g} {word}s"


def _totals(result: Justify) -> list:
    return facts(
        ("positions", result.predictions, result.window),
        ("bpc", result.bpc, f"bits per character, {result.arithmetic}"),
        ("right", result.right, "share of positions whose predicted symbol is the true one"),
        ("fewest neurons, mean", result.mean_neurons, f"of {result.hidden:,}"),
        ("terms, mean", result.mean_terms, "of their sums"),
        ("proved", result.proved, "share of positions whose fewest neurons are proved"),
        ("stable", float(result.stable.mean()) if len(result.t) else None, "share of positions"),
    )


def _quantiles(result: Justify) -> Table:
    columns = (
        Column("share of positions", ".0%"),
        Column("neurons", ",g"),
        Column("terms", ",g"),
        Column("weights", ",g"),
    )
    some = result.mean_neurons is not None
    counts = (result.quantile_neurons, result.quantile_terms, result.quantile_weights)
    rows = Rows(result.quantile, *counts)
    return Table("what suffices, at most", columns, rows if some else [], _enough_note(result))


def _enough_note(result: Justify) -> str:
    share = 0.0 if result.proved is None else result.proved
    proved = f"Neurons: proved at {100 * share:.1f} % of the positions, greedy at the others."
    if len(result.t) == 1:
        proved = "Neurons: proved to be fewest." if share else "Neurons: a greedy search; fewer may do."
    return _ENOUGH.format(outputs=result.outputs, proved=proved)


def _models(result: Justify) -> Table:
    columns = (
        Column("kept"),
        Column("neurons", ",.3g"),
        Column("terms", ",.4g"),
        Column("same", ".1%"),
        Column("right", ".1%"),
        Column("bpc", ".4f"),
    )
    rows = Rows(
        result.model,
        result.model_neurons,
        result.model_terms,
        result.model_same,
        result.model_right,
        result.model_bpc,
    )
    neurons, sources = (min(limit, result.hidden) for limit in (result.limit_neurons, result.limit_sources))
    note = _MODELS.format(neurons=neurons, sources=sources)
    return Table("what is kept", columns, rows if len(result.t) else [], note)


def _ranked(result: Justify) -> Table:
    columns = (Column("neurons kept", ",d"), Column("same", ".1%"), Column("bpc", ".4f"))
    rows = Rows(result.ranked_neurons, result.ranked_same, result.ranked_bpc)
    return Table("by |delta|", columns, rows if len(result.t) else [], _RANKED, aside=True)


def _neurons(result: Justify) -> Table:
    counts = np.zeros((3, result.hidden), np.int64)
    for k, name in enumerate(("dominant", "member", "source")):
        counts[k, getattr(result, f"{name}_neuron")] = getattr(result, f"{name}_count")
    order = np.lexsort([*(-counts[::-1])])
    order = order[counts.sum(axis=0)[order] > 0]
    columns = (
        Column("neuron"),
        Column("first", ",d"),
        Column("listed", ",d"),
        Column("first source", ",d"),
    )
    rows = Rows([f"h{j}" for j in order.tolist()], *(row[order] for row in counts))
    note = _NEURONS.format(neurons=min(result.limit_neurons, result.hidden))
    return Table("neurons", columns, rows, note, limit=4)


def _sentences(result: Justify) -> Table:
    def said(part: np.ndarray) -> list[str]:
        return [sentence(result, k) for k in part.tolist()]

    rows = Rows(result.t, (np.arange(len(result.t)), said))
    return Table("in words", (Column("t", "d"), Column("justification")), rows, limit=2)


def _kept(result: Justify) -> Table:
    """What suffices at the only position, neuron by neuron."""
    columns = (Column("sufficient"), Column("sign", "+d"), Column("h kept", "+.3f"), Column("terms kept"))
    each = np.arange(len(result.kept_neuron))
    words = [", ".join(_terms(result, k)) or "none" for k in each.tolist()]
    rows = Rows([f"h{j}" for j in result.kept_neuron.tolist()], result.kept_sign, result.kept_h, words)
    return Table("what suffices", columns, rows, _enough_note(result))


def _terms(result: Justify, k: int) -> list[str]:
    """The terms kept of the k-th sufficient neuron."""
    part = slice(int(result.term_offsets[k]), int(result.term_offsets[k + 1]))
    return [
        f"{name} {value:+.2f}"
        for name, value in zip(result.term_source[part].tolist(), result.term[part].tolist())
    ]


def sentence(result: Justify, k: int) -> str:
    """The k-th position's justification in plain words."""
    before = f"after {shown(result, k)}" if result.t[k] else f"on {shown(result, k)}, the first symbol,"
    guess = show_symbol(int(result.predicted[k]), result.alphabet)
    truth = show_symbol(int(result.true[k]), result.alphabet)
    right = "and is right" if guess == truth else f"where {truth} follows"
    return (
        f"t={result.t[k]} {before} the net predicts {guess} {right} ({result.bits[k]:.3g} bits). "
        f"{_decide(result, k)} {_most(result, k)}"
    )


def shown(result: Justify, k: int, last: int | None = None) -> str:
    """What stands before the prediction: the `last` symbols read, in quotes."""
    part = result.context[int(result.context_offsets[k]) : int(result.context_offsets[k + 1])]
    part = part if last is None else part[-last:]
    values = part if result.alphabet is None else result.alphabet[part]
    cut = "..." if len(part) <= result.t[k] else ""
    if values.max() < 256:
        return cut + ascii("".join(map(chr, values.tolist())))
    return cut + " ".join(show_symbol(x, None) for x in values.tolist())


def _decide(result: Justify, k: int) -> str:
    """Which neurons suffice, and what makes them what they are."""
    first, last = int(result.kept_offsets[k]), int(result.kept_offsets[k + 1])
    if first == last:
        return "The bias of the readout alone predicts it."
    kept = [
        f"h{j} ({sign:+d})" for j, sign in zip(result.kept_neuron[first:last], result.kept_sign[first:last])
    ]
    fewest = "" if result.enough_proved[k] else " (fewer may do)"
    alone = "alone predicts it" if len(kept) == 1 else "alone predict it"
    why = [f"h{result.kept_neuron[e]} {_because(_terms(result, e))}" for e in range(first, last)]
    return f"{_and(kept)} {alone}{fewest}: {'; '.join(why)}."


def _because(terms: list[str]) -> str:
    if not terms:
        return "at 0"
    more = len(terms) - _NAMED
    named = terms[:_NAMED] + ([_many(more, "more term")] if more > 0 else [])
    return f"from {_and(named)}"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _most(result: Justify, k: int) -> str:
    """The neuron whose negation changes the cost most."""
    first = int(result.neuron_offsets[k])
    delta = result.delta[first]
    if delta == 0:
        return "No neuron changes its cost."
    instead = ", and another symbol is predicted" if result.decides[first] else ""
    word = "costs" if delta > 0 else "saves"
    return f"Negating h{result.neuron[first]} {word} most, {abs(delta):.3g} bits{instead}."


def _rows(result: Justify, limit: int) -> Table:
    """Every listed neuron of every position; of a single one the headline names the symbols."""
    per = int(result.neuron_offsets[1]) if len(result.t) else 1
    every = np.arange(len(result.neuron))

    def symbols(values: np.ndarray) -> Cells:
        return lambda part: [show_symbol(x, result.alphabet) for x in values[part // per].tolist()]

    named = [
        (Column("true"), (every, symbols(result.true))),
        (Column("guess"), (every, symbols(result.predicted))),
    ]
    sources = _ragged(result.sources, result.contribution, result.source_offsets, ", ")
    chain = _ragged(result.chain, result.chain_contribution, result.chain_offsets, " <- ")
    columns = (
        (Column("t", "d"), (every, lambda part: result.t[part // per].tolist())),
        *(named if len(result.t) != 1 else []),
        (Column("neuron"), (result.neuron, lambda part: [f"h{j}" for j in part.tolist()])),
        (Column("sign", "+d"), result.sign),
        (Column("delta", "+.4f"), result.delta),
        (Column("decides"), result.decides),
        (Column("z", "+.3f"), result.z),
        (Column("bias", "+.2f"), result.bias),
        (Column("input", "+.2f"), result.input),
        (Column("sources"), (every, sources)),
        (Column("chain"), (every, chain)),
        (Column("stable"), result.row_stable),
    )
    rows = Rows(*(cells for _, cells in columns))
    return Table("listed neurons", tuple(column for column, _ in columns), rows, _ROWS, limit=limit)


def _ragged(names: np.ndarray, values: np.ndarray, cuts: np.ndarray, joint: str) -> Cells:
    """What turns numbers of groups into cells: "h8 +0.96, h76 -0.76"."""

    def cell(e: int) -> str:
        part = slice(int(cuts[e]), int(cuts[e + 1]))
        pairs = zip(names[part].tolist(), values[part].tolist())
        return joint.join(f"h{j} {value:+.2f}" for j, value in pairs)

    return lambda part: [cell(e) for e in part.tolist()]
