"""What transactions read and write, as the engine records it, sentence by sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sql_world import context

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.changes import RowChange
from aergo_vc.model.footprints import Footprint, Lookup, Reads, blind_writes, reads_what
from aergo_vc.model.transactions import Argument, LoadMode
from aergo_vc.sql.engine import Engine

T, U, V = TableName("public.t"), TableName("public.u"), TableName("public.v")
ALL = frozenset(("id", "a", "b", "c"))
SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, a bigint, b text, c int)"
ROWS = "INSERT INTO t VALUES (1, 10, 'one', 5), (2, 20, 'two', 5), (3, 30, 'three', 6)"
BY_T = Lookup(U, ("t",))
CHILD = "CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t, n int)"


def _engine(*scripts: str) -> Engine:
    engine = Engine()
    for script in (SCHEMA, ROWS, *scripts):
        engine.run(script, context())
    return engine


@contextmanager
def _recorded(engine: Engine) -> Iterator[list[Footprint]]:
    """Take one transaction's footprint, and keep what it did."""
    found: list[Footprint] = []
    with engine.record() as recorder, engine.transaction() as done:
        yield found
        engine.check_constraints()
        found.append(recorder.footprint(engine.changes_of(done)))


def _footprint(script: str, *before: str) -> Footprint:
    engine = _engine(*before)
    with _recorded(engine) as found:
        engine.run(script, context())
    return found[0]


def _called(schema: str, name: str, *arguments: Argument) -> Footprint:
    engine = _engine(schema)
    with _recorded(engine) as found:
        engine.call(RoutineName(f"public.{name}"), arguments, context())
    return found[0]


def _columns(*names: str) -> frozenset[str]:
    return frozenset(names)


# Updates


def test_an_addition_reads_the_cell_that_it_writes() -> None:
    found = _footprint("UPDATE t SET a = a + 5 WHERE id = 1")
    assert found.reads == {T: Reads({(1,): _columns("id", "a")})}
    assert found.writes == {T: {(1,): _columns("a")}}
    assert found.changes == {T: {(1,): RowChange((1, 10, "one", 5), (1, 15, "one", 5))}}
    assert blind_writes(found) == {}
    assert not found.situated
    assert not found.defines


def test_a_constant_is_written_blindly() -> None:
    found = _footprint("UPDATE t SET a = 5 WHERE id = 1")
    assert found.reads == {T: Reads({(1,): _columns("id")})}
    assert blind_writes(found) == {T: {(1,): _columns("a")}}


def test_a_value_that_stood_there_already_is_written_all_the_same() -> None:
    found = _footprint("UPDATE t SET a = 10 WHERE id = 1")
    assert found.writes == {T: {(1,): _columns("a")}}
    assert found.changes == {}


def test_returning_reads_what_the_statement_did_not_set() -> None:
    found = _footprint("UPDATE t SET a = 5 WHERE id = 1 RETURNING a, b")
    assert found.reads[T].rows == {(1,): _columns("id", "b")}


def test_a_range_is_a_search() -> None:
    found = _footprint("UPDATE t SET a = 5 WHERE id > 1")
    assert found.reads == {T: Reads({}, _columns("id"))}
    assert found.writes == {T: {(2,): _columns("a"), (3,): _columns("a")}}


def test_a_condition_on_another_column_is_a_search_by_it() -> None:
    found = _footprint("UPDATE t SET a = 5 WHERE c = 5 AND b <> 'two'")
    assert found.reads == {T: Reads({}, _columns("id", "b", "c"))}
    assert blind_writes(found) == {T: {(1,): _columns("a")}}


def test_a_row_that_is_not_there_was_still_asked_for() -> None:
    found = _footprint("UPDATE t SET a = a + 5 WHERE id = 9")
    assert found.reads == {T: Reads({(9,): _columns("id", "a")})}
    assert found.writes == {}


