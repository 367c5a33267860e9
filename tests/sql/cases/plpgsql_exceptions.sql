-- PL/pgSQL: RAISE, ASSERT, and blocks that catch errors.

CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a >= 0), b text NOT NULL DEFAULT '');
CREATE TABLE log (what text);
INSERT INTO t VALUES (1, 1, 'one');

-- case: RAISE EXCEPTION ends the statement
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t VALUES (2, 2);
  RAISE EXCEPTION 'stop at % of %', 1, 'three';
  RETURN 1;
END $$;
SELECT f();
-- ERROR P0001: stop at 1 of three
SELECT count(*) FROM t;
-- 1

-- case: notices are told and do not stop
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'first';
  RAISE WARNING 'value %', 5;
  RAISE INFO 'NULL is %, true is %, % and %%', NULL, true, 1.50;
  RAISE DEBUG 'not seen';
  RETURN 1;
END $$;
SELECT f();
-- NOTICE: first
-- WARNING: value 5
-- INFO: NULL is <NULL>, true is t, 1.50 and %
-- DEBUG: not seen
-- 1

-- case: RAISE with a code
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  IF n = 1 THEN RAISE EXCEPTION 'own' USING ERRCODE = 'AB123'; END IF;
  IF n = 2 THEN RAISE EXCEPTION 'named' USING ERRCODE = 'unique_violation'; END IF;
  IF n = 3 THEN RAISE EXCEPTION SQLSTATE '22012'; END IF;
  IF n = 4 THEN RAISE division_by_zero; END IF;
  IF n = 5 THEN RAISE division_by_zero USING MESSAGE = 'my words'; END IF;
  IF n = 6 THEN RAISE USING MESSAGE = 'only words', ERRCODE = '12345'; END IF;
  IF n = 7 THEN RAISE 'no level'; END IF;
  IF n = 8 THEN RAISE EXCEPTION 'with more' USING HINT = 'do this', DETAIL = 'of that'; END IF;
  RETURN 1;
END $$;
SELECT f(1);
-- ERROR AB123: own
SELECT f(2);
-- ERROR 23505: named
SELECT f(3);
-- ERROR 22012: 22012
SELECT f(4);
-- ERROR 22012: division_by_zero
SELECT f(5);
-- ERROR 22012: my words
SELECT f(6);
-- ERROR 12345: only words
SELECT f(7);
-- ERROR P0001: no level
SELECT f(8);
-- ERROR P0001: with more

-- case: RAISE with the wrong number of values
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'a % b', 1, 2; RETURN 1; END $$;
-- ERROR 42601
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'a % b'; RETURN 1; END $$;
-- ERROR 42601

-- case: RAISE of an unknown condition
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE no_such_condition; END $$;
-- ERROR 42704

-- case: RAISE shows values in their spelling
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE d date := '2024-05-06'; n numeric(5,2) := 1; a int[] := '{1,2}'; r record; b boolean := false;
BEGIN
  SELECT 1 AS x, 'y z' AS y, NULL AS z INTO r;
  RAISE NOTICE '% % % % %', d, n, a, r, b;
  RETURN 1;
END $$;
SELECT f();
-- NOTICE: 2024-05-06 1.00 {1,2} (1,"y z",) f
-- 1

-- case: an error is caught by its name
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r int;
BEGIN
  r := 10 / n;
  RETURN r;
EXCEPTION
  WHEN division_by_zero THEN
    RETURN 'infinite';
END $$;
SELECT f(5), f(0);
-- 2|infinite

-- case: an error is caught by its code, its class or as any other
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF n = 1 THEN INSERT INTO t VALUES (1, 1); END IF;
  IF n = 2 THEN INSERT INTO t VALUES (5, -1); END IF;
  IF n = 3 THEN INSERT INTO t VALUES (NULL, 1); END IF;
  IF n = 4 THEN RAISE EXCEPTION 'mine'; END IF;
  IF n = 5 THEN RAISE EXCEPTION 'special' USING ERRCODE = 'AB001'; END IF;
  RETURN 'fine';
