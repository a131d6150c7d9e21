"""Loading the files `compiled*.py`, whose inner loops numba compiles at first use and keeps on disk.

numba recompiles a function when its own file has changed, but not when a function that it calls, in
another file, has: old machine code would go on computing what the old source said. So what is kept lies
in a directory named after a digest of all these files and of numba's version. It is the first of
NUMBA_CACHE_DIR, `__pycache__` in the package, the user's cache directory and a temporary one that can be
written to.
"""

import atexit
import functools
import hashlib
import importlib
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent
_LOCK = threading.Lock()


def compiled_module(name: str) -> Any:
    """The module `boolrnn.{name}`, a file of compiled inner loops; loading numba takes a moment."""
    with _LOCK:
        numba: Any = importlib.import_module("numba")
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, _directory(numba.config.CACHE_DIR)
        try:
            return importlib.import_module(f"boolrnn.{name}")
        finally:
            numba.config.CACHE_DIR = before


@functools.cache
def digest() -> str:
    """Of the sources of all compiled loops, and of the compiler."""
    numba: Any = importlib.import_module("numba")
    found = hashlib.sha256(numba.__version__.encode())
    for path in sorted(_PACKAGE.rglob("*.py")):
        if path.name.startswith("compiled") or path.name == "table.py":  # whose layout they read
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


@functools.cache
def _directory(chosen: str) -> str:
    """Where machine code of this digest is kept."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for parent in (chosen, _PACKAGE / "__pycache__", Path(home) / "boolrnn"):
        if parent and _writable(Path(parent) / f"compiled-{digest()}"):
            return str(Path(parent) / f"compiled-{digest()}")
    temporary = tempfile.mkdtemp(prefix="boolrnn-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
