"""Users' text files: UTF-8 without NUL."""

from aergo_vc.model.tabular import BadFile

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NotUtf8(BadFile):
    """A file is not UTF-8 (RFC 3629): overlong forms and surrogates are none either."""

    code = "E_FILE_ENCODING"


class HoldsNul(BadFile):
    """A file holds the character U+0000, which no text value may."""

    code = "E_FILE_NUL"


def check_text(data: bytes, source: str) -> bytes:
    """The bytes of a file, a byte-order mark at its start dropped.  Raises NotUtf8 or HoldsNul."""
    try:
        data.decode("utf-8", "strict")
    except UnicodeDecodeError as problem:
        offset = problem.start
        line = data.count(b"\n", 0, offset) + 1
        raise NotUtf8(
            f"{source}:{line}: byte 0x{data[offset]:02x} at offset {offset} is not UTF-8 ({problem.reason})",
            source=source, line=line, offset=offset,
        ) from problem  # fmt: skip
    if b"\0" in data:
        offset = data.index(b"\0")
        line = data.count(b"\n", 0, offset) + 1
        raise HoldsNul(
            f"{source}:{line}: a NUL character at offset {offset}; texts hold none",
            source=source, line=line, offset=offset,
        )  # fmt: skip
    return data.removeprefix(_BYTE_ORDER_MARK)
