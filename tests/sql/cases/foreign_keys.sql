-- When foreign keys are looked at, what they do, and what their errors say.

CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
CREATE FUNCTION told(wanted int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  said text;
  detail text;
  name text;
  relation text;
BEGIN
  IF wanted = 0 THEN
    DELETE FROM p;
  ELSE
    INSERT INTO c VALUES (wanted, wanted);
  END IF;
  RETURN 'fine';
EXCEPTION WHEN foreign_key_violation THEN
  GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, name = CONSTRAINT_NAME, relation = TABLE_NAME;
  RETURN SQLSTATE || ': ' || said || ': ' || detail || ': ' || name || ', ' || relation;
END $$;

-- case: a key is looked at when its statement ends
INSERT INTO c VALUES (1, 1); INSERT INTO p VALUES (1);
-- ERROR 23503
SELECT count(*) FROM c;
-- 0
INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1);
-- INSERT 1
DELETE FROM p; INSERT INTO p VALUES (1);
-- ERROR 23503
SELECT count(*) FROM c;
-- 1

-- case: a deferred key is looked at when the transaction ends
CREATE TABLE d (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
INSERT INTO d VALUES (1); INSERT INTO p VALUES (1);
-- INSERT 1
DELETE FROM p; INSERT INTO p VALUES (1);
-- INSERT 1
DELETE FROM p;
-- ERROR 23503
INSERT INTO d VALUES (2);
-- ERROR 23503
SELECT p FROM d;
-- 1

-- case: what the words mean
CREATE TABLE d1 (p int REFERENCES p DEFERRABLE);
CREATE TABLE d2 (p int REFERENCES p DEFERRABLE INITIALLY IMMEDIATE);
CREATE TABLE d3 (p int REFERENCES p NOT DEFERRABLE);
CREATE TABLE d4 (p int REFERENCES p NOT DEFERRABLE INITIALLY IMMEDIATE NOT NULL);
CREATE TABLE d5 (p int REFERENCES p INITIALLY DEFERRED);
CREATE TABLE d6 (p int, FOREIGN KEY (p) REFERENCES p ON DELETE CASCADE NOT DEFERRABLE);
INSERT INTO d1 VALUES (1); INSERT INTO p VALUES (1);
-- ERROR 23503
INSERT INTO d2 VALUES (1); INSERT INTO p VALUES (1);
-- ERROR 23503
INSERT INTO d3 VALUES (1); INSERT INTO p VALUES (1);
-- ERROR 23503
INSERT INTO d4 VALUES (1); INSERT INTO p VALUES (1);
-- ERROR 23503
INSERT INTO d5 VALUES (1); INSERT INTO p VALUES (1);
-- INSERT 1
INSERT INTO d6 VALUES (2); INSERT INTO p VALUES (2);
-- ERROR 23503
CREATE TABLE e (p int REFERENCES p NOT DEFERRABLE INITIALLY DEFERRED);
-- ERROR 42601
CREATE TABLE e (p int REFERENCES p DEFERRABLE NOT DEFERRABLE);
-- ERROR 42601
CREATE TABLE e (p int REFERENCES p INITIALLY DEFERRED INITIALLY IMMEDIATE);
-- ERROR 42601

-- case: when a key is looked at is not set later
CREATE TABLE d (p int REFERENCES p DEFERRABLE);
SET CONSTRAINTS ALL DEFERRED;
-- ERROR 0A000
-- differs: When a key is looked at is not set later
ALTER TABLE d ALTER CONSTRAINT d_p_fkey NOT DEFERRABLE;
-- ERROR 0A000
-- differs: When a key is looked at is not set later

-- case: a handler catches what breaks a key, with PostgreSQL's words
SELECT told(9);
-- 23503: insert or update on table "c" violates foreign key constraint "c_p_fkey": Key (p)=(9) is not present in table "p".: c_p_fkey, c
INSERT INTO p VALUES (7);
-- INSERT 1
SELECT told(7);
-- fine
SELECT told(0);
-- 23503: update or delete on table "p" violates foreign key constraint "c_p_fkey" on table "c": Key (id)=(7) is still referenced from table "c".: c_p_fkey, c
SELECT count(*) FROM p;
-- 1
SELECT id, p FROM c;
-- 7|7

-- case: a handler does not catch what breaks a deferred key
CREATE TABLE d (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO d VALUES (1);
  RETURN 'fine';
EXCEPTION WHEN foreign_key_violation THEN
  RETURN 'caught';
END $$;
SELECT f();
-- ERROR 23503
SELECT count(*) FROM d;
-- 0

-- case: the statement that breaks a key is undone, with all that its block did
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  n int := 0;
BEGIN
  INSERT INTO p VALUES (1), (2);
  FOR i IN 1..4 LOOP
    BEGIN
      INSERT INTO c VALUES (i, i), (i + 10, i);
      n := n + 1;
    EXCEPTION WHEN foreign_key_violation THEN
      INSERT INTO c VALUES (i, NULL);
    END;
  END LOOP;
  RETURN n::text;
END $$;
SELECT f();
-- 2
SELECT id, p FROM c ORDER BY id;
-- 1|1
-- 2|2
-- 3|∅
-- 4|∅
-- 11|1
-- 12|2

-- case: keys that wait and keys that do not, in one routine
CREATE TABLE d (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION f(mend boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  n int := 0;
BEGIN
  FOR i IN 1..3 LOOP
    INSERT INTO d VALUES (i, i);
    BEGIN
      INSERT INTO c VALUES (i, 5);
    EXCEPTION WHEN foreign_key_violation THEN
      n := n + 1;
      INSERT INTO p VALUES (5) ON CONFLICT DO NOTHING;
    END;
  END LOOP;
  IF mend THEN
    INSERT INTO p VALUES (1), (2), (3);
  END IF;
  RETURN n::text;
END $$;
SELECT f(false);
-- ERROR 23503
SELECT f(true);
-- 1
SELECT id, p FROM d ORDER BY id;
-- 1|1
-- 2|2
-- 3|3
SELECT id, p FROM c ORDER BY id;
-- 2|5
-- 3|5

-- case: a statement of many rows is consistent when it ends
CREATE TABLE n (id int PRIMARY KEY, up int REFERENCES n);
INSERT INTO n VALUES (1, 2), (2, 3), (3, 1);
-- INSERT 3
INSERT INTO n SELECT i, 9 - i FROM generate_series(4, 5) AS g(i);
-- INSERT 2
INSERT INTO n SELECT i, i + 1 FROM generate_series(6, 8) AS g(i);
-- ERROR 23503
UPDATE n SET up = 10 - id WHERE id > 5;
-- UPDATE 0
UPDATE n SET id = id + 10, up = up + 10;
-- UPDATE 5
SELECT id, up FROM n ORDER BY id;
-- 11|12
-- 12|13
-- 13|11
-- 14|15
-- 15|14
DELETE FROM n WHERE id = 11;
-- ERROR 23503
DELETE FROM n WHERE id IN (11, 12, 13);
-- DELETE 3
DELETE FROM n;
-- DELETE 2

-- case: several rows from a query, the second of which breaks another rule first
CREATE TABLE t (id int PRIMARY KEY, p int REFERENCES p, q text UNIQUE);
INSERT INTO t SELECT 1, 9, 'a' UNION ALL SELECT 2, 1, 'a';
-- ERROR 23505
INSERT INTO t VALUES (1, 9, 'a'), (2, 1, 'a');
-- ERROR 23505
INSERT INTO t SELECT 1, 9, 'a';
-- ERROR 23503

-- case: RESTRICT is looked at when the statement ends, whatever waits
CREATE TABLE n (id int PRIMARY KEY, up int REFERENCES n ON DELETE RESTRICT ON UPDATE RESTRICT);
INSERT INTO n VALUES (1, NULL), (2, 1), (3, 2);
-- INSERT 3
DELETE FROM n WHERE id = 1;
-- ERROR 23503
UPDATE n SET id = 9 WHERE id = 2;
-- ERROR 23503
UPDATE n SET id = 9 WHERE id = 3;
-- UPDATE 1
DELETE FROM n;
-- DELETE 3
CREATE TABLE d (p int REFERENCES p ON DELETE RESTRICT ON UPDATE RESTRICT DEFERRABLE INITIALLY DEFERRED);
INSERT INTO d VALUES (1); INSERT INTO p VALUES (1);
-- INSERT 1
DELETE FROM p; DELETE FROM d;
-- ERROR 23503
DELETE FROM p; INSERT INTO p VALUES (1);
-- ERROR 23503
UPDATE p SET id = 2; UPDATE d SET p = 2;
-- ERROR 23503
DELETE FROM d; DELETE FROM p;
-- DELETE 1
SELECT count(*) FROM p;
-- 0

-- case: another row that gets the key helps NO ACTION, and not RESTRICT
CREATE TABLE r (p int REFERENCES p ON UPDATE RESTRICT);
INSERT INTO p VALUES (1), (2);
-- INSERT 2
INSERT INTO c VALUES (1, 1);
-- INSERT 1
UPDATE p SET id = id - 1;
-- UPDATE 2
SELECT id FROM p ORDER BY id;
-- 0
-- 1
INSERT INTO r VALUES (1);
-- INSERT 1
DELETE FROM c;
-- DELETE 1
UPDATE p SET id = id - 1;
-- ERROR 23503
UPDATE p SET id = id + 0;
-- UPDATE 2
UPDATE p SET id = -1 WHERE id = 0;
-- UPDATE 1
SELECT id FROM p ORDER BY id;
-- -1
-- 1

-- case: actions
CREATE TABLE a (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE SET NULL ON UPDATE SET NULL);
CREATE TABLE s (id int PRIMARY KEY, p int DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT ON UPDATE SET DEFAULT);
INSERT INTO p VALUES (1), (2), (3);
-- INSERT 3
INSERT INTO a VALUES (1, 2), (2, 3);
-- INSERT 2
INSERT INTO b VALUES (1, 1), (2, 2);
-- INSERT 2
INSERT INTO s VALUES (1, 2), (2, 3);
-- INSERT 2
DELETE FROM p WHERE id = 2;
-- DELETE 1
UPDATE p SET id = 4 WHERE id = 3;
-- UPDATE 1
SELECT id, p FROM a;
-- 2|4
SELECT id, a FROM b ORDER BY id;
-- 1|∅
-- 2|2
SELECT id, p FROM s ORDER BY id;
-- 1|1
-- 2|1
DELETE FROM p WHERE id = 1;
-- ERROR 23503
UPDATE a SET id = 5;
-- UPDATE 1
SELECT a FROM b WHERE id = 2;
-- ∅

-- case: an action can be stopped by a key behind it
CREATE TABLE a (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
INSERT INTO p VALUES (1), (2);
-- INSERT 2
INSERT INTO a VALUES (1, 1), (2, 2);
-- INSERT 2
INSERT INTO b VALUES (1, 1);
-- INSERT 1
DELETE FROM p WHERE id = 1;
-- ERROR 23503
DELETE FROM p WHERE id = 2;
-- DELETE 1

-- case: what an action removes is looked at when the statement ends
CREATE TABLE a (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);
CREATE TABLE b (id int PRIMARY KEY, p int REFERENCES p, a int REFERENCES a ON DELETE CASCADE);
INSERT INTO p VALUES (1);
-- INSERT 1
INSERT INTO a VALUES (1, 1);
-- INSERT 1
INSERT INTO b VALUES (1, 1, 1);
-- INSERT 1
DELETE FROM p;
-- DELETE 1
-- differs: Foreign keys are checked when all their actions are done
-- ERROR 23503

-- case: tables that refer to each other
CREATE TABLE x (id int PRIMARY KEY, y int);
CREATE TABLE y (id int PRIMARY KEY, x int REFERENCES x DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE x ADD CONSTRAINT x_y FOREIGN KEY (y) REFERENCES y DEFERRABLE INITIALLY DEFERRED;
INSERT INTO x VALUES (1, 1); INSERT INTO y VALUES (1, 1);
-- INSERT 1
INSERT INTO x VALUES (2, 2);
-- ERROR 23503
DELETE FROM x; DELETE FROM y;
-- DELETE 1
SELECT (SELECT count(*) FROM x), (SELECT count(*) FROM y);
-- 0|0

-- case: ON CONFLICT and RETURNING
INSERT INTO p VALUES (1), (2);
-- INSERT 2
INSERT INTO c VALUES (1, 1) RETURNING p;
-- 1
INSERT INTO c VALUES (1, 9) ON CONFLICT (id) DO UPDATE SET p = excluded.p;
-- ERROR 23503
INSERT INTO c VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET p = excluded.p RETURNING p;
-- 2
INSERT INTO p VALUES (2, 'x') ON CONFLICT (id) DO UPDATE SET id = 3;
-- ERROR 23503
UPDATE c SET p = 9 RETURNING p;
-- ERROR 23503
DELETE FROM p RETURNING id;
-- ERROR 23503
DELETE FROM c RETURNING id;
-- 1

-- case: routines change rows in every way
CREATE FUNCTION f(how int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  got int;
BEGIN
  IF how = 1 THEN INSERT INTO c SELECT 1, 9;
  ELSIF how = 2 THEN INSERT INTO c VALUES (1, 9) RETURNING p INTO got;
  ELSIF how = 3 THEN INSERT INTO c VALUES (1, 9) ON CONFLICT (id) DO UPDATE SET p = excluded.p;
  ELSIF how = 4 THEN UPDATE c SET p = 9 WHERE id = 5;
  ELSIF how = 5 THEN UPDATE c SET p = o.n FROM (VALUES (5, 9)) AS o(id, n) WHERE c.id = o.id;
  ELSIF how = 6 THEN DELETE FROM p WHERE id = 5;
  ELSIF how = 7 THEN UPDATE p SET id = 6 WHERE id = 5 RETURNING id INTO got;
  ELSE PERFORM 1;
  END IF;
  RETURN 'fine';
EXCEPTION WHEN foreign_key_violation THEN
  RETURN SQLERRM;
END $$;
INSERT INTO p VALUES (5);
-- INSERT 1
INSERT INTO c VALUES (5, 5);
-- INSERT 1
SELECT f(1);
-- insert or update on table "c" violates foreign key constraint "c_p_fkey"
SELECT f(2);
-- insert or update on table "c" violates foreign key constraint "c_p_fkey"
SELECT f(3);
-- insert or update on table "c" violates foreign key constraint "c_p_fkey"
SELECT f(4);
-- insert or update on table "c" violates foreign key constraint "c_p_fkey"
SELECT f(5);
-- insert or update on table "c" violates foreign key constraint "c_p_fkey"
SELECT f(6);
-- update or delete on table "p" violates foreign key constraint "c_p_fkey" on table "c"
SELECT f(7);
-- update or delete on table "p" violates foreign key constraint "c_p_fkey" on table "c"
SELECT f(8);
-- fine
CREATE FUNCTION g() RETURNS void LANGUAGE sql AS $$ DELETE FROM p; INSERT INTO p VALUES (5); $$;
SELECT g();
-- ERROR 23503

-- case: which key an error names, and how it shows values
CREATE TABLE k (b boolean, n numeric(4,2), t text, PRIMARY KEY (b, n, t));
CREATE TABLE l (b boolean, n numeric(4,2), t text, p text REFERENCES p (code), FOREIGN KEY (b, n, t) REFERENCES k);
CREATE FUNCTION f(p text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  INSERT INTO l VALUES (true, 1.5, 'it''s', p);
  DELETE FROM k;
  RETURN 'fine';
EXCEPTION WHEN foreign_key_violation THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN SQLERRM || ': ' || detail;
END $$;
SELECT f(NULL);
-- insert or update on table "l" violates foreign key constraint "l_b_n_t_fkey": Key (b, n, t)=(t, 1.50, it's) is not present in table "k".
INSERT INTO k VALUES (true, 1.50, 'it''s');
-- INSERT 1
SELECT f('code');
-- insert or update on table "l" violates foreign key constraint "l_p_fkey": Key (p)=(code) is not present in table "p".
SELECT f(NULL);
-- update or delete on table "k" violates foreign key constraint "l_b_n_t_fkey" on table "l": Key (b, n, t)=(t, 1.50, it's) is still referenced from table "l".

-- case: a key between contracts
CREATE SCHEMA shop;
CREATE TABLE shop.thing (id int PRIMARY KEY, p int REFERENCES public.p);
INSERT INTO shop.thing VALUES (1, 1);
-- ERROR 23503
INSERT INTO p VALUES (1);
-- INSERT 1
INSERT INTO shop.thing VALUES (1, 1);
-- INSERT 1
DELETE FROM p;
-- ERROR 23503

-- case: a key over numbers of any precision
CREATE TABLE k (n numeric PRIMARY KEY);
CREATE TABLE l (n numeric REFERENCES k);
INSERT INTO k VALUES (1.0);
-- INSERT 1
INSERT INTO l VALUES (1.00);
-- INSERT 1
UPDATE k SET n = 1.000;
-- UPDATE 1
DELETE FROM k;
-- ERROR 23503
INSERT INTO l VALUES (1.01);
-- ERROR 23503

-- case: a table that others refer to is not emptied
INSERT INTO p VALUES (1);
-- INSERT 1
TRUNCATE p;
-- ERROR 0A000
TRUNCATE c;
CREATE TABLE n (id int PRIMARY KEY, up int REFERENCES n);
INSERT INTO n VALUES (1, 1);
-- INSERT 1
TRUNCATE n;
SELECT count(*) FROM n;
-- 0

-- case: definitions look at the rows that are there
INSERT INTO c VALUES (1, NULL);
-- INSERT 1
ALTER TABLE c ADD COLUMN q int DEFAULT 4 REFERENCES p;
-- ERROR 23503
ALTER TABLE c ADD COLUMN q int REFERENCES p DEFERRABLE INITIALLY DEFERRED;
INSERT INTO c VALUES (2, NULL, 4); INSERT INTO p VALUES (4);
-- INSERT 1
ALTER TABLE c DROP CONSTRAINT c_q_fkey;
INSERT INTO c VALUES (3, NULL, 5);
-- INSERT 1
ALTER TABLE c ADD FOREIGN KEY (q) REFERENCES p DEFERRABLE INITIALLY DEFERRED;
-- ERROR 23503
