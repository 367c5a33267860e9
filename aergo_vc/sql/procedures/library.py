"""The routines of a catalog, compiled when they are first needed, and what they do by way of each other."""

from collections.abc import Callable, Iterable

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.routines import Mode, Routine, Volatility
from aergo_vc.model.schema import Catalog
from aergo_vc.sql.compiled.compiled_cache import CompiledCache
from aergo_vc.sql.errors import UNDEFINED_FUNCTION, UNSUPPORTED, SqlError
from aergo_vc.sql.procedures.arguments import reader_of
from aergo_vc.sql.procedures.compiled import Compiled
from aergo_vc.sql.procedures.coverage import Coverage
from aergo_vc.sql.procedures.executing import function_of
from aergo_vc.sql.procedures.session import Entry
from aergo_vc.sql.running.needs import Requirements
from aergo_vc.sql.running.recursion import deep_stack

_SITUATION = ("run.time", "run.height", "run.branch")
"""How compiled routines ask for them; SQL of theirs asks by itself."""


class Library:
    """What is compiled of one catalog."""

    def __init__(self, cache: CompiledCache) -> None:
        self._cache = cache
        self.catalog = Catalog()
        self.coverage: Coverage | None = None
        self._compiled: dict[RoutineName, Compiled] = {}

    def set_catalog(self, catalog: Catalog) -> None:
        """Definitions have changed: whatever was compiled may mean something else."""
        self.catalog = catalog
        self._compiled = {}

    @deep_stack()
    def compiled(self, name: RoutineName) -> Compiled:
        """A routine in Python; raises SqlError 42883, and whatever is wrong with its text."""
        found = self._compiled.get(name)
        if found is None:
            routine = self.catalog.routines.get(name)
            if routine is None:
                raise SqlError(UNDEFINED_FUNCTION, f"function {name} does not exist")
            found = self._compiled[name] = self._compile(routine)
        return found

    def _compile(self, routine: Routine) -> Compiled:
        parts = ("routine", routine.name, self._cache.state(self.catalog))
        kept = self._cache.find(*parts) if self.coverage is None else None
        if isinstance(kept, Compiled):
            return kept
        from aergo_vc.sql.procedures.compiling import compile_routine  # noqa: PLC0415 - it loads sqlglot

        compiled = compile_routine(self.catalog, routine, self.coverage)
        if self.coverage is None:  # what counts is for that process alone
            self._cache.keep(compiled, *parts)
        return compiled

    @deep_stack()
    def load(self, name: RoutineName) -> Entry:
        """A routine ready to be called, its calls of others looked at."""
        compiled = self.check(name)
        routine = self.catalog.routines[name]
        contract = name.partition(".")[0]
        inputs = [one for one in routine.parameters if one.mode in (Mode.IN, Mode.INOUT)]
        arrays = tuple(place for place, one in enumerate(inputs) if one.type.is_array)
        owner = self.catalog.owners.get(contract)
        is_plain = not routine.is_strict and not routine.security_definer
        needs = {need: None for one in compiled.requirements for need in one.needs}
        return Entry(
            routine, contract, function_of(compiled), compiled, owner, arrays, is_plain, routine.inputs,
            tuple(map(reader_of, routine.inputs)), Requirements(tuple(needs)),
        )  # fmt: skip

    def check(self, name: RoutineName) -> Compiled:
        """Compile a routine and those that it calls; raises SqlError for a call that must not write or read."""
        compiled = self.compiled(name)
        for called, (line, column) in compiled.nested.items():
            if (does := self._effects(called)) is not None:
                message = f"{called} {does}, so that it can only be called as a statement of its own"
                raise SqlError(UNSUPPORTED, message, line, column)
        for (called, table), (line, column) in compiled.nested_while_writing.items():
            if table in self.reads(called):
                message = f"{called} reads {table}, so that it cannot be called in a statement that changes that table"
                raise SqlError(UNSUPPORTED, message, line, column)
        routine = self.catalog.routines[name]
        if routine.volatility is not Volatility.VOLATILE and self.writes(name):
            message = f"{name} is declared {routine.volatility.value} and changes rows"
            raise SqlError(UNSUPPORTED, message, 1, 1)
        return compiled

    def check_expression(self, called: Iterable[RoutineName], table: TableName | None) -> None:
        """Raise SqlError 0A000 if a statement that writes `table`, or none, must not call these in its expressions."""
        for name in sorted(called):
            if (does := self._effects(name)) is not None:
                message = f"{name} {does}, so that it can only be called as a statement of its own"
                raise SqlError(UNSUPPORTED, message)
            if table is not None and table in self.reads(name):
                message = f"{name} reads {table}, so that it cannot be called in a statement that changes that table"
                raise SqlError(UNSUPPORTED, message)

    def writes(self, name: RoutineName) -> bool:
        """Whether a call may change rows, be it by way of others."""
        return bool(self._reached(name, lambda compiled: compiled.written))

    def _effects(self, name: RoutineName) -> str | None:
        """What a call may do that shows when, and how often, it runs; None where it only reads."""
        if self.writes(name):
            return "changes rows"
        if any(self.compiled(one).has_effects for one in self._within(name)):
            return "emits events or takes numbers of a sequence"
        return None

    def is_situated(self, name: RoutineName) -> bool:
        """Whether a call may ask for the time, the height or the branch of its block."""
        return any(word in self.compiled(one).source for one in self._within(name) for word in _SITUATION)

    def reads(self, name: RoutineName) -> frozenset[TableName]:
        """The tables that a call may read, and those below the views that it may read."""
        found = self._reached(name, lambda compiled: compiled.read)
        # What a view reads is not known here: it may be any table.
        return frozenset(self.catalog.tables) if found & self.catalog.views.keys() else found

    def _reached(self, name: RoutineName, tables: Callable[[Compiled], frozenset[TableName]]) -> frozenset[TableName]:
        return frozenset().union(*[tables(self.compiled(one)) for one in self._within(name)])

    def _within(self, name: RoutineName) -> set[RoutineName]:
        """A routine and those that it calls, be it by way of others."""
        seen: set[RoutineName] = set()
        rest = [name]
        while rest:
            one = rest.pop()
            if one not in seen:
                seen.add(one)
                rest += self.compiled(one).called
        return seen
