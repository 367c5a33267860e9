"""Repositories of every kind that the room serves, made by git itself."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.codec.git_commit import Identity
from aergo_vc.objects.discovery import GitPaths, find_repository

WHO = Identity("Ann Example", "ann@example.org", 1_700_000_000)


def search_path(*folders: Path) -> str:
    """A PATH: `folders`, the one of the git under test (the first on the test run's PATH), the system's."""
    git = shutil.which("git")
    assert git is not None, "the tests need git on PATH"
    words = (*map(str, folders), str(Path(git).parent), "/usr/local/bin", "/usr/bin", "/bin")
    return os.pathsep.join(dict.fromkeys(words))


@dataclass
class Sandbox:
    """A repository with its own home, driven by the git program."""

    root: Path

    def git(self, *arguments: str, stdin: bytes = b"", check: bool = True, **variables: str) -> str:
        return self.raw(*arguments, stdin=stdin, check=check, **variables).decode().rstrip("\n")

    def raw(self, *arguments: str, stdin: bytes = b"", check: bool = True, **variables: str) -> bytes:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_DEFAULT_REF_FORMAT": "files",
            "GIT_AUTHOR_NAME": WHO.name,
            "GIT_AUTHOR_EMAIL": WHO.email,
            "GIT_COMMITTER_NAME": WHO.name,
            "GIT_COMMITTER_EMAIL": WHO.email,
            "GIT_AUTHOR_DATE": "1700000000 +0000",
            "GIT_COMMITTER_DATE": "1700000000 +0000",
        } | variables
        command = ["git", "-c", "protocol.file.allow=always", "-c", "safe.bareRepository=all", *arguments]
        return subprocess.run(
            command, cwd=self.root, input=stdin, env=environment, check=check, capture_output=True
        ).stdout

    @property
    def paths(self) -> GitPaths:
        return find_repository(self.root)

    def commit(self, message: str = "change", **files: str) -> str:
        for name, text in files.items():
            (self.root / name).write_text(text)
            self.git("add", "--", name)
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


def make_repository(root: Path, object_format: str = "sha1", *, bare: bool = False) -> Sandbox:
    root.mkdir(parents=True)
    sandbox = Sandbox(root)
    options = ["--bare"] if bare else []
    sandbox.git("init", "-q", "-b", "main", f"--object-format={object_format}", *options)
    return sandbox
