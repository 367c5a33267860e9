"""Whether the engine is the one that the rule set names: the results of expressions that versions have disagreed on."""

import functools
import hashlib
import json
from contextlib import closing

from aergo_vc.base.ids import BranchName, ChainId, EntityName, TransactionId
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import EngineError, SqlError
from aergo_vc.sql.outcomes import ExecutionContext

GOLDEN_EXPRESSIONS = (
    "1 + 2 * 3, 7 / -2, -7 % 3, 9223372036854775807 - 1",
    "9223372036854775807 + 1",
    "2147483647 + 1",
    "-9223372036854775807 * 2",
    "1 / 0",
    "0.1 + 0.2, 1.0 / 3, 2.675::numeric(5,2), round(2.5), 100000.0 / 3",
    "0.1::double precision + 0.2::double precision",
    "1e308::double precision * 10",
    "9007199254740993::double precision, 0.1::double precision * 3, 1e-300::double precision",
    "1.7976931348623157e308::double precision, 2.2250738585072011e-308::double precision",
    "123456789012345678 * 1000.0, 99999999999999999999 / 7",
    "'a' || 1, concat('x', NULL, 2.50), concat_ws('-', 'a', NULL, 'b')",
    "length('äöü'), octet_length('äöü'), lower('ÄA'), upper('äa')",
    "substring('hello' FROM -1 FOR 4), left('hello', -2), right('hello', -2)",
    "position('' IN 'x'), split_part('a,b', ',', -1), lpad('7', 3, '0')",
    "'a' LIKE 'A', 'ab' LIKE 'a_', 'a%' LIKE 'a\\%', 'é' LIKE '_'",
    "'Z' < 'a', 'é' < 'z', 'a' < 'a ', '\U0001f600' > '\uffff'",
    "NULL = NULL, NULL IS NOT DISTINCT FROM NULL, true > false, 3 NOT IN (1, NULL)",
    "greatest(1, 2.50, NULL), least('b', 'a'), nullif(1.0, 1.00), coalesce(NULL, 1)",
    "1.10 = 1.1, 1.10 IN (1.1), 2 > 1.5, 10.0 > 9.5",
    "date '2024-02-29' + 366, date '2024-03-01' - date '2024-02-01', extract(week FROM date '2024-12-30')",
    "(timestamptz '2024-05-06 07:08:09.120+02')::date, current_timestamp, current_date, current_user",
    "CASE WHEN 1 > 2 THEN 1 ELSE 2.50 END, CASE NULL WHEN NULL THEN 'x' ELSE 'y' END",
    "12.5::int, -12.5::int, 2.5::double precision::int, '  7 '::int",
    "'x'::int",
    "trim('  x '), ltrim('xxa', 'x'), replace('aaa', 'aa', 'b'), repeat('ab', 3), reverse('añ')",
    "format('%-4s|%2$I|%L', 1.50, 'A', 'it''s'), chr(228), md5('ä'), encode(sha256('\\x00'), 'base64')",
    "n FROM (VALUES (2, 'b'), (1, NULL), (NULL, 'a')) AS v (n, w) ORDER BY w, n",
    "w FROM (VALUES (2, 'b'), (1, NULL), (NULL, 'a')) AS v (n, w) ORDER BY n DESC",
    "sum(n), avg(n), min(n), max(n), count(n), count(*) FROM (VALUES (1), (2), (NULL)) AS v (n)",
    "sum(n), avg(n), min(n), max(n) FROM (VALUES (1.5), (2.25), (NULL)) AS v (n)",
    "sum(n) FROM (VALUES (9223372036854775807), (1)) AS v (n)",
    "count(DISTINCT n), max(n) FROM (VALUES (1.0), (1.00)) AS v (n)",
    "n, count(*) FROM (VALUES ('a'), ('A'), ('a')) AS v (n) GROUP BY n",
    "string_agg(w, '/' ORDER BY w DESC) FROM (VALUES ('a'), ('c'), ('b')) AS v (w)",
    "n, rank() OVER (ORDER BY w), sum(n) OVER (ORDER BY n) FROM (VALUES (1, 'x'), (2, 'x'), (3, 'a')) AS v (n, w)",
    "row_number() OVER (ORDER BY w), lag(n) OVER (ORDER BY n) FROM (VALUES (1, 'x'), (2, 'x')) AS v (n, w)",
    "n FROM (VALUES (1), (2)) AS v (n) UNION SELECT 2.0",
    "n FROM (VALUES (3), (1), (2)) AS v (n) ORDER BY n DESC LIMIT 1 OFFSET 1",
    "(SELECT n FROM (VALUES (1), (2)) AS v (n))",
    "EXISTS (SELECT 1 WHERE false), 1 IN (SELECT 2 WHERE false), (SELECT 1 WHERE false) IS NULL",
    "n, w FROM unnest(ARRAY['b\"\\', NULL, 'é', '\U0001f600', '']) WITH ORDINALITY AS u (w, n)",
    "2 = ANY (ARRAY[1, NULL]), 'a' <> ALL ('{b,a}'::text[]), array_agg(n ORDER BY n DESC) FROM generate_series(1, 3) n",
    'e ->> \'k\' FROM jsonb_array_elements(\'[{"k": 1.10}, {"k": "é"}, {}]\'::jsonb) AS e',
    "a.n, b.n FROM (VALUES (1), (2)) AS a (n) FULL JOIN (VALUES (2), (3)) AS b (n) ON a.n = b.n",
)
"""Select lists, each run as a statement of its own; an error counts by its code."""

GOLDEN_DIGEST = "e0e642334bf51b7e10ae0555710c9678418bc5f943d04f966e813d8c83e36cd5"
"""SHA-256 of the results in order, as `golden_results` spells them."""

_CONTEXT = ExecutionContext(
    1_700_000_000_123, 1, TransactionId("0" * 64), ChainId("0" * 64), BranchName("main"), EntityName("golden")
)


def golden_results() -> list[str]:
    """One line for each golden expression: canonical JSON of its rows, or the code of its error."""
    lines = []
    with closing(Engine()) as engine:
        for text in GOLDEN_EXPRESSIONS:
            try:
                rows = engine.run(f"SELECT {text}", _CONTEXT).results[0].rows
            except SqlError as error:
                lines.append(error.sqlstate)
            else:
                lines.append(json.dumps(rows, ensure_ascii=True, separators=(",", ":")))
    return lines


def golden_digest() -> str:
    """What `GOLDEN_DIGEST` must be for this engine."""
    return hashlib.sha256("\n".join(golden_results()).encode()).hexdigest()


@functools.cache
def engine_matches_rules() -> bool:
    """Whether this engine computes as the rule set says; asked once a process."""
    try:
        return golden_digest() == GOLDEN_DIGEST
    except EngineError:
        return False
