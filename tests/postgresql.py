"""A PostgreSQL 15 server of the test run's own, in a temporary folder, and the part of its protocol that tests need."""

import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

VERSION = 15
"""The release that the language follows."""

START_SECONDS = 30

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "shared_buffers": "16MB",
    "max_connections": "5",
    "autovacuum": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, MDY",
    "statement_timeout": "10s",
    "client_min_messages": "debug1",
}


@dataclass
class Answer:
    """What one query string led to: rows as text (None is NULL), command tags, errors and notices as fields."""

    rows: list[tuple[str | None, ...]] | None = None
    tag: str = ""
    error: dict[str, str] | None = None
    notices: list[dict[str, str]] = field(default_factory=list)


@cache
def programs() -> Path | None:
    """The folder with the server's programs, if they are of the right release."""
    on_path = shutil.which("initdb")
    places = [Path(f"/usr/lib/postgresql/{VERSION}/bin"), *([Path(on_path).parent] if on_path else [])]
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            said = subprocess.run([place / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
            if f" {VERSION}." in said:
                return place
    return None


def _server_user() -> str | None:
    """Whom to run the server as: it refuses to run as root."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def server(role: str) -> Iterator["Client"]:
    """A client, signed in as the superuser `role`, of a server that ends with the context."""
    place = programs()
    assert place is not None
    user = _server_user()
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        root = Path(name)
        if user is not None:
            shutil.chown(root, user, pwd.getpwnam(user).pw_gid)
        data = root / "data"
        initialise = [place / "initdb", "-D", data, "-U", role, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run(initialise, check=True, capture_output=True, user=user, cwd=root, timeout=120)
        options = [part for setting in _SETTINGS.items() for part in ("-c", "=".join(setting))]
        command = [place / "postgres", "-D", data, "-k", root, *options]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=root, start_new_session=True
        )
        try:
            client = _connected(root / ".s.PGSQL.5432", role, process)
            yield client
            client.close()
        finally:
            process.send_signal(signal.SIGINT)  # which it does not wait for clients at
            process.wait(START_SECONDS)


def _connected(path: Path, role: str, process: "subprocess.Popen[bytes]") -> "Client":
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return Client(path, role)
        except OSError:  # the socket is not there, or is there before the server takes sessions
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class Client:
    """One session, by the simple query protocol (PostgreSQL 15, chapter 55)."""

    def __init__(self, path: Path, role: str) -> None:
        self._connection = connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            raise
        self._stream = connection.makefile("rb")
        parameters = b"".join(text.encode() + b"\0" for text in ("user", role, "database", "postgres", ""))
        connection.sendall(struct.pack("!ii", 8 + len(parameters), 3 << 16) + parameters)
        answer = self._answer()
        if answer.error is not None:
            raise ConnectionError(answer.error["M"])

    def close(self) -> None:
        """Say goodbye, and close the socket."""
        self._send(b"X", b"")
        self._stream.close()
        self._connection.close()

    def query(self, text: str) -> Answer:
        """Send a string of statements, which PostgreSQL runs as one transaction; the rows are those of the last."""
        self._send(b"Q", text.encode() + b"\0")
        return self._answer()

    def reset(self) -> None:
        """Empty the database."""
        found = self.query(
            "SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        )
        names = ", ".join(str(row[0]) for row in found.rows or [])
        for text in [f"DROP SCHEMA {names} CASCADE", "CREATE SCHEMA public", "DISCARD ALL"]:
            answer = self.query(text)
            assert answer.error is None, answer.error

    def _send(self, kind: bytes, body: bytes) -> None:
        self._connection.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def _answer(self) -> Answer:
        answer = Answer()
        while True:
            kind, body = self._message()
            if kind == b"Z":
                return answer
            if kind == b"T":
                answer.rows = []
            elif kind == b"D":
                assert answer.rows is not None
                answer.rows.append(_cells(body))
            elif kind == b"C":
                answer.tag = body[:-1].decode()
            elif kind == b"E":
                answer.error = _fields(body)
                if answer.error["S"] == "FATAL":
                    return answer
            elif kind == b"N":
                answer.notices.append(_fields(body))
            elif kind == b"G":  # COPY FROM stdin
                self._send(b"f", b"no data\0")

    def _message(self) -> tuple[bytes, bytes]:
        head = self._stream.read(5)
        if len(head) < 5:
            raise ConnectionError("the server has gone")
        return head[:1], self._stream.read(struct.unpack("!i", head[1:])[0] - 4)


def _cells(body: bytes) -> tuple[str | None, ...]:
    cells: list[str | None] = []
    place = 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        (length,) = struct.unpack_from("!i", body, place)
        place += 4
        cells.append(None if length < 0 else body[place : place + length].decode())
        place += max(length, 0)
    return tuple(cells)


def _fields(body: bytes) -> dict[str, str]:
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}
