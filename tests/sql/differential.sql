CREATE TABLE part (
  id int PRIMARY KEY, place int UNIQUE, kind text NOT NULL, weight numeric(10,2) CHECK (weight >= 0), note text
);
CREATE INDEX part_kind ON part (kind);
CREATE INDEX part_weight ON part (weight, kind);
CREATE TABLE trail (what text, amount numeric);
CREATE SEQUENCE tickets;

CREATE PROCEDURE fill(n int) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..n LOOP
    INSERT INTO part VALUES (i * 7919 % 1009, i, 'g' || i % 4, (i * 31 % 17) * 1.25, NULL);
  END LOOP;
END $$;

CREATE PROCEDURE shuffle() LANGUAGE plpgsql AS $$
DECLARE r record; k int := 0; v int; a int[]; t text;
BEGIN
  FOR r IN SELECT kind, weight, id FROM part WHERE kind > 'g0' LOOP
    k := k + 1;
    UPDATE part SET note = k || ':' || r.kind WHERE id = r.id;
  END LOOP;
  SELECT id INTO v FROM part WHERE kind = 'g2';
  SELECT string_agg(note, ',' ORDER BY weight) INTO t FROM part WHERE kind = 'g1';
  a := ARRAY(SELECT id FROM part ORDER BY kind DESC LIMIT 5);
  EMIT shuffled (v AS first, t AS notes, a AS last);
END $$;

CREATE FUNCTION ranked(n int) RETURNS TABLE (kind text, id int, place_in_kind bigint, total numeric)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT x.kind, x.id, x.r, x.s FROM (
    SELECT p.kind, p.id, row_number() OVER (PARTITION BY p.kind ORDER BY p.weight) AS r,
      sum(p.weight) OVER (PARTITION BY p.kind ORDER BY p.weight ROWS UNBOUNDED PRECEDING) AS s
    FROM part p) x WHERE x.r <= n;
END $$;

CREATE PROCEDURE shift_up() LANGUAGE plpgsql AS $$
DECLARE n int := 0;
BEGIN
  UPDATE part SET place = place + 1 WHERE kind >= 'g0';
EXCEPTION WHEN unique_violation THEN
  EMIT refused (SQLSTATE AS code);
END $$;

CREATE PROCEDURE shift_down() LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    UPDATE part SET place = place - 1 WHERE weight >= 0;
  EXCEPTION WHEN unique_violation THEN
    EMIT refused (SQLSTATE AS code);
  END;
  UPDATE part SET place = -place WHERE kind = 'g1';
END $$;

CREATE FUNCTION label(p int, k text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN k || '/' || lpad(p::text, 5, '0');
END $$;

CREATE PROCEDURE note_all() LANGUAGE plpgsql AS $$
DECLARE n int; lines text;
BEGIN
  INSERT INTO trail SELECT label(id, kind), weight FROM part WHERE weight > 3;
  GET DIAGNOSTICS n = ROW_COUNT;
  SELECT string_agg(what, ' ' ORDER BY amount) INTO lines FROM trail;
  EMIT noted (n AS rows, lines, nextval('tickets') AS ticket);
END $$;

CREATE PROCEDURE careful() LANGUAGE plpgsql AS $$
DECLARE code text; which text;
BEGIN
  BEGIN
    UPDATE part SET weight = weight - 10;
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, which = CONSTRAINT_NAME;
    EMIT caught (code, which);
  END;
  BEGIN
    INSERT INTO part SELECT id + 1, place, kind, weight, note FROM part;
  EXCEPTION WHEN unique_violation THEN
    EMIT caught (SQLSTATE AS code);
  END;
END $$;

CREATE PROCEDURE move(a text, b text, much numeric) LANGUAGE plpgsql AS $$
DECLARE f part%ROWTYPE; have numeric;
BEGIN
  SELECT sum(weight) INTO have FROM part WHERE kind = a;
  IF have < much THEN
    RAISE EXCEPTION 'only % of %', have, a USING ERRCODE = 'P0042';
  END IF;
  SELECT * INTO f FROM part WHERE kind = a ORDER BY weight DESC LIMIT 1;
  UPDATE part SET weight = weight + much WHERE id = (SELECT id FROM part WHERE kind = b ORDER BY weight LIMIT 1);
  UPDATE part SET weight = weight - least(much, f.weight) WHERE id = f.id;
  EMIT moved (f.id AS source, much);
END $$;

CREATE FUNCTION summary() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(k || '=' || n || '/' || s, ';' ORDER BY k)
  FROM (SELECT kind AS k, count(*) AS n, sum(weight) AS s FROM part GROUP BY kind) x
$$;

CREATE PROCEDURE prune(n int) LANGUAGE plpgsql AS $$
DECLARE gone int;
BEGIN
  DELETE FROM part WHERE id IN (SELECT id FROM part ORDER BY weight, kind LIMIT n);
  GET DIAGNOSTICS gone = ROW_COUNT;
  EMIT pruned (gone);
END $$;
