-- Functions in FROM beside tables: as PostgreSQL 15 answers.

-- case: functions in FROM beside tables
CREATE TABLE stock (id int PRIMARY KEY, q int, p numeric(12,2));
INSERT INTO stock SELECT g, 100, 1.50 FROM generate_series(1,50) AS g;
-- INSERT 50
UPDATE stock SET q = q - d.qty FROM unnest(ARRAY[1,2], ARRAY[5,6]) AS d(i, qty) WHERE stock.id = d.i RETURNING stock.id, q;
-- 1|95
-- 2|94
SELECT s.id, n, s.p * t.qty FROM unnest(ARRAY[7,3], ARRAY[2,1]) WITH ORDINALITY AS t(i, qty, n) JOIN stock s ON s.id = t.i ORDER BY n;
-- 7|1|3.00
-- 3|2|1.50
SELECT count(*) FROM stock WHERE id = ANY(ARRAY[1,2,99]);
-- 2
DELETE FROM stock USING unnest(ARRAY[49,50]) AS x WHERE id = x RETURNING id;
-- 49
-- 50
SELECT s.id FROM stock s WHERE EXISTS (SELECT 1 FROM unnest(ARRAY[4,5]) u WHERE u = s.id) ORDER BY 1;
-- 4
-- 5
SELECT array_agg(id ORDER BY id) FILTER (WHERE id < 4) FROM stock;
-- {1,2,3}
SELECT id, sum(q) FILTER (WHERE id > 1) OVER (ORDER BY id) FROM stock WHERE id < 4 ORDER BY id;
-- 1|∅
-- 2|94
-- 3|194
SELECT x.g, y.h FROM generate_series(1,2) AS x(g), generate_series(x.g, 2) AS y(h) ORDER BY 1, 2;
-- 1|1
-- 1|2
-- 2|2
SELECT g, ordinality FROM generate_series(10,12) WITH ORDINALITY AS t(g) ORDER BY g;
-- 10|1
-- 11|2
-- 12|3
WITH w AS (SELECT unnest.x FROM unnest(ARRAY[1,2]) AS unnest(x)) SELECT sum(x) FROM w;
-- 3
CREATE VIEW v AS SELECT id, ARRAY[q, 1] AS a FROM stock WHERE id < 3;
SELECT a[1], cardinality(a) FROM v ORDER BY id;
-- 95|2
-- 94|2
SELECT p = ANY(ARRAY[1.5]) FROM stock WHERE id = 1;
-- t
SELECT s.id FROM stock s JOIN unnest('{3,1}'::int[]) AS k ON k = s.id ORDER BY s.id;
-- 1
-- 3
SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM stock WHERE id > 1000;
-- {}
SELECT current_timestamp - interval '1 hour' < now(), now()::date + interval '1 day' > now();
-- t|t
CREATE TABLE iv2 (id int primary key, at timestamptz DEFAULT now(), due date);
INSERT INTO iv2 (id, due) VALUES (1, date '2024-01-31' + interval '1 month');
-- INSERT 1
SELECT due, extract(day FROM due) FROM iv2;
-- 2024-02-29|29
SELECT id FROM stock ORDER BY id DESC LIMIT cardinality(ARRAY[1,2]);
-- 48
-- 47
