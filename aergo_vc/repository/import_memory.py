"""Which file gave which rows: so that a file that did not change since its last import is not parsed again.

What is remembered are digests of contents, so an entry is true for ever; losing the memory costs time alone.
"""

import json
from pathlib import Path

_VERSION = 1
_ENTRIES = 1_000


class ImportMemory:
    """Digests of files and of tables' definitions, and the digest of the rows that the two together gave."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            stored = json.loads(path.read_text("utf-8"))
            known = stored["files"] if stored["version"] == _VERSION else {}
            self._known = {str(key): str(value) for key, value in known.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._known = {}

    def recall(self, file: str, schema: str) -> str | None:
        """The digest of the rows that a file gave for a definition; None if it is not remembered."""
        return self._known.get(f"{file} {schema}")

    def note(self, file: str, schema: str, rows: str) -> None:
        """Remember what a file gave."""
        key = f"{file} {schema}"
        if self._known.pop(key, None) != rows or next(reversed(self._known), None) != key:
            self._known[key] = rows
            self._save()

    def _save(self) -> None:
        recent = dict(list(self._known.items())[-_ENTRIES:])
        try:
            draft = self._path.with_suffix(".new")
            draft.write_text(json.dumps({"version": _VERSION, "files": recent}), "utf-8")
            draft.replace(self._path)
        except OSError:
            return
