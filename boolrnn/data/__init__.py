"""The embedded pair: a text written for this project and a small plain tanh net trained on it.

`python -m boolrnn.data.make_pair boolrnn/data/pair.npz` trains the net again.
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
