"""Scripts as trees: sqlglot's grammar, pinned, with nothing taken on trust; our own where it has none.

Whatever sqlglot reads, the checker refuses unless it knows the node and each of its arguments.
"""

import functools
import itertools
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from aergo_vc.base.limits import SCRIPT_CHARACTERS, STATEMENTS
from aergo_vc.sql.errors import LIMIT_EXCEEDED, SYNTAX, TOO_COMPLEX, UNSUPPORTED, SqlError
from aergo_vc.sql.language.grammar import Aergosql
from aergo_vc.sql.procedures.headers import is_own, parse_own_statement
from aergo_vc.sql.procedures.lexing import Source
from aergo_vc.sql.procedures.own_statements import OwnStatement
from aergo_vc.sql.running.recursion import deep_stack

TOKENS = 20_000
"""Words and signs in one statement; more rows than these allow come as loads."""
NESTING = 60
"""Levels that brackets may nest."""
OPERATORS_IN_A_ROW = 400
"""How long a chain such as ``a + b + c + …`` may get; each link is a level of the tree."""

_logger = logging.getLogger("sqlglot")
_logger.addHandler(logging.NullHandler())
_logger.propagate = False  # it writes warnings about statements that we refuse anyway

DIALECT = Aergosql()
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.CASE})
_HALVES = frozenset({TokenType.LT, TokenType.GT})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.END})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a script: its tree, its ordinal from 1, and where it begins.

    The tree is sqlglot's, or a value of `procedures.own_statements`.
    """

    tree: exp.Expression | OwnStatement
    number: int
    line: int
    column: int

    @property
    def sql(self) -> exp.Expression:
        """The tree, if it is sqlglot's; raises SqlError 0A000 for other statements."""
        if isinstance(self.tree, OwnStatement):
            raise SqlError(UNSUPPORTED, f"{self.tree.tag} is not supported here", self.tree.line, self.tree.column)
        return self.tree


@functools.lru_cache(maxsize=512)
@deep_stack()
def parse_script(script: str) -> tuple[Statement, ...]:
    """The statements of `script`; raises SqlError 42601 where the grammar does not allow it."""
    if len(script) > SCRIPT_CHARACTERS:
        raise SqlError(LIMIT_EXCEEDED, f"the script has {len(script)} characters; {SCRIPT_CHARACTERS} are allowed")
    if "\0" in script:
        raise SqlError(SYNTAX, "the script holds a NUL character")
    source = Source(script)
    groups = list(_split(_tokens(source)))
    if len(groups) > STATEMENTS:
        raise SqlError(LIMIT_EXCEEDED, f"the script has {len(groups)} statements; {STATEMENTS} are allowed")
    statements = []
    for number, group in enumerate(groups, 1):
        line, column = group.tokens[0].line, _start_column(group.tokens[0])
        try:
            statements.append(Statement(_parse(source, group), number, line, column))
        except SqlError as error:
            error.place(number, line, column)
            raise
    return tuple(statements)


def parse_expression(text: str) -> exp.Expression:
    """An expression in canonical spelling, as a catalog keeps it."""
    tree = parse_script(f"SELECT {text}")[0].sql
    found: exp.Expression = tree.expressions[0]
    return found


@dataclass(frozen=True, slots=True)
class _Group:
    """The tokens of a statement, and the offset of the semicolon or the end behind it."""

    tokens: list[Token]
    behind: int


def _tokens(source: Source) -> list[Token]:
    script = source.text
    try:
        tokens = DIALECT.tokenize(script)
    except SqlglotError as error:
        line = script.count("\n") + 1
        raise SqlError(SYNTAX, "unterminated quoted text or comment", line, 1) from error
    if "$" in script:  # behind which sqlglot loses count of lines and columns
        for token in tokens:
            token.line, column = source.place(token.start)
            token.col = column + token.end - token.start
    return tokens


def _start_column(token: Token) -> int:
    return max(1, token.col - max(0, token.end - token.start))


