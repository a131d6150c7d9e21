"""enough: what suffices at every position, and how well nets predict of which only so much is kept."""

import dataclasses
import itertools
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.explain.chains import Chains
from boolrnn.explain.kept_terms import BIAS, Kept, kept
from boolrnn.explain.sufficiency import Race
from boolrnn.model.rnn import FloatTrace, cost_of, logits
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float64, Int64

RANKED = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)
SUFFICIENT, LISTED = 2, 4  # which models are those of the sufficient terms, of the listed sources
_BLOCK = 1024
_NONE = np.empty(0, np.int64)


@dataclasses.dataclass(frozen=True)
class Enough:
    """Of P positions how many neurons, terms and weights suffice; of all their neurons, one after the
    other, and of all their terms which they are."""

    neurons: Int64[np.ndarray, "P"]
    terms: Int64[np.ndarray, "P"]
    weights: Int64[np.ndarray, "P"]
    proved: Bool[np.ndarray, "P"]
    kept: Int64[np.ndarray, "K"]
    sign: Int64[np.ndarray, "K"]
    value: Float64[np.ndarray, "K"]
    count: Int64[np.ndarray, "K"]
    source: np.ndarray  # str (L)
    term: Float64[np.ndarray, "L"]


def enough(
    weights: Weights, run: FloatTrace, at: Int64[np.ndarray, "P"], predicted: Int64[np.ndarray, "P"]
) -> Enough:
    """Search every position for the fewest neurons and terms that keep its prediction."""
    found: dict[int, Kept] = {}
    race = None
    with progress.bar("sufficient neurons", len(at)) as tick:
        order = np.argsort(predicted, kind="stable")  # positions with the same race stand together
        for done, k in enumerate(order.tolist()):
            if race is None or predicted[k] != predicted[order[done - 1]]:
                race = Race.of(weights, int(predicted[k]))
            t = int(at[k])
            before = run.hidden[t - 1] if t else run.initial
            now = run.hidden[t].astype(np.float64)
            found[k] = kept(weights, race, int(run.symbols[t]), now, before)
            tick(done)
    return _joined(weights, run, at, [found[k] for k in range(len(at))])


def _joined(weights: Weights, run: FloatTrace, at: np.ndarray, found: list[Kept]) -> Enough:
    """All positions' findings, one after the other."""

    def flat(name: str, dtype: type) -> np.ndarray:
        return np.concatenate([np.empty(0, dtype), *(getattr(one, name) for one in found)])

    neurons = np.array([len(one.neurons) for one in found], np.int64)
    terms = np.array([one.counts.sum() for one in found], np.int64)
    kept_neurons = flat("neurons", np.int64)
    rows = np.repeat(at, neurons)
    names = np.array(["bias", "input", *(f"h{j}" for j in range(weights.hidden))])
    return Enough(
        neurons=neurons,
        terms=terms,
        weights=terms + neurons * weights.outputs,
        proved=np.array([one.proved for one in found], bool),
        kept=kept_neurons,
        sign=np.where(run.z[rows, kept_neurons] >= 0, 1, -1),
        value=flat("values", np.float64),
        count=flat("counts", np.int64),
        source=names[flat("sources", np.int64) - BIAS],
        term=flat("terms", np.float64),
    )


