"""What reaches a terminal or a pipe: every text made harmless, styled where that is wanted, written without loss.

`safe` stands between foreign text and the terminal (threat J11).  `Output` passes every text through it, so that no
caller can forget.
"""

import errno
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aergo_vc.base.errors import RepositoryError

_BUFFER_BYTES = 1 << 16

_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls (C0, DEL, C1), marks that reorder or hide what stands around them, line separators, lone surrogates."""

_NARROWED = 6


class Style(StrEnum):
    """How a piece of text looks, as SGR parameters (ECMA-48)."""

    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"


@dataclass(frozen=True, slots=True)
class Styled:
    """A text in a style."""

    text: str
    style: Style


Part = str | Styled


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table on the screen."""

    name: str
    right: bool = False


class OutputFailedError(RepositoryError):
    """What a verb has to say cannot be written."""

    code = "E_OUTPUT"


class ReaderGone(Exception):
    """Whoever read our output has closed it: no fault of anybody's."""


def safe(text: str, *, lines: bool = False) -> str:
    r"""`text` with everything visible that a terminal would obey or hide, as ``\x1b`` or ``\u202e``.

    With `lines`, line feeds and tabs stay; otherwise the result is one line.
    """
    return _HARMFUL.sub(_kept_lines if lines else _escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(match[0])
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")  # noqa: PLR2004


def _kept_lines(match: re.Match[str]) -> str:
    return match[0] if match[0] in "\n\t" else _escape(match)


def cells(text: str) -> int:
    """How many columns of a terminal a safe text takes."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(text: str, width: int) -> str:
    """`text` cut to `width` columns, with an ellipsis where something is missing."""
    if cells(text) <= width:
        return text
    kept, used = [], 1
    for character in text:
        used += _cells_of(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept) + "…"


class Output:
    """One standard stream.

    `width` is the terminal's in columns, None where there is no terminal: nothing is cut there.
    """

    def __init__(
        self, descriptor: int, *, encoding: str = "utf-8", color: bool = False, width: int | None = None
    ) -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._color = color
        self._waiting: list[bytes] = []
        self._size = 0
        self.width = width

    @property
    def is_terminal(self) -> bool:
        return self.width is not None

    def line(self, *parts: Part) -> None:
        """Write parts as one line."""
        self._text("".join(map(self._shown, parts)) + "\n")

    def lines(self, text: str, indent: str = "") -> None:
        """Write a text that may have several lines, each behind `indent`."""
        for line in text.removesuffix("\n").split("\n"):
            self._text((indent + safe(line, lines=True)).rstrip(" ") + "\n")

    def record(self, values: Mapping[str, object]) -> None:
        """Write an object of JSON as one line, in ASCII."""
        self._text(json.dumps(values, separators=(",", ":")).replace("\x7f", "\\u007f") + "\n")

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str | None]]) -> None:
        """Write rows under a heading, columns aligned; None is shown as NULL."""
        texts = [[None if cell is None else safe(cell) for cell in row] for row in rows]
        names = [safe(column.name) for column in columns]
        widths = [
            max([cells(name), *(4 if row[place] is None else cells(row[place] or "") for row in texts)])
            for place, name in enumerate(names)
        ]
        self._narrow(widths)
        self._row(columns, [Styled(name, Style.BOLD) for name in names], widths)
        for row in texts:
            self._row(columns, [Styled("NULL", Style.DIM) if cell is None else cell for cell in row], widths)

    def write(self, data: bytes) -> int:
        """Write bytes as they are, as a binary stream does; on a terminal harmful text is made visible first."""
        if self.is_terminal:
            text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
            self._text(safe(text, lines=True))
        else:
            self._put(data)
        return len(data)

    def flush(self) -> None:
        """Hand on what is waiting; raises OutputFailedError, or ReaderGone where the reader has left."""
        data, self._waiting, self._size = b"".join(self._waiting), [], 0
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise ReaderGone from error
            raise OutputFailedError(f"the output cannot be written: {error.strerror}") from error

    def _narrow(self, widths: list[int]) -> None:
        """Take from the widest columns until the table fits the terminal."""
        if self.width is None:
            return
        room = max(self.width - 2 * (len(widths) - 1), _NARROWED * len(widths))
        while sum(widths) > room:
            widest = max(widths)
            if widest <= _NARROWED:
                return
            widths[widths.index(widest)] -= 1

    def _row(self, columns: Sequence[Column], row: Sequence[Part], widths: Sequence[int]) -> None:
        shown = []
        for column, part, width in zip(columns, row, widths, strict=True):
            text = fitted(part if isinstance(part, str) else part.text, width)
            blank = " " * (width - cells(text))
            styled = self._shown(text if isinstance(part, str) else Styled(text, part.style))
            shown.append(blank + styled if column.right else styled + blank)
        self._text("  ".join(shown).rstrip(" ") + "\n")

    def _shown(self, part: Part) -> str:
        if isinstance(part, str):
            return safe(part)
        text = safe(part.text)
        return f"\x1b[{part.style}m{text}\x1b[0m" if self._color and text else text

    def _text(self, text: str) -> None:
        self._put(text.encode(self._encoding, "backslashreplace"))

    def _put(self, data: bytes) -> None:
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= _BUFFER_BYTES:
            self.flush()


def standard_output(descriptor: int, encoding: str, variables: Mapping[str, str]) -> Output:
    """The stream of a process, as its environment wants it: NO_COLOR, TERM and COLUMNS count."""
    try:
        terminal = os.isatty(descriptor)
    except OSError:
        terminal = False
    color = terminal and not variables.get("NO_COLOR") and variables.get("TERM", "dumb") != "dumb"
    return Output(descriptor, encoding=encoding, color=color, width=_width(descriptor, variables) if terminal else None)


def _width(descriptor: int, variables: Mapping[str, str]) -> int:
    stated = variables.get("COLUMNS", "")
    if stated.isdecimal() and int(stated) > 0:
        return int(stated)
    try:
        return os.get_terminal_size(descriptor).columns or 80
    except OSError:
        return 80
