"""The manual's page about the language names the functions that there are, the codes and the limits."""

import re

import pytest
from sql_world import context
from world import ROOT

from aergo_vc.base import limits
from aergo_vc.sql import errors
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.language import binder, column_types, source, sources
from aergo_vc.sql.running.budget import Budget

PAGE = (ROOT / "man" / "man7" / "aergosql.7").read_text()
LISTS = ("Conditionals", "Text", "Bytes", "Numbers", "Arrays", "JSON", "Aggregates", "Windows")

# What calls each function that the page names, over the rows of `v (n, w)`.
CALLS = {
    **dict.fromkeys(["abs", "ceil", "ceiling", "floor", "round", "trunc", "sign"], "{}(1.5)"),
    **dict.fromkeys(["mod", "div", "gcd", "lcm"], "{}(5, 3)"),
    **dict.fromkeys(
        ["length", "char_length", "character_length", "octet_length", "lower", "upper", "reverse"], "{}('a')"
    ),
    **dict.fromkeys(["trim", "btrim", "ltrim", "rtrim", "ascii"], "{}('a')"),
    **dict.fromkeys(["left", "right", "repeat", "substring", "substr", "lpad", "rpad"], "{}('ab', 2)"),
    **dict.fromkeys(["strpos", "concat", "concat_ws", "starts_with"], "{}('a', 'b')"),
    "position": "{}('a' IN 'b')",
    **dict.fromkeys(["replace", "translate"], "{}('a', 'b', 'c')"),
    "overlay": "{}('abc' PLACING 'x' FROM 2)",
    "split_part": "{}('a,b', ',', 1)",
    "chr": "{}(65)",
    "format": "{}('%s', 1)",
    **dict.fromkeys(["initcap", "quote_ident", "quote_literal", "quote_nullable", "md5"], "{}('a')"),
    "sha256": "{}('\\x00')",
    "encode": "{}('\\x00', 'hex')",
    "decode": "{}('00', 'hex')",
    "case": "{} WHEN true THEN 1 END",
    **dict.fromkeys(["coalesce", "nullif", "greatest", "least"], "{}(1, 2)"),
    **dict.fromkeys(["count", "sum", "avg", "min", "max"], "{}(n)"),
    **dict.fromkeys(["bool_and", "bool_or", "every"], "{}(n > 1)"),
    "string_agg": "{}(w, ',' ORDER BY w)",
    **dict.fromkeys(["array_agg", "jsonb_agg"], "{}(w ORDER BY n)"),
    **dict.fromkeys(["array_length", "array_upper", "array_lower"], "{}(ARRAY[1, 2], 1)"),
    **dict.fromkeys(["cardinality", "array_ndims"], "{}(ARRAY[1, 2])"),
    **dict.fromkeys(["array_append", "array_position", "array_positions", "array_remove"], "{}(ARRAY[1, 2], 2)"),
    "array_prepend": "{}(1, ARRAY[2])",
    "array_cat": "{}(ARRAY[1], ARRAY[2])",
    "array_fill": "{}(1, ARRAY[2])",
    "array_replace": "{}(ARRAY[1], 1, 2)",
    "string_to_array": "{}('a,b', ',')",
    "array_to_string": "{}(ARRAY[1, 2], ',')",
    "to_jsonb": "{}(n)",
    "jsonb_set": "{}('[1]', '{{0}}', '2')",
    "jsonb_object_agg": "{}(w, n)",
    "jsonb_build_array": "{}(n, w)",
    "jsonb_build_object": "{}(w, n)",
    **dict.fromkeys(["jsonb_array_length", "jsonb_typeof"], "{}('[1]'::jsonb)"),
    "ntile": "{}(2) OVER (ORDER BY n)",
    **dict.fromkeys(["row_number", "rank", "dense_rank"], "{}() OVER (ORDER BY n)"),
    **dict.fromkeys(["lag", "lead", "first_value", "last_value"], "{}(n) OVER (ORDER BY n)"),
}


