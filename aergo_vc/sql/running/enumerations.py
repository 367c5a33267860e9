"""Enumerations: their labels, which compare in the order of their definition, as functions for SQLite.

A value is kept as its label, so that a label that is added changes no row.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aergo_vc.model.routines import CompositeType, EnumType
from aergo_vc.sql.errors import INVALID_TEXT, UNDEFINED_OBJECT, SqlError


class Enumerations:
    """The labels of all enumerations of a catalog; the functions always speak of those that were laid out last."""

    def __init__(self) -> None:
        self._labels: dict[str, tuple[str, ...]] = {}
        self._ranks: dict[str, dict[str, int]] = {}

    def lay_out(self, types: Mapping[str, EnumType | CompositeType]) -> None:
        """Speak of the enumerations among `types` from now on."""
        self._labels = {name: found.labels for name, found in types.items() if isinstance(found, EnumType)}
        self._ranks = {
            name: {label: rank for rank, label in enumerate(labels)} for name, labels in self._labels.items()
        }

    def _of(self, name: str) -> dict[str, int]:
        found = self._ranks.get(name)
        if found is None:
            raise SqlError(UNDEFINED_OBJECT, f'type "{name.removeprefix("public.")}" does not exist')
        return found

    def has(self, label: str, name: str) -> bool:
        """Whether an enumeration has a label."""
        return label in self._of(name)

    def _value(self, label: str | None, name: str) -> str | None:
        if label is not None and label not in self._of(name):
            spoken = name.removeprefix("public.")
            raise SqlError(INVALID_TEXT, f'invalid input value for enum {spoken}: "{label[:100]}"')
        return label

    def _rank(self, label: str | None, name: str) -> int | None:
        return None if label is None else self._of(name)[label]

    def _label(self, rank: int | None, name: str) -> str | None:
        return None if rank is None else self._labels[name][rank]

    def functions(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        """The functions under the names that SQL of ours calls them by."""
        yield "enum_value", self._value
        yield "enum_rank", self._rank
        yield "enum_label", self._label


ENUM_FUNCTIONS = frozenset(name for name, _ in Enumerations().functions())
"""Their names."""
