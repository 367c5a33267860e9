"""Which statements are queries: one statement, reading only, calling no table function that reaches outside.

Part of the query process.  DuckDB 2 takes ``WITH a AS (INSERT …)`` for a SELECT and has table functions that read
memory at a given address, so the syntax tree is looked at, not the statement's kind alone.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import duckdb

TABLE_FUNCTIONS: Final = frozenset(
    "generate_series json_each json_tree range repeat repeat_row show_tables summary unnest".split()  # noqa: SIM905
)
"""Table functions that queries may call: those that compute on their arguments alone."""

_SEMICOLONS_TRIED = 100
_EXPLAIN = re.compile(r"\s*explain(\s+analyze)?\s*(\([^()]*\))?\s+", re.IGNORECASE)
_WRITING_NODES: Final = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")
_WRITERS: Final = frozenset(("nextval", "write_log"))


class NotAQuery(Exception):
    """A text is not one query."""


def check_query(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Raise NotAQuery, or duckdb.Error for wrong syntax; tells whether the query explains another."""
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1:
        raise NotAQuery(f"one statement is expected, not {len(statements)}")
    explains = statements[0].type == duckdb.StatementType.EXPLAIN
    if explains:
        beginning = _EXPLAIN.match(sql)
        if beginning is None:
            raise NotAQuery("EXPLAIN must be followed by a query at once, without a comment between")
        return check_query(connection, sql[beginning.end() :]) or True
    if statements[0].type != duckdb.StatementType.SELECT:
        raise NotAQuery(f"only queries can be run here, not {statements[0].type.name.replace('_', ' ')}")
    _check_tree(_syntax_tree(connection, sql))
    return False


def without_semicolon(sql: str) -> str:
    """The text of one checked query so that it can stand in parentheses with a line feed behind it."""
    end = len(sql)
    for _ in range(_SEMICOLONS_TRIED):
        end = sql.rfind(";", 0, end)
        if end < 0:
            break
        if _is_blank(sql[end + 1 :]):
            return without_semicolon(sql[:end]) if _is_blank(sql[end:]) else sql[:end]
    return sql


def _is_blank(sql: str) -> bool:
    """Whether a text holds no statement, nothing but white space and comments."""
    try:
        return not duckdb.extract_statements(sql)
    except duckdb.Error:
        return False


def _syntax_tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:  # noqa: ANN401 - DuckDB's JSON
    row = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    connection.abort()
    tree = json.loads(row[0]) if row is not None else {"error": True}
    if tree["error"]:
        raise NotAQuery(f"the query cannot be checked: {tree.get('error_message', 'no syntax tree')}")
    return tree["statements"]


def _check_tree(tree: Any) -> None:  # noqa: ANN401 - DuckDB's JSON
    for node in _nodes(tree):
        kind = node.get("type")
        if isinstance(kind, str) and kind.startswith(_WRITING_NODES):
            raise NotAQuery(f"a query may not {kind.partition('_')[0]}")
        name = node.get("function_name")
        if isinstance(name, str) and name.lower() in _WRITERS:
            raise NotAQuery(f"a query may not call {name}")
        if kind == "TABLE_FUNCTION":
            called = node["function"].get("function_name", "")
            if called.lower() not in TABLE_FUNCTIONS:
                raise NotAQuery(f"a query may not call the table function {called}")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - DuckDB's JSON
    """Every object in a tree, without recursion, since a query decides how deep the tree is."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
