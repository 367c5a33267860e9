"""Walking over tokens: what PL/pgSQL's grammar and that of our own statements have in common."""

from collections.abc import Container, Sequence

from aergo_vc.sql.errors import SYNTAX, UNSUPPORTED, SqlError
from aergo_vc.sql.procedures.lexing import Source, Token, TokenKind, tokens_of
from aergo_vc.sql.procedures.syntax import Fragment, Reference, TypeReference

_OPENING = frozenset("([")
_CLOSING = frozenset(")]")
_TWO_WORDS = {"double": "precision", "character": "varying", "char": "varying", "bit": "varying"}
INTERVAL_FIELDS = frozenset({"year", "month", "day", "hour", "minute", "second"})
"""Words that may stand behind the type INTERVAL."""


class TokenCursor:
    """A place in the tokens of a text.

    Methods named `accept…` step over what they look for and say whether it stood there; those named `expect…` raise
    SqlError 42601 where it does not.
    """

    def __init__(self, source: Source, first: int = 0) -> None:
        self.source = source
        self.tokens = tokens_of(source)
        self.position = first

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.position]

    def advance(self) -> Token:
        """Step over the next token, which is not the end, and return it."""
        token = self.tokens[self.position]
        if token.kind is not TokenKind.END:
            self.position += 1
        return token

    def peek(self, distance: int = 1) -> Token:
        """The token `distance` behind the next one, or the end."""
        return self.tokens[min(self.position + distance, len(self.tokens) - 1)]

    def place(self, token: Token | None = None) -> tuple[int, int]:
        """Line and column of `token`, or of the next one."""
        return self.source.place((token or self.token).start)

    def error(self, sqlstate: str, message: str, token: Token | None = None) -> SqlError:
        """An error at `token`, or at the next one."""
        return self.source.error((token or self.token).start, sqlstate, message)

    def unexpected(self, message: str = "syntax error", token: Token | None = None) -> SqlError:
        """Error 42601 at `token`, or at the next one, in PostgreSQL's wording."""
        token = token or self.token
        if token.kind is TokenKind.END:
            return self.error(SYNTAX, f"{message} at end of input", token)
        return self.error(SYNTAX, f'{message} at or near "{self.source.quoted(token.start, token.end)}"', token)

    def unsupported(self, message: str, token: Token | None = None) -> SqlError:
        """Error 0A000 at `token`, or at the next one."""
        return self.error(UNSUPPORTED, message, token)

    def is_word(self, *words: str) -> bool:
        """Whether the next token is one of `words`, unquoted."""
        token = self.tokens[self.position]
        return token.kind is TokenKind.WORD and token.text in words

    def is_sign(self, *signs: str) -> bool:
        """Whether the next token is one of `signs`."""
        token = self.tokens[self.position]
        return token.kind is TokenKind.SIGN and token.text in signs

    def are_words(self, *words: str) -> bool:
        """Whether the next tokens are all of `words`, in this order."""
        return all(
            token.kind is TokenKind.WORD and token.text == word
            for token, word in zip(self.tokens[self.position : self.position + len(words)], words, strict=False)
        ) and self.position + len(words) <= len(self.tokens)

    def accept_words(self, *words: str) -> bool:
        """Step over all of `words` in this order, or over nothing."""
        found = self.are_words(*words)
        if found:
            self.position += len(words)
        return found

    def accept_word(self, *words: str) -> str | None:
        """Step over one of `words` and return it."""
        return self.advance().text if self.is_word(*words) else None

    def accept_sign(self, *signs: str) -> str | None:
        """Step over one of `signs` and return it."""
        return self.advance().text if self.is_sign(*signs) else None

    def expect_words(self, *words: str) -> None:
        """Step over all of `words`."""
        for word in words:
            if self.accept_word(word) is None:
                raise self.unexpected()

    def expect_sign(self, *signs: str) -> str:
        """Step over one of `signs` and return it."""
        found = self.accept_sign(*signs)
        if found is None:
            raise self.unexpected()
        return found

    def expect_end(self) -> None:
        """Nothing follows."""
        if self.token.kind is not TokenKind.END:
            raise self.unexpected()

    def is_name(self, reserved: Container[str] = ()) -> bool:
        """Whether the next token is quoted, or a word that is not reserved."""
        token = self.token
        return token.kind is TokenKind.QUOTED or (token.kind is TokenKind.WORD and token.text not in reserved)

    def expect_name(self, reserved: Container[str] = ()) -> str:
        """Step over a name and return it as PostgreSQL folds it."""
        if not self.is_name(reserved):
            raise self.unexpected()
        return self.advance().text

    def expect_qualified_name(self, reserved: Container[str] = ()) -> tuple[str, ...]:
        """Step over ``a.b.c`` and return its parts."""
        parts = [self.expect_name(reserved)]
        while self.accept_sign("."):
            parts.append(self.expect_name())
        return tuple(parts)

    def expect_string(self) -> str:
        """Step over a text literal and return what it means."""
        if self.token.kind is not TokenKind.STRING:
            raise self.unexpected()
        return self.advance().text

    def cut(self, first: int, behind: int) -> Fragment:
        """The source from the token at index `first` up to the one at index `behind`, which is left out."""
        start, end = self.tokens[first].start, self.tokens[behind - 1].end
        return Fragment(self.source.text[start:end], *self.source.place(start))

    def fragment(self, until: Sequence[str], *, expected: str, what: str = "expression") -> Fragment:
        """SQL up to one of the words or signs `until` that stands outside brackets and CASE … END.

        `expected` says which of them is missing in PostgreSQL's message where a semicolon comes first.
        """
        first = self.position
        behind = self._find(until, expected, what)
        if behind == first:
            raise self.unexpected(f"missing {what}" if what == "expression" else "missing SQL statement")
        self.position = behind
        return self.cut(first, behind)

    def _find(self, until: Sequence[str], expected: str, what: str) -> int:
        levels = [0]  # for each bracket that is open, and for none: how many CASE are
        for index in range(self.position, len(self.tokens)):
            token = self.tokens[index]
            if token.kind is TokenKind.SIGN:
                if levels == [0] and token.text in until:
                    return index
                if token.text == ";":
                    raise self._unfinished(levels, expected, what, token)
                self._follow_brackets(levels, token)
            elif token.kind is TokenKind.WORD and not self._is_part_of_name(index):
                if levels == [0] and token.text in until:
                    return index
                if token.text == "case":
                    levels[-1] += 1
                elif token.text == "end" and levels[-1]:
                    levels[-1] -= 1
        raise self._unfinished(levels, expected, what, self.tokens[-1])

    def _follow_brackets(self, levels: list[int], token: Token) -> None:
        if token.text in _OPENING:
            levels.append(0)
        elif token.text in _CLOSING:
            if len(levels) == 1:
                raise self.unexpected("mismatched parentheses", token)
            levels.pop()

    def _is_part_of_name(self, index: int) -> bool:
        before = self.tokens[index - 1] if index else None
        return before is not None and before.text == "." and before.kind is TokenKind.SIGN

    def _unfinished(self, levels: list[int], expected: str, what: str, token: Token) -> SqlError:
        if len(levels) > 1:
            return self.unexpected("mismatched parentheses", token)
        if expected == ";" and token.kind is not TokenKind.END:
            return self.unexpected("syntax error", token)
        return self.error(SYNTAX, f'missing "{expected}" at end of SQL {what}', token)

    def type_reference(self) -> TypeReference:
        """A type as PL/pgSQL and CREATE FUNCTION spell it."""
        first = self.position
        if self.accept_word("record"):
            return TypeReference(Reference.RECORD, None)
        self._step_over_type_name()
        behind = self.position
        if self.is_sign("%"):
            return self._reference(self.cut(first, behind))
        dimensions = self._dimensions()
        return TypeReference(Reference.NAMED, self.cut(first, behind), dimensions)

    def _reference(self, name: Fragment) -> TypeReference:
        self.advance()
        if self.accept_word("type"):
            return TypeReference(Reference.COLUMN_OR_VARIABLE, name)
        if self.accept_word("rowtype"):
            return TypeReference(Reference.ROW, name)
        raise self.unexpected()

    def _step_over_type_name(self) -> None:
        first = self.token
        if first.kind is TokenKind.PARAMETER and self.peek().text == "%":
            self.advance()
            return
        if first.kind is not TokenKind.WORD:
            self.expect_qualified_name()
            return
        if first.text == "national":
            self.advance()
        parts = self.expect_qualified_name()
        word = parts[0] if len(parts) == 1 else ""
        if word in _TWO_WORDS:
            self.accept_word(_TWO_WORDS[word])
        if word == "interval":
            self._step_over_interval_fields()
        self._step_over_modifiers()
        if word in ("time", "timestamp") and self.is_word("with", "without"):
            self.advance()
            self.expect_words("time", "zone")

    def _step_over_interval_fields(self) -> None:
        if self.accept_word(*INTERVAL_FIELDS) and self.accept_word("to") and not self.accept_word(*INTERVAL_FIELDS):
            raise self.unexpected()

    def _step_over_modifiers(self) -> None:
        if not self.accept_sign("("):
            return
        while True:
            if self.token.kind is not TokenKind.NUMBER:
                raise self.unexpected()
            self.advance()
            if self.expect_sign(",", ")") == ")":
                return

    def _dimensions(self) -> int:
        if self.accept_word("array"):
            self._accept_brackets()
            return 1
        count = 0
        while self._accept_brackets():
            count += 1
        return count

    def _accept_brackets(self) -> bool:
        if not self.accept_sign("["):
            return False
        if self.token.kind is TokenKind.NUMBER:
            self.advance()
        self.expect_sign("]")
        return True
