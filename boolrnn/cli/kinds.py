"""Kinds of option values that click has not."""

from typing import Any

import click


class Numbers(click.ParamType):
    """Numbers with commas between them, as a tuple; a tuple stays as it is, so that an option's default can
    be the function's own."""

    def __init__(self, kind: type[int] | type[float], words: str) -> None:
        self.kind, self.words = kind, words
        self.name = "N,N,.." if kind is int else "X,X,.."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int | float, ...]:
        """The numbers, or exit 2."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self.kind(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r}: expected {self.words} with commas between them", param, ctx)


class Replacements(click.ParamType):
    """A number of draws, or `all`."""

    name = "N|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """The number or the word, or exit 2."""
        try:
            return value if value == "all" else int(value)
        except ValueError:
            self.fail(f"{value!r}: expected a number of draws, or all", param, ctx)
