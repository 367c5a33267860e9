"""What branches, entities, contracts and tables may be called.

Narrower than git and PostgreSQL allow, so that no name is taken for an option, a path, a reference expression or
another name (threats D16, F07, F10, F11).
"""

import re

from aergo_vc.base.errors import InputError
from aergo_vc.base.ids import BranchName, EntityName, RoutineName, TableName

_BRANCH = re.compile(r"(?!.*(?:\.\.|//|/\.|\./|\.lock(?:/|$)))[A-Za-z0-9_](?:[A-Za-z0-9_./-]{0,98}[A-Za-z0-9_-])?")
_ENTITY = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")
# Windows opens a device for these, whatever the folder (threat F10).
_DEVICE = re.compile(r"aux|con|nul|prn|(?:com|lpt)[0-9]")
_CONTRACT = re.compile(r"[a-z][a-z0-9_]{0,62}")
_ROUTINE = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}")
_TABLE = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}")


class NameNotAllowedError(InputError):
    """A name has characters or a form that such names must not have."""

    code = "E_NAME"


def is_device_name(text: str) -> bool:
    """Whether a file or a folder of this name, in lower case, cannot be made on every system."""
    return _DEVICE.fullmatch(text) is not None


def is_branch_name(text: str) -> bool:
    """Whether a ledger's branch may be called so."""
    return _BRANCH.fullmatch(text) is not None and text != "HEAD"


def branch_name(text: str, what: str = "ledger branch") -> BranchName:
    """`text` as the name of a branch, or of `what` else is named so; raises NameNotAllowedError."""
    if not is_branch_name(text):
        raise NameNotAllowedError(
            f"{text!r} is no name for a {what}: letters, digits and ._/- up to 100 characters",
            name=text,
        )
    return BranchName(text)


def entity_name(text: str) -> EntityName:
    """`text` as an entity's name; raises NameNotAllowedError."""
    if _ENTITY.fullmatch(text) is None:
        raise NameNotAllowedError(
            f"{text!r} is no name for an entity: lower-case letters, digits and ._- up to 63 characters", name=text
        )
    return EntityName(text)


def table_name(text: str) -> TableName:
    """`text`, a contract's and a table's name with a dot between them; raises NameNotAllowedError."""
    if any(map(is_device_name, text.split("."))):
        raise NameNotAllowedError(f"{text!r} is no name for a table: some systems take it for a device", name=text)
    if _TABLE.fullmatch(text) is None:
        raise NameNotAllowedError(
            f"{text!r} is no name for a table: contract.table of lower-case letters, digits and _, a letter first",
            name=text,
        )
    return TableName(text)


def contract_name(text: str) -> str:
    """`text` as a contract's name; raises NameNotAllowedError."""
    if is_device_name(text) or _CONTRACT.fullmatch(text) is None:
        raise NameNotAllowedError(
            f"{text!r} is no name for a contract: lower-case letters, digits and _, a letter first", name=text
        )
    return text


def routine_name(text: str) -> RoutineName:
    """`text`, a contract's and a routine's name with a dot between them; raises NameNotAllowedError."""
    if _ROUTINE.fullmatch(text) is None or is_device_name(text.partition(".")[0]):
        raise NameNotAllowedError(
            f"{text!r} is no name for a routine: contract.routine of lower-case letters, digits and _", name=text
        )
    return RoutineName(text)
