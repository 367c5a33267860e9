-- What PostgreSQL does otherwise, lacks, or cannot be asked.

-- case: a table without a primary key has a key that no statement sees
CREATE TABLE plain (what text, amount int);
INSERT INTO plain VALUES ('b', 2), ('a', 1), ('b', 2);
-- INSERT 3
SELECT * FROM plain;
-- b|2
-- a|1
-- b|2
SELECT _row FROM plain;
-- ERROR 42703
INSERT INTO plain (_row, what) VALUES ('x', 'y');
-- ERROR 42703
UPDATE plain SET _row = 'x';
-- ERROR 42703
SELECT plain.* FROM plain ORDER BY amount LIMIT 1;
-- a|1
DELETE FROM plain WHERE amount = 2 RETURNING what;
-- b
-- b
INSERT INTO plain SELECT what || '!', amount FROM plain;
-- INSERT 1
SELECT what FROM plain ORDER BY what;
-- a
-- a!

-- case: the block and the signer
SELECT current_timestamp, current_date, current_user, now() = current_timestamp;
-- 2023-11-14 22:13:20.123+00|2023-11-14|alice|t
CREATE TABLE dated (id int PRIMARY KEY, at timestamptz DEFAULT current_timestamp, by text DEFAULT current_user);
INSERT INTO dated (id) VALUES (1) RETURNING at, by;
-- 2023-11-14 22:13:20.123+00|alice

-- case: functions that differ between machines or runs
SELECT random();
-- ERROR 0A000
SELECT gen_random_uuid();
-- ERROR 0A000
SELECT current_setting('x');
-- ERROR 42883
SELECT string_agg(what, ',') FROM (VALUES ('a')) AS v (what);
-- ERROR 0A000
SELECT sum(1.5::double precision);
-- ERROR 0A000
SELECT avg(1.5::double precision);
-- ERROR 0A000
SELECT sqrt(4);
-- ERROR 0A000
SELECT 0.5::double precision::text;
-- ERROR 42846
SELECT 0.5::double precision::numeric;
-- ERROR 42846
SELECT sqlite_version();
-- ERROR 42883
SELECT load_extension('x');
-- ERROR 42883

-- case: catalogs of engines
SELECT * FROM pg_catalog.pg_tables;
-- ERROR 42P01
SELECT * FROM sqlite_schema;
-- ERROR 42P01
SELECT * FROM cache_facts;
-- ERROR 42P01

-- case: statements that are left out
CREATE TABLE plain (what text, amount int);
SELECT * FROM plain TABLESAMPLE system (1);
-- ERROR 0A000
EXPLAIN SELECT 1;
-- ERROR 0A000
BEGIN;
-- ERROR 0A000
COMMIT;
-- ERROR 0A000
SET search_path = x;
-- ERROR 0A000
VACUUM;
-- ERROR 0A000
COPY plain FROM stdin;
-- ERROR 0A000
DO $$ BEGIN END $$;
-- ERROR 0A000
PRAGMA foreign_keys;
-- ERROR 0A000
ATTACH 'x' AS y;
-- ERROR 42601
MERGE INTO plain USING plain AS p ON true WHEN MATCHED THEN DELETE;
-- ERROR 0A000
WITH x AS (INSERT INTO plain VALUES (1) RETURNING *) SELECT * FROM x;
-- ERROR 0A000
SELECT 1 +;
-- ERROR 42601

-- case: definitions that are left out
CREATE TABLE plain (what text, amount int);
CREATE TEMP TABLE x (a int);
-- ERROR 0A000
CREATE TABLE x AS SELECT 1;
-- ERROR 0A000
CREATE TABLE x (LIKE plain);
-- ERROR 0A000
CREATE TABLE x (a int, b int GENERATED ALWAYS AS (a + 1) STORED);
-- ERROR 0A000
CREATE TABLE x (a int[]);
-- ERROR 0A000
CREATE TABLE x (a int DEFAULT (SELECT 1));
-- ERROR 0A000
CREATE TABLE x (a int CHECK (a > (SELECT 1)));
-- ERROR 0A000
CREATE TABLE x (a timestamptz CHECK (a < now()));
-- ERROR 0A000
CREATE UNIQUE INDEX i ON plain (amount) WHERE amount > 1;
-- ERROR 0A000
CREATE INDEX i ON plain (lower(what));
-- ERROR 0A000
CREATE INDEX i ON plain USING gin (what);
-- ERROR 0A000
CREATE MATERIALIZED VIEW m AS SELECT 1;
-- ERROR 0A000
CREATE TRIGGER t AFTER INSERT ON plain EXECUTE FUNCTION f();
-- ERROR 0A000

-- case: names that are refused
CREATE TABLE pg_x (a int);
-- ERROR 42939
CREATE TABLE aergo_x (a int);
-- ERROR 42939
CREATE TABLE _x (a int);
-- ERROR 42939
CREATE TABLE "Mixed" (a int);
-- ERROR 42602
CREATE TABLE "a.b" (a int);
-- ERROR 42602
CREATE TABLE x ("_row" int);
-- ERROR 42939
CREATE TABLE x (a int, "A" int);
-- ERROR 42701
CREATE TABLE x ("" int);
-- ERROR 42602
CREATE TABLE x (a numeric(5,9));
-- ERROR 22023
CREATE TABLE x (a1234567890123456789012345678901234567890123456789012345678901234 int);
-- ERROR 42622

