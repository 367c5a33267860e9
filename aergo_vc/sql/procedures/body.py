"""A routine while it is compiled: the Python text as it grows, and the binding of the SQL in it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sqlglot import exp

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.routines import Routine
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.model.types import ColumnType
from aergo_vc.sql.errors import DATATYPE_MISMATCH, SYNTAX, UNSUPPORTED, SqlError
from aergo_vc.sql.language.binder import Binder, Grouping, Query, Surroundings
from aergo_vc.sql.language.expressions import Expression, assign, cast, condition
from aergo_vc.sql.language.native import native
from aergo_vc.sql.language.qualifying import qualified
from aergo_vc.sql.language.queries import bind_query, top_binder
from aergo_vc.sql.language.routine_calls import bind_arguments, called_routine, result_fields
from aergo_vc.sql.language.rows import Shape, bind_row, row_fields
from aergo_vc.sql.language.scope import Scope
from aergo_vc.sql.language.source import name_of, parse_script
from aergo_vc.sql.procedures.coverage import Coverage
from aergo_vc.sql.procedures.hoisting import hoist
from aergo_vc.sql.procedures.syntax import CursorDeclaration, Fragment, Statement
from aergo_vc.sql.procedures.translation import Code, Names, translate
from aergo_vc.sql.procedures.variables import Level, Namespace, Variable
from aergo_vc.sql.running.needs import Needs, Requirements
from aergo_vc.sql.running.plans import Plan
from aergo_vc.sql.types.values import ROWS, TEXT, is_assignable

_PARAMETER = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(:\w+)")
_PLAN_FACTS = frozenset({":row", ":base"})
_DEEPEST = 90
_BLOCKS = {"for": 1, "while": 1, "try:": 1, "except": 2}
MOST_BLOCKS = 18
"""Python counts what nests of these, by its version up to 20 or more.  So do we, lest versions disagree."""
_BRACKETS = 100
"""Brackets that may nest in a line of Python, which allows twice as many."""
"""Python reads no more than a hundred levels of indentation."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the routine's text a line of Python comes from, and the table that it writes."""

    line: int
    column: int
    table: TableName | None = None


@dataclass(slots=True)
class Block:
    """A loop or a labelled block around the statement that is compiled; `handler` is a block with EXCEPTION."""

    number: int
    label: str | None
    is_loop: bool
    handler: str | None = None
    jumped: bool = False


