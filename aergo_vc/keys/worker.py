"""The worker process of `aergo_vc.keys.parallel`: batches of signatures on its input, verdicts on its output.

A frame is its length in four bytes, big-endian, and that many bytes.  A request is a marshalled list of items, which
only the parent writes, on the same interpreter; an answer has one byte an item, 1 for a signature that holds.
"""

import marshal
import os
import signal
import sys
from typing import BinaryIO, Protocol

from aergo_vc.keys.ed25519 import verify_many

_HEADER_BYTES = 4
_NICENESS = 5


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object: ...


def read_frame(source: _Source) -> bytes | None:
    """The next frame's content; None where the input ends, even within a frame."""
    header = source.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        return None
    length = int.from_bytes(header, "big")
    content = source.read(length)
    return content if len(content) == length else None


def write_frame(sink: _Sink, content: bytes) -> None:
    """Writes `content` as a frame and flushes."""
    sink.write(len(content).to_bytes(_HEADER_BYTES, "big"))
    sink.write(content)
    sink.flush()


def serve() -> None:
    """Answers frames until the input ends.  An interrupt of the terminal is left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)  # the parent, which cannot divide its own work, goes first
    answer_frames(sys.stdin.buffer, sys.stdout.buffer)


def answer_frames(source: BinaryIO, sink: BinaryIO) -> None:
    """Answers every frame of `source` on `sink`."""
    while (request := read_frame(source)) is not None:
        write_frame(sink, bytes(verify_many(marshal.loads(request))))  # noqa: S302 - only the parent writes it