def models(
    weights: Weights, run: FloatTrace, at: Int64[np.ndarray, "P"], found: Chains, least: Enough
) -> dict[str, Any]:
    """How nets predict that keep only: nothing, what suffices, what is listed, everything.

    Of each, over the positions: neurons and terms kept (mean), the share with the network's own predicted
    symbol, the share with the true one, and bits per character.
    """
    judge = _Judge(weights, run, at, found.predicted)
    rows = np.repeat(np.arange(len(at)), least.neurons)
    count, sources = found.neuron.shape[1], found.source.shape[2]
    listed = found.neuron
    pushed = np.nansum(found.contribution, axis=2)
    some = (found.source >= 0).sum(axis=(1, 2)).astype(np.float64)
    every, whole = float(weights.hidden), float(weights.hidden + 2)
    exact = run.hidden[at[rows], least.kept].astype(np.float64)
    table = [
        ("bias of the readout alone", 0.0, 0.0, judge()),
        ("sufficient neurons", least.neurons, whole * least.neurons,
         judge(rows, least.kept, exact)),
        ("sufficient terms", least.neurons, least.terms,
         judge(rows, least.kept, least.value)),
    ]  # fmt: skip
    across = np.broadcast_to(np.arange(len(at))[:, None], listed.shape)
    for name, terms, value in (
        (f"{_many(count, 'neuron')} listed", whole * count, found.h),
        (f"{_many(count, 'neuron')}, {_many(sources, 'source')}", some, np.tanh(pushed)),
        (
            f"{_many(count, 'neuron')}, {_many(sources, 'source')}, bias, input",
            some + 2 * count,
            np.tanh(pushed + found.bias + found.input),
        ),
    ):
        scored = judge(across.ravel(), listed.ravel(), value.ravel())
        table.append((name, float(count), terms, scored))
    table.append(("everything", every, whole * every, judge.of(run.hidden[at])))
    scores = np.array([row[3] for row in table])
    return {
        "model": np.array([row[0] for row in table]),
        "model_neurons": np.array([_mean(row[1]) for row in table]),
        "model_terms": np.array([_mean(row[2]) for row in table]),
        "model_same": scores[:, 0],
        "model_right": scores[:, 1],
        "model_bpc": scores[:, 2],
        **_ranked(run, at, found.order, judge),
    }


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _mean(values: np.ndarray | float) -> float:
    return float(np.mean(values)) if np.size(values) else np.nan


class _Judge:
    """How well readouts of other hidden values predict at these positions."""

    def __init__(self, weights: Weights, run: FloatTrace, at: np.ndarray, predicted: np.ndarray) -> None:
        self.weights, self.predicted, self.targets = weights, predicted, run.symbols[at + 1]

    def __call__(
        self,
        rows: np.ndarray = _NONE,
        neurons: np.ndarray = _NONE,
        values: np.ndarray = _NONE,
    ) -> tuple[float, float, float]:
        """Hidden values that are 0 but for these `values` of these `neurons` at these rows, rising."""
        size = (len(self.targets), self.weights.hidden)
        cuts = np.searchsorted(rows, np.arange(0, size[0] + _BLOCK, _BLOCK))
        parts = []
        for first, (a, b) in zip(range(0, size[0], _BLOCK), itertools.pairwise(cuts.tolist())):
            kept = np.zeros((min(_BLOCK, size[0] - first), size[1]))
            kept[rows[a:b] - first, neurons[a:b]] = values[a:b]
            parts.append(self._scored(kept, first))
        return self._shares(parts)

    def of(self, hidden: np.ndarray) -> tuple[float, float, float]:
        """The same, of whole hidden states (P, H)."""
        firsts = range(0, len(hidden), _BLOCK)
        return self._shares([self._scored(hidden[first : first + _BLOCK], first) for first in firsts])

    def _scored(self, hidden: np.ndarray, first: int) -> tuple[int, int, float]:
        """Sums over a block: the same prediction, the right one, bits."""
        part = slice(first, first + len(hidden))
        scores = logits(self.weights, hidden)
        guess = scores.argmax(axis=1)
        same = int((guess == self.predicted[part]).sum())
        right = int((guess == self.targets[part]).sum())
        return same, right, float(cost_of(scores, self.targets[part]).sum())

    def _shares(self, parts: list[tuple[int, int, float]]) -> tuple[float, float, float]:
        if not parts:
            return np.nan, np.nan, np.nan
        same, right, bits = (sum(column) / len(self.targets) for column in zip(*parts))
        return same, right, bits


def _ranked(run: FloatTrace, at: np.ndarray, order: np.ndarray, judge: _Judge) -> dict[str, Any]:
    """How many of the neurons that change the true symbol's cost most keep the prediction."""
    hidden = order.shape[1]
    counts = sorted({k for k in RANKED if k < hidden} | {hidden})
    scores = []
    for count in counts:
        rows, neurons = np.repeat(np.arange(len(at)), count), order[:, :count].ravel()
        scores.append(judge(rows, neurons, run.hidden[at[rows], neurons]))
    columns = np.array(scores)
    return {"ranked_neurons": np.array(counts), "ranked_same": columns[:, 0], "ranked_bpc": columns[:, 2]}
