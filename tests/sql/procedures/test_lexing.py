"""Words and signs are PostgreSQL's, at their places."""

import pytest

from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.procedures.lexing import Source, TokenKind, tokens_of


def words(text: str) -> list[str]:
    return [token.text for token in tokens_of(Source(text))][:-1]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("1..10", ["1", "..", "10"]),
        ("1.5..2.", ["1.5", "..", "2."]),
        ("a.b..c .5 1e-5", ["a", ".", "b", "..", "c", ".5", "1e-5"]),
        ("a:=-1", ["a", ":=", "-", "1"]),
        ("a=-1*-b", ["a", "=", "-", "1", "*", "-", "b"]),
        ("a@-1", ["a", "@-", "1"]),
        ("<<x>>a", ["<<", "x", ">>", "a"]),
        ("a::int[]||b", ["a", "::", "int", "[", "]", "||", "b"]),
        ("x=>1 y->>'k'", ["x", "=>", "1", "y", "->>", "k"]),
        ("t.x%TYPE", ["t", ".", "x", "%", "type"]),
        ("a+--b\nc/*d/*e*/f*/g", ["a", "+", "c", "g"]),
        ("'it''s' E'a\\n\\x41\\u00e9\\'' $$b'$$ $t$$$c$t$", ["it's", "a\nAé'", "b'", "$$c"]),
        ("'a'\n  'b''\n''c' 'd'", ["ab'\n'c", "d"]),
        ('"A""b" ÄB a$1 $1', ['A"b', "Äb", "a$1", "$1"]),
        ("order by group by", ["order", "by", "group", "by"]),
    ],
)
def test_a_text_is_cut_where_postgresql_cuts_it(text: str, tokens: list[str]) -> None:
    assert words(text) == tokens


def test_quoted_names_are_no_words() -> None:
    kinds = [token.kind for token in tokens_of(Source("a \"a\" 'a' 1 $1 ("))]
    assert kinds == [
        TokenKind.WORD, TokenKind.QUOTED, TokenKind.STRING, TokenKind.NUMBER, TokenKind.PARAMETER, TokenKind.SIGN,
        TokenKind.END,
    ]  # fmt: skip


def test_places_go_on_from_where_the_text_begins() -> None:
    source = Source("ab\n cd\n", 7, 5)
    assert [source.place(token.start) for token in tokens_of(source)] == [(7, 5), (8, 2), (9, 1)]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a 'b\nc", '1:3 unterminated quoted string at or near "\'b"'),
        ('a\n"b', '2:1 unterminated quoted identifier at or near ""b"'),
        ("E'\\'", "1:1 unterminated quoted string at or near \"E'\\'\""),
        ("1_000", '1:1 trailing junk after numeric literal at or near "1_"'),
        ("$a b", '1:1 syntax error at or near "$"'),
        ("{", '1:1 syntax error at or near "{"'),
        ("E'\\xff'", "1:1 invalid escape \\xff in a text"),
        ("+" * 63 + "*" * 9, "1:1 operator too long"),
        ("a U&'b'", "1:3 a literal that begins with U&' is not supported"),
    ],
)
def test_what_is_no_token_is_refused_at_its_place(text: str, error: str) -> None:
    with pytest.raises(SqlError) as caught:
        words(text)
    assert f"{caught.value.line}:{caught.value.column} {caught.value.message}" == error


@pytest.mark.parametrize("piece", ["+-", "'a'\n", "$a", "/*", '"a', "1.", "''", "e'", "((", "$a$ "])
def test_cutting_takes_time_that_grows_with_the_length(piece: str) -> None:
    # Minutes if any of them were looked at again for each piece.
    try:
        words(piece * (100_000 // len(piece)))
    except SqlError as error:
        assert error.sqlstate in ("42601", "0A000")
