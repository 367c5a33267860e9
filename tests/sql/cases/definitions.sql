-- case: tables, indexes and views are made, changed and dropped
CREATE TABLE t (a int, b text);
CREATE TABLE t (a int);
-- ERROR 42P07
CREATE TABLE IF NOT EXISTS t (z int);
CREATE TABLE u (a int, a text);
-- ERROR 42701
CREATE TABLE u (a int PRIMARY KEY, b int PRIMARY KEY);
-- ERROR 42P16
CREATE TABLE u (a int, PRIMARY KEY (zz));
-- ERROR 42703
CREATE TABLE u (a nosuchtype);
-- ERROR 42704
CREATE TABLE u (a int REFERENCES nowhere (id));
-- ERROR 42P01
CREATE TABLE u (a int CHECK (zz > 1));
-- ERROR 42703
CREATE TABLE u (a int DEFAULT 'x');
-- ERROR 22P02
CREATE TABLE u (id int PRIMARY KEY, x int4 NOT NULL, y int8 DEFAULT 5, z decimal(6,2), w character varying(4), v double precision, c char(3), CHECK (x > 0));
INSERT INTO u (id, x, w, c) VALUES (1, 2, 'abcd', 'a') RETURNING y, z, w;
-- 5|∅|abcd
SELECT length(c), c = 'a ' FROM u;
-- 1|t
CREATE INDEX u_x ON u (x, y DESC);
CREATE INDEX u_x ON u (x);
-- ERROR 42P07
CREATE UNIQUE INDEX u_w ON u (w);
INSERT INTO u (id, x, w) VALUES (2, 2, 'abcd');
-- ERROR 23505
DROP INDEX u_w;
INSERT INTO u (id, x, w) VALUES (2, 2, 'abcd');
-- INSERT 1
CREATE INDEX IF NOT EXISTS ON u (x);
-- ERROR 42601
CREATE UNIQUE INDEX u_w ON u (w);
-- ERROR 23505
DROP INDEX nope;
-- ERROR 42704
DROP INDEX IF EXISTS nope;
CREATE VIEW v AS SELECT id, x + 1 AS next FROM u;
SELECT * FROM v ORDER BY id;
-- 1|3
-- 2|3
CREATE VIEW vv (p, q) AS SELECT * FROM v WHERE next > 2;
SELECT q FROM vv WHERE p = 1;
-- 3
DROP VIEW v;
-- ERROR 2BP01
DROP TABLE u;
-- ERROR 2BP01
INSERT INTO v VALUES (1, 2);
-- ERROR 42809
-- differs: Views are read, not changed
-- ERROR 0A000
ALTER TABLE t ADD COLUMN c int DEFAULT 7;
INSERT INTO t (a, b) VALUES (1, 'x');
-- INSERT 1
SELECT a, b, c FROM t;
-- 1|x|7
ALTER TABLE t ADD COLUMN a int;
-- ERROR 42701
ALTER TABLE t ADD COLUMN d int NOT NULL;
-- ERROR 23502
ALTER TABLE t ALTER COLUMN c TYPE numeric(6,1);
SELECT a, b, c FROM t;
-- 1|x|7.0
ALTER TABLE t ALTER COLUMN b TYPE int;
-- ERROR 42804
ALTER TABLE t ALTER COLUMN b TYPE int USING length(b);
SELECT a, b FROM t;
-- 1|1
ALTER TABLE t ALTER COLUMN b SET NOT NULL;
INSERT INTO t (a) VALUES (5);
-- ERROR 23502
ALTER TABLE t ALTER COLUMN b DROP NOT NULL;
ALTER TABLE t ALTER COLUMN b SET DEFAULT 42;
INSERT INTO t (a) VALUES (5);
-- INSERT 1
SELECT a, b, c FROM t ORDER BY a;
-- 1|1|7.0
-- 5|42|7.0
ALTER TABLE t ALTER COLUMN b DROP DEFAULT;
ALTER TABLE t DROP COLUMN c;
ALTER TABLE t DROP COLUMN c;
-- ERROR 42703
SELECT * FROM t ORDER BY a;
-- 1|1
-- 5|42
ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0);
INSERT INTO t VALUES (-1, 1);
-- ERROR 23514
ALTER TABLE t ADD CONSTRAINT negative CHECK (a < 0);
-- ERROR 23514
ALTER TABLE t DROP CONSTRAINT positive;
INSERT INTO t VALUES (-1, 1);
-- INSERT 1
ALTER TABLE t DROP CONSTRAINT positive;
-- ERROR 42704
ALTER TABLE t ADD CONSTRAINT one UNIQUE (b);
-- ERROR 23505
ALTER TABLE t RENAME COLUMN a TO alpha;
SELECT alpha FROM t ORDER BY alpha;
-- -1
-- 1
-- 5
ALTER TABLE t RENAME TO tt;
SELECT count(*) FROM tt;
-- 3
SELECT count(*) FROM t;
-- ERROR 42P01
ALTER TABLE u RENAME COLUMN x TO xx;
-- ERROR 2BP01
-- differs: A column that a view reads is not renamed
DROP VIEW vv, v;
ALTER TABLE u RENAME COLUMN x TO xx;
-- differs: A column that a view reads is not renamed
-- ERROR 42703
INSERT INTO u (id, xx) VALUES (5, 0);
-- ERROR 23514
CREATE TABLE kid (u int REFERENCES u);
INSERT INTO kid VALUES (1);
-- INSERT 1
DROP TABLE u;
-- ERROR 2BP01
ALTER TABLE u ALTER COLUMN y TYPE int;
INSERT INTO kid VALUES (99);
-- ERROR 23503
DROP TABLE u CASCADE;
INSERT INTO kid VALUES (99);
-- INSERT 1
SELECT * FROM kid ORDER BY u;
-- 1
-- 99
DROP TABLE kid, tt;
DROP TABLE kid;
-- ERROR 42P01
DROP TABLE IF EXISTS kid;
CREATE TABLE q ("Weird Name" int, "le_heading_degT" numeric, "select" text);
INSERT INTO q VALUES (1, 2.5, 'x');
-- INSERT 1
SELECT "Weird Name", "le_heading_degT", "select" FROM q;
-- 1|2.5|x
SELECT weird FROM q;
-- ERROR 42703
CREATE SCHEMA shop;
CREATE TABLE shop.goods (id int PRIMARY KEY);
INSERT INTO shop.goods VALUES (1);
-- INSERT 1
SELECT goods.id, shop.goods.id FROM shop.goods;
-- 1|1
SELECT * FROM goods;
-- ERROR 42P01
