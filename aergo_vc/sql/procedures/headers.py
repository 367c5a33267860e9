"""The grammar of the statements in `own_statements`, GRANT and REVOKE apart.

Source: the PostgreSQL 15 manual, reference I; the body of a routine is left to `parsing`.
"""

from aergo_vc.sql.errors import DUPLICATE_COLUMN, UNIQUE_VIOLATION
from aergo_vc.sql.procedures.cursor import TokenCursor
from aergo_vc.sql.procedures.lexing import Source, Token
from aergo_vc.sql.procedures.own_statements import (
    AddEnumValue,
    AlterSequence,
    CallRoutine,
    CreateComposite,
    CreateEnum,
    CreateSequence,
    DropObjects,
    ObjectKind,
    OwnStatement,
    WrittenObject,
)
from aergo_vc.sql.procedures.privileges import parse_grants
from aergo_vc.sql.procedures.routine_headers import parse_routine
from aergo_vc.sql.procedures.sequence_options import parse_sequence_options
from aergo_vc.sql.procedures.single_statements import parse_arguments
from aergo_vc.sql.procedures.syntax import Reference, TypeReference
from aergo_vc.sql.procedures.written_names import written_name, written_routine

_OBJECTS = frozenset({"function", "procedure", "routine", "type", "sequence"})


def is_own(words: list[str]) -> bool:
    """Whether a statement with these first words, in lower case, is one of `own_statements`; four are enough."""
    match words:
        case ["call" | "grant" | "revoke" | "emit", *_]:
            return True
        case ["create", "or", "replace", "function" | "procedure", *_]:
            return True
        case ["create", "function" | "procedure" | "type" | "sequence", *_] | ["alter", "type" | "sequence", *_]:
            return True
        case ["drop", word, *_]:
            return word in _OBJECTS
    return False


def parse_own_statement(source: Source) -> OwnStatement:
    """The statement that `source` holds, without its semicolon; raises SqlError 42601, 0A000, 42P13, 42701."""
    cursor = TokenCursor(source)
    token = cursor.advance()
    match token.text:
        case "create":
            statement = _create(cursor, token)
        case "drop":
            statement = _drop(cursor, token)
        case "alter":
            statement = _alter(cursor, token)
        case "call":
            line, column = cursor.place(token)
            statement = CallRoutine(written_name(cursor), parse_arguments(cursor), line=line, column=column)
        case "grant" | "revoke":
            statement = parse_grants(cursor, token)
        case "emit":
            raise cursor.unsupported("EMIT outside a routine is not supported", token)
        case _:
            raise cursor.unexpected(token=token)
    cursor.expect_end()
    return statement


def _create(cursor: TokenCursor, token: Token) -> OwnStatement:
    replace = cursor.accept_words("or", "replace")
    kind = cursor.accept_word("function", "procedure", "type", "sequence")
    if kind in ("function", "procedure"):
        return parse_routine(cursor, token, replace=replace, is_procedure=kind == "procedure")
    if kind == "type":
        return _create_type(cursor, token)
    if kind == "sequence":
        line, column = cursor.place(token)
        if_not_exists = cursor.accept_words("if", "not", "exists")
        name = written_name(cursor)
        return CreateSequence(name, if_not_exists, parse_sequence_options(cursor), line=line, column=column)
    raise cursor.unexpected()


def _create_type(cursor: TokenCursor, token: Token) -> OwnStatement:
    line, column = cursor.place(token)
    name = written_name(cursor)
    if not cursor.accept_word("as"):
        raise cursor.unsupported("a type that is neither an enum nor a composite is not supported")
    if cursor.accept_word("enum"):
        return CreateEnum(name, _labels(cursor), line=line, column=column)
    if cursor.is_word("range"):
        raise cursor.unsupported("a range type is not supported")
    return CreateComposite(name, _fields(cursor), line=line, column=column)


def _labels(cursor: TokenCursor) -> tuple[str, ...]:
    found: dict[str, None] = {}
    cursor.expect_sign("(")
    while not cursor.accept_sign(")"):
        if found:
            cursor.expect_sign(",")
        token = cursor.token
        label = cursor.expect_string()
        if label in found:
            raise cursor.error(UNIQUE_VIOLATION, f'enum label "{label}" used more than once', token)
        found[label] = None
    return tuple(found)


def _fields(cursor: TokenCursor) -> tuple[tuple[str, TypeReference], ...]:
    found: dict[str, TypeReference] = {}
    cursor.expect_sign("(")
    while not cursor.accept_sign(")"):
        if found:
            cursor.expect_sign(",")
        token = cursor.token
        name = cursor.expect_name()
        if name in found:
            raise cursor.error(DUPLICATE_COLUMN, f'column "{name}" specified more than once', token)
        found[name] = cursor.type_reference()
        if found[name].reference is not Reference.NAMED:
            raise cursor.unsupported("a field's type must be named itself", token)
    return tuple(found.items())


def _drop(cursor: TokenCursor, token: Token) -> DropObjects:
    line, column = cursor.place(token)
    kind = ObjectKind(cursor.advance().text)
    if_exists = cursor.accept_words("if", "exists")
    objects = [_droppable(cursor, kind)]
    while cursor.accept_sign(","):
        objects.append(_droppable(cursor, kind))
    if cursor.is_word("cascade"):
        raise cursor.unsupported("CASCADE is not supported: drop what depends on it first")
    cursor.accept_word("restrict")
    return DropObjects(kind, tuple(objects), if_exists, line=line, column=column)


def _droppable(cursor: TokenCursor, kind: ObjectKind) -> WrittenObject:
    if kind in (ObjectKind.TYPE, ObjectKind.SEQUENCE):
        return WrittenObject(written_name(cursor))
    return written_routine(cursor)


def _alter(cursor: TokenCursor, token: Token) -> OwnStatement:
    line, column = cursor.place(token)
    if cursor.accept_word("sequence"):
        if_exists = cursor.accept_words("if", "exists")
        name = written_name(cursor)
        return AlterSequence(name, if_exists, parse_sequence_options(cursor, altering=True), line=line, column=column)
    cursor.expect_words("type")
    name = written_name(cursor)
    if not cursor.accept_words("add", "value"):
        raise cursor.unsupported("ALTER TYPE other than ADD VALUE is not supported")
    if_not_exists = cursor.accept_words("if", "not", "exists")
    label = cursor.expect_string()
    before = cursor.expect_string() if cursor.accept_word("before") else None
    after = cursor.expect_string() if before is None and cursor.accept_word("after") else None
    return AddEnumValue(name, label, if_not_exists, before, after, line=line, column=column)
