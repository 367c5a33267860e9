"""The ledger machine against a plain model, and the fast path of loads against the slow one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from forgery import seed_of
from hypothesis import given, settings
from hypothesis import strategies as st

from aergo_vc.base.ids import BlockId, BranchName, ChainId, EntityName, ObjectId, TableName
from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.keys.signer import seed_signer
from aergo_vc.ledger.building import execute_all
from aergo_vc.ledger.errors import ChangedColumnsError
from aergo_vc.ledger.machine import BlockContext, BlockExecution, Machine, Submission, TransactionOutcome
from aergo_vc.ledger.payloads import LoadTrees, keys_only
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.transactions import Load, LoadMode, Payload
from aergo_vc.model.types import Row
from aergo_vc.objects.dulwich_store import MemoryStore
from aergo_vc.objects.pack_writer import MemoryWriter
from aergo_vc.repository.submitting import signed
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.state.checking import check_tree
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.snapshot import Root
from aergo_vc.state.twins import MemoryTwins

SIGNER = seed_signer(seed_of("alice"))
MAIN, CHAIN = BranchName("main"), ChainId("c" * 64)
TABLE = TableName("public.t")
COLUMNS = ("k", "v")
CREATE = "CREATE TABLE t (k int PRIMARY KEY, v text)"


def _machine(object_format: ObjectFormat = ObjectFormat.SHA1) -> Machine:
    objects = MemoryWriter(MemoryStore(object_format))
    nodes = NodeStore(objects, MemoryTwins(), object_format.id_bytes)
    return Machine(Engine(None), objects, nodes, lambda _branch, _engine: None)


def _context(height: int) -> BlockContext:
    return BlockContext(MAIN, CHAIN, height, 1_700_000_000_000 + height)


def _submission(number: int, script: str = "", *loads: tuple[Load, LoadTrees]) -> Submission:
    payload = Payload(
        branch=MAIN,
        chain=CHAIN,
        key=SIGNER.public_key,
        loads=tuple(load for load, _ in loads),
        nonce=f"{number:032x}",
        recent=BlockId(CHAIN),
        signer=EntityName("alice"),
        sql=script,
    )
    return signed(SIGNER, payload), tuple(trees for _, trees in loads)


def _load(
    machine: Machine, rows: list[Row], gone: list[int] | None = None, mode: LoadMode = LoadMode.UPSERT
) -> tuple[Load, LoadTrees]:
    """A load into the table t, which must exist."""
    table = machine.catalog.tables[TABLE]
    written = machine.tree(table).build(sorted(rows))
    deleted = machine.tree(keys_only(table)).build([(key,) for key in sorted(gone or [])])
    roots = [None if node is None else Root(node.id, node.digest) for node in (written, deleted)]
    digests = [None if root is None else root.digest for root in roots]
    return Load(TABLE, COLUMNS, mode, *digests), LoadTrees(*roots)


def _tree_rows(machine: Machine) -> list[Row]:
    """The rows of t as its tree has them; the tree is canonical and says what the engine says."""
    table = machine.catalog.tables.get(TABLE)
    if table is None:
        return []
    root = machine.root(TABLE)
    rows = list(machine.tree(table).rows(root))
    if root is not None:
        assert check_tree(machine.tree(table), root) == len(rows)
    assert rows == sorted(machine.engine.rows(TABLE))
    return rows


ROWS = st.dictionaries(st.integers(-5, 5), st.sampled_from(["a", "b", None]), min_size=1, max_size=6)
STEPS = st.one_of(
    st.tuples(st.just("load"), ROWS, st.sampled_from(list(LoadMode))),
    st.tuples(st.just("two loads"), ROWS, ROWS),
    st.tuples(st.just("replace"), ROWS, st.sets(st.integers(-5, 5))),
    st.tuples(st.just("insert"), st.integers(-5, 5), st.sampled_from("ab")),
    st.tuples(st.just("update"), st.integers(-5, 5), st.sampled_from("ab")),
    st.tuples(st.just("delete"), st.integers(-5, 5), st.just("")),
    st.tuples(st.just("clear"), st.just(0), st.just("")),
    st.tuples(st.just("again"), st.just(0), st.just("")),
    st.tuples(st.just("insert, clear and load"), ROWS, st.just("")),
    st.tuples(st.just("fails late"), st.integers(-5, 5), st.just("")),
)
BLOCKS = st.lists(st.lists(STEPS, min_size=1, max_size=4), min_size=1, max_size=5)
Model = dict[int, object]


def _apply(model: Model, step: tuple[str, object, object]) -> Model | None:  # noqa: PLR0911 - one a step
    """What a step makes of the table; None where it must fail."""
    kind, first, second = step
    new = dict(model)
    if kind == "load":
        if second is LoadMode.APPEND and first.keys() & model.keys():  # type: ignore[attr-defined]
            return None
        return new | first  # type: ignore[operator]
    if kind == "two loads":
        return new | first | second  # type: ignore[operator]
    if kind == "replace":
        return {key: value for key, value in new.items() if key not in second} | first  # type: ignore[operator]
    if kind == "insert":
        return None if first in model else new | {first: second}  # type: ignore[dict-item]
    if kind == "update":
        return new | ({first: second} if first in model else {})  # type: ignore[dict-item]
    if kind == "delete":
        new.pop(first, None)  # type: ignore[call-overload]
        return new
    if kind in ("clear", "again"):
        return {}
    if kind == "insert, clear and load":
        return dict(first)  # type: ignore[call-overload]
    return None


def _step(machine: Machine, number: int, step: tuple[str, object, object]) -> Submission:
    kind, first, second = step

    def load(rows: object, gone: object = (), mode: LoadMode = LoadMode.UPSERT) -> tuple[Load, LoadTrees]:
        return _load(machine, list(rows.items()), list(gone), mode)  # type: ignore[attr-defined, call-overload]

    if kind == "load":
        return _submission(number, "", load(first, mode=second))  # type: ignore[arg-type]
    if kind == "two loads":
        return _submission(number, "", load(first), load(second))
    if kind == "replace":
        return _submission(number, "", load(first, second))
    if kind == "insert, clear and load":
        return _submission(number, "INSERT INTO t VALUES (99, 'z'); DELETE FROM t", load(first))
    return _submission(
        number,
        {
            "insert": f"INSERT INTO t VALUES ({first}, '{second}')",
            "update": f"UPDATE t SET v = '{second}' WHERE k = {first}",
            "delete": f"DELETE FROM t WHERE k = {first}",
            "clear": "DELETE FROM t",
            "again": f"DROP TABLE t; {CREATE}",
            "fails late": f"DELETE FROM t; INSERT INTO t VALUES ({first}, 'x'); SELECT 1/0",
        }[kind],
    )


@settings(max_examples=120)
@given(BLOCKS, st.sampled_from(list(ObjectFormat)))
def test_blocks_of_scripts_and_loads_do_to_the_trees_what_they_do_to_a_dictionary(
    blocks: list[list[tuple[str, object, object]]], object_format: ObjectFormat
) -> None:
    machine = _machine(object_format)
    execute_all(machine, _context(0), [_submission(0, CREATE)])
    model: Model = {}
    number = 0
    history: list[list[Submission]] = []
    roots = []
    for height, steps in enumerate(blocks, start=1):
        submissions = []
        for step in steps:
            number += 1
            submissions.append(_step(machine, number, step))
        expected = []
        for step, (transaction, _) in zip(steps, submissions, strict=True):
            after = _apply(model, step)
            if after is not None:
                model = after
                expected.append(transaction.id)
        executed = execute_all(machine, _context(height), submissions)
        assert [transaction.id for transaction, _ in executed.included] == expected
        assert _tree_rows(machine) == sorted(model.items())
        history.append(submissions)
        roots.append((executed.state.root.digest, [outcome.receipt for outcome in executed.outcomes]))
    again = _replayed(machine, history)
    assert again == roots
    assert _fresh_tree(machine, model) == machine.digests.get(TABLE)


def _replayed(machine: Machine, history: list[list[Submission]]) -> list[object]:
    """The same blocks on a fresh engine over the same objects."""
    other = Machine(Engine(None), machine.objects, machine.nodes, machine.guard)
    execute_all(other, _context(0), [_submission(0, CREATE)])
    found: list[object] = []
    for height, submissions in enumerate(history, start=1):
        executed = execute_all(other, _context(height), submissions)
        found.append((executed.state.root.digest, [outcome.receipt for outcome in executed.outcomes]))
    return found


def _fresh_tree(machine: Machine, model: Model) -> object:
    """The digest of the tree of the model's rows, built at once: whatever led to them (design D2)."""
    root = machine.tree(machine.catalog.tables[TABLE]).build(sorted(model.items()))
    return None if root is None else root.digest


