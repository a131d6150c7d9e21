"""PyTorch state dicts of [Embedding ->] RNN or RNNCell -> Linear, under any prefix, to Weights.

Two biases are added and an embedding is multiplied in ("folded"). The five tensors then are rounded once;
how many addends each drive stood for, and their magnitudes, are kept for the certificates, which speak of
the program in the file.
"""

import dataclasses
import re

import numpy as np

from boolrnn.errors import WeightsError
from boolrnn.model.weights import Weights, refuse_nonfinite

NEEDED = (
    "needed: wx, wh, bh, wy, by (or Wx, Wh, ... or Wxh, Whh, bh, Why, by), or PyTorch's weight_ih_l0, "
    "weight_hh_l0 with a linear readout"
)
CELL = re.compile(r"(weight|bias)_(ih|hh)(_l0)?$")
_LOOKUPS = {"wte", "lookup", "lut"}  # beside everything that begins with "emb"
_READOUTS = {"fc", "out", "output", "head", "linear", "lin", "decoder", "proj", "projection", "readout"}
_READOUTS |= {"dense", "classifier", "mlp", "logits"}

Tensors = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Named:
    """Weights read from named tensors, with what was done to them on the way."""

    weights: Weights
    notes: tuple[str, ...]
    folding: float | None  # largest rounding of a folded entry; None where nothing was folded


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
    if value.dtype.kind in "iu":
        changed = (value > 1 << 24) | (value < -(1 << 24))
    else:
        changed = (narrow.astype(value.dtype) != value) & ~(np.isnan(narrow) & np.isnan(value))
    if changed.any():
        index = tuple(int(k) for k in np.argwhere(changed)[0])
        raise WeightsError(
            f"{name}{list(index)} = {value[index]} is no float32 ({int(changed.sum()):,} entries of "
            f"this {value.dtype} tensor are not); round it yourself with .astype('float32') and save"
        )
    return narrow


def found(tensors: Tensors) -> str:
    """The tensors of a file in words, for a message."""
    names = [f"{name} {value.shape}" for name, value in tensors.items()]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return "found: " + (", ".join(names[:12]) + more if names else "no tensors")


def from_state_dict(tensors: Tensors, alphabet: np.ndarray | None) -> Named:
    """Weights from a state dict.

    Raises
    ------
    WeightsError
        Where parts are missing, left over, or cannot be told apart.
    """
    cell = {f"{m[1]}_{m[2]}": n for n in tensors if (m := CELL.search(n))}
    for part in ("weight_ih", "weight_hh"):
        if part not in cell:
            raise WeightsError(f"missing tensor {part}_l0; {found(tensors)}; {NEEDED}")
    if len(cell) < sum(bool(CELL.search(n)) for n in tensors):
        raise WeightsError(f"more than one recurrent cell; {found(tensors)}; {NEEDED}")
    if ("bias_ih" in cell) != ("bias_hh" in cell):
        raise WeightsError(f"one of bias_ih and bias_hh is missing; {found(tensors)}")
    parts = {part: exact_float32(name, tensors[name]) for part, name in cell.items()}
    wx, wh = parts["weight_ih"], parts["weight_hh"]
    if wx.ndim != 2 or wh.ndim != 2:
        raise WeightsError(f"weight_ih and weight_hh: expected two matrices; {found(tensors)}")
    left = {n: exact_float32(n, v) for n, v in tensors.items() if n not in cell.values()}
    for name, value in [*zip(cell.values(), parts.values()), *left.items()]:
        refuse_nonfinite(name, value)
    embedding, readout, output_bias = _linear_layers(left, wx.shape[1], wh.shape[0])
    biases = [_vector(part, parts[part], wh.shape[0]) for part in ("bias_ih", "bias_hh") if part in parts]
    drive, notes = _folded(wx, None if embedding is None else left[embedding], biases)
    if embedding is not None:
        notes = (f"embedding {embedding} {left[embedding].shape} folded into wx", *notes)
        if left[embedding].shape[0] == left[embedding].shape[1]:
            notes = (f"{embedding} is square: read as a table of one row per symbol", *notes)
    wy = left[readout]
    by = left[output_bias] if output_bias else np.zeros(wy.shape[0], np.float32)
    if not output_bias:
        notes = (*notes, f"{readout} has no bias: by = 0")
    weights = Weights(
        wx=drive.wx,
        wh=wh,
        bh=drive.bh,
        wy=wy,
        by=by,
        alphabet=alphabet,
        folded=drive.folded,
        folded_terms=drive.terms,
    )
    return Named(weights, notes, drive.rounding)


@dataclasses.dataclass(frozen=True)
class _Drive:
    """Input weights and bias after folding; `folded` and `terms` as in Weights."""

    wx: np.ndarray
    bh: np.ndarray
    folded: np.ndarray | None
    terms: int
    rounding: float | None


