-- Tables and views that change.

CREATE TABLE t (a int, b text);
INSERT INTO t VALUES (1, 'x'), (2, NULL);

-- case: a column is added
ALTER TABLE t ADD COLUMN c int DEFAULT 7;
ALTER TABLE t ADD COLUMN d date;
SELECT * FROM t ORDER BY a;
-- 1|x|7|∅
-- 2|∅|7|∅
ALTER TABLE t ADD COLUMN a int;
-- ERROR 42701
ALTER TABLE t ADD COLUMN e int NOT NULL;
-- ERROR 23502
ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;

-- case: a column is dropped
ALTER TABLE t DROP COLUMN b;
SELECT * FROM t ORDER BY a;
-- 1
-- 2
ALTER TABLE t DROP COLUMN b;
-- ERROR 42703
ALTER TABLE t DROP COLUMN IF EXISTS b;

-- case: a type is changed
ALTER TABLE t ALTER COLUMN a TYPE numeric(6,1);
SELECT a FROM t ORDER BY a;
-- 1.0
-- 2.0
ALTER TABLE t ALTER COLUMN b TYPE int;
-- ERROR 42804
ALTER TABLE t ALTER COLUMN b TYPE int USING length(b);
SELECT b FROM t ORDER BY a;
-- 1
-- ∅
ALTER TABLE t ALTER COLUMN a TYPE numeric(1,1);
-- ERROR 22003

-- case: NOT NULL comes and goes
ALTER TABLE t ALTER COLUMN b SET NOT NULL;
-- ERROR 23502
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
INSERT INTO t (b) VALUES ('y');
-- ERROR 23502
ALTER TABLE t ALTER COLUMN a DROP NOT NULL;
INSERT INTO t (b) VALUES ('y');
-- INSERT 1

-- case: defaults come and go
ALTER TABLE t ALTER COLUMN b SET DEFAULT 'new';
INSERT INTO t (a) VALUES (3) RETURNING b;
-- new
ALTER TABLE t ALTER COLUMN b DROP DEFAULT;
INSERT INTO t (a) VALUES (4) RETURNING b;
-- ∅

-- case: constraints come and go
ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0);
INSERT INTO t VALUES (-1, 'n');
-- ERROR 23514
ALTER TABLE t ADD CONSTRAINT one CHECK (a = 1);
-- ERROR 23514
ALTER TABLE t DROP CONSTRAINT positive;
INSERT INTO t VALUES (-1, 'n');
-- INSERT 1
ALTER TABLE t DROP CONSTRAINT positive;
-- ERROR 42704
ALTER TABLE t ADD CONSTRAINT u UNIQUE (a);
INSERT INTO t VALUES (-1, 'again');
-- ERROR 23505
ALTER TABLE t ADD PRIMARY KEY (a);

-- case: names are changed
ALTER TABLE t RENAME COLUMN a TO alpha;
SELECT alpha FROM t ORDER BY alpha;
-- 1
-- 2
ALTER TABLE t RENAME TO tt;
SELECT count(*) FROM tt;
-- 2
SELECT count(*) FROM t;
-- ERROR 42P01
ALTER TABLE tt RENAME COLUMN alpha TO b;
-- ERROR 42701

-- case: a foreign key is added
CREATE TABLE p (id int PRIMARY KEY);
ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p;
-- ERROR 23503
INSERT INTO p VALUES (1), (2);
-- INSERT 2
ALTER TABLE t ADD CONSTRAINT t_fk FOREIGN KEY (a) REFERENCES p;
INSERT INTO t VALUES (3, 'x');
-- ERROR 23503

-- case: views show their query
CREATE VIEW v AS SELECT a, a + 1 AS next FROM t WHERE b IS NOT NULL;
SELECT * FROM v;
-- 1|2
INSERT INTO t VALUES (5, 'five');
-- INSERT 1
SELECT next FROM v ORDER BY a;
-- 2
-- 6
CREATE VIEW v AS SELECT 1;
-- ERROR 42P07
CREATE OR REPLACE VIEW v AS SELECT a, a * 10 AS next, b FROM t;
SELECT * FROM v ORDER BY a LIMIT 1;
-- 1|10|x

-- case: views of views with other names of columns
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w (x, y) AS SELECT * FROM v WHERE a > 1;
SELECT y, x FROM w;
-- ∅|2
DROP VIEW v;
-- ERROR 2BP01
DROP VIEW v CASCADE;
SELECT * FROM w;
-- ERROR 42P01

-- case: what something depends on is kept
CREATE VIEW v AS SELECT b FROM t;
DROP TABLE t;
-- ERROR 2BP01
ALTER TABLE t DROP COLUMN b;
-- ERROR 2BP01
ALTER TABLE t DROP COLUMN a;
DROP TABLE t CASCADE;
SELECT * FROM v;
-- ERROR 42P01

-- case: what is not there
DROP TABLE nowhere;
-- ERROR 42P01
DROP VIEW nowhere;
-- ERROR 42P01
DROP INDEX nowhere;
-- ERROR 42704
DROP TABLE IF EXISTS nowhere;
DROP VIEW t;
-- ERROR 42809
DROP TABLE t, nowhere;
-- ERROR 42P01
ALTER TABLE nowhere ADD COLUMN a int;
-- ERROR 42P01
ALTER TABLE IF EXISTS nowhere ADD COLUMN a int;
SELECT count(*) FROM t;
-- 2

-- case: several changes in one statement
ALTER TABLE t ADD COLUMN c int DEFAULT 1, ADD COLUMN d int DEFAULT 2;
SELECT a, c, d FROM t ORDER BY a;
-- 1|1|2
-- 2|1|2

-- case: schemas hold tables
CREATE SCHEMA shop;
CREATE TABLE shop.goods (id int PRIMARY KEY);
INSERT INTO shop.goods VALUES (1);
-- INSERT 1
SELECT goods.id, shop.goods.id FROM shop.goods;
-- 1|1
SELECT * FROM goods;
-- ERROR 42P01
CREATE TABLE nowhere.x (a int);
-- differs: A contract exists as long as it defines something
-- ERROR 3F000

-- case: names in quotes
CREATE TABLE q ("Weird Name" int, "select" text, normal int);
INSERT INTO q VALUES (1, 'x', 2);
-- INSERT 1
SELECT "Weird Name", "select", NORMAL, "normal" FROM q;
-- 1|x|2|2
SELECT weird FROM q;
-- ERROR 42703
SELECT "NORMAL" FROM q;
-- ERROR 42703

-- case: tables made from queries
CREATE TABLE copy AS SELECT a, b FROM t;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
SELECT * FROM copy ORDER BY a;
-- ERROR 42P01
-- differs: Whatever is not listed here is refused
-- 1|x
-- 2|∅
