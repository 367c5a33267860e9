"""PL/pgSQL's grammar: from a routine's text to `syntax.Block`.

Source: the PostgreSQL 15 manual, chapter 43; messages are PostgreSQL's where it has one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aergo_vc.sql.errors import SYNTAX, TOO_COMPLEX, SqlError
from aergo_vc.sql.procedures.cursor import TokenCursor
from aergo_vc.sql.procedures.declaring import RESERVED, parse_declarations
from aergo_vc.sql.procedures.lexing import Source, Token, TokenKind
from aergo_vc.sql.procedures.single_statements import (
    parse_arguments,
    parse_condition,
    parse_single_statement,
    parse_sqlstate,
    parse_target,
    parse_targets,
)
from aergo_vc.sql.procedures.syntax import (
    Block,
    Case,
    CursorDeclaration,
    Declaration,
    Exit,
    ForCursor,
    ForEach,
    ForQuery,
    ForRange,
    Fragment,
    Handler,
    If,
    Loop,
    Statement,
    Target,
)

NESTING = 60
"""Levels that statements may nest."""

_LIST_ENDS = ("end", "else", "elsif", "elseif", "when", "exception")


def parse_body(text: str, line: int = 1, column: int = 1) -> Block:
    """The block that is the body `text`, whose first character stands at `line` and `column` of its file.

    All places in the result and in errors are those of the file.  Raises SqlError: 42601 for what is no PL/pgSQL, 0A000
    for what is left out of it, 42704 for a condition without meaning, 54001 where statements nest too deep.
    """
    parser = _BodyParser(Source(text, line, column))
    parser.options()
    label = parser.label()
    if not parser.is_word("declare", "begin"):
        raise parser.unexpected()
    block = parser.block(label)
    parser.accept_sign(";")
    parser.expect_end()
    return block


@dataclass(frozen=True, slots=True)
class _Enclosing:
    """A block or a loop around the statement that is being read."""

    label: str | None
    is_loop: bool
    cursors: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()


class _BodyParser(TokenCursor):
    """One method a construct; each is called at the construct's first word and leaves off behind its semicolon."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.enclosing: list[_Enclosing] = []
        self.depth = 0
        self.structured: dict[str, Callable[[], Statement]] = {
            "if": self.if_statement,
            "case": self.case_statement,
            "exit": self.exit,
            "continue": self.exit,
        }

    def options(self) -> None:
        while self.is_sign("#"):
            start = self.advance()
            if self.accept_word("print_strict_params"):  # more words in errors
                if not self.accept_word("on", "off"):
                    raise self.unexpected()
            elif not self.accept_words("variable_conflict", "error"):
                message = "compiler options other than #variable_conflict error are not supported"
                raise self.unsupported(message, start)

    def label(self) -> str | None:
        if not self.accept_sign("<<"):
            return None
        name = self.expect_name(RESERVED)
        self.expect_sign(">>")
        return name

    def statements(self) -> tuple[Statement, ...]:
        """Statements up to a word that ends a list of them."""
        if self.depth == NESTING:
            raise self.error(TOO_COMPLEX, f"statements nest deeper than {NESTING} levels")
        self.depth += 1
        found: list[Statement] = []
        while self.token.kind is not TokenKind.END and not self._at_list_end():
            found.append(self.statement())
        self.depth -= 1
        return tuple(found)

    def _at_list_end(self) -> bool:
        if not self.is_word(*_LIST_ENDS):
            return False
        following = self.peek()
        is_variable = following.kind is TokenKind.SIGN and following.text in (":=", "=", "[", ".")
        return self.token.text in RESERVED or not is_variable

    def statement(self) -> Statement:
        if self.is_sign("<<"):
            label = self.label()
            return self.labelled(label)
        token = self.token
        if token.kind is TokenKind.WORD:
            following = self.peek()
            is_variable = following.kind is TokenKind.SIGN and following.text in (":=", "=", "[", ".")
            if token.text in RESERVED or not is_variable:
                if token.text in _BEGINNINGS:
                    return self.labelled(None)
                parse = self.structured.get(token.text)
                if parse is not None:
                    return parse()
        return parse_single_statement(self)

    def labelled(self, label: str | None) -> Statement:
        """A block or a loop."""
        if self.is_word("declare", "begin"):
            block = self.block(label)
            self.expect_sign(";")
            return block
        if self.is_word("loop"):
            return self.loop(label, self.token, None)
        if self.is_word("while"):
            token = self.advance()
            condition = self.fragment(["loop"], expected="LOOP")
            return self.loop(label, token, condition)
        if self.is_word("for"):
            return self.for_statement(label)
        if self.is_word("foreach"):
            return self.foreach(label)
        raise self.unexpected()

    def block(self, label: str | None) -> Block:
        """From DECLARE or BEGIN to END and its label; the semicolon is left."""
        line, column = self.place()
        declarations: tuple[Declaration, ...] = ()
        if self.accept_word("declare"):
            declarations = parse_declarations(self)
        self.expect_words("begin")
        cursors = frozenset(one.name for one in declarations if isinstance(one, CursorDeclaration))
        names = frozenset(one.name for one in declarations)
        self.enclosing.append(_Enclosing(label, is_loop=False, cursors=cursors, variables=names))
        body = self.statements()
        handlers = self.handlers() if self.accept_word("exception") else ()
        self.enclosing.pop()
        self.expect_words("end")
        self.end_label(label)
        return Block(label, declarations, body, handlers, line=line, column=column)

    def handlers(self) -> tuple[Handler, ...]:
        found: list[Handler] = []
        if not self.is_word("when"):
            raise self.unexpected()
        while self.accept_word("when"):
            conditions = [self.condition()]
            while self.accept_word("or"):
                conditions.append(self.condition())
            self.expect_words("then")
            found.append(Handler(tuple(conditions), self.statements()))
        return tuple(found)

    def condition(self) -> str:
        if self.accept_word("sqlstate"):
            return parse_sqlstate(self)
        return self.accept_word("others") or parse_condition(self)

    def end_label(self, label: str | None) -> None:
        """The label that may stand behind END."""
        if not self.is_name(RESERVED):
            return
        token = self.token
        name = self.expect_name()
        if label is None:
            raise self.error(SYNTAX, f'end label "{name}" specified for unlabeled block', token)
        if name != label:
            message = f'end label "{name}" differs from block\'s label "{label}"'
            raise self.error(SYNTAX, message, token)

    def loop_body(self, label: str | None, variables: frozenset[str] = frozenset()) -> tuple[Statement, ...]:
        """From LOOP to END LOOP and its semicolon."""
        self.expect_words("loop")
        self.enclosing.append(_Enclosing(label, is_loop=True, variables=variables))
        body = self.statements()
        self.enclosing.pop()
        self.expect_words("end", "loop")
        self.end_label(label)
        self.expect_sign(";")
        return body

    def loop(self, label: str | None, token: Token, condition: Fragment | None) -> Loop:
        line, column = self.place(token)
        return Loop(label, condition, self.loop_body(label), line=line, column=column)

    def if_statement(self) -> If:
        line, column = self.place(self.advance())
        branches = [self.branch()]
        while self.accept_word("elsif", "elseif"):
            branches.append(self.branch())
        otherwise = self.statements() if self.accept_word("else") else None
        self.expect_words("end", "if")
        self.expect_sign(";")
        return If(tuple(branches), otherwise, line=line, column=column)

    def branch(self) -> tuple[Fragment, tuple[Statement, ...]]:
        condition = self.fragment(["then"], expected="THEN")
        self.advance()
        return condition, self.statements()

    def case_statement(self) -> Case:
        line, column = self.place(self.advance())
        subject = None if self.is_word("when") else self.fragment(["when"], expected="WHEN")
        branches: list[tuple[tuple[Fragment, ...], tuple[Statement, ...]]] = []
        while self.accept_word("when"):
            branches.append(self.case_branch(is_searched=subject is None))
        otherwise = self.statements() if self.accept_word("else") else None
        self.expect_words("end", "case")
        self.expect_sign(";")
        return Case(subject, tuple(branches), otherwise, line=line, column=column)

    def case_branch(self, *, is_searched: bool) -> tuple[tuple[Fragment, ...], tuple[Statement, ...]]:
        until = ["then"] if is_searched else [",", "then"]
        values = [self.fragment(until, expected="THEN")]
        while self.accept_sign(","):
            values.append(self.fragment(until, expected="THEN"))
        self.expect_words("then")
        return tuple(values), self.statements()

    def exit(self) -> Exit:
        token = self.advance()
        line, column = self.place(token)
        label = None
        if not self.is_word("when") and not self.is_sign(";"):
            label = self.exit_label(token)
        elif not any(one.is_loop for one in self.enclosing):
            message = "EXIT cannot be used outside a loop, unless it has a label"
            if token.text == "continue":
                message = "CONTINUE cannot be used outside a loop"
            raise self.error(SYNTAX, message, token)
        condition = self.fragment([";"], expected=";") if self.accept_word("when") else None
        self.expect_sign(";")
        return Exit(token.text == "continue", label, condition, line=line, column=column)

    def exit_label(self, statement: Token) -> str:
        token = self.token
        label = self.expect_name()
        for one in reversed(self.enclosing):
            if one.label == label:
                if statement.text == "continue" and not one.is_loop:
                    raise self.error(SYNTAX, f'block label "{label}" cannot be used in CONTINUE', token)
                return label
        message = f'there is no label "{label}" attached to any block or loop enclosing this statement'
        raise self.error(SYNTAX, message, token)

    def for_statement(self, label: str | None) -> Statement:
        token = self.advance()
        targets = parse_targets(self)
        self.expect_words("in")
        if self.is_word("execute"):
            raise self.unsupported("FOR … IN EXECUTE is not supported: write the query itself")
        if self.is_cursor():
            return self.for_cursor(label, token, targets)
        reverse = self.accept_word("reverse") is not None
        first = self.fragment(["..", "loop"], expected="LOOP")
        if self.accept_sign(".."):
            return self.for_range(label, token, targets, first, reverse=reverse)
        line, column = self.place(token)
        if reverse:
            raise self.error(SYNTAX, "cannot specify REVERSE in query FOR loop", token)
        return ForQuery(label, targets, first, self.loop_body(label), line=line, column=column)

    def is_cursor(self) -> bool:
        """Whether the next word is a cursor's name, and nothing that hides it."""
        if not self.is_name(RESERVED):
            return False
        name = self.token.text
        return next((name in one.cursors for one in reversed(self.enclosing) if name in one.variables), False)

    def for_cursor(self, label: str | None, token: Token, targets: tuple[Target, ...]) -> ForCursor:
        line, column = self.place(token)
        variable = self.own_variable(targets, "cursor FOR loop must have only one target variable")
        cursor = self.expect_name()
        arguments = parse_arguments(self) if self.is_sign("(") else ()
        body = self.loop_body(label, frozenset({variable}))
        return ForCursor(label, variable, cursor, arguments, body, line=line, column=column)

    def for_range(
        self, label: str | None, token: Token, targets: tuple[Target, ...], first: Fragment, *, reverse: bool
    ) -> ForRange:
        line, column = self.place(token)
        variable = self.own_variable(targets, "integer FOR loop must have only one target variable")
        last = self.fragment(["by", "loop"], expected="LOOP")
        step = self.fragment(["loop"], expected="LOOP") if self.accept_word("by") else None
        body = self.loop_body(label, frozenset({variable}))
        return ForRange(label, variable, reverse, first, last, step, body, line=line, column=column)

    def own_variable(self, targets: tuple[Target, ...], message: str) -> str:
        """The name of a loop's own variable."""
        target = targets[-1]
        if len(targets) > 1 or target.path:
            raise SqlError(SYNTAX, message, target.line, target.column)
        return target.name

    def foreach(self, label: str | None) -> ForEach:
        line, column = self.place(self.advance())
        target = parse_target(self)
        if self.is_sign(","):
            raise self.unsupported("FOREACH over several variables is not supported")
        if self.is_word("slice"):
            raise self.unsupported("SLICE is not supported: arrays have one dimension")
        self.expect_words("in", "array")
        array = self.fragment(["loop"], expected="LOOP")
        return ForEach(label, target, array, self.loop_body(label), line=line, column=column)


_BEGINNINGS = frozenset({"declare", "begin", "loop", "while", "for", "foreach"})
