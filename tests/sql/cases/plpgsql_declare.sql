-- PL/pgSQL: blocks, declarations, assignments, constants, scopes.

CREATE TABLE acct (id int PRIMARY KEY, name varchar(10), bal numeric(8,2) DEFAULT 0);
INSERT INTO acct VALUES (1, 'ann', 10), (2, 'bob', 20.50);

-- case: variables begin as NULL or with their default
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  a int;
  b int := 5;
  c int = 6;
  d int DEFAULT 7;
BEGIN
  RETURN concat_ws('|', a IS NULL, b, c, d);
END $$;
SELECT f();
-- t|5|6|7

-- case: a default may use what is declared before it and the parameters
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  twice int := n * 2;
  more int := twice + 1;
BEGIN
  RETURN more;
END $$;
SELECT f(5), f(NULL);
-- 11|∅

-- case: constants cannot be assigned
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  c CONSTANT int := 5;
BEGIN
  c := 6;
  RETURN c;
END $$;
-- ERROR 22005

-- case: constants are read
CREATE FUNCTION f() RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  rate CONSTANT numeric(4,2) := 0.155;
BEGIN
  RETURN rate * 100;
END $$;
SELECT f();
-- 16.00

-- case: a variable that may not be NULL
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v int NOT NULL := 1;
BEGIN
  v := n;
  RETURN v;
END $$;
SELECT f(3);
-- 3
SELECT f(NULL);
-- ERROR 22004

-- case: NOT NULL needs a default
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v int NOT NULL;
BEGIN
  RETURN v;
END $$;
-- ERROR 22004

-- case: a value is converted to the type of its variable
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  i int := 2.5;
  n numeric(5,1) := 1.25;
  t text := 12;
  b boolean := 'yes';
  d date := '2024-05-06';
BEGIN
  RETURN i || ' ' || n || ' ' || t || ' ' || b || ' ' || d;
END $$;
SELECT f();
-- 3 1.3 12 true 2024-05-06

