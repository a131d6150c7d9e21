"""construct: a net from statistics alone. Nothing recurrent is trained, and its states are known beforehand.

Group 0 of the register writes a code of the symbol read, group g copies group g - 1: after n symbols the
state spells the last `groups` symbols (boolrnn.make.register; other features: BODIES). So the automaton is
known before it is run, and the float32 program is that automaton, bit for bit, on every text: integers times
16, certified. What is left is the readout, fitted to the text's states:

logratio, fourier, bayes, least-squares   closed forms with one or two settings (boolrnn.make.closed_forms)
descent, least-squares-20, least-squares-500   full-batch gradient descent as published, from zero or from
                                          least squares (boolrnn.make.full_batch)
gradient       the optimum of the penalised cross-entropy, with a proved gap (boolrnn.make.optimum)
backoff        an interpolated n-gram estimate, for features `contexts` (boolrnn.make.backoff)

The last part of the text is held out: nothing about it is counted, chosen or fitted; only which symbols the
whole text has is known. Settings of the readout are chosen on a validation part before it (codes and contexts
are counted on both). `as_published` gives the published family instead (boolrnn.make.published).
"""

import dataclasses
import hashlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from boolrnn.check.certify import Certify, certify
from boolrnn.errors import OptionError, TextError
from boolrnn.make.backoff import backoff
from boolrnn.make.body import BODIES, Coded, body
from boolrnn.make.closed_forms import bayes, fourier, least_squares, logratio
from boolrnn.make.codes import least_distance
from boolrnn.make.contexts import ContextsBody
from boolrnn.make.fitting import Features, Fitted, Split, Task
from boolrnn.make.full_batch import descent, least_squares_20, least_squares_500
from boolrnn.make.integers import on_grid
from boolrnn.make.made import Made, learned_alphabet, net_fields, sign_costs
from boolrnn.make.optimum import gradient, lowest
from boolrnn.make.published import Published, published
from boolrnn.make.register import Body, Register
from boolrnn.model.rnn import cost_of, surprisal
from boolrnn.model.weights import Weights
from boolrnn.result import named
from boolrnn.shapes import Float64, Int64

FITS: dict[str, Callable[[Task], Fitted]] = {
    "logratio": logratio,
    "least-squares": least_squares,
    "fourier": fourier,
    "bayes": bayes,
    "gradient": gradient,
    "descent": descent,
    "least-squares-20": least_squares_20,
    "least-squares-500": least_squares_500,
}
READOUTS = (*FITS, "backoff")
LARGEST = 4096  # neurons
HELD_OUT, VALIDATION = 0.1, 0.1  # shares of the text, and of what is not held out
UNSET = ("descent", "least-squares-20", "least-squares-500")  # readouts that choose nothing on the way
BLOCKS = 100  # parts of the text whose bpc is told
_ROWS = 4096  # positions scored at once


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Construct(Made):
    """The net, its states' codes, its readout, and what it costs.

    `bpc.train` covers positions 0..`split.held_out` - 1, `bpc.held_out` the others (None where there are
    none), `bpc.filled` positions `groups` to the last. `optimality_gap`: bits per position by which the
    penalised cross-entropy of the training positions lies above its least value, at most;
    `bpc.lowest`: no readout of these states, however large, does better on them. `distinct_codes`: symbols
    that the net tells apart when it reads them. `blocks`: bpc along the text.

    As published, `bpc.held_out` is the second part of the text, on which the settings were chosen;
    `bpc.filled` of least squares is the published figure, with `scale_filled` in place of `scale`.
    """

    schema = "construct/1"

    variant: str
    readout: str
    features: str
    groups: int
    bits: int
    distinct_codes: int
    least_distance: (
        int | None
    )  # bits in which the codes of two symbols differ, at least; 0 where two share one
    groups_decoded: int | None  # of groups_checked: groups that spell the symbol they should, on this text
    groups_checked: int | None
    smoothing: float | None
    scale: float | None
    scale_filled: float | None  # as published, least squares: the multiple that does best where bpc.filled is
    l2: float | None
    iterations: int | None
    optimality_gap: float | None
    optimality_proof: str | None
    budget_ended: str | None  # what the budget cut off
    split_validation: int | None = named("split.validation")  # first position that chooses settings
    split_held_out: int | None = named("split.held_out")  # first position that is only scored
    bpc_all: float | None = named("bpc.all")
    bpc_train: float | None = named("bpc.train")
    bpc_held_out: float | None = named("bpc.held_out")
    bpc_filled: float | None = named("bpc.filled")
    bpc_lowest: float | None = named("bpc.lowest")
    bpc_float: float | None = named("bpc.float")
    bpc_sign_dynamics: float | None = named("bpc.sign_dynamics")
    level: str
    form: str | None
    outputs_level: str | None = named("outputs.level")
    parameters_fitted: int  # entries of the readout that are not zero
    block_first: Int64[np.ndarray, "B"] = named("blocks.first")
    block_bpc: Float64[np.ndarray, "B"] = named("blocks.bpc")
    text_sha256: str = named("text.sha256")
    text_symbols: int = named("text.symbols")
    seconds: float

    @property
    def undecided(self) -> bool:
        """Whether the budget ended before the readout was found."""
        return self.budget_ended is not None

    @property
    def warning(self) -> str | None:
        """What the budget cut off."""
        return self.budget_ended


