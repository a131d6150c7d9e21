"""PyTorch files (.pt, .pth): the one place that imports torch, loaded only for such a file."""

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from boolrnn.errors import WeightsError
from boolrnn.model.weights import TENSORS, Weights

_NESTS = ("state_dict", "model_state_dict", "model")


def read(data: bytes) -> tuple[dict[str, np.ndarray], str | None]:
    """Tensors by name and the nonlinearity that the file names, if any. Nothing is unpickled but
    tensors and plain containers (`weights_only`).

    Raises
    ------
    WeightsError
        Where the file is damaged, holds pickled objects, or holds no tensors.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns about old formats that it still reads
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - torch raises a dozen unrelated kinds on bad files
        reason = str(error).split("\n")[0].split(". ")[0]
        raise WeightsError(
            f"no PyTorch state dict that loads with weights_only ({reason}); "
            "save it with torch.save(model.state_dict(), path)"
        ) from None
    nonlinearity = _nonlinearity(content)
    for key in _NESTS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            nonlinearity = nonlinearity or _nonlinearity(content)
            break
    if not isinstance(content, Mapping):
        raise WeightsError(f"holds a {type(content).__name__}, expected a state dict of tensors")
    found = {str(k): _numpy(v) for k, v in content.items() if isinstance(v, torch.Tensor)}
    return found, nonlinearity


def _nonlinearity(content: Any) -> str | None:
    value = content.get("nonlinearity") if isinstance(content, Mapping) else None
    return value if isinstance(value, str) else None


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    return tensor.detach().resolve_conj().contiguous().numpy()


def write(weights: Weights) -> bytes:
    """The weights as a state dict under our own names."""
    state = {name: torch.from_numpy(getattr(weights, name).copy()) for name in TENSORS}
    if weights.alphabet is not None:
        state["alphabet"] = torch.from_numpy(weights.alphabet.copy())
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()
