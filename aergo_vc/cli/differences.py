"""Differences between two states, as people and programs read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from typing import TYPE_CHECKING

from aergo_vc.cli.output import Output, Style, Styled
from aergo_vc.cli.records import Record
from aergo_vc.cli.wording import pairs, row_counts, value_in_line
from aergo_vc.model.changes import RowChange
from aergo_vc.model.schema import Table
from aergo_vc.model.transactions import RowCounts
from aergo_vc.model.types import Row

if TYPE_CHECKING:
    from aergo_vc.repository.results import RoutinesDifference, TableDifference


@dataclass(frozen=True, slots=True)
class Tally:
    """A table's name and the numbers of its rows that differ."""

    table: str
    counts: RowCounts
    note: str

    @classmethod
    def of(cls, difference: "TableDifference") -> "Tally":
        """Count the rows of a difference."""
        changes = difference.changes.values()
        inserted = sum(change.before is None for change in changes)
        deleted = sum(change.after is None for change in changes)
        counts = RowCounts(inserted, len(difference.changes) - inserted - deleted, deleted)
        return cls(difference.name, counts, _note(difference))


def tell_difference(out: Output, difference: "TableDifference") -> None:
    """Print what differs in a table: a heading, then a line a row."""
    tally = Tally.of(difference)
    heading = f"{tally.table}  {row_counts(tally.counts)}" if difference.changes else tally.table
    out.line(Styled(heading, Style.BOLD), f"  ({tally.note})" if tally.note else "")
    table = difference.after or difference.before
    if table is None:
        return
    for change in difference.changes.values():
        _tell_row(out, table, change)


def tell_routines(out: Output, difference: "RoutinesDifference") -> None:
    """Print what differs in a contract's functions and procedures, as a unified diff."""
    out.line(Styled(f"{difference.contract}  (functions and procedures)", Style.BOLD))
    lines = unified_diff(difference.before.splitlines(), difference.after.splitlines(), n=2, lineterm="")
    for line in islice(lines, 2, None):
        style = {"+": Style.GREEN, "-": Style.RED, "@": Style.CYAN}.get(line[:1])
        out.line(line if style is None else Styled(line, style))


def tell_tally(out: Output, tallies: Sequence[Tally]) -> None:
    """Print numbers of rows by table, aligned."""
    width = max((len(tally.table) for tally in tallies), default=0)
    for tally in tallies:
        out.line(f"{tally.table:<{width}} | {row_counts(tally.counts)}", f"  ({tally.note})" if tally.note else "")


def difference_records(difference: "TableDifference") -> Iterator[Record]:
    """A line for the table where it was made, dropped or altered, then a line a row."""
    note = _note(difference)
    if note:
        yield {"table": difference.name, "change": note}
    table = difference.after or difference.before
    if table is None:
        return
    names = [column.name for column in table.columns]
    for key, change in difference.changes.items():
        yield {
            "table": difference.name,
            "key": dict(zip(table.primary_key, key, strict=True)),
            "before": None if change.before is None else dict(zip(names, change.before, strict=True)),
            "after": None if change.after is None else dict(zip(names, change.after, strict=True)),
        }


def _note(difference: "TableDifference") -> str:
    if difference.before is None:
        return "new table"
    if difference.after is None:
        return "dropped table"
    if difference.before.columns != difference.after.columns:
        return "other columns"
    return "" if difference.before == difference.after else "other constraints"


def _tell_row(out: Output, table: Table, change: RowChange) -> None:
    names = [column.name for column in table.visible_columns]
    hidden = len(table.columns) - len(names)
    if change.before is None and change.after is not None:
        out.line(Styled(f"+ {pairs(names, change.after[hidden:])}", Style.GREEN))
    elif change.after is None and change.before is not None:
        out.line(Styled(f"- {pairs(names, change.before[hidden:])}", Style.RED))
    elif change.before is not None and change.after is not None:
        _tell_changed(out, table, change.before, change.after)


def _tell_changed(out: Output, table: Table, before: Row, after: Row) -> None:
    parts: list[str | Styled] = [Styled("~ ", Style.YELLOW)]
    key = [(table.columns[place].name, after[place]) for place in table.key_positions]
    parts.append(pairs([name for name, _ in key], [value for _, value in key]))
    for column, old, new in zip(table.columns, before, after, strict=True):
        if (old, type(old)) != (new, type(new)):
            parts += [f"  {column.name} ", Styled(value_in_line(old), Style.RED), " -> "]
            parts.append(Styled(value_in_line(new), Style.GREEN))
    out.line(*parts)
