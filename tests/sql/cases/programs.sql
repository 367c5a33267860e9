-- Small programs, as people write them for PostgreSQL.

-- case: a ledger of accounts with holds
CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL UNIQUE, balance numeric(12,2) NOT NULL DEFAULT 0 CHECK (balance >= 0));
CREATE TABLE entry (id bigserial PRIMARY KEY, account int NOT NULL REFERENCES account, amount numeric(12,2) NOT NULL, note text);
CREATE FUNCTION post(who text, amount numeric, note text DEFAULT NULL) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  a account%ROWTYPE;
BEGIN
  SELECT * INTO a FROM account WHERE owner = who;
  IF NOT FOUND THEN
    INSERT INTO account (id, owner) SELECT coalesce(max(id), 0) + 1, who FROM account RETURNING * INTO a;
  END IF;
  INSERT INTO entry (account, amount, note) VALUES (a.id, post.amount, post.note);
  UPDATE account SET balance = balance + post.amount WHERE id = a.id RETURNING balance INTO a.balance;
  RETURN a.balance;
END $$;
SELECT post('ann', 100);
-- 100.00
SELECT post('ann', -30.50, 'rent');
-- 69.50
SELECT post('bob', 5);
-- 5.00
SELECT post('bob', -6);
-- ERROR 23514
SELECT id, account, amount, note FROM entry ORDER BY id;
-- 1|1|100.00|∅
-- 2|1|-30.50|rent
-- 3|2|5.00|∅
SELECT a.owner, a.balance, sum(e.amount) FROM account a JOIN entry e ON e.account = a.id GROUP BY a.id, a.owner, a.balance ORDER BY a.id;
-- ann|69.50|69.50
-- bob|5.00|5.00

-- case: an order with lines given as arrays
CREATE TABLE stock (item int PRIMARY KEY, quantity int NOT NULL, price decimal(5,2) NOT NULL);
CREATE TABLE line (o int, number int, item int, quantity int, amount decimal(8,2), PRIMARY KEY (o, number));
INSERT INTO stock VALUES (1, 10, 1.50), (2, 5, 9.99), (3, 100, 0.05);
-- INSERT 3
CREATE FUNCTION new_order(o int, items int[], quantities int[]) RETURNS decimal LANGUAGE plpgsql AS $$
DECLARE
  s stock%ROWTYPE;
  total decimal(8,2) := 0;
  amount decimal(8,2);
BEGIN
  FOR i IN 1..array_length(items, 1) LOOP
    SELECT * INTO s FROM stock WHERE item = items[i] FOR UPDATE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'item % does not exist', items[i] USING ERRCODE = 'P0002';
    END IF;
    IF s.quantity >= quantities[i] + 3 THEN
      s.quantity := s.quantity - quantities[i];
    ELSE
      s.quantity := s.quantity - quantities[i] + 91;
    END IF;
    UPDATE stock SET quantity = s.quantity WHERE item = s.item;
    amount := s.price * quantities[i];
    INSERT INTO line VALUES (o, i, s.item, quantities[i], amount);
    total := total + amount;
  END LOOP;
  RETURN total * (1 + 0.08) * (1 - 0.1);
END $$;
SELECT new_order(1, ARRAY[1, 2], ARRAY[2, 4]);
-- 41.75712
SELECT new_order(2, ARRAY[3, 9], ARRAY[1, 1]);
-- ERROR P0002: item 9 does not exist
SELECT * FROM stock ORDER BY item;
-- 1|8|1.50
-- 2|92|9.99
-- 3|100|0.05
SELECT * FROM line ORDER BY o, number;
-- 1|1|1|2|3.00
-- 1|2|2|4|39.96

-- case: the median customer by name
CREATE TABLE customer (id int PRIMARY KEY, first text, last text, balance numeric(12,2));
INSERT INTO customer VALUES (1, 'c', 'BAR', 1), (2, 'a', 'BAR', 2), (3, 'b', 'BAR', 3), (4, 'x', 'FOO', 4);
-- INSERT 4
CREATE FUNCTION median(name text) RETURNS TABLE (c_id int, c_first text, c_balance numeric) LANGUAGE plpgsql AS $$
DECLARE
  n int;
BEGIN
  SELECT count(*) INTO n FROM customer WHERE last = name;
  IF n = 0 THEN RETURN; END IF;
  RETURN QUERY
    SELECT id, first, balance FROM customer WHERE last = name ORDER BY first OFFSET (n + 1) / 2 - 1 LIMIT 1;
END $$;
SELECT * FROM median('BAR');
-- 3|b|3.00
SELECT * FROM median('NONE');
-- (no rows)

