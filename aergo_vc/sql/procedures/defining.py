"""CREATE and DROP of routines and types: a statement and a catalog give a new catalog."""

from dataclasses import replace

from sqlglot import exp

from aergo_vc.base.ids import RoutineName, TableName
from aergo_vc.model.routines import CompositeType, EnumType, Mode, Parameter, Routine
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.catalog.alterations import define
from aergo_vc.sql.catalog.canonical import canonical_expression
from aergo_vc.sql.catalog.definitions import require_valid_views
from aergo_vc.sql.catalog.names import check_table_name
from aergo_vc.sql.catalog.sequence_definitions import define_object
from aergo_vc.sql.errors import (
    DEPENDENT,
    DUPLICATE_OBJECT,
    INVALID_FUNCTION,
    SYNTAX,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    UNSUPPORTED,
    SqlError,
)
from aergo_vc.sql.language.qualifying import qualified
from aergo_vc.sql.language.routine_calls import result_type
from aergo_vc.sql.language.source import parse_script
from aergo_vc.sql.privileges.granting import change_grants
from aergo_vc.sql.procedures.own_statements import (
    ChangeGrants,
    CreateComposite,
    CreateEnum,
    CreateRoutine,
    DropObjects,
    ObjectKind,
    OwnStatement,
    WrittenName,
    WrittenObject,
    WrittenParameter,
)
from aergo_vc.sql.procedures.type_names import RECORD, resolve_type
from aergo_vc.sql.running.definition_values import Definition

_ROUTINES = (ObjectKind.FUNCTION, ObjectKind.PROCEDURE, ObjectKind.ROUTINE)


def definition_of(catalog: Catalog, tree: exp.Expression | OwnStatement, contract: str) -> Definition:
    """What a defining statement leads to in the name of a contract; raises SqlError 0A000 for those that are none."""
    if not isinstance(tree, OwnStatement):
        return define(catalog, qualified(tree, catalog, contract))
    if isinstance(tree, ChangeGrants):
        return change_grants(catalog, tree, contract)
    own = define_own(catalog, tree, contract) or define_object(catalog, tree, contract)
    if own is None:
        raise SqlError(UNSUPPORTED, f"{tree.tag} is not supported here", tree.line, tree.column)
    return own


def define_own(catalog: Catalog, tree: OwnStatement, contract: str) -> Definition | None:
    """What a statement leads to; None if it is not one of those that are carried out here."""
    if isinstance(tree, CreateRoutine):
        return _create_routine(catalog, tree, contract)
    if isinstance(tree, CreateComposite):
        return _create_composite(catalog, tree, contract)
    if isinstance(tree, CreateEnum):
        return _create_enum(catalog, tree, contract)
    if isinstance(tree, DropObjects) and tree.kind in _ROUTINES:
        return _drop_routines(catalog, tree, contract)
    if isinstance(tree, DropObjects) and tree.kind is ObjectKind.TYPE:
        return _drop_types(catalog, tree, contract)
    return None


def _error(name: WrittenName, sqlstate: str, message: str) -> SqlError:
    return SqlError(sqlstate, message, name.line, name.column)


def _own_name(name: WrittenName, contract: str) -> str:
    """The full name of what is made; raises SqlError 42602, 42939."""
    full = f"{name.contract or contract}.{name.name}"
    try:
        check_table_name(TableName(full), exp.Null())
    except SqlError as error:
        error.line, error.column = name.line, name.column
        raise
    return full


def _create_routine(catalog: Catalog, tree: CreateRoutine, contract: str) -> Definition:
    name = RoutineName(_own_name(tree.name, contract))
    home = name.partition(".")[0]
    old = catalog.routines.get(name)
    routine = Routine(
        name=name,
        parameters=tuple(_parameter(catalog, home, one) for one in tree.parameters),
        returns=None if tree.returns is None else _unmodified(resolve_type(catalog, home, tree.returns)),
        is_set=tree.is_set,
        is_procedure=tree.is_procedure,
        language=tree.language,
        volatility=tree.volatility,
        is_strict=tree.is_strict,
        security_definer=tree.security_definer,
        body=tree.body.text,
    )
    _check_routine(tree, routine, old)
    return Definition(tree.tag, replace(catalog, routines={**catalog.routines, name: routine}))


