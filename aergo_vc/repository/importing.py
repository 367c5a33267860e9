"""Import tabular files: what a table has to become is compared with what it is, and the difference is a transaction."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import Digest, TableName
from aergo_vc.base.names import table_name
from aergo_vc.codec.identifiers import quote_identifier, quote_qualified
from aergo_vc.codec.schema_text import schema_text
from aergo_vc.ledger.machine import BlockExecution, Machine
from aergo_vc.ledger.payloads import LoadTrees, keys_only
from aergo_vc.model.inference import choose_key, convert, infer_and_convert, widest
from aergo_vc.model.schema import DEFAULT_CONTRACT, HIDDEN_KEY, Catalog, Column, Table
from aergo_vc.model.tabular import TabularData
from aergo_vc.model.transactions import Load, LoadMode
from aergo_vc.model.types import ColumnType, Kind, Row, Value
from aergo_vc.repository.import_memory import ImportMemory
from aergo_vc.repository.submitting import Draft
from aergo_vc.repository.transfer import UserFile
from aergo_vc.state.comparing import replacement
from aergo_vc.state.nodes import Node
from aergo_vc.state.snapshot import Root
from aergo_vc.state.table_tree import DuplicateKeyError, TableTree


class ImportMode(StrEnum):
    """What a file means: all rows of its table, rows to write, or rows to add."""

    REPLACE = "replace"
    UPSERT = "upsert"
    APPEND = "append"


class ColumnsDifferError(InputError):
    """A file's columns are not those of its table."""

    code = "E_FILE_COLUMNS"


class KeyNotUniqueError(InputError):
    """Two rows of a file have the same key, or one has none."""

    code = "E_FILE_KEY"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How files are imported.  `key` names the key columns of a table to be made; empty leaves the choice to us."""

    mode: ImportMode = ImportMode.REPLACE
    key: tuple[str, ...] = ()
    widen: bool = False


@dataclass(frozen=True)
class TabularFile:
    """A file and the table that it is for; it is parsed when its rows are asked for."""

    table: TableName
    file: UserFile

    @cached_property
    def data(self) -> TabularData:
        """The file's rows; raises the subclasses of BadFile."""
        return self.file.parse()

    @cached_property
    def inferred(self) -> tuple[tuple[ColumnType, ...], tuple[Sequence[Value], ...]]:
        """The types that the columns have in a new table, and their values; raises as `data` does."""
        return infer_and_convert(self.data)


def table_of_file(path: Path) -> TableName:
    """The table that a file is named for: the file's name up to its first dot, in lower case, ``-`` becoming ``_``."""
    stem = path.name.partition(".")[0].lower().replace("-", "_").replace(" ", "_")
    return table_name(f"{DEFAULT_CONTRACT}.{stem}")


def full_table_name(text: str) -> TableName:
    """`text` as a table's name; without a contract it is in the default one."""
    return table_name(text if "." in text else f"{DEFAULT_CONTRACT}.{text}")


