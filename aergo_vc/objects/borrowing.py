"""Have another repository's branches here for a while, through git's own fetch."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aergo_vc.base.ids import ObjectId
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.git import Git
from aergo_vc.objects.refs import Refs

_PROTOCOLS = "file:git:http:https:ssh"
"""What may be fetched by: not ``ext::``, which is a command."""


@contextmanager
def borrowed_branches(
    paths: GitPaths, environment: Mapping[str, str], refs: Refs, source: str
) -> Iterator[Mapping[str, ObjectId]]:
    """The branches of the repository at `source` (a path, an address, a remote's name) by their names there.

    Their objects are fetched; references under ``refs/aergo/borrowed/`` keep them from ``git gc`` as long as the
    context lasts.  Raises GitFailedError.
    """
    folder = f"refs/aergo/borrowed/{hashlib.sha256(source.encode()).hexdigest()[:16]}/"
    git = Git(paths, environment, user_config=True, lazy_fetch=True)
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--prune")
    refspec = f"+refs/heads/*:{folder}*"
    try:
        git.run("fetch", *options, "--", source, refspec, variables={"GIT_ALLOW_PROTOCOL": _PROTOCOLS})
        yield {name.removeprefix(folder): commit for name, commit in refs.list(folder).items()}
    finally:
        lines = "".join(f"delete {name}\n" for name in refs.list(folder))
        git.run("update-ref", "--stdin", stdin=lines.encode())
