"""The grammar of GRANT and REVOKE (PostgreSQL 15 manual, reference I).

A grantee is an entity, PUBLIC, or ``ROLE name`` for a role of the directory.
"""

from aergo_vc.sql.errors import INVALID_GRANT_OPERATION, INVALID_NAME, SYNTAX
from aergo_vc.sql.procedures.cursor import TokenCursor
from aergo_vc.sql.procedures.lexing import Token
from aergo_vc.sql.procedures.own_statements import (
    ChangeGrants,
    ObjectKind,
    WrittenName,
    WrittenObject,
    WrittenPrivilege,
)
from aergo_vc.sql.procedures.written_names import written_name, written_routine

_PRIVILEGES = frozenset(
    {"select", "insert", "update", "delete", "truncate", "references", "usage", "create", "execute", "all"}
)
_OF_COLUMNS = frozenset({"select", "insert", "update", "references", "all"})
_KINDS = {
    "table": ObjectKind.TABLE,
    "sequence": ObjectKind.SEQUENCE,
    "function": ObjectKind.FUNCTION,
    "procedure": ObjectKind.PROCEDURE,
    "routine": ObjectKind.ROUTINE,
    "schema": ObjectKind.CONTRACT,
    "type": ObjectKind.TYPE,
}
_PLURALS = {f"{word}s": _KINDS[word] for word in ("table", "sequence", "function", "procedure", "routine")}


def parse_grants(cursor: TokenCursor, token: Token) -> ChangeGrants:
    """What stands behind GRANT or REVOKE, which is `token`."""
    line, column = cursor.place(token)
    revoke = token.text == "revoke"
    if cursor.are_words("grant", "option", "for"):
        raise cursor.unsupported("GRANT OPTION is not supported: a contract's owner grants")
    privileges = [_privilege(cursor)]
    while cursor.accept_sign(","):
        privileges.append(_privilege(cursor))
    if cursor.is_word("to", "from"):
        raise cursor.unsupported("membership of roles is the directory's, not GRANT's", token)
    cursor.expect_words("on")
    kind, all_in, objects = _objects(cursor)
    cursor.expect_words("from" if revoke else "to")
    grantees = [_grantee(cursor)]
    while cursor.accept_sign(","):
        grantees.append(_grantee(cursor))
    _refuse_options(cursor)
    return ChangeGrants(
        revoke, tuple(privileges), kind, all_in, tuple(objects), tuple(grantees), line=line, column=column
    )


def _refuse_options(cursor: TokenCursor) -> None:
    if cursor.is_word("with"):
        raise cursor.unsupported("WITH GRANT OPTION is not supported: a contract's owner grants")
    if cursor.is_word("granted"):
        raise cursor.unsupported("GRANTED BY is not supported: who signs grants")
    if cursor.is_word("cascade"):
        raise cursor.unsupported("CASCADE is not supported: nothing depends on a grant")
    cursor.accept_word("restrict")


def _privilege(cursor: TokenCursor) -> WrittenPrivilege:
    token = cursor.token
    name = cursor.expect_name()
    if name == "all":
        cursor.accept_word("privileges")
    if name not in _PRIVILEGES and not cursor.is_word("to", "from") and not cursor.is_sign(","):
        raise cursor.error(SYNTAX, f'unrecognized privilege type "{name}"', token)
    columns: list[str] = []
    if cursor.is_sign("(") and name not in _OF_COLUMNS:
        raise cursor.error(INVALID_GRANT_OPERATION, f"invalid privilege type {name.upper()} for column")
    if cursor.accept_sign("("):
        columns.append(cursor.expect_name())
        while cursor.expect_sign(",", ")") == ",":
            columns.append(cursor.expect_name())
    return WrittenPrivilege(name, tuple(columns))


def _objects(cursor: TokenCursor) -> tuple[ObjectKind, bool, list[WrittenObject]]:
    if cursor.accept_word("all"):
        kind = _PLURALS.get(cursor.accept_word(*_PLURALS) or "")
        if kind is None:
            raise cursor.unexpected()
        cursor.expect_words("in", "schema")
        return kind, True, _list(cursor, ObjectKind.CONTRACT)
    kind = _KINDS.get(cursor.accept_word(*_KINDS) or "table", ObjectKind.TABLE)
    return kind, False, _list(cursor, kind)


def _list(cursor: TokenCursor, kind: ObjectKind) -> list[WrittenObject]:
    found = [_object(cursor, kind)]
    while cursor.accept_sign(","):
        found.append(_object(cursor, kind))
    return found


def _object(cursor: TokenCursor, kind: ObjectKind) -> WrittenObject:
    if kind in (ObjectKind.FUNCTION, ObjectKind.PROCEDURE, ObjectKind.ROUTINE):
        return written_routine(cursor)
    if kind is ObjectKind.CONTRACT:
        line, column = cursor.place()
        return WrittenObject(WrittenName(None, cursor.expect_name(), line, column))
    return WrittenObject(written_name(cursor))


def _grantee(cursor: TokenCursor) -> str:
    if cursor.is_word("current_user", "session_user", "current_role"):
        raise cursor.unsupported(f"{cursor.token.text.upper()} as a grantee is not supported: name the entity")
    if cursor.is_word("role") and cursor.peek().text not in (",", ""):
        cursor.advance()
        return f"role:{cursor.expect_name()}"
    token = cursor.token
    name = cursor.expect_name()
    if ":" in name:
        raise cursor.error(INVALID_NAME, f'"{name}" is no name of an entity', token)
    return name
