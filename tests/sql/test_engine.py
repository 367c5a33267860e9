"""The engine's edge: transactions, net changes, loads, definitions, the cache file."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sql_world import context

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.changes import Changes, RowChange
from aergo_vc.model.schema import Catalog
from aergo_vc.model.transactions import LoadMode
from aergo_vc.model.types import Row
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import FuseError, SqlError
from aergo_vc.sql.running.budget import Budget

ITEM = TableName("public.item")
COLUMNS = ("id", "name", "price")
SCHEMA = "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2) CHECK (price >= 0))"


def an_engine(*scripts: str) -> Engine:
    engine = Engine()
    for script in scripts:
        engine.run(script, context())
    return engine


def replay(rows: dict[Row, Row], changes: Changes, table: TableName) -> dict[Row, Row]:
    """A table as a plain dictionary, brought forward by net changes."""
    after = dict(rows)
    for key, change in changes.get(table, {}).items():
        assert after.get(key) == change.before
        if change.after is None:
            del after[key]
        else:
            after[key] = change.after
    return after


def table_of(engine: Engine, name: TableName = ITEM) -> dict[Row, Row]:
    layout = engine.catalog.tables[name].key_positions
    return {tuple(row[place] for place in layout): row for row in engine.rows(name)}


def test_an_insert_and_its_deletion_leave_no_change() -> None:
    engine = an_engine(SCHEMA)
    outcome = engine.run("INSERT INTO item VALUES (1, 'a', 1); DELETE FROM item WHERE id = 1", context())
    assert outcome.changes == {}


def test_an_update_back_to_the_old_value_is_no_change() -> None:
    engine = an_engine(SCHEMA, "INSERT INTO item VALUES (1, 'a', 1)")
    outcome = engine.run("UPDATE item SET price = 2; UPDATE item SET price = 1.00", context())
    assert outcome.changes == {}


def test_a_changed_key_is_a_deletion_and_an_insertion() -> None:
    engine = an_engine(SCHEMA, "INSERT INTO item VALUES (1, 'a', 1)")
    changes = engine.run("UPDATE item SET id = 2", context()).changes
    assert changes == {
        ITEM: {
            (1,): RowChange((1, "a", "1.00"), None),
            (2,): RowChange(None, (2, "a", "1.00")),
        }
    }


def test_a_failing_script_leaves_nothing_behind() -> None:
    engine = an_engine(SCHEMA, "INSERT INTO item VALUES (1, 'a', 1)")
    catalog, before = engine.catalog, table_of(engine)
    with pytest.raises(SqlError) as caught:
        engine.run("CREATE TABLE other (a int);\nUPDATE item SET price = 5;\n  SELECT 1 / 0", context())
    assert (caught.value.sqlstate, caught.value.line, caught.value.statement) == ("22012", 3, 3)
    assert (engine.catalog, table_of(engine)) == (catalog, before)
    engine.run("CREATE TABLE other (a int)", context())


@pytest.mark.parametrize("how", ["DEFERRABLE INITIALLY DEFERRED", ""])
def test_a_transaction_adds_up_its_parts_and_checks_foreign_keys_that_wait_at_its_end(how: str) -> None:
    engine = an_engine(SCHEMA, f"CREATE TABLE sale (item int PRIMARY KEY REFERENCES item {how})")
    if not how:
        with pytest.raises(SqlError, match="sale_item_fkey") as caught, engine.transaction():
            engine.run("SELECT 1; INSERT INTO sale VALUES (1)", context())
        assert caught.value.statement == 2
        return
    with engine.transaction() as opened:
        engine.run("INSERT INTO sale VALUES (1)", context())
        engine.load(ITEM, COLUMNS, LoadMode.APPEND, [(1, "a", "1.00")])
    assert set(opened.changes) == {ITEM, TableName("public.sale")}
    with pytest.raises(SqlError, match="sale_item_fkey"), engine.transaction():
        engine.run("INSERT INTO sale VALUES (2)", context())
    assert len(table_of(engine, TableName("public.sale"))) == 1


def test_rows_that_are_loaded_may_come_in_any_order_whatever_their_keys_say() -> None:
    engine = an_engine(SCHEMA, "CREATE TABLE sale (item int PRIMARY KEY REFERENCES item ON DELETE RESTRICT)")
    sale = TableName("public.sale")
    with engine.transaction():
        engine.load(sale, ("item",), LoadMode.APPEND, [(1,), (2,)])
        engine.load(ITEM, COLUMNS, LoadMode.APPEND, [(1, "a", "1.00"), (2, "b", "1.00")])
    with engine.transaction():
        engine.load(ITEM, COLUMNS, LoadMode.UPSERT, [], [(1,)])
        engine.load(sale, ("item",), LoadMode.UPSERT, [], [(1,)])
    with pytest.raises(SqlError, match='"item" violates foreign key constraint "sale_item_fkey" on table "sale"'):
        engine.load(ITEM, COLUMNS, LoadMode.UPSERT, [], [(2,)])
    with pytest.raises(SqlError, match="sale_item_fkey") as caught:
        engine.load(sale, ("item",), LoadMode.APPEND, [(9,), (7,)])
    assert caught.value.details["detail"] == 'Key (item)=(7) is not present in table "item".'
    assert set(table_of(engine, sale)) == set(table_of(engine)) == {(2,)}


def test_a_transaction_whose_keys_wait_is_checked_at_its_end_alone() -> None:
    engine = an_engine(SCHEMA, "CREATE TABLE sale (item int PRIMARY KEY REFERENCES item ON DELETE RESTRICT)")
    engine.run("INSERT INTO item VALUES (1, 'a', 1); INSERT INTO sale VALUES (1)", context())
    with engine.transaction(waits=True):
        engine.run("DELETE FROM item; INSERT INTO sale VALUES (2)", context())
        engine.load(ITEM, COLUMNS, LoadMode.APPEND, [(1, "a", "1.00"), (2, "b", "1.00")])
    with pytest.raises(SqlError, match='"item" violates foreign key constraint'), engine.transaction(waits=True):
        engine.run("DELETE FROM item", context())
    with pytest.raises(SqlError, match='"item" violates foreign key constraint'):
        engine.run("DELETE FROM item; DELETE FROM sale", context())


def test_a_part_that_fails_leaves_the_parts_around_it_whatever_its_place() -> None:
    bad = "INSERT INTO item VALUES (8, 'x', 1); CREATE TABLE other (a int); INSERT INTO item VALUES (9, NULL, 1)"
    engine = an_engine(SCHEMA)
    with engine.transaction() as opened:
        for script in (bad, "INSERT INTO item VALUES (1, 'a', 1)", bad, "UPDATE item SET price = 2", bad):
            if script is bad:
                with pytest.raises(SqlError):
                    engine.run(script, context())
            else:
                engine.run(script, context())
    assert opened.changes == {ITEM: {(1,): RowChange(None, (1, "a", "2.00"))}}
    assert table_of(engine) == {(1,): (1, "a", "2.00")}
    assert list(engine.catalog.tables) == [ITEM]


def test_rows_that_were_filled_in_before_the_first_part_stay_when_it_fails() -> None:
    engine = an_engine(SCHEMA)
    with engine.transaction():
        engine.insert_rows(ITEM, [(1, "a", "1.00")])
        with pytest.raises(SqlError):
            engine.run("UPDATE item SET price = -1", context())
    assert table_of(engine) == {(1,): (1, "a", "1.00")}


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["add", "price", "move", "drop"]), st.integers(0, 5), st.integers(0, 5)), max_size=12
    )
)
def test_rows_that_went_ahead_come_back_to_where_they_were(steps: list[tuple[str, int, int]]) -> None:
    rows = "INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)"
    engine = an_engine(SCHEMA, "CREATE UNIQUE INDEX by_name ON item (name)", rows)
    before = table_of(engine)
    scripts = {
        "add": "INSERT INTO item VALUES ({a}, 'n{b}', {b})",
        "price": "UPDATE item SET price = {b}, name = 'p{b}' WHERE id = {a}",
        "move": "UPDATE item SET id = {a} WHERE id = {b}",
        "drop": "DELETE FROM item WHERE id = {a}",
    }
    for number, (step, a, b) in enumerate(steps):
        with engine.block() as block:
            try:
                with engine.transaction() as opened:
                    engine.run(scripts[step].format(a=a, b=b), context())
            except SqlError:
                block.rollback()
            else:
                assert engine.keep_ahead(str(number), opened.changes)
    engine.fall_back()
    assert (table_of(engine), engine.ahead) == (before, None)


def test_rows_with_keys_of_several_spellings_do_not_go_ahead() -> None:
    engine = an_engine("CREATE TABLE rate (id numeric PRIMARY KEY)")
    with engine.block() as block:
        changes = engine.run("INSERT INTO rate VALUES (1.0)", context()).changes
        assert not engine.keep_ahead("one", changes)
        block.rollback()
    assert engine.ahead is None


def test_a_discarded_block_changes_nothing_but_tells_what_it_would_have() -> None:
    engine = an_engine(SCHEMA)
    with engine.block() as block:
        with engine.transaction() as opened:
            engine.run("INSERT INTO item VALUES (1, 'a', 1); CREATE TABLE x (a int)", context())
        engine.mark = "later"
        block.rollback()
    assert len(opened.changes[ITEM]) == 1
    assert (table_of(engine), engine.mark, len(engine.catalog.tables)) == ({}, None, 1)


def test_cascades_are_changes_too() -> None:
    engine = an_engine(
        SCHEMA,
        "CREATE TABLE sale (id int PRIMARY KEY, item int REFERENCES item ON DELETE CASCADE)",
        "INSERT INTO item VALUES (1, 'a', 1); INSERT INTO sale VALUES (7, 1), (8, 1)",
    )
    changes = engine.run("DELETE FROM item", context()).changes
    assert set(changes[TableName("public.sale")]) == {(7,), (8,)}


def test_rows_without_a_key_are_named_after_their_transaction() -> None:
    engine = an_engine("CREATE TABLE note (words text)")
    with engine.transaction() as opened:
        engine.run("INSERT INTO note VALUES ('b'), ('a')", context(1))
        engine.run("INSERT INTO note SELECT words || '!' FROM note ORDER BY words DESC", context(1))
    prefix = f"{1:032x}-0000000"
    expected = {f"{prefix}0": "b", f"{prefix}1": "a", f"{prefix}2": "b!", f"{prefix}3": "a!"}
    rows = [change.after for change in opened.changes[TableName("public.note")].values()]
    assert {row[0]: row[1] for row in rows if row is not None} == expected


def test_a_rebuilt_table_is_named_and_its_rows_stay() -> None:
    engine = an_engine(SCHEMA, "INSERT INTO item VALUES (1, 'a', 1.5)")
    outcome = engine.run("ALTER TABLE item ADD COLUMN stock int DEFAULT 3; UPDATE item SET stock = 4", context())
    assert outcome.catalog_changed
    assert outcome.rewritten == {ITEM}
    assert list(engine.rows(ITEM)) == [(1, "a", "1.50", 4)]
    outcome = engine.run("DROP TABLE item", context())
    assert outcome.rewritten == {ITEM}


def test_a_primary_key_can_be_given_to_a_table_without_one() -> None:
    engine = an_engine("CREATE TABLE t (a int, b int)", "INSERT INTO t VALUES (2, 1), (1, 2)")
    engine.run("ALTER TABLE t ADD PRIMARY KEY (a)", context())
    assert list(engine.rows(TableName("public.t"))) == [(1, 2), (2, 1)]
    engine.run("INSERT INTO t VALUES (3, 3)", context())


def test_a_load_says_what_it_did_and_can_replace() -> None:
    engine = an_engine(SCHEMA)
    first = engine.load(ITEM, COLUMNS, LoadMode.APPEND, [(1, "a", "1.00"), (2, "b", None)])
    assert dict(first[ITEM]) == {
        (1,): RowChange(None, (1, "a", "1.00")),
        (2,): RowChange(None, (2, "b", None)),
    }
    second = engine.load(ITEM, COLUMNS, LoadMode.UPSERT, [(2, "c", "0.10")], gone=[(1,)])
    assert second == {
        ITEM: {(1,): RowChange((1, "a", "1.00"), None), (2,): RowChange((2, "b", None), (2, "c", "0.10"))}
    }
    assert list(engine.rows(ITEM)) == [(2, "c", "0.10")]


@pytest.mark.parametrize(
    ("row", "sqlstate"),
    [
        ((1, None, "1.00"), "23502"),
        ((1, "a", "-1.00"), "23514"),
        ((9, "a", "1.00"), "23505"),
        ((1 << 31, "a", "1.00"), "22003"),
        ((True, "a", "1.00"), "22P02"),
        (("1", "a", "1.00"), "22P02"),
        ((1, "a\0", "1.00"), "22P02"),
        ((1, "\ud800", "1.00"), "22P02"),
        ((1, "a", "1"), "22P02"),
        ((1, "a", "1.000"), "22P02"),
        ((1, "a", "-0.00"), "22P02"),
        ((1, "a", "01.00"), "22P02"),
        ((1, "a", "1234567.00"), "22P02"),
        ((1, "a", "1.00\n"), "22P02"),
        ((1, "a"), "42804"),
        ((1, "x" * 60_000, "1.00"), "54000"),
    ],
)
def test_a_load_checks_every_value(row: Row, sqlstate: str) -> None:
    engine = an_engine(SCHEMA, "INSERT INTO item VALUES (9, 'nine', 1)")
    with pytest.raises(SqlError) as caught:
        engine.load(ITEM, COLUMNS, LoadMode.APPEND, [(2, "b", "1.00"), row])
    assert caught.value.sqlstate == sqlstate
    assert list(engine.rows(ITEM)) == [(9, "nine", "1.00")]


def test_a_load_for_other_columns_fails() -> None:
    engine = an_engine(SCHEMA)
    with pytest.raises(SqlError):
        engine.load(ITEM, ("id", "name"), LoadMode.APPEND, [(1, "a")])


def test_the_cache_file_remembers_rows_catalog_and_mark(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "cache.db")
    engine.run(SCHEMA + "; CREATE INDEX by_name ON item (name); CREATE VIEW v AS SELECT * FROM item", context())
    with engine.block():
        engine.run("INSERT INTO item VALUES (1, 'a', 1)", context())
        engine.mark = "block 1"
    catalog = engine.catalog
    engine.close()
    again = Engine(tmp_path / "cache.db")
    assert (again.catalog, again.mark, list(again.rows(ITEM))) == (catalog, "block 1", [(1, "a", "1.00")])


def test_trusted_rows_move_without_effects_on_other_tables() -> None:
    source = an_engine(
        SCHEMA, "CREATE TABLE sale (item int PRIMARY KEY REFERENCES item ON DELETE CASCADE)",
        "INSERT INTO item VALUES (1, 'a', 1); INSERT INTO sale VALUES (1)",
    )  # fmt: skip
    copy = Engine()
    copy.restore(source.catalog)
    for name in source.catalog.tables:
        copy.insert_rows(name, source.rows(name))
    copy.delete_keys(ITEM, [(1,)])
    assert (list(copy.rows(ITEM)), list(copy.rows(TableName("public.sale")))) == ([], [(1,)])
    copy.insert_rows(ITEM, [(1, "b", "2.00")])
    assert list(copy.rows(ITEM, [(5,), (1,)])) == [(1, "b", "2.00")]
    copy.restore(Catalog())
    assert copy.catalog.tables == {}


def test_budgets_count_statements_and_rows() -> None:
    engine = an_engine("CREATE TABLE n (i int PRIMARY KEY)")
    fill = "INSERT INTO n WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 50) SELECT i FROM t"
    engine.run(fill, context(), Budget(rows=150))
    for budget in (Budget(rows=149), Budget(statements=0)):
        with pytest.raises(SqlError, match="more than"):
            engine.run("DELETE FROM n; " + fill, context(), budget)
    assert len(list(engine.rows(TableName("public.n")))) == 50


def test_the_fuse_is_this_machine_s_word_and_not_the_script_s_fault() -> None:
    engine = Engine(fuse_steps=2_000_000)
    engine.run("CREATE TABLE n (i int PRIMARY KEY)", context())
    engine.load(TableName("public.n"), ("i",), LoadMode.APPEND, [(i,) for i in range(2_000)])
    with pytest.raises(FuseError):
        engine.run("SELECT count(*) FROM n a, n b, n c WHERE a.i + b.i + c.i < 0", context())
    engine.run("SELECT count(*) FROM n", context())


KEYS = st.integers(1, 5)
STATEMENTS = st.one_of(
    st.builds("INSERT INTO item VALUES ({}, '{}', {})".format, KEYS, st.sampled_from("ab"), KEYS),
    st.builds("UPDATE item SET price = price + {1} WHERE id = {0}".format, KEYS, KEYS),
    st.builds("UPDATE item SET price = price - 3, name = name || 'x' WHERE id >= {}".format, KEYS),
    st.builds("UPDATE item SET id = {1} WHERE id = {0}".format, KEYS, KEYS),
    st.builds("DELETE FROM item WHERE id = {}".format, KEYS),
    st.builds("INSERT INTO item VALUES ({0}, 'u', 9) ON CONFLICT (id) DO UPDATE SET price = 1".format, KEYS),
)


@given(st.lists(st.lists(STATEMENTS, min_size=1, max_size=4), max_size=8))
def test_net_changes_applied_to_a_dictionary_give_the_table(scripts: list[list[str]]) -> None:
    engine = an_engine(SCHEMA)
    model: dict[Row, Row] = {}
    for script in scripts:
        try:
            outcome = engine.run("; ".join(script), context())
        except SqlError:
            assert table_of(engine) == model
        else:
            model = replay(model, outcome.changes, ITEM)
            assert table_of(engine) == model


@given(st.lists(st.lists(STATEMENTS, min_size=1, max_size=4), max_size=8))
def test_the_net_changes_of_a_transaction_are_those_of_all_its_parts_that_stayed(scripts: list[list[str]]) -> None:
    engine = an_engine(SCHEMA, "INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 2)")
    before = table_of(engine)
    with engine.transaction() as done:
        for script in scripts:
            with suppress(SqlError):
                engine.run("; ".join(script), context())
        changes = engine.changes_of(done)
    assert replay(before, changes, ITEM) == table_of(engine)


PLAYER = """
CREATE PROCEDURE play(keys int[], steps int[], failing int) LANGUAGE plpgsql AS $$
BEGIN
    FOR place IN 1 .. array_length(keys, 1) LOOP
        BEGIN
            UPDATE item SET price = price + 1 WHERE id = keys[place];
            IF steps[place] = 1 THEN
                UPDATE item SET price = price + 1 WHERE id = keys[place];
            ELSIF steps[place] = 2 THEN
                UPDATE item SET id = id + 1 WHERE id = keys[place];
            ELSIF steps[place] = 3 THEN
                DELETE FROM item WHERE id = keys[place];
            ELSIF steps[place] = 4 THEN
                INSERT INTO item VALUES (keys[place], 'n', 1);
            END IF;
            IF place % failing = 0 THEN
                RAISE EXCEPTION 'undone';
            END IF;
        EXCEPTION WHEN raise_exception OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$
