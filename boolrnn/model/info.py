"""info: what a weight file holds, how exactly it can be summed, and whether its layout is read right."""

import dataclasses
from typing import Any

import numpy as np

from boolrnn.model.corpus import check_symbols
from boolrnn.model.exact import certify_rows
from boolrnn.model.formats import LAYOUTS, Source
from boolrnn.model.rnn import bpc, trace
from boolrnn.model.weights import TENSORS, Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Float64, Int64

WINDOW = 16_384  # the layout check reads no more symbols than this
FAR = 0.5  # bits per character by which another layout must be better before info warns,
SHARE = 0.8  # the share of this one's that it may cost at most,
ENOUGH = 16  # and the predictions that it takes to say so; it must also beat a uniform guess


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Info(Result):
    """What a weight file holds. `layouts` is empty without a text, its bpc None unless O = V."""

    schema = "info/1"

    hidden: int
    symbols: int
    outputs: int
    parameters: int
    form: str  # raw | npz | safetensors | torch | automaton
    layout: str  # the order of a raw file, or "named"
    sha256: str  # of the file
    weights_sha256: str  # of the tensors: the same in every format
    alphabet: str | None
    nonlinearity: str  # nothing in the tensors says it
    exact_route: str = named("exact.route")
    exact_bits_max: int = named("exact.bits_max")  # all rows counted in the file's lowest unit
    notes: np.ndarray
    folding: float | None  # largest rounding of a folded embedding or bias
    tensor_name: np.ndarray = named("tensors.name")
    tensor_shape: np.ndarray = named("tensors.shape")
    tensor_min: Float64[np.ndarray, "5"] = named("tensors.min")
    tensor_max: Float64[np.ndarray, "5"] = named("tensors.max")
    tensor_mean_abs: Float64[np.ndarray, "5"] = named("tensors.mean_abs")
    tensor_zeros: Int64[np.ndarray, "5"] = named("tensors.zeros")
    row_neuron: Int64[np.ndarray, "H"] = named("rows.neuron")
    row_route: np.ndarray = named("rows.route")
    row_bits: Int64[np.ndarray, "H"] = named("rows.bits")
    row_fan_in: Int64[np.ndarray, "H"] = named("rows.fan_in")  # inputs with |w| > 0.1
    wh_positive: int = named("wh.positive")  # entries above 0.001
    wh_negative: int = named("wh.negative")  # entries below -0.001
    wh_near_zero: int = named("wh.near_zero")
    wh_mean_positive: float | None = named("wh.mean_positive")
    wh_mean_negative: float | None = named("wh.mean_negative")
    wh_fan_in: float = named("wh.fan_in")  # inputs per neuron with |w| > 0.1, mean
    layout_names: np.ndarray = named("layouts.layout")
    layout_bpc: Float64[np.ndarray, "L"] = named("layouts.bpc")
    layout_window: int  # symbols that the layout check read
    warning: str | None


def info(source: Source, symbols: np.ndarray | None = None) -> Info:
    """Describe a weight file; with `symbols` (T), its bpc under every layout that fits its size.

    Raises
    ------
    TextError
        On a symbol outside the vocabulary.
    """
    weights = source.weights
    certificate = certify_rows(weights.wh, weights.wx, weights.bh)
    tensors = [getattr(weights, name).astype(np.float64) for name in TENSORS]
    names, scores, window = _layouts(source, symbols)
    return Info(
        hidden=weights.hidden,
        symbols=weights.symbols,
        outputs=weights.outputs,
        parameters=weights.parameters,
        form=source.form,
        layout=source.layout,
        sha256=source.sha256,
        weights_sha256=weights.sha256(),
        alphabet=None if weights.alphabet is None else bytes(weights.alphabet).decode("latin-1"),
        nonlinearity="tanh (assumed: weights alone do not say)",
        exact_route=certificate.route,
        exact_bits_max=certificate.bits_common,
        notes=np.array(source.notes, dtype=np.str_),
        folding=source.folding,
        tensor_name=np.array(TENSORS),
        tensor_shape=np.array([" x ".join(map(str, t.shape)) for t in tensors]),
        tensor_min=np.array([t.min() for t in tensors]),
        tensor_max=np.array([t.max() for t in tensors]),
        tensor_mean_abs=np.array([np.abs(t).mean() for t in tensors]),
        tensor_zeros=np.array([np.count_nonzero(t == 0) for t in tensors]),
        row_neuron=np.arange(weights.hidden),
        row_route=certificate.routes,
        row_bits=certificate.bits,
        row_fan_in=(np.abs(weights.wh) > 0.1).sum(axis=1),
        **_sign_structure(weights),
        layout_names=np.array(names, dtype=np.str_),
        layout_bpc=np.array(scores, dtype=np.float64),
        layout_window=window,
        warning=_warning(source, names, scores) if window > ENOUGH else None,
    )


def _sign_structure(weights: Weights) -> dict[str, Any]:
    wh = weights.wh
    up, down = wh[wh > 0.001], wh[wh < -0.001]
    return {
        "wh_positive": up.size,
        "wh_negative": down.size,
        "wh_near_zero": wh.size - up.size - down.size,
        "wh_mean_positive": float(up.mean(dtype=np.float64)) if up.size else None,
        "wh_mean_negative": float(-down.mean(dtype=np.float64)) if down.size else None,
        "wh_fan_in": float((np.abs(wh) > 0.1).sum(axis=1).mean()),
    }


def _layouts(source: Source, symbols: np.ndarray | None) -> tuple[list[str], list[float], int]:
    """Each layout that fits the file's size, its bpc on the text, and how many symbols were read."""
    if symbols is None:
        return [], [], 0
    weights = source.weights
    part = check_symbols(symbols, weights)[:WINDOW]
    names = [source.layout]
    if source.form == "raw":
        names += [name for name in LAYOUTS if name != source.layout]
    scores = []
    for name in names:
        read = weights if name == source.layout else source.in_layout(name)
        score = bpc(read, trace(read, part))
        scores.append(np.nan if score is None else score)
    return names, scores, len(part)


def _warning(source: Source, names: list[str], scores: list[float]) -> str | None:
    """One loud line where another layout predicts far better than the one that was used."""
    if len(names) < 2 or np.isnan(scores).any():
        return None
    best = int(np.argmin(scores))
    used = scores[names.index(source.layout)]
    if scores[best] >= min(used - FAR, used * SHARE, np.log2(source.weights.symbols)):
        return None
    return (
        f"WRONG LAYOUT? read as {source.layout} this file predicts the text at {used:.3f} bpc, read as "
        f"{names[best]} at {scores[best]:.3f} bpc: use --layout {names[best]}"
    )
