"""Merge two commits with options of ``git merge -X``, without index or worktree.

``git merge-tree`` takes such options from git 2.44 on only.  So git's own strategy runs in a repository beside, which
shares the objects, has nothing checked out, and is gone afterwards.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from aergo_vc.base.ids import ObjectId
from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.git import Git
from aergo_vc.objects.loose import object_folders

_CONFIG = """\
[core]
\trepositoryFormatVersion = {version}
\tbare = false
\tsparseCheckout = true
\tsparseCheckoutCone = false
[extensions]
{extensions}"""
_MERGE = ("merge", "--strategy=ort", "--no-commit", "--no-ff", "--no-stat", "--allow-unrelated-histories")
_OF_MERGES = r"^(merge|diff|core\.(attributesfile|whitespace|autocrlf|eol|safecrlf))\."
_NOBODY = ("user.name=aergo", "user.email=aergo@localhost")  # git merge asks who commits, even if nobody does
_CLEAN, _CONFLICT = 0, 1


def merge_beside(
    paths: GitPaths,
    environment: Mapping[str, str] | None,
    ours: ObjectId,
    theirs: ObjectId,
    options: Sequence[str],
) -> tuple[ObjectId, bytes, str]:
    """The tree of a merge, conflict markers included; ``ls-files -u -z`` of its index; what git says.

    Raises GitFailedError where git cannot merge, or does not know an option.
    """
    with tempfile.TemporaryDirectory(prefix="aergo-merge-") as name:
        scratch = Path(name)
        _furnish(paths, scratch, ours)
        git = Git(_beside(paths, scratch), environment, user_config=True)
        settings = _settings(Git(paths, environment, user_config=True))
        git.run("read-tree", "-m", "-u", ours, settings=settings)
        words = [f"--strategy-option={option}" for option in options]
        done = git.run(*_MERGE, *words, theirs, expected=(_CLEAN, _CONFLICT), settings=settings)
        unmerged = git.run("ls-files", "-u", "-z").output
        said = os.fsdecode(done.output)
        if done.status == _CLEAN:
            return ObjectId(git.run("write-tree").output.decode().strip()), unmerged, said
        tree = git.run("rev-parse", "--verify", "AUTO_MERGE^{tree}").output.decode().strip()
        return ObjectId(tree), unmerged, "".join(said.splitlines(keepends=True)[:-1])


def _furnish(paths: GitPaths, scratch: Path, head: ObjectId) -> None:
    git_dir = scratch / "git"
    for folder in ("objects/pack", "refs", "info"):
        (git_dir / folder).mkdir(parents=True)
    (scratch / "tree").mkdir()
    sha256 = paths.object_format is ObjectFormat.SHA256
    extensions = "\tobjectFormat = sha256\n" if sha256 else ""
    (git_dir / "config").write_text(_CONFIG.format(version=int(sha256), extensions=extensions))
    (git_dir / "HEAD").write_text(f"{head}\n")
    (git_dir / "info" / "sparse-checkout").write_text("!/*\n")
    attributes = paths.common_dir / "info" / "attributes"
    if attributes.exists():
        shutil.copyfile(attributes, git_dir / "info" / "attributes")


def _beside(paths: GitPaths, scratch: Path) -> GitPaths:
    git_dir = scratch / "git"
    return GitPaths(
        git_dir=git_dir,
        common_dir=git_dir,
        work_tree=scratch / "tree",
        objects_dir=paths.objects_dir,
        alternates=object_folders(paths)[1:],
        object_format=paths.object_format,
        is_bare=False,
        is_foreign=False,
        is_partial=paths.is_partial,
        is_reftable=False,
        is_shallow=False,
        log_all_updates=None,
    )


def _settings(git: Git) -> list[str]:
    """The user's and the repository's settings that say how files are merged."""
    listed = git.run("config", "--null", "--get-regexp", _OF_MERGES, expected=(0, 1)).output
    pairs = [os.fsdecode(item).partition("\n") for item in listed.split(b"\0") if item]
    return [*_NOBODY, *(f"{name}={value}" for name, _, value in pairs if "\n" not in value)]
