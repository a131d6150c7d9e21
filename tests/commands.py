"""The command line: in a process of its own, as people run it, or here, which saves half a second each."""

import contextlib
import dataclasses
import io
import os
import subprocess
import sys
from unittest import mock

from boolrnn import progress
from boolrnn.cli import main


def run(*arguments, stdin=None, cwd=None):
    """The command in a process of its own, as people run it."""
    environment = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"}
    return subprocess.run(
        [sys.executable, "-m", "boolrnn", *map(str, arguments)],
        capture_output=True,
        input=stdin,
        env=environment,
        cwd=cwd,
        check=False,
    )


@dataclasses.dataclass
class Done:
    """What a command left behind, under the names of subprocess."""

    returncode: int
    stdout: bytes
    stderr: bytes


def here(*arguments, stdin=None):
    """The command in this process, with streams of its own; shapes are checked, which makes long work slow.
    An error that is no mistake of the user comes through as it is."""
    words = ["boolrnn", *map(str, arguments)]
    given, out, err = (io.TextIOWrapper(io.BytesIO(data), "utf-8") for data in (stdin or b"", b"", b""))
    with contextlib.ExitStack() as stack:
        for name, stream in (("stdin", given), ("stdout", out), ("stderr", err), ("argv", words)):
            stack.enter_context(mock.patch.object(sys, name, stream))
        stack.callback(progress.enable, False)
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    for stream in (out, err):
        stream.flush()
    return Done(code, out.buffer.getvalue(), err.buffer.getvalue())


def refused(*arguments, says, stdin=None):
    """Exit code 2, nothing on stdout, one line on stderr."""
    done = here(*arguments, stdin=stdin)
    error = done.stderr.decode()
    assert done.returncode == 2, error
    assert done.stdout == b""
    assert error.count("\n") == 1, error
    assert says in error
    assert "Traceback" not in error