-- case: views are read only, and hold on to their columns
CREATE TABLE plain (what text, amount int);
CREATE VIEW v AS SELECT what AS w FROM plain;
UPDATE v SET w = 'x';
-- ERROR 42809
ALTER TABLE plain RENAME COLUMN what TO x;
-- ERROR 2BP01
ALTER TABLE plain DROP COLUMN what;
-- ERROR 2BP01
ALTER TABLE plain DROP COLUMN what CASCADE;
SELECT * FROM v;
-- ERROR 42P01

-- case: wherever an order shows it is total
CREATE TABLE pair (a int PRIMARY KEY, b int);
INSERT INTO pair VALUES (1, 1), (2, 1), (3, 2);
-- INSERT 3
UPDATE pair SET b = p.a FROM pair AS p WHERE p.b = pair.b;
-- ERROR 21000
SELECT a FROM pair ORDER BY b LIMIT 2;
-- 1
-- 2
SELECT row_number() OVER (), a FROM pair ORDER BY a;
-- 1|1
-- 2|2
-- 3|3
SELECT DISTINCT b FROM pair LIMIT 1;
-- 1
SELECT b, count(*) FROM pair GROUP BY b LIMIT 1;
-- 1|2
SELECT a, last_value(a) OVER (ORDER BY b), sum(a) OVER (ORDER BY b) FROM pair ORDER BY a;
-- 1|1|3
-- 2|2|3
-- 3|3|6

-- case: of equal numerics the shortest is shown
SELECT max(n), count(DISTINCT n) FROM (VALUES (1.0), (1.00)) AS v (n);
-- 1|1
SELECT DISTINCT n FROM (VALUES (1.0), (1.00)) AS v (n);
-- 1
SELECT n, count(*) FROM (VALUES (1.0), (1.00), (2)) AS v (n) GROUP BY n;
-- 1|2
-- 2|1

-- case: limits
SELECT repeat('x', 100000);
-- ERROR 54000
SELECT 'abc' LIKE 'abc\';
-- ERROR 22025

-- case: a script has several statements
SELECT 1; SELECT 2;
-- 2

-- case: windows that cannot be copied
SELECT sum(n) OVER (w PARTITION BY n) FROM (VALUES (1)) AS v (n) WINDOW w AS (ORDER BY n);
-- ERROR 42P20
SELECT sum(n) OVER (w ORDER BY n) FROM (VALUES (1)) AS v (n) WINDOW w AS (ORDER BY n);
-- ERROR 42P20
SELECT sum(n) OVER (w ORDER BY n) FROM (VALUES (1)) AS v (n) WINDOW w AS (ROWS UNBOUNDED PRECEDING);
-- ERROR 42P20
SELECT sum(n) OVER x FROM (VALUES (1)) AS v (n) WINDOW w AS (PARTITION BY n), x AS (w ORDER BY n);
-- ERROR 0A000

-- case: rows cannot be locked where they are put together
CREATE TABLE plain (what text, amount int);
SELECT DISTINCT what FROM plain FOR UPDATE;
-- ERROR 0A000
SELECT count(*) FROM plain FOR UPDATE;
-- ERROR 0A000

-- case: what is left out of arrays, intervals and documents
SELECT ARRAY[1] = ARRAY[1.0];
-- t
SELECT unnest(ARRAY[1]);
-- ERROR 0A000
SELECT ARRAY[ARRAY[1]];
-- ERROR 0A000
SELECT '[0:1]={1,2}'::int[];
-- ERROR 0A000
SELECT count(*) FROM generate_series(1, 3000000);
-- ERROR 54000
SELECT array_agg(n) FROM (VALUES (1)) AS v (n);
-- ERROR 0A000
SELECT interval '1 year' / 7;
-- 1 mon 21 days 10:17:08.571429
SELECT max(i) FROM (VALUES (interval '1 mon'), (interval '31 days')) AS v (i);
-- 1 mon 1 day
SELECT sum(i) FROM (VALUES (interval '1 mon')) AS v (i);
-- ERROR 42883
SELECT interval '178000000 years';
-- ERROR 22015
SELECT to_char(1.5, '9.9');
-- ERROR 42883
SELECT to_char(timestamp '2024-01-01', 'FMMonth');
-- ERROR 0A000
SELECT now() AT TIME ZONE 'Europe/Berlin';
-- ERROR 0A000
SELECT '"\u0000"'::jsonb;
-- ERROR 22P02
SELECT '{"a": 1}'::json -> 'a';
-- ERROR 0A000
SELECT ARRAY[interval '1 day'] = ARRAY[interval '24 hours'];
-- ERROR 0A000
SELECT interval '1 day' = ANY (ARRAY[interval '24 hours']);
-- ERROR 0A000
SELECT array_position(ARRAY['1'::jsonb], '1.0');
-- ERROR 0A000
CREATE TABLE x (j jsonb PRIMARY KEY);
-- ERROR 0A000
CREATE TABLE x (i interval UNIQUE);
-- ERROR 0A000

-- case: numbers are not drawn where a plan would order them
CREATE SEQUENCE ours_numbers;
SELECT nextval('ours_numbers') FROM (VALUES (1), (2)) AS v (n);
-- ERROR 0A000
SELECT (SELECT nextval('ours_numbers'));
-- ERROR 0A000
SELECT nextval('ours_' || 'numbers');
-- ERROR 0A000
SELECT currval('ours_numbers');
-- ERROR 55000
SELECT lastval();
-- ERROR 55000
CREATE SEQUENCE ours_cycle CYCLE;
-- ERROR 0A000
