"""What is merged without touching the worktree is what git merges in it, to the byte, but for one folder."""

import subprocess

import pytest
from git_sandbox import Sandbox, search_path
from merge_scenes import SCENES, Scene, play, play_criss_cross

from aergo_vc.base.ids import ObjectId
from aergo_vc.objects.errors import GitFailedError
from aergo_vc.objects.opening import open_store
from aergo_vc.objects.ordinary_merge import Labels, MergedFiles, OrdinaryMerge

FOLDER = "ledger"


def merged(sandbox: Sandbox, *options: str) -> MergedFiles:
    """The result over the histories' own merge bases, under the names that git would use."""
    theirs = "topic/side"
    one, other = (ObjectId(sandbox.git("rev-parse", name)) for name in ("main", theirs))
    with open_store(sandbox.paths) as store:
        merge = OrdinaryMerge(store, sandbox.paths, {"PATH": search_path()}, folder=FOLDER)
        return merge.merge(merge.merge_bases(one, other), one, other, Labels("HEAD", theirs), options)


def merged_by_git(sandbox: Sandbox, *options: str) -> tuple[str, list[str], str]:
    """Tree, entries with conflicts and words of ``git merge`` in the worktree."""
    said = sandbox.git("merge", "--no-commit", "--no-ff", "-s", "ort", *options, "topic/side", check=False)
    unmerged = sandbox.git("ls-files", "-u", "-z").split("\0")[:-1]
    if not unmerged:
        return (
            sandbox.git("write-tree"),
            [],
            said.replace("Automatic merge went well; stopped before committing as requested", "").strip(),
        )
    tree = (sandbox.root / ".git" / "AUTO_MERGE").read_text().strip()
    return tree, unmerged, said.partition("Automatic merge failed")[0].strip()


def spelled(result: MergedFiles) -> tuple[str, list[str], str]:
    """The same of ours."""
    stages = [f"{s.mode:06o} {s.id} {s.stage}\t{s.path.decode()}" for s in result.stages]
    return result.tree, stages, result.messages.strip()


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_every_scene_comes_out_as_gits_own(name: str, style: str, sandbox: Sandbox) -> None:
    sandbox.git("config", "merge.conflictStyle", style)
    play(SCENES[name], sandbox.root, sandbox.git)
    ours = merged(sandbox)
    assert spelled(ours) == merged_by_git(sandbox)


def test_a_criss_cross_is_merged_over_both_bases(plain: Sandbox) -> None:
    plain.git("config", "merge.conflictStyle", "diff3")
    play_criss_cross(plain.root, plain.git)
    assert len(plain.git("merge-base", "--all", "main", "topic/side").split()) == 2
    ours = merged(plain)
    assert spelled(ours) == merged_by_git(plain)


def test_unrelated_histories_are_merged_without_a_base(plain: Sandbox) -> None:
    plain.commit("ours", f="ours\n", a="1\n")
    plain.git("checkout", "-q", "--orphan", "topic/side")
    plain.git("rm", "-rfq", ".")
    plain.commit("theirs", f="theirs\n", b="1\n")
    plain.git("checkout", "-q", "main")
    ours = merged(plain)
    assert [stage.stage for stage in ours.stages] == [2, 3]
    assert plain.git("ls-tree", "--name-only", ours.tree).split() == ["a", "b", "f"]


def test_the_folder_takes_no_part_even_where_it_looks_renamed(plain: Sandbox) -> None:
    lines = "".join(f"line {number}\n" for number in range(50))
    base = {"rows": lines, "ledger/block": "1\n"}
    scene = Scene(base, {"ledger/chunk": "mv rows", "ledger/block": "2\n"}, {"rows": lines + "more\n"})
    play(scene, plain.root, plain.git)
    ours = merged(plain)
    assert [stage.path for stage in ours.stages] == [b"rows", b"rows"]
    assert plain.git("ls-tree", "--name-only", ours.tree).split() == ["rows"]
    # What git itself does of this: the reason why the folder is kept out.
    assert "ledger/chunk" in merged_by_git(plain)[2] or "more" in plain.git("show", ":ledger/chunk")


def test_nothing_but_objects_changes(plain: Sandbox) -> None:
    play(SCENES["content"], plain.root, plain.git)
    before = {
        path: path.read_bytes() for path in plain.root.rglob("*") if path.is_file() and "objects" not in path.parts
    }
    merged(plain)
    after = {
        path: path.read_bytes() for path in plain.root.rglob("*") if path.is_file() and "objects" not in path.parts
    }
    assert after == before
    subprocess.run(["git", "fsck", "--strict", "--no-dangling"], cwd=plain.root, check=True, capture_output=True)


@pytest.mark.parametrize("option", ["ours", "theirs", "ignore-all-space", "no-renames", "patience"])
@pytest.mark.parametrize("name", ["content", "rename with a conflict inside", "directory and file", "add and add"])
def test_options_count_as_they_do_for_git(name: str, option: str, sandbox: Sandbox) -> None:
    sandbox.git("config", "merge.conflictStyle", "diff3")
    play(SCENES[name], sandbox.root, sandbox.git)
    ours = merged(sandbox, option)
    assert spelled(ours) == merged_by_git(sandbox, f"-X{option}")


def test_an_unknown_option_is_refused_and_changes_nothing(plain: Sandbox) -> None:
    play(SCENES["content"], plain.root, plain.git)
    with pytest.raises(GitFailedError):
        merged(plain, "sideways")
    assert plain.git("status", "--porcelain") == ""
