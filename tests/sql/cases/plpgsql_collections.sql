-- PL/pgSQL: arrays, records and cursors.

CREATE TABLE t (id int PRIMARY KEY, w text, n numeric(6,2));
INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2.5), (3, NULL, NULL);

-- case: elements are assigned
CREATE FUNCTION f() RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE a int[] := ARRAY[1, 2, 3];
BEGIN
  a[2] := 20;
  a[4] := a[1] + a[3];
  RETURN a;
END $$;
SELECT f();
-- {1,20,3,4}

-- case: assignment beyond the end fills with NULL
CREATE FUNCTION f() RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE a int[] := '{1}';
BEGIN
  a[4] := 4;
  RETURN a;
END $$;
SELECT f();
-- {1,NULL,NULL,4}

-- case: an element of a NULL array is assigned
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a text[]; b int[] := '{}';
BEGIN
  a[1] := 'x';
  b[1] := 5;
  RETURN a::text || b::text;
END $$;
SELECT f();
-- {x}{5}

-- case: subscripts below one
CREATE FUNCTION f() RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE a int[] := '{1,2}';
BEGIN
  a[0] := 9;
  RETURN a;
END $$;
SELECT f();
-- ERROR 2202E
-- differs: The subscripts of arrays begin at 1
-- [0:2]={9,1,2}

