"""Stretches of work on an engine that are kept whole or not at all."""

from collections.abc import Callable
from types import TracebackType

from aergo_vc.sql.outcomes import OpenTransaction
from aergo_vc.sql.running.translated_errors import DISK_ERRORS, disk_error


class Stretch:
    """A stretch that has begun; `leave` ends it, well or because of an error.

    SQLite's errors about its file come out as EngineError.
    """

    __slots__ = ("_leave", "_opened")

    def __init__(self, opened: OpenTransaction, leave: Callable[[BaseException | None], None]) -> None:
        self._opened, self._leave = opened, leave

    def __enter__(self) -> OpenTransaction:
        return self._opened

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave(error)
        if isinstance(error, DISK_ERRORS):
            raise disk_error(error) from error