EXCEPTION
  WHEN SQLSTATE '23505' THEN RETURN 'unique';
  WHEN check_violation OR not_null_violation THEN RETURN 'check or null';
  WHEN raise_exception THEN RETURN 'raised ' || SQLERRM;
  WHEN OTHERS THEN RETURN 'other ' || SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT f(0);
-- fine
SELECT f(1);
-- unique
SELECT f(2);
-- check or null
SELECT f(3);
-- check or null
SELECT f(4);
-- raised mine
SELECT f(5);
-- other AB001 special

-- case: a class of conditions is caught
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t VALUES (1, 1);
  RETURN 'fine';
EXCEPTION
  WHEN integrity_constraint_violation THEN RETURN SQLSTATE;
END $$;
SELECT f();
-- 23505

-- case: an error that no handler takes goes on
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 / 0;
  RETURN 'fine';
EXCEPTION
  WHEN unique_violation THEN RETURN 'unique';
END $$;
SELECT f();
-- ERROR 22012

-- case: what a block changed is undone before its handler runs
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE v int := 0;
BEGIN
  INSERT INTO log VALUES ('before');
  BEGIN
    v := 1;
    INSERT INTO log VALUES ('inside');
    UPDATE t SET a = 99;
    INSERT INTO t VALUES (1, 1);
  EXCEPTION WHEN unique_violation THEN
    INSERT INTO log VALUES ('handler ' || v || ' ' || (SELECT a FROM t WHERE id = 1));
  END;
  INSERT INTO log VALUES ('after');
  RETURN 'v=' || v;
END $$;
SELECT f();
-- v=1
SELECT what FROM log ORDER BY what;
-- after
-- before
-- handler 1 1

-- case: blocks inside of blocks
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := '';
BEGIN
  BEGIN
    INSERT INTO log VALUES ('1');
    BEGIN
      INSERT INTO log VALUES ('2');
      RAISE EXCEPTION 'inner';
    EXCEPTION WHEN OTHERS THEN
      s := s || SQLERRM || ';';
      RAISE EXCEPTION 'from handler';
    END;
  EXCEPTION WHEN OTHERS THEN
    s := s || SQLERRM || ';';
    INSERT INTO log VALUES ('3');
  END;
  RETURN s || (SELECT string_agg(what, ',' ORDER BY what) FROM log);
END $$;
SELECT f();
-- inner;from handler;3

-- case: RAISE alone passes an error on
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t VALUES (1, 1);
  RETURN 1;
EXCEPTION WHEN OTHERS THEN
  RAISE;
END $$;
SELECT f();
-- ERROR 23505

-- case: RAISE alone outside of a handler
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE; END $$;
-- ERROR 0Z002
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f();
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 0Z002: RAISE without parameters cannot be used outside an exception handler

-- case: facts about the error
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text; m text; d text; h text;
BEGIN
  RAISE EXCEPTION 'words' USING ERRCODE = 'AB123', DETAIL = 'a detail', HINT = 'a hint';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
  RETURN concat_ws('|', s, m, d, h);
END $$;
SELECT f();
-- AB123|words|a detail|a hint

-- case: the constraint that was broken
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE c text; tb text;
BEGIN
  INSERT INTO t VALUES (1, 1);
  RETURN '';
EXCEPTION WHEN unique_violation THEN
  GET STACKED DIAGNOSTICS c = CONSTRAINT_NAME, tb = TABLE_NAME;
  RETURN c || ' ' || tb;
END $$;
SELECT f();
-- t_pkey t

-- case: the table, the schema and the column of an error
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE c text; tb text; sc text; co text;
BEGIN
  IF n = 1 THEN INSERT INTO t VALUES (5, -1); END IF;
  IF n = 2 THEN INSERT INTO t VALUES (5, 1, NULL); END IF;
  RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS c = CONSTRAINT_NAME, tb = TABLE_NAME, sc = SCHEMA_NAME, co = COLUMN_NAME;
  RETURN concat_ws(' ', sc, tb, c, co);
