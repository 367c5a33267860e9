"""Progress of long work: one counter line on standard error, if that is a terminal."""

import sys
import time
from types import TracebackType
from typing import Self

_SECONDS = 0.1


class Progress:
    """Counts on a line that vanishes at the end.  To be called with what is done and, if known, how much there is."""

    def __init__(self, title: str, unit: str) -> None:
        self._title = title
        self._unit = unit
        self._next = 0.0
        self._shown = False
        self._active = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, done: int, total: int | None) -> None:
        if not self._active or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _SECONDS
        of = "" if total is None else f" of {total}"
        sys.stderr.write(f"\r{self._title}: {done}{of} {self._unit}\x1b[K")
        sys.stderr.flush()
        self._shown = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
