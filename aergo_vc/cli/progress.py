"""Signs of life from long work, on standard error, if that is a terminal.

Nothing is shown for work that ends soon: rich, which shows it, takes longer to load than most verbs take to run.  How
long that is can be set as it is for git, by GIT_PROGRESS_DELAY.
"""

import os
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID
    from rich.status import Status

_PATIENCE_SECONDS = 0.7


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _patience() -> float:
    text = os.environ.get("GIT_PROGRESS_DELAY", "")
    return float(text) if text.isdecimal() else _PATIENCE_SECONDS


class Progress:
    """A bar that vanishes at the end.  To be called with what is done and, if known, how much there is."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._begin = time.monotonic() + _patience()
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._active = _is_terminal()

    def __call__(self, done: int, total: int | None) -> None:
        if not self._active or time.monotonic() < self._begin:
            return
        if self._bar is None or self._task is None:
            from rich.console import Console  # noqa: PLC0415 - slow to load
            from rich.progress import Progress as Bar  # noqa: PLC0415

            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=total)
        self._bar.update(self._task, completed=done, total=total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


class Busy:
    """A turning sign for work that cannot say how far it is."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._status: Status | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(_patience(), self._show)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if _is_terminal():
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            if self._status is not None:
                self._status.stop()

    def _show(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - slow to load

        with self._lock:
            if self._timer.finished.is_set():
                return
            self._status = Console(stderr=True).status(self._title)
            self._status.start()