END $$;
SELECT f(1);
-- public t t_a_check\s
SELECT f(2);
-- public t  b

-- case: SQLERRM belongs to its handler
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN SQLERRM;
END $$;
-- ERROR 42703
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f();
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 42703

-- case: a loop goes on after an error was caught
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := '';
BEGIN
  FOR i IN 0..3 LOOP
    BEGIN
      INSERT INTO t VALUES (i, 1);
      s := s || i || '+ ';
      CONTINUE WHEN i = 2;
      s := s || '. ';
    EXCEPTION WHEN unique_violation THEN
      s := s || i || '- ';
    END;
  END LOOP;
  RETURN s || (SELECT count(*) FROM t);
END $$;
SELECT f();
-- 0+ . 1- 2+ 3+ . 4

-- case: RETURN from inside of a catching block keeps its changes
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    INSERT INTO log VALUES ('kept');
    RETURN 1;
  EXCEPTION WHEN OTHERS THEN
    RETURN 2;
  END;
END $$;
SELECT f();
-- 1
SELECT what FROM log;
-- kept

-- case: EXIT from inside of a catching block keeps its changes
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    BEGIN
      INSERT INTO log VALUES ('kept');
      EXIT;
    EXCEPTION WHEN OTHERS THEN
      RETURN 2;
    END;
  END LOOP;
  RETURN 1;
END $$;
SELECT f();
-- 1
SELECT what FROM log;
-- kept

