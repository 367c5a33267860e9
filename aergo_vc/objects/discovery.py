"""Find a repository as git finds it, without starting git.

Reads the few settings that decide how a repository is laid out (gitrepository-layout, `extensions.*`), from its own
``config`` only, where git too takes them from.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aergo_vc.codec.digests import ObjectFormat
from aergo_vc.objects.errors import NotARepositoryError, UnsupportedRepositoryError

_EXTENSIONS = frozenset(
    [
        "noop",
        "noop-v1",
        "objectformat",
        "partialclone",
        "preciousobjects",
        "refstorage",
        "relativeworktrees",
        "submodulepathconfig",
        "worktreeconfig",
    ]
)


@dataclass(frozen=True, slots=True)
class GitPaths:
    """Where a repository lies and what kind it is.  All paths are absolute.

    `git_dir` is this worktree's own directory, `common_dir` the one that all worktrees share; they are the same except
    in linked worktrees.  `work_tree` is None in a bare repository.  `alternates` are further object directories that
    a quarantine (pre-receive) reads from.  `is_foreign` tells that another user owns it: git itself would then ask for
    ``safe.directory``.
    """

    git_dir: Path
    common_dir: Path
    work_tree: Path | None
    objects_dir: Path
    alternates: tuple[Path, ...]
    object_format: ObjectFormat
    is_bare: bool
    is_foreign: bool
    is_partial: bool
    is_reftable: bool
    is_shallow: bool
    log_all_updates: str | None
    """``core.logAllRefUpdates`` as it stands in the repository's config."""


def find_repository(start: Path, environment: Mapping[str, str] | None = None) -> GitPaths:
    """The repository that `start` lies in, or that the ``GIT_*`` variables in `environment` name.

    Honoured variables: GIT_DIR, GIT_WORK_TREE, GIT_COMMON_DIR, GIT_OBJECT_DIRECTORY,
    GIT_ALTERNATE_OBJECT_DIRECTORIES, GIT_CEILING_DIRECTORIES.

    Raises:
        NotARepositoryError: there is none.
        UnsupportedRepositoryError: it has grafts, a format or an extension unknown here, or GIT_REFERENCE_BACKEND
            keeps its references elsewhere.

    """
    variables = environment or {}
    start = Path(os.path.realpath(start))
    if "GIT_DIR" in variables:
        git_dir: Path | None = _follow(start / variables["GIT_DIR"])
        found_tree: Path | None = start
    else:
        git_dir, found_tree = _walk_up(start, variables.get("GIT_CEILING_DIRECTORIES", ""))
    if git_dir is None or not _is_git_dir(git_dir):
        raise NotARepositoryError(f"{start} is not in a git repository", path=str(start))
    return _describe(git_dir, found_tree, start, variables)


def _walk_up(start: Path, ceilings: str) -> tuple[Path | None, Path | None]:
    stops = {os.path.realpath(text) for text in ceilings.split(os.pathsep) if text}
    for folder in (start, *start.parents):
        if folder != start and str(folder) in stops:
            break
        inside = folder / ".git"
        if inside.exists():
            git_dir = _follow(inside)
            if _is_git_dir(git_dir):
                return git_dir, folder
        if _is_git_dir(folder):
            return folder, None
    return None, None


def _follow(path: Path) -> Path:
    """`path` itself, or where it points to if it is a ``gitdir:`` file."""
    if not path.is_file():
        return Path(os.path.realpath(path))
    text = path.read_bytes()
    if not text.startswith(b"gitdir: "):
        raise NotARepositoryError(f"{path} does not name a git directory", path=str(path))
    target = os.fsdecode(text[len(b"gitdir: ") :].rstrip(b"\r\n"))
    return Path(os.path.realpath(path.parent / target))


def _is_git_dir(folder: Path) -> bool:
    if not os.path.lexists(folder / "HEAD"):
        return False
    common = _common(folder, {})
    return (common / "objects").is_dir() and (common / "refs").is_dir()


def _common(git_dir: Path, variables: Mapping[str, str]) -> Path:
    if "GIT_COMMON_DIR" in variables:
        return Path(os.path.realpath(variables["GIT_COMMON_DIR"]))
    try:
        text = (git_dir / "commondir").read_bytes()
    except OSError:
        return git_dir
    return Path(os.path.realpath(git_dir / os.fsdecode(text.rstrip(b"\r\n"))))


