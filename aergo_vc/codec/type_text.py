"""Types as the SQL of a ledger's files spells them: those of columns and parameters, and the lines of CREATE TYPE.

A type that a contract defines is named with its contract.  The text does not say which kind such a type is of, so a
reader must know the names of all enums; any other name is a composite's, or a table's whose rows it means.
"""

import re
from collections.abc import Collection, Mapping

from aergo_vc.codec.identifiers import (
    IDENTIFIER,
    LITERAL,
    QUALIFIED,
    quote_identifier,
    quote_qualified,
    quote_text,
    split_names,
    unquote,
    unquote_qualified,
)
from aergo_vc.model.routines import CompositeType, EnumType
from aergo_vc.model.types import ColumnType, Kind

TYPE = rf"(?:[a-z]+(?: precision)?(?:\([0-9]+(?:,[0-9]+)?\))?|{QUALIFIED})(?:\[\])?"
"""A pattern of what `type_text` gives, without groups."""

_LENGTHS = (Kind.VARCHAR, Kind.CHAR)
_UNNAMED = {kind.value: kind for kind in Kind if kind not in (Kind.ENUM, Kind.COMPOSITE)}
_PLAIN = re.compile(r"([a-z ]+)(?:\(([0-9]{1,9})(?:,([0-9]{1,9}))?\))?")
_NAMED = re.compile(QUALIFIED)
_DEFINITION = re.compile(rf"CREATE TYPE ({QUALIFIED}) AS (ENUM )?\((.*)\);")
_LITERALS = re.compile(rf"(?:{LITERAL}(?:, (?!$)|$))*")
_FIELD = re.compile(rf"({IDENTIFIER}) ({TYPE})(?:, (?!$)|$)")
_ENUM_LINE = re.compile(rf"^CREATE TYPE ({QUALIFIED}) AS ENUM \(", re.MULTILINE)


def type_text(column_type: ColumnType) -> str:
    """The spelling of a type."""
    if column_type.name is None:
        return str(column_type)
    return quote_qualified(column_type.name) + ("[]" if column_type.is_array else "")


def parse_type(text: str, enums: Collection[str]) -> ColumnType | None:
    """The type that `text`, which `TYPE` matches, spells; None if there is none such.

    `enums` are the names of all that are defined.
    """
    is_array = text.endswith("[]")
    text = text.removesuffix("[]")
    if _NAMED.fullmatch(text):
        name = unquote_qualified(text)
        return ColumnType(Kind.ENUM if name in enums else Kind.COMPOSITE, name=name, is_array=is_array)
    match = _PLAIN.fullmatch(text)
    kind = None if match is None else _UNNAMED.get(match[1])
    if match is None or kind is None:
        return None
    first, second = (None if part is None else int(part) for part in match.groups()[1:])
    if kind is Kind.NUMERIC:
        return ColumnType(kind, precision=first, scale=second, is_array=is_array)
    if second is not None or (first is not None and kind not in _LENGTHS):
        return None
    return ColumnType(kind, length=first, is_array=is_array)


def types_text(types: Mapping[str, EnumType | CompositeType], contract: str) -> str:
    """The lines that define the types of a contract, sorted by name."""
    prefix = contract + "."
    return "".join(_definition(types[name]) for name in sorted(types) if name.startswith(prefix))


def enums_in(text: str) -> frozenset[str]:
    """The names of the enums that a schema's text defines."""
    return frozenset(map(unquote_qualified, _ENUM_LINE.findall(text)))


def parse_definition(line: str, enums: Collection[str]) -> EnumType | CompositeType | None:
    """The type that a line defines; None if it is no such line."""
    match = _DEFINITION.fullmatch(line)
    if match is None:
        return None
    name = unquote_qualified(match[1])
    if match[2]:
        labels = re.findall(LITERAL, match[3])
        return EnumType(name, tuple(map(unquote, labels))) if _LITERALS.fullmatch(match[3]) else None
    fields, position = [], 0
    while position < len(match[3]):
        field = _FIELD.match(match[3], position)
        field_type = None if field is None else parse_type(field[2], enums)
        if field is None or field_type is None:
            return None
        fields.append((split_names(field[1])[0], field_type))
        position = field.end()
    return CompositeType(name, tuple(fields))


def _definition(defined: EnumType | CompositeType) -> str:
    name = quote_qualified(defined.name)
    if isinstance(defined, EnumType):
        return f"CREATE TYPE {name} AS ENUM ({', '.join(map(quote_text, defined.labels))});\n"
    fields = (f"{quote_identifier(field)} {type_text(field_type)}" for field, field_type in defined.fields)
    return f"CREATE TYPE {name} AS ({', '.join(fields)});\n"