def _split(tokens: list[Token]) -> Iterable[_Group]:
    group: list[Token] = []
    for token in tokens:
        if token.token_type is not TokenType.SEMICOLON:
            group.append(token)
        elif group:
            yield _Group(group, token.start)
            group = []
    if group:
        yield _Group(group, group[-1].end + 1)


def _parse(source: Source, group: _Group) -> exp.Expression | OwnStatement:
    tokens = group.tokens
    if is_own([token.text.lower() for token in tokens[:4]]):
        start = tokens[0].start
        return parse_own_statement(Source(source.text[start : group.behind], *source.place(start)))
    if len(tokens) > TOKENS:
        raise SqlError(TOO_COMPLEX, f"the statement has {len(tokens)} words and signs; {TOKENS} are allowed")
    tokens, overriding = _without_overriding(tokens)
    _check_depth(tokens)
    _check_typed_literals(tokens)
    _check_junk(tokens, source.text)
    parser = DIALECT.parser(error_level=sqlglot.ErrorLevel.IMMEDIATE)
    try:
        trees = parser.parse(tokens, source.text)
    except SqlglotError as error:
        raise _syntax_error(error) from error
    except RecursionError:
        raise SqlError(TOO_COMPLEX, "the statement nests too deep") from None
    if len(trees) != 1 or trees[0] is None:
        raise SqlError(SYNTAX, "syntax error: one statement expected")
    tree = trees[0]
    assert isinstance(tree, exp.Expression)  # noqa: S101 - sqlglot types it more widely
    if overriding is not None:
        if not isinstance(tree, exp.Insert):
            raise SqlError(SYNTAX, 'syntax error at or near "overriding"')
        tree.set("overriding", overriding)
    return tree


def _without_overriding(tokens: list[Token]) -> tuple[list[Token], str | None]:
    """OVERRIDING SYSTEM VALUE and OVERRIDING USER VALUE, which sqlglot does not know, taken out of a statement."""
    for place in range(len(tokens) - 2):
        if tokens[place].text.upper() != "OVERRIDING" or tokens[place].token_type is TokenType.STRING:
            continue
        word = tokens[place + 1].text.lower()
        if word in ("system", "user") and tokens[place + 2].text.lower() == "value":
            return [*tokens[:place], *tokens[place + 3 :]], word
    return tokens, None


def _syntax_error(error: SqlglotError) -> SqlError:
    details = getattr(error, "errors", None)
    if not details:
        return SqlError(SYNTAX, "syntax error")
    found = details[0]
    line, column = found.get("line"), found.get("col")
    highlight = str(found.get("highlight") or "")
    message = f'syntax error at or near "{highlight[:100]}"' if highlight else "syntax error at end of input"
    return SqlError(SYNTAX, message, line, column and max(1, column - len(highlight) + 1))


def _check_depth(tokens: list[Token]) -> None:
    """Refuse what would take the parser, or SQLite, too deep."""
    depth = 0
    chain = [0]
    for token in tokens:
        if token.token_type in _OPENING:
            depth += 1
            chain.append(0)
        elif token.token_type in _CLOSING:
            depth -= 1
            if len(chain) > 1:
                chain.pop()
        elif token.token_type is TokenType.COMMA:
            chain[-1] = 0
        else:
            chain[-1] += 1
        if depth > NESTING:
            raise SqlError(TOO_COMPLEX, f"brackets nest deeper than {NESTING} levels", token.line, _start_column(token))
        if chain[-1] > 2 * OPERATORS_IN_A_ROW and len(tokens) > 0:
            raise SqlError(TOO_COMPLEX, "an expression is too long", token.line, _start_column(token))


