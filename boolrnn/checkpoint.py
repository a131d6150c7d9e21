"""Where long work stands, in one file: written whole or not at all, resumed only by the same work."""

import io
import os
import time
from pathlib import Path

import numpy as np

from boolrnn.errors import ResultError
from boolrnn.result import npz_bytes, write_whole

Arrays = dict[str, np.ndarray]
EVERY = 2.0  # seconds between two writings


class Checkpoint:
    """A file that knows which work it belongs to (`of`, in words); without a path nothing is kept.

    Raises
    ------
    ResultError
        Where the file belongs to other work, or is none of ours.
    """

    def __init__(self, path: str | os.PathLike[str] | None, fingerprint: str, of: str) -> None:
        self.path = None if path is None else Path(path)
        self.fingerprint, self.of = fingerprint, of
        self.written = time.monotonic()

    def load(self) -> Arrays | None:
        """What was kept last; None where nothing was."""
        if self.path is None or not self.path.exists():
            return None
        try:
            with np.load(io.BytesIO(self.path.read_bytes()), allow_pickle=False) as archive:
                kept = {name: archive[name] for name in archive.files}
            owner = str(kept.pop("fingerprint"))
        except Exception:  # noqa: BLE001 - zipfile, zlib and numpy each raise their own kinds
            raise ResultError(f"{self.path}: no checkpoint of {self.of}; remove it to start anew") from None
        if owner != self.fingerprint:
            raise ResultError(
                f"{self.path}: a checkpoint of {self.of} with other input, settings, seed or version; "
                "remove it to start anew"
            )
        return kept

    def save(self, arrays: Arrays, *, now: bool = False) -> None:
        """Keep `arrays`, unless the last time was just now."""
        if self.path is None or (not now and time.monotonic() - self.written < EVERY):
            return
        write_whole(self.path, npz_bytes({"fingerprint": np.array(self.fingerprint)} | arrays))
        self.written = time.monotonic()
