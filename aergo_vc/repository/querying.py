"""Queries over the state at a block."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aergo_vc.base.errors import AergoError
from aergo_vc.model.types import Value
from aergo_vc.query.session import QueryLimits, QueryResult, QuerySession
from aergo_vc.query.state import QueryState, QueryTable
from aergo_vc.repository.reading import StateReader
from aergo_vc.repository.revisions import resolve
from aergo_vc.repository.tips import Tip
from aergo_vc.repository.workspace import Workspace


@contextmanager
def query(
    workspace: Workspace, sql: str, at: str | None, parameters: Sequence[Value], limits: QueryLimits | None
) -> Iterator[QueryResult]:
    """The result of one reading statement over the state at a block."""
    tip = resolve(workspace, at)
    reader = StateReader(workspace, tip.ledger)
    tables = {name: QueryTable(reader.tree(name), reader.snapshot.tables.get(name)) for name in reader.catalog.stored}
    line = tip.branch if _is_head(workspace, tip) else None
    state = QueryState(tables, reader.catalog.views, line=line)
    with QuerySession(state, workspace.folder / "cache" / "query", limits) as session:
        session.open()
        yield session.query(sql, tuple(parameters))


def _is_head(workspace: Workspace, tip: Tip) -> bool:
    try:
        head = workspace.head_of(tip.branch)
        return head is not None and resolve(workspace, tip.branch).ledger.block == tip.ledger.block
    except AergoError:
        return False