def _folded(
    wx: np.ndarray, table: np.ndarray | None, biases: list[np.ndarray]
) -> tuple[_Drive, tuple[str, ...]]:
    """Fold an embedding and two biases in; float64 sums in index order, rounded once to float32."""
    bias = sum((b.astype(np.float64) for b in biases), np.zeros(wx.shape[0]))
    bh, bias_rounding = _narrowed("the folded bias", bias)
    notes = ("bh = bias_ih + bias_hh",) if biases else ("the cell has no bias: bh = 0",)
    if table is None and len(biases) < 2:
        return _Drive(wx, bh, None, 0, None), notes
    sizes = np.abs(wx).astype(np.float64)
    total, terms, rounding = wx, 1, 0.0
    if table is not None:
        terms = table.shape[1]
        product, sizes = np.zeros((2, wx.shape[0], table.shape[0]))
        for k in range(terms):
            addend = np.outer(wx[:, k].astype(np.float64), table[:, k].astype(np.float64))
            product += addend
            sizes += np.abs(addend)
        # an input that is flushed to zero loses 2^-126 times the other factor: as much as the certificate's
        # 2^-24 and more takes from this addition
        left, right = np.abs(wx).sum(axis=1, dtype=float), np.abs(table).sum(axis=1, dtype=float)
        sizes += 2.0**-102 * (left[:, None] + right)
        total, rounding = _narrowed("the folded embedding", product)
    for addend in biases:
        sizes = sizes + np.abs(addend).astype(np.float64)[:, None]
    return _Drive(total, bh, sizes, terms + len(biases), max(rounding, bias_rounding)), notes


def _narrowed(what: str, total: np.ndarray) -> tuple[np.ndarray, float]:
    if np.isnan(total).any() or (np.abs(total) > np.finfo(np.float32).max).any():
        raise WeightsError(f"{what}: NaN, or beyond the range of float32; expected finite tensors")
    narrow = total.astype(np.float32)
    return narrow, float(np.abs(narrow - total).max(initial=0.0))


def _vector(name: str, value: np.ndarray, hidden: int) -> np.ndarray:
    if value.shape != (hidden,):
        raise WeightsError(f"cell {name}: shape {value.shape}, expected ({hidden},)")
    return value


def _linear_layers(left: Tensors, width: int, hidden: int) -> tuple[str | None, str, str | None]:
    """Which of the tensors left over are (embedding or None, readout, readout bias or None)."""
    matrices = [name for name, value in left.items() if value.ndim == 2]
    readouts = [name for name in matrices if left[name].shape[1] == hidden]
    if len(matrices) == 1 and readouts and not _named_embedding(matrices[0]):
        embedding, readout = None, readouts[0]
    elif len(matrices) == 2:
        embedding, readout = _embedding_and_readout(matrices, left, width, hidden)
    else:
        raise WeightsError(_expected(width, hidden) + found(left))
    bias = _bias_of(readout, left)
    unused = {n: v for n, v in left.items() if n not in (embedding, readout, bias)}
    if unused:
        raise WeightsError("tensors that are no part of [Embedding ->] RNN -> Linear: " + found(unused))
    return embedding, readout, bias


def _expected(width: int, hidden: int) -> str:
    return f"expected one readout (O, {hidden}), with or without an embedding (V, {width}) in front; "


def _bias_of(matrix: str, left: Tensors) -> str | None:
    name = matrix.removesuffix("weight") + "bias"
    return name if name in left and name != matrix else None


def _named_embedding(name: str) -> bool:
    """Whether the module that holds the matrix is named like an embedding: emb, embedding, wte ..."""
    parts = name.lower().split(".")
    tokens = re.split(r"[^a-z]+", parts[-2] if len(parts) > 1 else parts[-1])
    lookup = any(token.startswith("emb") or token in _LOOKUPS for token in tokens)
    return lookup and not _READOUTS & set(tokens)


def _named_readout(name: str) -> bool:
    """Whether the module is named like a layer behind the cell: fc, head, out, decoder ..."""
    return bool(_READOUTS & set(re.split(r"[^a-z]+", name.lower())))


def _embedding_and_readout(matrices: list[str], left: Tensors, width: int, hidden: int) -> tuple[str, str]:
    """The one way to read two matrices, by shape, then bias (an embedding has none), then name.

    A square matrix in front may also be a Linear layer, which applies transposed: its name must tell.
    """
    first, second = matrices
    ways = [
        (e, r)
        for e, r in ((first, second), (second, first))
        if left[e].shape[1] == width and left[r].shape[1] == hidden and _bias_of(e, left) is None
    ]
    named = [way for way in ways if _named_embedding(way[0])]
    ways = named or ways
    if not ways:
        raise WeightsError(_expected(width, hidden) + found(left))
    embedding, readout = ways[0]
    tied = np.array_equal(left[embedding], left[readout])
    square = left[embedding].shape[0] == left[embedding].shape[1]
    unlikely = square or _named_readout(embedding)
    if (len(ways) > 1 and not tied) or (unlikely and not tied and not _named_embedding(embedding)):
        raise WeightsError(
            f"cannot tell what {embedding} {left[embedding].shape} is beside {readout} "
            f"{left[readout].shape}: name an embedding's module emb"
        )
    return embedding, readout