def _parameter(catalog: Catalog, contract: str, written: WrittenParameter) -> Parameter:
    column_type = resolve_type(catalog, contract, written.type)
    if column_type.kind is Kind.RECORD:
        raise SqlError(INVALID_FUNCTION, "a parameter cannot be of type record", written.line, written.column)
    default = None
    if written.default is not None:
        tree = parse_script(f"SELECT {written.default.text}")[0].sql.expressions[0]
        default = canonical_expression(tree)
    return Parameter(written.name, written.mode, _unmodified(column_type), default)


def _unmodified(column_type: ColumnType) -> ColumnType:
    """A type as routines take and give it: PostgreSQL drops lengths, precisions and scales there."""
    return replace(column_type, length=None, precision=None, scale=None)


def _check_routine(tree: CreateRoutine, routine: Routine, old: Routine | None) -> None:
    if old is not None:
        kind = "procedure" if old.is_procedure else "function"
        if not tree.replace:
            raise _error(
                tree.name, "42723", f'{kind} "{routine.name}" already exists; a contract has one routine of a name'
            )
        if old.is_procedure != routine.is_procedure:
            raise _error(tree.name, "42809", f'cannot change routine kind: "{routine.name}" is a {kind}')
        if not tree.anew:
            _check_replaced(tree, routine, old)
    _check_parameters(tree, routine)
    _check_result(tree, routine)


def _check_replaced(tree: CreateRoutine, routine: Routine, old: Routine) -> None:
    """Raise SqlError 42P13 where callers of the old routine might be surprised, as PostgreSQL does."""
    if _result(routine) != _result(old):
        raise _error(tree.name, INVALID_FUNCTION, f"cannot change the result of {old.name}: drop it first")
    for before, after in zip(old.inputs, routine.inputs, strict=False):
        if before.name not in ("", after.name):
            message = f'cannot change the name of the parameter "{before.name}" of {old.name}: drop it first'
            raise _error(tree.name, INVALID_FUNCTION, message)
        if before.default is not None and after.default is None:
            message = f'cannot remove the default of the parameter "{before.name}" of {old.name}: drop it first'
            raise _error(tree.name, INVALID_FUNCTION, message)


def _result(routine: Routine) -> tuple[object, ...]:
    """What must stay as it is of what a routine gives: no modifiers, and not the name of an only output."""
    outputs = [(one.name, _bare(one.type)) for one in routine.outputs]
    single = result_type(routine)
    return None if single is None else _bare(single), routine.is_set, outputs if len(outputs) > 1 else []


def _bare(column_type: ColumnType) -> ColumnType:
    return replace(column_type, length=None, precision=None, scale=None)


def _check_parameters(tree: CreateRoutine, routine: Routine) -> None:
    names = [one.name for one in routine.parameters if one.name]
    for name in names:
        if names.count(name) > 1:
            raise _error(tree.name, INVALID_FUNCTION, f'parameter name "{name}" used more than once')
    seen_default = False
    for one in routine.inputs:
        if seen_default and one.default is None:
            message = "input parameters after one with a default value must also have defaults"
            raise _error(tree.name, INVALID_FUNCTION, message)
        seen_default = seen_default or one.default is not None


def _check_result(tree: CreateRoutine, routine: Routine) -> None:
    outputs = routine.outputs
    fits = routine.returns is None or [one.type for one in outputs] == [routine.returns]
    if outputs and not fits and (len(outputs) == 1 or routine.returns != RECORD):
        raise _error(tree.name, INVALID_FUNCTION, "function result type must be that of its OUT parameters")
    if routine.returns is not None and routine.returns.kind is Kind.RECORD and not outputs:
        message = "a function that returns record needs OUT parameters or RETURNS TABLE, which say its fields"
        raise _error(tree.name, "0A000", message)
    if any(one.mode is Mode.TABLE for one in outputs) and not routine.is_set:
        raise _error(tree.name, SYNTAX, "RETURNS TABLE makes a set")


