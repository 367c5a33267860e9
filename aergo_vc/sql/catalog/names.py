"""Which names contracts, tables, columns and constraints may have."""

import re

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.base.names import is_device_name
from aergo_vc.model.schema import HIDDEN_KEY, split_name
from aergo_vc.sql.errors import INVALID_NAME, NAME_TOO_LONG, RESERVED_NAME, SqlError
from aergo_vc.sql.language.source import error_at

NAME_BYTES = 63

_OBJECT = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED_PREFIXES = ("pg_", "aergo_", "_")


def check_table_name(name: TableName, node: exp.Expression) -> None:
    """Contracts and tables: lower-case letters, digits and underscores, since directories are called so."""
    for part in split_name(name):
        check_object_name(part, node)
        if _is_reserved(part):
            raise error_at(node, RESERVED_NAME, f'the name "{part}" is reserved')


def check_contract_name(name: str) -> None:
    """A contract that a deployment names: as those of tables; raises SqlError 42602, 42622 or 42939."""
    if _OBJECT.fullmatch(name) is None:
        message = f'the name "{name}" is not allowed: lower-case letters, digits and underscores are expected'
        raise SqlError(INVALID_NAME, message)
    if len(name) > NAME_BYTES:
        raise SqlError(NAME_TOO_LONG, f'the name "{name[:NAME_BYTES]}…" is longer than {NAME_BYTES} bytes')
    if _is_reserved(name):
        raise SqlError(RESERVED_NAME, f'the name "{name}" is reserved')


def _is_reserved(name: str) -> bool:
    return name.startswith(_RESERVED_PREFIXES) or name == "information_schema" or is_device_name(name)


def check_object_name(name: str, node: exp.Expression) -> None:
    """Constraints and indexes."""
    if _OBJECT.fullmatch(name) is None:
        message = f'the name "{name}" is not allowed: lower-case letters, digits and underscores are expected'
        raise error_at(node, INVALID_NAME, message)
    _check_length(name, node)


def check_column_name(name: str, node: exp.Expression) -> None:
    """Columns: anything printable, quoted where need be."""
    if not name or not name.isprintable() or name.strip() != name:
        raise error_at(node, INVALID_NAME, "a column's name must be printable")
    _check_length(name, node)
    if name.lower() == HIDDEN_KEY or name.startswith("_aergo"):
        raise error_at(node, RESERVED_NAME, f'the column name "{name}" is reserved')


def _check_length(name: str, node: exp.Expression) -> None:
    if len(name.encode()) > NAME_BYTES:
        raise error_at(node, NAME_TOO_LONG, f'the name "{name[:NAME_BYTES]}…" is longer than {NAME_BYTES} bytes')