def test_a_list_of_keys_is_as_many_rows() -> None:
    found = _footprint("UPDATE t SET a = 5 WHERE id IN (1, 3, 9)")
    assert found.reads == {T: Reads({(1,): _columns("id"), (3,): _columns("id"), (9,): _columns("id")})}


def test_no_row_has_null_for_a_key() -> None:
    assert _footprint("SELECT a FROM t WHERE id = NULL").reads in ({}, {T: Reads({}, _columns("id", "a"))})


def test_a_changed_key_carries_the_columns_of_one_row_into_another() -> None:
    found = _footprint("UPDATE t SET id = 8 WHERE id = 1")
    assert found.writes == {T: {(1,): ALL, (8,): ALL}}
    assert found.reads[T].rows == {(1,): ALL, (8,): _columns("id")}


def test_what_a_transaction_wrote_itself_it_does_not_read() -> None:
    found = _footprint("UPDATE t SET a = 5 WHERE id = 1; UPDATE t SET a = a + 1, b = 'x' WHERE id = 1")
    assert found.reads == {T: Reads({(1,): _columns("id")})}
    assert found.writes == {T: {(1,): _columns("a", "b")}}
    assert _footprint("INSERT INTO t VALUES (8); SELECT * FROM t WHERE id = 8").reads == {
        T: Reads({(8,): _columns("id")})
    }


def test_a_check_reads_the_columns_that_are_not_set() -> None:
    schema = "CREATE TABLE w (id int PRIMARY KEY, lo int, hi int, x int, CHECK (lo <= hi))"
    found = _footprint("UPDATE w SET lo = 1 WHERE id = 1", schema, "INSERT INTO w VALUES (1, 1, 2, 3)")
    assert found.reads == {TableName("public.w"): Reads({(1,): _columns("id", "hi")})}


def test_an_update_from_another_table_reads_both() -> None:
    found = _footprint(
        "UPDATE t SET a = u.n FROM u WHERE u.t = t.id AND u.id = 4", CHILD, "INSERT INTO u VALUES (4, 1, 7)"
    )
    assert found.reads[U].rows == {(4,): _columns("id", "t", "n")}
    assert found.reads[T].scanned == _columns("id")
    assert blind_writes(found) == {T: {(1,): _columns("a")}}


# Insertions and deletions


def test_an_insertion_reads_whether_its_row_is_there() -> None:
    found = _footprint("INSERT INTO t VALUES (7, 1, 'x', 2), (8, 1, 'x', 2) RETURNING a")
    assert found.reads == {T: Reads({(7,): _columns("id"), (8,): _columns("id")})}
    assert found.writes == {T: {(7,): ALL, (8,): ALL}}


def test_an_upsert_reads_what_it_takes_from_the_row_but_nothing_of_excluded() -> None:
    script = "INSERT INTO t VALUES (1, 7, 'x', 2) ON CONFLICT (id) DO UPDATE SET b = excluded.b, a = t.a + excluded.c"
    found = _footprint(script)
    assert found.reads == {T: Reads({(1,): _columns("id", "a")})}
    assert found.writes == {T: {(1,): _columns("a", "b")}}
    assert blind_writes(found) == {T: {(1,): _columns("b")}}
    fresh = _footprint(script.replace("(1,", "(8,"))
    assert fresh.reads == {T: Reads({(8,): _columns("id", "a")})}
    assert fresh.writes == {T: {(8,): ALL}}


def test_an_insertion_that_gives_way_reads_whether_its_row_is_there() -> None:
    found = _footprint("INSERT INTO t VALUES (1, 7, 'x', 2) ON CONFLICT DO NOTHING")
    assert found.reads == {T: Reads({(1,): _columns("id")})}
    assert found.writes == {}


def test_an_insertion_from_a_query_searches_what_the_query_reads() -> None:
    found = _footprint("INSERT INTO t (id, a) SELECT id + 100, c FROM t WHERE b = 'two'")
    assert found.reads == {T: Reads({(102,): _columns("id")}, _columns("id", "b", "c"))}
    assert found.writes == {T: {(102,): ALL}}