def construct(
    text: bytes,
    *,
    readout: str = "gradient",
    features: str = "mixed",
    groups: int = 16,
    bits: int = 8,
    held_out: float | None = None,
    validation: float | None = None,
    l2: float | None = None,
    seed: int = 0,
    budget: float | None = None,
    alphabet: np.ndarray | None = None,
    as_published: bool = False,
) -> Construct:
    """Construct a net of `groups` x `bits` neurons for `text` (bytes).

    The last `held_out` of the text (None: a tenth, as published nothing) is only scored; of the positions
    before it the last share `validation` chooses settings, and then is fitted with the others. `l2` fixes
    the penalty of `gradient` (None: chosen; 0: the bare cross-entropy, which memorises), `budget` the
    seconds it may take. `features="onehot"` has a bit per symbol, "contexts" at most `groups` x `bits`
    neurons for contexts of up to `groups` symbols.

    Raises
    ------
    OptionError
        On readouts, features, sizes or shares that are not known or do not go together.
    TextError
        On a text of fewer than two symbols, or a byte outside the alphabet.
    """
    begun = time.monotonic()
    _check(readout, features, groups, bits, seed, budget)
    if as_published:
        share = held_out or 0.0
        if share and readout != "logratio":
            raise OptionError(
                f"held-out {share:g} as published: expected with logratio; {readout} is fitted to all of it"
            )
        for name, value in (
            ("l2", l2),
            ("budget", budget),
            ("alphabet", alphabet),
            ("validation", validation),
        ):
            if value is not None:
                raise OptionError(f"{name}: what is as published has none of its own")
        found = published(
            text, readout=readout, features=features, groups=groups, bits=bits, held_out=share, seed=seed
        )
        return _of_published(found, features, text, begun)
    values, symbols = learned_alphabet(text, alphabet)
    if len(symbols) < 2:
        raise TextError("1 symbol: nothing is predicted, expected at least 2")
    split = Split.of(
        len(symbols),
        HELD_OUT if held_out is None else held_out,
        VALIDATION if validation is None else validation,
    )
    neurons = groups * (len(values) if features == "onehot" else bits)
    if neurons > LARGEST:
        raise OptionError(
            f"{groups} groups of {neurons // groups} symbols: expected at most {LARGEST:,} neurons"
        )
    made = body(features, values, symbols[: split.held + 1], groups=groups, bits=bits, seed=seed)
    task = Task(made.features(symbols), symbols, len(values), groups, split)
    fitted = _fit(task, made, readout, l2, budget)
    net = with_readout(made.net, fitted)
    costs = costs_of(net, task.features, task.targets)
    right, checked = made.decoded(symbols)
    return _result(
        net,
        certify(net, outputs=True),
        fitted,
        _scored(costs, costs, split, groups) | {"bpc_lowest": _lowest(task, fitted)},
        variant=_variant(readout, l2, split),
        split=split if _chooses(readout, l2) else split.whole,
        readout=readout,
        features=features,
        groups=groups,
        bits=made.width if isinstance(made, Register) else bits,
        distinct_codes=made.distinct,
        least_distance=least_distance(made.codes) if isinstance(made, Coded) else None,
        groups_decoded=right if checked else None,
        groups_checked=checked or None,
        text=text,
        seconds=time.monotonic() - begun,
    )


