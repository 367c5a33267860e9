-- case: rows are inserted, changed and deleted
CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL UNIQUE, balance numeric(10,2) NOT NULL DEFAULT 0 CHECK (balance >= 0), note varchar(5));
INSERT INTO account (id, owner) VALUES (1, 'ann'), (2, 'bob');
-- INSERT 2
INSERT INTO account VALUES (3, 'cid', 5.005, 'hello') RETURNING *;
-- 3|cid|5.01|hello
INSERT INTO account VALUES (4, 'dan', DEFAULT, NULL) RETURNING id, balance;
-- 4|0.00
INSERT INTO account VALUES (1, 'eve');
-- ERROR 23505
INSERT INTO account VALUES (9, 'ann');
-- ERROR 23505
INSERT INTO account VALUES (9, NULL);
-- ERROR 23502
INSERT INTO account VALUES (NULL, 'x');
-- ERROR 23502
INSERT INTO account VALUES (9, 'x', -1);
-- ERROR 23514
INSERT INTO account VALUES (9, 'x', 123456789);
-- ERROR 22003
INSERT INTO account VALUES (9, 'x', 0, 'too long');
-- ERROR 22001
INSERT INTO account VALUES (9, 'x', 0, 'trail     ') RETURNING length(note);
-- 5
INSERT INTO account (id, id) VALUES (1, 2);
-- ERROR 42701
INSERT INTO account (id, nope) VALUES (1, 2);
-- ERROR 42703
INSERT INTO account (id, owner) VALUES (1, 'a', 3);
-- ERROR 42601
INSERT INTO account (id, owner) VALUES (1);
-- ERROR 42601
INSERT INTO account (id, owner) VALUES ('10', 5) RETURNING id, owner;
-- 10|5
INSERT INTO account (id, owner) VALUES (true, 'x');
-- ERROR 42804
INSERT INTO account (id, owner) VALUES (11.6, 'rounded') RETURNING id;
-- 12
UPDATE account SET balance = balance + 10 WHERE id = 1 RETURNING balance;
-- 10.00
UPDATE account SET balance = balance - 100 WHERE id = 1;
-- ERROR 23514
UPDATE account SET (owner, note) = ('anna', 'n') WHERE id = 1 RETURNING owner, note;
-- anna|n
UPDATE account SET balance = DEFAULT WHERE id = 3 RETURNING balance;
-- 0.00
UPDATE account SET owner = 'bob' WHERE id = 1;
-- ERROR 23505
UPDATE account SET owner = NULL WHERE id = 1;
-- ERROR 23502
UPDATE account SET balance = balance * 2, note = owner WHERE id = 2;
-- UPDATE 1
UPDATE account AS a SET note = 'x' WHERE a.owner = 'bob' RETURNING a.note;
-- x
UPDATE account SET id = 1 WHERE id = 2;
-- ERROR 23505
UPDATE account SET note = v.n FROM (VALUES (1, 'one'), (2, 'two')) AS v (i, n) WHERE account.id = v.i RETURNING account.id, note;
-- 1|one
-- 2|two
INSERT INTO account (id, owner) VALUES (1, 'z') ON CONFLICT DO NOTHING RETURNING id;
-- (no rows)
INSERT INTO account (id, owner) VALUES (1, 'z') ON CONFLICT (id) DO NOTHING;
-- INSERT 0
INSERT INTO account (id, owner, balance) VALUES (1, 'zed', 7) ON CONFLICT (id) DO UPDATE SET balance = account.balance + excluded.balance RETURNING id, owner, balance;
-- 1|anna|17.00
INSERT INTO account (id, owner) VALUES (1, 'zed') ON CONFLICT (id) DO UPDATE SET owner = excluded.owner WHERE account.balance < 0;
-- INSERT 0
INSERT INTO account (id, owner) VALUES (20, 'bob') ON CONFLICT (owner) DO UPDATE SET note = 'dup' RETURNING id, note;
-- 2|dup
INSERT INTO account (id, owner) VALUES (20, 'q') ON CONFLICT (note) DO NOTHING;
-- ERROR 42P10
INSERT INTO account (id, owner) VALUES (21, 'u'), (21, 'v') ON CONFLICT (id) DO UPDATE SET owner = excluded.owner;
-- ERROR 21000
INSERT INTO account (id, owner) VALUES (1, 'k') ON CONFLICT ON CONSTRAINT account_pkey DO UPDATE SET note = 'k' RETURNING note;
-- k
INSERT INTO account (id, owner) SELECT id + 100, owner || '!' FROM account WHERE id < 3 RETURNING id, owner;
-- 101|anna!
-- 102|bob!
-- differs: are sorted by their values
-- 102|bob!
-- 101|anna!
DELETE FROM account WHERE id > 100 RETURNING id;
-- 101
-- 102
-- differs: are sorted by their values
-- 102
-- 101
DELETE FROM account USING (VALUES (10), (12)) AS g (i) WHERE account.id = g.i RETURNING id;
-- 10
-- 12
SELECT * FROM account ORDER BY id;
-- 1|anna|17.00|k
-- 2|bob|0.00|dup
-- 3|cid|0.00|hello
-- 4|dan|0.00|∅
-- 9|x|0.00|trail
DELETE FROM account;
-- DELETE 5
SELECT count(*) FROM account;
-- 0
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE, other int REFERENCES parent (id));
INSERT INTO parent VALUES (1), (2), (3);
-- INSERT 3
INSERT INTO child VALUES (1, 1, NULL), (2, 2, 3);
-- INSERT 2
INSERT INTO child VALUES (3, 9, NULL);
-- ERROR 23503
DELETE FROM parent WHERE id = 3;
-- ERROR 23503
DELETE FROM parent WHERE id = 1;
-- DELETE 1
SELECT * FROM child;
-- 2|2|3
UPDATE parent SET id = 7 WHERE id = 3;
-- ERROR 23503
CREATE TABLE sets (id int PRIMARY KEY, a int DEFAULT 2 REFERENCES parent ON DELETE SET NULL, b int DEFAULT 2 REFERENCES parent ON DELETE SET DEFAULT ON UPDATE CASCADE);
INSERT INTO parent VALUES (8), (9);
-- INSERT 2
INSERT INTO sets VALUES (1, 8, 9);
-- INSERT 1
DELETE FROM parent WHERE id = 8;
-- DELETE 1
DELETE FROM parent WHERE id = 9;
-- DELETE 1
SELECT * FROM sets;
-- 1|∅|2
TRUNCATE sets;
SELECT count(*) FROM sets;
-- 0
INSERT INTO sets DEFAULT VALUES;
-- ERROR 23502
CREATE TABLE money (n numeric PRIMARY KEY, big numeric(30,10));
INSERT INTO money VALUES (1.0, 1), (2.50, 12345678901234567890.123);
-- INSERT 2
INSERT INTO money VALUES (1.00, 2);
-- ERROR 23505
SELECT n, big FROM money WHERE n = 2.5;
-- 2.50|12345678901234567890.1230000000
SELECT sum(big), sum(n), avg(n), max(n), min(big) FROM money;
-- 12345678901234567891.1230000000|3.50|1.7500000000000000|2.5|1.0000000000
-- differs: give the shortest spelling
-- 12345678901234567891.1230000000|3.50|1.7500000000000000|2.50|1.0000000000
UPDATE money SET n = n * 3 WHERE n < 2 RETURNING n;
-- 3.0
SELECT n + 1, n * big, big / 3 FROM money ORDER BY n DESC;
-- 4.0|3.00000000000|0.33333333333333333333
-- 3.50|30864197253086419725.307500000000|4115226300411522630.0410000000
