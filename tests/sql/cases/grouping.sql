-- Groups and aggregates.

CREATE TABLE sale (id int PRIMARY KEY, shop text, day date, amount numeric(8,2), units int);
INSERT INTO sale VALUES (1, 'a', '2024-01-01', 10, 1), (2, 'a', '2024-01-02', 20.50, 2), (3, 'b', '2024-01-01', 5, NULL), (4, 'b', '2024-01-03', 5, 4), (5, NULL, '2024-01-03', 1.25, 5);

-- case: groups by a column
SELECT shop, count(*), sum(amount), avg(amount), min(day), max(units) FROM sale GROUP BY shop ORDER BY shop;
-- a|2|30.50|15.2500000000000000|2024-01-01|2
-- b|2|10.00|5.0000000000000000|2024-01-01|4
-- ∅|1|1.25|1.25000000000000000000|2024-01-03|5

-- case: groups by an expression, its name or its number
SELECT amount > 5 AS large, count(*) FROM sale GROUP BY amount > 5 ORDER BY 1;
-- f|3
-- t|2
SELECT amount > 5 AS large, count(*) FROM sale GROUP BY large ORDER BY large;
-- f|3
-- t|2
SELECT extract(day FROM day), sum(units) FROM sale GROUP BY 1 ORDER BY 1;
-- 1|1
-- 2|2
-- 3|9

-- case: HAVING chooses groups
SELECT shop FROM sale GROUP BY shop HAVING count(*) > 1 ORDER BY shop;
-- a
-- b
SELECT sum(amount) FROM sale HAVING sum(amount) > 1000;
-- (no rows)
SELECT shop, sum(amount) FROM sale GROUP BY shop HAVING sum(amount) > avg(units) ORDER BY shop;
-- a|30.50
-- b|10.00

-- case: without groups there is one row
SELECT count(*), sum(amount) FROM sale WHERE false;
-- 0|∅
SELECT shop, count(*) FROM sale WHERE false GROUP BY shop;
-- (no rows)

-- case: DISTINCT and FILTER inside of aggregates
SELECT count(DISTINCT shop), count(DISTINCT amount), sum(DISTINCT amount), count(*) FILTER (WHERE shop = 'a'), sum(amount) FILTER (WHERE units IS NULL) FROM sale;
-- 2|4|36.75|2|5.00

-- case: a column that is neither grouped nor aggregated
SELECT shop, amount FROM sale GROUP BY shop;
-- ERROR 42803
SELECT id, amount FROM sale GROUP BY id ORDER BY id LIMIT 1;
-- 1|10.00
SELECT shop FROM sale WHERE count(*) > 1;
-- ERROR 42803
SELECT sum(count(*)) FROM sale;
-- ERROR 42803
SELECT count(*) FROM sale GROUP BY count(*);
-- ERROR 42803

-- case: aggregates of expressions and expressions of aggregates
SELECT sum(amount * units), sum(amount) / count(*), round(avg(amount), 1), max(amount) - min(amount) FROM sale;
-- 77.25|8.3500000000000000|8.4|19.25

-- case: ordering by an aggregate
SELECT shop FROM sale GROUP BY shop ORDER BY sum(amount) DESC, shop;
-- a
-- b
-- ∅

-- case: bool_and, bool_or and every
SELECT bool_and(units > 0), bool_or(units > 4), every(amount > 2) FROM sale;
-- t|t|f

-- case: max of texts and dates
SELECT max(shop), min(shop), max(day), min(day) FROM sale;
-- b|a|2024-01-03|2024-01-01

-- case: GROUPING SETS and ROLLUP
SELECT shop, count(*) FROM sale GROUP BY ROLLUP (shop) ORDER BY shop NULLS LAST, count(*);
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- a|2
-- b|2
-- ∅|1
-- ∅|5

-- case: statistics
SELECT stddev(amount), variance(amount) FROM sale;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 7.4699397587932394|55.8000000000000000

-- case: aggregates over a join
SELECT s.shop, count(t.id) FROM sale s LEFT JOIN sale t ON t.shop = s.shop AND t.id <> s.id GROUP BY s.shop ORDER BY s.shop;
-- a|2
-- b|2
-- ∅|0

-- case: count of what is there
SELECT count(units), count(*), count(1), count(NULL) FROM sale;
-- 4|5|5|0

-- case: max of numerics keeps the spelling of a value
SELECT max(n), min(n) FROM (VALUES (1.50), (1.5), (0.10)) AS v (n);
-- 1.5|0.1
-- differs: give the shortest spelling
-- 1.5|0.10

-- case: a sum of numerics has the largest scale
SELECT sum(n), avg(n) FROM (VALUES (1.5), (2.250)) AS v (n);
-- 3.750|1.8750000000000000

-- case: equal numerics are one group
SELECT n, count(*) FROM (VALUES (1.5), (1.5)) AS v (n) GROUP BY n;
-- 1.5|2
