"""Merge a line of blocks into the current branch."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aergo_vc.base.ids import BlockId, BranchName, ObjectId, TableName, TransactionId
from aergo_vc.codec.digests import Kind
from aergo_vc.codec.git_commit import read_links
from aergo_vc.codec.git_tree import TreeEntry, read_entries
from aergo_vc.codec.receipts import count_rows
from aergo_vc.directory.authorities import Authorities
from aergo_vc.keys.parallel import SignatureChecker
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.building import (
    BuiltBlock,
    Contents,
    Lease,
    Place,
    Plan,
    Source,
    WrittenBlock,
    executed_merge,
    write_files,
)
from aergo_vc.ledger.history import BlockCommit, past_of
from aergo_vc.ledger.layout import LEDGER, LedgerTree, other_entries, read_ledger, with_ledger
from aergo_vc.ledger.machine import Machine, State, Submission
from aergo_vc.ledger.merges import MergeRequest, Replayed
from aergo_vc.ledger.rules import ref_of
from aergo_vc.ledger.verifying import ComparingObjects, Verifier
from aergo_vc.merging.candidates import gather, source_places
from aergo_vc.merging.conflicts import Conflict
from aergo_vc.merging.grafting.files import GraftedReplays
from aergo_vc.merging.grafting.merger import GraftingMerger
from aergo_vc.merging.marks import log_footprints
from aergo_vc.merging.recording import Keep, footprints_of
from aergo_vc.merging.replaying import SerialMerger
from aergo_vc.merging.resolving import FailedResolutionError, resolved
from aergo_vc.model.blocks import DIRECTORY_BRANCH, Header
from aergo_vc.model.directory import Authority
from aergo_vc.model.footprints import Footprint
from aergo_vc.model.schema import Catalog, Table
from aergo_vc.model.transactions import Exclusion, RowCounts
from aergo_vc.objects.changed import require_nothing_staged
from aergo_vc.objects.ordinary_merge import Labels, MergedFiles, OrdinaryMerge
from aergo_vc.objects.refs import is_reference_name
from aergo_vc.repository.admission import admit
from aergo_vc.repository.errors import ConflictError, UnmergeableError
from aergo_vc.repository.footprint_files import FOOTPRINTS, FootprintFiles
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.prepared import PreparedFor, note_prepared
from aergo_vc.repository.resolutions import forget_resolutions, read_resolutions
from aergo_vc.repository.results import Merged, MergedTransaction, total_counts
from aergo_vc.repository.revisions import peeled, resolve
from aergo_vc.repository.sealing import Producer, checked_message
from aergo_vc.repository.state_cache import state_cache
from aergo_vc.repository.tips import Tip, tip_of
from aergo_vc.repository.unfinished_merges import (
    Ledgers,
    forget_merge,
    leave_merge,
    merge_message,
    merged_files_in_index,
    require_merge_head,
    require_no_merge,
    unmark_conflict,
)
from aergo_vc.repository.workspace import Workspace
from aergo_vc.state.nodes import NodeStore

_SHORT = 12
_SUBMODULE_MODE = 0o160000
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Unchanged:
    """There is nothing of a ledger to merge: the target has it already, or the source has no ledger."""

    has_ledger: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A merge block that is executed and written, and that no commit holds yet.

    `replayed` are all transactions that the merge considered, in their order, and then the resolutions; `counts` is
    what those that went in did.  While there are `conflicts` the block is not valid.  `tables` are those of the target,
    `base` is ``ledger/`` of the newest block of the source's line that the target descends from.
    """

    target: Tip
    source: Source
    source_ledger: LedgerTree
    place: Place
    lease: Lease
    written: WrittenBlock
    replayed: Sequence[Replayed]
    counts: Mapping[TableName, RowCounts]
    conflicts: tuple[Conflict, ...] = ()
    tables: Mapping[TableName, Table] = field(default_factory=dict)
    base: ObjectId | None = None

    @property
    def ledger(self) -> LedgerTree:
        return self.written.ledger

    @property
    def header(self) -> Header:
        return self.written.header

    @property
    def block(self) -> BlockId:
        return self.written.id

    @property
    def sides(self) -> Ledgers:
        """What is merged with what."""
        return Ledgers(self.base, self.target.ledger.id, self.source_ledger.id)

    @property
    def included(self) -> tuple[Replayed, ...]:
        """The transactions that go in."""
        return tuple(one for one in self.replayed if one.outcome is not None)

    @property
    def refused(self) -> tuple[Replayed, ...]:
        """The transactions that are left out; their receipts say why."""
        return tuple(one for one in self.replayed if one.outcome is None)


