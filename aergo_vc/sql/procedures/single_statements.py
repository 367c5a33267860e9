"""The grammar of PL/pgSQL's statements that hold no others (PostgreSQL 15 manual, sections 43.5, 43.6.1 and 43.9)."""

import re
from collections.abc import Callable

from aergo_vc.sql.errors import DUPLICATE_COLUMN, SYNTAX, UNDEFINED_OBJECT
from aergo_vc.sql.procedures.conditions import CONDITIONS
from aergo_vc.sql.procedures.cursor import TokenCursor
from aergo_vc.sql.procedures.declaring import RESERVED
from aergo_vc.sql.procedures.lexing import Token, TokenKind
from aergo_vc.sql.procedures.syntax import (
    Assert,
    Assign,
    CallProcedure,
    Emit,
    Fragment,
    GetDiagnostics,
    Level,
    Null,
    Perform,
    Raise,
    Return,
    ReturnNext,
    ReturnQuery,
    RunSql,
    Statement,
    Target,
)

Arguments = tuple[tuple[str | None, Fragment], ...]

_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
_RAISE_OPTIONS = frozenset(
    {"message", "detail", "hint", "errcode", "column", "constraint", "datatype", "table", "schema"}
)
_CURRENT_ITEMS = frozenset({"row_count", "pg_context", "pg_routine_oid"})
_STACKED_ITEMS = frozenset(
    {
        "returned_sqlstate",
        "column_name",
        "constraint_name",
        "pg_datatype_name",
        "message_text",
        "table_name",
        "schema_name",
        "pg_exception_detail",
        "pg_exception_hint",
        "pg_exception_context",
    }
)
_REFUSED = {
    "execute": "EXECUTE of a text is not supported: write the statement itself",
    "open": "OPEN is not supported: loop over the cursor with FOR",
    "fetch": "FETCH is not supported: loop over the cursor with FOR",
    "move": "MOVE is not supported: loop over the cursor with FOR",
    "close": "CLOSE is not supported: loop over the cursor with FOR, which closes it",
    "commit": "COMMIT is not supported: a call is one transaction",
    "rollback": "ROLLBACK is not supported: raise an exception, or handle one in a block with EXCEPTION",
}


def parse_single_statement(cursor: TokenCursor) -> Statement:
    """A statement that begins with the next token, its semicolon included; one of SQL where no other fits."""
    token = cursor.token
    if token.kind is TokenKind.WORD:
        if token.text not in RESERVED and _is_assignment(cursor):
            return _assign(cursor)
        if token.text in _REFUSED:
            raise cursor.unsupported(_REFUSED[token.text])
        parse = _STATEMENTS.get(token.text)
        if parse is not None:
            cursor.advance()
            return parse(cursor, token)
        if token.text not in RESERVED:
            return _run_sql(cursor)
    elif token.kind is TokenKind.QUOTED or (token.kind is TokenKind.PARAMETER and _is_assignment(cursor)):
        return _assign(cursor)
    elif cursor.is_sign("("):
        return _run_sql(cursor)
    raise cursor.unexpected()


def parse_arguments(cursor: TokenCursor) -> Arguments:
    """Arguments of a call, from ``(`` to ``)``; each with the name that it goes to, or None."""
    found: list[tuple[str | None, Fragment]] = []
    cursor.expect_sign("(")
    if cursor.accept_sign(")"):
        return ()
    while True:
        name = None
        following = cursor.peek()
        if cursor.is_name() and following.kind is TokenKind.SIGN and following.text in ("=>", ":="):
            name = cursor.expect_name()
            cursor.advance()
        elif found and found[-1][0] is not None:
            raise cursor.error(SYNTAX, "positional argument cannot follow named argument")
        found.append((name, cursor.fragment([",", ")"], expected=")")))
        if cursor.expect_sign(",", ")") == ")":
            return tuple(found)


def parse_target(cursor: TokenCursor, *, subscripts: bool = False) -> Target:
    """A variable, or a field of it; with `subscripts` also an element."""
    line, column = cursor.place()
    if cursor.token.kind is TokenKind.PARAMETER:
        return Target(cursor.advance().text, line=line, column=column)
    name, *path = cursor.expect_qualified_name(RESERVED)
    found: list[Fragment] = []
    while subscripts and cursor.accept_sign("["):
        found.append(cursor.fragment(["]", ":"], expected="]"))
        if cursor.is_sign(":"):
            raise cursor.unsupported("assignment to a slice of an array is not supported: assign its elements")
        cursor.expect_sign("]")
    if subscripts and found and cursor.is_sign("."):
        raise cursor.unsupported("assignment to a field of an array's element is not supported")
    return Target(name, tuple(path), tuple(found), line=line, column=column)


def parse_targets(cursor: TokenCursor) -> tuple[Target, ...]:
    """Targets with commas between them."""
    found = [parse_target(cursor)]
    while cursor.accept_sign(","):
        found.append(parse_target(cursor))
    return tuple(found)


