"""Verbs that make transactions and seal them: sql, import, export, status, commit, discard."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import TransactionId
from aergo_vc.cli.commands import AsJson, At, Message, Seal, Session, new_family, session_of
from aergo_vc.cli.output import Column, Style, Styled
from aergo_vc.cli.progress import Busy
from aergo_vc.cli.records import committed_record, error_record, status_record, submitted_record
from aergo_vc.cli.running import UsageError, named
from aergo_vc.cli.showing import tell_call
from aergo_vc.cli.wording import count, moment, plain_value, rows_by_table, short, what_it_is
from aergo_vc.model.types import Kind

if TYPE_CHECKING:
    from aergo_vc.model.outcomes import StatementResult
    from aergo_vc.repository.facade import Repository
    from aergo_vc.repository.results import Committed, PendingTransaction, Status, Submitted

app = new_family()

_MODES = ("replace", "upsert", "append")
_NUMBERS = frozenset((Kind.SMALLINT, Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC, Kind.DOUBLE, Kind.REAL))


@app.command()
def sql(
    context: typer.Context,
    *,
    script: Annotated[str | None, typer.Argument(metavar="[SCRIPT]", show_default=False)] = None,
    file: Annotated[str | None, typer.Option("--file", "-f", metavar="FILE", help="Read it; - is the input.")] = None,
    commit: Seal = False,
    message: Message = None,
    as_json: AsJson = False,
) -> None:
    """Sign an SQL script as one transaction, pending until a block seals it."""
    session = session_of(context)
    if (script is None) == (file is None):
        raise UsageError("either a script or --file is expected", verb="sql")
    require_seal(message, commit=commit, verb="sql")
    text = script if script is not None else read_text(str(file), "sql")
    with telling_sql_errors(session, as_json=as_json), session.open() as repository:
        submitted = repository.sql(text, commit=commit, message=message)
        if submitted.committed is not None:
            repository.maintain()
    tell_submitted(session, submitted, as_json=as_json)


@app.command("import")
def import_files(
    context: typer.Context,
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", show_default=False)],
    table: Annotated[str | None, typer.Option("--table", "-t", metavar="TABLE", help="Not the file's name.")] = None,
    mode: Annotated[str, typer.Option("--mode", metavar="MODE", help="replace, upsert or append.")] = "replace",
    key: Annotated[str | None, typer.Option("--key", metavar="COLUMN,...", help="A new table's primary key.")] = None,
    widen: Annotated[bool, typer.Option("--widen", help="Widen columns that are too narrow.")] = False,
    commit: Seal = False,
    message: Message = None,
    as_json: AsJson = False,
) -> None:
    """Sign the rows of files as one transaction: each table becomes what its file says."""
    session = session_of(context)
    if mode not in _MODES:
        raise UsageError(f"--mode {named(mode)}: {', '.join(_MODES)} are possible", verb="import")
    for file in files:
        if not file.name:
            raise UsageError(f"{file} is no file", verb="import")
    require_seal(message, commit=commit, verb="import")
    with session.open() as repository, Busy("importing"):
        submitted = repository.import_files(
            files,
            table=table,
            mode=mode,
            key=tuple(key.split(",")) if key else (),
            widen=widen,
            commit=commit,
            message=message,
        )
        if submitted.committed is not None:
            repository.maintain()
    tell_submitted(session, submitted, as_json=as_json)


@app.command()
def export(
    context: typer.Context,
    *,
    table: Annotated[str, typer.Argument(metavar="TABLE", show_default=False)],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Not standard output.")] = None,
    at: At = None,
    file_format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="csv, jsonl or parquet.")] = "csv",
) -> None:
    """Write the rows of a table to a file or standard output."""
    session = session_of(context)
    if file_format not in ("csv", "jsonl", "parquet"):
        raise UsageError(f"{named(file_format)} is no format: csv, jsonl or parquet is expected", verb="export")
    with session.open() as repository:
        if output is None:
            repository.export(table, cast("BinaryIO", session.out), at=at, file_format=file_format)
            return
        # "x": a file that exists stays, and a link is not followed.
        try:
            with output.open("xb") as stream:
                repository.export(table, stream, at=at, file_format=file_format)
        except FileExistsError as error:
            raise UsageError(f"{output} exists", verb="export") from error
        except BaseException:
            output.unlink(missing_ok=True)
            raise


@app.command()
def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show where the branch stands and what is pending."""
    session = session_of(context)
    with session.open() as repository:
        found = repository.status()
        pending = repository.pending() if found.pending and not as_json else ()
    if as_json:
        session.out.record(status_record(found))
    else:
        _tell_status(session, found, pending)


@app.command()
def commit(context: typer.Context, *, message: Message = None, as_json: AsJson = False) -> int:
    """Seal the pending transactions into the next block."""
    session = session_of(context)
    with session.open() as repository:
        committed = repository.commit(message)
        if committed is not None:
            repository.maintain()
    if committed is None:
        if not as_json:
            session.out.line("Nothing is pending")
        return 0
    if as_json:
        session.out.record(committed_record(committed))
    else:
        tell_committed(session, committed)
    return int(bool(committed.excluded))


