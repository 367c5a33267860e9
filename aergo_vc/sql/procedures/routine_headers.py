"""The grammar of CREATE FUNCTION and CREATE PROCEDURE (PostgreSQL 15 manual, reference I)."""

import re
from dataclasses import dataclass, field

from aergo_vc.model.routines import Language, Mode, Volatility
from aergo_vc.sql.errors import SYNTAX, SqlError
from aergo_vc.sql.procedures.cursor import INTERVAL_FIELDS, TokenCursor
from aergo_vc.sql.procedures.lexing import Token, TokenKind
from aergo_vc.sql.procedures.own_statements import CreateRoutine, WrittenParameter
from aergo_vc.sql.procedures.syntax import Fragment, TypeReference
from aergo_vc.sql.procedures.written_names import written_name

INVALID_FUNCTION_DEFINITION = "42P13"

_BEGINNING_OF_TEXT = re.compile(r"[eE]?'|\$[^$]*\$")
_MODES = frozenset({"in", "out", "inout", "variadic"})
_BEHIND_TYPE = frozenset({"precision", "varying", "with", "without", "array", "default"})


def parse_routine(cursor: TokenCursor, token: Token, *, replace: bool, is_procedure: bool) -> CreateRoutine:
    """What stands behind the word FUNCTION or PROCEDURE; `token` is CREATE."""
    return _RoutineParser(cursor, is_procedure=is_procedure).routine(token, replace=replace)


@dataclass(slots=True)
class _RoutineOptions:
    """What stands behind a routine's result, in any order, each at most once."""

    language: Language | None = None
    volatility: Volatility | None = None
    is_strict: bool | None = None
    security_definer: bool | None = None
    body: Fragment | None = None
    ignored: set[str] = field(default_factory=set)


