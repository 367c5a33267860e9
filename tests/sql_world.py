"""A context for scripts under test: each number is a transaction of its own."""

from aergo_vc.base.ids import BranchName, ChainId, EntityName, TransactionId
from aergo_vc.sql.outcomes import ExecutionContext

TIME = 1_700_000_000_123


def context(number: int = 0) -> ExecutionContext:
    transaction = TransactionId(f"{number:032x}" + "ab" * 16)
    return ExecutionContext(TIME, 5, transaction, ChainId("cd" * 32), BranchName("main"), EntityName("alice"))
