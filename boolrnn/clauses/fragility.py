"""fragility: what is the smallest change that changes this?

Without a position it is a map: for every position and neuron, the fewest flips of the state before that
change the neuron's bit, or (of predictions) the fewest flips of every position's own state that change what
is predicted from it. At a position, the fewest flips (or the cheapest) that change bits, the predicted
symbol or the rank of the true one some steps later; or the fewest substitutions in the text before that
change the prediction; or whether some state near this one brings a sum almost to 0. Answers are minimal and
proved.
"""

import dataclasses
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from boolrnn.clauses import flip_map
from boolrnn.clauses.against import against
from boolrnn.clauses.answer import SAT, UNKNOWN, UNSAT, Answered
from boolrnn.clauses.cheapest import cheapest, margins
from boolrnn.clauses.fewest import CLOSED, Found, fewest
from boolrnn.clauses.flips import Asked, Effect
from boolrnn.clauses.fragility_options import COUNT, TEXT, Options, as_units
from boolrnn.clauses.fragility_witness import near_zero, replayed, reread
from boolrnn.clauses.near_threshold import near as near_threshold
from boolrnn.clauses.prediction_map import prediction_map
from boolrnn.clauses.properties import readout
from boolrnn.clauses.substitutions import Window
from boolrnn.graph.observed import Observed, chosen, described, observe
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.weights import Weights
from boolrnn.result import named
from boolrnn.shapes import Bool, Float64, Int64, UInt8

MAP, PREDICTIONS, FLIPS, SYMBOLS, MARGIN = "map", "predictions", "flips", "symbols", "margin"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Fragility(Answered):
    """The smallest change, or a map of them; `asks` says which: map, predictions, flips, symbols or margin.

    `minimum` is what the witness takes: flips, substitutions, or (weights margin) the cost, of which
    `cost.units` times 2^`cost.unit` is the exact value. No set of at most `exhausted` changes does; `most`
    were allowed. Where the verdict is sat and not proved, something smaller was not excluded.

    The map has `distance` (T, H): fewest flips in states[t - 1] that change bit i of states[t]; null where no
    set of flips can, and at t = 0. Its `positions` are those that were finished, `never` counts cells from
    t = 1 on that no set of flips can change; `neurons.fragile` counts those that one flip can.

    The map of predictions says of positions `t` (P) the `fewest` flips of states[t] that change the output
    predicted from it (null where no set of flips does), one such set, and the output before and after;
    `never` and the histogram count positions.

    Witness: `states` (1, H) is the state with `flips` (neurons); of the map it is the one before `position`,
    and `neuron` is changed there; of predictions it is the one at `position`. `symbols` are read from it on.
    Of substitutions, `positions` have the new symbols `edits`, `symbols` is the whole window then, and
    `states` the state after it. `before` and `after` are what it is about, unchanged and changed: bits,
    predicted symbols or ranks; `z` is the sum that is almost 0.
    """

    schema = "fragility/1"

    asks: str
    states: str  # whose states
    at: int | None
    steps: int | None
    most: int | None
    minimum: int | float | None
    exhausted: int | None
    cost_units: int | None = named("cost.units", default=None)
    cost_unit: int | None = named("cost.unit", default=None)
    interrupted: bool
    note: str | None  # why it is unknown or not proved
    positions: int | None = None
    cells_never: int | None = named("never", default=None)
    histogram_distance: Int64[np.ndarray, "D"] | None = named("histogram.distance", default=None)
    histogram_count: Int64[np.ndarray, "D"] | None = named("histogram.count", default=None)
    neuron: Int64[np.ndarray, "H"] | None = named("neurons.neuron", default=None)
    neuron_least: Int64[np.ndarray, "H"] | None = named("neurons.least", nullable=True, default=None)
    neuron_median: Float64[np.ndarray, "H"] | None = named("neurons.median", default=None)
    neuron_fragile: Int64[np.ndarray, "H"] | None = named("neurons.fragile", default=None)
    neuron_never: Int64[np.ndarray, "H"] | None = named("neurons.never", default=None)
    distance: np.ndarray | None = named("distance", nullable=True, default=None)  # (T, H), int16 or int32
    prediction_t: Int64[np.ndarray, "P"] | None = named("predictions.t", default=None)
    prediction_fewest: Int64[np.ndarray, "P"] | None = named(
        "predictions.fewest", nullable=True, default=None
    )
    prediction_flips: Int64[np.ndarray, "G"] | None = named("predictions.flips.members", default=None)
    prediction_offsets: Int64[np.ndarray, "P1"] | None = named("predictions.flips.offsets", default=None)
    prediction_before: Int64[np.ndarray, "P"] | None = named("predictions.before", default=None)
    prediction_after: Int64[np.ndarray, "P"] | None = named("predictions.after", nullable=True, default=None)
    witness_states: Bool[np.ndarray, "1 H"] | None = named(
        "witness.states", hexed=True, whole=True, default=None
    )
    witness_position: int | None = named("witness.position", whole=True, default=None)
    witness_neuron: int | None = named("witness.neuron", whole=True, default=None)
    witness_flips: Int64[np.ndarray, "F"] | None = named("witness.flips", whole=True, default=None)
    witness_positions: Int64[np.ndarray, "E"] | None = named("witness.positions", whole=True, default=None)
    witness_edits: Int64[np.ndarray, "E"] | None = named("witness.edits", whole=True, default=None)
    witness_symbols: Int64[np.ndarray, "K"] | None = named("witness.symbols", whole=True, default=None)
    witness_before: int | Int64[np.ndarray, "M"] | None = named("witness.before", whole=True, default=None)
    witness_after: int | Int64[np.ndarray, "M"] | None = named("witness.after", whole=True, default=None)
    witness_z: float | None = named("witness.z", whole=True, default=None)
    target: str | None = None  # bits, predicted or rank, or the neurons of a sum: what is to change
    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True, default=None)
    symbols_predicted: bool = named("symbols_predicted", quiet=True, default=False)  # O = V


