-- PL/pgSQL: SQL in bodies: INTO, STRICT, FOUND, ROW_COUNT, PERFORM.

CREATE TABLE acct (id int PRIMARY KEY, name text NOT NULL, bal numeric(8,2) NOT NULL DEFAULT 0 CHECK (bal >= 0));
INSERT INTO acct VALUES (1, 'ann', 10), (2, 'bob', 20.50), (3, 'cid', 0);

-- case: SELECT INTO takes the first row
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE a text; b numeric;
BEGIN
  SELECT name, bal INTO a, b FROM acct WHERE id >= n ORDER BY id;
  RETURN concat_ws(',', a, b, FOUND);
END $$;
SELECT f(1), f(2), f(9);
-- ann,10.00,t|bob,20.50,t|f

-- case: INTO may stand at the end
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a text;
BEGIN
  SELECT name FROM acct WHERE id = 2 INTO a;
  RETURN a;
END $$;
SELECT f();
-- bob

-- case: without a row INTO sets NULL
CREATE FUNCTION f() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE a text := 'kept';
BEGIN
  SELECT name INTO a FROM acct WHERE id = 99;
  RETURN a IS NULL;
END $$;
SELECT f();
-- t

-- case: STRICT wants one row
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE a text;
BEGIN
  SELECT name INTO STRICT a FROM acct WHERE id >= n;
  RETURN a;
END $$;
SELECT f(3);
-- cid
SELECT f(4);
-- ERROR P0002
SELECT f(1);
-- ERROR P0003

-- case: STRICT caught by name
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE a text;
BEGIN
  SELECT name INTO STRICT a FROM acct WHERE id >= n;
  RETURN a;
EXCEPTION
  WHEN NO_DATA_FOUND THEN RETURN 'none';
  WHEN TOO_MANY_ROWS THEN RETURN 'many';
END $$;
SELECT f(1), f(3), f(4);
-- many|cid|none

-- case: INTO a record
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  SELECT id, name AS who, bal * 2 AS twice INTO r FROM acct WHERE id = 2;
  RETURN r.id || r.who || r.twice;
END $$;
SELECT f();
-- 2bob41.00

-- case: INTO a row of the table
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r acct%ROWTYPE;
BEGIN
  SELECT * INTO r FROM acct WHERE id = 2;
  r.bal := r.bal + 1;
  RETURN r.name || ' ' || r.bal;
END $$;
SELECT f();
-- bob 21.50

-- case: a variable of the name of a table is its row
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r acct;
BEGIN
  SELECT * INTO r FROM acct WHERE id = 1;
  RETURN r.name;
END $$;
SELECT f();
-- ann

-- case: FOUND after changes
CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := FOUND::text;
BEGIN
  UPDATE acct SET bal = bal + 1 WHERE id = n;
  s := s || FOUND;
  DELETE FROM acct WHERE id = n;
  s := s || FOUND;
  INSERT INTO acct VALUES (n, 'new');
  s := s || FOUND;
  PERFORM 1 FROM acct WHERE id = 999;
  s := s || FOUND;
  PERFORM 1 FROM acct WHERE id = n;
  RETURN s || FOUND;
END $$;
SELECT f(1);
-- falsetruetruetruefalsetrue
SELECT f(7);
-- falsefalsefalsetruefalsetrue

-- case: GET DIAGNOSTICS counts rows
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE n int; s text := '';
BEGIN
  UPDATE acct SET bal = bal + 1;
  GET DIAGNOSTICS n = ROW_COUNT;
  s := s || n;
  DELETE FROM acct WHERE id > 1;
  GET DIAGNOSTICS n := ROW_COUNT;
  s := s || ',' || n;
  PERFORM id FROM acct;
  GET DIAGNOSTICS n = ROW_COUNT;
  s := s || ',' || n;
  INSERT INTO acct SELECT 50 + g, 'x' FROM generate_series(1, 4) AS g;
  GET CURRENT DIAGNOSTICS n = ROW_COUNT;
  RETURN s || ',' || n;
END $$;
SELECT f();
-- 3,2,1,4

-- case: RETURNING INTO
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a int; b numeric; s text := '';
BEGIN
  INSERT INTO acct VALUES (4, 'dan', 1.005) RETURNING id, bal INTO a, b;
  s := a || ' ' || b;
  UPDATE acct SET bal = bal * 2 WHERE id = 2 RETURNING bal INTO b;
  s := s || ' ' || b;
  DELETE FROM acct WHERE id = 2 RETURNING id INTO STRICT a;
  RETURN s || ' ' || a;
END $$;
SELECT f();
-- 4 1.01 41.00 2

-- case: RETURNING INTO of several rows
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE a int;
BEGIN
  UPDATE acct SET bal = 1 RETURNING id INTO a;
  RETURN a;
END $$;
SELECT f();
-- ERROR P0003

-- case: RETURNING INTO of no row
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a int := 5;
BEGIN
  UPDATE acct SET bal = 1 WHERE id = 99 RETURNING id INTO a;
  RETURN coalesce(a::text, 'null') || FOUND;
END $$;
SELECT f();
-- nullfalse

-- case: a SELECT must have a place for its result
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  SELECT 1;
  RETURN 1;
END $$;
-- ERROR 42601
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f();
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 42601