class _RoutineParser:
    def __init__(self, cursor: TokenCursor, *, is_procedure: bool) -> None:
        self.cursor = cursor
        self.is_procedure = is_procedure
        self.returns: TypeReference | None = None
        self.is_set = False
        self.columns: list[WrittenParameter] = []

    def routine(self, token: Token, *, replace: bool) -> CreateRoutine:
        cursor = self.cursor
        name = written_name(cursor)
        parameters = self.parameters()
        if cursor.is_word("returns") and not cursor.are_words("returns", "null"):
            if self.is_procedure:
                raise cursor.unexpected()
            cursor.advance()
            self.result(parameters)
        elif not self.is_procedure and not any(one.mode in (Mode.OUT, Mode.INOUT) for one in parameters):
            raise cursor.error(INVALID_FUNCTION_DEFINITION, "function result type must be specified", token)
        parameters += self.columns
        self.check_names(parameters)
        options = self.options()
        if options.body is None:
            raise cursor.error(INVALID_FUNCTION_DEFINITION, "no function body specified", token)
        if options.language is None:
            raise cursor.error(INVALID_FUNCTION_DEFINITION, "no language specified", token)
        line, column = cursor.place(token)
        return CreateRoutine(
            name,
            replace,
            self.is_procedure,
            tuple(parameters),
            self.returns,
            self.is_set,
            options.language,
            options.volatility or Volatility.VOLATILE,
            options.is_strict or False,
            options.security_definer or False,
            options.body,
            line=line,
            column=column,
        )

    def parameters(self) -> list[WrittenParameter]:
        cursor = self.cursor
        cursor.expect_sign("(")
        found: list[WrittenParameter] = []
        if cursor.accept_sign(")"):
            return found
        while True:
            token = cursor.token
            found.append(self.parameter())
            one = found[-1]
            if one.mode is not Mode.OUT and one.default is None and any(before.default for before in found):
                message = "input parameters after one with a default value must also have defaults"
                raise cursor.error(INVALID_FUNCTION_DEFINITION, message, token)
            if cursor.expect_sign(",", ")") == ")":
                return found

    def parameter(self) -> WrittenParameter:
        cursor = self.cursor
        line, column = cursor.place()
        token = cursor.token
        mode = self.mode()
        name = ""
        if not self.is_type_alone():
            name = cursor.expect_name()
            mode = mode or self.mode()
        mode = mode or Mode.IN
        kind = self.type()
        default: Fragment | None = None
        if cursor.accept_word("default") or cursor.accept_sign("=", ":="):
            default = cursor.fragment([",", ")"], expected=")")
            if mode is Mode.OUT:
                message = "only input parameters can have default values"
                raise cursor.error(INVALID_FUNCTION_DEFINITION, message, token)
        return WrittenParameter(name, mode, kind, default, line, column)

    def mode(self) -> Mode | None:
        cursor = self.cursor
        if not cursor.is_word(*_MODES):
            return None
        token = cursor.advance()
        if token.text == "variadic":
            raise cursor.unsupported("VARIADIC is not supported: take an array", token)
        if token.text == "in" and cursor.accept_word("out"):
            return Mode.INOUT
        return Mode(token.text)

    def is_type_alone(self) -> bool:
        """Whether a type comes, with no name before it."""
        cursor = self.cursor
        following = cursor.peek()
        if following.kind is TokenKind.QUOTED:
            return False
        if following.kind is not TokenKind.WORD:
            return True
        if cursor.is_word("national"):
            return following.text in ("character", "char")
        if cursor.is_word("interval"):
            return following.text in INTERVAL_FIELDS and cursor.peek(2).text in ("to", "(", ",", ")", "=", "default")
        return following.text in _BEHIND_TYPE

    def type(self) -> TypeReference:
        cursor = self.cursor
        if cursor.is_word("setof"):
            raise cursor.error(INVALID_FUNCTION_DEFINITION, "functions cannot accept set arguments")
        if cursor.is_word("trigger"):
            raise cursor.unsupported("triggers are not supported: call a procedure")
        kind = cursor.type_reference()
        if cursor.is_word("collate"):
            raise cursor.unsupported("COLLATE is not supported: text is compared byte by byte")
        return kind

    def result(self, parameters: list[WrittenParameter]) -> None:
        cursor = self.cursor
        if cursor.accept_word("table"):
            self.is_set = True
            self.table_columns(parameters)
        elif cursor.accept_word("setof"):
            self.is_set = True
            self.returns = self.type()
        elif not cursor.accept_word("void"):
            self.returns = self.type()

    def table_columns(self, parameters: list[WrittenParameter]) -> None:
        cursor = self.cursor
        if any(one.mode in (Mode.OUT, Mode.INOUT) for one in parameters):
            raise cursor.error(SYNTAX, "OUT and INOUT arguments aren't allowed in TABLE functions")
        cursor.expect_sign("(")
        while True:
            line, column = cursor.place()
            name = cursor.expect_name()
            self.columns.append(WrittenParameter(name, Mode.TABLE, self.type(), None, line, column))
            if cursor.expect_sign(",", ")") == ")":
                return

    def check_names(self, parameters: list[WrittenParameter]) -> None:
        seen: set[str] = set()
        for one in parameters:
            if one.name in seen:
                message = f'parameter name "{one.name}" used more than once'
                raise self.error_at(one, message)
            seen.add(one.name)
            seen.discard("")

    def error_at(self, one: WrittenParameter, message: str) -> SqlError:
        return SqlError(INVALID_FUNCTION_DEFINITION, message, one.line, one.column)

    def options(self) -> _RoutineOptions:
        found = _RoutineOptions()
        while self.cursor.token.kind is not TokenKind.END:
            self.option(found)
        return found

    def option(self, found: _RoutineOptions) -> None:
        cursor = self.cursor
        token = cursor.token
        if cursor.accept_word("language"):
            self.once(token, found.language)
            found.language = self.language()
        elif cursor.accept_word("as"):
            self.once(token, found.body)
            found.body = self.body()
        elif cursor.is_word("immutable", "stable", "volatile"):
            self.once(token, found.volatility)
            found.volatility = Volatility(cursor.advance().text)
        elif (strict := self.strictness()) is not None:
            self.once(token, found.is_strict)
            found.is_strict = strict
        elif cursor.is_word("security", "external"):
            self.once(token, found.security_definer)
            cursor.accept_word("external")
            cursor.expect_words("security")
            if not cursor.is_word("definer", "invoker"):
                raise cursor.unexpected()
            found.security_definer = cursor.advance().text == "definer"
        else:
            self.ignored(found)

    def once(self, token: Token, before: object) -> None:
        if before is not None:
            raise self.cursor.error(SYNTAX, "conflicting or redundant options", token)

    def strictness(self) -> bool | None:
        cursor = self.cursor
        if cursor.accept_word("strict") or cursor.accept_words("returns", "null", "on", "null", "input"):
            return True
        return False if cursor.accept_words("called", "on", "null", "input") else None

    def ignored(self, found: _RoutineOptions) -> None:
        """Hints for a planner, which change no result."""
        cursor = self.cursor
        token = cursor.token
        if cursor.accept_words("parallel"):
            if not cursor.accept_word("safe", "unsafe", "restricted"):
                raise cursor.unexpected()
        elif cursor.accept_word("cost", "rows"):
            if cursor.token.kind is not TokenKind.NUMBER:
                raise cursor.unexpected()
            cursor.advance()
        elif cursor.accept_word("not") or cursor.is_word("leakproof"):
            cursor.expect_words("leakproof")
        else:
            self.refuse_option()
        self.once(token, None if token.text not in found.ignored else token)
        found.ignored.add(token.text)

    def refuse_option(self) -> None:
        cursor = self.cursor
        if cursor.is_word("set"):
            raise cursor.unsupported("SET of a routine is not supported: there are no settings")
        if cursor.is_word("begin", "return"):
            raise cursor.unsupported("a body that is not a text is not supported: write AS $$ … $$")
        if cursor.is_word("window", "transform", "support"):
            raise cursor.unsupported(f"{cursor.token.text.upper()} of a routine is not supported")
        raise cursor.unexpected()

    def language(self) -> Language:
        cursor = self.cursor
        token = cursor.token
        name = cursor.expect_string().lower() if token.kind is TokenKind.STRING else cursor.expect_name()
        if name not in tuple(Language):
            message = f'language "{name}" is not supported: sql and plpgsql are'
            raise cursor.unsupported(message, token)
        return Language(name)

    def body(self) -> Fragment:
        cursor = self.cursor
        token = cursor.token
        text = cursor.expect_string()
        if cursor.is_sign(","):
            raise cursor.unsupported("a body in a library is not supported")
        beginning = _BEGINNING_OF_TEXT.match(cursor.source.text, token.start)
        quotes = len(beginning.group()) if beginning else 0
        return Fragment(text, *cursor.source.place(token.start + quotes))