class Importer:
    """Turns files into the draft of one transaction."""

    def __init__(self, files: Sequence[TabularFile], options: ImportOptions, nonce: str, memory: ImportMemory) -> None:
        self._files = files
        self._options = options
        self._nonce = nonce
        self._memory = memory
        self._ordinal = 0

    def __call__(self, execution: BlockExecution, machine: Machine) -> Draft | None:
        """The draft at the state that `execution` has come to; None if every table is as its file says."""
        _, roots = execution.peek()
        script: list[str] = []
        loads: list[Load] = []
        trees: list[LoadTrees] = []
        for file in self._files:
            known = machine.catalog.tables.get(file.table)
            if known is not None and self._is_known(file, known, roots.get(file.table)):
                continue
            table, statements = self._define(file, known)
            script += statements
            root = roots.get(file.table) if known is not None else None
            columns = file.inferred[1] if known is None else self._converted(file, known=table)
            rows = self._rows(file, table, columns)
            made = self._load(machine, file, table, root, rows, fresh=known is not None and bool(statements))
            if made is not None:
                loads.append(made[0])
                trees.append(made[1])
        if not script and not loads:
            self.landed({name: root.digest for name, root in roots.items()}, machine.catalog)
            return None
        return Draft("\n".join(script), tuple(loads), tuple(trees), self._nonce)

    def landed(self, roots: Mapping[TableName, Digest], catalog: Catalog) -> None:
        """Remember that these files are what their tables hold, if they replaced them; `roots` are digests."""
        if self._options.mode is not ImportMode.REPLACE:
            return
        for file in self._files:
            root, table = roots.get(file.table), catalog.tables.get(file.table)
            if root is not None and table is not None:
                self._memory.note(file.file.digest, schema_digest(table), root)

    def _is_known(self, file: TabularFile, table: Table, root: Node | None) -> bool:
        """Whether the very same file once gave the very rows that the table has now."""
        if self._options.mode is not ImportMode.REPLACE or root is None:
            return False
        return self._memory.recall(file.file.digest, schema_digest(table)) == root.digest

    def _define(self, file: TabularFile, known: Table | None) -> tuple[Table, list[str]]:
        """The table that the rows go into, and the statements that make it so."""
        if known is None:
            table = self._new_table(file)
            return table, [schema_text(Catalog(tables={table.name: table}), table.name.partition(".")[0]).rstrip("\n")]
        self._require_columns(file, known)
        return self._widened(file, known) if self._options.widen else (known, [])

    def _new_table(self, file: TabularFile) -> Table:
        data = file.data
        types, _ = file.inferred
        unknown = [name for name in self._options.key if name not in data.columns]
        if unknown:
            raise ColumnsDifferError(f"{data.source} has no column {unknown[0]} to be the key", column=unknown[0])
        key = self._options.key or choose_key(data, types)
        columns = tuple(
            Column(name, column_type, not_null=name in key)
            for name, column_type in zip(data.columns, types, strict=True)
        )
        if key:
            return Table(file.table, columns, key)
        hidden = Column(HIDDEN_KEY, ColumnType(Kind.TEXT), not_null=True)
        return Table(file.table, (hidden, *columns), (HIDDEN_KEY,))

    def _require_columns(self, file: TabularFile, table: Table) -> None:
        mine = [column.name for column in table.visible_columns]
        for name in mine:
            if name not in file.data.columns:
                raise ColumnsDifferError(f"{file.data.source} lacks column {name} of table {table.name}", column=name)
        for name in file.data.columns:
            if name not in mine:
                raise ColumnsDifferError(f"{file.data.source} has column {name}, table {table.name} not", column=name)
        if self._options.key and self._options.key != table.primary_key:
            raise ColumnsDifferError(f"table {table.name} has the key {', '.join(table.primary_key)}")

    def _widened(self, file: TabularFile, table: Table) -> tuple[Table, list[str]]:
        columns = []
        statements = []
        for column in table.columns:
            column_type = column.type
            if column.name != HIDDEN_KEY:
                column_type = widest(column_type, file.data.cells[file.data.columns.index(column.name)])
            if column_type != column.type:
                name = f"{quote_qualified(table.name)} ALTER COLUMN {quote_identifier(column.name)}"
                statements.append(f"ALTER TABLE {name} TYPE {column_type};")
            columns.append(Column(column.name, column_type, column.not_null, column.default))
        wide = Table(table.name, tuple(columns), table.primary_key, table.uniques, table.checks, table.foreign_keys)
        return wide, statements

    def _load(
        self, machine: Machine, file: TabularFile, table: Table, root: Node | None, rows: list[Row], *, fresh: bool
    ) -> tuple[Load, LoadTrees] | None:
        tree = machine.tree(table)
        before = None if fresh else root
        try:
            write, gone = self._difference(tree, rows, before)
            rows_root = _root(tree.build(write))
        except DuplicateKeyError:
            self._refuse_repeated_keys(file, tree, rows)
            raise
        if fresh and self._options.mode is ImportMode.REPLACE:
            gone = self._gone_from(machine.tree(machine.catalog.tables[table.name]), root, tree, rows)
        gone_root = _root(machine.tree(keys_only(table)).build(gone))
        if rows_root is None and gone_root is None:
            return None
        mode = LoadMode.APPEND if self._options.mode is ImportMode.APPEND else LoadMode.UPSERT
        names = tuple(column.name for column in table.columns)
        load = Load(
            table.name,
            names,
            mode,
            None if rows_root is None else rows_root.digest,
            None if gone_root is None else gone_root.digest,
        )
        return load, LoadTrees(rows_root, gone_root)

    def _converted(self, file: TabularFile, known: Table) -> Sequence[Sequence[Value]]:
        positions = {name: position for position, name in enumerate(file.data.columns)}
        return [convert(file.data, positions[column.name], column.type) for column in known.visible_columns]

    def _rows(self, file: TabularFile, table: Table, columns: Sequence[Sequence[Value]]) -> list[Row]:
        """The rows of a file, whose values column by column are `columns`."""
        for column, values in zip(table.visible_columns, columns, strict=True):
            if column.not_null and None in values:
                line = file.data.lines[list(values).index(None)]
                raise KeyNotUniqueError(
                    f"{file.data.source}:{line}: column {column.name} is empty, and must not be",
                    line=line,
                    column=column.name,
                )
        if table.has_hidden_key:
            return list(zip(self._hidden_keys(file.data.row_count), *columns, strict=True))
        return list(zip(*columns, strict=True))

    def _hidden_keys(self, count: int) -> Iterator[str]:
        """Keys for rows without one.  The transaction's id depends on its rows, so its nonce stands in for it."""
        first = self._ordinal
        self._ordinal += count
        return (f"{self._nonce}-{ordinal:08d}" for ordinal in range(first, first + count))

    def _difference(self, tree: TableTree, rows: list[Row], root: Node | None) -> tuple[list[Row], list[Row]]:
        """The rows to write and the keys to delete, so that the table comes to be what the options say."""
        if self._options.mode is ImportMode.APPEND or root is None:
            return rows, []
        if tree.table.has_hidden_key:
            return self._difference_of_unkeyed(rows, tree.rows(root))
        write, gone = replacement(tree, root, rows)
        if self._options.mode is ImportMode.UPSERT:
            return write, []
        return write, [tree.key_of(row) for row in gone]

    def _difference_of_unkeyed(self, rows: list[Row], known: Iterator[Row]) -> tuple[list[Row], list[Row]]:
        """The same for a table without a key: rows alike in all columns stand for each other."""
        old: dict[Row, list[Row]] = {}
        for row in known:
            old.setdefault(row[1:], []).append(row[:1])
        write = []
        for row in rows:
            keys = old.get(row[1:])
            if keys:
                keys.pop()
            else:
                write.append(row)
        gone = [] if self._options.mode is ImportMode.UPSERT else [key for keys in old.values() for key in keys]
        return write, gone

    def _gone_from(self, before: TableTree, root: Node | None, tree: TableTree, rows: list[Row]) -> list[Row]:
        """The keys that vanish where the table is rewritten by the same transaction: compared by their codes."""
        if set(before.table.primary_key) & {
            old.name for old, new in zip(before.table.columns, tree.table.columns, strict=True) if old.type != new.type
        }:
            raise ColumnsDifferError(f"table {tree.table.name} would have to widen its key: replace it by hand")
        kept = set(map(tree.key_of, rows))
        return [key for key in map(before.key_of, before.rows(root)) if key not in kept]

    def _refuse_repeated_keys(self, file: TabularFile, tree: TableTree, rows: list[Row]) -> None:
        seen: dict[str, int] = {}
        for code, row, line in zip(tree.codes_of(rows), rows, file.data.lines, strict=True):
            if code in seen:
                named = zip(tree.table.primary_key, tree.key_of(row), strict=True)
                shown = ", ".join(f"{name} {value!r}" for name, value in named)
                raise KeyNotUniqueError(
                    f"{file.data.source}:{line}: the key {shown} stands in line {seen[code]} too", line=line
                )
            seen[code] = line


def schema_digest(table: Table) -> str:
    """A digest of a table's definition."""
    text = schema_text(Catalog(tables={table.name: table}), table.name.partition(".")[0])
    return hashlib.sha256(text.encode()).hexdigest()


def _root(node: Node | None) -> Root | None:
    return None if node is None else Root(node.id, node.digest)
