"""PostgreSQL's words and signs, each with its place.

Source: the PostgreSQL 15 manual, section 4.1.  sqlglot's own tokens would not do here: they join words (``ORDER BY``),
read ``1..9`` as ``1.`` and ``.9``, and lose count of lines behind a ``\\n`` in a text.
"""

import re
from bisect import bisect_right
from enum import Enum, auto
from typing import NamedTuple

from aergo_vc.sql.errors import SYNTAX, UNSUPPORTED, SqlError


class TokenKind(Enum):
    """What a token is."""

    WORD = auto()
    QUOTED = auto()
    STRING = auto()
    NUMBER = auto()
    PARAMETER = auto()
    SIGN = auto()
    END = auto()


class Token(NamedTuple):
    """A word or sign.

    `text` is what it means: a word in lower case, a quoted name or a text without its quotes.  `start` and `end` are
    offsets in the source, `end` behind the last character.
    """

    kind: TokenKind
    text: str
    start: int
    end: int


_OPERATOR_LIMIT = 64
_SPACE = r"[ \t\n\r\f\v]++"
_PLAIN = r"'(?:[^']++|'')*+'"
_NEXT_LINE = r"[ \t\r\f\v]*+\n[ \t\n\r\f\v]*+"
_TOKEN = re.compile(
    rf"""
      (?P<space>{_SPACE})
    | (?P<line_comment>--[^\n]*+)
    | (?P<comment>/\*)
    | (?P<escaped>[eE]'(?:[^'\\]++|''|\\.)*+')
    | (?P<unterminated>[eE]')
    | (?P<special>[uU]&['"]|[bBxXnN]')
    | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*+)
    | (?P<number>(?:[0-9]++(?:\.(?!\.)[0-9]*+)?|\.[0-9]++)(?:[eE][-+]?[0-9]++)?)
    | (?P<parameter>\$[0-9]++)
    | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*+)?\$)
    | (?P<plain>{_PLAIN}(?:{_NEXT_LINE}{_PLAIN})*+)
    | (?P<quoted>"(?:[^"]++|"")++")
    | (?P<sign>:=|::|\.\.|[()\[\],;:.])
    | (?P<operator>[-+*/<>=~!@\#%^&|`?]{{1,{_OPERATOR_LIMIT}}}+)
    """,
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(_PLAIN)
_KINDS = {
    "word": TokenKind.WORD,
    "sign": TokenKind.SIGN,
    "operator": TokenKind.SIGN,
    "number": TokenKind.NUMBER,
    "parameter": TokenKind.PARAMETER,
    "quoted": TokenKind.QUOTED,
}
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_OPERATOR_END = re.compile(r"--|/\*")
_TEXT_BEGINNINGS = {"'": "quoted string", '"': "quoted identifier"}
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|''", re.DOTALL)
_ESCAPED_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Source:
    """A text and where its first character stands in the file that it was cut from (lines and columns from 1)."""

    def __init__(self, text: str, line: int = 1, column: int = 1) -> None:
        self.text = text
        self.line, self.column = line, column
        self._breaks = [match.end() for match in re.finditer("\n", text)]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset`."""
        row = bisect_right(self._breaks, offset)
        if row == 0:
            return self.line, self.column + offset
        return self.line + row, offset - self._breaks[row - 1] + 1

    def quoted(self, start: int, end: int | None = None) -> str:
        """What a message shows of the text from `start` on: one line, and not much of it."""
        return self.text[start : min(end or len(self.text), start + 100)].split("\n")[0]

    def error(self, offset: int, sqlstate: str, message: str) -> SqlError:
        """An SqlError that names the place of `offset`."""
        return SqlError(sqlstate, message, *self.place(offset))


def tokens_of(source: Source) -> list[Token]:
    """The tokens of `source`, an END token last; raises SqlError 42601 for what never ends or begins nothing."""
    text = source.text
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup == "unterminated":
            raise _no_token(source, position)
        kind = match.lastgroup or ""
        if kind in ("space", "line_comment"):
            position = match.end()
        elif kind == "comment":
            position = _comment_end(source, position)
        else:
            token = _token(source, kind, match)
            tokens.append(token)
            position = token.end
    tokens.append(Token(TokenKind.END, "", len(text), len(text)))
    return tokens


def is_blank(text: str) -> bool:
    """Whether a text holds nothing but white space, comments and semicolons; raises SqlError for an endless comment."""
    source = Source(text)
    position = 0
    while (match := _TOKEN.match(text, position)) is not None:
        if match.lastgroup == "comment":
            position = _comment_end(source, position)
        elif match.lastgroup in ("space", "line_comment") or match.group() == ";":
            position = match.end()
        else:
            return False
    return position == len(text)


def _token(source: Source, kind: str, match: re.Match[str]) -> Token:
    written, start, end = match.group(), match.start(), match.end()
    if kind == "operator":
        written = _operator(written)
        if len(written) == _OPERATOR_LIMIT:
            raise source.error(start, SYNTAX, "operator too long")
        end = start + len(written)
    elif kind == "dollar":
        end = _dollar_end(source, written, start)
    return Token(_KINDS.get(kind, TokenKind.STRING), _meaning(source, kind, written, start, end), start, end)


def _meaning(source: Source, kind: str, written: str, start: int, end: int) -> str:
    if kind == "word":
        written = _folded(written)
    elif kind == "quoted":
        written = written[1:-1].replace('""', '"')
    elif kind == "plain":
        written = "".join(piece[1:-1].replace("''", "'") for piece in _PIECE.findall(written))
    elif kind == "escaped":
        written = _unescaped(source, written[2:-1], start)
    elif kind == "dollar":
        written = source.text[start + len(written) : end - len(written)]
    elif kind == "number":
        _check_number(source, written, start, end)
    elif kind == "special":
        raise source.error(start, UNSUPPORTED, f"a literal that begins with {written} is not supported")
    return written


def _no_token(source: Source, position: int) -> SqlError:
    letter = source.text[position]
    if source.text[position : position + 2] in ("e'", "E'"):
        letter = "'"
    if letter == '"' and source.text.startswith('""', position):
        return source.error(position, SYNTAX, 'zero-length delimited identifier at or near """"')
    if letter in _TEXT_BEGINNINGS:
        return _unterminated(source, position, _TEXT_BEGINNINGS[letter])
    return source.error(position, SYNTAX, f'syntax error at or near "{letter}"')


def _comment_end(source: Source, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(source.text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise _unterminated(source, start, "/* comment")


def _unterminated(source: Source, start: int, what: str) -> SqlError:
    return source.error(start, SYNTAX, f'unterminated {what} at or near "{source.quoted(start)}"')


def _folded(word: str) -> str:
    return word.lower() if word.isascii() else "".join(one.lower() if one.isascii() else one for one in word)


def _operator(run: str) -> str:
    """The first operator of a run of signs: it stops at a comment, and seldom ends in a sign of a number."""
    ending = _OPERATOR_END.search(run)
    if ending is not None:
        run = run[: ending.start()]
    if not any(letter in "~!@#%^&|`?" for letter in run):
        run = run.rstrip("+-") or run[0]
    return run


def _check_number(source: Source, written: str, start: int, end: int) -> None:
    following = source.text[end : end + 1]
    if following and (following.isalpha() or following in "_$" or not following.isascii()):
        message = f'trailing junk after numeric literal at or near "{written}{following}"'
        raise source.error(start, SYNTAX, message)


def _dollar_end(source: Source, tag: str, start: int) -> int:
    ending = source.text.find(tag, start + len(tag))
    if ending < 0:
        raise _unterminated(source, start, "dollar-quoted string")
    return ending + len(tag)


def _unescaped(source: Source, written: str, start: int) -> str:
    def letter(match: re.Match[str]) -> str:
        octal, byte, short, long, plain = match.groups()
        if plain is not None:
            return _ESCAPED_LETTERS.get(plain, plain)
        if octal is None and byte is None and short is None and long is None:
            return "'"
        code = int(octal, 8) if octal is not None else int(byte or short or long, 16)
        is_byte = octal is not None or byte is not None
        if code == 0 or code > (0x7F if is_byte else 0x10FFFF) or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004
            raise source.error(start, SYNTAX, f"invalid escape {match.group()} in a text")
        return chr(code)

    return _ESCAPE.sub(letter, written)
