"""PostgreSQL's grammar as sqlglot has it, with what it bends on the way put straight.

A call keeps its name and all its arguments unless the function is listed here with the number of arguments that
sqlglot's node has room for; subscripts count as they are written; intervals and JSON operators stay as they are.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import TokenType

_Builder = Callable[..., Any]


class JsonOperator(exp.Expression, exp.Binary):
    """``->``, ``->>``, ``#>``, ``#>>`` or ``?``, whose sign is `sign`."""

    arg_types: ClassVar = {"this": True, "expression": True, "sign": True}


_MANY = 100
_ARGUMENTS = {
    **dict.fromkeys(("ABS", "CEIL", "CEILING", "FLOOR", "SIGN", "LOWER", "UPPER", "LENGTH", "CHAR_LENGTH"), (1, 1)),
    **dict.fromkeys(("CHARACTER_LENGTH", "REVERSE", "ASCII", "SUM", "AVG", "MIN", "MAX", "COUNT"), (1, 1)),
    **dict.fromkeys(("BOOL_AND", "BOOL_OR", "FIRST_VALUE", "LAST_VALUE"), (1, 1)),
    **dict.fromkeys(("MOD", "LEFT", "RIGHT", "STRPOS", "REPEAT", "STARTS_WITH", "NULLIF"), (2, 2)),
    **dict.fromkeys(("REPLACE", "SPLIT_PART"), (3, 3)),
    **dict.fromkeys(("ROUND", "TRUNC", "LTRIM", "RTRIM", "BTRIM"), (1, 2)),
    **dict.fromkeys(("LPAD", "RPAD"), (2, 3)),
    **dict.fromkeys(("LAG", "LEAD"), (1, 3)),
    **dict.fromkeys(("NOW", "ROW_NUMBER", "RANK", "DENSE_RANK"), (0, 0)),
    "NTILE": (1, 1),
    **dict.fromkeys(("COALESCE", "GREATEST", "LEAST", "CONCAT"), (1, _MANY)),
    "SUBSTR": (2, 3),
    "CONCAT_WS": (2, _MANY),
}
"""How many arguments the functions take that sqlglot makes nodes of their own from."""

_UNITS = frozenset(("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"))

_SPELLED = ("CAST", "EXTRACT", "OVERLAY", "POSITION", "STRING_AGG", "SUBSTRING", "TRIM")
"""Functions with words between their arguments."""


def _counted(name: str, build: _Builder, least: int, most: int) -> _Builder:
    """Another number of arguments makes a call of a function that does not exist."""

    def built(arguments: list[Any], **more: Any) -> Any:  # noqa: ANN401 - sqlglot's node, or its dialect
        if least <= len(arguments) <= most:
            return build(arguments, **more)
        return exp.Anonymous(this=name.lower(), expressions=arguments)

    return built


_BUILDERS: dict[str, _Builder] = {
    **{name: PostgresParser.FUNCTIONS[name] for name in _ARGUMENTS if name in PostgresParser.FUNCTIONS},
    "CEIL": lambda arguments: exp.Ceil(this=arguments[0]),
    "CEILING": lambda arguments: exp.Ceil(this=arguments[0]),
    "FLOOR": lambda arguments: exp.Floor(this=arguments[0]),
}


def _json_operator(sign: str) -> Callable[[Any, Any, Any], Any]:
    return lambda parser, left, right: parser.expression(JsonOperator(this=left, expression=right, sign=sign))


class _Parser(PostgresParser):
    FUNCTIONS: ClassVar = {
        name: _counted(name, _BUILDERS[name], least, most) for name, (least, most) in _ARGUMENTS.items()
    }
    FUNCTION_PARSERS: ClassVar = {
        **{name: PostgresParser.FUNCTION_PARSERS[name] for name in _SPELLED},
        "STRING_AGG": lambda parser: parser._parse_joining(),  # noqa: SLF001 - sqlglot's way to hook in
    }
    KEY_CONSTRAINT_OPTIONS: ClassVar = {**PostgresParser.KEY_CONSTRAINT_OPTIONS, "NOT": ("ENFORCED", "DEFERRABLE")}
    LAMBDAS: ClassVar = {TokenType.FARROW: PostgresParser.LAMBDAS[TokenType.FARROW]}  # f(a -> 'b') is no function
    UNARY_PARSERS: ClassVar = {
        **PostgresParser.UNARY_PARSERS,
        # ~ holds less tightly than + and *
        TokenType.RLIKE: lambda parser: parser.expression(exp.BitwiseNot(this=parser._parse_term())),  # noqa: SLF001
    }
    JSON_OPERATORS: ClassVar = {
        TokenType.ARROW: _json_operator("->"),
        TokenType.DARROW: _json_operator("->>"),
        TokenType.HASH_ARROW: _json_operator("#>"),
        TokenType.DHASH_ARROW: _json_operator("#>>"),
        TokenType.PLACEHOLDER: _json_operator("?"),
    }

    def _parse_interval(self, require_interval: bool = True, parse_function_unit: bool = True) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002
        """``interval '…'`` as a cast; sqlglot would take the text apart."""
        index = self._index
        if not self._match(TokenType.INTERVAL):
            return None
        if not self._match(TokenType.STRING, advance=False):
            self._retreat(index)
            return None
        literal: Any = self._parse_primary()
        if self._curr is not None and self._curr.text.upper() in _UNITS:
            literal = exp.Literal.string(f"{literal.name} {self._curr.text.lower()}")
            self._advance()
        return self.expression(exp.Cast(this=literal, to=exp.DataType(this=exp.DType.INTERVAL)))

    def _parse_joining(self) -> Any:  # noqa: ANN401
        """string_agg: two arguments, and an order behind the second."""
        start = self._index
        arguments = self._parse_csv(self._parse_disjunction)
        if len(arguments) > 2:  # noqa: PLR2004
            self._parse_order()
            return self.expression(exp.Anonymous(this="string_agg", expressions=arguments))
        self._retreat(start)
        return self._parse_string_agg()


class _Generator(PostgresGenerator):
    TRANSFORMS: ClassVar = {
        **PostgresGenerator.TRANSFORMS,
        exp.BitwiseNot: lambda generator, node: f"~ {generator.sql(node, 'this')}",
        JsonOperator: lambda generator, node: (
            f"{generator.sql(node, 'this')} {node.args['sign']} {generator.sql(node, 'expression')}"
        ),
    }


class Aergosql(Postgres):
    """The dialect of transactions."""

    INDEX_OFFSET = 0
    Parser = _Parser
    Generator = _Generator


def is_left_out(name: str) -> bool:
    """Whether a function is known elsewhere, under that name, and not here."""
    return name.upper() in _ELSEWHERE and name.upper() not in _ARGUMENTS


_ELSEWHERE = frozenset(PostgresParser.FUNCTIONS) | {"CLOCK_TIMESTAMP", "STATEMENT_TIMESTAMP", "SETSEED"}
