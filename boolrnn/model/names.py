"""Named tensors, as people name them, to Weights.

Understood: our own names and their common spellings (Wx / Wxh / W_xh ...), and PyTorch state dicts of
[Embedding ->] RNN or RNNCell -> Linear under any prefix. Everything else is refused by name: a tensor
that is left over would mean that the file holds another function than the one read.
"""

import dataclasses
import re

import numpy as np

from boolrnn.errors import WeightsError
from boolrnn.model.weights import TENSORS, Weights

_SPELLINGS = {
    "wx": ("wx", "wxh"),
    "wh": ("wh", "whh"),
    "bh": ("bh",),
    "wy": ("wy", "why"),
    "by": ("by",),
}
_NEEDED = (
    "needed: wx, wh, bh, wy, by (or Wx, Wh, ... or Wxh, Whh, bh, Why, by), or PyTorch's weight_ih_l0, "
    "weight_hh_l0 with a linear readout"
)
_CELL = re.compile(r"(weight|bias)_(ih|hh)(_l0)?$")
_GATES = {4: "an LSTM (4H rows)", 3: "a GRU (3H rows)"}

Tensors = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Named:
    """Weights read from named tensors, with what was done to them on the way."""

    weights: Weights
    notes: tuple[str, ...]
    folding: float | None  # largest rounding of a folded entry; None where nothing was folded


def from_names(tensors: Tensors, nonlinearity: str | None = None) -> Named:
    """Weights from tensors by name. `alphabet` may be one of them.

    Raises
    ------
    WeightsError
        On another cell or nonlinearity (what was recognised), missing names (those found), or tensors
        that do not belong to this kind of net.
    """
    if nonlinearity is not None and nonlinearity.lower() != "tanh":
        raise WeightsError(f"metadata names the nonlinearity {nonlinearity!r}; supported: tanh")
    _refuse_other_cells(tensors)
    tensors = dict(tensors)
    alphabet = tensors.pop("alphabet", None)
    if any(_CELL.search(name) for name in tensors):
        return _from_torch(tensors, alphabet)
    return _from_plain(tensors, alphabet)


def exact_float32(name: str, value: np.ndarray) -> np.ndarray:
    """The tensor as float32 where no entry changes.

    Raises
    ------
    WeightsError
        On a dtype that is no number, or an entry that float32 cannot hold (with its index).
    """
    if value.dtype.kind not in "fiu":
        kind = "object (pickled)" if value.dtype.kind == "O" else str(value.dtype)
        raise WeightsError(f"{name}: {kind} array, expected float32")
    with np.errstate(over="ignore"):
        narrow = value.astype(np.float32)
    changed = (narrow.astype(value.dtype) != value) & ~(np.isnan(narrow) & np.isnan(value))
    if changed.any():
        index = tuple(int(k) for k in np.argwhere(changed)[0])
        raise WeightsError(
            f"{name}{list(index)} = {value[index]!r} is no float32 ({int(changed.sum()):,} entries of "
            f"this {value.dtype} tensor are not); round it yourself with .astype('float32') and save"
        )
    return narrow


