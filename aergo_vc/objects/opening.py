"""Which object store serves a repository."""

from collections.abc import Mapping
from enum import Enum

from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.objects.discovery import GitPaths
from aergo_vc.objects.plumbing_store import PlumbingStore
from aergo_vc.objects.store import ObjectStore


class Preference(Enum):
    """What a caller wants of a store: throughput (a library, slow to import), or a quick start (git as a child)."""

    THROUGHPUT = "throughput"
    QUICK_START = "quick start"


def open_store(
    paths: GitPaths,
    preference: Preference = Preference.THROUGHPUT,
    environment: Mapping[str, str] | None = None,
) -> ObjectStore:
    """The store that serves the repository best: pygit2 where it can, else dulwich (SHA-256), else git itself.

    Partial clones are always served by git, which fetches what is missing.  `environment` is for git's children.
    """
    if preference is Preference.QUICK_START or paths.is_partial:
        return PlumbingStore(paths, environment)
    if paths.object_format is ObjectFormat.SHA1:
        from aergo_vc.objects.pygit2_store import Pygit2Store  # noqa: PLC0415

        return Pygit2Store(paths)
    from aergo_vc.objects.dulwich_store import DulwichStore  # noqa: PLC0415

    return DulwichStore.open(paths)
