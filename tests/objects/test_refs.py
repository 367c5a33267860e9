"""References: one suite for git's files and for git's plumbing, beside real git at work."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest
from git_sandbox import WHO, Sandbox

from aergo_vc.base.ids import ObjectId
from aergo_vc.objects.errors import LockedError, ReferenceDamagedError, ReferenceNameError
from aergo_vc.objects.refs import FileRefs, PlumbingRefs, Refs, Swap, open_refs

MAIN = "refs/heads/main"


@pytest.fixture(params=[FileRefs, PlumbingRefs])
def opener(request: pytest.FixtureRequest) -> Callable[[Sandbox], Refs]:
    return lambda sandbox: request.param(sandbox.paths)


def _two(sandbox: Sandbox) -> tuple[ObjectId, ObjectId]:
    return ObjectId(sandbox.commit("one")), ObjectId(sandbox.commit("two"))


def test_loose_packed_and_symbolic_references_are_read(sandbox: Sandbox, opener: Callable[[Sandbox], Refs]) -> None:
    refs = opener(sandbox)
    assert refs.read("HEAD") is None
    first, second = _two(sandbox)
    sandbox.git("tag", "old", first)
    for _ in ("loose", "packed"):
        assert refs.read("HEAD") == refs.read(MAIN) == second
        assert refs.list() == {MAIN: second, "refs/tags/old": first}
        assert refs.list("refs/tags/") == {"refs/tags/old": first}
        sandbox.git("pack-refs", "--all", "--prune")
    assert refs.symbolic_target("HEAD") == MAIN
    sandbox.git("checkout", "-q", "--detach")
    assert refs.symbolic_target("HEAD") is None
    assert refs.read("refs/heads/absent") is None


def test_a_swap_moves_only_from_the_value_it_was_told(sandbox: Sandbox, opener: Callable[[Sandbox], Refs]) -> None:
    first, second = _two(sandbox)
    refs = opener(sandbox)
    for pack in (False, True):
        if pack:
            sandbox.git("pack-refs", "--all")
        assert refs.compare_and_swap(MAIN, first, second, message="no", who=WHO) == Swap(done=False, current=second)
        assert refs.compare_and_swap(MAIN, None, first, message="no", who=WHO) == Swap(done=False, current=second)
        assert refs.compare_and_swap(MAIN, second, first, message="yes", who=WHO) == Swap(done=True, current=first)
        assert sandbox.git("rev-parse", MAIN) == first
        assert refs.compare_and_swap(MAIN, first, second, message="back", who=WHO).done


def test_a_reference_is_created_where_none_is(sandbox: Sandbox, opener: Callable[[Sandbox], Refs]) -> None:
    first, _ = _two(sandbox)
    refs = opener(sandbox)
    name = "refs/heads/aergo/directory"
    (sandbox.root / ".git" / name / "empty").mkdir(parents=True)
    assert refs.compare_and_swap(name, first, first, message="no", who=WHO) == Swap(done=False, current=None)
    assert refs.compare_and_swap(name, None, first, message="yes", who=WHO).done
    assert sandbox.git("rev-parse", name) == first
    sandbox.git("fsck", "--no-dangling")


def test_the_reflog_reads_as_git_would_have_written_it(sandbox: Sandbox, opener: Callable[[Sandbox], Refs]) -> None:
    first, second = _two(sandbox)
    opener(sandbox).compare_and_swap(MAIN, second, first, message="aergo: two\nlines", who=WHO)
    for name in ("HEAD", MAIN):
        line = (sandbox.root / ".git" / "logs" / name).read_text().splitlines()[-1]
        assert line == f"{second} {first} Ann Example <ann@example.org> 1700000000 +0000\taergo: two lines"
    assert sandbox.git("reflog", "-1", "--format=%gs") == "aergo: two lines"


def test_names_that_git_refuses_are_refused(plain: Sandbox, opener: Callable[[Sandbox], Refs]) -> None:
    first, _ = _two(plain)
    refs = opener(plain)
    bad = [
        "main",
        "refs/heads/a b",
        "refs/heads/../x",
        "refs/heads/x.lock",
        "refs/heads/.x",
        "refs/heads/x.",
        "refs/a//b",
    ]
    for name in (*bad, "refs/heads/x\n", "refs/heads/@{1}", "refs/heads/", "--all"):
        with pytest.raises(ReferenceNameError):
            refs.compare_and_swap(name, None, first, message="", who=WHO)


@pytest.mark.parametrize("pack", [False, True])
def test_a_reference_cannot_be_a_folder_of_others(plain: Sandbox, pack: bool) -> None:
    first, _ = _two(plain)
    plain.git("branch", "deep/er", first)
    if pack:
        plain.git("pack-refs", "--all")
    refs = FileRefs(plain.paths)
    for name in ("refs/heads/main/x", "refs/heads/deep"):
        with pytest.raises(ReferenceNameError, match="beside"):
            refs.compare_and_swap(name, None, first, message="", who=WHO)


def test_a_symbolic_reference_is_not_moved(plain: Sandbox, opener: Callable[[Sandbox], Refs]) -> None:
    first, second = _two(plain)
    with pytest.raises(ReferenceNameError, match="symbolic"):
        opener(plain).compare_and_swap("HEAD", second, first, message="", who=WHO)


def test_a_linked_worktree_has_its_own_head(tmp_path: Path, plain: Sandbox) -> None:
    first, second = _two(plain)
    plain.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"), first)
    linked = Sandbox(tmp_path / "linked")
    refs = open_refs(linked.paths)
    assert (refs.read("HEAD"), refs.symbolic_target("HEAD")) == (first, "refs/heads/side")
    assert refs.compare_and_swap("refs/heads/side", first, second, message="on", who=WHO).done
    assert linked.git("reflog", "-1", "HEAD", "--format=%gs") == "on"
    assert open_refs(plain.paths).symbolic_target("HEAD") == MAIN


def test_x10_empty_and_cut_off_references_are_named(plain: Sandbox) -> None:
    first, _ = _two(plain)
    path = plain.root / ".git" / MAIN
    for text in ("", first[:20], "0" * 40 + "junk", "\0" * 41):
        path.write_text(text)
        with pytest.raises(ReferenceDamagedError, match=MAIN):
            FileRefs(plain.paths).read(MAIN)
    path.unlink()
    for text in (f"{first} refs/heads/x", f"{first[:30]} refs/heads/x\n", "nonsense\n"):
        (plain.root / ".git" / "packed-refs").write_text(text)
        with pytest.raises(ReferenceDamagedError, match="packed-refs"):
            FileRefs(plain.paths).read("refs/heads/x")


def test_a_cycle_of_symbolic_references_is_named(plain: Sandbox) -> None:
    (plain.root / ".git" / "refs/heads/a").write_text("ref: refs/heads/a\n")
    with pytest.raises(ReferenceDamagedError, match="leads nowhere"):
        FileRefs(plain.paths).read("refs/heads/a")


def test_x15_a_lock_of_another_program_is_waited_for_and_left_alone(
    plain: Sandbox, opener: Callable[[Sandbox], Refs]
) -> None:
    first, second = _two(plain)
    lock = plain.root / ".git" / (MAIN + ".lock")
    lock.write_text("")
    with pytest.raises(LockedError, match=r"main\.lock"):
        opener(plain).compare_and_swap(MAIN, second, first, message="", who=WHO, timeout=0.05)
    assert lock.exists()
    assert plain.git("rev-parse", MAIN) == second


def _count(root: Path, rounds: int) -> None:
    """Append `rounds` commits to main, starting again whenever somebody else was faster."""
    sandbox = Sandbox(root)
    refs = FileRefs(sandbox.paths)
    tree = sandbox.git("rev-parse", f"{MAIN}^{{tree}}")
    done = 0
    while done < rounds:
        old = refs.read(MAIN)
        assert old is not None
        new = ObjectId(sandbox.git("commit-tree", "-p", old, "-m", "step", tree))
        done += refs.compare_and_swap(MAIN, old, new, message="step", who=WHO).done


def test_x13_two_writers_and_git_pack_refs_lose_no_step(plain: Sandbox) -> None:
    first = plain.commit()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_count, args=(plain.root, 10)) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        plain.git("pack-refs", "--all", "--prune", check=False)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert plain.git("rev-list", "--count", f"{first}..{MAIN}") == "20"