def test_a_deletion_writes_all_columns() -> None:
    found = _footprint("DELETE FROM t WHERE id = 1")
    assert found.reads == {T: Reads({(1,): _columns("id")})}
    assert found.writes == {T: {(1,): ALL}}
    assert _footprint("TRUNCATE t").reads == {T: Reads({}, _columns("id"))}


def test_rows_without_a_key_are_known_by_the_hidden_one() -> None:
    found = _footprint("INSERT INTO v VALUES (1), (2)", "CREATE TABLE v (n int)")
    assert list(found.writes[V].values()) == [_columns("_row", "n")] * 2
    assert found.reads[V].rows.keys() == found.writes[V].keys()
    assert found.reads[V].scanned is None


# Queries


def test_a_row_is_read_by_its_key_with_the_columns_that_are_asked_for() -> None:
    assert _footprint("SELECT b FROM t WHERE id = 2 AND a > 3").reads == {T: Reads({(2,): _columns("id", "a", "b")})}


def test_counting_reads_which_rows_there_are() -> None:
    assert _footprint("SELECT count(*) FROM t").reads == {T: Reads({}, _columns("id"))}


def test_an_order_is_read() -> None:
    assert _footprint("SELECT b FROM t ORDER BY c LIMIT 1").reads == {T: Reads({}, _columns("id", "b", "c"))}


def test_a_join_by_keys_that_are_equal_is_two_rows() -> None:
    found = _footprint("SELECT u.n FROM t JOIN u ON u.id = t.id WHERE u.id = 2", CHILD)
    assert found.reads == {T: Reads({(2,): _columns("id")}), U: Reads({(2,): _columns("id", "n")})}


def test_the_condition_of_an_outer_join_narrows_its_right_side_alone() -> None:
    found = _footprint("SELECT t.a, u.n FROM t LEFT JOIN u ON u.id = 2 AND t.id = 1", CHILD)
    assert found.reads == {T: Reads({}, _columns("id", "a")), U: Reads({(2,): _columns("id", "n")})}
    found = _footprint("SELECT t.a, u.n FROM t LEFT JOIN u ON u.id = t.id AND u.id = 2", CHILD)
    assert found.reads == {T: Reads({}, _columns("id", "a")), U: Reads({(2,): _columns("id", "n")})}


def test_a_view_reads_its_tables() -> None:
    found = _footprint("SELECT x FROM w WHERE x > 1", "CREATE VIEW w AS SELECT id, a + 1 AS x FROM t WHERE c = 5")
    assert found.reads == {T: Reads({}, _columns("id", "a", "c"))}


def test_a_subquery_and_a_common_table_expression_read_their_tables() -> None:
    found = _footprint("WITH x AS (SELECT n FROM u) SELECT a, (SELECT max(n) FROM x) FROM t WHERE id = 1", CHILD)
    assert found.reads == {T: Reads({(1,): _columns("id", "a")}), U: Reads({}, _columns("id", "n"))}


def test_keys_of_scaled_numbers_and_truth_values_are_canonical() -> None:
    schema = (
        "CREATE TABLE v (p numeric(6,2), q boolean, n int, PRIMARY KEY (p, q)); INSERT INTO v VALUES (1.5, true, 1)"
    )
    found = _footprint("UPDATE v SET n = n + 1 WHERE p = 1.50 AND q = true", schema)
    assert found.writes == {V: {("1.50", True): _columns("n")}}
    assert found.reads[V].rows.keys() <= {("1.50", True)}
    by_call = "CREATE PROCEDURE f(x numeric(6,2)) LANGUAGE sql AS 'UPDATE v SET n = 2 WHERE p = x AND q'"
    assert _called(f"{schema}; {by_call}", "f", "1.50").reads[V].scanned == _columns("p", "q")


