"""From a SQL text of the engine's to what it reads and writes.

The engine writes such texts in a narrow form: every table under its whole name between double quotes, and under an
alias that occurs once; every column of a table with the alias in front, but in RETURNING and after SET.  What is not
in that form counts as a search of whole tables.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from aergo_vc.model.footprints import Columns, Lookup
from aergo_vc.sql.footprints.accesses import Access, Alternatives, Insertion, Points, Scan, Value
from aergo_vc.sql.footprints.tables import Identity, TableFacts
from aergo_vc.sql.footprints.texts import LiteralAt, Prepared, parameter_value
from aergo_vc.sql.running.recursion import deep_stack
from aergo_vc.sql.running.sequences import ROW_KEY, take_sql

MOST_POINTS = 1_000
"""Rows that a statement may ask for by key; more count as a search."""

FactsOf = Callable[[str], TableFacts | None]

_SITUATION = frozenset(("time", "height", "branch"))


@deep_stack()
def analyse(statement: Prepared, facts_of: FactsOf) -> Access:
    """What a statement does to the tables that `facts_of` knows; its literals are still to be put in."""
    known = {name: facts for name in statement.quoted if (facts := facts_of(name)) is not None}
    for facts in known.values():
        if facts.only_key is not None and statement.text == take_sql(facts.name):
            return Access((_only_row(facts, facts.columns),), takes=facts.name)
    situated = not _SITUATION.isdisjoint(statement.parameters)
    try:
        tree = sqlglot.parse_one(statement.text, read="sqlite")
    except (SqlglotError, RecursionError):
        return _anything(known, situated=situated, calls=statement.calls)
    return _Statement(tree, known).access(situated=situated, calls=statement.calls)


def _anything(known: Mapping[str, TableFacts], *, situated: bool, calls: tuple[str, ...]) -> Access:
    """All that a statement which names these tables could do."""
    scans = tuple(Scan(facts.name, facts.columns) for facts in known.values())
    return Access(scans=scans, situated=situated, calls=calls)


class _Source:
    """One mention of a table in FROM, or as what a statement changes."""

    def __init__(self, node: exp.Expr, facts: TableFacts, alias: str) -> None:
        self.node, self.facts, self.alias = node, facts, alias
        self.columns: set[str] = set(facts.keys)


class _Statement:
    """One statement's tree."""

    def __init__(self, tree: exp.Expr, known: Mapping[str, TableFacts]) -> None:
        self._tree, self._known = tree, known
        self._target = known.get(tree.this.name) if isinstance(tree, (exp.Insert, exp.Update, exp.Delete)) else None
        self._skipped: set[int] = set()
        self._sources = [
            _Source(node, known[node.name], node.alias_or_name)
            for node in tree.find_all(exp.Table)
            if node.name in known and not (isinstance(tree, exp.Insert) and node is tree.this)
        ]
        self._constants: dict[int, dict[tuple[str, str], Alternatives]] = {}

    def access(self, *, situated: bool, calls: tuple[str, ...]) -> Access:
        """What the whole statement does."""
        if self._known.keys() - {source.facts.name for source in self._sources} - self._insert_target():
            return _anything(self._known, situated=situated, calls=calls)
        assigned = self._assigned()
        upserted = self._read_columns(assigned)
        points: list[Points] = []
        scans: list[Scan] = []
        for source in self._sources:
            found = self._points_of(source)
            if found is None:
                scans.append(Scan(source.facts.name, frozenset(source.columns)))
            else:
                points.append(found)
        insertion = self._insertion(upserted, scans) if isinstance(self._tree, exp.Insert) else None
        scans += self._uniques(assigned)
        at_stake = self._at_stake(assigned, insertion)
        target = self._target.name if self._target is not None and self._target.only_key is None else None
        simple = self._target if target is not None and self._target is not None and self._target.is_simple else None
        if not assigned or (simple is not None and not assigned.isdisjoint(simple.keys)):
            simple = None
        return Access(tuple(points), tuple(scans), insertion, target, assigned, simple, situated, calls, at_stake)

    def _insert_target(self) -> set[str]:
        return {self._target.name} if self._target is not None and isinstance(self._tree, exp.Insert) else set()

    def _assigned(self) -> Columns:
        """The columns that SET names; what names them is no read."""
        owner = self._tree.args.get("conflict") if isinstance(self._tree, exp.Insert) else self._tree
        if owner is None or isinstance(self._tree, exp.Delete) or self._target is None:
            return frozenset()
        found = set()
        for node in owner.args.get("expressions") or ():
            self._skipped.add(id(node.this))
            found.add(node.this.name)
        for node in owner.args.get("conflict_keys") or ():
            self._skipped |= {id(column) for column in node.find_all(exp.Column)}
        return frozenset(found)

    # Columns

    def _read_columns(self, assigned: Columns) -> Columns:
        """Give every source its columns; returns those that INSERT takes from a row that exists."""
        upserted: set[str] = set()
        returning = self._tree.args.get("returning")
        for column in self._tree.find_all(exp.Column):
            if id(column) in self._skipped or column.table == "excluded":
                continue
            if isinstance(column.this, exp.Star):
                for source in self._sources:
                    source.columns |= source.facts.columns
                continue
            if returning is not None and column.name in assigned and column.find_ancestor(exp.Returning) is returning:
                continue
            self._note(column, upserted)
        if self._target is not None:
            checked = self._target.read_by_checks(assigned)
            upserted |= checked
            for source in self._sources:
                if source.node is self._tree.this:
                    source.columns |= checked
        return frozenset(upserted)

    def _note(self, column: exp.Column, upserted: set[str]) -> None:
        name, alias = column.name, column.table
        for source in self._sources:
            if name in source.facts.columns and alias in ("", source.alias):
                source.columns.add(name)
        if isinstance(self._tree, exp.Insert) and self._target is not None and name in self._target.columns:
            own = self._tree.this.alias_or_name
            if alias in ("", own) and column.find_ancestor(exp.OnConflict, exp.Returning) is not None:
                upserted.add(name)

    # Keys

    def _points_of(self, source: _Source) -> Points | None:
        """The rows of a source, where the statement says what their whole key, or all columns of a lookup, must be."""
        facts = source.facts
        if facts.only_key is not None:
            return _only_row(facts, frozenset(source.columns))
        owner = source.node.find_ancestor(exp.Select, exp.Update, exp.Delete)
        if owner is None:
            return None
        if id(owner) not in self._constants:
            self._constants[id(owner)] = _constants(owner)
        fixed = self._constants[id(owner)]

        def fixing(name: str) -> Alternatives | None:
            return fixed.get((source.alias, name)) or fixed.get(("", name))

        keys = _product(map(fixing, facts.key_names)) if facts.is_exact else None
        if keys is not None:
            return Points(facts.name, keys, frozenset(source.columns), facts.plain_type)
        for lookup in facts.lookups:
            values = _product(map(fixing, lookup.columns))
            if values is not None:
                return Points(facts.name, values, frozenset(source.columns).union(lookup.columns), by=lookup)
        return None

    # INSERT

    def _insertion(self, upserted: Columns, scans: list[Scan]) -> Insertion | None:
        """The insertion; adds to `scans` what it searches in any case."""
        facts, tree = self._target, self._tree
        if facts is None:
            return None
        conflict = tree.args.get("conflict")
        arbiter = self._arbiter(conflict, facts)
        if arbiter is not None and arbiter != facts.keys and facts.lookup(arbiter) is None:
            scans.append(Scan(facts.name, facts.keys | arbiter | upserted))
        if arbiter is None:
            upserted = _NO_COLUMNS
        unsure = facts.keys.union(upserted, *[one.columns for one in facts.unique_lookups])
        values = tree.args.get("expression")
        if not isinstance(values, exp.Values) or isinstance(tree.this, exp.Schema):
            if conflict is not None:
                scans.append(Scan(facts.name, unsure))
            return Insertion(facts.name, 0)
        rows = [_cells(facts, row.expressions if isinstance(row, exp.Tuple) else [row]) for row in values.expressions]
        points: list[Points] = []
        unknown: set[Columns] = set()
        for identity, by in _identities(facts):
            columns = identity.columns | upserted if identity.columns == arbiter else identity.columns
            found = [_inserted(facts, identity, cells, columns | facts.keys, by) for cells in rows]
            points += [one for one in found if one is not None]
            if None in found:
                unknown.add(identity.columns)
        is_sure = not unknown
        or_updated = arbiter is not None and arbiter not in unknown and facts.lookup(arbiter) is not None
        return Insertion(facts.name, len(rows), tuple(points), None if is_sure else unsure, or_updated)

    @staticmethod
    def _arbiter(conflict: exp.Expr | None, facts: TableFacts) -> Columns | None:
        """The columns that ON CONFLICT names before DO UPDATE; None without that."""
        if conflict is None or not conflict.args.get("expressions"):
            return None
        named = [node.find(exp.Column) for node in conflict.args.get("conflict_keys") or ()]
        return frozenset(column.name for column in named if column is not None) or facts.keys

    def _at_stake(self, assigned: Columns, insertion: Insertion | None) -> Columns:
        """By what the statement searches its target if it fails, as far as that is not told anyway."""
        facts = self._target
        if facts is None or facts.only_key is not None:
            return _NO_COLUMNS
        is_open = insertion is not None and not insertion.count
        return facts.at_stake(facts.columns if is_open else assigned)

    def _uniques(self, assigned: Columns) -> list[Scan]:
        if self._target is None:
            return []
        written = self._target.columns if isinstance(self._tree, exp.Insert) else assigned
        return [Scan(self._target.name, searched) for searched in self._target.searched_by_uniques(written)]


