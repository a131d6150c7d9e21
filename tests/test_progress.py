"""The progress bar: silent unless switched on and on a terminal."""

import io
import time

import pytest

from boolrnn import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("on", "stream"), [(False, Terminal()), (True, io.StringIO())])
def test_it_is_silent_off_or_off_a_terminal(monkeypatch, on, stream):
    monkeypatch.setattr(progress, "_enabled", on)
    monkeypatch.setattr(progress, "_WAIT", 0.0)
    monkeypatch.setattr("sys.stderr", stream)
    with progress.bar("work", 10) as tick:
        tick(5)
    assert stream.getvalue() == ""


def test_it_shows_rate_and_time_left_and_cleans_up(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(progress, "_enabled", True)
    monkeypatch.setattr(progress, "_WAIT", 0.0)
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    monkeypatch.setattr("sys.stderr", stream)
    with progress.bar("work", 1000) as tick:
        tick(500)
    assert "work [############............] 500/1,000" in stream.getvalue()
    assert "left" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_short_work_shows_nothing(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(progress, "_enabled", True)
    monkeypatch.setattr("sys.stderr", stream)
    with progress.bar("work", 10) as tick:
        tick(5)
    assert stream.getvalue() == ""


def test_a_bar_inside_a_bar_is_silent(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(progress, "_enabled", True)
    monkeypatch.setattr(progress, "_WAIT", 0.0)
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    monkeypatch.setattr("sys.stderr", stream)
    for _ in range(2):
        with progress.bar("whole", 2) as tick:
            with progress.bar("part", 9) as inner:
                inner(3)
            tick(1)
    assert stream.getvalue().count("whole [") == 2
    assert "part" not in stream.getvalue()


def test_a_long_step_is_no_silence(monkeypatch):
    """Nothing is reported, and the time goes on."""
    stream = Terminal()
    monkeypatch.setattr(progress, "_enabled", True)
    monkeypatch.setattr(progress, "_WAIT", 0.0)
    monkeypatch.setattr(progress, "_BEAT", 0.01)
    monkeypatch.setattr("sys.stderr", stream)
    with progress.bar("work", 1000):
        deadline = time.monotonic() + 20
        while stream.getvalue().count("work [") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert stream.getvalue().count("work [........................] 0/1,000 0.0/s, 0:00 so far") >= 2
    assert stream.getvalue().endswith("\r\x1b[K")
    left = len(stream.getvalue())
    time.sleep(0.05)
    assert len(stream.getvalue()) == left
