"""Blocks, transactions and rows as people read them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aergo_vc.cli.output import Output, Style, Styled
from aergo_vc.cli.wording import moment, rows_by_table, short
from aergo_vc.model.transactions import Receipt, Transaction

if TYPE_CHECKING:
    from aergo_vc.repository.results import BlockDetails, BlockSummary


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
        out.line(
            Styled(short(summary.block), Style.YELLOW),
            f"  {header.height:>{self._height}}  {moment(header.time)}  ",
            Styled(f"{header.producer:<{self._producer}}", Style.CYAN),
            f"  {summary.transactions:>3} tx  {summary.rows:>6} rows  {summary.subject}",
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


def tell_transaction(out: Output, transaction: Transaction, receipt: Receipt, block: "BlockSummary") -> None:
    """Print one transaction and where it stands."""
    _transaction(out, transaction, receipt, Block=f"{short(block.block)} ({block.header.height})")


def _transaction(out: Output, transaction: Transaction, receipt: Receipt, **more: str) -> None:
    payload = transaction.payload
    out.line(Styled(f"transaction {transaction.id}", Style.YELLOW))
    loads = ", ".join(f"{load.table} ({load.mode})" for load in payload.loads)
    _facts(out, {**more, "Signer": payload.signer, "Rows": rows_by_table(receipt.rows), "Loads": loads or None})
    if payload.sql.strip():
        out.line()
        out.lines(payload.sql, "    ")


def _facts(out: Output, facts: Mapping[str, str | None]) -> None:
    for name, value in facts.items():
        if value is not None:
            out.line(f"{name + ':':<11}", value)