def prepare_merge(
    workspace: Workspace, identity: Identity, target: Tip, source: ObjectId, *, resolutions: Sequence[Submission] = ()
) -> Prepared | Unchanged:
    """Execute the merge of the commit `source` into a branch, and write ``ledger/`` of the block; nothing is published.

    To be used under the ledger's lock.  The source's blocks are verified first.  Raises UnmergeableError,
    InvalidBlockError for a source that is not valid, FullBlockError for one that has more than a block takes,
    FailedResolutionError for one of the `resolutions`, MergeAbortedError, and what `Producer.open` raises.
    """
    objects = workspace.writer
    graph = BlockGraph(objects)
    ours, theirs = graph.last(target.commit), graph.last(source)
    if ours is None or theirs is None:
        return Unchanged(has_ledger=False)
    stop = graph.newest_shared(ours, theirs)
    if stop == theirs:
        return Unchanged(has_ledger=True)
    theirs_ledger = read_ledger(objects, theirs.ledger)
    if stop is None:
        raise UnmergeableError(f"branch {theirs_ledger.header.branch} has no block in common with {target.branch}")
    _require_mergeable(target, theirs_ledger, stop, ours)
    producer = Producer(workspace, identity)
    opening = producer.open(target)
    with state_cache(workspace, target.branch) as cache:
        cache.move_to(target.ledger)
        authorities = producer.authorities()
        request = MergeRequest(
            ours, target.ledger, theirs, opening.context, opening.authority, resolutions=tuple(resolutions)
        )
        _require_admissible(workspace, target, opening.authority, resolutions)
        conflicts: list[Conflict] = []
        kept = FootprintFiles(workspace.folder / FOOTPRINTS)
        grafting = GraftingMerger(objects, workspace.nodes, authorities, kept, conflicts.append)
        replay = grafting.prepare(cache.machine, request)
        if replay is None:
            known = _verify_source(workspace, cache.machine, authorities, graph, (ours, theirs, stop), keep=kept.keep)
            if any(graph.links(place).merged is not None for place in source_places(objects, graph, request)[1]):
                gathered = gather(objects, workspace.nodes, graph, request)
                known = footprints_of(
                    cache.machine, objects, workspace.nodes, authorities, gathered, known=known, keep=kept.keep
                )
            replay = grafting.prepare(cache.machine, request)
        if replay is None:
            merger = SerialMerger(objects, workspace.nodes, authorities, conflicts.append)
            replay = merger(cache.machine, replace(request, footprints=known))
        with cache.machine.block(opening.context) as execution:
            replayed = replay(execution)
            if resolutions:
                replayed = (*replayed, *resolved(execution, replayed, resolutions))
            tables = cache.machine.catalog.tables
            contents = _contents(replayed, execution.outlook())
    origin = Source(source, theirs_ledger.block)
    place = Place(target.commit, target.ledger, target.ledger.genesis_bytes, target.ledger.law_bytes, origin)
    written = write_files(objects, place, opening.lease, contents)
    counts = total_counts(count_rows(contents.receipts_bytes))
    return Prepared(
        target, origin, theirs_ledger, place, opening.lease, written, replayed, counts, tuple(conflicts), tables,
        stop.ledger,
    )  # fmt: skip


def _require_admissible(
    workspace: Workspace, target: Tip, authority: Authority, resolutions: Sequence[Submission]
) -> None:
    """Raise FailedResolutionError for the first that may not stand in the block: a file keeps them, for any time."""
    if not resolutions:
        return
    past = past_of(workspace.writer, target.commit, target.ledger, [transaction for transaction, _ in resolutions])
    refused: list[Exclusion] = []
    deque(admit(resolutions, target.ledger.header, authority, past, refused), maxlen=0)
    for one in refused:
        name, reason = one.transaction.id, one.reason
        raise FailedResolutionError(
            f"the resolution {name} cannot go in: {reason.message}", **{**reason.facts, "transaction": name}
        ) from reason


