"""What the verbs of the room `clauses` read beside MODEL and TEXT: states, words, sets of symbols."""

from typing import TYPE_CHECKING

from boolrnn.cli.common import Pair
from boolrnn.errors import OptionError

if TYPE_CHECKING:
    import numpy as np


def symbols_among(pair: Pair, words: tuple[str, ...]) -> "np.ndarray | None":
    """Symbols that may be read, in order: those named, else those of TEXT, else (None) all."""
    import os
    import re

    import numpy as np

    from boolrnn.model.corpus import to_symbols

    if not words:
        return None if pair.symbols is None else np.unique(pair.symbols)
    found: list[int] = []
    for word in words:
        if re.fullmatch(r"-?(0[xX][0-9a-fA-F]+|[0-9]{2,})", word) or len(word) <= 1:
            found.append(pair.symbol(word))
        else:
            found += to_symbols(os.fsencode(word), pair.source.weights).tolist()
    return np.array(list(dict.fromkeys(found)), np.int64)


def state_or_at(pair: Pair, state: str | None, at: int | None) -> "np.ndarray":
    """A state argument, or the automaton's own state at a position of TEXT."""
    if (state is None) == (at is None):
        raise OptionError("expected --state STATE, or --at T with a TEXT")
    if at is None:
        found = pair.state(state)
        assert found is not None
        return found
    symbols = pair.needed_symbols
    if not 0 <= at < len(symbols):
        raise OptionError(f"at {at}: expected a position 0..{len(symbols) - 1}")
    return pair.automaton.run(symbols[: at + 1]).states[at]


def word_of(pair: Pair, symbol: str | None, word: str | None) -> "int | np.ndarray | None":
    """The symbol or the word that was asked for; None where neither was."""
    import os

    from boolrnn.model.corpus import to_symbols

    if symbol is not None and word is not None:
        raise OptionError("expected --symbol X or --word W, not both")
    if word is not None:
        return to_symbols(os.fsencode(word), pair.source.weights)
    return None if symbol is None else pair.symbol(symbol)
