-- PL/pgSQL: what functions and procedures give back: rows, OUT parameters, sets.

CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2));
INSERT INTO item VALUES (1, 'nut', 0.10), (2, 'saw', 19.99), (3, 'oil', 5);

-- case: OUT parameters are the result
CREATE FUNCTION f(a int, OUT twice int, OUT half numeric) LANGUAGE plpgsql AS $$
BEGIN
  twice := a * 2;
  half := a / 2.0;
END $$;
SELECT * FROM f(5);
-- 10|2.5000000000000000
SELECT twice FROM f(5);
-- 10
SELECT f(5);
-- ERROR 0A000
-- differs: A function that returns a row or a set stands in FROM only
-- (10,2.5000000000000000)
SELECT (f(5)).half;
-- ERROR 0A000
-- differs: A function that returns a row or a set stands in FROM only
-- 2.5000000000000000

-- case: one OUT parameter is a plain result
CREATE FUNCTION f(a int, OUT b int) LANGUAGE plpgsql AS $$
BEGIN
  b := a + 1;
END $$;
SELECT f(1), f(2) + 1;
-- 2|4
SELECT * FROM f(3);
-- 4

-- case: INOUT parameters go in and come out
CREATE FUNCTION f(INOUT a int, b int DEFAULT 10) LANGUAGE plpgsql AS $$
BEGIN
  a := a + b;
END $$;
SELECT f(1), f(1, 2);
-- 11|3

-- case: OUT parameters end with RETURN
CREATE FUNCTION f(OUT a int, OUT b text) LANGUAGE plpgsql AS $$
BEGIN
  a := 1;
  RETURN;
  b := 'never';
END $$;
SELECT * FROM f();
-- 1|∅

-- case: OUT parameters and a value to RETURN do not go together
CREATE FUNCTION f(OUT a int) LANGUAGE plpgsql AS $$
BEGIN
  RETURN 1;
END $$;
-- ERROR 42601
-- differs: Misplaced RETURN is an error of syntax
-- ERROR 42804

