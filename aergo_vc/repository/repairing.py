"""Repair: commits that changed ``ledger/`` and are no blocks, as a host's merge button or a squash leaves them.

Such a commit took one side's ledger over, or blended two line by line.  Its transactions are not lost: the branch that
it came from has them, and they are merged as they should have been.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from aergo_vc.base.errors import AergoError, InvalidError
from aergo_vc.base.ids import BranchName, ObjectId
from aergo_vc.codec.git_commit import read_links
from aergo_vc.directory.authorities import Authorities
from aergo_vc.ledger.ancestry import BlockGraph
from aergo_vc.ledger.building import Plan
from aergo_vc.ledger.history import BlockCommit, blocks_back, has_ledger
from aergo_vc.ledger.layout import ledger_entry, read_header, read_ledger
from aergo_vc.ledger.rules import TRAILER
from aergo_vc.ledger.tip_checking import check_tip
from aergo_vc.model.blocks import DIRECTORY_BRANCH
from aergo_vc.repository.errors import NotRepairableError
from aergo_vc.repository.identity import Identity
from aergo_vc.repository.locating import known_heads
from aergo_vc.repository.merging import Unchanged, commit_of, merged_of, prepare_merge
from aergo_vc.repository.results import Repaired
from aergo_vc.repository.sealing import Producer, checked_message
from aergo_vc.repository.tips import Tip, readable_block
from aergo_vc.repository.unfinished_merges import require_no_merge
from aergo_vc.repository.workspace import Workspace

_REMOTES = "refs/remotes/"
_PARENTS_OF_MERGE = 2


class Mishap(StrEnum):
    """What became of ``ledger/`` without us.

    TAKEN is the other side's, BLENDED is neither side's.  FORWARDED: the branch was moved on to another's blocks.
    REWRITTEN: ordinary commits changed it (a squash, a rebase).  UNMERGED: it was left as it was, although the other
    side has blocks that are missing here.
    """

    TAKEN = "taken"
    BLENDED = "blended"
    FORWARDED = "forwarded"
    REWRITTEN = "rewritten"
    UNMERGED = "unmerged"


_REPLACED = frozenset({Mishap.TAKEN, Mishap.BLENDED, Mishap.REWRITTEN})
"""After these the repaired branch does not descend from the damaged one."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with the head of a branch: from `base`, its last sound commit, the commits led away, newest first.

    `source` is the commit whose blocks ought to have been merged, None where the commits do not tell.
    """

    mishap: Mishap
    base: Tip
    commits: tuple[ObjectId, ...]
    source: ObjectId | None

    @property
    def first(self) -> ObjectId:
        """The commit that the damage began with."""
        return self.commits[-1]


def describe_damage(damage: Damage) -> str:
    """What is wrong, in a sentence about a commit."""
    first = f"commit {damage.first}"
    return {
        Mishap.TAKEN: f"{first} merges another branch by taking over its ledger/: it is no block of this one",
        Mishap.BLENDED: f"{first} merges two ledgers line by line: it is no block",
        Mishap.FORWARDED: f"the branch was moved on to {first}, which is a block of another one",
        Mishap.REWRITTEN: f"{first} changes ledger/ and is no block, as a squash or a rebase leaves it",
        Mishap.UNMERGED: f"{first} merges another branch, whose transactions are not in the ledger",
    }[damage.mishap]


def find_damage(workspace: Workspace, authorities: Authorities, branch: BranchName) -> Damage | None:
    """What is wrong with the head of a branch; None for a sound one, and for one without blocks of its own."""
    head = workspace.head_of(branch)
    if head is None or branch == DIRECTORY_BRANCH or not has_ledger(workspace.writer, head):
        return None
    graph = BlockGraph(workspace.writer)
    newest = _last_sound(workspace, authorities, head)
    sound = None if newest is None else _own(workspace, graph, branch, newest)
    if newest is None or sound is None:
        return None
    shared = graph.newest_shared(sound, newest)  # `sound` itself, unless it lies on a line that was merged
    commits: list[ObjectId] = []
    for commit in _first_parents(workspace, head):
        if graph.last(commit) == shared:
            break
        commits.append(commit)
    start = commit if shared == sound else _merged_head(workspace, graph, commits, sound)
    base = Tip(branch, start, read_ledger(workspace.writer, sound.ledger))
    if not commits:
        return _unmerged(workspace, graph, sound, base)
    if _is_sound(workspace, authorities, head):
        return Damage(Mishap.FORWARDED, base, tuple(commits), head)
    return _classified(workspace, base, tuple(commits))


def repair(
    workspace: Workspace,
    identity: Identity,
    revision: str | None,
    *,
    merging: str | None,
    replay: bool,
    message: str | None,
) -> Repaired:
    """Find out what is wrong with the head of the current branch; with `replay` put a block in its place.

    The block merges what the commits say that they merge, or `merging`, and has all other files as the head has them.
    `revision` is the head, if it is given.  Raises NotRepairableError, and what `prepare_merge` raises.
    """
    branch = workspace.current_branch()
    head = workspace.head_of(branch)
    if revision is not None and _named(workspace, revision) != head:
        raise NotRepairableError(f"{revision!r} is not the last commit of branch {branch}", revision=revision)
    with workspace.locked():
        producer = Producer(workspace, identity)
        damage = find_damage(workspace, producer.authorities(), branch)
        workspace.authorities = producer.authorities()
        if damage is None:
            return Repaired(branch, None, None, (), ())
        told = describe_damage(damage)
        remotes = tuple(_remotes_with(workspace, branch, damage.first)) if damage.mishap in _REPLACED else ()
        if not replay:
            return Repaired(branch, damage.mishap, told, damage.commits, remotes)
        require_no_merge(workspace)
        source = _source(workspace, damage, merging, told)
        prepared = prepare_merge(workspace, identity, damage.base, source)
        if isinstance(prepared, Unchanged):
            raise NotRepairableError(f"{told}; and commit {source} holds no blocks that the branch lacks")
        tree = read_links(workspace.writer.read_commit(damage.commits[0])).tree
        text = checked_message(message or _subject(workspace, damage))
        plan = Plan(replace(prepared.place, files=tree), prepared.lease, identity.author, text)
        built = Producer(workspace, identity).land_written(plan, prepared.written, branch, old=damage.commits[0])
        return Repaired(branch, damage.mishap, told, damage.commits, remotes, merged_of(prepared, built.commit))


def _source(workspace: Workspace, damage: Damage, merging: str | None, told: str) -> ObjectId:
    """The commit to merge; raises NotRepairableError where that would not help, or is not known."""
    if damage.mishap is Mishap.UNMERGED:
        message = f"{told}; the branch itself is sound: git aergo merge {damage.source} takes them in"
        raise NotRepairableError(message, mishap=damage.mishap)
    source = damage.source if merging is None else commit_of(workspace, merging)
    if source is None:
        raise NotRepairableError(f"{told}; which branch it merges must be told", mishap=damage.mishap)
    return source


def _is_sound(workspace: Workspace, authorities: Authorities, commit: ObjectId) -> bool:
    """Whether the last block up to a commit keeps all rules but those that need execution."""
    try:
        check_tip(workspace.writer, commit, authorities)
    except InvalidError:
        return False
    return True


def _last_sound(workspace: Workspace, authorities: Authorities, head: ObjectId) -> BlockCommit | None:
    for place in blocks_back(workspace.writer, head):
        if readable_block(workspace, place) is not None and _is_sound(workspace, authorities, place.commit):
            return place
    return None


def _own(workspace: Workspace, graph: BlockGraph, branch: BranchName, place: BlockCommit) -> BlockCommit | None:
    """The last block of a branch that is a sound one or that this builds on: on its line, or on one that it merged."""
    lines, seen = [place], set[ObjectId]()
    for line in lines:
        for below in graph.line(line):
            if below.commit in seen:
                break
            seen.add(below.commit)
            if read_header(workspace.writer, below.ledger).branch == branch:
                return below
            merged = graph.links(below).merged
            if merged is not None:
                lines.append(merged)
    return None


def _merged_head(workspace: Workspace, graph: BlockGraph, commits: list[ObjectId], block: BlockCommit) -> ObjectId:
    """The head whose last block is this one, as one of the commits merged it; else the block's own commit."""
    for commit in commits:
        for side in read_links(workspace.writer.read_commit(commit)).parents[1:]:
            if graph.last(side) == block:
                return side
    return block.commit


