"""PL/pgSQL as text becomes values that say the same."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.language.source import parse_script
from aergo_vc.sql.procedures.own_statements import CreateRoutine
from aergo_vc.sql.procedures.parsing import NESTING, parse_body
from aergo_vc.sql.procedures.syntax import (
    AliasDeclaration,
    Assert,
    Assign,
    Block,
    CallProcedure,
    Case,
    CursorDeclaration,
    Emit,
    Exit,
    ForCursor,
    ForEach,
    ForQuery,
    ForRange,
    Fragment,
    GetDiagnostics,
    If,
    Level,
    Loop,
    Null,
    Perform,
    Raise,
    Reference,
    Return,
    ReturnNext,
    ReturnQuery,
    RunSql,
    Statement,
    VariableDeclaration,
)

CONTRACT = (Path(__file__).parent / "contract.sql").read_text()
ROUTINES = {
    statement.tree.name.name: statement.tree
    for statement in parse_script(CONTRACT)
    if isinstance(statement.tree, CreateRoutine)
}
BODIES = [routine.body.text for routine in ROUTINES.values() if routine.language == "plpgsql"]


def values_in(value: object) -> Iterator[object]:
    """`value` and all values inside it."""
    yield value
    if isinstance(value, tuple):
        for one in value:
            yield from values_in(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from values_in(getattr(value, field.name))


def only(source: str, before: str = "") -> Statement:
    """The one statement of a body."""
    (statement,) = parse_body(f"{before} BEGIN {source} END").body
    return statement


def declared(source: str) -> object:
    (declaration,) = parse_body(f"DECLARE {source} BEGIN END").declarations
    return declaration


def texts(value: object) -> list[str]:
    """The fragments in a value, as text."""
    return [one.text for one in values_in(value) if isinstance(one, Fragment)]


def refusal(body: str) -> str:
    with pytest.raises(SqlError) as caught:
        parse_body(body)
    error = caught.value
    return f"{error.sqlstate} {error.line}:{error.column} {error.message}"


# Whole bodies


@pytest.mark.parametrize("name", [name for name, one in ROUTINES.items() if one.language == "plpgsql"])
def test_fragments_stand_in_the_file_where_they_say(name: str) -> None:
    body = ROUTINES[name].body
    lines = CONTRACT.split("\n")
    for fragment in values_in(parse_body(body.text, body.line, body.column)):
        if isinstance(fragment, Fragment):
            there = "\n".join([lines[fragment.line - 1][fragment.column - 1 :], *lines[fragment.line :]])
            assert all(ours in (" ", theirs) for ours, theirs in zip(fragment.text, there, strict=False))
            assert fragment.text.split()[0] == there[: len(fragment.text)].split()[0]


def test_a_body_of_many_statements_keeps_them_all() -> None:
    block = parse_body(ROUTINES["place_order"].body.text)
    kinds = [type(statement).__name__ for statement in block.body]
    assert kinds == ["RunSql", "RunSql", "If", "RunSql", "RunSql", "Assign", "ForRange", "Assign"]
    assert [declaration.name for declaration in block.declarations] == [
        "v_customer", "v_stock", "v_tax", "v_price", "v_amount", "v_count",
    ]  # fmt: skip


def test_labels_nest_and_may_stand_behind_end() -> None:
    block = parse_body(ROUTINES["collatz"].body.text)
    loop = block.body[0]
    assert block.label == "whole"
    assert isinstance(loop, Loop)
    assert loop.condition is not None
    assert [one.label for one in values_in(loop) if isinstance(one, Exit)] == ["whole"]


def test_a_body_ends_with_its_block() -> None:
    assert parse_body("BEGIN END") == parse_body("BEGIN END;")
    assert parse_body("<<a>> BEGIN END a;").label == "a"


def test_places_count_from_where_the_body_stands() -> None:
    block = parse_body("BEGIN\n  a := 1; END", 10, 40)
    assert (block.line, block.column) == (10, 40)
    assert (block.body[0].line, block.body[0].column) == (11, 3)


# Declarations


@pytest.mark.parametrize(
    ("source", "reference", "name", "dimensions"),
    [
        ("a int;", Reference.NAMED, "int", 0),
        ("a numeric(12, 2);", Reference.NAMED, "numeric(12, 2)", 0),
        ("a double precision;", Reference.NAMED, "double precision", 0),
        ("a character varying(3);", Reference.NAMED, "character varying(3)", 0),
        ("a timestamp(6) with time zone;", Reference.NAMED, "timestamp(6) with time zone", 0),
        ("a time without time zone;", Reference.NAMED, "time without time zone", 0),
        ("a interval day to second(3);", Reference.NAMED, "interval day to second(3)", 0),
        ('a bank."Kind";', Reference.NAMED, 'bank."Kind"', 0),
        ("a int[];", Reference.NAMED, "int", 1),
        ("a text[3][];", Reference.NAMED, "text", 2),
        ("a numeric(3) ARRAY[4];", Reference.NAMED, "numeric(3)", 1),
        ("a t.x%TYPE;", Reference.COLUMN_OR_VARIABLE, "t.x", 0),
        ("a s.t%rowtype;", Reference.ROW, "s.t", 0),
    ],
)
def test_types_are_named_or_are_those_of_something_else(
    source: str, reference: Reference, name: str, dimensions: int
) -> None:
    found = declared(source)
    assert isinstance(found, VariableDeclaration)
    assert found.type.name is not None
    assert (found.type.reference, found.type.name.text, found.type.dimensions) == (reference, name, dimensions)


def test_a_record_has_no_type_yet() -> None:
    found = declared("a RECORD;")
    assert isinstance(found, VariableDeclaration)
    assert (found.type.reference, found.type.name) == (Reference.RECORD, None)


@pytest.mark.parametrize("sign", [":=", "=", "DEFAULT"])
def test_a_variable_may_be_constant_not_null_and_have_a_default(sign: str) -> None:
    found = declared(f'"A b" CONSTANT int NOT NULL {sign} 1 + (2);')
    assert isinstance(found, VariableDeclaration)
    assert (found.name, found.constant, found.not_null) == ("A b", True, True)
    assert found.default is not None
    assert found.default.text == "1 + (2)"


def test_a_cursor_has_parameters_and_a_query() -> None:
    found = declared("c NO SCROLL CURSOR (a int, b t.x%TYPE) IS SELECT a, b;")
    assert isinstance(found, CursorDeclaration)
    assert [name for name, _ in found.parameters] == ["a", "b"]
    assert found.query.text == "SELECT a, b"


def test_an_alias_names_a_variable_or_a_parameter_by_number() -> None:
    assert declared("a ALIAS FOR $2;") == AliasDeclaration("a", "$2", 1, 9)
    assert declared("a ALIAS FOR B;") == AliasDeclaration("a", "b", 1, 9)


# Statements


@pytest.mark.parametrize(
    ("source", "name", "path", "subscripts", "value"),
    [
        ("a := 1;", "a", (), [], "1"),
        ("A = b = c;", "a", (), [], "b = c"),
        ("r.x := y;", "r", ("x",), [], "y"),
        ('b.r."X y" := 1;', "b", ("r", "X y"), [], "1"),
        ("a[i + b[1]] := 1;", "a", (), ["i + b[1]"], "1"),
        ("a[1][2] = 3;", "a", (), ["1", "2"], "3"),
        ("r.a[f(';')] := 1;", "r", ("a",), ["f(';')"], "1"),
        ("$1 := 2;", "$1", (), [], "2"),
        ("raise := 1;", "raise", (), [], "1"),
        ("x:=-1--2;\n;", "x", (), [], "-1"),
        ("x=$q$;$q$;", "x", (), [], "$q$;$q$"),
        ("x := CASE WHEN a THEN CASE b WHEN 1 THEN 2 END ELSE 3 END;", "x", (), [], None),
        ('x := t.end || t."case";', "x", (), [], None),
    ],
)  # fmt: skip
def test_both_signs_assign_to_variables_fields_and_elements(
    source: str, name: str, path: tuple[str, ...], subscripts: list[str], value: str | None
) -> None:
    found = only(source)
    assert isinstance(found, Assign)
    assert (found.target.name, found.target.path) == (name, path)
    assert [one.text for one in found.target.subscripts] == subscripts
    assert found.value.text == (value or source[len("x := ") : -1])


def test_if_has_branches_in_order() -> None:
    found = only("IF CASE WHEN a THEN b END THEN x := 1; ELSIF c THEN ELSEIF d THEN NULL; ELSE RETURN; END IF;")
    assert isinstance(found, If)
    assert [condition.text for condition, _ in found.branches] == ["CASE WHEN a THEN b END", "c", "d"]
    assert [len(body) for _, body in found.branches] == [1, 0, 1]
    assert found.otherwise is not None


def test_case_lists_values_where_it_has_a_subject() -> None:
    found = only("CASE f(a, b) WHEN 1, g(2, 3) THEN NULL; WHEN 4 THEN END CASE;")
    assert isinstance(found, Case)
    assert found.subject is not None
    assert [[one.text for one in values] for values, _ in found.branches] == [["1", "g(2, 3)"], ["4"]]
    assert found.otherwise is None


def test_a_searched_case_has_conditions() -> None:
    found = only("CASE WHEN a > CASE WHEN b THEN 1 END THEN NULL; ELSE END CASE;")
    assert isinstance(found, Case)
    assert found.subject is None
    assert texts(found) == ["a > CASE WHEN b THEN 1 END"]
    assert found.otherwise == ()


@pytest.mark.parametrize(
    ("source", "reverse", "bounds"),
    [
        ("FOR i IN 1..10 LOOP END LOOP;", False, ["1", "10"]),
        ("FOR i IN 1.5..2.5 LOOP END LOOP;", False, ["1.5", "2.5"]),
        ("FOR i IN REVERSE a[1] .. f(b.c) BY 2 LOOP END LOOP;", True, ["a[1]", "f(b.c)", "2"]),
        ("FOR i IN (SELECT 1)..CASE WHEN x THEN 1 END LOOP END LOOP;", False, ["(SELECT 1)", "CASE WHEN x THEN 1 END"]),
    ],
)
def test_two_dots_make_a_loop_over_integers(source: str, reverse: bool, bounds: list[str]) -> None:
    found = only(source)
    assert isinstance(found, ForRange)
    assert (found.variable, found.reverse, texts(found)) == ("i", reverse, bounds)


def test_other_loops_run_over_queries_and_arrays() -> None:
    query = only("<<l>> FOR a, r.b IN SELECT x, y FROM t LOOP EXIT l; END LOOP l;")
    each = only("FOREACH e IN ARRAY ARRAY[1, 2] || x LOOP CONTINUE WHEN e = 1; END LOOP;")
    assert isinstance(query, ForQuery)
    assert [(one.name, *one.path) for one in query.targets] == [("a",), ("r", "b")]
    assert query.query.text == "SELECT x, y FROM t"
    assert isinstance(each, ForEach)
    assert texts(each) == ["ARRAY[1, 2] || x", "e = 1"]


def test_a_name_in_a_loop_is_a_cursor_only_where_one_is_declared() -> None:
    declaration = "DECLARE c CURSOR (k int) FOR SELECT k;"
    over_cursor = only("FOR r IN c(1) LOOP END LOOP;", declaration)
    hidden = only("DECLARE c int; BEGIN FOR r IN c LOOP END LOOP; END;", declaration)
    assert isinstance(over_cursor, ForCursor)
    assert [name for name, _ in over_cursor.arguments] == [None]
    assert isinstance(hidden, Block)
    assert isinstance(hidden.body[0], ForQuery)


@pytest.mark.parametrize(
    ("source", "sql", "into", "strict"),
    [
        ("SELECT a INTO b FROM t;", "SELECT a        FROM t", ["b"], False),
        ("SELECT INTO STRICT b, r.c a, d FROM t;", "SELECT                    a, d FROM t", ["b", "r.c"], True),
        ("SELECT (SELECT 1) INTO b;", "SELECT (SELECT 1)", ["b"], False),
        ("INSERT INTO t VALUES (1) RETURNING a INTO b;", "INSERT INTO t VALUES (1) RETURNING a", ["b"], False),
        ("INSERT INTO t SELECT ';' FROM u;", "INSERT INTO t SELECT ';' FROM u", [], False),
        ("WITH x AS (SELECT 1) SELECT * INTO\nb FROM x;", "WITH x AS (SELECT 1) SELECT *     \n  FROM x", ["b"], False),
        ("(SELECT 1);", "(SELECT 1)", [], False),
        ("SELECT CASE WHEN a THEN b END INTO c;", "SELECT CASE WHEN a THEN b END", ["c"], False),
    ],
)
def test_into_is_taken_out_of_sql(source: str, sql: str, into: list[str], strict: bool) -> None:
    found = only(source)
    assert isinstance(found, RunSql)
    assert (found.sql.text, found.strict) == (sql, strict)
    assert [".".join([one.name, *one.path]) for one in found.into] == into


def test_return_has_four_forms() -> None:
    forms = parse_body("BEGIN RETURN; RETURN (a, b); RETURN NEXT; RETURN NEXT r; RETURN QUERY SELECT 1; END").body
    assert [type(one) for one in forms] == [Return, Return, ReturnNext, ReturnNext, ReturnQuery]
    assert [texts(one) for one in forms] == [[], ["(a, b)"], [], ["r"], ["SELECT 1"]]


@pytest.mark.parametrize(
    ("source", "parts", "fragments"),
    [
        ("RAISE;", (Level.EXCEPTION, None, None, None), []),
        ("RAISE 'x';", (Level.EXCEPTION, "x", None, None), []),
        ("RAISE NOTICE '% %% it''s %', a, f(b, c);", (Level.NOTICE, "% %% it's %", None, None), ["a", "f(b, c)"]),
        ("RAISE E'a\\n%', 1 USING HINT = 'h', errcode := c;", (Level.EXCEPTION, "a\n%", None, None), ["1", "'h'", "c"]),
        ("RAISE division_by_zero;", (Level.EXCEPTION, None, "division_by_zero", None), []),
        ("RAISE LOG SQLSTATE '22012' USING MESSAGE = 'm';", (Level.LOG, None, None, "22012"), ["'m'"]),
        ("RAISE USING MESSAGE = 'm';", (Level.EXCEPTION, None, None, None), ["'m'"]),
        ("RAISE 'a'\n 'b';", (Level.EXCEPTION, "ab", None, None), []),
        ("RAISE $$it''s$$;", (Level.EXCEPTION, "it''s", None, None), []),
    ],
)
def test_raise_has_all_its_forms(
    source: str, parts: tuple[Level, str | None, str | None, str | None], fragments: list[str]
) -> None:
    found = only(source)
    assert isinstance(found, Raise)
    assert (found.level, found.format, found.condition, found.sqlstate) == parts
    assert texts(found) == fragments


def test_emit_names_its_values() -> None:
    found = only('EMIT paid (amount, a + 1 AS total, r.x, cast(b AS int) AS "B");')
    assert isinstance(found, Emit)
    assert (found.event, [key for key, _ in found.items]) == ("paid", ["amount", "total", "x", "B"])
    assert texts(found) == ["amount", "a + 1", "r.x", "cast(b AS int)"]
    assert only("EMIT ended ();") == Emit("ended", (), line=1, column=8)


def test_calls_have_arguments_by_place_and_by_name() -> None:
    found = only("CALL bank.pay(1, f(2, 3), amount => a, x := ARRAY[1, 2]);")
    assert isinstance(found, CallProcedure)
    assert found.routine.text == "bank.pay"
    assert [(name, value.text) for name, value in found.arguments] == [
        (None, "1"), (None, "f(2, 3)"), ("amount", "a"), ("x", "ARRAY[1, 2]"),
    ]  # fmt: skip


def test_small_statements_are_read() -> None:
    source = "BEGIN NULL; PERFORM f(a), b; ASSERT a > 1; ASSERT a, 'm'; GET DIAGNOSTICS n = ROW_COUNT; END"
    statements = parse_body(source).body
    assert [type(one) for one in statements] == [Null, Perform, Assert, Assert, GetDiagnostics]
    assert [texts(one) for one in statements] == [[], ["f(a), b"], ["a > 1"], ["a", "'m'"], []]


def test_handlers_take_names_codes_and_others() -> None:
    source = """BEGIN NULL; EXCEPTION
        WHEN no_data_found OR SQLSTATE '22012' THEN GET STACKED DIAGNOSTICS a = MESSAGE_TEXT, b := returned_sqlstate;
        WHEN OTHERS THEN END"""
    handlers = parse_body(source).handlers
    assert [one.conditions for one in handlers] == [("no_data_found", "22012"), ("others",)]
    assert isinstance(handlers[0].body[0], GetDiagnostics)
    assert [item for _, item in handlers[0].body[0].items] == ["message_text", "returned_sqlstate"]


# What is refused

ERRORS = [
    ("", "42601 1:1 syntax error at end of input"),
    ("SELECT 1", '42601 1:1 syntax error at or near "SELECT"'),
    ("BEGIN", "42601 1:6 syntax error at end of input"),
    ("BEGIN NULL", "42601 1:11 syntax error at end of input"),
    ("BEGIN NULL END", '42601 1:12 syntax error at or near "END"'),
    ("BEGIN NULL; END; x", '42601 1:18 syntax error at or near "x"'),
    ("BEGIN NULL; END IF", '42601 1:17 syntax error at or near "IF"'),
    ("BEGIN 'a'; END", "42601 1:7 syntax error at or near \"'a'\""),
    ("BEGIN\n  ELSE; END", '42601 2:3 syntax error at or near "ELSE"'),
    ("BEGIN x := ; END", '42601 1:12 missing expression at or near ";"'),
    ("BEGIN a := (1; END", '42601 1:14 mismatched parentheses at or near ";"'),
    ("BEGIN a := 1); END", '42601 1:13 mismatched parentheses at or near ")"'),
    ("BEGIN IF a = 1 NULL; END IF; END", '42601 1:20 missing "THEN" at end of SQL expression'),
    ("BEGIN WHILE a; END LOOP; END", '42601 1:14 missing "LOOP" at end of SQL expression'),
    ("BEGIN CASE WHEN true THEN NULL; END; END", '42601 1:36 syntax error at or near ";"'),
    ("BEGIN IF a THEN ELSE ELSE END IF; END", '42601 1:22 syntax error at or near "ELSE"'),
    ("BEGIN EXIT; END", "42601 1:7 EXIT cannot be used outside a loop, unless it has a label"),
    ("BEGIN CONTINUE; END", "42601 1:7 CONTINUE cannot be used outside a loop"),
    (
        "BEGIN LOOP EXIT x; END LOOP; END",
        '42601 1:17 there is no label "x" attached to any block or loop enclosing this statement',
    ),
    ("<<b>> BEGIN LOOP CONTINUE b; END LOOP; END", '42601 1:27 block label "b" cannot be used in CONTINUE'),
    ("<<b>> BEGIN NULL; END c", '42601 1:23 end label "c" differs from block\'s label "b"'),
    ("BEGIN LOOP END LOOP l; END", '42601 1:21 end label "l" specified for unlabeled block'),
    ("BEGIN <<x>> NULL; END", '42601 1:13 syntax error at or near "NULL"'),
    ("BEGIN RAISE NOTICE 'a %'; END", "42601 1:7 too few parameters specified for RAISE"),
    ("BEGIN RAISE NOTICE 'a%%', 1; END", "42601 1:7 too many parameters specified for RAISE"),
    ("BEGIN RAISE NOTICE; END", '42601 1:19 syntax error at or near ";"'),
    ("BEGIN RAISE nix; END", '42704 1:13 unrecognized exception condition "nix"'),
    ("BEGIN RAISE SQLSTATE 'abc'; END", "42601 1:22 invalid SQLSTATE code at or near \"'abc'\""),
    ("BEGIN RAISE 'x' USING foo = 1; END", '42601 1:23 unrecognized RAISE statement option at or near "foo"'),
    ("BEGIN RAISE 'x' USING hint 1; END", '42601 1:28 syntax error, expected "=" at or near "1"'),
    ("BEGIN RAISE USING hint = 1, hint = 2; END", "42601 1:29 RAISE option already specified: HINT"),
    ("BEGIN NULL; EXCEPTION WHEN nix THEN END", '42704 1:28 unrecognized exception condition "nix"'),
    ("BEGIN NULL; EXCEPTION NULL; END", '42601 1:23 syntax error at or near "NULL"'),
    ("DECLARE a int; a text; BEGIN END", '42601 1:16 duplicate declaration at or near "a"'),
    ("DECLARE a; BEGIN END", '42601 1:10 missing data type declaration at or near ";"'),
    ("DECLARE if int; BEGIN END", '42601 1:9 syntax error at or near "if"'),
    ("DECLARE <<x>> a int; BEGIN END", "42601 1:9 block label must be placed before DECLARE, not after"),
    (
        "DECLARE a int NOT NULL; BEGIN END",
        '22004 1:9 variable "a" must have a default value, since it\'s declared NOT NULL',
    ),
    ("BEGIN FOR i, j IN 1..2 LOOP END LOOP; END", "42601 1:14 integer FOR loop must have only one target variable"),
    ("BEGIN FOR i IN REVERSE SELECT 1 LOOP END LOOP; END", "42601 1:7 cannot specify REVERSE in query FOR loop"),
    ("BEGIN SELECT 1 INTO i INTO j; END", '42601 1:23 INTO specified more than once at or near "INTO"'),
    ("BEGIN SELECT 1 INTO ; END", '42601 1:21 syntax error at or near ";"'),
    ("BEGIN GET DIAGNOSTICS i = nix; END", '42601 1:27 unrecognized GET DIAGNOSTICS item at or near "nix"'),
    (
        "BEGIN GET STACKED DIAGNOSTICS i = row_count; END",
        "42601 1:35 diagnostics item ROW_COUNT is not allowed in GET STACKED DIAGNOSTICS",
    ),
    ("BEGIN EMIT e (a + 1); END", "42601 1:15 a value of EMIT that is not a variable needs AS and a key"),
    ("BEGIN EMIT e (a, 1 AS a); END", '42701 1:18 key "a" of event "e" specified more than once'),
    ("BEGIN EMIT e; END", '42601 1:13 syntax error at or near ";"'),
    ("BEGIN a := 'x; END", '42601 1:12 unterminated quoted string at or near "\'x; END"'),
    ("BEGIN /* /* */ END", '42601 1:7 unterminated /* comment at or near "/* /* */ END"'),
    ("BEGIN a := $q$ x; END", '42601 1:12 unterminated dollar-quoted string at or near "$q$ x; END"'),
    ("BEGIN a := 1x; END", '42601 1:12 trailing junk after numeric literal at or near "1x"'),
    ('BEGIN a := ""; END', '42601 1:12 zero-length delimited identifier at or near """"'),
    ("BEGIN EXECUTE 'x'; END", "0A000 1:7 EXECUTE of a text is not supported: write the statement itself"),
    ("BEGIN COMMIT; END", "0A000 1:7 COMMIT is not supported: a call is one transaction"),
    ("BEGIN OPEN c; END", "0A000 1:7 OPEN is not supported: loop over the cursor with FOR"),
    ("BEGIN RETURN QUERY EXECUTE 'x'; END", "0A000 1:20 RETURN QUERY EXECUTE is not supported: write the query itself"),
    (
        "BEGIN FOR r IN EXECUTE 'x' LOOP END LOOP; END",
        "0A000 1:16 FOR … IN EXECUTE is not supported: write the query itself",
    ),
    (
        "BEGIN FOREACH x SLICE 1 IN ARRAY a LOOP END LOOP; END",
        "0A000 1:17 SLICE is not supported: arrays have one dimension",
    ),
    (
        "#variable_conflict use_column\nBEGIN END",
        "0A000 1:1 compiler options other than #variable_conflict error are not supported",
    ),
    (
        "BEGIN a[1:2] := b; END",
        "0A000 1:10 assignment to a slice of an array is not supported: assign its elements",
    ),
]


