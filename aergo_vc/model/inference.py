"""Types for the columns of users' files, and their values; nothing is lost on the way.

A column gets a type other than text only if an export would write each of its values again as the very text that was
read.  So ``1.50`` makes a column numeric, whose values keep the scale that they were given, but ``02`` makes it text.
"""

from collections.abc import Collection, Sequence
from typing import cast

from aergo_vc.model.spelling import are_values, is_own_text, rule_of, value_reader
from aergo_vc.model.tabular import TabularData, Text, ValueMismatch, shown
from aergo_vc.model.types import INTEGER_BITS, ColumnType, Kind, Value

TEXT = ColumnType(Kind.TEXT)

_CANDIDATES = tuple(
    ColumnType(kind)
    for kind in (
        Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC, Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ, Kind.UUID
    )
)  # fmt: skip
_NOT_TEXTUAL = frozenset((Kind.INTEGER, Kind.BIGINT, Kind.NUMERIC, Kind.BOOLEAN))
_WIDER = (ColumnType(Kind.INTEGER), ColumnType(Kind.BIGINT), ColumnType(Kind.NUMERIC))
_KEY_KINDS = frozenset((Kind.INTEGER, Kind.BIGINT, Kind.TEXT, Kind.UUID))
_SAMPLE = 1_000
_KEY_CHARACTERS = 200
"""A longer text does not look like an identifier."""


def infer_type(texts: Sequence[Text], *, textual: bool = False) -> ColumnType:
    """The narrowest of integer, bigint, numeric, boolean, date, timestamp, timestamptz and uuid that loses nothing.

    Text if none does, and for a column of NULLs alone.  `textual` columns (`TabularData.textual`) are given no type
    whose values a format with types would not write as strings.
    """
    return _inferred(texts, textual=textual)[0]


def infer_and_convert(data: TabularData) -> tuple[tuple[ColumnType, ...], tuple[Sequence[Value], ...]]:
    """The type of each column and its values: what `infer_type` and `convert` give, in one go."""
    types, columns = [], []
    for position, texts in enumerate(data.cells):
        column_type, distinct = _inferred(texts, textual=position in data.textual)
        types.append(column_type)
        columns.append(_converted(texts, distinct, column_type))
    return tuple(types), tuple(columns)


def convert(data: TabularData, position: int, column_type: ColumnType) -> Sequence[Value]:
    """The values of the column at `position`; raises ValueMismatch for the first text that is no value of the type."""
    texts = data.cells[position]
    if column_type == TEXT:
        return texts
    distinct = _distinct(texts)
    if not are_values(distinct, column_type):
        raise _mismatch(data, position, column_type)
    return _converted(texts, distinct, column_type)


def widest(column_type: ColumnType, texts: Sequence[Text]) -> ColumnType:
    """The type for a column of `column_type` that is to take `texts` as well: itself if they are values of it.

    Else an integer type gives way to a wider one or to numeric, numeric(p,s) to numeric, anything else to text; values
    that the column already has are written after the change as they were before.
    """
    distinct = _distinct(texts)
    wider = [column_type]
    if column_type.kind in INTEGER_BITS:
        bits = INTEGER_BITS[column_type.kind]
        wider += [candidate for candidate in _WIDER if INTEGER_BITS.get(candidate.kind, 128) > bits]
    elif column_type.precision is not None:
        wider.append(ColumnType(Kind.NUMERIC))
    return next((candidate for candidate in wider if are_values(distinct, candidate)), TEXT)


def choose_key(data: TabularData, types: Sequence[ColumnType]) -> tuple[str, ...]:
    """The primary key of a table for which the user named none: no column means the hidden key.

    It is the column ``id``, in whatever case, else the first column; provided that its values differ from each other,
    that none is NULL and that they look like identifiers: integers, UUIDs or short texts.  In a table without rows only
    the name counts, for there is nothing to judge the first column by.
    """
    named = [position for position, name in enumerate(data.columns) if name.lower() == "id"]
    candidates = named[:1] + ([0] if data.row_count else [])
    for position in candidates:
        if types[position].kind in _KEY_KINDS and _identifies(data.cells[position]):
            return (data.columns[position],)
    return ()


def _identifies(texts: Sequence[Text]) -> bool:
    if None in texts or len(set(texts)) < len(texts):
        return False
    return max(map(len, cast("Sequence[str]", texts)), default=0) <= _KEY_CHARACTERS


def _inferred(texts: Sequence[Text], *, textual: bool) -> tuple[ColumnType, Collection[str]]:
    """A column's type and, unless it is text, its texts as `_distinct` gives them.

    The first text rules most types out before the others are looked at.
    """
    sample = next((text for text in texts if text is not None), None)
    if sample is None:
        return TEXT, set()
    candidates = [
        candidate for candidate in _CANDIDATES
        if not (textual and candidate.kind in _NOT_TEXTUAL) and are_values((sample,), candidate)
    ]  # fmt: skip
    if candidates:
        distinct = _distinct(texts)
        for candidate in candidates:
            if are_values(distinct, candidate):
                return candidate, distinct
    return TEXT, set()


def _distinct(texts: Sequence[Text]) -> Collection[str]:
    """The texts of a column: each once, or as they come if few in a sample of them are repeated."""
    sample = texts[:_SAMPLE]
    if 2 * len(set(sample)) > len(sample) == _SAMPLE:
        return [text for text in texts if text is not None] if None in texts else cast("Sequence[str]", texts)
    distinct = cast("set[str]", set(texts))
    distinct.discard(cast("str", None))
    return distinct


def _converted(texts: Sequence[Text], distinct: Collection[str], column_type: ColumnType) -> Sequence[Value]:
    """The values in place of the texts, each made once unless nearly all differ."""
    if is_own_text(column_type):
        return texts
    read = value_reader(column_type)
    if 2 * len(distinct) > len(texts):
        if None not in texts:
            return list(map(read, cast("Sequence[str]", texts)))
        return [None if text is None else read(text) for text in texts]
    values: dict[Text, Value] = {text: read(text) for text in distinct}
    values[None] = None
    return list(map(values.__getitem__, texts))


def _mismatch(data: TabularData, position: int, column_type: ColumnType) -> ValueMismatch:
    texts = data.cells[position]
    wrong = {text for text in _distinct(texts) if not are_values((text,), column_type)}
    row, value = next((row, text) for row, text in enumerate(texts) if text in wrong)
    line, column, rule = data.lines[row], data.columns[position], rule_of(column_type)
    return ValueMismatch(
        f"{data.source}:{line}: column {shown(column)}: {shown(value or '')} is no {column_type}: expected {rule}",
        source=data.source, line=line, column=column, value=value, type=str(column_type), rule=rule,
    )  # fmt: skip
