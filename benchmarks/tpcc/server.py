"""The same contract, tables and calls on a PostgreSQL 15 server that the benchmark starts for itself."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import pq

from tpcc.mix import Argument, Call
from tpcc.population import Row, Tables

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
_SETTINGS = {
    "listen_addresses": "",
    "synchronous_commit": "off",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
}
_STATEMENTS = {
    "new_order": "SELECT * FROM new_order($1, $2, $3, $4, $5, $6)",
    "payment": "CALL payment($1, $2, $3, $4, $5, $6, $7, NULL, NULL)",
    "order_status": "SELECT * FROM order_status($1, $2, $3, $4)",
    "delivery": "CALL delivery($1, $2, NULL, NULL)",
    "stock_level": "SELECT stock_level($1, $2, $3)",
}


@contextmanager
def server() -> Iterator[str]:
    """How to connect to a fresh server, which ends with the context."""
    user = "postgres" if os.geteuid() == 0 else None  # a server refuses to run as root
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        root = Path(name)
        if user is not None:
            shutil.chown(root, user, pwd.getpwnam(user).pw_gid)
        data, log = root / "data", root / "log"

        def run(*command: str | Path) -> None:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=user, cwd=root)

        run(PROGRAMS / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        options = " ".join(f"-c {key}={value}" for key, value in _SETTINGS.items())
        run(PROGRAMS / "pg_ctl", "-D", data, "-l", log, "-w", "-o", f"-k {root} {options}", "start")
        try:
            yield f"host={root} user=postgres dbname=postgres"
        finally:
            run(PROGRAMS / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


class OnPostgreSQL:
    """One connection, each call a prepared statement and a transaction of its own."""

    def __init__(self, where: str) -> None:
        self._connection = psycopg.connect(where, autocommit=True)
        self._wire = self._connection.pgconn

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def install(self, contract: str, tables: Tables) -> None:
        """Run the contract's text, and fill the tables."""
        self._connection.execute(contract)
        for table, rows in tables.items():
            with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        self._connection.execute("VACUUM ANALYZE")
        for name, statement in _STATEMENTS.items():
            self._require(self._wire.prepare(name.encode(), statement.encode()), pq.ExecStatus.COMMAND_OK)

    def run(self, calls: Sequence[Call]) -> list[str | None]:
        """Make calls one after another; returns the SQLSTATE of each, None where it is well."""
        prepared = [(call.routine.encode(), [_spelled(argument) for argument in call.arguments]) for call in calls]
        return [self._state(self._wire.exec_prepared(name, arguments)) for name, arguments in prepared]

    def result(self, call: Call) -> list[tuple[str | None, ...]]:
        """What a call gives, as text."""
        found = self._wire.exec_prepared(call.routine.encode(), [_spelled(one) for one in call.arguments])
        self._require(found, pq.ExecStatus.TUPLES_OK)
        cells = [[found.get_value(row, column) for column in range(found.nfields)] for row in range(found.ntuples)]
        return [tuple(None if cell is None else bytes(cell).decode() for cell in row) for row in cells]

    def rows(self, table: str) -> list[Row]:
        """A table's rows; numbers with decimal places, and moments, are texts."""
        return [tuple(map(_canonical, row)) for row in self._connection.execute(f"SELECT * FROM {table}")]

    def _state(self, result: Any) -> str | None:  # noqa: ANN401 - psycopg's result
        state = result.error_field(pq.DiagnosticField.SQLSTATE)
        return None if state is None else state.decode()

    def _require(self, result: Any, status: pq.ExecStatus) -> None:  # noqa: ANN401 - psycopg's result
        if result.status != status:
            raise RuntimeError(result.error_message)


def _spelled(value: Argument) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, tuple):
        return f"{{{','.join(map(str, value))}}}".encode()
    return str(value).encode()


def _canonical(value: Any) -> int | str | None:  # noqa: ANN401 - whatever psycopg makes of a column
    return value if value is None or isinstance(value, int) else str(value)
