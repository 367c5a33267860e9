"""The grammar of DECLARE (PostgreSQL 15 manual, sections 43.3 and 43.7.2)."""

from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.procedures.cursor import TokenCursor
from aergo_vc.sql.procedures.lexing import Token, TokenKind
from aergo_vc.sql.procedures.syntax import (
    AliasDeclaration,
    CursorDeclaration,
    Declaration,
    Fragment,
    TypeReference,
    VariableDeclaration,
)

RESERVED = frozenset(
    {
        "all",
        "begin",
        "by",
        "case",
        "declare",
        "else",
        "end",
        "execute",
        "for",
        "foreach",
        "from",
        "if",
        "in",
        "into",
        "loop",
        "not",
        "null",
        "or",
        "strict",
        "then",
        "to",
        "using",
        "when",
        "while",
    }
)
"""Words that name no variable, unless quoted."""

NULL_VALUE_NOT_ALLOWED = "22004"


def parse_declarations(cursor: TokenCursor) -> tuple[Declaration, ...]:
    """What stands between DECLARE and BEGIN; the first DECLARE has been read."""
    found: dict[str, Declaration] = {}
    while not cursor.is_word("begin"):
        if cursor.accept_word("declare"):
            continue
        if cursor.is_sign("<<"):
            raise cursor.error("42601", "block label must be placed before DECLARE, not after")
        token = cursor.token
        declaration = _declaration(cursor)
        if declaration.name in found:
            raise cursor.unexpected("duplicate declaration", token)
        found[declaration.name] = declaration
    return tuple(found.values())


def _declaration(cursor: TokenCursor) -> Declaration:
    token = cursor.token
    name = cursor.expect_name(RESERVED)
    if cursor.accept_words("alias", "for"):
        return _alias(cursor, name, token)
    start = cursor.position
    cursor.accept_word("no")
    cursor.accept_word("scroll")
    if cursor.accept_word("cursor"):
        return _cursor(cursor, name, token)
    cursor.position = start
    return _variable(cursor, name, token)


def _alias(cursor: TokenCursor, name: str, token: Token) -> AliasDeclaration:
    is_parameter = cursor.token.kind is TokenKind.PARAMETER
    variable = cursor.advance().text if is_parameter else cursor.expect_name(RESERVED)
    cursor.expect_sign(";")
    return AliasDeclaration(name, variable, *cursor.place(token))


def _cursor(cursor: TokenCursor, name: str, token: Token) -> CursorDeclaration:
    parameters: list[tuple[str, TypeReference]] = []
    if cursor.accept_sign("("):
        while True:
            parameter = cursor.expect_name(RESERVED)
            parameters.append((parameter, cursor.type_reference()))
            if cursor.expect_sign(",", ")") == ")":
                break
    if not cursor.accept_word("is", "for"):
        raise cursor.unexpected()
    query = cursor.fragment([";"], expected=";", what="statement")
    cursor.expect_sign(";")
    return CursorDeclaration(name, tuple(parameters), query, *cursor.place(token))


def _variable(cursor: TokenCursor, name: str, token: Token) -> VariableDeclaration:
    constant = cursor.accept_word("constant") is not None
    if cursor.is_sign(";", ":=", "="):
        raise cursor.unexpected("missing data type declaration")
    kind = cursor.type_reference()
    if cursor.is_word("collate"):
        raise cursor.unsupported("COLLATE in a declaration is not supported: text is compared byte by byte")
    not_null = cursor.accept_words("not", "null")
    default: Fragment | None = None
    if cursor.accept_sign(":=", "=") or cursor.accept_word("default"):
        default = cursor.fragment([";"], expected=";")
    elif not_null and cursor.is_sign(";"):
        raise _needs_default(cursor, name, token)
    cursor.expect_sign(";")
    return VariableDeclaration(name, kind, constant, not_null, default, *cursor.place(token))


def _needs_default(cursor: TokenCursor, name: str, token: Token) -> SqlError:
    message = f'variable "{name}" must have a default value, since it\'s declared NOT NULL'
    return cursor.error(NULL_VALUE_NOT_ALLOWED, message, token)
