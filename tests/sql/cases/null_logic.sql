-- Three values of truth.

-- case: AND, OR and NOT
SELECT true AND NULL, false AND NULL, true OR NULL, false OR NULL, NOT NULL::boolean;
-- ∅|f|t|∅|∅

-- case: comparisons with NULL
SELECT NULL = NULL, NULL <> 1, 1 < NULL, NULL IS NULL, 1 IS NOT NULL, 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL, 1 IS NOT DISTINCT FROM 1;
-- ∅|∅|∅|t|t|t|t|t

-- case: IN with NULL
SELECT 1 IN (1, NULL), 2 IN (1, NULL), 2 NOT IN (1, NULL), NULL IN (1), 1 IN (SELECT NULL::int), 1 NOT IN (SELECT 1 WHERE false);
-- t|∅|∅|∅|∅|t

-- case: BETWEEN with NULL
SELECT 1 BETWEEN NULL AND 2, 5 BETWEEN NULL AND 2, 5 NOT BETWEEN NULL AND 2;
-- ∅|f|t

-- case: IS TRUE and its kin
SELECT true IS TRUE, NULL::boolean IS NOT TRUE, false IS NOT FALSE, NULL::boolean IS UNKNOWN, true IS NOT UNKNOWN;
-- t|t|f|t|t

-- case: CASE without a match gives NULL
SELECT CASE WHEN false THEN 1 END, CASE NULL WHEN NULL THEN 'same' ELSE 'not' END, CASE 3 WHEN 1 THEN 'a' WHEN 3 THEN 'c' END;
-- ∅|not|c

-- case: coalesce and nullif
SELECT coalesce(NULL, NULL, 3), nullif(1, 1), nullif(1, 2), coalesce(NULL, 'x');
-- 3|∅|1|x

-- case: aggregates pass over NULL
SELECT count(*), count(n), sum(n), avg(n), min(n), bool_and(n > 1), bool_or(n > 5) FROM (VALUES (1), (NULL), (3)) AS v (n);
-- 3|2|4|2.0000000000000000|1|f|f

-- case: aggregates of nothing
SELECT count(*), sum(n), max(n), string_agg(n::text, ',' ORDER BY n), bool_and(n > 1) FROM (VALUES (1)) AS v (n) WHERE false;
-- 0|∅|∅|∅|∅

-- case: NULLs sort last, or first when descending
SELECT n FROM (VALUES (1), (NULL), (3)) AS v (n) ORDER BY n;
-- 1
-- 3
-- ∅
SELECT n FROM (VALUES (1), (NULL), (3)) AS v (n) ORDER BY n DESC;
-- ∅
-- 3
-- 1
SELECT n FROM (VALUES (1), (NULL), (3)) AS v (n) ORDER BY n DESC NULLS LAST;
-- 3
-- 1
-- ∅
SELECT n FROM (VALUES (1), (NULL), (3)) AS v (n) ORDER BY n NULLS FIRST;
-- ∅
-- 1
-- 3

-- case: NULLs are one group and one distinct value
SELECT n, count(*) FROM (VALUES (1), (NULL), (NULL)) AS v (n) GROUP BY n ORDER BY n;
-- 1|1
-- ∅|2
SELECT DISTINCT n FROM (VALUES (1), (NULL), (NULL)) AS v (n) ORDER BY n;
-- 1
-- ∅
SELECT NULL UNION SELECT NULL;
-- ∅

-- case: NULLs are different keys of a unique constraint
CREATE TABLE u (a int UNIQUE, b int, UNIQUE (b, a));
INSERT INTO u VALUES (NULL, 1), (NULL, 1);
-- INSERT 2
SELECT count(*) FROM u;
-- 2

-- case: a check that gives NULL passes
CREATE TABLE c (a int CHECK (a > 0));
INSERT INTO c VALUES (NULL), (1) RETURNING a;
-- 1
-- ∅
-- differs: are sorted by their values
-- ∅
-- 1
INSERT INTO c VALUES (0);
-- ERROR 23514

-- case: WHERE takes only what is true
SELECT n FROM (VALUES (1), (NULL), (3)) AS v (n) WHERE n <> 1;
-- 3
SELECT n FROM (VALUES (1), (NULL), (3)) AS v (n) WHERE NOT (n = 1);
-- 3

-- case: rows with NULL
SELECT (1, NULL) = (1, NULL), (1, NULL) = (2, NULL);
-- ∅|f
SELECT (1, 2) < (1, 3);
-- t

-- case: joins do not match NULL
SELECT a.n, b.n FROM (VALUES (1), (NULL)) AS a (n) LEFT JOIN (VALUES (1), (NULL)) AS b (n) ON a.n = b.n ORDER BY a.n;
-- 1|1
-- ∅|∅

-- case: short circuits protect from errors in CASE
SELECT CASE WHEN n = 0 THEN NULL ELSE 10 / n END FROM (VALUES (0), (5)) AS v (n);
-- ∅
-- 2
