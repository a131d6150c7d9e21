"""The command `boolrnn`: one verb per question. Importing this costs little more than click."""

import os
import sys

import click

from boolrnn import __version__
from boolrnn.cli import check, model
from boolrnn.errors import BoolrnnError

ROOMS = (("model", model.VERBS), ("check", check.VERBS))


class _Rooms(click.Group):
    """A group whose help lists verbs under the room they belong to."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for room, verbs in ROOMS:
            with formatter.section(room):
                formatter.write_dl([(verb.name or "", verb.get_short_help_str(70)) for verb in verbs])


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
    try:
        code = group.main(prog_name="boolrnn", standalone_mode=False)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "boolrnn"
        code = _refuse(f"{error.format_message()} (see {path} --help)")
    except click.Abort:
        code = _refuse("interrupted", 130)
    except KeyboardInterrupt:
        code = _refuse("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no second error at exit
        code = 1
    except BoolrnnError as error:
        code = _refuse(str(error))
    except click.ClickException as error:
        code = _refuse(error.format_message())
    sys.exit(code if isinstance(code, int) else 0)


def _refuse(message: str, code: int = 2) -> int:
    click.echo("boolrnn: " + " ".join(message.split()), err=True)
    return code