def parse_sqlstate(cursor: TokenCursor) -> str:
    """The code behind the word SQLSTATE."""
    token = cursor.token
    code = cursor.expect_string()
    if not _SQLSTATE.fullmatch(code):
        raise cursor.unexpected("invalid SQLSTATE code", token)
    return code


def _is_assignment(cursor: TokenCursor) -> bool:
    """Whether ``name…[…] :=`` comes."""
    tokens, index, depth = cursor.tokens, cursor.position + 1, 0
    while tokens[index].kind is not TokenKind.END:
        token = tokens[index]
        if token.kind is not TokenKind.SIGN:
            if not depth and not _is_dot(tokens[index - 1]):
                return False
        elif token.text == "[":
            depth += 1
        elif token.text == "]":
            depth -= 1
        elif not depth and token.text != ".":
            return token.text in (":=", "=")
        elif token.text == ";":
            return False
        index += 1
    return False


def _is_dot(token: Token) -> bool:
    return token.kind is TokenKind.SIGN and token.text == "."


def _assign(cursor: TokenCursor) -> Assign:
    target = parse_target(cursor, subscripts=True)
    cursor.expect_sign(":=", "=")
    return Assign(target, _last(cursor), line=target.line, column=target.column)


def _last(cursor: TokenCursor, what: str = "expression") -> Fragment:
    """SQL up to the semicolon, which is stepped over."""
    found = cursor.fragment([";"], expected=";", what=what)
    cursor.advance()
    return found


def _return(cursor: TokenCursor, token: Token) -> Statement:
    line, column = cursor.place(token)
    if cursor.accept_word("next"):
        value = None if cursor.accept_sign(";") else _last(cursor)
        return ReturnNext(value, line=line, column=column)
    if cursor.accept_word("query"):
        if cursor.is_word("execute"):
            raise cursor.unsupported("RETURN QUERY EXECUTE is not supported: write the query itself")
        return ReturnQuery(_last(cursor, "statement"), line=line, column=column)
    value = None if cursor.accept_sign(";") else _last(cursor)
    return Return(value, line=line, column=column)


def _perform(cursor: TokenCursor, token: Token) -> Perform:
    line, column = cursor.place(token)
    return Perform(_last(cursor), line=line, column=column)


def _null(cursor: TokenCursor, token: Token) -> Null:
    cursor.expect_sign(";")
    line, column = cursor.place(token)
    return Null(line=line, column=column)


def _call(cursor: TokenCursor, token: Token) -> CallProcedure:
    line, column = cursor.place(token)
    first = cursor.position
    cursor.expect_qualified_name()
    routine = cursor.cut(first, cursor.position)
    arguments = parse_arguments(cursor)
    cursor.expect_sign(";")
    return CallProcedure(routine, arguments, line=line, column=column)


def _assert(cursor: TokenCursor, token: Token) -> Assert:
    line, column = cursor.place(token)
    condition = cursor.fragment([",", ";"], expected=";")
    message = _last(cursor) if cursor.accept_sign(",") else None
    if message is None:
        cursor.expect_sign(";")
    return Assert(condition, message, line=line, column=column)


def _emit(cursor: TokenCursor, token: Token) -> Emit:
    line, column = cursor.place(token)
    event = cursor.expect_name()
    items: dict[str, Fragment] = {}
    cursor.expect_sign("(")
    ended = cursor.accept_sign(")")
    while not ended:
        start = cursor.token
        first = cursor.position
        value = cursor.fragment(["as", ",", ")"], expected=")")
        key = cursor.expect_name() if cursor.accept_word("as") else _own_name(cursor, first)
        if key in items:
            raise cursor.error(DUPLICATE_COLUMN, f'key "{key}" of event "{event}" specified more than once', start)
        items[key] = value
        ended = ")" if cursor.expect_sign(",", ")") == ")" else None
    cursor.expect_sign(";")
    return Emit(event, tuple(items.items()), line=line, column=column)


def _own_name(cursor: TokenCursor, first: int) -> str:
    tokens = cursor.tokens[first : cursor.position]
    names, dots = tokens[::2], tokens[1::2]
    is_name = len(names) > len(dots) and all(token.kind in (TokenKind.WORD, TokenKind.QUOTED) for token in names)
    if not is_name or not all(_is_dot(token) for token in dots):
        raise cursor.error(SYNTAX, "a value of EMIT that is not a variable needs AS and a key", tokens[0])
    return names[-1].text


def _diagnostics(cursor: TokenCursor, token: Token) -> GetDiagnostics:
    line, column = cursor.place(token)
    area = cursor.accept_word("stacked", "current")
    cursor.expect_words("diagnostics")
    items: list[tuple[Target, str]] = []
    while True:
        target = parse_target(cursor)
        cursor.expect_sign(":=", "=")
        items.append((target, _diagnostics_item(cursor, stacked=area == "stacked")))
        if cursor.expect_sign(",", ";") == ";":
            return GetDiagnostics(area == "stacked", tuple(items), line=line, column=column)


