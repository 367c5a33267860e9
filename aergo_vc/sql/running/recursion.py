"""Room on Python's stack, so that our own limits decide what nests too deep, and not how deep the caller stands."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FRAMES = 60_000
"""More than anything takes that `source` lets pass: its longest chains, times the frames that read and bind a link."""


@contextmanager
def deep_stack() -> Iterator[None]:
    """Let Python's functions nest as deep as scripts within the limits need."""
    before = sys.getrecursionlimit()
    if before >= FRAMES:
        yield
        return
    sys.setrecursionlimit(FRAMES)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
