"""How long a contract of a thousand lines takes to be deployed: as a whole process, and in one that knows it."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from measuring import ROOT, Line, ledger, timed, variables

LINES = 1_000
REPEATS = 5
_PART = """\
-- {thing}: what there is of it, and what may be done with it.

CREATE TABLE {thing} (
    id integer PRIMARY KEY,
    name varchar(40) NOT NULL,
    owner text NOT NULL DEFAULT current_user,
    price decimal(12, 2) NOT NULL CHECK (price >= 0),
    stock integer NOT NULL DEFAULT 0,
    changed timestamptz
);

CREATE INDEX {thing}_name ON {thing} (name);

CREATE TABLE {thing}_move (
    id integer,
    number integer,
    quantity integer NOT NULL,
    amount decimal(14, 2) NOT NULL,
    PRIMARY KEY (id, number),
    FOREIGN KEY (id) REFERENCES {thing} (id)
);

CREATE VIEW {thing}_worth AS
    SELECT owner, sum(price * stock) AS worth, count(*) AS things FROM {thing} GROUP BY owner;

CREATE FUNCTION {thing}_price(wanted integer, quantity integer) RETURNS decimal(14, 2)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_price {thing}.price%TYPE;
BEGIN
    SELECT price INTO found_price FROM {thing} WHERE id = wanted;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no {thing} %', wanted USING ERRCODE = 'no_data_found';
    END IF;
    IF quantity >= 100 THEN
        RETURN round(found_price * quantity * 0.9, 2);
    ELSIF quantity >= 10 THEN
        RETURN round(found_price * quantity * 0.95, 2);
    END IF;
    RETURN found_price * quantity;
END
$$;

CREATE PROCEDURE move_{thing}(wanted integer, quantities integer[]) LANGUAGE plpgsql AS $$
DECLARE
    item {thing}%ROWTYPE;
    last integer;
    total integer := 0;
BEGIN
    SELECT * INTO STRICT item FROM {thing} WHERE id = wanted;
    SELECT coalesce(max(number), 0) INTO last FROM {thing}_move WHERE id = wanted;
    FOR place IN 1 .. coalesce(array_length(quantities, 1), 0) LOOP
        CONTINUE WHEN quantities[place] = 0;
        total := total + quantities[place];
        INSERT INTO {thing}_move (id, number, quantity, amount)
            VALUES (wanted, last + place, quantities[place], {thing}_price(wanted, abs(quantities[place])));
    END LOOP;
    IF item.stock + total < 0 THEN
        RAISE EXCEPTION '{thing} % is short of %', wanted, -(item.stock + total);
    END IF;
    UPDATE {thing} SET stock = stock + total, changed = CURRENT_TIMESTAMP WHERE id = wanted;
    EMIT {thing}_moved (wanted, total, item.owner AS owner);
END
$$;

CREATE FUNCTION {thing}_report(least decimal) RETURNS TABLE (of text, total decimal, place bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT owner, sum(price * stock), row_number() OVER (ORDER BY sum(price * stock) DESC, owner)
        FROM {thing}
        GROUP BY owner
        HAVING sum(price * stock) >= least
        ORDER BY 2 DESC, 1;
END
$$;

"""


def contract() -> str:
    """A file of a thousand lines: tables, indexes, views, functions and procedures of several kinds of things."""
    text, number = "", 0
    while text.count("\n") + _PART.count("\n") <= LINES:
        number += 1
        text += _PART.format(thing=f"thing{number}")
    return text + "-- Nothing more.\n" * (LINES - text.count("\n"))


def lines(folder: Path) -> Iterator[Line]:
    """All of it; the process's time has the start of Python in it."""
    text = contract()
    assert text.count("\n") == LINES
    folder = folder / "deploy"
    with ledger(folder) as repository:
        file = folder / "shop.sql"
        file.write_text(text)
        cold = timed([partial(_deploy_as_process, folder, name) for name in ("first", "second", "third")])
        routines = text.count("CREATE FUNCTION") + text.count("CREATE PROCEDURE")
        repository.deploy(text, "shop", commit=True)
        assert repository.call("shop.thing1_report", ("0",), dry_run=True).result is not None
        warm = timed([partial(repository.deploy, text, "shop", commit=True) for _ in range(REPEATS)])
    work = f"deploy {LINES:,} lines, {routines} routines"
    yield Line(f"{work}, whole process", str(cold), "", None, "< 1 s", cold.least < 1)
    yield Line("the same again, in a process that knows it", str(warm), "", None, "< 50 ms", warm.least < 0.050)


def _deploy_as_process(folder: Path, name: str) -> None:
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from aergo_vc.cli import main; sys.exit(main())"
    command = [sys.executable, "-I", "-c", start, "deploy", "shop.sql", "--as", name, "--commit"]
    subprocess.run(command, cwd=folder, env=variables(folder), check=True, capture_output=True)
