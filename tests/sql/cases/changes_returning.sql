-- INSERT, UPDATE and DELETE: what they give back, and what they do to keys that are there.

CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL UNIQUE, price numeric(8,2) NOT NULL DEFAULT 1, stock int DEFAULT 0 CHECK (stock >= 0));
INSERT INTO item VALUES (1, 'nut', 0.10, 100), (2, 'saw', 19.99, 2), (3, 'oil', 5, NULL);

-- case: RETURNING gives expressions over the new row
INSERT INTO item (id, name) VALUES (4, 'tin') RETURNING id, name, price * 2 AS twice, stock;
-- 4|tin|2.00|0
UPDATE item SET price = price + 1 WHERE id = 2 RETURNING *;
-- 2|saw|20.99|2
UPDATE item SET stock = stock - 1 WHERE id = 1 RETURNING stock, stock + 1 AS before;
-- 99|100

-- case: RETURNING of DELETE gives the old row
DELETE FROM item WHERE id = 3 RETURNING name, price;
-- oil|5.00
DELETE FROM item WHERE id = 99 RETURNING name;
-- (no rows)

-- case: counts of changes
UPDATE item SET price = 2;
-- UPDATE 3
UPDATE item SET price = 2 WHERE false;
-- UPDATE 0
DELETE FROM item WHERE price = 2;
-- DELETE 3
DELETE FROM item;
-- DELETE 0

-- case: an UPDATE sees the old values on its right side
UPDATE item SET id = id + 10, price = id WHERE id = 1 RETURNING id, price;
-- 11|1.00

-- case: columns are set together
UPDATE item SET (name, price) = ('x', 3.5) WHERE id = 1 RETURNING name, price;
-- x|3.50
UPDATE item SET (name, price) = (SELECT 'y', 4) WHERE id = 1 RETURNING name, price;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- y|4.00

-- case: an UPDATE may be drawn from other rows
UPDATE item SET price = v.p FROM (VALUES (1, 7), (2, 8)) AS v (i, p) WHERE v.i = item.id AND item.id = 2 RETURNING item.id, price;
-- 2|8.00
UPDATE item SET price = v.p FROM (VALUES (2, 9)) AS v (i, p) WHERE v.i = item.id RETURNING item.id, v.p;
-- ERROR 42P01
-- differs: Whatever is not listed here is refused
-- 2|9

-- case: DEFAULT in VALUES and SET
INSERT INTO item VALUES (5, 'e', DEFAULT, DEFAULT) RETURNING price, stock;
-- 1.00|0
UPDATE item SET stock = DEFAULT, price = DEFAULT WHERE id = 1 RETURNING price, stock;
-- 1.00|0

-- case: an INSERT takes its rows from a query
INSERT INTO item (id, name) SELECT id + 10, name || '2' FROM item WHERE id < 3;
-- INSERT 2
SELECT id, name FROM item ORDER BY id;
-- 1|nut
-- 2|saw
-- 3|oil
-- 11|nut2
-- 12|saw2

-- case: a conflict may be passed over
INSERT INTO item (id, name) VALUES (1, 'new') ON CONFLICT DO NOTHING;
-- INSERT 0
INSERT INTO item (id, name) VALUES (1, 'new'), (7, 'seven') ON CONFLICT (id) DO NOTHING;
-- INSERT 1
INSERT INTO item (id, name) VALUES (8, 'nut') ON CONFLICT (id) DO NOTHING;
-- ERROR 23505

-- case: a conflict may become an update
INSERT INTO item (id, name, stock) VALUES (1, 'nut', 5) ON CONFLICT (id) DO UPDATE SET stock = item.stock + excluded.stock RETURNING stock;
-- 105
INSERT INTO item AS i (id, name) VALUES (2, 'x') ON CONFLICT (id) DO UPDATE SET name = i.name || excluded.name RETURNING name;
-- sawx
INSERT INTO item (id, name) VALUES (9, 'saw') ON CONFLICT (name) DO UPDATE SET price = 0 WHERE item.price > 100 RETURNING id;
-- 9
INSERT INTO item (id, name) VALUES (9, 'saw') ON CONFLICT ON CONSTRAINT item_name_key DO UPDATE SET price = 0 RETURNING id, price;
-- 9|0.00

-- case: conflict targets must be keys
INSERT INTO item (id, name) VALUES (1, 'x') ON CONFLICT (price) DO NOTHING;
-- ERROR 42P10
INSERT INTO item (id, name) VALUES (1, 'x') ON CONFLICT (nope) DO NOTHING;
-- ERROR 42703
INSERT INTO item (id, name) VALUES (1, 'x') ON CONFLICT DO UPDATE SET name = 'y';
-- ERROR 42601

-- case: one statement may not touch a row twice
INSERT INTO item (id, name) VALUES (20, 'p'), (20, 'q') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
-- ERROR 21000

-- case: a failing statement leaves nothing
INSERT INTO item (id, name) VALUES (30, 'thirty'), (1, 'one');
-- ERROR 23505
SELECT count(*) FROM item WHERE id = 30;
-- 0

-- case: wrong numbers of values and unknown columns
INSERT INTO item (id, name) VALUES (1, 'a', 3);
-- ERROR 42601
INSERT INTO item (id, name) VALUES (1);
-- ERROR 42601
INSERT INTO item (id, nope) VALUES (1, 2);
-- ERROR 42703
INSERT INTO item (id, id) VALUES (1, 2);
-- ERROR 42701
INSERT INTO nowhere VALUES (1);
-- ERROR 42P01
UPDATE item SET nope = 1;
-- ERROR 42703
UPDATE item SET price = 1, price = 2;
-- ERROR 42601
DELETE FROM item WHERE nope = 1;
-- ERROR 42703

-- case: DELETE with USING
DELETE FROM item USING (VALUES (1), (2)) AS g (i) WHERE item.id = g.i;
-- DELETE 2
SELECT id FROM item;
-- 3

-- case: TRUNCATE empties
TRUNCATE item;
SELECT count(*) FROM item;
-- 0

-- case: subqueries in changes
UPDATE item SET price = (SELECT max(price) FROM item) WHERE id = 1 RETURNING price;
-- 19.99
DELETE FROM item WHERE price < (SELECT avg(price) FROM item);
-- DELETE 1
SELECT id FROM item ORDER BY id;
-- 1
-- 2

-- case: an UPDATE of all keys at once
UPDATE item SET id = id + 1;
-- ERROR 23505
SELECT id FROM item ORDER BY id;
-- 1
-- 2
-- 3

-- case: RETURNING with a name that the table lacks
INSERT INTO item (id, name) VALUES (50, 'x') RETURNING nope;
-- ERROR 42703
