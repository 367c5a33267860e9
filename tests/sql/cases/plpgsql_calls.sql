-- Routines: parameters, calls of each other, procedures, functions in SQL.

CREATE TABLE t (id int PRIMARY KEY, n int);
INSERT INTO t VALUES (1, 10), (2, 20);

-- case: defaults of parameters
CREATE FUNCTION f(a int, b int DEFAULT 5, c text = 'x') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN a || ' ' || b || ' ' || c;
END $$;
SELECT f(1), f(1, 2), f(1, 2, 'z');
-- 1 5 x|1 2 x|1 2 z
SELECT f();
-- ERROR 42883
SELECT f(1, 2, 'x', 4);
-- ERROR 42883

-- case: a parameter without a default after one with
CREATE FUNCTION f(a int DEFAULT 1, b int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
-- ERROR 42P13

-- case: arguments by name
CREATE FUNCTION f(a int, b int DEFAULT 5, c int DEFAULT 7) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN concat_ws(',', a, b, c);
END $$;
SELECT f(a => 1), f(1, c => 2), f(c => 3, a => 1), f(b := 9, a := 8);
-- 1,5,7|1,5,2|1,5,3|8,9,7
SELECT f(1, nope => 2);
-- ERROR 42883
SELECT f(a => 1, 2);
-- ERROR 42601
SELECT f(1, a => 2);
-- ERROR 42883

-- case: arguments are converted to the types of parameters
CREATE FUNCTION f(a bigint, b numeric, c text, d date) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN a || ' ' || b || ' ' || c || ' ' || d;
END $$;
SELECT f(1, 2, 'x', '2024-05-06');
-- 1 2 x 2024-05-06
SELECT f(1.5, 2, 'x', '2024-05-06');
-- ERROR 42883
SELECT f(1, 2, 3, '2024-05-06');
-- ERROR 42883
SELECT f(1, 2, 'x', 'y');
-- ERROR 22007
SELECT f('1', '2', 'x', '2024-05-06');
-- 1 2 x 2024-05-06

-- case: functions that do not exist
SELECT nope(1);
-- ERROR 42883
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN nope(a); END $$;
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f(1);
-- ERROR 42883

-- case: functions call each other
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN n * 2; END $$;
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE r int;
BEGIN
  r := twice(n) + twice(twice(n));
  RETURN r;
END $$;
SELECT f(3);
-- 18

-- case: a function calls itself
CREATE FUNCTION fact(n int) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
  IF n <= 1 THEN RETURN 1; END IF;
  RETURN n * fact(n - 1);
END $$;
SELECT fact(5), fact(25);
-- 120|15511210043330985984000000

-- case: fibonacci
CREATE FUNCTION fib(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  IF n < 2 THEN RETURN n; END IF;
  RETURN fib(n - 1) + fib(n - 2);
END $$;
SELECT fib(12);
-- 144

-- case: reading functions stand in queries
CREATE FUNCTION label(n int) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF n > 15 THEN RETURN 'high'; END IF;
  RETURN 'low';
END $$;
SELECT id, label(n) FROM t ORDER BY id;
-- 1|low
-- 2|high
SELECT id FROM t WHERE label(n) = 'high';
-- 2
SELECT label(n), count(*) FROM t GROUP BY label(n) ORDER BY 1;
-- high|1
-- low|1
UPDATE t SET n = n + length(label(n)) WHERE label(n) = 'low' RETURNING n;
-- 13

-- case: functions that query stand in queries
CREATE FUNCTION n_of(i int) RETURNS int LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT n FROM t WHERE id = i);
END $$;
SELECT id, n_of(id) * 2 FROM t ORDER BY id;
-- 1|20
-- 2|40
SELECT n_of(1) + n_of(2), n_of(9);
-- 30|∅

-- case: STRICT functions are not called with NULL
CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE plpgsql STRICT AS $$ BEGIN RETURN 1; END $$;
CREATE FUNCTION g(a int) RETURNS int LANGUAGE plpgsql RETURNS NULL ON NULL INPUT AS $$ BEGIN RETURN 2; END $$;
CREATE FUNCTION h(a int) RETURNS int LANGUAGE plpgsql CALLED ON NULL INPUT AS $$ BEGIN RETURN 3; END $$;
SELECT f(1, 2), f(1, NULL), g(NULL), h(NULL);
-- 1|∅|∅|3

-- case: procedures are called
CREATE PROCEDURE add(a int, b int) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t VALUES (a, b);
END $$;
CALL add(5, 50);
SELECT n FROM t WHERE id = 5;
-- 50
CALL add(5, 50);
-- ERROR 23505
CALL add(1);
-- ERROR 42883
CALL nope();
-- ERROR 42883
SELECT add(6, 60);
-- ERROR 42809

-- case: a function is not called by CALL
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
CALL f();
-- ERROR 42809

-- case: procedures with OUT and INOUT parameters
CREATE PROCEDURE p(a int, INOUT b int, OUT c text) LANGUAGE plpgsql AS $$
BEGIN
  b := a + b;
  c := 'done';
END $$;
CALL p(1, 2, NULL);
-- 3|done

-- case: procedures call procedures
CREATE PROCEDURE inner_one(a int, INOUT r int) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE t SET n = n + a;
  r := r + a;
END $$;
CREATE PROCEDURE outer_one(INOUT total int) LANGUAGE plpgsql AS $$
BEGIN
  CALL inner_one(1, total);
  CALL inner_one(10, total);
END $$;
CALL outer_one(5);
-- 16
SELECT n FROM t ORDER BY id;
-- 21
-- 31

-- case: procedures with defaults and names
CREATE PROCEDURE p(a int, b int DEFAULT 7) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t VALUES (a, b);
END $$;
CALL p(10);
CALL p(b => 8, a => 11);
SELECT id, n FROM t WHERE id > 9 ORDER BY id;
-- 10|7
-- 11|8

-- case: an error in a procedure undoes it all
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t VALUES (30, 1);
  INSERT INTO t VALUES (1, 1);
END $$;
CALL p();
-- ERROR 23505
SELECT count(*) FROM t;
-- 2

-- case: PERFORM calls and forgets
CREATE FUNCTION put(a int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t VALUES (a, a);
  RETURN a;
END $$;
CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  PERFORM put(40);
  PERFORM put(41);
  RETURN (SELECT count(*) FROM t);
END $$;
SELECT f();
-- 4

-- case: functions that write are assigned, returned and selected
CREATE FUNCTION put(a int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO t VALUES (a, a);
  RETURN a + 1;
END $$;
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE x int; y int;
BEGIN
  x := put(50);
  SELECT put(51) INTO y;
  SELECT * INTO y FROM put(52);
  RETURN put(x + y);
END $$;
SELECT f();
-- 105
SELECT count(*) FROM t;
-- 6

-- case: functions in SQL
CREATE FUNCTION plus(a int, b int) RETURNS int LANGUAGE sql AS $$ SELECT a + b $$;
CREATE FUNCTION third(int, int, int) RETURNS int LANGUAGE sql AS 'SELECT $3';
SELECT plus(1, 2), plus(1, NULL), third(1, 2, 3);
-- 3|∅|3

-- case: the last statement of an SQL function gives its result
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$
  INSERT INTO t VALUES (a, 1);
  UPDATE t SET n = 99 WHERE id = a;
  SELECT n FROM t WHERE id = a;
$$;
SELECT f(60);
-- 99
SELECT n FROM t WHERE id = 60;
-- 99

-- case: SQL functions with RETURNING, without rows and without a result
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ INSERT INTO t VALUES (a, 1) RETURNING id $$;
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$ SELECT n FROM t WHERE false $$;
CREATE FUNCTION h() RETURNS void LANGUAGE sql AS $$ DELETE FROM t WHERE id = 70 $$;
SELECT f(70);
-- 70
SELECT g();
-- ∅
SELECT count(*) FROM h();
-- 1
SELECT count(*) FROM t;
-- 2

-- case: SQL functions that return sets and tables
CREATE FUNCTION ids() RETURNS SETOF int LANGUAGE sql AS $$ SELECT id FROM t ORDER BY id DESC $$;
CREATE FUNCTION pairs() RETURNS TABLE (a int, b int) LANGUAGE sql AS $$ SELECT id, n FROM t ORDER BY id $$;
CREATE FUNCTION one() RETURNS t LANGUAGE sql AS $$ SELECT * FROM t WHERE id = 1 $$;
SELECT * FROM ids();
-- 2
-- 1
SELECT a, b FROM pairs() WHERE a > 1;
-- 2|20
SELECT n FROM one();
-- 10
SELECT sum(b) FROM pairs();
-- 30

-- case: SQL functions must fit their result
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 'x'::text $$;
-- ERROR 42P13
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1, 2 $$;
-- ERROR 42P13
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT nope FROM t $$;
-- ERROR 42703
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ DELETE FROM t $$;
-- ERROR 42P13

-- case: SQL procedures
CREATE PROCEDURE p(a int, b int) LANGUAGE sql AS $$
  INSERT INTO t VALUES (a, b);
  UPDATE t SET n = n + 1 WHERE id = a;
$$;
CALL p(80, 5);
SELECT n FROM t WHERE id = 80;
-- 6

-- case: parameter names in SQL functions give way to columns
CREATE FUNCTION f(id int) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM t WHERE id = id $$;
SELECT f(1);
-- 2

-- case: routines are dropped
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
DROP FUNCTION f(int);
DROP PROCEDURE p();
DROP PROCEDURE IF EXISTS p;
DROP PROCEDURE p;
-- ERROR 42883
SELECT f(1);
-- ERROR 42883

-- case: routines live in schemas
CREATE SCHEMA shop;
CREATE TABLE shop.goods (id int PRIMARY KEY, price int);
CREATE FUNCTION shop.add(i int, p int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO shop.goods VALUES (i, p);
  RETURN (SELECT sum(price) FROM shop.goods);
END $$;
SELECT shop.add(1, 5);
-- 5
SELECT shop.add(2, 6);
-- 11
SELECT add(3, 7);
-- ERROR 42883

-- case: arguments that are expressions and queries
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a; END $$;
SELECT f(1 + 2), f((SELECT max(n) FROM t)), f(CASE WHEN true THEN 5 END), f(NULL);
-- 3|20|5|∅

-- case: array arguments
CREATE FUNCTION total(ids int[], counts int[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE s int := 0;
BEGIN
  FOR i IN 1..array_length(ids, 1) LOOP
    s := s + ids[i] * counts[i];
  END LOOP;
  RETURN s;
END $$;
SELECT total(ARRAY[1, 2], ARRAY[10, 20]), total('{3}', '{4}');
-- 50|12

-- case: composite and row arguments
CREATE FUNCTION f(r t) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN r.id + r.n; END $$;
SELECT f(ROW(1, 2)), f(t) FROM t WHERE id = 1;
-- 3|11

-- case: the attributes of a function
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10 AS $$ BEGIN RETURN a; END $$;
CREATE FUNCTION g(a int) RETURNS int AS $$ BEGIN RETURN a; END $$ LANGUAGE plpgsql VOLATILE SECURITY INVOKER;
SELECT f(1), g(2);
-- 1|2

-- case: languages that there are not
CREATE FUNCTION f() RETURNS int LANGUAGE plnothing AS $$ x $$;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- ERROR 42704
CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$;
-- ERROR 42P13

-- case: types of parameters that there are not
CREATE FUNCTION f(a nosuchtype) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
-- ERROR 42704
CREATE FUNCTION f(a int) RETURNS nosuchtype LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
-- ERROR 42704
CREATE FUNCTION f(a int, a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
-- ERROR 42P13

-- case: mutual recursion
CREATE FUNCTION is_odd(n int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN n <> 0; END $$;
CREATE FUNCTION is_even(n int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF n = 0 THEN RETURN true; END IF;
  RETURN is_odd(n - 1);
END $$;
CREATE OR REPLACE FUNCTION is_odd(n int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF n = 0 THEN RETURN false; END IF;
  RETURN is_even(n - 1);
END $$;
SELECT is_even(10), is_even(7);
-- t|f

-- case: precisions of parameters and results
CREATE FUNCTION f(a numeric(6,2)) RETURNS numeric(6,1) LANGUAGE plpgsql AS $$ BEGIN RETURN a * 10; END $$;
SELECT f(1.005);
-- 10.050
