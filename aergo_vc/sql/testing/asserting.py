"""ASSERT as a statement of a test file; PL/pgSQL's own is compiled with its routine."""

from aergo_vc.model.types import Row, Value
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SYNTAX, SqlError
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.procedures.lexing import Source, Token, TokenKind, tokens_of

_COMPARISONS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
_LOOSER = frozenset({"and", "or", "not", "case", "between", "in", "is", "like", "ilike"})
_WORD = len("ASSERT")

ASSERT_FAILURE = "P0004"


def check_assertion(engine: Engine, context: ExecutionContext, text: str) -> None:
    """Raise SqlError P0004 unless ``ASSERT condition [, message]`` is true, and others for what is no such thing.

    A comparison that fails without a message is told with the values of its two sides.
    """
    # SELECT is as long as ASSERT: every error keeps its place.
    row = _row(engine, context, f"SELECT{text[_WORD:]}")
    if len(row) not in (1, 2) or not (row[0] is None or isinstance(row[0], bool)):
        raise SqlError(SYNTAX, "ASSERT takes a condition, and a message behind a comma")
    if row[0] is not True:
        message = row[1] if len(row) == 2 else None  # noqa: PLR2004
        raise SqlError(ASSERT_FAILURE, _comparison(engine, context, text) if message is None else str(message))


def _comparison(engine: Engine, context: ExecutionContext, text: str) -> str:
    sides = _sides(text[_WORD:])
    if sides is None:
        return "assertion failed"
    left, sign, right = sides
    try:
        found = _row(engine, context, f"SELECT {left}, {right}")
    except SqlError:  # such as a side that has a type in the comparison only
        return "assertion failed"
    return f"assertion failed: {_shown(found[0])} {sign} {_shown(found[1])}"


def _row(engine: Engine, context: ExecutionContext, sql: str) -> Row:
    result = engine.run(sql, context).results[0]
    if len(result.rows) != 1:
        raise SqlError(SYNTAX, f"ASSERT takes a condition; this gives {len(result.rows)} rows")
    return result.rows[0]


def _sides(text: str) -> tuple[str, str, str] | None:
    """The two sides of a comparison and the sign between them; None where the text is no plain one."""
    depth, end = 0, len(text)
    signs: list[Token] = []
    for token in tokens_of(Source(text)):
        if token.kind is TokenKind.SIGN:
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        if depth:
            continue
        if token.kind is TokenKind.WORD and token.text in _LOOSER:
            return None
        if token.kind is TokenKind.SIGN and token.text == ",":
            end = token.start
            break
        if token.kind is TokenKind.SIGN and token.text in _COMPARISONS:
            signs.append(token)
    if len(signs) != 1:
        return None
    sign = signs[0]
    return text[: sign.start], sign.text, text[sign.end : end]


def _shown(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
