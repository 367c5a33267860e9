"""The one spelling of expressions and queries that catalogs keep.

sqlglot writes it, pinned; names are folded and quoted only where they must be; it is one line of printable text that
reads back to the same spelling.
"""

from sqlglot import exp

from aergo_vc.base.errors import AergoError
from aergo_vc.codec.identifiers import quote_identifier
from aergo_vc.model.schema import Catalog
from aergo_vc.sql.errors import UNSUPPORTED
from aergo_vc.sql.language.binder import Grouping
from aergo_vc.sql.language.queries import sources_of, top_binder
from aergo_vc.sql.language.scope import Scope
from aergo_vc.sql.language.sequence_names import spell_out_sequences
from aergo_vc.sql.language.source import DIALECT, error_at, name_of, parse_script


def canonical_expression(tree: exp.Expression) -> str:
    """The spelling of an expression; raises SqlError 0A000 where it would not be printable or not read back."""
    text = _spelled(tree)
    _require_stable(tree, text, f"SELECT {text}")
    return text


def canonical_query(tree: exp.Expression, catalog: Catalog) -> str:
    """The spelling of a view's query, its stars spelled out."""
    text = _spelled(_without_stars(tree, catalog))
    _require_stable(tree, text, text)
    return text


def _spelled(tree: exp.Expression) -> str:
    copy = tree.copy()
    for found in copy.find_all(exp.Identifier):
        name = name_of(found)
        found.set("this", name)
        found.set("quoted", quote_identifier(name) != name)
    spell_out_sequences(copy)
    return str(copy.sql(dialect=DIALECT, comments=False, pretty=False, identify=False))


def _require_stable(tree: exp.Expression, text: str, script: str) -> None:
    stable = False
    if text.isprintable() and len(text) <= 32_000:  # noqa: PLR2004
        try:
            again = parse_script(script)
            stable = len(again) == 1 and _spelled(again[0].sql) == script
        except AergoError:
            stable = False
    if not stable:
        raise error_at(
            tree,
            UNSUPPORTED,
            "an expression that cannot be spelled on one line, or that does not read back, is not supported",
        )


def _without_stars(tree: exp.Expression, catalog: Catalog) -> exp.Expression:
    copy = tree.copy()
    for select in list(copy.find_all(exp.Select)):
        if any(_is_star(item) for item in select.expressions):
            if select.args.get("with_") or select.find_ancestor(exp.CTE, exp.Subquery) or copy.args.get("with_"):
                raise error_at(select, UNSUPPORTED, "* in a view's subquery or beside WITH is not supported")
            select.set(
                "expressions", [part for item in select.expressions for part in _spelled_out(item, select, catalog)]
            )
    return copy


def _is_star(item: exp.Expression) -> bool:
    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def _spelled_out(item: exp.Expression, select: exp.Select, catalog: Catalog) -> list[exp.Expression]:
    if not _is_star(item):
        return [item]
    binder = top_binder(catalog, Scope())
    binder.grouping = Grouping()
    wanted = name_of(item.args["table"]) if isinstance(item, exp.Column) else None
    scope = sources_of(binder, select)
    if scope.merged:
        raise error_at(item, UNSUPPORTED, "* over a join with USING in a view is not supported")
    return [
        exp.Column(this=exp.to_identifier(name, quoted=True), table=exp.to_identifier(source.name, quoted=True))
        for source in scope.sources
        if wanted in (None, source.name)
        for name, _ in source.columns
    ]
