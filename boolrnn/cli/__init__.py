"""The command `boolrnn`: one verb per question. Importing this costs little more than click."""

import io
import os
import sys

import click

from boolrnn import __version__
from boolrnn.cli import check, clauses, explain, graph, machines, make, model, report
from boolrnn.errors import BoolrnnError

ROOMS = (
    ("model", model.VERBS),
    ("check", check.VERBS),
    ("make", make.VERBS),
    ("graph", graph.VERBS),
    ("clauses", clauses.VERBS),
    ("explain", explain.VERBS),
    ("machines", machines.VERBS),
    ("report", report.VERBS),
)


class _Rooms(click.Group):
    """A group whose help lists verbs under the room they belong to."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for room, verbs in ROOMS:
            with formatter.section(room):
                formatter.write_dl([(verb.name or "", verb.get_short_help_str(110)) for verb in verbs])


@click.group(
    cls=_Rooms,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Without MODEL and TEXT a verb uses the pair that ships with the package. Exit codes: 0 done, "
    "1 a check that you asked for does not hold, 2 bad usage or input, 3 undecided within the budget.",
)
@click.version_option(__version__, message="boolrnn %(version)s")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Compile a trained RNN into an exact Boolean automaton, and see where the two are the same.

    Start with:  boolrnn agreement
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for _, _verbs in ROOMS:
    for _verb in _verbs:
        group.add_command(_verb)


def main() -> None:
    """Run the command line; every mistake of a user is one line on stderr and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name or alphabet may be no text here
    try:
        code = group.main(prog_name="boolrnn", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        code = _refuse("interrupted", 130)
    except (BoolrnnError, click.ClickException, OSError) as error:
        code = _explain(error)
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> int:
    """One line on stderr, and the exit code."""
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "boolrnn"
        return _refuse(f"{error.format_message()} (see {path} --help)")
    if isinstance(error, click.ClickException):
        return _refuse(error.format_message())
    if isinstance(error, BrokenPipeError):
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no second error at exit
        return 141  # as a shell reports a closed pipe
    if isinstance(error, OSError):  # a full disk, a terminal that went away
        return _refuse(f"cannot write the output ({error.strerror or error})")
    return _refuse(str(error))


def _refuse(message: str, code: int = 2) -> int:
    click.echo("boolrnn: " + " ".join(message.split()), err=True)
    return code
