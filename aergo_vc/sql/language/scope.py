"""Names: what stands in FROM, and what a column reference means there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import DEFAULT_CONTRACT, Table, split_name
from aergo_vc.sql.errors import AMBIGUOUS_COLUMN, UNDEFINED_COLUMN, UNDEFINED_TABLE
from aergo_vc.sql.language.expressions import Expression, column_expression
from aergo_vc.sql.language.source import error_at, name_of
from aergo_vc.sql.running.needs import Reading
from aergo_vc.sql.running.spelling import quote_name


@dataclass(frozen=True, slots=True)
class Source:
    """One item of FROM.

    `name` is its alias; `contract` is set where a table stands under its own name and may be qualified.  `keys` are SQL
    expressions whose values tell its rows apart, rows that are equal in everything aside.  `reading` notes the columns
    that are read, where privileges are asked for.
    """

    name: str
    columns: tuple[tuple[str, Expression], ...]
    keys: tuple[str, ...]
    contract: str | None = None
    is_table: bool = False
    reading: Reading | None = None

    def find(self, column: str) -> Iterator[Expression]:
        """The columns of a name, each of which is read if it is taken."""
        for place, (name, expression) in enumerate(self.columns):
            if name == column:
                if self.reading is not None:
                    self.reading.note(place)
                yield expression

    def all(self) -> tuple[tuple[str, Expression], ...]:
        """All columns, which are read."""
        if self.reading is not None:
            self.reading.note_all()
        return self.columns


class Variables(Protocol):
    """The variables that a statement of a routine may name."""

    columns_first: bool
    """Whether a name means the column where it could mean both, as in functions written in SQL."""

    def find(self, path: Sequence[str]) -> Expression | None:
        """The variable, or the field of a record, that a name with its qualifiers means."""


@dataclass(slots=True)
class Scope:
    """The sources of one query, inside those of the query around it.

    `merged` are the columns that USING or NATURAL made one.
    """

    sources: list[Source] = field(default_factory=list)
    parent: "Scope | None" = None
    merged: dict[str, Expression] = field(default_factory=dict)

    def resolve(self, node: exp.Column, variables: Variables | None = None) -> Expression:
        """What a column reference means; raises SqlError 42703, 42702 or 42P01.

        A name that means both a column and a variable is ambiguous, as by PostgreSQL's default.
        """
        name = name_of(node.this)
        qualifiers = [name_of(node.args[key]) for key in ("catalog", "db", "table") if node.args.get(key) is not None]
        path = (*qualifiers, name)
        variable = None if variables is None else variables.find(path)
        if qualifiers:
            if variable is not None and not self._has_column(path):
                return variable
            found: Expression | None = self._qualified(node, name, path[-2])
        else:
            found = self._unqualified(node, name)
        if variable is None or (found is not None and variables is not None and variables.columns_first):
            if found is None:
                raise error_at(node, UNDEFINED_COLUMN, f'column "{name}" does not exist')
            return found
        if found is not None:
            raise error_at(node, AMBIGUOUS_COLUMN, f'column reference "{".".join(path)}" is ambiguous')
        return variable

    def _unqualified(self, node: exp.Column, name: str) -> Expression | None:
        scope: Scope | None = self
        while scope is not None:
            found = scope.local(node, name)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def _has_column(self, path: Sequence[str]) -> bool:
        scope: Scope | None = self
        while scope is not None:
            for source in scope.sources:
                if source.name == path[-2] and any(True for _ in source.find(path[-1])):
                    return True
            scope = scope.parent
        return False

    def local(self, node: exp.Column, name: str) -> Expression | None:
        """What an unqualified name means in this scope alone."""
        if name in self.merged:
            return self.merged[name]
        found = [expression for source in self.sources for expression in source.find(name)]
        if len(found) > 1:
            raise error_at(node, AMBIGUOUS_COLUMN, f'column reference "{name}" is ambiguous')
        if found:
            return found[0]
        return None

    def _qualified(self, node: exp.Column, name: str, qualifier: str) -> Expression:
        source = self.source(node, qualifier)
        found = list(source.find(name))
        if len(found) > 1:
            raise error_at(node, AMBIGUOUS_COLUMN, f'column reference "{name}" is ambiguous')
        if not found:
            raise error_at(node, UNDEFINED_COLUMN, f"column {qualifier}.{name} does not exist")
        return found[0]

    def source(self, node: exp.Column, qualifier: str) -> Source:
        """The source that a qualifier names, in this scope or one around it."""
        contract = name_of(node.args["db"]) if node.args.get("db") else None
        scope: Scope | None = self
        while scope is not None:
            for source in scope.sources:
                if source.name == qualifier and contract in (None, source.contract):
                    return source
            scope = scope.parent
        raise error_at(node, UNDEFINED_TABLE, f'missing FROM-clause entry for table "{qualifier}"')


def table_name_of(node: exp.Expression) -> TableName:
    """The table that a name in a statement means: unqualified names live in the contract `public`."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise error_at(node, UNDEFINED_TABLE, "a table name is expected")
    if node.args.get("catalog"):
        raise error_at(node, UNDEFINED_TABLE, "cross-database references are not implemented")
    contract = name_of(node.args["db"]) if node.args.get("db") else DEFAULT_CONTRACT
    return TableName(f"{contract}.{name_of(node.this)}")


def table_source(table: Table, prefix: str, name: str | None = None, reading: Reading | None = None) -> Source:
    """A stored table as a source whose columns are referred to behind `prefix` (``t0.``, or nothing)."""
    contract, own_name = split_name(table.name)
    columns = tuple(
        (column.name, column_expression(prefix + quote_name(column.name), column.type, not_null=column.not_null))
        for column in table.visible_columns
    )
    keys = tuple(prefix + quote_name(key) for key in table.primary_key)
    return Source(name or own_name, columns, keys, None if name else contract, is_table=True, reading=reading)