@contextmanager
def _block(machine: Machine) -> Iterator[BlockExecution]:
    with machine.block(_context(1)) as execution:
        yield execution


def _with_table() -> Machine:
    machine = _machine()
    execute_all(machine, _context(0), [_submission(0, CREATE)])
    return machine


def test_rows_loaded_into_an_empty_table_are_the_payloads_very_tree() -> None:
    machine = _with_table()
    load, trees = _load(machine, [(number, str(number)) for number in range(1_000)])
    execute_all(machine, _context(1), [_submission(1, "", (load, trees))])
    root = machine.root(TABLE)
    assert root is not None
    assert trees.rows == Root(root.id, root.digest)
    assert len(_tree_rows(machine)) == 1_000


def test_the_fast_path_and_the_slow_one_give_one_root() -> None:
    rows: list[Row] = [(number, str(number)) for number in range(300)]
    roots = set()
    for script in ("", "INSERT INTO t VALUES (-1, 'x'); DELETE FROM t WHERE k = -1"):
        machine = _with_table()
        roots.add(execute_all(machine, _context(1), [_submission(1, script, _load(machine, rows))]).state.root.digest)
    machine = _with_table()
    values = ", ".join(f"({key}, '{value}')" for key, value in rows)
    roots.add(execute_all(machine, _context(1), [_submission(1, f"INSERT INTO t VALUES {values}")]).state.root.digest)
    assert len(roots) == 1