@pytest.mark.parametrize(("body", "error"), ERRORS)
def test_what_is_no_body_is_refused_at_its_place(body: str, error: str) -> None:
    assert refusal(body) == error


@pytest.mark.parametrize("word", ["FETCH c INTO x", "MOVE c", "CLOSE c", "ROLLBACK", "EXECUTE f(1) INTO x USING y"])
def test_what_is_left_out_says_what_to_do_instead(word: str) -> None:
    assert refusal(f"BEGIN {word}; END").startswith("0A000 1:7 ")
    assert ": " in refusal(f"BEGIN {word}; END")


def test_statements_nest_only_so_deep() -> None:
    def nested(levels: int) -> str:
        return "BEGIN " * levels + "END; " * levels

    parse_body(nested(NESTING))
    assert refusal(nested(NESTING + 1)).startswith("54001 1:")
    assert refusal(nested(50_000)).startswith("54001 1:")


def test_long_bodies_are_read_in_time_that_grows_with_their_length() -> None:
    # Each of these would take minutes if a construct were read again for each statement behind it.
    for source in ("a[1] := b;", "SELECT 1 INTO a;", "PERFORM '\n\n\n';", "IF a THEN NULL; END IF;", "a := ((((1))));"):
        assert len(parse_body("BEGIN " + source * 5_000 + " END").body) == 5_000
    assert refusal("BEGIN a := " + "(" * 200_000).startswith("42601")
    assert refusal("BEGIN a" + "[1" * 100_000).startswith("42601")
    assert refusal("BEGIN a := 'x'" + "\n" * 200_000).startswith("42601")