def _first_parents(workspace: Workspace, head: ObjectId) -> Iterator[ObjectId]:
    commit: ObjectId | None = head
    while commit is not None:
        yield commit
        parents = read_links(workspace.writer.read_commit(commit)).parents
        commit = parents[0] if parents else None


def _classified(workspace: Workspace, base: Tip, commits: tuple[ObjectId, ...]) -> Damage:
    """What the commits above a sound one did; raises NotRepairableError where two of them merge something."""
    merges = [(commit, other) for commit in commits if (other := _merged_ledger(workspace, commit)) is not None]
    if not merges:
        return Damage(Mishap.REWRITTEN, base, commits, _owner(workspace, commits))
    if len(merges) > 1:
        names = ", ".join(commit for commit, _ in reversed(merges))
        raise NotRepairableError(f"several commits merge ledgers: {names}: take the branch back to the first of them")
    ((commit, (source, ledger)),) = merges
    here = _ledger_in(workspace, commit)
    return Damage(Mishap.TAKEN if here == ledger else Mishap.BLENDED, base, commits, source)


def _owner(workspace: Workspace, commits: tuple[ObjectId, ...]) -> ObjectId | None:
    """The head of the one other branch that has the very ``ledger/`` of the newest commit; None where none has it."""
    wanted = _ledger_in(workspace, commits[0])
    heads = {head for head in known_heads(workspace).values() if head not in commits}
    owners = [head for head in heads if _ledger_in(workspace, head) == wanted]
    return owners[0] if len(owners) == 1 else None