def _only_row(facts: TableFacts, columns: Columns) -> Points:
    """The row of a sequence."""
    return Points(facts.name, ((lambda _bindings: ROW_KEY,),), columns, facts.plain_type)


_NO_COLUMNS: Columns = frozenset()


def _identities(facts: TableFacts) -> list[tuple[Identity, Lookup | None]]:
    """What a row that is inserted must not have in common with others: the key, and what is unique."""
    return [(facts.key, None), *[(identity, lookup) for lookup, identity in facts.unique_lookups.items()]]


def _cells(facts: TableFacts, written: Sequence[exp.Expr]) -> list[exp.Expr]:
    """The cells of a row that is inserted, without what stands around a rowid lest it be NULL (`rowid_sql`)."""
    cells = list(written)
    if facts.has_rowid_key and isinstance(cells[facts.key_positions[0]], exp.Coalesce):
        cells[facts.key_positions[0]] = cells[facts.key_positions[0]].this
    return cells


def _inserted(
    facts: TableFacts, identity: Identity, cells: Sequence[exp.Expr], columns: Columns, by: Lookup | None = None
) -> Points | None:
    """The row that an inserted one meets by its key, or by a lookup; None where the text does not tell."""
    if not identity.is_exact:
        return None
    found = [
        _null if isinstance(_plain(cells[place]), exp.Null) else _value(cells[place]) for place in identity.positions
    ]
    values = tuple((value,) for value in found if value is not None)
    if len(values) < len(found):
        return None
    plain_type = identity.plain_type if by is None else None
    return Points(facts.name, values, columns, plain_type, by)


