-- Enumerations and composite types.

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');

-- case: labels are values
SELECT 'ok'::mood, 'sad'::mood < 'happy'::mood, 'ok' = 'ok'::mood, 'happy'::mood::text;
-- ok|t|t|happy
SELECT 'angry'::mood;
-- ERROR 22P02

-- case: columns of enumerations are sorted by the order of labels
CREATE TABLE p (name text PRIMARY KEY, m mood NOT NULL DEFAULT 'ok');
INSERT INTO p VALUES ('ann', 'happy'), ('bob', 'sad'), ('cid', DEFAULT);
-- INSERT 3
SELECT name, m FROM p ORDER BY m, name;
-- bob|sad
-- cid|ok
-- ann|happy
SELECT name FROM p WHERE m > 'sad' ORDER BY name;
-- ann
-- cid
SELECT max(m), min(m) FROM p;
-- happy|sad
SELECT m, count(*) FROM p GROUP BY m ORDER BY m DESC;
-- happy|1
-- ok|1
-- sad|1
INSERT INTO p VALUES ('dan', 'angry');
-- ERROR 22P02
INSERT INTO p VALUES ('dan', 'sad'::text);
-- ERROR 42804
UPDATE p SET m = 'sad' WHERE name = 'ann' RETURNING m;
-- sad

-- case: labels are added
ALTER TYPE mood ADD VALUE 'calm' AFTER 'ok';
SELECT 'calm'::mood < 'happy'::mood, 'calm'::mood > 'ok'::mood;
-- t|t
ALTER TYPE mood ADD VALUE 'calm';
-- ERROR 42710
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm';

-- case: enumerations and text
SELECT 'ok'::mood || '!', 'ok'::mood = 'ok'::text;
-- ERROR 42883
SELECT upper('ok'::mood);
-- ERROR 42883
SELECT CASE WHEN true THEN 'ok'::mood END, coalesce(NULL, 'sad'::mood);
-- ok|sad

-- case: types that are there or not
CREATE TYPE mood AS ENUM ('x');
-- ERROR 42710
CREATE TYPE two AS ENUM ('a', 'a');
-- ERROR 23505
DROP TYPE nowhere;
-- ERROR 42704
CREATE TABLE q (m mood);
DROP TYPE mood;
-- ERROR 2BP01
DROP TABLE q;
DROP TYPE mood;
SELECT 'ok'::mood;
-- ERROR 42704

-- case: enum functions
SELECT enum_first(NULL::mood), enum_last(NULL::mood), enum_range(NULL::mood);
-- ERROR 42883
-- differs: Whatever is not listed here is refused
-- sad|happy|{sad,ok,happy}

-- case: enumerations in keys
CREATE TABLE k (m mood PRIMARY KEY, n int);
INSERT INTO k VALUES ('happy', 1), ('sad', 2);
-- INSERT 2
INSERT INTO k VALUES ('sad', 3);
-- ERROR 23505
SELECT m FROM k ORDER BY m;
-- sad
-- happy

-- case: composite types
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION make(x int) RETURNS pair LANGUAGE sql AS $$ SELECT x, 'v' || x $$;
SELECT a, b FROM make(5);
-- 5|v5
SELECT (make(6)).b;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- v6
SELECT * FROM make(7);
-- 7|v7
