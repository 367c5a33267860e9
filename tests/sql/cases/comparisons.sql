-- Rows compared, ranges in any order, ntile.

-- case: rows are less and greater by the first fields that differ
SELECT (1, 2) < (1, 3), (1, 2) < (1, 2), (1, 2) <= (1, 2), (2, 1) > (1, 9), (1, 2) >= (1, 3), (1, NULL) < (2, 1), (1, NULL) < (1, 1), (NULL, 1) < (2, 2), ROW(1, 'a', 2.5) > ROW(1, 'a', 2.25);
-- t|f|t|t|f|t|∅|∅|t
SELECT (1, NULL) <= (0, 1), (1, 1, NULL) < (1, 2, 3), (1, 1, NULL) < (1, 1, 3), (1, 2.50) <= (1, 2.5), ('a', 'b') < ('a', 'c'), (1, '2') < (1, 3), (date '2026-01-01', 1) > ('2025-01-01', 5);
-- f|t|∅|t|t|t|t
SELECT (1, 2) < (1, 2, 3);
-- ERROR 42601
SELECT (1, 'a') < (1, 2);
-- ERROR 22P02
-- case: pages of a table by a key of two columns
CREATE TABLE t (a int, b text, PRIMARY KEY (a, b));
INSERT INTO t VALUES (1, 'x'), (1, 'y'), (2, 'a'), (2, 'b'), (3, 'a');
-- INSERT 5
SELECT * FROM t WHERE (a, b) > (1, 'y') ORDER BY a, b LIMIT 2;
-- 2|a
-- 2|b
SELECT * FROM t WHERE (a, b) <= (2, 'a') ORDER BY a DESC, b DESC;
-- 2|a
-- 1|y
-- 1|x
SELECT * FROM t WHERE NOT (a, b) > (1, 'x') ORDER BY a, b;
-- 1|x
-- case: rows in a list of rows
SELECT (1, 2) IN ((1, 2), (3, 4)), (1, 2) IN ((1, 3), (2, 2)), (1, NULL) IN ((1, 2)), (1, NULL) IN ((2, 2)), (1, 2) NOT IN ((1, 2)), (1, NULL) NOT IN ((2, 5), (3, 5)), ROW(1, 'a') IN (ROW(1, 'a')), (1, '2') IN ((1, 2)), (1.0, 2) IN ((1, 2.00));
-- t|f|∅|f|f|t|t|t|t
SELECT (1, 2) IN ((1, 2, 3));
-- ERROR 42601
SELECT (1, 2) IN ((1, 'a'));
-- ERROR 22P02
CREATE TABLE t (a int, b text, PRIMARY KEY (a, b));
INSERT INTO t VALUES (1, 'x'), (1, 'y'), (2, 'a');
-- INSERT 3
SELECT * FROM t WHERE (a, b) IN ((1, 'y'), (2, 'a'), (2, 'x')) ORDER BY a;
-- 1|y
-- 2|a
DELETE FROM t WHERE (a, b) NOT IN ((1, 'y'));
-- DELETE 2
SELECT count(*) FROM t;
-- 1
-- case: BETWEEN SYMMETRIC
SELECT 2 BETWEEN SYMMETRIC 3 AND 1, 2 BETWEEN 3 AND 1, 4 BETWEEN SYMMETRIC 3 AND 1, 4 NOT BETWEEN SYMMETRIC 3 AND 1, NULL BETWEEN SYMMETRIC 1 AND 2, 2 BETWEEN SYMMETRIC NULL AND 1, 2 BETWEEN SYMMETRIC 3 AND NULL, 'b' BETWEEN SYMMETRIC 'c' AND 'a', 1.5 BETWEEN SYMMETRIC 2 AND 1, 2 BETWEEN ASYMMETRIC 1 AND 3;
-- t|f|f|t|∅|∅|∅|t|t|t
SELECT 1 BETWEEN SYMMETRIC 'a' AND 2;
-- ERROR 22P02
-- case: ntile
SELECT n, ntile(3) OVER (ORDER BY n), ntile(2) OVER (ORDER BY n DESC), ntile(10) OVER (ORDER BY n), ntile(1) OVER (ORDER BY n) FROM generate_series(1, 7) n ORDER BY n;
-- 1|1|2|1|1
-- 2|1|2|2|1
-- 3|1|2|3|1
-- 4|2|1|4|1
-- 5|2|1|5|1
-- 6|3|1|6|1
-- 7|3|1|7|1
SELECT n, ntile(2) OVER (PARTITION BY n % 2 ORDER BY n) FROM generate_series(1, 6) n ORDER BY n;
-- 1|1
-- 2|1
-- 3|1
-- 4|1
-- 5|2
-- 6|2
SELECT ntile(0) OVER (ORDER BY n) FROM generate_series(1, 2) n;
-- ERROR 22014
SELECT ntile(-1) OVER (ORDER BY n) FROM generate_series(1, 2) n;
-- ERROR 22014
SELECT ntile(2) OVER (ORDER BY n), count(*) FROM (VALUES (1), (2)) v(n) GROUP BY n ORDER BY n;
-- 1|1
-- 2|1
SELECT ntile('a') OVER (ORDER BY n) FROM generate_series(1, 2) n;
-- ERROR 22P02
SELECT ntile() OVER (ORDER BY n) FROM generate_series(1, 2) n;
-- ERROR 42883
