"""Processes forked off this one, which send back what they found and end.

A fork copies the thread that asks for it and no other, so that whatever the others held stays held: there must be none.
A forked process cannot write into any file, by the kernel's word: what is open was opened by the parent, who goes on
with it.
"""

import gc
import marshal
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

if sys.platform == "linux":
    import fcntl
    import resource

_HEADER_BYTES = 8
_PIPE_BYTES = 1 << 20
_TICKET_BYTES = 2


def can_fork() -> bool:
    """Whether this process may be forked: on Linux, with one thread, and with nobody else waiting for its children."""
    if sys.platform != "linux" or signal.getsignal(signal.SIGCHLD) != signal.SIG_DFL:
        return False
    return len(list(Path("/proc/self/task").iterdir())) == 1  # which has the threads of libraries too


class Outbox:
    """What a forked process sends; `push` sends on what the pipe has room for, and does not wait."""

    def __init__(self, writer: int) -> None:
        self._writer = writer
        self._waiting: deque[memoryview] = deque()
        os.set_blocking(writer, False)

    def send(self, value: Any) -> None:  # noqa: ANN401 - as below
        """Send a plain value, such as `marshal` takes, now or later; raises ValueError for another."""
        data = marshal.dumps(value)
        self._waiting += map(memoryview, (len(data).to_bytes(_HEADER_BYTES, "big"), data))
        self.push()

    def push(self) -> None:
        """Send what the pipe has room for."""
        with suppress(BlockingIOError):
            while self._waiting:
                rest = self._waiting[0]
                sent = os.write(self._writer, rest)
                self._waiting[0] = rest[sent:]
                if sent == len(rest):
                    self._waiting.popleft()

    def finish(self) -> None:
        """Send all that waits."""
        os.set_blocking(self._writer, True)
        self.push()


class Forked:
    """A process that does `work`, with what this process has, and then ends."""

    def __init__(self, work: Callable[[Outbox], None]) -> None:
        reader, writer = os.pipe()
        self._reader = open(reader, "rb")  # noqa: PTH123, SIM115 - a descriptor, which `close` closes
        with suppress(OSError):
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        try:
            self._id = _fork(work, writer)
        except OSError:
            self._reader.close()
            raise
        finally:
            os.close(writer)

    def receive(self) -> Any:  # noqa: ANN401 - what `work` sends
        """The next value sent; raises EOFError where the process has ended without sending it."""
        length = int.from_bytes(self._read(_HEADER_BYTES), "big")
        return marshal.loads(self._read(length))  # noqa: S302 - from our own process

    def _read(self, length: int) -> bytes:
        data = self._reader.read(length)
        if len(data) < length:
            raise EOFError("a forked process has ended too early")
        return data

    def close(self) -> None:
        """End it, whatever it is at."""
        os.kill(self._id, signal.SIGKILL)
        os.waitpid(self._id, 0)
        self._reader.close()


class Tickets:
    """The numbers from 0 to `count` - 1, each for the one process that takes it; fork with it, and close it."""

    def __init__(self, count: int) -> None:
        self._reader, writer = os.pipe()
        try:
            # A pipe holds 64 KiB whether or not somebody reads.
            os.write(writer, b"".join([number.to_bytes(_TICKET_BYTES, "big") for number in range(count)]))
        finally:
            os.close(writer)

    def __iter__(self) -> Iterator[int]:
        while ticket := os.read(self._reader, _TICKET_BYTES):
            yield int.from_bytes(ticket, "big")

    def close(self) -> None:
        """There are no more for this process."""
        os.close(self._reader)


def _fork(work: Callable[[Outbox], None], writer: int) -> int:
    parent = os.getpid()
    try:
        child = os.fork()
        if child == 0:
            _work(work, Outbox(writer))
    finally:
        if os.getpid() != parent:
            os._exit(0)  # nothing of the parent's may happen twice, whatever went wrong
    return child


def _work(work: Callable[[Outbox], None], outbox: Outbox) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    gc.freeze()  # what the parent made is not looked through, and so not copied
    work(outbox)
    outbox.finish()
