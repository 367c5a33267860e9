CREATE TABLE plain (what text, amount int);
INSERT INTO plain VALUES ('b', 2), ('a', 1), ('b', 2);
SELECT * FROM plain;
-- b|2
-- a|1
-- b|2
SELECT _row FROM plain;
-- ! 42703
INSERT INTO plain (_row, what) VALUES ('x', 'y');
-- ! 42703
UPDATE plain SET _row = 'x';
-- ! 42703
SELECT plain.* FROM plain ORDER BY amount LIMIT 1;
-- a|1
DELETE FROM plain WHERE amount = 2 RETURNING what;
-- b
-- b
INSERT INTO plain SELECT what || '!', amount FROM plain;
SELECT what FROM plain ORDER BY what;
-- a
-- a!
SELECT current_timestamp, current_date, current_user, now() = current_timestamp;
-- 2023-11-14 22:13:20.123+00|2023-11-14|alice|t
SELECT random();
-- ! 0A000
SELECT gen_random_uuid();
-- ! 0A000
SELECT clock_timestamp();
-- ! 0A000
SELECT current_setting('x');
-- ! 42883
SELECT array_agg(amount) FROM plain;
-- ! 0A000
SELECT string_agg(what, ',') FROM plain;
-- ! 0A000
SELECT sum(1.5::double precision);
-- ! 0A000
SELECT avg(1.5::double precision);
-- ! 0A000
SELECT sqrt(4);
-- ! 0A000
SELECT power(2, 3);
-- ! 0A000
SELECT 0.5::double precision::text;
-- ! 42846
SELECT 0.5::double precision::numeric;
-- ! 42846
SELECT md5('x');
-- ! 0A000
SELECT 'a' ILIKE 'A';
-- ! 0A000
SELECT 'a' ~ 'a+';
-- ! 0A000
SELECT x'ff';
-- ! 0A000
SELECT E'a\n';
-- ! 0A000
SELECT date '2024-01-01'::text;
-- ! 0A000
SELECT * FROM plain TABLESAMPLE system (1);
-- ! 0A000
SELECT 1 FROM plain WHERE false FOR UPDATE;
SELECT DISTINCT ON (what) what FROM plain;
-- ! 0A000
SELECT amount FROM plain FETCH FIRST 1 ROW ONLY;
-- ! 0A000
SELECT * FROM pg_catalog.pg_tables;
-- ! 42P01
SELECT * FROM sqlite_schema;
-- ! 42P01
SELECT * FROM cache_facts;
-- ! 42P01
SELECT sqlite_version();
-- ! 42883
SELECT load_extension('x');
-- ! 42883
EXPLAIN SELECT 1;
-- ! 0A000
BEGIN;
-- ! 0A000
COMMIT;
-- ! 0A000
SET search_path = x;
-- ! 0A000
VACUUM;
-- ! 0A000
COPY plain FROM stdin;
-- ! 0A000
CALL p(1);
-- ! 42883
DO $$ BEGIN END $$;
-- ! 0A000
GRANT SELECT ON plain TO x;
-- ! 42501
PRAGMA foreign_keys;
-- ! 0A000
ATTACH 'x' AS y;
-- ! 42601
CREATE TEMP TABLE x (a int);
-- ! 0A000
CREATE TABLE x AS SELECT 1;
-- ! 0A000
CREATE TABLE x (LIKE plain);
-- ! 0A000
CREATE TABLE x (a int, b int GENERATED ALWAYS AS (a + 1) STORED);
-- ! 0A000
CREATE TABLE x (a int[]);
-- ! 0A000
CREATE TABLE x (a int DEFAULT (SELECT 1));
-- ! 0A000
CREATE TABLE x (a int CHECK (a > (SELECT 1)));
-- ! 0A000
CREATE TABLE x (a timestamptz CHECK (a < now()));
-- ! 0A000
CREATE TABLE pg_x (a int);
-- ! 42939
CREATE TABLE aergo_x (a int);
-- ! 42939
CREATE TABLE _x (a int);
-- ! 42939
CREATE TABLE "Mixed" (a int);
-- ! 42602
CREATE TABLE "a.b" (a int);
-- ! 42602
CREATE TABLE x ("_row" int);
-- ! 42939
CREATE TABLE x (a int, "A" int);
-- ! 42701
CREATE TABLE x ("" int);
-- ! 42602
CREATE TABLE x (a numeric(5,9));
-- ! 22023
CREATE TABLE x (a1234567890123456789012345678901234567890123456789012345678901234 int);
-- ! 42622
CREATE UNIQUE INDEX i ON plain (amount) WHERE amount > 1;
-- ! 0A000
CREATE INDEX i ON plain (lower(what));
-- ! 0A000
CREATE INDEX i ON plain USING gin (what);
-- ! 0A000
CREATE MATERIALIZED VIEW m AS SELECT 1;
-- ! 0A000
CREATE TRIGGER t AFTER INSERT ON plain EXECUTE FUNCTION f();
-- ! 0A000
CREATE VIEW v AS SELECT what AS w FROM plain;
UPDATE v SET w = 'x';
-- ! 42809
ALTER TABLE plain RENAME COLUMN what TO x;
-- ! 2BP01
ALTER TABLE plain DROP COLUMN what;
-- ! 2BP01
ALTER TABLE plain DROP COLUMN what CASCADE;
SELECT * FROM v;
-- ! 42P01
WITH x AS (INSERT INTO plain VALUES (1) RETURNING *) SELECT * FROM x;
-- ! 0A000
MERGE INTO plain USING plain AS p ON true WHEN MATCHED THEN DELETE;
-- ! 0A000
CREATE TABLE dated (id int PRIMARY KEY, at timestamptz DEFAULT current_timestamp, by text DEFAULT current_user);
INSERT INTO dated (id) VALUES (1) RETURNING at, by;
-- 2023-11-14 22:13:20.123+00|alice
CREATE TABLE pair (a int PRIMARY KEY, b int);
INSERT INTO pair VALUES (1, 1), (2, 1), (3, 2);
UPDATE pair SET b = p.a FROM pair AS p WHERE p.b = pair.b;
-- ! 21000
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
SELECT max(n), count(DISTINCT n) FROM (VALUES (1.0), (1.00)) AS v (n);
-- 1|1
SELECT DISTINCT n FROM (VALUES (1.0), (1.00)) AS v (n);
-- 1
SELECT n, count(*) FROM (VALUES (1.0), (1.00), (2)) AS v (n) GROUP BY n;
-- 1|2
-- 2|1
SELECT 'abc' LIKE 'abc\';
-- ! 22025
SELECT repeat('x', 100000);
-- ! 54000
SELECT 1; SELECT 2;
-- 2
SELECT 1 +;
-- ! 42601
SELECT 'open;
-- ! 42601