@dataclass(slots=True)
class Body:
    """What has been compiled of a routine so far."""

    catalog: Catalog
    routine: Routine
    contract: str
    coverage: Coverage | None = None
    names: Names = field(default_factory=Names)
    lines: list[str] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    called: set[RoutineName] = field(default_factory=set)
    nested: dict[RoutineName, Position] = field(default_factory=dict)
    written: set[TableName] = field(default_factory=set)
    called_while_writing: dict[tuple[RoutineName, TableName], Position] = field(default_factory=dict)
    read: set[TableName] = field(default_factory=set)
    has_effects: bool = False
    blocks: list[Block] = field(default_factory=list)
    depth: int = 1
    nested_blocks: int = 0
    count: int = 0
    position: Position = Position(1, 1)
    variables: Namespace = field(default_factory=lambda: Namespace(columns_first=False))
    handling: list[str] = field(default_factory=list)
    cursors: dict[str, CursorDeclaration] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    needs: Needs = field(default_factory=Needs)
    requirements: list[Requirements] = field(default_factory=list)

    @property
    def _asks_found(self) -> bool:
        return "found" in self.routine.body.lower()

    @property
    def _asks_row_count(self) -> bool:
        return "row_count" in self.routine.body.lower()

    def begin_outcome(self) -> None:
        """FOUND and ROW_COUNT before the first statement."""
        self.note_found("False")
        if self._asks_row_count:
            self.write("count = 0")

    def note_found(self, source: str) -> None:
        """What FOUND is from here on, in Python without effects; not written where the body has no such word."""
        if self._asks_found:
            self.write(f"found = {source}")

    def note_count(self, source: str) -> None:
        """What ROW_COUNT is from here on, and FOUND, if that is more than none; as `note_found`."""
        if self._asks_row_count:
            self.write(f"count = {source}")
            source = "count"
        self.note_found(f"{source} > 0")

    # Text

    def write(self, *lines: str) -> None:
        """Lines of Python at the depth at hand."""
        for line in lines:
            self.lines.append("    " * self.depth + line)
            self.positions.append(self.position)

    @contextmanager
    def deeper(self, head: str) -> Iterator[None]:
        """Lines below a line that ends in a colon."""
        self.write(head)
        self.depth += 1
        weight = _BLOCKS.get(head.split(" ", 1)[0], 0)
        self.nested_blocks += weight
        if self.depth > _DEEPEST or self.nested_blocks > MOST_BLOCKS:
            raise SqlError("54001", "loops and blocks nest too deep: put the inner ones into a routine of their own")
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.write("pass")
        self.depth -= 1
        self.nested_blocks -= weight

    def at(self, statement: Statement) -> None:
        """What follows comes from `statement`."""
        self.position = Position(statement.line, statement.column)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """In front of the lines that are written meanwhile stands the question for the privileges that they take."""
        around, self.needs = self.needs, Needs()
        start, depth, position = len(self.lines), self.depth, self.position
        yield
        required, self.needs = self.needs.requirements(), around
        if required.needs:
            self.requirements.append(required)
            line = f"if run.asks: run.require(R{len(self.requirements) - 1})"
            self.lines.insert(start, "    " * depth + line)
            self.positions.insert(start, position)

    def number(self) -> int:
        self.count += 1
        return self.count

    def declare(self, name: str, column_type: ColumnType, shape: Shape | None = None) -> Variable:
        """A new variable, not yet in sight."""
        return Variable(name, f"v{self.number()}", column_type, shape=shape)

    def mark(self) -> None:
        """Let the statement at the position be counted, if anything is."""
        if self.coverage is not None:
            number = self.coverage.number(self.routine, self.position.line, self.position.column)
            self.write(f"run.hits[{number}] += 1")

    @contextmanager
    def level(self, label: str | None) -> Iterator[None]:
        self.variables.levels.append(Level(label))
        yield
        self.variables.levels.pop()

    # Binding

    def tree(self, fragment: Fragment, prefix: str = "") -> exp.Expression:
        """The tree of a fragment behind `prefix`, relations in it qualified."""
        with located(fragment, len(prefix)):
            statements = parse_script(prefix + fragment.text)
            if len(statements) != 1 or not isinstance(statements[0].tree, exp.Expression):
                raise SqlError(SYNTAX, "one statement of SQL is expected")
            return qualified(statements[0].tree, self.catalog, self.contract)

    def binder(self) -> Binder:
        """A binder that knows the variables in sight."""
        binder = top_binder(self.catalog, Scope(), self.around())
        binder.grouping = Grouping(refused="PL/pgSQL expressions", windows_refused="PL/pgSQL expressions")
        return binder

    def _note_effect(self) -> None:
        self.has_effects = True

    def around(self) -> Surroundings:
        around = Surroundings(self.contract, self.variables, needs=self.needs)
        around.called = _Called(self)
        around.note_effect = self._note_effect
        return around

    def bind(self, fragment: Fragment) -> Expression:
        """A fragment that stands for one value: an expression, or what would follow SELECT."""
        tree = self.tree(fragment, "SELECT ")
        self.note_reads(tree)
        with located(fragment, len("SELECT ")):
            if isinstance(tree, exp.Select) and _is_plain(tree):
                if len(tree.expressions) != 1:
                    message = f"query returned {len(tree.expressions)} columns; an expression is expected"
                    raise SqlError(SYNTAX, message)
                return bind_row(self.binder(), tree.expressions[0].unalias())
            return self.binder().bind(exp.Subquery(this=tree))

    def note_reads(self, tree: exp.Expression) -> None:
        """Tables that a statement reads, views among them."""
        for table in tree.find_all(exp.Table):
            if isinstance(table.this, exp.Identifier):
                contract = table.args["db"].name if table.args.get("db") else DEFAULT_CONTRACT
                self.read.add(TableName(f"{contract}.{name_of(table.this)}"))

    def code(self, sql: str, more: dict[str, Code] | None = None) -> Code:
        """SQL of a value as Python: translated, or left to SQLite."""
        parameters = self.variables.codes if more is None else {**self.variables.codes, **more}
        found = translate(sql, parameters, self.names)
        if found is not None and brackets(found.source) <= _BRACKETS:
            return found
        text, bindings = self.statement(f"SELECT {sql}", more)
        return Code(f"run.value({text}, {bindings})")

    def statement(self, sql: str, more: dict[str, Code] | None = None) -> tuple[str, str]:
        """SQL with positional parameters as a constant's name, and the tuple of what to bind, in Python."""
        known = {**self.variables.codes, **(more or {})}
        scalars = {name: code for name, code in known.items() if name not in self.variables.rows}
        sql, hoisted = hoist(sql, scalars, self.names)
        parameters = {**known, **hoisted}
        order: dict[str, str] = {}

        def numbered(match: re.Match[str]) -> str:
            name = match[1]
            if name is None or name not in parameters:
                return match[0]
            if name in self.variables.rows:
                raise SqlError(UNSUPPORTED, "a row variable as a value in SQL is not supported: name its fields")
            code = parameters[name]
            source = f"{self.names.function('text_of')}({code.source})" if code.is_list else code.source
            return order.setdefault(name, f"?{len(order) + 1}\0{source}").partition("\0")[0]

        text = _PARAMETER.sub(numbered, native(sql))
        sources = [entry.partition("\0")[2] for entry in order.values()]
        return self.constant(text), f"({', '.join(sources)}{',' if sources else ''})"

    def mentioned(self, texts: Sequence[str]) -> dict[str, str]:
        """The parameters in texts of SQL, each with what to bind, in Python."""
        found: dict[str, str] = {}
        for text in texts:
            for match in _PARAMETER.finditer(text):
                name = match[1]
                if name in self.variables.codes and name not in _PLAN_FACTS:
                    code = self.variables.codes[name]
                    found[name] = f"{self.names.function('text_of')}({code.source})" if code.is_list else code.source
        return found

    def constant(self, text: str) -> str:
        """The name of a text of SQL."""
        if text not in self.texts:
            self.texts.append(text)
        return f"S{self.texts.index(text)}"

    # Types

    def row_fields(self, name: str) -> Shape | None:
        """The fields of the composite type, or of the table's rows, that has the name ``contract.name``."""
        return row_fields(self.catalog, name)

    def result_fields(self, routine: Routine) -> Shape | None:
        """The fields of the rows that a routine gives; None if it gives single values."""
        return result_fields(self.catalog, routine)

    # Values of a type

    def assigned(self, expression: Expression, target: ColumnType, more: dict[str, Code] | None = None) -> Code:
        """An expression as a variable of a type takes it: PostgreSQL's assignment cast, or by way of text."""
        if target.is_array:
            return self._assigned_array(expression, target, more)
        if expression.type is not None and expression.type.is_array and target.kind not in ROWS:
            expression = cast(expression, TEXT)
        if target.kind in ROWS:
            if expression.is_constant and expression.value is None:
                return Code("None", simple=True)
            if expression.type is None or expression.kind not in ROWS:
                raise SqlError(DATATYPE_MISMATCH, "cannot assign a value that is no row to a row variable")
            if not expression.sql:
                raise SqlError(UNSUPPORTED, "ROW(…) is not supported here")
            return self.code(expression.sql, more)
        if expression.fields is not None:
            expression = cast(expression, TEXT)
        if expression.kind in ROWS:
            raise SqlError(DATATYPE_MISMATCH, "cannot assign a row to a variable that is none")
        if expression.type is not None and not is_assignable(expression.kind, target.kind):
            expression = cast(cast(expression, TEXT), target)
        return self.code(assign(expression, target, "variable"), more)

    def _assigned_array(self, expression: Expression, target: ColumnType, more: dict[str, Code] | None) -> Code:
        if expression.is_constant and expression.value is None:
            return Code("None", simple=True, is_list=True)
        if expression.type is None or expression.type != target:
            expression = cast(expression, target)
        code = self.code(expression.sql, more)
        if code.is_list:
            return replace(code, source=f"{self.names.function('copied')}({code.source})") if code.simple else code
        return Code(f"{self.names.function('list_of')}({code.source})", is_list=True)

    def value(self, fragment: Fragment, target: ColumnType) -> Code:
        """A fragment's value as a variable of the type `target` takes it."""
        expression = self.bind(fragment)
        with located(fragment, 0):
            return self.assigned(expression, target)

    def truth(self, fragment: Fragment) -> str:
        """A condition, as Python that is true where it holds."""
        expression = self.bind(fragment)
        with located(fragment, 0):
            return self.code(condition(expression, "a condition")).truth

    def query(self, tree: exp.Expression) -> Query:
        """A query whose rows come in a total order."""
        self.note_reads(tree)
        return bind_query(top_binder(self.catalog, around=self.around()), tree, total=True)

    def whole_call(self, tree: exp.Expression) -> tuple[Routine, list[exp.Expression], exp.Expression] | None:
        """The routine that a statement calls and does nothing else: ``SELECT f(…)`` or ``SELECT * FROM f(…)``."""
        if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
            return None
        node = tree.expressions[0].unalias()
        from_ = tree.args.get("from_")
        if from_ is not None:
            alias = from_.this.args.get("alias")
            if not isinstance(node, exp.Star) or (alias is not None and alias.args.get("columns")):
                return None
            node = from_.this
        if any(value for name, value in tree.args.items() if name not in ("expressions", "from_")):
            return None
        found = called_routine(self.catalog, self.contract, node)
        return None if found is None else (*found, node)

    def call(self, routine: Routine, arguments: Sequence[exp.Expression], node: exp.Expression) -> str:
        """Python that calls a routine; it may write."""
        self.called.add(routine.name)
        self.needs.add_call(routine.name)
        binder = self.binder()
        sources = [self.code(sql).source for sql in bind_arguments(binder, node, routine, arguments)]
        return f"run.call({', '.join([repr(str(routine.name)), *sources])})"


