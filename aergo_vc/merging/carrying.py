"""What a law on the source's line settled, taken on by the branch into which that line is merged.

The transaction is executed again, and the rows that were settled become what they became there, if the same question
arises: if the transaction finds and leaves them here as it did there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from aergo_vc.base.errors import AergoError, RepositoryError
from aergo_vc.base.ids import EntityName
from aergo_vc.codec.row_chunk import encode_row
from aergo_vc.ledger.machine import BlockExecution, Recorded, Rows, Submission, TransactionOutcome
from aergo_vc.ledger.settled import as_found, before_and_after, fits, instead_of, settled_rows
from aergo_vc.merging.candidates import SettledThere
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.schema import Catalog, spoken_name
from aergo_vc.model.transactions import Refusal, SettledAs, SettledRow
from aergo_vc.model.types import Row
from aergo_vc.sql.errors import SqlError

SETTLED, PERMISSION = "E_SETTLED", "E_PERMISSION"
"""Why what another law made of a transaction does not hold here: the question is another, or who answered may not."""

NOBODY = EntityName("nobody")
"""The owner of contracts that nobody owns."""

_SHORT, _SHOWN = 12, 60
_CONSTRAINT = "23"
"""The class of integrity constraint violations."""
_UNCHANGED = Footprint()

Check = Callable[[Footprint], Refusal | None]
"""Why a transaction must not go in that did what a footprint says; None if it may."""


def owner_of(catalog: Catalog, settled_by: str) -> EntityName | None:
    """The owner of the contract whose routine settles; None where nobody owns it, and for a policy."""
    contract, dot, _ = settled_by.partition(".")
    return catalog.owners.get(contract) if dot else None


def unentitled(
    execution: BlockExecution, submission: Submission, settled: SettledThere, settle_by: str | None
) -> Refusal | None:
    """Why what a routine decided does not count here: its contract's owner might not have written that himself.

    He need not where the target's own law, `settle_by`, is of the same contract.  A script in a transaction's place,
    which has its signer's rights, is nobody's but the signer's.
    """
    by, was = settled
    contract, dot, _ = by.partition(".")
    catalog = execution.catalog
    if not dot or ((settle_by or "").partition(".")[:2] == (contract, dot) and owner_of(catalog, by) == was.owner):
        return None
    owner, transaction = was.owner or NOBODY, submission[0]
    found = f"{by}, a function of {owner}'s, settled it{_where(was)}"
    if was.script is not None and owner != transaction.payload.signer:
        return Refusal(PERMISSION, f"{found} by a script in the name of {transaction.payload.signer}")
    try:
        for one in was.rows:
            if one.row != one.theirs and one.table in catalog.tables:
                execution.require_right(transaction.id, owner, one.table, _privilege(one.theirs, one.row), one.columns)
    except SqlError as error:
        return Refusal(PERMISSION, f"{found}, who may not do that here: {error.message}")
    return None


def _privilege(before: Row | None, after: Row | None) -> str:
    return "insert" if before is None else "delete" if after is None else "update"


@dataclass(frozen=True, slots=True)
class Carrier:
    """Takes on a transaction of which `was` was made; with `always` whatever the question is here."""

    execution: BlockExecution
    submission: Submission
    was: SettledAs
    always: bool = False

    def carry(self, check: Check = lambda _here: None) -> TransactionOutcome | Refusal:
        """The outcome, whose receipt tells what was made of it, and not by whom; or why it cannot be taken on.

        Raises as `BlockExecution.amend`.
        """
        found: list[SettledAs | Refusal] = []

        def look(here: Footprint) -> bool:
            refusal = check(here)
            answer = self._answer(here, fails=False)
            found.append(answer if refusal is None or isinstance(answer, Refusal) else refusal)
            return isinstance(found[-1], SettledAs)

        def amend(here: Footprint) -> Rows | None:
            return settled_rows(self.execution, here, self.was.rows) if look(here) else None

        try:
            if self.was.script is not None:
                submission = instead_of(self.submission, self.was.script)
                done: Recorded | None = self.execution.record(*submission, lambda _outcome, here: look(here))
            else:
                done = self.execution.amend(*self.submission, amend)
        except RepositoryError:
            raise
        except AergoError as error:
            if found or not self.was.fails or not is_in_the_way(error):
                raise
            found.append(self._answer(_UNCHANGED, fails=True))
            done = put(self.execution, self.submission, self.was.rows) if isinstance(found[0], SettledAs) else None
        if isinstance(found[0], Refusal) or done is None:
            return cast("Refusal", found[0])
        return done.outcome._replace(receipt=replace(done.outcome.receipt, settled_as=found[0]))

    def _answer(self, here: Footprint, *, fails: bool) -> SettledAs | Refusal:
        """What to make of the transaction, with the rows as they are found here; or why that cannot be told."""
        rows: list[SettledRow] = []
        for one in self.was.rows:
            found = question(self.execution, here, one)
            if found is None:
                what = f"rows of {spoken_name(one.table)}, which has other columns here"
                return Refusal(SETTLED, f"it was settled{_where(self.was)} in {what}")
            rows.append(replace(found, theirs=one.theirs) if fails else found)
        if fails == self.was.fails and tuple(rows) == self.was.rows:
            return self.was  # to the byte: equal values may be spelled in two ways
        return replace(self.was, rows=tuple(rows), fails=fails) if self.always else self._difference(rows)

    def _difference(self, rows: Sequence[SettledRow]) -> Refusal:
        where = f"was settled{_where(self.was)}"
        for one, found in zip(self.was.rows, rows, strict=True):
            row = f"{', '.join(one.columns)} of {one.table} {_shown(one.key)}"
            if found.ours != one.ours:
                told = f"{row} {where} where it found {_shown(one.ours)}; here it finds {_shown(found.ours)}"
                return Refusal(SETTLED, told)
            if found.theirs != one.theirs:
                told = f"{row} {where} where it left {_shown(one.theirs)}; here it leaves {_shown(found.theirs)}"
                return Refusal(SETTLED, told)
        return Refusal(SETTLED, f"it {where} where it fails, and here it does not")


def question(execution: BlockExecution, here: Footprint, one: SettledRow) -> SettledRow | None:
    """A settled row as a transaction finds and leaves it here; None where the table has other columns."""
    table = execution.catalog.tables.get(one.table)
    if table is None or not fits(one, table):
        return None
    return as_found(one, table, before_and_after(execution, here, one.table, one.key))


def is_in_the_way(error: AergoError) -> bool:
    """Whether a transaction fails for a constraint, as where both sides inserted a row."""
    return isinstance(error, SqlError) and error.sqlstate.startswith(_CONSTRAINT)


def put(execution: BlockExecution, submission: Submission, rows: Sequence[SettledRow]) -> Recorded:
    """Put settled rows in place of a transaction that fails; raises SqlError where its signer may not write them."""
    transaction = submission[0]
    for one in rows:
        if one.ours != one.row:
            privilege = _privilege(one.ours, one.row)
            execution.require_right(transaction.id, transaction.payload.signer, one.table, privilege, one.columns)
    return execution.put(transaction, settled_rows(execution, _UNCHANGED, rows))


def _where(was: SettledAs) -> str:
    return "" if was.block is None else f" in block {was.block[:_SHORT]}"


def _shown(values: Row | None) -> str:
    if values is None:
        return "no row"
    text = encode_row(values).decode()[1:-1]
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