-- case: variables stand wherever values do
CREATE FUNCTION f(low int, high int, how_many int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  SELECT count(*) INTO n FROM (SELECT id FROM acct WHERE id BETWEEN low AND high ORDER BY id LIMIT how_many) AS s;
  RETURN n;
END $$;
SELECT f(1, 3, 2), f(2, 3, 9);
-- 2|2

-- case: a transfer
CREATE FUNCTION transfer(source int, target int, amount numeric) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE rest numeric;
BEGIN
  IF amount <= 0 THEN
    RAISE EXCEPTION 'amount % is not positive', amount;
  END IF;
  UPDATE acct SET bal = bal - amount WHERE id = source RETURNING bal INTO rest;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no account %', source USING ERRCODE = 'no_data_found';
  END IF;
  UPDATE acct SET bal = bal + amount WHERE id = target;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no account %', target;
  END IF;
  RETURN rest;
END $$;
SELECT transfer(2, 1, 5);
-- 15.50
SELECT transfer(2, 1, 500);
-- ERROR 23514
SELECT transfer(9, 1, 5);
-- ERROR P0002: no account 9
SELECT transfer(1, 9, 5);
-- ERROR P0001: no account 9
SELECT transfer(1, 2, -1);
-- ERROR P0001: amount -1 is not positive
SELECT * FROM acct ORDER BY id;
-- 1|ann|15.00
-- 2|bob|15.50
-- 3|cid|0.00

-- case: upsert in a body
CREATE FUNCTION add(n int, amount numeric) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE b numeric;
BEGIN
  INSERT INTO acct AS a VALUES (n, 'made', amount) ON CONFLICT (id) DO UPDATE SET bal = a.bal + excluded.bal RETURNING bal INTO b;
  RETURN b;
END $$;
SELECT add(1, 5);
-- 15.00
SELECT add(1, 5);
-- 20.00
SELECT add(77, 1);
-- 1.00

-- case: variables of a conflicting name in INSERT
CREATE FUNCTION f(id int, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO acct (id, name) VALUES (id, name);
END $$;
SELECT f(60, 'sixty');
--
SELECT name FROM acct WHERE id = 60;
-- sixty

-- case: a WITH query in a body
CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE r int;
BEGIN
  WITH x AS (SELECT n + 1 AS a) SELECT a * 2 INTO r FROM x;
  RETURN r;
END $$;
SELECT f(4);
-- 10

-- case: too few and too many targets
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a int; b int := 7;
BEGIN
  SELECT 1 INTO a, b;
  RETURN concat_ws(',', a, b IS NULL);
END $$;
SELECT f();
-- 1,t
CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a int;
BEGIN
  SELECT 1, 2 INTO a;
  RETURN a;
END $$;
SELECT g();
-- 1

-- case: a table that is not there
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT a FROM nowhere);
END $$;
-- ERROR 42P01
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f();
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 42P01

-- case: a field that is not there
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  SELECT id INTO r FROM acct WHERE id = 1;
  RETURN r.nope;
END $$;
-- ERROR 42703
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f();
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 42703

-- case: a record that was not assigned
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  RETURN r.id;
END $$;
-- ERROR 55000
-- differs: The body of a routine is checked as a whole when the routine is made
SELECT f();
-- ERROR 42883
-- differs: The body of a routine is checked as a whole when the routine is made
-- ERROR 55000

-- case: NULL fields of a row without a row
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r acct%ROWTYPE;
BEGIN
  SELECT * INTO r FROM acct WHERE id = 99;
  RETURN (r.id IS NULL) || ' ' || (r IS NULL) || ' ' || FOUND;
END $$;
SELECT f();
-- true true false

-- case: records are assigned and compared
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE a record; b record;
BEGIN
  SELECT id, name INTO a FROM acct WHERE id = 1;
  b := a;
  b.name := 'x';
  RETURN a.name || b.name || (a = b);
END $$;
SELECT f();
-- annxfalse

-- case: a row as values of an INSERT
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE r acct%ROWTYPE;
BEGIN
  SELECT * INTO r FROM acct WHERE id = 1;
  r.id := 70;
  INSERT INTO acct VALUES (r.*);
  RETURN (SELECT name FROM acct WHERE id = 70);
END $$;
SELECT f();
-- ann

-- case: errors of constraints come out of functions
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO acct VALUES (100, 'x');
  INSERT INTO acct VALUES (1, 'again');
END $$;
SELECT f();
-- ERROR 23505
SELECT count(*) FROM acct;
-- 3

-- case: EXECUTE of a string
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
DECLARE n int;
BEGIN
  EXECUTE 'SELECT 1' INTO n;
  RETURN n;
END $$;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
SELECT f();
-- ERROR 42883
-- differs: Whatever is not listed here is refused
-- 1

-- case: array variables in queries
CREATE FUNCTION f(ids int[]) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE s numeric;
BEGIN
  SELECT sum(bal) INTO s FROM acct WHERE id = ANY (ids);
  RETURN s;
END $$;
SELECT f(ARRAY[1, 2]), f('{}');
-- 30.50|∅

-- case: a window function in a body
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := ''; r record;
BEGIN
  FOR r IN SELECT name, rank() OVER (ORDER BY bal DESC) AS place FROM acct ORDER BY place LOOP
    s := s || r.place || r.name || ' ';
  END LOOP;
  RETURN s;
END $$;
SELECT f();
-- 1bob 2ann 3cid\s
