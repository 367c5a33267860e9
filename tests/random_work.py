"""Tables of many kinds, and random transactions that meet there in every way, for branches that are to be merged."""

import random
from collections.abc import Iterable, Sequence
from contextlib import suppress

from aergo_vc.base.errors import InputError
from aergo_vc.repository.facade import Repository

START = """
CREATE TABLE kv (k int PRIMARY KEY, v int NOT NULL CHECK (v < 5000), w text UNIQUE);
CREATE TABLE child (c int PRIMARY KEY, k int REFERENCES kv);
CREATE TABLE log (line text);
CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what int);
CREATE PROCEDURE move(giver int, taker int) LANGUAGE plpgsql AS $$
DECLARE had int;
BEGIN
  SELECT v INTO had FROM kv WHERE k = giver;
  IF had > 15 THEN
    UPDATE kv SET v = v - 10 WHERE k = giver;
    UPDATE kv SET v = v + 10 WHERE k = taker;
  ELSE
    INSERT INTO log VALUES ('nothing of ' || giver);
  END IF;
END $$;
CREATE FUNCTION settle(base kv, ours kv, theirs kv) RETURNS kv LANGUAGE plpgsql AS $$
BEGIN
  IF ours.k IS NULL THEN RETURN theirs; END IF;
  IF theirs.k IS NULL THEN RETURN ours; END IF;
  IF ours.v < theirs.v THEN RETURN theirs; END IF;
  RETURN ours;
END $$;
INSERT INTO kv VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, NULL);
"""

STATEMENTS = (
    *["UPDATE kv SET v = {n} WHERE k = {k}"] * 4,
    "UPDATE kv SET v = v + {n} WHERE k = {k}",
    "UPDATE kv SET w = 'w{o}' WHERE k = {k}",
    "UPDATE kv SET v = (SELECT v FROM kv WHERE k = {o}) WHERE k = {k}",
    "UPDATE kv SET v = (SELECT count(*) FROM kv) WHERE k = {k}",
    "UPDATE kv SET v = v + 1 WHERE v < {n}",
    "INSERT INTO kv VALUES ({k}, {n}, NULL)",
    "INSERT INTO kv VALUES ({k}, {n}, 'w{o}') ON CONFLICT (k) DO UPDATE SET v = kv.v + excluded.v",
    "DELETE FROM kv WHERE k = {k}",
    "INSERT INTO child VALUES ({n}, {k})",
    "DELETE FROM child WHERE k = {k}",
    "INSERT INTO log SELECT 'v ' || v FROM kv WHERE k = {k}",
    "INSERT INTO log VALUES ('{k}')",
    "DELETE FROM log WHERE line = '{k}'",
    "INSERT INTO numbered (what) VALUES ({n})",
    "UPDATE numbered SET what = what + {n} WHERE id = {k}",
    "CALL move({k}, {o})",
    "CREATE TABLE extra{k} (id int PRIMARY KEY, n int); INSERT INTO extra{k} VALUES (1, {n})",
    "INSERT INTO extra{k} VALUES ({n}, {n})",
    "DROP TABLE extra{k}",
    "ALTER TABLE child ADD COLUMN n{k} int",
)

LAWS: tuple[tuple[str, ...], ...] = (
    (),
    ("replay",),
    ("serializable",),
    ("sum",),
    ("cells",),
    ("union", "replay"),
    ("newest",),
    ("theirs",),
    ("ours", "serializable"),
    ("fail",),
    ("public.settle",),
)


def random_script(source: random.Random, keys: Sequence[int], statements: Sequence[str] = STATEMENTS) -> str:
    """A statement that may succeed, on rows with some keys."""
    return source.choice(statements).format(k=source.choice(keys), o=source.choice(keys), n=source.randrange(1, 99))


def work(repository: Repository, scripts: Iterable[str]) -> None:
    """Seal those of the scripts that succeed into a block of the current branch."""
    for script in scripts:
        with suppress(InputError):
            repository.sql(script)
    repository.commit()