def _refuse_other_cells(tensors: Tensors) -> None:
    supported = "supported: one layer, one direction, tanh (nn.RNN or nn.RNNCell)"
    for name, value in tensors.items():
        if "_reverse" in name:
            raise WeightsError(f"{name}: recognised a bidirectional net; {supported}")
        if re.search(r"(weight|bias)_(ih|hh|hr)_l[1-9]", name):
            raise WeightsError(f"{name}: recognised a net of several layers; {supported}")
        if "weight_hr" in name:
            raise WeightsError(f"{name}: recognised a projected cell; {supported}")
        if re.search(r"weight_hh(_l0)?$", name) and value.ndim == 2 and value.shape[1]:
            rows, columns = value.shape
            if rows != columns and rows % columns == 0 and rows // columns in _GATES:
                gates = _GATES[rows // columns]
                raise WeightsError(f"{name}: shape {value.shape}, recognised {gates}; {supported}")


def _found(tensors: Tensors) -> str:
    names = [f"{name} {value.shape}" for name, value in tensors.items()]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return "found: " + (", ".join(names[:12]) + more if names else "no tensors")


def _from_plain(tensors: Tensors, alphabet: np.ndarray | None) -> Named:
    by_spelling = {re.sub(r"[^a-z]", "", n.split(".")[-1].lower()): n for n in tensors}
    chosen = {
        ours: by_spelling[spelling]
        for ours, spellings in _SPELLINGS.items()
        for spelling in spellings
        if spelling in by_spelling
    }
    missing = [ours for ours in TENSORS if ours not in chosen]
    if missing:
        raise WeightsError(f"missing tensor {', '.join(missing)}; {_found(tensors)}; {_NEEDED}")
    extra = [name for name in tensors if name not in chosen.values()]
    parts = {ours: exact_float32(name, tensors[name]) for ours, name in chosen.items()}
    notes = (f"left aside: {', '.join(extra)}",) if extra else ()
    return Named(Weights(**parts, alphabet=alphabet), notes, None)


def _from_torch(tensors: Tensors, alphabet: np.ndarray | None) -> Named:
    cell = {f"{m[1]}_{m[2]}": n for n in tensors if (m := _CELL.search(n))}
    for part in ("weight_ih", "weight_hh"):
        if part not in cell:
            raise WeightsError(f"missing tensor {part}_l0; {_found(tensors)}; {_NEEDED}")
    if len(cell) < sum(bool(_CELL.search(n)) for n in tensors):
        raise WeightsError(f"more than one recurrent cell; {_found(tensors)}; {_NEEDED}")
    parts = {part: exact_float32(name, tensors[name]) for part, name in cell.items()}
    wx, wh = parts["weight_ih"], parts["weight_hh"]
    if wx.ndim != 2 or wh.ndim != 2:
        raise WeightsError(f"weight_ih and weight_hh: expected two matrices; {_found(tensors)}")
    left = {n: exact_float32(n, v) for n, v in tensors.items() if n not in cell.values()}
    embedding, readout, output_bias = _linear_layers(left, wx.shape[1], wh.shape[0])
    notes: list[str] = []
    roundings: list[float] = []
    if embedding is not None:
        wx, rounding = _folded_embedding(wx, left[embedding])
        roundings.append(rounding)
        notes.append(f"embedding {embedding} {left[embedding].shape} folded into wx")
    biases = [parts[part] for part in ("bias_ih", "bias_hh") if part in parts]
    if len(biases) == 2:
        notes.append("bh = bias_ih + bias_hh")
    elif not biases:
        notes.append("the cell has no bias: bh = 0")
    bh, rounding = _folded_bias(biases, wh.shape[0])
    if len(biases) == 2:
        roundings.append(rounding)
    wy = left[readout]
    by = left[output_bias] if output_bias else np.zeros(wy.shape[0], np.float32)
    if not output_bias:
        notes.append(f"{readout} has no bias: by = 0")
    weights = Weights(wx=wx, wh=wh, bh=bh, wy=wy, by=by, alphabet=alphabet)
    return Named(weights, tuple(notes), max(roundings, default=None))


def _linear_layers(left: Tensors, width: int, hidden: int) -> tuple[str | None, str, str | None]:
    """Which of the tensors left over are (embedding or None, readout, readout bias or None)."""
    matrices = [name for name, value in left.items() if value.ndim == 2]
    readouts = [name for name in matrices if left[name].shape[1] == hidden]
    embeddings = [name for name in matrices if left[name].shape[1] == width]
    pairs = [(e, r) for e in embeddings for r in readouts if e != r]
    if len(matrices) == 1 and readouts:
        embedding, readout = None, readouts[0]
    elif len(matrices) == 2 and pairs:
        embedding, readout = _likeliest(pairs, left)
    else:
        raise WeightsError(
            f"expected one readout (O, {hidden}), with or without an embedding (V, {width}) in front; "
            + _found(left)
        )
    bias = _bias_of(readout, left)
    unused = {n: v for n, v in left.items() if n not in (embedding, readout, bias)}
    if unused:
        raise WeightsError("tensors that are no part of [Embedding ->] RNN -> Linear: " + _found(unused))
    return embedding, readout, bias


def _bias_of(readout: str, left: Tensors) -> str | None:
    name = readout.removesuffix("weight") + "bias"
    return name if name in left and name != readout else None


def _likeliest(pairs: list[tuple[str, str]], left: Tensors) -> tuple[str, str]:
    """The one way to tell embedding from readout; where shapes allow both, the bias or name tells."""
    signs = (
        lambda pair: True,
        lambda pair: _bias_of(pair[0], left) is None,
        lambda pair: "emb" in pair[0].lower(),
    )
    for sign in signs:
        pairs = [pair for pair in pairs if sign(pair)] or pairs
        if len(pairs) == 1 or np.array_equal(left[pairs[0][0]], left[pairs[0][1]]):
            return pairs[0]
    raise WeightsError(
        f"cannot tell embedding from readout: {pairs[0][0]} and {pairs[0][1]} have one shape; "
        "give one of them 'emb' in its name"
    )


def _folded_embedding(wx: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, float]:
    """wx @ table.T: float64 sums in index order, rounded once to float32; and the largest rounding."""
    total = np.zeros((wx.shape[0], table.shape[0]))
    for k in range(table.shape[1]):
        total += np.outer(wx[:, k].astype(np.float64), table[:, k].astype(np.float64))
    return _narrowed("the folded embedding", total)


def _folded_bias(biases: list[np.ndarray], hidden: int) -> tuple[np.ndarray, float]:
    for bias in biases:
        if bias.shape != (hidden,):
            raise WeightsError(f"cell bias: shape {bias.shape}, expected ({hidden},)")
    return _narrowed("the folded bias", sum((b.astype(np.float64) for b in biases), np.zeros(hidden)))


def _narrowed(what: str, total: np.ndarray) -> tuple[np.ndarray, float]:
    if np.isnan(total).any() or (np.abs(total) > np.finfo(np.float32).max).any():
        raise WeightsError(f"{what}: NaN, or beyond the range of float32; expected finite tensors")
    narrow = total.astype(np.float32)
    return narrow, float(np.abs(narrow - total).max(initial=0.0))