-- case: a queue of jobs
CREATE TABLE job (id serial PRIMARY KEY, what text, taken_by text);
INSERT INTO job (what) VALUES ('a'), ('b');
-- INSERT 2
CREATE FUNCTION take(who text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE j job;
BEGIN
  SELECT * INTO j FROM job WHERE taken_by IS NULL ORDER BY id LIMIT 1;
  IF j.id IS NULL THEN
    RETURN 'nothing';
  END IF;
  UPDATE job SET taken_by = who WHERE id = j.id;
  RETURN j.what;
END;
$$;
SELECT take('x');
-- a
SELECT take('y');
-- b
SELECT take('z');
-- nothing
SELECT what, taken_by FROM job ORDER BY id;
-- a|x
-- b|y

-- case: votes with a quorum
CREATE TABLE vote (poll int, voter text, yes boolean NOT NULL, PRIMARY KEY (poll, voter));
CREATE FUNCTION cast_vote(p int, v text, y boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  ayes int; nays int;
BEGIN
  INSERT INTO vote VALUES (p, v, y) ON CONFLICT (poll, voter) DO UPDATE SET yes = excluded.yes;
  SELECT count(*) FILTER (WHERE yes), count(*) FILTER (WHERE NOT yes) INTO ayes, nays FROM vote WHERE poll = p;
  CASE
    WHEN ayes + nays < 2 THEN RETURN 'waiting';
    WHEN ayes > nays THEN RETURN 'yes';
    WHEN ayes < nays THEN RETURN 'no';
    ELSE RETURN 'tie';
  END CASE;
END $$;
SELECT cast_vote(1, 'a', true);
-- waiting
SELECT cast_vote(1, 'b', false);
-- tie
SELECT cast_vote(1, 'b', true);
-- yes
SELECT cast_vote(1, 'a', false);
-- tie

-- case: a tree walked with a stack
CREATE TABLE node (id int PRIMARY KEY, parent int);
INSERT INTO node VALUES (1, NULL), (2, 1), (3, 1), (4, 2), (5, 4);
-- INSERT 5
CREATE FUNCTION below(root int) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE
  stack int[] := ARRAY[root];
  seen int[] := '{}';
  here int;
  r record;
BEGIN
  WHILE cardinality(stack) > 0 LOOP
    here := stack[cardinality(stack)];
    stack := array_remove(stack, here);
    seen := seen || here;
    FOR r IN SELECT id FROM node WHERE parent = here ORDER BY id DESC LOOP
      stack := array_append(stack, r.id);
    END LOOP;
  END LOOP;
  RETURN seen;
END $$;
SELECT below(1), below(4);
-- {1,2,4,5,3}|{4,5}

-- case: balanced brackets
CREATE FUNCTION balanced(s text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE depth int := 0; c text;
BEGIN
  FOR i IN 1..length(s) LOOP
    c := substr(s, i, 1);
    IF c = '(' THEN depth := depth + 1;
    ELSIF c = ')' THEN
      depth := depth - 1;
      IF depth < 0 THEN RETURN false; END IF;
    END IF;
  END LOOP;
  RETURN depth = 0;
END $$;
SELECT balanced('(a(b)c)'), balanced(')('), balanced('(('), balanced('');
-- t|f|f|t

-- case: the greatest common divisor
CREATE FUNCTION common(a bigint, b bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE r bigint;
BEGIN
  WHILE b <> 0 LOOP
    r := a % b;
    a := b;
    b := r;
  END LOOP;
  RETURN abs(a);
END $$;
SELECT common(12, 18), common(-7, 21), common(0, 5);
-- 6|7|5

-- case: interest to the cent
CREATE FUNCTION interest(principal numeric, rate numeric, years int) RETURNS TABLE (year int, amount numeric) LANGUAGE plpgsql AS $$
DECLARE p numeric(12,2) := principal;
BEGIN
  FOR y IN 1..years LOOP
    p := p * (1 + rate / 100);
    year := y;
    amount := p;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT * FROM interest(1000, 3.25, 4);
-- 1|1032.50
-- 2|1066.06
-- 3|1100.71
-- 4|1136.48

-- case: an audit that survives the error
CREATE TABLE audit (id serial PRIMARY KEY, what text);
CREATE TABLE strict_table (a int PRIMARY KEY CHECK (a < 10));
CREATE PROCEDURE put_all(values_ int[]) LANGUAGE plpgsql AS $$
DECLARE v int;
BEGIN
  FOREACH v IN ARRAY values_ LOOP
    BEGIN
      INSERT INTO strict_table VALUES (v);
      INSERT INTO audit (what) VALUES ('put ' || v);
    EXCEPTION
      WHEN unique_violation THEN INSERT INTO audit (what) VALUES ('again ' || v);
      WHEN check_violation THEN INSERT INTO audit (what) VALUES ('refused ' || v);
    END;
  END LOOP;
END $$;
CALL put_all(ARRAY[1, 2, 1, 50, 3]);
SELECT what FROM audit ORDER BY id;
-- put 1
-- put 2
-- again 1
-- refused 50
-- put 3
SELECT a FROM strict_table ORDER BY a;
-- 1
-- 2
-- 3