def _describe(git_dir: Path, found_tree: Path | None, start: Path, variables: Mapping[str, str]) -> GitPaths:
    common_dir = _common(git_dir, variables)
    grafts = common_dir / "info" / "grafts"
    if grafts.exists():
        raise UnsupportedRepositoryError(f"{grafts} rewrites history: convert it to commits, then remove it")
    if "GIT_REFERENCE_BACKEND" in variables:
        raise UnsupportedRepositoryError("GIT_REFERENCE_BACKEND is set: only a repository's own references are served")
    settings = read_settings(common_dir / "config")
    _require_known(settings, common_dir)
    if settings.get("extensions.worktreeconfig", "").lower() in _TRUE:
        settings |= read_settings(git_dir / "config.worktree")
    linked = git_dir != common_dir
    is_bare = not linked and _truth(settings.get("core.bare", "true" if found_tree is None else "false"))
    objects = variables.get("GIT_OBJECT_DIRECTORY")
    alternates = variables.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "").split(os.pathsep)
    return GitPaths(
        git_dir=git_dir,
        common_dir=common_dir,
        work_tree=_work_tree(git_dir, found_tree, start, settings, variables, is_bare=is_bare),
        objects_dir=Path(os.path.realpath(start / objects)) if objects else common_dir / "objects",
        alternates=tuple(Path(os.path.realpath(start / text)) for text in alternates if text),
        object_format=ObjectFormat(settings.get("extensions.objectformat", "sha1").lower()),
        is_bare=is_bare and "GIT_WORK_TREE" not in variables,
        is_foreign=common_dir.stat().st_uid != os.geteuid(),
        is_partial="extensions.partialclone" in settings
        or any(_truth(value) for name, value in settings.items() if re.fullmatch(r"remote\..*\.promisor", name)),
        is_reftable=settings.get("extensions.refstorage", "files").lower() == "reftable",
        is_shallow=(common_dir / "shallow").exists(),
        log_all_updates=settings.get("core.logallrefupdates"),
    )


def _work_tree(
    git_dir: Path,
    found_tree: Path | None,
    start: Path,
    settings: Mapping[str, str],
    variables: Mapping[str, str],
    *,
    is_bare: bool,
) -> Path | None:
    if "GIT_WORK_TREE" in variables:
        return Path(os.path.realpath(start / variables["GIT_WORK_TREE"]))
    if is_bare:
        return None
    if "core.worktree" in settings:
        return Path(os.path.realpath(git_dir / settings["core.worktree"]))
    if found_tree is None and (git_dir / "gitdir").is_file():
        text = (git_dir / "gitdir").read_bytes()
        return Path(os.path.realpath(git_dir / os.fsdecode(text.rstrip(b"\r\n")))).parent
    return found_tree


def _require_known(settings: Mapping[str, str], common_dir: Path) -> None:
    version = settings.get("core.repositoryformatversion", "0")
    if version not in ("0", "1"):
        raise UnsupportedRepositoryError(f"{common_dir} has the unknown format version {version}")
    if version == "0":
        return
    names = {name.partition(".")[2] for name in settings if name.startswith("extensions.")}
    for name in sorted(names - _EXTENSIONS):
        raise UnsupportedRepositoryError(f"{common_dir} uses the unknown extension {name}", extension=name)
    if settings.get("extensions.objectformat", "sha1").lower() not in ("sha1", "sha256"):
        raise UnsupportedRepositoryError(f"{common_dir} has an unknown object format")
    if settings.get("extensions.refstorage", "files").lower() not in ("files", "reftable"):
        raise UnsupportedRepositoryError(f"{common_dir} has an unknown reference storage")


_TRUE = frozenset(["true", "yes", "on", "1", ""])


def _truth(text: str) -> bool:
    return text.lower() in _TRUE


_SECTION = re.compile(r'\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_VARIABLE = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*(?:=(.*))?$", re.DOTALL)


def read_settings(path: Path) -> dict[str, str]:
    """The variables of one git config file by full name (section and variable in lower case), the last value of each.

    Follows no ``include``.  A missing file has none.  Raises `UnsupportedRepositoryError` for a file that git would
    call bad.
    """
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NotARepositoryError(f"{path} cannot be read: {error.strerror}", path=str(path)) from error
    settings: dict[str, str] = {}
    section = ""
    for line in re.sub(r"\\\r?\n", "", text).splitlines():
        rest = line.strip()
        if rest.startswith("[") and (match := _SECTION.match(rest)):
            section = match[1].lower() + ("" if match[2] is None else "." + re.sub(r"\\(.)", r"\1", match[2]))
            rest = rest[match.end() :].strip()
        if not rest or rest[0] in "#;":
            continue
        variable = _VARIABLE.match(rest)
        if variable is None:
            raise UnsupportedRepositoryError(f"{path} holds a bad line", path=str(path))
        settings[f"{section}.{variable[1].lower()}"] = "" if variable[2] is None else _value(variable[2])
    return settings


_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}


def _value(text: str) -> str:
    """A value with its quotes, escapes and comment taken off."""
    parts: list[str] = []
    quoted = False
    characters = iter(text.strip())
    for character in characters:
        if character == '"':
            quoted = not quoted
        elif character == "\\":
            escaped = next(characters, "")
            parts.append(_ESCAPES.get(escaped, escaped))
        elif character in "#;" and not quoted:
            return "".join(parts).rstrip()
        else:
            parts.append(character)
    return "".join(parts)