def _chooses(readout: str, l2: float | None) -> bool:
    """Whether this readout has settings that the text decides."""
    return readout not in UNSET and l2 is None


def _variant(readout: str, l2: float | None, split: Split) -> str:
    fitted = "fitted to all that is not held out; which symbols there are is known from the whole text"
    if not _chooses(readout, l2):
        return fitted
    where = "the validation part" if split.fit < split.held else "the positions that are fitted"
    if readout == "gradient" and split.fit == split.held:
        return f"no validation part: l2 is the default; {fitted}"
    return f"settings chosen on {where}; {fitted}"


def with_readout(net: Weights, fitted: Fitted) -> Weights:
    """The net with this readout, rounded so that every output is an exact float32 sum."""
    wy, by = on_grid(fitted.wy, fitted.by)
    return dataclasses.replace(net, wy=wy, by=by)


def costs_of(net: Weights, features: Features, targets: np.ndarray) -> Float64[np.ndarray, "P"]:
    """Bits that each of `targets` (P) costs, predicted from the hidden values beside it."""
    if isinstance(features, np.ndarray):
        return surprisal(net, features, targets)
    wide = 2 * net.wy.astype(np.float64)  # on bits alone: +-1 is twice the bit, less 1
    base = net.by.astype(np.float64) - net.wy.astype(np.float64).sum(axis=1)
    costs = np.empty(len(targets))
    for first in range(0, len(targets), _ROWS):
        part = slice(first, first + _ROWS)
        costs[part] = cost_of(features[part] @ wide.T + base, targets[part])
    return costs


def _check(readout: str, features: str, groups: int, bits: int, seed: int, budget: float | None) -> None:
    if readout not in READOUTS:
        raise OptionError(f"readout {readout!r}: expected one of {', '.join(READOUTS)}")
    if features not in BODIES:
        raise OptionError(f"features {features!r}: expected one of {', '.join(BODIES)}")
    if readout == "backoff" and features != "contexts":
        raise OptionError(f"readout backoff with features {features}: expected features contexts")
    if not 0 <= seed < 1 << 32:
        raise OptionError(f"seed {seed}: expected 0..{(1 << 32) - 1}")
    if budget is not None and not 0 < budget < np.inf:
        raise OptionError(f"budget {budget:g}: expected more than 0 seconds")
    if features == "value" and bits > 8:
        raise OptionError(f"{bits} bits of features value: expected at most 8")
    most = {"semantic": 16, "hybrid": 32}.get(features, bits)
    if bits > most:
        raise OptionError(f"{bits} bits of features {features}: expected at most {most}")
    if groups < 1 or bits < 1 or groups * bits > LARGEST:
        raise OptionError(
            f"{groups} groups of {bits} bits: expected at least 1 each, at most {LARGEST} neurons"
        )


def _fit(task: Task, made: Body, readout: str, l2: float | None, budget: float | None) -> Fitted:
    """The readout of that name; what it leaves unsaid about its optimum is nothing."""
    if readout == "gradient":
        return gradient(task, l2=l2, budget=budget)
    for name, value in (("l2", l2), ("budget", budget)):
        if value is not None:
            raise OptionError(f"{name} {value:g}: expected with the readout gradient alone")
    return (
        backoff(task, made)
        if isinstance(made, ContextsBody) and readout == "backoff"
        else FITS[readout](task)
    )