def test_numbers_that_are_equal_in_several_spellings_are_searched() -> None:
    found = _footprint("UPDATE v SET n = 1 WHERE p = 1.0", "CREATE TABLE v (p numeric PRIMARY KEY, n int)")
    assert found.reads == {V: Reads({}, _columns("p"))}


# Constraints


def test_a_row_that_refers_reads_the_row_that_it_refers_to() -> None:
    found = _footprint("INSERT INTO u VALUES (4, 1, 7)", CHILD)
    assert found.reads == {U: Reads({(4,): _columns("id")}), T: Reads({(1,): _columns("id")})}
    moved = _footprint("UPDATE u SET t = 2 WHERE id = 4", CHILD, "INSERT INTO u VALUES (4, 1, 7)")
    assert moved.reads[T] == Reads({(2,): _columns("id")})
    other = _footprint("UPDATE u SET n = 2 WHERE id = 4", CHILD, "INSERT INTO u VALUES (4, 1, 7)")
    assert other.reads == {U: Reads({(4,): _columns("id")})}


def test_a_deletion_looks_for_those_that_refer() -> None:
    found = _footprint("DELETE FROM t WHERE id = 3", CHILD)
    assert found.reads == {T: Reads({(3,): _columns("id")})}
    assert found.lookups == {BY_T: {(3,): _columns("id", "t")}}
    unused = _footprint("UPDATE t SET a = 1, id = 3 WHERE id = 3", CHILD)
    assert unused.lookups == {}


def test_a_deletion_looks_by_its_key_for_the_row_that_extends_its_own() -> None:
    found = _footprint("DELETE FROM t WHERE id = 3", "CREATE TABLE u (id int PRIMARY KEY REFERENCES t)")
    assert found.reads == {T: Reads({(3,): _columns("id")}), U: Reads({(3,): _columns("id")})}


def test_rows_that_refer_are_found_by_what_they_refer_to() -> None:
    before = CHILD, "INSERT INTO u VALUES (4, 1, 7)"
    found = _footprint("SELECT sum(n) FROM u WHERE t = 1", *before)
    assert (found.reads, found.lookups) == ({}, {BY_T: {(1,): _columns("id", "n", "t")}})
    joined = _footprint("SELECT t.a, u.n FROM t LEFT JOIN u ON u.t = t.id WHERE t.id = 1", *before)
    assert (joined.reads[T].rows.keys(), joined.lookups) == ({(1,)}, {BY_T: {(1,): _columns("id", "n", "t")}})
    added = _footprint("INSERT INTO u VALUES (5, 1, 7)", *before)
    assert added.entries == {BY_T: {(1,): _columns("id", "n", "t")}}
    changed = _footprint("UPDATE u SET n = 8 WHERE id = 4", *before)
    assert (changed.lookups, changed.entries) == ({}, {BY_T: {(1,): _columns("n")}})
    moved = _footprint("UPDATE u SET t = 2 WHERE id = 4", *before)
    assert moved.entries == {BY_T: {(1,): _columns("t"), (2,): _columns("t")}}
    assert _footprint("INSERT INTO u VALUES (5, NULL, 7)", *before).entries == {}


def test_a_cascade_writes() -> None:
    before = (
        CHILD.replace("t int REFERENCES t", "t int REFERENCES t ON DELETE CASCADE"),
        "INSERT INTO u VALUES (4, 1, 7)",
    )
    found = _footprint("DELETE FROM t WHERE id = 1", *before)
    assert found.writes == {T: {(1,): ALL}, U: {(4,): _columns("id", "t", "n")}}
    before = (
        CHILD.replace("t int REFERENCES t", "t int REFERENCES t ON DELETE SET NULL"),
        "INSERT INTO u VALUES (4, 1, 7)",
    )
    found = _footprint("UPDATE u SET n = 8 WHERE id = 5; DELETE FROM t WHERE id = 1", *before)
    assert found.writes[U] == {(4,): _columns("t")}


