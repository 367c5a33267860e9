-- case: a key of whole numbers takes no NULL, however it comes
CREATE TABLE parent (id bigint PRIMARY KEY, name text);
CREATE TABLE small (id smallint PRIMARY KEY);
CREATE TABLE numbered (id serial PRIMARY KEY, name text);
INSERT INTO parent VALUES (NULL, 'a');
-- ERROR 23502
INSERT INTO parent (name) VALUES ('a');
-- ERROR 23502
INSERT INTO parent SELECT NULL, 'a';
-- ERROR 23502
INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (NULL, 'c');
-- ERROR 23502
INSERT INTO parent VALUES (NULLIF(2, 2), 'a') ON CONFLICT DO NOTHING;
-- ERROR 23502
INSERT INTO parent VALUES (NULL, 'a') ON CONFLICT (id) DO UPDATE SET name = 'b';
-- ERROR 23502
INSERT INTO numbered VALUES (NULL, 'a');
-- ERROR 23502
INSERT INTO numbered (name) VALUES ('a'), ('b') RETURNING id;
-- 1
-- 2
INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (-3, 'c'), (9223372036854775807, 'd'), (-9223372036854775808, 'e');
-- INSERT 5
UPDATE parent SET id = NULL WHERE id = 2;
-- ERROR 23502
UPDATE parent SET id = NULLIF(id, 1) WHERE id < 3;
-- ERROR 23502
UPDATE parent SET id = id + 1 WHERE id = 9223372036854775807;
-- ERROR 22003
UPDATE parent SET id = id * 4 WHERE id = 9223372036854775807;
-- ERROR 22003
INSERT INTO parent VALUES (9223372036854775807 + 1, 'f');
-- ERROR 22003
INSERT INTO parent VALUES (9223372036854775807, 'f');
-- ERROR 23505
INSERT INTO small VALUES (32768);
-- ERROR 22003
INSERT INTO small VALUES (-32768);
-- INSERT 1
UPDATE small SET id = id - 1;
-- ERROR 22003
SELECT id, name FROM parent ORDER BY id;
-- -9223372036854775808|e
-- -3|c
-- 1|a
-- 2|b
-- 9223372036854775807|d
INSERT INTO parent VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET id = 77, name = excluded.name || parent.name RETURNING *;
-- 77|xa
DELETE FROM parent WHERE id < -3 RETURNING id;
-- -9223372036854775808
SELECT count(*), min(id), max(id) FROM parent;
-- 4|-3|9223372036854775807
-- case: what becomes of NULL in a key by a foreign key
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE cleared (id int PRIMARY KEY REFERENCES parent ON DELETE SET NULL);
CREATE TABLE set_back (id int PRIMARY KEY DEFAULT 7 REFERENCES parent ON DELETE SET DEFAULT);
CREATE TABLE followed (id int PRIMARY KEY REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO parent VALUES (1), (2), (3), (7);
-- INSERT 4
INSERT INTO cleared VALUES (1);
-- INSERT 1
INSERT INTO set_back VALUES (2);
-- INSERT 1
INSERT INTO followed VALUES (3);
-- INSERT 1
DELETE FROM parent WHERE id = 1;
-- ERROR 23502
DELETE FROM parent WHERE id = 2;
-- DELETE 1
SELECT * FROM set_back;
-- 7
UPDATE parent SET id = 30 WHERE id = 3;
-- UPDATE 1
SELECT * FROM followed;
-- 30
DELETE FROM parent WHERE id = 30;
-- DELETE 1
SELECT count(*) FROM followed;
-- 0
SELECT * FROM parent ORDER BY id;
-- 1
-- 7
-- case: routines write keys of whole numbers
CREATE TABLE item (id int PRIMARY KEY, amount bigint NOT NULL);
CREATE FUNCTION add_item(given int, amount bigint) RETURNS int LANGUAGE plpgsql AS $$
DECLARE made int;
BEGIN
    INSERT INTO item VALUES (given + 1, amount) RETURNING id INTO made;
    RETURN made;
EXCEPTION WHEN not_null_violation THEN
    RETURN -1;
END $$;
CREATE FUNCTION write_often() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    FOR turn IN 1 .. 5 LOOP
        UPDATE item SET amount = amount + turn WHERE id = 2;
    END LOOP;
    BEGIN
        DELETE FROM item WHERE id = 2;
        INSERT INTO item VALUES (2, 100);
        UPDATE item SET id = 3 WHERE id = 2;
        RAISE EXCEPTION 'enough';
    EXCEPTION WHEN raise_exception THEN
        UPDATE item SET amount = amount + 1 WHERE id = 2;
    END;
    DELETE FROM item WHERE id = 4;
    RETURN (SELECT sum(amount) FROM item);
END $$;
SELECT add_item(1, 10);
-- 2
SELECT add_item(NULL, 10);
-- -1
SELECT add_item(3, NULL);
-- -1
SELECT add_item(3, 4);
-- 4
SELECT add_item(2147483647, 4);
-- ERROR 22003
SELECT write_often();
-- 26
SELECT * FROM item ORDER BY id;
-- 2|26
-- case: a table gets a key of whole numbers, or another type of them
CREATE TABLE loose (id int, name text);
INSERT INTO loose VALUES (NULL, 'a'), (2, 'b');
-- INSERT 2
ALTER TABLE loose ADD PRIMARY KEY (id);
-- ERROR 23502
UPDATE loose SET id = 1 WHERE id IS NULL;
-- UPDATE 1
ALTER TABLE loose ADD PRIMARY KEY (id);
ALTER TABLE loose ALTER COLUMN id TYPE text;
INSERT INTO loose VALUES ('x', 'c');
-- INSERT 1
SELECT * FROM loose ORDER BY name;
-- 1|a
-- 2|b
-- x|c
DELETE FROM loose WHERE id = 'x';
-- DELETE 1
ALTER TABLE loose ALTER COLUMN id TYPE bigint USING id::bigint;
INSERT INTO loose VALUES (NULL, 'd');
-- ERROR 23502
SELECT * FROM loose ORDER BY id;
-- 1|a
-- 2|b