-- case: RETURNS and OUT must agree
CREATE FUNCTION f(OUT a int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN a := 1; END $$;
-- ERROR 42P13

-- case: RETURNS TABLE with RETURN QUERY
CREATE FUNCTION cheap(most numeric) RETURNS TABLE (who text, cost numeric) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT name, price FROM item WHERE price < most ORDER BY price;
END $$;
SELECT * FROM cheap(10);
-- nut|0.10
-- oil|5.00
SELECT who FROM cheap(10) WHERE cost > 1;
-- oil
SELECT count(*) FROM cheap(0);
-- 0
SELECT c.who, i.id FROM cheap(10) AS c JOIN item AS i ON i.name = c.who ORDER BY i.id;
-- nut|1
-- oil|3

-- case: several RETURN QUERY add up
CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT id FROM item WHERE id = 1;
  RETURN QUERY SELECT id + 10 FROM item ORDER BY id;
  RETURN QUERY VALUES (100), (101);
END $$;
SELECT * FROM f();
-- 1
-- 11
-- 12
-- 13
-- 100
-- 101
SELECT sum(f) FROM f();
-- 238

-- case: RETURN QUERY sets FOUND
CREATE FUNCTION f(n int) RETURNS TABLE (a int) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT id FROM item WHERE id = n;
  IF NOT FOUND THEN
    RETURN QUERY SELECT -1;
  END IF;
END $$;
SELECT a FROM f(1);
-- 1
SELECT a FROM f(9);
-- -1

-- case: RETURN QUERY must fit the result
CREATE FUNCTION f() RETURNS TABLE (a int, b text) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT id FROM item;
END $$;
-- ERROR 42804
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT * FROM f();
-- ERROR 0A000
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 42804
CREATE FUNCTION g() RETURNS TABLE (a int) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT name FROM item;
END $$;
SELECT * FROM g();
-- ERROR 22P02
-- differs: converts the columns of its query to those of the routine as an assignment does
-- ERROR 42804
CREATE FUNCTION h() RETURNS TABLE (a bigint) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT id FROM item;
END $$;
SELECT * FROM h();
-- 1
-- 2
-- 3
-- differs: converts the columns of its query to those of the routine as an assignment does
-- ERROR 42804

-- case: RETURN NEXT of scalars
CREATE FUNCTION f(n int) RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..n LOOP
    RETURN NEXT i * i;
  END LOOP;
  RETURN;
END $$;
SELECT * FROM f(3);
-- 1
-- 4
-- 9
SELECT x FROM f(4) AS x WHERE x > 4;
-- 9
-- 16
SELECT count(*) FROM f(0);
-- 0

-- case: RETURN NEXT of OUT parameters
CREATE FUNCTION f(n int) RETURNS TABLE (a int, b text) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..n LOOP
    a := i;
    b := 'v' || i;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT * FROM f(2);
-- 1|v1
-- 2|v2

-- case: RETURN NEXT of rows
CREATE FUNCTION f() RETURNS SETOF item LANGUAGE plpgsql AS $$
DECLARE r item%ROWTYPE;
BEGIN
  FOR r IN SELECT * FROM item ORDER BY id LOOP
    r.price := r.price * 2;
    RETURN NEXT r;
  END LOOP;
END $$;
SELECT id, price FROM f();
-- 1|0.20
-- 2|39.98
-- 3|10.00
SELECT max(price) FROM f();
-- 39.98

-- case: a set of records from OUT parameters
CREATE FUNCTION f(OUT a int, OUT b int) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
  a := 1; b := 2;
  RETURN NEXT;
  a := 3;
  RETURN NEXT;
END $$;
SELECT * FROM f();
-- 1|2
-- 3|2

-- case: a row is returned
CREATE FUNCTION f(n int) RETURNS item LANGUAGE plpgsql AS $$
DECLARE r item;
BEGIN
  SELECT * INTO r FROM item WHERE id = n;
  RETURN r;
END $$;
SELECT * FROM f(2);
-- 2|saw|19.99
SELECT (f(3)).name;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- oil
SELECT name FROM f(1);
-- nut

-- case: a composite is returned
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION f(n int) RETURNS pair LANGUAGE plpgsql AS $$
DECLARE p pair;
BEGIN
  p.a := n;
  p.b := 'n' || n;
  RETURN p;
END $$;
SELECT * FROM f(2);
-- 2|n2
CREATE FUNCTION g() RETURNS pair LANGUAGE plpgsql AS $$
BEGIN
  RETURN ROW(7, 'seven');
END $$;
-- ERROR 42804
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT a, b FROM g();
-- ERROR 0A000
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 42804

-- case: a set where one value must be
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN NEXT 1; END $$;
-- ERROR 42804

-- case: a value where a set is returned
CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
-- ERROR 42601
-- differs: Misplaced RETURN is an error of syntax
-- ERROR 42804

-- case: a set-returning function outside of FROM
CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT 1;
END $$;
SELECT f() + 1;
-- ERROR 0A000
-- differs: A function that returns a row or a set stands in FROM only
-- 2

-- case: RETURN QUERY of a change
CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY UPDATE item SET price = price + 1 WHERE id < 3 RETURNING id;
END $$;
SELECT * FROM f();
-- 1
-- 2
SELECT price FROM item ORDER BY id;
-- 1.10
-- 20.99
-- 5.00

-- case: arrays are returned
CREATE FUNCTION f(n int) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE a int[];
BEGIN
  FOR i IN 1..n LOOP a[i] := i * i; END LOOP;
  RETURN a;
END $$;
SELECT f(3), f(0), (f(3))[2];
-- {1,4,9}|∅|4
SELECT unnest FROM unnest(f(2));
-- 1
-- 4

-- case: a boolean, a date and a numeric are returned
CREATE FUNCTION b() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN 1 < 2; END $$;
CREATE FUNCTION d() RETURNS date LANGUAGE plpgsql AS $$ BEGIN RETURN '2024-01-02'; END $$;
CREATE FUNCTION n() RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RETURN 1.239; END $$;
SELECT b(), d(), d() + 1, n();
-- t|2024-01-02|2024-01-03|1.239

-- case: columns of a result may be renamed
CREATE FUNCTION f() RETURNS TABLE (a int, b int) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT 1, 2;
END $$;
SELECT t.x, t.y FROM f() AS t (x, y);
-- 1|2

-- case: the columns of RETURNS TABLE are variables
CREATE FUNCTION f() RETURNS TABLE (id int, name text) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT id, name FROM item;
END $$;
-- ERROR 42702
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT * FROM f();
-- ERROR 0A000
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 42702
CREATE FUNCTION g() RETURNS TABLE (id int, name text) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT i.id, i.name FROM item AS i WHERE i.id = 2;
END $$;
SELECT * FROM g();
-- 2|saw

-- case: window functions and casts in a table function
CREATE FUNCTION ranked() RETURNS TABLE (place int, who text) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT (row_number() OVER (ORDER BY price DESC))::int, i.name FROM item AS i ORDER BY 1;
END $$;
SELECT * FROM ranked();
-- 1|saw
-- 2|oil
-- 3|nut

-- case: a function that changes rows inside of a query
CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY UPDATE item SET price = price + 1 WHERE id < 3 RETURNING id;
END $$;
SELECT * FROM f() ORDER BY 1 DESC;
-- ERROR 0A000
-- differs: A routine that changes rows is called as a whole statement only
-- 2
-- 1
