"""One progress bar for long work: on stderr, on a terminal only, and only after a second.

The command line switches it on; as a library boolrnn is silent.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_enabled = False
_active = False  # a bar is shown already: what runs inside it shows none of its own
_WAIT = 1.0  # seconds before a bar appears: short work shows none
_EVERY = 0.1  # seconds between two drawings
_BEAT = 1.0  # seconds after which a bar is drawn again though nothing was reported


def enable(on: bool = True) -> None:
    """Show bars from now on (the command line calls this)."""
    global _enabled
    _enabled = on


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


class _Bar:
    """What was reported last, and when it was drawn; a thread draws it where one step takes long."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total = label, total
        self.done, self.note = 0, ""
        self.began = time.monotonic()
        self.drawn: float | None = None
        self.lock, self.ended = threading.Lock(), threading.Event()

    def tick(self, done: int, note: str = "") -> None:
        self.done, self.note = done, note
        self.draw(_EVERY)

    def beat(self) -> None:
        while not self.ended.wait(_BEAT):
            self.draw(_BEAT)

    def draw(self, every: float) -> None:
        """Draw unless it is too early, or was done less than `every` seconds ago."""
        now = time.monotonic()
        with self.lock:
            due = self.began + _WAIT if self.drawn is None else self.drawn + every
            if now < due or self.ended.is_set():
                return
            self.drawn = now
            sys.stderr.write(f"\r{self._line(now - self.began)}\x1b[K")
            sys.stderr.flush()

    def _line(self, spent: float) -> str:
        rate = self.done / spent if spent else 0.0
        left = f"{_clock((self.total - self.done) / rate)} left" if rate else f"{_clock(spent)} so far"
        filled = min(24, 24 * self.done // max(self.total, 1))
        cells = "#" * filled + "." * (24 - filled)
        speed = f"{rate:,.{0 if rate >= 10 else 1}f}/s"
        return f"{self.label} [{cells}] {self.done:,}/{self.total:,} {speed}, {left}  {self.note}"

    def close(self) -> None:
        with self.lock:
            self.ended.set()
            if self.drawn is not None:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


@contextmanager
def bar(label: str, total: int) -> Iterator[Callable[..., None]]:
    """A context whose value is called with the amount done so far, 0..total, and what to say beside it."""
    global _active
    if _active or not (_enabled and sys.stderr.isatty()):
        yield lambda done, note="": None
        return
    _active = True
    shown = _Bar(label, total)
    threading.Thread(target=shown.beat, daemon=True).start()
    try:
        yield shown.tick
    finally:
        _active = False
        shown.close()
