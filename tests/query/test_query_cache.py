"""The cache of query files: what moves costs what changed, and every way to a state shows the same rows."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from query_states import States, make_table

from aergo_vc.base.ids import TableName
from aergo_vc.model.changes import RowChange
from aergo_vc.model.types import Kind, Row
from aergo_vc.query.errors import QueryCacheError, QueryLoadError
from aergo_vc.query.session import QuerySession
from aergo_vc.query.state import QueryState, QueryTable
from aergo_vc.state.editing import apply_changes
from aergo_vc.state.table_tree import TableTree

TABLE = make_table("public.t", {"id": Kind.INTEGER, "v": Kind.NUMERIC}, ["id"])
MANY = [(n, str(n)) for n in range(20_000)]


def shown(table: QueryTable, folder: Path, line: str | None = "main") -> list[Row]:
    """The rows that a session shows."""
    with QuerySession(QueryState({TABLE.name: table}, line=line), folder) as session:
        return list(session.query("SELECT id, v, typeof(v) FROM t ORDER BY id").rows())


def expected(rows: Sequence[Row]) -> list[Row]:
    """What a session is to show of rows: numerics of one scale."""
    scale = max((len(str(value).partition(".")[2]) for _, value in rows), default=0)
    return [(key, _with_scale(str(value), scale), f"DECIMAL(38,{scale})") for key, value in sorted(rows)]


def _with_scale(value: str, scale: int) -> str:
    whole, _, fraction = value.partition(".")
    return f"{whole}.{fraction.ljust(scale, '0')}" if scale else whole


def edited(states: States, table: QueryTable, changes: dict[Row, RowChange]) -> QueryTable:
    """The table after changes."""
    tree = TableTree(states.store(), TABLE)
    return states.at(TABLE, apply_changes(tree, table.node, changes))


def test_the_next_block_costs_the_chunks_that_changed(tmp_path: Path) -> None:
    states = States()
    first = states.table(TABLE, MANY)
    shown(first, tmp_path / "q")
    second = edited(states, first, {(7,): RowChange((7, "7"), (7, "-1.5")), (30_000,): RowChange(None, (30_000, "2"))})
    states.objects.reads = 0
    after = [(n, "-1.5" if n == 7 else value) for n, value in MANY] + [(30_000, "2")]
    assert shown(second, tmp_path / "q") == expected(after)
    assert states.objects.reads <= 4
    assert len(list((tmp_path / "q").glob("*.duckdb"))) == 1


def test_a_state_that_was_shown_is_not_read_again(tmp_path: Path) -> None:
    states = States()
    table = states.table(TABLE, MANY)
    shown(table, tmp_path / "q")
    states.objects.reads = 0
    assert shown(table, tmp_path / "q") == expected(MANY)
    assert states.objects.reads == 0


def test_another_block_is_shown_beside_the_newest(tmp_path: Path) -> None:
    states = States()
    old = states.table(TABLE, MANY)
    new = edited(states, old, {(7,): RowChange((7, "7"), None)})
    shown(new, tmp_path / "q")
    states.objects.reads = 0
    assert shown(old, tmp_path / "q", line=None) == expected(MANY)
    assert 0 < states.objects.reads <= 2
    assert shown(new, tmp_path / "q") == expected([row for row in MANY if row[0] != 7])
    assert states.objects.reads <= 2


@settings(max_examples=4)
@given(
    steps=st.lists(
        st.dictionaries(
            st.integers(0, 400),
            st.none() | st.tuples(st.integers(-999, 999), st.integers(0, 99)).map(lambda v: f"{v[0]}.{v[1]:02d}"),
            min_size=1,
            max_size=60,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_moved_file_shows_what_a_new_one_would(
    steps: list[dict[int, str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    states = States()
    folder = tmp_path_factory.mktemp("moving") / "q"
    model = {n: str(n) for n in range(0, 400, 2)}
    for step in steps:
        model |= {key: value for key, value in step.items() if value is not None}
        model = {key: value for key, value in model.items() if step.get(key, "") is not None}
        rows = list(model.items())
        assert shown(states.table(TABLE, rows), folder) == expected(rows)


def test_a_moved_file_forgets_tables_that_went_and_takes_up_those_that_came(tmp_path: Path) -> None:
    states = States()
    other = make_table("public.other", {"id": Kind.TEXT}, ["id"])
    third = make_table("public.third", {"id": Kind.TEXT, "n": Kind.INTEGER}, ["id"])
    t = states.table(TABLE, [(1, "1")])
    blocks = [
        {TABLE.name: t, other.name: states.table(other, [("a",)])},
        {TABLE.name: t, third.name: states.table(third, [("b", 1)])},
        {TABLE.name: t, other.name: states.table(other, [("c",)]), third.name: states.table(third, [])},
    ]
    answers = []
    for tables in blocks:
        with QuerySession(QueryState(tables, line="main"), tmp_path / "q") as session:
            names = [row[0] for row in session.query("SHOW TABLES").rows()]
            answers.append({name: list(session.query(f"FROM {name}").rows()) for name in names})
    assert answers == [
        {"other": [("a",)], "t": [(1, "1")]},
        {"t": [(1, "1")], "third": [("b", 1)]},
        {"other": [("c",)], "t": [(1, "1")], "third": []},
    ]


def test_a_column_of_another_type_is_loaded_anew(tmp_path: Path) -> None:
    states = States()
    as_text = make_table("public.t", {"id": Kind.INTEGER, "v": Kind.TEXT}, ["id"])
    assert shown(states.table(TABLE, [(1, "1.50")]), tmp_path / "q") == [(1, "1.50", "DECIMAL(38,2)")]
    assert shown(states.table(as_text, [(1, "1.50")]), tmp_path / "q") == [(1, "1.50", "VARCHAR")]


def test_a_state_whose_predecessor_git_has_dropped_is_loaded_anew(tmp_path: Path) -> None:
    states = States()
    first = states.table(TABLE, MANY)
    shown(first, tmp_path / "q")
    later = States()
    rows = [*MANY[:500], (90_000, "1")]
    assert shown(later.table(TABLE, rows), tmp_path / "q") == expected(rows)


def test_a_reader_keeps_its_state_while_the_line_moves_on(tmp_path: Path) -> None:
    states = States()
    first = states.table(TABLE, MANY)
    with QuerySession(QueryState({TABLE.name: first}, line="main"), tmp_path / "q") as reader:
        reader.open()
        second = edited(states, first, {(7,): RowChange((7, "7"), None)})
        assert len(shown(second, tmp_path / "q")) == len(MANY) - 1
        assert list(reader.query("SELECT count(*) FROM t").rows()) == [(len(MANY),)]
    assert shown(first, tmp_path / "q") == expected(MANY)


def test_what_a_crashed_session_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "q" / "scratch-left"
    table = States().table(TABLE, [(1, "1")])
    shown(table, tmp_path / "q")
    left.mkdir()
    (left / "segment").write_bytes(b"x")
    shown(table, tmp_path / "q")
    assert sorted(path.suffix for path in (tmp_path / "q").iterdir()) == ["", ".duckdb", ".json"]


def test_few_files_are_kept(tmp_path: Path) -> None:
    states = States()
    for number in range(7):
        shown(states.table(TABLE, [(number, "1")]), tmp_path / "q", line=None)
    assert len(list((tmp_path / "q").glob("*.duckdb"))) == 4


def test_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "q"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(QueryCacheError, match="others"):
        QuerySession(QueryState({}), folder)
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(QueryCacheError, match="directory"):
        QuerySession(QueryState({}), folder)


def test_a_file_that_does_not_hold_what_its_stamp_says_is_built_anew(tmp_path: Path) -> None:
    states = States()
    first = states.table(TABLE, MANY)
    shown(first, tmp_path / "q")
    other = states.table(TABLE, [(n, "5") for n in range(20_000)])
    (stamp,) = (tmp_path / "q").glob("*.json")
    assert first.root is not None
    assert other.root is not None
    said = stamp.read_text().replace(first.root.id, other.root.id).replace(first.root.digest, other.root.digest)
    stamp.write_text(said)
    after = [(n, "6" if n == 7 else "5") for n in range(20_000)]
    assert shown(edited(states, other, {(7,): RowChange((7, "5"), (7, "6"))}), tmp_path / "q") == expected(after)


def test_rows_that_are_no_values_of_their_types_are_told_and_nothing_runs(tmp_path: Path) -> None:
    table = make_table("public.d", {"id": Kind.INTEGER, "day": Kind.DATE}, ["id"])
    state = QueryState({table.name: States().table(table, [(1, "2024-02-31")])})
    with QuerySession(state, tmp_path / "q") as session:
        for _ in range(2):
            with pytest.raises(QueryLoadError, match="2024-02-31"):
                session.query("SELECT 1")
    assert list((tmp_path / "q").glob("*.duckdb")) == []


def test_a_state_without_tables_can_be_asked(tmp_path: Path) -> None:
    with QuerySession(QueryState({}), tmp_path / "q") as session:
        assert list(session.query("SELECT 1").rows()) == [(1,)]
        assert session.open() == dict[TableName, str]()
