-- Conversions between types, written and implied.

-- case: booleans are read from words
SELECT 'yes'::boolean, 'off'::boolean, 't'::boolean, '1'::boolean, 'TRUE'::boolean, ' false '::boolean;
-- t|f|t|t|t|f
SELECT 'maybe'::boolean;
-- ERROR 22P02

-- case: booleans and integers
SELECT true::integer, 0::boolean, 5::boolean;
-- 1|f|t
SELECT true::bigint;
-- ERROR 42846
SELECT 1.5::boolean;
-- ERROR 42846

-- case: booleans become words
SELECT true::text, false::text, 'is ' || true;
-- true|false|is true

-- case: varchar cuts silently in a cast and complains in a column
CREATE TABLE w (v varchar(3), c char(4));
SELECT 'abcdef'::varchar(3), 'abc'::varchar(5), 'abcdef'::char(4);
-- abc|abc|abcd
INSERT INTO w (v) VALUES ('abcdef');
-- ERROR 22001
INSERT INTO w (v) VALUES ('abc   ') RETURNING v, length(v);
-- abc|3
INSERT INTO w (c) VALUES ('ab') RETURNING c = 'ab', length(c);
-- t|2

-- case: a literal takes the type of what it meets
SELECT 1 = '1', '2024-01-01' = date '2024-01-01', true = 'yes', 1.50 = '1.5';
-- t|t|t|t
SELECT 1 = 'one';
-- ERROR 22P02
SELECT date '2024-01-01' = 'yesterday-ish';
-- ERROR 22007

-- case: text and numbers do not mix unasked
SELECT '1'::text = 1;
-- ERROR 42883
SELECT '1'::text + 1;
-- ERROR 42883
SELECT substring(12345 FROM 2);
-- ERROR 42883
SELECT length(12);
-- ERROR 42883
SELECT upper(5);
-- ERROR 42883

-- case: values of an INSERT are assigned more freely than expressions are converted
CREATE TABLE a (i integer, n numeric(6,2), t text, d date);
INSERT INTO a VALUES (1.6, 2, 3, '2024-05-06') RETURNING *;
-- 2|2.00|3|2024-05-06
INSERT INTO a (t) VALUES (true), (1.50), (date '2024-01-02') RETURNING t;
-- 1.50
-- 2024-01-02
-- true
-- differs: are sorted by their values
-- true
-- 1.50
-- 2024-01-02
INSERT INTO a (i) VALUES ('7') RETURNING i;
-- 7
INSERT INTO a (i) VALUES ('7'::text);
-- ERROR 42804
INSERT INTO a (d) VALUES (5);
-- ERROR 42804
INSERT INTO a (i) VALUES (true);
-- ERROR 42804

-- case: dates become timestamps and back
SELECT (date '2024-05-06')::timestamp, CAST(timestamp '2024-05-06 23:59:59' AS date), (timestamptz '2024-05-06 23:59:59+00')::date;
-- 2024-05-06 00:00:00|2024-05-06|2024-05-06

-- case: timestamps of either kind become each other in UTC
SELECT (timestamp '2024-05-06 01:02:03')::timestamptz, (timestamptz '2024-05-06 01:02:03+02')::timestamp;
-- 2024-05-06 01:02:03+00|2024-05-05 23:02:03

-- case: a timestamp becomes a time
SELECT (timestamp '2024-05-06 01:02:03.5')::time, time '01:02:03';
-- 01:02:03.5|01:02:03

-- case: dates and times as text
SELECT (date '2024-05-06')::text, 'at ' || time '01:02';
-- 2024-05-06|at 01:02:00
SELECT date '2024-05-06'::text;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 2024-05-06

-- case: casts that do not exist
SELECT (date '2024-05-06')::integer;
-- ERROR 42846
SELECT 5::date;
-- ERROR 42846
SELECT true::date;
-- ERROR 42846
SELECT '{}'::text::uuid;
-- ERROR 22P02

-- case: CAST and the double colon are the same
SELECT CAST('5' AS integer), CAST(5.5 AS integer), CAST(NULL AS text), '5'::int4, '5'::int8, '5'::int2;
-- 5|6|∅|5|5|5

-- case: names of types
SELECT '1'::decimal(4,1), '1'::character varying, '1'::character varying(2), '1.5'::float8, '1'::bool, '1.5'::dec(3,1);
-- 1.0|1|1|1.5|t|1.5
SELECT '1'::nosuchtype;
-- ERROR 42704

-- case: uuid and bytea
SELECT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid, '\xDEADBEEF'::bytea, 'a0eebc999c0b4ef8bb6d6bb9bd380a11'::uuid::text;
-- a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|\\xdeadbeef|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
SELECT 'nope'::uuid;
-- ERROR 22P02
SELECT '\xabc'::bytea;
-- ERROR 22023

-- case: CASE, COALESCE and VALUES find a type that holds all
SELECT CASE WHEN true THEN 1 ELSE 2.5 END, coalesce(NULL::integer, 1.5), nullif(1, 1.0);
-- 1|1.5|∅
SELECT n FROM (VALUES (1), (2.5), (NULL)) AS v (n) ORDER BY n;
-- 1
-- 2.5
-- ∅
SELECT CASE WHEN true THEN 1 ELSE 'x' END;
-- ERROR 22P02
SELECT CASE WHEN true THEN 1 ELSE true END;
-- ERROR 42804
SELECT coalesce(1, date '2024-01-01');
-- ERROR 42804

-- case: a union finds a type that holds both
SELECT 1 AS n UNION ALL SELECT 2.5 ORDER BY 1;
-- 1
-- 2.5
SELECT 1 UNION SELECT date '2024-01-01';
-- ERROR 42804
SELECT NULL UNION ALL SELECT 1 ORDER BY 1;
-- 1
-- ∅

-- case: pg_typeof is not needed to see a type
SELECT 1 / 2, 1 / 2.0, 1::numeric / 2;
-- 0|0.50000000000000000000|0.50000000000000000000

-- case: conditions must be boolean
SELECT 1 WHERE 1;
-- ERROR 42804
SELECT 1 WHERE NULL;
-- (no rows)
SELECT NOT 1;
-- ERROR 42804
SELECT 1 AND true;
-- ERROR 42804