def _diagnostics_item(cursor: TokenCursor, *, stacked: bool) -> str:
    token = cursor.token
    allowed, others = (_STACKED_ITEMS, _CURRENT_ITEMS) if stacked else (_CURRENT_ITEMS, _STACKED_ITEMS)
    if token.kind is not TokenKind.WORD or token.text not in allowed | others:
        raise cursor.unexpected("unrecognized GET DIAGNOSTICS item")
    if token.text in others:
        area = "STACKED" if stacked else "CURRENT"
        message = f"diagnostics item {token.text.upper()} is not allowed in GET {area} DIAGNOSTICS"
        raise cursor.error(SYNTAX, message)
    return cursor.advance().text


def _raise(cursor: TokenCursor, token: Token) -> Raise:
    line, column = cursor.place(token)
    if cursor.accept_sign(";"):
        return Raise(Level.EXCEPTION, None, (), None, None, (), line=line, column=column)
    word = cursor.accept_word(*Level)
    level = Level(word) if word else Level.EXCEPTION
    text = condition = sqlstate = None
    arguments: tuple[Fragment, ...] = ()
    if cursor.token.kind is TokenKind.STRING:
        text, arguments = _format(cursor, token)
    elif cursor.accept_word("sqlstate"):
        sqlstate = parse_sqlstate(cursor)
    elif not cursor.is_word("using"):
        condition = parse_condition(cursor)
    options = _raise_options(cursor) if cursor.accept_word("using") else ()
    cursor.expect_sign(";")
    return Raise(level, text, arguments, condition, sqlstate, options, line=line, column=column)


def parse_condition(cursor: TokenCursor) -> str:
    """A condition's name other than OTHERS; error 42704 if there is no such condition."""
    token = cursor.token
    name = cursor.expect_name(RESERVED)
    if name not in CONDITIONS:
        raise cursor.error(UNDEFINED_OBJECT, f'unrecognized exception condition "{name}"', token)
    return name


def _format(cursor: TokenCursor, token: Token) -> tuple[str, tuple[Fragment, ...]]:
    text = cursor.expect_string()
    arguments: list[Fragment] = []
    while cursor.accept_sign(","):
        arguments.append(cursor.fragment([",", ";", "using"], expected=";"))
    places = text.replace("%%", "").count("%")
    if places != len(arguments):
        amount = "few" if places > len(arguments) else "many"
        raise cursor.error(SYNTAX, f"too {amount} parameters specified for RAISE", token)
    return text, tuple(arguments)


def _raise_options(cursor: TokenCursor) -> tuple[tuple[str, Fragment], ...]:
    found: dict[str, Fragment] = {}
    while True:
        if not cursor.is_word(*_RAISE_OPTIONS):
            raise cursor.unexpected("unrecognized RAISE statement option")
        token = cursor.advance()
        if token.text in found:
            raise cursor.error(SYNTAX, f"RAISE option already specified: {token.text.upper()}", token)
        if not cursor.accept_sign("=", ":="):
            raise cursor.unexpected('syntax error, expected "="')
        found[token.text] = cursor.fragment([",", ";"], expected=";")
        if not cursor.accept_sign(","):
            return tuple(found.items())


def _run_sql(cursor: TokenCursor) -> RunSql:
    line, column = cursor.place()
    first = cursor.position
    into: tuple[Target, ...] = ()
    strict = False
    gap = (0, 0)
    start = first
    while True:
        _step_to(cursor, start)
        if not cursor.is_word("into"):
            break
        if into:
            raise cursor.unexpected("INTO specified more than once")
        opening = cursor.advance()
        strict = cursor.accept_word("strict") is not None
        into = parse_targets(cursor)
        if cursor.is_sign("["):
            raise cursor.unexpected()
        gap = (opening.start, cursor.tokens[cursor.position - 1].end)
        start = cursor.position
    sql = _without(cursor.cut(first, cursor.position), cursor.tokens[first].start, gap)
    cursor.advance()
    return RunSql(sql, into, strict, line=line, column=column)


def _step_to(cursor: TokenCursor, start: int) -> None:
    """Go to the semicolon, or to an INTO that names targets."""
    cursor.position = start
    while True:
        if cursor.is_word("into") or cursor.is_sign(";"):
            return
        cursor.fragment(["into", ";"], expected=";", what="statement")
        before = cursor.tokens[cursor.position - 1]
        if cursor.is_sign(";") or not (before.kind is TokenKind.WORD and before.text in ("insert", "merge")):
            return
        cursor.advance()


def _without(sql: Fragment, start: int, gap: tuple[int, int]) -> Fragment:
    """`sql` with the characters of `gap` blank, so that places stay as they are."""
    first, behind = gap[0] - start, gap[1] - start
    if gap == (0, 0):
        return sql
    blank = "".join("\n" if letter == "\n" else " " for letter in sql.text[first:behind])
    return Fragment((sql.text[:first] + blank + sql.text[behind:]).rstrip(), sql.line, sql.column)


_STATEMENTS: dict[str, Callable[[TokenCursor, Token], Statement]] = {
    "return": _return,
    "perform": _perform,
    "null": _null,
    "call": _call,
    "assert": _assert,
    "emit": _emit,
    "get": _diagnostics,
    "raise": _raise,
}
