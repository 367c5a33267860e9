"""Queries that call routines of contracts: on the engine of transactions, over a state of their own in memory.

The branch's state cache is left alone: a query needs no lock, and may ask at any block.
"""

from collections.abc import Sequence

from aergo_vc.base.ids import EntityName, TransactionId
from aergo_vc.directory.authorities import read_authority
from aergo_vc.directory.constitution import keep_constitution
from aergo_vc.ledger.history import ledger_at
from aergo_vc.ledger.machine import Machine
from aergo_vc.model.outcomes import ResultColumn
from aergo_vc.model.types import Row, Value
from aergo_vc.query.errors import QueryError
from aergo_vc.repository.errors import NoSignerError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.signing_rights import slot_length_of
from aergo_vc.repository.tips import Tip
from aergo_vc.repository.workspace import Workspace
from aergo_vc.sql.engine import Engine, ScriptOutcome
from aergo_vc.sql.errors import READ_ONLY, SqlError
from aergo_vc.sql.language.source import is_one_query
from aergo_vc.sql.outcomes import ExecutionContext
from aergo_vc.sql.procedures.lexing import Source, TokenKind, tokens_of

_NOBODY = EntityName("nobody")
_NO_TRANSACTION = TransactionId("0" * 64)


def ask_engine(
    workspace: Workspace, identity: Identity, tip: Tip, sql: str, parameters: Sequence[Value]
) -> tuple[tuple[ResultColumn, ...], tuple[Row, ...]]:
    """The columns and rows of a statement in AERGOSQL at a block.

    Raises QueryError for what is no query, and SqlError, 25006 where the statement would change something.
    """
    script = _filled_in(sql, parameters) if parameters else sql
    if not is_one_query(script):
        raise QueryError("a query is one SELECT")
    machine = Machine(Engine(), workspace.writer, workspace.nodes, keep_constitution)
    try:
        machine.move_to(machine.read_state(tip.ledger.state, tip.ledger.header.state))
        with machine.engine.transaction() as opened:
            outcome = machine.engine.run(script, _context(workspace, identity, tip))
            opened.rollback()
    finally:
        machine.engine.close()
    _require_nothing_done(outcome)
    result = outcome.results[0]
    return result.columns or (), result.rows


def _require_nothing_done(outcome: ScriptOutcome) -> None:
    if outcome.changes:
        names = ", ".join(sorted(outcome.changes))
        raise SqlError(READ_ONLY, f"a query changes nothing, and this one would change {names}")
    if outcome.events:
        raise SqlError(READ_ONLY, f"a query changes nothing, and this one would emit {outcome.events[0].name}")


def _context(workspace: Workspace, identity: Identity, tip: Tip) -> ExecutionContext:
    """The query's surroundings: the block's, as far as there is no transaction."""
    header = tip.ledger.header
    try:
        signer = identity.entity
    except NoSignerError:
        signer = _NOBODY

    def roles_of(entity: EntityName) -> frozenset[str]:
        head = workspace.directory_head()
        if head is None:
            return frozenset()
        block = ledger_at(workspace.writer, head)
        return read_authority(workspace.writer, workspace.nodes, block, slot_length_of(tip)).roles_of(entity)

    return ExecutionContext(
        time=header.time, height=header.height, transaction=_NO_TRANSACTION, chain=header.chain, branch=tip.branch,
        signer=signer, roles_of=roles_of,
    )  # fmt: skip


def _filled_in(sql: str, parameters: Sequence[Value]) -> str:
    """The statement with values for its parameters ``?``, or ``$1`` and so on."""
    parts: list[str] = []
    end = taken = 0
    for token in tokens_of(Source(sql)):
        if token.kind is TokenKind.PARAMETER:
            number = int(token.text[1:])
        elif token.kind is TokenKind.SIGN and token.text.endswith("?"):
            taken += 1
            number = taken
        else:
            continue
        if not 1 <= number <= len(parameters):
            raise QueryError(f"the query has no value for its parameter {number}: {len(parameters)} are given")
        start = token.start if token.kind is TokenKind.PARAMETER else token.end - 1
        parts += [sql[end:start], f" {_literal(parameters[number - 1])} "]
        end = token.end
    return "".join(parts) + sql[end:]


def _literal(value: Value) -> str:
    """A value as SQL; texts have no type of their own, as PostgreSQL's literals have none."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"CAST('{value!r}' AS double precision)"
    if isinstance(value, int):
        return f"({value})"
    return "'" + value.replace("'", "''") + "'"