def _ledger_in(workspace: Workspace, commit: ObjectId) -> ObjectId | None:
    return ledger_entry(workspace.writer, read_links(workspace.writer.read_commit(commit)).tree)


def _merged_ledger(workspace: Workspace, commit: ObjectId) -> tuple[ObjectId, ObjectId] | None:
    """The second parent of a commit and its ``ledger/``; None for a commit that merges nothing that has one."""
    parents = read_links(workspace.writer.read_commit(commit)).parents
    if len(parents) != _PARENTS_OF_MERGE:
        return None
    ledger = _ledger_in(workspace, parents[1])
    return None if ledger is None else (parents[1], ledger)


def _unmerged(workspace: Workspace, graph: BlockGraph, sound: BlockCommit, base: Tip) -> Damage | None:
    """An ordinary merge above the last block whose other side has blocks that are missing."""
    passed: list[ObjectId] = []
    for commit in _first_parents(workspace, base.commit):
        if commit == sound.commit:
            return None
        passed.append(commit)
        merged = _merged_ledger(workspace, commit)
        if merged is None:
            continue
        theirs = graph.last(merged[0])
        if theirs is not None and not _has(workspace, sound, theirs):
            stop = graph.newest_shared(sound, theirs)
            if stop is not None and stop != theirs:
                return Damage(Mishap.UNMERGED, base, tuple(passed), merged[0])
    return None


def _has(workspace: Workspace, ours: BlockCommit, theirs: BlockCommit) -> bool:
    """Whether a line of blocks has the very ``ledger/`` of another block, in whatever commit."""
    height = read_header(workspace.writer, theirs.ledger).height
    for place in blocks_back(workspace.writer, ours.commit):
        if read_header(workspace.writer, place.ledger).height <= height:
            return place.ledger == theirs.ledger
    return False


def _named(workspace: Workspace, revision: str) -> ObjectId | None:
    """The commit that a revision of git's own means; None if there is none."""
    if revision.startswith("-"):
        return None
    done = workspace.git.run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", expected=(0, 1, 128))
    return ObjectId(done.output.decode().strip()) if done.status == 0 else None


def _remotes_with(workspace: Workspace, branch: BranchName, commit: ObjectId) -> Iterator[str]:
    """The remotes whose branch, as it was fetched or pushed last, holds a commit."""
    for ref, head in workspace.refs.list(_REMOTES).items():
        name = ref.removeprefix(_REMOTES)
        if not name.endswith(f"/{branch}"):
            continue
        done = workspace.git.run("merge-base", "--is-ancestor", commit, head, expected=(0, 1, 128))
        if done.status == 0:
            yield name.removesuffix(f"/{branch}")


def _subject(workspace: Workspace, damage: Damage) -> str:
    """The message of the commit that the damage began with, without what it says of a block."""
    if damage.mishap is Mishap.FORWARDED:
        return f"Merge {_ledger_branch(workspace, damage.commits[0])}"
    text = workspace.writer.read_commit(damage.first).partition(b"\n\n")[2].decode("utf-8", "replace")
    lines = [line for line in text.replace("\0", "").splitlines() if not line.startswith(f"{TRAILER}:")]
    return "\n".join(lines).strip() or "Repair a merge"


def _ledger_branch(workspace: Workspace, commit: ObjectId) -> str:
    try:
        place = next(blocks_back(workspace.writer, commit))
        return read_header(workspace.writer, place.ledger).branch
    except AergoError:
        return commit