def brackets(source: str) -> int:
    """How deep brackets nest in a line of Python, counted without regard to texts between quotes."""
    if source.count("(") + source.count("[") <= _BRACKETS:
        return 0
    deepest = depth = 0
    for letter in source:
        if letter in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in ")]}":
            depth -= 1
    return deepest


class _Called(set[RoutineName]):
    """Notes where expressions call routines."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self._body = body

    def add(self, name: RoutineName) -> None:
        self._body.called.add(name)
        self._body.nested.setdefault(name, self._body.position)


@contextmanager
def located(fragment: Fragment, prefix: int) -> Iterator[None]:
    """Let errors name places in the routine's text; `prefix` characters stood in front of the fragment."""
    try:
        yield
    except SqlError as error:
        if error.is_located:
            raise
        line, column = error.line, error.column or 1
        if line is None:
            error.line, error.column = fragment.line, fragment.column
        elif line == 1:
            error.line, error.column = fragment.line, max(1, column - prefix) + fragment.column - 1
        else:
            error.line, error.column = line + fragment.line - 1, column
        error.facts |= {"line": error.line, "column": error.column}
        error.is_located = True
        raise


def _is_plain(tree: exp.Select) -> bool:
    return not any(value for name, value in tree.args.items() if name not in ("expressions", "kind"))
