"""Options of CREATE SEQUENCE and ALTER SEQUENCE (PostgreSQL 15 manual, reference I)."""

from typing import Any

from aergo_vc.sql.errors import OUT_OF_RANGE, SYNTAX
from aergo_vc.sql.procedures.cursor import TokenCursor
from aergo_vc.sql.procedures.lexing import TokenKind
from aergo_vc.sql.procedures.own_statements import SequenceOptions

_NUMBERS = {
    "increment": ("increment", "by"),
    "minvalue": ("minimum", ""),
    "maxvalue": ("maximum", ""),
    "start": ("start", "with"),
    "cache": ("cache", ""),
}
_ABSENT = {"minvalue": "minimum", "maxvalue": "maximum", "cycle": "cycle"}


def parse_sequence_options(cursor: TokenCursor, *, altering: bool = False) -> SequenceOptions:
    """The options up to the end of the statement; with `altering` there is at least one, and RESTART is allowed."""
    found: dict[str, Any] = {}
    while not found or cursor.token.kind is not TokenKind.END:
        if not found and not altering and cursor.token.kind is TokenKind.END:
            break
        token = cursor.token
        name, value = _option(cursor, altering=altering)
        if name in found:
            raise cursor.error(SYNTAX, "conflicting or redundant options", token)
        found[name] = value
    found.pop("cache", None)  # which keeps numbers ready for a session
    found.pop("cycle", None)
    return SequenceOptions(**found)


def _option(cursor: TokenCursor, *, altering: bool) -> tuple[str, Any]:
    word = cursor.accept_word(*_NUMBERS)
    if word is not None:
        name, filler = _NUMBERS[word]
        cursor.accept_word(filler)
        return name, _whole_number(cursor)
    if cursor.accept_word("as"):
        return "type", cursor.type_reference()
    if altering and cursor.accept_word("restart"):
        given = cursor.accept_word("with") is not None or cursor.is_sign("-", "+")
        given = given or cursor.token.kind is TokenKind.NUMBER
        return "restart", (_whole_number(cursor) if given else None,)
    if cursor.accept_words("owned", "by"):
        return "owned_by", () if cursor.accept_word("none") else cursor.expect_qualified_name()
    return _absent(cursor)


def _absent(cursor: TokenCursor) -> tuple[str, None]:
    if cursor.is_word("cycle"):
        raise cursor.unsupported("CYCLE is not supported: a sequence gives no number twice")
    if cursor.is_word("owner", "rename", "set"):
        raise cursor.unsupported(f"ALTER SEQUENCE … {cursor.token.text.upper()} is not supported")
    cursor.expect_words("no")
    word = cursor.accept_word(*_ABSENT)
    if word is None:
        raise cursor.unexpected()
    return _ABSENT[word], None


def _whole_number(cursor: TokenCursor) -> int:
    sign = cursor.accept_sign("-", "+")
    token = cursor.token
    if token.kind is not TokenKind.NUMBER or not token.text.isdigit():
        raise cursor.unexpected()
    cursor.advance()
    number = -int(token.text) if sign == "-" else int(token.text)
    if not -(1 << 63) <= number < 1 << 63:
        raise cursor.error(OUT_OF_RANGE, f'value "{token.text[:40]}" is out of range for type bigint', token)
    return number
