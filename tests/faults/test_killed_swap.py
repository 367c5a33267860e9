"""Whatever instant a block's writer dies at, the branch is at the old or the new commit and nothing blocks (X01)."""

import multiprocessing
import os
import random
import signal
import time

from git_sandbox import WHO, Sandbox

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import Kind
from aergo_vc.codec.git_commit import Commit, encode_commit
from aergo_vc.objects.consolidating import Consolidator
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.locks import ledger_lock
from aergo_vc.objects.opening import open_store
from aergo_vc.objects.pack_writer import PackWriter, release_leftovers
from aergo_vc.objects.refs import open_refs

MAIN = "refs/heads/main"


def _append_for_ever(paths: GitPaths, tree: ObjectId) -> None:
    store, refs, count = open_store(paths), open_refs(paths), 0
    consolidator = Consolidator(paths, most=3)
    while True:
        with ledger_lock(paths.common_dir, 5):
            old = refs.read(MAIN)
            assert old is not None
            writer = PackWriter(store, paths)
            new = writer.add(Kind.COMMIT, encode_commit(Commit(tree, (old,), WHO, WHO, f"{os.getpid()} {count}\n")))
            published = writer.publish()
            assert refs.compare_and_swap(MAIN, old, new, message="block", who=WHO).done
            published.release()
            consolidator.consolidate()
        count += 1


def test_a_writer_that_is_killed_at_any_moment_leaves_a_sound_repository(plain: Sandbox) -> None:
    plain.commit()
    paths, tree = plain.paths, ObjectId(plain.git("rev-parse", "HEAD^{tree}"))
    moments = random.Random(7)
    context = multiprocessing.get_context("fork")
    for _ in range(15):
        before = int(plain.git("rev-list", "--count", MAIN))
        writer = context.Process(target=_append_for_ever, args=(paths, tree))
        writer.start()
        while int(plain.git("rev-list", "--count", MAIN)) == before:
            assert writer.is_alive()
        time.sleep(moments.random() / 100)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        with ledger_lock(paths.common_dir, 1):
            release_leftovers(paths)
        head = plain.git("rev-parse", MAIN)
        plain.git("update-ref", MAIN, head, head)
    plain.git("fsck", "--full", "--strict", "--no-dangling")
    plain.git("gc", "-q", "--prune=now")
    git_dir = paths.common_dir
    assert [path.name for path in git_dir.rglob("*.lock")] == []
    assert [path.name for path in (git_dir / "objects" / "pack").glob("*.keep")] == []
    assert [path.name for path in (git_dir / "aergo").glob("draft-*")] == []