SPELLINGS = st.sampled_from(["1", "1.0", "1.00", "2.5", "2.50"])
DECIMAL_STEPS = st.one_of(
    st.builds("INSERT INTO d VALUES ({}, 'a') ON CONFLICT DO NOTHING".format, SPELLINGS),
    st.builds("UPDATE d SET k = {0} WHERE k = {0}".format, SPELLINGS),
    st.builds("UPDATE d SET v = '{}', k = k + 0.00".format, st.sampled_from("ab")),
    st.builds("DELETE FROM d WHERE k = {}".format, SPELLINGS),
)


@given(st.lists(st.lists(DECIMAL_STEPS, min_size=1, max_size=3).map("; ".join), min_size=1, max_size=6))
def test_keys_that_are_equal_and_spelled_differently_are_one_row_of_a_block(scripts: list[str]) -> None:
    submissions = [_submission(number, script) for number, script in enumerate(scripts, 1)]
    together, one_by_one = _machine(), _machine()
    for machine in (together, one_by_one):
        execute_all(machine, _context(0), [_submission(0, "CREATE TABLE d (k numeric PRIMARY KEY, v text)")])
    execute_all(together, _context(1), submissions)
    for submission in submissions:
        execute_all(one_by_one, _context(1), [submission])
    assert together.snapshot == one_by_one.snapshot
    name = TableName("public.d")
    rows = list(together.tree(together.catalog.tables[name]).rows(together.root(name)))
    assert rows == list(together.engine.rows(name))


def test_a_block_that_is_not_finished_or_that_breaks_off_leaves_no_trace() -> None:
    machine = _with_table()
    before = machine.snapshot
    with _block(machine) as execution:
        execution.execute(*_submission(1, "INSERT INTO t VALUES (1, 'a')"))
    with pytest.raises(KeyError):
        _break_off(machine)
    assert machine.snapshot == before
    assert list(machine.catalog.tables) == [TABLE]
    assert _tree_rows(machine) == []


def _break_off(machine: Machine) -> None:
    with _block(machine) as execution:
        execution.execute(*_submission(2, "INSERT INTO t VALUES (2, 'a'); CREATE TABLE u (a int PRIMARY KEY)"))
        raise KeyError


def test_a_load_for_other_columns_than_the_table_has_fails() -> None:
    machine = _with_table()
    load, trees = _load(machine, [(1, "a")])
    executed = execute_all(
        machine,
        _context(1),
        [
            _submission(1, "", (replace(load, columns=("v", "k")), trees)),
            _submission(2, "ALTER TABLE t RENAME COLUMN v TO w", (load, trees)),
            _submission(3, "DROP TABLE t", (load, trees)),
        ],
    )
    assert [type(exclusion.reason) for exclusion in executed.excluded] == [ChangedColumnsError] * 3
    assert executed.included == ()


