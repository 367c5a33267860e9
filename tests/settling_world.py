"""Merges in memory: a plain lost-update rule over real machines, with the logic under test for what it finds."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from forgery import seed_of

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BlockId, BranchName, ChainId, EntityName, TableName, TransactionId
from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.keys.signer import seed_signer
from aergo_vc.ledger.machine import BlockContext, Machine, Submission, TransactionOutcome
from aergo_vc.merging.conflicts import Conflict
from aergo_vc.merging.deciding import LOST_UPDATE, READ_CHANGED
from aergo_vc.merging.settling import Inconsistency, Settler
from aergo_vc.merging.source_rows import SourceRows
from aergo_vc.model.changes import Key
from aergo_vc.model.footprints import Columns, Footprint, blind_writes
from aergo_vc.model.transactions import Payload, Refusal
from aergo_vc.model.types import Row
from aergo_vc.objects.dulwich_store import MemoryStore
from aergo_vc.objects.pack_writer import MemoryWriter
from aergo_vc.repository.submitting import signed
from aergo_vc.sql.engine import Engine
from aergo_vc.sql.errors import SqlError
from aergo_vc.state.nodes import NodeStore
from aergo_vc.state.twins import MemoryTwins

MAIN, CHAIN = BranchName("main"), ChainId("c" * 64)
SIGNER = seed_signer(seed_of("alice"))
START = 1_700_000_000_000

End = TransactionOutcome | Refusal | Conflict
"""What became of a transaction."""

State = dict[TableName, dict[Key, Row]]


@dataclass
class Changed:
    """A `TargetChanges`: two states, compared whole."""

    old: State
    new: State
    columns_of: dict[TableName, Columns]

    def columns(self, table: TableName, key: Key) -> Columns:
        before, after = self.old.get(table, {}).get(key), self.new.get(table, {}).get(key)
        if before is None or after is None:
            return frozenset() if before == after else self.columns_of[table]
        names = sorted(self.columns_of[table], key=self._order[table].index)
        return frozenset(name for name, one, other in zip(names, before, after, strict=True) if one != other)

    def before(self, table: TableName, key: Key) -> Row | None:
        return self.old.get(table, {}).get(key)

    def reads_changed(self, footprint: Footprint, but_for: Collection[tuple[TableName, Key]] = ()) -> Refusal | None:
        for table, reads in footprint.reads.items():
            for key in self.old.get(table, {}).keys() | self.new.get(table, {}).keys():
                read = reads.rows.get(key, frozenset()) | (reads.scanned or frozenset())
                if (table, key) not in but_for and read & self.columns(table, key):
                    return Refusal(READ_CHANGED, f"it read {table} {key}")
        return None

    _order: dict[TableName, list[str]] = field(default_factory=dict)


def machine() -> Machine:
    objects = MemoryWriter(MemoryStore(ObjectFormat.SHA1))
    nodes = NodeStore(objects, MemoryTwins(), 20)
    return Machine(Engine(None), objects, nodes, lambda _branch, _engine: None)


def submission(number: int, script: str) -> Submission:
    payload = Payload(
        branch=MAIN, chain=CHAIN, key=SIGNER.public_key, loads=(), nonce=f"{number:032x}", recent=BlockId(CHAIN),
        signer=EntityName("alice"), sql=script,
    )  # fmt: skip
    return signed(SIGNER, payload), ()


def context(height: int) -> BlockContext:
    return BlockContext(MAIN, CHAIN, height, START + height)


def state_of(one: Machine) -> State:
    return {
        name: {tuple(row[place] for place in table.key_positions): row for row in one.engine.rows(name)}
        for name, table in one.catalog.tables.items()
    }


def _run(one: Machine, height: int, scripts: Sequence[str]) -> list[tuple[Submission, Footprint]]:
    done = []
    with one.block(context(height)) as execution:
        for number, script in enumerate(scripts):
            made = submission(height * 1_000 + number, script)
            done.append((made, execution.record(*made).footprint))
        execution.finish()
    return done


@dataclass
class Merged:
    """A merge: what became of each transaction, and the rows afterwards."""

    ends: list[End]
    state: State

    def rows(self, table: str) -> list[Row]:
        return sorted(self.state[TableName(f"public.{table}")].values(), key=repr)


def merge(
    settle: str,
    base: Sequence[str],
    ours: Sequence[str],
    theirs: Sequence[str],
    *,
    source_is_newer: bool = False,
    resolved: dict[TransactionId, TransactionId] | None = None,
) -> Merged:
    """Merge a source that ran `theirs` into a target that ran `ours`, both on top of `base`."""
    target, source = machine(), machine()
    for one in (target, source):
        _run(one, 0, base)
    before = state_of(target)
    _run(target, 1, ours)
    candidates = _run(source, 2, theirs)
    order = {name: [column.name for column in table.columns] for name, table in target.catalog.tables.items()}
    changed = Changed(before, state_of(target), {name: frozenset(names) for name, names in order.items()}, order)
    made_there = SourceRows(lambda: ((-1, one[0].id, footprint) for one, footprint in candidates))
    written = START + (0 if source_is_newer else 9)
    settler = Settler(settle, target, lambda _table, _key: written, made_there, resolved or {})
    ends: list[End] = []
    with target.block(context(3)) as execution:
        for made, footprint in candidates:
            reason = _blind(footprint, changed)
            if reason is None:
                try:
                    ends.append(execution.execute(*made))
                    continue
                except AergoError as error:
                    code = error.sqlstate if isinstance(error, SqlError) else error.code
                    reason = (Refusal(code, error.message), "")
            ends.append(settler.settle(execution, Inconsistency(made, *reason, footprint, changed, START + 5)))
        execution.finish()
    return Merged(ends, state_of(target))


def _blind(footprint: Footprint, changed: Changed) -> tuple[Refusal, str] | None:
    for table, rows in sorted(blind_writes(footprint).items()):
        for key, columns in rows.items():
            if both := columns & changed.columns(table, key):
                cell = f"{table}.{min(both)}"
                return Refusal(LOST_UPDATE, f"{cell} of {key} would be lost"), cell
    return None
