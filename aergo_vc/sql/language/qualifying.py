"""Unqualified names of a statement that runs in a contract's name: they get their contract before anything is bound.

What such a statement makes is made in the contract.  Anything else is looked for there, then in `public`; what neither
has is taken to be the contract's, so that errors name it so.
"""

from collections.abc import Callable, Iterator

from sqlglot import exp

from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.sql.language.binder import NAMED
from aergo_vc.sql.language.source import name_of

_SEQUENCE_FUNCTIONS = frozenset({"nextval", "currval", "setval"})


def qualified(tree: exp.Expression, catalog: Catalog, contract: str) -> exp.Expression:
    """`tree`, or a copy of it in which relations, types, routines and sequences carry their contract."""
    if contract == DEFAULT_CONTRACT:
        return tree
    copy = tree.copy()
    made = _target(copy)
    own = "" if made is None else name_of(made.this)
    resolve = _resolver(catalog, contract, own)
    for table in list(copy.find_all(exp.Table)):
        if isinstance(table.this, exp.Identifier) and not table.args.get("db") and _is_relation(table):
            name = name_of(table.this)
            found = contract if table is made else resolve(name)
            table.set("db", exp.Identifier(this=found, quoted=False))
    for node in list(copy.find_all(exp.DataType)):
        kind = node.args.get("kind")
        if isinstance(kind, exp.Identifier):
            home = _home(name_of(kind), contract, catalog.types, catalog.tables)
            owner = exp.Identifier(this=home, quoted=False)
            node.set("kind", exp.Dot(this=owner, expression=kind))
    for call in list(copy.find_all(exp.Anonymous)):
        _qualify_routine(call, catalog, contract)
        if str(call.this).lower() in _SEQUENCE_FUNCTIONS and call.expressions:
            _qualify_sequence(call.expressions[0], resolve)
    return copy


def home_of(name: str, catalog: Catalog, contract: str) -> str:
    """The contract in which an unqualified relation's name is found: `contract`, then `public`, else `contract`."""
    return _resolver(catalog, contract, "")(name)


def _resolver(catalog: Catalog, contract: str, own: str) -> Callable[[str], str]:
    """Finds the contract of an unqualified relation; `own` is being made in `contract`."""

    def resolve(name: str) -> str:
        if name == own:
            return contract
        return _home(name, contract, catalog.tables, catalog.views, catalog.indexes, catalog.sequences)

    return resolve


def _home(name: str, contract: str, *kinds: object) -> str:
    for candidate in (contract, DEFAULT_CONTRACT):
        if any(f"{candidate}.{name}" in kind for kind in kinds):  # type: ignore[operator]  # mappings of several kinds
            return candidate
    return contract


def _target(tree: exp.Expression) -> exp.Expression | None:
    """The relation that a CREATE makes; an index is made with its table."""
    if not isinstance(tree, exp.Create) or isinstance(tree.this, exp.Index):
        return None
    made = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return made if isinstance(made, exp.Table) and isinstance(made.this, exp.Identifier) else None


def _is_relation(table: exp.Expression) -> bool:
    """Whether a name stands for a relation, and not for a WITH query or for what ALTER TABLE renames or drops."""
    name = name_of(table.this)
    node: exp.Expr | None = table.parent
    inner: exp.Expr = table
    while node is not None:
        if isinstance(node, exp.AlterRename) or (isinstance(node, exp.Drop) and isinstance(node.parent, exp.Alter)):
            return False
        if name in _common_names(node, inner):
            return False
        inner = node
        node = node.parent
    return True


def _common_names(node: exp.Expr, inner: exp.Expr) -> Iterator[str]:
    """The names of WITH queries that `node` puts in sight of `inner`, which is directly below it."""
    if isinstance(node, exp.With):
        for part in node.expressions:
            if part is inner and not node.args.get("recursive"):
                return
            yield name_of(part.args["alias"].this)
        return
    with_ = node.args.get("with_")
    if with_ is not None and with_ is not inner:
        yield from (name_of(part.args["alias"].this) for part in with_.expressions)


def _qualify_routine(call: exp.Anonymous, catalog: Catalog, contract: str) -> None:
    """Put the contract in front of a call of a routine; what is none is a function of the language."""
    parent = call.parent
    if isinstance(parent, exp.Dot) or (isinstance(parent, exp.Table) and parent.args.get("db")):
        return
    name = name_of(call.this) if isinstance(call.this, exp.Identifier) else str(call.this)
    if not call.args.get("quoted"):
        name = name.lower()
    home = _home(name, contract, catalog.routines)
    if name in NAMED or f"{home}.{name}" not in catalog.routines:
        return
    owner = exp.Identifier(this=home, quoted=False)
    if isinstance(parent, exp.Table):
        parent.set("db", owner)
    else:
        qualified_call = exp.Dot(this=owner)
        call.replace(qualified_call)
        qualified_call.set("expression", call)


def _qualify_sequence(node: exp.Expression, resolve: Callable[[str], str]) -> None:
    literal = node.this if isinstance(node, exp.Cast) else node
    if isinstance(literal, exp.Literal) and literal.is_string and "." not in str(literal.this):
        name = str(literal.this)
        home = resolve(name.strip('"'))
        literal.set("this", f"{home}.{name}")
