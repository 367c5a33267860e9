"""Test files are read as their directives say."""

import pytest

from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.testing.suites import OWNER, USUAL_ROLES, Case, Kind, read_suite


def case(text: str) -> Case:
    """The only test of a file."""
    (found,) = read_suite(text).cases
    return found


def test_what_stands_before_the_first_test_belongs_to_all() -> None:
    suite = read_suite(
        "-- deploy: bank.sql as b\nSELECT 1;\n-- test: one\nSELECT 2; SELECT 3;\n-- test: two\nASSERT 1 = 1;"
    )
    assert [(step.kind, step.text, step.contract, step.line) for step in suite.setup] == [
        (Kind.DEPLOY, "bank.sql", "b", 1),
        (Kind.RUN, "SELECT 1", None, 2),
    ]
    assert suite.deploys
    assert [(one.name, one.line, len(one.steps)) for one in suite.cases] == [("one", 3, 2), ("two", 5, 1)]
    assert suite.cases[1].steps[0].kind is Kind.ASSERT


def test_places_are_those_of_the_file() -> None:
    steps = case("\n-- test: x\nSELECT ';', $$ ; -- test: y\n $$;   SELECT\n 2;\n").steps
    assert [(step.text, step.line, step.column) for step in steps] == [
        ("SELECT ';', $$ ; -- test: y\n $$", 3, 1),
        ("SELECT\n 2", 4, 8),
    ]


def test_signer_and_time_hold_until_the_test_ends() -> None:
    suite = read_suite(
        "-- as: alice\n-- at: 2026-03-01 12:00:00\nSELECT 1;\n"
        "-- test: one\n-- as: bob (teller, auditor)\n-- at: 2026-03-01T13:00:00+01:00\nSELECT 2;\nSELECT 3;\n"
        "-- test: two\nSELECT 4;\n"
    )
    first, second = (one.steps[0].circumstances for one in suite.cases)
    assert suite.cases[0].steps[1].circumstances == first
    assert (first.signer, first.roles_of(first.signer)) == ("bob", {"teller", "auditor"})
    assert first.roles_of(OWNER) == USUAL_ROLES
    assert (second.signer, second.roles) == ("alice", {})
    assert first.time == second.time == suite.circumstances.time == 1_772_366_400_000
    assert case("-- test: x\nSELECT 1").steps[0].circumstances.signer == OWNER


def test_what_is_expected_is_expected_of_the_next_statement_only() -> None:
    steps = case(
        '-- test: x\n-- error: 23514 balance\nSELECT 1;\n-- event: b.paid {"sum": 1}\n-- event: b.done\nSELECT 2;\n'
        "-- error: string_data_right_truncation\nSELECT 3;SELECT 4"
    ).steps
    assert [step.error.sqlstates if step.error else None for step in steps] == [
        ("23514",),
        None,
        ("01004", "22001"),
        None,
    ]
    assert steps[0].error is not None
    assert steps[0].error.text == "balance"
    assert [(event.name, event.data) for event in steps[1].events] == [("b.paid", {"sum": 1}), ("b.done", {})]


def test_other_comments_say_nothing() -> None:
    text = (
        "/* -- test: no\n-- test: nor this */\n-- test: x\n-- a comment: x\n--- test: no\nSELECT 1 -- error: 22012\n;"
    )
    (step,) = case(text).steps
    assert step.error is None


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("-- test: x\n", (2, 1), "the test before this, x, has no statement"),
        ("-- test: x\nSELECT 1;\n-- test: x\nSELECT 1;", (3, 1), "two tests with the name x"),
        ("-- test:\nSELECT 1;", (1, 1), "says nothing"),
        ("SELECT 1; -- error: 22012\nSELECT 2;", (1, 11), "on a line of its own"),
        ("-- test: x\nSELECT 1;\n-- error: 22012\n", (3, 1), "a statement is expected behind this"),
        ("-- test: x\nSELECT 1\n  -- test: y\nSELECT 2;", (3, 3), "a semicolon is missing before it"),
        ("-- test: x\n-- error: 1234\nSELECT 1;", (2, 1), "a code of five characters"),
        ("-- test: x\n-- error: 22012\nASSERT true;", (3, 1), "cannot be expected to fail"),
        ("  -- as: Bob!\nSELECT 1;", (1, 3), "no name for an entity"),
        ("-- as: bob (teller\nSELECT 1;", (1, 1), "an entity is expected"),
        ("-- at: noon\nSELECT 1;", (1, 1), "a time is expected"),
        ("-- event: b.paid {1}\nSELECT 1;", (1, 1), "no JSON"),
        ("-- event: b.paid [1]\nSELECT 1;", (1, 1), "JSON object"),
        ("SELECT 'x", (1, 8), "unterminated"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(SqlError) as caught:
        read_suite(text)
    assert (caught.value.line, caught.value.column) == place
    assert message in caught.value.message
