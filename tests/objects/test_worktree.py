"""The worktree follows the branch, and never at the cost of the user's changes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from git_sandbox import Sandbox, make_repository, search_path

from aergo_vc.base.ids import ObjectId
from aergo_vc.objects.changed import staged_changes
from aergo_vc.objects.errors import LockedError, WorktreeError
from aergo_vc.objects.git import Git
from aergo_vc.objects.worktree import Worktree


def _home(sandbox: Sandbox) -> dict[str, str]:
    return {"PATH": search_path(), "HOME": str(sandbox.root.parent)}


def _worktree(sandbox: Sandbox, timeout: float = 1) -> Worktree:
    return Worktree(sandbox.paths, _home(sandbox), timeout=timeout)


def _block(sandbox: Sandbox, parent: str | None, height: int) -> ObjectId:
    """A commit with a ledger on top of `parent`, made beside the index."""
    index = {"GIT_INDEX_FILE": str(sandbox.root.parent / "index-of-block")}
    if parent is None:
        sandbox.git("read-tree", "--empty", **index)
    else:
        sandbox.git("read-tree", parent, **index)
    for name, text in (("ledger/block.json", f"{height}\n"), ("ledger/state/bank/accounts/c0", f"[{height}]\n")):
        blob = sandbox.git("hash-object", "-w", "--stdin", stdin=text.encode())
        sandbox.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", **index)
    tree = sandbox.git("write-tree", **index)
    return ObjectId(sandbox.git("commit-tree", tree, "-m", f"block {height}", *(["-p", parent] if parent else [])))


def _follow(sandbox: Sandbox, old: ObjectId | None, new: ObjectId) -> None:
    sandbox.git("update-ref", "HEAD", new)
    _worktree(sandbox).sync_to(old, new)


def _linked(tmp_path: Path) -> Sandbox:
    main = make_repository(tmp_path / "main")
    main.commit()
    main.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    return Sandbox(tmp_path / "linked")


@pytest.fixture(params=["sha1", "sha256", "linked"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    maker: Callable[[], Sandbox] = lambda: make_repository(tmp_path / "repository", request.param)  # noqa: E731
    return _linked(tmp_path) if request.param == "linked" else maker()


def test_files_of_the_ledger_appear_and_refresh_and_the_state_stays_hidden(anywhere: Sandbox) -> None:
    start = ObjectId(anywhere.commit(README="hello\n"))
    assert _worktree(anywhere).hide_state(start)
    for height in (1, 2):
        block = _block(anywhere, start, height)
        _follow(anywhere, start, block)
        assert (anywhere.root / "ledger" / "block.json").read_text() == f"{height}\n"
        assert not (anywhere.root / "ledger" / "state").exists()
        assert anywhere.git("status", "--porcelain") == ""
        start = block
    (anywhere.root / "new-folder").mkdir()
    (anywhere.root / "new-folder" / "file").write_text("x")
    assert anywhere.git("status", "--porcelain") == "?? new-folder/"
    assert (anywhere.root / "README").read_text() == "hello\n"


def test_the_first_block_of_an_unborn_branch_appears(sandbox: Sandbox) -> None:
    worktree = _worktree(sandbox)
    assert worktree.hide_state(None)
    block = _block(sandbox, None, 0)
    _follow(sandbox, None, block)
    assert sandbox.git("status", "--porcelain") == ""
    assert (sandbox.root / "ledger" / "block.json").exists()
    assert not (sandbox.root / "ledger" / "state").exists()


def test_the_state_appears_when_asked_for_and_goes_again(plain: Sandbox) -> None:
    block = _block(plain, plain.commit(), 1)
    plain.git("reset", "-q", "--hard", block)
    chunk = plain.root / "ledger/state/bank/accounts/c0"
    worktree = _worktree(plain)
    assert chunk.exists()
    assert worktree.hide_state(block)
    assert not chunk.exists()
    worktree.show_state(block)
    assert chunk.read_text() == "[1]\n"
    assert plain.git("status", "--porcelain") == ""


@pytest.mark.parametrize("before", ["nothing", "a cone that was given up"])
def test_settings_and_patterns_are_in_the_end_what_they_were(plain: Sandbox, before: str) -> None:
    block = _block(plain, plain.commit(), 1)
    plain.git("reset", "-q", "--hard", block)
    if before != "nothing":
        plain.git("sparse-checkout", "set", "--cone", "ledger")
        plain.git("sparse-checkout", "disable")
    names = ("config", "config.worktree", "info/sparse-checkout")

    def contents() -> dict[str, str]:
        paths = [plain.root / ".git" / name for name in names]
        return {str(path): path.read_text() for path in paths if path.exists()}

    was = contents()
    worktree = _worktree(plain)
    for _ in range(2):
        assert worktree.hide_state(block)
        assert contents() != was
        worktree.show_state(block)
        assert contents() == was


def test_a_sparse_checkout_of_the_user_that_hides_nothing_stays_one(plain: Sandbox) -> None:
    start = ObjectId(plain.commit(kept="1"))
    plain.git("sparse-checkout", "set", "--no-cone", "/*")
    worktree = _worktree(plain)
    assert worktree.hide_state(start)
    worktree.show_state(start)
    assert plain.git("config", "core.sparseCheckout") == "true"
    assert plain.git("sparse-checkout", "list") == "/*"


def test_sparse_patterns_of_the_user_stay_in_force(plain: Sandbox) -> None:
    start = ObjectId(plain.commit(kept="1", hidden="2"))
    plain.git("sparse-checkout", "set", "--no-cone", "/*", "!/hidden")
    worktree = _worktree(plain)
    assert worktree.hide_state(start)
    block = _block(plain, start, 1)
    _follow(plain, start, block)
    assert sorted(path.name for path in plain.root.iterdir()) == [".git", "kept", "ledger"]
    worktree.show_state(block)
    assert plain.git("sparse-checkout", "list").split() == ["/*", "!/hidden"]
    assert (plain.root / "ledger/state").exists()


def test_a_cone_of_the_user_is_left_alone(plain: Sandbox) -> None:
    start = ObjectId(plain.commit(kept="1"))
    plain.git("sparse-checkout", "set", "--cone", "docs")
    before = plain.git("sparse-checkout", "list")
    assert not _worktree(plain).hide_state(start)
    assert plain.git("sparse-checkout", "list") == before


def test_changes_of_the_user_survive_staged_or_not(plain: Sandbox) -> None:
    start = ObjectId(plain.commit(edited="1\n", staged="1\n"))
    (plain.root / "edited").write_text("mine\n")
    (plain.root / "staged").write_text("mine too\n")
    plain.git("add", "staged")
    assert staged_changes(Git(plain.paths), start) == ("staged",)
    _follow(plain, start, _block(plain, start, 1))
    assert plain.git("status", "--porcelain") == " M edited\nM  staged"
    assert (plain.root / "edited").read_text() == "mine\n"
    assert plain.git("show", ":staged") == "mine too"


def test_a_changed_or_untracked_file_in_the_way_stops_before_anything_is_touched(plain: Sandbox) -> None:
    start = ObjectId(plain.commit())
    block = _block(plain, start, 1)
    path = plain.root / "ledger" / "block.json"
    path.parent.mkdir()
    path.write_text("mine\n")
    for old, new in ((start, block), (block, _block(plain, block, 2))):
        with pytest.raises(WorktreeError, match=r"block\.json"):
            _worktree(plain).sync_to(old, new)
        assert path.read_text() == "mine\n"
        path.unlink()
        plain.git("reset", "-q", "--hard", block)
        path.write_text("mine\n")


def test_a_file_that_was_only_touched_is_no_change(plain: Sandbox) -> None:
    first = _block(plain, plain.commit(), 1)
    plain.git("reset", "-q", "--hard", first)
    path = plain.root / "ledger" / "block.json"
    path.write_text(path.read_text())
    _follow(plain, first, _block(plain, first, 2))
    assert path.read_text() == "2\n"


def test_a_bare_repository_has_none(tmp_path: Path) -> None:
    bare = make_repository(tmp_path / "bare.git", bare=True)
    with pytest.raises(WorktreeError, match="bare"):
        _worktree(bare)


def test_x15_a_locked_index_is_waited_for_and_left_alone(plain: Sandbox) -> None:
    start = ObjectId(plain.commit())
    lock = plain.root / ".git" / "index.lock"
    lock.write_text("")
    with pytest.raises(LockedError, match="index"):
        _worktree(plain, timeout=0.05).sync_to(start, _block(plain, start, 1))
    assert lock.exists()
