"""Labels of the float program and of sign states under common numbers, so that they can be compared."""

import numpy as np

from boolrnn.machines.outputs import ARGMAX, BITS, SIGN, START, Labeller


class FloatLabels:
    """What `labeller` reads off sign states, and off the float program's outputs as they come out (float64
    sums of its float32 hidden values; of equal ones the lowest). Labels of one name have one number."""

    def __init__(self, labeller: Labeller) -> None:
        self.labeller = labeller
        self.numbers: dict[str, int] = {}

    def named(self, names: tuple[str, ...], told: np.ndarray) -> np.ndarray:
        """Common numbers of labels that are given as positions in `names`."""
        return np.array([self.numbers.setdefault(name, len(self.numbers)) for name in names], np.int64)[told]

    def name(self, number: int) -> str:
        """The name behind a common number."""
        return list(self.numbers)[number]

    def of_states(self, states: np.ndarray) -> np.ndarray:
        """Of sign states (B, H)."""
        told = self.labeller.of_states(states)
        return self.named(self.labeller.labels, told)

    def of_start(self) -> int:
        """Of the automaton's start."""
        told = self.labeller.of_start()
        return int(self.named(self.labeller.labels, np.array([told]))[0])

    def of_floats(self, z: np.ndarray | None, hidden: np.ndarray) -> np.ndarray:
        """Of the float program, from its sums and hidden values (B, H); `z` None at the start."""
        labeller = self.labeller
        if labeller.kind == BITS:
            if z is None:
                return self.named((START,), np.zeros(len(hidden), np.int64))
            return self._rows((z[:, labeller.neurons] >= 0).astype(np.int64), "", "", "")
        with np.errstate(invalid="ignore"):  # a program whose sums overflowed has no numbers left
            outputs = hidden.astype(np.float64) @ labeller.wy.T.astype(np.float64) + labeller.by
        if labeller.kind == ARGMAX:
            return self.named(labeller.labels, labeller.label_of[outputs.argmax(axis=1)])
        if labeller.kind == SIGN:
            return self.named(labeller.labels, (outputs[:, labeller.size] >= 0).astype(np.int64))
        largest = np.argsort(-outputs, axis=1, kind="stable")[:, : labeller.size]
        return self._rows(np.sort(largest, axis=1), "{", ",", "}")

    def _rows(self, rows: np.ndarray, left: str, between: str, right: str) -> np.ndarray:
        kinds, back = np.unique(rows, axis=0, return_inverse=True)
        names = tuple(left + between.join(map(str, row)) + right for row in kinds.tolist())
        return self.named(names, back.ravel())
