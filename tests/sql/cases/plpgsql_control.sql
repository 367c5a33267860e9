-- PL/pgSQL: conditions and loops.

CREATE TABLE t (id int PRIMARY KEY, w text);
INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');

-- case: IF, ELSIF and ELSE
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF n > 10 THEN
    RETURN 'big';
  ELSIF n > 5 THEN
    RETURN 'middle';
  ELSEIF n > 2 THEN
    RETURN 'small';
  ELSE
    RETURN 'tiny';
  END IF;
END $$;
SELECT f(11), f(6), f(3), f(1), f(NULL);
-- big|middle|small|tiny|tiny

-- case: a condition that is NULL is not true
CREATE FUNCTION f(b boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF b THEN RETURN 'yes'; END IF;
  IF NOT b THEN RETURN 'no'; END IF;
  RETURN 'neither';
END $$;
SELECT f(true), f(false), f(NULL);
-- yes|no|neither

-- case: a condition must be boolean
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF n THEN RETURN 'yes'; END IF;
  RETURN 'no';
END $$;
-- ERROR 42804
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f(1);
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- yes

-- case: a condition may be a query
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM t WHERE id = n) THEN
    RETURN 'there';
  END IF;
  IF (SELECT count(*) FROM t) > n THEN
    RETURN 'fewer';
  END IF;
  RETURN 'more';
END $$;
SELECT f(2), f(0), f(9);
-- there|fewer|more

-- case: CASE with values
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  CASE n
    WHEN 1, 2 THEN RETURN 'low';
    WHEN 3 THEN RETURN 'three';
    ELSE RETURN 'other';
  END CASE;
END $$;
SELECT f(1), f(2), f(3), f(4), f(NULL);
-- low|low|three|other|other

-- case: CASE with conditions
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text := 'none';
BEGIN
  CASE
    WHEN n < 0 THEN r := 'negative';
    WHEN n = 0 THEN r := 'zero';
    WHEN n > 0 THEN NULL;
  END CASE;
  RETURN r;
END $$;
SELECT f(-1), f(0), f(1);
-- negative|zero|none
SELECT f(NULL);
-- ERROR 20000

-- case: CASE without a match is an error
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  CASE n WHEN 1 THEN RETURN 'one'; END CASE;
END $$;
SELECT f(1);
-- one
SELECT f(2);
-- ERROR 20000

-- case: LOOP runs until EXIT
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE i int := 0; s int := 0;
BEGIN
  LOOP
    i := i + 1;
    EXIT WHEN i > n;
    s := s + i;
  END LOOP;
  RETURN s;
END $$;
SELECT f(4), f(0);
-- 10|0

-- case: WHILE
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE r int := 1;
BEGIN
  WHILE n > 1 LOOP
    r := r * n;
    n := n - 1;
  END LOOP;
  RETURN r;
END $$;
SELECT f(5), f(0), f(NULL);
-- 120|1|1

