"""What the verbs of the room `graph` read and write beside MODEL and TEXT."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from boolrnn.cli.common import Pair
from boolrnn.errors import OptionError

if TYPE_CHECKING:
    import numpy as np

    from boolrnn.graph.influence import Influence


def check_graph(path: str | None) -> None:
    """Refuse a graph file of a format that nobody writes, before anything is computed."""
    from boolrnn.graph.drawing import check_ending

    if path is not None:
        check_ending(path)


def write_listed(found: "Influence", path: str) -> None:
    """Write the listed edges; where nothing cuts them, no more than a person can look at."""
    from boolrnn.graph.drawing import write_graph

    graph, most = found.graph(), 4 * len(found.neuron)
    if found.cut == "all edges" and graph.number_of_edges() > most:
        lightest = sorted(graph.edges(data="count"), key=lambda edge: -edge[2])[most:]
        graph.remove_edges_from([(j, i) for j, i, _ in lightest])
        graph.graph["name"] = f"flip influence, {found.window}, the heaviest {most:,}"
        click.echo(f"boolrnn: note: {path} holds the heaviest {most:,} edges; --top K for more", err=True)
    write_graph(graph, path)


def neurons_of(text: str | None) -> list[int] | None:
    """Neurons from `h3,h7` or `3,7`, or spans such as `0-63`; None stays None."""
    if text is None:
        return None
    names = text.replace(",", " ").split()
    if not names:
        raise OptionError("neurons: expected numbers such as h3,h7")
    return [neuron for name in names for neuron in _span(name)]


def _span(name: str) -> Sequence[int]:
    """One neuron, or those from `h0-h63`, both ends included."""
    from boolrnn.model.rule import parse_neuron

    first, dash, last = name.partition("-")
    if not dash:
        return [parse_neuron(name)]
    span = range(parse_neuron(first), parse_neuron(last) + 1)
    if not span:
        raise OptionError(f"neurons {name}: expected the lower number first")
    return span


def inputs_of(
    pair: Pair, symbols: tuple[str, ...], words: tuple[str, ...], every: bool
) -> "Sequence[int | np.ndarray]":
    """The symbols and words that were asked for, as symbol numbers."""
    import os

    import numpy as np

    from boolrnn.model.corpus import to_symbols

    weights = pair.source.weights
    if every == bool(symbols or words):
        raise OptionError("expected --symbol X, --word W or --all")
    if every:
        asked = np.arange(weights.symbols) if pair.symbols is None else np.unique(pair.symbols)
        return [int(x) for x in asked]
    known = dict.fromkeys(pair.symbol(x) for x in symbols)  # once each, in this order
    return [*known, *(to_symbols(os.fsencode(word), weights) for word in dict.fromkeys(words))]
