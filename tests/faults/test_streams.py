"""X30, X43: standard streams that are closed, full or gone, and terminals of every kind."""

import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest
from world import Place

LONG = "SELECT a.item || b.item || c.item FROM price a, price b, price c"


def shell(place: Place, script: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script of the shell in a repository, with pipes for its streams."""
    return subprocess.run(
        ["bash", "-c", script],
        cwd=place.path,
        env=place.world.environment,
        capture_output=True,
        check=False,
        timeout=60,
    )


def on_terminal(place: Place, *words: str, **variables: str) -> str:
    """What a verb writes to a terminal."""
    main, side = pty.openpty()
    environment = place.world.environment | {"TERM": "xterm-256color", "COLUMNS": "100"} | variables
    child = subprocess.Popen(
        ["git-aergo", *words], cwd=place.path, env=environment, stdout=side, stderr=side, stdin=subprocess.DEVNULL
    )
    os.close(side)
    written = b""
    while True:
        try:
            data = os.read(main, 65536)
        except OSError:
            break
        if not data:
            break
        written += data
    child.wait(timeout=60)
    os.close(main)
    return written.decode().replace("\r\n", "\n")


def test_x43_a_reader_that_leaves_early_is_no_error(shop: Place) -> None:
    shop.write("many.csv", "id\n" + "".join(f"{number}\n" for number in range(20_000)))
    shop.aergo("import", "many.csv", "--commit")
    done = shell(shop, "git-aergo diff | head -n 1; echo ${PIPESTATUS[0]}")
    assert done.stdout.splitlines()[-1] == str(128 + signal.SIGPIPE).encode()
    assert done.stderr == b""


def test_x43_a_full_disk_is_an_error(pristine: Place) -> None:
    done = shell(pristine, "git-aergo log >/dev/full")
    assert done.returncode == 128
    assert done.stderr == b"error: the output cannot be written: No space left on device\n"
    assert shell(pristine, "git-aergo export price >/dev/full").returncode == 128


def test_x43_a_closed_output_is_an_error_and_says_nothing_elsewhere(pristine: Place) -> None:
    done = shell(pristine, "git-aergo log >&-")
    assert done.returncode == 128
    assert done.stderr.startswith(b"error: the output cannot be written")


def test_x43_closed_input_and_closed_errors_change_nothing(pristine: Place) -> None:
    assert shell(pristine, "git-aergo log <&-").returncode == 0
    assert shell(pristine, "git-aergo log 2>&-").returncode == 0
    assert shell(pristine, "git-aergo log nope 2>&-").returncode == 2
    assert shell(pristine, "git-aergo log nope 2>/dev/full").returncode == 2


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="started where interrupts are ignored")
def test_an_interrupt_ends_with_130(pristine: Place, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    environment = pristine.world.environment
    command = ["git-aergo", "sql", "-f", str(pipe)]
    child = subprocess.Popen(command, cwd=pristine.path, env=environment, stderr=subprocess.PIPE)
    with pipe.open("wb"):  # waits until the verb reads from it
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert errors == b""


def test_x30_a_terminal_gets_colour_unless_it_is_told_otherwise(pristine: Place) -> None:
    assert "\x1b[33m" in on_terminal(pristine, "log")
    assert "\x1b" not in on_terminal(pristine, "log", NO_COLOR="1")
    assert "\x1b" not in on_terminal(pristine, "log", TERM="dumb")


def test_progress_is_for_terminals_and_long_work_and_vanishes(pristine: Place) -> None:
    shown = on_terminal(pristine, "verify", GIT_PROGRESS_DELAY="0")
    assert "verify " in shown.split("valid")[0]
    assert shown.split("\x1b[2K")[-1].removeprefix("\x1b[32m").startswith("valid")
    assert "verify " not in on_terminal(pristine, "verify", GIT_PROGRESS_DELAY="600")
    assert pristine.aergo("verify").err == ""


def test_x30_a_table_fits_a_narrow_terminal(shop: Place) -> None:
    shown = on_terminal(shop, "sql", f"{LONG}", COLUMNS="12", NO_COLOR="1")
    lines = shown.splitlines()
    assert max(map(len, lines[: lines.index("(27 rows)")])) <= 12


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C"}, {"LC_ALL": "tr_TR.UTF-8"}, {"TZ": "Asia/Tokyo"}, {"COLUMNS": "1"}]
)
def test_x30_a_pipe_gets_the_same_bytes_everywhere(variables: dict[str, str], pristine: Place) -> None:
    for words in (("log",), ("diff",), ("show",)):
        assert pristine.aergo(*words, variables=variables).out == pristine.aergo(*words).out


def test_x30_where_the_locale_has_no_unicode_text_is_spelled_out(shop: Place) -> None:
    shop.aergo("sql", "--commit", "-m", "Café", "DELETE FROM price")
    shown = shop.aergo("log", "-n", "1", variables={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})
    assert shown.line.endswith(("Caf\\xe9", "Café"))


def test_x26_without_a_home_everything_works(shop: Place) -> None:
    environment = {name: value for name, value in shop.world.environment.items() if name != "HOME"}
    done = subprocess.run(["git-aergo", "log"], cwd=shop.path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0