def _null(_bindings: object) -> None:
    """The value of NULL."""


def _product(alternatives: Iterable[Alternatives | None]) -> tuple[Alternatives, ...] | None:
    """Alternatives for each column; None where one is open, or the rows are too many."""
    found = []
    size = 1
    for one in alternatives:
        if one is None:
            return None
        found.append(one)
        size *= len(one)
    return tuple(found) if size <= MOST_POINTS else None


def _constants(owner: exp.Expr) -> dict[tuple[str, str], Alternatives]:
    """The columns of a query's sources, by alias and name, that its conditions hold to values of the statement's."""
    fixed: dict[tuple[str, str], Alternatives] = {}
    equal: list[tuple[tuple[str, str], tuple[str, str]]] = []  # the second has the value of the first
    for test, only in _tests(owner):
        for part in _conjuncts(test):
            _note_constant(part, only, fixed, equal)
    news = True
    while news:
        news = False
        for known, same in equal:
            if known in fixed and same not in fixed:
                fixed[same] = fixed[known]
                news = True
    return fixed


def _note_constant(
    part: exp.Expr,
    only: str | None,
    fixed: dict[tuple[str, str], Alternatives],
    equal: list[tuple[tuple[str, str], tuple[str, str]]],
) -> None:
    if isinstance(part, exp.EQ):
        left, right = _plain(part.this), _plain(part.expression)
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            sides = (left.table, left.name), (right.table, right.name)
            equal.extend((known, same) for known, same in (sides, sides[::-1]) if only in (None, same[0]))
            return
        column, value = (left, right) if isinstance(left, exp.Column) else (right, left)
        found = _value(value)
        values: Alternatives = () if found is None else (found,)
    elif isinstance(part, exp.In) and part.expressions and not part.args.get("query"):
        column = _plain(part.this)
        listed = [_value(_plain(one)) for one in part.expressions]
        values = tuple(one for one in listed if one is not None)
        values = values if len(values) == len(listed) else ()
    else:
        return
    if values and isinstance(column, exp.Column) and only in (None, column.table):
        place = (column.table, column.name)
        if place not in fixed or len(values) < len(fixed[place]):
            fixed[place] = values


def _tests(owner: exp.Expr) -> Iterator[tuple[exp.Expr, str | None]]:
    """The conditions that rows must meet to count; with an alias, that its rows must meet."""
    where = owner.args.get("where")
    if where is not None:
        yield where.this, None
    for join in owner.find_all(exp.Join):
        on = join.args.get("on")
        if on is None or join.find_ancestor(exp.Select, exp.Update, exp.Delete) is not owner:
            continue
        side = str(join.args.get("side") or "").upper()
        if not side and str(join.args.get("kind") or "").upper() in ("", "INNER", "CROSS"):
            yield on, None
        elif side == "LEFT":
            yield on, join.this.alias_or_name


def _conjuncts(test: exp.Expr) -> Iterator[exp.Expr]:
    test = _plain(test)
    if isinstance(test, exp.And):
        yield from _conjuncts(test.this)
        yield from _conjuncts(test.expression)
    else:
        yield test


def _plain(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _value(node: exp.Expr) -> Value | None:
    """What takes a parameter's value from the bindings, or a literal's; None for anything else."""
    node = _plain(node)
    if isinstance(node, exp.Placeholder) and isinstance(node.this, str):
        return parameter_value(node.this)
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Placeholder):
        value = parameter_value(node.this.this)
        return LiteralAt(value.place, is_negative=True) if isinstance(value, LiteralAt) else None
    return None
