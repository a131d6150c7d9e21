"""Train the embedded net: a plain tanh RNN that memorises the embedded text. NumPy only, a minute.

    python -m boolrnn.data.make_pair OUT.npz

Adam (0.9, 0.999, 1e-8) on the mean cross-entropy, gradient norm clipped at 1, cosine learning rate,
backpropagation through 50 symbols with the state carried on, h = 0 at the start of each epoch and a
first chunk of random length. The same seed gives the same net on the same machine and NumPy; elsewhere
the last bits differ, and training amplifies them.
"""

import sys
from importlib import resources
from typing import Any

import numpy as np

from boolrnn.model.formats import write_weights
from boolrnn.model.weights import TENSORS, Weights

HIDDEN, EPOCHS, RATE, CHUNK, SEED = 48, 1500, 4e-3, 50, 1

Parameters = dict[str, np.ndarray]


def initial(symbols: int, rng: np.random.Generator) -> Parameters:
    """Normal weights: Wx N(0, 1), Wh and Wy N(0, 1/H), biases 0."""
    scale = 1 / np.sqrt(HIDDEN)
    return {
        "wx": rng.normal(size=(HIDDEN, symbols)),
        "wh": rng.normal(size=(HIDDEN, HIDDEN)) * scale,
        "bh": np.zeros(HIDDEN),
        "wy": rng.normal(size=(symbols, HIDDEN)) * scale,
        "by": np.zeros(symbols),
    }


def chunk_gradient(
    p: Parameters, inputs: np.ndarray, targets: np.ndarray, start: np.ndarray
) -> tuple[float, Parameters, np.ndarray]:
    """Total nats over a chunk, the gradient of their mean, and the state after it."""
    hidden = np.empty((len(inputs) + 1, HIDDEN))
    hidden[0] = start
    for t, x in enumerate(inputs):
        hidden[t + 1] = np.tanh(p["bh"] + p["wx"][:, x] + p["wh"] @ hidden[t])
    scores = hidden[1:] @ p["wy"].T + p["by"]
    scores -= scores.max(axis=1, keepdims=True)
    chance = np.exp(scores)
    chance /= chance.sum(axis=1, keepdims=True)
    rows = np.arange(len(inputs))
    nats = -np.log(chance[rows, targets]).sum()
    chance[rows, targets] -= 1
    chance /= len(inputs)
    gradient = {name: np.zeros_like(p[name]) for name in TENSORS}
    gradient["wy"], gradient["by"] = chance.T @ hidden[1:], chance.sum(axis=0)
    upper = chance @ p["wy"]
    back = np.zeros(HIDDEN)
    for t in range(len(inputs) - 1, -1, -1):
        slope = (upper[t] + back) * (1 - hidden[t + 1] ** 2)
        gradient["wx"][:, inputs[t]] += slope
        gradient["bh"] += slope
        gradient["wh"] += np.outer(slope, hidden[t])
        back = p["wh"].T @ slope
    return float(nats), gradient, hidden[-1]


class Adam:
    """Adam with a clipped gradient norm."""

    def __init__(self, p: Parameters) -> None:
        self.step = 0
        self.first = {name: np.zeros_like(value) for name, value in p.items()}
        self.second = {name: np.zeros_like(value) for name, value in p.items()}

    def update(self, p: Parameters, gradient: Parameters, rate: float) -> None:
        """One step, in place."""
        self.step += 1
        norm = np.sqrt(sum((g**2).sum() for g in gradient.values()))
        for name, g in gradient.items():
            g = g / max(norm, 1.0)
            self.first[name] += 0.1 * (g - self.first[name])
            self.second[name] += 0.001 * (g**2 - self.second[name])
            mean = self.first[name] / (1 - 0.9**self.step)
            spread = self.second[name] / (1 - 0.999**self.step)
            p[name] -= rate * mean / (np.sqrt(spread) + 1e-8)


def train(data: bytes) -> Weights:
    """The net after the last epoch, over the alphabet that the text uses."""
    alphabet, symbols = np.unique(np.frombuffer(data, np.uint8), return_inverse=True)
    rng = np.random.default_rng(SEED)
    p = initial(len(alphabet), rng)
    adam = Adam(p)
    for epoch in range(EPOCHS):
        rate = RATE * (0.01 + 0.99 * (1 + np.cos(np.pi * epoch / EPOCHS)) / 2)
        state, nats, first = np.zeros(HIDDEN), 0.0, 0
        stop = int(rng.integers(1, CHUNK + 1))
        while first < len(symbols) - 1:
            part = slice(first, min(stop, len(symbols) - 1))
            loss, gradient, state = chunk_gradient(
                p, symbols[part], symbols[part.start + 1 : part.stop + 1], state
            )
            adam.update(p, gradient, rate)
            nats, first, stop = nats + loss, part.stop, part.stop + CHUNK
        if epoch % 100 == 99:
            bits = nats / np.log(2) / (len(symbols) - 1)
            print(f"epoch {epoch + 1}: {bits:.4f} bpc", file=sys.stderr)
    parts: dict[str, Any] = {name: p[name].astype(np.float32) for name in TENSORS}
    return Weights(**parts, alphabet=alphabet)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m boolrnn.data.make_pair OUT.npz")
    folder, target = resources.files("boolrnn.data"), sys.argv[1]
    write_weights(train((folder / "pair.txt").read_bytes()), target)
