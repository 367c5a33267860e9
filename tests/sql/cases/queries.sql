-- case: joins, groups, windows and sets
CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2), stock int, tag text);
CREATE TABLE sale (item int REFERENCES item (id), day date, quantity int, PRIMARY KEY (item, day));
INSERT INTO item VALUES (1, 'apple', 1.20, 10, 'fruit'), (2, 'pear', 0.80, NULL, 'fruit'), (3, 'nail', 0.05, 1000, 'tool'), (4, 'saw', 19.99, 2, NULL);
-- INSERT 4
INSERT INTO sale VALUES (1, '2024-01-01', 5), (1, '2024-01-02', 3), (2, '2024-01-01', 1), (4, '2024-01-03', 1);
-- INSERT 4
SELECT * FROM item ORDER BY id;
-- 1|apple|1.20|10|fruit
-- 2|pear|0.80|∅|fruit
-- 3|nail|0.05|1000|tool
-- 4|saw|19.99|2|∅
SELECT name, price FROM item WHERE price > 1 ORDER BY price DESC;
-- saw|19.99
-- apple|1.20
SELECT name FROM item WHERE price = 0.8;
-- pear
SELECT name FROM item WHERE price >= 0.050 AND price < 1.2001 ORDER BY name;
-- apple
-- nail
-- pear
SELECT name, stock FROM item ORDER BY stock, name;
-- saw|2
-- apple|10
-- nail|1000
-- pear|∅
SELECT name, stock FROM item ORDER BY stock DESC, name;
-- pear|∅
-- nail|1000
-- apple|10
-- saw|2
SELECT name, stock FROM item ORDER BY stock NULLS FIRST;
-- pear|∅
-- saw|2
-- apple|10
-- nail|1000
SELECT id FROM item ORDER BY tag DESC, id LIMIT 2 OFFSET 1;
-- 3
-- 1
SELECT i.name, s.quantity FROM item i JOIN sale s ON s.item = i.id ORDER BY i.id, s.day;
-- apple|5
-- apple|3
-- pear|1
-- saw|1
SELECT i.name, sum(s.quantity) AS sold FROM item i LEFT JOIN sale s ON s.item = i.id GROUP BY i.id ORDER BY i.id;
-- apple|8
-- pear|1
-- nail|∅
-- saw|1
SELECT i.name, sum(s.quantity * i.price) FROM item i JOIN sale s ON s.item = i.id GROUP BY i.id, i.name HAVING sum(s.quantity) > 1 ORDER BY 1;
-- apple|9.60
SELECT tag, count(*), sum(stock), min(price), max(price), avg(price), avg(stock) FROM item GROUP BY tag ORDER BY tag;
-- fruit|2|10|0.80|1.20|1.00000000000000000000|10.0000000000000000
-- tool|1|1000|0.05|0.05|0.05000000000000000000|1000.0000000000000000
-- ∅|1|2|19.99|19.99|19.9900000000000000|2.0000000000000000
SELECT count(*), count(stock), count(DISTINCT tag), sum(price), sum(stock) FROM item;
-- 4|3|2|22.04|1012
SELECT sum(price), max(name) FROM item WHERE false;
-- ∅|∅
SELECT avg(quantity), sum(quantity::bigint) FROM sale;
-- 2.5000000000000000|10
SELECT name, id FROM item GROUP BY tag;
-- ERROR 42803
SELECT tag FROM item WHERE count(*) > 1;
-- ERROR 42803
SELECT sum(count(*)) FROM item;
-- ERROR 42803
SELECT DISTINCT tag FROM item ORDER BY tag;
-- fruit
-- tool
-- ∅
SELECT DISTINCT tag FROM item ORDER BY name;
-- ERROR 42P10
SELECT name FROM item WHERE id IN (SELECT item FROM sale) ORDER BY id;
-- apple
-- pear
-- saw
SELECT name FROM item i WHERE NOT EXISTS (SELECT 1 FROM sale s WHERE s.item = i.id);
-- nail
SELECT name, (SELECT sum(quantity) FROM sale WHERE item = id) FROM item ORDER BY id;
-- apple|8
-- pear|1
-- nail|∅
-- saw|1
SELECT (SELECT name FROM item);
-- ERROR 21000
SELECT (SELECT name FROM item WHERE id = 99) IS NULL;
-- t
SELECT (SELECT id, name FROM item WHERE id = 1);
-- ERROR 42601
SELECT name FROM item WHERE price = (SELECT max(price) FROM item);
-- saw
SELECT id FROM item UNION SELECT item FROM sale ORDER BY id;
-- 1
-- 2
-- 3
-- 4
SELECT 1 UNION ALL SELECT 1;
-- 1
-- 1
SELECT 1 UNION SELECT 2.5 ORDER BY 1;
-- 1
-- 2.5
SELECT id FROM item INTERSECT SELECT item FROM sale ORDER BY 1;
-- 1
-- 2
-- 4
SELECT id FROM item EXCEPT SELECT item FROM sale;
-- 3
SELECT 1 UNION SELECT 'x';
-- ERROR 22P02
SELECT 1, 2 UNION SELECT 1;
-- ERROR 42601
WITH big AS (SELECT * FROM item WHERE price > 1) SELECT name FROM big ORDER BY name;
-- apple
-- saw
WITH a(x) AS (SELECT 1), b AS (SELECT x + 1 AS y FROM a) SELECT x, y FROM a, b;
-- 1|2
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT sum(n), count(*) FROM t;
-- 55|10
SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS v (n, word) ORDER BY n;
-- 1|one
-- 2|two
VALUES (3, 'c'), (1, 'a') ORDER BY 1;
-- 1|a
-- 3|c
SELECT x.id, y.id FROM item x, item y WHERE x.id + 2 = y.id ORDER BY 1;
-- 1|3
-- 2|4
SELECT * FROM item JOIN (SELECT item AS id, quantity FROM sale) s USING (id) ORDER BY id, quantity LIMIT 2;
-- 1|apple|1.20|10|fruit|3
-- 1|apple|1.20|10|fruit|5
SELECT s.item, i.id FROM item i FULL JOIN sale s ON s.item = i.id AND s.quantity > 3 ORDER BY s.item, i.id;
-- 1|1
-- 1|∅
-- 2|∅
-- 4|∅
-- ∅|2
-- ∅|3
-- ∅|4
SELECT i.id, s.day FROM sale s RIGHT JOIN item i ON s.item = i.id AND s.day = '2024-01-01' ORDER BY i.id;
-- 1|2024-01-01
-- 2|2024-01-01
-- 3|∅
-- 4|∅
SELECT count(*) FROM item CROSS JOIN sale;
-- 16
SELECT id, row_number() OVER (ORDER BY price DESC) FROM item ORDER BY id;
-- 1|2
-- 2|3
-- 3|4
-- 4|1
SELECT id, rank() OVER (ORDER BY tag), sum(stock) OVER (PARTITION BY tag ORDER BY id) FROM item ORDER BY id;
-- 1|1|10
-- 2|1|10
-- 3|3|1000
-- 4|4|2
SELECT id, lag(name) OVER (ORDER BY id), lead(price, 1, 0) OVER (ORDER BY id) FROM item ORDER BY id;
-- 1|∅|0.80
-- 2|apple|0.05
-- 3|pear|19.99
-- 4|nail|0
SELECT day, sum(sum(quantity)) OVER (ORDER BY day) FROM sale GROUP BY day ORDER BY day;
-- 2024-01-01|6
-- 2024-01-02|9
-- 2024-01-03|10
SELECT string_agg(name, ',' ORDER BY name) FROM item;
-- apple,nail,pear,saw
SELECT count(*) FILTER (WHERE price > 1) FROM item;
-- 2
SELECT bool_and(price > 0), bool_or(price > 100), every(stock > 0) FROM item;
-- t|f|t
SELECT item.name FROM item AS i;
-- ERROR 42P01
SELECT nope FROM item;
-- ERROR 42703
SELECT name FROM item, item AS j WHERE item.id = 1;
-- ERROR 42702
SELECT * FROM nowhere;
-- ERROR 42P01
SELECT * FROM item WHERE id = 'x';
-- ERROR 22P02
SELECT id, CASE WHEN stock > 5 THEN price ELSE 0 END FROM item ORDER BY id;
-- 1|1.20
-- 2|0
-- 3|0.05
-- 4|0
SELECT price * 2, price + 1, price - 0.5, -price, price * price, price / 3 FROM item WHERE id = 1;
-- 2.40|2.20|0.70|-1.20|1.4400|0.40000000000000000000
SELECT price::int, price::text, round(price), round(price, 1) FROM item ORDER BY id;
-- 1|1.20|1|1.2
-- 1|0.80|1|0.8
-- 0|0.05|0|0.1
-- 20|19.99|20|20.0
SELECT id AS "Order", name "b c" FROM item WHERE id = 1;
-- 1|apple
SELECT upper(name) AS u FROM item ORDER BY u DESC LIMIT 1;
-- SAW
SELECT tag, count(*) AS n FROM item GROUP BY tag ORDER BY n DESC, tag;
-- fruit|2
-- tool|1
-- ∅|1
SELECT price > 1 AS dear, count(*) FROM item GROUP BY price > 1 ORDER BY 1;
-- f|2
-- t|2
SELECT length(name) FROM item GROUP BY length(name) ORDER BY length(name);
-- 3
-- 4
-- 5
SELECT id FROM item LIMIT 0;
-- (no rows)
SELECT id FROM item ORDER BY id LIMIT -1;
-- ERROR 2201W
SELECT id FROM item ORDER BY 2;
-- ERROR 42P10
SELECT id FROM item ORDER BY id OFFSET 3;
-- 4
SELECT item.* FROM item WHERE id = 3;
-- 3|nail|0.05|1000|tool
SELECT public.item.id FROM public.item WHERE id = 3;
-- 3
SELECT sum(DISTINCT price) FROM item;
-- 22.04

-- case: a first word that is none
SELCT;
-- ERROR 42601
SELCT 1;
-- ERROR 42601
SELCT a FROM (VALUES (1)) v(a);
-- ERROR 42601
1 + 1;
-- ERROR 42601
