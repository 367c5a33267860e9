-- Joins and subqueries.

CREATE TABLE dept (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE emp (id int PRIMARY KEY, name text, dept int REFERENCES dept, boss int, pay numeric(8,2));
INSERT INTO dept VALUES (1, 'law'), (2, 'tax'), (3, 'art');
INSERT INTO emp VALUES (1, 'ann', 1, NULL, 100), (2, 'bob', 1, 1, 80), (3, 'cid', 2, 1, 90.50), (4, 'dan', NULL, 3, 50);

-- case: inner and outer joins
SELECT e.name, d.name FROM emp AS e JOIN dept AS d ON d.id = e.dept ORDER BY e.id;
-- ann|law
-- bob|law
-- cid|tax
SELECT e.name, d.name FROM emp e LEFT JOIN dept d ON d.id = e.dept ORDER BY e.id;
-- ann|law
-- bob|law
-- cid|tax
-- dan|∅
SELECT e.name, d.name FROM emp e RIGHT JOIN dept d ON d.id = e.dept ORDER BY d.id, e.id;
-- ann|law
-- bob|law
-- cid|tax
-- ∅|art
SELECT e.name, d.name FROM emp e FULL JOIN dept d ON d.id = e.dept ORDER BY e.id, d.id;
-- ann|law
-- bob|law
-- cid|tax
-- dan|∅
-- ∅|art

-- case: a join without a condition is all pairs
SELECT count(*) FROM emp, dept;
-- 12
SELECT count(*) FROM emp CROSS JOIN dept;
-- 12

-- case: USING and NATURAL join columns of one name
SELECT id, a, b FROM (VALUES (1, 'x'), (2, 'y')) AS l (id, a) JOIN (VALUES (1, 'p'), (3, 'q')) AS r (id, b) USING (id);
-- 1|x|p
SELECT * FROM (VALUES (1, 'x'), (2, 'y')) AS l (id, a) FULL JOIN (VALUES (1, 'p'), (3, 'q')) AS r (id, b) USING (id) ORDER BY id;
-- 1|x|p
-- 2|y|∅
-- 3|∅|q
SELECT * FROM (VALUES (1, 'x')) AS l (id, a) NATURAL JOIN (VALUES (1, 'p')) AS r (id, b);
-- 1|x|p

-- case: a table joined with itself
SELECT e.name, b.name FROM emp e LEFT JOIN emp b ON b.id = e.boss ORDER BY e.id;
-- ann|∅
-- bob|ann
-- cid|ann
-- dan|cid

-- case: a condition of a left join differs from one in WHERE
SELECT e.name, d.name FROM emp e LEFT JOIN dept d ON d.id = e.dept AND d.name = 'law' ORDER BY e.id;
-- ann|law
-- bob|law
-- cid|∅
-- dan|∅
SELECT e.name, d.name FROM emp e LEFT JOIN dept d ON d.id = e.dept WHERE d.name = 'law' ORDER BY e.id;
-- ann|law
-- bob|law

-- case: three tables and brackets
SELECT e.name, b.name, d.name FROM emp e JOIN (emp b JOIN dept d ON d.id = b.dept) ON b.id = e.boss ORDER BY e.id;
-- ERROR 42601
-- differs: Whatever is not listed here is refused
-- bob|ann|law
-- cid|ann|law
-- dan|cid|tax

-- case: scalar subqueries
SELECT name, (SELECT count(*) FROM emp WHERE dept = dept.id) FROM dept ORDER BY id;
-- law|2
-- tax|1
-- art|0
SELECT name FROM emp WHERE pay = (SELECT max(pay) FROM emp);
-- ann
SELECT (SELECT name FROM emp);
-- ERROR 21000
SELECT (SELECT name FROM emp WHERE id = 99) IS NULL;
-- t

-- case: EXISTS and IN
SELECT name FROM dept WHERE EXISTS (SELECT 1 FROM emp WHERE emp.dept = dept.id) ORDER BY id;
-- law
-- tax
SELECT name FROM dept WHERE id NOT IN (SELECT dept FROM emp WHERE dept IS NOT NULL);
-- art
SELECT name FROM dept WHERE id NOT IN (SELECT dept FROM emp);
-- (no rows)
SELECT name FROM emp WHERE (dept, boss) IN (SELECT 1, 1);
-- bob

-- case: subqueries in FROM
SELECT d, n FROM (SELECT dept AS d, count(*) AS n FROM emp GROUP BY dept) AS c WHERE n > 1;
-- 1|2
SELECT 1 FROM (SELECT 1);
-- ERROR 42601

-- case: names that are ambiguous or not there
SELECT name FROM emp JOIN dept ON dept.id = emp.dept;
-- ERROR 42702
SELECT emp.nope FROM emp;
-- ERROR 42703
SELECT nope.id FROM emp;
-- ERROR 42P01
SELECT emp.name FROM emp AS e;
-- ERROR 42P01
SELECT * FROM nowhere;
-- ERROR 42P01
SELECT 1 FROM emp, emp;
-- ERROR 42712

-- case: stars
SELECT d.*, e.name FROM emp e JOIN dept d ON d.id = e.dept ORDER BY e.id LIMIT 1;
-- 1|law|ann
SELECT * FROM dept ORDER BY id LIMIT 1;
-- 1|law
SELECT count(emp.*) FROM emp;
-- ERROR 42601
-- differs: Whatever is not listed here is refused
-- 4

-- case: ORDER BY names, numbers and expressions
SELECT name AS who, pay FROM emp ORDER BY pay DESC, who LIMIT 2;
-- ann|100.00
-- cid|90.50
SELECT name, pay FROM emp ORDER BY 2 LIMIT 1;
-- dan|50.00
SELECT name FROM emp ORDER BY -pay LIMIT 1;
-- ann
SELECT name FROM emp ORDER BY 5;
-- ERROR 42P10

-- case: LIMIT and OFFSET
SELECT id FROM emp ORDER BY id LIMIT 2 OFFSET 1;
-- 2
-- 3
SELECT id FROM emp ORDER BY id OFFSET 3;
-- 4
SELECT id FROM emp ORDER BY id LIMIT ALL;
-- 1
-- 2
-- 3
-- 4
SELECT id FROM emp ORDER BY id LIMIT 1 + 1;
-- 1
-- 2
SELECT id FROM emp ORDER BY id LIMIT -1;
-- ERROR 2201W
SELECT id FROM emp ORDER BY id FETCH FIRST 2 ROWS ONLY;
-- 1
-- 2

-- case: DISTINCT ON takes the first of each
SELECT DISTINCT ON (dept) dept, name FROM emp ORDER BY dept, pay DESC;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 1|ann
-- 2|cid
-- ∅|dan

-- case: LATERAL sees what stands before
SELECT d.name, t.name FROM dept d CROSS JOIN LATERAL (SELECT e.name FROM emp e WHERE e.dept = d.id ORDER BY e.pay DESC LIMIT 1) AS t ORDER BY d.id;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- law|ann
-- tax|cid

-- case: rows are locked without an effect
SELECT id FROM emp WHERE id = 1 FOR UPDATE;
-- 1

-- case: a query has columns
SELECT FROM dept;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
--
--
--
