"""Training signs on labelled words, in NumPy: for nets this small it is quicker than a framework's overhead.

z = wx[:, x] + bh + wh h runs forward on signs, h = +1 where z >= 0; gradients pass back through a slope of
1 - tanh(z)^2 (a straight-through estimator: Bengio, Leonard & Courville 2013, arXiv:1308.3432). The loss is
the mean cross-entropy of the labels at all prefixes; Adam (Kingma & Ba 2015, arXiv:1412.6980) follows its
gradient, whose norm is cut off at CLIP.
"""

import math

import numpy as np

from boolrnn.model.weights import Weights

RATE, LAST_RATE = 5e-3, 0.02  # the rate, and the share of it that is left at the end of its cosine
CLIP = 1.0  # largest gradient norm
BETAS, SMALL = (0.9, 0.999), 1e-8  # of Adam
INPUT_SCALE, RECURRENT_SCALE = 0.5, 1.5  # wx ~ N(0, INPUT_SCALE^2), wh ~ N(0, RECURRENT_SCALE^2 / H)
ONEHOT = 1 << 22  # entries of a matrix of symbols and places, at most
_ONE = np.float32(1)


class Descent:
    """Parameters, moments and gradients, each one flat float32 array that the tensors are views of.

    Tensors are transposed against Weights: `wx` (V, H) with bh added in, `wh` (H, H) as [from, to], `wy`
    (H, O), `by` (O).
    """

    def __init__(self, hidden: int, symbols: int, outputs: int, rng: np.random.Generator) -> None:
        self.shapes = {
            "wx": (symbols, hidden),
            "wh": (hidden, hidden),
            "wy": (hidden, outputs),
            "by": (outputs,),
        }
        size = sum(math.prod(shape) for shape in self.shapes.values())
        self.flat, self.slopes = np.zeros(size, np.float32), np.zeros(size, np.float32)
        self.moments = np.zeros((2, size), np.float32)
        self.tensors, self.gradients = self._views(self.flat), self._views(self.slopes)
        self.tensors["wx"][:] = rng.normal(size=(symbols, hidden)) * INPUT_SCALE
        self.tensors["wh"][:] = rng.normal(size=(hidden, hidden)) * RECURRENT_SCALE / math.sqrt(hidden)
        self.tensors["wy"][:] = rng.normal(size=(hidden, outputs)) / math.sqrt(hidden)
        self.steps = 0
        self.space: list[np.ndarray] = []

    def _views(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        found, first = {}, 0
        for name, shape in self.shapes.items():
            size = math.prod(shape)
            found[name] = flat[first : first + size].reshape(shape)
            first += size
        return found

    def weights(self, alphabet: np.ndarray | None = None) -> Weights:
        """The net as it stands."""
        own = self.tensors
        nothing = np.zeros(len(own["wh"]), np.float32)
        wx, wh, wy = (own[name].T for name in ("wx", "wh", "wy"))
        return Weights(wx=wx, wh=wh, bh=nothing, wy=wy, by=own["by"], alphabet=alphabet)

    def update(
        self, words: np.ndarray, labels: np.ndarray, rate: float, turned: np.ndarray | None = None
    ) -> tuple[float, float]:
        """One step of Adam on words (L, B) with labels (L + 1, B), negative at the empty prefix where there
        is none; -1 in `turned` (L, B, H) flips a hidden value. What comes back are the mean loss in nats and
        the share of labels that were right, before the step."""
        found = self.gradient(words, labels, turned)
        norm = math.sqrt(float(self.slopes @ self.slopes))
        if norm > CLIP:
            self.slopes *= CLIP / norm
        self._adam(rate)
        return found

    def _adam(self, rate: float) -> None:
        self.steps += 1
        first, second = self.moments
        first += (1 - BETAS[0]) * (self.slopes - first)
        second += (1 - BETAS[1]) * (self.slopes * self.slopes - second)
        unbiased = [1 - beta**self.steps for beta in BETAS]
        self.flat -= (rate / unbiased[0]) * first / (np.sqrt(second / unbiased[1]) + SMALL)

    def gradient(
        self, words: np.ndarray, labels: np.ndarray, turned: np.ndarray | None = None
    ) -> tuple[float, float]:
        """Fill the gradients; loss and share as `update` gives them."""
        own, into = self.tensors, self.gradients
        length, count = words.shape
        hidden, z, delta = self._forward(words, turned)
        first = int(labels[0, 0] < 0)  # a Mealy machine says nothing about the empty word
        told = hidden[first:].reshape((length + 1 - first) * count, -1)
        loss, right, wrong = _cross_entropy(told, own, labels[first:].reshape(-1))
        into["by"][:] = wrong.sum(axis=0)
        np.matmul(told.T, wrong, out=into["wy"])
        upper = (wrong @ own["wy"].T).reshape(length + 1 - first, count, -1)[1 - first :]
        _backward(z, upper, own["wh"], delta, turned)
        flat = delta.reshape(length * count, -1)
        np.matmul(hidden[:length].reshape(length * count, -1).T, flat, out=into["wh"])
        _gathered(words.reshape(-1), flat, into["wx"])
        return loss, right

    def _forward(self, words: np.ndarray, turned: np.ndarray | None) -> list[np.ndarray]:
        """Hidden values (L + 1, B, H), 0 at the start, and sums (L, B, H); with them room for deltas."""
        own, shape = self.tensors, (*words.shape, self.shapes["wh"][0])
        if not self.space or self.space[1].shape != shape:
            self.space = [np.zeros((shape[0] + 1, *shape[1:]), np.float32)]
            self.space += [np.empty(shape, np.float32) for _ in range(2)]
        hidden, z, _ = self.space
        np.take(own["wx"], words, axis=0, out=z, mode="clip")
        carried = np.empty(shape[1:], np.float32)
        for t, total in enumerate(z):
            total += np.matmul(hidden[t], own["wh"], out=carried)
            np.copysign(_ONE, total, out=hidden[t + 1])
            if turned is not None:
                hidden[t + 1] *= turned[t]
        return self.space


def _backward(
    z: np.ndarray, upper: np.ndarray, wh: np.ndarray, delta: np.ndarray, turned: np.ndarray | None
) -> None:
    """Fill `delta`, the gradient of the loss by the sums; `upper` is that by the hidden values, readout only.
    The sums are overwritten by their slopes."""
    np.tanh(z, out=z)
    np.multiply(z, z, out=z)
    slopes = np.subtract(_ONE, z, out=z)
    if turned is not None:
        slopes *= turned
    back, carried = np.ascontiguousarray(wh.T), np.empty(z.shape[1:], np.float32)
    np.multiply(upper[-1], slopes[-1], out=delta[-1])
    for t in range(len(z) - 2, -1, -1):
        np.matmul(delta[t + 1], back, out=carried)
        carried += upper[t]
        np.multiply(carried, slopes[t], out=delta[t])


def _gathered(symbols: np.ndarray, delta: np.ndarray, into: np.ndarray) -> None:
    """The sum of the rows of `delta` (N, H) for each symbol (N), into (V, H)."""
    if into.shape[0] * len(symbols) <= ONEHOT:
        read = symbols == np.arange(len(into))[:, None]
        np.matmul(read.astype(np.float32), delta, out=into)
        return
    into[:] = 0
    np.add.at(into, symbols, delta)


def _cross_entropy(
    hidden: np.ndarray, own: dict[str, np.ndarray], labels: np.ndarray
) -> tuple[float, float, np.ndarray]:
    """The mean loss, the share of right labels, and the gradient of the loss by the outputs (N, O), for
    hidden values (N, H)."""
    logits = hidden @ own["wy"] + own["by"]
    logits -= logits.max(axis=1, keepdims=True)
    each = np.arange(len(labels))
    right = float((logits.argmax(axis=1) == labels).mean())
    chances = np.exp(logits)
    totals = chances.sum(axis=1, keepdims=True)
    loss = float((np.log(totals[:, 0]) - logits[each, labels]).mean())
    chances /= totals
    chances[each, labels] -= 1
    chances /= len(labels)
    return loss, right, chances
