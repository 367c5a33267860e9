"""Names of objects as statements write them."""

from aergo_vc.sql.errors import SYNTAX
from aergo_vc.sql.procedures.cursor import TokenCursor
from aergo_vc.sql.procedures.lexing import TokenKind
from aergo_vc.sql.procedures.own_statements import WrittenName, WrittenObject
from aergo_vc.sql.procedures.syntax import TypeReference

_MOST_PARTS = 2


def written_name(cursor: TokenCursor) -> WrittenName:
    """``[contract.]name``"""
    token = cursor.token
    parts = cursor.expect_qualified_name()
    if len(parts) > _MOST_PARTS:
        message = f"improper qualified name (too many dotted names): {'.'.join(parts)}"
        raise cursor.error(SYNTAX, message, token)
    line, column = cursor.place(token)
    return WrittenName(parts[0] if len(parts) == _MOST_PARTS else None, parts[-1], line, column)


def written_routine(cursor: TokenCursor) -> WrittenObject:
    """A routine's name, and its input types if given; OUT parameters and names among them are skipped."""
    name = written_name(cursor)
    if not cursor.accept_sign("("):
        return WrittenObject(name)
    types: list[TypeReference] = []
    if cursor.accept_sign(")"):
        return WrittenObject(name, ())
    while True:
        mode = cursor.accept_word("in", "out", "inout", "variadic")
        if cursor.peek().kind is TokenKind.WORD and cursor.token.text not in _FIRST_OF_TWO:
            cursor.expect_name()
        found = cursor.type_reference()
        if mode != "out":
            types.append(found)
        if cursor.expect_sign(",", ")") == ")":
            return WrittenObject(name, tuple(types))


_FIRST_OF_TWO = frozenset({"double", "character", "char", "bit", "national", "time", "timestamp", "interval"})