"""


NUMBERS = SCHEMA.replace("name text", "name int")
"""Rows of which SQLite's number tells all."""


@given(
    st.booleans(), st.lists(st.tuples(KEYS, st.integers(0, 4)), min_size=1, max_size=12), st.integers(1, 4)
)  # fmt: skip
def test_net_changes_are_exact_where_handlers_undo_some(
    numbers: bool,
    steps: list[tuple[int, int]],
    failing: int,
) -> None:
    scripts = [SCHEMA, PLAYER, "INSERT INTO item VALUES (1, '1', 1), (2, '2', 2), (3, '3', 3)"]
    if numbers:
        scripts = [NUMBERS, PLAYER.replace("'n'", "7"), scripts[2]]
    engine = an_engine(*scripts)
    before = table_of(engine)
    arguments = (tuple(key for key, _ in steps), tuple(step for _, step in steps), failing)
    done = engine.call(RoutineName("public.play"), arguments, context())
    assert replay(before, done.changes, ITEM) == table_of(engine)


OFTEN = """
CREATE PROCEDURE write_often() LANGUAGE plpgsql AS $$
BEGIN
    FOR turn IN 1 .. 3 LOOP
        FOR place IN 0 .. 249 LOOP
            UPDATE item SET price = price + turn WHERE id = place;
        END LOOP;
    END LOOP;
    DELETE FROM item WHERE id IN (3, 130, 249);
    UPDATE item SET id = 1000 WHERE id = 7;
    INSERT INTO item VALUES (130, 5, 5);
    UPDATE item SET price = price - 6 WHERE id = 9;
END
$$
"""


