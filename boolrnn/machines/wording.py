"""How a drawing words symbols and outputs: compact lists of names, nothing that cannot be printed.

A list is names and ranges joined by commas: `a-z` is three or more symbols that follow each other, by
character or by number, each with a one-character, a `0x..` or (where all names are numbers) a decimal name.
`any` is every symbol; `other` every symbol that stands on no other edge of the same state (the state then
has a transition under each). Both words stand only where they are shorter than the list. A blank is `␣`; a
name that would be ambiguous or cannot be printed stands in quotes, written as Python writes it.
"""

import itertools
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from boolrnn.machines.machine import MEALY, NOTHING, Machine
from boolrnn.shapes import Int64

ANY, OTHER, BLANK = "any", "other", "␣"
_SHORTEST_RANGE = 3  # symbols


def spelled(name: str) -> str:
    """A name as it is drawn."""
    if name == " ":
        return BLANK
    odd = re.search(r"[,;/'\-]|^[\"\s].|.[\"\s]$", name) or name in ("", ANY, OTHER, BLANK)
    return repr(name) if odd or not name.isprintable() else name


def plain(text: str) -> str:
    """The text, letters that fonts for drawings often lack (wide or combining ones, pictures) escaped."""
    return "".join(ascii(c)[1:-1] if _rare(c) else c for c in text)


def _rare(c: str) -> bool:
    wide = ord(c) > 0x7F and (unicodedata.east_asian_width(c) in "WF" or unicodedata.category(c)[0] == "M")
    return wide or ord(c) > 0xFFFF


def shortened(text: str, most: int) -> str:
    """The text, its middle left out where it is longer than `most` >= 1 characters."""
    if len(text) <= most:
        return text
    head = most // 2
    return text[:head] + "…" + text[len(text) - (most - 1 - head) :]


class Wording:
    """Words for the edges of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.names = [spelled(name) for name in machine.alphabet]
        self.labels = [spelled(label) for label in machine.labels]
        self._values = _values(machine.alphabet)
        order = sorted(range(len(self.names)), key=lambda k: (self._values[k] is None, self._values[k] or 0))
        self._order = np.array(order, np.int64)  # by value, those without one last, as the alphabet has them

    def symbols(self, chosen: Int64[np.ndarray, "S"]) -> list[str]:
        """Names and ranges of some symbols, in order of their characters or numbers."""
        wanted = np.zeros(len(self.names), bool)
        wanted[chosen] = True
        pieces: list[str] = []
        for _, run in itertools.groupby(
            enumerate(k for k in self._order.tolist() if wanted[k]), key=self._follows
        ):
            members = [self.names[k] for _, k in run]
            if len(members) < _SHORTEST_RANGE:
                pieces += members
            else:
                pieces.append(f"{members[0]}-{members[-1]}")
        return pieces

    def _follows(self, pair: tuple[int, int]) -> tuple[int, int]:
        """Equal for the symbols of one range."""
        place, symbol = pair
        value = self._values[symbol]
        return (0, value - place) if value is not None else (1, place)

    def edges(self, state: int) -> dict[int, list["Group"]]:
        """The edges of a state by target, ascending: a group for each output (ascending) of a Mealy machine,
        one group of a Moore machine."""
        machine = self.machine
        row = machine.transitions[state]
        mealy = machine.kind == MEALY
        outputs = machine.outputs[state] if mealy else np.zeros(len(row), np.int64)
        pairs = sorted({(n, y) for n, y in zip(row.tolist(), outputs.tolist()) if n != NOTHING})
        words = {
            pair: self.symbols(np.flatnonzero((row == pair[0]) & (outputs == pair[1]))) for pair in pairs
        }
        if pairs and (row != NOTHING).all():
            _sum_up(words)
        found: dict[int, list[Group]] = {}
        for (target, output), names in words.items():
            found.setdefault(target, []).append(Group(names, self.labels[output] if mealy else None))
        return found


def _sum_up(words: dict[tuple[int, int], list[str]]) -> None:
    """Put `any` or `other` in place of the longest list of a complete state, where that is shorter."""
    longest = max(words, key=lambda pair: len(",".join(words[pair])))
    word = OTHER if len(words) > 1 else ANY
    if len(word) < len(",".join(words[longest])):
        words[longest] = [word]


class Group(NamedTuple):
    """Names of symbols on one edge, and the output that they share (of a Mealy machine)."""

    names: list[str]
    output: str | None

    def __str__(self) -> str:
        return ",".join(self.names) + ("" if self.output is None else f"/{self.output}")

    def _told(self, most: int) -> str:
        return "" if self.output is None else "/" + shortened(plain(self.output), max(most, 1))

    def lines(self, across: int) -> list[tuple[str, int]]:
        """Lines of at most `across` >= 5 characters, and how many names each holds."""
        told = self._told(across // 2)
        found: list[tuple[str, int]] = []
        for k, name in enumerate(self.names):
            end = told if k == len(self.names) - 1 else ","
            text = shortened(plain(name), across - len(end)) + end
            line, count = found[-1] if found else ("", 0)
            if found and len(line) + len(text) <= across:
                found[-1] = line + text, count + 1
            else:
                found.append((text, 1))
        return found


def in_full(groups: Sequence[Group]) -> str:
    """All names of an edge in one line: outputs are parted by semicolons."""
    return "; ".join(map(str, groups))


def in_lines(groups: Sequence[Group], across: int, down: int) -> str:
    """Names of an edge in at most `down` lines of at most `across` characters; what does not fit is counted
    in the last line (`+7`: seven more names or ranges)."""
    lines = [line for group in groups for line in group.lines(across)]
    kept = lines if len(lines) <= down else lines[: down - 1]
    rest = sum(count for _, count in lines[len(kept) :])
    return "\n".join([text for text, _ in kept] + [f"+{rest}"] * (rest > 0))


def _values(alphabet: Sequence[str]) -> list[int | None]:
    """What orders the symbols: their characters or numbers, None for names that are neither."""
    if all(re.fullmatch(r"0|[1-9][0-9]{0,8}", name) for name in alphabet):
        return [int(name) for name in alphabet]
    found: list[int | None] = []
    for name in alphabet:
        number = int(name, 16) if re.fullmatch(r"0x[0-9a-f]{1,8}", name) else None
        found.append(ord(name) if len(name) == 1 else number)
    return found