SELECT ARRAY[1] = ARRAY[1.0];
-- t
SELECT unnest(ARRAY[1]);
-- ! 0A000
SELECT ARRAY[ARRAY[1]];
-- ! 0A000
SELECT '[0:1]={1,2}'::int[];
-- ! 0A000
SELECT count(*) FROM generate_series(1, 3000000);
-- ! 54000
SELECT array_agg(n) FROM (VALUES (1)) AS v (n);
-- ! 0A000
SELECT interval '1 year' / 7;
-- 1 mon 21 days 10:17:08.571429
SELECT max(i) FROM (VALUES (interval '1 mon'), (interval '31 days')) AS v (i);
-- 1 mon 1 day
SELECT sum(i) FROM (VALUES (interval '1 mon')) AS v (i);
-- ! 42883
SELECT interval '178000000 years';
-- ! 22015
SELECT to_char(1.5, '9.9');
-- ! 42883
SELECT to_char(timestamp '2024-01-01', 'Month');
-- ! 0A000
SELECT now() AT TIME ZONE 'Europe/Berlin';
-- ! 0A000
SELECT '"\u0000"'::jsonb;
-- ! 22P02
SELECT '{"a": 1}'::json -> 'a';
-- ! 0A000
CREATE TABLE x (j jsonb PRIMARY KEY);
-- ! 0A000
CREATE TABLE x (i interval UNIQUE);
-- ! 0A000
CREATE SEQUENCE ours_numbers;
SELECT nextval('ours_numbers') FROM (VALUES (1), (2)) AS v (n);
-- ! 0A000
SELECT (SELECT nextval('ours_numbers'));
-- ! 0A000
SELECT nextval('ours_' || 'numbers');
-- ! 0A000
SELECT currval('ours_numbers');
-- ! 55000
SELECT lastval();
-- ! 55000
CREATE SEQUENCE ours_cycle CYCLE;
-- ! 0A000
SELECT mod(1, 2, 3);
-- ! 42883
SELECT concat_ws(',');
-- ! 42883
SELECT ARRAY[interval '1 day'] = ARRAY[interval '24 hours'];
-- ! 0A000
SELECT interval '1 day' = ANY (ARRAY[interval '24 hours']);
-- ! 0A000
SELECT array_position(ARRAY['1'::jsonb], '1.0');
-- ! 0A000
