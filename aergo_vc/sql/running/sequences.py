"""Sequences: the numbers that they give are rows of the state, and go back with whatever is rolled back.

A sequence's table has one row, and none before the first number is taken.
"""

from collections.abc import Callable, Iterator
from typing import Any

import apsw

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import Catalog, Sequence, split_name, spoken_name
from aergo_vc.sql.errors import NOT_YET_DEFINED, OUT_OF_RANGE, SEQUENCE_EXHAUSTED, UNDEFINED_TABLE, SqlError
from aergo_vc.sql.running.spelling import quote_name

ROW_KEY = "sequence"
"""The hidden key of a sequence's one row."""


class Sequences:
    """Takes numbers in a database, and remembers those taken in the transaction at hand."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._catalog = Catalog()
        self._taken: dict[TableName, int] = {}
        self._last: TableName | None = None

    def lay_out(self, catalog: Catalog) -> None:
        """Speak of the sequences of `catalog` from now on."""
        self._catalog = catalog

    def forget(self) -> None:
        """Begin a transaction, in which no number has been taken yet."""
        self._taken, self._last = {}, None

    def _find(self, name: str) -> Sequence:
        found = self._catalog.sequences.get(TableName(name))
        if found is None:
            raise SqlError(UNDEFINED_TABLE, f'relation "{spoken_name(TableName(name))}" does not exist')
        return found

    def next(self, name: str) -> int:
        """nextval"""
        sequence = self._find(name)
        found = self._db.execute(take_sql(name)).fetchone()
        last, is_called = found if found is not None else (sequence.start, 0)
        value = int(last) + sequence.increment if is_called else int(last)
        spoken = split_name(sequence.name)[1]
        if value > sequence.maximum:
            message = f'nextval: reached maximum value of sequence "{spoken}" ({sequence.maximum})'
            raise SqlError(SEQUENCE_EXHAUSTED, message)
        if value < sequence.minimum:
            message = f'nextval: reached minimum value of sequence "{spoken}" ({sequence.minimum})'
            raise SqlError(SEQUENCE_EXHAUSTED, message)
        self._put(name, value, is_called=True)
        self._taken[sequence.name], self._last = value, sequence.name
        return value

    def _put(self, name: str, value: int, *, is_called: bool) -> None:
        self._db.execute(put_sql(name), (ROW_KEY, value, int(is_called))).fetchall()

    def current(self, name: str) -> int:
        """currval"""
        sequence = self._find(name)
        if sequence.name not in self._taken:
            spoken = split_name(sequence.name)[1]
            message = f'currval of sequence "{spoken}" is not yet defined in this transaction'
            raise SqlError(NOT_YET_DEFINED, message)
        return self._taken[sequence.name]

    def last(self) -> int:
        """lastval"""
        if self._last is None:
            raise SqlError(NOT_YET_DEFINED, "lastval is not yet defined in this transaction")
        return self._taken[self._last]

    def set(self, name: str, value: int | None, is_called: int | None = 1) -> int | None:
        """setval"""
        if value is None or is_called is None:
            return None
        sequence = self._find(name)
        if not sequence.minimum <= value <= sequence.maximum:
            spoken = split_name(sequence.name)[1]
            bounds = f"({sequence.minimum}..{sequence.maximum})"
            message = f'setval: value {value} is out of bounds for sequence "{spoken}" {bounds}'
            raise SqlError(OUT_OF_RANGE, message)
        self._put(name, value, is_called=bool(is_called))
        if is_called:
            self._taken[sequence.name] = value
        return value

    def functions(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        """The functions under the names that SQL of ours calls them by; they are not deterministic."""
        yield "sequence_next", self.next
        yield "sequence_current", self.current
        yield "sequence_last", self.last
        yield "sequence_set", self.set


SEQUENCE_FUNCTIONS = frozenset(("sequence_next", "sequence_current", "sequence_last", "sequence_set"))
"""Their names."""


def take_sql(name: str) -> str:
    """SQL that reads a sequence's row before the next number is taken; no statement of a user's becomes this text."""
    return f"SELECT last_value, is_called FROM {quote_name(name)}"


def put_sql(name: str) -> str:
    """SQL that writes a sequence's row: key, value and whether it was given out."""
    update = "last_value = excluded.last_value, is_called = excluded.is_called"
    return f"INSERT INTO {quote_name(name)} VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET {update}"
