"""How random is a functional graph? Compared with a uniformly random mapping of N states.

In a random mapping the next state of a new state is one of the v states visited so far with probability
v / N, independently of all before. So the sum of v over all states visited, divided by the number of walks,
estimates N: each walk ends by one such hit, and a start that is known already is no walk. Twice the sum over
N is chi-squared with twice as many degrees of freedom as walks. Mean transient and mean period of a random
state are then about sqrt(pi N / 8) each (Flajolet & Odlyzko 1990, doi:10.1007/3-540-46885-4_34).
"""

import dataclasses
import math

from scipy.special import chdtri


@dataclasses.dataclass(frozen=True)
class Effective:
    """The N of the random mapping that the walks look like, with a 95 % interval, and what it expects."""

    states: float
    low: float
    high: float
    expected: float  # mean transient, and mean period, of a random state


def effective(visited: int, walks: int) -> Effective | None:
    """From the number of distinct states that `walks` walks visited; None where nothing was walked."""
    if not visited or not walks:
        return None
    exposed = visited * (visited + 1) / 2
    low, high = (2 * exposed / chdtri(2 * walks, tail) for tail in (0.025, 0.975))
    states = exposed / walks
    return Effective(states, float(low), float(high), math.sqrt(math.pi * states / 8))
