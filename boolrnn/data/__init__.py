"""The embedded pair: a text written for this project and a net hardened on it, certified for every text.

`python -m boolrnn.data.make_pair boolrnn/data/pair.npz` makes the net again (with torch).
"""

from importlib import resources

from boolrnn.model.formats import Source, read_source

MODEL, TEXT = "pair.npz", "pair.txt"


def embedded_pair() -> tuple[Source, bytes]:
    """The net and the text that ship with the package."""
    folder = resources.files("boolrnn.data")
    with resources.as_file(folder / MODEL) as path:
        source = read_source(path)
    return source, (folder / TEXT).read_bytes()