def named(title: str) -> set[str]:
    """The functions in one entry of the page: lower-case names, or all in capitals, up to its first clause."""
    entry = re.search(rf"^\.It {title}\n(.*?)(?=^\.It |^\.El)", PAGE, re.MULTILINE | re.DOTALL)
    assert entry is not None
    lines = [line.removeprefix(".Li ") for line in entry[1].splitlines() if line.startswith(".Li ")]
    words = {word for line in lines for word in re.findall(r"[A-Za-z_][A-Za-z_0-9]*", line)}
    return {word.lower() for word in words if word.islower() or title == "Conditionals"}


def test_the_page_names_the_functions_that_are_tried_here() -> None:
    assert set().union(*map(named, LISTS)) == CALLS.keys()


@pytest.mark.parametrize("function", CALLS)
def test_a_function_of_the_page_exists(function: str) -> None:
    call = CALLS[function].format(function)
    Engine().run(f"SELECT {call} FROM (VALUES (1, 'a'), (2, 'b')) AS v (n, w)", context())


@pytest.mark.parametrize(
    "call",
    [
        "sqrt(4)",
        "power(2, 3)",
        "random()",
        "to_number('5', '9')",
        "cbrt(8)",
        "pi()",
    ],
)
def test_a_function_that_the_page_does_not_name_is_refused(call: str) -> None:
    assert not re.search(rf"\b{call.partition('(')[0]}\b", PAGE)
    with pytest.raises(SqlError) as caught:
        Engine().run(f"SELECT {call}", context())
    assert caught.value.sqlstate in (errors.UNSUPPORTED, errors.UNDEFINED_FUNCTION)


def test_the_page_explains_every_code() -> None:
    codes = {value for value in vars(errors).values() if isinstance(value, str) and re.fullmatch(r"[0-9A-Z]{5}", value)}
    table = PAGE[PAGE.index(".Sh ERROR CODES") : PAGE.index(".Sh DIFFERENCES")]
    assert codes - set(re.findall(r"\b[0-9][0-9A-Z]{4}\b", table)) == {errors.UNDEFINED_PARAMETER}


def test_the_page_names_the_functions_that_tell_where_a_transaction_runs() -> None:
    functions = re.findall(r"^\.It Li (aergo_\w+\(\))", PAGE, re.MULTILINE)
    row = Engine().run(f"SELECT {', '.join(functions)}", context()).results[-1].rows[0]
    assert row == (5, context().transaction, context().chain, "main", None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("CASE 1 WHEN 2 THEN NULL; END CASE;", "20000"),
        ("NULL;", "2F005"),
        ("RAISE EXCEPTION 'no';", "P0001"),
        ("SELECT w INTO STRICT found FROM (VALUES (1)) v(w) WHERE w > 1;", "P0002"),
        ("SELECT w INTO STRICT found FROM (VALUES (1), (2)) v(w);", "P0003"),
        ("ASSERT false;", "P0004"),
        ("sure := NULL;", "22004"),
        ("many[0] := 1;", "2202E"),
    ],
)
def test_the_page_explains_what_routines_raise(body: str, code: str) -> None:
    engine = Engine()
    declarations = "DECLARE found int; sure int NOT NULL := 1; many int[];"
    engine.run(f"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ {declarations} BEGIN {body} END $$", context())
    with pytest.raises(SqlError) as caught:
        engine.run("SELECT f()", context(1))
    assert caught.value.sqlstate == code
    assert re.search(rf"^\.It .*\b{code}\b.* Ta ", PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    "number",
    [
        source.SCRIPT_CHARACTERS,
        source.STATEMENTS,
        source.TOKENS,
        source.NESTING,
        source.OPERATORS_IN_A_ROW,
        sources.DEPTH,
        binder.SOURCES,
        column_types.GREATEST_LENGTH,
        limits.ROW_BYTES,
        limits.KEY_CODE_CHARACTERS,
        limits.TABLE_COLUMNS,
        Budget().statements,
        Budget().rows,
        Budget().bytes,
    ],
)
def test_the_page_names_the_limits(number: int) -> None:
    assert re.search(rf"(?<!\d){number}(?!\d)", PAGE)
