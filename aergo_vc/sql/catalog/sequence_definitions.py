"""CREATE, ALTER and DROP SEQUENCE, and the sequences that serial and identity columns bring along."""

from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from aergo_vc.base.ids import TableName
from aergo_vc.model.routines import EnumType
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.sql.catalog.definitions import is_taken
from aergo_vc.sql.catalog.names import check_table_name
from aergo_vc.sql.catalog.sequence_values import checked_sequence, made_sequence, uses
from aergo_vc.sql.errors import (
    DEPENDENT,
    DUPLICATE_OBJECT,
    DUPLICATE_TABLE,
    INVALID_PARAMETER,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    UNDEFINED_TABLE,
    UNSUPPORTED,
    WRONG_OBJECT,
    SqlError,
)
from aergo_vc.sql.procedures.own_statements import (
    AddEnumValue,
    AlterSequence,
    CreateSequence,
    DropObjects,
    ObjectKind,
    OwnStatement,
    SequenceOptions,
    WrittenName,
)
from aergo_vc.sql.running.definition_values import Definition


def define_object(catalog: Catalog, tree: OwnStatement, contract: str) -> Definition | None:
    """What a statement leads to; None if it is not one of those that are carried out here."""
    try:
        if isinstance(tree, CreateSequence):
            return _create(catalog, tree, contract)
        if isinstance(tree, AlterSequence):
            return _alter(catalog, tree, contract)
        if isinstance(tree, DropObjects) and tree.kind is ObjectKind.SEQUENCE:
            return _drop(catalog, tree, contract)
        if isinstance(tree, AddEnumValue):
            return _add_label(catalog, tree, contract)
    except SqlError as error:
        error.place(0, tree.line, tree.column)
        raise
    return None


def _full(name: WrittenName, contract: str, known: Iterable[str]) -> str | None:
    """The object that a name means: the contract's, then that of `public`."""
    names = set(known)
    homes = (contract, DEFAULT_CONTRACT) if name.contract is None else (name.contract,)
    return next((f"{home}.{name.name}" for home in homes if f"{home}.{name.name}" in names), None)


def _create(catalog: Catalog, tree: CreateSequence, contract: str) -> Definition:
    name = TableName(f"{tree.name.contract or contract}.{tree.name.name}")
    check_table_name(name, exp.Null())
    if is_taken(catalog, name):
        if tree.if_not_exists:
            return Definition("CREATE SEQUENCE", catalog)
        raise SqlError(DUPLICATE_TABLE, f'relation "{tree.name.name}" already exists')
    made = made_sequence(name, tree.options)
    made = replace(made, owner=_owner(catalog, tree.options, contract))
    sequences = {**catalog.sequences, name: made}
    return Definition("CREATE SEQUENCE", replace(catalog, sequences=sequences), created=(name,))


def _owner(catalog: Catalog, options: SequenceOptions, contract: str) -> tuple[TableName, str] | None:
    path = options.owned_by
    if not path:
        return None
    written = WrittenName(path[-3] if len(path) > 2 else None, path[-2] if len(path) > 1 else "", 0, 0)  # noqa: PLR2004
    found = _full(written, contract, catalog.tables)
    if found is None:
        raise SqlError(UNDEFINED_TABLE, f'relation "{".".join(path[:-1])}" does not exist')
    table = catalog.tables[TableName(found)]
    if not any(column.name == path[-1] for column in table.visible_columns):
        raise SqlError(UNDEFINED_COLUMN, f'column "{path[-1]}" of relation "{path[-2]}" does not exist')
    return table.name, path[-1]


def _known(catalog: Catalog, name: WrittenName, contract: str) -> TableName | None:
    found = _full(name, contract, catalog.sequences)
    if found is None and _full(name, contract, (*catalog.tables, *catalog.views)) is not None:
        raise SqlError(WRONG_OBJECT, f'"{name}" is not a sequence')
    return None if found is None else TableName(found)


def _alter(catalog: Catalog, tree: AlterSequence, contract: str) -> Definition:
    name = _known(catalog, tree.name, contract)
    if name is None:
        if tree.if_exists:
            return Definition("ALTER SEQUENCE", catalog)
        raise SqlError(UNDEFINED_TABLE, f'relation "{tree.name}" does not exist')
    old, options = catalog.sequences[name], tree.options
    if options.type is not None:
        raise SqlError(UNSUPPORTED, "ALTER SEQUENCE … AS is not supported")
    given = {
        word: value
        for word in ("increment", "minimum", "maximum", "start")
        if (value := getattr(options, word)) is not None
    }
    if given.get("increment") == 0:
        raise SqlError(INVALID_PARAMETER, "INCREMENT must not be zero")
    new = checked_sequence(replace(old, **given))
    if options.owned_by:
        new = replace(new, owner=_owner(catalog, options, contract))
    result = replace(catalog, sequences={**catalog.sequences, name: new})
    if options.restart is None:
        return Definition("ALTER SEQUENCE", result)
    value = options.restart[0] if options.restart[0] is not None else new.start
    if not new.minimum <= value <= new.maximum:
        raise SqlError(INVALID_PARAMETER, f"RESTART value ({value}) is out of bounds")
    return Definition("ALTER SEQUENCE", result, restarted={name: value})


def _drop(catalog: Catalog, tree: DropObjects, contract: str) -> Definition:
    gone: list[TableName] = []
    for one in tree.objects:
        name = _known(catalog, one.name, contract)
        if name is None:
            if tree.if_exists:
                continue
            raise SqlError(UNDEFINED_TABLE, f'sequence "{one.name}" does not exist')
        for table in catalog.tables.values():
            for column in table.columns:
                if column.default is not None and uses(column.default, name):
                    user = f"column {column.name} of table {table.name}"
                    raise SqlError(DEPENDENT, f"cannot drop sequence {one.name} because {user} needs it")
        gone.append(name)
    sequences = {name: one for name, one in catalog.sequences.items() if name not in gone}
    return Definition("DROP SEQUENCE", replace(catalog, sequences=sequences), dropped=tuple(gone))


def _add_label(catalog: Catalog, tree: AddEnumValue, contract: str) -> Definition:
    name = _full(tree.name, contract, catalog.types)
    found = None if name is None else catalog.types[name]
    if not isinstance(found, EnumType) or name is None:
        state = UNDEFINED_OBJECT if found is None else WRONG_OBJECT
        raise SqlError(state, f'type "{tree.name}" does not exist' if found is None else f"{tree.name} is not an enum")
    if tree.label in found.labels:
        if tree.if_not_exists:
            return Definition("ALTER TYPE", catalog)
        raise SqlError(DUPLICATE_OBJECT, f'enum label "{tree.label}" already exists')
    beside = tree.before if tree.before is not None else tree.after
    if beside is not None and beside not in found.labels:
        raise SqlError(INVALID_PARAMETER, f'"{beside}" is not an existing enum label')
    place = len(found.labels) if beside is None else found.labels.index(beside) + (tree.before is None)
    labels = (*found.labels[:place], tree.label, *found.labels[place:])
    types = {**catalog.types, name: EnumType(name, labels)}
    return Definition("ALTER TYPE", replace(catalog, types=types))
