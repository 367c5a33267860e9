"""The variables of a routine while it is compiled: what their names mean, and how Python and SQL refer to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import UNSUPPORTED, SqlError
from aergo_vc.sql.language.expressions import Expression, column_expression
from aergo_vc.sql.language.rows import Shape
from aergo_vc.sql.procedures.translation import Code
from aergo_vc.sql.types.values import ROWS


@dataclass(slots=True, eq=False)
class Variable:
    """A variable; `python` is its name in the compiled routine.

    A row's `shape` is its fields; that of a RECORD is what was assigned to it last, in the order of the text, and
    `structure` numbers it: the compiled routine notes the number beside the value, and checks it.
    """

    name: str
    python: str
    type: ColumnType
    not_null: bool = False
    constant: bool = False
    shape: Shape | None = None
    structure: int = 0

    @property
    def is_record(self) -> bool:
        return self.type.kind is Kind.RECORD

    @property
    def is_row(self) -> bool:
        return self.type.kind in ROWS and not self.type.is_array


@dataclass(slots=True)
class Level:
    """The variables of one block, under the block's label."""

    label: str | None
    names: dict[str, Variable] = field(default_factory=dict)


class Namespace:
    """All variables in sight; the innermost block's come first.

    `codes` maps the parameters that stand for variables in SQL to Python; it grows as names are found.
    """

    def __init__(self, *, columns_first: bool) -> None:
        self.columns_first = columns_first
        self.levels: list[Level] = []
        self.codes: dict[str, Code] = dict(FACTS)
        self.rows: dict[str, Variable] = {}

    def add(self, variable: Variable, *names: str) -> None:
        for name in (variable.name, *names):
            if name:
                self.levels[-1].names[name] = variable

    def variable(self, path: Sequence[str]) -> tuple[Variable, tuple[str, ...]] | None:
        """The variable that a name with its qualifiers means, and what is left of the name: fields."""
        for level in reversed(self.levels):
            if path[0] in level.names:
                return level.names[path[0]], tuple(path[1:])
            if level.label == path[0] and len(path) > 1 and path[1] in level.names:
                return level.names[path[1]], tuple(path[2:])
        return None

    def find(self, path: Sequence[str]) -> Expression | None:
        """What SQL is to say for a name, or None if it is no variable's."""
        found = self.variable(path)
        if found is None:
            return None
        variable, fields = found
        parameter, source, shape = f":{variable.python}", variable.python, variable.shape
        column_type, not_null = variable.type, variable.not_null
        if fields and not variable.is_row:
            return None
        if variable.is_record and (fields or variable.structure):
            source = (
                f"({source} if s{source} == {variable.structure} else run.wrong_record({variable.name!r}, s{source}))"
            )
        for name in fields:
            place = next((at for at, (one, _) in enumerate(shape or ()) if one == name), None)
            if place is None or shape is None:
                return self._missing(variable, name)
            column_type, not_null = shape[place][1], False
            parameter, source = f"{parameter}_{place}", f"{source}[{place}]"
            shape = None
        if variable.is_record:
            parameter = f"{parameter}_s{variable.structure}"
        if column_type.kind in ROWS and not column_type.is_array:
            self.rows[parameter] = variable
        simple = not variable.is_record
        self.codes[parameter] = Code(source, nullable=not not_null, simple=simple, is_list=column_type.is_array)
        found_row = column_expression(parameter, column_type, not_null=not_null)
        if shape is None or column_type.kind not in ROWS or column_type.is_array:
            return found_row
        return replace(found_row, fields=tuple(self._fields(parameter, source, shape)))

    def _fields(self, parameter: str, source: str, shape: Shape) -> Iterator[tuple[str, Expression]]:
        for place, (name, column_type) in enumerate(shape):
            self.codes[f"{parameter}_{place}"] = Code(
                f"{source}[{place}]", simple=not source.startswith("("), is_list=column_type.is_array
            )
            yield name, column_expression(f"{parameter}_{place}", column_type, not_null=False)

    @staticmethod
    def _missing(variable: Variable, name: str) -> Expression | None:
        if variable.is_record and variable.structure == 0:
            message = f'record "{variable.name}" is not assigned yet, so that it has no field "{name}"'
            raise SqlError("55000", message)
        if len(variable.name) and variable.shape is not None:
            raise SqlError("42703", f'record "{variable.name}" has no field "{name}"')
        raise SqlError(UNSUPPORTED, f'a field of "{variable.name}" is not supported here')


FACTS = {
    ":time": Code("run.time", nullable=False, simple=True),
    ":signer": Code("run.signer", nullable=False, simple=True),
    ":user": Code("run.user", nullable=False, simple=True),
    ":height": Code("run.height", nullable=False, simple=True),
    ":transaction": Code("run.transaction", nullable=False, simple=True),
    ":chain": Code("run.chain", nullable=False, simple=True),
    ":branch": Code("run.branch", nullable=False, simple=True),
    ":caller": Code("run.caller", nullable=True, simple=True),
    ":row": Code("run.prefix", nullable=False, simple=True),
}
"""What SQL says of where it runs (runner.py), in Python."""
