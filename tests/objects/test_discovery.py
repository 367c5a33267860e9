"""Repositories are found where git finds them, and told apart by kind."""

from pathlib import Path

import pytest
from git_sandbox import Sandbox, make_repository

from aergo_vc.base.errors import RepositoryError
from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.objects.discovery import find_repository, read_settings
from aergo_vc.objects.errors import GitFailedError, GitVersionError, NotARepositoryError, UnsupportedRepositoryError
from aergo_vc.objects.git import MINIMUM_VERSION, Git
from aergo_vc.objects.plumbing_store import PlumbingStore


def test_it_is_found_from_below(sandbox: Sandbox) -> None:
    below = sandbox.root / "a" / "b"
    below.mkdir(parents=True)
    paths = find_repository(below)
    assert paths.git_dir == paths.common_dir == sandbox.root / ".git"
    assert paths.work_tree == sandbox.root
    assert paths.object_format == sandbox.git("rev-parse", "--show-object-format")
    assert not any([paths.is_bare, paths.is_shallow, paths.is_partial, paths.is_reftable, paths.is_foreign])


def test_a_bare_repository_has_no_worktree(tmp_path: Path) -> None:
    make_repository(tmp_path / "bare.git", bare=True)
    paths = find_repository(tmp_path / "bare.git" / "refs")
    assert paths.is_bare
    assert paths.work_tree is None


def test_a_linked_worktree_and_a_submodule_are_followed(tmp_path: Path, plain: Sandbox) -> None:
    plain.commit(a="x")
    plain.git("worktree", "add", "-q", str(tmp_path / "linked"))
    paths = find_repository(tmp_path / "linked")
    assert (paths.common_dir, paths.work_tree) == (plain.root / ".git", tmp_path / "linked")
    assert paths.git_dir == plain.root / ".git" / "worktrees" / "linked"
    assert find_repository(tmp_path, {"GIT_DIR": str(paths.git_dir)}).common_dir == paths.common_dir
    outer = make_repository(tmp_path / "outer")
    outer.git("submodule", "--quiet", "add", str(plain.root), "inner")
    inner = find_repository(outer.root / "inner")
    assert inner.work_tree == outer.root / "inner"
    assert inner.git_dir == outer.root / ".git" / "modules" / "inner"


def test_variables_name_it_as_they_do_for_git(tmp_path: Path, plain: Sandbox) -> None:
    quarantine = tmp_path / "quarantine"
    variables = {
        "GIT_DIR": str(plain.root / ".git"),
        "GIT_OBJECT_DIRECTORY": str(quarantine),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(plain.root / ".git" / "objects"),
    }
    paths = find_repository(tmp_path, variables)
    assert (paths.objects_dir, paths.alternates) == (quarantine, (plain.root / ".git" / "objects",))
    with pytest.raises(NotARepositoryError):
        find_repository(tmp_path, {"GIT_DIR": str(tmp_path)})


def test_none_is_found_where_none_is(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError, match="not in a git repository"):
        find_repository(tmp_path, {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)})


def test_a_shallow_clone_is_noticed(tmp_path: Path, plain: Sandbox) -> None:
    plain.commit("one")
    plain.commit("two")
    plain.git("clone", "-q", "--depth=1", f"file://{plain.root}", str(tmp_path / "clone"))
    assert find_repository(tmp_path / "clone").is_shallow


@pytest.mark.parametrize(
    "setting",
    [
        "extensions.unheardof=true",
        "core.repositoryformatversion=2",
        "extensions.objectformat=sha3",
        "extensions.compatobjectformat=sha256",
        "extensions.refstorage=reftable:///elsewhere",
    ],
)
def test_what_is_not_known_is_refused(plain: Sandbox, setting: str) -> None:
    plain.git("config", "core.repositoryformatversion", "1")
    plain.git("config", *setting.split("="))
    with pytest.raises(UnsupportedRepositoryError):
        find_repository(plain.root)


@pytest.mark.parametrize("extension", ["relativeworktrees", "submodulepathconfig"])
def test_extensions_of_newer_gits_that_change_nothing_here_are_known(plain: Sandbox, extension: str) -> None:
    config = plain.root / ".git" / "config"
    config.write_text(f"[core]\n\trepositoryFormatVersion = 1\n[extensions]\n\t{extension} = true\n")
    assert find_repository(plain.root).work_tree == plain.root


def test_references_that_a_variable_keeps_elsewhere_are_refused(plain: Sandbox) -> None:
    with pytest.raises(UnsupportedRepositoryError, match="GIT_REFERENCE_BACKEND"):
        find_repository(plain.root, {"GIT_REFERENCE_BACKEND": "files:///elsewhere"})


def test_settings_read_as_git_reads_them(plain: Sandbox) -> None:
    path = plain.root / ".git" / "config"
    path.write_text(
        '[a] one = 1 ; comment\n[A "Sub \\"x\\""]\n\tTwo = "two # no comment" # one\n[a]\nflag\nlong = x \\\n  y\n'
        "one = 2\n[b.c]\n  empty =\n"
    )
    shown = plain.raw("config", "-z", "--file", str(path), "--list").decode().split("\0")
    expected = dict(entry.partition("\n")[::2] for entry in shown if entry)
    assert read_settings(path) == expected


def test_an_empty_object_format_is_the_first(plain: Sandbox) -> None:
    assert plain.paths.object_format is ObjectFormat.SHA1


def test_a_failing_git_is_reported_on_one_line(plain: Sandbox) -> None:
    with pytest.raises(GitFailedError) as caught:
        Git(plain.paths).run("cat-file", "-t", "nothing\n\x1b[31m")
    assert caught.value.facts["status"] == 128
    assert caught.value.message.isprintable()


def test_m02_an_old_or_missing_git_is_refused(tmp_path: Path, plain: Sandbox) -> None:
    old = tmp_path / "git"
    old.write_text('#!/bin/sh\n[ "$*" = "${*%version}" ] && exit 129\necho git version 2.30.1\n')
    old.chmod(0o755)
    with pytest.raises(GitVersionError, match=r"2\.30\.1 is too old: 2\.39 or later"):
        Git(None, program=str(old)).require_version()
    # Whatever an old git cannot do, its age is what the user must hear.
    with pytest.raises(GitVersionError, match="too old"):
        Git(plain.paths, program=str(old)).run("merge-tree")
    with pytest.raises(GitVersionError, match="too old"):
        PlumbingStore(plain.paths, {"PATH": f"{tmp_path}:/usr/bin:/bin"}).contains(ObjectId("0" * 40))
    with pytest.raises(GitVersionError):
        Git(None, program=str(tmp_path / "absent")).version()
    assert Git(None).require_version() >= MINIMUM_VERSION
    assert issubclass(GitVersionError, RepositoryError)
