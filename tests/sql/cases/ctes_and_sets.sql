-- WITH and the operators of sets.

CREATE TABLE node (id int PRIMARY KEY, parent int, name text);
INSERT INTO node VALUES (1, NULL, 'root'), (2, 1, 'a'), (3, 1, 'b'), (4, 2, 'c');

-- case: a query with a name
WITH big AS (SELECT id, name FROM node WHERE id > 2) SELECT name FROM big ORDER BY id;
-- b
-- c
WITH a (x) AS (SELECT 1), b AS (SELECT x + 1 AS y FROM a) SELECT x, y FROM a, b;
-- 1|2

-- case: a name may be used more than once
WITH n AS (SELECT id FROM node) SELECT count(*) FROM n AS l JOIN n AS r ON l.id < r.id;
-- 6

-- case: a query that refers to itself
WITH RECURSIVE down AS (SELECT id, 0 AS depth FROM node WHERE parent IS NULL UNION ALL SELECT n.id, d.depth + 1 FROM node n JOIN down d ON n.parent = d.id) SELECT id, depth FROM down ORDER BY id;
-- 1|0
-- 2|1
-- 3|1
-- 4|2
WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT sum(n) FROM c;
-- 15
WITH RECURSIVE c (n) AS (SELECT 1 UNION SELECT (n % 3) + 1 FROM c) SELECT n FROM c ORDER BY n;
-- 1
-- 2
-- 3
WITH RECURSIVE f (a, b) AS (VALUES (0, 1) UNION ALL SELECT b, a + b FROM f WHERE b < 20) SELECT max(b) FROM f;
-- 21

-- case: WITH before changes
WITH v AS (SELECT 9 AS id, 'nine' AS name) INSERT INTO node (id, name) SELECT id, name FROM v RETURNING id;
-- 9
WITH v AS (SELECT 1 AS id) UPDATE node SET name = 'top' FROM v WHERE node.id = v.id RETURNING node.name;
-- top
WITH v AS (SELECT 4 AS id) DELETE FROM node USING v WHERE node.id = v.id RETURNING node.id;
-- 4

-- case: changes inside of WITH
WITH gone AS (DELETE FROM node WHERE id = 4 RETURNING id) SELECT id FROM gone;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 4

-- case: unions
SELECT 1 UNION SELECT 1;
-- 1
SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 1 UNION ALL SELECT 2) AS u ORDER BY n;
-- 1
-- 1
-- 2
SELECT id FROM node UNION SELECT 4 UNION SELECT 7 ORDER BY id;
-- 1
-- 2
-- 3
-- 4
-- 7

-- case: intersections and differences
SELECT id FROM node INTERSECT SELECT parent FROM node ORDER BY id;
-- 1
-- 2
SELECT id FROM node EXCEPT SELECT parent FROM node ORDER BY id;
-- 3
-- 4
SELECT n FROM (VALUES (1), (1), (2)) AS v (n) EXCEPT ALL SELECT 1 ORDER BY n;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 1
-- 2
SELECT n FROM (VALUES (1), (1), (2)) AS v (n) INTERSECT ALL SELECT n FROM (VALUES (1), (1)) AS w (n) ORDER BY n;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 1
-- 1

-- case: INTERSECT binds more tightly than UNION
SELECT 1 UNION SELECT 2 INTERSECT SELECT 3;
-- 1
(SELECT 1 UNION SELECT 2) INTERSECT SELECT 2;
-- 2

-- case: order and limit of a whole and of a part
SELECT id FROM node UNION ALL SELECT id + 10 FROM node ORDER BY id DESC LIMIT 3;
-- 14
-- 13
-- 12
(SELECT id FROM node ORDER BY id DESC LIMIT 1) UNION ALL (SELECT id FROM node ORDER BY id LIMIT 1) ORDER BY id;
-- 1
-- 4

-- case: parts of a union must match
SELECT 1, 2 UNION SELECT 1;
-- ERROR 42601
SELECT 1 UNION SELECT 'x';
-- ERROR 22P02
SELECT id FROM node UNION SELECT name FROM node;
-- ERROR 42804

-- case: names of a union come from the first part
SELECT u.a FROM (SELECT 1 AS a UNION ALL SELECT 2 AS b) AS u ORDER BY a;
-- 1
-- 2

-- case: VALUES stands alone
VALUES (1, 'a'), (2, 'b');
-- 1|a
-- 2|b
VALUES (1), (2, 3);
-- ERROR 42601

-- case: DISTINCT
SELECT DISTINCT parent FROM node ORDER BY parent;
-- 1
-- 2
-- ∅
SELECT DISTINCT name FROM node ORDER BY id;
-- ERROR 42P10

-- case: MATERIALIZED changes nothing
WITH n AS MATERIALIZED (SELECT 1 AS x) SELECT x FROM n;
-- 1

-- case: a recursive query over an array's path
WITH RECURSIVE down AS (SELECT id, ARRAY[id] AS path FROM node WHERE parent IS NULL UNION ALL SELECT n.id, d.path || n.id FROM node n JOIN down d ON n.parent = d.id) SELECT id, path FROM down ORDER BY id;
-- 1|{1}
-- 2|{1,2}
-- 3|{1,3}
-- 4|{1,2,4}
