"""`Repository`: the verbs of git-aergo as a Python API.  It prints nothing and reads no environment."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from aergo_vc.base.ids import BranchName, TransactionId
from aergo_vc.base.names import branch_name, contract_name, routine_name
from aergo_vc.model.blocks import Law
from aergo_vc.model.schema import Table
from aergo_vc.model.transactions import Argument
from aergo_vc.model.types import Row, Value
from aergo_vc.repository.errors import DetachedHeadError, UnknownRevisionError
from aergo_vc.repository.findings import Finding
from aergo_vc.repository.hooks import Program
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.import_memory import ImportMemory
from aergo_vc.repository.keyring import KeyInfo
from aergo_vc.repository.results import (
    BlockDetails,
    BlockSummary,
    Committed,
    Founded,
    Merged,
    NoBlock,
    PendingTransaction,
    Picked,
    Repaired,
    Reverted,
    RoutinesDifference,
    ScriptProblem,
    Status,
    Submitted,
    TableDifference,
    TransactionDetails,
    Verified,
)
from aergo_vc.repository.workspace import Surroundings, Workspace

if TYPE_CHECKING:
    from aergo_vc.merging.conflicts import Side
    from aergo_vc.query.results import Result
    from aergo_vc.query.session import QueryLimits
    from aergo_vc.repository.conflicts import OpenMerge
    from aergo_vc.repository.transaction_trees import TransactionTree


class Repository:
    """A git repository with a ledger, or one that is to get one.  Not thread-safe.

    Verbs raise InputError for what the caller gave, RepositoryError for what the repository or the environment cannot
    serve, and InvalidError for a ledger that breaks a rule.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._identity = Identity(workspace)

    @classmethod
    def open(cls, start: Path, surroundings: Surroundings | None = None) -> Self:
        """The repository that `start` lies in."""
        return cls(Workspace.open(start, surroundings or Surroundings()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up files and processes."""
        self._workspace.close()

    # Setting up

    def init(
        self, *, name: str | None = None, entity: str | None = None, key: str | None = None, merge: Sequence[str] = ()
    ) -> Founded:
        """Found a ledger on the current branch, or find it founded.

        `entity` names the founder; `key` is a path or a public key as git's ``user.signingKey`` has it.  Without them
        the settings of this clone count, then the user's own signing key if it is Ed25519, then a new key is made.
        `merge` says how others are merged into the branch, as `branch` has it.
        """
        from aergo_vc.repository.founding import found  # noqa: PLC0415 - loads sqlglot
        from aergo_vc.repository.identity import settle  # noqa: PLC0415
        from aergo_vc.repository.laws import merge_law  # noqa: PLC0415

        merge_law(merge)
        self._workspace.git.require_version()
        self._workspace.current_branch()
        settle(self._workspace, entity, key)
        self._identity = Identity(self._workspace)
        top = self._workspace.paths.work_tree or self._workspace.paths.git_dir
        return found(self._workspace, self._identity, name or top.name, merge)

    def install(self, program: Program) -> tuple[str, ...]:
        """Put hooks and settings of this clone in place; returns what was done.  Raises NotInstallableError."""
        from aergo_vc.repository import installing  # noqa: PLC0415

        self._workspace.git.require_version()
        return installing.install(self._workspace, self._identity.settings, program)

    def uninstall(self) -> tuple[str, ...]:
        """Undo `install`; returns what was done.  The ledger, keys and pending transactions stay."""
        from aergo_vc.repository import installing  # noqa: PLC0415

        return installing.uninstall(self._workspace, self._identity.settings)

    def doctor(self) -> tuple[Finding, ...]:
        """What is wrong, or may become so, with this clone and the programs that it needs."""
        from aergo_vc.repository import examining  # noqa: PLC0415

        return examining.examine(self._workspace, self._identity)

    def key_new(self, name: str | None = None) -> KeyInfo:
        """Make a key for this clone; it comes into use if no other is."""
        from aergo_vc.repository import keyring  # noqa: PLC0415

        return keyring.make_key(self._workspace, self._identity, name)

    def key_list(self) -> tuple[KeyInfo, ...]:
        """The keys that this clone can sign with."""
        from aergo_vc.repository import keyring  # noqa: PLC0415

        return keyring.list_keys(self._workspace, self._identity)

    def current_branch(self) -> BranchName | None:
        """The branch that HEAD is on; None where it is on none."""
        try:
            return self._workspace.current_branch()
        except DetachedHeadError:
            return None

    # Transactions

    def sql(self, script: str, *, commit: bool = False, message: str | None = None) -> Submitted:
        """Run a script as one transaction on the current branch; it waits for a block, or makes one with `commit`."""
        from aergo_vc.repository.submitting import desk, draft_of_script  # noqa: PLC0415 - loads sqlglot

        with desk(self._workspace, self._identity, self._workspace.current_branch(), seals=commit) as opened:
            return opened.submit(draft_of_script(script), commit=commit, message=message)

    def deploy(self, script: str, contract: str, *, commit: bool = False, message: str | None = None) -> Submitted:
        """Make a contract what a script says, as one transaction on the current branch; see `sql`.

        Names that the script leaves unqualified are the contract's.  The first who deploys it owns it.
        """
        from aergo_vc.repository.submitting import desk, draft_of_deployment  # noqa: PLC0415 - loads sqlglot

        with desk(self._workspace, self._identity, self._workspace.current_branch(), seals=commit) as opened:
            return opened.submit(draft_of_deployment(script, contract_name(contract)), commit=commit, message=message)

    def check(self, script: str, contract: str) -> ScriptProblem | None:
        """What a deployment at the current branch's state, pending transactions included, would fail for.

        Nothing is signed, and it is no matter whose the contract is.
        """
        from aergo_vc.repository.submitting import desk  # noqa: PLC0415 - loads sqlglot

        with desk(self._workspace, self._identity, self._workspace.current_branch()) as opened:
            return opened.check(script, contract_name(contract))

    def call(
        self,
        routine: str,
        arguments: Sequence[Argument] = (),
        named: Mapping[str, Argument] | None = None,
        *,
        dry_run: bool = False,
        commit: bool = False,
        message: str | None = None,
    ) -> Submitted:
        """Call ``contract.routine`` as one transaction on the current branch; see `sql`.

        Texts are read as the parameters' types say, None is NULL, arrays are tuples.  With `dry_run` nothing is kept.
        """
        from aergo_vc.repository.submitting import desk, draft_of_call  # noqa: PLC0415 - loads sqlglot

        make = draft_of_call(routine_name(routine), arguments, named or {})
        with desk(self._workspace, self._identity, self._workspace.current_branch(), seals=commit) as opened:
            return opened.submit(make, commit=commit, message=message, dry_run=dry_run)

    def import_files(
        self,
        files: Sequence[Path],
        *,
        table: str | None = None,
        mode: str = "replace",
        key: tuple[str, ...] = (),
        widen: bool = False,
        commit: bool = False,
        message: str | None = None,
    ) -> Submitted:
        """Take in the rows of files as one transaction.

        Each file is for the table that it is named after, or a single one for `table`.  `mode` is one of ImportMode's.
        """
        from aergo_vc.repository.importing import (  # noqa: PLC0415 - loads sqlglot
            Importer,
            ImportMode,
            ImportOptions,
            TabularFile,
            full_table_name,
            table_of_file,
        )
        from aergo_vc.repository.submitting import desk  # noqa: PLC0415
        from aergo_vc.repository.transfer import read_file  # noqa: PLC0415

        branch = self._workspace.current_branch()
        names = [table_of_file(path) if table is None else full_table_name(table) for path in files]
        tabular = [TabularFile(name, read_file(path)) for name, path in zip(names, files, strict=True)]
        nonce = self._workspace.surroundings.entropy(16).hex()
        memory = ImportMemory(self._workspace.folder / "cache" / "imports.json")
        importer = Importer(tabular, ImportOptions(ImportMode(mode), key, widen), nonce, memory)
        with desk(self._workspace, self._identity, branch, seals=commit) as opened:
            submitted = opened.submit(importer, commit=commit, message=message)
            if submitted.committed is not None and submitted.transaction in submitted.committed.transactions:
                importer.landed(opened.machine.digests, opened.machine.catalog)
            return submitted

    def cherry_pick(
        self, what: Sequence[str], *, source: str | None = None, commit: bool = True, message: str | None = None
    ) -> Picked:
        """Put transactions of other branches on the current one as they were signed: one by its id, a block's all.

        All go in or none; without `commit` they wait.  `source` is another repository of the same chain to look in: an
        absolute path, an address, a remote's name.
        """
        from aergo_vc.repository.picking import pick  # noqa: PLC0415 - loads sqlglot

        return pick(self._workspace, self._identity, what, source=source, commit=commit, message=message)

    def revert(self, what: str, *, force: bool = False, commit: bool = True, message: str | None = None) -> Reverted:
        """Undo the row changes of a transaction, or of a block, of the current branch by a new transaction.

        Where later transactions changed the same rows nothing is made, unless `force` undoes them too.
        """
        from aergo_vc.repository.reverting import revert  # noqa: PLC0415 - loads sqlglot

        return revert(self._workspace, self._identity, what, force=force, commit=commit, message=message)

    def resubmit(self, what: Sequence[str], *, commit: bool = False, message: str | None = None) -> Picked:
        """Sign anew what merges of the current branch left out: transactions by their ids, or all of a merge."""
        from aergo_vc.repository.resubmitting import resubmit  # noqa: PLC0415 - loads sqlglot

        return resubmit(self._workspace, self._identity, what, commit=commit, message=message)

    def commit(self, message: str | None = None) -> Committed | None:
        """Seal the waiting transactions of the current branch into its next block; None where none waits."""
        from aergo_vc.repository.submitting import desk  # noqa: PLC0415 - loads sqlglot

        with desk(self._workspace, self._identity, self._workspace.current_branch(), seals=True) as opened:
            return opened.commit(message)

    def pending(self) -> tuple[PendingTransaction, ...]:
        """The waiting transactions of the current branch, and what each would do now."""
        from aergo_vc.repository.submitting import desk  # noqa: PLC0415 - loads sqlglot

        with desk(self._workspace, self._identity, self._workspace.current_branch()) as opened:
            return opened.outlook()

    def maintain(self) -> None:
        """Let git pack what has piled up, as its own commands do after a commit; ``gc.auto`` says from when on.

        Each block is a pack of its own.  The library merges small ones by itself; git also finds deltas and drops what
        nothing refers to.  It decides when, and works in the background.
        """
        threshold = self._identity.settings.get("gc.auto") or "6700"
        git = self._workspace.user_git
        git.run("gc", "--auto", "--quiet", settings=(f"gc.auto={threshold}",), expected=range(256))

    def discard(self, ids: Sequence[TransactionId] | None = None) -> int:
        """Forget waiting transactions of the current branch, all of them for None; returns how many."""
        from aergo_vc.repository.submitting import desk  # noqa: PLC0415 - loads sqlglot

        with desk(self._workspace, self._identity, self._workspace.current_branch()) as opened:
            return opened.discard(ids)

    # Reading

    def log(self, revision: str | None = None, *, limit: int | None = None) -> Iterator[BlockSummary]:
        """The blocks from a revision back, newest first."""
        from aergo_vc.repository.reading import summaries  # noqa: PLC0415

        return summaries(self._workspace, revision, limit)

    def show(self, what: str | None = None) -> BlockDetails | TransactionDetails:
        """A block, or a transaction."""
        from aergo_vc.repository.reading import details  # noqa: PLC0415

        return details(self._workspace, what)

    def dtt(self, revision: str | None = None, *, optimize: bool = False) -> "TransactionTree":
        """Which transactions of a block wait for which: its Deterministic Transaction Tree.

        With `optimize` as if each version of a row were kept, so that nobody waits but for what it reads.
        """
        from aergo_vc.repository.transaction_trees import transaction_tree  # noqa: PLC0415

        return transaction_tree(self._workspace, revision, optimize=optimize)

    def diff(self, before: str, after: str, *, table: str | None = None) -> Iterator[TableDifference]:
        """What turns the state at one block into that at another, table by table."""
        from aergo_vc.repository.importing import full_table_name  # noqa: PLC0415
        from aergo_vc.repository.reading import differences  # noqa: PLC0415

        return differences(self._workspace, before, after, None if table is None else full_table_name(table))

    def diff_routines(self, before: str, after: str) -> Iterator[RoutinesDifference]:
        """The contracts whose functions and procedures differ between two blocks."""
        from aergo_vc.repository.reading import routine_differences  # noqa: PLC0415

        return routine_differences(self._workspace, before, after)

    def routines(self, at: str | None = None) -> Mapping[str, str]:
        """The functions and procedures of every contract that has some at a block, as SQL text."""
        from aergo_vc.repository.reading import routines  # noqa: PLC0415

        return routines(self._workspace, at)

    def schema(self, at: str | None = None) -> Mapping[str, str]:
        """The definitions of every contract at a block, its routines aside, as SQL text."""
        from aergo_vc.repository.reading import schemas  # noqa: PLC0415

        return schemas(self._workspace, at)

    def export(self, table: str, stream: BinaryIO, *, at: str | None = None, file_format: str = "csv") -> None:
        """Write the rows of a table at a block to a stream, in key order."""
        from aergo_vc.repository.importing import full_table_name  # noqa: PLC0415
        from aergo_vc.repository.reading import StateReader  # noqa: PLC0415
        from aergo_vc.repository.revisions import resolve  # noqa: PLC0415
        from aergo_vc.repository.transfer import FileFormat, write_table  # noqa: PLC0415

        reader = StateReader(self._workspace, resolve(self._workspace, at).ledger)
        write_table(reader, full_table_name(table), FileFormat(file_format), stream)

    def rows(self, table: str, *, at: str | None = None) -> tuple[Table, Iterator[Row]]:
        """A table's definition and its rows at a block, in key order, hidden key included."""
        from aergo_vc.repository.importing import full_table_name  # noqa: PLC0415
        from aergo_vc.repository.reading import StateReader  # noqa: PLC0415
        from aergo_vc.repository.revisions import resolve  # noqa: PLC0415

        reader = StateReader(self._workspace, resolve(self._workspace, at).ledger)
        name = full_table_name(table)
        return reader.table(name), reader.rows(name)

    def status(self) -> Status:
        """Where the current branch stands."""
        from aergo_vc.repository.standing import status  # noqa: PLC0415

        return status(self._workspace, self._identity)

    def query(
        self,
        sql: str,
        *,
        at: str | None = None,
        parameters: Sequence[Value] = (),
        limits: "QueryLimits | None" = None,
        conflicts: bool = False,
    ) -> "AbstractContextManager[Result]":
        """Run one reading statement over the state at a block; its rows last as long as the context.

        On DuckDB: at the head of a branch a file of rows is kept and moved from block to block; other blocks are served
        from the nearest one.  Raises QueryError, QueryTimeout and their like.  A statement that calls routines of
        contracts, or names a view that does, is AERGOSQL instead, runs for this clone's entity on a state in memory,
        and raises SqlError; `limits` do not bound it, a transaction's budget does.  With `conflicts` those of the merge
        in progress are shown as the table ``aergo.conflicts``, cell by cell.
        """
        from aergo_vc.repository.querying import query  # noqa: PLC0415 - loads duckdb

        return query(
            self._workspace, self._identity, sql, at=at, parameters=parameters, limits=limits, conflicts=conflicts
        )

    # Branches and tags

    def branch(self, name: str, *, block: str | None = None, merge: Sequence[str] = ()) -> Status:
        """Make a branch that begins at a block; it is private to this clone's entity.

        `merge` says how others are merged into it: a MergeRule's word, and what settles: a Policy's or
        ``contract.function``.
        """
        from aergo_vc.repository.branching import make_branch  # noqa: PLC0415

        return make_branch(self._workspace, self._identity, branch_name(name), block, merge)

    def branches(self) -> Mapping[BranchName, BlockSummary | NoBlock]:
        """The branches that hold a ledger, with their last blocks, or with what is wrong there."""
        from aergo_vc.repository.branching import branches  # noqa: PLC0415

        return branches(self._workspace)

    def laws(self) -> Mapping[BranchName, Law]:
        """The laws of the branches that hold a ledger: of the block that each of them shows, if it can be read."""
        from aergo_vc.repository.branching import laws  # noqa: PLC0415

        return laws(self._workspace)

    def tag(self, name: str, *, block: str | None = None) -> BlockSummary:
        """Give a block a name that never moves."""
        from aergo_vc.repository.branching import make_tag  # noqa: PLC0415

        return make_tag(self._workspace, branch_name(name, "tag"), block)

    def tags(self) -> Mapping[str, BlockSummary | NoBlock]:
        """The tags that lead to blocks, or to what is there instead of one."""
        from aergo_vc.repository.branching import tags  # noqa: PLC0415

        return tags(self._workspace)

    def checkout(self, name: str) -> BranchName | None:
        """Put the worktree on a branch or, detached, on a tag or a block; returns the branch."""
        from aergo_vc.repository.branching import checkout  # noqa: PLC0415

        return checkout(self._workspace, name)

    def merge(self, revision: str, *, message: str | None = None, dry_run: bool = False, commit: bool = True) -> Merged:
        """Merge a branch, or what else `revision` means, into the current branch as a block of two parents.

        The source's transactions are replayed on the current branch, and those that are inconsistent left out with the
        reason.  With `dry_run` nothing is kept; without `commit` the result is left in index and files, to be sealed
        by `continue_merge`.  Raises UnmergeableError, and InvalidBlockError for a source whose blocks are not valid.
        """
        from aergo_vc.repository.merging import merge  # noqa: PLC0415 - loads sqlglot

        return merge(self._workspace, self._identity, revision, message=message, dry_run=dry_run, commit=commit)

    def continue_merge(self, *, message: str | None = None) -> Merged:
        """Seal the merge that is in progress in this worktree; raises NoMergeError, MergeInProgressError."""
        from aergo_vc.repository.merging import continue_merge  # noqa: PLC0415 - loads sqlglot

        return continue_merge(self._workspace, self._identity, message=message)

    def abort_merge(self) -> None:
        """Take the worktree back to before the merge that is in progress there; raises NoMergeError."""
        from aergo_vc.repository.unfinished_merges import abort_merge  # noqa: PLC0415

        abort_merge(self._workspace)

    def conflicts(self) -> "OpenMerge":
        """The conflicts of the merge that is in progress in this worktree; raises NoMergeError."""
        from aergo_vc.repository.conflicts import open_merge  # noqa: PLC0415 - loads sqlglot

        return open_merge(self._workspace, self._identity)

    def resolve(self, transaction: str, side: "Side | None") -> "OpenMerge":
        """Resolve a conflict by the cells of one side, or, with None, by leaving the transaction out.

        `transaction` is its id, or the id's first digits.  What is to be done is signed as a transaction, which
        `continue_merge` puts at the end of the block.  Raises UnresolvableError, FailedResolutionError.
        """
        from aergo_vc.repository.conflicts import resolve_side  # noqa: PLC0415 - loads sqlglot

        return resolve_side(self._workspace, self._identity, side, transaction)

    def resolve_row(self, table: str, key: Sequence[str], cells: Mapping[str, str | None]) -> "OpenMerge":
        """Resolve a conflict by values for cells of the row in conflict, read as their types have it; see `resolve`."""
        from aergo_vc.repository.conflicts import resolve_cells  # noqa: PLC0415 - loads sqlglot
        from aergo_vc.repository.importing import full_table_name  # noqa: PLC0415

        return resolve_cells(self._workspace, self._identity, full_table_name(table), key, cells)

    def resolve_sql(self, script: str, transactions: Sequence[str] = ()) -> "OpenMerge":
        """Resolve conflicts by what a script does instead; without `transactions` the only one.  See `resolve`."""
        from aergo_vc.repository.conflicts import resolve_script  # noqa: PLC0415 - loads sqlglot

        return resolve_script(self._workspace, self._identity, script, transactions)

    def repair(
        self,
        revision: str | None = None,
        *,
        replay: bool = False,
        merging: str | None = None,
        message: str | None = None,
    ) -> Repaired:
        """Tell what git alone, or a host, did to the current branch's ledger; with `replay` merge as it should have.

        `merging` names the branch that was meant, where the commits do not tell.
        """
        from aergo_vc.repository.repairing import repair  # noqa: PLC0415 - loads sqlglot

        return repair(self._workspace, self._identity, revision, merging=merging, replay=replay, message=message)

    # Verifying

    def verify(
        self,
        span: str | None = None,
        *,
        branch: str | None = None,
        workers: int = 2,
        progress: Callable[[int, int], None] | None = None,
    ) -> Verified:
        """Verify the directory and a branch, the current one by default, from nothing but the repository.

        `span` is ``BLOCK..``, to begin behind a block that is trusted, or None for everything.  Raises
        InvalidBlockError for the first block that is not valid.
        """
        from aergo_vc.repository.checking import verify  # noqa: PLC0415 - loads sqlglot

        name = self._workspace.current_branch() if branch is None else branch_name(branch)
        trusted = None
        if span is not None:
            trusted, dots, end = span.partition("..")
            if not trusted or not dots or end:
                raise UnknownRevisionError(f"{span!r}: BLOCK.. is expected", revision=span)
        return verify(
            self._workspace, name, trusted=trusted, workers=workers, progress=progress or (lambda _done, _all: None)
        )

    def fsck(self) -> tuple[Finding, ...]:
        """What is wrong with the objects, branches, pools and caches, short of executing transactions."""
        from aergo_vc.repository.fsck import check_repository  # noqa: PLC0415 - loads sqlglot

        return tuple(check_repository(self._workspace))