-- case: a value that does not fit its variable
CREATE FUNCTION f(t text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  i int;
BEGIN
  i := t;
  RETURN i;
END $$;
SELECT f('12');
-- 12
SELECT f('x');
-- ERROR 22P02

-- case: varchar variables complain about what is too long
CREATE FUNCTION f(t text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v varchar(3);
BEGIN
  v := t;
  RETURN v;
END $$;
SELECT f('abc');
-- abc
SELECT f('abcd');
-- ERROR 22001

-- case: numeric variables round to their scale
CREATE FUNCTION f(n numeric) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v numeric(6,2);
BEGIN
  v := n;
  RETURN v;
END $$;
SELECT f(1.005), f(1), f(1234.567);
-- 1.01|1.00|1234.57
SELECT f(12345.678);
-- ERROR 22003

-- case: smallint variables overflow
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v smallint;
BEGIN
  v := n;
  RETURN v;
END $$;
SELECT f(40000);
-- ERROR 22003

-- case: the type of a column
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  b acct.bal%TYPE := 1.005;
  n acct.name%TYPE := 'abc';
  m b%TYPE := 2;
BEGIN
  RETURN b || ' ' || n || ' ' || m;
END $$;
SELECT f();
-- 1.01 abc 2.00

-- case: the type of a column that is not there
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  b acct.nope%TYPE;
BEGIN
  RETURN b;
END $$;
-- ERROR 42703
-- differs: the %TYPE of a column that is not there is 42703 instead of 42601
-- ERROR 42601

-- case: parameters may be assigned
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  n := n + 1;
  RETURN n;
END $$;
SELECT f(4);
-- 5

-- case: parameters have numbers and may be renamed
CREATE FUNCTION f(int, b int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  a ALIAS FOR $1;
BEGIN
  RETURN a * 10 + $2 + b;
END $$;
SELECT f(1, 2);
-- 14

-- case: an inner block hides names of the outer one
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
<<outside>>
DECLARE
  v int := 1;
BEGIN
  DECLARE
    v int := 2;
  BEGIN
    RETURN v || ' ' || outside.v;
  END;
END $$;
SELECT f();
-- 2 1

-- case: the name of the function is a label
CREATE FUNCTION add(a int, b int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  s int := add.a + add.b;
BEGIN
  RETURN s;
END $$;
SELECT add(2, 3);
-- 5

-- case: a variable of an inner block ends with it
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  DECLARE
    v int := 2;
  BEGIN
    v := v + 1;
  END;
  RETURN v;
END $$;
-- ERROR 42703
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f();
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 42703

-- case: a name is declared once in a block
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v int;
  v text;
BEGIN
  RETURN 1;
END $$;
-- ERROR 42601

-- case: a type that is not there
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v nosuchtype;
BEGIN
  RETURN 1;
END $$;
-- ERROR 42704

-- case: assignment to what is not declared
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  v := 1;
  RETURN 1;
END $$;
-- ERROR 42601

-- case: assignment with an equals sign
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE v int;
BEGIN
  v = 4;
  RETURN v;
END $$;
SELECT f();
-- 4

-- case: assignment from a query
CREATE FUNCTION f() RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  s numeric;
BEGIN
  s := (SELECT sum(bal) FROM acct);
  s := s + (SELECT count(*) FROM acct);
  RETURN s;
END $$;
SELECT f();
-- 32.50

-- case: assignment from a query without brackets
CREATE FUNCTION f() RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  s numeric;
BEGIN
  s := sum(bal) FROM acct;
  RETURN s;
END $$;
SELECT f();
-- 30.50

-- case: a name that is both a column and a variable
CREATE FUNCTION f(name text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT id FROM acct WHERE name = name);
END $$;
-- ERROR 42702
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f('ann');
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 42702

-- case: a column and a variable told apart by their qualifiers
CREATE FUNCTION f(name text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT acct.id FROM acct WHERE acct.name = f.name);
END $$;
SELECT f('bob');
-- 2

-- case: names do not mind their case
CREATE FUNCTION f(Amount INT) RETURNS INT LANGUAGE PLPGSQL AS $$
DECLARE
  Twice INTEGER;
BEGIN
  TWICE := amount * 2;
  Return twice;
END;
$$;
SELECT F(4);
-- 8

-- case: comments and empty statements
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
-- before
DECLARE /* in /* between */ */ v int := 1; -- behind
BEGIN
  NULL;
  /* nothing */
  RETURN v; -- done
END;
$$;
SELECT f();
-- 1

-- case: date and time values in variables
CREATE FUNCTION f(d date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  next date := d + 1;
  at timestamp := d;
BEGIN
  RETURN next || ' ' || at;
END $$;
-- ERROR 42804
SELECT f('2024-02-28');
-- ERROR 42883

-- case: overflow of integers in expressions
CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN a + b;
END $$;
SELECT f(2147483646, 1);
-- 2147483647
SELECT f(2147483647, 1);
-- ERROR 22003

-- case: a syntax error is found when a function is made
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN 1
END $$;
-- ERROR 42601
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  IF true THEN
  RETURN 1;
END $$;
-- ERROR 42601

-- case: a body without a block
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ RETURN 1; $$;
-- ERROR 42601

-- case: the same function may be replaced
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 2; END $$;
-- ERROR 42723
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 3; END $$;
SELECT f();
-- 3
CREATE OR REPLACE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 3; END $$;
-- ERROR 42P13
DROP FUNCTION f;
SELECT f();
-- ERROR 42883
DROP FUNCTION f;
-- ERROR 42883
DROP FUNCTION IF EXISTS f;

-- case: an option that only adds words to errors
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
#print_strict_params on
DECLARE n int;
BEGIN
  SELECT v INTO STRICT n FROM (VALUES (1)) w(v);
  RETURN n;
END $$;
SELECT f();
-- 1
