"""Where neurons stand in a drawing: groups as discs, their members inside, in the unit square.

Nothing is random and nothing is iterated to an end: discs and neurons go one after the other to the best of
the free places, by whole counts of what they are tied to; of places that are equally good up to rounding the
first is taken. So the same counts give the same picture, on any machine to the digits that are kept.
"""

import dataclasses

import numpy as np

from boolrnn.shapes import Float64, Int64

DIGITS = 4
_TURN = np.pi * (3 - np.sqrt(5))  # the golden angle: points of a sunflower spread evenly over a disc
_SPREAD = 0.65  # times the root of its number: neighbours on the disc are then at least 1 apart
_BETWEEN = 1.0  # free space between two discs, in spacings
_PLACES = 8_000  # that a disc may go to
_EQUAL = 6  # digits from which on two distances are one
_MARGIN = 0.04  # around the picture
_WIDEST = 0.22  # two neighbours are no further apart than this, however few there are


@dataclasses.dataclass(frozen=True)
class Layout:
    """Places in the unit square: of neurons (H), of the middle of each group's disc (G), and its radius."""

    neurons: Float64[np.ndarray, "H 2"]
    groups: Float64[np.ndarray, "G 2"]
    radius: Float64[np.ndarray, "G"]


def laid_out(group_of: Int64[np.ndarray, "H"], ties: Int64[np.ndarray, "H H"]) -> Layout:
    """Places of H neurons in the groups 0..G-1 (-1: in none; these share one more disc, placed last).

    `ties[i, j]` counts what ties i to j; both directions are added, the diagonal is left out. Groups are
    placed in the order of their numbers, each near those it is tied to; a member stands on the side of its
    disc where what it is tied to is.
    """
    groups = int(group_of.max()) + 1
    home = np.where(group_of < 0, groups, group_of)
    discs = int(home.max()) + 1
    ties = ties + ties.T
    np.fill_diagonal(ties, 0)
    to_disc = np.zeros((len(home), discs), np.int64)
    for k in range(discs):
        to_disc[:, k] = ties[:, home == k].sum(axis=1)
    between = np.array([to_disc[home == k].sum(axis=0) for k in range(discs)])
    sizes = np.bincount(home, minlength=discs)
    radius = _SPREAD * np.sqrt(sizes) + 0.5
    middle = _discs(radius, between)
    places = np.empty((len(home), 2))
    for k in range(discs):
        members = np.flatnonzero(home == k)
        places[members] = _seated(middle, k, to_disc[members])
    return _fitted(places, middle, radius, groups)


def sunflower(count: int) -> Float64[np.ndarray, "N 2"]:
    """`count` points spread evenly over the unit disc, the middle first."""
    k = np.arange(count)
    distance = np.sqrt((k + 0.5) / max(count, 1))
    return np.stack([distance * np.cos(k * _TURN), distance * np.sin(k * _TURN)], axis=1)


def _discs(radius: Float64[np.ndarray, "G"], between: Int64[np.ndarray, "G G"]) -> Float64[np.ndarray, "G 2"]:
    """Middles of discs that keep their distance, tied ones side by side."""
    reach = 1.5 * np.sqrt(((radius + _BETWEEN) ** 2).sum()) + 2 * radius.max()
    free = sunflower(_PLACES) * reach
    room = np.full(len(free), np.inf)  # from each place to the nearest disc
    middle = np.zeros((len(radius), 2))
    for k, own in enumerate(radius.tolist()):
        if k:
            fits = free[room >= own + _BETWEEN]
            middle[k] = _best(fits, own, middle[:k], radius[:k], _mean(middle[:k], between[k, :k]))
        room = np.minimum(room, np.hypot(*(free - middle[k]).T) - own)
    return middle


def _best(
    fits: Float64[np.ndarray, "P 2"],
    own: float,
    middle: Float64[np.ndarray, "K 2"],
    radius: Float64[np.ndarray, "K"],
    friends: Float64[np.ndarray, "2"],
) -> Float64[np.ndarray, "2"]:
    """Where the next disc goes: the square around all discs small, and what it is tied to near."""
    low, high = (middle - radius[:, None]).min(axis=0), (middle + radius[:, None]).max(axis=0)
    if not len(fits):  # beside all others
        return np.array([high[0] + own + _BETWEEN, 0.0])
    side = (np.maximum(high, fits + own) - np.minimum(low, fits - own)).max(axis=1)
    return fits[_first(side + np.hypot(*(fits - friends).T))]


def _mean(points: Float64[np.ndarray, "N 2"], weights: Int64[np.ndarray, "N"]) -> Float64[np.ndarray, "2"]:
    """The weighted mean of points; the origin where nothing weighs."""
    total = weights.sum()
    return (points * weights[:, None]).sum(axis=0) / total if total else np.zeros(2)


def _seated(
    middle: Float64[np.ndarray, "G 2"], own: int, tied: Int64[np.ndarray, "M G"]
) -> Float64[np.ndarray, "M 2"]:
    """Seats on the disc `own`, one for each member: near the discs that it is tied to, by how much; who is
    tied most chooses first."""
    count = len(tied)
    seats = sunflower(count) * _SPREAD * np.sqrt(count)
    seats -= seats.mean(axis=0)  # few points of a sunflower lie to one side
    taken = np.zeros(count, bool)
    found = np.empty((count, 2))
    for member in np.argsort(-tied.sum(axis=1), kind="stable"):
        drawn = _mean(middle - middle[own], tied[member])
        distance = np.hypot(*(seats - drawn).T)
        distance[taken] = np.inf
        seat = _first(distance)
        taken[seat] = True
        found[member] = middle[own] + seats[seat]
    return found


def _first(distance: Float64[np.ndarray, "N"]) -> int:
    """The first of the least, as far as distances can be told apart."""
    return int(np.argmin(np.round(distance, _EQUAL)))


def _fitted(places: np.ndarray, middle: np.ndarray, radius: np.ndarray, groups: int) -> Layout:
    """Everything moved and scaled into the unit square, proportions kept."""
    low, high = (middle - radius[:, None]).min(axis=0), (middle + radius[:, None]).max(axis=0)
    scale = min((1 - 2 * _MARGIN) / (high - low).max(), _WIDEST)
    centre = (low + high) / 2
    return Layout(
        np.round((places - centre) * scale + 0.5, DIGITS),
        np.round((middle[:groups] - centre) * scale + 0.5, DIGITS),
        np.round(radius[:groups] * scale, DIGITS),
    )
