"""How wide the columns of a table are where a terminal is narrow: numbers stay whole, words wrap."""

import functools
from collections.abc import Sequence

from rich.cells import cell_len

_LONGEST = (36, 24, 12)  # of a word that stays whole, tried in this order; a 128-bit state has 34 characters
_GAPS = (2, 1)


def widths(
    heads: Sequence[str], cells: Sequence[Sequence[str]], rigid: Sequence[bool], room: int, least: int = 2
) -> tuple[list[int], int]:
    """(Width of each column that is shown, spaces between two) in a line of `room` characters.

    `cells` are the columns' cells, `rigid` says which columns hold numbers: these keep theirs in one piece,
    only their headings wrap. Where all columns do not fit, the last ones are left out, down to `least`.
    """
    floors, gap = [1], 1
    for gap in _GAPS:
        for longest in _LONGEST:
            floors = [_floor(*column, longest) for column in zip(heads, cells, rigid)]
            if sum(floors) + gap * len(floors) <= room:
                return _shrunk(floors, heads, cells, room - gap * len(floors)), gap
    while len(floors) > least and sum(floors) + len(floors) > room:
        floors.pop()
    return _shrunk(floors, heads, cells, room - len(floors)), gap


def _floor(head: str, column: Sequence[str], whole: bool, longest: int) -> int:
    """The least width at which nothing that should stay whole is broken."""
    words = head.split()
    words += column if whole else [word for text in column for word in text.split()]
    needed = max(map(cell_len, words), default=1) or 1
    return needed if whole else min(needed, longest)


def _shrunk(floors: list[int], heads: Sequence[str], cells: Sequence[Sequence[str]], room: int) -> list[int]:
    """Natural widths, narrowed one by one: always where the fewest lines are added, else the widest."""
    columns = [(head, *column) for head, column in zip(heads, cells)][: len(floors)]
    found = [min(max(map(cell_len, column)), room) for column in columns]
    found = [max(pair) for pair in zip(found, floors)]
    lines = [[_lines(text, width) for text in column] for column, width in zip(columns, found)]
    while sum(found) > room:
        able = [k for k in range(len(found)) if found[k] > floors[k]]
        if not able:
            break
        tried = {k: [_lines(text, found[k] - 1) for text in columns[k]] for k in able}
        best = min(able, key=lambda k: (_height([*lines[:k], tried[k], *lines[k + 1 :]]), -found[k]))
        found[best] -= 1
        lines[best] = tried[best]
    return found


def _height(lines: list[list[int]]) -> int:
    return sum(map(max, zip(*lines)))


@functools.lru_cache(maxsize=1 << 14)
def _lines(text: str, width: int) -> int:
    """Lines that a text takes, wrapped between words."""
    count, used = 1, 0
    for word in text.split(" "):
        length = cell_len(word)
        if used and used + 1 + length > width:
            count, used = count + 1, 0
        used += length + (used > 0)
        if used > width:
            count, used = count + (used - 1) // width, (used - 1) % width + 1
    return count