def _check_typed_literals(tokens: list[Token]) -> None:
    """Refuse ``date '…'::text``: sqlglot would cast the other way round."""
    types = DIALECT.parser_class.TYPE_TOKENS
    for before, literal, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if literal.token_type is TokenType.STRING and after.token_type is TokenType.DCOLON:
            typed = before.token_type in types and before.token_type is not TokenType.VAR
            if typed or before.text.lower() in ("zone", "precision", "varying"):
                message = "a typed literal in front of :: needs parentheses"
                raise SqlError(UNSUPPORTED, message, literal.line, _start_column(literal))


def _check_junk(tokens: list[Token], text: str) -> None:
    """Refuse, as PostgreSQL does, what sqlglot would join or part.

    That is ``1_000``, which would be 1 under a name, ``'a' 'b'`` in one line, and ``1 < < 2``.
    """
    for token, after in itertools.pairwise(tokens):
        if token.token_type is TokenType.NUMBER:
            first = text[after.start]
            if after.start == token.end + 1 and (first.isalnum() or first == "_"):
                message = f'trailing junk after numeric literal at or near "{(token.text + after.text)[:100]}"'
                raise SqlError(SYNTAX, message, token.line, _start_column(token))
        elif token.token_type is after.token_type and token.token_type in _HALVES and after.start > token.end + 1:
            raise SqlError(SYNTAX, f'syntax error at or near "{after.text}"', after.line, _start_column(after))
        elif token.token_type is after.token_type is TokenType.STRING and "\n" not in text[token.end : after.start]:
            message = f'syntax error at or near "{text[after.start : after.end + 1][:100]}"'
            raise SqlError(SYNTAX, message, after.line, _start_column(after))


def place_of(node: exp.Expression) -> tuple[int, int] | None:
    """Line and column of the first word of `node` that the parser remembers."""
    best: tuple[int, int] | None = None
    for found in node.walk():
        meta = found._meta  # noqa: SLF001 - the property would create an empty dictionary for each node
        if meta and "line" in meta:
            place = (meta["line"], max(1, meta["col"] - (meta["end"] - meta["start"])))
            best = place if best is None else min(best, place)
    return best


def error_at(node: exp.Expression, sqlstate: str, message: str) -> SqlError:
    """An SqlError that names the place of `node`."""
    place = place_of(node)
    return SqlError(sqlstate, message, *place) if place else SqlError(sqlstate, message)


def unsupported(node: exp.Expression, what: str) -> SqlError:
    """What the language leaves out."""
    return error_at(node, UNSUPPORTED, f"{what} is not supported")


_SIGNS: dict[type[exp.Expression], str] = {
    exp.Pow: "^", exp.RegexpLike: "~", exp.RegexpILike: "~*",
    exp.ILike: "ILIKE", exp.UnicodeString: "U&'…'", exp.HexString: "X'…'", exp.BitString: "B'…'",
}  # fmt: skip


def spoken(node: exp.Expression) -> str:
    """What SQL calls such a part of a statement, to name it in a message: ``GROUPING SETS``, ``operator ~``."""
    sign = _SIGNS.get(type(node))
    if sign is not None:
        return sign if sign[0].isalpha() else f"operator {sign}"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).upper()


def require_only(node: exp.Expression, *known: str) -> None:
    """Refuse `node` if it has any argument but those in `known`."""
    for name, value in node.args.items():
        if value and name not in known:
            raise unsupported(node, f"{name.rstrip('_').replace('_', ' ').upper()} in {spoken(node)}")


def name_of(node: exp.Expression | None) -> str:
    """A name as PostgreSQL folds it: lower case unless quoted."""
    if not isinstance(node, exp.Identifier):
        raise SqlError(SYNTAX, "a name is expected") if node is None else error_at(node, SYNTAX, "a name is expected")
    text = str(node.this)
    return text if node.quoted else "".join(letter.lower() if letter.isascii() else letter for letter in text)


def is_one_query(script: str) -> bool:
    """Whether a script is one statement that only reads, but for what its routines do; raises as `parse_script`."""
    statements = parse_script(script)
    return len(statements) == 1 and isinstance(statements[0].tree, exp.Query)