def _contents(replayed: Sequence[Replayed], state: State) -> Contents:
    """What goes into the files of the block that a merge makes."""
    if isinstance(replayed, GraftedReplays):
        return Contents(replayed.transactions_bytes, replayed.receipts_bytes, state, list(replayed.bringing))
    return executed_merge(replayed, state).contents


def _require_mergeable(target: Tip, source: LedgerTree, stop: BlockCommit, ours: BlockCommit) -> None:
    if DIRECTORY_BRANCH in (target.branch, source.header.branch):
        raise UnmergeableError("the directory is not merged: its blocks are its producers' in turn")
    if source.chain != target.ledger.chain:
        raise UnmergeableError(f"branch {source.header.branch} is of another chain than {target.branch}")
    if source.header.branch == target.branch and stop == ours:
        raise UnmergeableError(
            f"what is to be merged is {target.branch} itself, with newer blocks: it needs no merge",
            branch=target.branch,
        )


def _verify_source(
    workspace: Workspace,
    machine: Machine,
    authorities: Authorities,
    graph: BlockGraph,
    places: tuple[BlockCommit, BlockCommit, BlockCommit],
    *,
    keep: Keep,
) -> Mapping[TransactionId, Footprint]:
    """Verify the blocks of a source that the target lacks, and keep what their transactions read and wrote.

    Raises InvalidBlockError.
    """
    ours, theirs, stop = places
    objects = ComparingObjects(workspace.store)
    nodes = NodeStore(objects, workspace.twins, workspace.paths.object_format.id_bytes)
    blocks = []
    for place in graph.line(theirs):
        if place.commit == stop.commit:
            break
        blocks.append(place)
    previous = read_ledger(objects, stop.ledger)
    own = {place.commit for place in blocks}
    found: dict[TransactionId, Footprint] = {}

    def watch(place: BlockCommit, ledger: LedgerTree, catalog: Catalog, footprints: Sequence[Footprint]) -> None:
        if place.commit in own:  # in a line that the source merged, a transaction may have done something else
            found.update(zip([transaction.id for transaction in ledger.transactions], footprints, strict=True))
        keep(place.commit, log_footprints(ledger.block, catalog, ledger.transactions, footprints))

    with SignatureChecker(_WORKERS) as checker, machine.elsewhere(objects, nodes) as shadow:
        merger = SerialMerger(objects, nodes, authorities)
        verifier = Verifier(objects, shadow, authorities, checker.check, merger, now=workspace.now(), watch=watch)
        verifier.start_behind(stop)
        if any(graph.links(place).merged is not None for place in blocks):
            verifier.seen |= graph.ancestors(ours)
        shadow.move_to(shadow.read_state(previous.state, previous.header.state))
        for _ in verifier.verify(reversed(blocks), previous):
            pass
    return found


def merge(
    workspace: Workspace,
    identity: Identity,
    revision: str,
    *,
    message: str | None = None,
    dry_run: bool = False,
    commit: bool = True,
) -> Merged:
    """Merge what `revision` means into the current branch; with `dry_run` tell what that would do.

    Without `commit`, or with open conflicts of transactions or of other files, the result is left in the index and in
    the files, and `continue_merge` goes on from there.  Raises as `prepare_merge`, MergeInProgressError, and
    WorktreeError where something is staged.
    """
    branch = workspace.current_branch()
    source = commit_of(workspace, revision)
    with workspace.locked():
        target = tip_of(workspace, branch)
        require_no_merge(workspace)
        prepared = prepare_merge(workspace, identity, target, source)
        if isinstance(prepared, Unchanged):
            _require_no_files(workspace, prepared, target.commit, source, revision)
            return Merged(branch, None, None, None, None, None, (), {})
        files = merged_files(workspace, target.commit, source, revision)
        if dry_run:
            return replace(merged_of(prepared, None), files=_in_conflict(files))
        _require_fit(workspace, prepared, files)
        forget_resolutions(workspace, source)
        text = checked_message(message or describe_merge(prepared, revision))
        tree = None if files is None else files.tree
        if commit and not prepared.conflicts and not _in_conflict(files):
            return merged_of(prepared, land_merge(workspace, identity, prepared, text, tree).commit)
        _leave(workspace, prepared, files, text)
        return replace(merged_of(prepared, None), files=_in_conflict(files))