# Whatever stands there

WORDS = """BEGIN END IF THEN ELSE ELSIF CASE WHEN LOOP FOR IN REVERSE WHILE FOREACH ARRAY EXIT DECLARE EXCEPTION RAISE
USING INTO SELECT EMIT CALL GET DIAGNOSTICS RETURN QUERY NEXT ; ; ; , ( ) [ ] := = .. . << >> a b c 'x' 1 $1 " ' $$ --
/* */ % é # %TYPE int NOT NULL CURSOR IS => 1. e'\\ U&"""
PIECES = st.sampled_from([*WORDS.split(), "\n", " "])


@given(st.lists(PIECES, max_size=40), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_body_or_an_error_at_a_place_in_it(pieces: list[str], whole: bool) -> None:
    check_any("BEGIN " + " ".join(pieces) + " END" if whole else " ".join(pieces))


@given(st.sampled_from(BODIES), st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_body_is_a_body_or_an_error_at_a_place_in_it(body: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(body)))
    removed = data.draw(st.integers(0, 30))
    check_any(body[:start] + data.draw(PIECES) + body[start + removed :])


def check_any(body: str) -> None:
    lines = body.split("\n")
    try:
        block = parse_body(body)
    except SqlError as error:
        assert error.line is not None
        assert error.column is not None
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
    else:
        for fragment in values_in(block):
            assert not isinstance(fragment, Fragment) or fragment.text.strip()
