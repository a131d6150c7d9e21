"""Small things that the records of a page share: lists without NaN, groups of neurons, one size."""

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.graph.coflips import Coflips
from boolrnn.shapes import Int64


def listed(values: np.ndarray) -> list[float | None]:
    """Floats as a list, None where there is no (finite) value."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def group_of(coflips: Coflips) -> Int64[np.ndarray, "H"]:
    """The co-flip group of every neuron, -1 where it is in none."""
    found = np.full(coflips.neurons, -1)
    found[coflips.group_members] = np.repeat(coflips.group, np.diff(coflips.group_offsets))
    return found


def check_sizes(*given: np.ndarray | int | None) -> int:
    """The number of neurons of results that belong together: arrays over neurons, or their numbers.

    Raises
    ------
    OptionError
        Where they are not the same.
    """
    found = [one if isinstance(one, int) else len(one) for one in given if one is not None]
    if len(set(found)) > 1:
        raise OptionError(f"results: of nets with {min(found)} and {max(found)} neurons, expected one net's")
    return found[0]
