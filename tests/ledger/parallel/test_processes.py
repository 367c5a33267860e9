"""Forked processes: what they send arrives whole, and nothing of theirs reaches the outside."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from aergo_vc.ledger.parallel.processes import Forked, Outbox, Tickets

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")


def _send(outbox: Outbox, *values: object) -> None:
    for value in values:
        outbox.send(value)


def test_values_arrive_in_order_and_whole_even_such_as_no_pipe_holds() -> None:
    long = b"x" * (5 << 20)
    with closing(Forked(_send)) as empty, closing(Forked(lambda outbox: _send(outbox, 1, long, ("a", 2)))) as one:
        assert one.receive() == 1
        time.sleep(0.05)
        assert one.receive() == long
        assert one.receive() == ("a", 2)
        with pytest.raises(EOFError):
            one.receive()
        with pytest.raises(EOFError):
            empty.receive()


def test_a_process_that_fails_or_dies_ends_the_stream(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(outbox: Outbox) -> None:
        outbox.send("a")
        raise KeyboardInterrupt

    def die(outbox: Outbox) -> None:
        outbox.send("a")
        os.kill(os.getpid(), signal.SIGKILL)

    def send_an_object(outbox: Outbox) -> None:
        outbox.send("a")
        outbox.send(object())

    for work in (fail, die, send_an_object):
        with closing(Forked(work)) as one:
            assert one.receive() == "a"
            with pytest.raises(EOFError):
                one.receive()
    assert capfd.readouterr() == ("", "")


def test_a_forked_process_cannot_write_into_any_file(tmp_path: Path) -> None:
    before = tmp_path / "before"
    before.write_text("kept")
    opened = before.open("r+")

    def write(outbox: Outbox) -> None:
        for attempt in (lambda: os.write(opened.fileno(), b"lost"), lambda: (tmp_path / "new").write_text("x")):
            try:
                attempt()
            except OSError as error:
                outbox.send(error.errno)
            else:
                outbox.send("written")

    with opened, closing(Forked(write)) as one:
        assert [one.receive(), one.receive()] == [27, 27]  # EFBIG
    assert before.read_text() == "kept"


def test_a_process_that_is_not_done_is_ended() -> None:
    one = Forked(lambda _outbox: time.sleep(60))
    start = time.monotonic()
    one.close()
    assert time.monotonic() - start < 30
    with pytest.raises(ProcessLookupError):
        os.kill(one._id, 0)


def test_each_ticket_is_taken_once() -> None:
    with closing(Tickets(300)) as tickets:

        def take(outbox: Outbox) -> None:
            outbox.send(list(tickets))

        with closing(Forked(take)) as one, closing(Forked(take)) as other:
            taken = [*tickets, *one.receive(), *other.receive()]
    assert sorted(taken) == list(range(300))


_ASKED = """
import signal, threading
from aergo_vc.ledger.parallel.processes import can_fork
print(can_fork())
event = threading.Event()
thread = threading.Thread(target=event.wait)
thread.start()
print(can_fork())
event.set()
thread.join()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print(can_fork())
"""


def test_a_process_with_two_threads_or_a_handler_for_children_is_not_forked() -> None:
    done = subprocess.run([sys.executable, "-c", _ASKED], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False", "False"]
