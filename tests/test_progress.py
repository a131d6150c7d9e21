"""The progress bar: silent unless switched on and on a terminal."""

import io

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
