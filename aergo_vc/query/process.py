"""The query process as the program sees it: requests out, answers in, an end to whatever takes too long.

Its input and output are pipes; it has no environment, no other open files, and a scratch folder of its own to work in.
"""

import os
import re
import selectors
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from aergo_vc.query.errors import (
    MissingPackageError,
    QueryError,
    QueryLoadError,
    QueryProcessError,
    QueryTimeout,
    QueryTooLarge,
)
from aergo_vc.query.messages import (
    FRAME_BYTES,
    HEADER_BYTES,
    Answer,
    Failed,
    Hello,
    Request,
    decode_answer,
    encode_frame,
)

_START = "import sys; sys.path[:] = sys.argv[1:]; from aergo_vc.query.worker import main; main()"
_START_SECONDS = 60.0
_READ_BYTES = 1 << 20
_MESSAGE_CHARACTERS = 2_000
_DRAWING = re.compile(r"\n\nLINE ([0-9]+): .*", re.DOTALL)


class FileBusyError(QueryLoadError):
    """Another process reads the file of rows that is to be changed."""

    code = "E_QUERY_FILE_BUSY"


class QueryProcess:
    """One query process.  After an error other than QueryError, QueryLoadError and MissingPackageError it is gone."""

    def __init__(self, scratch: Path) -> None:
        if not sys.executable or getattr(sys, "frozen", False):
            raise QueryProcessError("queries need a Python interpreter to start, and none is known")
        # The package's own folder is named because an editable installation may find it by an import hook.
        paths = [str(Path(__file__).resolve().parents[2]), *(path for path in sys.path if path)]
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START, *paths],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=scratch,
                env={},
            )
        except OSError as problem:
            raise QueryProcessError(f"the query process cannot be started: {problem}") from problem
        if self._child.stdin is None or self._child.stdout is None:
            raise QueryProcessError("the query process has no pipes")
        self._input = self._child.stdin
        self._output = self._child.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._version: str | None = None

    @property
    def alive(self) -> bool:
        """Whether the process can still be asked."""
        return self._child.poll() is None and not self._output.closed

    def version(self) -> str:
        """DuckDB's version; waits until the process has started."""
        if self._version is None:
            answer = self._receive(_START_SECONDS)
            if not isinstance(answer, Hello):
                raise self._gone("does not answer as it should")
            self._version = answer.version
        return self._version

    def ask(self, request: Request, seconds: float) -> Answer:
        """The answer to a request; raises as its kind of failure says, QueryTimeout if it takes longer."""
        self.version()
        try:
            self._input.write(encode_frame(request))
            self._input.flush()
        except OSError as problem:
            raise self._gone("has ended") from problem
        try:
            answer = self._receive(seconds)
        except BaseException:
            # Whatever came between, an answer that is still under way would be taken for that to the next request.
            self.close()
            raise
        if isinstance(answer, Failed):
            raise self._error(answer)
        return answer

    def close(self) -> None:
        """End the process, whatever it does."""
        self._child.kill()
        self._child.wait()
        self._selector.close()
        self._output.close()
        try:
            self._input.close()
        except OSError:
            return

    def _receive(self, seconds: float) -> Answer:
        end = time.monotonic() + seconds
        length = int.from_bytes(self._read(HEADER_BYTES, end, seconds), "big")
        if length > FRAME_BYTES:
            self.close()
            raise QueryTooLarge(f"one batch of rows takes {length} bytes; {FRAME_BYTES} are allowed")
        try:
            return decode_answer(self._read(length, end, seconds))
        except msgspec.DecodeError as problem:
            raise self._gone("does not answer as it should") from problem

    def _read(self, size: int, end: float, seconds: float) -> bytes:
        content = bytearray()
        while len(content) < size:
            if not self._selector.select(max(0.0, end - time.monotonic())):
                self.close()
                raise QueryTimeout(f"the query took longer than {seconds:g} seconds and was ended")
            part = os.read(self._output.fileno(), min(_READ_BYTES, size - len(content)))
            if not part:
                raise self._ended()
            content += part
        return bytes(content)

    def _ended(self) -> QueryTooLarge | QueryProcessError:
        """The error for a process that ended by itself: a signal mostly means that memory ran out."""
        status = self._child.wait()
        self.close()
        if status < 0:
            return QueryTooLarge(f"the query process was ended by signal {-status}, most likely for want of memory")
        return QueryProcessError(f"the query process ended with status {status}")

    def _gone(self, what: str) -> QueryProcessError:
        self.close()
        return QueryProcessError(f"the query process {what}")

    def _error(self, failure: Failed) -> QueryError | QueryLoadError | MissingPackageError:
        message = one_line(failure.message)
        if failure.kind == "large":
            self.close()
            return QueryTooLarge(message)
        if failure.kind == "busy":
            return FileBusyError("another process reads the query file")
        if failure.kind == "load":
            return QueryLoadError(f"rows cannot be loaded: {message}")
        return MissingPackageError(message) if failure.kind == "package" else QueryError(message)


def one_line(message: str) -> str:
    """DuckDB's message on one bounded line: no control characters, a number for the line that it draws."""
    words = " ".join(_DRAWING.sub(r" (line \1)", message[: 4 * _MESSAGE_CHARACTERS]).split())
    plain = "".join(character if character.isprintable() else "?" for character in words)
    return plain if len(plain) <= _MESSAGE_CHARACTERS else plain[: _MESSAGE_CHARACTERS - 1] + "…"