@pytest.mark.parametrize("schema", [SCHEMA, NUMBERS])
def test_what_has_become_of_many_rows_that_were_written_often_is_told(schema: str) -> None:
    fill = "INSERT INTO item SELECT i, 1, i FROM generate_series(0, 249) AS g (i)"
    engine = an_engine(schema, OFTEN, fill.replace("1,", "'1',") if schema == SCHEMA else fill)
    before = table_of(engine)
    done = engine.call(RoutineName("public.write_often"), (), context())
    changes = done.changes[ITEM]
    assert (len(changes), (9,) in changes, changes[7,].after, changes[3,].after) == (250, False, None, None)
    assert replay(before, done.changes, ITEM) == table_of(engine)


TOO_FAR = [(2**63 - 1, "+ 1"), (-(2**63), "- 1"), (2**62, "* 2"), (-(2**63), "- 9")]


@pytest.mark.parametrize(("number", "change"), TOO_FAR)
def test_a_whole_number_beyond_64_bits_is_refused_by_the_column_too(number: int, change: str) -> None:
    bigs = TableName("public.n")
    engine = an_engine("CREATE TABLE n (id int PRIMARY KEY, v bigint)")
    engine.insert_rows(bigs, [(1, number)])
    with pytest.raises(SqlError, match="bigint out of range") as caught:
        engine.run(f"UPDATE n SET v = v {change}", context())
    assert caught.value.sqlstate == "22003"
    assert list(engine.rows(bigs)) == [(1, number)]


def test_whole_numbers_reach_both_ends_of_64_bits() -> None:
    bigs = TableName("public.n")
    engine = an_engine("CREATE TABLE n (id int PRIMARY KEY, v bigint)")
    engine.insert_rows(bigs, [(1, 2**63 - 2), (2, -(2**63) + 1)])
    engine.run("UPDATE n SET v = v + 1 WHERE id = 1; UPDATE n SET v = v - 1 WHERE id = 2", context())
    assert list(engine.rows(bigs)) == [(1, 2**63 - 1), (2, -(2**63))]
