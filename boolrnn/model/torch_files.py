"""PyTorch files (.pt, .pth): the one place that imports torch, loaded only for such a file."""

import io
import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from boolrnn.errors import WeightsError
from boolrnn.model.weights import TENSORS, Weights

_NESTS = ("state_dict", "model_state_dict", "model", "net", "weights")


def read(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Tensors by name, and everything else that the file says beside them. Nothing is unpickled but
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
    if not isinstance(content, Mapping):
        raise WeightsError(f"holds a {type(content).__name__}, expected a state dict of tensors")
    metadata = {str(k): v for k, v in content.items() if not isinstance(v, torch.Tensor)}
    nest = next((k for k in _NESTS if isinstance(content.get(k), Mapping)), None)
    if nest is not None:
        _refuse_beside(content, nest)
        content = dict(content[nest]) | {k: v for k, v in content.items() if k == "alphabet"}
        metadata |= {str(k): v for k, v in content.items() if not isinstance(v, torch.Tensor)}
    tensors = {str(k): _numpy(str(k), v) for k, v in content.items() if isinstance(v, torch.Tensor)}
    if not tensors:
        raise WeightsError(f"no tensors; found: {', '.join(metadata) or 'nothing'}; expected a state dict")
    if isinstance(metadata.get("alphabet"), str | list) and "alphabet" not in tensors:
        tensors["alphabet"] = np.array(metadata["alphabet"])
    return tensors, metadata


def _refuse_beside(content: Mapping[Any, Any], nest: str) -> None:
    """Refuse tensors beside the state dict that was chosen, but for those of training."""
    for key, value in content.items():
        training = re.search(r"optim|sched|scaler|rng|ema", str(key).lower())
        if key not in (nest, "alphabet") and not training and _holds_tensors(value):
            raise WeightsError(f"{key}: tensors beside {nest}; save the one state dict that is the net")


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_tensors(part) for part in value.values())
    return isinstance(value, torch.Tensor) and value.dim() > 0


def _numpy(name: str, tensor: torch.Tensor) -> np.ndarray:
    try:
        if tensor.dtype in (torch.bfloat16, torch.float16):
            tensor = tensor.float()
        return tensor.detach().resolve_conj().contiguous().numpy()
    except (TypeError, RuntimeError, NotImplementedError):  # float8, sparse, quantized, meta ...
        kind = f"{tensor.dtype}, {tensor.layout}".replace("torch.", "")
        raise WeightsError(f"{name}: a tensor of {kind}, expected dense float32") from None


def write(weights: Weights) -> bytes:
    """The weights as a state dict under our own names."""
    state = {name: torch.from_numpy(getattr(weights, name).copy()) for name in TENSORS}
    if weights.alphabet is not None:
        state["alphabet"] = torch.from_numpy(weights.alphabet.copy())
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()