def _require_fit(workspace: Workspace, prepared: Prepared, files: MergedFiles | None) -> None:
    """Refuse a merge for which there is no place, before anything of the user's is changed, or anything signed."""
    if workspace.paths.work_tree is not None:
        unmark_conflict(workspace)  # a crash may have left one for which no merge is in progress
        require_nothing_staged(workspace.user_git, prepared.target.commit)
    elif prepared.conflicts:
        many = len(prepared.conflicts)
        what = f"{many} transaction{'' if many == 1 else 's'} in conflict"
        raise ConflictError(f"{what}, and a bare repository has no worktree in which to resolve that")
    else:
        for path in _in_conflict(files):
            raise UnmergeableError(f"both sides changed {path} beside ledger/, in ways that git cannot bring together")


def _leave(workspace: Workspace, prepared: Prepared, files: MergedFiles | None, message: str) -> None:
    """Leave a merge in index and worktree, with the other `files`; None: as the target has them."""
    target, source = prepared.target, prepared.source.commit
    root = read_links(workspace.writer.read_commit(target.commit)).tree if files is None else files.tree
    stages = () if files is None else files.stages
    # A block with open conflicts is none: until they are resolved the ledger stays what it is.
    ledger = target.ledger.id if prepared.conflicts else prepared.ledger.id
    if not prepared.conflicts:
        # So that `git commit` may seal it; first, because a merge that git shows as in progress must be ready.
        note_prepared(workspace.paths, ledger, PreparedFor(target.commit, source))
    conflict = prepared.sides if prepared.conflicts else None
    result = with_ledger(workspace.writer, root, ledger)
    leave_merge(workspace, target.commit, source, result, message, conflict=conflict, stages=stages)


def land_merge(
    workspace: Workspace, identity: Identity, prepared: Prepared, message: str, files: ObjectId | None
) -> BuiltBlock:
    """Commit a prepared merge, signed, with the other files of the tree `files`, and move the branch there.

    None for `files` leaves them as the target has them.
    """
    if files is not None:
        commits = (prepared.target.commit, prepared.source.commit)
        there = [_named(workspace, read_links(workspace.writer.read_commit(commit)).tree) for commit in commits]
        for entry in other_entries(workspace.store, files):
            _keep_files(workspace, entry, tuple(each.get(entry.name) for each in there))
    plan = Plan(replace(prepared.place, files=files), prepared.lease, identity.author, checked_message(message))
    return Producer(workspace, identity).land_written(plan, prepared.written, prepared.target.branch)


def merged_files(workspace: Workspace, ours: ObjectId, theirs: ObjectId, name: str) -> MergedFiles | None:
    """The files beside ``ledger/`` merged as git merges them; None where they are those of `ours`.

    `name` is what conflict markers call the other side.
    """
    objects = workspace.writer
    trees = [read_links(objects.read_commit(commit)).tree for commit in (ours, theirs)]
    if other_entries(objects, trees[0]) == other_entries(objects, trees[1]):
        return None
    merging = OrdinaryMerge(workspace.store, workspace.paths, workspace.surroundings.variables, folder=LEDGER)
    return merging.merge(merging.merge_bases(ours, theirs), ours, theirs, Labels("HEAD", name))


def _in_conflict(files: MergedFiles | None) -> tuple[str, ...]:
    """The paths in conflict, in git's order."""
    stages = () if files is None else files.stages
    return tuple(dict.fromkeys(stage.path.decode("utf-8", "replace") for stage in stages))


def _require_no_files(
    workspace: Workspace, unchanged: Unchanged, target: ObjectId, source: ObjectId, name: str
) -> None:
    """Refuse to call a merge done that brings nothing to the ledger, where it brings other commits."""
    if not unchanged.has_ledger:
        raise UnmergeableError(f"{name} has no ledger: merge it with git merge", revision=name)
    merging = OrdinaryMerge(workspace.store, workspace.paths, workspace.surroundings.variables, folder=LEDGER)
    if not merging.is_ancestor(source, target):
        raise UnmergeableError(f"{name} brings no block, only other commits: merge it with git merge", revision=name)


