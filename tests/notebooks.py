"""Execute a notebook with this Python's kernel: `python tests/notebooks.py FROM TO`.

To write fresh outputs into the tour:  python tests/notebooks.py examples/tour.ipynb examples/tour.ipynb
"""

import re
import sys
from pathlib import Path

SECONDS = re.compile(r"(seconds</td><td[^>]*>)[^<]*")
DRAWING = re.compile(r"<svg.*?</svg>", re.DOTALL)  # its numbers change with the version of matplotlib


def execute(path, target):
    """Run all cells in order, in a fresh kernel; write the notebook with what they say.

    Raises nbclient's error where a cell fails.
    """
    import nbformat  # noqa: PLC0415 - of the extra `test`: this file is read without it
    from nbclient import NotebookClient  # noqa: PLC0415 - the same
    from traitlets.config import Config  # noqa: PLC0415 - the same

    notebook = nbformat.read(path, 4)
    local = Config(KernelManager={"transport": "ipc"})  # no port is opened
    NotebookClient(notebook, timeout=120, kernel_name="python3", config=local).execute()
    for cell in notebook.cells:
        cell.metadata.clear()  # times of its run
    notebook.metadata["language_info"] = {"name": "python"}
    Path(target).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def outputs(cell):
    """What a cell says, as a list of (kind, text); seconds and drawings left open."""
    found = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            found.append((output["name"], joined(output["text"])))
        else:
            for kind, text in sorted(output.get("data", {}).items()):
                found.append((kind, DRAWING.sub("<svg>", SECONDS.sub(r"\1", joined(text)))))
    return found


def joined(text):
    """A notebook keeps text as a string or as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


if __name__ == "__main__":
    execute(*sys.argv[1:])
