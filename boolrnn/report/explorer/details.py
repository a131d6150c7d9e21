"""Everything about single positions, as the records that a page unpacks when somebody looks at one.

Records hold what predict, justify and fragility --predictions give, in plain values; numbers are kept to
nine significant digits, what has no (finite) value is None.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from boolrnn.check.predict import Predict
from boolrnn.clauses.fragility import Fragility
from boolrnn.errors import OptionError
from boolrnn.explain.justify import Justify
from boolrnn.report.explorer.positions import Seen
from boolrnn.shapes import Int64

SIZE = 64  # positions to a block
_DIGITS = 9
_SIDES = (("network", "float"), ("automaton", "free_run"))
_NEURON = ("neuron", "sign", "h", "delta", "readout", "decides", "z", "bias", "input")


def details(
    at: Int64[np.ndarray, "P"],
    predict: Predict | None,
    justify: Justify | None,
    network: Fragility | None,
    automaton: Fragility | None,
) -> list[dict[str, Any]]:
    """One record for each position `at`.

    `predict` is of the whole text, `justify` of positions among which `at` are; `network` and `automaton` are
    the maps of predictions from the network's signs and from the automaton's own states. Any of them may be
    missing, and a map may have been cut off: what is not known is None.

    Raises
    ------
    OptionError
        Where a result is no map of predictions, or has not all of these positions.
    """
    reasons = _justified(at, justify)
    fewest = {name: _fewest(at, found) for name, found in (("network", network), ("automaton", automaton))}
    guesses = _guesses(at, predict)
    true = [None] * len(at) if predict is None else predict.true[_places(at, predict.t)].tolist()
    return [
        {
            "t": t,
            "true": true[k],
            "predict": guesses[k],
            "justify": reasons[k],
            "fewest": {name: rows[k] for name, rows in fewest.items()} if network or automaton else None,
        }
        for k, t in enumerate(at.tolist())
    ]


def blocks(records: list[dict[str, Any]], seen: Seen) -> Iterator[tuple[str, Any]]:
    """Names and payloads of the page's blocks: `details-K` is a list of records, `z-K` the bytes of
    float32 (positions, 2, H), for SIZE positions each."""
    for k in range(-(-len(records) // SIZE)):
        part = slice(k * SIZE, (k + 1) * SIZE)
        yield f"details-{k}", records[part]
        yield f"z-{k}", seen.z[part].astype("<f4", copy=False).tobytes()


def _places(at: Int64[np.ndarray, "P"], there: Int64[np.ndarray, "Q"]) -> Int64[np.ndarray, "P"]:
    """Where each position stands among those of a result (ascending)."""
    places = np.searchsorted(there, at)
    missing = at[np.append(there, -1)[places] != at]
    if len(missing):
        raise OptionError(f"results: position {missing[0]} is not among theirs, expected all that are asked")
    return places


def _guesses(at: Int64[np.ndarray, "P"], predict: Predict | None) -> list[dict[str, Any] | None]:
    """The likeliest outputs of network and automaton."""
    if predict is None:
        return [None] * len(at)
    places = _places(at, predict.t)
    sides = {}
    for name, source in _SIDES:
        top = getattr(predict, f"{source}_top")[places].tolist()
        chance = _rounded(getattr(predict, f"{source}_top_p")[places])
        bits = _rounded(getattr(predict, f"{source}_bits")[places])
        sides[name] = [{"top": a, "p": b, "bits": c} for a, b, c in zip(top, chance, bits)]
    return [{name: rows[k] for name, rows in sides.items()} for k in range(len(at))]


def _justified(at: Int64[np.ndarray, "P"], justify: Justify | None) -> list[dict[str, Any] | None]:
    """The neurons that decide, their sources and their chains."""
    if justify is None:
        return [None] * len(at)
    columns = [_rounded(getattr(justify, name)) for name in _NEURON]
    sources = _ragged(justify.source_offsets, neuron=justify.sources, contribution=justify.contribution)
    chain = _ragged(
        justify.chain_offsets,
        neuron=justify.chain,
        contribution=justify.chain_contribution,
        z=justify.chain_z,
    )
    rows = [
        {**dict(zip(_NEURON, row)), "sources": found, "chain": back}
        for *row, found, back in zip(*columns, sources, chain, strict=True)
    ]
    ends, bits = justify.neuron_offsets.tolist(), _rounded(justify.bits)
    return [
        {
            "predicted": int(justify.predicted[k]),
            "bits": bits[k],
            "stable": bool(justify.stable[k]),
            "neurons": rows[ends[k] : ends[k + 1]],
        }
        for k in _places(at, justify.t).tolist()
    ]


def _ragged(offsets: Int64[np.ndarray, "N1"], **columns: np.ndarray) -> list[list[dict[str, Any]]]:
    """Parallel columns as records, in the groups that `offsets` cut."""
    rows = [dict(zip(columns, row)) for row in zip(*map(_rounded, columns.values()), strict=True)]
    ends = offsets.tolist()
    return [rows[a:b] for a, b in itertools.pairwise(ends)]


def _fewest(at: Int64[np.ndarray, "P"], found: Fragility | None) -> list[dict[str, Any] | None]:
    """The fewest flips that change a prediction; `flips` None where no set does."""
    if found is None:
        return [None] * len(at)
    if found.prediction_t is None or found.prediction_flips is None or found.prediction_offsets is None:
        raise OptionError("results: fragility without a map of predictions")
    assert found.prediction_before is not None
    assert found.prediction_after is not None
    members, ends = found.prediction_flips.tolist(), found.prediction_offsets.tolist()
    known = {}
    for k, t in enumerate(found.prediction_t.tolist()):
        flips, after = members[ends[k] : ends[k + 1]], int(found.prediction_after[k])
        known[t] = {
            "flips": flips or None,
            "before": int(found.prediction_before[k]),
            "after": after if flips else None,
        }
    return [known.get(t) for t in at.tolist()]


def _rounded(values: np.ndarray) -> list[Any]:
    """The values as a list; floats to nine significant digits, None where there is no finite one."""
    if values.dtype.kind != "f":
        return values.tolist()
    if values.ndim > 1:
        return [_rounded(row) for row in values]
    finite = np.isfinite(values).tolist()
    return [float(f"{v:.{_DIGITS}g}") if ok else None for v, ok in zip(values.tolist(), finite)]
