"""What is refused is named in the words of SQL."""

import pytest
from sql_world import context

from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECT 'a' ~ 'b'", "operator ~ is not supported"),
        ("SELECT 5 ^ 3", "operator ^ is not supported"),
        ("SELECT 'a' ILIKE 'b'", "ILIKE is not supported"),
        ("SELECT 'a' SIMILAR TO 'b'", "SIMILAR TO is not supported"),
        ("SELECT count(*) GROUP BY GROUPING SETS (())", "GROUPING SETS is not supported"),
        ("SELECT DISTINCT ON (a) a FROM (VALUES (1)) v(a)", "ON in DISTINCT is not supported"),
        ("CREATE DOMAIN d AS int", "CREATE DOMAIN is not supported"),
        ("CREATE OR REPLACE RULE r AS ON INSERT TO t DO NOTHING", "CREATE RULE is not supported"),
        ("COMMENT ON TABLE t IS 'x'", "COMMENT is not supported"),
        ("SELCT", "a statement is expected"),
        ("SELCT a", "a statement is expected"),
        ("NOTIFY transferred", "NOTIFY is not supported"),
        ("COMMIT", "COMMIT is not supported"),
        ("SELECT 1_000", 'trailing junk after numeric literal at or near "1_000"'),
        ("SELECT 'a' 'b'", "syntax error at or near \"'b'\""),
    ],
)
def test_a_refusal_names_what_stands_there(statement: str, words: str) -> None:
    engine = Engine()
    with pytest.raises(SqlError) as refused:
        engine.run(statement, context())
    engine.close()
    assert refused.value.message == words
