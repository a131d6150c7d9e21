"""One progress bar for long work: on stderr, on a terminal only, and only after a second.

The command line switches it on; as a library boolrnn is silent.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_enabled = False
_active = False  # a bar is shown already: what runs inside it shows none of its own
_WAIT = 1.0  # seconds before a bar appears: short work shows none
_EVERY = 0.1  # seconds between two drawings


def enable(on: bool = True) -> None:
    """Show bars from now on (the command line calls this)."""
    global _enabled
    _enabled = on


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


@contextmanager
def bar(label: str, total: int) -> Iterator[Callable[..., None]]:
    """A context whose value is called with the amount done so far, 0..total, and what to say beside it."""
    global _active
    if _active or not (_enabled and sys.stderr.isatty()):
        yield lambda done, note="": None
        return
    _active = True
    began = time.monotonic()
    drawn = [began + _WAIT - _EVERY]

    def tick(done: int, note: str = "") -> None:
        now = time.monotonic()
        if now - drawn[0] < _EVERY:
            return
        drawn[0] = now
        spent = now - began
        rate = done / spent if spent else 0.0
        left = _clock((total - done) / rate) if rate else "?"
        filled = 24 * done // max(total, 1)
        sys.stderr.write(
            f"\r{label} [{'#' * filled}{'.' * (24 - filled)}] {done:,}/{total:,} "
            f"{rate:,.{0 if rate >= 10 else 1}f}/s, {left} left  {note}\x1b[K"
        )
        sys.stderr.flush()

    try:
        yield tick
    finally:
        _active = False
        if drawn[0] > began + _WAIT - _EVERY:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