UNIQUE = "CREATE TABLE v (id int PRIMARY KEY, n int UNIQUE, m int); INSERT INTO v VALUES (8, 80, 1), (9, 90, 1)"
BY_N = Lookup(V, ("n",))


def test_what_must_be_unique_is_looked_for() -> None:
    found = _footprint("INSERT INTO v VALUES (1, 2, 3)", UNIQUE)
    assert found.reads == {V: Reads({(1,): _columns("id")})}
    assert found.lookups == {BY_N: {(2,): _columns("id", "n")}}
    assert found.entries == {BY_N: {(2,): _columns("id", "m", "n")}}
    found = _footprint("UPDATE v SET m = 2 WHERE id = 8", UNIQUE)
    assert found.reads == {V: Reads({(8,): _columns("id")})}
    assert (found.lookups, found.entries) == ({}, {BY_N: {(80,): _columns("m")}})
    found = _footprint("UPDATE v SET n = 2 WHERE id = 8", UNIQUE)
    assert found.lookups == {BY_N: {(2,): _columns("n")}}
    assert found.entries == {BY_N: {(80,): _columns("n"), (2,): _columns("n")}}
    assert blind_writes(found) == {V: {(8,): _columns("n")}}


def test_null_is_not_unique() -> None:
    found = _footprint("INSERT INTO v VALUES (1, NULL, 3); UPDATE v SET n = NULL WHERE id = 8", UNIQUE)
    assert (found.lookups, found.entries) == ({}, {BY_N: {(80,): _columns("n")}})


def test_a_row_with_null_gives_way_to_none() -> None:
    found = _footprint("INSERT INTO v VALUES (8, NULL, 3) ON CONFLICT DO NOTHING", UNIQUE)
    assert (found.reads, found.lookups) == ({V: Reads({(8,): _columns("id")})}, {})


@pytest.mark.parametrize("definition", ["n numeric", "n double precision"])
def test_what_may_be_equal_in_several_spellings_is_searched_where_it_must_be_unique(definition: str) -> None:
    found = _footprint("INSERT INTO v VALUES (1, 1.0)", f"CREATE TABLE v (id int PRIMARY KEY, {definition} UNIQUE)")
    assert found.reads == {V: Reads({(1,): _columns("id")}, _columns("id", "n"))}
    assert (found.lookups, found.entries) == ({}, {})


def test_values_of_lookups_are_canonical() -> None:
    schema = "CREATE TABLE v (id int PRIMARY KEY, n numeric(6,2), m char(4), UNIQUE (m, n))"
    found = _footprint("INSERT INTO v VALUES (1, 1.5, 'ab')", schema)
    other = _footprint("SELECT id FROM v WHERE n = 1.50 AND m = 'ab  '", schema)
    assert found.lookups.keys() == {Lookup(V, ("n", "m"))}
    assert found.entries[Lookup(V, ("n", "m"))].keys() == {("1.50", "ab")}
    assert reads_what(found, other) is not None


def test_a_unique_index_is_a_lookup() -> None:
    found = _footprint("UPDATE t SET a = 1 WHERE b = 'one' AND c = 5", "CREATE UNIQUE INDEX tb ON t (c, b)")
    assert found.lookups == {Lookup(T, ("b", "c")): {("one", 5): _columns("id", "b", "c")}}
    assert found.reads == {T: Reads({(1,): _columns("id", "b", "c")})}


def test_what_was_looked_at_in_a_row_that_a_lookup_found_is_not_written_blindly() -> None:
    found = _footprint("UPDATE v SET m = m + 1 WHERE n = 80", UNIQUE)
    assert found.lookups == {BY_N: {(80,): _columns("id", "n", "m")}}
    assert (found.reads[V].scanned, blind_writes(found)) == (None, {})
    assert blind_writes(_footprint("UPDATE v SET m = 1 WHERE n = 80", UNIQUE)) == {V: {(8,): _columns("m")}}
    later = "SELECT m FROM v WHERE n = 80; UPDATE v SET m = 1 WHERE id = 8"
    assert blind_writes(_footprint(later, UNIQUE)) == {}
    behind = "UPDATE v SET m = 1 WHERE id = 8; SELECT m FROM v WHERE n = 80; UPDATE v SET m = 2 WHERE id = 8"
    assert blind_writes(_footprint(behind, UNIQUE)) == {V: {(8,): _columns("m")}}


