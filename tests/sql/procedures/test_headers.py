"""Definitions of routines, types and sequences, calls and grants become values; scripts hold them in their order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from aergo_vc.model.routines import Language, Mode, Volatility
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.language.source import parse_script
from aergo_vc.sql.procedures.own_statements import (
    AddEnumValue,
    AlterSequence,
    CallRoutine,
    ChangeGrants,
    CreateComposite,
    CreateEnum,
    CreateRoutine,
    CreateSequence,
    DropObjects,
    ObjectKind,
    SequenceOptions,
    WrittenPrivilege,
)
from aergo_vc.sql.procedures.syntax import Reference


def only(script: str) -> object:
    (statement,) = parse_script(script)
    return statement.tree


def routine(script: str) -> CreateRoutine:
    tree = only(script)
    assert isinstance(tree, CreateRoutine)
    return tree


def refusal(script: str) -> str:
    with pytest.raises(SqlError) as caught:
        parse_script(script)
    error = caught.value
    return f"{error.sqlstate} {error.line}:{error.column} {error.message}"


# Scripts


def test_a_script_holds_both_kinds_of_statements_in_their_order() -> None:
    script = """SELECT 1; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $a$ SELECT 1; $$ ; $$ -- ' $a$; -- a ; comment
      CALL p(';', $$;$$) /* ; */; SELECT $1
      , x; DROP TYPE t"""
    statements = parse_script(script)
    kinds = [type(one.tree) for one in statements]
    assert kinds == [exp.Select, CreateRoutine, CallRoutine, exp.Select, DropObjects]
    assert [one.number for one in statements] == [1, 2, 3, 4, 5]
    assert [(one.line, one.column) for one in statements] == [(1, 1), (1, 11), (2, 7), (2, 35), (3, 12)]


def test_places_behind_a_body_are_those_of_the_file() -> None:
    script = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n\nSELECT 1\n$$;\n  SELECT 1 FROM a JOIN;"
    assert refusal(script).startswith("42601 5:")


def test_a_statement_of_ours_is_no_tree_of_sqlglots() -> None:
    (statement,) = parse_script("\n CALL p()")
    with pytest.raises(SqlError, match="CALL is not supported here") as caught:
        _ = statement.sql
    assert (caught.value.sqlstate, caught.value.line, caught.value.column) == ("0A000", 2, 2)


# Routines


def test_a_function_has_parameters_a_result_and_options_in_any_order() -> None:
    found = routine("""create or replace function Bank."F"(
        a int, IN b numeric(12, 2) = 3.5, c t.x%TYPE DEFAULT f(1, ')')
    ) RETURNS SETOF text[] STRICT LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE COST 10 NOT LEAKPROOF
    AS $b$BEGIN END$b$""")
    assert (str(found.name), found.replace, found.is_procedure) == ("bank.F", True, False)
    assert [(one.name, one.mode) for one in found.parameters] == [("a", Mode.IN), ("b", Mode.IN), ("c", Mode.IN)]
    assert [one.default and one.default.text for one in found.parameters] == [None, "3.5", "f(1, ')')"]
    assert found.returns is not None
    assert found.returns.name is not None
    assert (found.returns.name.text, found.returns.dimensions, found.is_set) == ("text", 1, True)
    assert (found.language, found.volatility) == (Language.PLPGSQL, Volatility.STABLE)
    assert (found.is_strict, found.security_definer) == (True, True)


@pytest.mark.parametrize(
    ("written", "parameters"),
    [
        ("", []),
        ("int", [("", Mode.IN, "int")]),
        ("int, text[]", [("", Mode.IN, "int"), ("", Mode.IN, "text")]),
        ("a int, OUT b int, INOUT c int, IN OUT d int", [
            ("a", Mode.IN, "int"), ("b", Mode.OUT, "int"), ("c", Mode.INOUT, "int"), ("d", Mode.INOUT, "int"),
        ]),
        ("a OUT int, b IN text", [("a", Mode.OUT, "int"), ("b", Mode.IN, "text")]),
        ("OUT int", [("", Mode.OUT, "int")]),
        ("double precision, x double precision", [
            ("", Mode.IN, "double precision"), ("x", Mode.IN, "double precision"),
        ]),
        ("timestamp with time zone, t time", [("", Mode.IN, "timestamp with time zone"), ("t", Mode.IN, "time")]),
        ("interval, interval year to month, i interval", [
            ("", Mode.IN, "interval"), ("", Mode.IN, "interval year to month"), ("i", Mode.IN, "interval"),
        ]),
        ('bank.kind, a bank.kind, "T", a_b "T"', [
            ("", Mode.IN, "bank.kind"), ("a", Mode.IN, "bank.kind"), ("", Mode.IN, '"T"'), ("a_b", Mode.IN, '"T"'),
        ]),
        ("character varying(3) = 'a'", [("", Mode.IN, "character varying(3)")]),
    ],
)  # fmt: skip
def test_a_parameter_may_lack_its_name_or_its_mode(written: str, parameters: list[tuple[str, Mode, str]]) -> None:
    found = routine(f"CREATE PROCEDURE p({written}) LANGUAGE sql AS ''")
    assert [(one.name, one.mode, one.type.name and one.type.name.text) for one in found.parameters] == parameters


@pytest.mark.parametrize(
    ("result", "reference", "is_set"),
    [
        ("void", None, False),
        ("int", Reference.NAMED, False),
        ("record", Reference.RECORD, False),
        ("SETOF record", Reference.RECORD, True),
        ("t.x%TYPE", Reference.COLUMN_OR_VARIABLE, False),
        ("TABLE (x int, y text)", None, True),
    ],
)
def test_a_function_gives_a_value_a_set_or_nothing(result: str, reference: Reference | None, is_set: bool) -> None:
    found = routine(f"CREATE FUNCTION f() RETURNS {result} LANGUAGE sql AS ''")
    assert (found.returns and found.returns.reference, found.is_set) == (reference, is_set)
    columns = [one.name for one in found.parameters if one.mode is Mode.TABLE]
    assert columns == (["x", "y"] if "TABLE" in result else [])


@pytest.mark.parametrize(
    ("written", "body", "place"),
    [
        ("$$\n x$$", "\n x", (2, 6)),
        ("$ab$x$ab$", "x", (2, 8)),
        ("'it''s'", "it's", (2, 5)),
        (r"E'a\nb'", "a\nb", (2, 6)),
    ],
)
def test_a_body_knows_where_it_begins(written: str, body: str, place: tuple[int, int]) -> None:
    found = routine(f"CREATE PROCEDURE p() LANGUAGE 'PLpgSQL' AS\n   {written};").body
    assert (found.text, (found.line, found.column)) == (body, place)


# Types, sequences, what is dropped, calls


def test_types_are_enums_or_composites() -> None:
    enum = only("CREATE TYPE mood AS ENUM ('sad', 'it''s ok')")
    composite = only("CREATE TYPE bank.line AS (item int, amount numeric(12,2)[])")
    assert isinstance(enum, CreateEnum)
    assert enum.labels == ("sad", "it's ok")
    assert isinstance(composite, CreateComposite)
    assert [(name, one.dimensions) for name, one in composite.fields] == [("item", 0), ("amount", 1)]


def test_an_enum_gets_labels_at_a_place() -> None:
    found = only("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'bored' BEFORE 'ok'")
    assert isinstance(found, AddEnumValue)
    assert (found.label, found.if_not_exists, found.before, found.after) == ("bored", True, "ok", None)


def test_sequences_have_options() -> None:
    made = only("CREATE SEQUENCE IF NOT EXISTS s INCREMENT BY -2 NO MINVALUE MAXVALUE 9 START 5 CACHE 3 OWNED BY t.a")
    changed = only("ALTER SEQUENCE s RESTART INCREMENT 3")
    begun = only("ALTER SEQUENCE IF EXISTS s RESTART WITH -7")
    assert isinstance(made, CreateSequence)
    assert made.options == SequenceOptions(increment=-2, maximum=9, start=5, owned_by=("t", "a"))
    assert isinstance(changed, AlterSequence)
    assert changed.options == SequenceOptions(increment=3, restart=(None,))
    assert isinstance(begun, AlterSequence)
    assert begun.options == SequenceOptions(restart=(-7,))


def test_routines_are_dropped_by_name_or_by_name_and_types() -> None:
    found = only("DROP FUNCTION IF EXISTS a.f(int, OUT b text, c double precision), g, h() RESTRICT")
    assert isinstance(found, DropObjects)
    assert (found.kind, found.if_exists) == (ObjectKind.FUNCTION, True)
    assert [str(one.name) for one in found.objects] == ["a.f", "g", "h"]
    types = [one.arguments and [kind.name and kind.name.text for kind in one.arguments] for one in found.objects]
    assert types == [["int", "double precision"], None, ()]


def test_a_call_has_arguments() -> None:
    found = only("CALL bank.pay(1 + 2, 'a;b', amount => ARRAY[1, 2])")
    assert isinstance(found, CallRoutine)
    assert str(found.name) == "bank.pay"
    assert [(name, one.text) for name, one in found.arguments] == [
        (None, "1 + 2"), (None, "'a;b'"), ("amount", "ARRAY[1, 2]"),
    ]  # fmt: skip


# Grants


@pytest.mark.parametrize(
    ("script", "kind", "objects", "grantees"),
    [
        ("GRANT SELECT ON t TO bob", "table", ["t"], ["bob"]),
        ("GRANT SELECT ON TABLE t, s.u TO Bob, PUBLIC", "table", ["t", "s.u"], ["bob", "public"]),
        ('REVOKE ALL PRIVILEGES ON SEQUENCE q FROM ROLE c, "x-y" RESTRICT', "sequence", ["q"], ["role:c", "x-y"]),
        ("GRANT EXECUTE ON FUNCTION f(int, text), g TO bob", "function", ["f", "g"], ["bob"]),
        ("GRANT EXECUTE ON PROCEDURE p TO role", "procedure", ["p"], ["role"]),
        ("GRANT USAGE, CREATE ON SCHEMA bank TO bob", "contract", ["bank"], ["bob"]),
        ("REVOKE INSERT ON ALL TABLES IN SCHEMA a, b FROM bob", "table", ["a", "b"], ["bob"]),
    ],
)  # fmt: skip
def test_grants_name_objects_and_grantees(script: str, kind: str, objects: list[str], grantees: list[str]) -> None:
    found = only(script)
    assert isinstance(found, ChangeGrants)
    assert (found.kind, [str(one.name) for one in found.objects], list(found.grantees)) == (kind, objects, grantees)
    assert found.revoke == script.startswith("REVOKE")
    assert found.all_in == ("ALL TABLES" in script)


def test_privileges_may_be_of_columns() -> None:
    found = only('GRANT SELECT, UPDATE (a, "B"), ALL (c) ON t TO bob')
    assert isinstance(found, ChangeGrants)
    assert found.privileges == (
        WrittenPrivilege("select"), WrittenPrivilege("update", ("a", "B")), WrittenPrivilege("all", ("c",)),
    )  # fmt: skip


# What is refused

TAIL = "LANGUAGE sql AS ''"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (f"CREATE FUNCTION f() {TAIL}", "42P13 1:1 function result type must be specified"),
        ("CREATE FUNCTION f() RETURNS int AS ''", "42P13 1:1 no language specified"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql", "42P13 1:1 no function body specified"),
        (f"CREATE PROCEDURE p() LANGUAGE sql {TAIL}", "42601 1:35 conflicting or redundant options"),
        (f"CREATE PROCEDURE p() STABLE VOLATILE {TAIL}", "42601 1:29 conflicting or redundant options"),
        (f"CREATE PROCEDURE p(a int, a text) {TAIL}", '42P13 1:27 parameter name "a" used more than once'),
        (
            f"CREATE PROCEDURE p(a int = 1, b int) {TAIL}",
            "42P13 1:31 input parameters after one with a default value must also have defaults",
        ),
        (f"CREATE PROCEDURE p(OUT a int = 1) {TAIL}", "42P13 1:20 only input parameters can have default values"),
        (f"CREATE PROCEDURE p(a int b) {TAIL}", '42601 1:26 syntax error at or near "b"'),
        (f"CREATE PROCEDURE p(a SETOF int) {TAIL}", "42P13 1:22 functions cannot accept set arguments"),
        (f"CREATE PROCEDURE p(VARIADIC a int[]) {TAIL}", "0A000 1:20 VARIADIC is not supported: take an array"),
        (f"CREATE PROCEDURE p() RETURNS int {TAIL}", '42601 1:22 syntax error at or near "RETURNS"'),
        (f"CREATE PROCEDURE p() {TAIL} FOO", '42601 1:41 syntax error at or near "FOO"'),
        (
            f"CREATE FUNCTION f(OUT a int) RETURNS TABLE (b int) {TAIL}",
            "42601 1:44 OUT and INOUT arguments aren't allowed in TABLE functions",
        ),
        (f"CREATE FUNCTION f() RETURNS trigger {TAIL}", "0A000 1:29 triggers are not supported: call a procedure"),
        (
            f"CREATE PROCEDURE a.b.c() {TAIL}",
            "42601 1:18 improper qualified name (too many dotted names): a.b.c",
        ),
        (
            "CREATE PROCEDURE p() LANGUAGE plpython AS ''",
            '0A000 1:31 language "plpython" is not supported: sql and plpgsql are',
        ),
        (
            f"CREATE PROCEDURE p() SET search_path = x {TAIL}",
            "0A000 1:22 SET of a routine is not supported: there are no settings",
        ),
        (
            "CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC",
            "0A000 1:35 a body that is not a text is not supported: write AS $$ … $$",
        ),
        ("CREATE TYPE m AS ENUM ('a', 'a')", '23505 1:29 enum label "a" used more than once'),
        ("CREATE TYPE m AS ENUM (a)", '42601 1:24 syntax error at or near "a"'),
        ("CREATE TYPE m AS (a int, a int)", '42701 1:26 column "a" specified more than once'),
        ("CREATE TYPE m AS RANGE (subtype = int)", "0A000 1:18 a range type is not supported"),
        ("ALTER TYPE m RENAME TO n", "0A000 1:14 ALTER TYPE other than ADD VALUE is not supported"),
        ("DROP FUNCTION f CASCADE", "0A000 1:17 CASCADE is not supported: drop what depends on it first"),
        ("DROP TYPE a b", '42601 1:13 syntax error at or near "b"'),
        ("CREATE SEQUENCE s INCREMENT 1 INCREMENT 2", "42601 1:31 conflicting or redundant options"),
        ("CREATE SEQUENCE s CYCLE", "0A000 1:19 CYCLE is not supported: a sequence gives no number twice"),
        ("CREATE SEQUENCE s RESTART", '42601 1:19 syntax error at or near "RESTART"'),
        (
            "CREATE SEQUENCE s START 9223372036854775808",
            '22003 1:25 value "9223372036854775808" is out of range for type bigint',
        ),
        ("ALTER SEQUENCE s", "42601 1:17 syntax error at end of input"),
        ("CALL p", "42601 1:7 syntax error at end of input"),
        ("CALL p(1))", '42601 1:10 syntax error at or near ")"'),
        ("CALL p(a => 1, 2)", "42601 1:16 positional argument cannot follow named argument"),
        ("EMIT e (a)", "0A000 1:1 EMIT outside a routine is not supported"),
        ("GRANT nix ON t TO bob", '42601 1:7 unrecognized privilege type "nix"'),
        ("GRANT DELETE (a) ON t TO bob", "0LP01 1:14 invalid privilege type DELETE for column"),
        ("GRANT clerk TO bob", "0A000 1:1 membership of roles is the directory's, not GRANT's"),
        (
            "GRANT SELECT ON t TO bob WITH GRANT OPTION",
            "0A000 1:26 WITH GRANT OPTION is not supported: a contract's owner grants",
        ),
        ('GRANT SELECT ON t TO "role:clerk"', '42602 1:22 "role:clerk" is no name of an entity'),
        ("REVOKE SELECT ON t TO bob", '42601 1:20 syntax error at or near "TO"'),
    ],
)
def test_what_is_no_such_statement_is_refused_at_its_place(script: str, error: str) -> None:
    assert refusal(script) == error


WORDS = """CREATE OR REPLACE FUNCTION PROCEDURE TYPE SEQUENCE DROP ALTER CALL GRANT REVOKE EMIT a b.c ( ) , ; = => :=
int text[] RETURNS TABLE SETOF void record LANGUAGE sql AS $$ '' 'x' ENUM ADD VALUE RESTART 1 - ON TO FROM ALL SELECT IF
EXISTS OUT DEFAULT NULL STRICT %TYPE double precision interval year " ' $ -- /* */ [ ] . é"""
PIECES = st.sampled_from(WORDS.split())


@given(st.sampled_from(["CREATE FUNCTION f", "CREATE TYPE", "ALTER", "DROP", "CALL", "GRANT", ""]), st.lists(PIECES))
@settings(max_examples=300, deadline=None)
def test_any_script_is_read_or_is_an_error_at_a_place_in_it(beginning: str, pieces: list[str]) -> None:
    script = " ".join([beginning, *pieces])
    try:
        parse_script(script)
    except SqlError as error:
        assert error.line == 1
        assert error.column is not None
        assert 1 <= error.column <= len(script) + 1
