"""From the words of a command line to an exit status.

0 done; 1 something that the user must look at; 2 wrong usage or bad input; 128 the repository or the environment
cannot serve; 130 interrupted; 141 whoever read the output has left, as git ends then.
"""

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aergo_vc import __version__
from aergo_vc.base.errors import AergoError, InputError, InvalidError
from aergo_vc.cli.families import VERBS, closest, overview
from aergo_vc.cli.output import Output, OutputFailedError, ReaderGone, Style, Styled, standard_output

DONE, LOOK, BAD_INPUT, CANNOT_SERVE = 0, 1, 2, 128
INTERRUPTED, READER_GONE = 128 + signal.SIGINT, 128 + signal.SIGPIPE


class UsageError(InputError):
    """The command line cannot be understood."""

    code = "E_USAGE"


def named(word: str) -> str:
    """A word of the command line as messages tell it, in quotes where nothing else would be seen of it."""
    return word or repr(word)


@dataclass(frozen=True, slots=True)
class Streams:
    """Standard output and standard error."""

    out: Output
    err: Output


def run(words: Sequence[str]) -> int:
    """Run the verb that `words` name; what goes wrong is told on standard error."""
    variables = os.environ
    streams = Streams(
        standard_output(1, _encoding(sys.stdout), variables), standard_output(2, _encoding(sys.stderr), variables)
    )
    try:
        status = _guarded(words, streams)
        streams.out.flush()
    except ReaderGone:
        status = READER_GONE
    except OutputFailedError as error:
        _explain(error, streams.err)
        status = CANNOT_SERVE
    with suppress(ReaderGone, OutputFailedError):
        streams.err.flush()
    return status


def _encoding(stream: object) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _guarded(words: Sequence[str], streams: Streams) -> int:
    try:
        return _dispatch(list(words), streams)
    except (ReaderGone, OutputFailedError):
        raise
    except AergoError as error:
        # What was said before the error belongs before it.
        streams.out.flush()
        _explain(error, streams.err)
        return LOOK if isinstance(error, InvalidError) else BAD_INPUT if isinstance(error, InputError) else CANNOT_SERVE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError as error:
        raise ReaderGone from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        _complain(f"{where}{error.strerror or error}", streams.err)
        _debug(streams.err)
        return CANNOT_SERVE
    except Exception as error:  # noqa: BLE001  (the last one to catch it)
        _complain(f"git-aergo {__version__} has a fault: {type(error).__name__}: {error}", streams.err)
        if not _debug(streams.err):
            streams.err.line(Styled("hint: ", Style.YELLOW), "run it again with AERGO_DEBUG=1 and report what it says")
        return CANNOT_SERVE


def _dispatch(words: list[str], streams: Streams) -> int:
    words = _globals(words, streams)
    if not words:
        return DONE
    name, *rest = words
    verb = VERBS.get(name)
    if verb is None:
        guess = closest(name)
        raise UsageError(f"{named(name)} is no verb of git-aergo" + (f"; is {guess} meant?" if guess else ""))
    # Here typer begins; the overview and the version do without it.
    commands = importlib.import_module("aergo_vc.cli.commands")
    family = importlib.import_module(f"aergo_vc.cli.{verb.module}")
    return int(commands.invoke(family.app, name, rest, streams))


def _globals(words: list[str], streams: Streams) -> list[str]:
    """Obey the options before the verb; empty where nothing is left to do."""
    if not words:
        raise UsageError("a verb is expected")
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in ("-h", "--help"):
            for line in overview():
                streams.out.line(line)
            return []
        if option == "--version":
            streams.out.line(f"git-aergo {__version__}")
            return []
        if option != "-C":
            raise UsageError(f"{option} is no option of git-aergo")
        if not words:
            raise UsageError("-C needs a folder")
        _change_folder(Path(words.pop(0)))
    if not words:
        raise UsageError("a verb is expected")
    return words


def _change_folder(folder: Path) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        raise UsageError(f"cannot go to {folder}: {error.strerror}") from error


def _explain(error: AergoError, err: Output) -> None:
    sqlstate = error.facts.get("sqlstate")
    _complain(_place(error) + error.message + (f" [{sqlstate}]" if sqlstate else ""), err)
    if sqlstate:
        _tell_raised(error, err)
    # Errors are rare: the words for them need not be loaded before.
    for hint in importlib.import_module("aergo_vc.cli.hints").hints_for(error):
        err.line(Styled("hint: ", Style.YELLOW), hint)
    _debug(err)


def _place(error: AergoError) -> str:
    """Where in a script and in a routine an error is, unless at the script's very beginning.

    Files are named in messages of their own.
    """
    facts = error.facts
    line, column = facts.get("line"), facts.get("column")
    if "sqlstate" not in facts:
        return ""
    script = "" if line is None or (line, column) == (1, 1) else f"line {line}, column {column}: "
    return script + (f"{facts['routine']}, line {facts['routine_line']}: " if "routine" in facts else "")


def _tell_raised(error: AergoError, err: Output) -> None:
    """What a routine said of its error, and the calls that led to it."""
    for name, style in (("detail", Style.DIM), ("hint", Style.YELLOW)):
        text = error.facts.get(name)
        if text:
            err.line(Styled(f"{name}: ", style), str(text))
    for call in str(error.facts.get("context", "")).split("\n")[1:]:
        err.line(Styled("called by: ", Style.DIM), call)


def _complain(message: str, err: Output) -> None:
    err.line(Styled("error: ", Style.RED), message)


def _debug(err: Output) -> bool:
    """Write where it happened if AERGO_DEBUG asks for it.  Never with local variables: some are keys."""
    if not os.environ.get("AERGO_DEBUG"):
        return False
    err.lines(traceback.format_exc())
    return True
