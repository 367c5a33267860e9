"""The hook prepare-commit-msg: an ordinary commit leaves ``ledger/`` as it is in its first parent.

Blocks are made by `git aergo`, which runs no hooks, and by `git merge`, after our merge strategy has prepared one: its
commit gets the trailer that names the block.  Whatever else changes ``ledger/`` here is a slip (git-facts: this hook
runs even with ``--no-verify``, and the index is what will be committed).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.header import block_id, decode_header
from aergo_vc.gitside.sides import current_branch, is_ordinary, leaves_blocks_out, ledger_of
from aergo_vc.ledger.layout import read_header_bytes
from aergo_vc.ledger.rules import TRAILER, trailer
from aergo_vc.objects.discovery import GitPaths, find_repository
from aergo_vc.objects.git import Git
from aergo_vc.objects.opening import Preference, open_store
from aergo_vc.objects.refs import open_refs
from aergo_vc.objects.store import ObjectStore
from aergo_vc.repository.prepared import PreparedFor, prepared_for

_LEFT_OUT = [
    "the commit would merge a branch with new blocks, and take none of their transactions in",
    "merge the blocks with: git aergo merge --continue; or take the merge back with: git merge --abort",
]
_SCISSORS = re.compile(rb"^.{1,4} -{24} >8 -{24}\n", re.MULTILINE)
_REVERTED = re.compile(rb"^This reverts commit ([0-9a-f]{40,64})", re.MULTILINE)
_SHORT = 12
_OUR_TRAILER = re.compile(rb"\n*^%b: .*\n" % TRAILER.encode(), re.MULTILINE)


def check(arguments: Sequence[str], _stdin: bytes, variables: Mapping[str, str]) -> list[str]:
    """Complaints about the commit that the index holds; empty if it may be made.

    The first of `arguments` names the file with its message, which the trailer of a merge block is added to.
    """
    paths = find_repository(Path.cwd(), variables)
    # With a pathspec git commits from an index of its own, which it names so.
    index = {name: variables[name] for name in ("GIT_INDEX_FILE",) if name in variables}
    written = Git(paths, variables).run("write-tree", "--missing-ok", variables=index)
    head = open_refs(paths, variables).read("HEAD")
    parents = ([] if head is None else [head]) + _merge_heads(paths)
    with open_store(paths, Preference.QUICK_START, variables) as objects:
        ledger = ledger_of(objects, ObjectId(written.output.decode().strip()))
        if head is None and ledger is None:
            return []
        branch = current_branch(paths, variables)
        if is_ordinary(objects, parents, ledger, branch):
            return _LEFT_OUT if leaves_blocks_out(objects, parents, branch) else []
        prepared = None if ledger is None else prepared_for(paths, ledger)
        undone = _REVERTED.search(Path(arguments[0]).read_bytes())
        if undone is not None and len(parents) == 1:
            return _reverted(undone[1].decode())
        if ledger is None or prepared is None:
            return _unprepared(objects, head)
        if parents != [prepared.target, prepared.source]:
            return _misplaced(parents, prepared)
        _complete(Path(arguments[0]), objects, ledger)
    return []


def _unprepared(objects: ObjectStore, head: ObjectId | None) -> list[str]:
    is_new = head is None or ledger_of(objects, head) is None
    where = "a folder ledger/ that no block made" if is_new else "changes below ledger/"
    return [
        f"the commit would hold {where}, and no block may be made so",
        "take them back with: git restore --staged --worktree ledger; change tables with: git aergo sql",
    ]


def _reverted(undone: str) -> list[str]:
    # git keeps no note of a revert that went well but for its commit: its own way to take it back finds nothing.
    return [
        "the commit would undo a block as files are undone, and no block may be made so",
        f"take it back with: git reset --merge; then undo it by a new block: git aergo revert {undone[:_SHORT]}",
    ]


def _misplaced(parents: Sequence[ObjectId], prepared: PreparedFor) -> list[str]:
    if parents == [prepared.target]:
        return [
            "the commit would hold a merge of blocks without naming what it merges, as a squash does",
            "take it back with: git reset --merge; then: git merge, without --squash",
        ]
    return [
        "the merge of blocks in the index was made for another commit than this one",
        "take it back with: git reset --merge; then merge again",
    ]


def _complete(message: Path, objects: ObjectStore, ledger: ObjectId) -> None:
    """Put the trailer at the end of a message, in a paragraph of its own, where git's clean-up leaves it last."""
    header_bytes = read_header_bytes(objects, ledger)
    line = trailer(decode_header(header_bytes), block_id(header_bytes)).encode()
    text = _OUR_TRAILER.sub(b"\n", message.read_bytes())
    cut = _SCISSORS.search(text)
    end = len(text) if cut is None else cut.start()
    message.write_bytes(text[:end].rstrip(b"\n") + b"\n\n" + line + (b"" if cut is None else b"\n") + text[end:])


def _merge_heads(paths: GitPaths) -> list[ObjectId]:
    try:
        return [ObjectId(line) for line in (paths.git_dir / "MERGE_HEAD").read_text("ascii").split()]
    except FileNotFoundError:
        return []