-- case: FOR over integers
CREATE FUNCTION f(a int, b int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := '';
BEGIN
  FOR i IN a..b LOOP
    s := s || i || ' ';
  END LOOP;
  RETURN s || '.';
END $$;
SELECT f(1, 3), f(3, 1), f(2, 2);
-- 1 2 3 .|.|2 .
SELECT f(NULL, 3);
-- ERROR 22004

-- case: FOR in reverse and by steps
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := '';
BEGIN
  FOR i IN REVERSE 3..1 LOOP s := s || i; END LOOP;
  FOR i IN 1..10 BY 4 LOOP s := s || ',' || i; END LOOP;
  FOR i IN REVERSE 10..1 BY 4 LOOP s := s || ';' || i; END LOOP;
  RETURN s;
END $$;
SELECT f();
-- 321,1,5,9;10;6;2

-- case: a step must be positive
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..10 BY n LOOP NULL; END LOOP;
  RETURN 1;
END $$;
SELECT f(0);
-- ERROR 22023
SELECT f(-1);
-- ERROR 22023

-- case: the variable of FOR is its own
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE i int := 42; s text := '';
BEGIN
  FOR i IN 1..2 LOOP s := s || i; END LOOP;
  RETURN s || ' ' || i;
END $$;
SELECT f();
-- 12 42

-- case: bounds are taken once
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE n int := 3; c int := 0;
BEGIN
  FOR i IN 1..n LOOP
    n := 100;
    c := c + 1;
  END LOOP;
  RETURN c;
END $$;
SELECT f();
-- 3

-- case: a loop near the greatest integer ends
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE c int := 0;
BEGIN
  FOR i IN 2147483646..2147483647 LOOP c := c + 1; END LOOP;
  RETURN c;
END $$;
SELECT f();
-- 2

-- case: EXIT and CONTINUE with labels
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := '';
BEGIN
  <<rows>>
  FOR i IN 1..4 LOOP
    <<cells>>
    FOR j IN 1..4 LOOP
      CONTINUE rows WHEN j > i;
      EXIT rows WHEN i = 4;
      CONTINUE WHEN j = 2;
      s := s || i || j || ' ';
    END LOOP cells;
  END LOOP rows;
  RETURN s;
END $$;
SELECT f();
-- 11 21 31 33\s

-- case: EXIT leaves a labelled block
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := 'a';
BEGIN
  <<part>>
  BEGIN
    EXIT part WHEN n = 1;
    s := s || 'b';
  END part;
  RETURN s || 'c';
END $$;
SELECT f(1), f(2);
-- ac|abc

-- case: EXIT and CONTINUE outside of a loop
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXIT; END $$;
-- ERROR 42601
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN CONTINUE; END $$;
-- ERROR 42601
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN LOOP EXIT nowhere; END LOOP; END $$;
-- ERROR 42601

-- case: FOR over a query with a record
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; s text := '';
BEGIN
  FOR r IN SELECT id, w FROM t ORDER BY id DESC LOOP
    s := s || r.id || r.w || ' ';
  END LOOP;
  RETURN s;
END $$;
SELECT f();
-- 3c 2b 1a\s

-- case: FOR over a query with scalars
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a int; b text; s text := '';
BEGIN
  FOR a, b IN SELECT id, w FROM t ORDER BY id LOOP
    s := s || a || b || ' ';
  END LOOP;
  RETURN s || a;
END $$;
SELECT f();
-- 1a 2b 3c 3

-- case: FOR over a query sees the rows as they were
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE r record; c int := 0;
BEGIN
  FOR r IN SELECT id FROM t LOOP
    INSERT INTO t VALUES (r.id + 100, 'new');
    c := c + 1;
  END LOOP;
  RETURN c;
END $$;
SELECT f();
-- 3
SELECT count(*) FROM t;
-- 6

-- case: FOR over nothing leaves FOUND false
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; s text := '';
BEGIN
  FOR r IN SELECT id FROM t WHERE id > n LOOP s := s || 'x'; END LOOP;
  RETURN s || FOUND;
END $$;
SELECT f(2), f(9);
-- xtrue|false

-- case: FOR over integers sets FOUND
CREATE FUNCTION f(n int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..n LOOP NULL; END LOOP;
  RETURN FOUND;
END $$;
SELECT f(1), f(0);
-- t|f

-- case: FOREACH over an array
CREATE FUNCTION f(a int[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE n int; s int := 0;
BEGIN
  FOREACH n IN ARRAY a LOOP
    s := s + n;
  END LOOP;
  RETURN s;
END $$;
SELECT f(ARRAY[1, 2, 3]), f('{}');
-- 6|0
SELECT f(NULL);
-- ERROR 22004

-- case: FOREACH over texts with NULL
CREATE FUNCTION f(a text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE w text; s text := '';
BEGIN
  FOREACH w IN ARRAY a LOOP
    CONTINUE WHEN w IS NULL;
    EXIT WHEN w = 'stop';
    s := s || w;
  END LOOP;
  RETURN s;
END $$;
SELECT f(ARRAY['a', NULL, 'b', 'stop', 'c']);
-- ab

-- case: RETURN leaves loops
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..10 LOOP
    FOR j IN 1..10 LOOP
      IF i * j = n THEN RETURN i; END IF;
    END LOOP;
  END LOOP;
  RETURN 0;
END $$;
SELECT f(12), f(97);
-- 2|0

-- case: the end of a function without RETURN
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  IF n > 0 THEN RETURN 1; END IF;
END $$;
SELECT f(1);
-- 1
SELECT f(0);
-- ERROR 2F005

-- case: a function that returns nothing
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t VALUES (9, 'i');
  RETURN;
END $$;
SELECT f();
--
SELECT w FROM t WHERE id = 9;
-- i

-- case: RETURN without a value where one must be
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN; END $$;
-- ERROR 42601

-- case: RETURN with a value where none may be
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
-- ERROR 42601
-- differs: Misplaced RETURN is an error of syntax
-- ERROR 42804

-- case: the result is converted to the type of the function
CREATE FUNCTION f(n numeric) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN n; END $$;
SELECT f(2.5), f(3.4);
-- 3|3
CREATE FUNCTION g() RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RETURN 1.005; END $$;
SELECT g();
-- 1.005
CREATE FUNCTION h() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 'abc'; END $$;
-- ERROR 22P02
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT h();
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 22P02

-- case: an integer loop over bigints
CREATE FUNCTION f(n bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE s bigint := 0;
BEGIN
  FOR i IN 1..n LOOP s := s + i; END LOOP;
  RETURN s;
END $$;
SELECT f(1000);
-- 500500

-- case: nested IF inside of loops
CREATE FUNCTION fizz(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text[] := '{}';
BEGIN
  FOR i IN 1..n LOOP
    IF i % 15 = 0 THEN s := s || 'fizzbuzz'::text;
    ELSIF i % 5 = 0 THEN s := s || 'buzz'::text;
    ELSIF i % 3 = 0 THEN s := s || 'fizz'::text;
    ELSE s := s || i::text;
    END IF;
  END LOOP;
  RETURN array_to_string(s, ',');
END $$;
SELECT fizz(15);
-- 1,2,fizz,4,buzz,fizz,7,8,fizz,buzz,11,fizz,13,14,fizzbuzz