def _require_landed(workspace: Workspace, target: ObjectId, source: ObjectId) -> None:
    """Refuse to call a merge in progress over while the branch does not lead to what is merged."""
    merging = OrdinaryMerge(workspace.store, workspace.paths, workspace.surroundings.variables, folder=LEDGER)
    if not merging.is_ancestor(source, target):
        raise UnmergeableError("the merge in progress changes nothing in ledger/: conclude it with git commit")


def _keep_files(workspace: Workspace, entry: TreeEntry, known: tuple[ObjectId | None, ...]) -> None:
    """Add a file or a folder that git wrote, and what is new in it, to what the next block publishes durably."""
    if entry.id in known or entry.mode == _SUBMODULE_MODE:
        return
    kind, data = workspace.store.read(entry.id)
    workspace.writer.add(kind, data)
    if kind is Kind.TREE:
        there = [_named(workspace, each) for each in known]
        for below in read_entries(data, len(entry.id) // 2):
            _keep_files(workspace, below, tuple(each.get(below.name) for each in there))


def _named(workspace: Workspace, tree: ObjectId | None) -> Mapping[str, ObjectId]:
    """What a tree holds, by name; nothing for a file."""
    if tree is None:
        return {}
    kind, data = workspace.store.read(tree)
    if kind is not Kind.TREE:
        return {}
    return {entry.name: entry.id for entry in read_entries(data, len(tree) // 2)}


def merged_of(prepared: Prepared, commit: ObjectId | None) -> Merged:
    """What a merge did, or would do if no commit holds it."""
    return Merged(
        branch=prepared.target.branch,
        source=prepared.source_ledger.header.branch,
        merged=prepared.source.block,
        block=prepared.block,
        height=prepared.header.height,
        commit=commit,
        transactions=tuple(MergedTransaction(one.submission[0], one.receipt) for one in prepared.replayed),
        rows=prepared.counts,
        conflicts=prepared.conflicts,
    )


def describe_merge(prepared: Prepared, name: str) -> str:
    """A subject line for a merge whose maker gave none."""
    into, left = len(prepared.included), len(prepared.refused)
    what = f"{into} transaction{'' if into == 1 else 's'}"
    return f"Merge {name}: {what}" + (f", {left} left out" if left else "")


def commit_of(workspace: Workspace, text: str) -> ObjectId:
    """The commit that a branch, a tag, a block or an id means; raises UnknownRevisionError."""
    if is_reference_name(f"refs/tags/{text}"):
        for ref in (ref_of(BranchName(text)), f"refs/tags/{text}", f"refs/remotes/{text}"):
            commit = peeled(workspace, ref)
            if commit is not None:
                return commit
    return resolve(workspace, text).commit


def continue_merge(workspace: Workspace, identity: Identity, *, message: str | None = None) -> Merged:
    """Seal the merge in progress, at this time, with the other files as the index has them; raises NoMergeError.

    While there are open conflicts nothing is sealed.  Where the block landed, and a crash kept the merge from being
    forgotten, that is made up for, as for a merge that brings nothing.
    """
    branch = workspace.current_branch()
    with workspace.locked():
        source = require_merge_head(workspace)
        target = tip_of(workspace, branch)
        resolutions = [(one, ()) for one in read_resolutions(workspace, source)]
        prepared = prepare_merge(workspace, identity, target, source, resolutions=resolutions)
        if isinstance(prepared, Unchanged):
            _require_landed(workspace, target.commit, source)
            forget_merge(workspace)
            forget_resolutions(workspace, source)
            return Merged(branch, None, None, None, None, None, (), {})
        if prepared.conflicts:
            return merged_of(prepared, None)
        text = checked_message(message or merge_message(workspace) or describe_merge(prepared, source[:_SHORT]))
        files = merged_files_in_index(workspace, target.commit)
        built = land_merge(workspace, identity, prepared, text, files)
        forget_merge(workspace)
        forget_resolutions(workspace, source)
        return merged_of(prepared, built.commit)