def test_a_row_that_was_given_its_values_is_read_by_its_key_and_not_by_them() -> None:
    found = _footprint("UPDATE v SET n = 7 WHERE id = 8; SELECT m FROM v WHERE n = 7", UNIQUE)
    assert found.reads == {V: Reads({(8,): _columns("id", "m")})}
    other = _footprint(
        "SELECT m FROM v WHERE n = 7; UPDATE v SET n = 7 WHERE id = 8; UPDATE v SET m = 1 WHERE id = 8", UNIQUE
    )
    assert blind_writes(other) == {V: {(8,): _columns("m", "n")}}


def test_an_upsert_by_what_is_unique_reads_the_row_that_has_it() -> None:
    script = "INSERT INTO v VALUES (1, 80, 5) ON CONFLICT (n) DO UPDATE SET m = v.m + 1"
    found = _footprint(script, UNIQUE)
    assert found.lookups == {BY_N: {(80,): _columns("id", "m", "n")}}
    assert found.reads == {V: Reads({(1,): _columns("id"), (8,): _columns("id", "m", "n")})}
    assert blind_writes(found) == {}
    fresh = _footprint(script.replace("80", "70"), UNIQUE)
    assert fresh.lookups == {BY_N: {(70,): _columns("id", "m", "n")}}


def test_an_upsert_by_what_is_unique_searches_nothing_where_the_key_is_a_number_of_a_sequence() -> None:
    schema = "CREATE TABLE v (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int UNIQUE, m int)"
    script = "INSERT INTO v (n, m) VALUES (80, 5) ON CONFLICT (n) DO UPDATE SET m = v.m + 1"
    found = _footprint(script, schema, script)
    assert found.reads[V] == Reads({(1,): _columns("id", "m", "n")})
    ignored = _footprint("INSERT INTO v (n, m) VALUES (80, 5) ON CONFLICT DO NOTHING", schema, script)
    assert ignored.reads[V] == Reads({}, _columns("id", "n"))


def test_an_insertion_that_gives_way_to_what_is_unique_reads_the_row_that_has_it() -> None:
    found = _footprint("INSERT INTO v VALUES (1, 80, 5) ON CONFLICT DO NOTHING", UNIQUE)
    assert (found.reads, found.writes) == ({V: Reads({(1,): _columns("id")})}, {})
    assert found.lookups == {BY_N: {(80,): _columns("id", "n")}}


def test_a_statement_that_fails_because_something_is_unique_searches_for_it() -> None:
    routine = """
        CREATE PROCEDURE f(x int) LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE v SET n = n + x WHERE id = 8;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END $$
        """
    assert _called(f"{UNIQUE}; {routine}", "f", 10).reads[V].scanned == _columns("id", "n")
    assert _called(f"{UNIQUE}; {routine}", "f", 11).reads[V].scanned is None


def test_a_reference_to_what_is_unique_is_a_lookup() -> None:
    child = "CREATE TABLE u (id int PRIMARY KEY, n int REFERENCES v (n))"
    found = _footprint("INSERT INTO u VALUES (1, 80)", UNIQUE, child)
    assert (found.lookups, V in found.reads) == ({BY_N: {(80,): _columns("id", "n")}}, False)


# Sequences, loads, definitions


