"""A user's own settings behind those that `install` puts into a clone's configuration.

Before a setting is changed, what the clone's configuration said is kept in ``aergo.<name>.before``, empty for nothing.
"""

from collections.abc import Iterable, Mapping

SIGNING_FORMATS = ("openpgp", "ssh", "x509")
"""What ``gpg.format`` may be (git-config(1))."""

_PREFIX, _SUFFIX = "aergo.", ".before"


def marker(name: str) -> str:
    """The setting that keeps what another one was before `install`; `name` in lower case."""
    return f"{_PREFIX}{name}{_SUFFIX}"


def marked(settings: Mapping[str, str]) -> Mapping[str, str]:
    """The settings of a configuration that `install` changed, each with what it was before; empty for nothing."""
    return {
        name.removeprefix(_PREFIX).removesuffix(_SUFFIX): value
        for name, value in settings.items()
        if name.startswith(_PREFIX) and name.endswith(_SUFFIX)
    }


def users_own(listed: Iterable[tuple[str, str, str]]) -> Mapping[str, str]:
    """The settings as they would be without `install`, from scopes, names and values in git's order."""
    entries = list(listed)
    changed = marked({name: value for scope, name, value in entries if scope == "local"})
    own: dict[str, str] = {}
    for scope, name, value in entries:
        if scope != "local" or name not in changed:
            own[name] = value
        elif changed[name]:
            own[name] = changed[name]
    return own


def parse_scoped(text: str) -> Iterable[tuple[str, str, str]]:
    """The entries of ``git config --null --show-scope --list``; a value that is not stated means ``true``."""
    fields = text.split("\0")
    for scope, item in zip(fields[::2], fields[1::2], strict=False):
        name, stated, value = item.partition("\n")
        yield scope, name, value if stated else "true"


def is_true(value: str | None) -> bool:
    """Whether a setting is switched on, as git reads it."""
    return value is not None and value.lower() in ("true", "yes", "on", "1")
