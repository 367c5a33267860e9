"""Strict reading of JSON objects with known keys, shared by the formats that consist of them."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from aergo_vc.base.errors import FormatError, InputError
from aergo_vc.base.ids import PublicKey, is_hexadecimal_64
from aergo_vc.codec.sshsig import decode_key_text

Choice = TypeVar("Choice", bound=StrEnum)
Name = TypeVar("Name", bound=str)
Json = TypeVar("Json", str, list[Any], dict[str, Any])

_LARGEST_INTEGER = 2**63 - 1


class Record:
    """An object that must have exactly the keys named, and may have those in `optional`; readers raise FormatError."""

    def __init__(
        self,
        value: Any,  # noqa: ANN401 - any JSON value
        keys: tuple[str, ...],
        what: str,
        optional: frozenset[str] = frozenset(),
    ) -> None:
        if not isinstance(value, dict) or value.keys() - optional != set(keys):
            raise FormatError(f"{what} must be an object with the keys {', '.join(sorted(keys))}")
        self._value = value
        self._what = what

    def has(self, key: str) -> bool:
        """Whether an optional key is there."""
        return key in self._value

    def text(self, key: str) -> str:
        """A string."""
        return self._of_type(key, str)

    def name(self, key: str, checked: Callable[[str], Name]) -> Name:
        """A string that `checked` accepts."""
        try:
            return checked(self.text(key))
        except InputError as error:
            raise FormatError(f"{self._what}: {key}: {error.message}") from error

    def natural(self, key: str, least: int = 0, greatest: int = _LARGEST_INTEGER) -> int:
        """An integer from `least` to `greatest`, 2^63 - 1 unless less is given."""
        number = self._value[key]
        if type(number) is not int or not least <= number <= greatest:
            raise FormatError(f"{self._what}: {key} must be an integer from {least} to {greatest}")
        return number

    def id(self, key: str) -> str:
        """64 hexadecimal digits."""
        return self._as_id(key, self._value[key])

    def optional_id(self, key: str) -> str | None:
        """64 hexadecimal digits, or null."""
        return None if self._value[key] is None else self.id(key)

    def ids(self, key: str) -> tuple[str, ...]:
        """An array of 64 hexadecimal digits each."""
        return tuple(self._as_id(key, item) for item in self.items(key))

    def items(self, key: str) -> list[Any]:
        """An array."""
        return self._of_type(key, list)

    def members(self, key: str) -> dict[str, Any]:
        """An object."""
        return self._of_type(key, dict)

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        """One of the values of an enumeration."""
        try:
            return choices(self.text(key))
        except ValueError as error:
            raise FormatError(f"{self._what}: {key} must be one of {', '.join(choices)}") from error

    def public_key(self, key: str) -> PublicKey:
        """An Ed25519 key as OpenSSH writes it; whether it is a strict one is for the keys room to say."""
        return PublicKey(decode_key_text(self.text(key)))

    def version(self, expected: int) -> None:
        """Refuse another version than `expected`."""
        version = self._value["version"]
        if type(version) is not int or version != expected:
            raise FormatError(f"{self._what} has version {self._value['version']}; this program knows {expected}")

    def _as_id(self, key: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
        if not isinstance(value, str) or not is_hexadecimal_64(value):
            raise FormatError(f"{self._what}: {key} must be 64 hexadecimal digits")
        return value

    def _of_type(self, key: str, kind: type[Json]) -> Json:
        value = self._value[key]
        if type(value) is not kind:
            raise FormatError(f"{self._what}: {key} must be of JSON type {kind.__name__}")
        return value
