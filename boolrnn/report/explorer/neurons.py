"""The neurons' records of a page: what each verb says about one neuron, side by side.

Every number is one that a verb prints (`boolrnn VERB --json`), under the options the results were asked for
with; nothing is computed here but the choice of the heaviest weights.
"""

from typing import Any

import numpy as np

from boolrnn.check.agreement import Agreement
from boolrnn.check.margins import Margins
from boolrnn.explain.knockout import Knockout
from boolrnn.explain.role_evidence import ROLE
from boolrnn.explain.roles import Roles
from boolrnn.graph.backbone import Backbone
from boolrnn.graph.coflips import Coflips
from boolrnn.graph.dwell import Dwell
from boolrnn.graph.influence import Influence
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.report.explorer.known import check_sizes, group_of, listed
from boolrnn.report.sheets.roles import in_words
from boolrnn.shapes import Float64, Int64

WEIGHTS = 12  # heaviest inputs, and outputs, of a neuron
DRIVES = 6  # heaviest drives

Record = dict[str, Any]


def neurons(
    automaton: Automaton,
    symbols: np.ndarray,
    *,
    dwell: Dwell,
    coflips: Coflips,
    influence: Influence,
    roles: Roles,
    margins: Margins,
    agreement: Agreement,
    knockout: Knockout | None = None,
    backbone: Backbone | None = None,
) -> list[Record]:
    """One record for each neuron, as plain values; what has no value is None.

    The results are those of `automaton` on `symbols` (T). A net that predicts no symbols has no `knockout`
    and no `backbone`. Inputs, outputs and drives are ordered by size, the heaviest first, equal ones by
    number; weights of 0 are none. Drives are those of the symbols that the text has.

    Raises
    ------
    TextError, OptionError
        On a symbol outside the vocabulary, or results of nets with different numbers of neurons.
    """
    symbols = check_symbols(symbols, automaton.weights)
    check_sizes(
        automaton.hidden,
        *(one.neuron for one in (dwell, influence, roles, margins, agreement)),
        coflips.neurons,
        None if knockout is None else knockout.neurons,
        None if backbone is None else backbone.neuron,
    )
    columns = {
        "neuron": list(range(automaton.hidden)),
        "on": listed(roles.neuron_on),
        **_dwells(dwell),
        "group": [k if k >= 0 else None for k in group_of(coflips).tolist()],
        **_knockouts(knockout, automaton),
        **_weights(automaton, influence),
        "drives": _drives(automaton, np.unique(symbols)),
        "margin": _objects(mean=listed(margins.neuron_mean), min=listed(margins.neuron_min)),
        "one_step": listed(agreement.neuron_one_step),
        "free_run": listed(agreement.neuron_free_run),
        "influence": _objects(
            out_degree=listed(influence.out_degree),
            in_degree=listed(influence.in_degree),
            self=listed(influence.own),
        ),
        "backbone": _backbones(backbone, automaton.hidden),
        "role": _roles(roles),
    }
    return _objects(**columns)


def _objects(**columns: list[Any]) -> list[Record]:
    """Parallel columns as one object per row."""
    return [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]


def _dwells(dwell: Dwell) -> dict[str, list[Any]]:
    """Flips, and complete dwells (None where a neuron has none)."""
    return {
        "flips": dwell.neuron_flips.tolist(),
        "rate": listed(dwell.neuron_rate),
        "class": dwell.neuron_class.tolist(),
        "mean_dwell": listed(dwell.neuron_mean_dwell),
        "median_dwell": listed(dwell.neuron_median_dwell),
        "longest": [steps if steps >= 0 else None for steps in dwell.neuron_longest_dwell.tolist()],
    }


def _knockouts(knockout: Knockout | None, automaton: Automaton) -> dict[str, list[Any]]:
    """What silencing each neuron costs, its place among all (1: the costliest), and what it votes for and
    against: of the outputs that knockout lists, those with a positive and those with a negative weight."""
    if knockout is None:
        return {name: [None] * automaton.hidden for name in ("knockout", "promotes", "demotes")}
    place = np.argsort(knockout.single_neuron)
    costs = _objects(
        delta=listed(knockout.single_delta[place]),
        rank=(place + 1).tolist(),
        of_gap=listed(knockout.single_of_gap[place]),
        of_bias_gap=listed(knockout.single_of_bias_gap[place]),
    )
    wy = automaton.weights.wy
    promotes, demotes = knockout.single_promotes[place].tolist(), knockout.single_demotes[place].tolist()
    return {
        "knockout": [cost if cost["delta"] is not None else None for cost in costs],
        "promotes": [[o for o in listed if wy[o, j] > 0] for j, listed in enumerate(promotes)],
        "demotes": [[o for o in listed if wy[o, j] < 0] for j, listed in enumerate(demotes)],
    }


def _weights(automaton: Automaton, influence: Influence) -> dict[str, list[list[Record]]]:
    """The heaviest weights into and out of each neuron, with how often they decide alone."""
    wh, positions = automaton.wh.astype(np.float64), influence.positions
    rates = influence.flips / positions if positions else np.full(wh.shape, np.nan)
    return {
        "inputs": [_heaviest(weights, rate) for weights, rate in zip(wh, rates)],
        "outputs": [_heaviest(weights, rate) for weights, rate in zip(wh.T, rates.T)],
    }


def _heaviest(weights: Float64[np.ndarray, "H"], rates: Float64[np.ndarray, "H"]) -> list[Record]:
    order = np.argsort(-np.abs(weights), kind="stable")[:WEIGHTS]
    order = order[weights[order] != 0]
    return _objects(neuron=order.tolist(), weight=weights[order].tolist(), rate=listed(rates[order]))


def _drives(automaton: Automaton, symbols: Int64[np.ndarray, "S"]) -> list[list[Record]]:
    """The heaviest of each neuron's drives (bias and input weight together) among these symbols."""
    found = []
    for drive in automaton.drive[:, symbols]:
        order = np.argsort(-np.abs(drive), kind="stable")[:DRIVES]
        found.append(_objects(symbol=symbols[order].tolist(), drive=drive[order].tolist()))
    return found


def _backbones(backbone: Backbone | None, hidden: int) -> list[Record | None]:
    if backbone is None:
        return [None] * hidden
    rows = zip(listed(backbone.neuron_share), backbone.role.tolist(), strict=True)
    return [{"share": share, "role": role} for share, role in rows]


def _roles(roles: Roles) -> list[Record | None]:
    """The role of each neuron that has one, with the base rate that its accuracy is to be seen beside."""
    meaning = dict(zip(roles.feature.tolist(), roles.feature_meaning.tolist(), strict=True))
    features, verdicts = roles.neuron_feature.tolist(), roles.neuron_verdict.tolist()
    accuracies, bases = listed(roles.neuron_accuracy), listed(roles.neuron_base)
    return [
        {
            "feature": features[i],
            "meaning": meaning[features[i]],
            "words": in_words(roles, i),
            "accuracy": accuracies[i],
            "base": bases[i],
        }
        if verdicts[i] == ROLE
        else None
        for i in range(len(verdicts))
    ]
