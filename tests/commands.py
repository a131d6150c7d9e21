"""The command line in a process of its own, as people run it."""

import os
import subprocess
import sys


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


def refused(*arguments, says, stdin=None):
    """Exit code 2, nothing on stdout, one line on stderr."""
    done = run(*arguments, stdin=stdin)
    error = done.stderr.decode()
    assert done.returncode == 2, error
    assert done.stdout == b""
    assert error.count("\n") == 1, error
    assert says in error
    assert "Traceback" not in error