def test_a_sequence_is_a_row_that_is_read_and_written() -> None:
    before = ("CREATE TABLE v (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, n int)",)
    sequence = TableName("public.v_id_seq")
    for script in ("INSERT INTO v (n) VALUES (1)", "INSERT INTO v (n) SELECT c FROM t WHERE id = 1"):
        for before_too in ((), ("INSERT INTO v (n) VALUES (1)",)):
            found = _footprint(script, *before, *before_too)
            number = 1 + len(before_too)
            assert found.reads[sequence].rows == {("sequence",): _columns("_row", "last_value", "is_called")}
            assert found.reads[sequence].scanned is None
            assert found.writes[sequence].keys() == {("sequence",)}
            assert found.reads[V] == Reads({(number,): _columns("id")})
            assert found.taken == {sequence}
    same = _footprint("SELECT setval('v_id_seq', 1)", *before, "INSERT INTO v (n) VALUES (1)")
    assert (same.changes, same.taken) == ({}, frozenset())
    assert same.writes == {sequence: {("sequence",): _columns("last_value", "is_called")}}


def test_a_load_reads_whether_its_rows_are_there() -> None:
    engine = _engine()
    with _recorded(engine) as found:
        engine.load(T, ("id", "a", "b", "c"), LoadMode.APPEND, [(7, 1, None, None)], [(3,), (9,)])
    assert found[0].reads == {T: Reads({(7,): _columns("id"), (3,): _columns("id"), (9,): _columns("id")})}
    assert found[0].writes == {T: {(7,): ALL, (3,): ALL}}
    with _recorded(engine) as found:
        engine.load(T, ("id", "a", "b", "c"), LoadMode.UPSERT, [(7, 2, None, None), (8, 2, None, None)])
    assert found[0].reads == {T: Reads({(7,): _columns("id"), (8,): _columns("id")})}
    assert found[0].writes == {T: {(7,): _columns("a", "b", "c"), (8,): ALL}}


def test_a_load_reads_the_rows_that_its_rows_refer_to() -> None:
    engine = _engine(CHILD)
    with _recorded(engine) as found:
        engine.load(U, ("id", "t", "n"), LoadMode.APPEND, [(7, 1, 1), (8, None, 1)])
    assert found[0].reads[T] == Reads({(1,): _columns("id")})


def test_rows_that_wait_to_be_written_are_no_search() -> None:
    engine = _engine("CREATE TABLE v (id int PRIMARY KEY, n int)")
    with _recorded(engine) as found:
        assert engine.is_empty(V)
        assert engine.load_later(V, lambda: iter([(1, 2)]), 1, 10)
    assert found[0].reads == {V: Reads({(1,): _columns("id")})}
    with _recorded(engine) as found:
        engine.run("UPDATE v SET n = n + 1 WHERE id = 1", context())
    assert found[0].reads == {V: Reads({(1,): _columns("id", "n")})}
    assert found[0].writes == {V: {(1,): _columns("n")}}


# Routines


TRANSFER = """
CREATE PROCEDURE transfer(giver int, taker int, amount bigint) LANGUAGE plpgsql AS $$
DECLARE
    rest bigint;
BEGIN
    UPDATE t SET a = a - amount WHERE id = giver RETURNING a INTO rest;
    IF rest < 0 THEN
        RAISE EXCEPTION 'too much';
    END IF;
    UPDATE t SET a = a + amount WHERE id = taker;
END $$
"""


def test_a_transfer_is_two_rows_wherever_it_stands() -> None:
    found = _called(TRANSFER, "transfer", 1, 2, 5)
    assert found.reads == {T: Reads({(1,): _columns("id", "a"), (2,): _columns("id", "a")})}
    assert found.writes == {T: {(1,): _columns("a"), (2,): _columns("a")}}
    assert not found.situated
    script = _footprint("CALL transfer(1, 2, 5)", TRANSFER)
    assert script == found


def test_a_function_in_an_expression_reads_its_tables() -> None:
    function = "CREATE FUNCTION f(x int) RETURNS bigint LANGUAGE sql AS 'SELECT a FROM t WHERE id = x'"
    found = _footprint("INSERT INTO u VALUES (1, NULL, f(2)::int)", CHILD, function)
    assert found.reads[T] == Reads({(2,): _columns("id", "a")})


