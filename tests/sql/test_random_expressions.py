"""Random expressions, drawn from templates over the columns of a table, are worth the same in PostgreSQL."""

import random
from collections.abc import Callable, Iterator

import pytest
from postgresql import VERSION, Client, programs, server
from sql_answers import ROLE, from_engine, from_postgresql
from sql_cases import Statement

from aergo_vc.sql.engine import Engine

COLUMNS = {"a": "integer", "b": "integer", "s": "smallint", "g": "bigint", "n": "numeric(8,2)", "m": "numeric"}
COLUMNS |= {"t": "text", "u": "varchar(10)", "p": "boolean", "q": "boolean", "d": "date", "e": "date"}

ROWS = [
    "1, 2, 3, 4, 1.005, 2.50, 'Abc', 'x', true, false, '2024-02-28', '2023-01-01'",
    "NULL, 0, NULL, 9223372036854775807, NULL, 0.1, NULL, '', NULL, true, NULL, '2000-02-29'",
    "2147483647, -7, -32768, -1, 999999.99, -12345678901234567890.123, 'ä,b', ' a ', false, NULL, '2024-12-31', "
    "'2024-12-31'",
]

LEAVES = {
    "int": "a b 0 1 7 -1 100 46341 2147483647 -2147483648 s s::integer",
    "big": "g g 3000000000 9223372036854775807 -9223372036854775808 5::bigint a",
    "num": "n m n m 1.5 0.00 -2.25 100.005 12345678901234567890.5 1e-5 3.0",
    "text": "t u t u '' 'a' 'Abc' 'äb' '12' 'x,y'",
    "bool": "p q p q true false",
    "date": "d e d e CAST('2024-02-29'AS\u00a0date) CAST('1999-12-31'AS\u00a0date)",
}

TEMPLATES = {
    "int": "({int} + {int});({int} - {int});({int} * {int});({int} / {int});({int} % {int});(-{int});abs({int});"
    "CASE WHEN {bool} THEN {int} ELSE {int} END;coalesce({int}, {int});nullif({int}, {int});greatest({int}, {int});"
    "least({int}, {int}, {int});length({text});strpos({text}, {text});({date} - {date});CAST({num} AS integer);"
    "CAST({bool} AS integer);mod({int}, {int})",
    "big": "({big} + {int});({big} - {big});({int} * {big});({big} / {big});({big} % {int});(-{big});abs({big});"
    "CASE WHEN {bool} THEN {big} ELSE {int} END;CAST({num} AS bigint);coalesce({int}, {big});CAST({int} AS bigint)",
    "num": "({num} + {num});({num} - {big});({int} * {num});({num} / {num});({num} % {num});(-{num});abs({num});"
    "round({num});round({num}, 1);round({num}, -1);trunc({num});trunc({num}, 1);ceil({num});floor({num});sign({num});"
    "CAST({num} AS numeric(6,2));CAST({big} AS numeric(30,10));CASE WHEN {bool} THEN {num} ELSE {int} END;"
    "coalesce({num}, {int});greatest({num}, {big});mod({num}, {num});extract(week FROM {date});nullif({num}, {num})",
    "text": "({text} || {text});({text} || {num});({int} || {text});upper({text});lower({text});left({text}, -1);"
    "right({text}, 2);substr({text}, 0, 2);replace({text}, {text}, {text});concat({bool}, {text}, {num});"
    "concat_ws({text}, {date}, {int});CAST({num} AS text);CAST({bool} AS text);CAST({date} AS text);"
    "coalesce({text}, {text});CASE {int} WHEN {int} THEN {text} WHEN 1 THEN {text} END;trim({text});"
    "lpad({text}, 4, {text});reverse({text});nullif({text}, {text});split_part({text}, ',', 2);repeat({text}, 2);"
    "CAST({text} AS varchar(3));least({text}, {text})",
    "bool": "({num} < {int});({int} = {num});({big} <> {int});({text} >= {text});({date} > {date});({bool} = {bool});"
    "({bool} AND {bool});({bool} OR {bool});(NOT {bool});({text} IS NULL);({num} IS NOT NULL);({bool} IS NOT TRUE);"
    "({int} IN ({int}, {big}, {int}));({int} NOT IN ({int}, {int}));({num} BETWEEN {int} AND {num});"
    "({num} IS DISTINCT FROM {int});({text} LIKE 'a%');({text} LIKE '%b');starts_with({text}, {text})",
    "date": "({date} + {int});({date} - 365);coalesce({date}, {date});greatest({date}, {date});"
    "CASE WHEN {bool} THEN {date} END",
}


def expression(rng: random.Random, kind: str, depth: int) -> str:
    """A random expression of a kind."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(LEAVES[kind].split(" ")).replace("\u00a0", " ")
    template = rng.choice(TEMPLATES[kind].split(";"))
    parts = template.replace("{", "\0{").replace("}", "\0").split("\0")
    return "".join(expression(rng, part[1:], depth - 1) if part.startswith("{") else part for part in parts)


def is_error(answer: tuple[str, ...]) -> bool:
    """Whether a value was out of range, or divided by zero."""
    return any(line.startswith("ERROR 22") for line in answer)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    if programs() is None:
        pytest.skip(f"PostgreSQL {VERSION} is not installed")
    with server(ROLE) as found:
        yield found


def queried(drawn: str, kind: str, row: int) -> list[str]:
    """The value of an expression over the columns of a row."""
    return [f"SELECT {drawn} FROM r WHERE i = {row};"]


def returned(drawn: str, kind: str, row: int) -> list[str]:
    """The same by a routine, over its parameters."""
    parameters = ", ".join(f"{name} {column.partition('(')[0]}" for name, column in COLUMNS.items())
    given = {"int": "integer", "big": "bigint", "num": "numeric", "bool": "boolean"}.get(kind, kind)
    body = f"DECLARE x {given}; BEGIN x := {drawn}; RETURN x; END"
    return [
        "DROP FUNCTION IF EXISTS f;",
        f"CREATE FUNCTION f({parameters}) RETURNS {given} LANGUAGE plpgsql AS $$ {body} $$;",
        f"SELECT f({', '.join(COLUMNS)}) FROM r WHERE i = {row};",
    ]


@pytest.mark.parametrize("asked", [queried, returned])
def test_random_expressions_give_what_postgresql_gives(
    client: Client, rng: random.Random, request: pytest.FixtureRequest, asked: Callable[[str, str, int], list[str]]
) -> None:
    client.reset()
    engine = Engine()

    def answers(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return from_postgresql(client, text), from_engine(engine, Statement((), text, ()), 9)

    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    answers(f"CREATE TABLE r (i integer PRIMARY KEY, {columns});")
    for number, row in enumerate(ROWS):
        assert answers(f"INSERT INTO r VALUES ({number}, {row});") == (("INSERT 1",), ("INSERT 1",))
    count = 5_000 if request.config.getoption("--long") else 300
    hasty, differences = [], []
    for _ in range(count):
        kind = rng.choice(list(TEMPLATES))
        texts = asked(expression(rng, kind, rng.choice([1, 2, 2, 3])), kind, rng.randrange(len(ROWS)))
        found = [answers(text) for text in texts]
        theirs, ours = found[-1]
        if is_error(theirs) != any(is_error(answer) for _, answer in found):
            # What is constant PostgreSQL computes ahead; what NULL or false decides it may pass over.
            hasty.append((texts, theirs, ours))
        elif theirs != ours and not is_error(theirs):
            differences.append((texts, theirs, ours))
    assert differences[:20] == []
    assert len(hasty) <= 2 + count // 200, hasty
