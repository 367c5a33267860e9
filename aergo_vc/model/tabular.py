"""Tabular data: what a user's file holds before its columns have types, whatever the file's format.

Cells are texts, kept by column because everything that is done to them is done to a column.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aergo_vc.base.errors import InputError
from aergo_vc.base.limits import ROW_BYTES, TABLE_COLUMNS
from aergo_vc.model.schema import HIDDEN_KEY

Text = str | None
"""A cell: a text without NUL, or None for NULL."""

NAME_BYTES = 63
"""Length of a column's name in UTF-8, as in PostgreSQL."""

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]",
)
"""Control characters, line separators, marks that reorder what stands around them, the byte-order mark."""

_SHOWN = 60


class BadFile(InputError):
    """A user's file cannot be read as a table; each subclass is one rule."""

    code = "E_FILE"


class EmptyFile(BadFile):
    """A file without the columns' names."""

    code = "E_FILE_EMPTY"


class BadColumnName(BadFile):
    """A column's name is empty, too long, reserved or unsafe to show."""

    code = "E_COLUMN_NAME"


class RepeatedColumn(BadFile):
    """Two columns have one name, or names that differ only in the case of ASCII letters."""

    code = "E_COLUMN_REPEATED"


class TooManyColumns(BadFile):
    """More columns than a table may have."""

    code = "E_COLUMN_COUNT"


class OversizedRow(BadFile):
    """A row has more text than rows may have bytes."""

    code = "E_ROW_SIZE"


class ValueMismatch(BadFile):
    """A value is not one of its column's type."""

    code = "E_VALUE"


@dataclass(frozen=True, slots=True)
class TabularData:
    """A table of texts.

    `source` names the file in messages.  `cells` has a list for each of `columns`, all of one length: `cells[c][r]`
    is column c of row r.  `lines[r]` is the number of the line, from 1, in which row r begins.  `textual` holds the
    positions of columns in which a value came as a string though its format also has numbers and booleans (JSON);
    such a column is never taken for one of either.
    """

    source: str
    columns: tuple[str, ...]
    cells: tuple[list[Text], ...]
    lines: Sequence[int]
    textual: frozenset[int] = frozenset()

    @property
    def row_count(self) -> int:
        return len(self.lines)

    def rows(self) -> list[tuple[Text, ...]]:
        """The cells row by row."""
        return list(zip(*self.cells, strict=True))


def shown(text: str) -> str:
    """`text` between quotes on one line for a message, escaped where it is not printable, shortened where long."""
    return repr(text) if len(text) <= _SHOWN else repr(text[:_SHOWN]) + "…"


def check_columns(source: str, line: int, names: Sequence[str]) -> None:
    """Raise TooManyColumns, BadColumnName or RepeatedColumn unless `names` can be the columns of a table.

    Names are taken as they are, case included; but SQLite tells names apart without regard to the case of ASCII
    letters, so two that differ in nothing else cannot stand in one table.
    """
    if len(names) > TABLE_COLUMNS:
        raise TooManyColumns(
            f"{source}:{line}: {len(names)} columns; {TABLE_COLUMNS} are allowed",
            source=source, line=line, columns=len(names), allowed=TABLE_COLUMNS,
        )  # fmt: skip
    seen: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        rule = _broken_name_rule(name)
        if rule is not None:
            raise BadColumnName(
                f"{source}:{line}: column {position}: the name {shown(name)} {rule}",
                source=source, line=line, position=position, column=name, rule=rule,
            )  # fmt: skip
        first = seen.setdefault(_fold_ascii(name), position)
        if first != position:
            raise RepeatedColumn(
                f"{source}:{line}: columns {first} and {position} are both named {shown(name)}"
                + ("" if names[first - 1] == name else f" but for the case of letters ({shown(names[first - 1])})"),
                source=source, line=line, position=position, column=name, first=first,
            )  # fmt: skip


def check_row_sizes(data: TabularData, suspects: Sequence[int]) -> None:
    """Raise OversizedRow if the texts of one of the rows `suspects` alone take more bytes than a row may.

    The exact size of a row, as a canonical line, is known when it is encoded; this names the line in the file first.
    """
    for row in suspects:
        sizes = [len((column[row] or "").encode()) for column in data.cells]
        if sum(sizes) > ROW_BYTES:
            line, widest = data.lines[row], data.columns[sizes.index(max(sizes))]
            raise OversizedRow(
                f"{data.source}:{line}: a row of {sum(sizes)} bytes, {max(sizes)} of them in column {shown(widest)};"
                f" {ROW_BYTES} are allowed",
                source=data.source, line=line, column=widest, bytes=sum(sizes), allowed=ROW_BYTES,
            )  # fmt: skip


def _broken_name_rule(name: str) -> str | None:
    if not name:
        return "is empty"
    if name == HIDDEN_KEY:
        return "is reserved for the hidden key"
    if len(name.encode()) > NAME_BYTES:
        return f"is longer than {NAME_BYTES} bytes"
    if _UNSAFE.search(name):
        return "holds a control or direction character"
    return None


_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def _fold_ascii(name: str) -> str:
    return name.translate(_ASCII_LOWER)