def fragility(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    predictions: bool = False,
    positions: str | Sequence[int] | np.ndarray | None = None,
    at: int | None = None,
    steps: int | None = None,
    bit: int | None = None,
    bits: Sequence[int] | np.ndarray | None = None,
    rank: bool = False,
    only: Sequence[int] | np.ndarray | None = None,
    weights: str = "count",
    most: int | None = None,
    edit_symbols: bool = False,
    among: str = "all",
    near: float | None = None,
    within: int | None = None,
    states: str = "automaton",
    budget: float | None = None,
    engine: str = "auto",
    tanh: str = "exact",
) -> Fragility:
    """The smallest change that has an effect; without `at`, the map of what one step takes, or the map of
    `predictions`: what it takes to change the one from each state, at `positions` (numbers, or
    FIRST:STOP:STEP; default all).

    At position `at` = T of `symbols`: the fewest flips in states[T] that change, in states[T + `steps`]
    (default 1), `bit`, or all of `bits` together, or (`rank`) the rank of symbols[T + steps + 1] among the
    outputs, or (by default) the predicted symbol. Only the neurons `only` are flipped, `most` at most;
    `weights` is count, or margin: each flip costs the neuron's |z| in the automaton's step from states[T - 1]
    (at 0, from the network's start), and the cost is what is minimised.

    `edit_symbols`: the fewest substitutions among symbols[T - steps + 1..T] that change the prediction at T;
    `among` is all (any symbol may be put in) or text (those that occur in it).

    `near` = eps: is there a state within `within` flips (default 1) of states[T] whose sum z of `bit`, or of
    any neuron, is |z| < eps after symbols[T + 1]?

    `states` are the automaton's own or the network's signs. After `budget` seconds the verdict is unknown,
    and `exhausted` says how far it came. `engine` is auto, enumeration, or one of
    boolrnn.clauses.solving.ENGINES, which is then asked level by level.

    Raises
    ------
    TextError, OptionError
        On a symbol, a position or an option that cannot be used.
    """
    began = time.monotonic()
    automaton = as_automaton(model)
    options = Options(
        predictions=predictions, positions=positions, at=at, steps=steps, bit=bit, bits=bits, rank=rank,
        only=only, weights=weights, most=most, edit_symbols=edit_symbols, among=among, near=near,
        within=within, budget=budget, engine=engine,
    )  # fmt: skip
    symbols = check_symbols(symbols, automaton.weights)
    options.check(automaton, len(symbols))
    deadline = None if budget is None else began + budget
    if at is None:
        seen = observe(automaton, symbols, states, tanh)
        if predictions:
            fields = _predictions(seen, np.sort(chosen(positions, len(symbols))), deadline)
        else:
            fields = _map(seen, deadline)
    else:
        seen = observe(automaton, symbols[: at + 1], states, tanh)
        ask = _near if near is not None else _edits if edit_symbols else _flips
        fields = ask(seen, symbols, options, deadline)
    spent = time.monotonic() - began
    shown = {"alphabet": automaton.alphabet, "symbols_predicted": automaton.weights.predicts}
    return Fragility(states=seen.source, at=at, seconds=spent, **shown, **fields)