def _taken(catalog: Catalog, name: WrittenName, full: str) -> None:
    if full in catalog.types or TableName(full) in catalog.tables or TableName(full) in catalog.views:
        raise _error(name, DUPLICATE_OBJECT, f'type "{name}" already exists')


def _create_composite(catalog: Catalog, tree: CreateComposite, contract: str) -> Definition:
    full = _own_name(tree.name, contract)
    _taken(catalog, tree.name, full)
    home = full.partition(".")[0]
    fields: list[tuple[str, ColumnType]] = []
    for name, reference in tree.fields:
        column_type = resolve_type(catalog, home, reference)
        if column_type.kind in (Kind.COMPOSITE, Kind.RECORD):
            raise _error(tree.name, "0A000", f'a row as the field "{name}" of a type is not supported')
        if any(name == other for other, _ in fields):
            raise _error(tree.name, "42701", f'attribute "{name}" specified more than once')
        fields.append((name, column_type))
    types = {**catalog.types, full: CompositeType(full, tuple(fields))}
    return Definition(tree.tag, replace(catalog, types=types))


def _create_enum(catalog: Catalog, tree: CreateEnum, contract: str) -> Definition:
    full = _own_name(tree.name, contract)
    _taken(catalog, tree.name, full)
    types = {**catalog.types, full: EnumType(full, tree.labels)}
    return Definition(tree.tag, replace(catalog, types=types))


def _home(catalog_names: object, name: WrittenName, contract: str) -> str | None:
    homes = (contract, DEFAULT_CONTRACT) if name.contract is None else (name.contract,)
    for home in homes:
        if f"{home}.{name.name}" in catalog_names:  # type: ignore[operator]  # a mapping by name
            return f"{home}.{name.name}"
    return None


def _drop_routines(catalog: Catalog, tree: DropObjects, contract: str) -> Definition:
    routines = dict(catalog.routines)
    for one in tree.objects:
        full = _home(routines, one.name, contract)
        if full is None:
            if tree.if_exists:
                continue
            raise _error(one.name, UNDEFINED_FUNCTION, f"{tree.kind.value} {one.name} does not exist")
        routine = routines[RoutineName(full)]
        _check_dropped(catalog, tree, one, routine)
        del routines[RoutineName(full)]
    result = replace(catalog, routines=routines)
    return Definition(tree.tag, require_valid_views(result, exp.Null()))


def _check_dropped(catalog: Catalog, tree: DropObjects, one: WrittenObject, routine: Routine) -> None:
    if tree.kind is not ObjectKind.ROUTINE and routine.is_procedure != (tree.kind is ObjectKind.PROCEDURE):
        raise _error(one.name, "42809", f"{one.name} is not a {tree.kind.value}")
    if one.arguments is None:
        return
    home = routine.name.partition(".")[0]
    wanted = [resolve_type(catalog, home, reference).kind for reference in one.arguments]
    if wanted not in ([part.type.kind for part in routine.inputs], [part.type.kind for part in routine.parameters]):
        raise _error(one.name, UNDEFINED_FUNCTION, f"{tree.kind.value} {one.name} does not exist with these arguments")


def _drop_types(catalog: Catalog, tree: DropObjects, contract: str) -> Definition:
    types = dict(catalog.types)
    for one in tree.objects:
        full = _home(types, one.name, contract)
        if full is None:
            if tree.if_exists:
                continue
            raise _error(one.name, UNDEFINED_OBJECT, f'type "{one.name}" does not exist')
        user = _user_of(catalog, full)
        if user is not None:
            message = f"cannot drop type {one.name} because {user} depends on it"
            raise _error(one.name, DEPENDENT, message)
        del types[full]
    return Definition(tree.tag, replace(catalog, types=types))


def _user_of(catalog: Catalog, name: str) -> str | None:
    """What has a value of a type."""
    for table in catalog.tables.values():
        if any(column.type.name == name for column in table.columns):
            return f"table {table.name}"
    for routine in catalog.routines.values():
        types = [one.type.name for one in routine.parameters]
        if name in types or (routine.returns is not None and routine.returns.name == name):
            return f"function {routine.name}"
    for other in catalog.types.values():
        if isinstance(other, CompositeType) and any(one.name == name for _, one in other.fields):
            return f"type {other.name}"
    return None