def _lowest(task: Task, fitted: Fitted) -> float:
    """Bits that no readout gets below on the training positions."""
    if fitted.lowest is not None:
        return fitted.lowest
    held = task.split.held
    return lowest(task.features[:held], task.targets[:held])


def _of_published(found: Published, features: str, text: bytes, begun: float) -> Construct:
    """The result for a published net, whose float32 program need not be its automaton."""
    signs = sign_costs(found.net, found.symbols)
    whole = Split.of(len(found.symbols))
    scores = _scored(found.costs, signs, whole, found.groups)
    scale = None
    if found.readout == "least-squares":  # published over these positions, with the multiple best there
        again = published(
            text, readout=found.readout, features=features, groups=found.groups, bits=found.bits, filled=True
        )
        scores["bpc_filled"], scale = again.bpc(), again.fitted.scale
    train = slice(*(found.train or (0, whole.positions)))
    if found.test is not None:
        whole = Split(whole.positions, found.test[0], found.test[0])
        scores |= {"bpc_train": _mean(found.costs[train]), "bpc_held_out": found.bpc(found.test)}
    right, checked = found.decoded
    return _result(
        found.net,
        certify(found.net, found.symbols, outputs=True),
        found.fitted,
        scores | {"bpc_lowest": lowest(found.features[train], found.symbols[1:][train])},
        variant=found.variant,
        split=whole,
        scale_filled=scale,
        readout=found.readout,
        features="onehot" if found.readout == "bayes" else features,
        groups=found.groups,
        bits=found.bits,
        distinct_codes=found.distinct,
        least_distance=least_distance(found.codes),
        groups_decoded=right,
        groups_checked=checked,
        text=text,
        seconds=time.monotonic() - begun,
    )


def _mean(costs: np.ndarray) -> float | None:
    return float(costs.mean()) if len(costs) else None


def _scored(costs: np.ndarray, signs: np.ndarray, split: Split, groups: int) -> dict[str, float | None]:
    """bpc of the windows, by field."""
    return {
        "bpc_all": _mean(costs),
        "bpc_train": _mean(costs[: split.held]),
        "bpc_held_out": _mean(costs[split.held :]),
        "bpc_filled": _mean(costs[groups:]),
        "bpc_float": _mean(costs),
        "bpc_sign_dynamics": _mean(signs),
    } | _along(costs)


def _along(costs: np.ndarray) -> dict[str, Any]:
    """bpc of up to BLOCKS equal parts of the text."""
    first = np.unique(np.arange(BLOCKS) * len(costs) // BLOCKS)
    length = np.diff(np.append(first, len(costs)))
    return {"block_first": first, "block_bpc": np.add.reduceat(costs, first) / length}


def _result(
    net: Weights, proof: Certify, fitted: Fitted, scores: dict[str, Any], *, text: bytes, **told: Any
) -> Construct:
    """All fields in their places."""
    split: Split = told.pop("split")
    readout_entries = np.count_nonzero(net.wy) + np.count_nonzero(net.by)
    return Construct(
        **net_fields(net),
        **scores,
        **({"scale_filled": None} | told),
        **{name: getattr(fitted, name) for name in ("smoothing", "scale", "l2", "iterations")},
        optimality_gap=fitted.gap,
        optimality_proof=fitted.proof,
        budget_ended=fitted.cut,
        split_validation=None if split.fit == split.held else split.fit,
        split_held_out=None if split.held == split.positions else split.held,
        level=proof.level,
        form=proof.form,
        outputs_level=proof.outputs,
        parameters_fitted=int(readout_entries),
        text_sha256=hashlib.sha256(text).hexdigest(),
        text_symbols=len(text),
    )