def _map(seen: Observed, deadline: float | None) -> dict[str, Any]:
    """The map of all positions and neurons."""
    found = flip_map.flip_map(seen, deadline)
    return {
        "question": "Is there a set of flips in states[t - 1] that changes a bit of states[t], for some t?",
        "asks": MAP,
        "steps": 1,
        **_mapped(found, found.positions, len(seen.symbols), flip_map.witness(seen, found)),
    }


def _predictions(seen: Observed, at: Int64[np.ndarray, "P"], deadline: float | None) -> dict[str, Any]:
    """The map of predictions."""
    found = prediction_map(seen, at, deadline)
    return {
        "question": "Is there a set of flips in states[t] that changes the output predicted from it, for "
        f"some t of {described(at)}?",
        "asks": PREDICTIONS,
        "steps": 0,
        "target": "predicted",
        **_mapped(found, len(found.t), len(at), found.witness(seen)),
    }


def _mapped(found: Any, done: int, wanted: int, witness: dict[str, Any]) -> dict[str, Any]:
    """What both maps say, of which `done` positions out of `wanted` were finished."""
    whole = done == wanted
    return {
        "verdict": SAT if witness else UNSAT if whole else UNKNOWN,
        "proved": whole,
        "engine": CLOSED,
        "most": None,
        "minimum": len(witness["witness_flips"]) if witness else None,
        "exhausted": None,
        "positions": done,
        "interrupted": found.interrupted,
        "note": None if whole else f"the budget ended: {done:,} of {wanted:,} positions",
        **found.columns(),
        **witness,
    }


def _flips(seen: Observed, symbols: np.ndarray, options: Options, deadline: float | None) -> dict[str, Any]:
    """The fewest or the cheapest flips at a position."""
    automaton, at, lag = seen.automaton, options.at, options.lag
    assert at is not None
    state, word = seen.states[at], symbols[at + 1 : at + lag + 1]
    last = automaton.run(word, state).states[-1] if lag else state
    target, effect = _effect(automaton, last, options, None if lag + at + 1 >= len(symbols) else symbols)
    units = as_units(options.only, automaton.hidden)
    most = len(units) if options.most is None else min(options.most, len(units))
    asked = Asked(automaton, state, word, units, effect, most, deadline)
    fields: dict[str, Any] = {"exhausted": None}
    if options.weights == COUNT:
        found = fewest(asked, options.engine)
        fields = {"exhausted": found.exhausted, "minimum": found.cost}
    else:
        costs, unit = margins(automaton, seen.states[at - 1] if at else None, int(symbols[at]))
        found = cheapest(asked, costs, options.engine)
        cost = None if found.cost is None else float(found.cost * Fraction(2) ** unit)
        fields |= {"minimum": cost, "cost_units": found.cost, "cost_unit": unit}
    if found.flips is not None:
        fields |= replayed(asked, found.flips, target)
    limit = "" if options.most is None else f" of at most {_count(options.most, 'flip')}"
    where = "" if options.only is None else f" among {_count(len(units), 'neuron')}"
    what = _what(target, options, at + lag)
    return {
        "question": f"Is there a set of flips in states[{at}]{limit}{where} that changes {what}?",
        "asks": FLIPS,
        "target": target,
        "steps": lag,
        "most": options.most,
        **_told(found),
        **fields,
    }


