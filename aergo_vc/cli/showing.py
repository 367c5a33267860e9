"""Blocks, transactions and rows as people read them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from aergo_vc.cli.output import Column, Output, Style, Styled
from aergo_vc.cli.wording import argument_text, count, moment, plain_value, rows_by_table, settled_by, short, what_it_is
from aergo_vc.model.transactions import Argument, CallResult, Event, Receipt, Transaction
from aergo_vc.model.types import Row

if TYPE_CHECKING:
    from aergo_vc.repository.results import BlockDetails, BlockSummary


_ROWS_AT_A_TIME = 1_000
_NUMBER = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*")


class ResultColumn(Protocol):
    """A column of a query's result: its name and its type in DuckDB's words."""

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...


class LogColumns:
    """Lines of a log with their columns aligned, as far as the first lines foretell it."""

    def __init__(self) -> None:
        self._height = 0
        self._producer = 0

    def tell(self, out: Output, summary: "BlockSummary") -> None:
        """Print the line of a block."""
        header = summary.header
        self._height = max(self._height, len(str(header.height)))
        self._producer = max(self._producer, len(header.producer))
        rows = "row " if summary.rows == 1 else "rows"
        out.line(
            Styled(short(summary.block), Style.YELLOW),
            f"  {header.height:>{self._height}}  {moment(header.time)}  ",
            Styled(f"{header.producer:<{self._producer}}", Style.CYAN),
            f"  {summary.transactions:>3} tx  {summary.rows:>6} {rows}  {summary.subject}",
        )


def tell_block(out: Output, details: "BlockDetails") -> None:
    """Print a block and its transactions."""
    summary, header = details.summary, details.summary.header
    out.line(Styled(f"block {summary.block}", Style.YELLOW))
    facts = {
        "Commit": summary.commit,
        "Branch": header.branch,
        "Height": str(header.height),
        "Time": moment(header.time),
        "Slot": str(header.slot),
        "Producer": header.producer,
        "Directory": f"{short(header.directory)} ({header.directory_height})" if header.directory else None,
        "Merged": ", ".join(map(short, header.merged)) or None,
        "State": header.state,
    }
    _facts(out, facts)
    out.line()
    out.lines(summary.subject, "    ")
    for transaction, receipt in zip(details.transactions, details.receipts, strict=True):
        out.line()
        _transaction(out, transaction, receipt)
    for one in details.refused:
        out.line()
        _transaction(out, one.transaction, one.receipt)


def tell_transaction(out: Output, transaction: Transaction, receipt: Receipt, block: "BlockSummary") -> None:
    """Print one transaction and where it stands."""
    _transaction(out, transaction, receipt, Block=f"{short(block.block)} ({block.header.height})")


def _transaction(out: Output, transaction: Transaction, receipt: Receipt, **more: str) -> None:
    payload = transaction.payload
    out.line(Styled(f"transaction {transaction.id}", Style.YELLOW))
    loads = ", ".join(f"{load.table} ({load.mode})" for load in payload.loads)
    facts = {**more, "Signer": payload.signer, "Rows": rows_by_table(receipt.rows), "Loads": loads or None}
    refusal = receipt.refusal
    if refusal is not None:
        after = "" if refusal.after is None else f" ({short(refusal.after)})"
        facts |= {"Rows": None, "Left out": f"{refusal.code}: {refusal.message}{after}"}
    facts["Settled"] = settled_by(receipt)
    _facts(out, {**facts, "Contract": payload.contract, "Call": what_it_is(payload) if payload.call else None})
    if receipt.events or receipt.result is not None:
        out.line()
        tell_call(out, receipt.events, receipt.result)
    if payload.sql.strip():
        out.line()
        out.lines(payload.sql, "    ")


def tell_call(out: Output, events: Iterable[Event], result: CallResult | None) -> None:
    """Print what a transaction announced and what its call returned."""
    for event in events:
        data = "  ".join(f"{name}={argument_text(value)}" for name, value in event.data.items())
        out.line("event ", Styled(event.name, Style.CYAN), f"  {data}" if data else "")
    if result is None:
        return
    rows = [[None if value is None else _shown_argument(value) for value in row] for row in result.rows]
    out.table([Column(name) for name in result.columns], rows)
    out.line(Styled(f"({count(len(rows), 'row')})", Style.DIM))


def _shown_argument(value: Argument) -> str | None:
    return argument_text(value) if isinstance(value, tuple) else plain_value(value)


def _facts(out: Output, facts: Mapping[str, str | None]) -> None:
    for name, value in facts.items():
        if value is not None:
            out.line(f"{name + ':':<11}", value)


def tell_rows(out: Output, columns: Sequence[ResultColumn], rows: Iterable[Row]) -> None:
    """Print the rows of a query as a table, a thousand at a time so that long answers need no memory."""
    headings = [Column(column.name, _NUMBER.fullmatch(column.type) is not None) for column in columns]
    shown = 0
    for batch in _batches(iter(rows)):
        out.table(headings, [[_shown_value(value) for value in row] for row in batch])
        shown += len(batch)
    if not shown:
        out.table(headings, [])
    out.line(Styled(f"({count(shown, 'row')})", Style.DIM))


def _shown_value(value: object) -> str | None:
    """A value of a query; lists, structs and maps, which no table of the ledger has, are shown as Python would."""
    return plain_value(value) if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, _ROWS_AT_A_TIME)):
        yield batch
