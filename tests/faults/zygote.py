"""A process that has everything imported and forks a child for each job, so that a child starts in milliseconds.

Run as ``python -m faults.zygote``: jobs come as JSON lines on standard input, and for each two lines go back, the
child's process id at once and how it ended after that.
"""

import ctypes
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from faults.verbs import perform

import aergo_vc

_REPORT_BYTES = 1 << 16
_PR_SET_PTRACER = 0x59616D61  # linux/prctl.h
_ANYONE = ctypes.c_ulong(-1)


def import_everything() -> None:
    """Import what a verb would import late: a child's system calls are then the verb's own."""
    for module in pkgutil.walk_packages(aergo_vc.__path__, "aergo_vc."):
        if not module.name.startswith(("aergo_vc.cli", "aergo_vc.query", "aergo_vc.gitside")):
            importlib.import_module(module.name)
    for name in ("pygit2", "dulwich", "apsw", "sqlglot", "tempfile", "sqlite3"):
        importlib.import_module(name)


def work(job: dict[str, Any], report: socket.socket) -> None:
    """In the child: wait to be traced, run the verb, tell what came of it by other means than ``write``."""
    os.umask(job.get("umask", 0o022))
    if job["stopped"]:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYONE)
        os.kill(os.getpid(), signal.SIGSTOP)
    for limit, value in job.get("limits", ()):
        importlib.import_module("resource").setrlimit(limit, (value, value))
    try:
        told = perform(job["verb"], Path(job["path"]), job["time"], job["variables"], job.get("seed", "seed"))
    except BaseException as error:  # noqa: BLE001  (whatever it is, the test wants to see it)
        told = {"kind": "error", "type": type(error).__name__, "message": traceback.format_exc()[-4_000:]}
    report.send(json.dumps(told, default=str).encode())
    os._exit(0 if told["kind"] == "done" else 1)


def serve() -> None:
    """Do jobs until standard input ends."""
    import_everything()
    for line in sys.stdin:
        job = json.loads(line)
        mine, childs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        child = os.fork()
        if child == 0:
            work(job, childs)
        childs.close()
        if job["stopped"]:
            os.waitpid(child, os.WUNTRACED)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        mine.setblocking(False)
        try:
            told = json.loads(mine.recv(_REPORT_BYTES))
        except BlockingIOError:
            told = {"kind": "killed", "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}
        mine.close()
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