def _effect(
    automaton: Automaton, last: Bool[np.ndarray, "H"], options: Options, symbols: np.ndarray | None
) -> tuple[str, Effect]:
    """What is to change in the last state, and its name."""
    given = [options.bit] if options.bit is not None else options.bits
    if given is not None:
        neurons = np.sort(np.asarray(given, np.int64))
        return " ".join(f"h{j}" for j in neurons), Effect(last, neurons)
    one, target = int(readout(automaton).predicted(last[None])[0]), "predicted"
    if options.rank:
        assert symbols is not None
        assert options.at is not None
        one, target = int(symbols[options.at + options.lag + 1]), "rank"
    return target, Effect(last, np.zeros(0, np.int64), against(automaton, one))


def _what(target: str, options: Options, end: int) -> str:
    """The effect in words."""
    if target == "rank":
        return f"the rank of symbols[{end + 1}] predicted from states[{end}]"
    if target == "predicted":
        return f"the symbol predicted from states[{end}]"
    several = len(target.split()) > 1
    return f"{'all of ' * several}{', '.join(target.split())} of states[{end}]"


def _near(seen: Observed, symbols: np.ndarray, options: Options, deadline: float | None) -> dict[str, Any]:
    """A state within some flips that brings a sum near 0."""
    automaton, at, eps = seen.automaton, options.at, options.near
    assert at is not None
    assert eps is not None
    state, word = seen.states[at], symbols[at + 1 : at + 2]
    neurons = list(range(automaton.hidden)) if options.bit is None else [options.bit]
    units, within = as_units(options.only, automaton.hidden), 1 if options.within is None else options.within
    asked = Asked(
        automaton, state, word, units, Effect(state, np.array(neurons)), min(within, len(units)), deadline
    )
    found, neuron = near_threshold(asked, neurons, eps, options.engine)
    witness: dict[str, Any] = {}
    if found.flips is not None:
        assert neuron is not None
        witness = near_zero(asked, found.flips, neuron, eps)
    which = "any neuron" if options.bit is None else f"h{options.bit}"
    return {
        "question": f"Is there a state within {_count(within, 'flip')} of states[{at}] from which |z| of "
        f"{which} is below {eps} after symbols[{at + 1}]?",
        "asks": MARGIN,
        "target": "z" if options.bit is None else f"z of h{options.bit}",
        "steps": 1,
        "most": within,
        "minimum": found.cost,
        "exhausted": found.exhausted if found.exhausted >= 0 else None,
        **_told(found),
        **witness,
    }


def _edits(seen: Observed, symbols: np.ndarray, options: Options, deadline: float | None) -> dict[str, Any]:
    """The fewest substitutions in the window before a position."""
    automaton, at = seen.automaton, options.at
    assert at is not None
    size = min(options.lag, at + 1)
    first = at + 1 - size
    word, start = symbols[first : at + 1], seen.states[first - 1] if first else None
    path = automaton.run(word, start).states if size else np.zeros((0, automaton.hidden), bool)
    last = path[-1] if size else seen.states[at]
    before = int(readout(automaton).predicted(last[None])[0])
    effect = Effect(last, np.zeros(0, np.int64), against(automaton, before))
    among = np.unique(symbols) if options.among == TEXT else np.arange(automaton.symbols)
    window = Window(automaton, start, word, path, among, effect, deadline)
    most = size if options.most is None else min(options.most, size)
    found = window.fewest(most)
    witness = reread(window, found, first, before) if found.symbols is not None else {}
    limit = "" if options.most is None else f" of at most {options.most}"
    span = f"symbols[{first}..{at}]" if size else "no symbols"
    return {
        "question": f"Is there a set of substitutions{limit} in {span} that changes the symbol predicted "
        f"from states[{at}]?",
        "asks": SYMBOLS,
        "verdict": found.verdict,
        "proved": found.verdict != UNKNOWN,
        "engine": found.engine,
        "target": "predicted",
        "steps": options.lag,
        "most": options.most,
        "minimum": None if found.symbols is None else len(found.symbols),
        "exhausted": found.exhausted,
        "interrupted": found.interrupted,
        "note": found.note,
        **witness,
    }


def _told(found: Found) -> dict[str, Any]:
    """How an answer is known."""
    return {
        "verdict": found.verdict,
        "proved": found.proved,
        "engine": found.engine,
        "certificate": found.certificate,
        "interrupted": found.interrupted,
        "note": found.note,
    }


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
