-- Rows as values: ROW(…), row variables, rows of tables as arguments, their text.

CREATE TABLE t (id int PRIMARY KEY, w text, b boolean, n numeric(6,2));
INSERT INTO t VALUES (1, 'a', true, 1.5), (2, NULL, NULL, NULL);
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION p(r t) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN r || ' ' || coalesce(r.id::text, '-') || (r IS NULL);
END $$;

-- case: the text of a row
SELECT ROW(1, 'a,b', 'c"d', 'e\f', '', ' x ', '(p)', true, false, NULL, ARRAY[1, 2], ARRAY['a', 'b c'], 1.50, 'a''b')::text;
-- (1,"a,b","c""d","e\\\\f",""," x ","(p)",t,f,,"{1,2}","{a,""b c""}",1.50,a'b)
SELECT (1, 'x')::text, ROW(1, NULL)::text, ROW(date '2024-01-02', '5')::text, ROW(NULL)::text;
-- (1,x)|(1,)|(2024-01-02,5)|()
SELECT ROW(1, 'y z')::pair::text, ROW('7', 8)::pair::varchar(3), (ROW(1, 2))::text || '!';
-- (1,"y z")|(7,|(1,2)!
SELECT ROW(1, 2, 3)::pair::text;
-- ERROR 42846
SELECT ROW('x', 2)::pair::text;
-- ERROR 22P02

-- case: rows and NULL
SELECT ROW(1, NULL) IS NULL, ROW(1, NULL) IS NOT NULL, ROW(NULL, NULL) IS NULL, ROW(NULL, NULL) IS NOT NULL;
-- f|f|t|f
SELECT (1, 2) IS NOT NULL, NOT (1, NULL) IS NULL, id FROM t WHERE (w, b) IS NULL;
-- t|t|2

-- case: rows as arguments
SELECT p(ROW('7', 'x', 't', '1.555'));
-- (7,x,t,1.56) 7false
SELECT p((1, 'x', NULL, 1));
-- (1,x,,1.00) 1false
SELECT p(t) FROM t ORDER BY id;
-- (1,a,t,1.50) 1false
-- (2,,,) 2false
SELECT p(s.*) FROM t AS s ORDER BY id;
-- (1,a,t,1.50) 1false
-- (2,,,) 2false
SELECT p(ROW(1, 2));
-- ERROR 42846
SELECT p(ROW(1, 2, NULL, NULL));
-- ERROR 42846
SELECT p(NULL), p(ROW(NULL, NULL, NULL, NULL));
-- ∅|∅
-- differs: A row variable none of whose fields has a value is NULL
-- ∅|(,,,) -true
SELECT p(5);
-- ERROR 42883

-- case: rows of grouped queries
SELECT p(t) FROM t GROUP BY w;
-- ERROR 42803
SELECT p(t) FROM t GROUP BY id ORDER BY id;
-- (1,a,t,1.50) 1false
-- (2,,,) 2false

-- case: a row variable is passed on
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r t%ROWTYPE; s text;
BEGIN
  SELECT * INTO r FROM t WHERE id = 1;
  SELECT p(r) || count(*) INTO s FROM t;
  RETURN s || p(r);
END $$;
SELECT f();
-- (1,a,t,1.50) 1false2(1,a,t,1.50) 1false

-- case: rows are assigned to variables
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r t%ROWTYPE; q pair := (1, 'x'); x record; s text := '';
BEGIN
  r := (5, 'x');
  s := s || r::text;
  r := (5, 7, 'true', 1.005, 3);
  s := s || r;
  x := (5, q.b, NULL);
  s := s || x || x.f1 || x.f2;
  q := ROW(q.a + 1, q.b || 'y');
  RETURN s || q.a || q.b;
END $$;
SELECT f();
-- (5,x,,)(5,7,t,1.01)(5,x,)5x2xy

-- case: a row variable without a value
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r t;
BEGIN
  RAISE NOTICE '%', r;
  r.id := 4;
  RAISE NOTICE '%', r;
  r := NULL;
  RAISE NOTICE '%', r;
  RETURN r;
END $$;
SELECT f();
-- NOTICE: <NULL>
-- NOTICE: (4,,,)
-- NOTICE: <NULL>
-- ∅

-- case: rows are returned
CREATE FUNCTION f() RETURNS pair LANGUAGE plpgsql AS $$ BEGIN RETURN ROW(7, 'seven'::text); END $$;
CREATE FUNCTION g() RETURNS pair LANGUAGE plpgsql AS $$ BEGIN RETURN (7, 'seven')::pair; END $$;
CREATE FUNCTION h() RETURNS SETOF pair LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEXT ROW(1, 'a'::text);
  RETURN NEXT (2, 'b')::pair;
END $$;
SELECT * FROM f();
-- 7|seven
SELECT * FROM g();
-- 7|seven
SELECT * FROM h();
-- 1|a
-- 2|b

-- case: a row variable as values
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r t%ROWTYPE;
BEGIN
  SELECT * INTO r FROM t WHERE id = 1;
  r.id := 10;
  INSERT INTO t VALUES (r.*);
  INSERT INTO t (id, w, b, n) VALUES (11, r.w, r.b, r.n), (12, 'z', NULL, 0);
  RETURN (SELECT string_agg(id || coalesce(w, '-'), ',' ORDER BY id) FROM t);
END $$;
SELECT f();
-- 1a,2-,10a,11a,12z

-- case: rows are compared
SELECT ROW(1, 2) = ROW(1, 2), (1, 2) = ROW(1, 3), ROW(1, 'x') <> (1, 'y'), ROW(1, NULL) = ROW(1, 2);
-- t|f|t|∅

-- case: rows that hold arrays
CREATE TYPE tagged AS (a int[], b text);
CREATE FUNCTION f(x tagged) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  x.a[2] := 7;
  RETURN x.a::text || x;
END $$;
SELECT f((ARRAY[1, 2], 'q')), f(('{5}', 'z'));
-- {1,7}("{1,7}",q)|{5,7}("{5,7}",z)
SELECT f((ARRAY['a'], 'q'));
-- ERROR 42846

-- case: rows in functions of sets and in SQL
CREATE FUNCTION f(r t) RETURNS t LANGUAGE plpgsql AS $$
BEGIN
  r.w := 'zz';
  RETURN r;
END $$;
CREATE FUNCTION g(r t) RETURNS text LANGUAGE sql AS $$ SELECT r.w || r.id $$;
SELECT s.* FROM t, f(t) AS s ORDER BY s.id;
-- 1|zz|t|1.50
-- 2|zz|∅|∅
SELECT g(t) FROM t ORDER BY id;
-- a1
-- ∅
SELECT (SELECT g(o) FROM t AS i WHERE i.id = 1) FROM t AS o WHERE id = 1;
-- a1

-- case: a row as a column
SELECT ROW(1, 2);
-- ERROR 0A000
-- differs: Rows stand as arguments of routines
-- (1,2)