def test_what_a_handler_rolls_back_is_no_write_but_was_read() -> None:
    found = _called(
        """
        CREATE PROCEDURE f() LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE t SET c = 1 WHERE id = 1;
            BEGIN
                UPDATE t SET b = 'x' WHERE id = 1;
                INSERT INTO t VALUES (2, 1);
            EXCEPTION WHEN unique_violation THEN
                UPDATE t SET a = length(b) WHERE id = 1;
            END;
        END $$
        """,
        "f",
    )
    assert found.writes == {T: {(1,): _columns("a", "c")}}
    assert found.reads == {T: Reads({(1,): _columns("id", "b"), (2,): _columns("id")})}


def test_an_insertion_whose_key_the_text_does_not_tell_and_that_fails_is_a_search() -> None:
    routine = """
        CREATE PROCEDURE f() LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO t VALUES ((SELECT min(n) FROM u), 1);
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END $$
        """
    taken = _called(f"{CHILD}; INSERT INTO u VALUES (1, NULL, 2); {routine}", "f")
    assert taken.reads == {T: Reads({}, _columns("id")), U: Reads({}, _columns("id", "n"))}
    free = _called(f"{CHILD}; INSERT INTO u VALUES (1, NULL, 8); {routine}", "f")
    assert free.reads == {T: Reads({(8,): _columns("id")}), U: Reads({}, _columns("id", "n"))}


@pytest.mark.parametrize(
    "value", ["current_timestamp::text", "aergo_height()::text", "aergo_branch()", "now()::date::text"]
)
def test_who_asks_for_the_time_the_height_or_the_branch_is_situated(value: str) -> None:
    assert _footprint(f"UPDATE t SET b = {value} WHERE id = 1").situated
    routine = f"CREATE PROCEDURE f() LANGUAGE plpgsql AS $$ DECLARE x text; BEGIN x := {value}; END $$"
    assert _called(routine, "f").situated
    outer = "CREATE PROCEDURE g() LANGUAGE plpgsql AS $$ BEGIN CALL f(); END $$"
    assert _called(f"{routine}; {outer}", "g").situated
    function = f"CREATE FUNCTION f(x int) RETURNS text LANGUAGE sql AS $$ SELECT {value} $$"
    assert _footprint("SELECT f(id) FROM t", function).situated
    assert _footprint("CALL g()", routine, outer).situated


def test_the_user_and_the_transaction_are_the_same_everywhere() -> None:
    assert not _footprint("UPDATE t SET b = current_user || aergo_transaction() WHERE id = 1").situated


def test_a_footprint_does_not_grow_when_its_transaction_goes_on() -> None:
    engine = _engine()
    with engine.record() as recorder, engine.transaction():
        engine.run("UPDATE t SET a = 1 WHERE id = 1", context())
        first = recorder.footprint({})
        engine.run("UPDATE t SET a = 1 WHERE id = 2", context())
        second = recorder.footprint({})
    assert (first.writes[T].keys(), first.reads[T].rows.keys()) == ({(1,)}, {(1,)})
    assert (second.writes[T].keys(), second.reads[T].rows.keys()) == ({(1,), (2,)}, {(1,), (2,)})


def test_recording_ends_with_its_transaction() -> None:
    engine = _engine()
    with _recorded(engine) as first:
        engine.run("UPDATE t SET a = 1 WHERE id = 1", context())
    engine.run("UPDATE t SET a = 2 WHERE id = 2", context())
    with _recorded(engine) as second:
        engine.run("UPDATE t SET a = 3 WHERE id = 3", context())
    assert first[0].writes == {T: {(1,): _columns("a")}}
    assert second[0].writes == {T: {(3,): _columns("a")}}
    assert second[0].reads == {T: Reads({(3,): _columns("id")})}
