"""Whether a statement calls routines of a catalog: seen from its words alone, in whatever dialect it is written."""

from collections.abc import Iterator, Sequence

from aergo_vc.base.ids import TableName
from aergo_vc.model.schema import DEFAULT_CONTRACT, Catalog
from aergo_vc.sql.errors import SqlError
from aergo_vc.sql.procedures.lexing import Source, Token, TokenKind, tokens_of

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)


def calls_routines(catalog: Catalog, sql: str) -> bool:
    """Whether `sql` calls a routine of the catalog, or names a view that does, be it by way of other views.

    A text that is no sequence of PostgreSQL's words calls none.
    """
    if not catalog.routines:
        return False
    try:
        names = list(_names(tokens_of(Source(sql))))
    except SqlError:
        return False
    return _mentions(catalog, names, _calling_views(catalog))


def _calling_views(catalog: Catalog) -> frozenset[str]:
    """The views whose queries call routines."""
    queries = {name: list(_names(tokens_of(Source(view.query)))) for name, view in catalog.views.items()}
    found: frozenset[str] = frozenset()
    while True:
        more = frozenset(name for name, names in queries.items() if _mentions(catalog, names, found))
        if more == found:
            return found
        found = more


def _mentions(catalog: Catalog, names: Sequence[tuple[str, bool]], views: frozenset[str]) -> bool:
    return any(name in views or (is_call and name in catalog.routines) for name, is_call in names)


def _names(tokens: Sequence[Token]) -> Iterator[tuple[TableName, bool]]:
    """The names in a text, those without a contract in the default one; and whether a bracket opens behind each."""
    place = 0
    while place < len(tokens):
        start, place = place, place + 1
        if tokens[start].kind not in _NAMES:
            continue
        while tokens[place].text == "." and tokens[place + 1].kind in _NAMES:
            place += 2
        words = [token.text for token in tokens[start:place:2]]
        name = ".".join(words[-2:]) if len(words) > 1 else f"{DEFAULT_CONTRACT}.{words[0]}"
        yield TableName(name), tokens[place].text == "("
        if len(words) > 1:
            # In SELECT t.x the first two words may be a view and its contract, or a table and its column.
            yield TableName(".".join(words[:2])), False
