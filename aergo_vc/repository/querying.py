"""Queries over the state at a block."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from aergo_vc.base.errors import AergoError
from aergo_vc.model.types import Value
from aergo_vc.query.results import ReadyResult, Result
from aergo_vc.query.session import QueryLimits, QuerySession
from aergo_vc.query.state import QuerySource, QueryState, QueryTable
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.reading import StateReader
from aergo_vc.repository.revisions import resolve
from aergo_vc.repository.tips import Tip
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.language.mentions import calls_routines


@contextmanager
def query(
    workspace: Workspace,
    identity: Identity,
    sql: str,
    *,
    at: str | None,
    parameters: Sequence[Value],
    limits: QueryLimits | None,
    conflicts: bool = False,
) -> Iterator[Result]:
    """The result of one reading statement over the state at a block; with `conflicts` beside those of the merge."""
    tip = resolve(workspace, at)
    reader = StateReader(workspace, tip.ledger)
    folder = workspace.folder / "cache" / "query"
    sources = _conflicts(workspace, identity) if conflicts else ()
    if not conflicts and calls_routines(reader.catalog, sql):
        from aergo_vc.repository.routine_queries import ask_engine  # noqa: PLC0415 - it loads sqlglot

        columns, rows = ask_engine(workspace, identity, tip, sql, parameters)
        with closing(ReadyResult(columns, rows, folder, limits)) as ready:
            yield ready
        return
    tables = {name: QueryTable(reader.tree(name), reader.snapshot.tables.get(name)) for name in reader.catalog.stored}
    line = tip.branch if _is_head(workspace, tip) else None
    state = QueryState(tables, reader.catalog.views, sources, line=line)
    with QuerySession(state, folder, limits) as session:
        session.open()
        yield session.query(sql, tuple(parameters))


def _conflicts(workspace: Workspace, identity: Identity) -> Sequence[QuerySource]:
    from aergo_vc.repository.conflict_cells import ConflictCells  # noqa: PLC0415 - loads sqlglot
    from aergo_vc.repository.conflicts import open_merge  # noqa: PLC0415

    return (ConflictCells(open_merge(workspace, identity)),)


def _is_head(workspace: Workspace, tip: Tip) -> bool:
    try:
        head = workspace.head_of(tip.branch)
        return head is not None and resolve(workspace, tip.branch).ledger.block == tip.ledger.block
    except AergoError:
        return False
