"""What an examination finds."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: something does not work or cannot be trusted; may come to that; is good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding about a subject: a setting, a file, a program."""

    level: Level
    subject: str
    message: str