@app.command()
def discard(
    context: typer.Context,
    *,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[TRANSACTION...]", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Drop all of them.")] = False,
) -> None:
    """Drop pending transactions."""
    session = session_of(context)
    if everything == bool(ids):
        raise UsageError("either transactions or --all is expected", verb="discard")
    with session.open() as repository:
        dropped = repository.discard(None if everything else _meant(repository, ids or []))
    session.out.line(f"Dropped {count(dropped, 'transaction')}")


def _meant(repository: "Repository", texts: list[str]) -> list[TransactionId]:
    """The pending transactions whose ids begin as `texts` do."""
    known = [waiting.transaction.id for waiting in repository.pending()]
    meant = []
    for text in texts:
        found = [identifier for identifier in known if text and identifier.startswith(text)]
        if len(found) != 1:
            what = "no pending transaction begins" if not found else f"{len(found)} pending transactions begin"
            raise UsageError(f"{what} with {text or repr(text)}", verb="discard")
        meant += found
    return meant


@contextmanager
def telling_sql_errors(session: Session, *, as_json: bool) -> Iterator[None]:
    """Print an error of a script or a call as a record too, where records are wanted."""
    try:
        yield
    except InputError as error:
        if as_json and "sqlstate" in error.facts:
            session.out.record(error_record(error))
        raise


def require_seal(message: str | None, *, commit: bool, verb: str) -> None:
    """Raise UsageError for a message without a block."""
    if message is not None and not commit:
        raise UsageError("--message is the block's: it needs --commit", verb=verb)


def read_text(file: str, verb: str) -> str:
    """The text of a file, or of standard input for ``-``; raises UsageError."""
    if not file:
        raise UsageError("a file is expected, not an empty name", verb=verb)
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", verb=verb) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 at byte {error.start}", verb=verb) from error


def tell_submitted(session: Session, submitted: "Submitted", *, as_json: bool, dry_run: bool = False) -> None:
    """Print what a transaction did, or in a dry run would do."""
    for notice in submitted.notices:
        session.err.line(Styled(f"{notice.level}: ", Style.YELLOW), notice.message)
    if as_json:
        session.out.record(submitted_record(submitted))
        return
    for result in submitted.results:
        tell_result(session, result)
    tell_call(session.out, submitted.events, submitted.result)
    if dry_run:
        session.out.line(f"Would do: {rows_by_table(submitted.rows)}")
    elif submitted.transaction is None:
        session.out.line("There is nothing to do")
    elif submitted.committed is not None:
        tell_committed(session, submitted.committed)
    else:
        identifier = Styled(short(submitted.transaction), Style.YELLOW)
        session.out.line("Pending ", identifier, f": {rows_by_table(submitted.rows)}")


def tell_result(session: Session, result: "StatementResult") -> None:
    """Print the rows that a statement gave; of others, nothing."""
    if result.columns is None:
        return
    columns = [Column(column.name, column.type.kind in _NUMBERS) for column in result.columns]
    session.out.table(columns, ([plain_value(value) for value in row] for row in result.rows))
    session.out.line(Styled(f"({count(len(result.rows), 'row')})", Style.DIM))


def tell_committed(session: Session, committed: "Committed") -> None:
    """Print a new block, and what it leaves out."""
    out = session.out
    out.line(
        f"Block {committed.height} of {committed.branch}: ",
        Styled(short(committed.block), Style.YELLOW),
        f", {count(len(committed.transactions), 'transaction')}, {rows_by_table(committed.rows)}",
    )
    for exclusion in committed.excluded:
        identifier = short(exclusion.transaction.id)
        out.line(Styled(f"left out {identifier}", Style.RED), f": {exclusion.reason.message}")


def _tell_status(session: Session, status: "Status", pending: "tuple[PendingTransaction, ...]") -> None:
    out = session.out
    out.line(
        f"On branch {status.branch}, block {status.height} (",
        Styled(short(status.block), Style.YELLOW),
        f") of {moment(status.time)}",
        f" by {status.producer}" if status.producer else "",
    )
    if status.entity is None:
        out.line("This clone acts for nobody")
    else:
        out.line(f"Acting for {status.entity}")
    out.line(f"{count(status.pending, 'pending transaction')}" if status.pending else "Nothing is pending")
    for transaction in pending:
        identifier = Styled(short(transaction.transaction.id), Style.YELLOW)
        payload = transaction.transaction.payload
        done = "".join(f"  {word}" for word in (what_it_is(payload),) if word)
        out.line("  ", identifier, f"  {payload.signer}  {rows_by_table(transaction.rows)}{done}")
        if transaction.problem is not None:
            out.line("    ", Styled("would be left out", Style.RED), f": {transaction.problem}")
