"""Checks in worker processes: the verdicts of `verify`, in order, whatever befalls a worker."""

import io
import marshal
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aergo_vc.keys.ed25519 import SignedMessage
from aergo_vc.keys.parallel import SignatureChecker
from aergo_vc.keys.signer import seed_signer
from aergo_vc.keys.worker import answer_frames, read_frame, write_frame

SIGNER = seed_signer(bytes(range(32)))


def items(count: int) -> list[SignedMessage]:
    """Signed messages of which every seventh is not what was signed."""
    return [(SIGNER.public_key, SIGNER.sign(b"%d" % n), b"%d" % n + b"!" * (n % 7 == 0)) for n in range(count)]


def expected(count: int) -> list[bool]:
    return [n % 7 != 0 for n in range(count)]


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 95])
def test_verdicts_come_in_the_order_of_the_items(workers: int, count: int) -> None:
    with SignatureChecker(workers, batch_items=10) as checker:
        assert list(checker.check(items(count))) == expected(count)


def test_a_checker_serves_again_and_again_even_after_it_was_closed() -> None:
    checker = SignatureChecker(1, batch_items=10)
    for _ in range(2):
        assert list(checker.check(items(30))) == expected(30)
        assert list(checker.check(items(20))) == expected(20)
        checker.close()


def test_few_items_start_no_process() -> None:
    with SignatureChecker(2) as checker:
        assert list(checker.check(items(20))) == expected(20)
        assert checker._threads is None


def test_items_are_read_a_bounded_number_of_batches_ahead() -> None:
    taken = 0

    def source() -> Iterator[SignedMessage]:
        nonlocal taken
        for item in items(400):
            taken += 1
            yield item

    with SignatureChecker(1, batch_items=10) as checker:
        verdicts = checker.check(source())
        next(verdicts)
        assert taken <= 60


def test_workers_begin_before_the_first_verdict_is_asked_for() -> None:
    with SignatureChecker(1, batch_items=10) as checker:
        checker.check(items(20))
        assert checker._threads is not None


def test_leaving_the_context_midway_ends_the_processes() -> None:
    with SignatureChecker(2, batch_items=10) as checker:
        next(checker.check(items(200)))
        processes = [checker._idle.get() for _ in range(2)]
        for process in processes:
            checker._idle.put(process)
    assert all(process is not None and process.returncode is not None for process in processes)


def test_a_worker_that_dies_changes_no_verdict() -> None:
    with SignatureChecker(1, batch_items=10) as checker:
        verdicts = checker.check(items(100))
        first = next(verdicts)
        process = checker._idle.get()
        assert process is not None
        process.kill()
        process.wait()
        checker._idle.put(process)
        assert [first, *verdicts] == expected(100)


def test_a_worker_that_cannot_start_changes_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with SignatureChecker(2, batch_items=10) as checker:
        assert list(checker.check(items(50))) == expected(50)


def test_a_worker_leaves_an_interrupt_to_its_parent() -> None:
    with SignatureChecker(1, batch_items=10) as checker:
        assert list(checker.check(items(20))) == expected(20)
        process = checker._idle.get()
        assert process is not None
        process.send_signal(signal.SIGINT)
        checker._idle.put(process)
        assert list(checker.check(items(20))) == expected(20)
        assert process.poll() is None


def test_a_script_without_a_main_guard_may_use_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from aergo_vc.keys.parallel import SignatureChecker\n"
        "from aergo_vc.keys.signer import seed_signer\n"
        "signer = seed_signer(bytes(32))\n"
        "with SignatureChecker(1, batch_items=2) as checker:\n"
        "    print(list(checker.check([(signer.public_key, signer.sign(b'm'), b'm')] * 4)))\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, script], env={"PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[True, True, True, True]\n"


def test_a_worker_imports_nothing_but_what_it_needs() -> None:
    code = "import sys, aergo_vc.keys.worker; print(*(n for n in sys.modules if n.startswith('aergo_vc.')))"
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    rooms = {name.split(".")[1] for name in done.stdout.split()}
    assert rooms <= {"base", "keys"}


def test_a_frame_cut_short_ends_the_worker_quietly() -> None:
    request = io.BytesIO()
    write_frame(request, marshal.dumps(items(3)))
    for length in range(4, len(request.getvalue()), 50):
        answer = io.BytesIO()
        answer_frames(io.BytesIO(request.getvalue()[:length]), answer)
        assert answer.getvalue() == b""
    whole = io.BytesIO()
    answer_frames(io.BytesIO(request.getvalue()), whole)
    assert read_frame(io.BytesIO(whole.getvalue())) == b"\0\1\1"