def test_f12_rows_cut_or_ordered_otherwise_than_they_demand_are_refused() -> None:
    machine = _with_table()
    _, trees = _load(machine, [(number, str(number)) for number in range(400)])
    assert trees.rows is not None
    tree = machine.tree(machine.catalog.tables[TABLE])
    directory = machine.nodes.read_directory(
        machine.nodes.read_root(trees.rows.id, trees.rows.digest, tree.first_code), tree.first_code
    )
    first, second = (machine.nodes.read_chunk(node).splitlines(keepends=True) for node in directory.nodes[:2])
    rest = directory.nodes[2:]
    codes = tree.codes_of_stored(tree.reader.decode(b"".join(first)))
    moved = [
        machine.nodes.write_chunk(directory.nodes[0].first, b"".join(first[:-1])),
        machine.nodes.write_chunk(codes[-1], first[-1] + b"".join(second)),
    ]
    swapped = machine.nodes.write_chunk(directory.nodes[0].first, first[0] + b"".join(first[:0:-1]))
    for nodes in ((*moved, *rest), (swapped, *directory.nodes[1:])):
        bad = machine.nodes.write_directory(replace(directory, nodes=nodes))
        load = Load(TABLE, COLUMNS, LoadMode.UPSERT, bad.digest, None)
        submission = _submission(1, "", (load, LoadTrees(Root(ObjectId(bad.id), bad.digest), None)))
        executed = execute_all(machine, _context(1), [submission])
        assert [exclusion.reason.code for exclusion in executed.excluded] == ["E_TABLE_TREE"]


def test_a_recorded_transaction_stays_as_one_that_is_executed() -> None:
    plain, recording = _machine(), _machine()
    scripts = (CREATE, "INSERT INTO t VALUES (1, 'a'), (2, 'b')", "UPDATE t SET v = 'c' WHERE k = 2", "DELETE FROM t")
    for height, script in enumerate(scripts):
        with plain.block(_context(height)) as block:
            outcome = block.execute(*_submission(height, script))
            root = block.finish().root
        with recording.block(_context(height)) as block:
            recorded = block.record(*_submission(height, script))
            assert block.finish().root == root
        assert recorded.outcome == outcome
        assert recorded.is_kept
        assert recorded.footprint.defines == (script == CREATE)
    assert recorded.footprint.writes == {TABLE: {(1,): frozenset("kv"), (2,): frozenset("kv")}}


def test_a_recorded_transaction_that_is_not_accepted_leaves_nothing() -> None:
    machine = _machine()
    seen = []

    def refuse(outcome: TransactionOutcome, footprint: Footprint) -> bool:
        seen.append((outcome.receipt.rows[TABLE].inserted, footprint.changes[TABLE][1,].after))
        return False

    with machine.block(_context(1)) as block:
        block.execute(*_submission(1, CREATE))
        recorded = block.record(*_submission(2, "INSERT INTO t VALUES (1, 'a')"), refuse)
        assert not recorded.is_kept
        loaded = block.record(*_submission(3, "", _load(machine, [(1, "b")])), refuse)
        assert loaded.footprint.writes == {TABLE: {(1,): frozenset("kv")}}
        block.record(*_submission(4, "INSERT INTO t VALUES (2, 'c')"))
        block.finish()
    assert seen == [(1, (1, "a")), (1, (1, "b"))]
    assert _tree_rows(machine) == [(2, "c")]


def test_a_recorded_transaction_is_asked_about_only_when_it_breaks_no_rule() -> None:
    machine = _machine()

    def refuse(_outcome: TransactionOutcome, _footprint: Footprint) -> bool:
        raise AssertionError("there is nothing to decide")

    with machine.block(_context(1)) as block:
        block.execute(*_submission(1, CREATE + "; CREATE TABLE u (k int PRIMARY KEY REFERENCES t)"))
        for script in ("INSERT INTO u VALUES (1)", "SELECT 1/0"):
            with pytest.raises(SqlError):
                block.record(*_submission(2, script), refuse)
        block.execute(*_submission(3, "INSERT INTO t VALUES (2, 'c')"))
        block.finish()
    assert _tree_rows(machine) == [(2, "c")]
