"""Signature checks in worker processes, since verification bounds a ledger's throughput and threads do not help it.

A worker is a child interpreter that imports `aergo_vc.keys.worker` and nothing else of the program; a thread of this
process feeds it through pipes.  Nothing is forked and the caller's main module is not imported again, so a checker
may be used beside any library and in scripts without a main guard; by one thread at a time.
"""

import marshal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from aergo_vc.keys.ed25519 import SignedMessage, verify_many
from aergo_vc.keys.worker import read_frame, write_frame

BATCH_ITEMS = 512
"""Items that travel to a worker at once: some 30 to 60 milliseconds of its work.

The thread that feeds a worker waits several times a batch until a busy main thread lets it run.
"""

_BATCHES_AHEAD = 4
_FIRST_PARTS = 8
"""Into so many parts the first batch is cut, so that first verdicts do not take as long as later ones may."""

_START = "import sys; sys.path[:] = sys.argv[1:]; from aergo_vc.keys.worker import serve; serve()"


class SignatureChecker:
    """Verifies signatures in `workers` processes; with 0, in this one.

    The processes start with the first batch that needs one and end when the context is left.  A worker that dies
    changes no verdict: its batches are then checked in this process.
    """

    def __init__(self, workers: int, *, batch_items: int = BATCH_ITEMS) -> None:
        # A frozen program's executable is the program itself, not an interpreter.
        usable = bool(sys.executable) and not getattr(sys, "frozen", False)
        self._workers = workers if usable else 0
        self._batch_items = batch_items
        self._threads: ThreadPoolExecutor | None = None
        self._idle: SimpleQueue[subprocess.Popen[bytes] | None] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the processes, batches in flight first.  The checker can be used again afterwards."""
        if self._threads is None:
            return
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._threads = None
        for _ in range(self._workers):
            _end(self._idle.get())

    def check(self, items: Iterable[SignedMessage]) -> Iterator[bool]:
        """The verdict of `verify` for each item, in order, while `items` is read a bounded number of batches ahead.

        The workers begin at once, not only when the first verdict is asked for.
        """
        source = iter(items)
        first = list(islice(source, self._batch_items))
        rest = iter(lambda: list(islice(source, self._batch_items)), [])
        if self._workers == 0 or len(first) < self._batch_items:
            return chain.from_iterable(map(verify_many, chain((first,), rest)))
        threads = self._started()
        size = -(-len(first) // _FIRST_PARTS)
        parts = [first[at : at + size] for at in range(0, len(first), size)]
        flying = (threads.submit(self._check_batch, batch) for batch in chain(parts, rest))
        return _results(flying, deque(islice(flying, self._workers * _BATCHES_AHEAD)))

    def _started(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="signatures")
            for _ in range(self._workers):
                self._idle.put(_start())
        return self._threads

    def _check_batch(self, batch: list[SignedMessage]) -> list[bool]:
        process = self._idle.get()
        try:
            verdicts = None if process is None else _ask(process, batch)
            if verdicts is None:
                _end(process)
                process = None
        finally:
            self._idle.put(process)
        return verify_many(batch) if verdicts is None else verdicts


def _results(rest: Iterator[Future[list[bool]]], flying: deque[Future[list[bool]]]) -> Iterator[bool]:
    """What is flying, in order; for each batch that has come back the next of the `rest` starts."""
    while flying:
        verdicts = flying.popleft().result()
        flying.extend(islice(rest, 1))
        yield from verdicts


def _start() -> subprocess.Popen[bytes] | None:
    # The package's own folder is named because an editable installation may find it by an import hook.
    package_home = str(Path(__file__).resolve().parents[2])
    paths = [package_home, *(path for path in sys.path if path)]
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _START, *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None


def _ask(process: subprocess.Popen[bytes], batch: list[SignedMessage]) -> list[bool] | None:
    """The worker's verdicts, or None if it is gone."""
    if process.stdin is None or process.stdout is None:
        return None
    try:
        write_frame(process.stdin, marshal.dumps(batch))
        answer = read_frame(process.stdout)
    except OSError:
        return None
    if answer is None or len(answer) != len(batch):
        return None
    return [verdict == 1 for verdict in answer]


def _end(process: subprocess.Popen[bytes] | None) -> None:
    """Ends a worker, which has nothing to lose."""
    if process is None:
        return
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()
