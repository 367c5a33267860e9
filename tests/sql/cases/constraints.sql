-- Constraints of tables.

-- case: NOT NULL
CREATE TABLE t (a int NOT NULL, b int);
INSERT INTO t VALUES (NULL, 1);
-- ERROR 23502
INSERT INTO t (b) VALUES (1);
-- ERROR 23502
INSERT INTO t VALUES (1, NULL);
-- INSERT 1
UPDATE t SET a = NULL;
-- ERROR 23502

-- case: primary keys are unique and not NULL
CREATE TABLE t (a int, b int, PRIMARY KEY (a, b));
INSERT INTO t VALUES (1, 1), (1, 2);
-- INSERT 2
INSERT INTO t VALUES (1, 1);
-- ERROR 23505
INSERT INTO t VALUES (1, NULL);
-- ERROR 23502

-- case: unique constraints
CREATE TABLE t (a int UNIQUE, b int, c int, CONSTRAINT bc UNIQUE (b, c));
INSERT INTO t VALUES (1, 1, 1), (2, 1, 2);
-- INSERT 2
INSERT INTO t VALUES (1, 3, 3);
-- ERROR 23505
INSERT INTO t VALUES (3, 1, 1);
-- ERROR 23505
UPDATE t SET c = 1;
-- ERROR 23505

-- case: checks
CREATE TABLE t (a int CHECK (a > 0), b int, CHECK (b > a), CONSTRAINT small CHECK (b < 100));
INSERT INTO t VALUES (0, 5);
-- ERROR 23514
INSERT INTO t VALUES (5, 5);
-- ERROR 23514
INSERT INTO t VALUES (5, 100);
-- ERROR 23514
INSERT INTO t VALUES (5, 50);
-- INSERT 1
UPDATE t SET a = b;
-- ERROR 23514

-- case: checks of texts and lists
CREATE TABLE t (state text CHECK (state IN ('open', 'closed')), code text CHECK (length(code) = 3 AND code LIKE 'x%'));
INSERT INTO t VALUES ('open', 'xab');
-- INSERT 1
INSERT INTO t VALUES ('ajar', 'xab');
-- ERROR 23514
INSERT INTO t VALUES ('open', 'abc');
-- ERROR 23514

-- case: foreign keys
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);
INSERT INTO p VALUES (1), (2);
-- INSERT 2
INSERT INTO c VALUES (1, 1), (2, NULL);
-- INSERT 2
INSERT INTO c VALUES (3, 9);
-- ERROR 23503
UPDATE c SET p = 9 WHERE id = 1;
-- ERROR 23503
DELETE FROM p WHERE id = 1;
-- ERROR 23503
DELETE FROM p WHERE id = 2;
-- DELETE 1
UPDATE p SET id = 7;
-- ERROR 23503

-- case: actions of foreign keys
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE a (p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE b (p int REFERENCES p ON DELETE SET NULL);
CREATE TABLE d (p int DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT);
INSERT INTO p VALUES (1), (2), (3), (4), (5);
-- INSERT 5
INSERT INTO a VALUES (2), (5);
-- INSERT 2
INSERT INTO b VALUES (3);
-- INSERT 1
INSERT INTO d VALUES (4);
-- INSERT 1
DELETE FROM p WHERE id IN (2, 3, 4);
-- DELETE 3
UPDATE p SET id = 6 WHERE id = 5;
-- UPDATE 1
SELECT (SELECT p FROM a), (SELECT p FROM b), (SELECT p FROM d);
-- 6|∅|1

-- case: RESTRICT stops at once
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (p int REFERENCES p ON DELETE RESTRICT);
INSERT INTO p VALUES (1);
-- INSERT 1
INSERT INTO c VALUES (1);
-- INSERT 1
DELETE FROM p;
-- ERROR 23503

-- case: foreign keys of several columns
CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE c (x int, y int, FOREIGN KEY (x, y) REFERENCES p (a, b));
INSERT INTO p VALUES (1, 1);
-- INSERT 1
INSERT INTO c VALUES (1, 1), (1, NULL);
-- INSERT 2
INSERT INTO c VALUES (1, 2);
-- ERROR 23503

-- case: a table may refer to itself
CREATE TABLE n (id int PRIMARY KEY, up int REFERENCES n);
INSERT INTO n VALUES (1, 2), (2, NULL);
-- INSERT 2
INSERT INTO n VALUES (3, 3);
-- INSERT 1
INSERT INTO n VALUES (4, 5);
-- ERROR 23503

-- case: definitions that make no sense
CREATE TABLE t (a int, a text);
-- ERROR 42701
CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY);
-- ERROR 42P16
CREATE TABLE t (a int, PRIMARY KEY (zz));
-- ERROR 42703
CREATE TABLE t (a nosuchtype);
-- ERROR 42704
CREATE TABLE t (a int REFERENCES nowhere (id));
-- ERROR 42P01
CREATE TABLE t (a int CHECK (zz > 1));
-- ERROR 42703
CREATE TABLE t (a int DEFAULT 'x');
-- ERROR 22P02
CREATE TABLE t (a int, UNIQUE (a, a));
-- ERROR 42701
CREATE TABLE p (id int PRIMARY KEY, x int);
CREATE TABLE t (a int REFERENCES p (x));
-- ERROR 42830
CREATE TABLE t (a text REFERENCES p);
-- ERROR 42804
CREATE TABLE t (a int CHECK (a));
-- ERROR 42804
CREATE TABLE t2 (a int DEFAULT 1 DEFAULT 2);
-- ERROR 42601
CREATE TABLE t3 (a int CHECK (sum(a) > 1));
-- ERROR 42803

-- case: defaults are expressions
CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 1 + 1, b text DEFAULT 'x' || 'y', c boolean DEFAULT true, d date DEFAULT date '2024-01-02', e text DEFAULT upper('low'));
INSERT INTO t (id) VALUES (1) RETURNING *;
-- 1|2|xy|t|2024-01-02|LOW

-- case: a default in SQL of a column that may not be NULL
CREATE TABLE t (a int NOT NULL DEFAULT 5, b int);
INSERT INTO t (b) VALUES (1) RETURNING a;
-- 5
INSERT INTO t (a) VALUES (NULL);
-- ERROR 23502

-- case: generated columns
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED);
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
INSERT INTO t (a) VALUES (4) RETURNING b;
-- ERROR 42P01
-- differs: Whatever is not listed here is refused
-- 8
INSERT INTO t (a, b) VALUES (1, 1);
-- ERROR 42P01
-- differs: Whatever is not listed here is refused
-- ERROR 428C9

-- case: deferrable constraints
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
INSERT INTO c VALUES (1); INSERT INTO p VALUES (1);
-- INSERT 1
SELECT p FROM c;
-- 1
INSERT INTO c VALUES (2);
-- ERROR 23503

-- case: unique indexes
CREATE TABLE t (a int, b int);
CREATE UNIQUE INDEX t_a ON t (a);
INSERT INTO t VALUES (1, 1);
-- INSERT 1
INSERT INTO t VALUES (1, 2);
-- ERROR 23505
DROP INDEX t_a;
INSERT INTO t VALUES (1, 2);
-- INSERT 1
CREATE UNIQUE INDEX ON t (a);
-- ERROR 23505
