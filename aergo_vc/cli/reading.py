"""Verbs that read the chain and the state: log, show, diff, schema, query."""

from contextlib import ExitStack
from typing import Annotated, BinaryIO, cast

import typer

from aergo_vc.cli.commands import AsJson, At, new_family, session_of
from aergo_vc.cli.differences import Tally, difference_records, tell_difference, tell_routines, tell_tally
from aergo_vc.cli.output import Style, Styled
from aergo_vc.cli.progress import Busy
from aergo_vc.cli.records import block_record, details_records, transaction_record
from aergo_vc.cli.running import UsageError, named
from aergo_vc.cli.showing import LogColumns, tell_block, tell_rows, tell_transaction
from aergo_vc.repository.results import TransactionDetails

app = new_family()

_BINARY_FORMATS = ("parquet", "arrow")
_QUERY_FORMATS = ("table", "json", "jsonl", "csv", *_BINARY_FORMATS)


@app.command()
def log(
    context: typer.Context,
    *,
    revision: Annotated[str | None, typer.Argument(metavar="[REVISION]", show_default=False)] = None,
    limit: Annotated[int | None, typer.Option("--max-count", "-n", metavar="N", min=0, help="No more.")] = None,
    as_json: AsJson = False,
) -> None:
    """List blocks, the newest first."""
    session = session_of(context)
    columns = LogColumns()
    with session.open() as repository:
        for summary in repository.log(revision, limit=limit):
            if as_json:
                session.out.record(block_record(summary))
            else:
                columns.tell(session.out, summary)


@app.command()
def show(
    context: typer.Context,
    *,
    what: Annotated[str, typer.Argument(metavar="[REVISION|TRANSACTION]", show_default=False)] = "HEAD",
    as_json: AsJson = False,
) -> None:
    """Show a block with its transactions, or one transaction."""
    session = session_of(context)
    with session.open() as repository:
        found = repository.show(what)
    if isinstance(found, TransactionDetails):
        if as_json:
            session.out.record(transaction_record(found.transaction, found.receipt, found.block))
        else:
            tell_transaction(session.out, found.transaction, found.receipt, found.block)
    elif as_json:
        for record in details_records(found):
            session.out.record(record)
    else:
        tell_block(session.out, found)


@app.command()
def diff(
    context: typer.Context,
    *,
    revisions: Annotated[list[str] | None, typer.Argument(metavar="[FROM [TO]]", show_default=False)] = None,
    table: Annotated[str | None, typer.Option("--table", "-t", metavar="TABLE", help="This table only.")] = None,
    stat: Annotated[bool, typer.Option("--stat", help="Numbers of rows only.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if anything differs.")] = False,
    as_json: AsJson = False,
) -> int:
    """Show the rows that differ between two blocks: by default, those that the last block changed."""
    session = session_of(context)
    before, after = _two_revisions(revisions or [])
    tallies: list[Tally] = []
    with session.open() as repository:
        for difference in repository.diff(before, after, table=table):
            tallies.append(Tally.of(difference))
            if as_json:
                for record in difference_records(difference):
                    session.out.record(record)
            elif not stat:
                tell_difference(session.out, difference)
        routines = [] if table is not None else list(repository.diff_routines(before, after))
        for changed in routines:
            if as_json:
                session.out.record({"contract": changed.contract, "before": changed.before, "after": changed.after})
            elif not stat:
                tell_routines(session.out, changed)
    if stat and not as_json:
        tell_tally(session.out, tallies)
        for changed in routines:
            session.out.line(f"{changed.contract}  (functions and procedures)")
    return int(exit_code and bool(tallies or routines))


@app.command()
def schema(
    context: typer.Context,
    *,
    contract: Annotated[str | None, typer.Argument(metavar="[CONTRACT]", show_default=False)] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Show what contracts define, as SQL."""
    session = session_of(context)
    with session.open() as repository:
        texts, routines = repository.schema(at), repository.routines(at)
    if contract is not None and contract not in texts:
        raise UsageError(f"there is no contract {named(contract)}", verb="schema")
    for name in sorted(texts) if contract is None else [contract]:
        if as_json:
            session.out.record({"contract": name, "schema": texts[name], "functions": routines.get(name, "")})
        else:
            session.out.line(Styled(f"-- {name}", Style.DIM))
            session.out.lines(texts[name] + routines.get(name, ""))


@app.command()
def query(
    context: typer.Context,
    *,
    sql: Annotated[str, typer.Argument(metavar="SQL", show_default=False)],
    at: At = None,
    file_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="table, json, jsonl, csv, parquet or arrow.")
    ] = "table",
    conflicts: Annotated[
        bool, typer.Option("--conflicts", help="Show those of the merge in progress as aergo.conflicts.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask in SQL (a SELECT in DuckDB's dialect) at any block."""
    session = session_of(context)
    chosen = "jsonl" if as_json else file_format
    if chosen not in _QUERY_FORMATS:
        raise UsageError(f"{chosen} is no format: one of {', '.join(_QUERY_FORMATS)} is expected", verb="query")
    if chosen in _BINARY_FORMATS and session.out.is_terminal:
        raise UsageError(f"{chosen} is not for terminals: lead it into a file with >", verb="query")
    with session.open() as repository, ExitStack() as stack:
        with Busy("querying"):
            result = stack.enter_context(repository.query(sql, at=at, conflicts=conflicts))
        if chosen == "table":
            tell_rows(session.out, result.columns, result.rows())
            return
        from aergo_vc.query.output import OutputFormat, write_result  # noqa: PLC0415 - loads msgspec

        write_result(result, OutputFormat(chosen), cast("BinaryIO", session.out))


def _two_revisions(revisions: list[str]) -> tuple[str, str]:
    if len(revisions) > 2:  # noqa: PLR2004
        raise UsageError("two revisions at most are expected", verb="diff")
    if len(revisions) == 1 and ".." in revisions[0]:
        before, _, after = revisions[0].partition("..")
        return before or "HEAD", after or "HEAD"
    if not revisions:
        return "@-1", "HEAD"
    return revisions[0], revisions[1] if revisions[1:] else "HEAD"
