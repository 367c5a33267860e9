"""Check what is stored, short of executing anything: objects, blocks at the heads, table trees, pools, caches."""

from collections.abc import Iterator

from aergo_vc.base.errors import AergoError
from aergo_vc.base.ids import BranchName, ObjectId
from aergo_vc.codec.git_commit import decode_commit, signed_payload
from aergo_vc.keys.signatures import verify_commit_signature
from aergo_vc.ledger.history import has_ledger
from aergo_vc.ledger.rules import check_commit, check_files
from aergo_vc.pool.pending import pool_ref, read_pool
from aergo_vc.repository.findings import Finding, Level
from aergo_vc.repository.reading import StateReader
from aergo_vc.repository.revisions import tip_at
from aergo_vc.repository.state_cache import state_cache
from aergo_vc.repository.tips import Tip
from aergo_vc.repository.workspace import Workspace
from aergo_vc.state.checking import check_tree


def check_repository(workspace: Workspace) -> Iterator[Finding]:
    """What is wrong with the objects, the ledger branches, the pools and the caches of a repository."""
    yield from _objects(workspace)
    for name, commit in sorted(workspace.local_branches().items()):
        try:
            if has_ledger(workspace.writer, commit):
                yield from _branch(workspace, name, commit)
        except AergoError as error:
            yield Finding(Level.ERROR, f"branch {name}", error.message)


def _objects(workspace: Workspace) -> Iterator[Finding]:
    done = workspace.git.run("fsck", "--strict", "--no-dangling", "--no-progress", expected=range(256))
    lines = (done.output.decode("utf-8", "replace") + done.errors).splitlines()
    for line in lines:
        if line and not line.startswith("notice:"):
            yield Finding(Level.ERROR if done.status else Level.NOTE, "objects", line)


def _branch(workspace: Workspace, name: BranchName, commit: ObjectId) -> Iterator[Finding]:
    subject = f"branch {name}"
    tip = tip_at(workspace, commit)
    if tip.branch != name:
        # As every branch does that plain git made for the files beside the ledger: no block can be added to it.
        yield Finding(Level.NOTE, subject, f"shows block {tip.ledger.block[:12]} of branch {tip.branch}")
    block = decode_commit(workspace.writer.read_commit(tip.commit))
    check_files(tip.ledger)
    check_commit(block, tip.ledger)
    verify_commit_signature(block.signature or "", signed_payload(block))
    reader = StateReader(workspace, tip.ledger)
    for table in sorted(reader.catalog.stored):
        root = reader.root(table)
        if root is not None:
            check_tree(reader.tree(table), root)
    for table in sorted(reader.snapshot.tables.keys() - reader.catalog.stored.keys()):
        yield Finding(Level.ERROR, subject, f"table {table} has rows and no definition")
    read_pool(workspace.writer, workspace.nodes, workspace.refs.read(pool_ref(name)))
    yield from _cache(workspace, tip, reader)


def _cache(workspace: Workspace, tip: Tip, reader: StateReader) -> Iterator[Finding]:
    """Compare the branch's state cache with the trees; one that differs is thrown away."""
    with workspace.locked(), state_cache(workspace, tip.branch) as cache:
        cache.move_to(tip.ledger)
        engine = cache.machine.engine
        wrong = [
            table
            for table in sorted(reader.catalog.stored)
            if dict.fromkeys(engine.rows(table)) != dict.fromkeys(reader.rows(table))
        ]
        if wrong:
            cache.machine.forget()
    for table in wrong:
        yield Finding(Level.WARNING, "state cache", f"table {table} differed from its tree; the cache is made anew")