-- case: an error in a called function is caught by the caller
CREATE FUNCTION g(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO log VALUES ('g');
  RETURN 10 / n;
END $$;
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r int;
BEGIN
  r := g(n);
  RETURN r;
EXCEPTION WHEN division_by_zero THEN
  RETURN 'caught';
END $$;
SELECT f(0);
-- caught
SELECT count(*) FROM log;
-- 0
SELECT f(5);
-- 2
SELECT count(*) FROM log;
-- 1

-- case: ASSERT
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  ASSERT n > 0;
  ASSERT n < 10, 'n is ' || n;
  RETURN n;
END $$;
SELECT f(5);
-- 5
SELECT f(0);
-- ERROR P0004: assertion failed
SELECT f(10);
-- ERROR P0004: n is 10
SELECT f(NULL);
-- ERROR P0004: assertion failed

-- case: OTHERS does not catch ASSERT
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  ASSERT false, 'wrong';
  RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
  RETURN 'caught';
END $$;
SELECT f();
-- ERROR P0004: wrong
CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  ASSERT false, 'wrong';
  RETURN 'fine';
EXCEPTION WHEN assert_failure THEN
  RETURN 'caught';
END $$;
SELECT g();
-- caught

-- case: names of conditions that do not exist
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN 1;
EXCEPTION WHEN no_such_condition THEN
  RETURN 2;
END $$;
-- ERROR 42704

-- case: variables of the block are seen in its handler
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  DECLARE
    v int := 1;
  BEGIN
    v := 2;
    v := v / 0;
    RETURN 'fine';
  EXCEPTION WHEN OTHERS THEN
    RETURN 'v is ' || v;
  END;
END $$;
SELECT f();
-- v is 2

-- case: an error in a declaration is not caught by its own block
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v int := 1 / 0;
BEGIN
  RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
  RETURN 'caught';
END $$;
SELECT f();
-- ERROR 22012

-- case: conversion errors are caught
CREATE FUNCTION f(x text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN x::int + 1;
EXCEPTION
  WHEN invalid_text_representation THEN RETURN 'no number';
  WHEN numeric_value_out_of_range THEN RETURN 'too big';
END $$;
SELECT f('5'), f('x'), f('99999999999'), f('2147483647');
-- 6|no number|too big|too big

-- case: a foreign key that is broken inside of a block is caught
CREATE TABLE kid (t int REFERENCES t);
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO kid VALUES (99);
  RETURN 'fine';
EXCEPTION WHEN foreign_key_violation THEN
  RETURN 'caught';
END $$;
SELECT f();
-- caught

-- case: the handler's own error goes out
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'first';
EXCEPTION WHEN OTHERS THEN
  PERFORM 1 / 0;
  RETURN 'fine';
END $$;
SELECT f();
-- ERROR 22012

-- case: notices of an undone block were told all the same
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    RAISE NOTICE 'inside';
    RAISE EXCEPTION 'x';
  EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'caught %', SQLERRM;
  END;
  RETURN 1;
END $$;
SELECT f();
-- NOTICE: inside
-- NOTICE: caught x
-- 1

-- case: the words of common errors
CREATE FUNCTION words(n int, bad text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v varchar(2); i smallint; d date; m numeric(3,1); x int; b boolean; u uuid;
BEGIN
  CASE n
    WHEN 1 THEN PERFORM 1 / (n - 1);
    WHEN 2 THEN INSERT INTO t VALUES (1, 1);
    WHEN 3 THEN INSERT INTO t VALUES (2, -1);
    WHEN 4 THEN INSERT INTO t VALUES (2, 1, NULL);
    WHEN 5 THEN v := bad;
    WHEN 6 THEN i := n * 10000;
    WHEN 7 THEN d := bad;
    WHEN 8 THEN m := n * 100;
    WHEN 9 THEN x := bad;
    WHEN 10 THEN x := 2147483647; x := x + 1;
    WHEN 11 THEN SELECT id INTO STRICT x FROM t WHERE id = 99;
    WHEN 12 THEN SELECT id INTO STRICT x FROM t UNION ALL SELECT 2;
    WHEN 13 THEN b := bad;
    WHEN 14 THEN u := bad;
    WHEN 15 THEN x := (SELECT id FROM t UNION ALL SELECT 2);
    WHEN 16 THEN d := bad;
    WHEN 17 THEN PERFORM 9223372036854775807 + n;
    WHEN 18 THEN CASE n WHEN 1 THEN NULL; END CASE;
    WHEN 19 THEN PERFORM substring('abc' FROM 1 FOR 1 - n);
    WHEN 20 THEN PERFORM 1.5 / (n - 20);
  END CASE;
  RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT words(1);
-- 22012 division by zero
SELECT words(2);
-- 23505 duplicate key value violates unique constraint "t_pkey"
SELECT words(3);
-- 23514 new row for relation "t" violates check constraint "t_a_check"
SELECT words(4);
-- 23502 null value in column "b" of relation "t" violates not-null constraint
SELECT words(5, 'abc');
-- 22001 value too long for type character varying(2)
SELECT words(6);
-- 22003 smallint out of range
SELECT words(7, 'never');
-- 22007 invalid input syntax for type date: "never"
SELECT words(8);
-- 22003 numeric field overflow
SELECT words(9, 'x');
-- 22P02 invalid input syntax for type integer: "x"
SELECT words(10);
-- 22003 integer out of range
SELECT words(11);
-- P0002 query returned no rows
SELECT words(12);
-- P0003 query returned more than one row
SELECT words(13, 'perhaps');
-- 22P02 invalid input syntax for type boolean: "perhaps"
SELECT words(14, 'u');
-- 22P02 invalid input syntax for type uuid: "u"
SELECT words(15);
-- 21000 more than one row returned by a subquery used as an expression
SELECT words(16, '2024-02-30');
-- 22008 date/time field value out of range: "2024-02-30"
SELECT words(17);
-- 22003 bigint out of range
SELECT words(18);
-- 20000 case not found
SELECT words(19);
-- 22011 negative substring length not allowed
SELECT words(20);
-- 22012 division by zero