-- case: reading outside of an array gives NULL
CREATE FUNCTION f(i int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE a int[] := '{1,2}';
BEGIN
  RETURN coalesce(a[i]::text, 'null');
END $$;
SELECT f(1), f(2), f(3), f(0), f(-1), f(NULL);
-- 1|2|null|null|null|null

-- case: arrays grow by concatenation
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE a int[] := '{}'; b text[];
BEGIN
  FOR i IN 1..n LOOP
    a := a || i;
    b := array_append(b, 'x' || i);
  END LOOP;
  RETURN array_length(a, 1) || ' ' || array_to_string(b, ',');
END $$;
SELECT f(3);
-- 3 x1,x2,x3

-- case: arrays are copied when assigned
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a int[] := '{1,2}'; b int[];
BEGIN
  b := a;
  b[1] := 9;
  RETURN a::text || b::text;
END $$;
SELECT f();
-- {1,2}{9,2}

-- case: numeric arrays round their elements
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a numeric(6,2)[] := ARRAY[1.005, 2];
BEGIN
  a[2] := 3.456;
  RETURN a::text || ' ' || a[1] * 2;
END $$;
SELECT f();
-- {1.01,3.46} 2.02

-- case: an array of what a query gives
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a int[]; b text[];
BEGIN
  SELECT array_agg(id ORDER BY id DESC), array_agg(w ORDER BY id) INTO a, b FROM t;
  RETURN a::text || b::text;
END $$;
SELECT f();
-- {3,2,1}{a,b,NULL}

-- case: unnest of a variable
CREATE FUNCTION f(ids int[], names text[]) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t (id, w) SELECT i, x FROM unnest(ids, names) AS u (i, x);
  RETURN (SELECT count(*) FROM t);
END $$;
SELECT f(ARRAY[10, 11], ARRAY['p', 'q']);
-- 5
SELECT w FROM t WHERE id > 9 ORDER BY id;
-- p
-- q

-- case: loops over the subscripts of an array
CREATE FUNCTION f(a text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := '';
BEGIN
  FOR i IN array_lower(a, 1)..array_upper(a, 1) LOOP
    s := s || i || a[i];
  END LOOP;
  RETURN s;
END $$;
SELECT f(ARRAY['x', 'y']);
-- 1x2y
SELECT f('{}');
-- ERROR 22004

-- case: arrays of booleans, dates and texts with commas
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE b boolean[] := '{t,f}'; d date[] := ARRAY[date '2024-01-02']; w text[] := ARRAY['a,b', 'c "d"', NULL];
BEGIN
  RETURN b[1] || ' ' || (d[1] + 1) || ' ' || w::text;
END $$;
SELECT f();
-- true 2024-01-03 {"a,b","c \\"d\\"",NULL}

-- case: sorting in a body
CREATE FUNCTION sorted(a int[]) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE x int; j int;
BEGIN
  FOR i IN 2..cardinality(a) LOOP
    x := a[i];
    j := i - 1;
    WHILE j >= 1 AND a[j] > x LOOP
      a[j + 1] := a[j];
      j := j - 1;
    END LOOP;
    a[j + 1] := x;
  END LOOP;
  RETURN a;
END $$;
SELECT sorted(ARRAY[3, 1, 2, 5, 4]);
-- {1,2,3,4,5}

-- case: records change their shape
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record; s text;
BEGIN
  SELECT 1 AS a INTO r;
  s := r.a;
  SELECT 'x' AS b, 2.5 AS c INTO r;
  RETURN s || r.b || r.c;
END $$;
SELECT f();
-- 1x2.5

-- case: fields of rows have the types of columns
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r t%ROWTYPE;
BEGIN
  r.n := 1.005;
  r.id := '7';
  r.w := 5;
  RETURN r.n || ' ' || r.id || ' ' || r.w || ' ' || r;
END $$;
SELECT f();
-- 1.01 7 5 (7,5,1.01)

-- case: a row is built from values
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r t%ROWTYPE;
BEGIN
  r := ROW(5, 'five', 5.55);
  RETURN r.w || r.n;
END $$;
SELECT f();
-- five5.55

-- case: composite variables
CREATE TYPE spot AS (x int, y int);
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE p spot := (1, 2); q spot;
BEGIN
  q := p;
  q.x := 10;
  RETURN p::text || q::text || (p.x + q.x);
END $$;
SELECT f();
-- (1,2)(10,2)11

-- case: a bound cursor is looped over
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c CURSOR FOR SELECT id, w FROM t ORDER BY id;
  s text := '';
BEGIN
  FOR r IN c LOOP
    s := s || r.id || coalesce(r.w, '-');
  END LOOP;
  RETURN s;
END $$;
SELECT f();
-- 1a2b3-

-- case: a cursor with parameters
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c CURSOR (low int, high int) FOR SELECT id FROM t WHERE id BETWEEN low AND high ORDER BY id;
  s text := '';
BEGIN
  FOR r IN c(1, 2) LOOP s := s || r.id; END LOOP;
  FOR r IN c(high := 3, low := 3) LOOP s := s || '/' || r.id; END LOOP;
  RETURN s;
END $$;
SELECT f();
-- 12/3

-- case: a cursor is opened, fetched and closed
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c CURSOR FOR SELECT id FROM t ORDER BY id;
  i int;
  s text := '';
BEGIN
  OPEN c;
  LOOP
    FETCH c INTO i;
    EXIT WHEN NOT FOUND;
    s := s || i || ' ';
  END LOOP;
  CLOSE c;
  RETURN s;
END $$;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
SELECT f();
-- ERROR 42883
-- differs: Whatever is not listed here is refused
-- 1 2 3\s

-- case: a cursor variable opened for a query
CREATE FUNCTION f(wanted int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c refcursor;
  r record;
BEGIN
  OPEN c FOR SELECT id, w FROM t WHERE id = wanted;
  FETCH c INTO r;
  CLOSE c;
  RETURN r.w;
END $$;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
SELECT f(2);
-- ERROR 42883
-- differs: Whatever is not listed here is refused
-- b

-- case: changes at a cursor's row
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  c CURSOR FOR SELECT id FROM t FOR UPDATE;
BEGIN
  FOR r IN c LOOP
    UPDATE t SET w = 'z' WHERE CURRENT OF c;
  END LOOP;
END $$;
-- ERROR 42601
-- differs: Whatever is not listed here is refused
SELECT f();
-- ERROR 42883
-- differs: Whatever is not listed here is refused
--

-- case: json is built in a body
CREATE FUNCTION f() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE j jsonb := '{}';
BEGIN
  j := jsonb_build_object('n', 5, 'w', ARRAY(SELECT id FROM t ORDER BY id));
  RETURN j;
END $$;
SELECT f() ->> 'n';
-- 5

-- case: json is read in a body
CREATE FUNCTION f(j jsonb) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE s numeric := 0; e jsonb;
BEGIN
  FOR e IN SELECT value FROM jsonb_array_elements(j) LOOP
    s := s + (e ->> 'q')::numeric;
  END LOOP;
  RETURN s;
END $$;
SELECT f('[{"q": 1.5}, {"q": 2}]');
-- 3.5

-- case: enumerations in a body
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE job (id int PRIMARY KEY, s state NOT NULL DEFAULT 'open');
CREATE FUNCTION close(i int) RETURNS state LANGUAGE plpgsql AS $$
DECLARE now_is state;
BEGIN
  INSERT INTO job (id) VALUES (i);
  UPDATE job SET s = 'closed' WHERE id = i AND s < 'closed' RETURNING s INTO now_is;
  RETURN now_is;
END $$;
SELECT close(1);
-- closed
SELECT s FROM job;
-- closed

-- case: sequences in a body
CREATE SEQUENCE s;
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a bigint; b bigint := nextval('s');
BEGIN
  a := nextval('s');
  INSERT INTO t (id, w) VALUES (nextval('s') + 100, 'seq');
  RETURN b || ' ' || a || ' ' || currval('s');
END $$;
SELECT f();
-- 1 2 3
SELECT id FROM t WHERE w = 'seq';
-- 103

-- case: intervals in a body
CREATE FUNCTION due(d date, months int) RETURNS date LANGUAGE plpgsql AS $$
DECLARE step interval := '1 month';
BEGIN
  RETURN d + step * months;
END $$;
SELECT due('2024-01-31', 1), due('2024-01-31', 13);
-- 2024-02-29|2025-02-28
