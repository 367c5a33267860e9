"""What the verbs share: typer's settings, options that several have, the session that each is handed."""

import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.main import get_command

from aergo_vc.cli.output import Output
from aergo_vc.cli.running import Streams, UsageError

if TYPE_CHECKING:
    from aergo_vc.repository.facade import Repository

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
At = Annotated[str | None, typer.Option("--at", metavar="REVISION", help="The block to read at.")]
Message = Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="The block's message.")]
Merge = Annotated[
    list[str] | None,
    typer.Option(
        "--merge", metavar="WAY", help="How others are merged into it: a rule; a policy or contract.function."
    ),
]
Seal = Annotated[bool, typer.Option("--commit", help="Seal it into a block at once.")]

# The class above all that say what is wrong with a command line; typer does not export it.
_WRONG_USAGE: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


OBJECTS_PER_COLLECTION = 200_000
"""New objects after which Python looks for garbage."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a verb: where it writes, and how it comes to the repository."""

    out: Output
    err: Output

    def open(self) -> "Repository":
        """The repository around the current folder; close it after use."""
        # With it come the libraries that a verb's -h does without.
        from aergo_vc.repository.facade import Repository  # noqa: PLC0415
        from aergo_vc.repository.workspace import Surroundings  # noqa: PLC0415

        gc.freeze()
        # Rows are many small objects without cycles: looking through them every 700 takes a sixth of an import's time.
        gc.set_threshold(OBJECTS_PER_COLLECTION)
        gc.enable()
        home = os.environ.get("HOME")
        surroundings = Surroundings(
            variables=dict(os.environ), home=Path(home) if home else None, workers=usable_processors()
        )
        return Repository.open(Path.cwd(), surroundings)


def usable_processors() -> int:
    """How many processes can work at once for this one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def new_family() -> typer.Typer:
    """An application for the verbs of one family."""
    app = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_family)
    return app


def _family() -> None:
    """Make typer treat a family of one verb like all others."""


def session_of(context: typer.Context) -> Session:
    """The session that a verb was called in."""
    return cast("Session", context.obj)


def invoke(app: typer.Typer, verb: str, words: Sequence[str], streams: Streams) -> int:
    """Run `verb` of a family; what it returns is the exit status, None meaning 0.  Raises UsageError."""
    command: Any = get_command(app)
    try:
        status = command.main(
            [verb, *words], prog_name="git aergo", standalone_mode=False, obj=Session(streams.out, streams.err)
        )
    except _WRONG_USAGE as error:
        raise UsageError(error.format_message(), verb=verb) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    return int(status or 0)
